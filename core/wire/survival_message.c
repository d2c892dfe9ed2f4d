#include <stddef.h>
#include <string.h>

#include "arbspot/fields.h"
#include "wire/opportunity_fields.h"

static const char head[] = "{\"v\":2,\"type\":\"survival\",\"id\":";

bool wire_is_survival(struct arb_bytes json)
{
    const size_t len = sizeof(head) - 1;
    return json.len >= len && memcmp(json.data, head, len) == 0;
}

/* -- writing ---------------------------------------------------------------------------------- */

static char *put_legs(char *at, const struct opportunity *o)
{
    at = put_text(at, ",\"legs\":[");
    for (uint32_t i = 0; i < o->terms.n_legs; i++) {
        at = i == 0 ? at : put_text(at, ",");
        at = put_leg_place(at, &o->legs[i], o->terms.legs[i].side);
        at = put_text(at, "}");
    }
    return put_text(at, "]");
}

static char *put_rest(char *at, const struct opportunity *o)
{
    const struct opportunity_rest *const rest = &o->rest;
    const unsigned scale = opportunity_scale(o), qty_scale = o->legs[0].info.qty_scale;

    at = put_fixed(at, ",\"delay_ms\":", rest->delay_ns / NS_PER_AGE_UNIT, AGE_SCALE);
    at = put_fixed(at, ",\"waited_ms\":", rest->waited_ns / NS_PER_AGE_UNIT, AGE_SCALE);
    at = put_text(at, rest->is_latency ? ",\"latency\":true" : ",\"latency\":false");
    at = put_text(at, rest->is_known ? ",\"known\":true" : ",\"known\":false");
    at = put_decimal(at, ",\"qty\":", rest->qty, qty_scale);
    at = put_decimal(at, ",\"net\":", rest->net, scale);
    at = put_decimal(at, ",\"of_qty\":", o->terms.legs[0].qty, qty_scale);
    return put_decimal(at, ",\"of_net\":", o->terms.net, scale);
}

size_t wire_write_survival(const struct opportunity *o, int64_t pub_ns, char *out)
{
    char *at = put_hex(out, head, o->terms.id);

    at = put_hex(at, ",\"session\":", o->session);
    at = put_member_string(at, ",\"strategy\":", o->strategy);
    at = put_member_string(at, ",\"symbol\":", opportunity_symbol(o));
    at = put_member_string(at, ",\"currency\":", opportunity_currency(o));
    at = put_legs(at, o);
    at = put_rest(at, o);
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
};

static bool read_leg(struct arb_json *json, struct wire_leg *leg)
{
    static const struct wire_object object = { leg_fields, 4 };
    struct wire_leg_reading reading = { .leg = leg };
    uint32_t seen;

    return wire_read_object(json, &object, &reading, leg, &seen) &&
           (seen == 15 || arb_json_fail(json, ARB_EPROTO));
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
    return opportunity_read_type_of(json, "survival");
}

static bool read_flag(struct arb_json *json, void *context, void *member)
{
    (void)context;
    return arb_json_bool(json, member);
}

static const struct wire_field fields[] = {
    { "type", read_type, 0 },
    { "id", wire_read_hex, offsetof(struct opportunity, terms.id) },
    { "session", wire_read_hex, offsetof(struct opportunity, session) },
    { "strategy", wire_read_name, offsetof(struct opportunity, strategy) },
    { "legs", read_legs, 0 },
    { "delay_ms", opportunity_read_ms, offsetof(struct opportunity, rest.delay_ns) },
    { "waited_ms", opportunity_read_ms, offsetof(struct opportunity, rest.waited_ns) },
    { "latency", read_flag, offsetof(struct opportunity, rest.is_latency) },
    { "known", read_flag, offsetof(struct opportunity, rest.is_known) },
    { "qty", opportunity_read_first_qty, offsetof(struct opportunity, rest.qty) },
    { "net", opportunity_read_money, offsetof(struct opportunity, rest.net) },
    { "of_qty", opportunity_read_first_qty, offsetof(struct opportunity, terms.legs[0].qty) },
    { "of_net", opportunity_read_money, offsetof(struct opportunity, terms.net) },
    { "detect_ns", wire_read_i64, offsetof(struct opportunity, detect_ns) },
    { "pub_ns", opportunity_read_pub_ns, 0 },
};

enum { N_FIELDS = sizeof(fields) / sizeof(*fields) };

int wire_read_survival(struct arb_bytes message, struct opportunity *out, int64_t *pub_ns)
{
    static const struct wire_object object = { fields, N_FIELDS };
    uint32_t seen = 0;
    const int rc = opportunity_read_message(message, &object, out, &seen, pub_ns);

    if (rc != ARB_OK) {
        return rc;
    }
    return seen == (1U << N_FIELDS) - 1 && out->rest.delay_ns > 0 &&
                   out->rest.delay_ns <= SURVIVAL_DELAY_MAX_NS
               ? ARB_OK
               : ARB_EPROTO;
}
