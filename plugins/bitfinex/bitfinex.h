/* bitfinex.h - what the files of this plugin share: bitfinex.c has the plan and the messages. */
#ifndef BITFINEX_H
#define BITFINEX_H

#include "arbspot/digits_crc.h"
#include "arbspot/orders.h"

enum {
    BITFINEX_CHANNELS_MAX = 36, /* on one connection; the venue refuses more */
    BITFINEX_ENTRIES_MAX = 25,  /* a side, in a checksum */
};

/* A subscription of one connection. */
struct bitfinex_channel {
    uint64_t id; /* 0: free */
    uint32_t instrument;
};

struct bitfinex {
    const char *ws_url, *rest_url, *mode_name; /* options */
    int64_t depth;
    struct arb_limits limits;
    const struct arb_exchange_env *env;
    struct arb_orders *orders; /* [ARB_INSTRUMENTS_MAX] with mode = orders, else NULL */
    struct bitfinex_channel channels[ARB_CONNS_MAX][BITFINEX_CHANNELS_MAX];
    struct arb_draft draft; /* of the book in hand */
};

/* An array of a channel. */
struct bitfinex_frame {
    uint64_t channel, seq;
    uint32_t instrument;
    struct arb_bytes word;   /* "hb", "cs"; empty: a book */
    struct arb_json payload; /* of a book, or behind the word */
};

/* An entry as it stands there: of a level, or of an order. */
struct bitfinex_entry {
    uint64_t number; /* how many orders, or which */
    int64_t px, qty;
    bool is_bid;
};

/* bitfinex_books.c: what arrays of channels say. Damage costs this book only. */
int bitfinex_book(struct bitfinex *self, struct arb_host *host, struct bitfinex_frame *frame);
int bitfinex_book_sum(struct bitfinex *self, struct arb_host *host, struct bitfinex_frame *frame);
int bitfinex_checksum(void *instance, const struct arb_book_event *event,
                      const struct arb_book *book, uint32_t *checksum);
bool bitfinex_read_entry(struct arb_json *json, const struct arb_instrument *info, bool is_order,
                         struct arb_book_event *event, struct bitfinex_entry *entry);

/* bitfinex_orders.c: mode = orders. */
int bitfinex_orders_init(struct bitfinex *self);
void bitfinex_orders_fini(void *instance);
bool bitfinex_orders_take(struct bitfinex *self, struct arb_json *json, uint32_t instrument);
int bitfinex_orders_publish(struct bitfinex *self, struct arb_host *host);
uint32_t bitfinex_orders_sum(const struct bitfinex *self, uint32_t instrument);

/* bitfinex_catalog.c: names. As in struct arb_exchange_ops. */
int bitfinex_spell(void *instance, const struct arb_instrument *info, char *name);
int bitfinex_answer(void *instance, struct arb_host *host, const struct arb_ask *ask, int status,
                    struct arb_bytes body);

#endif /* BITFINEX_H */
