/* arbspot survival: how long opportunities lasted, as the strategies saw it. */
#include "cmd/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/arguments.h"
#include "cmd/attach.h"
#include "cmd/ending.h"
#include "cmd/survivals.h"
#include "kafka/reader.h"
#include "util/clock.h"
#include "util/harmless.h"
#include "util/output.h"
#include "wire/wire.h"

enum {
    WAIT_MS = 200, /* how long Ctrl-C may take */
    DURATION_MS = 60000,
};

static const char usage[] =
    "Usage: arbspot survival [-c FILE] [--brokers HOST:PORT,...] [OPTION]...\n"
    "\n"
    "Prints what was left of opportunities some time after they opened: how many still paid, and\n"
    "how much of their net there was, had all legs been taken then at the limits that were\n"
    "published. The times are those of `survival` in the strategy's section; `latency` is the\n"
    "venues' own. Needs a configuration, brokers, or both: then the brokers given here replace\n"
    "those of the file.\n"
    "\n"
    "  -c, --config FILE      take brokers, topic and rdkafka settings from this INI file\n"
    "  -b, --brokers LIST     the Kafka brokers\n"
    "  -t, --topic NAME       instead of arbitrage-opportunities\n"
    "  -f, --from-beginning   also what was there before\n"
    "  -d, --duration TIME    how long, such as 30s or 5m; otherwise 1m\n"
    "  -j, --json             the result as one JSON array\n"
    "  -h, --help             this text\n"
    "\n"
    "Interrupted, it says what was found so far. Exit status: 0 done, 1 nothing was heard of, or\n"
    "stdout could not be written to, 78 bad configuration, 64 wrong usage.\n";

struct arguments {
    struct attach_request from;
    int64_t duration_ms;
    bool from_beginning, json;
};

static void take_in(struct survivals *survivals, struct arb_bytes value)
{
    struct opportunity opportunity;
    int64_t pub_ns;

    if (wire_is_survival(value) && wire_read_survival(value, &opportunity, &pub_ns) == ARB_OK) {
        survivals_add(survivals, &opportunity);
    }
}

/* Until the time is over, or nobody wants to know. */
static void read_for(struct kafka_reader *reader, struct survivals *survivals, int64_t duration_ms,
                     const struct ending *ending)
{
    const int64_t end_ns = clock_mono_ns() + duration_ms * NS_PER_MS;
    struct kafka_record record;
    int64_t left_ms = duration_ms;

    while (left_ms > 0 && !ending_is_asked(ending) && !output_is_gone(STDOUT_FILENO)) {
        if (kafka_reader_next(reader, left_ms < WAIT_MS ? (int)left_ms : WAIT_MS, &record)) {
            take_in(survivals, record.value);
        }
        left_ms = (end_ns - clock_mono_ns()) / NS_PER_MS;
    }
}

static int report(const struct survivals *survivals, bool json)
{
    if (json) {
        survivals_print_json(survivals, stdout);
    } else if (survivals->n == 0) {
        (void)puts("nothing was heard of what is left of opportunities: none opened meanwhile, or "
                   "the strategies have survival = none");
    } else {
        survivals_print(survivals, stdout);
    }
    return fflush(stdout) == 0 && survivals->n > 0 ? CMD_OK : CMD_FAILED;
}

static int survival(void *context, const struct kafka_config *kafka)
{
    const struct arguments *const a = context;
    const struct kafka_reader_config config = {
        .kafka = kafka,
        .topic = kafka->opportunity_topic,
        .start = a->from_beginning ? KAFKA_FROM_BEGINNING : KAFKA_FROM_END,
        .who = "kafka=survival",
    };
    struct survivals *const survivals = calloc(1, sizeof(*survivals));
    struct kafka_reader *reader = NULL;
    struct ending *ending = NULL;
    struct err err = { .rc = ARB_OK };
    int status = CONFIG_EXIT;

    if (survivals == NULL) {
        (void)err_set(&err, ARB_ENOMEM, "no memory");
    } else if (ending_open(&ending, ATTACH_LIMIT_MS, &err) == ARB_OK &&
               kafka_reader_create(&reader, &config, &err) == ARB_OK) {
        read_for(reader, survivals, a->duration_ms, ending);
        status = report(survivals, a->json);
    }
    if (status == CONFIG_EXIT) {
        harmless_line(stderr, "arbspot survival: %s", err.text);
    }
    kafka_reader_destroy(reader);
    ending_close(ending);
    free(survivals);
    return status;
}

static bool take(void *arguments, int option, char *value)
{
    struct arguments *const a = arguments;

    switch (option) {
    case 'f':
        a->from_beginning = true;
        return true;
    case 'j':
        a->json = true;
        return true;
    case 'd':
        return attach_read_duration(value, &a->duration_ms);
    default:
        return attach_take(&a->from, option, value);
    }
}

int cmd_survival(int argc, char **argv)
{
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' },   { "brokers", required_argument, NULL, 'b' },
        { "topic", required_argument, NULL, 't' },    { "from-beginning", no_argument, NULL, 'f' },
        { "duration", required_argument, NULL, 'd' }, { "json", no_argument, NULL, 'j' },
        { "help", no_argument, NULL, 'h' },           { NULL, 0, NULL, 0 }
    };
    static const struct arguments_spec spec = { .command = "survival",
                                                .usage = usage,
                                                .options = options,
                                                .take = take,
                                                .wanted = "a duration from 100ms to 24h",
                                                .lacks = attach_lacks };
    struct arguments arguments = { .from.command = "survival", .duration_ms = DURATION_MS };
    const int status = arguments_read(&spec, &arguments, argc, argv);

    return status != ARGUMENTS_READ ? status : attach_call(&arguments.from, survival, &arguments);
}
