/*
 * book_text.h - a book as the text that tests compare: "LIVE/open#3 100x1 | 101x1", the best
 * bid in the middle and the best ask behind it.
 */
#ifndef ARB_BOOK_TEXT_H
#define ARB_BOOK_TEXT_H

#include "arbspot/text.h"
#include "book/event.h"

static inline void describe_book(struct arb_text *text, const struct arb_book *book)
{
    arb_text_add(text, " %s/%s#%llu", book_state_name(book->state), trading_name(book->trading),
                 (unsigned long long)book->seq);
    for (uint32_t i = book->n_bids; i-- > 0;) {
        arb_text_add(text, " %lldx%lld", (long long)arb_bid_at(book, i)->px,
                     (long long)arb_bid_at(book, i)->qty);
    }
    arb_text_add(text, " |");
    for (uint32_t i = 0; i < book->n_asks; i++) {
        arb_text_add(text, " %lldx%lld", (long long)arb_ask_at(book, i)->px,
                     (long long)arb_ask_at(book, i)->qty);
    }
}

#endif /* ARB_BOOK_TEXT_H */
