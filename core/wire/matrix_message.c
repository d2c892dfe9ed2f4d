#include "wire/matrix.h"

#include <stddef.h>
#include <string.h>

#include "arbspot/fields.h"
#include "wire/opportunity_fields.h"

enum {
    PPM = 1000000,
    N_ESSENTIAL = 6, /* members of a venue that have to be there */
};

__extension__ typedef __int128 int128;

static const char head[] = "{\"v\":2,\"type\":\"matrix\",\"strategy\":";

bool wire_is_matrix(struct arb_bytes json)
{
    const size_t len = sizeof(head) - 1;
    return json.len >= len && memcmp(json.data, head, len) == 0;
}

size_t matrix_len(const struct matrix *matrix)
{
    return offsetof(struct matrix, venues) + matrix->n_venues * sizeof(*matrix->venues);
}

/* -- what it earns ------------------------------------------------------------------------------
 */

/* earned / px, rounded down. False: it does not fit. */
static bool share_of(int128 earned, int64_t px, int64_t *ppm)
{
    const int128 share = earned / px - (earned % px < 0);

    *ppm = (int64_t)share;
    return *ppm == share;
}

struct matrix_edge matrix_edge(const struct matrix *matrix, uint32_t buy, uint32_t sell)
{
    const struct matrix_venue *const from = &matrix->venues[buy], *const to = &matrix->venues[sell];
    const int64_t ask = from->ask.px, bid = to->bid.px;
    struct matrix_edge edge = { .is_known = false };

    if (buy == sell || ask <= 0 || bid <= 0) {
        return edge;
    }
    const int128 paid = (int128)ask * (PPM + from->fee_ppm);
    const int128 kept = (int128)bid * (PPM - to->fee_ppm);
    edge.is_known = share_of(((int128)bid - ask) * PPM, ask, &edge.gross_ppm) &&
                    share_of(kept - paid, ask, &edge.net_ppm);
    return edge.is_known ? edge : (struct matrix_edge){ .is_known = false };
}

/* -- writing ------------------------------------------------------------------------------------
 */

static char *put_level(char *at, const char *member, const struct arb_level *level,
                       const struct arb_instrument *info)
{
    if (level->px <= 0) {
        return at;
    }
    at = put_text(at, member);
    at = put_decimal(at, "[", level->px, info->px_scale);
    at = put_decimal(at, ",", level->qty, info->qty_scale);
    return put_text(at, "]");
}

static char *put_venue(char *at, const struct matrix_venue *venue,
                       const struct arb_instrument *info)
{
    at = put_member_string(at, "{\"venue\":", venue->name);
    at = put_member_string(at, ",\"state\":", book_state_name(venue->state));
    at = put_member_string(at, ",\"trading\":", trading_name(venue->trading));
    at = put_fixed(at, ",\"fee_bps\":", venue->fee_ppm, BPS_SCALE);
    at = put_u64(at, ",\"seq\":", venue->seq);
    at = put_hex(at, ",\"session\":", venue->session);
    if (venue->verified != 0) {
        at = put_member_string(at, ",\"verified\":", verified_name(venue->verified));
    }
    if (venue->age_ns >= 0) {
        at = put_fixed(at, ",\"age_ms\":", venue->age_ns / NS_PER_AGE_UNIT, AGE_SCALE);
    }
    at = put_level(at, ",\"bid\":", &venue->bid, info);
    at = put_level(at, ",\"ask\":", &venue->ask, info);
    return put_text(at, "}");
}

static char *put_edge(char *at, const struct matrix_edge *edge, bool is_net)
{
    return edge->is_known ? put_fixed(at, "", is_net ? edge->net_ppm : edge->gross_ppm, BPS_SCALE)
                          : put_text(at, "null");
}

/* A row for each venue that one buys at, a column for each that one sells at. */
static char *put_edges(char *at, const struct matrix *matrix, bool is_net)
{
    at = put_text(at, is_net ? ",\"net_bps\":[" : ",\"gross_bps\":[");
    for (uint32_t buy = 0; buy < matrix->n_venues; buy++) {
        at = put_text(at, buy == 0 ? "[" : ",[");
        for (uint32_t sell = 0; sell < matrix->n_venues; sell++) {
            const struct matrix_edge edge = matrix_edge(matrix, buy, sell);
            at = put_edge(put_text(at, sell == 0 ? "" : ","), &edge, is_net);
        }
        at = put_text(at, "]");
    }
    return put_text(at, "]");
}

size_t wire_write_matrix(const struct matrix *matrix, int64_t pub_ns, char *out)
{
    char *at = put_member_string(out, head, matrix->strategy);

    at = put_hex(at, ",\"session\":", matrix->session);
    at = put_member_string(at, ",\"symbol\":", matrix->info.symbol);
    at = put_scales(put_text(at, ",\"scale\":["), matrix->info.px_scale, matrix->info.qty_scale);
    at = put_u64(at, "],\"instruments\":", matrix->n_instruments);
    at = put_text(at, ",\"venues\":[");
    for (uint32_t i = 0; i < matrix->n_venues; i++) {
        at = put_venue(put_text(at, i == 0 ? "" : ","), &matrix->venues[i], &matrix->info);
    }
    at = put_edges(put_text(at, "]"), matrix, false);
    at = put_edges(at, matrix, true);
    at = put_i64(at, ",\"made_ns\":", matrix->made_ns);
    at = put_i64(at, ",\"pub_ns\":", pub_ns);
    *at++ = '}';
    return (size_t)(at - out);
}

/* -- reading ------------------------------------------------------------------------------------
 */

/* What reading a venue needs to know of the message. */
struct reading {
    struct matrix *out;
    int64_t pub_ns;
    bool has_scale; /* a writer puts it in front of the prices */
};

static bool read_state(struct arb_json *json, void *context, void *member)
{
    (void)context;
    return wire_read_enum(json, book_state_name, ARB_BOOK_EMPTY, ARB_BOOK_UNUSABLE, member);
}

static bool read_trading(struct arb_json *json, void *context, void *member)
{
    (void)context;
    return wire_read_enum(json, trading_name, ARB_TRADING_OPEN, ARB_TRADING_HALTED, member);
}

/* Beyond all of the price, what it earns may not fit. */
static bool read_fee(struct arb_json *json, void *context, void *member)
{
    const int64_t *const fee_ppm = member;

    return opportunity_read_bps(json, context, member) &&
           ((*fee_ppm >= -PPM && *fee_ppm <= PPM) || arb_json_fail(json, ARB_ERANGE));
}

static bool read_age(struct arb_json *json, void *context, void *member)
{
    const int64_t *const age_ns = member;

    return opportunity_read_ms(json, context, member) &&
           (*age_ns >= 0 || arb_json_fail(json, ARB_ERANGE));
}

static bool read_level(struct arb_json *json, void *context, void *member)
{
    const struct reading *const reading = context;
    const struct arb_instrument *const info = &reading->out->info;
    struct arb_level *const level = member;

    if (!reading->has_scale) {
        return arb_json_fail(json, ARB_EPROTO);
    }
    if (!arb_json_array(json) || !arb_json_next(json) ||
        !wire_read_signed(json, info->px_scale, &level->px) || !arb_json_next(json) ||
        !wire_read_signed(json, info->qty_scale, &level->qty) || arb_json_next(json) ||
        level->px <= 0 || level->qty <= 0) {
        return arb_json_fail(json, ARB_EPROTO); /* keeps an error that there is */
    }
    return arb_json_ok(json);
}

static const struct wire_field venue_fields[] = {
    { "venue", wire_read_name, offsetof(struct matrix_venue, name) },
    { "state", read_state, offsetof(struct matrix_venue, state) },
    { "trading", read_trading, offsetof(struct matrix_venue, trading) },
    { "fee_bps", read_fee, offsetof(struct matrix_venue, fee_ppm) },
    { "seq", wire_read_u64, offsetof(struct matrix_venue, seq) },
    { "session", wire_read_hex, offsetof(struct matrix_venue, session) },
    { "verified", opportunity_read_verified, offsetof(struct matrix_venue, verified) },
    { "age_ms", read_age, offsetof(struct matrix_venue, age_ns) },
    { "bid", read_level, offsetof(struct matrix_venue, bid) },
    { "ask", read_level, offsetof(struct matrix_venue, ask) },
};

static bool read_venue(struct arb_json *json, void *context, struct matrix_venue *venue)
{
    enum { N_FIELDS = sizeof(venue_fields) / sizeof(*venue_fields) };
    static const struct wire_object object = { venue_fields, N_FIELDS };
    const uint32_t essential = (UINT32_C(1) << N_ESSENTIAL) - 1;
    uint32_t seen;

    memset(venue, 0, sizeof(*venue));
    venue->age_ns = -1;
    if (!wire_read_object(json, &object, context, venue, &seen)) {
        return false;
    }
    const bool has_price = venue->bid.px > 0 || venue->ask.px > 0;
    return ((seen & essential) == essential && (!has_price || venue->state == ARB_BOOK_LIVE)) ||
           arb_json_fail(json, ARB_EPROTO);
}

static bool read_venues(struct arb_json *json, void *context, void *member)
{
    struct matrix *const out = member;

    arb_json_array(json);
    while (arb_json_next(json)) {
        if (out->n_venues == ARB_VENUES_MAX) {
            return arb_json_fail(json, ARB_ELIMIT);
        }
        if (!read_venue(json, context, &out->venues[out->n_venues])) {
            return false;
        }
        out->n_venues++;
    }
    return arb_json_ok(json);
}

static bool read_scale(struct arb_json *json, void *context, void *member)
{
    struct reading *const reading = context;

    reading->has_scale = wire_read_scales(json, context, member);
    return reading->has_scale;
}

static bool read_type(struct arb_json *json, void *context, void *unused)
{
    (void)context;
    (void)unused;
    return opportunity_read_type_of(json, "matrix");
}

static bool read_pub_ns(struct arb_json *json, void *context, void *unused)
{
    struct reading *const reading = context;

    (void)unused;
    return wire_read_i64(json, context, &reading->pub_ns);
}

/* What is earned follows from the rest; on the wire it is for others. */
static const struct wire_field fields[] = {
    { "type", read_type, 0 },
    { "strategy", wire_read_name, offsetof(struct matrix, strategy) },
    { "session", wire_read_hex, offsetof(struct matrix, session) },
    { "symbol", wire_read_symbol, offsetof(struct matrix, info) },
    { "scale", read_scale, offsetof(struct matrix, info) },
    { "instruments", wire_read_u32, offsetof(struct matrix, n_instruments) },
    { "venues", read_venues, 0 },
    { "made_ns", wire_read_i64, offsetof(struct matrix, made_ns) },
    { "pub_ns", read_pub_ns, 0 },
};

int wire_read_matrix(struct arb_bytes message, struct matrix *out, int64_t *pub_ns)
{
    enum { N_FIELDS = sizeof(fields) / sizeof(*fields) };
    static const struct wire_object object = { fields, N_FIELDS };
    struct arb_json json = arb_json_over(message);
    struct reading reading = { .out = out };
    uint64_t version = 0;
    uint32_t seen;
    int rc;

    memset(out, 0, sizeof(*out));
    if (!opportunity_read_version(json, &version, &rc)) {
        return rc;
    }
    if (!wire_read_object(&json, &object, &reading, out, &seen) || !arb_json_end(&json)) {
        return json.rc;
    }
    *pub_ns = reading.pub_ns;
    return seen == (1U << N_FIELDS) - 1 ? ARB_OK : ARB_EPROTO;
}
