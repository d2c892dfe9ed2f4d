#include "util/harmless.h"

#include <string.h>

/* Bytes of the UTF-8 character that starts with `lead`, by its high bits; 0: none does. */
static unsigned utf8_len(unsigned char lead)
{
    if (lead < 0x80) {
        return 1;
    }
    if (lead < 0xc2 || lead > 0xf4) {
        return 0;
    }
    return lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
}

/* Rules out what the lead byte alone cannot: overlong forms, surrogates, beyond U+10FFFF. */
static bool is_second_byte_of(unsigned char lead, unsigned char second)
{
    switch (lead) {
    case 0xe0:
        return second >= 0xa0 && second <= 0xbf;
    case 0xed:
        return second >= 0x80 && second <= 0x9f;
    case 0xf0:
        return second >= 0x90 && second <= 0xbf;
    case 0xf4:
        return second >= 0x80 && second <= 0x8f;
    default:
        return second >= 0x80 && second <= 0xbf;
    }
}

struct harmless_char harmless_next(struct arb_bytes text)
{
    static const unsigned char lead_bits[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
    const unsigned char lead = (unsigned char)text.data[0];
    struct harmless_char next = { .len = utf8_len(lead) };

    next.code = lead & lead_bits[next.len];
    for (unsigned i = 1; i < next.len; i++) {
        const unsigned char c = i < text.len ? (unsigned char)text.data[i] : 0;
        if (i == 1 ? !is_second_byte_of(lead, c) : (c & 0xc0) != 0x80) {
            return (struct harmless_char){ 0, 0 };
        }
        next.code = next.code << 6 | (c & 0x3f);
    }
    return next;
}

bool harmless_is_not(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code <= 0x9f) ||      /* C0, DEL, C1 */
           code == 0x061c || code == 0x200e || code == 0x200f || /* marks of direction */
           (code >= 0x2028 && code <= 0x202e) || /* separators, embeddings, overrides */
           (code >= 0x2066 && code <= 0x2069);   /* isolates */
}

size_t harmless_make(char *text, size_t len)
{
    size_t n = 0;

    for (size_t i = 0; i < len;) {
        const struct harmless_char c = harmless_next((struct arb_bytes){ text + i, len - i });
        if (c.len == 0 || harmless_is_not(c.code)) {
            text[n++] = '?';
        } else {
            memmove(text + n, text + i, c.len);
            n += c.len;
        }
        i += c.len == 0 ? 1 : c.len;
    }
    return n;
}

void harmless_vline(FILE *out, const char *fmt, va_list args)
{
    char text[HARMLESS_LINE_MAX];
    const int len = vsnprintf(text, sizeof(text) - 1, fmt, args); /* room for the line end */

    if (len < 0) {
        return;
    }
    size_t n = (size_t)len < sizeof(text) - 1 ? (size_t)len : sizeof(text) - 2;
    n = harmless_make(text, n);
    text[n++] = '\n';
    (void)fwrite(text, 1, n, out); /* ferror() keeps it */
}

void harmless_line(FILE *out, const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    harmless_vline(out, fmt, args);
    va_end(args);
}

static void put_json(FILE *out, const char *at, struct harmless_char c)
{
    if (c.len == 0) {
        (void)fputc('?', out);
    } else if (c.code == '\n' || c.code == '\r' || c.code == '\t') {
        (void)fputc(' ', out);
    } else if (harmless_is_not(c.code)) {
        (void)fprintf(out, "\\u%04x", (unsigned)c.code); /* all of them are below U+10000 */
    } else {
        (void)fwrite(at, 1, c.len, out);
    }
}

bool harmless_json(FILE *out, struct arb_bytes json)
{
    for (size_t i = 0; i < json.len;) {
        const char *const at = json.data + i;
        const struct harmless_char c = harmless_next((struct arb_bytes){ at, json.len - i });
        put_json(out, at, c);
        i += c.len == 0 ? 1 : c.len;
    }
    return fputc('\n', out) != EOF && ferror(out) == 0;
}
