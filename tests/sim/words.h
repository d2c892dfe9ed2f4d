/* words.h - small questions to requests and frames that dialects and the layer of faults ask. No
 * state. */
#ifndef ARB_SIM_WORDS_H
#define ARB_SIM_WORDS_H

#include <cjson/cJSON.h>
#include <string.h>

#include "arbspot/json.h"

/* The member's text; "" when there is none. */
static inline const char *words_text(const cJSON *object, const char *key)
{
    const char *const text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, key));
    return text == NULL ? "" : text;
}

static inline bool words_are(const cJSON *object, const char *key, const char *text)
{
    return strcmp(words_text(object, key), text) == 0;
}

static inline bool words_begin(const char *text, const char *head)
{
    return strncmp(text, head, strlen(head)) == 0;
}

static inline bool words_start(struct arb_bytes frame, const char *head)
{
    const size_t len = strlen(head);
    return frame.len >= len && memcmp(frame.data, head, len) == 0;
}

static inline bool words_have(struct arb_bytes frame, const char *part)
{
    return memmem(frame.data, frame.len, part, strlen(part)) != NULL;
}

/* What stands behind the first `key`; NULL data when there is none. */
static inline struct arb_bytes words_behind(struct arb_bytes frame, const char *key)
{
    const size_t len = strlen(key);
    const char *const at = frame.len < len ? NULL : memmem(frame.data, frame.len, key, len);

    if (at == NULL) {
        return (struct arb_bytes){ NULL, 0 };
    }
    return (struct arb_bytes){ at + len, (size_t)(frame.data + frame.len - at) - len };
}

/* The text up to the next quote. */
static inline struct arb_bytes words_to_quote(struct arb_bytes text)
{
    const char *const end = text.data == NULL ? NULL : memchr(text.data, '"', text.len);
    return (struct arb_bytes){ text.data, end == NULL ? 0 : (size_t)(end - text.data) };
}

/* What stands behind the first `key`, up to the next quote; empty when there is none. */
static inline struct arb_bytes words_quoted(struct arb_bytes frame, const char *key)
{
    return words_to_quote(words_behind(frame, key));
}

/* As it is written: the value behind the first `key`, no object or array; or `other`. */
static inline struct arb_bytes words_value(struct arb_bytes frame, const char *key,
                                           const char *other)
{
    const struct arb_bytes rest = words_behind(frame, key);
    if (rest.data == NULL) {
        return (struct arb_bytes){ other, strlen(other) };
    }
    size_t len = 0;
    while (len < rest.len && strchr(",}] ", rest.data[len]) == NULL) {
        len++;
    }
    return (struct arb_bytes){ rest.data, len };
}

/* What a path's query says of `key`, which is written as in "&symbol="; empty: nothing. */
static inline struct arb_bytes words_query(const char *path, const char *key)
{
    const char *at = strchr(path, '?');
    const size_t len = strlen(key) - 1;

    while (at != NULL && strncmp(at + 1, key + 1, len) != 0) {
        at = strchr(at + 1, '&');
    }
    return at == NULL ? (struct arb_bytes){ "", 0 }
                      : (struct arb_bytes){ at + 1 + len, strcspn(at + 1 + len, "&") };
}

#endif /* ARB_SIM_WORDS_H */
