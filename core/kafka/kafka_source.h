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
#include "util/err.h"

enum { KAFKA_SOURCE_VENUES_MAX = 256 };

struct kafka_source_stats {
    uint64_t events;
    uint64_t skipped; /* messages that are not ours, damaged, or beyond a limit */
};

/*
 * Reads from `rewind_ms` ago, so that a late joiner meets a snapshot of every live book. With
 * a `group` its members share the instruments; NULL reads everything. `config` is borrowed.
 */
int kafka_source_create(struct source **source, const struct kafka_config *config,
                        const char *group, int64_t rewind_ms, struct err *err);

/* The consumer's thread. */
struct kafka_source_stats kafka_source_stats(const struct source *source);

#endif /* ARB_KAFKA_SOURCE_H */
