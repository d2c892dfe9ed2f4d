#include "common_state.h"

#include <string.h>

void common_play(struct common_venue *venue, int64_t now_ns)
{
    const struct sim_outlet *const outlet = &venue->desk.config.outlet;
    uint32_t id;
    const struct tape_frame *const frame = player_take(&venue->desk.player, now_ns, &id);

    if (frame != NULL && venue->dialect->hears(venue, id, frame->channel)) {
        outlet->send(outlet->context, id, frame->text);
    }
}

void common_listen(struct common_venue *venue, uint32_t id, int64_t now_ns)
{
    if (venue->desk.config.tape != NULL) {
        player_start(&venue->desk.player, id, now_ns);
    }
}

void common_leave(struct common_venue *venue, uint32_t id)
{
    if (common_subscriptions(venue, id) == 0) {
        player_stop(&venue->desk.player, id);
    }
}

const struct arb_bytes *common_recorded(const struct common_venue *venue, const char *path)
{
    const size_t len = strcspn(path, "?");
    char plain[SIM_PATH_MAX];

    if (venue->desk.config.tape == NULL || len >= sizeof(plain)) {
        return NULL;
    }
    memcpy(plain, path, len);
    plain[len] = '\0';
    return tape_body(venue->desk.config.tape, plain);
}
