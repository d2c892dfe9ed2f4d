/*
 * mode = diff: a lost diff cannot be noticed, so the book is compared with the best 100 levels
 * that order_book frames show.
 *
 * Both channels skip states, each at moments of its own, so one frame that differs proves
 * nothing. In a book without damage each difference goes away with the next diff. One that
 * stays, the same on both sides, for longer than any diff takes, is a lost one.
 */
#include "bitstamp.h"

#define PATIENCE_NS (INT64_C(3) * 1000000000) /* diffs follow a frame within 0.6 s */

static const char failed[] = "cross-check failed";

/* Of a side stored worst first: the level at `px`, or NULL. */
static const struct arb_level *find_level(const struct arb_level *levels, uint32_t n, bool is_bid,
                                          int64_t px)
{
    uint32_t low = 0, high = n;

    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (levels[middle].px == px) {
            return &levels[middle];
        }
        if ((levels[middle].px < px) == is_bid) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}

int64_t bitstamp_qty_at(const struct arb_book *view, bool is_bid, int64_t px)
{
    const struct arb_level *const level = is_bid ? find_level(view->bids, view->n_bids, is_bid, px)
                                                 : find_level(view->asks, view->n_asks, is_bid, px);
    return level == NULL ? 0 : level->qty;
}

/* A comparison under way: what differed before, and what differs now. */
struct comparison {
    const struct suspects *before;
    struct suspects now;
    int64_t now_ns;
};

static int64_t since(const struct comparison *comparison, const struct suspect *suspect)
{
    for (uint32_t i = 0; i < comparison->before->n; i++) {
        const struct suspect *const old = &comparison->before->list[i];
        if (old->px == suspect->px && old->is_bid == suspect->is_bid &&
            old->ours == suspect->ours && old->theirs == suspect->theirs) {
            return old->since_ns;
        }
    }
    return comparison->now_ns;
}

/*
 * At the limit a level that differs for the first time makes room for one that differed before:
 * when the market moves, many differ for a moment, and a lost one is not to be forgotten for them.
 */
static void enter(struct suspects *suspects, const struct suspect *suspect, int64_t now_ns)
{
    uint32_t at = suspects->n;

    if (at < SUSPECTS_MAX) {
        suspects->list[suspects->n++] = *suspect;
        return;
    }
    while (at > 0 && suspects->list[at - 1].since_ns != now_ns) {
        at--;
    }
    if (at > 0 && suspect->since_ns != now_ns) {
        suspects->list[at - 1] = *suspect;
    }
}

static void note(struct comparison *comparison, struct suspect suspect)
{
    if (suspect.ours != suspect.theirs) {
        suspect.since_ns = since(comparison, &suspect);
        enter(&comparison->now, &suspect, comparison->now_ns);
    }
}

/* One side of a book, seen from the best level on. */
struct side {
    const struct arb_level *levels; /* worst first */
    uint32_t n;
    bool is_bid;
};

static bool is_better(bool is_bid, int64_t px, int64_t than)
{
    return is_bid ? px > than : px < than;
}

/* Both are sorted. Where the frame ends at its limit, what lies behind is not compared. */
static void compare_side(struct comparison *comparison, const struct side *ours,
                         const struct arb_levels *theirs)
{
    uint32_t i = 0;

    for (uint32_t j = 0; j < theirs->n; j++) {
        const struct arb_level *const level = &theirs->levels[j];
        struct suspect suspect = { .px = level->px, .theirs = level->qty, .is_bid = ours->is_bid };
        for (; i < ours->n && is_better(ours->is_bid, ours->levels[ours->n - 1 - i].px, level->px);
             i++) {
            const struct arb_level *const extra = &ours->levels[ours->n - 1 - i];
            note(comparison,
                 (struct suspect){ .px = extra->px, .ours = extra->qty, .is_bid = ours->is_bid });
        }
        if (i < ours->n && ours->levels[ours->n - 1 - i].px == level->px) {
            suspect.ours = ours->levels[ours->n - 1 - i++].qty;
        }
        note(comparison, suspect);
    }
    for (; theirs->n < TOP_LEVELS && i < ours->n; i++) {
        const struct arb_level *const extra = &ours->levels[ours->n - 1 - i];
        note(comparison,
             (struct suspect){ .px = extra->px, .ours = extra->qty, .is_bid = ours->is_bid });
    }
}

/* A level may leave the frames for a while: what was known of it stays known. */
static void carry_hidden(struct comparison *comparison, const struct side *ours,
                         const struct arb_levels *theirs)
{
    for (uint32_t i = 0; theirs->n >= TOP_LEVELS && i < comparison->before->n; i++) {
        struct suspect suspect = comparison->before->list[i];
        if (suspect.is_bid == ours->is_bid &&
            is_better(ours->is_bid, theirs->levels[theirs->n - 1].px, suspect.px)) {
            suspect.is_hidden = true;
            enter(&comparison->now, &suspect, comparison->now_ns);
        }
    }
}

static bool is_sorted(const struct arb_levels *side, bool is_bid)
{
    for (uint32_t i = 1; i < side->n; i++) {
        if (!is_better(is_bid, side->levels[i - 1].px, side->levels[i].px)) {
            return false;
        }
    }
    return true;
}

/* Some markets list a bid at price 0, the worst there is. */
static void drop_free_bid(struct arb_levels *bids)
{
    if (bids->n > 0 && bids->levels[bids->n - 1].px == 0) {
        bids->n--;
    }
}

static bool has_old(const struct suspects *suspects, int64_t now_ns)
{
    for (uint32_t i = 0; i < suspects->n; i++) {
        const struct suspect *const suspect = &suspects->list[i];
        if (!suspect->is_hidden && now_ns - suspect->since_ns >= PATIENCE_NS) {
            return true;
        }
    }
    return false;
}

int bitstamp_check_frame(struct bitstamp *self, struct arb_host *host, uint32_t market,
                         const struct book_text *frame)
{
    struct suspects *const suspects = &self->markets[market].suspects;
    struct comparison comparison = { .before = suspects, .now_ns = host->now_ns };
    struct book_text book = *frame;
    struct arb_book view;

    drop_free_bid(&book.bids);
    if (!is_sorted(&book.bids, true) || !is_sorted(&book.asks, false)) {
        return ARB_EPROTO;
    }
    const int rc = arb_book_view(host, market, &view);
    if (rc != ARB_OK) {
        return rc;
    }
    if (view.state != ARB_BOOK_LIVE || frame->microtimestamp <= self->markets[market].seed_stamp) {
        suspects->n = 0;
        return ARB_OK;
    }
    const struct side bids = { view.bids, view.n_bids, true };
    const struct side asks = { view.asks, view.n_asks, false };
    compare_side(&comparison, &bids, &book.bids);
    compare_side(&comparison, &asks, &book.asks);
    carry_hidden(&comparison, &bids, &book.bids);
    carry_hidden(&comparison, &asks, &book.asks);
    *suspects = comparison.now;
    return has_old(suspects, host->now_ns) ? bitstamp_damaged(self, host, market, failed) : ARB_OK;
}

/* No frame came, so the venue's levels are as they were; ours may have changed since. */
int bitstamp_check_tick(struct bitstamp *self, struct arb_host *host, uint32_t market)
{
    struct suspects *const suspects = &self->markets[market].suspects;
    struct arb_book view;
    uint32_t n = 0;

    if (!has_old(suspects, host->now_ns)) {
        return ARB_OK;
    }
    const int rc = arb_book_view(host, market, &view);
    if (rc != ARB_OK) {
        return rc;
    }
    for (uint32_t i = 0; view.state == ARB_BOOK_LIVE && i < suspects->n; i++) {
        const struct suspect *const suspect = &suspects->list[i];
        if (bitstamp_qty_at(&view, suspect->is_bid, suspect->px) == suspect->ours) {
            suspects->list[n++] = *suspect;
        }
    }
    suspects->n = n;
    return has_old(suspects, host->now_ns) ? bitstamp_damaged(self, host, market, failed) : ARB_OK;
}
