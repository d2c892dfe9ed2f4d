/*
 * topic_witness - a consumer of market-data that keeps a record of what it took for true.
 *
 *     topic_witness BROKERS TOPIC RECORD [again]
 *
 * Reads the topic from its beginning with the consumer library, whatever becomes of the broker,
 * until SIGINT or SIGTERM. For every change after which its copy of a book
 * was LIVE it adds a line to RECORD: UTC nanoseconds of now and of the host's receipt, venue,
 * symbol, session, sequence, and the CRC-32 of all levels, bids before asks and worst first. Then
 * prints what the library counted, as JSON. With `again` it takes what was there before it came for
 * the present, so that the record shows what was LIVE then.
 */
#include <inttypes.h>
#include <libdeflate.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include "arbspot/consumer.h"
#include "kafka/reader.h"
#include "util/clock.h"

enum { WAIT_MS = 100 /* the longest a signal waits */ };

static volatile sig_atomic_t wants_end; /* set by signals */

static void on_end(int signal)
{
    (void)signal;
    wants_end = 1;
}

struct witness {
    struct kafka_config config;
    struct kafka_reader *reader;
    struct arb_consumer *consumer;
    FILE *record;
    bool is_again; /* takes the whole topic for the present: what was LIVE then is to be seen */
};

static void fail(const char *what, const char *why)
{
    (void)fprintf(stderr, "topic_witness: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static void open_all(struct witness *w, char **argv)
{
    const struct kafka_reader_config reader = {
        .kafka = &w->config, .topic = argv[2], .start = KAFKA_FROM_BEGINNING, .who = "kafka=witness"
    };
    const struct sigaction end = { .sa_handler = on_end };
    struct err err = { 0 };

    w->config.brokers = argv[1];
    w->is_again = argv[4] != NULL;
    w->record = fopen(argv[3], "we");
    if (w->record == NULL || setvbuf(w->record, NULL, _IOLBF, BUFSIZ) != 0) {
        fail(argv[3], "cannot be written");
    }
    if (sigaction(SIGINT, &end, NULL) != 0 || sigaction(SIGTERM, &end, NULL) != 0 ||
        arb_consumer_create(&w->consumer) != ARB_OK ||
        kafka_reader_create(&w->reader, &reader, &err) != ARB_OK) {
        fail("cannot start", err.text);
    }
}

static void close_all(struct witness *w)
{
    kafka_reader_destroy(w->reader);
    arb_consumer_destroy(w->consumer);
    if (fclose(w->record) != 0) {
        fail("the record", "not all of it could be written");
    }
}

static uint32_t digest(const struct arb_book *book)
{
    const uint32_t crc = libdeflate_crc32(0, book->bids, book->n_bids * sizeof(*book->bids));
    return libdeflate_crc32(crc, book->asks, book->n_asks * sizeof(*book->asks));
}

static void note_copy(const struct witness *w, uint32_t number, int64_t now_ns)
{
    const struct arb_consumer_book book = arb_consumer_book_at(w->consumer, number, now_ns);

    (void)fprintf(w->record,
                  "%" PRId64 " %" PRId64 " %s %s %016" PRIx64 " %" PRIu64 " %" PRIu32 "\n",
                  clock_now_ns(), book.book.recv_ns, book.venue, book.instrument->symbol,
                  book.session, book.book.seq, digest(&book.book)); /* fclose() is checked */
}

static void step(const struct witness *w)
{
    struct kafka_record record;
    struct arb_consumed consumed;

    if (!kafka_reader_next(w->reader, WAIT_MS, &record)) {
        return;
    }
    const struct arb_arrival arrival = { .mono_ns = clock_mono_ns(),
                                         .partition = (uint32_t)record.partition,
                                         .is_history = record.is_history && !w->is_again };
    if (arb_consumer_feed(w->consumer, record.value, &arrival, &consumed) == ARB_OK &&
        consumed.is_live && arb_verdict_is_change(consumed.verdict)) {
        note_copy(w, consumed.book, arrival.mono_ns);
    }
}

static void print_counts(const struct arb_consumer_counts *c)
{
    (void)printf("{\"messages\":%" PRIu64 ",\"snapshots\":%" PRIu64 ",\"duplicates\":%" PRIu64
                 ",\"awaiting\":%" PRIu64 ",\"gaps\":%" PRIu64 ",\"crc_mismatches\":%" PRIu64
                 ",\"failed\":%" PRIu64 ",\"not_ours\":%" PRIu64 ",\"conflated\":%" PRIu64 "}\n",
                 arb_consumer_counts_sum(c) - c->alive, c->snapshots, c->duplicates, c->awaiting,
                 c->gaps, c->crc_mismatches, c->failed, c->not_ours, c->conflated);
}

int main(int argc, char **argv)
{
    struct witness witness = { .reader = NULL };

    if (argc != 4 && argc != 5) {
        (void)fprintf(stderr, "Usage: topic_witness BROKERS TOPIC RECORD [again]\n");
        return EXIT_FAILURE;
    }
    open_all(&witness, argv);
    while (!wants_end) {
        step(&witness);
    }
    const struct arb_consumer_counts counts = arb_consumer_totals(witness.consumer);
    close_all(&witness);
    print_counts(&counts);
    return EXIT_SUCCESS;
}
