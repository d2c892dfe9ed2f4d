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
 * Begins where the first word of each venue says that all its books are, so that a late joiner
 * meets a snapshot of every live one. With a `group` its members share the instruments, and each
 * partition that is given away comes as EVENT_LOST first; NULL reads everything. `config` is
 * borrowed.
 */
int kafka_source_create(struct source **source, const struct kafka_config *config,
                        const char *group, struct err *err);

/* The consumer's thread. */
struct kafka_source_stats kafka_source_stats(const struct source *source);

#endif /* ARB_KAFKA_SOURCE_H */
