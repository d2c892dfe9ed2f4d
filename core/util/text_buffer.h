/*
 * text_buffer.h - text that grows as it is written, for what has no bound worth reserving.
 *
 * When memory lacks that is remembered, and what is written from then on is left out: ask
 * `has_failed` before the text is used.
 */
#ifndef ARB_TEXT_BUFFER_H
#define ARB_TEXT_BUFFER_H

#include <stdbool.h>
#include <stddef.h>

/* Zeroed memory is an empty text. Not terminated. */
struct text_buffer {
    char *data; /* [len], owned */
    size_t len, cap;
    bool has_failed;
};

/* Frees what it holds; it is empty again. */
void text_buffer_fini(struct text_buffer *buffer);

/* Forgets the text and a failure, and keeps the memory. */
void text_buffer_clear(struct text_buffer *buffer);

/*
 * Room for `len` bytes behind the text, or NULL. What is written there counts when it is added to
 * buffer->len; valid until the next call.
 */
char *text_buffer_room(struct text_buffer *buffer, size_t len);

void text_buffer_add(struct text_buffer *buffer, const char *data, size_t len);

#endif /* ARB_TEXT_BUFFER_H */
