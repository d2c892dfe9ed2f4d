#include "sim_client.h"

#include <stdio.h>

#include "bitstamp_frames.h"
#include "util/clock.h"

enum { ORDERS_MAX = 4096, EVENTS_MAX = 8192, GONE_MAX = 65536 };

/* One client of live_orders_btcusd that keeps orders in a list and walks through all of it. */
struct order {
    uint64_t id;
    bool is_bid;
    char px[NAIVE_TEXT_MAX], qty[NAIVE_TEXT_MAX];
};

struct fixture {
    struct instrument_list *instruments;
    struct world *world;
    int64_t now_ns;
    cJSON *events[EVENTS_MAX];
    size_t n_events;
    struct order orders[ORDERS_MAX];
    size_t n_orders;
    size_t n_created, n_changed, n_deleted;
};

static void on_send(void *context, uint32_t venue, uint32_t client, struct arb_bytes text)
{
    struct fixture *const fixture = context;
    cJSON *const frame = cJSON_ParseWithLength(text.data, text.len);
    (void)venue;
    (void)client;

    assert_non_null(frame);
    if (cJSON_GetObjectItemCaseSensitive(frame, "event_id") == NULL) {
        cJSON_Delete(frame); /* the acknowledgement */
        return;
    }
    assert_true(fixture->n_events < EVENTS_MAX);
    fixture->events[fixture->n_events++] = frame;
}

static void on_close(void *context, uint32_t venue, uint32_t client, uint16_t code, const char *why)
{
    (void)context, (void)venue, (void)client, (void)code, (void)why;
}

static struct fixture *open_fixture(void)
{
    struct fixture *const fixture = calloc(1, sizeof(*fixture));

    assert_non_null(fixture);
    fixture->instruments = test_instruments("BTC/USD");
    const struct world_config config =
        test_world(fixture->instruments,
                   (struct world_outlet){ .send = on_send, .close = on_close, .context = fixture });
    fixture->now_ns = config.start_ns;
    assert_int_equal(world_create(&fixture->world, &config, NULL), ARB_OK);
    test_connect(fixture->world, 1, fixture->now_ns);
    test_say(fixture->world, 1, fixture->now_ns,
             "{\"event\":\"bts:subscribe\",\"data\":{\"channel\":\"live_orders_btcusd\"}}");
    return fixture;
}

static void close_fixture(struct fixture *fixture)
{
    for (size_t i = 0; i < fixture->n_events; i++) {
        cJSON_Delete(fixture->events[i]);
    }
    world_destroy(fixture->world);
    test_instruments_free(fixture->instruments);
    free(fixture);
}

static void run_ms(struct fixture *fixture, int64_t ms)
{
    fixture->now_ns += ms * NS_PER_MS;
    world_advance(fixture->world, fixture->now_ns);
}

static const char *text_of(const cJSON *object, const char *name)
{
    const char *const text = cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));
    assert_non_null(text);
    return text;
}

static struct order *find(struct fixture *fixture, uint64_t id)
{
    for (size_t i = 0; i < fixture->n_orders; i++) {
        if (fixture->orders[i].id == id) {
            return &fixture->orders[i];
        }
    }
    return NULL;
}

static void put(struct fixture *fixture, uint64_t id, bool is_bid, const char *px, const char *qty)
{
    struct order *order = find(fixture, id);

    if (order == NULL) {
        assert_true(fixture->n_orders < ORDERS_MAX);
        order = &fixture->orders[fixture->n_orders++];
    }
    order->id = id;
    order->is_bid = is_bid;
    naive_copy(order->px, (struct arb_bytes){ px, strlen(px) });
    naive_copy(order->qty, (struct arb_bytes){ qty, strlen(qty) });
}

static void seed_side(struct fixture *fixture, const cJSON *rows, bool is_bid)
{
    const cJSON *row;
    cJSON_ArrayForEach(row, rows)
    {
        const char *const id = cJSON_GetStringValue(cJSON_GetArrayItem(row, 2));
        assert_null(find(fixture, strtoull(id, NULL, 10)));
        put(fixture, strtoull(id, NULL, 10), is_bid,
            cJSON_GetStringValue(cJSON_GetArrayItem(row, 0)),
            cJSON_GetStringValue(cJSON_GetArrayItem(row, 1)));
    }
}

static int64_t seed(struct fixture *fixture)
{
    struct sim_venue *const model = world_venue(fixture->world, 1);
    struct arb_bytes body;

    assert_int_equal(
        model->ops->on_get(model, "/api/v2/order_book/btcusd/?group=2", fixture->now_ns, &body),
        200);
    cJSON *const root = cJSON_ParseWithLength(body.data, body.len);
    assert_non_null(root);
    seed_side(fixture, cJSON_GetObjectItemCaseSensitive(root, "bids"), true);
    seed_side(fixture, cJSON_GetObjectItemCaseSensitive(root, "asks"), false);
    const int64_t us = strtoll(text_of(root, "microtimestamp"), NULL, 10);
    cJSON_Delete(root);
    return us;
}

static void apply(struct fixture *fixture, const cJSON *event)
{
    const cJSON *const data = cJSON_GetObjectItemCaseSensitive(event, "data");
    const uint64_t id = strtoull(text_of(data, "id_str"), NULL, 10);
    const bool is_bid = cJSON_GetObjectItemCaseSensitive(data, "order_type")->valueint == 0;
    const char *const what = text_of(event, "event");
    struct order *const known = find(fixture, id);

    if (strcmp(what, "order_deleted") == 0) {
        assert_non_null(known);
        *known = fixture->orders[--fixture->n_orders];
        fixture->n_deleted++;
        return;
    }
    assert_int_equal(known != NULL, strcmp(what, "order_changed") == 0);
    fixture->n_created += known == NULL;
    fixture->n_changed += known != NULL;
    put(fixture, id, is_bid, text_of(data, "price_str"), text_of(data, "amount_str"));
}

/* Adds an order to its level. */
static void add(struct naive_book *book, const struct order *order)
{
    struct naive_side *const side = order->is_bid ? &book->bids : &book->asks;
    const struct arb_bytes px = { order->px, strlen(order->px) };
    int64_t sum = naive_value((struct arb_bytes){ order->qty, strlen(order->qty) }, 8);
    char text[ARB_DECIMAL_TEXT_MAX];

    for (size_t i = 0; i < side->n; i++) {
        sum += strcmp(side->levels[i].px, order->px) == 0 ? side->levels[i].qty_value : 0;
    }
    naive_set(book, side, px, (struct arb_bytes){ text, arb_decimal_write(sum, 8, 8, text) });
}

static void expect_published(const struct fixture *fixture)
{
    const struct sim_venue *const model = world_venue(fixture->world, 1);
    const struct sim_book *const published = model->ops->published(model, 0);
    const struct sim_instrument *const item = &world_instruments(fixture->world, 1)->items[0];
    struct naive_book *const book = calloc(1, sizeof(*book));

    assert_non_null(book);
    naive_clear(book);
    for (size_t i = 0; i < fixture->n_orders; i++) {
        add(book, &fixture->orders[i]);
    }
    assert_true(naive_equals(&book->bids, &published->bids, item, 100));
    assert_true(naive_equals(&book->asks, &published->asks, item, 100));
    free(book);
}

static void orders_of_the_rest_book_and_events_make_the_published_book(void **state)
{
    struct fixture *const fixture = open_fixture();
    size_t n_applied = 0;
    (void)state;

    run_ms(fixture, 3000);
    const int64_t seed_us = seed(fixture);
    for (int round = 0; round < 20; round++) {
        for (; n_applied < fixture->n_events; n_applied++) {
            const cJSON *const event = fixture->events[n_applied];
            const cJSON *const data = cJSON_GetObjectItemCaseSensitive(event, "data");
            if (strtoll(text_of(data, "microtimestamp"), NULL, 10) > seed_us) {
                apply(fixture, event);
            }
        }
        expect_published(fixture);
        run_ms(fixture, 500);
    }
    assert_true(fixture->n_created > 0 && fixture->n_changed > 0 && fixture->n_deleted > 0);
    assert_true(fixture->n_orders > 210); /* more than one at a price */
    close_fixture(fixture);
}

static void each_event_names_the_one_before(void **state)
{
    struct fixture *const fixture = open_fixture();
    (void)state;

    run_ms(fixture, 5000);
    assert_true(fixture->n_events > 10);
    assert_int_equal(strlen(text_of(fixture->events[0], "event_id")), 36);
    for (size_t i = 1; i < fixture->n_events; i++) {
        assert_string_equal(text_of(fixture->events[i], "pre_event_id"),
                            text_of(fixture->events[i - 1], "event_id"));
        assert_string_not_equal(text_of(fixture->events[i], "event_id"),
                                text_of(fixture->events[i - 1], "event_id"));
    }
    close_fixture(fixture);
}

struct gone {
    uint64_t ids[GONE_MAX];
    size_t n;
};

/* Takes the events so far: none may be about an order that has gone. */
static void take_events(struct fixture *fixture, struct gone *gone)
{
    for (size_t i = 0; i < fixture->n_events; i++) {
        const cJSON *const event = fixture->events[i];
        const cJSON *const data = cJSON_GetObjectItemCaseSensitive(event, "data");
        const uint64_t id = strtoull(text_of(data, "id_str"), NULL, 10);
        for (size_t k = 0; k < gone->n; k++) {
            assert_true(id != gone->ids[k]);
        }
        if (strcmp(text_of(event, "event"), "order_deleted") == 0) {
            assert_true(gone->n < GONE_MAX);
            gone->ids[gone->n++] = id;
        }
        cJSON_Delete(fixture->events[i]);
    }
    fixture->n_events = 0;
}

/* Also when the model forgets the prices of long ago, which it does several times meanwhile. */
static void order_that_is_gone_never_comes_back(void **state)
{
    struct fixture *const fixture = open_fixture();
    struct gone *const gone = calloc(1, sizeof(*gone));
    (void)state;

    assert_non_null(gone);
    for (int second = 0; second < 150; second++) {
        run_ms(fixture, 1000);
        take_events(fixture, gone);
    }
    assert_true(gone->n > 1500);
    free(gone);
    close_fixture(fixture);
}

static void order_event_reads_as_the_venue_writes_it(void **state)
{
    static const struct sim_instrument instrument = { .market = "btcusd",
                                                      .px_digits = 2,
                                                      .qty_digits = 8 };
    char buffer[1024];
    struct arb_text text = arb_text_over(buffer, sizeof(buffer));
    struct bitstamp_order order = { .instrument = &instrument,
                                    .event = "order_deleted",
                                    .id = UINT64_C(2037493297635328),
                                    .is_bid = true,
                                    .level = { .px = 5835610, .qty = 171371 },
                                    .at_ns = INT64_C(1786269861947000000) };
    (void)state;

    bitstamp_event_id(order.event_id, order.at_ns, UINT64_C(0x101000020));
    bitstamp_event_id(order.pre_event_id, order.at_ns - 12000000, UINT64_C(0x100000020));
    bitstamp_put_order(&text, &order);
    assert_string_equal(
        text.data,
        "{\"data\":{\"id\":2037493297635328,\"id_str\":\"2037493297635328\",\"order_type\":0,"
        "\"order_subtype\":5,\"datetime\":\"1786269861\",\"microtimestamp\":\"1786269861947000\","
        "\"amount\":0.00171371,\"amount_str\":\"0.00171371\",\"price\":58356.1,"
        "\"price_str\":\"58356.10\",\"is_liquidation\":false},\"channel\":\"live_orders_btcusd\","
        "\"event\":\"order_deleted\",\"event_id\":\"0006589a-5c98-2678-0000-000101000020\","
        "\"pre_event_id\":\"0006589a-5c97-f798-0000-000100000020\",\"order_source\":"
        "\"orderbook\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(orders_of_the_rest_book_and_events_make_the_published_book),
        cmocka_unit_test(each_event_names_the_one_before),
        cmocka_unit_test(order_that_is_gone_never_comes_back),
        cmocka_unit_test(order_event_reads_as_the_venue_writes_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
