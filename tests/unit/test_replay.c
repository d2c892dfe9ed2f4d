/*
 * A recording through a session: when its connection is open, that books are not LIVE over a
 * connection that the recorder lost, and which requests are answered by what.
 *
 * What is told is compared whole: a line "-- ..." for each record, and behind it what it led to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "replay/replay.h"
#include "session_world.h"

enum { RECORDS_MAX = 32 };

/* What was recorded at a second, and where. */
struct line {
    int64_t s;
    enum record_kind kind;
    const char *url, *data;
};

#define OPEN(s, url)                                                                               \
    {                                                                                              \
        s, RECORD_OPEN, url, ""                                                                    \
    }
#define SAY(s, data)                                                                               \
    {                                                                                              \
        s, RECORD_MESSAGE, "", data                                                                \
    }
#define HTTP(s, url, data)                                                                         \
    {                                                                                              \
        s, RECORD_HTTP, url, data                                                                  \
    }
#define SENT(s, url, data)                                                                         \
    {                                                                                              \
        s, RECORD_SENT, url, data                                                                  \
    }

static const char venue[] = "wss://venue/v1";

struct player {
    struct record records[RECORDS_MAX];
    struct recording recording;
    struct replay replay;
    struct port port;
    struct world *world;
};

static struct arb_bytes bytes_of(const char *text)
{
    return (struct arb_bytes){ text, strlen(text) };
}

/* Started, and nothing has happened. */
static struct player *player_create(const struct world_spec *spec, const struct line *lines,
                                    size_t n)
{
    struct player *const player = calloc(1, sizeof(*player));
    struct world_spec replayed = *spec;

    assert_non_null(player);
    assert_in_range(n, 1, RECORDS_MAX);
    for (size_t i = 0; i < n; i++) {
        player->records[i] = (struct record){ .kind = lines[i].kind,
                                              .ns = lines[i].s * NS_PER_S,
                                              .url = bytes_of(lines[i].url),
                                              .data = bytes_of(lines[i].data) };
    }
    player->recording = (struct recording){ .records = player->records, .n = n };
    assert_int_equal(ARB_OK, replay_init(&player->replay, &player->recording));
    player->port = replay_port(&player->replay);
    replayed.port = &player->port;
    replayed.is_unpaced = true;
    player->world = world_create(&replayed);
    player->replay.session = player->world->session;
    assert_int_equal(ARB_OK, session_start(player->world->session,
                                           moment_at(replay_start_ns(&player->replay)),
                                           &player->world->err));
    return player;
}

static void player_destroy(struct player *player)
{
    world_destroy(player->world);
    replay_fini(&player->replay);
    free(player);
}

static bool step(struct player *player)
{
    const size_t at = player->replay.at;

    if (at < player->recording.n) {
        const struct record *const record = &player->records[at];
        arb_text_add(&player->world->log, "-- %s%s\n", record->kind == RECORD_OPEN ? "open " : "",
                     record->kind == RECORD_MESSAGE ? record->data.data : record->url.data);
    }
    return replay_step(&player->replay);
}

/* A whole test: a recording, and all that is told by its end. */
static void run(const struct world_spec *spec, const struct line *lines, size_t n, const char *want)
{
    struct player *const player = player_create(spec, lines, n);

    while (step(player)) {
        /* record after record */
    }
    world_expect(player->world, want);
    player_destroy(player);
}

#define RUN(spec, lines, want) run(spec, lines, sizeof(lines) / sizeof(*(lines)), want)

static const struct world_spec one_book = { .symbols = { "BTC/USD" } };
static const struct world_spec by_http = { .options = { { "source", "http" } },
                                           .symbols = { "BTC/USD" } };

/* -- when it is open ------------------------------------------------------------------ */

static void connection_is_open_from_when_the_recorder_opened_one(void **state)
{
    static const struct line lines[] = { SAY(1, "snap 0 1 b1x1 a2x1"), OPEN(3, venue),
                                         SAY(4, "snap 0 10 b100x1 a101x1") };

    (void)state;
    RUN(&one_book, lines,
        "-- snap 0 1 b1x1 a2x1\n"
        "-- open wss://venue/v1\n"
        "status 0 SYNCING subscribing\n"
        "-- snap 0 10 b100x1 a101x1\n"
        "snapshot 0 LIVE b100x1 a101x1\n");
}

static void connection_is_open_from_the_start_where_nobody_says(void **state)
{
    static const struct line lines[] = { SAY(1, "snap 0 10 b100x1 a101x1") };

    (void)state;
    RUN(&one_book, lines,
        "-- snap 0 10 b100x1 a101x1\n"
        "status 0 SYNCING subscribing\n"
        "snapshot 0 LIVE b100x1 a101x1\n");
}

/* Requests by HTTP have connections as well. */
static void only_sockets_are_connections(void **state)
{
    static const struct line lines[] = {
        OPEN(1, "https://venue/v1"),       OPEN(2, venue),
        SAY(3, "snap 0 10 b100x1 a101x1"), OPEN(4, "https://venue/v1"),
        OPEN(4, "https://venue/v1"),       SAY(5, "delta 0 11 b99x1")
    };

    (void)state;
    RUN(&one_book, lines,
        "-- open https://venue/v1\n"
        "-- open wss://venue/v1\n"
        "status 0 SYNCING subscribing\n"
        "-- snap 0 10 b100x1 a101x1\n"
        "snapshot 0 LIVE b100x1 a101x1\n"
        "-- open https://venue/v1\n"
        "-- open https://venue/v1\n"
        "-- delta 0 11 b99x1\n"
        "delta 0 LIVE b99x1\n");
}

static void what_the_recorder_sent_is_not_what_the_venue_said(void **state)
{
    static const struct line lines[] = { OPEN(1, venue),
                                         SENT(2, venue, "snap 0 10 b100x1 a101x1") };

    (void)state;
    RUN(&one_book, lines,
        "-- open wss://venue/v1\n"
        "status 0 SYNCING subscribing\n"
        "-- wss://venue/v1\n");
}

/* -- closed and opened again ---------------------------------------------------------- */

/*
 * A recording does not say that a connection was closed: that the recorder opened one to the same
 * place says it. A change that comes before the book is of no book.
 */
static void book_is_not_live_until_the_venue_has_said_it_again(void **state)
{
    static const struct line lines[] = {
        OPEN(1, venue),
        SAY(2, "snap 0 10 b100x1 a101x1"),
        SAY(3, "delta 0 11 b99x1"),
        OPEN(7, venue),
        SAY(8, "answered 0 0 subscribed -"),
        SAY(9, "delta 0 21 b98x1"),
        SAY(10, "snap 0 30 b90x1 a91x1"),
        SAY(11, "delta 0 31 b89x1"),
    };

    (void)state;
    RUN(&one_book, lines,
        "-- open wss://venue/v1\n"
        "status 0 SYNCING subscribing\n"
        "-- snap 0 10 b100x1 a101x1\n"
        "snapshot 0 LIVE b100x1 a101x1\n"
        "-- delta 0 11 b99x1\n"
        "delta 0 LIVE b99x1\n"
        "-- open wss://venue/v1\n"
        "status 0 STALE the recorder connected again\n"
        "status 0 SYNCING subscribing\n"
        "-- answered 0 0 subscribed -\n"
        "-- delta 0 21 b98x1\n"
        "-- snap 0 30 b90x1 a91x1\n"
        "snapshot 0 LIVE b90x1 a91x1\n"
        "-- delta 0 31 b89x1\n"
        "delta 0 LIVE b89x1\n");
}

/* One of two books comes back, the other waits. */
static void books_come_back_one_by_one(void **state)
{
    static const struct world_spec two_books = { .n_made = 0 };
    static const struct line lines[] = {
        OPEN(1, venue),
        SAY(2, "snap 0 10 b100x1 a101x1;snap 1 10 b1x1 a2x1"),
        OPEN(7, venue),
        SAY(8, "snap 1 30 b1x2 a2x2"),
    };
    struct player *const player = player_create(&two_books, lines, sizeof(lines) / sizeof(*lines));

    (void)state;
    while (step(player)) {
        /* record after record */
    }
    assert_int_equal(ARB_BOOK_SYNCING, world_state(player->world, 0));
    assert_int_equal(ARB_BOOK_LIVE, world_state(player->world, 1));
    player_destroy(player);
}

/* No answer, no book: it is asked for again, as it is of a venue. */
static void book_that_is_not_said_again_stays_unproven(void **state)
{
    static const struct line lines[] = { OPEN(1, venue), SAY(2, "snap 0 10 b100x1 a101x1"),
                                         OPEN(7, venue), SAY(13, "delta 0 11 b99x1") };

    (void)state;
    RUN(&one_book, lines,
        "-- open wss://venue/v1\n"
        "status 0 SYNCING subscribing\n"
        "-- snap 0 10 b100x1 a101x1\n"
        "snapshot 0 LIVE b100x1 a101x1\n"
        "-- open wss://venue/v1\n"
        "status 0 STALE the recorder connected again\n"
        "status 0 SYNCING subscribing\n"
        "-- delta 0 11 b99x1\n"
        "status 0 STALE the venue did not answer\n"
        "status 0 SYNCING resync\n");
}

/* A recorder of several addresses has a connection to each. */
static void connection_to_another_address_closes_none(void **state)
{
    static const struct line lines[] = { OPEN(1, venue), SAY(2, "snap 0 10 b100x1 a101x1"),
                                         OPEN(3, "wss://venue/v2"), SAY(4, "delta 0 11 b99x1") };

    (void)state;
    RUN(&one_book, lines,
        "-- open wss://venue/v1\n"
        "status 0 SYNCING subscribing\n"
        "-- snap 0 10 b100x1 a101x1\n"
        "snapshot 0 LIVE b100x1 a101x1\n"
        "-- open wss://venue/v2\n"
        "-- delta 0 11 b99x1\n"
        "delta 0 LIVE b99x1\n");
}

/* Attempts of the recorder that failed, at the start and after it had lost a connection. */
static void connection_that_brought_nothing_was_not_lost(void **state)
{
    static const struct line lines[] = {
        OPEN(1, venue), OPEN(2, venue), SAY(3, "snap 0 10 b100x1 a101x1"),
        OPEN(4, venue), OPEN(5, venue), SAY(6, "snap 0 12 b100x1 a101x1")
    };

    (void)state;
    RUN(&one_book, lines,
        "-- open wss://venue/v1\n"
        "status 0 SYNCING subscribing\n"
        "-- open wss://venue/v1\n"
        "-- snap 0 10 b100x1 a101x1\n"
        "snapshot 0 LIVE b100x1 a101x1\n"
        "-- open wss://venue/v1\n"
        "status 0 STALE the recorder connected again\n"
        "status 0 SYNCING subscribing\n"
        "-- open wss://venue/v1\n"
        "-- snap 0 12 b100x1 a101x1\n"
        "snapshot 0 LIVE b100x1 a101x1\n");
}

/* The recorder's was not closed, so it is back at once; it brings no book until it does. */
static void connection_that_the_plugin_closes_is_back_at_once(void **state)
{
    static const struct line lines[] = { OPEN(1, venue), SAY(2, "snap 0 10 b100x1 a101x1"),
                                         SAY(3, "close 0 enough"), SAY(4, "delta 0 11 b99x1"),
                                         SAY(5, "snap 0 12 b100x1 a101x1") };

    (void)state;
    RUN(&one_book, lines,
        "-- open wss://venue/v1\n"
        "status 0 SYNCING subscribing\n"
        "-- snap 0 10 b100x1 a101x1\n"
        "snapshot 0 LIVE b100x1 a101x1\n"
        "-- close 0 enough\n"
        "status 0 STALE dropped in the replay\n"
        "status 0 SYNCING subscribing\n"
        "-- delta 0 11 b99x1\n"
        "-- snap 0 12 b100x1 a101x1\n"
        "snapshot 0 LIVE b100x1 a101x1\n");
}

/* -- requests by HTTP ----------------------------------------------------------------- */

/* The body that comes next answers, when it comes; one that came before, at once. */
static void book_by_http_comes_back_by_the_next_body(void **state)
{
    static const char snap[] = "https://venue/snap/BTC/USD?group=1";
    static const struct line lines[] = {
        OPEN(1, venue),
        HTTP(2, snap, "snap % 10 b100x1 a101x1"),
        SAY(3, "delta 0 11 b99x1"),
        OPEN(7, venue),
        SAY(8, "delta 0 21 b98x1"),
        HTTP(9, snap, "snap % 20 b90x1 a110x1"),
        SAY(10, "delta 0 22 b97x1"),
    };

    (void)state;
    RUN(&by_http, lines,
        "-- open wss://venue/v1\n"
        "status 0 SYNCING subscribing\n"
        "-- https://venue/snap/BTC/USD?group=1\n"
        "-- delta 0 11 b99x1\n"
        "snapshot 0 LIVE b99x1 b100x1 a101x1\n"
        "-- open wss://venue/v1\n"
        "status 0 STALE the recorder connected again\n"
        "status 0 SYNCING subscribing\n"
        "-- delta 0 21 b98x1\n"
        "-- https://venue/snap/BTC/USD?group=1\n"
        "snapshot 0 LIVE b90x1 b98x1 a110x1\n"
        "-- delta 0 22 b97x1\n"
        "delta 0 LIVE b97x1\n");
}

/* A body of another path answers nothing. */
static void request_that_was_not_recorded_fails(void **state)
{
    static const struct line lines[] = {
        OPEN(1, venue), HTTP(2, "https://venue/snap/ETH/USD", "snap % 10 b100x1 a101x1"),
        SAY(3, "delta 0 11 b99x1")
    };
    struct player *const player = player_create(&by_http, lines, sizeof(lines) / sizeof(*lines));

    (void)state;
    while (step(player)) {
        /* record after record */
    }
    assert_int_equal(ARB_BOOK_SYNCING, world_state(player->world, 0));
    assert_int_equal(1, session_stats(player->world->session).seeds_failed);
    player_destroy(player);
}

/* Whose book it is may stand in the query; who asked for more or less of it asked for the same. */
static void body_of_another_parameter_answers_nothing(void **state)
{
    static const struct world_spec spec = {
        .options = { { "source", "http" }, { "query", "?of=BTC&n=1" } }, .symbols = { "BTC/USD" }
    };
    static const struct line lines[] = {
        OPEN(1, venue),
        HTTP(2, "https://other/snap/BTC/USD?of=ETH", "snap % 10 b1x1 a2x1"),
        HTTP(2, "https://other/snap/BTC/USD?of=BTCB&n=1", "snap % 10 b1x1 a2x1"),
        HTTP(2, "https://other/snap/BTC/USD/?level=3&of=BTC", "snap % 10 b100x1 a101x1"),
        SAY(3, "delta 0 11 b99x1"),
        OPEN(7, venue),
        HTTP(8, "https://other/snap/BTC/USD?off=ETH", "snap % 20 b90x1 a110x1"),
        SAY(9, "delta 0 21 b98x1"),
    };

    (void)state;
    RUN(&spec, lines,
        "-- open wss://venue/v1\n"
        "status 0 SYNCING subscribing\n"
        "-- https://other/snap/BTC/USD?of=ETH\n"
        "-- https://other/snap/BTC/USD?of=BTCB&n=1\n"
        "-- https://other/snap/BTC/USD/?level=3&of=BTC\n"
        "-- delta 0 11 b99x1\n"
        "snapshot 0 LIVE b99x1 b100x1 a101x1\n"
        "-- open wss://venue/v1\n"
        "status 0 STALE the recorder connected again\n"
        "status 0 SYNCING subscribing\n"
        "-- https://other/snap/BTC/USD?off=ETH\n"
        "-- delta 0 21 b98x1\n"
        "snapshot 0 LIVE b90x1 b98x1 a110x1\n");
}

/* -- pace ----------------------------------------------------------------------------- */

/* A recording answers when it does: what is asked of it is neither counted nor put off. */
static void nothing_is_paced(void **state)
{
    static const struct world_spec spec = {
        .options = { { "per_request", "1" }, { "per_hour", "1" }, { "per_second", "1" } }
    };
    static const struct line lines[] = { OPEN(1, venue), SAY(2, "answered 1 0 refused no") };
    struct player *const player = player_create(&spec, lines, sizeof(lines) / sizeof(*lines));

    (void)state;
    assert_true(step(player));
    assert_int_equal(2, session_stats(player->world->session).requests);
    player_destroy(player);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connection_is_open_from_when_the_recorder_opened_one),
        cmocka_unit_test(connection_is_open_from_the_start_where_nobody_says),
        cmocka_unit_test(only_sockets_are_connections),
        cmocka_unit_test(what_the_recorder_sent_is_not_what_the_venue_said),
        cmocka_unit_test(book_is_not_live_until_the_venue_has_said_it_again),
        cmocka_unit_test(books_come_back_one_by_one),
        cmocka_unit_test(book_that_is_not_said_again_stays_unproven),
        cmocka_unit_test(connection_to_another_address_closes_none),
        cmocka_unit_test(connection_that_brought_nothing_was_not_lost),
        cmocka_unit_test(connection_that_the_plugin_closes_is_back_at_once),
        cmocka_unit_test(book_by_http_comes_back_by_the_next_body),
        cmocka_unit_test(request_that_was_not_recorded_fails),
        cmocka_unit_test(body_of_another_parameter_answers_nothing),
        cmocka_unit_test(nothing_is_paced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
