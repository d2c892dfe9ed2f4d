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
    LEGS_MAX = ARB_LEGS_MAX * 2 * CELL_MAX,
    BPS_SCALE = 2,
    MONEY_DIGITS = 4,
    NARROW_DIGITS = 6,
    WIDE_MIN = 190, /* columns of a terminal below which lines are narrow */
    TENTHS = 1,     /* ages in tenths of a millisecond, latency in tenths of a microsecond */
    NS_PER_TENTH_MS = 100000,
    NS_PER_TENTH_US = 100,
};

static const char line_format[] =
    "%-12s  %-6s  %-12s  %-10s  %-50s  %16s  %18s  %8s  %13s  %13s  %10s";

void opportunity_text_time(int64_t utc_ns, char out[OPPORTUNITY_TIME_MAX])
{
    const time_t seconds = (time_t)(utc_ns / NS_PER_S);
    struct tm utc;
    char clock[16];

    if (gmtime_r(&seconds, &utc) == NULL || strftime(clock, sizeof(clock), "%H:%M:%S", &utc) == 0) {
        (void)snprintf(clock, sizeof(clock), "????????");
    }
    (void)snprintf(out, OPPORTUNITY_TIME_MAX, "%s.%03d", clock,
                   (int)(utc_ns % NS_PER_S / NS_PER_MS));
}

/* With its sign, for profits. */
static void write_profit(int64_t value, unsigned scale, unsigned digits, char out[CELL_MAX])
{
    char *const number = value > 0 ? out + 1 : out;

    out[0] = '+';
    *digits_write_signed(number, value, scale, digits) = '\0';
}

static void write_limit(const struct opportunity *o, uint32_t i, char out[CELL_MAX])
{
    (void)digits_text(o->terms.legs[i].limit_px, o->legs[i].info.px_scale, ARB_DIGITS_UNKNOWN, out);
}

/* Bought on one venue and sold on another. */
static bool is_pair(const struct opportunity *o)
{
    return o->terms.n_legs == 2 && o->terms.legs[0].side == ARB_BUY &&
           strcmp(o->legs[0].info.symbol, o->legs[1].info.symbol) == 0;
}

/* "kraken @ 63052.7          bitstamp @ 63582.4", or of a cycle "kraken buys ETH/BTC @ 0.05 > ..."
 */
static void write_legs(const struct opportunity *o, char out[LEGS_MAX])
{
    struct arb_text text = arb_text_over(out, LEGS_MAX);
    char price[CELL_MAX], cell[CELL_MAX];

    for (uint32_t i = 0; i < o->terms.n_legs; i++) {
        write_limit(o, i, price);
        (void)snprintf(cell, sizeof(cell), "%s @ %.*s", o->legs[i].venue, DIGITS_DECIMAL_MAX,
                       price);
        if (is_pair(o)) {
            arb_text_add(&text, i == 0 ? "%-24s  " : "%s", cell);
            continue;
        }
        arb_text_add(&text, "%s%s %ss %s @ %.*s", i == 0 ? "" : " > ", o->legs[i].venue,
                     side_name(o->terms.legs[i].side), o->legs[i].info.symbol, DIGITS_DECIMAL_MAX,
                     price);
    }
}

/* "-": of a miss nothing was weighed. */
static void write_qty(const struct opportunity *o, unsigned drop, char out[CELL_MAX])
{
    const int64_t qty = o->terms.legs[0].qty;

    if (o->miss.reason != 0 && qty == 0) {
        (void)snprintf(out, CELL_MAX, "-");
        return;
    }
    (void)digits_text(qty / arb_pow10(drop), o->legs[0].info.qty_scale - drop, ARB_DIGITS_UNKNOWN,
                      out);
}

/* Rounded down: nobody reads more digits, and a profit is not made larger by printing it. */
static int64_t floor_div(int64_t value, int64_t divisor)
{
    return value / divisor - (value % divisor < 0 ? 1 : 0);
}

static void write_net(const struct opportunity *o, char out[CELL_MAX])
{
    char profit[CELL_MAX];
    unsigned scale = opportunity_scale(o);
    int64_t net = o->terms.net;

    if (o->miss.reason != 0 && o->terms.legs[0].qty == 0) {
        (void)snprintf(out, CELL_MAX, "-");
        return;
    }
    if (scale > MONEY_DIGITS) {
        net = floor_div(net, arb_pow10(scale - MONEY_DIGITS));
        scale = MONEY_DIGITS;
    }
    write_profit(net, scale, MONEY_DIGITS, profit);
    (void)snprintf(out, CELL_MAX, "%.*s %s", DIGITS_DECIMAL_MAX, profit, opportunity_currency(o));
}

static void write_age(const struct opportunity_leg *leg, char out[CELL_MAX])
{
    (void)digits_text(leg->age_ns / NS_PER_TENTH_MS, TENTHS, TENTHS, out);
}

static void write_venue_age(const struct opportunity_leg *leg, char out[CELL_MAX])
{
    if (arb_clock_is_known(leg->clock)) {
        (void)digits_text(leg->venue_age_ns / NS_PER_TENTH_MS, TENTHS, TENTHS, out);
    } else {
        (void)snprintf(out, CELL_MAX, "-");
    }
}

/* One of each leg: "1.5/20.3" */
static void write_ages(const struct opportunity *o,
                       void (*write)(const struct opportunity_leg *leg, char out[CELL_MAX]),
                       char out[LEGS_MAX])
{
    struct arb_text text = arb_text_over(out, LEGS_MAX);
    char age[CELL_MAX];

    for (uint32_t i = 0; i < o->terms.n_legs; i++) {
        write(&o->legs[i], age);
        arb_text_add(&text, "%s%.*s", i == 0 ? "" : "/", DIGITS_DECIMAL_MAX, age);
    }
}

/* What a timer brought has none: it did not follow from a frame. */
static void write_latency(int64_t latency_ns, char out[CELL_MAX])
{
    if (latency_ns == 0) {
        (void)snprintf(out, CELL_MAX, "-");
    } else {
        (void)digits_text(latency_ns / NS_PER_TENTH_US, TENTHS, TENTHS, out);
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

/* "  gone after 1.204 s", or of a miss "  fees, 120 times" */
static void add_end(struct arb_text *line, const struct opportunity *o)
{
    if (o->miss.reason != 0) {
        arb_text_add(line, "  %s, %llu times since the start", miss_reason_name(o->miss.reason),
                     (unsigned long long)o->miss.n);
    }
    if ((o->terms.flags & ARB_OPPORTUNITY_ABSURD) != 0) {
        arb_text_add(line, "  absurd: is a price wrong?");
    }
    if (o->terms.event != ARB_OPPORTUNITY_CLOSE) {
        return;
    }
    arb_text_add(line, "  %s", close_reason_name(o->terms.reason));
    if (o->life.is_known) {
        const long long ms = (long long)(o->life.duration_ns / NS_PER_MS);
        arb_text_add(line, " after %lld.%03lld s", ms / 1000, ms % 1000);
    }
}

/* "  0.0005 BTC to carry it over in 30m" */
static void add_transfer(struct arb_text *line, const struct opportunity *o)
{
    const long long ms = (long long)o->terms.transfer_ms;
    char fee[CELL_MAX];

    if ((o->terms.flags & ARB_OPPORTUNITY_TRANSFER) == 0) {
        return;
    }
    (void)digits_text(o->terms.transfer_fee, o->legs[0].info.qty_scale, ARB_DIGITS_UNKNOWN, fee);
    arb_text_add(line, "  %s %s to carry it over in ", fee, o->legs[0].info.base);
    if (ms % 60000 == 0) {
        arb_text_add(line, "%lldm", ms / 60000);
    } else {
        arb_text_add(line, "%lld.%03llds", ms / 1000, ms % 1000);
    }
}

static const char *event_of(const struct opportunity *o)
{
    return o->miss.reason != 0 ? "miss" : opportunity_event_name(o->terms.event);
}

static void add_columns(struct arb_text *line, const struct opportunity *o)
{
    const struct arb_opportunity *const terms = &o->terms;
    char when[CELL_MAX], qty[CELL_MAX], net[CELL_MAX], bps[CELL_MAX], latency[CELL_MAX];
    char legs[LEGS_MAX], ages[LEGS_MAX], venue_ages[LEGS_MAX];

    opportunity_text_time(o->detect_ns, when);
    write_legs(o, legs);
    write_qty(o, 0, qty);
    write_net(o, net);
    write_profit(terms->net_ppm, BPS_SCALE, BPS_SCALE, bps);
    write_ages(o, write_age, ages);
    write_ages(o, write_venue_age, venue_ages);
    write_latency(o->latency_ns, latency);
    arb_text_add(line, line_format, when, event_of(o), o->strategy, opportunity_symbol(o), legs,
                 qty, net, bps, ages, venue_ages, latency);
    add_transfer(line, o);
    add_end(line, o);
    if (terms->verified > ARB_VERIFIED) {
        arb_text_add(line, "  %s", verified_name(terms->verified));
        for (uint32_t i = 0; i < terms->n_legs; i++) {
            add_doubt(line, &o->legs[i]);
        }
    }
}

/* Time to the second, price limits, quantity cut to six digits behind the point, basis points. */
static void add_narrow(struct arb_text *line, const struct opportunity *o)
{
    const struct arb_opportunity *const terms = &o->terms;
    const unsigned scale = o->legs[0].info.qty_scale,
                   drop = scale > NARROW_DIGITS ? scale - NARROW_DIGITS : 0;
    char when[CELL_MAX], price[CELL_MAX], qty[CELL_MAX], bps[CELL_MAX];

    opportunity_text_time(o->detect_ns, when);
    arb_text_add(line, "%.8s %-6s %-8s ", when, event_of(o), opportunity_symbol(o));
    for (uint32_t i = 0; i < terms->n_legs; i++) {
        write_limit(o, i, price);
        arb_text_add(line, "%s%s", i == 0 ? "" : " > ", o->legs[i].venue);
        if (!is_pair(o)) {
            arb_text_add(line, " %ss %s", side_name(terms->legs[i].side), o->legs[i].info.symbol);
        }
        arb_text_add(line, " %s", price);
    }
    write_qty(o, drop, qty);
    write_profit(terms->net_ppm, BPS_SCALE, BPS_SCALE, bps);
    arb_text_add(line, "  %s  %s  %s", qty, bps, o->strategy);
    add_transfer(line, o);
    add_end(line, o);
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
    return style.is_narrow ? "TIME UTC EVENT  SYMBOL   BUY > SELL, limits  QTY  NET bps  STRATEGY"
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
