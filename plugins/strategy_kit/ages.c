#include "ages.h"

bool book_is_tradable(const struct arb_book *book)
{
    return book->state == ARB_BOOK_LIVE && book->trading == ARB_TRADING_OPEN &&
           book->verified != ARB_SUSPECT;
}

/* When the book's last change was made, where that is known by our clock; else when it came. */
static int64_t made_ns(const struct arb_book *book)
{
    int64_t made_ns;

    if (book->venue_ns == 0 || !arb_clock_is_known(book->clock) ||
        __builtin_sub_overflow(book->venue_ns, book->clock.offset_ns, &made_ns)) {
        return book->recv_ns;
    }
    return made_ns < book->recv_ns ? made_ns : book->recv_ns;
}

/*
 * Of the change both times are UTC, for who received it may be another machine; a clock ahead of
 * ours counts as now.
 */
int64_t book_age_ns(const struct arb_host *host, const struct arb_book *book)
{
    const int64_t since_word_ns = book->alive_ns == 0 ? INT64_MAX : host->mono_ns - book->alive_ns;
    int64_t since_change_ns;

    if (__builtin_sub_overflow(host->now_ns, made_ns(book), &since_change_ns)) {
        since_change_ns = INT64_MAX; /* other people's times may be anything */
    }
    since_change_ns = since_change_ns < 0 ? 0 : since_change_ns;
    return since_change_ns < since_word_ns ? since_change_ns : since_word_ns;
}

struct ages ages_of(const struct arb_host *host, const struct arb_book *const *books, unsigned n)
{
    int64_t oldest_ns = book_age_ns(host, books[0]), youngest_ns = oldest_ns;

    for (unsigned i = 1; i < n; i++) {
        const int64_t age_ns = book_age_ns(host, books[i]);
        oldest_ns = age_ns > oldest_ns ? age_ns : oldest_ns;
        youngest_ns = age_ns < youngest_ns ? age_ns : youngest_ns;
    }
    return (struct ages){ oldest_ns, oldest_ns - youngest_ns };
}

bool ages_are_too_old(const struct age_limits *limits, struct ages ages)
{
    return (limits->max_age_ms > 0 && ages.oldest_ns > limits->max_age_ms * NS_PER_MS) ||
           (limits->max_skew_ms > 0 && ages.skew_ns > limits->max_skew_ms * NS_PER_MS);
}

int64_t ages_expiry_ns(const struct age_limits *limits, const struct arb_host *host,
                       struct ages ages)
{
    return limits->max_age_ms == 0
               ? INT64_MAX
               : host->mono_ns + limits->max_age_ms * NS_PER_MS - ages.oldest_ns + 1;
}
