#include "session/feed_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"

/* One held delta; its levels stand behind it, bids first. */
struct held_delta {
    uint64_t seq;
    int64_t venue_ns, recv_ns;
    uint32_t n_bids, n_asks;
};

static const char went_back[] = "the venue's sequence went back";

static uint8_t trading_of(const struct feed *feed, const struct feed_book *book)
{
    return book->trading > feed->venue_trading ? book->trading : feed->venue_trading;
}

static uint8_t verified_of(const struct feed *feed, const struct feed_book *book)
{
    if (book->state != ARB_BOOK_LIVE) {
        return ARB_SUSPECT; /* whatever it shows must not be relied on */
    }
    return feed->caps.loss_detection == ARB_LOSS_NONE || book->is_unproven ? ARB_UNVERIFIABLE
                                                                           : ARB_VERIFIED;
}

/* A checksum over fewer levels than the book has proves nothing of those below. */
static uint32_t verified_levels_of(const struct feed *feed, const struct feed_book *book)
{
    const struct arb_capabilities *const caps = &feed->caps;
    const bool is_part = caps->depth == 0 || caps->checksum_levels < caps->depth;

    return book->state == ARB_BOOK_LIVE && !book->is_unproven &&
                   caps->loss_detection == ARB_LOSS_CHECKSUM && is_part
               ? caps->checksum_levels
               : 0;
}

struct event sync_event_of(const struct feed *feed, uint32_t instrument, enum event_kind kind)
{
    const struct feed_book *const book = &feed->books[instrument];
    return (struct event){
        .kind = (uint32_t)kind,
        .state = book->state,
        .trading = trading_of(feed, book),
        .verified = verified_of(feed, book),
        .verified_levels = verified_levels_of(feed, book),
        .px_digits = book->px_digits,
        .qty_digits = book->qty_digits,
        .instrument = instrument,
        .venue_ns = book->venue_ns,
        .recv_ns = book->recv_ns,
        .reason = "",
    };
}

static struct event status_event(const struct feed *feed, uint32_t instrument)
{
    const struct feed_book *const book = &feed->books[instrument];
    struct event event = sync_event_of(feed, instrument, EVENT_STATUS);

    event.recv_ns = feed->effects.host.now_ns;
    event.reason = book->reason;
    event.reason_len = (uint32_t)strlen(book->reason);
    return event;
}

static struct event snapshot_event(const struct feed *feed, uint32_t instrument)
{
    const struct feed_book *const book = &feed->books[instrument];
    struct event event = sync_event_of(feed, instrument, EVENT_SNAPSHOT);

    event.bids = book_side_begin(&book->book.bids);
    event.asks = book_side_begin(&book->book.asks);
    event.n_bids = book->book.bids.n;
    event.n_asks = book->book.asks.n;
    return event;
}

struct event sync_whole_event(const struct feed *feed, uint32_t instrument)
{
    return feed->books[instrument].state == ARB_BOOK_LIVE ? snapshot_event(feed, instrument)
                                                          : status_event(feed, instrument);
}

void sync_due_at(struct feed *feed, struct feed_book *book, int64_t due_ns)
{
    book->due_ns = due_ns;
    if (due_ns < feed->books_due_ns) {
        feed->books_due_ns = due_ns;
    }
}

void sync_set_state(struct feed *feed, uint32_t instrument, enum arb_book_state state,
                    const char *why)
{
    struct feed_book *const book = &feed->books[instrument];

    if (book->state == (uint32_t)state && strcmp(book->reason, why) == 0) {
        return;
    }
    book->state = (uint32_t)state;
    (void)snprintf(book->reason, sizeof(book->reason), "%s", why); /* a cut reason still tells */
    struct event event = status_event(feed, instrument);
    board_event(feed->board, feed->line, &event);
}

static int64_t resync_delay(uint32_t attempts)
{
    if (attempts == 0) {
        return 0;
    }
    const int64_t delay = RESYNC_DELAY_MIN_NS << (attempts - 1 < 8 ? attempts - 1 : 8);
    return delay < RESYNC_DELAY_MAX_NS ? delay : RESYNC_DELAY_MAX_NS;
}

/* For a book about to leave LIVE. */
static void forgive_attempts(struct feed_book *book, int64_t now_ns)
{
    if (book->state == ARB_BOOK_LIVE && now_ns - book->live_since_ns >= RESYNC_FORGIVEN_NS) {
        book->attempts = 0;
    }
}

/* Damaged before, and the resync for it is still to come? */
static bool awaits_resync(const struct feed_book *book)
{
    return book->due_ns != NEVER_NS && !book->crossed &&
           (book->state == ARB_BOOK_STALE || book->state == ARB_BOOK_UNUSABLE);
}

void sync_damaged(struct feed *feed, uint32_t instrument, const char *why)
{
    struct feed_book *const book = &feed->books[instrument];
    const int64_t now_ns = feed->effects.host.now_ns;
    uint64_t suppressed = 0;

    if (awaits_resync(book)) {
        return; /* a further complaint is no further attempt */
    }
    forgive_attempts(book, now_ns);
    book->crossed = false;
    book->held.len = 0;
    if (book->attempts == RESYNC_ATTEMPTS_MAX) {
        book->attempts = 0;
        sync_set_state(feed, instrument, ARB_BOOK_UNUSABLE, why);
        sync_due_at(feed, book, now_ns + UNUSABLE_RETRY_NS);
    } else {
        sync_set_state(feed, instrument, ARB_BOOK_STALE, why);
        sync_due_at(feed, book, now_ns + resync_delay(book->attempts));
        book->attempts++;
    }
    if (log_limit_pass(&feed->book_log, now_ns, &suppressed)) {
        log_line(ARB_WARN, feed->who, "%s is %s: %s (%llu more like this)",
                 feed->instruments.list[instrument].symbol, book_state_name(book->state), why,
                 (unsigned long long)suppressed);
    }
}

void sync_await_snapshot(struct feed *feed, uint32_t instrument, const char *why)
{
    struct feed_book *const book = &feed->books[instrument];

    book->held.len = 0;
    book->crossed = false;
    sync_set_state(feed, instrument, ARB_BOOK_SYNCING, why);
    sync_due_at(feed, book, feed->effects.host.now_ns + SYNC_TIMEOUT_NS);
}

void sync_refused(struct feed *feed, uint32_t instrument, const char *why)
{
    struct feed_book *const book = &feed->books[instrument];

    feed->stats.refused++;
    book->crossed = false; /* or the next delta would make it LIVE again */
    book->held.len = 0;
    sync_set_state(feed, instrument, ARB_BOOK_UNUSABLE, why);
    sync_due_at(feed, book, feed->effects.host.now_ns + UNUSABLE_RETRY_NS);
    log_line(ARB_ERROR, feed->who, "%s cannot be had: %s",
             feed->instruments.list[instrument].symbol, why);
}

static void announce_trading(struct feed *feed, uint32_t instrument, uint8_t before,
                             const char *why)
{
    struct feed_book *const book = &feed->books[instrument];

    if (trading_of(feed, book) != before && book->state != ARB_BOOK_EMPTY) {
        (void)snprintf(book->reason, sizeof(book->reason), "%s", why);
        struct event event = status_event(feed, instrument);
        board_event(feed->board, feed->line, &event);
    }
}

void sync_trading(struct feed *feed, uint32_t instrument, uint8_t trading, const char *why)
{
    if (instrument != ARB_ALL_INSTRUMENTS) {
        const uint8_t before = trading_of(feed, &feed->books[instrument]);
        feed->books[instrument].trading = trading;
        announce_trading(feed, instrument, before, why);
        return;
    }
    const uint8_t venue_before = feed->venue_trading;
    feed->venue_trading = trading;
    for (uint32_t i = 0; i < feed->instruments.n; i++) {
        const uint8_t own = feed->books[i].trading;
        announce_trading(feed, i, own > venue_before ? own : venue_before, why);
    }
}

/* Keeps a delta until the snapshot comes. Too many: the book starts over. */
static void hold(struct feed *feed, const struct arb_book_event *event)
{
    struct held *const held = &feed->books[event->instrument].held;
    const size_t levels_len = ((size_t)event->n_bids + event->n_asks) * sizeof(struct arb_level);
    const size_t need = held->len + sizeof(struct held_delta) + levels_len;

    if (need > HELD_BYTES_MAX) {
        feed->stats.held_dropped++;
        sync_damaged(feed, event->instrument, "too many deltas arrived before the snapshot");
        return;
    }
    if (need > held->cap) {
        const size_t cap = 2 * need < HELD_BYTES_MAX ? 2 * need : HELD_BYTES_MAX;
        char *const data = realloc(held->data, cap);
        if (data == NULL) {
            feed->stats.held_dropped++;
            sync_damaged(feed, event->instrument, "no memory to hold deltas");
            return;
        }
        held->data = data;
        held->cap = cap;
    }
    const struct held_delta delta = { .seq = event->seq,
                                      .venue_ns = event->venue_ns,
                                      .recv_ns = feed->effects.host.now_ns,
                                      .n_bids = event->n_bids,
                                      .n_asks = event->n_asks };
    char *at = held->data + held->len;
    memcpy(at, &delta, sizeof(delta));
    at += sizeof(delta);
    memcpy(at, event->bids, event->n_bids * sizeof(struct arb_level));
    memcpy(at + event->n_bids * sizeof(struct arb_level), event->asks,
           event->n_asks * sizeof(struct arb_level));
    held->len = need;
}

/* What went wrong while levels were set, or NULL. */
static const char *set_levels(struct feed *feed, struct book_side *side,
                              const struct arb_level *levels, uint32_t n)
{
    uint32_t unknown = 0;

    for (uint32_t i = 0; i < n; i++) {
        const int rc = book_side_set(side, &levels[i]);
        if (rc < ARB_OK) {
            return rc == ARB_ELIMIT ? "the book has more levels than the host keeps"
                                    : "no memory for the book";
        }
        unknown += (uint32_t)rc;
    }
    feed->stats.unknown_deletes += unknown;
    return unknown > 0 && feed->caps.unknown_delete == ARB_UNKNOWN_DELETE_DESYNC
               ? "a level was deleted that the book does not hold"
               : NULL;
}

/* The same for both sides; the second is set whatever became of the first. */
static const char *set_both(struct feed *feed, struct book *book, const struct arb_level *bids,
                            uint32_t n_bids, const struct arb_level *asks, uint32_t n_asks)
{
    const char *const bids_why = set_levels(feed, &book->bids, bids, n_bids);
    const char *const asks_why = set_levels(feed, &book->asks, asks, n_asks);
    return bids_why != NULL ? bids_why : asks_why;
}

/*
 * Cuts a side and gives the levels to publish: those set, and the removal of those cut. Without
 * a cut these are the event's own.
 */
static const struct arb_level *cut_side(struct book_side *side, uint32_t depth,
                                        const struct arb_level *levels, uint32_t *n,
                                        struct arb_level *changes)
{
    const uint32_t n_cut = book_side_cut(side, depth);

    if (n_cut == 0) {
        return levels;
    }
    memcpy(changes, levels, *n * sizeof(*levels));
    for (uint32_t i = 0; i < n_cut; i++) {
        changes[(*n)++] = (struct arb_level){ .px = book_side_begin(side)[-1 - (int64_t)i].px };
    }
    return changes;
}

/* A time that stands still, or goes back, is told apart by counting. */
static void note_progress(struct progress *at, int64_t venue_ns)
{
    if (venue_ns > at->venue_ns) {
        *at = (struct progress){ .venue_ns = venue_ns };
    } else {
        at->nth++;
    }
}

static void note_manner(struct feed_book *book, const struct arb_book_event *event)
{
    book->is_unproven = event->is_unproven;
    book->px_digits = event->px_digits;
    book->qty_digits = event->qty_digits;
}

/* The book is right as far as anyone can tell: says so, by a delta if it was LIVE before. */
static void publish_live(struct feed *feed, uint32_t instrument, struct event *delta)
{
    struct feed_book *const book = &feed->books[instrument];

    book->crossed = false;
    if (feed->max_age_ns > 0) {
        silence_event(&book->silence, feed->effects.host.now_ns, feed->max_age_ns);
    }
    if (book->state == ARB_BOOK_LIVE && delta != NULL) {
        board_event(feed->board, feed->line, delta);
        return;
    }
    if (book->state != ARB_BOOK_LIVE) {
        book->state = ARB_BOOK_LIVE;
        book->live_since_ns = feed->effects.host.now_ns;
        book->reason[0] = '\0';
        book->due_ns = NEVER_NS;
    }
    struct event event = snapshot_event(feed, instrument);
    board_event(feed->board, feed->line, &event);
}

static void on_crossed(struct feed *feed, uint32_t instrument)
{
    struct feed_book *const book = &feed->books[instrument];
    const bool again = book->crossed;

    feed->stats.crossed++;
    forgive_attempts(book, feed->effects.host.now_ns);
    if (again && trading_of(feed, book) == ARB_TRADING_OPEN) {
        sync_damaged(feed, instrument, "crossed for more than one message");
        return;
    }
    book->crossed = true;
    sync_set_state(feed, instrument, ARB_BOOK_STALE, "crossed");
    if (!again) {
        sync_due_at(feed, book, feed->effects.host.now_ns + CROSSED_PATIENCE_NS);
    }
}

/* While orders do not match, a crossed book is right; it is looked at again when they may. */
void sync_still_crossed(struct feed *feed, uint32_t instrument)
{
    struct feed_book *const book = &feed->books[instrument];

    if (trading_of(feed, book) == ARB_TRADING_OPEN) {
        sync_damaged(feed, instrument, "crossed for too long");
    } else {
        sync_due_at(feed, book, feed->effects.host.now_ns + CROSSED_PATIENCE_NS);
    }
}

/* After levels changed: checksum, crossing, and what to tell. `delta` NULL: a snapshot. */
static void settle(struct feed *feed, const struct arb_book_event *event, struct event *delta)
{
    const uint32_t i = event->instrument;
    struct feed_book *const book = &feed->books[i];

    if (event->has_checksum) {
        const struct arb_book view = sync_view(feed, i);
        uint32_t checksum = 0;
        if (feed->plugin->exchange.checksum(feed->self, i, &view, &checksum) != ARB_OK ||
            checksum != event->checksum) {
            feed->stats.mismatched++;
            sync_damaged(feed, i, "the venue's checksum does not match");
            return;
        }
        feed->stats.verified++;
    }
    if (book_is_crossed(&book->book)) {
        on_crossed(feed, i);
        return;
    }
    publish_live(feed, i, delta);
}

static void apply_delta(struct feed *feed, const struct arb_book_event *event)
{
    struct feed_book *const book = &feed->books[event->instrument];

    if (book->catching_up && event->seq <= book->seq) {
        return; /* the snapshot was ahead of the stream and contains it */
    }
    book->catching_up = false;
    if (event->seq < book->seq) {
        sync_damaged(feed, event->instrument, went_back);
        return;
    }
    feed->stats.updates++;
    const char *const why =
        set_both(feed, &book->book, event->bids, event->n_bids, event->asks, event->n_asks);
    if (why != NULL) {
        sync_damaged(feed, event->instrument, why);
        return;
    }
    book->seq = event->seq;
    book->venue_ns = event->venue_ns;
    book->recv_ns = feed->effects.host.now_ns;
    note_progress(&book->at, event->venue_ns);
    note_manner(book, event);
    struct event delta = sync_event_of(feed, event->instrument, EVENT_DELTA);
    delta.n_bids = event->n_bids;
    delta.n_asks = event->n_asks;
    delta.bids =
        cut_side(&book->book.bids, event->max_depth, event->bids, &delta.n_bids, feed->changes);
    delta.asks = cut_side(&book->book.asks, event->max_depth, event->asks, &delta.n_asks,
                          feed->changes + CHANGES_MAX);
    settle(feed, event, &delta);
}

/* Applies held deltas that are newer than the snapshot just taken. */
static const char *apply_held(struct feed *feed, struct feed_book *book)
{
    const char *why = NULL;

    for (size_t at = 0; at < book->held.len && why == NULL;) {
        struct held_delta delta;
        memcpy(&delta, book->held.data + at, sizeof(delta));
        const struct arb_level *const levels =
            (const struct arb_level *)(const void *)(book->held.data + at + sizeof(delta));
        at += sizeof(delta) + ((size_t)delta.n_bids + delta.n_asks) * sizeof(*levels);
        if (delta.seq <= book->seq) {
            continue;
        }
        feed->stats.updates++;
        why =
            set_both(feed, &book->book, levels, delta.n_bids, levels + delta.n_bids, delta.n_asks);
        book->catching_up = false;
        book->seq = delta.seq;
        book->venue_ns = delta.venue_ns;
        book->recv_ns = delta.recv_ns;
        note_progress(&book->at, delta.venue_ns);
    }
    book->held.len = 0;
    return why;
}

static int load_snapshot(struct book *book, const struct arb_book_event *event)
{
    int rc = book_side_replace(&book->bids, event->bids, event->n_bids);
    if (rc == ARB_OK) {
        rc = book_side_replace(&book->asks, event->asks, event->n_asks);
    }
    (void)book_side_cut(&book->bids, event->max_depth); /* a snapshot is published as a whole */
    (void)book_side_cut(&book->asks, event->max_depth);
    return rc;
}

static void swap_books(struct book *a, struct book *b)
{
    const struct book other = *a;
    *a = *b;
    *b = other;
}

bool sync_difference(const struct book *from, const struct book *to, struct arb_level *changes,
                     struct event *delta)
{
    delta->bids = changes;
    delta->asks = changes + CHANGES_MAX;
    delta->n_bids = book_side_diff(&from->bids, &to->bids, changes);
    delta->n_asks = book_side_diff(&from->asks, &to->asks, changes + CHANGES_MAX);
    return delta->n_bids + delta->n_asks <= (to->bids.n + to->asks.n) / 2;
}

/* The new book is in feed->scratch: makes it the book and says what changed. */
static void take_next_snapshot(struct feed *feed, const struct arb_book_event *event)
{
    struct feed_book *const book = &feed->books[event->instrument];
    struct event delta = sync_event_of(feed, event->instrument, EVENT_DELTA);
    const bool is_small = sync_difference(&book->book, &feed->scratch, feed->changes, &delta);

    swap_books(&book->book, &feed->scratch);
    settle(feed, event, is_small ? &delta : NULL);
}

static void apply_snapshot(struct feed *feed, const struct arb_book_event *event)
{
    struct feed_book *const book = &feed->books[event->instrument];
    const bool was_live = book->state == ARB_BOOK_LIVE;
    const char *why = NULL;

    if (was_live && event->seq < book->seq) {
        sync_damaged(feed, event->instrument, went_back);
        return;
    }
    if (load_snapshot(was_live ? &feed->scratch : &book->book, event) != ARB_OK) {
        sync_damaged(feed, event->instrument, "the snapshot does not fit");
        return;
    }
    feed->stats.snapshots++;
    book->catching_up = feed->caps.snapshot_source == ARB_SNAPSHOT_HTTP;
    book->seq = event->seq;
    book->venue_ns = event->venue_ns;
    book->recv_ns = feed->effects.host.now_ns;
    if (was_live) {
        note_progress(&book->at, event->venue_ns);
    } else {
        book->at = (struct progress){ .venue_ns = event->venue_ns };
    }
    note_manner(book, event);
    if (was_live) {
        take_next_snapshot(feed, event);
        return;
    }
    why = apply_held(feed, book);
    (void)book_side_cut(&book->book.bids, event->max_depth); /* held deltas know no depth */
    (void)book_side_cut(&book->book.asks, event->max_depth);
    if (why != NULL) {
        sync_damaged(feed, event->instrument, why);
        return;
    }
    settle(feed, event, NULL);
}

/*
 * A snapshot by HTTP is only good with the deltas held since it was asked for. Damage threw these
 * away, and until the resync none are held: an answer that comes in between would leave a hole.
 */
static bool is_of_use(const struct feed *feed, const struct feed_book *book)
{
    return feed->caps.snapshot_source != ARB_SNAPSHOT_HTTP || book->state == ARB_BOOK_SYNCING ||
           book->state == ARB_BOOK_LIVE;
}

/* Dated by the venue as it was sent? A snapshot may show a book as it was long before. */
static bool tells_time(const struct feed *feed, const struct arb_book_event *event)
{
    return event->venue_ns > 0 &&
           (event->kind == ARB_BOOK_DELTA || feed->caps.snapshot_source == ARB_SNAPSHOT_EACH);
}

void sync_book_event(struct feed *feed, const struct arb_book_event *event)
{
    const struct feed_book *const book = &feed->books[event->instrument];

    if (tells_time(feed, event)) {
        board_on_date(feed->board, feed->effects.host.now_ns, event->venue_ns);
    }
    if (event->kind == ARB_BOOK_SNAPSHOT) {
        if (is_of_use(feed, book)) {
            apply_snapshot(feed, event);
        }
    } else if (book->state == ARB_BOOK_LIVE || book->crossed) {
        apply_delta(feed, event);
    } else if (book->state == ARB_BOOK_SYNCING && feed->caps.snapshot_source == ARB_SNAPSHOT_HTTP) {
        hold(feed, event);
    }
    /* Otherwise a snapshot follows in the stream, and the delta is part of it. */
}

struct arb_book sync_view(const struct feed *feed, uint32_t instrument)
{
    const struct feed_book *const book = &feed->books[instrument];
    return (struct arb_book){
        .state = book->state,
        .trading = trading_of(feed, book),
        .n_bids = book->book.bids.n,
        .n_asks = book->book.asks.n,
        .bids = book_side_begin(&book->book.bids),
        .asks = book_side_begin(&book->book.asks),
        .seq = book->seq,
        .venue_ns = book->venue_ns,
        .recv_ns = book->recv_ns,
        .verified = verified_of(feed, book),
        .clock = board_clock(feed->board),
        .verified_levels = verified_levels_of(feed, book),
    };
}
