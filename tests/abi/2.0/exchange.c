/* exchange.c - an exchange plugin of ABI 2.0: one whole book a message, "BTC/USD 100 2 101 3". */
#include <arbspot/exchange.h>

#include <stdlib.h>
#include <string.h>

struct venue {
    const char *url; /* an option */
    const struct arb_exchange_env *env;
};

static int init(void *instance, struct arb_host *host, const struct arb_exchange_env *env,
                struct arb_plan *plan)
{
    struct venue *const self = instance;

    self->env = env;
    plan->loss_detection = ARB_LOSS_STATELESS;
    plan->snapshot_source = ARB_SNAPSHOT_EACH;
    arb_log(host, ARB_DEBUG, "%s", self->url);
    return ARB_OK;
}

static int ask(void *instance, const struct arb_ask *what, struct arb_request *request)
{
    const struct venue *const self = instance;

    switch (what->what) {
    case ARB_ASK_CONNECT:
        arb_text_add(&request->text, "%s", self->url);
        return ARB_OK;
    case ARB_ASK_SUBSCRIBE:
        arb_text_add(&request->text, "+%s",
                     self->env->instruments[what->instruments[0]].venue_symbol);
        return ARB_OK;
    default:
        return ARB_ENOTSUP;
    }
}

/* Reads one of the four numbers behind the symbol and leaves *at behind it. */
static int64_t next_number(char **at)
{
    return strtoll(*at, at, 10);
}

static int on_message(void *instance, struct arb_host *host, uint32_t conn,
                      struct arb_message message)
{
    const struct venue *const self = instance;
    char text[128];

    (void)conn;
    if (message.len >= sizeof(text)) {
        return ARB_EPROTO;
    }
    memcpy(text, message.data, message.len);
    text[message.len] = '\0';
    const size_t len = strcspn(text, " ");
    const uint32_t instrument =
        arb_instrument_find(self->env, (struct arb_bytes){ .data = text, .len = len });
    if (instrument == ARB_NO_INSTRUMENT) {
        return ARB_OK;
    }
    char *at = text + len;
    struct arb_level bid = { 0 }, ask_level = { 0 };
    bid.px = next_number(&at);
    bid.qty = next_number(&at);
    ask_level.px = next_number(&at);
    ask_level.qty = next_number(&at);
    return arb_book_publish(host, &(struct arb_book_event){
                                      .size = (uint32_t)sizeof(struct arb_book_event),
                                      .instrument = instrument,
                                      .kind = ARB_BOOK_SNAPSHOT,
                                      .bids = &bid,
                                      .asks = &ask_level,
                                      .n_bids = 1,
                                      .n_asks = 1,
                                      .px_digits = ARB_DIGITS_UNKNOWN,
                                      .qty_digits = ARB_DIGITS_UNKNOWN,
                                  });
}

static const struct arb_option options[] = {
    ARB_OPTION_STRING("url", struct venue, url, "wss://venue.invalid", "Where to connect."),
};

static const struct arb_exchange_ops ops = {
    .size = (uint32_t)sizeof(ops),
    .init = init,
    .ask = ask,
    .on_message = on_message,
};

ARB_PLUGIN_EXPORT = {
    ARB_PLUGIN_HEADER(ARB_KIND_EXCHANGE),
    .name = "exchange_2_0",
    .version = "1.0.0",
    .description = "An exchange plugin of ABI 2.0",
    .instance_size = sizeof(struct venue),
    ARB_PLUGIN_OPTIONS(options),
    .ops = &ops,
};
