/*
 * common_venue.h - what most venues have alike: clients that subscribe books, get them whole and
 * then what changes, budgets, REST, and the moments at which a channel shows a book.
 *
 * A venue's own words are its dialect: it reads requests and spells everything. A book has one
 * channel, so what a client of it is told is what is published; common_own.h is for other venues.
 */
#ifndef ARB_SIM_COMMON_VENUE_H
#define ARB_SIM_COMMON_VENUE_H

#include "arbspot/text.h"

#include "frame.h"
#include "sim_venue.h"

struct common_venue;
struct own_books;

/* What a message tells of a book. Borrowed for the call. */
struct book_words {
    const struct common_venue *venue;
    const struct sim_instrument *instrument;
    uint32_t index; /* of the instrument */
    bool is_whole;
    const struct arb_level *bids, *asks; /* quantity 0: removed */
    uint32_t n_bids, n_asks;
    uint64_t number, previous;   /* of this state of the book, and of the one before it; from 1 */
    uint64_t nth;                /* message of the connection, from 0 */
    uint64_t channel;            /* of the client's subscription, see common_channel_of() */
    uint64_t flags;              /* of the client, see common_flags() */
    uint8_t kinds;               /* of the client's subscription, see common_kinds() */
    int64_t at_ns;               /* by the venue's clock; with one channel, a whole millisecond */
    const struct sim_book *book; /* all of it, after this message: for checksums */
};

/* Spells a client's next message, the `nth` of its connection; one that stays empty is not sent. */
typedef void (*dialect_put)(struct common_venue *venue, uint32_t client, uint64_t nth,
                            int64_t at_ns, struct arb_text *text);

/*
 * A venue's figures and words. How long a period is, and that a message is dated by a whole
 * millisecond, is the model's choice where no source is named beside it.
 */
struct dialect {
    const char *name;
    const char *ws_path, *rest_path; /* behind the port, in the plugin's options ws_url, rest_url */
    const char *options;             /* more lines for the plugin; "": none */
    int64_t period_ns;      /* a book is shown once in this time at most, for all clients at once */
    uint32_t depth;         /* levels a side that the channel shows; what leaves them is removed */
    unsigned price_figures; /* of the prices that it shows, levels between them added up; 0: all */
    uint32_t opens_per_10s, requests_per_second; /* of a client; who asks more is closed; 0: any */
    uint32_t opens_per_minute, opens_per_5min;   /* likewise */
    uint32_t weight_per_minute;                  /* of REST, by common_may_get() */
    bool requests_of_address;                    /* they are counted of all clients together */
    bool numbers_jump;                           /* else they go up by one */
    bool stream_has_whole;  /* a subscription begins with the whole book; else it is had by REST */
    bool level_by_level;    /* a message has one change: removals first, and each is published */
    uint32_t empty_once_in; /* changes, on which a message without any follows; 0: never */
    int64_t beat_ns;        /* between two beats of a connection; 0: none come by themselves */
    bool beats_when_asked;  /* they begin with common_begin_beats(), not with the connection */
    int64_t checksum_ns;    /* least time between two checksums of a book, with `put_checksum` */
    uint64_t stream;        /* of chance */
    size_t level_len, row_len; /* no level, and no row of the catalog, is longer */

    void (*read)(struct common_venue *venue, uint32_t client, struct arb_bytes text,
                 int64_t now_ns);
    void (*put_book)(const struct book_words *words, struct arb_text *text);
    /* Answers GET `path`, which may end with "?" and a query. Returns the status. */
    int (*get)(struct common_venue *venue, const char *path, int64_t now_ns, struct arb_text *text);
    /* With `beat_ns`, either or both: one for the connection, one for each book it follows. */
    dialect_put put_beat;
    void (*put_book_beat)(const struct book_words *words, struct arb_text *text);
    /* Optional: what a client is sent first. */
    void (*greet)(struct common_venue *venue, uint32_t client, int64_t now_ns);
    /* Optional: the answer to a subscription, where it comes right before the whole book. */
    void (*put_answer)(const struct book_words *words, struct arb_text *text);
    /* Optional: a message about the book as the change before it left it; empty: none. */
    void (*put_checksum)(const struct book_words *words, struct arb_text *text);
    dialect_put put_late_answer; /* with common_answer_late() */
    /* Optional: recordings can be played. Has the client subscribed a recorded frame's channel? */
    bool (*hears)(struct common_venue *venue, uint32_t client, struct arb_bytes channel);
    /* Optional: the venue ends a client's subscription of a book by itself, and says so. */
    void (*end_subscription)(struct common_venue *venue, uint32_t client, uint32_t instrument,
                             int64_t now_ns);
    const struct own_books *own_books; /* see common_own.h; NULL: one channel, as above */
    /* For the layer of faults: the enum frame_role of one of its frames, and whose book it is. */
    uint32_t (*role_of)(const struct instrument_list *list, struct arb_bytes frame,
                        uint32_t *instrument);
};

int common_venue_create(struct sim_venue **venue, const struct dialect *dialect,
                        const struct sim_venue_config *config, struct err *err);

/* The dialect's side of a model that common_venue_create() made. */
static inline struct common_venue *common_of(struct sim_venue *venue)
{
    return (struct common_venue *)venue; /* its first member */
}

const struct sim_venue_config *common_config(const struct common_venue *venue);

/* The instrument that is called so, "BTC-USD", "btcusd", "BTC/USD"; or ARB_NO_INSTRUMENT. */
uint32_t common_find(const struct instrument_list *list, struct arb_bytes name);

/* -- for a dialect that reads a request ---------------------------------------------------- */

/* False: the client has it already. The whole book, or what changes, comes after the answer. */
bool common_subscribe(struct common_venue *venue, uint32_t client, uint32_t instrument,
                      int64_t now_ns);
/* The same for a client that wants what changes only. */
bool common_follow(struct common_venue *venue, uint32_t client, uint32_t instrument,
                   int64_t now_ns);
bool common_unsubscribe(struct common_venue *venue, uint32_t client, uint32_t instrument);

/* Of how many books. */
uint32_t common_subscriptions(const struct common_venue *venue, uint32_t client);

/*
 * The number of a client's subscription, another one each time, for venues that name books by it;
 * 0: there is none. Whose book it is, can be told from it alone.
 */
uint64_t common_channel_of(const struct common_venue *venue, uint32_t client, uint32_t instrument);
uint32_t common_channel_book(const struct instrument_list *list, uint64_t channel);

/* Has it subscribed the book? */
bool common_has(const struct common_venue *venue, uint32_t client, uint32_t instrument);

/* What a dialect remembers of a client's subscription of a book; 0 at first. */
uint8_t *common_kinds(struct common_venue *venue, uint32_t client, uint32_t instrument);
/* What a dialect remembers of a client; 0 at first. */
uint64_t *common_flags(struct common_venue *venue, uint32_t client);

/* With `beats_when_asked`: the beats of the client begin, unless they have. */
void common_begin_beats(struct common_venue *venue, uint32_t client, int64_t now_ns);

/* The answer to a request comes at that time, spelled as things are then. */
void common_answer_late(struct common_venue *venue, uint32_t client, int64_t at_ns);

/* An empty message; the one before is gone. */
struct arb_text common_text(struct common_venue *venue);
/* The number that the next message of the client's connection has; counts it. */
uint64_t common_count(struct common_venue *venue, uint32_t client);
void common_send(struct common_venue *venue, uint32_t client, const struct arb_text *text);
/* Code 0 drops the connection without a word. */
void common_close(struct common_venue *venue, uint32_t client, uint16_t code, const char *why);
/* A client that waits for the whole book gets it at once, before an answer that is yet to come. */
void common_tell_whole(struct common_venue *venue, uint32_t client, uint32_t instrument);

/* Takes what a REST request weighs from the minute's; false: that is used up. */
bool common_may_get(struct common_venue *venue, uint32_t weight, int64_t now_ns);

/* A time as the venue's own clock shows it. */
int64_t common_time_ns(const struct common_venue *venue, int64_t now_ns);

/* The book that is published, as a whole one. */
struct book_words common_whole(const struct common_venue *venue, uint32_t instrument);

#endif /* ARB_SIM_COMMON_VENUE_H */
