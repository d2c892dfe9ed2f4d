#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "io/dial.h"

/* A dial that tries the last of the addresses given so far, and the network it belongs to. */
struct stage {
    struct net net;
    struct dial dial;
};

static void begin(struct stage *stage, unsigned n_addresses)
{
    char text[INET6_ADDRSTRLEN];
    struct err err;

    memset(stage, 0, sizeof(*stage));
    assert_int_equal(proxy_init(&stage->net.proxy, "none", &err), ARB_OK);
    stage->dial.url = (struct url){ .host = "example.org", .path = "/", .port = 443 };
    for (unsigned i = 0; i < n_addresses; i++) {
        (void)snprintf(text, sizeof(text), "10.0.0.%u", n_addresses - i); /* the last one first */
        addresses_add(&stage->dial.found, text);
    }
}

/* The next address comes as far as `at` and fails; true when the attempt goes on. */
static bool fails(struct stage *stage, enum dial_stage at, const char *why)
{
    struct dial *const dial = &stage->dial;

    dial->next_address++;
    dial->stage = at;
    dial->is_closing = dial->is_late = false;
    (void)snprintf(dial->why, sizeof(dial->why), "%s", why);
    return dial_pass_over(dial, &stage->net);
}

static bool is_silent(struct stage *stage, enum dial_stage at)
{
    struct dial *const dial = &stage->dial;

    dial->next_address++;
    dial->stage = at;
    dial->is_closing = dial->is_late = false;
    dial->why[0] = '\0';
    dial_kill_silent(dial, 10000);
    return dial_pass_over(dial, &stage->net);
}

static void assert_summary(const struct stage *stage, const char *expected)
{
    char text[DIAL_SUMMARY_MAX];

    dial_summary(&stage->dial, &stage->net, text);
    assert_string_equal(text, expected);
}

static void each_address_but_the_last_is_passed_over(void **state)
{
    (void)state;
    struct stage stage;

    begin(&stage, 3);
    assert_true(fails(&stage, DIAL_TCP, "refused"));
    assert_true(fails(&stage, DIAL_TLS, "expired"));
    assert_false(fails(&stage, DIAL_ASKED, "lost"));
}

static void silence_is_passed_over_at_every_stage(void **state)
{
    (void)state;
    struct stage stage;

    begin(&stage, 4);
    assert_true(is_silent(&stage, DIAL_TCP));
    assert_true(is_silent(&stage, DIAL_TLS));
    assert_true(is_silent(&stage, DIAL_ASKED));
    assert_false(is_silent(&stage, DIAL_ASKED));
    assert_summary(&stage, "10.0.0.1, 10.0.0.2: no answer to the WebSocket handshake in time; "
                           "10.0.0.3: no answer to the TLS handshake in time; "
                           "10.0.0.4: no connection in time");
}

static void a_lone_address_is_told_how_long_it_had(void **state)
{
    (void)state;
    struct stage stage;

    begin(&stage, 1);
    assert_false(is_silent(&stage, DIAL_TLS));
    assert_summary(&stage, "no answer to the TLS handshake within 10 s");
}

static void what_the_host_answers_ends_the_attempt(void **state)
{
    (void)state;
    struct stage stage;

    begin(&stage, 2);
    assert_false(fails(&stage, DIAL_ANSWERED, "answered HTTP 503"));
    assert_summary(&stage, "answered HTTP 503");
}

static void a_dial_that_its_owner_closes_is_not_the_address_s_fault(void **state)
{
    (void)state;
    struct stage stage;

    begin(&stage, 2);
    stage.dial.next_address = 1;
    dial_kill(&stage.dial, "enough");
    assert_false(dial_pass_over(&stage.dial, &stage.net));
    assert_string_equal(stage.net.known.list[0].where, "");
}

static void a_request_is_repeated_unless_it_changes_something(void **state)
{
    (void)state;
    struct stage stage;

    begin(&stage, 4);
    stage.dial.kind = DIAL_HTTP;
    stage.dial.method = "GET";
    assert_true(is_silent(&stage, DIAL_ASKED));
    stage.dial.method = "POST";
    assert_true(is_silent(&stage, DIAL_TLS));
    assert_false(is_silent(&stage, DIAL_ASKED));
}

static void what_failed_is_remembered_for_websockets_and_requests_apart(void **state)
{
    (void)state;
    struct stage stage;

    begin(&stage, 2);
    (void)fails(&stage, DIAL_TCP, "refused");
    assert_string_equal(stage.net.known.list[0].where, "wss://example.org:443");
    assert_string_equal(stage.net.known.list[0].text, "10.0.0.2");
    assert_false(stage.net.known.list[0].has_worked);
    stage.dial.kind = DIAL_HTTP;
    stage.dial.next_address = 2;
    dial_has_worked(&stage.dial, &stage.net);
    assert_string_equal(stage.net.known.list[1].where, "https://example.org:443");
    assert_string_equal(stage.net.known.list[1].text, "10.0.0.1");
    assert_true(stage.net.known.list[1].has_worked);
}

static void the_summary_names_the_proxy(void **state)
{
    (void)state;
    struct stage stage;
    struct err err;

    begin(&stage, 2);
    assert_int_equal(proxy_init(&stage.net.proxy, "http://me:secret@p:3128", &err), ARB_OK);
    (void)fails(&stage, DIAL_TCP, "refused");
    assert_summary(&stage, "through proxy p:3128: 10.0.0.2: refused");
    (void)fails(&stage, DIAL_TLS, "refused");
    assert_summary(&stage, "through proxy p:3128: 10.0.0.1, 10.0.0.2: refused");
    assert_string_equal(stage.net.known.list[0].where, "wss://p:3128");
}

static void a_long_summary_is_cut_and_not_overrun(void **state)
{
    (void)state;
    struct stage stage;
    char why[DIAL_WHY_MAX], text[DIAL_SUMMARY_MAX];

    begin(&stage, ADDRESSES_MAX);
    for (int i = 0; i < ADDRESSES_MAX; i++) {
        (void)snprintf(why, sizeof(why), "%0180d", i);
        (void)fails(&stage, DIAL_TCP, why);
    }
    dial_summary(&stage.dial, &stage.net, text);
    assert_in_range(strlen(text), DIAL_SUMMARY_MAX - 200, DIAL_SUMMARY_MAX - 1);
}

static int64_t share_of(unsigned n_addresses, unsigned patience)
{
    struct stage stage;

    begin(&stage, n_addresses);
    stage.dial.patience = patience;
    return dial_share_ms(&stage.dial, 10000);
}

static void shares_are_bounded_and_double_after_silence(void **state)
{
    (void)state;
    assert_int_equal(share_of(1, 0), 10000);
    assert_int_equal(share_of(2, 0), 5000);
    assert_int_equal(share_of(5, 0), 2000);
    assert_int_equal(share_of(6, 0), 2000);
    assert_int_equal(share_of(16, 0), 2000);
    assert_int_equal(share_of(16, 1), 4000);
    assert_int_equal(share_of(16, 2), 8000);
    assert_int_equal(share_of(16, 3), 10000);
    assert_int_equal(share_of(16, 1000), 10000);
    assert_int_equal(share_of(2, 1), 10000);
}

static void patience_grows_with_silence_until_the_host_is_reached(void **state)
{
    (void)state;
    struct stage stage;

    begin(&stage, 2);
    (void)is_silent(&stage, DIAL_TCP);
    assert_int_equal(stage.dial.patience, 0);
    (void)fails(&stage, DIAL_TCP, "refused"); /* one of the two was silent */
    assert_int_equal(stage.dial.patience, 1);
    dial_has_worked(&stage.dial, &stage.net);
    assert_int_equal(stage.dial.patience, 0);
    begin(&stage, 1);
    (void)fails(&stage, DIAL_TCP, "refused");
    assert_int_equal(stage.dial.patience, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_address_but_the_last_is_passed_over),
        cmocka_unit_test(silence_is_passed_over_at_every_stage),
        cmocka_unit_test(a_lone_address_is_told_how_long_it_had),
        cmocka_unit_test(what_the_host_answers_ends_the_attempt),
        cmocka_unit_test(a_dial_that_its_owner_closes_is_not_the_address_s_fault),
        cmocka_unit_test(a_request_is_repeated_unless_it_changes_something),
        cmocka_unit_test(what_failed_is_remembered_for_websockets_and_requests_apart),
        cmocka_unit_test(the_summary_names_the_proxy),
        cmocka_unit_test(a_long_summary_is_cut_and_not_overrun),
        cmocka_unit_test(shares_are_bounded_and_double_after_silence),
        cmocka_unit_test(patience_grows_with_silence_until_the_host_is_reached),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
