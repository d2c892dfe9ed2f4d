/*
 * listener.h - the socket that browsers connect to. It is ours, not one of libwebsockets, so that
 * what is wrong with an address is said, and a connection too many costs nothing but its accept().
 */
#ifndef ARB_WEB_LISTENER_H
#define ARB_WEB_LISTENER_H

#include "util/listen_address.h"

/*
 * Opens the socket, not blocking; `address` gets the port that the system chose for 0. ARB_EINVAL
 * with a sentence.
 */
int listener_open(struct listen_address *address, int *fd, struct err *err);

/* The next connection, prepared, or -1 with errno: EAGAIN when there is none. */
int listener_accept(int fd);

#endif /* ARB_WEB_LISTENER_H */
