/* mode = orders: each order with its exact price, summed to levels. */
#include "bitfinex.h"

enum { ENTRY_TEXT_MAX = 48 }; /* a number, an amount, and what stands behind each */

int bitfinex_orders_init(struct bitfinex *self)
{
    self->orders = calloc(ARB_INSTRUMENTS_MAX, sizeof(*self->orders));
    return self->orders == NULL ? ARB_ENOMEM : ARB_OK;
}

void bitfinex_orders_fini(void *instance)
{
    struct bitfinex *const self = instance;

    for (uint32_t i = 0; self->orders != NULL && i < ARB_INSTRUMENTS_MAX; i++) {
        arb_orders_fini(&self->orders[i]);
    }
    free(self->orders);
}

/* An order of R0. Without a price it is gone. A bid beyond the scale is not to be left out. */
bool bitfinex_orders_take(struct bitfinex *self, struct arb_json *json, uint32_t i)
{
    struct arb_orders *const orders = &self->orders[i];
    struct bitfinex_entry entry;

    if (!bitfinex_read_entry(json, &self->env->instruments[i], true, &self->draft.event, &entry)) {
        return false;
    }
    if (entry.px == 0) {
        (void)arb_orders_remove(orders, entry.number);
        return true;
    }
    const struct arb_order order = { .id = entry.number,
                                     .px = entry.px,
                                     .qty = entry.qty,
                                     .is_bid = entry.is_bid,
                                     .is_hidden = !arb_orders_is_price(entry.px) };
    const int rc = order.id == 0                     ? ARB_EPROTO
                   : order.is_bid && order.is_hidden ? ARB_ERANGE
                                                     : arb_orders_put(orders, &order);
    return rc == ARB_OK || arb_json_fail(json, rc);
}

int bitfinex_orders_publish(struct bitfinex *self, struct arb_host *host)
{
    struct arb_book_event *const event = &self->draft.event;
    struct arb_orders *const orders = &self->orders[event->instrument];

    orders->px_digits = arb_digits_most(orders->px_digits, event->px_digits, 0);
    orders->qty_digits = arb_digits_most(orders->qty_digits, event->qty_digits, 0);
    return arb_orders_publish(host, event, orders);
}

/* -- the checksum ------------------------------------------------------------------------- */

/* The best orders of one side, best first. */
struct ranks {
    struct bitfinex_entry entries[BITFINEX_ENTRIES_MAX];
    uint32_t n;
};

/* Orders at one price are in the order of their ids. */
static bool is_better(const struct bitfinex_entry *a, const struct bitfinex_entry *b)
{
    return a->px == b->px ? a->number < b->number : a->is_bid == (a->px > b->px);
}

static void rank(struct ranks *ranks, const struct bitfinex_entry *entry)
{
    uint32_t at = ranks->n;

    ranks->n += at < BITFINEX_ENTRIES_MAX;
    for (; at > 0 && is_better(entry, &ranks->entries[at - 1]); at--) {
        if (at < BITFINEX_ENTRIES_MAX) {
            ranks->entries[at] = ranks->entries[at - 1];
        }
    }
    if (at < BITFINEX_ENTRIES_MAX) {
        ranks->entries[at] = *entry;
    }
}

static void rank_orders(const struct arb_orders *orders, struct ranks sides[2])
{
    for (uint32_t k = 0; k < orders->n_slots; k++) {
        const struct arb_order *const order = &orders->slots[k];
        const struct bitfinex_entry entry = { order->id, order->px, order->qty, order->is_bid };
        if (order->id != 0) {
            rank(&sides[order->is_bid ? 0 : 1], &entry);
        }
    }
}

/* "number:-amount:", as the venue sends them. */
static uint32_t write_entry(const struct bitfinex_entry *entry, unsigned scale, char *text)
{
    uint32_t len = arb_uint_write(entry->number, text);

    text[len++] = ':';
    if (!entry->is_bid) {
        text[len++] = '-';
    }
    len += arb_decimal_write_js(entry->qty, scale, text + len);
    text[len++] = ':';
    return len;
}

/* Best bid, best ask, second bid, ...; the longer side goes on alone. */
uint32_t bitfinex_orders_sum(const struct bitfinex *self, uint32_t instrument)
{
    const unsigned scale = self->env->instruments[instrument].qty_scale;
    struct ranks sides[2] = { { .n = 0 }, { .n = 0 } };
    char text[2 * BITFINEX_ENTRIES_MAX * ENTRY_TEXT_MAX];
    uint32_t len = 0;

    rank_orders(&self->orders[instrument], sides);
    for (uint32_t k = 0; k < 2 * BITFINEX_ENTRIES_MAX; k++) {
        if (k / 2 < sides[k % 2].n) {
            len += write_entry(&sides[k % 2].entries[k / 2], scale, text + len);
        }
    }
    return arb_crc32(0, text, len - (len > 0));
}
