#include "web/listener.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "util/shortage.h"

enum {
    BACKLOG = 1024,
    /* A peer that vanished without a word is noticed after about a minute. */
    KEEPALIVE_IDLE_S = 30,
    KEEPALIVE_INTERVAL_S = 10,
    KEEPALIVE_PROBES = 3,
};

static const struct sockaddr *sockaddr_of(const struct listen_address *address, socklen_t *len)
{
    if (address->family == AF_INET6) {
        *len = sizeof(address->v6);
        return (const struct sockaddr *)&address->v6;
    }
    *len = sizeof(address->v4);
    return (const struct sockaddr *)&address->v4;
}

static const char *cure_of(int error)
{
    switch (error) {
    case EADDRINUSE:
        return ": another program listens there, or another arbspot; give another port";
    case EADDRNOTAVAIL:
        return ": this machine has no such address; 127.0.0.1 it has";
    case EACCES:
        return ": ports below 1024 are for privileged programs; give a higher one";
    default:
        return "";
    }
}

static int refuse(const struct listen_address *address, int error, struct err *err)
{
    char text[LISTEN_TEXT_MAX];

    listen_address_text(address, text);
    return err_set(err, ARB_EINVAL, "cannot listen at %s: %s%s", text, shortage_words(error),
                   cure_of(error));
}

static int listen_at(const struct listen_address *address, int fd)
{
    const int on = 1, off = 0;
    socklen_t len = 0;
    const struct sockaddr *const at = sockaddr_of(address, &len);

    /* A port whose last connections are still remembered is taken; one in use is not. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) {
        return errno;
    }
    /* [::] stands for all addresses, the old ones too, whatever the system's default. */
    if (address->family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) != 0) {
        return errno;
    }
    return bind(fd, at, len) == 0 && listen(fd, BACKLOG) == 0 ? 0 : errno;
}

static int read_port(struct listen_address *address, int fd)
{
    socklen_t len = 0;
    struct sockaddr *const at = (struct sockaddr *)(uintptr_t)sockaddr_of(address, &len);

    if (getsockname(fd, at, &len) != 0) {
        return errno;
    }
    address->port =
        ntohs(address->family == AF_INET6 ? address->v6.sin6_port : address->v4.sin_port);
    return 0;
}

int listener_open(struct listen_address *address, int *fd, struct err *err)
{
    const int made = socket(address->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (made < 0) {
        return refuse(address, errno, err);
    }
    int error = listen_at(address, made);
    if (error == 0) {
        error = read_port(address, made);
    }
    if (error != 0) {
        (void)close(made); /* nothing was written */
        return refuse(address, error, err);
    }
    *fd = made;
    return ARB_OK;
}

static void set(int fd, int level, int option, int value)
{
    (void)setsockopt(fd, level, option, &value, sizeof(value)); /* works without, less well */
}

int listener_accept(int fd)
{
    const int made = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (made >= 0) {
        set(made, IPPROTO_TCP, TCP_NODELAY, 1);
        set(made, SOL_SOCKET, SO_KEEPALIVE, 1);
        set(made, IPPROTO_TCP, TCP_KEEPIDLE, KEEPALIVE_IDLE_S);
        set(made, IPPROTO_TCP, TCP_KEEPINTVL, KEEPALIVE_INTERVAL_S);
        set(made, IPPROTO_TCP, TCP_KEEPCNT, KEEPALIVE_PROBES);
    }
    return made;
}
