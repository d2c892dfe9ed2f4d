#include "kafka/unsaid.h"

#include <string.h>

#include "arbspot/text.h"

/* Where librdkafka takes lists apart, to complain of one of their words. */
static const char separators[] = " \t\r\n,;:=";

/* How much of the text's beginning is the value, or the beginning of one that was cut. */
static size_t match_whole(const char *value, const char *text)
{
    size_t n = 0;

    while (value[n] != '\0' && value[n] == text[n]) {
        n++;
    }
    return n >= UNSAID_MIN && (value[n] == '\0' || text[n] == '\0') ? n : 0;
}

static size_t match_words(const char *value, const char *text)
{
    size_t longest = 0;

    for (const char *at = value; *at != '\0';) {
        const size_t len = strcspn(at, separators);
        if (len >= UNSAID_MIN && len > longest && strncmp(text, at, len) == 0) {
            longest = len;
        }
        at += len + strspn(at + len, separators);
    }
    return longest;
}

/* How much of the text's beginning may not be seen; `origin` is where the longest comes from. */
static size_t match(const struct kafka_config *config, const char *text, const char **origin)
{
    size_t longest = 0;

    for (const struct config_entry *e = config->rdkafka; e != NULL; e = e->next) {
        if (e->origin != NULL) {
            const size_t whole = match_whole(e->value, text), words = match_words(e->value, text);
            const size_t len = whole > words ? whole : words;
            *origin = len > longest ? e->origin : *origin;
            longest = len > longest ? len : longest;
        }
    }
    return longest;
}

const char *unsaid(const struct kafka_config *config, const char *text, char *out, size_t cap)
{
    struct arb_text shown = arb_text_over(out, cap);
    const char *origin = "";

    while (*text != '\0' && arb_text_fits(&shown)) {
        const size_t len = match(config, text, &origin);
        if (len > 0) {
            arb_text_add(&shown, "%s", origin);
            text += len;
        } else {
            arb_text_add(&shown, "%c", *text++);
        }
    }
    return out;
}
