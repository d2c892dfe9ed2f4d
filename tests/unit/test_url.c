#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "io/url.h"

/* "host port path", or the error sentence. */
static const char *parsed(const char *scheme, const char *text)
{
    static char out[2 * URL_TEXT_MAX];
    struct url url;
    struct err err;

    if (url_parse(&url, scheme, text, &err) != ARB_OK) {
        return strcpy(out, err.text);
    }
    (void)snprintf(out, sizeof(out), "%s %u %s", url.host, (unsigned)url.port, url.path);
    return out;
}

static void assert_refused(const char *text, const char *why)
{
    const char *error = parsed("wss", text);
    if (strstr(error, why) == NULL) {
        fail_msg("%s: \"%s\" does not say \"%s\"", text, error, why);
    }
}

static void url_has_default_port_and_path(void **state)
{
    (void)state;
    assert_string_equal(parsed("wss", "wss://ws.kraken.com"), "ws.kraken.com 443 /");
}

static void url_keeps_port_path_and_query(void **state)
{
    (void)state;
    assert_string_equal(parsed("https", "https://127.0.0.1:8443/api/v2?a=1&b=2"),
                        "127.0.0.1 8443 /api/v2?a=1&b=2");
}

static void url_query_without_path_gets_a_slash(void **state)
{
    (void)state;
    assert_string_equal(parsed("https", "https://host?a=1"), "host 443 /?a=1");
}

static void url_accepts_ipv6_in_brackets(void **state)
{
    (void)state;
    assert_string_equal(parsed("wss", "wss://[::1]:9000/v2"), "::1 9000 /v2");
}

static void url_accepts_the_largest_port(void **state)
{
    (void)state;
    assert_string_equal(parsed("wss", "wss://h:65535"), "h 65535 /");
}

static void url_refuses_plain_text_schemes(void **state)
{
    (void)state;
    assert_refused("ws://host/", "without TLS are not supported; use wss://");
    assert_refused("http://host/", "without TLS are not supported; use wss://");
}

static void url_refuses_the_other_scheme(void **state)
{
    (void)state;
    assert_refused("https://host/", "must start with wss://");
    assert_refused("", "must start with wss://");
}

static void url_refuses_bad_hosts(void **state)
{
    (void)state;
    assert_refused("wss://", "the host is not");
    assert_refused("wss://user@host/", "the host is not");
    assert_refused("wss://[::1/", "the host is not");
    assert_refused("wss://[host]/", "the host is not");
    assert_refused("wss://::1/", "the host is not");
    assert_refused("wss://.a/", "the host is not");
    assert_refused("wss://a..b/", "the host is not");
    assert_refused("wss://-a.b/", "the host is not");
    assert_refused("wss://a-.b/", "the host is not");
    assert_refused("wss://127.0.0.256/", "the host is not");
    assert_refused("wss://127.0.1/", "the host is not");
    assert_string_equal(parsed("wss", "wss://a-b.c./"), "a-b.c. 443 /");
    assert_string_equal(parsed("wss", "wss://127.0.0.255/"), "127.0.0.255 443 /");
}

static void url_refuses_bad_ports(void **state)
{
    (void)state;
    assert_refused("wss://h:0/", "the port is not");
    assert_refused("wss://h:65536/", "the port is not");
    assert_refused("wss://h:/", "the port is not");
    assert_refused("wss://h:99999999999999999999/", "the port is not");
    assert_refused("wss://h:80x", "the path is");
}

static void url_refuses_what_would_end_a_request_line(void **state)
{
    (void)state;
    assert_refused("wss://host/a b", "with a blank");
    assert_refused("wss://host/\r\nX: y", "with a blank");
    assert_refused("wss://host/\xc3\xa9", "with a blank");
    assert_refused("wss://host/#top", "with a blank");
}

static void url_host_has_a_limit(void **state)
{
    (void)state;
    char text[2 * URL_HOST_MAX];

    (void)snprintf(text, sizeof(text), "wss://%0*d", URL_HOST_MAX - 1, 0);
    assert_null(strstr(parsed("wss", text), "the host is not"));
    (void)snprintf(text, sizeof(text), "wss://%0*d", URL_HOST_MAX, 0);
    assert_refused(text, "the host is not");
}

static void url_path_has_a_limit(void **state)
{
    (void)state;
    char text[2 * URL_PATH_MAX];

    (void)snprintf(text, sizeof(text), "wss://h/%0*d", URL_PATH_MAX - 2, 0);
    assert_null(strstr(parsed("wss", text), "too long"));
    (void)snprintf(text, sizeof(text), "wss://h/%0*d", URL_PATH_MAX - 1, 0);
    assert_refused(text, "the path is too long");
}

static void url_endpoint_brackets_ipv6(void **state)
{
    (void)state;
    struct url url;
    char text[URL_ENDPOINT_MAX];

    assert_int_equal(url_parse(&url, "wss", "wss://[fe80::1]", NULL), ARB_OK);
    url_endpoint(&url, text);
    assert_string_equal(text, "[fe80::1]:443");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(url_has_default_port_and_path),
        cmocka_unit_test(url_keeps_port_path_and_query),
        cmocka_unit_test(url_query_without_path_gets_a_slash),
        cmocka_unit_test(url_accepts_ipv6_in_brackets),
        cmocka_unit_test(url_accepts_the_largest_port),
        cmocka_unit_test(url_refuses_plain_text_schemes),
        cmocka_unit_test(url_refuses_the_other_scheme),
        cmocka_unit_test(url_refuses_bad_hosts),
        cmocka_unit_test(url_refuses_bad_ports),
        cmocka_unit_test(url_refuses_what_would_end_a_request_line),
        cmocka_unit_test(url_host_has_a_limit),
        cmocka_unit_test(url_path_has_a_limit),
        cmocka_unit_test(url_endpoint_brackets_ipv6),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
