/*
 * file_check.h - whether a file or a folder that a configuration names can be used, and what would
 * help.
 */
#ifndef ARB_FILE_CHECK_H
#define ARB_FILE_CHECK_H

#include <stdbool.h>

#include "util/err.h"

/* ARB_EINVAL: it is not there, may not be read, is a folder, or is empty. */
int file_check_readable(const char *path, struct err *err);

/* ARB_EINVAL: it is not there, is no folder, or what is in it may not be opened. */
int file_check_folder(const char *path, struct err *err);

/* ARB_EINVAL: the file may not be written, or not be made in its folder. Makes none. */
int file_check_writable(const char *path, struct err *err);

bool file_is_folder(const char *path);

#endif /* ARB_FILE_CHECK_H */
