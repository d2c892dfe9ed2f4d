/*
 * link.h - does a change of a book follow what came before it?
 *
 * By the venue's numbers, or where they meet a snapshot by HTTP, by its time. Only compares: what
 * a broken link costs is the book's.
 */
#ifndef ARB_LINK_H
#define ARB_LINK_H

#include "book/event.h"
#include "book/live_rules.h"

/* How an event stands to the number, or to the snapshot, before it. */
enum link {
    LINK_FITS = 1,
    LINK_OPEN = 2,     /* there is nothing to tell by */
    LINK_REPEATED = 3, /* the same event again, or one that the snapshot contains */
    LINK_BROKEN = 4,   /* `why` tells */
};

/* Is it the next one, as far as anyone can tell? */
static inline bool link_is_next(enum link link)
{
    return link == LINK_FITS || link == LINK_OPEN;
}

/*
 * A delta behind an event numbered `last_seq`. A number again behind events without can only be
 * taken as it is. `why` has EVENT_REASON_MAX bytes, written when the link is broken.
 */
enum link link_follow(const struct live_rules *rules, uint64_t last_seq,
                      const struct arb_book_event *event, char *why);

/* A delta behind a snapshot by HTTP that no delta was newer than so far. */
enum link link_meet(const struct live_rules *rules, const struct arb_book_event *snapshot,
                    const struct arb_book_event *event, char *why);

#endif /* ARB_LINK_H */
