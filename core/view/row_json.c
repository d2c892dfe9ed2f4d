#include "view/row_json.h"

#include <string.h>

#include "util/clock.h"
#include "wire/opportunity_fields.h"

const char *view_broker_name(uint32_t state)
{
    return state == VIEW_BROKER_UP ? "up" : state == VIEW_BROKER_DOWN ? "down" : "unknown";
}

const char *view_venue_state_name(uint32_t state)
{
    static const char *const names[] = { [VIEW_VENUE_UNHEARD] = "unheard",
                                         [VIEW_VENUE_SILENT] = "silent",
                                         [VIEW_VENUE_PARTLY] = "partly",
                                         [VIEW_VENUE_LIVE] = "live" };
    return names[state];
}

const char *view_severity_name(uint32_t severity)
{
    return severity == VIEW_ERROR ? "error" : "warning";
}

bool view_edge(const struct view_matrix_row *row, uint32_t buy, uint32_t sell, int64_t *ppm)
{
    const struct matrix_edge edge = matrix_edge(&row->matrix, buy, sell);
    const uint32_t both = UINT32_C(1) << buy | UINT32_C(1) << sell;

    if (edge.is_known) {
        *ppm = (row->fees_known & both) == both ? edge.net_ppm : edge.gross_ppm;
    }
    return edge.is_known;
}

/* -- members ------------------------------------------------------------------------------------
 */

/* null where there is none. */
static char *put_time(char *at, const char *member, int64_t utc_ms)
{
    return utc_ms == 0 ? put_text(put_text(at, member), "null") : put_i64(at, member, utc_ms);
}

/* A span as a number of milliseconds, with as many digits as it needs, to the microsecond. */
static char *put_span(char *at, const char *member, int64_t ns)
{
    return digits_write_signed(put_text(at, member), ns / NS_PER_AGE_UNIT, AGE_SCALE,
                               ARB_DIGITS_UNKNOWN);
}

static char *put_bool(char *at, const char *member, bool value)
{
    return put_text(put_text(at, member), value ? "true" : "false");
}

static char *put_level(char *at, const struct arb_level *level, unsigned px_scale,
                       unsigned qty_scale)
{
    at = put_decimal(at, "[", level->px, px_scale);
    at = put_decimal(at, ",", level->qty, qty_scale);
    return put_text(at, "]");
}

/* null where there is none. */
static char *put_best(char *at, const char *member, const struct arb_level *level,
                      const struct view_book_row *book)
{
    at = put_text(at, member);
    return level->px <= 0 ? put_text(at, "null")
                          : put_level(at, level, book->px_scale, book->qty_scale);
}

/* -- what is watched ----------------------------------------------------------------------------
 */

char *write_host(char *at, const void *any)
{
    const struct view_host_row *const row = any;

    at = put_member_string(at, "{\"name\":", row->name);
    at = put_member_string(at, ",\"version\":", row->version);
    at = put_member_string(at, ",\"mode\":", row->is_host ? "host" : "kafka");
    at = put_i64(at, ",\"started_ms\":", row->started_ms);
    at = put_member_string(at, ",\"broker\":{\"state\":", view_broker_name(row->broker));
    at = put_time(at, ",\"since_ms\":", row->broker_since_ms);
    at = put_member_string(at, ",\"text\":", row->broker_text);
    at = put_u64(at, "},\"n_books\":", row->n_books);
    at = put_u64(at, ",\"n_live\":", row->n_live);
    at = put_u64(at, ",\"events_per_s\":", row->events_per_s);
    at = put_u64(at, ",\"skipped\":", row->skipped);
    return put_text(at, "}");
}

char *write_trouble(char *at, const void *any)
{
    const struct view_trouble_row *const row = any;

    at = put_i64(at, "{\"since_ms\":", row->since_ms);
    at = put_member_string(at, ",\"severity\":", view_severity_name(row->severity));
    at = put_member_string(at, ",\"what\":", row->what);
    at = put_member_string(at, ",\"text\":", row->text);
    return put_text(at, "}");
}

static char *put_clock_of(char *at, struct arb_clock clock)
{
    if (!arb_clock_is_known(clock)) {
        return put_text(at, ",\"clock_offset_ms\":null,\"clock_error_ms\":null");
    }
    at = put_span(at, ",\"clock_offset_ms\":", clock.offset_ns);
    return put_span(at, ",\"clock_error_ms\":", clock.error_ns);
}

char *write_venue(char *at, const void *any)
{
    const struct view_venue_row *const row = any;

    at = put_member_string(at, "{\"name\":", row->name);
    at = put_member_string(at, ",\"state\":", view_venue_state_name(row->state));
    at = put_u64(at, ",\"n_books\":", row->n_books);
    at = put_u64(at, ",\"n_live\":", row->n_live);
    at = put_u64(at, ",\"events_per_s\":", row->events_per_s);
    at =
        row->has_lag ? put_span(at, ",\"lag_ms\":", row->lag_ns) : put_text(at, ",\"lag_ms\":null");
    at = put_clock_of(at, row->clock);
    at = put_time(at, ",\"alive_ms\":", row->alive_ms);
    at = put_hex(at, ",\"session\":", row->session);
    at = put_member_string(at, ",\"last_trouble\":", row->last_trouble);
    at = put_time(at, ",\"last_trouble_ms\":", row->last_trouble_ms);
    return put_text(at, "}");
}

/* -- books --------------------------------------------------------------------------------------
 */

char *write_book(char *at, const void *any)
{
    const struct view_book_row *const row = any;

    at = put_member_string(at, "{\"venue\":", row->venue);
    at = put_member_string(at, ",\"symbol\":", row->symbol);
    at = put_member_string(at, ",\"state\":", book_state_name(row->state));
    at = put_member_string(at, ",\"trading\":", trading_name(row->trading));
    at = put_member_string(at, ",\"verified\":", verified_name(row->verified));
    at = put_u64(at, ",\"verified_levels\":", row->verified_levels);
    at = put_best(at, ",\"bid\":", &row->bid, row);
    at = put_best(at, ",\"ask\":", &row->ask, row);
    at = put_u64(at, ",\"n_bids\":", row->n_bids);
    at = put_u64(at, ",\"n_asks\":", row->n_asks);
    at = put_time(at, ",\"changed_ms\":", row->changed_ms);
    at = put_member_string(at, ",\"reason\":", row->reason);
    at = put_hex(at, ",\"session\":", row->session);
    at = put_u64(at, ",\"seq\":", row->seq);
    at = put_u64(at, ",\"updates\":", row->updates);
    return put_text(at, "}");
}

static char *put_side(char *at, const char *member, const struct arb_level *levels, uint32_t n,
                      const struct view_book_row *book)
{
    at = put_text(at, member);
    for (uint32_t i = 0; i < n; i++) {
        at =
            put_level(put_text(at, i == 0 ? "" : ","), &levels[i], book->px_scale, book->qty_scale);
    }
    return put_text(at, "]");
}

char *write_ladder(char *at, const void *any)
{
    const struct view_ladder *const row = any;
    const struct view_book_row *const book = &row->book;

    at = put_member_string(at, "{\"venue\":", book->venue);
    at = put_member_string(at, ",\"symbol\":", book->symbol);
    at = put_member_string(at, ",\"state\":", book_state_name(book->state));
    at = put_side(at, ",\"bids\":[", row->bids, row->n_bids, book);
    at = put_side(at, ",\"asks\":[", row->asks, row->n_asks, book);
    at = put_u64(at, ",\"verified_levels\":", book->verified_levels);
    at = put_time(at, ",\"changed_ms\":", book->changed_ms);
    at = put_hex(at, ",\"session\":", book->session);
    at = put_u64(at, ",\"seq\":", book->seq);
    return put_text(at, "}");
}

static char *put_matrix_venue(char *at, const struct view_matrix_row *row, uint32_t i)
{
    const struct matrix_venue *const venue = &row->matrix.venues[i];
    const struct view_book_row scales = { .px_scale = row->matrix.info.px_scale,
                                          .qty_scale = row->matrix.info.qty_scale };

    at = put_member_string(at, "{\"name\":", venue->name);
    at = (row->fees_known >> i & 1) != 0 ? put_i64(at, ",\"fee_ppm\":", venue->fee_ppm)
                                         : put_text(at, ",\"fee_ppm\":null");
    at = put_member_string(at, ",\"state\":", book_state_name(venue->state));
    at = put_time(at, ",\"changed_ms\":", row->changed_ms[i]);
    at = put_best(at, ",\"bid\":", &venue->bid, &scales);
    at = put_best(at, ",\"ask\":", &venue->ask, &scales);
    return put_text(at, "}");
}

static char *put_edges(char *at, const struct view_matrix_row *row)
{
    int64_t ppm;

    at = put_text(at, ",\"net_ppm\":[");
    for (uint32_t buy = 0; buy < row->matrix.n_venues; buy++) {
        at = put_text(at, buy == 0 ? "[" : ",[");
        for (uint32_t sell = 0; sell < row->matrix.n_venues; sell++) {
            at = put_text(at, sell == 0 ? "" : ",");
            at = view_edge(row, buy, sell, &ppm) ? digits_write_i64(at, ppm) : put_text(at, "null");
        }
        at = put_text(at, "]");
    }
    return put_text(at, "]");
}

char *write_matrix(char *at, const void *any)
{
    const struct view_matrix_row *const row = any;
    const uint32_t all = (UINT32_C(1) << row->matrix.n_venues) - 1;

    at = put_member_string(at, "{\"symbol\":", row->matrix.info.symbol);
    at = put_member_string(at, ",\"quote\":", row->matrix.info.quote);
    at = put_text(at, ",\"venues\":[");
    for (uint32_t i = 0; i < row->matrix.n_venues; i++) {
        at = put_matrix_venue(put_text(at, i == 0 ? "" : ","), row, i);
    }
    at = put_edges(put_text(at, "]"), row);
    at = put_bool(at, ",\"fees_known\":", row->fees_known == all);
    return put_text(at, "}");
}

/* -- what was found -----------------------------------------------------------------------------
 */

static char *put_legs(char *at, const struct opportunity *o)
{
    at = put_text(at, ",\"legs\":[");
    for (uint32_t i = 0; i < o->terms.n_legs; i++) {
        const struct arb_leg *const terms = &o->terms.legs[i];
        const struct arb_instrument *const info = &o->legs[i].info;
        at = put_member_string(at, i == 0 ? "{\"venue\":" : ",{\"venue\":", o->legs[i].venue);
        at = put_member_string(at, ",\"symbol\":", info->symbol);
        at = put_member_string(at, ",\"side\":", side_name(terms->side));
        at = put_decimal(at, ",\"qty\":", terms->qty, info->qty_scale);
        at = put_decimal(at, ",\"limit_px\":", terms->limit_px, info->px_scale);
        at = put_text(at, "}");
    }
    return put_text(at, "]");
}

static char *put_curve(char *at, const struct arb_opportunity *terms, unsigned scale)
{
    static const int64_t unknown[ARB_CURVE_POINTS];

    if (memcmp(terms->curve, unknown, sizeof(unknown)) == 0) {
        return put_text(at, ",\"curve\":null");
    }
    at = put_text(at, ",\"curve\":");
    for (unsigned i = 0; i < ARB_CURVE_POINTS; i++) {
        at = put_decimal(at, i == 0 ? "[" : ",", terms->curve[i], scale);
    }
    return put_text(at, "]");
}

static char *put_money(char *at, const struct view_opportunity_row *row)
{
    const struct arb_opportunity *const terms = &row->last.terms;
    const unsigned scale = opportunity_scale(&row->last);

    at = put_decimal(at, ",\"cost\":", terms->cost, scale);
    at = put_decimal(at, ",\"gross\":", terms->gross, scale);
    at = put_decimal(at, ",\"net\":", terms->net, scale);
    at = put_member_string(at, ",\"currency\":", opportunity_currency(&row->last));
    at = put_i64(at, ",\"net_ppm\":", terms->net_ppm);
    at = put_i64(at, ",\"gross_ppm\":", terms->gross_ppm);
    at = put_i64(at, ",\"peak_net_ppm\":", row->peak_net_ppm);
    at = put_curve(at, terms, scale);
    return put_decimal(at, ",\"proven_net\":", terms->proven_net, scale);
}

static char *put_flags(char *at, uint32_t flags)
{
    const bool is_absurd = (flags & ARB_OPPORTUNITY_ABSURD) != 0;
    const bool is_transfer = (flags & ARB_OPPORTUNITY_TRANSFER) != 0;

    at = put_text(at, ",\"flags\":[");
    at = put_text(at, is_absurd ? "\"absurd\"" : "");
    at = put_text(at, is_absurd && is_transfer ? "," : "");
    at = put_text(at, is_transfer ? "\"transfer\"" : "");
    return put_text(at, "]");
}

static char *put_left(char *at, const struct view_opportunity_row *row)
{
    at = put_text(at, ",\"survival\":[");
    for (uint32_t i = 0; i < row->n_left; i++) {
        const struct view_left *const left = &row->left[i];
        at = put_span(at, i == 0 ? "{\"delay_ms\":" : ",{\"delay_ms\":", left->delay_ns);
        at = put_bool(at, ",\"latency\":", left->is_latency);
        at = left->is_known ? put_decimal(at, ",\"net\":", left->net, opportunity_scale(&row->last))
                            : put_text(at, ",\"net\":null");
        at = put_text(at, "}");
    }
    return put_text(at, "]");
}

static char *put_name_or_null(char *at, const char *member, const char *name)
{
    return name == NULL ? put_text(put_text(at, member), "null")
                        : put_member_string(at, member, name);
}

char *write_opportunity(char *at, const void *any)
{
    const struct view_opportunity_row *const row = any;
    const struct arb_opportunity *const terms = &row->last.terms;
    const bool is_closed = terms->event == ARB_OPPORTUNITY_CLOSE;

    at = put_member_string(at, "{\"strategy\":", row->last.strategy);
    at = put_member_string(at, ",\"event\":", opportunity_event_name(terms->event));
    at = put_name_or_null(at, ",\"reason\":", is_closed ? close_reason_name(terms->reason) : NULL);
    at = put_time(at, ",\"opened_ms\":", row->opened_ms);
    at = put_time(at, ",\"closed_ms\":", row->closed_ms);
    at = put_legs(at, &row->last);
    at = put_money(at, row);
    at = put_name_or_null(
        at, ",\"verified\":", terms->verified == 0 ? NULL : verified_name(terms->verified));
    at = put_flags(at, terms->flags);
    at = row->lasted_ns < 0 ? put_text(at, ",\"lasted_ms\":null")
                            : put_span(at, ",\"lasted_ms\":", row->lasted_ns);
    return put_text(put_left(at, row), "}");
}

char *write_survival(char *at, const void *any)
{
    const struct view_survival_row *const row = any;

    at = put_member_string(at, "{\"strategy\":", row->strategy);
    at = put_member_string(at, ",\"buy\":", row->buy);
    at = put_member_string(at, ",\"sell\":", row->sell);
    at = put_u64(at, ",\"n\":", row->n);
    at = put_text(at, ",\"points\":[");
    for (uint32_t i = 0; i < row->n_points; i++) {
        const struct view_survival_point *const point = &row->points[i];
        at = put_span(at, i == 0 ? "{\"delay_ms\":" : ",{\"delay_ms\":", point->delay_ns);
        at = put_bool(at, ",\"latency\":", point->is_latency);
        at = point->n == 0 ? put_text(at, ",\"left_ppm\":null")
                           : put_i64(at, ",\"left_ppm\":", point->left_ppm);
        at = put_u64(at, ",\"n\":", point->n);
        at = put_text(at, "}");
    }
    return put_text(at, "]}");
}
