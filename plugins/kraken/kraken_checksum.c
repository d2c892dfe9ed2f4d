/*
 * The checksum is a CRC-32 over text: of the best ten asks, then bids, price and quantity as on the
 * wire without point and leading zeroes. Printing digits is what costs, so texts are kept.
 */
#include "kraken.h"

#include "arbspot/crc32.h"

/*
 * The wire's digits, in units of 10^-digits. The wire may show zeroes beyond the scale; a number
 * too long for that wraps, and its checksum cannot match.
 */
static uint64_t wire_units(int64_t value, unsigned scale, unsigned digits)
{
    if (digits <= scale) {
        return (uint64_t)value / (uint64_t)arb_pow10(scale - digits);
    }
    const unsigned more = digits - scale < ARB_SCALE_MAX ? digits - scale : ARB_SCALE_MAX;
    return (uint64_t)value * (uint64_t)arb_pow10(more);
}

static bool is_token_of(const struct token *token, const struct arb_level *level)
{
    return token->px == level->px && token->qty == level->qty;
}

/* The token of this level among the old ones, from `*from` on; NULL: it has to be printed. */
static const struct token *find(const struct tokens *old, uint32_t *from,
                                const struct arb_level *level)
{
    for (uint32_t i = *from; i < old->n; i++) {
        if (is_token_of(&old->list[i], level)) {
            *from = i + 1; /* both lists are sorted */
            return &old->list[i];
        }
    }
    return NULL;
}

static uint32_t print(char *text, const struct arb_level *level, const struct pair *pair,
                      const struct arb_instrument *info)
{
    const uint32_t len =
        arb_uint_write(wire_units(level->px, info->px_scale, pair->tokens_px_digits), text);
    return len + arb_uint_write(wire_units(level->qty, info->qty_scale, pair->tokens_qty_digits),
                                text + len);
}

/* Spells the best `n` levels, `best` counting downwards. */
static void spell(struct tokens *side, const struct arb_level *best, uint32_t n,
                  const struct pair *pair, const struct arb_instrument *info)
{
    const struct tokens old = *side;
    uint32_t end = 0, from = 0;

    for (uint32_t i = 0; i < n; i++) {
        const struct arb_level *const level = best - i;
        const struct token *const token = find(&old, &from, level);
        uint32_t len;
        if (token == NULL) {
            len = print(side->text + end, level, pair, info);
        } else {
            len = token->len; /* copied whole: cheaper than its exact length */
            memcpy(side->text + end, old.text + token->at, TOKEN_MAX);
        }
        side->list[i] = (struct token){ level->px, level->qty, end, len };
        end += len;
    }
    side->n = n;
    side->len = end;
}

/* Spells the side anew unless its best levels are the same: an update mostly changes one side. */
static bool update(struct tokens *side, const struct arb_level *levels, uint32_t n_levels,
                   const struct pair *pair, const struct arb_instrument *info)
{
    const uint32_t n = n_levels < CHECKSUM_LEVELS ? n_levels : CHECKSUM_LEVELS;
    const struct arb_level *const best = n == 0 ? levels : levels + n_levels - 1;
    uint32_t same = 0;

    while (same < n && same < side->n && is_token_of(&side->list[same], best - same)) {
        same++;
    }
    if (same == n && same == side->n && n > 0) {
        return false;
    }
    spell(side, best, n, pair, info);
    return true;
}

/* An event without levels shows no digits: those of the events before hold. */
static void use_digits(struct pair *pair, const struct arb_book_event *event)
{
    const uint8_t px = event->n_bids + event->n_asks > 0 ? event->px_digits : pair->px_digits;
    const uint8_t qty = event->n_bids + event->n_asks > 0 ? event->qty_digits : pair->qty_digits;

    if (pair->tokens_px_digits != px || pair->tokens_qty_digits != qty) {
        pair->tokens_px_digits = px;
        pair->tokens_qty_digits = qty;
        pair->asks.n = pair->bids.n = 0;
    }
}

uint32_t kraken_checksum(struct pair *pair, const struct arb_instrument *info,
                         const struct arb_book_event *event, const struct arb_book *book)
{
    struct tokens *const asks = &pair->asks, *const bids = &pair->bids;

    use_digits(pair, event);
    const bool has_new_asks = update(asks, book->asks, book->n_asks, pair, info);
    const bool has_new_bids = update(bids, book->bids, book->n_bids, pair, info);
    if (has_new_asks) {
        asks->crc = arb_crc32(0, asks->text, asks->len);
    }
    if (has_new_asks || has_new_bids) {
        bids->crc = arb_crc32(asks->crc, bids->text, bids->len);
    }
    return bids->crc; /* as before, when the change was farther from the best than it reaches */
}
