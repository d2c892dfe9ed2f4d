#include <string.h>

#include "wire/wire.h"
#include "wire/wire_text.h"

enum {
    BPS_SCALE = 2,     /* ppm as basis points: 1234 is "12.34" */
    AGE_SCALE = 3,     /* microseconds as milliseconds */
    LATENCY_SCALE = 1, /* tenths of a microsecond */
    NS_PER_AGE_UNIT = 1000,
    NS_PER_LATENCY_UNIT = 100,
};

static char *put_member_string(char *at, const char *member, const char *text)
{
    at = put_text(at, member);
    return put_string(at, text, strlen(text));
}

/* A decimal string with as few digits as it needs. */
static char *put_decimal(char *at, const char *member, int64_t value, unsigned scale)
{
    at = put_text(at, member);
    *at++ = '"';
    at = digits_write_signed(at, value, scale, ARB_DIGITS_UNKNOWN);
    *at++ = '"';
    return at;
}

/* A decimal string with all digits of its scale, so that columns line up. */
static char *put_fixed(char *at, const char *member, int64_t value, unsigned scale)
{
    at = put_text(at, member);
    *at++ = '"';
    at = digits_write_signed(at, value, scale, scale);
    *at++ = '"';
    return at;
}

static char *put_hex(char *at, const char *member, uint64_t value)
{
    at = put_text(at, member);
    *at++ = '"';
    at = digits_write_hex(at, value);
    *at++ = '"';
    return at;
}

static char *put_u64(char *at, const char *member, uint64_t value)
{
    return digits_write_u64(put_text(at, member), value);
}

static char *put_i64(char *at, const char *member, int64_t value)
{
    return digits_write_i64(put_text(at, member), value);
}

static char *put_identity(char *at, const struct opportunity *o)
{
    const struct arb_opportunity *const terms = &o->terms;

    at = put_text(at, "{\"v\":1,\"type\":\"opportunity\",\"event\":\"");
    at = put_text(at, opportunity_event_name(terms->event));
    *at++ = '"';
    if (terms->event == ARB_OPPORTUNITY_CLOSE) {
        at = put_member_string(at, ",\"reason\":", close_reason_name(terms->reason));
    }
    at = put_hex(at, ",\"id\":", terms->id);
    at = put_u64(at, ",\"seq\":", o->seq);
    at = put_hex(at, ",\"session\":", o->session);
    at = put_member_string(at, ",\"strategy\":", o->strategy);
    at = put_member_string(at, ",\"symbol\":", o->info.symbol);
    at = put_member_string(at, ",\"base\":", o->info.base);
    at = put_member_string(at, ",\"quote\":", o->info.quote);
    at = put_text(at, ",\"scale\":[");
    at = put_scales(at, o->info.px_scale, o->info.qty_scale);
    return put_text(at, "]");
}

static char *put_terms(char *at, const struct opportunity *o)
{
    const struct arb_opportunity *const terms = &o->terms;
    const unsigned scale = o->info.px_scale;

    if (terms->verified != 0) {
        at = put_member_string(at, ",\"verified\":", verified_name(terms->verified));
    }
    at = put_decimal(at, ",\"qty\":", terms->qty, o->info.qty_scale);
    at = put_decimal(at, ",\"gross\":", terms->gross, scale);
    at = put_decimal(at, ",\"net\":", terms->net, scale);
    at = put_fixed(at, ",\"gross_bps\":", terms->gross_ppm, BPS_SCALE);
    at = put_fixed(at, ",\"net_bps\":", terms->net_ppm, BPS_SCALE);
    at = put_decimal(at, ",\"cost\":", terms->cost, scale);
    at = put_decimal(at, ",\"proceeds\":", terms->proceeds, scale);
    return put_decimal(at, ",\"fees\":", terms->fees, scale);
}

static char *put_leg(char *at, const struct opportunity_leg *leg, int64_t limit, unsigned scale)
{
    at = put_member_string(at, "{\"venue\":", leg->venue);
    at = put_decimal(at, ",\"limit\":", limit, scale);
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
    *at++ = '}';
    return at;
}

size_t wire_write_opportunity(const struct opportunity *o, int64_t pub_ns, char *out)
{
    char *at = put_identity(out, o);

    at = put_terms(at, o);
    at = put_text(at, ",\"buy\":");
    at = put_leg(at, &o->buy, o->terms.buy_px, o->info.px_scale);
    at = put_text(at, ",\"sell\":");
    at = put_leg(at, &o->sell, o->terms.sell_px, o->info.px_scale);
    at = put_i64(at, ",\"detect_ns\":", o->detect_ns);
    at = put_fixed(at, ",\"latency_us\":", o->latency_ns / NS_PER_LATENCY_UNIT, LATENCY_SCALE);
    at = put_i64(at, ",\"pub_ns\":", pub_ns);
    *at++ = '}';
    return (size_t)(at - out);
}

/* What reading a number needs to know of the rest of the message. */
struct reader {
    const struct arb_instrument *info;
    int64_t *pub_ns;
    bool has_scales;
};

/* A leg and its limit, which in memory stands with the terms. */
struct leg {
    struct opportunity_leg leg;
    int64_t limit;
};

static bool read_type(struct arb_json *json, void *context, void *member)
{
    struct arb_bytes type;

    (void)context;
    (void)member;
    return arb_json_string(json, &type) &&
           (arb_bytes_are(type, "opportunity") || arb_json_fail(json, ARB_EPROTO));
}

static bool read_event(struct arb_json *json, void *context, void *member)
{
    (void)context;
    return wire_read_enum(json, opportunity_event_name, ARB_OPPORTUNITY_OPEN, ARB_OPPORTUNITY_CLOSE,
                          member);
}

static bool read_reason(struct arb_json *json, void *context, void *member)
{
    (void)context;
    return wire_read_enum(json, close_reason_name, ARB_CLOSE_GONE, ARB_CLOSE_ABANDONED, member);
}

static bool read_verified(struct arb_json *json, void *context, void *member)
{
    (void)context;
    return wire_read_enum(json, verified_name, ARB_VERIFIED, ARB_SUSPECT, member);
}

static bool read_scales(struct arb_json *json, void *context, void *member)
{
    struct reader *const reader = context;

    reader->has_scales = wire_read_scales(json, context, member);
    return reader->has_scales;
}

/* Numbers cannot be read without their scale: a writer puts it in front of them. */
static bool read_money(struct arb_json *json, void *context, void *member)
{
    const struct reader *const reader = context;

    if (!reader->has_scales) {
        return arb_json_fail(json, ARB_EPROTO);
    }
    return wire_read_signed(json, reader->info->px_scale, member);
}

static bool read_qty(struct arb_json *json, void *context, void *member)
{
    const struct reader *const reader = context;

    if (!reader->has_scales) {
        return arb_json_fail(json, ARB_EPROTO);
    }
    return wire_read_signed(json, reader->info->qty_scale, member);
}

static bool read_bps(struct arb_json *json, void *context, void *member)
{
    (void)context;
    return wire_read_signed(json, BPS_SCALE, member);
}

/* The ages are cut to microseconds; fill_ages() computes them exactly. */
static const struct wire_field leg_fields[] = {
    { "venue", wire_read_name, offsetof(struct leg, leg.venue) },
    { "limit", read_money, offsetof(struct leg, limit) },
    { "seq", wire_read_u64, offsetof(struct leg, leg.seq) },
    { "session", wire_read_hex, offsetof(struct leg, leg.session) },
    { "venue_ns", wire_read_i64, offsetof(struct leg, leg.venue_ns) },
    { "recv_ns", wire_read_i64, offsetof(struct leg, leg.recv_ns) },
    { "clock_offset_ns", wire_read_i64, offsetof(struct leg, leg.clock.offset_ns) },
    { "clock_error_ns", wire_read_error, offsetof(struct leg, leg.clock.error_ns) },
    { "verified", read_verified, offsetof(struct leg, leg.verified) },
    { "levels", wire_read_u32, offsetof(struct leg, leg.n_levels) },
    { "verified_levels", wire_read_u32, offsetof(struct leg, leg.verified_levels) },
};

enum {
    N_LEG_FIELDS = sizeof(leg_fields) / sizeof(*leg_fields),
    LEG_BITS = (1 << 6) - 1, /* "venue" to "recv_ns" */
    CLOCK_BITS = 3 << 6,     /* both or neither */
    PROOF_BITS = 3 << 8,     /* likewise */
    PART_BIT = 1 << 10,      /* only with them */
};

_Static_assert(N_LEG_FIELDS == 11, "the bit masks above count the fields");

static bool read_leg(struct arb_json *json, void *context, struct leg *leg)
{
    static const struct wire_object leg_object = { leg_fields, N_LEG_FIELDS };
    uint32_t seen;

    memset(leg, 0, sizeof(*leg));
    if (!wire_read_object(json, &leg_object, context, leg, &seen)) {
        return false;
    }
    const uint32_t clock = seen & CLOCK_BITS, proof = seen & (PROOF_BITS | PART_BIT);
    const bool is_whole = (seen & LEG_BITS) == LEG_BITS && (clock == 0 || clock == CLOCK_BITS) &&
                          (proof == 0 || (proof & PROOF_BITS) == PROOF_BITS);
    return is_whole || arb_json_fail(json, ARB_EPROTO);
}

static bool read_buy(struct arb_json *json, void *context, void *member)
{
    struct opportunity *const out = member;
    struct leg buy;

    if (!read_leg(json, context, &buy)) {
        return false;
    }
    out->buy = buy.leg;
    out->terms.buy_px = buy.limit;
    return true;
}

static bool read_sell(struct arb_json *json, void *context, void *member)
{
    struct opportunity *const out = member;
    struct leg sell;

    if (!read_leg(json, context, &sell)) {
        return false;
    }
    out->sell = sell.leg;
    out->terms.sell_px = sell.limit;
    return true;
}

static bool read_latency(struct arb_json *json, void *context, void *member)
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

static bool read_pub_ns(struct arb_json *json, void *context, void *member)
{
    const struct reader *const reader = context;

    (void)member;
    return wire_read_i64(json, context, reader->pub_ns);
}

/* Base and quote follow from the symbol; on the wire they are for other programs. */
static const struct wire_field fields[] = {
    { "v", wire_read_version, 0 },
    { "type", read_type, 0 },
    { "event", read_event, offsetof(struct opportunity, terms.event) },
    { "id", wire_read_hex, offsetof(struct opportunity, terms.id) },
    { "seq", wire_read_u64, offsetof(struct opportunity, seq) },
    { "session", wire_read_hex, offsetof(struct opportunity, session) },
    { "strategy", wire_read_name, offsetof(struct opportunity, strategy) },
    { "symbol", wire_read_symbol, offsetof(struct opportunity, info) },
    { "scale", read_scales, offsetof(struct opportunity, info) },
    { "qty", read_qty, offsetof(struct opportunity, terms.qty) },
    { "gross", read_money, offsetof(struct opportunity, terms.gross) },
    { "net", read_money, offsetof(struct opportunity, terms.net) },
    { "gross_bps", read_bps, offsetof(struct opportunity, terms.gross_ppm) },
    { "net_bps", read_bps, offsetof(struct opportunity, terms.net_ppm) },
    { "cost", read_money, offsetof(struct opportunity, terms.cost) },
    { "proceeds", read_money, offsetof(struct opportunity, terms.proceeds) },
    { "fees", read_money, offsetof(struct opportunity, terms.fees) },
    { "buy", read_buy, 0 },
    { "sell", read_sell, 0 },
    { "detect_ns", wire_read_i64, offsetof(struct opportunity, detect_ns) },
    { "latency_us", read_latency, offsetof(struct opportunity, latency_ns) },
    { "pub_ns", read_pub_ns, 0 },
    { "reason", read_reason, offsetof(struct opportunity, terms.reason) },
    { "verified", read_verified, offsetof(struct opportunity, terms.verified) },
};

enum {
    N_FIELDS = sizeof(fields) / sizeof(*fields),
    VERIFIED_BIT = 1 << (N_FIELDS - 1), /* when the strategy says so */
    REASON_BIT = 1 << (N_FIELDS - 2),   /* only a close has it */
    COMMON_BITS = REASON_BIT - 1,
};

static int fill_ages(struct opportunity *o)
{
    const bool overflows = __builtin_sub_overflow(o->detect_ns, o->buy.recv_ns, &o->buy.age_ns) ||
                           __builtin_sub_overflow(o->detect_ns, o->sell.recv_ns, &o->sell.age_ns);
    o->buy.venue_age_ns = opportunity_venue_age(&o->buy, o->detect_ns);
    o->sell.venue_age_ns = opportunity_venue_age(&o->sell, o->detect_ns);
    return overflows ? ARB_ERANGE : ARB_OK;
}

int wire_read_opportunity(struct arb_bytes message, struct opportunity *out, int64_t *pub_ns)
{
    static const struct wire_object opportunity_object = { fields, N_FIELDS };
    struct arb_json json = arb_json_over(message);
    int64_t published_ns = 0;
    struct reader reader = { .info = &out->info, .pub_ns = &published_ns };
    uint32_t seen;

    memset(out, 0, sizeof(*out));
    out->terms.size = (uint32_t)sizeof(out->terms);
    if (!wire_read_object(&json, &opportunity_object, &reader, out, &seen) ||
        !arb_json_end(&json)) {
        return json.rc;
    }
    const uint32_t reason = out->terms.event == ARB_OPPORTUNITY_CLOSE ? REASON_BIT : 0;
    if ((seen & ~(uint32_t)VERIFIED_BIT) != (COMMON_BITS | reason)) {
        return ARB_EPROTO;
    }
    *pub_ns = published_ns;
    return fill_ages(out);
}
