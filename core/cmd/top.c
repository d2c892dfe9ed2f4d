/* arbspot top: what displays show, on a terminal, for people. */
#include "cmd/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/arguments.h"
#include "cmd/ending.h"
#include "cmd/top_feeder.h"
#include "cmd/top_kind.h"
#include "cmd/top_terminal.h"
#include "top/screen.h"
#include "util/harmless.h"
#include "util/terminal.h"

enum {
    LIMIT_MS = 5000, /* a broker that is being looked for may take two seconds */
    EVERY_MS = 1000,
    AWAIT_MS = 50, /* while somebody waits for what he has asked for */
};

static const char usage[] =
    "Usage: arbspot top [-c FILE] [--brokers HOST:PORT,...] [OPTION]...\n"
    "\n"
    "Shows on a terminal, once a second, what is wrong, venues, opportunities and books, and of a\n"
    "symbol all its books, what each two venues would pay, ladders and survival. Needs a\n"
    "configuration, brokers, or both: then the brokers given here replace those of the file. A\n"
    "configuration knows the venues' fees; without one they are those of the matrices that\n"
    "strategies publish. `?` shows the keys. With NO_COLOR in the environment it has no colours.\n"
    "For scripts there is `arbspot view`.\n"
    "\n"
    "  -c, --config FILE      take brokers, topics, venues and fees from this INI file\n"
    "  -b, --brokers LIST     the Kafka brokers\n"
    "  -t, --topic NAME       instead of arbitrage-opportunities\n"
    "  -h, --help             this text\n"
    "\n"
    "Exit status: 0 done or interrupted, 1 there is no terminal that can be drawn on, 78 bad\n"
    "configuration, 64 wrong usage.\n";

/* What is drawn; large. */
struct session {
    struct ending *ending;
    struct top_terminal *terminal;
    struct top_feeder *feeder;
    const struct snapshot *shown; /* the feeder's; held while there is a pause */
    struct snapshot_wish wish;    /* that the feeder has */
    struct screen screen;
    struct log_lines log;
    struct page page;
    int64_t next_ns; /* mono: when to draw again */
    char undo[TERMINAL_UNDO_MAX];
};

static struct screen_input input_of(const struct session *s)
{
    return (struct screen_input){ .snapshot = s->shown,
                                  .log = &s->log,
                                  .heard_ns = top_feeder_heard_ns(s->feeder),
                                  .now = clock_moment() };
}

/* Tells the feeder when another symbol is looked at. */
static void wish(struct session *s)
{
    if (strcmp(s->wish.symbol, s->screen.symbol) != 0) {
        memcpy(s->wish.symbol, s->screen.symbol, sizeof(s->wish.symbol));
        top_feeder_wish(s->feeder, &s->wish);
    }
}

/* Whether what was asked for is still to come. */
static bool is_awaited(const struct session *s)
{
    return !s->screen.is_paused && strcmp(s->shown->wish.symbol, s->wish.symbol) != 0;
}

/* False: somebody wants to leave. `*is_due`: there is something else to draw. */
static bool take_keys(struct session *s, bool *is_due)
{
    const struct screen_input input = input_of(s);

    for (int key = top_terminal_key(s->terminal); key != TOP_NO_KEY;
         key = top_terminal_key(s->terminal)) {
        *is_due = true;
        if (key != TOP_REDRAW && !screen_key(&s->screen, &input, key)) {
            return false;
        }
    }
    return true;
}

static void draw(struct session *s)
{
    const struct screen_input input = input_of(s);
    const int64_t silent_ns = screen_silent_at(&s->screen, input.heard_ns);

    screen_draw(&s->screen, &input, &s->page, top_terminal_size(s->terminal));
    top_terminal_draw(s->terminal, &s->page);
    s->next_ns = input.now.mono_ns + EVERY_MS * NS_PER_MS;
    if (silent_ns > input.now.mono_ns && silent_ns < s->next_ns) {
        s->next_ns = silent_ns; /* it is said at once */
    }
}

static int timeout_ms(const struct session *s)
{
    const int64_t left_ns = s->next_ns - clock_mono_ns();
    const int64_t left_ms = left_ns <= 0 ? 0 : left_ns / NS_PER_MS + 1;

    return (int)(is_awaited(s) && left_ms > AWAIT_MS ? AWAIT_MS : left_ms);
}

/* One turn; false: it was the last. */
static bool turn(struct session *s)
{
    const bool was_awaited = is_awaited(s);

    if (!top_terminal_wait(s->terminal, ending_fd(s->ending), timeout_ms(s)) ||
        ending_is_asked(s->ending)) {
        return false;
    }
    bool is_due = top_terminal_read_log(s->terminal, &s->log);
    if (!take_keys(s, &is_due)) {
        return false;
    }
    wish(s);
    if (!s->screen.is_paused) {
        s->shown = top_feeder_look(s->feeder);
    }
    if (is_due || clock_mono_ns() >= s->next_ns || (was_awaited && !is_awaited(s))) {
        draw(s);
    }
    return true;
}

static int show(struct session *s, const struct kafka_config *kafka, const struct config *config,
                struct err *err)
{
    int rc = top_terminal_open(&s->terminal, err);

    if (rc == ARB_OK) {
        rc = top_feeder_start(&s->feeder, kafka, config, err);
    }
    if (rc == ARB_OK) {
        rc = top_terminal_begin(s->terminal, s->undo, err);
    }
    if (rc == ARB_OK) {
        s->shown = top_feeder_look(s->feeder);
        screen_init(&s->screen, clock_moment());
        while (turn(s)) {
        }
        top_terminal_end(s->terminal);
    }
    top_feeder_stop(s->feeder);
    top_terminal_close(s->terminal);
    screen_fini(&s->screen);
    return rc;
}

static int top(void *context, const struct kafka_config *kafka, const struct config *config)
{
    struct session *const s = calloc(1, sizeof(*s));
    struct err err = { .rc = ARB_OK };
    int rc = s == NULL ? err_set(&err, ARB_ENOMEM, "no memory")
                       : top_kind_check(s->undo, sizeof(s->undo), &err);

    (void)context;
    if (rc == ARB_OK) {
        rc = ending_open(&s->ending, LIMIT_MS, &err);
    }
    if (rc == ARB_OK) {
        rc = show(s, kafka, config, &err);
        ending_close(s->ending);
    }
    free(s);
    if (rc == ARB_OK) {
        return CMD_OK;
    }
    harmless_line(stderr, "arbspot top: %s", err.text);
    return rc == ARB_ENOTSUP ? CMD_FAILED : CONFIG_EXIT;
}

/* -- the command line ---------------------------------------------------------------------------
 */

static bool take(void *arguments, int option, char *value)
{
    return attach_take(arguments, option, value);
}

int cmd_top(int argc, char **argv)
{
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' },
        { "brokers", required_argument, NULL, 'b' },
        { "topic", required_argument, NULL, 't' },
        { "help", no_argument, NULL, 'h' },
        { NULL, 0, NULL, 0 },
    };
    static const struct arguments_spec spec = {
        .command = "top", .usage = usage, .options = options, .take = take, .lacks = attach_lacks
    };
    struct attach_request request = { .command = "top" };
    const int status = arguments_read(&spec, &request, argc, argv);

    return status != ARGUMENTS_READ ? status : view_feed_call(&request, top, NULL);
}
