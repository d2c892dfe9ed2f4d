/*
 * An exchange plugin behind a real feed. The input is a script in the syntax of the golden tests:
 *
 *     option NAME = VALUE      symbols A, B      before anything happens
 *     open CONN      close CONN      message CONN TEXT      at SECONDS
 *     http PATH STATUS BODY    answers the oldest request, whatever its path
 *
 * Whatever a venue sends, the plugin breaks no rule, and a consumer of the events can prove
 * each book.
 */
#include "fuzz.h"

#include "../harness/consumer.h"
#include "arbspot/decimal.h"
#include "session/feed.h"
#include "util/log.h"

enum {
    OPTIONS_MAX = 8,
    SYMBOLS_MAX = 8,
    REQUESTS_MAX = 64,
    WORD_MAX = 64,
    NS_SCALE = 9,
    PX_SCALE = 10,
    QTY_SCALE = 8,
};

static const int64_t start_ns = 1700000000 * INT64_C(1000000000);
static const int64_t longest_ns = 7200 * INT64_C(1000000000); /* of a script */

extern const struct arb_plugin arb_plugin;

struct rig {
    struct plugin plugin;
    struct config config;
    struct exchange_config exchange;
    struct config_entry options[OPTIONS_MAX];
    char option_text[OPTIONS_MAX][2][WORD_MAX];
    unsigned n_options;
    char symbol_text[SYMBOLS_MAX][ARB_SYMBOL_MAX];
    char *symbols[SYMBOLS_MAX];
    struct feed *feed; /* NULL until something happens */
    struct outlet outlet;
    struct consumer consumer;
    uint32_t requests[REQUESTS_MAX];
    unsigned n_requests;
    bool wanted[ARB_CONNS_MAX], up[ARB_CONNS_MAX], closing[ARB_CONNS_MAX];
    int64_t now_ns;
};

/* -- the network ---------------------------------------------------------------------- */

static int on_ws_open(void *context, uint32_t conn, const struct arb_ws_spec *spec)
{
    (void)spec;
    ((struct rig *)context)->wanted[conn] = true;
    return ARB_OK;
}

static int on_ws_send(void *context, uint32_t conn, struct arb_bytes text)
{
    (void)context;
    (void)conn;
    (void)text; /* nobody listens */
    return ARB_OK;
}

static void on_ws_close(void *context, uint32_t conn, const char *why)
{
    (void)why;
    ((struct rig *)context)->closing[conn] = true;
}

static int on_http_get(void *context, uint32_t request, const char *url)
{
    struct rig *const rig = context;

    (void)url;
    if (rig->n_requests == REQUESTS_MAX) {
        return ARB_ELIMIT;
    }
    rig->requests[rig->n_requests++] = request;
    return ARB_OK;
}

static const struct feed_io_ops io = {
    .ws_open = on_ws_open, .ws_send = on_ws_send, .ws_close = on_ws_close, .http_get = on_http_get
};

static void on_event(void *context, const struct event *event)
{
    struct rig *const rig = context;

    consumer_take(&rig->consumer, event);
    if (rig->consumer.flaw[0] != '\0') {
        fuzz_fail("a consumer was misled", rig->consumer.flaw);
    }
}

/* -- words ---------------------------------------------------------------------------- */

/* The text up to `end_mark`, which is consumed, or all of it. */
static struct arb_bytes take(struct arb_bytes *text, char end_mark)
{
    const char *const found = text->len == 0 ? NULL : memchr(text->data, end_mark, text->len);
    const size_t len = found == NULL ? text->len : (size_t)(found - text->data);
    const struct arb_bytes taken = { text->data, len };
    const size_t skip = len + (found != NULL);

    text->data += skip;
    text->len -= skip;
    return taken;
}

static bool are(struct arb_bytes bytes, const char *word)
{
    return bytes.len == strlen(word) && memcmp(bytes.data, word, bytes.len) == 0;
}

static void copy_word(char *to, size_t cap, struct arb_bytes from)
{
    const size_t len = from.len < cap ? from.len : cap - 1;

    if (len > 0) {
        memcpy(to, from.data, len);
    }
    to[len] = '\0';
}

static uint32_t take_conn(struct arb_bytes *rest)
{
    int64_t conn = 0;
    return arb_decimal_parse(take(rest, ' '), 0, &conn, NULL) == ARB_OK && conn < ARB_CONNS_MAX
               ? (uint32_t)conn
               : ARB_CONNS_MAX;
}

/* -- before it starts ----------------------------------------------------------------- */

static void set_option(struct rig *rig, struct arb_bytes rest)
{
    if (rig->n_options == OPTIONS_MAX) {
        return;
    }
    char(*const text)[WORD_MAX] = rig->option_text[rig->n_options];
    struct config_entry *const entry = &rig->options[rig->n_options++];

    copy_word(text[0], WORD_MAX, take(&rest, ' '));
    (void)take(&rest, ' '); /* the equals sign */
    copy_word(text[1], WORD_MAX, rest);
    *entry =
        (struct config_entry){ .key = text[0], .value = text[1], .next = rig->exchange.options };
    rig->exchange.options = entry;
}

static void set_symbols(struct rig *rig, struct arb_bytes rest)
{
    rig->exchange.n_symbols = 0;
    while (rest.len > 0 && rig->exchange.n_symbols < SYMBOLS_MAX) {
        struct arb_bytes word = take(&rest, ',');
        char *const text = rig->symbol_text[rig->exchange.n_symbols];
        while (word.len > 0 && word.data[0] == ' ') {
            word.data++;
            word.len--;
        }
        copy_word(text, ARB_SYMBOL_MAX, word);
        if (text[0] != '\0') {
            rig->symbols[rig->exchange.n_symbols++] = text;
        }
    }
}

/* False when the plugin cannot be had with these options. */
static bool start(struct rig *rig)
{
    struct err err = { 0 };
    const struct feed_config config = { .plugin = &rig->plugin,
                                        .exchange = &rig->exchange,
                                        .config = &rig->config,
                                        .session = 1,
                                        .snapshot_interval_ms = 1000,
                                        .io = &io,
                                        .io_context = rig };

    return rig->feed != NULL || (feed_create(&rig->feed, &config, &err) == ARB_OK &&
                                 feed_add_outlet(rig->feed, &rig->outlet) == ARB_OK &&
                                 feed_start(rig->feed, rig->now_ns, &err) == ARB_OK);
}

/* -- what happens --------------------------------------------------------------------- */

static void close_conn(struct rig *rig, uint32_t conn)
{
    rig->closing[conn] = false;
    if (rig->up[conn]) {
        rig->up[conn] = false;
        feed_on_close(rig->feed, conn, rig->now_ns, "closed");
    }
}

static void open_conn(struct rig *rig, uint32_t conn)
{
    if (rig->wanted[conn] && !rig->up[conn]) {
        rig->up[conn] = true;
        feed_on_open(rig->feed, conn, rig->now_ns);
    }
}

static void send_message(struct rig *rig, uint32_t conn, struct arb_bytes text)
{
    const struct arb_bytes message = fuzz_copy(text.data, text.len);

    if (rig->up[conn]) {
        feed_on_message(rig->feed, conn, rig->now_ns, message);
    }
    fuzz_free(message);
}

static void answer(struct rig *rig, struct arb_bytes rest)
{
    int64_t status = 0;

    (void)take(&rest, ' '); /* the path */
    const bool is_known = arb_decimal_parse(take(&rest, ' '), 0, &status, NULL) == ARB_OK;
    if (rig->n_requests == 0) {
        return;
    }
    const uint32_t request = rig->requests[0];
    rig->n_requests--;
    memmove(rig->requests, rig->requests + 1, rig->n_requests * sizeof(rig->requests[0]));
    const struct arb_bytes body = fuzz_copy(rest.data, rest.len);
    feed_on_http(rig->feed, request, rig->now_ns, is_known && status < 1000 ? (int)status : 0,
                 body);
    fuzz_free(body);
}

static void move_time(struct rig *rig, struct arb_bytes rest)
{
    int64_t ns = 0;

    if (arb_decimal_parse(take(&rest, ' '), NS_SCALE, &ns, NULL) == ARB_OK && ns < longest_ns &&
        start_ns + ns > rig->now_ns) {
        rig->now_ns = start_ns + ns;
    }
    (void)feed_on_turn(rig->feed, rig->now_ns);
}

static void do_line(struct rig *rig, struct arb_bytes word, struct arb_bytes rest)
{
    if (are(word, "message")) {
        const uint32_t conn = take_conn(&rest);
        send_message(rig, conn < ARB_CONNS_MAX ? conn : 0, rest);
    } else if (are(word, "http")) {
        answer(rig, rest);
    } else if (are(word, "at")) {
        move_time(rig, rest);
    } else if (are(word, "open") || are(word, "close")) {
        const uint32_t conn = take_conn(&rest);
        if (conn < ARB_CONNS_MAX) {
            are(word, "open") ? open_conn(rig, conn) : close_conn(rig, conn);
        }
    }
    for (uint32_t conn = 0; conn < ARB_CONNS_MAX; conn++) {
        if (rig->closing[conn]) {
            close_conn(rig, conn);
        }
    }
    if (feed_is_disabled(rig->feed)) {
        fuzz_fail("the plugin was disabled by", rig->exchange.name);
    }
}

static void run(struct rig *rig, struct arb_bytes script)
{
    while (script.len > 0) {
        struct arb_bytes line = take(&script, '\n');
        const struct arb_bytes word = take(&line, ' ');
        if (rig->feed == NULL && are(word, "option")) {
            set_option(rig, line);
        } else if (rig->feed == NULL && are(word, "symbols")) {
            set_symbols(rig, line);
        } else if (!start(rig)) {
            return;
        } else {
            do_line(rig, word, line);
        }
    }
}

static struct rig *rig_create(void)
{
    struct rig *const rig = calloc(1, sizeof(*rig));
    struct err err = { 0 };

    if (rig == NULL || consumer_init(&rig->consumer) != ARB_OK ||
        outlet_init_fn(&rig->outlet, on_event, rig) != ARB_OK ||
        plugin_accept(&rig->plugin, &arb_plugin, ARB_KIND_EXCHANGE, &err) != ARB_OK) {
        exit(EXIT_FAILURE);
    }
    rig->now_ns = start_ns;
    rig->config.path = "fuzz.ini";
    rig->config.host.px_scale = PX_SCALE;
    rig->config.host.qty_scale = QTY_SCALE;
    (void)snprintf(rig->exchange.name, sizeof(rig->exchange.name), "%s", arb_plugin.name);
    rig->exchange.symbols = rig->symbols;
    set_symbols(rig, (struct arb_bytes){ "BTC/USD, ETH/USD", 16 });
    return rig;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct rig *const rig = rig_create();

    log_set_level((enum arb_log_level)0); /* silent: bad messages are what this is about */
    run(rig, (struct arb_bytes){ (const char *)data, len });
    feed_destroy(rig->feed);
    outlet_fini(&rig->outlet);
    consumer_fini(&rig->consumer);
    free(rig);
    return 0;
}
