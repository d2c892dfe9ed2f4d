/*
 * An exchange plugin for which a message is a list of calls, two or more bytes each: whatever order
 * a plugin that obeys the rules may call in, and whatever plan it may have, a fuzzer finds.
 */
#include <string.h>

#include "arbspot/exchange.h"

enum { SYMBOLS = 2, LEVELS_MAX = 6, PLAN_MAX = 1000000000 };

static const int64_t second_ns = 1000000000;
static const char *const symbols[SYMBOLS] = { "BTC/USD", "ETH/USD" };

struct any_venue {
    const struct arb_exchange_env *env;
    int64_t plan; /* digits, each decides one thing */
    uint32_t channels;
    uint64_t seqs[SYMBOLS];
};

/* What is left of a message; behind its end there are zeros. */
struct input {
    const char *data;
    size_t len;
};

static uint32_t next(struct input *input, uint32_t limit)
{
    if (input->len == 0) {
        return 0;
    }
    input->len--;
    return (uint32_t)(unsigned char)*input->data++ % limit;
}

/* An answer of any time: from before the first year to the end of all. */
static int64_t next_time(struct input *input)
{
    const int64_t high = (int64_t)next(input, 256) - 128;
    return high * (INT64_C(1) << 56) + next(input, 256);
}

static int dated(struct arb_host *host, uint32_t conn, struct input *input)
{
    const uint32_t number = next(input, 64);
    const int64_t received_ns = next_time(input);
    return arb_heartbeat_times(host, conn, number, received_ns, next_time(input));
}

static uint32_t next_digit(int64_t *plan, uint32_t limit)
{
    const uint32_t digit = (uint32_t)(*plan % 10);

    *plan /= 10;
    return digit % limit;
}

static int any_init(void *instance, struct arb_host *host, const struct arb_exchange_env *env,
                    struct arb_plan *plan)
{
    struct any_venue *const self = instance;
    int64_t digits = self->plan;

    (void)host;
    self->env = env;
    plan->loss_detection = next_digit(&digits, 6) + ARB_LOSS_CHECKSUM;
    plan->snapshot_source = next_digit(&digits, 3) + ARB_SNAPSHOT_STREAM;
    if (plan->loss_detection == ARB_LOSS_CONNECTION) {
        plan->snapshot_source = ARB_SNAPSHOT_STREAM; /* no plan has another */
    } else if (plan->loss_detection == ARB_LOSS_STATELESS) {
        plan->snapshot_source = ARB_SNAPSHOT_EACH; /* likewise */
    } else if (plan->snapshot_source == ARB_SNAPSHOT_EACH &&
               plan->loss_detection != ARB_LOSS_CHECKSUM) {
        plan->loss_detection = ARB_LOSS_NONE; /* no whole book follows another */
    }
    plan->seam = next_digit(&digits, 2) + ARB_SEAM_SEQUENCE;
    plan->catalog = next_digit(&digits, 3);
    plan->is_listed_only = plan->catalog != ARB_CATALOG_NONE && next_digit(&digits, 2) == 1;
    plan->channels = self->channels = next_digit(&digits, 2) + 1;
    plan->checksum_levels = next_digit(&digits, 2) + 1;
    plan->depth = 2 * next_digit(&digits, 2);
    plan->resubscribe = next_digit(&digits, 2);
    plan->time_order = plan->depth > 0;
    plan->unknown_delete = plan->channels - 1;
    plan->heartbeat_ms = 15000;
    return ARB_OK;
}

static int any_ask(void *instance, const struct arb_ask *ask, struct arb_request *request)
{
    (void)instance;
    if (ask->what == ARB_ASK_HELLO) {
        return ARB_ENOTSUP;
    }
    arb_text_add(&request->text, ask->what == ARB_ASK_CONNECT ? "wss://any/%u" : "https://any/%u",
                 ask->what);
    return ARB_OK;
}

static uint32_t find(const struct any_venue *self, uint32_t which)
{
    const struct arb_bytes symbol = { symbols[which], strlen(symbols[which]) };
    return arb_symbol_find(self->env->by_venue_symbol, symbol);
}

static void read_levels(struct input *input, struct arb_level *levels, uint32_t n, int64_t px)
{
    for (uint32_t i = 0; i < n; i++) {
        levels[i] = (struct arb_level){ .px = px + next(input, 12), .qty = next(input, 4) };
    }
}

/* Bids from 1 on and asks from 9 on, so that some are crossed; mostly the next number. */
static int publish(struct any_venue *self, struct arb_host *host, struct input *input,
                   enum arb_book_kind kind)
{
    struct arb_level bids[LEVELS_MAX], asks[LEVELS_MAX];
    const uint32_t which = next(input, SYMBOLS);
    struct arb_book_event event = { .size = (uint32_t)sizeof(event),
                                    .kind = (uint32_t)kind,
                                    .instrument = find(self, which),
                                    .px_digits = ARB_DIGITS_UNKNOWN,
                                    .qty_digits = ARB_DIGITS_UNKNOWN };
    const uint32_t step = next(input, 8), date = next(input, 64);

    event.prev_seq = self->seqs[which];
    self->seqs[which] += step == 0 ? 0 : step == 7 ? 2 : 1;
    event.last_seq = self->seqs[which];
    event.venue_ns = date == 0 ? 0 : (int64_t)date * second_ns * 10;
    event.n_bids = next(input, LEVELS_MAX + 1);
    event.n_asks = next(input, LEVELS_MAX + 1);
    read_levels(input, bids, event.n_bids, 1);
    read_levels(input, asks, event.n_asks, 9);
    event.bids = bids;
    event.asks = asks;
    event.has_checksum = next(input, 4) != 0;
    event.checksum = next(input, 3);
    return event.instrument == ARB_NO_INSTRUMENT ? ARB_OK : arb_book_publish(host, &event);
}

static int list(struct arb_host *host, struct input *input)
{
    const char *const symbol = symbols[next(input, SYMBOLS)];
    const struct arb_listing listing = { .size = (uint32_t)sizeof(listing),
                                         .trading = next(input, 4) + ARB_TRADING_OPEN,
                                         .symbol = symbol,
                                         .venue_symbol = symbol,
                                         .px_digits = (uint8_t)next(input, 12),
                                         .qty_digits = (uint8_t)next(input, 12) };
    return arb_listing_publish(host, &listing);
}

static int fail(struct input *input)
{
    static const int rcs[] = { ARB_OK, ARB_EPROTO, ARB_ERANGE, ARB_ELIMIT, ARB_ELATER };
    return rcs[next(input, 5)];
}

/* What is about one book. */
static int call_about(struct any_venue *self, struct arb_host *host, struct input *input, char what)
{
    const uint32_t instrument = find(self, next(input, SYMBOLS));

    if (instrument == ARB_NO_INSTRUMENT) {
        return ARB_OK;
    }
    switch (what) {
    case 'a':
        return arb_answered(host, instrument, next(input, self->channels),
                            (enum arb_outcome)(next(input, 4) + ARB_SUBSCRIBED), "so it says");
    case 'r':
        return arb_book_reject(host, instrument, next(input, 2) == 0 ? ARB_ERANGE : ARB_EPROTO);
    case 'y':
        return arb_book_resync(host, instrument, "odd");
    default:
        return arb_trading_set(host, next(input, 4) == 0 ? ARB_ALL_INSTRUMENTS : instrument,
                               (enum arb_trading)(next(input, 4) + ARB_TRADING_OPEN), "so");
    }
}

static int call(struct any_venue *self, struct arb_host *host, struct input *input, uint32_t conn)
{
    const char what = *input->data;

    input->data++;
    input->len--;
    switch (what) {
    case 's':
        return publish(self, host, input, ARB_BOOK_SNAPSHOT);
    case 'd':
        return publish(self, host, input, ARB_BOOK_DELTA);
    case 't':
        return publish(self, host, input, ARB_BOOK_TOP);
    case 'n':
        return arb_answered(host, ARB_NO_INSTRUMENT, 0,
                            (enum arb_outcome)(next(input, 4) + ARB_SUBSCRIBED), "so it says");
    case 'k':
        return arb_answered_ask(host, next(input, 64),
                                (enum arb_outcome)(next(input, 4) + ARB_SUBSCRIBED), "so it says");
    case 'l':
        return list(host, input);
    case 'e':
        return arb_catalog_end(host);
    case 'q':
        return arb_conn_seq(host, conn, next(input, 8));
    case 'h':
        return dated(host, conn, input);
    case 'c':
        return arb_ws_close(host, conn, "odd");
    case 'w':
        return arb_ws_renew(host, conn, "old");
    case 'm':
        return arb_timer_set(host, next(input, ARB_TIMERS_MAX), next(input, 200) * 100);
    case 'f':
        return fail(input);
    default:
        return call_about(self, host, input, what);
    }
}

static int run(void *instance, struct arb_host *host, uint32_t conn, struct arb_bytes bytes)
{
    struct input input = { bytes.data, bytes.len };
    int rc = ARB_OK;

    while (input.len > 0 && rc == ARB_OK) {
        rc = call(instance, host, &input, conn);
    }
    return rc;
}

static int any_on_message(void *instance, struct arb_host *host, uint32_t conn,
                          struct arb_message message)
{
    return run(instance, host, conn, arb_message_bytes(message));
}

static int any_on_answer(void *instance, struct arb_host *host, const struct arb_ask *ask,
                         int status, struct arb_bytes body)
{
    (void)ask;
    return status == 200 ? run(instance, host, 0, body) : ARB_EPROTO;
}

static int any_on_timer(void *instance, struct arb_host *host, uint32_t timer)
{
    static const char *const calls[] = { "y0", "y1", "c", "m1z" };
    const char *const text = calls[timer % 4];

    return run(instance, host, 0, (struct arb_bytes){ text, strlen(text) });
}

static int any_checksum(void *instance, const struct arb_book_event *event,
                        const struct arb_book *book, uint32_t *checksum)
{
    (void)instance;
    (void)event;
    *checksum = (book->n_bids + book->n_asks) % 3;
    return ARB_OK;
}

static const struct arb_option options[] = {
    ARB_OPTION_INT("plan", struct any_venue, plan, "0", 0, PLAN_MAX, "What it says of itself."),
};

static const struct arb_exchange_ops ops = {
    .size = (uint32_t)sizeof(struct arb_exchange_ops),
    .init = any_init,
    .ask = any_ask,
    .on_message = any_on_message,
    .on_answer = any_on_answer,
    .on_timer = any_on_timer,
    .checksum = any_checksum,
};

extern const struct arb_plugin arb_plugin;

const struct arb_plugin arb_plugin = {
    ARB_PLUGIN_HEADER(ARB_KIND_EXCHANGE),
    .name = "any",
    .version = "1",
    .description = "Calls what a fuzzer says",
    .instance_size = sizeof(struct any_venue),
    ARB_PLUGIN_OPTIONS(options),
    .ops = &ops,
};
