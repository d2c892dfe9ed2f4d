/*
 * openings.h - the life of opportunities: OPEN and CLOSE at once, UPDATE at a pace, and what grows
 * too old is closed by a timer.
 *
 * A strategy judges; this says what is to be published of it. Embedded in the zeroed instance,
 * where the host stores the options. It takes timer 0.
 */
#ifndef OPENINGS_H
#define OPENINGS_H

#include "ages.h"
#include "open_table.h"

struct openings {
    struct age_limits limits;   /* options */
    int64_t update_interval_ms; /* likewise */
    int64_t armed_ns;           /* when the timer is due, monotonic; INT64_MAX: not set */
    uint64_t last_id;
    uint64_t n_untracked; /* left out for want of room */
    struct open_table table;
};

void openings_init(struct openings *openings);

/* Nothing more can be opened. */
static inline bool openings_are_full(const struct openings *openings)
{
    return openings->table.n == OPEN_MAX;
}

/*
 * 0 when the books of all legs may be traded on, with from when they are too old; otherwise why
 * not: enum arb_miss_reason.
 */
uint32_t openings_judge_books(const struct openings *openings, const struct arb_host *host,
                              const struct arb_book *const *books, unsigned n, int64_t *expiry_ns);

/*
 * What has become of `terms`: with a `reason`, enum arb_miss_reason, they are none and what is open
 * of them is closed, else they are opened or updated. `open` is what open_table_find() has of them.
 */
int openings_tell(struct openings *openings, struct arb_host *host, struct opening *open,
                  uint32_t reason, struct arb_opportunity *terms, int64_t expiry_ns);

/* Closes what begins with an instrument that is for another member of the group to look after. */
int openings_hand_over(struct openings *openings, struct arb_host *host, uint32_t instrument);

int openings_on_timer(struct openings *openings, struct arb_host *host);

/* Closes all. */
int openings_stop(struct openings *openings, struct arb_host *host);

#endif /* OPENINGS_H */
