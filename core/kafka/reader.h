/*
 * kafka_reader.h - reads one topic, whenever it comes to exist and however many partitions it gets.
 *
 * Without a group the reader takes every partition. With one the brokers share the partitions out
 * among its members. No committed offset matters: what a reader needs is the present, and for books
 * the messages that lead up to it (kafka_reader_begin_at()).
 *
 * Where reading starts is told by offsets only, never by the time of a record: clocks of machines
 * differ, and are set.
 */
#ifndef ARB_KAFKA_READER_H
#define ARB_KAFKA_READER_H

#include "arbspot/text.h"
#include "arbspot/types.h"
#include "config/config.h"
#include "kafka/leaders.h"
#include "util/err.h"

enum { KAFKA_TOPIC_MAX = 250 }; /* bytes, terminator included: the brokers' limit */

/* Where in each partition reading begins, when the reader gets it. */
enum kafka_start {
    KAFKA_FROM_BEGINNING = 1, /* all that the brokers keep */
    KAFKA_FROM_TAIL = 2,      /* some hundred records before the end, or n_tail */
    KAFKA_FROM_END = 3,       /* only what comes from now on */
};

struct kafka_reader_config {
    const struct kafka_config *kafka; /* brokers is an address: see embedded_attach() */
    const char *topic;
    const char *group;       /* NULL: every partition, */
    const char *const *keys; /* [n_keys] or those of these keys alone; borrowed. 0: all */
    unsigned n_keys;
    bool is_idle; /* with a group: reads nothing, and only tells what the group gives and takes */
    enum kafka_start start;
    int n_tail;      /* 0: as that says */
    bool is_patient; /* half a second later is early enough: costs the brokers next to nothing */
    const char *who; /* for the log, outlives the reader: "kafka=source" */
};

/* Borrowed until the next call. */
struct kafka_record {
    struct arb_bytes value;
    const char *topic;
    int32_t partition;
    int64_t offset;
    bool is_history; /* it was in the topic before the reader had caught up with its end */
    /*
     * Not a record: the partition goes to another member of the group when
     * kafka_reader_next() is called again. No value.
     */
    bool is_lost;
    bool is_gained; /* likewise: an idle reader was given it */
};

struct kafka_reader;

int kafka_reader_create(struct kafka_reader **reader, const struct kafka_reader_config *config,
                        struct err *err);

/* NULL is accepted. */
void kafka_reader_destroy(struct kafka_reader *reader);

/*
 * The next record; false when none came within `timeout_ms`, or earlier for no reason. As
 * long as the topic has not been found a call may take a second or two longer.
 */
bool kafka_reader_next(struct kafka_reader *reader, int timeout_ms, struct kafka_record *record);

/*
 * Goes back to `offset` when reading began behind it, and what lies between can be read again soon;
 * else does nothing.
 */
void kafka_reader_begin_at(struct kafka_reader *reader, int32_t partition, int64_t offset);

/* True when nothing that was there before is left to read, or there is no topic. */
bool kafka_reader_is_caught_up(const struct kafka_reader *reader);

/* The topic's partitions that nobody can read, when it was looked at last, some seconds ago. */
struct leaders_missing kafka_reader_missing(const struct kafka_reader *reader);

/*
 * Says why nothing comes, in words that go on from a colon. True when it cannot: no broker, no
 * topic, or no partition; false when the topic is read, and nothing is written to it.
 */
bool kafka_reader_explain(const struct kafka_reader *reader, struct arb_text *out);

enum kafka_reach {
    KAFKA_REACH_UNKNOWN = 1, /* they are still being asked */
    KAFKA_REACHED = 2,       /* a broker answers, whatever it says of the topic */
    KAFKA_UNREACHABLE = 3,
};

enum kafka_reach kafka_reader_reach(const struct kafka_reader *reader);

/* Makes a waiting kafka_reader_next() return soon. Any thread. */
void kafka_reader_wake(struct kafka_reader *reader);

#endif /* ARB_KAFKA_READER_H */
