/*
 * load.h - what is done when this host is too slow for a venue's books, and when it is undone.
 *
 * A controller without a clock or a venue: it is told how far the host is behind, and says how far
 * to go. The measures, in this order, each only when the one before was not enough:
 *
 *   SKIP      of messages that are whole books only the newest of each book is read
 *   CONFLATE  changes are applied to the books, and sent as one whole book now and then
 *   SHED      fewer books are kept
 *
 * How many books are kept follows from how fast the host falls behind: it falls behind by the part
 * of the time that it lacks. After each step the backlog is given time to go away. What is kept
 * when the lag stays small is the stable set, and is said once. Some while later more are tried:
 * twice as many as long as that goes well, and once it did not, half way to what was too many.
 * Every attempt that fails doubles the pause before the next, up to a quarter of an hour, so there
 * are few of them: LOAD_CHANGES_MAX in the first hour under a load that stays the same.
 */
#ifndef ARB_LOAD_H
#define ARB_LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "util/clock.h"

enum { LOAD_CHANGES_MAX = 20 };

#define LOAD_LIMIT_NS (500 * NS_PER_MS)   /* without max_lag; else a quarter of it */
#define LOAD_OVER_NS (1 * NS_PER_S)       /* above the limit for so long: books are given up */
#define LOAD_SETTLE_NS (2 * NS_PER_S)     /* for the backlog to begin to shrink after that */
#define LOAD_DRAIN_MAX_NS (20 * NS_PER_S) /* and at most to be gone */
#define LOAD_FLAT_MAX_NS                                                                           \
    (6 * NS_PER_S) /* while it neither shrinks nor grows: the rest waits at the venue */
#define LOAD_STABLE_NS (5 * NS_PER_S)      /* small for so long: what is kept is the stable set */
#define LOAD_TRIAL_NS (10 * NS_PER_S)      /* so long more books have to be carried */
#define LOAD_TRIAL_MAX_NS (120 * NS_PER_S) /* and so long where some are never asked for */
#define LOAD_RELAPSE_NS                                                                            \
    (600 * NS_PER_S) /* more books that were too many within that time: so were they */
#define LOAD_PAUSE_MIN_NS (60 * NS_PER_S)
#define LOAD_PAUSE_MAX_NS (900 * NS_PER_S)
#define LOAD_HELD_MAX_NS (10 * NS_PER_S) /* no book could be added for so long: there is no room   \
                                          */
#define LOAD_RELAX_MIN_NS (2 * NS_PER_S) /* calm for so long: one measure less */
#define LOAD_RELAX_MAX_NS (300 * NS_PER_S)

enum load_level { LOAD_CALM = 1, LOAD_SKIP = 2, LOAD_CONFLATE = 3 };

/* What changed. */
enum load_news {
    LOAD_NO_NEWS = 0,
    LOAD_LEVEL = 1, /* `level` or `is_held` */
    LOAD_FEWER = 2, /* `keep`: books are given up */
    LOAD_MORE = 3,  /* `keep`: more are tried */
    LOAD_STABLE = 4,
    LOAD_WHOLE = 5, /* all books are kept again */
};

struct load_sample {
    int64_t lag_ns;   /* what is processed came so long ago */
    int64_t busy_ns;  /* there was always something more to read, for so long */
    uint64_t unread;  /* bytes that wait */
    uint32_t n_books; /* that are configured */
    uint32_t n_asked; /* of these asked for so far */
};

struct load {
    int64_t limit_ns;
    bool may_shed;
    uint8_t level; /* enum load_level */
    bool is_held;  /* no book is to be added meanwhile */
    uint32_t keep; /* so many books; UINT32_MAX: all there are */
    uint32_t good; /* before the last trial; 0: nothing is to be gone back to */
    uint32_t bad;  /* so many were too many; 0: not known */
    bool is_trial, is_said;
    bool is_growing;         /* the last trial went well, and nothing is known to be too many */
    struct load_sample seen; /* the last one */
    int64_t lag_ns;          /* the larger of what was measured and what it comes to */
    int64_t worst_ns;        /* ever */
    int64_t level_ns;        /* since when the level is what it is */
    int64_t over_ns;         /* since when the lag is above the limit; NEVER_NS: it is not */
    int64_t calm_ns;         /* since when it is small; NEVER_NS: it is not */
    int64_t small_ns;        /* since when it is below half the limit; NEVER_NS: it is not */
    int64_t held_ns;         /* since when no book is added; NEVER_NS: they are */
    int64_t keep_ns;         /* when `keep` was changed */
    int64_t next_ns;         /* no step before */
    int64_t probe_ns;        /* when more are tried; NEVER_NS: all are kept */
    int64_t pause_ns, relax_ns;
    int64_t grown_ns;               /* when a trial went well last */
    int64_t relaxed_ns;             /* when a measure was ended last */
    int64_t slope_ns, slope_lag_ns; /* where the growth of the lag is measured from */
    int64_t slope_seen_ns;          /* that of the age that was measured */
    uint64_t slope_unread;          /* and that of what waits */
    uint32_t n_changes;             /* of `keep` */
};

/* `max_lag_ns` 0: there is none. */
void load_init(struct load *load, int64_t max_lag_ns, bool may_shed);

/* Often enough to see the limit passed, every 10 ms or so. enum load_news. */
enum load_news load_look(struct load *load, int64_t now_ns, const struct load_sample *sample);

/* How many books it keeps of `n`. */
static inline uint32_t load_keeps(const struct load *load, uint32_t n)
{
    return load->keep < n ? load->keep : n;
}

#endif /* ARB_LOAD_H */
