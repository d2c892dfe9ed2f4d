#include "view/curves.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view/row_json.h"

enum { PPM = 1000000 };

/* What a point is the mean of. */
struct sum {
    uint64_t n;                 /* looked at */
    opportunity_wide delays_ns; /* of these, where it is a latency */
    int64_t shares_ppm;
};

struct curve {
    struct item *item;
    struct sum sums[VIEW_DELAYS_MAX]; /* of row.points */
    struct view_survival_row row;
};

void curves_fini(struct curves *curves)
{
    for (uint32_t i = 0; i < curves->n; i++) {
        free(curves->list[i]);
    }
    curves->n = 0;
}

static void put_names(struct view_survival_row *row, const struct opportunity *o)
{
    memcpy(row->strategy, o->strategy, sizeof(row->strategy));
    memcpy(row->buy, o->legs[0].venue, sizeof(row->buy));
    memcpy(row->sell, o->legs[o->terms.n_legs - 1].venue, sizeof(row->sell));
}

static bool is_same(const struct view_survival_row *a, const struct view_survival_row *b)
{
    return strcmp(a->strategy, b->strategy) == 0 && strcmp(a->buy, b->buy) == 0 &&
           strcmp(a->sell, b->sell) == 0;
}

/* NULL: there is no room, or no memory. */
static struct curve *make(struct curves *curves, const struct view_survival_row *names)
{
    struct curve *const curve = curves->n < CURVES_MAX ? calloc(1, sizeof(*curve)) : NULL;
    char key[ITEM_KEY_MAX];

    if (curve == NULL) {
        return NULL;
    }
    (void)snprintf(key, sizeof(key), "survival:%s:%s:%s", names->strategy, names->buy,
                   names->sell); /* fits */
    curve->item =
        item_create(curves->items, (struct item_source){ write_survival, &curve->row }, key);
    if (curve->item == NULL) {
        free(curve);
        return NULL;
    }
    curve->row = *names;
    curves->list[curves->n++] = curve;
    return curve;
}

static struct curve *curve_of(struct curves *curves, const struct view_survival_row *names)
{
    for (uint32_t i = 0; i < curves->n; i++) {
        if (is_same(&curves->list[i]->row, names)) {
            return curves->list[i];
        }
    }
    return make(curves, names);
}

/* Latency comes last. */
static bool is_before(const struct view_survival_point *point, const struct opportunity_rest *rest)
{
    return rest->is_latency ? !point->is_latency
                            : !point->is_latency && point->delay_ns < rest->delay_ns;
}

static bool is_of(const struct view_survival_point *point, const struct opportunity_rest *rest)
{
    return point->is_latency ? rest->is_latency
                             : !rest->is_latency && point->delay_ns == rest->delay_ns;
}

/* The place of a delay, which is made in their order; VIEW_DELAYS_MAX: there is no room. */
static uint32_t place_of(struct curve *curve, const struct opportunity_rest *rest)
{
    struct view_survival_row *const row = &curve->row;
    uint32_t i = 0;

    while (i < row->n_points && is_before(&row->points[i], rest)) {
        i++;
    }
    if (i < row->n_points && is_of(&row->points[i], rest)) {
        return i;
    }
    if (row->n_points == VIEW_DELAYS_MAX) {
        return VIEW_DELAYS_MAX;
    }
    memmove(&row->points[i + 1], &row->points[i], (row->n_points - i) * sizeof(row->points[0]));
    memmove(&curve->sums[i + 1], &curve->sums[i], (row->n_points - i) * sizeof(curve->sums[0]));
    memset(&row->points[i], 0, sizeof(row->points[i]));
    memset(&curve->sums[i], 0, sizeof(curve->sums[i]));
    row->points[i].is_latency = rest->is_latency;
    row->n_points++;
    return i;
}

static int64_t share_ppm(int64_t net, int64_t of_net)
{
    if (of_net <= 0) {
        return 0;
    }
    const int64_t most = net > of_net ? of_net : net < -of_net ? -of_net : net;
    return (int64_t)((opportunity_wide)most * PPM / of_net);
}

static void add(struct view_survival_point *point, struct sum *sum, const struct opportunity *o)
{
    const struct opportunity_rest *const rest = &o->rest;

    sum->n++;
    sum->delays_ns += rest->delay_ns;
    point->delay_ns =
        rest->is_latency ? (int64_t)(sum->delays_ns / (int64_t)sum->n) : rest->delay_ns;
    if (rest->is_known) {
        point->n++;
        sum->shares_ppm += share_ppm(rest->net, o->terms.net);
        point->left_ppm = sum->shares_ppm / (int64_t)point->n;
    }
}

void curves_take(struct curves *curves, const struct opportunity *o)
{
    struct view_survival_row names;

    if (o->terms.n_legs == 0) {
        return;
    }
    memset(&names, 0, sizeof(names));
    put_names(&names, o);
    struct curve *const curve = curve_of(curves, &names);
    const uint32_t i = curve == NULL ? VIEW_DELAYS_MAX : place_of(curve, &o->rest);
    if (i == VIEW_DELAYS_MAX) {
        curves->n_left_out++;
        return;
    }
    add(&curve->row.points[i], &curve->sums[i], o);
    curve->row.n = curve->sums[i].n > curve->row.n ? curve->sums[i].n : curve->row.n;
    item_touch(curves->items, curve->item);
}

const struct view_survival_row *curves_at(const struct curves *curves, uint32_t i)
{
    assert(i < curves->n);
    return &curves->list[i]->row;
}
