#include "bus/last_words.h"

#include <stdio.h>
#include <stdlib.h>

#include "arbspot/abi.h"

/* What the consumer passed on last of a book. */
struct told {
    struct event event; /* without levels and reason */
    bool is_closed;     /* by a STALE of ours */
    uint64_t n_left_out;
    const char *refused; /* why something was, and that has not been said; or NULL */
};

struct last_words {
    struct feedback *feedback;
    struct told *books; /* [ARB_INSTRUMENTS_MAX] */
    uint32_t n;         /* books up to the last that was told */
    uint32_t cursor;    /* where to look for the next one to close */
    uint32_t done;      /* which asking was answered */
    uint32_t n_refused; /* books of which that is to be said */
    struct event event; /* lent to the consumer */
    char reason[EVENT_REASON_MAX];
    _Atomic uint32_t asked;         /* released after `callback`, acquired before it */
    _Atomic(const char *) callback; /* NULL: it does not hang */
};

int last_words_create(struct last_words **out, struct feedback *feedback)
{
    struct last_words *const words = calloc(1, sizeof(*words));

    if (words == NULL) {
        return ARB_ENOMEM;
    }
    words->feedback = feedback;
    words->books = calloc(ARB_INSTRUMENTS_MAX, sizeof(*words->books));
    if (words->books == NULL) {
        free(words);
        return ARB_ENOMEM;
    }
    *out = words;
    return ARB_OK;
}

void last_words_destroy(struct last_words *words)
{
    if (words != NULL) {
        /* Pairs with what others asked for last: they are through with it. */
        (void)atomic_load_explicit(&words->callback, memory_order_acquire);
        (void)atomic_load_explicit(&words->asked, memory_order_acquire);
        free(words->books);
        free(words);
    }
}

void last_words_ask(struct last_words *words, const char *callback)
{
    const char *none = NULL;

    if (atomic_compare_exchange_strong_explicit(&words->callback, &none, callback,
                                                memory_order_release, memory_order_relaxed)) {
        (void)atomic_fetch_add_explicit(&words->asked, 1, memory_order_release);
    }
}

void last_words_end(struct last_words *words)
{
    atomic_store_explicit(&words->callback, NULL, memory_order_release);
}

bool last_words_are_due(const struct last_words *words)
{
    return words != NULL &&
           atomic_load_explicit(&words->asked, memory_order_acquire) != words->done;
}

/* Stands for the whole book, whatever came before. */
static bool is_whole(const struct event *event)
{
    return event->kind == EVENT_SNAPSHOT ||
           (event->kind == EVENT_STATUS && event->state != ARB_BOOK_LIVE);
}

/* A whole one with a number that was taken: nothing would follow it, so there has to be another. */
static void leave_out(struct last_words *words, struct told *told, const struct event *event)
{
    told->n_left_out += event->conflated + 1;
    if (is_whole(event)) {
        feedback_raise(words->feedback, event->instrument, 1);
    }
}

/* The asking counted as one lost event, see feedback.h. */
static uint64_t count_replaced(const struct told *told, const struct event *event)
{
    const uint64_t n = told->n_left_out + event->conflated;
    return event->conflated > 0 && told->n_left_out > 0 ? n - 1 : n;
}

const struct event *last_words_pass(struct last_words *words, const struct event *event)
{
    if (words == NULL || event->kind == EVENT_ALIVE || !words->books[event->instrument].is_closed) {
        return event;
    }
    struct told *const told = &words->books[event->instrument];
    if (!is_whole(event) || event->seq <= told->event.seq) {
        leave_out(words, told, event);
        return NULL;
    }
    words->event = *event;
    words->event.prev_seq = told->event.seq;
    words->event.conflated = count_replaced(told, event);
    return &words->event;
}

void last_words_note(struct last_words *words, const struct event *event)
{
    if (words == NULL || event->kind == EVENT_ALIVE) {
        return;
    }
    struct told *const told = &words->books[event->instrument];
    const bool is_ours = event == &words->event && words->event.reason == words->reason;
    const char *const refused = told->refused;
    words->n_refused -= is_ours && refused != NULL;
    *told = (struct told){ .event = *event,
                           .is_closed = is_ours,
                           .n_left_out = is_ours ? told->n_left_out : 0,
                           .refused = is_ours ? NULL : refused };
    told->event.n_bids = told->event.n_asks = told->event.reason_len = 0;
    told->event.bids = told->event.asks = NULL;
    told->event.reason = "";
    words->n = event->instrument < words->n ? words->n : event->instrument + 1;
    if (is_ours && refused == NULL) {
        feedback_raise(words->feedback, event->instrument, 1);
    }
}

static bool is_to_be_closed(const struct told *told)
{
    return told->event.state == ARB_BOOK_LIVE || told->event.state == ARB_BOOK_SYNCING;
}

/* words->reason is `len` bytes. */
static const struct event *close_book(struct last_words *words, uint32_t instrument, int len,
                                      int64_t utc_ns)
{
    struct event *const event = &words->event;

    *event = words->books[instrument].event;
    event->kind = EVENT_STATUS;
    event->state = ARB_BOOK_STALE;
    event->verified = ARB_SUSPECT;
    event->verified_levels = 0;
    event->crc = 0;
    event->prev_seq = event->seq;
    event->seq++;
    event->conflated = 0;
    event->recv_ns = utc_ns;
    event->bids = event->asks = NULL;
    event->reason = words->reason;
    event->reason_len = (uint32_t)len;
    return event;
}

const struct event *last_words_next(struct last_words *words, int64_t utc_ns)
{
    if (!last_words_are_due(words)) {
        return NULL;
    }
    const uint32_t asked = atomic_load_explicit(&words->asked, memory_order_acquire);
    const char *const callback = atomic_load_explicit(&words->callback, memory_order_relaxed);
    while (callback != NULL && words->cursor < words->n) {
        if (is_to_be_closed(&words->books[words->cursor])) {
            const int len = snprintf(words->reason, sizeof(words->reason),
                                     "the plugin hangs in %.64s", callback);
            return close_book(words, words->cursor, len, utc_ns);
        }
        words->cursor++;
    }
    words->cursor = 0;
    words->done = asked;
    return NULL;
}

const struct event *last_words_close(struct last_words *words, uint32_t instrument, const char *why,
                                     int64_t utc_ns)
{
    if (words == NULL || instrument >= words->n) {
        return NULL;
    }
    const struct told *const told = &words->books[instrument];
    if (!told->is_closed && !is_to_be_closed(told)) {
        return NULL;
    }
    const int len = snprintf(words->reason, sizeof(words->reason), "%.96s", why);
    return close_book(words, instrument, len, utc_ns);
}

void last_words_refused(struct last_words *words, uint32_t instrument, const char *why)
{
    if (words != NULL) {
        words->n_refused += words->books[instrument].refused == NULL;
        words->books[instrument].refused = why;
    }
}

const struct event *last_words_next_refused(struct last_words *words, int64_t utc_ns)
{
    if (words == NULL || words->n_refused == 0) {
        return NULL;
    }
    for (uint32_t i = 0; i < words->n; i++) {
        if (words->books[i].refused != NULL) {
            const int len =
                snprintf(words->reason, sizeof(words->reason), "%.96s", words->books[i].refused);
            return close_book(words, i, len, utc_ns);
        }
    }
    return NULL;
}
