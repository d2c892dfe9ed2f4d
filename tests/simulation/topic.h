/*
 * topic.h - the market-data topic of one scenario: every message as JSON, in order.
 *
 * Readers decode what they read each for themselves, so what the wire loses, they lose.
 */
#ifndef ARB_SIMULATION_TOPIC_H
#define ARB_SIMULATION_TOPIC_H

#include "bus/source.h"
#include "wire/wire.h"

struct topic_message {
    size_t at, len; /* in topic.text */
    int64_t at_ns;  /* the world's time */
};

/* Zeroed memory is an empty topic. */
struct topic {
    char *text;
    size_t len, cap;
    struct topic_message *messages;
    size_t n, cap_messages;
};

/* `utc_ns` is what the host takes the time for. */
void topic_publish(struct topic *topic, const struct event *event, int64_t now_ns, int64_t utc_ns);
void topic_fini(struct topic *topic);

/* The first message not older than this, or topic->n. */
size_t topic_find(const struct topic *topic, int64_t since_ns);

/* One reader's place in a topic. */
struct topic_reader {
    struct source source; /* first: what the runner is given */
    const struct topic *topic;
    size_t next;
    int64_t joined_ns; /* messages from before are history */
    struct wire_event decoded;
    uint64_t failed; /* messages that could not be read: each is a fault of the wire */
};

/* `levels` has room for `levels_max`, borrowed. */
void topic_reader_init(struct topic_reader *reader, const struct topic *topic,
                       struct arb_level *levels, uint32_t levels_max);

static inline bool topic_reader_is_done(const struct topic_reader *reader)
{
    return reader->next == reader->topic->n;
}

#endif /* ARB_SIMULATION_TOPIC_H */
