/*
 * player.h - plays a tape to each client on the client's own time.
 *
 * There is no snapshot for a client that comes back to a book: it gets the next recorded one,
 * or, having left all its books, the tape from its beginning.
 */
#ifndef ARB_SIM_PLAYER_H
#define ARB_SIM_PLAYER_H

#include "tape.h"

enum {
    PLAYER_CLIENTS_MAX = 256,
    PLAYER_DELAY_MS = 500, /* from the first subscription: the others follow one by one */
};

/* Where each client is on the tape. Zeroed memory plays nothing. */
struct player {
    const struct tape *tape;
    int64_t speed_percent; /* 100: as recorded; 0: everything at once */
    struct {
        bool is_playing;
        int64_t started_ns;
        size_t next;
    } cursors[PLAYER_CLIENTS_MAX];
};

/* Plays from the beginning after PLAYER_DELAY_MS, unless the client is being played to already. */
void player_start(struct player *player, uint32_t client, int64_t now_ns);
void player_stop(struct player *player, uint32_t client);

/* When the next frame is due, or INT64_MAX. */
int64_t player_next_ns(const struct player *player);

/* The next frame that is due for any client, or NULL. */
const struct tape_frame *player_take(struct player *player, int64_t now_ns, uint32_t *client);

#endif /* ARB_SIM_PLAYER_H */
