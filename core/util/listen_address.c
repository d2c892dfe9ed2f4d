#include "util/listen_address.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

enum { PORT_DIGITS_MAX = 5, PORT_MAX = 65535, SHOWN_MAX = 60 };

static const char wanted[] = "give ADDRESS:PORT, such as 127.0.0.1:9464 or [::1]:9464";

static int refuse(const char *text, const char *why, struct err *err)
{
    return err_set(err, ARB_EINVAL, "'%.*s' %s: %s", (int)SHOWN_MAX, text, why, wanted);
}

static bool read_port(const char *text, uint16_t *port)
{
    const size_t len = strlen(text);
    unsigned value = 0;

    if (len == 0 || len > PORT_DIGITS_MAX || strspn(text, "0123456789") != len) {
        return false;
    }
    for (const char *digit = text; *digit != '\0'; digit++) {
        value = value * 10 + (unsigned)(*digit - '0');
    }
    if (value > PORT_MAX) {
        return false;
    }
    *port = (uint16_t)value;
    return true;
}

static bool read_v4(struct listen_address *address, const char *host)
{
    const char *const number = strcmp(host, "localhost") == 0 ? "127.0.0.1" : host;

    address->family = AF_INET;
    address->v4 = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = htons(address->port) };
    if (inet_pton(AF_INET, number, &address->v4.sin_addr) != 1) {
        return false;
    }
    address->is_loopback = ntohl(address->v4.sin_addr.s_addr) >> 24 == 127;
    return true;
}

static bool read_v6(struct listen_address *address, const char *host)
{
    address->family = AF_INET6;
    address->v6 =
        (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = htons(address->port) };
    if (inet_pton(AF_INET6, host, &address->v6.sin6_addr) != 1) {
        return false;
    }
    address->is_loopback = IN6_IS_ADDR_LOOPBACK(&address->v6.sin6_addr) != 0;
    return true;
}

int listen_address_parse(struct listen_address *address, const char *text, struct err *err)
{
    const char *const colon = strrchr(text, ':');
    struct listen_address read = { .family = 0 };
    char host[INET6_ADDRSTRLEN + 2];

    if (colon == NULL || !read_port(colon + 1, &read.port)) {
        return refuse(text, "has no port from 0 to 65535", err);
    }
    const size_t len = (size_t)(colon - text);
    if (len == 0 || len >= sizeof(host)) {
        return refuse(text, "is no address of this machine", err);
    }
    memcpy(host, text, len);
    host[len] = '\0';
    const bool is_v6 = host[0] == '[' && host[len - 1] == ']';
    if (is_v6) {
        host[len - 1] = '\0';
    }
    if (is_v6 ? !read_v6(&read, host + 1) : !read_v4(&read, host)) {
        return refuse(text, "is no address in numbers", err);
    }
    *address = read;
    return ARB_OK;
}

void listen_address_text(const struct listen_address *address, char text[LISTEN_TEXT_MAX])
{
    const bool is_v6 = address->family == AF_INET6;
    const void *const number =
        is_v6 ? (const void *)&address->v6.sin6_addr : (const void *)&address->v4.sin_addr;
    char host[INET6_ADDRSTRLEN] = "";

    (void)inet_ntop(address->family, number, host, sizeof(host)); /* the family is one of the two */
    (void)snprintf(text, LISTEN_TEXT_MAX, is_v6 ? "[%s]:%u" : "%s:%u", host,
                   (unsigned)address->port);
}
