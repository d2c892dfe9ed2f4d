/*
 * The runner with a strategy that does as it is told, fed over rings. What happens is kept as
 * text: one line for each callback and each opportunity that was delivered.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arbspot/text.h"
#include "feed_stub.h"
#include "stderr_capture.h"
#include "strategy/matrices.h"
#include "strategy/ring_source.h"
#include "plugin/abi_sizes.h"
#include "strategy/runner.h"
#include "util/clock.h"

#define MS INT64_C(1000000)
#define START_NS (INT64_C(5000) * MS)

enum { RING_BYTES = 1 << 20, WAIT_MS = 5000 };

struct world;

/* What the strategy does in a callback, and where it is told. */
struct script {
    struct world *world; /* where the lines go */
    int init_rc, market_rc, timer_rc;
    unsigned n_publish; /* opportunities on_market() publishes */
    bool is_each_new;   /* each OPEN is of another one */
    struct arb_opportunity terms;
    unsigned n_timers; /* timers on_market() sets, once */
    struct {
        uint32_t timer, delay_ms;
    } timers[4];
    bool does_publish_by_timer;
    struct arb_host *kept;  /* the host, from init() */
    bool does_call_by_fini; /* on it */
    int fini_rc;            /* what that call returned */
    bool looks_by_timer;    /* at this instrument */
    uint32_t instrument;
    unsigned n_misses; /* that on_market() tells, all alike */
    struct arb_miss miss;
};

extern const struct arb_plugin arb_plugin; /* cross_venue is linked into this test */

static struct script *script; /* a plugin has no globals; this one is the test's puppet */

struct world {
    struct script script;
    struct plugin plugin;
    struct strategy_config strategy;
    struct runner_config config;
    struct runner *runner;
    struct source *source;
    struct waker waker, out_waker;
    struct ring rings[2], out;
    struct feed_stub a, b; /* BTC/USD on both venues */
    struct err err;
    struct problems problems;
    char text[65536];
    struct arb_text lines;
    struct opportunity *opportunity; /* where the last one is put, or NULL */
};

static const struct arb_venue venues[] = { { .name = "askinc" }, { .name = "bidex" } };

static const char *lines(struct world *world)
{
    assert_true(arb_text_fits(&world->lines));
    return world->text;
}

static void forget_lines(struct world *world)
{
    world->lines = arb_text_over(world->text, sizeof(world->text));
}

static long long ms_of(int64_t ns)
{
    return (long long)((ns - START_NS) / MS);
}

/* --- the strategy --- */

struct puppet {
    int64_t level; /* its one option */
};

static int puppet_init(void *self, struct arb_host *host, const struct arb_strategy_env *env)
{
    const struct puppet *const puppet = self;

    arb_text_add(&script->world->lines, "init level=%lld venues=%u t=%lld\n",
                 (long long)puppet->level, env->n_venues, ms_of(host->now_ns));
    script->kept = host;
    return script->init_rc;
}

static void set_timers(struct arb_host *host)
{
    for (unsigned i = 0; i < script->n_timers; i++) {
        (void)arb_timer_set(host, script->timers[i].timer, script->timers[i].delay_ms);
    }
    script->n_timers = 0;
}

/* What breaks a rule the host notices by itself. */
static void say_terms(struct arb_host *host)
{
    if ((script->n_publish > 1 || script->is_each_new) &&
        script->terms.event == ARB_OPPORTUNITY_OPEN) {
        script->terms.id++; /* each is another one */
    }
    (void)arb_opportunity_publish(host, &script->terms);
}

static int puppet_market(void *self, struct arb_host *host, const struct arb_market *market)
{
    (void)self;
    arb_text_add(&script->world->lines, "market %s%s changed=%x t=%lld\n", market->info->symbol,
                 market->is_elsewhere ? " elsewhere" : "", (unsigned)market->changed,
                 ms_of(host->now_ns));
    set_timers(host);
    for (unsigned i = 0; i < script->n_publish; i++) {
        say_terms(host);
    }
    for (unsigned i = 0; i < script->n_misses; i++) {
        (void)arb_miss_tell(host, &script->miss);
    }
    return script->market_rc;
}

static void look(struct arb_host *host)
{
    struct arb_market market;
    const int rc = arb_market_view(host, script->instrument, &market);

    if (rc != ARB_OK) {
        arb_text_add(&script->world->lines, "no view: %s\n", arb_rc_text(rc));
        return;
    }
    arb_text_add(&script->world->lines, "view %s changed=%x size=%d", market.info->symbol,
                 (unsigned)market.changed, market.size == sizeof(market));
    for (uint32_t i = 0; i < market.n_venues; i++) {
        arb_text_add(&script->world->lines, " %s %lld", market.venues[i].name,
                     (long long)arb_bid_at(&market.books[i], 0)->px);
    }
    arb_text_add(&script->world->lines, "\n");
}

static int puppet_timer(void *self, struct arb_host *host, uint32_t timer)
{
    (void)self;
    arb_text_add(&script->world->lines, "timer %u t=%lld\n", timer, ms_of(host->now_ns));
    if (script->does_publish_by_timer) {
        say_terms(host);
    }
    if (script->looks_by_timer) {
        look(host);
    }
    return script->timer_rc;
}

static int puppet_stop(void *self, struct arb_host *host)
{
    (void)self;
    arb_text_add(&script->world->lines, "stop t=%lld\n", ms_of(host->now_ns));
    return ARB_OK;
}

static void puppet_fini(void *self)
{
    (void)self;
    arb_text_add(&script->world->lines, "fini\n");
    if (script->does_call_by_fini) {
        script->fini_rc = arb_timer_set(script->kept, 1, 10);
    }
}

static const struct arb_option puppet_options[] = {
    ARB_OPTION_INT("level", struct puppet, level, "7", 0, 9, "A number."),
};

static const struct arb_strategy_ops puppet_ops = {
    .size = sizeof(puppet_ops),
    .init = puppet_init,
    .on_market = puppet_market,
    .on_timer = puppet_timer,
    .on_stop = puppet_stop,
    .fini = puppet_fini,
};

static const struct arb_plugin puppet_plugin = {
    ARB_PLUGIN_HEADER(ARB_KIND_STRATEGY),
    .name = "puppet",
    .version = "1",
    .description = "Does as it is told",
    .instance_size = sizeof(struct puppet),
    ARB_PLUGIN_OPTIONS(puppet_options),
    .ops = &puppet_ops,
};

/* --- set-up --- */

/* "opportunity #1 OPEN 9 BTC/USD askinc 1#2 3 ms -> bidex 1#1 5 ms t=8 latency=3" */
static void tell(void *context, const struct opportunity *o)
{
    struct world *const world = context;

    if (world->opportunity != NULL) {
        *world->opportunity = *o;
    }
    arb_text_add(&world->lines,
                 "%s run %llu #%llu event %u id %llu %s: %s %llu#%llu age %lld -> %s %llu#%llu age "
                 "%lld t=%lld latency %lld\n",
                 o->strategy, (unsigned long long)o->session, (unsigned long long)o->seq,
                 o->terms.event, (unsigned long long)o->terms.id, o->legs[0].info.symbol,
                 o->legs[0].venue, (unsigned long long)o->legs[0].session,
                 (unsigned long long)o->legs[0].seq, (long long)(o->legs[0].age_ns / MS),
                 o->legs[1].venue, (unsigned long long)o->legs[1].session,
                 (unsigned long long)o->legs[1].seq, (long long)(o->legs[1].age_ns / MS),
                 ms_of(o->detect_ns), (long long)(o->latency_ns / MS));
}

static struct arb_opportunity valid_terms(void)
{
    return (struct arb_opportunity){
        .size = sizeof(struct arb_opportunity),
        .event = ARB_OPPORTUNITY_OPEN,
        .id = 9,
        .n_legs = 2,
        .legs = { { .venue = 0, .side = ARB_BUY, .qty = 1, .limit_px = 1 },
                  { .venue = 1, .side = ARB_SELL, .qty = 1, .limit_px = INT64_MAX } }
    };
}

static void make_source(struct world *world)
{
    const struct ring_source_venue rings[] = { { &world->rings[0], NULL },
                                               { &world->rings[1], NULL } };

    assert_int_equal(ARB_OK, waker_init(&world->waker));
    assert_int_equal(ARB_OK, ring_init(&world->rings[0], RING_BYTES, &world->waker));
    assert_int_equal(ARB_OK, ring_init(&world->rings[1], RING_BYTES, &world->waker));
    assert_int_equal(ARB_OK, ring_source_create(&world->source, rings, 2, &world->waker));
}

static int set_up(void **state)
{
    struct world *const world = calloc(1, sizeof(*world));

    assert_non_null(world);
    make_source(world);
    forget_lines(world);
    feed_stub_init(&world->a, "askinc", "BTC/USD");
    feed_stub_init(&world->b, "bidex", "BTC/USD");
    assert_int_equal(ARB_OK, plugin_accept(&world->plugin, &puppet_plugin, 0, &world->err));
    (void)snprintf(world->strategy.name, sizeof(world->strategy.name), "demo");
    world->problems = (struct problems){ .out = stderr, .path = "test.ini" };
    world->config = (struct runner_config){ .strategy = &world->strategy,
                                            .plugin = &world->plugin,
                                            .venues = venues,
                                            .n_venues = 2,
                                            .source = world->source,
                                            .fn = tell,
                                            .context = world,
                                            .session = 77,
                                            .now = moment_at(START_NS) };
    world->script.world = world;
    world->script.terms = valid_terms();
    script = &world->script;
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    struct world *const world = *state;

    runner_destroy(world->runner);
    world->source->ops->destroy(world->source);
    ring_fini(&world->rings[0]);
    ring_fini(&world->rings[1]);
    waker_fini(&world->waker);
    feed_stub_fini(&world->a);
    feed_stub_fini(&world->b);
    free(world);
    return 0;
}

static int create(struct world *world)
{
    return runner_create(&world->runner, &world->config, &world->problems, &world->err);
}

/* For tests that look at what comes after init(). */
static void begin(struct world *world)
{
    assert_int_equal(ARB_OK, create(world));
    forget_lines(world);
}

static void send(struct world *world, unsigned ring, struct event event)
{
    void *const record = ring_reserve(&world->rings[ring], event_record_len(&event));

    assert_non_null(record);
    event_record_write(&event, record);
    ring_commit(&world->rings[ring]);
}

/* Both venues quote, received at these times. */
static void quote_both(struct world *world, int64_t a_ms, int64_t b_ms)
{
    world->a.recv_ns = START_NS + a_ms * MS;
    world->b.recv_ns = START_NS + b_ms * MS;
    send(world, 0, feed_stub_quote(&world->a, 100, 101));
    send(world, 1, feed_stub_quote(&world->b, 110, 111));
}

static void step(struct world *world, int64_t ms)
{
    runner_step(world->runner, moment_at(START_NS + ms * MS));
}

static struct runner_stats stats_of(const struct world *world)
{
    struct runner_stats stats;

    runner_stats_read(world->runner, &stats);
    return stats;
}

/* A source that has these events, one after another. */
struct list_source {
    struct source source; /* first */
    struct event events[8];
    unsigned n, at;
};

static const struct event *next_of_list(struct source *source, int timeout_ms)
{
    struct list_source *const list = (struct list_source *)source;

    (void)timeout_ms;
    return list->at < list->n ? &list->events[list->at++] : NULL;
}

/* --- set-up and end of a strategy --- */

static void init_sees_its_options_venues_and_time(void **state)
{
    struct world *const world = *state;

    assert_int_equal(ARB_OK, create(world));
    assert_string_equal("init level=7 venues=2 t=0\n", lines(world));
}

static void configured_option_reaches_the_instance(void **state)
{
    struct world *const world = *state;
    struct config_entry level = { .key = "level", .value = "3", .line = 4 };

    world->strategy.options = &level;
    assert_int_equal(ARB_OK, create(world));
    assert_string_equal("init level=3 venues=2 t=0\n", lines(world));
}

static void unknown_option_is_a_problem_with_its_line(void **state)
{
    struct world *const world = *state;
    struct config_entry level = { .key = "levle", .value = "3", .line = 4 };
    struct stderr_capture capture;

    world->strategy.options = &level;
    stderr_capture_begin(&capture);
    assert_int_equal(ARB_EINVAL, create(world));
    const char *const log = stderr_capture_end(&capture);
    assert_int_equal(1, count_of(log, "test.ini:4: [strategy:demo] levle: "));
    assert_string_equal("", lines(world)); /* nothing ran */
}

static void failed_init_is_undone_and_explained(void **state)
{
    struct world *const world = *state;

    world->script.init_rc = ARB_ENOTSUP;
    assert_int_equal(ARB_ENOTSUP, create(world));
    assert_string_equal("init level=7 venues=2 t=0\nfini\n", lines(world));
    assert_non_null(strstr(world->err.text, "init()"));
}

static void finish_stops_the_strategy_once(void **state)
{
    struct world *const world = *state;

    begin(world);
    runner_finish(world->runner, moment_at(START_NS + 4 * MS));
    runner_finish(world->runner, moment_at(START_NS + 5 * MS));
    assert_string_equal("stop t=4\n", lines(world));
}

static void host_is_not_called_from_fini(void **state)
{
    struct world *const world = *state;
    struct stderr_capture capture;

    begin(world);
    world->script.does_call_by_fini = true;
    stderr_capture_begin(&capture);
    runner_destroy(world->runner);
    world->runner = NULL;
    assert_int_equal(1, count_of(stderr_capture_end(&capture),
                                 "fini() of plugin puppet broke the rule that only callbacks that "
                                 "get the host may call it, on their own thread"));
    assert_int_equal(ARB_EINVAL, world->script.fini_rc);
}

/* As a thread of the plugin's would: it is noticed in the next callback. */
static void host_is_not_called_between_callbacks(void **state)
{
    struct world *const world = *state;
    struct stderr_capture capture;

    begin(world);
    assert_int_equal(ARB_EINVAL, arb_timer_set(world->script.kept, 1, 10));
    stderr_capture_begin(&capture);
    quote_both(world, 0, 0);
    step(world, 1);
    assert_int_equal(1, count_of(stderr_capture_end(&capture),
                                 "broke the rule that only callbacks that get the host may call"));
    assert_int_equal(1, stats_of(world).disabled);
}

/* --- markets --- */

static void instrument_is_shown_once_for_all_its_events(void **state)
{
    struct world *const world = *state;

    begin(world);
    quote_both(world, 0, 0);
    quote_both(world, 0, 0);
    step(world, 1);
    assert_string_equal("market BTC/USD changed=3 t=1\n", lines(world));
    assert_int_equal(4, stats_of(world).market.events);
}

static void nothing_new_shows_nothing(void **state)
{
    struct world *const world = *state;

    begin(world);
    quote_both(world, 0, 0);
    step(world, 1);
    forget_lines(world);
    step(world, 2);
    assert_string_equal("", lines(world));
}

static void step_takes_in_a_limited_number_of_events(void **state)
{
    struct world *const world = *state;

    begin(world);
    for (unsigned i = 0; i < RUNNER_DRAIN_MAX + 1; i++) {
        send(world, 0, feed_stub_quote(&world->a, 100, 101));
    }
    step(world, 1);
    assert_int_equal(RUNNER_DRAIN_MAX, stats_of(world).market.events);
    step(world, 2);
    assert_int_equal(RUNNER_DRAIN_MAX + 1, stats_of(world).market.events);
}

static void rings_are_read_in_turn(void **state)
{
    struct world *const world = *state;

    begin(world);
    for (unsigned i = 0; i < RUNNER_DRAIN_MAX; i++) {
        send(world, 0, feed_stub_quote(&world->a, 100, 101));
    }
    send(world, 1, feed_stub_quote(&world->b, 110, 111));
    step(world, 1);
    assert_string_equal("market BTC/USD changed=3 t=1\n", lines(world));
}

/* --- opportunities --- */

static void opportunity_carries_names_sequences_ages_and_latency(void **state)
{
    struct world *const world = *state;

    begin(world);
    world->script.n_publish = 1;
    world->b.session = 4;
    quote_both(world, 2, 5);
    world->a.recv_ns += MS;
    send(world, 0, feed_stub_set_bid(&world->a, 99, 1));
    step(world, 12);
    assert_string_equal("market BTC/USD changed=3 t=12\n"
                        "demo run 77 #1 event 1 id 9 BTC/USD: askinc 1#2 age 9 -> bidex 4#1 age 7 "
                        "t=12 latency 7\n",
                        lines(world));
}

/* Made 3 ms before it came; the venue's clock is 250 ms behind. */
static void leg_of_a_known_clock_has_the_age_since_the_venue_made_it(void **state)
{
    struct world *const world = *state;
    struct opportunity got = { 0 };

    begin(world);
    world->script.n_publish = 1;
    world->opportunity = &got;
    quote_both(world, 0, 0);
    struct event event = feed_stub_set_bid(&world->a, 99, 1);
    event.clock = (struct arb_clock){ .offset_ns = -250 * MS, .error_ns = 1 };
    event.venue_ns = event.recv_ns - 3 * MS - 250 * MS;
    send(world, 0, event);
    step(world, 12);
    assert_int_equal(got.legs[0].age_ns, 12 * MS);
    assert_int_equal(got.legs[0].venue_age_ns, 15 * MS);
    assert_int_equal(got.legs[0].clock.offset_ns, -250 * MS);
    assert_false(arb_clock_is_known(got.legs[1].clock));
    assert_int_equal(got.legs[1].venue_age_ns, 0);
}

static void leg_of_a_venue_that_gives_no_time_has_no_venue_age(void **state)
{
    struct world *const world = *state;
    struct opportunity got = { 0 };

    begin(world);
    world->script.n_publish = 1;
    world->opportunity = &got;
    quote_both(world, 0, 0);
    struct event event = feed_stub_set_bid(&world->a, 99, 1);
    event.clock = (struct arb_clock){ .offset_ns = 0, .error_ns = 1 };
    send(world, 0, event);
    step(world, 12);
    assert_false(arb_clock_is_known(got.legs[0].clock));
}

/* Levels that the limit reaches, its own price included; those of a close say nothing. */
static void leg_says_how_far_its_limit_reaches_and_what_is_proven(void **state)
{
    struct world *const world = *state;
    struct opportunity got = { 0 };

    begin(world);
    world->script.n_publish = 1;
    world->opportunity = &got;
    world->script.terms.legs[0].limit_px = 103;
    world->script.terms.legs[1].limit_px = 111;
    quote_both(world, 0, 0);
    send(world, 0, feed_stub_set_ask(&world->a, 103, 1));
    struct event event = feed_stub_set_ask(&world->a, 104, 1);
    event.verified_levels = 1;
    send(world, 0, event);
    event = feed_stub_set_bid(&world->b, 109, 1);
    event.verified = ARB_UNVERIFIABLE;
    event.verified_levels = 1;
    send(world, 1, event);
    step(world, 12);
    assert_int_equal(got.legs[0].verified, ARB_VERIFIED);
    assert_int_equal(got.legs[0].n_levels, 2);
    assert_int_equal(got.legs[0].verified_levels, 1);
    assert_int_equal(got.legs[1].verified, ARB_UNVERIFIABLE);
    assert_int_equal(got.legs[1].n_levels, 0);
    assert_int_equal(got.legs[1].verified_levels, 0);
    world->script.terms.legs[1].limit_px = 109;
    world->script.terms.event = ARB_OPPORTUNITY_UPDATE;
    send(world, 1, feed_stub_set_bid(&world->b, 108, 1));
    step(world, 13);
    assert_int_equal(got.legs[1].n_levels, 2);
    world->script.terms.event = ARB_OPPORTUNITY_CLOSE;
    world->script.terms.reason = ARB_CLOSE_GONE;
    send(world, 1, feed_stub_set_bid(&world->b, 107, 1));
    step(world, 14);
    assert_int_equal(got.legs[0].verified, 0);
    assert_int_equal(got.legs[1].n_levels, 0);
}

static void opportunities_are_numbered_without_gap(void **state)
{
    struct world *const world = *state;

    begin(world);
    world->script.n_publish = 2;
    quote_both(world, 0, 0);
    step(world, 0);
    assert_int_equal(1, count_of(lines(world), "#1 event"));
    assert_int_equal(1, count_of(lines(world), "#2 event"));
}

static bool held;

static bool is_held(const void *context)
{
    (void)context;
    return held;
}

/* Books are kept meanwhile. What was let go is not held again. */
static void strategy_is_not_called_while_it_is_held(void **state)
{
    struct world *const world = *state;

    world->config.is_held = is_held;
    held = true;
    begin(world);
    quote_both(world, 0, 0);
    step(world, 1);
    send(world, 0, feed_stub_set_bid(&world->a, 99, 1));
    step(world, 2);
    assert_string_equal("", lines(world));
    assert_int_equal(2, stats_of(world).market.n_live);
    held = false;
    step(world, 3);
    assert_string_equal("market BTC/USD changed=3 t=3\n", lines(world));
    held = true;
    forget_lines(world);
    send(world, 0, feed_stub_set_bid(&world->a, 98, 1));
    step(world, 4);
    assert_string_equal("market BTC/USD changed=1 t=4\n", lines(world));
}

static void opportunity_of_a_timer_has_no_latency(void **state)
{
    struct world *const world = *state;

    begin(world);
    world->script.n_timers = 1;
    world->script.timers[0].delay_ms = 10;
    world->script.does_publish_by_timer = true;
    quote_both(world, 0, 0);
    step(world, 0);
    forget_lines(world);
    step(world, 10);
    assert_string_equal("timer 0 t=10\n"
                        "demo run 77 #1 event 1 id 9 BTC/USD: askinc 1#1 age 10 -> bidex 1#1 age "
                        "10 t=10 latency 0\n",
                        lines(world));
}

static void times_beyond_reason_give_saturated_ages(void **state)
{
    struct world *const world = *state;

    begin(world);
    world->script.n_publish = 1;
    quote_both(world, 0, 0);
    world->a.recv_ns = INT64_MIN;
    send(world, 0, feed_stub_quote(&world->a, 100, 101));
    step(world, 0);
    assert_int_equal(1, count_of(lines(world), "age 9223372036854 "));
}

static void full_ring_drops_updates_and_counts_them(void **state)
{
    struct world *const world = *state;
    struct stderr_capture capture;

    assert_int_equal(ARB_OK, ring_init(&world->out, 4096, NULL));
    world->config.ring = &world->out;
    world->config.fn = NULL;
    begin(world);
    world->script.n_publish = 1;
    quote_both(world, 0, 0);
    step(world, 0);
    world->script.n_publish = 100;
    world->script.terms.event = ARB_OPPORTUNITY_UPDATE;
    quote_both(world, 0, 0);
    stderr_capture_begin(&capture);
    step(world, 0);
    const char *const log = stderr_capture_end(&capture);
    ring_fini(&world->out);
    const struct runner_stats stats = stats_of(world);
    assert_int_equal(101, stats.opportunities);
    assert_in_range(stats.dropped, 1, 99);
    assert_int_equal(1, count_of(log, "\n"));
}

/* --- displays --- */

enum { DISPLAY_BYTES = 4096, MATRIX_MS = 500 };

static void begin_with_displays(struct world *world)
{
    assert_int_equal(ARB_OK, ring_init(&world->out, DISPLAY_BYTES, NULL));
    world->config.displays = &world->out;
    world->strategy.matrix_ms = MATRIX_MS;
    begin(world);
}

/* Empties the ring: "demo 77 BTC/USD t=3 of 1: askinc 100/101 bidex 110/111". */
static const char *displayed(struct world *world)
{
    size_t len;

    forget_lines(world);
    for (const struct matrix *m; (m = ring_peek(&world->out, &len)) != NULL;) {
        assert_int_equal(len, matrix_len(m));
        arb_text_add(&world->lines, "%s %llu %s t=%lld of %u:", m->strategy,
                     (unsigned long long)m->session, m->info.symbol, ms_of(m->made_ns),
                     m->n_instruments);
        for (uint32_t i = 0; i < m->n_venues; i++) {
            arb_text_add(&world->lines, " %s %lld/%lld", m->venues[i].name,
                         (long long)m->venues[i].bid.px, (long long)m->venues[i].ask.px);
        }
        arb_text_add(&world->lines, "\n");
        ring_release(&world->out);
    }
    return lines(world);
}

static void matrix_is_shown_at_once_and_then_as_often_as_wanted(void **state)
{
    struct world *const world = *state;

    begin_with_displays(world);
    quote_both(world, 0, 0);
    step(world, 3);
    assert_string_equal("demo 77 BTC/USD t=3 of 1: askinc 100/101 bidex 110/111\n",
                        displayed(world));
    assert_int_equal(runner_next_timer_ns(world->runner), START_NS + 10003 * MS);
    send(world, 0, feed_stub_quote(&world->a, 99, 101));
    step(world, 4);
    assert_int_equal(runner_next_timer_ns(world->runner), START_NS + 503 * MS);
    step(world, 502);
    assert_string_equal("", displayed(world));
    step(world, 503);
    assert_string_equal("demo 77 BTC/USD t=503 of 1: askinc 99/101 bidex 110/111\n",
                        displayed(world));
    assert_int_equal(stats_of(world).matrices, 2);
    ring_fini(&world->out);
}

static void turn_has_room_for_so_many_matrices(void **state)
{
    struct world *const world = *state;
    struct feed_stub stubs[MATRICES_A_TURN + 1];
    char symbol[ARB_SYMBOL_MAX];

    begin_with_displays(world);
    for (unsigned i = 0; i <= MATRICES_A_TURN; i++) {
        (void)snprintf(symbol, sizeof(symbol), "C%u/USD", i);
        feed_stub_init(&stubs[i], "askinc", symbol);
        send(world, 0, feed_stub_quote(&stubs[i], 1, 2));
    }
    step(world, 1);
    assert_int_equal(count_of(displayed(world), "\n"), MATRICES_A_TURN);
    assert_true(runner_next_timer_ns(world->runner) <= START_NS + MS); /* there is more */
    step(world, 2);
    assert_string_equal("demo 77 C8/USD t=2 of 9: askinc 1/2\n", displayed(world));
    for (unsigned i = 0; i <= MATRICES_A_TURN; i++) {
        feed_stub_fini(&stubs[i]);
    }
    ring_fini(&world->out);
}

/* Nobody else notices, and it comes when there is room and time. */
static void displays_that_are_behind_are_left_out(void **state)
{
    struct world *const world = *state;
    unsigned n = 0;

    begin_with_displays(world);
    while (ring_reserve(&world->out, 400) != NULL) {
        ring_commit(&world->out);
    }
    world->script.n_publish = 1;
    quote_both(world, 0, 0);
    step(world, 0);
    assert_int_equal(1, count_of(lines(world), "#1 event"));
    assert_int_equal(stats_of(world).left_out, 1);
    assert_int_equal(stats_of(world).matrices, 0);
    for (size_t len; ring_peek(&world->out, &len) != NULL; n++) {
        ring_release(&world->out);
    }
    assert_true(n > 1);
    step(world, MATRIX_MS - 1);
    assert_string_equal("", displayed(world));
    step(world, MATRIX_MS);
    assert_string_equal("demo 77 BTC/USD t=500 of 1: askinc 100/101 bidex 110/111\n",
                        displayed(world));
    ring_fini(&world->out);
}

static void strategy_that_is_disabled_or_held_shows_no_matrix(void **state)
{
    struct world *const world = *state;
    struct stderr_capture capture;

    world->config.is_held = is_held;
    held = true;
    begin_with_displays(world);
    quote_both(world, 0, 0);
    step(world, 1);
    assert_string_equal("", displayed(world));
    held = false;
    world->script.market_rc = ARB_EINVAL;
    stderr_capture_begin(&capture);
    step(world, 2);
    (void)stderr_capture_end(&capture);
    assert_string_equal("", displayed(world));
    assert_int_equal(runner_next_timer_ns(world->runner), NEVER_NS);
    ring_fini(&world->out);
}

static void without_displays_there_are_no_matrices(void **state)
{
    struct world *const world = *state;

    world->strategy.matrix_ms = MATRIX_MS;
    begin(world);
    quote_both(world, 0, 0);
    step(world, 3);
    assert_int_equal(stats_of(world).matrices, 0);
    assert_int_equal(runner_next_timer_ns(world->runner), NEVER_NS);
}

static void ring_holds_the_same_as_the_function_gets(void **state)
{
    struct world *const world = *state;
    size_t len;

    assert_int_equal(ARB_OK, ring_init(&world->out, 4096, NULL));
    world->config.ring = &world->out;
    begin(world);
    world->script.n_publish = 1;
    quote_both(world, 0, 0);
    step(world, 3);
    char by_function[512];
    (void)snprintf(by_function, sizeof(by_function), "%s", strchr(lines(world), '\n') + 1);
    forget_lines(world);
    tell(world, ring_peek(&world->out, &len));
    ring_fini(&world->out);
    assert_int_equal(offsetof(struct opportunity, legs[2]), len);
    assert_string_equal(by_function, lines(world));
}

/* --- failures --- */

static void failed_callback_leaves_no_effect_and_ends_the_strategy(void **state)
{
    struct world *const world = *state;
    struct stderr_capture capture;

    begin(world);
    world->script.market_rc = ARB_EPROTO;
    world->script.n_publish = 1;
    world->script.n_timers = 1;
    world->script.timers[0].delay_ms = 1;
    stderr_capture_begin(&capture);
    quote_both(world, 0, 0);
    step(world, 0);
    quote_both(world, 1, 1);
    step(world, 1);
    runner_finish(world->runner, moment_at(START_NS + 2 * MS));
    const char *const log = stderr_capture_end(&capture);
    assert_string_equal("market BTC/USD changed=3 t=0\n", lines(world));
    assert_int_equal(1, stats_of(world).disabled);
    assert_int_equal(1, count_of(log, "\n"));
    assert_int_equal(1, count_of(log, "level=error strategy=demo msg=\"disabled: on_market() of "
                                      "plugin puppet broke the rule that a callback returns"));
}

static void failed_timer_ends_the_strategy(void **state)
{
    struct world *const world = *state;
    struct stderr_capture capture;

    begin(world);
    world->script.n_timers = 1;
    world->script.timers[0].delay_ms = 1;
    world->script.timer_rc = ARB_EINVAL;
    quote_both(world, 0, 0);
    step(world, 0);
    stderr_capture_begin(&capture);
    step(world, 1);
    const char *const log = stderr_capture_end(&capture);
    assert_int_equal(1, count_of(log, "on_timer() of plugin puppet"));
    assert_int_equal(1, stats_of(world).disabled);
}

/* Shows a market to a strategy that publishes `n` times and returns ARB_OK; gives the log. */
static const char *publish(struct world *world, unsigned n, struct stderr_capture *capture)
{
    world->script.n_publish = n;
    quote_both(world, 0, 0);
    stderr_capture_begin(capture);
    step(world, 0);
    return stderr_capture_end(capture);
}

static void as_many_opportunities_as_the_limit_are_carried_out(void **state)
{
    struct world *const world = *state;
    struct stderr_capture capture;

    world->config.fn = NULL;
    begin(world);
    assert_string_equal("", publish(world, ARB_OPPORTUNITIES_MAX, &capture));
    assert_int_equal(ARB_OPPORTUNITIES_MAX, stats_of(world).opportunities);
}

static void one_opportunity_too_many_fails_the_callback(void **state)
{
    struct world *const world = *state;
    struct stderr_capture capture;

    begin(world);
    const char *const log = publish(world, ARB_OPPORTUNITIES_MAX + 1, &capture);
    assert_int_equal(1, count_of(log, "at most ARB_OPPORTUNITIES_MAX"));
    assert_int_equal(0, stats_of(world).opportunities);
}

static void opportunity_of_an_unseen_instrument_fails_the_callback(void **state)
{
    struct world *const world = *state;
    struct stderr_capture capture;

    begin(world);
    world->script.terms.legs[1].instrument = 1;
    assert_int_equal(1, count_of(publish(world, 1, &capture), "instrument was shown"));
}

static void opportunity_of_an_unknown_venue_fails_the_callback(void **state)
{
    struct world *const world = *state;
    struct stderr_capture capture;

    begin(world);
    world->script.terms.legs[1].venue = 2;
    assert_int_equal(1, count_of(publish(world, 1, &capture), "below n_venues"));
}

static void legs_that_are_no_orders_fail_the_callback(void **state)
{
    static const struct {
        uint32_t n_legs;
        struct arb_leg last;
        const char *want; /* NULL: it is one */
    } cases[] = {
        { 1, { 0 }, "2 to ARB_LEGS_MAX legs" },
        { ARB_LEGS_MAX + 1, { 0 }, "2 to ARB_LEGS_MAX legs" },
        { 2, { .side = 0, .qty = 1, .limit_px = 1 }, "side is ARB_BUY or ARB_SELL" },
        { 2, { .side = 3, .qty = 1, .limit_px = 1 }, "side is ARB_BUY or ARB_SELL" },
        { 2, { .side = ARB_SELL, .qty = 0, .limit_px = 1 }, "qty and limit_px are above 0" },
        { 2, { .side = ARB_SELL, .qty = 1, .limit_px = 0 }, "qty and limit_px are above 0" },
        { 2, { .side = ARB_SELL, .qty = 1, .limit_px = 1 }, NULL },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct stderr_capture capture;
        assert_int_equal(set_up(state), 0);
        struct world *const world = *state;
        begin(world);
        world->script.terms.n_legs = cases[i].n_legs;
        world->script.terms.legs[1] = cases[i].last;
        const char *const log = publish(world, 1, &capture);
        assert_true(cases[i].want == NULL ? log[0] == '\0' : count_of(log, cases[i].want) == 1);
        assert_int_equal(tear_down(state), 0);
    }
}

static void opportunity_of_an_unknown_event_fails_the_callback(void **state)
{
    struct world *const world = *state;
    struct stderr_capture capture;

    begin(world);
    world->script.terms.event = 4;
    assert_int_equal(1, count_of(publish(world, 1, &capture), "OPEN, UPDATE or CLOSE"));
}

/* Whoever gains it may open the same as soon as the source is asked again. */
static void what_is_taken_away_is_shown_before_the_next_event(void **state)
{
    static const struct source_ops list_ops = { .next = next_of_list };
    struct world *const world = *state;
    struct list_source list = { .source = { &list_ops } };

    list.events[list.n++] = feed_stub_alive(&world->a, START_NS);
    list.events[list.n++] = feed_stub_quote(&world->a, 100, 101);
    world->config.source = &list.source;
    world->config.is_shared = true;
    begin(world);
    step(world, 0);
    assert_string_equal("market BTC/USD elsewhere changed=1 t=0\n", lines(world));
    forget_lines(world);
    list.events[list.n++] = (struct event){ .kind = EVENT_OURS, .partition = 0 };
    list.events[list.n++] = (struct event){ .kind = EVENT_NOT_OURS, .partition = 0 };
    list.events[list.n++] = (struct event){ .kind = EVENT_OURS, .partition = 0 };
    step(world, 1);
    assert_int_equal(list.at, 4);
    assert_string_equal("market BTC/USD elsewhere changed=3 t=1\n", lines(world));
    forget_lines(world);
    step(world, 2);
    assert_string_equal("market BTC/USD changed=3 t=2\n", lines(world));
}

static void close_without_a_reason_fails_the_callback(void **state)
{
    struct world *const world = *state;
    struct stderr_capture capture;

    begin(world);
    world->script.terms.event = ARB_OPPORTUNITY_CLOSE;
    assert_int_equal(1, count_of(publish(world, 1, &capture), "a CLOSE has a reason"));
}

static void opportunity_without_its_size_fails_the_callback(void **state)
{
    struct world *const world = *state;
    struct stderr_capture capture;

    begin(world);
    world->script.terms.size = 0;
    assert_int_equal(1, count_of(publish(world, 1, &capture), "has its size set"));
}

static void opportunity_of_the_first_minor_is_taken(void **state)
{
    struct world *const world = *state;
    struct stderr_capture capture;
    struct opportunity seen = { .seq = 0 };

    begin(world);
    world->opportunity = &seen;
    world->script.terms.verified = UINT32_MAX; /* behind its size, so it is not read */
    world->script.terms.size = ABI_LEAST_OPPORTUNITY;
    assert_string_equal("", publish(world, 1, &capture));
    assert_int_equal(1, seen.seq);
    assert_int_equal(0, seen.terms.verified);
    assert_int_equal(sizeof(struct arb_opportunity), seen.terms.size);
}

static void opportunity_smaller_than_the_first_minor_fails_the_callback(void **state)
{
    struct world *const world = *state;
    struct stderr_capture capture;

    begin(world);
    world->script.terms.size = ABI_LEAST_OPPORTUNITY - 1;
    assert_int_equal(1, count_of(publish(world, 1, &capture), "has its size set"));
}

static void timer_beyond_the_limit_fails_the_callback(void **state)
{
    struct world *const world = *state;
    struct stderr_capture capture;

    begin(world);
    world->script.n_timers = 1;
    world->script.timers[0].timer = ARB_TIMERS_MAX;
    assert_int_equal(1, count_of(publish(world, 0, &capture), "below ARB_TIMERS_MAX"));
}

/* --- timers --- */

/* A strategy that sets these timers at t=0. */
static void begin_with_timers(struct world *world, unsigned n)
{
    begin(world);
    world->script.n_timers = n;
    quote_both(world, 0, 0);
    step(world, 0);
    forget_lines(world);
}

static void timer_fires_when_due_and_only_once(void **state)
{
    struct world *const world = *state;

    world->script.timers[0].timer = 3;
    world->script.timers[0].delay_ms = 10;
    begin_with_timers(world, 1);
    step(world, 9);
    assert_string_equal("", lines(world));
    step(world, 10);
    step(world, 30);
    assert_string_equal("timer 3 t=10\n", lines(world));
}

static void timers_fire_in_the_order_they_are_due(void **state)
{
    struct world *const world = *state;

    world->script.timers[0].timer = 1;
    world->script.timers[0].delay_ms = 9;
    world->script.timers[1].timer = 2;
    world->script.timers[1].delay_ms = 5;
    begin_with_timers(world, 2);
    step(world, 20);
    assert_string_equal("timer 2 t=20\ntimer 1 t=20\n", lines(world));
}

static void timer_set_again_replaces_the_pending_one(void **state)
{
    struct world *const world = *state;

    world->script.timers[0].delay_ms = 5;
    world->script.timers[1].delay_ms = 9;
    begin_with_timers(world, 2);
    step(world, 5);
    step(world, 9);
    assert_string_equal("timer 0 t=9\n", lines(world));
}

static void timer_of_zero_cancels(void **state)
{
    struct world *const world = *state;

    world->script.timers[0].delay_ms = 5;
    begin_with_timers(world, 1);
    world->script.timers[0].delay_ms = 0;
    world->script.n_timers = 1;
    quote_both(world, 1, 1);
    step(world, 1);
    step(world, 9);
    assert_string_equal("market BTC/USD changed=3 t=1\n", lines(world));
    assert_true(runner_next_timer_ns(world->runner) == INT64_MAX);
}

static void market_comes_before_a_timer_of_the_same_step(void **state)
{
    struct world *const world = *state;

    world->script.timers[0].delay_ms = 5;
    begin_with_timers(world, 1);
    quote_both(world, 5, 5);
    step(world, 5);
    assert_string_equal("market BTC/USD changed=3 t=5\ntimer 0 t=5\n", lines(world));
}

static void next_timer_says_how_far_a_replay_may_go(void **state)
{
    struct world *const world = *state;

    world->script.timers[0].delay_ms = 5;
    begin_with_timers(world, 1);
    assert_int_equal(START_NS + 5 * MS, runner_next_timer_ns(world->runner));
}

static void hear_miss(void *context, const struct market *market, const struct arb_miss *miss)
{
    struct world *const world = context;

    arb_text_add(&world->lines, "miss %s %s %s > %s\n",
                 market_instrument(market, miss->legs[0].instrument)->symbol,
                 miss_reason_name(miss->reason), market_venue(market, miss->legs[0].venue)->name,
                 market_venue(market, miss->legs[1].venue)->name);
}

/* Of BTC/USD, bought on the first venue and sold on the second. */
static struct arb_miss miss_of(uint32_t reason)
{
    return (struct arb_miss){ .size = sizeof(struct arb_miss),
                              .reason = reason,
                              .n_legs = 2,
                              .legs = { { .side = ARB_BUY, .px = 1 },
                                        { .venue = 1, .side = ARB_SELL, .px = 1 } } };
}

static void misses_are_counted_and_told_once_the_callback_succeeded(void **state)
{
    struct world *const world = *state;

    world->config.miss_fn = hear_miss;
    begin(world);
    world->script.miss = miss_of(ARB_MISS_AGE);
    world->script.n_misses = ARB_MISSES_MAX + 7;
    quote_both(world, 0, 0);
    forget_lines(world);
    step(world, 3);
    assert_int_equal(stats_of(world).missed[ARB_MISS_AGE], ARB_MISSES_MAX + 7);
    assert_int_equal(count_of(lines(world), "miss BTC/USD age askinc > bidex\n"), ARB_MISSES_MAX);
    forget_lines(world);
    world->script.n_misses = 1;
    world->script.market_rc = ARB_EPROTO;
    quote_both(world, 5, 5);
    step(world, 6);
    assert_int_equal(stats_of(world).missed[ARB_MISS_AGE], ARB_MISSES_MAX + 7);
    assert_int_equal(count_of(lines(world), "miss"), 0);
}

/* The samples in the ring of opportunities since the last time, as "reason times". */
static const char *samples(struct world *world)
{
    size_t len;

    forget_lines(world);
    for (;;) {
        const struct opportunity *const record = ring_peek(&world->out, &len);
        if (record == NULL) {
            return lines(world);
        }
        if (record->miss.reason != 0) {
            arb_text_add(&world->lines, "%s %llu\n", miss_reason_name(record->miss.reason),
                         (unsigned long long)record->miss.n);
        }
        ring_release(&world->out);
    }
}

static void one_miss_of_each_reason_is_told_now_and_then(void **state)
{
    struct world *const world = *state;

    assert_int_equal(ARB_OK, ring_init(&world->out, RING_BYTES, NULL));
    world->config.ring = &world->out;
    world->strategy.misses_ms = 100;
    begin(world);
    world->script.miss = miss_of(ARB_MISS_AGE);
    world->script.n_misses = 3;
    quote_both(world, 0, 0);
    step(world, 1);
    assert_string_equal(samples(world), "age 3\n");
    quote_both(world, 50, 50);
    step(world, 100);
    assert_string_equal(samples(world), "");
    world->script.miss.reason = ARB_MISS_FEES;
    quote_both(world, 100, 100);
    step(world, 101);
    assert_string_equal(samples(world), "fees 3\n");
    world->script.miss.reason = ARB_MISS_AGE;
    quote_both(world, 101, 101);
    step(world, 102);
    assert_string_equal(samples(world), "age 9\n");
    ring_fini(&world->out);
}

static void misses_that_are_none_fail_the_callback(void **state)
{
    static const struct {
        uint32_t size, reason, n_legs, instrument, venue, side; /* the last three, and px, of */
        int64_t px;                                             /* a second leg */
    } cases[] = {
        { 8, ARB_MISS_AGE, 2, 0, 0, ARB_SELL, 1 },
        { sizeof(struct arb_miss), 0, 2, 0, 0, ARB_SELL, 1 },
        { sizeof(struct arb_miss), ARB_MISS_MAX + 1, 2, 0, 0, ARB_SELL, 1 },
        { sizeof(struct arb_miss), ARB_MISS_AGE, 1, 0, 0, ARB_SELL, 1 },
        { sizeof(struct arb_miss), ARB_MISS_AGE, ARB_LEGS_MAX + 1, 0, 0, ARB_SELL, 1 },
        { sizeof(struct arb_miss), ARB_MISS_AGE, 2, 1, 0, ARB_SELL, 1 },
        { sizeof(struct arb_miss), ARB_MISS_AGE, 2, 0, 2, ARB_SELL, 1 },
        { sizeof(struct arb_miss), ARB_MISS_AGE, 2, 0, 0, 0, 1 },
        { sizeof(struct arb_miss), ARB_MISS_AGE, 2, 0, 0, ARB_SELL, 0 },
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        struct stderr_capture capture;
        assert_int_equal(set_up(state), 0);
        struct world *const world = *state;
        begin(world);
        world->script.miss = (struct arb_miss){ .size = cases[i].size,
                                                .reason = cases[i].reason,
                                                .n_legs = cases[i].n_legs,
                                                .legs = { { .side = ARB_BUY, .px = 1 },
                                                          { .instrument = cases[i].instrument,
                                                            .venue = cases[i].venue,
                                                            .side = cases[i].side,
                                                            .px = cases[i].px } } };
        world->script.n_misses = 1;
        assert_int_equal(count_of(publish(world, 0, &capture), "a miss "), 1);
        assert_int_equal(tear_down(state), 0);
    }
}

/* The present one, though on_market() is yet to be called for it. */
static void timer_looks_at_any_instrument(void **state)
{
    struct world *const world = *state;

    world->script.timers[0].delay_ms = 5;
    world->script.looks_by_timer = true;
    begin_with_timers(world, 1);
    forget_lines(world);
    send(world, 0, feed_stub_quote(&world->a, 103, 104));
    step(world, 5);
    assert_string_equal(lines(world), "market BTC/USD changed=1 t=5\n"
                                      "timer 0 t=5\n"
                                      "view BTC/USD changed=0 size=1 askinc 103 bidex 110\n");
}

static void look_at_an_unseen_instrument_fails_the_callback(void **state)
{
    struct world *const world = *state;
    struct stderr_capture capture;

    world->script.timers[0].delay_ms = 5;
    world->script.looks_by_timer = true;
    world->script.instrument = 1;
    begin_with_timers(world, 1);
    stderr_capture_begin(&capture);
    step(world, 5);
    assert_int_equal(1, count_of(stderr_capture_end(&capture), "what on_market() has shown"));
}

static void step_of_the_utc_clock_moves_no_timer(void **state)
{
    struct world *const world = *state;
    const int64_t hour_ns = 3600 * 1000 * MS;

    world->script.timers[0].delay_ms = 5;
    begin_with_timers(world, 1);
    runner_step(world->runner, (struct moment){ START_NS + 4 * MS, START_NS + hour_ns });
    assert_string_equal("", lines(world));
    runner_step(world->runner, (struct moment){ START_NS + 5 * MS, START_NS - 7 * MS });
    assert_string_equal("timer 0 t=-7\n", lines(world));
}

/* What the host says of a strategy that says `event` of id 9 on `venue`, after `first` if any. */
static unsigned count_of_rule(void **state, uint32_t first, uint32_t event, uint32_t venue,
                              const char *rule)
{
    struct stderr_capture capture;

    assert_int_equal(set_up(state), 0);
    struct world *const world = *state;
    begin(world);
    world->script.n_publish = 1;
    if (first != 0) {
        world->script.terms.event = first;
        quote_both(world, 0, 0);
        step(world, 0);
    }
    world->script.terms.event = event;
    world->script.terms.reason = event == ARB_OPPORTUNITY_CLOSE ? ARB_CLOSE_GONE : 0;
    world->script.terms.legs[0].venue = venue;
    const unsigned n = count_of(publish(world, 1, &capture), rule);
    assert_int_equal(tear_down(state), 0);
    return n;
}

static void opportunities_that_have_no_life_end_the_strategy(void **state)
{
    static const char again[] = "an id that is open is not opened again";
    static const char none[] = "only an id that is open is updated or closed";
    static const char moved[] = "legs, venues and sides stay from OPEN to CLOSE";
    enum { OPEN = ARB_OPPORTUNITY_OPEN, UPDATE = ARB_OPPORTUNITY_UPDATE };
    enum { CLOSE = ARB_OPPORTUNITY_CLOSE };

    assert_int_equal(count_of_rule(state, OPEN, OPEN, 0, again), 1);
    assert_int_equal(count_of_rule(state, 0, UPDATE, 0, none), 1);
    assert_int_equal(count_of_rule(state, 0, CLOSE, 0, none), 1);
    assert_int_equal(count_of_rule(state, OPEN, UPDATE, 1, moved), 1);
    assert_int_equal(count_of_rule(state, OPEN, UPDATE, 0, "broke"), 0);
    assert_int_equal(count_of_rule(state, OPEN, CLOSE, 0, "broke"), 0);
}

/* --- determinism --- */

/* Runs a mixed scenario in a world of its own; the lines go to `text`. */
static void run_scenario(char *text, size_t cap)
{
    void *state;

    (void)set_up(&state);
    struct world *const world = state;
    begin(world);
    world->script.n_publish = 2;
    for (int64_t ms = 0; ms < 50; ms++) {
        world->script.n_timers = ms % 3 == 0 ? 2 : 0;
        world->script.timers[1].timer = 1;
        world->script.timers[0].delay_ms = 2;
        world->script.timers[1].delay_ms = 1;
        quote_both(world, ms, ms / 2);
        step(world, ms);
    }
    runner_finish(world->runner, moment_at(START_NS + 50 * MS));
    (void)snprintf(text, cap, "%s", lines(world));
    (void)tear_down(&state);
}

static void two_runs_of_one_input_are_the_same(void **state)
{
    static char first[65536], second[65536];

    (void)state;
    run_scenario(first, sizeof(first));
    run_scenario(second, sizeof(second));
    assert_string_equal(first, second);
    assert_true(count_of(first, "timer") > 10);
}

/* --- with the real strategy --- */

static void lost_event_closes_the_opportunity_of_cross_venue(void **state)
{
    struct world *const world = *state;

    assert_int_equal(ARB_OK, plugin_accept(&world->plugin, &arb_plugin, 0, &world->err));
    begin(world);
    send(world, 0, feed_stub_alive(&world->a, START_NS));
    send(world, 1, feed_stub_alive(&world->b, START_NS));
    quote_both(world, 1, 2);
    step(world, 3);
    (void)feed_stub_set_ask(&world->a, 200, 1); /* lost */
    world->a.recv_ns = START_NS + 6 * MS;
    send(world, 0, feed_stub_set_ask(&world->a, 201, 1));
    step(world, 8);
    assert_string_equal("demo run 77 #1 event 1 id 1 BTC/USD: askinc 1#1 age 2 -> bidex 1#1 age 1 "
                        "t=3 latency 1\n"
                        "demo run 77 #2 event 3 id 1 BTC/USD: askinc 1#1 age 2 -> bidex 1#1 age 6 "
                        "t=8 latency 2\n",
                        lines(world));
}

/* --- the thread --- */

static bool is_out_empty(void *context)
{
    size_t len;
    return ring_peek(context, &len) == NULL;
}

/* The next opportunity that the thread delivers, or NULL after a while without one. */
static const struct opportunity *await(struct world *world)
{
    const int64_t deadline_ns = clock_mono_ns() + WAIT_MS * MS;
    const struct opportunity *found;
    size_t len;

    while (((found = ring_peek(&world->out, &len)) == NULL || found->alive_ns != 0) &&
           clock_mono_ns() < deadline_ns) {
        if (found != NULL) {
            ring_release(&world->out); /* the strategy only says that it runs */
        } else {
            waker_park(&world->out_waker, WAIT_MS, is_out_empty, &world->out);
        }
    }
    return found;
}

static void begin_threaded(struct world *world)
{
    assert_int_equal(ARB_OK, waker_init(&world->out_waker));
    assert_int_equal(ARB_OK, ring_init(&world->out, RING_BYTES, &world->out_waker));
    world->config.ring = &world->out;
    world->config.fn = NULL;
    world->script.n_publish = 1;
    world->script.is_each_new = true;
    begin(world);
    assert_int_equal(ARB_OK, runner_start(world->runner, &world->err));
}

static void end_threaded(struct world *world)
{
    assert_true(runner_stop(world->runner, NEVER_NS));
    ring_fini(&world->out);
    waker_fini(&world->out_waker);
}

static void thread_delivers_what_the_rings_bring_until_it_is_stopped(void **state)
{
    struct world *const world = *state;

    begin_threaded(world);
    for (uint64_t i = 1; i <= 200; i++) {
        world->a.recv_ns = clock_now_ns();
        send(world, 0, feed_stub_quote(&world->a, 100, 101));
        const struct opportunity *const opportunity = await(world);
        assert_non_null(opportunity);
        assert_int_equal(i, opportunity->legs[0].seq);
        assert_int_equal(i, opportunity->seq);
        ring_release(&world->out);
        assert_true(stats_of(world).opportunities <= i); /* read while the thread runs */
    }
    end_threaded(world);
    assert_int_equal(1, count_of(lines(world), "stop"));
    assert_int_equal(200, stats_of(world).opportunities);
}

static void stopped_thread_has_taken_in_what_was_queued(void **state)
{
    struct world *const world = *state;

    begin_threaded(world);
    for (unsigned i = 0; i < 3 * RUNNER_DRAIN_MAX; i++) {
        send(world, 0, feed_stub_quote(&world->a, 100, 101));
    }
    end_threaded(world);
    assert_int_equal(3 * RUNNER_DRAIN_MAX, stats_of(world).market.events);
}

static void timer_wakes_the_waiting_thread(void **state)
{
    struct world *const world = *state;

    world->script.timers[0].delay_ms = 20;
    world->script.n_timers = 1;
    world->script.does_publish_by_timer = true;
    begin_threaded(world);
    send(world, 0, feed_stub_quote(&world->a, 100, 101));
    assert_non_null(await(world)); /* of the market */
    ring_release(&world->out);
    assert_non_null(await(world)); /* of the timer */
    end_threaded(world);
}

static void idle_thread_stops_at_once(void **state)
{
    struct world *const world = *state;
    const int64_t start_ns = clock_mono_ns();

    begin_threaded(world);
    end_threaded(world);
    assert_true(clock_mono_ns() - start_ns < RUNNER_WAIT_MAX_MS * MS / 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(init_sees_its_options_venues_and_time),
        TEST(configured_option_reaches_the_instance),
        TEST(unknown_option_is_a_problem_with_its_line),
        TEST(failed_init_is_undone_and_explained),
        TEST(finish_stops_the_strategy_once),
        TEST(host_is_not_called_from_fini),
        TEST(host_is_not_called_between_callbacks),
        TEST(instrument_is_shown_once_for_all_its_events),
        TEST(nothing_new_shows_nothing),
        TEST(step_takes_in_a_limited_number_of_events),
        TEST(rings_are_read_in_turn),
        TEST(opportunity_carries_names_sequences_ages_and_latency),
        TEST(leg_of_a_known_clock_has_the_age_since_the_venue_made_it),
        TEST(leg_says_how_far_its_limit_reaches_and_what_is_proven),
        TEST(leg_of_a_venue_that_gives_no_time_has_no_venue_age),
        TEST(opportunities_are_numbered_without_gap),
        TEST(strategy_is_not_called_while_it_is_held),
        TEST(opportunity_of_a_timer_has_no_latency),
        TEST(times_beyond_reason_give_saturated_ages),
        TEST(full_ring_drops_updates_and_counts_them),
        TEST(matrix_is_shown_at_once_and_then_as_often_as_wanted),
        TEST(turn_has_room_for_so_many_matrices),
        TEST(displays_that_are_behind_are_left_out),
        TEST(strategy_that_is_disabled_or_held_shows_no_matrix),
        TEST(without_displays_there_are_no_matrices),
        TEST(ring_holds_the_same_as_the_function_gets),
        TEST(failed_callback_leaves_no_effect_and_ends_the_strategy),
        TEST(failed_timer_ends_the_strategy),
        TEST(as_many_opportunities_as_the_limit_are_carried_out),
        TEST(one_opportunity_too_many_fails_the_callback),
        TEST(opportunity_of_an_unseen_instrument_fails_the_callback),
        TEST(opportunity_of_an_unknown_venue_fails_the_callback),
        cmocka_unit_test(legs_that_are_no_orders_fail_the_callback),
        TEST(misses_are_counted_and_told_once_the_callback_succeeded),
        TEST(one_miss_of_each_reason_is_told_now_and_then),
        cmocka_unit_test(misses_that_are_none_fail_the_callback),
        cmocka_unit_test(opportunities_that_have_no_life_end_the_strategy),
        TEST(timer_looks_at_any_instrument),
        TEST(look_at_an_unseen_instrument_fails_the_callback),
        TEST(opportunity_of_an_unknown_event_fails_the_callback),
        TEST(what_is_taken_away_is_shown_before_the_next_event),
        TEST(close_without_a_reason_fails_the_callback),
        TEST(opportunity_without_its_size_fails_the_callback),
        TEST(opportunity_of_the_first_minor_is_taken),
        TEST(opportunity_smaller_than_the_first_minor_fails_the_callback),
        TEST(timer_beyond_the_limit_fails_the_callback),
        TEST(timer_fires_when_due_and_only_once),
        TEST(timers_fire_in_the_order_they_are_due),
        TEST(timer_set_again_replaces_the_pending_one),
        TEST(timer_of_zero_cancels),
        TEST(market_comes_before_a_timer_of_the_same_step),
        TEST(next_timer_says_how_far_a_replay_may_go),
        TEST(step_of_the_utc_clock_moves_no_timer),
        TEST(two_runs_of_one_input_are_the_same),
        TEST(lost_event_closes_the_opportunity_of_cross_venue),
        TEST(thread_delivers_what_the_rings_bring_until_it_is_stopped),
        TEST(stopped_thread_has_taken_in_what_was_queued),
        TEST(timer_wakes_the_waiting_thread),
        TEST(idle_thread_stops_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
