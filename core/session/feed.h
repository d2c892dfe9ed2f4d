/*
 * feed.h - one exchange: its plugin instance, its books, and what it tells the world.
 *
 * The feed calls the plugin, records what the plugin asks for, and carries it out only when
 * the callback returned ARB_OK. It keeps the books and decides whether each is LIVE. It has
 * no thread, socket or clock: the caller brings bytes and `now_ns` and provides feed_io; the
 * same code runs in the host, in a replay and in tests.
 *
 * All calls are for one thread.
 */
#ifndef ARB_FEED_H
#define ARB_FEED_H

#include "arbspot/exchange.h"
#include "book/book.h"
#include "book/event.h"
#include "config/config.h"
#include "venue/board.h"
#include "plugin/loader.h"
#include "util/err.h"

/* Carries out what a plugin asked for. Calls come only from within feed calls. */
struct feed_io_ops {
    int (*ws_open)(void *context, uint32_t conn, const struct arb_ws_spec *spec);
    int (*ws_send)(void *context, uint32_t conn, struct arb_bytes text);
    void (*ws_close)(void *context, uint32_t conn, const char *why);
    /* Optional; default ws_close. The exchange is disabled: do not come back. */
    void (*ws_give_up)(void *context, uint32_t conn, const char *why);
    /* Optional; default ws_close. The connection serves on until another has taken over. */
    void (*ws_renew)(void *context, uint32_t conn, const char *why);
    int (*http_get)(void *context, uint32_t request, const char *url);
};

/* Sees each request of the plugin just before it is carried out; for the harness. */
struct effect;
typedef void feed_trace_fn(void *context, const struct effect *effect);
/* Sees each callback that failed; `broken` is the rule that a request of it broke, or NULL. */
typedef void feed_refusal_fn(void *context, const char *callback, int rc, const char *broken);

struct feed_config {
    const struct plugin *plugin;
    const struct exchange_config *exchange; /* name, symbols, options */
    const struct config *config;            /* scales and venue symbols of instruments */
    struct board *board; /* shared with other lines, which somebody else turns; or NULL: its own */
    uint32_t number;     /* of this line of the venue, for the log; 0 or 1: the only one */
    uint64_t session;    /* of its own board */
    int64_t snapshot_interval_ms; /* likewise; 0: no periodic snapshots */
    const struct feed_io_ops *io;
    void *io_context;
    feed_trace_fn *trace;     /* or NULL */
    feed_refusal_fn *refusal; /* or NULL */
    void *trace_context;      /* of both */
};

struct feed_stats {
    uint64_t frames;     /* messages and HTTP answers given to the plugin */
    uint64_t rejected;   /* of these, callbacks that failed */
    uint64_t updates;    /* deltas applied */
    uint64_t snapshots;  /* snapshots applied */
    uint64_t verified;   /* checksums that matched */
    uint64_t mismatched; /* checksums that did not */
    uint64_t crossed;    /* events after which the book was crossed */
    uint64_t unknown_deletes;
    uint64_t resyncs;      /* resyncs asked of the plugin */
    uint64_t held_dropped; /* held deltas given up because there were too many */
    uint64_t refused;      /* instruments the venue would not serve */
};

struct feed;

/* Runs the plugin's init() and hands over the instruments named one by one. */
int feed_create(struct feed **feed, const struct feed_config *config, struct err *err);
/* Adds a consumer of events to its board. Before feed_start(). The outlet is borrowed. */
int feed_add_outlet(struct feed *feed, struct outlet *outlet);
int feed_start(struct feed *feed, int64_t now_ns, struct err *err);
void feed_destroy(struct feed *feed);

/* What happened on the network. */
void feed_on_open(struct feed *feed, uint32_t conn, int64_t now_ns);
void feed_on_message(struct feed *feed, uint32_t conn, int64_t now_ns, struct arb_bytes message);
void feed_on_close(struct feed *feed, uint32_t conn, int64_t now_ns, const char *why);
/* A ping on that connection and its pong took `rtt_ns` together. */
void feed_on_round_trip(struct feed *feed, uint32_t conn, int64_t now_ns, int64_t rtt_ns);
void feed_on_http(struct feed *feed, uint32_t request, int64_t now_ns, int status,
                  struct arb_bytes body);

/* Timers, resyncs, periodic snapshots, conflated books. Returns when it wants to be called next. */
int64_t feed_on_turn(struct feed *feed, int64_t now_ns);

/* Gives up its connections for good; nothing may be told to it any more but feed_destroy(). */
void feed_close(struct feed *feed, const char *why);

/* Publishes STALE for every live book: the last thing before the host stops. */
void feed_stop(struct feed *feed, int64_t now_ns, const char *why);

const struct feed_stats *feed_stats(const struct feed *feed);
void feed_stats_add(struct feed_stats *sum, const struct feed_stats *more);
const struct event_venue *feed_venue(const struct feed *feed);
bool feed_is_disabled(const struct feed *feed);

/* Books, for tests, tools and reports. */
uint32_t feed_n_instruments(const struct feed *feed);
const struct arb_instrument *feed_instrument(const struct feed *feed, uint32_t instrument);
struct arb_book feed_book(const struct feed *feed, uint32_t instrument);
uint32_t feed_count_in_state(const struct feed *feed, enum arb_book_state state);

#endif /* ARB_FEED_H */
