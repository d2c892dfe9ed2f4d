/*
 * lag.h - how old is what arrives?
 *
 * A link, a venue's gateway or a machine that falls behind loses nothing: every book is whole and
 * proven, and seconds old. For each connection by itself, four things tell:
 *
 *   Dates. What the venue dates v and what comes at m has the lag m - v: the time that it took,
 *   less how far the two clocks are apart. The smallest lag ever seen took no longer than the
 *   fastest round trip. What a lag exceeds it by, and that round trip, is the age. The smallest lag
 *   grows by what two clocks drift apart (VENUE_CLOCK_DRIFT_PPM) and by nothing else: what is late
 *   for an hour stays late.
 *
 *   Pings. A connection keeps the order, so an answer proves that all that the venue sent before
 *   it has come. While a ping is not answered, what is shown may be as old as the ping. This counts
 *   once the venue has answered any.
 *
 *   Silence. Some venues send something at a rate that is known, and all answer when asked for a
 *   sign of life. What is due and does not come makes what is shown as old as it is overdue, though
 *   pings are answered: they are by a gateway that the books may not reach.
 *
 *   Gaps. While the thread did not run nothing was read, and what the kernel kept meanwhile looks
 *   fresh when it is. Until a ping that was sent after the gap is answered all of it is late.
 *
 * A venue's clock that is set back looks like lag. But what stands in a queue was dated after what
 * left it before, so a lag grows no faster than time passes. One that jumps further, and stays,
 * while pings are answered at once, was not waiting: the smallest lag is moved by as much. A clock
 * that is set ahead makes lags smaller; several in a row are believed, for one may be damaged.
 *
 * Above half of max_lag a connection is doubtful, above it late; it is fresh again after a second
 * below half of it. All times are monotonic. One thread.
 */
#ifndef ARB_LAG_H
#define ARB_LAG_H

#include "book/event.h"
#include "util/clock.h"

enum {
    LAG_SEATS_MAX = 3,
    LAG_PINGS_MAX = 8,    /* unanswered ones that are remembered, the oldest among them */
    LAG_AHEAD_MIN = 8,    /* dates in a row that make a smaller lag credible */
    LAG_STEP_WINDOWS = 4, /* a jump has to last for so many windows to be a clock that was set */
};

#define LAG_CALM_NS (1 * NS_PER_S)     /* below half of max_lag for so long: fresh again */
#define LAG_NO_PONG_NS (60 * NS_PER_S) /* a venue that answers no ping for so long never does */
#define LAG_LOOK_NS (10 * NS_PER_MS)   /* between two looks at all connections */

enum lag_verdict {
    LAG_FRESH = 1,
    LAG_DOUBTFUL = 2, /* its books are LIVE, and suspect */
    LAG_LATE = 3,     /* its books are STALE */
};

/* The smallest lags of two short stretches of time, the present one and the one before. */
struct lag_window {
    int64_t ends_ns;  /* of the present one; 0: there is none */
    int64_t least_ns; /* INT64_MAX: nothing came */
    int64_t begins_ns;
    int64_t before_ns; /* INT64_MAX: nothing came, or too long ago */
    int64_t before_begins_ns;
};

struct lag_conn {
    struct lag_window window; /* first: each message looks at it */
    bool is_up;
    bool needs_proof; /* that what came before gap_ns has been read */
    bool was_slow;    /* pings were: the way is late, not only the dates */
    uint8_t verdict;  /* enum lag_verdict; 0 while down */
    uint8_t n_pings;  /* unanswered */
    uint8_t n_ahead;  /* dates in a row with a lag that seems too small */
    uint8_t n_step_windows;
    int64_t pings_ns[LAG_PINGS_MAX]; /* when they were due, the oldest first */
    int64_t rtt_ns;                  /* of the last one that was answered; 0: none was */
    int64_t due_ns;                  /* something has to come by then; NEVER_NS: nothing */
    int64_t gap_ns, gap_len_ns;
    int64_t calm_ns; /* since when it is below half of max_lag; NEVER_NS: it is not */
    int64_t step_ns; /* a jump that may be the venue's clock, set; 0: none */
    char why[EVENT_REASON_MAX];
};

/* One session. */
struct lag_seat {
    struct lag_conn *conns; /* [ARB_CONNS_MAX]; NULL: free */
    uint32_t n_conns;       /* that were ever up */
    uint32_t number;        /* of all sessions there were, from 1 */
    int64_t late_since_ns;  /* NEVER_NS: no connection is late */
    int64_t worst_ns;       /* since then */
};

struct lag {
    int64_t
        max_ns; /* max_lag; 0: nothing is looked at; first, with the next: all is asked of them */
    uint32_t n_unfresh; /* connections that are up and not fresh */
    uint32_t n_sits;
    struct lag_seat seats[LAG_SEATS_MAX];
    const char *who;
    bool has_least;
    bool has_second; /* the first date was compared with another */
    bool answers_pings;
    int64_t least_ns; /* the smallest lag, as it was at least_at_ns */
    int64_t least_at_ns;
    int64_t least_rtt_ns;  /* 0: none */
    int64_t first_ping_ns; /* 0: none */
    int64_t look_ns;
    int64_t told_gap_ns; /* gap_ns of the one that was logged last */
    int64_t worst_ns;    /* ever */
};

/* `who` is borrowed. */
void lag_init(struct lag *lag, const char *who, int64_t max_ns);
void lag_fini(struct lag *lag);

/* A session comes, and goes. */
int lag_sit(struct lag *lag, uint32_t seat);
void lag_leave(struct lag *lag, uint32_t seat, int64_t mono_ns);

void lag_connection(struct lag *lag, uint32_t seat, uint32_t conn, bool is_up);
void lag_ping(struct lag *lag, uint32_t seat, uint32_t conn, int64_t mono_ns);
void lag_pong(struct lag *lag, uint32_t seat, uint32_t conn, int64_t mono_ns, int64_t rtt_ns);

/* A message came; the next is due by then (mono), or NEVER_NS. */
static inline void lag_heard(struct lag *lag, uint32_t seat, uint32_t conn, int64_t due_ns)
{
    if (lag->max_ns != 0) {
        lag->seats[seat].conns[conn].due_ns = due_ns;
    }
}

/* The venue was asked for something, and owes a message. */
void lag_asked(struct lag *lag, uint32_t seat, uint32_t conn, int64_t mono_ns);

/* The thread did not run for `len_ns`: nothing is fresh before it is proven. */
void lag_gap(struct lag *lag, int64_t mono_ns, int64_t len_ns);

/*
 * Judges all connections, at most every LAG_LOOK_NS unless `is_urgent`, and logs when lateness
 * begins and ends. True: a verdict changed.
 */
bool lag_judge(struct lag *lag, int64_t mono_ns, bool is_urgent);

/* enum lag_verdict of a connection; fresh while it is down: its books are not LIVE then. */
static inline uint32_t lag_verdict(const struct lag *lag, uint32_t seat, uint32_t conn)
{
    const struct lag_conn *const conns = lag->seats[seat].conns;
    return conns == NULL || conns[conn].verdict == 0 ? (uint32_t)LAG_FRESH : conns[conn].verdict;
}

/* The reason of a connection's verdict, as text; borrowed until it is judged again. */
static inline const char *lag_why(const struct lag *lag, uint32_t seat, uint32_t conn)
{
    return lag->seats[seat].conns == NULL ? "" : lag->seats[seat].conns[conn].why;
}

/* Since when any connection of the session is late, or NEVER_NS. */
int64_t lag_late_since_ns(const struct lag *lag, uint32_t seat);

/* For lag_date(), below. */
bool lag_learn(struct lag *lag, struct lag_conn *conn, int64_t mono_ns, int64_t lag_ns);

/*
 * Something came that the venue dates `venue_ns` > 0; `mono_ns` >= 0. True: it makes the
 * connection's verdict worse, so lag_judge() is urgent.
 */
static inline bool lag_date(struct lag *lag, uint32_t seat, uint32_t conn, int64_t mono_ns,
                            int64_t venue_ns)
{
    if (lag->max_ns == 0) {
        return false;
    }
    struct lag_conn *const at = &lag->seats[seat].conns[conn];
    const int64_t lag_ns = mono_ns - venue_ns; /* fits: both are positive */

    return (mono_ns >= at->window.ends_ns || lag_ns < at->window.least_ns) &&
           lag_learn(lag, at, mono_ns, lag_ns);
}

#endif /* ARB_LAG_H */
