#include "settle.h"

/* -- the legs -----------------------------------------------------------------------------------
 */

static bool settle_leg(const struct chain_leg *leg, const struct leg_fill *fill,
                       struct arb_leg *out)
{
    const int128 unit = arb_pow10(leg->qty_scale);
    const int128 notional =
        leg_buys(leg) ? divide_up(fill->worth, unit) : divide_down(fill->worth, unit);

    out->qty = fill->qty;
    out->limit_px = fill->limit_px;
    return narrow(notional, &out->notional) &&
           fee_of(fill->worth, leg->qty_scale, leg->terms->taker_fee_ppm, &out->fee);
}

/* The weakest leg decides. */
static uint32_t find_verified(const struct chain *chain, const struct chain_fill *fill)
{
    uint32_t verified = 0;

    for (uint32_t i = 0; i < chain->n; i++) {
        const struct side *const side = &chain->legs[i].side;
        const uint32_t n = side_levels_to(side, fill->legs[i].limit_px);
        const uint32_t its = arb_book_verified(side->book, n);
        verified = its > verified ? its : verified;
    }
    return verified;
}

/* -- the sums -----------------------------------------------------------------------------------
 */

/* A fee in other units, rounded up. False on overflow. */
static bool move_fee(int64_t fee, int exponent, int128 *out)
{
    if (exponent < 0) {
        *out = divide_up(fee, arb_pow10((unsigned)-exponent));
        return true;
    }
    return !__builtin_mul_overflow((int128)fee, (int128)arb_pow10((unsigned)exponent), out);
}

/* What the last leg brings before its fee, and that fee, in the money of the cycle. */
static bool find_brought(const struct chain *chain, const struct arb_opportunity *terms,
                         int128 *brought, int128 *fee)
{
    const struct chain_leg *const last = &chain->legs[chain->n - 1];
    const struct arb_leg *const leg = &terms->legs[chain->n - 1];
    const bool is_buy = leg_buys(last);
    const int exponent = (int)chain_scale(chain) - (int)(is_buy ? last->qty_scale : last->px_scale);

    return shift10(is_buy ? leg->qty : leg->notional, exponent, brought) &&
           move_fee(is_buy ? 0 : leg->fee, exponent, fee);
}

/* A leg whose fee is in other money than the cycle's brings that much less. */
static bool is_fee_foreign(const struct chain *chain, uint32_t i)
{
    const bool buys = leg_buys(&chain->legs[i]);
    return !(i == 0 && buys) && !(i == chain->n - 1 && !buys);
}

/* What the last leg would bring if none of those fees had been taken on the way. */
static bool find_proceeds(const struct chain *chain, int128 brought, int64_t *proceeds)
{
    for (uint32_t i = 0; i < chain->n; i++) {
        const struct chain_leg *const leg = &chain->legs[i];
        const int64_t fee_ppm = leg->terms->taker_fee_ppm;
        if (!is_fee_foreign(chain, i)) {
            continue;
        }
        if (__builtin_mul_overflow(brought, (int128)(leg_buys(leg) ? PPM + fee_ppm : PPM),
                                   &brought)) {
            return false;
        }
        brought /= leg_buys(leg) ? PPM : PPM - fee_ppm;
    }
    return narrow(brought, proceeds);
}

static bool settle_sums(const struct chain *chain, struct arb_opportunity *terms)
{
    const bool buys = leg_buys(&chain->legs[0]);
    int128 brought, fee;

    terms->cost = buys ? terms->legs[0].notional : terms->legs[0].qty;
    if (terms->cost == 0 || !find_brought(chain, terms, &brought, &fee) ||
        !find_proceeds(chain, brought, &terms->proceeds)) {
        return false;
    }
    const int128 first_fee = buys ? terms->legs[0].fee : 0;
    return narrow(terms->proceeds - brought + fee + first_fee, &terms->fees) &&
           narrow((int128)terms->proceeds - terms->cost, &terms->gross) &&
           narrow((int128)terms->gross - terms->fees, &terms->net) &&
           narrow(divide_down((int128)terms->gross * PPM, terms->cost), &terms->gross_ppm) &&
           narrow(divide_down((int128)terms->net * PPM, terms->cost), &terms->net_ppm);
}

bool settle(const struct chain *chain, const struct chain_fill *fill, struct arb_opportunity *terms)
{
    for (uint32_t i = 0; i < chain->n; i++) {
        if (!settle_leg(&chain->legs[i], &fill->legs[i], &terms->legs[i])) {
            return false;
        }
    }
    terms->verified = find_verified(chain, fill);
    return settle_sums(chain, terms);
}

/* -- parts of the size --------------------------------------------------------------------------
 */

/* What `qty` of the first leg would earn; 0 for nothing, and for what does not fit. */
static int64_t net_of(const struct chain *chain, int64_t qty)
{
    struct arb_opportunity part = { .size = sizeof(part) };
    struct chain_fill fill;

    return qty > 0 && chain_follow(chain, qty, &fill) == CHAIN_FOUND && settle(chain, &fill, &part)
               ? part.net
               : 0;
}

static bool is_proven(const struct chain *chain, const struct chain_fill *fill)
{
    uint32_t i = 0;

    while (i < chain->n && fill->legs[i].qty <= side_proven(&chain->legs[i].side)) {
        i++;
    }
    return i == chain->n;
}

void settle_parts(const struct chain *chain, struct arb_opportunity *terms)
{
    const int64_t qty = terms->legs[0].qty;

    for (int k = 1; k < ARB_CURVE_POINTS; k++) {
        const int64_t part = (int64_t)((int128)qty * k / ARB_CURVE_POINTS);
        terms->curve[k - 1] = net_of(chain, chain_whole_lots(chain, part));
    }
    terms->curve[ARB_CURVE_POINTS - 1] = terms->net;
    terms->proven_qty = chain_most_within(chain, qty, is_proven);
    struct chain_fill fill;
    if (terms->proven_qty > 0 && chain_follow(chain, terms->proven_qty, &fill) != CHAIN_FOUND) {
        terms->proven_qty = 0; /* too little for one of the legs */
    }
    terms->proven_net = net_of(chain, terms->proven_qty);
}
