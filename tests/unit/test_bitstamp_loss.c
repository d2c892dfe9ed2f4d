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
    /* The recorder subscribed some seconds after it had connected. */
    static struct config_entry ack_timeout = { .key = "ack_timeout", .value = "60s" };
    static struct config_entry mode = { .key = "mode", .value = "diff", .next = &ack_timeout };
    const struct exchange_config exchange = {
        .name = "bitstamp", .symbols = recorded_symbols, .n_symbols = 10, .options = &mode
    };
    struct replay *const replay = calloc(1, sizeof(*replay));

    assert_non_null(replay);
    assert_int_equal(replay_init(replay, recording), ARB_OK);
    const struct session_config config_of_session = { .plugin = plugin,
                                                      .exchange = &exchange,
                                                      .config = &config,
                                                      .port = replay_port(replay),
                                                      .sink = &sim_session_sink,
                                                      .is_unpaced = true };
    assert_int_equal(session_create(&replay->session, &config_of_session, NULL), ARB_OK);
    assert_int_equal(session_start(replay->session, moment_at(replay_start_ns(replay)), NULL),
                     ARB_OK);
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

static void losses_of_a_recording_are_seldom_noticed_without_cross_check(void **state)
{
    struct recording recording = { .records = NULL };
    struct plugin plugin;
    unsigned n = 0, n_noticed = 0, turn = 0;
    (void)state;

    load(&plugin);
    assert_int_equal(
        recording_add(&recording, ARBSPOT_DATA "/cryptofeed/bitstamp_2021-04-05.txt", NULL),
        ARB_OK);
    recording_sort(&recording);
    const uint64_t n_applied = replay_all(&plugin, &recording).books.updates;
    for (size_t i = 0; i < recording.n; i++) {
        if (!is_diff(&recording.records[i]) || turn++ % every != 0) {
            continue;
        }
        const struct session_stats stats = replay_without(&plugin, &recording, i);
        const bool is_noticed = stats.resyncs > 0 || stats.books.crossed > 0;
        n_noticed += is_noticed;
        n += is_noticed || stats.books.updates < n_applied; /* else the seed contained it */
    }
    print_message("recording, no cross-check: %u of %u lost diffs noticed (%.1f %%)\n", n_noticed,
                  n, 100.0 * n_noticed / n);
    assert_in_range(100 * n_noticed / n, 1, 20); /* only those that cross the book */
    recording_fini(&recording);
}

/* -- the generated market ------------------------------------------------------------- */

struct loss {
    const char *channel; /* what a frame of it ends with */
    int64_t at_ns;       /* 0: not yet */
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
    int64_t noticed_ns; /* from the loss to STALE, or until levels are set right; -1: never */
    int64_t wrong_ns;   /* in sum, LIVE and not the venue's book */
    bool is_true_at_end, is_whole_at_end;
};

static struct outcome lose_one(const struct plugin *plugin, const char *const *options,
                               const char *channel, unsigned n)
{
    struct loss loss = { .channel = channel };
    struct outcome outcome = { .noticed_ns = -1 };
    struct sim_session *const sim = sim_session_create(plugin, options, 1 + n);
    const int64_t lose_ns = sim->now_ns + SETTLE_MS * NS_PER_MS + n % 97 * 10 * NS_PER_MS;

    sim->loses = loses;
    sim->context = &loss;
    while (sim->now_ns < lose_ns) {
        sim_session_step(sim);
    }
    assert_int_equal(session_book(sim->session, 0).state, ARB_BOOK_LIVE);
    assert_true(sim_session_is_true(sim));
    for (loss.is_armed = true; loss.is_armed;) {
        sim_session_step(sim);
    }
    loss.at_ns = sim->now_ns;
    const uint64_t n_healed = session_stats(sim->session).books.healed;
    while (sim->now_ns < loss.at_ns + WATCH_MS * NS_PER_MS) {
        const int64_t before_ns = sim->now_ns;
        const bool is_live = session_book(sim->session, 0).state == ARB_BOOK_LIVE;
        const bool is_wrong = is_live && !sim_session_is_true(sim);
        const bool is_healed = session_stats(sim->session).books.healed > n_healed;
        if ((!is_live || is_healed) && outcome.noticed_ns < 0) {
            outcome.noticed_ns = sim->now_ns - loss.at_ns;
        }
        sim_session_step(sim);
        outcome.wrong_ns += is_wrong ? sim->now_ns - before_ns : 0;
    }
    outcome.is_true_at_end = sim_session_is_true(sim);
    outcome.is_whole_at_end = sim_session_is_whole(sim);
    sim_session_destroy(sim);
    return outcome;
}

struct summary {
    unsigned n, n_noticed, n_healed, n_wrong_at_end, n_more_at_end;
    int64_t worst_ns; /* wrong while LIVE */
};

static int by_value(const void *a, const void *b)
{
    const int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

static struct summary lose_many(const char *what, const char *const *options, const char *channel)
{
    const unsigned n = GENERATED_LOSSES / every;
    struct summary sum = { .n = n };
    int64_t *const delays_ns = calloc(n + 1, sizeof(*delays_ns));
    struct plugin plugin;

    assert_non_null(delays_ns);
    load(&plugin);
    for (unsigned i = 0; i < n; i++) {
        const struct outcome outcome = lose_one(&plugin, options, channel, i);
        if (outcome.noticed_ns >= 0) {
            delays_ns[sum.n_noticed++] = outcome.noticed_ns;
        } else {
            sum.n_healed += outcome.is_true_at_end;
        }
        sum.n_wrong_at_end += !outcome.is_true_at_end;
        sum.n_more_at_end += outcome.is_true_at_end && !outcome.is_whole_at_end;
        sum.worst_ns = outcome.wrong_ns > sum.worst_ns ? outcome.wrong_ns : sum.worst_ns;
    }
    qsort(delays_ns, sum.n_noticed, sizeof(int64_t), by_value);
    const double median = sum.n_noticed == 0 ? 0 : (double)delays_ns[sum.n_noticed / 2] / 1e9;
    const double most = sum.n_noticed == 0 ? 0 : (double)delays_ns[sum.n_noticed - 1] / 1e9;
    print_message("%s: %u of %u losses noticed (%.1f %%), after %.2f s (median), %.2f s (most); "
                  "%u overwritten by later ones; at the end %u wrong, %u with more than "
                  "100 levels; wrong and LIVE for %.2f s at most\n",
                  what, sum.n_noticed, n, 100.0 * sum.n_noticed / n, median, most, sum.n_healed,
                  sum.n_wrong_at_end, sum.n_more_at_end, (double)sum.worst_ns / 1e9);
    free(delays_ns);
    return sum;
}

static void losses_without_cross_check_stay_unnoticed(void **state)
{
    static const char *const options[] = { "mode", "diff", "cross_check", "off", NULL };
    (void)state;
    const struct summary sum = lose_many("diff, no cross-check", options, "\"diff_order_book_");
    assert_true(sum.n_wrong_at_end > 0); /* or the next test proves nothing */
}

static void losses_are_noticed_or_overwritten_within_seconds_with_cross_check(void **state)
{
    static const char *const options[] = { "mode", "diff", NULL };
    (void)state;
    const struct summary sum = lose_many("diff, cross-check", options, "\"diff_order_book_");
    assert_int_equal(sum.n_noticed + sum.n_healed, sum.n);
    assert_int_equal(sum.n_wrong_at_end, 0);
    assert_true(sum.worst_ns < 8 * NS_PER_S); /* 3 s, and more for a level that comes and goes */
}

static void every_loss_is_noticed_at_once_in_mode_orders(void **state)
{
    static const char *const options[] = { "mode", "orders", NULL };
    (void)state;
    const struct summary sum = lose_many("orders", options, "\"live_orders_");
    assert_int_equal(sum.n_noticed, sum.n);
    assert_int_equal(sum.n_wrong_at_end + sum.n_more_at_end, 0);
    assert_true(sum.worst_ns < NS_PER_S); /* the next event comes */
}

/* Nothing is lost, so nothing may be noticed. */
static void check_quiet(const char *const *options)
{
    struct plugin plugin;

    load(&plugin);
    struct sim_session *const sim = sim_session_create(&plugin, options, 5);
    const int64_t end_ns = sim->now_ns + 300 * NS_PER_S;
    while (sim->now_ns < end_ns) {
        sim_session_step(sim);
        const bool is_live = session_book(sim->session, 0).state == ARB_BOOK_LIVE;
        assert_true(!is_live || sim_session_is_whole(sim));
    }
    assert_int_equal(session_book(sim->session, 0).state, ARB_BOOK_LIVE);
    assert_int_equal(session_stats(sim->session).resyncs, 0);
    sim_session_destroy(sim);
}

static void cross_check_raises_no_false_alarm(void **state)
{
    static const char *const options[] = { "mode", "diff", NULL };
    (void)state;
    check_quiet(options);
}

static void orders_raise_no_false_alarm(void **state)
{
    static const char *const options[] = { "mode", "orders", NULL };
    (void)state;
    check_quiet(options);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(losses_of_a_recording_are_seldom_noticed_without_cross_check),
        cmocka_unit_test(losses_without_cross_check_stay_unnoticed),
        cmocka_unit_test(losses_are_noticed_or_overwritten_within_seconds_with_cross_check),
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
