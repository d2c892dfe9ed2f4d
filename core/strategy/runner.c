#include "strategy/runner.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "plugin/options.h"
#include "strategy/attention.h"
#include "strategy/liveness.h"
#include "strategy/matrices.h"
#include "strategy/requests.h"
#include "util/clock.h"
#include "util/joinable.h"
#include "util/log.h"
#include "util/shortage.h"

enum {
    WHO_MAX = CONFIG_NAME_MAX + sizeof("strategy="),
    STOP_OWES_MS = 1000,  /* for the publisher to make room for what was closed at the end */
    STOP_TURNS_MAX = 64,  /* turns taken to empty the source before the strategy is stopped */
    THREAD_NAME_MAX = 16, /* of Linux, terminator included */
    N_STATS = sizeof(struct runner_stats) / sizeof(uint64_t),
};

_Static_assert(sizeof(struct runner_stats) % sizeof(uint64_t) == 0, "published word by word");

struct runner {
    struct runner_config config;
    char who[WHO_MAX];
    struct watch_subject subject; /* the plugin, for each callback's mark */
    void *self;                   /* the strategy's instance */
    struct market *market;
    struct runner_stats stats;
    struct delivery delivery;
    struct waiting waiting;                   /* of delivery */
    struct liveness liveness;                 /* of the thread's loop */
    struct attention attention;               /* likewise */
    struct moment step_now;                   /* the time, unless is_real_time */
    int64_t due_ns[ARB_TIMERS_MAX];           /* monotonic; NEVER_NS: not set */
    int64_t next_sample_ns[ARB_MISS_MAX + 1]; /* monotonic, by reason */
    int64_t expires_ns; /* when a book may be STALE because nobody watches it */
    bool is_real_time;
    bool is_init_called; /* then fini() has to be, too */
    bool is_disabled;
    bool is_free; /* it was not held, once */
    bool is_finished;
    struct joinable thread;
    _Atomic bool is_stopping;            /* released by runner_stop(), acquired by the thread */
    _Atomic uint64_t published[N_STATS]; /* struct runner_stats, for other threads */
    struct requests requests;
    struct survival survival;
    struct matrices matrices;
};

static const struct arb_strategy_ops *ops_of(const struct runner *runner)
{
    return &runner->config.plugin->strategy;
}

static struct moment now_of(const struct runner *runner)
{
    return runner->is_real_time ? clock_moment() : runner->step_now;
}

static void carry_out_timers(struct runner *runner)
{
    const struct requests *const requests = &runner->requests;

    for (uint32_t i = 0; i < ARB_TIMERS_MAX; i++) {
        if ((requests->timers >> i & 1) != 0) {
            const int64_t delay_ns = requests->delay_ms[i] * NS_PER_MS;
            runner->due_ns[i] = delay_ns == 0 ? NEVER_NS : requests->host.mono_ns + delay_ns;
        }
    }
}

/* Of each reason one is told to everybody every now and then. */
static void sample(struct runner *runner, const struct arb_miss *miss, struct moment now)
{
    const int64_t every_ns = runner->config.strategy->misses_ms * NS_PER_MS;
    int64_t *const next_ns = &runner->next_sample_ns[miss->reason];

    if (every_ns > 0 && runner->config.ring != NULL && now.mono_ns >= *next_ns &&
        delivery_send_miss(&runner->delivery, runner->market, miss,
                           runner->stats.missed[miss->reason], now)) {
        *next_ns = now.mono_ns + every_ns;
    }
}

static void carry_out_misses(struct runner *runner, struct moment now)
{
    const struct requests *const requests = &runner->requests;

    for (uint32_t i = 0; i <= ARB_MISS_MAX; i++) {
        runner->stats.missed[i] += requests->n_missed[i];
    }
    for (uint32_t i = 0; i < requests->n_misses; i++) {
        const struct arb_miss *const miss = &requests->misses[i];
        if (runner->config.miss_fn != NULL) {
            runner->config.miss_fn(runner->config.context, runner->market, miss);
        }
        sample(runner, miss, now);
    }
}

/* The host handle for a callback that is made now. */
static struct arb_host *begin(struct runner *runner)
{
    requests_begin(&runner->requests, now_of(runner));
    return &runner->requests.host;
}

static const char intrusion[] = "only callbacks that get the host may call it, on their own thread";

/* The rule broken by the callback that returned `rc`, or NULL. */
static const char *find_broken_rule(struct runner *runner, int rc)
{
    requests_end(&runner->requests);
    if (requests_were_intruded(&runner->requests)) {
        return intrusion;
    }
    if (runner->requests.broken_rule != NULL) {
        return runner->requests.broken_rule;
    }
    return rc == ARB_OK ? NULL : "a callback returns ARB_OK";
}

static void disable(struct runner *runner, const char *callback, int rc, const char *rule)
{
    runner->is_disabled = true;
    runner->stats.disabled = 1;
    log_line(ARB_ERROR, runner->who,
             "disabled: %s() of plugin %s broke the rule that %s (it returned %d)", callback,
             runner->config.plugin->desc.name, rule, rc);
}

/* Ends the strategy when the callback failed, and says whether it did. */
static bool has_failed(struct runner *runner, const char *callback, int rc)
{
    const char *const rule = find_broken_rule(runner, rc);

    if (rule != NULL) {
        disable(runner, callback, rc, rule);
    }
    return rule != NULL;
}

/* What a callback asked for. What comes before an opportunity that breaks a rule is told. */
static void carry_out(struct runner *runner, const char *callback, enum delivery_cause cause)
{
    const struct requests *const requests = &runner->requests;
    const struct moment detect = now_of(runner);

    carry_out_timers(runner);
    carry_out_misses(runner, detect);
    for (uint32_t i = 0; i < requests->n_opportunities; i++) {
        const struct arb_opportunity *const terms = &requests->opportunities[i];
        const char *const rule = openings_broken_rule(&runner->delivery.openings, terms);
        if (rule != NULL) {
            disable(runner, callback, ARB_OK, rule);
            return;
        }
        delivery_send(&runner->delivery, runner->market, terms, cause, detect);
    }
}

static const struct arb_bytes no_input = { "", 0 };

static struct arb_bytes symbol_of(const struct arb_market *market)
{
    return (struct arb_bytes){ market->info->symbol, strlen(market->info->symbol) };
}

static void show_markets(struct runner *runner)
{
    struct arb_market market;

    while (!runner->is_disabled && market_changed(runner->market, &market)) {
        struct arb_host *const host = begin(runner);
        runner->stats.markets++;
        watch_enter(&runner->subject, "on_market()", symbol_of(&market));
        const int rc = ops_of(runner)->on_market(runner->self, host, &market);
        watch_leave();
        if (!has_failed(runner, "on_market", rc)) {
            carry_out(runner, "on_market", BY_MARKET);
        }
        matrices_see(&runner->matrices, &market, host->mono_ns);
    }
}

/* What opened some time ago: is any of it left? */
static void tell_survival(struct runner *runner)
{
    const struct moment now = now_of(runner);
    struct opportunity opportunity;

    while (!runner->is_disabled &&
           survival_next(&runner->survival, runner->market, now, &opportunity)) {
        delivery_send_rest(&runner->delivery, &opportunity, now);
    }
}

/* Some in each turn: opportunities do not wait for displays. */
static void show_matrices(struct runner *runner)
{
    const struct moment now = now_of(runner);
    struct matrices *const matrices = &runner->matrices;
    struct matrix matrix;
    uint32_t instrument;

    for (unsigned i = 0; i < MATRICES_A_TURN && !runner->is_disabled &&
                         matrices_next(matrices, now.mono_ns, &instrument);
         i++) {
        if (matrices_make(matrices, runner->market, instrument, now, &matrix) &&
            !delivery_show(&runner->delivery, &matrix)) {
            matrices_put_off(matrices, instrument);
        }
    }
}

/* The timer that is due first. */
static uint32_t next_timer(const struct runner *runner)
{
    uint32_t first = 0;

    for (uint32_t i = 1; i < ARB_TIMERS_MAX; i++) {
        if (runner->due_ns[i] < runner->due_ns[first]) {
            first = i;
        }
    }
    return first;
}

static void fire_timer(struct runner *runner, uint32_t timer)
{
    runner->due_ns[timer] = NEVER_NS;
    if (ops_of(runner)->on_timer == NULL) {
        return;
    }
    struct arb_host *const host = begin(runner);
    runner->stats.timers++;
    watch_enter(&runner->subject, "on_timer()", no_input);
    const int rc = ops_of(runner)->on_timer(runner->self, host, timer);
    watch_leave();
    if (!has_failed(runner, "on_timer", rc)) {
        carry_out(runner, "on_timer", BY_TIMER);
    }
}

/* As many as there are timers: one that sets itself again waits for the next turn at the latest. */
static void fire_timers(struct runner *runner)
{
    for (uint32_t i = 0; i < ARB_TIMERS_MAX && !runner->is_disabled; i++) {
        const uint32_t timer = next_timer(runner);
        if (runner->due_ns[timer] > now_of(runner).mono_ns) {
            return;
        }
        fire_timer(runner, timer);
    }
}

/* Takes in `event` and what is queued behind it; returns how many these were. */
static unsigned drain(struct runner *runner, const struct event *event)
{
    struct source *const source = runner->config.source;
    const struct moment now = now_of(runner);
    const int64_t now_ns = now.mono_ns;
    unsigned n = 0;

    while (event != NULL) {
        if (event->kind == EVENT_ALIVE) {
            attention_alive(&runner->attention, event, now);
        }
        const bool is_lost = event->kind == EVENT_LOST || event->kind == EVENT_NOT_OURS;
        if (!runner->is_disabled) {
            market_apply(runner->market, event, now_ns);
        }
        if (++n == RUNNER_DRAIN_MAX || is_lost) {
            break; /* what is lost is shown before the source gives it up */
        }
        event = source->ops->next(source, 0);
    }
    runner->expires_ns = market_on_time(runner->market, now_ns);
    return n;
}

static void publish_stats(struct runner *runner)
{
    uint64_t words[N_STATS];

    runner->stats.market = *market_stats(runner->market);
    runner->stats.opportunities = runner->delivery.n;
    runner->stats.dropped = runner->delivery.dropped;
    runner->stats.matrices = runner->delivery.n_matrices;
    runner->stats.left_out = runner->delivery.n_left_out;
    memcpy(words, &runner->stats, sizeof(words));
    for (unsigned i = 0; i < N_STATS; i++) {
        atomic_store_explicit(&runner->published[i], words[i], memory_order_relaxed);
    }
}

/* Once it is not, it never is again: what is open has to be looked after. */
static bool is_held(struct runner *runner)
{
    const struct runner_config *const config = &runner->config;

    runner->is_free = runner->is_free || config->is_held == NULL || !config->is_held(config->host);
    return !runner->is_free;
}

/* Returns how many events were taken in. */
static unsigned turn(struct runner *runner, const struct event *event)
{
    const unsigned n = drain(runner, event);

    if (!is_held(runner)) {
        show_markets(runner);
        fire_timers(runner);
        tell_survival(runner);
        show_matrices(runner);
    }
    publish_stats(runner);
    return n;
}

static void finish(struct runner *runner)
{
    if (runner->is_finished || runner->is_disabled) {
        return;
    }
    runner->is_finished = true;
    if (ops_of(runner)->on_stop != NULL) {
        struct arb_host *const host = begin(runner);
        watch_enter(&runner->subject, "on_stop()", no_input);
        const int rc = ops_of(runner)->on_stop(runner->self, host);
        watch_leave();
        if (!has_failed(runner, "on_stop", rc)) {
            carry_out(runner, "on_stop", BY_TIMER);
        }
    }
    publish_stats(runner);
}

/* Rounded up, so that the timer is due when the source gives up waiting. */
static int wait_ms(const struct runner *runner)
{
    const int64_t timer_ns = runner->is_free ? runner_next_timer_ns(runner) : NEVER_NS;
    const int64_t due_ns = timer_ns < runner->expires_ns ? timer_ns : runner->expires_ns;
    const int64_t now_ns = now_of(runner).mono_ns;

    if (due_ns <= now_ns) {
        return 0;
    }
    if (due_ns >= now_ns + RUNNER_WAIT_MAX_MS * NS_PER_MS) {
        return RUNNER_WAIT_MAX_MS;
    }
    return (int)((due_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS);
}

static void look_at_silence(struct runner *runner)
{
    if (!runner->is_disabled) {
        attention_look(&runner->attention, market_stats(runner->market), runner->config.source,
                       clock_mono_ns());
    }
}

/* What a disabled strategy left open is for others to close: it does not say that it runs. */
static void look_after_delivery(struct runner *runner)
{
    if (!runner->is_disabled) {
        delivery_look(&runner->delivery, runner->market, clock_moment());
    }
}

/* For top and gdb; cut to what fits. */
static void name_thread(const struct runner *runner)
{
    char name[THREAD_NAME_MAX];

    (void)snprintf(name, sizeof(name), "%.*s", THREAD_NAME_MAX - 1, runner->config.strategy->name);
    (void)pthread_setname_np(pthread_self(), name); /* a thread without a name works as well */
}

/* The last callback may close more than the ring holds: the publisher is still there. */
static void end_delivery(struct runner *runner)
{
    const int64_t deadline_ns = clock_mono_ns() + STOP_OWES_MS * NS_PER_MS;
    const struct timespec pause = { .tv_nsec = NS_PER_MS };

    if (runner->is_disabled) {
        return;
    }
    while (delivery_owes(&runner->delivery, runner->market, clock_moment()) &&
           clock_mono_ns() < deadline_ns) {
        (void)nanosleep(&pause, NULL); /* cut short it is looked at sooner */
    }
    if (delivery_owes(&runner->delivery, runner->market, clock_moment())) {
        log_line(ARB_WARN, runner->who,
                 "%u opportunities stay open, because the publisher had no room for their end "
                 "within %d ms; the next run closes them as abandoned",
                 runner->waiting.n_closes, STOP_OWES_MS);
    }
    delivery_end(&runner->delivery, clock_moment());
}

static void run(void *context)
{
    struct runner *const runner = context;
    struct source *const source = runner->config.source;

    name_thread(runner);
    watch_here = runner->config.mark;
    /* Pairs with the release in runner_stop(). */
    while (!atomic_load_explicit(&runner->is_stopping, memory_order_acquire)) {
        const struct event *const event = source->ops->next(source, wait_ms(runner));
        (void)turn(runner, event); /* however many these were, the loop goes on */
        liveness_look(&runner->liveness, runner->market, clock_mono_ns());
        look_at_silence(runner);
        look_after_delivery(runner);
    }
    for (unsigned i = 0; i < STOP_TURNS_MAX; i++) {
        if (turn(runner, source->ops->next(source, 0)) < RUNNER_DRAIN_MAX) {
            break;
        }
    }
    finish(runner);
    end_delivery(runner);
}

void runner_step(struct runner *runner, struct moment now)
{
    struct source *const source = runner->config.source;

    assert(!runner->thread.is_started);
    runner->step_now = now;
    (void)turn(runner, source->ops->next(source, 0)); /* the caller decides how often */
}

int64_t runner_next_timer_ns(const struct runner *runner)
{
    const int64_t timer_ns = runner->due_ns[next_timer(runner)];
    const int64_t survival_ns = survival_due_ns(&runner->survival);
    const int64_t matrix_ns = matrices_due_ns(&runner->matrices);
    const int64_t due_ns = timer_ns < survival_ns ? timer_ns : survival_ns;

    return runner->is_disabled ? NEVER_NS : due_ns < matrix_ns ? due_ns : matrix_ns;
}

void runner_finish(struct runner *runner, struct moment now)
{
    assert(!runner->thread.is_started);
    runner->step_now = now;
    finish(runner);
}

int runner_start(struct runner *runner, struct err *err)
{
    assert(!runner->thread.is_started);
    runner->is_real_time = true;
    runner->liveness = (struct liveness){ .who = runner->who, .started_ns = clock_mono_ns() };
    const int rc = joinable_start(&runner->thread, run, runner);

    if (rc == ARB_OK) {
        return ARB_OK;
    }
    (void)shortage_no_thread("to be had", err);
    return err_prefix(err, "%s: ", runner->who);
}

void runner_ask_to_stop(struct runner *runner)
{
    if (runner->thread.is_started) {
        atomic_store_explicit(&runner->is_stopping, true, memory_order_release);
        runner->config.source->ops->wake(runner->config.source);
    }
}

bool runner_stop(struct runner *runner, int64_t deadline_ns)
{
    runner_ask_to_stop(runner);
    return joinable_join(&runner->thread, deadline_ns);
}

struct market *runner_market(struct runner *runner)
{
    assert(!runner->thread.is_started);
    return runner->market;
}

void runner_stats_read(const struct runner *runner, struct runner_stats *out)
{
    uint64_t words[N_STATS];

    for (unsigned i = 0; i < N_STATS; i++) {
        words[i] = atomic_load_explicit(&runner->published[i], memory_order_relaxed);
    }
    memcpy(out, words, sizeof(*out));
}

/* Allocates the instance and fills in its options. */
static int make_instance(struct runner *runner, struct problems *problems, struct err *err)
{
    const struct strategy_config *const strategy = runner->config.strategy;
    const struct arb_plugin *const desc = &runner->config.plugin->desc;
    char section[CONFIG_NAME_MAX + sizeof("strategy:")];

    runner->self = calloc(1, desc->instance_size > 0 ? desc->instance_size : 1);
    if (runner->self == NULL) {
        return err_set(err, ARB_ENOMEM, "%s: no memory for an instance of %zu bytes", runner->who,
                       desc->instance_size);
    }
    (void)snprintf(section, sizeof(section), "strategy:%s", strategy->name); /* fits by its size */
    if (options_apply(desc, strategy->options, section, strategy->line, runner->self, problems) !=
        ARB_OK) {
        return err_set(err, ARB_EINVAL, "%s: options of plugin %s cannot be used", runner->who,
                       desc->name);
    }
    return ARB_OK;
}

static int init_strategy(struct runner *runner, struct err *err)
{
    const struct arb_strategy_env env = {
        .size = sizeof(env),
        .abi_major = ARB_ABI_MAJOR,
        .abi_minor = ARB_ABI_MINOR,
        .instruments_max = MARKET_INSTRUMENTS_MAX,
        .n_venues = runner->config.n_venues,
        .venues = runner->config.venues,
    };
    if (ops_of(runner)->init == NULL) {
        return ARB_OK;
    }
    struct arb_host *const host = begin(runner);
    runner->is_init_called = true;
    watch_enter(&runner->subject, "init()", no_input);
    const int rc = ops_of(runner)->init(runner->self, host, &env);
    watch_leave();
    const char *const rule = find_broken_rule(runner, rc);
    if (rule != NULL) {
        return err_set(err, rc == ARB_OK ? ARB_EINVAL : rc,
                       "%s: init() of plugin %s broke the rule that %s (it returned %d)",
                       runner->who, runner->config.plugin->desc.name, rule, rc);
    }
    carry_out(runner, "init", BY_TIMER);
    return ARB_OK;
}

static int make_market(struct runner *runner, struct err *err)
{
    const struct market_config config = {
        .venues = runner->config.venues,
        .n_venues = runner->config.n_venues,
        .who = runner->who,
        .config = runner->config.config,
        .wanted_venues = runner->config.strategy->venues,
        .wanted_symbols = runner->config.strategy->symbols,
        .n_wanted_symbols = runner->config.strategy->n_symbols,
        .is_shared = runner->config.is_shared,
    };
    const int rc = market_create(&runner->market, &config);

    if (rc != ARB_OK) {
        return err_set(err, rc, "%s: no market of %u venues: at most %d fit, or memory is short",
                       runner->who, runner->config.n_venues, ARB_VENUES_MAX);
    }
    const bool is_shown = runner->config.displays != NULL;
    if (matrices_init(&runner->matrices,
                      is_shown ? runner->config.strategy->matrix_ms * NS_PER_MS : 0,
                      runner->config.n_venues) != ARB_OK) {
        return err_set(err, ARB_ENOMEM, "%s: no memory for spread matrices", runner->who);
    }
    requests_init(&runner->requests, runner->who, runner->market, runner->config.n_venues);
    return ARB_OK;
}

/* Sets what has a value other than zero before anything can fail. */
static void prepare(struct runner *runner, const struct runner_config *config)
{
    runner->config = *config;
    runner->step_now = config->now;
    runner->expires_ns = NEVER_NS;
    (void)snprintf(runner->who, sizeof(runner->who), "strategy=%s",
                   config->strategy->name); /* fits by its size */
    watch_subject_init(&runner->subject, runner->who, config->plugin->desc.name);
    for (uint32_t i = 0; i < ARB_TIMERS_MAX; i++) {
        runner->due_ns[i] = NEVER_NS;
    }
    runner->delivery = (struct delivery){
        .who = runner->who,
        .strategy = config->strategy->name,
        .session = config->session,
        .tenure = config->tenure,
        .is_taken = config->is_taken,
        .host = config->host,
        .ring = config->ring,
        .fn = config->fn,
        .rest_fn = config->rest_fn,
        .displays = config->displays,
        .survival = &runner->survival,
        .context = config->context,
        .waiting = &runner->waiting,
    };
    runner->survival.delays = &config->strategy->survival;
    runner->attention = (struct attention){ .who = runner->who, .limit_ns = config->silence_ns };
}

int runner_create(struct runner **runner, const struct runner_config *config,
                  struct problems *problems, struct err *err)
{
    struct runner *const created = calloc(1, sizeof(*created));

    if (created == NULL) {
        return err_set(err, ARB_ENOMEM, "strategy=%s: no memory for its runner",
                       config->strategy->name);
    }
    prepare(created, config);
    int rc = make_market(created, err);
    if (rc != ARB_OK) {
        goto fail;
    }
    rc = make_instance(created, problems, err);
    if (rc != ARB_OK) {
        goto fail;
    }
    rc = init_strategy(created, err);
    if (rc != ARB_OK) {
        goto fail;
    }
    *runner = created;
    return ARB_OK;

fail:
    runner_destroy(created);
    return rc;
}

void runner_destroy(struct runner *runner)
{
    if (runner == NULL) {
        return;
    }
    assert(!runner->thread.is_started);
    if (runner->is_init_called && ops_of(runner)->fini != NULL) {
        watch_enter(&runner->subject, "fini()", no_input);
        ops_of(runner)->fini(runner->self);
        watch_leave();
        if (requests_were_intruded(&runner->requests)) {
            log_line(ARB_ERROR, runner->who, "fini() of plugin %s broke the rule that %s",
                     runner->config.plugin->desc.name, intrusion);
        }
    }
    free(runner->self);
    market_destroy(runner->market);
    matrices_fini(&runner->matrices);
    free(runner);
}
