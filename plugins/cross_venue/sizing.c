#include "sizing.h"

#include "arbspot/decimal.h"

/* -- both sides at once --------------------------------------------------------------------- */

/* A step through both sides: as much as both of the levels at hand have. */
struct cursor {
    const struct sizing_pair *pair;
    uint32_t a, b;                /* levels at hand, the best is 0 */
    int64_t ask_taken, bid_taken; /* of them */
    int64_t ask, bid, qty;        /* the step */
};

/* False: one side is used up. */
static bool next_step(struct cursor *at)
{
    const struct arb_book *const buy = at->pair->buy, *const sell = at->pair->sell;

    if (at->a >= buy->n_asks || at->b >= sell->n_bids) {
        return false;
    }
    const struct arb_level *const ask = arb_ask_at(buy, at->a), *const bid =
                                                                    arb_bid_at(sell, at->b);
    const int64_t ask_left = ask->qty - at->ask_taken, bid_left = bid->qty - at->bid_taken;
    at->ask = ask->px;
    at->bid = bid->px;
    at->qty = ask_left < bid_left ? ask_left : bid_left;
    at->ask_taken = at->qty == ask_left ? 0 : at->ask_taken + at->qty;
    at->bid_taken = at->qty == bid_left ? 0 : at->bid_taken + at->qty;
    at->a += at->qty == ask_left;
    at->b += at->qty == bid_left;
    return true;
}

static int128 kept_ppm(const struct sizing_pair *pair)
{
    return (int128)PPM - pair->sell_terms->taker_fee_ppm;
}

static int128 paid_ppm(const struct sizing_pair *pair)
{
    return (int128)PPM + pair->buy_terms->taker_fee_ppm;
}

/*
 * Up to where one more unit earns enough. Prices only get worse on the way, so what all units
 * together earn is greatest there. False on overflow.
 */
static bool find_peak(const struct sizing_pair *pair, int64_t least_ppm, int64_t *qty)
{
    struct cursor at = { .pair = pair };

    *qty = 0;
    while (next_step(&at) && at.bid * kept_ppm(pair) > at.ask * (paid_ppm(pair) + least_ppm)) {
        if (__builtin_add_overflow(*qty, at.qty, qty)) {
            return false;
        }
    }
    return true;
}

bool sizing_fill(const struct sizing_pair *pair, int64_t qty, struct fill *fill)
{
    struct cursor at = { .pair = pair };

    *fill = (struct fill){ .qty = qty };
    for (int64_t left = qty; left > 0; left -= at.qty) {
        if (!next_step(&at)) {
            return false;
        }
        at.qty = at.qty < left ? at.qty : left;
        fill->buy_px = at.ask;
        fill->sell_px = at.bid;
        if (__builtin_add_overflow(fill->cost, (int128)at.ask * at.qty, &fill->cost) ||
            __builtin_add_overflow(fill->proceeds, (int128)at.bid * at.qty, &fill->proceeds)) {
            return false;
        }
    }
    fill->n_asks = side_levels_to(&(struct side){ pair->buy, false }, fill->buy_px);
    fill->n_bids = side_levels_to(&(struct side){ pair->sell, true }, fill->sell_px);
    return true;
}

/* -- lots and minimums ------------------------------------------------------------------------ */

static int64_t gcd(int64_t a, int64_t b)
{
    while (b != 0) {
        const int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* What multiples of both lots are multiples of; INT64_MAX: no quantity is both. */
static int64_t lot_of(const struct sizing_pair *pair)
{
    const int64_t a = pair->buy_terms->lot > 0 ? pair->buy_terms->lot : 1;
    const int64_t b = pair->sell_terms->lot > 0 ? pair->sell_terms->lot : 1;
    int64_t both;

    return __builtin_mul_overflow(a / gcd(a, b), b, &both) ? INT64_MAX : both;
}

int64_t sizing_whole_lots(const struct sizing_pair *pair, int64_t qty)
{
    return qty - qty % lot_of(pair);
}

/* The smallest multiple that is at least `qty`, or INT64_MAX. */
static int64_t up_to_lot(int64_t qty, int64_t lot)
{
    const int64_t rest = qty % lot;
    int64_t up = qty;

    return rest > 0 && __builtin_add_overflow(qty, lot - rest, &up) ? INT64_MAX : up;
}

static int128 exact(const struct sizing_pair *pair, int64_t money)
{
    return (int128)money * arb_pow10(pair->qty_scale);
}

/* The smallest quantity of the side that is worth `min_notional`; INT64_MAX: there is none. */
static int64_t least_worth(const struct sizing_pair *pair, const struct side *side,
                           int64_t min_notional)
{
    bool has_more;

    if (min_notional == 0) {
        return 0;
    }
    const int64_t below = side_qty_worth(side, exact(pair, min_notional) - 1, &has_more);
    return has_more ? below + 1 : INT64_MAX;
}

/* The smallest quantity that both venues accept, or INT64_MAX. */
static int64_t least_qty(const struct sizing_pair *pair, int64_t lot)
{
    const struct arb_terms *const buy = pair->buy_terms, *const sell = pair->sell_terms;
    const struct side asks = { pair->buy, false }, bids = { pair->sell, true };
    const int64_t least[] = { 1, buy->min_qty, sell->min_qty,
                              least_worth(pair, &asks, buy->min_notional),
                              least_worth(pair, &bids, sell->min_notional) };
    int64_t qty = 0;

    for (unsigned i = 0; i < sizeof(least) / sizeof(*least); i++) {
        qty = least[i] > qty ? least[i] : qty;
    }
    return qty == INT64_MAX ? INT64_MAX : up_to_lot(qty, lot);
}

static int64_t most_qty(const struct sizing_pair *pair, const struct sizing_limits *limits)
{
    const struct side asks = { pair->buy, false };
    bool has_more = false;

    if (limits->max_cost == INT64_MAX) {
        return limits->max_qty;
    }
    const int64_t qty = side_qty_worth(&asks, exact(pair, limits->max_cost), &has_more);
    return has_more && qty < limits->max_qty ? qty : limits->max_qty;
}

/* -- the best of what is accepted ---------------------------------------------------------------
 */

/* What it earns, in PPM of exact money, less what is the least of it. False on overflow. */
static bool find_earned(const struct sizing_pair *pair, int64_t least_ppm, const struct fill *fill,
                        int128 *earned)
{
    int128 kept, paid;

    return !__builtin_mul_overflow(fill->proceeds, kept_ppm(pair), &kept) &&
           !__builtin_mul_overflow(fill->cost, paid_ppm(pair) + least_ppm, &paid) &&
           !__builtin_sub_overflow(kept, paid, earned);
}

/* The better of two quantities, of which the second is greater; a side may not have it. */
static enum sizing choose(const struct sizing_pair *pair, int64_t least_ppm,
                          const int64_t candidates[2], struct fill *fill)
{
    enum sizing found = SIZING_MINIMUM;
    int128 best = 0, earned;

    for (unsigned i = 0; i < 2; i++) {
        struct fill one;
        if (candidates[i] == 0 || !sizing_fill(pair, candidates[i], &one)) {
            continue;
        }
        if (!find_earned(pair, least_ppm, &one, &earned)) {
            return SIZING_OVERFLOW;
        }
        if (found != SIZING_FOUND || earned > best) {
            best = earned;
            *fill = one;
            found = SIZING_FOUND;
        }
    }
    return found;
}

enum sizing sizing_find(const struct sizing_pair *pair, const struct sizing_limits *limits,
                        struct fill *fill)
{
    const int64_t lot = lot_of(pair);
    int64_t peak;

    *fill = (struct fill){ 0 };
    if (!find_peak(pair, limits->least_ppm, &peak)) {
        return SIZING_OVERFLOW;
    }
    if (peak == 0) {
        return SIZING_NONE;
    }
    const int64_t most = most_qty(pair, limits), least = least_qty(pair, lot);
    if (least > most) {
        return most < peak ? SIZING_CAP : SIZING_MINIMUM;
    }
    const int64_t wanted = peak < most ? peak : most;
    const int64_t below = wanted - wanted % lot;
    /* What earns most is beside the peak: behind it each further unit costs. */
    const int64_t low = below > least ? below : least;
    const int64_t high = low > peak || low > most - lot ? 0 : low + lot;
    return choose(pair, limits->least_ppm, (const int64_t[]){ low, high }, fill);
}

/* -- proof, and money ---------------------------------------------------------------------------
 */

int64_t sizing_proven(const struct sizing_pair *pair)
{
    const int64_t asks = side_proven(&(struct side){ pair->buy, false });
    const int64_t bids = side_proven(&(struct side){ pair->sell, true });

    return asks < bids ? asks : bids;
}

static bool settle_legs(const struct sizing_pair *pair, const struct fill *fill,
                        struct arb_leg *buy, struct arb_leg *sell)
{
    const int128 unit = arb_pow10(pair->qty_scale);

    buy->qty = sell->qty = fill->qty;
    buy->limit_px = fill->buy_px;
    sell->limit_px = fill->sell_px;
    return narrow(divide_up(fill->cost, unit), &buy->notional) &&
           narrow(divide_down(fill->proceeds, unit), &sell->notional) &&
           fee_of(fill->cost, pair->qty_scale, pair->buy_terms->taker_fee_ppm, &buy->fee) &&
           fee_of(fill->proceeds, pair->qty_scale, pair->sell_terms->taker_fee_ppm, &sell->fee);
}

/* The weaker leg decides. */
static uint32_t find_verified(const struct sizing_pair *pair, const struct fill *fill)
{
    const uint32_t buy = arb_book_verified(pair->buy, fill->n_asks);
    const uint32_t sell = arb_book_verified(pair->sell, fill->n_bids);

    return buy > sell ? buy : sell;
}

bool sizing_settle(const struct sizing_pair *pair, const struct fill *fill,
                   struct arb_opportunity *terms)
{
    struct arb_leg *const buy = &terms->legs[BUY], *const sell = &terms->legs[SELL];

    if (!settle_legs(pair, fill, buy, sell)) {
        return false;
    }
    terms->verified = find_verified(pair, fill);
    terms->cost = buy->notional;
    terms->proceeds = sell->notional;
    return terms->cost > 0 && narrow((int128)buy->fee + sell->fee, &terms->fees) &&
           narrow((int128)terms->proceeds - terms->cost, &terms->gross) &&
           narrow((int128)terms->gross - terms->fees, &terms->net) &&
           narrow(divide_down((int128)terms->gross * PPM, terms->cost), &terms->gross_ppm) &&
           narrow(divide_down((int128)terms->net * PPM, terms->cost), &terms->net_ppm);
}
