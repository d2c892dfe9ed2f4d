#include "util/token.h"

#include <string.h>

int token_check(const char *token, struct err *err)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
    static const char cure[] = "`openssl rand -hex 24` makes a good one";
    const size_t len = strlen(token);

    if (len < TOKEN_LEN_MIN || len > TOKEN_LEN_MAX) {
        return err_set(err, ARB_EINVAL, "has %zu characters, and a token has %d to %d: %s", len,
                       (int)TOKEN_LEN_MIN, (int)TOKEN_LEN_MAX, cure);
    }
    if (strspn(token, allowed) != len) {
        return err_set(err, ARB_EINVAL,
                       "has a character that may not stand in a URL: letters, digits, '-', '.', "
                       "'_' and '~' may; %s",
                       cure);
    }
    return ARB_OK;
}
