/*
 * answers.h - what a venue says: to requests, in refusals, and whether a pair trades.
 */
#ifndef ARB_ANSWERS_H
#define ARB_ANSWERS_H

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "arbspot/exchange.h"
#include "arbspot/fields.h"

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

/* The first book that a text names: "FOO-USD is not a valid product"; or ARB_NO_INSTRUMENT. */
static inline uint32_t arb_instrument_in(const struct arb_exchange_env *env, struct arb_bytes text)
{
    uint32_t i = ARB_NO_INSTRUMENT;

    while (i == ARB_NO_INSTRUMENT && text.len > 0) {
        struct arb_bytes word = { text.data, 0 };
        while (word.len < text.len && memchr(" ,:;.'\"[]()\\", word.data[word.len], 12) == NULL) {
            word.len++;
        }
        i = arb_instrument_find(env, word);
        text.data += word.len + (word.len < text.len);
        text.len -= word.len + (word.len < text.len);
    }
    return i;
}

/* Whether this is the venue's name of that book: where a message names its book twice. */
static inline bool arb_instrument_is(const struct arb_exchange_env *env, uint32_t instrument,
                                     struct arb_bytes venue_symbol)
{
    return arb_bytes_are(venue_symbol, env->instruments[instrument].venue_symbol);
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

/* What a refusal in words means: ARB_LATER when it is about the rate, else ARB_REFUSED. */
static inline enum arb_outcome arb_refusal_outcome(struct arb_bytes text)
{
    return arb_is_about_rate(text) ? ARB_LATER : ARB_REFUSED;
}

/* arb_answered() on channel 0 with the venue's text as the reason; returns what that does. */
static inline int arb_refused(struct arb_host *host, uint32_t instrument, enum arb_outcome outcome,
                              struct arb_bytes text)
{
    const struct arb_why why = arb_refusal(text);
    return arb_answered(host, instrument, 0, outcome, why.text);
}

/* The same for words alone, of the book that they name, if any. */
static inline int arb_refused_in_words(struct arb_host *host, const struct arb_exchange_env *env,
                                       struct arb_bytes text)
{
    return arb_refused(host, arb_instrument_in(env, text), arb_refusal_outcome(text), text);
}

/* arb_refused() for the request with this number; with 0 the venue does not say whom it means. */
static inline int arb_refused_ask(struct arb_host *host, uint32_t number, enum arb_outcome outcome,
                                  struct arb_bytes text)
{
    const struct arb_why why = arb_refusal(text);
    return number > 0 ? arb_answered_ask(host, number, outcome, why.text)
                      : arb_answered(host, ARB_NO_INSTRUMENT, 0, outcome, why.text);
}

/* The text of one member of an object, whatever else it holds; "no reason given" without one. */
static inline struct arb_bytes arb_reason_of(struct arb_json object, const char *name)
{
    struct arb_bytes text;
    return arb_json_lead(&object, name, &text) ? text : arb_bytes_of("no reason given");
}

/* Says that a book is served, or left; ARB_OK and nothing for one that is nobody's. */
static inline int arb_acknowledged(struct arb_host *host, uint32_t instrument, bool is_left)
{
    return instrument == ARB_NO_INSTRUMENT
               ? ARB_OK
               : arb_answered(host, instrument, 0, is_left ? ARB_LEFT : ARB_SUBSCRIBED, "");
}

/* The same by the venue's word, "subscribe" or "unsubscribe"; ARB_OK and nothing for another one.
 */
static inline int arb_acknowledged_by(struct arb_host *host, uint32_t instrument,
                                      struct arb_bytes word)
{
    const bool is_left = arb_bytes_are(word, "unsubscribe");
    return is_left || arb_bytes_are(word, "subscribe") ? arb_acknowledged(host, instrument, is_left)
                                                       : ARB_OK;
}

/* The number of a request from the text it comes back as, quotes and all; 0: it is none of ours. */
static inline uint32_t arb_number_of(struct arb_json text)
{
    uint64_t number = 0;
    return arb_json_u64(&text, &number) && number <= UINT32_MAX ? (uint32_t)number : 0;
}

/* The number of the request that an id of arb_ask_id() was made of; 0: it is none of ours. */
static inline uint32_t arb_number_of_id(uint64_t id)
{
    return id / 2 <= UINT32_MAX ? (uint32_t)(id / 2) : 0;
}

/* Says that what was asked for with an id of arb_ask_id() is done. */
static inline int arb_answered_id(struct arb_host *host, uint64_t id)
{
    return arb_answered_ask(host, arb_number_of_id(id), id % 2 == 0 ? ARB_SUBSCRIBED : ARB_LEFT,
                            "");
}

/* What venues call a message about a book: "snapshot", "update" or "delta"; 0 for another word. */
static inline uint32_t arb_kind_of(struct arb_bytes word)
{
    if (arb_bytes_are(word, "snapshot")) {
        return ARB_BOOK_SNAPSHOT;
    }
    return arb_bytes_are(word, "update") || arb_bytes_are(word, "delta") ? ARB_BOOK_DELTA : 0;
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
