/*
 * answers.h - what a venue says in words: refusals, and whether a pair trades.
 */
#ifndef ARB_ANSWERS_H
#define ARB_ANSWERS_H

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "arbspot/exchange.h"

#ifdef __cplusplus
extern "C" {
#endif

static inline bool arb_is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* True when the words stand in the text, in any case, from a word's beginning on. */
static inline bool arb_says(struct arb_bytes text, const char *words)
{
    const size_t len = strlen(words);

    for (size_t i = 0; i + len <= text.len; i++) {
        if ((i == 0 || !arb_is_letter(text.data[i - 1])) &&
            strncasecmp(text.data + i, words, len) == 0) {
            return true;
        }
    }
    return false;
}

/* The refusal is for asking too often, so it is over soon. */
static inline bool arb_is_about_rate(struct arb_bytes text)
{
    return arb_says(text, "rate") || arb_says(text, "too many");
}

/* Copies as much of the text as fits, and terminates it; `cap` is at least 1. */
static inline void arb_bytes_copy(struct arb_bytes text, char *out, size_t cap)
{
    const size_t len = text.len < cap ? text.len : cap - 1;

    if (len > 0) {
        memcpy(out, text.data, len);
    }
    out[len] = '\0';
}

/* arb_answered() with the venue's own words as the reason. */
static inline int arb_refused(struct arb_host *host, uint32_t instrument, uint32_t channel,
                              enum arb_outcome outcome, struct arb_bytes text)
{
    char words[90], why[128];

    arb_bytes_copy(text, words, sizeof(words));
    (void)snprintf(why, sizeof(why), "refused by the venue: %s", words);
    return arb_answered(host, instrument, channel, outcome, why);
}

/* A venue's word for whether a pair trades. */
struct arb_trading_word {
    const char *word;
    enum arb_trading trading;
};

/* A word that is none of the `n` counts as a halt. */
static inline enum arb_trading arb_trading_of(struct arb_bytes word,
                                              const struct arb_trading_word *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (word.len == strlen(words[i].word) && memcmp(word.data, words[i].word, word.len) == 0) {
            return words[i].trading;
        }
    }
    return ARB_TRADING_HALTED;
}

#ifdef __cplusplus
}
#endif

#endif /* ARB_ANSWERS_H */
