/* arbspot-sim: wires options, market, venues, truth and server together. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config_writer.h"
#include "dialects.h"
#include "fault_frame.h"
#include "file_text.h"
#include "options.h"
#include "server.h"
#include "truth.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/output.h"
#include "world.h"

enum {
    WAIT_MS = 100, /* the longest a signal waits */
    EXIT_USAGE = 64,
};

static volatile sig_atomic_t wants_end, wants_books; /* set by signals */

static void on_end(int signal)
{
    (void)signal;
    wants_end = 1;
}

static void on_books(int signal)
{
    (void)signal;
    wants_books = 1;
}

/* Everything a run owns. */
struct sim {
    struct sim_options options;
    struct tape *tape; /* NULL when the market is generated, or */
    struct reel *reel; /* of a recording that is replayed as it was */
    struct instrument_list *generated;
    struct tls_identity identity;
    struct server *server;
    struct world *world;
    struct fault_layer *faults; /* NULL: none */
    FILE *truth_out;
    char ca_path[PATH_MAX]; /* absolute; "" when the certificate is written nowhere */
};

static const struct instrument_list *instruments_of(const struct sim *sim)
{
    return sim->tape == NULL ? sim->generated : &sim->tape->instruments;
}

static int handle_signals(void)
{
    const struct sigaction end = { .sa_handler = on_end };
    const struct sigaction books = { .sa_handler = on_books };
    const struct sigaction ignore = { .sa_handler = SIG_IGN };

    if (sigaction(SIGINT, &end, NULL) != 0 || sigaction(SIGTERM, &end, NULL) != 0 ||
        sigaction(SIGUSR1, &books, NULL) != 0 || sigaction(SIGPIPE, &ignore, NULL) != 0) {
        return ARB_EINVAL;
    }
    return ARB_OK;
}

/* Without a market there are no instruments. */
static int open_reel(struct sim *sim, struct err *err)
{
    sim->generated = calloc(1, sizeof(*sim->generated));
    sim->reel = calloc(1, sizeof(*sim->reel));
    return sim->generated == NULL || sim->reel == NULL
               ? err_set(err, ARB_ENOMEM, "no memory for a recording")
               : reel_load(sim->reel, sim->options.replays, sim->options.n_replays, err);
}

static int open_tape(struct sim *sim, struct err *err)
{
    const struct sim_options *const options = &sim->options;

    sim->tape = calloc(1, sizeof(*sim->tape));
    return sim->tape == NULL ? err_set(err, ARB_ENOMEM, "no memory for a recording")
                             : tape_load(sim->tape, options->venues[0], options->recordings,
                                         options->n_recordings, err);
}

static int open_source(struct sim *sim, struct err *err)
{
    const struct sim_options *const options = &sim->options;

    if (options->n_replays > 0) {
        return open_reel(sim, err);
    }
    if (options->n_recordings > 0) {
        return open_tape(sim, err);
    }
    sim->generated = calloc(1, sizeof(*sim->generated));
    return sim->generated == NULL
               ? err_set(err, ARB_ENOMEM, "no memory for instruments")
               : instrument_list_parse(sim->generated, options->instruments, err);
}

/* Writes the authority's certificate where it was asked for and remembers the absolute path. */
static int publish_ca(struct sim *sim, struct err *err)
{
    const struct sim_options *const options = &sim->options;
    const struct arb_bytes pem = { sim->identity.ca_cert, strlen(sim->identity.ca_cert) };
    char kept[PATH_MAX];
    const char *path = options->ca_file;

    if (path != NULL) {
        const int rc = file_text_write(path, pem, 0644, err);
        if (rc != ARB_OK) {
            return rc;
        }
    } else if (options->state_dir != NULL) {
        (void)snprintf(kept, sizeof(kept), "%s/ca.pem", options->state_dir);
        path = kept;
    } else {
        return ARB_OK;
    }
    return realpath(path, sim->ca_path) == NULL
               ? err_set(err, ARB_EINVAL, "%s: %s", path, strerror(errno))
               : ARB_OK;
}

static int open_truth(struct sim *sim, struct err *err)
{
    const char *const path = sim->options.truth_file;

    if (path == NULL) {
        return ARB_OK;
    }
    sim->truth_out = fopen(path, "we");
    return sim->truth_out == NULL ? err_set(err, ARB_EINVAL, "%s: %s", path, strerror(errno))
                                  : ARB_OK;
}

static int open_server(struct sim *sim, struct err *err)
{
    struct server_config config = { .n_venues = sim->options.n_venues, .identity = &sim->identity };

    for (uint32_t venue = 0; venue < config.n_venues; venue++) {
        config.venues[venue] = sim->options.venues[venue];
        config.ports[venue] = sim->options.ports[venue];
    }
    return server_create(&sim->server, &config, err);
}

/* The channel that a host with the written configuration reads. */
static uint32_t feed_of_mode(const char *bitstamp_mode)
{
    if (strcmp(bitstamp_mode, "orders") == 0) {
        return FAULT_AT_ORDERS;
    }
    return strcmp(bitstamp_mode, "diff") == 0 ? FAULT_AT_DIFF : FAULT_AT_ORDER_BOOK;
}

static int open_world(struct sim *sim, struct err *err)
{
    const struct sim_options *const options = &sim->options;
    struct world_config config = {
        .instruments = instruments_of(sim),
        .tape = sim->tape,
        .reel = sim->reel,
        .speed_percent = options->speed_percent,
        .n_venues = options->n_venues,
        .seed = options->seed,
        .start_ns = clock_now_ns(),
        .depth = (uint32_t)options->depth,
        .rate_per_s = options->rate_per_s,
        .divergence_every_ms = options->divergence_every_ms,
        .min_net_ppm = options->min_net_ppm,
        .truth_out = sim->truth_out,
        .truth_feed = feed_of_mode(options->bitstamp_mode),
        .outlet = server_outlet(sim->server),
    };

    for (uint32_t venue = 0; venue < config.n_venues; venue++) {
        config.venues[venue] = options->venues[venue];
    }
    memcpy(config.fees_ppm, options->fees_ppm, sizeof(config.fees_ppm));
    memcpy(config.clock_offset_ns, options->clock_offset_ns, sizeof(config.clock_offset_ns));
    const int rc = world_create(&sim->world, &config, err);
    if (rc == ARB_OK) {
        server_attach(sim->server, sim->world);
    }
    return rc;
}

/* All that a client may subscribe there. */
static uint32_t feeds_of(const char *venue)
{
    if (dialect_find(venue) != NULL) {
        return FAULT_AT_DIALECT;
    }
    return strcmp(venue, "kraken") == 0 ? FAULT_AT_KRAKEN : FAULT_AT_BITSTAMP;
}

static int open_faults(struct sim *sim, struct err *err)
{
    const struct sim_options *const options = &sim->options;
    const struct fault_sink sink = server_fault_sink(sim->server);
    struct fault_config config = { .instruments = instruments_of(sim),
                                   .n_venues = options->n_venues,
                                   .has_transport = true,
                                   .has_requests = true };
    struct fault_plan plan;

    if (options->faults == NULL) {
        return ARB_OK;
    }
    for (uint32_t venue = 0; venue < config.n_venues; venue++) {
        config.venues[venue] = options->venues[venue];
        config.feeds[venue] = feeds_of(options->venues[venue]);
    }
    int rc = fault_plan_parse(&plan, options->faults, &config, err);
    if (rc != ARB_OK) {
        return rc;
    }
    rc = fault_layer_create(&sim->faults, &config, &plan, &sink, clock_now_ns());
    if (rc != ARB_OK) {
        return err_set(err, rc, "no memory for faults");
    }
    server_attach_faults(sim->server, sim->faults);
    return ARB_OK;
}

static void list_faults(void)
{
    for (uint32_t kind = 1; kind < N_FAULT_KINDS; kind++) {
        const struct fault_info *const info = &fault_infos[kind];
        (void)printf("%-18s %s%s\n", info->name, info->help,
                     info->where == FAULT_AT_KRAKEN         ? " (kraken)"
                     : (info->where & FAULT_AT_KRAKEN) == 0 ? " (bitstamp)"
                     : info->where == FAULT_AT_EITHER       ? " (kraken, bitstamp)"
                                                            : "");
    }
}

static int write_files(const struct sim *sim, struct err *err)
{
    int ports[ARB_VENUES_MAX] = { 0 };
    int rc = ARB_OK;

    for (uint32_t venue = 0; venue < sim->options.n_venues; venue++) {
        ports[venue] = server_port(sim->server, venue);
    }
    if (sim->options.config_file != NULL) {
        rc = config_write(&sim->options, instruments_of(sim), ports, sim->ca_path, err);
    }
    if (rc == ARB_OK && sim->options.endpoints_file != NULL) {
        rc = endpoints_write(&sim->options, ports, err); /* last: scripts wait for it */
    }
    return rc;
}

static void announce(const struct sim *sim)
{
    if (sim->tape == NULL && sim->reel == NULL) {
        (void)printf("The market is SIMULATED (seed %llu): no price is real.\n",
                     (unsigned long long)sim->options.seed);
    } else {
        (void)printf("A RECORDING is played: no price is current.\n");
    }
    for (uint32_t venue = 0; venue < sim->options.n_venues; venue++) {
        const int port = server_port(sim->server, venue);
        const struct dialect *const dialect = dialect_find(sim->options.venues[venue]);
        if (dialect != NULL) {
            (void)printf("%s wss://127.0.0.1:%d%s https://127.0.0.1:%d%s\n", dialect->name, port,
                         dialect->ws_path, port, dialect->rest_path);
        } else if (strcmp(sim->options.venues[venue], "kraken") == 0) {
            (void)printf("kraken wss://127.0.0.1:%d/v2\n", port);
        } else if (sim->reel != NULL) {
            (void)printf("replay wss://127.0.0.1:%d https://127.0.0.1:%d\n", port, port);
        } else {
            (void)printf("bitstamp wss://127.0.0.1:%d https://127.0.0.1:%d/api/v2/\n", port, port);
        }
    }
    (void)fflush(stdout);
}

static int open_sim(struct sim *sim, struct err *err)
{
    int rc = open_source(sim, err);
    if (rc == ARB_OK) {
        rc = tls_identity_init(&sim->identity, sim->options.state_dir, err);
    }
    if (rc == ARB_OK) {
        rc = publish_ca(sim, err);
    }
    if (rc == ARB_OK) {
        rc = open_truth(sim, err);
    }
    if (rc == ARB_OK) {
        rc = open_server(sim, err);
    }
    if (rc == ARB_OK) {
        rc = open_world(sim, err);
    }
    if (rc == ARB_OK) {
        rc = open_faults(sim, err);
    }
    return rc == ARB_OK ? write_files(sim, err) : rc;
}

static void close_sim(struct sim *sim)
{
    server_destroy(sim->server);
    world_destroy(sim->world);
    fault_layer_destroy(sim->faults);
    if (sim->truth_out != NULL) {
        (void)fclose(sim->truth_out); /* flushed and checked by truth_finish() */
    }
    tls_identity_fini(&sim->identity);
    if (sim->tape != NULL) {
        tape_fini(sim->tape);
    }
    if (sim->generated != NULL) {
        instrument_list_fini(sim->generated);
    }
    if (sim->reel != NULL) {
        reel_fini(sim->reel);
    }
    free(sim->tape);
    free(sim->reel);
    free(sim->generated);
}

static int run(struct sim *sim, struct err *err)
{
    const int64_t end_ns = sim->options.duration_ms == 0
                               ? INT64_MAX
                               : clock_mono_ns() + sim->options.duration_ms * NS_PER_MS;
    struct truth *const truth = world_truth(sim->world);

    while (!wants_end && clock_mono_ns() < end_ns) {
        if (server_step(sim->server, WAIT_MS) != ARB_OK) {
            return err_set(err, ARB_EINVAL, "libwebsockets stopped serving");
        }
        if (wants_books && truth != NULL) {
            wants_books = 0;
            truth_write_books(truth, clock_now_ns());
        }
    }
    if (truth == NULL) {
        return ARB_OK;
    }
    truth_write_books(truth, clock_now_ns());
    log_line(ARB_INFO, NULL, "divergences=%llu", (unsigned long long)truth_count(truth));
    return truth_finish(truth, clock_now_ns(), err);
}

int main(int argc, char **argv)
{
    struct sim sim = { .world = NULL };
    struct err err = { .rc = ARB_OK };

    if (options_parse(&sim.options, argc, argv, &err) != ARB_OK) {
        (void)fprintf(stderr, "arbspot-sim: %s\n", err.text);
        return EXIT_USAGE;
    }
    if (sim.options.wants_help || sim.options.wants_faults_listed) {
        if (sim.options.wants_help) {
            (void)fputs(options_help, stdout);
        } else {
            list_faults();
        }
        return output_settle("arbspot-sim") ? EXIT_SUCCESS : EXIT_FAILURE;
    }
    int rc = handle_signals() == ARB_OK ? open_sim(&sim, &err)
                                        : err_set(&err, ARB_EINVAL, "signals cannot be caught");
    if (rc == ARB_OK) {
        announce(&sim);
        rc = run(&sim, &err);
    }
    close_sim(&sim);
    if (rc != ARB_OK) {
        log_line(ARB_ERROR, NULL, "%s", err.text);
    }
    return rc == ARB_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}
