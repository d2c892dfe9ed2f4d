/* Opportunities, and what was left of them later. */
#include <stdio.h>
#include <string.h>

#include "arbspot/text.h"
#include "top/pane.h"
#include "top/route.h"
#include "top/words.h"
#include "util/fnv.h"

static enum page_style put(char *out, const char *text, enum page_style style)
{
    (void)snprintf(out, LISTING_CELL_MAX, "%s", text); /* cut it is still the beginning */
    return style;
}

/* -- opportunities ------------------------------------------------------------------------------
 */

enum {
    F_EVENT,
    F_SYMBOL,
    F_ROUTE,
    F_LIFE,
    F_BPS,
    F_QTY,
    F_REASON,
    F_NET,
    F_CURRENCY,
    F_PEAK,
    F_GROSS,
    F_PROVEN,
    F_FLAGS,
    F_STRATEGY,
    F_AGO,
};
enum { F_BY_BPS = 1, F_BY_LIFE };

static const struct listing_column find_columns[] = {
    [F_EVENT] = { "FOUND", .width = 6 },
    [F_SYMBOL] = { "SYMBOL", .width = 8, .width_max = 16 },
    [F_ROUTE] = { "BUY>SELL", .width = 16, .width_max = 32 },
    [F_LIFE] = { "LIFE", .width = 7, .is_right = true },
    [F_BPS] = { "NET BP", .width = 7, .is_right = true },
    [F_QTY] = { "SIZE", .width = 10, .rank = 1, .is_right = true },
    [F_REASON] = { "REASON", .width = 9, .rank = 1 },
    [F_NET] = { "NET", .width = 10, .rank = 3, .is_right = true },
    [F_CURRENCY] = { "", .width = 4, .width_max = 8, .rank = 3 },
    [F_PEAK] = { "PEAK BP", .width = 7, .rank = 4, .is_right = true },
    [F_GROSS] = { "GROSS BP", .width = 8, .rank = 6, .is_right = true },
    [F_PROVEN] = { "PROVEN NET", .width = 10, .rank = 5, .is_right = true },
    [F_FLAGS] = { "FLAGS", .width = 6, .rank = 2, .width_max = 15 },
    [F_STRATEGY] = { "STRATEGY", .width = 8, .width_max = 20, .rank = 7 },
    [F_AGO] = { "OPENED", .width = 8, .rank = 6 },
};

static const struct view_opportunity_row *find_at(const struct pane_input *input, uint32_t i)
{
    return &input->snapshot->finds[i];
}

static int64_t life_ns(const struct view_opportunity_row *find, struct moment now)
{
    if (find->closed_ms != 0) {
        return find->lasted_ns;
    }
    return find->opened_ms == 0 ? -1 : now.utc_ns - find->opened_ms * NS_PER_MS;
}

static enum page_style find_words(const struct view_opportunity_row *find, unsigned column,
                                  char *out)
{
    const struct opportunity *const last = &find->last;
    const bool is_open = find->closed_ms == 0;

    switch (column) {
    case F_EVENT:
        return put(out, is_open ? "open" : "closed", is_open ? PAGE_GOOD : PAGE_DIM);
    case F_SYMBOL:
        return put(out, opportunity_symbol(last), PAGE_STRONG);
    case F_ROUTE:
        route_write(last, out, LISTING_CELL_MAX);
        return PAGE_PLAIN;
    case F_REASON:
        return put(out, is_open ? "" : close_reason_name(last->terms.reason), PAGE_PLAIN);
    case F_CURRENCY:
        return put(out, opportunity_currency(last), PAGE_DIM);
    case F_STRATEGY:
        return put(out, last->strategy, PAGE_DIM);
    default:
        route_write_flags(last, out, LISTING_CELL_MAX);
        return PAGE_WARN;
    }
}

static enum page_style find_figure(const struct view_opportunity_row *find, struct moment now,
                                   unsigned column, char *out)
{
    const struct arb_opportunity *const terms = &find->last.terms;
    const unsigned scale = opportunity_scale(&find->last);
    const int64_t life = life_ns(find, now);

    switch (column) {
    case F_LIFE:
        (void)(life < 0 ? strcpy(out, "?") : words_lag(life, out));
        break;
    case F_BPS:
        (void)words_bps(terms->net_ppm, out);
        return PAGE_STRONG;
    case F_QTY:
        (void)words_decimal(terms->legs[0].qty, find->last.legs[0].info.qty_scale, out);
        break;
    case F_NET:
        (void)words_decimal(terms->net, scale, out);
        break;
    case F_PEAK:
        (void)words_bps(find->peak_net_ppm, out);
        break;
    case F_GROSS:
        (void)words_bps(terms->gross_ppm, out);
        return PAGE_DIM;
    case F_PROVEN:
        (void)words_decimal(terms->proven_net, scale, out);
        break;
    default:
        (void)(find->opened_ms == 0 ? strcpy(out, "before")
                                    : words_time(find->opened_ms * NS_PER_MS, out));
        return PAGE_DIM;
    }
    return PAGE_PLAIN;
}

static enum page_style find_cell(const void *context, uint32_t row, unsigned column, char *out)
{
    const struct pane_rows *const rows = context;
    const struct view_opportunity_row *const find = find_at(rows->input, rows->at[row]);

    switch (column) {
    case F_EVENT:
    case F_SYMBOL:
    case F_ROUTE:
    case F_REASON:
    case F_CURRENCY:
    case F_STRATEGY:
    case F_FLAGS:
        return find_words(find, column, out);
    default:
        return find_figure(find, rows->input->now, column, out);
    }
}

static uint32_t n_finds(const struct pane_input *input)
{
    return input->snapshot->n_finds;
}

static uint64_t find_id(const struct pane_input *input, uint32_t i)
{
    const struct opportunity *const last = &find_at(input, i)->last;

    return fnv_of(last->strategy) + last->session * 31 + last->terms.id * 1000003;
}

static void find_find(const struct pane_input *input, uint32_t i, char *out)
{
    const struct opportunity *const last = &find_at(input, i)->last;
    char route[ROUTE_MAX];

    route_write(last, route, sizeof(route));
    (void)snprintf(out, PANE_FIND_MAX, "%s\n%s\n%s", opportunity_symbol(last), route,
                   last->strategy);
}

static int64_t find_key(const struct pane_input *input, uint32_t i, unsigned sort)
{
    const struct view_opportunity_row *const find = find_at(input, i);
    const int64_t value = sort == F_BY_BPS ? find->last.terms.net_ppm : life_ns(find, input->now);

    return value == INT64_MIN ? INT64_MAX : -value;
}

static const char *const find_sorts[] = { "open ones and the newest first", "most net first",
                                          "longest life first", NULL };

const struct pane pane_finds = {
    .columns = find_columns,
    .n_columns = sizeof(find_columns) / sizeof(*find_columns),
    .cell = find_cell,
    .empty = "no opportunity so far",
    .sorts = find_sorts,
    .n = n_finds,
    .id = find_id,
    .find_text = find_find,
    .sort_key = find_key,
};

/* -- survival -----------------------------------------------------------------------------------
 */

/* What was left after each delay, one delay a column. */
enum { S_PAIR, S_N, S_LEFT };

static const struct listing_column survival_columns[] = {
    [S_PAIR] = { "SURVIVAL", .width = 16, .width_max = 40 },
    [S_N] = { "N", .width = 4, .is_right = true },
    [S_LEFT] = { "% OF THE NET LEFT AFTER MS (L: LATENCY)", .fills = true },
};

static const struct view_survival_row *survival_at(const struct pane_input *input, uint32_t i)
{
    return &input->snapshot->survivals[i];
}

/* "10:93 100:41 L3:99": 10 ms after it opened 93 % of the net was left. */
static void write_points(const struct view_survival_row *row, char *out)
{
    struct arb_text text = arb_text_over(out, LISTING_CELL_MAX);
    char left[WORDS_MAX];

    for (uint32_t i = 0; i < row->n_points && i < VIEW_DELAYS_MAX; i++) {
        const struct view_survival_point *const point = &row->points[i];
        arb_text_add(&text, "%s%s%lld:%s", i == 0 ? "" : " ", point->is_latency ? "L" : "",
                     (long long)(point->delay_ns / NS_PER_MS),
                     point->n == 0 ? "?" : words_percent(point->left_ppm, left));
    }
}

static enum page_style survival_cell(const void *context, uint32_t row, unsigned column, char *out)
{
    const struct pane_rows *const rows = context;
    const struct view_survival_row *const survival = survival_at(rows->input, rows->at[row]);

    switch (column) {
    case S_PAIR:
        (void)snprintf(out, LISTING_CELL_MAX, "%s>%s", survival->buy, survival->sell);
        return PAGE_STRONG;
    case S_N:
        (void)words_count(survival->n, out);
        return PAGE_PLAIN;
    default:
        write_points(survival, out);
        return PAGE_PLAIN;
    }
}

static uint32_t n_survivals(const struct pane_input *input)
{
    return input->snapshot->n_survivals;
}

static uint64_t survival_id(const struct pane_input *input, uint32_t i)
{
    const struct view_survival_row *const row = survival_at(input, i);

    return fnv_of(row->strategy) * 31 + fnv_of(row->buy) * 7 + fnv_of(row->sell);
}

static int64_t survival_key(const struct pane_input *input, uint32_t i, unsigned sort)
{
    (void)sort;
    return -(int64_t)(survival_at(input, i)->n & INT64_MAX);
}

static const char *const survival_sorts[] = { "as they came", "most opportunities first", NULL };

const struct pane pane_survival = {
    .columns = survival_columns,
    .n_columns = sizeof(survival_columns) / sizeof(*survival_columns),
    .cell = survival_cell,
    .empty = "nothing is known of survival so far",
    .sorts = survival_sorts,
    .n = n_survivals,
    .id = survival_id,
    .sort_key = survival_key,
};
