/* kraken.h - what kraken.c shares with kraken_v1.c: the old protocol, kept for old recordings. */
#ifndef KRAKEN_H
#define KRAKEN_H

#include "arbspot/answers.h"
#include "arbspot/digits_crc.h"

struct kraken {
    const char *url, *protocol; /* options */
    int64_t depth;
    struct arb_limits limits;
    bool tokenized, is_v1;
    const struct arb_exchange_env *env;
    struct arb_draft draft; /* of the book in hand */
    struct arb_digits_crc digits[ARB_INSTRUMENTS_MAX];
};

extern const struct arb_trading_word kraken_words[];
int kraken_publish(struct kraken *self, struct arb_host *host);
int kraken_refused(struct kraken *self, struct arb_host *host, struct arb_bytes name,
                   struct arb_bytes error);
void kraken_v1_subscription(const struct kraken *self, const struct arb_ask *ask,
                            struct arb_text *text);
int kraken_v1_message(struct kraken *self, struct arb_host *host, struct arb_bytes msg);
int kraken_spell(void *instance, const struct arb_instrument *info, char *name);

#endif /* KRAKEN_H */
