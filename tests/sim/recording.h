/*
 * recording.h - frames recorded at a real venue, to be served again, and the cursors that
 * play them to each client on its own time.
 *
 * Reads crossbook's `.cbcap` (Kraken v2, one pair each) and cryptofeed's text (Bitstamp). What
 * the recorder sent and the answers it got are left out: the venue model answers its own
 * clients. Nor is there a snapshot for a client that comes back to a book: it gets the next
 * recorded one, or, having left all its books, the recording from its beginning.
 */
#ifndef ARB_SIM_RECORDING_H
#define ARB_SIM_RECORDING_H

#include "instruments.h"

enum {
    RECORDING_CLIENTS_MAX = 256,
    PLAYER_DELAY_MS = 500,          /* from the first subscription: the others follow one by one */
    RECORDING_FILE_MAX = 256 << 20, /* bytes; a larger file is refused */
};

/* One frame for subscribers of `channel`: "BTC/USD" at Kraken, "diff_order_book_btcusd" at
 * Bitstamp. */
struct recorded_frame {
    int64_t at_ns; /* since the first one */
    struct arb_bytes channel;
    struct arb_bytes text;
};

/* One recorded answer to GET `path` ("/api/v2/order_book/btcusd"). */
struct recorded_body {
    struct arb_bytes path;
    struct arb_bytes text;
};

/* Zeroed memory is an empty recording; the frames borrow from `files`. */
struct recording {
    struct instrument_list instruments; /* found in the recording, with their digits */
    struct recorded_frame *frames;
    struct recorded_body *bodies;
    size_t n_frames, n_bodies;
    int64_t depth; /* of Kraken books: the only one subscribable; 0 when not known */
    char **files;
    size_t n_files;
};

/* Loads files, several of one run together. The venue is "kraken" or "bitstamp". */
int recording_load(struct recording *recording, const char *venue, char *const *paths, size_t n,
                   struct err *err);
void recording_fini(struct recording *recording);

/* The first recorded answer to this path, a slash at its end ignored, or NULL. */
const struct arb_bytes *recording_body(const struct recording *recording, const char *path);

/* Where each client is in the recording. Zeroed memory plays nothing. */
struct player {
    const struct recording *recording;
    int64_t speed_percent; /* 100: as recorded; 0: everything at once */
    struct {
        bool is_playing;
        int64_t started_ns;
        size_t next;
    } cursors[RECORDING_CLIENTS_MAX];
};

/* Plays from the beginning after PLAYER_DELAY_MS, unless the client is being played to already. */
void player_start(struct player *player, uint32_t client, int64_t now_ns);
void player_stop(struct player *player, uint32_t client);

/* When the next frame is due, or INT64_MAX. */
int64_t player_next_ns(const struct player *player);

/* The next frame that is due for any client, or NULL. */
const struct recorded_frame *player_take(struct player *player, int64_t now_ns, uint32_t *client);

#endif /* ARB_SIM_RECORDING_H */
