#include "session/instruments.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/symbol_list.h"
#include "session/books.h"
#include "session/conns.h"
#include "session/subscriptions.h"

#define LOOK_NS (50 * NS_PER_MS) /* how often an undecided scale is looked at */

int instruments_init(struct session *session)
{
    struct instruments *const set = &session->instruments;

    set->candidates = calloc(ARB_INSTRUMENTS_MAX, sizeof(*set->candidates));
    set->list = calloc(ARB_INSTRUMENTS_MAX, sizeof(*set->list));
    set->by_symbol = calloc(1, sizeof(*set->by_symbol));
    set->by_venue_symbol = calloc(1, sizeof(*set->by_venue_symbol));
    return set->candidates == NULL || set->list == NULL || set->by_symbol == NULL ||
                   set->by_venue_symbol == NULL
               ? ARB_ENOMEM
               : ARB_OK;
}

void instruments_fini(struct session *session)
{
    struct instruments *const set = &session->instruments;

    free(set->candidates);
    free(set->list);
    free(set->by_symbol);
    free(set->by_venue_symbol);
    *set = (struct instruments){ 0 };
}

bool instruments_have_patterns(const struct session *session)
{
    for (unsigned i = 0; i < session->exchange->n_symbols; i++) {
        if (symbol_is_pattern(session->exchange->symbols[i])) {
            return true;
        }
    }
    return false;
}

static struct arb_bytes bytes_of(const char *text)
{
    return (struct arb_bytes){ text, strlen(text) };
}

static void copy_name(char *to, const char *from, size_t len)
{
    const size_t n = len < ARB_SYMBOL_MAX ? len : ARB_SYMBOL_MAX - 1;
    memcpy(to, from, n);
    to[n] = '\0';
}

/* -- candidates ----------------------------------------------------------------------- */

static struct candidate *add(struct session *session, const char *symbol)
{
    struct instruments *const set = &session->instruments;

    if (set->n_candidates == ARB_INSTRUMENTS_MAX ||
        arb_symbol_put(set->by_symbol, bytes_of(symbol), set->n_candidates) != ARB_OK) {
        return NULL;
    }
    struct candidate *const candidate = &set->candidates[set->n_candidates++];
    *candidate = (struct candidate){ .px_digits = ARB_DIGITS_UNKNOWN,
                                     .qty_digits = ARB_DIGITS_UNKNOWN,
                                     .trading = session->plan.catalog == ARB_CATALOG_NONE
                                                    ? ARB_TRADING_OPEN
                                                    : ARB_TRADING_UNKNOWN,
                                     .index = ARB_NO_INSTRUMENT };
    copy_name(candidate->symbol, symbol, strlen(symbol));
    return candidate;
}

int instruments_add_named(struct session *session)
{
    const struct instruments *const set = &session->instruments;

    for (unsigned i = 0; i < session->exchange->n_symbols; i++) {
        const char *const symbol = session->exchange->symbols[i];
        if (symbol_is_pattern(symbol) ||
            arb_symbol_find(set->by_symbol, bytes_of(symbol)) != ARB_NO_INSTRUMENT) {
            continue;
        }
        if (add(session, symbol) == NULL) {
            return ARB_ELIMIT;
        }
    }
    due_by(session, DUE_INSTRUMENTS, 0);
    return ARB_OK;
}

static bool wanted_by_pattern(const struct session *session, const char *symbol)
{
    for (unsigned i = 0; i < session->exchange->n_symbols; i++) {
        if (symbol_is_pattern(session->exchange->symbols[i]) &&
            symbol_matches(session->exchange->symbols[i], symbol)) {
            return true;
        }
    }
    return false;
}

/* What the section calls the pair on this exchange, or NULL. */
static const char *name_in(const struct session *session, const struct instrument_config *section)
{
    for (const struct config_entry *e = section->venue_symbols; e != NULL; e = e->next) {
        if (strcmp(e->key, session->exchange->name) == 0) {
            return e->value;
        }
    }
    return NULL;
}

static const char *configured_venue_symbol(const struct session *session, const char *symbol)
{
    const struct instrument_config *const section = config_instrument(session->config, symbol);
    return section == NULL ? NULL : name_in(session, section);
}

/* The candidate that the configuration calls so, or ARB_NO_INSTRUMENT. */
static uint32_t find_configured(const struct session *session, const char *venue_symbol)
{
    const struct config *const config = session->config;
    uint32_t k = ARB_NO_INSTRUMENT;

    for (unsigned i = 0; k == ARB_NO_INSTRUMENT && i < config->n_instruments; i++) {
        const char *const name = name_in(session, &config->instruments[i]);
        if (name != NULL && strcmp(name, venue_symbol) == 0) {
            k = arb_symbol_find(session->instruments.by_symbol,
                                bytes_of(config->instruments[i].symbol));
        }
    }
    return k;
}

/* A pair that the configuration names in its own way keeps that name, whatever the venue's is. */
static struct candidate *find(struct session *session, const struct arb_listing *listing)
{
    struct instruments *const set = &session->instruments;
    const uint32_t by_venue =
        arb_symbol_find(set->by_venue_symbol, bytes_of(listing->venue_symbol));

    for (uint32_t k = 0; by_venue != ARB_NO_INSTRUMENT && k < set->n_candidates; k++) {
        if (set->candidates[k].index == by_venue) {
            return &set->candidates[k];
        }
    }
    uint32_t k = find_configured(session, listing->venue_symbol);
    if (k == ARB_NO_INSTRUMENT) {
        k = arb_symbol_find(set->by_symbol, bytes_of(listing->symbol));
    }
    if (k != ARB_NO_INSTRUMENT) {
        return &set->candidates[k];
    }
    return wanted_by_pattern(session, listing->symbol) ? add(session, listing->symbol) : NULL;
}

static bool needs_more(uint8_t digits, uint8_t scale)
{
    return digits != ARB_DIGITS_UNKNOWN && digits > scale;
}

static bool has_room(const struct candidate *candidate, const struct arb_instrument *info)
{
    return !needs_more(candidate->px_digits, info->px_scale) &&
           !needs_more(candidate->qty_digits, info->qty_scale);
}

static void refuse_digits(struct session *session, const struct candidate *candidate,
                          struct moment now)
{
    char why[EVENT_REASON_MAX];

    (void)snprintf(why, sizeof(why), "set px_scale >= %d, qty_scale >= %d in [instrument:%s]",
                   candidate->px_digits, candidate->qty_digits, candidate->symbol);
    session->books[candidate->index].is_barred = true;
    books_refused(session, candidate->index, now, why, NEVER_NS);
}

void instruments_begin_catalog(struct session *session)
{
    struct instruments *const set = &session->instruments;

    for (uint32_t k = 0; k < set->n_candidates; k++) {
        set->candidates[k].is_listed_next = false;
    }
}

void instruments_list(struct session *session, const struct arb_listing *listing, struct moment now)
{
    struct candidate *const candidate = find(session, listing);

    if (candidate == NULL) {
        return;
    }
    candidate->is_listed = candidate->is_listed_next = true;
    candidate->px_digits = listing->px_digits;
    candidate->qty_digits = listing->qty_digits;
    candidate->trading = (uint8_t)listing->trading;
    candidate->terms = listing->terms;
    if (candidate->venue_symbol[0] == '\0') {
        copy_name(candidate->venue_symbol, listing->venue_symbol, strlen(listing->venue_symbol));
    }
    if (session->scales != NULL) {
        scales_report(session->scales, session->exchange->name, candidate->symbol,
                      candidate->px_digits, candidate->qty_digits);
    }
    if (candidate->index == ARB_NO_INSTRUMENT) {
        due_by(session, DUE_INSTRUMENTS, 0);
        return;
    }
    if (!has_room(candidate, &session->instruments.list[candidate->index])) {
        refuse_digits(session, candidate, now);
    }
    session->books[candidate->index].live.terms = candidate->terms;
    books_trading(session, candidate->index, candidate->trading, now, "listed so by the venue");
}

/* The catalog decides where the venue takes any subscription; else the venue's answer does. */
static void give_up(struct session *session, uint32_t i, struct moment now)
{
    struct session_book *const book = &session->books[i];

    if (!session->plan.is_listed_only) {
        if (book->live.pair_trading == ARB_TRADING_UNKNOWN) { /* else it is as last told */
            books_trading(session, i, ARB_TRADING_OPEN, now,
                          "not in the catalog: the venue's answer decides");
        }
    } else if (!book->is_barred) {
        book->is_barred = true;
        books_refused(session, i, now, "the venue does not list this symbol", NEVER_NS);
    }
}

static void take_back(struct session *session, const struct candidate *candidate, struct moment now)
{
    struct session_book *const book = &session->books[candidate->index];

    if (book->is_barred && has_room(candidate, &session->instruments.list[candidate->index])) {
        book->is_barred = false;
        subscriptions_add(session, candidate->index, now);
    }
}

void instruments_end_catalog(struct session *session, struct moment now)
{
    struct instruments *const set = &session->instruments;

    for (uint32_t k = 0; k < set->n_candidates; k++) {
        struct candidate *const candidate = &set->candidates[k];
        candidate->is_listed = candidate->is_listed_next;
        candidate->is_listed_next = false;
        if (!candidate->is_listed && candidate->trading == ARB_TRADING_UNKNOWN) {
            candidate->trading = ARB_TRADING_OPEN; /* the venue's own status holds */
        }
        if (candidate->index == ARB_NO_INSTRUMENT) {
            continue;
        }
        if (candidate->is_listed) {
            take_back(session, candidate, now);
        } else {
            give_up(session, candidate->index, now);
        }
    }
    if (set->n_candidates == 0) {
        log_line(ARB_ERROR, session->who, "no symbol of the venue's catalog matches `symbols`");
    }
    due_by(session, DUE_INSTRUMENTS, 0);
}

/* -- instruments ---------------------------------------------------------------------- */

/* False when the plugin has no name of its own for it. */
static bool spell(struct session *session, const struct arb_instrument *info,
                  char spelled[ARB_SYMBOL_MAX])
{
    if (session->plugin->exchange.spell == NULL) {
        return false;
    }
    watch_enter(&session->subject, "spell()",
                (struct arb_bytes){ info->symbol, strlen(info->symbol) });
    effects_enter(&session->effects, "spell()");
    const int rc = session->plugin->exchange.spell(session->self, info, spelled);
    effects_end(&session->effects);
    watch_leave();
    return rc == ARB_OK;
}

static void name_it(struct session *session, const struct candidate *candidate,
                    struct arb_instrument *info)
{
    const char *const slash = strchr(candidate->symbol, '/');
    const char *const configured = configured_venue_symbol(session, candidate->symbol);
    const size_t base_len =
        slash == NULL ? strlen(candidate->symbol) : (size_t)(slash - candidate->symbol);
    char spelled[ARB_SYMBOL_MAX] = "";

    copy_name(info->symbol, candidate->symbol, strlen(candidate->symbol));
    copy_name(info->base, candidate->symbol, base_len);
    copy_name(info->quote, slash == NULL ? "" : slash + 1, slash == NULL ? 0 : strlen(slash + 1));
    if (configured != NULL) {
        copy_name(info->venue_symbol, configured, strlen(configured));
    } else if (candidate->venue_symbol[0] != '\0') {
        copy_name(info->venue_symbol, candidate->venue_symbol, strlen(candidate->venue_symbol));
    } else if (spell(session, info, spelled)) {
        copy_name(info->venue_symbol, spelled, strnlen(spelled, ARB_SYMBOL_MAX));
    } else {
        copy_name(info->venue_symbol, candidate->symbol, strlen(candidate->symbol));
    }
}

static bool find_scale(struct session *session, const struct candidate *candidate,
                       struct moment now, struct scale_pair *scale)
{
    if (session->scales != NULL) {
        return scales_decide(session->scales, candidate->symbol, now.mono_ns, scale);
    }
    *scale =
        scales_of(session->config, candidate->symbol, candidate->px_digits, candidate->qty_digits);
    return true;
}

/* Ties the book to the connection that has room for it. */
static void bind(struct session *session, uint32_t i, struct moment now)
{
    struct session_book *const book = &session->books[i];

    book->conn = i / session->books_per_conn;
    if (conns_need(session, book->conn + 1) != ARB_OK) {
        book->conn = 0;
        book->is_barred = true;
        books_refused(session, i, now, "there are not enough connections for it", NEVER_NS);
        return;
    }
    subscriptions_add(session, i, now);
}

static void make(struct session *session, struct candidate *candidate, struct scale_pair scale,
                 struct moment now)
{
    struct instruments *const set = &session->instruments;
    const uint32_t i = set->n;
    struct arb_instrument *const info = &set->list[i];

    *info = (struct arb_instrument){ .px_scale = scale.px, .qty_scale = scale.qty };
    name_it(session, candidate, info);
    candidate->is_left_out =
        arb_symbol_find(set->by_venue_symbol, bytes_of(info->venue_symbol)) != ARB_NO_INSTRUMENT;
    if (candidate->is_left_out) {
        log_line(ARB_ERROR, session->who, "two symbols are \"%s\" at the venue: %s is left out",
                 info->venue_symbol, info->symbol);
        return;
    }
    candidate->index = i;
    (void)arb_symbol_put(set->by_venue_symbol, bytes_of(info->venue_symbol), i);
    set->n++;
    session->effects.n_instruments = set->n;
    if (session->sink->instrument(session->sink_context, i, info, &session->books[i].live) !=
        ARB_OK) {
        log_line(ARB_ERROR, session->who, "no room for %s: restart the host", info->symbol);
    }
    session->books[i].live.terms = candidate->terms;
    books_trading(session, i, candidate->trading, now, "listed so by the venue");
    if (!has_room(candidate, info)) {
        refuse_digits(session, candidate, now);
    } else if (session->catalog.is_complete && !candidate->is_listed &&
               session->plan.is_listed_only) {
        give_up(session, i, now);
    }
    bind(session, i, now);
}

/* Where the catalog says what may be subscribed, it has to come first, or to be late. */
static bool is_ready(const struct session *session)
{
    return !session->plan.is_listed_only || session->catalog.is_known;
}

void instruments_on_turn(struct session *session, struct moment now)
{
    struct instruments *const set = &session->instruments;
    struct scale_pair scale;

    if (!is_ready(session) || session->is_disabled) {
        return; /* the catalog wakes */
    }
    for (uint32_t k = 0; k < set->n_candidates; k++) {
        struct candidate *const candidate = &set->candidates[k];
        if (candidate->index != ARB_NO_INSTRUMENT || candidate->is_left_out) {
            continue;
        }
        if (find_scale(session, candidate, now, &scale)) {
            make(session, candidate, scale, now);
        } else {
            due_by(session, DUE_INSTRUMENTS, now.mono_ns + LOOK_NS);
        }
    }
}
