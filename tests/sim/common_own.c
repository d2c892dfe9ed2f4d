#include "common_own.h"

#include "common_state.h"

void *common_own(const struct common_venue *venue)
{
    return venue->own;
}

const struct sim_book *common_market(const struct common_venue *venue, uint32_t instrument)
{
    const struct sim_venue_config *const config = &venue->desk.config;
    return sim_market_book(config->market, config->market_venue, instrument);
}

void common_publish(struct common_venue *venue, uint32_t instrument, const struct sim_book *book,
                    int64_t now_ns)
{
    struct product *const product = &venue->products[instrument];

    sim_book_copy(&product->published, book);
    product->shown_ns = now_ns;
    common_say_published(venue, instrument);
}

void common_plan(struct common_venue *venue, int64_t at_ns, uint32_t what, uint32_t instrument)
{
    /* No client's: without memory the first one is dropped, rather than misled. */
    venue_desk_plan(&venue->desk, 0,
                    (struct agenda_entry){ .at_ns = at_ns, .what = OWN + what, .a = instrument });
}

static bool hears(const struct client *client, uint32_t instrument, uint8_t kinds)
{
    return client->books != NULL && (client->books[instrument].kinds & kinds) != 0;
}

bool common_is_heard(const struct common_venue *venue, uint32_t instrument, uint8_t kinds)
{
    for (uint32_t id = 0; id < SIM_CLIENTS_MAX; id++) {
        if (hears(&venue->clients[id], instrument, kinds)) {
            return true;
        }
    }
    return false;
}

void common_send_heard(struct common_venue *venue, uint32_t instrument, uint8_t kinds,
                       const struct arb_text *text)
{
    for (uint32_t id = 0; id < SIM_CLIENTS_MAX; id++) {
        if (hears(&venue->clients[id], instrument, kinds) &&
            venue->clients[id].books[instrument].interest == FOLLOWS) {
            common_send(venue, id, text);
        }
    }
}

struct arb_level *const *common_room(struct common_venue *venue)
{
    return venue->desk.changes;
}

struct prng *common_chance(struct common_venue *venue)
{
    return &venue->desk.prng;
}
