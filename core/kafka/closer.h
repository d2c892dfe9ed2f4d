/*
 * closer.h - ends a librdkafka client within a limited time.
 *
 * rd_kafka_destroy() and rd_kafka_consumer_close() of librdkafka 2.0.2 may never return, for
 * example when the topic of a consumer was deleted. They run on a thread of their own, which is
 * left behind when it does not end: the process can then still end.
 */
#ifndef ARB_CLOSER_H
#define ARB_CLOSER_H

#include "kafka/settings.h"

enum { CLOSER_LIMIT_MS = 3000 };

/*
 * Calls close(context) on a thread of its own. ARB_ELIMIT: it did not return in time, and `context`
 * belongs to that call for ever. ARB_ENOMEM: no thread could be made, and `context` stays open. A
 * process that left something behind ends without running the exit handlers of libraries that it
 * may still be using.
 */
int closer_run(void (*close)(void *context), void *context, int limit_ms);

/*
 * Closes a consumer or producer. False when it had to be left behind, which is logged: `client` and
 * whatever its callbacks use must then never be freed.
 */
bool kafka_close(rd_kafka_t *rk, enum kafka_role role, struct kafka_client *client);

#endif /* ARB_CLOSER_H */
