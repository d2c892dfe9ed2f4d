/*
 * scales_file.h - the text file in which hosts remember the scales they decided.
 *
 * One line per symbol, `BTC/USD 4 8`: the scale of prices, then of quantities. Blank lines and
 * comments (# or ;) are kept. The file is replaced as a whole, so that a reader never meets half
 * of it. Several hosts may share it: whoever changes it holds a lock on `PATH.lock`, because a
 * lock on the file itself would be lost with the file that is replaced.
 */
#ifndef ARB_SCALES_FILE_H
#define ARB_SCALES_FILE_H

#include <stddef.h>

#include "arbspot/types.h"
#include "session/scale_pair.h"
#include "util/err.h"

enum { SCALES_FILE_MAX = 4 << 20 }; /* bytes; a larger file is refused */

/* Its content at the last read. `text` is NULL before the first one. */
struct scales_file {
    const char *path; /* borrowed */
    int lock_fd;
    char *text;
    size_t len;
};

/* Makes `PATH.lock` where it is missing; says early when the folder cannot be written. */
int scales_file_open(struct scales_file *file, const char *path, struct err *err);
void scales_file_close(struct scales_file *file);

/* Waits for other hosts, which hold the lock for as long as a read and a write take. */
int scales_file_lock(struct scales_file *file, struct err *err);
void scales_file_unlock(struct scales_file *file);

/* Reads the text. A file that is missing is empty. */
int scales_file_read(struct scales_file *file, struct err *err);

/* One line that says something; `next` is where to look for the following one. */
struct scales_line {
    char symbol[ARB_SYMBOL_MAX];
    struct scale_pair scale;
    size_t next;
    unsigned number; /* of the line, counted from 1 */
};

/* Zeroed memory starts; no symbol: the end. ARB_EINVAL with `file:line: ...` for a broken line. */
int scales_file_next(const struct scales_file *file, struct scales_line *line, struct err *err);

/* Replaces the file by what was read and `lines` behind it. With the lock held, after a read. */
int scales_file_append(struct scales_file *file, const char *lines, size_t len, struct err *err);

#endif /* ARB_SCALES_FILE_H */
