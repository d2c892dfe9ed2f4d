/*
 * link.h - the network between the sessions of one venue and its model, in virtual time.
 *
 * It carries out what they ask for: connections that come back after a while, requests, and
 * frames that take their time but keep their order. Each step is one call of a session. Sessions
 * have slots, and a connection of a session is one client of the model.
 */
#ifndef ARB_SIMULATION_LINK_H
#define ARB_SIMULATION_LINK_H

#include "io/port.h"
#include "venue/board.h"
#include "world.h"

#include "fault.h"
#include "simulation.h"

enum {
    LINK_CONNS_MAX = 8, /* of one session */
    LINK_SLOTS_MAX = BOARD_SEATS_MAX,
    LINK_CLIENTS_MAX = LINK_SLOTS_MAX * LINK_CONNS_MAX,
};

/* The slot of the session that a client of the model belongs to. */
static inline uint32_t link_slot_of_client(uint32_t client)
{
    return client / LINK_CONNS_MAX;
}

static inline uint32_t link_client_of(uint32_t slot, uint32_t conn)
{
    return slot * LINK_CONNS_MAX + conn;
}

/* What a request by HTTP got. */
struct link_answer {
    const char *path;
    struct arb_bytes body;
    int64_t made_ns; /* when the venue made it, before it was on its way */
};

/* Told before the sessions are. */
struct link_watch {
    void (*frame)(void *context, uint32_t venue, struct fault_mark mark);
    void (*answer)(void *context, uint32_t venue, uint32_t slot, const struct link_answer *answer);
    /* A request by HTTP before the time that the venue asked for. */
    void (*too_early)(void *context, uint32_t venue, const char *path);
    void *context;
};

struct link_config {
    struct world *world;
    struct fault_layer *layer;
    uint32_t venue;
    uint64_t seed;
    int64_t latency_ns; /* of frames */
    bool suspects;      /* silence for half the idle limit is reported, as without a pong */
    struct link_watch watch;
};

struct link;

int link_create(struct link **link, const struct link_config *config);
void link_destroy(struct link *link);

/* What sessions are given, as `struct port_events` tells them. */
struct port link_port(struct link *link);

/* The time of whatever they ask for from now on: the venue's, and what the host's clocks say. */
void link_set_time(struct link *link, int64_t now_ns, struct moment now);

/* From the fault layer's sink. */
void link_send(struct link *link, uint32_t client, struct arb_bytes frame, struct fault_mark mark);
void link_close(struct link *link, uint32_t client, const char *why);

/* Of a session that has asked for something, or LINK_SLOTS_MAX. */
uint32_t link_slot_of(const struct link *link, const void *owner);
bool link_is_up(const struct link *link, uint32_t slot, uint32_t conn);

int64_t link_next_ns(const struct link *link);
/* Does the next thing due; false when there is none. */
bool link_step(struct link *link);

#endif /* ARB_SIMULATION_LINK_H */
