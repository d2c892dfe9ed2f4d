#include "sizing.h"

#include "arbspot/decimal.h"

enum { ROWS_MAX = 64 }; /* that are looked at where lots hardly ever meet */

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

/* Passes over the best of the asks, which are bought and not sold. */
static void pass_asks(struct cursor *at, int64_t qty)
{
    const struct arb_book *const buy = at->pair->buy;

    while (at->a < buy->n_asks && qty >= arb_ask_at(buy, at->a)->qty) {
        qty -= arb_ask_at(buy, at->a)->qty;
        at->a++;
    }
    at->ask_taken = qty;
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
 * Up to where one more unit earns enough, when `surplus` more is bought than sold. Prices only get
 * worse on the way, so what all units together earn is greatest there. False on overflow.
 */
static bool find_peak(const struct sizing_pair *pair, int64_t least_ppm, int64_t surplus,
                      int64_t *qty)
{
    struct cursor at = { .pair = pair };

    *qty = 0;
    pass_asks(&at, surplus);
    while (next_step(&at) && at.bid * kept_ppm(pair) > at.ask * (paid_ppm(pair) + least_ppm)) {
        if (__builtin_add_overflow(*qty, at.qty, qty)) {
            return false;
        }
    }
    return true;
}

/* The best `qty` of one side: what it is worth, and the worst price. False: it has less. */
static bool take(const struct side *side, int64_t qty, int128 *worth, int64_t *px)
{
    const uint32_t n = n_levels(side);

    for (uint32_t i = 0; qty > 0; i++) {
        if (i == n) {
            return false;
        }
        const struct arb_level *const level = level_at(side, i);
        const int64_t taken = level->qty < qty ? level->qty : qty;
        if (__builtin_add_overflow(*worth, (int128)level->px * taken, worth)) {
            return false;
        }
        *px = level->px;
        qty -= taken;
    }
    return true;
}

bool sizing_fill(const struct sizing_pair *pair, int64_t sold, struct fill *fill)
{
    const struct side asks = { pair->buy, false }, bids = { pair->sell, true };

    *fill = (struct fill){ .bought = sizing_bought(pair, sold), .sold = sold };
    if (!take(&asks, fill->bought, &fill->cost, &fill->buy_px) ||
        !take(&bids, fill->sold, &fill->proceeds, &fill->sell_px)) {
        return false;
    }
    fill->n_asks = side_levels_to(&asks, fill->buy_px);
    fill->n_bids = side_levels_to(&bids, fill->sell_px);
    return true;
}

/* -- lots ------------------------------------------------------------------------------------- */

static int64_t gcd(int64_t a, int64_t b)
{
    while (b != 0) {
        const int64_t rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

static int64_t lot_of(const struct arb_terms *terms)
{
    return terms->lot > 0 ? terms->lot : 1;
}

/* What multiples of both lots are multiples of. */
static int128 common_lot(const struct sizing_pair *pair)
{
    const int64_t a = lot_of(pair->buy_terms), b = lot_of(pair->sell_terms);

    return (int128)(a / gcd(a, b)) * b;
}

/* What can be sold is a multiple of it; INT64_MAX: no quantity is. */
static int64_t lot_to_sell(const struct sizing_pair *pair)
{
    int64_t common;

    if (pair->carry != NULL) {
        return lot_of(pair->sell_terms);
    }
    return narrow(common_lot(pair), &common) ? common : INT64_MAX;
}

int64_t sizing_whole_lots(const struct sizing_pair *pair, int64_t sold)
{
    return sold - sold % lot_to_sell(pair);
}

/* The smallest multiple that is at least `qty`, or INT64_MAX. */
static int64_t up_to_lot(int64_t qty, int64_t lot)
{
    const int64_t rest = qty % lot;
    int64_t up = qty;

    return rest > 0 && __builtin_add_overflow(qty, lot - rest, &up) ? INT64_MAX : up;
}

int64_t sizing_bought(const struct sizing_pair *pair, int64_t sold)
{
    int64_t bought;

    if (pair->carry == NULL) {
        return sold;
    }
    return __builtin_add_overflow(sold, pair->carry->fee, &bought)
               ? INT64_MAX
               : up_to_lot(bought, lot_of(pair->buy_terms));
}

/* The most that can be sold of so much; INT64_MAX: any. */
static int64_t sold_of_most(const struct sizing_pair *pair, int64_t bought)
{
    if (pair->carry == NULL || bought == INT64_MAX) {
        return bought;
    }
    const int64_t most = bought - bought % lot_of(pair->buy_terms);
    return most > pair->carry->fee ? most - pair->carry->fee : 0;
}

/* The least that has to be sold for so much to be bought, or INT64_MAX. */
static int64_t sold_of_least(const struct sizing_pair *pair, int64_t bought)
{
    if (pair->carry == NULL || bought == INT64_MAX) {
        return bought;
    }
    const int64_t lot = lot_of(pair->buy_terms), least = up_to_lot(bought, lot);
    const int128 sold = (int128)least - lot - pair->carry->fee + 1;
    return least == INT64_MAX ? INT64_MAX : sold > 0 ? (int64_t)sold : 0;
}

/* -- minimums and limits ---------------------------------------------------------------------- */

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

static int64_t greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* The smallest quantity to sell that both venues accept, or INT64_MAX. */
static int64_t least_sold(const struct sizing_pair *pair)
{
    const struct arb_terms *const buy = pair->buy_terms, *const sell = pair->sell_terms;
    const struct side asks = { pair->buy, false }, bids = { pair->sell, true };
    const int64_t bought = greater(buy->min_qty, least_worth(pair, &asks, buy->min_notional));
    const int64_t sold = greater(sell->min_qty, least_worth(pair, &bids, sell->min_notional));
    const int64_t qty = greater(1, greater(sold, sold_of_least(pair, bought)));

    return qty == INT64_MAX ? INT64_MAX : up_to_lot(qty, lot_to_sell(pair));
}

/*
 * The greatest exact notional that can be paid, the notional and its fee each rounded up. With
 * `whole` units of money for the notional there are some for the fee; one more may leave enough of
 * them for a part of it.
 */
static int128 payable(const struct sizing_pair *pair, int64_t money)
{
    const int64_t fee_ppm = greater(pair->buy_terms->taker_fee_ppm, 0);
    const int64_t whole = (int64_t)((int128)money * PPM / (PPM + fee_ppm));
    const int64_t for_fee = money - whole - 1;

    if (fee_ppm == 0 || for_fee < 0) {
        return exact(pair, whole);
    }
    int128 part;
    const bool fits = !__builtin_mul_overflow(exact(pair, for_fee), (int128)PPM, &part);
    return fits && part / fee_ppm > exact(pair, whole) ? part / fee_ppm : exact(pair, whole);
}

/* The greatest quantity of the asks that is worth at most so much; INT64_MAX: all of them are. */
static int64_t affordable(const struct sizing_pair *pair, int128 worth)
{
    const struct side asks = { pair->buy, false };
    bool has_more;
    const int64_t qty = side_qty_worth(&asks, worth, &has_more);

    return has_more ? qty : INT64_MAX;
}

/* The most to sell that the limits and what lies at the venues allow. */
static int64_t most_allowed(const struct sizing_pair *pair, const struct sizing_limits *limits)
{
    const int64_t money = arb_most_of(pair->buy_terms->most_quote);
    const int64_t coins = arb_most_of(pair->sell_terms->most_base);
    int64_t bought = INT64_MAX;

    if (limits->max_cost != INT64_MAX) {
        bought = affordable(pair, exact(pair, limits->max_cost));
    }
    if (money != INT64_MAX) {
        bought = smaller(bought, affordable(pair, payable(pair, money)));
    }
    const int64_t sold = sold_of_most(pair, bought);
    return pair->carry == NULL ? smaller(sold, coins) : sold;
}

static int64_t depth_of(const struct side *side)
{
    int64_t qty = 0;

    for (uint32_t i = 0; i < n_levels(side); i++) {
        if (__builtin_add_overflow(qty, level_at(side, i)->qty, &qty)) {
            return INT64_MAX;
        }
    }
    return qty;
}

/* The most to sell that the books have. Without a transfer that is found out when it is taken. */
static int64_t most_there(const struct sizing_pair *pair)
{
    if (pair->carry == NULL) {
        return INT64_MAX;
    }
    const int64_t asks = depth_of(&(struct side){ pair->buy, false });
    const int64_t bids = depth_of(&(struct side){ pair->sell, true });

    return smaller(sold_of_most(pair, asks), bids);
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

/* Multiples of `step` that are `rest` more, of which each is sold with the same surplus. */
struct row {
    int64_t rest;
    int128 step;
};

/* What is looked at, in quantities to sell. */
struct range {
    int64_t least, most;
    int64_t least_ppm;
};

/* The best so far. */
struct choice {
    struct fill fill;
    int128 earned;
    bool is_any;
};

/* Takes the quantity in if it is better; a side may not have it. False on overflow. */
static bool weigh(const struct sizing_pair *pair, const struct range *range, int128 sold,
                  struct choice *best)
{
    struct fill one;
    int128 earned;

    if (sold < range->least || sold > range->most || !sizing_fill(pair, (int64_t)sold, &one)) {
        return true;
    }
    if (!find_earned(pair, range->least_ppm, &one, &earned)) {
        return false;
    }
    if (!best->is_any || earned > best->earned ||
        (earned == best->earned && one.sold < best->fill.sold)) {
        *best = (struct choice){ one, earned, true };
    }
    return true;
}

/* How far it is down to one of the row. */
static int128 above_row(const struct row *row, int64_t qty)
{
    const int128 rest = ((int128)qty - row->rest) % row->step;

    return rest < 0 ? rest + row->step : rest;
}

/* What earns most of a row is beside its peak: behind it each further unit costs. */
static bool weigh_row(const struct sizing_pair *pair, const struct range *range,
                      const struct row *row, struct choice *best)
{
    int64_t peak;

    if (!find_peak(pair, range->least_ppm, sizing_bought(pair, row->rest) - row->rest, &peak)) {
        return false;
    }
    const int64_t wanted = smaller(peak, range->most);
    const int128 below = wanted - above_row(row, wanted);
    const int128 above_least = above_row(row, range->least);
    const int128 first = range->least + (above_least == 0 ? 0 : row->step - above_least);
    const int128 low = below > first ? below : first;

    return weigh(pair, range, low, best) &&
           (low > peak || weigh(pair, range, low + row->step, best));
}

/*
 * Where it is carried, it is rows of quantities by what is left over of each. With a greater lot to
 * buy by, those that leave least: the most that can be sold of each number of lots; and, where that
 * is not allowed of the last of them, what is.
 */
static bool weigh_rows(const struct sizing_pair *pair, const struct range *range, int64_t about,
                       struct choice *best)
{
    const int64_t buy_lot = lot_of(pair->buy_terms), sell_lot = lot_of(pair->sell_terms);
    const bool is_by_bought = buy_lot > sell_lot;
    const int64_t lot = greater(buy_lot, sell_lot);
    const int128 step = common_lot(pair), n_rows = step / lot;
    const int64_t n = n_rows > ROWS_MAX ? ROWS_MAX : (int64_t)n_rows;
    const int64_t least = is_by_bought ? sizing_bought(pair, 0) / lot : 0;
    const int64_t middle = (is_by_bought ? sizing_bought(pair, about) : about) / lot;
    const int64_t first = greater(least, middle - n / 2);

    for (int64_t i = first; i < first + n; i++) {
        int64_t rest;
        if (__builtin_mul_overflow(i, lot, &rest)) {
            break;
        }
        rest = is_by_bought ? sizing_whole_lots(pair, rest - pair->carry->fee) : rest;
        if (!weigh_row(pair, range, &(struct row){ rest, step }, best)) {
            return false;
        }
    }
    return !is_by_bought || weigh(pair, range, sizing_whole_lots(pair, range->most), best);
}

static enum sizing choose(const struct sizing_pair *pair, const struct range *range, int64_t about,
                          struct fill *fill)
{
    const struct row all = { .rest = 0, .step = lot_to_sell(pair) };
    struct choice best = { .is_any = false };

    if (!(pair->carry == NULL ? weigh_row(pair, range, &all, &best)
                              : weigh_rows(pair, range, about, &best))) {
        return SIZING_OVERFLOW;
    }
    *fill = best.fill;
    return best.is_any ? SIZING_FOUND : SIZING_MINIMUM;
}

enum sizing sizing_find(const struct sizing_pair *pair, const struct sizing_limits *limits,
                        struct fill *fill)
{
    const int64_t surplus = pair->carry == NULL ? 0 : pair->carry->fee;
    int64_t peak;

    *fill = (struct fill){ 0 };
    if (surplus == INT64_MAX || !find_peak(pair, limits->least_ppm, surplus, &peak)) {
        return SIZING_OVERFLOW;
    }
    if (peak == 0) {
        return SIZING_NONE;
    }
    const int64_t least = least_sold(pair), allowed = most_allowed(pair, limits);
    const int64_t proven = limits->is_proven_only ? sizing_proven(pair) : INT64_MAX;
    const int64_t most = smaller(smaller(allowed, proven), most_there(pair));
    if (least > most) {
        return least > allowed && allowed < peak ? SIZING_CAP
               : least > proven && proven < peak ? SIZING_PROOF
                                                 : SIZING_MINIMUM;
    }
    const struct range range = { least, most, limits->least_ppm };
    const enum sizing found = choose(pair, &range, smaller(peak, most), fill);
    fill->is_past_peak = least > peak;
    return found;
}

/* -- proof, and money ---------------------------------------------------------------------------
 */

int64_t sizing_proven(const struct sizing_pair *pair)
{
    const int64_t asks = side_proven(&(struct side){ pair->buy, false });
    const int64_t bids = side_proven(&(struct side){ pair->sell, true });

    return smaller(sold_of_most(pair, asks), bids);
}

static bool settle_legs(const struct sizing_pair *pair, const struct fill *fill,
                        struct arb_leg *buy, struct arb_leg *sell)
{
    const int128 unit = arb_pow10(pair->qty_scale);

    buy->qty = fill->bought;
    sell->qty = fill->sold;
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
