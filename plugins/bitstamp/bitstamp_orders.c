/*
 * mode = orders: every event of every order, each naming its predecessor, so that a lost one is
 * noticed at once. Levels are the sums of the orders at a price.
 *
 * The REST book is spliced in by letting all events since the subscription act on it again: what
 * an order is in the end is what its last event says, whether or not the book was made before
 * that event. So the book needs only to be no older than the first event, and to be published
 * after the stream has got past it. The times of both need not be compared exactly, which is
 * just as well: events carry whole milliseconds.
 *
 * A stream that does not get past it is quiet, or held up. Then only what is not clearly older
 * than the book acts on it, also later: half of a past that the book has behind it would take
 * it to where the venue never was.
 */
#include "bitstamp.h"

#include <stdlib.h>

#define NS_PER_S INT64_C(1000000000)
#define SPLICE_NS (1 * NS_PER_S) /* what was under way when the REST book came has arrived */
#define LENIENT_US 1000000       /* behind the REST book, events may say what it already shows */
#define EVENT_UNIT_US 1000       /* events carry whole milliseconds */

enum {
    HELD_MIN = 64,
    CHANGES_MAX = PARKED_MAX + 2, /* levels that one event can touch */
    ORDER_BUY = 0,
    ORDER_SELL = 1,
};

/* -- state ---------------------------------------------------------------------------- */

void bitstamp_orders_reset(struct orders *orders, bool new_chain)
{
    order_table_clear(&orders->table);
    orders->is_live = false;
    orders->n_held = 0;
    orders->n_parked = 0;
    if (new_chain) {
        orders->last_id_len = 0;
    }
}

void bitstamp_orders_fini(struct orders *orders)
{
    order_table_fini(&orders->table);
    free(orders->held);
}

static void note_digits(struct orders *orders, uint8_t px_digits, uint8_t qty_digits)
{
    orders->px_digits = px_digits > orders->px_digits ? px_digits : orders->px_digits;
    orders->qty_digits = qty_digits > orders->qty_digits ? qty_digits : orders->qty_digits;
}

/* -- changed levels ------------------------------------------------------------------- */

struct change {
    int64_t px, diff;
    bool is_bid;
};

/* What one callback does to the levels; equal prices are added up. */
struct changes {
    uint32_t n;
    struct change list[CHANGES_MAX];
};

/* False when the sum does not fit. */
static bool add_change(struct changes *changes, const struct order *order, int64_t diff)
{
    for (uint32_t i = 0; i < changes->n; i++) {
        struct change *const change = &changes->list[i];
        if (change->px == order->px && change->is_bid == order->is_bid) {
            return !__builtin_add_overflow(change->diff, diff, &change->diff);
        }
    }
    changes->list[changes->n++] =
        (struct change){ .px = order->px, .diff = diff, .is_bid = order->is_bid };
    return true;
}

/* An order being matched stands above the other side until it is done; it rests in no level. */
static bool crosses(const struct arb_book *view, const struct order *order)
{
    if (order->is_bid) {
        return view->n_asks > 0 && order->px >= arb_ask(view, 0)->px;
    }
    return view->n_bids > 0 && order->px <= arb_bid(view, 0)->px;
}

static void park(struct orders *orders, struct order *order, bool was_parked)
{
    if (was_parked) {
        order->is_parked = true;
    } else if (orders->n_parked < PARKED_MAX) { /* else the host shows the book as crossed */
        order->is_parked = true;
        orders->parked[orders->n_parked++] = order->id;
    }
}

/* Parked orders that nothing stands against any more come to rest; gone ones are forgotten. */
static bool unpark(struct orders *orders, const struct arb_book *view, struct changes *changes)
{
    uint32_t n = 0;
    bool fits = true;

    for (uint32_t i = 0; i < orders->n_parked; i++) {
        struct order *const order = order_find(&orders->table, orders->parked[i]);
        if (order == NULL || !order->is_parked) {
            continue;
        }
        if (crosses(view, order)) {
            orders->parked[n++] = order->id;
            continue;
        }
        order->is_parked = false;
        fits = add_change(changes, order, order->qty) && fits;
    }
    orders->n_parked = n;
    return fits;
}

/* The changed levels as the book shows them then; false when the sums contradict the book. */
static bool sum_up(const struct changes *changes, const struct arb_book *view,
                   struct book_text *book)
{
    for (uint32_t i = 0; i < changes->n; i++) {
        const struct change *const change = &changes->list[i];
        struct arb_levels *const side = change->is_bid ? &book->bids : &book->asks;
        int64_t qty;
        if (__builtin_add_overflow(bitstamp_qty_at(view, change->is_bid, change->px), change->diff,
                                   &qty) ||
            qty < 0) {
            return false;
        }
        if (change->diff != 0) {
            side->levels[side->n++] = (struct arb_level){ .px = change->px, .qty = qty };
        }
    }
    return true;
}

/* -- publishing ----------------------------------------------------------------------- */

static int publish(struct bitstamp *self, struct arb_host *host, uint32_t i,
                   const struct book_text *book, enum arb_book_kind kind)
{
    struct orders *const orders = &self->markets[i].orders;
    const struct arb_book_event event = {
        .size = (uint32_t)sizeof(event),
        .instrument = i,
        .kind = (uint32_t)kind,
        .seq = ++orders->seq, /* microtimestamps repeat: too coarse to splice by */
        .venue_ns = bitstamp_venue_ns(book->microtimestamp),
        .bids = book->bids.levels,
        .asks = book->asks.levels,
        .n_bids = book->bids.n,
        .n_asks = book->asks.n,
        .px_digits = orders->px_digits,
        .qty_digits = orders->qty_digits,
        .is_unproven = self->markets[i].asked_when_quiet, /* until the first event */
    };
    return arb_book_publish(host, &event);
}

static int publish_changes(struct bitstamp *self, struct arb_host *host, uint32_t i,
                           const struct changes *changes, const struct arb_book *view)
{
    struct book_text book = bitstamp_book_for(self, i);

    if (!sum_up(changes, view, &book)) {
        return bitstamp_damaged(self, host, i, "a level's orders do not add up");
    }
    book.microtimestamp = self->markets[i].last_event;
    return book.bids.n + book.asks.n == 0 ? ARB_OK : publish(self, host, i, &book, ARB_BOOK_DELTA);
}

static int by_price(const void *a, const void *b)
{
    const int64_t left = ((const struct arb_level *)a)->px;
    const int64_t right = ((const struct arb_level *)b)->px;
    return left < right ? -1 : left > right;
}

/* Adds up neighbours of equal price; ARB_ELIMIT or ARB_ERANGE when that does not fit. */
static int merge_levels(const struct arb_level *from, uint32_t n, struct arb_levels *to)
{
    for (uint32_t i = 0; i < n; i++) {
        if (to->n > 0 && to->levels[to->n - 1].px == from[i].px) {
            int64_t *const qty = &to->levels[to->n - 1].qty;
            if (__builtin_add_overflow(*qty, from[i].qty, qty)) {
                return ARB_ERANGE;
            }
        } else if (to->n == to->max) {
            return ARB_ELIMIT;
        } else {
            to->levels[to->n++] = from[i];
        }
    }
    return ARB_OK;
}

/* The levels of one side; `scratch` has room for every order. */
static int collect_side(const struct order_table *table, bool is_bid, struct arb_level *scratch,
                        struct arb_levels *side)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < table->n_slots; i++) {
        const struct order *const order = &table->slots[i];
        if (order->id != 0 && order->is_bid == is_bid && order->qty > 0) {
            scratch[n++] = (struct arb_level){ .px = order->px, .qty = order->qty };
        }
    }
    if (n > 0) {
        qsort(scratch, n, sizeof(*scratch), by_price);
    }
    return merge_levels(scratch, n, side);
}

/* Once per seed, so the memory is taken for the moment. */
static int collect_book(const struct order_table *table, struct book_text *book)
{
    struct arb_level *const scratch = malloc(((size_t)table->n + 1) * sizeof(*scratch));

    if (scratch == NULL) {
        return ARB_ENOMEM;
    }
    int rc = collect_side(table, true, scratch, &book->bids);
    if (rc == ARB_OK) {
        rc = collect_side(table, false, scratch, &book->asks);
    }
    free(scratch);
    return rc;
}

static int publish_whole(struct bitstamp *self, struct arb_host *host, uint32_t i)
{
    struct market *const market = &self->markets[i];
    struct book_text book = bitstamp_book_for(self, i);
    const int rc = collect_book(&market->orders.table, &book);

    if (rc != ARB_OK) {
        return bitstamp_damaged(self, host, i, "the orders make more levels than fit");
    }
    market->seed = SEED_IDLE;
    market->orders.is_live = true;
    book.microtimestamp =
        market->last_event > market->seed_stamp ? market->last_event : market->seed_stamp;
    return publish(self, host, i, &book, ARB_BOOK_SNAPSHOT);
}

/* -- events --------------------------------------------------------------------------- */

struct order_text {
    uint64_t id, id_str, type, microtimestamp;
    int64_t px, qty;
    bool has_px, has_qty, has_type;
    uint8_t px_digits, qty_digits;
};

static void read_member(struct arb_json *json, struct arb_bytes key,
                        const struct arb_instrument *info, struct order_text *text)
{
    if (arb_bytes_are(key, "id")) {
        arb_json_u64(json, &text->id);
    } else if (arb_bytes_are(key, "id_str")) {
        arb_json_u64(json, &text->id_str);
    } else if (arb_bytes_are(key, "order_type")) {
        text->has_type = arb_json_u64(json, &text->type);
    } else if (arb_bytes_are(key, "microtimestamp")) {
        arb_json_u64(json, &text->microtimestamp);
    } else if (arb_bytes_are(key, "price_str")) {
        text->has_px = arb_json_price(json, info->px_scale, &text->px, &text->px_digits);
    } else if (arb_bytes_are(key, "amount_str")) {
        text->has_qty = arb_json_decimal(json, info->qty_scale, &text->qty, &text->qty_digits);
    } else {
        arb_json_skip(json); /* `price` and `amount` have been through a double */
    }
}

/* Market orders have the price 0; some asks have one that nobody means. Neither rests. */
static bool can_rest(int64_t px)
{
    return px > 0 && px != ARB_PX_BEYOND;
}

static bool read_event(struct arb_json *json, const struct arb_instrument *info,
                       enum order_event_kind kind, struct order_event *event)
{
    struct order_text text = { 0 };
    struct arb_bytes key;

    arb_json_object(json);
    while (arb_json_key(json, &key)) {
        read_member(json, key, info, &text);
    }
    if (!arb_json_ok(json)) {
        return false;
    }
    const uint64_t id = text.id_str != 0 ? text.id_str : text.id;
    if (id == 0 || !text.has_type || text.type > ORDER_SELL || !text.has_px || !text.has_qty ||
        text.microtimestamp == 0) {
        return arb_json_fail(json, ARB_EPROTO);
    }
    *event = (struct order_event){
        .kind = kind,
        .px_digits = text.px_digits,
        .qty_digits = text.qty_digits,
        .microtimestamp = text.microtimestamp,
        .order = { .id = id,
                   .px = text.px,
                   .qty = kind != ORDER_DELETED && can_rest(text.px) ? text.qty : 0,
                   .is_bid = text.type == ORDER_BUY },
    };
    return true;
}

/* The event acts on the orders alone, whatever they were before. */
static int act(struct orders *orders, const struct order_event *event)
{
    struct order *const known = order_find(&orders->table, event->order.id);

    note_digits(orders, event->px_digits, event->qty_digits);
    if (event->kind != ORDER_DELETED) {
        return order_put(&orders->table, &event->order);
    }
    if (known != NULL) {
        order_remove(&orders->table, known);
    }
    return ARB_OK;
}

static int hold(struct orders *orders, const struct order_event *event)
{
    if (orders->n_held == HELD_MAX) {
        return ARB_ELIMIT;
    }
    if (orders->n_held == orders->held_cap) {
        const uint32_t cap = orders->held_cap == 0 ? HELD_MIN : 2 * orders->held_cap;
        struct order_event *const held = realloc(orders->held, cap * sizeof(*held));
        if (held == NULL) {
            return ARB_ENOMEM;
        }
        orders->held = held;
        orders->held_cap = cap;
    }
    orders->held[orders->n_held++] = *event;
    return ARB_OK;
}

/* Behind the REST book an order must be new when created, and known when changed or deleted. */
static const char *contradiction(const struct market *market, const struct order_event *event)
{
    const bool is_known = order_find(&market->orders.table, event->order.id) != NULL;

    if (event->microtimestamp <= market->seed_stamp + LENIENT_US) {
        return NULL;
    }
    if (event->kind == ORDER_CREATED) {
        return is_known ? "an order was created that the book holds" : NULL;
    }
    return is_known ? NULL : "an order changed that the book does not hold";
}

/* What the event does to the levels, beside acting on the orders. */
static int apply(struct orders *orders, const struct order_event *event,
                 const struct arb_book *view, struct changes *changes)
{
    const struct order *const known = order_find(&orders->table, event->order.id);
    const bool was_parked = known != NULL && known->is_parked;
    bool fits = true;

    if (known != NULL && !was_parked && known->qty > 0) {
        fits = add_change(changes, known, -known->qty);
    }
    const int rc = act(orders, event);
    struct order *const order = order_find(&orders->table, event->order.id);
    if (rc == ARB_OK && order != NULL && order->qty > 0) {
        if (crosses(view, order)) {
            park(orders, order, was_parked);
        }
        if (!order->is_parked) {
            fits = add_change(changes, order, order->qty) && fits;
        }
    }
    return fits ? rc : ARB_ERANGE;
}

static int on_live_event(struct bitstamp *self, struct arb_host *host, uint32_t i,
                         const struct order_event *event)
{
    struct market *const market = &self->markets[i];
    struct changes changes = { .n = 0 };
    const char *const why = contradiction(market, event);
    struct arb_book view;
    const int view_rc = arb_book_view(host, i, &view);

    if (view_rc != ARB_OK || why != NULL) {
        return view_rc != ARB_OK ? view_rc : bitstamp_damaged(self, host, i, why);
    }
    if (!unpark(&market->orders, &view, &changes) ||
        apply(&market->orders, event, &view, &changes) != ARB_OK) {
        return bitstamp_damaged(self, host, i, "the market has more orders than fit");
    }
    return publish_changes(self, host, i, &changes, &view);
}

/* The REST book shows it, or what became of it since. */
static bool is_before_seed(const struct market *market, const struct order_event *event)
{
    return event->microtimestamp < market->seed_stamp - market->seed_stamp % EVENT_UNIT_US;
}

/* Lets the held events act on the REST book; `all` or those that it need not show. */
static int act_held(struct market *market, bool all)
{
    struct orders *const orders = &market->orders;
    int rc = ARB_OK;

    for (uint32_t k = 0; k < orders->n_held && rc == ARB_OK; k++) {
        if (all || !is_before_seed(market, &orders->held[k])) {
            rc = act(orders, &orders->held[k]);
        }
    }
    orders->n_held = 0;
    return rc;
}

/* The stream got past the REST book, or had the time for it. */
static int publish_when_spliced(struct bitstamp *self, struct arb_host *host, uint32_t i)
{
    struct market *const market = &self->markets[i];
    const bool is_past = market->last_event > market->seed_stamp;

    if (!is_past && host->now_ns < market->splice_by_ns) {
        return ARB_OK;
    }
    return act_held(market, is_past) == ARB_OK
               ? publish_whole(self, host, i)
               : bitstamp_damaged(self, host, i, "the market has more orders than fit");
}

static int take_event(struct bitstamp *self, struct arb_host *host, uint32_t i,
                      const struct order_event *event)
{
    struct market *const market = &self->markets[i];

    market->last_event = event->microtimestamp;
    if (market->seed == SEED_IDLE) {
        return market->orders.is_live && !is_before_seed(market, event)
                   ? on_live_event(self, host, i, event)
                   : ARB_OK;
    }
    if (market->first_diff == 0) {
        market->first_diff = event->microtimestamp;
    }
    if (hold(&market->orders, event) != ARB_OK) {
        return bitstamp_damaged(self, host, i, "too many orders before the order book came");
    }
    return market->seed == SEED_SPLICING ? publish_when_spliced(self, host, i) : ARB_OK;
}

/* Remembers the event's id. Returns whether it follows the last one, or starts the chain. */
static bool follows(struct orders *orders, const struct arb_bytes links[2])
{
    const bool fits = orders->last_id_len == 0 ||
                      (links[1].len == orders->last_id_len &&
                       memcmp(links[1].data, orders->last_id, orders->last_id_len) == 0);

    memcpy(orders->last_id, links[0].data, links[0].len);
    orders->last_id_len = links[0].len;
    return fits;
}

static bool is_repeated(const struct orders *orders, struct arb_bytes id)
{
    return id.len == orders->last_id_len && memcmp(id.data, orders->last_id, id.len) == 0;
}

/*
 * Nothing links the first event of a connection to a REST book made before it: events in between
 * may be lost. The next book has to be newer than this event.
 */
static int begin_chain(struct bitstamp *self, struct arb_host *host, uint32_t i)
{
    struct market *const market = &self->markets[i];

    market->asked_when_quiet = false;
    if (market->seed == SEED_SPLICING) {
        return bitstamp_ask_again(self, host, i, "older than the first event");
    }
    return market->orders.is_live
               ? bitstamp_damaged(self, host, i, "the first event came after the order book")
               : ARB_OK;
}

static bool is_link(struct arb_bytes id)
{
    return id.len > 0 && id.len < EVENT_ID_MAX;
}

int bitstamp_order_event(struct bitstamp *self, struct arb_host *host, uint32_t i,
                         enum order_event_kind kind, struct arb_json *data,
                         const struct arb_bytes links[2])
{
    struct market *const market = &self->markets[i];
    struct order_event event;

    if (!is_link(links[0]) || !is_link(links[1])) {
        return ARB_EPROTO;
    }
    if (is_repeated(&market->orders, links[0])) {
        return ARB_OK;
    }
    const bool is_first = market->orders.last_id_len == 0;
    const bool is_next = follows(&market->orders, links);
    if (!read_event(data, &self->env->instruments[i], kind, &event)) {
        const int rc = bitstamp_number_trouble(self, host, i, data->rc);
        market->seed = SEED_IDLE;
        bitstamp_orders_reset(&market->orders, false);
        return rc;
    }
    if (bitstamp_is_from_the_future(host, event.microtimestamp)) {
        return ARB_EPROTO;
    }
    if (!is_next) {
        return bitstamp_damaged(self, host, i, "an order event was lost");
    }
    const int rc = is_first ? begin_chain(self, host, i) : ARB_OK;
    return rc != ARB_OK ? rc : take_event(self, host, i, &event);
}

/* -- the REST book -------------------------------------------------------------------- */

/* Reads [[price, amount, id], ...] into the table. */
static bool read_orders(struct arb_json *json, struct orders *orders,
                        const struct arb_instrument *info, bool is_bid)
{
    arb_json_array(json);
    while (arb_json_next(json)) {
        struct order order = { .is_bid = is_bid };
        if (!arb_json_array(json) || !arb_json_next(json) ||
            !arb_json_price(json, info->px_scale, &order.px, &orders->px_digits) ||
            !arb_json_next(json) ||
            !arb_json_decimal(json, info->qty_scale, &order.qty, &orders->qty_digits) ||
            !arb_json_next(json) || !arb_json_u64(json, &order.id) || order.id == 0) {
            return arb_json_fail(json, ARB_EPROTO);
        }
        while (arb_json_next(json)) {
            arb_json_skip(json);
        }
        order.qty = can_rest(order.px) ? order.qty : 0;
        if (order_put(&orders->table, &order) != ARB_OK) {
            return arb_json_fail(json, ARB_ELIMIT);
        }
    }
    return arb_json_ok(json);
}

static bool read_seed(struct arb_json *json, struct orders *orders,
                      const struct arb_instrument *info, uint64_t *made)
{
    struct arb_bytes key;

    arb_json_object(json);
    while (arb_json_key(json, &key)) {
        if (arb_bytes_are(key, "bids")) {
            read_orders(json, orders, info, true);
        } else if (arb_bytes_are(key, "asks")) {
            read_orders(json, orders, info, false);
        } else if (arb_bytes_are(key, "microtimestamp")) {
            arb_json_u64(json, made);
        } else {
            arb_json_skip(json);
        }
    }
    return arb_json_end(json) && (*made != 0 || arb_json_fail(json, ARB_EPROTO));
}

static int splice(struct bitstamp *self, struct arb_host *host, uint32_t i, uint64_t made)
{
    struct market *const market = &self->markets[i];

    market->seed = SEED_SPLICING;
    market->seed_stamp = made;
    market->splice_by_ns = host->now_ns + SPLICE_NS;
    return publish_when_spliced(self, host, i);
}

int bitstamp_orders_seed(struct bitstamp *self, struct arb_host *host, uint32_t i,
                         struct arb_json *json)
{
    struct market *const market = &self->markets[i];
    uint64_t made = 0;

    order_table_clear(&market->orders.table);
    if (!read_seed(json, &market->orders, &self->env->instruments[i], &made)) {
        return json->rc == ARB_ERANGE ? bitstamp_number_trouble(self, host, i, json->rc)
                                      : bitstamp_ask_again(self, host, i, "the answer is damaged");
    }
    if (!bitstamp_may_seed(self, market, made)) {
        return bitstamp_ask_again(self, host, i, "older than the first event");
    }
    return splice(self, host, i, made);
}

int bitstamp_orders_tick(struct bitstamp *self, struct arb_host *host, uint32_t i)
{
    struct market *const market = &self->markets[i];
    struct changes changes = { .n = 0 };
    struct arb_book view;

    if (market->seed == SEED_SPLICING) {
        return publish_when_spliced(self, host, i);
    }
    if (!market->orders.is_live || market->orders.n_parked == 0) {
        return ARB_OK;
    }
    const int rc = arb_book_view(host, i, &view);
    if (rc != ARB_OK) {
        return rc;
    }
    if (!unpark(&market->orders, &view, &changes)) {
        return bitstamp_damaged(self, host, i, "a level's orders do not add up");
    }
    return publish_changes(self, host, i, &changes, &view);
}
