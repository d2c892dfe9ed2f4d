#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "io/outage.h"
#include "util/clock.h"

static const struct url kraken = { .host = "ws.kraken.com", .port = 443 };
static const struct url bitstamp = { .host = "ws.bitstamp.net", .port = 443 };

static void outage_is_news_once_per_reason(void **state)
{
    (void)state;
    struct outages outages = { 0 };
    uint64_t attempts;

    assert_true(outages_failed(&outages, &kraken, "refused", 0, &attempts));
    assert_false(outages_failed(&outages, &kraken, "refused", 1, &attempts));
    assert_true(outages_failed(&outages, &kraken, "timed out", 2, &attempts));
    assert_int_equal(attempts, 3);
}

static void outage_is_news_again_after_some_minutes(void **state)
{
    (void)state;
    struct outages outages = { 0 };
    uint64_t attempts;
    const int64_t later = OUTAGE_REPEAT_S * NS_PER_S;

    (void)outages_failed(&outages, &kraken, "refused", 0, &attempts);
    assert_false(outages_failed(&outages, &kraken, "refused", later - 1, &attempts));
    assert_true(outages_failed(&outages, &kraken, "refused", later, &attempts));
}

static void outage_is_counted_per_host(void **state)
{
    (void)state;
    struct outages outages = { 0 };
    uint64_t attempts;

    (void)outages_failed(&outages, &kraken, "refused", 0, &attempts);
    assert_true(outages_failed(&outages, &bitstamp, "refused", 0, &attempts));
    assert_int_equal(attempts, 1);
}

static void outage_over_returns_the_attempts_and_forgets(void **state)
{
    (void)state;
    struct outages outages = { 0 };
    uint64_t attempts;

    (void)outages_failed(&outages, &kraken, "refused", 0, &attempts);
    (void)outages_failed(&outages, &kraken, "refused", 0, &attempts);
    assert_int_equal(outages_over(&outages, &kraken), 2);
    assert_int_equal(outages_over(&outages, &kraken), 0);
    assert_true(outages_failed(&outages, &kraken, "refused", 0, &attempts));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outage_is_news_once_per_reason),
        cmocka_unit_test(outage_is_news_again_after_some_minutes),
        cmocka_unit_test(outage_is_counted_per_host),
        cmocka_unit_test(outage_over_returns_the_attempts_and_forgets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
