#include "strategy/attention.h"

#include <stdio.h>

#include "util/log.h"

#define LOOK_NS NS_PER_S
#define WINDOW_NS (3 * NS_PER_S)
#define APART_MAX_NS (2 * NS_PER_S) /* they do not come together again by waiting */

enum { WHY_MAX = 512 };

/* Of this venue, else a free place; NULL: there are more venues than anybody may have. */
static struct publisher_clock *find_clock(struct attention *attention,
                                          const struct event_venue *venue)
{
    for (unsigned i = 0; i < ARB_VENUES_MAX; i++) {
        struct publisher_clock *const clock = &attention->clocks[i];
        if (clock->venue == NULL || clock->venue == venue) {
            clock->venue = venue;
            return clock;
        }
    }
    return NULL;
}

void attention_alive(struct attention *attention, const struct event *event, struct moment now)
{
    struct publisher_clock *const clock = find_clock(attention, event->venue);
    int64_t difference_ns;

    if (clock == NULL || event->recv_ns == 0 || event->is_history || event->ends ||
        __builtin_sub_overflow(now.utc_ns, event->recv_ns, &difference_ns)) {
        return;
    }
    if (now.mono_ns >= clock->window_ns) {
        clock->is_known = clock->window_ns != 0;
        clock->apart_ns = clock->least_ns;
        clock->window_ns = now.mono_ns + WINDOW_NS;
        clock->least_ns = difference_ns;
        (void)snprintf(clock->host, sizeof(clock->host), "%s", event->reason);
    }
    clock->least_ns = difference_ns < clock->least_ns ? difference_ns : clock->least_ns;
}

static bool is_apart(const struct publisher_clock *clock)
{
    return clock->is_known &&
           (clock->apart_ns > CLOCKS_APART_NS || clock->apart_ns < -CLOCKS_APART_NS);
}

/* The first whose clock is another, or NULL. */
static const struct publisher_clock *find_apart(const struct attention *attention)
{
    for (unsigned i = 0; i < ARB_VENUES_MAX; i++) {
        if (is_apart(&attention->clocks[i])) {
            return &attention->clocks[i];
        }
    }
    return NULL;
}

static void say_apart(struct attention *attention, const struct publisher_clock *clock)
{
    const bool is_ahead = clock->apart_ns > 0;
    const long long tenths = clock->apart_ns / (NS_PER_S / 10) * (is_ahead ? 1 : -1);

    (void)snprintf(attention->host, sizeof(attention->host), "%s", clock->host);
    log_line(ARB_WARN, attention->who,
             "the clock of this machine is %lld.%lld s %s that of %s, which publishes %s: its "
             "books look so much %s, %s; set both clocks right (NTP)",
             tenths / 10, tenths % 10, is_ahead ? "ahead of" : "behind", clock->host,
             clock->venue->name, is_ahead ? "older" : "newer",
             is_ahead ? "so what is too old for it (max_age) is left out"
                      : "so none is ever too old for it (max_age)");
}

static void look_at_clocks(struct attention *attention, int64_t now_ns)
{
    const struct publisher_clock *const clock = find_apart(attention);

    const int64_t limit_ns =
        attention->limit_ns < APART_MAX_NS ? attention->limit_ns : APART_MAX_NS;

    switch (quiet_look(&attention->apart, clock != NULL, now_ns, limit_ns)) {
    case QUIET_BEGINS:
        say_apart(attention, clock);
        break;
    case QUIET_ENDS:
        log_line(ARB_INFO, attention->who,
                 "the clocks of this machine and of %s agree again, after %lld s", attention->host,
                 quiet_seconds(&attention->apart, now_ns));
        break;
    case QUIET_NONE:
        break;
    }
}

static void look_at_events(struct attention *attention, bool has_come, struct source *source,
                           int64_t now_ns)
{
    char why[WHY_MAX] = "nobody publishes";

    switch (quiet_look(&attention->nothing, !has_come, now_ns, attention->limit_ns)) {
    case QUIET_BEGINS:
        if (source->ops->explain != NULL) {
            (void)source->ops->explain(source, why, sizeof(why)); /* whose fault it is, why says */
        }
        log_line(ARB_WARN, attention->who, "nothing has come for %lld s: %s",
                 quiet_seconds(&attention->nothing, now_ns), why);
        break;
    case QUIET_ENDS:
        log_line(ARB_INFO, attention->who, "something comes again, after %lld s",
                 quiet_seconds(&attention->nothing, now_ns));
        break;
    case QUIET_NONE:
        break;
    }
}

/* Where nothing comes at all, that is said instead. */
static void look_at_books(struct attention *attention, const struct market_stats *stats,
                          bool has_come, int64_t now_ns)
{
    const bool is_missing = stats->n_live == 0 && (has_come || attention->no_book.is_missing);

    switch (quiet_look(&attention->no_book, is_missing, now_ns, attention->limit_ns)) {
    case QUIET_BEGINS:
        log_line(ARB_WARN, attention->who,
                 "none of %llu books is live for %lld s, although messages come: %s",
                 (unsigned long long)stats->n_books, quiet_seconds(&attention->no_book, now_ns),
                 stats->n_books == 0
                     ? "their hosts have no book yet, their exchanges have no section here, or its "
                       "group gives it no partition"
                     : "their hosts say that they are not, or are silent; look at their logs");
        break;
    case QUIET_ENDS:
        log_line(ARB_INFO, attention->who, "%llu books are live again, after %lld s",
                 (unsigned long long)stats->n_live, quiet_seconds(&attention->no_book, now_ns));
        break;
    case QUIET_NONE:
        break;
    }
}

void attention_look(struct attention *attention, const struct market_stats *stats,
                    struct source *source, int64_t now_ns)
{
    if (now_ns < attention->look_ns) {
        return;
    }
    attention->look_ns = now_ns + LOOK_NS;
    const bool has_come = stats->events != attention->n_events;
    attention->n_events = stats->events;
    look_at_events(attention, has_come, source, now_ns);
    look_at_books(attention, stats, has_come, now_ns);
    look_at_clocks(attention, now_ns);
}
