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
    plan.heartbeat_wait_ms = 0;
    check(&plan, &full, "plan.heartbeat_wait_ms is above 0 where there are heartbeats");
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
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
