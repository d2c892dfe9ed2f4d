/*
 * refusal.h - what brokers refuse, in words: what would help whoever reads the log.
 */
#ifndef ARB_REFUSAL_H
#define ARB_REFUSAL_H

#include <librdkafka/rdkafka.h>
#include <stdbool.h>

enum refused_act { REFUSED_WRITE = 1, REFUSED_READ = 2, REFUSED_CREATE = 3 };

enum { REFUSAL_MAX = 512 };

struct refusal {
    enum refused_act act;
    rd_kafka_resp_err_t code;
    const char *topic;
    const char *words; /* of the error, when there are better ones than the code's own; or NULL */
};

/* Part of a sentence: the error, and what would help. Returns `text`. */
const char *refusal_text(char text[REFUSAL_MAX], const struct refusal *refusal);

/* True when any message for the topic would fare the same: it is no use to send more of them. */
bool refusal_is_of_topic(rd_kafka_resp_err_t code);

/* True when the message itself was too much for the brokers. */
bool refusal_is_of_size(rd_kafka_resp_err_t code);

/* What to look at when no connection comes about, beginning with "; ", or "". */
const char *refusal_of_connection(rd_kafka_resp_err_t code);

#endif /* ARB_REFUSAL_H */
