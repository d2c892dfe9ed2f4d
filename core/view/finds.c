#include "view/finds.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view/row_json.h"

struct find {
    struct find *before, *behind;
    struct item *item;
    bool is_presumed; /* that it is over: its close has not been heard */
    struct view_opportunity_row row;
};

/* -- lists --------------------------------------------------------------------------------------
 */

static void take_out(struct find_list *list, struct find *find)
{
    if (find->before != NULL) {
        find->before->behind = find->behind;
    } else {
        list->first = find->behind;
    }
    if (find->behind != NULL) {
        find->behind->before = find->before;
    } else {
        list->last = find->before;
    }
    list->n--;
}

static void append(struct find_list *list, struct find *find)
{
    find->before = list->last;
    find->behind = NULL;
    if (list->last != NULL) {
        list->last->behind = find;
    } else {
        list->first = find;
    }
    list->last = find;
    list->n++;
}

static bool is_same(const struct opportunity *a, const struct opportunity *b)
{
    return a->terms.id == b->terms.id && a->session == b->session &&
           strcmp(a->strategy, b->strategy) == 0;
}

/* The newest ones are looked at first: it is these that are heard of again. */
static struct find *look_up(const struct find_list *list, const struct opportunity *opportunity)
{
    struct find *find = list->last;

    while (find != NULL && !is_same(&find->row.last, opportunity)) {
        find = find->before;
    }
    return find;
}

static void forget(struct finds *finds, struct find_list *list, struct find *find)
{
    take_out(list, find);
    item_drop(finds->items, find->item);
    free(find);
}

static void free_list(struct find_list *list)
{
    while (list->first != NULL) {
        struct find *const find = list->first;
        take_out(list, find);
        free(find);
    }
}

void finds_fini(struct finds *finds)
{
    free_list(&finds->open);
    free_list(&finds->closed);
}

/* -- what is heard ------------------------------------------------------------------------------
 */

/* Or NULL: no memory. */
static struct find *make(struct finds *finds, const struct opportunity *opportunity)
{
    struct find *const find = calloc(1, sizeof(*find));
    char key[ITEM_KEY_MAX];

    if (find == NULL) {
        return NULL;
    }
    (void)snprintf(key, sizeof(key), "opportunity:%s:%016" PRIx64 ":%016" PRIx64,
                   opportunity->strategy, opportunity->session, opportunity->terms.id); /* fits */
    find->item =
        item_create(finds->items, (struct item_source){ write_opportunity, &find->row }, key);
    if (find->item == NULL) {
        free(find);
        return NULL;
    }
    find->row.lasted_ns = -1;
    find->row.peak_net_ppm = opportunity->terms.net_ppm;
    append(&finds->open, find);
    return find;
}

static void note_end(struct view_opportunity_row *row, const struct opportunity *o)
{
    row->closed_ms = o->detect_ns / NS_PER_MS;
    row->lasted_ns = -1;
    if (o->life.is_known) {
        row->lasted_ns = o->life.duration_ns;
        row->opened_ms = (o->detect_ns - o->life.duration_ns) / NS_PER_MS;
    } else if (row->opened_ms != 0 && o->terms.reason != ARB_CLOSE_ABANDONED) {
        row->lasted_ns = (row->closed_ms - row->opened_ms) * NS_PER_MS;
    }
}

/* A close has the last terms, of which the ages and some amounts may not be said again. */
static void put(struct view_opportunity_row *row, const struct opportunity *o)
{
    const bool is_close = o->terms.event == ARB_OPPORTUNITY_CLOSE;

    if (o->terms.event == ARB_OPPORTUNITY_OPEN) {
        row->opened_ms = o->detect_ns / NS_PER_MS;
    }
    row->last = *o;
    row->peak_net_ppm = o->terms.net_ppm > row->peak_net_ppm ? o->terms.net_ppm : row->peak_net_ppm;
    if (is_close) {
        note_end(row, o);
    }
}

static void close_it(struct finds *finds, struct find *find)
{
    take_out(&finds->open, find);
    append(&finds->closed, find);
    if (finds->closed.n > FINDS_CLOSED_MAX) {
        forget(finds, &finds->closed, finds->closed.first);
    }
}

static void open_again(struct finds *finds, struct find *find)
{
    take_out(&finds->closed, find);
    append(&finds->open, find);
    find->is_presumed = false;
    find->row.closed_ms = 0;
    find->row.lasted_ns = -1;
}

void finds_take(struct finds *finds, const struct opportunity *opportunity)
{
    struct find *const closed = look_up(&finds->closed, opportunity);

    if (opportunity->alive_ns != 0 || (closed != NULL && !closed->is_presumed)) {
        return; /* after its end nothing comes of it, but what is read twice */
    }
    if (closed != NULL) {
        open_again(finds, closed);
    }
    struct find *find = look_up(&finds->open, opportunity);
    if (find == NULL) {
        find = make(finds, opportunity);
    }
    if (find == NULL) {
        finds->n_left_out++;
        return;
    }
    put(&find->row, opportunity);
    item_touch(finds->items, find->item);
    if (opportunity->terms.event == ARB_OPPORTUNITY_CLOSE) {
        close_it(finds, find);
    } else if (finds->open.n > FINDS_OPEN_MAX) {
        forget(finds, &finds->open, finds->open.first);
        finds->n_left_out++;
    }
}

void finds_abandon(struct finds *finds, find_is_left_fn *fn, void *context, struct moment now)
{
    struct find *behind;

    for (struct find *find = finds->open.first; find != NULL; find = behind) {
        behind = find->behind;
        if (!fn(context, &find->row.last)) {
            continue;
        }
        find->is_presumed = true;
        struct opportunity o = find->row.last;
        o.terms.event = ARB_OPPORTUNITY_CLOSE;
        o.terms.reason = ARB_CLOSE_ABANDONED;
        o.detect_ns = now.utc_ns;
        put(&find->row, &o);
        item_touch(finds->items, find->item);
        close_it(finds, find);
    }
}

static bool is_before(const struct view_left *left, const struct opportunity_rest *rest)
{
    return left->delay_ns < rest->delay_ns ||
           (left->delay_ns == rest->delay_ns && !left->is_latency && rest->is_latency);
}

/* The place for what is said of a delay, in their order; NULL: there are more than anybody has. */
static struct view_left *left_at(struct view_opportunity_row *row,
                                 const struct opportunity_rest *rest)
{
    uint32_t i = 0;

    while (i < row->n_left && is_before(&row->left[i], rest)) {
        i++;
    }
    if (i < row->n_left && row->left[i].delay_ns == rest->delay_ns &&
        row->left[i].is_latency == rest->is_latency) {
        return &row->left[i];
    }
    if (row->n_left == VIEW_DELAYS_MAX) {
        return NULL;
    }
    memmove(&row->left[i + 1], &row->left[i], (row->n_left - i) * sizeof(row->left[0]));
    row->n_left++;
    return &row->left[i];
}

void finds_take_left(struct finds *finds, const struct opportunity *opportunity)
{
    struct find *const open = look_up(&finds->open, opportunity);
    struct find *const find = open != NULL ? open : look_up(&finds->closed, opportunity);
    struct view_left *const left = find == NULL ? NULL : left_at(&find->row, &opportunity->rest);

    if (left == NULL) {
        return;
    }
    memset(left, 0, sizeof(*left));
    left->delay_ns = opportunity->rest.delay_ns;
    left->is_latency = opportunity->rest.is_latency;
    left->is_known = opportunity->rest.is_known;
    left->net = opportunity->rest.net;
    item_touch(finds->items, find->item);
}

static bool each(const struct find_list *list, find_fn *fn, void *context)
{
    for (const struct find *find = list->last; find != NULL; find = find->before) {
        if (!fn(context, &find->row)) {
            return false;
        }
    }
    return true;
}

void finds_each(const struct finds *finds, find_fn *fn, void *context)
{
    if (each(&finds->open, fn, context)) {
        (void)each(&finds->closed, fn, context);
    }
}
