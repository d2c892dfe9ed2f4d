/*
 * mode = orders: every event of every order, each naming its predecessor. Levels are the sums of
 * the orders at a price.
 *
 * The host checks the chain, so it gets each event, without levels as long as the REST book is not
 * there. Those events act again on the REST book: what an order is in the end is what its last
 * event says, whether or not the book was made before that event, so the times of the two need not
 * be compared exactly. When no event is newer than the book, of the older ones only deletions act
 * on it: the book contains what the others say, and perhaps what has changed it since.
 *
 * The REST book may lack orders, and may hold some that are gone. The chain is complete, so a
 * change of an unknown order tells what the book lacked, and the deletion of one tells nothing.
 * What comes of it is dated by the last event: else another session's book would count as newer.
 * Orders that are gone show by crossing others at rest, see arb_orders_uncross().
 */
#include "arbspot/orders.h"

#include "bitstamp.h"

enum {
    MATCH_US = 100000, /* an order that crosses for longer is not being matched */
    UNIT_US = 1000,    /* events carry whole milliseconds */
    ORDER_BUY = 0,
    ORDER_SELL = 1,
};

struct bitstamp_orders {
    struct arb_orders book;
    uint64_t last_seq, last_us; /* of the newest event; 0: none yet */
    uint64_t from_us;           /* older events do not act on the book */
    bool is_seeded, is_linked;  /* linked: the REST book is newer than an event that was held */
    uint64_t n_unknown, n_gone; /* orders that the REST books lacked, and had too many */
};

static const char too_many[] = "the market has more orders than fit";

static bool is_past(const struct bitstamp_orders *orders, const struct arb_order_event *event)
{
    return event->time < orders->from_us &&
           (event->kind != ARB_ORDER_DELETED || !orders->is_linked);
}

static int act(struct bitstamp_orders *orders, const struct arb_order_event *event)
{
    const struct arb_order *const known = arb_orders_find(&orders->book, event->order.id);
    struct arb_order order = event->order;

    if (is_past(orders, event)) {
        return ARB_OK;
    }
    orders->n_unknown += known == NULL && event->kind != ARB_ORDER_CREATED;
    if (event->kind == ARB_ORDER_DELETED) {
        (void)arb_orders_remove(&orders->book, order.id); /* or the REST book lacked it */
        return arb_orders_settle(&orders->book, event->time);
    }
    if (known != NULL && event->is_trade) {
        order.px = known->px;
    }
    order.is_hidden = order.is_hidden || !arb_orders_is_price(order.px);
    const int rc = arb_orders_park(&orders->book, order, event->time + MATCH_US);
    return rc == ARB_OK ? arb_orders_settle(&orders->book, event->time) : rc;
}

static void uncross(struct bitstamp *self, struct arb_host *host, uint32_t i)
{
    struct bitstamp_orders *const orders = &self->orders[i];
    const uint32_t n = arb_orders_uncross(&orders->book);

    if (n > 0 && orders->n_gone == 0) {
        arb_log(host, ARB_DEBUG, "%s: the REST book has orders that are gone; they are taken out",
                self->env->instruments[i].symbol);
    }
    orders->n_gone += n;
}

/* The host may not have taken the REST book: then it waits for another one. */
static bool is_seeded(struct bitstamp_orders *orders, struct arb_host *host, uint32_t i)
{
    struct arb_book view = { .state = ARB_BOOK_EMPTY };

    if (orders->is_seeded && arb_book_view(host, i, &view) == ARB_OK) {
        orders->is_seeded = view.state != ARB_BOOK_EMPTY && view.state != ARB_BOOK_SYNCING;
    }
    return orders->is_seeded;
}

static int take_event(struct bitstamp *self, struct arb_host *host, uint32_t i,
                      const struct arb_order_event *event)
{
    struct bitstamp_orders *const orders = &self->orders[i];

    if (!is_seeded(orders, host, i)) {
        return arb_orders_hold(&orders->book, event);
    }
    orders->book.n_held = 0;
    const int rc = act(orders, event);
    uncross(self, host, i);
    return rc;
}

static int read_event(struct arb_json json, struct arb_orders *book,
                      const struct arb_instrument *info, struct arb_order_event *event)
{
    struct arb_json px, qty, trade = arb_json_over((struct arb_bytes){ "0", 1 });
    uint64_t type = 0, subtype = 0;
    int64_t traded = 0;
    uint8_t ignored = 0;
    const struct arb_json_field fields[] = {
        { "id_str", ARB_JSON_U64, &event->order.id },
        { "microtimestamp", ARB_JSON_U64, &event->time },
        { "order_type", ARB_JSON_U64, &type },
        { "price_str", ARB_JSON_ANY, &px },
        { "amount_str", ARB_JSON_ANY, &qty },
        { "order_subtype", ARB_JSON_U64, &subtype },
        { "amount_traded", ARB_JSON_ANY, &trade },
    };
    const uint32_t seen = arb_json_fields(&json, fields, sizeof(fields) / sizeof(*fields));

    if ((seen & 31) != 31 || type > ORDER_SELL || event->order.id == 0 ||
        !arb_time_is_us(event->time)) {
        return arb_json_ok(&json) ? ARB_EPROTO : json.rc;
    }
    if (!arb_json_price(&px, info->px_scale, &event->order.px, &book->px_digits)) {
        return px.rc;
    }
    if (!arb_json_decimal(&qty, info->qty_scale, &event->order.qty, &book->qty_digits) ||
        !arb_json_decimal(&trade, info->qty_scale, &traded, &ignored)) {
        return arb_json_ok(&qty) ? trade.rc : qty.rc;
    }
    event->order.is_bid = type == ORDER_BUY;
    event->order.is_told = true;
    event->order.is_hidden = subtype == 2 || subtype == 4 || subtype == 6; /* market, IOC, FOK */
    event->is_trade = traded > 0;
    return event->order.is_bid && event->order.px == ARB_PX_BEYOND ? ARB_ERANGE : ARB_OK;
}

/* 0: not about an order. */
static uint32_t kind_of(struct arb_bytes name)
{
    static const char *const names[] = { "", "order_created", "order_changed", "order_deleted" };
    uint32_t kind = ARB_ORDER_DELETED;

    while (kind > 0 && !arb_bytes_are(name, names[kind])) {
        kind--;
    }
    return kind;
}

int bitstamp_orders_event(struct bitstamp *self, struct arb_host *host, uint32_t i,
                          const struct bitstamp_event *message)
{
    struct bitstamp_orders *const orders = &self->orders[i];
    struct arb_order_event event = { .kind = kind_of(message->name) };
    struct arb_book_event told = { .size = (uint32_t)sizeof(told),
                                   .instrument = i,
                                   .kind = ARB_BOOK_DELTA,
                                   .last_seq = arb_orders_link(message->id),
                                   .prev_seq = arb_orders_link(message->previous_id) };

    if (event.kind == 0) {
        return ARB_OK;
    }
    int rc = read_event(message->data, &orders->book, &self->env->instruments[i], &event);
    if (rc != ARB_OK || told.last_seq == 0 || told.prev_seq == 0) {
        return arb_levels_trouble(host, i, rc == ARB_OK ? ARB_EPROTO : rc);
    }
    if (told.last_seq == orders->last_seq) {
        return ARB_OK; /* it came twice */
    }
    orders->last_seq = told.last_seq;
    orders->last_us = event.time;
    told.venue_ns = arb_time_from_us(event.time);
    /* Orders that wait for a price to trigger them are told of, but are in no book. */
    if (message->source.len == 0 || arb_bytes_are(message->source, "orderbook")) {
        rc = take_event(self, host, i, &event);
    }
    rc = rc == ARB_OK ? arb_orders_publish(host, &told, &orders->book) : rc;
    return rc == ARB_OK ? ARB_OK : arb_book_resync(host, i, too_many);
}

int bitstamp_orders_seed(struct bitstamp *self, struct arb_host *host, uint32_t i,
                         struct arb_bytes body)
{
    const struct arb_instrument *const info = &self->env->instruments[i];
    struct bitstamp_orders *const orders = &self->orders[i];
    struct arb_json bids, asks, json = arb_json_over(body);
    uint64_t made = 0;
    const struct arb_json_field fields[] = { { "bids", ARB_JSON_ANY, &bids },
                                             { "asks", ARB_JSON_ANY, &asks },
                                             { "microtimestamp", ARB_JSON_U64, &made } };

    if (arb_json_fields(&json, fields, 3) != 7 || !arb_json_end(&json) || !arb_time_is_us(made)) {
        return arb_json_ok(&json) ? ARB_EPROTO : json.rc;
    }
    arb_orders_clear(&orders->book);
    if (!arb_orders_read(&bids, &orders->book, info, true) ||
        !arb_orders_read(&asks, &orders->book, info, false)) {
        return arb_levels_trouble(host, i, arb_json_ok(&bids) ? asks.rc : bids.rc);
    }
    /* Without an event that it is newer than, the host judges by the times. */
    orders->is_linked = orders->book.n_held > 0 && made >= orders->book.held[0].time;
    orders->from_us = orders->last_us > made ? 0
                      : orders->is_linked    ? made - made % UNIT_US
                                             : made + 1;
    orders->is_seeded = true;
    for (uint32_t k = 0; k < orders->book.n_held; k++) {
        const int rc = act(orders, &orders->book.held[k]);
        if (rc != ARB_OK) {
            return arb_book_resync(host, i, too_many);
        }
    }
    uncross(self, host, i);
    const bool is_ahead = orders->is_linked && orders->last_us > made;
    struct arb_book_event told = { .size = (uint32_t)sizeof(told),
                                   .instrument = i,
                                   .kind = ARB_BOOK_SNAPSHOT,
                                   .last_seq = orders->is_linked ? orders->last_seq : 0,
                                   .venue_ns =
                                       arb_time_from_us(is_ahead ? orders->last_us : made) };
    return arb_orders_publish(host, &told, &orders->book);
}

int bitstamp_orders_init(struct bitstamp *self)
{
    self->orders = calloc(ARB_INSTRUMENTS_MAX, sizeof(*self->orders));
    return self->orders == NULL ? ARB_ENOMEM : ARB_OK;
}

void bitstamp_orders_reset(void *instance, uint32_t instrument)
{
    struct bitstamp *const self = instance;
    struct bitstamp_orders *const orders = self->orders == NULL ? NULL : &self->orders[instrument];

    if (orders != NULL) {
        arb_orders_clear(&orders->book);
        orders->book.n_held = 0;
        orders->last_seq = orders->last_us = 0;
        orders->is_seeded = false;
    }
}

void bitstamp_orders_fini(void *instance)
{
    struct bitstamp *const self = instance;

    for (uint32_t i = 0; self->orders != NULL && i < ARB_INSTRUMENTS_MAX; i++) {
        arb_orders_fini(&self->orders[i].book);
    }
    free(self->orders);
}
