/*
 * scenario_internal.h - one scenario's state, shared by its files and nobody else.
 *
 *   scenario.c          life, time, and what the models and the sessions report
 *   scenario_checks.c   what must hold of the sessions' books, and of those published
 *   scenario_draw.c     what a seed decides: feeds, options, faults
 *   scenario_readers.c  copies of the books and the strategy, and what must hold of them
 */
#ifndef ARB_SIMULATION_SCENARIO_INTERNAL_H
#define ARB_SIMULATION_SCENARIO_INTERNAL_H

#include <string.h>

#include "ledger.h"
#include "link.h"
#include "oracle.h"
#include "scenario.h"
#include "strategy/runner.h"
#include "topic.h"
#include "util/clock.h"
#include "venue/venue.h"

enum {
    SIDE_OPTIONS_MAX = 7,
    SIDE_TEXT_MAX = 64,
    READERS_LEVELS_MAX = 8192, /* of one message */
    KRAKEN_PROVEN = 10,        /* levels a side that the venue's checksum covers */
};

/* Eight resyncs with their pauses and a snapshot that did not come once. */
#define HEALED_WITHIN_NS (150 * NS_PER_S)
#define SIMULATION_START_NS INT64_C(1785552832000000000)
/* When the host's monotonic clock began. */
#define SIMULATION_BOOT_NS (SIMULATION_START_NS - 1000 * NS_PER_S)
/* No frame is dated so far ahead of the venue's clock. */
#define AHEAD_NS (60 * NS_PER_S)
/* A book that the venue ended by itself is not LIVE for longer. */
#define ENDED_WITHIN_NS (5 * NS_PER_S)

/* What reached the host over one session, and what it made of it; by the session's slot. */
struct side_session {
    const struct session *session; /* NULL: none */
    uint32_t number;               /* which of all sessions it is; 0: none */
    struct oracle oracles[SIMULATION_INSTRUMENTS_MAX];
    uint32_t states[SIMULATION_INSTRUMENTS_MAX];   /* after the last step */
    int64_t asked_ns[SIMULATION_INSTRUMENTS_MAX];  /* since when it is SYNCING */
    uint64_t attempts[SIMULATION_INSTRUMENTS_MAX]; /* to get it, then */
    int64_t ended_ns[SIMULATION_INSTRUMENTS_MAX];  /* LIVE when the venue ended it; 0: it did not */
    uint64_t n_clean; /* frames of books that came as the venue sent them */
    uint64_t ahead_since[SIMULATION_INSTRUMENTS_MAX]; /* of these: dated far ahead; 0: it is not */
    uint64_t healed;                                  /* levels, by a second channel */
    bool is_healed;                                   /* of some book, in the last step */
};

/* One venue with all that belongs to it. Arrays are by the scenario's own instruments. */
struct side {
    struct scenario *scenario;
    uint32_t venue;
    uint32_t number; /* of the exchange */
    uint32_t feeds;  /* bits of enum fault_feed: what it subscribes */
    uint32_t stream; /* the one of them that the books are made of */
    struct exchange_config exchange;
    struct config_entry options[SIDE_OPTIONS_MAX];
    char text[SIDE_OPTIONS_MAX][SIDE_TEXT_MAX];
    uint32_t depth; /* levels a side that the feed carries; 0: all */
    uint32_t reach; /* levels a side that the market has at least, so that some leave the feed */
    bool has_seeds; /* books come by HTTP, or may */
    bool has_order; /* whatever is published as LIVE is newer than what was before */
    int64_t silence_ns; /* a connection that hangs is given up within */
    struct oracle_proof proof;
    struct venue *at_host;
    struct link *link;
    int64_t due_ns;           /* by the world's time */
    uint64_t resyncs;         /* when UTC was set */
    bool has_lasting_catalog; /* asked for once, for as long as a scenario is */
    int64_t synced_within_ns; /* what is SYNCING for longer was forgotten */
    struct outlet to_topic, to_ring;
    struct ring ring;
    struct versions versions[SIMULATION_INSTRUMENTS_MAX];
    struct side_session sessions[LINK_SLOTS_MAX];
    bool is_on_board[SIMULATION_INSTRUMENTS_MAX];
    uint32_t book_of[SIMULATION_INSTRUMENTS_MAX]; /* the board's index, once it is there */
    struct ledger ledgers[SIMULATION_INSTRUMENTS_MAX];
    int64_t published_ns[SIMULATION_INSTRUMENTS_MAX];      /* the venue's, while it is LIVE */
    uint32_t shown[SIMULATION_INSTRUMENTS_MAX];            /* the least version that it may be */
    int64_t alone_ns[SIMULATION_INSTRUMENTS_MAX];          /* since no session has it; 0: one has */
    struct reaction reactions[SIMULATION_INSTRUMENTS_MAX]; /* under way; kind 0: none */
    bool is_refused[SIMULATION_INSTRUMENTS_MAX];           /* once, by a fault */
    bool was_down[SIMULATION_INSTRUMENTS_MAX];             /* before the fault */
    int64_t fault_ns[SIMULATION_INSTRUMENTS_MAX];
};

/* A copy of all books, made from the topic or from the rings. */
struct copy {
    const char *name;
    struct market *market;
    struct topic_reader reader;
};

enum copy_kind { FROM_START, LATE, SLOW, UNLUCKY, N_COPIES };

struct scenario {
    struct scenario_options options;
    struct totals *totals;
    struct prng prng;
    struct config config;
    struct instrument_list *instruments;
    uint32_t n_venues;
    struct arb_venue venues[SIMULATION_VENUES_MAX];
    char *symbols[SIMULATION_INSTRUMENTS_MAX];
    struct world *world;
    struct fault_config fault_config;
    struct fault_layer *faults;
    struct side sides[SIMULATION_VENUES_MAX];
    struct topic topic;
    struct arb_level *levels; /* [READERS_LEVELS_MAX] decoding room, shared: one reads at a time */
    struct copy copies[N_COPIES];
    struct strategy_config strategy;
    struct runner *runner;
    struct topic_reader runner_reader;
    uint64_t n_open; /* opportunities that the runner's strategy has opened and not closed */
    int64_t now_ns, end_ns, last_fault_ns, restart_ns; /* the world's, which is the true time */
    int64_t utc_step_at_ns; /* the host's UTC is set then; NEVER_NS: it is not */
    int64_t utc_step_ns;    /* by so much */
    int64_t utc_offset_ns;  /* what it is off */
    uint64_t n_faults, violations;
};

static inline const char *scenario_symbol(const struct scenario *s, uint32_t instrument)
{
    return s->instruments->items[instrument].symbol;
}

/* What the host's clocks say. */
static inline struct moment scenario_moment(const struct scenario *s)
{
    return (struct moment){ .mono_ns = s->now_ns - SIMULATION_BOOT_NS,
                            .utc_ns = s->now_ns + s->utc_offset_ns };
}

static inline const struct board *scenario_board(const struct side *side)
{
    return venue_board(side->at_host);
}

static inline uint32_t scenario_state(const struct side *side, uint32_t instrument)
{
    return side->is_on_board[instrument]
               ? board_state(scenario_board(side), side->book_of[instrument])
               : ARB_BOOK_EMPTY;
}

/* The instrument that is called so. */
static inline uint32_t scenario_instrument(const struct scenario *s, const char *symbol)
{
    return arb_symbol_find(&s->instruments->by_symbol,
                           (struct arb_bytes){ symbol, strlen(symbol) });
}

/* scenario.c */
/* Prints a line when asked to be verbose. */
__attribute__((format(printf, 2, 3))) void scenario_tell(const struct scenario *s, const char *fmt,
                                                         ...);
/* A rule does not hold. Prints the first few. */
__attribute__((format(printf, 2, 3))) void scenario_violate(struct scenario *s, const char *fmt,
                                                            ...);

/* scenario_checks.c */
/* The sessions did something: gives them their turn, and looks at every book. */
void scenario_after_step(struct scenario *s, struct side *side);
/* Sets the host's UTC, which is to change nothing. */
void scenario_step_utc(struct scenario *s);
/* Without a fault nothing is damaged, whatever UTC says. */
void scenario_check_undamaged(struct scenario *s);
/* Is every book LIVE again, on every session, or given up for a good reason? */
bool scenario_is_healed(const struct scenario *s);
void scenario_report_unhealed(struct scenario *s);

/* scenario_draw.c */
void scenario_draw_sides(struct scenario *s);
void scenario_draw_clock(struct scenario *s);
void scenario_draw_plan(struct scenario *s, struct fault_plan *plan);

/* scenario_readers.c */
int readers_open(struct scenario *s, struct err *err);
void readers_close(struct scenario *s);
/* Everybody reads as much as befits them. */
void readers_read(struct scenario *s);
/* Late joiners and restarted strategies begin by rewinding. */
int readers_restart(struct scenario *s, struct err *err);
/* The slow one reads all there is now. */
void readers_drain(struct scenario *s);
/*
 * Whoever may be behind reads the rest, and must see each book as the host does; the strategy
 * stops, and must leave nothing open.
 */
void readers_end(struct scenario *s);

#endif /* ARB_SIMULATION_SCENARIO_INTERNAL_H */
