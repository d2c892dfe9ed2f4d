#include "recording.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arbspot/decimal.h"
#include "arbspot/json.h"
#include "util/clock.h"

enum { RECORDING_DIGITS = 9 /* of the seconds in cryptofeed's text */ };

/* What is known while files are read. */
struct loading {
    struct recording *recording;
    struct err *err;
    bool is_suspended; /* the recorder had unsubscribed and waits for a snapshot */
};

static const struct arb_bytes nothing = { "", 0 };

static int64_t seconds_to_ns(struct arb_bytes text)
{
    int64_t ns = 0;
    return arb_decimal_parse(text, RECORDING_DIGITS, &ns, NULL) == ARB_OK ? ns : -1;
}

/* Makes room for one more; `n` is a power of two exactly when the room is used up. */
static void *one_more(void *items, size_t n, size_t size)
{
    if (n != 0 && (n & (n - 1)) != 0) {
        return items;
    }
    return realloc(items, (n == 0 ? 1 : 2 * n) * size);
}

static int add_frame(struct loading *loading, struct recorded_frame frame)
{
    struct recording *const recording = loading->recording;
    struct recorded_frame *const frames =
        one_more(recording->frames, recording->n_frames, sizeof(*frames));
    if (frames == NULL) {
        return err_set(loading->err, ARB_ENOMEM, "no memory for the recording");
    }
    recording->frames = frames;
    frames[recording->n_frames++] = frame;
    return ARB_OK;
}

static int add_body(struct loading *loading, struct recorded_body body)
{
    struct recording *const recording = loading->recording;
    struct recorded_body *const bodies =
        one_more(recording->bodies, recording->n_bodies, sizeof(*bodies));
    if (bodies == NULL) {
        return err_set(loading->err, ARB_ENOMEM, "no memory for the recording");
    }
    recording->bodies = bodies;
    bodies[recording->n_bodies++] = body;
    return ARB_OK;
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
    struct instrument_list *const list = &loading->recording->instruments;
    const struct arb_bytes name = { symbol, strlen(symbol) };

    if (arb_symbol_find(&list->by_symbol, name) != ARB_NO_INSTRUMENT) {
        return ARB_OK;
    }
    const int rc = instruments_add(list, symbol, loading->err);
    if (rc == ARB_OK) {
        list->items[list->n - 1].start_px = 0; /* digits to be learned */
    }
    return rc;
}

/* One record of a Kraken recording. */
static int take_kraken(struct loading *loading, int64_t at_ns, struct arb_bytes text)
{
    struct recording *const recording = loading->recording;
    int64_t depth;

    if (has(text, "\"method\":\"unsubscribe\"")) {
        loading->is_suspended = true;
    }
    if (has(text, "\"method\":\"subscribe\"") &&
        arb_decimal_parse(text_after(text, "\"depth\":", ",}"), 0, &depth, NULL) == ARB_OK) {
        recording->depth = depth;
    }
    if (!has(text, "\"channel\":\"book\",\"type\":")) {
        return ARB_OK;
    }
    if (has(text, "\"type\":\"snapshot\"")) {
        loading->is_suspended = false;
        const struct arb_bytes symbol = text_after(text, "\"symbol\":\"", "\"");
        const uint32_t i = arb_symbol_find(&recording->instruments.by_symbol, symbol);
        if (i != ARB_NO_INSTRUMENT) {
            learn_digits(&recording->instruments.items[i], text_after(text, "\"price\":", ",}"),
                         text_after(text, "\"qty\":", ",}"));
        }
    }
    if (loading->is_suspended) {
        return ARB_OK; /* between unsubscribing and the next snapshot frames mean nothing */
    }
    const struct recorded_frame frame = { at_ns, text_after(text, "\"symbol\":\"", "\""), text };
    return add_frame(loading, frame);
}

/* Reads "CBCAP1 kraken BTC/USD 1785641750295158100" and returns what follows the line. */
static const char *cbcap_head(struct loading *loading, const char *text)
{
    char venue[16], symbol[ARB_SYMBOL_MAX];

    if (sscanf(text, "CBCAP1 %15s %31s", venue, symbol) != 2 || strcmp(venue, "kraken") != 0) {
        (void)err_set(loading->err, ARB_EINVAL, "not a .cbcap recording of kraken");
        return NULL;
    }
    if (add_pair(loading, symbol) != ARB_OK) {
        return NULL;
    }
    const char *const newline = strchr(text, '\n');
    return newline == NULL ? text + strlen(text) : newline + 1;
}

static int load_cbcap(struct loading *loading, const char *text, size_t len)
{
    const char *p = cbcap_head(loading, text);
    const char *const end = text + len;
    int rc = p == NULL ? ARB_EINVAL : ARB_OK;

    while (rc == ARB_OK && p < end) {
        long long at_ns;
        size_t n;
        int head;
        if (sscanf(p, "%lld %zu%n", &at_ns, &n, &head) != 2 || p[head] != '\n' ||
            n > (size_t)(end - p) - (size_t)head - 1) {
            return err_set(loading->err, ARB_EINVAL, "damaged record at byte %zu",
                           (size_t)(p - text));
        }
        p += head + 1;
        rc = take_kraken(loading, at_ns, (struct arb_bytes){ p, n });
        p += n;
        p += p < end && *p == '\n';
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

/* Splits "https://host/path -> 1618677816.84: body". */
static int take_http(struct loading *loading, struct arb_bytes line)
{
    const struct arb_bytes address = text_after(line, "https://", " ");
    const char *const path = memchr(address.data, '/', address.len);
    const char *const body = memmem(line.data, line.len, ": ", 2);

    if (path == NULL || body == NULL) {
        return ARB_OK;
    }
    const char *end = memmem(body, line.len - (size_t)(body - line.data), " header: ", 9);
    end = end == NULL ? line.data + line.len : end;
    const struct recorded_body recorded = {
        .path = { path, address.len - (size_t)(path - address.data) },
        .text = { body + 2, (size_t)(end - body - 2) },
    };
    return add_body(loading, recorded);
}

/* Splits "1618677817.06: {...}". */
static int take_stream(struct loading *loading, struct arb_bytes line)
{
    const char *const colon = memchr(line.data, ':', line.len);
    if (colon == NULL || colon + 2 > line.data + line.len) {
        return ARB_OK;
    }
    const struct arb_bytes text = { colon + 2, line.len - (size_t)(colon + 2 - line.data) };
    const int64_t at_ns =
        seconds_to_ns((struct arb_bytes){ line.data, (size_t)(colon - line.data) });
    struct arb_bytes channel = text_after(text, "\"channel\":\"", "\"");
    if (channel.len == 0) {
        channel = text_after(text, "\"channel\": \"", "\"");
    }
    if (at_ns < 0 || channel.len == 0 || has(text, "bts:")) {
        return ARB_OK;
    }
    return add_frame(loading, (struct recorded_frame){ at_ns, channel, text });
}

static int take_cryptofeed(struct loading *loading, struct arb_bytes line)
{
    static const char configuration[] = "configuration: ";

    if (line.len > sizeof(configuration) &&
        memcmp(line.data, configuration, sizeof(configuration) - 1) == 0) {
        return take_configuration(loading, line);
    }
    if (line.len > 8 && memcmp(line.data, "https://", 8) == 0) {
        return take_http(loading, line);
    }
    return line.len > 0 && line.data[0] >= '0' && line.data[0] <= '9' ? take_stream(loading, line)
                                                                      : ARB_OK;
}

static int load_cryptofeed(struct loading *loading, const char *text, size_t len)
{
    const char *const end = text + len;
    int rc = ARB_OK;

    for (const char *p = text; rc == ARB_OK && p < end;) {
        const char *const newline = memchr(p, '\n', (size_t)(end - p));
        const char *const stop = newline == NULL ? end : newline;
        rc = take_cryptofeed(loading, (struct arb_bytes){ p, (size_t)(stop - p) });
        p = stop + 1;
    }
    return rc;
}

/* Digits of Bitstamp's pairs come from their recorded books. */
static void learn_from_bodies(struct recording *recording)
{
    static const char prefix[] = "/api/v2/order_book/";
    const size_t skip = sizeof(prefix) - 1;

    for (size_t i = 0; i < recording->n_bodies; i++) {
        const struct recorded_body *const body = &recording->bodies[i];
        if (body->path.len <= skip || memcmp(body->path.data, prefix, skip) != 0) {
            continue;
        }
        struct arb_bytes market = { body->path.data + skip, body->path.len - skip };
        market.len -= market.data[market.len - 1] == '/';
        const uint32_t found = arb_symbol_find(&recording->instruments.by_market, market);
        const struct arb_bytes level = text_after(body->text, "[[", "]");
        const struct arb_bytes px = text_after(level, "\"", "\"");
        const struct arb_bytes qty = text_after(level, ", \"", "\"");
        if (found != ARB_NO_INSTRUMENT) {
            learn_digits(&recording->instruments.items[found], px, qty);
        }
    }
}

/* Reads a whole file and terminates it. */
static char *read_file(const char *path, size_t *len, struct err *err)
{
    FILE *const file = fopen(path, "rb");
    char *text = NULL;
    long size = -1;

    if (file != NULL && fseek(file, 0, SEEK_END) == 0) {
        size = ftell(file);
        rewind(file);
    }
    if (size >= 0 && size <= RECORDING_FILE_MAX) {
        text = malloc((size_t)size + 1);
    }
    if (text != NULL && fread(text, 1, (size_t)size, file) == (size_t)size) {
        text[size] = '\0';
        *len = (size_t)size;
    } else {
        free(text);
        text = NULL;
        (void)err_set(err, ARB_EINVAL, "%s: cannot be read, or is larger than %d bytes", path,
                      RECORDING_FILE_MAX);
    }
    if (file != NULL) {
        (void)fclose(file); /* only read from */
    }
    return text;
}

static int load_file(struct loading *loading, bool is_kraken, const char *path)
{
    struct recording *const recording = loading->recording;
    char **const files = one_more(recording->files, recording->n_files, sizeof(*files));
    size_t len = 0;

    if (files == NULL) {
        return err_set(loading->err, ARB_ENOMEM, "%s: no memory", path);
    }
    recording->files = files;
    char *const text = read_file(path, &len, loading->err);
    if (text == NULL) {
        return ARB_EINVAL;
    }
    recording->files[recording->n_files++] = text;
    const int rc = is_kraken ? load_cbcap(loading, text, len) : load_cryptofeed(loading, text, len);
    if (rc != ARB_OK) {
        (void)err_prefix(loading->err, "%s: ", path);
    }
    return rc;
}

static int by_time(const void *x, const void *y)
{
    const struct recorded_frame *const a = x, *const b = y;
    if (a->at_ns != b->at_ns) {
        return a->at_ns < b->at_ns ? -1 : 1;
    }
    return a->text.data < b->text.data ? -1 : a->text.data > b->text.data; /* as they were read */
}

int recording_load(struct recording *recording, const char *venue, char *const *paths, size_t n,
                   struct err *err)
{
    struct loading loading = { .recording = recording, .err = err };
    const bool is_kraken = strcmp(venue, "kraken") == 0;

    for (size_t i = 0; i < n; i++) {
        const int rc = load_file(&loading, is_kraken, paths[i]);
        if (rc != ARB_OK) {
            recording_fini(recording);
            return rc;
        }
    }
    if (recording->n_frames == 0 || recording->instruments.n == 0) {
        recording_fini(recording);
        return err_set(err, ARB_EINVAL, "%s holds no frames of %s", paths[0], venue);
    }
    learn_from_bodies(recording);
    qsort(recording->frames, recording->n_frames, sizeof(*recording->frames), by_time);
    const int64_t first_ns = recording->frames[0].at_ns;
    for (size_t i = 0; i < recording->n_frames; i++) {
        recording->frames[i].at_ns -= first_ns;
    }
    return ARB_OK;
}

void recording_fini(struct recording *recording)
{
    for (size_t i = 0; i < recording->n_files; i++) {
        free(recording->files[i]);
    }
    free(recording->files);
    free(recording->frames);
    free(recording->bodies);
    recording->files = NULL;
    recording->frames = NULL;
    recording->bodies = NULL;
    recording->n_files = recording->n_frames = recording->n_bodies = 0;
    instruments_fini(&recording->instruments);
}

static size_t len_without_slash(const char *path, size_t len)
{
    return len > 0 && path[len - 1] == '/' ? len - 1 : len;
}

const struct arb_bytes *recording_body(const struct recording *recording, const char *path)
{
    const size_t len = len_without_slash(path, strlen(path));

    for (size_t i = 0; i < recording->n_bodies; i++) {
        const struct arb_bytes recorded = recording->bodies[i].path;
        if (len_without_slash(recorded.data, recorded.len) == len &&
            memcmp(recorded.data, path, len) == 0) {
            return &recording->bodies[i].text;
        }
    }
    return NULL;
}

void player_start(struct player *player, uint32_t client, int64_t now_ns)
{
    if (!player->cursors[client].is_playing) {
        player->cursors[client].is_playing = true;
        player->cursors[client].started_ns = now_ns + PLAYER_DELAY_MS * NS_PER_MS;
        player->cursors[client].next = 0;
    }
}

void player_stop(struct player *player, uint32_t client)
{
    player->cursors[client].is_playing = false;
}

static int64_t due_ns(const struct player *player, uint32_t client)
{
    const size_t next = player->cursors[client].next;

    if (!player->cursors[client].is_playing || next >= player->recording->n_frames) {
        return INT64_MAX;
    }
    const int64_t after_ns = player->speed_percent == 0 ? 0
                                                        : player->recording->frames[next].at_ns /
                                                              player->speed_percent * 100;
    return player->cursors[client].started_ns + after_ns;
}

static uint32_t first_client(const struct player *player, int64_t *at_ns)
{
    uint32_t first = 0;

    *at_ns = INT64_MAX;
    for (uint32_t id = 0; player->recording != NULL && id < RECORDING_CLIENTS_MAX; id++) {
        const int64_t client_ns = due_ns(player, id);
        if (client_ns < *at_ns) {
            *at_ns = client_ns;
            first = id;
        }
    }
    return first;
}

int64_t player_next_ns(const struct player *player)
{
    int64_t at_ns;
    (void)first_client(player, &at_ns);
    return at_ns;
}

const struct recorded_frame *player_take(struct player *player, int64_t now_ns, uint32_t *client)
{
    int64_t at_ns;
    *client = first_client(player, &at_ns);
    if (at_ns > now_ns) {
        return NULL;
    }
    return &player->recording->frames[player->cursors[*client].next++];
}
