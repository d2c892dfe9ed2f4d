/*
 * arbspot-bench: proves that recorded and generated frames are read right, then says what they
 * cost, and how long messages take from end to end.
 */
#include <getopt.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arbspot/decimal.h"
#include "detection.h"
#include "kafka_path.h"
#include "report.h"
#include "socket_path.h"
#include "util/log.h"

enum {
    SETS_MAX = 32,
    PATH_LEN_MAX = 512,
    BUDGET_MS = 3000, /* of each data set */
    FIELDS = 4,
};

#define CJSON_AIM 0.25
#define MESSAGE_AIM_NS 200
#define DEPTH_AIM 1.3
#define KAFKA_AIM 1.2
#define SOCKET_AIM 1.3
#define DETECTION_AIM_NS 100
#define GROWTH_AIM 1.2

static const char usage[] =
    "Usage: arbspot-bench --data DIR --plugins DIR [--json] [--only PART]\n"
    "                     [--brokers HOST:PORT] [--budget MS] [PLUGIN:OPTIONS:SYMBOLS:FILE]...\n"
    "\n"
    "Proves and measures the recordings in DIR, or those named instead, such as\n"
    "    kraken:depth=25:BTC/USD:kraken_btcusd_sample.cbcap\n"
    "with options and symbols separated by commas, and generated streams.\n"
    "\n"
    "  --json         one JSON object on stdout\n"
    "  --only PART    frames: only their steps; kafka, socket: only that way through the program;\n"
    "                 detection: only what looking for opportunities costs\n"
    "  --brokers A    a Kafka broker instead of one in this process; the topics arbspot-bench\n"
    "                 and arbspot-bench-bare are created there and stay\n"
    "  --budget MS    time for each data set (default 3000)\n";

#define V1_PAIRS                                                                                   \
    "WAVES/EUR,XMR/USD,KSM/BTC,GRT/ETH,SC/EUR,ETH/CHF,OCEAN/BTC,OMG/USD,BTC/CHF,ADA/BTC"
#define BITSTAMP_PAIRS                                                                             \
    "KNC/EUR,XLM/EUR,BTC/USDC,XRP/BTC,XRP/PAX,ETH/GBP,PAX/USD,LINK/ETH,KNC/USD,BCH/EUR"

/* `file` counts from the directory of recordings. */
static const struct dataset_spec recorded[] = {
    { "k2", "Kraken v2 BTC/USD, depth 25, recorded", "kraken", "BTC/USD", "depth=25",
      "crossbook/kraken_btcusd_sample.cbcap", 0 },
    { "k2-eth", "Kraken v2 ETH/USD, depth 25, recorded", "kraken", "ETH/USD", "depth=25",
      "crossbook/kraken_ethusd_sample.cbcap", 0 },
    { "k2-10", "Kraken v2 BTC/USD, depth 10, recorded", "kraken", "BTC/USD", "depth=10",
      "crossbook/kraken_btcusd_l2.cbcap", 0 },
    { "k1", "Kraken v1, 10 pairs, depth 1000, recorded", "kraken", V1_PAIRS,
      "protocol=v1,depth=1000", "cryptofeed/kraken_v1_2021-04-17.txt", 0 },
    { "bs", "Bitstamp diffs, 10 pairs, recorded", "bitstamp", BITSTAMP_PAIRS, "mode=diff",
      "cryptofeed/bitstamp_2021-04-05.txt", 0 },
};

/* The same market at three depths. */
static const struct dataset_spec generated[] = {
    { "gen-10", "Kraken v2, generated, depth 10", "kraken", "BTC/USD", "depth=10", NULL, 10 },
    { "gen-25", "Kraken v2, generated, depth 25", "kraken", "BTC/USD", "depth=25", NULL, 25 },
    { "gen-1000", "Kraken v2, generated, depth 1000", "kraken", "BTC/USD", "depth=1000", NULL,
      1000 },
};

enum part {
    PART_FRAMES = 1,
    PART_KAFKA = 2,
    PART_SOCKET = 4,
    PART_DETECTION = 8,
    PART_ALL = 15,
};

struct arguments {
    const char *data_dir, *plugin_dir, *brokers;
    unsigned parts;
    int64_t budget_ms;
    bool is_json;
    struct dataset_spec specs[SETS_MAX];
    char paths[SETS_MAX][PATH_LEN_MAX];
    unsigned n_specs;
};

/* -- arguments ------------------------------------------------------------------------ */

static int add_spec(struct arguments *arguments, const struct dataset_spec *spec)
{
    const unsigned i = arguments->n_specs;

    if (i == SETS_MAX) {
        (void)fprintf(stderr, "arbspot-bench: more than %d data sets\n", SETS_MAX);
        return ARB_ELIMIT;
    }
    arguments->specs[i] = *spec;
    arguments->n_specs++;
    return ARB_OK;
}

static int add_recorded(struct arguments *arguments)
{
    int rc = ARB_OK;

    for (size_t i = 0; i < sizeof(recorded) / sizeof(*recorded) && rc == ARB_OK; i++) {
        char *const path = arguments->paths[arguments->n_specs];
        struct dataset_spec spec = recorded[i];
        (void)snprintf(path, PATH_LEN_MAX, "%s/%s", arguments->data_dir, spec.file);
        spec.file = path;
        rc = add_spec(arguments, &spec);
    }
    return rc;
}

static int add_named(struct arguments *arguments, char *text)
{
    char *fields[FIELDS] = { NULL }, *rest = text;

    for (int i = 0; i < FIELDS - 1; i++) {
        fields[i] = strsep(&rest, ":");
    }
    if (rest == NULL) {
        (void)fprintf(stderr, "arbspot-bench: not PLUGIN:OPTIONS:SYMBOLS:FILE: %s\n", text);
        return ARB_EINVAL;
    }
    const struct dataset_spec spec = { .name = rest,
                                       .what = "recorded",
                                       .plugin = fields[0],
                                       .options = fields[1],
                                       .symbols = fields[2],
                                       .file = rest };
    return add_spec(arguments, &spec);
}

static int add_generated(struct arguments *arguments)
{
    int rc = ARB_OK;
    for (size_t i = 0; i < sizeof(generated) / sizeof(*generated) && rc == ARB_OK; i++) {
        rc = add_spec(arguments, &generated[i]);
    }
    return rc;
}

static unsigned part_of(const char *name)
{
    if (strcmp(name, "frames") == 0) {
        return PART_FRAMES;
    }
    if (strcmp(name, "kafka") == 0) {
        return PART_KAFKA;
    }
    if (strcmp(name, "socket") == 0) {
        return PART_SOCKET;
    }
    return strcmp(name, "detection") == 0 ? PART_DETECTION : 0;
}

static int read_option(struct arguments *arguments, int option)
{
    switch (option) {
    case 'd':
        arguments->data_dir = optarg;
        return ARB_OK;
    case 'p':
        arguments->plugin_dir = optarg;
        return ARB_OK;
    case 'j':
        arguments->is_json = true;
        return ARB_OK;
    case 'o':
        arguments->parts = part_of(optarg);
        return arguments->parts == 0 ? ARB_EINVAL : ARB_OK;
    case 'b':
        arguments->brokers = optarg;
        return ARB_OK;
    case 't':
        return arb_decimal_parse((struct arb_bytes){ optarg, strlen(optarg) }, 0,
                                 &arguments->budget_ms, NULL);
    case 'h':
        (void)fputs(usage, stdout);
        exit(EXIT_SUCCESS);
    default:
        return ARB_EINVAL;
    }
}

static int read_arguments(int argc, char **argv, struct arguments *arguments)
{
    static const struct option longs[] = {
        { "data", required_argument, NULL, 'd' },    { "plugins", required_argument, NULL, 'p' },
        { "json", no_argument, NULL, 'j' },          { "only", required_argument, NULL, 'o' },
        { "brokers", required_argument, NULL, 'b' }, { "budget", required_argument, NULL, 't' },
        { "help", no_argument, NULL, 'h' },          { NULL, 0, NULL, 0 },
    };
    int rc = ARB_OK, option;

    arguments->parts = PART_ALL;
    arguments->budget_ms = BUDGET_MS;
    while (rc == ARB_OK && (option = getopt_long(argc, argv, "", longs, NULL)) != -1) {
        rc = read_option(arguments, option);
    }
    if (rc != ARB_OK || arguments->data_dir == NULL || arguments->plugin_dir == NULL) {
        (void)fputs(usage, stderr);
        return ARB_EINVAL;
    }
    if (optind == argc) {
        rc = add_recorded(arguments);
    }
    for (; optind < argc && rc == ARB_OK; optind++) {
        rc = add_named(arguments, argv[optind]);
    }
    return rc == ARB_OK ? add_generated(arguments) : rc;
}

/* -- frames --------------------------------------------------------------------------- */

/* Keeps this thread on one core; the others are for those that disturb. */
static void pin(cpu_set_t *before)
{
    cpu_set_t one;

    CPU_ZERO(&one);
    CPU_ZERO(before);
    (void)sched_getaffinity(0, sizeof(*before), before); /* unpinned, it only varies more */
    for (size_t cpu = CPU_SETSIZE; cpu-- > 0;) {
        if (CPU_ISSET(cpu, before)) {
            CPU_SET(cpu, &one);
            (void)sched_setaffinity(0, sizeof(one), &one);
            return;
        }
    }
}

/* In units of cJSON's parse of the same frames in the same rounds: the machine has its moods. */
static double cost_of(const struct steps_result *result)
{
    return result->steps[STEP_VERIFY].ns / result->steps[STEP_CJSON].ns;
}

static void add_aims(struct report *report, const struct dataset_spec *spec,
                     const struct steps_result *result)
{
    const struct step_figure *const s = result->steps;

    report_aim(report, cost_of(result), CJSON_AIM,
               "%s: parse + apply + verify, times cJSON's parse", spec->name);
    report_aim(report, s[STEP_MESSAGE].ns - s[STEP_VERIFY].ns, MESSAGE_AIM_NS,
               "%s: JSON message, ns on top", spec->name);
    report_aim(report, s[STEP_MESSAGE].allocs, 0, "%s: allocations per frame, message included",
               spec->name);
}

static int prove_and_measure(struct report *report, struct dataset *dataset, int64_t budget_ms,
                             struct steps_result *result, struct err *err)
{
    struct stage stage = { 0 };
    struct proof proof = { 0 };
    int rc = stage_init(&stage, dataset, NULL, err);

    if (rc == ARB_OK) {
        rc = proof_run(&proof, &stage, err);
    }
    if (rc == ARB_OK) {
        report_proof(report, dataset->spec, &proof);
        rc = steps_measure(result, dataset, &proof, budget_ms, err);
    }
    if (rc == ARB_OK) {
        report_steps(report, result);
        add_aims(report, dataset->spec, result);
    }
    proof_fini(&proof);
    stage_fini(&stage);
    return rc;
}

static int measure_set(struct report *report, const struct arguments *arguments, unsigned i,
                       struct steps_result *result, struct err *err)
{
    struct dataset *const dataset = calloc(1, sizeof(*dataset));

    if (dataset == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory");
    }
    int rc = dataset_init(dataset, &arguments->specs[i], arguments->plugin_dir, err);
    if (rc == ARB_OK) {
        rc = prove_and_measure(report, dataset, arguments->budget_ms, result, err);
    }
    dataset_fini(dataset);
    free(dataset);
    return rc;
}

static void compare_depths(struct report *report, const struct arguments *arguments,
                           const struct steps_result *results)
{
    double at_25 = 0, at_1000 = 0;

    for (unsigned i = 0; i < arguments->n_specs; i++) {
        if (arguments->specs[i].depth == 25) {
            at_25 = cost_of(&results[i]);
        } else if (arguments->specs[i].depth == 1000) {
            at_1000 = cost_of(&results[i]);
        }
    }
    report_aim(report, at_1000 / at_25, DEPTH_AIM,
               "generated: parse + apply + verify at depth 1000, times depth 25");
}

static int measure_frames(struct report *report, const struct arguments *arguments, struct err *err)
{
    struct steps_result results[SETS_MAX];
    cpu_set_t before;
    int rc = ARB_OK;

    pin(&before);
    for (unsigned i = 0; i < arguments->n_specs && rc == ARB_OK; i++) {
        rc = measure_set(report, arguments, i, &results[i], err);
    }
    if (rc == ARB_OK) {
        compare_depths(report, arguments, results);
    }
    (void)sched_setaffinity(0, sizeof(before), &before);
    return rc;
}

/* -- ways through the program --------------------------------------------------------- */

/* With the first data set, proven again. */
static int run_kafka(struct path_figures *figures, const struct arguments *arguments,
                     struct dataset *dataset, struct err *err)
{
    struct stage stage = { 0 };
    struct proof proof = { 0 };
    int rc = stage_init(&stage, dataset, NULL, err);

    if (rc == ARB_OK) {
        rc = proof_run(&proof, &stage, err);
    }
    if (rc == ARB_OK) {
        rc = kafka_path_measure(figures, arguments->brokers, dataset, &proof.script, err);
    }
    proof_fini(&proof);
    stage_fini(&stage);
    return rc;
}

static int measure_kafka(struct report *report, const struct arguments *arguments, struct err *err)
{
    struct dataset *const dataset = calloc(1, sizeof(*dataset));
    struct path_figures figures;

    if (dataset == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory");
    }
    int rc = dataset_init(dataset, &arguments->specs[0], arguments->plugin_dir, err);
    if (rc == ARB_OK) {
        rc = run_kafka(&figures, arguments, dataset, err);
    }
    if (rc == ARB_OK) {
        report_path(report, &figures);
        report_aim(report, figures.ours.p50_us / figures.bare.p50_us, KAFKA_AIM,
                   "kafka: p50, times librdkafka alone");
    }
    dataset_fini(dataset);
    free(dataset);
    return rc;
}

static int measure_socket(struct report *report, const struct arguments *arguments, struct err *err)
{
    struct path_figures figures;
    const int rc = socket_path_measure(&figures, arguments->plugin_dir, err);

    if (rc == ARB_OK) {
        report_path(report, &figures);
        report_aim(report, figures.ours.p50_us / figures.bare.p50_us, SOCKET_AIM,
                   "socket: p50 to the opportunity, times libwebsockets alone");
    }
    return rc;
}

/* -- detection ------------------------------------------------------------------------ */

static double worse(double a, double b)
{
    return a > b ? a : b;
}

/*
 * Of prices that are apart, which is how nearly all updates find them. What grows with the market
 * is the memory that is cold by then; of the strategy's own work nothing may.
 */
static void add_detection_aims(struct report *report, const struct detection *detection,
                               unsigned shape)
{
    static const char *const names[N_SHAPES] = { "cross_venue", "triangular", "one triangle" };
    double cold = 0, warm = 0, by_venues = 0, by_instruments = 0;

    for (unsigned i = 0; i < DETECTION_VENUES * DETECTION_INSTRUMENTS; i++) {
        const unsigned v = i / DETECTION_INSTRUMENTS, n = i % DETECTION_INSTRUMENTS;
        const struct detection_figure *const f = &detection->figures[shape][v][n][SCENE_APART];
        cold = worse(cold, f->strategy);
        warm = worse(warm, f->again);
        by_venues = worse(by_venues, f->again / detection->figures[shape][0][n][SCENE_APART].again);
        by_instruments =
            worse(by_instruments, f->again / detection->figures[shape][v][0][SCENE_APART].again);
    }
    report_aim(report, warm, DETECTION_AIM_NS, "%s: apart, again, the slowest, ns", names[shape]);
    report_aim(report, cold, DETECTION_AIM_NS, "%s: apart, strategy, the slowest, ns",
               names[shape]);
    report_aim(report, by_venues, GROWTH_AIM, "%s: apart, again, up to 16 venues, times 2",
               names[shape]);
    report_aim(report, by_instruments, GROWTH_AIM,
               "%s: apart, again, most instruments, times fewest", names[shape]);
}

static int measure_detection(struct report *report, const struct arguments *arguments,
                             struct err *err)
{
    struct detection detection;
    cpu_set_t before;

    pin(&before);
    const int rc = detection_measure(&detection, arguments->plugin_dir, err);
    if (rc == ARB_OK) {
        report_detection(report, &detection);
        for (unsigned shape = 0; shape < N_SHAPES; shape++) {
            add_detection_aims(report, &detection, shape);
        }
    }
    (void)sched_setaffinity(0, sizeof(before), &before);
    return rc;
}

int main(int argc, char **argv)
{
    static struct arguments arguments; /* large, and needed once */
    struct report report = { .out = stdout };
    struct err err = { 0 };

    if (read_arguments(argc, argv, &arguments) != ARB_OK) {
        return EXIT_FAILURE;
    }
    log_set_level(ARB_ERROR); /* a recording without a catalog is warned of each time */
    report.is_json = arguments.is_json;
    report_begin(&report);
    int rc = ARB_OK;
    if ((arguments.parts & PART_FRAMES) != 0) {
        rc = measure_frames(&report, &arguments, &err);
    }
    if (rc == ARB_OK && (arguments.parts & PART_KAFKA) != 0) {
        rc = measure_kafka(&report, &arguments, &err);
    }
    if (rc == ARB_OK && (arguments.parts & PART_SOCKET) != 0) {
        rc = measure_socket(&report, &arguments, &err);
    }
    if (rc == ARB_OK && (arguments.parts & PART_DETECTION) != 0) {
        rc = measure_detection(&report, &arguments, &err);
    }
    if (rc != ARB_OK) {
        (void)fprintf(stderr, "arbspot-bench: %s\n", err.text);
        return EXIT_FAILURE;
    }
    report_end(&report);
    return EXIT_SUCCESS;
}
