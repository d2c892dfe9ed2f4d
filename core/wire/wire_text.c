#include "wire/wire_text.h"

#include <assert.h>

#include "util/json_text.h"

char *put_string(char *at, const char *text, size_t len)
{
    *at++ = '"';
    at = json_text_write(at, (struct arb_bytes){ text, len });
    *at++ = '"';
    return at;
}

char *put_scales(char *at, unsigned px_scale, unsigned qty_scale)
{
    at = digits_write_u64(at, px_scale);
    *at++ = ',';
    return digits_write_u64(at, qty_scale);
}

char *put_clock(char *at, struct arb_clock clock)
{
    if (!arb_clock_is_known(clock)) {
        return at;
    }
    at = put_text(at, ",\"clock_offset_ns\":");
    at = digits_write_i64(at, clock.offset_ns);
    at = put_text(at, ",\"clock_error_ns\":");
    return digits_write_i64(at, clock.error_ns);
}

/* The index of `key`, searched from where an ordered message has it; n_fields when unknown. */
static unsigned field_of(const struct wire_object *object, unsigned expected, struct arb_bytes key)
{
    const unsigned n = object->n_fields;

    for (unsigned i = 0; i < n; i++) {
        const unsigned at = expected + i < n ? expected + i : expected + i - n;
        if (arb_bytes_are(key, object->fields[at].name)) {
            return at;
        }
    }
    return n;
}

bool wire_read_object(struct arb_json *json, const struct wire_object *object, void *context,
                      void *out, uint32_t *seen)
{
    struct arb_bytes key;
    unsigned expected = 0;

    assert(object->n_fields <= WIRE_FIELDS_MAX);
    *seen = 0;
    arb_json_object(json);
    while (arb_json_key(json, &key)) {
        const unsigned i = field_of(object, expected, key);
        if (i == object->n_fields) {
            arb_json_skip(json);
            continue;
        }
        if (*seen >> i & 1) {
            return arb_json_fail(json, ARB_EPROTO);
        }
        *seen |= UINT32_C(1) << i;
        expected = i + 1;
        object->fields[i].read(json, context, (char *)out + object->fields[i].offset);
    }
    return arb_json_ok(json);
}

bool wire_read_version(struct arb_json *json, void *context, void *unused)
{
    uint64_t version = 0;

    (void)context;
    (void)unused;
    if (!arb_json_u64(json, &version)) {
        return false;
    }
    return version == WIRE_VERSION || arb_json_fail(json, ARB_ENOTSUP);
}

bool wire_read_u64(struct arb_json *json, void *context, void *member)
{
    (void)context;
    return arb_json_u64(json, member);
}

bool wire_read_u32(struct arb_json *json, void *context, void *member)
{
    uint64_t value = 0;

    (void)context;
    if (!arb_json_u64(json, &value)) {
        return false;
    }
    *(uint32_t *)member = (uint32_t)value;
    return value <= UINT32_MAX || arb_json_fail(json, ARB_ERANGE);
}

bool wire_read_i64(struct arb_json *json, void *context, void *member)
{
    int64_t *const out = member;
    uint64_t magnitude = 0;
    const bool negative = arb_json_peek(json) == '-';

    (void)context;
    json->at += negative;
    if (!arb_json_u64(json, &magnitude)) {
        return false;
    }
    if (magnitude > (uint64_t)INT64_MAX) {
        return arb_json_fail(json, ARB_ERANGE);
    }
    *out = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return true;
}

bool wire_read_error(struct arb_json *json, void *context, void *member)
{
    const int64_t *const error_ns = member;

    if (!wire_read_i64(json, context, member)) {
        return false;
    }
    return *error_ns > 0 || arb_json_fail(json, ARB_ERANGE);
}

bool wire_read_name(struct arb_json *json, void *context, void *member)
{
    struct arb_bytes text;
    size_t len;

    (void)context;
    if (!arb_json_string(json, &text)) {
        return false;
    }
    const int rc = json_text_read(text, member, ARB_SYMBOL_MAX, &len);
    if (rc != ARB_OK || len == 0) {
        return arb_json_fail(json, rc == ARB_OK ? ARB_EPROTO : rc);
    }
    return true;
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool wire_read_hex(struct arb_json *json, void *context, void *member)
{
    uint64_t *const out = member;
    struct arb_bytes text;
    uint64_t value = 0;

    (void)context;
    if (!arb_json_string(json, &text)) {
        return false;
    }
    if (text.len == 0 || text.len > 16) {
        return arb_json_fail(json, ARB_EPROTO);
    }
    for (size_t i = 0; i < text.len; i++) {
        const int digit = hex_value(text.data[i]);
        if (digit < 0) {
            return arb_json_fail(json, ARB_EPROTO);
        }
        value = value << 4 | (uint64_t)digit;
    }
    *out = value;
    return true;
}

bool wire_read_signed(struct arb_json *json, unsigned scale, int64_t *out)
{
    struct arb_bytes text;

    if (!arb_json_string(json, &text)) {
        return false;
    }
    const bool negative = text.len > 0 && text.data[0] == '-';
    text.data += negative;
    text.len -= negative;
    const int rc = arb_decimal_parse(text, scale, out, NULL);
    if (rc != ARB_OK) {
        return arb_json_fail(json, rc == ARB_EINVAL ? ARB_EPROTO : rc);
    }
    *out = negative ? -*out : *out;
    return true;
}

bool wire_read_symbol(struct arb_json *json, void *context, void *member)
{
    struct arb_instrument *const out = member;

    if (!wire_read_name(json, context, out->symbol)) {
        return false;
    }
    const char *const slash = strchr(out->symbol, '/');
    if (slash == NULL || slash == out->symbol || slash[1] == '\0') {
        return arb_json_fail(json, ARB_EPROTO);
    }
    const size_t base_len = (size_t)(slash - out->symbol);
    memset(out->base, 0, sizeof(out->base));
    memcpy(out->base, out->symbol, base_len);
    memset(out->quote, 0, sizeof(out->quote));
    memcpy(out->quote, slash + 1, strlen(slash + 1));
    return true;
}

static bool read_scale(struct arb_json *json, uint8_t *out)
{
    uint64_t scale = 0;

    if (!arb_json_next(json)) {
        return arb_json_fail(json, ARB_EPROTO);
    }
    if (!arb_json_u64(json, &scale)) {
        return false;
    }
    if (scale > ARB_SCALE_MAX) {
        return arb_json_fail(json, ARB_ERANGE);
    }
    *out = (uint8_t)scale;
    return true;
}

bool wire_read_scales(struct arb_json *json, void *context, void *member)
{
    struct arb_instrument *const out = member;

    (void)context;
    if (!arb_json_array(json) || !read_scale(json, &out->px_scale) ||
        !read_scale(json, &out->qty_scale)) {
        return false;
    }
    return !arb_json_next(json) || arb_json_fail(json, ARB_EPROTO);
}

bool wire_read_enum(struct arb_json *json, const char *(*name_of)(uint32_t value), uint32_t first,
                    uint32_t last, uint32_t *out)
{
    struct arb_bytes text;

    if (!arb_json_string(json, &text)) {
        return false;
    }
    for (uint32_t value = first; value <= last; value++) {
        if (arb_bytes_are(text, name_of(value))) {
            *out = value;
            return true;
        }
    }
    return arb_json_fail(json, ARB_EPROTO);
}
