/*
 * acme.c - a whole exchange plugin in a page, for an exchange that does not exist.
 *
 * Its protocol: subscribe with {"subscribe":"BTC/USD"}; each frame is one whole book,
 * {"book":"BTC/USD","n":7,"bids":[["100.5","2"]],"asks":[["100.6","1"]]}.
 */
#include <arbspot/exchange.h>
#include <arbspot/json.h>
#include <arbspot/symbols.h>
#include <arbspot/text.h>

enum { LEVELS_MAX = 1000 };

struct acme {
    const char *url; /* an option */
    const struct arb_exchange_env *env;
    uint32_t n_instruments;
    struct arb_symbol_map by_name;
    struct arb_level bids[LEVELS_MAX], asks[LEVELS_MAX];
};

/* Say what the feed can prove, and which connection to keep up. */
static int acme_init(void *instance, struct arb_host *host, const struct arb_exchange_env *env)
{
    struct acme *const self = instance;
    const struct arb_capabilities caps = {
        .size = (uint32_t)sizeof(caps),
        .loss_detection = ARB_LOSS_STATELESS,
        .snapshot_source = ARB_SNAPSHOT_EACH,
        .unknown_delete = ARB_UNKNOWN_DELETE_IGNORE,
        .liveness = ARB_LIVENESS_TRANSPORT,
    };
    const struct arb_ws_spec spec = { .size = (uint32_t)sizeof(spec), .url = self->url };

    self->env = env;
    const int rc = arb_declare(host, &caps);
    return rc != ARB_OK ? rc : arb_ws_open(host, 0, &spec);
}

/* The instruments the configuration wants: remember their names, tie them to the connection. */
static int acme_add(void *instance, struct arb_host *host, uint32_t first, uint32_t count)
{
    struct acme *const self = instance;
    int rc = ARB_OK;

    for (uint32_t i = first; i < first + count && rc == ARB_OK; i++) {
        const char *const symbol = self->env->instruments[i].symbol;
        rc = arb_symbol_put(&self->by_name, (struct arb_bytes){ symbol, strlen(symbol) }, i);
        if (rc == ARB_OK) {
            rc = arb_book_bind(host, i, 0);
        }
    }
    self->n_instruments = first + count;
    return rc;
}

static int acme_on_open(void *instance, struct arb_host *host, uint32_t conn)
{
    struct acme *const self = instance;
    char buffer[128];
    int rc = ARB_OK;

    for (uint32_t i = 0; i < self->n_instruments && rc == ARB_OK; i++) {
        struct arb_text text = arb_text_over(buffer, sizeof(buffer));
        arb_text_add(&text, "{\"subscribe\":\"%s\"}", self->env->instruments[i].symbol);
        rc = arb_ws_send(host, conn, text.data, text.len);
    }
    return rc;
}

static struct arb_levels side(const struct arb_instrument *info, struct arb_level *levels)
{
    const struct arb_levels empty = { .levels = levels,
                                      .max = LEVELS_MAX,
                                      .px_scale = info->px_scale,
                                      .qty_scale = info->qty_scale };
    return empty;
}

/* One frame, one book. A frame that is not as expected is an error: the host reconnects. */
static int acme_on_message(void *instance, struct arb_host *host, uint32_t conn,
                           struct arb_bytes msg)
{
    struct acme *const self = instance;
    struct arb_json json = arb_json_over(msg);
    struct arb_bytes key, name = { "", 0 };
    struct arb_book_event event = { .size = (uint32_t)sizeof(event),
                                    .kind = ARB_BOOK_SNAPSHOT,
                                    .px_digits = ARB_DIGITS_UNKNOWN,
                                    .qty_digits = ARB_DIGITS_UNKNOWN };
    struct arb_levels bids = { .max = 0 }, asks = { .max = 0 };

    (void)conn;
    arb_json_object(&json);
    while (arb_json_key(&json, &key)) {
        if (arb_bytes_are(key, "book") && arb_json_string(&json, &name)) {
            event.instrument = arb_symbol_find(&self->by_name, name);
            if (event.instrument == ARB_NO_INSTRUMENT) {
                return ARB_EPROTO;
            }
            bids = side(&self->env->instruments[event.instrument], self->bids);
            asks = side(&self->env->instruments[event.instrument], self->asks);
        } else if (arb_bytes_are(key, "n")) {
            arb_json_u64(&json, &event.seq);
        } else if (arb_bytes_are(key, "bids")) {
            arb_json_level_pairs(&json, &bids);
        } else if (arb_bytes_are(key, "asks")) {
            arb_json_level_pairs(&json, &asks);
        } else {
            arb_json_skip(&json);
        }
    }
    if (!arb_json_end(&json) || name.len == 0) {
        return ARB_EPROTO;
    }
    event.bids = bids.levels;
    event.asks = asks.levels;
    event.n_bids = bids.n;
    event.n_asks = asks.n;
    return arb_book_publish(host, &event);
}

static const struct arb_option options[] = {
    ARB_OPTION_STRING("url", struct acme, url, "wss://feed.acme.invalid", "WebSocket address."),
    ARB_OPTION_END,
};

static const struct arb_exchange_ops ops = {
    .size = (uint32_t)sizeof(struct arb_exchange_ops),
    .init = acme_init,
    .add_instruments = acme_add,
    .on_open = acme_on_open,
    .on_message = acme_on_message,
};

ARB_PLUGIN_EXPORT = {
    ARB_PLUGIN_HEADER(ARB_KIND_EXCHANGE),
    .name = "acme",
    .version = "1.0.0",
    .description = "The example of the plugin author's guide",
    .instance_size = sizeof(struct acme),
    .options = options,
    .ops = &ops,
};
