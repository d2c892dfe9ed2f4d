#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "io/addresses.h"

static const char here[] = "wss://example.org:443", there[] = "https://example.org:443";

/* "a b c" to a list. */
static struct address_list list_of(const char *text)
{
    struct address_list list = { 0 };
    char copy[1024], *rest = copy;

    (void)snprintf(copy, sizeof(copy), "%s", text);
    for (char *one = strsep(&rest, " "); one != NULL; one = strsep(&rest, " ")) {
        addresses_add(&list, one);
    }
    return list;
}

static void assert_list(const struct address_list *list, const char *expected)
{
    char text[1024] = "";
    size_t len = 0;

    for (unsigned i = 0; i < list->n; i++) {
        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%s", i == 0 ? "" : " ",
                                list->text[i]);
    }
    assert_string_equal(text, expected);
}

static void assert_interleaved(const char *given, const char *expected)
{
    struct address_list list = list_of(given);

    addresses_interleave(&list);
    assert_list(&list, expected);
}

static void assert_sorted(const struct known_addresses *known, const char *given,
                          const char *expected)
{
    struct address_list list = list_of(given);

    known_addresses_sort(known, here, &list);
    assert_list(&list, expected);
}

static void addresses_keep_one_of_each(void **state)
{
    (void)state;
    const struct address_list list = list_of("1.0.0.1 1.0.0.2 1.0.0.1");
    assert_list(&list, "1.0.0.1 1.0.0.2");
}

static void addresses_have_a_limit(void **state)
{
    (void)state;
    struct address_list list = { 0 };
    char text[INET6_ADDRSTRLEN];

    for (unsigned i = 0; i < ADDRESSES_MAX; i++) {
        (void)snprintf(text, sizeof(text), "1.0.0.%u", i);
        addresses_add(&list, text);
        assert_int_equal(list.n, i + 1);
    }
    addresses_add(&list, "2.0.0.1");
    assert_int_equal(list.n, ADDRESSES_MAX);
    assert_string_equal(list.text[ADDRESSES_MAX - 1], "1.0.0.15");
}

static void families_take_turns(void **state)
{
    (void)state;
    assert_interleaved("::1 ::2 ::3 1.0.0.1 1.0.0.2", "::1 1.0.0.1 ::2 1.0.0.2 ::3");
    assert_interleaved("1.0.0.1 1.0.0.2 ::1", "1.0.0.1 ::1 1.0.0.2");
    assert_interleaved("1.0.0.1 1.0.0.2", "1.0.0.1 1.0.0.2");
    assert_interleaved("::2 ::1", "::2 ::1");
    assert_interleaved("::1", "::1");
}

static void no_addresses_stay_none(void **state)
{
    (void)state;
    struct address_list list = { 0 };
    const struct known_addresses known = { 0 };

    addresses_interleave(&list);
    known_addresses_sort(&known, here, &list);
    assert_int_equal(list.n, 0);
}

static void what_is_not_known_keeps_its_order(void **state)
{
    (void)state;
    const struct known_addresses known = { 0 };
    assert_sorted(&known, "1.0.0.3 1.0.0.1 1.0.0.2", "1.0.0.3 1.0.0.1 1.0.0.2");
}

static void what_worked_comes_first_and_the_latest_before_all(void **state)
{
    (void)state;
    struct known_addresses known = { 0 };

    known_addresses_note(&known, here, "1.0.0.4", true, 10);
    known_addresses_note(&known, here, "1.0.0.2", true, 20);
    assert_sorted(&known, "1.0.0.1 1.0.0.2 1.0.0.3 1.0.0.4", "1.0.0.2 1.0.0.4 1.0.0.1 1.0.0.3");
}

static void what_failed_comes_last_and_the_latest_after_all(void **state)
{
    (void)state;
    struct known_addresses known = { 0 };

    known_addresses_note(&known, here, "1.0.0.2", false, 10);
    known_addresses_note(&known, here, "1.0.0.1", false, 20);
    assert_sorted(&known, "1.0.0.1 1.0.0.2 1.0.0.3", "1.0.0.3 1.0.0.2 1.0.0.1");
}

static void what_happened_last_counts(void **state)
{
    (void)state;
    struct known_addresses known = { 0 };

    known_addresses_note(&known, here, "1.0.0.1", true, 10);
    known_addresses_note(&known, here, "1.0.0.1", false, 20);
    assert_sorted(&known, "1.0.0.1 1.0.0.2", "1.0.0.2 1.0.0.1");
    known_addresses_note(&known, here, "1.0.0.1", true, 30);
    assert_sorted(&known, "1.0.0.2 1.0.0.1", "1.0.0.1 1.0.0.2");
}

/* Each attempt tries the whole list; when it ends early, the next one goes on behind it. */
static void attempts_go_round(void **state)
{
    (void)state;
    struct known_addresses known = { 0 };

    known_addresses_note(&known, here, "1.0.0.1", false, 10);
    assert_sorted(&known, "1.0.0.1 1.0.0.2 1.0.0.3", "1.0.0.2 1.0.0.3 1.0.0.1");
    known_addresses_note(&known, here, "1.0.0.2", false, 20);
    assert_sorted(&known, "1.0.0.1 1.0.0.2 1.0.0.3", "1.0.0.3 1.0.0.1 1.0.0.2");
    known_addresses_note(&known, here, "1.0.0.3", false, 30);
    assert_sorted(&known, "1.0.0.1 1.0.0.2 1.0.0.3", "1.0.0.1 1.0.0.2 1.0.0.3");
}

static void hosts_do_not_share_what_is_known(void **state)
{
    (void)state;
    struct known_addresses known = { 0 };

    known_addresses_note(&known, there, "1.0.0.1", false, 10);
    assert_sorted(&known, "1.0.0.1 1.0.0.2", "1.0.0.1 1.0.0.2");
}

static void what_was_tried_longest_ago_is_forgotten(void **state)
{
    (void)state;
    struct known_addresses known = { 0 };
    char text[INET6_ADDRSTRLEN];

    known_addresses_note(&known, here, "1.0.0.1", false, 5);
    for (int i = 1; i < KNOWN_ADDRESSES_MAX; i++) {
        (void)snprintf(text, sizeof(text), "2.0.0.%d", i);
        known_addresses_note(&known, there, text, false, 5 + i);
    }
    assert_sorted(&known, "1.0.0.1 1.0.0.2", "1.0.0.2 1.0.0.1");
    known_addresses_note(&known, there, "2.0.1.1", false, 100);
    assert_sorted(&known, "1.0.0.1 1.0.0.2", "1.0.0.1 1.0.0.2");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_keep_one_of_each),
        cmocka_unit_test(addresses_have_a_limit),
        cmocka_unit_test(families_take_turns),
        cmocka_unit_test(no_addresses_stay_none),
        cmocka_unit_test(what_is_not_known_keeps_its_order),
        cmocka_unit_test(what_worked_comes_first_and_the_latest_before_all),
        cmocka_unit_test(what_failed_comes_last_and_the_latest_after_all),
        cmocka_unit_test(what_happened_last_counts),
        cmocka_unit_test(attempts_go_round),
        cmocka_unit_test(hosts_do_not_share_what_is_known),
        cmocka_unit_test(what_was_tried_longest_ago_is_forgotten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
