/*
 * arguments.h - the command line of the harness.
 */
#ifndef ARB_HARNESS_ARGUMENTS_H
#define ARB_HARNESS_ARGUMENTS_H

#include "config/config.h"
#include "config/instrument_list.h"
#include "formats.h"
#include "replays.h"
#include "script.h"
#include "siege.h"

enum {
    SETS_MAX = 32,
    EXIT_USAGE = 64,
};

enum mode { MODE_STATIC = 0, MODE_GOLDEN, MODE_RECORDING, MODE_RECORD };

struct arguments {
    enum mode mode;
    const char *plugin;
    char **files;
    size_t n_files;
    bool is_update, is_hostile;
    char *symbols[SCRIPT_SYMBOLS_MAX];
    unsigned n_symbols;
    struct config_entry sets[SETS_MAX];
    unsigned n_sets;
    struct expectation expectations[EXPECTATIONS_MAX];
    size_t n_expectations;
    uint64_t drop; /* 0: none */
    uint64_t limit_s;
    struct instrument_texts overrides;
    struct siege_plan plan;
    uint64_t first;   /* messages to record; 0: all */
    const char *into; /* NAME of NAME.script, or NULL */
    uint64_t fuzz_s;  /* 0: no fuzzing */
    const struct format *format;
    const char *output; /* a file, or NULL */
};

/*
 * Reads the command line. An error was told on stderr; `--help` ends the process. The arguments
 * point into argv.
 */
int arguments_read(struct arguments *arguments, int argc, char **argv);

#endif /* ARB_HARNESS_ARGUMENTS_H */
