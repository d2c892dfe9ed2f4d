#include "scenario.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/wire.h"
#include "feed/feed_internal.h"
#include "ledger.h"
#include "link.h"
#include "oracle.h"
#include "strategy/runner.h"
#include "topic.h"
#include "util/clock.h"

enum {
    STREAM = 21,
    OPTIONS_MAX = 5,
    TEXT_MAX = 64,
    FAULTS_DRAWN_MAX = 8,
    LEVELS_MAX = 8192,    /* of one message */
    KRAKEN_PROVEN = 10,   /* levels a side that the venue's checksum covers */
    CHECKED_LEVELS = 100, /* levels a side that the cross-check sees */
    RING_BOOKS = 3,       /* whole books that the slow consumer's ring has room for */
    VIOLATIONS_SHOWN = 4,
};

#define START_NS INT64_C(1785552832000000000)
/* Eight resyncs with their pauses and a snapshot that did not come once. */
#define HEALED_WITHIN_NS (150 * NS_PER_S)
/*
 * Asked for again by then: a subscription within 5 s, which may be the second attempt after a
 * pause, and an HTTP book within a few more.
 */
#define SYNCED_WITHIN_NS (20 * NS_PER_S)
#define REWIND_NS (SIMULATION_SNAPSHOT_MS * NS_PER_MS + 200 * NS_PER_MS)

/*
 * How long a wrong book may stay LIVE under the cross-check, from the first frame on that shows it:
 * a level is believed to be wrong when it differed for 3 s, which is looked at every 0.25 s, and
 * the book may have changed meanwhile.
 */
#define CHECKED_WITHIN_NS (4 * NS_PER_S)

/* What a frame's tag says: which book it brings to which version. */
struct tag {
    uint32_t venue, instrument, version;
    bool is_book, is_whole;
    bool is_check; /* only compared with the book */
};

/* One venue's feed with all that belongs to it. */
struct side {
    struct scenario *scenario;
    uint32_t venue;
    uint32_t feeds;  /* bits of enum fault_feed: what it subscribes */
    uint32_t stream; /* the one of them that the books are made of */
    struct exchange_config exchange;
    struct config_entry options[OPTIONS_MAX];
    char text[OPTIONS_MAX][TEXT_MAX];
    uint32_t depth; /* levels a side that the feed carries; 0: all */
    struct feed *feed;
    struct link *link;
    int64_t due_ns;
    struct outlet to_topic, to_ring;
    struct ring ring;
    struct oracle oracles[SIMULATION_INSTRUMENTS_MAX];
    struct ledger ledgers[SIMULATION_INSTRUMENTS_MAX];
    uint32_t states[SIMULATION_INSTRUMENTS_MAX];           /* after the last step */
    struct reaction reactions[SIMULATION_INSTRUMENTS_MAX]; /* under way; kind 0: none */
    bool is_refused[SIMULATION_INSTRUMENTS_MAX];           /* once, by a fault */
    bool was_down[SIMULATION_INSTRUMENTS_MAX];             /* before the fault */
    int64_t asked_ns[SIMULATION_INSTRUMENTS_MAX];          /* since when it is SYNCING */
    uint32_t attempts[SIMULATION_INSTRUMENTS_MAX];         /* of the feed, then */
    int64_t fault_ns[SIMULATION_INSTRUMENTS_MAX];
};

/* A copy of all books, made from the topic or from the rings. */
struct copy {
    const char *name;
    struct market *market;
    struct topic_reader reader;
    bool is_from_rings;
};

enum copy_kind { FROM_START, LATE, SLOW, UNLUCKY, N_COPIES };

struct scenario {
    struct scenario_options options;
    struct totals *totals;
    struct prng prng;
    struct config config;
    struct instrument_list *instruments;
    uint32_t n_venues;
    struct arb_venue venues[SIMULATION_VENUES_MAX];
    char *symbols[SIMULATION_INSTRUMENTS_MAX];
    struct world *world;
    struct fault_config fault_config;
    struct fault_layer *faults;
    struct side sides[SIMULATION_VENUES_MAX];
    struct topic topic;
    struct arb_level *levels; /* [LEVELS_MAX] decoding room, shared: one reads at a time */
    struct copy copies[N_COPIES];
    struct strategy_config strategy;
    struct runner *runner;
    struct topic_reader runner_reader;
    int64_t now_ns, end_ns, last_fault_ns, restart_ns;
    uint64_t violations;
};

/* -- telling -------------------------------------------------------------------------- */

static double seconds(const struct scenario *s)
{
    return (double)(s->now_ns - START_NS) / 1e9; /* for people */
}

__attribute__((format(printf, 2, 3))) static void tell(const struct scenario *s, const char *fmt,
                                                       ...)
{
    va_list args;

    if (!s->options.is_verbose) {
        return;
    }
    (void)printf("%9.4f ", seconds(s));
    va_start(args, fmt);
    (void)vprintf(fmt, args);
    va_end(args);
    (void)putchar('\n');
}

__attribute__((format(printf, 2, 3))) static void violate(struct scenario *s, const char *fmt, ...)
{
    va_list args;

    s->totals->violations += s->violations++ == 0;
    if (s->violations > VIOLATIONS_SHOWN) {
        return;
    }
    (void)printf("VIOLATION seed=%" PRIu64 " at %.4f s: ", s->options.seed, seconds(s));
    va_start(args, fmt);
    (void)vprintf(fmt, args);
    va_end(args);
    (void)putchar('\n');
}

static const char *symbol_of(const struct scenario *s, uint32_t instrument)
{
    return s->instruments->items[instrument].symbol;
}

/* -- from the world to the feeds ------------------------------------------------------ */

static uint64_t pack(struct tag tag)
{
    return (uint64_t)tag.version << 32 | tag.instrument << 16 | tag.venue << 8 |
           (tag.is_check ? 4U : 0U) | (tag.is_whole ? 2U : 0U) | (tag.is_book ? 1U : 0U);
}

static struct tag unpack(uint64_t packed)
{
    return (struct tag){ .version = (uint32_t)(packed >> 32),
                         .instrument = packed >> 16 & 0xffff,
                         .venue = packed >> 8 & 0xff,
                         .is_check = (packed & 4) != 0,
                         .is_whole = (packed & 2) != 0,
                         .is_book = (packed & 1) != 0 };
}

static void note_version(struct scenario *s, uint32_t venue, uint32_t instrument,
                         const struct sim_book *book, int64_t now_ns)
{
    struct side *const side = &s->sides[venue];

    if (oracle_publish(&side->oracles[instrument], book, &s->instruments->items[instrument],
                       side->depth, now_ns) != ARB_OK) {
        abort();
    }
}

/* A change is sent before the model says that its book is a new one; a snapshot is of the last. */
static struct tag tag_of(const struct side *side, const struct frame_subject *subject)
{
    const bool is_book = subject->role == FRAME_BOOK || subject->role == FRAME_SNAPSHOT;
    const uint32_t next = side->oracles[subject->instrument].n;

    return (struct tag){
        .venue = side->venue,
        .instrument = subject->instrument,
        .version = subject->role == FRAME_SNAPSHOT ? next - 1 : next,
        .is_book = is_book && subject->feed == side->stream,
        .is_whole = subject->role == FRAME_SNAPSHOT || side->stream == FAULT_AT_ORDER_BOOK,
        .is_check = is_book && subject->feed != side->stream,
    };
}

static void on_world_send(void *context, uint32_t venue, uint32_t client, struct arb_bytes frame)
{
    struct scenario *const s = context;
    const struct frame_subject subject = frame_subject_of(s->instruments, frame);
    const uint32_t i = subject.instrument;
    const struct tag tag = i == ARB_NO_INSTRUMENT ? (struct tag){ .venue = venue }
                                                  : tag_of(&s->sides[venue], &subject);

    if (tag.is_book && subject.feed == FAULT_AT_ORDERS) {
        const struct sim_venue *const model = world_venue(s->world, venue);
        note_version(s, venue, i, model->ops->told(model, i), s->now_ns);
    }
    fault_send(s->faults, venue, client, frame, pack(tag));
}

static void on_world_close(void *context, uint32_t venue, uint32_t client, uint16_t code,
                           const char *why)
{
    struct scenario *const s = context;
    (void)code;
    link_close(s->sides[venue].link, client, why);
}

static void note_published(struct scenario *s, uint32_t venue, uint32_t instrument, int64_t now_ns)
{
    const struct sim_venue *const model = world_venue(s->world, venue);
    note_version(s, venue, instrument, model->ops->published(model, instrument), now_ns);
}

static void on_world_published(void *context, uint32_t venue, uint32_t instrument, int64_t now_ns)
{
    struct scenario *const s = context;
    if (s->world != NULL) { /* the first books are noted when it is there */
        note_published(s, venue, instrument, now_ns);
    }
}

static void on_fault_send(void *context, uint32_t venue, uint32_t client, struct arb_bytes frame,
                          struct fault_mark mark)
{
    struct scenario *const s = context;
    link_send(s->sides[venue].link, client, frame, mark);
}

static void on_lost(void *context, uint64_t packed)
{
    struct scenario *const s = context;
    const struct tag tag = unpack(packed);

    if (tag.is_book) {
        oracle_lose(&s->sides[tag.venue].oracles[tag.instrument], tag.version);
    } else if (tag.is_check) {
        oracle_lose_check(&s->sides[tag.venue].oracles[tag.instrument]);
    }
}

static void end_reaction(struct side *side, uint32_t instrument)
{
    const struct scenario *const s = side->scenario;
    struct reaction *const reaction = &side->reactions[instrument];

    if (reaction->kind != 0 && s->options.reaction != NULL) {
        s->options.reaction(s->options.context, reaction);
    }
    reaction->kind = 0;
}

/* A fault that comes on top of another one takes over. */
static void begin_reaction(struct side *side, uint32_t instrument, const struct fault *fault)
{
    end_reaction(side, instrument);
    side->reactions[instrument] = (struct reaction){
        .kind = fault->kind, .feeds = side->feeds, .stale_ns = -1, .healed_ns = -1
    };
    side->fault_ns[instrument] = side->scenario->now_ns;
    side->was_down[instrument] = side->states[instrument] != ARB_BOOK_LIVE;
}

static void follow_reaction(struct side *side, const struct event *event)
{
    const uint32_t i = event->instrument;
    struct reaction *const reaction = &side->reactions[i];
    const int64_t since_ns = side->scenario->now_ns - side->fault_ns[i];
    const bool is_good = event->state == ARB_BOOK_LIVE && event->trading == ARB_TRADING_OPEN;

    if (reaction->kind == 0) {
        return;
    }
    if (!is_good && reaction->stale_ns < 0 && !side->was_down[i]) {
        reaction->stale_ns = since_ns;
    } else if (is_good && (reaction->stale_ns >= 0 || side->was_down[i])) {
        reaction->healed_ns = since_ns;
        end_reaction(side, i);
    }
}

/* How long the scenario has to go on so that this fault can show. */
static int64_t duration_of(const struct fault *fault)
{
    switch ((enum fault_kind)fault->kind) {
    case FAULT_HANG:
        return 4 * NS_PER_S;
    case FAULT_SILENT:
        return 7 * NS_PER_S / 2;
    case FAULT_STALL:
    case FAULT_MAINTENANCE:
    case FAULT_CANCEL_ONLY:
        return 5 * NS_PER_S / 2;
    default:
        return NS_PER_S / 2;
    }
}

static void on_applied(void *context, const struct fault *fault)
{
    struct scenario *const s = context;
    struct side *const side = &s->sides[fault->venue];

    s->totals->faults++;
    s->last_fault_ns = s->now_ns;
    if (s->end_ns < s->now_ns + duration_of(fault)) {
        s->end_ns = s->now_ns + duration_of(fault);
    }
    tell(s, "fault %s:%s %s", s->venues[fault->venue].name, fault_infos[fault->kind].name,
         fault->instrument == ARB_NO_INSTRUMENT ? "" : symbol_of(s, fault->instrument));
    for (uint32_t i = 0; i < s->instruments->n; i++) {
        if (fault->instrument == ARB_NO_INSTRUMENT || fault->instrument == i) {
            begin_reaction(side, i, fault);
        }
    }
    if (fault->kind == FAULT_REFUSE) {
        side->is_refused[fault->instrument] = true;
    }
    if (fault->kind == FAULT_REST_STALE) {
        struct oracle *const oracle = &side->oracles[fault->instrument];
        oracle_lose(oracle, oracle->n); /* whatever was published since it was current */
    }
}

static void on_frame(void *context, uint32_t venue, struct fault_mark mark)
{
    struct scenario *const s = context;
    const struct tag tag = unpack(mark.tag);

    if (tag.is_book && mark.verdict != FAULT_MADE_UP) {
        oracle_arrive(&s->sides[venue].oracles[tag.instrument], tag.version,
                      (enum fault_verdict)mark.verdict, tag.is_whole);
    } else if (tag.is_check && mark.verdict == FAULT_CLEAN) {
        oracle_check(&s->sides[venue].oracles[tag.instrument], s->now_ns);
    }
}

static void on_answer(void *context, uint32_t venue, const char *path, struct arb_bytes body)
{
    static const char head[] = "/api/v2/order_book/", stamp[] = "\"microtimestamp\": \"";
    struct scenario *const s = context;
    const char *const at = memmem(body.data, body.len, stamp, sizeof(stamp) - 1);

    if (at == NULL || strncmp(path, head, sizeof(head) - 1) != 0) {
        return;
    }
    const char *const name = path + sizeof(head) - 1;
    const uint32_t i =
        arb_symbol_find(&s->instruments->by_market, (struct arb_bytes){ name, strcspn(name, "/") });
    if (i != ARB_NO_INSTRUMENT) {
        struct oracle *const oracle = &s->sides[venue].oracles[i];
        oracle_answer(oracle, oracle_version_at(oracle, strtoll(at + sizeof(stamp) - 1, NULL, 10)));
    }
}

/* -- from the feeds to the bus -------------------------------------------------------- */

static void on_event(void *context, const struct event *event)
{
    struct side *const side = context;
    struct scenario *const s = side->scenario;
    const uint32_t i = event->instrument;
    const struct arb_book book = feed_book(side->feed, i);

    ledger_note(&side->ledgers[i],
                (struct ledger_entry){ .seq = event->seq,
                                       .hash = oracle_hash_of(&book, 0).whole,
                                       .state = event->state,
                                       .trading = event->trading,
                                       .verified = event->verified,
                                       .verified_levels = event->verified_levels });
    topic_publish(&s->topic, event, s->now_ns);
    follow_reaction(side, event);
    if (event->kind == EVENT_STATUS) {
        tell(s, "%s %s is %s: %s", event->venue->name, event->info->symbol,
             book_state_name(event->state), event->reason);
    }
}

/* -- what must hold after a feed was called ------------------------------------------- */

static void judge(struct scenario *s, struct side *side, uint32_t i, const struct arb_book *book,
                  const struct book_hash *hash)
{
    struct oracle *const oracle = &side->oracles[i];
    const uint32_t before = oracle->verdict;
    const enum oracle_verdict verdict = oracle_judge(oracle, book, hash, s->now_ns);

    s->totals->checks++;
    if (verdict == ORACLE_WRONG) {
        violate(s, "%s %s is LIVE, %s and not the venue's book (versions %u to %u)",
                s->venues[side->venue].name, symbol_of(s, i), verified_name(book->verified),
                oracle->first, oracle->last);
    }
    if (verdict != ORACLE_RIGHT && verdict != before) {
        s->totals->unseen += verdict == ORACLE_UNSEEN;
        s->totals->unseen_deep += verdict == ORACLE_UNSEEN_DEEP;
        tell(s, "%s %s: a loss that cannot be seen", s->venues[side->venue].name, symbol_of(s, i));
    }
}

/* What is awaited comes, or is asked for again. */
static void check_patience(struct scenario *s, struct side *side, uint32_t i)
{
    const struct feed_book *const book = &side->feed->books[i];

    if (book->state != ARB_BOOK_SYNCING || side->states[i] != ARB_BOOK_SYNCING ||
        side->attempts[i] != book->attempts) {
        side->asked_ns[i] = s->now_ns;
        side->attempts[i] = book->attempts;
    }
    if (s->now_ns - side->asked_ns[i] > SYNCED_WITHIN_NS) {
        violate(s, "%s %s is SYNCING for more than %d s", s->venues[side->venue].name,
                symbol_of(s, i), (int)(SYNCED_WITHIN_NS / NS_PER_S));
    }
}

static void check_book(struct scenario *s, struct side *side, uint32_t i)
{
    const struct arb_book book = feed_book(side->feed, i);
    const struct book_hash hash = oracle_hash_of(&book, side->oracles[i].proof.levels);

    if (book.state == ARB_BOOK_LIVE) {
        if (side->states[i] != ARB_BOOK_LIVE) {
            tell(s, "%s %s is LIVE", s->venues[side->venue].name, symbol_of(s, i));
            oracle_begin_live(&side->oracles[i], side->stream != FAULT_AT_KRAKEN);
        }
        if (!link_is_up(side->link, side->feed->books[i].conn)) {
            violate(s, "%s %s is LIVE without a connection", s->venues[side->venue].name,
                    symbol_of(s, i));
        }
        judge(s, side, i, &book, &hash);
    }
    check_patience(s, side, i);
    side->states[i] = book.state;
    ledger_fill(&side->ledgers[i],
                (struct ledger_entry){ .seq = side->feed->books[i].bus_seq,
                                       .hash = hash.whole,
                                       .state = book.state,
                                       .trading = book.trading,
                                       .verified = book.verified,
                                       .verified_levels = book.verified_levels });
}

static void after_step(struct scenario *s, struct side *side)
{
    side->due_ns = feed_on_turn(side->feed, s->now_ns);
    s->totals->steps++;
    for (uint32_t i = 0; i < feed_n_instruments(side->feed); i++) {
        check_book(s, side, i);
    }
    if (feed_is_disabled(side->feed)) {
        violate(s, "%s disabled itself", s->venues[side->venue].name);
    }
}

/* -- consumers ------------------------------------------------------------------------ */

static uint32_t instrument_named(const struct scenario *s, const char *symbol)
{
    return arb_symbol_find(&s->instruments->by_symbol,
                           (struct arb_bytes){ symbol, strlen(symbol) });
}

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
        violate(s, "%s: %s %s is LIVE at seq %" PRIu64 " and not the host's book", copy->name,
                s->venues[venue].name, symbol_of(s, instrument), book->seq);
    }
}

static void check_changed(struct scenario *s, const struct copy *copy)
{
    struct arb_market market;

    while (market_changed(copy->market, &market)) {
        const uint32_t instrument = instrument_named(s, market.info->symbol);
        for (uint32_t venue = 0; venue < s->n_venues; venue++) {
            if ((market.changed >> venue & 1) != 0) {
                check_leg(s, copy, venue, instrument, &market.books[venue]);
            }
        }
    }
}

/* Who has read everything must see each book as the host does. */
static void check_caught_up(struct scenario *s, const struct copy *copy)
{
    for (uint32_t i = 0; i < market_n_instruments(copy->market); i++) {
        const uint32_t instrument = instrument_named(s, market_instrument(copy->market, i)->symbol);
        for (uint32_t venue = 0; venue < s->n_venues; venue++) {
            const struct arb_book host = feed_book(s->sides[venue].feed, instrument);
            const struct arb_book *const book = market_leg(copy->market, i, venue).book;
            if (book->seq != 0 && (host.state != book->state || host.trading != book->trading)) {
                violate(s, "%s has read everything: %s %s is %s, %s to it and %s, %s to the host",
                        copy->name, s->venues[venue].name, symbol_of(s, instrument),
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
        market_apply(copy->market, event);
        check_changed(s, copy);
    }
    if (copy->reader.failed > 0) {
        violate(s, "%s cannot read a message", copy->name);
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
        market_apply(copy->market, event);
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
            market_apply(copy->market, event_record_read(record));
            ring_release(&s->sides[venue].ring);
            check_changed(s, copy);
        }
    }
}

static int begin_copy(struct scenario *s, struct copy *copy, int64_t since_ns)
{
    const struct market_config config = { s->venues, s->n_venues, copy->name };

    market_destroy(copy->market);
    copy->market = NULL;
    topic_reader_init(&copy->reader, &s->topic, s->levels, LEVELS_MAX);
    copy->reader.next = topic_find(&s->topic, since_ns);
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
        .now_ns = s->now_ns,
    };

    runner_destroy(s->runner);
    s->runner = NULL;
    topic_reader_init(&s->runner_reader, &s->topic, s->levels, LEVELS_MAX);
    s->runner_reader.next = topic_find(&s->topic, since_ns);
    return runner_create(&s->runner, &config, &problems, err);
}

/* Late joiners and restarted strategies begin by rewinding. */
static int restart_some(struct scenario *s, struct err *err)
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
    const uint32_t instrument = instrument_named(s, opportunity->info.symbol);

    for (uint32_t venue = 0; venue < s->n_venues; venue++) {
        if (strcmp(s->venues[venue].name, leg->venue) != 0) {
            continue;
        }
        const struct ledger_entry *const entry =
            ledger_at(&s->sides[venue].ledgers[instrument], leg->seq);
        if (entry == NULL || entry->state != ARB_BOOK_LIVE || entry->trading != ARB_TRADING_OPEN) {
            violate(s, "an opportunity of %s rests on %s at seq %" PRIu64 ", which is not LIVE",
                    opportunity->info.symbol, leg->venue, leg->seq);
        } else if (opportunity->terms.verified < entry->verified) {
            violate(s, "an opportunity of %s is %s and %s at seq %" PRIu64 " is not",
                    opportunity->info.symbol, verified_name(opportunity->terms.verified),
                    leg->venue, leg->seq);
        }
    }
}

static void on_opportunity(void *context, const struct opportunity *opportunity)
{
    struct scenario *const s = context;
    char json[WIRE_OPPORTUNITY_MAX];
    struct opportunity read;
    int64_t pub_ns;
    const size_t len = wire_write_opportunity(opportunity, s->now_ns, json);

    s->totals->opportunities++;
    if (wire_read_opportunity((struct arb_bytes){ json, len }, &read, &pub_ns) != ARB_OK) {
        violate(s, "an opportunity cannot be read");
        return;
    }
    if (read.terms.event != ARB_OPPORTUNITY_CLOSE) {
        check_opportunity_leg(s, &read, &read.buy);
        check_opportunity_leg(s, &read, &read.sell);
    }
}

static void let_them_read(struct scenario *s)
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
    runner_step(s->runner, s->now_ns);
}

/* -- time ----------------------------------------------------------------------------- */

static int64_t next_ns(const struct scenario *s)
{
    int64_t next = world_next_ns(s->world);
    const int64_t fault_ns = fault_next_ns(s->faults);

    next = fault_ns < next ? fault_ns : next;
    for (uint32_t venue = 0; venue < s->n_venues; venue++) {
        const int64_t link_ns = link_next_ns(s->sides[venue].link);
        next = link_ns < next ? link_ns : next;
        next = s->sides[venue].due_ns < next ? s->sides[venue].due_ns : next;
    }
    return next > s->now_ns ? next : s->now_ns;
}

static void advance(struct scenario *s)
{
    s->now_ns = next_ns(s);
    for (uint32_t venue = 0; venue < s->n_venues; venue++) {
        link_set_time(s->sides[venue].link, s->now_ns);
    }
    fault_advance(s->faults, s->now_ns);
    world_advance(s->world, s->now_ns);
    for (uint32_t venue = 0; venue < s->n_venues; venue++) {
        struct side *const side = &s->sides[venue];
        while (link_step(side->link, s->now_ns)) {
            after_step(s, side);
        }
        if (side->due_ns <= s->now_ns) {
            after_step(s, side);
        }
    }
    let_them_read(s);
}

/* What can be noticed in time was. */
static bool is_noticed(const struct oracle *oracle)
{
    return oracle->verdict != ORACLE_UNSEEN || oracle->proof.patience_ns == 0;
}

/* LIVE, or, after the venue refused it, given up for a while as the documentation says. */
static bool is_book_healed(const struct side *side, uint32_t i)
{
    return (side->states[i] == ARB_BOOK_LIVE && is_noticed(&side->oracles[i])) ||
           (side->states[i] == ARB_BOOK_UNUSABLE && side->is_refused[i]);
}

static bool is_healed(const struct scenario *s)
{
    bool are_all = true;

    for (uint32_t venue = 0; venue < s->n_venues; venue++) {
        for (uint32_t i = 0; i < s->instruments->n; i++) {
            are_all = are_all && is_book_healed(&s->sides[venue], i);
        }
    }
    return are_all;
}

static void report_unhealed(struct scenario *s)
{
    for (uint32_t venue = 0; venue < s->n_venues; venue++) {
        const struct side *const side = &s->sides[venue];
        for (uint32_t i = 0; i < s->instruments->n; i++) {
            if (!is_book_healed(side, i)) {
                violate(s, "%s %s is still %s (%s) %d s after the last fault",
                        s->venues[venue].name, symbol_of(s, i), book_state_name(side->states[i]),
                        side->feed->books[i].reason, (int)(HEALED_WITHIN_NS / NS_PER_S));
            }
        }
    }
}

/* The slow consumer reads until nothing is left: then it must know every book. */
static void catch_up(struct scenario *s)
{
    for (uint32_t round = 0; round < 64; round++) {
        read_rings(s, &s->copies[SLOW], UINT32_MAX);
        for (uint32_t venue = 0; venue < s->n_venues; venue++) {
            after_step(s, &s->sides[venue]);
        }
    }
    read_rings(s, &s->copies[SLOW], UINT32_MAX);
    check_caught_up(s, &s->copies[SLOW]);
    read_topic(s, &s->copies[LATE]);
    check_caught_up(s, &s->copies[LATE]);
}

static int play(struct scenario *s, struct err *err)
{
    int rc = ARB_OK;

    while (s->now_ns < s->end_ns && rc == ARB_OK && s->violations == 0) {
        advance(s);
        rc = restart_some(s, err);
    }
    fault_disarm(s->faults);
    while (!is_healed(s) && s->now_ns < s->last_fault_ns + HEALED_WITHIN_NS && rc == ARB_OK &&
           s->violations == 0) {
        advance(s);
        rc = restart_some(s, err);
    }
    if (s->violations == 0) {
        report_unhealed(s);
        catch_up(s);
    }
    return rc;
}

/* -- drawing -------------------------------------------------------------------------- */

static void add_option(struct side *side, uint32_t n, const char *key, const char *value)
{
    (void)snprintf(side->text[n], sizeof(side->text[n]), "%s", value);
    side->options[n] = (struct config_entry){ .key = key, .value = side->text[n] };
    if (n > 0) {
        side->options[n - 1].next = &side->options[n];
    }
    side->exchange.options = side->options;
}

/* Mostly shallow books: deep ones take longer and show little more. */
static uint32_t draw_depth(struct prng *prng)
{
    const int64_t draw = prng_below(prng, 100);
    return draw < 45 ? 10 : draw < 88 ? 25 : draw < 99 ? 100 : 1000;
}

static void prove(struct side *side, struct oracle_proof proof)
{
    for (uint32_t i = 0; i < SIMULATION_INSTRUMENTS_MAX; i++) {
        side->oracles[i].proof = proof;
    }
}

static void draw_kraken(struct scenario *s, struct side *side)
{
    char text[TEXT_MAX];

    side->feeds = side->stream = FAULT_AT_KRAKEN;
    side->depth = draw_depth(&s->prng);
    prove(side, (struct oracle_proof){
                    .verified = ARB_VERIFIED,
                    .levels = side->depth > KRAKEN_PROVEN ? KRAKEN_PROVEN : 0,
                });
    (void)snprintf(text, sizeof(text), "%u", side->depth);
    add_option(side, 0, "depth", text);
    add_option(side, 1, "idle_timeout", "3s");
    add_option(side, 2, "pairs_per_connection", prng_once_in(&s->prng, 3) ? "2" : "200");
}

/* A way to get books from Bitstamp. */
struct variant {
    uint32_t feeds, stream;
    uint32_t depth;
    const char *mode, *cross_check;
    struct oracle_proof proof;
};

static const struct variant variants[] = {
    { FAULT_AT_ORDER_BOOK, FAULT_AT_ORDER_BOOK, 100, "order_book", "on", { ARB_VERIFIED, 0, 0 } },
    { FAULT_AT_ORDERS, FAULT_AT_ORDERS, 0, "orders", "on", { ARB_VERIFIED, 0, 0 } },
    { FAULT_AT_DIFF, FAULT_AT_DIFF, 0, "diff", "off", { ARB_UNVERIFIABLE, 0, 0 } },
    { SIMULATION_CHECKED_DIFF,
      FAULT_AT_DIFF,
      0,
      "diff",
      "on",
      { ARB_UNVERIFIABLE, CHECKED_LEVELS, CHECKED_WITHIN_NS } },
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
    prove(side, variant->proof);
    add_option(side, 0, "mode", variant->mode);
    add_option(side, 1, "heartbeat", "2s");
    add_option(side, 2, "heartbeat_timeout", "1s");
    add_option(side, 3, "markets_per_connection", prng_once_in(&s->prng, 3) ? "2" : "500");
    add_option(side, 4, "cross_check", variant->cross_check);
}

static void draw_side(struct scenario *s, uint32_t venue, const char *name)
{
    struct side *const side = &s->sides[venue];

    side->scenario = s;
    side->venue = venue;
    (void)snprintf(side->exchange.name, sizeof(side->exchange.name), "%s", name);
    side->exchange.plugin = side->exchange.name;
    side->exchange.enabled = true;
    side->exchange.symbols = s->symbols;
    side->exchange.n_symbols = s->instruments->n;
    side->exchange.taker_fee_ppm = 1000;
    if (strcmp(name, "kraken") == 0) {
        draw_kraken(s, side);
    } else {
        draw_bitstamp(s, side);
    }
    s->venues[venue].taker_fee_ppm = side->exchange.taker_fee_ppm;
    memcpy(s->venues[venue].name, side->exchange.name, sizeof(s->venues[venue].name));
    s->fault_config.venues[venue] = side->exchange.name;
    s->fault_config.feeds[venue] = side->feeds;
}

/* Some faults only show when something else makes them. */
static uint32_t companion_of(const struct scenario *s, const struct fault *fault)
{
    switch ((enum fault_kind)fault->kind) {
    case FAULT_REFUSE:
    case FAULT_REST_LATE:
    case FAULT_REST_STALE:
    case FAULT_REST_FAIL:
        return FAULT_CLOSE;
    case FAULT_NO_ACK:
        return s->sides[fault->venue].stream == FAULT_AT_KRAKEN ? FAULT_CHECKSUM : FAULT_CLOSE;
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

static void draw_plan(struct scenario *s, struct fault_plan *plan)
{
    const uint32_t n =
        s->options.only_fault != 0 ? 1 : (uint32_t)prng_between(&s->prng, 0, FAULTS_DRAWN_MAX);
    *plan = (struct fault_plan){ .seed = s->options.seed };
    for (uint32_t i = 0; i < n; i++) {
        struct fault fault = draw_fault(s);
        const int64_t from_ns = s->options.only_fault != 0 ? 1500 * NS_PER_MS : 0;
        fault.at_ns = prng_between(&s->prng, from_ns, s->end_ns - START_NS - NS_PER_S);
        plan->faults[plan->n++] = fault;
        fault.kind = companion_of(s, &fault);
        if (fault.kind != 0) {
            plan->faults[plan->n++] = fault;
        }
    }
}

/* -- life ----------------------------------------------------------------------------- */

static int open_instruments(struct scenario *s, struct err *err)
{
    char count[8];

    s->instruments = calloc(1, sizeof(*s->instruments));
    s->levels = malloc(LEVELS_MAX * sizeof(*s->levels));
    if (s->instruments == NULL || s->levels == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory");
    }
    (void)snprintf(count, sizeof(count), "%d",
                   (int)prng_between(&s->prng, 1, SIMULATION_INSTRUMENTS_MAX));
    const int rc = instrument_list_parse(s->instruments, count, err);
    for (uint32_t i = 0; rc == ARB_OK && i < s->instruments->n; i++) {
        s->symbols[i] = s->instruments->items[i].symbol;
    }
    return rc;
}

static void draw_sides(struct scenario *s)
{
    static const char *const names[SIMULATION_VENUES_MAX] = { "kraken", "bitstamp" };

    for (uint32_t i = 0; i < SIMULATION_VENUES_MAX; i++) {
        if (s->options.venue == NULL || strcmp(s->options.venue, names[i]) == 0) {
            draw_side(s, s->n_venues++, names[i]);
        }
    }
    s->fault_config.instruments = s->instruments;
    s->fault_config.n_venues = s->n_venues;
}

static int open_world(struct scenario *s, struct err *err)
{
    uint32_t deepest = 0;
    /* In a calm market a wrong level is not overwritten by the next change. */
    const bool is_calm = prng_once_in(&s->prng, 3);
    struct world_config config = {
        .instruments = s->instruments,
        .n_venues = s->n_venues,
        .seed = s->options.seed,
        .start_ns = START_NS,
        .rate_per_s = is_calm ? prng_between(&s->prng, 1, 3) : prng_between(&s->prng, 2, 12),
        .divergence_every_ms = is_calm ? 20000 : 1500,
        .outlet = { on_world_send, on_world_close, s, on_world_published },
    };

    for (uint32_t venue = 0; venue < s->n_venues; venue++) {
        const struct side *const side = &s->sides[venue];
        config.venues[venue] = side->exchange.name;
        config.fees_ppm[venue] = side->exchange.taker_fee_ppm;
        if (side->stream == FAULT_AT_KRAKEN) {
            deepest = side->depth;
        }
    }
    config.depth = deepest + deepest / 4 + (uint32_t)prng_between(&s->prng, 10, 20);
    const int rc = world_create(&s->world, &config, err);
    for (uint32_t venue = 0; rc == ARB_OK && venue < s->n_venues; venue++) {
        for (uint32_t i = 0; i < s->instruments->n; i++) {
            note_published(s, venue, i, START_NS);
        }
    }
    return rc;
}

static int open_faults(struct scenario *s, struct err *err)
{
    const struct fault_sink sink = { on_fault_send, on_world_close, on_lost, on_applied, s };
    struct fault_plan plan;

    draw_plan(s, &plan);
    const int rc = fault_layer_create(&s->faults, &s->fault_config, &plan, &sink, START_NS);
    return rc == ARB_OK ? ARB_OK : err_set(err, rc, "no memory for faults");
}

static int open_link(struct scenario *s, struct side *side)
{
    const struct link_config config = {
        .world = s->world,
        .layer = s->faults,
        .venue = side->venue,
        .seed = s->options.seed,
        .latency_ns = prng_between(&s->prng, 0, 30) * NS_PER_MS,
        .watch = { on_frame, on_answer, s },
    };
    int rc = link_create(&side->link, &config);

    if (rc == ARB_OK) {
        rc = outlet_init_fn(&side->to_topic, on_event, side);
    }
    if (rc == ARB_OK) {
        const size_t book_len =
            512 + 2 * (size_t)(side->depth == 0 ? 1300 : side->depth) * sizeof(struct arb_level);
        rc = ring_init(&side->ring, RING_BOOKS * book_len, NULL);
    }
    return rc == ARB_OK ? outlet_init_ring(&side->to_ring, &side->ring, NULL, false) : rc;
}

static int open_side(struct scenario *s, struct side *side, struct err *err)
{
    const struct feed_config config = {
        .plugin = side->stream == FAULT_AT_KRAKEN ? &s->options.plugins->kraken
                                                  : &s->options.plugins->bitstamp,
        .exchange = &side->exchange,
        .config = &s->config,
        .session = 1,
        .snapshot_interval_ms = SIMULATION_SNAPSHOT_MS,
        .io = &link_io,
    };
    struct feed_config with_link = config;
    int rc = open_link(s, side);

    if (rc != ARB_OK) {
        return err_set(err, rc, "no memory for a link");
    }
    with_link.io_context = side->link;
    rc = feed_create(&side->feed, &with_link, err);
    if (rc != ARB_OK) {
        return rc;
    }
    link_attach(side->link, side->feed);
    link_set_time(side->link, START_NS);
    (void)feed_add_outlet(side->feed, &side->to_topic); /* two fit */
    (void)feed_add_outlet(side->feed, &side->to_ring);
    rc = feed_start(side->feed, START_NS, err);
    side->due_ns = START_NS;
    return rc;
}

static int open_consumers(struct scenario *s, struct err *err)
{
    static const char *const names[N_COPIES] = { "the first reader", "a late reader",
                                                 "the slow reader", "the unlucky reader" };
    int rc = ARB_OK;

    for (uint32_t i = 0; i < N_COPIES && rc == ARB_OK; i++) {
        s->copies[i].name = names[i];
        rc = begin_copy(s, &s->copies[i], START_NS);
    }
    (void)snprintf(s->strategy.name, sizeof(s->strategy.name), "cross_venue");
    s->strategy.plugin = s->strategy.name;
    return rc == ARB_OK ? begin_runner(s, START_NS, err) : err_set(err, rc, "no memory");
}

static int open_scenario(struct scenario *s, struct err *err)
{
    int rc = open_instruments(s, err);
    if (rc != ARB_OK) {
        return rc;
    }
    draw_sides(s);
    s->end_ns = START_NS + prng_between(&s->prng, 2500, 6000) * NS_PER_MS;
    rc = open_world(s, err);
    if (rc == ARB_OK) {
        rc = open_faults(s, err);
    }
    for (uint32_t venue = 0; venue < s->n_venues && rc == ARB_OK; venue++) {
        rc = open_side(s, &s->sides[venue], err);
    }
    return rc == ARB_OK ? open_consumers(s, err) : rc;
}

static void close_side(struct side *side)
{
    feed_destroy(side->feed);
    link_destroy(side->link);
    outlet_fini(&side->to_topic);
    outlet_fini(&side->to_ring);
    ring_fini(&side->ring);
    for (uint32_t i = 0; i < SIMULATION_INSTRUMENTS_MAX; i++) {
        oracle_fini(&side->oracles[i]);
        ledger_fini(&side->ledgers[i]);
    }
}

static void close_scenario(struct scenario *s)
{
    runner_destroy(s->runner);
    for (uint32_t i = 0; i < N_COPIES; i++) {
        market_destroy(s->copies[i].market);
    }
    for (uint32_t venue = 0; venue < s->n_venues; venue++) {
        close_side(&s->sides[venue]);
    }
    fault_layer_destroy(s->faults);
    world_destroy(s->world);
    topic_fini(&s->topic);
    if (s->instruments != NULL) {
        instrument_list_fini(s->instruments);
    }
    free(s->instruments);
    free(s->levels);
}

/* Faults that nothing came of count as well. */
static void end_reactions(struct scenario *s)
{
    for (uint32_t venue = 0; venue < s->n_venues; venue++) {
        for (uint32_t i = 0; i < s->instruments->n; i++) {
            end_reaction(&s->sides[venue], i);
        }
    }
}

int scenario_run(const struct scenario_options *options, struct totals *totals, struct err *err)
{
    struct scenario *const s = calloc(1, sizeof(*s));
    if (s == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory for a scenario");
    }
    s->options = *options;
    s->totals = totals;
    s->prng = prng_seeded(options->seed, STREAM);
    s->now_ns = s->last_fault_ns = s->restart_ns = START_NS;
    s->config = (struct config){ .path = "simulation",
                                 .host = { .px_scale = SIMULATION_PX_SCALE,
                                           .qty_scale = SIMULATION_QTY_SCALE } };
    int rc = open_scenario(s, err);
    if (rc == ARB_OK) {
        rc = play(s, err);
        end_reactions(s);
        totals->scenarios++;
    }
    close_scenario(s);
    free(s);
    return rc;
}
