/*
 * cross_venue.c - the same instrument on two venues: buy on one, sell on the other at once.
 *
 * For each ordered pair of venues both books are walked from their best levels for as long
 * as one more unit still earns something after both taker fees. All amounts are exact until
 * the end and then rounded against us. See README.md for the formulas.
 */
#include "arbspot/decimal.h"
#include "arbspot/strategy.h"

enum {
    OPEN_MAX = ARB_OPPORTUNITIES_MAX, /* on_stop() closes all of them in one callback */
    SLOT_BITS = 13,
    SLOTS = 1 << SLOT_BITS,
    SLOT_MASK = SLOTS - 1,
    THE_TIMER = 0,
    BUY = 0, /* legs */
    SELL = 1,
    PPM = 1000000,
};

#define NS_PER_MS INT64_C(1000000)

_Static_assert(SLOTS >= 2 * OPEN_MAX, "at most half full, so that probing stays short");
_Static_assert(OPEN_MAX < UINT16_MAX, "a slot holds a position plus one");
_Static_assert(ARB_VENUES_MAX <= 16 && ARB_INSTRUMENTS_MAX <= 1 << 24, "key_of() packs them");

/* Products of a price, a quantity and a fee do not fit 64 bits. */
__extension__ typedef __int128 int128;

struct open_opportunity {
    struct arb_opportunity terms; /* the latest */
    /* Monotonic, so that a step of the UTC clock neither closes nor delays. */
    int64_t expiry_ns;      /* from when a leg is too old; INT64_MAX: never */
    int64_t next_update_ns; /* no UPDATE before */
    bool is_pending;        /* terms changed since they were published */
};

struct cross_venue {
    int64_t min_net_ppm, max_age_ms, update_interval_ms; /* options */

    const struct arb_venue *venues;
    uint64_t last_id;
    int64_t armed_ns; /* when the timer is due, monotonic; INT64_MAX: not set */
    uint64_t n_overflows, n_untracked;
    uint32_t n_open;
    struct open_opportunity open[OPEN_MAX]; /* dense, in no particular order */
    uint16_t slots[SLOTS];                  /* hash of key_of(): position in open plus one, or 0 */
};

static const struct arb_option options[] = {
    ARB_OPTION_PPM("min_net", struct cross_venue, min_net_ppm, "0bp", 0, PPM,
                   "Publish only what earns more than this after fees, relative to the cost."),
    ARB_OPTION_MS("max_age", struct cross_venue, max_age_ms, "10s", 0, 86400000,
                  "Ignore books without an event for longer than this; 0 turns the check off."),
    ARB_OPTION_MS("update_interval", struct cross_venue, update_interval_ms, "100ms", 0, 3600000,
                  "Publish new terms of an open opportunity at most this often; 0 for all."),
};

/* One instrument, bought on venue `buy` and sold on venue `sell`. */
struct pair {
    const struct arb_market *market;
    uint32_t buy, sell;
};

/* What the walk took. Money is exact, in units of 10^-(px_scale + qty_scale). */
struct fill {
    int64_t qty;
    int64_t buy_px, sell_px; /* the worst touched */
    int128 cost, proceeds;
    uint32_t n_asks, n_bids; /* levels touched */
};

/* Rounding, exact for values below zero too; unit > 0. */

static int128 divide_up(int128 value, int128 unit)
{
    return value / unit + (value % unit > 0 ? 1 : 0);
}

static int128 divide_down(int128 value, int128 unit)
{
    return value / unit - (value % unit < 0 ? 1 : 0);
}

/* False when it does not fit. */
static bool narrow(int128 value, int64_t *out)
{
    if (value < INT64_MIN || value > INT64_MAX) {
        return false;
    }
    *out = (int64_t)value;
    return true;
}

/* Does selling one unit at `bid` that was bought at `ask` leave anything after both fees? */
static bool is_profitable(const struct pair *pair, int64_t ask, int64_t bid)
{
    const struct arb_venue *const venues = pair->market->venues;
    const int128 kept = (int128)PPM - venues[pair->sell].taker_fee_ppm;
    const int128 paid = (int128)PPM + venues[pair->buy].taker_fee_ppm;

    return bid * kept > ask * paid;
}

/* False on overflow. */
static bool take(struct fill *fill, int64_t ask, int64_t bid, int64_t qty)
{
    fill->buy_px = ask;
    fill->sell_px = bid;
    return !__builtin_add_overflow(fill->qty, qty, &fill->qty) &&
           !__builtin_add_overflow(fill->cost, (int128)ask * qty, &fill->cost) &&
           !__builtin_add_overflow(fill->proceeds, (int128)bid * qty, &fill->proceeds);
}

/*
 * Takes asks of one book and bids of the other, best first, as long as that pays. Prices only
 * get worse on the way, so where it stops is where the profit is greatest. False on overflow.
 */
static bool walk(const struct pair *pair, struct fill *fill)
{
    const struct arb_book *const buy = &pair->market->books[pair->buy];
    const struct arb_book *const sell = &pair->market->books[pair->sell];
    int64_t ask_taken = 0, bid_taken = 0; /* of the current levels */
    uint32_t a = 0, b = 0;

    *fill = (struct fill){ 0 };
    while (a < buy->n_asks && b < sell->n_bids) {
        const struct arb_level *const ask = arb_ask_at(buy, a), *const bid = arb_bid_at(sell, b);
        if (!is_profitable(pair, ask->px, bid->px)) {
            return true;
        }
        fill->n_asks = a + 1;
        fill->n_bids = b + 1;
        const int64_t ask_left = ask->qty - ask_taken, bid_left = bid->qty - bid_taken;
        const int64_t qty = ask_left < bid_left ? ask_left : bid_left;
        if (!take(fill, ask->px, bid->px, qty)) {
            return false;
        }
        ask_taken = qty == ask_left ? 0 : ask_taken + qty;
        bid_taken = qty == bid_left ? 0 : bid_taken + qty;
        a += qty == ask_left ? 1 : 0;
        b += qty == bid_left ? 1 : 0;
    }
    return true;
}

/* One side of a fill, at a venue. */
struct side {
    int128 value; /* exact, in units of 10^-(px_scale + qty_scale) */
    int128 (*round)(int128 value, int128 unit);
    uint32_t venue;
};

/* Rounds a side against us into its leg. False on overflow. */
static bool settle_leg(const struct pair *pair, const struct side *side, struct arb_leg *leg)
{
    const int128 unit = arb_pow10(pair->market->info->qty_scale);
    int128 fee;

    return narrow(side->round(side->value, unit), &leg->notional) &&
           !__builtin_mul_overflow(side->value,
                                   (int128)pair->market->venues[side->venue].taker_fee_ppm, &fee) &&
           narrow(divide_up(fee, unit * PPM), &leg->fee);
}

/* The weaker leg decides. */
static uint32_t find_verified(const struct pair *pair, const struct fill *fill)
{
    const struct arb_book *const books = pair->market->books;
    const uint32_t buy = arb_book_verified(&books[pair->buy], fill->n_asks);
    const uint32_t sell = arb_book_verified(&books[pair->sell], fill->n_bids);

    return buy > sell ? buy : sell;
}

/* Rounds the fill against us into `terms`. False on overflow. */
static bool settle(const struct pair *pair, const struct fill *fill, struct arb_opportunity *terms)
{
    const struct side bought = { fill->cost, divide_up, pair->buy },
                      sold = { fill->proceeds, divide_down, pair->sell };
    struct arb_leg *const buy = &terms->legs[BUY], *const sell = &terms->legs[SELL];

    buy->qty = sell->qty = fill->qty;
    buy->limit_px = fill->buy_px;
    sell->limit_px = fill->sell_px;
    terms->verified = find_verified(pair, fill);
    if (!settle_leg(pair, &bought, buy) || !settle_leg(pair, &sold, sell)) {
        return false;
    }
    terms->cost = buy->notional;
    terms->proceeds = sell->notional;
    return narrow((int128)buy->fee + sell->fee, &terms->fees) &&
           narrow((int128)terms->proceeds - terms->cost, &terms->gross) &&
           narrow((int128)terms->gross - terms->fees, &terms->net);
}

/* False on overflow, which a cost of next to nothing can bring. */
static bool find_ratios(struct arb_opportunity *terms)
{
    return narrow(divide_down((int128)terms->gross * PPM, terms->cost), &terms->gross_ppm) &&
           narrow(divide_down((int128)terms->net * PPM, terms->cost), &terms->net_ppm);
}

/* Compared before rounding to ppm, so that the default of 0 keeps the smallest profit. */
static bool is_enough(const struct cross_venue *self, const struct arb_opportunity *terms)
{
    return terms->cost > 0 && (int128)terms->net * PPM > (int128)self->min_net_ppm * terms->cost;
}

static void count_overflow(struct cross_venue *self, struct arb_host *host, const struct pair *pair)
{
    if (self->n_overflows++ == 0) {
        arb_log(host, ARB_WARN,
                "%s from %s to %s is left out: its amounts do not fit 64 bits at px_scale %u; a "
                "smaller scale in [instrument:%s] would help",
                pair->market->info->symbol, self->venues[pair->buy].name,
                self->venues[pair->sell].name, pair->market->info->px_scale,
                pair->market->info->symbol);
    }
}

/* True, with the terms, when the pair's books leave enough. */
static bool is_opportunity(struct cross_venue *self, struct arb_host *host, const struct pair *pair,
                           struct arb_opportunity *terms)
{
    struct fill fill;

    if (walk(pair, &fill) && settle(pair, &fill, terms)) {
        if (!is_enough(self, terms)) {
            return false;
        }
        if (find_ratios(terms)) {
            return true;
        }
    }
    count_overflow(self, host, pair);
    return false;
}

/* What is suspect may be late, and nobody knows by how much. */
static bool is_tradable(const struct arb_book *book)
{
    return book->state == ARB_BOOK_LIVE && book->trading == ARB_TRADING_OPEN &&
           book->verified != ARB_SUSPECT;
}

/* When the book's last change was made, where that is known by our clock; else when it came. */
static int64_t made_ns(const struct arb_book *book)
{
    int64_t made_ns;

    if (book->venue_ns == 0 || !arb_clock_is_known(book->clock) ||
        __builtin_sub_overflow(book->venue_ns, book->clock.offset_ns, &made_ns)) {
        return book->recv_ns;
    }
    return made_ns < book->recv_ns ? made_ns : book->recv_ns;
}

/* The time of the older leg; a clock ahead of ours counts as now. */
static int64_t older_leg_ns(const struct pair *pair, int64_t now_ns)
{
    const int64_t buy_ns = made_ns(&pair->market->books[pair->buy]);
    const int64_t sell_ns = made_ns(&pair->market->books[pair->sell]);
    const int64_t older_ns = buy_ns < sell_ns ? buy_ns : sell_ns;

    return older_ns < now_ns ? older_ns : now_ns;
}

/* Both times are UTC: who received the book may be another machine. */
static bool is_too_old(const struct cross_venue *self, int64_t recv_ns, int64_t now_ns)
{
    return self->max_age_ms > 0 && recv_ns < now_ns - self->max_age_ms * NS_PER_MS;
}

/* From when the pair is too old, monotonic. It is not yet. */
static int64_t expiry_of(const struct cross_venue *self, const struct arb_host *host,
                         const struct pair *pair)
{
    if (self->max_age_ms == 0) {
        return INT64_MAX;
    }
    const int64_t age_ns = host->now_ns - older_leg_ns(pair, host->now_ns);
    return host->mono_ns + self->max_age_ms * NS_PER_MS - age_ns + 1;
}

/* 0, with the terms, when the pair is an opportunity; otherwise why it is none. */
static uint32_t judge(struct cross_venue *self, struct arb_host *host, const struct pair *pair,
                      struct arb_opportunity *terms)
{
    const struct arb_book *const books = pair->market->books;

    if (!is_tradable(&books[pair->buy]) || !is_tradable(&books[pair->sell])) {
        return ARB_CLOSE_NOT_LIVE;
    }
    if (is_too_old(self, older_leg_ns(pair, host->now_ns), host->now_ns)) {
        return ARB_CLOSE_TOO_OLD;
    }
    return is_opportunity(self, host, pair, terms) ? 0 : ARB_CLOSE_GONE;
}

/* The table of what is open. */

static uint32_t key_of(const struct arb_opportunity *terms)
{
    const struct arb_leg *const legs = terms->legs;
    return legs[BUY].instrument << 8 | legs[BUY].venue << 4 | legs[SELL].venue;
}

static uint32_t home_of(uint32_t key)
{
    return key * 2654435769U >> (32 - SLOT_BITS); /* Fibonacci hashing */
}

/* The slot that holds the pair of `terms`, or the free one where it would go. */
static uint32_t find_slot(const struct cross_venue *self, const struct arb_opportunity *terms)
{
    const uint32_t key = key_of(terms);
    uint32_t i = home_of(key);

    while (self->slots[i] != 0 && key_of(&self->open[self->slots[i] - 1].terms) != key) {
        i = (i + 1) & SLOT_MASK;
    }
    return i;
}

static struct open_opportunity *find_open(struct cross_venue *self,
                                          const struct arb_opportunity *terms)
{
    const uint16_t place = self->slots[find_slot(self, terms)];
    return place == 0 ? NULL : &self->open[place - 1];
}

/* Moves up what was pushed behind the slot, so that no search ends too early. */
static void free_slot(struct cross_venue *self, uint32_t hole)
{
    for (uint32_t i = (hole + 1) & SLOT_MASK; self->slots[i] != 0; i = (i + 1) & SLOT_MASK) {
        const uint32_t home = home_of(key_of(&self->open[self->slots[i] - 1].terms));
        if (((i - home) & SLOT_MASK) >= ((i - hole) & SLOT_MASK)) {
            self->slots[hole] = self->slots[i];
            hole = i;
        }
    }
    self->slots[hole] = 0;
}

/* The last entry takes the place of the one that goes. */
static void forget(struct cross_venue *self, struct open_opportunity *gone)
{
    const struct open_opportunity *const last = &self->open[self->n_open - 1];

    free_slot(self, find_slot(self, &gone->terms));
    if (gone != last) {
        self->slots[find_slot(self, &last->terms)] = (uint16_t)(gone - self->open + 1);
        *gone = *last;
    }
    self->n_open--;
}

/* What is published. */

static int publish(struct arb_host *host, struct arb_opportunity *terms,
                   enum arb_opportunity_event event)
{
    terms->event = event;
    return arb_opportunity_publish(host, terms);
}

static int close_open(struct cross_venue *self, struct arb_host *host,
                      struct open_opportunity *open, uint32_t reason)
{
    open->terms.reason = reason;
    const int rc = publish(host, &open->terms, ARB_OPPORTUNITY_CLOSE);
    forget(self, open);
    return rc;
}

/* When the timer has to look at this entry, INT64_MAX for never. */
static int64_t deadline_of(const struct open_opportunity *open)
{
    return open->is_pending && open->next_update_ns < open->expiry_ns ? open->next_update_ns
                                                                      : open->expiry_ns;
}

/* Makes sure that on_timer() comes by `deadline_ns`; it may come earlier, for another entry. */
static int arm(struct cross_venue *self, struct arb_host *host, int64_t deadline_ns)
{
    if (self->armed_ns <= deadline_ns) {
        return ARB_OK;
    }
    const int64_t delay_ms = (deadline_ns - host->mono_ns + NS_PER_MS - 1) / NS_PER_MS;
    self->armed_ns = deadline_ns;
    return arb_timer_set(host, THE_TIMER, delay_ms > 0 ? (uint32_t)delay_ms : 1);
}

/* Publishes the latest terms if they are news and their time has come. */
static int publish_pending(struct cross_venue *self, struct arb_host *host,
                           struct open_opportunity *open)
{
    if (!open->is_pending || host->mono_ns < open->next_update_ns) {
        return ARB_OK;
    }
    open->is_pending = false;
    open->next_update_ns = host->mono_ns + self->update_interval_ms * NS_PER_MS;
    return publish(host, &open->terms, ARB_OPPORTUNITY_UPDATE);
}

static int open_new(struct cross_venue *self, struct arb_host *host, const struct pair *pair,
                    struct arb_opportunity *terms)
{
    if (self->n_open == OPEN_MAX) {
        if (self->n_untracked++ == 0) {
            arb_log(host, ARB_WARN,
                    "%d opportunities are open, further ones are left out; a "
                    "higher min_net would help",
                    OPEN_MAX);
        }
        return ARB_OK;
    }
    struct open_opportunity *const open = &self->open[self->n_open];
    self->slots[find_slot(self, terms)] = (uint16_t)(self->n_open + 1);
    self->n_open++;
    terms->id = ++self->last_id;
    *open = (struct open_opportunity){
        .terms = *terms,
        .expiry_ns = expiry_of(self, host, pair),
        .next_update_ns = host->mono_ns + self->update_interval_ms * NS_PER_MS,
    };
    const int rc = publish(host, &open->terms, ARB_OPPORTUNITY_OPEN);
    return rc != ARB_OK ? rc : arm(self, host, deadline_of(open));
}

static bool is_same_leg(const struct arb_leg *a, const struct arb_leg *b)
{
    return a->qty == b->qty && a->limit_px == b->limit_px && a->notional == b->notional &&
           a->fee == b->fee;
}

/* These determine the rest. */
static bool is_same(const struct arb_opportunity *a, const struct arb_opportunity *b)
{
    return is_same_leg(&a->legs[BUY], &b->legs[BUY]) &&
           is_same_leg(&a->legs[SELL], &b->legs[SELL]) && a->verified == b->verified;
}

static int refresh(struct cross_venue *self, struct arb_host *host, const struct pair *pair,
                   struct open_opportunity *open, struct arb_opportunity *terms)
{
    terms->id = open->terms.id;
    open->is_pending = open->is_pending || !is_same(&open->terms, terms);
    open->terms = *terms;
    open->expiry_ns = expiry_of(self, host, pair);
    const int rc = publish_pending(self, host, open);
    return rc != ARB_OK ? rc : arm(self, host, deadline_of(open));
}

static int look_at(struct cross_venue *self, struct arb_host *host, const struct pair *pair)
{
    struct arb_opportunity terms = {
        .size = sizeof(terms),
        .n_legs = 2,
        .legs = { [BUY] = { .instrument = pair->market->instrument,
                            .venue = pair->buy,
                            .side = ARB_BUY },
                  [SELL] = { .instrument = pair->market->instrument,
                             .venue = pair->sell,
                             .side = ARB_SELL } },
    };
    struct open_opportunity *const open = find_open(self, &terms);
    const uint32_t reason = judge(self, host, pair, &terms);

    if (reason != 0) {
        return open == NULL ? ARB_OK : close_open(self, host, open, reason);
    }
    return open == NULL ? open_new(self, host, pair, &terms)
                        : refresh(self, host, pair, open, &terms);
}

static int init(void *instance, struct arb_host *host, const struct arb_strategy_env *env)
{
    struct cross_venue *const self = instance;

    (void)host;
    self->venues = env->venues;
    self->armed_ns = INT64_MAX;
    return ARB_OK;
}

static int on_market(void *instance, struct arb_host *host, const struct arb_market *market)
{
    int rc = ARB_OK;

    for (uint32_t buy = 0; buy < market->n_venues; buy++) {
        for (uint32_t sell = 0; sell < market->n_venues && rc == ARB_OK; sell++) {
            const bool has_changed = (market->changed & (1U << buy | 1U << sell)) != 0;
            if (buy != sell && has_changed) {
                rc = look_at(instance, host,
                             &(struct pair){ .market = market, .buy = buy, .sell = sell });
            }
        }
    }
    return rc;
}

static int on_timer(void *instance, struct arb_host *host, uint32_t timer)
{
    struct cross_venue *const self = instance;
    int64_t deadline_ns = INT64_MAX;
    int rc = ARB_OK;

    (void)timer; /* there is only one */
    self->armed_ns = INT64_MAX;
    /* From the end, because forget() fills the gap from there. */
    for (uint32_t i = self->n_open; i-- > 0 && rc == ARB_OK;) {
        struct open_opportunity *const open = &self->open[i];
        if (host->mono_ns >= open->expiry_ns) {
            rc = close_open(self, host, open, ARB_CLOSE_TOO_OLD);
            continue;
        }
        rc = publish_pending(self, host, open);
        const int64_t its_ns = deadline_of(open);
        deadline_ns = its_ns < deadline_ns ? its_ns : deadline_ns;
    }
    return rc != ARB_OK ? rc : arm(self, host, deadline_ns);
}

static int on_stop(void *instance, struct arb_host *host)
{
    struct cross_venue *const self = instance;
    int rc = ARB_OK;

    while (self->n_open > 0 && rc == ARB_OK) {
        rc = close_open(self, host, &self->open[self->n_open - 1], ARB_CLOSE_SHUTDOWN);
    }
    if (self->n_overflows > 0 || self->n_untracked > 0) {
        arb_log(host, ARB_WARN, "left out: %llu times for overflow, %llu times for want of room",
                (unsigned long long)self->n_overflows, (unsigned long long)self->n_untracked);
    }
    return rc;
}

static const struct arb_strategy_ops ops = {
    .size = sizeof(ops),
    .init = init,
    .on_market = on_market,
    .on_timer = on_timer,
    .on_stop = on_stop,
};

ARB_PLUGIN_EXPORT = {
    ARB_PLUGIN_HEADER(ARB_KIND_STRATEGY),
    .name = "cross_venue",
    .version = "1.0.0",
    .description = "The same instrument on two venues, to the most profitable size after fees",
    .instance_size = sizeof(struct cross_venue),
    ARB_PLUGIN_OPTIONS(options),
    .ops = &ops,
};
