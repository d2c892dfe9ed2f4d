#include "arbspot/consumer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "arbspot/symbols.h"
#include "wire/wire.h"
#include "consumer/lease.h"
#include "consumer/replica.h"

enum {
    LEVELS_MAX = 2 * ARB_EVENT_LEVELS_MAX,
    BOOKS_MAX = ARB_INSTRUMENTS_MAX * ARB_VENUES_MAX,
    VENUES_MAX = 256,
};

/* One venue, on however many hosts one after the other. */
struct venue {
    struct event_venue name;
    struct leases leases;
};

/* One instrument at one venue. */
struct entry {
    struct replica replica;
    struct venue *venue;
    uint32_t partition; /* that its last message came from */
    struct arb_instrument info;
    struct arb_consumer_counts counts;
    uint32_t published_state;
    uint32_t number;
    struct entry *next; /* the same instrument at another venue */
};

struct arb_consumer {
    struct wire_event decoded;
    struct venue *venues[VENUES_MAX];
    uint32_t n_venues;
    struct arb_symbol_map symbols;
    struct entry *instruments[ARB_INSTRUMENTS_MAX]; /* the first venue of each */
    struct entry *books[BOOKS_MAX];
    uint32_t n_books;
    struct arb_consumer_counts others; /* messages that are of no book */
};

int arb_consumer_create(struct arb_consumer **consumer)
{
    struct arb_consumer *const created = calloc(1, sizeof(*created));

    if (created == NULL) {
        return ARB_ENOMEM;
    }
    created->decoded.levels = malloc(LEVELS_MAX * sizeof(*created->decoded.levels));
    created->decoded.levels_max = LEVELS_MAX;
    if (created->decoded.levels == NULL) {
        free(created);
        return ARB_ENOMEM;
    }
    *consumer = created;
    return ARB_OK;
}

void arb_consumer_destroy(struct arb_consumer *consumer)
{
    if (consumer == NULL) {
        return;
    }
    for (uint32_t i = 0; i < consumer->n_books; i++) {
        replica_fini(&consumer->books[i]->replica);
        free(consumer->books[i]);
    }
    for (uint32_t i = 0; i < consumer->n_venues; i++) {
        leases_fini(&consumer->venues[i]->leases);
        free(consumer->venues[i]);
    }
    free(consumer->decoded.levels);
    free(consumer);
}

/* The venue of the message in hand, which is entered when there is room. */
static int find_venue(struct arb_consumer *consumer, struct venue **out)
{
    const struct event_venue *const name = &consumer->decoded.venue;
    uint32_t i = 0;

    while (i < consumer->n_venues && strcmp(consumer->venues[i]->name.name, name->name) != 0) {
        i++;
    }
    if (i == VENUES_MAX) {
        return ARB_ELIMIT;
    }
    if (i == consumer->n_venues) {
        consumer->venues[i] = calloc(1, sizeof(*consumer->venues[i]));
        if (consumer->venues[i] == NULL) {
            return ARB_ENOMEM;
        }
        consumer->venues[i]->name = *name;
        consumer->n_venues++;
    }
    *out = consumer->venues[i];
    return ARB_OK;
}

/* The place of the message's symbol, which is entered when there is room. */
static int find_instrument(struct arb_consumer *consumer, uint32_t *instrument)
{
    const char *const name = consumer->decoded.info.symbol;
    const struct arb_bytes symbol = { name, strlen(name) };

    *instrument = arb_symbol_find(&consumer->symbols, symbol);
    if (*instrument != ARB_NO_INSTRUMENT) {
        return ARB_OK;
    }
    *instrument = consumer->symbols.n;
    return *instrument == ARB_INSTRUMENTS_MAX
               ? ARB_ELIMIT
               : arb_symbol_put(&consumer->symbols, symbol, *instrument);
}

static int add_book(struct arb_consumer *consumer, struct venue *venue, struct entry **place)
{
    struct entry *const entry = calloc(1, sizeof(*entry));

    if (entry == NULL || replica_init(&entry->replica) != ARB_OK) {
        free(entry);
        return ARB_ENOMEM;
    }
    entry->venue = venue;
    entry->info = consumer->decoded.info;
    entry->number = consumer->n_books;
    consumer->books[consumer->n_books++] = entry;
    *place = entry;
    return ARB_OK;
}

/* The book of the message in hand, which is entered when there is room. */
static int find_book(struct arb_consumer *consumer, struct venue *venue, struct entry **out)
{
    uint32_t instrument, n = 0;
    int rc = find_instrument(consumer, &instrument);

    if (rc != ARB_OK) {
        return rc;
    }
    struct entry **place = &consumer->instruments[instrument];
    for (; *place != NULL && (*place)->venue != venue; n++) {
        place = &(*place)->next;
    }
    if (*place == NULL) {
        rc = n == ARB_VENUES_MAX ? ARB_ELIMIT : add_book(consumer, venue, place);
    }
    *out = *place;
    return rc;
}

/* The message in hand goes into its book. */
static enum arb_verdict take(const struct arb_consumer *consumer, struct entry *entry)
{
    const struct event *const event = &consumer->decoded.event;
    const enum arb_verdict verdict = replica_apply(&entry->replica, &entry->counts, event);

    if (verdict != ARB_VERDICT_DUPLICATE) {
        entry->published_state = event->state;
        entry->partition = event->partition;
    }
    if (verdict == ARB_VERDICT_SNAPSHOT) {
        entry->info = consumer->decoded.info; /* a new session may count in other units */
    }
    return verdict;
}

/* A copy that misses what a host said while another one counted is no copy any more. */
static enum arb_verdict leave_out(struct entry *entry, uint64_t session)
{
    entry->counts.superseded++;
    if (entry->replica.session == session) {
        replica_lose(&entry->replica);
    }
    return ARB_VERDICT_SUPERSEDED;
}

/* Is the book's host alive, as far as was heard by then? */
static bool is_alive(const struct entry *entry, int64_t mono_ns)
{
    const struct leases *const leases = &entry->venue->leases;

    return entry->partition < leases->n &&
           lease_holds(&leases->leases[entry->partition], entry->replica.session, mono_ns);
}

static int feed_book(struct arb_consumer *consumer, struct venue *venue, bool counts,
                     int64_t mono_ns, struct arb_consumed *consumed)
{
    const uint64_t session = consumer->decoded.event.session;
    struct entry *entry;
    const int rc = find_book(consumer, venue, &entry);

    if (rc != ARB_OK) {
        return rc;
    }
    consumed->verdict = (uint32_t)(counts ? take(consumer, entry) : leave_out(entry, session));
    consumed->book = entry->number;
    consumed->is_live = replica_is_live(&entry->replica) && is_alive(entry, mono_ns);
    return ARB_OK;
}

static void feed_alive(struct arb_consumer *consumer, bool counts, struct arb_consumed *consumed)
{
    consumed->from = consumer->decoded.alive.from;
    if (counts) {
        consumer->others.alive++;
        consumed->verdict = ARB_VERDICT_ALIVE;
    } else {
        consumer->others.superseded++;
        consumed->verdict = ARB_VERDICT_SUPERSEDED;
    }
}

/* The message in hand. */
static int feed(struct arb_consumer *consumer, int64_t mono_ns, struct arb_consumed *consumed)
{
    const struct event *const event = &consumer->decoded.event;
    struct venue *venue;
    const int rc = find_venue(consumer, &venue);

    if (rc != ARB_OK) {
        return rc;
    }
    struct lease *const lease = leases_at(&venue->leases, event->partition);
    if (lease == NULL) {
        return ARB_ENOMEM;
    }
    const bool counts = lease_take(lease, event, mono_ns);
    if (event->kind != EVENT_ALIVE) {
        return feed_book(consumer, venue, counts, mono_ns, consumed);
    }
    feed_alive(consumer, counts, consumed);
    return ARB_OK;
}

int arb_consumer_feed(struct arb_consumer *consumer, struct arb_bytes json,
                      const struct arb_arrival *arrival, struct arb_consumed *consumed)
{
    struct event *const event = &consumer->decoded.event;
    int rc = wire_read_event(json, &consumer->decoded);

    *consumed = (struct arb_consumed){ .verdict = ARB_VERDICT_NOT_OURS, .from = -1 };
    if (rc == ARB_OK && !consumer->decoded.alive.is_of_strategy) {
        event->partition = arrival->partition;
        event->is_history = arrival->is_history;
        consumed->pub_ns = consumer->decoded.pub_ns;
        rc = feed(consumer, arrival->mono_ns, consumed);
    } else if (rc == ARB_OK) {
        feed_alive(consumer, true, consumed);
    }
    if (rc != ARB_OK) {
        consumer->others.not_ours++;
        *consumed = (struct arb_consumed){ .verdict = ARB_VERDICT_NOT_OURS, .from = -1 };
    }
    return rc;
}

void arb_consumer_lose(struct arb_consumer *consumer, uint32_t partition)
{
    for (uint32_t i = 0; i < consumer->n_venues; i++) {
        if (partition < consumer->venues[i]->leases.n) {
            consumer->venues[i]->leases.leases[partition] = (struct lease){ 0 };
        }
    }
    for (uint32_t i = 0; i < consumer->n_books; i++) {
        if (consumer->books[i]->partition == partition) {
            replica_forget(&consumer->books[i]->replica);
        }
    }
}

uint32_t arb_consumer_n_books(const struct arb_consumer *consumer)
{
    return consumer->n_books;
}

struct arb_consumer_book arb_consumer_book_at(const struct arb_consumer *consumer, uint32_t book,
                                              int64_t mono_ns)
{
    assert(book < consumer->n_books);
    const struct entry *const entry = consumer->books[book];
    struct arb_consumer_book out = { .venue = entry->venue->name.name,
                                     .instrument = &entry->info,
                                     .book = replica_view(&entry->replica),
                                     .session = entry->replica.session,
                                     .is_alive = is_alive(entry, mono_ns),
                                     .published_state = entry->published_state,
                                     .counts = entry->counts };
    if (!out.is_alive) {
        replica_view_lapse(&out.book);
    }
    return out;
}

void arb_consumer_counts_add(struct arb_consumer_counts *sum,
                             const struct arb_consumer_counts *counts)
{
    sum->snapshots += counts->snapshots;
    sum->deltas += counts->deltas;
    sum->statuses += counts->statuses;
    sum->duplicates += counts->duplicates;
    sum->awaiting += counts->awaiting;
    sum->gaps += counts->gaps;
    sum->crc_mismatches += counts->crc_mismatches;
    sum->failed += counts->failed;
    sum->not_ours += counts->not_ours;
    sum->alive += counts->alive;
    sum->superseded += counts->superseded;
    sum->conflated += counts->conflated;
}

struct arb_consumer_counts arb_consumer_totals(const struct arb_consumer *consumer)
{
    struct arb_consumer_counts totals = consumer->others;

    for (uint32_t i = 0; i < consumer->n_books; i++) {
        arb_consumer_counts_add(&totals, &consumer->books[i]->counts);
    }
    return totals;
}
