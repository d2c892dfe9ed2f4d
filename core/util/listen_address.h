/*
 * listen_address.h - the address that a server of ours listens at, as it is written.
 *
 * A number, so that it is plain who can reach it: a name may mean anything tomorrow. Only
 * `localhost` is taken, for 127.0.0.1.
 */
#ifndef ARB_LISTEN_ADDRESS_H
#define ARB_LISTEN_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/err.h"

enum { LISTEN_TEXT_MAX = INET6_ADDRSTRLEN + 8 }; /* "[::1]:65535" */

struct listen_address {
    struct sockaddr_in6 v6; /* one of the two: family says which */
    struct sockaddr_in v4;
    int family;       /* AF_INET or AF_INET6 */
    uint16_t port;    /* 0: any that is free */
    bool is_loopback; /* only this machine reaches it */
};

/* Reads "127.0.0.1:9464", "[::1]:9464" or "localhost:9464". ARB_EINVAL with a sentence. */
int listen_address_parse(struct listen_address *address, const char *text, struct err *err);

/* The address for people, and for the one line that a browser is given. */
void listen_address_text(const struct listen_address *address, char text[LISTEN_TEXT_MAX]);

#endif /* ARB_LISTEN_ADDRESS_H */
