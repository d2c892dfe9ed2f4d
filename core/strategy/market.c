#include "strategy/market.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "arbspot/symbols.h"
#include "config/symbol_list.h"
#include "consumer/lease.h"
#include "consumer/replica.h"
#include "strategy/terms.h"
#include "util/log.h"

enum {
    STRANGERS_MAX = ARB_VENUES_MAX,    /* unknown venues reported by name; more are only counted */
    UNWANTED = MARKET_INSTRUMENTS_MAX, /* stands for an instrument that nobody wants */
};

/* One venue's book of an instrument. */
struct leg {
    struct replica replica;
    uint64_t shown_session;
    struct arb_order_terms terms; /* as the venue told them, when they were shown */
    uint32_t partition;           /* that its last event came from */
    bool is_alive;                /* its host */
    bool is_conflict_logged;
};

struct instrument {
    struct arb_instrument info;
    const struct instrument_config *own; /* its section, or NULL */
    uint32_t changed;                    /* bit i: venue i; 0 while not queued */
    uint32_t partition;                  /* that the last event of any venue came from */
    struct arb_book *shown;              /* [legs_max] */
    struct arb_terms *terms;             /* [legs_max], as shown */
    struct arb_withdrawal *withdrawals;  /* [legs_max] */
    struct leg legs[];                   /* [legs_max] */
};

struct market {
    struct market_config config;              /* its n_venues grows where venues are learned, */
    struct arb_venue learned[ARB_VENUES_MAX]; /* and its venues are these then */
    uint32_t legs_max;                        /* that each instrument has room for */
    struct market_stats stats;
    struct leases leases[ARB_VENUES_MAX];          /* by venue */
    int64_t expires_ns;                            /* no lease ends before */
    uint64_t elsewhere[LEASE_PARTITIONS_MAX / 64]; /* a bit for each partition: not ours */
    struct arb_symbol_map symbols;
    struct instrument *instruments[MARKET_INSTRUMENTS_MAX];
    uint32_t n_instruments;
    /* Changed instruments, oldest first. Each is in at most once, so there is always room. */
    uint32_t queue[MARKET_INSTRUMENTS_MAX];
    uint32_t queue_first, queue_n;
    char strangers[STRANGERS_MAX][ARB_SYMBOL_MAX];
    uint32_t n_strangers;
    bool is_refusal_logged;
};

static bool is_known_stranger(const struct market *market, const char *name)
{
    for (uint32_t i = 0; i < market->n_strangers; i++) {
        if (strcmp(market->strangers[i], name) == 0) {
            return true;
        }
    }
    return false;
}

static void report_stranger(struct market *market, const char *name)
{
    if (market->n_strangers == STRANGERS_MAX || is_known_stranger(market, name)) {
        return;
    }
    memcpy(market->strangers[market->n_strangers++], name, ARB_SYMBOL_MAX);
    if (market->config.learns_venues) {
        log_line(ARB_WARN, market->config.who, "books of %s are left out: %u venues are the limit",
                 name, (unsigned)ARB_VENUES_MAX);
        return;
    }
    log_line(ARB_WARN, market->config.who,
             "books of %s are left out because its fee is unknown: add [exchange:%s] with its "
             "taker_fee",
             name, name);
}

/* The place of a venue that may be heard of for the first time, or n_venues. */
static uint32_t intern_venue(struct market *market, const char *name)
{
    const uint32_t venue = market_find_venue(market, name);

    if (venue == market->config.n_venues && market->config.learns_venues &&
        venue < ARB_VENUES_MAX) {
        memcpy(market->learned[venue].name, name, ARB_SYMBOL_MAX);
        market->config.n_venues++;
    }
    return venue;
}

static void free_instrument(struct instrument *instrument, uint32_t legs_max)
{
    if (instrument == NULL) {
        return;
    }
    for (uint32_t i = 0; i < legs_max; i++) {
        replica_fini(&instrument->legs[i].replica);
    }
    free(instrument->shown);
    free(instrument->terms);
    free(instrument->withdrawals);
    free(instrument);
}

/* The venue's section, or NULL. */
static const struct exchange_config *section_of(const struct market_config *config, uint32_t venue)
{
    return config->config == NULL ? NULL
                                  : config_exchange(config->config, config->venues[venue].name);
}

static void put_terms(const struct market_config *config, struct instrument *instrument,
                      uint32_t venue)
{
    struct arb_terms *const terms = &instrument->terms[venue];

    *terms = terms_that_count(&config->venues[venue], instrument->own,
                              &instrument->legs[venue].terms, &instrument->info);
    terms_add_inventory(terms, section_of(config, venue), &instrument->info);
}

static bool init_legs(const struct market *market, struct instrument *instrument)
{
    const struct market_config *const config = &market->config;

    for (uint32_t i = 0; i < market->legs_max; i++) {
        struct leg *const leg = &instrument->legs[i];
        if (replica_init(&leg->replica) != ARB_OK) {
            return false;
        }
        instrument->shown[i] = replica_view(&leg->replica);
        put_terms(config, instrument, i);
        instrument->withdrawals[i] = terms_withdrawal(section_of(config, i), &instrument->info);
    }
    return true;
}

static struct instrument *new_instrument(const struct market *market,
                                         const struct arb_instrument *info)
{
    const struct config *const config = market->config.config;
    const uint32_t legs_max = market->legs_max;
    struct instrument *const instrument =
        calloc(1, sizeof(*instrument) + legs_max * sizeof(instrument->legs[0]));

    if (instrument == NULL) {
        return NULL;
    }
    instrument->info = *info;
    memset(instrument->info.venue_symbol, 0, sizeof(instrument->info.venue_symbol));
    instrument->own = config == NULL ? NULL : config_instrument(config, info->symbol);
    instrument->shown = calloc(legs_max, sizeof(*instrument->shown));
    instrument->terms = calloc(legs_max, sizeof(*instrument->terms));
    instrument->withdrawals = calloc(legs_max, sizeof(*instrument->withdrawals));
    if (instrument->shown == NULL || instrument->terms == NULL || instrument->withdrawals == NULL ||
        !init_legs(market, instrument)) {
        free_instrument(instrument, legs_max);
        return NULL;
    }
    return instrument;
}

static void report_refusal(struct market *market, const char *symbol)
{
    if (market->is_refusal_logged) {
        return;
    }
    market->is_refusal_logged = true;
    log_line(ARB_WARN, market->config.who,
             "%s and instruments after it are left out: %u are the limit, or memory is short; "
             "spread the instruments over several processes",
             symbol, (unsigned)MARKET_INSTRUMENTS_MAX);
}

/* The index of a symbol that is seen for the first time, or ARB_NO_INSTRUMENT. */
static uint32_t intern(struct market *market, const struct arb_instrument *info,
                       struct arb_bytes symbol)
{
    const uint32_t index = market->n_instruments;

    if (index == MARKET_INSTRUMENTS_MAX) {
        return ARB_NO_INSTRUMENT;
    }
    struct instrument *const instrument = new_instrument(market, info);
    if (instrument == NULL || arb_symbol_put(&market->symbols, symbol, index) != ARB_OK) {
        free_instrument(instrument, market->legs_max);
        return ARB_NO_INSTRUMENT;
    }
    market->instruments[index] = instrument;
    market->n_instruments++;
    return index;
}

static bool is_wanted(const struct market_config *config, const char *symbol)
{
    return config->n_wanted_symbols == 0 ||
           symbol_matches_any(config->wanted_symbols, config->n_wanted_symbols, symbol);
}

/* Of a symbol that nobody wants: known as such, so that patterns are not tried each time. */
static uint32_t pass_over(struct market *market, struct arb_bytes symbol)
{
    (void)arb_symbol_put(&market->symbols, symbol, UNWANTED); /* else they are tried again */
    return UNWANTED;
}

/* Or UNWANTED, or ARB_NO_INSTRUMENT: there is no room for it. */
static uint32_t find_instrument(struct market *market, const struct arb_instrument *info)
{
    const struct arb_bytes symbol = { info->symbol, strnlen(info->symbol, ARB_SYMBOL_MAX) };
    uint32_t index = arb_symbol_find(&market->symbols, symbol);

    if (index == ARB_NO_INSTRUMENT) {
        index = is_wanted(&market->config, info->symbol) ? intern(market, info, symbol)
                                                         : pass_over(market, symbol);
    }
    if (index == ARB_NO_INSTRUMENT) {
        market->stats.refused++;
        report_refusal(market, info->symbol);
    }
    return index;
}

static void mark_changed(struct market *market, uint32_t index, uint32_t venue)
{
    struct instrument *const instrument = market->instruments[index];

    if (instrument->changed == 0) {
        assert(market->queue_n < MARKET_INSTRUMENTS_MAX);
        market->queue[(market->queue_first + market->queue_n) % MARKET_INSTRUMENTS_MAX] = index;
        market->queue_n++;
    }
    instrument->changed |= 1U << venue;
}

/* -- whose instruments they are -------------------------------------------------------- */

static bool is_elsewhere(const struct market *market, uint32_t partition)
{
    return partition < LEASE_PARTITIONS_MAX &&
           (market->elsewhere[partition / 64] >> partition % 64 & 1) != 0;
}

static void mark_all_changed(struct market *market, uint32_t index)
{
    for (uint32_t venue = 0; venue < market->config.n_venues; venue++) {
        mark_changed(market, index, venue);
    }
}

/* Strategies see that from the instruments, so each of them is shown. */
static void put_elsewhere(struct market *market, uint32_t partition, bool is_now)
{
    if (partition >= LEASE_PARTITIONS_MAX || is_elsewhere(market, partition) == is_now) {
        return;
    }
    market->elsewhere[partition / 64] ^= UINT64_C(1) << partition % 64;
    for (uint32_t i = 0; i < market->n_instruments; i++) {
        if (market->instruments[i]->partition == partition) {
            mark_all_changed(market, i);
        }
    }
}

/* All venues of an instrument are in one partition, which is another one when there are more. */
static void note_partition(struct market *market, uint32_t index, uint32_t partition)
{
    struct instrument *const instrument = market->instruments[index];
    const bool was_elsewhere = is_elsewhere(market, instrument->partition);

    instrument->partition = partition;
    if (is_elsewhere(market, partition) != was_elsewhere) {
        mark_all_changed(market, index);
    }
}

/* -- books ----------------------------------------------------------------------------- */

static bool is_same_scale(const struct arb_instrument *a, const struct arb_instrument *b)
{
    return a->px_scale == b->px_scale && a->qty_scale == b->qty_scale;
}

/* What is counted of a book. */
struct standing {
    bool is_known, is_live;
};

static struct standing standing_of(const struct leg *leg)
{
    return (struct standing){ leg->replica.is_heard,
                              leg->is_alive && replica_is_live(&leg->replica) };
}

static void count_change(struct market_stats *stats, struct standing before, struct standing now)
{
    stats->n_books += now.is_known;
    stats->n_books -= before.is_known;
    stats->n_live += now.is_live;
    stats->n_live -= before.is_live;
}

/* Numbers of two scales must not meet, so this venue's book is out until they agree. */
static void refuse_scale(struct market *market, uint32_t index, uint32_t venue,
                         const struct arb_instrument *other)
{
    struct leg *const leg = &market->instruments[index]->legs[venue];
    struct arb_book *const view = &leg->replica.view;
    const struct standing before = standing_of(leg);
    const struct arb_instrument *const info = &market->instruments[index]->info;

    market->stats.scale_conflicts++;
    if (view->state != ARB_BOOK_UNUSABLE) {
        view->state = ARB_BOOK_UNUSABLE;
        count_change(&market->stats, before, standing_of(leg));
        mark_changed(market, index, venue);
    }
    if (!leg->is_conflict_logged) {
        leg->is_conflict_logged = true;
        log_line(ARB_WARN, market->config.who,
                 "%s of %s is left out: it comes with px_scale %u and qty_scale %u, others with %u "
                 "and %u; make [instrument:%s] the same on all hosts",
                 info->symbol, market->config.venues[venue].name, other->px_scale, other->qty_scale,
                 info->px_scale, info->qty_scale, info->symbol);
    }
}

/* -- whose host is alive --------------------------------------------------------------- */

/* Looks at one book again after its host was heard of, or was not for too long. */
static void judge(struct market *market, uint32_t index, uint32_t venue, int64_t now_ns)
{
    struct leg *const leg = &market->instruments[index]->legs[venue];
    const struct leases *const leases = &market->leases[venue];
    const struct standing before = standing_of(leg);

    leg->is_alive = leg->partition < leases->n &&
                    lease_holds(&leases->leases[leg->partition], leg->replica.session, now_ns);
    const struct standing now = standing_of(leg);
    count_change(&market->stats, before, now);
    if (before.is_live != now.is_live) {
        mark_changed(market, index, venue);
    }
}

static void judge_partition(struct market *market, uint32_t venue, uint32_t partition,
                            int64_t now_ns)
{
    for (uint32_t i = 0; i < market->n_instruments; i++) {
        if (market->instruments[i]->legs[venue].partition == partition) {
            judge(market, i, venue, now_ns);
        }
    }
}

static void expire_before(struct market *market, int64_t ns)
{
    market->expires_ns = ns < market->expires_ns ? ns : market->expires_ns;
}

/*
 * Where a lease begins or ends, the books under it do. False: the host that says it does not count,
 * because another one publishes the venue.
 */
static bool take_lease(struct market *market, uint32_t venue, const struct event *event,
                       int64_t now_ns)
{
    struct lease *const lease = leases_at(&market->leases[venue], event->partition);

    if (lease == NULL) {
        return false; /* without a lease nothing is LIVE */
    }
    const struct lease before = *lease;
    const bool counts = lease_take(lease, event, now_ns);
    expire_before(market, lease->until_ns == 0 ? NEVER_NS : lease->until_ns);
    if (before.session != lease->session ||
        (now_ns < before.until_ns) != (now_ns < lease->until_ns)) {
        judge_partition(market, venue, event->partition, now_ns);
    }
    return counts;
}

static int64_t end_leases(struct market *market, uint32_t venue, int64_t now_ns)
{
    struct leases *const leases = &market->leases[venue];
    int64_t next_ns = NEVER_NS;

    for (uint32_t partition = 0; partition < leases->n; partition++) {
        struct lease *const lease = &leases->leases[partition];
        if (lease->until_ns == 0) {
            continue;
        }
        if (lease->until_ns <= now_ns) {
            lease->until_ns = 0;
            judge_partition(market, venue, partition, now_ns);
        } else if (lease->until_ns < next_ns) {
            next_ns = lease->until_ns;
        }
    }
    return next_ns;
}

int64_t market_on_time(struct market *market, int64_t now_ns)
{
    if (now_ns >= market->expires_ns) {
        market->expires_ns = NEVER_NS;
        for (uint32_t venue = 0; venue < market->config.n_venues; venue++) {
            expire_before(market, end_leases(market, venue, now_ns));
        }
    }
    return market->expires_ns;
}

/* What was in the partition is somebody else's, or will be read from the beginning. */
static void lose(struct market *market, uint32_t partition, int64_t now_ns)
{
    put_elsewhere(market, partition, true);
    for (uint32_t venue = 0; venue < market->config.n_venues; venue++) {
        struct leases *const leases = &market->leases[venue];
        if (partition >= leases->n) {
            continue;
        }
        leases->leases[partition] = (struct lease){ 0 };
        judge_partition(market, venue, partition, now_ns);
        for (uint32_t i = 0; i < market->n_instruments; i++) {
            struct leg *const leg = &market->instruments[i]->legs[venue];
            if (leg->partition == partition) {
                const struct standing before = standing_of(leg);
                replica_forget(&leg->replica);
                count_change(&market->stats, before, standing_of(leg));
            }
        }
    }
}

/* -- events ---------------------------------------------------------------------------- */

/* A copy that misses what its host said is no copy any more. */
static void leave_out(struct market *market, struct replica *replica, uint64_t session)
{
    market->stats.books.superseded++;
    if (replica->session == session) {
        replica_lose(replica);
    }
}

static void apply_alive(struct market *market, uint32_t venue, const struct event *event,
                        int64_t now_ns)
{
    const bool counts = take_lease(market, venue, event, now_ns);

    market->stats.books.alive += counts;
    market->stats.books.superseded += !counts;
}

static void apply_to_book(struct market *market, uint32_t index, uint32_t venue,
                          const struct event *event, int64_t now_ns)
{
    struct leg *const leg = &market->instruments[index]->legs[venue];
    const bool counts = take_lease(market, venue, event, now_ns);
    const struct standing before = standing_of(leg);

    if (counts) {
        const enum arb_verdict verdict = replica_apply(&leg->replica, &market->stats.books, event);
        if (arb_verdict_is_change(verdict)) {
            leg->partition = event->partition;
            note_partition(market, index, event->partition);
            mark_changed(market, index, venue);
        }
    } else {
        leave_out(market, &leg->replica, event->session);
    }
    count_change(&market->stats, before, standing_of(leg));
    judge(market, index, venue, now_ns);
}

static void apply_book_event(struct market *market, uint32_t venue, const struct event *event,
                             int64_t now_ns)
{
    const uint32_t index = find_instrument(market, event->info);

    if (index == ARB_NO_INSTRUMENT) {
        return;
    }
    if (index == UNWANTED) {
        market->stats.unwanted++;
    } else if (is_same_scale(&market->instruments[index]->info, event->info)) {
        apply_to_book(market, index, venue, event, now_ns);
    } else {
        refuse_scale(market, index, venue, event->info);
    }
}

static void apply_venue_event(struct market *market, const struct event *event, int64_t now_ns)
{
    const uint32_t venue = intern_venue(market, event->venue->name);

    market->stats.events++;
    if (!market->config.is_shared) {
        put_elsewhere(market, event->partition, false);
    }
    if (venue == market->config.n_venues) {
        market->stats.unknown_venues++;
        report_stranger(market, event->venue->name);
    } else if (market->config.wanted_venues != 0 &&
               (market->config.wanted_venues & 1U << venue) == 0) {
        market->stats.unwanted++;
    } else if (event->kind == EVENT_ALIVE) {
        apply_alive(market, venue, event, now_ns);
    } else {
        apply_book_event(market, venue, event, now_ns);
    }
}

void market_apply(struct market *market, const struct event *event, int64_t now_ns)
{
    switch (event->kind) {
    case EVENT_LOST:
        lose(market, event->partition, now_ns);
        break;
    case EVENT_OURS:
    case EVENT_NOT_OURS:
        put_elsewhere(market, event->partition, event->kind == EVENT_NOT_OURS);
        break;
    default:
        apply_venue_event(market, event, now_ns);
        break;
    }
}

/* They change as rarely as a venue's catalog. */
static void show_terms(const struct market *market, struct instrument *instrument, uint32_t venue)
{
    struct leg *const leg = &instrument->legs[venue];

    if (memcmp(&leg->terms, &leg->replica.terms, sizeof(leg->terms)) != 0) {
        leg->terms = leg->replica.terms;
        put_terms(&market->config, instrument, venue);
    }
}

/* Levels move while events are applied, so the strategy's view is made when it looks. */
static void show(struct leg *leg, struct arb_book *shown)
{
    *shown = replica_view(&leg->replica);
    if (!leg->is_alive) {
        replica_view_lapse(shown);
    }
    leg->shown_session = leg->replica.session;
}

/* When its host said last that it watches the book. */
static int64_t alive_ns(const struct market *market, uint32_t venue, const struct leg *leg)
{
    const struct leases *const leases = &market->leases[venue];

    return leg->is_alive && leg->partition < leases->n
               ? leases->leases[leg->partition].until_ns - LEASE_NS
               : 0;
}

struct arb_market market_view(struct market *market, uint32_t index)
{
    assert(index < market->n_instruments);
    struct instrument *const instrument = market->instruments[index];

    for (uint32_t i = 0; i < market->config.n_venues; i++) {
        if ((instrument->changed & 1U << i) != 0) {
            show(&instrument->legs[i], &instrument->shown[i]);
            show_terms(market, instrument, i);
        }
        instrument->shown[i].alive_ns = alive_ns(market, i, &instrument->legs[i]);
    }
    return (struct arb_market){
        .size = sizeof(struct arb_market),
        .instrument = index,
        .info = &instrument->info,
        .n_venues = market->config.n_venues,
        .venues = market->config.venues,
        .books = instrument->shown,
        .terms = instrument->terms,
        .withdrawals = instrument->withdrawals,
        .is_elsewhere = is_elsewhere(market, instrument->partition),
    };
}

bool market_changed(struct market *market, struct arb_market *out)
{
    if (market->queue_n == 0) {
        return false;
    }
    const uint32_t index = market->queue[market->queue_first];

    market->queue_first = (market->queue_first + 1) % MARKET_INSTRUMENTS_MAX;
    market->queue_n--;
    *out = market_view(market, index);
    out->changed = market->instruments[index]->changed;
    market->instruments[index]->changed = 0;
    return true;
}

uint32_t market_n_venues(const struct market *market)
{
    return market->config.n_venues;
}

uint32_t market_find_venue(const struct market *market, const char *name)
{
    uint32_t i = 0;

    while (i < market->config.n_venues && strcmp(market->config.venues[i].name, name) != 0) {
        i++;
    }
    return i;
}

uint32_t market_find_instrument(const struct market *market, const char *symbol)
{
    const struct arb_bytes name = { symbol, strnlen(symbol, ARB_SYMBOL_MAX) };
    const uint32_t index = arb_symbol_find(&market->symbols, name);

    return index == UNWANTED ? ARB_NO_INSTRUMENT : index;
}

int64_t market_alive_ns(const struct market *market, uint32_t venue)
{
    assert(venue < market->config.n_venues);
    const struct leases *const leases = &market->leases[venue];
    int64_t until_ns = 0;

    for (uint32_t partition = 0; partition < leases->n; partition++) {
        const int64_t its_ns = leases->leases[partition].until_ns;
        until_ns = its_ns > until_ns ? its_ns : until_ns;
    }
    return until_ns == 0 ? 0 : until_ns - LEASE_NS;
}

uint32_t market_n_instruments(const struct market *market)
{
    return market->n_instruments;
}

const struct arb_instrument *market_instrument(const struct market *market, uint32_t instrument)
{
    assert(instrument < market->n_instruments);
    return &market->instruments[instrument]->info;
}

struct market_leg market_leg(const struct market *market, uint32_t instrument, uint32_t venue)
{
    assert(instrument < market->n_instruments);
    assert(venue < market->config.n_venues);
    const struct instrument *const entry = market->instruments[instrument];
    return (struct market_leg){ .book = &entry->shown[venue],
                                .session = entry->legs[venue].shown_session,
                                .is_heard = entry->legs[venue].replica.is_heard };
}

const struct arb_venue *market_venue(const struct market *market, uint32_t venue)
{
    assert(venue < market->config.n_venues);
    return &market->config.venues[venue];
}

const struct market_stats *market_stats(const struct market *market)
{
    return &market->stats;
}

/* Books of one venue that were heard of and are not LIVE. */
struct missing {
    uint32_t n_silent, n_stale, n_other;
};

static struct missing missing_of(const struct market *market, uint32_t venue)
{
    struct missing missing = { 0 };

    for (uint32_t i = 0; i < market->n_instruments; i++) {
        const struct leg *const leg = &market->instruments[i]->legs[venue];
        const uint32_t state = leg->replica.view.state;
        if (!standing_of(leg).is_known || standing_of(leg).is_live) {
            continue;
        }
        missing.n_silent += !leg->is_alive;
        missing.n_stale += leg->is_alive && state == ARB_BOOK_STALE;
        missing.n_other += leg->is_alive && state != ARB_BOOK_STALE;
    }
    return missing;
}

void market_explain(const struct market *market, struct arb_text *text)
{
    for (uint32_t venue = 0; venue < market->config.n_venues; venue++) {
        const struct missing missing = missing_of(market, venue);
        const char *const name = market->config.venues[venue].name;

        if (missing.n_silent > 0) {
            arb_text_add(text, "; %s: its host is silent or has ended", name);
        }
        if (missing.n_stale > 0) {
            arb_text_add(text, "; %s: %u are STALE", name, (unsigned)missing.n_stale);
        }
        if (missing.n_other > 0) {
            arb_text_add(text, "; %s: %u have no levels that count", name,
                         (unsigned)missing.n_other);
        }
    }
}

static void learn_those_given(struct market *market)
{
    for (uint32_t i = 0; i < market->config.n_venues; i++) {
        market->learned[i] = market->config.venues[i];
    }
    market->config.venues = market->learned;
    market->legs_max = ARB_VENUES_MAX;
}

int market_create(struct market **market, const struct market_config *config)
{
    if (config->n_venues > ARB_VENUES_MAX) {
        return ARB_EINVAL;
    }
    struct market *const created = calloc(1, sizeof(*created));
    if (created == NULL) {
        return ARB_ENOMEM;
    }
    created->config = *config;
    created->legs_max = config->n_venues;
    if (config->learns_venues) {
        learn_those_given(created);
    }
    created->expires_ns = NEVER_NS;
    if (config->is_shared) { /* nothing is ours until it is said to be */
        memset(created->elsewhere, 0xff, sizeof(created->elsewhere));
    }
    *market = created;
    return ARB_OK;
}

void market_destroy(struct market *market)
{
    if (market == NULL) {
        return;
    }
    for (uint32_t i = 0; i < market->n_instruments; i++) {
        free_instrument(market->instruments[i], market->legs_max);
    }
    for (uint32_t i = 0; i < market->config.n_venues; i++) {
        leases_fini(&market->leases[i]);
    }
    free(market);
}
