/*
 * sim_venue.h - what every venue model offers: a venue's protocol without sockets and clocks.
 *
 * A model is told what happens (a client connected, a text came, the market changed, time went
 * by) and answers through its outlet. The same model serves real TLS connections and
 * simulations that run in one thread; whoever wants faults puts a layer of its own into the
 * outlet.
 */
#ifndef ARB_SIM_VENUE_H
#define ARB_SIM_VENUE_H

#include "instruments.h"
#include "ladder.h"
#include "market.h"
#include "player.h"
#include "reel.h"

enum {
    SIM_CLIENTS_MAX = 256, /* at once, of one venue; clients are numbered 0 to 255 */
    SIM_PATH_MAX = 256,    /* bytes of a path that is asked for, query included */
};

/* Given by whoever drives the model. Frames are borrowed for the call. */
struct sim_outlet {
    /* One whole text message for a client. */
    void (*send)(void *context, uint32_t client, struct arb_bytes frame);
    /* Close code 0 drops the connection without a word. on_disconnect() follows later. */
    void (*close)(void *context, uint32_t client, uint16_t code, const char *why);
    /* The state a perfectly informed client has of this book is a new one from now on. */
    void (*published)(void *context, uint32_t instrument, int64_t now_ns);
    void *context;
};

struct sim_venue_config {
    const struct instrument_list *instruments; /* borrowed for the model's life */
    const struct sim_market *market;           /* NULL when a recording is played */
    uint32_t market_venue;                     /* which of the market's venues this is */
    uint32_t depth;                            /* levels a side the market holds */
    const struct tape *tape;                   /* NULL when the market is generated */
    const struct reel *reel;                   /* of the venue that replays; else NULL */
    int64_t speed_percent;                     /* of a recording; 0: as fast as it is read */
    uint64_t seed;
    int64_t start_ns;
    int64_t clock_offset_ns; /* of the clock that it dates its messages by; not of recordings */
    struct sim_outlet outlet;
};

struct sim_venue;

struct sim_venue_ops {
    const char *name;
    void (*on_connect)(struct sim_venue *venue, uint32_t client, int64_t now_ns);
    void (*on_disconnect)(struct sim_venue *venue, uint32_t client);
    void (*on_text)(struct sim_venue *venue, uint32_t client, int64_t now_ns,
                    struct arb_bytes text);
    /* Answers GET `path`, which may end with "?" and a query. Returns the status; the body is valid
     * until the next call. */
    int (*on_get)(struct sim_venue *venue, const char *path, int64_t now_ns,
                  struct arb_bytes *body);
    /* The market changed this venue's book. */
    void (*on_change)(struct sim_venue *venue, uint32_t instrument, int64_t now_ns);
    /* When on_time() is wanted next, or AGENDA_NEVER. */
    int64_t (*next_ns)(const struct sim_venue *venue);
    /* Carries out the next thing due. */
    void (*on_time)(struct sim_venue *venue, int64_t now_ns);
    /*
     * What is true, for whoever checks clients. Each of these is the market's book at some moment,
     * as deep and exact as the venue shows it, valid until the model is called again, and NULL for
     * recordings.
     *
     * published: as last shown to anybody, by a frame of any channel or a REST book; the outlet is
     * told of each such moment, in order of time. What a frame brings its client to is the book
     * that is published next, and a REST book is the one that was published at the time it is
     * dated. Channels show the book at moments of their own, so a client is as far as its channel
     * is: that is `shown`, as of the last frame of a feed (one bit of enum fault_feed).
     */
    const struct sim_book *(*published)(const struct sim_venue *venue, uint32_t instrument);
    const struct sim_book *(*shown)(const struct sim_venue *venue, uint32_t instrument,
                                    uint32_t feed);
    /* As of the event of an order that is being sent; NULL: there are none. */
    const struct sim_book *(*told)(const struct sim_venue *venue, uint32_t instrument);
    /* The venue ends a client's subscription of a book by itself, and says so; NULL: it never does.
     */
    void (*end_subscription)(struct sim_venue *venue, uint32_t client, uint32_t instrument,
                             int64_t now_ns);
    void (*destroy)(struct sim_venue *venue);
};

/* First member of each model. */
struct sim_venue {
    const struct sim_venue_ops *ops;
};

#endif /* ARB_SIM_VENUE_H */
