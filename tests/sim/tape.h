/*
 * tape.h - a recording as the simulator serves it: book frames by channel, HTTP bodies by path.
 *
 * Made from crossbook's `.cbcap` (Kraken v2) or cryptofeed's text (Bitstamp). What the recorder
 * sent and the answers it got are left out: the venue model answers its own clients.
 */
#ifndef ARB_SIM_TAPE_H
#define ARB_SIM_TAPE_H

#include "instruments.h"
#include "replay/recording.h"

/* One frame for subscribers of `channel`: "BTC/USD" at Kraken, "diff_order_book_btcusd" at
 * Bitstamp. */
struct tape_frame {
    int64_t at_ns; /* since the first one */
    struct arb_bytes channel;
    struct arb_bytes text;
};

/* One recorded answer to GET `path` ("/api/v2/order_book/btcusd"). */
struct tape_body {
    struct arb_bytes path;
    struct arb_bytes text;
};

/* Zeroed memory is an empty tape; frames and bodies borrow from `source`. */
struct tape {
    struct recording source;
    struct instrument_list instruments; /* found in the recording, with their digits */
    struct tape_frame *frames;
    struct tape_body *bodies;
    size_t n_frames, n_bodies;
    int64_t depth; /* of Kraken books: the only one subscribable; 0 when not known */
};

/* Loads files, several of one run together. The venue is "kraken" or "bitstamp". */
int tape_load(struct tape *tape, const char *venue, char *const *paths, size_t n, struct err *err);
void tape_fini(struct tape *tape);

/* The first recorded answer to this path, a slash at its end ignored, or NULL. */
const struct arb_bytes *tape_body(const struct tape *tape, const char *path);

#endif /* ARB_SIM_TAPE_H */
