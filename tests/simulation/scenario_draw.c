#include <stdio.h>
#include <string.h>

#include "scenario_internal.h"

enum {
    FAULTS_DRAWN_MAX = 8,
    CHECKED_LEVELS = 100, /* levels a side that the cross-check sees */
    EXCHANGES_STREAM = 31,
};

/*
 * How long a wrong book may stay LIVE under the cross-check, from the first frame on that shows it:
 * a level is set right when it differed for 3 s, and the book may have changed meanwhile.
 */
#define CHECKED_WITHIN_NS (4 * NS_PER_S)

static void add_option(struct side *side, uint32_t n, const char *key, const char *value)
{
    (void)snprintf(side->text[n], sizeof(side->text[n]), "%s", value);
    side->options[n] = (struct config_entry){ .key = key, .value = side->text[n] };
    if (n > 0) {
        side->options[n - 1].next = &side->options[n];
    }
    side->exchange.options = side->options;
}

#define CATALOG_AGE "10s"
#define CATALOG_AGE_LONG "4m"
#define CATALOG_AGE_NS (10 * NS_PER_S)

/* An answer may take so long, and what stays unanswered is asked for again within: */
#define ANSWER_WITHIN "5s"
#define SYNCED_WITHIN_NS (35 * NS_PER_S)

/* Kraken's idle limit and Bitstamp's heartbeats, and a little more. */
#define SILENCE_NS (4 * NS_PER_S)

/* From a connection's end until the next one's first REST books are asked for, mostly. */
#define BOOK_ASKED_NS (2 * NS_PER_S)

/* Mostly shallow books: deep ones take longer and show little more. */
static uint32_t draw_depth(struct prng *prng)
{
    const int64_t draw = prng_below(prng, 100);
    return draw < 45 ? 10 : draw < 88 ? 25 : draw < 99 ? 100 : 1000;
}

static void draw_kraken(struct scenario *s, struct side *side)
{
    char text[SIDE_TEXT_MAX];

    side->feeds = side->stream = FAULT_AT_KRAKEN;
    side->depth = draw_depth(&s->prng);
    side->proof = (struct oracle_proof){
        .verified = ARB_VERIFIED,
        .levels = side->depth > KRAKEN_PROVEN ? KRAKEN_PROVEN : 0,
    };
    (void)snprintf(text, sizeof(text), "%u", side->depth);
    add_option(side, 0, "depth", text);
    add_option(side, 1, "idle_timeout", "3s");
    add_option(side, 2, "pairs_per_connection", prng_once_in(&s->prng, 3) ? "2" : "200");
    add_option(side, 3, "ack_timeout", ANSWER_WITHIN);
    side->reach = side->depth;
}

/* A way to get books from Bitstamp. */
struct variant {
    uint32_t feeds, stream;
    uint32_t depth;
    const char *mode, *cross_check;
    struct oracle_proof proof;
};

static const struct variant variants[] = {
    { FAULT_AT_ORDER_BOOK,
      FAULT_AT_ORDER_BOOK,
      100,
      "order_book",
      "on",
      { .verified = ARB_VERIFIED } },
    { FAULT_AT_ORDERS,
      FAULT_AT_ORDERS,
      0,
      "orders",
      "on",
      { .verified = ARB_VERIFIED, .is_by_events = true } },
    { FAULT_AT_DIFF, FAULT_AT_DIFF, 0, "diff", "off", { .verified = ARB_UNVERIFIABLE } },
    { SIMULATION_CHECKED_DIFF,
      FAULT_AT_DIFF,
      0,
      "diff",
      "on",
      { .verified = ARB_UNVERIFIABLE,
        .levels = CHECKED_LEVELS,
        .patience_ns = CHECKED_WITHIN_NS } },
};
enum { N_VARIANTS = sizeof(variants) / sizeof(variants[0]) };

static const struct variant *draw_variant(struct scenario *s)
{
    for (uint32_t i = 0; i < N_VARIANTS; i++) {
        if (variants[i].feeds == s->options.only_feeds) {
            return &variants[i];
        }
    }
    return &variants[prng_below(&s->prng, N_VARIANTS)];
}

static void draw_bitstamp(struct scenario *s, struct side *side)
{
    const struct variant *const variant = draw_variant(s);

    side->feeds = variant->feeds;
    side->stream = variant->stream;
    side->depth = variant->depth;
    side->proof = variant->proof;
    add_option(side, 0, "mode", variant->mode);
    add_option(side, 1, "heartbeat", "2s");
    add_option(side, 2, "heartbeat_timeout", "1s");
    add_option(side, 3, "markets_per_connection", prng_once_in(&s->prng, 3) ? "2" : "500");
    add_option(side, 4, "cross_check", variant->cross_check);
    add_option(side, 5, "ack_timeout", ANSWER_WITHIN);
    side->has_lasting_catalog = s->options.only_fault == 0 && prng_once_in(&s->prng, 2);
    add_option(side, 6, "catalog_age", side->has_lasting_catalog ? CATALOG_AGE_LONG : CATALOG_AGE);
    side->has_seeds = true;
}

static void draw_dialect(struct scenario *s, struct side *side)
{
    const struct exchange_dialect *const dialect = exchange_dialect_of(side->number);
    uint32_t n = 0;

    side->feeds = side->stream = FAULT_AT_DIALECT;
    side->depth = dialect->depth;
    side->proof = dialect->proof;
    side->has_seeds = dialect->has_seeds;
    side->has_order = side->exchange.publish_depth == 0;
    side->silence_ns = dialect->silence_ns;
    if (dialect->depth > 0 && prng_once_in(&s->prng, dialect->deep_once_in)) {
        side->reach = dialect->depth;
    }
    for (; n < EXCHANGE_OPTIONS_MAX && dialect->options[n].key != NULL; n++) {
        add_option(side, n, dialect->options[n].key, dialect->options[n].value);
    }
    add_option(side, n++, "pairs_per_connection", prng_once_in(&s->prng, 3) ? "2" : "25");
    if (dialect->has_seeds) { /* as deep as the market is */
        add_option(side, n, "snapshot_levels", s->sides[0].depth < 1000 ? "1000" : "5000");
    }
}

/* One session or two, some of which are replaced for their age. One for the table of faults. */
static void draw_sessions(struct scenario *s, struct side *side)
{
    const bool is_plain = s->options.only_fault != 0;

    side->exchange.connections = !is_plain && prng_once_in(&s->prng, 3) ? 2 : 1;
    side->exchange.connection_age_ms =
        !is_plain && prng_once_in(&s->prng, 4) ? prng_between(&s->prng, 500, 4000) : 0;
}

/*
 * In two scenarios of five only the best levels are published. By the seed itself: nothing else of
 * the scenario is drawn otherwise for it.
 */
static void draw_window(const struct scenario *s, struct side *side)
{
    static const int64_t depths[] = { 1, 4, 9, 20, 60 };
    const uint64_t seed = s->options.seed;

    if (s->options.only_fault == 0 && seed % 5 < 2) {
        side->exchange.publish_depth = depths[seed / 5 % (sizeof(depths) / sizeof(*depths))];
        side->exchange.publish_depth_line = 1; /* else [host] would count */
    }
}

static void draw_side(struct scenario *s, uint32_t venue, uint32_t exchange)
{
    struct side *const side = &s->sides[venue];

    side->scenario = s;
    side->venue = venue;
    side->number = exchange;
    side->synced_within_ns = SYNCED_WITHIN_NS;
    side->silence_ns = SILENCE_NS;
    (void)snprintf(side->exchange.name, sizeof(side->exchange.name), "%s", exchange_name(exchange));
    side->exchange.plugin = side->exchange.name;
    side->exchange.enabled = true;
    side->exchange.symbols = s->symbols;
    side->exchange.n_symbols = s->instruments->n;
    side->exchange.taker_fee_ppm = 1000;
    draw_sessions(s, side);
    draw_window(s, side);
    if (exchange == EXCHANGE_KRAKEN) {
        draw_kraken(s, side);
    } else if (exchange == EXCHANGE_BITSTAMP) {
        draw_bitstamp(s, side);
    } else {
        draw_dialect(s, side);
    }
    s->venues[venue].taker_fee_ppm = side->exchange.taker_fee_ppm;
    memcpy(s->venues[venue].name, side->exchange.name, sizeof(s->venues[venue].name));
    s->fault_config.venues[venue] = side->exchange.name;
    s->fault_config.feeds[venue] = side->feeds;
}

static uint32_t some_dialect(struct prng *prng)
{
    return EXCHANGES_FIRST_DIALECT +
           (uint32_t)prng_below(prng, exchanges_count() - EXCHANGES_FIRST_DIALECT);
}

/* A dialect alone, with one more, or beside one of the venues that have models of their own. */
static uint32_t choose_dialects(struct prng *prng, uint32_t *chosen)
{
    const int64_t draw = prng_below(prng, 4);
    const uint32_t last = some_dialect(prng);

    chosen[0] = draw == 1 ? EXCHANGE_KRAKEN : draw == 2 ? EXCHANGE_BITSTAMP : some_dialect(prng);
    if (draw == 0 || chosen[0] == last) {
        chosen[0] = last;
        return 1;
    }
    chosen[1] = last;
    return 2;
}

/*
 * Every other scenario is Kraken's and Bitstamp's, and so is the table of faults. By chance of its
 * own, so that nothing else of a scenario is drawn otherwise for it.
 */
static uint32_t choose_exchanges(const struct scenario *s, uint32_t *chosen)
{
    struct prng prng = prng_seeded(s->options.seed, EXCHANGES_STREAM);

    if (s->options.venue != NULL) {
        chosen[0] = exchange_find(s->options.venue);
        return 1;
    }
    if (s->options.only_fault == 0 && prng_once_in(&prng, 2)) {
        return choose_dialects(&prng, chosen);
    }
    chosen[0] = EXCHANGE_KRAKEN;
    chosen[1] = EXCHANGE_BITSTAMP;
    return 2;
}

void scenario_draw_sides(struct scenario *s)
{
    uint32_t chosen[SIMULATION_VENUES_MAX];
    const uint32_t n = choose_exchanges(s, chosen);

    for (uint32_t i = 0; i < n; i++) {
        draw_side(s, s->n_venues++, chosen[i]);
    }
    s->fault_config.instruments = s->instruments;
    s->fault_config.n_venues = s->n_venues;
    s->fault_config.has_requests = true;
}

/* Sometimes somebody sets the host's UTC by an hour. */
void scenario_draw_clock(struct scenario *s)
{
    if (s->options.only_fault == 0 && prng_once_in(&s->prng, 4)) {
        s->utc_step_at_ns = prng_between(&s->prng, SIMULATION_START_NS, s->end_ns);
        s->utc_step_ns = prng_once_in(&s->prng, 2) ? 3600 * NS_PER_S : -3600 * NS_PER_S;
    }
}

/* Some faults only show when something else makes them. */
static uint32_t companion_of(const struct scenario *s, const struct fault *fault)
{
    switch ((enum fault_kind)fault->kind) {
    case FAULT_REFUSE:
    case FAULT_REST_LATE:
    case FAULT_REST_STALE:
    case FAULT_REST_FAIL:
    case FAULT_PHANTOM:
    case FAULT_REST_429:
    case FAULT_REST_RETRY_AFTER:
    case FAULT_REST_RATE_ERROR:
    case FAULT_REST_DOWN:
    case FAULT_RATE_PAIR:
        return FAULT_CLOSE;
    case FAULT_CATALOG_EMPTY:
    case FAULT_CATALOG_LACKS:
    case FAULT_CATALOG_LOST: /* in the stream it is asked for by each connection */
        return s->sides[fault->venue].stream == FAULT_AT_KRAKEN ? FAULT_CLOSE : 0;
    case FAULT_REFUSE_LEAVING:
    case FAULT_RATE_REQUEST:
        return FAULT_CHECKSUM;
    case FAULT_NO_ACK:
        return s->sides[fault->venue].stream == FAULT_AT_KRAKEN ? FAULT_CHECKSUM : FAULT_CLOSE;
    case FAULT_REORDER: /* the two frames seldom set the same level */
        return s->options.only_fault == 0 ? FAULT_REORDER : 0;
    case FAULT_SILENT: /* from the first event on: nothing links what comes later to a book */
        return s->options.only_fault == 0 && fault->feed == FAULT_AT_ORDERS ? FAULT_CLOSE : 0;
    default:
        return 0;
    }
}

/* Of two feeds on a connection: either, or the one that the books are made of. */
static uint32_t draw_feed(struct scenario *s, const struct fault *fault)
{
    const struct side *const side = &s->sides[fault->venue];

    if (side->feeds == side->stream || s->options.only_fault != 0 || prng_once_in(&s->prng, 2)) {
        return side->stream;
    }
    return side->feeds & ~side->stream;
}

static struct fault draw_fault(struct scenario *s)
{
    struct fault fault = fault_draw(&s->prng, &s->fault_config);

    if (s->options.only_fault != 0) {
        fault.kind = s->options.only_fault;
        for (uint32_t venue = 0; venue < s->n_venues; venue++) {
            if (s->sides[venue].feeds == s->options.only_feeds) {
                fault.venue = venue;
            }
        }
    }
    fault.feed = draw_feed(s, &fault);
    return fault;
}

/* By HTTP the catalog is asked for at the start, and again when it is old. */
static void wait_for_catalog(struct scenario *s, struct fault *fault)
{
    if ((fault->kind != FAULT_CATALOG_EMPTY && fault->kind != FAULT_CATALOG_LACKS) ||
        s->sides[fault->venue].stream == FAULT_AT_KRAKEN) {
        return;
    }
    if (s->sides[fault->venue].has_lasting_catalog) { /* what it lacks, it lacks for long */
        fault->kind = FAULT_CATALOG_EMPTY;
        fault->at_ns = 0;
    } else {
        const int64_t end_ns = SIMULATION_START_NS + CATALOG_AGE_NS + 2 * NS_PER_S;
        s->end_ns = s->end_ns < end_ns ? end_ns : s->end_ns;
    }
}

/*
 * A subscription at Bitstamp is refused while a REST book is still on its way that was asked for
 * when the one before was on: on a connection before, which is closed for it unless it is young.
 */
static void send_late_book(const struct scenario *s, const struct fault *refusal,
                           struct fault_plan *plan)
{
    struct fault fault = *refusal;

    if (fault.kind != FAULT_REFUSE || s->options.only_fault != 0 ||
        s->sides[fault.venue].stream == FAULT_AT_KRAKEN) {
        return;
    }
    fault.kind = FAULT_REST_LATE;
    fault.at_ns = fault.at_ns > BOOK_ASKED_NS ? fault.at_ns - BOOK_ASKED_NS : 0;
    plan->faults[plan->n++] = fault;
    if (fault.at_ns > 0) {
        fault.kind = FAULT_CLOSE;
        plan->faults[plan->n++] = fault;
    }
}

void scenario_draw_plan(struct scenario *s, struct fault_plan *plan)
{
    const int64_t until_ns = s->end_ns - SIMULATION_START_NS - NS_PER_S;
    const uint32_t n =
        s->options.only_fault != 0 ? 1 : (uint32_t)prng_between(&s->prng, 0, FAULTS_DRAWN_MAX);
    *plan = (struct fault_plan){ .seed = s->options.seed };
    for (uint32_t i = 0; i < n; i++) {
        struct fault fault = draw_fault(s);
        const int64_t from_ns = s->options.only_fault != 0 ? 1500 * NS_PER_MS : 0;
        fault.at_ns = prng_between(&s->prng, from_ns, until_ns);
        wait_for_catalog(s, &fault);
        plan->faults[plan->n++] = fault;
        send_late_book(s, &fault, plan);
        fault.kind = companion_of(s, &fault);
        if (fault.kind != 0) {
            plan->faults[plan->n++] = fault;
        }
    }
}
