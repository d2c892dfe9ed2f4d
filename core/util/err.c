#include "util/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

int err_set(struct err *err, int rc, const char *fmt, ...)
{
    va_list args;

    if (err != NULL) {
        err->rc = rc;
        va_start(args, fmt);
        (void)vsnprintf(err->text, sizeof(err->text), fmt, args); /* a cut sentence still helps */
        va_end(args);
    }
    return rc;
}

int err_prefix(struct err *err, const char *fmt, ...)
{
    char prefix[ERR_TEXT_MAX];
    va_list args;

    if (err == NULL) {
        return ARB_EINVAL;
    }
    va_start(args, fmt);
    const int n = vsnprintf(prefix, sizeof(prefix), fmt, args);
    va_end(args);
    if (n <= 0 || (size_t)n >= sizeof(prefix)) {
        return err->rc; /* a place that does not fit would leave no room for the sentence */
    }
    const size_t prefix_len = (size_t)n;
    const size_t room = sizeof(err->text) - prefix_len - 1;
    const size_t len = strnlen(err->text, room);
    memmove(err->text + prefix_len, err->text, len);
    memcpy(err->text, prefix, prefix_len);
    err->text[prefix_len + len] = '\0';
    return err->rc;
}
