#include "kafka/refusal.h"

#include <stdio.h>

/* What would help; %s is the topic. */
static const char *missing_acl(enum refused_act act, bool is_cluster)
{
    switch (act) {
    case REFUSED_CREATE:
        return "grant this user the ACL Create on topic %s, or create it by hand; if it is there "
               "already, grant Describe and Write on it";
    case REFUSED_READ:
        return "grant this user the ACLs Read and Describe on topic %s";
    default:
        return is_cluster ? "grant this user the ACL Write on topic %s (brokers before 2.8 want "
                            "IdempotentWrite on the cluster too)"
                          : "grant this user the ACL Write on topic %s";
    }
}

static const char *help(enum refused_act act, rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
        return missing_acl(act, false);
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        return missing_acl(act, true);
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
        return "grant this user the ACL Read on its consumer group, to read topic %s";
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
        return "it was deleted, or this user may not see it: create it with kafka-topics.sh "
               "--create "
               "--topic %s, or grant the ACL Describe on it";
    case RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR:
        return "set replication in [kafka] to at most the number of brokers, or create it with "
               "kafka-topics.sh --create --topic %s";
    case RD_KAFKA_RESP_ERR_INVALID_PARTITIONS:
        return "set partitions in [kafka] to what the brokers allow, or create topic %s by hand";
    case RD_KAFKA_RESP_ERR_INVALID_CONFIG:
        return "set retention in [kafka] to what the brokers allow, or create topic %s by hand";
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
        return "the brokers have a policy against it (create.topic.policy.class.name): create "
               "topic "
               "%s by hand as the policy wants it";
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS:
    case RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND:
        return "fewer replicas of topic %s are in sync than its min.insync.replicas";
    case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE:
    case RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE:
        return "a smaller publish_depth would help, or a larger max.message.bytes of topic "
               "%s "
               "with as large an rdkafka.message.max.bytes";
    case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT:
        return "no broker took it for topic %s within rdkafka.message.timeout.ms";
    default:
        return NULL;
    }
}

/* The formats are those of help(), each with one %s. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
const char *refusal_text(char text[REFUSAL_MAX], const struct refusal *refusal)
{
    const char *const format = help(refusal->act, refusal->code);
    const int n =
        snprintf(text, REFUSAL_MAX, "%s",
                 refusal->words == NULL ? rd_kafka_err2str(refusal->code) : refusal->words);

    if (format != NULL && n > 0 && n < REFUSAL_MAX - 3) {
        text[n] = ';';
        text[n + 1] = ' ';
        (void)snprintf(text + n + 2, (size_t)(REFUSAL_MAX - n - 2), format, refusal->topic);
    }
    return text;
}
#pragma GCC diagnostic pop

bool refusal_is_of_topic(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART:
    case RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION:
    case RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION:
    case RD_KAFKA_RESP_ERR_POLICY_VIOLATION:
    case RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT:
    case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
    case RD_KAFKA_RESP_ERR_INVALID_RECORD:
        return true;
    default:
        return false;
    }
}

bool refusal_is_of_size(rd_kafka_resp_err_t code)
{
    return code == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE ||
           code == RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE ||
           code == RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE;
}

const char *refusal_of_connection(rd_kafka_resp_err_t code)
{
    switch (code) {
    case RD_KAFKA_RESP_ERR__SSL:
        return "; rdkafka.security.protocol and the rdkafka.ssl.* settings have to fit the "
               "listener";
    case RD_KAFKA_RESP_ERR__AUTHENTICATION:
        return "; rdkafka.security.protocol, rdkafka.sasl.mechanisms, rdkafka.sasl.username and "
               "rdkafka.sasl.password have to be what the listener expects";
    case RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED:
        return "; grant this user the ACL Write on both topics (brokers before 2.8 want "
               "IdempotentWrite on the cluster too)";
    case RD_KAFKA_RESP_ERR__RESOLVE:
        return "; the name has to be known to this machine";
    default:
        return "";
    }
}
