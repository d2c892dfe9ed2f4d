#include "bitstamp_books.h"

#include <stdlib.h>

#include "fault_frame.h"
#include "util/clock.h"

enum {
    TOP_LEVELS = 100, /* a side in order_book frames */
    /* Between order_book_ frames of btcusd: 79 to 150 ms, fresher than the diffs. Source: live
     * probe of 2026-09-15, nemanull/arbitrage-observatory docs/profiles/bitstamp/websocket.md. */
    TOP_MIN_US = 79000,
    TOP_MAX_US = 150000,
    /* What one diff collects. Source: ten neighbouring diffs of btcusd of 2026-08-24 (tickvault
     * docs/venues.md, sample of the same day) are 323,140 to 325,250 us apart. */
    WINDOW_MIN_US = 323000,
    WINDOW_MAX_US = 325300,
    /* Between two REST books at the origin; the edge keeps one for a second. With both, a book is
     * up to 1.75 s old; 30 recorded ones of 2021/22 were 0.07 to 2.56 s old on arrival. */
    REST_MIN_MS = 110,
    REST_MAX_MS = 750,
    REST_BOOKS_MAX = 3, /* that fall into a window */
    /* Room in books, in times of the market's depth. */
    RETIRED_ROOM = 16,                 /* for prices at which ids were used up */
    PENDING_ROOM = REST_BOOKS_MAX + 1, /* for the last diff's prices, and each REST book's since */
    DIFF_ROOM = PENDING_ROOM + 1,      /* for these and the present ones */
};

#define US_NS INT64_C(1000)

_Static_assert(REST_BOOKS_MAX *REST_MIN_MS * 1000 > WINDOW_MAX_US, "no window has more of them");

/* What is due, in this order at equal times. */
enum what { DIFF = 1, TOP = 2, REST_BOOK = 3 };

struct bitstamp_product *bitstamp_product(const struct common_venue *venue, uint32_t instrument)
{
    return &((struct bitstamp_books *)common_own(venue))->products[instrument];
}

const struct sim_book *bitstamp_room(const struct common_venue *venue)
{
    return &((const struct bitstamp_books *)common_own(venue))->room;
}

struct bitstamp_book bitstamp_frame(const struct common_venue *venue, uint32_t instrument,
                                    int64_t now_ns)
{
    return (struct bitstamp_book){
        .instrument = &common_config(venue)->instruments->items[instrument],
        .at_ns = common_time_ns(venue, now_ns),
    };
}

/* -- moments ------------------------------------------------------------------------------- */

/* `ns`, or the next whole microsecond: what is sent is dated in them. */
static int64_t whole_us(int64_t ns)
{
    return (ns + US_NS - 1) / US_NS * US_NS;
}

static void plan(struct common_venue *venue, uint32_t instrument, struct bitstamp_stream *stream,
                 enum what what)
{
    common_plan(venue, stream->next_ns, what, instrument);
    stream->is_planned = true;
}

/* Windows follow each other without a pause: where the present one stands, nobody can tell. */
static void plan_diff(struct common_venue *venue, uint32_t instrument, int64_t now_ns)
{
    struct bitstamp_stream *const diff = &bitstamp_product(venue, instrument)->diff;

    if (diff->next_ns <= now_ns) {
        diff->next_ns =
            whole_us(now_ns + prng_between(common_chance(venue), 1, WINDOW_MAX_US * US_NS));
    }
    plan(venue, instrument, diff, DIFF);
}

static void plan_top(struct common_venue *venue, uint32_t instrument, int64_t now_ns)
{
    struct bitstamp_stream *const top = &bitstamp_product(venue, instrument)->top;

    if (top->next_ns <= now_ns) {
        top->next_ns = whole_us(now_ns);
    }
    plan(venue, instrument, top, TOP);
}

/* At the end of a microsecond: a REST book contains everything that is dated like it. */
static void plan_rest_book(struct common_venue *venue, uint32_t instrument, int64_t now_ns)
{
    const int64_t after_ns =
        prng_between(common_chance(venue), REST_MIN_MS * NS_PER_MS, REST_MAX_MS * NS_PER_MS);
    common_plan(venue, whole_us(now_ns + after_ns) + US_NS - 1, REST_BOOK, instrument);
}

static void on_change(struct common_venue *venue, uint32_t instrument, int64_t now_ns)
{
    const struct bitstamp_product *const product = bitstamp_product(venue, instrument);

    bitstamp_follow_market(venue, instrument, now_ns);
    if (!product->diff.is_planned) {
        plan_diff(venue, instrument, now_ns);
    }
    if (!product->top.is_planned) {
        plan_top(venue, instrument, now_ns);
    }
}

/* -- what is shown then -------------------------------------------------------------------- */

/* The stream shows the book as it is; its next frame comes after so many microseconds. */
static void show(struct bitstamp_stream *stream, const struct sim_book *book, int64_t now_ns,
                 int64_t pause_us)
{
    sim_book_copy(&stream->shown, book);
    stream->shown_ns = now_ns;
    stream->next_ns = now_ns + pause_us * US_NS;
    stream->is_planned = false;
}

static void diff_due(struct common_venue *venue, uint32_t instrument, int64_t now_ns)
{
    struct bitstamp_product *const product = bitstamp_product(venue, instrument);

    bitstamp_send_diff(venue, instrument, now_ns);
    const bool misleads = bitstamp_rest_book_misleads(venue, instrument);
    show(&product->diff, &product->now.book, now_ns,
         prng_between(common_chance(venue), WINDOW_MIN_US, WINDOW_MAX_US));
    product->pending.bids.n = product->pending.asks.n = 0;
    common_publish(venue, instrument, &product->now.book, now_ns);
    if (misleads) {
        bitstamp_make_rest_book(venue, instrument, now_ns);
    }
}

static uint32_t at_most(uint32_t n, uint32_t limit)
{
    return n < limit ? n : limit;
}

static void send_top(struct common_venue *venue, uint32_t instrument, int64_t now_ns)
{
    const struct sim_book *const book = &bitstamp_product(venue, instrument)->now.book;
    struct bitstamp_book frame = bitstamp_frame(venue, instrument, now_ns);
    struct arb_text text = common_text(venue);

    if (!common_is_heard(venue, instrument, ORDER_BOOK)) {
        return;
    }
    frame.bids = book->bids.levels;
    frame.asks = book->asks.levels;
    frame.n_bids = at_most(book->bids.n, TOP_LEVELS);
    frame.n_asks = at_most(book->asks.n, TOP_LEVELS);
    bitstamp_put_book(&text, "order_book_", NULL, &frame);
    common_send_heard(venue, instrument, ORDER_BOOK, &text);
}

static void top_due(struct common_venue *venue, uint32_t instrument, int64_t now_ns)
{
    struct bitstamp_product *const product = bitstamp_product(venue, instrument);

    send_top(venue, instrument, now_ns);
    show(&product->top, &product->now.book, now_ns,
         prng_between(common_chance(venue), TOP_MIN_US, TOP_MAX_US));
    common_publish(venue, instrument, &product->now.book, now_ns);
}

static void on_due(struct common_venue *venue, uint32_t what, uint32_t instrument, int64_t due_ns)
{
    if (what == DIFF) {
        diff_due(venue, instrument, due_ns);
    } else if (what == TOP) {
        top_due(venue, instrument, due_ns);
    } else {
        bitstamp_make_rest_book(venue, instrument, due_ns);
        plan_rest_book(venue, instrument, due_ns);
    }
}

static const struct sim_book *told(const struct common_venue *venue, uint32_t instrument)
{
    const struct bitstamp_product *const product = bitstamp_product(venue, instrument);
    return product->is_telling ? &product->told : &product->now.book;
}

static const struct sim_book *shown(const struct common_venue *venue, uint32_t instrument,
                                    uint32_t feed)
{
    const struct bitstamp_product *const product = bitstamp_product(venue, instrument);
    return feed == FAULT_AT_ORDER_BOOK ? &product->top.shown
           : feed == FAULT_AT_DIFF     ? &product->diff.shown
                                       : told(venue, instrument);
}

/* -- life ---------------------------------------------------------------------------------- */

static void fini_state(struct bitstamp_state *state)
{
    sim_book_fini(&state->book);
    sim_book_fini(&state->retired.prices);
}

static void destroy(void *state)
{
    struct bitstamp_books *const books = state;

    for (uint32_t i = 0; i < books->n; i++) {
        struct bitstamp_product *const product = &books->products[i];
        fini_state(&product->now);
        fini_state(&product->made);
        fini_state(&product->cached);
        sim_book_fini(&product->top.shown);
        sim_book_fini(&product->diff.shown);
        sim_book_fini(&product->told);
        sim_book_fini(&product->pending);
    }
    sim_book_fini(&books->room);
    free(books);
}

static bool init_state(struct bitstamp_state *state, uint32_t depth)
{
    return sim_book_init(&state->book, depth) == ARB_OK &&
           sim_book_init(&state->retired.prices, RETIRED_ROOM * depth) == ARB_OK;
}

/* False: no memory. */
static bool init_books(struct bitstamp_product *product, uint32_t depth)
{
    return init_state(&product->now, depth) && init_state(&product->made, depth) &&
           init_state(&product->cached, depth) &&
           sim_book_init(&product->top.shown, depth) == ARB_OK &&
           sim_book_init(&product->diff.shown, depth) == ARB_OK &&
           sim_book_init(&product->told, depth) == ARB_OK &&
           sim_book_init(&product->pending, PENDING_ROOM * depth) == ARB_OK;
}

static void begin(struct bitstamp_product *product, const struct sim_book *market, int64_t start_ns)
{
    bitstamp_event_id(product->last_event_id, start_ns, 0);
    sim_book_copy(&product->now.book, market);
    sim_book_copy(&product->top.shown, market);
    sim_book_copy(&product->diff.shown, market);
    product->now.at_ns = product->diff.shown_ns = product->cached_ns = start_ns;
    bitstamp_state_copy(&product->made, &product->now);
    bitstamp_state_copy(&product->cached, &product->now);
}

static bool init(struct common_venue *venue, struct bitstamp_books *books)
{
    const struct sim_venue_config *const config = common_config(venue);
    bool is_ok = sim_book_init(&books->room, DIFF_ROOM * config->depth + 1) == ARB_OK;

    for (uint32_t i = 0; i < books->n && is_ok; i++) {
        is_ok = init_books(&books->products[i], config->depth);
        if (is_ok) {
            begin(&books->products[i], common_market(venue, i), config->start_ns);
            plan_rest_book(venue, i, config->start_ns);
        }
    }
    return is_ok;
}

static void *create(struct common_venue *venue)
{
    const uint32_t n = common_config(venue)->instruments->n;
    struct bitstamp_books *const books = calloc(1, sizeof(*books) + n * sizeof(books->products[0]));

    if (books == NULL) {
        return NULL;
    }
    books->n = n;
    if (!init(venue, books)) {
        destroy(books);
        return NULL;
    }
    return books;
}

const struct own_books bitstamp_own_books = {
    .create = create,
    .destroy = destroy,
    .on_change = on_change,
    .on_due = on_due,
    .shown = shown,
    .told = told,
};
