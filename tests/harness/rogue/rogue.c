/*
 * rogue.c - a plugin with one mistake, chosen by a ROGUE_ definition, so that the harness can be
 * seen to find it. Apart from that it follows a made-up venue whose messages are a bid and an
 * ask: "99 101". The number 666 is what some of its mistakes wait for.
 */
#include <stdlib.h>

#include "arbspot/exchange.h"

enum { CURSED = 666 };

struct rogue {
    uint64_t seq;
    bool is_broken;
};

#ifdef ROGUE_EXPORTS
__attribute__((visibility("default"))) extern const int rogue_export;
const int rogue_export = 1;
#endif

static int rogue_init(void *instance, struct arb_host *host, const struct arb_exchange_env *env,
                      struct arb_plan *plan)
{
    (void)instance;
    (void)host;
    (void)env;
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
#ifdef ROGUE_ASKS
    plan->catalog = ARB_CATALOG_HTTP; /* and there is no on_answer() */
#endif
#ifdef ROGUE_DEEPENS
    plan->depth = 1;
#endif
#ifdef ROGUE_HURRIES
    plan->opens_per_10s = 1; /* no mistake: the host keeps to it */
    plan->requests_per_hour = 1;
#endif
    plan->loss_detection = ARB_LOSS_STATELESS;
    plan->snapshot_source = ARB_SNAPSHOT_EACH;
    return ARB_OK;
}

static int rogue_ask(void *instance, const struct arb_ask *ask, struct arb_request *request)
{
    (void)instance;
    switch (ask->what) {
    case ARB_ASK_CONNECT:
#ifdef ROGUE_WHISPERS
        arb_text_add(&request->text, "ws://localhost");
#else
        arb_text_add(&request->text, "wss://localhost");
#endif
        return ARB_OK;
    case ARB_ASK_SUBSCRIBE:
        arb_text_add(&request->text, "hello");
        return ARB_OK;
    default:
        return ARB_ENOTSUP;
    }
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

/* What some plugins do when a certain message comes. */
static void be_cursed(int64_t number)
{
    volatile uintptr_t nowhere = 16; /* not NULL, which a sanitizer would find first */
    volatile int64_t spins = 0;

    (void)nowhere;
    (void)spins;
#ifdef ROGUE_CRASHES
    if (number == CURSED) {
        *(volatile int64_t *)nowhere = number;
    }
#endif
#ifdef ROGUE_SPINS
    while (number == CURSED) {
        spins = number;
    }
#endif
#ifdef ROGUE_LEAVES
    if (number == CURSED) {
        exit(EXIT_SUCCESS);
    }
#endif
    (void)number;
}

#if defined ROGUE_TRUSTS || defined ROGUE_GUESSES || defined ROGUE_MANAGES
enum { SCRATCH = 100 };

/* Memory for this message alone; what becomes of it without is the plugin's mistake, or none. */
static int be_frugal(struct arb_host *host)
{
    char *const scratch = malloc(SCRATCH);
    volatile char *const last = scratch + SCRATCH - 1; /* used, so that it is not optimised away */

    (void)host;
#ifdef ROGUE_GUESSES
    if (scratch == NULL) {
        (void)arb_ws_close(host, ARB_CONNS_MAX, "no memory");
        return ARB_OK;
    }
#endif
#ifdef ROGUE_MANAGES
    if (scratch == NULL) {
        return ARB_ENOMEM;
    }
#endif
    *last = 0;
    free(scratch);
    return ARB_OK;
}
#else
static int be_frugal(struct arb_host *host)
{
    (void)host;
    return ARB_OK;
}
#endif

static int rogue_on_message(void *instance, struct arb_host *host, uint32_t conn,
                            struct arb_message message)
{
    struct rogue *const self = instance;
    const char *at = message.data, *const end = message.data + message.len;
    struct arb_level bids[2] = { { .px = take_number(&at, end), .qty = 1 } };
    (void)conn;
    at += at < end && *at == ' ';
    struct arb_level ask = { .px = take_number(&at, end), .qty = 1 };
    const bool is_damaged = bids[0].px <= 0 || ask.px <= 0 || at != end;

    bids[1] = (struct arb_level){ .px = bids[0].px - 1, .qty = 1 };
    be_cursed(bids[0].px);
    const int rc = be_frugal(host);
    if (rc != ARB_OK) {
        return rc;
    }
#ifdef ROGUE_SULKS
    self->is_broken = self->is_broken || is_damaged;
#endif
#ifdef ROGUE_BELIEVES
    if (is_damaged) {
        return ARB_EINVAL; /* a code that means: the plugin itself is broken */
    }
#endif
    if (is_damaged || self->is_broken) {
        return ARB_EPROTO;
    }
    const struct arb_book_event event = { .size = (uint32_t)sizeof(event),
                                          .kind = ARB_BOOK_SNAPSHOT,
                                          .last_seq = ++self->seq,
                                          .bids = bids,
                                          .asks = &ask,
#ifdef ROGUE_DEEPENS
                                          .n_bids = 2,
#else
                                          .n_bids = 1,
#endif
                                          .n_asks = 1,
                                          .px_digits = 0,
                                          .qty_digits = 0 };
    return arb_book_publish(host, &event);
}

static const struct arb_exchange_ops ops = { .size = (uint32_t)sizeof(ops),
                                             .init = rogue_init,
                                             .ask = rogue_ask,
                                             .on_message = rogue_on_message };

ARB_PLUGIN_EXPORT = {
    ARB_PLUGIN_HEADER(ARB_KIND_EXCHANGE),
    .name = "rogue",
    .version = "1",
    .description = "A plugin with a mistake for the harness to find",
    .instance_size = sizeof(struct rogue),
    .ops = &ops,
};
