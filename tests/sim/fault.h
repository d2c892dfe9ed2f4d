/*
 * fault.h - what can go wrong between a venue and its clients, by plan.
 *
 * The layer stands between the models' outlet and whoever carries frames to clients. It knows
 * neither sockets nor a clock: the driver hands it every frame and every HTTP answer, and moves
 * its time. Equal plans, seeds and inputs give equal faults. Faults of the transport, below the
 * frames, are decided here like all others, and carried out by drivers that have a transport.
 */
#ifndef ARB_SIM_FAULT_H
#define ARB_SIM_FAULT_H

#include "fault_frame.h"
#include "sim_venue.h"

enum {
    FAULTS_MAX = 64,        /* in one plan; as many can wait for a frame that suits them */
    FAULT_HELD_MAX = 65536, /* frames held back at once; then a stall ends */
};

enum fault_kind {
    FAULT_DROP = 1,
    FAULT_DUPLICATE,
    FAULT_REORDER,
    FAULT_DIGIT,
    FAULT_CHECKSUM,
    FAULT_CUT,
    FAULT_RANGE,
    FAULT_FUTURE,
    FAULT_CROSSED,
    FAULT_STALL,
    FAULT_HANG,
    FAULT_SILENT,
    FAULT_REFUSE,
    FAULT_NO_ACK,
    FAULT_REST_LATE,
    FAULT_REST_STALE,
    FAULT_REST_FAIL,
    FAULT_RECONNECT,
    FAULT_MAINTENANCE,
    FAULT_CANCEL_ONLY,
    FAULT_CLOSE,
    FAULT_ORPHAN,
    FAULT_PHANTOM,
    FAULT_REST_429,
    FAULT_REST_RETRY_AFTER,
    FAULT_REST_RATE_ERROR,
    FAULT_REST_DOWN,
    FAULT_CATALOG_EMPTY,
    FAULT_CATALOG_LACKS,
    FAULT_CATALOG_LOST,
    FAULT_RATE_PAIR,
    FAULT_RATE_REQUEST,
    FAULT_REFUSE_LEAVING,
    FAULT_UNSUBSCRIBED,
    FAULT_STATUS_EMPTY,
    FAULT_STATUS_NOTICE,
    N_FAULTS_OF_FRAMES,
    FAULT_TLS_REFUSED = N_FAULTS_OF_FRAMES, /* from here on: of the transport */
    FAULT_TLS_EXPIRED,
    FAULT_TLS_STRANGER,
    FAULT_SLOW_READER,
    FAULT_TRICKLE,
    FAULT_FRAGMENTS,
    FAULT_COMPRESSED,
    FAULT_TORN,
    N_FAULT_KINDS,
};

struct fault_info {
    const char *name; /* "drop" */
    uint32_t where;   /* bits of enum fault_feed: makes sense there */
    const char *help;
    bool needs_requests; /* see fault_config.has_requests */
};

/* By enum fault_kind; [0] is empty. */
extern const struct fault_info fault_infos[N_FAULT_KINDS];

struct fault {
    int64_t at_ns; /* since the start */
    uint32_t kind; /* enum fault_kind */
    uint32_t venue;
    uint32_t instrument; /* ARB_NO_INSTRUMENT: the first that suits */
    uint32_t feed;       /* enum fault_feed; 0: any. What hits a connection hits all of them */
};

struct fault_plan {
    struct fault faults[FAULTS_MAX];
    uint32_t n;
    uint64_t seed;    /* of what the faults themselves leave open */
    int64_t every_ns; /* 0, or: draw a further fault this often, … */
    int64_t until_ns; /* … until then, since the start; 0: for ever */
};

struct fault_config {
    const struct instrument_list *instruments; /* borrowed */
    uint32_t n_venues;
    const char *venues[ARB_VENUES_MAX]; /* borrowed */
    uint32_t feeds[ARB_VENUES_MAX];     /* bits of enum fault_feed: what clients subscribe */
    bool has_transport;                 /* the driver carries out faults of the transport */
    bool has_requests; /* the driver asks fault_request() and has a sink that ends subscriptions */
};

/*
 * Reads "kraken:drop@5s,bitstamp:request_reconnect=BTC/USD@8s" (without a time: at once) or
 * "random:seed=7,every=2s,until=60s". ARB_EINVAL says what is wrong.
 */
int fault_plan_parse(struct fault_plan *plan, const char *spec, const struct fault_config *config,
                     struct err *err);

/* Any fault that makes sense at any of the venues; at_ns is the caller's. */
struct fault fault_draw(struct prng *prng, const struct fault_config *config);

enum fault_verdict {
    FAULT_CLEAN = 1,   /* as the venue meant it */
    FAULT_DAMAGED = 2, /* changed on the way */
    FAULT_BROKEN = 3,  /* changed so that no reader can take it for good */
    FAULT_MADE_UP = 4, /* the venue never sent it */
};

/* What happened to a frame that is delivered; `tag` is the caller's own. */
struct fault_mark {
    uint64_t tag;
    uint32_t verdict;   /* enum fault_verdict */
    uint32_t transport; /* the enum fault_kind to send it with; 0: none */
};

/* Calls come from within fault_*() calls. All but `send` and `close` are optional, see `tls`. */
struct fault_sink {
    void (*send)(void *context, uint32_t venue, uint32_t client, struct arb_bytes frame,
                 struct fault_mark mark);
    void (*close)(void *context, uint32_t venue, uint32_t client, uint16_t code, const char *why);
    /* This frame never arrives, or arrives behind one that was sent after it. */
    void (*lost)(void *context, uint64_t tag);
    /* A fault took effect. */
    void (*applied)(void *context, const struct fault *fault);
    /* Who connects to the venue from now on meets this fault of TLS, 0: none. For a transport. */
    void (*tls)(void *context, uint32_t venue, uint32_t kind);
    void *context;
    /* The venue ends this subscription by itself: for its model's end_subscription(). Comes from
     * within fault_advance() only, never while a model sends. With `has_requests`. */
    void (*end)(void *context, uint32_t venue, uint32_t client, uint32_t instrument);
};

struct fault_layer;

int fault_layer_create(struct fault_layer **layer, const struct fault_config *config,
                       const struct fault_plan *plan, const struct fault_sink *sink,
                       int64_t start_ns);
void fault_layer_destroy(struct fault_layer *layer);

/* When fault_advance() is wanted next, or INT64_MAX. */
int64_t fault_next_ns(const struct fault_layer *layer);
/* Triggers what is due and lets go of what was held back until now. */
void fault_advance(struct fault_layer *layer, int64_t now_ns);
/* Forgets faults that have not found a frame yet; those in effect end by themselves. */
void fault_disarm(struct fault_layer *layer);

/* A model sends a frame; it goes on to the sink, or not. */
void fault_send(struct fault_layer *layer, uint32_t venue, uint32_t client, struct arb_bytes frame,
                uint64_t tag);
/* A client sends a request. False: the venue does not carry it out, and its model must not get it.
 */
bool fault_request(struct fault_layer *layer, uint32_t venue, uint32_t client,
                   struct arb_bytes text);
/* A book's feed, as one client has it. */
struct fault_channel {
    uint32_t venue, client, instrument;
    uint32_t feed; /* enum fault_feed */
};

/* Did a fault refuse it, and has it not been subscribed since? */
bool fault_is_refused(const struct fault_layer *layer, const struct fault_channel *channel);
/* Does a fault hold back all that goes to the client? */
bool fault_holds(const struct fault_layer *layer, uint32_t venue, uint32_t client);
/* The client is gone: what is held back for it is forgotten. */
void fault_on_disconnect(struct fault_layer *layer, uint32_t venue, uint32_t client);

struct fault_answer {
    int status; /* 0: none is sent */
    struct arb_bytes body;
    int64_t delay_ns;
    uint32_t retry_after_s; /* what the header of this name says; 0: there is none */
};

/* What becomes of the answer to GET `path`; borrowed until the next call. */
void fault_answer(struct fault_layer *layer, uint32_t venue, const char *path,
                  struct fault_answer *answer);

#endif /* ARB_SIM_FAULT_H */
