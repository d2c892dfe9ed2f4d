#include "generated.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kraken_frames.h"
#include "prng.h"
#include "util/clock.h"

enum {
    LEVELS = GENERATED_DEPTH_MAX + 1000, /* a side; more come and go than anyone sees */
    BUSY_RANKS = 10,                     /* updates are among the best levels */
    GAP_MAX = 20,                        /* ticks between levels */
    QTY_MAX = 100000000,
    MIDDLE = 633887, /* in ticks */
    SEED = 7,
    INTERVAL_NS = 10000000,
    FRAME_MAX = KRAKEN_FRAME_BASE + 2 * GENERATED_DEPTH_MAX * KRAKEN_LEVEL_LEN,
    UPDATE_LEN = 512, /* on average no update is longer */
    STREAM_MAX = FRAME_MAX + GENERATED_UPDATES * UPDATE_LEN,
};
#define START_NS INT64_C(1785641750000000000)

struct maker {
    struct prng prng;
    struct sim_book now, told; /* the market, and what the subscriber was told */
    uint32_t depth;
    int64_t ns;
    struct recording *recording;
    struct arb_text text; /* all frames one behind the other */
};

struct sim_instrument generated_instrument(void)
{
    return (struct sim_instrument){
        .symbol = "BTC/USD", .base = "BTC", .quote = "USD", .px_digits = 1, .qty_digits = 8
    };
}

void generated_put(struct arb_text *text, const struct generated_frame *frame,
                   const struct sim_book *after)
{
    const struct sim_instrument instrument = generated_instrument();
    const struct kraken_book_frame book = {
        .type = frame->type,
        .instrument = &instrument,
        .bids = frame->bids,
        .asks = frame->asks,
        .n_bids = frame->n_bids,
        .n_asks = frame->n_asks,
        .checksum = kraken_checksum(after),
        .changed_ns = START_NS,
    };
    kraken_put_book(text, &book);
}

static int64_t away_from(const struct ladder *side, int64_t px, int64_t ticks)
{
    return side->highest_first ? px - ticks : px + ticks;
}

static int64_t draw_qty(struct maker *maker)
{
    return prng_between(&maker->prng, 1, QTY_MAX);
}

static void fill(struct maker *maker, struct ladder *side)
{
    while (side->n < LEVELS) {
        const int64_t from = side->n == 0 ? MIDDLE : side->levels[side->n - 1].px;
        const int64_t px = away_from(side, from, prng_between(&maker->prng, 1, GAP_MAX));
        ladder_set(side, (struct arb_level){ px, draw_qty(maker) });
    }
}

/* Mostly another quantity; as often a level goes as one comes into a gap. */
static void change(struct maker *maker, struct ladder *side)
{
    const int64_t one = prng_below(&maker->prng, BUSY_RANKS);
    const int64_t other = prng_below(&maker->prng, BUSY_RANKS);
    const int64_t rank = one < other ? one : other;
    const int64_t kind = prng_below(&maker->prng, 5);
    struct arb_level level = { side->levels[rank].px, draw_qty(maker) };

    if (kind == 0) {
        level.qty = 0;
    } else if (kind == 1) {
        level.px = away_from(side, level.px, 1);
    }
    ladder_set(side, level);
}

static int add_frame(struct maker *maker, size_t from)
{
    struct recording *const recording = maker->recording;

    if (!arb_text_fits(&maker->text)) {
        return ARB_ELIMIT;
    }
    recording->records[recording->n++] = (struct record){
        .kind = RECORD_MESSAGE,
        .ns = maker->ns,
        .data = { maker->text.data + from, maker->text.len - from },
    };
    maker->ns += INTERVAL_NS;
    return ARB_OK;
}

static int add_snapshot(struct maker *maker)
{
    const struct generated_frame frame = { .type = "snapshot",
                                           .bids = maker->now.bids.levels,
                                           .asks = maker->now.asks.levels,
                                           .n_bids = maker->depth,
                                           .n_asks = maker->depth };
    generated_put(&maker->text, &frame, &maker->now);
    sim_book_copy(&maker->told, &maker->now);
    return add_frame(maker, 0);
}

static int add_update(struct maker *maker)
{
    struct arb_level bids[2 * GENERATED_DEPTH_MAX], asks[2 * GENERATED_DEPTH_MAX];
    const size_t from = maker->text.len;

    change(maker, prng_once_in(&maker->prng, 2) ? &maker->now.bids : &maker->now.asks);
    const struct generated_frame frame = {
        .type = "update",
        .bids = bids,
        .asks = asks,
        .n_bids = ladder_diff(&maker->told.bids, &maker->now.bids, maker->depth, bids),
        .n_asks = ladder_diff(&maker->told.asks, &maker->now.asks, maker->depth, asks),
    };
    generated_put(&maker->text, &frame, &maker->now);
    sim_book_copy(&maker->told, &maker->now);
    return add_frame(maker, from);
}

/* The recording owns the text and the records from here on. */
static int make_room(struct maker *maker)
{
    struct recording *const recording = maker->recording;
    char *const text = malloc(STREAM_MAX);

    recording->files = calloc(1, sizeof(*recording->files));
    recording->records = calloc(GENERATED_UPDATES + 1, sizeof(*recording->records));
    if (text == NULL || recording->files == NULL || recording->records == NULL) {
        free(text);
        return ARB_ENOMEM;
    }
    recording->files[recording->n_files++] = text;
    recording->cap = GENERATED_UPDATES + 1;
    maker->text = arb_text_over(text, STREAM_MAX);
    return ARB_OK;
}

static int make(struct maker *maker)
{
    int rc = make_room(maker);

    if (rc == ARB_OK) {
        rc = sim_book_init(&maker->now, LEVELS);
    }
    if (rc == ARB_OK) {
        rc = sim_book_init(&maker->told, LEVELS);
    }
    if (rc != ARB_OK) {
        return rc;
    }
    fill(maker, &maker->now.bids);
    fill(maker, &maker->now.asks);
    rc = add_snapshot(maker);
    for (int i = 0; i < GENERATED_UPDATES && rc == ARB_OK; i++) {
        rc = add_update(maker);
    }
    return rc;
}

int generate_stream(struct recording *recording, uint32_t depth, struct err *err)
{
    struct maker maker = {
        .prng = prng_seeded(SEED, 1), .depth = depth, .ns = START_NS, .recording = recording
    };
    const int rc = make(&maker);

    sim_book_fini(&maker.now);
    sim_book_fini(&maker.told);
    return rc == ARB_OK ? ARB_OK : err_set(err, rc, "no memory for a stream of depth %u", depth);
}
