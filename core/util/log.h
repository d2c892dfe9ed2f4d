/*
 * log.h - logfmt lines on stderr, one write() each, from any thread.
 *
 * A line reads: time level=info venue=kraken msg="...". The message is one sentence; a
 * subject (`venue=kraken`) says who speaks. Repetition is the caller's to count, see
 * log_limit.
 *
 * Writing never blocks: a line that whoever reads stderr has no room for is lost and counted, and
 * the next one that fits says how many were.
 */
#ifndef ARB_LOG_H
#define ARB_LOG_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arbspot/host.h"

/* The most detailed level written; ARB_INFO until set. Set by main before any thread starts. */
void log_set_level(enum arb_log_level level);

/* Whether lines of this level are written. */
bool log_is_on(enum arb_log_level level);

/* Finds out what stderr is. By main, before any thread starts; without it writing may block. */
void log_open(void);

/*
 * Lines go to `fd` instead of stderr, whose terminal somebody draws on; those of log_raw() do not.
 * 0: to stderr again. The descriptor is the caller's, does not block, and stays open as long as
 * other threads run. Any thread.
 */
void log_divert(int fd);

/*
 * The section of the configuration that this process runs alone: others write to the same stderr.
 * Lines that name no venue and no strategy get it as a field. Borrowed; by main, before any thread
 * starts.
 */
void log_set_section(const char *section);

/* "section=exchange:kraken " where a line of `who`, which may be NULL, has to name it; else "". */
const char *log_section_field(const char *who);

/* Writes one line. `who` is "venue=kraken" or the like, or NULL for the host itself. */
void log_line(enum arb_log_level level, const char *who, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));
void log_vline(enum arb_log_level level, const char *who, const char *fmt, va_list args)
    __attribute__((format(printf, 3, 0)));

/* Writes a line that is one already, newline included. Safe in a signal handler. */
void log_raw(const char *line, size_t len);

/* A line, and behind it how many like it were left out, if any were. */
void log_counted(enum arb_log_level level, const char *who, const char *text, uint64_t n_hidden);

/* Lets one line through per interval and counts the rest. Zeroed memory is ready. */
struct log_limit {
    int64_t next_ns;
    uint64_t suppressed;
};

/* Writes the line when the limit lets it through, and behind it how many like it were left out. */
void log_limited(struct log_limit *limit, int64_t now_ns, enum arb_log_level level, const char *who,
                 const char *fmt, ...) __attribute__((format(printf, 5, 6)));

/* True when a line may be written now; `*suppressed` gets how many were not since the last. */
bool log_limit_pass(struct log_limit *limit, int64_t now_ns, uint64_t *suppressed);

#endif /* ARB_LOG_H */
