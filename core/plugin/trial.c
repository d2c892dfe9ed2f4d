#include "plugin/trial.h"

#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "arbspot/abi.h"

enum { TRIAL_MAX_S = 10 };

/* A fault is to end the child at once and quietly, whatever the host has set for itself. */
static void set_signals(void)
{
    static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT, SIGALRM };
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
    (void)alarm(TRIAL_MAX_S);
    (void)dlopen(path, RTLD_NOW | RTLD_LOCAL); /* a refusal is for the caller's own attempt */
    _exit(0);
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

int trial_open(const char *path, struct err *err)
{
    const pid_t child = fork();
    int status = 0;

    if (child == 0) {
        run_child(path);
    }
    if (child < 0 || wait_for(child, &status) != ARB_OK) {
        return err_set(err, ARB_ENOMEM, "cannot be tried in a process of its own: %s",
                       strerror(errno));
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
        return err_set(err, ARB_EINVAL, "does not finish loading within %d s", TRIAL_MAX_S);
    }
    if (WIFSIGNALED(status) || WEXITSTATUS(status) != 0) {
        return err_set(err, ARB_EINVAL,
                       "ends the process that loads it (%s): the file is damaged, or its "
                       "constructors are at fault",
                       WIFSIGNALED(status) ? strsignal(WTERMSIG(status)) : "it exits");
    }
    return ARB_OK;
}
