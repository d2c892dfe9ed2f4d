#include "io/proxy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* The first of these that is set, and not to nothing; ends with NULL. */
static const char *first_set(const char *const *names)
{
    for (; *names != NULL; names++) {
        const char *const value = getenv(*names);
        if (value != NULL && value[0] != '\0') {
            return *names;
        }
    }
    return NULL;
}

static void read_environment(struct proxy *proxy)
{
    static const char *const proxies[] = { "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY",
                                           NULL };
    static const char *const exceptions[] = { "no_proxy", "NO_PROXY", NULL };
    const char *const name = first_set(exceptions);

    proxy->unheeded = first_set(proxies);
    proxy->exceptions = name == NULL ? NULL : getenv(name);
}

int proxy_init(struct proxy *proxy, const char *text, struct err *err)
{
    *proxy = (struct proxy){ .url.is_none = true };
    if (text != NULL) {
        return proxy_url_parse(&proxy->url, text, err);
    }
    read_environment(proxy);
    return ARB_OK;
}

bool proxy_is_used(const struct proxy *proxy)
{
    return !proxy->url.is_none;
}

void proxy_endpoint(const struct proxy *proxy, char text[URL_ENDPOINT_MAX])
{
    const char *const format = proxy->url.is_ipv6 ? "[%s]:%u" : "%s:%u";
    (void)snprintf(text, URL_ENDPOINT_MAX, format, proxy->url.host, (unsigned)proxy->url.port);
}

/* True when the host is the name, or below it. */
static bool is_within(const char *host, const char *name, size_t len)
{
    const size_t host_len = strlen(host);

    if (len == 0 || host_len < len || strncasecmp(host + host_len - len, name, len) != 0) {
        return false;
    }
    return host_len == len || host[host_len - len - 1] == '.';
}

static bool covers(const char *entry, size_t len, const struct url *url)
{
    const char *const colon = memrchr(entry, ':', len);

    if (len == 1 && *entry == '*') {
        return true;
    }
    while (len > 0 && (*entry == '*' || *entry == '.')) {
        entry++;
        len--;
    }
    if (is_within(url->host, entry, len)) {
        return true;
    }
    return colon != NULL && colon > entry && strtoul(colon + 1, NULL, 10) == url->port &&
           is_within(url->host, entry, (size_t)(colon - entry));
}

bool proxy_excepts(const char *exceptions, const struct url *url)
{
    static const char separators[] = ", \t";

    if (exceptions == NULL) {
        return false;
    }
    for (const char *at = exceptions + strspn(exceptions, separators); *at != '\0';
         at += strspn(at, separators)) {
        const size_t len = strcspn(at, separators);
        if (covers(at, len, url)) {
            return true;
        }
        at += len;
    }
    return false;
}

const char *proxy_unheeded(struct proxy *proxy, const struct url *url)
{
    const char *const name = proxy->unheeded;

    if (name == NULL || proxy_excepts(proxy->exceptions, url)) {
        return NULL;
    }
    proxy->unheeded = NULL;
    return name;
}
