/*
 * follow.h - reads the opportunities topic and prints what comes, for `arbspot log` and
 * `arbspot run --print`. One thread at a time.
 */
#ifndef ARB_FOLLOW_H
#define ARB_FOLLOW_H

#include "config/config.h"
#include "util/err.h"

struct follow_config {
    const struct kafka_config *kafka; /* brokers is an address */
    bool json;                        /* the messages as they are */
    bool from_beginning;              /* also those that were there before */
    bool brief;                       /* only when they open, not their changes and ends */
    bool misses;                      /* also why there was none */
    uint64_t count;                   /* to print; 0: without end */
};

struct follow;

int follow_create(struct follow **follow, const struct follow_config *config, struct err *err);

/*
 * Prints what comes within `wait_ms`, at most one message. False: all printed, or no output. While
 * stdout's reader takes nothing, nothing is read either.
 */
bool follow_step(struct follow *follow, int wait_ms);

/* True when stdout could not be written to. */
bool follow_failed(const struct follow *follow);

/* NULL is accepted. */
void follow_destroy(struct follow *follow);

#endif /* ARB_FOLLOW_H */
