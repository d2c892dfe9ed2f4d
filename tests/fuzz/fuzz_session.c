/*
 * An exchange plugin behind a session. The input is a script in the syntax of the golden tests:
 *
 *     option NAME = VALUE      symbols A, B      before anything happens
 *     open CONN      close CONN      message CONN TEXT      at SECONDS
 *     http PATH STATUS BODY    answers the oldest request of that path, or the oldest of all
 *
 * Whatever a venue sends, the plugin breaks no rule, a consumer of the events can prove each book,
 * and what the events told is what the session itself shows.
 */
#include "fuzz.h"

#include "../harness/teller.h"
#include "arbspot/decimal.h"
#include "session/session.h"
#include "util/log.h"

enum {
    OPTIONS_MAX = 8,
    SYMBOLS_MAX = 8,
    REQUESTS_MAX = 64,
    WORD_MAX = 64,
    URL_MAX = 256,
    NS_SCALE = 9,
    PX_SCALE = 10,
    QTY_SCALE = 8,
};

static const int64_t start_ns = 1700000000 * INT64_C(1000000000);
static const int64_t longest_ns = 7200 * INT64_C(1000000000); /* of a script */

extern const struct arb_plugin arb_plugin;

struct request {
    uint32_t number;
    char url[URL_MAX];
};

/* A connection, as the network has it. */
struct link {
    bool is_wanted, is_asked, is_dialed, is_up, is_closing;
};

struct rig {
    struct plugin plugin;
    struct config config;
    struct exchange_config exchange;
    struct config_entry options[OPTIONS_MAX];
    char option_text[OPTIONS_MAX][2][WORD_MAX];
    unsigned n_options;
    char symbol_text[SYMBOLS_MAX][ARB_SYMBOL_MAX];
    char *symbols[SYMBOLS_MAX];
    struct session *session; /* NULL until something happens */
    struct teller teller;
    uint32_t states[ARB_INSTRUMENTS_MAX]; /* as the events told; 0: nothing was told */
    struct request requests[REQUESTS_MAX];
    unsigned n_requests;
    struct link links[ARB_CONNS_MAX];
    int64_t now_ns;
};

/* -- the network ---------------------------------------------------------------------- */

static int on_ws_open(void *context, void *owner, uint32_t conn, const struct ws_spec *spec)
{
    (void)owner;
    (void)spec;
    ((struct rig *)context)->links[conn].is_wanted = true;
    return ARB_OK;
}

static void on_ws_dial(void *context, void *owner, uint32_t conn, const char *url)
{
    (void)owner;
    (void)url;
    ((struct rig *)context)->links[conn].is_dialed = true;
}

static int on_ws_send(void *context, void *owner, uint32_t conn, struct arb_message message)
{
    (void)context;
    (void)owner;
    (void)conn;
    (void)message; /* nobody listens */
    return ARB_OK;
}

static void on_ws_close(void *context, void *owner, uint32_t conn, const char *why)
{
    (void)owner;
    (void)why;
    ((struct rig *)context)->links[conn].is_closing = true;
}

static void on_ws_give_up(void *context, void *owner, uint32_t conn, const char *why)
{
    (void)owner;
    (void)why;
    ((struct rig *)context)->links[conn] = (struct link){ .is_wanted = false };
}

static int on_http(void *context, void *owner, uint32_t request, const struct http_spec *spec)
{
    struct rig *const rig = context;

    (void)owner;
    if (rig->n_requests == REQUESTS_MAX) {
        return ARB_ELIMIT;
    }
    struct request *const last = &rig->requests[rig->n_requests++];
    last->number = request;
    (void)snprintf(last->url, sizeof(last->url), "%s", spec->url); /* a path is short */
    return ARB_OK;
}

static void on_forget(void *context, void *owner)
{
    (void)context;
    (void)owner; /* the script is at its end */
}

static const struct port_ops port = {
    .ws_open = on_ws_open,
    .ws_dial = on_ws_dial,
    .ws_send = on_ws_send,
    .ws_close = on_ws_close,
    .ws_give_up = on_ws_give_up,
    .http = on_http,
    .forget = on_forget,
};

/* -- what the events told ------------------------------------------------------------- */

static void on_event(void *context, const struct event *event)
{
    ((struct rig *)context)->states[event->instrument] = event->state;
}

static bool is_same(const struct book_side *told, const struct arb_level *shown, uint32_t n)
{
    const struct arb_level *const levels = book_side_begin(told);

    if (told->n != n) {
        return false;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (levels[i].px != shown[i].px || levels[i].qty != shown[i].qty) {
            return false;
        }
    }
    return true;
}

/* A book that was never spoken of is EMPTY, or is awaited without a word. */
static void check_book(const struct rig *rig, uint32_t i)
{
    const struct arb_book shown = session_book(rig->session, i);
    const struct book *const told = &rig->teller.consumer.books[i];
    const char *const symbol = session_instrument(rig->session, i)->symbol;

    if (shown.state != (rig->states[i] == 0 ? (uint32_t)ARB_BOOK_EMPTY : rig->states[i])) {
        fuzz_fail("a state was not told", symbol);
    }
    if (shown.state == ARB_BOOK_LIVE && (!is_same(&told->bids, shown.bids, shown.n_bids) ||
                                         !is_same(&told->asks, shown.asks, shown.n_asks))) {
        fuzz_fail("a book is not what was told", symbol);
    }
}

static void check(const struct rig *rig)
{
    if (rig->teller.consumer.flaw[0] != '\0') {
        fuzz_fail("a consumer was misled", rig->teller.consumer.flaw);
    }
    if (session_is_disabled(rig->session)) {
        fuzz_fail("the plugin was disabled", rig->exchange.name);
    }
    for (uint32_t i = 0; i < session_n_instruments(rig->session); i++) {
        check_book(rig, i);
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
    const struct session_config config = { .plugin = &rig->plugin,
                                           .exchange = &rig->exchange,
                                           .config = &rig->config,
                                           .port = { &port, rig },
                                           .sink = &teller_sink,
                                           .sink_context = &rig->teller };

    if (rig->session != NULL) {
        return true;
    }
    if (session_create(&rig->session, &config, &err) != ARB_OK) {
        rig->session = NULL;
        return false;
    }
    return session_start(rig->session, moment_at(rig->now_ns), &err) == ARB_OK;
}

/* -- what happens --------------------------------------------------------------------- */

static void close_conn(struct rig *rig, uint32_t conn)
{
    struct link *const link = &rig->links[conn];

    link->is_closing = false;
    if (link->is_up) {
        link->is_up = link->is_asked = link->is_dialed = false;
        session_events.on_close(rig->session, conn, moment_at(rig->now_ns), "closed");
    }
}

/* It is asked once where to; what waits for a token, or for others, opens another time. */
static void open_conn(struct rig *rig, uint32_t conn)
{
    struct link *const link = &rig->links[conn];

    if (!link->is_wanted || link->is_up) {
        return;
    }
    if (!link->is_asked) {
        link->is_asked = true;
        session_events.on_dial(rig->session, conn, moment_at(rig->now_ns));
    }
    if (link->is_dialed) {
        link->is_up = true;
        session_events.on_open(rig->session, conn, moment_at(rig->now_ns));
    }
}

static void send_message(struct rig *rig, uint32_t conn, struct arb_bytes text)
{
    const struct arb_bytes copy = fuzz_copy(text.data, text.len);

    if (rig->links[conn].is_up) {
        session_events.on_message(rig->session, conn, moment_at(rig->now_ns),
                                  (struct arb_message){ copy.data, copy.len, false });
    }
    fuzz_free(copy);
}

static unsigned find_request(const struct rig *rig, struct arb_bytes path)
{
    for (unsigned i = 0; i < rig->n_requests; i++) {
        const char *const url = rig->requests[i].url;
        if (path.len > 0 && memmem(url, strlen(url), path.data, path.len) != NULL) {
            return i;
        }
    }
    return 0;
}

static void answer(struct rig *rig, struct arb_bytes rest)
{
    int64_t status = 0;
    const struct arb_bytes path = take(&rest, ' ');
    const bool is_known = arb_decimal_parse(take(&rest, ' '), 0, &status, NULL) == ARB_OK;

    if (rig->n_requests == 0) {
        return;
    }
    const unsigned i = find_request(rig, path);
    const uint32_t number = rig->requests[i].number;
    rig->n_requests--;
    memmove(&rig->requests[i], &rig->requests[i + 1],
            (rig->n_requests - i) * sizeof(rig->requests[0]));
    const struct arb_bytes body = fuzz_copy(rest.data, rest.len);
    const struct http_answer given = {
        .status = is_known && status > 0 && status < 1000 ? (int)status : 0, .body = body
    };
    session_events.on_answer(rig->session, number, moment_at(rig->now_ns), &given);
    fuzz_free(body);
}

static void move_time(struct rig *rig, struct arb_bytes rest)
{
    int64_t ns = 0;

    if (arb_decimal_parse(take(&rest, ' '), NS_SCALE, &ns, NULL) == ARB_OK && ns < longest_ns &&
        start_ns + ns > rig->now_ns) {
        rig->now_ns = start_ns + ns;
    }
    (void)session_on_turn(rig->session, moment_at(rig->now_ns));
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
        if (rig->links[conn].is_closing) {
            close_conn(rig, conn);
        }
    }
    check(rig);
}

static void run(struct rig *rig, struct arb_bytes script)
{
    while (script.len > 0) {
        struct arb_bytes line = take(&script, '\n');
        const struct arb_bytes word = take(&line, ' ');
        if (rig->session == NULL && are(word, "option")) {
            set_option(rig, line);
        } else if (rig->session == NULL && are(word, "symbols")) {
            set_symbols(rig, line);
        } else if (!start(rig)) {
            return;
        } else {
            do_line(rig, word, line);
        }
    }
    if (rig->session != NULL) {
        session_stop(rig->session, moment_at(rig->now_ns), "the end");
        check(rig);
    }
}

static struct rig *rig_create(void)
{
    struct rig *const rig = calloc(1, sizeof(*rig));
    struct err err = { 0 };

    if (rig == NULL || teller_init(&rig->teller, arb_plugin.name) != ARB_OK ||
        plugin_accept(&rig->plugin, &arb_plugin, ARB_KIND_EXCHANGE, &err) != ARB_OK) {
        exit(EXIT_FAILURE);
    }
    rig->teller.fn = on_event;
    rig->teller.context = rig;
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
    session_destroy(rig->session);
    teller_fini(&rig->teller);
    free(rig);
    return 0;
}
