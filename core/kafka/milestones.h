/*
 * milestones.h - where a venue's alive messages lie in the partitions it uses.
 *
 * One is written into each of them every second, so they divide the log by time without anybody's
 * clock of day: what is behind the last `back` of them holds every book of the venue as a whole,
 * because books are repeated that often. That offset goes into the next alive message, and is where
 * a late joiner begins.
 *
 * Owned by the publisher's thread.
 */
#ifndef ARB_MILESTONES_H
#define ARB_MILESTONES_H

#include <stdbool.h>
#include <stdint.h>

/* The venue's in one partition. */
struct milestone_track {
    bool is_used;     /* it has messages of the venue */
    int64_t first;    /* offset of the session's first alive message in it; -1: none yet */
    int64_t last;     /* and of its last */
    int64_t *offsets; /* [back] round, of the last ones; NULL until there is one */
    uint64_t n;       /* how many there were */
};

struct milestones {
    uint32_t back;                  /* 0: only the first of a session will do */
    struct milestone_track *tracks; /* [n_tracks] by partition */
    uint32_t n_tracks;
};

/* How far back one has to go, counted in seconds, when books are repeated that often; 0: never. */
uint32_t milestones_back(int64_t snapshot_interval_ms);

void milestones_init(struct milestones *milestones, uint32_t back);
void milestones_fini(struct milestones *milestones);

/* The venue has a message for that partition. True when it is the first. ARB_ENOMEM is false. */
bool milestones_use(struct milestones *milestones, uint32_t partition);

/* Partitions at and above `n` are none of the topic. */
void milestones_cut(struct milestones *milestones, uint32_t n);

static inline bool milestones_is_used(const struct milestones *milestones, uint32_t partition)
{
    return partition < milestones->n_tracks && milestones->tracks[partition].is_used;
}

/* An alive message was written there. Offsets that begin anew are of a topic that did. */
void milestones_pass(struct milestones *milestones, uint32_t partition, int64_t offset);

/* Where to begin to read; -1: not known. */
int64_t milestones_from(const struct milestones *milestones, uint32_t partition);

#endif /* ARB_MILESTONES_H */
