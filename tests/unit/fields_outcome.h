/*
 * fields_outcome.h - what reading an object by a table leaves, the fast way and the careful one, so
 * that the two can be compared.
 */
#ifndef ARB_FIELDS_OUTCOME_H
#define ARB_FIELDS_OUTCOME_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "arbspot/fields.h"

enum { OUTCOME_LEVELS_MAX = 4, OUTCOME_FIELDS = 10 };

struct outcome {
    struct arb_bytes symbol, word;
    uint64_t checksum, number;
    int64_t ns, change;
    bool truth;
    struct arb_json any;
    struct arb_levels bids, asks;
    struct arb_level bid_levels[OUTCOME_LEVELS_MAX], ask_levels[OUTCOME_LEVELS_MAX];
    struct arb_json json;
    uint32_t seen;
};

/* Which part of the table is used, and the scales. */
struct way {
    unsigned skip, n;
    uint8_t px_scale, qty_scale;
};

static inline struct arb_levels outcome_levels(struct arb_level *levels, const struct way *way)
{
    return (struct arb_levels){ .levels = levels,
                                .n = 1, /* what was there before, and stays unless a side comes */
                                .max = OUTCOME_LEVELS_MAX,
                                .n_beyond = 7,
                                .px_scale = way->px_scale,
                                .qty_scale = way->qty_scale,
                                .rc = ARB_ELATER };
}

static inline void outcome_begin(struct outcome *to, struct arb_bytes text, const struct way *way)
{
    memset(to, 0, sizeof(*to));
    to->checksum = to->number = 17;
    to->ns = to->change = -17;
    to->bids = outcome_levels(to->bid_levels, way);
    to->asks = outcome_levels(to->ask_levels, way);
    to->json = arb_json_over(text);
}

ARB_USUAL void outcome_table(struct outcome *to, struct arb_json_field *fields)
{
    const struct arb_json_field table[OUTCOME_FIELDS] = {
        { "symbol", ARB_JSON_TEXT, &to->symbol }, { "bids", ARB_JSON_LEVELS, &to->bids },
        { "asks", ARB_JSON_LEVELS, &to->asks },   { "checksum", ARB_JSON_U64, &to->checksum },
        { "timestamp", ARB_JSON_TIME, &to->ns },  { "word", ARB_JSON_TEXT, &to->word },
        { "number", ARB_JSON_U64, &to->number },  { "change", ARB_JSON_I64, &to->change },
        { "truth", ARB_JSON_BOOL, &to->truth },   { "any", ARB_JSON_ANY, &to->any },
    };
    memcpy(fields, table, sizeof(table));
}

static inline void outcome_fast(struct outcome *to, struct arb_bytes text, const struct way *way)
{
    struct arb_json_field fields[OUTCOME_FIELDS];

    outcome_begin(to, text, way);
    outcome_table(to, fields);
    to->seen = arb_json_fields(&to->json, fields + way->skip, way->n);
}

static inline void outcome_careful(struct outcome *to, struct arb_bytes text, const struct way *way)
{
    struct arb_json_field fields[OUTCOME_FIELDS];

    outcome_begin(to, text, way);
    outcome_table(to, fields);
    arb_json_object(&to->json);
    to->seen = arb_json_members_any(&to->json, fields + way->skip, way->n, 0);
}

static inline bool same_bytes(struct arb_bytes a, struct arb_bytes b)
{
    return a.data == b.data && a.len == b.len;
}

static inline bool same_reader(const struct arb_json *a, const struct arb_json *b)
{
    return a->at == b->at && a->end == b->end && a->rc == b->rc && a->fresh == b->fresh;
}

static inline bool same_levels(const struct arb_levels *a, const struct arb_levels *b)
{
    return a->n == b->n && a->max == b->max && a->n_beyond == b->n_beyond && a->rc == b->rc &&
           a->px_scale == b->px_scale && a->qty_scale == b->qty_scale &&
           a->px_digits == b->px_digits && a->qty_digits == b->qty_digits &&
           memcmp(a->levels, b->levels, a->n * sizeof(*a->levels)) == 0;
}

static inline bool outcome_is_same(const struct outcome *a, const struct outcome *b)
{
    return a->seen == b->seen && same_reader(&a->json, &b->json) && same_reader(&a->any, &b->any) &&
           same_bytes(a->symbol, b->symbol) && same_bytes(a->word, b->word) &&
           a->checksum == b->checksum && a->number == b->number && a->ns == b->ns &&
           a->change == b->change && a->truth == b->truth && same_levels(&a->bids, &b->bids) &&
           same_levels(&a->asks, &b->asks);
}

#endif /* ARB_FIELDS_OUTCOME_H */
