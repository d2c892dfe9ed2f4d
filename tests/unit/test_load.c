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
    int64_t frame_ns; /* of work, for one frame */
    int64_t per_book; /* frames of a book a second */
    int64_t capacity; /* of PART */
    int64_t saved;    /* of PART: what conflating saves of a frame's work */
    int64_t waiting_ns[SECONDS_MAX * LOOKS_PER_S]; /* work that came at each look */
    uint32_t first, n;                             /* of these: what waits */
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

/* A machine at a tenth carries 250 of the books, as they are conflated. */
static struct world *at_a_tenth(void)
{
    struct world *const w = create();

    run(w, 10);
    w->capacity = PART / 10;
    return w;
}

static void measures_are_taken_in_order_and_converge(void **state)
{
    struct world *const w = at_a_tenth();

    (void)state;
    run(w, 60);
    expect(w, "10.1 level 2\n"
              "10.4 level 3\n"
              "11.6 fewer 140\n"
              "28.6 stable 140\n");
    assert_int_equal(w->asked, 140);
    w->worst_kept_ns = 0;
    run(w, 18);
    assert_true(w->worst_kept_ns <= LIMIT_NS / 8);
    expect(w, "");
    free(w);
}

/* One trial too far, then half way, then not oftener than the pause lets it. */
static void trials_close_in_and_become_rare(void **state)
{
    struct world *const w = at_a_tenth();

    (void)state;
    run(w, 60);
    forget(w);
    run(w, 3600);
    expect(w, "88.6 more 280\n"
              "91.7 fewer 140\n"
              "97.2 stable 140\n"
              "217.2 more 210\n"
              "227.2 stable 210\n"
              "347.2 more 245\n"
              "357.2 stable 245\n"
              "477.2 more 280\n"
              "480.2 fewer 245\n"
              "503.3 stable 245\n"
              "743.3 more 280\n"
              "746.3 fewer 245\n"
              "769.3 stable 245\n"
              "1249.3 more 280\n"
              "1252.3 fewer 245\n"
              "1275.3 stable 245\n"
              "2175.3 more 280\n"
              "2178.4 fewer 245\n"
              "2201.4 stable 245\n"
              "3101.4 more 280\n"
              "3104.4 fewer 245\n"
              "3127.4 stable 245\n");
    assert_true(w->load.n_changes <= LOAD_CHANGES_MAX);
    free(w);
}

static void all_books_are_back_when_the_machine_is(void **state)
{
    struct world *const w = at_a_tenth();

    (void)state;
    run(w, 60);
    forget(w);
    w->capacity = PART;
    run(w, 600);
    expect(w, "88.6 more 280\n"
              "108.6 more 560\n"
              "128.6 more 1000\n"
              "130.6 level 2\n"
              "132.6 level 1\n"
              "138.6 whole 1000\n");
    assert_int_equal(w->load.keep, UINT32_MAX);
    free(w);
}

/*
 * Of whatever is left, a stable set is found within a minute, with few changes. What came before
 * the first step has to be worked off: at much less than a tenth that alone takes longer.
 */
static void any_capacity_converges(void **state)
{
    (void)state;
    for (int64_t capacity = PART / 10; capacity < PART; capacity += 25) {
        struct world *const w = at_a_tenth();
        w->capacity = capacity;
        run(w, 60);
        const uint32_t kept = load_keeps(&w->load, BOOKS);
        const int64_t carried = BOOKS * capacity / (PART / 2) * PART / (PART - w->saved);
        assert_true(kept <= carried);
        assert_true(kept == BOOKS || w->load.is_said);
        assert_true(w->load.n_changes <= 5);
        w->worst_kept_ns = 0;
        run(w, 9);
        assert_int_equal(load_keeps(&w->load, BOOKS), kept);
        assert_true(w->worst_kept_ns <= LIMIT_NS);
        run(w, 60); /* a trial costs no book that is kept its freshness */
        assert_true(w->worst_kept_ns <= MAX_LAG_NS);
        free(w);
    }
}

/* Conflating is enough at 0.42 of the machine, where half of it is asked for. */
static void no_book_is_given_up_where_conflating_is_enough(void **state)
{
    struct world *const w = create();

    (void)state;
    run(w, 10);
    w->capacity = 480;
    run(w, 300);
    assert_int_equal(w->load.n_changes, 0);
    assert_true(w->load.level >= LOAD_SKIP);
    free(w);
}

/* The measures are not taken and ended all the time: each time it takes twice as long. */
static void measures_that_are_needed_again_last_longer(void **state)
{
    struct world *const w = create();
    uint32_t n = 0;

    (void)state;
    w->capacity = 480;
    for (uint32_t i = 0; i < 3600 * LOOKS_PER_S; i++) {
        const uint8_t level = w->load.level;
        step(w);
        n += w->load.level != level;
    }
    assert_true(n <= 80);
    assert_int_equal(w->load.relax_ns, LOAD_RELAX_MAX_NS);
    free(w);
}

static void nothing_is_given_up_where_that_is_not_wanted(void **state)
{
    struct world *const w = at_a_tenth();

    (void)state;
    w->load.may_shed = false;
    run(w, 120);
    expect(w, "10.1 level 2\n"
              "10.4 level 3\n");
    free(w);
}

/* A machine that stood still has a backlog too, and works it off. */
static void pause_of_a_second_gives_up_nothing(void **state)
{
    struct world *const w = create();

    (void)state;
    run(w, 10);
    w->capacity = 0;
    run(w, 1);
    w->capacity = PART;
    run(w, 120);
    assert_int_equal(w->load.n_changes, 0);
    assert_int_equal(w->load.level, LOAD_CALM);
    free(w);
}

/* -- limits ----------------------------------------------------------------------------- */

static enum load_news look(struct load *load, int64_t ms, int64_t lag_ns)
{
    const struct load_sample sample = { .lag_ns = lag_ns, .n_books = BOOKS, .n_asked = BOOKS };
    return load_look(load, START_NS + ms * NS_PER_MS, &sample);
}

/* The first news but of measures while the lag is this, in 5 s. */
static enum load_news news_at(int64_t lag_ns)
{
    struct load load;
    enum load_news news = LOAD_NO_NEWS;

    load_init(&load, MAX_LAG_NS, true);
    for (int64_t ms = 0; ms < 5000 && news <= LOAD_LEVEL; ms += 10) {
        news = look(&load, ms, lag_ns);
    }
    return news;
}

static void limit_itself_is_not_too_much(void **state)
{
    (void)state;
    assert_true(news_at(LIMIT_NS) <= LOAD_LEVEL);
    assert_int_equal(news_at(LIMIT_NS + 1), LOAD_FEWER);
}

static void books_are_given_up_after_a_second_above_the_limit(void **state)
{
    struct load load;

    (void)state;
    load_init(&load, MAX_LAG_NS, true);
    for (int64_t ms = 0; ms < 1250; ms += 10) { /* 250 ms until CONFLATE, and a second of that */
        assert_true(look(&load, ms, LIMIT_NS + 1) <= LOAD_LEVEL);
    }
    assert_int_equal(look(&load, 1250, LIMIT_NS + 1), LOAD_FEWER);
    assert_int_equal(load.keep, BOOKS / 2);
}

static void limit_is_a_quarter_of_max_lag(void **state)
{
    struct load load;

    (void)state;
    load_init(&load, 0, true);
    assert_int_equal(load.limit_ns, LOAD_LIMIT_NS);
    load_init(&load, 400 * NS_PER_MS, true);
    assert_int_equal(load.limit_ns, 100 * NS_PER_MS);
}

/* Nothing says how old it is, but the socket is never empty: four times the limit is too much. */
static void always_busy_is_too_slow(void **state)
{
    struct load load;

    (void)state;
    load_init(&load, MAX_LAG_NS, true);
    for (int64_t ms = 0; ms < 20000 && load.keep == UINT32_MAX; ms += 10) {
        const struct load_sample sample = { .busy_ns = ms * NS_PER_MS,
                                            .n_books = BOOKS,
                                            .n_asked = BOOKS };
        (void)load_look(&load, START_NS + ms * NS_PER_MS, &sample);
    }
    assert_int_equal(load.keep, BOOKS / 2);
}

static void one_book_is_always_kept(void **state)
{
    struct load load;

    (void)state;
    load_init(&load, MAX_LAG_NS, true);
    for (int64_t ms = 0; ms < 300000; ms += 10) {
        (void)look(&load, ms, 10 * NS_PER_S);
    }
    assert_int_equal(load.keep, 1);
}

/* What could not be asked for in ten seconds is given up as well. */
static void books_that_were_never_asked_for_are_given_up(void **state)
{
    struct load load;
    enum load_news news = LOAD_NO_NEWS;

    (void)state;
    load_init(&load, MAX_LAG_NS, true);
    for (int64_t ms = 0; ms < 20000 && news != LOAD_FEWER; ms += 10) {
        const struct load_sample sample = { .lag_ns = LIMIT_NS - 1,
                                            .n_books = BOOKS,
                                            .n_asked = 300 };
        news = load_look(&load, START_NS + ms * NS_PER_MS, &sample);
    }
    assert_int_equal(news, LOAD_FEWER);
    assert_int_equal(load.keep, 300);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(machine_that_is_fast_enough_does_nothing),
        cmocka_unit_test(measures_are_taken_in_order_and_converge),
        cmocka_unit_test(trials_close_in_and_become_rare),
        cmocka_unit_test(all_books_are_back_when_the_machine_is),
        cmocka_unit_test(any_capacity_converges),
        cmocka_unit_test(no_book_is_given_up_where_conflating_is_enough),
        cmocka_unit_test(measures_that_are_needed_again_last_longer),
        cmocka_unit_test(nothing_is_given_up_where_that_is_not_wanted),
        cmocka_unit_test(pause_of_a_second_gives_up_nothing),
        cmocka_unit_test(limit_itself_is_not_too_much),
        cmocka_unit_test(books_are_given_up_after_a_second_above_the_limit),
        cmocka_unit_test(limit_is_a_quarter_of_max_lag),
        cmocka_unit_test(always_busy_is_too_slow),
        cmocka_unit_test(one_book_is_always_kept),
        cmocka_unit_test(books_that_were_never_asked_for_are_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
