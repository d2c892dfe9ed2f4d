#include "top/screen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "top/detail.h"
#include "top/help.h"
#include "top/screen_parts.h"
#include "top/symbol.h"
#include "top/words.h"

enum {
    LINES_PER_LOG = 15, /* of a screen: for one more of the log, where it has not the focus */
    BOX_WIDTH = 64,
};

/* How high a pane is, would like to be, and has to be. */
struct share {
    unsigned height, want, min;
};

static unsigned smaller(unsigned a, unsigned b)
{
    return a < b ? a : b;
}

void screen_init(struct screen *screen, struct moment now)
{
    *screen =
        (struct screen){ .kind = SCREEN_OVERVIEW,
                         .back = SCREEN_OVERVIEW,
                         .focus = { [SCREEN_OVERVIEW] = PANE_BOOKS, [SCREEN_SYMBOL] = PANE_SIDES },
                         .choices[PANE_TROUBLES] = { .sort = 1 },
                         .began_ns = now.mono_ns };
}

void screen_fini(struct screen *screen)
{
    for (unsigned i = 0; i < N_PANES; i++) {
        free(screen->choices[i].at);
    }
    *screen = (struct screen){ .kind = SCREEN_OVERVIEW };
}

int64_t screen_silent_at(const struct screen *screen, int64_t heard_ns)
{
    return (heard_ns == 0 ? screen->began_ns : heard_ns) + SCREEN_SILENT_NS;
}

/* -- panes --------------------------------------------------------------------------------------
 */

static unsigned wanted_height(const struct screen *screen, const struct pane_input *input,
                              enum pane_id id, unsigned body)
{
    const struct pane *const pane = pane_of(id);
    const uint32_t n = screen->choices[id].n;

    if (id == PANE_LOG && screen->focus[screen->kind] != PANE_LOG) {
        return smaller(1 + body / LINES_PER_LOG, n > 0 ? n : 1);
    }
    if (id == PANE_MATRIX) {
        return symbol_matrix_height(input);
    }
    if (id == PANE_LADDER) {
        return n + 2 + (n == 0);
    }
    return (n > 0 ? n : 1) + !pane->is_bare;
}

static unsigned least_height(enum pane_id id, unsigned want)
{
    static const unsigned char least[N_PANES] = {
        [PANE_TROUBLES] = 3, [PANE_VENUES] = 4,   [PANE_FINDS] = 4,
        [PANE_BOOKS] = 4,    [PANE_SIDES] = 5,    [PANE_MATRIX] = 5,
        [PANE_LADDER] = 5,   [PANE_SURVIVAL] = 2, [PANE_LOG] = 1,
    };
    return smaller(least[id], want);
}

/* The one with the focus comes first where there is not enough for all. */
static unsigned give_least(struct share *shares, unsigned n, unsigned focus, unsigned left)
{
    for (unsigned i = 0; i < n; i++) {
        struct share *const share = &shares[(focus + i) % n];
        share->height = smaller(share->min, left);
        left -= share->height;
    }
    return left;
}

/* Line by line, two at a time to the one with the focus. */
static void give_rest(struct share *shares, unsigned n, unsigned focus, unsigned left)
{
    bool is_wanted = true;

    while (left > 0 && is_wanted) {
        is_wanted = false;
        for (unsigned i = 0; i < n && left > 0; i++) {
            const unsigned lines = smaller(i == focus ? 2 : 1, left);
            const unsigned more = smaller(lines, shares[i].want - shares[i].height);
            shares[i].height += more;
            left -= more;
            is_wanted |= more > 0;
        }
    }
}

/* Scrolls no further than it takes to see the chosen row. */
static void scroll_to(struct screen_choice *choice, uint32_t visible)
{
    if (choice->row < choice->first) {
        choice->first = choice->row;
    }
    if (visible > 0 && choice->row - choice->first >= visible) {
        choice->first = choice->row - visible + 1;
    }
    if (visible >= choice->n) {
        choice->first = 0;
    } else if (choice->first > choice->n - visible) {
        choice->first = choice->n - visible;
    }
}

static void draw_list(struct screen_choice *choice, const struct pane_input *input,
                      const struct pane *pane, struct page *page, struct page_area area,
                      bool is_focused)
{
    const struct pane_rows rows = { .input = input, .n = choice->n, .at = choice->at };
    const struct listing listing = pane_listing(pane, &rows);
    const bool is_marked = is_focused || pane == &pane_sides;

    scroll_to(choice, listing_rows(&listing, area.height));
    listing_draw(page, area, &listing,
                 (struct listing_place){ .first = choice->first,
                                         .chosen = is_marked ? choice->row : UINT32_MAX,
                                         .is_focused = is_focused });
}

static void draw_pane(struct screen *screen, const struct pane_input *input, enum pane_id id,
                      struct page *page, struct page_area area)
{
    struct screen_choice *const choice = &screen->choices[id];
    const bool is_focused = screen->focus[screen->kind] == id;
    struct listing_place place = { .chosen = UINT32_MAX, .is_focused = is_focused };

    choice->height = area.height;
    if (id == PANE_LADDER) {
        scroll_to(choice, area.height > 2 ? area.height - 2 : 0);
        place.first = choice->first;
        symbol_draw_ladders(page, area, input, place);
    } else if (id == PANE_MATRIX) {
        scroll_to(choice, area.height > 1 ? area.height - 1 : 0);
        place.first = choice->first;
        place.chosen = is_focused ? choice->row : UINT32_MAX;
        symbol_draw_matrix(page, area, input, place);
    } else {
        draw_list(choice, input, pane_of(id), page, area, is_focused);
    }
}

static void draw_panes(struct screen *screen, const struct pane_input *input, struct page *page,
                       struct page_area body)
{
    enum pane_id panes[SCREEN_PANES_MAX];
    struct share shares[SCREEN_PANES_MAX] = { { 0 } };
    const unsigned n = screen_panes(screen->kind, panes);
    const unsigned end = body.row + body.height; /* above which the log stands */
    unsigned focus = 0;

    for (unsigned i = 0; i < n; i++) {
        screen_pick(screen, input, panes[i]);
        shares[i].want = wanted_height(screen, input, panes[i], body.height);
        shares[i].min = least_height(panes[i], shares[i].want);
        focus = panes[i] == screen->focus[screen->kind] ? i : focus;
    }
    give_rest(shares, n, focus, give_least(shares, n, focus, body.height));
    for (unsigned i = 0; i < n; i++) {
        body.row = panes[i] == PANE_LOG ? end - shares[i].height : body.row;
        body.height = shares[i].height;
        draw_pane(screen, input, panes[i], page, body);
        body.row += body.height;
    }
}

static void draw_detail(struct screen *screen, const struct pane_input *input, struct page *page,
                        struct page_area body)
{
    char text[DETAIL_MAX];
    struct arb_text out = arb_text_over(text, sizeof(text));
    uint32_t at;

    if (!screen_detailed(screen, input, &at)) {
        arb_text_add(&out, "it is over, and no longer known");
    } else if (screen->detail == PANE_TROUBLES) {
        detail_of_trouble(&input->snapshot->troubles[at], input->now, &out);
    } else if (screen->detail == PANE_FINDS) {
        detail_of_find(&input->snapshot->finds[at], input->now, &out);
    } else {
        arb_text_add(&out, "%s", log_lines_at(input->log, at));
    }
    const uint32_t n = detail_draw(page, body, text, screen->detail_first);
    if (screen->detail_first >= n) { /* scrolled beyond the end */
        screen->detail_first = n > 0 ? n - 1 : 0;
        (void)detail_draw(page, body, text, screen->detail_first);
    }
}

/* -- around them --------------------------------------------------------------------------------
 */

static void draw_pause(const struct pane_input *input, struct page *page, struct page_area line)
{
    char text[PAGE_WIDTH_MAX], age[WORDS_MAX], time[WORDS_MAX];
    const struct moment taken = input->snapshot->taken;

    (void)snprintf(
        text, sizeof(text), " PAUSED at %s UTC, %s ago: nothing here is live. p goes on.",
        words_time(taken.utc_ns, time), words_age(input->now.mono_ns - taken.mono_ns, age));
    page_paint(page, line, PAGE_LOUD);
    page_put(page, line, PAGE_LOUD, text);
}

static void draw_head(const struct screen *screen, const struct pane_input *input,
                      struct page *page, struct page_area line)
{
    const struct view_host_row *const host = &input->snapshot->host;
    const bool is_well = host->broker == VIEW_BROKER_UP && host->n_live == host->n_books;
    char text[PAGE_WIDTH_MAX], rate[WORDS_MAX], time[WORDS_MAX];

    if (screen->is_paused) {
        draw_pause(input, page, line);
        return;
    }
    (void)snprintf(text, sizeof(text),
                   "arbspot top  kafka %s  %llu/%llu books LIVE  %s events/s%s%s",
                   host->broker == VIEW_BROKER_DOWN ? "DOWN" : view_broker_name(host->broker),
                   (unsigned long long)host->n_live, (unsigned long long)host->n_books,
                   words_count(host->events_per_s, rate),
                   input->snapshot->is_cut ? "  NO MEMORY: rows are missing" : "",
                   screen->kind == SCREEN_SYMBOL ? "  " : "");
    if (screen->kind == SCREEN_SYMBOL) {
        (void)strncat(text, screen->symbol, sizeof(text) - strlen(text) - 1);
    }
    page_put(page, line, is_well ? PAGE_STRONG : PAGE_WARN, text);
    const unsigned used = page_text_width(text);
    (void)snprintf(text, sizeof(text), "  %s UTC", words_time(input->now.utc_ns, time));
    if (used + page_text_width(text) <= line.width) {
        page_put_right(page, line, PAGE_STRONG, text);
    }
}

static const char *hint_of(const struct screen *screen)
{
    switch (screen->kind) {
    case SCREEN_OVERVIEW:
        return "?help Tab:pane Enter:open s:sort /:filter p:pause q:quit";
    case SCREEN_SYMBOL:
        return "?help Tab:pane Enter:ladder s:sort p:pause q:back";
    case SCREEN_DETAIL:
        return screen->detail == PANE_FINDS ? "Enter:its symbol q:back" : "q:back";
    case SCREEN_HELP:
        return "q:back";
    }
    return "";
}

static void draw_foot(const struct screen *screen, struct page *page, struct page_area line)
{
    char text[PAGE_WIDTH_MAX];

    if (screen->is_typing) {
        (void)snprintf(text, sizeof(text), " only: %s_ ", screen->filter);
        page_put(page, line, PAGE_LOUD, text);
        page_put_right(page, line, PAGE_DIM, " Enter: keep, Esc: show all ");
        return;
    }
    if (screen->filter[0] != '\0' && screen->kind == SCREEN_OVERVIEW) {
        (void)snprintf(text, sizeof(text), " only: %s ", screen->filter);
        page_put(page, line, PAGE_LOUD, text);
        const unsigned used = page_text_width(text) + 1;
        line.column += used;
        line.width -= smaller(used, line.width);
    }
    const bool has_sort = screen->kind <= SCREEN_SYMBOL;
    const char *const sort = has_sort ? screen_sort_name(screen, screen->focus[screen->kind]) : "";
    (void)snprintf(text, sizeof(text), "%s%s%s", hint_of(screen), sort[0] == '\0' ? "" : "  ",
                   sort);
    page_put(page, line, PAGE_DIM, text);
}

/* -- silence ------------------------------------------------------------------------------------
 */

/* A line of the box, in its middle. */
static void box_line(struct page *page, struct page_area *line, const char *text)
{
    const unsigned len = page_text_width(text);
    struct page_area inside = *line;

    page_fill(page, *line, PAGE_LOUD);
    if (len < inside.width) {
        inside.column += (inside.width - len) / 2;
        inside.width = len;
    }
    page_put(page, inside, PAGE_LOUD, text);
    line->row++;
}

static const char *why_silent(uint32_t broker)
{
    switch (broker) {
    case VIEW_BROKER_UP:
        return "Kafka is there: no host of a venue is alive";
    case VIEW_BROKER_DOWN:
        return "no Kafka broker can be reached";
    default:
        return "Kafka is being looked for";
    }
}

/* Over everything: what is shown is no longer so. */
static void draw_silence(const struct screen *screen, const struct screen_input *input,
                         struct page *page)
{
    const unsigned width = smaller(BOX_WIDTH, page->width);
    struct page_area line = { (page->height - 5) / 2, (page->width - width) / 2, 1, width };
    const int64_t since_ns = input->heard_ns == 0 ? screen->began_ns : input->heard_ns;
    char text[PAGE_WIDTH_MAX], age[WORDS_MAX];

    page_paint(page, (struct page_area){ 0, 0, page->height, page->width }, PAGE_DIM);
    (void)snprintf(text, sizeof(text), "NOTHING HEARD %s %s",
                   input->heard_ns == 0 ? "SO FAR, FOR" : "FOR",
                   words_age(input->now.mono_ns - since_ns, age));
    if (!screen->is_paused) { /* the first line says what is no longer so */
        const struct page_area head = { 0, 0, 1, page->width };
        page_fill(page, head, PAGE_LOUD);
        page_put(page, head, PAGE_LOUD, text);
    }
    box_line(page, &line, "");
    box_line(page, &line, text);
    box_line(page, &line, why_silent(input->snapshot->host.broker));
    box_line(page, &line, "what is shown is old: none of it is live");
    box_line(page, &line, "");
}

void screen_draw(struct screen *screen, const struct screen_input *input, struct page *page,
                 struct page_area size)
{
    const struct pane_input pane = screen_pane_input(screen, input);

    page_clear(page, size.width, size.height);
    const struct page_area all = { 0, 0, page->height, page->width };
    if (all.width < SCREEN_WIDTH_MIN || all.height < SCREEN_HEIGHT_MIN) {
        (void)detail_draw(page, all, "arbspot top needs 40 columns and 12 lines; q quits", 0);
        return;
    }
    const struct page_area body = { 1, 0, all.height - 2, all.width };
    draw_head(screen, &pane, page, (struct page_area){ 0, 0, 1, all.width });
    if (screen->kind == SCREEN_HELP) {
        (void)detail_draw(page, body, help_text, screen->detail_first);
    } else if (screen->kind == SCREEN_DETAIL) {
        draw_detail(screen, &pane, page, body);
    } else {
        draw_panes(screen, &pane, page, body);
    }
    if (input->now.mono_ns >= screen_silent_at(screen, input->heard_ns)) {
        draw_silence(screen, input, page);
    }
    draw_foot(screen, page, (struct page_area){ all.height - 1, 0, 1, all.width });
}
