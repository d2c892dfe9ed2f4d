#include "world.h"

#include <stdlib.h>
#include <string.h>

#include "agenda.h"
#include "bitstamp_venue.h"
#include "dialects.h"
#include "fault_frame.h"
#include "kraken_venue.h"
#include "replay_venue.h"
#include "truth.h"
#include "venue_terms.h"

/* What a venue model's outlet leads back to. */
struct place {
    struct world *world;
    uint32_t venue;
};

struct world {
    struct world_config config;
    struct sim_market *market;
    struct truth *truth;
    struct instrument_list *lists[ARB_VENUES_MAX]; /* by venue; NULL: those of the configuration */
    struct sim_venue *venues[ARB_VENUES_MAX];
    struct place places[ARB_VENUES_MAX];
};

struct model {
    const char *name;
    int (*create)(struct sim_venue **venue, const struct sim_venue_config *config, struct err *err);
};

static const struct model models[] = {
    { "kraken", kraken_venue_create },
    { "bitstamp", bitstamp_venue_create },
    { "replay", replay_venue_create },
};
enum { N_MODELS = sizeof(models) / sizeof(models[0]) };

static void forward_send(void *context, uint32_t client, struct arb_bytes frame)
{
    const struct place *const place = context;
    const struct world_outlet *const outlet = &place->world->config.outlet;
    outlet->send(outlet->context, place->venue, client, frame);
}

static void forward_close(void *context, uint32_t client, uint16_t code, const char *why)
{
    const struct place *const place = context;
    const struct world_outlet *const outlet = &place->world->config.outlet;
    outlet->close(outlet->context, place->venue, client, code, why);
}

/* The truth is about what the host can know: the books of the channel that it reads. */
static void note_published(void *context, uint32_t instrument, int64_t now_ns)
{
    const struct place *const place = context;
    const struct sim_venue *const venue = place->world->venues[place->venue];
    const struct world_outlet *const outlet = &place->world->config.outlet;
    truth_on_book(place->world->truth, place->venue, instrument,
                  venue->ops->shown(venue, instrument, place->world->config.truth_feed), now_ns);
    if (outlet->published != NULL) {
        outlet->published(outlet->context, place->venue, instrument, now_ns);
    }
}

/* A generated market's pairs, as each venue has them. */
static int create_lists(struct world *world, struct err *err)
{
    const struct world_config *const config = &world->config;
    int rc = ARB_OK;

    for (uint32_t venue = 0; venue < config->n_venues && rc == ARB_OK; venue++) {
        world->lists[venue] = calloc(1, sizeof(*world->lists[venue]));
        rc = world->lists[venue] == NULL
                 ? err_set(err, ARB_ENOMEM, "no memory for the instruments of a venue")
                 : venue_terms_list(world->lists[venue], config->instruments, config->venues[venue],
                                    err);
    }
    return rc;
}

static void destroy_lists(struct world *world)
{
    for (uint32_t venue = 0; venue < world->config.n_venues; venue++) {
        if (world->lists[venue] != NULL) {
            instrument_list_fini(world->lists[venue]);
            free(world->lists[venue]);
        }
    }
}

const struct instrument_list *world_instruments(const struct world *world, uint32_t venue)
{
    return world->lists[venue] == NULL ? world->config.instruments : world->lists[venue];
}

static int create_market(struct world *world, struct err *err)
{
    const struct world_config *const config = &world->config;
    struct sim_market_config market = {
        .instruments = config->instruments,
        .seed = config->seed,
        .start_ns = config->start_ns,
        .n_venues = config->n_venues,
        .depth = config->depth,
        .rate_per_s = config->rate_per_s,
        .divergence_every_ms = config->divergence_every_ms,
    };
    memcpy(market.of_venue, world->lists, sizeof(market.of_venue));
    memcpy(market.fees_ppm, config->fees_ppm, sizeof(market.fees_ppm));
    return sim_market_create(&world->market, &market, err);
}

static int create_truth(struct world *world, struct err *err)
{
    const struct world_config *const config = &world->config;
    struct truth_config truth = {
        .instruments = config->instruments,
        .n_venues = config->n_venues,
        .seed = config->seed,
        .start_ns = config->start_ns,
        .life_ms = MARKET_LIFE_MS,
        .min_net_ppm = config->min_net_ppm,
        .out = config->truth_out,
    };
    memcpy(truth.of_venue, world->lists, sizeof(truth.of_venue));
    memcpy(truth.venues, config->venues, sizeof(truth.venues));
    memcpy(truth.fees_ppm, config->fees_ppm, sizeof(truth.fees_ppm));
    return truth_create(&world->truth, &truth, err);
}

static const struct model *find_model(const char *name)
{
    for (size_t i = 0; i < N_MODELS; i++) {
        if (strcmp(models[i].name, name) == 0) {
            return &models[i];
        }
    }
    return NULL;
}

static int create_venue(struct world *world, uint32_t venue, struct err *err)
{
    const struct world_config *const config = &world->config;
    const struct model *const model = find_model(config->venues[venue]);

    const struct dialect *const dialect = dialect_find(config->venues[venue]);

    if (model == NULL && dialect == NULL) {
        return err_set(err, ARB_EINVAL, "venue \"%s\": there is no model of it",
                       config->venues[venue]);
    }
    world->places[venue] = (struct place){ .world = world, .venue = venue };
    const struct sim_venue_config venue_config = {
        .instruments = world_instruments(world, venue),
        .market = world->market,
        .market_venue = venue,
        .depth = world->market == NULL ? 0 : config->depth,
        .tape = config->tape,
        .reel = config->reel,
        .speed_percent = config->speed_percent,
        .seed = config->seed,
        .start_ns = config->start_ns,
        .clock_offset_ns = config->clock_offset_ns[venue],
        .outlet = { forward_send, forward_close, note_published, &world->places[venue] },
    };
    return dialect == NULL
               ? model->create(&world->venues[venue], &venue_config, err)
               : common_venue_create(&world->venues[venue], dialect, &venue_config, err);
}

/* The books are public from the start: the truth begins with all of them. */
static void note_first_books(struct world *world)
{
    for (uint32_t i = 0; i < world->config.instruments->n; i++) {
        for (uint32_t venue = 0; venue < world->config.n_venues; venue++) {
            note_published(&world->places[venue], i, world->config.start_ns);
        }
    }
}

int world_create(struct world **out, const struct world_config *config, struct err *err)
{
    struct world *const world = calloc(1, sizeof(*world));
    int rc = ARB_OK;

    if (world == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory for the simulation");
    }
    world->config = *config;
    if (config->truth_feed == 0) {
        world->config.truth_feed = FAULT_AT_ORDER_BOOK;
    }
    const bool has_market = config->tape == NULL && config->reel == NULL;
    if (has_market) {
        rc = create_lists(world, err);
    }
    if (has_market && rc == ARB_OK) {
        rc = create_market(world, err);
    }
    if (has_market && rc == ARB_OK) {
        rc = create_truth(world, err);
    }
    for (uint32_t venue = 0; venue < config->n_venues && rc == ARB_OK; venue++) {
        rc = create_venue(world, venue, err);
    }
    if (rc != ARB_OK) {
        world_destroy(world);
        return rc;
    }
    if (world->truth != NULL) {
        note_first_books(world);
    }
    *out = world;
    return ARB_OK;
}

void world_destroy(struct world *world)
{
    if (world == NULL) {
        return;
    }
    for (uint32_t venue = 0; venue < world->config.n_venues; venue++) {
        if (world->venues[venue] != NULL) {
            world->venues[venue]->ops->destroy(world->venues[venue]);
        }
    }
    truth_destroy(world->truth);
    sim_market_destroy(world->market);
    destroy_lists(world);
    free(world);
}

static int64_t market_due_ns(const struct world *world)
{
    return world->market == NULL ? AGENDA_NEVER : sim_market_next_ns(world->market);
}

/* The venue that wants the next turn; `at_ns` says when. */
static struct sim_venue *first_venue(const struct world *world, int64_t *at_ns)
{
    struct sim_venue *first = NULL;

    *at_ns = AGENDA_NEVER;
    for (uint32_t i = 0; i < world->config.n_venues; i++) {
        struct sim_venue *const venue = world->venues[i];
        const int64_t due_ns = venue->ops->next_ns(venue);
        if (due_ns < *at_ns) {
            *at_ns = due_ns;
            first = venue;
        }
    }
    return first;
}

int64_t world_next_ns(const struct world *world)
{
    int64_t venue_ns;
    (void)first_venue(world, &venue_ns);
    const int64_t market_ns = market_due_ns(world);
    return market_ns < venue_ns ? market_ns : venue_ns;
}

static void move_market(struct world *world)
{
    struct market_tick tick;

    sim_market_run(world->market, &tick);
    struct sim_venue *const venue = world->venues[tick.venue];
    venue->ops->on_change(venue, tick.instrument, tick.at_ns);
}

void world_advance(struct world *world, int64_t now_ns)
{
    for (;;) {
        int64_t venue_ns;
        struct sim_venue *const venue = first_venue(world, &venue_ns);
        const int64_t market_ns = market_due_ns(world);
        if (market_ns > now_ns && venue_ns > now_ns) {
            return;
        }
        if (market_ns <= venue_ns) {
            move_market(world);
        } else {
            venue->ops->on_time(venue, venue_ns);
        }
    }
}

struct sim_venue *world_venue(struct world *world, uint32_t venue)
{
    return world->venues[venue];
}

struct truth *world_truth(struct world *world)
{
    return world->truth;
}
