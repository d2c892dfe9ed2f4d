/*
 * live_book.h - one book of one session: what makes it LIVE, what makes it STALE, what is proven.
 *
 * Applies what a plugin published and returns what became of it: nothing, an event to pass on, or
 * damage. Knows neither session nor venue; when to ask for a new snapshot is the caller's.
 *
 * States: EMPTY -> SYNCING (deltas held for a snapshot by HTTP, bounded) -> LIVE <-> STALE. A book
 * is LIVE only while each rule below holds; what is published as LIVE is the whole truth or a
 * delta to what was published before.
 */
#ifndef ARB_LIVE_BOOK_H
#define ARB_LIVE_BOOK_H

#include "arbspot/exchange.h"
#include "book/book.h"
#include "book/cross_check.h"
#include "book/event.h"
#include "book/held.h"
#include "book/live_rules.h"
#include "book/silence.h"
#include "util/clock.h"

enum {
    LIVE_CHANGES_MAX = 2 * ARB_EVENT_LEVELS_MAX, /* a side: all levels set and as many removed */
};

#define LIVE_CROSSED_PATIENCE_NS (5 * NS_PER_S) /* for the message that uncrosses a book */

struct live_counts {
    uint64_t updates;    /* deltas applied */
    uint64_t snapshots;  /* snapshots applied */
    uint64_t verified;   /* checksums that matched */
    uint64_t mismatched; /* checksums that did not */
    uint64_t crossed;    /* events after which the book was crossed */
    uint64_t unknown_deletes;
    uint64_t repeated;     /* events that came twice */
    uint64_t healed;       /* levels set right by what a second channel shows */
    uint64_t held_dropped; /* books that gave up the deltas held, for there were too many */
};

/* What all books of a session share: memory for one event, and counters. */
struct live_room {
    struct book scratch;       /* a snapshot to compare with the live book */
    struct arb_level *changes; /* [2 * LIVE_CHANGES_MAX] bids, then asks, of the event being made */
    struct live_counts counts;
    bool is_numbered; /* the message in hand follows the one before, by its connection's numbers */
    char why[EVENT_REASON_MAX]; /* of the last damage, where it has numbers in it */
};

int live_room_init(struct live_room *room);
void live_room_fini(struct live_room *room);

/* How far a book is: the venue's latest time, and how many events it brought since. */
struct live_progress {
    int64_t venue_ns; /* 0: the venue has not said */
    uint64_t nth;
};

/* What had come when the snapshot by HTTP was asked for: changes on their way would be missed. */
struct live_quiet {
    int64_t asked_ns; /* asked_ns of the book at its last event */
    int64_t event_ns; /* mono: the last event before that; 0: none */
};

/* Where the book ends that a snapshot by HTTP showed a part of; 0: it showed all. */
struct live_edges {
    int64_t bid_px, ask_px;
};

/* Read by venue and tools, changed here only; `asked_ns` is the caller's to set. */
struct live_book {
    struct book book;
    struct live_edges edges;
    uint32_t state;       /* enum arb_book_state */
    uint8_t trading;      /* enum arb_trading, the stricter of pair and venue */
    uint8_t pair_trading; /* of the pair alone */
    uint8_t px_digits, qty_digits;
    uint8_t verified;    /* enum arb_verified of what it shows while LIVE */
    bool is_crossed;     /* STALE for no other reason: the next event may heal it */
    bool is_catching_up; /* since a snapshot by HTTP no delta was newer than it */
    bool has_gap;        /* nothing links the last snapshot by HTTP to the events behind it */
    bool is_hollow;      /* its last snapshot had no levels, and nothing shows that it has none */
    bool has_beyond;     /* an ask was left out: its price is beyond the scale */
    uint64_t last_seq;
    uint64_t seen_seq; /* of the newest delta that came, applied or not; 0: none */
    int64_t seen_ns;   /* the venue's time of that delta */
    int64_t venue_ns;
    int64_t change_ns;     /* the venue's time of the last change, for their order; 0: none */
    struct moment recv;    /* of the last event */
    int64_t known_ns;      /* mono: it shows at least what the venue had then: `recv`, and of a
                              snapshot by HTTP when it was asked for */
    int64_t event_mono_ns; /* when anything came for it last; 0: nothing since it began to wait */
    int64_t live_since_ns; /* mono */
    int64_t crossed_until_ns; /* mono: then a crossed book is damaged; NEVER_NS */
    int64_t asked_ns;         /* mono: when the snapshot by HTTP under way was asked for; 0: none */
    int64_t waiting_ns;       /* mono: since when it is subscribed and waits for a snapshot */
    struct live_quiet quiet;
    int64_t seed_venue_ns; /* of the last snapshot: a TOP that is not newer proves nothing */
    int64_t top_ns;        /* mono: when a TOP came last; 0: none since it began to wait */
    struct live_progress at;
    struct arb_order_terms terms; /* as the catalog last had them; all 0: not known */
    struct live_held held;
    struct silence silence;
    struct cross_check check;
    char reason[EVENT_REASON_MAX];
};

int live_book_init(struct live_book *book);
void live_book_fini(struct live_book *book);

enum live_outcome {
    LIVE_NOTHING = 0,      /* held, repeated, or of no use now */
    LIVE_TOLD = 1,         /* `event` is for everybody */
    LIVE_DAMAGED = 2,      /* `why`: it needs a new snapshot, and live_book_leave() */
    LIVE_SEED_REFUSED = 3, /* `why`: the snapshot by HTTP does not meet the deltas held */
};

struct live_result {
    enum live_outcome outcome;
    const char *why;
    struct event event; /* borrowed from book and room until the next call */
};

/* Applies one event of the plugin's; its levels were checked (price > 0, quantity >= 0). */
void live_book_apply(struct live_book *book, const struct live_rules *rules, struct live_room *room,
                     const struct arb_book_event *event, struct moment now,
                     struct live_result *result);

/* Time went by: a crossed book that nobody healed, a level that stayed different. */
void live_book_on_time(struct live_book *book, const struct live_rules *rules,
                       struct live_room *room, struct moment now, struct live_result *result);
/* When live_book_on_time() is wanted next (mono), or NEVER_NS. */
int64_t live_book_due_ns(const struct live_book *book);

/*
 * Its snapshot is awaited from now on: SYNCING, deltas are held. True: `event` says so; false: it
 * said so before.
 */
bool live_book_await(struct live_book *book, const struct live_rules *rules, struct moment now,
                     const char *why, struct event *event);

/* Leaves for STALE or UNUSABLE, drops what is held. As live_book_await(). */
bool live_book_leave(struct live_book *book, const struct live_rules *rules,
                     enum arb_book_state state, struct moment now, const char *why,
                     struct event *event);

/* It is served from now on: nothing was sent for it before. */
static inline void live_book_served(struct live_book *book, int64_t mono_ns)
{
    book->waiting_ns = mono_ns;
    book->seen_seq = 0;
    book->seen_ns = 0;
}

/* A snapshot by HTTP is asked for; 0: it came, or never will. */
static inline void live_book_asked(struct live_book *book, int64_t mono_ns)
{
    book->asked_ns = mono_ns;
}

/* The pair's own trading status, and the venue's. As live_book_await(). */
bool live_book_set_trading(struct live_book *book, const struct live_rules *rules, uint8_t pair,
                           uint8_t venue, struct moment now, const char *why, struct event *event);

/* A busy book that fell silent: it may be frozen. Says so once. */
bool live_book_is_frozen(struct live_book *book, const struct live_rules *rules, int64_t mono_ns);

/*
 * A snapshot by HTTP may be asked for: an event came that it can meet, or none did for quiet_ms.
 * For ARB_SNAPSHOT_EACH: none did for quiet_ms.
 */
bool live_book_wants_seed(const struct live_book *book, const struct live_rules *rules,
                          int64_t mono_ns);
/* When that is so at the latest if nothing comes (mono). */
int64_t live_book_seed_due_ns(const struct live_book *book, const struct live_rules *rules);

/* -- what others look at ------------------------------------------------------------------ */

/* An event of this book as it stands, without levels; `instrument` is the caller's to set. */
void live_book_event(const struct live_book *book, const struct live_rules *rules,
                     enum event_kind kind, struct event *event);
/* A snapshot of a book that is LIVE, else its status. */
void live_book_whole(const struct live_book *book, const struct live_rules *rules,
                     struct event *event);
struct arb_book live_book_view(const struct live_book *book, const struct live_rules *rules);

/* Levels to set, or with quantity 0 to remove. Borrowed. */
struct live_changes {
    const struct arb_level *bids, *asks;
    uint32_t n_bids, n_asks;
};

/* Makes an event of this book its delta. */
void live_book_delta(const struct live_book *book, const struct live_rules *rules,
                     const struct live_changes *changes, struct event *event);

/*
 * Makes `delta` the change of one book into another; `changes` has room for 2 * LIVE_CHANGES_MAX.
 * False when it is so large that a snapshot is better.
 */
bool live_book_difference(const struct book *from, const struct book *to, struct arb_level *changes,
                          struct live_changes *delta);

/* Events alone do not tell: each session counts them from its own snapshot on. */
static inline bool live_progress_is_ahead(const struct live_progress *a,
                                          const struct live_progress *b)
{
    return a->venue_ns > b->venue_ns ||
           (a->venue_ns == b->venue_ns && a->venue_ns > 0 && a->nth > b->nth);
}

#endif /* ARB_LIVE_BOOK_H */
