#include "kafka/embedded.h"

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>
#include <stdlib.h>

#include "kafka/closer.h"
#include "kafka/settings.h"
#include "util/log.h"
#include "util/shortage.h"

struct embedded {
    rd_kafka_t *rk; /* only carries the cluster */
    rd_kafka_mock_cluster_t *cluster;
    struct config_entry fetch_wait;
};

int embedded_start(struct embedded **out, const char **brokers, struct err *err)
{
    struct embedded *const e = calloc(1, sizeof(*e));
    rd_kafka_conf_t *const conf = rd_kafka_conf_new();
    const char *const lacking = shortage_of_threads(KAFKA_CLIENT_THREADS);
    char text[ERR_TEXT_MAX];

    if (e == NULL || lacking != NULL) {
        rd_kafka_conf_destroy(conf);
        free(e);
        return err_set(err, ARB_ENOMEM, "embedded broker: %s",
                       lacking != NULL ? lacking : "no memory");
    }
    rd_kafka_conf_set_log_cb(conf, NULL);
    e->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
    if (e->rk == NULL) {
        rd_kafka_conf_destroy(conf);
        free(e);
        return err_set(err, ARB_EINVAL, "embedded broker: %s", text);
    }
    e->cluster = rd_kafka_mock_cluster_new(e->rk, 1);
    if (e->cluster == NULL) {
        embedded_stop(e);
        return err_set(err, ARB_EINVAL, "embedded broker: no loopback port could be opened");
    }
    *brokers = rd_kafka_mock_cluster_bootstraps(e->cluster);
    *out = e;
    return ARB_OK;
}

static void destroy(void *context)
{
    struct embedded *const e = context;

    if (e->cluster != NULL) {
        rd_kafka_mock_cluster_destroy(e->cluster);
    }
    rd_kafka_destroy(e->rk);
}

void embedded_stop(struct embedded *e)
{
    if (e == NULL) {
        return;
    }
    if (closer_run(destroy, e, CLOSER_LIMIT_MS) == ARB_OK) {
        free(e);
    } else {
        log_line(ARB_WARN, "kafka=embedded", "the broker in this process does not end; it is left");
    }
}

static int create_topic(struct embedded *e, const char *topic, int64_t partitions, struct err *err)
{
    const rd_kafka_resp_err_t rc =
        rd_kafka_mock_topic_create(e->cluster, topic, (int)partitions, 1);

    if (rc == RD_KAFKA_RESP_ERR_NO_ERROR || rc == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS) {
        return ARB_OK;
    }
    return err_set(err, ARB_EINVAL, "embedded broker: topic %s: %s", topic, rd_kafka_err2str(rc));
}

int embedded_attach(struct embedded *e, struct kafka_config *config, struct err *err)
{
    int rc = create_topic(e, config->market_topic, config->partitions, err);

    if (rc == ARB_OK) {
        rc = create_topic(e, config->opportunity_topic, config->partitions, err);
    }
    if (rc != ARB_OK) {
        return rc;
    }
    /* It holds every fetch for the whole time, so that this is the latency of a message. */
    e->fetch_wait =
        (struct config_entry){ .key = "fetch.wait.max.ms", .value = "1", .next = config->rdkafka };
    config->rdkafka = &e->fetch_wait;
    config->brokers = rd_kafka_mock_cluster_bootstraps(e->cluster);
    config->is_embedded = true;
    return ARB_OK;
}

struct rd_kafka_mock_cluster_s *embedded_cluster(struct embedded *e)
{
    return e->cluster;
}
