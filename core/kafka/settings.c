#include "kafka/settings.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "util/clock.h"

struct setting {
    const char *key;
    const char *value;
};

static const struct setting common_settings[] = {
    { "client.id", "arbspot" },
    { "log.queue", "true" }, /* log lines come to the thread that polls, not from any other */
    { "log.connection.close", "false" },
    { "socket.nagle.disable", "true" },
    { "reconnect.backoff.max.ms", "2000" },
};

static const struct setting producer_settings[] = {
    { "enable.idempotence", "true" },
    { "acks", "all" },
    { "linger.ms", "0" },
    { "compression.type", "none" },
    { "partitioner", "murmur2_random" },       /* Java clients put a key there too */
    { "queue.buffering.max.kbytes", "65536" }, /* then the rings fill and the venues conflate */
    { "message.timeout.ms", "30000" },         /* then a fresh snapshot is worth more */
};

static const struct setting consumer_settings[] = {
    { "auto.offset.reset", "earliest" }, /* what was fallen behind of is gone: take what is left */
    { "enable.auto.commit", "false" },   /* a book is rebuilt from a snapshot, not from an offset */
    { "enable.auto.offset.store", "false" }, { "fetch.wait.max.ms", "100" },
    { "fetch.error.backoff.ms", "100" },
};

void kafka_client_is_up(struct kafka_client *client)
{
    if (client->is_down) {
        client->is_down = false;
        log_line(ARB_INFO, client->who, "Kafka at %s answers again", client->brokers);
    }
}

static void note_down(struct kafka_client *client)
{
    if (client->is_down) {
        return;
    }
    client->is_down = true;
    log_line(ARB_WARN, client->who, "no Kafka broker can be reached at %s (%s); trying on",
             client->brokers, client->reason[0] == '\0' ? "no reason given" : client->reason);
}

static void note_fatal(rd_kafka_t *rk, struct kafka_client *client)
{
    char text[KAFKA_REASON_MAX];

    (void)rd_kafka_fatal_error(rk, text, sizeof(text));
    client->is_fatal = true;
    log_line(ARB_ERROR, client->who, "librdkafka cannot go on: %s", text);
}

/* Writes at most one line per interval, with the number of those left out. */
static void complain(struct kafka_client *client, const char *text)
{
    uint64_t suppressed;

    if (!log_limit_pass(&client->limit, clock_now_ns(), &suppressed)) {
        return;
    }
    log_line(ARB_WARN, client->who, "%s (%llu more like this not shown)", text,
             (unsigned long long)suppressed);
}

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    struct kafka_client *const client = opaque;

    switch (code) {
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
        note_down(client);
        break;
    case RD_KAFKA_RESP_ERR__FATAL:
        note_fatal(rk, client);
        break;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
        /* Said when all brokers are down; one of several is librdkafka's to work around. */
        (void)snprintf(client->reason, sizeof(client->reason), "%s", reason);
        break;
    default:
        complain(client, reason);
    }
}

/* What comes as an error too is said there, and librdkafka warns of much that heals by itself. */
static bool is_worth_a_line(int level, const char *facility)
{
    return level <= LOG_ERR && strcmp(facility, "FAIL") != 0 && strcmp(facility, "ERROR") != 0 &&
           strcmp(facility, "FATAL") != 0;
}

static void on_log(const rd_kafka_t *rk, int level, const char *facility, const char *text)
{
    struct kafka_client *const client = rd_kafka_opaque(rk);

    if (is_worth_a_line(level, facility)) {
        complain(client, text);
    } else {
        log_line(ARB_DEBUG, client->who, "%s: %s", facility, text);
    }
}

static int set(rd_kafka_conf_t *conf, const char *key, const char *value, struct err *err)
{
    char text[KAFKA_REASON_MAX];

    if (rd_kafka_conf_set(conf, key, value, text, sizeof(text)) == RD_KAFKA_CONF_OK) {
        return ARB_OK;
    }
    return err_set(err, ARB_EINVAL, "%s = %s: %s", key, value, text);
}

static int set_all(rd_kafka_conf_t *conf, const struct setting *settings, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        const int rc = set(conf, settings[i].key, settings[i].value, err);
        if (rc != ARB_OK) {
            return rc;
        }
    }
    return ARB_OK;
}

static int set_role(rd_kafka_conf_t *conf, enum kafka_role role, struct err *err)
{
    if (role == KAFKA_PRODUCER) {
        return set_all(conf, producer_settings,
                       sizeof(producer_settings) / sizeof(*producer_settings), err);
    }
    return set_all(conf, consumer_settings, sizeof(consumer_settings) / sizeof(*consumer_settings),
                   err);
}

static int set_configured(rd_kafka_conf_t *conf, const struct kafka_config *config, struct err *err)
{
    for (const struct config_entry *e = config->rdkafka; e != NULL; e = e->next) {
        const int rc = set(conf, e->key, e->value, err);
        if (rc != ARB_OK) {
            (void)err_prefix(err, "line %u: [kafka] rdkafka.", e->line);
            return rc;
        }
    }
    return ARB_OK;
}

static int fill(rd_kafka_conf_t *conf, enum kafka_role role, const struct kafka_config *config,
                struct err *err)
{
    int rc = set(conf, "bootstrap.servers", config->brokers, err);

    if (rc == ARB_OK) {
        rc =
            set_all(conf, common_settings, sizeof(common_settings) / sizeof(*common_settings), err);
    }
    if (rc == ARB_OK) {
        rc = set_role(conf, role, err);
    }
    return rc == ARB_OK ? set_configured(conf, config, err) : rc;
}

int kafka_conf_create(rd_kafka_conf_t **out, enum kafka_role role,
                      const struct kafka_config *config, struct kafka_client *client,
                      struct err *err)
{
    rd_kafka_conf_t *const conf = rd_kafka_conf_new();
    const int rc = fill(conf, role, config, err);

    if (rc != ARB_OK) {
        rd_kafka_conf_destroy(conf);
        return rc;
    }
    client->brokers = config->brokers;
    rd_kafka_conf_set_opaque(conf, client);
    rd_kafka_conf_set_log_cb(conf, on_log);
    rd_kafka_conf_set_error_cb(conf, on_error);
    *out = conf;
    return ARB_OK;
}

int kafka_open(rd_kafka_t **out, enum kafka_role role, rd_kafka_conf_t *conf, struct err *err)
{
    const rd_kafka_type_t type = role == KAFKA_PRODUCER ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER;
    char text[KAFKA_REASON_MAX];
    rd_kafka_t *const rk = rd_kafka_new(type, conf, text, sizeof(text));

    if (rk == NULL) {
        rd_kafka_conf_destroy(conf);
        return err_set(err, ARB_EINVAL, "librdkafka: %s", text);
    }
    (void)rd_kafka_set_log_queue(rk, NULL); /* NULL is the main queue: cannot fail */
    *out = rk;
    return ARB_OK;
}

void kafka_conf_check(const struct kafka_config *config, struct problems *problems)
{
    rd_kafka_conf_t *const conf = rd_kafka_conf_new();

    for (const struct config_entry *e = config->rdkafka; e != NULL; e = e->next) {
        char text[KAFKA_REASON_MAX], key[KAFKA_REASON_MAX];
        if (rd_kafka_conf_set(conf, e->key, e->value, text, sizeof(text)) != RD_KAFKA_CONF_OK) {
            (void)snprintf(key, sizeof(key), "rdkafka.%s", e->key); /* cut is still readable */
            problem_add(problems, e->line, "kafka", key, "%s", text);
        }
    }
    rd_kafka_conf_destroy(conf);
}
