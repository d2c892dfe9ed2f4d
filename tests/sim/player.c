#include "player.h"

#include "util/clock.h"

void player_start(struct player *player, uint32_t client, int64_t now_ns)
{
    if (!player->cursors[client].is_playing) {
        player->cursors[client].is_playing = true;
        player->cursors[client].started_ns = now_ns + PLAYER_DELAY_MS * NS_PER_MS;
        player->cursors[client].next = 0;
    }
}

void player_stop(struct player *player, uint32_t client)
{
    player->cursors[client].is_playing = false;
}

static int64_t due_ns(const struct player *player, uint32_t client)
{
    const size_t next = player->cursors[client].next;

    if (!player->cursors[client].is_playing || next >= player->tape->n_frames) {
        return INT64_MAX;
    }
    const int64_t after_ns = player->speed_percent == 0
                                 ? 0
                                 : player->tape->frames[next].at_ns / player->speed_percent * 100;
    return player->cursors[client].started_ns + after_ns;
}

static uint32_t first_client(const struct player *player, int64_t *at_ns)
{
    uint32_t first = 0;

    *at_ns = INT64_MAX;
    for (uint32_t id = 0; player->tape != NULL && id < PLAYER_CLIENTS_MAX; id++) {
        const int64_t client_ns = due_ns(player, id);
        if (client_ns < *at_ns) {
            *at_ns = client_ns;
            first = id;
        }
    }
    return first;
}

int64_t player_next_ns(const struct player *player)
{
    int64_t at_ns;
    (void)first_client(player, &at_ns);
    return at_ns;
}

const struct tape_frame *player_take(struct player *player, int64_t now_ns, uint32_t *client)
{
    int64_t at_ns;
    *client = first_client(player, &at_ns);
    if (at_ns > now_ns) {
        return NULL;
    }
    return &player->tape->frames[player->cursors[*client].next++];
}
