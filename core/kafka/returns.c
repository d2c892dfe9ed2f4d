#include "kafka/returns.h"

#include "kafka/origin.h"
#include "kafka/partition.h"
#include "kafka/publisher_state.h"
#include "kafka/refusal.h"
#include "util/clock.h"

static void ask_again(const struct publisher *p, struct origin origin)
{
    if (origin_is_of_book(origin)) {
        feedback_raise(p->venues[origin.venue - 1].feedback, origin.instrument, origin.n_messages);
    }
}

/* Not at once: it would fare the same. */
static void ask_later(struct publisher *p, struct origin origin)
{
    if (origin_is_of_book(origin)) {
        places_owe(p->places, origin.venue - 1U, origin.instrument, origin.n_messages);
    }
}

/* What consumers have of the book must not stay LIVE. */
static void close_refused(const struct publisher *p, struct origin origin, rd_kafka_resp_err_t code)
{
    if (origin_is_of_book(origin)) {
        last_words_refused(p->venues[origin.venue - 1].words, origin.instrument,
                           refusal_is_of_size(code)
                               ? "Kafka refused a message of it as too large: see publish_depth"
                               : "Kafka refused a message of it");
    }
}

static void forget_starts(struct publisher *p)
{
    for (unsigned i = 0; i < p->n_venues; i++) {
        starts_fini(&p->voices[i].starts);
    }
}

/* What was on the topic is gone, or nobody knows: consumers need every book anew. */
static void send_all_whole(struct publisher *p, const char *why)
{
    const unsigned n = places_raise_all(p->places);

    offsets_reset(&p->offsets, p->n_known);
    forget_starts(p);
    log_line(ARB_INFO, p->outbox.config.who, "topic %s %s; its %u books are sent whole",
             p->config->market_topic, why, n);
}

static void on_opened(void *self, enum kafka_topic topic)
{
    struct publisher *const p = self;

    if (topic == KAFKA_MARKET) {
        send_all_whole(p, "takes messages again");
    } else {
        log_line(ARB_INFO, p->outbox.config.who, "topic %s takes messages again",
                 kafka_topic_name(p->config, topic));
    }
}

/* The book is found from there on, or is not needed. */
static void note_start(struct starts *starts, struct origin origin,
                       const struct outbox_receipt *receipt)
{
    if (origin.kind == ORIGIN_IS_DOWN) {
        starts_drop(starts, origin.instrument);
    } else if (origin.kind == ORIGIN_IS_WHOLE && receipt->offset >= 0) {
        starts_put(starts, origin.instrument, (uint32_t)receipt->partition, receipt->offset);
    }
}

static void on_failed(void *self, const void *opaque, rd_kafka_resp_err_t code)
{
    struct publisher *const p = self;
    const struct origin origin = origin_unpack(opaque);

    if (origin.kind == ORIGIN_LEAVES) {
        places_leave_again(p->places, origin.venue - 1U, origin.instrument);
    } else if (refusal_is_of_topic(code)) {
        ask_later(p, origin);
    } else if (refusal_is_of_size(code)) {
        ask_later(p, origin);
        close_refused(p, origin, code);
    } else {
        ask_again(p, origin);
    }
}

/*
 * The brokers say that they have the message already, as of one that is sent again, and not where.
 * Of a partition that is as new as its topic that may be wrong (Apache Kafka 4.1.0, about one start
 * in ten): it refuses a producer's first message and takes those behind it, which were under way,
 * for brokers accept any sequence number from a producer that the partition has not heard of. Sent
 * again, the first one counts as there, and is lost.
 */
static void on_doubtful(struct publisher *p, const struct outbox_receipt *receipt)
{
    const bool is_of_book = origin_is_of_book(origin_unpack(receipt->origin));

    log_limited(
        &p->doubt_limit, clock_mono_ns(), ARB_WARN, p->outbox.config.who,
        "topic %s, partition %d: the brokers take a message for one that they have already, "
        "and do not say where: it may be lost%s",
        kafka_topic_name(p->config, origin_topic(receipt->origin)), (int)receipt->partition,
        is_of_book ? "; its book is sent whole" : "");
    on_failed(p, receipt->origin, RD_KAFKA_RESP_ERR_DUPLICATE_SEQUENCE_NUMBER);
}

static void on_delivered(void *self, const struct outbox_receipt *receipt)
{
    struct publisher *const p = self;
    const struct origin origin = origin_unpack(receipt->origin);

    if (receipt->offset < 0) {
        on_doubtful(p, receipt);
        return;
    }
    if (origin_topic(receipt->origin) == KAFKA_MARKET) {
        if (offsets_go_back(&p->offsets, receipt->partition, receipt->offset)) {
            send_all_whole(p, "begins anew"); /* between two looks at it */
        }
    }
    if (origin_is_of_book(origin)) {
        (void)atomic_fetch_add_explicit(&p->conflated, origin.n_messages - 1, memory_order_relaxed);
        note_start(&p->voices[origin.venue - 1U].starts, origin, receipt);
    }
}

static void on_refused(void *self, const void *opaque, rd_kafka_resp_err_t code)
{
    close_refused(self, origin_unpack(opaque), code);
}

static const char *venue_of(const void *self, const void *opaque)
{
    const struct publisher *const p = self;
    const struct origin origin = origin_unpack(opaque);

    return origin.venue == 0 ? "" : places_venue(p->places, origin.venue - 1U);
}

static void note_gone(struct publisher *p, int64_t mono_ns)
{
    p->is_gone = true;
    outbox_try(&p->outbox, KAFKA_MARKET, mono_ns); /* whoever makes it anew: all books go first */
    log_line(ARB_WARN, p->outbox.config.who,
             "topic %s is not there any more, or this user may not see it; waiting for it",
             p->config->market_topic);
}

/*
 * Books that stay are found where they were, and their venue goes on to say there that it is alive.
 * In a partition that all of its books leave it does not.
 */
static void keep_starts(struct publisher *p, unsigned n)
{
    for (unsigned v = 0; v < p->n_venues; v++) {
        struct starts *const starts = &p->voices[v].starts;
        starts_use_none(starts);
        for (uint32_t i = 0; i < ARB_INSTRUMENTS_MAX; i++) {
            uint32_t hash;
            if (places_stays(p->places, v, i, &hash)) {
                starts_use(starts, partition_at(hash, n));
            } else {
                starts_drop(starts, i);
            }
        }
    }
}

static void note_other_count(struct publisher *p, unsigned n)
{
    if (p->n_known > 0 && !p->is_gone) {
        const unsigned n_moved = places_move(p->places, p->n_known, n);
        log_line(
            ARB_INFO, p->outbox.config.who,
            "topic %s has %u partitions instead of %u; %u books are sent whole in their new one",
            p->config->market_topic, n, p->n_known, n_moved);
        keep_starts(p, n);
    } else {
        forget_starts(p); /* it is another topic */
    }
    p->n_known = n;
    atomic_store_explicit(&p->n_partitions, n, memory_order_relaxed);
    offsets_reset(&p->offsets, n);
}

void returns_note_partitions(struct publisher *p, int64_t mono_ns)
{
    const unsigned n = outbox_partitions(&p->outbox, KAFKA_MARKET);

    if (n > 0) {
        if (n != p->n_known) {
            note_other_count(p, n);
        }
        p->is_gone = false;
    } else if (p->n_known > 0 && !p->is_gone && outbox_has_answer(&p->outbox)) {
        note_gone(p, mono_ns);
    }
}

const struct outbox_owner returns_owner = {
    .topic_of = origin_topic,
    .venue_of = venue_of,
    .delivered = on_delivered,
    .failed = on_failed,
    .refused = on_refused,
    .opened = on_opened,
};
