#include "options.h"

#include <ctype.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arbspot/decimal.h"
#include "dialects.h"
#include "util/clock.h"
#include "venue_terms.h"

const char options_help[] =
    "arbspot-sim: an exchange simulator. It speaks the protocols of Kraken, Bitstamp, Binance,\n"
    "Bitfinex, Bybit, Coinbase, Gemini and OKX over real TLS on loopback; the market behind them\n"
    "is generated, not real, or a recording.\n"
    "\n"
    "Usage: arbspot-sim [option]...\n"
    "  --instruments N|A/B,...     pairs (default BTC/USD,ETH/USD,XRP/USD)\n"
    "  --venues LIST|all           kraken, bitstamp, binance, bitfinex, bybit, coinbase, gemini,\n"
    "                              okx (default kraken,bitstamp)\n"
    "  --venue NAME                the same, for one\n"
    "  --seed N                    of the generated market (default 1)\n"
    "  --rate N                    changes per second, pair and venue (default 20)\n"
    "  --depth N                   levels a side that a venue holds (default 100)\n"
    "  --divergence-every TIME     mean time between divergences of a pair (default 4s, 0: none)\n"
    "  --fee VENUE=RATE            taker fee: 0.26%, 26bp or 2600ppm (default: the real venue's,\n"
    "                              by volume; ticks, lots and minimums are like real ones, too)\n"
    "  --volume N                  traded in 30 days, which those fees depend on (default 0)\n"
    "  --min-net RATE              what opportunities have to earn more than (default 0)\n"
    "  --clock-offset VENUE=+TIME  its clock is ahead by so much, or with - behind\n"
    "  --kraken-port N             port to listen on (default 0: any free one)\n"
    "  --bitstamp-port N           likewise\n"
    "  --faults SPEC               VENUE:FAULT[=PAIR][@TIME],... or random:seed=N,every=TIME,\n"
    "                              until=TIME; see --list-faults\n"
    "  --list-faults\n"
    "  --duration TIME             end after this time (default: on SIGINT or SIGTERM)\n"
    "  --recording FILE            serve a recording; may be repeated; needs --venue\n"
    "  --replay FILE               replay a recording of any venue as it was, cbcap or cryptofeed\n"
    "                              text; may be repeated. Whoever connects gets the recorded\n"
    "                              connections in turn, on their recorded clock and whatever is\n"
    "                              said to them; GET is answered by path, as it was recorded\n"
    "  --replay-port N             port to listen on (default 0: any free one)\n"
    "  --speed X|max               of the recording (default 1; max: everything at once)\n"
    "  --truth FILE                as JSON lines, divergences: while some quantity that both "
    "venues\n"
    "                              take as an order pays after both fees; crossings that do not\n"
    "                              pay, and why; final books. SIGUSR1 writes the books at once\n"
    "  --ca-out FILE               where the private authority's certificate goes, for ca_file\n"
    "  --state-dir DIR             keeps the authority for the next start, in a folder that is "
    "made\n"
    "                              where there is none\n"
    "  --endpoints FILE            ports as lines kraken=PORT\n"
    "  --write-config FILE         a ready configuration for arbspot run\n"
    "  --brokers LIST              for it (default embedded)\n"
    "  --source kafka|direct       for it (default kafka)\n"
    "  --bitstamp-mode MODE        for it: order_book, diff or orders (order_book)\n"
    "  --help\n";

enum option_id {
    INSTRUMENTS = 1,
    VENUES,
    SEED,
    RATE,
    DEPTH,
    DIVERGENCE_EVERY,
    FEE,
    VOLUME,
    MIN_NET,
    CLOCK_OFFSET,
    KRAKEN_PORT,
    BITSTAMP_PORT,
    DURATION,
    RECORDING,
    REPLAY,
    REPLAY_PORT,
    SPEED,
    TRUTH,
    CA_OUT,
    STATE_DIR,
    ENDPOINTS,
    WRITE_CONFIG,
    BROKERS,
    SOURCE,
    BITSTAMP_MODE,
    FAULTS,
    LIST_FAULTS,
    HELP,
};

static const struct option long_options[] = {
    { "instruments", required_argument, NULL, INSTRUMENTS },
    { "venues", required_argument, NULL, VENUES },
    { "venue", required_argument, NULL, VENUES },
    { "seed", required_argument, NULL, SEED },
    { "rate", required_argument, NULL, RATE },
    { "depth", required_argument, NULL, DEPTH },
    { "divergence-every", required_argument, NULL, DIVERGENCE_EVERY },
    { "fee", required_argument, NULL, FEE },
    { "volume", required_argument, NULL, VOLUME },
    { "min-net", required_argument, NULL, MIN_NET },
    { "clock-offset", required_argument, NULL, CLOCK_OFFSET },
    { "kraken-port", required_argument, NULL, KRAKEN_PORT },
    { "bitstamp-port", required_argument, NULL, BITSTAMP_PORT },
    { "duration", required_argument, NULL, DURATION },
    { "recording", required_argument, NULL, RECORDING },
    { "replay", required_argument, NULL, REPLAY },
    { "replay-port", required_argument, NULL, REPLAY_PORT },
    { "speed", required_argument, NULL, SPEED },
    { "truth", required_argument, NULL, TRUTH },
    { "ca-out", required_argument, NULL, CA_OUT },
    { "state-dir", required_argument, NULL, STATE_DIR },
    { "endpoints", required_argument, NULL, ENDPOINTS },
    { "write-config", required_argument, NULL, WRITE_CONFIG },
    { "brokers", required_argument, NULL, BROKERS },
    { "source", required_argument, NULL, SOURCE },
    { "bitstamp-mode", required_argument, NULL, BITSTAMP_MODE },
    { "faults", required_argument, NULL, FAULTS },
    { "list-faults", no_argument, NULL, LIST_FAULTS },
    { "help", no_argument, NULL, HELP },
    { NULL, 0, NULL, 0 },
};

/* A number and the unit behind it. */
struct unit {
    const char *name;
    unsigned scale; /* the number is read in units of 10^-scale ... */
    int64_t factor; /* ... and multiplied */
};

static const struct unit time_units[] = { { "ms", 0, 1 },   { "s", 3, 1 }, { "m", 3, 60 },
                                          { "h", 3, 3600 }, { "", 3, 1 },  { NULL, 0, 0 } };
static const struct unit fee_units[] = {
    { "%", 4, 1 }, { "bp", 2, 1 }, { "ppm", 0, 1 }, { NULL, 0, 0 }
};
static const struct unit plain_units[] = { { "", 0, 1 }, { NULL, 0, 0 } };
static const struct unit speed_units[] = { { "", 2, 1 }, { "x", 2, 1 }, { NULL, 0, 0 } };

struct range {
    int64_t min, max;
};

/* Reads text such as "0.26%" by a table of units. */
static bool read_quantity(const char *text, const struct unit *units, struct range range,
                          int64_t *out)
{
    const size_t len = strspn(text, "0123456789.");
    int64_t value;

    for (; units->name != NULL; units++) {
        if (strcmp(text + len, units->name) == 0) {
            return arb_decimal_parse((struct arb_bytes){ text, len }, units->scale, &value, NULL) ==
                       ARB_OK &&
                   !__builtin_mul_overflow(value, units->factor, &value) && value >= range.min &&
                   value <= range.max && (*out = value, true);
        }
    }
    return false;
}

static bool add_venue(struct sim_options *options, const char *name, size_t len)
{
    char *const venue = options->venues[options->n_venues];

    if (len == 0 || len >= ARB_SYMBOL_MAX || options->n_venues == ARB_VENUES_MAX) {
        return false;
    }
    memcpy(venue, name, len);
    venue[len] = '\0';
    for (uint32_t i = 0; i < options->n_venues; i++) {
        if (strcmp(options->venues[i], venue) == 0) {
            return false;
        }
    }
    options->n_venues++;
    return strcmp(venue, "kraken") == 0 || strcmp(venue, "bitstamp") == 0 ||
           dialect_find(venue) != NULL;
}

static bool read_venues(struct sim_options *options, const char *text)
{
    options->n_venues = 0;
    if (strcmp(text, "all") == 0) {
        (void)read_venues(options, "kraken,bitstamp");
        for (uint32_t i = 0; dialect_at(i) != NULL; i++) {
            (void)add_venue(options, dialect_at(i)->name, strlen(dialect_at(i)->name));
        }
        return true;
    }
    for (const char *p = text; p != NULL; p = strchr(p, ',')) {
        p += *p == ',';
        if (!add_venue(options, p, strcspn(p, ","))) {
            return false;
        }
    }
    return true;
}

/* These may come before --venues, so they are kept by the name they are for. */
struct by_venue {
    const char *name;
    int64_t fee_ppm; /* -1: not given */
    int64_t port;
    int64_t clock_offset_ms;
};

enum { KRAKEN, BITSTAMP, REPLAYED, DIALECTS, N_NAMES = ARB_VENUES_MAX };

/* The venue that "VENUE=VALUE" is for, and its value; NULL: there is none of that name. */
static struct by_venue *find_name(struct by_venue *names, const char *text, const char **value)
{
    for (size_t i = 0; i < N_NAMES && names[i].name != NULL; i++) {
        const size_t len = strlen(names[i].name);
        if (strncmp(text, names[i].name, len) == 0 && text[len] == '=') {
            *value = text + len + 1;
            return &names[i];
        }
    }
    return NULL;
}

static bool read_fee(struct by_venue *names, const char *text)
{
    const char *value;
    struct by_venue *const name = find_name(names, text, &value);

    return name != NULL &&
           read_quantity(value, fee_units, (struct range){ 0, 100000 }, &name->fee_ppm);
}

/* A sign is required: which of two clocks is ahead should not be guessed. */
static bool read_clock_offset(struct by_venue *names, const char *text)
{
    const char *value;
    struct by_venue *const name = find_name(names, text, &value);

    if (name == NULL || (*value != '+' && *value != '-') ||
        !read_quantity(value + 1, time_units, (struct range){ 0, 86400000 },
                       &name->clock_offset_ms)) {
        return false;
    }
    name->clock_offset_ms *= *value == '-' ? -1 : 1;
    return true;
}

static bool read_port(struct by_venue *name, const char *text)
{
    return read_quantity(text, plain_units, (struct range){ 0, 65535 }, &name->port);
}

static bool read_seed(struct sim_options *options, const char *text)
{
    char *end;
    options->seed = strtoull(text, &end, 0);
    return isdigit((unsigned char)text[0]) && *end == '\0';
}

static bool read_speed(struct sim_options *options, const char *text)
{
    options->speed_percent = 0;
    return strcmp(text, "max") == 0 ||
           read_quantity(text, speed_units, (struct range){ 1, 10000000 }, &options->speed_percent);
}

static bool add_path(char **paths, size_t *n, char *path)
{
    if (*n == OPTIONS_RECORDINGS_MAX) {
        return false;
    }
    paths[(*n)++] = path;
    return true;
}

static bool read_word(const char **out, const char *text, const char *one, const char *other)
{
    *out = text;
    return strcmp(text, one) == 0 || strcmp(text, other) == 0;
}

static bool read_path(const char **out, const char *text)
{
    *out = text;
    return text[0] != '\0';
}

static bool read_market_option(struct sim_options *options, enum option_id id, const char *text)
{
    const struct range times = { 0, INT64_C(86400000) * 365 };

    switch (id) {
    case INSTRUMENTS:
        return read_path(&options->instruments, text);
    case VENUES:
        return read_venues(options, text);
    case SEED:
        return read_seed(options, text);
    case RATE:
        return read_quantity(text, plain_units, (struct range){ 1, 1000 }, &options->rate_per_s);
    case DEPTH:
        return read_quantity(text, plain_units, (struct range){ 10, 5000 }, &options->depth);
    case DIVERGENCE_EVERY:
        return read_quantity(text, time_units, times, &options->divergence_every_ms);
    case DURATION:
        return read_quantity(text, time_units, times, &options->duration_ms);
    case VOLUME:
        return read_quantity(text, plain_units, (struct range){ 0, INT64_C(1000000000000) },
                             &options->volume);
    case MIN_NET:
        return read_quantity(text, fee_units, (struct range){ 0, 100000 }, &options->min_net_ppm);
    default:
        return read_speed(options, text);
    }
}

static bool read_output_option(struct sim_options *options, enum option_id id, const char *text)
{
    switch (id) {
    case TRUTH:
        return read_path(&options->truth_file, text);
    case CA_OUT:
        return read_path(&options->ca_file, text);
    case STATE_DIR:
        return read_path(&options->state_dir, text);
    case ENDPOINTS:
        return read_path(&options->endpoints_file, text);
    case WRITE_CONFIG:
        return read_path(&options->config_file, text);
    case BROKERS:
        return read_path(&options->brokers, text);
    case SOURCE:
        return read_word(&options->source, text, "kafka", "direct");
    default:
        return read_word(&options->bitstamp_mode, text, "order_book", "diff") ||
               strcmp(text, "orders") == 0;
    }
}

static bool read_option(struct sim_options *options, struct by_venue *names, enum option_id id,
                        char *text)
{
    switch (id) {
    case HELP:
        options->wants_help = true;
        return true;
    case LIST_FAULTS:
        options->wants_faults_listed = true;
        return true;
    case FAULTS:
        return read_path(&options->faults, text);
    case FEE:
        return read_fee(names, text);
    case CLOCK_OFFSET:
        return read_clock_offset(names, text);
    case KRAKEN_PORT:
        return read_port(&names[KRAKEN], text);
    case BITSTAMP_PORT:
        return read_port(&names[BITSTAMP], text);
    case RECORDING:
        return add_path(options->recordings, &options->n_recordings, text);
    case REPLAY:
        return add_path(options->replays, &options->n_replays, text);
    case REPLAY_PORT:
        return read_port(&names[REPLAYED], text);
    case INSTRUMENTS:
    case VENUES:
    case SEED:
    case RATE:
    case DEPTH:
    case DIVERGENCE_EVERY:
    case DURATION:
    case VOLUME:
    case MIN_NET:
    case SPEED:
        return read_market_option(options, id, text);
    default:
        return read_output_option(options, id, text);
    }
}

static void apply_names(struct sim_options *options, const struct by_venue *names)
{
    for (uint32_t v = 0; v < options->n_venues; v++) {
        size_t i = 0;
        while (strcmp(options->venues[v], names[i].name) != 0) {
            i++;
        }
        options->ports[v] = (int)names[i].port;
        options->clock_offset_ns[v] = names[i].clock_offset_ms * NS_PER_MS;
        options->has_schedule[v] = names[i].fee_ppm < 0;
        options->fees_ppm[v] = options->has_schedule[v]
                                   ? venue_fee_ppm(options->venues[v], options->volume)
                                   : names[i].fee_ppm;
    }
}

static int check(const struct sim_options *options, struct err *err)
{
    if (options->n_recordings > 0 && options->n_venues != 1) {
        return err_set(err, ARB_EINVAL, "--recording: say whose it is with --venue");
    }
    if (options->n_replays > 0 &&
        (options->n_recordings > 0 || options->faults != NULL || options->config_file != NULL)) {
        return err_set(err, ARB_EINVAL,
                       "--replay: goes neither with --recording nor --faults nor --write-config");
    }
    if (options->config_file != NULL && options->ca_file == NULL && options->state_dir == NULL) {
        return err_set(err, ARB_EINVAL,
                       "--write-config: needs --ca-out or --state-dir for its ca_file");
    }
    return ARB_OK;
}

int options_parse(struct sim_options *options, int argc, char **argv, struct err *err)
{
    struct by_venue names[N_NAMES] = { { .name = "kraken", .fee_ppm = -1 },
                                       { .name = "bitstamp", .fee_ppm = -1 },
                                       { .name = "replay", .fee_ppm = -1 } };
    for (uint32_t i = 0; dialect_at(i) != NULL; i++) {
        names[DIALECTS + i] = (struct by_venue){ .name = dialect_at(i)->name, .fee_ppm = -1 };
    }
    int id, index;

    *options = (struct sim_options){
        .seed = 1,
        .instruments = "BTC/USD,ETH/USD,XRP/USD",
        .rate_per_s = 20,
        .depth = 100,
        .divergence_every_ms = 4000,
        .brokers = "embedded",
        .source = "kafka",
        .bitstamp_mode = "order_book",
        .speed_percent = 100,
    };
    (void)read_venues(options, "kraken,bitstamp");
    while ((id = getopt_long(argc, argv, "", long_options, &index)) != -1) {
        if (id == '?') {
            return err_set(err, ARB_EINVAL, "see arbspot-sim --help");
        }
        if (!read_option(options, names, (enum option_id)id, optarg)) {
            return err_set(err, ARB_EINVAL, "--%s: \"%s\" is not possible, see --help",
                           long_options[index].name, optarg);
        }
    }
    if (optind < argc) {
        return err_set(err, ARB_EINVAL, "\"%s\": every argument needs an option, see --help",
                       argv[optind]);
    }
    if (options->n_replays > 0) {
        options->n_venues = 0;
        (void)add_venue(options, "replay", strlen("replay"));
    }
    apply_names(options, names);
    return check(options, err);
}
