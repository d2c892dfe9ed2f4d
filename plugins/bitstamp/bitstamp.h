/*
 * bitstamp.h - the parts of the Bitstamp plugin and the state they share.
 *
 *   bitstamp.c          descriptor, connections, subscriptions, heartbeats
 *   bitstamp_message.c  messages of WebSocket API v2
 *   bitstamp_http.c     market catalog and REST order books
 */
#ifndef BITSTAMP_H
#define BITSTAMP_H

#include "arbspot/exchange.h"
#include "arbspot/json.h"
#include "arbspot/symbols.h"
#include "arbspot/text.h"

enum {
    FRAME_LEVELS_MAX = 32768, /* a side; the largest REST book seen had 4,931 */
    TOP_LEVELS = 100,         /* what an order_book frame carries */
    TIMER_TICK = 0,
    TICK_MS = 250,
    REQUEST_CATALOG = ARB_INSTRUMENTS_MAX, /* requests below are order books, by instrument */
};

enum seed_state {
    SEED_IDLE = 1,    /* nothing needed: the book is synced, or not subscribed */
    SEED_WAITING = 2, /* for the first diff, or for the market to prove quiet */
    SEED_ASKED = 3,   /* the REST book is on its way */
};

struct market {
    char name[ARB_SYMBOL_MAX]; /* "btcusd" */
    uint32_t conn;
    bool listed;
    bool subscribed; /* acknowledged on this connection */
    enum seed_state seed;
    bool asked_when_quiet; /* the request in flight was made long enough after subscribing */
    uint64_t first_diff;   /* microtimestamp of the first diff since SEED_WAITING; 0: none yet */
    uint64_t last_event;   /* microtimestamp of the last message */
    int64_t waiting_since_ns;
    int64_t ask_at_ns; /* not before */
};

struct bitstamp {
    /* options */
    const char *ws_url, *rest_url, *mode;
    int64_t markets_per_connection;
    int64_t requests_per_second;
    int64_t heartbeat_ms, heartbeat_timeout_ms;

    const struct arb_exchange_env *env;
    bool is_diff;
    bool catalog_known; /* asked for, and answered or given up for now: markets may be subscribed */
    int64_t catalog_at_ns;
    uint32_t n_markets, n_conns;
    bool open[ARB_CONNS_MAX];
    int64_t beat_at_ns[ARB_CONNS_MAX];   /* next heartbeat */
    int64_t answer_by_ns[ARB_CONNS_MAX]; /* some frame must come by then; 0: one did */
    struct market *markets;              /* [ARB_INSTRUMENTS_MAX] */
    struct arb_symbol_map by_name;
    struct arb_level bids[FRAME_LEVELS_MAX], asks[FRAME_LEVELS_MAX]; /* of the message in hand */
};

/* A book being read, from a frame or from REST. */
struct book_text {
    struct arb_levels bids, asks;
    uint64_t microtimestamp;
};

/* bitstamp.c */
uint32_t bitstamp_find(const struct bitstamp *self, struct arb_bytes name);
int bitstamp_start_markets(struct bitstamp *self, struct arb_host *host);
void bitstamp_await_seed(struct bitstamp *self, uint32_t i, int64_t now_ns);

/* bitstamp_message.c */
int bitstamp_message(struct bitstamp *self, struct arb_host *host, uint32_t conn,
                     struct arb_bytes msg);
struct book_text bitstamp_book_for(struct bitstamp *self, uint32_t instrument);
bool bitstamp_read_book(struct arb_json *json, struct book_text *book);
int bitstamp_publish(struct bitstamp *self, struct arb_host *host, uint32_t instrument,
                     struct book_text *book, enum arb_book_kind kind);
int bitstamp_number_trouble(struct bitstamp *self, struct arb_host *host, uint32_t instrument,
                            int rc);

/* bitstamp_http.c */
int bitstamp_ask_catalog(struct bitstamp *self, struct arb_host *host);
int bitstamp_ask_seeds(struct bitstamp *self, struct arb_host *host);
int bitstamp_http(struct bitstamp *self, struct arb_host *host, uint32_t request, int status,
                  struct arb_bytes body);

#endif /* BITSTAMP_H */
