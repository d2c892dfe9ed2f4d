/*
 * test_real_kafka - publisher, topic and source against brokers that are given.
 *
 *     test_real_kafka BROKERS MARKET_TOPIC OPPORTUNITY_TOPIC N_EVENTS
 *
 * Neither topic exists before. Publishes the events of several books as fast as it takes and
 * reads them back; then one at a time, for the time from ring to consumer.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "kafka/publisher.h"
#include "kafka/kafka_source.h"
#include "kafka/topics.h"
#include "util/clock.h"

enum {
    N_BOOKS = 4,
    N_PARTITIONS = 3,
    N_LEVELS = 3,
    RING_LEN = 1 << 20,
    TIMEOUT_MS = 60000,
    N_PACED = 1000,
    N_WARM = 200, /* of these: a cold broker answers late */
    PACE_MS = 1,
};

static const struct event_venue venue = { "kraken" };
static const struct arb_instrument instruments[N_BOOKS] = {
    { .symbol = "BTC/USD", .base = "BTC", .quote = "USD", .px_scale = 10, .qty_scale = 8 },
    { .symbol = "ETH/USD", .base = "ETH", .quote = "USD", .px_scale = 10, .qty_scale = 8 },
    { .symbol = "SOL/USD", .base = "SOL", .quote = "USD", .px_scale = 10, .qty_scale = 8 },
    { .symbol = "XRP/USD", .base = "XRP", .quote = "USD", .px_scale = 10, .qty_scale = 8 },
};

struct bench {
    struct kafka_config config;
    struct waker waker;
    struct ring ring;
    struct feedback feedback;
    struct publisher *publisher;
    struct source *source;
    uint64_t sent[N_BOOKS], received[N_BOOKS];
    struct arb_level levels[N_LEVELS];
};

static void fail(const char *what)
{
    (void)fprintf(stderr, "test_real_kafka: %s\n", what);
    exit(EXIT_FAILURE);
}

static void require(bool condition, const char *what)
{
    if (!condition) {
        fail(what);
    }
}

/* The levels follow from the sequence number, so that the reader can tell every one. */
static void fill_levels(struct arb_level levels[N_LEVELS], uint64_t seq)
{
    for (uint64_t i = 0; i < N_LEVELS; i++) {
        levels[i].px = (int64_t)(630000000000000 + 1000000000 * (seq % 1000 + i));
        levels[i].qty = (int64_t)(seq * 7919 + i);
    }
}

/* False when the ring is full. */
static bool push(struct bench *b, uint32_t book)
{
    const uint64_t seq = b->sent[book] + 1;
    const struct event event = { .kind = EVENT_DELTA,
                                 .state = ARB_BOOK_LIVE,
                                 .trading = ARB_TRADING_OPEN,
                                 .verified = ARB_VERIFIED,
                                 .px_digits = 1,
                                 .qty_digits = 8,
                                 .instrument = book,
                                 .n_bids = 2,
                                 .n_asks = 1,
                                 .venue = &venue,
                                 .info = &instruments[book],
                                 .session = 1,
                                 .seq = seq,
                                 .prev_seq = seq - 1,
                                 .recv_ns = clock_now_ns(),
                                 .bids = b->levels,
                                 .asks = b->levels + 2,
                                 .reason = "" };
    void *const record = ring_reserve(&b->ring, event_record_len(&event));

    if (record == NULL) {
        return false;
    }
    fill_levels(b->levels, seq);
    event_record_write(&event, record);
    ring_commit(&b->ring);
    b->sent[book] = seq;
    return true;
}

static uint32_t book_of(const struct event *event)
{
    for (uint32_t i = 0; i < N_BOOKS; i++) {
        if (strcmp(instruments[i].symbol, event->info->symbol) == 0) {
            return i;
        }
    }
    fail("an event of an unknown instrument");
    return 0;
}

/* Whole, and next in its book. */
static void check(struct bench *b, const struct event *event)
{
    struct arb_level want[N_LEVELS];
    const uint32_t book = book_of(event);

    b->received[book]++;
    require(event->seq == b->received[book], "an event is missing or out of order");
    require(event->prev_seq == event->seq - 1, "an event does not follow its predecessor");
    require(event->n_bids == 2 && event->n_asks == 1, "an event has lost levels");
    fill_levels(want, event->seq);
    require(memcmp(event->bids, want, 2 * sizeof(*want)) == 0, "a bid has changed on the way");
    require(memcmp(event->asks, want + 2, sizeof(*want)) == 0, "an ask has changed on the way");
}

static const struct event *receive(struct bench *b)
{
    const int64_t deadline_ns = clock_mono_ns() + TIMEOUT_MS * NS_PER_MS;
    const struct event *event = NULL;

    while (event == NULL) {
        require(clock_mono_ns() < deadline_ns, "no event came within a minute");
        event = b->source->ops->next(b->source, 50);
    }
    check(b, event);
    return event;
}

/*
 * One event of each book, alone: of a partition that is as new as its topic, brokers may lose the
 * first message when others are right behind it. Then a feed would send the book whole.
 */
static void open_partitions(struct bench *b)
{
    for (uint32_t i = 0; i < N_BOOKS; i++) {
        require(push(b, i), "the ring is full");
        (void)receive(b);
    }
}

static void run_flood(struct bench *b, uint64_t n)
{
    const int64_t start_ns = clock_mono_ns();
    uint64_t n_sent = 0;

    for (uint64_t n_received = 0; n_received < n; n_received++) {
        while (n_sent < n && push(b, (uint32_t)(n_sent % N_BOOKS))) {
            n_sent++;
        }
        (void)receive(b);
    }
    const double seconds = (double)(clock_mono_ns() - start_ns) / (double)NS_PER_S;
    (void)printf("%llu events in order, whole, in %.2f s: %.0f/s\n", (unsigned long long)n, seconds,
                 (double)n / seconds);
}

static int compare(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return x < y ? -1 : x > y;
}

static void run_paced(struct bench *b)
{
    static int64_t ns[N_PACED];
    const struct timespec pace = { .tv_nsec = PACE_MS * NS_PER_MS };

    for (int i = 0; i < N_PACED; i++) {
        require(push(b, 0), "the ring is full");
        ns[i] = -receive(b)->recv_ns;
        ns[i] += clock_now_ns();
        (void)nanosleep(&pace, NULL);
    }
    qsort(ns + N_WARM, N_PACED - N_WARM, sizeof(*ns), compare);
    const int64_t *const warm = ns + N_WARM;
    const int n = N_PACED - N_WARM;
    (void)printf("ring to consumer: p50 %.2f ms, p90 %.2f ms, p99 %.2f ms\n",
                 (double)warm[n / 2] / 1e6, (double)warm[n * 9 / 10] / 1e6,
                 (double)warm[n * 99 / 100] / 1e6);
}

/* A topic that a broker made by itself would have its own number of partitions. */
static void check_topics(const struct bench *b)
{
    struct kafka_client client = { .who = "kafka=test" };
    rd_kafka_conf_t *conf;
    rd_kafka_t *rk;
    struct err err = { 0 };

    require(kafka_conf_create(&conf, KAFKA_PRODUCER, &b->config, &client, &err) == ARB_OK,
            err.text);
    require(kafka_open(&rk, conf, &client, &err) == ARB_OK, err.text);
    require(kafka_partition_count(rk, b->config.market_topic, NULL) == N_PARTITIONS,
            "the market topic was not created as configured");
    require(kafka_partition_count(rk, b->config.opportunity_topic, NULL) == N_PARTITIONS,
            "the opportunity topic was not created as configured");
    rd_kafka_destroy(rk);
}

static void start(struct bench *b, char **argv)
{
    struct err err = { 0 };
    const struct publisher_venue venues[] = { { .ring = &b->ring, .feedback = &b->feedback } };
    const struct publisher_config config = {
        .kafka = &b->config, .venues = venues, .n_venues = 1, .waker = &b->waker
    };

    b->config = (struct kafka_config){ .brokers = argv[1],
                                       .market_topic = argv[2],
                                       .opportunity_topic = argv[3],
                                       .partitions = N_PARTITIONS,
                                       .replication = 1,
                                       .retention_ms = 3600000 };
    require(waker_init(&b->waker) == ARB_OK, "no waker");
    require(ring_init(&b->ring, RING_LEN, &b->waker) == ARB_OK, "no ring");
    require(publisher_create(&b->publisher, &config, &err) == ARB_OK, err.text);
    require(kafka_source_create(&b->source, &b->config, (struct kafka_source_group){ 0 }, &err) ==
                ARB_OK,
            err.text);
    require(b->source->ops->next(b->source, 0) == NULL, "the topic was there before");
    require(publisher_start(b->publisher, &err) == ARB_OK, err.text);
}

static void finish(struct bench *b)
{
    require(publisher_stop(b->publisher, TIMEOUT_MS) == ARB_OK, "not everything was delivered");
    const struct publisher_stats stats = publisher_stats(b->publisher);
    require(stats.produced == stats.delivered, "produced and delivered differ");
    require(stats.failed == 0 && stats.refused == 0, "deliveries failed");
    require(kafka_source_stats(b->source).skipped == 0, "messages were skipped");
    (void)printf("produced %llu, delivered %llu\n", (unsigned long long)stats.produced,
                 (unsigned long long)stats.delivered);
    b->source->ops->destroy(b->source);
    publisher_destroy(b->publisher);
    ring_fini(&b->ring);
    waker_fini(&b->waker);
}

int main(int argc, char **argv)
{
    static struct bench bench;

    require(argc == 5, "usage: test_real_kafka BROKERS MARKET_TOPIC OPPORTUNITY_TOPIC N_EVENTS");
    const uint64_t n = strtoull(argv[4], NULL, 10);
    require(n > N_BOOKS + N_PACED, "more events are needed");
    start(&bench, argv);
    open_partitions(&bench); /* waits for the topics */
    run_flood(&bench, n - N_BOOKS - N_PACED);
    run_paced(&bench);
    check_topics(&bench);
    finish(&bench);
    return EXIT_SUCCESS;
}
