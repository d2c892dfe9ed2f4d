#include "book/live_book.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arbspot/abi.h"
#include "book/held.h"
#include "book/link.h"
#include "util/watch.h"

#define TOP_LATELY_NS (10 * NS_PER_S) /* a second channel that spoke within it will speak again */
#define STREAM_BEHIND_MAX_NS (10 * NS_PER_S)
#define DATE_DAMAGED_NS (60 * NS_PER_S) /* no message is so late: the date before was wrong */

static const char time_went_back[] = "the venue's time went back";

/* One event on its way into a book. */
struct step {
    struct live_book *book;
    const struct live_rules *rules;
    struct live_room *room;
    const struct arb_book_event *event;
    struct moment now;
    struct live_result *result;
    bool is_at_seam; /* it straddles the moment of the snapshot by HTTP */
};

/* -- life ------------------------------------------------------------------------------- */

int live_room_init(struct live_room *room)
{
    *room = (struct live_room){ 0 };
    room->changes = malloc(2 * (size_t)LIVE_CHANGES_MAX * sizeof(*room->changes));
    if (room->changes == NULL) {
        return ARB_ENOMEM;
    }
    return book_init(&room->scratch, 0);
}

void live_room_fini(struct live_room *room)
{
    book_fini(&room->scratch);
    free(room->changes);
    *room = (struct live_room){ 0 };
}

int live_book_init(struct live_book *book)
{
    *book = (struct live_book){ .state = ARB_BOOK_EMPTY,
                                .trading = ARB_TRADING_OPEN,
                                .pair_trading = ARB_TRADING_OPEN,
                                .px_digits = ARB_DIGITS_UNKNOWN,
                                .qty_digits = ARB_DIGITS_UNKNOWN,
                                .verified = ARB_UNVERIFIABLE,
                                .crossed_until_ns = NEVER_NS };
    return book_init(&book->book, 0);
}

void live_book_fini(struct live_book *book)
{
    book_fini(&book->book);
    cross_check_fini(&book->check);
    free(book->held.data);
    book->held = (struct live_held){ 0 };
}

/* -- what others look at ---------------------------------------------------------------- */

/* What a book shows that is not LIVE must not be relied on. */
static uint8_t verified_of(const struct live_book *book)
{
    return book->state == ARB_BOOK_LIVE ? book->verified : (uint8_t)ARB_SUSPECT;
}

/* A checksum over fewer levels than the book has proves nothing of those below. */
static uint32_t verified_levels_of(const struct live_book *book, const struct live_rules *rules)
{
    const bool is_part = rules->depth == 0 || rules->checksum_levels < rules->depth;

    return verified_of(book) == ARB_VERIFIED && rules->loss == ARB_LOSS_CHECKSUM && is_part
               ? rules->checksum_levels
               : 0;
}

/* Member by member: a whole that is assigned is made elsewhere and copied, or cleared by a call. */
void live_book_event(const struct live_book *book, const struct live_rules *rules,
                     enum event_kind kind, struct event *event)
{
    event->kind = (uint32_t)kind;
    event->state = book->state;
    event->trading = book->trading;
    event->verified = verified_of(book);
    event->verified_levels = verified_levels_of(book, rules);
    event->px_digits = book->px_digits;
    event->qty_digits = book->qty_digits;
    event->venue_ns = book->venue_ns;
    event->recv_ns = book->recv.utc_ns;
    event->n_bids = event->n_asks = 0;
    event->bids = event->asks = NULL;
    event->terms = NULL;
    event->reason = "";
    event->reason_len = 0;
    /* Whose it is, and its place among the others: the caller's. */
    event->crc = event->instrument = 0;
    event->venue = NULL;
    event->info = NULL;
    event->session = event->seq = event->prev_seq = event->conflated = 0;
    event->clock.offset_ns = event->clock.error_ns = 0;
}

void live_book_delta(const struct live_book *book, const struct live_rules *rules,
                     const struct live_changes *changes, struct event *event)
{
    live_book_event(book, rules, EVENT_DELTA, event);
    event->bids = changes->bids;
    event->asks = changes->asks;
    event->n_bids = changes->n_bids;
    event->n_asks = changes->n_asks;
}

static void status_event(const struct live_book *book, const struct live_rules *rules,
                         struct event *event)
{
    live_book_event(book, rules, EVENT_STATUS, event);
    event->reason = book->reason;
    event->reason_len = (uint32_t)strlen(book->reason);
}

static bool are_known(const struct arb_order_terms *terms)
{
    return terms->tick.units > 0 || terms->lot.units > 0 || terms->min_qty.units > 0 ||
           terms->min_notional.units > 0;
}

static void snapshot_event(const struct live_book *book, const struct live_rules *rules,
                           struct event *event)
{
    live_book_event(book, rules, EVENT_SNAPSHOT, event);
    event->terms = are_known(&book->terms) ? &book->terms : NULL;
    event->bids = book_side_begin(&book->book.bids);
    event->asks = book_side_begin(&book->book.asks);
    event->n_bids = book->book.bids.n;
    event->n_asks = book->book.asks.n;
}

void live_book_whole(const struct live_book *book, const struct live_rules *rules,
                     struct event *event)
{
    if (book->state == ARB_BOOK_LIVE) {
        snapshot_event(book, rules, event);
    } else {
        status_event(book, rules, event);
    }
}

struct arb_book live_book_view(const struct live_book *book, const struct live_rules *rules)
{
    return (struct arb_book){
        .state = book->state,
        .trading = book->trading,
        .n_bids = book->book.bids.n,
        .n_asks = book->book.asks.n,
        .bids = book_side_begin(&book->book.bids),
        .asks = book_side_begin(&book->book.asks),
        .seq = book->last_seq,
        .venue_ns = book->venue_ns,
        .recv_ns = book->recv.utc_ns,
        .verified = verified_of(book),
        .verified_levels = verified_levels_of(book, rules),
    };
}

bool live_book_difference(const struct book *from, const struct book *to, struct arb_level *changes,
                          struct live_changes *delta)
{
    delta->bids = changes;
    delta->asks = changes + LIVE_CHANGES_MAX;
    delta->n_bids = book_side_diff(&from->bids, &to->bids, changes);
    delta->n_asks = book_side_diff(&from->asks, &to->asks, changes + LIVE_CHANGES_MAX);
    return delta->n_bids + delta->n_asks <= (to->bids.n + to->asks.n) / 2;
}

/* -- states ----------------------------------------------------------------------------- */

/* Deltas are applied to it, so each event has one before it. */
static bool is_followed(const struct live_book *book)
{
    return book->state == ARB_BOOK_LIVE || book->is_crossed;
}

/* False: it said so before. */
static bool set_state(struct live_book *book, enum arb_book_state state, const char *why)
{
    if (book->state == (uint32_t)state && strcmp(book->reason, why) == 0) {
        return false;
    }
    book->state = (uint32_t)state;
    (void)snprintf(book->reason, sizeof(book->reason), "%s", why); /* a cut reason still tells */
    return true;
}

/* What belongs to the book as it was followed so far. */
static void forget(struct live_book *book)
{
    held_drop(&book->held);
    cross_check_forget(&book->check);
    book->is_crossed = book->is_catching_up = false;
    book->crossed_until_ns = NEVER_NS;
    book->asked_ns = 0;
}

static bool tell_status(const struct live_book *book, const struct live_rules *rules,
                        struct moment now, struct event *event)
{
    status_event(book, rules, event);
    event->recv_ns = now.utc_ns;
    return true;
}

bool live_book_await(struct live_book *book, const struct live_rules *rules, struct moment now,
                     const char *why, struct event *event)
{
    forget(book);
    book->quiet = (struct live_quiet){ 0 };
    book->event_mono_ns = book->top_ns = 0;
    book->waiting_ns = now.mono_ns;
    return set_state(book, ARB_BOOK_SYNCING, why) && tell_status(book, rules, now, event);
}

bool live_book_leave(struct live_book *book, const struct live_rules *rules,
                     enum arb_book_state state, struct moment now, const char *why,
                     struct event *event)
{
    forget(book);
    return set_state(book, state, why) && tell_status(book, rules, now, event);
}

bool live_book_set_trading(struct live_book *book, const struct live_rules *rules, uint8_t pair,
                           uint8_t venue, struct moment now, const char *why, struct event *event)
{
    const uint8_t before = book->trading;

    book->pair_trading = pair;
    book->trading = pair > venue ? pair : venue;
    if (book->trading == before || book->state == ARB_BOOK_EMPTY) {
        return false;
    }
    (void)snprintf(book->reason, sizeof(book->reason), "%s", why);
    return tell_status(book, rules, now, event);
}

/* -- what becomes of an event ----------------------------------------------------------- */

static void damaged(struct step *step, const char *why)
{
    step->result->outcome = LIVE_DAMAGED;
    step->result->why = why;
}

static void refused(struct step *step, const char *why)
{
    step->result->outcome = LIVE_SEED_REFUSED;
    step->result->why = why;
}

/* The event is in the result already: it is large, and written once. */
static void told(struct step *step)
{
    step->result->outcome = LIVE_TOLD;
}

static void tell_delta(struct step *step, const struct live_changes *changes)
{
    live_book_delta(step->book, step->rules, changes, &step->result->event);
    told(step);
}

/* A time that stands still, or goes back, is told apart by counting. */
static void note_progress(struct live_progress *at, int64_t venue_ns)
{
    if (venue_ns > at->venue_ns) {
        *at = (struct live_progress){ .venue_ns = venue_ns };
    } else {
        at->nth++;
    }
}

/* The book is right as far as anyone can tell: says so, by a delta if it was LIVE before. */
static void publish_live(struct step *step, const struct live_changes *delta)
{
    struct live_book *const book = step->book;

    book->is_crossed = false;
    book->crossed_until_ns = NEVER_NS;
    if (step->rules->max_age_ns > 0) {
        silence_event(&book->silence, step->now.mono_ns, step->rules->max_age_ns);
    }
    if (book->state == ARB_BOOK_LIVE && delta != NULL) {
        tell_delta(step, delta);
        return;
    }
    if (book->state != ARB_BOOK_LIVE) {
        book->state = ARB_BOOK_LIVE;
        book->live_since_ns = step->now.mono_ns;
        book->reason[0] = '\0';
    }
    snapshot_event(book, step->rules, &step->result->event);
    told(step);
}

static bool has_top_lately(const struct step *step)
{
    const int64_t top_ns = step->book->top_ns;
    return top_ns != 0 && step->now.mono_ns - top_ns <= TOP_LATELY_NS;
}

/* Where the venue has not told, orders are taken to match: it says so when they do not. */
static bool may_match(const struct live_book *book)
{
    return book->trading == ARB_TRADING_OPEN || book->trading == ARB_TRADING_UNKNOWN;
}

/* While orders do not match, a crossed book is right; a second channel is going to heal it. */
static void on_crossed(struct step *step)
{
    struct live_book *const book = step->book;

    step->room->counts.crossed++;
    if (book->is_crossed && may_match(book) && !has_top_lately(step)) {
        damaged(step, "crossed for more than one message");
        return;
    }
    if (!book->is_crossed) {
        book->is_crossed = true;
        book->crossed_until_ns = step->now.mono_ns + LIVE_CROSSED_PATIENCE_NS;
    }
    cross_check_forget(&book->check);
    if (set_state(book, ARB_BOOK_STALE, "crossed") &&
        tell_status(book, step->rules, step->now, &step->result->event)) {
        told(step);
    }
}

/* Levels changed: what to tell. `delta` NULL: the whole book. */
static void settle(struct step *step, const struct live_changes *delta)
{
    if (book_is_crossed(&step->book->book)) {
        on_crossed(step);
    } else {
        publish_live(step, delta);
    }
}

static int call_checksum(const struct live_rules *rules, const struct arb_book_event *event,
                         const struct arb_book *view, uint32_t *checksum)
{
    watch_enter_next("checksum()");
    const int rc = rules->checksum(rules->self, event, view, checksum);
    watch_leave();
    return rc;
}

/* Nothing was compared: the fault is the plugin's, or that of memory. */
static const char *no_checksum(struct step *step, int rc)
{
    (void)snprintf(step->room->why, sizeof(step->room->why),
                   "the plugin's checksum() failed, nothing was compared: %s", arb_rc_text(rc));
    return step->room->why;
}

/* What is wrong with the venue's checksum of the book as it is after the event, or NULL. */
static const char *compare_checksum(struct step *step)
{
    const struct live_rules *const rules = step->rules;

    if (!step->event->has_checksum) {
        return NULL;
    }
    const struct arb_book view = live_book_view(step->book, rules);
    uint32_t checksum = 0;
    const int rc =
        rules->checksum == NULL ? ARB_ENOTSUP : call_checksum(rules, step->event, &view, &checksum);
    if (rc != ARB_OK) {
        return no_checksum(step, rc);
    }
    if (checksum == step->event->checksum) {
        step->room->counts.verified++;
        return NULL;
    }
    step->room->counts.mismatched++;
    return step->book->has_beyond ? "a price does not fit the scale, and the checksum covers it"
                                  : "the venue's checksum does not match";
}

/* Shown means verified: by a checksum that was compared, or by a link or number that fits. */
static void prove(struct step *step, enum link link)
{
    bool is_shown = false;

    if (step->is_at_seam && link == LINK_FITS) {
        step->book->has_gap = false;
    }
    switch (step->rules->loss) {
    case ARB_LOSS_CHECKSUM:
        is_shown = step->event->has_checksum;
        break;
    case ARB_LOSS_SEQUENCE:
    case ARB_LOSS_CHAIN:
        is_shown = link == LINK_FITS && !step->book->has_gap;
        break;
    case ARB_LOSS_STATELESS:
        is_shown = step->event->kind == ARB_BOOK_SNAPSHOT;
        break;
    case ARB_LOSS_CONNECTION:
        is_shown = step->room->is_numbered;
        break;
    default:
        break;
    }
    step->book->verified = is_shown && !step->book->is_hollow ? ARB_VERIFIED : ARB_UNVERIFIABLE;
}

/*
 * A snapshot in the stream may be dated by the last change or by its making: the order of changes
 * is told by changes alone, and the book is as new as the newest of all.
 */
static void note_time(struct step *step)
{
    struct live_book *const book = step->book;
    const int64_t venue_ns = step->event->venue_ns;
    const bool is_snapshot = step->event->kind == ARB_BOOK_SNAPSHOT;

    if (is_snapshot || venue_ns == 0 || venue_ns > book->venue_ns) {
        book->venue_ns = venue_ns;
    }
    if (is_snapshot) {
        book->change_ns = step->rules->source == ARB_SNAPSHOT_STREAM ? 0 : venue_ns;
    } else if (venue_ns > 0) {
        book->change_ns = venue_ns;
    }
}

static void note_event(struct step *step)
{
    struct live_book *const book = step->book;
    const struct arb_book_event *const event = step->event;

    if (event->kind == ARB_BOOK_DELTA && event->last_seq == 0 && book->last_seq != 0) {
        book->has_gap = true; /* what has no number may be any; nothing shows what came before */
    }
    book->last_seq = event->last_seq;
    note_time(step);
    book->recv = step->now;
    book->known_ns = step->now.mono_ns;
    if (event->px_digits != ARB_DIGITS_UNKNOWN) {
        book->px_digits = event->px_digits;
    }
    if (event->qty_digits != ARB_DIGITS_UNKNOWN) {
        book->qty_digits = event->qty_digits;
    }
}

/* -- order ------------------------------------------------------------------------------ */

/* Does it tell a time that went back, where time tells the order? */
static bool goes_back(const struct step *step, int64_t venue_ns)
{
    return step->event->venue_ns > 0 && step->event->venue_ns < venue_ns;
}

/* How the event stands to the book; sets is_at_seam. */
static enum link link_of(struct step *step, const char **why)
{
    const struct live_book *const book = step->book;
    const struct live_rules *const rules = step->rules;

    *why = step->room->why;
    step->is_at_seam = book->is_catching_up;
    if (step->is_at_seam) {
        const struct arb_book_event snapshot = { .last_seq = book->last_seq,
                                                 .venue_ns = book->venue_ns };
        return link_meet(rules, &snapshot, step->event, step->room->why);
    }
    const enum link link = link_follow(rules, book->last_seq, step->event, step->room->why);
    if (link_is_next(link) && rules->time_order == ARB_TIME_NOT_BACK &&
        goes_back(step, book->change_ns)) {
        *why = time_went_back;
        return LINK_BROKEN;
    }
    return link;
}

/* -- deltas ----------------------------------------------------------------------------- */

/* What went wrong while levels were set, or NULL. */
static const char *set_levels(struct step *step, struct book_side *side,
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
    step->room->counts.unknown_deletes += unknown;
    return unknown > 0 && !step->is_at_seam &&
                   step->rules->unknown_delete == ARB_UNKNOWN_DELETE_DESYNC
               ? "a level was deleted that the book does not hold"
               : NULL;
}

static bool is_beyond(const struct book_side *side, int64_t edge_px, int64_t px)
{
    return side->ascending ? px < edge_px : px > edge_px;
}

/* The levels up to the edge of what is known; where there are others, in `changes`. */
static const struct arb_level *known_levels(const struct book_side *side, int64_t edge_px,
                                            const struct arb_level *levels, uint32_t *n,
                                            struct arb_level *changes)
{
    uint32_t n_known = edge_px == 0 ? *n : 0;

    while (n_known < *n && !is_beyond(side, edge_px, levels[n_known].px)) {
        n_known++;
    }
    if (n_known == *n) {
        return levels;
    }
    memmove(changes, levels, n_known * sizeof(*levels)); /* healed levels are there already */
    for (uint32_t i = n_known + 1; i < *n; i++) {
        if (!is_beyond(side, edge_px, levels[i].px)) {
            changes[n_known++] = levels[i];
        }
    }
    *n = n_known;
    return changes;
}

/* Little is left of a side whose end is not the book's: what comes next is not known. */
static bool runs_out(const struct step *step)
{
    const struct live_book *const book = step->book;
    const uint32_t least = step->rules->seed_levels / 4;

    return (book->edges.bid_px != 0 && book->book.bids.n < least) ||
           (book->edges.ask_px != 0 && book->book.asks.n < least);
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
    if (*n > 0) {
        memmove(changes, levels, *n * sizeof(*levels)); /* healed levels are there already */
    }
    for (uint32_t i = 0; i < n_cut; i++) {
        changes[(*n)++] = (struct arb_level){ .px = book_side_begin(side)[-1 - (int64_t)i].px };
    }
    return changes;
}

/* Sets the levels of one side; `levels` and `n` become those to publish, maybe in `changes`. */
static const char *apply_side(struct step *step, struct book_side *side, int64_t edge_px,
                              const struct arb_level **levels, uint32_t *n,
                              struct arb_level *changes)
{
    *levels = known_levels(side, edge_px, *levels, n, changes);
    const char *const why = set_levels(step, side, *levels, *n);
    *levels = cut_side(side, step->event->max_depth, *levels, n, changes);
    return why;
}

/* Sets the levels of a delta that is in order; `changes` tells those to publish. */
static const char *apply_levels(struct step *step, struct live_changes *changes)
{
    const struct arb_book_event *const event = step->event;
    struct live_book *const book = step->book;
    struct arb_level *const room = step->room->changes;

    *changes = (struct live_changes){ event->bids, event->asks, event->n_bids, event->n_asks };
    const char *const bids_why = apply_side(step, &book->book.bids, book->edges.bid_px,
                                            &changes->bids, &changes->n_bids, room);
    const char *const asks_why =
        apply_side(step, &book->book.asks, book->edges.ask_px, &changes->asks, &changes->n_asks,
                   room + LIVE_CHANGES_MAX);
    return bids_why != NULL ? bids_why : asks_why;
}

/*
 * Behind a snapshot by HTTP, what it contains comes too, for as long as the stream is behind: a
 * stream that stays behind has started over, and the book would stand still.
 */
static void on_repeated_delta(struct step *step)
{
    struct live_book *const book = step->book;
    const struct arb_book_event *const event = step->event;
    const bool is_older = event->last_seq != 0 && book->last_seq != 0
                              ? event->last_seq != book->last_seq
                              : event->venue_ns < book->venue_ns;

    if (!step->is_at_seam) {
        step->room->counts.repeated++;
        silence_alive(&book->silence, step->now.mono_ns);
    } else if (is_older && step->now.mono_ns - book->recv.mono_ns > STREAM_BEHIND_MAX_NS) {
        damaged(step, "the stream stays behind the snapshot");
    }
}

/* True: the delta is in the book. False: there was nothing to do, or it is damaged. */
static bool take_delta(struct step *step, struct live_changes *changes)
{
    struct live_book *const book = step->book;
    const char *why = NULL;
    const enum link link = link_of(step, &why);

    if (link == LINK_REPEATED) {
        on_repeated_delta(step);
        return false;
    }
    if (link != LINK_BROKEN) {
        step->room->counts.updates++;
        book->is_catching_up = false;
        book->has_beyond = book->has_beyond || step->event->n_beyond > 0;
        why = apply_levels(step, changes);
        if (why == NULL && runs_out(step)) {
            why = "the market comes near the end of what its snapshot showed";
        }
    }
    if (why == NULL) {
        note_event(step);
        note_progress(&book->at, step->event->venue_ns);
        why = compare_checksum(step);
    }
    if (why != NULL) {
        damaged(step, why);
        return false;
    }
    prove(step, link);
    return true;
}

static void apply_delta(struct step *step)
{
    struct live_changes changes;

    if (take_delta(step, &changes)) {
        cross_check_delta(&step->book->check, step->event);
        settle(step, &changes);
    }
}

/* -- deltas that wait for a snapshot by HTTP -------------------------------------------- */

/* How it stands to the one held before. */
static enum link link_of_held(struct step *step, const char **why)
{
    const struct live_held *const held = &step->book->held;
    const bool has_time_order =
        step->rules->time_order == ARB_TIME_NOT_BACK || step->rules->seam == ARB_SEAM_TIME;
    const enum link link = link_follow(step->rules, held->last_seq, step->event, step->room->why);

    *why = step->room->why;
    if (link_is_next(link) && has_time_order && goes_back(step, held->last_venue_ns)) {
        *why = time_went_back;
        return LINK_BROKEN;
    }
    return link;
}

static void hold(struct step *step)
{
    struct live_held *const held = &step->book->held;
    const char *why = NULL;
    const enum link link = link_of_held(step, &why);

    if (link == LINK_REPEATED) {
        step->room->counts.repeated++;
        return;
    }
    if (link != LINK_BROKEN) {
        why = held_reserve(held, step->event);
        step->room->counts.held_dropped += why != NULL ? 1 : 0;
    }
    if (why != NULL) {
        damaged(step, why);
        return;
    }
    held_put(held, step->event, step->now);
}

/* Where the deltas begin that the snapshot's own number does not show to be part of it. */
static size_t skip_linked(const struct live_held *held, const struct step *step)
{
    size_t begin = 0;

    if (step->rules->loss != ARB_LOSS_CHAIN || step->event->last_seq == 0) {
        return 0;
    }
    for (size_t at = 0; at < held->len;) {
        const struct held_delta delta = held_read(held, &at);
        if (delta.event.last_seq == step->event->last_seq) {
            begin = at;
        }
    }
    return begin;
}

/* Nothing had come for so long when the snapshot was asked for that nothing was on its way? */
static bool was_quiet(const struct step *step)
{
    const struct live_book *const book = step->book;
    const int64_t asked_ns = book->asked_ns, quiet_ns = step->rules->quiet_ns;
    const int64_t event_ns =
        book->quiet.asked_ns == asked_ns ? book->quiet.event_ns : book->event_mono_ns;
    size_t at = 0;

    if (asked_ns == 0 || asked_ns - book->waiting_ns < quiet_ns ||
        (event_ns != 0 && asked_ns - event_ns < quiet_ns)) {
        return false;
    }
    return book->held.len == 0 || held_read(&book->held, &at).recv.mono_ns >= asked_ns;
}

/* Is the snapshot newer than the first delta held, by the venue's time? */
static bool is_newer(const struct step *step)
{
    const struct live_held *const held = &step->book->held;
    return held->first_venue_ns > 0 && step->event->venue_ns >= held->first_venue_ns;
}

/*
 * By the venue's time. Why the snapshot does not meet the deltas held, or NULL. What is lost
 * between that of a quiet market and the first event behind it shows by nothing.
 */
static const char *refuse_by_time(const struct step *step)
{
    const struct live_held *const held = &step->book->held;

    if (was_quiet(step) || is_newer(step)) {
        return NULL;
    }
    return held->len == 0 ? "no change has come that it could be compared with"
                          : "older than the first change held";
}

/*
 * A change that showed a gap is not held, but it came: a snapshot of before it lacks it, even where
 * one of before it came late, and is held.
 */
static bool is_behind_seen(const struct step *step)
{
    const struct live_held *const held = &step->book->held;
    const bool is_counted =
        step->rules->loss == ARB_LOSS_SEQUENCE || step->rules->seam == ARB_SEAM_SEQUENCE;
    const bool is_numbered = step->event->last_seq != 0 && (held->len == 0 || held->last_seq != 0);

    return is_counted && is_numbered && step->event->last_seq < step->book->seen_seq &&
           held->last_seq < step->book->seen_seq;
}

/*
 * What came before those held counts once: the next snapshot is asked for after it, and a number
 * that no change has would refuse them all.
 */
static void forget_seen(struct live_book *book)
{
    if (book->held.len > 0) {
        book->seen_seq = book->held.last_seq;
        book->seen_ns = book->held.last_venue_ns;
    }
}

/* The first delta held that is not part of the snapshot has to follow it. Else: why not. */
static const char *refuse(const struct step *step, size_t begin)
{
    const struct live_held *const held = &step->book->held;
    enum link link = LINK_REPEATED;

    for (size_t at = begin; at < held->len && link == LINK_REPEATED;) {
        const struct held_delta delta = held_read(held, &at);
        link = link_meet(step->rules, step->event, &delta.event, step->room->why);
    }
    if (link == LINK_BROKEN) {
        return "older than the first change held";
    }
    if (is_behind_seen(step)) {
        return "older than a change that came before";
    }
    if (link == LINK_FITS || begin > 0 || step->rules->seam != ARB_SEAM_TIME) {
        return NULL;
    }
    return refuse_by_time(step);
}

/* Applies the deltas held behind the snapshot just taken. False: damaged. */
static bool apply_held(struct step *step, size_t begin)
{
    struct live_held *const held = &step->book->held;
    struct step one = *step;
    struct live_changes changes;

    for (size_t at = begin; at < held->len && step->result->outcome != LIVE_DAMAGED;) {
        const struct held_delta delta = held_read(held, &at);
        one.event = &delta.event;
        one.now = delta.recv;
        one.is_at_seam = false;
        (void)take_delta(&one, &changes); /* the result says what went wrong */
    }
    held_drop(held);
    return step->result->outcome != LIVE_DAMAGED;
}

/* -- snapshots -------------------------------------------------------------------------- */

static bool is_by_http(const struct step *step)
{
    return step->rules->source == ARB_SNAPSHOT_HTTP;
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

/* The worst level of a side that is as long as a snapshot by HTTP can be; 0: it is shorter. */
static int64_t edge_of(const struct book_side *side, uint32_t seed_levels)
{
    return seed_levels > 0 && side->n >= seed_levels ? book_side_begin(side)->px : 0;
}

static void swap_books(struct book *a, struct book *b)
{
    const struct book other = *a;
    *a = *b;
    *b = other;
}

/*
 * A snapshot without a level may be of a book that has none, or a message that was cut. A checksum
 * tells, or the venue's documents.
 */
static bool is_hollow(const struct step *step)
{
    const struct arb_book_event *const event = step->event;
    const bool is_told = step->rules->has_empty_books ||
                         (step->rules->loss == ARB_LOSS_CHECKSUM && event->has_checksum);

    return !is_told && event->n_bids + event->n_asks + event->n_beyond == 0;
}

/* Whole books that follow each other heal; elsewhere all that comes would build on an empty one. */
static bool empties(const struct step *step)
{
    const struct book *const book = &step->book->book;

    return is_hollow(step) && is_followed(step->book) && book->bids.n + book->asks.n > 0 &&
           step->rules->source != ARB_SNAPSHOT_EACH;
}

/* How new a snapshot is at least: one that is not dated is not older than the changes in it. */
static int64_t least_time_of(const struct step *step)
{
    const struct arb_book_event *const event = step->event;
    const bool has_seen = event->last_seq != 0 && event->last_seq >= step->book->seen_seq;

    return event->venue_ns == 0 && has_seen && is_by_http(step) ? step->book->seen_ns
                                                                : event->venue_ns;
}

/* Bookkeeping for a snapshot whose levels are in the book. What is wrong with it, or NULL. */
static const char *note_snapshot(struct step *step)
{
    struct live_book *const book = step->book;
    const struct arb_book_event *const event = step->event;

    step->room->counts.snapshots++;
    if (is_followed(book)) {
        note_progress(&book->at, least_time_of(step));
    } else {
        book->at = (struct live_progress){ .venue_ns = least_time_of(step) };
    }
    note_event(step);
    book->seed_venue_ns = event->venue_ns;
    book->has_gap = book->has_gap && is_by_http(step);
    book->has_beyond = event->n_beyond > 0;
    book->is_hollow = is_hollow(step);
    book->is_catching_up = is_by_http(step);
    book->known_ns = is_by_http(step) ? book->asked_ns : book->known_ns;
    book->asked_ns = 0;
    prove(step, !is_by_http(step) && event->last_seq != 0 ? LINK_FITS : LINK_OPEN);
    return compare_checksum(step);
}

/* The snapshot of a LIVE book: what it changes, if that is little. */
static void take_next_snapshot(struct step *step)
{
    struct live_book *const book = step->book;
    struct live_changes changes;
    const bool is_small =
        live_book_difference(&book->book, &step->room->scratch, step->room->changes, &changes);

    swap_books(&book->book, &step->room->scratch);
    const char *const why = note_snapshot(step);
    if (why != NULL) {
        damaged(step, why);
        return;
    }
    settle(step, is_small ? &changes : NULL);
}

/* The snapshot of any other book, with the deltas that were held for it. */
static void take_first_snapshot(struct step *step, size_t begin)
{
    struct live_book *const book = step->book;
    const char *const why = note_snapshot(step);

    if (why != NULL) {
        damaged(step, why);
        return;
    }
    if (!apply_held(step, begin)) {
        return;
    }
    (void)book_side_cut(&book->book.bids, step->event->max_depth);
    (void)book_side_cut(&book->book.asks, step->event->max_depth);
    settle(step, NULL);
}

/* Is it older than what the book shows, or the same? */
static bool is_repeated(const struct step *step)
{
    const struct live_book *const book = step->book;
    const struct arb_book_event *const event = step->event;

    if (!is_followed(book)) {
        return false;
    }
    if (step->rules->source == ARB_SNAPSHOT_EACH) {
        return event->venue_ns > 0 && event->venue_ns <= book->venue_ns;
    }
    if (!is_by_http(step)) {
        return false; /* the stream may start again wherever it wants */
    }
    return event->last_seq != 0 && book->last_seq != 0 && step->rules->loss != ARB_LOSS_CHAIN
               ? event->last_seq < book->last_seq
               : event->venue_ns < book->venue_ns;
}

/*
 * A snapshot by HTTP is only good with the deltas held since it was asked for. Damage threw these
 * away, and until the resync none are held: an answer that comes in between would leave a hole.
 */
static bool is_of_use(const struct step *step)
{
    const uint32_t state = step->book->state;
    return !is_by_http(step) || state == ARB_BOOK_SYNCING || state == ARB_BOOK_LIVE;
}

static void on_repeated_snapshot(struct step *step)
{
    if (step->rules->source == ARB_SNAPSHOT_EACH &&
        step->book->venue_ns - step->event->venue_ns > DATE_DAMAGED_NS) {
        damaged(step, time_went_back);
    } else {
        step->room->counts.repeated++;
    }
}

static void apply_snapshot(struct step *step)
{
    struct live_book *const book = step->book;
    const bool was_live = book->state == ARB_BOOK_LIVE;
    size_t begin = 0;

    if (is_repeated(step)) {
        on_repeated_snapshot(step);
        return;
    }
    if (empties(step)) {
        damaged(step, "the book had levels, and its snapshot has none");
        return;
    }
    if (!was_live && is_by_http(step)) {
        begin = skip_linked(&book->held, step);
        const char *const why = refuse(step, begin);
        if (why != NULL) {
            forget_seen(book);
            refused(step, why);
            return;
        }
        book->has_gap = step->rules->seam == ARB_SEAM_TIME && begin == 0 && !is_newer(step);
    }
    struct book *const loaded = was_live ? &step->room->scratch : &book->book;
    if (load_snapshot(loaded, step->event) != ARB_OK) {
        damaged(step, "the snapshot does not fit");
        return;
    }
    book->edges.bid_px = edge_of(&loaded->bids, step->rules->seed_levels);
    book->edges.ask_px = edge_of(&loaded->asks, step->rules->seed_levels);
    if (was_live) {
        take_next_snapshot(step);
    } else {
        take_first_snapshot(step, begin);
    }
}

/* -- a second channel ------------------------------------------------------------------- */

/* The second channel has the last word, and it proves nothing of the levels it does not show. */
static void note_healing(struct step *step, uint32_t n_levels)
{
    step->room->counts.healed += n_levels;
    step->book->verified = ARB_UNVERIFIABLE;
    note_progress(&step->book->at, 0);
}

/* Levels that were wrong, bids first: sets them and says so. */
static void heal_levels(struct step *step, const struct arb_level *heal, uint32_t n_bids,
                        uint32_t n_asks)
{
    struct arb_level *const changes = step->room->changes;
    const struct arb_book_event healing = { .kind = ARB_BOOK_DELTA,
                                            .max_depth = step->rules->depth,
                                            .bids = changes,
                                            .asks = changes + LIVE_CHANGES_MAX,
                                            .n_bids = n_bids,
                                            .n_asks = n_asks };
    struct step setting = *step;
    struct live_changes applied;

    if (n_bids + n_asks == 0) {
        return;
    }
    memcpy(changes, heal, n_bids * sizeof(*heal));
    memcpy(changes + LIVE_CHANGES_MAX, heal + n_bids, n_asks * sizeof(*heal));
    setting.event = &healing;
    const char *const why = apply_levels(&setting, &applied);
    if (why != NULL) {
        damaged(step, why);
        return;
    }
    note_healing(step, n_bids + n_asks);
    settle(step, &applied);
}

/* A TOP without a limit shows the whole book. */
static uint32_t frame_levels_of(const struct arb_book_event *frame)
{
    return frame->max_depth == 0 ? UINT32_MAX : frame->max_depth;
}

static void check_top(struct step *step)
{
    struct live_book *const book = step->book;
    const struct arb_book_event *const frame = step->event;
    struct arb_level heal[CROSS_CHECK_SUSPECTS_MAX];
    uint32_t n_bids = 0, n_asks = 0;

    if (frame->venue_ns > 0 && frame->venue_ns <= book->seed_venue_ns) {
        cross_check_forget(&book->check);
        return;
    }
    /* A frame that is not sorted, or that there is no memory for, says nothing of the book. */
    if (cross_check_frame(&book->check, &book->book, frame, frame_levels_of(frame),
                          step->now.mono_ns, heal, &n_bids, &n_asks) == ARB_OK) {
        heal_levels(step, heal, n_bids, n_asks);
    }
}

/*
 * Makes `side` what the frame shows, best first, and behind its last level what `old` has there;
 * `all` has room for both.
 */
static int replace_top(struct book_side *side, const struct book_side *old,
                       const struct arb_level *levels, uint32_t n, bool is_whole,
                       struct arb_level *all)
{
    uint32_t n_all = n;

    if (n > 0) {
        memcpy(all, levels, n * sizeof(*all));
    }
    for (uint32_t i = old->n; !is_whole && n > 0 && i-- > 0;) {
        const struct arb_level *const level = book_side_begin(old) + i;
        if (old->ascending ? level->px < levels[n - 1].px : level->px > levels[n - 1].px) {
            all[n_all++] = *level;
        }
    }
    return book_side_replace(side, all, n_all);
}

/* Of a crossed book: what a newer frame shows is true at once. */
static void heal_crossed(struct step *step)
{
    struct book *const book = &step->book->book, *const healed = &step->room->scratch;
    const struct arb_book_event *const frame = step->event;
    const uint32_t limit = frame_levels_of(frame);
    struct arb_level *const all = step->room->changes;
    struct live_changes changes;

    if (frame->venue_ns <= step->book->venue_ns || !cross_check_is_sorted(frame)) {
        return;
    }
    if (replace_top(&healed->bids, &book->bids, frame->bids, frame->n_bids, frame->n_bids < limit,
                    all) != ARB_OK ||
        replace_top(&healed->asks, &book->asks, frame->asks, frame->n_asks, frame->n_asks < limit,
                    all) != ARB_OK) {
        damaged(step, "the book has more levels than the host keeps");
        return;
    }
    (void)live_book_difference(book, healed, step->room->changes, &changes);
    swap_books(book, healed);
    note_healing(step, changes.n_bids + changes.n_asks);
    settle(step, NULL);
}

static void apply_top(struct step *step)
{
    step->book->top_ns = step->now.mono_ns;
    if (step->book->is_crossed) {
        heal_crossed(step);
    } else if (step->book->state == ARB_BOOK_LIVE) {
        check_top(step);
    }
}

/* -- events and time -------------------------------------------------------------------- */

/* Something came for it; an answer to a request is no sign of what the stream does. */
static void note_arrival(const struct step *step)
{
    struct live_book *const book = step->book;

    if (step->event->kind == ARB_BOOK_SNAPSHOT && is_by_http(step)) {
        return;
    }
    if (book->quiet.asked_ns != book->asked_ns) {
        book->quiet =
            (struct live_quiet){ .asked_ns = book->asked_ns, .event_ns = book->event_mono_ns };
    }
    book->event_mono_ns = step->now.mono_ns;
    if (step->event->kind == ARB_BOOK_DELTA && step->event->last_seq > book->seen_seq) {
        book->seen_seq = step->event->last_seq;
        book->seen_ns = step->event->venue_ns;
    }
}

void live_book_apply(struct live_book *book, const struct live_rules *rules, struct live_room *room,
                     const struct arb_book_event *event, struct moment now,
                     struct live_result *result)
{
    struct step step = { book, rules, room, event, now, result, false };

    result->outcome = LIVE_NOTHING; /* the event is written when there is one */
    note_arrival(&step);
    if (event->kind == ARB_BOOK_TOP) {
        apply_top(&step);
    } else if (event->kind == ARB_BOOK_SNAPSHOT) {
        if (is_of_use(&step)) {
            apply_snapshot(&step);
        }
    } else if (is_followed(book)) {
        apply_delta(&step);
    } else if (book->state == ARB_BOOK_SYNCING && is_by_http(&step)) {
        hold(&step);
    }
    /* Otherwise a snapshot follows in the stream, and the delta is part of it. */
}

/* While orders do not match, a crossed book is right; it is looked at again when they may. */
static void on_still_crossed(struct step *step)
{
    if (may_match(step->book)) {
        damaged(step, "crossed for too long");
    } else {
        step->book->crossed_until_ns = step->now.mono_ns + LIVE_CROSSED_PATIENCE_NS;
    }
}

void live_book_on_time(struct live_book *book, const struct live_rules *rules,
                       struct live_room *room, struct moment now, struct live_result *result)
{
    struct step step = { book, rules, room, NULL, now, result, false };
    struct arb_level heal[CROSS_CHECK_SUSPECTS_MAX];
    uint32_t n_bids = 0, n_asks = 0;

    result->outcome = LIVE_NOTHING; /* the event is written when there is one */
    if (now.mono_ns < live_book_due_ns(book)) {
        return;
    }
    if (book->is_crossed) {
        on_still_crossed(&step);
    } else {
        cross_check_time(&book->check, &book->book, now.mono_ns, heal, &n_bids, &n_asks);
        heal_levels(&step, heal, n_bids, n_asks);
    }
}

int64_t live_book_due_ns(const struct live_book *book)
{
    if (book->is_crossed) {
        return book->crossed_until_ns;
    }
    return book->state == ARB_BOOK_LIVE ? cross_check_due_ns(&book->check) : NEVER_NS;
}

bool live_book_is_frozen(struct live_book *book, const struct live_rules *rules, int64_t mono_ns)
{
    if (book->state != ARB_BOOK_LIVE ||
        !silence_is_suspicious(&book->silence, mono_ns, rules->max_age_ns)) {
        return false;
    }
    book->silence = (struct silence){ 0 }; /* it may be quiet from then on */
    return true;
}

int64_t live_book_seed_due_ns(const struct live_book *book, const struct live_rules *rules)
{
    const bool can_meet = rules->source == ARB_SNAPSHOT_HTTP && book->held.len > 0;
    const int64_t since_ns =
        book->event_mono_ns > book->waiting_ns ? book->event_mono_ns : book->waiting_ns;

    return can_meet ? book->waiting_ns : since_ns + rules->quiet_ns;
}

bool live_book_wants_seed(const struct live_book *book, const struct live_rules *rules,
                          int64_t mono_ns)
{
    return book->state == ARB_BOOK_SYNCING && mono_ns >= live_book_seed_due_ns(book, rules);
}
