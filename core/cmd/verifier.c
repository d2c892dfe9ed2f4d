#include "cmd/verifier.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "arbspot/consumer.h"
#include "book/event.h"
#include "kafka/reader.h"
#include "util/output.h"
#include "util/clock.h"
#include "util/harmless.h"
#include "util/json_text.h"

enum {
    WIDE_MIN = 138, /* columns of a terminal that the whole table takes */
    BOOKS_MAX = ARB_INSTRUMENTS_MAX * ARB_VENUES_MAX,
    VENUES_MAX = 256, /* in the table; books of further ones count in the verdict all the same */
    WHY_MAX = 512,
    FAULTS_SHOWN = 20, /* books named one by one; more are counted */
};

struct verifier {
    struct kafka_reader *reader;
    struct arb_consumer *consumer;
    int64_t started_ns;     /* monotonic */
    int64_t now_ns;         /* of the last step, likewise: books are looked at as of then */
    int64_t *live_after_ns; /* [BOOKS_MAX] from the start until first LIVE; 0: not yet */
};

/* One line of the table. */
struct row {
    const char *venue;
    uint32_t n_books, n_live;
    struct arb_consumer_counts counts;
    struct arb_clock clock; /* at the newest of its events */
    int64_t clock_ns;       /* when that was received */
    int64_t oldest_ns;      /* age of the LIVE book that changed longest ago; 0 without one */
    int64_t all_live_ns;    /* until the last of them was LIVE; 0 as long as one never was */
    bool is_one_not_live;   /* and never was */
};

struct table {
    struct row rows[VENUES_MAX];
    unsigned n;
};

static const char who[] = "kafka=verify";

int verifier_create(struct verifier **out, const struct kafka_config *kafka, struct err *err)
{
    const struct kafka_reader_config reader = {
        .kafka = kafka, .topic = kafka->market_topic, .start = KAFKA_FROM_TAIL, .who = who
    };
    struct verifier *const verifier = calloc(1, sizeof(*verifier));

    if (verifier == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory");
    }
    verifier->started_ns = verifier->now_ns = clock_mono_ns();
    verifier->live_after_ns = calloc(BOOKS_MAX, sizeof(*verifier->live_after_ns));
    int rc =
        verifier->live_after_ns == NULL ? ARB_ENOMEM : arb_consumer_create(&verifier->consumer);
    if (rc != ARB_OK) {
        (void)err_set(err, rc, "no memory");
        goto fail;
    }
    rc = kafka_reader_create(&verifier->reader, &reader, err);
    if (rc != ARB_OK) {
        goto fail;
    }
    *out = verifier;
    return ARB_OK;

fail:
    verifier_destroy(verifier);
    return rc;
}

void verifier_destroy(struct verifier *verifier)
{
    if (verifier != NULL) {
        kafka_reader_destroy(verifier->reader);
        arb_consumer_destroy(verifier->consumer);
        free(verifier->live_after_ns);
        free(verifier);
    }
}

static struct arb_consumer_book book_at(const struct verifier *verifier, uint32_t i)
{
    return arb_consumer_book_at(verifier->consumer, i, verifier->now_ns);
}

static void note_live(struct verifier *verifier, uint32_t book)
{
    if (verifier->live_after_ns[book] == 0) {
        verifier->live_after_ns[book] = verifier->now_ns - verifier->started_ns;
    }
}

/* With the first word of their host the books become LIVE, without one of their own. */
static void note_all_live(struct verifier *verifier)
{
    const uint32_t n = arb_consumer_n_books(verifier->consumer);

    for (uint32_t i = 0; i < n; i++) {
        if (book_at(verifier, i).book.state == ARB_BOOK_LIVE) {
            note_live(verifier, i);
        }
    }
}

void verifier_step(struct verifier *verifier, int wait_ms)
{
    struct kafka_record record;
    struct arb_consumed consumed;
    const bool is_read = kafka_reader_next(verifier->reader, wait_ms, &record);

    verifier->now_ns = clock_mono_ns();
    if (!is_read) {
        return;
    }
    const struct arb_arrival arrival = { .mono_ns = verifier->now_ns,
                                         .partition = (uint32_t)record.partition,
                                         .is_history = record.is_history };
    (void)arb_consumer_feed(verifier->consumer, record.value, &arrival,
                            &consumed); /* what is not ours is counted there */
    if (consumed.verdict == ARB_VERDICT_ALIVE) {
        kafka_reader_begin_at(verifier->reader, record.partition, consumed.from);
        note_all_live(verifier);
    } else if (consumed.is_live) {
        note_live(verifier, consumed.book);
    }
}

static bool is_live(const struct arb_consumer_book *book)
{
    return book->book.state == ARB_BOOK_LIVE;
}

/* Nothing of it was wrong, and it is LIVE if the host's is. */
static bool is_faultless(const struct arb_consumer_book *book)
{
    const struct arb_consumer_counts *const c = &book->counts;
    return c->gaps == 0 && c->crc_mismatches == 0 && c->failed == 0 &&
           (book->published_state != ARB_BOOK_LIVE || is_live(book));
}

bool verifier_is_proven(const struct verifier *verifier)
{
    const uint32_t n = arb_consumer_n_books(verifier->consumer);
    uint32_t n_live = 0;

    for (uint32_t i = 0; i < n; i++) {
        const struct arb_consumer_book book = book_at(verifier, i);
        if (!is_faultless(&book)) {
            return false;
        }
        n_live += is_live(&book);
    }
    return n_live > 0 && arb_consumer_totals(verifier->consumer).not_ours == 0 &&
           kafka_reader_missing(verifier->reader).n == 0;
}

/* The venue's row, new or old; NULL when the table is full. */
static struct row *row_of(struct table *table, const char *venue)
{
    unsigned i = 0;

    while (i < table->n && strcmp(table->rows[i].venue, venue) != 0) {
        i++;
    }
    if (i == VENUES_MAX) {
        return NULL;
    }
    if (i == table->n) {
        table->rows[table->n++] = (struct row){ .venue = venue };
    }
    return &table->rows[i];
}

static int64_t greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static void add_book(struct row *row, const struct arb_consumer_book *book, int64_t live_after_ns,
                     int64_t now_ns)
{
    row->n_books++;
    arb_consumer_counts_add(&row->counts, &book->counts);
    row->is_one_not_live = row->is_one_not_live || live_after_ns == 0;
    row->all_live_ns = greater(row->all_live_ns, live_after_ns);
    if (arb_clock_is_known(book->book.clock) && book->book.recv_ns > row->clock_ns) {
        row->clock = book->book.clock;
        row->clock_ns = book->book.recv_ns;
    }
    if (is_live(book)) {
        row->n_live++;
        row->oldest_ns = greater(row->oldest_ns, now_ns - book->book.recv_ns);
    }
}

static void tabulate(const struct verifier *verifier, struct table *table)
{
    const uint32_t n = arb_consumer_n_books(verifier->consumer);
    const int64_t now_ns = clock_now_ns();

    table->n = 0;
    for (uint32_t i = 0; i < n; i++) {
        const struct arb_consumer_book book = book_at(verifier, i);
        struct row *const row = row_of(table, book.venue);
        if (row != NULL) {
            add_book(row, &book, verifier->live_after_ns[i], now_ns);
        }
    }
}

/* Milliseconds for people: a double is exact enough for them. */
static double ms_of(int64_t ns)
{
    return (double)ns / (double)NS_PER_MS;
}

/* A name off the topic, without anything that would act on a terminal or end a string. */
struct safe_name {
    char text[JSON_TEXT_GROWTH * ARB_SYMBOL_MAX];
};

static struct safe_name safe(const char *name)
{
    struct safe_name safe;
    *json_text_write(safe.text, (struct arb_bytes){ name, strlen(name) }) = '\0';
    return safe;
}

/* The venue's time minus the host's, and how wrong that may be. */
static void print_clock(struct arb_clock clock, FILE *out)
{
    if (arb_clock_is_known(clock)) {
        (void)fprintf(out, " %+10.2f %7.2f", ms_of(clock.offset_ns), ms_of(clock.error_ns));
    } else {
        (void)fprintf(out, " %10s %7s", "-", "-");
    }
}

/* For a terminal of 80 columns: what decides, and how old. */
static void print_narrow(const struct table *table, FILE *out)
{
    (void)fputs("VENUE         BOOKS   LIVE   MESSAGES   GAPS    CRC   OLDEST ms   CLOCK ms\n",
                out);
    for (unsigned i = 0; i < table->n; i++) {
        const struct row *const row = &table->rows[i];
        const struct arb_consumer_counts *const c = &row->counts;

        (void)fprintf(
            out, "%-12s %6" PRIu32 " %6" PRIu32 " %10" PRIu64 " %6" PRIu64 " %6" PRIu64 " %11.1f",
            safe(row->venue).text, row->n_books, row->n_live, arb_consumer_counts_sum(c), c->gaps,
            c->crc_mismatches, ms_of(row->oldest_ns));
        if (arb_clock_is_known(row->clock)) {
            (void)fprintf(out, " %+10.2f\n", ms_of(row->clock.offset_ns));
        } else {
            (void)fprintf(out, " %10s\n", "-");
        }
    }
}

static void print_row(const struct row *row, FILE *out)
{
    const struct arb_consumer_counts *const c = &row->counts;

    (void)fprintf(out,
                  "%-12s %6" PRIu32 " %6" PRIu32 " %10" PRIu64 " %10" PRIu64 " %10" PRIu64
                  " %6" PRIu64 " %6" PRIu64 " %10" PRIu64 " %11.1f",
                  safe(row->venue).text, row->n_books, row->n_live, arb_consumer_counts_sum(c),
                  c->snapshots, c->duplicates, c->gaps, c->crc_mismatches, c->conflated,
                  ms_of(row->oldest_ns));
    print_clock(row->clock, out);
    if (row->is_one_not_live) {
        (void)fprintf(out, " %12s\n", "never");
    } else {
        (void)fprintf(out, " %12.1f\n", ms_of(row->all_live_ns));
    }
}

static void print_wide(const struct table *table, FILE *out)
{
    (void)fputs("VENUE         BOOKS   LIVE   MESSAGES  SNAPSHOTS DUPLICATES   GAPS    CRC  "
                "CONFLATED   OLDEST ms   CLOCK ms   +- ms  ALL LIVE ms\n",
                out);
    for (unsigned i = 0; i < table->n; i++) {
        print_row(&table->rows[i], out);
    }
}

static void print_fault(const struct arb_consumer_book *book, FILE *out)
{
    const struct arb_consumer_counts *const c = &book->counts;

    (void)fprintf(out,
                  "not proven: %s %s: the host says %s, the copy is %s%s; gaps %" PRIu64
                  ", wrong checksums %" PRIu64 ", without memory %" PRIu64 "\n",
                  safe(book->venue).text, safe(book->instrument->symbol).text,
                  book_state_name(book->published_state), book_state_name(book->book.state),
                  book->is_alive ? "" : " because its host was not heard of for three seconds",
                  c->gaps, c->crc_mismatches, c->failed);
}

/* What keeps anything from coming; a topic that is read and empty included. */
static void print_silence(const struct verifier *verifier, FILE *out)
{
    char buffer[WHY_MAX];
    struct arb_text why = arb_text_over(buffer, sizeof(buffer));

    (void)kafka_reader_explain(verifier->reader, &why); /* whose fault it is does not matter here */
    harmless_line(out, "not proven: no message came: %s", buffer);
}

static void print_faults(const struct verifier *verifier, FILE *out)
{
    const uint32_t n = arb_consumer_n_books(verifier->consumer);
    unsigned n_faults = 0;

    for (uint32_t i = 0; i < n; i++) {
        const struct arb_consumer_book book = book_at(verifier, i);
        if (!is_faultless(&book) && n_faults++ < FAULTS_SHOWN) {
            print_fault(&book, out);
        }
    }
    if (n_faults > FAULTS_SHOWN) {
        (void)fprintf(out, "not proven: %u books more\n", n_faults - FAULTS_SHOWN);
    }
}

/* What is there, nobody knows. */
static void print_unreadable(const struct verifier *verifier, FILE *out)
{
    const struct leaders_missing missing = kafka_reader_missing(verifier->reader);

    if (missing.n > 0) {
        (void)fprintf(
            out,
            "not proven: %u of %u partitions cannot be read, for they have no leader: %s; "
            "is a broker down?\n",
            missing.n, missing.of, missing.list);
    }
}

static double seconds_since_start(const struct verifier *verifier)
{
    return ms_of(clock_mono_ns() - verifier->started_ns) / 1e3;
}

void verifier_print(const struct verifier *verifier, FILE *out)
{
    const struct arb_consumer_counts totals = arb_consumer_totals(verifier->consumer);
    struct table table;

    tabulate(verifier, &table);
    const unsigned width = output_width(fileno(out));
    if (width > 0 && width < WIDE_MIN) {
        print_narrow(&table, out);
    } else {
        print_wide(&table, out);
    }
    print_faults(verifier, out);
    print_unreadable(verifier, out);
    if (arb_consumer_counts_sum(&totals) == 0 && totals.not_ours == 0) {
        print_silence(verifier, out);
    }
    (void)fprintf(out,
                  "%s: %" PRIu32 " books, %" PRIu64 " messages in %.1f s, %" PRIu64 " not ours\n",
                  verifier_is_proven(verifier) ? "proven" : "NOT PROVEN",
                  arb_consumer_n_books(verifier->consumer), arb_consumer_counts_sum(&totals),
                  seconds_since_start(verifier), totals.not_ours);
}

static void print_json_row(const struct row *row, FILE *out)
{
    const struct arb_consumer_counts *const c = &row->counts;

    (void)fprintf(
        out,
        "{\"venue\":\"%s\",\"books\":%" PRIu32 ",\"live\":%" PRIu32 ",\"messages\":%" PRIu64
        ",\"snapshots\":%" PRIu64 ",\"duplicates\":%" PRIu64 ",\"gaps\":%" PRIu64
        ",\"crc_mismatches\":%" PRIu64 ",\"conflated\":%" PRIu64 ",\"oldest_ms\":%.3f",
        safe(row->venue).text, row->n_books, row->n_live, arb_consumer_counts_sum(c), c->snapshots,
        c->duplicates, c->gaps, c->crc_mismatches, c->conflated, ms_of(row->oldest_ns));
    if (arb_clock_is_known(row->clock)) {
        (void)fprintf(out, ",\"clock_offset_ms\":%.6f,\"clock_error_ms\":%.6f",
                      ms_of(row->clock.offset_ns), ms_of(row->clock.error_ns));
    }
    (void)fputs(",\"all_live_ms\":", out);
    if (row->is_one_not_live) {
        (void)fputs("null}", out);
    } else {
        (void)fprintf(out, "%.3f}", ms_of(row->all_live_ns));
    }
}

void verifier_print_json(const struct verifier *verifier, FILE *out)
{
    const struct arb_consumer_counts totals = arb_consumer_totals(verifier->consumer);
    struct table table;

    tabulate(verifier, &table);
    (void)fprintf(
        out,
        "{\"proven\":%s,\"books\":%" PRIu32 ",\"messages\":%" PRIu64 ",\"not_ours\":%" PRIu64
        ",\"partitions_unreadable\":%u,\"seconds\":%.3f,\"venues\":[",
        verifier_is_proven(verifier) ? "true" : "false", arb_consumer_n_books(verifier->consumer),
        arb_consumer_counts_sum(&totals), totals.not_ours, kafka_reader_missing(verifier->reader).n,
        seconds_since_start(verifier));
    for (unsigned i = 0; i < table.n; i++) {
        (void)fputs(i > 0 ? "," : "", out);
        print_json_row(&table.rows[i], out);
    }
    (void)fputs("]}\n", out);
}
