/*
 * common_state.h - what the files of the common model share: its state.
 *
 *   common_venue.c   clients, time and life: what whoever drives the model calls
 *   common_books.c   the moments at which books are shown, and what is told of them then
 *   common_budget.c  how often clients may connect and ask
 *   common_calls.c   what dialects call
 *   common_own.c     what dialects with books of their own call
 *   common_tape.c    recordings
 */
#ifndef ARB_SIM_COMMON_STATE_H
#define ARB_SIM_COMMON_STATE_H

#include "common_own.h"
#include "common_venue.h"
#include "venue_desk.h"

enum { OPENS_KEPT = 512 };

/* OWN and above: the dialect's. */
enum what { SHOW = 1, WHOLE = 2, BEAT = 3, LATE_ANSWER = 4, OWN = 16 };

/* One client's interest in one book. */
enum interest {
    NONE = 0,
    WAITS = 1, /* for the whole book */
    FOLLOWS = 2,
};

struct subscription {
    uint64_t channel; /* the last one; it stays when the interest ends */
    int64_t whole_ns; /* when the last whole book is, or was, due */
    uint8_t interest; /* enum interest */
    uint8_t kinds;    /* the dialect's own bits */
};

struct client {
    struct subscription *books; /* [instruments]; NULL: not connected */
    uint64_t n_sent, flags;
    int64_t beat_ns;   /* when the next beat is due; 0: none has been asked for */
    int64_t second_ns; /* the second of `n_requests` began then */
    uint32_t n_requests;
};

/* A book as every client knows it. */
struct product {
    struct sim_book published;
    uint64_t number, previous;
    int64_t shown_ns;   /* when it was published */
    int64_t checked_ns; /* when its last checksum was sent */
    bool is_planned;    /* the market has moved on, and it will be shown */
};

struct common_venue {
    struct venue_desk desk; /* first, so that the venue leads back to its model */
    const struct dialect *dialect;
    struct product *products;
    void *own;                    /* with `own_books` */
    int64_t opens_ns[OPENS_KEPT]; /* the last connections, a ring */
    uint32_t n_opens;
    int64_t minute; /* the one in which `weight` was asked of REST */
    uint32_t weight;
    uint64_t n_channels;    /* ever given out */
    struct sim_book window; /* what the channel shows of the book in hand */
    struct client address;  /* where requests of all clients are counted */
    struct client clients[SIM_CLIENTS_MAX];
};

/* -- common_venue.c ------------------------------------------------------------------------ */

void common_plan_beat(struct common_venue *venue, uint32_t id, int64_t now_ns);

/* -- common_books.c ------------------------------------------------------------------------ */

typedef void put_words(const struct book_words *words, struct arb_text *text);

/* The books of all instruments, unless a recording is played; fini either way. */
int common_init_books(struct common_venue *venue);
void common_fini_books(struct common_venue *venue);

/* The book that is published, without levels. */
struct book_words common_words(const struct common_venue *venue, uint32_t instrument);
/* Fills in what is the client's own. */
void common_address(const struct common_venue *venue, uint32_t id, struct book_words *words);
/* Tells a client of a book; a text that stays empty is not sent. */
void common_tell(struct common_venue *venue, uint32_t id, struct book_words *words, put_words *put);

/* The book as the channel shows it, until the next call. */
const struct sim_book *common_window(struct common_venue *venue, uint32_t instrument);

/* Every client of the book gets from what was published to what the market has. */
void common_show(struct common_venue *venue, uint32_t instrument, int64_t now_ns);
/* The market changed the book: it will be shown. */
void common_on_change(struct sim_venue *venue, uint32_t instrument, int64_t now_ns);
/* Tells the outlet. */
void common_say_published(const struct common_venue *venue, uint32_t instrument);

/* -- common_budget.c ----------------------------------------------------------------------- */

/* Has anybody opened more connections than an address may? Counts this one. */
bool common_is_one_too_many(struct common_venue *venue, int64_t now_ns);
/* Has the client asked more than it may? Counts this request. */
bool common_asks_too_often(struct common_venue *venue, uint32_t id, int64_t now_ns);

/* -- common_tape.c ------------------------------------------------------------------------- */

/* Gives a client the recorded frame that is due, if it hears it. */
void common_play(struct common_venue *venue, int64_t now_ns);
/* The client has subscribed a book. */
void common_listen(struct common_venue *venue, uint32_t id, int64_t now_ns);
/* It has left one. */
void common_leave(struct common_venue *venue, uint32_t id);
/* The recorded answer to GET `path`, whatever its query asks for; NULL: there is none. */
const struct arb_bytes *common_recorded(const struct common_venue *venue, const char *path);

#endif /* ARB_SIM_COMMON_STATE_H */
