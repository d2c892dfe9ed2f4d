#include "kafka/milestones.h"

#include <stdlib.h>
#include <string.h>

enum {
    BACK_MAX = 100000,
    SLACK_MS = 2000, /* books are repeated one after the other, and this thread may be late */
};

uint32_t milestones_back(int64_t snapshot_interval_ms)
{
    if (snapshot_interval_ms == 0) {
        return 0;
    }
    const int64_t back = (snapshot_interval_ms + snapshot_interval_ms / 2 + SLACK_MS) / 1000 + 1;
    return back < BACK_MAX ? (uint32_t)back : 0;
}

void milestones_init(struct milestones *milestones, uint32_t back)
{
    *milestones = (struct milestones){ .back = back };
}

void milestones_fini(struct milestones *milestones)
{
    milestones_cut(milestones, 0);
    free(milestones->tracks);
    *milestones = (struct milestones){ .back = milestones->back };
}

static void begin(struct milestone_track *track)
{
    track->first = track->last = -1;
    track->n = 0;
}

bool milestones_use(struct milestones *milestones, uint32_t partition)
{
    if (partition >= milestones->n_tracks) {
        const uint32_t n = partition + 1;
        struct milestone_track *const grown =
            realloc(milestones->tracks, n * sizeof(*milestones->tracks));
        if (grown == NULL) {
            return false;
        }
        memset(grown + milestones->n_tracks, 0, (n - milestones->n_tracks) * sizeof(*grown));
        milestones->tracks = grown;
        milestones->n_tracks = n;
    }
    struct milestone_track *const track = &milestones->tracks[partition];
    if (track->is_used) {
        return false;
    }
    track->is_used = true;
    begin(track);
    return true;
}

void milestones_cut(struct milestones *milestones, uint32_t n)
{
    while (milestones->n_tracks > n) {
        free(milestones->tracks[--milestones->n_tracks].offsets);
    }
}

static void keep(const struct milestones *milestones, struct milestone_track *track, int64_t offset)
{
    if (milestones->back > 0 && track->offsets == NULL) {
        track->offsets = calloc(milestones->back, sizeof(*track->offsets));
    }
    if (track->offsets != NULL) {
        track->offsets[track->n % milestones->back] = offset;
    }
}

void milestones_pass(struct milestones *milestones, uint32_t partition, int64_t offset)
{
    if (!milestones_is_used(milestones, partition) || offset < 0) {
        return;
    }
    struct milestone_track *const track = &milestones->tracks[partition];
    if (offset <= track->last) {
        begin(track);
    }
    if (track->first < 0) {
        track->first = offset;
    }
    track->last = offset;
    keep(milestones, track, offset);
    track->n++;
}

int64_t milestones_from(const struct milestones *milestones, uint32_t partition)
{
    if (!milestones_is_used(milestones, partition)) {
        return -1;
    }
    const struct milestone_track *const track = &milestones->tracks[partition];
    if (track->offsets == NULL || track->n < milestones->back) {
        return track->first;
    }
    return track->offsets[track->n % milestones->back]; /* the oldest that is kept */
}
