/*
 * kraken.h - the parts of the Kraken plugin and the state they share: kraken.c plan, requests and
 * options; kraken_v2.c and kraken_v1.c the messages of the two protocols, of which v1 is kept for
 * old recordings; kraken_checksum.c what proves a book.
 */
#ifndef KRAKEN_H
#define KRAKEN_H

#include "arbspot/levels.h"

enum {
    CHECKSUM_LEVELS = 10,    /* a side, fixed by the venue */
    TOKEN_MAX = 40,          /* two numbers of at most 20 digits each */
    FRAME_LEVELS_MAX = 8192, /* a side in one message; the deepest subscription is 1,000 */
};

/* The best levels of one side, best first, and their text as the checksum wants it. */
struct tokens {
    struct token {
        int64_t px, qty;
        uint32_t at, len; /* where its text is */
    } list[CHECKSUM_LEVELS];
    uint32_t n, len;
    uint32_t crc; /* of the text; that of the bids goes on from that of the asks */
    char text[CHECKSUM_LEVELS * TOKEN_MAX];
};

struct pair {
    uint8_t px_digits, qty_digits;               /* on the wire, since the last snapshot */
    uint8_t tokens_px_digits, tokens_qty_digits; /* those that the tokens are spelled with */
    struct tokens asks, bids;
};

struct kraken {
    const char *url, *protocol; /* options */
    int64_t depth, pairs_per_connection, pairs_per_request, requests_per_second;
    int64_t idle_timeout_ms, ack_timeout_ms;
    bool tokenized;

    const struct arb_exchange_env *env;
    bool is_v1;
    struct pair *pairs;                                              /* [ARB_INSTRUMENTS_MAX] */
    struct arb_level bids[FRAME_LEVELS_MAX], asks[FRAME_LEVELS_MAX]; /* of the message in hand */
};

/* A book message being read. */
struct frame {
    struct arb_book_event event;
    struct arb_levels bids, asks;
};

/* kraken.c */
void kraken_frame_init(struct kraken *self, struct frame *frame, uint32_t instrument,
                       uint32_t kind);
int kraken_publish(struct kraken *self, struct arb_host *host, struct frame *frame);
int kraken_damaged(struct arb_host *host, uint32_t instrument, int rc);
int kraken_system(struct arb_host *host, uint32_t instrument, struct arb_bytes status);
enum arb_trading kraken_trading(struct arb_bytes status);
int kraken_refused(struct kraken *self, struct arb_host *host, struct arb_bytes name,
                   struct arb_bytes error);
bool kraken_says(struct arb_bytes error, const char *words);

/* kraken_v2.c, kraken_v1.c, kraken_checksum.c */
int kraken_v2_message(struct kraken *self, struct arb_host *host, uint32_t conn,
                      struct arb_bytes msg);
int kraken_v1_message(struct kraken *self, struct arb_host *host, struct arb_bytes msg);
uint32_t kraken_checksum(struct pair *pair, const struct arb_instrument *info,
                         const struct arb_book_event *event, const struct arb_book *book);

#endif /* KRAKEN_H */
