/*
 * leaders.h - the partitions of a topic that no broker leads: nobody can read or write them.
 *
 * Where they have one replica, that is so for as long as its broker is down.
 */
#ifndef ARB_KAFKA_LEADERS_H
#define ARB_KAFKA_LEADERS_H

enum { LEADERS_LIST_MAX = 64 };

/* Zeroed memory: there are none. */
struct leaders_missing {
    unsigned n, of;              /* so many of so many partitions */
    char list[LEADERS_LIST_MAX]; /* "1, 3, 5 and others" */
};

struct rd_kafka_metadata_topic;
struct leaders_missing leaders_missing(const struct rd_kafka_metadata_topic *topic);

#endif /* ARB_KAFKA_LEADERS_H */
