/*
 * abandoned.h - closes what a strategy left open when its process died.
 *
 * An opportunity that was opened is closed exactly once. A process that is killed closes nothing,
 * so another one that runs a strategy of that name does it: a member of the same group, or the next
 * run. Each run of a strategy says once a second that it is there, in one partition of the
 * market-data topic, and one that was not heard of for long enough is dead. Until what it had open
 * is closed, nobody opens the same.
 *
 * It is sure of that only as long as its own words come back: while brokers are away nobody is
 * heard, and nobody is dead for it. A run that was away itself for so long is over, and what it had
 * open is treated like that of any other (bus/tenure.h).
 *
 * A thread of its own reads both topics.
 */
#ifndef ARB_ABANDONED_H
#define ARB_ABANDONED_H

#include "bus/ring.h"
#include "config/config.h"
#include "kafka/claims.h"
#include "util/err.h"

/* Everything is borrowed and must outlive it; the array `strategies` is copied. */
struct abandoned_config {
    const struct kafka_config *kafka;
    const struct claims_strategy *strategies;
    unsigned n_strategies; /* at most CONFIG_STRATEGIES_MAX */
    struct ring *ring;     /* where the closing opportunities go */
};

struct abandoned;

int abandoned_create(struct abandoned **abandoned, const struct abandoned_config *config,
                     struct err *err);
int abandoned_start(struct abandoned *abandoned, struct err *err);

/* Whether another run still has open what `opportunity` opens, see claims.h. Any thread. */
bool abandoned_is_taken(struct abandoned *abandoned, const struct opportunity *opportunity);

/* Asks the thread to end, if there is one; *_stop() waits for it. NULL is accepted here and below.
 */
void abandoned_ask_to_stop(struct abandoned *abandoned);
void abandoned_stop(struct abandoned *abandoned);
void abandoned_destroy(struct abandoned *abandoned);

#endif /* ARB_ABANDONED_H */
