#include "plugin/trial.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "arbspot/abi.h"
#include "util/shortage.h"

enum {
    TRIAL_DONE = 77, /* the child's exit status: one that a plugin hardly ends with */
};

static const struct trial_limit load_limit = { .cpu_s = 10, .wall_s = 30 };

/* A fault is to end the child at once and quietly, whatever the host has set for itself. */
static void set_signals(void)
{
    static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
    const struct rlimit no_core = { 0, 0 };
    sigset_t none;

    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        (void)signal(signals[i], SIG_DFL); /* a valid signal: cannot fail */
    }
    (void)sigemptyset(&none);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    (void)setrlimit(RLIMIT_CORE, &no_core); /* a core file would only be in the way */
}

/* The soft limit is told by a signal; a second later the hard one ends what does not heed it. */
static void limit_cpu(unsigned limit_s)
{
    const struct rlimit cpu = { limit_s, limit_s + 1 };

    (void)signal(SIGXCPU, SIG_DFL);    /* a valid signal: cannot fail */
    (void)setrlimit(RLIMIT_CPU, &cpu); /* where less is allowed, that is the limit */
}

static void run_child(trial_act *act, void *context, int fd, unsigned cpu_s)
{
    set_signals();
    limit_cpu(cpu_s);
    /* It may loop for ever: then it must not outlive who waits for it. */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0); /* a valid signal: cannot fail */
    act(context, fd);
    _exit(TRIAL_DONE);
}

static int64_t now_ms(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now); /* a valid clock: cannot fail */
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Takes what comes, beyond the room for it too; false at the end. */
static bool read_some(struct trial *trial, size_t *len, int fd)
{
    char spare[256];
    const size_t room = sizeof(trial->said) - 1 - *len;
    const ssize_t n =
        room > 0 ? read(fd, trial->said + *len, room) : read(fd, spare, sizeof(spare));

    *len += n > 0 && room > 0 ? (size_t)n : 0;
    trial->said[*len] = '\0';
    return n > 0 || (n < 0 && errno == EINTR);
}

/* The child's end of the pipe is closed by its end, whatever it does with signals. */
static void listen_until_end(struct trial *trial, pid_t child, int pipe_end, unsigned limit_s)
{
    const int64_t deadline_ms = now_ms() + (int64_t)limit_s * 1000;
    size_t len = 0;
    bool has_more = true;

    while (has_more) {
        struct pollfd end = { .fd = pipe_end, .events = POLLIN };
        const int64_t left_ms = deadline_ms - now_ms();
        const int n = left_ms <= 0 ? 0 : poll(&end, 1, (int)left_ms);
        if (n == 0) {
            trial->is_late = true;
            (void)kill(child, SIGKILL); /* ours, and not waited for yet: cannot fail */
            return;
        }
        has_more = n < 0 ? errno == EINTR : read_some(trial, &len, pipe_end);
    }
}

static int wait_for(pid_t child, int *status)
{
    while (waitpid(child, status, 0) < 0) {
        if (errno != EINTR) {
            return ARB_ENOMEM;
        }
    }
    return ARB_OK;
}

static void judge(struct trial *trial, int status)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU) {
        trial->is_late = true;
    } else if (WIFSIGNALED(status)) {
        trial->ended = strsignal(WTERMSIG(status));
    } else if (WEXITSTATUS(status) != TRIAL_DONE) {
        trial->ended = "it exits";
    }
}

int trial_call(struct trial *trial, trial_act *act, void *context, struct trial_limit limit)
{
    int ends[2], status = 0;

    trial->said[0] = '\0';
    trial->is_late = false;
    trial->ended = NULL;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return ARB_ENOMEM;
    }
    const pid_t child = fork();
    if (child == 0) {
        run_child(act, context, ends[1], limit.cpu_s);
    }
    (void)close(ends[1]);
    if (child > 0) {
        listen_until_end(trial, child, ends[0], limit.wall_s);
    }
    (void)close(ends[0]);
    const int rc = child < 0 ? ARB_ENOMEM : wait_for(child, &status);
    if (rc == ARB_OK) {
        judge(trial, status);
    }
    return rc;
}

static void open_object(void *path, int fd)
{
    (void)fd;                                  /* nothing is told */
    (void)dlopen(path, RTLD_NOW | RTLD_LOCAL); /* a refusal is for the caller's own attempt */
}

int trial_open(const char *path, struct err *err)
{
    struct trial trial;

    if (trial_call(&trial, open_object, (void *)(uintptr_t)path, load_limit) != ARB_OK) {
        return err_set(err, ARB_ENOMEM, "cannot be tried in a process of its own: %s",
                       shortage_words(errno));
    }
    if (trial.is_late) {
        return err_set(err, ARB_EINVAL,
                       "does not finish loading within %u s of processor time, or %u s altogether",
                       load_limit.cpu_s, load_limit.wall_s);
    }
    if (trial.ended != NULL) {
        return err_set(err, ARB_EINVAL,
                       "ends the process that loads it (%s): the file is damaged, or its "
                       "constructors are at fault",
                       trial.ended);
    }
    return ARB_OK;
}
