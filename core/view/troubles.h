/*
 * troubles.h - what is wrong at present, as sentences, each with a begin and an end.
 *
 * In every round all that is wrong is said again. What has been said in each round for as long as
 * it asks for begins; what is not said in a round ends.
 *
 * One owner: the thread of the view.
 */
#ifndef ARB_VIEW_TROUBLES_H
#define ARB_VIEW_TROUBLES_H

#include "util/clock.h"
#include "view/items.h"
#include "view/rows.h"

enum { TROUBLES_MAX = 8 * ARB_VENUES_MAX }; /* at once; further ones are counted */

/* What makes two words of two rounds the same trouble. */
enum trouble_kind {
    TROUBLE_VENUE = 1,    /* it is silent, or was never heard of */
    TROUBLE_BOOKS = 2,    /* some of its books are not LIVE */
    TROUBLE_SUSPECT = 3,  /* some of them may be wrong */
    TROUBLE_CLOCKS = 4,   /* its host's clock is another */
    TROUBLE_BROKER = 5,   /* none can be reached */
    TROUBLE_TOPIC = 6,    /* one cannot be read */
    TROUBLE_LEFT_OUT = 7, /* messages, or books */
};

struct trouble_word {
    uint32_t kind;  /* enum trouble_kind, */
    uint32_t which; /* of these: a venue's place, or what the owner tells them apart by */
    uint32_t severity;
    int64_t holds_ns; /* so long it has to be so before it is a trouble */
    const char *what; /* "kraken" */
    const char *text;
};

struct trouble;

/* Zeroed memory is ready, with `items` set. */
struct troubles {
    struct items *items;
    struct trouble *list[TROUBLES_MAX]; /* [n], in the order in which they began to be said */
    uint32_t n;
    uint64_t last_id;
    uint64_t round;
    uint64_t n_left_out;
};

void troubles_fini(struct troubles *troubles);

void troubles_begin(struct troubles *troubles);

/* The row when that makes it a trouble which was none before, else NULL. */
const struct view_trouble_row *troubles_say(struct troubles *troubles,
                                            const struct trouble_word *word, struct moment now);

void troubles_end(struct troubles *troubles);

uint32_t troubles_n(const struct troubles *troubles);

/* Asserts i < troubles_n(). The oldest first. */
const struct view_trouble_row *troubles_at(const struct troubles *troubles, uint32_t i);

#endif /* ARB_VIEW_TROUBLES_H */
