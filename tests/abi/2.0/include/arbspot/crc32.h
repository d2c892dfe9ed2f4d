/*
 * crc32.h - the CRC-32 of IEEE 802.3 (that of zlib, gzip and PNG), which venues prove books with.
 *
 * By carry-less multiplication where the machine has it, else by tables, sixteen bytes a step: a
 * checksum over twenty levels costs some 30 ns, or 70.
 */
#ifndef ARB_CRC32_H
#define ARB_CRC32_H

#include <stddef.h>
#include <stdint.h>

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>
#define ARB_CRC32_HAS_CLMUL /* as far as the compiler goes; the machine is asked */
#endif

#ifdef __cplusplus
extern "C" {
#endif

enum { ARB_CRC32_SLICES = 16 };

/* The remainder is linear, so a byte's is the sum of those of its bits, of which a row is made. */
#define ARB_CRC32_2(s, a) (s), (s) ^ (a)
#define ARB_CRC32_4(s, a, b) ARB_CRC32_2(s, a), ARB_CRC32_2((s) ^ (b), a)
#define ARB_CRC32_8(s, a, b, c) ARB_CRC32_4(s, a, b), ARB_CRC32_4((s) ^ (c), a, b)
#define ARB_CRC32_16(s, a, b, c, d) ARB_CRC32_8(s, a, b, c), ARB_CRC32_8((s) ^ (d), a, b, c)
#define ARB_CRC32_32(s, a, b, c, d, e)                                                             \
    ARB_CRC32_16(s, a, b, c, d), ARB_CRC32_16((s) ^ (e), a, b, c, d)
#define ARB_CRC32_64(s, a, b, c, d, e, f)                                                          \
    ARB_CRC32_32(s, a, b, c, d, e), ARB_CRC32_32((s) ^ (f), a, b, c, d, e)
#define ARB_CRC32_128(s, a, b, c, d, e, f, g)                                                      \
    ARB_CRC32_64(s, a, b, c, d, e, f), ARB_CRC32_64((s) ^ (g), a, b, c, d, e, f)
#define ARB_CRC32_ROW(a, b, c, d, e, f, g, h)                                                      \
    ARB_CRC32_128(0U, a, b, c, d, e, f, g), ARB_CRC32_128(h, a, b, c, d, e, f, g)

/* [i][byte]: the remainder of a byte with i bytes of zero behind it. */
static const uint32_t arb_crc32_table[ARB_CRC32_SLICES][256] = {
    { ARB_CRC32_ROW(0x77073096U, 0xee0e612cU, 0x076dc419U, 0x0edb8832U, 0x1db71064U, 0x3b6e20c8U,
                    0x76dc4190U, 0xedb88320U) },
    { ARB_CRC32_ROW(0x191b3141U, 0x32366282U, 0x646cc504U, 0xc8d98a08U, 0x4ac21251U, 0x958424a2U,
                    0xf0794f05U, 0x3b83984bU) },
    { ARB_CRC32_ROW(0x01c26a37U, 0x0384d46eU, 0x0709a8dcU, 0x0e1351b8U, 0x1c26a370U, 0x384d46e0U,
                    0x709a8dc0U, 0xe1351b80U) },
    { ARB_CRC32_ROW(0xb8bc6765U, 0xaa09c88bU, 0x8f629757U, 0xc5b428efU, 0x5019579fU, 0xa032af3eU,
                    0x9b14583dU, 0xed59b63bU) },
    { ARB_CRC32_ROW(0x3d6029b0U, 0x7ac05360U, 0xf580a6c0U, 0x30704bc1U, 0x60e09782U, 0xc1c12f04U,
                    0x58f35849U, 0xb1e6b092U) },
    { ARB_CRC32_ROW(0xcb5cd3a5U, 0x4dc8a10bU, 0x9b914216U, 0xec53826dU, 0x03d6029bU, 0x07ac0536U,
                    0x0f580a6cU, 0x1eb014d8U) },
    { ARB_CRC32_ROW(0xa6770bb4U, 0x979f1129U, 0xf44f2413U, 0x33ef4e67U, 0x67de9cceU, 0xcfbd399cU,
                    0x440b7579U, 0x8816eaf2U) },
    { ARB_CRC32_ROW(0xccaa009eU, 0x4225077dU, 0x844a0efaU, 0xd3e51bb5U, 0x7cbb312bU, 0xf9766256U,
                    0x299dc2edU, 0x533b85daU) },
    { ARB_CRC32_ROW(0x177b1443U, 0x2ef62886U, 0x5dec510cU, 0xbbd8a218U, 0xacc04271U, 0x82f182a3U,
                    0xde920307U, 0x6655004fU) },
    { ARB_CRC32_ROW(0xefc26b3eU, 0x04f5d03dU, 0x09eba07aU, 0x13d740f4U, 0x27ae81e8U, 0x4f5d03d0U,
                    0x9eba07a0U, 0xe6050901U) },
    { ARB_CRC32_ROW(0xc18edfc0U, 0x586cb9c1U, 0xb0d97382U, 0xbac3e145U, 0xaef6c4cbU, 0x869c8fd7U,
                    0xd64819efU, 0x77e1359fU) },
    { ARB_CRC32_ROW(0x9ba54c6fU, 0xec3b9e9fU, 0x03063b7fU, 0x060c76feU, 0x0c18edfcU, 0x1831dbf8U,
                    0x3063b7f0U, 0x60c76fe0U) },
    { ARB_CRC32_ROW(0xdd96d985U, 0x605cb54bU, 0xc0b96a96U, 0x5a03d36dU, 0xb407a6daU, 0xb37e4bf5U,
                    0xbd8d91abU, 0xa06a2517U) },
    { ARB_CRC32_ROW(0x9d0fe176U, 0xe16ec4adU, 0x19ac8f1bU, 0x33591e36U, 0x66b23c6cU, 0xcd6478d8U,
                    0x41b9f7f1U, 0x8373efe2U) },
    { ARB_CRC32_ROW(0xb9fbdbe8U, 0xa886b191U, 0x8a7c6563U, 0xcf89cc87U, 0x44629f4fU, 0x88c53e9eU,
                    0xcafb7b7dU, 0x4e87f0bbU) },
    { ARB_CRC32_ROW(0xae689191U, 0x87a02563U, 0xd4314c87U, 0x73139f4fU, 0xe6273e9eU, 0x173f7b7dU,
                    0x2e7ef6faU, 0x5cfdedf4U) },
};

/* Takes four bytes, the first one in the lowest place, with `zeros` bytes behind them. */
static inline uint32_t arb_crc32_four(uint32_t bytes, unsigned zeros)
{
    return arb_crc32_table[zeros + 3][bytes & 255] ^ arb_crc32_table[zeros + 2][bytes >> 8 & 255] ^
           arb_crc32_table[zeros + 1][bytes >> 16 & 255] ^ arb_crc32_table[zeros][bytes >> 24];
}

static inline uint32_t arb_crc32_load(const unsigned char *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

static inline uint32_t arb_crc32_bytes(uint32_t crc, const unsigned char *p, size_t len)
{
    for (; len >= ARB_CRC32_SLICES; len -= ARB_CRC32_SLICES, p += ARB_CRC32_SLICES) {
        crc = arb_crc32_four(crc ^ arb_crc32_load(p), 12) ^
              arb_crc32_four(arb_crc32_load(p + 4), 8) ^ arb_crc32_four(arb_crc32_load(p + 8), 4) ^
              arb_crc32_four(arb_crc32_load(p + 12), 0);
    }
    for (; len >= 4; len -= 4, p += 4) {
        crc = arb_crc32_four(crc ^ arb_crc32_load(p), 0);
    }
    for (; len > 0; len--, p++) {
        crc = crc >> 8 ^ arb_crc32_table[0][(crc ^ *p) & 255];
    }
    return crc;
}

#ifdef ARB_CRC32_HAS_CLMUL
/* Moves a 128-bit remainder by the distance that `by` stands for, and adds what is there. */
__attribute__((target("pclmul,sse2"))) static inline __m128i arb_crc32_fold(__m128i x, __m128i by,
                                                                            __m128i next)
{
    return _mm_xor_si128(
        _mm_xor_si128(_mm_clmulepi64_si128(x, by, 0x00), _mm_clmulepi64_si128(x, by, 0x11)), next);
}

static inline __m128i arb_crc32_next(const unsigned char *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}

/* The lower `n` bytes of sixteen, moved up to the end behind zeros; 0 < n < 16. */
__attribute__((target("ssse3"))) static inline __m128i arb_crc32_lead(__m128i x, size_t n)
{
    static const signed char places[32] = { -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1,
                                            -1, -1, -1, -1, -1, 0,  1,  2,  3,  4,  5,
                                            6,  7,  8,  9,  10, 11, 12, 13, 14, 15 };
    return _mm_shuffle_epi8(x, arb_crc32_next((const unsigned char *)places + n));
}

/* The remainder of sixteen bytes: to 96 bits, to 64, and by Barrett's method to 32. */
__attribute__((target("pclmul,sse2"))) static inline uint32_t arb_crc32_rest(__m128i x)
{
    const __m128i by_16 = _mm_set_epi64x(0x0CCAA009E, 0x1751997D0);   /* x^96, x^160 mod P */
    const __m128i by_8 = _mm_set_epi64x(0, 0x163CD6124);              /* x^64 mod P */
    const __m128i barrett = _mm_set_epi64x(0x1F7011641, 0x1DB710641); /* x^64 / P, P */
    const __m128i low = _mm_set_epi32(0, -1, 0, -1);

    x = _mm_xor_si128(_mm_clmulepi64_si128(x, by_16, 0x10), _mm_srli_si128(x, 8));
    x = _mm_xor_si128(_mm_clmulepi64_si128(_mm_and_si128(x, low), by_8, 0x00),
                      _mm_srli_si128(x, 4));
    const __m128i quotient = _mm_clmulepi64_si128(_mm_and_si128(x, low), barrett, 0x10);
    x = _mm_xor_si128(x, _mm_clmulepi64_si128(_mm_and_si128(quotient, low), barrett, 0x00));
    return (uint32_t)_mm_cvtsi128_si32(_mm_srli_si128(x, 4));
}

/*
 * Folds at least 80 bytes, four times sixteen side by side. Zeros in front change no remainder once
 * `crc` is added to the first four bytes: so the odd bytes come first, behind zeros.
 */
__attribute__((target("pclmul,ssse3"))) static inline uint32_t
arb_crc32_clmul(uint32_t crc, const unsigned char *p, size_t len)
{
    const __m128i by_64 = _mm_set_epi64x(0x1C6E41596, 0x154442BD4); /* x^480, x^544 mod P */
    const __m128i by_16 = _mm_set_epi64x(0x0CCAA009E, 0x1751997D0); /* x^96, x^160 mod P */
    const size_t odd = len % 16;
    __m128i a = _mm_xor_si128(arb_crc32_next(p), _mm_cvtsi32_si128((int)crc));

    if (odd > 0) {
        const uint32_t behind = odd < 4 ? crc >> 8 * odd : 0;
        const __m128i next = _mm_xor_si128(arb_crc32_next(p + odd), _mm_cvtsi32_si128((int)behind));
        a = arb_crc32_fold(arb_crc32_lead(a, odd), by_16, next);
        p += odd;
        len -= odd;
    }
    __m128i b = arb_crc32_next(p + 16), c = arb_crc32_next(p + 32), d = arb_crc32_next(p + 48);
    for (p += 64, len -= 64; len >= 64; p += 64, len -= 64) {
        a = arb_crc32_fold(a, by_64, arb_crc32_next(p));
        b = arb_crc32_fold(b, by_64, arb_crc32_next(p + 16));
        c = arb_crc32_fold(c, by_64, arb_crc32_next(p + 32));
        d = arb_crc32_fold(d, by_64, arb_crc32_next(p + 48));
    }
    d = arb_crc32_fold(arb_crc32_fold(arb_crc32_fold(a, by_16, b), by_16, c), by_16, d);
    for (; len > 0; p += 16, len -= 16) {
        d = arb_crc32_fold(d, by_16, arb_crc32_next(p));
    }
    return arb_crc32_rest(d);
}
#endif

/*
 * The CRC of `len` bytes behind those whose CRC is `crc`; 0 to begin with. So the CRC of a text can
 * be taken piece by piece.
 */
static inline uint32_t arb_crc32(uint32_t crc, const void *data, size_t len)
{
    const unsigned char *const p = (const unsigned char *)data;
#ifdef ARB_CRC32_HAS_CLMUL
    if (len >= 80 && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("ssse3")) {
        return ~arb_crc32_clmul(~crc, p, len);
    }
#endif
    return ~arb_crc32_bytes(~crc, p, len);
}

#ifdef __cplusplus
}
#endif

#endif /* ARB_CRC32_H */
