/*
 * kafka_reader.h - reads one topic from a point in time on, whenever it comes to exist.
 *
 * Without a group the reader takes every partition the topic has when it is first seen. With
 * one the brokers share the partitions out; each then starts at the same point in time, not
 * at a committed offset, because a book is rebuilt from its last snapshot.
 */
#ifndef ARB_KAFKA_READER_H
#define ARB_KAFKA_READER_H

#include "arbspot/types.h"
#include "config/config.h"
#include "util/err.h"

#define KAFKA_REWIND_ALL INT64_MAX /* as far back as the brokers keep */

enum { KAFKA_TOPIC_MAX = 250 }; /* bytes, terminator included: the brokers' limit */

struct kafka_reader_config {
    const struct kafka_config *kafka; /* brokers is an address: see embedded_attach() */
    const char *topic;
    const char *group; /* NULL: every partition */
    int64_t rewind_ms; /* 0: only what comes from now on */
    const char *who;   /* for the log, outlives the reader: "kafka=source" */
};

/* Borrowed until the next call. */
struct kafka_record {
    struct arb_bytes value;
    const char *topic;
    int32_t partition;
    int64_t offset;
};

struct kafka_reader;

/* How far to go back to meet a snapshot of every live book, if each is repeated so often. */
int64_t kafka_rewind_ms(int64_t snapshot_interval_ms);

int kafka_reader_create(struct kafka_reader **reader, const struct kafka_reader_config *config,
                        struct err *err);

/* NULL is accepted. */
void kafka_reader_destroy(struct kafka_reader *reader);

/*
 * The next record; false when none came within `timeout_ms`, or earlier for no reason. As
 * long as the topic has not been found a call may take a second or two longer.
 */
bool kafka_reader_next(struct kafka_reader *reader, int timeout_ms, struct kafka_record *record);

/* Makes a waiting kafka_reader_next() return soon. Any thread. */
void kafka_reader_wake(struct kafka_reader *reader);

#endif /* ARB_KAFKA_READER_H */
