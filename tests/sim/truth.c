#include "truth.h"

#include <stdlib.h>
#include <string.h>

#include "arbspot/decimal.h"

enum { PPM = 1000000 };

__extension__ typedef __int128 wide; /* a price times PPM */

/* The top of one published book. */
struct top {
    struct arb_level bids[TRUTH_BOOK_LEVELS], asks[TRUTH_BOOK_LEVELS];
    uint32_t n_bids, n_asks;
    int64_t published_ns;
};

/* A divergence that may be open now. */
struct gap {
    int64_t open_ns; /* 0: closed */
    int64_t peak_net_ppm;
};

struct pair {
    uint32_t instrument, buy, sell;
};

struct truth {
    struct truth_config config;
    struct top *tops; /* by instrument, then venue */
    struct gap *gaps; /* by instrument, then buy, then sell */
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

int truth_create(struct truth **out, const struct truth_config *config, struct err *err)
{
    struct truth *const truth = calloc(1, sizeof(*truth));
    const size_t n = (size_t)config->instruments->n * config->n_venues;

    if (truth == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory for the ground truth");
    }
    truth->config = *config;
    truth->tops = calloc(n, sizeof(*truth->tops));
    truth->gaps = calloc(n * config->n_venues, sizeof(*truth->gaps));
    if (truth->tops == NULL || truth->gaps == NULL) {
        truth_destroy(truth);
        return err_set(err, ARB_ENOMEM, "no memory for the ground truth");
    }
    if (config->out != NULL) {
        (void)fprintf(config->out,
                      "{\"kind\":\"run\",\"simulated\":true,\"seed\":%llu,\"start_ns\":%lld}\n",
                      (unsigned long long)config->seed, (long long)config->start_ns);
    }
    *out = truth;
    return ARB_OK;
}

void truth_destroy(struct truth *truth)
{
    if (truth != NULL) {
        free(truth->tops);
        free(truth->gaps);
        free(truth);
    }
}

/* What buying at the one and selling at the other leaves, in ppm of the buying price; <= 0:
 * nothing. */
static bool net_gain(const struct truth *truth, struct pair pair, int64_t *net_ppm)
{
    const struct top *const sell = top_of(truth, pair.sell, pair.instrument);
    const struct top *const buy = top_of(truth, pair.buy, pair.instrument);

    if (sell->n_bids == 0 || buy->n_asks == 0) {
        return false;
    }
    const wide earned = (wide)sell->bids[0].px * (PPM - truth->config.fees_ppm[pair.sell]);
    const wide paid = (wide)buy->asks[0].px * (PPM + truth->config.fees_ppm[pair.buy]);
    *net_ppm = (int64_t)((earned - paid) / buy->asks[0].px);
    return earned > paid;
}

static void write_gap(const struct truth *truth, struct pair pair, const struct gap *gap,
                      int64_t close_ns, bool at_exit)
{
    if (truth->config.out == NULL) {
        return;
    }
    /* Errors stick to the stream and are reported by truth_finish(). */
    (void)fprintf(truth->config.out,
                  "{\"kind\":\"divergence\",\"symbol\":\"%s\",\"buy\":\"%s\",\"sell\":\"%s\","
                  "\"open_ns\":%lld,\"close_ns\":%lld,\"peak_net_ppm\":%lld%s}\n",
                  truth->config.instruments->items[pair.instrument].symbol,
                  truth->config.venues[pair.buy], truth->config.venues[pair.sell],
                  (long long)gap->open_ns, (long long)close_ns, (long long)gap->peak_net_ppm,
                  at_exit ? ",\"open_at_exit\":true" : "");
    (void)fflush(truth->config.out);
}

static void update_gap(struct truth *truth, struct pair pair, int64_t now_ns)
{
    struct gap *const gap = gap_of(truth, pair);
    int64_t net_ppm = 0;
    const bool is_open = net_gain(truth, pair, &net_ppm);

    if (is_open && gap->open_ns == 0) {
        *gap = (struct gap){ .open_ns = now_ns, .peak_net_ppm = net_ppm };
        truth->n_opened++;
    } else if (is_open && net_ppm > gap->peak_net_ppm) {
        gap->peak_net_ppm = net_ppm;
    } else if (!is_open && gap->open_ns != 0) {
        write_gap(truth, pair, gap, now_ns, false);
        *gap = (struct gap){ 0 };
    }
}

static uint32_t copy_top(struct arb_level *to, const struct ladder *from)
{
    const uint32_t n = from->n < TRUTH_BOOK_LEVELS ? from->n : TRUTH_BOOK_LEVELS;
    memcpy(to, from->levels, n * sizeof(*to));
    return n;
}

void truth_on_book(struct truth *truth, uint32_t venue, uint32_t instrument,
                   const struct sim_book *book, int64_t now_ns)
{
    struct top *const top = top_of(truth, venue, instrument);

    top->n_bids = copy_top(top->bids, &book->bids);
    top->n_asks = copy_top(top->asks, &book->asks);
    top->published_ns = now_ns;
    for (uint32_t other = 0; other < truth->config.n_venues; other++) {
        if (other != venue) {
            update_gap(truth, (struct pair){ instrument, venue, other }, now_ns);
            update_gap(truth, (struct pair){ instrument, other, venue }, now_ns);
        }
    }
}

static void write_levels(FILE *out, const struct sim_instrument *instrument,
                         const struct arb_level *levels, uint32_t n)
{
    char px[ARB_DECIMAL_TEXT_MAX], qty[ARB_DECIMAL_TEXT_MAX];

    for (uint32_t i = 0; i < n; i++) {
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
            struct gap *const gap = gap_of(truth, pair);
            if (gap->open_ns != 0) {
                write_gap(truth, pair, gap, now_ns, true);
                *gap = (struct gap){ 0 };
            }
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
