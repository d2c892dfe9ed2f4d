#include "strategy/matrices.h"

#include <stdlib.h>
#include <string.h>

/* What is shown of a venue, but its ages and its sequence: they alone are no change. */
struct matrices_top {
    struct arb_level bid, ask;
    uint32_t state, trading, verified;
    uint32_t reserved;
};

_Static_assert(sizeof(struct matrices_top) == 48, "compared as bytes");

struct matrices_entry {
    int64_t shown_ns; /* mono */
    bool is_shown;    /* and so are its tops */
    bool is_changed;  /* since */
    bool is_heard;
};

int matrices_init(struct matrices *m, int64_t every_ns, uint32_t n_venues)
{
    *m = (struct matrices){ .every_ns = every_ns, .next_ns = NEVER_NS, .n_venues = n_venues };
    if (every_ns == 0) {
        return ARB_OK;
    }
    m->due_ns = calloc(MARKET_INSTRUMENTS_MAX, sizeof(*m->due_ns));
    m->entries = calloc(MARKET_INSTRUMENTS_MAX, sizeof(*m->entries));
    m->tops = calloc((size_t)MARKET_INSTRUMENTS_MAX * n_venues + 1, sizeof(*m->tops));
    if (m->due_ns == NULL || m->entries == NULL || m->tops == NULL) {
        matrices_fini(m);
        return ARB_ENOMEM;
    }
    return ARB_OK;
}

void matrices_fini(struct matrices *m)
{
    free(m->due_ns);
    free(m->entries);
    free(m->tops);
    *m = (struct matrices){ .every_ns = 0 };
}

/* -- what is due --------------------------------------------------------------------------------
 */

static struct matrices_top top_of(const struct arb_book *book)
{
    struct matrices_top top = { .state = book->state,
                                .trading = book->trading,
                                .verified = arb_book_verified(book, 1) };

    if (book->state == ARB_BOOK_LIVE && book->n_bids > 0) {
        top.bid = *arb_bid_at(book, 0);
    }
    if (book->state == ARB_BOOK_LIVE && book->n_asks > 0) {
        top.ask = *arb_ask_at(book, 0);
    }
    return top;
}

static struct matrices_top *tops_of(const struct matrices *m, uint32_t instrument)
{
    return &m->tops[(size_t)instrument * m->n_venues];
}

static bool is_changed(const struct matrices *m, const struct arb_market *market)
{
    const struct matrices_top *const shown = tops_of(m, market->instrument);

    for (uint32_t changed = market->changed; changed != 0; changed &= changed - 1) {
        const unsigned venue = (unsigned)__builtin_ctz(changed);
        const struct matrices_top top = top_of(&market->books[venue]);
        if (memcmp(&top, &shown[venue], sizeof(top)) != 0) {
            return true;
        }
    }
    return false;
}

static void set_due(struct matrices *m, uint32_t instrument, int64_t due_ns)
{
    m->due_ns[instrument] = due_ns;
    m->next_ns = due_ns < m->next_ns ? due_ns : m->next_ns;
}

static void know(struct matrices *m, uint32_t instrument)
{
    for (; m->n_known <= instrument; m->n_known++) {
        m->due_ns[m->n_known] = NEVER_NS;
    }
}

void matrices_see(struct matrices *m, const struct arb_market *market, int64_t mono_ns)
{
    if (m->every_ns == 0) {
        return;
    }
    know(m, market->instrument);
    struct matrices_entry *const entry = &m->entries[market->instrument];
    if (entry->is_changed || (entry->is_shown && !is_changed(m, market))) {
        return;
    }
    entry->is_changed = true;
    set_due(m, market->instrument, entry->is_shown ? entry->shown_ns + m->every_ns : mono_ns);
}

int64_t matrices_due_ns(const struct matrices *m)
{
    return m->every_ns == 0 ? NEVER_NS : m->next_ns;
}

bool matrices_next(struct matrices *m, int64_t mono_ns, uint32_t *instrument)
{
    uint32_t first = 0;

    if (m->every_ns == 0 || mono_ns < m->next_ns) {
        return false;
    }
    for (uint32_t i = 1; i < m->n_known; i++) {
        first = m->due_ns[i] < m->due_ns[first] ? i : first;
    }
    m->next_ns = m->n_known == 0 ? NEVER_NS : m->due_ns[first];
    *instrument = first;
    return m->next_ns <= mono_ns;
}

/* -- what is in it ------------------------------------------------------------------------------
 */

static int64_t age_of(const struct arb_book *book, int64_t mono_ns)
{
    if (book->alive_ns == 0) {
        return -1;
    }
    return mono_ns > book->alive_ns ? mono_ns - book->alive_ns : 0;
}

static void add_venue(struct matrix *out, const struct market *market,
                      const struct arb_market *view, uint32_t venue, int64_t mono_ns)
{
    const struct arb_book *const book = &view->books[venue];
    const struct matrices_top top = top_of(book);
    struct matrix_venue *const to = &out->venues[out->n_venues++];

    *to = (struct matrix_venue){ .session = market_leg(market, view->instrument, venue).session,
                                 .seq = book->seq,
                                 .bid = top.bid,
                                 .ask = top.ask,
                                 .fee_ppm = view->terms[venue].taker_fee_ppm,
                                 .age_ns = age_of(book, mono_ns),
                                 .state = top.state,
                                 .trading = top.trading,
                                 .verified = top.verified };
    memcpy(to->name, view->venues[venue].name, sizeof(to->name));
}

static void note_shown(struct matrices *m, const struct arb_market *view, bool is_heard,
                       int64_t mono_ns)
{
    struct matrices_entry *const entry = &m->entries[view->instrument];
    struct matrices_top *const tops = tops_of(m, view->instrument);

    m->n_heard += is_heard;
    m->n_heard -= entry->is_heard;
    *entry =
        (struct matrices_entry){ .shown_ns = mono_ns, .is_shown = is_heard, .is_heard = is_heard };
    for (uint32_t i = 0; i < m->n_venues; i++) {
        tops[i] = top_of(&view->books[i]);
    }
    m->due_ns[view->instrument] = is_heard ? mono_ns + MATRICES_REPEAT_NS : NEVER_NS;
}

bool matrices_make(struct matrices *m, struct market *market, uint32_t instrument,
                   struct moment now, struct matrix *out)
{
    const struct arb_market view = market_view(market, instrument);

    memset(out, 0, sizeof(*out));
    out->info = *view.info;
    out->made_ns = now.utc_ns;
    for (uint32_t i = 0; i < view.n_venues; i++) {
        if (market_leg(market, instrument, i).is_heard) {
            add_venue(out, market, &view, i, now.mono_ns);
        }
    }
    note_shown(m, &view, out->n_venues > 0, now.mono_ns);
    out->n_instruments = m->n_heard;
    return out->n_venues > 0;
}

void matrices_put_off(struct matrices *m, uint32_t instrument)
{
    struct matrices_entry *const entry = &m->entries[instrument];

    entry->is_changed = true;
    set_due(m, instrument, entry->shown_ns + m->every_ns);
}
