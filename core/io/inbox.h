/*
 * inbox.h - bytes that arrive in pieces, up to IO_MESSAGE_MAX.
 *
 * Grows by doubling and keeps its memory, so a connection stops allocating once it has seen
 * its largest message.
 */
#ifndef ARB_INBOX_H
#define ARB_INBOX_H

#include <stddef.h>

struct inbox {
    char *data;
    size_t len, cap;
};

/* Zeroed memory is an empty inbox. Fails with ARB_ELIMIT beyond IO_MESSAGE_MAX. */
int inbox_append(struct inbox *inbox, const void *bytes, size_t len);

/* Frees the memory and leaves an empty inbox. To empty it and keep the memory set len to 0. */
void inbox_fini(struct inbox *inbox);

#endif /* ARB_INBOX_H */
