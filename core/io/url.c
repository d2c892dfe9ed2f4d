#include "io/url.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

struct span {
    const char *at;
    size_t len;
};

static int refuse(struct err *err, const char *text, const char *why)
{
    return err_set(err, ARB_EINVAL, "URL \"%.80s\": %s", text, why);
}

static bool is_name_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
}

static bool is_visible(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text <= ' ' || *text > '~') {
            return false;
        }
    }
    return true;
}

/* Returns what follows "scheme://", or NULL. */
static const char *after_scheme(const char *scheme, const char *text)
{
    const size_t len = strlen(scheme);
    const bool same = strncmp(text, scheme, len) == 0 && strncmp(text + len, "://", 3) == 0;
    return same ? text + len + 3 : NULL;
}

static int check_scheme(const char *scheme, const char *text, struct err *err)
{
    if (after_scheme(scheme, text) != NULL) {
        return ARB_OK;
    }
    if (after_scheme("ws", text) != NULL || after_scheme("http", text) != NULL) {
        return err_set(err, ARB_EINVAL,
                       "URL \"%.80s\": connections without TLS are not supported; use %s://", text,
                       scheme);
    }
    return err_set(err, ARB_EINVAL, "URL \"%.80s\": must start with %s://", text, scheme);
}

/* Splits "[::1]:8443/x" or "host:8443/x" behind the host; false without a closing bracket. */
static bool split_host(const char *rest, struct span *host, const char **behind)
{
    if (*rest == '[') {
        const char *close = strchr(rest, ']');
        if (close == NULL) {
            return false;
        }
        *host = (struct span){ rest + 1, (size_t)(close - rest - 1) };
        *behind = close + 1;
        return true;
    }
    host->at = rest;
    host->len = strcspn(rest, ":/?");
    *behind = rest + host->len;
    return true;
}

/* What no resolver takes for a name: an empty part, or one that begins or ends with '-'. */
static bool has_bad_part(const char *host)
{
    for (const char *part = host; *part != '\0';) {
        const size_t len = strcspn(part, ".");
        if (len == 0 || part[0] == '-' || part[len - 1] == '-') {
            return true;
        }
        part += len + (part[len] == '.' ? 1 : 0);
    }
    return false;
}

/* Digits and dots look like an address, and then have to be one. */
static bool is_slipped_address(const char *host)
{
    struct in_addr ignored;
    return strchr(host, '.') != NULL && host[strspn(host, "0123456789.")] == '\0' &&
           inet_pton(AF_INET, host, &ignored) != 1;
}

static bool copy_host(struct url *url, struct span host, bool bracketed)
{
    struct in6_addr ignored;

    if (host.len == 0 || host.len >= sizeof(url->host)) {
        return false;
    }
    memcpy(url->host, host.at, host.len);
    url->host[host.len] = '\0';
    if (bracketed) {
        return inet_pton(AF_INET6, url->host, &ignored) == 1;
    }
    for (size_t i = 0; i < host.len; i++) {
        if (!is_name_char(host.at[i])) {
            return false;
        }
    }
    return !has_bad_part(url->host) && !is_slipped_address(url->host);
}

static bool parse_port(const char **at, uint16_t *port)
{
    unsigned value = 0;
    const char *p = *at;

    for (; *p >= '0' && *p <= '9' && value <= UINT16_MAX; p++) {
        value = value * 10 + (unsigned)(*p - '0');
    }
    if (p == *at || value == 0 || value > UINT16_MAX) {
        return false;
    }
    *at = p;
    *port = (uint16_t)value;
    return true;
}

/* `at` is behind host and port: nothing, a path, or a query. */
static bool copy_path(struct url *url, const char *at)
{
    if (*at != '\0' && *at != '/' && *at != '?') {
        return false;
    }
    const int n = snprintf(url->path, sizeof(url->path), "%s%s", *at == '/' ? "" : "/", at);
    return n > 0 && (size_t)n < sizeof(url->path);
}

int url_parse(struct url *url, const char *scheme, const char *text, struct err *err)
{
    struct url parsed = { .port = URL_PORT_DEFAULT };
    struct span host;

    if (strlen(text) >= URL_TEXT_MAX || !is_visible(text) || strchr(text, '#') != NULL) {
        return refuse(err, text, "too long, or with a blank, a '#' or a character beyond ASCII");
    }
    int rc = check_scheme(scheme, text, err);
    if (rc != ARB_OK) {
        return rc;
    }
    const char *rest = after_scheme(scheme, text), *at = NULL;
    if (!split_host(rest, &host, &at) || !copy_host(&parsed, host, *rest == '[')) {
        return refuse(err, text, "the host is not a name, an IPv4 address or an [IPv6 address]");
    }
    if (*at == ':' && (at++, !parse_port(&at, &parsed.port))) {
        return refuse(err, text, "the port is not a number from 1 to 65535");
    }
    if (!copy_path(&parsed, at)) {
        return refuse(err, text, "the path is too long or does not start with '/'");
    }
    *url = parsed;
    return ARB_OK;
}

bool url_host_is_ipv6(const struct url *url)
{
    return strchr(url->host, ':') != NULL;
}

bool url_is_address(const char *host)
{
    struct in_addr ignored;
    return strchr(host, ':') != NULL || inet_pton(AF_INET, host, &ignored) == 1;
}

bool url_host_is_address(const struct url *url)
{
    return url_is_address(url->host);
}

void url_endpoint(const struct url *url, char text[URL_ENDPOINT_MAX])
{
    const char *format = url_host_is_ipv6(url) ? "[%s]:%u" : "%s:%u";
    (void)snprintf(text, URL_ENDPOINT_MAX, format, url->host, (unsigned)url->port); /* fits */
}
