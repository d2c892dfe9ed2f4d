#include "worker.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "util/shortage.h"

enum { WHY_MAX = 256 };

/* -- the other process ---------------------------------------------------------------- */

static void work(const struct worker *worker, int out)
{
    struct report report = { .out = fdopen(out, "w") };

    (void)prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody would hear it */
    if (report.out == NULL) {
        exit(EXIT_FAILURE);
    }
    (void)setvbuf(report.out, NULL, _IOLBF, 0);
    worker->work(&report, worker->work_context);
    report_end(&report);
    exit(fclose(report.out) == 0 ? EXIT_SUCCESS : EXIT_FAILURE); /* exit: sanitizers have a word */
}

static int start(const struct worker *worker, pid_t *pid, int *in, struct err *err)
{
    int ends[2];

    if (pipe(ends) != 0) {
        return err_set(err, ARB_EINVAL, "no pipe: %s", shortage_words(errno));
    }
    *pid = fork();
    if (*pid == 0) {
        (void)close(ends[0]);
        work(worker, ends[1]);
    }
    (void)close(ends[1]);
    if (*pid < 0) {
        (void)close(ends[0]);
        return err_set(err, ARB_EINVAL, "no process: %s", shortage_words(errno));
    }
    *in = ends[0];
    return ARB_OK;
}

/* -- while it is stopped --------------------------------------------------------------- */

/* Signal handlers are of the whole process, so there is one process that is looked after. */
static struct {
    volatile pid_t pid;
    unsigned limit_s, stopped_s;
} looked_after;

/* Once a second: a process that is stopped has no clock of its own. */
static void look_after(int number)
{
    siginfo_t info = { .si_pid = 0 };
    const int error = errno;

    (void)number;
    const bool is_stopped =
        waitid(P_PID, (id_t)looked_after.pid, &info, WSTOPPED | WNOHANG | WNOWAIT) == 0 &&
        info.si_pid == looked_after.pid;
    looked_after.stopped_s = is_stopped ? looked_after.stopped_s + 1 : 0;
    if (looked_after.stopped_s > looked_after.limit_s + 1) {
        (void)kill(looked_after.pid, SIGKILL); /* it does not heed the other */
    } else if (looked_after.stopped_s > looked_after.limit_s) {
        (void)kill(looked_after.pid, WORKER_STOPPED); /* ours, and not waited for yet */
        (void)kill(looked_after.pid, SIGCONT);
    }
    errno = error;
}

static void start_to_look(pid_t pid, unsigned limit_s)
{
    const struct itimerval each_second = { .it_interval = { .tv_sec = 1 },
                                           .it_value = { .tv_sec = 1 } };
    struct sigaction action = { .sa_handler = look_after, .sa_flags = SA_RESTART };

    looked_after.pid = pid;
    looked_after.limit_s = limit_s;
    (void)sigaction(SIGALRM, &action, NULL); /* valid arguments: cannot fail */
    (void)setitimer(ITIMER_REAL, &each_second, NULL);
}

static void end_to_look(void)
{
    const struct itimerval never = { .it_value = { .tv_sec = 0 } };

    (void)setitimer(ITIMER_REAL, &never, NULL);
}

/* -- here ----------------------------------------------------------------------------- */

static int listen_to(FILE *in, const struct worker *worker, struct results *results)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t len = 0;
    bool is_heard = true;

    while (is_heard && (len = getline(&line, &cap, in)) > 0) {
        line[strcspn(line, "\n")] = '\0';
        is_heard = results_take(results, line);
        line = NULL;
        cap = 0;
        if (is_heard) {
            worker->heard(&results->list[results->n - 1], worker->heard_context);
        }
    }
    free(line);
    return is_heard ? ARB_OK : ARB_ENOMEM;
}

/* How a process ended that should have come to the end of its work; false: it did. */
static bool is_early(int status, bool has_end, char *why)
{
    static const char which[] = "the process that ran the plugin";

    if (WIFSIGNALED(status)) {
        (void)snprintf(why, WHY_MAX, "%s was ended by signal %d (%s)", which, WTERMSIG(status),
                       strsignal(WTERMSIG(status)));
    } else if (!has_end) {
        (void)snprintf(why, WHY_MAX, "%s ended with status %d before all was checked", which,
                       WEXITSTATUS(status));
    } else {
        (void)snprintf(why, WHY_MAX, "%s ended with status %d", which, WEXITSTATUS(status));
    }
    return !has_end || status != 0;
}

int worker_run(const struct worker *worker, struct results *results, struct err *err)
{
    char why[WHY_MAX];
    pid_t pid = 0;
    int in = -1, status = 0;
    int rc = start(worker, &pid, &in, err);

    if (rc != ARB_OK) {
        return rc;
    }
    start_to_look(pid, worker->limit_s);
    FILE *const lines = fdopen(in, "r");
    rc = lines == NULL ? ARB_ENOMEM : listen_to(lines, worker, results);
    if (lines != NULL) {
        (void)fclose(lines);
    }
    siginfo_t info;
    while (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT) != 0 && errno == EINTR) {
        /* it ends: nobody reads what it says */
    }
    end_to_look(); /* before its number is free for others */
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR) {
    }
    if (rc == ARB_OK && is_early(status, results->has_end, why)) {
        rc = results_fail(results, "harness", why) ? ARB_OK : ARB_ENOMEM;
        if (rc == ARB_OK) {
            worker->heard(&results->list[results->n - 1], worker->heard_context);
        }
    }
    return rc == ARB_OK ? rc : err_set(err, rc, "no memory");
}
