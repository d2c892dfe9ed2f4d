/* bitstamp.h - what bitstamp.c shares with bitstamp_orders.c, which is mode = orders. */
#ifndef BITSTAMP_H
#define BITSTAMP_H

#include "arbspot/answers.h"
#include "arbspot/catalog.h"
#include "arbspot/levels.h"

struct bitstamp {
    const char *mode_name, *ws_url, *rest_url; /* options */
    struct arb_limits limits;
    bool cross_check;
    const struct arb_exchange_env *env;
    const struct bitstamp_mode *mode;
    uint32_t n_channels;
    struct bitstamp_orders *orders; /* [ARB_INSTRUMENTS_MAX] with mode = orders, else NULL */
    struct arb_draft draft;         /* of the book in hand */
};

/* A message of a channel. What is not in it is empty. */
struct bitstamp_event {
    struct arb_bytes name, channel, id, previous_id, source;
    struct arb_json data;
};

int bitstamp_orders_init(struct bitstamp *self);
int bitstamp_orders_event(struct bitstamp *self, struct arb_host *host, uint32_t instrument,
                          const struct bitstamp_event *message);
/* The REST book of single orders. */
int bitstamp_orders_seed(struct bitstamp *self, struct arb_host *host, uint32_t instrument,
                         struct arb_bytes body);
/* As in struct arb_exchange_ops, in every mode. */
void bitstamp_orders_reset(void *instance, uint32_t instrument);
void bitstamp_orders_fini(void *instance);

#endif /* BITSTAMP_H */
