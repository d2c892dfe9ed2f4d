/*
 * effects.h - the record of what one plugin callback asked for.
 *
 * The recorder is the plugin's `arb_host`. It checks each request, copies it into a fixed
 * arena and does nothing else; the feed carries the record out when the callback returned
 * ARB_OK and forgets it otherwise. A request that breaks a rule marks the record broken:
 * that is a bug of the plugin.
 */
#ifndef ARB_EFFECTS_H
#define ARB_EFFECTS_H

#include "arbspot/host.h"

enum {
    EFFECTS_BYTES_MAX = 8 << 20, /* what one callback may ask for, levels included */
};

enum effect_kind {
    EFFECT_TIMER = 1,
    EFFECT_DECLARE,
    EFFECT_WS_OPEN,
    EFFECT_WS_SEND,
    EFFECT_WS_CLOSE,
    EFFECT_WS_RENEW,
    EFFECT_HTTP_GET,
    EFFECT_LISTING,
    EFFECT_CATALOG_END,
    EFFECT_BIND,
    EFFECT_BOOK,
    EFFECT_RESYNC,
    EFFECT_REFUSED,
    EFFECT_TRADING,
};

/* One request; what its pointers name stands behind it in the arena. */
struct effect {
    uint32_t kind;         /* enum effect_kind */
    uint32_t len;          /* of this record, to the next */
    uint32_t id;           /* timer, connection, request or instrument */
    uint32_t value;        /* delay in ms, trading status, or the connection of a binding */
    struct arb_bytes text; /* message, URL or reason; terminated */
    union {
        struct arb_capabilities caps;
        struct arb_ws_spec ws;
        struct arb_listing listing;
        struct arb_book_event book;
    };
};

struct effects {
    struct arb_host host; /* what the plugin sees */
    char *arena;
    size_t len;
    uint32_t n_instruments; /* valid instrument indices are below */
    bool can_check;         /* the plugin has checksum() */
    /* Gives the book of an instrument, or NULL: there are no books to look at. */
    struct arb_book (*view)(const void *context, uint32_t instrument);
    const void *view_context;
    const char *broken; /* the rule that a request broke, or NULL */
    const char *who;    /* for the log: "feed=kraken" */
    uint64_t declared;  /* bit i: connection i exists */
    uint64_t opened;    /* likewise, those that the callback in hand opens */
};

_Static_assert(ARB_CONNS_MAX <= 64, "effects.declared has a bit for each connection");

int effects_init(struct effects *effects, const char *who);
void effects_fini(struct effects *effects);

/* Starts the record of a new callback. */
void effects_begin(struct effects *effects, int64_t now_ns);

/* The callback succeeded: what it recorded is going to be carried out. */
void effects_accept(struct effects *effects);

/* The first request, or the one behind `effect`; NULL at the end. */
const struct effect *effects_first(const struct effects *effects);
const struct effect *effects_next(const struct effects *effects, const struct effect *effect);

#endif /* ARB_EFFECTS_H */
