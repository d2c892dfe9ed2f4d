/*
 * board_state.h - what the files of the board share: what it knows of each book and each session.
 *
 *   board_life.c  life, sessions that come and go, and what others may look at
 *   board_late.c  what arrives late: verdicts change, and what is published follows them
 *   board_lead.c  who leads a book, take-overs, and waits for a leader
 *   board_send.c  messages: numbered, told to the outlets, repeated, caught up with
 *
 * Each calls those below it.
 */
#ifndef ARB_BOARD_STATE_H
#define ARB_BOARD_STATE_H

#include "venue/board.h"
#include "venue/window.h"

enum { NO_SEAT = BOARD_SEATS_MAX, OUTLETS_MAX = ARB_VENUES_MAX + 2 };

#define WAIT_BEGINS INT64_MIN /* the next turn brings the time to count from */

_Static_assert((int)LAG_SEATS_MAX == (int)BOARD_SEATS_MAX, "a seat is a session in both");

/* One session: its books, and the two ways to name them. */
struct seat {
    const struct live_rules *rules; /* or NULL: free */
    const struct live_book **books; /* [ARB_INSTRUMENTS_MAX] by the board's index; NULL: has none */
    uint32_t *to_session;           /* [ARB_INSTRUMENTS_MAX] likewise */
    uint32_t *to_board;             /* [ARB_INSTRUMENTS_MAX] by the session's index */
};

struct board_book {
    uint64_t seq;            /* of the last event sent */
    uint32_t state;          /* as published */
    uint32_t leader;         /* or NO_SEAT */
    uint8_t trading;         /* as published */
    bool is_doubtful;        /* LIVE, and published as suspect for what comes may be late */
    struct live_progress at; /* of what is published */
    int64_t recv_ns;         /* likewise, mono */
    int64_t wait_ns; /* LIVE without a leader who is, until then; WAIT_BEGINS; NEVER_NS: no */
};

struct board {
    struct lag lag;
    struct event_venue venue;
    struct venue_clock clock;
    struct moment now; /* of the last arrival or turn */
    int64_t turn_ns;   /* when the turn was to come that has not come yet; NEVER_NS: none was */
    int64_t utc_less_mono_ns, slept_ns; /* as of the last turn */
    struct board_config config;
    struct seat seats[BOARD_SEATS_MAX];
    uint32_t n_seats;
    struct arb_instrument *instruments; /* [ARB_INSTRUMENTS_MAX] never move: events point here */
    struct board_book *books;           /* [ARB_INSTRUMENTS_MAX] */
    struct windows windows;             /* what is published of them */
    struct arb_symbol_map *by_symbol;
    uint32_t n;
    struct outlet *outlets[OUTLETS_MAX];
    uint32_t n_outlets;
    bool is_mute;     /* at the last turn: another host publishes the venue */
    uint64_t n_alive; /* times it was said that the venue is watched */
    int64_t snapshot_next_ns;
    uint32_t snapshot_cursor;
    int64_t waits_ns; /* no book's wait ends before */
    bool is_closing;
    bool conflates;               /* see board_conflate() */
    int64_t conflated_ns;         /* when the outlets got last what was conflated */
    char who[ARB_SYMBOL_MAX + 8]; /* for the log */
    struct arb_level *changes;    /* [2 * LIVE_CHANGES_MAX] of a takeover; NULL with one seat */
    struct board_stats stats;
    char last_reason[EVENT_REASON_MAX]; /* of the last status of a book that is not LIVE */
};

/* -- a session's books ----------------------------------------------------------------- */

static inline const struct live_book *book_of(const struct board *board, uint32_t seat, uint32_t i)
{
    return board->seats[seat].books[i];
}

static inline bool has_book(const struct board *board, uint32_t seat, uint32_t i)
{
    return board->seats[seat].rules != NULL && book_of(board, seat, i) != NULL;
}

static inline uint32_t conn_of(const struct board *board, uint32_t seat, uint32_t i)
{
    const struct board_config *const config = &board->config;

    return config->conn_of == NULL
               ? 0
               : config->conn_of(config->context, seat, board->seats[seat].to_session[i]);
}

/* enum lag_verdict of what the session's book is made of. */
static inline uint32_t verdict_of(const struct board *board, uint32_t seat, uint32_t i)
{
    return board->lag.n_unfresh == 0 ? (uint32_t)LAG_FRESH
                                     : lag_verdict(&board->lag, seat, conn_of(board, seat, i));
}

static inline bool is_late(const struct board *board, uint32_t seat, uint32_t i)
{
    return verdict_of(board, seat, i) == LAG_LATE;
}

/* As its session has it, late or not. */
static inline bool is_whole_on(const struct board *board, uint32_t seat, uint32_t i)
{
    return has_book(board, seat, i) && book_of(board, seat, i)->state == ARB_BOOK_LIVE;
}

static inline bool is_live_on(const struct board *board, uint32_t seat, uint32_t i)
{
    return is_whole_on(board, seat, i) && !is_late(board, seat, i);
}

/* Would publishing the session's book take nothing back? */
static inline bool has_reached(const struct board *board, uint32_t seat, uint32_t i)
{
    const struct board_book *const book = &board->books[i];
    const struct live_book *const own = book_of(board, seat, i);

    return own->at.venue_ns == 0 ? own->known_ns >= book->recv_ns
                                 : own->at.venue_ns >= book->at.venue_ns;
}

/* Waiting for a leader there is nothing to take the levels from; it does not last. */
static inline bool can_send_whole(const struct board_book *book)
{
    return book->leader != NO_SEAT && book->wait_ns == NEVER_NS;
}

/* -- sending --------------------------------------------------------------------------- */

/* Tells everybody what the leader says. */
void board_publish(struct board *board, uint32_t i, struct event *event);
void board_publish_whole(struct board *board, uint32_t i);
/* No session has this book any more. */
void board_publish_abandoned(struct board *board, uint32_t i, struct moment now, const char *why);
/* A status with the reason why the leader's book is late, doubtful, or fresh again. */
void board_lag_event(const struct board *board, uint32_t i, struct event *event);
/* These return when they want to be called next (mono). */
int64_t board_run_snapshots(struct board *board, int64_t now_ns);
int64_t board_run_outlets(struct board *board, int64_t now_ns);

/* -- who leads ------------------------------------------------------------------------- */

/* The seat that is furthest with this book LIVE, or NO_SEAT. */
uint32_t board_best_seat(const struct board *board, uint32_t i, uint32_t but);
void board_lead_whole(struct board *board, uint32_t i, uint32_t to);
/* Seat `lost` no longer leads. True when the book can stay LIVE all the same. */
bool board_hand_over(struct board *board, uint32_t i, uint32_t lost);
/* The session that led book `i` is gone. */
void board_replace_leader(struct board *board, uint32_t i, struct moment now, const char *why);
/* Returns when it wants to be called next (mono). */
int64_t board_run_waits(struct board *board, struct moment now);

/* -- what arrives late ----------------------------------------------------------------- */

/* Takes the verdicts of lag.h, and reviews all books when one changed. */
void board_judge(struct board *board, struct moment now, bool is_urgent);

#endif /* ARB_BOARD_STATE_H */
