/*
 * last_words.h - what the consumer of a ring says of a venue whose thread hangs in its plugin.
 *
 * The books belong to that thread, and it cannot tell anybody that they are no longer right. So
 * whoever reads its ring keeps for each book what it was told last. When the watchdog says that the
 * thread hangs, and the ring is empty, it goes on in the thread's place: one status STALE for each
 * book, numbered as the next event of the book.
 *
 * The thread, when it returns after all, knows nothing of that and uses the same number again. From
 * the STALE on a book is therefore closed: what comes of it is left out, until an event comes that
 * stands for the whole book and has a greater number. That one names the STALE as the event before
 * it, so the chain is whole. The thread is asked for it by its feedback; where the very number was
 * taken it is asked once more.
 *
 * The consumer closes a book in the same way, on its own account, when it passed something on that
 * was refused for good: whoever is behind it would take for LIVE what is no longer right.
 *
 * One of these belongs to the ring's consumer. last_words_ask() and _end() are for any thread.
 */
#ifndef ARB_LAST_WORDS_H
#define ARB_LAST_WORDS_H

#include "book/event.h"
#include "bus/feedback.h"

struct last_words;

/* `feedback` is that of the ring's producer, and borrowed. */
int last_words_create(struct last_words **words, struct feedback *feedback);
void last_words_destroy(struct last_words *words);

/*
 * The producer hangs in `callback`, a text that stays. Wake the consumer behind it. Asked again
 * before the end, it changes nothing.
 */
void last_words_ask(struct last_words *words, const char *callback);
/* It is back. */
void last_words_end(struct last_words *words);

/* True when there is something to say. Any words may be NULL here and below: then there is not. */
bool last_words_are_due(const struct last_words *words);

/*
 * The event off the ring as it is to be passed on, or NULL when it is to be left out. Borrowed
 * until the next call. Asked again with the same event, unless that was left out, it answers the
 * same.
 */
const struct event *last_words_pass(struct last_words *words, const struct event *event);

/* With the ring empty: the next status to be passed on, or NULL. Borrowed until the next call. */
const struct event *last_words_next(struct last_words *words, int64_t utc_ns);

/*
 * Something of the book that is, or is about to be, passed on was refused: `why`, a text that
 * stays. Nobody is asked for the book; it would fare the same.
 */
void last_words_refused(struct last_words *words, uint32_t instrument, const char *why);

/* The next status of a book of which something was refused, or NULL. As last_words_next(). */
const struct event *last_words_next_refused(struct last_words *words, int64_t utc_ns);

/*
 * The status with which the consumer closes one book that could be believed, or that it closed
 * itself, or NULL. `why` is copied. As last_words_next().
 */
const struct event *last_words_close(struct last_words *words, uint32_t instrument, const char *why,
                                     int64_t utc_ns);

/* The event was passed on. */
void last_words_note(struct last_words *words, const struct event *event);

#endif /* ARB_LAST_WORDS_H */
