#include "kafka/partition.h"

enum { WORD_LEN = 4, ROTATE = 24 };

/* The constants of Java's clients: with others every key would be somewhere else. */
#define MULTIPLIER UINT32_C(0x5bd1e995)
#define SEED UINT32_C(0x9747b28c)

static uint32_t word_at(const unsigned char *at, size_t len)
{
    uint32_t word = 0;

    for (size_t i = 0; i < len; i++) {
        word |= (uint32_t)at[i] << (8 * i);
    }
    return word;
}

static uint32_t mix_word(uint32_t hash, uint32_t word)
{
    word *= MULTIPLIER;
    word ^= word >> ROTATE;
    word *= MULTIPLIER;
    return (hash * MULTIPLIER) ^ word;
}

static uint32_t mix_end(uint32_t hash)
{
    hash ^= hash >> 13;
    hash *= MULTIPLIER;
    return hash ^ hash >> 15;
}

uint32_t partition_hash(struct arb_bytes key)
{
    const unsigned char *const at = (const unsigned char *)key.data;
    const size_t n_words = key.len / WORD_LEN, rest = key.len % WORD_LEN;
    uint32_t hash = SEED ^ (uint32_t)key.len;

    for (size_t i = 0; i < n_words; i++) {
        hash = mix_word(hash, word_at(at + i * WORD_LEN, WORD_LEN));
    }
    if (rest > 0) {
        hash ^= word_at(at + n_words * WORD_LEN, rest);
        hash *= MULTIPLIER;
    }
    return mix_end(hash) & INT32_MAX;
}
