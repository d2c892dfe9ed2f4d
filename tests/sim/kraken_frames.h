/*
 * kraken_frames.h - the text of Kraken's WebSocket v2: every frame the model sends, and the
 * requests it reads. No state.
 */
#ifndef ARB_SIM_KRAKEN_FRAMES_H
#define ARB_SIM_KRAKEN_FRAMES_H

#include <cjson/cJSON.h>

#include "frame.h"

enum {
    KRAKEN_DEPTHS = 5,
    KRAKEN_FRAME_BASE = 4096, /* bytes of a frame that holds no levels and no pairs */
    KRAKEN_LEVEL_LEN = 80,    /* no level is longer */
    KRAKEN_PAIR_LEN = 1024,   /* no pair of the catalog, with its assets, is longer */
    KRAKEN_CHECKSUM_LEVELS = 10,
};

extern const uint32_t kraken_depths[KRAKEN_DEPTHS]; /* 10, 25, 100, 500, 1000 */

/* The position in kraken_depths, or -1. */
int kraken_depth_index(int64_t depth);

/* The venue's CRC-32 over the best ten levels a side. */
uint32_t kraken_checksum(const struct sim_book *book);

enum kraken_method {
    KRAKEN_SUBSCRIBE = 1,
    KRAKEN_UNSUBSCRIBE = 2,
    KRAKEN_PING = 3,
    KRAKEN_UNKNOWN_METHOD = 4,
};

struct kraken_request {
    cJSON *root; /* owns everything below */
    const char *method_name;
    uint32_t method;      /* enum kraken_method */
    const char *channel;  /* "" when missing */
    const cJSON *symbols; /* an array, or NULL */
    bool has_req_id;
    int64_t req_id;
    int64_t depth; /* 10 when missing, -1 when not an integer */
    bool snapshot;
};

/* ARB_EPROTO when the text is no JSON object. */
int kraken_request_parse(struct kraken_request *request, struct arb_bytes text);
void kraken_request_fini(struct kraken_request *request);

void kraken_put_status(struct arb_text *text, const char *system, uint64_t connection_id);
void kraken_put_heartbeat(struct arb_text *text);
void kraken_put_pong(struct arb_text *text, const struct kraken_request *request, int64_t now_ns);

/* The answer to a request that was carried out, for one symbol of a book or for `instrument`. */
void kraken_put_ack(struct arb_text *text, const struct kraken_request *request, const char *symbol,
                    int64_t now_ns);

/* A refusal; `symbol` NULL when it is not about one. */
void kraken_put_error(struct arb_text *text, const struct kraken_request *request,
                      const char *symbol, const char *error, int64_t now_ns);

/* The catalog: `type` is "snapshot" or "update"; `statuses` are by instrument, NULL: all online. */
void kraken_put_instruments(struct arb_text *text, const char *type,
                            const struct sim_instrument *items, const char *const *statuses,
                            uint32_t n);

struct kraken_book_frame {
    const char *type; /* "snapshot" or "update" */
    const struct sim_instrument *instrument;
    const struct arb_level *bids, *asks;
    uint32_t n_bids, n_asks;
    uint32_t checksum;
    int64_t changed_ns;
};
void kraken_put_book(struct arb_text *text, const struct kraken_book_frame *frame);

#endif /* ARB_SIM_KRAKEN_FRAMES_H */
