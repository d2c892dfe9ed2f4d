#include "kafka/claim_table.h"

#include <stdlib.h>
#include <string.h>

#include "util/fnv.h"

#define SCATTER UINT64_C(0x9E3779B97F4A7C15)

/* -- hashes ---------------------------------------------------------------------------- */

static uint64_t mix(uint64_t hash, uint64_t with)
{
    hash = (hash ^ with) * SCATTER;
    return hash ^ hash >> 32;
}

static uint64_t hash_of_name(const struct opportunity *o)
{
    return mix(mix(0, o->session), o->terms.id);
}

static uint32_t hash_of_place(unsigned strategy, const struct opportunity *o)
{
    uint64_t hash = mix(0, strategy);

    for (uint32_t i = 0; i < o->terms.n_legs; i++) {
        hash = mix(hash, o->terms.legs[i].side);
        hash = mix(hash, fnv_of(o->legs[i].info.symbol));
        hash = mix(hash, fnv_of(o->legs[i].venue));
    }
    return (uint32_t)hash;
}

static uint32_t *name_slot(struct claim_table *table, const struct opportunity *o)
{
    return &table->by_name[hash_of_name(o) % CLAIM_SLOTS];
}

static uint32_t *place_slot(struct claim_table *table, uint32_t place)
{
    return &table->by_place[place % CLAIM_SLOTS];
}

static bool has_name(const struct claim *claim, const struct opportunity *o)
{
    return claim->last->session == o->session && claim->last->terms.id == o->terms.id;
}

/* -- the list and its indices ---------------------------------------------------------- */

static void link_in(struct claim_table *table, struct claim *claim)
{
    const uint32_t position = (uint32_t)(claim - table->list) + 1;
    uint32_t *const name = name_slot(table, claim->last);
    uint32_t *const place = place_slot(table, claim->place);

    claim->same_name = *name;
    *name = position;
    claim->same_place = *place;
    *place = position;
}

static void unlink_from(struct claim_table *table, const struct claim *claim)
{
    const uint32_t position = (uint32_t)(claim - table->list) + 1;
    uint32_t *name = name_slot(table, claim->last);
    uint32_t *place = place_slot(table, claim->place);

    while (*name != position) {
        name = &table->list[*name - 1].same_name;
    }
    *name = claim->same_name;
    while (*place != position) {
        place = &table->list[*place - 1].same_place;
    }
    *place = claim->same_place;
}

struct claim *claim_table_find(struct claim_table *table, const struct opportunity *opportunity)
{
    for (uint32_t i = *name_slot(table, opportunity); i != 0; i = table->list[i - 1].same_name) {
        if (has_name(&table->list[i - 1], opportunity)) {
            return &table->list[i - 1];
        }
    }
    return NULL;
}

static struct opportunity *copy(const struct opportunity *opportunity)
{
    const size_t len = opportunity_len(opportunity);
    struct opportunity *const copied = malloc(len);

    if (copied != NULL) {
        memcpy(copied, opportunity, len);
    }
    return copied;
}

static struct claim *add(struct claim_table *table, unsigned strategy,
                         const struct opportunity *opportunity)
{
    struct opportunity *const last = table->n < CLAIMS_MAX ? copy(opportunity) : NULL;

    if (last == NULL) {
        return NULL;
    }
    struct claim *const claim = &table->list[table->n++];
    *claim = (struct claim){ .strategy = strategy,
                             .last = last,
                             .place = hash_of_place(strategy, opportunity) };
    link_in(table, claim);
    return claim;
}

/* The legs of a name stay the same, if whoever writes keeps to the rules; nobody has to believe it.
 */
static struct claim *renew(struct claim_table *table, struct claim *claim,
                           const struct opportunity *opportunity)
{
    struct opportunity *const last = copy(opportunity);

    if (last == NULL) {
        return NULL;
    }
    unlink_from(table, claim);
    free(claim->last);
    claim->last = last;
    claim->place = hash_of_place(claim->strategy, opportunity);
    link_in(table, claim);
    return claim;
}

struct claim *claim_table_put(struct claim_table *table, unsigned strategy,
                              const struct opportunity *opportunity)
{
    struct claim *const claim = claim_table_find(table, opportunity);

    if (claim == NULL) {
        return add(table, strategy, opportunity);
    }
    if (!opportunity_is_same_place(claim->last, opportunity)) {
        return renew(table, claim, opportunity);
    }
    memcpy(claim->last, opportunity, opportunity_len(opportunity));
    return claim;
}

void claim_table_remove(struct claim_table *table, struct claim *gone)
{
    struct claim *const last = &table->list[table->n - 1];

    unlink_from(table, gone);
    free(gone->last);
    if (gone != last) {
        unlink_from(table, last);
        *gone = *last;
        link_in(table, gone);
    }
    table->n--;
}

struct claim *claim_table_next_at(struct claim_table *table, unsigned strategy,
                                  const struct opportunity *opportunity, const struct claim *before)
{
    const uint32_t next = before != NULL ? before->same_place
                                         : *place_slot(table, hash_of_place(strategy, opportunity));
    return next == 0 ? NULL : &table->list[next - 1];
}

void claim_table_fini(struct claim_table *table)
{
    for (unsigned i = 0; i < table->n; i++) {
        free(table->list[i].last);
    }
    table->n = 0;
}

/* -- what ended ------------------------------------------------------------------------ */

static unsigned set_of(const struct opportunity *o)
{
    return (unsigned)(hash_of_name(o) >> 20) % ENDED_SETS;
}

/* ENDED_WAYS: it is not there. */
static unsigned way_of(const struct claim_name *set, const struct opportunity *o)
{
    unsigned i = 0;

    while (i < ENDED_WAYS && (set[i].session != o->session || set[i].id != o->terms.id)) {
        i++;
    }
    return i;
}

void claim_table_end(struct claim_table *table, const struct opportunity *opportunity)
{
    struct claim_name *const set = table->ended[set_of(opportunity)];
    const unsigned way = way_of(set, opportunity);
    const unsigned n_moved = way < ENDED_WAYS ? way : ENDED_WAYS - 1;

    memmove(&set[1], &set[0], n_moved * sizeof(*set));
    set[0] = (struct claim_name){ opportunity->session, opportunity->terms.id };
}

void claim_table_begin(struct claim_table *table, const struct opportunity *opportunity)
{
    struct claim_name *const set = table->ended[set_of(opportunity)];
    const unsigned way = way_of(set, opportunity);

    if (way < ENDED_WAYS) {
        set[way] = (struct claim_name){ 0 };
    }
}

bool claim_table_has_ended(const struct claim_table *table, const struct opportunity *opportunity)
{
    return opportunity->session != 0 &&
           way_of(table->ended[set_of(opportunity)], opportunity) < ENDED_WAYS;
}
