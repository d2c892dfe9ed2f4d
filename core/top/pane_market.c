/* Venues and their books. */
#include <stdio.h>
#include <string.h>

#include "top/pane.h"
#include "top/words.h"
#include "util/fnv.h"

static enum page_style put(char *out, const char *text, enum page_style style)
{
    (void)snprintf(out, LISTING_CELL_MAX, "%s", text); /* cut it is still the beginning */
    return style;
}

/* -- venues -------------------------------------------------------------------------------------
 */

enum { V_NAME, V_STATE, V_BOOKS, V_RATE, V_LAG, V_HEARD, V_CLOCK, V_SINCE, V_TROUBLE };
enum { V_BY_STATE = 1, V_BY_RATE, V_BY_LAG };

static const struct listing_column venue_columns[] = {
    [V_NAME] = { "VENUE", .width = 10, .width_max = 31 },
    [V_STATE] = { "STATE", .width = 7 },
    [V_BOOKS] = { "LIVE", .width = 7, .rank = 1, .is_right = true },
    [V_RATE] = { "EV/S", .width = 6, .rank = 2, .is_right = true },
    [V_LAG] = { "LAG", .width = 7, .rank = 2, .is_right = true },
    [V_HEARD] = { "HEARD", .width = 5, .rank = 1, .is_right = true },
    [V_CLOCK] = { "CLOCK +-", .width = 15, .rank = 5, .is_right = true },
    [V_SINCE] = { "AGO", .width = 5, .rank = 3, .is_right = true },
    [V_TROUBLE] = { "LAST TROUBLE", .rank = 3, .fills = true },
};

static const struct view_venue_row *venue_at(const struct pane_input *input, uint32_t i)
{
    return &input->snapshot->venues[i];
}

static enum page_style style_of_venue(uint32_t state)
{
    return state == VIEW_VENUE_LIVE ? PAGE_GOOD : state == VIEW_VENUE_PARTLY ? PAGE_WARN : PAGE_BAD;
}

static void write_clock(const struct arb_clock *clock, char *out)
{
    char offset[WORDS_MAX], error[WORDS_MAX];

    if (arb_clock_is_known(*clock)) {
        (void)snprintf(out, LISTING_CELL_MAX, "%s %s", words_lag(clock->offset_ns, offset),
                       words_lag(clock->error_ns, error));
    }
}

static enum page_style venue_figure(const struct view_venue_row *venue, struct moment now,
                                    unsigned column, char *out)
{
    switch (column) {
    case V_BOOKS:
        (void)snprintf(out, LISTING_CELL_MAX, "%u/%u", venue->n_live, venue->n_books);
        return venue->n_live < venue->n_books ? PAGE_WARN : PAGE_PLAIN;
    case V_RATE:
        (void)words_count(venue->events_per_s, out);
        return PAGE_PLAIN;
    case V_LAG:
        return venue->has_lag ? put(out, words_lag(venue->lag_ns, (char[WORDS_MAX]){ 0 }), 0)
                              : put(out, "-", PAGE_DIM);
    case V_HEARD:
        (void)words_since(venue->alive_ms, now, out);
        return PAGE_PLAIN;
    case V_CLOCK:
        write_clock(&venue->clock, out);
        return PAGE_PLAIN;
    default:
        (void)words_since(venue->last_trouble_ms, now, out);
        return PAGE_DIM;
    }
}

static enum page_style venue_cell(const void *context, uint32_t row, unsigned column, char *out)
{
    const struct pane_rows *const rows = context;
    const struct view_venue_row *const venue = venue_at(rows->input, rows->at[row]);

    switch (column) {
    case V_NAME:
        return put(out, venue->name, PAGE_STRONG);
    case V_STATE:
        return put(out, view_venue_state_name(venue->state), style_of_venue(venue->state));
    case V_TROUBLE:
        return put(out, venue->last_trouble, PAGE_DIM);
    default:
        return venue_figure(venue, rows->input->now, column, out);
    }
}

static uint32_t n_venues(const struct pane_input *input)
{
    return input->snapshot->n_venues;
}

static uint64_t venue_id(const struct pane_input *input, uint32_t i)
{
    return fnv_of(venue_at(input, i)->name);
}

static void find_venue(const struct pane_input *input, uint32_t i, char *out)
{
    (void)snprintf(out, PANE_FIND_MAX, "%s", venue_at(input, i)->name);
}

static int64_t venue_key(const struct pane_input *input, uint32_t i, unsigned sort)
{
    const struct view_venue_row *const venue = venue_at(input, i);

    switch (sort) {
    case V_BY_STATE:
        return venue->state;
    case V_BY_RATE:
        return -(int64_t)(venue->events_per_s & INT64_MAX);
    default:
        return venue->has_lag ? -venue->lag_ns : INT64_MAX;
    }
}

static const char *const venue_sorts[] = { "as they came", "worst state first", "most events first",
                                           "greatest lag first", NULL };

const struct pane pane_venues = {
    .columns = venue_columns,
    .n_columns = sizeof(venue_columns) / sizeof(*venue_columns),
    .cell = venue_cell,
    .empty = "no venue was heard of so far",
    .sorts = venue_sorts,
    .n = n_venues,
    .id = venue_id,
    .find_text = find_venue,
    .sort_key = venue_key,
};

/* -- books --------------------------------------------------------------------------------------
 */

enum {
    B_VENUE,
    B_SYMBOL,
    B_STATE,
    B_BID,
    B_ASK,
    B_AGE,
    B_PROOF,
    B_TRADING,
    B_BID_QTY,
    B_ASK_QTY,
    B_LEVELS,
    B_UPDATES,
    B_REASON,
};
enum { B_BY_STATE = 1, B_BY_AGE, B_BY_UPDATES };

static const struct listing_column book_columns[] = {
    [B_VENUE] = { "BOOK", .width = 9, .width_max = 31 },
    [B_SYMBOL] = { "", .width = 8, .width_max = 31 },
    [B_STATE] = { "STATE", .width = 5 },
    [B_BID] = { "BID", .width = 10, .rank = 1, .is_right = true },
    [B_ASK] = { "ASK", .width = 10, .rank = 1, .is_right = true },
    [B_AGE] = { "AGE", .width = 5, .rank = 1, .is_right = true },
    [B_PROOF] = { "PROOF", .width = 12, .rank = 2 },
    [B_TRADING] = { "TRADING", .width = 7, .rank = 5 },
    [B_BID_QTY] = { "BID QTY", .width = 12, .rank = 6, .is_right = true },
    [B_ASK_QTY] = { "ASK QTY", .width = 12, .rank = 6, .is_right = true },
    [B_LEVELS] = { "LEVELS", .width = 11, .rank = 7, .is_right = true },
    [B_UPDATES] = { "UPDATES", .width = 10, .rank = 8, .is_right = true },
    [B_REASON] = { "WHY NOT LIVE", .rank = 3, .fills = true },
};

static const struct view_book_row *book_at(const struct pane_input *input, uint32_t i)
{
    return &input->snapshot->books[i];
}

static enum page_style style_of_book(uint32_t state)
{
    return state == ARB_BOOK_LIVE ? PAGE_GOOD : state == ARB_BOOK_SYNCING ? PAGE_WARN : PAGE_BAD;
}

static enum page_style proof_of(const struct view_book_row *book, char *out)
{
    if (book->verified == ARB_VERIFIED && book->verified_levels > 0) {
        (void)snprintf(out, LISTING_CELL_MAX, "best %u", book->verified_levels);
    } else {
        (void)put(out, verified_name(book->verified), 0);
    }
    return book->verified == ARB_VERIFIED       ? PAGE_PLAIN
           : book->verified == ARB_UNVERIFIABLE ? PAGE_DIM
                                                : PAGE_WARN;
}

static enum page_style book_words(const struct view_book_row *book, unsigned column, char *out)
{
    switch (column) {
    case B_VENUE:
        return put(out, book->venue, PAGE_STRONG);
    case B_SYMBOL:
        return put(out, book->symbol, PAGE_STRONG);
    case B_STATE:
        return put(out, book_state_name(book->state), style_of_book(book->state));
    case B_PROOF:
        return proof_of(book, out);
    case B_TRADING:
        return put(out, trading_name(book->trading),
                   book->trading == ARB_TRADING_OPEN ? PAGE_PLAIN : PAGE_WARN);
    default:
        return put(out, book->state == ARB_BOOK_LIVE ? "" : book->reason, PAGE_WARN);
    }
}

static enum page_style book_figure(const struct view_book_row *book, struct moment now,
                                   unsigned column, char *out)
{
    switch (column) {
    case B_BID:
        (void)words_price(&book->bid, book->px_scale, out);
        return PAGE_PLAIN;
    case B_ASK:
        (void)words_price(&book->ask, book->px_scale, out);
        return PAGE_PLAIN;
    case B_AGE:
        (void)words_since(book->changed_ms, now, out);
        return PAGE_PLAIN;
    case B_BID_QTY:
        (void)words_quantity(&book->bid, book->qty_scale, out);
        return PAGE_DIM;
    case B_ASK_QTY:
        (void)words_quantity(&book->ask, book->qty_scale, out);
        return PAGE_DIM;
    case B_LEVELS:
        (void)snprintf(out, LISTING_CELL_MAX, "%u/%u", book->n_bids, book->n_asks);
        return PAGE_DIM;
    default:
        (void)words_count(book->updates, out);
        return PAGE_DIM;
    }
}

static enum page_style book_cell(const void *context, uint32_t row, unsigned column, char *out)
{
    const struct pane_rows *const rows = context;
    const struct view_book_row *const book = book_at(rows->input, rows->at[row]);

    switch (column) {
    case B_VENUE:
    case B_SYMBOL:
    case B_STATE:
    case B_PROOF:
    case B_TRADING:
    case B_REASON:
        return book_words(book, column, out);
    default:
        return book_figure(book, rows->input->now, column, out);
    }
}

static uint32_t n_books(const struct pane_input *input)
{
    return input->snapshot->n_books;
}

static uint64_t book_id(const struct pane_input *input, uint32_t i)
{
    return fnv_of(book_at(input, i)->venue) * 31 + fnv_of(book_at(input, i)->symbol);
}

static void find_book(const struct pane_input *input, uint32_t i, char *out)
{
    const struct view_book_row *const book = book_at(input, i);

    (void)snprintf(out, PANE_FIND_MAX, "%s:%s %s\n%s", book->venue, book->symbol,
                   book_state_name(book->state), verified_name(book->verified));
}

static int64_t book_key(const struct pane_input *input, uint32_t i, unsigned sort)
{
    const struct view_book_row *const book = book_at(input, i);

    switch (sort) {
    case B_BY_STATE:
        return book->state == ARB_BOOK_LIVE ? 1 : 0;
    case B_BY_AGE:
        return book->changed_ms;
    default:
        return -(int64_t)(book->updates & INT64_MAX);
    }
}

static bool is_of_symbol(const struct pane_input *input, uint32_t i)
{
    return strcmp(book_at(input, i)->symbol, input->symbol) == 0;
}

static const char *const book_sorts[] = { "by symbol", "not LIVE first", "oldest first",
                                          "most updates first", NULL };

const struct pane pane_books = {
    .columns = book_columns,
    .n_columns = sizeof(book_columns) / sizeof(*book_columns),
    .cell = book_cell,
    .empty = "no book matches, or none was heard of so far",
    .sorts = book_sorts,
    .n = n_books,
    .id = book_id,
    .find_text = find_book,
    .sort_key = book_key,
};

const struct pane pane_sides = {
    .columns = book_columns,
    .n_columns = sizeof(book_columns) / sizeof(*book_columns),
    .cell = book_cell,
    .empty = "no venue has a book of it",
    .sorts = book_sorts,
    .n = n_books,
    .id = book_id,
    .belongs = is_of_symbol,
    .sort_key = book_key,
};
