/*
 * replay.h - a recording through the same feed code as the live host, on the recorded clock.
 *
 * Single-threaded and deterministic: two replays of one input give the same events. What
 * the plugin sends goes nowhere; an HTTP request is answered by the recorded body of the
 * same path, at the recorded time or, when that has passed, at once.
 */
#ifndef ARB_REPLAY_H
#define ARB_REPLAY_H

#include "session/feed.h"
#include "replay/recording.h"

enum { REPLAY_REQUESTS_MAX = 2 * ARB_INSTRUMENTS_MAX };

struct replay_request {
    uint32_t request;
    char path[256];
};

struct replay {
    struct feed *feed;
    const struct recording *recording;
    bool *served; /* [recording->n] HTTP bodies that were handed out */
    size_t at;    /* records before this one have happened */
    int64_t now_ns;
    bool wants_open[ARB_CONNS_MAX], wants_close[ARB_CONNS_MAX];
    uint32_t n_requests;
    struct replay_request requests[REPLAY_REQUESTS_MAX];
};

/* The feed's I/O; its context is the struct replay. */
extern const struct feed_io_ops replay_io;

/* `recording` is sorted and borrowed. */
int replay_init(struct replay *replay, const struct recording *recording);
void replay_fini(struct replay *replay);

/* The time at which to start the feed. */
int64_t replay_start_ns(const struct replay *replay);

/* Carries out the next record, after the turns that are due before it. False at the end. */
bool replay_step(struct replay *replay);

#endif /* ARB_REPLAY_H */
