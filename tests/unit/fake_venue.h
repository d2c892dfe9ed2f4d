/*
 * fake_venue.h - an exchange plugin that does what it is told, for tests of the feed.
 *
 * Messages and HTTP bodies are commands, separated by ';'. What the other callbacks do is an
 * option each. In a command '%' stands for the id the callback was called with.
 *
 *     snap I SEQ LEVEL...    delta I SEQ LEVEL...   LEVEL: b100x2 a101x1; also sum=N max=N at=NS
 *     and unproven
 *     open C   send C TEXT   close C WHY   renew C WHY   get R URL   timer T MS   bind I C
 *     resync I WHY   refuse I WHY   trading I|* STATUS TEXT
 *     list SYMBOL VENUE_SYMBOL STATUS PX_DIGITS QTY_DIGITS   end
 *     fail RC                what the callback returns
 *
 * Its checksum of a book is 100 times the number of bids plus the number of asks.
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
    const char *on_init, *on_add, *on_open, *on_close, *on_timer, *on_resync;
    const char *loss, *source, *unknown;
    int64_t checksum_levels;
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
    } else if (strcmp(word, "unproven") == 0) {
        book->event.is_unproven = true;
    } else if (sscanf(word, "max=%" SCNu32, &book->event.max_depth) != 1 &&
               sscanf(word, "at=%" SCNd64, &book->event.venue_ns) != 1) {
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
    const int n =
        sscanf(text, "%" SCNu32 " %" SCNu64 "%n", &book.event.instrument, &book.event.seq, &len);

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

static inline int fake_open(struct arb_host *host, const char *text)
{
    const struct arb_ws_spec spec = { .size = (uint32_t)sizeof(spec), .url = "wss://fake" };
    return arb_ws_open(host, fake_number(&text), &spec);
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

static inline int fake_get(struct arb_host *host, const char *text)
{
    const uint32_t request = fake_number(&text);
    return arb_http_get(host, request, text);
}

static inline int fake_timer(struct arb_host *host, const char *text)
{
    const uint32_t timer = fake_number(&text);
    return arb_timer_set(host, timer, fake_number(&text));
}

static inline int fake_bind(struct arb_host *host, const char *text)
{
    const uint32_t instrument = fake_number(&text);
    return arb_book_bind(host, instrument, fake_number(&text));
}

static inline int fake_resync(struct arb_host *host, const char *text)
{
    const uint32_t instrument = fake_number(&text);
    return arb_book_resync(host, instrument, text);
}

static inline int fake_refuse(struct arb_host *host, const char *text)
{
    const uint32_t instrument = fake_number(&text);
    return arb_book_refused(host, instrument, text);
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
    unsigned trading = 0, px_digits = 0, qty_digits = 0;
    const int n =
        sscanf(text, "%31s %31s %u %u %u", symbol, venue_symbol, &trading, &px_digits, &qty_digits);

    assert(n == 5);
    const struct arb_listing listing = { .size = (uint32_t)sizeof(listing),
                                         .trading = trading,
                                         .symbol = symbol,
                                         .venue_symbol = venue_symbol,
                                         .px_digits = (uint8_t)px_digits,
                                         .qty_digits = (uint8_t)qty_digits };
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
        { "snap", fake_snap },     { "delta", fake_delta },     { "open", fake_open },
        { "send", fake_send },     { "close", fake_close },     { "get", fake_get },
        { "timer", fake_timer },   { "bind", fake_bind },       { "resync", fake_resync },
        { "refuse", fake_refuse }, { "trading", fake_trading }, { "list", fake_list },
        { "end", fake_end },       { "fail", fake_fail },       { "renew", fake_renew },
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
                            const struct arb_exchange_env *env)
{
    static const char *const loss[] = { "checksum", "sequence", "chain", "none", "stateless" };
    static const char *const source[] = { "stream", "http", "each" };
    static const char *const unknown[] = { "ignore", "desync" };
    const struct fake_venue *const self = instance;
    const struct arb_capabilities caps = {
        .size = (uint32_t)sizeof(caps),
        .loss_detection = fake_choice(loss, self->loss),
        .checksum_levels = (uint32_t)self->checksum_levels,
        .snapshot_source = fake_choice(source, self->source),
        .unknown_delete = fake_choice(unknown, self->unknown),
        .liveness = ARB_LIVENESS_TRANSPORT,
    };
    (void)env;
    const int rc = arb_declare(host, &caps);
    return rc != ARB_OK ? rc : fake_script(host, self->on_init, 0);
}

static inline int fake_add_instruments(void *instance, struct arb_host *host, uint32_t first,
                                       uint32_t count)
{
    const struct fake_venue *const self = instance;
    int rc = ARB_OK;

    for (uint32_t i = first; i < first + count && rc == ARB_OK; i++) {
        rc = fake_script(host, self->on_add, i);
    }
    return rc;
}

static inline int fake_on_open(void *instance, struct arb_host *host, uint32_t conn)
{
    return fake_script(host, ((const struct fake_venue *)instance)->on_open, conn);
}

static inline int fake_on_close(void *instance, struct arb_host *host, uint32_t conn)
{
    return fake_script(host, ((const struct fake_venue *)instance)->on_close, conn);
}

static inline int fake_on_message(void *instance, struct arb_host *host, uint32_t conn,
                                  struct arb_bytes msg)
{
    (void)instance;
    return fake_run(host, msg, conn);
}

static inline int fake_on_http(void *instance, struct arb_host *host, uint32_t request, int status,
                               struct arb_bytes body)
{
    (void)instance;
    (void)status;
    return fake_run(host, body, request);
}

static inline int fake_on_timer(void *instance, struct arb_host *host, uint32_t timer)
{
    return fake_script(host, ((const struct fake_venue *)instance)->on_timer, timer);
}

static inline int fake_on_resync(void *instance, struct arb_host *host, uint32_t instrument)
{
    return fake_script(host, ((const struct fake_venue *)instance)->on_resync, instrument);
}

static inline int fake_checksum(void *instance, uint32_t instrument, const struct arb_book *book,
                                uint32_t *checksum)
{
    (void)instance;
    (void)instrument;
    *checksum = 100 * book->n_bids + book->n_asks;
    return ARB_OK;
}

/* -- descriptor ----------------------------------------------------------------------- */

static const struct arb_option fake_options[] = {
    ARB_OPTION_STRING("on_init", struct fake_venue, on_init, "open 0", "Commands."),
    ARB_OPTION_STRING("on_add", struct fake_venue, on_add, "bind % 0", "Commands."),
    ARB_OPTION_STRING("on_open", struct fake_venue, on_open, "", "Commands."),
    ARB_OPTION_STRING("on_close", struct fake_venue, on_close, "", "Commands."),
    ARB_OPTION_STRING("on_timer", struct fake_venue, on_timer, "", "Commands."),
    ARB_OPTION_STRING("on_resync", struct fake_venue, on_resync, "send 0 resync %", "Commands."),
    ARB_OPTION_INT("checksum_levels", struct fake_venue, checksum_levels, "0", 0, 100,
                   "Levels a side that a checksum covers."),
    ARB_OPTION_ENUM("loss", struct fake_venue, loss, "sequence",
                    "checksum|sequence|chain|none|stateless", "How loss is noticed."),
    ARB_OPTION_ENUM("source", struct fake_venue, source, "stream", "stream|http|each",
                    "Where snapshots come from."),
    ARB_OPTION_ENUM("unknown", struct fake_venue, unknown, "ignore", "ignore|desync",
                    "What deleting an unknown level means."),
    ARB_OPTION_END,
};

static const struct arb_exchange_ops fake_ops = {
    .size = (uint32_t)sizeof(struct arb_exchange_ops),
    .init = fake_init,
    .add_instruments = fake_add_instruments,
    .on_open = fake_on_open,
    .on_message = fake_on_message,
    .on_close = fake_on_close,
    .on_http = fake_on_http,
    .on_timer = fake_on_timer,
    .resync = fake_on_resync,
    .checksum = fake_checksum,
};

static const struct arb_plugin fake_plugin = {
    ARB_PLUGIN_HEADER(ARB_KIND_EXCHANGE),
    .name = "fake",
    .version = "1",
    .description = "Does what it is told",
    .instance_size = sizeof(struct fake_venue),
    .options = fake_options,
    .ops = &fake_ops,
};

#endif /* ARB_FAKE_VENUE_H */
