/*
 * venue_desk.h - what every venue's model works with: its configuration, chance and agenda, room
 * for one frame, and the way out to its clients.
 */
#ifndef ARB_SIM_VENUE_DESK_H
#define ARB_SIM_VENUE_DESK_H

#include "arbspot/text.h"

#include "agenda.h"
#include "player.h"
#include "prng.h"
#include "sim_venue.h"

/* First member of each model. */
struct venue_desk {
    struct sim_venue venue;
    struct sim_venue_config config;
    struct prng prng;
    struct agenda agenda;
    struct player player;
    struct arb_level *changes[2]; /* bids, asks: room for one change of a whole book */
    char *frame;
    size_t frame_cap;
};

/* Of a side of `changes`. */
static inline size_t venue_desk_changes(const struct sim_venue_config *config)
{
    return 2 * (size_t)config->depth + 1;
}

/* Zeroed memory becomes a desk; ARB_ENOMEM, fini either way. */
int venue_desk_init(struct venue_desk *desk, const struct sim_venue_ops *ops,
                    const struct sim_venue_config *config, uint64_t stream, size_t frame_cap);
void venue_desk_fini(struct venue_desk *desk);

/* An empty frame; the one before is gone. */
struct arb_text venue_desk_frame(struct venue_desk *desk);
void venue_desk_send(const struct venue_desk *desk, uint32_t client, const struct arb_text *text);
void venue_desk_close(const struct venue_desk *desk, uint32_t client, uint16_t code,
                      const char *why);

/* Memory is the only thing that can be missing; the client is better dropped than misled. */
void venue_desk_plan(struct venue_desk *desk, uint32_t client, struct agenda_entry entry);

/* A time as the venue's own clock shows it. */
int64_t venue_desk_own_time_ns(const struct venue_desk *desk, int64_t at_ns);

#endif /* ARB_SIM_VENUE_DESK_H */
