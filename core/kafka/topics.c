#include "kafka/topics.h"

#include <stdio.h>
#include <string.h>

#include "util/clock.h"

enum {
    METADATA_TIMEOUT_MS = 1000,
    CREATE_TIMEOUT_MS = 10000,
    RETRY_MS = 1000,
    N_TOPICS = 2,
};

enum state { ASK = 1, WAIT = 2, READY = 3 };

void kafka_topics_init(struct kafka_topics *topics, rd_kafka_t *rk,
                       const struct kafka_config *config, struct kafka_client *client)
{
    *topics = (struct kafka_topics){ .rk = rk, .config = config, .client = client, .state = ASK };
    topics->answers = rd_kafka_queue_new(rk);
}

void kafka_topics_fini(struct kafka_topics *topics)
{
    if (topics->answers != NULL) {
        rd_kafka_queue_destroy(topics->answers);
        topics->answers = NULL;
    }
}

static int partition_count(const struct rd_kafka_metadata *metadata, const char *topic)
{
    for (int i = 0; i < metadata->topic_cnt; i++) {
        const struct rd_kafka_metadata_topic *const t = &metadata->topics[i];
        if (strcmp(t->topic, topic) == 0 && t->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            return t->partition_cnt;
        }
    }
    return 0;
}

/* Asks for all topics: to ask for one by name lets some brokers create it. */
static const struct rd_kafka_metadata *list_topics(rd_kafka_t *rk)
{
    const struct rd_kafka_metadata *metadata = NULL;

    if (rd_kafka_metadata(rk, 1, NULL, &metadata, METADATA_TIMEOUT_MS) !=
        RD_KAFKA_RESP_ERR_NO_ERROR) {
        return NULL;
    }
    return metadata;
}

int kafka_partition_count(rd_kafka_t *rk, const char *topic)
{
    const struct rd_kafka_metadata *const metadata = list_topics(rk);

    if (metadata == NULL) {
        return -1;
    }
    const int n = partition_count(metadata, topic);
    rd_kafka_metadata_destroy(metadata);
    return n;
}

static rd_kafka_NewTopic_t *new_topic(const struct kafka_topics *topics, const char *name)
{
    const struct kafka_config *const config = topics->config;
    char text[KAFKA_REASON_MAX], retention[32];
    rd_kafka_NewTopic_t *const topic = rd_kafka_NewTopic_new(
        name, (int)config->partitions, (int)config->replication, text, sizeof(text));

    if (topic == NULL) {
        log_line(ARB_ERROR, topics->client->who, "topic %s cannot be created: %s", name, text);
        return NULL;
    }
    if (config->retention_ms > 0) {
        (void)snprintf(retention, sizeof(retention), "%lld", (long long)config->retention_ms);
        (void)rd_kafka_NewTopic_set_config(topic, "retention.ms",
                                           retention); /* the broker checks */
    }
    return topic;
}

static void request(struct kafka_topics *topics, rd_kafka_NewTopic_t **wanted, size_t n)
{
    char text[KAFKA_REASON_MAX];
    rd_kafka_AdminOptions_t *const options =
        rd_kafka_AdminOptions_new(topics->rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);

    /* Both limits are within librdkafka's range, so that setting them cannot fail. */
    (void)rd_kafka_AdminOptions_set_request_timeout(options, CREATE_TIMEOUT_MS, text, sizeof(text));
    (void)rd_kafka_AdminOptions_set_operation_timeout(options, CREATE_TIMEOUT_MS / 2, text,
                                                      sizeof(text));
    rd_kafka_CreateTopics(topics->rk, wanted, n, options, topics->answers);
    rd_kafka_AdminOptions_destroy(options);
}

/* Returns the state that follows from what the brokers have. */
static enum state ask(struct kafka_topics *topics)
{
    const char *const names[N_TOPICS] = { topics->config->market_topic,
                                          topics->config->opportunity_topic };
    const struct rd_kafka_metadata *const metadata = list_topics(topics->rk);
    rd_kafka_NewTopic_t *wanted[N_TOPICS];
    size_t n = 0;

    if (metadata == NULL) {
        return ASK;
    }
    kafka_client_is_up(topics->client);
    for (size_t i = 0; i < N_TOPICS; i++) {
        if (partition_count(metadata, names[i]) == 0) {
            wanted[n] = new_topic(topics, names[i]);
            n += wanted[n] != NULL;
        }
    }
    rd_kafka_metadata_destroy(metadata);
    if (n == 0) {
        return READY;
    }
    request(topics, wanted, n);
    rd_kafka_NewTopic_destroy_array(wanted, n);
    return WAIT;
}

/* What a topic's creation came to. A refusal is final: the topic is then somebody else's to make.
 */
static enum state judge(const struct kafka_topics *topics, const rd_kafka_topic_result_t *result)
{
    const char *const who = topics->client->who;
    const char *const name = rd_kafka_topic_result_name(result);
    const char *const reason = rd_kafka_topic_result_error_string(result);

    switch (rd_kafka_topic_result_error(result)) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        log_line(ARB_INFO, who, "created topic %s with %lld partitions", name,
                 (long long)topics->config->partitions);
        return READY;
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
        return READY;
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
        log_line(ARB_ERROR, who, "topic %s could not be created: %s; create it by hand", name,
                 reason == NULL ? "no reason given" : reason);
        return READY;
    default:
        return ASK;
    }
}

/* Every topic must be settled. */
static enum state judge_all(const struct kafka_topics *topics, rd_kafka_event_t *answer)
{
    enum state next = READY;
    size_t n = 0;
    const rd_kafka_topic_result_t **const results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer), &n);

    for (size_t i = 0; i < n; i++) {
        next = judge(topics, results[i]) == ASK ? ASK : next;
    }
    return next;
}

/* Looks for the answer to request(). */
static enum state collect(struct kafka_topics *topics)
{
    rd_kafka_event_t *const answer = rd_kafka_queue_poll(topics->answers, 0);
    enum state next = ASK;

    if (answer == NULL) {
        return WAIT;
    }
    if (rd_kafka_event_error(answer) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        next = judge_all(topics, answer);
    } else {
        log_line(ARB_WARN, topics->client->who, "creating the topics: %s; trying again",
                 rd_kafka_event_error_string(answer));
    }
    rd_kafka_event_destroy(answer);
    return next;
}

bool kafka_topics_have_answer(const struct kafka_topics *topics)
{
    return topics->state != ASK;
}

bool kafka_topics_step(struct kafka_topics *topics, int64_t now_ns)
{
    if (topics->state == ASK && now_ns >= topics->next_ns) {
        topics->state = ask(topics);
        topics->next_ns = now_ns + RETRY_MS * NS_PER_MS;
    } else if (topics->state == WAIT) {
        topics->state = collect(topics);
    }
    return topics->state == READY;
}
