/*
 * What a plugin asks for in one callback: what is recorded, what is refused, whose memory it is,
 * and that a session carries out all of it or nothing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "plugin/abi_sizes.h"
#include "session/effects.h"
#include "stderr_capture.h"
#include "session_world.h"

enum { TAPE_MAX = 16384, MIB = 1 << 20, MANY = 2000 };

/* A record, and a text that shows it. */
struct tape {
    struct effects effects;
    struct arb_text text;
    char buffer[TAPE_MAX];
};

static const struct arb_level two_bids[] = { { .px = 100, .qty = 2 }, { .px = 99, .qty = 0 } };
static const struct arb_level one_ask[] = { { .px = 101, .qty = 3 } };

/* Two instruments, two connections, two channels; the callback is in its third second. */
static struct tape *tape_create(void)
{
    struct tape *const tape = calloc(1, sizeof(*tape));

    assert_non_null(tape);
    assert_int_equal(ARB_OK, effects_init(&tape->effects, "venue=test"));
    tape->effects.n_instruments = tape->effects.n_conns = tape->effects.n_channels = 2;
    tape->effects.can_check = tape->effects.can_time = true;
    effects_begin(&tape->effects, 3 * NS_PER_S, 3 * NS_PER_S);
    return tape;
}

static void tape_destroy(struct tape *tape)
{
    effects_fini(&tape->effects);
    free(tape);
}

static struct arb_host *host_of(struct tape *tape)
{
    return &tape->effects.host;
}

/* -- telling -------------------------------------------------------------------------- */

static void show_levels(struct arb_text *text, char side, const struct arb_level *levels,
                        uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        arb_text_add(text, " %c%" PRId64 "x%" PRId64, side, levels[i].px, levels[i].qty);
    }
}

static void show_book(struct arb_text *text, const struct arb_book_event *event)
{
    arb_text_add(text, "book %u kind=%u #%" PRIu64 "-%" PRIu64 "<%" PRIu64 " max=%u at=%" PRId64,
                 event->instrument, event->kind, event->first_seq, event->last_seq, event->prev_seq,
                 event->max_depth, event->venue_ns);
    arb_text_add(text, " digits=%u,%u", event->px_digits, event->qty_digits);
    if (event->has_checksum) {
        arb_text_add(text, " sum=%u", event->checksum);
    }
    show_levels(text, 'b', event->bids, event->n_bids);
    show_levels(text, 'a', event->asks, event->n_asks);
    arb_text_add(text, "\n");
}

static void show_listing(struct arb_text *text, const struct arb_listing *listing)
{
    arb_text_add(text, "listing %s %s trading=%u digits=%u,%u\n", listing->symbol,
                 listing->venue_symbol, listing->trading, listing->px_digits, listing->qty_digits);
}

/* What a kind has no use for is not looked at. */
static void show_effect(struct arb_text *text, const struct effect *effect)
{
    const char *const why = effect->text.data;

    switch ((enum effect_kind)effect->kind) {
    case EFFECT_TIMER:
        arb_text_add(text, "timer %u %u ms\n", effect->id, effect->value);
        break;
    case EFFECT_ANSWERED:
        arb_text_add(text, "answered %u channel=%u outcome=%u \"%s\"\n", effect->id,
                     effect->channel, effect->value, why);
        break;
    case EFFECT_ANSWERED_ASK:
        arb_text_add(text, "answered_ask %u outcome=%u \"%s\"\n", effect->id, effect->value, why);
        break;
    case EFFECT_LISTING:
        show_listing(text, &effect->listing);
        break;
    case EFFECT_CATALOG_END:
        arb_text_add(text, "catalog_end\n");
        break;
    case EFFECT_TRADING:
        arb_text_add(text, "trading %u status=%u \"%s\"\n", effect->id, effect->value, why);
        break;
    case EFFECT_BOOK:
        show_book(text, &effect->book);
        break;
    case EFFECT_REJECT:
        arb_text_add(text, "reject %u scale=%u \"%s\"\n", effect->id, effect->value, why);
        break;
    case EFFECT_RESYNC:
        arb_text_add(text, "resync %u \"%s\"\n", effect->id, why);
        break;
    case EFFECT_CONN_SEQ:
        arb_text_add(text, "conn_seq %u #%" PRIu64 "\n", effect->id, effect->seq);
        break;
    case EFFECT_SEND:
        arb_text_add(text, "send %u binary=%u %zu \"%s\"\n", effect->id, effect->value,
                     effect->text.len, why);
        break;
    case EFFECT_CLOSE:
        arb_text_add(text, "close %u \"%s\"\n", effect->id, why);
        break;
    case EFFECT_RENEW:
        arb_text_add(text, "renew %u \"%s\"\n", effect->id, why);
        break;
    case EFFECT_HEARTBEAT:
        arb_text_add(text, "heartbeat %u #%u %" PRId64 " %" PRId64 "\n", effect->id, effect->value,
                     effect->heartbeat.received_ns, effect->heartbeat.answered_ns);
        break;
    }
}

/* Compares the whole record. */
static void expect(struct tape *tape, const char *want)
{
    tape->text = arb_text_over(tape->buffer, sizeof(tape->buffer));
    for (const struct effect *effect = effects_first(&tape->effects); effect != NULL;
         effect = effects_next(&tape->effects, effect)) {
        show_effect(&tape->text, effect);
    }
    assert_true(arb_text_fits(&tape->text));
    assert_string_equal(tape->buffer, want);
}

static uint32_t count(const struct effects *effects)
{
    uint32_t n = 0;

    for (const struct effect *effect = effects_first(effects); effect != NULL;
         effect = effects_next(effects, effect)) {
        n++;
    }
    return n;
}

/* The call was refused for this reason, and left nothing behind. */
static void expect_refused(struct tape *tape, int rc, int want, const char *rule)
{
    assert_int_equal(rc, want);
    assert_non_null(tape->effects.broken);
    assert_string_equal(tape->effects.broken, rule);
    expect(tape, "");
    effects_begin(&tape->effects, 0, 0);
}

/* The call was taken: one record, which the next callback does not see. */
static void expect_taken(struct tape *tape, int rc)
{
    assert_int_equal(rc, ARB_OK);
    assert_null(tape->effects.broken);
    assert_int_equal(count(&tape->effects), 1);
    effects_begin(&tape->effects, 0, 0);
}

static struct arb_book_event an_event(void)
{
    return (struct arb_book_event){ .size = (uint32_t)sizeof(struct arb_book_event),
                                    .instrument = 1,
                                    .kind = ARB_BOOK_DELTA,
                                    .max_depth = 10,
                                    .first_seq = 5,
                                    .last_seq = 7,
                                    .prev_seq = 4,
                                    .venue_ns = 12,
                                    .bids = two_bids,
                                    .asks = one_ask,
                                    .n_bids = 2,
                                    .n_asks = 1,
                                    .checksum = 77,
                                    .has_checksum = true,
                                    .px_digits = 1,
                                    .qty_digits = 8 };
}

static struct arb_listing a_listing(void)
{
    return (struct arb_listing){ .size = (uint32_t)sizeof(struct arb_listing),
                                 .trading = ARB_TRADING_OPEN,
                                 .symbol = "BTC/USD",
                                 .venue_symbol = "xbtusd",
                                 .px_digits = 1,
                                 .qty_digits = 8 };
}

/* -- what is recorded ----------------------------------------------------------------- */

/* One call of each kind, in an order of its own. */
static void ask_for_everything(struct arb_host *host)
{
    const struct arb_book_event event = an_event();
    const struct arb_listing listing = a_listing();

    assert_int_equal(ARB_OK, arb_ws_renew(host, 1, "soon"));
    assert_int_equal(ARB_OK, arb_timer_set(host, 3, 250));
    assert_int_equal(ARB_OK, arb_answered(host, 0, 1, ARB_LEFT, "bye"));
    assert_int_equal(ARB_OK, arb_answered(host, ARB_NO_INSTRUMENT, 0, ARB_LATER, "slow"));
    assert_int_equal(ARB_OK, arb_answered_ask(host, 4000000000U, ARB_REFUSED, NULL));
    assert_int_equal(ARB_OK, arb_listing_publish(host, &listing));
    assert_int_equal(ARB_OK, arb_catalog_end(host));
    assert_int_equal(ARB_OK, arb_trading_set(host, 1, ARB_TRADING_HALTED, "auction"));
    assert_int_equal(ARB_OK, arb_trading_set(host, ARB_ALL_INSTRUMENTS, ARB_TRADING_OPEN, "up"));
    assert_int_equal(ARB_OK, arb_book_publish(host, &event));
    assert_int_equal(ARB_OK, arb_book_reject(host, 0, ARB_ERANGE));
    assert_int_equal(ARB_OK, arb_book_reject(host, 1, ARB_EPROTO));
    assert_int_equal(ARB_OK, arb_book_resync(host, 0, "odd"));
    assert_int_equal(ARB_OK, arb_conn_seq(host, 1, UINT64_MAX));
    assert_int_equal(ARB_OK, arb_ws_send(host, 0, "pong", 4));
    assert_int_equal(ARB_OK, arb_ws_send_binary(host, 1, "a\0b", 3));
    assert_int_equal(ARB_OK, arb_ws_send(host, 0, "", 0));
    assert_int_equal(ARB_OK, arb_ws_close(host, 0, "enough"));
    assert_int_equal(ARB_OK, arb_heartbeat_times(host, 1, 7, 1, 1));
    assert_int_equal(ARB_OK, arb_heartbeat_times(host, 1, 7, 0, 1)); /* no clock shows these: */
    assert_int_equal(ARB_OK, arb_heartbeat_times(host, 1, 7, 2, 1)); /* not recorded */
}

static const char everything[] =
    "renew 1 \"soon\"\n"
    "timer 3 250 ms\n"
    "answered 0 channel=1 outcome=2 \"bye\"\n"
    "answered 4294967295 channel=0 outcome=3 \"slow\"\n"
    "answered_ask 4000000000 outcome=4 \"\"\n"
    "listing BTC/USD xbtusd trading=1 digits=1,8\n"
    "catalog_end\n"
    "trading 1 status=4 \"auction\"\n"
    "trading 4294967295 status=1 \"up\"\n"
    "book 1 kind=2 #5-7<4 max=10 at=12 digits=1,8 sum=77 b100x2 b99x0 a101x3\n"
    "reject 0 scale=1 \"a number does not fit\"\n"
    "reject 1 scale=0 \"the venue's message of this book is damaged\"\n"
    "resync 0 \"odd\"\n"
    "conn_seq 1 #18446744073709551615\n"
    "send 0 binary=0 4 \"pong\"\n"
    "send 1 binary=1 3 \"a\"\n"
    "send 0 binary=0 0 \"\"\n"
    "close 0 \"enough\"\n"
    "heartbeat 1 #7 1 1\n";

static void calls_are_recorded_in_their_order(void **state)
{
    struct tape *const tape = tape_create();

    (void)state;
    expect(tape, "");
    ask_for_everything(host_of(tape));
    assert_null(tape->effects.broken);
    expect(tape, everything);
    tape_destroy(tape);
}

static void next_callback_starts_with_nothing(void **state)
{
    struct tape *const tape = tape_create();

    (void)state;
    ask_for_everything(host_of(tape));
    assert_int_equal(ARB_EINVAL, arb_ws_close(host_of(tape), 2, ""));
    effects_begin(&tape->effects, 5, 6);
    expect(tape, "");
    assert_null(tape->effects.broken);
    assert_int_equal(5, host_of(tape)->mono_ns);
    assert_int_equal(6, host_of(tape)->now_ns);
    ask_for_everything(host_of(tape));
    expect(tape, everything);
    tape_destroy(tape);
}

static void logging_is_not_recorded(void **state)
{
    struct tape *const tape = tape_create();

    (void)state;
    arb_log(host_of(tape), ARB_DEBUG, "%d", 1);
    expect(tape, "");
    tape_destroy(tape);
}

static void flood_of_one_line_hides_no_other(void **state)
{
    struct tape *const tape = tape_create();
    struct stderr_capture capture;

    (void)state;
    stderr_capture_begin(&capture);
    for (int i = 0; i < 100; i++) {
        arb_log(host_of(tape), ARB_WARN, "%s", "flood");
    }
    arb_log(host_of(tape), ARB_WARN, "another");
    const char *const text = stderr_capture_end(&capture);
    assert_int_equal(count_of(text, "msg=\"flood\""), 1);
    assert_int_equal(count_of(text, "msg=\"another\""), 1);
    assert_int_equal(count_of(text, "\n"), 2);
    tape_destroy(tape);
}

/* -- whose memory it is --------------------------------------------------------------- */

/* A plugin's own memory, of which it has only this much. */
struct scratch {
    char text[8], symbol[8], venue_symbol[8];
    struct arb_level levels[3];
    struct arb_book_event event;
    struct arb_listing listing;
};

static void ask_with_scratch(struct arb_host *host, const struct scratch *scratch)
{
    (void)arb_book_publish(host, &scratch->event);
    (void)arb_listing_publish(host, &scratch->listing);
    (void)arb_answered(host, 0, 0, ARB_REFUSED, scratch->text);
    (void)arb_answered_ask(host, 1, ARB_REFUSED, scratch->text);
    (void)arb_trading_set(host, 0, ARB_TRADING_OPEN, scratch->text);
    (void)arb_book_resync(host, 0, scratch->text);
    (void)arb_ws_send(host, 0, scratch->text, 6);
    (void)arb_ws_close(host, 0, scratch->text);
    (void)arb_ws_renew(host, 0, scratch->text);
}

static void plugin_may_reuse_its_memory(void **state)
{
    struct tape *const tape = tape_create();
    struct scratch scratch = { .text = "before",
                               .symbol = "BTC/USD",
                               .venue_symbol = "xbtusd",
                               .levels = { two_bids[0], two_bids[1], one_ask[0] },
                               .event = an_event(),
                               .listing = a_listing() };

    (void)state;
    scratch.event.bids = scratch.levels;
    scratch.event.asks = scratch.levels + 2;
    scratch.listing.symbol = scratch.symbol;
    scratch.listing.venue_symbol = scratch.venue_symbol;
    ask_with_scratch(host_of(tape), &scratch);
    memset(&scratch, 0x5a, sizeof(scratch));
    expect(tape, "book 1 kind=2 #5-7<4 max=10 at=12 digits=1,8 sum=77 b100x2 b99x0 a101x3\n"
                 "listing BTC/USD xbtusd trading=1 digits=1,8\n"
                 "answered 0 channel=0 outcome=4 \"before\"\n"
                 "answered_ask 1 outcome=4 \"before\"\n"
                 "trading 0 status=1 \"before\"\n"
                 "resync 0 \"before\"\n"
                 "send 0 binary=0 6 \"before\"\n"
                 "close 0 \"before\"\n"
                 "renew 0 \"before\"\n");
    tape_destroy(tape);
}

static void binary_message_is_whole(void **state)
{
    struct tape *const tape = tape_create();

    (void)state;
    assert_int_equal(ARB_OK, arb_ws_send_binary(host_of(tape), 0, "a\0b", 3));
    assert_memory_equal(effects_first(&tape->effects)->text.data, "a\0b", 4);
    tape_destroy(tape);
}

static void message_without_a_terminator_gets_one(void **state)
{
    struct tape *const tape = tape_create();

    (void)state;
    assert_int_equal(ARB_OK, arb_ws_send(host_of(tape), 0, "pongpong", 4));
    expect(tape, "send 0 binary=0 4 \"pong\"\n");
    tape_destroy(tape);
}

static void send_number(struct arb_host *host, int64_t i)
{
    const struct arb_level bid = { .px = 1 + i, .qty = i }, asks[] = { bid, bid };
    struct arb_book_event event = an_event();
    char text[24];
    const int len = snprintf(text, sizeof(text), "%" PRId64, i);

    event.bids = &bid;
    event.asks = asks;
    event.n_bids = 1;
    event.n_asks = 2;
    assert_int_equal(ARB_OK, arb_book_publish(host, &event));
    assert_int_equal(ARB_OK, arb_ws_send(host, 0, text, (size_t)len));
}

/* The first record is as it was when the last one came, however many there are. */
static void many_records_stay_what_they_were(void **state)
{
    struct tape *const tape = tape_create();
    const struct effect *effect;
    char text[24];

    (void)state;
    for (int64_t i = 0; i < MANY; i++) {
        send_number(host_of(tape), i);
    }
    effect = effects_first(&tape->effects);
    for (int64_t i = 0; i < MANY; i++) {
        const struct arb_level level = { .px = 1 + i, .qty = i };
        assert_non_null(effect);
        assert_memory_equal(&effect->book.bids[0], &level, sizeof(level));
        assert_memory_equal(&effect->book.asks[0], &level, sizeof(level));
        assert_memory_equal(&effect->book.asks[1], &level, sizeof(level));
        effect = effects_next(&tape->effects, effect);
        assert_non_null(effect);
        (void)snprintf(text, sizeof(text), "%" PRId64, i);
        assert_string_equal(effect->text.data, text);
        effect = effects_next(&tape->effects, effect);
    }
    assert_null(effect);
    tape_destroy(tape);
}

/* -- what is refused ------------------------------------------------------------------ */

static const char no_instrument[] = "an instrument that is none of env->instruments: "
                                    "arb_instrument_find() tells its index";
static const char no_conn[] = "a connection that there is not";

static void instruments_have_an_end(void **state)
{
    struct tape *const tape = tape_create();
    struct arb_host *const host = host_of(tape);
    struct arb_book_event event = an_event();

    (void)state;
    event.instrument = 1;
    expect_taken(tape, arb_book_publish(host, &event));
    expect_taken(tape, arb_answered(host, 1, 0, ARB_LEFT, ""));
    expect_taken(tape, arb_trading_set(host, 1, ARB_TRADING_OPEN, ""));
    expect_taken(tape, arb_book_reject(host, 1, ARB_EPROTO));
    expect_taken(tape, arb_book_resync(host, 1, ""));
    event.instrument = 2;
    expect_refused(tape, arb_book_publish(host, &event), ARB_EINVAL, no_instrument);
    expect_refused(tape, arb_answered(host, 2, 0, ARB_LEFT, ""), ARB_EINVAL, no_instrument);
    expect_refused(tape, arb_trading_set(host, 2, ARB_TRADING_OPEN, ""), ARB_EINVAL, no_instrument);
    expect_refused(tape, arb_book_reject(host, 2, ARB_EPROTO), ARB_EINVAL, no_instrument);
    expect_refused(tape, arb_book_resync(host, 2, ""), ARB_EINVAL, no_instrument);
    tape_destroy(tape);
}

/* Only answers may be about nobody, only a status about everybody. */
static void nobody_is_no_instrument(void **state)
{
    struct tape *const tape = tape_create();
    struct arb_host *const host = host_of(tape);
    struct arb_book_event event = an_event();

    (void)state;
    event.instrument = ARB_NO_INSTRUMENT;
    expect_refused(tape, arb_book_publish(host, &event), ARB_EINVAL, no_instrument);
    expect_refused(tape, arb_book_reject(host, ARB_NO_INSTRUMENT, ARB_EPROTO), ARB_EINVAL,
                   no_instrument);
    expect_refused(tape, arb_book_resync(host, ARB_ALL_INSTRUMENTS, ""), ARB_EINVAL, no_instrument);
    tape_destroy(tape);
}

static void connections_have_an_end(void **state)
{
    struct tape *const tape = tape_create();
    struct arb_host *const host = host_of(tape);

    (void)state;
    expect_taken(tape, arb_conn_seq(host, 1, 1));
    expect_taken(tape, arb_ws_send(host, 1, "x", 1));
    expect_taken(tape, arb_ws_close(host, 1, ""));
    expect_taken(tape, arb_ws_renew(host, 1, ""));
    expect_refused(tape, arb_conn_seq(host, 2, 1), ARB_EINVAL, no_conn);
    expect_refused(tape, arb_heartbeat_times(host, 2, 1, 1, 1), ARB_EINVAL, no_conn);
    expect_refused(tape, arb_ws_send(host, 2, "x", 1), ARB_EINVAL, no_conn);
    expect_refused(tape, arb_ws_close(host, 2, ""), ARB_EINVAL, no_conn);
    expect_refused(tape, arb_ws_renew(host, 2, ""), ARB_EINVAL, no_conn);
    tape_destroy(tape);
}

static void choices_have_both_ends(void **state)
{
    static const char rule[] = "answered: a channel that is not below plan.channels, or no "
                               "outcome";
    static const char ask_rule[] = "answered: not one of enum arb_outcome";
    static const char trading_rule[] = "trading: not one of enum arb_trading";
    struct tape *const tape = tape_create();
    struct arb_host *const host = host_of(tape);

    (void)state;
    expect_taken(tape, arb_answered(host, 0, 1, ARB_SUBSCRIBED, ""));
    expect_taken(tape, arb_answered(host, 0, 1, ARB_REFUSED, ""));
    expect_refused(tape, arb_answered(host, 0, 2, ARB_LEFT, ""), ARB_EINVAL, rule);
    expect_refused(tape, arb_answered(host, 0, 0, (enum arb_outcome)0, ""), ARB_EINVAL, rule);
    expect_refused(tape, arb_answered(host, 0, 0, (enum arb_outcome)5, ""), ARB_EINVAL, rule);
    expect_taken(tape, arb_answered_ask(host, 1, ARB_SUBSCRIBED, ""));
    expect_taken(tape, arb_answered_ask(host, 1, ARB_REFUSED, ""));
    expect_refused(tape, arb_answered_ask(host, 1, (enum arb_outcome)0, ""), ARB_EINVAL, ask_rule);
    expect_refused(tape, arb_answered_ask(host, 1, (enum arb_outcome)5, ""), ARB_EINVAL, ask_rule);
    expect_taken(tape, arb_trading_set(host, 0, ARB_TRADING_OPEN, ""));
    expect_taken(tape, arb_trading_set(host, 0, ARB_TRADING_HALTED, ""));
    expect_refused(tape, arb_trading_set(host, 0, (enum arb_trading)0, ""), ARB_EINVAL,
                   trading_rule);
    expect_refused(tape, arb_trading_set(host, 0, (enum arb_trading)5, ""), ARB_EINVAL,
                   trading_rule);
    tape_destroy(tape);
}

static void timers_have_an_end_and_need_their_callback(void **state)
{
    struct tape *const tape = tape_create();
    struct arb_host *const host = host_of(tape);

    (void)state;
    expect_taken(tape, arb_timer_set(host, ARB_TIMERS_MAX - 1, UINT32_MAX));
    expect_taken(tape, arb_timer_set(host, 0, 0));
    expect_refused(tape, arb_timer_set(host, ARB_TIMERS_MAX, 1), ARB_EINVAL,
                   "timer_set: the timer must be below ARB_TIMERS_MAX");
    tape->effects.can_time = false;
    expect_refused(tape, arb_timer_set(host, 0, 1), ARB_EINVAL,
                   "timer_set: the plugin has no on_timer()");
    tape_destroy(tape);
}

static int list_named(struct arb_host *host, const char *symbol, const char *venue_symbol)
{
    struct arb_listing listing = a_listing();

    listing.symbol = symbol;
    listing.venue_symbol = venue_symbol;
    return arb_listing_publish(host, &listing);
}

static void listings_have_names_that_fit(void **state)
{
    static const char rule[] = "listing: a symbol or trading is not acceptable";
    struct tape *const tape = tape_create();
    struct arb_host *const host = host_of(tape);
    char longest[ARB_SYMBOL_MAX], longer[ARB_SYMBOL_MAX + 1];

    (void)state;
    memset(longest, 'x', sizeof(longest));
    memset(longer, 'x', sizeof(longer));
    longest[sizeof(longest) - 1] = longer[sizeof(longer) - 1] = '\0';
    expect_taken(tape, list_named(host, longest, longest));
    expect_refused(tape, list_named(host, longer, "x"), ARB_EINVAL, rule);
    expect_refused(tape, list_named(host, "x", longer), ARB_EINVAL, rule);
    expect_refused(tape, list_named(host, "", "x"), ARB_EINVAL, rule);
    expect_refused(tape, list_named(host, "x", ""), ARB_EINVAL, rule);
    expect_refused(tape, list_named(host, NULL, "x"), ARB_EINVAL, rule);
    expect_refused(tape, list_named(host, "x", NULL), ARB_EINVAL, rule);
    tape_destroy(tape);
}

static void listings_say_whether_they_trade(void **state)
{
    static const char rule[] = "listing: a symbol or trading is not acceptable";
    struct tape *const tape = tape_create();
    struct arb_listing listing = a_listing();

    (void)state;
    listing.trading = ARB_TRADING_HALTED;
    expect_taken(tape, arb_listing_publish(host_of(tape), &listing));
    listing.trading = 0;
    expect_refused(tape, arb_listing_publish(host_of(tape), &listing), ARB_EINVAL, rule);
    listing.trading = ARB_TRADING_HALTED + 1;
    expect_refused(tape, arb_listing_publish(host_of(tape), &listing), ARB_EINVAL, rule);
    tape_destroy(tape);
}

static void terms_of_listings_are_decimals(void **state)
{
    static const char rule[] = "listing: terms are decimals from 0 on";
    struct tape *const tape = tape_create();
    struct arb_listing listing = a_listing();
    struct arb_decimal *const terms[] = { &listing.terms.tick, &listing.terms.lot,
                                          &listing.terms.min_qty, &listing.terms.min_notional };

    (void)state;
    for (size_t i = 0; i < sizeof(terms) / sizeof(*terms); i++) {
        *terms[i] = (struct arb_decimal){ .units = INT64_MAX, .scale = ARB_SCALE_MAX };
        expect_taken(tape, arb_listing_publish(host_of(tape), &listing));
        terms[i]->scale = ARB_SCALE_MAX + 1;
        expect_refused(tape, arb_listing_publish(host_of(tape), &listing), ARB_EINVAL, rule);
        *terms[i] = (struct arb_decimal){ .units = -1 };
        expect_refused(tape, arb_listing_publish(host_of(tape), &listing), ARB_EINVAL, rule);
        *terms[i] = (struct arb_decimal){ .units = 0 };
    }
    tape_destroy(tape);
}

static void books_are_of_a_kind(void **state)
{
    struct tape *const tape = tape_create();
    struct arb_book_event event = an_event();

    (void)state;
    for (event.kind = ARB_BOOK_SNAPSHOT; event.kind <= ARB_BOOK_TOP; event.kind++) {
        expect_taken(tape, arb_book_publish(host_of(tape), &event));
    }
    expect_refused(tape, arb_book_publish(host_of(tape), &event), ARB_EINVAL,
                   "book: kind is not set");
    event.kind = 0;
    expect_refused(tape, arb_book_publish(host_of(tape), &event), ARB_EINVAL,
                   "book: kind is not set");
    tape_destroy(tape);
}

/* ARB_EVENT_LEVELS_MAX + 1 levels, all the same. */
static struct arb_level *too_many_levels(void)
{
    struct arb_level *const levels = calloc(ARB_EVENT_LEVELS_MAX + 1, sizeof(*levels));

    assert_non_null(levels);
    for (uint32_t i = 0; i <= ARB_EVENT_LEVELS_MAX; i++) {
        levels[i] = (struct arb_level){ .px = 1, .qty = 1 };
    }
    return levels;
}

static void books_have_a_largest_size(void **state)
{
    static const char rule[] = "book: more than ARB_EVENT_LEVELS_MAX levels a side";
    struct tape *const tape = tape_create();
    struct arb_level *const levels = too_many_levels();
    struct arb_book_event event = an_event();

    (void)state;
    event.bids = event.asks = levels;
    event.n_bids = event.n_asks = ARB_EVENT_LEVELS_MAX;
    expect_taken(tape, arb_book_publish(host_of(tape), &event));
    event.n_bids = ARB_EVENT_LEVELS_MAX + 1;
    expect_refused(tape, arb_book_publish(host_of(tape), &event), ARB_EINVAL, rule);
    event.n_bids = 0;
    event.n_asks = ARB_EVENT_LEVELS_MAX + 1;
    expect_refused(tape, arb_book_publish(host_of(tape), &event), ARB_EINVAL, rule);
    free(levels);
    tape_destroy(tape);
}

static void books_have_the_levels_they_count(void **state)
{
    static const char rule[] = "book: levels are missing";
    struct tape *const tape = tape_create();
    struct arb_book_event event = an_event();

    (void)state;
    event.bids = NULL;
    expect_refused(tape, arb_book_publish(host_of(tape), &event), ARB_EINVAL, rule);
    event.n_bids = 0;
    expect_taken(tape, arb_book_publish(host_of(tape), &event));
    event.asks = NULL;
    expect_refused(tape, arb_book_publish(host_of(tape), &event), ARB_EINVAL, rule);
    event.n_asks = 0;
    expect_taken(tape, arb_book_publish(host_of(tape), &event));
    tape_destroy(tape);
}

static void checksums_need_their_callback(void **state)
{
    struct tape *const tape = tape_create();
    struct arb_book_event event = an_event();

    (void)state;
    tape->effects.can_check = false;
    expect_refused(tape, arb_book_publish(host_of(tape), &event), ARB_EINVAL,
                   "book: has_checksum, but the plugin has no checksum()");
    event.has_checksum = false;
    expect_taken(tape, arb_book_publish(host_of(tape), &event));
    tape_destroy(tape);
}

/* The venue's fault, not the plugin's: it costs the book, and nothing of it is recorded. */
static void illegal_level_rejects_its_book(void **state)
{
    static const struct arb_level bad[] = { { 0, 1 }, { -1, 1 }, { 1, -1 } };
    static const struct arb_level least[] = { { 1, 0 } };
    struct tape *const tape = tape_create();
    struct arb_book_event event = an_event();

    (void)state;
    event.asks = least;
    expect_taken(tape, arb_book_publish(host_of(tape), &event));
    for (size_t i = 0; i < 3; i++) {
        const struct arb_level levels[] = { one_ask[0], bad[i] };
        event.bids = i == 1 ? levels : two_bids;
        event.asks = i == 1 ? two_bids : levels;
        event.n_bids = event.n_asks = 2;
        assert_int_equal(ARB_OK, arb_book_publish(host_of(tape), &event));
    }
    assert_null(tape->effects.broken);
    expect(tape, "reject 1 scale=0 \"a price is not positive, or a quantity negative\"\n"
                 "reject 1 scale=0 \"a price is not positive, or a quantity negative\"\n"
                 "reject 1 scale=0 \"a price is not positive, or a quantity negative\"\n");
    tape_destroy(tape);
}

/* -- sizes ---------------------------------------------------------------------------- */

/* What a plugin of an older minor does not send is what nobody said. */
static void event_of_the_least_size_is_filled_up(void **state)
{
    struct tape *const tape = tape_create();
    struct arb_book_event event = an_event();

    (void)state;
    event.size = ABI_LEAST_BOOK_EVENT;
    assert_int_equal(ARB_OK, arb_book_publish(host_of(tape), &event));
    expect(tape, "book 1 kind=2 #5-7<4 max=10 at=12 digits=255,255 b100x2 b99x0 a101x3\n");
    tape_destroy(tape);
}

static void sizes_below_the_least_are_refused(void **state)
{
    struct tape *const tape = tape_create();
    struct arb_book_event event = an_event();
    struct arb_listing listing = a_listing();

    (void)state;
    event.size = ABI_LEAST_BOOK_EVENT - 1;
    listing.size = ABI_LEAST_LISTING - 1;
    expect_refused(tape, arb_book_publish(host_of(tape), &event), ARB_EINVAL,
                   "book: size is not set");
    expect_refused(tape, arb_book_publish(host_of(tape), NULL), ARB_EINVAL,
                   "book: size is not set");
    expect_refused(tape, arb_listing_publish(host_of(tape), &listing), ARB_EINVAL,
                   "listing: size is not set");
    expect_refused(tape, arb_listing_publish(host_of(tape), NULL), ARB_EINVAL,
                   "listing: size is not set");
    tape_destroy(tape);
}

static void listing_of_the_least_size_is_filled_up(void **state)
{
    struct tape *const tape = tape_create();
    struct arb_listing listing = a_listing();

    (void)state;
    listing.size = ABI_LEAST_LISTING;
    assert_int_equal(ARB_OK, arb_listing_publish(host_of(tape), &listing));
    expect(tape, "listing BTC/USD xbtusd trading=1 digits=255,255\n");
    tape_destroy(tape);
}

/* What a later minor appends is not looked at. */
static void larger_structs_are_taken(void **state)
{
    struct {
        struct arb_book_event known;
        uint64_t later;
    } event = { .known = an_event() };
    struct {
        struct arb_listing known;
        uint64_t later;
    } listing = { .known = a_listing() };
    struct tape *const tape = tape_create();

    (void)state;
    event.known.size = (uint32_t)sizeof(event);
    listing.known.size = (uint32_t)sizeof(listing);
    assert_int_equal(ARB_OK, arb_book_publish(host_of(tape), &event.known));
    assert_int_equal(ARB_OK, arb_listing_publish(host_of(tape), &listing.known));
    expect(tape, "book 1 kind=2 #5-7<4 max=10 at=12 digits=1,8 sum=77 b100x2 b99x0 a101x3\n"
                 "listing BTC/USD xbtusd trading=1 digits=1,8\n");
    tape_destroy(tape);
}

/* -- limits --------------------------------------------------------------------------- */

static int send_bytes(struct tape *tape, const char *bytes, size_t len)
{
    return arb_ws_send(host_of(tape), 0, bytes, len);
}

/* Eight times a MiB and what stands in front of it is too much. What was taken stays recorded. */
static void one_callback_asks_for_so_much(void **state)
{
    struct tape *const tape = tape_create();
    char *const bytes = calloc(1, EFFECTS_BYTES_MAX);

    (void)state;
    assert_non_null(bytes);
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < EFFECTS_BYTES_MAX / MIB - 1; i++) {
            assert_int_equal(ARB_OK, send_bytes(tape, bytes, MIB));
        }
        assert_null(tape->effects.broken);
        assert_int_equal(ARB_ELIMIT, send_bytes(tape, bytes, MIB));
        assert_string_equal(tape->effects.broken,
                            "one callback asked for more than the arena holds");
        assert_int_equal(count(&tape->effects), EFFECTS_BYTES_MAX / MIB - 1);
        effects_begin(&tape->effects, 0, 0); /* and all the room is there again */
    }
    expect_refused(tape, send_bytes(tape, bytes, EFFECTS_BYTES_MAX), ARB_EINVAL,
                   "send: no data, or too much");
    expect_refused(tape, send_bytes(tape, NULL, 0), ARB_EINVAL, "send: no data, or too much");
    free(bytes);
    tape_destroy(tape);
}

/* Levels count as well: 65,536 a side are 2 MiB. */
static void levels_count_towards_the_limit(void **state)
{
    struct tape *const tape = tape_create();
    struct arb_level *const levels = too_many_levels();
    struct arb_book_event event = an_event();
    int rc = ARB_OK;
    unsigned n = 0;

    (void)state;
    event.bids = event.asks = levels;
    event.n_bids = event.n_asks = ARB_EVENT_LEVELS_MAX;
    while (n < 5 && (rc = arb_book_publish(host_of(tape), &event)) == ARB_OK) {
        n++;
    }
    assert_int_equal(n, 3);
    assert_int_equal(rc, ARB_ELIMIT);
    assert_string_equal(tape->effects.broken, "one callback asked for more than the arena holds");
    free(levels);
    tape_destroy(tape);
}

/* What else the callback did wrong followed from it. */
static void reason_that_is_missing_is_said_to_be(void **state)
{
    struct tape *const tape = tape_create();

    (void)state;
    assert_int_equal(ARB_OK, arb_book_resync(host_of(tape), 0, NULL));
    assert_int_equal(ARB_OK, arb_ws_close(host_of(tape), 1, ""));
    assert_int_equal(ARB_OK, arb_ws_renew(host_of(tape), 0, NULL));
    expect(tape, "resync 0 \"the plugin asked for it, and gave no reason\"\n"
                 "close 1 \"the plugin asked for it, and gave no reason\"\n"
                 "renew 0 \"the plugin asked for it, and gave no reason\"\n");
    tape_destroy(tape);
}

static void first_broken_rule_is_kept(void **state)
{
    struct tape *const tape = tape_create();

    (void)state;
    assert_int_equal(ARB_EINVAL, arb_ws_close(host_of(tape), 2, ""));
    assert_int_equal(ARB_EINVAL, arb_book_resync(host_of(tape), 2, ""));
    assert_int_equal(ARB_OK, arb_ws_close(host_of(tape), 1, ""));
    assert_string_equal(tape->effects.broken, no_conn);
    tape_destroy(tape);
}

static void expect_limited(struct tape *tape, int rc)
{
    assert_int_not_equal(rc, ARB_OK);
    expect_refused(tape, rc, rc, "in init() a plugin may only log and set timers");
}

static void in_init_only_timers_are_set(void **state)
{
    const struct arb_book_event event = an_event();
    const struct arb_listing listing = a_listing();
    struct tape *const tape = tape_create();
    struct arb_host *const host = host_of(tape);

    (void)state;
    tape->effects.is_limited = true;
    arb_log(host, ARB_DEBUG, "%d", 1);
    expect_taken(tape, arb_timer_set(host, 0, 1));
    expect_limited(tape, arb_answered(host, 0, 0, ARB_LEFT, ""));
    expect_limited(tape, arb_answered_ask(host, 0, ARB_LEFT, ""));
    expect_limited(tape, arb_listing_publish(host, &listing));
    expect_limited(tape, arb_catalog_end(host));
    expect_limited(tape, arb_trading_set(host, 0, ARB_TRADING_OPEN, ""));
    expect_limited(tape, arb_book_publish(host, &event));
    expect_limited(tape, arb_book_reject(host, 0, ARB_EPROTO));
    expect_limited(tape, arb_book_resync(host, 0, ""));
    expect_limited(tape, arb_conn_seq(host, 0, 1));
    expect_limited(tape, arb_heartbeat_times(host, 0, 1, 1, 1));
    expect_limited(tape, arb_ws_send(host, 0, "x", 1));
    expect_limited(tape, arb_ws_close(host, 0, ""));
    expect_limited(tape, arb_ws_renew(host, 0, ""));
    tape_destroy(tape);
}

/* -- looking at a book ---------------------------------------------------------------- */

static struct arb_book numbered_view(const void *context, uint32_t instrument)
{
    return (struct arb_book){ .seq = *(const uint64_t *)context + instrument };
}

static void view_answers_and_is_not_recorded(void **state)
{
    static const uint64_t base = 40;
    struct tape *const tape = tape_create();
    struct arb_book view = { .seq = 1 };

    (void)state;
    assert_int_equal(ARB_ENOTSUP, arb_book_view(host_of(tape), 0, &view));
    assert_int_equal(1, view.seq);
    tape->effects.view = numbered_view;
    tape->effects.view_context = &base;
    assert_int_equal(ARB_OK, arb_book_view(host_of(tape), 1, &view));
    assert_int_equal(41, view.seq);
    assert_null(tape->effects.broken);
    expect(tape, "");
    expect_refused(tape, arb_book_view(host_of(tape), 2, &view), ARB_EINVAL, no_instrument);
    expect_refused(tape, arb_book_view(host_of(tape), 1, NULL), ARB_EINVAL,
                   "view: there is no place for the book");
    tape_destroy(tape);
}

/* -- all or nothing ------------------------------------------------------------------- */

/* Everything a message can ask for; ETH/USD is not answered yet, BTC/USD is LIVE. */
#define ALL_KINDS                                                                                  \
    "timer 2 100;send 0 pong;connseq 0 5;answered 1 0 refused no such pair;trading 0 4 auction;"   \
    "delta 0 11 b99x1;resync 0 odd;renew 0 soon;close 0 enough;"

static const struct world_spec timed = { .options = { { "on_timer", "send 0 timer %" } } };

/* The books as the callback finds them, and a callback that records all and returns `rc`. */
static struct world *told_and_returned(const char *end)
{
    struct world *const world = world_live(&timed);
    char text[512];

    (void)snprintf(text, sizeof(text), "%s%s", ALL_KINDS, end);
    world_say(world, text);
    return world;
}

static void ok_carries_out_everything(void **state)
{
    struct world *const world = told_and_returned("");

    (void)state;
    world_expect(world, "> send 0 pong\n"
                        "status 1 UNUSABLE no such pair\n"
                        "status 0 LIVE halted auction\n"
                        "delta 0 LIVE halted b99x1\n"
                        "status 0 STALE halted odd\n"
                        "> replace: soon\n"
                        "> close 0 enough\n"
                        "status 0 SYNCING halted resync\n");
    world_wait(world, 100);
    world_expect(world, "> send 0 timer 2\n");
    world_destroy(world);
}

/* The venue's fault: the connection goes, and nothing of the message was done. */
static void venues_fault_carries_out_nothing(void **state)
{
    static const int codes[] = { ARB_EPROTO, ARB_ERANGE, ARB_ELIMIT };
    char end[16];

    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
        (void)snprintf(end, sizeof(end), "fail %d", codes[i]);
        struct world *const world = told_and_returned(end);
        world_expect(world, "status 0 STALE the venue sent what its protocol does not allow\n"
                            "status 1 STALE the venue sent what its protocol does not allow\n"
                            "> close 0 protocol error\n");
        world_wait(world, 100);
        world_expect(world, "");
        world_destroy(world);
    }
}

/* The plugin's fault, whatever it returns: a rule that the last request breaks undoes the first. */
static void broken_rule_carries_out_nothing(void **state)
{
    static const char *const ends[] = { "timer 64 1", "resync 2 x", "close 1 x", "trading 0 5 x" };

    (void)state;
    for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
        struct world *const world = told_and_returned(ends[i]);
        world_expect(world, "status 0 UNUSABLE the exchange was disabled\n"
                            "status 1 UNUSABLE the exchange was disabled\n"
                            "> give up 0 the exchange was disabled\n");
        world_wait(world, 100);
        world_expect(world, "");
        world_destroy(world);
    }
}

/* Returns ARB_OK although the host refused one of its requests. */
static int on_careless_message(void *instance, struct arb_host *host, uint32_t conn,
                               struct arb_message message)
{
    (void)instance;
    (void)message;
    (void)arb_ws_send(host, conn, "pong", 4);
    (void)arb_book_resync(host, 2, "there is none");
    return ARB_OK;
}

static void broken_rule_counts_though_ok_is_returned(void **state)
{
    struct arb_exchange_ops ops = fake_ops;
    struct arb_plugin desc = fake_plugin;

    (void)state;
    ops.on_message = on_careless_message;
    desc.ops = &ops;
    const struct world_spec spec = { .desc = &desc };
    struct world *const world = world_connected(&spec);
    world_say(world, "");
    world_expect(world, "status 0 UNUSABLE the exchange was disabled\n"
                        "status 1 UNUSABLE the exchange was disabled\n"
                        "> give up 0 the exchange was disabled\n");
    world_destroy(world);
}

/* A timer has no connection to lose: nothing is done, and it is called again. */
static void failed_timer_carries_out_nothing(void **state)
{
    static const int codes[] = { ARB_EPROTO, ARB_ERANGE, ARB_ELIMIT, ARB_ELATER };
    char script[512];

    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++) {
        (void)snprintf(script, sizeof(script), "timer 3 10;%sfail %d", ALL_KINDS, codes[i]);
        const struct world_spec spec = { .options = { { "on_init", "timer 1 1000" },
                                                      { "on_timer", script } } };
        struct world *const world = world_live(&spec);
        world_run(world, 1000);
        world_expect(world, "");
        assert_int_equal(1, session_stats(world->session).rejected);
        world_run(world, 999); /* timers 2 and 3 were not set, 1 is as it was */
        assert_int_equal(1, session_stats(world->session).rejected);
        world_run(world, 1);
        assert_int_equal(2, session_stats(world->session).rejected);
        world_expect(world, "");
        world_destroy(world);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls_are_recorded_in_their_order),
        cmocka_unit_test(next_callback_starts_with_nothing),
        cmocka_unit_test(logging_is_not_recorded),
        cmocka_unit_test(flood_of_one_line_hides_no_other),
        cmocka_unit_test(plugin_may_reuse_its_memory),
        cmocka_unit_test(binary_message_is_whole),
        cmocka_unit_test(message_without_a_terminator_gets_one),
        cmocka_unit_test(many_records_stay_what_they_were),
        cmocka_unit_test(instruments_have_an_end),
        cmocka_unit_test(nobody_is_no_instrument),
        cmocka_unit_test(connections_have_an_end),
        cmocka_unit_test(choices_have_both_ends),
        cmocka_unit_test(timers_have_an_end_and_need_their_callback),
        cmocka_unit_test(listings_have_names_that_fit),
        cmocka_unit_test(listings_say_whether_they_trade),
        cmocka_unit_test(terms_of_listings_are_decimals),
        cmocka_unit_test(books_are_of_a_kind),
        cmocka_unit_test(books_have_a_largest_size),
        cmocka_unit_test(books_have_the_levels_they_count),
        cmocka_unit_test(checksums_need_their_callback),
        cmocka_unit_test(illegal_level_rejects_its_book),
        cmocka_unit_test(event_of_the_least_size_is_filled_up),
        cmocka_unit_test(sizes_below_the_least_are_refused),
        cmocka_unit_test(listing_of_the_least_size_is_filled_up),
        cmocka_unit_test(larger_structs_are_taken),
        cmocka_unit_test(one_callback_asks_for_so_much),
        cmocka_unit_test(levels_count_towards_the_limit),
        cmocka_unit_test(reason_that_is_missing_is_said_to_be),
        cmocka_unit_test(first_broken_rule_is_kept),
        cmocka_unit_test(in_init_only_timers_are_set),
        cmocka_unit_test(view_answers_and_is_not_recorded),
        cmocka_unit_test(ok_carries_out_everything),
        cmocka_unit_test(venues_fault_carries_out_nothing),
        cmocka_unit_test(broken_rule_carries_out_nothing),
        cmocka_unit_test(broken_rule_counts_though_ok_is_returned),
        cmocka_unit_test(failed_timer_carries_out_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
