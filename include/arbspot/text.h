/*
 * text.h - a bounded text builder, for composing requests without counting bytes.
 *
 * Writing past the end truncates and is remembered: ask arb_text_fits() before sending.
 */
#ifndef ARB_TEXT_H
#define ARB_TEXT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The caller owns `data`; it is always terminated. */
struct arb_text {
    char *data;
    size_t cap; /* bytes, terminator included; at least 1 */
    size_t len;
    bool truncated;
};

static inline struct arb_text arb_text_over(char *data, size_t cap)
{
    struct arb_text text;
    text.data = data;
    text.cap = cap;
    text.len = 0;
    text.truncated = false;
    data[0] = '\0';
    return text;
}

__attribute__((format(printf, 2, 3))) static inline void arb_text_add(struct arb_text *text,
                                                                      const char *fmt, ...)
{
    const size_t room = text->cap - text->len;
    va_list args;

    va_start(args, fmt);
    const int n = vsnprintf(text->data + text->len, room, fmt, args);
    va_end(args);
    if (n < 0 || (size_t)n >= room) {
        text->truncated = true;
        text->data[text->len] = '\0';
        return;
    }
    text->len += (size_t)n;
}

static inline bool arb_text_fits(const struct arb_text *text)
{
    return !text->truncated;
}

/* Makes ASCII letters of a terminated text small, in place; all else stays as it is. */
static inline void arb_text_lower(char *text)
{
    for (; *text != '\0'; text++) {
        *text = (char)(*text >= 'A' && *text <= 'Z' ? *text + ('a' - 'A') : *text);
    }
}

/* Makes them capitals, likewise. */
static inline void arb_text_upper(char *text)
{
    for (; *text != '\0'; text++) {
        *text = (char)(*text >= 'a' && *text <= 'z' ? *text - ('a' - 'A') : *text);
    }
}

#ifdef __cplusplus
}
#endif

#endif /* ARB_TEXT_H */
