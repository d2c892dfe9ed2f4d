#include "tape.h"

#include <stdlib.h>
#include <string.h>

#include "arbspot/decimal.h"

/* What is known while records are taken. */
struct loading {
    struct tape *tape;
    struct err *err;
    bool is_kraken;
    bool is_suspended; /* the recorder had unsubscribed and waits for a snapshot */
};

static const struct arb_bytes nothing = { "", 0 };

static void add_frame(struct tape *tape, struct tape_frame frame)
{
    tape->frames[tape->n_frames++] = frame; /* there is room for every record */
}

static void add_body(struct tape *tape, struct tape_body body)
{
    tape->bodies[tape->n_bodies++] = body;
}

/* What follows `key` in the text, up to one of `stops`; empty when it does not occur. */
static struct arb_bytes text_after(struct arb_bytes text, const char *key, const char *stops)
{
    const char *const found = memmem(text.data, text.len, key, strlen(key));
    if (found == NULL) {
        return nothing;
    }
    const char *const start = found + strlen(key);
    const char *end = start;
    while (end < text.data + text.len && strchr(stops, *end) == NULL) {
        end++;
    }
    return (struct arb_bytes){ start, (size_t)(end - start) };
}

static uint8_t digits_of(struct arb_bytes number)
{
    const char *const point = memchr(number.data, '.', number.len);
    return point == NULL ? 0 : (uint8_t)(number.data + number.len - point - 1);
}

static bool has(struct arb_bytes text, const char *part)
{
    return memmem(text.data, text.len, part, strlen(part)) != NULL;
}

/* A pair's digits are those of the first level seen. */
static void learn_digits(struct sim_instrument *item, struct arb_bytes px, struct arb_bytes qty)
{
    if (item->start_px == 0 && px.len > 0 && qty.len > 0) {
        item->px_digits = digits_of(px);
        item->qty_digits = digits_of(qty);
        item->start_px = 1;
    }
}

static int add_pair(struct loading *loading, const char *symbol)
{
    struct instrument_list *const list = &loading->tape->instruments;
    const struct arb_bytes name = { symbol, strlen(symbol) };

    if (arb_symbol_find(&list->by_symbol, name) != ARB_NO_INSTRUMENT) {
        return ARB_OK;
    }
    const int rc = instrument_list_add(list, symbol, loading->err);
    if (rc == ARB_OK) {
        list->items[list->n - 1].start_px = 0; /* digits to be learned */
    }
    return rc;
}

/* The pair that a Kraken snapshot shows; the others follow snapshots. */
static int learn_pair(struct loading *loading, struct arb_bytes name, struct arb_bytes text)
{
    struct instrument_list *const list = &loading->tape->instruments;
    char symbol[ARB_SYMBOL_MAX];

    if (name.len == 0 || name.len >= sizeof(symbol)) {
        return ARB_OK;
    }
    memcpy(symbol, name.data, name.len);
    symbol[name.len] = '\0';
    const int rc = add_pair(loading, symbol);
    if (rc == ARB_OK) {
        learn_digits(&list->items[arb_symbol_find(&list->by_symbol, name)],
                     text_after(text, "\"price\":", ",}"), text_after(text, "\"qty\":", ",}"));
    }
    return rc;
}

/* One frame of a Kraken recording. */
static int take_kraken(struct loading *loading, const struct record *record)
{
    const struct arb_bytes text = record->data;
    const struct arb_bytes symbol = text_after(text, "\"symbol\":\"", "\"");
    int64_t depth;
    int rc = ARB_OK;

    if (has(text, "\"method\":\"unsubscribe\"")) {
        loading->is_suspended = true;
    }
    if (has(text, "\"method\":\"subscribe\"") &&
        arb_decimal_parse(text_after(text, "\"depth\":", ",}"), 0, &depth, NULL) == ARB_OK) {
        loading->tape->depth = depth;
    }
    if (!has(text, "\"channel\":\"book\",\"type\":")) {
        return ARB_OK;
    }
    if (has(text, "\"type\":\"snapshot\"")) {
        loading->is_suspended = false;
        rc = learn_pair(loading, symbol, text);
    }
    if (!loading->is_suspended) { /* frames after unsubscribing mean nothing */
        add_frame(loading->tape, (struct tape_frame){ record->ns, symbol, text });
    }
    return rc;
}

/* Enters the pairs of `configuration: {"l2_book":["KNC-EUR","XLM-EUR"],...}`. */
static int take_configuration(struct loading *loading, struct arb_bytes line)
{
    char symbol[ARB_SYMBOL_MAX];
    struct arb_bytes rest = text_after(line, "\"l2_book\":[", "]");
    int rc = ARB_OK;

    while (rc == ARB_OK && rest.len > 0) {
        const struct arb_bytes name = text_after(rest, "\"", "\"");
        if (name.len == 0 || name.len >= sizeof(symbol)) {
            break;
        }
        memcpy(symbol, name.data, name.len);
        symbol[name.len] = '\0';
        char *const dash = strchr(symbol, '-');
        if (dash != NULL) {
            *dash = '/';
        }
        rc = add_pair(loading, symbol);
        const char *const next = name.data + name.len + 1;
        rest = (struct arb_bytes){ next, (size_t)(rest.data + rest.len - next) };
    }
    return rc;
}

/* One frame of a Bitstamp recording. */
static int take_bitstamp(struct loading *loading, const struct record *record)
{
    struct arb_bytes channel = text_after(record->data, "\"channel\":\"", "\"");

    if (channel.len == 0) {
        channel = text_after(record->data, "\"channel\": \"", "\"");
    }
    if (channel.len > 0 && !has(record->data, "bts:")) {
        add_frame(loading->tape, (struct tape_frame){ record->ns, channel, record->data });
    }
    return ARB_OK;
}

static int take_http(struct loading *loading, const struct record *record)
{
    const struct arb_bytes address = text_after(record->url, "https://", "?");
    const char *const path = memchr(address.data, '/', address.len);

    if (path != NULL) {
        const struct arb_bytes rest = { path, address.len - (size_t)(path - address.data) };
        add_body(loading->tape, (struct tape_body){ rest, record->data });
    }
    return ARB_OK;
}

static int take(struct loading *loading, const struct record *record)
{
    switch (record->kind) {
    case RECORD_MESSAGE:
        return loading->is_kraken ? take_kraken(loading, record) : take_bitstamp(loading, record);
    case RECORD_HTTP:
        return take_http(loading, record);
    case RECORD_OPEN:
    case RECORD_SENT:
        break;
    }
    return ARB_OK;
}

/* Digits of Bitstamp's pairs come from their recorded books. */
static void learn_from_bodies(struct tape *tape)
{
    static const char prefix[] = "/api/v2/order_book/";
    const size_t skip = sizeof(prefix) - 1;

    for (size_t i = 0; i < tape->n_bodies; i++) {
        const struct tape_body *const body = &tape->bodies[i];
        if (body->path.len <= skip || memcmp(body->path.data, prefix, skip) != 0) {
            continue;
        }
        struct arb_bytes market = { body->path.data + skip, body->path.len - skip };
        market.len -= market.data[market.len - 1] == '/';
        const uint32_t found = arb_symbol_find(&tape->instruments.by_market, market);
        const struct arb_bytes level = text_after(body->text, "[[", "]");
        const struct arb_bytes px = text_after(level, "\"", "\"");
        const struct arb_bytes qty = text_after(level, ", \"", "\"");
        if (found != ARB_NO_INSTRUMENT) {
            learn_digits(&tape->instruments.items[found], px, qty);
        }
    }
}

static int read_sources(struct loading *loading, char *const *paths, size_t n)
{
    struct tape *const tape = loading->tape;
    int rc = ARB_OK;

    for (size_t i = 0; i < n && rc == ARB_OK; i++) {
        rc = recording_add(&tape->source, paths[i], loading->err);
    }
    if (rc != ARB_OK) {
        return rc;
    }
    recording_sort(&tape->source);
    tape->frames = calloc(tape->source.n + 1, sizeof(*tape->frames));
    tape->bodies = calloc(tape->source.n + 1, sizeof(*tape->bodies));
    return tape->frames == NULL || tape->bodies == NULL
               ? err_set(loading->err, ARB_ENOMEM, "no memory for the recording")
               : ARB_OK;
}

static int take_all(struct loading *loading)
{
    const struct recording *const source = &loading->tape->source;
    int rc = ARB_OK;

    for (size_t i = 0; i < source->n_heads && rc == ARB_OK; i++) {
        rc = take_configuration(loading, source->heads[i]);
    }
    for (size_t i = 0; i < source->n && rc == ARB_OK; i++) {
        rc = take(loading, &source->records[i]);
    }
    return rc;
}

int tape_load(struct tape *tape, const char *venue, char *const *paths, size_t n, struct err *err)
{
    struct loading loading = { .tape = tape,
                               .err = err,
                               .is_kraken = strcmp(venue, "kraken") == 0 };
    int rc = read_sources(&loading, paths, n);

    if (rc == ARB_OK) {
        rc = take_all(&loading);
    }
    if (rc == ARB_OK && (tape->n_frames == 0 || tape->instruments.n == 0)) {
        rc = err_set(err, ARB_EINVAL, "%s holds no frames of %s", paths[0], venue);
    }
    if (rc != ARB_OK) {
        tape_fini(tape);
        return rc;
    }
    learn_from_bodies(tape);
    const int64_t first_ns = tape->frames[0].at_ns;
    for (size_t i = 0; i < tape->n_frames; i++) {
        tape->frames[i].at_ns -= first_ns;
    }
    return ARB_OK;
}

void tape_fini(struct tape *tape)
{
    recording_fini(&tape->source);
    free(tape->frames);
    free(tape->bodies);
    instrument_list_fini(&tape->instruments);
    tape->frames = NULL;
    tape->bodies = NULL;
    tape->n_frames = tape->n_bodies = 0;
}

static size_t len_without_slash(const char *path, size_t len)
{
    return len > 0 && path[len - 1] == '/' ? len - 1 : len;
}

const struct arb_bytes *tape_body(const struct tape *tape, const char *path)
{
    const size_t len = len_without_slash(path, strlen(path));

    for (size_t i = 0; i < tape->n_bodies; i++) {
        const struct arb_bytes recorded = tape->bodies[i].path;
        if (len_without_slash(recorded.data, recorded.len) == len &&
            memcmp(recorded.data, path, len) == 0) {
            return &tape->bodies[i].text;
        }
    }
    return NULL;
}
