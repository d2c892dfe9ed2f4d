/* arbspot verify: rebuilds the books of a running system from its topic, and proves them right. */
#include "cmd/cmd.h"

#include <stdio.h>
#include <unistd.h>

#include "cmd/arguments.h"
#include "cmd/attach.h"
#include "cmd/ending.h"
#include "cmd/verifier.h"
#include "util/clock.h"
#include "util/harmless.h"
#include "util/output.h"

enum {
    WAIT_MS = 200, /* how long Ctrl-C may take */
    DURATION_MS = 10000,
};

static const char usage[] =
    "Usage: arbspot verify [-c FILE] [--brokers HOST:PORT,...] [OPTION]...\n"
    "\n"
    "Reads market-data as a consumer would that joins now. Rebuilds every book, checks each\n"
    "sequence and each checksum and whether its host is alive, and prints what was found. Needs a\n"
    "configuration, brokers, or both: then the brokers given here replace those of the file.\n"
    "\n"
    "  -c, --config FILE     take brokers, topic and rdkafka settings from this INI file\n"
    "  -b, --brokers LIST    the Kafka brokers; that of `brokers = embedded` is printed by run\n"
    "  -d, --duration TIME   how long, such as 30s or 5m; otherwise 10s\n"
    "  -j, --json            the result as one JSON object\n"
    "  -h, --help            this text\n"
    "\n"
    "Interrupted, it says what was found so far. Exit status: 0 every book is proven, 1 something\n"
    "is not, 78 bad configuration, 64 wrong usage.\n";

struct arguments {
    struct attach_request from;
    int64_t duration_ms;
    bool json;
};

/* Until the time is over, or nobody wants to know. */
static void read_for(struct verifier *verifier, int64_t duration_ms, const struct ending *ending)
{
    const int64_t end_ns = clock_mono_ns() + duration_ms * NS_PER_MS;
    int64_t left_ms = duration_ms;

    while (left_ms > 0 && !ending_is_asked(ending) && !output_is_gone(STDOUT_FILENO)) {
        verifier_step(verifier, left_ms < WAIT_MS ? (int)left_ms : WAIT_MS);
        left_ms = (end_ns - clock_mono_ns()) / NS_PER_MS;
    }
}

static int report(const struct verifier *verifier, bool json)
{
    if (json) {
        verifier_print_json(verifier, stdout);
    } else {
        verifier_print(verifier, stdout);
    }
    return fflush(stdout) == 0 && verifier_is_proven(verifier) ? CMD_OK : CMD_FAILED;
}

static int verify(void *context, const struct kafka_config *kafka)
{
    const struct arguments *const a = context;
    struct ending *ending = NULL;
    struct verifier *verifier = NULL;
    struct err err = { 0 };
    int status = CONFIG_EXIT;

    if (ending_open(&ending, ATTACH_LIMIT_MS, &err) == ARB_OK &&
        verifier_create(&verifier, kafka, &err) == ARB_OK) {
        read_for(verifier, a->duration_ms, ending);
        status = report(verifier, a->json);
    } else {
        harmless_line(stderr, "arbspot verify: %s", err.text);
    }
    verifier_destroy(verifier);
    ending_close(ending);
    return status;
}

static bool take(void *arguments, int option, char *value)
{
    struct arguments *const a = arguments;

    switch (option) {
    case 'd':
        return attach_read_duration(value, &a->duration_ms);
    case 'j':
        a->json = true;
        return true;
    default:
        return attach_take(&a->from, option, value);
    }
}

int cmd_verify(int argc, char **argv)
{
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' },   { "brokers", required_argument, NULL, 'b' },
        { "duration", required_argument, NULL, 'd' }, { "json", no_argument, NULL, 'j' },
        { "help", no_argument, NULL, 'h' },           { NULL, 0, NULL, 0 }
    };
    static const struct arguments_spec spec = { .command = "verify",
                                                .usage = usage,
                                                .options = options,
                                                .take = take,
                                                .wanted =
                                                    "a time such as 30s or 5m, of 100ms to 24h",
                                                .lacks = attach_lacks };
    struct arguments arguments = { .from.command = "verify", .duration_ms = DURATION_MS };
    const int status = arguments_read(&spec, &arguments, argc, argv);

    return status != ARGUMENTS_READ ? status : attach_call(&arguments.from, verify, &arguments);
}
