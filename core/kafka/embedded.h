/*
 * embedded.h - a Kafka broker inside this process: librdkafka's mock cluster.
 *
 * For laptops, demos and tests; any Kafka client can attach to its address. It keeps about
 * 5 MB a partition and drops what is older, keeps nothing after the process, cannot create
 * topics on request and does not look up offsets by time.
 */
#ifndef ARB_EMBEDDED_H
#define ARB_EMBEDDED_H

#include "config/config.h"
#include "util/err.h"

struct embedded;
struct rd_kafka_mock_cluster_s; /* librdkafka's rd_kafka_mock_cluster_t */

/* Listens on a free loopback port; `*brokers` is its address, valid until embedded_stop(). */
int embedded_start(struct embedded **embedded, const char **brokers, struct err *err);

/* NULL is accepted. */
void embedded_stop(struct embedded *embedded);

/*
 * Points a configuration here: creates its topics, replaces its brokers, and puts what this
 * cluster needs in front of its `rdkafka.` entries. Once per cluster; `config` and its copies
 * must not outlive it.
 */
int embedded_attach(struct embedded *embedded, struct kafka_config *config, struct err *err);

/* For tests that make it fail. */
struct rd_kafka_mock_cluster_s *embedded_cluster(struct embedded *embedded);

#endif /* ARB_EMBEDDED_H */
