/*
 * stage.h - a session in front of a data set that can be rewound and played again.
 *
 * Rewinding closes the session's connection, opens it again and plays what stands before the
 * updates to be measured: subscriptions, snapshots, seeds. The same session goes on, so that its
 * memory is warm; its clock goes forward only.
 *
 * The session has a board to itself, as that of a venue with one session has.
 */
#ifndef ARB_BENCH_STAGE_H
#define ARB_BENCH_STAGE_H

#include "dataset.h"
#include "replay/replay.h"
#include "session/state.h"
#include "venue/board.h"

/* The updates to be measured: a stretch of the recording in which every book is LIVE. */
struct script {
    size_t begin;               /* records before this one are the preamble */
    struct arb_message *frames; /* [n] messages that are updates */
    size_t n;
    size_t n_bytes;
    uint64_t n_levels; /* in these updates */
};

struct stage {
    struct dataset *dataset;
    struct board *board;
    struct session *session;
    struct replay *replay; /* its clock is the stage's */
};

/* `outlet` is borrowed, or NULL. fini either way. */
int stage_init(struct stage *stage, struct dataset *dataset, struct outlet *outlet,
               struct err *err);
void stage_fini(struct stage *stage);

/* Plays up to record `begin`. The first time from the start as well. */
void stage_rewind(struct stage *stage, size_t begin);

/* A message at the stage's time, all the way. */
void stage_say(struct stage *stage, const struct arb_message *frame);

/* A number that differs, as good as surely, when any level of any book does. */
uint64_t stage_fingerprint(const struct stage *stage);

bool stage_is_live(const struct stage *stage);

#endif /* ARB_BENCH_STAGE_H */
