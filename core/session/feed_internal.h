/*
 * feed_internal.h - a feed's state, shared with core/venue/board.c and nobody else.
 *
 *   feed.c         life, callbacks, turns
 *   feed_commit.c  carries out what a callback recorded
 *   book_sync.c    applies book events and decides whether a book is LIVE
 *   board.c        passes on what the venue's consumers are to see
 */
#ifndef ARB_FEED_INTERNAL_H
#define ARB_FEED_INTERNAL_H

#include "venue/board.h"
#include "session/effects.h"
#include "session/feed.h"
#include "session/instruments.h"
#include "book/silence.h"
#include "util/log.h"

enum {
    WHO_MAX = ARB_SYMBOL_MAX + 32,
    HELD_BYTES_MAX = 4 << 20, /* deltas of one book that wait for its snapshot */
    RESYNC_ATTEMPTS_MAX = 8,  /* in a row, then the book is UNUSABLE for a while */
};

#define RESYNC_DELAY_MIN_NS (1 * NS_PER_S)
#define RESYNC_DELAY_MAX_NS (60 * NS_PER_S)
#define RESYNC_FORGIVEN_NS (60 * NS_PER_S) /* LIVE for this long: attempts count from 0 again */
#define UNUSABLE_RETRY_NS (300 * NS_PER_S)
#define SYNC_TIMEOUT_NS (30 * NS_PER_S)    /* from subscribing to the snapshot */
#define CROSSED_PATIENCE_NS (5 * NS_PER_S) /* for the message that uncrosses a book */
#define SILENCE_LOOK_NS (1 * NS_PER_S)
#define NEVER_NS INT64_MAX

/* Deltas in arrival order, waiting for a snapshot. */
struct held {
    char *data;
    size_t len, cap;
};

/* How far a book is: the venue's latest time, and how many events it brought since. */
struct progress {
    int64_t venue_ns; /* 0: the venue has not said */
    uint64_t nth;
};

/* One book and what the feed knows of it. */
struct feed_book {
    struct book book;
    uint32_t state;  /* enum arb_book_state */
    uint8_t trading; /* of the pair alone, enum arb_trading */
    uint8_t px_digits, qty_digits;
    bool bound;
    bool crossed;     /* STALE for no other reason: the next event may heal it */
    bool is_unproven; /* as its last event says, whatever the feed can prove */
    bool catching_up; /* since an HTTP snapshot no delta was newer than it */
    uint8_t conn;
    uint32_t attempts; /* resyncs in a row */
    uint64_t seq;      /* of the venue */
    int64_t venue_ns, recv_ns;
    struct progress at;
    int64_t live_since_ns;
    int64_t due_ns; /* resync, or give up waiting for a snapshot; NEVER_NS: neither */
    struct held held;
    struct silence silence;
    char reason[EVENT_REASON_MAX];
};

struct feed {
    const struct plugin *plugin;
    const struct exchange_config *exchange;
    const struct feed_io_ops *io;
    void *io_context;
    void *self; /* the plugin's instance */
    bool initialized, disabled;
    char who[WHO_MAX];
    struct board *board;
    bool owns_board;
    uint32_t line;      /* its number on the board */
    uint32_t n_entered; /* instruments that the board knows */
    struct arb_exchange_env env;
    struct arb_capabilities caps;
    struct effects effects;
    struct instruments instruments;
    struct feed_book *books; /* [ARB_INSTRUMENTS_MAX] */
    bool conn_up[ARB_CONNS_MAX];
    bool conn_doomed[ARB_CONNS_MAX]; /* being dropped: what still comes from it is ignored */
    uint8_t venue_trading;           /* enum arb_trading */
    int64_t timers[ARB_TIMERS_MAX];  /* UTC time, NEVER_NS: off */
    int64_t books_due_ns;            /* no book is due before */
    int64_t max_age_ns;              /* of a busy book; 0: any */
    int64_t silence_next_ns;         /* when to look for silent books again */
    bool catalog_pending;            /* new instruments wait to be handed over */
    bool has_catalog;                /* one came, so instruments.listed means something */
    struct book scratch;             /* a snapshot to compare with the live book */
    struct arb_level *changes; /* [2 * CHANGES_MAX] bids, then asks, of the event being made */
    feed_trace_fn *trace;      /* or NULL */
    feed_refusal_fn *refusal;  /* or NULL */
    void *trace_context;
    struct feed_stats stats;
    struct log_limit frame_log, book_log;
};

enum { CHANGES_MAX = 2 * ARB_EVENT_LEVELS_MAX }; /* a side: all levels set and as many removed */

/* book_sync.c */
void sync_book_event(struct feed *feed, const struct arb_book_event *event);
/* Leaves LIVE (or SYNCING) for `state`, tells the outlets, remembers why. */
void sync_set_state(struct feed *feed, uint32_t instrument, enum arb_book_state state,
                    const char *why);
/* The book cannot be trusted: STALE now, a resync as soon as the attempts so far allow. */
void sync_damaged(struct feed *feed, uint32_t instrument, const char *why);
/* A crossed book was not healed in time. */
void sync_still_crossed(struct feed *feed, uint32_t instrument);
/* The book's connection is up, or a resync was asked for: wait for a snapshot. */
void sync_await_snapshot(struct feed *feed, uint32_t instrument, const char *why);
void sync_refused(struct feed *feed, uint32_t instrument, const char *why);
void sync_trading(struct feed *feed, uint32_t instrument, uint8_t trading, const char *why);
/* For the board, which adds to an event what is the same for all lines. */
struct event sync_event_of(const struct feed *feed, uint32_t instrument, enum event_kind kind);
/* A snapshot of a book that is LIVE, else its status. */
struct event sync_whole_event(const struct feed *feed, uint32_t instrument);
/*
 * Makes `delta` the change of one book into another; `changes` has room for 2 * CHANGES_MAX. False
 * when it is so large that a snapshot is better.
 */
bool sync_difference(const struct book *from, const struct book *to, struct arb_level *changes,
                     struct event *delta);
struct arb_book sync_view(const struct feed *feed, uint32_t instrument);
void sync_due_at(struct feed *feed, struct feed_book *book, int64_t due_ns);

/* feed_commit.c */
void feed_commit(struct feed *feed);

/* feed.c: for what a commit leads to */
void feed_disable(struct feed *feed, const char *why);
/* Names new instruments to the board: before anything is said about them. */
void feed_enter_board(struct feed *feed);

#endif /* ARB_FEED_INTERNAL_H */
