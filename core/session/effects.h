/*
 * effects.h - the record of what one plugin callback asked for.
 *
 * The recorder is the plugin's `arb_host`. It checks each request, copies it into a fixed
 * arena and does nothing else; the session carries the record out when the callback returned
 * ARB_OK and forgets it otherwise. A request that breaks a rule marks the record broken:
 * that is a bug of the plugin. A level that is not legal is the venue's fault, and becomes the
 * rejection of its book.
 */
#ifndef ARB_EFFECTS_H
#define ARB_EFFECTS_H

#include <stdatomic.h>

#include "arbspot/exchange.h"
#include "util/clock.h"
#include "util/repeats.h"

enum {
    EFFECTS_BYTES_MAX = 8 << 20, /* what one callback may ask for, levels included */
};

enum effect_kind {
    EFFECT_TIMER = 1,
    EFFECT_ANSWERED,
    EFFECT_ANSWERED_ASK,
    EFFECT_LISTING,
    EFFECT_CATALOG_END,
    EFFECT_TRADING,
    EFFECT_BOOK,
    EFFECT_REJECT,
    EFFECT_RESYNC,
    EFFECT_CONN_SEQ,
    EFFECT_SEND,
    EFFECT_CLOSE,
    EFFECT_RENEW,
    EFFECT_HEARTBEAT,
};

/* One request; what its pointers name stands behind it in the arena. */
struct effect {
    uint32_t kind;  /* enum effect_kind */
    uint32_t len;   /* of this record, to the next */
    uint32_t id;    /* timer, connection, instrument, or number of a request */
    uint32_t value; /* delay in ms, trading status, outcome, number of a request, or 1: binary */
    struct arb_bytes text; /* message or reason; terminated */
    union {
        uint32_t channel;
        uint64_t seq;
        struct {
            int64_t received_ns, answered_ns; /* by the venue's clock; 0 < received <= answered */
        } heartbeat;
        struct arb_listing listing;
        struct arb_book_event book;
    };
};

struct effects {
    struct arb_host host; /* what the plugin sees */
    char *arena;
    size_t len;
    uint32_t n_instruments; /* valid instrument indices are below */
    uint32_t n_conns;       /* valid connections are below */
    uint32_t n_channels;
    bool can_check;  /* the plugin has checksum() */
    bool can_time;   /* and on_timer() */
    bool is_limited; /* in init(): only logs and timers */
    /* Gives the book of an instrument, or NULL: there are no books to look at. */
    struct arb_book (*view)(const void *context, uint32_t instrument);
    const void *view_context;
    const char *broken; /* the rule that a request broke, or NULL */
    /* In whose hand the plugin is: NULL, a callback that gets the host; else nothing is taken. */
    const char *shut;
    const void *thread; /* of that callback */
    /* Where a call came from that was not taken, or NULL; for good. Others' threads write it. */
    _Atomic(const char *) intruder;
    const char *who;        /* for the log: "venue=kraken" */
    struct repeats repeats; /* of the plugin's lines */
};

int effects_init(struct effects *effects, const char *who);
void effects_fini(struct effects *effects);

/*
 * Starts the record of a new callback, which gets the host: until effects_end() its calls are
 * taken. A `struct moment` would go through memory for this.
 */
void effects_begin(struct effects *effects, int64_t mono_ns, int64_t utc_ns);
/* It has returned: what is recorded stays, and nothing more is taken. */
void effects_end(struct effects *effects);

/*
 * Before a callback that does not get the host, "ask()"; behind it comes effects_end(). A plugin
 * that kept the host may call it all the same, while what another callback asked for is carried
 * out: that is refused, and noted.
 */
void effects_enter(struct effects *effects, const char *callback);

/* The rule that an intruder broke. */
extern const char effects_intrusion[];

/* Where the plugin called the host although it may not, or NULL. */
static inline const char *effects_intruder(const struct effects *effects)
{
    return atomic_load_explicit(&effects->intruder, memory_order_relaxed);
}

/* What time it is, between callbacks. */
static inline void effects_set_time(struct effects *effects, struct moment now)
{
    effects->host.now_ns = now.utc_ns;
    effects->host.mono_ns = now.mono_ns;
}

/* The first request, or the one behind `effect`; NULL at the end. */
const struct effect *effects_first(const struct effects *effects);
const struct effect *effects_next(const struct effects *effects, const struct effect *effect);

#endif /* ARB_EFFECTS_H */
