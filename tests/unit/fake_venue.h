/*
 * fake_venue.h - an exchange plugin that does what it is told, for tests of the session.
 *
 * Messages and HTTP bodies are commands, separated by ';'. In a command '%' stands for the
 * instrument or the connection that the callback was called for.
 *
 *     snap I SEQ LEVEL...    delta I SEQ LEVEL...    top I SEQ LEVEL...
 *                            LEVEL: b100x2 a101x1; also first=N prev=N sum=N max=N at=NS beyond=N
 *     answered I|- CHANNEL OUTCOME WHY   answerask NUMBER OUTCOME WHY
 *                            OUTCOME: subscribed left later refused
 *     list SYMBOL VENUE_SYMBOL STATUS PX_DIGITS QTY_DIGITS   end
 *     trading I|* STATUS TEXT   reject I RC   resync I WHY   connseq C SEQ
 *     send C TEXT   close C WHY   renew C WHY   timer T MS
 *     dated C NUMBER RECEIVED ANSWERED
 *     fail RC                what the callback returns
 *
 * What it spells: "sub CHANNEL NAME...", "leave CHANNEL NAME...", "beat", "hello", "catalog",
 * wss://fake/CONN/ATTEMPT, https://fake/{catalog,token,snap/NAME}. Its checksum of a book is 100
 * times the number of bids plus the number of asks.
 */
#ifndef ARB_FAKE_VENUE_H
#define ARB_FAKE_VENUE_H

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "arbspot/exchange.h"

enum { FAKE_COMMAND_MAX = 1024, FAKE_LEVELS_MAX = 64, FAKE_WORD_MAX = 32 };

struct fake_venue {
    const struct arb_exchange_env *env;
    const char *on_init, *on_timer;
    const char *loss, *source, *seam, *catalog, *without, *query;
    bool desync, not_back, listed, token, at_once;
    int64_t checksum_levels, channels, per_conn, per_request, per_second, per_hour;
    int64_t opens, answer_ms, beat_ms, rhythm_ms, settle_ms;
    int64_t http_at_once, http_per_10min, packing;
};

/* -- books ---------------------------------------------------------------------------- */

struct fake_book {
    struct arb_level bids[FAKE_LEVELS_MAX], asks[FAKE_LEVELS_MAX];
    struct arb_book_event event;
};

static inline void fake_level(struct fake_book *book, char side, int64_t px, int64_t qty)
{
    const struct arb_level level = { .px = px, .qty = qty };

    if (side == 'b') {
        assert(book->event.n_bids < FAKE_LEVELS_MAX);
        book->bids[book->event.n_bids++] = level;
    } else {
        assert(side == 'a' && book->event.n_asks < FAKE_LEVELS_MAX);
        book->asks[book->event.n_asks++] = level;
    }
}

static inline void fake_book_word(struct fake_book *book, const char *word)
{
    int64_t px = 0, qty = 0;
    char side = 0;

    if (sscanf(word, "sum=%" SCNu32, &book->event.checksum) == 1) {
        book->event.has_checksum = true;
    } else if (sscanf(word, "max=%" SCNu32, &book->event.max_depth) != 1 &&
               sscanf(word, "at=%" SCNd64, &book->event.venue_ns) != 1 &&
               sscanf(word, "first=%" SCNu64, &book->event.first_seq) != 1 &&
               sscanf(word, "prev=%" SCNu64, &book->event.prev_seq) != 1 &&
               sscanf(word, "beyond=%" SCNu32, &book->event.n_beyond) != 1) {
        const int n = sscanf(word, "%c%" SCNd64 "x%" SCNd64, &side, &px, &qty);
        assert(n == 3);
        fake_level(book, side, px, qty);
    }
}

static inline int fake_publish(struct arb_host *host, const char *text, enum arb_book_kind kind)
{
    struct fake_book book = { .event = { .size = (uint32_t)sizeof(book.event),
                                         .kind = (uint32_t)kind,
                                         .px_digits = ARB_DIGITS_UNKNOWN,
                                         .qty_digits = ARB_DIGITS_UNKNOWN } };
    char word[FAKE_WORD_MAX];
    int len = 0;
    const int n = sscanf(text, "%" SCNu32 " %" SCNu64 "%n", &book.event.instrument,
                         &book.event.last_seq, &len);

    assert(n == 2);
    for (text += len; sscanf(text, " %31s%n", word, &len) == 1; text += len) {
        fake_book_word(&book, word);
    }
    book.event.bids = book.bids;
    book.event.asks = book.asks;
    return arb_book_publish(host, &book.event);
}

static inline int fake_snap(struct arb_host *host, const char *text)
{
    return fake_publish(host, text, ARB_BOOK_SNAPSHOT);
}

static inline int fake_delta(struct arb_host *host, const char *text)
{
    return fake_publish(host, text, ARB_BOOK_DELTA);
}

static inline int fake_top(struct arb_host *host, const char *text)
{
    return fake_publish(host, text, ARB_BOOK_TOP);
}

/* -- requests ------------------------------------------------------------------------- */

/* The number in front of `*text`, which moves behind it and the blank that follows. */
static inline uint32_t fake_number(const char **text)
{
    uint32_t number = 0;
    int len = 0;
    const int n = sscanf(*text, "%" SCNu32 " %n", &number, &len);

    assert(n == 1);
    *text += len;
    return number;
}

static inline int fake_send(struct arb_host *host, const char *text)
{
    const uint32_t conn = fake_number(&text);
    return arb_ws_send(host, conn, text, strlen(text));
}

static inline int fake_close(struct arb_host *host, const char *text)
{
    const uint32_t conn = fake_number(&text);
    return arb_ws_close(host, conn, text);
}

static inline int fake_renew(struct arb_host *host, const char *text)
{
    const uint32_t conn = fake_number(&text);
    return arb_ws_renew(host, conn, text);
}

static inline int fake_timer(struct arb_host *host, const char *text)
{
    const uint32_t timer = fake_number(&text);
    return arb_timer_set(host, timer, fake_number(&text));
}

static inline enum arb_outcome fake_outcome(const char *word)
{
    static const char *const words[] = { "subscribed", "left", "later", "refused" };

    for (uint32_t i = 0; i < 4; i++) {
        if (strncmp(words[i], word, strlen(words[i])) == 0) {
            return (enum arb_outcome)(i + 1);
        }
    }
    assert(!"an outcome");
    return ARB_REFUSED;
}

/* Behind the word at `text` and the blank that follows. */
static inline const char *fake_rest(const char *text)
{
    text += strcspn(text, " ");
    return *text == ' ' ? text + 1 : text;
}

static inline int fake_answered(struct arb_host *host, const char *text)
{
    const bool is_nobody = *text == '-';

    text += is_nobody ? 2 : 0;
    const uint32_t instrument = is_nobody ? ARB_NO_INSTRUMENT : fake_number(&text);
    const uint32_t channel = fake_number(&text);
    return arb_answered(host, instrument, channel, fake_outcome(text), fake_rest(text));
}

static inline int fake_answerask(struct arb_host *host, const char *text)
{
    const uint32_t number = fake_number(&text);
    return arb_answered_ask(host, number, fake_outcome(text), fake_rest(text));
}

static inline int fake_connseq(struct arb_host *host, const char *text)
{
    const uint32_t conn = fake_number(&text);
    return arb_conn_seq(host, conn, fake_number(&text));
}

/* "dated 0 7 1000 1001": connection, number, received and answered at. */
static inline int fake_dated(struct arb_host *host, const char *text)
{
    const uint32_t conn = fake_number(&text);
    const uint32_t number = fake_number(&text);
    const uint32_t received_ns = fake_number(&text);
    return arb_heartbeat_times(host, conn, number, received_ns, fake_number(&text));
}

static inline int fake_reject(struct arb_host *host, const char *text)
{
    const uint32_t instrument = fake_number(&text);
    int rc = ARB_OK;
    const int n = sscanf(text, "%d", &rc);

    assert(n == 1);
    return arb_book_reject(host, instrument, rc);
}

static inline int fake_resync(struct arb_host *host, const char *text)
{
    const uint32_t instrument = fake_number(&text);
    return arb_book_resync(host, instrument, text);
}

static inline int fake_trading(struct arb_host *host, const char *text)
{
    const bool is_all = *text == '*';

    text += is_all ? 2 : 0;
    const uint32_t instrument = is_all ? ARB_ALL_INSTRUMENTS : fake_number(&text);
    const enum arb_trading trading = (enum arb_trading)fake_number(&text);
    return arb_trading_set(host, instrument, trading, text);
}

static inline int fake_list(struct arb_host *host, const char *text)
{
    char symbol[FAKE_WORD_MAX], venue_symbol[FAKE_WORD_MAX];
    unsigned trading = 0, px_digits = 0, qty_digits = 0, lot = 0;
    const int n = sscanf(text, "%31s %31s %u %u %u lot=%u", symbol, venue_symbol, &trading,
                         &px_digits, &qty_digits, &lot);

    assert(n == 5 || n == 6);
    const struct arb_listing listing = { .size = (uint32_t)sizeof(listing),
                                         .trading = trading,
                                         .symbol = symbol,
                                         .venue_symbol = venue_symbol,
                                         .px_digits = (uint8_t)px_digits,
                                         .qty_digits = (uint8_t)qty_digits,
                                         .terms = { .lot = { .units = lot } } };
    return arb_listing_publish(host, &listing);
}

static inline int fake_end(struct arb_host *host, const char *text)
{
    (void)text;
    return arb_catalog_end(host);
}

static inline int fake_fail(struct arb_host *host, const char *text)
{
    int rc = ARB_OK;
    const int n = sscanf(text, "%d", &rc);

    (void)host;
    assert(n == 1);
    return rc;
}

/* -- commands ------------------------------------------------------------------------- */

static inline int fake_command(struct arb_host *host, const char *line)
{
    static const struct {
        const char *name;
        int (*run)(struct arb_host *host, const char *text);
    } commands[] = {
        { "snap", fake_snap },     { "delta", fake_delta },       { "top", fake_top },
        { "send", fake_send },     { "close", fake_close },       { "renew", fake_renew },
        { "timer", fake_timer },   { "answered", fake_answered }, { "answerask", fake_answerask },
        { "resync", fake_resync }, { "reject", fake_reject },     { "trading", fake_trading },
        { "list", fake_list },     { "end", fake_end },           { "connseq", fake_connseq },
        { "fail", fake_fail },     { "dated", fake_dated },
    };
    const size_t len = strcspn(line, " ");

    for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
        if (strlen(commands[i].name) == len && memcmp(commands[i].name, line, len) == 0) {
            return commands[i].run(host, line[len] == '\0' ? "" : line + len + 1);
        }
    }
    assert(!"a command that fake_venue.h lists");
    return ARB_EINVAL;
}

/* Runs the commands of `script` until one fails. */
static inline int fake_run(struct arb_host *host, struct arb_bytes script, uint32_t id)
{
    char line[FAKE_COMMAND_MAX];
    size_t n = 0;
    int rc = ARB_OK;

    for (size_t i = 0; i <= script.len && rc == ARB_OK; i++) {
        const char c = i == script.len ? ';' : script.data[i];
        assert(n + 16 < sizeof(line));
        if (c == '%') {
            n += (size_t)snprintf(line + n, 16, "%" PRIu32, id);
        } else if (c != ';') {
            line[n++] = c;
        } else if (n > 0) {
            line[n] = '\0';
            n = 0;
            rc = fake_command(host, line);
        }
    }
    return rc;
}

static inline int fake_script(struct arb_host *host, const char *script, uint32_t id)
{
    return fake_run(host, (struct arb_bytes){ script, strlen(script) }, id);
}

/* -- callbacks ------------------------------------------------------------------------ */

/* The position of `word` among the choices of an option, from 1 as in the SDK's enums. */
static inline uint32_t fake_choice(const char *const *words, const char *word)
{
    uint32_t i = 0;
    while (strcmp(words[i], word) != 0) {
        i++;
    }
    return i + 1;
}

static inline int fake_init(void *instance, struct arb_host *host,
                            const struct arb_exchange_env *env, struct arb_plan *plan)
{
    static const char *const loss[] = { "checksum", "sequence",  "chain",
                                        "none",     "stateless", "connection" };
    static const char *const source[] = { "stream", "http", "each" };
    static const char *const seam[] = { "sequence", "time" };
    static const char *const catalog[] = { "none", "http", "stream" };
    struct fake_venue *const self = instance;

    self->env = env;
    plan->loss_detection = fake_choice(loss, self->loss);
    plan->snapshot_source = fake_choice(source, self->source);
    plan->seam = fake_choice(seam, self->seam);
    plan->catalog = fake_choice(catalog, self->catalog) - 1;
    plan->checksum_levels = (uint32_t)self->checksum_levels;
    plan->unknown_delete = self->desync ? ARB_UNKNOWN_DELETE_DESYNC : ARB_UNKNOWN_DELETE_IGNORE;
    plan->time_order = self->not_back ? ARB_TIME_NOT_BACK : ARB_TIME_NONE;
    plan->channels = (uint32_t)self->channels;
    plan->books_per_conn = (uint32_t)self->per_conn;
    plan->books_per_request = (uint32_t)self->per_request;
    plan->requests_per_second = (uint32_t)self->per_second;
    plan->requests_per_hour = (uint32_t)self->per_hour;
    plan->opens_per_10s = (uint32_t)self->opens;
    plan->answer_ms = (uint32_t)self->answer_ms;
    plan->heartbeat_ms = (uint32_t)self->beat_ms;
    plan->beat_ms = (uint32_t)self->rhythm_ms;
    plan->settle_ms = (uint32_t)self->settle_ms;
    plan->liveness = self->rhythm_ms > 0 ? ARB_LIVENESS_SERVER_HEARTBEAT : plan->liveness;
    plan->http_at_once = (uint32_t)self->http_at_once;
    plan->http_per_10min = (uint32_t)self->http_per_10min;
    plan->packing = (uint8_t)self->packing;
    plan->resubscribe = self->at_once ? ARB_RESUBSCRIBE_AT_ONCE : ARB_RESUBSCRIBE_LEAVE_FIRST;
    plan->is_listed_only = self->listed;
    plan->needs_token = self->token;
    return fake_script(host, self->on_init, 0);
}

static inline void fake_spell_names(const struct fake_venue *self, const struct arb_ask *ask,
                                    struct arb_text *text, const char *word)
{
    arb_text_add(text, "%s %" PRIu32, word, ask->channel);
    for (uint32_t i = 0; i < ask->n_instruments; i++) {
        arb_text_add(text, " %s", self->env->instruments[ask->instruments[i]].venue_symbol);
    }
}

static inline int fake_ask(void *instance, const struct arb_ask *ask, struct arb_request *request)
{
    static const char *const words[] = { "",     "connect", "hello",    "sub",  "leave",
                                         "beat", "catalog", "snapshot", "token" };
    const struct fake_venue *const self = instance;
    struct arb_text *const text = &request->text;

    if (strstr(self->without, words[ask->what]) != NULL) {
        return ARB_ENOTSUP;
    }
    switch ((enum arb_ask_what)ask->what) {
    case ARB_ASK_CONNECT:
        arb_text_add(text, "wss://fake/%" PRIu32 "/%" PRIu32, ask->conn, ask->attempt);
        break;
    case ARB_ASK_SUBSCRIBE:
    case ARB_ASK_UNSUBSCRIBE:
        fake_spell_names(self, ask, text, words[ask->what]);
        break;
    case ARB_ASK_HELLO:
    case ARB_ASK_HEARTBEAT:
        arb_text_add(text, "%s", words[ask->what]);
        break;
    case ARB_ASK_CATALOG:
        arb_text_add(text, "%s",
                     strcmp(self->catalog, "http") == 0 ? "https://fake/catalog" : "catalog");
        break;
    case ARB_ASK_SNAPSHOT:
        arb_text_add(text, "https://fake/snap/%s%s",
                     self->env->instruments[ask->instruments[0]].venue_symbol, self->query);
        break;
    case ARB_ASK_TOKEN:
        arb_text_add(text, "https://fake/token");
        break;
    }
    return ARB_OK;
}

static inline int fake_on_message(void *instance, struct arb_host *host, uint32_t conn,
                                  struct arb_message message)
{
    (void)instance;
    return fake_run(host, arb_message_bytes(message), conn);
}

/* Of a message that is one snapshot. */
static inline uint32_t fake_book_of(void *instance, struct arb_message message)
{
    uint32_t instrument = ARB_NO_INSTRUMENT;
    char text[16] = "";

    (void)instance;
    memcpy(text, message.data, message.len < sizeof(text) - 1 ? message.len : sizeof(text) - 1);
    return sscanf(text, "snap %" SCNu32, &instrument) == 1 ? instrument : ARB_NO_INSTRUMENT;
}

static inline int fake_on_answer(void *instance, struct arb_host *host, const struct arb_ask *ask,
                                 int status, struct arb_bytes body)
{
    (void)instance;
    if (status != 200) {
        return ARB_EPROTO;
    }
    return fake_run(host, body, ask->n_instruments > 0 ? ask->instruments[0] : 0);
}

static inline int fake_on_timer(void *instance, struct arb_host *host, uint32_t timer)
{
    return fake_script(host, ((const struct fake_venue *)instance)->on_timer, timer);
}

static inline int fake_checksum(void *instance, const struct arb_book_event *event,
                                const struct arb_book *book, uint32_t *checksum)
{
    (void)instance;
    (void)event;
    *checksum = 100 * book->n_bids + book->n_asks;
    return ARB_OK;
}

/* -- descriptor ----------------------------------------------------------------------- */

#define FAKE_NUMBER(name, fallback)                                                                \
    ARB_OPTION_INT(#name, struct fake_venue, name, fallback, 0, 1000000, "Of the plan.")
#define FAKE_FLAG(name) ARB_OPTION_BOOL(#name, struct fake_venue, name, "off", "Of the plan.")

static const struct arb_option fake_options[] = {
    ARB_OPTION_STRING("on_init", struct fake_venue, on_init, "", "Commands."),
    ARB_OPTION_STRING("on_timer", struct fake_venue, on_timer, "", "Commands."),
    ARB_OPTION_STRING("query", struct fake_venue, query, "", "Of a snapshot's URL: ?name=value."),
    ARB_OPTION_STRING("without", struct fake_venue, without, "hello", "What it does not spell."),
    ARB_OPTION_ENUM("loss", struct fake_venue, loss, "sequence",
                    "checksum|sequence|chain|none|stateless|connection", "How loss is noticed."),
    ARB_OPTION_ENUM("source", struct fake_venue, source, "stream", "stream|http|each",
                    "Where snapshots come from."),
    ARB_OPTION_ENUM("seam", struct fake_venue, seam, "sequence", "sequence|time", "How they meet."),
    ARB_OPTION_ENUM("catalog", struct fake_venue, catalog, "none", "none|http|stream", "Whether."),
    FAKE_FLAG(desync),
    FAKE_FLAG(not_back),
    FAKE_FLAG(listed),
    FAKE_FLAG(token),
    FAKE_FLAG(at_once),
    FAKE_NUMBER(checksum_levels, "0"),
    FAKE_NUMBER(channels, "1"),
    FAKE_NUMBER(per_conn, "0"),
    FAKE_NUMBER(per_request, "10"),
    FAKE_NUMBER(per_second, "0"),
    FAKE_NUMBER(per_hour, "0"),
    FAKE_NUMBER(opens, "0"),
    FAKE_NUMBER(answer_ms, "5000"),
    FAKE_NUMBER(beat_ms, "0"),
    FAKE_NUMBER(rhythm_ms, "0"),
    FAKE_NUMBER(settle_ms, "0"),
    FAKE_NUMBER(http_at_once, "4"),
    FAKE_NUMBER(http_per_10min, "0"),
    FAKE_NUMBER(packing, "0"),
};

static const struct arb_exchange_ops fake_ops = {
    .size = (uint32_t)sizeof(struct arb_exchange_ops),
    .init = fake_init,
    .ask = fake_ask,
    .on_message = fake_on_message,
    .on_answer = fake_on_answer,
    .on_timer = fake_on_timer,
    .checksum = fake_checksum,
    .book_of = fake_book_of,
};

static const struct arb_plugin fake_plugin = {
    ARB_PLUGIN_HEADER(ARB_KIND_EXCHANGE),
    .name = "fake",
    .version = "1",
    .description = "Does what it is told",
    .instance_size = sizeof(struct fake_venue),
    ARB_PLUGIN_OPTIONS(fake_options),
    .ops = &fake_ops,
};

#endif /* ARB_FAKE_VENUE_H */
