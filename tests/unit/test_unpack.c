#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "session/unpack.h"

enum { RAW_BITS = -15, GZIP_BITS = 15 + 16, PACKED_MAX = 1 << 20 };

static char packed[PACKED_MAX];

/* `len` bytes 'x'; returns them packed. */
static struct arb_bytes pack(int bits, size_t len, int flush)
{
    char *const text = malloc(len);
    z_stream stream = { 0 };

    assert_non_null(text);
    memset(text, 'x', len);
    assert_int_equal(Z_OK, deflateInit2(&stream, 9, Z_DEFLATED, bits, 8, Z_DEFAULT_STRATEGY));
    stream.next_in = (Bytef *)text;
    stream.avail_in = (uInt)len;
    stream.next_out = (Bytef *)packed;
    stream.avail_out = sizeof(packed);
    assert_true(deflate(&stream, flush) >= Z_OK);
    const struct arb_bytes bytes = { packed, sizeof(packed) - stream.avail_out };
    (void)deflateEnd(&stream);
    free(text);
    return bytes;
}

static void expect_text(enum arb_packing packing, struct arb_bytes bytes, size_t len)
{
    struct arb_bytes text;
    char *buffer = NULL;

    assert_int_equal(ARB_OK, unpack(packing, bytes, &buffer, &text));
    assert_int_equal(len, text.len);
    for (size_t i = 0; i < len; i++) {
        assert_true(text.data[i] == 'x');
    }
    free(buffer);
}

static void expect_rc(enum arb_packing packing, struct arb_bytes bytes, int rc)
{
    struct arb_bytes text;
    char *buffer = NULL;

    assert_int_equal(rc, unpack(packing, bytes, &buffer, &text));
    free(buffer);
}

static void test_whole(void **state)
{
    (void)state;
    expect_text(ARB_PACKING_GZIP, pack(GZIP_BITS, 1000, Z_FINISH), 1000);
    expect_text(ARB_PACKING_DEFLATE, pack(RAW_BITS, 1000, Z_FINISH), 1000);
    expect_text(ARB_PACKING_DEFLATE, pack(RAW_BITS, 1000, Z_SYNC_FLUSH), 1000);
}

static void test_damaged(void **state)
{
    (void)state;
    struct arb_bytes bytes = pack(GZIP_BITS, 1000, Z_FINISH);
    packed[bytes.len - 6] ^= 1; /* of the checksum */
    expect_rc(ARB_PACKING_GZIP, bytes, ARB_EPROTO);
    expect_rc(ARB_PACKING_GZIP, pack(RAW_BITS, 1000, Z_FINISH), ARB_EPROTO);
    expect_rc(ARB_PACKING_DEFLATE, pack(GZIP_BITS, 1000, Z_FINISH), ARB_EPROTO);
}

static void test_cut_short(void **state)
{
    (void)state;
    struct arb_bytes bytes = pack(GZIP_BITS, 1000, Z_FINISH);
    bytes.len--;
    expect_rc(ARB_PACKING_GZIP, bytes, ARB_EPROTO);
    bytes.len = 0;
    expect_rc(ARB_PACKING_GZIP, bytes, ARB_EPROTO);
}

/* The largest that is taken, one byte more, and a bomb. */
static void test_limit(void **state)
{
    (void)state;
    expect_text(ARB_PACKING_GZIP, pack(GZIP_BITS, UNPACK_BYTES_MAX, Z_FINISH), UNPACK_BYTES_MAX);
    expect_rc(ARB_PACKING_GZIP, pack(GZIP_BITS, UNPACK_BYTES_MAX + 1, Z_FINISH), ARB_ELIMIT);
    expect_rc(ARB_PACKING_GZIP, pack(GZIP_BITS, 20 << 20, Z_FINISH), ARB_ELIMIT);
    expect_rc(ARB_PACKING_DEFLATE, pack(RAW_BITS, 20 << 20, Z_FINISH), ARB_ELIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_damaged),
        cmocka_unit_test(test_cut_short),
        cmocka_unit_test(test_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
