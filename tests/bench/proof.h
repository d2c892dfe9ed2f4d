/*
 * proof.h - shows that a data set is read right, and finds the updates to measure with.
 *
 * Without it a figure would say how fast a wrong book can be made.
 */
#ifndef ARB_BENCH_PROOF_H
#define ARB_BENCH_PROOF_H

#include "stage.h"

struct proof {
    struct session_stats stats; /* of the whole recording, once through */
    uint32_t n_books;
    struct script script;
    uint64_t fingerprint; /* of all books behind the script's last update */
};

/*
 * Plays the whole recording, then the script alone. ARB_EPROTO, with the reason, unless every
 * checksum matched, nothing was refused, and every book is LIVE at the end of both. fini
 * either way; zeroed memory is accepted.
 */
int proof_run(struct proof *proof, struct stage *stage, struct err *err);
void proof_fini(struct proof *proof);

/* True when the stage, having played the script, has the books that were proven. */
bool proof_holds(const struct proof *proof, const struct stage *stage);

#endif /* ARB_BENCH_PROOF_H */
