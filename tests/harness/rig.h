/*
 * rig.h - one exchange plugin behind the real session, and in front of it a venue made of paper:
 * nothing is sent anywhere, time stands until it is moved.
 *
 * With `out`, all that plugin and session do is written there (notes.h). A consumer checks every
 * event in any case.
 */
#ifndef ARB_HARNESS_RIG_H
#define ARB_HARNESS_RIG_H

#include "script.h"
#include "teller.h"

enum { RIG_REQUESTS_MAX = 1024, RIG_URL_MAX = 1024, RIG_WHY_MAX = 128, RIG_FLAW_MAX = 384 };

/* The start of the clock: 2026-01-01T00:00:00Z. */
#define RIG_EPOCH_NS INT64_C(1767225600000000000)

struct rig_request {
    uint32_t request;
    bool pending;
    char url[RIG_URL_MAX];
};

/* What the session wants of a connection, and what the script has done. */
struct rig_conn {
    bool is_wanted;  /* by the session */
    bool wants_dial; /* since it was opened or went down, nobody asked where to */
    bool is_dialled; /* the session said where to */
    bool shall_open; /* the script opened it */
    bool is_up;
    bool wants_close; /* the session drops it: it goes down before anything else happens */
    char why[RIG_WHY_MAX];
};

struct rig {
    struct session *session;
    struct exchange_config exchange; /* the script's */
    struct session_trace trace;
    struct teller teller;
    FILE *out;                     /* or NULL */
    bool has_plan;                 /* was written */
    bool is_ending;                /* fini() runs */
    const char *broken;            /* the first rule that the plugin broke, or NULL */
    char flaw[RIG_FLAW_MAX];       /* why the exchange was disabled, or "" */
    uint32_t damaged;              /* the book that was found damaged last, while it is not LIVE */
    char damage[EVENT_REASON_MAX]; /* how, or "" */
    const char *heading;           /* a turn that has written nothing yet, or NULL */
    int64_t start_ns, now_ns;
    int64_t utc_offset_ns;             /* of UTC, from the clock that never jumps */
    uint32_t timer_ms[ARB_TIMERS_MAX]; /* as asked for last: repetitions are not written */
    struct rig_conn conns[ARB_CONNS_MAX];
    struct rig_request *requests; /* [RIG_REQUESTS_MAX] */
    uint32_t n_requests;
};

/*
 * Starts the plugin as the script configures it. NULL out writes nothing. `is_unpaced`: as often as
 * it likes, whatever the venue allows.
 */
int rig_create(struct rig **rig, const struct plugin *plugin, const struct script *script,
               FILE *out, bool is_unpaced, struct err *err);
void rig_destroy(struct rig *rig);
/* The same, and says what fini() did wrong. */
int rig_end(struct rig *rig, struct err *err);

/* Moves the clock; what becomes due meanwhile happens at its time. */
void rig_advance(struct rig *rig, int64_t ns);

/*
 * Carries out one step; one that answers a request waits for it with `is_lenient`. ARB_EINVAL when
 * a book is not LIVE that has to be.
 */
int rig_step(struct rig *rig, const struct step *step, bool is_lenient, struct err *err);

void rig_message(struct rig *rig, uint32_t conn, struct arb_bytes data);
void rig_close_all(struct rig *rig, const char *why);

/* The first thing that went wrong beyond repair, or NULL: a flawed event, a disabled exchange. */
const char *rig_flaw(struct rig *rig);

#endif /* ARB_HARNESS_RIG_H */
