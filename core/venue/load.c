#include "venue/load.h"

enum {
    PART = 1000,
    SPARE = 700,    /* of what it can carry is used: markets are not busy evenly */
    KEPT_MIN = 125, /* at least, of what was kept, in one step */
    KEPT_MAX = 500, /* at most */
    GAP = 20,       /* `good` and `bad` so close, by this part of all: no further bisection */
    BUSY_PART = 4,  /* always busy for four times the limit is as bad as late by the limit */
};

static int64_t greater(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

void load_init(struct load *load, int64_t max_lag_ns, bool may_shed)
{
    *load = (struct load){ .limit_ns = max_lag_ns == 0 ? LOAD_LIMIT_NS : max_lag_ns / 4,
                           .may_shed = may_shed,
                           .level = LOAD_CALM,
                           .keep = UINT32_MAX,
                           .over_ns = NEVER_NS,
                           .calm_ns = NEVER_NS,
                           .small_ns = NEVER_NS,
                           .held_ns = NEVER_NS,
                           .probe_ns = NEVER_NS,
                           .relaxed_ns = -2 * LOAD_RELAX_MAX_NS,
                           .grown_ns = -LOAD_RELAPSE_NS,
                           .pause_ns = LOAD_PAUSE_MIN_NS,
                           .relax_ns = LOAD_RELAX_MIN_NS };
}

/* -- what is measured ------------------------------------------------------------------- */

static void measure_from(struct load *load, int64_t now_ns)
{
    load->slope_ns = now_ns;
    load->slope_lag_ns = load->lag_ns;
    load->slope_seen_ns = load->seen.lag_ns;
    load->slope_unread = load->seen.unread;
}

/* Keeps since when something is so. */
static void note(int64_t *since_ns, bool is_so, int64_t now_ns)
{
    if (!is_so) {
        *since_ns = NEVER_NS;
    } else if (*since_ns == NEVER_NS) {
        *since_ns = now_ns;
    }
}

static bool lasts(int64_t since_ns, int64_t for_ns, int64_t now_ns)
{
    return since_ns != NEVER_NS && now_ns - since_ns >= for_ns;
}

/* Busy since before the last step says nothing about what the step did. */
static void measure(struct load *load, int64_t now_ns, const struct load_sample *sample)
{
    const int64_t since_ns = greater(load->keep_ns, load->level_ns);
    const int64_t busy_ns = smaller(sample->busy_ns, now_ns - since_ns) / BUSY_PART;

    load->seen = *sample;
    load->lag_ns = greater(sample->lag_ns, busy_ns);
    load->worst_ns = greater(load->worst_ns, sample->lag_ns);
    if (load->over_ns == NEVER_NS && load->lag_ns > load->limit_ns) {
        measure_from(load, now_ns); /* its growth */
    }
    note(&load->over_ns, load->lag_ns > load->limit_ns, now_ns);
    note(&load->small_ns, load->lag_ns <= load->limit_ns / 2, now_ns);
    note(&load->calm_ns, load->lag_ns <= load->limit_ns / 8, now_ns);
}

/* -- measures that cost no book --------------------------------------------------------- */

static void set_level(struct load *load, int64_t now_ns, uint8_t level)
{
    load->level = level;
    load->level_ns = now_ns;
}

/* One that is needed again soon after it ended is kept longer. */
static void raise_level(struct load *load, int64_t now_ns)
{
    if (now_ns - load->relaxed_ns < 4 * load->relax_ns) {
        load->relax_ns = smaller(2 * load->relax_ns, LOAD_RELAX_MAX_NS);
    } else if (now_ns - load->relaxed_ns > LOAD_RELAX_MAX_NS) {
        load->relax_ns = LOAD_RELAX_MIN_NS;
    }
    set_level(load, now_ns, (uint8_t)(load->level + 1));
}

static bool keeps_all(const struct load *load, uint32_t n_books)
{
    return load->keep >= n_books;
}

static bool run_level(struct load *load, int64_t now_ns, uint32_t n_books)
{
    const int64_t since_ns = now_ns - load->level_ns;

    if ((load->level == LOAD_CALM && load->lag_ns > load->limit_ns / 4) ||
        (load->level == LOAD_SKIP && load->lag_ns > load->limit_ns / 2 &&
         since_ns >= load->limit_ns / 2)) {
        raise_level(load, now_ns);
        return true;
    }
    const bool is_calm = load->calm_ns != NEVER_NS &&
                         now_ns - greater(load->calm_ns, load->level_ns) >= load->relax_ns;
    if (load->level != LOAD_CALM && is_calm && keeps_all(load, n_books)) {
        load->relaxed_ns = now_ns;
        set_level(load, now_ns, (uint8_t)(load->level - 1));
        return true;
    }
    return false;
}

/* No book is added while it would have to wait, nor before the lag is small again. */
static bool run_hold(struct load *load, int64_t now_ns)
{
    const bool was_held = load->is_held;

    load->is_held = load->lag_ns > load->limit_ns / (was_held ? 8 : 4);
    note(&load->held_ns, load->is_held, now_ns);
    return load->is_held != was_held;
}

/* -- fewer books ------------------------------------------------------------------------ */

static void set_keep(struct load *load, int64_t now_ns, uint32_t keep)
{
    load->keep = keep;
    load->keep_ns = now_ns;
    load->over_ns = load->small_ns = load->calm_ns = NEVER_NS;
    load->next_ns = now_ns + LOAD_SETTLE_NS;
    load->is_said = load->is_growing = false;
    load->n_changes++;
}

/* Of 1000: how much of what comes is processed. A second of lag more a second: nothing. */
static int64_t carried(const struct load *load, int64_t now_ns)
{
    const int64_t grown_ns = load->lag_ns - load->slope_lag_ns;
    const int64_t passed_ns = now_ns - load->slope_ns;

    return passed_ns <= 0 ? PART : PART - grown_ns * PART / passed_ns;
}

static uint32_t fewer_than(const struct load *load, int64_t now_ns, uint32_t n)
{
    const int64_t wanted = carried(load, now_ns) * SPARE / PART;
    const int64_t part = wanted < KEPT_MIN ? KEPT_MIN : smaller(wanted, KEPT_MAX);

    return (uint32_t)greater(n * part / PART, 1);
}

/* A trial that failed, soon or late, ends where it began. */
static enum load_news end_trial_badly(struct load *load, int64_t now_ns, uint32_t n_books)
{
    const uint32_t good = load->good;

    load->is_trial = false;
    load->good = 0;
    load->bad = load_keeps(load, n_books);
    load->pause_ns = smaller(2 * load->pause_ns, LOAD_PAUSE_MAX_NS);
    load->probe_ns = now_ns + load->pause_ns;
    set_keep(load, now_ns, good);
    return LOAD_FEWER;
}

/*
 * The backlog goes away, if slowly: it is not yet known whether what is kept is too much. Its age
 * may grow meanwhile, for what came before the step is as much work as it was.
 */
static bool is_draining(struct load *load, int64_t now_ns)
{
    const int64_t lag_ns = load->seen.lag_ns, before_ns = load->slope_seen_ns;
    const bool shrinks = lag_ns < before_ns - before_ns / 10 ||
                         load->seen.unread < load->slope_unread - load->slope_unread / 50;
    const bool grows = lag_ns > before_ns + before_ns / 10;
    const int64_t since_ns = load->n_changes == 0 ? LOAD_DRAIN_MAX_NS : now_ns - load->keep_ns;

    measure_from(load, now_ns);
    return since_ns < (shrinks ? LOAD_DRAIN_MAX_NS : grows ? 0 : LOAD_FLAT_MAX_NS);
}

static enum load_news shed(struct load *load, int64_t now_ns, const struct load_sample *sample)
{
    const uint32_t n = (uint32_t)smaller(load_keeps(load, sample->n_books), sample->n_asked);

    if (n == 0) {
        return LOAD_NO_NEWS;
    }
    if (load->is_trial || (load->good > 0 && now_ns - load->grown_ns < LOAD_RELAPSE_NS)) {
        return end_trial_badly(load, now_ns, sample->n_books);
    }
    const uint32_t keep = fewer_than(load, now_ns, n);
    if (is_draining(load, now_ns)) {
        load->next_ns = now_ns + LOAD_OVER_NS;
        return LOAD_NO_NEWS;
    }
    if (keep >= load_keeps(load, sample->n_books)) {
        return LOAD_NO_NEWS; /* one book is the least */
    }
    if (keeps_all(load, sample->n_books)) {
        load->pause_ns = LOAD_PAUSE_MIN_NS; /* it went well for long */
    }
    load->bad = 0; /* it was found out with less capacity, or for another load */
    load->probe_ns = now_ns + load->pause_ns;
    set_keep(load, now_ns, keep);
    return LOAD_FEWER;
}

/* What was never asked for cannot be had either: it is said of it. */
static enum load_news give_up_rest(struct load *load, int64_t now_ns,
                                   const struct load_sample *sample)
{
    if (load->is_trial) {
        return end_trial_badly(load, now_ns, sample->n_books);
    }
    load->probe_ns = now_ns + load->pause_ns;
    set_keep(load, now_ns, sample->n_asked > 0 ? sample->n_asked : 1);
    return LOAD_FEWER;
}

static enum load_news run_shedding(struct load *load, int64_t now_ns,
                                   const struct load_sample *sample)
{
    if (!load->may_shed || load->level != LOAD_CONFLATE || now_ns < load->next_ns) {
        return LOAD_NO_NEWS;
    }
    if (lasts(load->over_ns, LOAD_OVER_NS, now_ns) && now_ns - load->level_ns >= LOAD_OVER_NS) {
        return shed(load, now_ns, sample);
    }
    const bool is_stuck = lasts(load->held_ns, LOAD_HELD_MAX_NS, now_ns) &&
                          now_ns - load->keep_ns >= LOAD_HELD_MAX_NS;
    return is_stuck && sample->n_asked < load_keeps(load, sample->n_books)
               ? give_up_rest(load, now_ns, sample)
               : LOAD_NO_NEWS;
}

/* -- more books ------------------------------------------------------------------------- */

/* All again, twice as many, or half way to what was too many. */
static uint32_t next_trial(const struct load *load, uint32_t n_books)
{
    const uint32_t gap = load->bad > load->keep ? load->bad - load->keep : 0;
    const uint32_t least = n_books / GAP > 1 ? n_books / GAP : 1;
    const uint32_t next = load->bad == 0 ? 2 * load->keep
                          : gap > least  ? load->keep + gap / 2
                                         : load->bad;

    return next > load->keep && next < n_books ? next : n_books;
}

static enum load_news begin_trial(struct load *load, int64_t now_ns, uint32_t n_books)
{
    load->is_trial = true;
    load->good = load->keep;
    set_keep(load, now_ns, next_trial(load, n_books));
    return LOAD_MORE;
}

static enum load_news end_trial_well(struct load *load, int64_t now_ns, uint32_t n_books)
{
    load->is_trial = false;
    load->bad = load->bad > load->keep ? load->bad : 0;
    load->is_growing = load->bad == 0;
    load->grown_ns = now_ns;
    load->probe_ns = now_ns + (load->bad == 0 ? LOAD_TRIAL_NS : load->pause_ns);
    if (!keeps_all(load, n_books)) {
        return LOAD_NO_NEWS;
    }
    load->keep = UINT32_MAX;
    load->probe_ns = NEVER_NS;
    return LOAD_WHOLE;
}

static enum load_news run_trials(struct load *load, int64_t now_ns,
                                 const struct load_sample *sample)
{
    if (load->keep == UINT32_MAX || !lasts(load->small_ns, LOAD_STABLE_NS, now_ns)) {
        return LOAD_NO_NEWS;
    }
    if (load->is_trial) {
        const bool are_all_asked = sample->n_asked >= load_keeps(load, sample->n_books);
        const int64_t trial_ns = are_all_asked ? LOAD_TRIAL_NS : LOAD_TRIAL_MAX_NS;
        return now_ns - load->keep_ns >= trial_ns ? end_trial_well(load, now_ns, sample->n_books)
                                                  : LOAD_NO_NEWS;
    }
    if (!load->is_said && !load->is_growing) {
        load->is_said = true;
        load->probe_ns = greater(load->probe_ns, now_ns + load->pause_ns);
        return LOAD_STABLE;
    }
    return now_ns >= load->probe_ns ? begin_trial(load, now_ns, sample->n_books) : LOAD_NO_NEWS;
}

enum load_news load_look(struct load *load, int64_t now_ns, const struct load_sample *sample)
{
    measure(load, now_ns, sample);
    const bool is_level = run_level(load, now_ns, sample->n_books);
    const bool is_hold = run_hold(load, now_ns);
    enum load_news news = run_shedding(load, now_ns, sample);

    if (news == LOAD_NO_NEWS) {
        news = run_trials(load, now_ns, sample);
    }
    return news == LOAD_NO_NEWS && (is_level || is_hold) ? LOAD_LEVEL : news;
}
