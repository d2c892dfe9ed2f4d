/*
 * kafka_topics.h - creates the topics that are not there, without letting anyone wait for it.
 *
 * Asked again and again until the brokers have answered for good. Nothing is to be produced
 * before: a broker would create the topic by itself, with its own number of partitions.
 */
#ifndef ARB_KAFKA_TOPICS_H
#define ARB_KAFKA_TOPICS_H

#include "kafka/settings.h"

struct kafka_topics {
    rd_kafka_t *rk;
    const struct kafka_config *config;
    struct kafka_client *client;
    rd_kafka_queue_t *answers;
    uint32_t state;
    int64_t next_ns; /* when to ask again */
};

/* All arguments are borrowed. */
void kafka_topics_init(struct kafka_topics *topics, rd_kafka_t *rk,
                       const struct kafka_config *config, struct kafka_client *client);
void kafka_topics_fini(struct kafka_topics *topics);

/*
 * True once both topics are there, or the brokers refused for good to create them, which is
 * logged. May take up to a second while no broker answers.
 */
bool kafka_topics_step(struct kafka_topics *topics, int64_t now_ns);

/* False while no broker has answered what topics there are. */
bool kafka_topics_have_answer(const struct kafka_topics *topics);

/* The number of partitions of a topic, 0 when it does not exist, or -1 when no broker answered. */
int kafka_partition_count(rd_kafka_t *rk, const char *topic);

#endif /* ARB_KAFKA_TOPICS_H */
