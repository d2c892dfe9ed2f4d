#include "market.h"

#include <assert.h>
#include <stdlib.h>

#include "agenda.h"
#include "arbspot/decimal.h"
#include "prng.h"
#include "util/clock.h"

enum {
    PPM = 1000000,
    HALF_SPREAD_PPM = 15,
    OFFSET_PPM = 10,    /* less than the spread: venues that agree do not cross */
    GAP_PPM = 40,       /* largest distance between neighbouring levels */
    STEP_PPM = 5,       /* largest step of the fair price */
    STEP_EVERY = 4,     /* ticks */
    GAIN_MIN_PPM = 100, /* what a divergence that pays leaves after fees */
    GAIN_MAX_PPM = 3000,
    GAIN_TICKS = 4,         /* so that a coarse tick does not make it flicker */
    CROSS_MIN_PERCENT = 30, /* of the fees, for one that does not pay */
    CROSS_MAX_PERCENT = 80,
    RANGE = 2,          /* the fair price stays within start / RANGE and start * RANGE */
    LEVEL_VALUE = 1000, /* a usual level is worth this much in the quote currency */
    LARGE_LEVEL_EVERY = 8,
    REBUILD_GAPS = 12, /* a side further away than this many gaps is quoted anew */
};

enum what { TICK = 1, DIVERGE = 2, RETURN = 3 };

_Static_assert(SIM_DIGITS_MAX + 3 <= ARB_SCALE_MAX, "LEVEL_VALUE in lots fits an int64_t");

/* How one instrument moves. In ticks of the finest venue. */
struct shape {
    int64_t half_spread, step;
    int64_t low, high;
    int64_t fair;
};

/* One instrument at one venue. In its own ticks and lots, but for what the fair price is moved by.
 */
struct stand {
    struct sim_book book;
    int64_t tick, lot; /* in those of the finest venue */
    int64_t gap, usual_qty;
    int64_t offset; /* constant */
    int64_t jump;   /* 0 while the venues agree */
    int64_t alone;  /* of the level that stands alone; 0: there is none, and both sides jump */
};

struct sim_market {
    struct sim_market_config config;
    struct prng prng;
    struct agenda agenda;
    struct shape *shapes; /* by instrument */
    struct stand *stands; /* by instrument, then venue */
};

static struct stand *stand_of(const struct sim_market *market, uint32_t venue, uint32_t instrument)
{
    return &market->stands[(size_t)instrument * market->config.n_venues + venue];
}

static int64_t at_least_one(int64_t n)
{
    return n > 0 ? n : 1;
}

/* LEVEL_VALUE worth of lots at a price of `px` ticks. */
static int64_t usual_qty(const struct sim_instrument *instrument, int64_t px)
{
    const unsigned digits = (unsigned)instrument->qty_digits + instrument->px_digits;
    assert(digits <= SIM_DIGITS_MAX);
    return at_least_one(LEVEL_VALUE * arb_pow10(digits) / px);
}

static void init_shape(struct shape *shape, const struct sim_instrument *instrument)
{
    const int64_t px = instrument->start_px;
    *shape = (struct shape){
        .half_spread = at_least_one(px * HALF_SPREAD_PPM / PPM),
        .step = at_least_one(px * STEP_PPM / PPM),
        .low = px / RANGE,
        .high = px * RANGE,
        .fair = px,
    };
}

static int64_t draw_qty(struct prng *prng, const struct stand *stand)
{
    const int64_t qty = prng_between(prng, 1, 2 * stand->usual_qty);
    return prng_once_in(prng, LARGE_LEVEL_EVERY) ? 10 * qty : qty;
}

/* `distance` ticks behind `px`, away from the other side. */
static int64_t behind(const struct ladder *side, int64_t px, int64_t distance)
{
    return side->highest_first ? px - distance : px + distance;
}

/* Puts levels behind the worst one until the side is as deep as it shall be. */
static void refill(struct sim_market *market, const struct stand *stand, struct ladder *side,
                   int64_t limit)
{
    while (side->n < market->config.depth) {
        const int64_t from = side->n == 0 ? behind(side, limit, -1) : side->levels[side->n - 1].px;
        const int64_t px = behind(side, from, prng_between(&market->prng, 1, stand->gap));
        if (px <= 0) {
            return;
        }
        ladder_set(side, (struct arb_level){ px, draw_qty(&market->prng, stand) });
    }
}

/* Takes away what is better than `limit`, and quotes near it when the side hangs back. */
static void follow(struct sim_market *market, const struct stand *stand, struct ladder *side,
                   int64_t limit)
{
    while (side->n > 0 && ladder_is_better(side, side->levels[0].px, limit)) {
        ladder_set(side, (struct arb_level){ side->levels[0].px, 0 });
    }
    if (side->n == 0) {
        return;
    }
    const int64_t best = side->levels[0].px;
    if (ladder_is_better(side, behind(side, limit, REBUILD_GAPS * stand->gap), best)) {
        side->n = 0;
    } else if (ladder_is_better(side, behind(side, limit, stand->gap), best)) {
        const int64_t px = behind(side, limit, prng_below(&market->prng, stand->gap));
        ladder_set(side, (struct arb_level){ px, draw_qty(&market->prng, stand) });
    }
}

/* Changes, adds or removes one level, more often near the best. */
static void touch(struct sim_market *market, const struct stand *stand, struct ladder *side)
{
    struct prng *const prng = &market->prng;
    if (side->n < 2) {
        return;
    }
    int64_t rank = prng_below(prng, side->n);
    for (unsigned i = 0; i < 2; i++) {
        const int64_t other = prng_below(prng, side->n);
        rank = other < rank ? other : rank;
    }
    struct arb_level level = { side->levels[rank].px, draw_qty(prng, stand) };
    if (prng_once_in(prng, 4)) {
        level.px = behind(side, level.px, prng_between(prng, 1, stand->gap));
    } else if (prng_once_in(prng, 4)) {
        level.qty = 0;
    }
    if (level.px > 0) {
        ladder_set(side, level);
    }
}

/* The price of the finest venue in ticks of this one, rounded away from the other side. */
static int64_t in_ticks(const struct stand *stand, const struct ladder *side, int64_t px)
{
    return at_least_one((side->highest_first ? px : px + stand->tick - 1) / stand->tick);
}

/* The best price of a side whose middle is moved by so much. */
static int64_t limit_of(const struct shape *shape, const struct stand *stand,
                        const struct ladder *side, int64_t by)
{
    const int64_t middle = at_least_one(shape->fair + stand->offset + by);
    return in_ticks(stand, side, behind(side, middle, shape->half_spread));
}

/* The side that the jump is directed against: bids of a venue that is dear from now on. */
static bool is_near(const struct stand *stand, const struct ladder *side)
{
    return side->highest_first == (stand->jump > 0);
}

static void adjust_side(struct sim_market *market, const struct shape *shape,
                        const struct stand *stand, struct ladder *side)
{
    const bool stays = stand->alone != 0 && is_near(stand, side);
    const int64_t limit = limit_of(shape, stand, side, stays ? 0 : stand->jump);

    follow(market, stand, side, limit);
    refill(market, stand, side, limit);
    if (stays) {
        const int64_t px = limit_of(shape, stand, side, stand->jump);
        ladder_set(side, (struct arb_level){ px, stand->alone });
    }
}

static void adjust(struct sim_market *market, uint32_t venue, uint32_t instrument)
{
    const struct shape *const shape = &market->shapes[instrument];
    struct stand *const stand = stand_of(market, venue, instrument);

    adjust_side(market, shape, stand, &stand->book.bids);
    adjust_side(market, shape, stand, &stand->book.asks);
}

static void walk(struct sim_market *market, struct shape *shape)
{
    if (!prng_once_in(&market->prng, STEP_EVERY)) {
        return;
    }
    const int64_t fair = shape->fair + prng_between(&market->prng, -shape->step, shape->step);
    if (fair > shape->low && fair < shape->high) {
        shape->fair = fair;
    }
}

/* The agenda never grows after creation: each entry taken is entered again at most once. */
static void plan(struct sim_market *market, struct agenda_entry entry)
{
    const int rc = agenda_add(&market->agenda, entry);
    assert(rc == ARB_OK);
}

static int64_t draw_interval(struct prng *prng, int64_t mean_ns)
{
    return at_least_one(prng_between(prng, mean_ns / 2, mean_ns + mean_ns / 2));
}

static void tick(struct sim_market *market, struct agenda_entry now)
{
    struct shape *const shape = &market->shapes[now.a];
    struct stand *const stand = stand_of(market, now.b, now.a);

    walk(market, shape);
    for (int64_t n = prng_between(&market->prng, 1, 2); n > 0; n--) {
        const bool bids = prng_once_in(&market->prng, 2);
        touch(market, stand, bids ? &stand->book.bids : &stand->book.asks);
    }
    adjust(market, now.b, now.a);
    now.at_ns += draw_interval(&market->prng, NS_PER_S / market->config.rate_per_s);
    plan(market, now);
}

/* A jump of one venue away from another one. */
struct jump {
    uint32_t venue, other, instrument;
    bool is_up; /* it sells dear, else it buys cheap */
};

static struct jump draw_jump(struct sim_market *market, uint32_t instrument)
{
    const int64_t n = market->config.n_venues;
    const int64_t venue = prng_below(&market->prng, n);
    const int64_t other = n == 1 ? venue : (venue + prng_between(&market->prng, 1, n - 1)) % n;

    return (struct jump){ (uint32_t)venue, (uint32_t)other, instrument,
                          prng_once_in(&market->prng, 2) };
}

/* Between the best prices of venues that agree: spreads, offsets, and where a level is missing. */
static int64_t slack_of(const struct sim_market *market, struct jump jump)
{
    const struct shape *const shape = &market->shapes[jump.instrument];
    const struct stand *const one = stand_of(market, jump.venue, jump.instrument);
    const struct stand *const other = stand_of(market, jump.other, jump.instrument);

    return 2 * (shape->half_spread + shape->fair * OFFSET_PPM / PPM) +
           (one->gap + GAIN_TICKS) * one->tick + (other->gap + GAIN_TICKS) * other->tick;
}

/* So far that the best prices break even: (1 + fee) / (1 - fee), the fair price being the other's.
 */
static int64_t even_jump(const struct sim_market *market, struct jump jump)
{
    const int64_t own = market->config.fees_ppm[jump.venue];
    const int64_t fees = own + market->config.fees_ppm[jump.other];

    return market->shapes[jump.instrument].fair * fees / (jump.is_up ? PPM - own : PPM + own);
}

static int64_t paying_jump(struct sim_market *market, struct jump jump)
{
    const int64_t ppm = prng_between(&market->prng, GAIN_MIN_PPM, GAIN_MAX_PPM);
    return even_jump(market, jump) + market->shapes[jump.instrument].fair * ppm / PPM +
           slack_of(market, jump);
}

static int64_t crossing_jump(struct sim_market *market, struct jump jump)
{
    const int64_t percent = prng_between(&market->prng, CROSS_MIN_PERCENT, CROSS_MAX_PERCENT);
    return even_jump(market, jump) * percent / 100;
}

/* What a venue takes as an order at this price, both in units of the finest venue. */
static int64_t least_order(const struct sim_market *market, uint32_t venue, uint32_t instrument)
{
    const struct instrument_list *const own = market->config.of_venue[venue];
    const struct sim_instrument *const finest = &market->config.instruments->items[instrument];
    const struct sim_instrument *const item = own == NULL ? finest : &own->items[instrument];
    const unsigned digits = (unsigned)finest->px_digits + finest->qty_digits;
    const int64_t worth =
        item->min_value * arb_pow10(digits) / 100 / market->shapes[instrument].fair;
    const int64_t qty = item->min_qty * stand_of(market, venue, instrument)->lot;

    return worth > qty ? worth : qty;
}

/* In lots; 0 where a single one is enough for an order. */
static int64_t draw_alone(struct sim_market *market, struct jump jump)
{
    const int64_t lot = stand_of(market, jump.venue, jump.instrument)->lot;
    const int64_t one = least_order(market, jump.venue, jump.instrument);
    const int64_t other = least_order(market, jump.other, jump.instrument);
    const int64_t most = (one > other ? one : other) / 2 / lot;

    return most < 1 ? 0 : prng_between(&market->prng, 1, most);
}

/* Nothing but the time that has passed decides when it ends, and not even that. */
static int64_t draw_life_ns(struct prng *prng)
{
    int64_t ms = 1;

    while (!prng_once_in(prng, MARKET_LIFE_MS)) {
        ms++;
    }
    return ms * NS_PER_MS;
}

/* Returns the venue that jumps. */
static uint32_t diverge(struct sim_market *market, struct agenda_entry now)
{
    const struct jump jump = draw_jump(market, now.a);
    struct stand *const stand = stand_of(market, jump.venue, now.a);
    const int64_t kind = prng_below(&market->prng, 4);
    const int64_t by = kind == 0 ? crossing_jump(market, jump) : paying_jump(market, jump);

    stand->jump = jump.is_up ? by : -by;
    stand->alone = kind == 1 ? draw_alone(market, jump) : 0;
    adjust(market, jump.venue, now.a);
    now.at_ns += draw_life_ns(&market->prng);
    now.what = RETURN;
    now.b = jump.venue;
    plan(market, now);
    return jump.venue;
}

static void return_to_fair(struct sim_market *market, struct agenda_entry now)
{
    struct stand *const stand = stand_of(market, now.b, now.a);

    stand->jump = stand->alone = 0;
    adjust(market, now.b, now.a);
    now.at_ns += draw_interval(&market->prng, market->config.divergence_every_ms * NS_PER_MS);
    now.what = DIVERGE;
    now.b = 0;
    plan(market, now);
}

static void init_terms(struct sim_market *market, uint32_t venue, uint32_t instrument)
{
    const struct sim_instrument *const finest = &market->config.instruments->items[instrument];
    const struct instrument_list *const own = market->config.of_venue[venue];
    const struct sim_instrument *const item = own == NULL ? finest : &own->items[instrument];
    struct stand *const stand = stand_of(market, venue, instrument);

    assert(item->px_digits <= finest->px_digits && item->qty_digits <= finest->qty_digits);
    stand->tick = arb_pow10((unsigned)(finest->px_digits - item->px_digits));
    stand->lot = arb_pow10((unsigned)(finest->qty_digits - item->qty_digits));
    stand->gap = at_least_one(finest->start_px * GAP_PPM / PPM / stand->tick);
    stand->usual_qty = usual_qty(item, at_least_one(item->start_px));
}

static int init_stand(struct sim_market *market, uint32_t venue, uint32_t instrument)
{
    struct stand *const stand = stand_of(market, venue, instrument);
    const int64_t reach = market->shapes[instrument].fair * OFFSET_PPM / PPM;
    const int rc = sim_book_init(&stand->book, market->config.depth);

    if (rc != ARB_OK) {
        return rc;
    }
    init_terms(market, venue, instrument);
    stand->offset = prng_between(&market->prng, -reach, reach);
    adjust(market, venue, instrument);
    const int64_t mean_ns = NS_PER_S / market->config.rate_per_s;
    return agenda_add(&market->agenda, (struct agenda_entry){
                                           .at_ns = market->config.start_ns +
                                                    prng_between(&market->prng, 1, mean_ns),
                                           .what = TICK,
                                           .a = instrument,
                                           .b = venue,
                                       });
}

static int init_instrument(struct sim_market *market, uint32_t instrument)
{
    const int64_t every_ns = market->config.divergence_every_ms * NS_PER_MS;
    int rc = ARB_OK;

    init_shape(&market->shapes[instrument], &market->config.instruments->items[instrument]);
    for (uint32_t venue = 0; venue < market->config.n_venues && rc == ARB_OK; venue++) {
        rc = init_stand(market, venue, instrument);
    }
    if (rc != ARB_OK || every_ns == 0) {
        return rc;
    }
    return agenda_add(&market->agenda, (struct agenda_entry){
                                           .at_ns = market->config.start_ns +
                                                    prng_between(&market->prng, 1, every_ns),
                                           .what = DIVERGE,
                                           .a = instrument,
                                       });
}

static int check(const struct sim_market_config *config, struct err *err)
{
    if (config->depth < MARKET_DEPTH_MIN || config->depth > LADDER_DEPTH_MAX) {
        return err_set(err, ARB_EINVAL, "depth must be from %d to %d levels", MARKET_DEPTH_MIN,
                       LADDER_DEPTH_MAX);
    }
    if (config->rate_per_s < 1 || config->rate_per_s > MARKET_RATE_MAX) {
        return err_set(err, ARB_EINVAL, "rate must be from 1 to %d per second", MARKET_RATE_MAX);
    }
    if (config->divergence_every_ms < 0) {
        return err_set(err, ARB_EINVAL, "divergences need a mean interval and fees below 50 %%");
    }
    return ARB_OK;
}

int sim_market_create(struct sim_market **out, const struct sim_market_config *config,
                      struct err *err)
{
    int rc = check(config, err);
    if (rc != ARB_OK) {
        return rc;
    }
    struct sim_market *const market = calloc(1, sizeof(*market));
    if (market == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory for the market");
    }
    market->config = *config;
    market->prng = prng_seeded(config->seed, 1);
    const size_t n = config->instruments->n;
    market->shapes = calloc(n, sizeof(*market->shapes));
    market->stands = calloc(n * config->n_venues, sizeof(*market->stands));
    rc = market->shapes == NULL || market->stands == NULL ? ARB_ENOMEM : ARB_OK;
    for (uint32_t i = 0; i < n && rc == ARB_OK; i++) {
        rc = init_instrument(market, i);
    }
    if (rc != ARB_OK) {
        sim_market_destroy(market);
        return err_set(err, rc, "no memory for a market of %zu instruments", n);
    }
    *out = market;
    return ARB_OK;
}

void sim_market_destroy(struct sim_market *market)
{
    if (market == NULL) {
        return;
    }
    const size_t n = (size_t)market->config.instruments->n * market->config.n_venues;
    for (size_t i = 0; market->stands != NULL && i < n; i++) {
        sim_book_fini(&market->stands[i].book);
    }
    free(market->stands);
    free(market->shapes);
    agenda_fini(&market->agenda);
    free(market);
}

int64_t sim_market_next_ns(const struct sim_market *market)
{
    return agenda_next_ns(&market->agenda);
}

void sim_market_run(struct sim_market *market, struct market_tick *what)
{
    const struct agenda_entry now = agenda_take(&market->agenda);
    uint32_t venue = now.b;

    switch ((enum what)now.what) {
    case DIVERGE:
        venue = diverge(market, now);
        break;
    case RETURN:
        return_to_fair(market, now);
        break;
    case TICK:
        tick(market, now);
        break;
    default:
        assert(!"an agenda entry nobody entered");
    }
    *what = (struct market_tick){ .at_ns = now.at_ns, .venue = venue, .instrument = now.a };
}

const struct sim_book *sim_market_book(const struct sim_market *market, uint32_t venue,
                                       uint32_t instrument)
{
    return &stand_of(market, venue, instrument)->book;
}
