#include "view/venues.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view/row_json.h"

#define LAG_LASTS_NS (10 * NS_PER_S) /* a venue without events for so long has none */

/* -- what is heard ------------------------------------------------------------------------------
 */

/* The delay of an event, when its clock is known, the venue gave a time, and it is of a book. */
static void note_lag(struct view_venue *venue, const struct event *event)
{
    int64_t lag_ns;

    if (!arb_clock_is_known(event->clock) || event->venue_ns <= 0 || event->recv_ns <= 0 ||
        __builtin_sub_overflow(event->recv_ns, event->venue_ns, &lag_ns) ||
        __builtin_add_overflow(lag_ns, event->clock.offset_ns, &lag_ns)) {
        return;
    }
    venue->lags_ns[venue->n_lags++ % VENUES_LAGS_MAX] = lag_ns;
}

void view_venues_hear(struct view_venues *venues, const struct event *event)
{
    const uint32_t i = event->venue == NULL ? ARB_VENUES_MAX
                                            : market_find_venue(venues->market, event->venue->name);

    if (i >= market_n_venues(venues->market)) {
        return;
    }
    struct view_venue *const venue = &venues->venues[i];
    venue->is_heard = true;
    venue->session = event->session;
    venue->has_ended = event->kind == EVENT_ALIVE && event->ends;
    if (event->kind == EVENT_ALIVE) {
        return;
    }
    venue->n_events++;
    venues->n_events++;
    venue->clock = event->clock;
    note_lag(venue, event);
}

/* -- rows ---------------------------------------------------------------------------------------
 */

static int compare(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

static void find_lag(struct view_venue *venue, int64_t now_ns)
{
    const uint32_t n = venue->n_lags < VENUES_LAGS_MAX ? venue->n_lags : VENUES_LAGS_MAX;

    if (n > 0) {
        qsort(venue->lags_ns, n, sizeof(*venue->lags_ns), compare);
        venue->row.has_lag = true;
        venue->row.lag_ns = venue->lags_ns[n / 2];
        venue->lagged_ns = now_ns;
    } else if (now_ns - venue->lagged_ns >= LAG_LASTS_NS) {
        venue->row.has_lag = false;
        venue->row.lag_ns = 0;
    }
    venue->n_lags = 0;
}

static void end_second(struct view_venue *venue, const struct market *market, uint32_t i,
                       struct moment now)
{
    const int64_t alive_ns = market_alive_ns(market, i);

    find_lag(venue, now.mono_ns);
    venue->row.events_per_s = venue->n_events;
    venue->row.clock = venue->clock;
    venue->n_events = 0;
    if (alive_ns > 0) {
        venue->row.alive_ms = (now.utc_ns - (now.mono_ns - alive_ns)) / NS_PER_MS;
    }
}

static uint32_t state_of(const struct view_venue *venue, const struct view_books_count *count,
                         bool is_alive)
{
    if (!venue->is_heard) {
        return VIEW_VENUE_UNHEARD;
    }
    if (!is_alive) {
        return VIEW_VENUE_SILENT;
    }
    return count->n_books > 0 && count->n_live == count->n_books ? VIEW_VENUE_LIVE
                                                                 : VIEW_VENUE_PARTLY;
}

static bool is_shown(const struct view_venues *venues, const struct view_venue *venue,
                     const char *name)
{
    const struct exchange_config *const exchange =
        venues->config == NULL ? NULL : config_exchange(venues->config, name);
    return venue->is_heard || (exchange != NULL && exchange->enabled);
}

/* False: no memory. */
static bool begin(struct view_venues *venues, struct view_venue *venue, const char *name)
{
    char key[ITEM_KEY_MAX];

    (void)snprintf(key, sizeof(key), "venue:%s", name); /* fits */
    memcpy(venue->row.name, name, sizeof(venue->row.name));
    venue->item = item_create(venues->items, (struct item_source){ write_venue, &venue->row }, key);
    return venue->item != NULL;
}

static void update(struct view_venues *venues, uint32_t i, const struct view_books_count *count,
                   bool is_second, struct moment now)
{
    struct view_venue *const venue = &venues->venues[i];
    const struct view_venue_row before = venue->row;
    const char *const name = market_venue(venues->market, i)->name;
    const bool is_new = venue->item == NULL;

    if (is_new && (!is_shown(venues, venue, name) || !begin(venues, venue, name))) {
        return;
    }
    const bool is_alive = market_alive_ns(venues->market, i) > 0;
    venue->was_alive |= is_alive;
    venue->row.state = state_of(venue, count, is_alive);
    venue->row.n_books = count->n_books;
    venue->row.n_live = count->n_live;
    venue->row.session = venue->session;
    if (is_second) {
        end_second(venue, venues->market, i, now);
    }
    memcpy(venue->row.last_trouble, venue->last_trouble, sizeof(venue->row.last_trouble));
    venue->row.last_trouble_ms = venue->last_trouble_ms;
    if (is_new || memcmp(&before, &venue->row, sizeof(before)) != 0) {
        item_touch(venues->items, venue->item);
    }
}

/* Whether a second has ended, and the next one begun. */
static bool look_at_second(struct view_venues *venues, int64_t now_ns)
{
    const bool has_begun = venues->second_ns != 0;

    if (has_begun && now_ns < venues->second_ns) {
        return false;
    }
    /* What came in a longer time than a second is a rate all the same. */
    const int64_t passed_ns = now_ns - (venues->second_ns - NS_PER_S);
    venues->events_per_s =
        has_begun ? venues->n_events * (uint64_t)NS_PER_S / (uint64_t)passed_ns : 0;
    for (uint32_t i = 0; i < ARB_VENUES_MAX && has_begun; i++) {
        struct view_venue *const venue = &venues->venues[i];
        venue->n_events = venue->n_events * (uint64_t)NS_PER_S / (uint64_t)passed_ns;
    }
    venues->n_events = 0;
    venues->second_ns = now_ns + NS_PER_S;
    return has_begun;
}

void view_venues_step(struct view_venues *venues, const struct view_books_count *counts,
                      struct moment now)
{
    const bool is_second = look_at_second(venues, now.mono_ns);

    for (uint32_t i = 0; i < market_n_venues(venues->market); i++) {
        update(venues, i, &counts[i], is_second, now);
    }
}

void view_venues_note(struct view_venues *venues, uint32_t venue,
                      const struct view_trouble_row *trouble)
{
    struct view_venue *const to = &venues->venues[venue];

    memset(to->last_trouble, 0, sizeof(to->last_trouble));
    (void)snprintf(to->last_trouble, sizeof(to->last_trouble), "%s", trouble->text);
    to->last_trouble_ms = trouble->since_ms;
}

const struct view_venue_row *view_venues_at(const struct view_venues *venues, uint32_t venue)
{
    const struct view_venue *const at = &venues->venues[venue];
    return at->item == NULL ? NULL : &at->row;
}
