/* test_plan.c - what a plan says when the plugin says nothing, and which rules it can break. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "session/plan.h"

static int on_answer(void *self, struct arb_host *host, const struct arb_ask *ask, int status,
                     struct arb_bytes body)
{
    (void)self, (void)host, (void)ask, (void)status, (void)body;
    return ARB_OK;
}

static int checksum(void *self, const struct arb_book_event *event, const struct arb_book *book,
                    uint32_t *sum)
{
    (void)self, (void)event, (void)book, (void)sum;
    return ARB_OK;
}

static const struct arb_exchange_ops full = { .on_answer = on_answer, .checksum = checksum };
static const struct arb_exchange_ops bare = { .size = sizeof(bare) };

/* The least a plugin sets. */
static struct arb_plan good_plan(void)
{
    struct arb_plan plan;

    plan_set_defaults(&plan);
    plan.loss_detection = ARB_LOSS_NONE;
    plan.snapshot_source = ARB_SNAPSHOT_STREAM;
    return plan;
}

static void check(const struct arb_plan *plan, const struct arb_exchange_ops *ops, const char *rule)
{
    const char *const broken = plan_rule(plan, ops);
    assert_string_equal(broken == NULL ? "" : broken, rule);
}

static void defaults_are_the_documented_ones(void **state)
{
    const struct arb_plan wanted = { .size = (uint32_t)sizeof(wanted),
                                     .quiet_ms = 3000,
                                     .channels = 1,
                                     .idle_ms = 30000,
                                     .heartbeat_wait_ms = 10000,
                                     .books_per_request = 1,
                                     .answer_ms = 5000,
                                     .http_at_once = 4,
                                     .catalog_age_ms = 86400000 };
    struct arb_plan plan;

    (void)state;
    memset(&plan, 0xff, sizeof(plan));
    plan_set_defaults(&plan);
    assert_memory_equal(&plan, &wanted, sizeof(plan));
}

static void what_is_required_has_no_default(void **state)
{
    struct arb_plan plan;

    (void)state;
    plan_set_defaults(&plan);
    check(&plan, &full, "plan.loss_detection is an enum arb_loss_detection");
    plan.loss_detection = ARB_LOSS_NONE;
    check(&plan, &full, "plan.snapshot_source is an enum arb_snapshot_source");
    plan.snapshot_source = ARB_SNAPSHOT_HTTP;
    check(&plan, &full, "plan.seam is set when snapshots come by HTTP");
    plan.seam = ARB_SEAM_TIME;
    check(&plan, &full, "");
}

static void seed_levels_are_of_snapshots_by_http(void **state)
{
    struct arb_plan plan = good_plan();

    (void)state;
    plan.seed_levels = 1;
    check(&plan, &full, "plan.seed_levels is of snapshots that come by HTTP");
    plan.snapshot_source = ARB_SNAPSHOT_HTTP;
    plan.seam = ARB_SEAM_SEQUENCE;
    check(&plan, &full, "");
    plan.seed_levels = ARB_EVENT_LEVELS_MAX;
    check(&plan, &full, "");
    plan.seed_levels = ARB_EVENT_LEVELS_MAX + 1;
    check(&plan, &full, "plan.seed_levels is at most ARB_EVENT_LEVELS_MAX");
}

static void what_comes_by_http_needs_on_answer(void **state)
{
    static const char rule[] =
        "a plan with a catalog, snapshots or a token by HTTP has the callback on_answer()";
    struct arb_plan plan = good_plan();

    (void)state;
    check(&plan, &bare, "");
    plan.catalog = ARB_CATALOG_STREAM;
    check(&plan, &bare, "");
    plan.catalog = ARB_CATALOG_HTTP;
    check(&plan, &bare, rule);
    plan = good_plan();
    plan.needs_token = true;
    check(&plan, &bare, rule);
    plan = good_plan();
    plan.snapshot_source = ARB_SNAPSHOT_HTTP;
    plan.seam = ARB_SEAM_SEQUENCE;
    check(&plan, &bare, rule);
    check(&plan, &full, "");
    plan.http_at_once = 0;
    check(&plan, &full, "plan.http_at_once is above 0 where something comes by HTTP");
}

static void checksums_need_their_callback_and_levels(void **state)
{
    struct arb_plan plan = good_plan();

    (void)state;
    plan.loss_detection = ARB_LOSS_CHECKSUM;
    check(&plan, &full, "plan.checksum_levels says what a checksum covers");
    plan.checksum_levels = 10;
    check(&plan, &full, "");
    check(&plan, &bare, "a plan with checksum_levels has the callback checksum()");
    plan.depth = 10;
    check(&plan, &full, "");
    plan.depth = 9;
    check(&plan, &full, "plan.checksum_levels is at most the depth");
}

static void numbers_of_a_connection_prove_what_is_in_the_stream(void **state)
{
    static const char rule[] =
        "a connection's numbers prove books whose snapshots are in the stream";
    struct arb_plan plan = good_plan();

    (void)state;
    plan.loss_detection = ARB_LOSS_CONNECTION;
    check(&plan, &full, "");
    plan.snapshot_source = ARB_SNAPSHOT_EACH;
    check(&plan, &full, rule);
    plan.snapshot_source = ARB_SNAPSHOT_HTTP;
    plan.seam = ARB_SEAM_SEQUENCE;
    check(&plan, &full, rule);
    plan = good_plan();
    plan.loss_detection = ARB_LOSS_CONNECTION + 1;
    check(&plan, &full, "plan.loss_detection is an enum arb_loss_detection");
}

static void numbers_have_their_limits(void **state)
{
    struct arb_plan plan = good_plan();

    (void)state;
    plan.channels = 0;
    check(&plan, &full, "plan.channels is 1 to ARB_CHANNELS_MAX");
    plan.channels = ARB_CHANNELS_MAX;
    check(&plan, &full, "");
    plan.channels = ARB_CHANNELS_MAX + 1;
    check(&plan, &full, "plan.channels is 1 to ARB_CHANNELS_MAX");
    plan = good_plan();
    plan.liveness = ARB_LIVENESS_CLIENT_HEARTBEAT;
    check(&plan, &full,
          "plan.heartbeat_ms is set when the liveness is that of a client's heartbeat");
    plan.heartbeat_ms = 1000;
    check(&plan, &full, "");
    plan = good_plan();
    plan.is_listed_only = true;
    check(&plan, &full, "a plan with is_listed_only has a catalog");
    plan = good_plan();
    plan.books_per_request = 0;
    check(&plan, &full, "plan.books_per_request is 1 to ARB_INSTRUMENTS_MAX");
    plan = good_plan();
    plan.packing = ARB_PACKING_DEFLATE + 1;
    check(&plan, &full, "plan.packing is an enum arb_packing");
}

static void times_are_no_shorter_than_a_venue_has_them(void **state)
{
    const struct {
        size_t at;
        uint32_t least;
        const char *rule;
    } rows[] = {
        { offsetof(struct arb_plan, idle_ms), 100,
          "plan.idle_ms is at least 100: it is in milliseconds" },
        { offsetof(struct arb_plan, heartbeat_ms), 100,
          "plan.heartbeat_ms is 0 or at least 100: it is in milliseconds" },
        { offsetof(struct arb_plan, beat_ms), 100,
          "plan.beat_ms is 0 or at least 100: it is in milliseconds" },
        { offsetof(struct arb_plan, heartbeat_wait_ms), 10,
          "plan.heartbeat_wait_ms is at least 10 where there are heartbeats: it is in "
          "milliseconds" },
        { offsetof(struct arb_plan, answer_ms), 10,
          "plan.answer_ms is at least 10: it is in milliseconds" },
        { offsetof(struct arb_plan, catalog_age_ms), 1000,
          "plan.catalog_age_ms is at least 1000 where there is a catalog: it is in "
          "milliseconds" },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct arb_plan plan = good_plan();
        uint32_t *const ms = (uint32_t *)(void *)((char *)&plan + rows[i].at);
        plan.catalog = ARB_CATALOG_HTTP;
        plan.heartbeat_ms = 5000;
        *ms = rows[i].least;
        check(&plan, &full, "");
        *ms = rows[i].least - 1;
        check(&plan, &full, rows[i].rule);
        *ms = 1;
        check(&plan, &full, rows[i].rule);
    }
}

/* 0 is none, and what nobody uses may be anything. */
static void what_there_is_not_has_no_least_time(void **state)
{
    struct arb_plan plan = good_plan();

    (void)state;
    plan.heartbeat_ms = plan.heartbeat_wait_ms = plan.beat_ms = plan.catalog_age_ms = 0;
    check(&plan, &full, "");
    plan.idle_ms = 0;
    check(&plan, &full, "plan.idle_ms is at least 100: it is in milliseconds");
}

static void nobody_gives_up_before_what_it_waits_for(void **state)
{
    static const char beat_rule[] =
        "plan.beat_ms is below plan.idle_ms: else a connection is given up before what it brings "
        "is overdue";
    static const char heartbeat_rule[] =
        "plan.heartbeat_ms is below plan.idle_ms where the answers to heartbeats prove life: else "
        "a connection is given up before one is asked for";
    struct arb_plan plan = good_plan();

    (void)state;
    plan.beat_ms = plan.idle_ms - 1;
    check(&plan, &full, "");
    plan.beat_ms = plan.idle_ms;
    check(&plan, &full, beat_rule);
    plan.beat_ms = UINT32_MAX;
    check(&plan, &full, beat_rule);
    plan = good_plan();
    plan.heartbeat_ms = plan.idle_ms; /* for its dates alone, say */
    check(&plan, &full, "");
    plan.liveness = ARB_LIVENESS_SERVER_HEARTBEAT;
    check(&plan, &full, "");
    plan.liveness = ARB_LIVENESS_CLIENT_HEARTBEAT;
    check(&plan, &full, heartbeat_rule);
    plan.heartbeat_ms = plan.idle_ms - 1;
    check(&plan, &full, "");
}

static void whole_books_do_not_follow_each_other(void **state)
{
    static const char each_rule[] =
        "with ARB_SNAPSHOT_EACH no event follows the one before it: plan.loss_detection is "
        "ARB_LOSS_STATELESS, or ARB_LOSS_CHECKSUM or ARB_LOSS_NONE";
    static const char stateless_rule[] =
        "with ARB_LOSS_STATELESS every event is a whole book: plan.snapshot_source is "
        "ARB_SNAPSHOT_EACH";
    struct arb_plan plan = good_plan();

    (void)state;
    plan.snapshot_source = ARB_SNAPSHOT_EACH;
    check(&plan, &full, "");
    plan.loss_detection = ARB_LOSS_SEQUENCE;
    check(&plan, &full, each_rule);
    plan.loss_detection = ARB_LOSS_CHAIN;
    check(&plan, &full, each_rule);
    plan.loss_detection = ARB_LOSS_STATELESS;
    check(&plan, &full, "");
    plan.snapshot_source = ARB_SNAPSHOT_STREAM;
    check(&plan, &full, stateless_rule);
    plan.snapshot_source = ARB_SNAPSHOT_HTTP;
    plan.seam = ARB_SEAM_SEQUENCE;
    check(&plan, &full, stateless_rule);
}

static void few_requests_are_made_at_once(void **state)
{
    struct arb_plan plan = good_plan();

    (void)state;
    plan.http_at_once = 64;
    check(&plan, &full, "");
    plan.http_at_once = 65;
    check(&plan, &full, "plan.http_at_once is at most 64");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_are_the_documented_ones),
        cmocka_unit_test(what_is_required_has_no_default),
        cmocka_unit_test(seed_levels_are_of_snapshots_by_http),
        cmocka_unit_test(what_comes_by_http_needs_on_answer),
        cmocka_unit_test(numbers_of_a_connection_prove_what_is_in_the_stream),
        cmocka_unit_test(checksums_need_their_callback_and_levels),
        cmocka_unit_test(numbers_have_their_limits),
        cmocka_unit_test(times_are_no_shorter_than_a_venue_has_them),
        cmocka_unit_test(what_there_is_not_has_no_least_time),
        cmocka_unit_test(nobody_gives_up_before_what_it_waits_for),
        cmocka_unit_test(whole_books_do_not_follow_each_other),
        cmocka_unit_test(few_requests_are_made_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
