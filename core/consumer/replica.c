#include "consumer/replica.h"

static bool is_same_session(const struct replica *replica, const struct event *event)
{
    return replica->is_heard && replica->session == event->session;
}

/* Seen before: a rewind must not take a book back. */
static bool is_old(const struct replica *replica, const struct event *event)
{
    return is_same_session(replica, event) && event->seq <= replica->view.seq;
}

/* Nothing was lost between the replica's last event and this one, and it counts in its units? */
static bool is_next(const struct replica *replica, const struct event *event)
{
    return is_same_session(replica, event) && event->prev_seq == replica->view.seq &&
           event->info->px_scale == replica->px_scale &&
           event->info->qty_scale == replica->qty_scale;
}

static void stamp(struct replica *replica, const struct event *event)
{
    replica->is_heard = true;
    replica->session = event->session;
    replica->view.seq = event->seq;
    replica->view.trading = event->trading;
    replica->view.verified = event->verified;
    replica->view.verified_levels = event->verified_levels;
    replica->view.venue_ns = event->venue_ns;
    replica->view.recv_ns = event->recv_ns;
    replica->view.clock = event->clock;
}

static bool has_crc(const struct replica *replica, uint32_t crc)
{
    const struct book_side *const bids = &replica->book.bids, *const asks = &replica->book.asks;
    return event_book_crc(book_side_begin(bids), bids->n, book_side_begin(asks), asks->n) == crc;
}

/* `taken` when the event was applied and the copy equals the original; it is LIVE where that is. */
static enum arb_verdict settle(struct replica *replica, const struct event *event, int rc,
                               enum arb_verdict taken)
{
    stamp(replica, event);
    replica->view.state = ARB_BOOK_STALE;
    if (rc < ARB_OK) {
        return ARB_VERDICT_FAILED;
    }
    if (!has_crc(replica, event->crc)) {
        return ARB_VERDICT_CRC_MISMATCH;
    }
    replica->view.state = event->state;
    return taken;
}

static enum arb_verdict apply_snapshot(struct replica *replica, const struct event *event)
{
    static const struct arb_order_terms unknown;
    int rc = book_side_replace(&replica->book.bids, event->bids, event->n_bids);

    if (rc == ARB_OK) {
        rc = book_side_replace(&replica->book.asks, event->asks, event->n_asks);
    }
    replica->px_scale = event->info->px_scale;
    replica->qty_scale = event->info->qty_scale;
    replica->terms = event->terms == NULL ? unknown : *event->terms;
    return settle(replica, event, rc, ARB_VERDICT_SNAPSHOT);
}

/* A level to remove that is not there is no failure: whether it matters, the checksum says. */
static int set_levels(struct book_side *side, const struct arb_level *levels, uint32_t n)
{
    int rc = ARB_OK;

    for (uint32_t i = 0; i < n && rc >= ARB_OK; i++) {
        rc = book_side_set(side, &levels[i]);
    }
    return rc;
}

static enum arb_verdict apply_delta(struct replica *replica, const struct event *event)
{
    if (!replica_is_live(replica)) {
        return ARB_VERDICT_AWAITING;
    }
    if (!is_next(replica, event)) {
        replica->view.state = ARB_BOOK_STALE;
        replica->view.recv_ns = event->recv_ns; /* that is when the replica went bad */
        return ARB_VERDICT_GAP;
    }
    int rc = set_levels(&replica->book.bids, event->bids, event->n_bids);
    if (rc >= ARB_OK) {
        rc = set_levels(&replica->book.asks, event->asks, event->n_asks);
    }
    return settle(replica, event, rc, ARB_VERDICT_DELTA);
}

/* A status brings no levels, so it can keep a replica LIVE but never make it so. */
static uint32_t state_after_status(const struct replica *replica, const struct event *event)
{
    if (event->state != ARB_BOOK_LIVE) {
        return event->state;
    }
    if (replica_is_live(replica)) {
        return is_next(replica, event) ? ARB_BOOK_LIVE : ARB_BOOK_STALE;
    }
    return replica->view.state == ARB_BOOK_STALE ? ARB_BOOK_STALE : ARB_BOOK_SYNCING;
}

static enum arb_verdict apply_status(struct replica *replica, const struct event *event)
{
    const bool is_gap =
        replica_is_live(replica) && is_same_session(replica, event) && !is_next(replica, event);
    const uint32_t state = state_after_status(replica, event);

    stamp(replica, event);
    replica->view.state = state;
    return is_gap ? ARB_VERDICT_GAP : ARB_VERDICT_STATUS;
}

static enum arb_verdict apply(struct replica *replica, const struct event *event)
{
    if (is_old(replica, event)) {
        return ARB_VERDICT_DUPLICATE;
    }
    switch ((enum event_kind)event->kind) {
    case EVENT_SNAPSHOT:
        return apply_snapshot(replica, event);
    case EVENT_DELTA:
        return apply_delta(replica, event);
    case EVENT_STATUS:
        return apply_status(replica, event);
    case EVENT_ALIVE:
    case EVENT_LOST:
    case EVENT_OURS:
    case EVENT_NOT_OURS:
        break;
    }
    return ARB_VERDICT_NOT_OURS;
}

static uint64_t *count_of(struct arb_consumer_counts *counts, enum arb_verdict verdict)
{
    switch (verdict) {
    case ARB_VERDICT_SNAPSHOT:
        return &counts->snapshots;
    case ARB_VERDICT_DELTA:
        return &counts->deltas;
    case ARB_VERDICT_STATUS:
        return &counts->statuses;
    case ARB_VERDICT_DUPLICATE:
        return &counts->duplicates;
    case ARB_VERDICT_AWAITING:
        return &counts->awaiting;
    case ARB_VERDICT_GAP:
        return &counts->gaps;
    case ARB_VERDICT_CRC_MISMATCH:
        return &counts->crc_mismatches;
    case ARB_VERDICT_FAILED:
        return &counts->failed;
    case ARB_VERDICT_ALIVE:
        return &counts->alive;
    case ARB_VERDICT_SUPERSEDED:
        return &counts->superseded;
    case ARB_VERDICT_NOT_OURS:
        break;
    }
    return &counts->not_ours;
}

enum arb_verdict replica_apply(struct replica *replica, struct arb_consumer_counts *counts,
                               const struct event *event)
{
    const enum arb_verdict verdict = apply(replica, event);

    ++*count_of(counts, verdict);
    if (arb_verdict_is_change(verdict)) {
        counts->conflated += event->conflated;
    }
    return verdict;
}

void replica_lose(struct replica *replica)
{
    if (replica_is_live(replica)) {
        replica->view.state = ARB_BOOK_STALE;
    }
}

void replica_forget(struct replica *replica)
{
    replica_lose(replica);
    replica->is_heard = false;
}

struct arb_book replica_view(const struct replica *replica)
{
    struct arb_book view = replica->view;

    view.bids = book_side_begin(&replica->book.bids);
    view.asks = book_side_begin(&replica->book.asks);
    view.n_bids = replica->book.bids.n;
    view.n_asks = replica->book.asks.n;
    return view;
}

int replica_init(struct replica *replica)
{
    *replica = (struct replica){ .view = { .trading = ARB_TRADING_HALTED } };
    return book_init(&replica->book, 0);
}

void replica_fini(struct replica *replica)
{
    book_fini(&replica->book);
}
