#include <stddef.h>
#include <string.h>

#include "arbspot/fields.h"
#include "wire/opportunity_fields.h"

static const char head[] = "{\"v\":2,\"type\":\"miss\",\"strategy\":";

bool wire_is_miss(struct arb_bytes json)
{
    const size_t len = sizeof(head) - 1;
    return json.len >= len && memcmp(json.data, head, len) == 0;
}

/* -- writing ---------------------------------------------------------------------------------- */

static char *put_leg(char *at, const struct opportunity_leg *leg, const struct arb_leg *terms)
{
    at = put_leg_place(at, leg, terms->side);
    at = put_decimal(at, ",\"px\":", terms->limit_px, leg->info.px_scale);
    at = put_u64(at, ",\"seq\":", leg->seq);
    at = put_hex(at, ",\"session\":", leg->session);
    at = put_fixed(at, ",\"age_ms\":", leg->age_ns / NS_PER_AGE_UNIT, AGE_SCALE);
    return put_text(at, "}");
}

static char *put_legs(char *at, const struct opportunity *o)
{
    at = put_text(at, ",\"legs\":[");
    for (uint32_t i = 0; i < o->terms.n_legs; i++) {
        at = i == 0 ? at : put_text(at, ",");
        at = put_leg(at, &o->legs[i], &o->terms.legs[i]);
    }
    return put_text(at, "]");
}

size_t wire_write_miss(const struct opportunity *o, int64_t pub_ns, char *out)
{
    const int64_t qty = o->terms.legs[0].qty;
    char *at = put_member_string(out, head, o->strategy);

    at = put_hex(at, ",\"session\":", o->session);
    at = put_member_string(at, ",\"symbol\":", opportunity_symbol(o));
    at = put_member_string(at, ",\"currency\":", opportunity_currency(o));
    at = put_member_string(at, ",\"reason\":", miss_reason_name(o->miss.reason));
    at = put_u64(at, ",\"count\":", o->miss.n);
    at = put_legs(at, o);
    at = put_fixed(at, ",\"gross_bps\":", o->terms.gross_ppm, BPS_SCALE);
    at = put_fixed(at, ",\"net_bps\":", o->terms.net_ppm, BPS_SCALE);
    if (qty != 0) {
        at = put_decimal(at, ",\"qty\":", qty, o->legs[0].info.qty_scale);
        at = put_decimal(at, ",\"net\":", o->terms.net, opportunity_scale(o));
    }
    at = put_i64(at, ",\"detect_ns\":", o->detect_ns);
    at = put_i64(at, ",\"pub_ns\":", pub_ns);
    *at++ = '}';
    return (size_t)(at - out);
}

/* -- reading ---------------------------------------------------------------------------------- */

static const struct wire_field leg_fields[] = {
    { "venue", wire_read_name, offsetof(struct wire_leg, leg.venue) },
    { "symbol", wire_read_symbol, offsetof(struct wire_leg, leg.info) },
    { "side", opportunity_read_side, offsetof(struct wire_leg, terms.side) },
    { "scale", opportunity_read_leg_scales, offsetof(struct wire_leg, leg.info) },
    { "px", opportunity_read_leg_px, offsetof(struct wire_leg, terms.limit_px) },
    { "seq", wire_read_u64, offsetof(struct wire_leg, leg.seq) },
    { "session", wire_read_hex, offsetof(struct wire_leg, leg.session) },
    { "age_ms", opportunity_read_ms, offsetof(struct wire_leg, leg.age_ns) },
};

enum { N_LEG_FIELDS = sizeof(leg_fields) / sizeof(*leg_fields) };

static bool read_leg(struct arb_json *json, struct wire_leg *leg)
{
    static const struct wire_object object = { leg_fields, N_LEG_FIELDS };
    struct wire_leg_reading reading = { .leg = leg };
    uint32_t seen;

    return wire_read_object(json, &object, &reading, leg, &seen) &&
           (seen == (1U << N_LEG_FIELDS) - 1 || arb_json_fail(json, ARB_EPROTO));
}

static bool read_legs(struct arb_json *json, void *context, void *member)
{
    (void)member;
    return opportunity_read_legs(json, context, read_leg);
}

static bool read_type(struct arb_json *json, void *context, void *unused)
{
    (void)context;
    (void)unused;
    return opportunity_read_type_of(json, "miss");
}

static bool read_reason(struct arb_json *json, void *context, void *member)
{
    (void)context;
    return wire_read_enum(json, miss_reason_name, ARB_MISS_FEES, ARB_MISS_MAX, member);
}

/* The last two are there when something was weighed. */
static const struct wire_field fields[] = {
    { "type", read_type, 0 },
    { "strategy", wire_read_name, offsetof(struct opportunity, strategy) },
    { "session", wire_read_hex, offsetof(struct opportunity, session) },
    { "reason", read_reason, offsetof(struct opportunity, miss.reason) },
    { "count", wire_read_u64, offsetof(struct opportunity, miss.n) },
    { "legs", read_legs, 0 },
    { "gross_bps", opportunity_read_bps, offsetof(struct opportunity, terms.gross_ppm) },
    { "net_bps", opportunity_read_bps, offsetof(struct opportunity, terms.net_ppm) },
    { "detect_ns", wire_read_i64, offsetof(struct opportunity, detect_ns) },
    { "pub_ns", opportunity_read_pub_ns, 0 },
    { "qty", opportunity_read_first_qty, offsetof(struct opportunity, terms.legs[0].qty) },
    { "net", opportunity_read_money, offsetof(struct opportunity, terms.net) },
};

enum {
    N_FIELDS = sizeof(fields) / sizeof(*fields),
    NEEDED = (1 << (N_FIELDS - 2)) - 1,
    ALL = (1 << N_FIELDS) - 1,
};

int wire_read_miss(struct arb_bytes message, struct opportunity *out, int64_t *pub_ns)
{
    static const struct wire_object object = { fields, N_FIELDS };
    uint32_t seen = 0;
    const int rc = opportunity_read_message(message, &object, out, &seen, pub_ns);

    if (rc != ARB_OK) {
        return rc;
    }
    return seen == NEEDED || seen == ALL ? ARB_OK : ARB_EPROTO;
}
