#include "mutate.h"

#include <stdlib.h>
#include <string.h>

#include "arbspot/json.h"

enum { CHANGES_MAX = 4, INSERTED_MAX = 16, SPARE = 64 };

/* splitmix64: small, seeded, the same everywhere. */
uint64_t prng_next(struct prng *prng)
{
    uint64_t z = prng->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static size_t below(struct prng *prng, size_t n)
{
    return n == 0 ? 0 : (size_t)(prng_next(prng) % n);
}

void mutant_fini(struct mutant *mutant)
{
    free(mutant->data);
    *mutant = (struct mutant){ 0 };
}

static int reserve(struct mutant *mutant, size_t len)
{
    if (len <= mutant->cap) {
        return ARB_OK;
    }
    char *const data = realloc(mutant->data, 2 * len);
    if (data == NULL) {
        return ARB_ENOMEM;
    }
    mutant->data = data;
    mutant->cap = 2 * len;
    return ARB_OK;
}

/* -- scrambling ----------------------------------------------------------------------- */

static void flip_byte(struct mutant *mutant, struct prng *prng)
{
    if (mutant->len > 0) {
        mutant->data[below(prng, mutant->len)] ^= (char)(1 << below(prng, 8));
    }
}

/* Half of the time a byte that means something in JSON. */
static void set_byte(struct mutant *mutant, struct prng *prng)
{
    static const char telling[] = "{}[]\",:.-+eE0123456789 \\\0";
    if (mutant->len > 0) {
        const char any = (char)prng_next(prng);
        mutant->data[below(prng, mutant->len)] =
            below(prng, 2) == 0 ? any : telling[below(prng, sizeof(telling) - 1)];
    }
}

static void delete_part(struct mutant *mutant, struct prng *prng)
{
    const size_t from = below(prng, mutant->len);
    const size_t len = below(prng, mutant->len - from) + (mutant->len > from);

    memmove(mutant->data + from, mutant->data + from + len, mutant->len - from - len);
    mutant->len -= len;
}

/* Copies a few bytes from one place to another, which makes room for them. */
static void repeat_part(struct mutant *mutant, struct prng *prng)
{
    char part[INSERTED_MAX];
    const size_t from = below(prng, mutant->len), to = below(prng, mutant->len);
    size_t len = below(prng, mutant->len - from);

    len = len < sizeof(part) ? len : sizeof(part);
    memcpy(part, mutant->data + from, len);
    memmove(mutant->data + to + len, mutant->data + to, mutant->len - to);
    memcpy(mutant->data + to, part, len);
    mutant->len += len;
}

static void change(struct mutant *mutant, struct prng *prng)
{
    static void (*const changes[])(struct mutant *, struct prng *) = { flip_byte, set_byte,
                                                                       delete_part, repeat_part };
    const size_t n = 1 + below(prng, CHANGES_MAX);

    for (size_t i = 0; i < n && mutant->len > 0; i++) {
        changes[below(prng, sizeof(changes) / sizeof(*changes))](mutant, prng);
    }
}

int mutate_bytes(struct mutant *mutant, struct arb_bytes text, struct prng *prng)
{
    const int rc = reserve(mutant, text.len + SPARE + CHANGES_MAX * INSERTED_MAX);

    if (rc != ARB_OK) {
        return rc;
    }
    memcpy(mutant->data, text.data, text.len);
    mutant->len = text.len;
    change(mutant, prng);
    return ARB_OK;
}

int mutate_again(struct mutant *mutant, struct prng *prng)
{
    const int rc = reserve(mutant, mutant->len + SPARE + CHANGES_MAX * INSERTED_MAX);

    if (rc == ARB_OK) {
        change(mutant, prng);
    }
    return rc;
}

int mutate_replace(struct mutant *mutant, struct arb_bytes text, struct arb_bytes part,
                   struct arb_bytes by)
{
    const size_t before = (size_t)(part.data - text.data);
    const size_t after = text.len - before - part.len;
    const int rc = reserve(mutant, before + by.len + after + 1);

    if (rc != ARB_OK) {
        return rc;
    }
    memcpy(mutant->data, text.data, before);
    memcpy(mutant->data + before, by.data, by.len);
    memcpy(mutant->data + before + by.len, part.data + part.len, after);
    mutant->len = before + by.len + after;
    return ARB_OK;
}

/* -- values --------------------------------------------------------------------------- */

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Where the scan is. */
struct scan {
    uint64_t objects; /* bit 0: the innermost bracket is an object */
    char before;      /* the last character that was not blank; 0 at the start */
};

static bool value_starts(const struct scan *scan)
{
    return scan->before == 0 || scan->before == ':' || scan->before == '[' ||
           (scan->before == ',' && (scan->objects & 1) == 0);
}

static struct arb_bytes value_at(const char *p, const char *end)
{
    struct arb_json json = arb_json_over((struct arb_bytes){ p, (size_t)(end - p) });
    return arb_json_skip(&json) ? (struct arb_bytes){ p, (size_t)(json.at - p) }
                                : (struct arb_bytes){ p, 0 };
}

/* Moves over one token. */
static const char *step_over(const char *p, const char *end, struct scan *scan)
{
    const char c = *p;

    if (c == '"') {
        struct arb_json json = arb_json_over((struct arb_bytes){ p, (size_t)(end - p) });
        struct arb_bytes ignored;
        (void)arb_json_string(&json, &ignored); /* damaged: it moves to the end */
        scan->before = '"';
        return json.at;
    }
    if (c == '{' || c == '[') {
        scan->objects = scan->objects << 1 | (c == '{');
    } else if (c == '}' || c == ']') {
        scan->objects >>= 1;
    }
    scan->before = c;
    return p + 1;
}

size_t json_values(struct arb_bytes text, struct arb_bytes *values, size_t max)
{
    const char *const end = text.data + text.len;
    struct scan scan = { 0, 0 };
    size_t n = 0;

    for (const char *p = text.data; p < end && n < max;) {
        if (is_blank(*p)) {
            p++;
            continue;
        }
        if (value_starts(&scan)) {
            const struct arb_bytes value = value_at(p, end);
            values[n] = value;
            n += value.len > 0;
        }
        p = step_over(p, end, &scan);
    }
    return n;
}
