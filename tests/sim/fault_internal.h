/*
 * fault_internal.h - the fault layer's state, shared by its parts:
 *
 *   fault.c          what happens to frames, connections and venues, and when
 *   fault_request.c  what becomes of clients' requests
 *   fault_http.c     what becomes of HTTP answers
 */
#ifndef ARB_SIM_FAULT_INTERNAL_H
#define ARB_SIM_FAULT_INTERNAL_H

#include "fault.h"

enum { FAULT_NOTICE_MAX = 512 }; /* bytes of what the layer says by itself */

struct held_frame {
    struct held_frame *next;
    uint32_t venue, client;
    struct fault_mark mark;
    size_t len;
    char bytes[];
};

/* One client's connection. */
struct line {
    bool is_known;            /* something was sent to it */
    int64_t stalled_until_ns; /* 0: it flows */
    bool is_catalog_lost;     /* the next one */
};

/* A subscription that the venue is about to end. */
struct ending {
    uint32_t venue, client, instrument;
};

/* What a client has of a stream. */
enum subscription {
    NOT_SUBSCRIBED,
    SUBSCRIBED,
    SUBSCRIBED_AGAIN, /* by one more request for what it had */
    REFUSED, /* the model sends its frames, and the client gets none until it subscribes again */
};

/* One book in one feed. */
struct stream {
    int64_t silent_until_ns;
    uint8_t subscriptions[SIM_CLIENTS_MAX]; /* enum subscription */
    struct held_frame *late;                /* goes out behind the next frame */
};

/* One book at one venue. */
struct subject {
    struct stream streams[N_FAULT_FEEDS]; /* by the number of the feed's bit */
    char *body;                           /* of the last HTTP answer */
    size_t body_len;
};

struct fault_layer {
    struct fault_config config;
    struct fault_plan plan;
    struct fault_sink sink;
    struct prng prng;
    int64_t start_ns, now_ns, every_at_ns;
    bool is_disarmed;
    bool is_triggered[FAULTS_MAX];
    struct fault armed[FAULTS_MAX];
    uint32_t n_armed;
    struct line *lines;              /* by venue, then client */
    struct subject *subjects;        /* by venue, then instrument */
    struct held_frame *first, *last; /* of stalled lines, in order */
    uint32_t n_held;
    int64_t online_at_ns[ARB_VENUES_MAX];  /* 0: it is online */
    int64_t tls_until_ns[ARB_VENUES_MAX];  /* a fault of TLS; 0: none */
    int64_t rest_until_ns[ARB_VENUES_MAX]; /* no HTTP answer is what was asked for; 0: none was */
    uint32_t rest_kind[ARB_VENUES_MAX];    /* and why */
    struct ending endings[FAULTS_MAX];
    uint32_t n_endings;
    char *scratch;
    size_t scratch_cap;
};

static inline struct line *line_of(struct fault_layer *layer, uint32_t venue, uint32_t client)
{
    return &layer->lines[(size_t)venue * SIM_CLIENTS_MAX + client];
}

static inline struct subject *subject_of(const struct fault_layer *layer, uint32_t venue,
                                         uint32_t instrument)
{
    return &layer->subjects[(size_t)venue * layer->config.instruments->n + instrument];
}

/* Room for a text of `len` bytes and FRAME_GROWTH more; the one before is gone. */
struct arb_text fault_new_text(struct fault_layer *layer, size_t len);

/* To the client, or behind what already waits for it. */
void fault_pass(struct fault_layer *layer, uint32_t venue, uint32_t client, struct arb_bytes frame,
                struct fault_mark mark);

/* A fault took effect. */
void fault_say_applied(struct fault_layer *layer, const struct fault *fault);

/* Whether the fault can happen to what is about this book; to a catalog always. */
bool fault_is_about(const struct fault *fault, uint32_t venue, uint32_t instrument);

/* Takes the fault at this place out of those that wait. */
struct fault fault_take_armed(struct fault_layer *layer, uint32_t at);

/* The market that a catalog shall lack; drawn if the fault leaves it open. */
const struct sim_instrument *fault_lacking(struct fault_layer *layer, struct fault *fault);

/* Or Bitstamp. */
bool fault_is_kraken(const struct fault_layer *layer, uint32_t venue);

#endif /* ARB_SIM_FAULT_INTERNAL_H */
