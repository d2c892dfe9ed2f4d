#include "book/link.h"

#include <inttypes.h>
#include <stdio.h>

static uint64_t first_seq_of(const struct arb_book_event *event)
{
    return event->first_seq != 0 ? event->first_seq : event->last_seq;
}

static enum link broken(char *why, const char *text)
{
    (void)snprintf(why, EVENT_REASON_MAX, "%s", text);
    return LINK_BROKEN;
}

/*
 * An event that is newer than the one numbered `last_seq`: does it begin where that one ended? At
 * the seam a part of it may be in the snapshot. Elsewhere nobody sends a change twice: numbers that
 * overlap are not what they are taken for, and would hide a loss as long as the overlap.
 */
static enum link join(uint64_t last_seq, const struct arb_book_event *event, bool is_at_seam,
                      char *why)
{
    const uint64_t first = first_seq_of(event), next = last_seq + 1;

    if (first == next || (first < next && is_at_seam)) {
        return LINK_FITS;
    }
    (void)snprintf(why, EVENT_REASON_MAX, "%s: %" PRIu64 " expected, %" PRIu64 " came",
                   first < next ? "an event overlaps the one before" : "an event was lost", next,
                   first);
    return LINK_BROKEN;
}

static enum link unlinked(uint64_t last_seq, const struct arb_book_event *event, char *why)
{
    (void)snprintf(why, EVENT_REASON_MAX,
                   "an event does not follow the one before: it names %" PRIu64 ", and %" PRIu64
                   " is the last",
                   event->prev_seq, last_seq);
    return LINK_BROKEN;
}

static enum link follow_chain(uint64_t last_seq, const struct arb_book_event *event, char *why)
{
    if (event->prev_seq == 0) {
        return LINK_OPEN;
    }
    return event->prev_seq == last_seq ? LINK_FITS : unlinked(last_seq, event, why);
}

enum link link_follow(const struct live_rules *rules, uint64_t last_seq,
                      const struct arb_book_event *event, char *why)
{
    if (event->last_seq == 0 || last_seq == 0) {
        return LINK_OPEN;
    }
    if (event->last_seq == last_seq) {
        return LINK_REPEATED;
    }
    if (rules->loss == ARB_LOSS_CHAIN) {
        return follow_chain(last_seq, event, why);
    }
    if (event->last_seq < last_seq) {
        return broken(why, "the venue's sequence went back");
    }
    return rules->loss == ARB_LOSS_SEQUENCE ? join(last_seq, event, false, why) : LINK_OPEN;
}

/* By numbers that count changes. */
static enum link meet_by_sequence(uint64_t last_seq, const struct arb_book_event *event, char *why)
{
    return event->last_seq <= last_seq ? LINK_REPEATED : join(last_seq, event, true, why);
}

static enum link meet_by_time(const struct arb_book_event *snapshot,
                              const struct arb_book_event *event)
{
    return event->venue_ns > 0 && event->venue_ns <= snapshot->venue_ns ? LINK_REPEATED : LINK_OPEN;
}

enum link link_meet(const struct live_rules *rules, const struct arb_book_event *snapshot,
                    const struct arb_book_event *event, char *why)
{
    const bool is_numbered = event->last_seq != 0 && snapshot->last_seq != 0;

    if (rules->loss == ARB_LOSS_CHAIN && is_numbered) {
        if (event->last_seq == snapshot->last_seq) {
            return LINK_REPEATED;
        }
        if (event->prev_seq == snapshot->last_seq) {
            return LINK_FITS;
        }
    }
    if (rules->seam == ARB_SEAM_SEQUENCE) {
        return event->last_seq == 0 ? LINK_OPEN : meet_by_sequence(snapshot->last_seq, event, why);
    }
    if (rules->loss == ARB_LOSS_SEQUENCE && is_numbered) {
        return meet_by_sequence(snapshot->last_seq, event, why);
    }
    const enum link link = meet_by_time(snapshot, event);
    return rules->loss == ARB_LOSS_CHAIN && is_numbered && link == LINK_OPEN
               ? unlinked(snapshot->last_seq, event, why)
               : link;
}
