/*
 * replay.h - a recording through the same session code as the live host, on the recorded clock.
 *
 * Single-threaded and deterministic: two replays of one input give the same events. What
 * the session sends goes nowhere; an HTTP request is answered by the recorded body of the same
 * path that has no other value of a parameter that both name, at the recorded time or, when that
 * has passed, at once.
 */
#ifndef ARB_REPLAY_H
#define ARB_REPLAY_H

#include "replay/recording.h"
#include "session/session.h"

enum { REPLAY_REQUESTS_MAX = 2 * ARB_INSTRUMENTS_MAX };

struct replay_request {
    uint32_t request;
    char target[256]; /* its path and query */
};

/* What the session wants of a connection, carried out once it is not called. */
struct replay_conn {
    bool wants_dial, wants_open, wants_close, is_open;
};

struct replay {
    struct session *session; /* the caller sets it */
    const struct recording *recording;
    bool *served;         /* [recording->n] HTTP bodies that were handed out */
    size_t at;            /* records before this one have happened */
    int64_t now_ns;       /* on both clocks */
    bool is_recorder_up;  /* it has opened a connection, or does not say when */
    bool has_messages;    /* since it did */
    struct arb_bytes url; /* to where */
    struct replay_conn conns[ARB_CONNS_MAX];
    uint32_t n_requests;
    struct replay_request requests[REPLAY_REQUESTS_MAX];
};

/* The session's network: of one session, which is the owner. */
struct port replay_port(struct replay *replay);

/* `recording` is sorted and borrowed. */
int replay_init(struct replay *replay, const struct recording *recording);
void replay_fini(struct replay *replay);

/* The time at which to start the session. */
int64_t replay_start_ns(const struct replay *replay);

/* Carries out the next record, after the turns that are due before it. False at the end. */
bool replay_step(struct replay *replay);

/* The time of the next record, NEVER_NS at the end. */
int64_t replay_record_ns(const struct replay *replay);

/*
 * Lets the time be `ns`, no later than the next record, and has a turn: for those who replay
 * several recordings at once. Returns when the next one is due, later than `ns`.
 */
int64_t replay_turn(struct replay *replay, int64_t ns);

/* The rules of a replay, for others who follow them. */

/* True for the recorded answer to a request for that URL; the host does not count. */
bool replay_answers(const struct record *record, const char *url);
/* True when the recorder opened a connection, not just asked by HTTP. */
bool replay_is_socket(const struct record *record);
/* False: connections are up from the start. */
bool replay_says_when_opened(const struct recording *recording);

#endif /* ARB_REPLAY_H */
