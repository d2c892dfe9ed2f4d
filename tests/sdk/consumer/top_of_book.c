/*
 * top_of_book.c - a whole consumer in a page: messages of the market-data topic on stdin, one a
 * line, and the best prices of each book that changed on stdout.
 *
 *     kcat -C -q -u -b HOST:PORT -t market-data | top_of_book
 */
#define _POSIX_C_SOURCE 200809L
#include <arbspot/consumer.h>
#include <arbspot/decimal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void print_price(const struct arb_level *level, unsigned px_scale)
{
    char text[ARB_DECIMAL_TEXT_MAX];
    const unsigned len = arb_decimal_write(level->px, px_scale, ARB_DIGITS_UNKNOWN, text);
    printf(" %.*s", (int)len, text);
}

static void print_top(const struct arb_consumer_book *b)
{
    printf("%s %s", b->venue, b->instrument->symbol);
    if (b->book.state != ARB_BOOK_LIVE) {
        printf(" not live");
    } else if (b->book.n_bids > 0 && b->book.n_asks > 0) {
        print_price(arb_bid_at(&b->book, 0), b->instrument->px_scale);
        print_price(arb_ask_at(&b->book, 0), b->instrument->px_scale);
    }
    printf("\n");
}

/* Counts while the machine sleeps, too: what was heard before is old afterwards. */
static int64_t mono_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int main(void)
{
    struct arb_consumer *consumer;
    char *line = NULL;
    size_t cap = 0;

    if (arb_consumer_create(&consumer) != ARB_OK) {
        return EXIT_FAILURE;
    }
    for (ssize_t len; (len = getline(&line, &cap, stdin)) > 0;) {
        const struct arb_arrival arrival = { .mono_ns = mono_ns() };
        const struct arb_bytes message = { line, (size_t)len };
        struct arb_consumed consumed;
        const int rc = arb_consumer_feed(consumer, message, &arrival, &consumed);
        if (rc == ARB_OK && arb_verdict_is_change(consumed.verdict)) {
            const struct arb_consumer_book book =
                arb_consumer_book_at(consumer, consumed.book, arrival.mono_ns);
            print_top(&book);
        }
    }
    free(line);
    arb_consumer_destroy(consumer);
    return EXIT_SUCCESS;
}
