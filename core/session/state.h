/*
 * state.h - what the files of this room share: one session's state, and when each part of it wants
 * to be looked at next.
 *
 *   run.c, life.c -> commit.c -> subscriptions.c, seeds.c, catalog.c, conns.c -> requests.c ->
 * books.c
 *
 * An arrow means "calls". Whoever is called upwards of that leaves a note here (a state, a due
 * time) and is looked at on the turn.
 */
#ifndef ARB_SESSION_STATE_H
#define ARB_SESSION_STATE_H

#include "session/effects.h"
#include "session/newest.h"
#include "session/session.h"
#include "util/log.h"
#include "util/watch.h"

enum {
    WHO_MAX = WATCH_WHO_MAX,
    RESYNC_ATTEMPTS_MAX = 8, /* in a row, then the book is UNUSABLE for a while */
    UNANSWERED_MAX = 3, /* requests in a row, then the connection is dropped if nothing lives */
};

#define BACKOFF_MIN_NS (1 * NS_PER_S)
#define BACKOFF_MAX_NS (60 * NS_PER_S)
#define RESYNC_FORGIVEN_NS (60 * NS_PER_S) /* LIVE for this long: attempts count from 0 again */
#define UNUSABLE_RETRY_NS (300 * NS_PER_S)

/* 0, 1, 2, 4 ... s, at most `max_ns`: before the attempt with this number. */
static inline int64_t backoff_ns(uint32_t attempt, int64_t max_ns)
{
    if (attempt == 0) {
        return 0;
    }
    const int64_t delay_ns = BACKOFF_MIN_NS << (attempt - 1 < 8 ? attempt - 1 : 8);
    return delay_ns < max_ns ? delay_ns : max_ns;
}

enum sub_state {
    SUB_NONE = 0,     /* not asked for: no connection, refused, left */
    SUB_WANTED,       /* to be asked for */
    SUB_ASKED,        /* the venue has to answer by due_ns */
    SUB_ACKED,        /* it did; its snapshot has to come by due_ns */
    SUB_ON,           /* served */
    SUB_PAUSED,       /* wanted again at due_ns */
    SUB_LEAVE_WANTED, /* to be left, then wanted */
    SUB_LEAVING,      /* the venue has to answer by due_ns */
    SUB_LEAVE_PAUSED, /* to be left at due_ns */
};

/* One channel of one book. */
struct subscription {
    uint8_t state;       /* enum sub_state */
    bool was_on;         /* on this connection */
    bool is_alone;       /* asked for by itself: a request with others was refused */
    bool is_left;        /* left, and has not been asked for since */
    uint16_t unanswered; /* requests in a row */
    uint16_t pauses;     /* in a row */
    uint32_t number;     /* of the request */
    int64_t due_ns;
};

struct seed {
    bool is_asked;
    uint32_t attempt; /* failures in a row */
    int64_t not_before_ns;
};

struct session_book {
    struct live_book live;
    struct subscription subs[ARB_CHANNELS_MAX];
    struct seed seed;
    uint32_t conn;
    uint32_t attempts; /* resyncs in a row */
    int64_t resync_ns; /* when it gets a new snapshot; NEVER_NS: it needs none */
    uint16_t n_unkept; /* changes without what the plan promises, while there was none with it */
    bool is_shed;      /* given up, for the machine is too slow: nothing is taken for it either */
    bool is_barred;    /* not listed, or its numbers do not fit: nothing is taken for it */
};

struct session_conn {
    bool is_wanted; /* the port keeps it up */
    bool is_up;
    bool is_doomed;  /* being dropped: what still comes from it is ignored */
    bool wants_dial; /* the port asked where to */
    bool has_token, is_token_asked;
    bool has_seq;
    bool is_served; /* a book came over it since it is up */
    uint32_t dials; /* attempts since it was up */
    uint32_t token_attempt;
    uint32_t n_pending; /* subscriptions that are to be asked for or left */
    uint32_t cursor;    /* where to look for them */
    uint64_t seq;       /* of its last message, where the venue numbers them */
    int64_t token_not_before_ns;
    int64_t send_ns;      /* no request before */
    int64_t beat_ns;      /* when the next heartbeat is due */
    int64_t beaten_ns;    /* when the last one was asked for */
    uint32_t beat;        /* the number of that request; 0: there was none */
    int64_t answer_by_ns; /* anything has to come by then; NEVER_NS: nothing was asked */
    struct rate hourly;
    uint32_t n_open; /* books that are asked for, and whose answer or snapshot is still to come */
    uint32_t ramp;   /* so many at once: more and more as they are answered */
};

/* A request by HTTP under way. */
struct http_call {
    uint32_t number; /* 0: free */
    uint32_t what;   /* enum arb_ask_what */
    uint32_t instrument, conn, attempt;
    int64_t give_up_ns;
};

struct catalog {
    bool is_known;    /* one came, or the first could not be had */
    bool is_complete; /* one came */
    bool is_asked;
    bool is_suspect; /* the last one had far fewer rows than the one before */
    uint32_t attempt;
    uint32_t n_rows, n_before;
    int64_t due_ns; /* when it is asked for, or the answer is late */
};

/* A symbol the configuration wants. */
struct candidate {
    char symbol[ARB_SYMBOL_MAX];
    char venue_symbol[ARB_SYMBOL_MAX]; /* "": not known */
    struct arb_order_terms terms;      /* all 0: not known */
    uint8_t px_digits, qty_digits;
    uint8_t trading;
    bool is_listed, is_listed_next;
    bool is_left_out;
    uint32_t index; /* among the instruments, or ARB_NO_INSTRUMENT */
};

struct instruments {
    struct candidate *candidates; /* [ARB_INSTRUMENTS_MAX] */
    uint32_t n_candidates;
    struct arb_symbol_map *by_symbol; /* candidates */
    struct arb_instrument *list;      /* [ARB_INSTRUMENTS_MAX] never move, never change */
    struct arb_symbol_map *by_venue_symbol;
    uint32_t n;
};

enum due {
    DUE_CONNS = 0,
    DUE_CATALOG,
    DUE_INSTRUMENTS,
    DUE_SUBSCRIPTIONS,
    DUE_BOOKS,
    DUE_SEEDS,
    N_DUES
};

struct session {
    const struct plugin *plugin;
    const struct exchange_config *exchange;
    const struct config *config;
    struct port port;
    const struct session_sink *sink;
    void *sink_context;
    const struct session_trace *trace; /* or NULL */
    struct scales *scales;             /* or NULL */
    struct budget *budget;
    struct budget own_budget;
    void *self; /* the plugin's instance */
    bool is_initialized, is_disabled, is_stopping;
    bool is_unpaced;
    bool holds; /* each message is looked at before it is read: some are held, or are to be */
    bool has_no_seeds; /* the plugin spells none */
    char who[WHO_MAX];
    struct watch_subject subject; /* the plugin, for each callback's mark */
    struct arb_exchange_env env;
    struct arb_plan plan;
    struct live_rules rules;
    struct live_room room;
    struct effects effects;
    struct instruments instruments;
    struct session_book *books; /* [ARB_INSTRUMENTS_MAX] */
    struct session_conn conns[ARB_CONNS_MAX];
    uint32_t n_conns; /* that the port keeps up */
    uint32_t books_per_conn;
    uint32_t current_conn; /* of the callback in hand, or ARB_NO_CONN */
    uint8_t venue_trading; /* enum arb_trading */
    struct catalog catalog;
    struct http_call *calls;
    uint32_t n_calls;
    uint32_t last_number;           /* of requests */
    char *request_memory;           /* texts of the request being spelled */
    const char *ask_rule;           /* the rule that ask() broke, or NULL; for good */
    char *unpacked;                 /* a message out of its packing, or NULL */
    int64_t timers[ARB_TIMERS_MAX]; /* mono; NEVER_NS: off */
    uint32_t timer_delays_ms[ARB_TIMERS_MAX];
    int64_t due_ns[N_DUES];
    int64_t silence_ns;                         /* when to look for silent books again */
    bool has_time_reference, is_time_confirmed; /* by a second date that agrees */
    uint32_t time_witness;      /* the book that has its date; ARB_NO_INSTRUMENT: none */
    uint32_t n_ahead, n_behind; /* events in a row that were far ahead of it, or far behind */
    int64_t time_reference_ns;  /* the venue's time minus mono, the largest that is plausible */
    struct session_stats stats;
    struct {
        uint64_t n_changes, n_kept;
        bool is_said; /* that they do not have what the plan promises */
    } promise;
    struct log_limit frame_log, book_log;
    struct session_load load;
    struct newest newest;
};

/* The part is looked at by then. */
static inline void due_by(struct session *session, enum due what, int64_t mono_ns)
{
    if (mono_ns < session->due_ns[what]) {
        session->due_ns[what] = mono_ns;
    }
}

/* True when it is time; then the part has to say by due_by() when it wants to be looked at next. */
static inline bool is_due(struct session *session, enum due what, int64_t mono_ns)
{
    if (mono_ns < session->due_ns[what]) {
        return false;
    }
    session->due_ns[what] = NEVER_NS;
    return true;
}

/* A warning about books, of which a venue may cause any number: few are written, all are counted.
 */
__attribute__((format(printf, 3, 4))) void session_warn(struct session *session, struct moment now,
                                                        const char *fmt, ...);

#endif /* ARB_SESSION_STATE_H */
