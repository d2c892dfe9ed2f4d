/*
 * kafka_fixture.h - an embedded broker, rings and a publisher on them, for the tests of the bus.
 */
#ifndef ARB_KAFKA_FIXTURE_H
#define ARB_KAFKA_FIXTURE_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#include "kafka/embedded.h"
#include "kafka/publisher.h"
#include "kafka/kafka_source.h"
#include "util/clock.h"
#include "wire_samples.h"

enum {
    FIXTURE_FEEDS = 2,
    FIXTURE_RING_LEN = 1 << 20,
    FIXTURE_TIMEOUT_MS = 20000, /* for what takes milliseconds on an idle machine */
    FIXTURE_BROKER = 1,         /* the only one's id */
    FIXTURE_PRODUCE = 0,        /* Kafka's number of the produce request */
};

struct kafka_fixture {
    struct embedded *embedded;
    struct kafka_config config;
    struct waker waker;
    struct ring rings[FIXTURE_FEEDS], opportunities, displays;
    struct feedback feedbacks[FIXTURE_FEEDS];
    struct last_words *words[FIXTURE_FEEDS]; /* NULL: a venue that never hangs */
    struct publisher *publisher;
};

static inline void fixture_init(struct kafka_fixture *f)
{
    struct err err = { 0 };
    const char *brokers;

    memset(f, 0, sizeof(*f));
    f->config = (struct kafka_config){ .market_topic = "market-data",
                                       .opportunity_topic = "arbitrage-opportunities",
                                       .partitions = 3,
                                       .replication = 1 };
    assert_int_equal(embedded_start(&f->embedded, &brokers, &err), ARB_OK);
    assert_int_equal(embedded_attach(f->embedded, &f->config, &err), ARB_OK);
    assert_string_equal(f->config.brokers, brokers);
    assert_int_equal(waker_init(&f->waker), ARB_OK);
    assert_int_equal(ring_init(&f->opportunities, FIXTURE_RING_LEN, &f->waker), ARB_OK);
    assert_int_equal(ring_init(&f->displays, FIXTURE_RING_LEN, &f->waker), ARB_OK);
    for (int i = 0; i < FIXTURE_FEEDS; i++) {
        assert_int_equal(ring_init(&f->rings[i], FIXTURE_RING_LEN, &f->waker), ARB_OK);
    }
}

/* Puts an rdkafka setting in front; `entry` must outlive the fixture. */
static inline void fixture_set(struct kafka_fixture *f, struct config_entry *entry)
{
    struct config_entry **last = &f->config.rdkafka;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = entry;
}

static inline void fixture_publish(struct kafka_fixture *f)
{
    struct publisher_venue venues[FIXTURE_FEEDS];
    struct ring *const opportunities[] = { &f->opportunities };
    struct ring *const displays[] = { &f->displays };
    struct err err = { 0 };

    for (int i = 0; i < FIXTURE_FEEDS; i++) {
        venues[i] = (struct publisher_venue){ .ring = &f->rings[i],
                                              .feedback = &f->feedbacks[i],
                                              .words = f->words[i] };
    }
    const struct publisher_config config = { .kafka = &f->config,
                                             .venues = venues,
                                             .n_venues = FIXTURE_FEEDS,
                                             .opportunities = opportunities,
                                             .n_opportunities = 1,
                                             .displays = displays,
                                             .n_displays = 1,
                                             .waker = &f->waker };
    assert_int_equal(publisher_create(&f->publisher, &config, &err), ARB_OK);
}

static inline void fixture_fini(struct kafka_fixture *f)
{
    publisher_destroy(f->publisher);
    for (int i = 0; i < FIXTURE_FEEDS; i++) {
        ring_fini(&f->rings[i]);
    }
    ring_fini(&f->opportunities);
    ring_fini(&f->displays);
    waker_fini(&f->waker);
    embedded_stop(f->embedded);
}

static inline void fixture_push(struct kafka_fixture *f, int feed, const struct event *event)
{
    void *const record = ring_reserve(&f->rings[feed], event_record_len(event));
    assert_non_null(record);
    event_record_write(event, record);
    ring_commit(&f->rings[feed]);
}

/* The sample delta as the `seq`-th event of its book. */
static inline struct event fixture_delta(uint64_t seq)
{
    struct event event = sample_delta();
    event.seq = seq;
    event.prev_seq = seq - 1;
    return event;
}

static inline void fixture_push_deltas(struct kafka_fixture *f, int feed, uint64_t first,
                                       uint64_t last)
{
    for (uint64_t seq = first; seq <= last; seq++) {
        const struct event event = fixture_delta(seq);
        fixture_push(f, feed, &event);
    }
}

static inline void fixture_flush(struct kafka_fixture *f)
{
    assert_int_equal(publisher_flush(f->publisher, FIXTURE_TIMEOUT_MS), ARB_OK);
}

/* The next event, or NULL after the timeout: next() may come back early. */
static inline const struct event *fixture_next(struct source *source, int timeout_ms)
{
    const int64_t deadline_ns = clock_mono_ns() + timeout_ms * NS_PER_MS;
    const struct event *event = NULL;

    while (event == NULL && clock_mono_ns() < deadline_ns) {
        event = source->ops->next(source, 20);
    }
    return event;
}

static inline struct source *fixture_source(const struct kafka_config *config)
{
    struct source *source = NULL;
    struct err err = { 0 };

    assert_int_equal(kafka_source_create(&source, config, (struct kafka_source_group){ 0 }, &err),
                     ARB_OK);
    return source;
}

/* Reads deltas first..last of one book, whole and in order. */
static inline void fixture_expect_deltas(struct source *source, uint64_t first, uint64_t last)
{
    for (uint64_t seq = first; seq <= last; seq++) {
        const struct event *const event = fixture_next(source, FIXTURE_TIMEOUT_MS);
        const struct event want = fixture_delta(seq);
        assert_non_null(event);
        assert_int_equal(event->seq, seq);
        assert_int_equal(event->prev_seq, seq - 1);
        assert_memory_equal(event->bids, want.bids, want.n_bids * sizeof(*want.bids));
        assert_memory_equal(event->asks, want.asks, want.n_asks * sizeof(*want.asks));
    }
}

#endif /* ARB_KAFKA_FIXTURE_H */
