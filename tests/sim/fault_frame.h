/*
 * fault_frame.h - finds out what a venue's frame is about, and damages it. Text only, no state.
 *
 * The frames are the models' own, so they are recognised by how they begin.
 */
#ifndef ARB_SIM_FAULT_FRAME_H
#define ARB_SIM_FAULT_FRAME_H

#include "arbspot/text.h"
#include "frame_role.h"
#include "instruments.h"
#include "prng.h"

/* What a frame is part of; the bits of a client's subscriptions, of a place for faults. */
enum fault_feed {
    FAULT_AT_KRAKEN = 1,
    FAULT_AT_ORDER_BOOK = 2, /* Bitstamp, whole books */
    FAULT_AT_DIFF = 4,       /* Bitstamp, differences */
    FAULT_AT_ORDERS = 8,     /* Bitstamp, single orders */
    FAULT_AT_DIALECT = 16,   /* any of dialects.h */
    N_FAULT_FEEDS = 5,
    FAULT_AT_BITSTAMP = FAULT_AT_ORDER_BOOK | FAULT_AT_DIFF | FAULT_AT_ORDERS,
    FAULT_AT_EITHER = FAULT_AT_KRAKEN | FAULT_AT_BITSTAMP,
    FAULT_ANYWHERE = FAULT_AT_EITHER | FAULT_AT_DIALECT,
};

struct frame_subject {
    uint32_t role;       /* enum frame_role */
    uint32_t feed;       /* enum fault_feed; 0 when the frame is about no book */
    uint32_t instrument; /* ARB_NO_INSTRUMENT when the frame is about none */
};

struct frame_subject frame_subject_of(const struct instrument_list *instruments,
                                      struct arb_bytes frame);

/*
 * Each writes a damaged copy and returns true, or false when this frame has nothing to damage.
 * `out` has room for the frame and FRAME_GROWTH bytes more.
 */
enum { FRAME_GROWTH = 128 };
bool frame_corrupt_digit(struct prng *prng, struct arb_bytes frame, struct arb_text *out);
bool frame_wrong_checksum(struct arb_bytes frame, struct arb_text *out);
bool frame_cut_short(struct prng *prng, struct arb_bytes frame, struct arb_text *out);
bool frame_out_of_range(struct arb_bytes frame, struct arb_text *out);
bool frame_far_future(struct prng *prng, struct arb_bytes frame, struct arb_text *out);
bool frame_crossed(struct arb_bytes frame, struct arb_text *out);
/* A diff that also deletes a level nobody holds. */
bool frame_with_orphan(struct arb_bytes frame, struct arb_text *out);
/* A REST book with one more level, on the side `key`, that no frame will ever speak of. */
bool frame_with_phantom(struct arb_bytes body, const char *key, struct arb_text *out);
/* A catalog of either venue without this one. */
bool frame_without_market(const struct sim_instrument *instrument, struct arb_bytes catalog,
                          struct arb_text *out);

#endif /* ARB_SIM_FAULT_FRAME_H */
