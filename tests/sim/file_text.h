/*
 * file_text.h - writes small text files so that a reader sees the old one or the whole new one.
 */
#ifndef ARB_SIM_FILE_TEXT_H
#define ARB_SIM_FILE_TEXT_H

#include <sys/types.h>

#include "arbspot/types.h"
#include "util/err.h"

/* Replaces `path`; the file gets `mode` from the beginning. */
int file_text_write(const char *path, struct arb_bytes text, mode_t mode, struct err *err);

#endif /* ARB_SIM_FILE_TEXT_H */
