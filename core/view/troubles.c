#include "view/troubles.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "view/row_json.h"

struct trouble {
    uint32_t kind, which;
    int64_t since_ns;  /* mono */
    uint64_t round;    /* in which it was said last */
    struct item *item; /* NULL: it has not lasted long enough */
    struct view_trouble_row row;
};

void troubles_fini(struct troubles *troubles)
{
    for (uint32_t i = 0; i < troubles->n; i++) {
        free(troubles->list[i]);
    }
    troubles->n = 0;
}

void troubles_begin(struct troubles *troubles)
{
    troubles->round++;
}

static struct trouble *find(const struct troubles *troubles, const struct trouble_word *word)
{
    for (uint32_t i = 0; i < troubles->n; i++) {
        struct trouble *const trouble = troubles->list[i];
        if (trouble->kind == word->kind && trouble->which == word->which) {
            return trouble;
        }
    }
    return NULL;
}

static struct trouble *add(struct troubles *troubles, const struct trouble_word *word,
                           struct moment now)
{
    struct trouble *const trouble = troubles->n < TROUBLES_MAX ? calloc(1, sizeof(*trouble)) : NULL;

    if (trouble == NULL) {
        troubles->n_left_out++;
        return NULL;
    }
    trouble->kind = word->kind;
    trouble->which = word->which;
    trouble->since_ns = now.mono_ns;
    trouble->row.id = ++troubles->last_id;
    trouble->row.since_ms = now.utc_ns / NS_PER_MS;
    troubles->list[troubles->n++] = trouble;
    return trouble;
}

/* True: it says something else now. */
static bool put(struct view_trouble_row *row, const struct trouble_word *word)
{
    struct view_trouble_row next = { .id = row->id, .since_ms = row->since_ms };

    next.severity = word->severity;
    (void)snprintf(next.what, sizeof(next.what), "%s", word->what);
    (void)snprintf(next.text, sizeof(next.text), "%s", word->text); /* what is longer is cut */
    const bool is_news = row->severity != next.severity || strcmp(row->what, next.what) != 0 ||
                         strcmp(row->text, next.text) != 0;
    *row = next;
    return is_news;
}

static void show(struct troubles *troubles, struct trouble *trouble)
{
    char key[ITEM_KEY_MAX];

    (void)snprintf(key, sizeof(key), "trouble:%" PRIu64, trouble->row.id); /* fits */
    trouble->item =
        item_create(troubles->items, (struct item_source){ write_trouble, &trouble->row }, key);
    if (trouble->item != NULL) {
        item_touch(troubles->items, trouble->item);
    }
}

const struct view_trouble_row *troubles_say(struct troubles *troubles,
                                            const struct trouble_word *word, struct moment now)
{
    struct trouble *trouble = find(troubles, word);

    if (trouble == NULL) {
        trouble = add(troubles, word, now);
    }
    if (trouble == NULL) {
        return NULL;
    }
    trouble->round = troubles->round;
    const bool is_news = put(&trouble->row, word);
    if (trouble->item != NULL) {
        if (is_news) {
            item_touch(troubles->items, trouble->item);
        }
        return NULL;
    }
    if (now.mono_ns - trouble->since_ns < word->holds_ns) {
        return NULL;
    }
    show(troubles, trouble);
    return trouble->item == NULL ? NULL : &trouble->row;
}

void troubles_end(struct troubles *troubles)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < troubles->n; i++) {
        struct trouble *const trouble = troubles->list[i];
        if (trouble->round == troubles->round) {
            troubles->list[n++] = trouble;
        } else {
            item_drop(troubles->items, trouble->item);
            free(trouble);
        }
    }
    troubles->n = n;
}

uint32_t troubles_n(const struct troubles *troubles)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < troubles->n; i++) {
        n += troubles->list[i]->item != NULL;
    }
    return n;
}

const struct view_trouble_row *troubles_at(const struct troubles *troubles, uint32_t i)
{
    uint32_t at = 0;

    for (;; at++) {
        assert(at < troubles->n);
        if (troubles->list[at]->item != NULL && i-- == 0) {
            return &troubles->list[at]->row;
        }
    }
}
