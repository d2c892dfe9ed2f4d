/* arbspot view: all that displays show, as JSON, for scripts. */
#include "cmd/cmd.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd/arguments.h"
#include "cmd/ending.h"
#include "cmd/view_feed.h"
#include "util/harmless.h"
#include "util/output.h"

enum {
    TURN_MS = 10,
    WHOLE_MS = 3000, /* so long everything is waited for: a venue is heard of every second */
};

static const char usage[] =
    "Usage: arbspot view [-c FILE] [--brokers HOST:PORT,...] [OPTION]...\n"
    "\n"
    "Prints all that displays show - venues, books, spread matrices, opportunities, survival, and\n"
    "what is wrong - as lines of JSON: the first one with all there is, then at most five times a\n"
    "second one with what has changed (docs/view.md). Needs a configuration, brokers, or both: "
    "then\n"
    "the brokers given here replace those of the file. A configuration knows the venues' fees;\n"
    "without one they are those of the matrices that strategies publish.\n"
    "\n"
    "  -c, --config FILE      take brokers, topics, venues and fees from this INI file\n"
    "  -b, --brokers LIST     the Kafka brokers\n"
    "  -t, --topic NAME       instead of arbitrage-opportunities\n"
    "  -l, --ladder BOOK      the levels of one book, too, such as kraken:BTC/USD\n"
    "  -w, --whole            one line with all there is, when the time is over\n"
    "  -d, --duration TIME    how long, such as 30s; otherwise until interrupted, whole 3s\n"
    "  -h, --help             this text\n"
    "\n"
    "Exit status: 0 done or interrupted, 1 nothing was heard of, or stdout could not be written "
    "to,\n"
    "78 bad configuration, 64 wrong usage.\n";

struct arguments {
    struct attach_request from;
    struct view_wish wish;
    int64_t duration_ms; /* 0: without end */
    bool is_whole;
};

struct session {
    const struct arguments *arguments;
    struct ending *ending;
    struct view_feed *feed;
    struct view_wish wish;
    uint64_t version; /* that was printed */
    struct text_buffer text;
    bool has_failed;
};

/* -- frames -------------------------------------------------------------------------------------
 */

static void print(struct session *s, struct moment now)
{
    text_buffer_clear(&s->text);
    s->version = view_write_frame(view_feed_view(s->feed), s->version, &s->wish, now, &s->text);
    s->wish.since = s->version;
    text_buffer_add(&s->text, "\n", 1);
    s->has_failed = s->text.has_failed ||
                    fwrite(s->text.data, 1, s->text.len, stdout) != s->text.len ||
                    fflush(stdout) != 0;
}

/* A reader that is slow is given less often all that has changed. */
static bool is_due(const struct session *s)
{
    return !s->arguments->is_whole &&
           view_has_news(view_feed_view(s->feed), s->version, &s->wish) &&
           output_wait(STDOUT_FILENO, 0);
}

static bool goes_on(const struct session *s, int64_t end_ns)
{
    return clock_mono_ns() < end_ns && !s->has_failed && !output_is_gone(STDOUT_FILENO);
}

static void print_all(struct session *s)
{
    const int64_t duration_ms = s->arguments->duration_ms;
    const int64_t end_ns = duration_ms == 0 ? NEVER_NS : clock_mono_ns() + duration_ms * NS_PER_MS;
    bool is_asked = false;

    while (!is_asked && goes_on(s, end_ns)) {
        const struct moment now = clock_moment();
        const bool has_more = view_feed_step(s->feed, now);
        if (is_due(s)) {
            print(s, now);
        }
        is_asked = ending_wait(s->ending, has_more ? 0 : TURN_MS);
    }
    if (s->arguments->is_whole && !s->has_failed) {
        print(s, clock_moment());
    }
}

static int report(const struct session *s)
{
    if (view_n_venues(view_feed_view(s->feed)) == 0) {
        (void)fputs("arbspot view: no venue was heard of\n", stderr);
        return CMD_FAILED;
    }
    return s->has_failed || output_is_gone(STDOUT_FILENO) ? CMD_FAILED : CMD_OK;
}

static int view(void *context, const struct kafka_config *kafka, const struct config *config)
{
    struct session s = { .arguments = context };
    struct err err = { .rc = ARB_OK };
    int status = CONFIG_EXIT;

    s.wish = s.arguments->wish;
    if (ending_open(&s.ending, ATTACH_LIMIT_MS, &err) == ARB_OK &&
        view_feed_create(&s.feed, kafka, config, &err) == ARB_OK) {
        print_all(&s);
        status = report(&s);
    } else {
        harmless_line(stderr, "arbspot view: %s", err.text);
    }
    view_feed_destroy(s.feed);
    ending_close(s.ending);
    text_buffer_fini(&s.text);
    return status;
}

/* -- the command line ---------------------------------------------------------------------------
 */

/* "kraken:BTC/USD" */
static bool read_book(const char *text, struct view_wish *wish)
{
    const size_t len = strcspn(text, ":");
    const size_t rest = strlen(text) - len;

    if (len == 0 || len >= sizeof(wish->venue) || rest < 2 || rest > sizeof(wish->symbol)) {
        return false;
    }
    memcpy(wish->venue, text, len);
    memcpy(wish->symbol, text + len + 1, rest); /* with its end */
    return true;
}

static bool take(void *arguments, int option, char *value)
{
    struct arguments *const a = arguments;

    switch (option) {
    case 'l':
        return read_book(value, &a->wish);
    case 'w':
        a->is_whole = true;
        return true;
    case 'd':
        return attach_read_duration(value, &a->duration_ms);
    default:
        return attach_take(&a->from, option, value);
    }
}

int cmd_view(int argc, char **argv)
{
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' }, { "brokers", required_argument, NULL, 'b' },
        { "topic", required_argument, NULL, 't' },  { "ladder", required_argument, NULL, 'l' },
        { "whole", no_argument, NULL, 'w' },        { "duration", required_argument, NULL, 'd' },
        { "help", no_argument, NULL, 'h' },         { NULL, 0, NULL, 0 }
    };
    static const struct arguments_spec spec = {
        .command = "view",
        .usage = usage,
        .options = options,
        .take = take,
        .wanted = "a book such as kraken:BTC/USD, or a duration from 100ms to 24h",
        .lacks = attach_lacks
    };
    struct arguments arguments = { .from.command = "view" };
    const int status = arguments_read(&spec, &arguments, argc, argv);

    if (status != ARGUMENTS_READ) {
        return status;
    }
    if (arguments.is_whole && arguments.duration_ms == 0) {
        arguments.duration_ms = WHOLE_MS;
    }
    return view_feed_call(&arguments.from, view, &arguments);
}
