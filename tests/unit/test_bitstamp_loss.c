/*
 * Which lost messages of Bitstamp are noticed, and how soon? Each message of a recording, or of
 * a generated market, is lost in turn; the rates are printed, and their bounds are checked.
 *
 *   test_bitstamp_loss [EVERY]   loses each EVERY-th message (16); 1 takes a minute
 */
#include "sim_session.h"

#include "replay/replay.h"

enum {
    EVERY = 16,
    GENERATED_LOSSES = 1600, /* divided by EVERY: so many messages of each mode are lost */
    SETTLE_MS = 4000,        /* then the book is LIVE, and messages may get lost */
    WATCH_MS = 30000,        /* after the loss */
    /*
     * A level that is wrong is healed when it has differed from the frames for 3 s. The first frame
     * that shows it comes up to 150 ms late, and among its best levels are not quite those of the
     * last diff, which is up to 325 ms older. Levels come among the best 100 one after the other,
     * so a book may be wrong for longer than a level.
     * What the frame shows has to have lasted for 1 s: few levels change just before they are
     * healed.
     */
    WRONG_MS = 3600,
    SLOW_MS = 4600,
    SLOW_ONE_IN = 500,
    WRONG_LEVELS_MAX = 512,
};

static unsigned every = EVERY;

static void load(struct plugin *plugin)
{
    struct err err = { .rc = ARB_OK };
    if (plugin_load(plugin, ARBSPOT_BITSTAMP, ARB_KIND_EXCHANGE, &err) != ARB_OK) {
        fail_msg("%s", err.text);
    }
}

/* -- recordings ----------------------------------------------------------------------- */

static char *recorded_symbols[] = { "BCH/EUR",  "BTC/USDC", "ETH/GBP", "KNC/EUR", "KNC/USD",
                                    "LINK/ETH", "PAX/USD",  "XLM/EUR", "XRP/BTC", "XRP/PAX" };

static struct session_stats replay_all(const struct plugin *plugin,
                                       const struct recording *recording)
{
    static const struct config config = { .path = "test",
                                          .host = { .px_scale = 10, .qty_scale = 8 } };
    static struct config_entry cross_check = { .key = "cross_check", .value = "off" };
    /* The recorder subscribed some seconds after it had connected. */
    static struct config_entry ack_timeout = { .key = "ack_timeout",
                                               .value = "60s",
                                               .next = &cross_check };
    static struct config_entry mode = { .key = "mode", .value = "diff", .next = &ack_timeout };
    const struct exchange_config exchange = {
        .name = "bitstamp", .symbols = recorded_symbols, .n_symbols = 10, .options = &mode
    };
    struct replay *const replay = calloc(1, sizeof(*replay));

    assert_non_null(replay);
    assert_int_equal(replay_init(replay, recording), ARB_OK);
    const struct session_config session = { .plugin = plugin,
                                            .exchange = &exchange,
                                            .config = &config,
                                            .number = 1,
                                            .port = replay_port(replay),
                                            .sink = &sim_session_sink,
                                            .sink_context = &(struct sim_session){ .now_ns = 0 },
                                            .is_unpaced = true };
    const struct moment start = moment_at(replay_start_ns(replay));
    assert_int_equal(session_create(&replay->session, &session, NULL), ARB_OK);
    assert_int_equal(session_start(replay->session, start, NULL), ARB_OK);
    while (replay_step(replay)) {
    }
    const struct session_stats stats = session_stats(replay->session);
    session_destroy(replay->session);
    replay_fini(replay);
    free(replay);
    return stats;
}

static bool is_diff(const struct record *record)
{
    return record->kind == RECORD_MESSAGE &&
           memmem(record->data.data, record->data.len, "bids", 4) != NULL;
}

/* The records stay sorted: the lost one is a message that says nothing. */
static struct session_stats replay_without(const struct plugin *plugin, struct recording *recording,
                                           size_t i)
{
    static const char nothing[] = "{\"event\":\"bts:heartbeat\"}";
    const struct arb_bytes kept = recording->records[i].data;

    recording->records[i].data = (struct arb_bytes){ nothing, sizeof(nothing) - 1 };
    const struct session_stats stats = replay_all(plugin, recording);
    recording->records[i].data = kept;
    return stats;
}

/* By what a lost diff was noticed; the counters of the run without losses are all 0. */
struct notices {
    unsigned n, n_shown, n_unknown, n_crossed, n_resynced;
};

static void note(struct notices *notices, const struct session_stats *stats, uint64_t n_applied)
{
    const bool is_unknown = stats->books.unknown_deletes > 0;
    const bool is_crossed = stats->books.crossed > 0;
    const bool is_shown = is_unknown || is_crossed || stats->resyncs > 0;

    notices->n_unknown += is_unknown;
    notices->n_crossed += is_crossed;
    notices->n_resynced += stats->resyncs > 0;
    notices->n_shown += is_shown;
    notices->n += is_shown || stats->books.updates < n_applied; /* else the seed contained it */
}

static void losses_of_a_recording_show_in_counters_in_part(void **state)
{
    struct recording recording = { .records = NULL };
    struct notices notices = { 0 };
    struct plugin plugin;
    unsigned turn = 0;
    (void)state;

    load(&plugin);
    assert_int_equal(
        recording_add(&recording, ARBSPOT_DATA "/cryptofeed/bitstamp_2021-04-05.txt", NULL),
        ARB_OK);
    recording_sort(&recording);
    const struct session_stats whole = replay_all(&plugin, &recording);
    assert_int_equal(whole.books.unknown_deletes + whole.books.crossed + whole.resyncs, 0);
    for (size_t i = 0; i < recording.n; i++) {
        if (is_diff(&recording.records[i]) && turn++ % every == 0) {
            const struct session_stats stats = replay_without(&plugin, &recording, i);
            note(&notices, &stats, whole.books.updates);
        }
    }
    print_message("recording, no cross-check: of %u lost diffs %u shown (%.1f %%): %u by unknown "
                  "deletions, %u crossed, %u resynced\n",
                  notices.n, notices.n_shown, 100.0 * notices.n_shown / notices.n,
                  notices.n_unknown, notices.n_crossed, notices.n_resynced);
    assert_in_range(100 * notices.n_shown / notices.n, 50, 75);
    recording_fini(&recording);
}

/* -- the generated market ------------------------------------------------------------- */

struct loss {
    const char *channel; /* what a frame of it ends with */
    bool is_armed;
};

static bool loses(void *context, const char *frame)
{
    struct loss *const loss = context;

    if (!loss->is_armed || strstr(frame, loss->channel) == NULL) {
        return false;
    }
    loss->is_armed = false;
    return true;
}

/* What came of one loss. */
struct outcome {
    int64_t noticed_ns;  /* from the loss to STALE; -1: never */
    int64_t wrong_ns;    /* in sum, LIVE and not what the channel has shown */
    int64_t level_ns;    /* the longest that a single level was */
    uint64_t n_healed;   /* levels that the second channel set right */
    uint64_t n_verified; /* events that claimed a proof */
    bool is_true_at_end, is_whole_at_end;
};

static void settle(struct sim_session *sim, unsigned n)
{
    const int64_t lose_ns = sim->now_ns + SETTLE_MS * NS_PER_MS + n % 97 * 10 * NS_PER_MS;

    while (sim->now_ns < lose_ns) {
        sim_session_step(sim);
    }
    assert_true(sim_session_is_live(sim));
    assert_true(sim_session_is_true(sim));
}

/* How long each level has been wrong without a pause. */
struct wrongs {
    uint32_t n;
    int64_t keys[WRONG_LEVELS_MAX]; /* see sim_session_key() */
    int64_t for_ns[WRONG_LEVELS_MAX], until_ns[WRONG_LEVELS_MAX];
    int64_t longest_ns;
};

static void add_wrong(struct wrongs *wrongs, int64_t key, int64_t from_ns, int64_t until_ns)
{
    uint32_t i = 0;

    while (i < wrongs->n && wrongs->keys[i] != key) {
        i++;
    }
    if (i == wrongs->n) {
        assert_true(wrongs->n < WRONG_LEVELS_MAX);
        wrongs->keys[wrongs->n++] = key;
    }
    wrongs->for_ns[i] = wrongs->until_ns[i] == from_ns ? wrongs->for_ns[i] : 0;
    wrongs->for_ns[i] += until_ns - from_ns;
    wrongs->until_ns[i] = until_ns;
    if (wrongs->for_ns[i] > wrongs->longest_ns) {
        wrongs->longest_ns = wrongs->for_ns[i];
    }
}

/* A step of a book that is LIVE and wrong; returns how long it took. */
static int64_t step_wrong(struct sim_session *sim, struct wrongs *wrongs)
{
    int64_t keys[WRONG_LEVELS_MAX];
    const int64_t before_ns = sim->now_ns;
    uint32_t n = sim_session_wrong_side(sim, true, keys, WRONG_LEVELS_MAX);

    n += sim_session_wrong_side(sim, false, keys + n, WRONG_LEVELS_MAX - n);
    sim_session_step(sim);
    for (uint32_t i = 0; i < n; i++) {
        add_wrong(wrongs, keys[i], before_ns, sim->now_ns);
    }
    return sim->now_ns - before_ns;
}

static void watch(struct sim_session *sim, struct outcome *outcome)
{
    const int64_t lost_ns = sim->now_ns;
    struct wrongs wrongs = { 0 };

    while (sim->now_ns < lost_ns + WATCH_MS * NS_PER_MS) {
        const bool is_live = sim_session_is_live(sim);
        if (!is_live && outcome->noticed_ns < 0) {
            outcome->noticed_ns = sim->now_ns - lost_ns;
        }
        if (is_live && !sim_session_is_true(sim)) {
            outcome->wrong_ns += step_wrong(sim, &wrongs);
        } else {
            sim_session_step(sim);
        }
    }
    outcome->level_ns = wrongs.longest_ns;
}

static struct outcome lose_one(const struct plugin *plugin, const char *const *options,
                               const char *channel, unsigned n)
{
    struct loss loss = { .channel = channel };
    struct outcome outcome = { .noticed_ns = -1 };
    struct sim_session *const sim = sim_session_create(plugin, options, 1 + n);

    sim->loses = loses;
    sim->context = &loss;
    settle(sim, n);
    const uint64_t n_healed = session_stats(sim->session).books.healed;
    for (loss.is_armed = true; loss.is_armed;) {
        sim_session_step(sim);
    }
    watch(sim, &outcome);
    outcome.n_healed = session_stats(sim->session).books.healed - n_healed;
    outcome.n_verified = sim->n_verified;
    outcome.is_true_at_end = sim_session_is_true(sim);
    outcome.is_whole_at_end = sim_session_is_whole(sim);
    sim_session_destroy(sim);
    return outcome;
}

/* Each loss is counted where it belongs first: STALE, healed, overwritten, or wrong. */
struct summary {
    unsigned n, n_stale, n_healed, n_overwritten, n_wrong_at_end, n_more_at_end;
    unsigned n_slow; /* a level was wrong for WRONG_MS at a time */
    uint64_t n_verified;
    int64_t worst_ns, level_ns; /* wrong while LIVE: the book in sum, a level at a time */
};

static void add(struct summary *sum, const struct outcome *outcome, int64_t *delays_ns)
{
    if (outcome->noticed_ns >= 0) {
        delays_ns[sum->n_stale++] = outcome->noticed_ns;
    } else if (outcome->n_healed > 0) {
        sum->n_healed++;
    } else {
        sum->n_overwritten += outcome->is_true_at_end;
    }
    sum->n_wrong_at_end += !outcome->is_true_at_end;
    sum->n_more_at_end += outcome->is_true_at_end && !outcome->is_whole_at_end;
    sum->n_slow += outcome->level_ns >= WRONG_MS * NS_PER_MS;
    sum->n_verified += outcome->n_verified;
    sum->worst_ns = outcome->wrong_ns > sum->worst_ns ? outcome->wrong_ns : sum->worst_ns;
    sum->level_ns = outcome->level_ns > sum->level_ns ? outcome->level_ns : sum->level_ns;
}

static int by_value(const void *a, const void *b)
{
    const int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

static double seconds(int64_t ns)
{
    return (double)ns / (double)NS_PER_S;
}

static void print_summary(const char *what, const struct summary *sum, int64_t *delays_ns)
{
    qsort(delays_ns, sum->n_stale, sizeof(int64_t), by_value);
    const int64_t median_ns = sum->n_stale == 0 ? 0 : delays_ns[sum->n_stale / 2];
    const int64_t most_ns = sum->n_stale == 0 ? 0 : delays_ns[sum->n_stale - 1];
    print_message("%s: of %u losses %u STALE after %.2f s (median), %.2f s (most), %u healed, %u "
                  "overwritten by later ones; at the end %u wrong, %u with more than the best 100; "
                  "wrong and LIVE for %.2f s at most, a single level for %.2f s at a time\n",
                  what, sum->n, sum->n_stale, seconds(median_ns), seconds(most_ns), sum->n_healed,
                  sum->n_overwritten, sum->n_wrong_at_end, sum->n_more_at_end,
                  seconds(sum->worst_ns), seconds(sum->level_ns));
}

static struct summary lose_many(const char *what, const char *const *options, const char *channel)
{
    struct summary sum = { .n = GENERATED_LOSSES / every };
    int64_t *const delays_ns = calloc(sum.n + 1, sizeof(*delays_ns));
    struct plugin plugin;

    assert_non_null(delays_ns);
    load(&plugin);
    for (unsigned i = 0; i < sum.n; i++) {
        const struct outcome outcome = lose_one(&plugin, options, channel, i);
        add(&sum, &outcome, delays_ns);
    }
    print_summary(what, &sum, delays_ns);
    free(delays_ns);
    return sum;
}

static void losses_without_cross_check_stay(void **state)
{
    static const char *const options[] = { "mode", "diff", "cross_check", "off", NULL };
    (void)state;
    const struct summary sum = lose_many("diff, no cross-check", options, "\"diff_order_book_");
    assert_true(sum.n_wrong_at_end > 0); /* or the next test proves nothing */
    assert_int_equal(sum.n_healed, 0);
    assert_int_equal(sum.n_verified, 0);
}

static void losses_are_healed_or_overwritten_within_seconds_with_cross_check(void **state)
{
    static const char *const options[] = { "mode", "diff", NULL };
    (void)state;
    const struct summary sum = lose_many("diff, cross-check", options, "\"diff_order_book_");
    assert_int_equal(sum.n_stale + sum.n_healed + sum.n_overwritten, sum.n);
    assert_int_equal(sum.n_wrong_at_end, 0);
    assert_int_equal(sum.n_verified, 0);
    assert_true(sum.n_slow <= sum.n / SLOW_ONE_IN);
    assert_true(sum.level_ns < SLOW_MS * NS_PER_MS);
}

static void every_loss_is_noticed_at_once_in_mode_orders(void **state)
{
    static const char *const options[] = { "mode", "orders", NULL };
    (void)state;
    const struct summary sum = lose_many("orders", options, "\"live_orders_");
    assert_int_equal(sum.n_stale, sum.n);
    assert_int_equal(sum.n_wrong_at_end + sum.n_more_at_end, 0);
    assert_true(sum.n_verified > 0);
    assert_true(sum.worst_ns < NS_PER_S); /* the next event comes */
}

/* Nothing is lost, so nothing may be noticed, nor healed. */
static void check_quiet(const char *const *options, uint64_t seed)
{
    struct plugin plugin;

    load(&plugin);
    struct sim_session *const sim = sim_session_create(&plugin, options, seed);
    const int64_t end_ns = sim->now_ns + 300 * NS_PER_S;
    while (sim->now_ns < end_ns) {
        sim_session_step(sim);
        assert_true(!sim_session_is_live(sim) || sim_session_is_whole(sim));
    }
    assert_true(sim_session_is_live(sim));
    const struct session_stats stats = session_stats(sim->session);
    assert_int_equal(stats.resyncs, 0);
    assert_int_equal(stats.books.healed, 0);
    print_message("quiet %s: %llu updates, %llu unknown deletions\n", options[1],
                  (unsigned long long)stats.books.updates,
                  (unsigned long long)stats.books.unknown_deletes);
    sim_session_destroy(sim);
}

static void cross_check_raises_no_false_alarm(void **state)
{
    static const char *const options[] = { "mode", "diff", NULL };
    (void)state;
    check_quiet(options, 5);
}

static void orders_raise_no_false_alarm(void **state)
{
    static const char *const options[] = { "mode", "orders", NULL };
    (void)state;
    check_quiet(options, 5);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_of_a_recording_show_in_counters_in_part),
        cmocka_unit_test(losses_without_cross_check_stay),
        cmocka_unit_test(losses_are_healed_or_overwritten_within_seconds_with_cross_check),
        cmocka_unit_test(every_loss_is_noticed_at_once_in_mode_orders),
        cmocka_unit_test(cross_check_raises_no_false_alarm),
        cmocka_unit_test(orders_raise_no_false_alarm),
    };
    if (argc == 2 && strtoul(argv[1], NULL, 10) > 0) {
        every = (unsigned)strtoul(argv[1], NULL, 10);
    }
    log_set_level(0); /* thousands of losses */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
