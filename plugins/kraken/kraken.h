/*
 * kraken.h - the parts of the Kraken plugin and the state they share.
 *
 *   kraken.c           descriptor, connections, subscriptions, resync
 *   kraken_v2.c        messages of WebSocket API v2
 *   kraken_v1.c        messages of WebSocket API v1, kept for old recordings
 *   kraken_checksum.c  the CRC-32 that proves a book
 */
#ifndef KRAKEN_H
#define KRAKEN_H

#include "arbspot/exchange.h"
#include "arbspot/json.h"
#include "arbspot/symbols.h"
#include "arbspot/text.h"

enum {
    CHECKSUM_LEVELS = 10,    /* a side, fixed by the venue */
    TOKEN_MAX = 40,          /* two numbers of at most 19 digits each */
    FRAME_LEVELS_MAX = 8192, /* a side in one message; the deepest subscription is 1,000 */
    TIMER_TICK = 0,
    TICK_MS = 500,
    UNANSWERED_MAX = 3, /* requests for one pair in a row, then its connection is doubted */
};

/* One level as the checksum spells it: both numbers without point and leading zeroes. */
struct token {
    int64_t px, qty;
    uint32_t len;
    char text[TOKEN_MAX];
};

/* The tokens of one side's best levels, best first, as of the last checksum, and their text. */
struct token_side {
    struct token tokens[CHECKSUM_LEVELS];
    uint32_t n;
    bool is_bids;
    uint32_t text_len;
    uint32_t crc; /* of the text; that of the bids goes on from that of the asks */
    char text[CHECKSUM_LEVELS * TOKEN_MAX];
};

enum sub_state {
    SUB_NONE = 1,    /* not asked for on this connection */
    SUB_ASKED = 2,   /* waiting for the snapshot: updates are of no use */
    SUB_LIVE = 3,    /* the snapshot came */
    SUB_LEAVING = 4, /* unsubscribing; the acknowledgement leads to SUB_ASKED */
};

struct pair {
    char name[ARB_SYMBOL_MAX]; /* as the venue spells it */
    uint32_t conn;
    enum sub_state sub;
    int64_t answer_by_ns; /* the acknowledgement or the snapshot; 0: nothing was asked */
    uint32_t unanswered;  /* requests in a row */
    uint64_t seq;         /* of our own: the venue does not number its messages */
    int64_t updated_ns;   /* the venue's time of the last update; 0: none since the snapshot */
    int64_t book_ns;      /* likewise, of the snapshot too: the book is as new as that */
    uint8_t px_digits, qty_digits; /* on the wire; the checksum needs them */
    struct token_side bids, asks;
};

struct kraken {
    /* options */
    const char *url;
    const char *protocol;
    int64_t depth;
    int64_t pairs_per_connection, pairs_per_request;
    int64_t requests_per_second;
    int64_t idle_timeout_ms;
    int64_t ack_timeout_ms;

    const struct arb_exchange_env *env;
    uint32_t n_pairs, n_conns;
    bool is_v1;
    bool open[ARB_CONNS_MAX];
    int64_t sent_by_ns[ARB_CONNS_MAX]; /* then all requests have left, at the rate they may */
    struct pair *pairs;                /* [ARB_INSTRUMENTS_MAX] */
    struct arb_symbol_map by_name;
    struct arb_level bids[FRAME_LEVELS_MAX], asks[FRAME_LEVELS_MAX]; /* of the message in hand */
};

/* A book message being read. */
struct book_frame {
    struct arb_levels bids, asks;
    uint32_t instrument;
    bool has_checksum;
    uint32_t checksum;
    int64_t venue_ns;
};

/* kraken.c */
int kraken_subscribe_again(struct kraken *self, struct arb_host *host, uint32_t instrument);
uint32_t kraken_find(const struct kraken *self, struct arb_bytes name);
struct book_frame kraken_frame_for(struct kraken *self, uint32_t instrument);
int kraken_publish(struct kraken *self, struct arb_host *host, const struct book_frame *frame,
                   enum arb_book_kind kind);
int kraken_number_trouble(struct kraken *self, struct arb_host *host, uint32_t instrument, int rc);
enum arb_trading kraken_trading(struct arb_bytes status);
int kraken_refuse(struct kraken *self, struct arb_host *host, struct arb_bytes name,
                  struct arb_bytes why);

/* kraken_v2.c, kraken_v1.c */
int kraken_v2_message(struct kraken *self, struct arb_host *host, struct arb_bytes msg);
int kraken_v1_message(struct kraken *self, struct arb_host *host, struct arb_bytes msg);

/* kraken_checksum.c */
uint32_t kraken_checksum(struct pair *pair, const struct arb_instrument *info,
                         const struct arb_book *book);

#endif /* KRAKEN_H */
