/*
 * attention.h - notices what keeps a strategy from finding anything, and says so once.
 *
 *   nothing   no event comes: no broker, no topic, nobody who publishes, no partition of its group
 *   no book   events come, and no book is LIVE
 *   clocks    the host that publishes a venue has another time of day: ages of books are told by
 *             comparing the two, so all look too old, or none does
 *
 * How far two clocks are apart shows in the alive messages: none arrives before it was published,
 * so the smallest difference within some seconds is the clocks', and what the fastest way takes.
 */
#ifndef ARB_ATTENTION_H
#define ARB_ATTENTION_H

#include "bus/source.h"
#include "strategy/market.h"
#include "util/clock.h"
#include "util/quiet.h"

#define CLOCKS_APART_NS (2 * NS_PER_S) /* more is named: networks and brokers take less */

enum { ATTENTION_HOST_MAX = 80 };

/* The clock of who publishes one venue. */
struct publisher_clock {
    const struct event_venue *venue; /* NULL: this place is free */
    char host[ATTENTION_HOST_MAX];
    int64_t apart_ns;            /* ours less theirs, over the last whole window; */
    bool is_known;               /* if there was one */
    int64_t least_ns, window_ns; /* of the window under way, which ends then (mono) */
};

/* Zeroed memory is ready, with `who` and `limit_ns` set. One thread. */
struct attention {
    const char *who;  /* "strategy=NAME" */
    int64_t limit_ns; /* [host] silence; 0: nothing is said */
    struct publisher_clock clocks[ARB_VENUES_MAX];
    struct quiet nothing, no_book, apart;
    int64_t look_ns;
    uint64_t n_events;             /* at the last look */
    char host[ATTENTION_HOST_MAX]; /* whose clock was said to be apart */
};

/* Takes note of an alive message of the present. */
void attention_alive(struct attention *attention, const struct event *event, struct moment now);

/* Looks once a second, and logs what is news. */
void attention_look(struct attention *attention, const struct market_stats *stats,
                    struct source *source, int64_t now_ns);

#endif /* ARB_ATTENTION_H */
