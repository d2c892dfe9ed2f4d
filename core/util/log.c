#include "util/log.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "util/harmless.h"
#include "util/output.h"

enum { LINE_MAX_LEN = 2048, LIMIT_INTERVAL_S = 10, SECTION_MAX = 256 };

/* Process-wide, as stderr is. */
static _Atomic int most_detailed = ARB_INFO;
static char section_field[SECTION_MAX]; /* with a blank behind it; "": there is none */
static struct output sink = { .fd = STDERR_FILENO };
static _Atomic int elsewhere;   /* a descriptor that lines go to; 0: to the sink */
static _Atomic uint64_t n_lost; /* lines since the last that was written */

static const char *level_name(enum arb_log_level level)
{
    static const char *const names[] = { "?", "error", "warn", "info", "debug" };
    return level >= ARB_ERROR && level <= ARB_DEBUG ? names[level] : names[0];
}

void log_set_level(enum arb_log_level level)
{
    atomic_store_explicit(&most_detailed, (int)level, memory_order_relaxed);
}

bool log_is_on(enum arb_log_level level)
{
    return (int)level <= atomic_load_explicit(&most_detailed, memory_order_relaxed);
}

void log_set_section(const char *section)
{
    (void)snprintf(section_field, sizeof(section_field), "section=%.200s ", section);
}

const char *log_section_field(const char *who)
{
    const bool says_it =
        who != NULL && (strncmp(who, "venue=", 6) == 0 || strncmp(who, "strategy=", 9) == 0);
    return says_it ? "" : section_field;
}

void log_open(void)
{
    output_open(&sink, STDERR_FILENO);
}

void log_divert(int fd)
{
    atomic_store_explicit(&elsewhere, fd, memory_order_relaxed);
}

static bool put_line(const char *line, size_t len)
{
    /* Plain writes: whoever gave the descriptor keeps them from blocking. */
    const struct output other = { .fd = atomic_load_explicit(&elsewhere, memory_order_relaxed) };

    return output_write(other.fd != 0 ? &other : &sink, line, len);
}

/* Copies text into a logfmt value: quotes escaped, what is harmful to terminals shown as '?'. */
static size_t put_quoted(char *out, size_t cap, char *text)
{
    const size_t len = harmless_make(text, strlen(text));
    size_t n = 0;

    for (size_t i = 0; i < len && n + 3 < cap; i++) {
        if (text[i] == '"' || text[i] == '\\') {
            out[n++] = '\\';
        }
        out[n++] = text[i];
    }
    return n;
}

static int put_head(char *line, size_t cap, enum arb_log_level level, const char *who)
{
    struct timespec now;
    struct tm utc;
    char stamp[32];

    (void)clock_gettime(CLOCK_REALTIME, &now);
    (void)gmtime_r(&now.tv_sec, &utc);
    (void)strftime(stamp, sizeof(stamp), "%Y-%m-%dT%H:%M:%S", &utc);
    return snprintf(line, cap, "%s.%06ldZ level=%s %s%s%smsg=\"", stamp, now.tv_nsec / 1000,
                    level_name(level), log_section_field(who), who == NULL ? "" : who,
                    who == NULL ? "" : " ");
}

/* Says that lines are missing, as soon as there is room for it. */
static void tell_lost(void)
{
    char line[LINE_MAX_LEN];
    const uint64_t n = atomic_exchange_explicit(&n_lost, 0, memory_order_relaxed);

    if (n == 0) {
        return;
    }
    const int head = put_head(line, sizeof(line) / 2, ARB_WARN, NULL);
    const int rest = snprintf(line + head, sizeof(line) / 2,
                              "%llu lines are missing here: whoever reads stderr did not take "
                              "them in time\"\n",
                              (unsigned long long)n);
    if (!put_line(line, (size_t)(head + rest))) {
        (void)atomic_fetch_add_explicit(&n_lost, n, memory_order_relaxed);
    }
}

static void write_line(const char *line, size_t len)
{
    tell_lost();
    if (!put_line(line, len)) {
        (void)atomic_fetch_add_explicit(&n_lost, 1, memory_order_relaxed);
    }
}

void log_vline(enum arb_log_level level, const char *who, const char *fmt, va_list args)
{
    char line[LINE_MAX_LEN], text[LINE_MAX_LEN / 2];

    if (!log_is_on(level)) {
        return;
    }
    (void)vsnprintf(text, sizeof(text), fmt, args);
    const int head = put_head(line, sizeof(line) / 2, level, who);
    if (head < 0 || (size_t)head >= sizeof(line) / 2) {
        return;
    }
    size_t len = (size_t)head;
    len += put_quoted(line + len, sizeof(line) - len - 2, text);
    line[len++] = '"';
    line[len++] = '\n';
    write_line(line, len);
}

void log_line(enum arb_log_level level, const char *who, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    log_vline(level, who, fmt, args);
    va_end(args);
}

void log_raw(const char *line, size_t len)
{
    (void)output_write(&sink, line, len); /* nowhere left to report to */
}

void log_counted(enum arb_log_level level, const char *who, const char *text, uint64_t n_hidden)
{
    if (n_hidden == 0) {
        log_line(level, who, "%s", text);
    } else {
        log_line(level, who, "%s (%llu more like this not shown)", text,
                 (unsigned long long)n_hidden);
    }
}

bool log_limit_pass(struct log_limit *limit, int64_t now_ns, uint64_t *suppressed)
{
    if (now_ns < limit->next_ns) {
        limit->suppressed++;
        return false;
    }
    *suppressed = limit->suppressed;
    limit->suppressed = 0;
    limit->next_ns = now_ns + (int64_t)LIMIT_INTERVAL_S * 1000000000;
    return true;
}

void log_limited(struct log_limit *limit, int64_t now_ns, enum arb_log_level level, const char *who,
                 const char *fmt, ...)
{
    char text[LINE_MAX_LEN / 2];
    uint64_t suppressed;
    va_list args;

    if (!log_limit_pass(limit, now_ns, &suppressed)) {
        return;
    }
    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args); /* cut it still tells */
    va_end(args);
    log_counted(level, who, text, suppressed);
}
