#include "strategy/survival.h"

#include <string.h>

#include "arbspot/decimal.h"

enum { PPM = 1000000 };

typedef opportunity_wide wide;

/* -- who is watched -----------------------------------------------------------------------------
 */

/* How long the newest message of the slower leg took to come; 0: not known. */
static int64_t latency_ns(const struct opportunity *o)
{
    int64_t slowest_ns = 0;

    for (uint32_t i = 0; i < o->terms.n_legs; i++) {
        const struct opportunity_leg *const leg = &o->legs[i];
        const int64_t took_ns = leg->venue_age_ns - (leg->age_ns > 0 ? leg->age_ns : 0);
        if (!arb_clock_is_known(leg->clock)) {
            return 0;
        }
        slowest_ns = took_ns > slowest_ns ? took_ns : slowest_ns;
    }
    return slowest_ns;
}

static int64_t earliest_of(const struct survival_watched *watched)
{
    int64_t earliest_ns = NEVER_NS;

    for (uint32_t i = 0; i <= CONFIG_DELAYS_MAX; i++) {
        earliest_ns = watched->due_ns[i] < earliest_ns ? watched->due_ns[i] : earliest_ns;
    }
    return earliest_ns;
}

static void find_next(struct survival *survival)
{
    survival->next_ns = NEVER_NS;
    for (uint32_t i = 0; i < survival->n; i++) {
        const int64_t its_ns = earliest_of(&survival->watched[i]);
        survival->next_ns = its_ns < survival->next_ns ? its_ns : survival->next_ns;
    }
}

void survival_open(struct survival *survival, const struct opportunity *opportunity,
                   int64_t mono_ns)
{
    const struct survival_delays *const delays = survival->delays;
    const int64_t latency = delays->at_latency ? latency_ns(opportunity) : 0;

    if (delays->n == 0 && latency == 0) {
        return;
    }
    if (survival->n == SURVIVAL_WATCHED_MAX) {
        survival->n_left_out++;
        return;
    }
    struct survival_watched *const watched = &survival->watched[survival->n++];
    memcpy(&watched->opportunity, opportunity, opportunity_len(opportunity));
    watched->opened_ns = mono_ns;
    watched->n_left = delays->n + (latency > 0);
    for (uint32_t i = 0; i < CONFIG_DELAYS_MAX; i++) {
        watched->due_ns[i] = i < delays->n ? mono_ns + delays->delays_ms[i] * NS_PER_MS : NEVER_NS;
    }
    watched->due_ns[CONFIG_DELAYS_MAX] = latency > 0 ? mono_ns + latency : NEVER_NS;
    find_next(survival);
}

int64_t survival_due_ns(const struct survival *survival)
{
    return survival->n == 0 ? NEVER_NS : survival->next_ns;
}

/* -- what is left
 * ---------------------------------------------------------------------------------- */

/* One leg, and its side of the book of now. */
struct taker {
    const struct arb_leg *leg;
    const struct arb_book *book;
    const struct arb_instrument *info;
    int64_t fee_ppm;
};

static const struct arb_level *level_at(const struct taker *taker, uint32_t i)
{
    return taker->leg->side == ARB_BUY ? arb_ask_at(taker->book, i) : arb_bid_at(taker->book, i);
}

/* How many levels are at the limit or better. */
static uint32_t n_levels(const struct taker *taker)
{
    const bool buys = taker->leg->side == ARB_BUY;
    const uint32_t all = buys ? taker->book->n_asks : taker->book->n_bids;
    uint32_t n = 0;

    while (n < all && (buys ? level_at(taker, n)->px <= taker->leg->limit_px
                            : level_at(taker, n)->px >= taker->leg->limit_px)) {
        n++;
    }
    return n;
}

/* At the limit or better, at most as much as was published. */
static int64_t available(const struct taker *taker)
{
    int64_t left = taker->leg->qty;
    const uint32_t n = n_levels(taker);

    for (uint32_t i = 0; i < n && left > 0; i++) {
        const int64_t qty = level_at(taker, i)->qty;
        left -= qty < left ? qty : left;
    }
    return taker->leg->qty - left;
}

/* Rounded against us: what a purchase costs is rounded up, what a sale brings down. */
static int64_t rounded(wide value, wide unit, bool is_up)
{
    const wide whole = value / unit, rest = value % unit;
    const wide result = is_up ? whole + (rest > 0) : whole - (rest < 0);

    return result > INT64_MAX ? INT64_MAX : result < INT64_MIN ? INT64_MIN : (int64_t)result;
}

/* What taking the best `qty` moves, the fee included, in the quote currency. False: too much. */
static bool find_money(const struct taker *taker, int64_t qty, wide *money)
{
    const bool buys = taker->leg->side == ARB_BUY;
    const wide unit = (wide)arb_pow10(taker->info->qty_scale);
    wide exact = 0, fee;

    for (uint32_t i = 0; qty > 0; i++) {
        const struct arb_level *const level = level_at(taker, i);
        const int64_t taken = level->qty < qty ? level->qty : qty;
        if (__builtin_add_overflow(exact, (wide)level->px * taken, &exact)) {
            return false;
        }
        qty -= taken;
    }
    if (__builtin_mul_overflow(exact, (wide)taker->fee_ppm, &fee)) {
        return false;
    }
    fee = rounded(fee, unit * PPM, true);
    *money = rounded(exact, unit, buys) + (buys ? fee : -fee);
    return true;
}

/* As much of `qty` as `part` is of `whole`. */
static int64_t share_of(int64_t qty, int64_t part, int64_t whole)
{
    return (int64_t)((wide)qty * part / whole);
}

/* What a leg spends or brings: quote currency where it buys first or sells last, else base. */
static bool find_moved(const struct taker *taker, bool is_quote, int64_t qty, wide *moved,
                       unsigned *scale)
{
    *scale = is_quote ? taker->info->px_scale : taker->info->qty_scale;
    *moved = qty;
    return !is_quote || find_money(taker, qty, moved);
}

/* The first leg spends, the last one brings; those between pass on what they get. */
static bool find_net(const struct taker *takers, uint32_t n, int64_t part, int64_t whole,
                     int64_t *net)
{
    const struct taker *const first = &takers[0], *const last = &takers[n - 1];
    unsigned scale, its_scale;
    wide spent, brought;

    if (!find_moved(first, first->leg->side == ARB_BUY, share_of(first->leg->qty, part, whole),
                    &spent, &scale) ||
        !find_moved(last, last->leg->side == ARB_SELL, share_of(last->leg->qty, part, whole),
                    &brought, &its_scale)) {
        return false;
    }
    const unsigned finer = scale > its_scale ? scale : its_scale;
    *net = rounded(brought * arb_pow10(finer - its_scale) - spent * arb_pow10(finer - scale),
                   arb_pow10(finer - scale), false);
    return true;
}

/* False: a book is not LIVE, so nobody knows. */
static bool take_up(struct market *market, const struct opportunity *o, struct taker *takers)
{
    for (uint32_t i = 0; i < o->terms.n_legs; i++) {
        const struct arb_leg *const leg = &o->terms.legs[i];
        const struct arb_market view = market_view(market, leg->instrument);
        takers[i] = (struct taker){ .leg = leg,
                                    .book = &view.books[leg->venue],
                                    .info = view.info,
                                    .fee_ppm = view.terms[leg->venue].taker_fee_ppm };
        if (takers[i].book->state != ARB_BOOK_LIVE) {
            return false;
        }
    }
    return true;
}

static void look(struct market *market, struct opportunity *o)
{
    struct taker takers[ARB_LEGS_MAX];
    int64_t part = 1, whole = 1; /* how much is left, of the leg that has least */

    o->rest.is_known = take_up(market, o, takers);
    for (uint32_t i = 0; o->rest.is_known && i < o->terms.n_legs; i++) {
        const int64_t has = available(&takers[i]), wants = takers[i].leg->qty;
        if ((wide)has * whole < (wide)part * wants) {
            part = has;
            whole = wants;
        }
    }
    o->rest.is_known =
        o->rest.is_known && find_net(takers, o->terms.n_legs, part, whole, &o->rest.net);
    o->rest.qty = o->rest.is_known ? share_of(o->terms.legs[0].qty, part, whole) : 0;
}

/* -- what is due
 * ---------------------------------------------------------------------------------------- */

static uint32_t due_of(const struct survival_watched *watched, int64_t now_ns)
{
    uint32_t i = 0;

    while (i <= CONFIG_DELAYS_MAX && watched->due_ns[i] > now_ns) {
        i++;
    }
    return i;
}

static struct opportunity_rest rest_of(const struct survival_watched *watched, uint32_t i,
                                       int64_t now_ns)
{
    return (struct opportunity_rest){ .delay_ns = watched->due_ns[i] - watched->opened_ns,
                                      .waited_ns = now_ns - watched->opened_ns,
                                      .is_latency = i == CONFIG_DELAYS_MAX };
}

bool survival_next(struct survival *survival, struct market *market, struct moment now,
                   struct opportunity *opportunity)
{
    if (now.mono_ns < survival_due_ns(survival)) {
        return false;
    }
    for (uint32_t k = 0; k < survival->n; k++) {
        struct survival_watched *const watched = &survival->watched[k];
        const uint32_t i = due_of(watched, now.mono_ns);
        if (i > CONFIG_DELAYS_MAX) {
            continue;
        }
        memcpy(opportunity, &watched->opportunity, opportunity_len(&watched->opportunity));
        opportunity->rest = rest_of(watched, i, now.mono_ns);
        opportunity->detect_ns = now.utc_ns;
        look(market, opportunity);
        watched->due_ns[i] = NEVER_NS;
        if (--watched->n_left == 0) {
            survival->watched[k] = survival->watched[--survival->n];
        }
        find_next(survival);
        return true;
    }
    return false;
}
