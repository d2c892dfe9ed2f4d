#include "view/books.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arbspot/symbols.h"
#include "view/row_json.h"

struct view_book {
    struct item *item;
    bool is_heard; /* the row is that of a book the market has */
    struct view_book_row row;
    uint32_t published_state; /* what its host said last; EMPTY: nothing yet */
    uint64_t updates;
    char reason[EVENT_REASON_MAX]; /* of the last status, if no levels came since */
    int64_t shown_ms;              /* when what a matrix shows of it changed */
};

struct view_instrument {
    struct view_book *books[ARB_VENUES_MAX];
    uint32_t fees_learned; /* bit i: of venue i */
    int64_t fees_ppm[ARB_VENUES_MAX];
    struct item *matrix_item;
    struct view_matrix_row *matrix; /* NULL: fewer than two venues were heard of */
};

static void free_instrument(struct view_instrument *instrument)
{
    for (uint32_t i = 0; i < ARB_VENUES_MAX; i++) {
        free(instrument->books[i]);
    }
    free(instrument->matrix);
    free(instrument);
}

void view_books_fini(struct view_books *books)
{
    for (uint32_t i = 0; i < books->n; i++) {
        free_instrument(books->instruments[i]);
    }
    books->n = 0;
}

/* -- which there are ----------------------------------------------------------------------------
 */

/* Or NULL: no memory. Those before it are made, too, for the market counts them from 0. */
static struct view_instrument *instrument_at(struct view_books *books, uint32_t index)
{
    while (books->n <= index) {
        struct view_instrument *const instrument = calloc(1, sizeof(*instrument));
        if (instrument == NULL) {
            return NULL;
        }
        books->instruments[books->n++] = instrument;
    }
    return books->instruments[index];
}

static struct item *make_item(struct view_books *books, const struct view_book_row *row,
                              uint32_t instrument, uint32_t venue)
{
    char key[ITEM_KEY_MAX];

    (void)snprintf(key, sizeof(key), "book:%s:%s", market_venue(books->market, venue)->name,
                   market_instrument(books->market, instrument)->symbol); /* fits */
    return item_create(books->items, (struct item_source){ write_book, row }, key);
}

/* Or NULL: no memory. */
static struct view_book *book_at(struct view_books *books, uint32_t index, uint32_t venue)
{
    struct view_instrument *const instrument = instrument_at(books, index);

    if (instrument == NULL) {
        return NULL;
    }
    if (instrument->books[venue] == NULL) {
        struct view_book *const book = calloc(1, sizeof(*book));
        if (book == NULL) {
            return NULL;
        }
        book->item = make_item(books, &book->row, index, venue);
        if (book->item == NULL) {
            free(book);
            return NULL;
        }
        instrument->books[venue] = book;
    }
    return instrument->books[venue];
}

static const struct view_book *find_book(const struct view_books *books, uint32_t instrument,
                                         uint32_t venue)
{
    assert(venue < ARB_VENUES_MAX);
    const struct view_book *const book =
        instrument < books->n ? books->instruments[instrument]->books[venue] : NULL;
    return book != NULL && book->is_heard ? book : NULL;
}

const struct view_book_row *view_books_at(const struct view_books *books, uint32_t instrument,
                                          uint32_t venue)
{
    const struct view_book *const book = find_book(books, instrument, venue);
    return book == NULL ? NULL : &book->row;
}

uint64_t view_books_version(const struct view_books *books, uint32_t instrument, uint32_t venue)
{
    const struct view_book *const book = find_book(books, instrument, venue);
    return book == NULL ? 0 : item_version(book->item);
}

const struct view_matrix_row *view_books_matrix(const struct view_books *books, uint32_t instrument)
{
    return instrument < books->n ? books->instruments[instrument]->matrix : NULL;
}

static bool is_found(const struct view_book_row *row, bool is_suspect)
{
    return is_suspect ? row->state == ARB_BOOK_LIVE && row->verified == ARB_SUSPECT
                      : row->state != ARB_BOOK_LIVE;
}

const struct view_book_row *view_books_find(const struct view_books *books, uint32_t venue,
                                            bool is_suspect)
{
    for (uint32_t i = 0; i < books->n; i++) {
        const struct view_book_row *const row = view_books_at(books, i, venue);
        if (row != NULL && is_found(row, is_suspect)) {
            return row;
        }
    }
    return NULL;
}

/* -- what is heard ------------------------------------------------------------------------------
 */

void view_books_hear(struct view_books *books, const struct event *event)
{
    if (event->venue == NULL || event->info == NULL) {
        return;
    }
    const uint32_t instrument = market_find_instrument(books->market, event->info->symbol);
    const uint32_t venue = market_find_venue(books->market, event->venue->name);
    if (instrument == ARB_NO_INSTRUMENT || venue == market_n_venues(books->market)) {
        return;
    }
    struct view_book *const book = book_at(books, instrument, venue);
    if (book == NULL) {
        books->n_left_out++;
        return;
    }
    book->updates++;
    book->published_state = event->state;
    if (event->kind == EVENT_STATUS) {
        (void)snprintf(book->reason, sizeof(book->reason), "%s", event->reason);
    } else if (event->kind == EVENT_SNAPSHOT) {
        memset(book->reason, 0, sizeof(book->reason));
    }
}

/* -- matrices -----------------------------------------------------------------------------------
 */

static int64_t fee_of(const struct view_books *books, const struct view_instrument *instrument,
                      const struct arb_market *market, uint32_t venue, bool *is_known)
{
    const bool is_configured = venue < books->n_configured;

    *is_known = is_configured || (instrument->fees_learned >> venue & 1) != 0;
    return is_configured ? market->terms[venue].taker_fee_ppm : instrument->fees_ppm[venue];
}

static void add_venue(struct view_matrix_row *out, const struct view_book *book, int64_t fee_ppm,
                      bool is_fee_known)
{
    const uint32_t i = out->matrix.n_venues++;
    struct matrix_venue *const to = &out->matrix.venues[i];

    memcpy(to->name, book->row.venue, sizeof(to->name));
    to->bid = book->row.bid;
    to->ask = book->row.ask;
    to->state = book->row.state;
    to->trading = book->row.trading;
    to->verified = book->row.verified;
    to->fee_ppm = fee_ppm;
    out->fees_known |= (uint32_t)is_fee_known << i;
    out->changed_ms[i] = book->shown_ms;
}

static void fill_matrix(const struct view_books *books, const struct arb_market *market,
                        struct view_matrix_row *out)
{
    const struct view_instrument *const instrument = books->instruments[market->instrument];

    memset(out, 0, sizeof(*out));
    out->matrix.info = *market->info;
    for (uint32_t i = 0; i < market->n_venues; i++) {
        const struct view_book *const book = find_book(books, market->instrument, i);
        bool is_known;
        const int64_t fee_ppm = fee_of(books, instrument, market, i, &is_known);
        if (book != NULL) {
            add_venue(out, book, fee_ppm, is_known);
        }
    }
}

/* False: no memory. */
static bool begin_matrix(struct view_books *books, struct view_instrument *instrument,
                         const char *symbol)
{
    char key[ITEM_KEY_MAX];

    (void)snprintf(key, sizeof(key), "matrix:%s", symbol); /* fits */
    instrument->matrix = calloc(1, sizeof(*instrument->matrix));
    if (instrument->matrix == NULL) {
        return false;
    }
    if (instrument->matrix_item == NULL) {
        const struct item_source source = { write_matrix, instrument->matrix };
        instrument->matrix_item = item_create(books->items, source, key);
    }
    if (instrument->matrix_item == NULL) {
        free(instrument->matrix);
        instrument->matrix = NULL;
        return false;
    }
    return true;
}

/* One venue alone is no matrix. Once there is one it stays, with whatever venues are left. */
static void update_matrix(struct view_books *books, const struct arb_market *market)
{
    struct view_instrument *const instrument = books->instruments[market->instrument];
    struct view_matrix_row row;

    fill_matrix(books, market, &row);
    if (instrument->matrix == NULL) {
        if (row.matrix.n_venues < 2) {
            return;
        }
        if (!begin_matrix(books, instrument, market->info->symbol)) {
            books->n_left_out++;
            return;
        }
    }
    if (memcmp(instrument->matrix, &row, sizeof(row)) != 0) {
        *instrument->matrix = row;
        item_touch(books->items, instrument->matrix_item);
    }
}

static bool learn_fee(struct view_books *books, struct view_instrument *instrument,
                      const struct matrix_venue *from)
{
    const uint32_t venue = market_find_venue(books->market, from->name);

    if (venue == market_n_venues(books->market) || venue < books->n_configured) {
        return false;
    }
    const bool was_known = (instrument->fees_learned >> venue & 1) != 0;
    const bool is_news = !was_known || instrument->fees_ppm[venue] != from->fee_ppm;
    instrument->fees_learned |= UINT32_C(1) << venue;
    instrument->fees_ppm[venue] = from->fee_ppm;
    return is_news;
}

void view_books_learn(struct view_books *books, const struct matrix *matrix)
{
    const uint32_t index = market_find_instrument(books->market, matrix->info.symbol);
    bool is_news = false;

    if (index == ARB_NO_INSTRUMENT || index >= books->n) {
        return;
    }
    for (uint32_t i = 0; i < matrix->n_venues; i++) {
        is_news |= learn_fee(books, books->instruments[index], &matrix->venues[i]);
    }
    if (is_news) {
        const struct arb_market market = market_view(books->market, index);
        update_matrix(books, &market);
    }
}

/* -- rows ---------------------------------------------------------------------------------------
 */

/* Why it is not LIVE, where its host has not said so. */
static const char *reason_of(const struct view_book *book, const struct arb_book *shown)
{
    if (shown->state == ARB_BOOK_LIVE || book->published_state != ARB_BOOK_LIVE) {
        return book->reason;
    }
    return shown->alive_ns == 0
               ? "its host is silent"
               : "a message of it was lost or damaged on the way: a snapshot is awaited";
}

static void fill_row(const struct view_books *books, const struct arb_market *market,
                     uint32_t venue, const struct view_book *book, struct view_book_row *out)
{
    const struct arb_book *const from = &market->books[venue];

    memset(out, 0, sizeof(*out));
    memcpy(out->venue, market->venues[venue].name, sizeof(out->venue));
    memcpy(out->symbol, market->info->symbol, sizeof(out->symbol));
    out->state = from->state;
    out->trading = from->trading;
    out->verified = from->verified;
    out->verified_levels = from->verified_levels;
    out->n_bids = from->n_bids;
    out->n_asks = from->n_asks;
    out->px_scale = market->info->px_scale;
    out->qty_scale = market->info->qty_scale;
    if (from->state == ARB_BOOK_LIVE && from->n_bids > 0) {
        out->bid = *arb_bid_at(from, 0);
    }
    if (from->state == ARB_BOOK_LIVE && from->n_asks > 0) {
        out->ask = *arb_ask_at(from, 0);
    }
    out->changed_ms = from->recv_ns / NS_PER_MS;
    out->session = market_leg(books->market, market->instrument, venue).session;
    out->seq = from->seq;
    out->updates = book->updates;
    (void)snprintf(out->reason, sizeof(out->reason), "%s", reason_of(book, from));
}

static void count(struct view_books_count *counts, const struct view_book_row *row, int sign)
{
    const bool is_live = row->state == ARB_BOOK_LIVE;

    counts->n_books += (uint32_t)sign;
    counts->n_live += is_live ? (uint32_t)sign : 0;
    counts->n_suspect += is_live && row->verified == ARB_SUSPECT ? (uint32_t)sign : 0;
}

/* What a matrix shows of it. */
static bool is_other_top(const struct view_book_row *a, const struct view_book_row *b)
{
    return memcmp(&a->bid, &b->bid, sizeof(a->bid)) != 0 ||
           memcmp(&a->ask, &b->ask, sizeof(a->ask)) != 0 || a->state != b->state ||
           a->trading != b->trading || a->verified != b->verified;
}

static void show(struct view_books *books, const struct arb_market *market, uint32_t venue,
                 struct view_book *book)
{
    struct view_book_row row;

    fill_row(books, market, venue, book, &row);
    if (!book->is_heard || is_other_top(&book->row, &row)) {
        book->shown_ms = row.changed_ms;
    }
    if (book->is_heard) {
        count(&books->counts[venue], &book->row, -1);
    }
    count(&books->counts[venue], &row, 1);
    if (!book->is_heard || memcmp(&book->row, &row, sizeof(row)) != 0) {
        book->is_heard = true;
        book->row = row;
        item_touch(books->items, book->item);
    }
}

static void put_away(struct view_books *books, uint32_t venue, struct view_book *book)
{
    if (book->is_heard) {
        count(&books->counts[venue], &book->row, -1);
        book->is_heard = false;
        item_hide(books->items, book->item);
    }
}

/* Changed is what a group takes and gives, too, of venues without such a book. */
static void update_book(struct view_books *books, const struct arb_market *market, uint32_t venue)
{
    const uint32_t index = market->instrument;

    if (market_leg(books->market, index, venue).is_heard) {
        struct view_book *const book = book_at(books, index, venue);
        if (book == NULL) {
            books->n_left_out++;
            return;
        }
        show(books, market, venue, book);
    } else if (find_book(books, index, venue) != NULL) {
        put_away(books, venue, books->instruments[index]->books[venue]);
    }
}

static void update(struct view_books *books, const struct arb_market *market)
{
    for (uint32_t changed = market->changed; changed != 0; changed &= changed - 1) {
        const uint32_t venue = (uint32_t)__builtin_ctz(changed);
        if (venue < market->n_venues) {
            update_book(books, market, venue);
        }
    }
    if (market->instrument < books->n) {
        update_matrix(books, market);
    }
}

void view_books_step(struct view_books *books)
{
    struct arb_market market;

    while (market_changed(books->market, &market)) {
        update(books, &market);
    }
}

/* -- ladders ------------------------------------------------------------------------------------
 */

static uint32_t copy_side(struct arb_level *to, const struct arb_level *worst_first, uint32_t n)
{
    const uint32_t shown = n < VIEW_LADDER_LEVELS ? n : VIEW_LADDER_LEVELS;

    for (uint32_t i = 0; i < shown; i++) {
        to[i] = worst_first[n - 1 - i];
    }
    return shown;
}

void view_books_ladder(const struct view_books *books, uint32_t instrument, uint32_t venue,
                       struct view_ladder *out)
{
    const struct view_book *const book = find_book(books, instrument, venue);
    const struct arb_market market = market_view(books->market, instrument);
    const struct arb_book *const levels = &market.books[venue];

    assert(book != NULL);
    memset(out, 0, sizeof(*out));
    fill_row(books, &market, venue, book, &out->book);
    if (levels->state == ARB_BOOK_LIVE) {
        out->n_bids = copy_side(out->bids, levels->bids, levels->n_bids);
        out->n_asks = copy_side(out->asks, levels->asks, levels->n_asks);
    }
}
