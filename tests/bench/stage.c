#include "stage.h"

#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "venue/lone_session.h"

enum {
    ANSWER_MS = 60000, /* for what was recorded before it was asked for, or not at all */
};
#define PAUSE_NS NS_PER_S /* between the end of the recording and its repetition */

/* -- life --------------------------------------------------------------------------------- */

static int make_session(struct stage *stage, struct err *err)
{
    struct dataset *const dataset = stage->dataset;
    const struct session_config config = { .plugin = &dataset->plugin,
                                           .exchange = &dataset->exchange,
                                           .config = &dataset->config,
                                           .port = replay_port(stage->replay),
                                           .sink = &lone_session_sink,
                                           .sink_context = stage->board,
                                           .is_unpaced = true };
    const int rc = session_create(&stage->session, &config, err);

    if (rc == ARB_OK) {
        stage->replay->session = stage->session;
    }
    return rc;
}

static int sit(struct stage *stage, struct outlet *outlet, struct err *err)
{
    int rc = lone_session_sit(stage->session, stage->board);

    if (rc == ARB_OK && outlet != NULL) {
        rc = board_add_outlet(stage->board, outlet);
    }
    return rc == ARB_OK ? ARB_OK : err_set(err, rc, "no memory for books");
}

int stage_init(struct stage *stage, struct dataset *dataset, struct outlet *outlet, struct err *err)
{
    /* One session alone never has another to distrust. */
    const struct board_config board = { .name = dataset->exchange.name, .run = 1 };

    *stage = (struct stage){ .dataset = dataset, .replay = calloc(1, sizeof(*stage->replay)) };
    if (stage->replay == NULL || replay_init(stage->replay, &dataset->recording) != ARB_OK ||
        board_create(&stage->board, &board) != ARB_OK) {
        return err_set(err, ARB_ENOMEM, "no memory for a replay");
    }
    int rc = make_session(stage, err);
    if (rc == ARB_OK) {
        rc = sit(stage, outlet, err);
    }
    if (rc == ARB_OK) {
        rc = session_start(stage->session, moment_at(replay_start_ns(stage->replay)), err);
        stage->session->plan.answer_ms = ANSWER_MS;
    }
    return rc;
}

void stage_fini(struct stage *stage)
{
    session_destroy(stage->session);
    board_destroy(stage->board);
    if (stage->replay != NULL) {
        replay_fini(stage->replay);
    }
    free(stage->replay);
    *stage = (struct stage){ 0 };
}

/* -- what happens ------------------------------------------------------------------------- */

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
    replay->conns[0] = (struct replay_conn){ .wants_dial = true };
    session_events.on_close(stage->session, 0, moment_at(replay->now_ns), "rewound");
    replay->at = 0;
    replay->n_requests = 0;
    memset(replay->served, 0, recording->n * sizeof(*replay->served));
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

void stage_say(struct stage *stage, const struct arb_message *frame)
{
    session_events.on_message(stage->session, 0, moment_at(stage->replay->now_ns), *frame);
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

    for (uint32_t i = 0; i < session_n_instruments(stage->session); i++) {
        const struct arb_book book = session_book(stage->session, i);
        hash = mix(mix(hash, book.bids, book.n_bids), book.asks, book.n_asks);
    }
    return hash;
}

bool stage_is_live(const struct stage *stage)
{
    return session_count_in_state(stage->session, ARB_BOOK_LIVE) ==
           session_n_instruments(stage->session);
}
