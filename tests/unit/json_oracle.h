/*
 * json_oracle.h - cJSON as the oracle of the frame reader, and where the two differ on purpose.
 *
 * The reader may accept what cJSON refuses only where a string has an escape that is none (it
 * does not resolve escapes) and where a number is longer than cJSON's buffer.
 */
#ifndef ARB_JSON_ORACLE_H
#define ARB_JSON_ORACLE_H

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include <cjson/cJSON.h>

enum { ORACLE_NUMBER_MAX = 62 /* cJSON reads no more of a number */ };

/* `at` is behind a backslash. */
static inline bool oracle_refuses_escape(const char *at)
{
    if (*at != 'u') {
        return *at == '\0' || strchr("\"\\/bfnrt", *at) == NULL;
    }
    for (unsigned i = 1; i <= 4; i++) {
        if (!isxdigit((unsigned char)at[i])) {
            return true;
        }
    }
    return tolower((unsigned char)at[1]) == 'd' && at[2] >= '8'; /* half of a pair */
}

static inline bool oracle_refuses_number(const char *at)
{
    return strspn(at, "0123456789+-.eE") > ORACLE_NUMBER_MAX;
}

/* True when cJSON may refuse a valid document because of what stands in it. */
static inline bool oracle_is_narrower(const char *text)
{
    for (; *text != '\0'; text++) {
        if (oracle_refuses_number(text)) {
            return true;
        }
        if (*text == '\\' && oracle_refuses_escape(++text)) {
            return true;
        }
    }
    return false;
}

/* Accepts the whole text? */
static inline bool oracle_accepts(const char *text)
{
    cJSON *const parsed = cJSON_ParseWithOpts(text, NULL, 1);
    const bool accepted = parsed != NULL;

    cJSON_Delete(parsed);
    return accepted;
}

#endif /* ARB_JSON_ORACLE_H */
