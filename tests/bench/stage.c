#include "stage.h"

#include <stdlib.h>
#include <string.h>

#include "util/clock.h"

#define PAUSE_NS NS_PER_S /* between the end of the recording and its repetition */

int stage_init(struct stage *stage, struct dataset *dataset, struct outlet *outlet, struct err *err)
{
    *stage = (struct stage){ .dataset = dataset, .replay = calloc(1, sizeof(*stage->replay)) };
    if (stage->replay == NULL || replay_init(stage->replay, &dataset->recording) != ARB_OK) {
        return err_set(err, ARB_ENOMEM, "no memory for a replay");
    }
    const struct feed_config config = { .plugin = &dataset->plugin,
                                        .exchange = &dataset->exchange,
                                        .config = &dataset->config,
                                        .session = 1,
                                        .io = &replay_io,
                                        .io_context = stage->replay };
    int rc = feed_create(&stage->feed, &config, err);
    if (rc != ARB_OK) {
        return rc;
    }
    stage->replay->feed = stage->feed;
    if (outlet != NULL) {
        rc = feed_add_outlet(stage->feed, outlet);
    }
    return rc == ARB_OK ? feed_start(stage->feed, replay_start_ns(stage->replay), err) : rc;
}

void stage_fini(struct stage *stage)
{
    feed_destroy(stage->feed);
    if (stage->replay != NULL) {
        replay_fini(stage->replay);
    }
    free(stage->replay);
    *stage = (struct stage){ 0 };
}

/* The recording happens again, later. */
static void shift_times(struct recording *recording)
{
    const int64_t first_ns = recording->records[0].ns;
    const int64_t span_ns = recording->records[recording->n - 1].ns - first_ns + PAUSE_NS;

    for (size_t i = 0; i < recording->n; i++) {
        recording->records[i].ns += span_ns;
    }
}

static void start_over(struct stage *stage)
{
    struct replay *const replay = stage->replay;
    struct recording *const recording = &stage->dataset->recording;

    shift_times(recording);
    replay->now_ns = replay_start_ns(replay);
    feed_on_close(stage->feed, 0, replay->now_ns, "rewound");
    replay->at = 0;
    replay->n_requests = 0;
    memset(replay->served, 0, recording->n * sizeof(*replay->served));
    replay->wants_close[0] = false;
    replay->wants_open[0] = true;
}

void stage_rewind(struct stage *stage, size_t begin)
{
    struct replay *const replay = stage->replay;

    if (replay->at > 0) {
        start_over(stage);
    }
    replay->now_ns = replay_start_ns(replay); /* which other stages may have shifted */
    while (replay->at < begin && replay_step(replay)) {
        /* record after record */
    }
}

static uint64_t mix(uint64_t hash, const struct arb_level *levels, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        hash = (hash ^ (uint64_t)levels[i].px) * UINT64_C(0x9e3779b97f4a7c15);
        hash = (hash ^ hash >> 29 ^ (uint64_t)levels[i].qty) * UINT64_C(0xbf58476d1ce4e5b9);
    }
    return hash ^ n;
}

uint64_t stage_fingerprint(const struct stage *stage)
{
    uint64_t hash = 1;

    for (uint32_t i = 0; i < feed_n_instruments(stage->feed); i++) {
        const struct arb_book book = feed_book(stage->feed, i);
        hash = mix(mix(hash, book.bids, book.n_bids), book.asks, book.n_asks);
    }
    return hash;
}

bool stage_is_live(const struct stage *stage)
{
    return feed_count_in_state(stage->feed, ARB_BOOK_LIVE) == feed_n_instruments(stage->feed);
}
