/*
 * live_watch BROKERS TOPIC - what a consumer sees that uses the installed library: every 20 ms the
 * time (CLOCK_BOOTTIME, ns) and how many books of each venue are LIVE, as "TIME VENUE=N ...".
 */
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arbspot/consumer.h"
#include "kafka/reader.h"
#include "util/clock.h"

enum { LOOK_MS = 20, VENUES_MAX = 16 };

static volatile sig_atomic_t is_ended;

static void on_end(int number)
{
    (void)number;
    is_ended = 1;
}

struct tally {
    const char *venue;
    unsigned n_live;
};

static struct tally *tally_of(struct tally *tallies, const char *venue)
{
    unsigned i = 0;

    while (i < VENUES_MAX - 1 && tallies[i].venue != NULL && strcmp(tallies[i].venue, venue) != 0) {
        i++;
    }
    tallies[i].venue = venue;
    return &tallies[i];
}

static void look(const struct arb_consumer *consumer, int64_t now_ns)
{
    struct tally tallies[VENUES_MAX] = { { NULL, 0 } };
    const uint32_t n = arb_consumer_n_books(consumer);

    for (uint32_t i = 0; i < n; i++) {
        const struct arb_consumer_book book = arb_consumer_book_at(consumer, i, now_ns);
        tally_of(tallies, book.venue)->n_live += book.book.state == ARB_BOOK_LIVE;
    }
    (void)printf("%" PRId64, now_ns); /* fflush() will tell */
    for (unsigned i = 0; i < VENUES_MAX && tallies[i].venue != NULL; i++) {
        (void)printf(" %s=%u", tallies[i].venue, tallies[i].n_live);
    }
    (void)putchar('\n');
    if (fflush(stdout) != 0) {
        exit(EXIT_FAILURE);
    }
}

static void read_until(struct kafka_reader *reader, struct arb_consumer *consumer, int64_t end_ns)
{
    struct kafka_record record;
    struct arb_consumed consumed;

    for (int64_t now_ns; (now_ns = clock_mono_ns()) < end_ns;) {
        if (!kafka_reader_next(reader, (int)((end_ns - now_ns) / NS_PER_MS) + 1, &record)) {
            continue;
        }
        const struct arb_arrival arrival = { .mono_ns = clock_mono_ns(),
                                             .partition = (uint32_t)record.partition,
                                             .is_history = record.is_history };
        if (arb_consumer_feed(consumer, record.value, &arrival, &consumed) == ARB_OK &&
            consumed.verdict == ARB_VERDICT_ALIVE) {
            kafka_reader_begin_at(reader, record.partition, consumed.from);
        }
    }
}

int main(int argc, char **argv)
{
    const struct sigaction end = { .sa_handler = on_end };
    struct arb_consumer *consumer = NULL;
    struct kafka_reader *reader = NULL;
    struct err err = { 0 };

    if (argc != 3) {
        (void)fprintf(stderr, "Usage: live_watch BROKERS TOPIC\n");
        return EXIT_FAILURE;
    }
    const struct kafka_config kafka = { .brokers = argv[1] };
    const struct kafka_reader_config config = {
        .kafka = &kafka, .topic = argv[2], .start = KAFKA_FROM_TAIL, .who = "kafka=live_watch"
    };
    if (sigaction(SIGTERM, &end, NULL) != 0 || arb_consumer_create(&consumer) != ARB_OK ||
        kafka_reader_create(&reader, &config, &err) != ARB_OK) {
        (void)fprintf(stderr, "live_watch: cannot start: %s\n", err.text);
        return EXIT_FAILURE;
    }
    while (!is_ended) {
        look(consumer, clock_mono_ns());
        read_until(reader, consumer, clock_mono_ns() + LOOK_MS * NS_PER_MS);
    }
    kafka_reader_destroy(reader);
    arb_consumer_destroy(consumer);
    return EXIT_SUCCESS;
}
