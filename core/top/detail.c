#include "top/detail.h"

#include <stdio.h>
#include <string.h>

#include "top/route.h"
#include "top/words.h"

/* -- what is said -------------------------------------------------------------------------------
 */

void detail_of_trouble(const struct view_trouble_row *trouble, struct moment now,
                       struct arb_text *out)
{
    char since[WORDS_MAX], time[WORDS_MAX];

    arb_text_add(out, "%s about %s, since %s UTC, %s ago\n\n%s\n",
                 view_severity_name(trouble->severity), trouble->what,
                 words_time(trouble->since_ms * NS_PER_MS, time),
                 words_since(trouble->since_ms, now, since), trouble->text);
}

static void add_life(const struct view_opportunity_row *find, struct moment now,
                     struct arb_text *out)
{
    char opened[WORDS_MAX], lasted[WORDS_MAX];

    if (find->opened_ms == 0) {
        (void)snprintf(opened, sizeof(opened), "before this began");
    } else {
        (void)words_time(find->opened_ms * NS_PER_MS, opened);
    }
    if (find->closed_ms == 0) {
        arb_text_add(out, "open, since %s, %s ago\n", opened,
                     words_since(find->opened_ms, now, lasted));
        return;
    }
    arb_text_add(
        out, "closed, %s: opened %s, lasted %s\n", close_reason_name(find->last.terms.reason),
        opened, find->lasted_ns < 0 ? "nobody knows how long" : words_lag(find->lasted_ns, lasted));
}

static void add_leg(const struct opportunity *last, uint32_t i, struct arb_text *out)
{
    const struct arb_leg *const terms = &last->terms.legs[i];
    const struct opportunity_leg *const leg = &last->legs[i];
    char qty[WORDS_MAX], px[WORDS_MAX], fee[WORDS_MAX], age[WORDS_MAX];

    arb_text_add(out, "  %-4s %s %s at %s, limit %s, fee %s %s, book %s old and %s\n",
                 side_name(terms->side), words_decimal(terms->qty, leg->info.qty_scale, qty),
                 leg->info.symbol, leg->venue,
                 words_decimal(terms->limit_px, leg->info.px_scale, px),
                 words_decimal(terms->fee, leg->info.px_scale, fee), leg->info.quote,
                 words_age(leg->age_ns, age), verified_name(leg->verified));
}

static void add_money(const struct view_opportunity_row *find, struct arb_text *out)
{
    const struct arb_opportunity *const terms = &find->last.terms;
    const unsigned scale = opportunity_scale(&find->last);
    const char *const currency = opportunity_currency(&find->last);
    char cost[WORDS_MAX], net[WORDS_MAX], bps[WORDS_MAX], peak[WORDS_MAX], proven[WORDS_MAX];

    arb_text_add(out, "\ncosts %s, brings net %s %s: %s bp, at its peak %s bp\n",
                 words_decimal(terms->cost, scale, cost), words_decimal(terms->net, scale, net),
                 currency, words_bps(terms->net_ppm, bps), words_bps(find->peak_net_ppm, peak));
    arb_text_add(out, "net within proven levels %s\n",
                 words_decimal(terms->proven_net, scale, proven));
    arb_text_add(out, "net of 25, 50, 75, 100 %% of the size:");
    for (unsigned i = 0; i < ARB_CURVE_POINTS; i++) {
        arb_text_add(out, " %s", words_decimal(terms->curve[i], scale, net));
    }
    arb_text_add(out, "\n");
}

static void add_left(const struct view_opportunity_row *find, struct arb_text *out)
{
    const unsigned scale = opportunity_scale(&find->last);
    char delay[WORDS_MAX], net[WORDS_MAX];

    arb_text_add(out, "\nleft of the net later:%s\n", find->n_left == 0 ? " not known so far" : "");
    for (uint32_t i = 0; i < find->n_left && i < VIEW_DELAYS_MAX; i++) {
        const struct view_left *const left = &find->left[i];
        arb_text_add(out, "  after %s%s: %s\n", words_lag(left->delay_ns, delay),
                     left->is_latency ? " (the venues' own latency)" : "",
                     left->is_known ? words_decimal(left->net, scale, net)
                                    : "nobody knows, a book was not LIVE");
    }
}

void detail_of_find(const struct view_opportunity_row *find, struct moment now,
                    struct arb_text *out)
{
    const struct opportunity *const last = &find->last;
    char text[ROUTE_MAX];

    route_write(last, text, sizeof(text));
    arb_text_add(out, "%s %s by %s\n", opportunity_symbol(last), text, last->strategy);
    route_write_flags(last, text, sizeof(text));
    arb_text_add(out, "%s%s", text, text[0] == '\0' ? "" : "\n");
    add_life(find, now, out);
    for (uint32_t i = 0; i < last->terms.n_legs && i < ARB_LEGS_MAX; i++) {
        add_leg(last, i, out);
    }
    add_money(find, out);
    add_left(find, out);
}

/* -- how it is broken ---------------------------------------------------------------------------
 */

/* Bytes of the text up to where its first line is to be broken, which has so many columns. */
static size_t line_len(const char *text, unsigned width)
{
    const size_t whole = strcspn(text, "\n");
    size_t len = whole < width ? whole : width;

    if (len == whole) {
        return len;
    }
    while (len > 0 && text[len] != ' ') {
        len--;
    }
    return len == 0 ? width : len;
}

uint32_t detail_draw(struct page *page, struct page_area area, const char *text, uint32_t first)
{
    uint32_t n = 0;
    char line[PAGE_WIDTH_MAX + 1];

    if (area.width == 0) {
        return 0;
    }
    area.width = area.width < PAGE_WIDTH_MAX ? area.width : PAGE_WIDTH_MAX;
    for (; *text != '\0'; n++) {
        const size_t len = line_len(text, area.width);
        memcpy(line, text, len);
        line[len] = '\0';
        if (n >= first && n - first < area.height) {
            page_put(page, (struct page_area){ area.row + n - first, area.column, 1, area.width },
                     PAGE_PLAIN, line);
        }
        text += len;
        text += *text == '\n' || *text == ' ' ? 1 : 0;
    }
    return n;
}
