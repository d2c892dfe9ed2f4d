#include "host/children.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/heart.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/shortage.h"

enum {
    ARGUMENTS_MAX = 16,
    SECTION_MAX = CONFIG_NAME_MAX + sizeof("exchange:"),
    TURN_MS = 100,
    STOP_MS = 15000, /* a child's own limits are shorter, unless it hangs altogether */
    DELAY_MAX_S = 60,
    EXIT_NO_PROGRAM = 127, /* as shells have it */
};

#define HEALTHY_NS (60 * NS_PER_S)

struct child {
    char section[SECTION_MAX];
    char who[SECTION_MAX]; /* for log lines */
    pid_t pid;             /* 0: does not run */
    int heart_fd;
    bool has_beaten;
    int64_t started_ns, heard_ns;
    int64_t due_ns; /* when it is started, while it does not run */
    uint32_t deaths;
};

struct children {
    const char *const *arguments;
    struct child list[CHILDREN_MAX];
    unsigned n;
    bool is_stopping;
    bool is_ended_badly; /* one of them, since is_stopping */
};

int64_t children_delay_ns(uint32_t deaths)
{
    assert(deaths > 0);
    const uint32_t doublings = deaths - 1;
    const int64_t delay_s = doublings < 6 ? INT64_C(1) << doublings : DELAY_MAX_S;

    return delay_s * NS_PER_S;
}

int children_create(struct children **out, const char *const *arguments)
{
    struct children *const children = calloc(1, sizeof(*children));

    if (children == NULL) {
        return ARB_ENOMEM;
    }
    children->arguments = arguments;
    *out = children;
    return ARB_OK;
}

void children_add(struct children *children, const char *section)
{
    assert(children->n < CHILDREN_MAX);
    struct child *const child = &children->list[children->n++];
    const bool is_exchange = strncmp(section, "exchange:", 9) == 0;

    *child = (struct child){ .heart_fd = -1, .due_ns = 0 };
    (void)snprintf(child->section, sizeof(child->section), "%s", section); /* fits by its size */
    (void)snprintf(child->who, sizeof(child->who), "%s=%s", is_exchange ? "venue" : "strategy",
                   strchr(section, ':') + 1);
}

void children_destroy(struct children *children)
{
    free(children);
}

/* -- birth ------------------------------------------------------------------------------ */

/*
 * In the child. A group of its own keeps the terminal's signals away: the parent passes the wish
 * on, once. The parent may have died before the kernel was asked to tell.
 */
static bool settle(pid_t parent, int heart_fd)
{
    sigset_t none;

    (void)setpgid(0, 0);
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    return prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && getppid() == parent &&
           (heart_fd == HEART_FD ? fcntl(heart_fd, F_SETFD, 0) : dup2(heart_fd, HEART_FD)) >= 0 &&
           close_range(HEART_FD + 1, ~0U, 0) == 0;
}

static void fill_arguments(const struct children *children, const struct child *child,
                           char *arguments[ARGUMENTS_MAX])
{
    unsigned n = 0;

    for (; children->arguments[n] != NULL; n++) {
        assert(n + 3 < ARGUMENTS_MAX);
        arguments[n] = (char *)(uintptr_t)children->arguments[n]; /* execv() only reads them */
    }
    arguments[n++] = (char *)(uintptr_t) "--only";
    arguments[n++] = (char *)(uintptr_t)child->section;
    arguments[n] = NULL;
}

/* The program that runs, also when its file was replaced meanwhile. */
static pid_t start_process(const struct children *children, const struct child *child, int heart_fd)
{
    char *arguments[ARGUMENTS_MAX];
    const pid_t parent = getpid();

    fill_arguments(children, child, arguments);
    const pid_t pid = fork();
    if (pid == 0) {
        if (settle(parent, heart_fd)) {
            (void)execv("/proc/self/exe", arguments);
        }
        _exit(EXIT_NO_PROGRAM);
    }
    return pid;
}

static void wait_again(struct child *child, int64_t now_ns)
{
    child->deaths++;
    child->due_ns = now_ns + children_delay_ns(child->deaths);
}

static void start(const struct children *children, struct child *child, int64_t now_ns)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) {
        log_line(ARB_ERROR, child->who, "cannot be started: %s", shortage_words(errno));
        wait_again(child, now_ns);
        return;
    }
    child->pid = start_process(children, child, ends[1]);
    (void)close(ends[1]);
    if (child->pid < 0) {
        log_line(ARB_ERROR, child->who, "cannot be started: %s", shortage_words(errno));
        (void)close(ends[0]);
        child->pid = 0;
        wait_again(child, now_ns);
        return;
    }
    child->heart_fd = ends[0];
    child->has_beaten = false;
    child->started_ns = child->heard_ns = now_ns;
    log_line(ARB_INFO, child->who, "runs as process %d", (int)child->pid);
}

/* -- life ------------------------------------------------------------------------------- */

static void hear(struct child *child, int64_t now_ns)
{
    char beats[64];

    while (child->heart_fd >= 0 && read(child->heart_fd, beats, sizeof(beats)) > 0) {
        child->has_beaten = true;
        child->heard_ns = now_ns;
    }
}

static void check_heart(struct child *child, int64_t now_ns)
{
    const int64_t limit_ms = child->has_beaten ? HEART_SILENT_MS : HEART_START_MS;

    if (now_ns - child->heard_ns >= limit_ms * NS_PER_MS) {
        log_line(ARB_ERROR, child->who, "process %d gives no sign of life for %lld s: it is killed",
                 (int)child->pid, (long long)(limit_ms / 1000));
        (void)kill(child->pid, SIGKILL); /* a child of ours, not buried yet: cannot fail */
        child->heard_ns = now_ns;
    }
}

static void describe_end(int status, char *text, size_t cap)
{
    if (WIFSIGNALED(status)) {
        (void)snprintf(text, cap, "ended by signal %d (%s)", WTERMSIG(status),
                       strsignal(WTERMSIG(status)));
    } else {
        (void)snprintf(text, cap, "ended with status %d", WEXITSTATUS(status));
    }
}

/* Our signal reached it while it read its configuration. */
static bool is_ended_before_it_began(int status)
{
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM;
}

static void note_death(struct children *children, struct child *child, int status, int64_t now_ns)
{
    char how[96];

    describe_end(status, how, sizeof(how));
    if (children->is_stopping) {
        if (status != 0 && !is_ended_before_it_began(status)) {
            children->is_ended_badly = true;
            log_line(ARB_ERROR, child->who, "process %d %s", (int)child->pid, how);
        }
    } else {
        if (now_ns - child->started_ns >= HEALTHY_NS) {
            child->deaths = 0;
        }
        wait_again(child, now_ns);
        log_line(ARB_ERROR, child->who, "process %d %s; it is started again in %lld s",
                 (int)child->pid, how, (long long)((child->due_ns - now_ns) / NS_PER_S));
    }
    (void)close(child->heart_fd);
    child->heart_fd = -1;
    child->pid = 0;
}

static void look_after(struct children *children, struct child *child, int64_t now_ns)
{
    int status = 0;

    if (child->pid == 0) {
        if (!children->is_stopping && now_ns >= child->due_ns) {
            start(children, child, now_ns);
        }
        return;
    }
    hear(child, now_ns);
    if (waitpid(child->pid, &status, WNOHANG) == child->pid) {
        note_death(children, child, status, now_ns);
    } else {
        check_heart(child, now_ns);
    }
}

void children_turn(struct children *children, int fd)
{
    struct pollfd wakes = { .fd = fd, .events = POLLIN };
    const int64_t now_ns = clock_mono_ns();

    for (unsigned i = 0; i < children->n; i++) {
        look_after(children, &children->list[i], now_ns);
    }
    (void)poll(&wakes, 1, TURN_MS); /* the time is as good a reason */
}

/* -- end -------------------------------------------------------------------------------- */

static unsigned send_to_all(const struct children *children, int number)
{
    unsigned n = 0;

    for (unsigned i = 0; i < children->n; i++) {
        const pid_t pid = children->list[i].pid;
        if (pid != 0) {
            (void)kill(pid, number); /* a child of ours, not buried yet: cannot fail */
            n++;
        }
    }
    return n;
}

static unsigned count_running(const struct children *children)
{
    unsigned n = 0;

    for (unsigned i = 0; i < children->n; i++) {
        n += children->list[i].pid != 0;
    }
    return n;
}

int children_stop(struct children *children)
{
    const int64_t deadline_ns = clock_mono_ns() + STOP_MS * NS_PER_MS;

    children->is_stopping = true;
    (void)send_to_all(children, SIGTERM);
    while (count_running(children) > 0 && clock_mono_ns() < deadline_ns) {
        children_turn(children, -1);
    }
    if (count_running(children) > 0) {
        log_line(ARB_ERROR, NULL, "%u processes did not end in time and are killed",
                 send_to_all(children, SIGKILL));
        children->is_ended_badly = true;
    }
    while (count_running(children) > 0) {
        children_turn(children, -1);
    }
    return children->is_ended_badly ? ARB_ELIMIT : ARB_OK;
}
