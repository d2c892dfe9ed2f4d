/*
 * outbox.h - one connection to the brokers for messages that are ready to go.
 *
 * It hands messages to librdkafka, holds back those for a topic that the brokers refuse, replaces a
 * producer that died, and says in the log what was refused or lost. Every message carries an origin
 * that only the owner understands: it comes back to the owner with what became of the message.
 *
 * Owned by the thread that publishes; the counters are for any thread.
 */
#ifndef ARB_OUTBOX_H
#define ARB_OUTBOX_H

#include "kafka/gate.h"
#include "kafka/topics.h"

/* A message ready to go. All of it is read during the call only. */
struct outbox_message {
    enum kafka_topic topic;
    uint32_t hash; /* of the key: decides the partition */
    const char *type;
    const char *key;
    const char *venue; /* for the log; "": an opportunity */
    const char *text;
    size_t len;
    int64_t recv_ns, pub_ns;
    void *origin;
};

/* Where the brokers have put a message. */
struct outbox_receipt {
    const void *origin;
    int32_t partition;
    int64_t offset; /* below 0: the brokers do not say, and may not have it */
};

/* What the owner is asked and told, on its own thread. All are required. */
struct outbox_owner {
    enum kafka_topic (*topic_of)(const void *origin);
    /* For the log; "": an opportunity. */
    const char *(*venue_of)(const void *self, const void *origin);
    void (*delivered)(void *self, const struct outbox_receipt *receipt);
    /* It had been taken, and is lost. */
    void (*failed)(void *self, const void *origin, rd_kafka_resp_err_t code);
    /* It was never taken, and is dropped. */
    void (*refused)(void *self, const void *origin, rd_kafka_resp_err_t code);
    /* A topic takes messages again: the next call says that the first one was delivered. */
    void (*opened)(void *self, enum kafka_topic topic);
};

/* Everything is borrowed and must outlive the outbox. */
struct outbox_config {
    const struct kafka_config *kafka;
    const char *who; /* subject of the log lines */
    const struct outbox_owner *owner;
    void *self; /* the owner's first argument */
};

/* See struct publisher_stats. */
struct outbox_counts {
    _Atomic uint64_t produced, delivered, failed, refused, queue_full, bytes;
};

/* One producer. A new one is made when librdkafka gives up. */
struct outbox_link {
    rd_kafka_t *rk;
    struct kafka_topics topics;
};

struct outbox {
    struct outbox_config config;
    struct kafka_client client;
    struct outbox_link link;
    int64_t relink_ns; /* not before */
    int fail_ms;       /* between the next two replacements */
    bool has_left;     /* a producer did not close, and may still refer to `client` */
    struct gate gates[KAFKA_TOPICS];
    struct log_limit failed_limit, refused_limit, relink_limit;
    struct outbox_counts counts;
};

/* `outbox` is zeroed memory, which must not move from here on. */
int outbox_init(struct outbox *outbox, const struct outbox_config *config, struct err *err);

/*
 * Zeroed memory is accepted. False when a producer had to be left behind: the memory of the outbox
 * must then never be freed.
 */
bool outbox_fini(struct outbox *outbox);

/*
 * One turn: reports of delivery, a new producer for a dead one, the topics. May take up to a second
 * while no broker answers. False while there is no producer that works.
 */
bool outbox_step(struct outbox *outbox, int64_t mono_ns);

/* Waits for a report of delivery, for so long at most. */
void outbox_wait(struct outbox *outbox, int timeout_ms);

/* Waits until everything is delivered or lost. ARB_ELIMIT: not within the time. */
int outbox_flush(struct outbox *outbox, int timeout_ms);

/* Whether waiting for deliveries may still bring any. */
bool outbox_is_worth_waiting(const struct outbox *outbox);

/* False while no broker has answered what topics there are. */
bool outbox_has_answer(const struct outbox *outbox);

/* The number of partitions of a topic, 0 while it is not there. */
unsigned outbox_partitions(const struct outbox *outbox, enum kafka_topic topic);

/* Whether the topic takes messages. True has to be followed by one: it may be a trial. */
bool outbox_may_send(struct outbox *outbox, enum kafka_topic topic, int64_t mono_ns);

/* False when the message has to be kept for later. A message that is refused is dropped. */
bool outbox_send(struct outbox *outbox, const struct outbox_message *message);

/* Whatever was known of the topic, the next message for it is a trial. */
void outbox_try(struct outbox *outbox, enum kafka_topic topic, int64_t mono_ns);

#endif /* ARB_OUTBOX_H */
