/* What `arbspot top` shows, as lines of text: rows in, a page out, keys in between. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "top/detail.h"
#include "top/screen.h"
#include "top/words.h"
#include "wire_samples.h"

#define AT_NS INT64_C(1700000000000000000) /* 22:13:20 */
#define AT_MS (AT_NS / NS_PER_MS)

enum { TEXT_MAX = PAGE_HEIGHT_MAX * (PAGE_WIDTH_MAX + 1) };

struct world {
    struct snapshot snapshot;
    struct log_lines log;
    struct screen screen;
    struct page page;
    struct moment now;
    int64_t heard_ns;
    char text[TEXT_MAX]; /* of the page that was drawn last */
};

/* -- what there is ------------------------------------------------------------------------------
 */

static void name(char *out, const char *text)
{
    (void)snprintf(out, ARB_SYMBOL_MAX, "%s", text);
}

static void put_venue(struct world *world, const char *venue, uint32_t state, uint32_t n_live)
{
    struct view_venue_row *const row = snapshot_add_venue(&world->snapshot);

    assert_non_null(row);
    name(row->name, venue);
    row->state = state;
    row->n_books = 3;
    row->n_live = n_live;
    row->events_per_s = 1234;
    row->has_lag = true;
    row->lag_ns = 12345678;
    row->alive_ms = AT_MS - 400;
    row->clock = (struct arb_clock){ .offset_ns = -1500000, .error_ns = 800000 };
}

static struct view_book_row *put_book(struct world *world, const char *venue, const char *symbol,
                                      int64_t bid, int64_t ask)
{
    struct view_book_row *const row = snapshot_add_book(&world->snapshot);

    assert_non_null(row);
    name(row->venue, venue);
    name(row->symbol, symbol);
    row->state = ARB_BOOK_LIVE;
    row->trading = ARB_TRADING_OPEN;
    row->verified = ARB_VERIFIED;
    row->px_scale = 2;
    row->qty_scale = 8;
    row->bid = (struct arb_level){ bid, 12345678 };
    row->ask = (struct arb_level){ ask, 100000000 };
    row->n_bids = 100;
    row->n_asks = 25;
    row->changed_ms = AT_MS - 1500;
    row->updates = 1000;
    return row;
}

static struct view_book_row *put_stale(struct world *world, const char *venue, const char *symbol,
                                       const char *reason)
{
    struct view_book_row *const row = put_book(world, venue, symbol, 0, 0);

    row->state = ARB_BOOK_STALE;
    row->verified = ARB_SUSPECT;
    (void)snprintf(row->reason, sizeof(row->reason), "%s", reason);
    return row;
}

static void put_trouble(struct world *world, uint32_t severity, const char *text)
{
    struct view_trouble_row *const row = snapshot_add_trouble(&world->snapshot);

    assert_non_null(row);
    row->id = world->snapshot.n_troubles;
    row->severity = severity;
    row->since_ms = AT_MS - 61000;
    (void)snprintf(row->what, sizeof(row->what), "okx");
    (void)snprintf(row->text, sizeof(row->text), "%s", text);
}

static struct view_opportunity_row *put_find(struct world *world, uint64_t id, bool is_open)
{
    struct view_opportunity_row *const row = snapshot_add_find(&world->snapshot);

    assert_non_null(row);
    row->last = sample_opportunity();
    row->last.terms.id = id;
    row->opened_ms = AT_MS - 2500;
    row->lasted_ns = -1;
    row->peak_net_ppm = 1200;
    if (!is_open) {
        row->closed_ms = AT_MS - 1000;
        row->lasted_ns = 1500000000;
        row->last.terms.event = ARB_OPPORTUNITY_CLOSE;
        row->last.terms.reason = ARB_CLOSE_GONE;
    }
    return row;
}

static void put_survival(struct world *world)
{
    struct view_survival_row *const row = snapshot_add_survival(&world->snapshot);

    assert_non_null(row);
    name(row->strategy, "cross");
    name(row->buy, "kraken");
    name(row->sell, "okx");
    row->n = 12;
    row->n_points = 3;
    row->points[0] =
        (struct view_survival_point){ .delay_ns = 10000000, .n = 12, .left_ppm = 934567 };
    row->points[1] = (struct view_survival_point){ .delay_ns = 100000000, .n = 0 };
    row->points[2] = (struct view_survival_point){
        .delay_ns = 3000000, .n = 12, .left_ppm = -10000, .is_latency = true
    };
}

/* Of BTC/USD: two venues, whose fees are known, and a third one that says nothing of its fee. */
static void put_symbol(struct world *world)
{
    static const char *const venues[] = { "kraken", "okx", "bitstamp" };
    struct snapshot *const s = &world->snapshot;

    name(s->wish.symbol, "BTC/USD");
    s->has_matrix = true;
    s->matrix.matrix.info.px_scale = 2;
    s->matrix.fees_known = 3;
    for (uint32_t i = 0; i < 3; i++) {
        struct matrix_venue *const venue = &s->matrix.matrix.venues[i];
        struct view_ladder *const ladder = &s->ladders[i];
        name(venue->name, venues[i]);
        venue->bid = (struct arb_level){ 6300000 + 100 * i, 1 };
        venue->ask = (struct arb_level){ 6300050 + 100 * i, 1 };
        venue->fee_ppm = i < 2 ? 1000 : 0;
        venue->state = ARB_BOOK_LIVE;
        s->matrix.changed_ms[i] = AT_MS - 200 * (int64_t)i;
        ladder->book = s->books[i];
        name(ladder->book.venue, venues[i]);
        ladder->n_bids = 25;
        ladder->n_asks = 2;
        for (uint32_t k = 0; k < 25; k++) {
            ladder->bids[k] = (struct arb_level){ 6300000 + 100 * i - 5 * k, 10000000 + k };
            ladder->asks[k] = (struct arb_level){ 6300050 + 100 * i + 5 * k, 20000000 };
        }
    }
    s->matrix.matrix.n_venues = s->n_ladders = 3;
}

static void put_usual(struct world *world)
{
    struct snapshot *const s = &world->snapshot;

    s->host.broker = VIEW_BROKER_UP;
    s->host.n_books = 5;
    s->host.n_live = 4;
    s->host.events_per_s = 3702;
    put_trouble(world, VIEW_WARNING, "its clock is not known");
    put_trouble(world, VIEW_ERROR,
                "1 of 3 books of okx is not LIVE: ETH/USD is STALE (the connection was closed)");
    put_venue(world, "kraken", VIEW_VENUE_LIVE, 3);
    put_venue(world, "okx", VIEW_VENUE_PARTLY, 2);
    put_venue(world, "bitstamp", VIEW_VENUE_LIVE, 3);
    s->venues[1].last_trouble_ms = AT_MS - 61000;
    (void)snprintf(s->venues[1].last_trouble, VIEW_TEXT_MAX, "%s", s->troubles[1].text);
    put_find(world, 1, true);
    put_find(world, 2, false);
    put_book(world, "kraken", "BTC/USD", 6300000, 6300050)->verified_levels = 10;
    put_book(world, "okx", "BTC/USD", 6300100, 6300150)->changed_ms = AT_MS - 3723000;
    put_book(world, "bitstamp", "BTC/USD", 6300200, 6300250)->updates = 9000000;
    put_book(world, "kraken", "ETH/USD", 340012, 340100);
    put_stale(world, "okx", "ETH/USD", "the connection was closed");
    put_survival(world);
    put_symbol(world);
    log_lines_take(&world->log, "first\nsecond\n", 13);
}

static int set_up(void **state)
{
    struct world *const world = calloc(1, sizeof(*world));

    assert_non_null(world);
    world->now = (struct moment){ .mono_ns = 5 * NS_PER_S, .utc_ns = AT_NS };
    world->snapshot.taken = world->now;
    world->heard_ns = world->now.mono_ns;
    screen_init(&world->screen, world->now);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *const world = *state;

    snapshot_fini(&world->snapshot);
    screen_fini(&world->screen);
    free(world);
    return 0;
}

/* -- what is seen -------------------------------------------------------------------------------
 */

static struct screen_input input_of(const struct world *world)
{
    return (struct screen_input){ .snapshot = &world->snapshot,
                                  .log = &world->log,
                                  .heard_ns = world->heard_ns,
                                  .now = world->now };
}

static const char *drawn(struct world *world, unsigned width, unsigned height)
{
    const struct screen_input input = input_of(world);
    char line[PAGE_WIDTH_MAX + 1];
    char *at = world->text;

    screen_draw(&world->screen, &input, &world->page,
                (struct page_area){ .height = height, .width = width });
    for (unsigned row = 0; row < world->page.height; row++) {
        at += sprintf(at, "%s\n", page_line(&world->page, row, line));
    }
    *at = '\0';
    return world->text;
}

static void press(struct world *world, const char *keys)
{
    for (; *keys != '\0'; keys++) {
        const struct screen_input input = input_of(world);
        assert_true(screen_key(&world->screen, &input, (unsigned char)*keys));
    }
}

static void press_one(struct world *world, int key)
{
    const struct screen_input input = input_of(world);
    assert_true(screen_key(&world->screen, &input, key));
}

static void assert_says(struct world *world, const char *words)
{
    if (strstr(drawn(world, 80, 24), words) == NULL) {
        fail_msg("'%s' is not in:\n%s", words, world->text);
    }
}

static void assert_hides(struct world *world, const char *words)
{
    if (strstr(drawn(world, 80, 24), words) != NULL) {
        fail_msg("'%s' is in:\n%s", words, world->text);
    }
}

/* The line that has a word, without what is in front of it on the page. */
static unsigned row_of(struct world *world, const char *words)
{
    char line[PAGE_WIDTH_MAX + 1];

    for (unsigned row = 0; row < world->page.height; row++) {
        if (strstr(page_line(&world->page, row, line), words) != NULL) {
            return row;
        }
    }
    fail_msg("'%s' is not in:\n%s", words, world->text);
    return 0;
}

static void pass(struct world *world, int64_t ns)
{
    world->now.mono_ns += ns;
    world->now.utc_ns += ns;
}

/* -- the overview -------------------------------------------------------------------------------
 */

static void eighty_columns_have_what_matters(void **state)
{
    struct world *const world = *state;

    put_usual(world);
    assert_string_equal(
        drawn(world, 80, 24),
        "arbspot top  kafka up  4/5 books LIVE  3,702 events/s               22:13:20 UTC\n"
        "ERROR   1m01s 1 of 3 books of okx is not LIVE: ETH/USD is STALE (the connection~\n"
        "warning 1m01s its clock is not known\n"
        "VENUE      STATE      LIVE   EV/S     LAG HEARD   AGO LAST TROUBLE\n"
        "kraken     live        3/3  1,234  12.3ms  0.4s     -\n"
        "okx        partly      2/3  1,234  12.3ms  0.4s 1m01s 1 of 3 books of okx is no~\n"
        "bitstamp   live        3/3  1,234  12.3ms  0.4s     -\n"
        "FOUND  SYMBOL   BUY>SELL            LIFE  NET BP       SIZE REASON    FLAGS\n"
        "open   BTC/USD  kraken>bitstamp    2.50s   11.07        0.5\n"
        "closed BTC/USD  kraken>bitstamp    1.50s   11.07        0.5 gone\n"
        "BOOK               STATE        BID        ASK   AGE PROOF        WHY NOT LIVE\n"
        "kraken    BTC/USD  LIVE       63000    63000.5  1.5s best 10\n"
        "okx       BTC/USD  LIVE       63001    63001.5 1h02m verified\n"
        "bitstamp  BTC/USD  LIVE       63002    63002.5  1.5s verified\n"
        "kraken    ETH/USD  LIVE     3400.12       3401  1.5s verified\n"
        "okx       ETH/USD  STALE          -          -  1.5s suspect      the connectio~\n"
        "\n"
        "\n"
        "\n"
        "\n"
        "\n"
        "second\n"
        "first\n"
        "?help Tab:pane Enter:open s:sort /:filter p:pause q:quit  by symbol\n");
}

static void two_hundred_columns_have_all(void **state)
{
    struct world *const world = *state;

    put_usual(world);
    assert_string_equal(
        drawn(world, 200, 24),
        "arbspot top  kafka up  4/5 books LIVE  3,702 events/s                                     "
        "                                                                                          "
        "        22:13:20 UTC\n"
        "ERROR   1m01s 1 of 3 books of okx is not LIVE: ETH/USD is STALE (the connection was "
        "closed)\n"
        "warning 1m01s its clock is not known\n"
        "VENUE      STATE      LIVE   EV/S     LAG HEARD        CLOCK +-   AGO LAST TROUBLE\n"
        "kraken     live        3/3  1,234  12.3ms  0.4s  -1.50ms 0.80ms     -\n"
        "okx        partly      2/3  1,234  12.3ms  0.4s  -1.50ms 0.80ms 1m01s 1 of 3 books of okx "
        "is not LIVE: ETH/USD is STALE (the connection was closed)\n"
        "bitstamp   live        3/3  1,234  12.3ms  0.4s  -1.50ms 0.80ms     -\n"
        "FOUND  SYMBOL   BUY>SELL            LIFE  NET BP       SIZE REASON           NET      "
        "PEAK BP GROSS BP PROVEN NET FLAGS  STRATEGY OPENED\n"
        "open   BTC/USD  kraken>bitstamp    2.50s   11.07        0.5              34.8895 USD    "
        "12.00    15.07          0        spot     22:13:17\n"
        "closed BTC/USD  kraken>bitstamp    1.50s   11.07        0.5 gone         34.8895 USD    "
        "12.00    15.07          0        spot     22:13:17\n"
        "BOOK               STATE        BID        ASK   AGE PROOF        TRADING      BID QTY    "
        "  ASK QTY      LEVELS    UPDATES WHY NOT LIVE\n"
        "kraken    BTC/USD  LIVE       63000    63000.5  1.5s best 10      open      0.12345678    "
        "        1      100/25      1,000\n"
        "okx       BTC/USD  LIVE       63001    63001.5 1h02m verified     open      0.12345678    "
        "        1      100/25      1,000\n"
        "bitstamp  BTC/USD  LIVE       63002    63002.5  1.5s verified     open      0.12345678    "
        "        1      100/25  9,000,000\n"
        "kraken    ETH/USD  LIVE     3400.12       3401  1.5s verified     open      0.12345678    "
        "        1      100/25      1,000\n"
        "okx       ETH/USD  STALE          -          -  1.5s suspect      open               -    "
        "        -      100/25      1,000 the connection was closed\n"
        "\n"
        "\n"
        "\n"
        "\n"
        "\n"
        "second\n"
        "first\n"
        "?help Tab:pane Enter:open s:sort /:filter p:pause q:quit  by symbol\n");
}

static void a_symbol_has_its_books_matrix_ladders_and_survival(void **state)
{
    struct world *const world = *state;

    put_usual(world);
    press(world, "j\n");
    assert_string_equal(world->screen.symbol, "BTC/USD");
    assert_string_equal(world->screen.venue, "okx");
    assert_string_equal(
        drawn(world, 80, 24),
        "arbspot top  kafka up  4/5 books LIVE  3,702 events/s  BTC/USD      22:13:20 UTC\n"
        "ERROR   1m01s 1 of 3 books of okx is not LIVE: ETH/USD is STALE (the connection~\n"
        "warning 1m01s its clock is not known\n"
        "BOOK               STATE        BID        ASK   AGE PROOF        WHY NOT LIVE\n"
        "kraken    BTC/USD  LIVE       63000    63000.5  1.5s best 10\n"
        "okx       BTC/USD  LIVE       63001    63001.5 1h02m verified\n"
        "bitstamp  BTC/USD  LIVE       63002    63002.5  1.5s verified\n"
        "NET BP, SELL AT:   AGE   kraken      okx bitstamp\n"
        "buy kraken        0.0s        .   -19.93    0.23?\n"
        "buy okx           0.2s   -20.24        .    0.07?\n"
        "buy bitstamp      0.4s   -0.40?   -0.24?        .\n"
        "okx LIVE, verified, 1h02m old          kraken LIVE, verified, 1.5s old\n"
        "       QTY      BID      ASK      QTY         QTY      BID      ASK      QTY\n"
        "       0.1 63001.00 63001.50      0.2         0.1 63000.00 63000.50      0.2\n"
        "0.10000001 63000.95 63001.55      0.2  0.10000001 62999.95 63000.55      0.2\n"
        "0.10000002 63000.90                    0.10000002 62999.90\n"
        "0.10000003 63000.85                    0.10000003 62999.85\n"
        "0.10000004 63000.80                    0.10000004 62999.80\n"
        "0.10000005 63000.75                    0.10000005 62999.75\n"
        "SURVIVAL            N % OF THE NET LEFT AFTER MS (L: LATENCY)\n"
        "kraken>okx         12 10:93 100:? L3:-1\n"
        "second\n"
        "first\n"
        "?help Tab:pane Enter:ladder s:sort p:pause q:back  by symbol\n");
}

static void nothing_at_all_is_said_too(void **state)
{
    struct world *const world = *state;

    assert_says(world, "nothing is known to be wrong\n");
    assert_says(world, "no venue was heard of so far\n");
    assert_says(world, "no opportunity so far\n");
    assert_says(world, "no book matches, or none was heard of so far\n");
    assert_says(world, "the log is empty\n");
    press_one(world, SCREEN_ENTER);
    press(world, "\tj\n\tk\n\tGg\ns");
    assert_says(world, "kafka unknown  0/0 books LIVE");
}

static void a_smaller_terminal_has_fewer_columns(void **state)
{
    static const char *const gone[] = { "UPDATES", "LEVELS",       "BID QTY",
                                        "TRADING", "WHY NOT LIVE", "PROOF" };
    struct world *const world = *state;
    unsigned width = 200;

    put_usual(world);
    for (size_t i = 0; i < sizeof(gone) / sizeof(*gone); i++) {
        while (width > SCREEN_WIDTH_MIN && strstr(drawn(world, width, 24), gone[i]) != NULL) {
            width--;
        }
        assert_true(width > SCREEN_WIDTH_MIN);
        assert_non_null(strstr(world->text, "63000"));
        assert_true(i + 1 == sizeof(gone) / sizeof(*gone) || strstr(world->text, gone[i + 1]));
    }
    assert_non_null(strstr(drawn(world, 39, 24), "needs 40 columns"));
    assert_non_null(strstr(drawn(world, 80, 11), "needs 40 columns"));
    (void)drawn(world, 0, 0);
}

static void a_number_is_never_cut_where_others_can_go(void **state)
{
    struct world *const world = *state;
    struct view_book_row *const book = put_book(world, "kraken", "BTC/USD", INT64_MAX, INT64_MAX);

    book->px_scale = 18;
    for (unsigned width = 60; width <= 200; width++) {
        const char *const text = drawn(world, width, 24);
        assert_true(strstr(text, "9.223372036854775807") != NULL || strstr(text, " 9.2") == NULL);
    }
}

static void a_thousand_books_scroll(void **state)
{
    struct world *const world = *state;
    char symbol[ARB_SYMBOL_MAX];

    for (unsigned i = 0; i < 1000; i++) {
        (void)snprintf(symbol, sizeof(symbol), "S%04u/USD", i);
        put_book(world, "kraken", symbol, 1 + i, 2 + i)->changed_ms = AT_MS - (int64_t)i * 1000;
    }
    assert_says(world, "S0000/USD");
    assert_hides(world, "S0900/USD");
    press(world, "G");
    assert_says(world, "S0999/USD");
    assert_hides(world, "S0000/USD");
    press(world, "kkk\n");
    assert_string_equal(world->screen.symbol, "S0996/USD");
    press(world, "q/s0500\n\n");
    assert_string_equal(world->screen.symbol, "S0500/USD");
    press(world, "qqss");
    assert_says(world, "oldest first");
    press(world, "g");
    assert_says(world, "S0999/USD");
}

/* -- what is chosen -----------------------------------------------------------------------------
 */

static void a_chosen_row_stays_chosen_where_it_goes(void **state)
{
    struct world *const world = *state;

    put_usual(world);
    press(world, "jjj"); /* ETH/USD of kraken */
    (void)drawn(world, 80, 24);
    world->snapshot.books[0] = world->snapshot.books[3];
    name(world->snapshot.books[3].symbol, "AAA/USD");
    press(world, "\n");
    assert_string_equal(world->screen.symbol, "ETH/USD");
    assert_string_equal(world->screen.venue, "kraken");
}

static void the_first_row_is_whichever_comes_first(void **state)
{
    struct world *const world = *state;

    put_usual(world);
    world->screen.focus[SCREEN_OVERVIEW] = PANE_FINDS;
    press(world, "jk");
    world->snapshot.finds[0].last.terms.id = 77;
    press(world, "\n");
    assert_int_equal(world->screen.kind, SCREEN_DETAIL);
    assert_says(world, "open, since");
}

static void the_focus_gets_the_marks(void **state)
{
    struct world *const world = *state;

    put_usual(world);
    (void)drawn(world, 80, 24);
    assert_int_equal(world->page.styles[row_of(world, "BOOK ")][0], PAGE_FOCUS);
    assert_int_equal(world->page.styles[row_of(world, "VENUE ")][0], PAGE_HEAD);
    assert_int_equal(world->page.styles[row_of(world, "kraken    BTC/USD")][0], PAGE_CHOSEN);
    press_one(world, SCREEN_BACK_TAB);
    press_one(world, SCREEN_BACK_TAB);
    (void)drawn(world, 80, 24);
    assert_int_equal(world->page.styles[row_of(world, "BOOK ")][0], PAGE_HEAD);
    assert_int_equal(world->page.styles[row_of(world, "VENUE ")][0], PAGE_FOCUS);
    assert_int_equal(world->page.styles[row_of(world, "kraken     live")][0], PAGE_CHOSEN);
}

static void a_filter_is_typed_kept_and_cleared(void **state)
{
    struct world *const world = *state;

    put_usual(world);
    press(world, "/OKXX");
    assert_says(world, "only: okxx_");
    assert_says(world, "no book matches");
    press_one(world, SCREEN_ERASE);
    assert_says(world, "okx       BTC/USD");
    assert_hides(world, "kraken    BTC/USD");
    press(world, "\nj\n");
    assert_string_equal(world->screen.symbol, "ETH/USD");
    press(world, "q");
    assert_says(world, "only: okx ");
    press(world, "q");
    assert_says(world, "kraken    BTC/USD");
    press(world, "/a\033");
    assert_hides(world, "only:");
    const struct screen_input input = input_of(world);
    assert_false(screen_key(&world->screen, &input, 'q'));
}

static void a_venue_opens_its_books(void **state)
{
    struct world *const world = *state;

    put_usual(world);
    world->screen.focus[SCREEN_OVERVIEW] = PANE_VENUES;
    press(world, "jj\n");
    assert_says(world, "bitstamp  BTC/USD");
    assert_hides(world, "okx       BTC/USD");
    assert_int_equal(world->screen.focus[SCREEN_OVERVIEW], PANE_BOOKS);
}

static void a_trouble_is_told_whole(void **state)
{
    struct world *const world = *state;

    put_usual(world);
    assert_hides(world, "closed)");
    world->screen.focus[SCREEN_OVERVIEW] = PANE_TROUBLES;
    press(world, "\n");
    assert_says(world,
                "error about okx, since 22:12:19 UTC, 1m01s ago\n"
                "\n"
                "1 of 3 books of okx is not LIVE: ETH/USD is STALE (the connection was closed)\n");
    world->snapshot.n_troubles = 0;
    assert_says(world, "it is over");
    press(world, "q");
    assert_int_equal(world->screen.kind, SCREEN_OVERVIEW);
}

static void an_opportunity_is_told_whole_and_leads_to_its_symbol(void **state)
{
    struct world *const world = *state;

    put_usual(world);
    world->screen.focus[SCREEN_OVERVIEW] = PANE_FINDS;
    world->snapshot.finds[1].n_left = 2;
    world->snapshot.finds[1].left[0] =
        (struct view_left){ .delay_ns = 10000000, .is_known = true, .net = 12 };
    world->snapshot.finds[1].left[1] =
        (struct view_left){ .delay_ns = 3000000, .is_latency = true };
    press(world, "j\n");
    assert_string_equal(
        drawn(world, 80, 24),
        "arbspot top  kafka up  4/5 books LIVE  3,702 events/s               22:13:20 UTC\n"
        "BTC/USD kraken>bitstamp by spot\n"
        "closed, gone: opened 22:13:17, lasted 1.50s\n"
        "  buy  0.5 BTC/USD at kraken, limit 63005, fee 6.3005 USD, book 0.0s old and ?\n"
        "  sell 0.5 BTC/USD at bitstamp, limit 63100, fee 6.31 USD, book 0.0s old and ?\n"
        "\n"
        "costs 31502.5, brings net 34.8895 USD: 11.07 bp, at its peak 12.00 bp\n"
        "net within proven levels 0\n"
        "net of 25, 50, 75, 100 % of the size: 0 0 0 0\n"
        "\n"
        "left of the net later:\n"
        "  after 10.0ms: 0.0000000012\n"
        "  after 3.00ms (the venues' own latency): nobody knows, a book was not LIVE\n"
        "\n"
        "\n"
        "\n"
        "\n"
        "\n"
        "\n"
        "\n"
        "\n"
        "\n"
        "\n"
        "Enter:its symbol q:back\n");
    press(world, "\n");
    assert_int_equal(world->screen.kind, SCREEN_SYMBOL);
    assert_string_equal(world->screen.symbol, "BTC/USD");
    press(world, "q");
    assert_int_equal(world->screen.kind, SCREEN_OVERVIEW);
}

static void venues_to_sell_at_move_sideways(void **state)
{
    struct world *const world = *state;

    put_usual(world);
    press(world, "\n");
    assert_says(world, "AGE   kraken      okx bitstamp\n");
    press_one(world, SCREEN_RIGHT);
    assert_says(world, "AGE      okx bitstamp\n");
    press_one(world, SCREEN_RIGHT);
    press_one(world, SCREEN_RIGHT);
    assert_says(world, "AGE bitstamp\n");
    press_one(world, SCREEN_LEFT);
    assert_says(world, "AGE      okx bitstamp\n");
}

static void a_ladder_scrolls_to_its_end(void **state)
{
    struct world *const world = *state;

    put_usual(world);
    press(world, "\n\n");
    assert_says(world, "0.1 63000.00");
    press(world, "jj");
    assert_hides(world, "0.1 63000.00");
    assert_says(world, "62999.90");
    press(world, "G");
    assert_says(world, "62998.80");
    press(world, "k");
    assert_hides(world, "62998.80");
    press(world, "g");
    assert_says(world, "0.1 63000.00");
}

/* -- time ---------------------------------------------------------------------------------------
 */

static void ages_grow_when_nothing_comes(void **state)
{
    struct world *const world = *state;

    put_usual(world);
    assert_says(world, "63000    63000.5  1.5s");
    pass(world, NS_PER_S);
    world->now.utc_ns += 3600 * NS_PER_S; /* the system's clock is set */
    assert_says(world, "63000    63000.5  2.5s");
}

static void silence_is_said_over_everything(void **state)
{
    struct world *const world = *state;

    put_usual(world);
    pass(world, SCREEN_SILENT_NS - 1);
    assert_hides(world, "NOTHING HEARD");
    pass(world, 1);
    assert_int_equal(screen_silent_at(&world->screen, world->heard_ns), world->now.mono_ns);
    assert_says(world, "NOTHING HEARD FOR 2.0s");
    assert_says(world, "none of it is live");
    assert_says(world, "Kafka is there: no host of a venue is alive");
    assert_memory_equal(world->text, "NOTHING HEARD FOR 2.0s\n", 23);
    assert_int_equal(world->page.styles[0][79], PAGE_LOUD);
    const unsigned row = row_of(world, "Kafka is there");
    assert_int_equal(world->page.styles[row][40], PAGE_LOUD);
    for (unsigned i = 1; i + 1 < world->page.height; i++) {
        assert_int_equal(world->page.styles[i][0], PAGE_DIM);
    }
    world->snapshot.host.broker = VIEW_BROKER_DOWN;
    press(world, "\n");
    assert_says(world, "no Kafka broker can be reached");
    world->heard_ns = world->now.mono_ns;
    assert_hides(world, "NOTHING HEARD");
}

static void silence_from_the_beginning_is_said(void **state)
{
    struct world *const world = *state;

    world->heard_ns = 0;
    assert_hides(world, "NOTHING HEARD");
    pass(world, 3 * NS_PER_S);
    assert_says(world, "NOTHING HEARD SO FAR, FOR 3.0s");
    assert_non_null(strstr(drawn(world, 40, 12), "NOTHING HEARD"));
}

static void a_pause_is_loud(void **state)
{
    struct world *const world = *state;

    put_usual(world);
    press(world, "p");
    pass(world, 17 * NS_PER_S);
    world->heard_ns = world->now.mono_ns;
    assert_says(world, " PAUSED at 22:13:20 UTC, 17s ago: nothing here is live. p goes on.\n");
    assert_int_equal(world->page.styles[0][79], PAGE_LOUD);
    press(world, "\n");
    assert_says(world, "PAUSED");
    press(world, "p");
    assert_hides(world, "PAUSED");
}

static void the_help_names_the_keys(void **state)
{
    struct world *const world = *state;

    press(world, "?");
    assert_says(world, "Tab, Shift-Tab");
    press(world, "jjjj");
    assert_hides(world, "PgUp");
    press(world, "q");
    assert_says(world, "VENUE");
}

/* -- what others say ----------------------------------------------------------------------------
 */

static void put_hostile(struct world *world)
{
    static const char bad[] = "\033[2J\033]0;x\007\x9b\xc2\x9b\r\n\t\xe2\x80\xae\xff\xf0\x9f<b>";
    struct view_book_row *const book = put_stale(world, bad, bad, bad);
    struct view_opportunity_row *const find = put_find(world, 9, false);

    book->px_scale = book->qty_scale = 255;
    book->state = book->trading = book->verified = UINT32_MAX;
    book->changed_ms = INT64_MIN;
    book->bid = (struct arb_level){ INT64_MAX, INT64_MIN };
    put_venue(world, bad, VIEW_VENUE_LIVE, UINT32_MAX);
    put_trouble(world, VIEW_ERROR, bad);
    name(find->last.strategy, bad);
    name(find->last.legs[0].venue, bad);
    name(find->last.legs[0].info.symbol, bad);
    name(find->last.legs[0].info.quote, bad);
    find->last.terms.reason = UINT32_MAX;
    find->last.terms.net_ppm = INT64_MIN;
    find->opened_ms = 1;
    find->lasted_ns = INT64_MAX;
    world->snapshot.survivals[0].points[0].left_ppm = INT64_MIN;
    name(world->snapshot.survivals[0].buy, bad);
    name(world->snapshot.matrix.matrix.venues[0].name, bad);
    name(world->snapshot.ladders[0].book.venue, bad);
    log_lines_take(&world->log, bad, sizeof(bad) - 1);
}

static void assert_harmless(const struct page *page)
{
    for (unsigned row = 0; row < page->height; row++) {
        for (unsigned column = 0; column < page->width; column++) {
            assert_in_range(page->text[row][column], ' ', '~');
        }
    }
}

static void hostile_texts_are_harmless_at_every_size_and_key(void **state)
{
    static const int keys[] = { 'j',           'k',
                                'G',           's',
                                '/',           'p',
                                '?',           'q',
                                SCREEN_ENTER,  SCREEN_TAB,
                                SCREEN_LEFT,   SCREEN_RIGHT,
                                SCREEN_ESCAPE, SCREEN_ERASE,
                                SCREEN_UP,     SCREEN_PAGE_DOWN,
                                SCREEN_HOME,   0,
                                0x7fffffff,    -5 };
    struct world *const world = *state;
    uint64_t seed = 7;

    put_usual(world);
    put_hostile(world);
    for (unsigned i = 0; i < 4000; i++) {
        const struct screen_input input = input_of(world);
        (void)screen_key(&world->screen, &input,
                         keys[sample_below(&seed, sizeof(keys) / sizeof(*keys))]);
        (void)drawn(world, (unsigned)sample_below(&seed, 260), (unsigned)sample_below(&seed, 90));
        assert_harmless(&world->page);
    }
    press(world, "\033");
    (void)drawn(world, 5000, 5000);
    assert_int_equal(world->page.width, PAGE_WIDTH_MAX);
    assert_int_equal(world->page.height, PAGE_HEIGHT_MAX);
}

/* -- parts --------------------------------------------------------------------------------------
 */

static void times_and_numbers_are_short(void **state)
{
    char out[WORDS_MAX];

    (void)state;
    assert_string_equal(words_age(-1, out), "0.0s");
    assert_string_equal(words_age(9999999999, out), "9.9s");
    assert_string_equal(words_age(10 * NS_PER_S, out), "10s");
    assert_string_equal(words_age(60 * NS_PER_S, out), "1m00s");
    assert_string_equal(words_age(3599 * NS_PER_S, out), "59m59s");
    assert_string_equal(words_age(3723 * NS_PER_S, out), "1h02m");
    assert_string_equal(words_age(86400 * NS_PER_S, out), "1d00h");
    assert_string_equal(words_age(INT64_MAX, out), "106751d23h");
    assert_string_equal(words_lag(40000, out), "0.04ms");
    assert_string_equal(words_lag(-9999999, out), "-9.99ms");
    assert_string_equal(words_lag(12345678, out), "12.3ms");
    assert_string_equal(words_lag(4567000000, out), "4.56s");
    assert_string_equal(words_lag(INT64_MIN, out), "-9223372036.85s");
    assert_string_equal(words_since(0, moment_at(AT_NS), out), "-");
    assert_string_equal(words_since(AT_MS - 400, moment_at(AT_NS), out), "0.4s");
    assert_string_equal(words_since(AT_MS + 400, moment_at(AT_NS), out), "0.0s");
    assert_string_equal(words_time(AT_NS, out), "22:13:20");
    assert_string_equal(words_bps(-1234, out), "-12.34");
    assert_string_equal(words_bps(INT64_MIN, out), "-92233720368547758.08");
    assert_string_equal(words_count(1234567, out), "1,234,567");
    assert_string_equal(words_count(UINT64_MAX, out), "18,446,744,073,709,551,615");
    assert_string_equal(words_decimal(6300050, 2, out), "63000.5");
}

static void the_log_keeps_its_last_lines(void **state)
{
    struct log_lines *const log = calloc(1, sizeof(*log));
    char line[LOG_LINE_MAX * 2];

    (void)state;
    assert_non_null(log);
    log_lines_take(log, "a\n\nb", 4);
    assert_int_equal(log_lines_n(log), 2);
    assert_string_equal(log_lines_at(log, 0), "b");
    log_lines_take(log, "c\n", 2);
    assert_string_equal(log_lines_at(log, 0), "bc");
    assert_string_equal(log_lines_at(log, 1), "a");
    memset(line, 'x', sizeof(line));
    log_lines_take(log, line, sizeof(line));
    assert_int_equal(strlen(log_lines_at(log, 0)), LOG_LINE_MAX - 1);
    for (unsigned i = 0; i < 2 * LOG_LINES_MAX; i++) {
        log_lines_take(log, "\nn", 2);
    }
    assert_int_equal(log_lines_n(log), LOG_LINES_MAX);
    assert_string_equal(log_lines_at(log, LOG_LINES_MAX - 1), "n");
    free(log);
}

static void long_sentences_are_broken_between_words(void **state)
{
    struct world *const world = *state;
    char line[PAGE_WIDTH_MAX + 1];

    page_clear(&world->page, 10, 4);
    assert_int_equal(detail_draw(&world->page, (struct page_area){ 0, 0, 4, 10 },
                                 "one two three\n\nabcdefghijkl", 0),
                     5);
    assert_string_equal(page_line(&world->page, 0, line), "one two");
    assert_string_equal(page_line(&world->page, 1, line), "three");
    assert_string_equal(page_line(&world->page, 2, line), "");
    assert_string_equal(page_line(&world->page, 3, line), "abcdefghij");
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(eighty_columns_have_what_matters),
        TEST(two_hundred_columns_have_all),
        TEST(a_symbol_has_its_books_matrix_ladders_and_survival),
        TEST(nothing_at_all_is_said_too),
        TEST(a_smaller_terminal_has_fewer_columns),
        TEST(a_number_is_never_cut_where_others_can_go),
        TEST(a_thousand_books_scroll),
        TEST(a_chosen_row_stays_chosen_where_it_goes),
        TEST(the_first_row_is_whichever_comes_first),
        TEST(the_focus_gets_the_marks),
        TEST(a_filter_is_typed_kept_and_cleared),
        TEST(a_venue_opens_its_books),
        TEST(a_trouble_is_told_whole),
        TEST(an_opportunity_is_told_whole_and_leads_to_its_symbol),
        TEST(venues_to_sell_at_move_sideways),
        TEST(a_ladder_scrolls_to_its_end),
        TEST(ages_grow_when_nothing_comes),
        TEST(silence_is_said_over_everything),
        TEST(silence_from_the_beginning_is_said),
        TEST(a_pause_is_loud),
        TEST(the_help_names_the_keys),
        TEST(hostile_texts_are_harmless_at_every_size_and_key),
        TEST(times_and_numbers_are_short),
        TEST(the_log_keeps_its_last_lines),
        TEST(long_sentences_are_broken_between_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
