#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "wire/opportunity_text.h"
#include "wire_samples.h"

static const struct opportunity_style plain = { .is_coloured = false },
                                      coloured = { .is_coloured = true },
                                      narrow = { .is_narrow = true };

static void assert_line(const struct opportunity *o, struct opportunity_style style,
                        const char *want)
{
    char got[OPPORTUNITY_LINE_MAX];

    opportunity_text_line(o, style, got);
    assert_string_equal(got, want);
}

static void open_is_one_aligned_line(void **state)
{
    const struct opportunity o = sample_opportunity();

    (void)state;
    assert_string_equal(
        opportunity_text_header(plain),
        "TIME (UTC)    EVENT   STRATEGY      SYMBOL      BUY                       SELL            "
        "          "
        "             QTY                 NET       BPS       AGES ms  VENUE AGES ms  LATENCY us");
    assert_line(
        &o, plain,
        "22:13:20.001  open    spot          BTC/USD     kraken @ 63005            bitstamp @ "
        "63100          "
        "             0.5        +34.8895 USD    +11.07        0.6/0.1            -/-        12.3");
}

/* Each of its orders in words, in what the first one pays with. */
static void close_tells_how_long_it_was_open(void **state)
{
    struct opportunity o = sample_opportunity();

    (void)state;
    o.terms.event = ARB_OPPORTUNITY_CLOSE;
    o.terms.reason = ARB_CLOSE_GONE;
    o.life = (struct opportunity_life){ .is_known = true, .duration_ns = 61004999999 };
    assert_line(&o, narrow,
                "22:13:20 close  BTC/USD  kraken 63005 > bitstamp 63100  0.5  +11.07  spot  gone "
                "after 61.004 s");
}

static void cycle_is_shown_order_by_order(void **state)
{
    struct opportunity o = sample_cycle();

    (void)state;
    assert_line(&o, plain,
                "22:13:20.001  open    spot          BTC/USD     kraken buys BTC/USD @ 63005 > "
                "bitstamp buys ETH/BTC @ 0.049 > bitstamp sells ETH/USD @ 3160               0.5"
                "        +34.8895 USD    +11.07    0.6/0.1/0.1          -/-/-        12.3");
    assert_line(
        &o, narrow,
        "22:13:20 open   BTC/USD  kraken buys BTC/USD 63005 > bitstamp buys ETH/BTC 0.049 > "
        "bitstamp sells ETH/USD 3160  0.5  +11.07  spot");
    o.terms.legs[0].side = ARB_SELL;
    assert_line(&o, plain,
                "22:13:20.001  open    spot          BTC/USD     kraken sells BTC/USD @ 63005 > "
                "bitstamp buys ETH/BTC @ 0.049 > bitstamp sells ETH/USD @ 3160               0.5"
                "      +3488.9500 BTC    +11.07    0.6/0.1/0.1          -/-/-        12.3");
}

static void venue_age_of_a_known_clock_is_shown(void **state)
{
    struct opportunity o = sample_opportunity();

    (void)state;
    o.legs[1].clock.error_ns = 1;
    o.legs[1].venue_age_ns = 11223344;
    assert_line(
        &o, plain,
        "22:13:20.001  open    spot          BTC/USD     kraken @ 63005            bitstamp @ "
        "63100          "
        "             0.5        +34.8895 USD    +11.07        0.6/0.1         -/11.2        12.3");
}

static void close_at_a_loss_shows_sign_and_reason(void **state)
{
    struct opportunity o = sample_opportunity();

    (void)state;
    o.terms.event = ARB_OPPORTUNITY_CLOSE;
    o.terms.reason = ARB_CLOSE_TOO_OLD;
    o.terms.net = -15000000000;
    o.terms.net_ppm = -5;
    assert_line(
        &o, plain,
        "22:13:20.001  close   spot          BTC/USD     kraken @ 63005            bitstamp @ "
        "63100          "
        "             0.5         -1.5000 USD     -0.05        0.6/0.1            -/-        12.3  "
        "too_old");
}

static void a_narrow_line_fits_eighty_columns(void **state)
{
    const struct opportunity o = sample_opportunity();
    char line[OPPORTUNITY_LINE_MAX];

    (void)state;
    opportunity_text_line(&o, narrow, line);
    assert_string_equal(
        line, "22:13:20 open   BTC/USD  kraken 63005 > bitstamp 63100  0.5  +11.07  spot");
}

static void a_transfer_says_what_it_takes(void **state)
{
    struct opportunity o = sample_opportunity();
    char line[OPPORTUNITY_LINE_MAX];

    (void)state;
    o.terms.transfer_fee = 50000;
    o.terms.transfer_ms = 1800000;
    opportunity_text_line(&o, plain, line);
    assert_null(strstr(line, "carry"));
    o.terms.flags = ARB_OPPORTUNITY_TRANSFER;
    opportunity_text_line(&o, plain, line);
    assert_non_null(strstr(line, " 12.3  0.0005 BTC to carry it over in 30m"));
    o.terms.transfer_ms = 90500;
    opportunity_text_line(&o, narrow, line);
    assert_string_equal(line, "22:13:20 open   BTC/USD  kraken 63005 > bitstamp 63100  0.5  +11.07"
                              "  spot  0.0005 BTC to carry it over in 90.500s");
}

static void nothing_gained_has_no_sign(void **state)
{
    struct opportunity o = sample_opportunity();

    (void)state;
    o.terms.net = 0;
    o.terms.net_ppm = 0;
    assert_line(
        &o, plain,
        "22:13:20.001  open    spot          BTC/USD     kraken @ 63005            bitstamp @ "
        "63100          "
        "             0.5          0.0000 USD      0.00        0.6/0.1            -/-        12.3");
}

static void net_is_rounded_down_to_four_digits(void **state)
{
    struct opportunity o = sample_opportunity();
    char line[OPPORTUNITY_LINE_MAX];

    (void)state;
    o.terms.net = 19999999;
    opportunity_text_line(&o, plain, line);
    assert_non_null(strstr(line, " +0.0019 USD "));
    o.terms.net = -10000001;
    opportunity_text_line(&o, plain, line);
    assert_non_null(strstr(line, " -0.0011 USD "));
}

static void what_a_timer_brought_has_no_latency(void **state)
{
    struct opportunity o = sample_opportunity();
    char line[OPPORTUNITY_LINE_MAX];

    (void)state;
    o.latency_ns = 0;
    opportunity_text_line(&o, plain, line);
    assert_string_equal(line + strlen(line) - 11, "          -");
}

/* The leg that is not proven, and why; the one whose proof reaches far enough is left out. */
static void what_is_not_verified_says_why(void **state)
{
    struct opportunity o = sample_opportunity();
    char line[OPPORTUNITY_LINE_MAX];

    (void)state;
    o.terms.verified = ARB_UNVERIFIABLE;
    o.legs[0].verified = o.legs[1].verified = ARB_VERIFIED;
    o.legs[0].verified_levels = o.legs[1].verified_levels = 10;
    o.legs[0].n_levels = 11;
    o.legs[1].n_levels = 10;
    opportunity_text_line(&o, plain, line);
    assert_non_null(strstr(line, "12.3  unverifiable (kraken: 10 of 11 levels proven)"));
    assert_null(strstr(line, "(bitstamp"));
    o.legs[0].verified = ARB_UNVERIFIABLE;
    o.legs[1].verified = ARB_SUSPECT;
    o.terms.verified = ARB_SUSPECT;
    opportunity_text_line(&o, plain, line);
    assert_non_null(
        strstr(line, "  suspect (kraken: its last change is not proven) (bitstamp: may be late)"));
    o.terms.verified = ARB_VERIFIED;
    opportunity_text_line(&o, plain, line);
    assert_null(strstr(line, "("));
}

static void colours_tell_open_update_and_close_apart(void **state)
{
    struct opportunity o = sample_opportunity();
    char open[OPPORTUNITY_LINE_MAX], update[OPPORTUNITY_LINE_MAX], end[OPPORTUNITY_LINE_MAX];

    (void)state;
    opportunity_text_line(&o, coloured, open);
    o.terms.event = ARB_OPPORTUNITY_UPDATE;
    opportunity_text_line(&o, coloured, update);
    o.terms.event = ARB_OPPORTUNITY_CLOSE;
    opportunity_text_line(&o, coloured, end);
    assert_memory_equal(open, "\033[32m22:", 8);
    assert_string_equal(open + strlen(open) - 4, "\033[0m");
    assert_memory_equal(update, "22:", 3);
    assert_memory_equal(end, "\033[2m22:", 7);
}

static void control_characters_in_names_do_not_reach_the_terminal(void **state)
{
    struct opportunity o = sample_opportunity();
    char line[OPPORTUNITY_LINE_MAX];

    (void)state;
    (void)snprintf(o.legs[0].venue, sizeof(o.legs[0].venue), "\033[2J\x9b");
    opportunity_text_line(&o, plain, line);
    assert_non_null(strstr(line, "?[2J? @ 63005"));
}

static void the_longest_opportunity_fits(void **state)
{
    struct opportunity o = sample_opportunity();
    char line[OPPORTUNITY_LINE_MAX];

    (void)state;
    memset(o.legs[0].venue, 'b', sizeof(o.legs[0].venue) - 1);
    memset(o.legs[1].venue, 's', sizeof(o.legs[1].venue) - 1);
    memset(o.legs[0].info.symbol, 'y', sizeof(o.legs[0].info.symbol) - 1);
    memset(o.legs[0].info.quote, 'q', sizeof(o.legs[0].info.quote) - 1);
    o.legs[0].info.px_scale = o.legs[0].info.qty_scale = ARB_SCALE_MAX;
    o.terms.event = ARB_OPPORTUNITY_CLOSE;
    o.terms.reason = ARB_CLOSE_NOT_LIVE;
    o.terms.legs[0].qty = o.terms.legs[0].limit_px = o.terms.legs[1].limit_px = o.terms.net =
        o.terms.net_ppm = INT64_MIN;
    o.legs[0].age_ns = o.legs[1].age_ns = o.latency_ns = o.detect_ns = INT64_MIN;
    o.legs[0].venue_age_ns = o.legs[1].venue_age_ns = INT64_MAX;
    o.legs[0].clock.error_ns = o.legs[1].clock.error_ns = 1;
    opportunity_text_line(&o, coloured, line);
    assert_string_equal(line + strlen(line) - 12, "not_live\033[0m");
}

static void the_header_is_repeated(void **state)
{
    const struct opportunity o = sample_opportunity();
    struct opportunity_printer printer;
    char *text = NULL;
    size_t len = 0;
    unsigned headers = 0;

    (void)state;
    FILE *const out = open_memstream(&text, &len);
    assert_non_null(out);
    opportunity_printer_init(&printer, stdout);
    printer.out = out;
    for (int i = 0; i < OPPORTUNITY_HEADER_EVERY + 1; i++) {
        assert_true(opportunity_print(&printer, &o));
    }
    assert_int_equal(fclose(out), 0);
    for (const char *at = text; (at = strstr(at, "TIME (UTC)")) != NULL; at++) {
        headers++;
    }
    assert_int_equal(headers, 2);
    free(text);
}

static void files_are_plain(void **state)
{
    struct opportunity_printer printer;
    FILE *const file = tmpfile();

    (void)state;
    assert_non_null(file);
    opportunity_printer_init(&printer, file);
    assert_false(printer.style.is_coloured || printer.style.is_narrow);
    assert_int_equal(fclose(file), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open_is_one_aligned_line),
        cmocka_unit_test(close_tells_how_long_it_was_open),
        cmocka_unit_test(cycle_is_shown_order_by_order),
        cmocka_unit_test(venue_age_of_a_known_clock_is_shown),
        cmocka_unit_test(close_at_a_loss_shows_sign_and_reason),
        cmocka_unit_test(a_narrow_line_fits_eighty_columns),
        cmocka_unit_test(a_transfer_says_what_it_takes),
        cmocka_unit_test(nothing_gained_has_no_sign),
        cmocka_unit_test(net_is_rounded_down_to_four_digits),
        cmocka_unit_test(what_a_timer_brought_has_no_latency),
        cmocka_unit_test(what_is_not_verified_says_why),
        cmocka_unit_test(colours_tell_open_update_and_close_apart),
        cmocka_unit_test(control_characters_in_names_do_not_reach_the_terminal),
        cmocka_unit_test(the_longest_opportunity_fits),
        cmocka_unit_test(the_header_is_repeated),
        cmocka_unit_test(files_are_plain),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
