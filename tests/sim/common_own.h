/*
 * common_own.h - for a dialect whose books have several channels or depths, or moments of its own.
 *
 * It keeps what it shows of a book, and since when, and says when the book that is published is
 * another one. Clients, requests, REST, time and recordings stay the common model's.
 */
#ifndef ARB_SIM_COMMON_OWN_H
#define ARB_SIM_COMMON_OWN_H

#include "common_venue.h"
#include "prng.h"

/* None is called while a recording is played. */
struct own_books {
    void *(*create)(struct common_venue *venue); /* its state; NULL: no memory */
    void (*destroy)(void *state);
    void (*on_change)(struct common_venue *venue, uint32_t instrument, int64_t now_ns);
    /* Something is due that common_plan() was told of; NULL: it never is. */
    void (*on_due)(struct common_venue *venue, uint32_t what, uint32_t instrument, int64_t due_ns);
    /* As in sim_venue.h. NULL: what is published. */
    const struct sim_book *(*shown)(const struct common_venue *venue, uint32_t instrument,
                                    uint32_t feed);
    /* Likewise. NULL: there are no orders. */
    const struct sim_book *(*told)(const struct common_venue *venue, uint32_t instrument);
};

/* What create() gave. */
void *common_own(const struct common_venue *venue);

/* The market's book as it is, until the market is asked for another one. */
const struct sim_book *common_market(const struct common_venue *venue, uint32_t instrument);

/* The book that everybody may know from now on. */
void common_publish(struct common_venue *venue, uint32_t instrument, const struct sim_book *book,
                    int64_t now_ns);

/* What is due at equal times, is due in the order of `what`. */
void common_plan(struct common_venue *venue, int64_t at_ns, uint32_t what, uint32_t instrument);

/* Has any client of the book any of these common_kinds()? */
bool common_is_heard(const struct common_venue *venue, uint32_t instrument, uint8_t kinds);
/* Sends to those that have, but for who still waits for the whole book. */
void common_send_heard(struct common_venue *venue, uint32_t instrument, uint8_t kinds,
                       const struct arb_text *text);

/* Room for one change of a whole book: bids, asks. */
struct arb_level *const *common_room(struct common_venue *venue);

struct prng *common_chance(struct common_venue *venue);

#endif /* ARB_SIM_COMMON_OWN_H */
