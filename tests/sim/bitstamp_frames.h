/*
 * bitstamp_frames.h - the text of Bitstamp's WebSocket v2 and HTTP API v2: every frame and body
 * the model sends, and the requests it reads. No state.
 */
#ifndef ARB_SIM_BITSTAMP_FRAMES_H
#define ARB_SIM_BITSTAMP_FRAMES_H

#include <cjson/cJSON.h>

#include "frame.h"
#include "ladder.h"

enum {
    BITSTAMP_FRAME_BASE = 4096, /* bytes of a frame that holds no levels and no markets */
    BITSTAMP_LEVEL_LEN = 80,    /* no level or order in a book is longer */
    BITSTAMP_MARKET_LEN = 512,  /* no entry of a catalog is longer */
    BITSTAMP_EVENT_ID_MAX = 40,
    BITSTAMP_CHANNEL_MAX = 96, /* bytes of a channel's name, terminator included */
};

enum bitstamp_event {
    BITSTAMP_SUBSCRIBE = 1,
    BITSTAMP_UNSUBSCRIBE = 2,
    BITSTAMP_HEARTBEAT = 3,
    BITSTAMP_UNKNOWN_EVENT = 4,
};

struct bitstamp_request {
    uint32_t event;                     /* enum bitstamp_event */
    char channel[BITSTAMP_CHANNEL_MAX]; /* "" when missing or longer than any real one */
};

/* ARB_EPROTO when the text is no JSON object. */
int bitstamp_request_parse(struct bitstamp_request *request, struct arb_bytes text);

/* True when it could be a channel's name: lowercase letters, digits, '_' and '-'. */
bool bitstamp_is_spelled_well(const char *channel);

/* "bts:subscription_succeeded" and the like, without data. */
void bitstamp_put_event(struct arb_text *text, const char *event, const char *channel);
void bitstamp_put_error(struct arb_text *text, const char *message);
void bitstamp_put_heartbeat(struct arb_text *text);

/*
 * Ids that were used up, see bitstamp_split(). Prices without an entry have `floor`: an entry may
 * be forgotten when the floor is above it.
 */
struct bitstamp_retired {
    struct sim_book prices;
    uint64_t floor;
};

struct bitstamp_book {
    const struct sim_instrument *instrument;
    const struct arb_level *bids, *asks;
    uint32_t n_bids, n_asks;
    int64_t at_ns;
    const struct bitstamp_retired *retired; /* NULL: no id was used before */
};

/* `channel` is the prefix, "order_book_" or "diff_order_book_". `zero` is how a quantity of
 * nothing is spelled in this frame, NULL for the instrument's digits. */
void bitstamp_put_book(struct arb_text *text, const char *channel, const char *zero,
                       const struct bitstamp_book *book);

/* The body of GET order_book/{market}/. */
void bitstamp_put_rest_book(struct arb_text *text, const struct bitstamp_book *book);

enum { BITSTAMP_SPLIT_MAX = 3 /* orders that make a level */ };

/*
 * How the model splits a level into orders. It keeps none: id and quantity of an order follow from
 * the level and from the order's place in it, so any book can be told order by order, and two
 * books differ in certain orders. `retired` counts the ids that were used up at this price, place
 * by place: an order that is gone never comes back under the same id.
 */
struct bitstamp_split {
    uint64_t ids[BITSTAMP_SPLIT_MAX];
    int64_t qty[BITSTAMP_SPLIT_MAX]; /* 0: not there */
};
struct bitstamp_split bitstamp_split(bool is_bid, struct arb_level level, uint64_t retired);
/* The order in this place is gone. */
uint64_t bitstamp_retire(uint64_t retired, uint32_t place);

uint64_t bitstamp_retired_at(const struct bitstamp_retired *retired, bool is_bid, int64_t px);
void bitstamp_retired_set(struct bitstamp_retired *retired, bool is_bid, int64_t px, uint64_t used);
/*
 * Forgets the prices where no order is. Those where one is keep their entry, or get one, for the
 * floor is raised above all that is forgotten.
 */
void bitstamp_retired_forget(struct bitstamp_retired *retired, const struct sim_book *now);

/* One event of live_orders_; ids of events are made of its time and a number. */
struct bitstamp_order {
    const struct sim_instrument *instrument;
    const char *event; /* "order_created" and the like */
    uint64_t id;
    bool is_bid;
    struct arb_level level;
    int64_t at_ns;
    char event_id[BITSTAMP_EVENT_ID_MAX], pre_event_id[BITSTAMP_EVENT_ID_MAX];
};
void bitstamp_event_id(char *out, int64_t at_ns, uint64_t number);
void bitstamp_put_order(struct arb_text *text, const struct bitstamp_order *order);

/* The body of GET order_book/{market}/?group=2. */
void bitstamp_put_rest_orders(struct arb_text *text, const struct bitstamp_book *book);

/* The bodies of GET markets/ and trading-pairs-info/. */
void bitstamp_put_markets(struct arb_text *text, const struct instrument_list *list);
void bitstamp_put_trading_pairs(struct arb_text *text, const struct instrument_list *list);

#endif /* ARB_SIM_BITSTAMP_FRAMES_H */
