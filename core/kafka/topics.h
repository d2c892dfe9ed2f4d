/*
 * kafka_topics.h - knows the partitions of the topics, and creates those that are not there.
 *
 * It goes on looking as long as it is stepped: a topic may get partitions, vanish and come back,
 * and what brokers refuse to create today may be granted tomorrow. Nothing is to be produced for a
 * topic without partitions: a broker would create it by itself, with its own number of partitions.
 */
#ifndef ARB_KAFKA_TOPICS_H
#define ARB_KAFKA_TOPICS_H

#include "kafka/leaders.h"
#include "kafka/settings.h"

enum kafka_topic { KAFKA_MARKET = 0, KAFKA_OPPORTUNITIES = 1, KAFKA_TOPICS = 2 };

struct kafka_topics {
    rd_kafka_t *rk;
    const struct kafka_config *config;
    struct kafka_client *client;
    rd_kafka_queue_t *answers;
    uint32_t state;
    int64_t next_ns;                     /* monotonic: when to ask again */
    unsigned partitions[KAFKA_TOPICS];   /* 0: not there, as far as anybody says */
    unsigned known[KAFKA_TOPICS];        /* the same when it was there last; 0: never */
    unsigned n_leaderless[KAFKA_TOPICS]; /* looks in a row at which partitions had no leader */
    unsigned n_hidden[KAFKA_TOPICS];     /* times in a row that it was there, but not to be seen */
    bool is_refused[KAFKA_TOPICS];       /* that it cannot be used was said */
    bool has_answer;
    struct log_limit limit[KAFKA_TOPICS];
};

/* All arguments are borrowed. */
void kafka_topics_init(struct kafka_topics *topics, rd_kafka_t *rk,
                       const struct kafka_config *config, struct kafka_client *client);
void kafka_topics_fini(struct kafka_topics *topics);

/* Looks after the topics. May take up to a second while no broker answers. */
void kafka_topics_step(struct kafka_topics *topics, int64_t mono_ns);

/* Has the topics looked at within half a second: something came back that says they changed. */
void kafka_topics_urge(struct kafka_topics *topics, int64_t mono_ns);

/* The number of partitions of a topic, 0 while it is not there. */
unsigned kafka_topics_partitions(const struct kafka_topics *topics, enum kafka_topic topic);

const char *kafka_topic_name(const struct kafka_config *config, enum kafka_topic topic);

/* False while no broker has answered what topics there are. */
bool kafka_topics_have_answer(const struct kafka_topics *topics);

/*
 * The number of partitions of a topic, 0 when it does not exist, or -1 when no broker answered. Of
 * one that exists, `missing`, unless it is NULL, says which have no leader.
 */
int kafka_partition_count(rd_kafka_t *rk, const char *topic, struct leaders_missing *missing);

#endif /* ARB_KAFKA_TOPICS_H */
