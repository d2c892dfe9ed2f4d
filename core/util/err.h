/*
 * err.h - one sentence that says what went wrong, where, and what would help.
 *
 * Set-up code fills it in; the data path never formats text to report an error.
 */
#ifndef ARB_ERR_H
#define ARB_ERR_H

#include "arbspot/abi.h"

enum { ERR_TEXT_MAX = 512 };

struct err {
    int rc; /* ARB_OK until something is set */
    char text[ERR_TEXT_MAX];
};

/* Sets the sentence and returns `rc`, so that a caller can `return err_set(...)`. NULL is accepted.
 */
int err_set(struct err *err, int rc, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* Puts text in front of the sentence: the place that a lower layer does not know. Returns its rc.
 */
int err_prefix(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif /* ARB_ERR_H */
