/*
 * opportunity_fields.h - what both versions of an opportunity's message have in common.
 *
 *   opportunity_writer.c    writes version 2
 *   opportunity_reader.c    reads version 2, and finds out which one it is
 *   opportunity_reader_1.c  reads version 1: one that buys, and one that sells
 *   survival_message.c      what was left of one, written and read
 *   miss_message.c          why there was none, written and read
 */
#ifndef ARB_OPPORTUNITY_FIELDS_H
#define ARB_OPPORTUNITY_FIELDS_H

#include <string.h>

#include "wire/wire.h"
#include "wire/wire_text.h"

enum {
    BPS_SCALE = 2, /* ppm as basis points: 1234 is "12.34" */
    AGE_SCALE = 3, /* microseconds as milliseconds */
    NS_PER_AGE_UNIT = 1000,
    LATENCY_SCALE = 1, /* tenths of a microsecond */
    NS_PER_LATENCY_UNIT = 100,
};

/* -- writing -------------------------------------------------------------------------------- */

static inline char *put_member_string(char *at, const char *member, const char *text)
{
    at = put_text(at, member);
    return put_string(at, text, strlen(text));
}

/* A decimal string with as few digits as it needs. */
static inline char *put_decimal(char *at, const char *member, int64_t value, unsigned scale)
{
    at = put_text(at, member);
    *at++ = '"';
    at = digits_write_signed(at, value, scale, ARB_DIGITS_UNKNOWN);
    *at++ = '"';
    return at;
}

/* A decimal string with all digits of its scale, so that columns line up. */
static inline char *put_fixed(char *at, const char *member, int64_t value, unsigned scale)
{
    at = put_text(at, member);
    *at++ = '"';
    at = digits_write_signed(at, value, scale, scale);
    *at++ = '"';
    return at;
}

static inline char *put_hex(char *at, const char *member, uint64_t value)
{
    at = put_text(at, member);
    *at++ = '"';
    at = digits_write_hex(at, value);
    *at++ = '"';
    return at;
}

static inline char *put_u64(char *at, const char *member, uint64_t value)
{
    return digits_write_u64(put_text(at, member), value);
}

static inline char *put_i64(char *at, const char *member, int64_t value)
{
    return digits_write_i64(put_text(at, member), value);
}

/* {"venue":...,"symbol":...,"side":...,"scale":[...], with more to come and no end. */
char *put_leg_place(char *at, const struct opportunity_leg *leg, uint32_t side);

/* -- reading -------------------------------------------------------------------------------- */

/* What reading a member needs to know of the rest of the message: the context of all of these. */
struct opportunity_reading {
    struct opportunity *out;
    int64_t pub_ns;
    bool has_scale; /* of money, which a writer puts in front of it */
};

bool opportunity_read_type(struct arb_json *json, void *context, void *unused);
/* It is this type. */
bool opportunity_read_type_of(struct arb_json *json, const char *type);
bool opportunity_read_event(struct arb_json *json, void *context, void *member);
bool opportunity_read_reason(struct arb_json *json, void *context, void *member);
bool opportunity_read_verified(struct arb_json *json, void *context, void *member);
bool opportunity_read_money(struct arb_json *json, void *context, void *member);
bool opportunity_read_first_qty(struct arb_json *json, void *context, void *member);
bool opportunity_read_side(struct arb_json *json, void *context, void *member);
bool opportunity_read_ms(struct arb_json *json, void *context, void *member); /* into ns */
bool opportunity_read_bps(struct arb_json *json, void *context, void *member);
bool opportunity_read_latency(struct arb_json *json, void *context, void *member);
bool opportunity_read_pub_ns(struct arb_json *json, void *context, void *unused);

/* Members that both have, in this order, between the legs of one and the other. */
#define OPPORTUNITY_MONEY_FIELDS                                                                   \
    { "gross", opportunity_read_money, offsetof(struct opportunity, terms.gross) },                \
        { "net", opportunity_read_money, offsetof(struct opportunity, terms.net) },                \
        { "gross_bps", opportunity_read_bps, offsetof(struct opportunity, terms.gross_ppm) },      \
        { "net_bps", opportunity_read_bps, offsetof(struct opportunity, terms.net_ppm) },          \
        { "cost", opportunity_read_money, offsetof(struct opportunity, terms.cost) },              \
        { "proceeds", opportunity_read_money, offsetof(struct opportunity, terms.proceeds) },      \
    {                                                                                              \
        "fees", opportunity_read_money, offsetof(struct opportunity, terms.fees)                   \
    }

/*
 * Of the first `n_needed` members of a table all have to be there, but the last of them, `reason`,
 * which a close and nothing else has. False: it is not so.
 */
bool opportunity_has_all(const struct opportunity *o, uint32_t seen, unsigned n_needed);

/* Of a leg. The ages are cut to microseconds; they are computed when all is read. */
#define OPPORTUNITY_BOOK_FIELDS                                                                    \
    { "seq", wire_read_u64, offsetof(struct opportunity_leg, seq) },                               \
        { "session", wire_read_hex, offsetof(struct opportunity_leg, session) },                   \
        { "venue_ns", wire_read_i64, offsetof(struct opportunity_leg, venue_ns) },                 \
        { "recv_ns", wire_read_i64, offsetof(struct opportunity_leg, recv_ns) },                   \
        { "clock_offset_ns", wire_read_i64, offsetof(struct opportunity_leg, clock.offset_ns) },   \
        { "clock_error_ns", wire_read_error, offsetof(struct opportunity_leg, clock.error_ns) },   \
        { "verified", opportunity_read_verified, offsetof(struct opportunity_leg, verified) },     \
        { "levels", wire_read_u32, offsetof(struct opportunity_leg, n_levels) },                   \
    {                                                                                              \
        "verified_levels", wire_read_u32, offsetof(struct opportunity_leg, verified_levels)        \
    }

enum { OPPORTUNITY_BOOK_FIELDS_N = 9 };

/* A leg as it stands in a message: what of it is in the terms, behind what the host knows of it. */
struct wire_leg {
    struct opportunity_leg leg; /* first, for the members of its book */
    struct arb_leg terms;
};

/*
 * The context of a leg's members. Numbers cannot be read without their scale: a writer puts it in
 * front of them.
 */
struct wire_leg_reading {
    const struct wire_leg *leg;
    bool has_scales;
};

bool opportunity_read_leg_scales(struct arb_json *json, void *context, void *member);
bool opportunity_read_leg_px(struct arb_json *json, void *context, void *member);

/* Reads all legs, at least two, with `read_leg` for each. */
bool opportunity_read_legs(struct arb_json *json, struct opportunity_reading *reading,
                           bool (*read_leg)(struct arb_json *json, struct wire_leg *leg));

/* The members of a leg that are its own, `n_own` in front, and of its book. */
bool opportunity_leg_has_all(uint32_t seen, unsigned n_own);

/* The version of a message: 1 or 2; else false, and why. */
bool opportunity_read_version(struct arb_json json, uint64_t *version, int *rc);

/*
 * Reads a message whose members `object` has, into `out`, and which of them were there. The context
 * of members is a struct opportunity_reading.
 */
int opportunity_read_message(struct arb_bytes message, const struct wire_object *object,
                             struct opportunity *out, uint32_t *seen, int64_t *pub_ns);

/* opportunity_reader_1.c */
bool opportunity_read_1(struct arb_json *json, struct opportunity_reading *reading);

#endif /* ARB_OPPORTUNITY_FIELDS_H */
