/*
 * options.h - the command line of arbspot-sim, typed and checked.
 */
#ifndef ARB_SIM_OPTIONS_H
#define ARB_SIM_OPTIONS_H

#include "arbspot/types.h"
#include "util/err.h"

enum { OPTIONS_RECORDINGS_MAX = 64 }; /* of either kind */

struct sim_options {
    uint64_t seed;
    const char *instruments; /* "BTC/USD,ETH/USD" or a number */
    uint32_t n_venues;
    char venues[ARB_VENUES_MAX][ARB_SYMBOL_MAX];
    int64_t fees_ppm[ARB_VENUES_MAX];  /* that count */
    bool has_schedule[ARB_VENUES_MAX]; /* they are the venue's own, by volume */
    int64_t volume, min_net_ppm;
    int64_t clock_offset_ns[ARB_VENUES_MAX];
    int ports[ARB_VENUES_MAX];
    int64_t rate_per_s, depth;
    int64_t divergence_every_ms;
    int64_t duration_ms; /* 0: until a signal */
    const char *truth_file, *ca_file, *state_dir, *endpoints_file, *config_file; /* NULL: none */
    const char *brokers, *source, *bitstamp_mode; /* for the written configuration */
    const char *faults;                           /* NULL: none */
    char *recordings[OPTIONS_RECORDINGS_MAX];
    size_t n_recordings;
    char *replays[OPTIONS_RECORDINGS_MAX]; /* then the only venue is "replay" */
    size_t n_replays;
    int64_t speed_percent; /* 0: as fast as it is read */
    bool wants_help, wants_faults_listed;
};

/* Sets defaults, then what `argv` says. ARB_EINVAL with a sentence naming the option. */
int options_parse(struct sim_options *options, int argc, char **argv, struct err *err);

/* What --help prints. */
extern const char options_help[];

#endif /* ARB_SIM_OPTIONS_H */
