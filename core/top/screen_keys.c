/* How a screen answers keys. */
#include <stdio.h>
#include <string.h>

#include "arbspot/text.h"
#include "top/screen.h"
#include "top/screen_parts.h"

enum { DETAIL_LINES_MAX = 4096 };

static enum pane_id focus_of(const struct screen *screen)
{
    return screen->focus[screen->kind];
}

/* -- going somewhere ----------------------------------------------------------------------------
 */

static void open_symbol(struct screen *screen, const struct screen_input *input, const char *symbol,
                        const char *venue)
{
    (void)snprintf(screen->symbol, sizeof(screen->symbol), "%s", symbol);
    (void)snprintf(screen->venue, sizeof(screen->venue), "%s", venue);
    screen->kind = screen->back = SCREEN_SYMBOL;
    screen->focus[SCREEN_SYMBOL] = PANE_SIDES;
    screen->first_venue = 0;
    screen->choices[PANE_LADDER].row = screen->choices[PANE_LADDER].first = 0;
    screen->choices[PANE_MATRIX].row = screen->choices[PANE_MATRIX].first = 0;
    const struct pane_input pane = screen_pane_input(screen, input);
    struct screen_choice *const sides = &screen->choices[PANE_SIDES];
    screen_pick(screen, &pane, PANE_SIDES);
    for (uint32_t i = 0; i < sides->n; i++) {
        if (strcmp(input->snapshot->books[sides->at[i]].venue, venue) == 0) {
            screen_choose(screen, &pane, PANE_SIDES, i);
        }
    }
}

static void open_detail(struct screen *screen, const struct pane_input *pane, enum pane_id id,
                        uint32_t at)
{
    screen->kind = SCREEN_DETAIL;
    screen->detail = id;
    screen->detail_id = pane_of(id)->id(pane, at);
    screen->detail_first = 0;
}

static void filter_by(struct screen *screen, const char *name)
{
    (void)snprintf(screen->filter, sizeof(screen->filter), "%.*s", SCREEN_FILTER_MAX - 1, name);
    arb_text_lower(screen->filter);
}

/* Of the pane with the focus. */
static void enter(struct screen *screen, const struct screen_input *input)
{
    const struct pane_input pane = screen_pane_input(screen, input);
    const struct snapshot *const snapshot = input->snapshot;
    const enum pane_id id = focus_of(screen);
    uint32_t at;

    if (pane_of(id) == NULL || !screen_chosen(screen, &pane, id, &at)) {
        return;
    }
    switch (id) {
    case PANE_BOOKS:
        open_symbol(screen, input, snapshot->books[at].symbol, snapshot->books[at].venue);
        break;
    case PANE_VENUES:
        filter_by(screen, snapshot->venues[at].name);
        screen->focus[SCREEN_OVERVIEW] = PANE_BOOKS;
        break;
    case PANE_SIDES:
        screen->focus[SCREEN_SYMBOL] = PANE_LADDER;
        break;
    case PANE_TROUBLES:
    case PANE_FINDS:
    case PANE_LOG:
        open_detail(screen, &pane, id, at);
        break;
    default:
        break;
    }
}

static void enter_detail(struct screen *screen, const struct screen_input *input)
{
    const struct pane_input pane = screen_pane_input(screen, input);
    uint32_t at;

    if (screen->detail == PANE_FINDS && screen_detailed(screen, &pane, &at)) {
        const struct opportunity *const last = &input->snapshot->finds[at].last;
        open_symbol(screen, input, opportunity_symbol(last), last->legs[0].venue);
    }
}

/* False: from here it goes out. */
static bool go_back(struct screen *screen)
{
    if (screen->kind >= SCREEN_DETAIL) {
        screen->kind = screen->back;
        return true;
    }
    if (screen->kind == SCREEN_SYMBOL) {
        screen->kind = screen->back = SCREEN_OVERVIEW;
        return true;
    }
    if (screen->filter[0] != '\0') {
        screen->filter[0] = '\0';
        return true;
    }
    return false;
}

static void change_focus(struct screen *screen, bool is_back)
{
    enum pane_id panes[SCREEN_PANES_MAX];
    const unsigned n = screen_panes(screen->kind, panes);

    for (unsigned i = 0; i < n; i++) {
        if (panes[i] == focus_of(screen)) {
            screen->focus[screen->kind] = panes[(i + (is_back ? n - 1 : 1)) % n];
            return;
        }
    }
}

/* -- moving about -------------------------------------------------------------------------------
 */

static int64_t distance(int key, uint32_t n, unsigned height)
{
    const int64_t page = height > 2 ? height - 2 : 1;

    switch (key) {
    case SCREEN_UP:
    case 'k':
        return -1;
    case SCREEN_DOWN:
    case 'j':
        return 1;
    case SCREEN_PAGE_UP:
        return -page;
    case SCREEN_PAGE_DOWN:
        return page;
    case SCREEN_HOME:
    case 'g':
        return -(int64_t)n;
    case SCREEN_END:
    case 'G':
        return n;
    default:
        return 0;
    }
}

static uint32_t moved(uint32_t row, int64_t by)
{
    const int64_t to = (int64_t)row + by;
    return to < 0 ? 0 : to > UINT32_MAX ? UINT32_MAX : (uint32_t)to;
}

static void move(struct screen *screen, const struct screen_input *input, int key)
{
    const struct pane_input pane = screen_pane_input(screen, input);
    const enum pane_id id = focus_of(screen);
    struct screen_choice *const choice = &screen->choices[id];

    screen_pick(screen, &pane, id);
    const int64_t by = distance(key, choice->n, choice->height);
    if (by == 0) {
        return;
    }
    if (id == PANE_LADDER) { /* it scrolls: there is no mark in it */
        choice->first = choice->row = moved(choice->first, by);
        return;
    }
    screen_choose(screen, &pane, id, moved(choice->row, by));
    if (id == PANE_SIDES && choice->n > 0) {
        (void)snprintf(screen->venue, sizeof(screen->venue), "%s",
                       input->snapshot->books[choice->at[choice->row]].venue);
    }
}

static void move_across(struct screen *screen, const struct screen_input *input, int key)
{
    const uint32_t n = input->snapshot->has_matrix ? input->snapshot->matrix.matrix.n_venues : 0;

    if (key == SCREEN_LEFT && screen->first_venue > 0) {
        screen->first_venue--;
    } else if (key == SCREEN_RIGHT && screen->first_venue + 1 < n) {
        screen->first_venue++;
    }
}

static void change_sort(struct screen *screen)
{
    const struct pane *const pane = pane_of(focus_of(screen));
    struct screen_choice *const choice = &screen->choices[focus_of(screen)];

    if (pane != NULL) {
        choice->sort = pane->sorts[choice->sort + 1] == NULL ? 0 : choice->sort + 1;
    }
}

/* -- the filter ---------------------------------------------------------------------------------
 */

static void type(struct screen *screen, int key)
{
    const size_t len = strlen(screen->filter);

    if (key == SCREEN_ENTER) {
        screen->is_typing = false;
    } else if (key == SCREEN_ESCAPE) {
        screen->is_typing = false;
        screen->filter[0] = '\0';
    } else if (key == SCREEN_ERASE && len > 0) {
        screen->filter[len - 1] = '\0';
    } else if (key >= ' ' && key <= '~' && len + 1 < sizeof(screen->filter)) {
        screen->filter[len] = (char)key;
        screen->filter[len + 1] = '\0';
        arb_text_lower(screen->filter);
    }
}

/* -- all together -------------------------------------------------------------------------------
 */

static void press_in_text(struct screen *screen, const struct screen_input *input, int key)
{
    if (key == SCREEN_ENTER && screen->kind == SCREEN_DETAIL) {
        enter_detail(screen, input);
        return;
    }
    screen->detail_first = moved(screen->detail_first, distance(key, DETAIL_LINES_MAX, 12));
}

static void press_in_list(struct screen *screen, const struct screen_input *input, int key)
{
    switch (key) {
    case SCREEN_ENTER:
        enter(screen, input);
        break;
    case SCREEN_TAB:
    case SCREEN_BACK_TAB:
        change_focus(screen, key == SCREEN_BACK_TAB);
        break;
    case SCREEN_LEFT:
    case SCREEN_RIGHT:
        move_across(screen, input, key);
        break;
    case 's':
        change_sort(screen);
        break;
    case '/':
        screen->is_typing = screen->kind == SCREEN_OVERVIEW;
        break;
    default:
        move(screen, input, key);
    }
}

bool screen_key(struct screen *screen, const struct screen_input *input, int key)
{
    if (screen->is_typing) {
        type(screen, key);
        return true;
    }
    switch (key) {
    case 'q':
    case SCREEN_ESCAPE:
        return go_back(screen);
    case 'p':
        screen->is_paused = !screen->is_paused;
        return true;
    case '?':
        screen->kind = SCREEN_HELP;
        screen->detail_first = 0;
        return true;
    default:
        break;
    }
    if (screen->kind >= SCREEN_DETAIL) {
        press_in_text(screen, input, key);
    } else {
        press_in_list(screen, input, key);
    }
    return true;
}
