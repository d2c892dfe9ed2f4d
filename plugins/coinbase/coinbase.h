/* coinbase.h - what coinbase.c shares with coinbase_exchange.c, which is feed = exchange. */
#ifndef COINBASE_H
#define COINBASE_H

#include "arbspot/answers.h"
#include "arbspot/levels.h"

struct coinbase {
    const char *feed, *ws_url, *rest_url; /* options */
    struct arb_limits limits;
    bool is_advanced;
    const struct arb_exchange_env *env;
    struct arb_draft draft; /* of the book in hand */
    /* The connection whose last list of subscriptions names the book, plus one; 0: none does. */
    uint8_t listed[ARB_INSTRUMENTS_MAX];
};

/* What is read of a message, and what it is read with. */
struct coinbase_reading {
    struct coinbase *self;
    struct arb_host *host;
    uint32_t conn;
    int64_t venue_ns;
};

/* Reads the changes of a draft that was begun, each by `read`, and publishes it. */
int coinbase_changes(const struct coinbase_reading *in, struct arb_json changes,
                     int (*read)(void *context, struct arb_json *json));
/* A refusal, which may name its book; `reason` says more where there is one. */
int coinbase_error(const struct coinbase_reading *in, struct arb_bytes message,
                   struct arb_bytes reason);
int coinbase_exchange_message(struct coinbase_reading *in, struct arb_json *json);

#endif /* COINBASE_H */
