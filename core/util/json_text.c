#include "util/json_text.h"

#include <string.h>

#include "arbspot/abi.h"
#include "util/harmless.h"

static char *write_escape(char *out, uint32_t code)
{
    memcpy(out, "\\u", 2);
    for (unsigned i = 0; i < 4; i++) {
        out[2 + i] = "0123456789abcdef"[code >> (12 - 4 * i) & 15];
    }
    return out + JSON_TEXT_GROWTH;
}

static char *write_char(char *out, struct arb_bytes at, struct harmless_char next)
{
    const char c = at.data[0];

    if (next.len == 0) {
        *out++ = '?';
    } else if (c == '"' || c == '\\') {
        *out++ = '\\';
        *out++ = c;
    } else if (harmless_is_not(next.code)) {
        out = write_escape(out, next.code);
    } else {
        memcpy(out, at.data, next.len);
        out += next.len;
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
        const struct harmless_char next = harmless_next(at);
        out = write_char(out, at, next);
        i += next.len == 0 ? 1 : next.len;
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
