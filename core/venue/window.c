#include "venue/window.h"

#include <stdlib.h>

#include "arbspot/abi.h"
#include "util/log.h"
#include "wire/wire.h"

/* Room for what grows in a book that was cut to a message: quantities get longer. */
enum { SPARE = 16 }; /* one level of so many is left out */

#define OPEN INT64_MIN /* an edge below all prices */

int windows_init(struct windows *windows, uint32_t depth, const char *who,
                 const struct arb_instrument *instruments)
{
    *windows = (struct windows){ .instruments = instruments,
                                 .who = who,
                                 .depth = depth == 0 ? UINT32_MAX : depth };
    windows->windows = calloc(ARB_INSTRUMENTS_MAX, sizeof(*windows->windows));
    windows->changes = malloc(2 * WINDOW_CHANGES_MAX * sizeof(*windows->changes));
    if (windows->windows == NULL || windows->changes == NULL) {
        windows_fini(windows);
        return ARB_ENOMEM;
    }
    for (uint32_t i = 0; i < ARB_INSTRUMENTS_MAX; i++) {
        windows->windows[i] =
            (struct window){ .bids_edge = OPEN, .asks_edge = OPEN, .depth = windows->depth };
    }
    return ARB_OK;
}

void windows_fini(struct windows *windows)
{
    free(windows->windows);
    free(windows->changes);
    *windows = (struct windows){ 0 };
}

/* -- one side -------------------------------------------------------------------------- */

static uint32_t at_most(uint32_t n, uint32_t limit)
{
    return n < limit ? n : limit;
}

static int64_t key_of(const struct book_side *side, int64_t px)
{
    return side->ascending ? px : -px;
}

static int64_t edge_of(const struct book_side *side, uint32_t depth)
{
    return side->n < depth ? OPEN : key_of(side, book_side_begin(side)[side->n - depth].px);
}

/* The levels of a snapshot, worst first. */
static const struct arb_level *best_of(const struct book_side *side, uint32_t depth, uint32_t *n)
{
    *n = at_most(side->n, depth);
    return side->n <= depth ? book_side_begin(side) : book_side_begin(side) + (side->n - depth);
}

/* One side of a delta while it is made of that of the book. */
struct cut {
    const struct book_side *side; /* as it is now */
    int64_t was;                  /* its edge before */
    struct arb_level *changes;    /* [WINDOW_CHANGES_MAX] */
    uint32_t n;                   /* WINDOW_CHANGES_MAX + 1: there is no room */
};

static void put(struct cut *cut, int64_t px, int64_t qty)
{
    if (cut->n < WINDOW_CHANGES_MAX) {
        cut->changes[cut->n] = (struct arb_level){ .px = px, .qty = qty };
    }
    cut->n += cut->n <= WINDOW_CHANGES_MAX;
}

/*
 * The levels that the book's delta names, where the window was. What of them is below its edge now,
 * put_leaving() removes; one that came in from below is left to put_entering().
 */
static void put_named(struct cut *cut, const struct arb_level *levels, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (key_of(cut->side, levels[i].px) >= cut->was) {
            put(cut, levels[i].px, levels[i].qty);
        }
    }
}

/* What is in the window and below the old edge. */
static void put_entering(struct cut *cut, uint32_t depth)
{
    const struct arb_level *const begin = book_side_begin(cut->side);
    const uint32_t n = cut->side->n;

    for (uint32_t rank = n - at_most(n, depth);
         rank < n && key_of(cut->side, begin[rank].px) < cut->was && cut->n <= WINDOW_CHANGES_MAX;
         rank++) {
        put(cut, begin[rank].px, begin[rank].qty);
    }
}

/* What is below the window and was not below the old edge. */
static void put_leaving(struct cut *cut, uint32_t depth)
{
    const struct arb_level *const begin = book_side_begin(cut->side);

    for (uint32_t rank = cut->side->n - at_most(cut->side->n, depth);
         rank > 0 && key_of(cut->side, begin[rank - 1].px) >= cut->was &&
         cut->n <= WINDOW_CHANGES_MAX;
         rank--) {
        put(cut, begin[rank - 1].px, 0);
    }
}

static void cut_side(struct cut *cut, uint32_t depth, const struct arb_level *levels, uint32_t n)
{
    put_named(cut, levels, n);
    put_entering(cut, depth);
    put_leaving(cut, depth);
}

/* -- snapshots ------------------------------------------------------------------------- */

static bool is_cut_by(const struct book *book, uint32_t depth)
{
    return book->bids.n > depth || book->asks.n > depth;
}

static void set_edges(struct window *window, const struct book *book)
{
    window->is_cut = is_cut_by(book, window->depth);
    window->bids_edge = edge_of(&book->bids, window->depth);
    window->asks_edge = edge_of(&book->asks, window->depth);
}

static void make_snapshot(const struct windows *windows, uint32_t i, const struct book *book,
                          struct event *event)
{
    const uint32_t depth = windows->windows[i].depth;

    event->kind = EVENT_SNAPSHOT;
    event->info = &windows->instruments[i];
    event->bids = best_of(&book->bids, depth, &event->n_bids);
    event->asks = best_of(&book->asks, depth, &event->n_asks);
}

/* How many levels a side of a snapshot go into a message; UINT32_MAX: all that it has. */
static uint32_t fit(const struct event *event)
{
    if (wire_event_bound(event) <= WIRE_MESSAGE_MAX) {
        return UINT32_MAX;
    }
    const uint32_t n = event->n_bids > event->n_asks ? event->n_bids : event->n_asks;
    const uint32_t n_fit = wire_depth_within(event, WIRE_MESSAGE_MAX);
    return n_fit < n ? n_fit : UINT32_MAX;
}

static void say_cut(struct windows *windows, uint32_t i, const struct book *book)
{
    struct window *const window = &windows->windows[i];

    if (!window->is_said) {
        log_line(
            ARB_WARN, windows->who,
            "the book of %s has %u bids and %u asks, more than a Kafka message of %d bytes "
            "has room for; the best %u a side are published, a smaller publish_depth in [host] "
            "or in the section of the exchange would publish as many as it says",
            windows->instruments[i].symbol, book->bids.n, book->asks.n, (int)WIRE_MESSAGE_MAX,
            window->depth);
        window->is_said = true;
    }
}

/* Everybody gets the snapshot, so the window is chosen anew. */
static void pass_snapshot(struct windows *windows, uint32_t i, const struct book *book,
                          struct event *event)
{
    struct window *const window = &windows->windows[i];

    window->depth = windows->depth;
    make_snapshot(windows, i, book, event);
    const uint32_t n_fit = fit(event);
    if (n_fit != UINT32_MAX) {
        window->depth = n_fit - n_fit / SPARE;
        make_snapshot(windows, i, book, event);
        say_cut(windows, i, book);
    }
    set_edges(window, book);
}

/* -- deltas ---------------------------------------------------------------------------- */

static bool is_told(const struct window_told *told, const struct event *event)
{
    return told->state == event->state && told->trading == event->trading &&
           told->verified == event->verified && told->verified_levels == event->verified_levels;
}

static void note(struct window *window, const struct event *event)
{
    window->told = (struct window_told){ .state = event->state,
                                         .verified_levels = event->verified_levels,
                                         .trading = event->trading,
                                         .verified = event->verified };
}

/* False: there are too many changes. */
static bool cut_delta(struct windows *windows, uint32_t i, const struct book *book,
                      struct event *event)
{
    struct window *const window = &windows->windows[i];
    struct cut bids = { .side = &book->bids,
                        .was = window->bids_edge,
                        .changes = windows->changes },
               asks = { .side = &book->asks,
                        .was = window->asks_edge,
                        .changes = windows->changes + WINDOW_CHANGES_MAX };

    set_edges(window, book);
    cut_side(&bids, window->depth, event->bids, event->n_bids);
    cut_side(&asks, window->depth, event->asks, event->n_asks);
    if (bids.n > WINDOW_CHANGES_MAX || asks.n > WINDOW_CHANGES_MAX) {
        return false;
    }
    event->bids = bids.changes;
    event->asks = asks.changes;
    event->n_bids = bids.n;
    event->n_asks = asks.n;
    return true;
}

/* False: it changed nothing that is published. */
static bool pass_delta(struct windows *windows, uint32_t i, const struct book *book,
                       struct event *event)
{
    struct window *const window = &windows->windows[i];
    const bool is_to_cut = window->is_cut || is_cut_by(book, window->depth);
    bool is_made = true;

    if (is_to_cut) {
        is_made = cut_delta(windows, i, book, event);
    } else {
        set_edges(window, book); /* all levels are published, before and after */
    }
    if (!is_made || wire_event_bound(event) > WIRE_MESSAGE_MAX) {
        pass_snapshot(windows, i, book, event);
    }
    return !is_to_cut || event->n_bids + event->n_asks > 0 || !is_told(&window->told, event);
}

bool windows_pass(struct windows *windows, uint32_t i, const struct book *book, struct event *event)
{
    if (event->kind == EVENT_SNAPSHOT) {
        pass_snapshot(windows, i, book, event);
    } else if (event->kind == EVENT_DELTA && !pass_delta(windows, i, book, event)) {
        return false;
    }
    note(&windows->windows[i], event);
    return true;
}

/* -- for one consumer ------------------------------------------------------------------ */

bool windows_show(const struct windows *windows, uint32_t i, const struct book *book,
                  struct event *event)
{
    if (event->kind != EVENT_SNAPSHOT) {
        return true;
    }
    make_snapshot(windows, i, book, event);
    return fit(event) == UINT32_MAX;
}

void windows_view(const struct windows *windows, uint32_t i, struct arb_book *view)
{
    const uint32_t n_bids = at_most(view->n_bids, windows->windows[i].depth);
    const uint32_t n_asks = at_most(view->n_asks, windows->windows[i].depth);

    if (n_bids < view->n_bids) {
        view->bids += view->n_bids - n_bids;
        view->n_bids = n_bids;
    }
    if (n_asks < view->n_asks) {
        view->asks += view->n_asks - n_asks;
        view->n_asks = n_asks;
    }
}

uint32_t windows_crc(const struct windows *windows, uint32_t i, const struct book *book)
{
    const uint32_t depth = windows->windows[i].depth;
    uint32_t n_bids, n_asks;
    const struct arb_level *const bids = best_of(&book->bids, depth, &n_bids);
    const struct arb_level *const asks = best_of(&book->asks, depth, &n_asks);

    return event_book_crc(bids, n_bids, asks, n_asks);
}
