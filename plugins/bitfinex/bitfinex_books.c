/*
 * Books of one channel: entries are levels (P0), or orders (R0) for bitfinex_orders.c. The checksum
 * comes in a message of its own.
 */
#include "bitfinex.h"

/*
 * Reads [price, count, +-amount], or [order, price, +-amount]. Exponents are as in JSON. An amount
 * of 0 has no side.
 */
bool bitfinex_read_entry(struct arb_json *json, const struct arb_instrument *info, bool is_order,
                         struct arb_book_event *event, struct bitfinex_entry *entry)
{
    struct arb_json values[4]; /* the last is for what may be appended one day */
    unsigned n = 0;

    arb_json_array(json);
    for (; arb_json_next(json); n++) {
        values[n < 3 ? n : 3] = *json;
        arb_json_skip(json);
    }
    if (!arb_json_ok(json) || n < 3) {
        return arb_json_fail(json, ARB_EPROTO);
    }
    entry->is_bid = arb_json_peek(&values[2]) != '-';
    (void)arb_json_literal(&values[2], "-", 1);
    if (!arb_json_u64(&values[!is_order], &entry->number) ||
        !arb_json_price(&values[is_order], info->px_scale, &entry->px, &event->px_digits) ||
        !arb_json_decimal(&values[2], info->qty_scale, &entry->qty, &event->qty_digits)) {
        const int of_px = values[is_order].rc, of_qty = values[2].rc;
        return arb_json_fail(json, of_px != ARB_OK    ? of_px
                                   : of_qty != ARB_OK ? of_qty
                                                      : ARB_EPROTO);
    }
    return entry->qty > 0 || arb_json_fail(json, ARB_EPROTO);
}

/* A level of P0. Without orders it is gone. */
static bool take_level(struct bitfinex *self, struct arb_json *json, uint32_t i)
{
    struct arb_draft *const draft = &self->draft;
    struct bitfinex_entry entry;

    if (!bitfinex_read_entry(json, &self->env->instruments[i], false, &draft->event, &entry)) {
        return false;
    }
    struct arb_levels *const side = entry.is_bid ? &draft->bids : &draft->asks;
    struct arb_level *const level = arb_levels_more(json, side);
    if (level == NULL) {
        return false;
    }
    *level = (struct arb_level){ entry.px, entry.number == 0 ? 0 : entry.qty };
    arb_levels_keep(side);
    return true;
}

/* A whole book is an array of entries, and a change is one. */
int bitfinex_book(struct bitfinex *self, struct arb_host *host, struct bitfinex_frame *frame)
{
    const bool has_orders = self->orders != NULL;
    struct arb_json *const json = &frame->payload, ahead = *json;
    const uint32_t i = frame->instrument;

    const bool is_whole = arb_json_array(&ahead) && arb_json_peek(&ahead) != 0 &&
                          (*ahead.at == '[' || *ahead.at == ']');
    arb_draft_begin(&self->draft, self->env, i, is_whole ? ARB_BOOK_SNAPSHOT : ARB_BOOK_DELTA);
    self->draft.event.max_depth = (uint32_t)self->depth;
    if (is_whole && has_orders) {
        arb_orders_clear(&self->orders[i]);
    }
    bool goes_on = !is_whole || (arb_json_array(json) && arb_json_next(json));
    while (goes_on) {
        goes_on = has_orders ? bitfinex_orders_take(self, json, i) : take_level(self, json, i);
        goes_on = goes_on && is_whole && arb_json_next(json);
    }
    self->draft.asks.rc = json->rc;
    return has_orders && json->rc == ARB_OK ? bitfinex_orders_publish(self, host)
                                            : arb_draft_publish(host, &self->draft);
}

/* It is of the book as the events before left it: an event of its own, which changes nothing. */
int bitfinex_book_sum(struct bitfinex *self, struct arb_host *host, struct bitfinex_frame *frame)
{
    int64_t checksum = 0;

    if (!arb_json_i64(&frame->payload, &checksum)) {
        return arb_book_reject(host, frame->instrument, ARB_EPROTO);
    }
    arb_draft_begin(&self->draft, self->env, frame->instrument, ARB_BOOK_DELTA);
    self->draft.event.max_depth = (uint32_t)self->depth;
    self->draft.event.has_checksum = true;
    self->draft.event.checksum = (uint32_t)checksum;
    return arb_draft_publish(host, &self->draft);
}

/* Best bid, best ask, second bid, ...; the longer side goes on alone. */
int bitfinex_checksum(void *instance, const struct arb_book_event *event,
                      const struct arb_book *book, uint32_t *checksum)
{
    static const struct arb_digits_style style = { .n_levels = BITFINEX_ENTRIES_MAX,
                                                   .order = ARB_DIGITS_BY_LEVEL,
                                                   .between = ':',
                                                   .has_point = true,
                                                   .is_js = true,
                                                   .has_minus = true };
    const struct bitfinex *const self = instance;
    const struct arb_instrument *const info = &self->env->instruments[event->instrument];

    *checksum = self->orders != NULL ? bitfinex_orders_sum(self, event->instrument)
                                     : arb_digits_crc_once(&style, info, event, book);
    return ARB_OK;
}
