#include "wire/opportunity_text.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "arbspot/text.h"
#include "book/event.h"
#include "util/clock.h"
#include "util/digits.h"
#include "util/output.h"

enum {
    CELL_MAX = 96,
    BPS_SCALE = 2,
    MONEY_DIGITS = 4,
    NARROW_DIGITS = 6,
    WIDE_MIN = 190, /* columns of a terminal below which lines are narrow */
    TENTHS = 1,     /* ages in tenths of a millisecond, latency in tenths of a microsecond */
    NS_PER_TENTH_MS = 100000,
    NS_PER_TENTH_US = 100,
};

static const char line_format[] =
    "%-12s  %-6s  %-12s  %-10s  %-24s  %-24s  %16s  %18s  %8s  %13s  %13s  %10s";

static void write_time(int64_t utc_ns, char out[CELL_MAX])
{
    const time_t seconds = (time_t)(utc_ns / NS_PER_S);
    struct tm utc;
    char clock[16];

    if (gmtime_r(&seconds, &utc) == NULL || strftime(clock, sizeof(clock), "%H:%M:%S", &utc) == 0) {
        (void)snprintf(clock, sizeof(clock), "????????");
    }
    (void)snprintf(out, CELL_MAX, "%s.%03d", clock, (int)(utc_ns % NS_PER_S / NS_PER_MS));
}

/* With its sign, for profits. */
static void write_profit(int64_t value, unsigned scale, unsigned digits, char out[CELL_MAX])
{
    char *const number = value > 0 ? out + 1 : out;

    out[0] = '+';
    *digits_write_signed(number, value, scale, digits) = '\0';
}

static void write_number(int64_t value, unsigned scale, unsigned digits, char out[CELL_MAX])
{
    *digits_write_signed(out, value, scale, digits) = '\0';
}

static void write_leg(const struct opportunity_leg *leg, int64_t limit, unsigned scale,
                      char out[CELL_MAX])
{
    char price[CELL_MAX];

    write_number(limit, scale, ARB_DIGITS_UNKNOWN, price);
    (void)snprintf(out, CELL_MAX, "%s @ %.*s", leg->venue, DIGITS_DECIMAL_MAX, price);
}

/* Rounded down: nobody reads more digits, and a profit is not made larger by printing it. */
static int64_t floor_div(int64_t value, int64_t divisor)
{
    return value / divisor - (value % divisor < 0 ? 1 : 0);
}

static void write_net(const struct opportunity *o, char out[CELL_MAX])
{
    char profit[CELL_MAX];
    unsigned scale = o->info.px_scale;
    int64_t net = o->terms.net;

    if (scale > MONEY_DIGITS) {
        net = floor_div(net, arb_pow10(scale - MONEY_DIGITS));
        scale = MONEY_DIGITS;
    }
    write_profit(net, scale, MONEY_DIGITS, profit);
    (void)snprintf(out, CELL_MAX, "%.*s %s", DIGITS_DECIMAL_MAX, profit, o->info.quote);
}

static void write_ages(const struct opportunity *o, char out[CELL_MAX])
{
    char buy[CELL_MAX], sell[CELL_MAX];

    write_number(o->buy.age_ns / NS_PER_TENTH_MS, TENTHS, TENTHS, buy);
    write_number(o->sell.age_ns / NS_PER_TENTH_MS, TENTHS, TENTHS, sell);
    (void)snprintf(out, CELL_MAX, "%.*s/%.*s", DIGITS_DECIMAL_MAX, buy, DIGITS_DECIMAL_MAX, sell);
}

static void write_venue_age(const struct opportunity_leg *leg, char out[CELL_MAX])
{
    if (arb_clock_is_known(leg->clock)) {
        write_number(leg->venue_age_ns / NS_PER_TENTH_MS, TENTHS, TENTHS, out);
    } else {
        (void)snprintf(out, CELL_MAX, "-");
    }
}

static void write_venue_ages(const struct opportunity *o, char out[CELL_MAX])
{
    char buy[CELL_MAX], sell[CELL_MAX];

    write_venue_age(&o->buy, buy);
    write_venue_age(&o->sell, sell);
    (void)snprintf(out, CELL_MAX, "%.*s/%.*s", DIGITS_DECIMAL_MAX, buy, DIGITS_DECIMAL_MAX, sell);
}

/* What a timer brought has none: it did not follow from a frame. */
static void write_latency(int64_t latency_ns, char out[CELL_MAX])
{
    if (latency_ns == 0) {
        (void)snprintf(out, CELL_MAX, "-");
    } else {
        write_number(latency_ns / NS_PER_TENTH_US, TENTHS, TENTHS, out);
    }
}

/* Names come from whoever wrote the message; a terminal obeys control characters. */
static void make_harmless(char *text)
{
    for (; *text != '\0'; text++) {
        if (*text < 0x20 || *text > 0x7e) {
            *text = '?';
        }
    }
}

/* Why this leg is not proven, where it is not. */
static void add_doubt(struct arb_text *line, const struct opportunity_leg *leg)
{
    if (leg->verified > ARB_VERIFIED) {
        arb_text_add(line, " (%s: %s)", leg->venue,
                     leg->verified == ARB_SUSPECT ? "may be late"
                                                  : "its last change is not proven");
    } else if (leg->verified_levels != 0 && leg->n_levels > leg->verified_levels) {
        arb_text_add(line, " (%s: %u of %u levels proven)", leg->venue, leg->verified_levels,
                     leg->n_levels);
    }
}

static void add_columns(struct arb_text *line, const struct opportunity *o)
{
    const struct arb_opportunity *const terms = &o->terms;
    char when[CELL_MAX], buy[CELL_MAX], sell[CELL_MAX], qty[CELL_MAX], net[CELL_MAX];
    char bps[CELL_MAX], ages[CELL_MAX], venue_ages[CELL_MAX], latency[CELL_MAX];

    write_time(o->detect_ns, when);
    write_leg(&o->buy, terms->buy_px, o->info.px_scale, buy);
    write_leg(&o->sell, terms->sell_px, o->info.px_scale, sell);
    write_number(terms->qty, o->info.qty_scale, ARB_DIGITS_UNKNOWN, qty);
    write_net(o, net);
    write_profit(terms->net_ppm, BPS_SCALE, BPS_SCALE, bps);
    write_ages(o, ages);
    write_venue_ages(o, venue_ages);
    write_latency(o->latency_ns, latency);
    arb_text_add(line, line_format, when, opportunity_event_name(terms->event), o->strategy,
                 o->info.symbol, buy, sell, qty, net, bps, ages, venue_ages, latency);
    if (terms->event == ARB_OPPORTUNITY_CLOSE) {
        arb_text_add(line, "  %s", close_reason_name(terms->reason));
    }
    if (terms->verified > ARB_VERIFIED) {
        arb_text_add(line, "  %s", verified_name(terms->verified));
        add_doubt(line, &o->buy);
        add_doubt(line, &o->sell);
    }
}

/* Time to the second, price limits, quantity cut to six digits behind the point, basis points. */
static void add_narrow(struct arb_text *line, const struct opportunity *o)
{
    const struct arb_opportunity *const terms = &o->terms;
    const unsigned drop = o->info.qty_scale > NARROW_DIGITS ? o->info.qty_scale - NARROW_DIGITS : 0;
    char when[CELL_MAX], buy[CELL_MAX], sell[CELL_MAX], qty[CELL_MAX], bps[CELL_MAX];

    write_time(o->detect_ns, when);
    write_number(terms->buy_px, o->info.px_scale, ARB_DIGITS_UNKNOWN, buy);
    write_number(terms->sell_px, o->info.px_scale, ARB_DIGITS_UNKNOWN, sell);
    write_number(terms->qty / arb_pow10(drop), o->info.qty_scale - drop, ARB_DIGITS_UNKNOWN, qty);
    write_profit(terms->net_ppm, BPS_SCALE, BPS_SCALE, bps);
    arb_text_add(line, "%.8s %-6s %-8s %s %s > %s %s  %s  %s", when,
                 opportunity_event_name(terms->event), o->info.symbol, o->buy.venue, buy,
                 o->sell.venue, sell, qty, bps);
    if (terms->event == ARB_OPPORTUNITY_CLOSE) {
        arb_text_add(line, "  %s", close_reason_name(terms->reason));
    }
}

static const char *colour_of(uint32_t event)
{
    switch (event) {
    case ARB_OPPORTUNITY_OPEN:
        return "\033[32m"; /* green */
    case ARB_OPPORTUNITY_CLOSE:
        return "\033[2m"; /* dim */
    default:
        return "";
    }
}

const char *opportunity_text_header(struct opportunity_style style)
{
    return style.is_narrow ? "TIME UTC EVENT  SYMBOL   BUY > SELL, limits  QTY  NET bps"
                           : "TIME (UTC)    EVENT   STRATEGY      SYMBOL      BUY                  "
                             "     SELL         "
                             "             "
                             "             QTY                 NET       BPS       AGES ms  VENUE "
                             "AGES ms  LATENCY "
                             "us";
}

void opportunity_text_line(const struct opportunity *o, struct opportunity_style style,
                           char out[OPPORTUNITY_LINE_MAX])
{
    char plain[OPPORTUNITY_LINE_MAX];
    struct arb_text line = arb_text_over(plain, sizeof(plain));

    if (style.is_narrow) {
        add_narrow(&line, o);
    } else {
        add_columns(&line, o);
    }
    make_harmless(plain);
    const char *const colour = style.is_coloured ? colour_of(o->terms.event) : "";
    struct arb_text whole = arb_text_over(out, OPPORTUNITY_LINE_MAX);
    arb_text_add(&whole, "%s%s%s", colour, plain, colour[0] == '\0' ? "" : "\033[0m");
}

void opportunity_printer_init(struct opportunity_printer *printer, FILE *out)
{
    const char *const no_color = getenv("NO_COLOR");
    const bool is_unwanted = no_color != NULL && no_color[0] != '\0';

    printer->out = out;
    const unsigned width = output_width(fileno(out));

    printer->style.is_coloured = !is_unwanted && isatty(fileno(out)) == 1;
    printer->style.is_narrow = width > 0 && width < WIDE_MIN;
    printer->n_lines = 0;
}

bool opportunity_print(struct opportunity_printer *printer, const struct opportunity *opportunity)
{
    char line[OPPORTUNITY_LINE_MAX];

    if (printer->n_lines % OPPORTUNITY_HEADER_EVERY == 0) {
        (void)fprintf(printer->out, "%s\n",
                      opportunity_text_header(printer->style)); /* fflush() will tell */
    }
    printer->n_lines++;
    opportunity_text_line(opportunity, printer->style, line);
    return fprintf(printer->out, "%s\n", line) > 0 && fflush(printer->out) == 0;
}
