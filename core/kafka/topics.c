#include "kafka/topics.h"

#include <stdio.h>
#include <string.h>

#include "kafka/refusal.h"
#include "kafka/unsaid.h"
#include "util/clock.h"

enum {
    METADATA_TIMEOUT_MS = 1000,
    CREATE_TIMEOUT_MS = 5000,
    SOON_MS = 200,        /* after a topic was created, until its partitions are known */
    RETRY_MS = 1000,      /* after no answer */
    REFUSED_MS = 5000,    /* after a refusal */
    LOOK_MS = 10000,      /* while all is well: whether there are more partitions */
    URGED_MS = 500,       /* between looks for somebody in a hurry */
    LEADERLESS_LOOKS = 3, /* until it is said */
    HIDDEN_LOOKS = 20,    /* it may only be so new that not every broker knows it */
};

enum state { ASK = 1, WAIT = 2 };

const char *kafka_topic_name(const struct kafka_config *config, enum kafka_topic topic)
{
    return topic == KAFKA_MARKET ? config->market_topic : config->opportunity_topic;
}

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

/* NULL: it is not there. */
static const struct rd_kafka_metadata_topic *find(const struct rd_kafka_metadata *metadata,
                                                  const char *topic)
{
    for (int i = 0; i < metadata->topic_cnt; i++) {
        const struct rd_kafka_metadata_topic *const t = &metadata->topics[i];
        if (strcmp(t->topic, topic) == 0 && t->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            return t;
        }
    }
    return NULL;
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

int kafka_partition_count(rd_kafka_t *rk, const char *topic, struct leaders_missing *missing)
{
    const struct rd_kafka_metadata *const metadata = list_topics(rk);

    if (metadata == NULL) {
        return -1;
    }
    const struct rd_kafka_metadata_topic *const t = find(metadata, topic);
    const int n = t == NULL ? 0 : t->partition_cnt;
    if (t != NULL && missing != NULL) {
        *missing = leaders_missing(t);
    }
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

/* Nobody takes partitions away: it is another topic. */
static void note_fewer(struct kafka_topics *topics, enum kafka_topic i)
{
    if (topics->partitions[i] < topics->known[i]) {
        log_line(ARB_WARN, topics->client->who,
                 "topic %s has %u partitions, it had %u and partitions in [kafka] is %lld: it was "
                 "deleted and made anew, perhaps by a broker (auto.create.topics.enable); "
                 "kafka-topics.sh --alter --topic %s --partitions %lld adds the others",
                 kafka_topic_name(topics->config, i), topics->partitions[i], topics->known[i],
                 (long long)topics->config->partitions, kafka_topic_name(topics->config, i),
                 (long long)topics->config->partitions);
    }
    topics->known[i] = topics->partitions[i];
}

static void note_there(struct kafka_topics *topics, enum kafka_topic i)
{
    topics->n_hidden[i] = 0;
    if (topics->is_refused[i]) {
        topics->is_refused[i] = false;
        topics->limit[i] = (struct log_limit){ 0 }; /* what is refused next is another matter */
        log_line(ARB_INFO, topics->client->who, "topic %s is there, with %u partitions",
                 kafka_topic_name(topics->config, i), topics->partitions[i]);
    }
}

/* A partition that was just made, or whose broker just went, has none for a moment. */
static void note_leaders(struct kafka_topics *topics, enum kafka_topic i,
                         const struct rd_kafka_metadata_topic *topic)
{
    const struct leaders_missing missing = leaders_missing(topic);
    unsigned *const n_looks = &topics->n_leaderless[i];

    if (missing.n > 0 && *n_looks < LEADERLESS_LOOKS && ++*n_looks == LEADERLESS_LOOKS) {
        log_line(ARB_WARN, topics->client->who,
                 "%u of the %u partitions of topic %s have no leader: %s; nobody can write or read "
                 "them, so books whose key belongs there are not published; is a broker down?",
                 missing.n, missing.of, topic->topic, missing.list);
    } else if (missing.n == 0) {
        if (*n_looks == LEADERLESS_LOOKS) {
            log_line(ARB_INFO, topics->client->who,
                     "all partitions of topic %s have a leader again", topic->topic);
        }
        *n_looks = 0;
    }
}

static void note_partitions(struct kafka_topics *topics, const struct rd_kafka_metadata *metadata)
{
    for (enum kafka_topic i = 0; i < KAFKA_TOPICS; i++) {
        const struct rd_kafka_metadata_topic *const topic =
            find(metadata, kafka_topic_name(topics->config, i));
        topics->partitions[i] = topic == NULL ? 0 : (unsigned)topic->partition_cnt;
        if (topics->partitions[i] > 0) {
            note_fewer(topics, i);
            note_there(topics, i);
            note_leaders(topics, i, topic);
        }
    }
}

static bool lacks_leaders(const struct kafka_topics *topics)
{
    for (enum kafka_topic i = 0; i < KAFKA_TOPICS; i++) {
        if (topics->n_leaderless[i] > 0) {
            return true;
        }
    }
    return false;
}

static void ask_again_in(struct kafka_topics *topics, int64_t mono_ns, int ms)
{
    topics->state = ASK;
    topics->next_ns = mono_ns + ms * NS_PER_MS;
}

/* Asks for the topics that are not there. False when there is nothing to wait for. */
static bool create_missing(struct kafka_topics *topics)
{
    rd_kafka_NewTopic_t *wanted[KAFKA_TOPICS];
    size_t n = 0;

    for (enum kafka_topic i = 0; i < KAFKA_TOPICS; i++) {
        if (topics->partitions[i] == 0) {
            wanted[n] = new_topic(topics, kafka_topic_name(topics->config, i));
            n += wanted[n] != NULL;
        }
    }
    if (n > 0) {
        request(topics, wanted, n);
        rd_kafka_NewTopic_destroy_array(wanted, n);
    }
    return n > 0;
}

static void ask(struct kafka_topics *topics, int64_t mono_ns)
{
    const struct rd_kafka_metadata *const metadata = list_topics(topics->rk);

    if (metadata == NULL) {
        ask_again_in(topics, mono_ns, RETRY_MS);
        return;
    }
    kafka_client_is_up(topics->client);
    topics->has_answer = true;
    note_partitions(topics, metadata);
    rd_kafka_metadata_destroy(metadata);
    ask_again_in(topics, mono_ns, lacks_leaders(topics) ? RETRY_MS : LOOK_MS);
    if (create_missing(topics)) {
        topics->state = WAIT;
    }
}

static void note_refusal(struct kafka_topics *topics, enum kafka_topic i, const char *reason,
                         rd_kafka_resp_err_t code, int64_t mono_ns)
{
    const char *const name = kafka_topic_name(topics->config, i);
    char words[KAFKA_REASON_MAX];
    const struct refusal refusal = {
        .act = REFUSED_CREATE,
        .code = code,
        .topic = name,
        .words = reason == NULL ? NULL : unsaid(topics->config, reason, words, sizeof(words)),
    };
    char text[REFUSAL_MAX];

    topics->is_refused[i] = true;
    log_limited(&topics->limit[i], mono_ns, ARB_ERROR, topics->client->who,
                "topic %s is not there and could not be created: %s; trying again every %d s", name,
                refusal_text(text, &refusal), REFUSED_MS / 1000);
}

/* Somebody else has just created it; or it is there all the time, and not shown to this user. */
static int note_existing(struct kafka_topics *topics, enum kafka_topic i, int64_t mono_ns)
{
    const char *const name = kafka_topic_name(topics->config, i);

    if (++topics->n_hidden[i] < HIDDEN_LOOKS) {
        return SOON_MS;
    }
    topics->is_refused[i] = true;
    log_limited(&topics->limit[i], mono_ns, ARB_ERROR, topics->client->who,
                "topic %s is there, but this user may not see it; grant this user the ACLs "
                "Describe and Write on topic %s; trying again every %d s",
                name, name, REFUSED_MS / 1000);
    return REFUSED_MS;
}

/* What a topic's creation came to. Returns the time until the next look. */
static int judge(struct kafka_topics *topics, const rd_kafka_topic_result_t *result,
                 int64_t mono_ns)
{
    const char *const name = rd_kafka_topic_result_name(result);
    const enum kafka_topic i =
        strcmp(name, topics->config->market_topic) == 0 ? KAFKA_MARKET : KAFKA_OPPORTUNITIES;
    const rd_kafka_resp_err_t code = rd_kafka_topic_result_error(result);

    switch (code) {
    case RD_KAFKA_RESP_ERR_NO_ERROR:
        log_line(ARB_INFO, topics->client->who, "created topic %s with %lld partitions", name,
                 (long long)topics->config->partitions);
        return SOON_MS;
    case RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS:
        return note_existing(topics, i, mono_ns);
    default:
        note_refusal(topics, i, rd_kafka_topic_result_error_string(result), code, mono_ns);
        return REFUSED_MS;
    }
}

static int judge_all(struct kafka_topics *topics, rd_kafka_event_t *answer, int64_t mono_ns)
{
    size_t n = 0;
    const rd_kafka_topic_result_t **const results =
        rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer), &n);
    int next_ms = LOOK_MS;

    for (size_t i = 0; i < n; i++) {
        const int one_ms = judge(topics, results[i], mono_ns);
        next_ms = one_ms < next_ms ? one_ms : next_ms;
    }
    return next_ms;
}

/* Looks for the answer to request(). */
static void collect(struct kafka_topics *topics, int64_t mono_ns)
{
    rd_kafka_event_t *const answer = rd_kafka_queue_poll(topics->answers, 0);

    if (answer == NULL) {
        return;
    }
    if (rd_kafka_event_error(answer) == RD_KAFKA_RESP_ERR_NO_ERROR) {
        ask_again_in(topics, mono_ns, judge_all(topics, answer, mono_ns));
    } else {
        char words[KAFKA_REASON_MAX];
        log_limited(
            &topics->limit[KAFKA_MARKET], mono_ns, ARB_WARN, topics->client->who,
            "creating the topics: %s; trying again",
            unsaid(topics->config, rd_kafka_event_error_string(answer), words, sizeof(words)));
        ask_again_in(topics, mono_ns, RETRY_MS);
    }
    rd_kafka_event_destroy(answer);
}

bool kafka_topics_have_answer(const struct kafka_topics *topics)
{
    return topics->has_answer;
}

unsigned kafka_topics_partitions(const struct kafka_topics *topics, enum kafka_topic topic)
{
    return topics->partitions[topic];
}

void kafka_topics_urge(struct kafka_topics *topics, int64_t mono_ns)
{
    if (topics->state == ASK && topics->next_ns - mono_ns > URGED_MS * NS_PER_MS) {
        topics->next_ns = mono_ns + URGED_MS * NS_PER_MS;
    }
}

void kafka_topics_step(struct kafka_topics *topics, int64_t mono_ns)
{
    if (topics->state == ASK && mono_ns >= topics->next_ns) {
        ask(topics, mono_ns);
    } else if (topics->state == WAIT) {
        collect(topics, mono_ns);
    }
}
