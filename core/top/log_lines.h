/*
 * log_lines.h - the last lines of the log, while the terminal that they would go to is drawn on.
 *
 * One owner: any thread, one at a time.
 */
#ifndef ARB_TOP_LOG_LINES_H
#define ARB_TOP_LOG_LINES_H

#include <stddef.h>
#include <stdint.h>

enum {
    LOG_LINES_MAX = 128, /* the oldest gives way */
    LOG_LINE_MAX = 600,  /* bytes, terminator included; the rest of a line is left out */
};

/* Zeroed memory holds none. */
struct log_lines {
    char lines[LOG_LINES_MAX][LOG_LINE_MAX];
    uint64_t n; /* that have begun since the beginning */
    size_t len; /* of the last one, as long as its end has not come */
};

/* Takes in what has come, which may end within a line. */
void log_lines_take(struct log_lines *lines, const char *data, size_t len);

/* How many there are, and one of them, the newest first. */
uint32_t log_lines_n(const struct log_lines *lines);
const char *log_lines_at(const struct log_lines *lines, uint32_t i);

#endif /* ARB_TOP_LOG_LINES_H */
