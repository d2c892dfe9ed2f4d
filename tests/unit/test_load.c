/* What is done when the host is too slow: a model of one, in virtual time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "arbspot/abi.h"
#include "arbspot/text.h"
#include "venue/load.h"

enum { BOOKS = 1000, LOOKS_PER_S = 100, SECONDS_MAX = 8000, LOG_MAX = 8192, PART = 1000 };

#define LOOK_NS (NS_PER_S / LOOKS_PER_S)
#define MAX_LAG_NS (2 * NS_PER_S)
#define LIMIT_NS (MAX_LAG_NS / 4)
#define START_NS (1000 * NS_PER_S)

/*
 * A venue whose books come evenly, and a host that works them off in the order in which they came.
 * Work and capacity are in nanoseconds of the machine as it is when all is well.
 */
struct world {
    struct load load;
    int64_t now_ns;
    int64_t frame_ns;      /* of work, for one frame */
    int64_t per_book;      /* frames of a book a second */
    int64_t capacity;      /* of PART */
    int64_t saved;         /* of PART: what conflating saves of a frame's work */
    int64_t waiting_ns[SECONDS_MAX * LOOKS_PER_S]; /* work that came at each look */
    uint32_t first, n;     /* of these: what waits */
    int64_t unread_ns;
    int64_t empty_ns;
    int64_t credit_ns;
    int64_t worst_kept_ns; /* lag, since it was reset */
    uint32_t asked;        /* books asked for; 20 more at each look unless they are held back */
    char buffer[LOG_MAX];
    struct arb_text log;
};

static struct world *create(void)
{
    struct world *const w = calloc(1, sizeof(*w));

    assert_non_null(w);
    w->now_ns = w->empty_ns = START_NS;
    w->frame_ns = 50 * 1000; /* half of what it can, for all books */
    w->per_book = 10;
    w->capacity = PART;
    w->saved = 200;
    load_init(&w->load, MAX_LAG_NS, true);
    w->log = arb_text_over(w->buffer, sizeof(w->buffer));
    return w;
}

static void ask(struct world *w)
{
    const uint32_t keep = load_keeps(&w->load, BOOKS);

    if (w->asked > keep) {
        w->asked = keep;
    } else if (!w->load.is_held && w->asked < keep) {
        w->asked = w->asked + 20 < keep ? w->asked + 20 : keep;
    }
}

static void work_off(struct world *w)
{
    w->credit_ns += LOOK_NS * w->capacity / PART;
    while (w->first < w->n && w->waiting_ns[w->first] <= w->credit_ns) {
        w->unread_ns -= w->waiting_ns[w->first];
        w->credit_ns -= w->waiting_ns[w->first++];
    }
    if (w->first == w->n) {
        w->credit_ns = 0;
        w->empty_ns = w->now_ns;
    }
}

static void come(struct world *w)
{
    const int64_t all_ns = w->asked * w->per_book * w->frame_ns / LOOKS_PER_S;
    const bool conflates = w->load.level >= LOAD_CONFLATE;

    assert_true(w->n < SECONDS_MAX * LOOKS_PER_S);
    w->waiting_ns[w->n] = conflates ? all_ns * (PART - w->saved) / PART : all_ns;
    w->unread_ns += w->waiting_ns[w->n++];
}

static void tell(struct world *w, enum load_news news, uint8_t level_before)
{
    static const char *const names[] = { "", "", "fewer", "more", "stable", "whole" };
    const long long ms = (w->now_ns - START_NS) / NS_PER_MS;

    if (w->load.level != level_before) {
        arb_text_add(&w->log, "%lld.%lld level %u\n", ms / 1000, ms % 1000 / 100, w->load.level);
    }
    if (news > LOAD_LEVEL) {
        arb_text_add(&w->log, "%lld.%lld %s %u\n", ms / 1000, ms % 1000 / 100, names[news],
                     load_keeps(&w->load, BOOKS));
    }
}

static void step(struct world *w)
{
    const uint8_t level = w->load.level;

    w->now_ns += LOOK_NS;
    ask(w);
    come(w);
    work_off(w);
    /* What came at a look has waited since. */
    const int64_t waiting = w->n - w->first;
    const struct load_sample sample = { .lag_ns = waiting * LOOK_NS,
                                        .busy_ns = w->now_ns - w->empty_ns,
                                        .unread = (uint64_t)w->unread_ns,
                                        .n_books = BOOKS,
                                        .n_asked = w->asked };
    w->worst_kept_ns = sample.lag_ns > w->worst_kept_ns ? sample.lag_ns : w->worst_kept_ns;
    tell(w, load_look(&w->load, w->now_ns, &sample), level);
}

static void run(struct world *w, int64_t seconds)
{
    for (int64_t i = 0; i < seconds * LOOKS_PER_S; i++) {
        step(w);
    }
}

static void expect(struct world *w, const char *text)
{
    assert_string_equal(w->buffer, text);
    w->log = arb_text_over(w->buffer, sizeof(w->buffer));
    w->buffer[0] = '\0';
}

static void forget(struct world *w)
{
    w->log = arb_text_over(w->buffer, sizeof(w->buffer));
    w->buffer[0] = '\0';
}

static void machine_that_is_fast_enough_does_nothing(void **state)
{
    struct world *const w = create();

    (void)state;
    run(w, 600);
    expect(w, "");
    assert_int_equal(w->load.n_changes, 0);
    free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(machine_that_is_fast_enough_does_nothing),
    };
    struct world *w = create();
    run(w, 10);
    w->capacity = 100;
    run(w, 120);
    printf("%s--\n", w->buffer); forget(w);
    run(w, 3600);
    printf("%s-- changes %u\n", w->buffer, w->load.n_changes); forget(w);
    w->capacity = 1000;
    run(w, 3700);
    printf("%s-- changes %u\n", w->buffer, w->load.n_changes); forget(w);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
