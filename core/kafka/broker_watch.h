/*
 * broker_watch.h - notices a broker that cannot be reached while others, or its own bootstrap
 * address, answer.
 *
 * librdkafka reports the failure once and repeats an equal one after half a minute at the earliest;
 * that it lasts is seen in the statistics, which come every few seconds.
 */
#ifndef ARB_BROKER_WATCH_H
#define ARB_BROKER_WATCH_H

#include <stdbool.h>

#include "arbspot/types.h"

enum {
    BROKER_WATCH_MS = 3000,          /* between looks at the statistics */
    BROKER_WATCH_PATIENCE_MS = 2000, /* what is mended sooner is not worth a line */
    BROKER_WATCH_FORGET_MS = 70000,  /* without a failure for so long nobody tries any more */
    BROKER_NAME_MAX = 280,
    BROKER_REASON_MAX = 256,
};

/* The broker that failed last, by what librdkafka calls it: "host:9092/1". Zeroed: none. */
struct broker_watch {
    char name[BROKER_NAME_MAX];
    char reason[BROKER_REASON_MAX];
    int code;                  /* librdkafka's */
    int64_t since_ns, last_ns; /* monotonic: the first and the last failure in a row */
    int64_t n_attempts;        /* to connect, by the last statistics */
};

/* Takes an error of a connection, "name: reason". That of a bootstrap address is not of interest.
 */
void broker_watch_failed(struct broker_watch *watch, int code, const char *text, int64_t mono_ns);

/*
 * Looks the broker up in librdkafka's statistics. True while it has been unreachable for longer
 * than the patience and is being tried; forgets it when it is up, or gone.
 */
bool broker_watch_statistics(struct broker_watch *watch, struct arb_bytes json, int64_t mono_ns);

/* Its host and port, cut out of the name, and its number. */
struct arb_bytes broker_watch_address(const struct broker_watch *watch);
struct arb_bytes broker_watch_number(const struct broker_watch *watch);

#endif /* ARB_BROKER_WATCH_H */
