/*
 * settings.h - configures librdkafka, and turns what it has to say into few clear log lines.
 *
 * Every client of ours is made here: our defaults first, then the `rdkafka.` entries of the
 * configuration. Brokers that are away are one line when they go, one a minute as long as that
 * lasts, and one when they come back.
 */
#ifndef ARB_KAFKA_SETTINGS_H
#define ARB_KAFKA_SETTINGS_H

#include <librdkafka/rdkafka.h>
#include <stdatomic.h>

#include "config/config.h"
#include "kafka/broker_watch.h"
#include "util/err.h"
#include "util/log.h"

enum kafka_role { KAFKA_PRODUCER = 1, KAFKA_CONSUMER = 2 };

enum {
    KAFKA_REASON_MAX = 256,
    KAFKA_CLIENT_THREADS = 12, /* that have to be free when a client is made: more than it takes */
};

/*
 * The opaque of a client: librdkafka hands it to every callback. Used by the one thread that
 * polls the client; it has to outlive the client.
 */
struct kafka_client {
    const char *who; /* subject of the log lines: "kafka=publisher" */
    const struct kafka_config *config;
    enum kafka_role role;
    const char *brokers;           /* as configured, for the log */
    void *owner;                   /* for callbacks of the owner's own */
    bool is_quiet;                 /* set by the owner: it says what is wrong by itself */
    bool is_down;                  /* no broker can be reached */
    bool has_said_down;            /* it said so for all clients of the process */
    bool is_fatal;                 /* librdkafka will not produce any more: make a new client */
    char reason[KAFKA_REASON_MAX]; /* the last connection failure */
    int reason_code;               /* librdkafka's, of that */
    struct broker_watch watch;
    bool is_unreachable;         /* that of a broker that is watched was said */
    int64_t unreachable_next_ns; /* monotonic: when to say it again */
    struct log_limit limit, fatal_limit;
    _Atomic bool is_left; /* closing took too long: callbacks do nothing from here on */
};

/* A configuration to add callbacks to; then give it to kafka_open(). */
int kafka_conf_create(rd_kafka_conf_t **conf, enum kafka_role role,
                      const struct kafka_config *config, struct kafka_client *client,
                      struct err *err);

/* Makes the client, taking `conf` even when it fails. */
int kafka_open(rd_kafka_t **rk, rd_kafka_conf_t *conf, const struct kafka_client *client,
               struct err *err);

/*
 * Adds a problem for every `rdkafka.` entry that librdkafka refuses, that breaks the contract, or
 * that together with the others lets no client come about.
 */
void kafka_conf_check(const struct kafka_config *config, struct problems *problems);

/* Says that a broker answered; logs it when this client said before that none did. */
void kafka_client_is_up(struct kafka_client *client);

#endif /* ARB_KAFKA_SETTINGS_H */
