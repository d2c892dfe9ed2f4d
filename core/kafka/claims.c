#include "kafka/claims.h"

#include <stdlib.h>
#include <string.h>

#include "kafka/claim_table.h"
#include "util/log.h"

enum { RUNS_MAX = 256 }; /* of all strategies, heard of lately */

static const char who[] = "kafka=abandoned";

#define HEARD_NS (2 * NS_PER_S)    /* a run that is heard of less often is not sure to be there */
#define DEAD_NS (3500 * NS_PER_MS) /* and is not there */

#define HANDOVER_NS NS_PER_S        /* until what another one wrote has surely been read */
#define PATIENCE_NS (15 * NS_PER_S) /* by then whoever had to close it has, or never will */
#define AGAIN_NS                                                                                   \
    (35 * NS_PER_S) /* by then Kafka has taken the end that we said, or given it up                \
                     */

/* One run of a strategy. */
struct run {
    unsigned strategy; /* which of ours has its name */
    uint64_t session;
    int64_t heard_ns; /* mono; 0: it has ended */
    bool is_named;    /* the log said that it is there beside ours */
};

/*
 * Words of different strategies are in different partitions: whoever hears one strategy may not
 * hear those who run the other.
 */
struct echo {
    int64_t heard_ns, since_ns; /* mono: our own last word came back; they do since then */
};

struct claims {
    struct claims_strategy *strategies;
    unsigned n_strategies;
    const char *host;
    struct run runs[RUNS_MAX];
    unsigned n_runs;
    struct claim_table open;
    unsigned next;       /* of the list: looked at next */
    uint64_t n_left_out; /* openings that there was no room for */
    struct log_limit open_limit, runs_limit;
    struct echo *echoes; /* [n_strategies] */
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

static void note_echo(struct echo *echo, int64_t now_ns)
{
    if (now_ns - echo->heard_ns > HEARD_NS) {
        echo->since_ns = now_ns;
    }
    echo->heard_ns = now_ns;
}

/* An earlier run of ours may still be heard. */
static void note_double(const struct claims *c, struct run *run, const char *host)
{
    const struct claims_strategy *const ours = &c->strategies[run->strategy];

    if (ours->has_group || run->is_named || strcmp(host, c->host) == 0) {
        return;
    }
    run->is_named = true;
    log_line(ARB_WARN, who,
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
            log_limited(&c->runs_limit, now_ns, ARB_WARN, who,
                        "%d runs of strategies are heard of, and a further one counts as gone: "
                        "what it has open may be closed as abandoned",
                        RUNS_MAX);
            return;
        }
        *run = (struct run){ .strategy = strategy, .session = word->event.session };
    }
    run->heard_ns = word->event.ends ? 0 : now_ns;
    if (run->session == session_of(c, strategy)) {
        tenure_echo(c->strategies[strategy].tenure, word->event.mono_ns);
        note_echo(&c->echoes[strategy], now_ns);
    } else if (!word->event.ends) {
        note_double(c, run, word->alive.host);
    }
}

/* -- what is open ---------------------------------------------------------------------- */

static void take_close(struct claims *c, const struct opportunity *o)
{
    struct claim *const claim = claim_table_find(&c->open, o);

    if (claim != NULL) {
        claim_table_remove(&c->open, claim);
    }
    claim_table_end(&c->open, o);
}

static void note_left_out(struct claims *c, int64_t now_ns)
{
    c->n_left_out++;
    log_limited(&c->open_limit, now_ns, ARB_WARN, who,
                "%u opportunities are open in all, and there is room for %d and their memory: a "
                "further one is not closed should its run be gone, and may be opened twice (%llu "
                "messages of such so far)",
                c->open.n, CLAIMS_MAX, (unsigned long long)c->n_left_out);
}

/*
 * What a run that was stopped, or cut off, had under way may come behind the end that another one
 * said. That end counts: else it would be closed once more.
 */
void claims_take(struct claims *c, const struct opportunity *o, int64_t now_ns)
{
    const unsigned strategy = find_strategy(c, o->strategy);

    if (strategy == c->n_strategies) {
        return;
    }
    if (o->terms.event == ARB_OPPORTUNITY_CLOSE) {
        take_close(c, o);
        return;
    }
    if (o->terms.event == ARB_OPPORTUNITY_OPEN) {
        claim_table_begin(&c->open, o);
    } else if (claim_table_has_ended(&c->open, o)) {
        return;
    }
    if (claim_table_put(&c->open, strategy, o) == NULL) {
        note_left_out(c, now_ns);
    }
}

uint64_t claims_left_out(const struct claims *c)
{
    return c->n_left_out;
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

/* While brokers are away nobody is heard, and nobody is dead for it. */
static bool is_sure(const struct claims *c, unsigned strategy, int64_t now_ns)
{
    const struct echo *const echo = &c->echoes[strategy];

    return echo->heard_ns != 0 && now_ns - echo->heard_ns <= HEARD_NS &&
           now_ns - echo->since_ns >= DEAD_NS;
}

/*
 * What our run has open it closes by itself. Not at once: whoever had to close before us may just
 * have done it.
 */
static bool is_due(struct claims *c, struct claim *claim, int64_t now_ns)
{
    if (claim->closed_ns != 0 && now_ns - claim->closed_ns < AGAIN_NS) {
        return false;
    }
    if (!is_sure(c, claim->strategy, now_ns) ||
        claim->last->session == session_of(c, claim->strategy) ||
        !is_dead(find_run(c, claim->last->session), now_ns) ||
        !is_ours_to_close(c, claim->strategy, now_ns)) {
        claim->ours_since_ns = 0;
        return false;
    }
    if (claim->ours_since_ns == 0) {
        claim->ours_since_ns = now_ns;
    }
    return now_ns - claim->ours_since_ns >= HANDOVER_NS;
}

/* Each call goes on where the last one ended, until all were looked at. */
const struct opportunity *claims_next_dead(struct claims *c, int64_t now_ns)
{
    for (; c->next < c->open.n; c->next++) {
        if (is_due(c, &c->open.list[c->next], now_ns)) {
            return c->open.list[c->next].last;
        }
    }
    c->next = 0;
    return NULL;
}

void claims_closed(struct claims *c, const struct opportunity *dead, int64_t now_ns)
{
    struct claim *const claim = claim_table_find(&c->open, dead);

    if (claim != NULL) {
        claim->closed_ns = now_ns;
    }
}

/* -- what may be opened ---------------------------------------------------------------- */

/* Another one that is there, and not of our group, looks after its own. */
static bool is_in_the_way(struct claims *c, struct claim *opening, int64_t now_ns)
{
    if (!c->strategies[opening->strategy].has_group &&
        !is_dead(find_run(c, opening->last->session), now_ns)) {
        return false;
    }
    if (opening->wanted_ns == 0) {
        opening->wanted_ns = now_ns;
    }
    return now_ns - opening->wanted_ns < PATIENCE_NS;
}

/*
 * Who has not heard itself for a while may have been stopped, and does not know what others of the
 * group have opened since, nor for some time after it hears itself again; nor does one that has
 * just come.
 */
static bool may_have_missed(const struct claims *c, unsigned strategy, int64_t now_ns)
{
    const struct echo *const echo = &c->echoes[strategy];

    return c->strategies[strategy].has_group &&
           (echo->heard_ns == 0 || now_ns - echo->heard_ns > HEARD_NS ||
            now_ns - echo->since_ns < HANDOVER_NS);
}

bool claims_is_taken(struct claims *c, const struct opportunity *o, int64_t now_ns)
{
    const unsigned strategy = find_strategy(c, o->strategy);

    if (strategy == c->n_strategies) {
        return false;
    }
    if (may_have_missed(c, strategy, now_ns)) {
        return true;
    }
    for (struct claim *claim = NULL;
         (claim = claim_table_next_at(&c->open, strategy, o, claim)) != NULL;) {
        if (claim->strategy == strategy && claim->last->session != session_of(c, strategy) &&
            opportunity_is_same_place(claim->last, o) && is_in_the_way(c, claim, now_ns)) {
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
    c->echoes = calloc((size_t)n_strategies + 1, sizeof(*c->echoes));
    if (c->strategies == NULL || c->echoes == NULL) {
        claims_destroy(c);
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
        claim_table_fini(&c->open);
        free(c->strategies);
        free(c->echoes);
        free(c);
    }
}
