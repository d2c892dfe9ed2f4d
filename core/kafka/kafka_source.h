/*
 * kafka_source.h - book events read from the market-data topic, as a struct source.
 *
 * Venues and instruments are entered in tables of the source when first seen; event.instrument
 * is the place in that table, the same on all venues.
 */
#ifndef ARB_KAFKA_SOURCE_H
#define ARB_KAFKA_SOURCE_H

#include "bus/source.h"
#include "config/config.h"
#include "kafka/leaders.h"
#include "util/err.h"

enum { KAFKA_SOURCE_VENUES_MAX = 256, KAFKA_SOURCE_RUNS_MAX = 64 };

struct kafka_source_stats {
    uint64_t events;
    uint64_t skipped; /* messages that are not ours, damaged, or beyond a limit */
};

/*
 * Begins where the first word of each venue says that all its books are, so that a late joiner
 * meets a snapshot of every live one. NULL for `group` reads everything. `config` is borrowed.
 *
 * With a group its members share the instruments, and each partition that is given away comes as
 * EVENT_LOST first. If it `reads_all` they share only whose they are: everything is read, and what
 * the group gives and takes comes as EVENT_OURS and EVENT_NOT_OURS. The group knows that another
 * one may have a partition when next() is called again behind the event that takes it.
 */
struct kafka_source_group {
    const char *group;
    bool reads_all;
};

int kafka_source_create(struct source **source, const struct kafka_config *config,
                        struct kafka_source_group group, struct err *err);

/* The consumer's thread. */
struct kafka_source_stats kafka_source_stats(const struct source *source);

/* Likewise: the topic's partitions that nobody can read. */
struct leaders_missing kafka_source_missing(const struct source *source);

/*
 * Likewise: when that run of a strategy said last that it is there, mono; 0: it was not heard of
 * since reading began, or others were, KAFKA_SOURCE_RUNS_MAX of them, later.
 */
int64_t kafka_source_run_ns(const struct source *source, const char *strategy, uint64_t session);

#endif /* ARB_KAFKA_SOURCE_H */
