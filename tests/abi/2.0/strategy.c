/* strategy.c - a strategy plugin of ABI 2.0: publishes one opportunity for each market. */
#include <arbspot/strategy.h>

struct counter {
    int64_t start; /* an option */
    uint64_t id;
};

static int init(void *instance, struct arb_host *host, const struct arb_strategy_env *env)
{
    struct counter *const self = instance;

    (void)env;
    self->id = (uint64_t)self->start;
    return arb_timer_set(host, 0, 1000);
}

static int on_market(void *instance, struct arb_host *host, const struct arb_market *market)
{
    struct counter *const self = instance;

    return arb_opportunity_publish(host, &(struct arb_opportunity){
                                             .size = (uint32_t)sizeof(struct arb_opportunity),
                                             .event = ARB_OPPORTUNITY_OPEN,
                                             .id = self->id++,
                                             .n_legs = 2,
                                             .legs = { { .instrument = market->instrument,
                                                         .side = ARB_BUY,
                                                         .qty = 1,
                                                         .limit_px = 1 },
                                                       { .instrument = market->instrument,
                                                         .venue = market->n_venues - 1,
                                                         .side = ARB_SELL,
                                                         .qty = 1,
                                                         .limit_px = 1 } },
                                         });
}

static int on_timer(void *instance, struct arb_host *host, uint32_t timer)
{
    (void)instance;
    return arb_timer_set(host, timer, 1000);
}

static const struct arb_option options[] = {
    ARB_OPTION_INT("start", struct counter, start, "1", 1, 1000, "The first number."),
};

static const struct arb_strategy_ops ops = {
    .size = (uint32_t)sizeof(ops),
    .init = init,
    .on_market = on_market,
    .on_timer = on_timer,
};

ARB_PLUGIN_EXPORT = {
    ARB_PLUGIN_HEADER(ARB_KIND_STRATEGY),
    .name = "strategy_2_0",
    .version = "1.0.0",
    .description = "A strategy plugin of ABI 2.0",
    .instance_size = sizeof(struct counter),
    ARB_PLUGIN_OPTIONS(options),
    .ops = &ops,
};
