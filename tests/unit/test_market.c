/* What a strategy sees of books, told as text: one line for each instrument that changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "book_text.h"
#include "arbspot/decimal.h"
#include "arbspot/symbols.h"
#include "feed_stub.h"
#include "stderr_capture.h"
#include "consumer/lease.h"
#include "strategy/liveness.h"
#include "strategy/market.h"

static const struct arb_venue venues[] = { { .name = "ask_inc" }, { .name = "bidex" } };

#define NOW_NS INT64_C(1000000000000)

struct world {
    struct market *market;
    struct feed_stub a, b; /* BTC/USD on both venues */
    char seen[4096];
};

static void apply(struct world *world, struct event event);

/* Both venues say that they are watched. */
static void hear(struct world *world, int64_t said_ns)
{
    apply(world, feed_stub_alive(&world->a, said_ns));
    apply(world, feed_stub_alive(&world->b, said_ns));
}

static int set_up(void **state)
{
    struct world *const world = calloc(1, sizeof(*world));
    const struct market_config config = { .venues = venues, .n_venues = 2, .who = "strategy=t" };

    assert_non_null(world);
    assert_int_equal(ARB_OK, market_create(&world->market, &config));
    feed_stub_init(&world->a, "ask_inc", "BTC/USD");
    feed_stub_init(&world->b, "bidex", "BTC/USD");
    hear(world, NOW_NS);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *const world = *state;

    feed_stub_fini(&world->a);
    feed_stub_fini(&world->b);
    market_destroy(world->market);
    free(world);
    return 0;
}

static void apply(struct world *world, struct event event)
{
    market_apply(world->market, &event, NOW_NS);
}

/* "BTC/USD changed=1 LIVE/open#1 100x1 | 101x1, EMPTY/halted#0 |" for each changed instrument. */
static const char *seen(struct world *world)
{
    struct arb_text text = arb_text_over(world->seen, sizeof(world->seen));
    struct arb_market market;

    while (market_changed(world->market, &market)) {
        arb_text_add(&text, "%s%s changed=%x", market.info->symbol,
                     market.is_elsewhere ? " elsewhere" : "", (unsigned)market.changed);
        for (uint32_t i = 0; i < market.n_venues; i++) {
            describe_book(&text, &market.books[i]);
            arb_text_add(&text, i + 1 < market.n_venues ? "," : "\n");
        }
    }
    assert_true(arb_text_fits(&text));
    return world->seen;
}

static void snapshot_makes_the_book_live(void **state)
{
    struct world *const world = *state;

    apply(world, feed_stub_quote(&world->a, 100, 101));
    assert_string_equal("BTC/USD changed=1 LIVE/open#1 100x1 | 101x1, EMPTY/halted#0 |\n",
                        seen(world));
}

/* With each snapshot; a venue that says nothing demands nothing. */
static void terms_are_those_of_the_last_snapshot(void **state)
{
    static const struct arb_order_terms terms = { .lot = { .units = 5, .scale = 0 } };
    struct world *const world = *state;
    struct event event = feed_stub_quote(&world->a, 100, 101);
    struct arb_market market;

    event.terms = &terms;
    apply(world, event);
    assert_true(market_changed(world->market, &market));
    assert_int_equal(market.terms[0].lot, 5 * arb_pow10(market.info->qty_scale));
    assert_int_equal(market.terms[1].lot, 0);
    assert_int_equal(market.terms[0].taker_fee_ppm, market.venues[0].taker_fee_ppm);
    assert_int_equal(market.terms[1].taker_fee_ppm, market.venues[1].taker_fee_ppm);
    apply(world, feed_stub_quote(&world->a, 100, 101));
    assert_true(market_changed(world->market, &market));
    assert_int_equal(market.terms[0].lot, 0);
}

/* A market in the place of the world's, whose bidex has a fee and a lot of its own for BTC/USD. */
static void configure(struct world *world)
{
    static struct venue_term fee = { .exchange = "bidex", .taker_fee_ppm = -7 };
    static struct venue_term lot = { .exchange = "bidex", .decimal = { .units = 3, .scale = 0 } };
    static struct instrument_config instruments[] = {
        { .symbol = "ETH/USD" },
        { .symbol = "BTC/USD", .terms[TERM_TAKER_FEE] = &fee, .terms[TERM_LOT] = &lot },
    };
    static const struct config sections = { .instruments = instruments, .n_instruments = 2 };
    const struct market_config config = {
        .venues = venues, .n_venues = 2, .who = "strategy=t", .config = &sections
    };

    market_destroy(world->market);
    assert_int_equal(ARB_OK, market_create(&world->market, &config));
    hear(world, NOW_NS);
}

/* "lot/fee of each venue", the lot in whole units of the base currency. */
static void check_lots(struct world *world, const char *wanted)
{
    char data[128];
    struct arb_text text = arb_text_over(data, sizeof(data));
    struct arb_market market;

    assert_true(market_changed(world->market, &market));
    for (uint32_t i = 0; i < market.n_venues; i++) {
        arb_text_add(&text, "%lld/%lld ",
                     (long long)(market.terms[i].lot / arb_pow10(market.info->qty_scale)),
                     (long long)market.terms[i].taker_fee_ppm);
    }
    assert_string_equal(wanted, data);
}

/* Before the venue has told anything, and whatever it tells. */
static void what_the_configuration_says_counts_before_the_venue(void **state)
{
    static const struct arb_order_terms terms = { .lot = { .units = 5, .scale = 0 } };
    struct world *const world = *state;
    struct feed_stub eth;

    configure(world);
    struct event of_a = feed_stub_quote(&world->a, 100, 101);
    of_a.terms = &terms;
    apply(world, of_a);
    check_lots(world, "5/0 3/-7 ");
    struct event of_b = feed_stub_quote(&world->b, 100, 101);
    of_b.terms = &terms;
    apply(world, of_b);
    check_lots(world, "5/0 3/-7 ");
    feed_stub_init(&eth, "bidex", "ETH/USD");
    struct event of_eth = feed_stub_quote(&eth, 10, 11);
    of_eth.terms = &terms;
    apply(world, of_eth);
    feed_stub_fini(&eth);
    check_lots(world, "0/0 5/0 ");
}

/* A market in the place of the world's that takes some books only. */
static void filter(struct world *world, uint32_t wanted_venues, char **symbols, unsigned n_symbols)
{
    const struct market_config config = { .venues = venues,
                                          .n_venues = 2,
                                          .who = "strategy=t",
                                          .wanted_venues = wanted_venues,
                                          .wanted_symbols = symbols,
                                          .n_wanted_symbols = n_symbols };

    market_destroy(world->market);
    assert_int_equal(ARB_OK, market_create(&world->market, &config));
    hear(world, NOW_NS);
}

/* Instruments that were there before have room for them. */
static void venues_are_learned_where_that_is_wanted(void **state)
{
    struct world *const world = *state;
    const struct market_config config = {
        .venues = venues, .n_venues = 1, .learns_venues = true, .who = "strategy=t"
    };

    market_destroy(world->market);
    assert_int_equal(ARB_OK, market_create(&world->market, &config));
    assert_int_equal(1, market_n_venues(world->market));
    apply(world, feed_stub_alive(&world->a, NOW_NS));
    apply(world, feed_stub_quote(&world->a, 100, 101));
    assert_string_equal("BTC/USD changed=1 LIVE/open#1 100x1 | 101x1\n", seen(world));
    hear(world, NOW_NS);
    apply(world, feed_stub_quote(&world->b, 100, 102));
    assert_string_equal("BTC/USD changed=2 LIVE/open#1 100x1 | 101x1, LIVE/open#1 100x1 | 102x1\n",
                        seen(world));
    assert_int_equal(2, market_n_venues(world->market));
    assert_int_equal(1, market_find_venue(world->market, "bidex"));
    assert_int_equal(2, market_find_venue(world->market, "nobody"));
    assert_int_equal(0, market_find_instrument(world->market, "BTC/USD"));
    assert_int_equal(ARB_NO_INSTRUMENT, market_find_instrument(world->market, "ETH/USD"));
    assert_true(market_alive_ns(world->market, 1) > 0);
    (void)market_on_time(world->market, NOW_NS + LEASE_NS);
    assert_int_equal(0, market_alive_ns(world->market, 1));
    assert_string_equal(
        "BTC/USD changed=3 STALE/open#1 100x1 | 101x1, STALE/open#1 100x1 | 102x1\n", seen(world));
}

static void venues_that_nobody_wants_are_left_out(void **state)
{
    struct world *const world = *state;

    filter(world, 1U << 1, NULL, 0);
    apply(world, feed_stub_quote(&world->a, 100, 101));
    assert_string_equal("", seen(world));
    apply(world, feed_stub_quote(&world->b, 100, 101));
    assert_string_equal("BTC/USD changed=2 EMPTY/halted#0 |, LIVE/open#1 100x1 | 101x1\n",
                        seen(world));
    assert_int_equal(1 + 1, market_stats(world->market)->unwanted); /* and that it is alive */
    assert_int_equal(0, market_stats(world->market)->unknown_venues);
    assert_int_equal(1, market_stats(world->market)->n_books);
}

static void instruments_that_nobody_wants_are_left_out(void **state)
{
    static char bitcoin[] = "BTC/*", dollars[] = "E?H/USD";
    char *wanted[] = { bitcoin, dollars };
    struct world *const world = *state;
    struct feed_stub eth, sol;

    filter(world, 0, wanted, 2);
    feed_stub_init(&eth, "bidex", "ETH/USD");
    feed_stub_init(&sol, "bidex", "SOL/USD");
    apply(world, feed_stub_quote(&sol, 10, 11));
    apply(world, feed_stub_quote(&sol, 10, 12));
    apply(world, feed_stub_quote(&eth, 10, 11));
    apply(world, feed_stub_quote(&world->a, 100, 101));
    assert_string_equal("ETH/USD changed=2 EMPTY/halted#0 |, LIVE/open#1 10x1 | 11x1\n"
                        "BTC/USD changed=1 LIVE/open#1 100x1 | 101x1, EMPTY/halted#0 |\n",
                        seen(world));
    feed_stub_fini(&eth);
    feed_stub_fini(&sol);
    assert_int_equal(2, market_stats(world->market)->unwanted);
    assert_int_equal(2, market_n_instruments(world->market));
}

static void duplicate_does_not_show_the_instrument_again(void **state)
{
    struct world *const world = *state;
    const struct event event = feed_stub_quote(&world->a, 100, 101);

    apply(world, event);
    (void)seen(world);
    apply(world, event);
    assert_string_equal("", seen(world));
    assert_int_equal(1, market_stats(world->market)->books.duplicates);
}

static void unknown_venue_is_left_out_and_named_once(void **state)
{
    struct world *const world = *state;
    struct feed_stub stranger;
    struct stderr_capture capture;

    feed_stub_init(&stranger, "nowhere", "BTC/USD");
    stderr_capture_begin(&capture);
    apply(world, feed_stub_quote(&stranger, 100, 101));
    apply(world, feed_stub_quote(&stranger, 100, 101));
    const char *const log = stderr_capture_end(&capture);
    feed_stub_fini(&stranger);
    assert_int_equal(1, count_of(log, "add [exchange:nowhere] with its taker_fee"));
    assert_int_equal(1, count_of(log, "\n"));
    assert_int_equal(2, market_stats(world->market)->unknown_venues);
    assert_int_equal(0, market_n_instruments(world->market));
}

static void other_scale_refuses_that_venue_and_says_so_once(void **state)
{
    struct world *const world = *state;
    struct stderr_capture capture;

    world->b.info.px_scale = 5;
    stderr_capture_begin(&capture);
    apply(world, feed_stub_quote(&world->a, 100, 101));
    apply(world, feed_stub_quote(&world->b, 100, 101));
    apply(world, feed_stub_quote(&world->b, 100, 101));
    const char *const log = stderr_capture_end(&capture);
    assert_string_equal("BTC/USD changed=3 LIVE/open#1 100x1 | 101x1, UNUSABLE/halted#0 |\n",
                        seen(world));
    assert_int_equal(1, count_of(log, "BTC/USD of bidex is left out"));
    assert_int_equal(2, market_stats(world->market)->scale_conflicts);
}

static void live_book_that_changes_its_scale_is_unusable(void **state)
{
    struct world *const world = *state;
    struct stderr_capture capture;

    apply(world, feed_stub_quote(&world->a, 100, 101));
    world->a.info.qty_scale = 3;
    stderr_capture_begin(&capture);
    apply(world, feed_stub_set_bid(&world->a, 99, 7));
    (void)stderr_capture_end(&capture);
    assert_string_equal("BTC/USD changed=1 UNUSABLE/open#1 100x1 | 101x1, EMPTY/halted#0 |\n",
                        seen(world));
}

static void snapshot_of_the_right_scale_heals_a_conflict(void **state)
{
    struct world *const world = *state;
    struct stderr_capture capture;

    apply(world, feed_stub_quote(&world->a, 100, 101));
    world->b.info.px_scale = 5;
    stderr_capture_begin(&capture);
    apply(world, feed_stub_quote(&world->b, 100, 101));
    (void)stderr_capture_end(&capture);
    world->b.info.px_scale = 2;
    apply(world, feed_stub_quote(&world->b, 98, 99));
    assert_string_equal("BTC/USD changed=3 LIVE/open#1 100x1 | 101x1, LIVE/open#2 98x1 | 99x1\n",
                        seen(world));
}

static void changed_instruments_come_in_order_and_once(void **state)
{
    struct world *const world = *state;
    struct feed_stub eth;

    feed_stub_init(&eth, "bidex", "ETH/USD");
    apply(world, feed_stub_quote(&eth, 10, 11));
    apply(world, feed_stub_quote(&world->a, 100, 101));
    apply(world, feed_stub_quote(&eth, 12, 13));
    feed_stub_fini(&eth);
    assert_string_equal("ETH/USD changed=2 EMPTY/halted#0 |, LIVE/open#2 12x1 | 13x1\n"
                        "BTC/USD changed=1 LIVE/open#1 100x1 | 101x1, EMPTY/halted#0 |\n",
                        seen(world));
    assert_string_equal("", seen(world));
}

static void instrument_that_changes_again_is_shown_again(void **state)
{
    struct world *const world = *state;

    apply(world, feed_stub_quote(&world->a, 100, 101));
    (void)seen(world);
    apply(world, feed_stub_quote(&world->b, 90, 95));
    assert_string_equal("BTC/USD changed=2 LIVE/open#1 100x1 | 101x1, LIVE/open#1 90x1 | 95x1\n",
                        seen(world));
}

static void books_and_live_ones_are_counted(void **state)
{
    struct world *const world = *state;
    struct stderr_capture capture;
    const struct market_stats *const stats = market_stats(world->market);

    apply(world, feed_stub_quote(&world->a, 100, 101));
    apply(world, feed_stub_status(&world->b, ARB_BOOK_SYNCING, ARB_TRADING_OPEN));
    assert_int_equal(2, stats->n_books);
    assert_int_equal(1, stats->n_live);
    apply(world, feed_stub_quote(&world->b, 90, 95));
    assert_int_equal(2, stats->n_live);
    apply(world, feed_stub_status(&world->a, ARB_BOOK_STALE, ARB_TRADING_OPEN));
    assert_int_equal(1, stats->n_live);
    world->b.info.qty_scale = 3;
    stderr_capture_begin(&capture);
    apply(world, feed_stub_set_bid(&world->b, 99, 7));
    (void)stderr_capture_end(&capture);
    assert_int_equal(0, stats->n_live);
    assert_int_equal(2, stats->n_books);
}

static void leg_is_what_was_shown_last(void **state)
{
    struct world *const world = *state;

    apply(world, feed_stub_quote(&world->a, 100, 101));
    (void)seen(world);
    world->a.session = 2;
    apply(world, feed_stub_quote(&world->a, 90, 95));
    const struct market_leg leg = market_leg(world->market, 0, 0);
    assert_int_equal(1, leg.session);
    assert_int_equal(1, leg.book->seq);
}

/* One event of each of `n` instruments. */
static void apply_instruments(struct world *world, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        (void)snprintf(world->a.info.symbol, sizeof(world->a.info.symbol), "C%u/USD", i);
        apply(world, feed_stub_quote(&world->a, 100, 101));
    }
}

static void as_many_instruments_as_the_limit_are_taken(void **state)
{
    struct world *const world = *state;

    apply_instruments(world, MARKET_INSTRUMENTS_MAX);
    assert_int_equal(0, market_stats(world->market)->refused);
    assert_int_equal(MARKET_INSTRUMENTS_MAX, market_n_instruments(world->market));
}

static void instruments_beyond_the_limit_are_left_out_and_reported_once(void **state)
{
    struct world *const world = *state;
    struct stderr_capture capture;

    stderr_capture_begin(&capture);
    apply_instruments(world, MARKET_INSTRUMENTS_MAX + 2);
    const char *const log = stderr_capture_end(&capture);
    assert_int_equal(2, market_stats(world->market)->refused);
    assert_int_equal(1, count_of(log, "\n"));
}

static void book_is_stale_when_its_host_is_no_longer_heard_of(void **state)
{
    struct world *const world = *state;
    const int64_t end_ns = NOW_NS + LEASE_NS;

    apply(world, feed_stub_quote(&world->a, 100, 101));
    (void)seen(world);
    assert_int_equal(end_ns, market_on_time(world->market, end_ns - 1));
    assert_string_equal("", seen(world));
    assert_int_equal(NEVER_NS, market_on_time(world->market, end_ns));
    assert_string_equal("BTC/USD changed=1 STALE/open#1 100x1 | 101x1, EMPTY/halted#0 |\n",
                        seen(world));
    assert_int_equal(0, market_stats(world->market)->n_live);
}

/* Nothing of it was lost: one word of its host is enough. */
static void book_is_live_again_when_its_host_is_heard_of(void **state)
{
    struct world *const world = *state;
    const struct event word = feed_stub_alive(&world->a, NOW_NS + 2 * LEASE_NS);

    apply(world, feed_stub_quote(&world->a, 100, 101));
    (void)market_on_time(world->market, NOW_NS + LEASE_NS);
    (void)seen(world);
    market_apply(world->market, &word, NOW_NS + 2 * LEASE_NS);
    assert_string_equal("BTC/USD changed=1 LIVE/open#1 100x1 | 101x1, EMPTY/halted#0 |\n",
                        seen(world));
    assert_int_equal(1, market_stats(world->market)->n_live);
}

/* Says when b's host spoke last, after a's book changed. */
static int64_t shown_word_of_b(struct world *world)
{
    struct arb_market market;

    apply(world, feed_stub_quote(&world->a, 100, 101));
    assert_true(market_changed(world->market, &market));
    return market.books[1].alive_ns;
}

static void word_of_a_host_is_shown_with_whatever_changes(void **state)
{
    struct world *const world = *state;
    const struct event later = feed_stub_alive(&world->b, NOW_NS + NS_PER_S);

    apply(world, feed_stub_quote(&world->b, 90, 95));
    assert_int_equal(shown_word_of_b(world), NOW_NS);
    market_apply(world->market, &later, NOW_NS + NS_PER_S);
    assert_int_equal(shown_word_of_b(world), NOW_NS + NS_PER_S);
    assert_int_equal(shown_word_of_b(world), NOW_NS + NS_PER_S);
}

/* A book that was not live before does not change by that. */
static void silence_of_a_host_is_shown_with_whatever_changes(void **state)
{
    struct world *const world = *state;
    struct event stale = feed_stub_quote(&world->b, 90, 95);

    stale.state = ARB_BOOK_STALE;
    apply(world, stale);
    assert_int_equal(shown_word_of_b(world), NOW_NS);
    (void)market_on_time(world->market, NOW_NS + LEASE_NS);
    (void)seen(world);
    assert_int_equal(shown_word_of_b(world), 0);
}

static void book_of_a_host_that_says_nothing_is_not_live_for_long(void **state)
{
    struct world *const world = *state;

    world->a.session = 2; /* which has not said a word */
    apply(world, feed_stub_quote(&world->a, 100, 101));
    (void)market_on_time(world->market, NOW_NS + LEASE_FIRST_NS);
    assert_string_equal("BTC/USD changed=1 STALE/open#1 100x1 | 101x1, EMPTY/halted#0 |\n",
                        seen(world));
}

/* A second host publishes the venue for a moment: the first goes on, with a new snapshot. */
static void older_host_is_heard_again_when_the_newer_ends(void **state)
{
    struct world *const world = *state;

    apply(world, feed_stub_quote(&world->a, 100, 101));
    world->a.session = 2;
    apply(world, feed_stub_alive(&world->a, NOW_NS));
    (void)seen(world);
    world->a.session = 1;
    apply(world, feed_stub_set_bid(&world->a, 99, 7));
    assert_string_equal("", seen(world));
    struct event end = feed_stub_alive(&world->a, NOW_NS);
    end.session = 2;
    end.ends = true;
    apply(world, end);
    apply(world, feed_stub_alive(&world->a, NOW_NS));
    assert_string_equal("", seen(world)); /* it misses what was said meanwhile */
    apply(world, feed_stub_quote(&world->a, 100, 102));
    assert_string_equal("BTC/USD changed=1 LIVE/open#3 100x1 | 102x1, EMPTY/halted#0 |\n",
                        seen(world));
    assert_int_equal(1, market_stats(world->market)->books.superseded);
}

static void books_of_a_lost_partition_are_not_live(void **state)
{
    struct world *const world = *state;
    struct event quote = feed_stub_quote(&world->a, 100, 101);
    struct event word = feed_stub_alive(&world->a, NOW_NS);

    quote.partition = word.partition = 3;
    apply(world, word);
    apply(world, quote);
    apply(world, feed_stub_quote(&world->b, 90, 95));
    assert_string_equal("BTC/USD changed=3 LIVE/open#1 100x1 | 101x1, LIVE/open#1 90x1 | 95x1\n",
                        seen(world));
    apply(world, (struct event){ .kind = EVENT_LOST, .partition = 3 });
    assert_string_equal("BTC/USD changed=1 STALE/open#1 100x1 | 101x1, LIVE/open#1 90x1 | 95x1\n",
                        seen(world));
    assert_int_equal(1, market_stats(world->market)->n_books);
    assert_int_equal(1, market_stats(world->market)->n_live);
    apply(world, word); /* it is read again, from further back: what was seen before is taken */
    apply(world, quote);
    assert_string_equal("BTC/USD changed=1 LIVE/open#1 100x1 | 101x1, LIVE/open#1 90x1 | 95x1\n",
                        seen(world));
    assert_int_equal(2, market_stats(world->market)->n_live);
}

static void say(struct world *world, enum event_kind kind, uint32_t partition)
{
    apply(world, (struct event){ .kind = kind, .partition = partition });
}

/* Their books are of another partition than the first one. */
static void quote_in(struct world *world, uint32_t partition, const char *symbol)
{
    struct event word = feed_stub_alive(&world->a, NOW_NS);

    (void)snprintf(world->a.info.symbol, ARB_SYMBOL_MAX, "%s", symbol);
    struct event quote = feed_stub_quote(&world->a, 100, 101);
    quote.partition = word.partition = partition;
    apply(world, word);
    apply(world, quote);
}

#define BOOKS "LIVE/open#1 100x1 | 101x1, EMPTY/halted#0 |\n"
#define LOST_BOOKS "STALE/open#1 100x1 | 101x1, EMPTY/halted#0 |\n"

static void what_is_lost_is_elsewhere_until_it_is_read_again(void **state)
{
    struct world *const world = *state;

    quote_in(world, 3, "BTC/USD");
    assert_string_equal("BTC/USD changed=1 " BOOKS, seen(world));
    say(world, EVENT_LOST, 2);
    say(world, EVENT_LOST, LEASE_PARTITIONS_MAX);
    assert_string_equal("", seen(world));
    say(world, EVENT_LOST, 3);
    assert_string_equal("BTC/USD elsewhere changed=3 " LOST_BOOKS, seen(world));
    assert_true(market_view(world->market, 0).is_elsewhere);
    struct event word = feed_stub_alive(&world->a, NOW_NS);
    word.partition = 3;
    apply(world, word);
    assert_string_equal("BTC/USD changed=3 " LOST_BOOKS, seen(world));
    assert_false(market_view(world->market, 0).is_elsewhere);
}

/* A market in the place of the world's. */
static void share(struct world *world)
{
    const struct market_config config = {
        .venues = venues, .n_venues = 2, .who = "strategy=t", .is_shared = true
    };

    market_destroy(world->market);
    assert_int_equal(ARB_OK, market_create(&world->market, &config));
}

static void what_is_shared_is_ours_when_that_is_said(void **state)
{
    struct world *const world = *state;

    share(world);
    quote_in(world, 3, "BTC/USD");
    assert_string_equal("BTC/USD elsewhere changed=1 " BOOKS, seen(world));
    say(world, EVENT_OURS, 2);
    say(world, EVENT_OURS, LEASE_PARTITIONS_MAX);
    assert_string_equal("", seen(world));
    say(world, EVENT_OURS, 3);
    assert_string_equal("BTC/USD changed=3 " BOOKS, seen(world));
    say(world, EVENT_OURS, 3);
    assert_string_equal("", seen(world));
    say(world, EVENT_NOT_OURS, 2);
    assert_string_equal("", seen(world));
    say(world, EVENT_NOT_OURS, 3); /* it is read on: its books stay LIVE */
    assert_string_equal("BTC/USD elsewhere changed=3 " BOOKS, seen(world));
    say(world, EVENT_NOT_OURS, 3);
    assert_string_equal("", seen(world));
}

/* Of partitions that share a word, and of those that do not. */
static void only_the_instruments_of_the_partition_change_hands(void **state)
{
    static const uint32_t partitions[] = { 0, 1, 63, 64, LEASE_PARTITIONS_MAX - 1 };
    static const char *const symbols[] = { "A/USD", "B/USD", "C/USD", "D/USD", "E/USD" };
    struct world *const world = *state;
    char want[64];

    share(world);
    for (unsigned i = 0; i < 5; i++) {
        world->a.seq = 0; /* each is the first of its book */
        quote_in(world, partitions[i], symbols[i]);
    }
    (void)seen(world);
    for (unsigned i = 0; i < 5; i++) {
        say(world, EVENT_OURS, partitions[i]);
        (void)snprintf(want, sizeof(want), "%s changed=3 ", symbols[i]);
        assert_non_null(strstr(seen(world), want));
        assert_ptr_equal(strchr(world->seen, '\n') + 1, world->seen + strlen(world->seen));
    }
}

/* A topic was given more partitions. */
static void instrument_that_moves_belongs_to_whom_its_partition_does(void **state)
{
    struct world *const world = *state;

    share(world);
    say(world, EVENT_OURS, 3);
    quote_in(world, 3, "BTC/USD");
    assert_string_equal("BTC/USD changed=3 " BOOKS, seen(world));
    quote_in(world, 7, "BTC/USD");
    assert_non_null(strstr(seen(world), "BTC/USD elsewhere changed=3 "));
    say(world, EVENT_NOT_OURS, 3);
    assert_string_equal("", seen(world));
    say(world, EVENT_OURS, 7);
    assert_non_null(strstr(seen(world), "BTC/USD changed=3 "));
}

static void more_venues_than_the_limit_are_refused(void **state)
{
    const struct market_config config = { .n_venues = ARB_VENUES_MAX + 1, .who = "strategy=t" };
    struct market *market;

    (void)state;
    assert_int_equal(ARB_EINVAL, market_create(&market, &config));
}

/* -- what is said of it ----------------------------------------------------------------- */

/* Looks at this moment and as long after it as a number has to stand. */
static void expect_said(struct world *world, struct liveness *liveness, int64_t now_ns,
                        const char *want)
{
    struct stderr_capture capture;

    stderr_capture_begin(&capture);
    liveness_look(liveness, world->market, now_ns);
    liveness_look(liveness, world->market, now_ns + LIVENESS_STANDS_NS - 1);
    const char *log = stderr_capture_end(&capture);
    assert_string_equal("", log);
    stderr_capture_begin(&capture);
    liveness_look(liveness, world->market, now_ns + LIVENESS_STANDS_NS);
    liveness_look(liveness, world->market, now_ns + LIVENESS_STANDS_NS + 1);
    log = stderr_capture_end(&capture);
    const char *const level = strstr(log, "level=");
    assert_string_equal(want, level == NULL ? "" : level);
}

static void loss_of_books_is_a_warning_that_says_why(void **state)
{
    struct world *const world = *state;
    struct liveness liveness = { .who = "strategy=t", .started_ns = NOW_NS };
    int64_t now_ns = NOW_NS + 500 * NS_PER_MS;

    apply(world, feed_stub_quote(&world->a, 100, 101));
    apply(world, feed_stub_quote(&world->b, 90, 95));
    expect_said(world, &liveness, now_ns,
                "level=info strategy=t msg=\"2 of 2 books are live, since 500 ms after the "
                "start\"\n");
    apply(world, feed_stub_status(&world->a, ARB_BOOK_STALE, ARB_TRADING_OPEN));
    expect_said(world, &liveness, now_ns += 10 * NS_PER_S,
                "level=warn strategy=t msg=\"1 of 2 books are live; ask_inc: 1 are STALE\"\n");
    apply(world, feed_stub_quote(&world->a, 100, 101));
    expect_said(world, &liveness, now_ns += 10 * NS_PER_S,
                "level=info strategy=t msg=\"2 of 2 books are live\"\n");
    (void)market_on_time(world->market, NOW_NS + LEASE_NS);
    expect_said(world, &liveness, now_ns += 10 * NS_PER_S,
                "level=warn strategy=t msg=\"0 of 2 books are live; ask_inc: its host is silent or "
                "has ended; bidex: its host is silent or has ended\"\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(snapshot_makes_the_book_live),
        TEST(terms_are_those_of_the_last_snapshot),
        TEST(what_the_configuration_says_counts_before_the_venue),
        TEST(venues_are_learned_where_that_is_wanted),
        TEST(venues_that_nobody_wants_are_left_out),
        TEST(instruments_that_nobody_wants_are_left_out),
        TEST(duplicate_does_not_show_the_instrument_again),
        TEST(unknown_venue_is_left_out_and_named_once),
        TEST(other_scale_refuses_that_venue_and_says_so_once),
        TEST(live_book_that_changes_its_scale_is_unusable),
        TEST(snapshot_of_the_right_scale_heals_a_conflict),
        TEST(changed_instruments_come_in_order_and_once),
        TEST(instrument_that_changes_again_is_shown_again),
        TEST(books_and_live_ones_are_counted),
        TEST(leg_is_what_was_shown_last),
        TEST(as_many_instruments_as_the_limit_are_taken),
        TEST(instruments_beyond_the_limit_are_left_out_and_reported_once),
        TEST(book_is_stale_when_its_host_is_no_longer_heard_of),
        TEST(book_is_live_again_when_its_host_is_heard_of),
        TEST(book_of_a_host_that_says_nothing_is_not_live_for_long),
        TEST(word_of_a_host_is_shown_with_whatever_changes),
        TEST(silence_of_a_host_is_shown_with_whatever_changes),
        TEST(older_host_is_heard_again_when_the_newer_ends),
        TEST(books_of_a_lost_partition_are_not_live),
        TEST(what_is_lost_is_elsewhere_until_it_is_read_again),
        TEST(what_is_shared_is_ours_when_that_is_said),
        TEST(only_the_instruments_of_the_partition_change_hands),
        TEST(instrument_that_moves_belongs_to_whom_its_partition_does),
        TEST(loss_of_books_is_a_warning_that_says_why),
        TEST(more_venues_than_the_limit_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
