/*
 * ages.h - whether books may be traded on: matched, not doubted, and known to be so lately.
 */
#ifndef AGES_H
#define AGES_H

#include "arbspot/strategy.h"

#define NS_PER_MS INT64_C(1000000)

/* Options of a strategy. */
struct age_limits {
    int64_t max_age_ms;  /* of any book; 0: any */
    int64_t max_skew_ms; /* that one book may be older than another; 0: any */
};

/* Of the book that is oldest, and by how much it is older than the youngest. */
struct ages {
    int64_t oldest_ns, skew_ns;
};

/* LIVE, open, and not suspect: what is suspect may be late, and nobody knows by how much. */
bool book_is_tradable(const struct arb_book *book);

/*
 * For how long nobody has known that the book is so: since its last change, or since its host said
 * that it still watches it.
 */
int64_t book_age_ns(const struct arb_host *host, const struct arb_book *book);

/* n > 0. */
struct ages ages_of(const struct arb_host *host, const struct arb_book *const *books, unsigned n);

bool ages_are_too_old(const struct age_limits *limits, struct ages ages);

/* From when they are too old if nothing is heard any more, monotonic. They are not yet. */
int64_t ages_expiry_ns(const struct age_limits *limits, const struct arb_host *host,
                       struct ages ages);

#endif /* AGES_H */
