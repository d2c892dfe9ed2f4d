/* The SDK's CRC-32 against the values everybody knows and against libdeflate's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <libdeflate.h>

#include "arbspot/crc32.h"
#include "chance.h"

enum { TEXT_MAX = 400, LEN_MAX = 600 };

static void known_texts_have_their_known_crc(void **state)
{
    (void)state;
    assert_int_equal(arb_crc32(0, NULL, 0), 0);
    assert_int_equal(arb_crc32(0, "a", 1), 0xE8B7BE43U);
    assert_int_equal(arb_crc32(0, "123456789", 9), 0xCBF43926U);
    assert_int_equal(arb_crc32(0, "The quick brown fox jumps over the lazy dog", 43), 0x414FA339U);
}

/* In memory of the exact length, so that the sanitizer sees any byte read too many. */
static void every_length_is_as_libdeflate_has_it(void **state)
{
    struct chance chance = chance_init(__func__, 1);

    (void)state;
    for (size_t len = 0; len < TEXT_MAX; len++) {
        unsigned char *const text = malloc(len + 1);
        assert_non_null(text);
        for (size_t i = 0; i <= len; i++) {
            text[i] = (unsigned char)chance_next(&chance);
        }
        const uint32_t before = (uint32_t)chance_next(&chance);
        assert_int_equal(arb_crc32(before, text + 1, len), libdeflate_crc32(before, text + 1, len));
        free(text);
    }
}

/* Wherever the text begins in memory, and whatever was before it. */
static void multiplication_gives_what_the_tables_give(void **state)
{
    struct chance chance = chance_init(__func__, 2);

    (void)state;
    for (size_t len = 0; len <= LEN_MAX; len++) {
        for (size_t offset = 0; offset < 16; offset++) {
            const size_t all = offset + len;
            unsigned char *const exact = malloc(all + (all == 0));
            assert_non_null(exact);
            for (size_t i = 0; i < all; i++) {
                exact[i] = (unsigned char)chance_next(&chance);
            }
            const uint32_t before = (uint32_t)chance_next(&chance);
            const uint32_t want = ~arb_crc32_bytes(~before, exact + offset, len);
            assert_int_equal(arb_crc32(before, exact + offset, len), want);
            free(exact);
        }
    }
}

/* One bit in zeros: the remainder is linear, so each place shows a wrong factor by itself. */
static void every_bit_of_a_text_counts_as_in_the_tables(void **state)
{
    static const size_t lens[] = { 80, 81, 83, 84, 95, 96, 127, 128, 143, 144, 191, 192, 300 };

    (void)state;
    for (size_t i = 0; i < sizeof(lens) / sizeof(*lens); i++) {
        unsigned char text[300] = { 0 };
        for (size_t bit = 0; bit < 8 * lens[i]; bit++) {
            text[bit / 8] = (unsigned char)(1U << bit % 8);
            assert_int_equal(arb_crc32(0, text, lens[i]),
                             ~arb_crc32_bytes(UINT32_MAX, text, lens[i]));
            text[bit / 8] = 0;
        }
    }
}

static void pieces_by_either_way_give_the_crc_of_the_whole(void **state)
{
    struct chance chance = chance_init(__func__, 3);
    unsigned char text[LEN_MAX];

    (void)state;
    for (size_t i = 0; i < LEN_MAX; i++) {
        text[i] = (unsigned char)chance_next(&chance);
    }
    const uint32_t want = ~arb_crc32_bytes(UINT32_MAX, text, LEN_MAX);
    for (unsigned round = 0; round < 2000; round++) {
        uint32_t crc = 0;
        for (size_t at = 0, len; at < LEN_MAX; at += len) {
            len = 1 + chance_below(&chance, 250);
            len = len < LEN_MAX - at ? len : LEN_MAX - at;
            crc = arb_crc32(crc, text + at, len);
        }
        assert_int_equal(crc, want);
    }
}

static void pieces_give_the_crc_of_the_whole(void **state)
{
    static const char text[] =
        "452852100000452864154571953452866154571109452896154560911452902158906";
    const size_t len = sizeof(text) - 1;

    (void)state;
    for (size_t cut = 0; cut <= len; cut++) {
        const uint32_t first = arb_crc32(0, text, cut);
        assert_int_equal(arb_crc32(first, text + cut, len - cut), arb_crc32(0, text, len));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_texts_have_their_known_crc),
        cmocka_unit_test(every_length_is_as_libdeflate_has_it),
        cmocka_unit_test(multiplication_gives_what_the_tables_give),
        cmocka_unit_test(every_bit_of_a_text_counts_as_in_the_tables),
        cmocka_unit_test(pieces_by_either_way_give_the_crc_of_the_whole),
        cmocka_unit_test(pieces_give_the_crc_of_the_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
