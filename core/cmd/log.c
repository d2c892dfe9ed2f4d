/* arbspot log: prints the opportunities that strategies publish, wherever they run. */
#include "cmd/cmd.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cmd/arguments.h"
#include "cmd/attach.h"
#include "cmd/ending.h"
#include "cmd/follow.h"
#include "util/harmless.h"

enum { WAIT_MS = 200 }; /* how long Ctrl-C may take */

static const char usage[] =
    "Usage: arbspot log [-c FILE] [--brokers HOST:PORT,...] [OPTION]...\n"
    "\n"
    "Prints opportunities as they come. Needs a configuration, brokers, or both: then the\n"
    "brokers given here replace those of the file.\n"
    "\n"
    "  -c, --config FILE      take brokers, topic and rdkafka settings from this INI file\n"
    "  -b, --brokers LIST     the Kafka brokers\n"
    "  -t, --topic NAME       instead of arbitrage-opportunities\n"
    "  -j, --json             the messages as they are, one a line\n"
    "  -f, --from-beginning   also those that were there before\n"
    "  -B, --brief            one line each: when they open, not their changes and ends\n"
    "  -m, --misses           also why there was none: what would have paid before fees\n"
    "  -n, --count N          stop after N opportunities\n"
    "  -h, --help             this text\n"
    "\n"
    "Exit status: 0 done or interrupted, 1 stdout could not be written to, 78 bad configuration, "
    "64\n"
    "wrong usage.\n";

struct arguments {
    struct attach_request from;
    bool json;
    bool from_beginning;
    bool brief;
    bool misses;
    uint64_t count; /* 0: without end */
};

static int print_all(struct follow *follow, const struct ending *ending)
{
    while (!ending_is_asked(ending) && follow_step(follow, WAIT_MS)) {
        /* message after message */
    }
    return follow_failed(follow) ? CMD_FAILED : CMD_OK;
}

static int follow_topic(void *context, const struct kafka_config *kafka)
{
    const struct arguments *const a = context;
    const struct follow_config config = { .kafka = kafka,
                                          .json = a->json,
                                          .from_beginning = a->from_beginning,
                                          .brief = a->brief,
                                          .misses = a->misses,
                                          .count = a->count };
    struct ending *ending = NULL;
    struct follow *follow = NULL;
    struct err err = { 0 };
    int status = CONFIG_EXIT;

    if (ending_open(&ending, ATTACH_LIMIT_MS, &err) == ARB_OK &&
        follow_create(&follow, &config, &err) == ARB_OK) {
        status = print_all(follow, ending);
    } else {
        harmless_line(stderr, "arbspot log: %s", err.text);
    }
    follow_destroy(follow);
    ending_close(ending);
    return status;
}

static bool read_count(const char *text, uint64_t *count)
{
    char rest;

    return strspn(text, "0123456789") == strlen(text) && strlen(text) < 19 &&
           sscanf(text, "%" SCNu64 "%c", count, &rest) == 1 && *count > 0;
}

static bool take(void *arguments, int option, char *value)
{
    struct arguments *const a = arguments;

    switch (option) {
    case 'j':
        a->json = true;
        return true;
    case 'f':
        a->from_beginning = true;
        return true;
    case 'B':
        a->brief = true;
        return true;
    case 'm':
        a->misses = true;
        return true;
    case 'n':
        return read_count(value, &a->count);
    default:
        return attach_take(&a->from, option, value);
    }
}

int cmd_log(int argc, char **argv)
{
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' },   { "brokers", required_argument, NULL, 'b' },
        { "topic", required_argument, NULL, 't' },    { "json", no_argument, NULL, 'j' },
        { "from-beginning", no_argument, NULL, 'f' }, { "count", required_argument, NULL, 'n' },
        { "brief", no_argument, NULL, 'B' },          { "misses", no_argument, NULL, 'm' },
        { "help", no_argument, NULL, 'h' },           { NULL, 0, NULL, 0 }
    };
    static const struct arguments_spec spec = { .command = "log",
                                                .usage = usage,
                                                .options = options,
                                                .take = take,
                                                .wanted = "a whole number from 1",
                                                .lacks = attach_lacks };
    struct arguments arguments = { .from.command = "log" };
    const int status = arguments_read(&spec, &arguments, argc, argv);

    return status != ARGUMENTS_READ ? status
                                    : attach_call(&arguments.from, follow_topic, &arguments);
}
