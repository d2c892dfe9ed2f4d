/*
 * dataset.h - frames to measure with: a recording or a generated stream, and the exchange plugin
 * they are for.
 */
#ifndef ARB_BENCH_DATASET_H
#define ARB_BENCH_DATASET_H

#include "config/config.h"
#include "plugin/loader.h"
#include "replay/recording.h"

enum { DATASET_SYMBOLS_MAX = 64, DATASET_OPTIONS_MAX = 8, DATASET_TEXT_MAX = 512 };

/* All text is borrowed. */
struct dataset_spec {
    const char *name;    /* "k2" */
    const char *what;    /* "Kraken v2 BTC/USD, depth 25" */
    const char *plugin;  /* "kraken" */
    const char *symbols; /* "BTC/USD,ETH/USD" */
    const char *options; /* "depth=25,protocol=v1" */
    const char *file;    /* NULL: a stream is generated at `depth` */
    uint32_t depth;
};

/* Does not move: its parts point to each other. */
struct dataset {
    const struct dataset_spec *spec;
    struct plugin plugin;
    struct recording recording; /* sorted */
    struct config config;
    struct exchange_config exchange;
    struct config_entry options[DATASET_OPTIONS_MAX];
    char *symbols[DATASET_SYMBOLS_MAX];
    char text[2][DATASET_TEXT_MAX]; /* symbols, options: cut into pieces */
};

/* Zeroed memory is initialised; fini either way. */
int dataset_init(struct dataset *dataset, const struct dataset_spec *spec, const char *plugin_dir,
                 struct err *err);
void dataset_fini(struct dataset *dataset);

#endif /* ARB_BENCH_DATASET_H */
