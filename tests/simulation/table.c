#include "table.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "util/clock.h"

enum { SAMPLES_MAX = 4096 };

struct samples {
    uint32_t n;
    int64_t ns[SAMPLES_MAX];
};

struct row {
    uint32_t kind; /* enum fault_kind; others, that only helped, are left out */
    uint64_t n;    /* books hit */
    struct samples stale, healed;
};

struct feed_name {
    uint32_t feeds; /* bits of enum fault_feed */
    const char *name;
};

static const struct feed_name feed_names[] = {
    { FAULT_AT_KRAKEN, "kraken" },
    { FAULT_AT_ORDER_BOOK, "bitstamp order_book" },
    { FAULT_AT_ORDERS, "bitstamp orders" },
    { FAULT_AT_DIFF, "bitstamp diff, no cross-check" },
    { SIMULATION_CHECKED_DIFF, "bitstamp diff" },
};
enum { N_FEED_NAMES = sizeof(feed_names) / sizeof(feed_names[0]) };

static void add_sample(struct samples *samples, int64_t ns)
{
    if (ns >= 0 && samples->n < SAMPLES_MAX) {
        samples->ns[samples->n++] = ns;
    }
}

static void note(void *context, const struct reaction *reaction)
{
    struct row *const row = context;

    if (reaction->kind == row->kind) {
        row->n++;
        add_sample(&row->stale, reaction->stale_ns);
        add_sample(&row->healed, reaction->healed_ns);
    }
}

static int by_size(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void print_samples(struct samples *samples)
{
    if (samples->n == 0) {
        (void)printf(" | |");
        return;
    }
    qsort(samples->ns, samples->n, sizeof(samples->ns[0]), by_size);
    (void)printf(" %.0f | %.0f |", (double)samples->ns[samples->n / 2] / 1e6,
                 (double)samples->ns[samples->n - 1] / 1e6);
}

static void print_row(struct row *row, const char *feed)
{
    (void)printf("| %s | %s | %" PRIu64 " | %u |", fault_infos[row->kind].name, feed, row->n,
                 row->stale.n);
    print_samples(&row->stale);
    print_samples(&row->healed);
    (void)putchar('\n');
}

static int measure(struct scenario_options *options, struct row *row, uint64_t scenarios,
                   struct totals *totals, struct err *err)
{
    const uint64_t first = options->seed;
    int rc = ARB_OK;

    *row = (struct row){ .kind = options->only_fault };
    options->reaction = note;
    options->context = row;
    for (uint64_t i = 0; i < scenarios && rc == ARB_OK; i++) {
        options->seed = first + i;
        rc = scenario_run(options, totals, err);
    }
    options->seed = first;
    return rc;
}

int table_print(const struct scenario_options *given, uint64_t scenarios_each,
                struct totals *totals, struct err *err)
{
    struct scenario_options options = *given;
    struct row *const row = malloc(sizeof(*row));
    int rc = row == NULL ? err_set(err, ARB_ENOMEM, "no memory for a table") : ARB_OK;

    (void)printf("| fault | feed | books hit | of these left LIVE | after ms, p50 | max "
                 "| LIVE again after ms, p50 | max |\n"
                 "|---|---|---|---|---|---|---|---|\n");
    for (uint32_t kind = 1; kind < N_FAULTS_OF_FRAMES; kind++) {
        for (uint32_t i = 0; i < N_FEED_NAMES && rc == ARB_OK; i++) {
            if ((fault_infos[kind].where & feed_names[i].feeds) != 0) {
                options.only_fault = kind;
                options.only_feeds = feed_names[i].feeds;
                rc = measure(&options, row, scenarios_each, totals, err);
                if (row->n > 0) {
                    print_row(row, feed_names[i].name);
                }
            }
        }
    }
    free(row);
    return rc;
}
