#include "cmd/survivals.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "arbspot/text.h"
#include "cmd/table.h"
#include "util/clock.h"
#include "util/harmless.h"
#include "util/json_text.h"

enum { PPM = 1000000, TABLE_MAX = 1 << 18 };

/* -- counting -----------------------------------------------------------------------------------
 */

static void put_path(const struct opportunity *o, char path[SURVIVALS_PATH_MAX])
{
    struct arb_text text = arb_text_over(path, SURVIVALS_PATH_MAX);

    for (uint32_t i = 0; i < o->terms.n_legs; i++) {
        arb_text_add(&text, "%s%s", i == 0 ? "" : " > ", o->legs[i].venue);
    }
}

/* Latency comes last. */
static int compare(const struct survivals_row *a, const struct survivals_row *b)
{
    const int by_strategy = strcmp(a->strategy, b->strategy);
    const int by_path = by_strategy != 0 ? by_strategy : strcmp(a->path, b->path);
    const int64_t a_ns = a->delay_ns == 0 ? INT64_MAX : a->delay_ns;
    const int64_t b_ns = b->delay_ns == 0 ? INT64_MAX : b->delay_ns;

    return by_path != 0 ? by_path : (a_ns > b_ns) - (a_ns < b_ns);
}

/* The row that is like `key`, made where it belongs; NULL: there is no room. */
static struct survivals_row *row_of(struct survivals *survivals, const struct survivals_row *key)
{
    uint32_t i = 0;

    while (i < survivals->n && compare(&survivals->rows[i], key) < 0) {
        i++;
    }
    struct survivals_row *const row = &survivals->rows[i];
    if (i < survivals->n && compare(row, key) == 0) {
        return row;
    }
    if (survivals->n == SURVIVALS_ROWS_MAX) {
        return NULL;
    }
    memmove(row + 1, row, (survivals->n - i) * sizeof(*row));
    survivals->n++;
    *row = *key;
    return row;
}

/* What is worth less than nothing is nothing, and what got better is all. */
static uint64_t share_ppm(int64_t net, int64_t of_net)
{
    if (net <= 0 || of_net <= 0) {
        return 0;
    }
    return net >= of_net ? PPM : (uint64_t)((opportunity_wide)net * PPM / of_net);
}

void survivals_add(struct survivals *survivals, const struct opportunity *o)
{
    struct survivals_row key = { .delay_ns = o->rest.is_latency ? 0 : o->rest.delay_ns };

    memcpy(key.strategy, o->strategy, sizeof(key.strategy));
    put_path(o, key.path);
    struct survivals_row *const row = row_of(survivals, &key);
    if (row == NULL) {
        survivals->n_left_out++;
        return;
    }
    row->n++;
    row->delays_ns += o->rest.is_latency ? o->rest.delay_ns : 0;
    if (o->rest.is_known) {
        row->n_known++;
        row->n_paying += o->rest.net > 0;
        row->shares_ppm += share_ppm(o->rest.net, o->terms.net);
    }
}

/* -- printing ------------------------------------------------------------------------------------
 */

/* In tenths of a percent, rounded to the nearest. */
static uint64_t per_mille(uint64_t part, uint64_t whole)
{
    return whole == 0 ? 0 : (part * 1000 + whole / 2) / whole;
}

static int64_t delay_of(const struct survivals_row *row)
{
    return row->delay_ns > 0 ? row->delay_ns : (int64_t)(row->delays_ns / (int64_t)row->n);
}

/* Names are others'; a tab or a line end in one would make a cell or a row. */
static void add_name(struct arb_text *text, const char *name)
{
    char shown[SURVIVALS_PATH_MAX];

    (void)snprintf(shown, sizeof(shown), "%s", name); /* fits by its size */
    shown[harmless_make(shown, strlen(shown))] = '\0';
    arb_text_add(text, "%s\t", shown);
}

static void add_row(struct arb_text *text, const struct survivals_row *row)
{
    const int64_t delay_us = delay_of(row) / 1000;
    const uint64_t paying = per_mille(row->n_paying, row->n_known);
    const uint64_t kept = per_mille(row->shares_ppm / 1000, row->n_known * (PPM / 1000));

    add_name(text, row->strategy);
    add_name(text, row->path);
    arb_text_add(text, "%" PRId64 ".%" PRId64 " ms%s\t%" PRIu64 "\t%" PRIu64, delay_us / 1000,
                 delay_us % 1000 / 100, row->delay_ns == 0 ? " (latency)" : "", row->n,
                 row->n_known);
    if (row->n_known == 0) {
        arb_text_add(text, "\t-\t-\n");
    } else {
        arb_text_add(text, "\t%" PRIu64 ".%" PRIu64 " %%\t%" PRIu64 ".%" PRIu64 " %%\n",
                     paying / 10, paying % 10, kept / 10, kept % 10);
    }
}

void survivals_print(const struct survivals *survivals, FILE *out)
{
    char *const buffer = malloc(TABLE_MAX);

    if (buffer == NULL) {
        (void)fputs("no memory for the table\n", out);
        return;
    }
    struct arb_text text = arb_text_over(buffer, TABLE_MAX);
    arb_text_add(&text, "STRATEGY\tVENUES\tAFTER\tOPENED\tKNOWN\tSTILL PAYS\tOF ITS NET\n");
    for (uint32_t i = 0; i < survivals->n; i++) {
        add_row(&text, &survivals->rows[i]);
    }
    table_print(buffer, out);
    if (survivals->n_left_out > 0) {
        (void)fprintf(out, "left out for want of room: %" PRIu64 "\n", survivals->n_left_out);
    }
    free(buffer);
}

void survivals_print_json(const struct survivals *survivals, FILE *out)
{
    (void)fputc('[', out);
    for (uint32_t i = 0; i < survivals->n; i++) {
        const struct survivals_row *const row = &survivals->rows[i];
        char strategy[JSON_TEXT_GROWTH * sizeof(row->strategy) + 1];
        char path[JSON_TEXT_GROWTH * sizeof(row->path) + 1];
        *json_text_write(strategy, (struct arb_bytes){ row->strategy, strlen(row->strategy) }) =
            '\0';
        *json_text_write(path, (struct arb_bytes){ row->path, strlen(row->path) }) = '\0';
        (void)fprintf(out, "%s{\"strategy\":\"%s\",\"venues\":\"%s\",\"latency\":%s,",
                      i == 0 ? "" : ",\n ", strategy, path, row->delay_ns == 0 ? "true" : "false");
        (void)fprintf(out,
                      "\"delay_ns\":%" PRId64 ",\"n\":%" PRIu64 ",\"known\":%" PRIu64
                      ",\"paying\":%" PRIu64 ",\"kept_ppm\":%" PRIu64 "}",
                      delay_of(row), row->n, row->n_known, row->n_paying,
                      row->n_known == 0 ? 0 : row->shares_ppm / row->n_known);
    }
    (void)fputs("]\n", out);
}
