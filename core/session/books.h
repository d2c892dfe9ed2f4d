/*
 * books.h - the books of a session: what becomes of their events, and when each gets a new
 * snapshot.
 */
#ifndef ARB_SESSION_BOOKS_H
#define ARB_SESSION_BOOKS_H

#include "session/state.h"

int books_init(struct session *session);
void books_fini(struct session *session);

/* An event of the plugin's for a book that is subscribed. */
void books_event(struct session *session, const struct arb_book_event *event, struct moment now);
/* Its snapshot is awaited from now on. */
void books_await(struct session *session, uint32_t i, struct moment now, const char *why);
/* STALE or UNUSABLE, without a plan to heal it: somebody else has one. */
void books_leave(struct session *session, uint32_t i, enum arb_book_state state, struct moment now,
                 const char *why);
/* The book cannot be trusted: STALE now, a new snapshot as soon as the attempts so far allow. */
void books_damaged(struct session *session, uint32_t i, struct moment now, const char *why);
/* The venue would not serve it: UNUSABLE, and asked for again after `retry_ns`. */
void books_refused(struct session *session, uint32_t i, struct moment now, const char *why,
                   int64_t retry_ns);
/* What arb_book_reject() says. */
void books_rejected(struct session *session, uint32_t i, struct moment now, bool is_scale,
                    const char *why);
void books_trading(struct session *session, uint32_t i, uint8_t trading, struct moment now,
                   const char *why);

/* Crossed books, frozen books. The resyncs that are due are the caller's to carry out. */
void books_on_turn(struct session *session, struct moment now);
/* The next book whose resync is due, from `*i` on; false: none. */
bool books_next_resync(struct session *session, uint32_t *i, struct moment now);

/*
 * A connection opened, and our clock may have slept meanwhile: the venue's time is learned anew. A
 * date that is in a book and that nothing has confirmed is compared with the next one all the same.
 */
void books_forget_time(struct session *session);

#endif /* ARB_SESSION_BOOKS_H */
