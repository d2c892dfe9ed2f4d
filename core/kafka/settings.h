/*
 * settings.h - configures librdkafka, and turns what it has to say into few clear log lines.
 *
 * Every client of ours is made here: our defaults first, then the `rdkafka.` entries of the
 * configuration. A broker that is away is one line when it goes and one when it comes back.
 */
#ifndef ARB_KAFKA_SETTINGS_H
#define ARB_KAFKA_SETTINGS_H

#include <librdkafka/rdkafka.h>

#include "config/config.h"
#include "util/err.h"
#include "util/log.h"

enum kafka_role { KAFKA_PRODUCER = 1, KAFKA_CONSUMER = 2 };

enum { KAFKA_REASON_MAX = 256 };

/*
 * The opaque of a client: librdkafka hands it to every callback. Used by the one thread that
 * polls the client; it has to outlive the client.
 */
struct kafka_client {
    const char *who;               /* subject of the log lines: "kafka=publisher" */
    const char *brokers;           /* as configured, for the log */
    void *owner;                   /* for callbacks of the owner's own */
    bool is_down;                  /* no broker can be reached */
    bool is_fatal;                 /* librdkafka will not produce any more: make a new client */
    char reason[KAFKA_REASON_MAX]; /* the last connection failure */
    struct log_limit limit;
};

/* A configuration to add callbacks to; then give it to kafka_open(). */
int kafka_conf_create(rd_kafka_conf_t **conf, enum kafka_role role,
                      const struct kafka_config *config, struct kafka_client *client,
                      struct err *err);

/* Makes the client, taking `conf` even when it fails. */
int kafka_open(rd_kafka_t **rk, enum kafka_role role, rd_kafka_conf_t *conf, struct err *err);

/* Adds a problem for every `rdkafka.` entry that librdkafka refuses. */
void kafka_conf_check(const struct kafka_config *config, struct problems *problems);

/* Says that a broker answered; logs it when none did before. */
void kafka_client_is_up(struct kafka_client *client);

#endif /* ARB_KAFKA_SETTINGS_H */
