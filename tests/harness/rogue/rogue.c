/*
 * rogue.c - a plugin with one mistake, chosen by a ROGUE_ definition, so that the harness can be
 * seen to find it. Apart from that it follows a made-up venue whose messages are a bid and an
 * ask: "99 101".
 */
#include <stdlib.h>

#include "arbspot/exchange.h"

struct rogue {
    const struct arb_exchange_env *env;
    uint64_t seq;
    bool is_broken;
};

#ifdef ROGUE_EXPORTS
__attribute__((visibility("default"))) extern const int rogue_export;
const int rogue_export = 1;
#endif

static int rogue_init(void *instance, struct arb_host *host, const struct arb_exchange_env *env)
{
    struct rogue *const self = instance;
    const struct arb_capabilities caps = { .size = (uint32_t)sizeof(caps),
                                           .loss_detection = ARB_LOSS_STATELESS,
                                           .snapshot_source = ARB_SNAPSHOT_EACH,
                                           .unknown_delete = ARB_UNKNOWN_DELETE_IGNORE,
                                           .liveness = ARB_LIVENESS_TRANSPORT };
    const struct arb_ws_spec spec = { .size = (uint32_t)sizeof(spec), .url = "wss://localhost" };

    self->env = env;
#ifdef ROGUE_FORGETS
    volatile char *const kept = malloc(100);
    if (kept != NULL) {
        *kept = 0; /* used, so that it is not optimised away, and never freed */
    }
#endif
#ifdef ROGUE_READS
    if (getenv("ROGUE") != NULL) {
        return ARB_EREJECTED;
    }
#endif
    const int rc = arb_declare(host, &caps);
    return rc != ARB_OK ? rc : arb_ws_open(host, 0, &spec);
}

static int rogue_add(void *instance, struct arb_host *host, uint32_t first, uint32_t count)
{
    int rc = ARB_OK;
    (void)instance;
    for (uint32_t i = first; i < first + count && rc == ARB_OK; i++) {
        rc = arb_book_bind(host, i, 0);
    }
    return rc;
}

static int rogue_on_open(void *instance, struct arb_host *host, uint32_t conn)
{
    (void)instance;
    return arb_ws_send(host, conn, "hello", 5);
}

/* Reads digits; -1 at anything else. */
static int64_t take_number(const char **at, const char *end)
{
    int64_t value = 0;
    const char *const start = *at;

    while (*at < end && **at >= '0' && **at <= '9' && *at - start < 9) {
        value = value * 10 + (*(*at)++ - '0');
    }
    return *at == start ? -1 : value;
}

static int rogue_on_message(void *instance, struct arb_host *host, uint32_t conn,
                            struct arb_bytes msg)
{
    struct rogue *const self = instance;
    const char *at = msg.data, *const end = msg.data + msg.len;
    struct arb_level bid = { .px = take_number(&at, end), .qty = 1 };
    (void)conn;
    at += at < end && *at == ' ';
    struct arb_level ask = { .px = take_number(&at, end), .qty = 1 };
    const bool is_damaged = bid.px <= 0 || ask.px <= 0 || at != end;

#ifdef ROGUE_SULKS
    self->is_broken = self->is_broken || is_damaged;
#endif
#ifndef ROGUE_BELIEVES
    if (is_damaged || self->is_broken) {
        return ARB_EPROTO;
    }
#else
    (void)is_damaged;
#endif
    const struct arb_book_event event = { .size = (uint32_t)sizeof(event),
                                          .kind = ARB_BOOK_SNAPSHOT,
                                          .seq = ++self->seq,
                                          .bids = &bid,
                                          .asks = &ask,
                                          .n_bids = 1,
                                          .n_asks = 1,
                                          .px_digits = 0,
                                          .qty_digits = 0 };
    return arb_book_publish(host, &event);
}

static const struct arb_exchange_ops ops = { .size = (uint32_t)sizeof(ops),
                                             .init = rogue_init,
                                             .add_instruments = rogue_add,
                                             .on_open = rogue_on_open,
                                             .on_message = rogue_on_message };

ARB_PLUGIN_EXPORT = {
    ARB_PLUGIN_HEADER(ARB_KIND_EXCHANGE),
    .name = "rogue",
    .version = "1",
    .description = "A plugin with a mistake for the harness to find",
    .instance_size = sizeof(struct rogue),
    .ops = &ops,
};
