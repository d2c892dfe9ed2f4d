#include "kafka/claims.h"

#include <stdlib.h>
#include <string.h>

#include "util/log.h"

enum {
    RUNS_MAX = 256,  /* of all strategies, heard of lately */
    OPEN_MAX = 4096, /* more are not looked after */
};

#define HEARD_NS (2 * NS_PER_S)    /* a run that is heard of less often is not sure to be there */
#define DEAD_NS (3500 * NS_PER_MS) /* and is not there */

#define HANDOVER_NS NS_PER_S        /* until what another one wrote has surely been read */
#define PATIENCE_NS (15 * NS_PER_S) /* by then whoever had to close it has, or never will */

/* One run of a strategy. */
struct run {
    unsigned strategy; /* which of ours has its name */
    uint64_t session;
    int64_t heard_ns; /* mono; 0: it has ended */
    bool is_named;    /* the log said that it is there beside ours */
};

/* What is open, as it was last told. */
struct opening {
    unsigned strategy;
    int64_t ours_since_ns; /* mono: it is ours to close since then; 0: it is not */
    int64_t wanted_ns;     /* mono: one of ours waits for its end since then; 0: none */
    struct opportunity last;
};

struct claims {
    struct claims_strategy *strategies;
    unsigned n_strategies;
    const char *host;
    struct run runs[RUNS_MAX];
    unsigned n_runs;
    struct opening open[OPEN_MAX];
    unsigned n_open;
    int64_t echo_ns, sure_since_ns; /* our own last word came back; they do since then, mono */
};

/* Which of ours has the name; n_strategies: none. */
static unsigned find_strategy(const struct claims *c, const char *name)
{
    unsigned i = 0;

    while (i < c->n_strategies && strcmp(c->strategies[i].name, name) != 0) {
        i++;
    }
    return i;
}

static uint64_t session_of(const struct claims *c, unsigned strategy)
{
    return tenure_session(c->strategies[strategy].tenure);
}

/* -- which runs there are -------------------------------------------------------------- */

static struct run *find_run(struct claims *c, uint64_t session)
{
    for (unsigned i = 0; i < c->n_runs; i++) {
        if (c->runs[i].session == session) {
            return &c->runs[i];
        }
    }
    return NULL;
}

static bool is_dead(const struct run *run, int64_t now_ns)
{
    return run == NULL || run->heard_ns == 0 || now_ns - run->heard_ns >= DEAD_NS;
}

/* A place for a run that was not heard of before; those of the dead are free. */
static struct run *new_run(struct claims *c, int64_t now_ns)
{
    for (unsigned i = 0; i < c->n_runs; i++) {
        if (is_dead(&c->runs[i], now_ns)) {
            return &c->runs[i];
        }
    }
    return c->n_runs < RUNS_MAX ? &c->runs[c->n_runs++] : NULL;
}

static void note_echo(struct claims *c, int64_t now_ns)
{
    if (now_ns - c->echo_ns > HEARD_NS) {
        c->sure_since_ns = now_ns;
    }
    c->echo_ns = now_ns;
}

/* An earlier run of ours may still be heard. */
static void note_double(const struct claims *c, struct run *run, const char *host)
{
    const struct claims_strategy *const ours = &c->strategies[run->strategy];

    if (ours->has_group || run->is_named || strcmp(host, c->host) == 0) {
        return;
    }
    run->is_named = true;
    log_line(ARB_WARN, "kafka=abandoned",
             "strategy %s is run by %s too, so each opportunity is there twice; stop one of them, "
             "or give both the same `group`",
             ours->name, host);
}

void claims_hear(struct claims *c, const struct wire_event *word, int64_t now_ns)
{
    const unsigned strategy = find_strategy(c, word->venue.name);
    struct run *run = find_run(c, word->event.session);

    if (!word->alive.is_of_strategy || strategy == c->n_strategies) {
        return;
    }
    if (run == NULL) {
        run = new_run(c, now_ns);
        if (run == NULL) {
            return;
        }
        *run = (struct run){ .strategy = strategy, .session = word->event.session };
    }
    run->heard_ns = word->event.ends ? 0 : now_ns;
    if (run->session == session_of(c, strategy)) {
        tenure_echo(c->strategies[strategy].tenure, word->event.mono_ns);
        note_echo(c, now_ns);
    } else if (!word->event.ends) {
        note_double(c, run, word->alive.host);
    }
}

/* -- what is open ---------------------------------------------------------------------- */

static struct opening *find_open(struct claims *c, const struct opportunity *o)
{
    for (unsigned i = 0; i < c->n_open; i++) {
        if (c->open[i].last.session == o->session && c->open[i].last.terms.id == o->terms.id) {
            return &c->open[i];
        }
    }
    return NULL;
}

static void forget(struct claims *c, struct opening *opening)
{
    *opening = c->open[--c->n_open];
}

void claims_take(struct claims *c, const struct opportunity *o)
{
    const unsigned strategy = find_strategy(c, o->strategy);
    struct opening *opening;

    if (strategy == c->n_strategies) {
        return;
    }
    opening = find_open(c, o);
    if (o->terms.event == ARB_OPPORTUNITY_CLOSE) {
        if (opening != NULL) {
            forget(c, opening);
        }
        return;
    }
    if (opening == NULL && c->n_open < OPEN_MAX) {
        opening = &c->open[c->n_open++];
        *opening = (struct opening){ .strategy = strategy };
    }
    if (opening != NULL) {
        opening->last = *o;
    }
}

/* -- what is to be closed -------------------------------------------------------------- */

/* Of those that are alive one acts, the same for all; ours is one of them. */
static bool is_ours_to_close(const struct claims *c, unsigned strategy, int64_t now_ns)
{
    for (unsigned i = 0; i < c->n_runs; i++) {
        if (c->runs[i].strategy == strategy && !is_dead(&c->runs[i], now_ns) &&
            c->runs[i].session < session_of(c, strategy)) {
            return false;
        }
    }
    return true;
}

/*
 * What our run has open it closes by itself. Not at once: whoever had to close before us may just
 * have done it.
 */
static bool is_due(struct claims *c, struct opening *opening, int64_t now_ns)
{
    if (opening->last.session == session_of(c, opening->strategy) ||
        !is_dead(find_run(c, opening->last.session), now_ns) ||
        !is_ours_to_close(c, opening->strategy, now_ns)) {
        opening->ours_since_ns = 0;
        return false;
    }
    if (opening->ours_since_ns == 0) {
        opening->ours_since_ns = now_ns;
    }
    return now_ns - opening->ours_since_ns >= HANDOVER_NS;
}

/* While brokers are away nobody is heard, and nobody is dead for it. */
static bool is_sure(const struct claims *c, int64_t now_ns)
{
    return c->echo_ns != 0 && now_ns - c->echo_ns <= HEARD_NS &&
           now_ns - c->sure_since_ns >= DEAD_NS;
}

const struct opportunity *claims_next_dead(struct claims *c, int64_t now_ns)
{
    for (unsigned i = 0; is_sure(c, now_ns) && i < c->n_open; i++) {
        if (is_due(c, &c->open[i], now_ns)) {
            return &c->open[i].last;
        }
    }
    return NULL;
}

void claims_forget(struct claims *c, const struct opportunity *dead)
{
    struct opening *const opening = find_open(c, dead);

    if (opening != NULL) {
        forget(c, opening);
    }
}

/* -- what may be opened ---------------------------------------------------------------- */

/* Another one that is there, and not of our group, looks after its own. */
static bool is_in_the_way(struct claims *c, struct opening *opening, int64_t now_ns)
{
    if (!c->strategies[opening->strategy].has_group &&
        !is_dead(find_run(c, opening->last.session), now_ns)) {
        return false;
    }
    if (opening->wanted_ns == 0) {
        opening->wanted_ns = now_ns;
    }
    return now_ns - opening->wanted_ns < PATIENCE_NS;
}

/*
 * Who has not heard itself for a while may have been stopped, and does not know what others of the
 * group have opened since, nor for some time after it hears itself again.
 */
static bool may_have_missed(const struct claims *c, const char *strategy, int64_t now_ns)
{
    const unsigned i = find_strategy(c, strategy);

    return i < c->n_strategies && c->strategies[i].has_group && c->echo_ns != 0 &&
           (now_ns - c->echo_ns > HEARD_NS || now_ns - c->sure_since_ns < HANDOVER_NS);
}

bool claims_is_taken(struct claims *c, const struct opportunity *o, int64_t now_ns)
{
    if (may_have_missed(c, o->strategy, now_ns)) {
        return true;
    }
    for (unsigned i = 0; i < c->n_open; i++) {
        struct opening *const opening = &c->open[i];
        if (opening->last.session != session_of(c, opening->strategy) &&
            strcmp(opening->last.strategy, o->strategy) == 0 &&
            opportunity_is_same_place(&opening->last, o) && is_in_the_way(c, opening, now_ns)) {
            return true;
        }
    }
    return false;
}

/* -- life ------------------------------------------------------------------------------ */

struct claims *claims_create(const struct claims_strategy *strategies, unsigned n_strategies,
                             const char *host)
{
    struct claims *const c = calloc(1, sizeof(*c));

    if (c == NULL) {
        return NULL;
    }
    c->strategies = calloc((size_t)n_strategies + 1, sizeof(*c->strategies));
    if (c->strategies == NULL) {
        free(c);
        return NULL;
    }
    memcpy(c->strategies, strategies, n_strategies * sizeof(*strategies));
    c->n_strategies = n_strategies;
    c->host = host;
    return c;
}

void claims_destroy(struct claims *c)
{
    if (c != NULL) {
        free(c->strategies);
        free(c);
    }
}
