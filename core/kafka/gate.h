/*
 * gate.h - whether messages for one topic are worth sending.
 *
 * When the brokers refuse a topic as such, sending on would lose every message. The gate shuts
 * then, lets one message through every few seconds as a trial, and opens when one was delivered.
 */
#ifndef ARB_GATE_H
#define ARB_GATE_H

#include <librdkafka/rdkafka.h>

#include "util/log.h"

enum {
    GATE_RETRY_MS = 2000,  /* between a refusal and the next trial */
    GATE_TRIAL_MS = 10000, /* for the answer to a trial; then the next one goes out */
};

/* Zeroed memory with a topic and a subject for the log is an open gate. */
struct gate {
    const char *topic, *who;
    bool is_shut;
    bool is_tried;   /* a trial is under way: what is reported before is of earlier messages */
    int64_t next_ns; /* monotonic: of the next trial, while shut */
    struct log_limit limit;
};

/* Whether a message may go out. True counts as the trial: send one then. */
bool gate_lets(struct gate *gate, int64_t mono_ns);

/* The brokers refuse the topic, which is logged. */
void gate_refused(struct gate *gate, rd_kafka_resp_err_t code, int64_t mono_ns);

/* Shuts without a word until a trial is delivered: the next message is one. */
void gate_try(struct gate *gate, int64_t mono_ns);

/* A message was delivered. True when that opened the gate, which takes a trial. */
bool gate_delivered(struct gate *gate);

#endif /* ARB_GATE_H */
