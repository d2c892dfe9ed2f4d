#include "detection.h"

#include <stdlib.h>

#include "plugin/loader.h"
#include "plugin/options.h"
#include "strategy/requests.h"
#include "util/clock.h"

enum {
    SWEEPS = 3,      /* through all sizes, so that a bad second costs each of them little */
    WARM_UP = 2,     /* rounds of each sweep that are not counted */
    ROUNDS = 7,      /* of each sweep */
    AGAIN = 16,      /* calls after the first one */
    AGAIN_LONG = 2,  /* where they take so long that few are enough */
    UPDATE_NS = 100, /* from one update to the next, by the market's clock */
};

#define BEGIN_NS INT64_C(1700000000000000000)

const uint32_t detection_venues[DETECTION_VENUES] = { 2, 4, 8, 16 };
const uint32_t detection_instruments[N_SHAPES][DETECTION_INSTRUMENTS] = {
    [SHAPE_PAIRS] = { 1, 10, 100, 1000 },
    [SHAPE_TRIANGLES] = { 3, 12, 102, 999 },
    [SHAPE_UNRELATED] = { 3, 10, 100, 1000 },
};

const char *const detection_strategies[N_SHAPES] = {
    [SHAPE_PAIRS] = "cross_venue",
    [SHAPE_TRIANGLES] = "triangular",
    [SHAPE_UNRELATED] = "triangular",
};

/* What is done with each update; each is more than the one before. */
enum pass { PASS_MARKET = 0, PASS_STRATEGY, PASS_AGAIN, N_PASSES };

struct stand {
    const struct plugin *plugin;
    struct feed feed;
    struct market *market;
    struct requests requests;
    void *strategy;
    bool is_init_called;
    int64_t now_ns;
    uint64_t n_shown, n_missed, n_published, n_failed;
};

/* -- one update ------------------------------------------------------------------------- */

static void look(struct stand *stand, const struct arb_market *market)
{
    struct requests *const requests = &stand->requests;

    stand->n_failed +=
        stand->plugin->strategy.on_market(stand->strategy, &requests->host, market) != ARB_OK;
}

static void count(struct stand *stand)
{
    const struct requests *const requests = &stand->requests;

    stand->n_failed += requests->broken_rule != NULL;
    stand->n_missed += requests->n_misses;
    stand->n_published += requests->n_opportunities;
}

static void show(struct stand *stand, unsigned n_looks)
{
    struct arb_market market;

    while (market_changed(stand->market, &market)) {
        requests_begin(&stand->requests, moment_at(stand->now_ns));
        stand->n_shown++;
        for (unsigned i = 0; i < n_looks; i++) {
            look(stand, &market);
        }
        count(stand);
    }
}

static unsigned n_again(enum scene scene)
{
    return scene == SCENE_CROSSING ? AGAIN_LONG : AGAIN;
}

/* Returns the ns per update. */
static double run_pass(struct stand *stand, enum pass pass)
{
    const unsigned n_looks[N_PASSES] = { 0, 1, 1 + n_again(stand->feed.size.scene) };

    feed_draw(&stand->feed);
    const int64_t start_ns = clock_mono_ns();
    for (uint32_t i = 0; i < FEED_UPDATES; i++) {
        stand->now_ns += UPDATE_NS;
        const struct event event = feed_event(&stand->feed, &stand->feed.updates[i], stand->now_ns);
        market_apply(stand->market, &event, stand->now_ns);
        show(stand, n_looks[pass]);
    }
    return (double)(clock_mono_ns() - start_ns) / FEED_UPDATES;
}

/* -- what has to be found ------------------------------------------------------------------ */

static void say_alive(struct stand *stand)
{
    for (uint32_t i = 0; i < stand->feed.size.n_venues; i++) {
        const struct event event = feed_alive(&stand->feed, i, stand->now_ns);
        market_apply(stand->market, &event, stand->now_ns);
    }
}

/* All books at once; of each instrument or triangle that crosses, an opportunity opens. */
static bool open_books(struct stand *stand)
{
    const struct feed_size *const size = &stand->feed.size;

    say_alive(stand);
    for (uint32_t i = 0; i < size->n_instruments * size->n_venues; i++) {
        const struct event event = feed_snapshot(&stand->feed, i, stand->now_ns);
        market_apply(stand->market, &event, stand->now_ns);
    }
    show(stand, 1);
    return stand->n_published == feed_n_crossing(size);
}

/* They are still open, and no other. */
static bool close_all(struct stand *stand)
{
    requests_begin(&stand->requests, moment_at(stand->now_ns));
    stand->n_failed +=
        stand->plugin->strategy.on_stop(stand->strategy, &stand->requests.host) != ARB_OK;
    return stand->requests.n_opportunities == feed_n_crossing(&stand->feed.size);
}

/* A triangle is none before its last instrument is there. */
static uint32_t n_first_looks(const struct feed_size *size)
{
    switch (size->shape) {
    case SHAPE_PAIRS:
        return size->n_instruments;
    case SHAPE_TRIANGLES:
        return size->n_instruments / 3;
    default:
        return 1;
    }
}

/* Each update was taken in and shown; each look told a miss where fees take all, and only there. */
static bool is_right(const struct stand *stand, uint64_t n_rounds)
{
    const struct feed_size *const size = &stand->feed.size;
    const struct market_stats *const stats = market_stats(stand->market);
    const uint64_t n = n_rounds * N_PASSES * FEED_UPDATES;
    const uint64_t n_looks =
        n_first_looks(size) + n_rounds * (2 + n_again(size->scene)) * FEED_UPDATES;

    return stand->n_failed == 0 && stats->books.deltas == n &&
           stand->n_shown == size->n_instruments + n &&
           stats->n_live == (uint64_t)size->n_instruments * size->n_venues &&
           stand->n_missed == (size->scene == SCENE_FEES ? n_looks : 0);
}

/* -- life ---------------------------------------------------------------------------------- */

static int make_strategy(struct stand *stand, struct err *err)
{
    const struct plugin *const plugin = stand->plugin;
    const struct arb_strategy_env env = { .size = sizeof(env),
                                          .abi_major = ARB_ABI_MAJOR,
                                          .abi_minor = ARB_ABI_MINOR,
                                          .instruments_max = MARKET_INSTRUMENTS_MAX,
                                          .n_venues = stand->feed.size.n_venues,
                                          .venues = stand->feed.venues };
    struct problems problems = { .out = stderr, .path = "bench" };

    stand->strategy = calloc(1, plugin->desc.instance_size);
    if (stand->strategy == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory for a strategy");
    }
    int rc = options_apply(&plugin->desc, NULL, "strategy:bench", 0, stand->strategy, &problems);
    if (rc == ARB_OK) {
        stand->is_init_called = true;
        requests_begin(&stand->requests, moment_at(stand->now_ns));
        rc = plugin->strategy.init(stand->strategy, &stand->requests.host, &env);
    }
    return rc == ARB_OK ? rc : err_set(err, rc, "detection: %s did not start", plugin->desc.name);
}

static int stand_init(struct stand *stand, const struct plugin *plugin,
                      const struct feed_size *size, struct err *err)
{
    stand->plugin = plugin;
    stand->now_ns = BEGIN_NS;
    int rc = feed_init(&stand->feed, size);
    const struct market_config config = { .venues = stand->feed.venues,
                                          .n_venues = size->n_venues,
                                          .who = "strategy=bench" };

    if (rc == ARB_OK) {
        rc = market_create(&stand->market, &config);
    }
    if (rc != ARB_OK) {
        return err_set(err, rc, "no memory for %u instruments", size->n_instruments);
    }
    requests_init(&stand->requests, "strategy=bench", stand->market, size->n_venues);
    return make_strategy(stand, err);
}

static void stand_fini(struct stand *stand)
{
    if (stand->is_init_called) {
        stand->plugin->strategy.fini(stand->strategy);
    }
    free(stand->strategy);
    market_destroy(stand->market);
    feed_fini(&stand->feed);
}

/* -- measuring ------------------------------------------------------------------------------ */

/* ns per update, of the fastest pass of each kind; 0: there was none. */
struct fastest {
    double ns[N_PASSES];
};

static struct detection_figure figure_of(const struct fastest *fastest, enum scene scene)
{
    const double *const ns = fastest->ns;

    return (struct detection_figure){ .market = ns[PASS_MARKET],
                                      .strategy = ns[PASS_STRATEGY] - ns[PASS_MARKET],
                                      .again =
                                          (ns[PASS_AGAIN] - ns[PASS_STRATEGY]) / n_again(scene) };
}

/* All passes by turns; what disturbs a pass only ever makes it slower. */
static void run_rounds(struct stand *stand, struct fastest *fastest)
{
    for (int i = -WARM_UP; i < ROUNDS; i++) {
        say_alive(stand);
        for (int pass = 0; pass < N_PASSES; pass++) {
            const double ns = run_pass(stand, (enum pass)pass), least = fastest->ns[pass];
            fastest->ns[pass] = i >= 0 && (least <= 0 || ns < least) ? ns : least;
        }
    }
}

static int measure_size(const struct plugin *plugin, const struct feed_size *size,
                        struct fastest *fastest, struct err *err)
{
    struct stand *const stand = calloc(1, sizeof(*stand));

    if (stand == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory");
    }
    int rc = stand_init(stand, plugin, size, err);
    if (rc == ARB_OK) {
        bool is_proven = open_books(stand);
        run_rounds(stand, fastest);
        is_proven = is_right(stand, WARM_UP + ROUNDS) && close_all(stand) && is_proven;
        rc = is_proven ? ARB_OK
                       : err_set(err, ARB_EPROTO,
                                 "detection: of %u venues and %u instruments %s did not find "
                                 "just what is there",
                                 size->n_venues, size->n_instruments, plugin->desc.name);
    }
    stand_fini(stand);
    free(stand);
    return rc;
}

enum { SIZES = DETECTION_VENUES * DETECTION_INSTRUMENTS * N_SCENES };

static struct feed_size size_of(enum shape shape, unsigned i)
{
    return (struct feed_size){ detection_venues[i / N_SCENES / DETECTION_INSTRUMENTS],
                               detection_instruments[shape][i / N_SCENES % DETECTION_INSTRUMENTS],
                               (enum scene)(i % N_SCENES), shape };
}

static int measure_all(const struct plugin *plugin, enum shape shape, struct detection *detection,
                       struct err *err)
{
    struct fastest fastest[SIZES] = { 0 };
    struct detection_figure *const figures = &detection->figures[shape][0][0][0];
    int rc = ARB_OK;

    for (unsigned i = 0; i < SWEEPS * SIZES && rc == ARB_OK; i++) {
        const struct feed_size size = size_of(shape, i % SIZES);
        rc = measure_size(plugin, &size, &fastest[i % SIZES], err);
    }
    for (unsigned i = 0; i < SIZES && rc == ARB_OK; i++) {
        figures[i] = figure_of(&fastest[i], (enum scene)(i % N_SCENES));
    }
    return rc;
}

static int measure_shape(struct detection *detection, enum shape shape, const char *plugin_dir,
                         struct err *err)
{
    const char *const dirs[] = { plugin_dir, NULL };
    struct plugin plugin;
    char path[PLUGIN_PATH_MAX];
    int rc = plugin_find(detection_strategies[shape], dirs, path, sizeof(path), err);

    if (rc == ARB_OK) {
        rc = plugin_load(&plugin, path, ARB_KIND_STRATEGY, err);
    }
    return rc == ARB_OK ? measure_all(&plugin, shape, detection, err) : rc;
}

int detection_measure(struct detection *detection, const char *plugin_dir, struct err *err)
{
    int rc = ARB_OK;

    for (int shape = 0; shape < N_SHAPES && rc == ARB_OK; shape++) {
        rc = measure_shape(detection, (enum shape)shape, plugin_dir, err);
    }
    return rc;
}
