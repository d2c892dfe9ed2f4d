#include <stddef.h>
#include <string.h>

#include "wire/opportunity_fields.h"

enum { BUY = 0, SELL = 1 };

/* A leg and its limit, which in memory stands with the terms. */
struct leg {
    struct opportunity_leg leg; /* first, for the members of its book */
    int64_t limit_px;
};

static bool read_scales(struct arb_json *json, void *context, void *member)
{
    struct opportunity_reading *const reading = context;

    reading->has_scale = wire_read_scales(json, context, member);
    return reading->has_scale;
}

static bool read_qty(struct arb_json *json, void *context, void *member)
{
    const struct opportunity_reading *const reading = context;

    return reading->has_scale
               ? wire_read_signed(json, reading->out->legs[BUY].info.qty_scale, member)
               : arb_json_fail(json, ARB_EPROTO);
}

static const struct wire_field leg_fields[] = {
    { "venue", wire_read_name, offsetof(struct leg, leg.venue) },
    { "limit", opportunity_read_money, offsetof(struct leg, limit_px) },
    OPPORTUNITY_BOOK_FIELDS,
};

enum { N_LEG_FIELDS = sizeof(leg_fields) / sizeof(*leg_fields) };

static bool read_leg(struct arb_json *json, void *context, struct opportunity *out, unsigned i)
{
    static const struct wire_object leg_object = { leg_fields, N_LEG_FIELDS };
    const struct arb_instrument info = out->legs[i].info;
    struct leg leg;
    uint32_t seen;

    memset(&leg, 0, sizeof(leg));
    if (!wire_read_object(json, &leg_object, context, &leg, &seen)) {
        return false;
    }
    out->legs[i] = leg.leg;
    out->legs[i].info = info;
    out->terms.legs[i].limit_px = leg.limit_px;
    return opportunity_leg_has_all(seen, N_LEG_FIELDS - OPPORTUNITY_BOOK_FIELDS_N) ||
           arb_json_fail(json, ARB_EPROTO);
}

static bool read_buy(struct arb_json *json, void *context, void *member)
{
    return read_leg(json, context, member, BUY);
}

static bool read_sell(struct arb_json *json, void *context, void *member)
{
    return read_leg(json, context, member, SELL);
}

/* Base and quote follow from the symbol; on the wire they are for other programs. */
static const struct wire_field fields[] = {
    { "type", opportunity_read_type, 0 },
    { "event", opportunity_read_event, offsetof(struct opportunity, terms.event) },
    { "id", wire_read_hex, offsetof(struct opportunity, terms.id) },
    { "seq", wire_read_u64, offsetof(struct opportunity, seq) },
    { "session", wire_read_hex, offsetof(struct opportunity, session) },
    { "strategy", wire_read_name, offsetof(struct opportunity, strategy) },
    { "symbol", wire_read_symbol, offsetof(struct opportunity, legs[BUY].info) },
    { "scale", read_scales, offsetof(struct opportunity, legs[BUY].info) },
    { "qty", read_qty, offsetof(struct opportunity, terms.legs[BUY].qty) },
    OPPORTUNITY_MONEY_FIELDS,
    { "buy", read_buy, 0 },
    { "sell", read_sell, 0 },
    { "detect_ns", wire_read_i64, offsetof(struct opportunity, detect_ns) },
    { "latency_us", opportunity_read_latency, offsetof(struct opportunity, latency_ns) },
    { "pub_ns", opportunity_read_pub_ns, 0 },
    { "reason", opportunity_read_reason, offsetof(struct opportunity, terms.reason) },
    { "verified", opportunity_read_verified, offsetof(struct opportunity, terms.verified) },
};

enum { N_FIELDS = sizeof(fields) / sizeof(*fields) };

/* Both legs are of one instrument and one quantity; the fees are not told apart. */
static void complete(struct opportunity *out)
{
    struct arb_leg *const legs = out->terms.legs;

    out->legs[SELL].info = out->legs[BUY].info;
    legs[SELL].qty = legs[BUY].qty;
    legs[BUY].notional = out->terms.cost;
    legs[SELL].notional = out->terms.proceeds;
}

bool opportunity_read_1(struct arb_json *json, struct opportunity_reading *reading)
{
    static const struct wire_object object = { fields, N_FIELDS };
    struct opportunity *const out = reading->out;
    uint32_t seen;

    out->terms.n_legs = 2;
    out->terms.legs[BUY].side = ARB_BUY;
    out->terms.legs[SELL].side = ARB_SELL;
    if (!wire_read_object(json, &object, reading, out, &seen)) {
        return false;
    }
    complete(out);
    return opportunity_has_all(out, seen, N_FIELDS - 1) || arb_json_fail(json, ARB_EPROTO);
}
