#include "book/cross_check.h"

#include <stdlib.h>
#include <string.h>

#include "arbspot/abi.h"

/* A comparison under way: what differed before, and what differs now. */
struct comparison {
    const struct cross_check *before;
    struct suspect list[CROSS_CHECK_SUSPECTS_MAX];
    uint32_t n;
    uint32_t n_different, n_fresh; /* levels; those among them that did not differ before */
    int64_t mono_ns;
};

/* One side of the book, and the same side of the frame, which is best first. */
struct pair {
    const struct book_side *ours;
    const struct arb_level *theirs;
    uint32_t n_theirs;
    bool is_whole; /* what the frame does not show is not there */
};

void cross_check_fini(struct cross_check *check)
{
    free(check->list);
    free(check->shown);
    *check = (struct cross_check){ 0 };
}

static bool is_better(bool is_bid, int64_t px, int64_t than)
{
    return is_bid ? px > than : px < than;
}

/* Since when it has differed, and in this way. */
static void date(struct comparison *comparison, struct suspect *suspect)
{
    suspect->since_ns = suspect->lasts_ns = comparison->mono_ns;
    for (uint32_t i = 0; i < comparison->before->n; i++) {
        const struct suspect *const old = &comparison->before->list[i];
        if (old->px == suspect->px && old->is_bid == suspect->is_bid &&
            old->ours == suspect->ours) {
            suspect->since_ns = old->since_ns;
            suspect->lasts_ns =
                old->theirs == suspect->theirs ? old->lasts_ns : comparison->mono_ns;
            return;
        }
    }
    comparison->n_fresh++;
}

/*
 * At the limit a level that differs for the first time makes room for one that differed before:
 * when the market moves, many differ for a moment, and a lost one is not to be forgotten for them.
 */
static void enter(struct comparison *comparison, const struct suspect *suspect)
{
    uint32_t at = comparison->n;

    if (at < CROSS_CHECK_SUSPECTS_MAX) {
        comparison->list[comparison->n++] = *suspect;
        return;
    }
    while (at > 0 && comparison->list[at - 1].since_ns != comparison->mono_ns) {
        at--;
    }
    if (at > 0 && suspect->since_ns != comparison->mono_ns) {
        comparison->list[at - 1] = *suspect;
    }
}

static void note(struct comparison *comparison, struct suspect suspect)
{
    if (suspect.ours != suspect.theirs) {
        comparison->n_different++;
        date(comparison, &suspect);
        enter(comparison, &suspect);
    }
}

static const struct arb_level *nth_best(const struct book_side *side, uint32_t n)
{
    return &side->levels[side->first + side->n - 1 - n];
}

/* A level of ours that the frame does not show. */
static void note_extra(struct comparison *comparison, const struct book_side *ours, uint32_t n)
{
    const struct arb_level *const level = nth_best(ours, n);
    note(comparison,
         (struct suspect){ .px = level->px, .ours = level->qty, .is_bid = ours->ascending });
}

/* Both are sorted. Where the frame ends at its limit, what lies behind is not compared. */
static void compare_side(struct comparison *comparison, const struct pair *pair)
{
    const struct book_side *const ours = pair->ours;
    uint32_t i = 0;

    for (uint32_t j = 0; j < pair->n_theirs; j++) {
        const struct arb_level *const level = &pair->theirs[j];
        struct suspect suspect = { .px = level->px,
                                   .theirs = level->qty,
                                   .is_bid = ours->ascending };
        while (i < ours->n && is_better(ours->ascending, nth_best(ours, i)->px, level->px)) {
            note_extra(comparison, ours, i++);
        }
        if (i < ours->n && nth_best(ours, i)->px == level->px) {
            suspect.ours = nth_best(ours, i++)->qty;
        }
        note(comparison, suspect);
    }
    while (pair->is_whole && i < ours->n) {
        note_extra(comparison, ours, i++);
    }
}

/* A level may leave the frames for a while: what was known of it stays known. */
static void carry_hidden(struct comparison *comparison, const struct pair *pair)
{
    const bool is_bid = pair->ours->ascending;

    for (uint32_t i = 0; !pair->is_whole && i < comparison->before->n; i++) {
        struct suspect suspect = comparison->before->list[i];
        if (suspect.is_bid == is_bid && pair->n_theirs > 0 &&
            is_better(is_bid, pair->theirs[pair->n_theirs - 1].px, suspect.px)) {
            suspect.is_hidden = true;
            enter(comparison, &suspect);
        }
    }
}

static bool is_sorted(const struct arb_level *levels, uint32_t n, bool is_bid)
{
    for (uint32_t i = 1; i < n; i++) {
        if (!is_better(is_bid, levels[i - 1].px, levels[i].px)) {
            return false;
        }
    }
    return true;
}

bool cross_check_is_sorted(const struct arb_book_event *frame)
{
    return is_sorted(frame->bids, frame->n_bids, true) &&
           is_sorted(frame->asks, frame->n_asks, false);
}

static int64_t ripe_ns(const struct suspect *suspect)
{
    const int64_t since_ns = suspect->since_ns + CROSS_CHECK_PATIENCE_NS;
    const int64_t lasts_ns = suspect->lasts_ns + CROSS_CHECK_LASTING_NS;

    if (suspect->is_hidden) {
        return NEVER_NS;
    }
    return since_ns > lasts_ns ? since_ns : lasts_ns;
}

static bool is_ripe(const struct suspect *suspect, int64_t mono_ns)
{
    return mono_ns >= ripe_ns(suspect);
}

/* Levels of one side that have differed for long enough. */
static uint32_t pick(const struct cross_check *check, bool is_bid, int64_t mono_ns,
                     struct arb_level *heal)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < check->n; i++) {
        const struct suspect *const suspect = &check->list[i];
        if (suspect->is_bid == is_bid && is_ripe(suspect, mono_ns)) {
            heal[n++] = (struct arb_level){ .px = suspect->px, .qty = suspect->theirs };
        }
    }
    return n;
}

static void heal_ripe(struct cross_check *check, int64_t mono_ns, struct arb_level *heal,
                      uint32_t *n_bids, uint32_t *n_asks)
{
    uint32_t n = 0;

    *n_bids = pick(check, true, mono_ns, heal);
    *n_asks = pick(check, false, mono_ns, heal + *n_bids);
    for (uint32_t i = 0; i < check->n; i++) {
        if (!is_ripe(&check->list[i], mono_ns)) {
            check->list[n++] = check->list[i];
        }
    }
    check->n = n;
}

static int reserve(struct cross_check *check, uint32_t n_shown)
{
    if (check->list == NULL) {
        check->list = malloc(CROSS_CHECK_SUSPECTS_MAX * sizeof(*check->list));
    }
    if (check->list != NULL && check->cap < n_shown) {
        free(check->shown);
        check->shown = malloc(n_shown * sizeof(*check->shown));
        check->cap = check->shown == NULL ? 0 : n_shown;
    }
    return check->list == NULL || check->cap < n_shown ? ARB_ENOMEM : ARB_OK;
}

static void keep_levels(struct arb_level *to, const struct arb_level *from, uint32_t n)
{
    if (n > 0) {
        memcpy(to, from, n * sizeof(*to));
    }
}

static uint32_t count_shown(const struct comparison *comparison)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < comparison->n; i++) {
        n += !comparison->list[i].is_hidden;
    }
    return n;
}

/* Keeps the suspects, and what the frame shows: the book may be compared with it again. */
static int keep(struct cross_check *check, const struct comparison *comparison,
                const struct pair *bids, const struct pair *asks)
{
    check->n = 0;
    check->is_outdated = false;
    if (comparison->n == 0) {
        return ARB_OK;
    }
    if (reserve(check, bids->n_theirs + asks->n_theirs) != ARB_OK) {
        return ARB_ENOMEM;
    }
    memcpy(check->list, comparison->list, comparison->n * sizeof(*check->list));
    check->n = comparison->n;
    check->n_unlisted = comparison->n_different - count_shown(comparison);
    keep_levels(check->shown, bids->theirs, bids->n_theirs);
    keep_levels(check->shown + bids->n_theirs, asks->theirs, asks->n_theirs);
    check->n_bids = bids->n_theirs;
    check->n_asks = asks->n_theirs;
    check->are_all_bids = bids->is_whole;
    check->are_all_asks = asks->is_whole;
    return ARB_OK;
}

int cross_check_frame(struct cross_check *check, const struct book *book,
                      const struct arb_book_event *frame, uint32_t frame_levels, int64_t mono_ns,
                      struct arb_level *heal, uint32_t *n_bids, uint32_t *n_asks)
{
    struct comparison comparison = { .before = check, .mono_ns = mono_ns };
    const struct pair bids = { &book->bids, frame->bids, frame->n_bids,
                               frame->n_bids < frame_levels };
    const struct pair asks = { &book->asks, frame->asks, frame->n_asks,
                               frame->n_asks < frame_levels };

    if (!cross_check_is_sorted(frame)) {
        return ARB_EPROTO;
    }
    compare_side(&comparison, &bids);
    compare_side(&comparison, &asks);
    carry_hidden(&comparison, &bids);
    carry_hidden(&comparison, &asks);
    const int rc = keep(check, &comparison, &bids, &asks);
    if (rc == ARB_OK) {
        heal_ripe(check, mono_ns, heal, n_bids, n_asks);
    }
    return rc;
}

static int64_t qty_at(const struct book_side *side, int64_t px)
{
    uint32_t low = 0, high = side->n;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        const struct arb_level *const level = &side->levels[side->first + middle];
        if (level->px == px) {
            return level->qty;
        }
        if (is_better(side->ascending, px, level->px)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return 0;
}

/* The venue's levels are as the last frame showed them; ours may have changed since. */
static void drop_changed(struct cross_check *check, const struct book *book)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < check->n; i++) {
        const struct suspect *const suspect = &check->list[i];
        const struct book_side *const side = suspect->is_bid ? &book->bids : &book->asks;
        if (qty_at(side, suspect->px) == suspect->ours) {
            check->list[n++] = *suspect;
        }
    }
    check->n = n;
}

/* Does the book differ from the latest frame where it did not when that came? */
static bool has_moved_on(const struct cross_check *check, const struct book *book)
{
    struct comparison comparison = { .before = check };
    const struct pair bids = { &book->bids, check->shown, check->n_bids, check->are_all_bids };
    const struct pair asks = { &book->asks, check->shown + check->n_bids, check->n_asks,
                               check->are_all_asks };

    compare_side(&comparison, &bids);
    compare_side(&comparison, &asks);
    return comparison.n_fresh > check->n_unlisted;
}

void cross_check_time(struct cross_check *check, const struct book *book, int64_t mono_ns,
                      struct arb_level *heal, uint32_t *n_bids, uint32_t *n_asks)
{
    *n_bids = *n_asks = 0;
    drop_changed(check, book);
    if (check->n == 0 || mono_ns < cross_check_due_ns(check)) {
        return;
    }
    check->is_outdated = has_moved_on(check, book);
    if (!check->is_outdated) {
        heal_ripe(check, mono_ns, heal, n_bids, n_asks);
    }
}

static bool names(const struct arb_level *levels, uint32_t n, int64_t px)
{
    for (uint32_t i = 0; i < n; i++) {
        if (levels[i].px == px) {
            return true;
        }
    }
    return false;
}

void cross_check_clear(struct cross_check *check, const struct arb_book_event *delta)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < check->n; i++) {
        const struct suspect *const suspect = &check->list[i];
        if (suspect->is_bid ? !names(delta->bids, delta->n_bids, suspect->px)
                            : !names(delta->asks, delta->n_asks, suspect->px)) {
            check->list[n++] = *suspect;
        }
    }
    check->n = n;
}

int64_t cross_check_due_ns(const struct cross_check *check)
{
    int64_t due_ns = NEVER_NS;

    for (uint32_t i = 0; i < check->n && !check->is_outdated; i++) {
        const int64_t at_ns = ripe_ns(&check->list[i]);
        due_ns = at_ns < due_ns ? at_ns : due_ns;
    }
    return due_ns;
}
