#include "io/inbox.h"

#include <stdlib.h>
#include <string.h>

#include "arbspot/abi.h"
#include "io/settings.h"

enum { INBOX_CAP_MIN = 64 << 10 };

static int reserve(struct inbox *inbox, size_t len)
{
    size_t cap = inbox->cap == 0 ? INBOX_CAP_MIN : inbox->cap;

    while (cap < len) {
        cap *= 2;
    }
    if (cap == inbox->cap) {
        return ARB_OK;
    }
    char *data = realloc(inbox->data, cap);
    if (data == NULL) {
        return ARB_ENOMEM;
    }
    inbox->data = data;
    inbox->cap = cap;
    return ARB_OK;
}

int inbox_append(struct inbox *inbox, const void *bytes, size_t len)
{
    if (len > IO_MESSAGE_MAX - inbox->len) {
        return ARB_ELIMIT;
    }
    const int rc = reserve(inbox, inbox->len + len);
    if (rc == ARB_OK && len > 0) {
        memcpy(inbox->data + inbox->len, bytes, len);
        inbox->len += len;
    }
    return rc;
}

void inbox_fini(struct inbox *inbox)
{
    free(inbox->data);
    *inbox = (struct inbox){ 0 };
}
