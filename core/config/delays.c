#include "config/delays.h"

#include <stdio.h>
#include <string.h>

#include "config/values.h"

enum { DELAY_MAX_MS = 60000, WORD_MAX = 32 };

static const char each_once[] = "a list that has each duration once";

static const char *add(const char *word, struct survival_delays *delays)
{
    static const struct value_rule rule = { .type = VALUE_MS, .min = 1, .max = DELAY_MAX_MS };
    struct value value;

    if (strcmp(word, "latency") == 0) {
        const bool is_new = !delays->at_latency;
        delays->at_latency = true;
        return is_new ? NULL : each_once;
    }
    if (value_read(&rule, word, &value) != ARB_OK) {
        return "a list of durations from 1ms to 60s, such as 10ms, 100ms, 1s, latency; or none";
    }
    for (uint32_t i = 0; i < delays->n; i++) {
        if (delays->delays_ms[i] == value.number) {
            return each_once;
        }
    }
    if (delays->n == CONFIG_DELAYS_MAX) {
        return "at most 8 durations";
    }
    delays->delays_ms[delays->n++] = value.number;
    return NULL;
}

const char *delays_read(const char *text, struct survival_delays *delays)
{
    const char *at = text, *wrong = NULL;
    char word[WORD_MAX];

    *delays = (struct survival_delays){ .n = 0 };
    if (strcmp(text, "none") == 0) {
        return NULL;
    }
    while (wrong == NULL) {
        at += strspn(at, " \t");
        const size_t len = strcspn(at, ", \t");
        (void)snprintf(word, sizeof(word), "%.*s", (int)len, at); /* what is cut is no duration */
        wrong = add(word, delays);
        at += len + strspn(at + len, " \t");
        if (*at == '\0') {
            break;
        }
        at++;
    }
    return wrong;
}
