#include "kafka/contract.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    IN_FLIGHT_MAX = 5,       /* what brokers can put back into order */
    WAIT_MAX_MS = 1000,      /* a host says once a second that it lives, and is dead after three */
    PATIENCE_MIN_MS = 1000,  /* brokers that are well need as long now and then */
    BACKOFF_MAX_MS = 5000,   /* several retries are to fit into message.timeout.ms */
    MESSAGE_MIN = 1000000,   /* bytes; books are cut to that, see wire.h */
    QUEUE_MIN_KBYTES = 1024, /* a message has to fit */
    QUEUE_MIN_MESSAGES = 1000, /* some for every book, beside the words that venues are alive */
};

/* A key, the values of it that are wrong, and why. */
struct clause {
    const char *key;
    bool (*is_wrong)(const char *value);
    const char *why;
};

struct setting {
    const char *key, *value;
};

static bool any(const char *value)
{
    (void)value;
    return true;
}

static bool is_not_all(const char *value)
{
    return strcasecmp(value, "all") != 0 && strcmp(value, "-1") != 0;
}

/* As librdkafka reads it. */
static bool is_true(const char *value)
{
    return strcasecmp(value, "true") == 0 || strcasecmp(value, "t") == 0 || strcmp(value, "1") == 0;
}

static bool is_false(const char *value)
{
    return !is_true(value);
}

/* As librdkafka reads numbers: what stands behind the digits is ignored. */
static long number(const char *value)
{
    return strtol(value, NULL, 0);
}

static bool is_over_limit(const char *value)
{
    return number(value) > IN_FLIGHT_MAX;
}

static bool is_zero(const char *value)
{
    return number(value) == 0;
}

static bool is_negative(const char *value)
{
    return number(value) < 0;
}

static bool is_late(const char *value)
{
    return number(value) > WAIT_MAX_MS;
}

static bool is_impatient(const char *value)
{
    return number(value) < PATIENCE_MIN_MS;
}

/* Zero is without a limit, which the bounded queue makes harmless. */
static bool is_impatient_limit(const char *value)
{
    return !is_zero(value) && is_impatient(value);
}

static bool is_slow_retry(const char *value)
{
    return number(value) > BACKOFF_MAX_MS;
}

static bool is_small_message(const char *value)
{
    return number(value) < MESSAGE_MIN;
}

static bool is_small_queue(const char *value)
{
    return number(value) < QUEUE_MIN_KBYTES;
}

static bool is_short_queue(const char *value)
{
    return number(value) < QUEUE_MIN_MESSAGES;
}

static bool is_not_fifo(const char *value)
{
    return strcasecmp(value, "fifo") != 0;
}

static bool is_not_earliest(const char *value)
{
    return strcasecmp(value, "earliest") != 0 && strcasecmp(value, "beginning") != 0 &&
           strcasecmp(value, "smallest") != 0;
}

static const char acks[] = "every message waits for all replicas in sync, or a broker that dies "
                           "takes messages along that were counted as delivered; only all is taken";
static const char in_flight[] =
    "with more than 5 requests under way the brokers cannot put retries "
    "back into order; take 1 to 5";
static const char retries[] =
    "without a retry every change of a partition's leader loses messages; "
    "leave the key out";
static const char brokers[] = "the brokers are named by `brokers` in [kafka]; a second list would "
                              "replace it in silence";
static const char partitioner[] =
    "arbspot chooses the partition itself, by murmur2 of the symbol, so "
    "that every exchange's book of a symbol is in one partition";
static const char reports[] =
    "arbspot needs every delivery report to count, and to send a book anew "
    "whose message was lost";
static const char offsets[] =
    "arbspot keeps no offsets: a reader goes back to the snapshots of every "
    "book, and a stored offset would start it behind them";

static const char linger[] = "consumers take a host for dead that says nothing for three seconds; "
                             "take at most 1000 ms";
static const char expiry[] = "messages would be given up while healthy brokers still work on them; "
                             "take at least 1000 ms, or 0 for no limit";
static const char patience[] = "requests would be given up while healthy brokers still work on "
                               "them, and sent again and again; "
                               "take at least 1000 ms";

static const struct clause clauses[] = {
    { "acks", is_not_all, acks },
    { "request.required.acks", is_not_all, acks },
    { "enable.idempotence", is_false,
      "without idempotence a retry writes messages twice or out of order, and sequences break; "
      "leave "
      "the key out" },
    { "max.in.flight", is_over_limit, in_flight },
    { "max.in.flight.requests.per.connection", is_over_limit, in_flight },
    { "retries", is_zero, retries },
    { "message.send.max.retries", is_zero, retries },
    { "partitioner", any, partitioner },
    { "partitioner_cb", any, partitioner },
    { "transactional.id", any,
      "arbspot writes without transactions: outside of one, such a producer is refused every "
      "message" },
    { "retry.backoff.ms", is_slow_retry,
      "a message would be given up before it is sent again; take at most 5000 ms" },
    { "linger.ms", is_late, linger },
    { "queue.buffering.max.ms", is_late, linger },
    { "message.timeout.ms", is_impatient_limit, expiry },
    { "delivery.timeout.ms", is_impatient_limit, expiry },
    { "request.timeout.ms", is_impatient, patience },
    { "socket.timeout.ms", is_impatient, patience },
    { "queue.buffering.max.kbytes", is_small_queue,
      "a large book would never fit in; take at least 1024" },
    { "queuing.strategy", is_not_fifo,
      "another order than fifo puts the newer messages of a book in front of the older ones" },
    { "enable.gapless.guarantee", is_true,
      "one lost message would stop the producer; arbspot sends that book whole instead" },
    { "delivery.report.only.error", is_true, reports },
    { "dr_cb", any, reports },
    { "dr_msg_cb", any, reports },
    { "bootstrap.servers", any, brokers },
    { "metadata.broker.list", any, brokers },
    { "test.mock.num.brokers", any,
      "it would replace the brokers; for a broker in this process set `brokers = embedded`" },
    { "group.id", any,
      "the group of a strategy is its `group`; one for all readers would share each topic out "
      "among "
      "them" },
    { "group.instance.id", any,
      "every reader of the process would claim to be the same member, and the group lets in one" },
    { "auto.offset.reset", is_not_earliest,
      "a reader whose place is no longer kept has to go on with what is left, which is earliest" },
    { "enable.auto.commit", is_true, offsets },
    { "auto.commit.enable", is_true, offsets },
    { "enable.auto.offset.store", is_true, offsets },
    { "offset.store.method", any, offsets },
    { "fetch.wait.max.ms", is_late,
      "copies of books are not LIVE when nothing is read for three seconds; take at most 1000 ms" },
    { "enable.partition.eof", any,
      "arbspot sets it where it needs to know the end of a partition; elsewhere that looks like an "
      "error" },
    { "allow.auto.create.topics", is_true,
      "a reader would create a missing topic with the broker's number of partitions" },
    { "topic.blacklist", any,
      "arbspot uses two topics, and both have to be seen; leave the key out" },
    { "topic.metadata.refresh.interval.ms", is_negative,
      "partitions that are added, and brokers that take over, would never be heard of" },
    { "api.version.request", is_false,
      "without asking the brokers librdkafka takes them for old ones, which know neither "
      "idempotence nor headers" },
    { "log.queue", is_false,
      "what librdkafka has to say is logged by the thread that polls it, and by no other" },
    { "statistics.interval.ms", any,
      "arbspot reads the statistics itself, to say which broker cannot be reached" },
    { "log.connection.close", is_false,
      "a broker that closes the connection is often the only sign of a wrong security.protocol" },
};

/* Small books, and few of them, get through all the same, so a client is made with it. */
static const struct clause doubts[] = {
    { "message.max.bytes", is_small_message,
      "books are cut to a million bytes, and a larger one than this would be refused; take at "
      "least 1000000, and publish_depth for smaller messages" },
    { "queue.buffering.max.messages", is_short_queue,
      "what venues say once a second in each partition would leave no room for their books; take "
      "at least 1000" },
};

static const char *breach(const struct clause *clause, size_t n, const struct setting *setting)
{
    for (; n > 0; n--, clause++) {
        if (strcmp(clause->key, setting->key) == 0 && clause->is_wrong(setting->value)) {
            return clause->why;
        }
    }
    return NULL;
}

const char *contract_breach(const char *key, const char *value)
{
    return breach(clauses, sizeof(clauses) / sizeof(*clauses), &(struct setting){ key, value });
}

const char *contract_doubt(const char *key, const char *value)
{
    return breach(doubts, sizeof(doubts) / sizeof(*doubts), &(struct setting){ key, value });
}
