/*
 * messages.h - makes messages of what venues and strategies say, and puts them into the outbox.
 *
 * The first message of a venue in a partition is that it is alive. Every function returns false
 * when Kafka takes nothing at present: what was to be said has to be said again later.
 */
#ifndef ARB_MESSAGES_H
#define ARB_MESSAGES_H

#include "book/event.h"
#include "util/clock.h"

struct matrix;
struct opportunity;
struct publisher;

/* A record of the venue's ring. */
bool messages_pass_on(struct publisher *publisher, unsigned venue, const struct event *event,
                      struct moment now);

/* What the venue cannot say itself: its ring is empty. */
bool messages_say_last_words(struct publisher *publisher, unsigned venue, struct moment now);

/* Of which books of the venue something was refused. */
bool messages_say_refused(struct publisher *publisher, unsigned venue, struct moment now);

/* The last word about books of the venue that leave their partition, there. */
bool messages_say_moved(struct publisher *publisher, unsigned venue, struct moment now);

/* What a strategy says, in the topic that it is for. Its word holds up no opportunity. */
bool messages_pass_on_opportunity(struct publisher *publisher,
                                  const struct opportunity *opportunity, struct moment now);

/* A spread matrix. What Kafka does not take is left out: another one comes soon. */
void messages_pass_on_matrix(struct publisher *publisher, const struct matrix *matrix,
                             struct moment now);

#endif /* ARB_MESSAGES_H */
