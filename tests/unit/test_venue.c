/* One venue over several sessions: whose word counts, and how a session is replaced. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "session_world.h"
#include "venue/venue.h"

/* Seats, as a venue with two sessions hands them out. */
enum { A = 0, B = 1, C = 2 };

/* A session_world whose session is a venue's; lines name sessions by their number. */
struct venue_world {
    struct world *world;
    struct venue *venue;
    struct outlet outlet;
    void *askers[WORLD_REQUESTS_MAX]; /* of the requests by HTTP, oldest first */
};

/* -- what it tells -------------------------------------------------------------------- */

static void on_event(void *context, const struct event *event)
{
    struct arb_text *const log = &((struct venue_world *)context)->world->log;

    if (event->kind == EVENT_ALIVE) {
        if (event->ends) {
            arb_text_add(log, "ends\n");
        }
        return;
    }
    arb_text_add(log, "%s %u %s #%" PRIu64 "<%" PRIu64, event_kind_name(event->kind),
                 event->instrument, book_state_name(event->state), event->seq, event->prev_seq);
    world_levels(log, 'b', event->bids, event->n_bids);
    world_levels(log, 'a', event->asks, event->n_asks);
    arb_text_add(log, "%s%s\n", event->reason_len > 0 ? " " : "",
                 event->reason_len > 0 ? event->reason : "");
}

static struct arb_text *note(struct venue_world *v, const void *owner, const char *what)
{
    uint32_t number = 0;

    for (uint32_t seat = 0; seat < BOARD_SEATS_MAX; seat++) {
        number = venue_session(v->venue, seat) == owner ? venue_number(v->venue, seat) : number;
    }
    arb_text_add(&v->world->log, "> %u %s", number, what);
    return &v->world->log;
}

static int on_ws_open(void *context, void *owner, uint32_t conn, const struct ws_spec *spec)
{
    (void)spec;
    arb_text_add(note(context, owner, "open"), " %u\n", conn);
    return ARB_OK;
}

static void on_ws_dial(void *context, void *owner, uint32_t conn, const char *url)
{
    arb_text_add(note(context, owner, "dial"), " %u %s\n", conn, url);
}

static int on_ws_send(void *context, void *owner, uint32_t conn, struct arb_message message)
{
    arb_text_add(note(context, owner, "send"), " %u %.*s\n", conn, (int)message.len, message.data);
    return ARB_OK;
}

static void on_ws_close(void *context, void *owner, uint32_t conn, const char *why)
{
    arb_text_add(note(context, owner, "close"), " %u %s\n", conn, why);
}

static void on_ws_give_up(void *context, void *owner, uint32_t conn, const char *why)
{
    arb_text_add(note(context, owner, "give up"), " %u %s\n", conn, why);
}

static int on_http(void *context, void *owner, uint32_t request, const struct http_spec *spec)
{
    struct venue_world *const v = context;
    struct world *const world = v->world;

    assert_in_range(world->n_requests, 0, WORLD_REQUESTS_MAX - 1);
    v->askers[world->n_requests] = owner;
    world->requests[world->n_requests++] = request;
    arb_text_add(note(v, owner, "get"), " %s\n", spec->url);
    return ARB_OK;
}

static void on_forget(void *context, void *owner)
{
    arb_text_add(note(context, owner, "forget"), "\n");
}

static const struct port_ops port = {
    .ws_open = on_ws_open,
    .ws_dial = on_ws_dial,
    .ws_send = on_ws_send,
    .ws_close = on_ws_close,
    .ws_give_up = on_ws_give_up,
    .http = on_http,
    .forget = on_forget,
};

static void expect(struct venue_world *v, const char *want)
{
    world_expect(v->world, want);
}

/* -- what happens --------------------------------------------------------------------- */

static void dial(struct venue_world *v, uint32_t seat)
{
    session_events.on_dial(venue_session(v->venue, seat), 0, v->world->now);
}

static void connect(struct venue_world *v, uint32_t seat)
{
    session_events.on_open(venue_session(v->venue, seat), 0, v->world->now);
}

static void say(struct venue_world *v, uint32_t seat, const char *message)
{
    session_events.on_message(venue_session(v->venue, seat), 0, v->world->now,
                              (struct arb_message){ message, strlen(message), false });
}

static void lose(struct venue_world *v, uint32_t seat)
{
    session_events.on_close(venue_session(v->venue, seat), 0, v->world->now, "lost");
}

static void suspect(struct venue_world *v, uint32_t seat)
{
    session_events.on_suspect(venue_session(v->venue, seat), 0, v->world->now);
}

/* Answers the oldest request by HTTP. */
static void answer(struct venue_world *v, const char *body)
{
    struct world *const world = v->world;
    const struct http_answer answer = { .status = 200, .body = { body, strlen(body) } };
    const uint32_t request = world->requests[0];
    void *const owner = v->askers[0];

    assert_true(world->n_requests > 0);
    world->n_requests--;
    memmove(world->requests, world->requests + 1, world->n_requests * sizeof(*world->requests));
    memmove(v->askers, v->askers + 1, world->n_requests * sizeof(*v->askers));
    session_events.on_answer(owner, request, world->now, &answer);
}

/* A turn `ms` later; returns after how many milliseconds the venue wants the next. */
static int64_t wait_ms(struct venue_world *v, int64_t ms)
{
    v->world->now.mono_ns += ms * NS_PER_MS;
    v->world->now.utc_ns += ms * NS_PER_MS;
    return (venue_on_turn(v->venue, v->world->now) - v->world->now.mono_ns) / NS_PER_MS;
}

/* -- life ----------------------------------------------------------------------------- */

static struct venue_world *create(const struct world_spec *spec, unsigned connections,
                                  int64_t age_ms)
{
    struct venue_world *const v = calloc(1, sizeof(*v));
    struct world *const world = calloc(1, sizeof(*world));

    assert_non_null(v);
    assert_non_null(world);
    v->world = world;
    world->log = arb_text_over(world->buffer, sizeof(world->buffer));
    world->now = (struct moment){ .mono_ns = 1000 * NS_PER_S, .utc_ns = 2000000 * NS_PER_S };
    world_configure(world, spec);
    world->exchange.connections = connections;
    world->exchange.connection_age_ms = age_ms;
    assert_int_equal(plugin_accept(&world->plugin, &fake_plugin, ARB_KIND_EXCHANGE, &world->err),
                     ARB_OK);
    const struct venue_config config = { .plugin = &world->plugin,
                                         .exchange = &world->exchange,
                                         .config = &world->config,
                                         .run = 1,
                                         .port = { &port, v } };
    assert_int_equal(venue_create(&v->venue, &config, &world->err), ARB_OK);
    assert_int_equal(outlet_init_fn(&v->outlet, on_event, v), ARB_OK);
    assert_int_equal(venue_add_outlet(v->venue, &v->outlet), ARB_OK);
    assert_int_equal(venue_start(v->venue, world->now, &world->err), ARB_OK);
    return v;
}

/* Each session connected, with no book yet; what that told is forgotten. */
static struct venue_world *create_connected(const struct world_spec *spec, unsigned connections,
                                            int64_t age_ms)
{
    struct venue_world *const v = create(spec, connections, age_ms);

    for (uint32_t seat = 0; seat < connections; seat++) {
        connect(v, seat);
    }
    world_forget(v->world);
    return v;
}

static const struct world_spec usual = { .symbols = { "BTC/USD" } };

/* The only session LIVE at venue time 5. */
static struct venue_world *create_live(int64_t age_ms)
{
    struct venue_world *const v = create_connected(&usual, 1, age_ms);

    say(v, A, "snap 0 1 at=5 b100x1 a101x1");
    (void)wait_ms(v, 0);
    world_forget(v->world);
    return v;
}

/* Both sessions LIVE at venue time 5; the first event was the first session's. */
static struct venue_world *create_both_live(void)
{
    struct venue_world *const v = create_connected(&usual, 2, 0);

    say(v, A, "snap 0 1 at=5 b100x1 a101x1");
    say(v, B, "snap 0 1 at=5 b100x1 a101x1");
    (void)wait_ms(v, 0);
    world_forget(v->world);
    return v;
}

static void destroy(struct venue_world *v)
{
    venue_destroy(v->venue);
    outlet_fini(&v->outlet);
    free(v->world);
    free(v);
}

/* -- two sessions --------------------------------------------------------------------- */

static void each_session_has_connections_of_its_own(void **state)
{
    struct venue_world *const v = create(&usual, 2, 0);

    (void)state;
    expect(v, "> 1 open 0\n"
              "> 2 open 0\n");
    connect(v, B);
    expect(v, "status 0 SYNCING #1<0 subscribing\n"
              "> 2 send 0 sub 0 BTC/USD\n");
    connect(v, A);
    expect(v, "> 1 send 0 sub 0 BTC/USD\n");
    destroy(v);
}

static void second_copy_is_dropped(void **state)
{
    struct venue_world *const v = create_both_live();

    (void)state;
    say(v, A, "delta 0 2 at=6 b100x2");
    say(v, B, "delta 0 2 at=6 b100x2");
    expect(v, "delta 0 LIVE #3<2 b100x2\n");
    assert_int_equal(board_stats(venue_board(v->venue))->copies, 2); /* its snapshot too */
    destroy(v);
}

static void session_that_is_ahead_takes_the_lead(void **state)
{
    struct venue_world *const v = create_both_live();

    (void)state;
    say(v, B, "delta 0 2 at=6 b100x2");
    say(v, A, "delta 0 2 at=6 b100x2");
    say(v, A, "delta 0 3 at=7 b100x3");
    expect(v, "delta 0 LIVE #3<2 b100x2\n"
              "delta 0 LIVE #4<3 b100x3\n");
    assert_int_equal(board_stats(venue_board(v->venue))->takeovers, 2);
    destroy(v);
}

static void lost_leader_is_followed_without_stale(void **state)
{
    struct venue_world *const v = create_both_live();

    (void)state;
    lose(v, A);
    say(v, B, "delta 0 2 at=6 b100x2");
    expect(v, "snapshot 0 LIVE #3<2 b100x1 a101x1\n"
              "delta 0 LIVE #4<3 b100x2\n");
    destroy(v);
}

static void damaged_leader_is_followed_without_stale(void **state)
{
    struct venue_world *const v = create_both_live();

    (void)state;
    say(v, A, "delta 0 5 at=6 b100x7");
    expect(v, "snapshot 0 LIVE #3<2 b100x1 a101x1\n"
              "> 1 send 0 leave 0 BTC/USD\n");
    destroy(v);
}

static void session_that_is_behind_is_waited_for(void **state)
{
    struct venue_world *const v = create_both_live();

    (void)state;
    say(v, A, "delta 0 2 at=6 b100x2;delta 0 3 at=7 b100x3");
    world_forget(v->world);
    lose(v, A);
    say(v, B, "delta 0 2 at=6 b100x2");
    expect(v, "");
    say(v, B, "delta 0 3 at=7 b100x3");
    expect(v, "snapshot 0 LIVE #5<4 b100x3 a101x1\n");
    destroy(v);
}

static void session_that_stays_behind_has_to_prove_its_book(void **state)
{
    struct venue_world *const v = create_both_live();

    (void)state;
    say(v, A, "delta 0 2 at=6 b100x2");
    world_forget(v->world);
    lose(v, A);
    (void)wait_ms(v, 0); /* patience counts from this turn on */
    (void)wait_ms(v, BOARD_PATIENCE_NS / NS_PER_MS - 1);
    expect(v, "");
    (void)wait_ms(v, 1);
    expect(v, "status 0 STALE #4<3 lost\n");
    (void)wait_ms(v, 1);
    expect(v, "> 2 send 0 leave 0 BTC/USD\n");
    say(v, B, "answered 0 0 left -");
    expect(v, "> 2 send 0 sub 0 BTC/USD\n");
    say(v, B, "snap 0 2 at=6 b100x2 a101x1");
    expect(v, "snapshot 0 LIVE #5<4 b100x2 a101x1\n");
    destroy(v);
}

static void book_that_nobody_has_is_stale(void **state)
{
    struct venue_world *const v = create_both_live();

    (void)state;
    lose(v, B);
    expect(v, "");
    lose(v, A);
    expect(v, "status 0 STALE #3<2 lost\n");
    destroy(v);
}

static void stopping_is_stale_at_once(void **state)
{
    struct venue_world *const v = create_both_live();

    (void)state;
    venue_stop(v->venue, v->world->now, "the end");
    expect(v, "status 0 STALE #3<2 the end\nends\n");
    venue_destroy(v->venue);
    v->venue = NULL;
    destroy(v);
}

/* Venues count by address: what one session took the other may not have. */
static void connections_are_counted_together(void **state)
{
    static const struct world_spec spec = { .symbols = { "BTC/USD" },
                                            .options = { { "opens", "1" } } };
    struct venue_world *const v = create(&spec, 2, 0);

    (void)state;
    world_forget(v->world);
    dial(v, A);
    dial(v, B);
    expect(v, "> 1 dial 0 wss://fake/0/0\n");
    (void)wait_ms(v, 9999);
    expect(v, "");
    (void)wait_ms(v, 501); /* windows are rounded up by a twentieth */
    expect(v, "> 2 dial 0 wss://fake/0/0\n");
    destroy(v);
}

static void requests_are_counted_together(void **state)
{
    static const struct world_spec spec = {
        .symbols = { "BTC/USD" }, .options = { { "source", "http" }, { "http_at_once", "1" } }
    };
    struct venue_world *const v = create_connected(&spec, 2, 0);

    (void)state;
    say(v, A, "answered 0 0 subscribed -;delta 0 1 at=5 b100x1");
    say(v, B, "answered 0 0 subscribed -;delta 0 1 at=5 b100x1");
    (void)wait_ms(v, 1000);
    expect(v, "> 1 get https://fake/snap/BTC/USD\n");
    answer(v, "snap 0 1 at=5 b100x1 a101x1");
    (void)wait_ms(v, 50);
    expect(v, "snapshot 0 LIVE #2<1 b100x1 a101x1\n"
              "> 2 get https://fake/snap/BTC/USD\n");
    destroy(v);
}

/* -- replacement ---------------------------------------------------------------------- */

/* A second session is up beside the first, with its book. */
static void bring_up_replacement(struct venue_world *v, uint32_t seat)
{
    (void)wait_ms(v, 0);
    connect(v, seat);
    say(v, seat, "snap 0 1 at=5 b100x1 a101x1");
    (void)wait_ms(v, 10);
}

static void session_that_asks_is_replaced_without_stale(void **state)
{
    struct venue_world *const v = create_live(0);

    (void)state;
    say(v, A, "renew 0 asked for");
    (void)wait_ms(v, 0);
    expect(v, "> 2 open 0\n");
    connect(v, B);
    expect(v, "> 2 send 0 sub 0 BTC/USD\n");
    say(v, A, "delta 0 2 at=6 b100x2");
    (void)wait_ms(v, 20);
    expect(v, "delta 0 LIVE #3<2 b100x2\n");
    say(v, B, "snap 0 2 at=6 b100x2 a101x1");
    (void)wait_ms(v, 20);
    expect(v, "snapshot 0 LIVE #4<3 b100x2 a101x1\n"
              "> 1 forget\n");
    say(v, B, "delta 0 3 at=7 b100x3");
    expect(v, "delta 0 LIVE #5<4 b100x3\n");
    assert_int_equal(venue_replaced(v->venue), 1);
    assert_null(venue_session(v->venue, A));
    assert_int_equal(venue_number(v->venue, B), 2);
    destroy(v);
}

static void session_is_replaced_at_connection_age(void **state)
{
    struct venue_world *const v = create_live(60000);

    (void)state;
    (void)wait_ms(v, 59999);
    expect(v, "");
    (void)wait_ms(v, 1);
    expect(v, "> 2 open 0\n");
    destroy(v);
}

static void suspected_session_is_replaced(void **state)
{
    struct venue_world *const v = create_both_live();

    (void)state;
    suspect(v, B);
    bring_up_replacement(v, C);
    expect(v, "> 3 open 0\n"
              "> 3 send 0 sub 0 BTC/USD\n"
              "> 2 forget\n");
    assert_int_equal(venue_number(v->venue, A), 1);
    assert_int_equal(venue_number(v->venue, C), 3);
    destroy(v);
}

/* A ping stays unanswered; the first was answered at once. Turns come in time. */
static void session_that_is_late_for_long_is_replaced(void **state)
{
    const struct world_spec spec = { .options = { { "loss", "none" } },
                                     .symbols = { "BTC/USD" },
                                     .max_lag_ms = 2000 };
    struct venue_world *const v = create_connected(&spec, 1, 0);

    (void)state;
    session_events.on_round_trip(venue_session(v->venue, A), 0, v->world->now, NS_PER_MS);
    say(v, A, "snap 0 1 at=5 b100x1 a101x1");
    (void)wait_ms(v, 0);
    world_forget(v->world);
    session_events.on_ping(venue_session(v->venue, A), 0, v->world->now);
    for (int i = 0; i < 120; i++) {
        (void)wait_ms(v, 100);
    }
    expect(v, "status 0 LIVE #3<2 what arrives may be 1.1 s old (max_lag 2s): pings are answered "
              "late or not at all\n"
              "status 0 STALE #4<3 what arrives may be 2.1 s old (max_lag 2s): pings are answered "
              "late or not at all\n");
    (void)wait_ms(v, 100);
    expect(v, "> 2 open 0\n");
    bring_up_replacement(v, B);
    expect(v, "> 2 send 0 sub 0 BTC/USD\n"
              "snapshot 0 LIVE #5<4 b100x1 a101x1\n"
              "> 1 forget\n");
    destroy(v);
}

/* Pings are answered, and what the venue sends each second does not come. */
static void silent_venue_is_late_by_what_it_owes(void **state)
{
    const struct world_spec spec = { .options = { { "loss", "none" }, { "rhythm_ms", "1000" } },
                                     .symbols = { "BTC/USD" },
                                     .max_lag_ms = 2000 };
    struct venue_world *const v = create_connected(&spec, 1, 0);

    (void)state;
    say(v, A, "snap 0 1 at=5 b100x1 a101x1");
    (void)wait_ms(v, 0);
    world_forget(v->world);
    for (int i = 0; i < 31; i++) {
        session_events.on_ping(venue_session(v->venue, A), 0, v->world->now);
        (void)wait_ms(v, 100);
        session_events.on_round_trip(venue_session(v->venue, A), 0, v->world->now, NS_PER_MS);
    }
    expect(v,
           "status 0 LIVE #3<2 the venue is silent: what it owes is 1.1 s overdue (max_lag 2s)\n"
           "status 0 STALE #4<3 the venue is silent: what it owes is 2.1 s overdue (max_lag 2s)\n");
    destroy(v);
}

/* Venues count connections: two replacements are half a minute apart. */
static void replacements_come_one_after_another(void **state)
{
    struct venue_world *const v = create_both_live();

    (void)state;
    suspect(v, A);
    suspect(v, B);
    bring_up_replacement(v, C);
    expect(v, "> 3 open 0\n"
              "> 3 send 0 sub 0 BTC/USD\n"
              "snapshot 0 LIVE #3<2 b100x1 a101x1\n"
              "> 1 forget\n");
    (void)wait_ms(v, 29999);
    expect(v, "");
    (void)wait_ms(v, 1);
    expect(v, "> 4 open 0\n");
    assert_int_equal(venue_number(v->venue, A), 4);
    destroy(v);
}

/* A connection that was opened anew meanwhile is what was wanted. */
static void session_that_came_back_needs_no_replacement(void **state)
{
    struct venue_world *const v = create_both_live();

    (void)state;
    say(v, B, "renew 0 asked for");
    lose(v, B);
    connect(v, B);
    (void)wait_ms(v, 0);
    expect(v, "> 2 send 0 sub 0 BTC/USD\n");
    destroy(v);
}

static void replacement_that_gets_no_books_is_given_up(void **state)
{
    struct venue_world *const v = create_live(0);

    (void)state;
    say(v, A, "renew 0 asked for");
    (void)wait_ms(v, 0);
    expect(v, "> 2 open 0\n");
    (void)wait_ms(v, 119999);
    expect(v, "");
    (void)wait_ms(v, 10);
    expect(v, "> 2 forget\n");
    say(v, A, "delta 0 2 at=6 b100x2");
    expect(v, "delta 0 LIVE #3<2 b100x2\n");
    assert_true(wait_ms(v, 1) > 0); /* or its thread spins */
    (void)wait_ms(v, 599998);
    expect(v, "");
    (void)wait_ms(v, 1);
    expect(v, "> 3 open 0\n");
    assert_int_equal(venue_replaced(v->venue), 0);
    destroy(v);
}

static void disabled_replacement_is_given_up_at_once(void **state)
{
    struct venue_world *const v = create_live(0);

    (void)state;
    say(v, A, "renew 0 asked for");
    (void)wait_ms(v, 0);
    connect(v, B);
    world_forget(v->world);
    say(v, B, "delta 9 1");
    (void)wait_ms(v, 10);
    expect(v, "> 2 give up 0 the exchange was disabled\n"
              "> 2 forget\n");
    assert_int_equal(board_state(venue_board(v->venue), 0), ARB_BOOK_LIVE);
    destroy(v);
}

/* A request that a dropped session had under way must not hold up the others for good. */
static void dropped_session_gives_its_requests_back(void **state)
{
    static const struct world_spec spec = {
        .symbols = { "BTC/USD" }, .options = { { "source", "http" }, { "http_at_once", "1" } }
    };
    struct venue_world *const v = create_connected(&spec, 1, 0);

    (void)state;
    say(v, A, "answered 0 0 subscribed -;delta 0 1 at=5 b100x1");
    (void)wait_ms(v, 1000);
    answer(v, "snap 0 1 at=5 b100x1 a101x1");
    say(v, A, "renew 0 asked for");
    (void)wait_ms(v, 0);
    connect(v, B);
    world_forget(v->world);
    say(v, B, "answered 0 0 subscribed -;delta 0 1 at=5 b100x1");
    expect(v, "> 2 get https://fake/snap/BTC/USD\n");
    say(v, A, "resync 0 odd;delta 0 2 at=6 b100x1");
    expect(v, "status 0 STALE #3<2 odd\n"
              "status 0 SYNCING #4<3 resync\n");
    say(v, B, "delta 9 1"); /* disables it: the request is never answered */
    expect(v, "> 2 give up 0 the exchange was disabled\n");
    (void)wait_ms(v, 50);
    say(v, A, "delta 0 3 at=7 b100x1");
    (void)wait_ms(v, 50);
    expect(v, "> 2 forget\n"
              "> 1 get https://fake/snap/BTC/USD\n");
    destroy(v);
}

static void statistics_count_sessions_that_are_gone(void **state)
{
    struct venue_world *const v = create_live(0);

    (void)state;
    say(v, A, "renew 0 asked for");
    bring_up_replacement(v, B);
    assert_int_equal(venue_replaced(v->venue), 1);
    assert_int_equal(venue_stats(v->venue).frames, 3);
    assert_int_equal(venue_stats(v->venue).books.snapshots, 2);
    destroy(v);
}

/* A fresh session may list its instruments in another order. */
static void books_are_matched_by_symbol(void **state)
{
    static const struct world_spec listing = { .symbols = { "*/USD" },
                                               .options = { { "catalog", "stream" } } };
    struct venue_world *const v = create_connected(&listing, 2, 0);

    (void)state;
    say(v, A, "list X/USD X 1 0 0;list Y/USD Y 1 0 0;end");
    say(v, B, "list Y/USD Y 1 0 0;list X/USD X 1 0 0;end");
    say(v, A, "snap 0 1 at=5 b100x1 a101x1");
    say(v, B, "snap 1 1 at=5 b100x1 a101x1");
    world_forget(v->world);
    say(v, B, "delta 1 2 at=6 b100x2");
    expect(v, "delta 0 LIVE #3<2 b100x2\n");
    destroy(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_session_has_connections_of_its_own),
        cmocka_unit_test(second_copy_is_dropped),
        cmocka_unit_test(session_that_is_ahead_takes_the_lead),
        cmocka_unit_test(lost_leader_is_followed_without_stale),
        cmocka_unit_test(damaged_leader_is_followed_without_stale),
        cmocka_unit_test(session_that_is_behind_is_waited_for),
        cmocka_unit_test(session_that_stays_behind_has_to_prove_its_book),
        cmocka_unit_test(book_that_nobody_has_is_stale),
        cmocka_unit_test(stopping_is_stale_at_once),
        cmocka_unit_test(connections_are_counted_together),
        cmocka_unit_test(requests_are_counted_together),
        cmocka_unit_test(session_that_asks_is_replaced_without_stale),
        cmocka_unit_test(session_is_replaced_at_connection_age),
        cmocka_unit_test(suspected_session_is_replaced),
        cmocka_unit_test(session_that_is_late_for_long_is_replaced),
        cmocka_unit_test(silent_venue_is_late_by_what_it_owes),
        cmocka_unit_test(replacements_come_one_after_another),
        cmocka_unit_test(session_that_came_back_needs_no_replacement),
        cmocka_unit_test(replacement_that_gets_no_books_is_given_up),
        cmocka_unit_test(disabled_replacement_is_given_up_at_once),
        cmocka_unit_test(dropped_session_gives_its_requests_back),
        cmocka_unit_test(statistics_count_sessions_that_are_gone),
        cmocka_unit_test(books_are_matched_by_symbol),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
