/*
 * live_rules.h - what the venue promises of its books, in the host's own words.
 */
#ifndef ARB_LIVE_RULES_H
#define ARB_LIVE_RULES_H

#include "arbspot/exchange.h"

/* What is true of all books of one session: from the plugin's plan. */
struct live_rules {
    uint32_t loss;           /* enum arb_loss_detection */
    uint32_t source;         /* enum arb_snapshot_source */
    uint32_t seam;           /* enum arb_seam */
    uint32_t time_order;     /* enum arb_time_order */
    uint32_t unknown_delete; /* enum arb_unknown_delete */
    uint32_t checksum_levels, depth;
    bool has_empty_books; /* a snapshot without levels is documented as a book without any */
    uint32_t seed_levels; /* levels a side that a snapshot by HTTP shows at most; 0: all */
    int64_t quiet_ns;
    int64_t max_age_ns; /* for silence; 0: none */
    /* The plugin's; NULL: it has none. */
    int (*checksum)(void *self, const struct arb_book_event *event, const struct arb_book *book,
                    uint32_t *checksum);
    void *self;
};

#endif /* ARB_LIVE_RULES_H */
