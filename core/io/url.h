/*
 * url.h - the few URLs we open: wss://host[:port][/path][?query], and https likewise.
 *
 * Strict on purpose: what is accepted goes into a request line and a Host header, so no
 * blank or control character and no user name gets through.
 */
#ifndef ARB_URL_H
#define ARB_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "util/err.h"

enum {
    URL_HOST_MAX = 128, /* libwebsockets compares certificates with at most 127 bytes of name */
    URL_PATH_MAX = 1024,
    URL_TEXT_MAX = 1280,                 /* of the whole; the rest is scheme and port */
    URL_ENDPOINT_MAX = URL_HOST_MAX + 8, /* "[::1]:65535" */
    URL_PORT_DEFAULT = 443,
};

struct url {
    char host[URL_HOST_MAX]; /* without the brackets of an IPv6 address */
    char path[URL_PATH_MAX]; /* with the query; at least "/" */
    uint16_t port;
};

/* Accepts only the scheme given ("wss" or "https"): there is no way to go without TLS. */
int url_parse(struct url *url, const char *scheme, const char *text, struct err *err);

/* True when the host, or this text, is a number, so there is no name to look up. */
bool url_host_is_address(const struct url *url);
bool url_is_address(const char *host);
bool url_host_is_ipv6(const struct url *url);

/* "host:port" for people, with brackets around an IPv6 address. */
void url_endpoint(const struct url *url, char text[URL_ENDPOINT_MAX]);

#endif /* ARB_URL_H */
