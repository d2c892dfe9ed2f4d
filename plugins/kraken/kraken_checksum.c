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

/* Takes out the tokens from `at` on whose prices are better than `px`: their levels are gone. */
static void drop_better(struct token_side *side, uint32_t at, int64_t px)
{
    uint32_t end = at;

    while (end < side->n &&
           (side->is_bids ? side->tokens[end].px > px : side->tokens[end].px < px)) {
        end++;
    }
    memmove(&side->tokens[at], &side->tokens[end], (side->n - end) * sizeof(side->tokens[0]));
    side->n -= end - at;
}

static void make_room(struct token_side *side, uint32_t at)
{
    side->n -= side->n == CHECKSUM_LEVELS; /* the worst one falls out */
    memmove(&side->tokens[at + 1], &side->tokens[at], (side->n - at) * sizeof(side->tokens[0]));
    side->n++;
}

/*
 * Brings the tokens from rank `from` on up to date with the best `n` levels, `best` counting
 * downwards. Both lists are sorted, so a level that only moved to another rank keeps its text.
 */
static void refresh(struct token_side *side, const struct arb_level *best, uint32_t from,
                    uint32_t n, const struct pair *pair, const struct arb_instrument *info)
{
    for (uint32_t i = from; i < n; i++) {
        const struct arb_level *const level = best - i;
        if (i < side->n && is_token_of(&side->tokens[i], level)) {
            continue;
        }
        drop_better(side, i, level->px);
        if (i == side->n || side->tokens[i].px != level->px) {
            make_room(side, i);
        } else if (side->tokens[i].qty == level->qty) {
            continue;
        }
        print_token(&side->tokens[i], level, pair, info);
    }
    side->n = n;
}

/* Puts the tokens one behind the other. */
static void join(struct token_side *side)
{
    char *end = side->text;

    for (uint32_t i = 0; i < side->n; i++) {
        memcpy(end, side->tokens[i].text, TOKEN_MAX); /* whole: cheaper than its exact length */
        end += side->tokens[i].len;
    }
    side->text_len = (uint32_t)(end - side->text);
}

/* True when the side's text has changed; an update mostly changes one of the two. */
static bool update_side(struct token_side *side, const struct arb_level *levels, uint32_t n_levels,
                        const struct pair *pair, const struct arb_instrument *info)
{
    const uint32_t n = n_levels < CHECKSUM_LEVELS ? n_levels : CHECKSUM_LEVELS;
    const struct arb_level *const best = n == 0 ? levels : levels + n_levels - 1;
    uint32_t from = 0;

    while (from < n && from < side->n && is_token_of(&side->tokens[from], best - from)) {
        from++;
    }
    if (from == n && from == side->n && n > 0) {
        return false;
    }
    refresh(side, best, from, n, pair, info);
    join(side);
    return true;
}

uint32_t kraken_checksum(struct pair *pair, const struct arb_instrument *info,
                         const struct arb_book *book)
{
    struct token_side *const asks = &pair->asks, *const bids = &pair->bids;

    bids->is_bids = true;
    if (update_side(asks, book->asks, book->n_asks, pair, info)) {
        asks->crc = libdeflate_crc32(0, asks->text, asks->text_len);
        (void)update_side(bids, book->bids, book->n_bids, pair, info);
    } else if (!update_side(bids, book->bids, book->n_bids, pair, info)) {
        return bids->crc; /* the change was farther from the best than the checksum reaches */
    }
    bids->crc = libdeflate_crc32(asks->crc, bids->text, bids->text_len);
    return bids->crc;
}
