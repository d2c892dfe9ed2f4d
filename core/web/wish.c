#include "web/wish.h"

#include "arbspot/fields.h"
#include "util/json_text.h"

static int read_name(struct arb_bytes text, char name[ARB_SYMBOL_MAX])
{
    size_t len = 0;
    const int rc = json_text_read(text, name, ARB_SYMBOL_MAX, &len);

    return rc == ARB_OK && len == 0 ? ARB_EPROTO : rc;
}

static int read_book(struct arb_json *json, struct web_wish *wish)
{
    struct arb_bytes venue = { NULL, 0 }, symbol = { NULL, 0 };
    const struct arb_json_field fields[] = { { "venue", ARB_JSON_TEXT, &venue },
                                             { "symbol", ARB_JSON_TEXT, &symbol } };

    if (arb_json_fields(json, fields, 2) != 3) {
        (void)arb_json_fail(json, ARB_EPROTO); /* one of them is not there */
        return ARB_EPROTO;
    }
    const int rc = read_name(venue, wish->venue);
    return rc != ARB_OK ? rc : read_name(symbol, wish->symbol);
}

int wish_read(struct arb_bytes text, struct web_wish *out)
{
    struct arb_json json = arb_json_over(text);
    struct web_wish wish = { .venue = "" };
    struct arb_bytes key;
    int rc = ARB_OK;

    (void)arb_json_object(&json);
    if (!arb_json_key(&json, &key) || !arb_bytes_are(key, "ladder")) {
        return ARB_EPROTO;
    }
    if (arb_json_peek(&json) == 'n') {
        (void)arb_json_word(&json, "null");
    } else {
        rc = read_book(&json, &wish);
    }
    if (rc == ARB_OK && (arb_json_key(&json, &key) || !arb_json_end(&json))) {
        rc = ARB_EPROTO;
    }
    if (rc == ARB_OK) {
        *out = wish;
    }
    return rc;
}
