/*
 * items.h - what displays show as named pieces of JSON, each with the version it changed at.
 *
 * An item is a row of its owner's. Its owner touches it when the row has changed; the JSON is made
 * when somebody asks for it, once for all who do. Who has everything of one version is told what
 * has a later one, oldest change first, so a frame costs what has changed and no more.
 *
 * What is gone is told too: an item that may come back is hidden, one that never does is dropped.
 * Only the last ITEMS_GONE_MAX that were dropped are known: who saw less than these begins anew.
 *
 * One owner: the thread of the view.
 */
#ifndef ARB_VIEW_ITEMS_H
#define ARB_VIEW_ITEMS_H

#include <stdint.h>

#include "util/text_buffer.h"

enum {
    ITEM_TEXT_MAX = 32 * 1024, /* bytes that the JSON of one item may have */
    ITEM_KEY_MAX = 128,        /* of a key, terminator included */
    ITEMS_GONE_MAX = 1024,
};

/* Writes the JSON of a row and returns the position behind it. */
typedef char *item_write_fn(char *at, const void *row);

struct item;

struct items {
    struct item *first, *last;         /* by version, newest last */
    uint64_t version;                  /* of the last items_commit() with a change */
    uint64_t floor;                    /* who has less was not told all that is gone */
    bool is_touched;                   /* since the last items_commit() */
    struct item *gone[ITEMS_GONE_MAX]; /* dropped, a ring from `gone_first` on */
    uint32_t gone_first, gone_n;
    char *scratch; /* [ITEM_TEXT_MAX] */
};

/* ARB_ENOMEM. */
int items_init(struct items *items);
void items_fini(struct items *items); /* with all items; zeroed memory is accepted */

/* What an item is made with. */
struct item_source {
    item_write_fn *write;
    const void *row; /* stays where it is until the item is dropped */
};

/* An item that is hidden until it is touched; NULL: no memory. The key is escaped here. */
struct item *item_create(struct items *items, struct item_source source, const char *key);

/* Its row has changed, or is there again. */
void item_touch(struct items *items, struct item *item);

/* It is not there for now. */
void item_hide(struct items *items, struct item *item);

/* Its row is gone for good, and the item is not its owner's any more. NULL is accepted. */
void item_drop(struct items *items, struct item *item);

/* The version in which it is, or will be at the next commit. */
uint64_t item_version(const struct item *item);

/* What was touched since the last time is the next version. */
void items_commit(struct items *items);

/* True: who has that version has to forget all and begin anew. */
bool items_is_whole(const struct items *items, uint64_t since);

/*
 * Adds `"KEY":JSON,...` of what is newer; null for what is gone, unless all is told anew. Returns
 * how many these are.
 */
uint32_t items_write(struct items *items, uint64_t since, struct text_buffer *out);

#endif /* ARB_VIEW_ITEMS_H */
