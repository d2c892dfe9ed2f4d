#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "wire/wire.h"
#include "scenario_internal.h"

#define HEARD_NS                                                                                   \
    (BOARD_ALIVE_NS + 200 * NS_PER_MS) /* then each venue has said that it is alive                \
                                        */
#define REWIND_NS (SIMULATION_SNAPSHOT_MS * NS_PER_MS + 200 * NS_PER_MS)

/* A LIVE copy must be what the host said at the event that the copy stands at. */
static void check_leg(struct scenario *s, const struct copy *copy, uint32_t venue,
                      uint32_t instrument, const struct arb_book *book)
{
    const struct ledger_entry *const entry =
        ledger_at(&s->sides[venue].ledgers[instrument], book->seq);

    s->totals->checks++;
    if (book->state != ARB_BOOK_LIVE) {
        return;
    }
    if (entry == NULL || entry->state != ARB_BOOK_LIVE ||
        entry->hash != oracle_hash_of(book, 0).whole || entry->trading != book->trading ||
        entry->verified != book->verified || entry->verified_levels != book->verified_levels) {
        scenario_violate(s, "%s: %s %s is LIVE at seq %" PRIu64 " and not the host's book",
                         copy->name, s->venues[venue].name, scenario_symbol(s, instrument),
                         book->seq);
    }
}

static void check_changed(struct scenario *s, const struct copy *copy)
{
    struct arb_market market;

    while (market_changed(copy->market, &market)) {
        const uint32_t instrument = scenario_instrument(s, market.info->symbol);
        for (uint32_t venue = 0; venue < s->n_venues; venue++) {
            if ((market.changed >> venue & 1) != 0) {
                check_leg(s, copy, venue, instrument, &market.books[venue]);
            }
        }
    }
}

/* Who has read everything, and has heard that the hosts are alive, must see each book as they do.
 */
static void check_caught_up(struct scenario *s, const struct copy *copy)
{
    (void)market_on_time(copy->market, s->now_ns);
    check_changed(s, copy);
    if (s->now_ns - copy->reader.joined_ns < HEARD_NS) {
        return;
    }
    for (uint32_t i = 0; i < market_n_instruments(copy->market); i++) {
        const uint32_t instrument =
            scenario_instrument(s, market_instrument(copy->market, i)->symbol);
        for (uint32_t venue = 0; venue < s->n_venues; venue++) {
            const struct side *const side = &s->sides[venue];
            const struct arb_book *const book = market_leg(copy->market, i, venue).book;
            if (book->seq == 0) {
                continue;
            }
            const struct arb_book host =
                board_view(scenario_board(side), side->book_of[instrument]);
            if ((host.state != book->state || host.trading != book->trading)) {
                scenario_violate(
                    s, "%s has read everything: %s %s is %s, %s to it and %s, %s to the host",
                    copy->name, s->venues[venue].name, scenario_symbol(s, instrument),
                    book_state_name(book->state), trading_name(book->trading),
                    book_state_name(host.state), trading_name(host.trading));
            }
        }
    }
}

static void read_topic(struct scenario *s, struct copy *copy)
{
    for (const struct event *event;
         (event = copy->reader.source.ops->next(&copy->reader.source, 0)) != NULL;) {
        market_apply(copy->market, event, s->now_ns);
        check_changed(s, copy);
    }
    if (copy->reader.failed > 0) {
        scenario_violate(s, "%s cannot read a message", copy->name);
    }
}

/* A quantity in the top of a book changes on its way; deeper ones the checksum does not cover. */
static void damage_event(struct scenario *s, const struct copy *copy, const struct event *event)
{
    const uint32_t venue = strcmp(event->venue->name, s->venues[0].name) == 0 ? 0 : 1;
    struct arb_level *const level = copy->reader.decoded.levels;

    if (event->kind == EVENT_DELTA && event->n_bids + event->n_asks > 0 && level->qty > 0 &&
        s->sides[venue].depth == KRAKEN_PROVEN) {
        level->qty++;
    }
}

/* Loses some messages, gets some damaged, and must know it. */
static void read_unluckily(struct scenario *s, struct copy *copy)
{
    for (const struct event *event;
         (event = copy->reader.source.ops->next(&copy->reader.source, 0)) != NULL;) {
        const int64_t luck = prng_below(&s->prng, 50);
        if (luck == 0) {
            continue;
        }
        if (luck == 1) {
            damage_event(s, copy, event);
        }
        market_apply(copy->market, event, s->now_ns);
        check_changed(s, copy);
    }
}

/* Takes at most `n` records; a slow consumer takes few. */
static void read_rings(struct scenario *s, struct copy *copy, uint32_t n)
{
    for (uint32_t venue = 0; venue < s->n_venues; venue++) {
        size_t len;
        void *record;
        for (uint32_t i = 0; i < n && (record = ring_peek(&s->sides[venue].ring, &len)) != NULL;
             i++) {
            market_apply(copy->market, event_record_read(record), s->now_ns);
            ring_release(&s->sides[venue].ring);
            check_changed(s, copy);
        }
    }
}

static int begin_copy(struct scenario *s, struct copy *copy, int64_t since_ns)
{
    const struct market_config config = { .venues = s->venues,
                                          .n_venues = s->n_venues,
                                          .who = copy->name };

    market_destroy(copy->market);
    copy->market = NULL;
    topic_reader_init(&copy->reader, &s->topic, s->levels, READERS_LEVELS_MAX);
    copy->reader.next = topic_find(&s->topic, since_ns);
    copy->reader.joined_ns = s->now_ns;
    return market_create(&copy->market, &config);
}

static void on_opportunity(void *context, const struct opportunity *opportunity);

static int begin_runner(struct scenario *s, int64_t since_ns, struct err *err)
{
    struct problems problems = { .out = stderr, .path = "simulation" };
    const struct runner_config config = {
        .strategy = &s->strategy,
        .plugin = &s->options.plugins->cross_venue,
        .venues = s->venues,
        .n_venues = s->n_venues,
        .source = &s->runner_reader.source,
        .fn = on_opportunity,
        .context = s,
        .session = 1,
        .now = scenario_moment(s),
    };

    runner_destroy(s->runner); /* killed: it closes nothing */
    s->runner = NULL;
    s->n_open = 0;
    topic_reader_init(&s->runner_reader, &s->topic, s->levels, READERS_LEVELS_MAX);
    s->runner_reader.next = topic_find(&s->topic, since_ns);
    s->runner_reader.joined_ns = s->now_ns;
    return runner_create(&s->runner, &config, &problems, err);
}

int readers_restart(struct scenario *s, struct err *err)
{
    int rc = ARB_OK;

    if (s->now_ns < s->restart_ns) {
        return ARB_OK;
    }
    s->restart_ns = s->now_ns + prng_between(&s->prng, 500 * NS_PER_MS, 2500 * NS_PER_MS);
    rc = begin_copy(s, &s->copies[LATE], s->now_ns - REWIND_NS);
    if (rc == ARB_OK && prng_once_in(&s->prng, 2)) {
        rc = begin_runner(s, s->now_ns - REWIND_NS, err);
    }
    return rc;
}

static void check_opportunity_leg(struct scenario *s, const struct opportunity *opportunity,
                                  const struct opportunity_leg *leg)
{
    const uint32_t instrument = scenario_instrument(s, leg->info.symbol);

    for (uint32_t venue = 0; venue < s->n_venues; venue++) {
        if (strcmp(s->venues[venue].name, leg->venue) != 0) {
            continue;
        }
        const struct ledger_entry *const entry =
            ledger_at(&s->sides[venue].ledgers[instrument], leg->seq);
        if (entry == NULL || entry->state != ARB_BOOK_LIVE || entry->trading != ARB_TRADING_OPEN) {
            scenario_violate(
                s, "an opportunity of %s rests on %s at seq %" PRIu64 ", which is not LIVE",
                leg->info.symbol, leg->venue, leg->seq);
        } else if (opportunity->terms.verified < entry->verified) {
            scenario_violate(s, "an opportunity of %s is %s and %s at seq %" PRIu64 " is not",
                             leg->info.symbol, verified_name(opportunity->terms.verified),
                             leg->venue, leg->seq);
        }
    }
}

static void count_open(struct scenario *s, uint32_t event)
{
    if (event == ARB_OPPORTUNITY_OPEN) {
        s->n_open++;
    } else if (s->n_open == 0) {
        scenario_violate(s, "an opportunity goes on that was never opened");
    } else {
        s->n_open -= event == ARB_OPPORTUNITY_CLOSE;
    }
}

static void on_opportunity(void *context, const struct opportunity *opportunity)
{
    struct scenario *const s = context;
    char json[WIRE_OPPORTUNITY_MAX];
    struct opportunity read;
    int64_t pub_ns;
    const size_t len = wire_write_opportunity(opportunity, scenario_moment(s).utc_ns, json);

    s->totals->opportunities++;
    count_open(s, opportunity->terms.event);
    if (wire_read_opportunity((struct arb_bytes){ json, len }, &read, &pub_ns) != ARB_OK) {
        scenario_violate(s, "an opportunity cannot be read");
        return;
    }
    for (uint32_t i = 0; read.terms.event != ARB_OPPORTUNITY_CLOSE && i < read.terms.n_legs; i++) {
        check_opportunity_leg(s, &read, &read.legs[i]);
    }
}

void readers_read(struct scenario *s)
{
    read_topic(s, &s->copies[FROM_START]);
    check_caught_up(s, &s->copies[FROM_START]);
    read_unluckily(s, &s->copies[UNLUCKY]);
    if (prng_once_in(&s->prng, 3)) {
        read_topic(s, &s->copies[LATE]);
        check_caught_up(s, &s->copies[LATE]);
    }
    if (prng_once_in(&s->prng, 4)) {
        read_rings(s, &s->copies[SLOW], (uint32_t)prng_between(&s->prng, 1, 3));
    }
    runner_step(s->runner, scenario_moment(s));
}

void readers_drain(struct scenario *s)
{
    read_rings(s, &s->copies[SLOW], UINT32_MAX);
}

/* The strategy stops as it does when the host ends. */
static void stop_runner(struct scenario *s)
{
    runner_finish(s->runner, scenario_moment(s));
    if (s->n_open > 0) {
        scenario_violate(s, "%" PRIu64 " opportunities are open after the strategy stopped",
                         s->n_open);
    }
}

void readers_end(struct scenario *s)
{
    readers_drain(s);
    check_caught_up(s, &s->copies[SLOW]);
    read_topic(s, &s->copies[LATE]);
    check_caught_up(s, &s->copies[LATE]);
    stop_runner(s);
}

int readers_open(struct scenario *s, struct err *err)
{
    static const char *const names[N_COPIES] = { "the first reader", "a late reader",
                                                 "the slow reader", "the unlucky reader" };
    int rc = ARB_OK;

    for (uint32_t i = 0; i < N_COPIES && rc == ARB_OK; i++) {
        s->copies[i].name = names[i];
        rc = begin_copy(s, &s->copies[i], SIMULATION_START_NS);
    }
    (void)snprintf(s->strategy.name, sizeof(s->strategy.name), "cross_venue");
    s->strategy.plugin = s->strategy.name;
    return rc == ARB_OK ? begin_runner(s, SIMULATION_START_NS, err) : err_set(err, rc, "no memory");
}

void readers_close(struct scenario *s)
{
    runner_destroy(s->runner);
    for (uint32_t i = 0; i < N_COPIES; i++) {
        market_destroy(s->copies[i].market);
    }
}
