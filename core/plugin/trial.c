#include "plugin/trial.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arbspot/abi.h"

enum {
    TRIAL_MAX_S = 10,
    TRIAL_LOADED = 77, /* the child's exit status: one that a constructor hardly ends with */
};

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

static void run_child(const char *path)
{
    set_signals();
    (void)dlopen(path, RTLD_NOW | RTLD_LOCAL); /* a refusal is for the caller's own attempt */
    _exit(TRIAL_LOADED);
}

/* The child's end of the pipe is closed by its end, whatever it does with signals. */
static void end_in_time(pid_t child, int pipe_end)
{
    struct pollfd end = { .fd = pipe_end, .events = POLLIN };

    if (poll(&end, 1, TRIAL_MAX_S * 1000) == 0) {
        (void)kill(child, SIGKILL);
    }
}

static int wait_for(pid_t child, int *status)
{
    while (waitpid(child, status, 0) < 0) {
        if (errno != EINTR) {
            return ARB_EINVAL;
        }
    }
    return ARB_OK;
}

/* Loads it in a child and gives the child's status. */
static int run_trial(const char *path, int *status)
{
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0) {
        return ARB_EINVAL;
    }
    const pid_t child = fork();
    if (child == 0) {
        run_child(path);
    }
    (void)close(ends[1]);
    if (child > 0) {
        end_in_time(child, ends[0]);
    }
    (void)close(ends[0]);
    return child < 0 ? ARB_EINVAL : wait_for(child, status);
}

int trial_open(const char *path, struct err *err)
{
    int status = 0;

    if (run_trial(path, &status) != ARB_OK) {
        return err_set(err, ARB_ENOMEM, "cannot be tried in a process of its own: %s",
                       strerror(errno));
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) {
        return err_set(err, ARB_EINVAL, "does not finish loading within %d s", TRIAL_MAX_S);
    }
    if (WIFSIGNALED(status) || WEXITSTATUS(status) != TRIAL_LOADED) {
        return err_set(err, ARB_EINVAL,
                       "ends the process that loads it (%s): the file is damaged, or its "
                       "constructors are at fault",
                       WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "it exits");
    }
    return ARB_OK;
}
