#include "wire/wire.h"

#include <string.h>

#include "wire/wire_text.h"
#include "util/json_text.h"

enum {
    /* Everything but levels and reason: 29 members, names escaped at worst, 17 long numbers. */
    HEAD_MAX = 576 + 2 * JSON_TEXT_GROWTH * ARB_SYMBOL_MAX + 17 * DIGITS_DECIMAL_MAX,
    LEVEL_MAX = 2 * DIGITS_DECIMAL_MAX + 8, /* ["1","2"], */
};

size_t wire_event_bound(const struct event *event)
{
    const size_t levels = (size_t)event->n_bids + event->n_asks;
    return HEAD_MAX + levels * LEVEL_MAX + (size_t)event->reason_len * JSON_TEXT_GROWTH;
}

/* What most messages say is laid out as one text: here and in put_states(). */
static char *put_type(char *at, const struct event *event)
{
    if (event->kind == EVENT_DELTA) {
        return put_text(at, "{\"v\":1,\"type\":\"delta\"");
    }
    at = put_text(at, "{\"v\":1,\"type\":\"");
    at = put_text(at, event_kind_name(event->kind));
    return put_text(at, "\"");
}

static char *put_names(char *at, const struct event *event)
{
    at = put_type(at, event);
    at = put_text(at, ",\"venue\":");
    at = put_string(at, event->venue->name, strlen(event->venue->name));
    at = put_text(at, ",\"symbol\":");
    return put_string(at, event->info->symbol, strlen(event->info->symbol));
}

static char *put_sequence(char *at, const struct event *event)
{
    at = put_text(at, ",\"session\":\"");
    at = digits_write_hex(at, event->session);
    at = put_text(at, "\",\"seq\":");
    at = digits_write_u64(at, event->seq);
    at = put_text(at, ",\"prev\":");
    return digits_write_u64(at, event->prev_seq);
}

static char *put_states(char *at, const struct event *event)
{
    if (event->state == ARB_BOOK_LIVE && event->trading == ARB_TRADING_OPEN &&
        event->verified == ARB_VERIFIED) {
        return put_text(at, ",\"state\":\"LIVE\",\"trading\":\"open\",\"verified\":\"verified\"");
    }
    at = put_text(at, ",\"state\":\"");
    at = put_text(at, book_state_name(event->state));
    at = put_text(at, "\",\"trading\":\"");
    at = put_text(at, trading_name(event->trading));
    at = put_text(at, "\",\"verified\":\"");
    at = put_text(at, verified_name(event->verified));
    return put_text(at, "\"");
}

static char *put_state(char *at, const struct event *event)
{
    at = put_states(at, event);
    if (event->verified_levels == 0) {
        return at;
    }
    at = put_text(at, ",\"verified_levels\":");
    return digits_write_u64(at, event->verified_levels);
}

static char *put_times(char *at, const struct event *event, int64_t pub_ns)
{
    at = put_text(at, ",\"venue_ns\":");
    at = digits_write_i64(at, event->venue_ns);
    at = put_text(at, ",\"recv_ns\":");
    at = digits_write_i64(at, event->recv_ns);
    at = put_text(at, ",\"pub_ns\":");
    return digits_write_i64(at, pub_ns);
}

static char *put_level(char *at, const struct event *event, const struct arb_level *level)
{
    at = put_text(at, "[\"");
    at = digits_write_decimal(at, (uint64_t)level->px, event->info->px_scale, event->px_digits);
    at = put_text(at, "\",\"");
    at = digits_write_decimal(at, (uint64_t)level->qty, event->info->qty_scale, event->qty_digits);
    return put_text(at, "\"],");
}

/* The bytes of the level that is `nth` from the best. */
static size_t level_len(const struct event *event, const struct arb_level *levels, uint32_t n,
                        uint32_t nth)
{
    char text[LEVEL_MAX];
    return nth < n ? (size_t)(put_level(text, event, &levels[n - 1 - nth]) - text) : 0;
}

uint32_t wire_depth_within(const struct event *event, size_t len)
{
    const uint32_t n = event->n_bids > event->n_asks ? event->n_bids : event->n_asks;
    size_t used = HEAD_MAX;

    for (uint32_t depth = 0; depth < n; depth++) {
        used += level_len(event, event->bids, event->n_bids, depth) +
                level_len(event, event->asks, event->n_asks, depth);
        if (used > len) {
            return depth;
        }
    }
    return n;
}

/* A snapshot goes out best level first, as people read it; a delta in its order. */
static char *put_levels(char *at, const struct event *event, const struct arb_level *levels,
                        uint32_t n)
{
    const bool backwards = event->kind == EVENT_SNAPSHOT;

    *at++ = '[';
    for (uint32_t i = 0; i < n; i++) {
        at = put_level(at, event, &levels[backwards ? n - 1 - i : i]);
    }
    at -= n > 0; /* the last comma */
    *at++ = ']';
    return at;
}

static char *put_book(char *at, const struct event *event)
{
    at = put_text(at, ",\"bids\":");
    at = put_levels(at, event, event->bids, event->n_bids);
    at = put_text(at, ",\"asks\":");
    at = put_levels(at, event, event->asks, event->n_asks);
    at = put_text(at, ",\"crc\":");
    return digits_write_u64(at, event->crc);
}

/* One of the terms, or nothing when it is not known; `members` are those before. */
static char *put_term(char *at, const char *name, struct arb_decimal term, unsigned *members)
{
    if (term.units <= 0) {
        return at;
    }
    at = put_text(at, (*members)++ == 0 ? "\"" : ",\"");
    at = put_text(at, name);
    at = put_text(at, "\":\"");
    at = digits_write_decimal(at, (uint64_t)term.units, term.scale, term.scale);
    return put_text(at, "\"");
}

static char *put_terms(char *at, const struct arb_order_terms *terms)
{
    unsigned members = 0;

    at = put_text(at, ",\"terms\":{");
    at = put_term(at, "tick", terms->tick, &members);
    at = put_term(at, "lot", terms->lot, &members);
    at = put_term(at, "min_qty", terms->min_qty, &members);
    at = put_term(at, "min_notional", terms->min_notional, &members);
    return put_text(at, "}");
}

size_t wire_write_event(const struct event *event, int64_t pub_ns, char *out)
{
    char *at = put_names(out, event);

    at = put_sequence(at, event);
    at = put_state(at, event);
    at = put_times(at, event, pub_ns);
    at = put_text(at, ",\"scale\":[");
    at = put_scales(at, event->info->px_scale, event->info->qty_scale);
    *at++ = ']';
    if (event->kind == EVENT_STATUS) {
        at = put_text(at, ",\"reason\":");
        at = put_string(at, event->reason, event->reason_len);
    } else {
        at = put_book(at, event);
    }
    if (event->kind == EVENT_SNAPSHOT && event->terms != NULL) {
        at = put_terms(at, event->terms);
    }
    if (event->conflated > 0) {
        at = put_text(at, ",\"conflated\":");
        at = digits_write_u64(at, event->conflated);
    }
    at = put_clock(at, event->clock);
    *at++ = '}';
    return (size_t)(at - out);
}

static const char alive_head[] = "{\"v\":1,\"type\":\"alive\",\"";

bool wire_is_alive(struct arb_bytes json)
{
    const size_t len = sizeof(alive_head) - 1;
    return json.len >= len && memcmp(json.data, alive_head, len) == 0;
}

size_t wire_write_alive(const struct event *event, const struct wire_alive *alive, int64_t pub_ns,
                        char *out)
{
    char *at = put_text(out, alive_head);

    at = put_text(at, alive->is_of_strategy ? "strategy\":" : "venue\":");
    at = put_string(at, event->venue->name, strlen(event->venue->name));
    at = put_text(at, ",\"session\":\"");
    at = digits_write_hex(at, event->session);
    at = put_text(at, "\",\"seq\":");
    at = digits_write_u64(at, event->seq);
    at = put_text(at, ",\"mono_ns\":");
    at = digits_write_i64(at, event->mono_ns);
    at = put_text(at, ",\"pub_ns\":");
    at = digits_write_i64(at, pub_ns);
    if (alive->from >= 0) {
        at = put_text(at, ",\"from\":");
        at = digits_write_i64(at, alive->from);
    }
    at = put_text(at, ",\"host\":");
    at = put_string(at, alive->host, strlen(alive->host));
    if (event->boot != 0) {
        at = put_text(at, ",\"boot\":\"");
        at = digits_write_hex(at, event->boot);
        *at++ = '"';
    }
    at = put_text(at, event->ends ? ",\"ends\":true}" : ",\"ends\":false}");
    return (size_t)(at - out);
}

/* What reading the levels needs to know of the rest of the message. */
struct reader {
    struct wire_event *out;
    uint32_t n_levels; /* used of out->levels */
    bool has_scales;
};

static bool read_type(struct arb_json *json, void *context, void *member)
{
    (void)context;
    return wire_read_enum(json, event_kind_name, EVENT_SNAPSHOT, EVENT_ALIVE, member);
}

static bool read_state(struct arb_json *json, void *context, void *member)
{
    (void)context;
    return wire_read_enum(json, book_state_name, ARB_BOOK_EMPTY, ARB_BOOK_UNUSABLE, member);
}

static bool read_trading(struct arb_json *json, void *context, void *member)
{
    uint32_t trading = 0;

    (void)context;
    if (!wire_read_enum(json, trading_name, ARB_TRADING_OPEN, ARB_TRADING_HALTED, &trading)) {
        return false;
    }
    *(uint8_t *)member = (uint8_t)trading;
    return true;
}

static bool read_verified(struct arb_json *json, void *context, void *member)
{
    uint32_t verified = 0;

    (void)context;
    if (!wire_read_enum(json, verified_name, ARB_VERIFIED, ARB_SUSPECT, &verified)) {
        return false;
    }
    *(uint8_t *)member = (uint8_t)verified;
    return true;
}

static bool read_scales(struct arb_json *json, void *context, void *member)
{
    struct reader *const reader = context;

    reader->has_scales = wire_read_scales(json, context, member);
    return reader->has_scales;
}

/* Numbers cannot be read without their scale: a writer puts it in front of them. */
static bool read_levels(struct arb_json *json, struct reader *reader,
                        const struct arb_level **levels, uint32_t *n)
{
    struct event *const event = &reader->out->event;
    struct arb_levels into = {
        .levels = reader->out->levels + reader->n_levels,
        .max = reader->out->levels_max - reader->n_levels,
        .px_scale = reader->out->info.px_scale,
        .qty_scale = reader->out->info.qty_scale,
        .px_digits = event->px_digits,
        .qty_digits = event->qty_digits,
    };
    if (!reader->has_scales) {
        return arb_json_fail(json, ARB_EPROTO);
    }
    if (!arb_json_level_pairs(json, &into)) {
        return false;
    }
    if (into.n_beyond > 0) {
        return arb_json_fail(json, ARB_ERANGE); /* no book of ours has such a level */
    }
    *levels = into.levels;
    *n = into.n;
    reader->n_levels += into.n;
    event->px_digits = into.px_digits;
    event->qty_digits = into.qty_digits;
    return true;
}

static bool read_bids(struct arb_json *json, void *context, void *member)
{
    struct event *const event = member;
    return read_levels(json, context, &event->bids, &event->n_bids);
}

static bool read_asks(struct arb_json *json, void *context, void *member)
{
    struct event *const event = member;
    return read_levels(json, context, &event->asks, &event->n_asks);
}

static bool read_reason(struct arb_json *json, void *context, void *member)
{
    struct wire_event *const out = member;
    struct arb_bytes text;
    size_t len = 0;

    (void)context;
    if (!arb_json_string(json, &text)) {
        return false;
    }
    const int rc = json_text_read(text, out->reason, sizeof(out->reason), &len);
    if (rc != ARB_OK) {
        return arb_json_fail(json, rc);
    }
    out->event.reason_len = (uint32_t)len;
    return true;
}

static bool read_host(struct arb_json *json, void *context, void *member)
{
    struct arb_bytes text;
    size_t len;

    (void)context;
    if (!arb_json_string(json, &text)) {
        return false;
    }
    const int rc = json_text_read(text, member, WIRE_HOST_MAX, &len);
    return rc == ARB_OK || arb_json_fail(json, rc);
}

static bool read_flag(struct arb_json *json, void *context, void *member)
{
    (void)context;
    return arb_json_bool(json, member);
}

static bool read_term(struct arb_json *json, void *context, void *member)
{
    struct arb_decimal *const term = member;
    struct arb_bytes text;

    (void)context;
    if (!arb_json_string(json, &text)) {
        return false;
    }
    *term = arb_decimal_of(text);
    return term->units > 0 || arb_json_fail(json, ARB_EPROTO);
}

static bool read_terms(struct arb_json *json, void *context, void *member)
{
    static const struct wire_field term_fields[] = {
        { "tick", read_term, offsetof(struct arb_order_terms, tick) },
        { "lot", read_term, offsetof(struct arb_order_terms, lot) },
        { "min_qty", read_term, offsetof(struct arb_order_terms, min_qty) },
        { "min_notional", read_term, offsetof(struct arb_order_terms, min_notional) },
    };
    static const struct wire_object object = { term_fields, 4 };
    struct wire_event *const out = member;
    uint32_t seen;

    out->event.terms = &out->terms;
    return wire_read_object(json, &object, context, &out->terms, &seen);
}

static const struct wire_field fields[] = {
    { "v", wire_read_version, 0 },
    { "type", read_type, offsetof(struct wire_event, event.kind) },
    { "venue", wire_read_name, offsetof(struct wire_event, venue.name) },
    { "symbol", wire_read_symbol, offsetof(struct wire_event, info) },
    { "session", wire_read_hex, offsetof(struct wire_event, event.session) },
    { "seq", wire_read_u64, offsetof(struct wire_event, event.seq) },
    { "prev", wire_read_u64, offsetof(struct wire_event, event.prev_seq) },
    { "state", read_state, offsetof(struct wire_event, event.state) },
    { "trading", read_trading, offsetof(struct wire_event, event.trading) },
    { "verified", read_verified, offsetof(struct wire_event, event.verified) },
    { "venue_ns", wire_read_i64, offsetof(struct wire_event, event.venue_ns) },
    { "recv_ns", wire_read_i64, offsetof(struct wire_event, event.recv_ns) },
    { "pub_ns", wire_read_i64, offsetof(struct wire_event, pub_ns) },
    { "scale", read_scales, offsetof(struct wire_event, info) },
    { "bids", read_bids, offsetof(struct wire_event, event) },
    { "asks", read_asks, offsetof(struct wire_event, event) },
    { "crc", wire_read_u32, offsetof(struct wire_event, event.crc) },
    { "reason", read_reason, 0 },
    { "conflated", wire_read_u64, offsetof(struct wire_event, event.conflated) },
    { "verified_levels", wire_read_u32, offsetof(struct wire_event, event.verified_levels) },
    { "clock_offset_ns", wire_read_i64, offsetof(struct wire_event, event.clock.offset_ns) },
    { "clock_error_ns", wire_read_error, offsetof(struct wire_event, event.clock.error_ns) },
    { "mono_ns", wire_read_i64, offsetof(struct wire_event, event.mono_ns) },
    { "host", read_host, offsetof(struct wire_event, alive.host) },
    { "ends", read_flag, offsetof(struct wire_event, event.ends) },
    { "from", wire_read_i64, offsetof(struct wire_event, alive.from) },
    { "strategy", wire_read_name, offsetof(struct wire_event, venue.name) },
    { "boot", wire_read_hex, offsetof(struct wire_event, event.boot) },
    { "terms", read_terms, 0 },
};

enum {
    N_FIELDS = sizeof(fields) / sizeof(*fields),
    HEAD_BITS = (1 << 14) - 1, /* "v" to "scale" */
    BOOK_BITS = 7 << 14,       /* "bids", "asks", "crc" */
    REASON_BIT = 1 << 17,
    OPTIONAL_BITS = 3 << 18, /* "conflated", "verified_levels" */
    CLOCK_BITS = 3 << 20,    /* both or neither */
    /* Of an alive: "v", "type", "session", "seq", "pub_ns", and what only it has. */
    ALIVE_BITS = 0x1033 | 7 << 22,
    VENUE_BIT = 1 << 2,
    STRATEGY_BIT = 1 << 26, /* instead of it */
    TERMS_BIT = 1 << 28,    /* of a snapshot, where they are known */
};

_Static_assert(N_FIELDS == 29, "the bit masks above count the fields");

static const struct wire_object event_object = { fields, N_FIELDS };

static void reverse(struct arb_level *levels, uint32_t n)
{
    for (uint32_t i = 0; i < n / 2; i++) {
        const struct arb_level level = levels[i];
        levels[i] = levels[n - 1 - i];
        levels[n - 1 - i] = level;
    }
}

/* Books are worst level first in memory; bids and asks lie in the caller's own storage. */
static void reverse_sides(const struct wire_event *out)
{
    const struct event *const event = &out->event;

    reverse(out->levels + (event->bids - out->levels), event->n_bids);
    reverse(out->levels + (event->asks - out->levels), event->n_asks);
}

static void start(struct wire_event *out)
{
    memset(&out->event, 0, sizeof(out->event));
    memset(&out->venue, 0, sizeof(out->venue));
    memset(&out->info, 0, sizeof(out->info));
    memset(&out->terms, 0, sizeof(out->terms));
    out->reason[0] = '\0';
    out->alive = (struct wire_alive){ .from = -1 };
    out->event.venue = &out->venue;
    out->event.info = &out->info;
    out->event.bids = out->event.asks = out->levels;
    out->event.reason = out->reason;
}

/* Has the message the members of its kind? */
static bool is_complete(uint32_t kind, uint32_t seen)
{
    const uint32_t rest = kind == EVENT_STATUS ? REASON_BIT : BOOK_BITS;
    const uint32_t clock = seen & CLOCK_BITS;
    const uint32_t optional =
        OPTIONAL_BITS | CLOCK_BITS | (kind == EVENT_SNAPSHOT ? (uint32_t)TERMS_BIT : 0);

    if (kind == EVENT_ALIVE) {
        return (seen & ALIVE_BITS) == ALIVE_BITS && !(seen & VENUE_BIT) != !(seen & STRATEGY_BIT);
    }
    return (seen & ~optional) == (HEAD_BITS | rest) && (clock == 0 || clock == CLOCK_BITS);
}

int wire_read_event(struct arb_bytes message, struct wire_event *out)
{
    struct arb_json json = arb_json_over(message);
    struct reader reader = { .out = out };
    uint32_t seen;

    start(out);
    if (!wire_read_object(&json, &event_object, &reader, out, &seen) || !arb_json_end(&json)) {
        return json.rc;
    }
    if (!is_complete(out->event.kind, seen)) {
        return ARB_EPROTO;
    }
    if (out->event.kind == EVENT_SNAPSHOT) {
        reverse_sides(out);
    } else if (out->event.kind == EVENT_ALIVE) {
        out->event.info = NULL;
        out->alive.is_of_strategy = (seen & STRATEGY_BIT) != 0;
    }
    return ARB_OK;
}
