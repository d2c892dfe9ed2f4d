#include "config/values.h"

#include <string.h>

#include "arbspot/decimal.h"

/* A unit and how many of the stored unit it is. Lists go from large to small. */
struct unit {
    const char *name;
    int64_t factor;
};

enum { FRACTION_DIGITS_MAX = 6 }; /* of "0.000001s" */

static const struct unit ms_units[] = {
    { "d", 86400000 }, { "h", 3600000 }, { "m", 60000 }, { "s", 1000 }, { "ms", 1 }, { NULL, 0 },
};

static const struct unit ppm_units[] = {
    { "%", 10000 },
    { "bp", 100 },
    { "ppm", 1 },
    { NULL, 0 },
};

static const struct unit byte_units[] = {
    { "GiB", INT64_C(1) << 30 },
    { "MiB", INT64_C(1) << 20 },
    { "KiB", 1024 },
    { "B", 1 },
    { NULL, 0 },
};

static struct arb_bytes bytes_of(const char *text, size_t len)
{
    return (struct arb_bytes){ .data = text, .len = len };
}

static bool is_word(struct arb_bytes word, const char *text)
{
    return strlen(text) == word.len && memcmp(word.data, text, word.len) == 0;
}

static int read_int(const char *text, int64_t *out)
{
    const bool negative = *text == '-';
    const char *const digits = text + (negative ? 1 : 0);
    int64_t value = 0;

    if (*digits == '\0' || strspn(digits, "0123456789") != strlen(digits)) {
        return ARB_EINVAL;
    }
    for (const char *p = digits; *p != '\0'; p++) {
        const int64_t digit = negative ? '0' - *p : *p - '0'; /* so that INT64_MIN fits */
        if (__builtin_mul_overflow(value, 10, &value) ||
            __builtin_add_overflow(value, digit, &value)) {
            return ARB_ERANGE;
        }
    }
    *out = value;
    return ARB_OK;
}

static const struct unit *find_unit(const struct unit *units, const char *name)
{
    while (units->name != NULL && strcmp(units->name, name) != 0) {
        units++;
    }
    return units->name == NULL ? NULL : units;
}

/* Millionths of a unit to the stored unit, if that leaves no remainder. */
static int convert(int64_t millionths, const struct unit *unit, int64_t *out)
{
    const int64_t million = arb_pow10(FRACTION_DIGITS_MAX);
    const int64_t fraction = millionths % million * unit->factor; /* factors stay below 2^31 */
    int64_t whole = 0;

    if (fraction % million != 0 ||
        __builtin_mul_overflow(millionths / million, unit->factor, &whole) ||
        __builtin_add_overflow(whole, fraction / million, &whole)) {
        return ARB_ERANGE;
    }
    *out = whole;
    return ARB_OK;
}

/* Reads "2.5s". Zero needs no unit: it is the same in all. */
static int read_measure(const char *text, const struct unit *units, int64_t *out)
{
    const bool negative = *text == '-';
    const char *const number = text + (negative ? 1 : 0);
    const size_t len = strspn(number, "0123456789.");
    const char *const name = number + len + strspn(number + len, " \t");
    int64_t millionths = 0, value = 0;

    int rc = arb_decimal_parse(bytes_of(number, len), FRACTION_DIGITS_MAX, &millionths, NULL);
    if (rc != ARB_OK) {
        return rc;
    }
    if (millionths == 0 && *name == '\0') {
        *out = 0;
        return ARB_OK;
    }
    const struct unit *const unit = find_unit(units, name);
    if (unit == NULL) {
        return ARB_EINVAL;
    }
    rc = convert(millionths, unit, &value);
    if (rc == ARB_OK) {
        *out = negative ? -value : value;
    }
    return rc;
}

/* Of what is no number and of 0 alike, arb_decimal_of() makes 0. */
static int read_decimal(const char *text, struct arb_decimal *out)
{
    const struct arb_bytes bytes = bytes_of(text, strlen(text));
    const struct arb_decimal decimal = arb_decimal_of(bytes);
    int64_t zero = 0;
    const int rc = decimal.units > 0 ? ARB_OK : arb_decimal_parse(bytes, 0, &zero, NULL);

    if (rc == ARB_OK) {
        *out = decimal;
    }
    return rc;
}

static int read_bool(const char *text, bool *out)
{
    static const char *const words[] = { "no", "yes", "false", "true", "off", "on", "0", "1" };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (strcmp(text, words[i]) == 0) {
            *out = i % 2 == 1;
            return ARB_OK;
        }
    }
    return ARB_EINVAL;
}

bool value_next_choice(const char **choices, struct arb_bytes *word)
{
    if (*choices == NULL) {
        return false;
    }
    *word = bytes_of(*choices, strcspn(*choices, "|"));
    *choices = (*choices)[word->len] == '|' ? *choices + word->len + 1 : NULL;
    return true;
}

/* The position of `text` among the choices, from 1; 0 when it is not there. */
static int64_t choice_position(const char *choices, const char *text)
{
    struct arb_bytes word;

    for (int64_t i = 1; value_next_choice(&choices, &word); i++) {
        if (is_word(word, text)) {
            return i;
        }
    }
    return 0;
}

static int read_enum(const struct value_rule *rule, const char *text, struct value *out)
{
    const int64_t position = choice_position(rule->choices, text);

    if (position == 0) {
        return ARB_ERANGE;
    }
    out->number = position;
    out->text = text;
    return ARB_OK;
}

static int read_number(const struct value_rule *rule, const char *text, int64_t *out)
{
    switch (rule->type) {
    case VALUE_INT:
        return read_int(text, out);
    case VALUE_MS:
        return read_measure(text, ms_units, out);
    case VALUE_PPM:
        return read_measure(text, ppm_units, out);
    case VALUE_BYTES:
        return read_measure(text, byte_units, out);
    default:
        return ARB_EINVAL;
    }
}

static int read_limited(const struct value_rule *rule, const char *text, int64_t *out)
{
    int64_t value = 0;

    const int rc = read_number(rule, text, &value);
    if (rc != ARB_OK) {
        return rc;
    }
    if (value < rule->min || value > rule->max ||
        (rule->choices != NULL && choice_position(rule->choices, text) == 0)) {
        return ARB_ERANGE;
    }
    *out = value;
    return ARB_OK;
}

int value_read(const struct value_rule *rule, const char *text, struct value *out)
{
    switch (rule->type) {
    case VALUE_STRING:
        out->text = text;
        return ARB_OK;
    case VALUE_BOOL:
        return read_bool(text, &out->flag);
    case VALUE_ENUM:
        return read_enum(rule, text, out);
    case VALUE_DECIMAL:
        return read_decimal(text, &out->decimal);
    default:
        return read_limited(rule, text, &out->number);
    }
}

/* In the largest unit that leaves no remainder; zero without one. */
static void put_measure(const struct unit *units, int64_t value, struct arb_text *out)
{
    if (value == 0) {
        arb_text_add(out, "0");
        return;
    }
    while (value % units->factor != 0) { /* the last factor is 1 */
        units++;
    }
    arb_text_add(out, "%lld%s", (long long)(value / units->factor), units->name);
}

static void put_number(uint32_t type, int64_t value, struct arb_text *out)
{
    switch (type) {
    case VALUE_MS:
        put_measure(ms_units, value, out);
        break;
    case VALUE_PPM:
        put_measure(ppm_units, value, out);
        break;
    case VALUE_BYTES:
        put_measure(byte_units, value, out);
        break;
    default:
        arb_text_add(out, "%lld", (long long)value);
        break;
    }
}

static bool has_range(const struct value_rule *rule)
{
    return rule->type != VALUE_STRING && rule->type != VALUE_BOOL && rule->type != VALUE_DECIMAL &&
           (rule->min != INT64_MIN || rule->max != INT64_MAX);
}

static void put_choices(const char *choices, struct arb_text *out)
{
    const char *separator = "one of ";
    struct arb_bytes word;

    while (value_next_choice(&choices, &word)) {
        arb_text_add(out, "%s%.*s", separator, (int)word.len, word.data);
        separator = ", ";
    }
}

static const char *examples(uint32_t type)
{
    switch (type) {
    case VALUE_MS:
        return ", such as 250ms, 5s or 2m";
    case VALUE_PPM:
        return ", such as 0.26%, 26bp or 2600ppm";
    case VALUE_BYTES:
        return ", such as 512KiB or 16MiB";
    case VALUE_DECIMAL:
        return " from 0 on with at most 18 digits, such as 0.0001 or 25000";
    default:
        return "";
    }
}

void value_describe(const struct value_rule *rule, struct arb_text *out)
{
    if (rule->choices != NULL) {
        put_choices(rule->choices, out);
        return;
    }
    if (rule->type == VALUE_BOOL) {
        arb_text_add(out, "yes or no");
        return;
    }
    arb_text_add(out, "a %s", value_type_name(rule->type));
    if (has_range(rule)) {
        arb_text_add(out, " from ");
        put_number(rule->type, rule->min, out);
        arb_text_add(out, " to ");
        put_number(rule->type, rule->max, out);
    }
    arb_text_add(out, "%s", examples(rule->type));
}

void value_describe_range(const struct value_rule *rule, struct arb_text *out)
{
    if (rule->choices != NULL) {
        arb_text_add(out, "%s", rule->choices);
    } else if (has_range(rule)) {
        put_number(rule->type, rule->min, out);
        arb_text_add(out, "..");
        put_number(rule->type, rule->max, out);
    }
}

const char *value_type_name(uint32_t type)
{
    switch (type) {
    case VALUE_STRING:
        return "text";
    case VALUE_INT:
        return "whole number";
    case VALUE_BOOL:
        return "yes or no";
    case VALUE_MS:
        return "duration";
    case VALUE_PPM:
        return "share";
    case VALUE_ENUM:
        return "word";
    case VALUE_BYTES:
        return "size";
    case VALUE_DECIMAL:
        return "decimal";
    default:
        return NULL;
    }
}
