#include "view/items.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "arbspot/abi.h"
#include "util/json_text.h"

enum { TEXT_STEP = 64 };

struct item {
    struct item *before, *behind;
    uint64_t version;
    uint64_t text_version; /* the text's; 0: it has to be made */
    struct item_source source;
    bool is_there;
    char *text; /* [text_len] */
    size_t text_len, text_cap;
    size_t key_len;
    char key[]; /* escaped */
};

int items_init(struct items *items)
{
    *items = (struct items){ .scratch = malloc(ITEM_TEXT_MAX) };
    return items->scratch == NULL ? ARB_ENOMEM : ARB_OK;
}

static void free_item(struct item *item)
{
    free(item->text);
    free(item);
}

void items_fini(struct items *items)
{
    struct item *item = items->first;

    while (item != NULL) {
        struct item *const behind = item->behind;
        free_item(item);
        item = behind;
    }
    free(items->scratch);
    *items = (struct items){ .first = NULL };
}

static void take_out(struct items *items, struct item *item)
{
    if (item->before != NULL) {
        item->before->behind = item->behind;
    } else {
        items->first = item->behind;
    }
    if (item->behind != NULL) {
        item->behind->before = item->before;
    } else {
        items->last = item->before;
    }
}

static void append(struct items *items, struct item *item)
{
    item->before = items->last;
    item->behind = NULL;
    if (items->last != NULL) {
        items->last->behind = item;
    } else {
        items->first = item;
    }
    items->last = item;
}

static void note_change(struct items *items, struct item *item)
{
    take_out(items, item);
    append(items, item);
    item->version = items->version + 1;
    item->text_version = 0;
    items->is_touched = true;
}

struct item *item_create(struct items *items, struct item_source source, const char *key)
{
    const struct arb_bytes bytes = { key, strnlen(key, ITEM_KEY_MAX) };
    char escaped[ITEM_KEY_MAX * JSON_TEXT_GROWTH];
    const size_t len = (size_t)(json_text_write(escaped, bytes) - escaped);
    struct item *const item = calloc(1, sizeof(*item) + len);

    if (item == NULL) {
        return NULL;
    }
    item->source = source;
    item->key_len = len;
    memcpy(item->key, escaped, len);
    append(items, item);
    /* Nothing of it has been told: a version as old as any keeps the order of the list. */
    item->version = item->before == NULL ? 0 : item->before->version;
    return item;
}

void item_touch(struct items *items, struct item *item)
{
    item->is_there = true;
    note_change(items, item);
}

void item_hide(struct items *items, struct item *item)
{
    if (item->is_there) {
        item->is_there = false;
        note_change(items, item);
    }
}

static void forget_oldest_gone(struct items *items)
{
    struct item *const oldest = items->gone[items->gone_first];

    items->gone_first = (items->gone_first + 1) % ITEMS_GONE_MAX;
    items->gone_n--;
    items->floor = oldest->version > items->floor ? oldest->version : items->floor;
    take_out(items, oldest);
    free_item(oldest);
}

void item_drop(struct items *items, struct item *item)
{
    if (item == NULL) {
        return;
    }
    item_hide(items, item);
    item->source.row = NULL;
    free(item->text);
    item->text = NULL;
    item->text_cap = item->text_len = 0;
    if (items->gone_n == ITEMS_GONE_MAX) {
        forget_oldest_gone(items);
    }
    items->gone[(items->gone_first + items->gone_n) % ITEMS_GONE_MAX] = item;
    items->gone_n++;
}

uint64_t item_version(const struct item *item)
{
    return item->version;
}

void items_commit(struct items *items)
{
    items->version += items->is_touched;
    items->is_touched = false;
}

bool items_is_whole(const struct items *items, uint64_t since)
{
    return since == 0 || since < items->floor;
}

/* False: no memory for it. */
static bool make_text(struct items *items, struct item *item)
{
    const size_t len =
        (size_t)(item->source.write(items->scratch, item->source.row) - items->scratch);

    assert(len <= ITEM_TEXT_MAX);
    if (len > item->text_cap) {
        const size_t cap = (len + TEXT_STEP - 1) / TEXT_STEP * TEXT_STEP;
        char *const text = realloc(item->text, cap);
        if (text == NULL) {
            return false;
        }
        item->text = text;
        item->text_cap = cap;
    }
    memcpy(item->text, items->scratch, len);
    item->text_len = len;
    item->text_version = item->version;
    return true;
}

static void write_item(struct items *items, struct item *item, struct text_buffer *out)
{
    if (item->is_there && item->text_version != item->version && !make_text(items, item)) {
        out->has_failed = true;
        return;
    }
    text_buffer_add(out, "\"", 1);
    text_buffer_add(out, item->key, item->key_len);
    text_buffer_add(out, "\":", 2);
    if (item->is_there) {
        text_buffer_add(out, item->text, item->text_len);
    } else {
        text_buffer_add(out, "null", 4);
    }
}

static struct item *first_newer(const struct items *items, uint64_t since)
{
    struct item *item = items->last;

    while (item != NULL && item->before != NULL && item->before->version > since) {
        item = item->before;
    }
    return item != NULL && item->version > since ? item : NULL;
}

uint32_t items_write(struct items *items, uint64_t since, struct text_buffer *out)
{
    const bool is_whole = items_is_whole(items, since);
    uint32_t n = 0;

    for (struct item *item = is_whole ? items->first : first_newer(items, since); item != NULL;
         item = item->behind) {
        if (item->is_there || !is_whole) {
            if (n++ > 0) {
                text_buffer_add(out, ",", 1);
            }
            write_item(items, item, out);
        }
    }
    return n;
}
