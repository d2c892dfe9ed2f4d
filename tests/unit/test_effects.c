/* The record of a callback: what is refused, what is kept, in which order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "session/effects.h"
#include "util/log.h"

enum { INSTRUMENTS = 3, CONN = 2, ARENA_BYTES = 8 << 20 };

static const struct arb_ws_spec good_ws = { .size = (uint32_t)sizeof(good_ws), .url = "wss://x" };
static const struct arb_level good_levels[] = { { 100, 1 }, { 99, 0 } };
static const struct arb_book_event good_book = {
    .size = (uint32_t)sizeof(good_book),
    .instrument = INSTRUMENTS - 1,
    .kind = ARB_BOOK_DELTA,
    .bids = good_levels,
    .n_bids = 2,
    .asks = good_levels,
    .n_asks = 1,
};
static const struct arb_listing good_listing = { .size = (uint32_t)sizeof(good_listing),
                                                 .trading = ARB_TRADING_OPEN,
                                                 .symbol = "BTC/USD",
                                                 .venue_symbol = "btcusd" };
static const struct arb_capabilities good_caps = {
    .size = (uint32_t)sizeof(good_caps),
    .loss_detection = ARB_LOSS_NONE,
    .snapshot_source = ARB_SNAPSHOT_STREAM,
    .unknown_delete = ARB_UNKNOWN_DELETE_IGNORE,
    .liveness = ARB_LIVENESS_TRANSPORT,
};

static int set_up(void **state)
{
    struct effects *const effects = calloc(1, sizeof(*effects));

    assert_non_null(effects);
    assert_int_equal(effects_init(effects, "feed=test"), ARB_OK);
    effects->n_instruments = INSTRUMENTS;
    effects_begin(effects, 1);
    assert_int_equal(arb_ws_open(&effects->host, CONN, &good_ws), ARB_OK);
    effects_accept(effects);
    effects_begin(effects, 2);
    *state = effects;
    return 0;
}

static int tear_down(void **state)
{
    effects_fini(*state);
    free(*state);
    return 0;
}

/* -- looking at books ----------------------------------------------------------------- */

static struct arb_book one_view(const void *context, uint32_t instrument)
{
    return (struct arb_book){ .seq = 100 + instrument, .recv_ns = *(const int64_t *)context };
}

static void view_shows_the_book_that_was_asked_for(void **state)
{
    static const int64_t context = 77;
    struct effects *const effects = *state;
    struct arb_book view;

    effects->view = one_view;
    effects->view_context = &context;
    assert_int_equal(arb_book_view(&effects->host, 1, &view), ARB_OK);
    assert_int_equal(view.seq, 101);
    assert_int_equal(view.recv_ns, 77);
    assert_null(effects_first(effects));
}

static void view_without_books_is_not_supported(void **state)
{
    struct effects *const effects = *state;
    struct arb_book view;

    assert_int_equal(arb_book_view(&effects->host, 1, &view), ARB_ENOTSUP);
    assert_null(effects->broken);
}

static void view_of_an_older_host_is_not_supported(void **state)
{
    struct effects *const effects = *state;
    struct arb_host_ops ops = *effects->host.ops;
    struct arb_host old = { .ops = &ops };
    struct arb_book view;

    ops.size = offsetof(struct arb_host_ops, book_view);
    assert_int_equal(arb_book_view(&old, 1, &view), ARB_ENOTSUP);
}

static void view_of_a_strange_instrument_is_a_broken_rule(void **state)
{
    struct effects *const effects = *state;
    struct arb_book view;

    effects->view = one_view;
    assert_int_equal(arb_book_view(&effects->host, INSTRUMENTS, &view), ARB_EINVAL);
    assert_non_null(effects->broken);
}

/* -- rules ---------------------------------------------------------------------------- */

struct rule_case {
    const char *rule; /* what the log will say */
    int rc;           /* what the call returns */
    int (*call)(struct arb_host *host);
};

static void expect_rules(struct effects *effects, const struct rule_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        effects_begin(effects, 3);
        assert_int_equal(cases[i].call(&effects->host), cases[i].rc);
        assert_string_equal(effects->broken, cases[i].rule);
        assert_null(effects_first(effects));
    }
}

#define EXPECT_RULES(effects, cases)                                                               \
    expect_rules((effects), (cases), sizeof(cases) / sizeof((cases)[0]))

static int timer_too_high(struct arb_host *host)
{
    return arb_timer_set(host, ARB_TIMERS_MAX, 1);
}

static int open_too_high(struct arb_host *host)
{
    return arb_ws_open(host, ARB_CONNS_MAX, &good_ws);
}

static int open_without_spec(struct arb_host *host)
{
    return arb_ws_open(host, 0, NULL);
}

static int open_without_size(struct arb_host *host)
{
    const struct arb_ws_spec spec = { .url = "wss://x" };
    return arb_ws_open(host, 0, &spec);
}

static int open_without_url(struct arb_host *host)
{
    const struct arb_ws_spec spec = { .size = (uint32_t)sizeof(spec) };
    return arb_ws_open(host, 0, &spec);
}

static int send_on_no_connection(struct arb_host *host)
{
    return arb_ws_send(host, CONN + 1, "x", 1);
}

static int send_too_high(struct arb_host *host)
{
    return arb_ws_send(host, UINT32_MAX, "x", 1);
}

static int send_nothing(struct arb_host *host)
{
    return arb_ws_send(host, CONN, NULL, 1);
}

static int send_too_much(struct arb_host *host)
{
    return arb_ws_send(host, CONN, "x", SIZE_MAX);
}

static int close_no_connection(struct arb_host *host)
{
    return arb_ws_close(host, CONN + 1, "x");
}

static int get_without_url(struct arb_host *host)
{
    return arb_http_get(host, 1, NULL);
}

static void connection_rules_are_checked(void **state)
{
    static const char unknown[] = "a connection that ws_open() did not declare";
    static const char unset[] = "ws_open: size or url is not set";
    static const char text[] = "ws_send: no text, or too much";
    const struct rule_case cases[] = {
        { "timer_set: the timer must be below ARB_TIMERS_MAX", ARB_EINVAL, timer_too_high },
        { "ws_open: the connection must be below ARB_CONNS_MAX", ARB_EINVAL, open_too_high },
        { unset, ARB_EINVAL, open_without_spec },
        { unset, ARB_EINVAL, open_without_size },
        { unset, ARB_EINVAL, open_without_url },
        { unknown, ARB_EINVAL, send_on_no_connection },
        { unknown, ARB_EINVAL, send_too_high },
        { text, ARB_EINVAL, send_nothing },
        { text, ARB_EINVAL, send_too_much },
        { unknown, ARB_EINVAL, close_no_connection },
        { "http_get: no url", ARB_EINVAL, get_without_url },
    };
    EXPECT_RULES(*state, cases);
}

static int declare_nothing(struct arb_host *host)
{
    return arb_declare(host, NULL);
}

static int declare_without_choice(struct arb_host *host)
{
    struct arb_capabilities caps = good_caps;
    caps.liveness = 0;
    return arb_declare(host, &caps);
}

static int declare_unknown_choice(struct arb_host *host)
{
    struct arb_capabilities caps = good_caps;
    caps.loss_detection = ARB_LOSS_STATELESS + 1;
    return arb_declare(host, &caps);
}

static int list_nothing(struct arb_host *host)
{
    return arb_listing_publish(host, NULL);
}

static int list_without_symbol(struct arb_host *host)
{
    struct arb_listing listing = good_listing;
    listing.symbol = NULL;
    return arb_listing_publish(host, &listing);
}

static int list_empty_name(struct arb_host *host)
{
    struct arb_listing listing = good_listing;
    listing.venue_symbol = "";
    return arb_listing_publish(host, &listing);
}

static int list_long_name(struct arb_host *host)
{
    struct arb_listing listing = good_listing;
    listing.symbol = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"; /* ARB_SYMBOL_MAX bytes, no room for 0 */
    return arb_listing_publish(host, &listing);
}

static int list_without_trading(struct arb_host *host)
{
    struct arb_listing listing = good_listing;
    listing.trading = 0;
    return arb_listing_publish(host, &listing);
}

static void declaration_and_listing_rules_are_checked(void **state)
{
    static const char declare[] = "declare: size or a choice is not set";
    static const char listing[] = "listing: size, symbol or trading is not acceptable";
    const struct rule_case cases[] = {
        { declare, ARB_EINVAL, declare_nothing },
        { declare, ARB_EINVAL, declare_without_choice },
        { declare, ARB_EINVAL, declare_unknown_choice },
        { listing, ARB_EINVAL, list_nothing },
        { listing, ARB_EINVAL, list_without_symbol },
        { listing, ARB_EINVAL, list_empty_name },
        { listing, ARB_EINVAL, list_long_name },
        { listing, ARB_EINVAL, list_without_trading },
    };
    EXPECT_RULES(*state, cases);
}

static int bind_unknown_instrument(struct arb_host *host)
{
    return arb_book_bind(host, INSTRUMENTS, CONN);
}

static int bind_unknown_connection(struct arb_host *host)
{
    return arb_book_bind(host, 0, CONN + 1);
}

static int resync_unknown(struct arb_host *host)
{
    return arb_book_resync(host, INSTRUMENTS, "x");
}

static int resync_all(struct arb_host *host)
{
    return arb_book_resync(host, ARB_ALL_INSTRUMENTS, "x");
}

static int refuse_unknown(struct arb_host *host)
{
    return arb_book_refused(host, INSTRUMENTS, "x");
}

static int trading_unknown(struct arb_host *host)
{
    return arb_trading_set(host, INSTRUMENTS, ARB_TRADING_OPEN, "x");
}

static int trading_without_status(struct arb_host *host)
{
    return arb_trading_set(host, 0, (enum arb_trading)0, "x");
}

static int publish_opportunity(struct arb_host *host)
{
    return host->ops->opportunity(host, NULL);
}

static void instrument_rules_are_checked(void **state)
{
    static const char unknown[] = "an instrument that add_instruments() did not name";
    const struct rule_case cases[] = {
        { unknown, ARB_EINVAL, bind_unknown_instrument },
        { "a connection that ws_open() did not declare", ARB_EINVAL, bind_unknown_connection },
        { unknown, ARB_EINVAL, resync_unknown },
        { unknown, ARB_EINVAL, resync_all },
        { unknown, ARB_EINVAL, refuse_unknown },
        { unknown, ARB_EINVAL, trading_unknown },
        { "trading: not one of enum arb_trading", ARB_EINVAL, trading_without_status },
        { "an exchange plugin publishes no opportunities", ARB_ENOTSUP, publish_opportunity },
    };
    EXPECT_RULES(*state, cases);
}

static int publish_nothing(struct arb_host *host)
{
    return arb_book_publish(host, NULL);
}

static int publish_without_size(struct arb_host *host)
{
    struct arb_book_event event = good_book;
    event.size = 0;
    return arb_book_publish(host, &event);
}

static int publish_without_kind(struct arb_host *host)
{
    struct arb_book_event event = good_book;
    event.kind = 0;
    return arb_book_publish(host, &event);
}

static int publish_unknown_instrument(struct arb_host *host)
{
    struct arb_book_event event = good_book;
    event.instrument = INSTRUMENTS;
    return arb_book_publish(host, &event);
}

static int publish_without_levels(struct arb_host *host)
{
    struct arb_book_event event = good_book;
    event.asks = NULL;
    return arb_book_publish(host, &event);
}

static int publish_too_many_levels(struct arb_host *host)
{
    struct arb_book_event event = good_book;
    event.n_bids = ARB_EVENT_LEVELS_MAX + 1;
    return arb_book_publish(host, &event);
}

static int publish_free_level(struct arb_host *host)
{
    static const struct arb_level level = { .px = 0, .qty = 1 };
    struct arb_book_event event = good_book;
    event.asks = &level;
    return arb_book_publish(host, &event);
}

static int publish_negative_quantity(struct arb_host *host)
{
    static const struct arb_level level = { .px = 1, .qty = -1 };
    struct arb_book_event event = good_book;
    event.asks = &level;
    return arb_book_publish(host, &event);
}

static int publish_checksum_of_nobody(struct arb_host *host)
{
    struct arb_book_event event = good_book;
    event.has_checksum = true;
    return arb_book_publish(host, &event);
}

static void book_rules_are_checked(void **state)
{
    static const char positive[] = "book: a price must be positive and a quantity not negative";
    const struct rule_case cases[] = {
        { "book: size is not set", ARB_EINVAL, publish_nothing },
        { "book: size is not set", ARB_EINVAL, publish_without_size },
        { "book: kind is not set", ARB_EINVAL, publish_without_kind },
        { "an instrument that add_instruments() did not name", ARB_EINVAL,
          publish_unknown_instrument },
        { "book: levels are missing", ARB_EINVAL, publish_without_levels },
        { "book: more than ARB_EVENT_LEVELS_MAX levels", ARB_EINVAL, publish_too_many_levels },
        { positive, ARB_EINVAL, publish_free_level },
        { positive, ARB_EINVAL, publish_negative_quantity },
        { "book: has_checksum, but the plugin has no checksum()", ARB_EINVAL,
          publish_checksum_of_nobody },
    };
    EXPECT_RULES(*state, cases);
}

static void first_broken_rule_is_the_one_remembered(void **state)
{
    struct effects *const effects = *state;

    (void)get_without_url(&effects->host);
    (void)timer_too_high(&effects->host);
    assert_string_equal(effects->broken, "http_get: no url");
}

static void next_callback_starts_without_a_broken_rule(void **state)
{
    struct effects *const effects = *state;

    (void)get_without_url(&effects->host);
    effects_begin(effects, 5);
    assert_null(effects->broken);
    assert_int_equal(effects->host.now_ns, 5);
}

static void connection_of_a_failed_callback_is_forgotten(void **state)
{
    struct effects *const effects = *state;

    assert_int_equal(arb_ws_open(&effects->host, 9, &good_ws), ARB_OK);
    assert_int_equal(arb_ws_send(&effects->host, 9, "x", 1), ARB_OK); /* meanwhile it exists */
    effects_begin(effects, 3);                                        /* without accepting */
    assert_int_equal(arb_ws_send(&effects->host, 9, "x", 1), ARB_EINVAL);
}

/* -- what is kept --------------------------------------------------------------------- */

static void requests_are_kept_in_order(void **state)
{
    static const uint32_t kinds[] = { EFFECT_TIMER,   EFFECT_BOOK,    EFFECT_WS_SEND,
                                      EFFECT_LISTING, EFFECT_REFUSED, EFFECT_CATALOG_END };
    struct effects *const effects = *state;
    struct arb_host *const host = &effects->host;

    assert_int_equal(arb_timer_set(host, 63, UINT32_MAX), ARB_OK);
    assert_int_equal(arb_book_publish(host, &good_book), ARB_OK);
    assert_int_equal(arb_ws_send(host, CONN, "", 0), ARB_OK);
    assert_int_equal(arb_listing_publish(host, &good_listing), ARB_OK);
    assert_int_equal(arb_book_refused(host, 0, NULL), ARB_OK);
    assert_int_equal(arb_catalog_end(host), ARB_OK);
    const struct effect *effect = effects_first(effects);
    for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
        assert_non_null(effect);
        assert_int_equal(effect->kind, kinds[i]);
        effect = effects_next(effects, effect);
    }
    assert_null(effect);
    assert_null(effects->broken);
}

static void everything_is_copied(void **state)
{
    struct effects *const effects = *state;
    struct arb_level levels[] = { { 5, 6 } };
    char text[] = "hello";
    struct arb_book_event event = good_book;

    event.bids = levels;
    event.n_bids = 1;
    assert_int_equal(arb_ws_send(&effects->host, CONN, text, 3), ARB_OK);
    assert_int_equal(arb_book_publish(&effects->host, &event), ARB_OK);
    memset(text, 'x', sizeof(text));
    memset(levels, 0, sizeof(levels));
    const struct effect *const send = effects_first(effects);
    const struct effect *const book = effects_next(effects, send);
    assert_string_equal(send->text.data, "hel");
    assert_int_equal(send->text.len, 3);
    assert_int_equal(book->book.bids[0].px, 5);
    assert_int_equal(book->book.asks[0].px, good_levels[0].px);
}

static void empty_book_needs_no_levels(void **state)
{
    struct effects *const effects = *state;
    const struct arb_book_event event = { .size = (uint32_t)sizeof(event),
                                          .kind = ARB_BOOK_SNAPSHOT };

    assert_int_equal(arb_book_publish(&effects->host, &event), ARB_OK);
    assert_null(effects->broken);
}

/* Four books of the largest size, bids and asks, are 8 MiB; with their records they do not fit. */
static void arena_has_a_limit(void **state)
{
    struct effects *const effects = *state;
    struct arb_level *const levels = calloc(ARB_EVENT_LEVELS_MAX, sizeof(*levels));
    struct arb_book_event event = good_book;
    int rc = ARB_OK;
    unsigned n = 0;

    assert_non_null(levels);
    for (uint32_t i = 0; i < ARB_EVENT_LEVELS_MAX; i++) {
        levels[i].px = 1 + i;
    }
    event.bids = event.asks = levels;
    event.n_bids = event.n_asks = ARB_EVENT_LEVELS_MAX;
    for (; rc == ARB_OK; n++) {
        rc = arb_book_publish(&effects->host, &event);
    }
    assert_int_equal(rc, ARB_ELIMIT);
    assert_int_equal(n, ARENA_BYTES / (2 * 16 * ARB_EVENT_LEVELS_MAX));
    assert_string_equal(effects->broken, "one callback asked for more than the arena holds");
    free(levels);
}

static void arena_is_filled_to_its_last_byte(void **state)
{
    struct effects *const effects = *state;
    const size_t len = ARENA_BYTES - sizeof(struct effect) - 1;
    char *const text = malloc(len + 8);

    assert_non_null(text);
    memset(text, 'x', len + 8);
    assert_int_equal(arb_ws_send(&effects->host, CONN, text, len), ARB_OK);
    assert_int_equal(arb_timer_set(&effects->host, 0, 0), ARB_ELIMIT);
    effects_begin(effects, 3);
    assert_int_equal(arb_ws_send(&effects->host, CONN, text, len + 1), ARB_ELIMIT);
    free(text);
}

#define EFFECTS_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EFFECTS_TEST(view_shows_the_book_that_was_asked_for),
        EFFECTS_TEST(view_without_books_is_not_supported),
        EFFECTS_TEST(view_of_an_older_host_is_not_supported),
        EFFECTS_TEST(view_of_a_strange_instrument_is_a_broken_rule),
        EFFECTS_TEST(connection_rules_are_checked),
        EFFECTS_TEST(declaration_and_listing_rules_are_checked),
        EFFECTS_TEST(instrument_rules_are_checked),
        EFFECTS_TEST(book_rules_are_checked),
        EFFECTS_TEST(first_broken_rule_is_the_one_remembered),
        EFFECTS_TEST(next_callback_starts_without_a_broken_rule),
        EFFECTS_TEST(connection_of_a_failed_callback_is_forgotten),
        EFFECTS_TEST(requests_are_kept_in_order),
        EFFECTS_TEST(everything_is_copied),
        EFFECTS_TEST(empty_book_needs_no_levels),
        EFFECTS_TEST(arena_has_a_limit),
        EFFECTS_TEST(arena_is_filled_to_its_last_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
