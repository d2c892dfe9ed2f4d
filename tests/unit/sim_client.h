/*
 * sim_client.h - a deliberately naive client of the simulator's venues, for tests.
 *
 * It keeps levels as the text the venue sent, finds them by walking through all of them, and
 * computes checksums bit by bit: slow, and nothing shared with what it checks.
 */
#ifndef ARB_TEST_SIM_CLIENT_H
#define ARB_TEST_SIM_CLIENT_H

#include <cjson/cJSON.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arbspot/json.h"
#include "world.h"

enum { NAIVE_LEVELS_MAX = 4096, NAIVE_TEXT_MAX = 32, NAIVE_SCALE = 10 };

struct naive_level {
    char px[NAIVE_TEXT_MAX], qty[NAIVE_TEXT_MAX];
    int64_t px_value, qty_value; /* in 10^-NAIVE_SCALE and 10^-8 */
};

struct naive_side {
    struct naive_level levels[NAIVE_LEVELS_MAX]; /* best first */
    size_t n;
    bool highest_first;
};

struct naive_book {
    struct naive_side bids, asks;
    size_t unknown_deletes;
};

static inline void naive_clear(struct naive_book *book)
{
    book->bids.n = book->asks.n = 0;
    book->bids.highest_first = true;
    book->asks.highest_first = false;
}

static inline int64_t naive_value(struct arb_bytes text, unsigned scale)
{
    int64_t value = 0;
    assert_int_equal(arb_decimal_parse(text, scale, &value, NULL), ARB_OK);
    return value;
}

static inline void naive_copy(char *to, struct arb_bytes text)
{
    assert_true(text.len < NAIVE_TEXT_MAX);
    memcpy(to, text.data, text.len);
    to[text.len] = '\0';
}

static inline void naive_set(struct naive_book *book, struct naive_side *side, struct arb_bytes px,
                             struct arb_bytes qty)
{
    const int64_t value = naive_value(px, NAIVE_SCALE), amount = naive_value(qty, 8);
    size_t at = 0;

    while (at < side->n && side->levels[at].px_value != value) {
        at++;
    }
    if (at < side->n) {
        side->n--;
        memmove(&side->levels[at], &side->levels[at + 1], (side->n - at) * sizeof(side->levels[0]));
    } else {
        book->unknown_deletes += amount == 0;
    }
    if (amount == 0) {
        return;
    }
    assert_true(side->n < NAIVE_LEVELS_MAX);
    for (at = side->n; at > 0 && (side->levels[at - 1].px_value < value) == side->highest_first;
         at--) {
        side->levels[at] = side->levels[at - 1];
    }
    naive_copy(side->levels[at].px, px);
    naive_copy(side->levels[at].qty, qty);
    side->levels[at].px_value = value;
    side->levels[at].qty_value = amount;
    side->n++;
}

static inline void naive_cut(struct naive_side *side, size_t depth)
{
    side->n = side->n < depth ? side->n : depth;
}

static inline uint32_t naive_crc_text(uint32_t crc, const char *text)
{
    const char *p = text;
    bool leading = true;

    for (; *p != '\0'; p++) {
        leading = leading && (*p == '0' || *p == '.');
        if (leading || *p == '.') {
            continue;
        }
        crc ^= (unsigned char)*p;
        for (int bit = 0; bit < 8; bit++) {
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320U : crc >> 1;
        }
    }
    return crc;
}

static inline uint32_t naive_crc(const struct naive_book *book)
{
    const struct naive_side *const sides[] = { &book->asks, &book->bids };
    uint32_t crc = UINT32_MAX;

    for (size_t s = 0; s < 2; s++) {
        for (size_t i = 0; i < sides[s]->n && i < 10; i++) {
            crc = naive_crc_text(crc, sides[s]->levels[i].px);
            crc = naive_crc_text(crc, sides[s]->levels[i].qty);
        }
    }
    return ~crc;
}

/* True when the naive side and the first `depth` levels of the model's are the same. */
static inline bool naive_equals(const struct naive_side *side, const struct ladder *ladder,
                                const struct sim_instrument *instrument, size_t depth)
{
    const size_t n = ladder->n < depth ? ladder->n : depth;
    if (side->n != n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (side->levels[i].px_value !=
                ladder->levels[i].px * arb_pow10(NAIVE_SCALE - (unsigned)instrument->px_digits) ||
            side->levels[i].qty_value !=
                ladder->levels[i].qty * arb_pow10(8U - instrument->qty_digits)) {
            return false;
        }
    }
    return true;
}

/* Applies [{"price":1,"qty":2},...]. */
static inline void naive_kraken_levels(struct arb_json *json, struct naive_book *book,
                                       struct naive_side *side)
{
    struct arb_bytes key, px = { "", 0 }, qty = { "", 0 };

    arb_json_array(json);
    while (arb_json_next(json)) {
        arb_json_object(json);
        while (arb_json_key(json, &key)) {
            arb_json_number(json, arb_bytes_are(key, "price") ? &px : &qty);
        }
        naive_set(book, side, px, qty);
    }
}

struct naive_kraken_frame {
    bool is_book, is_snapshot;
    char symbol[ARB_SYMBOL_MAX];
    uint32_t checksum; /* as the venue states it */
};

/* Reads one element of a book frame's data into the book. */
static inline void naive_kraken_data(struct arb_json *json, struct naive_book *book,
                                     struct naive_kraken_frame *frame)
{
    struct arb_bytes key, text;
    uint64_t checksum = 0;

    arb_json_object(json);
    while (arb_json_key(json, &key)) {
        if (arb_bytes_are(key, "bids")) {
            naive_kraken_levels(json, book, &book->bids);
        } else if (arb_bytes_are(key, "asks")) {
            naive_kraken_levels(json, book, &book->asks);
        } else if (arb_bytes_are(key, "checksum")) {
            arb_json_u64(json, &checksum);
        } else if (arb_bytes_are(key, "symbol") && arb_json_string(json, &text)) {
            naive_copy(frame->symbol, text);
        } else {
            arb_json_skip(json);
        }
    }
    frame->checksum = (uint32_t)checksum;
}

/* Applies a Kraken frame to the book it is for, without cutting; other frames do nothing. */
static inline struct naive_kraken_frame naive_kraken(struct naive_book *book, struct arb_bytes text)
{
    static const char head[] = "{\"channel\":\"book\",\"type\":\"";
    struct naive_kraken_frame frame = { 0 };
    struct arb_json json = arb_json_over(text);
    struct arb_bytes key, value;

    if (text.len < sizeof(head) || memcmp(text.data, head, sizeof(head) - 1) != 0) {
        return frame;
    }
    frame.is_book = true;
    arb_json_object(&json);
    while (arb_json_key(&json, &key)) {
        if (arb_bytes_are(key, "type") && arb_json_string(&json, &value)) {
            frame.is_snapshot = arb_bytes_are(value, "snapshot");
            if (frame.is_snapshot) {
                naive_clear(book);
            }
        } else if (arb_bytes_are(key, "data")) {
            arb_json_array(&json);
            while (arb_json_next(&json)) {
                naive_kraken_data(&json, book, &frame);
            }
        } else {
            arb_json_skip(&json);
        }
    }
    assert_true(arb_json_end(&json));
    return frame;
}

/* Applies [["1","2"],...]. */
static inline void naive_bitstamp_levels(const cJSON *levels, struct naive_book *book,
                                         struct naive_side *side)
{
    const cJSON *level;
    cJSON_ArrayForEach(level, levels)
    {
        const char *const px = cJSON_GetStringValue(cJSON_GetArrayItem(level, 0));
        const char *const qty = cJSON_GetStringValue(cJSON_GetArrayItem(level, 1));
        naive_set(book, side, (struct arb_bytes){ px, strlen(px) },
                  (struct arb_bytes){ qty, strlen(qty) });
    }
}

/* Applies a book frame's data or a REST body; returns its microtimestamp. */
static inline int64_t naive_bitstamp(struct naive_book *book, const cJSON *data)
{
    const char *const stamp =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(data, "microtimestamp"));
    naive_bitstamp_levels(cJSON_GetObjectItemCaseSensitive(data, "bids"), book, &book->bids);
    naive_bitstamp_levels(cJSON_GetObjectItemCaseSensitive(data, "asks"), book, &book->asks);
    return strtoll(stamp, NULL, 10);
}

/* A world for tests: a start in 2026, both venues, usual fees. */
static inline struct world_config test_world(const struct instrument_list *instruments,
                                             struct world_outlet outlet)
{
    return (struct world_config){
        .instruments = instruments,
        .n_venues = 2,
        .venues = { "kraken", "bitstamp" },
        .fees_ppm = { 2600, 3000 },
        .seed = 7,
        .start_ns = INT64_C(1785552832000000000),
        .depth = 100,
        .rate_per_s = 20,
        .divergence_every_ms = 4000,
        .outlet = outlet,
    };
}

static inline struct instrument_list *test_instruments(const char *text)
{
    struct instrument_list *const list = calloc(1, sizeof(*list));
    assert_non_null(list);
    assert_int_equal(instrument_list_parse(list, text, NULL), ARB_OK);
    return list;
}

static inline void test_instruments_free(struct instrument_list *list)
{
    instrument_list_fini(list);
    free(list);
}

/* Sends a client's text to a venue. */
static inline void test_say(struct world *world, uint32_t venue, int64_t now_ns, const char *text)
{
    struct sim_venue *const model = world_venue(world, venue);
    model->ops->on_text(model, 0, now_ns, (struct arb_bytes){ text, strlen(text) });
}

static inline void test_connect(struct world *world, uint32_t venue, int64_t now_ns)
{
    struct sim_venue *const model = world_venue(world, venue);
    model->ops->on_connect(model, 0, now_ns);
}

#endif /* ARB_TEST_SIM_CLIENT_H */
