/*
 * wire_text.h - what both kinds of message are written and read with.
 *
 * Writers append and return the position behind; the caller has bounded the message.
 * Readers go by a table of members, so that the order of a message costs nothing when it is
 * ours and does not matter when it is not.
 */
#ifndef ARB_WIRE_TEXT_H
#define ARB_WIRE_TEXT_H

#include "arbspot/json.h"
#include "util/digits.h"

enum {
    WIRE_VERSION = 1,
    WIRE_FIELDS_MAX = 32, /* members of one object; `seen` is a bit mask */
};

static inline char *put_text(char *at, const char *text)
{
    const size_t len = strlen(text); /* folds for literals; else a short name of ours */
    memcpy(at, text, len);
    return at + len;
}

/* A name or a reason between quotes. */
char *put_string(char *at, const char *text, size_t len);

/* "10,8" of `"scale":[10,8]`. */
char *put_scales(char *at, unsigned px_scale, unsigned qty_scale);

/* Two members with a comma in front, or nothing when the clock is not known. */
char *put_clock(char *at, struct arb_clock clock);

/*
 * One member: its name, what reads its value, and where in the object it goes. `context` is
 * the caller's.
 */
struct wire_field {
    const char *name;
    bool (*read)(struct arb_json *json, void *context, void *member);
    size_t offset;
};

struct wire_object {
    const struct wire_field *fields; /* in the order of our own messages */
    unsigned n_fields;               /* at most WIRE_FIELDS_MAX */
};

/*
 * Reads one object into `out`. Unknown members are skipped, a repeated one is an error.
 * Bit i of `*seen` is set when fields[i] was there.
 */
bool wire_read_object(struct arb_json *json, const struct wire_object *object, void *context,
                      void *out, uint32_t *seen);

/* For the tables. The member is what the name says; context is not used. */
bool wire_read_version(struct arb_json *json, void *context, void *unused);
bool wire_read_u64(struct arb_json *json, void *context, void *member);
bool wire_read_u32(struct arb_json *json, void *context, void *member);
bool wire_read_i64(struct arb_json *json, void *context, void *member);
bool wire_read_error(struct arb_json *json, void *context, void *member); /* int64_t > 0 */
bool wire_read_hex(struct arb_json *json, void *context, void *member);   /* uint64_t */
bool wire_read_name(struct arb_json *json, void *context, void *member);  /* char[ARB_SYMBOL_MAX] */
bool wire_read_symbol(struct arb_json *json, void *context,
                      void *member); /* struct arb_instrument */
bool wire_read_scales(struct arb_json *json, void *context,
                      void *member); /* struct arb_instrument */

/* A decimal string that may be negative, in units of 10^-scale. */
bool wire_read_signed(struct arb_json *json, unsigned scale, int64_t *out);

/* A string that `name_of` has for one of first..last. */
bool wire_read_enum(struct arb_json *json, const char *(*name_of)(uint32_t value), uint32_t first,
                    uint32_t last, uint32_t *out);

#endif /* ARB_WIRE_TEXT_H */
