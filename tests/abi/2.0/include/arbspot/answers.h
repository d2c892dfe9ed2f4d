/*
 * answers.h - what a venue says in words: refusals, and whether a pair trades.
 */
#ifndef ARB_ANSWERS_H
#define ARB_ANSWERS_H

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "arbspot/exchange.h"
#include "arbspot/json.h"

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

/* The last word of a text when it has the character in it, else nothing: "... not found BTC/USD".
 */
static inline struct arb_bytes arb_last_word_with(struct arb_bytes text, char mark)
{
    struct arb_bytes word = text;

    for (size_t i = text.len; i > 0; i--) {
        if (text.data[i - 1] == ' ') {
            word.data = text.data + i;
            word.len = text.len - i;
            break;
        }
    }
    if (word.len > 0 && memchr(word.data, mark, word.len) == NULL) {
        word.len = 0;
    }
    return word;
}

/* What stands behind the mark, up to a blank or a comma: "channel:books,instId:BTC-USD is not ...".
 */
static inline struct arb_bytes arb_word_after(struct arb_bytes text, const char *mark)
{
    while (text.len > 0 && !arb_bytes_cut(&text, mark)) {
        text.data++;
        text.len--;
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == ' ' || text.data[i] == ',') {
            text.len = i;
        }
    }
    return text;
}

/* True when the word, a code say, is one of those in the list, with blanks between them. */
static inline bool arb_is_among(struct arb_bytes word, const char *list)
{
    bool is_one = false;

    while (!is_one && *list != '\0') {
        const size_t len = strcspn(list, " ");
        is_one = len > 0 && len == word.len && memcmp(list, word.data, len) == 0;
        list += len + (list[len] == ' ');
    }
    return is_one;
}

/* A reason for the log. */
struct arb_why {
    char text[128];
};

static inline struct arb_why arb_refusal(struct arb_bytes text)
{
    char words[90];
    struct arb_why why;

    arb_bytes_copy(text, words, sizeof(words));
    (void)snprintf(why.text, sizeof(why.text), "refused by the venue: %s", words);
    return why;
}

/* A venue's word for whether a pair trades. A table of them ends with a NULL. */
struct arb_trading_word {
    const char *word;
    enum arb_trading trading;
};

/* A word that is not in the table counts as a halt. */
static inline enum arb_trading arb_trading_of(struct arb_bytes word,
                                              const struct arb_trading_word *words)
{
    for (; words->word != NULL; words++) {
        if (word.len == strlen(words->word) && memcmp(word.data, words->word, word.len) == 0) {
            return words->trading;
        }
    }
    return ARB_TRADING_HALTED;
}

/* arb_trading_set() with the venue's word, by arb_trading_of(). */
static inline int arb_trading_say(struct arb_host *host, uint32_t instrument, struct arb_bytes word,
                                  const struct arb_trading_word *words)
{
    char text[ARB_SYMBOL_MAX];

    arb_bytes_copy(word, text, sizeof(text));
    return arb_trading_set(host, instrument, arb_trading_of(word, words), text);
}

#ifdef __cplusplus
}
#endif

#endif /* ARB_ANSWERS_H */
