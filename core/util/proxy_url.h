/*
 * proxy_url.h - what the key `proxy` may say: none, or an HTTP proxy that takes CONNECT.
 *
 * Sentences about what is wrong never repeat the text: it may hold a password.
 */
#ifndef ARB_PROXY_URL_H
#define ARB_PROXY_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "util/err.h"

enum { PROXY_HOST_MAX = 128, PROXY_USER_MAX = 256 };

struct proxy_url {
    bool is_none; /* and nothing else is set */
    bool is_ipv6; /* the host is a number that needs brackets in front of a port */
    char host[PROXY_HOST_MAX];
    uint16_t port;
    char user[PROXY_USER_MAX]; /* "user:password", decoded; "": no authorization. Never to be shown
                                */
};

/* Reads "none" or "http://[user:password@]host:port". */
int proxy_url_parse(struct proxy_url *proxy, const char *text, struct err *err);

#endif /* ARB_PROXY_URL_H */
