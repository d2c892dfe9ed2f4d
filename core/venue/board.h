/*
 * board.h - what everybody else sees of a venue: one chain of events for each book.
 *
 * A venue reaches the host over one or more sessions, each with connections and books of its own.
 * One session leads each book, and what it says is passed on as it is.
 *
 *   A session further than the leader takes the lead, and the difference of the two books is
 *   published: the first copy wins, what comes second is counted and dropped.
 *
 *   A leader whose book is no longer LIVE is followed by a session that has come at least as far as
 *   what was published. The book stays LIVE meanwhile, for BOARD_PATIENCE_NS at most.
 *
 * How far a session is, the venue's own time of its book tells (`venue_ns`, and how many events it
 * brought since). Where a venue sends no times, the leader leads until it is lost.
 *
 * Once a second the board says that the venue is watched (EVENT_ALIVE), to each consumer when it
 * has got everything that was said before: without that nobody takes a book for LIVE.
 *
 * What is known of the venue's clock, the board knows: all sessions lead to the same venue, and
 * what one of them taught is still true when it is gone.
 *
 * What arrives late (lag.h) is not LIVE, whatever its session says: the board takes a session that
 * is on time, or publishes STALE, and the whole book from the session's own when it is fresh again.
 * What may be late is LIVE and suspect.
 *
 * Of a large book its best levels are published (window.h): whatever is said of it, is of these.
 *
 * Books are named by the board's own index, which lives as long as the board: sessions come and go,
 * and each counts its instruments for itself. The board looks at their books and knows nothing
 * else of them. All calls are for one thread.
 */
#ifndef ARB_BOARD_H
#define ARB_BOARD_H

#include "arbspot/symbols.h"
#include "book/live_book.h"
#include "session/session.h"
#include "venue/lag.h"
#include "venue/outlet.h"
#include "venue/venue_clock.h"

enum { BOARD_SEATS_MAX = 3 }; /* two sessions, and one that replaces either */

#define BOARD_PATIENCE_NS INT64_C(500000000)
#define BOARD_CONFLATE_NS INT64_C(250000000)
#define BOARD_ALIVE_NS INT64_C(1000000000)

struct board;

struct board_stats {
    uint64_t copies;      /* events that another session had brought before */
    uint64_t takeovers;   /* changes of the lead while the book stayed LIVE */
    int64_t worst_lag_ns; /* the oldest that anything was that arrived; 0 without max_lag_ns */
};

struct board_config {
    const char *name;             /* of the venue */
    uint64_t run;                 /* of the host: `session` in the messages */
    int64_t snapshot_interval_ns; /* 0: books are not repeated */
    int64_t max_lag_ns;           /* what arrives older is not LIVE; 0: it is not looked at */
    uint32_t publish_depth;       /* levels a side that are published; 0: all */
    /* Over which connection a book comes. NULL: all come over the first. */
    uint32_t (*conn_of)(const void *context, uint32_t seat, uint32_t instrument);
    /* How long the machine has slept so far, which the monotonic clock leaves out; or NULL. */
    int64_t (*asleep_ns)(void);
    /* Asks a session to prove a book by a new snapshot. */
    void (*distrust)(void *context, uint32_t seat, uint32_t instrument, struct moment now,
                     const char *why);
    void *context;
};

int board_create(struct board **board, const struct board_config *config);
void board_destroy(struct board *board);

/* Adds a consumer of events. Before the first event. The outlet is borrowed. */
int board_add_outlet(struct board *board, struct outlet *outlet);

/* Gives a session a seat, below BOARD_SEATS_MAX. Its rules are borrowed. */
int board_sit(struct board *board, const struct live_rules *rules, uint32_t *seat);
/* Takes it away; what it leads goes to another, or is STALE. */
void board_leave(struct board *board, uint32_t seat, struct moment now, const char *why);

/* Says that `instrument` of the session is `info`. ARB_ELIMIT: the board is full. */
int board_enter(struct board *board, uint32_t seat, uint32_t instrument,
                const struct arb_instrument *info, const struct live_book *book);

/* An event of a session, with the session's own index: passed on, or dropped as a copy. */
void board_event(struct board *board, uint32_t seat, uint32_t instrument, struct event *event);

/* A connection of a session, by the session's number. */
struct board_line {
    uint32_t seat, conn;
};

/*
 * What the sessions learn of the venue's clock and of how late what arrives is, see venue_clock.h
 * and lag.h; `venue_ns` > 0.
 */
void board_on_date(struct board *board, struct board_line line, struct moment now,
                   int64_t venue_ns);
void board_on_ping(struct board *board, struct board_line line, struct moment now);
/* A message; the next is due by then (mono), or NEVER_NS. A message that the venue owes an answer.
 */
void board_on_message(struct board *board, struct board_line line, int64_t due_ns);
void board_on_question(struct board *board, struct board_line line, struct moment now);
void board_on_round_trip(struct board *board, struct board_line line, struct moment now,
                         int64_t rtt_ns);
void board_on_heartbeat(struct board *board, struct moment now, struct heartbeat heartbeat);
void board_on_connection(struct board *board, struct board_line line, bool is_up);

/* Something came, and is about to be told: has the thread run meanwhile? */
void board_on_arrival(struct board *board, struct moment now);

/* Since when any connection of a session is late (mono), or NEVER_NS. */
int64_t board_late_since_ns(const struct board *board, uint32_t seat);

/*
 * The host is behind, or no longer: changes are applied and not sent, and each outlet gets one
 * whole book instead of them every BOARD_CONFLATE_NS. What takes a book out of LIVE is sent at
 * once.
 */
void board_conflate(struct board *board, bool conflates);

/* From now on nobody takes over: the sessions are being stopped. */
void board_close(struct board *board);
/* Tells everybody that this was the last of this run. */
void board_end(struct board *board, struct moment now);

/*
 * Periodic snapshots, books for consumers that fell behind, leaders that were waited for in
 * vain. Returns when it wants to be called next (mono).
 */
int64_t board_on_turn(struct board *board, struct moment now);

uint32_t board_n_books(const struct board *board);
/* As published: the state and the number of the last event, 0 when there was none. */
uint32_t board_state(const struct board *board, uint32_t book);
uint64_t board_seq(const struct board *board, uint32_t book);
uint32_t board_count_in_state(const struct board *board, enum arb_book_state state);
/* The book as published; without levels while LIVE without a leader who is. */
struct arb_book board_view(const struct board *board, uint32_t book);
/*
 * True when the seat has a book LIVE, and each book that `other` has LIVE, no further behind what
 * is published than patience bridges.
 */
bool board_can_replace(const struct board *board, uint32_t seat, uint32_t other);
struct arb_clock board_clock(const struct board *board, struct moment now);
/* Why a book was last said not to be LIVE, or "". */
const char *board_last_reason(const struct board *board);
const struct board_stats *board_stats(const struct board *board);

#endif /* ARB_BOARD_H */
