/*
 * digits_crc.h - the checksum of venues that take a CRC-32 over the digits of their best levels.
 *
 *     static const struct arb_digits_style style = { .n_levels = 10,
 *                                                    .order = ARB_DIGITS_ASKS_BIDS };
 *     arb_digits_learn(&pair->crc, &self->draft);                  before arb_draft_publish()
 *     *checksum = arb_digits_crc(&pair->crc, &style, info, event, book);      in checksum()
 *
 * Printing digits is what costs, so the text of each side is kept, and of an update only the
 * levels that it changed are spelled. Zeroed memory is a book that nothing is known of: what
 * reset() has to leave.
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
    ARB_DIGITS_TEXT_MAX = 49,   /* of one level: two numbers, a minus, what stands behind each */
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
    bool is_short;  /* with has_point: each number by itself, without zeros at its end: "45283.5" */
    bool is_js;     /* with has_point: as JavaScript prints it, arb_decimal_write_js(): "1.5e-7" */
    bool has_minus; /* with `between`: in front of the quantities of asks */
};

/* A level, and how long its text is. */
struct arb_digits_level {
    int64_t px, qty;
    uint32_t len;
};

/* The best levels of one side, best first, and their texts, one behind the other. */
struct arb_digits_side {
    uint32_t n, len; /* levels, and bytes of text */
    uint32_t crc;    /* of all that is spelled up to the end of this side */
    struct arb_digits_level levels[ARB_DIGITS_LEVELS_MAX + 1];
    char text[(ARB_DIGITS_LEVELS_MAX + 1) * ARB_DIGITS_TEXT_MAX];
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
    bool is_minus; /* in front of quantities */
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
        return arb_div_pow10((uint64_t)value, scale - digits);
    }
    const unsigned more = digits - scale < ARB_SCALE_MAX ? digits - scale : (unsigned)ARB_SCALE_MAX;
    return (uint64_t)value * (uint64_t)arb_pow10(more);
}

static inline uint32_t arb_digits_write(int64_t value, unsigned scale, unsigned digits, char *text)
{
    return arb_uint_write(arb_digits_units(value, scale, digits), text);
}

/* With a point; zeros beyond the scale as far as there is room for them. */
static inline uint32_t arb_digits_write_point(int64_t value, unsigned scale, unsigned digits,
                                              char *text)
{
    const bool has_more = digits > scale && digits != ARB_DIGITS_UNKNOWN;
    uint32_t len = arb_decimal_write(value, scale, has_more ? scale : digits, text);

    if (has_more && scale == 0) {
        text[len++] = '.';
    }
    for (unsigned i = scale; has_more && i < digits && len < ARB_DECIMAL_TEXT_MAX - 1; i++) {
        text[len++] = '0';
    }
    return len;
}

static inline uint32_t arb_digits_write_styled(int64_t value, unsigned scale, unsigned digits,
                                               const struct arb_digits_style *style, char *text)
{
    if (style->is_js) {
        return arb_decimal_write_js(value, scale, text);
    }
    return style->has_point ? arb_digits_write_point(value, scale, digits, text)
                            : arb_digits_write(value, scale, digits, text);
}

/* With what stands behind each of the two numbers. */
static __attribute__((noinline, unused)) uint32_t
arb_digits_print_marked(char *text, const struct arb_level *level,
                        const struct arb_digits_form *form)
{
    const int64_t values[] = { level->px, level->qty };
    const unsigned scales[] = { form->info->px_scale, form->info->qty_scale };
    const unsigned digits[] = { form->px_digits, form->qty_digits };
    uint32_t len = 0;

    for (unsigned i = 0; i < 2; i++) {
        if (i == 1 && form->is_minus) {
            text[len++] = '-';
        }
        len += arb_digits_write_styled(values[i], scales[i], digits[i], form->style, text + len);
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

/* Moves the text behind `end` so that it begins `len` behind `begin`. */
static inline void arb_digits_move(struct arb_digits_side *side, uint32_t begin, uint32_t end,
                                   uint32_t len)
{
    if (begin + len != end && end < side->len) {
        memmove(side->text + begin + len, side->text + end, side->len - end);
    }
    side->len += len - (end - begin);
}

/* Takes out the level of rank `at`, whose text begins at `begin`. */
static inline void arb_digits_drop(struct arb_digits_side *side, uint32_t at, uint32_t begin)
{
    struct arb_digits_level *const level = &side->levels[at];

    arb_digits_move(side, begin, begin + level->len, 0);
    side->n--;
    memmove(level, level + 1, (side->n - at) * sizeof(*level));
}

/* Makes room for a level of rank `at`; the worst one falls out where there would be too many. */
static inline void arb_digits_open(struct arb_digits_side *side, uint32_t at)
{
    struct arb_digits_level *const level = &side->levels[at];

    if (side->n == ARB_DIGITS_LEVELS_MAX) {
        side->n--;
        side->len -= side->levels[side->n].len;
    }
    memmove(level + 1, level, (side->n - at) * sizeof(*level));
    level->len = 0;
    side->n++;
}

/* Spells a level in place of what stands at its rank. */
static inline void arb_digits_put(struct arb_digits_side *side, uint32_t at, uint32_t begin,
                                  const struct arb_level *level, const struct arb_digits_form *form)
{
    char text[ARB_DIGITS_TEXT_MAX];
    const uint32_t len = arb_digits_print(text, level, form);
    struct arb_digits_level *const to = &side->levels[at];

    arb_digits_move(side, begin, begin + to->len, len);
    memcpy(side->text + begin, text, len);
    to->px = level->px;
    to->qty = level->qty;
    to->len = len;
}

/*
 * Brings the text from rank `at` on up to date with the best `n` levels, `best` counting downwards.
 * Both are sorted, so what is better than the next level is gone, and what is worse is still to
 * come: a level that only moved to another rank keeps its text.
 */
static inline void arb_digits_spell(struct arb_digits_side *side, const struct arb_level *best,
                                    uint32_t n, uint32_t at, uint32_t begin,
                                    const struct arb_digits_form *form)
{
    const bool is_bids = n > 1 && best[0].px > best[-1].px;

    while (at < n) {
        const struct arb_level *const level = best - at;
        const struct arb_digits_level *const old = &side->levels[at];
        const bool is_there = at < side->n && old->px == level->px;
        if (at < side->n && !is_there && is_bids == (old->px > level->px)) {
            arb_digits_drop(side, at, begin);
            continue;
        }
        if (!is_there) {
            arb_digits_open(side, at);
        }
        if (!is_there || old->qty != level->qty) {
            arb_digits_put(side, at, begin, level, form);
        }
        begin += old->len;
        at++;
    }
    side->n = n; /* those behind fell out */
    side->len = begin;
}

/* Spells what changed. False: the best levels are the same, as an update mostly changes one side.
 */
static inline bool arb_digits_update(struct arb_digits_side *side, const struct arb_level *levels,
                                     uint32_t n_levels, const struct arb_digits_form *form)
{
    const uint32_t n = n_levels < form->style->n_levels ? n_levels : form->style->n_levels;
    const uint32_t n_both = n < side->n ? n : side->n;
    const struct arb_level *const best = n == 0 ? levels : levels + n_levels - 1;
    uint32_t same = 0, begin = 0;

    while (same < n_both && side->levels[same].px == best[-(ptrdiff_t)same].px &&
           side->levels[same].qty == best[-(ptrdiff_t)same].qty) {
        begin += side->levels[same++].len;
    }
    if (same == n && same == side->n && n > 0) {
        return false;
    }
    arb_digits_spell(side, best, n, same, begin, form);
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
        crc->asks.n = crc->asks.len = crc->bids.n = crc->bids.len = 0;
    }
}

/* Goes on with one side; nothing stands behind the last number of all. */
static inline uint32_t arb_digits_crc_of(uint32_t crc, const struct arb_digits_side *side,
                                         bool is_last, const struct arb_digits_style *style)
{
    const bool is_cut = is_last && style->between != 0 && side->len > 0;
    return arb_crc32(crc, side->text, side->len - is_cut);
}

static inline uint32_t arb_digits_by_level(const struct arb_digits_crc *crc,
                                           const struct arb_digits_style *style)
{
    const struct arb_digits_side *const sides[] = { &crc->bids, &crc->asks };
    uint32_t begins[] = { 0, 0 };
    char all[2 * ARB_DIGITS_LEVELS_MAX * ARB_DIGITS_TEXT_MAX];
    size_t len = 0;

    for (uint32_t i = 0; i < 2 * style->n_levels; i++) {
        const struct arb_digits_side *const side = sides[i % 2];
        if (i / 2 < side->n) {
            const uint32_t n = side->levels[i / 2].len;
            memcpy(all + len, side->text + begins[i % 2], n);
            begins[i % 2] += n;
            len += n;
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
    const uint8_t px = style->is_short ? (uint8_t)ARB_DIGITS_UNKNOWN : crc->text_px_digits;
    const uint8_t qty = style->is_short ? (uint8_t)ARB_DIGITS_UNKNOWN : crc->text_qty_digits;
    const struct arb_digits_form of_asks = { style, info, px, qty, style->has_minus };
    const struct arb_digits_form of_bids = { style, info, px, qty, false };
    const bool has_new_asks = arb_digits_update(asks, book->asks, book->n_asks, &of_asks);
    const bool has_new_bids = arb_digits_update(bids, book->bids, book->n_bids, &of_bids);
    if (style->order == ARB_DIGITS_BY_LEVEL) {
        return arb_digits_by_level(crc, style);
    }
    if ((first == asks ? has_new_asks : has_new_bids) || style->between != 0) {
        first->crc = arb_digits_crc_of(0, first, second->len == 0, style);
    }
    if (has_new_asks || has_new_bids) {
        second->crc = arb_digits_crc_of(first->crc, second, true, style);
    }
    return second->crc; /* as before, when the change was farther from the best than it reaches */
}

/* The same with nothing kept for the next one: of checksums that are rare, or spelled is_short. */
static inline uint32_t arb_digits_crc_once(const struct arb_digits_style *style,
                                           const struct arb_exchange_env *env,
                                           const struct arb_book_event *event,
                                           const struct arb_book *book)
{
    struct arb_digits_crc crc;

    memset(&crc, 0, sizeof(crc));
    return arb_digits_crc(&crc, style, &env->instruments[event->instrument], event, book);
}

#ifdef __cplusplus
}
#endif

#endif /* ARB_DIGITS_CRC_H */
