/*
 * token.h - the secret that whoever connects to a server of ours has to show.
 */
#ifndef ARB_TOKEN_H
#define ARB_TOKEN_H

#include "util/err.h"

enum {
    TOKEN_LEN_MIN = 16, /* shorter ones can be tried out */
    TOKEN_LEN_MAX = 256,
};

/*
 * ARB_EINVAL when it cannot be one, with a sentence that goes on from what names it and does not
 * repeat it: "has 7 characters, ...". It has letters, digits, '-', '.', '_' and '~' only, since it
 * stands in URLs and headers as it is.
 */
int token_check(const char *token, struct err *err);

#endif /* ARB_TOKEN_H */
