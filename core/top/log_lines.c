#include "top/log_lines.h"

#include <assert.h>
#include <stdbool.h>

static char *last_of(struct log_lines *lines)
{
    return lines->lines[(lines->n - 1) % LOG_LINES_MAX];
}

/* False: it has ended, so what comes is another one. */
static bool is_open(const struct log_lines *lines)
{
    return lines->len > 0;
}

static void add(struct log_lines *lines, char c)
{
    if (!is_open(lines)) {
        lines->n++;
    }
    if (lines->len < LOG_LINE_MAX - 1) {
        char *const line = last_of(lines);
        line[lines->len++] = c;
        line[lines->len] = '\0';
    }
}

void log_lines_take(struct log_lines *lines, const char *data, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (data[i] == '\n') {
            lines->len = 0;
        } else if (data[i] != '\0') {
            add(lines, data[i]);
        }
    }
}

uint32_t log_lines_n(const struct log_lines *lines)
{
    return lines->n < LOG_LINES_MAX ? (uint32_t)lines->n : LOG_LINES_MAX;
}

const char *log_lines_at(const struct log_lines *lines, uint32_t i)
{
    assert(i < log_lines_n(lines));
    return lines->lines[(lines->n - 1 - i) % LOG_LINES_MAX];
}
