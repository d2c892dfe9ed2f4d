/*
 * starts.h - where in the partitions of a topic a late joiner has to begin.
 *
 * Of each book that is LIVE on the topic the last snapshot is kept by its offset. Whoever begins to
 * read a partition at the oldest of those finds every book of the venue whole, and nobody's clock
 * is involved. That offset goes into the alive messages of the venue.
 *
 * One of these is one venue's. Owned by the publisher's thread.
 */
#ifndef ARB_STARTS_H
#define ARB_STARTS_H

#include "arbspot/types.h"

/* Where the last snapshot of a book is. */
struct start {
    bool is_known;
    uint32_t partition;
    int64_t offset;
};

/* Zeroed memory is ready. */
struct starts {
    struct start *books; /* [n_books] by instrument */
    bool *is_used;       /* [n_partitions] the venue has messages there */
    uint32_t n_books, n_partitions;
};

/* Forgets all there was, and frees its memory: also when the topic begins anew. */
void starts_fini(struct starts *starts);

/* The venue has a message in that partition. Without memory it is forgotten at once. */
void starts_use(struct starts *starts, uint32_t partition);

/* Which partitions the venue uses has to be said anew. */
void starts_use_none(struct starts *starts);

static inline bool starts_is_used(const struct starts *starts, uint32_t partition)
{
    return partition < starts->n_partitions && starts->is_used[partition];
}

/* A snapshot of the book was written there. */
void starts_put(struct starts *starts, uint32_t instrument, uint32_t partition, int64_t offset);
/* The book is not LIVE any more: nobody needs its snapshot. */
void starts_drop(struct starts *starts, uint32_t instrument);

/* The oldest of those in the partition; -1: there is none. */
int64_t starts_from(const struct starts *starts, uint32_t partition);

#endif /* ARB_STARTS_H */
