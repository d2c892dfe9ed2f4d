#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "kafka/contract.h"
#include "kafka/gate.h"
#include "kafka/offsets.h"
#include "kafka/places.h"
#include "kafka/partition.h"
#include "kafka/refusal.h"
#include "kafka/settings.h"
#include "kafka/unsaid.h"
#include "stderr_capture.h"
#include "util/clock.h"
#include "wire_samples.h"

enum { N_BOOKS = 50 };

static const int64_t second_ns = NS_PER_S;

static void settings_that_break_a_promise_are_refused(void **state)
{
    static const struct {
        const char *key, *value;
    } wrong[] = {
        { "acks", "1" },
        { "acks", "0" },
        { "request.required.acks", "1" },
        { "enable.idempotence", "false" },
        { "enable.idempotence", "F" },
        { "max.in.flight", "6" },
        { "max.in.flight.requests.per.connection", "1000" },
        { "retries", "0" },
        { "message.send.max.retries", "0" },
        { "partitioner", "murmur2_random" },
        { "transactional.id", "a" },
        { "queuing.strategy", "lifo" },
        { "enable.gapless.guarantee", "true" },
        { "delivery.report.only.error", "true" },
        { "bootstrap.servers", "127.0.0.1:1" },
        { "metadata.broker.list", "127.0.0.1:1" },
        { "test.mock.num.brokers", "3" },
        { "group.id", "a" },
        { "group.instance.id", "a" },
        { "auto.offset.reset", "latest" },
        { "enable.auto.commit", "true" },
        { "enable.auto.offset.store", "true" },
        { "enable.partition.eof", "true" },
        { "allow.auto.create.topics", "true" },
        { "statistics.interval.ms", "0" },
        { "log.connection.close", "false" },
        { "retry.backoff.ms", "5001" },
        { "linger.ms", "1001" },
        { "queue.buffering.max.ms", "1001" },
        { "message.timeout.ms", "999" },
        { "delivery.timeout.ms", "1" },
        { "request.timeout.ms", "999" },
        { "socket.timeout.ms", "999" },
        { "queue.buffering.max.kbytes", "1023" },
        { "offset.store.method", "file" },
        { "fetch.wait.max.ms", "1001" },
        { "topic.blacklist", "market-data" },
        { "topic.metadata.refresh.interval.ms", "-1" },
        { "api.version.request", "false" },
        { "log.queue", "false" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++) {
        assert_non_null(contract_breach(wrong[i].key, wrong[i].value));
    }
}

static void settings_that_keep_them_are_taken(void **state)
{
    (void)state;
    assert_null(contract_breach("acks", "all"));
    assert_null(contract_breach("acks", "-1"));
    assert_null(contract_breach("enable.idempotence", "true"));
    assert_null(contract_breach("max.in.flight", "5"));
    assert_null(contract_breach("retries", "1"));
    assert_null(contract_breach("queuing.strategy", "fifo"));
    assert_null(contract_breach("linger.ms", "0"));
    assert_null(contract_breach("auto.offset.reset", "earliest"));
    assert_null(contract_breach("enable.auto.commit", "false"));
    assert_null(contract_breach("retry.backoff.ms", "5000"));
    assert_null(contract_breach("linger.ms", "1000"));
    assert_null(contract_breach("queue.buffering.max.ms", "1000"));
    assert_null(contract_breach("message.timeout.ms", "1000"));
    assert_null(contract_breach("message.timeout.ms", "0"));
    assert_null(contract_breach("delivery.timeout.ms", "1000"));
    assert_null(contract_breach("request.timeout.ms", "1000"));
    assert_null(contract_breach("socket.timeout.ms", "1000"));
    assert_null(contract_breach("queue.buffering.max.kbytes", "1024"));
    assert_null(contract_breach("fetch.wait.max.ms", "1000"));
    assert_null(contract_breach("topic.metadata.refresh.interval.ms", "0"));
    assert_null(contract_breach("api.version.request", "true"));
    assert_null(contract_breach("log.queue", "true"));
    assert_null(contract_breach("message.max.bytes", "1000"));
}

static void settings_that_fail_later_are_doubted(void **state)
{
    (void)state;
    assert_non_null(contract_doubt("message.max.bytes", "999999"));
    assert_null(contract_doubt("message.max.bytes", "1000000"));
    assert_non_null(contract_doubt("queue.buffering.max.messages", "999"));
    assert_null(contract_doubt("queue.buffering.max.messages", "1000"));
    assert_null(contract_doubt("acks", "1"));
}

/* What `check` says of entries, which are in the lines 1, 2, ... of a.ini. */
static char *check(struct config_entry *entries, size_t n)
{
    const struct kafka_config config = { .brokers = "127.0.0.1:1", .rdkafka = entries };
    char *text = NULL;
    size_t len = 0;

    for (size_t i = 0; i < n; i++) {
        entries[i].line = (unsigned)i + 1;
        entries[i].next = i + 1 < n ? &entries[i + 1] : NULL;
    }
    FILE *const out = open_memstream(&text, &len);
    assert_non_null(out);
    struct problems problems = { .out = out, .path = "a.ini" };
    kafka_conf_check(&config, &problems);
    assert_int_equal(fclose(out), 0);
    return text;
}

static void checking_says_why_and_where(void **state)
{
    struct config_entry entries[] = { { .key = "linger.ms", .value = "1" },
                                      { .key = "partitioner", .value = "random" },
                                      { .key = "nothing", .value = "1" } };
    char *const text = check(entries, 3);

    (void)state;
    assert_string_equal(
        text,
        "a.ini:2: [kafka] rdkafka.partitioner: arbspot chooses the partition itself, by "
        "murmur2 of the symbol, so that every exchange's book of a symbol is in one partition\n"
        "a.ini:3: [kafka] rdkafka.nothing: No such configuration property: \"nothing\"\n");
    free(text);
}

static void checking_tries_what_only_a_client_finds(void **state)
{
    struct config_entry entries[] = { { .key = "security.protocol", .value = "SSL" },
                                      { .key = "ssl.cipher.suites", .value = "NONE-OF-THEM" } };
    char *const text = check(entries, 2);
    static const char head[] = "a.ini:2: [kafka] rdkafka.ssl.cipher.suites: librdkafka: ";

    (void)state;
    assert_int_equal(strncmp(text, head, strlen(head)), 0);
    assert_int_equal(count_of(text, "\n"), 1);
    free(text);
}

#define ENTRY(key_, value_)                                                                        \
    {                                                                                              \
        .key = (key_), .value = (value_)                                                           \
    }
#define CHECK(wanted_, ...)                                                                        \
    do {                                                                                           \
        struct config_entry entries[] = { __VA_ARGS__ };                                           \
        char *const text = check(entries, sizeof(entries) / sizeof(*entries));                     \
        assert_string_equal(text, wanted_);                                                        \
        free(text);                                                                                \
    } while (0)

static void what_has_no_effect_is_refused(void **state)
{
    static const char no_tls[] =
        "a.ini:1: [kafka] rdkafka.ssl.ca.location: has no effect without TLS: set "
        "rdkafka.security.protocol to SSL or SASL_SSL, or remove it\n";

    (void)state;
    CHECK(no_tls, ENTRY("ssl.ca.location", "probe"));
    CHECK(no_tls, ENTRY("ssl.ca.location", "probe"), ENTRY("security.protocol", "PLAINTEXT"));
    CHECK("a.ini:1: [kafka] rdkafka.sasl.username: has no effect, nobody logs in: set "
          "rdkafka.security.protocol to SASL_SSL or SASL_PLAINTEXT, or remove it\n",
          ENTRY("sasl.username", "u"), ENTRY("security.protocol", "SSL"));
}

static void a_login_is_whole(void **state)
{
    (void)state;
    CHECK("a.ini:1: [kafka] rdkafka.security.protocol: rdkafka.sasl.mechanisms is missing: set it "
          "to PLAIN, SCRAM-SHA-256, SCRAM-SHA-512, GSSAPI or OAUTHBEARER, as the brokers want "
          "it\n",
          ENTRY("security.protocol", "sasl_plaintext"));
    CHECK("a.ini:2: [kafka] rdkafka.sasl.mechanism: SCRAM-SHA-512 logs in with a name and a "
          "password, and rdkafka.sasl.username is missing\n"
          "a.ini:3: [kafka] rdkafka.sasl.password: the password is empty\n",
          ENTRY("security.protocol", "SASL_PLAINTEXT"), ENTRY("sasl.mechanism", "SCRAM-SHA-512"),
          ENTRY("sasl.password", ""));
    CHECK("a.ini:2: [kafka] rdkafka.sasl.mechanisms: 'SCRAM' is none of PLAIN, SCRAM-SHA-256, "
          "SCRAM-SHA-512, GSSAPI, OAUTHBEARER\n",
          ENTRY("security.protocol", "SASL_PLAINTEXT"), ENTRY("sasl.mechanisms", "SCRAM"));
    CHECK("a.ini:2: [kafka] rdkafka.sasl.mechanisms: what ${M} gives is none of PLAIN, "
          "SCRAM-SHA-256, SCRAM-SHA-512, GSSAPI, OAUTHBEARER\n",
          ENTRY("security.protocol", "SASL_PLAINTEXT"),
          { .key = "sasl.mechanisms", .value = "geheim", .origin = "what ${M} gives" });
    CHECK("a.ini:2: [kafka] rdkafka.sasl.mechanisms: arbspot has no token to log in with: use "
          "another mechanism\n",
          ENTRY("security.protocol", "SASL_PLAINTEXT"), ENTRY("sasl.mechanisms", "OAUTHBEARER"));
    CHECK("", ENTRY("security.protocol", "SASL_PLAINTEXT"), ENTRY("sasl.mechanisms", "OAUTHBEARER"),
          ENTRY("enable.sasl.oauthbearer.unsecure.jwt", "true"),
          ENTRY("sasl.oauthbearer.config", "scope=a principal=b"));
    CHECK("a.ini:2: [kafka] rdkafka.sasl.mechanisms: the token has no name: "
          "rdkafka.sasl.oauthbearer.config has to hold principal=NAME\n",
          ENTRY("security.protocol", "SASL_PLAINTEXT"), ENTRY("sasl.mechanisms", "OAUTHBEARER"),
          ENTRY("enable.sasl.oauthbearer.unsecure.jwt", "true"));
    CHECK("a.ini:4: [kafka] rdkafka.sasl.oauthbearer.config: the token has no name: "
          "rdkafka.sasl.oauthbearer.config has to hold principal=NAME\n",
          ENTRY("security.protocol", "SASL_PLAINTEXT"), ENTRY("sasl.mechanisms", "OAUTHBEARER"),
          ENTRY("enable.sasl.oauthbearer.unsecure.jwt", "true"),
          ENTRY("sasl.oauthbearer.config", "subprincipal=b"));
    CHECK("", ENTRY("security.protocol", "SASL_SSL"), ENTRY("sasl.mechanisms", "PLAIN"),
          ENTRY("sasl.username", "u"), ENTRY("sasl.password", "p"));
}

static void files_of_tls_are_looked_at(void **state)
{
    (void)state;
    CHECK("a.ini:2: [kafka] rdkafka.ssl.ca.location: /nope/a.pem cannot be read: No such file or "
          "directory: correct the name; a relative one counts from the folder of this file\n"
          "a.ini:3: [kafka] rdkafka.ssl.crl.location: /tmp is a folder: name the file\n"
          "a.ini:4: [kafka] rdkafka.ssl.key.location: /dev/null is empty: is this the file?\n"
          "a.ini:5: [kafka] rdkafka.ssl.keystore.location: names no file\n"
          "a.ini:4: [kafka] rdkafka.ssl.key.location: of no use alone: "
          "rdkafka.ssl.certificate.location is missing\n",
          ENTRY("security.protocol", "SSL"), ENTRY("ssl.ca.location", "/nope/a.pem"),
          ENTRY("ssl.crl.location", "/tmp"), ENTRY("ssl.key.location", "/dev/null"),
          ENTRY("ssl.keystore.location", ""));
    CHECK("a.ini:2: [kafka] rdkafka.ssl.certificate.pem: of no use alone: rdkafka.ssl.key.location "
          "is missing\n",
          ENTRY("security.protocol", "SSL"), ENTRY("ssl.certificate.pem", "x"));
    CHECK("", ENTRY("security.protocol", "SSL"), ENTRY("ssl.ca.location", "/tmp"));
}

static void what_was_put_in_is_not_repeated(void **state)
{
    struct config_entry entry = {
        .key = "compression.type", .value = "geheim", .line = 7, .origin = "what @f holds"
    };
    const struct kafka_config config = { .brokers = "127.0.0.1:1", .rdkafka = &entry };
    struct kafka_client client = { .who = "kafka=test" };
    struct err err = { 0 };
    rd_kafka_conf_t *conf;

    (void)state;
    CHECK("a.ini:1: [kafka] rdkafka.compression.type: what @f holds is no value for it\n"
          "a.ini:2: [kafka] rdkafka.no.key: No such configuration property: \"no.key\"\n",
          entry, { .key = "no.key", .value = "geheim", .origin = "what ${S} gives" });
    assert_int_equal(kafka_conf_create(&conf, KAFKA_PRODUCER, &config, &client, &err), ARB_EINVAL);
    assert_string_equal(err.text, "line 7: [kafka] rdkafka.compression.type = what @f holds: what "
                                  "@f holds is no value for it");
}

/* By librdkafka, in words of its own: the value, a word of it, or what is left where it is cut. */
static void what_was_put_in_is_replaced_in_the_words_of_others(void **state)
{
    struct config_entry written = ENTRY("client.rack", "written");
    struct config_entry list = {
        .key = "b", .value = "geheim, doch,ab", .origin = "what ${L} gives", .next = &written
    };
    struct config_entry word = {
        .key = "a", .value = "geheimes", .origin = "what @f holds", .next = &list
    };
    struct config_entry brief = { .key = "c", .value = "no", .origin = "what ${N} gives" };
    const struct kafka_config config = { .rdkafka = &word }, small = { .rdkafka = &brief };
    char out[KAFKA_REASON_MAX], cut[8];

    (void)state;
    assert_string_equal(unsaid(&config, "\"geheimes\" is not geheim here", out, sizeof(out)),
                        "\"what @f holds\" is not what ${L} gives here");
    assert_string_equal(unsaid(&config, "[geheim, doch,ab] ab doch. written ge", out, sizeof(out)),
                        "[what ${L} gives] ab what ${L} gives. written ge");
    assert_string_equal(unsaid(&config, "bad: geh", out, sizeof(out)), "bad: what @f holds");
    assert_string_equal(unsaid(&small, "no such thing", out, sizeof(out)), "no such thing");
    assert_string_equal(unsaid(&config, "a geheimes b", cut, sizeof(cut)), "a ");
    assert_string_equal(unsaid(&config, "longer than it", cut, sizeof(cut)), "longer ");
}

static void a_client_that_does_not_come_about_repeats_no_secret(void **state)
{
    struct config_entry entries[] = {
        ENTRY("security.protocol", "SSL"),
        { .key = "ssl.curves.list", .value = "geheim", .origin = "what ${S} gives" }
    };
    static const char head[] = "a.ini:2: [kafka] rdkafka.ssl.curves.list: librdkafka: ";
    char *const text = check(entries, 2);

    (void)state;
    assert_int_equal(strncmp(text, head, strlen(head)), 0);
    assert_null(strstr(text, "geheim"));
    free(text);
}

/* What a client is made with. */
static void read_setting(enum kafka_role role, struct config_entry *entry, char out[32])
{
    const struct kafka_config config = { .brokers = "127.0.0.1:1", .rdkafka = entry };
    struct kafka_client client = { .who = "test" };
    struct err err = { 0 };
    rd_kafka_conf_t *conf;
    size_t cap = 32;

    assert_int_equal(kafka_conf_create(&conf, role, &config, &client, &err), ARB_OK);
    assert_int_equal(rd_kafka_conf_get(conf, "topic.metadata.refresh.interval.ms", out, &cap),
                     RD_KAFKA_CONF_OK);
    rd_kafka_conf_destroy(conf);
}

/* Without it a group would go on for five minutes without partitions that were added. */
static void a_consumer_looks_for_partitions_more_often_than_it_is_used_to(void **state)
{
    struct config_entry own = ENTRY("topic.metadata.refresh.interval.ms", "60000");
    char text[32];

    (void)state;
    read_setting(KAFKA_CONSUMER, NULL, text);
    assert_string_equal(text, "5000");
    read_setting(KAFKA_CONSUMER, &own, text);
    assert_string_equal(text, "60000");
    read_setting(KAFKA_PRODUCER, NULL, text);
    assert_string_equal(text, "300000");
}

static void the_broker_inside_speaks_no_tls(void **state)
{
    struct config_entry entry = ENTRY("security.protocol", "SSL");
    const struct kafka_config config = { .brokers = "embedded", .rdkafka = &entry };
    char *text = NULL;
    size_t len = 0;
    FILE *const out = open_memstream(&text, &len);
    struct problems problems = { .out = out, .path = "a.ini" };

    (void)state;
    kafka_conf_check(&config, &problems);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text, "a.ini: [kafka] rdkafka.security.protocol: the broker inside the "
                              "process speaks neither TLS nor SASL: remove it, or name the brokers "
                              "it is meant for in `brokers`\n");
    free(text);
}

static void checking_takes_what_works(void **state)
{
    struct config_entry entries[] = { { .key = "acks", .value = "all" },
                                      { .key = "compression.type", .value = "lz4" },
                                      { .key = "fetch.wait.max.ms", .value = "5" } };
    char *const text = check(entries, 3);

    (void)state;
    assert_string_equal(text, "");
    free(text);
}

static void a_client_is_not_made_with_a_setting_that_breaks_a_promise(void **state)
{
    struct config_entry entry = { .key = "acks", .value = "1", .line = 7 };
    const struct kafka_config config = { .brokers = "127.0.0.1:1", .rdkafka = &entry };
    struct kafka_client client = { .who = "kafka=test" };
    struct err err = { 0 };
    rd_kafka_conf_t *conf;

    (void)state;
    assert_int_equal(kafka_conf_create(&conf, KAFKA_CONSUMER, &config, &client, &err), ARB_EINVAL);
    assert_string_equal(err.text,
                        "line 7: [kafka] rdkafka.acks = 1: every message waits for all replicas in "
                        "sync, or a broker that dies takes messages along that were counted as "
                        "delivered; only all is taken");
}

static const char *text_of(enum refused_act act, rd_kafka_resp_err_t code)
{
    static char text[REFUSAL_MAX];
    const struct refusal refusal = { .act = act, .code = code, .topic = "books" };
    return refusal_text(text, &refusal);
}

static void a_refusal_names_the_right_that_is_missing(void **state)
{
    const rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED;

    (void)state;
    assert_string_equal(
        text_of(REFUSED_WRITE, code),
        "Broker: Topic authorization failed; grant this user the ACL Write on topic "
        "books");
    assert_string_equal(text_of(REFUSED_READ, code),
                        "Broker: Topic authorization failed; grant this user the ACLs Read and "
                        "Describe on topic books");
    assert_string_equal(
        text_of(REFUSED_CREATE, code),
        "Broker: Topic authorization failed; grant this user the ACL Create on topic "
        "books, or create it by hand; if it is there already, grant Describe and "
        "Write on it");
}

static void a_refusal_without_advice_is_the_error_alone(void **state)
{
    (void)state;
    assert_string_equal(text_of(REFUSED_WRITE, RD_KAFKA_RESP_ERR_INVALID_MSG),
                        "Broker: Invalid message");
}

static void better_words_replace_those_of_the_code(void **state)
{
    char text[REFUSAL_MAX];
    const struct refusal refusal = { .act = REFUSED_CREATE,
                                     .code = RD_KAFKA_RESP_ERR_INVALID_REPLICATION_FACTOR,
                                     .topic = "books",
                                     .words = "only 1 broker" };

    (void)state;
    assert_string_equal(
        refusal_text(text, &refusal),
        "only 1 broker; set replication in [kafka] to at most the number of brokers, "
        "or create it with kafka-topics.sh --create --topic books");
}

static void a_gate_that_is_shut_lets_one_message_through_at_a_time(void **state)
{
    struct gate gate = { .topic = "books", .who = "kafka=test" };
    struct stderr_capture capture;
    const int64_t retry_ns = GATE_RETRY_MS * NS_PER_MS, trial_ns = GATE_TRIAL_MS * NS_PER_MS;

    (void)state;
    assert_true(gate_lets(&gate, second_ns));
    assert_true(gate_lets(&gate, second_ns));
    assert_false(gate_delivered(&gate));
    stderr_capture_begin(&capture);
    gate_refused(&gate, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, second_ns);
    (void)stderr_capture_end(&capture);
    assert_false(gate_delivered(&gate)); /* that was sent before */
    assert_false(gate_lets(&gate, second_ns + retry_ns - 1));
    assert_true(gate_lets(&gate, second_ns + retry_ns));
    assert_false(gate_lets(&gate, second_ns + retry_ns + trial_ns - 1));
    assert_true(gate_lets(&gate, second_ns + retry_ns + trial_ns)); /* the trial got lost */
    assert_true(gate_delivered(&gate));
    assert_false(gate_delivered(&gate));
    assert_true(gate_lets(&gate, second_ns + retry_ns + trial_ns));
    assert_true(gate_lets(&gate, second_ns + retry_ns + trial_ns));
}

static void a_refused_topic_is_said_at_a_limited_rate(void **state)
{
    struct gate gate = { .topic = "books", .who = "kafka=test" };
    struct stderr_capture capture;

    (void)state;
    stderr_capture_begin(&capture);
    for (int i = 0; i < 100; i++) {
        gate_refused(&gate, RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, second_ns + i);
    }
    const char *const text = stderr_capture_end(&capture);
    assert_int_equal(count_of(text, "\n"), 1);
    assert_non_null(strstr(text,
                           "level=error kafka=test msg=\"topic books takes no messages: Broker: "
                           "Topic authorization failed; grant this user the ACL Write on topic "
                           "books; trying again every 2 s\""));
}

static void a_trial_that_was_asked_for_goes_at_once(void **state)
{
    struct gate gate = { .topic = "books", .who = "kafka=test" };

    (void)state;
    gate_try(&gate, second_ns);
    assert_true(gate_lets(&gate, second_ns));
    assert_false(gate_lets(&gate, second_ns));
    assert_true(gate_delivered(&gate));
}

static void offsets_that_go_back_are_noticed(void **state)
{
    struct offsets offsets = { 0 };

    (void)state;
    assert_false(offsets_go_back(&offsets, 0, 5));
    offsets_reset(&offsets, 2);
    assert_false(offsets_go_back(&offsets, 0, 5));
    assert_false(offsets_go_back(&offsets, 0, 6));
    assert_false(offsets_go_back(&offsets, 1, 0));
    assert_false(offsets_go_back(&offsets, 0, -1001)); /* not known */
    assert_false(offsets_go_back(&offsets, 2, 0));     /* no such partition */
    assert_false(offsets_go_back(&offsets, -1, 0));
    assert_true(offsets_go_back(&offsets, 1, 0));
    assert_true(offsets_go_back(&offsets, 0, 5));
    assert_false(offsets_go_back(&offsets, 0, 6));
    offsets_fini(&offsets);
}

static void offsets_begin_anew_with_any_number_of_partitions(void **state)
{
    struct offsets offsets = { 0 };

    (void)state;
    offsets_reset(&offsets, 1);
    assert_false(offsets_go_back(&offsets, 0, 5));
    offsets_reset(&offsets, 1);
    assert_false(offsets_go_back(&offsets, 0, 0));
    offsets_reset(&offsets, 3);
    assert_false(offsets_go_back(&offsets, 0, 0));
    assert_false(offsets_go_back(&offsets, 2, 0));
    offsets_fini(&offsets);
}

struct table {
    struct feedback feedback;
    struct places *places;
    struct arb_instrument infos[N_BOOKS];
};

static int set_up(void **state)
{
    struct table *const t = calloc(1, sizeof(*t));
    struct feedback *const feedbacks[] = { &t->feedback };

    t->places = places_create(feedbacks, 1);
    for (unsigned i = 0; i < N_BOOKS; i++) {
        struct event event = sample_delta();
        (void)snprintf(t->infos[i].symbol, sizeof(t->infos[i].symbol), "A%u/USD", i);
        event.instrument = i;
        event.info = &t->infos[i];
        assert_int_equal(
            places_note(t->places, 0, &event),
            partition_hash((struct arb_bytes){ t->infos[i].symbol, strlen(t->infos[i].symbol) }));
    }
    *state = t;
    return 0;
}

static int tear_down(void **state)
{
    struct table *const t = *state;

    places_destroy(t->places);
    free(t);
    return 0;
}

static void every_book_that_was_seen_is_asked_for(void **state)
{
    struct table *const t = *state;

    assert_int_equal(places_raise_all(t->places), N_BOOKS);
    assert_true(feedback_take_any(&t->feedback));
    for (uint32_t i = 0; i < N_BOOKS; i++) {
        assert_int_equal(feedback_take(&t->feedback, i), 1);
    }
    assert_int_equal(feedback_take(&t->feedback, N_BOOKS), 0);
}

static void books_whose_partition_changes_leave_it(void **state)
{
    struct table *const t = *state;
    struct leaving book;
    unsigned n_moved = 0;

    const unsigned n = places_move(t->places, 8, 12);
    for (uint32_t i = 0; i < N_BOOKS; i++) {
        const unsigned before = partition_of(t->infos[i].symbol, 8);
        if (before != partition_of(t->infos[i].symbol, 12)) {
            assert_true(places_next_leaving(t->places, 0, &book));
            assert_int_equal(book.instrument, i);
            assert_int_equal(book.partition, before);
            places_left(t->places, 0, i);
            n_moved++;
        }
    }
    assert_false(places_next_leaving(t->places, 0, &book));
    assert_int_equal(n, n_moved);
    assert_in_range(n_moved, 1, N_BOOKS - 1);
    assert_int_equal(places_move(t->places, 12, 12), 0);
    assert_false(feedback_take_any(&t->feedback)); /* whoever says that it leaves asks for it */
}

/* In between nothing of it was sent anywhere. */
static void book_that_moves_on_leaves_the_partition_it_was_in(void **state)
{
    struct table *const t = *state;
    struct leaving book, again;

    (void)places_move(t->places, 8, 12);
    assert_true(places_next_leaving(t->places, 0, &book));
    (void)places_move(t->places, 12, 1);
    assert_true(places_next_leaving(t->places, 0, &again));
    while (again.instrument != book.instrument) {
        places_left(t->places, 0, again.instrument);
        assert_true(places_next_leaving(t->places, 0, &again));
    }
    assert_int_equal(again.partition, book.partition);
    places_left(t->places, 0, book.instrument);
    places_left(t->places, 0, book.instrument);
    places_leave_again(t->places, 0, book.instrument);
    places_leave_again(t->places, 0, book.instrument);
    while (places_next_leaving(t->places, 0, &again) && again.instrument != book.instrument) {
        places_left(t->places, 0, again.instrument);
    }
    assert_int_equal(again.instrument, book.instrument);
    assert_int_equal(again.partition, book.partition);
}

static void what_is_owed_is_asked_for_later_and_once(void **state)
{
    struct table *const t = *state;
    const int64_t due_ns = second_ns + PLACES_DELAY_MS * NS_PER_MS;

    places_owe(t->places, 0, 3, 5);
    places_step(t->places, second_ns);
    places_owe(t->places, 0, 3, 2);
    places_step(t->places, due_ns - 1);
    assert_false(feedback_take_any(&t->feedback));
    places_step(t->places, due_ns);
    assert_true(feedback_take_any(&t->feedback));
    assert_int_equal(feedback_take(&t->feedback, 3), 7);
    places_step(t->places, 2 * due_ns);
    assert_false(feedback_take_any(&t->feedback));
}

static void what_is_owed_counts_when_every_book_is_asked_for(void **state)
{
    struct table *const t = *state;

    places_owe(t->places, 0, 3, UINT32_MAX);
    places_owe(t->places, 0, 3, 5);
    (void)places_raise_all(t->places);
    assert_int_equal(feedback_take(&t->feedback, 3), UINT32_MAX);
    (void)places_raise_all(t->places);
    assert_int_equal(feedback_take(&t->feedback, 3), 1);
}

#define PLACES_TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(settings_that_break_a_promise_are_refused),
        cmocka_unit_test(settings_that_keep_them_are_taken),
        cmocka_unit_test(settings_that_fail_later_are_doubted),
        cmocka_unit_test(checking_says_why_and_where),
        cmocka_unit_test(checking_tries_what_only_a_client_finds),
        cmocka_unit_test(what_has_no_effect_is_refused),
        cmocka_unit_test(a_login_is_whole),
        cmocka_unit_test(files_of_tls_are_looked_at),
        cmocka_unit_test(what_was_put_in_is_not_repeated),
        cmocka_unit_test(what_was_put_in_is_replaced_in_the_words_of_others),
        cmocka_unit_test(a_client_that_does_not_come_about_repeats_no_secret),
        cmocka_unit_test(a_consumer_looks_for_partitions_more_often_than_it_is_used_to),
        cmocka_unit_test(the_broker_inside_speaks_no_tls),
        cmocka_unit_test(checking_takes_what_works),
        cmocka_unit_test(a_client_is_not_made_with_a_setting_that_breaks_a_promise),
        cmocka_unit_test(a_refusal_names_the_right_that_is_missing),
        cmocka_unit_test(a_refusal_without_advice_is_the_error_alone),
        cmocka_unit_test(better_words_replace_those_of_the_code),
        cmocka_unit_test(a_gate_that_is_shut_lets_one_message_through_at_a_time),
        cmocka_unit_test(a_refused_topic_is_said_at_a_limited_rate),
        cmocka_unit_test(a_trial_that_was_asked_for_goes_at_once),
        cmocka_unit_test(offsets_that_go_back_are_noticed),
        cmocka_unit_test(offsets_begin_anew_with_any_number_of_partitions),
        PLACES_TEST(every_book_that_was_seen_is_asked_for),
        PLACES_TEST(books_whose_partition_changes_leave_it),
        PLACES_TEST(book_that_moves_on_leaves_the_partition_it_was_in),
        PLACES_TEST(what_is_owed_is_asked_for_later_and_once),
        PLACES_TEST(what_is_owed_counts_when_every_book_is_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
