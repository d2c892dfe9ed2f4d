#include "truth.h"

#include <stdlib.h>
#include <string.h>

#include "arbspot/decimal.h"

enum { PPM = 1000000 };

__extension__ typedef __int128 wide; /* price, quantity and PPM multiplied */

/* The top of one published book, in the pair's finest digits. */
struct top {
    struct arb_level bids[TRUTH_DEPTH], asks[TRUTH_DEPTH];
    uint32_t n_bids, n_asks;
    int64_t published_ns;
};

/* What two books are to each other. */
enum state { APART, PAYS, FEES, BELOW, MINIMUM };

static const char *const state_names[] = { "", "", "fees", "below", "minimum" };

/* A divergence or a crossing that may be open now. */
struct gap {
    enum state state; /* APART: none is */
    int64_t open_ns;
    int64_t peak_net_ppm; /* of the first unit */
    uint32_t opener;      /* the venue whose book opened it */
};

/* What one venue takes, in the pair's finest digits. */
struct order_terms {
    int64_t tick, lot, min_qty;
    wide min_notional;
};

struct pair {
    uint32_t instrument, buy, sell;
};

struct truth {
    struct truth_config config;
    struct order_terms *terms; /* by instrument, then venue */
    struct top *tops;          /* likewise */
    struct gap *gaps;          /* by instrument, then buy, then sell */
    uint64_t n_opened;
};

static struct top *top_of(const struct truth *truth, uint32_t venue, uint32_t instrument)
{
    return &truth->tops[(size_t)instrument * truth->config.n_venues + venue];
}

static struct gap *gap_of(const struct truth *truth, struct pair pair)
{
    const size_t n = truth->config.n_venues;
    return &truth->gaps[((size_t)pair.instrument * n + pair.buy) * n + pair.sell];
}

static struct order_terms *terms_of(const struct truth *truth, uint32_t venue, uint32_t instrument)
{
    return &truth->terms[(size_t)instrument * truth->config.n_venues + venue];
}

static struct order_terms read_terms(const struct truth *truth, uint32_t venue, uint32_t instrument)
{
    const struct sim_instrument *const finest = &truth->config.instruments->items[instrument];
    const struct instrument_list *const own = truth->config.of_venue[venue];
    const struct sim_instrument *const item = own == NULL ? finest : &own->items[instrument];
    const int64_t lot = arb_pow10((unsigned)(finest->qty_digits - item->qty_digits));
    const unsigned digits = (unsigned)finest->px_digits + finest->qty_digits;

    return (struct order_terms){
        .tick = arb_pow10((unsigned)(finest->px_digits - item->px_digits)),
        .lot = lot,
        .min_qty = item->min_qty * lot,
        .min_notional = (wide)item->min_value * arb_pow10(digits) / 100,
    };
}

static void read_all_terms(struct truth *truth)
{
    for (uint32_t instrument = 0; instrument < truth->config.instruments->n; instrument++) {
        for (uint32_t venue = 0; venue < truth->config.n_venues; venue++) {
            *terms_of(truth, venue, instrument) = read_terms(truth, venue, instrument);
        }
    }
}

static void write_run(const struct truth_config *config)
{
    if (config->out == NULL) {
        return;
    }
    (void)fprintf(config->out,
                  "{\"kind\":\"run\",\"simulated\":true,\"seed\":%llu,\"start_ns\":%lld,"
                  "\"life_ms\":%lld,\"min_net_ppm\":%lld,\"fees_ppm\":{",
                  (unsigned long long)config->seed, (long long)config->start_ns,
                  (long long)config->life_ms, (long long)config->min_net_ppm);
    for (uint32_t i = 0; i < config->n_venues; i++) {
        (void)fprintf(config->out, "%s\"%s\":%lld", i == 0 ? "" : ",", config->venues[i],
                      (long long)config->fees_ppm[i]);
    }
    (void)fputs("}}\n", config->out);
}

static void write_number(FILE *out, const char *key, int64_t value, unsigned digits)
{
    char text[ARB_DECIMAL_TEXT_MAX];
    const unsigned len = arb_decimal_write(value, digits, 0, text);

    (void)fprintf(out, ",\"%s\":\"%.*s\"", key, (int)len, text);
}

static void write_terms(const struct truth *truth, uint32_t venue, uint32_t instrument)
{
    const struct sim_instrument *const finest = &truth->config.instruments->items[instrument];
    const struct instrument_list *const own = truth->config.of_venue[venue];
    const struct sim_instrument *const item = own == NULL ? finest : &own->items[instrument];
    FILE *const out = truth->config.out;

    (void)fprintf(out, "{\"kind\":\"terms\",\"venue\":\"%s\",\"symbol\":\"%s\"",
                  truth->config.venues[venue], item->symbol);
    write_number(out, "tick", 1, item->px_digits);
    write_number(out, "lot", 1, item->qty_digits);
    write_number(out, "min_qty", item->min_qty, item->qty_digits);
    write_number(out, "min_notional", item->min_value, 2);
    (void)fputs("}\n", out);
}

static void write_all_terms(const struct truth *truth)
{
    for (uint32_t i = 0; truth->config.out != NULL && i < truth->config.instruments->n; i++) {
        for (uint32_t venue = 0; venue < truth->config.n_venues; venue++) {
            write_terms(truth, venue, i);
        }
    }
}

int truth_create(struct truth **out, const struct truth_config *config, struct err *err)
{
    struct truth *const truth = calloc(1, sizeof(*truth));
    const size_t n = (size_t)config->instruments->n * config->n_venues;

    if (truth == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory for the ground truth");
    }
    truth->config = *config;
    truth->terms = calloc(n, sizeof(*truth->terms));
    truth->tops = calloc(n, sizeof(*truth->tops));
    truth->gaps = calloc(n * config->n_venues, sizeof(*truth->gaps));
    if (truth->terms == NULL || truth->tops == NULL || truth->gaps == NULL) {
        truth_destroy(truth);
        return err_set(err, ARB_ENOMEM, "no memory for the ground truth");
    }
    read_all_terms(truth);
    write_run(config);
    write_all_terms(truth);
    *out = truth;
    return ARB_OK;
}

void truth_destroy(struct truth *truth)
{
    if (truth != NULL) {
        free(truth->terms);
        free(truth->tops);
        free(truth->gaps);
        free(truth);
    }
}

/* -- the smallest order --------------------------------------------------------------------- */

/* The least quantity that is worth so much, the best levels first; INT64_MAX: there is not so much.
 */
static int64_t qty_worth(const struct arb_level *levels, uint32_t n, wide worth)
{
    int64_t qty = 0;

    for (uint32_t i = 0; i < n && worth > 0; i++) {
        const wide here = (wide)levels[i].px * levels[i].qty;
        if (here >= worth) {
            return qty + (int64_t)((worth + levels[i].px - 1) / levels[i].px);
        }
        worth -= here;
        qty += levels[i].qty;
    }
    return worth > 0 ? INT64_MAX : qty;
}

/* What so much of a side is worth, the best levels first; false: there is not so much. */
static bool worth_of(const struct arb_level *levels, uint32_t n, int64_t qty, wide *worth)
{
    *worth = 0;
    for (uint32_t i = 0; i < n && qty > 0; i++) {
        const int64_t taken = levels[i].qty < qty ? levels[i].qty : qty;
        *worth += (wide)levels[i].px * taken;
        qty -= taken;
    }
    return qty == 0;
}

static int64_t larger(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Lots are powers of ten of each other, so the coarser one is a multiple of the other. */
static int64_t smallest_order(const struct truth *truth, struct pair pair)
{
    const struct order_terms *const buy = terms_of(truth, pair.buy, pair.instrument);
    const struct order_terms *const sell = terms_of(truth, pair.sell, pair.instrument);
    const struct top *const from = top_of(truth, pair.buy, pair.instrument);
    const struct top *const to = top_of(truth, pair.sell, pair.instrument);
    const int64_t lot = larger(buy->lot, sell->lot);
    const int64_t qty = larger(larger(buy->min_qty, sell->min_qty),
                               larger(qty_worth(from->asks, from->n_asks, buy->min_notional),
                                      qty_worth(to->bids, to->n_bids, sell->min_notional)));

    if (qty == INT64_MAX) {
        return INT64_MAX;
    }
    return larger((qty + lot - 1) / lot, 1) * lot;
}

/* What is left of `worth` on the selling side, against that on the buying one. */
static bool earns(const struct truth *truth, struct pair pair, wide paid, wide earned)
{
    return earned * (PPM - truth->config.fees_ppm[pair.sell]) >
           paid * (PPM + truth->config.fees_ppm[pair.buy] + truth->config.min_net_ppm);
}

static bool order_earns(const struct truth *truth, struct pair pair)
{
    const struct top *const buy = top_of(truth, pair.buy, pair.instrument);
    const struct top *const sell = top_of(truth, pair.sell, pair.instrument);
    const int64_t qty = smallest_order(truth, pair);
    wide paid, earned;

    return qty != INT64_MAX && worth_of(buy->asks, buy->n_asks, qty, &paid) &&
           worth_of(sell->bids, sell->n_bids, qty, &earned) && earns(truth, pair, paid, earned);
}

/* -- from one state to the next ------------------------------------------------------------- */

/* What the first unit leaves after fees, in ppm of its price. */
static int64_t net_of_first(const struct truth *truth, struct pair pair, wide bid, wide ask)
{
    return (int64_t)((bid * (PPM - truth->config.fees_ppm[pair.sell]) -
                      ask * (PPM + truth->config.fees_ppm[pair.buy])) /
                     ask);
}

/* Not the ppm of the first unit, but their sign before rounding, says whether fees take it all. */
static bool first_pays(const struct truth *truth, struct pair pair, wide bid, wide ask)
{
    return bid * (PPM - truth->config.fees_ppm[pair.sell]) >
           ask * (PPM + truth->config.fees_ppm[pair.buy]);
}

static enum state state_of(const struct truth *truth, struct pair pair, int64_t *net_ppm)
{
    const struct top *const buy = top_of(truth, pair.buy, pair.instrument);
    const struct top *const sell = top_of(truth, pair.sell, pair.instrument);

    if (sell->n_bids == 0 || buy->n_asks == 0) {
        return APART;
    }
    const int64_t bid = sell->bids[0].px, ask = buy->asks[0].px;
    *net_ppm = net_of_first(truth, pair, bid, ask);
    if (order_earns(truth, pair)) {
        return PAYS;
    }
    if (bid <= ask) {
        return APART;
    }
    if (!first_pays(truth, pair, bid, ask)) {
        return FEES;
    }
    return earns(truth, pair, ask, bid) ? MINIMUM : BELOW;
}

/* Errors stick to the stream and are reported by truth_finish(). */
static void write_gap(const struct truth *truth, struct pair pair, int64_t close_ns, bool at_exit)
{
    const struct gap *const gap = gap_of(truth, pair);
    FILE *const out = truth->config.out;

    if (out == NULL || gap->state == APART) {
        return;
    }
    (void)fprintf(out, "{\"kind\":\"%s\",\"symbol\":\"%s\",\"buy\":\"%s\",\"sell\":\"%s\",",
                  gap->state == PAYS ? "divergence" : "crossing",
                  truth->config.instruments->items[pair.instrument].symbol,
                  truth->config.venues[pair.buy], truth->config.venues[pair.sell]);
    if (gap->state != PAYS) {
        (void)fprintf(out, "\"why\":\"%s\",", state_names[gap->state]);
    }
    (void)fprintf(out,
                  "\"open_ns\":%lld,\"close_ns\":%lld,\"peak_net_ppm\":%lld,"
                  "\"opened_by\":\"%s\"%s}\n",
                  (long long)gap->open_ns, (long long)close_ns, (long long)gap->peak_net_ppm,
                  truth->config.venues[gap->opener], at_exit ? ",\"open_at_exit\":true" : "");
    (void)fflush(out);
}

static void update_gap(struct truth *truth, struct pair pair, uint32_t opener, int64_t now_ns)
{
    struct gap *const gap = gap_of(truth, pair);
    int64_t net_ppm = 0;
    const enum state state = state_of(truth, pair, &net_ppm);

    if (state != gap->state) {
        write_gap(truth, pair, now_ns, false);
        *gap = (struct gap){ state, now_ns, net_ppm, opener };
        truth->n_opened += state == PAYS;
    } else if (net_ppm > gap->peak_net_ppm) {
        gap->peak_net_ppm = net_ppm;
    }
}

static uint32_t copy_top(struct arb_level *to, const struct ladder *from,
                         const struct order_terms *terms)
{
    const uint32_t n = from->n < TRUTH_DEPTH ? from->n : TRUTH_DEPTH;

    for (uint32_t i = 0; i < n; i++) {
        to[i].px = from->levels[i].px * terms->tick;
        to[i].qty = from->levels[i].qty * terms->lot;
    }
    return n;
}

void truth_on_book(struct truth *truth, uint32_t venue, uint32_t instrument,
                   const struct sim_book *book, int64_t now_ns)
{
    struct top *const top = top_of(truth, venue, instrument);
    const struct order_terms *const terms = terms_of(truth, venue, instrument);

    top->n_bids = copy_top(top->bids, &book->bids, terms);
    top->n_asks = copy_top(top->asks, &book->asks, terms);
    top->published_ns = now_ns;
    for (uint32_t other = 0; other < truth->config.n_venues; other++) {
        if (other != venue) {
            update_gap(truth, (struct pair){ instrument, venue, other }, venue, now_ns);
            update_gap(truth, (struct pair){ instrument, other, venue }, venue, now_ns);
        }
    }
}

static void write_levels(FILE *out, const struct sim_instrument *instrument,
                         const struct arb_level *levels, uint32_t n)
{
    char px[ARB_DECIMAL_TEXT_MAX], qty[ARB_DECIMAL_TEXT_MAX];

    for (uint32_t i = 0; i < n && i < TRUTH_BOOK_LEVELS; i++) {
        const unsigned n_px =
            arb_decimal_write(levels[i].px, instrument->px_digits, instrument->px_digits, px);
        const unsigned n_qty =
            arb_decimal_write(levels[i].qty, instrument->qty_digits, instrument->qty_digits, qty);
        (void)fprintf(out, "%s[\"%.*s\",\"%.*s\"]", i == 0 ? "" : ",", (int)n_px, px, (int)n_qty,
                      qty);
    }
}

static void write_book(const struct truth *truth, uint32_t venue, uint32_t instrument,
                       int64_t now_ns)
{
    const struct sim_instrument *const item = &truth->config.instruments->items[instrument];
    const struct top *const top = top_of(truth, venue, instrument);
    FILE *const out = truth->config.out;

    (void)fprintf(out,
                  "{\"kind\":\"book\",\"venue\":\"%s\",\"symbol\":\"%s\",\"at_ns\":%lld,"
                  "\"published_ns\":%lld,\"bids\":[",
                  truth->config.venues[venue], item->symbol, (long long)now_ns,
                  (long long)top->published_ns);
    write_levels(out, item, top->bids, top->n_bids);
    (void)fputs("],\"asks\":[", out);
    write_levels(out, item, top->asks, top->n_asks);
    (void)fputs("]}\n", out);
}

void truth_write_books(struct truth *truth, int64_t now_ns)
{
    if (truth->config.out == NULL) {
        return;
    }
    for (uint32_t instrument = 0; instrument < truth->config.instruments->n; instrument++) {
        for (uint32_t venue = 0; venue < truth->config.n_venues; venue++) {
            write_book(truth, venue, instrument, now_ns);
        }
    }
    (void)fflush(truth->config.out);
}

static void finish_instrument(struct truth *truth, uint32_t instrument, int64_t now_ns)
{
    for (uint32_t buy = 0; buy < truth->config.n_venues; buy++) {
        for (uint32_t sell = 0; sell < truth->config.n_venues; sell++) {
            const struct pair pair = { instrument, buy, sell };
            write_gap(truth, pair, now_ns, true);
            *gap_of(truth, pair) = (struct gap){ APART, 0, 0, 0 };
        }
    }
}

int truth_finish(struct truth *truth, int64_t now_ns, struct err *err)
{
    for (uint32_t i = 0; i < truth->config.instruments->n; i++) {
        finish_instrument(truth, i, now_ns);
    }
    if (truth->config.out != NULL &&
        (fflush(truth->config.out) != 0 || ferror(truth->config.out))) {
        return err_set(err, ARB_EINVAL, "the ground truth could not be written; is the disk full?");
    }
    return ARB_OK;
}

uint64_t truth_count(const struct truth *truth)
{
    return truth->n_opened;
}
