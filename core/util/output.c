#include "util/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum kind {
    PLAIN = 0, /* files, and /dev/null: they do not block */
    OURS,      /* a pipe or terminal, opened once more: non-blocking for nobody else */
    POLLED,    /* a pipe or terminal that could not be: another writer may be faster */
    SOCKET,    /* of systemd, for example */
};

/* Whoever closed it before the start wants to hear that nothing can be printed. */
static bool lacks_stdout;

static void fill_stdout(void)
{
    const int full = open("/dev/full", O_WRONLY);

    if (full >= 0) {
        (void)dup2(full, STDOUT_FILENO); /* else what is printed goes nowhere, unseen */
        (void)close(full);
    }
}

static void open_all_three(void)
{
    for (int fd = open("/dev/null", O_RDWR); fd >= 0; fd = open("/dev/null", O_RDWR)) {
        if (fd > STDERR_FILENO) {
            (void)close(fd);
            return;
        }
    }
}

void output_prepare(void)
{
    (void)signal(SIGPIPE, SIG_IGN); /* a valid signal: cannot fail */
    lacks_stdout = fcntl(STDOUT_FILENO, F_GETFD) < 0;
    open_all_three();
    if (lacks_stdout) {
        fill_stdout();
    }
}

unsigned output_width(int fd)
{
    struct winsize size = { .ws_col = 0 };
    return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

bool output_settle(const char *who)
{
    errno = 0;
    const bool is_flushed = fflush(stdout) == 0;
    const int why = is_flushed ? 0 : errno;

    if (is_flushed && ferror(stdout) == 0) {
        return true;
    }
    if (lacks_stdout) {
        (void)fprintf(stderr, "%s: stdout is closed, so nothing could be printed\n", who);
    } else if (!output_is_gone(STDOUT_FILENO)) {
        (void)fprintf(stderr, "%s: stdout cannot be written to%s%s\n", who, why == 0 ? "" : ": ",
                      why == 0 ? "" : strerror(why));
    }
    return false;
}

bool output_is_gone(int fd)
{
    struct pollfd output = { .fd = fd, .events = 0 };

    return poll(&output, 1, 0) > 0 && (output.revents & (POLLERR | POLLHUP)) != 0;
}

bool output_wait(int fd, int timeout_ms)
{
    struct pollfd output = { .fd = fd, .events = POLLOUT };

    return poll(&output, 1, timeout_ms) > 0;
}

/* A description of our own of the same file, or -1. */
static int open_again(int fd)
{
    char path[32];

    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd); /* fits */
    return open(path, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
}

void output_open(struct output *output, int fd)
{
    struct stat status;

    *output = (struct output){ .fd = fd, .kind = PLAIN };
    if (fstat(fd, &status) != 0) {
        return;
    }
    if (S_ISSOCK(status.st_mode)) {
        output->kind = SOCKET;
    } else if (S_ISFIFO(status.st_mode) || isatty(fd)) {
        const int ours = open_again(fd);
        *output = ours < 0 ? (struct output){ .fd = fd, .kind = POLLED }
                           : (struct output){ .fd = ours, .kind = OURS };
    }
}

bool output_write(const struct output *output, const char *line, size_t len)
{
    switch ((enum kind)output->kind) {
    case SOCKET:
        return send(output->fd, line, len, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)len;
    case POLLED:
        return output_wait(output->fd, 0) && write(output->fd, line, len) == (ssize_t)len;
    case PLAIN:
    case OURS:
        break;
    }
    return write(output->fd, line, len) == (ssize_t)len;
}
