#include <stddef.h>
#include <string.h>

#include "arbspot/fields.h"
#include "wire/opportunity_fields.h"

/* -- members of both versions ------------------------------------------------------------- */

bool opportunity_read_type_of(struct arb_json *json, const char *type)
{
    struct arb_bytes read;

    return arb_json_string(json, &read) &&
           (arb_bytes_are(read, type) || arb_json_fail(json, ARB_EPROTO));
}

bool opportunity_read_type(struct arb_json *json, void *context, void *unused)
{
    (void)context;
    (void)unused;
    return opportunity_read_type_of(json, "opportunity");
}

bool opportunity_read_event(struct arb_json *json, void *context, void *member)
{
    (void)context;
    return wire_read_enum(json, opportunity_event_name, ARB_OPPORTUNITY_OPEN, ARB_OPPORTUNITY_CLOSE,
                          member);
}

bool opportunity_read_reason(struct arb_json *json, void *context, void *member)
{
    (void)context;
    return wire_read_enum(json, close_reason_name, ARB_CLOSE_GONE, ARB_CLOSE_MAX, member);
}

bool opportunity_read_verified(struct arb_json *json, void *context, void *member)
{
    (void)context;
    return wire_read_enum(json, verified_name, ARB_VERIFIED, ARB_SUSPECT, member);
}

bool opportunity_read_money(struct arb_json *json, void *context, void *member)
{
    const struct opportunity_reading *const reading = context;

    if (!reading->has_scale) {
        return arb_json_fail(json, ARB_EPROTO);
    }
    return wire_read_signed(json, opportunity_scale(reading->out), member);
}

bool opportunity_read_first_qty(struct arb_json *json, void *context, void *member)
{
    const struct opportunity_reading *const reading = context;

    return reading->has_scale ? wire_read_signed(json, reading->out->legs[0].info.qty_scale, member)
                              : arb_json_fail(json, ARB_EPROTO);
}

bool opportunity_read_side(struct arb_json *json, void *context, void *member)
{
    (void)context;
    return wire_read_enum(json, side_name, ARB_BUY, ARB_SELL, member);
}

bool opportunity_read_ms(struct arb_json *json, void *context, void *member)
{
    int64_t *const ns = member;
    int64_t units = 0;

    (void)context;
    if (!wire_read_signed(json, AGE_SCALE, &units)) {
        return false;
    }
    return !__builtin_mul_overflow(units, NS_PER_AGE_UNIT, ns) || arb_json_fail(json, ARB_ERANGE);
}

bool opportunity_read_bps(struct arb_json *json, void *context, void *member)
{
    (void)context;
    return wire_read_signed(json, BPS_SCALE, member);
}

bool opportunity_read_latency(struct arb_json *json, void *context, void *member)
{
    int64_t *const latency_ns = member;
    int64_t units = 0;

    (void)context;
    if (!wire_read_signed(json, LATENCY_SCALE, &units)) {
        return false;
    }
    return !__builtin_mul_overflow(units, NS_PER_LATENCY_UNIT, latency_ns) ||
           arb_json_fail(json, ARB_ERANGE);
}

bool opportunity_read_pub_ns(struct arb_json *json, void *context, void *unused)
{
    struct opportunity_reading *const reading = context;

    (void)unused;
    return wire_read_i64(json, context, &reading->pub_ns);
}

bool opportunity_has_all(const struct opportunity *o, uint32_t seen, unsigned n_needed)
{
    const uint32_t reason_bit = UINT32_C(1) << (n_needed - 1);
    const uint32_t reason = o->terms.event == ARB_OPPORTUNITY_CLOSE ? reason_bit : 0;

    return (seen & ((reason_bit << 1) - 1)) == ((reason_bit - 1) | reason);
}

bool opportunity_leg_has_all(uint32_t seen, unsigned n_own)
{
    enum { NEEDED = 4, CLOCK = 3 << NEEDED, PROOF = 3 << 6, PART = 1 << 8 };
    const uint32_t own = (UINT32_C(1) << n_own) - 1, book = seen >> n_own;
    const uint32_t clock = book & CLOCK, proof = book & (PROOF | PART);

    return (seen & own) == own && (book & ((1 << NEEDED) - 1)) == (1 << NEEDED) - 1 &&
           (clock == 0 || clock == CLOCK) && /* both or neither */
           (proof == 0 || (proof & PROOF) == PROOF);
}

/* -- a leg ----------------------------------------------------------------------------------- */

bool opportunity_read_leg_scales(struct arb_json *json, void *context, void *member)
{
    struct wire_leg_reading *const reading = context;

    reading->has_scales = wire_read_scales(json, context, member);
    return reading->has_scales;
}

bool opportunity_read_leg_px(struct arb_json *json, void *context, void *member)
{
    const struct wire_leg_reading *const reading = context;

    return reading->has_scales ? wire_read_signed(json, reading->leg->leg.info.px_scale, member)
                               : arb_json_fail(json, ARB_EPROTO);
}

bool opportunity_read_legs(struct arb_json *json, struct opportunity_reading *reading,
                           bool (*read_leg)(struct arb_json *json, struct wire_leg *leg))
{
    struct opportunity *const out = reading->out;
    struct wire_leg leg;

    arb_json_array(json);
    while (arb_json_next(json)) {
        if (out->terms.n_legs == ARB_LEGS_MAX) {
            return arb_json_fail(json, ARB_ELIMIT);
        }
        memset(&leg, 0, sizeof(leg));
        if (!read_leg(json, &leg)) {
            return false;
        }
        out->legs[out->terms.n_legs] = leg.leg;
        out->terms.legs[out->terms.n_legs++] = leg.terms;
    }
    reading->has_scale = out->terms.n_legs >= 2;
    return arb_json_ok(json) && (reading->has_scale || arb_json_fail(json, ARB_EPROTO));
}

static bool read_qty(struct arb_json *json, void *context, void *member)
{
    const struct wire_leg_reading *const reading = context;

    return reading->has_scales ? wire_read_signed(json, reading->leg->leg.info.qty_scale, member)
                               : arb_json_fail(json, ARB_EPROTO);
}

static const struct wire_field leg_fields[] = {
    { "venue", wire_read_name, offsetof(struct wire_leg, leg.venue) },
    { "symbol", wire_read_symbol, offsetof(struct wire_leg, leg.info) },
    { "side", opportunity_read_side, offsetof(struct wire_leg, terms.side) },
    { "scale", opportunity_read_leg_scales, offsetof(struct wire_leg, leg.info) },
    { "qty", read_qty, offsetof(struct wire_leg, terms.qty) },
    { "limit", opportunity_read_leg_px, offsetof(struct wire_leg, terms.limit_px) },
    { "notional", opportunity_read_leg_px, offsetof(struct wire_leg, terms.notional) },
    { "fee", opportunity_read_leg_px, offsetof(struct wire_leg, terms.fee) },
    OPPORTUNITY_BOOK_FIELDS,
};

enum { N_LEG_FIELDS = sizeof(leg_fields) / sizeof(*leg_fields) };

static bool read_leg(struct arb_json *json, struct wire_leg *leg)
{
    static const struct wire_object leg_object = { leg_fields, N_LEG_FIELDS };
    struct wire_leg_reading reading = { .leg = leg };
    uint32_t seen;

    return wire_read_object(json, &leg_object, &reading, leg, &seen) &&
           (opportunity_leg_has_all(seen, N_LEG_FIELDS - OPPORTUNITY_BOOK_FIELDS_N) ||
            arb_json_fail(json, ARB_EPROTO));
}

static bool read_legs(struct arb_json *json, void *context, void *member)
{
    (void)member;
    return opportunity_read_legs(json, context, read_leg);
}

/* -- a message ------------------------------------------------------------------------------- */

static bool read_curve(struct arb_json *json, void *context, void *member)
{
    int64_t *const curve = member;
    unsigned n = 0;

    arb_json_array(json);
    while (arb_json_next(json)) {
        if (n == ARB_CURVE_POINTS) {
            return arb_json_fail(json, ARB_EPROTO);
        }
        if (!opportunity_read_money(json, context, &curve[n++])) {
            return false;
        }
    }
    return arb_json_ok(json) && (n == ARB_CURVE_POINTS || arb_json_fail(json, ARB_EPROTO));
}

static bool read_absurd(struct arb_json *json, void *context, void *member)
{
    bool is_absurd = false;

    (void)context;
    if (!arb_json_bool(json, &is_absurd)) {
        return false;
    }
    *(uint32_t *)member = is_absurd ? ARB_OPPORTUNITY_ABSURD : 0;
    return true;
}

/* The symbol and the currency follow from the first leg; on the wire they are for others. */
static const struct wire_field fields[] = {
    { "type", opportunity_read_type, 0 },
    { "event", opportunity_read_event, offsetof(struct opportunity, terms.event) },
    { "id", wire_read_hex, offsetof(struct opportunity, terms.id) },
    { "seq", wire_read_u64, offsetof(struct opportunity, seq) },
    { "session", wire_read_hex, offsetof(struct opportunity, session) },
    { "strategy", wire_read_name, offsetof(struct opportunity, strategy) },
    { "legs", read_legs, 0 },
    OPPORTUNITY_MONEY_FIELDS,
    { "detect_ns", wire_read_i64, offsetof(struct opportunity, detect_ns) },
    { "latency_us", opportunity_read_latency, offsetof(struct opportunity, latency_ns) },
    { "pub_ns", opportunity_read_pub_ns, 0 },
    { "reason", opportunity_read_reason, offsetof(struct opportunity, terms.reason) },
    { "verified", opportunity_read_verified, offsetof(struct opportunity, terms.verified) },
    { "curve", read_curve, offsetof(struct opportunity, terms.curve) },
    { "absurd", read_absurd, offsetof(struct opportunity, terms.flags) },
    { "proven_qty", opportunity_read_first_qty, offsetof(struct opportunity, terms.proven_qty) },
    { "proven_net", opportunity_read_money, offsetof(struct opportunity, terms.proven_net) },
    { "transfer_fee", opportunity_read_first_qty,
      offsetof(struct opportunity, terms.transfer_fee) },
    { "transfer_ms", wire_read_i64, offsetof(struct opportunity, terms.transfer_ms) },
    { "duration_ms", opportunity_read_ms, offsetof(struct opportunity, life.duration_ns) },
    { "peak_net", opportunity_read_money, offsetof(struct opportunity, life.peak_net) },
    { "mean_qty", opportunity_read_first_qty, offsetof(struct opportunity, life.mean_qty) },
};

enum {
    N_FIELDS = sizeof(fields) / sizeof(*fields),
    N_OPTIONAL = 10,                /* behind `reason` */
    PROVEN = 3 << (N_FIELDS - 7),   /* both or neither */
    TRANSFER = 3 << (N_FIELDS - 5), /* likewise */
    LIFE = 7 << (N_FIELDS - 3),     /* all or none, and only of a close */
};

static bool read_2(struct arb_json *json, struct opportunity_reading *reading)
{
    static const struct wire_object object = { fields, N_FIELDS };
    uint32_t seen;

    if (!wire_read_object(json, &object, reading, reading->out, &seen)) {
        return false;
    }
    const uint32_t proven = seen & PROVEN, transfer = seen & TRANSFER, life = seen & (uint32_t)LIFE;
    const bool is_close = reading->out->terms.event == ARB_OPPORTUNITY_CLOSE;
    reading->out->life.is_known = life != 0;
    reading->out->terms.flags |= transfer != 0 ? (uint32_t)ARB_OPPORTUNITY_TRANSFER : 0;
    return (opportunity_has_all(reading->out, seen, N_FIELDS - N_OPTIONAL) &&
            (proven == 0 || proven == PROVEN) && (transfer == 0 || transfer == TRANSFER) &&
            (life == 0 || (is_close && life == LIFE))) ||
           arb_json_fail(json, ARB_EPROTO);
}

/* The version stands first in what we write, and anywhere in what others do. */
bool opportunity_read_version(struct arb_json json, uint64_t *version, int *rc)
{
    const struct arb_json_field field = { "v", ARB_JSON_U64, version };

    if (arb_json_fields(&json, &field, 1) != 1) {
        *rc = arb_json_ok(&json) ? ARB_EPROTO : json.rc;
        return false;
    }
    *rc = *version == 1 || *version == 2 ? ARB_OK : ARB_ENOTSUP;
    return *rc == ARB_OK;
}

static int fill_ages(struct opportunity *o)
{
    for (uint32_t i = 0; i < o->terms.n_legs; i++) {
        struct opportunity_leg *const leg = &o->legs[i];
        if (__builtin_sub_overflow(o->detect_ns, leg->recv_ns, &leg->age_ns)) {
            return ARB_ERANGE;
        }
        leg->venue_age_ns = opportunity_venue_age(leg, o->detect_ns);
    }
    return ARB_OK;
}

/* The version is known to be one that is read here. */
static int begin(struct arb_json json, struct opportunity *out, uint64_t *version)
{
    int rc = ARB_OK;

    memset(out, 0, sizeof(*out));
    out->terms.size = (uint32_t)sizeof(out->terms);
    (void)opportunity_read_version(json, version, &rc);
    return rc;
}

int opportunity_read_message(struct arb_bytes message, const struct wire_object *object,
                             struct opportunity *out, uint32_t *seen, int64_t *pub_ns)
{
    struct arb_json json = arb_json_over(message);
    struct opportunity_reading reading = { .out = out };
    uint64_t version = 0;
    const int rc = begin(json, out, &version);

    if (rc != ARB_OK) {
        return rc;
    }
    if (!wire_read_object(&json, object, &reading, out, seen) || !arb_json_end(&json)) {
        return json.rc;
    }
    *pub_ns = reading.pub_ns;
    return ARB_OK;
}

int wire_read_opportunity(struct arb_bytes message, struct opportunity *out, int64_t *pub_ns)
{
    struct arb_json json = arb_json_over(message);
    struct opportunity_reading reading = { .out = out };
    uint64_t version = 0;
    const int rc = begin(json, out, &version);

    if (rc != ARB_OK) {
        return rc;
    }
    if (!(version == 1 ? opportunity_read_1(&json, &reading) : read_2(&json, &reading)) ||
        !arb_json_end(&json)) {
        return json.rc;
    }
    *pub_ns = reading.pub_ns;
    return fill_ages(out);
}
