#include "kraken_books.h"

#include <assert.h>
#include <stdlib.h>

#include "kraken_frames.h"

enum { REPEAT_EVERY = 100 }; /* updates: one level is named twice, the last one counts */

uint8_t kraken_kind_of(int64_t depth)
{
    const int i = kraken_depth_index(depth);

    assert(i >= 0);
    return (uint8_t)(1U << i);
}

uint32_t kraken_depth_of(uint8_t kinds)
{
    for (uint32_t i = 0; i < KRAKEN_DEPTHS; i++) {
        if ((kinds & 1U << i) != 0) {
            return kraken_depths[i];
        }
    }
    return 0;
}

static uint32_t at_most(uint32_t n, uint32_t limit)
{
    return n < limit ? n : limit;
}

void kraken_put_whole(const struct book_words *words, struct arb_text *text)
{
    const uint32_t depth = kraken_depth_of(words->kinds);
    const struct kraken_book_frame frame = {
        .type = "snapshot",
        .instrument = words->instrument,
        .bids = words->bids,
        .asks = words->asks,
        .n_bids = at_most(words->n_bids, depth),
        .n_asks = at_most(words->n_asks, depth),
        .checksum = kraken_checksum(words->book),
        .changed_ns = words->at_ns,
    };

    kraken_put_book(text, &frame);
}

/*
 * Brings the levels of one side out of price order and, now and then, names the first of them
 * twice, as the venue does: only applying them in array order gives the right book.
 */
static uint32_t disorder(struct prng *prng, struct arb_level *levels, uint32_t n)
{
    if (n == 0) {
        return 0;
    }
    const uint32_t other = (uint32_t)prng_below(prng, n);
    const struct arb_level first = levels[0];
    levels[0] = levels[other];
    levels[other] = first;
    if (!prng_once_in(prng, REPEAT_EVERY)) {
        return n;
    }
    levels[n] = levels[0];
    levels[0].qty = levels[n].qty + prng_between(prng, 1, 1000);
    return n + 1;
}

/* What clients of this depth must be told to get from what is published to the market's book. */
static void find_changes(struct common_venue *venue, uint32_t instrument, uint32_t depth,
                         struct kraken_book_frame *frame)
{
    const struct sim_book *const was = common_whole(venue, instrument).book;
    const struct sim_book *const is = common_market(venue, instrument);
    struct arb_level *const *const room = common_room(venue);
    const uint32_t n_bids = ladder_diff(&was->bids, &is->bids, depth, room[0]);
    const uint32_t n_asks = ladder_diff(&was->asks, &is->asks, depth, room[1]);

    frame->bids = room[0];
    frame->asks = room[1];
    frame->n_bids = disorder(common_chance(venue), room[0], n_bids);
    frame->n_asks = disorder(common_chance(venue), room[1], n_asks);
}

/* Tells the clients of one depth what changed for them, if anything did. */
static void send_update(struct common_venue *venue, uint32_t instrument, uint32_t depth,
                        struct kraken_book_frame *frame)
{
    const uint8_t kind = kraken_kind_of(depth);
    struct arb_text text = common_text(venue);

    if (!common_is_heard(venue, instrument, kind)) {
        return;
    }
    find_changes(venue, instrument, depth, frame);
    if (frame->n_bids + frame->n_asks > 0) {
        kraken_put_book(&text, frame);
        common_send_heard(venue, instrument, kind, &text);
    }
}

static void on_change(struct common_venue *venue, uint32_t instrument, int64_t now_ns)
{
    const struct sim_book *const market = common_market(venue, instrument);
    struct kraken_book_frame frame = {
        .type = "update",
        .instrument = &common_config(venue)->instruments->items[instrument],
        .checksum = kraken_checksum(market),
        .changed_ns = common_time_ns(venue, now_ns),
    };

    for (uint32_t i = 0; i < KRAKEN_DEPTHS; i++) {
        send_update(venue, instrument, kraken_depths[i], &frame);
    }
    common_publish(venue, instrument, market, now_ns);
}

/* All that is kept beside what is published, which every client was told, are the statuses. */
static void *create(struct common_venue *venue)
{
    const uint32_t n = common_config(venue)->instruments->n;
    const char **const statuses = calloc(n, sizeof(*statuses));

    for (uint32_t i = 0; statuses != NULL && i < n; i++) {
        statuses[i] = "online";
    }
    return statuses;
}

const char **kraken_statuses(const struct common_venue *venue)
{
    return common_own(venue);
}

const struct own_books kraken_own_books = {
    .create = create,
    .destroy = free,
    .on_change = on_change,
};
