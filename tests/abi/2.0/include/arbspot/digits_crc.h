/*
 * digits_crc.h - the checksum of venues that take a CRC-32 over the digits of their best levels.
 *
 *     static const struct arb_digits_style style = { .n_levels = 10, .order = ARB_DIGITS_ASKS_BIDS
 * }; arb_digits_learn(&pair->crc, &self->draft);               before arb_draft_publish() *checksum
 * = arb_digits_crc(&pair->crc, &style, info, event, book);        in checksum()
 *
 * Printing digits is what costs, so the text of each side is kept, and a level that was there
 * before is copied. Zeroed memory is a book that nothing is known of: what reset() has to leave.
 */
#ifndef ARB_DIGITS_CRC_H
#define ARB_DIGITS_CRC_H

#include "arbspot/crc32.h"
#include "arbspot/levels.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    ARB_DIGITS_LEVELS_MAX = 25, /* a side */
    ARB_DIGITS_TEXT_MAX = 48,   /* of one level: two numbers, and what stands behind each */
};

enum arb_digits_order {
    ARB_DIGITS_ASKS_BIDS = 1, /* all asks, then all bids, each from the best on */
    ARB_DIGITS_BIDS_ASKS = 2,
    ARB_DIGITS_BY_LEVEL = 3, /* best bid, best ask, second bid, ...; who has more goes on alone */
};

/* How the venue spells the text. */
struct arb_digits_style {
    uint32_t n_levels; /* a side, at most ARB_DIGITS_LEVELS_MAX */
    uint32_t order;    /* enum arb_digits_order */
    char between;      /* stands between two numbers, ':' for one; 0: nothing does */
    bool has_point;    /* "45283.50"; else "4528350", and "5" for "0.00000005" */
};

/* A level, and where its text is. */
struct arb_digits_level {
    int64_t px, qty;
    uint32_t at, len;
};

/* The best levels of one side, best first, and their text. */
struct arb_digits_text {
    struct arb_digits_level list[ARB_DIGITS_LEVELS_MAX];
    uint32_t n, len;
    char text[ARB_DIGITS_LEVELS_MAX * ARB_DIGITS_TEXT_MAX];
};

struct arb_digits_side {
    struct arb_digits_text texts[2]; /* the next one is made of the one before */
    uint32_t now;                    /* which of them holds */
    uint32_t crc;                    /* of all that is spelled up to the end of this side */
};

/* Of one book. */
struct arb_digits_crc {
    uint8_t px_digits, qty_digits;           /* on the wire, since the last snapshot */
    uint8_t text_px_digits, text_qty_digits; /* those that the texts are spelled with */
    struct arb_digits_side asks, bids;
};

/* A style with what it is used with. */
struct arb_digits_form {
    const struct arb_digits_style *style;
    const struct arb_instrument *info;
    uint8_t px_digits, qty_digits;
};

static inline uint8_t arb_digits_most(uint8_t a, uint8_t b, uint8_t c)
{
    const uint8_t ab = a > b ? a : b;
    return ab > c ? ab : c;
}

/*
 * Notes how many fractional digits the venue writes, and tells the host with the event: what a
 * message does not show is known from those before, back to the last snapshot, with which the
 * venue may have changed its precision.
 */
static inline void arb_digits_learn(struct arb_digits_crc *crc, struct arb_draft *draft)
{
    struct arb_levels *const bids = &draft->bids, *const asks = &draft->asks;

    if (draft->event.kind == ARB_BOOK_SNAPSHOT) {
        crc->px_digits = crc->qty_digits = 0;
    }
    crc->px_digits = arb_digits_most(crc->px_digits, bids->px_digits, asks->px_digits);
    crc->qty_digits = arb_digits_most(crc->qty_digits, bids->qty_digits, asks->qty_digits);
    bids->px_digits = crc->px_digits;
    bids->qty_digits = crc->qty_digits;
}

static inline int arb_digits_publish(struct arb_host *host, struct arb_digits_crc *crc,
                                     struct arb_draft *draft)
{
    if (arb_draft_rc(draft) == ARB_OK) {
        arb_digits_learn(crc, draft);
    }
    return arb_draft_publish(host, draft);
}

/*
 * The wire's digits, in units of 10^-digits. The wire may show zeroes beyond the scale; a number
 * too long for that wraps, and its checksum cannot match.
 */
static inline uint64_t arb_digits_units(int64_t value, unsigned scale, unsigned digits)
{
    if (digits <= scale) {
        return (uint64_t)value / (uint64_t)arb_pow10(scale - digits);
    }
    const unsigned more = digits - scale < ARB_SCALE_MAX ? digits - scale : (unsigned)ARB_SCALE_MAX;
    return (uint64_t)value * (uint64_t)arb_pow10(more);
}

static inline uint32_t arb_digits_write(int64_t value, unsigned scale, unsigned digits, char *text)
{
    return arb_uint_write(arb_digits_units(value, scale, digits), text);
}

/* With what stands behind each of the two numbers. */
static inline uint32_t arb_digits_print_marked(char *text, const struct arb_level *level,
                                               const struct arb_digits_form *form)
{
    const int64_t values[] = { level->px, level->qty };
    const unsigned scales[] = { form->info->px_scale, form->info->qty_scale };
    const unsigned digits[] = { form->px_digits, form->qty_digits };
    uint32_t len = 0;

    for (unsigned i = 0; i < 2; i++) {
        len += form->style->has_point
                   ? arb_decimal_write(values[i], scales[i], digits[i], text + len)
                   : arb_digits_write(values[i], scales[i], digits[i], text + len);
        if (form->style->between != 0) {
            text[len++] = form->style->between;
        }
    }
    return len;
}

static inline uint32_t arb_digits_print(char *text, const struct arb_level *level,
                                        const struct arb_digits_form *form)
{
    if (form->style->has_point || form->style->between != 0) {
        return arb_digits_print_marked(text, level, form);
    }
    const uint32_t len = arb_digits_write(level->px, form->info->px_scale, form->px_digits, text);
    return len + arb_digits_write(level->qty, form->info->qty_scale, form->qty_digits, text + len);
}

/* The entry of this level in the text before, from `*from` on; NULL: it has to be printed. */
static inline const struct arb_digits_level *
arb_digits_find(const struct arb_digits_text *old, uint32_t *from, const struct arb_level *level)
{
    for (uint32_t i = *from; i < old->n; i++) {
        if (old->list[i].px == level->px) {
            *from = i + 1; /* both lists are sorted */
            return old->list[i].qty == level->qty ? &old->list[i] : NULL;
        }
    }
    return NULL;
}

/*
 * Spells the best `n` levels, `best` counting downwards. The first `same` ones are as they were:
 * what stands before the first change is copied in one piece.
 */
static inline void arb_digits_spell(struct arb_digits_side *side, const struct arb_level *best,
                                    uint32_t n, uint32_t same, const struct arb_digits_form *form)
{
    const struct arb_digits_text *const old = &side->texts[side->now];
    struct arb_digits_text *const text = &side->texts[1 - side->now];
    uint32_t from = same;
    uint32_t end = same == 0 ? 0 : old->list[same - 1].at + old->list[same - 1].len;

    memcpy(text->list, old->list, same * sizeof(*old->list));
    memcpy(text->text, old->text, end);
    for (uint32_t i = same; i < n; i++) {
        const struct arb_level *const level = best - i;
        const struct arb_digits_level *const known = arb_digits_find(old, &from, level);
        uint32_t len;
        if (known == NULL) {
            len = arb_digits_print(text->text + end, level, form);
        } else {
            len = known->len; /* copied whole: cheaper than its exact length */
            memcpy(text->text + end, old->text + known->at, ARB_DIGITS_TEXT_MAX);
        }
        text->list[i].px = level->px;
        text->list[i].qty = level->qty;
        text->list[i].at = end;
        text->list[i].len = len;
        end += len;
    }
    text->n = n;
    text->len = end;
    side->now = 1 - side->now;
}

/* Spells the side anew unless its best levels are the same: an update mostly changes one side. */
static inline bool arb_digits_update(struct arb_digits_side *side, const struct arb_level *levels,
                                     uint32_t n_levels, const struct arb_digits_form *form)
{
    const struct arb_digits_text *const now = &side->texts[side->now];
    const uint32_t n = n_levels < form->style->n_levels ? n_levels : form->style->n_levels;
    const uint32_t n_both = n < now->n ? n : now->n;
    const struct arb_level *const best = n == 0 ? levels : levels + n_levels - 1;
    uint32_t same = 0;

    while (same < n_both && now->list[same].px == best[-(ptrdiff_t)same].px &&
           now->list[same].qty == best[-(ptrdiff_t)same].qty) {
        same++;
    }
    if (same == n && same == now->n && n > 0) {
        return false;
    }
    arb_digits_spell(side, best, n, same, form);
    return true;
}

/* An event without levels shows no digits: those of the events before hold. */
static inline void arb_digits_use(struct arb_digits_crc *crc, const struct arb_book_event *event)
{
    const bool shows = event->n_bids + event->n_asks > 0;
    const uint8_t px = shows ? event->px_digits : crc->px_digits;
    const uint8_t qty = shows ? event->qty_digits : crc->qty_digits;

    if (crc->text_px_digits != px || crc->text_qty_digits != qty) {
        crc->text_px_digits = px;
        crc->text_qty_digits = qty;
        crc->asks.texts[crc->asks.now].n = crc->bids.texts[crc->bids.now].n = 0;
    }
}

/* Goes on with one side; nothing stands behind the last number of all. */
static inline uint32_t arb_digits_crc_of(uint32_t crc, const struct arb_digits_text *text,
                                         bool is_last, const struct arb_digits_style *style)
{
    const bool is_cut = is_last && style->between != 0 && text->len > 0;
    return arb_crc32(crc, text->text, text->len - is_cut);
}

static inline uint32_t arb_digits_by_level(const struct arb_digits_crc *crc,
                                           const struct arb_digits_style *style)
{
    const struct arb_digits_text *const sides[] = { &crc->bids.texts[crc->bids.now],
                                                    &crc->asks.texts[crc->asks.now] };
    char all[2 * ARB_DIGITS_LEVELS_MAX * ARB_DIGITS_TEXT_MAX];
    size_t len = 0;

    for (uint32_t i = 0; i < 2 * style->n_levels; i++) {
        const struct arb_digits_text *const side = sides[i % 2];
        if (i / 2 < side->n) {
            memcpy(all + len, side->text + side->list[i / 2].at, side->list[i / 2].len);
            len += side->list[i / 2].len;
        }
    }
    return arb_crc32(0, all, len - (len > 0 && style->between != 0));
}

/* The venue's checksum of `book`, which is the host's after `event`. */
static inline uint32_t arb_digits_crc(struct arb_digits_crc *crc,
                                      const struct arb_digits_style *style,
                                      const struct arb_instrument *info,
                                      const struct arb_book_event *event,
                                      const struct arb_book *book)
{
    struct arb_digits_side *const asks = &crc->asks, *const bids = &crc->bids;
    struct arb_digits_side *const first = style->order == ARB_DIGITS_ASKS_BIDS ? asks : bids;
    struct arb_digits_side *const second = first == asks ? bids : asks;

    arb_digits_use(crc, event);
    const struct arb_digits_form form = { style, info, crc->text_px_digits, crc->text_qty_digits };
    const bool has_new_asks = arb_digits_update(asks, book->asks, book->n_asks, &form);
    const bool has_new_bids = arb_digits_update(bids, book->bids, book->n_bids, &form);
    if (style->order == ARB_DIGITS_BY_LEVEL) {
        return arb_digits_by_level(crc, style);
    }
    const struct arb_digits_text *const last = &second->texts[second->now];
    if ((first == asks ? has_new_asks : has_new_bids) || style->between != 0) {
        first->crc = arb_digits_crc_of(0, &first->texts[first->now], last->len == 0, style);
    }
    if (has_new_asks || has_new_bids) {
        second->crc = arb_digits_crc_of(first->crc, last, true, style);
    }
    return second->crc; /* as before, when the change was farther from the best than it reaches */
}

#ifdef __cplusplus
}
#endif

#endif /* ARB_DIGITS_CRC_H */
