#include "side.h"

int64_t side_qty_worth(const struct side *side, int128 worth, bool *has_more)
{
    int64_t qty = 0;

    for (uint32_t i = 0; i < n_levels(side); i++) {
        const struct arb_level *const level = level_at(side, i);
        const int128 whole = (int128)level->px * level->qty;
        const int64_t part = whole <= worth ? level->qty : (int64_t)(worth / level->px);
        if (__builtin_add_overflow(qty, part, &qty)) {
            break;
        }
        if (part < level->qty) {
            *has_more = true;
            return qty;
        }
        worth -= whole;
    }
    *has_more = false;
    return qty;
}

uint32_t side_levels_to(const struct side *side, int64_t limit_px)
{
    uint32_t n = 0;

    while (n < n_levels(side) && (side->is_bids ? level_at(side, n)->px >= limit_px
                                                : level_at(side, n)->px <= limit_px)) {
        n++;
    }
    return n;
}

int64_t side_proven(const struct side *side)
{
    const struct arb_book *const book = side->book;
    int64_t qty = 0;

    if (book->verified != ARB_VERIFIED) {
        return 0;
    }
    if (book->verified_levels == 0 || book->verified_levels >= n_levels(side)) {
        return INT64_MAX;
    }
    for (uint32_t i = 0; i < book->verified_levels; i++) {
        if (__builtin_add_overflow(qty, level_at(side, i)->qty, &qty)) {
            return INT64_MAX;
        }
    }
    return qty;
}
