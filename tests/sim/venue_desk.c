#include "venue_desk.h"

#include <stdlib.h>

#include "frame.h"

int venue_desk_init(struct venue_desk *desk, const struct sim_venue_ops *ops,
                    const struct sim_venue_config *config, uint64_t stream, size_t frame_cap)
{
    const size_t changes = venue_desk_changes(config);

    *desk = (struct venue_desk){
        .venue.ops = ops,
        .config = *config,
        .prng = prng_seeded(config->seed, stream),
        .player = { .tape = config->tape, .speed_percent = config->speed_percent },
        .frame_cap = frame_cap,
    };
    desk->changes[0] = calloc(changes, sizeof(*desk->changes[0]));
    desk->changes[1] = calloc(changes, sizeof(*desk->changes[1]));
    desk->frame = malloc(frame_cap);
    return desk->changes[0] == NULL || desk->changes[1] == NULL || desk->frame == NULL ? ARB_ENOMEM
                                                                                       : ARB_OK;
}

void venue_desk_fini(struct venue_desk *desk)
{
    agenda_fini(&desk->agenda);
    free(desk->changes[0]);
    free(desk->changes[1]);
    free(desk->frame);
}

struct arb_text venue_desk_frame(struct venue_desk *desk)
{
    return arb_text_over(desk->frame, desk->frame_cap);
}

void venue_desk_send(const struct venue_desk *desk, uint32_t client, const struct arb_text *text)
{
    desk->config.outlet.send(desk->config.outlet.context, client, frame_bytes(text));
}

void venue_desk_close(const struct venue_desk *desk, uint32_t client, uint16_t code,
                      const char *why)
{
    desk->config.outlet.close(desk->config.outlet.context, client, code, why);
}

void venue_desk_plan(struct venue_desk *desk, uint32_t client, struct agenda_entry entry)
{
    if (agenda_add(&desk->agenda, entry) != ARB_OK) {
        venue_desk_close(desk, client, 1011, "out of memory");
    }
}

int64_t venue_desk_own_time_ns(const struct venue_desk *desk, int64_t at_ns)
{
    return at_ns + desk->config.clock_offset_ns;
}
