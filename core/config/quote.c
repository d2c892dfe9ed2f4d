#include "config/quote.h"

bool quote_is_mark(char c)
{
    return c == '"' || c == '\'';
}

size_t quote_len(struct arb_bytes text)
{
    for (size_t i = 1; i < text.len; i++) {
        if (text.data[i] != text.data[0]) {
            continue;
        }
        if (i + 1 == text.len || text.data[i + 1] != text.data[0]) {
            return i + 1;
        }
        i++; /* two marks stand for one */
    }
    return 0;
}

void quote_open(struct arb_bytes quoted, char *out)
{
    for (size_t i = 1; i + 1 < quoted.len; i++) {
        *out++ = quoted.data[i];
        if (quoted.data[i] == quoted.data[0]) {
            i++;
        }
    }
    *out = '\0';
}
