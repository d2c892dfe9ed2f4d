/*
 * kraken.h - the parts of the Kraken plugin: kraken.c the plan, the options and what both protocols
 * share; kraken_v2.c and kraken_v1.c requests and messages of one protocol each, of which v1 is
 * kept for old recordings.
 */
#ifndef KRAKEN_H
#define KRAKEN_H

#include "arbspot/answers.h"
#include "arbspot/digits_crc.h"

struct kraken {
    const char *url, *protocol; /* options */
    int64_t depth, pairs_per_connection, pairs_per_request, requests_per_second;
    int64_t idle_timeout_ms, ack_timeout_ms;
    bool tokenized;

    const struct arb_exchange_env *env;
    bool is_v1;
    struct arb_digits_crc *digits; /* [ARB_INSTRUMENTS_MAX] */
    struct arb_draft draft;        /* of the book in hand */
};

/* kraken.c */
void kraken_begin(struct kraken *self, uint32_t instrument, enum arb_book_kind kind);
int kraken_publish(struct kraken *self, struct arb_host *host);
enum arb_trading kraken_trading(struct arb_bytes status);
int kraken_system(struct arb_host *host, uint32_t instrument, struct arb_bytes status);
int kraken_refused(struct kraken *self, struct arb_host *host, struct arb_bytes name,
                   struct arb_bytes error);
void kraken_names(const struct kraken *self, const struct arb_ask *ask, struct arb_text *text);

/* kraken_v2.c, kraken_v1.c */
int kraken_v2_ask(const struct kraken *self, const struct arb_ask *ask, struct arb_text *text);
int kraken_v2_message(struct kraken *self, struct arb_host *host, uint32_t conn,
                      struct arb_bytes msg);
int kraken_v1_ask(const struct kraken *self, const struct arb_ask *ask, struct arb_text *text);
int kraken_v1_message(struct kraken *self, struct arb_host *host, struct arb_bytes msg);
const char *kraken_v1_asset(const char *name);

#endif /* KRAKEN_H */
