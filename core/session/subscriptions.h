/*
 * subscriptions.h - which books are served on which connection: asked for, answered, left, and
 * asked for again, at the rate the venue allows.
 */
#ifndef ARB_SESSION_SUBSCRIPTIONS_H
#define ARB_SESSION_SUBSCRIPTIONS_H

#include "session/state.h"

/* The connection is up: all of its books are wanted. */
void subscriptions_open(struct session *session, uint32_t conn, struct moment now);
/* It is down, or is being dropped: none is served. */
void subscriptions_close(struct session *session, uint32_t conn);
/* One more book, on a connection that may be up. */
void subscriptions_add(struct session *session, uint32_t i, struct moment now);

/* The venue answered, see arb_answered(). */
void subscriptions_answered(struct session *session, uint32_t i, uint32_t channel,
                            enum arb_outcome outcome, struct moment now, const char *why);
void subscriptions_answered_ask(struct session *session, uint32_t number, enum arb_outcome outcome,
                                struct moment now, const char *why);
/* Everything on the connection that is not answered is asked for again later. */
void subscriptions_later(struct session *session, uint32_t conn, struct moment now);

/* An event came. False: the book is being left, so that it is of no use. */
/* Is the message in hand of another connection than the book? The venue has no say about it there.
 */
bool subscriptions_is_elsewhere(const struct session *session, uint32_t instrument);

bool subscriptions_take(struct session *session, const struct arb_book_event *event,
                        struct moment now);

/* The book gets a new snapshot by the means that the plan names. */
void subscriptions_resync(struct session *session, uint32_t i, struct moment now);

/*
 * The book is served, over a connection that is to stay: its snapshot by HTTP may be asked for, and
 * is taken.
 */
bool subscriptions_is_on(const struct session *session, uint32_t i);

/* The book is left for good; it is taken up again. */
void subscriptions_shed(struct session *session, uint32_t i);
void subscriptions_unshed(struct session *session, uint32_t i, struct moment now);
/* Books that are asked for or served. */
uint32_t subscriptions_n_asked(const struct session *session);

void subscriptions_on_turn(struct session *session, struct moment now);

#endif /* ARB_SESSION_SUBSCRIPTIONS_H */
