/* From the levels of a message to a book event. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "arbspot/levels.h"
#include "host_stub.h"

enum { LEVELS_MAX = 3 };

/* Both sides of a book at scales 2 and 1. */
struct sides {
    struct arb_level bid_levels[LEVELS_MAX], ask_levels[LEVELS_MAX];
    struct arb_levels bids, asks;
};

static int read_side(const char *text, struct arb_levels *side)
{
    struct arb_json json = arb_json_over((struct arb_bytes){ text, strlen(text) });
    const bool is_read = arb_levels_read(&json, side) && arb_json_end(&json);

    assert_int_equal(is_read, json.rc == ARB_OK);
    return json.rc;
}

static void sides_init(struct sides *sides)
{
    const struct arb_instrument info = { .px_scale = 2, .qty_scale = 1 };
    sides->bids = arb_levels_over(sides->bid_levels, LEVELS_MAX, &info);
    sides->asks = arb_levels_over(sides->ask_levels, LEVELS_MAX, &info);
}

static void publish(struct host_stub *stub, const char *bids, const char *asks,
                    struct arb_book_event *event)
{
    struct sides sides;

    host_stub_init(stub);
    sides_init(&sides);
    assert_int_equal(read_side(bids, &sides.bids), ARB_OK);
    assert_int_equal(read_side(asks, &sides.asks), ARB_OK);
    assert_int_equal(arb_levels_publish(&stub->host, event, &sides.bids, &sides.asks), ARB_OK);
}

static void expect_digits(const struct host_stub *stub, uint8_t px, uint8_t qty)
{
    assert_int_equal(stub->event.px_digits, px);
    assert_int_equal(stub->event.qty_digits, qty);
}

static void levels_are_read_in_either_spelling(void **state)
{
    struct sides sides;

    (void)state;
    sides_init(&sides);
    assert_int_equal(read_side("[]", &sides.bids), ARB_OK);
    assert_int_equal(sides.bids.n, 0);
    assert_int_equal(read_side("[[\"1.25\",3,\"x\"],[2,0]]", &sides.bids), ARB_OK);
    assert_int_equal(read_side(" [ {\"qty\":\"0.1\",\"id\":7,\"price\":3.5}]", &sides.bids),
                     ARB_OK);
    const struct arb_level want[] = { { 125, 30 }, { 200, 0 }, { 350, 1 } };
    assert_int_equal(sides.bids.n, 3);
    assert_memory_equal(sides.bid_levels, want, sizeof(want));
    assert_int_equal(sides.bids.px_digits, 2);
    assert_int_equal(sides.bids.qty_digits, 1);
}

static void levels_that_are_none_are_refused(void **state)
{
    struct sides sides;

    (void)state;
    sides_init(&sides);
    assert_int_equal(read_side("{}", &sides.bids), ARB_EPROTO);
    assert_int_equal(read_side("[1,2]", &sides.bids), ARB_EPROTO);
    assert_int_equal(read_side("[[1,2],{\"price\":1,\"qty\":2}]", &sides.bids), ARB_EPROTO);
    assert_int_equal(read_side("[", &sides.bids), ARB_EPROTO);
    assert_int_equal(read_side("", &sides.bids), ARB_EPROTO);
    sides_init(&sides);
    assert_int_equal(read_side("[[1,2],[1,2],[1,2],[1,2]]", &sides.bids), ARB_ELIMIT);
    sides_init(&sides);
    assert_int_equal(read_side("[[1.001,2]]", &sides.bids), ARB_ERANGE);
}

/* As an array whose first element, the side, has been read. */
static int read_rest(const char *text, struct arb_levels *side)
{
    struct arb_json json = arb_json_over(arb_bytes_of(text));

    (void)(arb_json_array(&json) && arb_json_next(&json) && arb_json_skip(&json));
    const bool is_read = arb_json_level_rest(&json, side) && arb_json_end(&json);
    assert_int_equal(is_read, json.rc == ARB_OK);
    return json.rc;
}

static void level_behind_its_side_is_read(void **state)
{
    struct sides sides;
    const struct arb_level want[] = { { 125, 30 }, { 200, 0 } };

    (void)state;
    sides_init(&sides);
    assert_int_equal(read_rest("[\"buy\",\"1.25\",\"3.0\"]", &sides.bids), ARB_OK);
    assert_int_equal(read_rest("[\"buy\",2,0,\"and more\",{}]", &sides.bids), ARB_OK);
    assert_int_equal(sides.bids.n, 2);
    assert_memory_equal(sides.bid_levels, want, sizeof(want));
    assert_int_equal(read_rest("[\"buy\",\"1.25\"]", &sides.bids), ARB_EPROTO);
    assert_int_equal(read_rest("[\"buy\"]", &sides.bids), ARB_EPROTO);
    assert_int_equal(read_rest("[\"buy\",1,2", &sides.bids), ARB_EPROTO);
    sides_init(&sides);
    assert_int_equal(read_rest("[\"buy\",1.001,2]", &sides.bids), ARB_ERANGE);
    sides_init(&sides);
    sides.bids.n = LEVELS_MAX;
    assert_int_equal(read_rest("[\"buy\",1,2]", &sides.bids), ARB_ELIMIT);
}

static void levels_at_zero_are_kept_until_they_are_dropped(void **state)
{
    struct sides sides;

    (void)state;
    sides_init(&sides);
    assert_int_equal(read_side("[[0,1],[1,2],[\"0.00\",3]]", &sides.bids), ARB_OK);
    assert_int_equal(sides.bids.n, 3);
    arb_levels_drop_zero(&sides.bids);
    assert_int_equal(sides.bids.n, 1);
    assert_true(sides.bid_levels[0].px == 100 && sides.bid_levels[0].qty == 20);
    arb_levels_drop_zero(&sides.bids);
    assert_int_equal(sides.bids.n, 1);
    arb_levels_drop_zero(&sides.asks);
    assert_int_equal(sides.asks.n, 0);
}

static void event_is_completed(void **state)
{
    struct arb_book_event event = { .instrument = 7, .kind = ARB_BOOK_DELTA, .last_seq = 9 };
    struct host_stub stub;

    (void)state;
    publish(&stub, "[[1.25,3]]", "[[2,0.5],[3,1],[99999999999999999999,1]]", &event);
    assert_int_equal(stub.n_books, 1);
    assert_int_equal(stub.event.size, sizeof(event));
    assert_int_equal(stub.event.instrument, 7);
    assert_int_equal(stub.event.kind, ARB_BOOK_DELTA);
    assert_int_equal(stub.event.last_seq, 9);
    assert_int_equal(stub.event.n_bids, 1);
    assert_int_equal(stub.event.n_asks, 2);
    assert_int_equal(stub.event.n_beyond, 1);
    expect_digits(&stub, 2, 1);
}

static void digits_that_are_set_stay(void **state)
{
    struct arb_book_event event = { .px_digits = 5, .qty_digits = ARB_DIGITS_UNKNOWN };
    struct host_stub stub;

    (void)state;
    publish(&stub, "[[1.25,3]]", "[]", &event);
    expect_digits(&stub, 5, 0);
}

static void digits_of_no_levels_are_unknown(void **state)
{
    struct arb_book_event event = { .qty_digits = 3 };
    struct host_stub stub;

    (void)state;
    publish(&stub, "[]", "[]", &event);
    expect_digits(&stub, ARB_DIGITS_UNKNOWN, 3);
}

static void bid_beyond_the_scale_rejects_the_book(void **state)
{
    struct arb_book_event event = { .instrument = 7 };
    struct host_stub stub;

    (void)state;
    publish(&stub, "[[1,2],[99999999999999999999,1]]", "[[2,1]]", &event);
    assert_int_equal(stub.n_books, 0);
    assert_int_equal(stub.n_rejects, 1);
    assert_int_equal(stub.rejected, 7);
    assert_int_equal(stub.reject_rc, ARB_ERANGE);
}

static void what_the_host_says_to_an_event_is_returned(void **state)
{
    struct arb_book_event event = { .instrument = 7 };
    struct host_stub stub;
    struct sides sides;

    (void)state;
    host_stub_init(&stub);
    sides_init(&sides);
    stub.rc = ARB_ELIMIT;
    assert_int_equal(arb_levels_publish(&stub.host, &event, &sides.bids, &sides.asks), ARB_ELIMIT);
}

static void number_that_does_not_fit_costs_its_book_only(void **state)
{
    struct host_stub stub;

    (void)state;
    host_stub_init(&stub);
    assert_int_equal(arb_levels_trouble(&stub.host, 7, ARB_OK), ARB_OK);
    assert_int_equal(arb_levels_trouble(&stub.host, 7, ARB_EPROTO), ARB_EPROTO);
    assert_int_equal(arb_levels_trouble(&stub.host, ARB_NO_INSTRUMENT, ARB_ERANGE), ARB_ERANGE);
    assert_int_equal(stub.n_rejects, 0);
    assert_int_equal(arb_levels_trouble(&stub.host, 7, ARB_ERANGE), ARB_OK);
    assert_int_equal(stub.n_rejects, 1);
    assert_int_equal(stub.rejected, 7);
    assert_int_equal(stub.reject_rc, ARB_ERANGE);
}

static struct arb_draft draft;

static uint32_t read_draft(const char *text)
{
    static const struct arb_instrument info = { .px_scale = 2, .qty_scale = 1 };
    const struct arb_exchange_env env = { .instruments = &info };
    const struct arb_json_field fields[] = { { "bids", ARB_JSON_LEVELS, &draft.bids },
                                             { "asks", ARB_JSON_LEVELS, &draft.asks } };
    struct arb_json json = arb_json_over(arb_bytes_of(text));

    arb_draft_begin(&draft, &env, 0, ARB_BOOK_DELTA);
    const uint32_t seen = arb_json_fields(&json, fields, 2);
    assert_int_equal(arb_json_end(&json), json.rc == ARB_OK);
    return seen;
}

static void draft_is_read_by_a_table_and_published(void **state)
{
    struct host_stub stub;

    (void)state;
    host_stub_init(&stub);
    assert_int_equal(read_draft("{\"bids\":[[9,1]],\"asks\":[{\"price\":1.25,\"qty\":3}],"
                                "\"bids\":[[1.2,0.5]]}"),
                     3);
    assert_int_equal(arb_draft_publish(&stub.host, &draft), ARB_OK);
    assert_int_equal(stub.n_books, 1);
    assert_int_equal(stub.event.n_bids, 1);
    assert_int_equal(stub.event.n_asks, 1);
    assert_true(draft.bid_levels[0].px == 120 && draft.bid_levels[0].qty == 5);
    assert_true(draft.ask_levels[0].px == 125 && draft.ask_levels[0].qty == 30);
    expect_digits(&stub, 2, 1);
}

static void damaged_side_rejects_its_book_only(void **state)
{
    static const struct {
        const char *text;
        int rc;
    } cases[] = { { "{\"asks\":[[1.001,2]],\"bids\":[]}", ARB_ERANGE },
                  { "{\"bids\":[[1]],\"asks\":[]}", ARB_EPROTO },
                  { "{\"bids\":{\"a\":[1]}}", ARB_EPROTO } };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct host_stub stub;
        host_stub_init(&stub);
        assert_true(read_draft(cases[i].text) != 0);
        assert_int_equal(arb_draft_publish(&stub.host, &draft), ARB_OK);
        assert_int_equal(stub.n_books, 0);
        assert_int_equal(stub.n_rejects, 1);
        assert_int_equal(stub.reject_rc, cases[i].rc);
    }
    assert_int_equal(read_draft("{\"bids\":[[1,2]"), 0); /* not even JSON */
}

static void limits_of_zero_leave_the_plan(void **state)
{
    struct arb_plan plan = { .answer_ms = 5000, .idle_ms = 30000 };
    const struct arb_limits limits = { .answer_ms = 7, .books_per_conn = INT64_MAX };

    (void)state;
    arb_plan_limit(&plan, &limits);
    assert_int_equal(plan.answer_ms, 7);
    assert_int_equal(plan.idle_ms, 30000);
    assert_int_equal(plan.books_per_conn, UINT32_MAX);
}

static void names_of_a_request_are_listed(void **state)
{
    static const struct arb_instrument two[] = { { .venue_symbol = "A/B" },
                                                 { .venue_symbol = "C" } };
    static const uint32_t both[] = { 1, 0 };
    const struct arb_exchange_env env = { .instruments = two };
    const struct arb_ask ask = { .n_instruments = 2, .instruments = both };
    char data[32];
    struct arb_text text = arb_text_over(data, sizeof(data));

    (void)state;
    arb_ask_names(&ask, &env, &text);
    assert_string_equal(data, "\"C\",\"A/B\"");
    text = arb_text_over(data, sizeof(data));
    arb_ask_list(&ask, &env, (struct arb_ask_form){ "<", ".50>" }, &text);
    assert_string_equal(data, "<C.50>,<A/B.50>");
}

static void requests_for_books_have_their_word(void **state)
{
    const struct arb_ask in = { .what = ARB_ASK_SUBSCRIBE }, out = { .what = ARB_ASK_UNSUBSCRIBE },
                         other = { .what = ARB_ASK_SNAPSHOT };

    (void)state;
    assert_true(arb_ask_is_books(&in) && arb_ask_is_books(&out) && !arb_ask_is_books(&other));
    assert_string_equal(arb_ask_word(&in), "subscribe");
    assert_string_equal(arb_ask_word(&out), "unsubscribe");
}

static void change_goes_to_the_side_that_it_names(void **state)
{
    static const struct {
        const char *text;
        int rc;
        uint32_t n_bids, n_asks;
    } cases[] = {
        { "[\"buy\",\"1.5\",\"2\"]", ARB_OK, 1, 0 },
        { "[\"bid\",\"1.5\",\"2\",7]", ARB_OK, 1, 0 },
        { "[\"sell\",\"1.5\",\"0\"]", ARB_OK, 0, 1 },
        { "[\"ask\",\"1.5\",\"2\"]", ARB_EPROTO, 0, 0 },
        { "[\"offer\",\"1.5\",\"2\"]", ARB_OK, 0, 1 },
        { "[\"BUY\",\"1.5\",\"2\"]", ARB_EPROTO, 0, 0 },
        { "[\"buy\",\"1.5\"]", ARB_EPROTO, 0, 0 },
        { "[\"buy\",\"1.555\",\"2\"]", ARB_ERANGE, 0, 0 },
        { "[]", ARB_EPROTO, 0, 0 },
        { "{}", ARB_EPROTO, 0, 0 },
    };
    static const struct arb_instrument one = { .px_scale = 2, .qty_scale = 2 };
    const struct arb_exchange_env env = { .instruments = &one };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct arb_json json = arb_json_over(arb_bytes_of(cases[i].text));
        arb_draft_begin(&draft, &env, 0, ARB_BOOK_DELTA);
        assert_int_equal(arb_draft_change(&draft, &json), cases[i].rc);
        assert_int_equal(draft.bids.n, cases[i].n_bids);
        assert_int_equal(draft.asks.n, cases[i].n_asks);
    }
}

/* For a plugin that publishes the event by itself. */
static void draft_begins_with_its_size_and_nothing_left_out(void **state)
{
    static const struct arb_instrument one = { .px_scale = 2, .qty_scale = 2 };
    const struct arb_exchange_env env = { .instruments = &one };

    (void)state;
    draft.event.size = 1;
    draft.event.n_beyond = 7;
    arb_draft_begin(&draft, &env, 0, ARB_BOOK_SNAPSHOT);
    assert_int_equal(draft.event.size, sizeof(draft.event));
    assert_int_equal(draft.event.n_beyond, 0);
}

static void venue_that_answers_pings_has_two_to_be_late(void **state)
{
    const struct arb_limits limits = { .heartbeat_ms = 20000, .heartbeat_wait_ms = 5000 };
    struct arb_plan plan = { .idle_ms = 1, .answer_ms = 2 };

    (void)state;
    arb_plan_pinged(&plan, &limits);
    assert_int_equal(plan.liveness, ARB_LIVENESS_CLIENT_HEARTBEAT);
    assert_int_equal(plan.idle_ms, 30000);
    assert_int_equal(plan.answer_ms, 2);
}

static void request_of_operation_and_arguments_is_spelled(void **state)
{
    static const struct arb_instrument pairs[] = { { .venue_symbol = "BTCUSD" },
                                                   { .venue_symbol = "ETHUSD" } };
    const struct arb_exchange_env env = { .instruments = pairs };
    const uint32_t both[] = { 1, 0 };
    const struct arb_ask ask = {
        .what = ARB_ASK_UNSUBSCRIBE, .number = 7, .n_instruments = 2, .instruments = both
    };
    char out[128];
    struct arb_text text = arb_text_over(out, sizeof(out));

    (void)state;
    arb_ask_op(&ask, &env, "req_id", (struct arb_ask_form){ "\"books.", "\"" }, &text);
    assert_string_equal(out, "{\"req_id\":\"7\",\"op\":\"unsubscribe\","
                             "\"args\":[\"books.ETHUSD\",\"books.BTCUSD\"]}");
}

/* rc: what publishing the draft rejects the book with. */
static void diff_needs_its_numbers_and_sides(void **state)
{
    static const struct arb_instrument one = { .px_scale = 2, .qty_scale = 2 };
    static const struct {
        const char *text;
        bool is_diff;
        int json_rc, rc;
        uint64_t prev_seq;
    } cases[] = {
        { "{\"e\":\"depthUpdate\",\"E\":1,\"s\":\"X\",\"U\":2,\"u\":3,\"pu\":1,\"b\":[],\"a\":[]}",
          true, ARB_OK, ARB_OK, 1 },
        { "{\"a\":[[\"1\",\"2\"]],\"b\":[],\"u\":2,\"U\":2,\"E\":1,\"e\":\"depthUpdate\"}", true,
          ARB_OK, ARB_OK, 0 },
        { "{\"e\":\"trade\",\"E\":1,\"U\":2,\"u\":3,\"b\":[],\"a\":[]}", false, ARB_OK, ARB_OK, 0 },
        { "{\"E\":1,\"U\":2,\"u\":3,\"b\":[],\"a\":[]}", false, ARB_OK, ARB_OK, 0 },
        { "{\"e\":\"depthUpdate\",\"U\":2,\"u\":3,\"b\":[],\"a\":[]}", true, ARB_OK, ARB_EPROTO,
          0 },
        { "{\"e\":\"depthUpdate\",\"E\":0,\"U\":2,\"u\":3,\"b\":[],\"a\":[]}", true, ARB_OK,
          ARB_EPROTO, 0 },
        { "{\"e\":\"depthUpdate\",\"E\":1,\"u\":3,\"b\":[],\"a\":[]}", true, ARB_OK, ARB_EPROTO,
          0 },
        { "{\"e\":\"depthUpdate\",\"E\":1,\"U\":0,\"u\":3,\"b\":[],\"a\":[]}", true, ARB_OK,
          ARB_EPROTO, 0 },
        { "{\"e\":\"depthUpdate\",\"E\":1,\"U\":4,\"u\":3,\"b\":[],\"a\":[]}", true, ARB_OK,
          ARB_EPROTO, 0 },
        { "{\"e\":\"depthUpdate\",\"E\":1,\"U\":2,\"u\":3,\"a\":[]}", true, ARB_OK, ARB_EPROTO, 0 },
        { "{\"e\":\"depthUpdate\",\"E\":1,\"U\":2,\"u\":3,\"b\":[]}", true, ARB_OK, ARB_EPROTO, 0 },
        { "{\"e\":\"depthUpdate\",\"E\":1,\"U\":2,\"u\":3,\"b\":[[\"0.001\",\"1\"]],\"a\":[]}",
          true, ARB_OK, ARB_ERANGE, 0 },
        { "{\"e\":\"depthUpdate\",\"E\":1,\"U\":\"x\",\"u\":3,\"b\":[],\"a\":[]}", false,
          ARB_EPROTO, ARB_OK, 0 },
    };
    const struct arb_exchange_env env = { .instruments = &one };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct arb_json json = arb_json_over(arb_bytes_of(cases[i].text));
        arb_json_object(&json);
        arb_draft_begin(&draft, &env, 0, ARB_BOOK_DELTA);
        assert_int_equal(arb_draft_diff(&draft, &json, ARB_JSON_MS), cases[i].is_diff);
        assert_int_equal(json.rc, cases[i].json_rc);
        assert_int_equal(arb_draft_rc(&draft), cases[i].rc);
        assert_true(draft.event.prev_seq == cases[i].prev_seq);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(draft_is_read_by_a_table_and_published),
        cmocka_unit_test(damaged_side_rejects_its_book_only),
        cmocka_unit_test(limits_of_zero_leave_the_plan),
        cmocka_unit_test(names_of_a_request_are_listed),
        cmocka_unit_test(levels_are_read_in_either_spelling),
        cmocka_unit_test(levels_that_are_none_are_refused),
        cmocka_unit_test(level_behind_its_side_is_read),
        cmocka_unit_test(levels_at_zero_are_kept_until_they_are_dropped),
        cmocka_unit_test(event_is_completed),
        cmocka_unit_test(digits_that_are_set_stay),
        cmocka_unit_test(digits_of_no_levels_are_unknown),
        cmocka_unit_test(bid_beyond_the_scale_rejects_the_book),
        cmocka_unit_test(what_the_host_says_to_an_event_is_returned),
        cmocka_unit_test(number_that_does_not_fit_costs_its_book_only),
        cmocka_unit_test(requests_for_books_have_their_word),
        cmocka_unit_test(change_goes_to_the_side_that_it_names),
        cmocka_unit_test(draft_begins_with_its_size_and_nothing_left_out),
        cmocka_unit_test(venue_that_answers_pings_has_two_to_be_late),
        cmocka_unit_test(request_of_operation_and_arguments_is_spelled),
        cmocka_unit_test(diff_needs_its_numbers_and_sides),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
