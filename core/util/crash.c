#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* on_exit, and the registers of a signal handler */
#endif
#include "util/crash.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <ucontext.h>
#include <unistd.h>

#include "util/log.h"
#include "util/terminal.h"
#include "util/watch.h"

enum { FAILED = 1 /* exit status */, DID_MAX = 64 };
enum { LINE_MAX_LEN = 1024, DAYS_PER_ERA = 146097, YEARS_PER_ERA = 400 };

/* A line in the making; what does not fit is cut. */
struct line {
    char text[LINE_MAX_LEN];
    size_t len;
};

static void add(struct line *line, const char *text)
{
    for (; *text != '\0' && line->len < LINE_MAX_LEN - 2; text++) {
        line->text[line->len++] = *text;
    }
}

/* As in a logfmt value. */
static void add_quoted(struct line *line, const char *text)
{
    for (; *text != '\0' && line->len < LINE_MAX_LEN - 3; text++) {
        if (*text == '"' || *text == '\\') {
            line->text[line->len++] = '\\';
        }
        line->text[line->len++] = *text;
    }
}

static void add_number(struct line *line, int64_t number, int digits, const char *behind)
{
    char text[24] = "";
    char *at = text + sizeof(text) - 1;

    for (; digits > 0 || number > 0; digits--) {
        *--at = (char)('0' + number % 10);
        number /= 10;
    }
    add(line, at);
    add(line, behind);
}

/* The Gregorian date of a day since 1970, counted in eras of 400 years that begin in March. */
static void add_date(struct line *line, int64_t day)
{
    const int64_t since_era = day + 719468;
    const int64_t era = since_era / DAYS_PER_ERA;
    const int64_t of_era = since_era % DAYS_PER_ERA;
    const int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    const int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    const int64_t month = (5 * of_year + 2) / 153; /* 0 is March */

    add_number(line, era * YEARS_PER_ERA + year + (month >= 10), 4, "-");
    add_number(line, month < 10 ? month + 3 : month - 9, 2, "-");
    add_number(line, of_year - (153 * month + 2) / 5 + 1, 2, "T");
}

/* As log_line() does: gmtime_r() may take locks. */
static void add_time(struct line *line)
{
    struct timespec now = { 0 };

    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail with a valid clock */
    const int64_t of_day = now.tv_sec % 86400;
    add_date(line, now.tv_sec / 86400);
    add_number(line, of_day / 3600, 2, ":");
    add_number(line, of_day / 60 % 60, 2, ":");
    add_number(line, of_day % 60, 2, ".");
    add_number(line, now.tv_nsec / 1000, 6, "Z");
}

static const char *in_words(int number)
{
    switch (number) {
    case SIGSEGV:
        return "SIGSEGV, it used memory that is not its own";
    case SIGBUS:
        return "SIGBUS, it used memory that has nothing behind it";
    case SIGILL:
        return "SIGILL, it ran into what is no instruction";
    case SIGFPE:
        return "SIGFPE, it divided by zero or by something like it";
    case SIGABRT:
        return "SIGABRT, it gave up by abort() or an assertion";
    default:
        return "a signal";
    }
}

static void add_place(struct line *line, const struct watch_view *view, const char *did)
{
    add(line, " level=error ");
    add(line, view->subject.who);
    add(line, " msg=\"");
    add_quoted(line, view->callback);
    add(line, " of plugin ");
    add_quoted(line, view->subject.plugin);
    add(line, did);
}

/*
 * Where the code of plugins lies: what crashes there in no callback is a thread of theirs. The
 * handler of a signal is given nothing, and may ask nobody.
 */
static struct {
    uintptr_t begin, end;
    char plugin[WATCH_PLUGIN_MAX];
} codes[CRASH_CODES_MAX];
static atomic_uint n_codes;

void crash_know_code(const char *plugin, uintptr_t begin, uintptr_t end)
{
    const unsigned n = atomic_load_explicit(&n_codes, memory_order_relaxed);

    if (n < CRASH_CODES_MAX) { /* of one beyond, the name is not told */
        codes[n].begin = begin;
        codes[n].end = end;
        (void)snprintf(codes[n].plugin, sizeof(codes[n].plugin), "%.*s", WATCH_PLUGIN_MAX - 1,
                       plugin);
        /* Pairs with owner_of(). */
        atomic_store_explicit(&n_codes, n + 1, memory_order_release);
    }
}

/* The plugin whose code that is, or NULL. */
static const char *owner_of(uintptr_t at)
{
    const unsigned n = atomic_load_explicit(&n_codes, memory_order_acquire); /* crash_know_code() */

    for (unsigned i = 0; i < n; i++) {
        if (at >= codes[i].begin && at < codes[i].end) {
            return codes[i].plugin;
        }
    }
    return NULL;
}

/* Where the thread was; 0 on machines of which that is not known here. */
static uintptr_t place_of(const ucontext_t *context)
{
#if defined __x86_64__
    return (uintptr_t)context->uc_mcontext.gregs[REG_RIP];
#elif defined __aarch64__
    return (uintptr_t)context->uc_mcontext.pc;
#else
    (void)context;
    return 0;
#endif
}

static void add_owner(struct line *line, const char *owner)
{
    add(line, " level=error ");
    add(line, log_section_field(NULL));
    if (owner == NULL) {
        add(line, "msg=\"crashed outside of any plugin: ");
    } else {
        add(line, "msg=\"a thread of plugin ");
        add_quoted(line, owner);
        add(line, " crashed, and a plugin has none: ");
    }
}

/* What a callback "did: ", and why that is the end; outside of one, whose code it was, or NULL. */
static void report(const char *did, const char *why, const char *owner)
{
    struct line line = { .len = 0 };
    struct watch_view view;
    const bool is_in_plugin = watch_here != NULL && watch_look(watch_here, &view);

    add_time(&line);
    if (is_in_plugin) {
        add_place(&line, &view, did);
    } else {
        add_owner(&line, owner);
    }
    add(&line, why);
    if (is_in_plugin && view.input[0] != '\0') {
        add(&line, "; its input begins: ");
        add_quoted(&line, view.input);
    }
    line.text[line.len++] = '"';
    line.text[line.len++] = '\n';
    log_raw(line.text, line.len);
}

/* Installed for once: what happens in here ends the process at once. */
static void on_crash(int number, siginfo_t *info, void *context)
{
    (void)info;
    terminal_give_back();
    report(" crashed: ", in_words(number), owner_of(place_of(context)));
    (void)raise(number); /* comes when this returns, and is not ours any more */
}

void crash_judge_exit(int status)
{
    struct watch_view view;
    char did[DID_MAX];

    if (watch_here == NULL || !watch_look(watch_here, &view)) {
        return;
    }
    (void)snprintf(did, sizeof(did), " called exit(%d): ", status); /* fits */
    report(did, "a plugin has no business to end the process", NULL);
    _exit(FAILED); /* other threads still use what a usual end would take apart */
}

static void on_end(int status, void *context)
{
    (void)context;
    crash_judge_exit(status);
}

void crash_expect_exit(void)
{
    (void)on_exit(on_end, NULL); /* without room for it the usual end has to do */
}

void crash_open(void)
{
    static const int signals[] = { SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT };
    static char stack[CRASH_STACK_LEN]; /* of the main thread, which lives as long */
    struct sigaction action = { .sa_sigaction = on_crash,
                                .sa_flags = SA_SIGINFO | SA_ONSTACK | (int)SA_RESETHAND };
    stack_t before;

    crash_use_stack(stack, &before);
    (void)sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++) {
        (void)sigaction(signals[i], &action, NULL); /* valid arguments: cannot fail */
    }
}

void crash_use_stack(void *stack, stack_t *before)
{
    const stack_t second = { .ss_sp = stack, .ss_size = CRASH_STACK_LEN };
    (void)sigaltstack(&second, before); /* large enough, and not in use: cannot fail */
}

void crash_give_stack_back(const stack_t *before)
{
    (void)sigaltstack(before, NULL);
}
