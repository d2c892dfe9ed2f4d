/*
 * kafka_path.h - from a session's event to a subscriber, over a Kafka broker.
 *
 * Ours: a frame enters the session -> event -> ring -> publisher -> broker -> kafka_source.
 * Bare: librdkafka produces the same message (key, headers, value), made beforehand, with the
 * same settings, and consumes it. Each has its own topic on the same broker, 1,000 messages a
 * second; a second of the one and a second of the other take turns.
 */
#ifndef ARB_BENCH_KAFKA_PATH_H
#define ARB_BENCH_KAFKA_PATH_H

#include "report.h"
#include "stage.h"

/*
 * `brokers` NULL: a broker inside this process. On a real one the topics arbspot-bench and
 * arbspot-bench-bare are created. The script is the data set's.
 */
int kafka_path_measure(struct path_figures *figures, const char *brokers, struct dataset *dataset,
                       const struct script *script, struct err *err);

#endif /* ARB_BENCH_KAFKA_PATH_H */
