/*
 * world.h - a market, its venues and the truth about them, moved through time by a caller.
 *
 * No sockets, no clock, no threads: the server drives it by the system's clock, a simulation
 * test by one of its own. Equal seeds, times and inputs give equal frames, byte for byte.
 */
#ifndef ARB_SIM_WORLD_H
#define ARB_SIM_WORLD_H

#include <stdio.h>

#include "sim_venue.h"

/* Given by the driver; frames are borrowed for the call. See sim_outlet. */
struct world_outlet {
    void (*send)(void *context, uint32_t venue, uint32_t client, struct arb_bytes frame);
    void (*close)(void *context, uint32_t venue, uint32_t client, uint16_t code, const char *why);
    void *context;
    /* Optional. A venue's book is a new one from now on, and its frames have been sent. */
    void (*published)(void *context, uint32_t venue, uint32_t instrument, int64_t now_ns);
};

struct world_config {
    const struct instrument_list *instruments; /* borrowed */
    const struct tape *tape;                   /* borrowed; NULL: the market is generated */
    const struct reel *reel;                   /* borrowed; for the venue "replay", else NULL */
    int64_t speed_percent;                     /* of the recording */
    uint32_t n_venues;
    const char *venues[ARB_VENUES_MAX]; /* "kraken", "replay", …; borrowed */
    int64_t fees_ppm[ARB_VENUES_MAX];
    int64_t min_net_ppm;                     /* what the truth takes for enough */
    int64_t clock_offset_ns[ARB_VENUES_MAX]; /* the venue's clock minus the driver's */
    uint64_t seed;
    int64_t start_ns;
    uint32_t depth;
    int64_t rate_per_s;
    int64_t divergence_every_ms;
    FILE *truth_out;     /* borrowed, or NULL */
    uint32_t truth_feed; /* whose books it is about: one bit of enum fault_feed; 0: order_book's */
    struct world_outlet outlet;
};

struct world;

int world_create(struct world **world, const struct world_config *config, struct err *err);
void world_destroy(struct world *world);

/* When world_advance() is wanted next, or AGENDA_NEVER. */
int64_t world_next_ns(const struct world *world);

/* Carries out everything due up to `now_ns`, in order of time. */
void world_advance(struct world *world, int64_t now_ns);

/* A venue's model: tell it what its clients do. */
struct sim_venue *world_venue(struct world *world, uint32_t venue);

/* The pairs as this venue has them; of a recording, as they are in it. */
const struct instrument_list *world_instruments(const struct world *world, uint32_t venue);

/* NULL when a recording is played. */
struct truth *world_truth(struct world *world);

#endif /* ARB_SIM_WORLD_H */
