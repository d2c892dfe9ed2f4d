#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "io/proxy.h"

static const struct url venue = { .host = "ws.kraken.com", .port = 443 };

/* What is read, in one line: host, port, user; or the sentence. */
static void assert_reads(const char *text, const char *expected)
{
    struct proxy_url proxy;
    struct err err = { .rc = ARB_OK };
    char said[1024];

    if (proxy_url_parse(&proxy, text, &err) != ARB_OK) {
        assert_string_equal(err.text, expected);
        return;
    }
    (void)snprintf(said, sizeof(said), "%s%s %u %s", proxy.is_none ? "none" : proxy.host,
                   proxy.is_ipv6 ? " (IPv6)" : "", (unsigned)proxy.port, proxy.user);
    assert_string_equal(said, expected);
}

#define FORMS "give http://HOST:PORT, http://USER:PASSWORD@HOST:PORT or none"

static void proxy_url_reads_what_a_proxy_is(void **state)
{
    (void)state;
    assert_reads("none", "none 0 ");
    assert_reads("http://localhost:3128", "localhost 3128 ");
    assert_reads("HTTP://10.0.0.1:65535/", "10.0.0.1 65535 ");
    assert_reads("http://[::1]:1", "::1 (IPv6) 1 ");
    assert_reads("http://me:secret@p.example:8080", "p.example 8080 me:secret");
    assert_reads("http://me:s@c:r%40t%3a@p:8080", "p 8080 me:s@c:r@t:");
    assert_reads("http://me@p:8080", "p 8080 me");
}

static void proxy_url_refuses_other_kinds(void **state)
{
    (void)state;
    static const char socks[] = "SOCKS proxies are not supported: give an HTTP proxy that takes "
                                "CONNECT, as http://HOST:PORT";
    assert_reads("socks5://p:1080", socks);
    assert_reads("socks5h://p:1080", socks);
    assert_reads("SOCKS4://p:1080", socks);
    assert_reads("https://p:443",
                 "TLS to the proxy itself is not supported: give http://HOST:PORT; what goes "
                 "through it is TLS from end to end");
    assert_reads("p:3128", "not a proxy: " FORMS);
    assert_reads("", "not a proxy: " FORMS);
    assert_reads("None", "not a proxy: " FORMS);
}

static void proxy_url_refuses_what_is_malformed(void **state)
{
    (void)state;
    static const char host[] =
        "the host is not a name, an IPv4 address or an [IPv6 address]: " FORMS;
    static const char port[] = "the port is not a number from 1 to 65535: " FORMS;
    static const char user[] = "what stands before '@' is not USER:PASSWORD of at most 255 bytes, "
                               "special characters as %40";

    assert_reads("http://p", "the port is missing: " FORMS);
    assert_reads("http://[::1]", "the port is missing: " FORMS);
    assert_reads("http://p:", port);
    assert_reads("http://p:0", port);
    assert_reads("http://p:65536", port);
    assert_reads("http://p:80/x", port);
    assert_reads("http://p:99999999999999999999", port);
    assert_reads("http://:80", host);
    assert_reads("http://p p:80", host);
    assert_reads("http://::1:80", host);
    assert_reads("http://@p:80", user);
    assert_reads("http://:secret@p:80", user);
    assert_reads("http://me:%4@p:80", user);
    assert_reads("http://me:%zz@p:80", user);
    assert_reads("http://me:%0d%0aX@p:80", user);
}

static void proxy_url_limits_names_and_passwords(void **state)
{
    (void)state;
    char text[600], expected[600];
    struct proxy_url proxy;
    struct err err;

    (void)snprintf(text, sizeof(text), "http://u:%0253d@p:80", 0);
    (void)snprintf(expected, sizeof(expected), "p 80 u:%0253d", 0);
    assert_reads(text, expected);
    (void)snprintf(text, sizeof(text), "http://u:%0254d@p:80", 0);
    assert_int_equal(proxy_url_parse(&proxy, text, &err), ARB_EINVAL);
    (void)snprintf(text, sizeof(text), "http://%0127d:80", 0);
    (void)snprintf(expected, sizeof(expected), "%0127d 80 ", 0);
    assert_reads(text, expected);
    (void)snprintf(text, sizeof(text), "http://%0128d:80", 0);
    assert_int_equal(proxy_url_parse(&proxy, text, &err), ARB_EINVAL);
}

static void proxy_never_shows_the_password(void **state)
{
    (void)state;
    struct proxy proxy;
    struct err err;
    char text[URL_ENDPOINT_MAX];

    assert_int_equal(proxy_init(&proxy, "http://me:secret@[::1]:80", &err), ARB_OK);
    assert_true(proxy_is_used(&proxy));
    proxy_endpoint(&proxy, text);
    assert_string_equal(text, "[::1]:80");
    assert_int_equal(proxy_init(&proxy, "http://me:secret@p:0", &err), ARB_EINVAL);
    assert_null(strstr(err.text, "secret"));
}

static void exceptions_cover_hosts_and_what_is_below(void **state)
{
    (void)state;
    assert_true(proxy_excepts("*", &venue));
    assert_true(proxy_excepts("kraken.com", &venue));
    assert_true(proxy_excepts(".kraken.com", &venue));
    assert_true(proxy_excepts("*.kraken.com", &venue));
    assert_true(proxy_excepts("localhost, WS.Kraken.COM", &venue));
    assert_true(proxy_excepts("ws.kraken.com:443", &venue));
    assert_false(proxy_excepts("ws.kraken.com:8443", &venue));
    assert_false(proxy_excepts("aken.com", &venue));
    assert_false(proxy_excepts("v2.ws.kraken.com", &venue));
    assert_false(proxy_excepts("", &venue));
    assert_false(proxy_excepts(" ,,", &venue));
    assert_false(proxy_excepts(NULL, &venue));
}

static void exceptions_cover_ipv6_addresses(void **state)
{
    (void)state;
    const struct url address = { .host = "::1", .port = 443 };
    assert_true(proxy_excepts("::1", &address));
    assert_false(proxy_excepts("::2", &address));
}

/* The environment of one test: `set` and `unset` are its own. */
static int forget_environment(void **state)
{
    static const char *const names[] = { "https_proxy", "HTTPS_PROXY", "all_proxy",
                                         "ALL_PROXY",   "no_proxy",    "NO_PROXY" };
    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        assert_int_equal(unsetenv(names[i]), 0);
    }
    return 0;
}

static const char *told_of(const char *key)
{
    struct proxy proxy;
    struct err err;

    assert_int_equal(proxy_init(&proxy, key, &err), ARB_OK);
    const char *const name = proxy_unheeded(&proxy, &venue);
    assert_null(proxy_unheeded(&proxy, &venue)); /* once is enough */
    return name;
}

static void a_proxy_of_the_environment_is_told_once(void **state)
{
    (void)state;
    assert_null(told_of(NULL));
    assert_int_equal(setenv("ALL_PROXY", "socks5://p:1080", 1), 0);
    assert_string_equal(told_of(NULL), "ALL_PROXY");
    assert_int_equal(setenv("all_proxy", "http://p:1", 1), 0);
    assert_string_equal(told_of(NULL), "all_proxy");
    assert_int_equal(setenv("HTTPS_PROXY", "http://p:1", 1), 0);
    assert_string_equal(told_of(NULL), "HTTPS_PROXY");
    assert_int_equal(setenv("https_proxy", "", 1), 0); /* set to nothing */
    assert_string_equal(told_of(NULL), "HTTPS_PROXY");
    assert_int_equal(setenv("https_proxy", "http://p:1", 1), 0);
    assert_string_equal(told_of(NULL), "https_proxy");
}

static void a_key_silences_the_environment(void **state)
{
    (void)state;
    assert_int_equal(setenv("https_proxy", "http://p:1", 1), 0);
    assert_null(told_of("none"));
    assert_null(told_of("http://other:1"));
}

static void no_proxy_silences_the_environment(void **state)
{
    (void)state;
    assert_int_equal(setenv("https_proxy", "http://p:1", 1), 0);
    assert_int_equal(setenv("NO_PROXY", "kraken.com", 1), 0);
    assert_null(told_of(NULL));
    assert_int_equal(setenv("no_proxy", "example.org", 1), 0);
    assert_string_equal(told_of(NULL), "https_proxy");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proxy_url_reads_what_a_proxy_is),
        cmocka_unit_test(proxy_url_refuses_other_kinds),
        cmocka_unit_test(proxy_url_refuses_what_is_malformed),
        cmocka_unit_test(proxy_url_limits_names_and_passwords),
        cmocka_unit_test(proxy_never_shows_the_password),
        cmocka_unit_test(exceptions_cover_hosts_and_what_is_below),
        cmocka_unit_test(exceptions_cover_ipv6_addresses),
        cmocka_unit_test_setup(a_proxy_of_the_environment_is_told_once, forget_environment),
        cmocka_unit_test_setup(a_key_silences_the_environment, forget_environment),
        cmocka_unit_test_setup(no_proxy_silences_the_environment, forget_environment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
