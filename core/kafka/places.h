/*
 * places.h - which books the publisher has seen, where they are on the topic, and what was lost of
 * them.
 *
 * When a topic gets another number of partitions, or begins anew, books have to be sent whole
 * again: this table knows which, and asks their venues.
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

/*
 * Asks for every book that was entered, or for those that are elsewhere among `n_after` partitions
 * than among `n_before`. Returns how many. A snapshot that replaces nothing counts as one message.
 */
unsigned places_raise_all(struct places *places);
unsigned places_raise_moved(struct places *places, unsigned n_before, unsigned n_after);

#endif /* ARB_PLACES_H */
