/*
 * fields.h - reads an object into variables by a table of its members.
 *
 *     const struct arb_json_field fields[] = { { "symbol", ARB_JSON_TEXT, &symbol },
 *                                              { "bids", ARB_JSON_LEVELS, &draft->bids } };
 *     const uint32_t seen = arb_json_fields(&json, fields, 2);
 *     if (!arb_json_end(&json)) return json.rc;
 *
 * Members come in any order; those in the table's own order, among the first eight, are read
 * fastest.
 */
#ifndef ARB_FIELDS_H
#define ARB_FIELDS_H

#include "arbspot/usual.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ARB_JSON_FIELDS_MAX = 32, /* in one table */
};

/* What a member is read as, and the type `to` points to. */
enum arb_json_type {
    ARB_JSON_TEXT = 1, /* struct arb_bytes: a string as it stands between its quotes */
    ARB_JSON_U64 = 2,  /* uint64_t, bare or quoted */
    ARB_JSON_I64 = 3,  /* int64_t, bare or quoted */
    ARB_JSON_BOOL = 4, /* bool */
    ARB_JSON_ANY = 5,  /* struct arb_json: a reader of just this value, to be read later */
    /*
     * struct arb_levels, prepared: a side of a book, as arb_levels_read() has it. What is wrong
     * with it stands in its `rc` and is no error of the object, unless it is not even JSON.
     */
    ARB_JSON_LEVELS = 6,
    ARB_JSON_TIME = 7,     /* int64_t: RFC 3339 in UTC as nanoseconds, 0 for another text */
    ARB_JSON_US = 8,       /* int64_t: microseconds since 1970 as nanoseconds, 0 for no time */
    ARB_JSON_MS = 9,       /* int64_t: milliseconds, likewise */
    ARB_JSON_NS = 10,      /* int64_t: nanoseconds, likewise */
    ARB_JSON_DECIMAL = 11, /* struct arb_decimal, bare or quoted; {0, 0} for what is none */
};

struct arb_json_field {
    const char *name;
    uint32_t type; /* enum arb_json_type */
    void *to;
};

/* Skips a value, and gives a reader of its own that stands before it. */
static inline bool arb_json_later(struct arb_json *json, struct arb_json *later)
{
    (void)arb_json_peek(json);
    *later = *json;
    if (!arb_json_skip(json)) {
        return false;
    }
    later->end = json->at;
    return true;
}

/* A time is short: its closing quote is looked for in the NEAR bytes behind the first only. */
static inline bool arb_json_time(struct arb_json *json, int64_t *ns)
{
    enum { NEAR = 40 };
    struct arb_bytes text = { NULL, 0 };

    *ns = 0;
    if (arb_json_peek(json) == '"') {
        const char *const start = json->at + 1;
        const size_t left = (size_t)(json->end - start);
        const size_t near = left < NEAR ? left : (size_t)NEAR;
        const char *const quote = (const char *)memchr(start, '"', near);
        text.data = start;
        text.len = quote == NULL ? 0 : (size_t)(quote - start);
        if (quote != NULL && arb_time_from_rfc3339(text, ns) == ARB_OK) {
            json->at = quote + 1;
            return true;
        }
    }
    return arb_json_string(json, &text);
}

/* Of a side that comes twice the last holds, and a damaged one is skipped. */
static inline bool arb_json_levels_field(struct arb_json *json, struct arb_levels *levels)
{
    const char *const before = json->at;

    levels->n = levels->n_beyond = 0;
    levels->rc = ARB_OK;
    if (arb_levels_read(json, levels)) {
        return true;
    }
    levels->rc = json->rc;
    arb_json_back(json, before);
    return arb_json_skip(json);
}

/* Microseconds as nanoseconds: 0 when they are no time. */
static inline int64_t arb_json_ns_of_us(uint64_t us)
{
    return arb_time_is_us(us) ? arb_time_from_us(us) : 0;
}

/* Milliseconds, likewise. */
static inline int64_t arb_json_ns_of_ms(uint64_t ms)
{
    return ms <= INT64_MAX / 1000000 ? (int64_t)ms * 1000000 : 0;
}

static inline bool arb_json_us(struct arb_json *json, int64_t *ns)
{
    uint64_t us = 0;
    const bool is_read = arb_json_u64(json, &us);

    *ns = arb_json_ns_of_us(us);
    return is_read;
}

static inline bool arb_json_ms(struct arb_json *json, int64_t *ns)
{
    uint64_t ms = 0;
    const bool is_read = arb_json_u64(json, &ms);

    *ns = arb_json_ns_of_ms(ms);
    return is_read;
}

/* Nanoseconds as they are: 0 when they are no time. */
static inline int64_t arb_json_ns_of_ns(uint64_t ns)
{
    return ns <= INT64_MAX ? (int64_t)ns : 0;
}

static inline bool arb_json_ns(struct arb_json *json, int64_t *ns)
{
    uint64_t value = 0;
    const bool is_read = arb_json_u64(json, &value);

    *ns = arb_json_ns_of_ns(value);
    return is_read;
}

/* Exact, of whatever scale: 0.01, "1E-8". What is no such number is {0, 0}. */
static inline bool arb_json_any_decimal(struct arb_json *json, struct arb_decimal *out)
{
    struct arb_bytes text = { "", 0 };
    const char first = arb_json_peek(json);
    const bool is_read = first == '"'                   ? arb_json_string(json, &text)
                         : first >= '0' && first <= '9' ? arb_json_number(json, &text)
                                                        : arb_json_skip(json);

    *out = arb_decimal_of(text);
    return is_read;
}

static inline bool arb_json_field_read(struct arb_json *json, const struct arb_json_field *field)
{
    switch (field->type) {
    case ARB_JSON_TEXT:
        return arb_json_string(json, (struct arb_bytes *)field->to);
    case ARB_JSON_U64:
        return arb_json_u64(json, (uint64_t *)field->to);
    case ARB_JSON_I64:
        return arb_json_i64(json, (int64_t *)field->to);
    case ARB_JSON_BOOL:
        return arb_json_bool(json, (bool *)field->to);
    case ARB_JSON_ANY:
        return arb_json_later(json, (struct arb_json *)field->to);
    case ARB_JSON_TIME:
        return arb_json_time(json, (int64_t *)field->to);
    case ARB_JSON_US:
        return arb_json_us(json, (int64_t *)field->to);
    case ARB_JSON_MS:
        return arb_json_ms(json, (int64_t *)field->to);
    case ARB_JSON_NS:
        return arb_json_ns(json, (int64_t *)field->to);
    case ARB_JSON_DECIMAL:
        return arb_json_any_decimal(json, (struct arb_decimal *)field->to);
    case ARB_JSON_LEVELS:
        return arb_json_levels_field(json, (struct arb_levels *)field->to);
    default:
        return arb_json_fail(json, ARB_EINVAL);
    }
}

/* Reads a key and gives the place of its field, or `n`. */
static inline unsigned arb_json_field_find(struct arb_json *json,
                                           const struct arb_json_field *fields, unsigned n)
{
    struct arb_bytes key;
    unsigned i = 0;

    if (!arb_json_string(json, &key) || !arb_json_take(json, ':')) {
        return n;
    }
    while (i < n && !arb_bytes_are(key, fields[i].name)) {
        i++;
    }
    return i;
}

/* Reads the members that are left, in any order and spelling, and adds to what was seen. */
static __attribute__((noinline, unused)) uint32_t
arb_json_members_any(struct arb_json *json, const struct arb_json_field *fields, unsigned n,
                     uint32_t seen)
{
    while (arb_json_advance(json, '}')) {
        const unsigned i = arb_json_field_find(json, fields, n);
        if (i == n || arb_json_peek(json) == 'n') {
            arb_json_skip(json);
        } else if (arb_json_field_read(json, &fields[i])) {
            seen |= UINT32_C(1) << i;
        }
    }
    return arb_json_ok(json) ? seen : 0;
}

/* -- objects in the usual spelling -------------------------------------------------------- */

/* A reader that is about to come to a member: behind the bracket, or at a comma. */
struct arb_json_usual {
    const char *at, *end;
    bool fresh;   /* behind the bracket */
    bool is_over; /* behind the closing one */
};

ARB_USUAL const char *arb_json_usual_us(const char *p, const char *end, int64_t *ns)
{
    uint64_t us = 0;

    p = arb_usual_u64(p, end, &us);
    *ns = arb_json_ns_of_us(us);
    return p;
}

ARB_USUAL const char *arb_json_usual_ms(const char *p, const char *end, int64_t *ns)
{
    uint64_t ms = 0;

    p = arb_usual_u64(p, end, &ms);
    *ns = arb_json_ns_of_ms(ms);
    return p;
}

ARB_USUAL const char *arb_json_usual_ns(const char *p, const char *end, int64_t *ns)
{
    uint64_t value = 0;

    p = arb_usual_u64(p, end, &value);
    *ns = arb_json_ns_of_ns(value);
    return p;
}

ARB_USUAL const char *arb_json_usual_value(const char *p, const char *end,
                                           const struct arb_json_field *field)
{
    switch (field->type) {
    case ARB_JSON_TEXT:
        return arb_usual_text(p, end, (struct arb_bytes *)field->to);
    case ARB_JSON_U64:
        return arb_usual_u64(p, end, (uint64_t *)field->to);
    case ARB_JSON_TIME:
        return arb_usual_time(p, end, (int64_t *)field->to);
    case ARB_JSON_US:
        return arb_json_usual_us(p, end, (int64_t *)field->to);
    case ARB_JSON_MS:
        return arb_json_usual_ms(p, end, (int64_t *)field->to);
    case ARB_JSON_NS:
        return arb_json_usual_ns(p, end, (int64_t *)field->to);
    case ARB_JSON_LEVELS:
        return arb_usual_levels(p, end, (struct arb_levels *)field->to);
    default:
        return NULL;
    }
}

/* False when the next member is this one, but not as usual. One that is not there is passed. */
ARB_USUAL bool arb_json_usual_member(struct arb_json_usual *usual,
                                     const struct arb_json_field *field, uint32_t bit,
                                     uint32_t *seen)
{
    const size_t len = strlen(field->name);
    const char *const key = usual->at + !usual->fresh;

    if (usual->is_over || (size_t)(usual->end - key) < len + 4 || key[0] != '"' ||
        memcmp(key + 1, field->name, len) != 0 || key[len + 1] != '"' || key[len + 2] != ':') {
        return true;
    }
    const char *const p = arb_json_usual_value(key + len + 3, usual->end, field);
    if (p == NULL || p == usual->end || (*p != ',' && *p != '}')) {
        return false;
    }
    usual->is_over = *p == '}';
    usual->at = p + usual->is_over;
    usual->fresh = false;
    *seen |= bit;
    return true;
}

/*
 * Reads members as long as they come in the table's order and as usual. Unrolled by hand: with a
 * table of constants each step is compiled for its name and type.
 */
ARB_USUAL bool arb_json_members_usual(struct arb_json *json, const struct arb_json_field *fields,
                                      unsigned n, uint32_t *seen)
{
    struct arb_json_usual usual = { json->at, json->end, json->fresh, false };

    if (!arb_json_ok(json) || usual.at == usual.end || *usual.at != (usual.fresh ? '"' : ',')) {
        return false;
    }
    (void)((n <= 0 || arb_json_usual_member(&usual, &fields[0], 1, seen)) &&
           (n <= 1 || arb_json_usual_member(&usual, &fields[1], 2, seen)) &&
           (n <= 2 || arb_json_usual_member(&usual, &fields[2], 4, seen)) &&
           (n <= 3 || arb_json_usual_member(&usual, &fields[3], 8, seen)) &&
           (n <= 4 || arb_json_usual_member(&usual, &fields[4], 16, seen)) &&
           (n <= 5 || arb_json_usual_member(&usual, &fields[5], 32, seen)) &&
           (n <= 6 || arb_json_usual_member(&usual, &fields[6], 64, seen)) &&
           (n <= 7 || arb_json_usual_member(&usual, &fields[7], 128, seen)));
    json->at = usual.at;
    json->fresh = usual.fresh;
    return usual.is_over;
}

/* As arb_json_fields(), for the members that are left of an object entered before. */
ARB_USUAL uint32_t arb_json_members(struct arb_json *json, const struct arb_json_field *fields,
                                    unsigned n)
{
    uint32_t seen = 0;

    if (n > ARB_JSON_FIELDS_MAX) {
        (void)arb_json_fail(json, ARB_EINVAL);
        return 0;
    }
    if (arb_json_members_usual(json, fields, n, &seen)) {
        return seen;
    }
    if (n == 0) {
        return arb_json_members_any(json, fields, 0, seen);
    }
    /* Only a copy leaves the compiler's sight, so that the table remains one of constants. */
    struct arb_json_field copy[ARB_JSON_FIELDS_MAX];
    memcpy(copy, fields, n * sizeof(*fields));
    return arb_json_members_any(json, copy, n, seen);
}

/*
 * Reads one object. Returns which were there, bit i for fields[i]; the others are left as they are.
 * A `null` counts as not there, members that the table does not name are skipped, of one that comes
 * twice the last holds.
 *
 * On an error, and so when a value has another type (ARB_EPROTO), returns 0 with json->rc set; what
 * was read before stands where it belongs. `n` is at most ARB_JSON_FIELDS_MAX, and no two fields
 * have one name.
 */
ARB_USUAL uint32_t arb_json_fields(struct arb_json *json, const struct arb_json_field *fields,
                                   unsigned n)
{
    arb_json_object(json);
    return arb_json_members(json, fields, n);
}

/*
 * Reads one array by such a table, where each element has its place, and a name only for who reads
 * the table: [17, "hb", 3]. Elements behind those of the table are skipped, and `null` is an
 * element as any other; all else is as with arb_json_fields().
 */
static inline uint32_t arb_json_elements(struct arb_json *json, const struct arb_json_field *fields,
                                         unsigned n)
{
    uint32_t seen = 0;

    if (n > ARB_JSON_FIELDS_MAX) {
        (void)arb_json_fail(json, ARB_EINVAL);
    }
    arb_json_array(json);
    for (unsigned i = 0; arb_json_next(json); i++) {
        if (i >= n) {
            arb_json_skip(json);
        } else if (arb_json_field_read(json, &fields[i])) {
            seen |= UINT32_C(1) << i;
        }
    }
    return arb_json_ok(json) ? seen : 0;
}

/*
 * Enters an object and reads one text of it: what the others are to be read with, wherever it
 * stands. False when there is none, or another type. Then comes arb_json_members() for the others.
 */
static inline bool arb_json_lead(struct arb_json *json, const char *name, struct arb_bytes *out)
{
    arb_json_object(json);
    const char *const first = json->at;
    if (arb_json_is_key(json, name)) { /* mostly it is the first one */
        if (arb_json_string(json, out)) {
            json->fresh = false;
            return true;
        }
        arb_json_back(json, first);
        json->fresh = true;
    }
    struct arb_json ahead = *json;
    struct arb_bytes key;
    while (arb_json_key(&ahead, &key)) {
        if (arb_bytes_are(key, name)) {
            return arb_json_string(&ahead, out);
        }
        arb_json_skip(&ahead);
    }
    return false;
}

/* The text in front of `*end`, as the last member there is and of this name; moves `*end` before
 * it. */
static inline bool arb_json_text_before(const struct arb_json *json, const char **end,
                                        const char *name, struct arb_bytes *out)
{
    const size_t len = strlen(name);

    if (*end - json->at < (ptrdiff_t)len + 6 || (*end)[-1] != '"') {
        return false;
    }
    const char *const close = *end - 1;
    const char *open = close;
    do {
        open--;
    } while (open > json->at + len + 4 && *open != '"' && *open != '\\');
    const char *const member = open - len - 4; /* ,"name": */
    if (*open != '"' || member[0] != ',' || member[1] != '"' ||
        memcmp(member + 2, name, len) != 0 || member[len + 2] != '"' || member[len + 3] != ':') {
        return false;
    }
    out->data = open + 1;
    out->len = (size_t)(close - open - 1);
    *end = member;
    return true;
}

/*
 * Looks at the texts that an object ends with, when they are just these in this order: what the
 * others are to be read with. The reader stays where it is, before the object, which is the whole
 * text. Whether it is JSON at all shows when it is read.
 */
static inline bool arb_json_tail(const struct arb_json *json, const struct arb_json_field *texts,
                                 unsigned n)
{
    const char *end = json->end;
    bool is_there = end > json->at && *--end == '}';

    while (is_there && n-- > 0) {
        is_there = arb_json_text_before(json, &end, texts[n].name, (struct arb_bytes *)texts[n].to);
    }
    return is_there;
}

/* As arb_json_enter(), among the members that are left of an object entered before. */
static inline bool arb_json_enter_rest(struct arb_json *json, const char *name)
{
    struct arb_bytes key;

    while (arb_json_key(json, &key)) {
        if (arb_bytes_are(key, name)) {
            return true;
        }
        arb_json_skip(json);
    }
    return false;
}

/*
 * Enters an object up to the value of a member, skipping those before. False when there is none.
 * When the value is read, arb_json_rest() ends the object.
 */
static inline bool arb_json_enter(struct arb_json *json, const char *name)
{
    arb_json_object(json);
    return arb_json_enter_rest(json, name);
}

/*
 * Reads an array by a function for each element, until one returns other than ARB_OK. Returns that,
 * or what is wrong with the array.
 */
static inline int arb_json_each(struct arb_json *json,
                                int (*read)(void *context, struct arb_json *json), void *context)
{
    int rc = ARB_OK;

    arb_json_array(json);
    while (rc == ARB_OK && arb_json_next(json)) {
        rc = read(context, json);
    }
    return rc != ARB_OK ? rc : json->rc;
}

/* Skips the members that are left, and is true when nothing but the object's end was left. */
static inline bool arb_json_rest(struct arb_json *json)
{
    struct arb_bytes key;

    while (arb_json_key(json, &key)) {
        arb_json_skip(json);
    }
    return arb_json_end(json);
}

#ifdef __cplusplus
}
#endif

#endif /* ARB_FIELDS_H */
