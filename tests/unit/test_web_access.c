/* Who may have what of the web: addresses, tokens, cookies, names, origins, what clients say. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "arbspot/json.h"
#include "util/token.h"
#include "web/access.h"
#include "web/wish.h"

#define TOKEN "0123456789abcdef"

static struct listen_address address_of(const char *text)
{
    struct listen_address address;
    struct err err;

    assert_int_equal(listen_address_parse(&address, text, &err), ARB_OK);
    return address;
}

static void listen_address_knows_what_others_reach(void **state)
{
    char text[LISTEN_TEXT_MAX];
    struct listen_address address;

    (void)state;
    assert_true(address_of("127.0.0.1:0").is_loopback);
    assert_true(address_of("127.9.9.9:1").is_loopback);
    assert_true(address_of("localhost:65535").is_loopback);
    assert_true(address_of("[::1]:9464").is_loopback);
    assert_false(address_of("0.0.0.0:1").is_loopback);
    assert_false(address_of("[::]:1").is_loopback);
    assert_false(address_of("[::ffff:127.0.0.1]:1").is_loopback);
    address = address_of("[0:0::1]:9464");
    listen_address_text(&address, text);
    assert_string_equal(text, "[::1]:9464");
}

static void listen_address_refuses_what_is_none(void **state)
{
    static const char *const wrong[] = { "",
                                         ":",
                                         ":80",
                                         "127.0.0.1",
                                         "1.2.3:80",
                                         "[::1:80",
                                         "::1:80",
                                         "127.0.0.1:65536",
                                         "[]:80",
                                         "example:80",
                                         "127.0.0.1:x",
                                         "127.0.0.1:000080",
                                         "[1.2.3.4]:80",
                                         " 127.0.0.1:80" };
    struct listen_address address;
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        assert_int_equal(listen_address_parse(&address, wrong[i], &err), ARB_EINVAL);
        assert_non_null(strstr(err.text, "give ADDRESS:PORT"));
    }
}

static void token_has_its_limits(void **state)
{
    char token[TOKEN_LEN_MAX + 2];
    struct err err;

    (void)state;
    memset(token, 'a', sizeof(token));
    token[TOKEN_LEN_MAX + 1] = '\0';
    assert_int_equal(token_check(token, &err), ARB_EINVAL);
    token[TOKEN_LEN_MAX] = '\0';
    assert_int_equal(token_check(token, &err), ARB_OK);
    token[TOKEN_LEN_MIN] = '\0';
    assert_int_equal(token_check(token, &err), ARB_OK);
    token[TOKEN_LEN_MIN - 1] = '\0';
    assert_int_equal(token_check(token, &err), ARB_EINVAL);
    assert_int_equal(token_check("0123456789abcdef&", &err), ARB_EINVAL);
    assert_null(strstr(err.text, "0123"));
}

static void access_needs_token_where_others_reach(void **state)
{
    const struct listen_address loopback = address_of("127.0.0.1:1"), all = address_of("0.0.0.0:1");
    struct access access;
    struct err err;

    (void)state;
    assert_int_equal(access_init(&access, &loopback, NULL, &err), ARB_OK);
    assert_int_equal(access_init(&access, &all, NULL, &err), ARB_EINVAL);
    assert_int_equal(access_init(&access, &all, "short", &err), ARB_EINVAL);
    assert_int_equal(access_init(&access, &all, TOKEN, &err), ARB_OK);
}

static struct access guarded(void)
{
    const struct listen_address all = address_of("0.0.0.0:9464");
    struct access access;
    struct err err;

    assert_int_equal(access_init(&access, &all, TOKEN, &err), ARB_OK);
    return access;
}

static void access_takes_token_cookie_and_query(void **state)
{
    const struct access access = guarded();
    struct access_request request = { .is_page = true };
    char cookies[2 * ACCESS_COOKIE_MAX];

    (void)state;
    assert_int_equal(access_check(&access, &request), ACCESS_BAD_TOKEN);
    request.query = arb_bytes_of("a=b&token=" TOKEN);
    assert_int_equal(access_check(&access, &request), ACCESS_LOGIN);
    request.is_page = false;
    assert_int_equal(access_check(&access, &request), ACCESS_BAD_TOKEN);
    request.authorization = arb_bytes_of("Bearer " TOKEN);
    assert_int_equal(access_check(&access, &request), ACCESS_GRANTED);
    request.authorization = arb_bytes_of("Bearer " TOKEN "x");
    assert_int_equal(access_check(&access, &request), ACCESS_BAD_TOKEN);
    (void)snprintf(cookies, sizeof(cookies), "a=b;%s; c", access.cookie);
    request.cookie = arb_bytes_of(cookies);
    assert_int_equal(access_check(&access, &request), ACCESS_GRANTED);
    assert_null(strstr(access.cookie, TOKEN));
    request.is_upgrade = true;
    assert_int_equal(access_check(&access, &request), ACCESS_BAD_ORIGIN);
    request.host = arb_bytes_of("a:1");
    request.origin = arb_bytes_of("http://a:1");
    assert_int_equal(access_check(&access, &request), ACCESS_GRANTED);
}

static void wish_is_a_ladder_or_none(void **state)
{
    struct web_wish wish;

    (void)state;
    assert_int_equal(
        wish_read(arb_bytes_of("{\"ladder\":{\"symbol\":\"A\\/B\",\"x\":[1],\"venue\":\"k\"}}"),
                  &wish),
        ARB_OK);
    assert_string_equal(wish.venue, "k");
    assert_string_equal(wish.symbol, "A/B");
    assert_int_equal(wish_read(arb_bytes_of(" {\"ladder\" : null} "), &wish), ARB_OK);
    assert_string_equal(wish.venue, "");
}

static void wish_refuses_everything_else(void **state)
{
    static const char *const wrong[] = {
        "",
        "{",
        "{}",
        "null",
        "[]",
        "{\"ladder\":null",
        "{\"ladder\":nul}",
        "{\"ladder\":null}x",
        "{\"ladder\":null,\"x\":1}",
        "{\"ladder\":{}}",
        "{\"ladder\":{\"venue\":\"k\"}}",
        "{\"ladder\":{\"venue\":\"\",\"symbol\":\"A\"}}",
        "{\"ladder\":{\"venue\":\"k\",\"symbol\":\"A\"",
        "{\"ladder\":{\"venue\":\"\\u0000\",\"symbol\":\"A\"}}",
        "{\"x\":null}",
        "{\"ladder\":{\"venue\":\"0123456789012345678901234567890123456789\",\"symbol\":\"A\"}}"
    };
    struct web_wish wish;

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        assert_int_not_equal(wish_read(arb_bytes_of(wrong[i]), &wish), ARB_OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listen_address_knows_what_others_reach),
        cmocka_unit_test(listen_address_refuses_what_is_none),
        cmocka_unit_test(token_has_its_limits),
        cmocka_unit_test(access_needs_token_where_others_reach),
        cmocka_unit_test(access_takes_token_cookie_and_query),
        cmocka_unit_test(wish_is_a_ladder_or_none),
        cmocka_unit_test(wish_refuses_everything_else),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
