/*
 * replays.h - recordings through the plugin: are all books right, twice the same, and is a
 * damaged recording survived?
 */
#ifndef ARB_HARNESS_REPLAYS_H
#define ARB_HARNESS_REPLAYS_H

#include "config/config.h"
#include "plugin/loader.h"
#include "replay/recording.h"
#include "report.h"
#include "times.h"

enum { EXPECTATIONS_MAX = 16 };

/* "verified=2052": a counter's value at the end. */
struct expectation {
    const char *name;
    uint64_t value;
};

struct replay_plan {
    const struct config *config;
    const struct exchange_config *exchange; /* symbols and options */
    struct recording *recording;            /* sorted */
    const struct expectation *expectations;
    size_t n_expectations;
    bool is_hostile; /* also replay it damaged */
    uint64_t seed;
    struct times *times; /* of the first replay; or NULL */
};

/*
 * Prints the closing counters. Fails unless all books are LIVE at the end (or `live` is among the
 * expectations) and every expectation holds.
 */
void replay_checks(struct report *report, const struct plugin *plugin,
                   const struct replay_plan *plan);

/* True when there is a counter of that name. */
bool replay_has_counter(const char *name);

#endif /* ARB_HARNESS_REPLAYS_H */
