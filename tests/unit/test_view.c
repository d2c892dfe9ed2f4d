/* What displays are told of a market: frames, as a display takes them in that keeps what it has. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cjson/cJSON.h>
#include <cmocka.h>

#include "feed_stub.h"
#include "wire_samples.h"
#include "view/view.h"

#define BEGIN_NS INT64_C(1700000000000000000)
#define EVERY_NS (VIEW_EVERY_MS * NS_PER_MS)

/* Hands out one event at a time. */
struct queue {
    struct source source; /* first */
    const struct event *event;
};

static const struct event *next(struct source *source, int timeout_ms)
{
    struct queue *const queue = (struct queue *)source;
    const struct event *const event = queue->event;

    (void)timeout_ms;
    queue->event = NULL;
    return event;
}

static const struct source_ops ops = { .next = next };

/* A display: what it has, and the version of that. */
struct display {
    cJSON *items;
    uint64_t version;
    int n_last; /* items of the last frame */
    bool is_whole;
    struct view_wish wish;
};

struct world {
    struct queue queue;
    struct view *view;
    struct moment now;
    struct feed_stub a, b; /* BTC/USD on both venues */
    struct display display;
    struct text_buffer out;
};

static void create(struct world *world, const struct config *config)
{
    struct err err = { .rc = ARB_OK };
    const struct view_config view = { .config = config,
                                      .source = &world->queue.source,
                                      .name = "here",
                                      .version = "1",
                                      .now = world->now };

    assert_int_equal(ARB_OK, view_create(&world->view, &view, &err));
}

static void display_init(struct display *display)
{
    *display = (struct display){ .items = cJSON_CreateObject() };
}

static int set_up(void **state)
{
    struct world *const world = calloc(1, sizeof(*world));

    assert_non_null(world);
    world->queue.source.ops = &ops;
    world->now = moment_at(BEGIN_NS);
    create(world, NULL);
    feed_stub_init(&world->a, "ask_inc", "BTC/USD");
    feed_stub_init(&world->b, "bidex", "BTC/USD");
    display_init(&world->display);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *const world = *state;

    view_destroy(world->view);
    feed_stub_fini(&world->a);
    feed_stub_fini(&world->b);
    cJSON_Delete(world->display.items);
    text_buffer_fini(&world->out);
    free(world);
    return 0;
}

static void feed(struct world *world, struct event event)
{
    event.recv_ns = event.kind == EVENT_ALIVE ? event.recv_ns : world->now.utc_ns;
    world->queue.event = &event;
    assert_false(view_step(world->view, world->now));
}

static void pass(struct world *world, int64_t ns)
{
    world->now.mono_ns += ns;
    world->now.utc_ns += ns;
    assert_false(view_step(world->view, world->now));
}

static void hear_one(struct world *world, const struct feed_stub *stub)
{
    feed(world, feed_stub_alive(stub, world->now.mono_ns));
}

static void hear(struct world *world)
{
    hear_one(world, &world->a);
    hear_one(world, &world->b);
}

/* Seconds in which both hosts say once in each that they are alive. */
static void live_on(struct world *world, unsigned seconds)
{
    for (unsigned i = 0; i < 5 * seconds; i++) {
        pass(world, EVERY_NS);
        if (i % 5 == 0) {
            hear(world);
        }
    }
}

static void merge(struct display *display, cJSON *items)
{
    if (display->is_whole) {
        cJSON_Delete(display->items);
        display->items = cJSON_CreateObject();
    }
    display->n_last = cJSON_GetArraySize(items);
    while (items->child != NULL) {
        cJSON *const item = cJSON_DetachItemViaPointer(items, items->child);
        char key[1024];
        (void)snprintf(key, sizeof(key), "%s", item->string);
        cJSON_DeleteItemFromObjectCaseSensitive(display->items, key);
        if (cJSON_IsNull(item)) {
            cJSON_Delete(item);
        } else {
            cJSON_AddItemToObject(display->items, key, item);
        }
    }
}

/* The display takes a frame. */
static void take(struct world *world, struct display *display)
{
    text_buffer_clear(&world->out);
    const uint64_t version =
        view_write_frame(world->view, display->version, &display->wish, world->now, &world->out);
    assert_false(world->out.has_failed);
    cJSON *const frame = cJSON_ParseWithLength(world->out.data, world->out.len);
    assert_non_null(frame);
    assert_int_equal(1, (int)cJSON_GetObjectItem(frame, "v")->valuedouble);
    assert_int_equal(version, (uint64_t)cJSON_GetObjectItem(frame, "version")->valuedouble);
    display->is_whole = cJSON_IsTrue(cJSON_GetObjectItem(frame, "whole"));
    merge(display, cJSON_GetObjectItem(frame, "items"));
    cJSON_Delete(frame);
    display->version = version;
    display->wish.since = display->wish.symbol[0] == '\0' ? 0 : version;
}

/* A step that shows what has changed, and the display's frame of it. */
static void show(struct world *world)
{
    pass(world, EVERY_NS);
    take(world, &world->display);
}

static cJSON *item_of(const struct world *world, const char *key)
{
    return cJSON_GetObjectItemCaseSensitive(world->display.items, key);
}

/* A member of an item as text, "" where there is no such item; in a place of its own. */
static const char *told(struct world *world, const char *key, const char *member)
{
    static _Thread_local char texts[4][2048];
    static _Thread_local unsigned i;
    char *const text = texts[i++ % 4];
    cJSON *const item = item_of(world, key);

    text[0] = '\0';
    if (item != NULL) {
        cJSON *const at = cJSON_GetObjectItemCaseSensitive(item, member);
        assert_non_null(at);
        assert_true(cJSON_PrintPreallocated(at, text, sizeof(texts[0]), false));
    }
    return text;
}

/* The text of the only trouble there is, or "". */
static const char *trouble(struct world *world)
{
    assert_true(view_n_troubles(world->view) <= 1);
    return view_n_troubles(world->view) == 0 ? "" : view_trouble(world->view, 0)->text;
}

/* A member of the only trouble that the display has. */
static const char *told_of_trouble(struct world *world, const char *name)
{
    const cJSON *at = world->display.items->child;

    while (at != NULL && strncmp(at->string, "trouble:", 8) != 0) {
        at = at->next;
    }
    return at == NULL ? "" : told(world, at->string, name);
}

static unsigned count_items(const struct world *world, const char *prefix)
{
    unsigned n = 0;

    for (const cJSON *at = world->display.items->child; at != NULL; at = at->next) {
        n += strncmp(at->string, prefix, strlen(prefix)) == 0;
    }
    return n;
}

static void quote_both(struct world *world)
{
    hear(world);
    feed(world, feed_stub_quote(&world->a, 10000, 10100));
    feed(world, feed_stub_quote(&world->b, 10200, 10300));
}

/* -- frames ------------------------------------------------------------------------------------ */

static void first_frame_has_all(void **state)
{
    struct world *const world = *state;

    quote_both(world);
    show(world);
    assert_true(world->display.is_whole);
    assert_string_equal("[\"100\",\"1\"]", told(world, "book:ask_inc:BTC/USD", "bid"));
    assert_string_equal("[\"101\",\"1\"]", told(world, "book:ask_inc:BTC/USD", "ask"));
    assert_string_equal("\"LIVE\"", told(world, "book:bidex:BTC/USD", "state"));
    assert_string_equal("\"0000000000000001\"", told(world, "book:bidex:BTC/USD", "session"));
    assert_string_equal("1", told(world, "book:bidex:BTC/USD", "seq"));
    assert_string_equal("\"live\"", told(world, "venue:bidex", "state"));
    assert_string_equal("2", told(world, "host", "n_live"));
    assert_string_equal("\"kafka\"", told(world, "host", "mode"));
    assert_int_equal(1 + 2 + 2 + 1, cJSON_GetArraySize(world->display.items));
}

static void later_frames_have_what_changed(void **state)
{
    struct world *const world = *state;

    quote_both(world);
    show(world);
    pass(world, EVERY_NS);
    assert_false(view_has_news(world->view, world->display.version, NULL));
    feed(world, feed_stub_set_bid(&world->a, 10050, 1));
    assert_false(view_has_news(world->view, world->display.version, NULL));
    show(world);
    assert_false(world->display.is_whole);
    assert_int_equal(2, world->display.n_last); /* the book, and the matrix */
    assert_string_equal("[\"100.5\",\"1\"]", told(world, "book:ask_inc:BTC/USD", "bid"));
    feed(world, feed_stub_set_bid(&world->a, 9000, 1));
    show(world);
    assert_int_equal(1, world->display.n_last); /* no best price */
    assert_string_equal("3", told(world, "book:ask_inc:BTC/USD", "updates"));
    assert_string_equal("3", told(world, "book:ask_inc:BTC/USD", "n_bids"));
}

static void what_is_shown_changes_five_times_a_second(void **state)
{
    struct world *const world = *state;

    quote_both(world);
    show(world);
    const uint64_t before = view_version(world->view);
    for (int i = 0; i < 1000; i++) {
        feed(world, feed_stub_set_bid(&world->a, 10050 + i % 10, 1));
        pass(world, NS_PER_MS);
    }
    assert_in_range(view_version(world->view), before + 4, before + 6);
}

/* Whoever takes a frame now and then has the same as who takes each, and as who begins now. */
static void displays_of_any_pace_have_the_same(void **state)
{
    struct world *const world = *state;
    struct display slow, fresh;
    uint64_t seed = 88172645463325252;

    display_init(&slow);
    quote_both(world);
    for (int i = 0; i < 2000; i++) {
        struct feed_stub *const stub = sample_below(&seed, 2) == 0 ? &world->a : &world->b;
        const int64_t px = 9000 + (int64_t)sample_below(&seed, 900);
        feed(world, sample_below(&seed, 50) == 0
                        ? feed_stub_status(stub, ARB_BOOK_STALE, ARB_TRADING_HALTED)
                    : sample_below(&seed, 4) == 0
                        ? feed_stub_quote(stub, px, px + 1 + (int64_t)sample_below(&seed, 50))
                        : feed_stub_set_bid(stub, px, (int64_t)sample_below(&seed, 3)));
        pass(world, (int64_t)sample_below(&seed, 300) * NS_PER_MS);
        if (sample_below(&seed, 4) == 0) {
            hear(world);
        }
        take(world, &world->display);
        if (sample_below(&seed, 40) == 0) {
            take(world, &slow);
        }
    }
    pass(world, EVERY_NS);
    take(world, &world->display);
    take(world, &slow);
    display_init(&fresh);
    take(world, &fresh);
    assert_true(cJSON_Compare(fresh.items, world->display.items, true));
    assert_true(cJSON_Compare(fresh.items, slow.items, true));
    cJSON_Delete(fresh.items);
    cJSON_Delete(slow.items);
}

static void what_is_no_longer_read_is_taken_away_and_comes_again(void **state)
{
    struct world *const world = *state;

    quote_both(world);
    show(world);
    feed(world, (struct event){ .kind = EVENT_LOST, .partition = 0, .reason = "" });
    show(world);
    assert_int_equal(0, count_items(world, "book:"));
    assert_string_equal("0", told(world, "host", "n_books"));
    quote_both(world);
    show(world);
    assert_int_equal(2, count_items(world, "book:"));
    assert_string_equal("2", told(world, "host", "n_books"));
}

static void ladder_is_told_to_who_asks(void **state)
{
    struct world *const world = *state;
    struct view_wish *const wish = &world->display.wish;
    static const char key[] = "ladder:ask_inc:BTC/USD";

    quote_both(world);
    for (int i = 1; i < 40; i++) {
        feed(world, feed_stub_set_bid(&world->a, 10000 - i, i));
    }
    show(world);
    assert_null(item_of(world, key));
    *wish = (struct view_wish){ .venue = "ask_inc", .symbol = "BTC/USD" };
    assert_true(view_has_news(world->view, world->display.version, wish));
    take(world, &world->display);
    assert_int_equal(1, world->display.n_last);
    assert_int_equal(25, cJSON_GetArraySize(cJSON_GetObjectItem(item_of(world, key), "bids")));
    assert_string_equal("[[\"101\",\"1\"]]", told(world, key, "asks"));
    assert_string_equal("40", told(world, key, "seq"));
    assert_false(view_has_news(world->view, world->display.version, wish));
    feed(world, feed_stub_set_ask(&world->b, 10290, 1)); /* another book */
    show(world);
    assert_int_equal(2, world->display.n_last);
    feed(world, feed_stub_set_ask(&world->a, 10090, 2));
    show(world);
    assert_string_equal("[[\"100.9\",\"2\"],[\"101\",\"1\"]]", told(world, key, "asks"));
    *wish = (struct view_wish){ .venue = "ask_inc", .symbol = "XXX/USD" };
    take(world, &world->display); /* null, for there is no such book */
    assert_int_equal(1, world->display.n_last);
    assert_null(item_of(world, "ladder:ask_inc:XXX/USD"));
}

/* Text that would end a string, a tag, or a line stands in the JSON as text. */
static void hostile_strings_are_text(void **state)
{
    static const char symbol[] = "<b>\"\\/USD\n", reason[] = "</script><img onerror=\"x\">\x01\xff";
    struct world *const world = *state;
    struct feed_stub stub;

    feed_stub_init(&stub, "v\"<i>", symbol);
    hear_one(world, &stub);
    feed(world, feed_stub_quote(&stub, 10000, 10100));
    struct event event = feed_stub_status(&stub, ARB_BOOK_UNUSABLE, ARB_TRADING_HALTED);
    event.reason = reason;
    feed(world, event);
    const struct view_links links = { .broker = VIEW_BROKER_DOWN, .broker_text = "at \"<x>\"\r\n" };
    view_on_links(world->view, &links);
    show(world);
    const cJSON *const book = item_of(world, "book:v\"<i>:<b>\"\\/USD\n");
    assert_non_null(book);
    assert_string_equal(symbol, cJSON_GetObjectItem(book, "symbol")->valuestring);
    assert_string_equal("</script><img onerror=\"x\">\x01?",
                        cJSON_GetObjectItem(book, "reason")->valuestring);
    assert_null(memchr(world->out.data, '\n', world->out.len));
    assert_null(memchr(world->out.data, 1, world->out.len));
    assert_string_equal("at \"<x>\"\r\n", trouble(world));
    feed_stub_fini(&stub);
}

/* -- liveness and troubles ----------------------------------------------------------------------
 */

static void silence_is_shown_within_three_seconds(void **state)
{
    struct world *const world = *state;

    quote_both(world);
    live_on(world, 5);
    take(world, &world->display);
    assert_string_equal("", trouble(world));
    for (int i = 0; i < 16; i++) { /* 3.2 s behind the last word of ask_inc */
        hear_one(world, &world->b);
        pass(world, EVERY_NS);
    }
    take(world, &world->display);
    assert_string_equal("\"STALE\"", told(world, "book:ask_inc:BTC/USD", "state"));
    assert_string_equal("null", told(world, "book:ask_inc:BTC/USD", "bid"));
    assert_string_equal("\"its host is silent\"", told(world, "book:ask_inc:BTC/USD", "reason"));
    assert_string_equal("\"silent\"", told(world, "venue:ask_inc", "state"));
    assert_string_equal("[[null,null],[null,null]]", told(world, "matrix:BTC/USD", "net_ppm"));
    assert_string_equal("\"error\"", told_of_trouble(world, "severity"));
    assert_string_equal("\"ask_inc\"", told_of_trouble(world, "what"));
    assert_string_equal("the host that watches ask_inc is silent: none of its prices counts",
                        trouble(world));
    assert_string_equal("1", told(world, "host", "n_live"));
    hear(world);
    show(world);
    assert_string_equal("", told_of_trouble(world, "text"));
    assert_string_equal("\"live\"", told(world, "venue:ask_inc", "state"));
    show(world);
    assert_non_null(strstr(told(world, "venue:ask_inc", "last_trouble"), "is silent"));
}

static void books_that_are_not_live_are_told_per_venue(void **state)
{
    struct world *const world = *state;
    struct feed_stub stubs[3];
    static const char *const symbols[] = { "ETH/USD", "XRP/USD", "ADA/USD" };

    quote_both(world);
    for (int i = 0; i < 3; i++) {
        feed_stub_init(&stubs[i], "ask_inc", symbols[i]);
        feed(world, feed_stub_quote(&stubs[i], 10, 11));
    }
    live_on(world, 1);
    for (int i = 0; i < 2; i++) {
        struct event event = feed_stub_status(&stubs[i], ARB_BOOK_STALE, ARB_TRADING_OPEN);
        event.reason = "disconnected";
        feed(world, event);
    }
    live_on(world, 3);
    assert_string_equal("", trouble(world));
    live_on(world, 1);
    take(world, &world->display);
    assert_string_equal("2 of 4 books of ask_inc are not LIVE: ETH/USD is STALE (disconnected), "
                        "and 1 more",
                        trouble(world));
    assert_string_equal("\"partly\"", told(world, "venue:ask_inc", "state"));
    feed(world, feed_stub_quote(&stubs[0], 10, 11));
    show(world);
    assert_string_equal("1 of 4 books of ask_inc are not LIVE: XRP/USD is STALE (disconnected)",
                        trouble(world));
    assert_string_equal("\"\"", told(world, "book:ask_inc:ETH/USD", "reason"));
    feed(world, feed_stub_quote(&stubs[1], 10, 11));
    show(world);
    assert_string_equal("", trouble(world));
    assert_int_equal(0, count_items(world, "trouble:"));
    for (int i = 0; i < 3; i++) {
        feed_stub_fini(&stubs[i]);
    }
}

static void lost_messages_are_told_of_a_book(void **state)
{
    struct world *const world = *state;

    quote_both(world);
    show(world);
    (void)feed_stub_set_bid(&world->a, 10050, 1); /* never comes */
    feed(world, feed_stub_set_bid(&world->a, 10060, 1));
    show(world);
    assert_string_equal("\"STALE\"", told(world, "book:ask_inc:BTC/USD", "state"));
    assert_non_null(strstr(told(world, "book:ask_inc:BTC/USD", "reason"), "lost or damaged"));
}

static void venue_without_a_book_is_told(void **state)
{
    struct world *const world = *state;

    for (int i = 0; i < 20; i++) {
        hear_one(world, &world->a);
        pass(world, EVERY_NS);
    }
    take(world, &world->display);
    assert_non_null(strstr(trouble(world), "no book of ask_inc has come yet"));
    assert_string_equal("\"error\"", told_of_trouble(world, "severity"));
}

static void suspect_books_are_told(void **state)
{
    struct world *const world = *state;

    quote_both(world);
    struct event event = feed_stub_set_bid(&world->a, 10050, 1);
    event.verified = ARB_SUSPECT;
    feed(world, event);
    live_on(world, 4);
    take(world, &world->display);
    assert_string_equal("1 of 1 books of ask_inc may be wrong or late, and are not relied on: "
                        "BTC/USD",
                        trouble(world));
    assert_string_equal("\"warning\"", told_of_trouble(world, "severity"));
    feed(world, feed_stub_quote(&world->a, 10000, 10100));
    show(world);
    assert_string_equal("", trouble(world));
}

/* A host whose time of day is three seconds behind, by what it publishes its words with. */
static void clocks_that_are_apart_are_told(void **state)
{
    struct world *const world = *state;

    quote_both(world);
    for (int i = 0; i < 20; i++) {
        for (int k = 0; k < 2; k++) {
            struct event event =
                feed_stub_alive(k == 0 ? &world->a : &world->b, world->now.mono_ns);
            event.recv_ns = world->now.utc_ns - (k == 0 ? 3 * NS_PER_S : 0);
            event.reason = "far:1";
            feed(world, event);
        }
        pass(world, NS_PER_S / 2);
    }
    assert_string_equal(
        "the clock of this machine is 3.0 s ahead of that of far:1, which publishes "
        "ask_inc: set both right (NTP), ages are as wrong",
        trouble(world));
}

static void ways_that_are_cut_are_told(void **state)
{
    struct world *const world = *state;
    struct view_links links = { .broker = VIEW_BROKER_DOWN, .broker_text = "none at x:1" };

    quote_both(world);
    view_on_links(world->view, &links);
    show(world);
    assert_string_equal("none at x:1", trouble(world));
    assert_string_equal("{\"state\":\"down\",\"since_ms\":1700000000200,\"text\":\"none at x:1\"}",
                        told(world, "host", "broker"));
    pass(world, 10 * NS_PER_S); /* all venues are silent, and everybody knows why */
    assert_string_equal("none at x:1", trouble(world));
    links = (struct view_links){ .broker = VIEW_BROKER_UP, .opportunities = "there is no topic y" };
    view_on_links(world->view, &links);
    quote_both(world);
    show(world);
    assert_string_equal("", trouble(world));
    live_on(world, 3);
    assert_string_equal("opportunities cannot be read: there is no topic y", trouble(world));
    links.opportunities[0] = '\0';
    links.n_books_skipped = 2;
    view_on_links(world->view, &links);
    show(world);
    assert_non_null(strstr(trouble(world), "messages of books that could not be read"));
    assert_string_equal("2", told(world, "host", "skipped"));
    live_on(world, 59);
    assert_int_equal(1, view_n_troubles(world->view));
    live_on(world, 2);
    assert_int_equal(0, view_n_troubles(world->view));
}

static void configured_venues_that_are_never_heard_are_told(void **state)
{
    struct world *const world = *state;
    struct exchange_config exchanges[] = { { .name = "ask_inc", .enabled = true },
                                           { .name = "okx", .enabled = true },
                                           { .name = "off", .enabled = false } };
    const struct config config = { .exchanges = exchanges, .n_exchanges = 3 };

    view_destroy(world->view);
    create(world, &config);
    quote_both(world);
    live_on(world, 4);
    take(world, &world->display);
    assert_string_equal("okx is in the configuration, and nothing has been heard of it",
                        trouble(world));
    assert_string_equal("\"unheard\"", told(world, "venue:okx", "state"));
    assert_null(item_of(world, "venue:off"));
    assert_string_equal("\"live\"", told(world, "venue:bidex", "state")); /* learned */
    view_destroy(world->view);
    create(world, NULL); /* before the configuration goes */
}

/* -- venues -------------------------------------------------------------------------------------
 */

static void delays_are_by_the_corrected_clock(void **state)
{
    struct world *const world = *state;

    quote_both(world);
    for (int i = 0; i < 101; i++) {
        struct event event = feed_stub_set_bid(&world->a, 10050, 1 + i);
        event.clock = (struct arb_clock){ .offset_ns = 250 * NS_PER_MS, .error_ns = NS_PER_MS };
        event.venue_ns = world->now.utc_ns + 250 * NS_PER_MS - i * NS_PER_MS - 500000;
        feed(world, event);
    }
    live_on(world, 2);
    take(world, &world->display);
    assert_string_equal("50.5", told(world, "venue:ask_inc", "lag_ms"));
    assert_string_equal("250", told(world, "venue:ask_inc", "clock_offset_ms"));
    assert_string_equal("1", told(world, "venue:ask_inc", "clock_error_ms"));
    assert_string_equal("null", told(world, "venue:bidex", "lag_ms"));
    assert_string_equal("null", told(world, "venue:bidex", "clock_offset_ms"));
    live_on(world, 11);
    take(world, &world->display);
    assert_string_equal("null", told(world, "venue:ask_inc", "lag_ms"));
}

static void rates_are_of_the_last_second(void **state)
{
    struct world *const world = *state;

    quote_both(world);
    show(world);
    for (int i = 0; i < 4; i++) {
        feed(world, feed_stub_set_bid(&world->a, 10050, 1 + i));
    }
    for (int i = 0; i < 5; i++) {
        show(world);
    }
    assert_string_equal("5", told(world, "venue:ask_inc", "events_per_s")); /* words are none */
    assert_string_equal("6", told(world, "host", "events_per_s"));
    assert_string_equal("1700000000000", told(world, "venue:ask_inc", "alive_ms"));
    for (int i = 0; i < 5; i++) {
        show(world);
    }
    assert_string_equal("0", told(world, "venue:ask_inc", "events_per_s"));
}

static void more_venues_than_there_is_room_for_are_told(void **state)
{
    struct world *const world = *state;

    for (int i = 0; i < ARB_VENUES_MAX + 2; i++) {
        struct feed_stub stub;
        char name[ARB_SYMBOL_MAX];
        (void)snprintf(name, sizeof(name), "v%d", i);
        feed_stub_init(&stub, name, "BTC/USD");
        feed(world, feed_stub_quote(&stub, 10, 11));
        hear_one(world, &stub);
        feed_stub_fini(&stub);
    }
    show(world);
    assert_int_equal(ARB_VENUES_MAX, view_n_venues(world->view));
    assert_int_equal(ARB_VENUES_MAX, count_items(world, "book:"));
    assert_non_null(strstr(trouble(world), "between hosts: 4"));
}

/* -- matrices -----------------------------------------------------------------------------------
 */

static struct matrix matrix_of(const char *symbol, const char *a, int64_t a_ppm, const char *b,
                               int64_t b_ppm)
{
    struct matrix matrix = { .n_venues = 2 };

    (void)snprintf(matrix.info.symbol, sizeof(matrix.info.symbol), "%s", symbol);
    (void)snprintf(matrix.venues[0].name, sizeof(matrix.venues[0].name), "%s", a);
    (void)snprintf(matrix.venues[1].name, sizeof(matrix.venues[1].name), "%s", b);
    matrix.venues[0].fee_ppm = a_ppm;
    matrix.venues[1].fee_ppm = b_ppm;
    return matrix;
}

static void matrices_are_before_fees_until_both_are_known(void **state)
{
    struct world *const world = *state;

    quote_both(world);
    show(world);
    assert_string_equal("false", told(world, "matrix:BTC/USD", "fees_known"));
    assert_string_equal("[[null,9900],[-29127,null]]", told(world, "matrix:BTC/USD", "net_ppm"));
    struct matrix matrix = matrix_of("BTC/USD", "bidex", 1000, "ask_inc", 2600);
    view_on_matrix(world->view, &matrix);
    show(world);
    assert_string_equal("true", told(world, "matrix:BTC/USD", "fees_known"));
    matrix.venues[0].bid.px = 10200; /* of bidex, which is the first in this one */
    matrix.venues[0].ask.px = 10300;
    matrix.venues[1].bid.px = 10000;
    matrix.venues[1].ask.px = 10100;
    char wanted[128];
    (void)snprintf(wanted, sizeof(wanted), "[[null,%lld],[%lld,null]]",
                   (long long)matrix_edge(&matrix, 1, 0).net_ppm,
                   (long long)matrix_edge(&matrix, 0, 1).net_ppm);
    assert_string_equal(wanted, told(world, "matrix:BTC/USD", "net_ppm"));
    const uint64_t before = world->display.version;
    view_on_matrix(world->view, &matrix);
    show(world);
    assert_int_equal(before, world->display.version); /* nothing has changed */
    matrix = matrix_of("XXX/USD", "bidex", 1, "elsewhere", 1);
    view_on_matrix(world->view, &matrix); /* of nothing that is known here */
}

static void configured_fees_count_before_those_heard_of(void **state)
{
    struct world *const world = *state;
    struct exchange_config exchanges[] = {
        { .name = "ask_inc", .enabled = true, .taker_fee_ppm = 100 }
    };
    const struct config config = { .exchanges = exchanges, .n_exchanges = 1 };
    const struct matrix matrix = matrix_of("BTC/USD", "bidex", -5, "ask_inc", 2600);

    view_destroy(world->view);
    create(world, &config);
    quote_both(world);
    show(world);
    view_on_matrix(world->view, &matrix);
    show(world);
    const struct view_matrix_row *const row = view_matrix(world->view, 0);
    assert_int_equal(100, row->matrix.venues[0].fee_ppm);
    assert_int_equal(-5, row->matrix.venues[1].fee_ppm);
    assert_int_equal(3, row->fees_known);
    view_destroy(world->view);
    create(world, NULL);
}

static void one_venue_is_no_matrix(void **state)
{
    struct world *const world = *state;

    hear_one(world, &world->a);
    feed(world, feed_stub_quote(&world->a, 10000, 10100));
    show(world);
    assert_null(item_of(world, "matrix:BTC/USD"));
    assert_null(view_matrix(world->view, 0));
}

/* -- opportunities ------------------------------------------------------------------------------
 */

static struct opportunity opportunity_of(const struct world *world, uint64_t id, uint32_t event)
{
    struct opportunity o;

    memset(&o, 0, sizeof(o));
    (void)snprintf(o.strategy, sizeof(o.strategy), "cross");
    o.session = 7;
    o.detect_ns = world->now.utc_ns;
    o.terms.event = event;
    o.terms.reason = event == ARB_OPPORTUNITY_CLOSE ? ARB_CLOSE_GONE : 0;
    o.terms.id = id;
    o.terms.n_legs = 2;
    for (int i = 0; i < 2; i++) {
        o.legs[i].info = sample_instrument;
        o.terms.legs[i].side = i == 0 ? ARB_BUY : ARB_SELL;
        o.terms.legs[i].qty = 50000000;
        o.terms.legs[i].limit_px = 1000000000000;
        (void)snprintf(o.legs[i].venue, sizeof(o.legs[i].venue), "%s", i == 0 ? "ask" : "bid");
    }
    o.terms.net = 15000000000;
    o.terms.net_ppm = 30;
    o.terms.verified = ARB_VERIFIED;
    return o;
}

static void tell(struct world *world, uint64_t id, uint32_t event)
{
    const struct opportunity o = opportunity_of(world, id, event);
    view_on_opportunity(world->view, &o);
}

static void opportunities_have_a_life(void **state)
{
    static const char key[] = "opportunity:cross:0000000000000007:000000000000002a";
    struct world *const world = *state;

    tell(world, 42, ARB_OPPORTUNITY_OPEN);
    show(world);
    assert_string_equal("\"open\"", told(world, key, "event"));
    assert_string_equal("1700000000000", told(world, key, "opened_ms"));
    assert_string_equal("null", told(world, key, "closed_ms"));
    assert_string_equal("\"1.5\"", told(world, key, "net"));
    assert_string_equal(
        "[{\"venue\":\"ask\",\"symbol\":\"BTC/USD\",\"side\":\"buy\",\"qty\":\"0.5\","
        "\"limit_px\":\"100\"},{\"venue\":\"bid\",\"symbol\":\"BTC/USD\",\"side\":"
        "\"sell\",\"qty\":\"0.5\",\"limit_px\":\"100\"}]",
        told(world, key, "legs"));
    struct opportunity o = opportunity_of(world, 42, ARB_OPPORTUNITY_UPDATE);
    o.terms.net_ppm = 50;
    o.terms.flags = ARB_OPPORTUNITY_ABSURD;
    view_on_opportunity(world->view, &o);
    show(world);
    assert_string_equal("50", told(world, key, "peak_net_ppm"));
    assert_string_equal("[\"absurd\"]", told(world, key, "flags"));
    o = opportunity_of(world, 42, ARB_OPPORTUNITY_CLOSE);
    o.life.is_known = true;
    o.life.duration_ns = 400500000;
    view_on_opportunity(world->view, &o);
    show(world);
    assert_string_equal("\"close\"", told(world, key, "event"));
    assert_string_equal("\"gone\"", told(world, key, "reason"));
    assert_string_equal("400.5", told(world, key, "lasted_ms"));
    assert_string_equal("50", told(world, key, "peak_net_ppm"));
    tell(world, 42, ARB_OPPORTUNITY_UPDATE); /* read twice */
    show(world);
    assert_string_equal("\"close\"", told(world, key, "event"));
}

static bool is_of_session_7(void *context, const struct opportunity *opportunity)
{
    (void)context;
    return opportunity->session == 7;
}

/* Whoever looked after it is gone, as it seems, and says something after all. */
static void abandoned_ones_are_closed_until_more_is_heard(void **state)
{
    static const char key[] = "opportunity:cross:0000000000000007:0000000000000001";
    struct world *const world = *state;

    tell(world, 1, ARB_OPPORTUNITY_OPEN);
    struct opportunity other = opportunity_of(world, 2, ARB_OPPORTUNITY_OPEN);
    other.session = 8;
    view_on_opportunity(world->view, &other);
    show(world);
    view_abandon(world->view, is_of_session_7, NULL, world->now);
    show(world);
    assert_int_equal(1, world->display.n_last);
    assert_string_equal("\"abandoned\"", told(world, key, "reason"));
    assert_string_equal("null", told(world, key, "lasted_ms")); /* nobody knows */
    tell(world, 1, ARB_OPPORTUNITY_UPDATE);
    show(world);
    assert_string_equal("\"update\"", told(world, key, "event"));
    assert_string_equal("null", told(world, key, "closed_ms"));
    tell(world, 1, ARB_OPPORTUNITY_CLOSE);
    tell(world, 1, ARB_OPPORTUNITY_UPDATE);
    show(world);
    assert_string_equal("\"gone\"", told(world, key, "reason"));
    assert_string_equal("600", told(world, key, "lasted_ms")); /* from its open: three steps */
}

static void closed_opportunities_give_way(void **state)
{
    struct world *const world = *state;

    tell(world, 1000000, ARB_OPPORTUNITY_OPEN);
    for (uint64_t id = 0; id < 300; id++) {
        tell(world, id, ARB_OPPORTUNITY_OPEN);
        tell(world, id, ARB_OPPORTUNITY_CLOSE);
        if (id % 7 == 0) {
            show(world);
        }
    }
    show(world);
    assert_false(world->display.is_whole);
    assert_int_equal(FINDS_CLOSED_MAX + 1, count_items(world, "opportunity:"));
}

/* Who was told too long ago what there was is told all of it, and has nothing that is gone. */
static void who_lags_too_far_begins_anew(void **state)
{
    struct world *const world = *state;

    tell(world, 0, ARB_OPPORTUNITY_OPEN);
    tell(world, 0, ARB_OPPORTUNITY_CLOSE);
    show(world);
    for (uint64_t id = 1; id < ITEMS_GONE_MAX + FINDS_CLOSED_MAX + 10; id++) {
        tell(world, id, ARB_OPPORTUNITY_OPEN);
        tell(world, id, ARB_OPPORTUNITY_CLOSE);
        pass(world, id % 10 == 0 ? EVERY_NS : 0);
    }
    show(world);
    assert_true(world->display.is_whole);
    assert_int_equal(FINDS_CLOSED_MAX, count_items(world, "opportunity:"));
    show(world);
    assert_false(world->display.is_whole);
}

static void open_ones_are_bounded(void **state)
{
    struct world *const world = *state;

    for (uint64_t id = 0; id < FINDS_OPEN_MAX + 5; id++) {
        tell(world, id, ARB_OPPORTUNITY_OPEN);
    }
    show(world);
    assert_int_equal(FINDS_OPEN_MAX, count_items(world, "opportunity:"));
    assert_non_null(strstr(trouble(world), "there was no room: 5"));
}

/* Half of what there was, then a loss; twice what there was counts as all of it. */
static void survival_is_averaged(void **state)
{
    static const char key[] = "survival:cross:ask:bid";
    static const char find[] = "opportunity:cross:0000000000000007:0000000000000002";
    static const int64_t left[] = { 7500000000, -7500000000, 30000000000, 0 };
    struct world *const world = *state;

    for (uint64_t id = 0; id < 4; id++) {
        struct opportunity o = opportunity_of(world, id, ARB_OPPORTUNITY_OPEN);
        view_on_opportunity(world->view, &o);
        o.rest = (struct opportunity_rest){ .delay_ns = 100 * NS_PER_MS,
                                            .is_known = id < 3,
                                            .net = left[id] };
        view_on_survival(world->view, &o);
        o.rest = (struct opportunity_rest){ .delay_ns = (20 + (int64_t)id) * NS_PER_MS,
                                            .is_latency = true,
                                            .is_known = true,
                                            .net = o.terms.net };
        view_on_survival(world->view, &o);
    }
    show(world);
    assert_string_equal("4", told(world, key, "n"));
    assert_string_equal("[{\"delay_ms\":100,\"latency\":false,\"left_ppm\":333333,\"n\":3},"
                        "{\"delay_ms\":21.5,\"latency\":true,\"left_ppm\":1000000,\"n\":4}]",
                        told(world, key, "points"));
    assert_string_equal("[{\"delay_ms\":22,\"latency\":true,\"net\":\"1.5\"},{\"delay_ms\":100,"
                        "\"latency\":false,\"net\":\"3\"}]",
                        told(world, find, "survival"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static void when_something_was_heard_last_is_known(void **state)
{
    struct world *const world = *state;

    assert_int_equal(view_heard_ns(world->view), 0);
    hear(world);
    const int64_t heard_ns = world->now.mono_ns;
    assert_int_equal(view_heard_ns(world->view), heard_ns);
    pass(world, 5 * NS_PER_S);
    struct event old = feed_stub_event(&world->a, EVENT_STATUS);
    old.is_history = true;
    feed(world, old);
    assert_int_equal(view_heard_ns(world->view), heard_ns);
    hear_one(world, &world->b);
    assert_int_equal(view_heard_ns(world->view), heard_ns + 5 * NS_PER_S);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(first_frame_has_all),
        TEST(when_something_was_heard_last_is_known),
        TEST(later_frames_have_what_changed),
        TEST(what_is_shown_changes_five_times_a_second),
        TEST(displays_of_any_pace_have_the_same),
        TEST(what_is_no_longer_read_is_taken_away_and_comes_again),
        TEST(ladder_is_told_to_who_asks),
        TEST(hostile_strings_are_text),
        TEST(silence_is_shown_within_three_seconds),
        TEST(books_that_are_not_live_are_told_per_venue),
        TEST(lost_messages_are_told_of_a_book),
        TEST(venue_without_a_book_is_told),
        TEST(suspect_books_are_told),
        TEST(clocks_that_are_apart_are_told),
        TEST(ways_that_are_cut_are_told),
        TEST(configured_venues_that_are_never_heard_are_told),
        TEST(delays_are_by_the_corrected_clock),
        TEST(rates_are_of_the_last_second),
        TEST(more_venues_than_there_is_room_for_are_told),
        TEST(matrices_are_before_fees_until_both_are_known),
        TEST(configured_fees_count_before_those_heard_of),
        TEST(one_venue_is_no_matrix),
        TEST(opportunities_have_a_life),
        TEST(abandoned_ones_are_closed_until_more_is_heard),
        TEST(closed_opportunities_give_way),
        TEST(who_lags_too_far_begins_anew),
        TEST(open_ones_are_bounded),
        TEST(survival_is_averaged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
