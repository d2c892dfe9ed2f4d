/*
 * bitstamp.h - the parts of the Bitstamp plugin and the state they share.
 *
 *   bitstamp.c          descriptor, connections, subscriptions, heartbeats
 *   bitstamp_message.c  messages of WebSocket API v2
 *   bitstamp_http.c     market catalog and REST order books
 *   bitstamp_orders.c   mode = orders: single orders, chained events, levels made of them
 *   bitstamp_table.c    the orders of one market by id
 *   bitstamp_check.c    mode = diff: the book against order_book frames
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
    CONN_CHANNELS_MAX = 1024, /* the venue closes a connection silently at one more */
    ORDERS_MAX = 1 << 18,     /* of one market; a market with more cannot be followed */
    HELD_MAX = 1 << 16,       /* order events of one market that wait for its REST book */
    PARKED_MAX = 16,          /* orders of one market being matched at the same time */
    EVENT_ID_MAX = 40,        /* bytes of an event_id; those seen have 36 */
    SUSPECTS_MAX = 32,        /* levels of one market that a frame contradicts, best first */
    TIMER_TICK = 0,
    TICK_MS = 250,
    REQUEST_CATALOG = ARB_INSTRUMENTS_MAX, /* requests below are order books, by instrument */
};

enum channel_kind {
    CHANNEL_OTHER = 1, /* nothing that matters here */
    CHANNEL_TOP = 2,   /* order_book_ */
    CHANNEL_DIFF = 3,  /* diff_order_book_ */
    CHANNEL_ORDERS = 4 /* live_orders_ */
};

struct channel {
    enum channel_kind kind;
    uint32_t market; /* ARB_NO_INSTRUMENT: none of ours */
};

enum seed_state {
    SEED_IDLE = 1,    /* nothing needed: the book is synced, or not subscribed */
    SEED_WAITING = 2, /* for the first diff, or for the market to prove quiet */
    SEED_ASKED = 3,   /* the REST book is on its way */
    SEED_SPLICING = 4 /* mode = orders: it came; the stream has to get past it */
};

struct order {
    uint64_t id; /* 0: a free slot */
    int64_t px, qty;
    bool is_bid;
    bool is_parked; /* it would cross the book, so it is being matched: in no level yet */
};

/* Open addressing, at most half full, a power of two of slots. Zeroed memory is empty. */
struct order_table {
    struct order *slots;
    uint32_t n, n_slots;
};

enum order_event_kind { ORDER_NONE = 0, ORDER_CREATED = 1, ORDER_CHANGED = 2, ORDER_DELETED = 3 };

struct order_event {
    enum order_event_kind kind;
    uint8_t px_digits, qty_digits;
    uint64_t microtimestamp;
    struct order order; /* with the quantity that rests after the event */
};

/* mode = orders: what is known of one market. */
struct orders {
    struct order_table table;
    bool is_live;             /* the host got a book made of `table`, and each change since */
    struct order_event *held; /* until the book is published */
    uint32_t n_held, held_cap;
    char last_id[EVENT_ID_MAX]; /* of the last event on this connection */
    size_t last_id_len;         /* 0: the next event starts the chain */
    uint64_t seq;               /* of the last book event published, never reset */
    uint64_t parked[PARKED_MAX];
    uint32_t n_parked;
    uint8_t px_digits, qty_digits;
};

/* A level where our book and an order_book frame differ. */
struct suspect {
    int64_t px, ours, theirs;
    int64_t since_ns;
    bool is_bid;
    bool is_hidden; /* behind the last level of the latest frame: no news of it */
};

struct suspects {
    uint32_t n;
    struct suspect list[SUSPECTS_MAX];
};

/* One channel of a market on the market's connection. */
struct subscription {
    bool is_on;        /* acknowledged, or a frame of it came */
    int64_t ack_by_ns; /* else: it is asked for again then; 0: not asked for */
};

struct market {
    char name[ARB_SYMBOL_MAX]; /* "btcusd" */
    uint32_t conn;
    bool listed;
    struct subscription sub;   /* of the channel that the book is made of */
    struct subscription check; /* of order_book_ frames for the cross-check */
    enum seed_state seed;
    bool asked_when_quiet; /* the request in flight was made long enough after subscribing */
    uint64_t first_diff;   /* microtimestamp of the first change since SEED_WAITING; 0: none yet */
    uint64_t last_event;   /* microtimestamp of the last message */
    uint64_t last_diff;    /* what it changed, in short: see on_diff() */
    uint64_t seed_stamp;   /* microtimestamp of the REST book in use */
    int64_t waiting_since_ns;
    int64_t ask_at_ns; /* not before */
    int64_t splice_by_ns;
    struct orders orders;
    struct suspects suspects;
};

struct bitstamp {
    /* options */
    const char *ws_url, *rest_url, *mode;
    int64_t markets_per_connection;
    int64_t requests_per_second;
    int64_t heartbeat_ms, heartbeat_timeout_ms;
    int64_t ack_timeout_ms;
    bool cross_check;

    const struct arb_exchange_env *env;
    enum channel_kind feed; /* the channel that the books are made of */
    bool catalog_known; /* asked for, and answered or given up for now: markets may be subscribed */
    int64_t catalog_at_ns;
    uint32_t n_markets, n_conns;
    bool open[ARB_CONNS_MAX];
    int64_t beat_at_ns[ARB_CONNS_MAX];   /* next heartbeat */
    int64_t answer_by_ns[ARB_CONNS_MAX]; /* some frame must come by then; 0: one did */
    int64_t sent_by_ns[ARB_CONNS_MAX];   /* then all requests have left, at the rate they may */
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

/* Says to the host that the book is damaged, and forgets what was known of it. */
int bitstamp_damaged(struct bitstamp *self, struct arb_host *host, uint32_t instrument,
                     const char *why);

/* bitstamp_message.c */
int bitstamp_message(struct bitstamp *self, struct arb_host *host, uint32_t conn,
                     struct arb_bytes msg);
struct book_text bitstamp_book_for(struct bitstamp *self, uint32_t instrument);
bool bitstamp_read_book(struct arb_json *json, struct book_text *book);
int bitstamp_publish(struct bitstamp *self, struct arb_host *host, uint32_t instrument,
                     struct book_text *book, enum arb_book_kind kind);
bool bitstamp_is_from_the_future(struct arb_host *host, uint64_t microtimestamp);
int64_t bitstamp_venue_ns(uint64_t microtimestamp);
int bitstamp_number_trouble(struct bitstamp *self, struct arb_host *host, uint32_t instrument,
                            int rc);

/* bitstamp_http.c */
int bitstamp_ask_catalog(struct bitstamp *self, struct arb_host *host);
int bitstamp_ask_seeds(struct bitstamp *self, struct arb_host *host);
int bitstamp_http(struct bitstamp *self, struct arb_host *host, uint32_t request, int status,
                  struct arb_bytes body);

/* bitstamp_table.c */
/* The order, or NULL. Valid until the table changes. */
struct order *order_find(const struct order_table *table, uint64_t id);
/* Enters or replaces an order; its id is not 0. ARB_ELIMIT beyond ORDERS_MAX. */
int order_put(struct order_table *table, const struct order *order);
/* Removes what order_find() found. */
void order_remove(struct order_table *table, struct order *order);
void order_table_clear(struct order_table *table);
void order_table_fini(struct order_table *table);

/* bitstamp_orders.c */
/* One order_created, order_changed or order_deleted. `links` are event_id and pre_event_id. */
int bitstamp_order_event(struct bitstamp *self, struct arb_host *host, uint32_t market,
                         enum order_event_kind kind, struct arb_json *data,
                         const struct arb_bytes links[2]);
/* The REST book of single orders: seeds the market when it may. */
int bitstamp_orders_seed(struct bitstamp *self, struct arb_host *host, uint32_t market,
                         struct arb_json *json);
/* Time went by: publishes spliced books, and orders that turned out to rest. */
int bitstamp_orders_tick(struct bitstamp *self, struct arb_host *host, uint32_t market);
/* A new seed is needed; `new_chain`: the stream starts over as well. */
void bitstamp_orders_reset(struct orders *orders, bool new_chain);
void bitstamp_orders_fini(struct orders *orders);

/* bitstamp_check.c */
/* An order_book frame came for a book that is made of diffs. */
int bitstamp_check_frame(struct bitstamp *self, struct arb_host *host, uint32_t market,
                         const struct book_text *frame);
/* Time went by without a frame. */
int bitstamp_check_tick(struct bitstamp *self, struct arb_host *host, uint32_t market);

/* bitstamp_check.c: the quantity at a price of one side of a book, 0 when there is none. */
int64_t bitstamp_qty_at(const struct arb_book *view, bool is_bid, int64_t px);

/* bitstamp_http.c */
/* Asks for the REST book once more, a little later. */
int bitstamp_ask_again(struct bitstamp *self, struct arb_host *host, uint32_t i, const char *why);
bool bitstamp_may_seed(const struct bitstamp *self, const struct market *market, uint64_t made);

#endif /* BITSTAMP_H */
