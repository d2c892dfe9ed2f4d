#include "config/assets.h"

#include <string.h>

#include "config/values.h"

enum { AMOUNT_MAX = 64 }; /* bytes of a withdrawal's fee, terminator included */

#define TAKES_MAX_MS (INT64_C(30) * 86400000)

const struct asset_term *asset_term_of(const struct asset_term *terms, const char *asset)
{
    while (terms != NULL && strcmp(terms->asset, asset) != 0) {
        terms = terms->next;
    }
    return terms;
}

bool asset_is_name(const char *text)
{
    const size_t len = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
    return len > 0 && len < ARB_SYMBOL_MAX && text[len] == '\0';
}

static int read_amount(const char *text, size_t len, struct arb_decimal *amount)
{
    static const struct value_rule decimal = { .type = VALUE_DECIMAL };
    struct value value = { .number = 0 };
    char copy[AMOUNT_MAX] = { 0 };

    while (len > 0 && strchr(" \t", text[len - 1]) != NULL) {
        len--;
    }
    if (len >= sizeof(copy)) {
        return ARB_EINVAL;
    }
    memcpy(copy, text, len);
    if (value_read(&decimal, copy, &value) != ARB_OK) {
        return ARB_EINVAL;
    }
    *amount = value.decimal;
    return ARB_OK;
}

int asset_read_withdrawal(const char *text, struct asset_term *out)
{
    static const struct value_rule duration = { .type = VALUE_MS, .min = 0, .max = TAKES_MAX_MS };
    const size_t len = strcspn(text, ",");
    struct value takes = { .number = 0 };

    if (text[len] == '\0' || read_amount(text, len, &out->amount) != ARB_OK ||
        value_read(&duration, text + len + 1 + strspn(text + len + 1, " \t"), &takes) != ARB_OK) {
        return ARB_EINVAL;
    }
    out->takes_ms = takes.number;
    return ARB_OK;
}
