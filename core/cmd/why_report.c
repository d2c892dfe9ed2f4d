#include "cmd/why_report.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "arbspot/text.h"
#include "cmd/table.h"
#include "util/digits.h"

enum {
    TABLE_MAX = 32 * 1024,
    CELL_MAX = DIGITS_DECIMAL_MAX + 1,
    BPS_SCALE = 2,
    TENTHS = 1,
    NS_PER_TENTH_MS = 100000,
};

__extension__ typedef __int128 int128;

/* -- what is told -------------------------------------------------------------------------- */

static uint32_t venue_of(const struct why *why, const char *name)
{
    uint32_t i = 0;

    while (i < why->n_venues && strcmp(why->venues[i].name, name) != 0) {
        i++;
    }
    return i;
}

/* Of a pair of venues; NULL: their exchanges have no sections. */
static struct why_verdict *verdict_of(struct why *why, uint32_t first_side, uint32_t first,
                                      uint32_t second)
{
    const bool is_first_bought = first_side == ARB_BUY;

    return first == why->n_venues || second == why->n_venues
               ? NULL
               : &why->verdicts[is_first_bought ? first : second][is_first_bought ? second : first];
}

/* A pair has all legs there. Cycles go through others as well, and are only counted. */
enum legs_of { NO_LEG, SOME_LEGS, BOTH_LEGS };

static enum legs_of legs_of(uint32_t n_legs, uint32_t n_of)
{
    return n_of == 0 ? NO_LEG : n_legs == 2 && n_of == 2 ? BOTH_LEGS : SOME_LEGS;
}

static enum legs_of legs_of_opportunity(const struct why *why,
                                        const struct opportunity *opportunity)
{
    uint32_t n_of = 0;

    for (uint32_t i = 0; i < opportunity->terms.n_legs; i++) {
        n_of += strcmp(opportunity->legs[i].info.symbol, why->symbol) == 0;
    }
    return legs_of(opportunity->terms.n_legs, n_of);
}

static enum legs_of legs_of_miss(const struct why *why, const struct market *market,
                                 const struct arb_miss *miss)
{
    uint32_t n_of = 0;

    for (uint32_t i = 0; i < miss->n_legs; i++) {
        const char *const symbol = market_instrument(market, miss->legs[i].instrument)->symbol;
        n_of += strcmp(symbol, why->symbol) == 0;
    }
    return legs_of(miss->n_legs, n_of);
}

static void put_verdict(struct why_verdict *place, struct why_verdict verdict)
{
    if (place != NULL) {
        verdict.at_ns = clock_mono_ns();
        *place = verdict;
    }
}

void why_on_opportunity(void *context, const struct opportunity *opportunity)
{
    struct why *const why = context;
    const struct arb_opportunity *const terms = &opportunity->terms;
    const struct opportunity_leg *const legs = opportunity->legs;
    const enum legs_of of = legs_of_opportunity(why, opportunity);

    if (opportunity->alive_ns != 0 || of == NO_LEG) {
        return;
    }
    const bool is_close = terms->event == ARB_OPPORTUNITY_CLOSE;
    why->n_opened += terms->event == ARB_OPPORTUNITY_OPEN;
    why->n_closed += is_close;
    if (of == BOTH_LEGS) {
        put_verdict(verdict_of(why, terms->legs[0].side, venue_of(why, legs[0].venue),
                               venue_of(why, legs[1].venue)),
                    (struct why_verdict){
                        .is_open = !is_close, .qty = terms->legs[0].qty, .net = terms->net });
    }
}

void why_on_miss(void *context, const struct market *market, const struct arb_miss *miss)
{
    struct why *const why = context;
    const struct arb_miss_leg *const legs = miss->legs;
    const enum legs_of of = legs_of_miss(why, market, miss);

    if (of != NO_LEG) {
        why->n_missed[miss->reason]++;
        why->last[miss->reason] = (struct why_miss){ *miss, clock_mono_ns() };
    }
    if (of == BOTH_LEGS) {
        put_verdict(
            verdict_of(why, legs[0].side, legs[0].venue, legs[1].venue),
            (struct why_verdict){ .reason = miss->reason, .qty = miss->qty, .net = miss->net });
    }
}

void why_begin(struct why *why)
{
    why->n_opened = why->n_closed = 0;
    memset(why->n_missed, 0, sizeof(why->n_missed));
    memset(why->verdicts, 0, sizeof(why->verdicts));
}

/* -- the best pair ------------------------------------------------------------------------- */

struct best {
    bool is_any, is_live;
    uint32_t buy, sell;
    int64_t gross_ppm, net_ppm; /* of the first unit */
};

static int64_t ppm_of(int128 earned, int64_t px)
{
    const int128 ppm = earned / px - (earned % px < 0);

    return ppm > INT64_MAX ? INT64_MAX : ppm < INT64_MIN ? INT64_MIN : (int64_t)ppm;
}

static bool is_live(const struct arb_book *book)
{
    return book->state == ARB_BOOK_LIVE && book->trading == ARB_TRADING_OPEN;
}

static void weigh(const struct arb_market *market, uint32_t buy, uint32_t sell, struct best *best)
{
    enum { PPM = 1000000 };
    const struct arb_book *const from = &market->books[buy], *const to = &market->books[sell];

    if (buy == sell || from->n_asks == 0 || to->n_bids == 0 || arb_ask_at(from, 0)->px <= 0) {
        return;
    }
    const int64_t ask = arb_ask_at(from, 0)->px, bid = arb_bid_at(to, 0)->px;
    const int128 paid = (int128)ask * (PPM + market->terms[buy].taker_fee_ppm);
    const int128 kept = (int128)bid * (PPM - market->terms[sell].taker_fee_ppm);
    const struct best one = { .is_any = true,
                              .is_live = is_live(from) && is_live(to),
                              .buy = buy,
                              .sell = sell,
                              .gross_ppm = ppm_of(((int128)bid - ask) * PPM, ask),
                              .net_ppm = ppm_of(kept - paid, ask) };
    /* What was before a book was lost is no price: only where there is nothing better. */
    if (!best->is_any || one.is_live > best->is_live ||
        (one.is_live == best->is_live && one.net_ppm > best->net_ppm)) {
        *best = one;
    }
}

static struct best find_best(const struct arb_market *market)
{
    struct best best = { .is_any = false };

    for (uint32_t buy = 0; buy < market->n_venues; buy++) {
        for (uint32_t sell = 0; sell < market->n_venues; sell++) {
            weigh(market, buy, sell, &best);
        }
    }
    return best;
}

/* -- printing ------------------------------------------------------------------------------ */

static const char *write_px(const struct arb_market *market, int64_t px, char out[CELL_MAX])
{
    return digits_text(px, market->info->px_scale, ARB_DIGITS_UNKNOWN, out);
}

static const char *write_bps(int64_t ppm, char out[CELL_MAX])
{
    return digits_text(ppm, BPS_SCALE, BPS_SCALE, out);
}

static const char *write_ms(int64_t ns, char out[CELL_MAX])
{
    return digits_text((ns < 0 ? 0 : ns) / NS_PER_TENTH_MS, TENTHS, TENTHS, out);
}

static void add_level(struct arb_text *text, const struct arb_market *market,
                      const struct arb_level *level)
{
    char px[CELL_MAX], qty[CELL_MAX];

    if (level == NULL) {
        arb_text_add(text, "\t-\t-");
        return;
    }
    arb_text_add(text, "\t%s\t%s", write_px(market, level->px, px),
                 digits_text(level->qty, market->info->qty_scale, ARB_DIGITS_UNKNOWN, qty));
}

static void add_ages(struct arb_text *text, const struct arb_book *book, struct moment now)
{
    char changed[CELL_MAX], alive[CELL_MAX];

    arb_text_add(text, "\t%s\t%s",
                 book->recv_ns == 0 ? "-" : write_ms(now.utc_ns - book->recv_ns, changed),
                 book->alive_ns == 0 ? "-" : write_ms(now.mono_ns - book->alive_ns, alive));
}

static bool is_heard_of(const struct arb_book *book)
{
    return book->seq != 0 || book->recv_ns != 0;
}

static void add_venue(struct arb_text *text, const struct arb_market *market, uint32_t venue,
                      struct moment now)
{
    const struct arb_book *const book = &market->books[venue];
    char fee[CELL_MAX];

    if (!is_heard_of(book)) {
        return;
    }
    arb_text_add(text, "%s\t%s", market->venues[venue].name, book_state_name(book->state));
    if (book->trading != ARB_TRADING_OPEN) {
        arb_text_add(text, ", %s", trading_name(book->trading));
    }
    add_level(text, market, book->n_bids == 0 ? NULL : arb_bid_at(book, 0));
    add_level(text, market, book->n_asks == 0 ? NULL : arb_ask_at(book, 0));
    add_ages(text, book, now);
    arb_text_add(text, "\t%s\t%s\n", verified_name(book->verified),
                 write_bps(market->terms[venue].taker_fee_ppm, fee));
}

static void print_venues(const struct arb_market *market, struct moment now, FILE *out)
{
    char *const buffer = malloc(TABLE_MAX);

    if (buffer == NULL) {
        (void)fputs("no memory for the table\n", out);
        return;
    }
    struct arb_text text = arb_text_over(buffer, TABLE_MAX);
    arb_text_add(&text, "VENUE\tBOOK\tBID\tQTY\tASK\tQTY\tCHANGED ms\tALIVE ms\tPROOF\tFEE bps\n");
    for (uint32_t i = 0; i < market->n_venues; i++) {
        add_venue(&text, market, i, now);
    }
    table_print(buffer, out);
    free(buffer);
}

static const char *explain(uint32_t reason)
{
    static const char *const sentences[ARB_MISS_MAX + 1] = {
        [ARB_MISS_FEES] = "fees take all of it",
        [ARB_MISS_BELOW] = "it pays, but not as much as min_net wants",
        [ARB_MISS_HYSTERESIS] = "it would go on if it were open, and does not pay enough to begin",
        [ARB_MISS_MINIMUM] = "what pays is less than the venues accept as an order",
        [ARB_MISS_CAP] =
            "what max_notional and inventory allow is less than the venues accept as an "
            "order",
        [ARB_MISS_PROOF] = "what is proven is less than the venues accept as an order",
        [ARB_MISS_AGE] = "a book is older than max_age, or by more than max_skew older than the "
                         "other one",
        [ARB_MISS_STATUS] = "a book is not LIVE, or its venue does not match orders",
        [ARB_MISS_SUSPECT] = "a book may be late",
        [ARB_MISS_LIMIT] = "too many are open, or its amounts do not fit 64 bits",
        [ARB_MISS_TRANSFER] = "the section of the venue to buy on has no withdrawal of the base "
                              "currency",
    };
    return reason <= ARB_MISS_MAX && sentences[reason] != NULL ? sentences[reason] : "?";
}

/* A reason is of prices that crossed. */
static void print_verdict(const struct arb_market *market, const struct why_verdict *verdict,
                          int64_t gross_ppm, struct moment now, FILE *out)
{
    char age[CELL_MAX], qty[CELL_MAX], net[CELL_MAX];

    if (verdict->is_open) {
        (void)fputs("why:        it is an opportunity", out);
    } else if (gross_ppm > 0 && verdict->reason != 0) {
        (void)fprintf(out, "why not:    %s: %s", miss_reason_name(verdict->reason),
                      explain(verdict->reason));
    } else {
        (void)fprintf(out, "why not:    %s\n",
                      gross_ppm <= 0 ? "the prices do not cross"
                                     : "the strategy has not said anything of this pair");
        return;
    }
    if (verdict->qty > 0) {
        (void)fprintf(out, "; %s %s would earn %s %s",
                      digits_text(verdict->qty, market->info->qty_scale, ARB_DIGITS_UNKNOWN, qty),
                      market->info->base, write_px(market, verdict->net, net), market->info->quote);
    }
    (void)fprintf(out, " (as of %s ms ago)\n", write_ms(now.mono_ns - verdict->at_ns, age));
}

/* What lies at the venue that is paid with, where the configuration says so. */
static void print_there(const struct arb_market *market, const struct best *best, FILE *out)
{
    const int64_t money = market->terms[best->buy].most_quote;
    const int64_t coins = market->terms[best->sell].most_base;
    char amount[CELL_MAX];

    if (money != 0) {
        (void)fprintf(out, "inventory:  %s %s can be spent on %s\n",
                      write_px(market, arb_most_of(money), amount), market->info->quote,
                      market->venues[best->buy].name);
    }
    if (coins != 0) {
        (void)fprintf(
            out, "inventory:  %s %s can be sold on %s (with transfer = yes that is no limit)\n",
            digits_text(arb_most_of(coins), market->info->qty_scale, ARB_DIGITS_UNKNOWN, amount),
            market->info->base, market->venues[best->sell].name);
    }
}

static void print_withdrawal(const struct arb_market *market, const struct best *best, FILE *out)
{
    enum { MS_SCALE = 3 };
    const struct arb_withdrawal *const withdrawal = &market->withdrawals[best->buy];
    char fee[CELL_MAX], time[CELL_MAX];

    if (withdrawal->is_known) {
        (void)fprintf(
            out, "withdrawal: %s %s and %s s from %s, with transfer = yes\n",
            digits_text(withdrawal->fee, market->info->qty_scale, ARB_DIGITS_UNKNOWN, fee),
            market->info->base,
            digits_text(withdrawal->takes_ms, MS_SCALE, ARB_DIGITS_UNKNOWN, time),
            market->venues[best->buy].name);
    }
}

static void print_best(const struct why *why, const struct arb_market *market, struct moment now,
                       FILE *out)
{
    const struct best best = find_best(market);
    char ask[CELL_MAX], bid[CELL_MAX], gross[CELL_MAX], fees[CELL_MAX], net[CELL_MAX];

    if (!best.is_any) {
        (void)fputs("best pair:  none: no two venues have prices\n", out);
        return;
    }
    (void)fprintf(out, "best pair:  buy on %s at %s, sell on %s at %s\n",
                  market->venues[best.buy].name,
                  write_px(market, arb_ask_at(&market->books[best.buy], 0)->px, ask),
                  market->venues[best.sell].name,
                  write_px(market, arb_bid_at(&market->books[best.sell], 0)->px, bid));
    (void)fprintf(out, "in bps:     gross %s, fees %s, net %s, of the first unit\n",
                  write_bps(best.gross_ppm, gross), write_bps(best.gross_ppm - best.net_ppm, fees),
                  write_bps(best.net_ppm, net));
    if (!best.is_live) {
        (void)fputs("            one of the two is not LIVE, or does not match: its prices do not "
                    "count\n",
                    out);
    }
    print_there(market, &best, out);
    print_withdrawal(market, &best, out);
    print_verdict(market, &why->verdicts[best.buy][best.sell], best.gross_ppm, now, out);
}

static void print_legs(struct market *market, const struct arb_miss *miss, FILE *out)
{
    char px[CELL_MAX];

    for (uint32_t i = 0; i < miss->n_legs; i++) {
        const struct arb_miss_leg *const leg = &miss->legs[i];
        const struct arb_instrument *const info = market_instrument(market, leg->instrument);
        (void)fprintf(out, "%s%s %s on %s at %s", i == 0 ? "" : ", ", side_name(leg->side),
                      info->symbol, market_venue(market, leg->venue)->name,
                      digits_text(leg->px, info->px_scale, ARB_DIGITS_UNKNOWN, px));
    }
}

/* One line for each reason, with the last example. */
static void print_missed(const struct why *why, struct market *market, struct moment now, FILE *out)
{
    char gross[CELL_MAX], net[CELL_MAX], age[CELL_MAX];

    for (uint32_t i = 1; i <= ARB_MISS_MAX; i++) {
        const struct why_miss *const last = &why->last[i];
        if (why->n_missed[i] == 0) {
            continue;
        }
        (void)fprintf(out, "  %s=%" PRIu64 ", the last %s ms ago: ", miss_reason_name(i),
                      why->n_missed[i], write_ms(now.mono_ns - last->at_ns, age));
        print_legs(market, &last->miss, out);
        (void)fprintf(out, "; of the first unit gross %s, net %s bps\n",
                      write_bps(last->miss.gross_ppm, gross), write_bps(last->miss.net_ppm, net));
    }
}

static void print_counts(const struct why *why, struct market *market, struct moment now, FILE *out)
{
    uint64_t n = 0;

    for (uint32_t i = 1; i <= ARB_MISS_MAX; i++) {
        n += why->n_missed[i];
    }
    (void)fprintf(out,
                  "counted:    of %s meanwhile: opened=%" PRIu64 " closed=%" PRIu64
                  " missed=%" PRIu64 "\n",
                  why->symbol, why->n_opened, why->n_closed, n);
    print_missed(why, market, now, out);
}

static bool find_instrument(struct market *market, const char *symbol, struct arb_market *found)
{
    for (uint32_t i = 0; i < market_n_instruments(market); i++) {
        if (strcmp(market_instrument(market, i)->symbol, symbol) == 0) {
            *found = market_view(market, i);
            return true;
        }
    }
    return false;
}

bool why_print(const struct why *why, struct market *market, struct moment now, FILE *out)
{
    struct arb_market found;

    if (!find_instrument(market, why->symbol, &found)) {
        return false;
    }
    print_venues(&found, now, out);
    (void)fputc('\n', out);
    print_best(why, &found, now, out);
    print_counts(why, market, now, out);
    return true;
}
