/*
 * places.h - which books the publisher has seen, where they are on the topic, and what was lost of
 * them.
 *
 * When a topic begins anew, books have to be sent whole again: this table knows which, and asks
 * their venues. When it gets another number of partitions, some books leave the one they were in.
 */
#ifndef ARB_PLACES_H
#define ARB_PLACES_H

#include "bus/feedback.h"
#include "book/event.h"

enum { PLACES_DELAY_MS = 10000 }; /* until a book that was too large is asked for again */

struct places;

/* One venue's books, by its number. Borrowed: `feedbacks[n]`. NULL: no memory. */
struct places *places_create(struct feedback *const *feedbacks, unsigned n_venues);
void places_destroy(struct places *places);

/* Enters the book of an event, and returns its partition_hash(). */
uint32_t places_note(struct places *places, unsigned venue, const struct event *event);

/* The name of a venue whose book was entered, else "". */
const char *places_venue(const struct places *places, unsigned venue);

/* `n` messages of a book were lost, which to ask for at once is no use. */
void places_owe(struct places *places, unsigned venue, uint32_t instrument, uint32_t n);

/* Asks for what is owed, PLACES_DELAY_MS after the first of it was lost. */
void places_step(struct places *places, int64_t mono_ns);

/* Asks for every book. Returns how many. A snapshot that replaces nothing counts as one message. */
unsigned places_raise_all(struct places *places);

/* A book that leaves a partition, in which that has not been said. */
struct leaving {
    uint32_t instrument;
    uint32_t hash; /* decides where it goes */
    uint32_t partition;
};

/*
 * Of `n_before` partitions there are now `n_after`: the books that are elsewhere among those leave
 * theirs. Returns how many. One that was about to leave still leaves the partition it was in.
 */
unsigned places_move(struct places *places, unsigned n_before, unsigned n_after);

/* A book of the venue that leaves its partition. False: there is none. */
bool places_next_leaving(const struct places *places, unsigned venue, struct leaving *leaving);

/* Whether the book was entered and leaves no partition; then `*hash` decides in which it is. */
bool places_stays(const struct places *places, unsigned venue, uint32_t instrument, uint32_t *hash);

/* That was said, or there is nobody to say it to; or what was said is lost. */
void places_left(struct places *places, unsigned venue, uint32_t instrument);
void places_leave_again(struct places *places, unsigned venue, uint32_t instrument);

#endif /* ARB_PLACES_H */
