#include "cmd/ending.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/shortage.h"
#include "util/terminal.h"

enum { LOOK_MS = 100 }; /* how exact the limit is */

#define ECHO_NS (100 * NS_PER_MS)
#define PASSED_ON_NS (500 * NS_PER_MS)

struct ending {
    sigset_t signals;
    int signal_fd, asked_fd, closing_fd;
    pthread_t thread;
    bool is_started;
    _Atomic int64_t limit_ns;
    struct signalfd_siginfo first; /* of the thread, once asked */
    int64_t asked_ns;              /* likewise */
    _Atomic bool is_asked;         /* no data depends on it */
};

static bool is_from_terminal(const struct signalfd_siginfo *info)
{
    return info->ssi_code == SI_KERNEL;
}

/*
 * `timeout` and the like send a signal to the process and at once to its group, and a wrapper
 * passes on what the terminal has sent to everybody: neither is a second wish. Nobody presses
 * Ctrl-C twice in a tenth of a second.
 */
static bool is_same_wish(const struct ending *ending, const struct signalfd_siginfo *info)
{
    const int64_t since_ns = clock_mono_ns() - ending->asked_ns;
    const bool is_passed_on = is_from_terminal(info) != is_from_terminal(&ending->first);

    return since_ns < (is_passed_on ? PASSED_ON_NS : ECHO_NS);
}

static void notify(int fd)
{
    const uint64_t one = 1;
    (void)!write(fd, &one, sizeof(one)); /* a counter that is 0: there is room */
}

static void end_at_once(void)
{
    terminal_give_back();
    _exit(CMD_FAILED);
}

static void take_signal(struct ending *ending)
{
    struct signalfd_siginfo info;

    if (read(ending->signal_fd, &info, sizeof(info)) != (ssize_t)sizeof(info)) {
        return;
    }
    if (!ending_is_asked(ending)) {
        ending->first = info;
        ending->asked_ns = clock_mono_ns();
        atomic_store_explicit(&ending->is_asked, true, memory_order_relaxed);
        notify(ending->asked_fd);
    } else if (!is_same_wish(ending, &info)) {
        end_at_once();
    }
}

static void check_limit(const struct ending *ending)
{
    const int64_t limit_ns = atomic_load_explicit(&ending->limit_ns, memory_order_relaxed);

    if (ending_is_asked(ending) && clock_mono_ns() - ending->asked_ns >= limit_ns) {
        log_line(ARB_ERROR, NULL,
                 "not ended %lld s after a signal asked for it; ending at once, without telling "
                 "anybody",
                 (long long)(limit_ns / NS_PER_S));
        end_at_once();
    }
}

static void *listen_for_signals(void *context)
{
    struct ending *const ending = context;
    struct pollfd fds[] = { { .fd = ending->closing_fd, .events = POLLIN },
                            { .fd = ending->signal_fd, .events = POLLIN } };

    while (fds[0].revents == 0) {
        (void)poll(fds, 2, ending_is_asked(ending) ? LOOK_MS : -1);
        if (fds[1].revents != 0) {
            take_signal(ending);
        }
        check_limit(ending);
    }
    return NULL;
}

/* nohup sets SIGHUP to be ignored; shells do so with SIGINT for every job in the background. */
static void choose_signals(sigset_t *signals)
{
    struct sigaction hangup = { .sa_handler = SIG_DFL };

    (void)sigaction(SIGHUP, NULL, &hangup); /* valid arguments, as below: cannot fail */
    (void)sigemptyset(signals);
    (void)sigaddset(signals, SIGINT);
    (void)sigaddset(signals, SIGTERM);
    (void)sigaddset(signals, SIGQUIT);
    if (hangup.sa_handler != SIG_IGN) {
        (void)sigaddset(signals, SIGHUP);
    }
}

static int start(struct ending *ending, struct err *err)
{
    ending->signal_fd = signalfd(-1, &ending->signals, SFD_CLOEXEC | SFD_NONBLOCK);
    ending->asked_fd = eventfd(0, EFD_CLOEXEC);
    ending->closing_fd = eventfd(0, EFD_CLOEXEC);
    if (ending->signal_fd < 0 || ending->asked_fd < 0 || ending->closing_fd < 0) {
        return err_set(err, ARB_ENOMEM, "signals cannot be waited for: %s", shortage_words(errno));
    }
    const int rc = shortage_start_thread(&ending->thread, listen_for_signals, ending,
                                         "to wait for signals with", err);
    ending->is_started = rc == ARB_OK;
    return rc;
}

int ending_open(struct ending **out, int limit_ms, struct err *err)
{
    struct ending *const ending = calloc(1, sizeof(*ending));

    if (ending == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory");
    }
    ending_set_limit(ending, limit_ms);
    choose_signals(&ending->signals);
    (void)pthread_sigmask(SIG_BLOCK, &ending->signals, NULL);
    const int rc = start(ending, err);
    if (rc != ARB_OK) {
        ending_close(ending);
        return rc;
    }
    *out = ending;
    return ARB_OK;
}

static void close_fd(int fd)
{
    if (fd >= 0) {
        (void)close(fd);
    }
}

void ending_close(struct ending *ending)
{
    if (ending == NULL) {
        return;
    }
    if (ending->is_started) {
        notify(ending->closing_fd);
        (void)pthread_join(ending->thread, NULL); /* a thread of ours, joined once: cannot fail */
    }
    close_fd(ending->signal_fd);
    close_fd(ending->asked_fd);
    close_fd(ending->closing_fd);
    free(ending);
}

void ending_set_limit(struct ending *ending, int limit_ms)
{
    atomic_store_explicit(&ending->limit_ns, limit_ms * NS_PER_MS, memory_order_relaxed);
}

bool ending_is_asked(const struct ending *ending)
{
    return atomic_load_explicit(&ending->is_asked, memory_order_relaxed);
}

bool ending_wait(const struct ending *ending, int timeout_ms)
{
    struct pollfd asked = { .fd = ending->asked_fd, .events = POLLIN };

    return poll(&asked, 1, timeout_ms) > 0;
}

int ending_fd(const struct ending *ending)
{
    return ending->asked_fd;
}
