#include "bitstamp_books.h"

#include <string.h>

#include "util/clock.h"

/* The edge answers with the same book for this long; a nonce in the query gets past it. Source:
 * nemanull/arbitrage-observatory docs/profiles/bitstamp/rest.md, section 5. */
#define EDGE_NS NS_PER_S

void bitstamp_state_copy(struct bitstamp_state *to, const struct bitstamp_state *from)
{
    sim_book_copy(&to->book, &from->book);
    sim_book_copy(&to->retired.prices, &from->retired.prices);
    to->retired.floor = from->retired.floor;
    to->at_ns = from->at_ns;
}

/*
 * REST books are generated inside the windows that diffs collect, not at their ends. Source: the
 * REST book dated ...488.755 and the first diff behind it, dated ...488.933, which deletes two
 * levels that the book has already lost (btcusd, 2026-08-24).
 */
void bitstamp_make_rest_book(struct common_venue *venue, uint32_t instrument, int64_t now_ns)
{
    struct bitstamp_product *const product = bitstamp_product(venue, instrument);

    bitstamp_state_copy(&product->made, &product->now);
    product->made.at_ns = now_ns;
    product->is_made_served = false;
    common_publish(venue, instrument, &product->now.book, now_ns);
}

/* Since the last diff, and nobody has it. */
static bool is_made_in_secret(const struct bitstamp_product *product)
{
    return !product->is_made_served && product->made.at_ns > product->diff.shown_ns;
}

/*
 * A diff names what is different at the end of its window. A REST book made within may hold what
 * came and went, or lack what went and came back: nobody would ever tell its reader. If somebody
 * has it, the diff names those prices as well; if nobody has it yet, it is made anew.
 */
bool bitstamp_rest_book_misleads(const struct common_venue *venue, uint32_t instrument)
{
    const struct bitstamp_product *const product = bitstamp_product(venue, instrument);
    return is_made_in_secret(product) && bitstamp_is_untold(venue, product, &product->made.book);
}

/* Only the usual questions are answered from the edge. */
static bool is_usual(const char *query)
{
    static const char *const usual[] = { "", "?group=0", "?group=1", "?group=2" };

    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++) {
        if (strcmp(query, usual[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* The newest REST book is given out. */
static const struct bitstamp_state *newest(const struct common_venue *venue,
                                           struct bitstamp_product *product)
{
    if (is_made_in_secret(product)) {
        bitstamp_note_pending(venue, product, &product->made.book);
    }
    product->is_made_served = true;
    return &product->made;
}

static const struct bitstamp_state *served(const struct common_venue *venue,
                                           struct bitstamp_product *product, const char *query,
                                           int64_t now_ns)
{
    if (!is_usual(query)) {
        return newest(venue, product);
    }
    if (now_ns - product->cached_ns >= EDGE_NS) {
        bitstamp_state_copy(&product->cached, newest(venue, product));
        product->cached_ns = now_ns;
    }
    return &product->cached;
}

void bitstamp_put_rest(struct common_venue *venue, uint32_t instrument, const char *query,
                       int64_t now_ns, struct arb_text *text)
{
    const struct bitstamp_state *const state =
        served(venue, bitstamp_product(venue, instrument), query, now_ns);
    struct bitstamp_book book = bitstamp_frame(venue, instrument, state->at_ns);

    book.bids = state->book.bids.levels;
    book.asks = state->book.asks.levels;
    book.n_bids = state->book.bids.n;
    book.n_asks = state->book.asks.n;
    book.retired = &state->retired;
    if (strstr(query, "group=2") != NULL) {
        bitstamp_put_rest_orders(text, &book);
    } else {
        bitstamp_put_rest_book(text, &book);
    }
}
