/*
 * values.h - configured text to typed values, for the host's own keys and for plugin options.
 *
 * All arithmetic is exact: a value that does not fit is refused, never rounded.
 */
#ifndef ARB_VALUES_H
#define ARB_VALUES_H

#include <stdbool.h>
#include <stdint.h>

#include "arbspot/abi.h"
#include "arbspot/option.h"
#include "arbspot/text.h"
#include "arbspot/types.h"

enum value_type {
    VALUE_STRING = ARB_OPT_STRING,
    VALUE_INT = ARB_OPT_INT,
    VALUE_BOOL = ARB_OPT_BOOL,
    VALUE_MS = ARB_OPT_MS,
    VALUE_PPM = ARB_OPT_PPM,
    VALUE_ENUM = ARB_OPT_ENUM,
    VALUE_BYTES,   /* the host's own: "512KiB", "16MiB" */
    VALUE_DECIMAL, /* likewise: "0.0001"; min and max are not looked at */
};

/* What a value has to look like. */
struct value_rule {
    uint32_t type;       /* enum value_type */
    int64_t min, max;    /* of numbers, inclusive */
    const char *choices; /* words or integers separated by '|'; NULL: any within the range */
};

struct value {
    int64_t number;             /* of numbers; of VALUE_ENUM the choice's position, from 1 */
    bool flag;                  /* of VALUE_BOOL */
    const char *text;           /* of VALUE_STRING and VALUE_ENUM: the text that was read */
    struct arb_decimal decimal; /* of VALUE_DECIMAL */
};

/* ARB_EINVAL: the text is no such value. ARB_ERANGE: it is, but not one that is allowed. */
int value_read(const struct value_rule *rule, const char *text, struct value *out);

/* Adds what would do, to follow "is not": "a duration from 1s to 1h, such as 250ms, 5s or 2m". */
void value_describe(const struct value_rule *rule, struct arb_text *out);

/* Adds what is allowed in short, for a table: "1s..1h", "a|b|c"; nothing when all is. */
void value_describe_range(const struct value_rule *rule, struct arb_text *out);

/* Takes the next word off a list of choices; false at its end. */
bool value_next_choice(const char **choices, struct arb_bytes *word);

/* "duration", "whole number"; NULL for an unknown type. */
const char *value_type_name(uint32_t type);

#endif /* ARB_VALUES_H */
