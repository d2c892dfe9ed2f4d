/*
 * claim_table.h - openings by what names them and by what they are about, and what ended lately.
 *
 * A dense list, and two indices into it: looking one up takes as long whether there are ten or as
 * many as there can be. Of one thread at a time.
 */
#ifndef ARB_CLAIM_TABLE_H
#define ARB_CLAIM_TABLE_H

#include "wire/opportunity.h"

enum {
    CLAIMS_MAX = 16 * ARB_OPPORTUNITIES_MAX, /* of all runs that are heard of, together */
    CLAIM_SLOTS = CLAIMS_MAX,                /* of each index */
    ENDED_SETS = 8192,
    ENDED_WAYS = 8, /* 65,536 that ended; of a set the oldest one makes room */
};

/* What is open, as it was last told. */
struct claim {
    unsigned strategy;        /* which of ours has its name */
    int64_t ours_since_ns;    /* mono: it is ours to close since then; 0: it is not */
    int64_t wanted_ns;        /* mono: one of ours waits for its end since then; 0: none */
    int64_t closed_ns;        /* mono: we said its end, which has not come back; 0: we did not */
    struct opportunity *last; /* owned, up to its last leg */
    uint32_t same_name, same_place; /* the next one of that slot plus one; 0: none */
    uint32_t place;                 /* hash of what it is about */
};

struct claim_name {
    uint64_t session, id;
};

/* All zero: nothing is open. */
struct claim_table {
    unsigned n;
    struct claim list[CLAIMS_MAX];                        /* [n], in no particular order */
    uint32_t by_name[CLAIM_SLOTS], by_place[CLAIM_SLOTS]; /* position plus one; 0: none */
    struct claim_name ended[ENDED_SETS][ENDED_WAYS];      /* the newest first */
};

void claim_table_fini(struct claim_table *table);

/* The one of that session and id, or NULL. */
struct claim *claim_table_find(struct claim_table *table, const struct opportunity *opportunity);

/*
 * Keeps `opportunity` as the latest of its name. NULL: it is not there, and there are CLAIMS_MAX
 * already, or memory is short.
 */
struct claim *claim_table_put(struct claim_table *table, unsigned strategy,
                              const struct opportunity *opportunity);

/* Forgets it; the last one of the list takes its place. */
void claim_table_remove(struct claim_table *table, struct claim *gone);

/*
 * Those that may be about the same as `opportunity` of that strategy, one after the other: the
 * first one for NULL, NULL behind the last.
 */
struct claim *claim_table_next_at(struct claim_table *table, unsigned strategy,
                                  const struct opportunity *opportunity,
                                  const struct claim *before);

/* Takes in that the name has ended, or that it begins after all. */
void claim_table_end(struct claim_table *table, const struct opportunity *opportunity);
void claim_table_begin(struct claim_table *table, const struct opportunity *opportunity);

/* Whether it ended, and lately. */
bool claim_table_has_ended(const struct claim_table *table, const struct opportunity *opportunity);

#endif /* ARB_CLAIM_TABLE_H */
