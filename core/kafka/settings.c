#include "kafka/settings.h"

#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "kafka/contract.h"
#include "kafka/refusal.h"
#include "kafka/security.h"
#include "kafka/unsaid.h"
#include "util/clock.h"
#include "util/shortage.h"

enum { DOWN_REPEAT_S = 60, UNREACHABLE_REPEAT_S = 30, DEBUG_MAX = 1024 /* bytes of a line */ };

struct setting {
    const char *key;
    const char *value;
};

static const struct setting common_settings[] = {
    { "client.id", "arbspot" },
    { "log.queue", "true" }, /* log lines come to the thread that polls, not from any other */
    { "log.connection.close", "true" }, /* often all that a wrong security.protocol shows */
    { "socket.nagle.disable", "true" },
    { "reconnect.backoff.max.ms", "2000" },
    { "socket.connection.setup.timeout.ms", "10000" }, /* until an address that is mute is said */
};

static const struct setting producer_settings[] = {
    { "enable.idempotence", "true" },
    { "acks", "all" },
    { "linger.ms", "0" },
    { "compression.type", "none" },
    { "queue.buffering.max.kbytes", "65536" }, /* then the rings fill and the venues conflate */
    { "message.timeout.ms", "30000" },         /* then a fresh snapshot is worth more */
};

static const struct setting consumer_settings[] = {
    { "auto.offset.reset", "earliest" }, /* the topic's retention passed us: read on at its start */
    { "enable.auto.commit", "false" },   /* a book is rebuilt from a snapshot, not from an offset */
    { "enable.auto.offset.store", "false" },
    { "fetch.wait.max.ms", "100" },
    { "topic.metadata.refresh.interval.ms", "5000" }, /* a group reads partitions added since */
    { "fetch.error.backoff.ms", "100" },
};

/*
 * When one of this process's clients said that no broker can be reached, mono; 0: none did, or that
 * is over. One says it for all: they have the same brokers.
 */
static _Atomic int64_t down_said_ns;

static bool may_say_down(void)
{
    const int64_t now_ns = clock_mono_ns();
    int64_t said_ns = atomic_load_explicit(&down_said_ns, memory_order_relaxed);

    return (said_ns == 0 || now_ns - said_ns >= DOWN_REPEAT_S * NS_PER_S) &&
           atomic_compare_exchange_strong_explicit(&down_said_ns, &said_ns, now_ns,
                                                   memory_order_relaxed, memory_order_relaxed);
}

void kafka_client_is_up(struct kafka_client *client)
{
    if (client->has_said_down) {
        client->has_said_down = false;
        atomic_store_explicit(&down_said_ns, 0, memory_order_relaxed);
        log_line(ARB_INFO, client->who, "Kafka at %s answers again", client->brokers);
    }
    if (client->is_down) {
        client->is_down = false;
        client->watch = (struct broker_watch){ 0 }; /* what failed meanwhile is part of that */
    }
}

static void say_down(struct kafka_client *client)
{
    const bool is_known = client->reason[0] != '\0';

    if (client->is_quiet || !may_say_down()) {
        return;
    }
    client->has_said_down = true;
    log_line(ARB_WARN, client->who, "no Kafka broker can be reached at %s (%s); trying on%s",
             client->brokers, is_known ? client->reason : "no reason given",
             is_known ? refusal_of_connection(client->reason_code) : "");
}

static void note_fatal(rd_kafka_t *rk, struct kafka_client *client)
{
    char text[KAFKA_REASON_MAX], shown[KAFKA_REASON_MAX];
    const rd_kafka_resp_err_t code = rd_kafka_fatal_error(rk, text, sizeof(text));

    client->is_fatal = true;
    client->reason_code = code;
    log_limited(&client->fatal_limit, clock_mono_ns(), ARB_ERROR, client->who,
                "librdkafka cannot go on, a new client takes over: %s%s",
                unsaid(client->config, text, shown, sizeof(shown)), refusal_of_connection(code));
}

static bool is_of_name(int code)
{
    return code == RD_KAFKA_RESP_ERR__RESOLVE;
}

/* Then it is no matter of what the broker says of itself. */
static bool is_configured(const struct kafka_client *client, struct arb_bytes address)
{
    return memmem(client->brokers, strlen(client->brokers), address.data, address.len) != NULL;
}

static void say_unreachable(struct kafka_client *client, int64_t mono_ns)
{
    const struct broker_watch *const watch = &client->watch;
    const struct arb_bytes address = broker_watch_address(watch),
                           number = broker_watch_number(watch);
    char reason[KAFKA_REASON_MAX];

    client->is_unreachable = true;
    client->unreachable_next_ns = mono_ns + UNREACHABLE_REPEAT_S * NS_PER_S;
    log_line(ARB_WARN, client->who,
             "Kafka at %s says that its broker %.*s is at %.*s, which cannot be %s from here (%s); "
             "what that broker holds does not get through; %s%s",
             client->brokers, (int)number.len, number.data, (int)address.len, address.data,
             is_of_name(watch->code) ? "resolved" : "reached",
             unsaid(client->config, watch->reason, reason, sizeof(reason)),
             is_configured(client, address) ? "is it running?" : "look at its advertised.listeners",
             is_of_name(watch->code) ? "" : refusal_of_connection(watch->code));
}

static int on_statistics(rd_kafka_t *rk, char *json, size_t len, void *opaque)
{
    struct kafka_client *const client = opaque;
    const int64_t now_ns = clock_mono_ns();

    (void)rk;
    if (client->is_quiet || atomic_load_explicit(&client->is_left, memory_order_relaxed)) {
        return 0;
    }
    const bool is_lost =
        broker_watch_statistics(&client->watch, (struct arb_bytes){ json, len }, now_ns);
    if (client->is_down) {
        say_down(client);
    } else if (is_lost && now_ns >= client->unreachable_next_ns) {
        say_unreachable(client, now_ns);
    } else if (client->is_unreachable && client->watch.name[0] == '\0') {
        client->is_unreachable = false;
        client->unreachable_next_ns = now_ns;
        log_line(ARB_INFO, client->who, "the brokers of Kafka at %s are reached again",
                 client->brokers);
    }
    return 0; /* librdkafka frees the text */
}

static void complain(struct kafka_client *client, const char *text)
{
    char shown[KAFKA_REASON_MAX];

    log_limited(&client->limit, clock_mono_ns(), ARB_WARN, client->who, "%s",
                unsaid(client->config, text, shown, sizeof(shown)));
}

/* Said when all brokers are down, or when it lasts. */
static void note_connection(struct kafka_client *client, int code, const char *reason)
{
    const bool is_of_tls = strstr(reason, "in state SSL_HANDSHAKE") != NULL;
    const int cause = is_of_tls ? RD_KAFKA_RESP_ERR__SSL : code; /* it may say TRANSPORT then */

    (void)unsaid(client->config, reason, client->reason, sizeof(client->reason));
    client->reason_code = cause;
    broker_watch_failed(&client->watch, cause, reason, clock_mono_ns());
}

static void on_error(rd_kafka_t *rk, int code, const char *reason, void *opaque)
{
    struct kafka_client *const client = opaque;

    if (atomic_load_explicit(&client->is_left, memory_order_relaxed)) {
        return;
    }
    switch (code) {
    case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN:
        client->is_down = true;
        say_down(client);
        break;
    case RD_KAFKA_RESP_ERR__FATAL:
        note_fatal(rk, client);
        break;
    case RD_KAFKA_RESP_ERR__TRANSPORT:
    case RD_KAFKA_RESP_ERR__RESOLVE:
    case RD_KAFKA_RESP_ERR__SSL:
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
        note_connection(client, code, reason);
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

    if (atomic_load_explicit(&client->is_left, memory_order_relaxed)) {
        return;
    }
    if (is_worth_a_line(level, facility)) {
        complain(client, text);
    } else {
        char shown[DEBUG_MAX];
        log_line(ARB_DEBUG, client->who, "%s: %s", facility,
                 unsaid(client->config, text, shown, sizeof(shown)));
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

/* Sets it; `text` gets what librdkafka has against it, without a value that nobody may see. */
static rd_kafka_conf_res_t try_entry(rd_kafka_conf_t *conf, const struct config_entry *entry,
                                     char text[KAFKA_REASON_MAX])
{
    const rd_kafka_conf_res_t res =
        rd_kafka_conf_set(conf, entry->key, entry->value, text, KAFKA_REASON_MAX);

    if (res == RD_KAFKA_CONF_INVALID && entry->origin != NULL) {
        (void)snprintf(text, KAFKA_REASON_MAX, "%s is no value for it", entry->origin);
    }
    return res;
}

static int set_entry(rd_kafka_conf_t *conf, const struct config_entry *entry, struct err *err)
{
    const char *const breach = contract_breach(entry->key, entry->value);
    const char *const shown = entry->origin == NULL ? entry->value : entry->origin;
    char text[KAFKA_REASON_MAX];

    if (breach != NULL) {
        return err_set(err, ARB_EINVAL, "%s = %s: %s", entry->key, shown, breach);
    }
    return try_entry(conf, entry, text) == RD_KAFKA_CONF_OK
               ? ARB_OK
               : err_set(err, ARB_EINVAL, "%s = %s: %s", entry->key, shown, text);
}

static int set_configured(rd_kafka_conf_t *conf, const struct kafka_config *config, struct err *err)
{
    for (const struct config_entry *e = config->rdkafka; e != NULL; e = e->next) {
        const int rc = set_entry(conf, e, err);
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
    char look_ms[16];
    int rc = set(conf, "bootstrap.servers", config->brokers, err);

    (void)snprintf(look_ms, sizeof(look_ms), "%d", BROKER_WATCH_MS);
    if (rc == ARB_OK) {
        rc =
            set_all(conf, common_settings, sizeof(common_settings) / sizeof(*common_settings), err);
    }
    if (rc == ARB_OK) {
        rc = set(conf, "statistics.interval.ms", look_ms, err);
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
    client->config = config;
    client->role = role;
    client->brokers = config->brokers;
    rd_kafka_conf_set_opaque(conf, client);
    rd_kafka_conf_set_log_cb(conf, on_log);
    rd_kafka_conf_set_error_cb(conf, on_error);
    rd_kafka_conf_set_stats_cb(conf, on_statistics);
    *out = conf;
    return ARB_OK;
}

int kafka_open(rd_kafka_t **out, rd_kafka_conf_t *conf, const struct kafka_client *client,
               struct err *err)
{
    const rd_kafka_type_t type =
        client->role == KAFKA_PRODUCER ? RD_KAFKA_PRODUCER : RD_KAFKA_CONSUMER;
    const char *const lacking = shortage_of_threads(KAFKA_CLIENT_THREADS);
    char text[KAFKA_REASON_MAX], shown[KAFKA_REASON_MAX];

    if (lacking != NULL) { /* librdkafka would end the process by an assertion */
        rd_kafka_conf_destroy(conf);
        return err_set(err, ARB_ENOMEM, "no Kafka client: %s", lacking);
    }
    rd_kafka_t *const rk = rd_kafka_new(type, conf, text, sizeof(text));

    if (rk == NULL) {
        rd_kafka_conf_destroy(conf);
        return err_set(err, ARB_EINVAL, "librdkafka: %s",
                       unsaid(client->config, text, shown, sizeof(shown)));
    }
    (void)rd_kafka_set_log_queue(rk, NULL); /* NULL is the main queue: cannot fail */
    *out = rk;
    return ARB_OK;
}

/* The `rdkafka.` entry that a complaint of librdkafka is about: the one it names, else the first.
 */
static const struct config_entry *entry_of(const struct kafka_config *config, const char *complaint)
{
    for (const struct config_entry *e = config->rdkafka; e != NULL; e = e->next) {
        if (strstr(complaint, e->key) != NULL) {
            return e;
        }
    }
    return config->rdkafka;
}

static void add_problem(struct problems *problems, const struct config_entry *entry,
                        const char *text)
{
    char key[KAFKA_REASON_MAX];

    (void)snprintf(key, sizeof(key), "rdkafka.%s", entry->key); /* cut is still readable */
    problem_add(problems, entry->line, "kafka", key, "%s", text);
}

/* Some settings fit only together, and files are read only when a client is made. */
static void try_role(const struct kafka_config *config, enum kafka_role role,
                     struct problems *problems)
{
    const struct kafka_client client = { .config = config, .role = role };
    rd_kafka_conf_t *const conf = rd_kafka_conf_new();
    struct err err = { 0 };
    rd_kafka_t *rk;

    rd_kafka_conf_set_log_cb(conf, NULL);
    /* Without brokers: it shall not connect. Its threads end at once. */
    if (set_all(conf, common_settings, sizeof(common_settings) / sizeof(*common_settings), &err) ==
            ARB_OK &&
        set_role(conf, role, &err) == ARB_OK && set_configured(conf, config, &err) == ARB_OK) {
        if (kafka_open(&rk, conf, &client, &err) == ARB_OK) {
            rd_kafka_destroy(rk);
            return;
        }
    } else {
        rd_kafka_conf_destroy(conf);
    }
    const struct config_entry *const entry = entry_of(config, err.text);
    char text[ERR_TEXT_MAX + KAFKA_REASON_MAX];
    (void)snprintf(text, sizeof(text), "%s%s", err.text, security_hint(entry->key)); /* fits */
    add_problem(problems, entry, text);
}

static void check_entry(rd_kafka_conf_t *conf, const struct config_entry *entry,
                        struct problems *problems)
{
    char text[KAFKA_REASON_MAX];
    const char *const breach = contract_breach(entry->key, entry->value);
    const char *const doubt = contract_doubt(entry->key, entry->value);

    if (breach != NULL || doubt != NULL) {
        add_problem(problems, entry, breach != NULL ? breach : doubt);
    } else if (try_entry(conf, entry, text) != RD_KAFKA_CONF_OK) {
        add_problem(problems, entry, text);
    }
}

void kafka_conf_check(const struct kafka_config *config, struct problems *problems)
{
    rd_kafka_conf_t *const conf = rd_kafka_conf_new();
    const unsigned n_before = problems->n;

    for (const struct config_entry *e = config->rdkafka; e != NULL; e = e->next) {
        check_entry(conf, e, problems);
    }
    rd_kafka_conf_destroy(conf);
    if (config->brokers != NULL) {
        security_check(config, problems);
    }
    if (config->rdkafka != NULL && problems->n == n_before) {
        try_role(config, KAFKA_PRODUCER, problems);
    }
    if (config->rdkafka != NULL && problems->n == n_before) {
        try_role(config, KAFKA_CONSUMER, problems);
    }
}
