/*
 * link.h - the network between one feed and its venue's model, in virtual time.
 *
 * It carries out what the feed asks for: connections that come back after a while, requests,
 * and frames that take their time but keep their order. Each step is one call of the feed.
 */
#ifndef ARB_SIMULATION_LINK_H
#define ARB_SIMULATION_LINK_H

#include "feed/feed.h"
#include "world.h"

#include "fault.h"
#include "simulation.h"

/* Told before the feed is. */
struct link_watch {
    void (*frame)(void *context, uint32_t venue, struct fault_mark mark);
    void (*answer)(void *context, uint32_t venue, const char *path, struct arb_bytes body);
    void *context;
};

struct link_config {
    struct world *world;
    struct fault_layer *layer;
    uint32_t venue;
    uint64_t seed;
    int64_t latency_ns; /* of frames */
    struct link_watch watch;
};

struct link;

int link_create(struct link **link, const struct link_config *config);
void link_destroy(struct link *link);

extern const struct feed_io_ops link_io; /* its context is the link */

/* The feed that is called; set once, before the first step. */
void link_attach(struct link *link, struct feed *feed);
/* The time of whatever the feed asks for from now on. */
void link_set_time(struct link *link, int64_t now_ns);

/* From the fault layer's sink. */
void link_send(struct link *link, uint32_t client, struct arb_bytes frame, struct fault_mark mark);
void link_close(struct link *link, uint32_t client, const char *why);

bool link_is_up(const struct link *link, uint32_t conn);

int64_t link_next_ns(const struct link *link);
/* Does the next thing due; false when there is none. */
bool link_step(struct link *link, int64_t now_ns);

#endif /* ARB_SIMULATION_LINK_H */
