#include "common_state.h"

#include <stdlib.h>

#include "arbspot/decimal.h"
#include "util/clock.h"

enum { NUMBER_STEP_MAX = 5 };

/* A price of so many figures: a bid at most what it was, an ask at least. */
static int64_t rounded(int64_t px, unsigned figures, bool is_bid)
{
    int64_t unit = 1;

    for (int64_t left = px; figures > 0 && left >= arb_pow10(figures); left /= 10) {
        unit *= 10;
    }
    return (is_bid ? px : px + unit - 1) / unit * unit;
}

/* As much of a side as the channel shows. */
static void show_side(const struct dialect *dialect, const struct ladder *from, struct ladder *to)
{
    const uint32_t n_max =
        dialect->depth > 0 && dialect->depth < to->cap ? dialect->depth : to->cap;

    to->n = 0;
    for (uint32_t i = 0; i < from->n; i++) {
        const int64_t px = rounded(from->levels[i].px, dialect->price_figures, from->highest_first);
        if (to->n > 0 && to->levels[to->n - 1].px == px) {
            to->levels[to->n - 1].qty += from->levels[i].qty;
        } else if (to->n < n_max) {
            to->levels[to->n++] = (struct arb_level){ px, from->levels[i].qty };
        } else {
            return;
        }
    }
}

/* The market's book as the channel shows it; valid until the next call. */
const struct sim_book *common_window(struct common_venue *venue, uint32_t instrument)
{
    const struct sim_book *const market = common_market(venue, instrument);

    show_side(venue->dialect, &market->bids, &venue->window.bids);
    show_side(venue->dialect, &market->asks, &venue->window.asks);
    return &venue->window;
}

struct book_words common_words(const struct common_venue *venue, uint32_t instrument)
{
    const struct product *const product = &venue->products[instrument];

    return (struct book_words){
        .venue = venue,
        .instrument = &venue->desk.config.instruments->items[instrument],
        .index = instrument,
        .number = product->number,
        .previous = product->previous,
        .at_ns = common_time_ns(venue, product->shown_ns),
        .book = &product->published,
    };
}

struct book_words common_whole(const struct common_venue *venue, uint32_t instrument)
{
    const struct product *const product = &venue->products[instrument];
    struct book_words words = common_words(venue, instrument);

    words.is_whole = true;
    words.bids = product->published.bids.levels;
    words.asks = product->published.asks.levels;
    words.n_bids = product->published.bids.n;
    words.n_asks = product->published.asks.n;
    return words;
}

/* What is the client's own of the words. */
void common_address(const struct common_venue *venue, uint32_t id, struct book_words *words)
{
    const struct client *const client = &venue->clients[id];

    words->nth = client->n_sent;
    words->channel = client->books[words->index].channel;
    words->flags = client->flags;
    words->kinds = client->books[words->index].kinds;
}

void common_tell(struct common_venue *venue, uint32_t id, struct book_words *words, put_words *put)
{
    struct arb_text text = venue_desk_frame(&venue->desk);

    common_address(venue, id, words);
    put(words, &text);
    if (text.len > 0) {
        (void)common_count(venue, id);
        venue_desk_send(&venue->desk, id, &text);
    }
}

/* A client that is not connected follows nothing. */
static bool follows(const struct common_venue *venue, uint32_t id, uint32_t instrument)
{
    const struct subscription *const books = venue->clients[id].books;
    return books != NULL && books[instrument].interest == FOLLOWS;
}

static void tell_followers(struct common_venue *venue, struct book_words *words, put_words *put)
{
    for (uint32_t id = 0; id < SIM_CLIENTS_MAX; id++) {
        if (follows(venue, id, words->index)) {
            common_tell(venue, id, words, put);
        }
    }
}

void common_say_published(const struct common_venue *venue, uint32_t instrument)
{
    venue->desk.config.outlet.published(venue->desk.config.outlet.context, instrument,
                                        venue->products[instrument].shown_ns);
}

/* Entries of both sides, in one message. */
struct changes {
    const struct arb_level *bids, *asks;
    uint32_t n_bids, n_asks;
};

static void tell_changes(struct common_venue *venue, uint32_t instrument,
                         const struct changes *changes)
{
    struct product *const product = &venue->products[instrument];

    product->previous = product->number;
    product->number += venue->dialect->numbers_jump
                           ? (uint64_t)prng_between(&venue->desk.prng, 1, NUMBER_STEP_MAX)
                           : 1;
    struct book_words words = common_words(venue, instrument);
    words.bids = changes->bids;
    words.asks = changes->asks;
    words.n_bids = changes->n_bids;
    words.n_asks = changes->n_asks;
    tell_followers(venue, &words, venue->dialect->put_book);
}

/* Those that remove levels, or the others. Each makes a book of its own. */
static void tell_each(struct common_venue *venue, uint32_t instrument,
                      const struct changes *changes, bool removes)
{
    struct sim_book *const book = &venue->products[instrument].published;

    for (uint32_t k = 0; k < changes->n_bids + changes->n_asks; k++) {
        const bool is_bid = k < changes->n_bids;
        const struct arb_level *const level =
            is_bid ? &changes->bids[k] : &changes->asks[k - changes->n_bids];
        if ((level->qty == 0) == removes) {
            ladder_set(is_bid ? &book->bids : &book->asks, *level);
            tell_changes(venue, instrument,
                         &(struct changes){ level, level, is_bid ? 1 : 0, is_bid ? 0 : 1 });
            common_say_published(venue, instrument);
        }
    }
}

static void tell_checksum(struct common_venue *venue, uint32_t instrument)
{
    struct product *const product = &venue->products[instrument];

    if (venue->dialect->put_checksum != NULL &&
        product->shown_ns - product->checked_ns >= venue->dialect->checksum_ns) {
        struct book_words words = common_words(venue, instrument);
        product->checked_ns = product->shown_ns;
        tell_followers(venue, &words, venue->dialect->put_checksum);
    }
}

static void tell_nothing_perhaps(struct common_venue *venue, uint32_t instrument)
{
    const uint32_t n = venue->dialect->empty_once_in;

    if (n > 0 && prng_once_in(&venue->desk.prng, n)) {
        struct book_words words = common_words(venue, instrument);
        tell_followers(venue, &words, venue->dialect->put_book);
    }
}

/* Every client of the book gets from what was published to what the market has. */
void common_show(struct common_venue *venue, uint32_t instrument, int64_t now_ns)
{
    struct product *const product = &venue->products[instrument];
    const struct sim_book *const is = common_window(venue, instrument);
    struct arb_level *const *const room = venue->desk.changes;
    const struct changes changes = {
        .bids = room[0],
        .asks = room[1],
        .n_bids = ladder_diff(&product->published.bids, &is->bids, UINT32_MAX, room[0]),
        .n_asks = ladder_diff(&product->published.asks, &is->asks, UINT32_MAX, room[1]),
    };

    product->is_planned = false;
    product->shown_ns = now_ns;
    if (venue->dialect->level_by_level) {
        tell_each(venue, instrument, &changes, true); /* so no book is ever deeper, or crossed */
        tell_each(venue, instrument, &changes, false);
    } else {
        sim_book_copy(&product->published, is);
        if (changes.n_bids + changes.n_asks > 0) {
            tell_changes(venue, instrument, &changes);
            tell_nothing_perhaps(venue, instrument);
        }
        common_say_published(venue, instrument);
    }
    if (changes.n_bids + changes.n_asks > 0) {
        tell_checksum(venue, instrument);
    }
}

/* Messages are dated by the millisecond, so books are shown at whole ones only. */
static int64_t next_moment_ns(const struct common_venue *venue, const struct product *product,
                              int64_t now_ns)
{
    const int64_t due_ns = product->shown_ns + venue->dialect->period_ns;
    const int64_t at_ns = due_ns > now_ns ? due_ns : now_ns + 1;

    return (at_ns + NS_PER_MS - 1) / NS_PER_MS * NS_PER_MS;
}

void common_on_change(struct sim_venue *sim_venue, uint32_t instrument, int64_t now_ns)
{
    struct common_venue *const venue = common_of(sim_venue);
    struct product *const product = &venue->products[instrument];

    if (venue->dialect->own_books != NULL) {
        venue->dialect->own_books->on_change(venue, instrument, now_ns);
    } else if (!product->is_planned) {
        product->is_planned = true;
        /* No client's: without memory the first one is dropped, rather than misled. */
        venue_desk_plan(&venue->desk, 0,
                        (struct agenda_entry){ .at_ns = next_moment_ns(venue, product, now_ns),
                                               .what = SHOW,
                                               .a = instrument });
    }
}

static int init_product(struct common_venue *venue, uint32_t instrument)
{
    const struct sim_venue_config *const config = &venue->desk.config;
    struct product *const product = &venue->products[instrument];
    const int rc = sim_book_init(&product->published, config->depth);

    if (rc == ARB_OK) {
        sim_book_copy(&product->published, common_window(venue, instrument));
    }
    if (venue->dialect->own_books == NULL) {
        product->number = (uint64_t)prng_between(&venue->desk.prng, 1000, 1000000);
        product->previous = product->number - 1;
    }
    product->shown_ns = product->checked_ns = config->start_ns / NS_PER_MS * NS_PER_MS;
    return rc;
}

static int init_books(struct common_venue *venue)
{
    const struct sim_venue_config *const config = &venue->desk.config;
    int rc = sim_book_init(&venue->window, config->depth);

    for (uint32_t i = 0; i < config->instruments->n && rc == ARB_OK; i++) {
        rc = init_product(venue, i);
    }
    if (rc == ARB_OK && venue->dialect->own_books != NULL) {
        venue->own = venue->dialect->own_books->create(venue);
        rc = venue->own == NULL ? ARB_ENOMEM : ARB_OK;
    }
    return rc;
}

int common_init_books(struct common_venue *venue)
{
    venue->products = calloc(venue->desk.config.instruments->n, sizeof(*venue->products));
    if (venue->products == NULL) {
        return ARB_ENOMEM;
    }
    return venue->desk.config.market == NULL ? ARB_OK : init_books(venue);
}

void common_fini_books(struct common_venue *venue)
{
    for (uint32_t i = 0; venue->products != NULL && i < venue->desk.config.instruments->n; i++) {
        sim_book_fini(&venue->products[i].published);
    }
    if (venue->own != NULL) {
        venue->dialect->own_books->destroy(venue->own);
    }
    free(venue->products);
    sim_book_fini(&venue->window);
}
