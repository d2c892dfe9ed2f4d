/*
 * proxy.h - the HTTP proxy that the connections of one thread go through, if any.
 *
 * Only the key `proxy` makes one used. A proxy that the environment names is not: plugins, other
 * programs and other libraries would each read those variables in their own way. Whoever set one
 * expects it to be used, though, and is told.
 */
#ifndef ARB_IO_PROXY_H
#define ARB_IO_PROXY_H

#include <stdbool.h>

#include "io/url.h"
#include "util/proxy_url.h"

struct proxy {
    struct proxy_url url;
    const char
        *unheeded; /* the variable that names a proxy which is not used; NULL: none, or told */
    const char *exceptions; /* of no_proxy, or NULL */
};

/* `text` NULL: no key is given. Reads the environment: by the main thread, at the start. */
int proxy_init(struct proxy *proxy, const char *text, struct err *err);

bool proxy_is_used(const struct proxy *proxy);

/* "host:port" for people, without user and password. */
void proxy_endpoint(const struct proxy *proxy, char text[URL_ENDPOINT_MAX]);

/*
 * True when `exceptions`, as no_proxy lists them, cover this host: "example.org" and
 * ".example.org" cover it and what is below it, "host:443" that port only, "*" everything.
 */
bool proxy_excepts(const char *exceptions, const struct url *url);

/* The variable to tell about, once, before this host is connected to; else NULL. */
const char *proxy_unheeded(struct proxy *proxy, const struct url *url);

#endif /* ARB_IO_PROXY_H */
