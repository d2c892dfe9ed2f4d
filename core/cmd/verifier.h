/*
 * verifier.h - rebuilds every book of the market-data topic, as a consumer that joins late
 * would, and says what was proven. One thread.
 */
#ifndef ARB_VERIFIER_H
#define ARB_VERIFIER_H

#include <stdio.h>

#include "config/config.h"
#include "util/err.h"

struct verifier;

/* `kafka` is borrowed. */
int verifier_create(struct verifier **verifier, const struct kafka_config *kafka, struct err *err);

/* NULL is accepted. */
void verifier_destroy(struct verifier *verifier);

/* Takes in what comes within `wait_ms`, at most one message. */
void verifier_step(struct verifier *verifier, int wait_ms);

/* For people: a table of venues, then each book that was not proven, then the verdict. */
void verifier_print(const struct verifier *verifier, FILE *out);

/* The same as one JSON object on one line. */
void verifier_print_json(const struct verifier *verifier, FILE *out);

/*
 * True when there was a LIVE book, every message was one of ours, none was lost before another,
 * every checksum matched, and each book that the host calls LIVE is so here: which it is only if
 * that host is alive. Every partition could be read.
 */
bool verifier_is_proven(const struct verifier *verifier);

#endif /* ARB_VERIFIER_H */
