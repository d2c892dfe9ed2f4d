/*
 * rows.h - what displays show, as structs: for those that draw it themselves. docs/view.md has the
 * same as JSON.
 *
 * Rows are zeroed before they are filled in, so that two of them are compared as bytes. Times are
 * UTC in milliseconds, spans in nanoseconds, shares in millionths; 0 where nothing is known, unless
 * another member says so. Prices and quantities are in units of the instrument's scales.
 */
#ifndef ARB_VIEW_ROWS_H
#define ARB_VIEW_ROWS_H

#include "book/event.h"
#include "config/config.h"
#include "wire/matrix.h"
#include "wire/opportunity.h"

enum {
    VIEW_NAME_MAX = 96, /* bytes, terminator included, as all of these */
    VIEW_TEXT_MAX = 512,
    VIEW_LADDER_LEVELS = 25,                 /* a side */
    VIEW_DELAYS_MAX = CONFIG_DELAYS_MAX + 1, /* and the venues' own latency */
};

enum view_broker_state {
    VIEW_BROKER_UNKNOWN = 1, /* nobody asks one, or it is still being looked for */
    VIEW_BROKER_UP = 2,
    VIEW_BROKER_DOWN = 3,
};

enum view_venue_state {
    VIEW_VENUE_UNHEARD = 1, /* it is configured, and nothing has come of it */
    VIEW_VENUE_SILENT = 2,  /* no host of it is alive */
    VIEW_VENUE_PARTLY = 3,  /* one is, and not all books that were heard of are LIVE */
    VIEW_VENUE_LIVE = 4,
};

enum view_severity {
    VIEW_WARNING = 1, /* something is worse than it could be */
    VIEW_ERROR = 2,   /* something is not shown, or does not count */
};

/* How messages come, as whoever fetches them knows it. Texts go on from a colon; "": all is well.
 */
struct view_links {
    uint32_t broker;                   /* enum view_broker_state */
    char broker_text[VIEW_TEXT_MAX];   /* why none can be reached */
    char books[VIEW_TEXT_MAX];         /* why none can come */
    char opportunities[VIEW_TEXT_MAX]; /* likewise */
    uint64_t n_books_skipped;          /* messages that could not be read, since the beginning */
    uint64_t n_opportunities_skipped;
};

struct view_host_row {
    char name[VIEW_NAME_MAX];    /* of the machine */
    char version[VIEW_NAME_MAX]; /* of arbspot */
    bool is_host;                /* false: what is shown comes from Kafka */
    int64_t started_ms;
    uint32_t broker; /* enum view_broker_state, */
    int64_t broker_since_ms;
    char broker_text[VIEW_TEXT_MAX];
    uint64_t n_books, n_live;
    uint64_t events_per_s;
    uint64_t skipped; /* messages that could not be read */
};

struct view_trouble_row {
    uint64_t id;
    uint32_t severity;
    int64_t since_ms;
    char what[VIEW_NAME_MAX]; /* "kraken", "broker" */
    char text[VIEW_TEXT_MAX]; /* a sentence */
};

struct view_venue_row {
    char name[ARB_SYMBOL_MAX];
    uint32_t state;
    uint32_t n_books, n_live;
    uint64_t events_per_s;
    bool has_lag;
    int64_t lag_ns; /* median of the last second with events: receipt less the venue's time */
    struct arb_clock clock;
    int64_t alive_ms; /* when it was last proven alive */
    uint64_t session;
    int64_t last_trouble_ms;
    char last_trouble[VIEW_TEXT_MAX];
};

/* A book that is not LIVE has no prices. */
struct view_book_row {
    char venue[ARB_SYMBOL_MAX];
    char symbol[ARB_SYMBOL_MAX];
    uint32_t state, trading, verified, verified_levels;
    uint32_t n_bids, n_asks;
    uint8_t px_scale, qty_scale;
    struct arb_level bid, ask; /* the best; px 0: there is none */
    int64_t changed_ms;        /* when its last event was received */
    uint64_t session, seq;     /* of that event */
    uint64_t updates;          /* events since the view began */
    char reason[EVENT_REASON_MAX];
};

struct view_matrix_row {
    struct matrix matrix; /* names, states, best prices, fees; no sequences, no ages */
    uint32_t fees_known;  /* bit i: of matrix.venues[i] */
    int64_t changed_ms[ARB_VENUES_MAX]; /* when what is shown of the venue changed */
};

struct view_left {
    int64_t delay_ns;
    bool is_latency;
    bool is_known;
    int64_t net;
};

struct view_opportunity_row {
    struct opportunity last;      /* as it was told last */
    int64_t opened_ms, closed_ms; /* opened 0: before the view began; closed 0: it is open */
    int64_t lasted_ns;            /* of one that closed; -1: not known */
    int64_t peak_net_ppm;
    uint32_t n_left;
    struct view_left left[VIEW_DELAYS_MAX]; /* by delay */
};

struct view_survival_point {
    int64_t delay_ns; /* of latencies the mean */
    bool is_latency;
    uint64_t n;       /* opportunities, whose books were LIVE then */
    int64_t left_ppm; /* of the net at open, on average */
};

struct view_survival_row {
    char strategy[ARB_SYMBOL_MAX];
    char buy[ARB_SYMBOL_MAX], sell[ARB_SYMBOL_MAX]; /* venues of the first and of the last leg */
    uint64_t n;                                     /* opportunities that were looked at */
    uint32_t n_points;
    struct view_survival_point points[VIEW_DELAYS_MAX]; /* by delay, latency last */
};

struct view_ladder {
    struct view_book_row book;
    uint32_t n_bids, n_asks;                                             /* of these */
    struct arb_level bids[VIEW_LADDER_LEVELS], asks[VIEW_LADDER_LEVELS]; /* best first */
};

const char *view_broker_name(uint32_t state);      /* "up" */
const char *view_venue_state_name(uint32_t state); /* "partly" */
const char *view_severity_name(uint32_t severity); /* "warning" */

/* What the first unit earns, bought at one venue of it and sold at the other: after both fees where
 * both are known, else before. False: nobody knows. */
bool view_edge(const struct view_matrix_row *row, uint32_t buy, uint32_t sell, int64_t *ppm);

#endif /* ARB_VIEW_ROWS_H */
