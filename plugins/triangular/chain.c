#include "chain.h"

#include "rates.h"

#define INT128_MAX ((int128)(~(arb_uint128)0 >> 1))

/* An amount of a currency, in units of 10^-scale. */
struct amount {
    int128 units;
    unsigned scale;
};

bool shift10(int128 value, int exponent, int128 *out)
{
    while (exponent != 0) {
        const int step = exponent > ARB_SCALE_MAX    ? ARB_SCALE_MAX
                         : exponent < -ARB_SCALE_MAX ? -ARB_SCALE_MAX
                                                     : exponent;
        if (step < 0) {
            value /= arb_pow10((unsigned)-step);
        } else if (__builtin_mul_overflow(value, (int128)arb_pow10((unsigned)step), &value)) {
            return false;
        }
        exponent -= step;
    }
    *out = value;
    return true;
}

unsigned chain_scale(const struct chain *chain)
{
    const struct chain_leg *const first = &chain->legs[0];
    return leg_buys(first) ? first->px_scale : first->qty_scale;
}

/* -- one leg ------------------------------------------------------------------------------------
 */

/* In PPM of what it takes: what is paid for it, or what remains of it. */
static int64_t factor_of(const struct chain_leg *leg)
{
    return leg_buys(leg) ? PPM + leg->terms->taker_fee_ppm : PPM - leg->terms->taker_fee_ppm;
}

/*
 * From an amount to what a leg compares it with: one that buys, what its quantity is worth in PPM,
 * one that sells, its quantity.
 */
static int exponent_of(const struct chain_leg *leg, unsigned scale)
{
    const unsigned ppm_scale = 6;

    return (int)(leg_buys(leg) ? leg->px_scale + leg->qty_scale + ppm_scale : leg->qty_scale) -
           (int)scale;
}

static int64_t add_qty(int64_t qty, int128 more)
{
    return more > INT64_MAX - qty ? INT64_MAX : qty + (int64_t)more;
}

/* The greatest quantity of the book of which Σ price · quantity · factor is at most `budget`. */
static int64_t qty_for(const struct chain_leg *leg, int128 budget)
{
    const int64_t factor = factor_of(leg);
    int64_t qty = 0;
    int128 whole;

    for (uint32_t i = 0; i < n_levels(&leg->side); i++) {
        const struct arb_level *const level = level_at(&leg->side, i);
        const int128 each = (int128)level->px * factor;
        if (__builtin_mul_overflow(each, (int128)level->qty, &whole) || whole > budget) {
            return add_qty(qty, budget / each);
        }
        budget -= whole;
        qty = add_qty(qty, level->qty);
    }
    return qty;
}

/*
 * What `qty` > 0 is worth. Behind its last level the book goes on at that level's price, so that
 * there is a price at which nothing more is bought. False on overflow.
 */
static bool find_worth(const struct chain_leg *leg, int64_t qty, struct leg_fill *fill,
                       bool *is_there)
{
    const uint32_t n = n_levels(&leg->side);
    int64_t left = qty;

    *fill = (struct leg_fill){ .qty = qty };
    for (uint32_t i = 0; i < n && left > 0; i++) {
        const struct arb_level *const level = level_at(&leg->side, i);
        const int64_t part = level->qty < left ? level->qty : left;
        fill->limit_px = level->px;
        left -= part;
        if (__builtin_add_overflow(fill->worth, (int128)level->px * part, &fill->worth)) {
            return false;
        }
    }
    *is_there = left == 0;
    return !__builtin_add_overflow(fill->worth, (int128)fill->limit_px * left, &fill->worth);
}

/* What it brings after its fee, rounded down to units. False on overflow. */
static bool find_brought(const struct chain_leg *leg, const struct leg_fill *fill,
                         struct amount *brought)
{
    int128 kept;

    if (leg_buys(leg)) {
        *brought = (struct amount){ fill->qty, leg->qty_scale };
        return true;
    }
    if (__builtin_mul_overflow(fill->worth, (int128)factor_of(leg), &kept)) {
        return false;
    }
    *brought = (struct amount){ kept / ((int128)arb_pow10(leg->qty_scale) * PPM), leg->px_scale };
    return true;
}

/* What it takes for an amount. False on overflow. */
static bool find_taken(const struct chain_leg *leg, struct amount amount, int64_t *qty)
{
    int128 units;

    if (!shift10(amount.units, exponent_of(leg, amount.scale), &units)) {
        return false;
    }
    *qty = leg_buys(leg) ? qty_for(leg, units) : add_qty(0, units);
    return true;
}

/* The greatest amount for which it takes no more than `qty`. False on overflow. */
static bool find_most_amount(const struct chain_leg *leg, int64_t qty, unsigned scale, int128 *most)
{
    const int exponent = exponent_of(leg, scale);
    int128 units = qty;

    if (leg_buys(leg)) { /* less than one more would cost */
        struct leg_fill more;
        bool is_there;
        if (qty == INT64_MAX || !find_worth(leg, qty + 1, &more, &is_there) ||
            __builtin_mul_overflow(more.worth, (int128)factor_of(leg), &units)) {
            return false;
        }
        units--;
    }
    if (exponent >= 0) {
        return shift10(units, -exponent, most);
    }
    /* Amounts that are greater do not fit 128 bits, and so there are none. */
    *most = shift10(units + 1, -exponent, most) ? *most - 1 : INT128_MAX;
    return true;
}

/*
 * The most of a leg, up to `reach`, with which the next one takes no more than `bound`. False on
 * overflow.
 */
static bool find_most_before(const struct chain_leg *leg, const struct chain_leg *next,
                             int64_t reach, int64_t bound, int64_t *most)
{
    struct leg_fill whole;
    struct amount brought;
    int128 amount, budget;
    bool is_there;

    if (!find_worth(leg, reach, &whole, &is_there) || !find_brought(leg, &whole, &brought) ||
        !find_most_amount(next, bound, brought.scale, &amount)) {
        return false;
    }
    if (brought.units <= amount) {
        *most = reach;
        return true;
    }
    if (leg_buys(leg)) {
        *most = (int64_t)amount; /* less than reach */
        return true;
    }
    if (__builtin_mul_overflow(amount + 1, (int128)arb_pow10(leg->qty_scale) * PPM, &budget)) {
        return false;
    }
    *most = qty_for(leg, budget - 1);
    return true;
}

/* -- all legs at once ---------------------------------------------------------------------------
 */

/* The levels at hand, the best is 0, and how much there is up to them. */
struct walk {
    uint32_t level[CYCLE_LEGS_MAX];
    int64_t reach[CYCLE_LEGS_MAX];
};

/* One more level of a leg. CHAIN_NONE: there is none. */
static enum chain_found add_level(const struct chain *chain, struct walk *walk, uint32_t leg,
                                  uint32_t level)
{
    const struct side *const side = &chain->legs[leg].side;

    if (level >= n_levels(side)) {
        return CHAIN_NONE;
    }
    walk->level[leg] = level;
    return __builtin_add_overflow(walk->reach[leg], level_at(side, level)->qty, &walk->reach[leg])
               ? CHAIN_OVERFLOW
               : CHAIN_FOUND;
}

static enum chain_found begin_walk(const struct chain *chain, struct walk *walk)
{
    enum chain_found found = CHAIN_FOUND;

    *walk = (struct walk){ .reach = { 0 } };
    for (uint32_t i = 0; i < chain->n && found == CHAIN_FOUND; i++) {
        found = add_level(chain, walk, i, 0);
    }
    return found;
}

/*
 * Whether a unit at the levels at hand earns more than `least_ppm` of what it costs. Of what is
 * spent the first leg's fee is no part of the cost, if it is paid in the same money.
 */
static bool pays(const struct chain *chain, const struct walk *walk, int64_t least_ppm)
{
    const int64_t spent = leg_buys(&chain->legs[0]) ? factor_of(&chain->legs[0]) : PPM;
    struct rate rates[CYCLE_LEGS_MAX];

    for (uint32_t i = 0; i < chain->n; i++) {
        const struct chain_leg *const leg = &chain->legs[i];
        rates[i] = (struct rate){ .is_buy = leg_buys(leg),
                                  .px_scale = leg->px_scale,
                                  .px = level_at(&leg->side, walk->level[i])->px,
                                  .fee_ppm = leg->terms->taker_fee_ppm };
    }
    return spent + least_ppm <= 0 || rates_exceed(rates, chain->n, spent + least_ppm, spent);
}

/*
 * The most of the first leg with which no leg goes beyond its level, and which leg that is due to.
 * False on overflow.
 */
static bool find_most(const struct chain *chain, const struct walk *walk, int64_t *qty,
                      uint32_t *limiting)
{
    uint32_t i = chain->n - 1;
    int64_t bound = walk->reach[i];

    *limiting = i;
    while (i-- > 0) {
        if (!find_most_before(&chain->legs[i], &chain->legs[i + 1], walk->reach[i], bound,
                              &bound)) {
            return false;
        }
        *limiting = bound == walk->reach[i] ? i : *limiting;
    }
    *qty = bound;
    return true;
}

/* Level by level: whose level is used up first goes on to its next one, as long as that pays. */
static enum chain_found find_peak(const struct chain *chain, int64_t least_ppm, int64_t *qty)
{
    struct walk walk;
    uint32_t limiting;
    enum chain_found found = begin_walk(chain, &walk);

    if (found != CHAIN_FOUND) {
        return found;
    }
    if (!pays(chain, &walk, least_ppm)) {
        return CHAIN_NONE;
    }
    while (found == CHAIN_FOUND && pays(chain, &walk, least_ppm)) {
        if (!find_most(chain, &walk, qty, &limiting)) {
            return CHAIN_OVERFLOW;
        }
        found = add_level(chain, &walk, limiting, walk.level[limiting] + 1);
    }
    return found == CHAIN_OVERFLOW ? found : CHAIN_FOUND;
}

/* -- what venues accept -------------------------------------------------------------------------
 */

static int64_t whole_lots(const struct chain_leg *leg, int64_t qty)
{
    return leg->terms->lot > 0 ? qty - qty % leg->terms->lot : qty;
}

int64_t chain_whole_lots(const struct chain *chain, int64_t qty)
{
    return whole_lots(&chain->legs[0], qty);
}

enum chain_found chain_follow(const struct chain *chain, int64_t qty, struct chain_fill *fill)
{
    struct amount brought;
    bool is_there;

    for (uint32_t i = 0; i < chain->n; i++) {
        const struct chain_leg *const leg = &chain->legs[i];
        if (i > 0 && !find_taken(leg, brought, &qty)) {
            return CHAIN_OVERFLOW;
        }
        qty = whole_lots(leg, qty);
        if (qty == 0) {
            return CHAIN_MINIMUM;
        }
        if (!find_worth(leg, qty, &fill->legs[i], &is_there) ||
            !find_brought(leg, &fill->legs[i], &brought)) {
            return CHAIN_OVERFLOW;
        }
        if (!is_there) {
            return CHAIN_NONE;
        }
    }
    return CHAIN_FOUND;
}

static bool reaches_minimums(const struct chain *chain, const struct chain_fill *fill)
{
    for (uint32_t i = 0; i < chain->n; i++) {
        const struct chain_leg *const leg = &chain->legs[i];
        const int128 least = (int128)leg->terms->min_notional * arb_pow10(leg->qty_scale);
        if (fill->legs[i].qty < leg->terms->min_qty || fill->legs[i].worth < least) {
            return false;
        }
    }
    return true;
}

static int64_t most_allowed(const struct chain *chain, int64_t max_cost)
{
    const struct chain_leg *const first = &chain->legs[0];
    bool has_more;

    if (max_cost == INT64_MAX || !leg_buys(first)) {
        return max_cost;
    }
    const int128 exact = (int128)max_cost * arb_pow10(first->qty_scale);
    const int64_t qty = side_qty_worth(&first->side, exact, &has_more);
    return has_more ? qty : INT64_MAX;
}

/* Whether its venue has as much as it spends. A rebate does not help to pay. */
static bool has_enough(const struct chain_leg *leg, const struct leg_fill *fill)
{
    const int64_t most =
        arb_most_of(leg_buys(leg) ? leg->terms->most_quote : leg->terms->most_base);
    int64_t fee = 0;

    if (most == INT64_MAX || !leg_buys(leg)) {
        return fill->qty <= most;
    }
    const int128 notional = divide_up(fill->worth, arb_pow10(leg->qty_scale));
    return notional <= most &&
           fee_of(fill->worth, leg->qty_scale, leg->terms->taker_fee_ppm, &fee) &&
           (fee <= 0 || fee <= most - notional);
}

/* No two legs spend the same currency, so that each has what lies at its venue for itself. */
static bool have_enough(const struct chain *chain, const struct chain_fill *fill)
{
    uint32_t i = 0;

    while (i < chain->n && has_enough(&chain->legs[i], &fill->legs[i])) {
        i++;
    }
    return i == chain->n;
}

int64_t chain_most_within(const struct chain *chain, int64_t qty, chain_limit *is_within)
{
    const int64_t lot = chain->legs[0].terms->lot > 0 ? chain->legs[0].terms->lot : 1;
    int64_t least = 0, most = qty / lot; /* lots: within, and perhaps within */

    while (least < most) {
        const int64_t lots = most - (most - least) / 2;
        struct chain_fill fill = { 0 };
        const enum chain_found found = chain_follow(chain, lots * lot, &fill);
        if (found == CHAIN_MINIMUM || (found == CHAIN_FOUND && is_within(chain, &fill))) {
            least = lots;
        } else {
            most = lots - 1;
        }
    }
    return least * lot;
}

/* CHAIN_MINIMUM: the venues do not accept it. */
static enum chain_found follow_accepted(const struct chain *chain, int64_t qty,
                                        struct chain_fill *fill)
{
    const enum chain_found found = chain_follow(chain, qty, fill);
    return found == CHAIN_FOUND && !reaches_minimums(chain, fill) ? CHAIN_MINIMUM : found;
}

/* As much of `qty` as the venues have for all legs. The search is for where that is less. */
static enum chain_found find_accepted(const struct chain *chain, int64_t qty,
                                      struct chain_fill *fill)
{
    const enum chain_found found = follow_accepted(chain, qty, fill);

    if (found != CHAIN_FOUND || have_enough(chain, fill)) {
        return found;
    }
    return follow_accepted(chain, chain_most_within(chain, qty, have_enough), fill);
}

enum chain_found chain_find(const struct chain *chain, const struct chain_limits *limits,
                            struct chain_fill *fill)
{
    struct chain_fill whole;
    int64_t peak = 0;
    enum chain_found found = find_peak(chain, limits->least_ppm, &peak);

    if (found != CHAIN_FOUND) {
        return found;
    }
    const int64_t most = most_allowed(chain, limits->max_cost);
    found = find_accepted(chain, chain_whole_lots(chain, peak < most ? peak : most), fill);
    if (found != CHAIN_MINIMUM) {
        return found;
    }
    /* Would they accept all of it? */
    found = follow_accepted(chain, chain_whole_lots(chain, peak), &whole);
    return found == CHAIN_MINIMUM ? CHAIN_MINIMUM : CHAIN_CAP;
}
