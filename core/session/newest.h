/*
 * newest.h - messages that are whole books, of which only the newest of each book is worth reading.
 *
 * A host that is behind takes messages in as they come, which is cheap, and keeps the newest of
 * each book; it reads them when no more wait. A book that is replaced keeps its place in the line,
 * so every book has its turn.
 */
#ifndef ARB_SESSION_NEWEST_H
#define ARB_SESSION_NEWEST_H

#include <stdbool.h>
#include <stdint.h>

#include "arbspot/exchange.h"

struct newest_slot {
    char *data;
    size_t len, cap;
    uint32_t conn;
    bool is_held, is_binary, is_in_line;
    int64_t since_ns; /* when the first of those that it replaced came, mono */
};

/* Zeroed: holds nothing. */
struct newest {
    struct newest_slot *slots; /* [ARB_INSTRUMENTS_MAX]; NULL: never used */
    uint32_t *line;            /* [ARB_INSTRUMENTS_MAX] instruments, the first at `head` */
    uint32_t head, n;          /* in line; some may have been dropped */
    uint64_t n_skipped;
};

void newest_fini(struct newest *newest);

/* Keeps a copy in place of what is held of the book. False: there is no memory for it. */
bool newest_put(struct newest *newest, uint32_t instrument, uint32_t conn, int64_t now_ns,
                struct arb_message message);

/* Takes the first in line out; its message is borrowed until the next put. False: none is left. */
bool newest_take(struct newest *newest, uint32_t *conn, struct arb_message *message);

/* Since when the first in line waits, or NEVER_NS. */
int64_t newest_since_ns(const struct newest *newest);

/* What is held of one book, or of one connection, is void. */
void newest_drop(struct newest *newest, uint32_t instrument);
void newest_drop_conn(struct newest *newest, uint32_t conn);

#endif /* ARB_SESSION_NEWEST_H */
