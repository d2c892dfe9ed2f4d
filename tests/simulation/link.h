/*
 * link.h - the network between the lines of one venue and its model, in virtual time.
 *
 * It carries out what they ask for: connections that come back after a while, requests, and
 * frames that take their time but keep their order. Each step is one call of the lines.
 */
#ifndef ARB_SIMULATION_LINK_H
#define ARB_SIMULATION_LINK_H

#include "venue/lines.h"
#include "world.h"

#include "fault.h"
#include "simulation.h"

enum {
    LINK_CONNS_MAX = 8, /* of one line */
    LINK_CLIENTS_MAX = BOARD_LINES_MAX * LINK_CONNS_MAX,
};

/* The line that a client of the model is. */
static inline uint32_t link_line_of(uint32_t client)
{
    return client / LINK_CONNS_MAX;
}

/* Told before the lines are. */
struct link_watch {
    void (*frame)(void *context, uint32_t venue, struct fault_mark mark);
    void (*answer)(void *context, uint32_t venue, uint32_t line, const char *path,
                   struct arb_bytes body);
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

extern const struct feed_io_ops link_io; /* its context is the link */

/* Who is called; set once, before the first step. */
void link_attach(struct link *link, struct lines *lines);
/* The time of whatever they ask for from now on. */
void link_set_time(struct link *link, int64_t now_ns);

/* From the fault layer's sink. */
void link_send(struct link *link, uint32_t client, struct arb_bytes frame, struct fault_mark mark);
void link_close(struct link *link, uint32_t client, const char *why);

bool link_is_up(const struct link *link, uint32_t conn);

int64_t link_next_ns(const struct link *link);
/* Does the next thing due; false when there is none. */
bool link_step(struct link *link, int64_t now_ns);

#endif /* ARB_SIMULATION_LINK_H */
