/*
 * host_web.h - the dashboard of a host ([web] listen): a thread with a view over rings of its own,
 * so that neither feeds nor strategies ever wait for a browser.
 *
 * Books come from the venues of this process, opportunities from its strategies: what other hosts
 * publish is not shown; `arbspot web` shows all that is on the bus. What the thread is too slow for
 * is conflated like for any other consumer (books), or left out and counted (opportunities).
 */
#ifndef ARB_HOST_WEB_H
#define ARB_HOST_WEB_H

#include "bus/ring.h"
#include "config/config.h"
#include "kafka/publisher.h"
#include "strategy/delivery.h"
#include "venue/venue_thread.h"

/* What a strategy says, on its way to the dashboard. */
struct host_web_tap {
    struct ring ring;
    bool has_ring;
    const char *strategy;        /* the section's name */
    const struct tenure *tenure; /* of its run */
    _Atomic uint64_t n_left_out; /* because the ring was full; no data depends on it */
};

struct host_web_config {
    const struct config *config;
    struct venue_thread *venues; /* [n_venues]; each gets a ring more */
    unsigned n_venues;
    struct host_web_tap *taps; /* [n_taps], initialized */
    unsigned n_taps;
    const struct publisher *publisher; /* asked whether brokers can be reached */
};

struct host_web;

/* Makes the ring. `strategy` and `tenure` are borrowed. */
int host_web_tap_init(struct host_web_tap *tap, const char *strategy, const struct tenure *tenure);
void host_web_tap_fini(struct host_web_tap *tap); /* zeroed memory is accepted */

/* A delivery_fn whose context is a tap. In the strategy's thread. */
void host_web_tell(void *tap, const struct opportunity *opportunity);

/* Listens; before any thread runs. Everything in `config` is borrowed as long as it lives. */
int host_web_create(struct host_web **web, const struct host_web_config *config, struct err *err);

int host_web_start(struct host_web *web, struct err *err);

/* NULL is accepted by both, and one without a thread. False: it did not end by `deadline_ns`. */
bool host_web_stop(struct host_web *web, int64_t deadline_ns);
void host_web_destroy(struct host_web *web);

#endif /* ARB_HOST_WEB_H */
