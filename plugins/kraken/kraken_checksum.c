/*
 * The checksum is a CRC-32 over text: for the best ten asks, then bids, price and quantity as
 * on the wire without point and leading zeroes. Printing digits is what costs, so the text
 * of each level is kept until the level changes.
 */
#include "kraken.h"

#include <libdeflate.h>

/*
 * Turns the scaled integer into the wire's digits: 10^-digits instead of 10^-scale. The wire may
 * show zeroes beyond the scale; a number too long for that wraps and its checksum cannot match.
 */
static uint64_t wire_units(int64_t value, unsigned scale, unsigned digits)
{
    if (digits <= scale) {
        return (uint64_t)value / (uint64_t)arb_pow10(scale - digits);
    }
    const unsigned more = digits - scale < ARB_SCALE_MAX ? digits - scale : ARB_SCALE_MAX;
    return (uint64_t)value * (uint64_t)arb_pow10(more);
}

static void print_token(struct token *token, const struct arb_level *level, const struct pair *pair,
                        const struct arb_instrument *info)
{
    token->px = level->px;
    token->qty = level->qty;
    token->len =
        arb_uint_write(wire_units(level->px, info->px_scale, pair->px_digits), token->text);
    token->len += arb_uint_write(wire_units(level->qty, info->qty_scale, pair->qty_digits),
                                 token->text + token->len);
}

static bool is_token_of(const struct token *token, const struct arb_level *level)
{
    return token->px == level->px && token->qty == level->qty;
}

/* How many tokens, from the best, still are what the book says. `best` counts downwards. */
static uint32_t count_unchanged(const struct token_side *side, const struct arb_level *best,
                                uint32_t n)
{
    uint32_t i = 0;
    while (i < n && i < side->n && is_token_of(&side->tokens[i], best - i)) {
        i++;
    }
    return i;
}

/*
 * Brings the tokens from `from` on up to date. A level that only moved to another rank keeps
 * its text: both lists are sorted, so one pass over the old one finds it.
 */
static void refresh(struct token_side *side, const struct arb_level *best, uint32_t n,
                    uint32_t from, const struct pair *pair, const struct arb_instrument *info)
{
    struct token old[CHECKSUM_LEVELS];
    uint32_t k = from;
    const uint32_t n_old = side->n;

    memcpy(old + from, side->tokens + from, (n_old > from ? n_old - from : 0) * sizeof(*old));
    for (uint32_t i = from; i < n; i++) {
        const struct arb_level *const level = best - i;
        uint32_t found = k;
        while (found < n_old && !is_token_of(&old[found], level)) {
            found++;
        }
        if (found < n_old) {
            side->tokens[i] = old[found];
            k = found + 1;
        } else {
            print_token(&side->tokens[i], level, pair, info);
        }
    }
    side->n = n;
}

static char *put_side(struct token_side *side, const struct arb_level *levels, uint32_t n_levels,
                      const struct pair *pair, const struct arb_instrument *info, char *out)
{
    const uint32_t n = n_levels < CHECKSUM_LEVELS ? n_levels : CHECKSUM_LEVELS;
    const struct arb_level *const best = n_levels == 0 ? levels : levels + n_levels - 1;
    const uint32_t unchanged = count_unchanged(side, best, n);

    if (unchanged < n || n != side->n) {
        refresh(side, best, n, unchanged, pair, info);
    }
    for (uint32_t i = 0; i < n; i++) {
        memcpy(out, side->tokens[i].text, TOKEN_MAX); /* whole: cheaper than its exact length */
        out += side->tokens[i].len;
    }
    return out;
}

uint32_t kraken_checksum(struct pair *pair, const struct arb_instrument *info,
                         const struct arb_book *book)
{
    char text[(2 * CHECKSUM_LEVELS + 1) * TOKEN_MAX];
    char *end = put_side(&pair->asks, book->asks, book->n_asks, pair, info, text);

    end = put_side(&pair->bids, book->bids, book->n_bids, pair, info, end);
    return libdeflate_crc32(0, text, (size_t)(end - text));
}
