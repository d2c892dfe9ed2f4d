#include "util/proxy_url.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char wanted[] = "give http://HOST:PORT, http://USER:PASSWORD@HOST:PORT or none";

struct piece {
    const char *at;
    size_t len;
};

static bool starts_with(const char *text, const char *prefix)
{
    return strncasecmp(text, prefix, strlen(prefix)) == 0;
}

static int check_scheme(const char *text, struct err *err)
{
    if (starts_with(text, "http://")) {
        return ARB_OK;
    }
    if (starts_with(text, "socks")) {
        return err_set(err, ARB_EINVAL,
                       "SOCKS proxies are not supported: give an HTTP proxy that takes CONNECT, as "
                       "http://HOST:PORT");
    }
    if (starts_with(text, "https://")) {
        return err_set(err, ARB_EINVAL,
                       "TLS to the proxy itself is not supported: give http://HOST:PORT; what goes "
                       "through it is TLS from end to end");
    }
    return err_set(err, ARB_EINVAL, "not a proxy: %s", wanted);
}

static int hex_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

/* Decodes %40 and the like; false when that is malformed, a control character, or too long. */
static bool read_user(struct piece user, char out[PROXY_USER_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < user.len; i++) {
        int c = (unsigned char)user.at[i];
        if (c == '%') {
            const int high = user.len - i > 2 ? hex_digit(user.at[i + 1]) : -1;
            const int low = high >= 0 ? hex_digit(user.at[i + 2]) : -1;
            c = low < 0 ? 0 : high * 16 + low;
            i += 2;
        }
        if (c < ' ' || c == 0x7f || n == PROXY_USER_MAX - 1) {
            return false;
        }
        out[n++] = (char)c;
    }
    out[n] = '\0';
    return n > 0 && out[0] != ':';
}

static bool read_host(struct piece host, struct proxy_url *out)
{
    static const char number[] = "0123456789abcdefABCDEF:.";
    static const char name[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";

    out->is_ipv6 = host.len > 2 && host.at[0] == '[' && host.at[host.len - 1] == ']';
    if (out->is_ipv6) {
        host = (struct piece){ host.at + 1, host.len - 2 };
    }
    if (host.len == 0 || host.len >= PROXY_HOST_MAX ||
        strspn(host.at, out->is_ipv6 ? number : name) < host.len) {
        return false;
    }
    memcpy(out->host, host.at, host.len);
    out->host[host.len] = '\0';
    return true;
}

/* All of the text but a slash at its end. */
static bool read_port(const char *text, uint16_t *port)
{
    const size_t n = strspn(text, "0123456789");
    const unsigned long value = strtoul(text, NULL, 10);
    const bool is_whole = text[n] == '\0' || strcmp(text + n, "/") == 0;

    if (n == 0 || n > 5 || !is_whole || value < 1 || value > UINT16_MAX) {
        return false;
    }
    *port = (uint16_t)value;
    return true;
}

static int read_place(struct proxy_url *out, const char *place, struct err *err)
{
    const char *const colon = strrchr(place, ':');

    if (colon == NULL || strchr(colon, ']') != NULL) {
        return err_set(err, ARB_EINVAL, "the port is missing: %s", wanted);
    }
    if (!read_port(colon + 1, &out->port)) {
        return err_set(err, ARB_EINVAL, "the port is not a number from 1 to 65535: %s", wanted);
    }
    if (!read_host((struct piece){ place, (size_t)(colon - place) }, out)) {
        return err_set(err, ARB_EINVAL,
                       "the host is not a name, an IPv4 address or an [IPv6 address]: %s", wanted);
    }
    return ARB_OK;
}

int proxy_url_parse(struct proxy_url *proxy, const char *text, struct err *err)
{
    struct proxy_url read = { .is_none = strcmp(text, "none") == 0 };

    if (read.is_none) {
        *proxy = read;
        return ARB_OK;
    }
    int rc = check_scheme(text, err);
    if (rc != ARB_OK) {
        return rc;
    }
    const char *place = text + strlen("http://");
    const char *const at = strrchr(place, '@'); /* the last: a password may hold others */
    if (at != NULL && !read_user((struct piece){ place, (size_t)(at - place) }, read.user)) {
        return err_set(err, ARB_EINVAL,
                       "what stands before '@' is not USER:PASSWORD of at most %d bytes, special "
                       "characters as %%40",
                       PROXY_USER_MAX - 1);
    }
    rc = read_place(&read, at == NULL ? place : at + 1, err);
    if (rc == ARB_OK) {
        *proxy = read;
    }
    return rc;
}
