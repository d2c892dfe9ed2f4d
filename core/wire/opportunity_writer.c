#include <string.h>

#include "wire/opportunity_fields.h"

char *put_leg_place(char *at, const struct opportunity_leg *leg, uint32_t side)
{
    at = put_member_string(at, "{\"venue\":", leg->venue);
    at = put_member_string(at, ",\"symbol\":", leg->info.symbol);
    at = put_member_string(at, ",\"side\":", side_name(side));
    at = put_text(at, ",\"scale\":[");
    at = put_scales(at, leg->info.px_scale, leg->info.qty_scale);
    return put_text(at, "]");
}

static char *put_identity(char *at, const struct opportunity *o)
{
    const struct arb_opportunity *const terms = &o->terms;

    at = put_text(at, "{\"v\":2,\"type\":\"opportunity\",\"event\":\"");
    at = put_text(at, opportunity_event_name(terms->event));
    *at++ = '"';
    if (terms->event == ARB_OPPORTUNITY_CLOSE) {
        at = put_member_string(at, ",\"reason\":", close_reason_name(terms->reason));
    }
    at = put_hex(at, ",\"id\":", terms->id);
    at = put_u64(at, ",\"seq\":", o->seq);
    at = put_hex(at, ",\"session\":", o->session);
    at = put_member_string(at, ",\"strategy\":", o->strategy);
    at = put_member_string(at, ",\"symbol\":", opportunity_symbol(o));
    return put_member_string(at, ",\"currency\":", opportunity_currency(o));
}

/* Nothing where the strategy does not say it. */
static char *put_curve(char *at, const struct arb_opportunity *terms, unsigned scale)
{
    static const int64_t unknown[ARB_CURVE_POINTS];

    if (memcmp(terms->curve, unknown, sizeof(unknown)) == 0) {
        return at;
    }
    at = put_decimal(at, ",\"curve\":[", terms->curve[0], scale);
    for (unsigned i = 1; i < ARB_CURVE_POINTS; i++) {
        at = put_decimal(at, ",", terms->curve[i], scale);
    }
    return put_text(at, "]");
}

static char *put_money(char *at, const struct opportunity *o)
{
    const struct arb_opportunity *const terms = &o->terms;
    const unsigned scale = opportunity_scale(o);

    if (terms->verified != 0) {
        at = put_member_string(at, ",\"verified\":", verified_name(terms->verified));
    }
    at = put_decimal(at, ",\"gross\":", terms->gross, scale);
    at = put_decimal(at, ",\"net\":", terms->net, scale);
    at = put_fixed(at, ",\"gross_bps\":", terms->gross_ppm, BPS_SCALE);
    at = put_fixed(at, ",\"net_bps\":", terms->net_ppm, BPS_SCALE);
    at = put_decimal(at, ",\"cost\":", terms->cost, scale);
    at = put_decimal(at, ",\"proceeds\":", terms->proceeds, scale);
    at = put_decimal(at, ",\"fees\":", terms->fees, scale);
    at = put_curve(at, terms, scale);
    if (terms->proven_qty > 0) {
        at = put_decimal(at, ",\"proven_qty\":", terms->proven_qty, o->legs[0].info.qty_scale);
        at = put_decimal(at, ",\"proven_net\":", terms->proven_net, scale);
    }
    if ((terms->flags & ARB_OPPORTUNITY_TRANSFER) != 0) {
        at = put_decimal(at, ",\"transfer_fee\":", terms->transfer_fee, o->legs[0].info.qty_scale);
        at = put_i64(at, ",\"transfer_ms\":", terms->transfer_ms);
    }
    return (terms->flags & ARB_OPPORTUNITY_ABSURD) != 0 ? put_text(at, ",\"absurd\":true") : at;
}

static char *put_order(char *at, const struct arb_instrument *info, const struct arb_leg *terms)
{
    at = put_member_string(at, ",\"symbol\":", info->symbol);
    at = put_member_string(at, ",\"side\":", side_name(terms->side));
    at = put_text(at, ",\"scale\":[");
    at = put_scales(at, info->px_scale, info->qty_scale);
    at = put_text(at, "]");
    at = put_decimal(at, ",\"qty\":", terms->qty, info->qty_scale);
    at = put_decimal(at, ",\"limit\":", terms->limit_px, info->px_scale);
    at = put_decimal(at, ",\"notional\":", terms->notional, info->px_scale);
    return put_decimal(at, ",\"fee\":", terms->fee, info->px_scale);
}

static char *put_book(char *at, const struct opportunity_leg *leg)
{
    at = put_u64(at, ",\"seq\":", leg->seq);
    at = put_hex(at, ",\"session\":", leg->session);
    at = put_i64(at, ",\"venue_ns\":", leg->venue_ns);
    at = put_i64(at, ",\"recv_ns\":", leg->recv_ns);
    at = put_fixed(at, ",\"age_ms\":", leg->age_ns / NS_PER_AGE_UNIT, AGE_SCALE);
    if (arb_clock_is_known(leg->clock)) {
        at = put_clock(at, leg->clock);
        at = put_fixed(at, ",\"venue_age_ms\":", leg->venue_age_ns / NS_PER_AGE_UNIT, AGE_SCALE);
    }
    if (leg->verified != 0) {
        at = put_member_string(at, ",\"verified\":", verified_name(leg->verified));
        at = put_u64(at, ",\"levels\":", leg->n_levels);
    }
    if (leg->verified_levels != 0) {
        at = put_u64(at, ",\"verified_levels\":", leg->verified_levels);
    }
    return at;
}

/* In front of the money, which a reader cannot tell without the scales of the first. */
static char *put_legs(char *at, const struct opportunity *o)
{
    at = put_text(at, ",\"legs\":[");
    for (uint32_t i = 0; i < o->terms.n_legs; i++) {
        at = put_member_string(at, i == 0 ? "{\"venue\":" : ",{\"venue\":", o->legs[i].venue);
        at = put_order(at, &o->legs[i].info, &o->terms.legs[i]);
        at = put_book(at, &o->legs[i]);
        *at++ = '}';
    }
    *at++ = ']';
    return at;
}

static char *put_life(char *at, const struct opportunity *o)
{
    const struct opportunity_life *const life = &o->life;

    if (o->terms.event != ARB_OPPORTUNITY_CLOSE || !life->is_known) {
        return at;
    }
    at = put_fixed(at, ",\"duration_ms\":", life->duration_ns / NS_PER_AGE_UNIT, AGE_SCALE);
    at = put_decimal(at, ",\"peak_net\":", life->peak_net, opportunity_scale(o));
    return put_decimal(at, ",\"mean_qty\":", life->mean_qty, o->legs[0].info.qty_scale);
}

size_t wire_write_opportunity(const struct opportunity *o, int64_t pub_ns, char *out)
{
    char *at = put_identity(out, o);

    at = put_legs(at, o);
    at = put_money(at, o);
    at = put_life(at, o);
    at = put_i64(at, ",\"detect_ns\":", o->detect_ns);
    at = put_fixed(at, ",\"latency_us\":", o->latency_ns / NS_PER_LATENCY_UNIT, LATENCY_SCALE);
    at = put_i64(at, ",\"pub_ns\":", pub_ns);
    *at++ = '}';
    return (size_t)(at - out);
}
