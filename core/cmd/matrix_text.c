#include "cmd/matrix_text.h"

#include <string.h>

#include "arbspot/text.h"
#include "book/event.h"
#include "cmd/table.h"
#include "util/digits.h"
#include "util/harmless.h"
#include "wire/opportunity_text.h"

enum {
    TABLE_MAX = 8192,
    NAME = 8, /* columns for a venue's name, */
    EDGE = 8, /* and for what a pair earns, behind a blank */
    CELL_MAX = DIGITS_DECIMAL_MAX + 2,
    BPS_SCALE = 2,
    TENTHS = 1,
    NS_PER_TENTH_MS = 100000,
};

/* -- which there are ----------------------------------------------------------------------------
 */

static int compare(const struct matrix *a, const struct matrix *b)
{
    const int by_symbol = strcmp(a->info.symbol, b->info.symbol);
    return by_symbol != 0 ? by_symbol : strcmp(a->strategy, b->strategy);
}

const struct matrix *matrix_latest_put(struct matrix_latest *latest, const struct matrix *matrix)
{
    uint32_t i = 0;

    while (i < latest->n && compare(&latest->matrices[i], matrix) < 0) {
        i++;
    }
    struct matrix *const at = &latest->matrices[i];
    if (i == latest->n || compare(at, matrix) != 0) {
        if (latest->n == MATRIX_LATEST_MAX) {
            latest->n_left_out++;
            return NULL;
        }
        memmove(at + 1, at, (latest->n - i) * sizeof(*at));
        latest->n++;
    }
    *at = *matrix;
    return at;
}

static uint32_t count_of(const struct matrix_latest *latest, uint64_t session)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < latest->n; i++) {
        n += latest->matrices[i].session == session;
    }
    return n;
}

bool matrix_latest_is_whole(const struct matrix_latest *latest)
{
    for (uint32_t i = 0; i < latest->n; i++) {
        if (count_of(latest, latest->matrices[i].session) < latest->matrices[i].n_instruments) {
            return false;
        }
    }
    return latest->n > 0;
}

bool matrix_latest_has(const struct matrix_latest *latest, const char *symbol)
{
    for (uint32_t i = 0; i < latest->n; i++) {
        if (strcmp(latest->matrices[i].info.symbol, symbol) == 0) {
            return true;
        }
    }
    return false;
}

/* -- what they look like ------------------------------------------------------------------------
 */

/* A plus sign is seen without colours, too; what is too wide loses its fraction. */
static void add_edge(struct arb_text *line, const struct matrix_edge *edge)
{
    char cell[CELL_MAX] = "+";
    char *const at = edge->is_known && edge->net_ppm > 0 ? cell + 1 : cell;

    if (!edge->is_known) {
        arb_text_add(line, " %*s", EDGE, ".");
        return;
    }
    (void)digits_text(edge->net_ppm, BPS_SCALE, BPS_SCALE, at);
    if (strlen(cell) > EDGE) {
        *strchr(cell, '.') = '\0';
    }
    arb_text_add(line, " %*s", EDGE, strlen(cell) > EDGE ? "large" : cell);
}

static void print_edges(const struct matrix *matrix, FILE *out)
{
    char text[HARMLESS_LINE_MAX];
    struct arb_text line = arb_text_over(text, sizeof(text));

    arb_text_add(&line, "%-*s", NAME, "buy\\sell");
    for (uint32_t i = 0; i < matrix->n_venues; i++) {
        arb_text_add(&line, " %*.*s", EDGE, EDGE, matrix->venues[i].name);
    }
    harmless_line(out, "%s", text);
    for (uint32_t buy = 0; buy < matrix->n_venues; buy++) {
        line = arb_text_over(text, sizeof(text));
        arb_text_add(&line, "%-*.*s", NAME, NAME, matrix->venues[buy].name);
        for (uint32_t sell = 0; sell < matrix->n_venues; sell++) {
            const struct matrix_edge edge = matrix_edge(matrix, buy, sell);
            add_edge(&line, &edge);
        }
        harmless_line(out, "%s", text);
    }
}

/* The first thing that keeps one from trading there. */
static const char *standing_of(const struct matrix_venue *venue)
{
    return venue->state == ARB_BOOK_LIVE && venue->trading != ARB_TRADING_OPEN
               ? trading_name(venue->trading)
               : book_state_name(venue->state);
}

static const char *write_px(const struct matrix *matrix, int64_t px, char cell[CELL_MAX])
{
    return px <= 0 ? "-" : digits_text(px, matrix->info.px_scale, ARB_DIGITS_UNKNOWN, cell);
}

static void print_venues(const struct matrix *matrix, FILE *out)
{
    char buffer[TABLE_MAX], bid[CELL_MAX], ask[CELL_MAX], age[CELL_MAX], fee[CELL_MAX];
    struct arb_text text = arb_text_over(buffer, sizeof(buffer));

    arb_text_add(&text, "VENUE\tBOOK\tPROOF\tBID\tASK\tALIVE ms\tFEE bps\n");
    for (uint32_t i = 0; i < matrix->n_venues; i++) {
        const struct matrix_venue *const venue = &matrix->venues[i];
        arb_text_add(&text, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", venue->name, standing_of(venue),
                     verified_name(venue->verified), write_px(matrix, venue->bid.px, bid),
                     write_px(matrix, venue->ask.px, ask),
                     venue->age_ns < 0
                         ? "-"
                         : digits_text(venue->age_ns / NS_PER_TENTH_MS, TENTHS, TENTHS, age),
                     digits_text(venue->fee_ppm, BPS_SCALE, BPS_SCALE, fee));
    }
    table_print(buffer, out);
}

void matrix_print(const struct matrix *matrix, FILE *out)
{
    char time[OPPORTUNITY_TIME_MAX];

    opportunity_text_time(matrix->made_ns, time);
    harmless_line(out, "%s  net in bps, by %s at %s UTC", matrix->info.symbol, matrix->strategy,
                  time);
    print_edges(matrix, out);
    print_venues(matrix, out);
}
