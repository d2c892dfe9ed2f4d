/*
 * cross_check.h - a book made of deltas against the best levels that a second channel shows.
 *
 * The two are published at different moments, so one frame that differs proves nothing. A level of
 * ours that no delta has named and every frame has contradicted for CROSS_CHECK_PATIENCE_NS, longer
 * than any delta takes, is wrong: a delta was lost, or the snapshot held a level that the stream
 * never retracts. It is to be set to what the frame says, when that has lasted: a quantity that
 * comes and goes between two deltas is told by none.
 *
 * Frames may be lost as well, or come late. So a level that a delta names is above suspicion: what
 * the delta says of it was said by the venue. And without a further frame the latest one is
 * believed only as long as the book agrees with it everywhere else: where the deltas have led the
 * book away from it, it shows what was, and only the next one tells.
 */
#ifndef ARB_CROSS_CHECK_H
#define ARB_CROSS_CHECK_H

#include "arbspot/types.h"
#include "book/book.h"
#include "util/clock.h"

/*
 * Levels of one book that a frame contradicts, best first. A market that moves on while deltas are
 * lost leaves none of the best levels right: with 100 levels a side in a frame as many are missing,
 * and mostly no more are left over. What finds no room waits for CROSS_CHECK_PATIENCE_NS again.
 */
enum { CROSS_CHECK_SUSPECTS_MAX = 512 };

#define CROSS_CHECK_PATIENCE_NS (3 * NS_PER_S)
#define CROSS_CHECK_LASTING_NS (1 * NS_PER_S)

/* A level where the book and a frame differ. */
struct suspect {
    int64_t px, ours, theirs;
    int64_t since_ns; /* mono: it differs */
    int64_t lasts_ns; /* mono: since when theirs is the same */
    bool is_bid;
    bool is_hidden; /* behind the last level of the latest frame: no news of it */
};

/* Zeroed memory is ready; allocated with the first suspect that is entered. */
struct cross_check {
    struct suspect *list; /* [CROSS_CHECK_SUSPECTS_MAX], or NULL */
    uint32_t n;
    uint32_t n_unlisted;     /* levels that the latest frame contradicts and that had no room */
    struct arb_level *shown; /* [n_bids + n_asks] by the latest frame that contradicts any */
    uint32_t n_bids, n_asks, cap;
    bool are_all_bids, are_all_asks; /* what it does not show is not there */
    bool is_outdated;                /* the deltas have led the book away from it */
};

void cross_check_fini(struct cross_check *check);
static inline void cross_check_forget(struct cross_check *check)
{
    check->n = 0;
}

/* Is each side best first? */
bool cross_check_is_sorted(const struct arb_book_event *frame);

/*
 * Compares `book` with a frame of the best levels, each side best first and sorted. A side with
 * fewer levels than `frame_levels` shows all there is. Levels that have differed for long enough
 * are written to `heal`, with the quantity that the frame gives (0: remove), and forgotten; returns
 * how many bids, and through `n_asks` how many asks behind them. ARB_EPROTO: the frame is not
 * sorted. ARB_ENOMEM.
 */
int cross_check_frame(struct cross_check *check, const struct book *book,
                      const struct arb_book_event *frame, uint32_t frame_levels, int64_t mono_ns,
                      struct arb_level *heal, uint32_t *n_bids, uint32_t *n_asks);

/* A delta is in the book: the levels that it names are no suspects. */
void cross_check_clear(struct cross_check *check, const struct arb_book_event *delta);
static inline void cross_check_delta(struct cross_check *check, const struct arb_book_event *delta)
{
    if (check->n > 0) {
        cross_check_clear(check, delta);
    }
}

/* As cross_check_frame(), without one: time went by, and the book may have changed. */
void cross_check_time(struct cross_check *check, const struct book *book, int64_t mono_ns,
                      struct arb_level *heal, uint32_t *n_bids, uint32_t *n_asks);

/* When cross_check_time() may have something to say (mono), or NEVER_NS. */
int64_t cross_check_due_ns(const struct cross_check *check);

#endif /* ARB_CROSS_CHECK_H */
