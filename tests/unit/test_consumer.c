/* The consumer library on messages as they lie on the topic, and on what can happen to them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arbspot/consumer.h"
#include "wire/wire.h"
#include "chance.h"
#include "feed_stub.h"

enum {
    MESSAGE_MAX = 4096,
    N_BOOKS = 4,      /* two instruments at two venues */
    LEVELS_MAX = 10,  /* a side: as many as the checksum covers, so that it proves them all */
    STREAM_LEN = 400, /* messages of one scenario */
    SCENARIOS = 200,
};

static const int64_t pub_ns = 1700000000000000003;

struct message {
    char text[MESSAGE_MAX];
    size_t len;
};

#define NOW_NS INT64_C(1000000000000)

static const struct arb_arrival arrival = { .mono_ns = NOW_NS };

static void encode(const struct event *event, struct message *message)
{
    static const struct wire_alive alive = { .from = -1, .host = "here/1" };

    if (event->kind == EVENT_ALIVE) {
        message->len = wire_write_alive(event, &alive, pub_ns, message->text);
        return;
    }
    assert_true(wire_event_bound(event) <= MESSAGE_MAX);
    message->len = wire_write_event(event, pub_ns, message->text);
}

static int feed(struct arb_consumer *consumer, const struct message *message,
                struct arb_consumed *consumed)
{
    return arb_consumer_feed(consumer, (struct arb_bytes){ message->text, message->len }, &arrival,
                             consumed);
}

static int feed_event(struct arb_consumer *consumer, struct event event,
                      struct arb_consumed *consumed)
{
    struct message message;

    event.px_digits = event.qty_digits = ARB_DIGITS_UNKNOWN;
    encode(&event, &message);
    return feed(consumer, &message, consumed);
}

static int feed_text(struct arb_consumer *consumer, const char *text, struct arb_consumed *consumed)
{
    return arb_consumer_feed(consumer, (struct arb_bytes){ text, strlen(text) }, &arrival,
                             consumed);
}

/* The venue says that it is watched. */
static void hear(struct arb_consumer *consumer, const struct feed_stub *stub)
{
    struct arb_consumed consumed;

    assert_int_equal(ARB_OK, feed_event(consumer, feed_stub_alive(stub, NOW_NS), &consumed));
    assert_int_equal(ARB_VERDICT_ALIVE, consumed.verdict);
}

struct world {
    struct arb_consumer *consumer;
    struct arb_consumed consumed; /* of the last message */
    struct feed_stub a, b;        /* BTC/USD on two venues */
};

static int set_up(void **state)
{
    struct world *const world = calloc(1, sizeof(*world));

    assert_non_null(world);
    assert_int_equal(ARB_OK, arb_consumer_create(&world->consumer));
    feed_stub_init(&world->a, "ask_inc", "BTC/USD");
    feed_stub_init(&world->b, "bidex", "BTC/USD");
    hear(world->consumer, &world->a);
    hear(world->consumer, &world->b);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *const world = *state;

    feed_stub_fini(&world->a);
    feed_stub_fini(&world->b);
    arb_consumer_destroy(world->consumer);
    free(world);
    return 0;
}

static void snapshot_makes_a_proven_book(void **state)
{
    struct world *const world = *state;

    assert_int_equal(ARB_OK, feed_event(world->consumer, feed_stub_quote(&world->a, 100, 101),
                                        &world->consumed));
    assert_int_equal(ARB_VERDICT_SNAPSHOT, world->consumed.verdict);
    assert_true(world->consumed.is_live);
    assert_int_equal(pub_ns, world->consumed.pub_ns);
    const struct arb_consumer_book book = arb_consumer_book_at(world->consumer, 0, NOW_NS);
    assert_string_equal("ask_inc", book.venue);
    assert_string_equal("BTC/USD", book.instrument->symbol);
    assert_int_equal(2, book.instrument->px_scale);
    assert_int_equal(100, arb_bid_at(&book.book, 0)->px);
    assert_int_equal(101, arb_ask_at(&book.book, 0)->px);
}

static void book_shows_the_clock_of_its_venue(void **state)
{
    struct world *const world = *state;
    struct event event = feed_stub_quote(&world->a, 100, 101);

    event.clock = (struct arb_clock){ .offset_ns = -250, .error_ns = 3 };
    (void)feed_event(world->consumer, event, &world->consumed);
    const struct arb_clock clock = arb_consumer_book_at(world->consumer, 0, NOW_NS).book.clock;
    assert_int_equal(-250, clock.offset_ns);
    assert_int_equal(3, clock.error_ns);
}

static void venues_of_an_instrument_are_books_of_their_own(void **state)
{
    struct world *const world = *state;

    (void)feed_event(world->consumer, feed_stub_quote(&world->a, 100, 101), &world->consumed);
    (void)feed_event(world->consumer, feed_stub_quote(&world->b, 90, 95), &world->consumed);
    assert_int_equal(1, world->consumed.book);
    assert_int_equal(2, arb_consumer_n_books(world->consumer));
    (void)feed_event(world->consumer, feed_stub_set_bid(&world->a, 99, 7), &world->consumed);
    assert_int_equal(0, world->consumed.book);
}

static void lost_message_is_a_fault_of_the_copy(void **state)
{
    struct world *const world = *state;

    (void)feed_event(world->consumer, feed_stub_quote(&world->a, 100, 101), &world->consumed);
    (void)feed_stub_set_bid(&world->a, 99, 7); /* lost */
    (void)feed_event(world->consumer, feed_stub_set_bid(&world->a, 98, 7), &world->consumed);
    assert_int_equal(ARB_VERDICT_GAP, world->consumed.verdict);
    assert_false(world->consumed.is_live);
    const struct arb_consumer_book book = arb_consumer_book_at(world->consumer, 0, NOW_NS);
    assert_int_equal(ARB_BOOK_STALE, book.book.state);
    assert_int_equal(ARB_BOOK_LIVE, book.published_state);
}

static void book_that_the_host_calls_stale_is_no_fault_of_the_copy(void **state)
{
    struct world *const world = *state;

    (void)feed_event(world->consumer, feed_stub_quote(&world->a, 100, 101), &world->consumed);
    (void)feed_event(world->consumer, feed_stub_status(&world->a, ARB_BOOK_STALE, ARB_TRADING_OPEN),
                     &world->consumed);
    assert_int_equal(ARB_BOOK_STALE,
                     arb_consumer_book_at(world->consumer, 0, NOW_NS).published_state);
}

static void duplicate_does_not_take_back_what_the_host_says(void **state)
{
    struct world *const world = *state;
    struct message snapshot;
    struct event event = feed_stub_quote(&world->a, 100, 101);

    encode(&event, &snapshot);
    (void)feed(world->consumer, &snapshot, &world->consumed);
    (void)feed_event(world->consumer, feed_stub_status(&world->a, ARB_BOOK_STALE, ARB_TRADING_OPEN),
                     &world->consumed);
    (void)feed(world->consumer, &snapshot, &world->consumed);
    assert_int_equal(ARB_VERDICT_DUPLICATE, world->consumed.verdict);
    assert_int_equal(ARB_BOOK_STALE,
                     arb_consumer_book_at(world->consumer, 0, NOW_NS).published_state);
}

static void session_with_other_units_is_read_in_them(void **state)
{
    struct world *const world = *state;

    (void)feed_event(world->consumer, feed_stub_quote(&world->a, 100, 101), &world->consumed);
    world->a.session++;
    world->a.info.px_scale = 4;
    hear(world->consumer, &world->a);
    (void)feed_event(world->consumer, feed_stub_quote(&world->a, 10000, 10100), &world->consumed);
    assert_true(world->consumed.is_live);
    assert_int_equal(4, arb_consumer_book_at(world->consumer, 0, NOW_NS).instrument->px_scale);
}

static void what_is_not_ours_is_named_and_counted(void **state)
{
    struct world *const world = *state;

    assert_int_equal(ARB_EPROTO, feed_text(world->consumer, "", &world->consumed));
    assert_int_equal(ARB_EPROTO, feed_text(world->consumer, "{\"v\":1}", &world->consumed));
    assert_int_equal(ARB_ENOTSUP, feed_text(world->consumer, "{\"v\":2}", &world->consumed));
    assert_int_equal(ARB_VERDICT_NOT_OURS, world->consumed.verdict);
    assert_int_equal(3, arb_consumer_totals(world->consumer).not_ours);
    assert_int_equal(0, arb_consumer_n_books(world->consumer));
}

static void as_many_venues_as_the_limit_are_taken(void **state)
{
    struct world *const world = *state;
    int rc = ARB_OK;

    for (unsigned i = 0; i < ARB_VENUES_MAX; i++) {
        (void)snprintf(world->a.venue.name, sizeof(world->a.venue.name), "v%u", i);
        rc = feed_event(world->consumer, feed_stub_quote(&world->a, 100, 101), &world->consumed);
        assert_int_equal(ARB_OK, rc);
    }
    rc = feed_event(world->consumer, feed_stub_quote(&world->b, 100, 101), &world->consumed);
    assert_int_equal(ARB_ELIMIT, rc);
}

static void as_many_instruments_as_the_limit_are_taken(void **state)
{
    struct world *const world = *state;
    int rc = ARB_OK;

    for (unsigned i = 0; i < ARB_INSTRUMENTS_MAX; i++) {
        (void)snprintf(world->a.info.symbol, sizeof(world->a.info.symbol), "C%u/USD", i);
        rc = feed_event(world->consumer, feed_stub_quote(&world->a, 100, 101), &world->consumed);
        assert_int_equal(ARB_OK, rc);
    }
    rc = feed_event(world->consumer, feed_stub_quote(&world->b, 100, 101), &world->consumed);
    assert_int_equal(ARB_ELIMIT, rc);
}

/* -- seeded streams with faults --------------------------------------------------------- */

/* A book as it is behind one message. */
struct truth {
    struct arb_level bids[LEVELS_MAX], asks[LEVELS_MAX];
    uint32_t n_bids, n_asks;
};

struct sent {
    struct message message;
    unsigned feed;
    struct truth truth;
};

struct scenario {
    struct chance chance;
    struct feed_stub feeds[N_BOOKS];
    bool is_live[N_BOOKS];
    struct sent stream[STREAM_LEN + N_BOOKS + 1];
    unsigned n;
    struct arb_consumer *consumer;
    uint64_t n_fed;
};

static void note_truth(struct truth *truth, const struct book *book)
{
    truth->n_bids = book->bids.n;
    truth->n_asks = book->asks.n;
    assert_true(truth->n_bids <= LEVELS_MAX && truth->n_asks <= LEVELS_MAX);
    for (uint32_t i = 0; i < truth->n_bids; i++) {
        truth->bids[i] = book_side_begin(&book->bids)[i];
    }
    for (uint32_t i = 0; i < truth->n_asks; i++) {
        truth->asks[i] = book_side_begin(&book->asks)[i];
    }
}

/* As a host would go on: deltas only while LIVE, and a snapshot before it is LIVE again. */
static void send(struct scenario *s, unsigned i, struct event event)
{
    struct sent *const sent = &s->stream[s->n++];

    event.px_digits = event.qty_digits = ARB_DIGITS_UNKNOWN;
    sent->feed = event.kind == EVENT_ALIVE ? N_BOOKS : i;
    encode(&event, &sent->message);
    note_truth(&sent->truth, &s->feeds[i].book);
}

/* The venue's host is started again: it says so, and first of each book the whole. */
static void restart(struct scenario *s, unsigned i)
{
    const unsigned other = (i + 2) % N_BOOKS; /* of the same venue */

    s->feeds[i].session++;
    s->feeds[other].session++;
    s->is_live[other] = false;
    send(s, i, feed_stub_alive(&s->feeds[i], NOW_NS));
}

static struct event next_event(struct scenario *s, unsigned i)
{
    struct feed_stub *const stub = &s->feeds[i];
    const uint32_t what = chance_below(&s->chance, 40);
    const int64_t qty = chance_below(&s->chance, 4);

    if (what == 0) {
        s->is_live[i] = false;
        return feed_stub_status(stub, ARB_BOOK_STALE, ARB_TRADING_OPEN);
    }
    if (what == 1) {
        restart(s, i);
    }
    if (what < 4 || !s->is_live[i]) {
        s->is_live[i] = true;
        return feed_stub_snapshot(stub);
    }
    if (what < 6) {
        return feed_stub_status(stub, ARB_BOOK_LIVE, ARB_TRADING_LIMITED);
    }
    const int64_t distance = chance_below(&s->chance, LEVELS_MAX);
    return what % 2 == 0 ? feed_stub_set_bid(stub, 99 - distance, qty)
                         : feed_stub_set_ask(stub, 101 + distance, qty);
}

/* What the host said, in its order; at the end each book as a whole. */
static void record(struct scenario *s)
{
    static const char *const names[N_BOOKS][2] = {
        { "ask_inc", "BTC/USD" },
        { "bidex", "BTC/USD" },
        { "ask_inc", "ETH/USD" },
        { "bidex", "ETH/USD" },
    };
    for (unsigned i = 0; i < N_BOOKS; i++) {
        feed_stub_init(&s->feeds[i], names[i][0], names[i][1]);
    }
    while (s->n < STREAM_LEN) {
        const unsigned i = chance_below(&s->chance, N_BOOKS);
        send(s, i, next_event(s, i));
    }
    for (unsigned i = 0; i < N_BOOKS; i++) {
        send(s, i, feed_stub_snapshot(&s->feeds[i]));
    }
}

/* The first quantity becomes another one: the price stays where the checksum covers it. */
static void damage(struct message *message)
{
    char *const price = memmem(message->text, message->len, "[[\"", 3);

    if (price != NULL) {
        char *const qty = strstr(price, "\",\"") + 3;
        *qty = *qty == '7' ? '8' : '7';
    }
}

/* What the copy says it is, in the stream: the message of its book with that number. */
static const struct truth *truth_of(const struct scenario *s, unsigned feed, uint64_t seq)
{
    uint64_t n = 0;

    for (unsigned i = 0; i < s->n; i++) {
        n += s->stream[i].feed == feed;
        if (s->stream[i].feed == feed && n == seq) {
            return &s->stream[i].truth;
        }
    }
    return NULL;
}

static void assert_same_side(const struct arb_level *a, uint32_t n_a, const struct arb_level *b,
                             uint32_t n_b)
{
    assert_int_equal(n_a, n_b);
    if (n_a > 0) {
        assert_memory_equal(a, b, n_a * sizeof(*a));
    }
}

static void assert_right_or_not_live(const struct scenario *s, unsigned feed, uint32_t number)
{
    const struct arb_book book = arb_consumer_book_at(s->consumer, number, NOW_NS).book;

    if (book.state != ARB_BOOK_LIVE) {
        return;
    }
    const struct truth *const truth = truth_of(s, feed, book.seq);
    assert_non_null(truth);
    assert_same_side(book.bids, book.n_bids, truth->bids, truth->n_bids);
    assert_same_side(book.asks, book.n_asks, truth->asks, truth->n_asks);
}

static void deliver(struct scenario *s, const struct sent *sent, bool is_damaged)
{
    struct message message = sent->message;
    struct arb_consumed consumed;

    if (is_damaged) {
        damage(&message);
    }
    s->n_fed++;
    assert_int_equal(ARB_OK, feed(s->consumer, &message, &consumed));
    if (sent->feed < N_BOOKS) {
        assert_right_or_not_live(s, sent->feed, consumed.book);
    }
}

/* One message, or what became of it on the way. */
static void transmit(struct scenario *s, unsigned i)
{
    switch (chance_below(&s->chance, 30)) {
    case 0:
        return; /* lost */
    case 1:
        deliver(s, &s->stream[i], false);
        deliver(s, &s->stream[i], false);
        return;
    case 2:
        deliver(s, &s->stream[i + 1], false); /* overtaken, and there once more in its place */
        deliver(s, &s->stream[i], false);
        return;
    case 3:
        deliver(s, &s->stream[i - chance_below(&s->chance, i + 1)], false); /* an old one */
        deliver(s, &s->stream[i], false);
        return;
    case 4:
        deliver(s, &s->stream[i], true);
        return;
    default:
        deliver(s, &s->stream[i], false);
    }
}

static void fini(struct scenario *s)
{
    for (unsigned i = 0; i < N_BOOKS; i++) {
        feed_stub_fini(&s->feeds[i]);
    }
    arb_consumer_destroy(s->consumer);
    free(s);
}

/* One scenario from its seed; adds what was noticed to `noticed`. */
static void play(uint64_t seed, struct arb_consumer_counts *noticed)
{
    struct scenario *const s = calloc(1, sizeof(*s));

    assert_non_null(s);
    s->chance.state = seed;
    assert_int_equal(ARB_OK, arb_consumer_create(&s->consumer));
    record(s);
    hear(s->consumer, &s->feeds[0]);
    hear(s->consumer, &s->feeds[1]);
    s->n_fed += 2;
    for (unsigned i = 0; i < STREAM_LEN; i++) {
        transmit(s, i);
    }
    hear(s->consumer, &s->feeds[0]);
    hear(s->consumer, &s->feeds[1]);
    s->n_fed += 2;
    for (unsigned i = STREAM_LEN; i < s->n; i++) {
        deliver(s, &s->stream[i], false);
    }
    for (uint32_t i = 0; i < N_BOOKS; i++) {
        assert_int_equal(ARB_BOOK_LIVE, arb_consumer_book_at(s->consumer, i, NOW_NS).book.state);
    }
    const struct arb_consumer_counts totals = arb_consumer_totals(s->consumer);
    assert_int_equal(s->n_fed, arb_consumer_counts_sum(&totals));
    noticed->gaps += totals.gaps;
    noticed->duplicates += totals.duplicates;
    noticed->crc_mismatches += totals.crc_mismatches;
    fini(s);
}

static void copy_is_right_or_not_live_after_every_message(void **state)
{
    struct chance chance = chance_init("consumer", 20260101);
    struct arb_consumer_counts noticed = { 0 };

    (void)state;
    for (unsigned i = 0; i < SCENARIOS; i++) {
        play(chance_next(&chance), &noticed);
    }
    assert_true(noticed.gaps > SCENARIOS);
    assert_true(noticed.duplicates > SCENARIOS);
    assert_true(noticed.crc_mismatches > SCENARIOS);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(snapshot_makes_a_proven_book),
        TEST(book_shows_the_clock_of_its_venue),
        TEST(venues_of_an_instrument_are_books_of_their_own),
        TEST(lost_message_is_a_fault_of_the_copy),
        TEST(book_that_the_host_calls_stale_is_no_fault_of_the_copy),
        TEST(duplicate_does_not_take_back_what_the_host_says),
        TEST(session_with_other_units_is_read_in_them),
        TEST(what_is_not_ours_is_named_and_counted),
        TEST(as_many_venues_as_the_limit_are_taken),
        TEST(as_many_instruments_as_the_limit_are_taken),
        cmocka_unit_test(copy_is_right_or_not_live_after_every_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
