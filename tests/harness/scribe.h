/*
 * scribe.h - writes down as the lines of a script what a recording does to a rig.
 *
 * It follows the rules of a replay (replay/replay.h): connections are up when the recorder's was,
 * messages come over the first one, and a request gets the recorded answer once it has come, or
 * none when there is none.
 */
#ifndef ARB_HARNESS_SCRIBE_H
#define ARB_HARNESS_SCRIBE_H

#include "replay/recording.h"
#include "rig.h"

/* A file of the recording. */
struct scribe_file {
    char *path;   /* from the script */
    size_t n_end; /* records of all files up to this one */
};

struct scribe {
    struct rig *rig;
    FILE *out;
    const struct recording *recording; /* sorted */
    const struct scribe_file *files;
    uint64_t first;    /* messages; 0: all */
    bool *is_served;   /* [recording->n] was the answer to a request */
    int64_t unsaid_ns; /* since the start: it is that late, and no line says so; 0: one does */
    size_t at;         /* records that have come */
    uint64_t n_messages;
    bool is_recorder_up, has_messages;
    struct arb_bytes url; /* where the recorder is connected to */
    bool was_live;        /* every book was, once */
};

/*
 * Plays the recording, or its first messages, and writes it down. `scribe` has all above
 * `is_served` and else is zeroed. ARB_ENOMEM only.
 */
int scribe_write(struct scribe *scribe);

/* True when every book is LIVE, and there is one. */
bool scribe_sees_all_live(const struct scribe *scribe);

#endif /* ARB_HARNESS_SCRIBE_H */
