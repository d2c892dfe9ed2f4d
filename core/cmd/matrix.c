/* arbspot matrix: what each two venues would pay, as the strategies' hosts see it. */
#include "cmd/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/arguments.h"
#include "cmd/attach.h"
#include "cmd/ending.h"
#include "cmd/matrix_text.h"
#include "kafka/reader.h"
#include "util/clock.h"
#include "util/harmless.h"
#include "util/output.h"
#include "wire/wire.h"

enum {
    WAIT_MS = 200,       /* how long Ctrl-C may take */
    AT_LEAST_MS = 1000,  /* for runs that come a little later: who is not heard is not missed */
    DURATION_MS = 11000, /* each one comes at least every ten seconds */
};

static const char usage[] =
    "Usage: arbspot matrix [-c FILE] [--brokers HOST:PORT,...] [OPTION]... [SYMBOL]...\n"
    "\n"
    "Prints for each SYMBOL, such as BTC/USD, otherwise for all, what it would pay after fees to\n"
    "buy the first unit at one venue and to sell it at another, and the venues' best prices. A\n"
    "strategy publishes it whose section has `matrix`, such as matrix = 500ms. Needs a\n"
    "configuration, brokers, or both: then the brokers given here replace those of the file.\n"
    "\n"
    "  -c, --config FILE      take brokers, topic and rdkafka settings from this INI file\n"
    "  -b, --brokers LIST     the Kafka brokers\n"
    "  -t, --topic NAME       instead of arbitrage-opportunities\n"
    "  -d, --duration TIME    how long to wait for all of them, such as 2s; otherwise 11s\n"
    "  -F, --follow           print each one as it comes, until interrupted\n"
    "  -j, --json             the messages, one a line\n"
    "  -h, --help             this text\n"
    "\n"
    "Exit status: 0 done or interrupted, 1 one was not heard of, or stdout could not be written\n"
    "to, 78 bad configuration, 64 wrong usage.\n";

struct arguments {
    struct attach_request from;
    char *const *symbols; /* [n_symbols]; 0: all */
    int n_symbols;
    int64_t duration_ms;
    bool follows, json;
};

struct session {
    const struct arguments *arguments;
    struct kafka_reader *reader;
    struct ending *ending;
    struct matrix_latest latest;
};

static bool is_wanted(const struct arguments *a, const char *symbol)
{
    int i = 0;

    while (i < a->n_symbols && strcmp(a->symbols[i], symbol) != 0) {
        i++;
    }
    return a->n_symbols == 0 || i < a->n_symbols;
}

/* The first one that was asked for and not heard of, or NULL. */
static const char *missing(const struct session *s)
{
    const struct arguments *const a = s->arguments;
    int i = 0;

    while (i < a->n_symbols && matrix_latest_has(&s->latest, a->symbols[i])) {
        i++;
    }
    return i < a->n_symbols ? a->symbols[i] : NULL;
}

static bool is_done(const struct session *s, int64_t passed_ms)
{
    const struct arguments *const a = s->arguments;

    return passed_ms >= a->duration_ms ||
           (a->n_symbols > 0 ? missing(s) == NULL
                             : passed_ms >= AT_LEAST_MS && matrix_latest_is_whole(&s->latest));
}

static bool goes_on(const struct session *s)
{
    return !ending_is_asked(s->ending) && !output_is_gone(STDOUT_FILENO) && !ferror(stdout);
}

/* Takes the next one in, if it comes in time and is asked for. */
static const struct matrix *hear(struct session *s, int wait_ms)
{
    struct kafka_record record;
    struct matrix matrix;

    if (!kafka_reader_next(s->reader, wait_ms, &record) || !wire_is_matrix(record.value) ||
        wire_read_matrix(record.value, &matrix, &matrix.pub_ns) != ARB_OK ||
        !is_wanted(s->arguments, matrix.info.symbol)) {
        return NULL;
    }
    return matrix_latest_put(&s->latest, &matrix);
}

static void print(const struct session *s, const struct matrix *matrix)
{
    char text[WIRE_MATRIX_MAX];

    if (s->arguments->json) {
        const size_t len = wire_write_matrix(matrix, matrix->pub_ns, text);
        (void)harmless_json(stdout, (struct arb_bytes){ text, len }); /* report() asks stdout */
    } else {
        matrix_print(matrix, stdout);
        (void)fputc('\n', stdout);
    }
}

static void hear_all(struct session *s)
{
    const int64_t begin_ns = clock_mono_ns();

    while (goes_on(s) && !is_done(s, (clock_mono_ns() - begin_ns) / NS_PER_MS)) {
        (void)hear(s, WAIT_MS);
    }
    for (uint32_t i = 0; i < s->latest.n; i++) {
        print(s, &s->latest.matrices[i]);
    }
}

static void follow(struct session *s)
{
    while (goes_on(s)) {
        const struct matrix *const matrix = hear(s, WAIT_MS);
        if (matrix != NULL) {
            print(s, matrix);
            (void)fflush(stdout); /* report() asks stdout */
        }
    }
}

static int report(const struct session *s)
{
    const char *const symbol = missing(s);

    if (s->latest.n == 0) {
        (void)fputs("arbspot matrix: none was heard of: no strategy has `matrix`, or no host runs "
                    "with one\n",
                    stderr);
    } else if (symbol != NULL) {
        harmless_line(stderr, "arbspot matrix: nothing was heard of %s", symbol);
    }
    return fflush(stdout) == 0 && !ferror(stdout) && s->latest.n > 0 && symbol == NULL ? CMD_OK
                                                                                       : CMD_FAILED;
}

static int run(struct session *s, const struct kafka_config *kafka)
{
    static const char *const keys[] = { WIRE_MATRIX_KEY };
    const struct arguments *const a = s->arguments;
    const struct kafka_reader_config config = {
        .kafka = kafka,
        .topic = kafka->opportunity_topic,
        .keys = keys,
        .n_keys = 1,
        .start = KAFKA_FROM_END,
        .who = "kafka=matrix",
    };
    struct err err = { .rc = ARB_OK };

    if (ending_open(&s->ending, ATTACH_LIMIT_MS, &err) != ARB_OK ||
        kafka_reader_create(&s->reader, &config, &err) != ARB_OK) {
        harmless_line(stderr, "arbspot matrix: %s", err.text);
        return CONFIG_EXIT;
    }
    if (a->follows) {
        follow(s);
        return s->latest.n > 0 ? report(s) : CMD_OK;
    }
    hear_all(s);
    return report(s);
}

static int matrix(void *context, const struct kafka_config *kafka)
{
    struct session *const s = calloc(1, sizeof(*s));

    if (s == NULL) {
        (void)fputs("arbspot matrix: no memory\n", stderr);
        return CMD_FAILED;
    }
    s->arguments = context;
    const int status = run(s, kafka);
    kafka_reader_destroy(s->reader);
    ending_close(s->ending);
    free(s);
    return status;
}

static bool take(void *arguments, int option, char *value)
{
    struct arguments *const a = arguments;

    switch (option) {
    case 'F':
        a->follows = true;
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

int cmd_matrix(int argc, char **argv)
{
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' },   { "brokers", required_argument, NULL, 'b' },
        { "topic", required_argument, NULL, 't' },    { "follow", no_argument, NULL, 'F' },
        { "duration", required_argument, NULL, 'd' }, { "json", no_argument, NULL, 'j' },
        { "help", no_argument, NULL, 'h' },           { NULL, 0, NULL, 0 }
    };
    static const struct arguments_spec spec = { .command = "matrix",
                                                .usage = usage,
                                                .options = options,
                                                .take = take,
                                                .wanted = "a duration from 100ms to 24h",
                                                .lacks = attach_lacks,
                                                .operand = "SYMBOL",
                                                .operands_max = ARB_INSTRUMENTS_MAX };
    struct arguments arguments = { .from.command = "matrix", .duration_ms = DURATION_MS };
    const int status = arguments_read(&spec, &arguments, argc, argv);

    if (status != ARGUMENTS_READ) {
        return status;
    }
    arguments.symbols = argv + optind;
    arguments.n_symbols = argc - optind;
    return attach_call(&arguments.from, matrix, &arguments);
}
