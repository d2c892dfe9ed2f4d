#include "consumer.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "arbspot/abi.h"

int consumer_init(struct consumer *consumer)
{
    *consumer = (struct consumer){ 0 };
    consumer->books = calloc(ARB_INSTRUMENTS_MAX, sizeof(*consumer->books));
    consumer->seqs = calloc(ARB_INSTRUMENTS_MAX, sizeof(*consumer->seqs));
    if (consumer->books == NULL || consumer->seqs == NULL) {
        consumer_fini(consumer);
        return ARB_ENOMEM;
    }
    int rc = ARB_OK;
    for (uint32_t i = 0; i < ARB_INSTRUMENTS_MAX && rc == ARB_OK; i++) {
        rc = book_init(&consumer->books[i], 0);
    }
    return rc;
}

void consumer_fini(struct consumer *consumer)
{
    for (uint32_t i = 0; consumer->books != NULL && i < ARB_INSTRUMENTS_MAX; i++) {
        book_fini(&consumer->books[i]);
    }
    free(consumer->books);
    free(consumer->seqs);
    *consumer = (struct consumer){ 0 };
}

static void set_flaw(struct consumer *consumer, const struct event *event, const char *what)
{
    if (consumer->flaw[0] == '\0') {
        (void)snprintf(consumer->flaw, sizeof(consumer->flaw), "%s seq=%" PRIu64 ": %s",
                       event->info->symbol, event->seq, what);
    }
}

static int apply(struct book_side *side, const struct arb_level *levels, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        const int rc = book_side_set(side, &levels[i]);
        if (rc < ARB_OK) {
            return rc;
        }
    }
    return ARB_OK;
}

static int take_levels(struct book *book, const struct event *event)
{
    if (event->kind == EVENT_SNAPSHOT) {
        book_clear(book);
    }
    const int rc = apply(&book->bids, event->bids, event->n_bids);
    return rc != ARB_OK ? rc : apply(&book->asks, event->asks, event->n_asks);
}

static bool is_positive(const struct book_side *side)
{
    const struct arb_level *const levels = book_side_begin(side);
    for (uint32_t i = 0; i < side->n; i++) {
        if (levels[i].px <= 0 || levels[i].qty <= 0) {
            return false;
        }
    }
    return true;
}

/* What is wrong with a book that is said to be LIVE, or NULL. */
static const char *flaw_of(const struct book *book, const struct event *event)
{
    const uint32_t crc = event_book_crc(book_side_begin(&book->bids), book->bids.n,
                                        book_side_begin(&book->asks), book->asks.n);

    if (book_is_crossed(book)) {
        return "the book is LIVE and crossed";
    }
    if (!is_positive(&book->bids) || !is_positive(&book->asks)) {
        return "the book is LIVE with a price or quantity that is not positive";
    }
    return crc == event->crc ? NULL : "the event's checksum is not that of the consumer's book";
}

static void check_depth(struct consumer *consumer, const struct book *book,
                        const struct event *event)
{
    const size_t n = book->bids.n > book->asks.n ? book->bids.n : book->asks.n;
    char what[128];

    if (consumer->depth != 0 && n > consumer->depth) {
        (void)snprintf(what, sizeof(what),
                       "the plan says depth %" PRIu32
                       ", a book has %zu levels: set max_depth in each event",
                       consumer->depth, n);
        set_flaw(consumer, event, what);
    }
}

void consumer_take(struct consumer *consumer, const struct event *event)
{
    struct book *const book = &consumer->books[event->instrument];
    uint64_t *const seq = &consumer->seqs[event->instrument];

    if (event->seq != *seq + 1 || event->prev_seq != *seq) {
        set_flaw(consumer, event, "the sequence has a gap");
    }
    *seq = event->seq;
    if (event->kind == EVENT_STATUS) {
        return;
    }
    if (event->state != ARB_BOOK_LIVE) {
        set_flaw(consumer, event, "levels of a book that is not LIVE");
    }
    const char *const flaw =
        take_levels(book, event) == ARB_OK ? flaw_of(book, event) : "no memory for the book";
    if (flaw != NULL) {
        set_flaw(consumer, event, flaw);
    }
    check_depth(consumer, book, event);
}
