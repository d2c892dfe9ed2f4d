#include "oracle.h"

#include <stdlib.h>

#include "arbspot/decimal.h"
#include "simulation.h"

static uint64_t mix(uint64_t hash, int64_t px, int64_t qty)
{
    hash = (hash ^ (uint64_t)px) * UINT64_C(0x9e3779b97f4a7c15);
    return (hash ^ hash >> 29 ^ (uint64_t)qty) * UINT64_C(0xbf58476d1ce4e5b9);
}

static uint32_t at_most(uint32_t n, uint32_t limit)
{
    return n < limit ? n : limit;
}

/* Goes on from `hash` over levels[from .. to), counted from the best. */
static uint64_t mix_bids(uint64_t hash, const struct arb_book *book, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        hash = mix(hash, arb_bid_at(book, i)->px, arb_bid_at(book, i)->qty);
    }
    return hash;
}

static uint64_t mix_asks(uint64_t hash, const struct arb_book *book, uint32_t from, uint32_t to)
{
    for (uint32_t i = from; i < to; i++) {
        hash = mix(hash, arb_ask_at(book, i)->px, arb_ask_at(book, i)->qty);
    }
    return hash;
}

static struct book_hash join(const uint64_t top[2], const uint64_t whole[2])
{
    return (struct book_hash){ .whole = whole[0] ^ whole[1] << 1, .top = top[0] ^ top[1] << 1 };
}

static uint32_t limit_of(uint32_t levels)
{
    return levels == 0 ? UINT32_MAX : levels;
}

struct book_hash oracle_hash_of(const struct arb_book *book, uint32_t levels)
{
    const uint32_t bids = at_most(book->n_bids, limit_of(levels));
    const uint32_t asks = at_most(book->n_asks, limit_of(levels));
    const uint64_t top[2] = { mix_bids(1, book, 0, bids), mix_asks(2, book, 0, asks) };
    const uint64_t whole[2] = { mix_bids(top[0], book, bids, book->n_bids),
                                mix_asks(top[1], book, asks, book->n_asks) };
    return join(top, whole);
}

struct scale {
    int64_t px, qty; /* what a level of the venue is multiplied by */
};

static uint64_t mix_ladder(uint64_t hash, const struct ladder *ladder, struct scale scale,
                           struct span span)
{
    for (uint32_t i = span.from; i < span.to; i++) {
        hash = mix(hash, ladder->levels[i].px * scale.px, ladder->levels[i].qty * scale.qty);
    }
    return hash;
}

static struct book_hash hash_of_ladders(const struct sim_book *book, struct scale scale,
                                        struct extent extent)
{
    const struct ladder *const sides[2] = { &book->bids, &book->asks };
    uint64_t top[2], whole[2];

    for (uint32_t i = 0; i < 2; i++) {
        const uint32_t n = at_most(sides[i]->n, extent.whole), n_top = at_most(n, extent.top);
        top[i] = mix_ladder(i + 1, sides[i], scale, (struct span){ 0, n_top });
        whole[i] = mix_ladder(top[i], sides[i], scale, (struct span){ n_top, n });
    }
    return join(top, whole);
}

int versions_add(struct versions *versions, const struct sim_book *book,
                 const struct sim_instrument *instrument, struct extent extent, int64_t now_ns)
{
    if (versions->n == versions->cap) {
        const uint32_t cap = 2 * versions->cap + 64;
        struct version *const list = realloc(versions->list, cap * sizeof(*versions->list));
        if (list == NULL) {
            return ARB_ENOMEM;
        }
        versions->list = list;
        versions->cap = cap;
    }
    const struct scale scale = { arb_pow10(SIMULATION_PX_SCALE - (unsigned)instrument->px_digits),
                                 arb_pow10(SIMULATION_QTY_SCALE -
                                           (unsigned)instrument->qty_digits) };
    const struct extent limits = { limit_of(extent.whole), limit_of(extent.top) };
    versions->list[versions->n++] = (struct version){
        .at_us = now_ns / 1000,
        .hash = hash_of_ladders(book, scale, limits),
    };
    return ARB_OK;
}

void versions_fini(struct versions *versions)
{
    free(versions->list);
    *versions = (struct versions){ 0 };
}

uint32_t versions_at(const struct versions *versions, int64_t at_us)
{
    uint32_t version = versions->n - 1;
    while (version > 0 && versions->list[version].at_us > at_us) {
        version--;
    }
    return version;
}

uint32_t versions_find(const struct versions *versions, uint64_t whole, uint32_t from)
{
    uint32_t version = from;
    while (version < versions->n && versions->list[version].hash.whole != whole) {
        version++;
    }
    return version;
}

void oracle_init(struct oracle *oracle, const struct versions *versions,
                 const struct oracle_proof *proof)
{
    const uint32_t now = versions->n == 0 ? 0 : versions->n - 1;
    *oracle = (struct oracle){ .proof = *proof, .versions = versions, .first = now, .last = now };
}

static void raise(uint32_t *value, uint32_t to)
{
    *value = *value < to ? to : *value;
}

void oracle_lose(struct oracle *oracle, uint32_t version)
{
    raise(&oracle->lost, version);
    oracle->is_tainted = true;
    oracle->shown_ns = 0;
}

void oracle_check(struct oracle *oracle, uint32_t version, int64_t now_ns)
{
    raise(&oracle->checked, version);
    if (oracle->shown_ns == 0) {
        oracle->shown_ns = now_ns;
    }
}

void oracle_lose_check(struct oracle *oracle)
{
    oracle->shown_ns = 0;
}

void oracle_heal(struct oracle *oracle, const struct book_hash *hash)
{
    if (hash->whole == oracle->judged) {
        return; /* it was another book */
    }
    if (oracle->verdict == ORACLE_UNSEEN || oracle->verdict == ORACLE_UNSEEN_DEEP) {
        oracle_lose(oracle, oracle->last);
    } else if (oracle->checked > oracle->last) {
        oracle_lose(oracle, oracle->checked);
    }
}

/* The host took a whole book that is right. */
static void make_up(struct oracle *oracle, uint32_t version)
{
    oracle->is_tainted = oracle->is_tainted && version < oracle->lost;
}

void oracle_arrive(struct oracle *oracle, uint32_t version, enum fault_verdict verdict,
                   bool is_whole)
{
    if (verdict != FAULT_CLEAN) {
        raise(&oracle->last, version);
        if (verdict == FAULT_DAMAGED) {
            oracle_lose(oracle, version); /* who is told by a broken frame has no excuse */
        }
        return;
    }
    if (version < oracle->last) {
        oracle_lose(oracle, oracle->last); /* overtaken: what it sets may be out of date */
    }
    raise(&oracle->last, version);
    raise(&oracle->first, version);
    if (is_whole) {
        make_up(oracle, version);
    }
}

void oracle_haunt(struct oracle *oracle, uint32_t version)
{
    oracle->haunted = 3; /* one may be on its way already */
    oracle_lose(oracle, version);
}

void oracle_answer(struct oracle *oracle, uint32_t version)
{
    oracle->haunted -= oracle->haunted > 0;
    raise(&oracle->last, version);
    oracle->rest = version;
}

void oracle_begin_live(struct oracle *oracle, bool is_from_http)
{
    if (is_from_http) {
        make_up(oracle, oracle->rest);
    }
    if (is_from_http && oracle->proof.is_linked) { /* all that came is in it */
        oracle->first = oracle->last;
    }
}

static bool is_in_range(const struct oracle *oracle, const struct book_hash *hash, bool top_only)
{
    for (uint32_t v = oracle->first; v <= oracle->last && v < oracle->versions->n; v++) {
        const struct book_hash *const truth = &oracle->versions->list[v].hash;
        if (top_only ? truth->top == hash->top : truth->whole == hash->whole) {
            return true;
        }
    }
    return false;
}

static bool is_patient(struct oracle *oracle, int64_t now_ns)
{
    if (oracle->verdict != ORACLE_UNSEEN) {
        oracle->shown_ns = 0;
    }
    return oracle->proof.patience_ns == 0 || oracle->shown_ns == 0 ||
           now_ns - oracle->shown_ns <= oracle->proof.patience_ns;
}

/* A REST book that is shown as it came. */
static bool is_bare(const struct oracle *oracle)
{
    return oracle->proof.is_linked && oracle->last <= oracle->rest;
}

/* By single orders nothing links the REST book of a quiet market to the first event behind it. */
static bool says_what_it_may(const struct oracle *oracle, const struct arb_book *book)
{
    return book->verified == oracle->proof.verified ||
           (book->verified == ARB_UNVERIFIABLE && (oracle->proof.is_by_events || is_bare(oracle)));
}

/* Is there nothing that would show it the loss, or not yet? */
static bool is_excused(struct oracle *oracle, const struct arb_book *book, int64_t now_ns)
{
    return oracle->is_tainted && !oracle->proof.is_linked &&
           (book->verified == ARB_UNVERIFIABLE || oracle->haunted > 0) &&
           is_patient(oracle, now_ns);
}

static enum oracle_verdict verdict_on(struct oracle *oracle, const struct arb_book *book,
                                      const struct book_hash *hash, int64_t now_ns)
{
    const bool is_proven = book->verified == ARB_VERIFIED;

    if (!says_what_it_may(oracle, book) ||
        book->verified_levels != (is_proven ? oracle->proof.levels : 0)) {
        return ORACLE_WRONG;
    }
    if (is_in_range(oracle, hash, false)) {
        return ORACLE_RIGHT;
    }
    if (oracle->is_tainted && oracle->proof.levels > 0 && is_in_range(oracle, hash, true)) {
        return ORACLE_UNSEEN_DEEP;
    }
    return is_excused(oracle, book, now_ns) ? ORACLE_UNSEEN : ORACLE_WRONG;
}

enum oracle_verdict oracle_judge(struct oracle *oracle, const struct arb_book *book,
                                 const struct book_hash *hash, int64_t now_ns)
{
    oracle->judged = hash->whole;
    oracle->verdict = verdict_on(oracle, book, hash, now_ns);
    return (enum oracle_verdict)oracle->verdict;
}
