/*
 * generated.h - Kraken v2 frames of a market made up here, the same market at any depth.
 *
 * For comparing depths like with like: each update changes one of the best levels, which every
 * subscriber sees, so the streams have the same number of frames, of the same shape. (The
 * simulator's market, made for other purposes, changes mostly levels that only a deep
 * subscriber sees.) The writer of the frames and their checksums is the simulator's.
 */
#ifndef ARB_BENCH_GENERATED_H
#define ARB_BENCH_GENERATED_H

#include "frame.h"
#include "replay/recording.h"

enum {
    GENERATED_UPDATES = 4000,
    GENERATED_DEPTH_MAX = 1000,
};

/* One snapshot of BTC/USD and GENERATED_UPDATES updates, as seen at `depth`. */
int generate_stream(struct recording *recording, uint32_t depth, struct err *err);

/* BTC/USD, with Kraken's digits. */
struct sim_instrument generated_instrument(void);

/* Writes a book frame with the right checksum; `bids` and `asks` are best first. */
struct generated_frame {
    const char *type; /* "snapshot" or "update" */
    const struct arb_level *bids, *asks;
    uint32_t n_bids, n_asks;
};
void generated_put(struct arb_text *text, const struct generated_frame *frame,
                   const struct sim_book *after);

#endif /* ARB_BENCH_GENERATED_H */
