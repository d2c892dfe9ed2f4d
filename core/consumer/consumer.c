#include "arbspot/consumer.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "arbspot/symbols.h"
#include "wire/wire.h"
#include "consumer/replica.h"

enum {
    LEVELS_MAX = 2 * ARB_EVENT_LEVELS_MAX,
    BOOKS_MAX = ARB_INSTRUMENTS_MAX * ARB_VENUES_MAX,
};

/* One instrument at one venue. */
struct entry {
    struct replica replica;
    struct event_venue venue;
    struct arb_instrument info;
    struct arb_consumer_counts counts;
    uint32_t published_state;
    uint32_t number;
    struct entry *next; /* the same instrument at another venue */
};

struct arb_consumer {
    struct wire_event decoded;
    struct arb_symbol_map symbols;
    struct entry *instruments[ARB_INSTRUMENTS_MAX]; /* the first venue of each */
    struct entry *books[BOOKS_MAX];
    uint32_t n_books;
    uint64_t n_not_ours; /* nor of any book */
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
    free(consumer->decoded.levels);
    free(consumer);
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

static int add_book(struct arb_consumer *consumer, struct entry **place)
{
    struct entry *const entry = calloc(1, sizeof(*entry));

    if (entry == NULL || replica_init(&entry->replica) != ARB_OK) {
        free(entry);
        return ARB_ENOMEM;
    }
    entry->venue = consumer->decoded.venue;
    entry->info = consumer->decoded.info;
    entry->number = consumer->n_books;
    consumer->books[consumer->n_books++] = entry;
    *place = entry;
    return ARB_OK;
}

/* The book of the message in hand, which is entered when there is room. */
static int find_book(struct arb_consumer *consumer, struct entry **out)
{
    const char *const venue = consumer->decoded.venue.name;
    uint32_t instrument, n = 0;
    int rc = find_instrument(consumer, &instrument);

    if (rc != ARB_OK) {
        return rc;
    }
    struct entry **place = &consumer->instruments[instrument];
    for (; *place != NULL && strcmp((*place)->venue.name, venue) != 0; n++) {
        place = &(*place)->next;
    }
    if (*place == NULL) {
        rc = n == ARB_VENUES_MAX ? ARB_ELIMIT : add_book(consumer, place);
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
    }
    if (verdict == ARB_VERDICT_SNAPSHOT) {
        entry->info = consumer->decoded.info; /* a new session may count in other units */
    }
    return verdict;
}

int arb_consumer_feed(struct arb_consumer *consumer, struct arb_bytes json,
                      struct arb_consumed *consumed)
{
    struct entry *entry;
    int rc = wire_read_event(json, &consumer->decoded);

    if (rc == ARB_OK) {
        rc = find_book(consumer, &entry);
    }
    if (rc != ARB_OK) {
        consumer->n_not_ours++;
        *consumed = (struct arb_consumed){ .verdict = ARB_VERDICT_NOT_OURS };
        return rc;
    }
    const enum arb_verdict verdict = take(consumer, entry);
    *consumed = (struct arb_consumed){ .verdict = (uint32_t)verdict,
                                       .book = entry->number,
                                       .is_live = replica_is_live(&entry->replica),
                                       .pub_ns = consumer->decoded.pub_ns };
    return ARB_OK;
}

uint32_t arb_consumer_n_books(const struct arb_consumer *consumer)
{
    return consumer->n_books;
}

struct arb_consumer_book arb_consumer_book_at(const struct arb_consumer *consumer, uint32_t book)
{
    assert(book < consumer->n_books);
    const struct entry *const entry = consumer->books[book];
    return (struct arb_consumer_book){ .venue = entry->venue.name,
                                       .instrument = &entry->info,
                                       .book = replica_view(&entry->replica),
                                       .session = entry->replica.session,
                                       .published_state = entry->published_state,
                                       .counts = entry->counts };
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
    sum->conflated += counts->conflated;
}

struct arb_consumer_counts arb_consumer_totals(const struct arb_consumer *consumer)
{
    struct arb_consumer_counts totals = { .not_ours = consumer->n_not_ours };

    for (uint32_t i = 0; i < consumer->n_books; i++) {
        arb_consumer_counts_add(&totals, &consumer->books[i]->counts);
    }
    return totals;
}
