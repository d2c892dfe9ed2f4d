#include "session/newest.h"

#include <stdlib.h>
#include <string.h>

#include "util/clock.h"

static bool make_room(struct newest *newest)
{
    if (newest->slots == NULL) {
        newest->slots = calloc(ARB_INSTRUMENTS_MAX, sizeof(*newest->slots));
    }
    if (newest->line == NULL) {
        newest->line = malloc(ARB_INSTRUMENTS_MAX * sizeof(*newest->line));
    }
    return newest->slots != NULL && newest->line != NULL;
}

static bool copy(struct newest_slot *slot, struct arb_message message)
{
    if (message.len > slot->cap) {
        char *const data = realloc(slot->data, message.len);
        if (data == NULL) {
            return false;
        }
        slot->data = data;
        slot->cap = message.len;
    }
    memcpy(slot->data, message.data, message.len);
    slot->len = message.len;
    slot->is_binary = message.is_binary;
    return true;
}

void newest_fini(struct newest *newest)
{
    for (uint32_t i = 0; newest->slots != NULL && i < ARB_INSTRUMENTS_MAX; i++) {
        free(newest->slots[i].data);
    }
    free(newest->slots);
    free(newest->line);
    *newest = (struct newest){ 0 };
}

bool newest_put(struct newest *newest, uint32_t instrument, uint32_t conn, int64_t now_ns,
                struct arb_message message)
{
    if (!make_room(newest) || !copy(&newest->slots[instrument], message)) {
        return false;
    }
    struct newest_slot *const slot = &newest->slots[instrument];
    slot->conn = conn;
    if (slot->is_held) {
        newest->n_skipped++;
        return true;
    }
    if (!slot->is_in_line) { /* a void one has kept its place */
        slot->is_in_line = true;
        newest->line[(newest->head + newest->n) % ARB_INSTRUMENTS_MAX] = instrument;
        newest->n++;
    }
    slot->is_held = true;
    slot->since_ns = now_ns;
    return true;
}

static struct newest_slot *first(const struct newest *newest)
{
    return &newest->slots[newest->line[newest->head]];
}

static void leave_line(struct newest *newest)
{
    first(newest)->is_in_line = false;
    newest->head = (newest->head + 1) % ARB_INSTRUMENTS_MAX;
    newest->n--;
}

/* Those that are void are no longer waited for. */
static void skip_void(struct newest *newest)
{
    while (newest->n > 0 && !first(newest)->is_held) {
        leave_line(newest);
    }
}

bool newest_take(struct newest *newest, uint32_t *conn, struct arb_message *message)
{
    skip_void(newest);
    if (newest->n == 0) {
        return false;
    }
    struct newest_slot *const slot = first(newest);
    leave_line(newest);
    slot->is_held = false;
    *conn = slot->conn;
    *message = (struct arb_message){ slot->data, slot->len, slot->is_binary };
    return true;
}

int64_t newest_since_ns(const struct newest *newest)
{
    return newest->n == 0 || !first(newest)->is_held ? NEVER_NS : first(newest)->since_ns;
}

void newest_drop(struct newest *newest, uint32_t instrument)
{
    if (newest->slots != NULL) {
        newest->slots[instrument].is_held = false;
        skip_void(newest);
    }
}

void newest_drop_conn(struct newest *newest, uint32_t conn)
{
    for (uint32_t i = 0; newest->slots != NULL && i < ARB_INSTRUMENTS_MAX; i++) {
        if (newest->slots[i].conn == conn) {
            newest->slots[i].is_held = false;
        }
    }
    skip_void(newest);
}
