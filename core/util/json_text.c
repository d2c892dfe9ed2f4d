#include "util/json_text.h"

#include <string.h>

#include "arbspot/abi.h"

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

/* Bytes of the valid character in front of `text`, or 0. */
static unsigned char_len(struct arb_bytes text)
{
    const unsigned char lead = (unsigned char)text.data[0];
    const unsigned len = utf8_len(lead);

    if (len > text.len) {
        return 0;
    }
    for (unsigned i = 1; i < len; i++) {
        const unsigned char c = (unsigned char)text.data[i];
        if (i == 1 ? !is_second_byte_of(lead, c) : (c & 0xc0) != 0x80) {
            return 0;
        }
    }
    return len;
}

static char *write_control(char *out, unsigned char c)
{
    memcpy(out, "\\u00", 4);
    out[4] = "0123456789abcdef"[c >> 4];
    out[5] = "0123456789abcdef"[c & 15];
    return out + JSON_TEXT_GROWTH;
}

static char *write_char(char *out, struct arb_bytes at, unsigned len)
{
    const char c = at.data[0];

    if (len == 0) {
        *out++ = '?';
    } else if (c == '"' || c == '\\') {
        *out++ = '\\';
        *out++ = c;
    } else if ((unsigned char)c < 0x20) {
        out = write_control(out, (unsigned char)c);
    } else {
        memcpy(out, at.data, len);
        out += len;
    }
    return out;
}

/* Stands for itself, as nearly everything in a name does. */
static bool is_plain(char c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

char *json_text_write(char *out, struct arb_bytes text)
{
    for (size_t i = 0; i < text.len;) {
        if (is_plain(text.data[i])) {
            *out++ = text.data[i++];
            continue;
        }
        const struct arb_bytes at = { text.data + i, text.len - i };
        const unsigned len = char_len(at);
        out = write_char(out, at, len);
        i += len == 0 ? 1 : len;
    }
    return out;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    const char lower = (char)(c | 0x20);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/* The value of four hexadecimal digits, or -1. */
static int hex_quad(struct arb_bytes text)
{
    int value = 0;

    if (text.len < 4) {
        return -1;
    }
    for (unsigned i = 0; i < 4; i++) {
        const int digit = hex_digit(text.data[i]);
        if (digit < 0) {
            return -1;
        }
        value = value * 16 + digit;
    }
    return value;
}

/* UTF-8 of a character of the basic plane; returns its length. */
static unsigned encode(int code, char out[3])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    out[0] = (char)(0xe0 | code >> 12);
    out[1] = (char)(0x80 | (code >> 6 & 0x3f));
    out[2] = (char)(0x80 | (code & 0x3f));
    return 3;
}

/* Resolves the escape behind a backslash; returns the bytes it took, 0 when it is broken. */
static size_t read_escape(struct arb_bytes at, char out[3], unsigned *n)
{
    static const char names[] = "\"\\/bfnrt", meanings[] = "\"\\/\b\f\n\r\t";

    if (at.len == 0) {
        return 0;
    }
    if (at.data[0] == 'u') {
        const int code = hex_quad((struct arb_bytes){ at.data + 1, at.len - 1 });
        if (code <= 0 || (code >= 0xd800 && code <= 0xdfff)) {
            return 0;
        }
        *n = encode(code, out);
        return 5;
    }
    const char *const name = memchr(names, at.data[0], sizeof(names) - 1);
    if (name == NULL) {
        return 0;
    }
    out[0] = meanings[name - names];
    *n = 1;
    return 1;
}

int json_text_read(struct arb_bytes text, char *out, size_t cap, size_t *len)
{
    size_t used = 0;

    for (size_t i = 0; i < text.len;) {
        char piece[3] = { text.data[i] };
        unsigned n = 1;
        if (text.data[i++] == '\\') {
            const size_t taken =
                read_escape((struct arb_bytes){ text.data + i, text.len - i }, piece, &n);
            if (taken == 0) {
                return ARB_EPROTO;
            }
            i += taken;
        }
        if (cap - used <= n) {
            return ARB_ELIMIT;
        }
        memcpy(out + used, piece, n);
        used += n;
    }
    out[used] = '\0';
    if (len != NULL) {
        *len = used;
    }
    return ARB_OK;
}
