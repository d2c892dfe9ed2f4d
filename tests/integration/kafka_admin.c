/*
 * kafka_admin: changes topics and access rights of a broker, for tests.
 *
 *   kafka_admin BROKERS create TOPIC PARTITIONS [CONFIG=VALUE]...
 *   kafka_admin BROKERS delete TOPIC...
 *   kafka_admin BROKERS partitions TOPIC COUNT
 *   kafka_admin BROKERS allow USER TOPIC OPERATION...     of write, read, describe, create; the
 * topic may be group:NAME instead kafka_admin BROKERS revoke USER TOPIC                 everything
 * that was allowed
 *
 * Exit status 0 when all of it was done; else 1, with what the broker says.
 */
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 512, TIMEOUT_MS = 15000, WANTED_MAX = 16, DECIMAL = 10 };

struct admin {
    rd_kafka_t *rk;
    rd_kafka_queue_t *answers;
    char **argv; /* behind the command */
    int argc;
};

struct command {
    const char *name;
    int n_arguments; /* at least */
    bool (*run)(struct admin *admin);
};

static bool complain(const char *what)
{
    (void)fprintf(stderr, "kafka_admin: %s\n", what);
    return false;
}

static bool is_fine(rd_kafka_resp_err_t code, const char *what)
{
    return code == RD_KAFKA_RESP_ERR_NO_ERROR ||
           complain(what == NULL ? rd_kafka_err2str(code) : what);
}

static bool are_fine_topics(const rd_kafka_topic_result_t **results, size_t n)
{
    bool all = true;

    for (size_t i = 0; i < n; i++) {
        all = is_fine(rd_kafka_topic_result_error(results[i]),
                      rd_kafka_topic_result_error_string(results[i])) &&
              all;
    }
    return all;
}

static bool are_fine_acls(rd_kafka_event_t *answer)
{
    size_t n = 0;
    const rd_kafka_acl_result_t **const results =
        rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(answer), &n);

    for (size_t i = 0; i < n; i++) {
        const rd_kafka_error_t *const error = rd_kafka_acl_result_error(results[i]);
        if (error != NULL) {
            return complain(rd_kafka_error_string(error));
        }
    }
    return true;
}

static bool judge(rd_kafka_event_t *answer)
{
    size_t n = 0;

    switch (rd_kafka_event_type(answer)) {
    case RD_KAFKA_EVENT_CREATETOPICS_RESULT:
        return are_fine_topics(
            rd_kafka_CreateTopics_result_topics(rd_kafka_event_CreateTopics_result(answer), &n), n);
    case RD_KAFKA_EVENT_DELETETOPICS_RESULT:
        return are_fine_topics(
            rd_kafka_DeleteTopics_result_topics(rd_kafka_event_DeleteTopics_result(answer), &n), n);
    case RD_KAFKA_EVENT_CREATEPARTITIONS_RESULT:
        return are_fine_topics(rd_kafka_CreatePartitions_result_topics(
                                   rd_kafka_event_CreatePartitions_result(answer), &n),
                               n);
    case RD_KAFKA_EVENT_CREATEACLS_RESULT:
        return are_fine_acls(answer);
    default:
        return true;
    }
}

static bool wait_for_answer(struct admin *admin)
{
    rd_kafka_event_t *const answer = rd_kafka_queue_poll(admin->answers, TIMEOUT_MS);

    if (answer == NULL) {
        return complain("no answer");
    }
    const bool fine =
        is_fine(rd_kafka_event_error(answer), rd_kafka_event_error_string(answer)) && judge(answer);
    rd_kafka_event_destroy(answer);
    return fine;
}

static int number(const char *text)
{
    return (int)strtol(text, NULL, DECIMAL);
}

static bool create(struct admin *admin)
{
    char text[TEXT_MAX];
    rd_kafka_NewTopic_t *topic =
        rd_kafka_NewTopic_new(admin->argv[0], number(admin->argv[1]), 1, text, sizeof(text));

    if (topic == NULL) {
        return complain(text);
    }
    for (int i = 2; i < admin->argc; i++) {
        char *const value = strchr(admin->argv[i], '=');
        if (value != NULL) {
            *value = '\0';
            (void)rd_kafka_NewTopic_set_config(topic, admin->argv[i], value + 1);
        }
    }
    rd_kafka_CreateTopics(admin->rk, &topic, 1, NULL, admin->answers);
    rd_kafka_NewTopic_destroy(topic);
    return wait_for_answer(admin);
}

static bool delete (struct admin *admin)
{
    rd_kafka_DeleteTopic_t *topics[WANTED_MAX];
    const size_t n = (size_t)(admin->argc < WANTED_MAX ? admin->argc : WANTED_MAX);

    for (size_t i = 0; i < n; i++) {
        topics[i] = rd_kafka_DeleteTopic_new(admin->argv[i]);
    }
    rd_kafka_DeleteTopics(admin->rk, topics, n, NULL, admin->answers);
    rd_kafka_DeleteTopic_destroy_array(topics, n);
    return wait_for_answer(admin);
}

static bool add_partitions(struct admin *admin)
{
    char text[TEXT_MAX];
    rd_kafka_NewPartitions_t *more = rd_kafka_NewPartitions_new(
        admin->argv[0], (size_t)number(admin->argv[1]), text, sizeof(text));

    if (more == NULL) {
        return complain(text);
    }
    rd_kafka_CreatePartitions(admin->rk, &more, 1, NULL, admin->answers);
    rd_kafka_NewPartitions_destroy(more);
    return wait_for_answer(admin);
}

static rd_kafka_AclOperation_t operation(const char *name)
{
    return strcmp(name, "write") == 0      ? RD_KAFKA_ACL_OPERATION_WRITE
           : strcmp(name, "read") == 0     ? RD_KAFKA_ACL_OPERATION_READ
           : strcmp(name, "describe") == 0 ? RD_KAFKA_ACL_OPERATION_DESCRIBE
                                           : RD_KAFKA_ACL_OPERATION_CREATE;
}

static bool allow(struct admin *admin)
{
    rd_kafka_AclBinding_t *wanted[WANTED_MAX];
    const bool is_group = strncmp(admin->argv[1], "group:", 6) == 0;
    const char *const name = admin->argv[1] + (is_group ? 6 : 0);
    char text[TEXT_MAX];
    size_t n = 0;

    for (int i = 2; i < admin->argc && n < WANTED_MAX; i++) {
        wanted[n] = rd_kafka_AclBinding_new(
            is_group ? RD_KAFKA_RESOURCE_GROUP : RD_KAFKA_RESOURCE_TOPIC, name,
            RD_KAFKA_RESOURCE_PATTERN_LITERAL, admin->argv[0], "*", operation(admin->argv[i]),
            RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, text, sizeof(text));
        if (wanted[n] == NULL) {
            return complain(text);
        }
        n++;
    }
    rd_kafka_CreateAcls(admin->rk, wanted, n, NULL, admin->answers);
    rd_kafka_AclBinding_destroy_array(wanted, n);
    return wait_for_answer(admin);
}

static bool revoke(struct admin *admin)
{
    char text[TEXT_MAX];
    rd_kafka_AclBindingFilter_t *filter = rd_kafka_AclBindingFilter_new(
        RD_KAFKA_RESOURCE_TOPIC, admin->argv[1], RD_KAFKA_RESOURCE_PATTERN_LITERAL, admin->argv[0],
        NULL, RD_KAFKA_ACL_OPERATION_ANY, RD_KAFKA_ACL_PERMISSION_TYPE_ANY, text, sizeof(text));

    if (filter == NULL) {
        return complain(text);
    }
    rd_kafka_DeleteAcls(admin->rk, &filter, 1, NULL, admin->answers);
    rd_kafka_AclBinding_destroy(filter);
    return wait_for_answer(admin);
}

static bool open_admin(struct admin *admin, const char *brokers)
{
    rd_kafka_conf_t *const conf = rd_kafka_conf_new();
    char text[TEXT_MAX];

    if (rd_kafka_conf_set(conf, "bootstrap.servers", brokers, text, sizeof(text)) !=
        RD_KAFKA_CONF_OK) {
        rd_kafka_conf_destroy(conf);
        return complain(text);
    }
    admin->rk = rd_kafka_new(RD_KAFKA_PRODUCER, conf, text, sizeof(text));
    if (admin->rk == NULL) {
        rd_kafka_conf_destroy(conf);
        return complain(text);
    }
    admin->answers = rd_kafka_queue_new(admin->rk);
    return true;
}

static const struct command commands[] = {
    { "create", 2, create }, { "delete", 1, delete }, { "partitions", 2, add_partitions },
    { "allow", 3, allow },   { "revoke", 2, revoke },
};

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    const struct command *const command = argc > 3 ? find(argv[2]) : NULL;
    struct admin admin = { .argv = argv + 3, .argc = argc - 3 };

    if (command == NULL || admin.argc < command->n_arguments) {
        (void)complain("usage: kafka_admin BROKERS COMMAND TOPIC ...; see the source");
        return EXIT_FAILURE;
    }
    if (!open_admin(&admin, argv[1])) {
        return EXIT_FAILURE;
    }
    const bool fine = command->run(&admin);
    rd_kafka_queue_destroy(admin.answers);
    rd_kafka_destroy(admin.rk);
    return fine ? EXIT_SUCCESS : EXIT_FAILURE;
}
