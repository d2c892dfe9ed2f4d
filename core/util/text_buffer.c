#include "util/text_buffer.h"

#include <stdlib.h>
#include <string.h>

enum { CAP_MIN = 4096 };

void text_buffer_fini(struct text_buffer *buffer)
{
    free(buffer->data);
    *buffer = (struct text_buffer){ .data = NULL };
}

void text_buffer_clear(struct text_buffer *buffer)
{
    buffer->len = 0;
    buffer->has_failed = false;
}

char *text_buffer_room(struct text_buffer *buffer, size_t len)
{
    size_t cap = buffer->cap < CAP_MIN ? CAP_MIN : buffer->cap;

    if (buffer->has_failed) {
        return NULL;
    }
    while (cap - buffer->len < len) {
        cap *= 2;
    }
    if (cap != buffer->cap) {
        char *const data = realloc(buffer->data, cap);
        if (data == NULL) {
            buffer->has_failed = true;
            return NULL;
        }
        buffer->data = data;
        buffer->cap = cap;
    }
    return buffer->data + buffer->len;
}

void text_buffer_add(struct text_buffer *buffer, const char *data, size_t len)
{
    char *const at = text_buffer_room(buffer, len);

    if (at != NULL) {
        memcpy(at, data, len);
        buffer->len += len;
    }
}
