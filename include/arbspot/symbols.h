/*
 * symbols.h - a venue's own names: spells them, and finds the instrument one stands for.
 *
 * The host keeps the map of the names it subscribes by (arb_instrument_find() in exchange.h). A
 * plugin keeps one for each further spelling the venue uses. Fixed size, no allocation, so it may
 * be a member of the zeroed instance.
 */
#ifndef ARB_SYMBOLS_H
#define ARB_SYMBOLS_H

#include <string.h>

#include "arbspot/abi.h"
#include "arbspot/text.h"
#include "arbspot/types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ARB_SYMBOL_SLOTS = 2 * ARB_INSTRUMENTS_MAX, /* a power of two, at most half full */
};

struct arb_symbol_slot {
    char name[ARB_SYMBOL_MAX];
    uint16_t len; /* 0: free */
    uint16_t instrument;
};

#define ARB_NO_INSTRUMENT UINT32_MAX

/* Zeroed memory is an empty map. */
struct arb_symbol_map {
    uint32_t n;
    struct arb_symbol_slot slots[ARB_SYMBOL_SLOTS];
};

/* Up to eight bytes as a number; names of one length have the same number only when they are equal.
 */
static inline uint64_t arb_symbol_word(const char *p, size_t len)
{
    uint64_t word = 0;
    uint32_t first, last;

    if (len >= 8) {
        memcpy(&word, p, 8);
    } else if (len >= 4) {
        memcpy(&first, p, 4); /* the two may overlap */
        memcpy(&last, p + len - 4, 4);
        word = first | (uint64_t)last << 32;
    } else {
        for (size_t i = 0; i < len; i++) {
            word = word << 8 | (unsigned char)p[i];
        }
    }
    return word;
}

/* Part of the ABI: the host enters the names that a plugin looks for. */
static inline uint32_t arb_symbol_hash(struct arb_bytes name)
{
    const char *p = name.data;
    size_t len = name.len;
    uint64_t hash = len;

    for (;;) {
        hash = (hash ^ arb_symbol_word(p, len)) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
        if (len <= 8) {
            return (uint32_t)hash;
        }
        p += 8;
        len -= 8;
    }
}

static inline bool arb_symbol_is(const struct arb_symbol_slot *slot, struct arb_bytes name)
{
    if (slot->len != name.len) {
        return false;
    }
    return name.len <= 8
               ? arb_symbol_word(slot->name, name.len) == arb_symbol_word(name.data, name.len)
               : memcmp(slot->name, name.data, name.len) == 0;
}

/* The slot that holds `name`, or the free one where it would go. */
static inline uint32_t arb_symbol_slot_of(const struct arb_symbol_map *map, struct arb_bytes name)
{
    uint32_t i = arb_symbol_hash(name) & (ARB_SYMBOL_SLOTS - 1);

    while (map->slots[i].len != 0 && !arb_symbol_is(&map->slots[i], name)) {
        i = (i + 1) & (ARB_SYMBOL_SLOTS - 1);
    }
    return i;
}

/* Enters or replaces a name. ARB_EINVAL when it is empty or too long, ARB_ELIMIT when full. */
static inline int arb_symbol_put(struct arb_symbol_map *map, struct arb_bytes name,
                                 uint32_t instrument)
{
    if (name.len == 0 || name.len >= ARB_SYMBOL_MAX || instrument >= ARB_INSTRUMENTS_MAX) {
        return ARB_EINVAL;
    }
    struct arb_symbol_slot *const slot = &map->slots[arb_symbol_slot_of(map, name)];
    if (slot->len == 0) {
        if (map->n == ARB_INSTRUMENTS_MAX) {
            return ARB_ELIMIT;
        }
        map->n++;
        memcpy(slot->name, name.data, name.len);
        slot->len = (uint16_t)name.len;
    }
    slot->instrument = (uint16_t)instrument;
    return ARB_OK;
}

/* The instrument, or ARB_NO_INSTRUMENT. */
static inline uint32_t arb_symbol_find(const struct arb_symbol_map *map, struct arb_bytes name)
{
    if (name.len == 0 || name.len >= ARB_SYMBOL_MAX) {
        return ARB_NO_INSTRUMENT;
    }
    const struct arb_symbol_slot *const slot = &map->slots[arb_symbol_slot_of(map, name)];
    return slot->len == 0 ? ARB_NO_INSTRUMENT : slot->instrument;
}

/*
 * Spells the name that most venues give a pair: base, separator, quote. "BTC/USD" is "btcusd" with
 * "" in lower case and "BTC-USD" with "-". `name` has ARB_SYMBOL_MAX bytes and is terminated.
 * ARB_ELIMIT, with `name` empty, when it does not fit.
 */
static inline int arb_symbol_spell(const struct arb_instrument *info, const char *separator,
                                   bool is_lower, char *name)
{
    const char *const parts[] = { info->base, separator, info->quote };
    size_t len = 0;

    name[0] = '\0';
    for (unsigned i = 0; i < 3; i++) {
        const size_t more = strlen(parts[i]);
        if (more >= ARB_SYMBOL_MAX - len) {
            name[0] = '\0';
            return ARB_ELIMIT;
        }
        memcpy(name + len, parts[i], more + 1);
        len += more;
    }
    if (is_lower) {
        arb_text_lower(name);
    }
    return ARB_OK;
}

/* To be put into struct arb_exchange_ops as they are: BTC/USD is "BTC-USD" to the venue. */
static inline int arb_spell_dashed(void *instance, const struct arb_instrument *info, char *name)
{
    (void)instance;
    return arb_symbol_spell(info, "-", false, name);
}

/* BTC/USD is "BTCUSD". */
static inline int arb_spell_joined(void *instance, const struct arb_instrument *info, char *name)
{
    (void)instance;
    return arb_symbol_spell(info, "", false, name);
}

#ifdef __cplusplus
}
#endif

#endif /* ARB_SYMBOLS_H */
