#include "venue/relief.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arbspot/text.h"
#include "config/symbol_list.h"
#include "util/log.h"

#define LOOK_NS (10 * NS_PER_MS)
#define APPLY_NS (1 * NS_PER_S) /* sessions and instruments come without a word */

enum { NAMES_MAX = 5, NAMES_TEXT_MAX = 256 };

int relief_init(struct relief *relief, const struct config *config,
                const struct exchange_config *exchange, const char *who)
{
    *relief = (struct relief){ .config = config, .exchange = exchange, .who = who };
    load_init(&relief->load, exchange->max_lag_ms * NS_PER_MS, exchange->shed);
    relief->by_symbol = calloc(1, sizeof(*relief->by_symbol));
    relief->is_shared = calloc(ARB_INSTRUMENTS_MAX, sizeof(*relief->is_shared));
    relief->is_shed = calloc(ARB_INSTRUMENTS_MAX, sizeof(*relief->is_shed));
    return relief->by_symbol == NULL || relief->is_shared == NULL || relief->is_shed == NULL
               ? ARB_ENOMEM
               : ARB_OK;
}

void relief_fini(struct relief *relief)
{
    free(relief->by_symbol);
    free(relief->is_shared);
    free(relief->is_shed);
    *relief = (struct relief){ 0 };
}

/* -- the list --------------------------------------------------------------------------- */

static bool asks_for(const struct exchange_config *exchange, const char *symbol)
{
    for (unsigned i = 0; exchange->enabled && i < exchange->n_symbols; i++) {
        if (symbol_matches(exchange->symbols[i], symbol)) {
            return true;
        }
    }
    return false;
}

static bool asks_another(const struct relief *relief, const char *symbol)
{
    const struct config *const config = relief->config;

    for (unsigned i = 0; config != NULL && i < config->n_exchanges; i++) {
        const struct exchange_config *const other = &config->exchanges[i];
        if (strcmp(other->name, relief->exchange->name) != 0 && asks_for(other, symbol)) {
            return true;
        }
    }
    return false;
}

/* Its place in the list, or ARB_NO_INSTRUMENT when there is no room. */
static uint32_t place_of(struct relief *relief, const char *name)
{
    const struct arb_bytes symbol = { name, strlen(name) };
    const uint32_t found = arb_symbol_find(relief->by_symbol, symbol);

    if (found != ARB_NO_INSTRUMENT) {
        return found;
    }
    if (relief->n == ARB_INSTRUMENTS_MAX ||
        arb_symbol_put(relief->by_symbol, symbol, relief->n) != ARB_OK) {
        return ARB_NO_INSTRUMENT;
    }
    relief->is_shared[relief->n] = asks_another(relief, name);
    return relief->n++;
}

static void learn(struct relief *relief, const struct session *session)
{
    for (uint32_t i = 0; i < session_n_instruments(session); i++) {
        (void)place_of(relief, session_instrument(session, i)->symbol);
    }
}

/* Marks as shed whatever is not among the first `keep`: shared ones first, each in their order. */
static void choose(struct relief *relief)
{
    uint32_t left = load_keeps(&relief->load, relief->n);

    for (unsigned shared = 2; shared-- > 0;) {
        for (uint32_t i = 0; i < relief->n; i++) {
            if (relief->is_shared[i] == (shared == 1)) {
                relief->is_shed[i] = left == 0;
                left -= left > 0;
            }
        }
    }
}

uint32_t relief_n_shed(const struct relief *relief)
{
    return relief->n - load_keeps(&relief->load, relief->n);
}

/* -- sessions --------------------------------------------------------------------------- */

static void apply_to(struct relief *relief, struct session *session, struct moment now)
{
    char why[EVENT_REASON_MAX];

    (void)snprintf(why, sizeof(why), "shed: this machine is too slow for %u books", relief->n);
    for (uint32_t i = 0; i < session_n_instruments(session); i++) {
        const uint32_t place = place_of(relief, session_instrument(session, i)->symbol);
        const bool is_shed = place != ARB_NO_INSTRUMENT && relief->is_shed[place];
        if (is_shed != session_is_shed(session, i)) {
            session_shed(session, i, now, is_shed ? why : NULL);
        }
    }
}

static void apply(struct relief *relief, const struct relief_venue *venue, struct moment now)
{
    choose(relief);
    for (uint32_t seat = 0; seat < BOARD_SEATS_MAX; seat++) {
        if (venue->sessions[seat] != NULL) {
            apply_to(relief, venue->sessions[seat], now);
        }
    }
    relief->apply_ns = now.mono_ns + APPLY_NS;
}

static void set_measures(const struct relief *relief, const struct relief_venue *venue)
{
    const struct session_load load = { .is_behind = relief->load.is_held,
                                       .skips = relief->load.level >= LOAD_SKIP };

    board_conflate(venue->board, relief->load.level >= LOAD_CONFLATE);
    for (uint32_t seat = 0; seat < BOARD_SEATS_MAX; seat++) {
        if (venue->sessions[seat] != NULL) {
            session_set_load(venue->sessions[seat], load);
        }
    }
}

static int64_t later(int64_t a_ns, int64_t b_ns)
{
    return a_ns > b_ns ? a_ns : b_ns;
}

/* Of several sessions each has all books: the one that has got furthest counts. */
static struct load_sample sample(struct relief *relief, const struct relief_venue *venue,
                                 int64_t now_ns, struct io_load load)
{
    struct load_sample sample = { .lag_ns = load.lag_ns,
                                  .busy_ns = load.busy_ns,
                                  .unread = load.unread };
    const bool is_asked_for = relief_is_behind(relief) || load.busy_ns > LOAD_LIMIT_NS / 4;

    for (uint32_t seat = 0; seat < BOARD_SEATS_MAX; seat++) {
        const struct session *const session = venue->sessions[seat];
        if (session == NULL) {
            continue;
        }
        if (session_n_instruments(session) > relief->n) {
            learn(relief, session);
        }
        const int64_t held_ns = session_held_since_ns(session);
        sample.lag_ns = later(sample.lag_ns, held_ns == NEVER_NS ? 0 : now_ns - held_ns);
        const uint32_t n_asked = is_asked_for ? session_n_asked(session) : 0;
        sample.n_asked = n_asked > sample.n_asked ? n_asked : sample.n_asked;
    }
    sample.n_books = relief->n;
    return sample;
}

/* -- what is said ----------------------------------------------------------------------- */

/* "C/USD, D/USD and 7 more" */
static void put_names(const struct session *session, struct arb_text *text)
{
    uint32_t n = 0;

    for (uint32_t i = 0; session != NULL && i < session_n_instruments(session); i++) {
        if (session_is_shed(session, i) && n++ < NAMES_MAX) {
            arb_text_add(text, "%s%s", n == 1 ? "" : ", ", session_instrument(session, i)->symbol);
        }
    }
    if (n > NAMES_MAX) {
        arb_text_add(text, " and %u more", n - NAMES_MAX);
    }
}

static const struct session *any_session(const struct relief_venue *venue)
{
    uint32_t seat = 0;

    while (seat < BOARD_SEATS_MAX - 1 && venue->sessions[seat] == NULL) {
        seat++;
    }
    return venue->sessions[seat];
}

static void log_stable(const struct relief *relief, const struct relief_venue *venue)
{
    char buffer[NAMES_TEXT_MAX];
    struct arb_text names = arb_text_over(buffer, sizeof(buffer));

    buffer[0] = '\0';
    put_names(any_session(venue), &names);
    log_line(ARB_WARN, relief->who,
             "this machine is too slow for %u books: it keeps %u, and %u are UNUSABLE, those that "
             "are on no other exchange first and then the last of the list: %s; more are tried in "
             "%lld s; fewer symbols or a faster machine would help",
             relief->n, load_keeps(&relief->load, relief->n), relief_n_shed(relief), buffer,
             (long long)(relief->load.pause_ns / NS_PER_S));
}

static void log_news(const struct relief *relief, const struct relief_venue *venue,
                     enum load_news news)
{
    const uint32_t keep = load_keeps(&relief->load, relief->n);

    switch (news) {
    case LOAD_NO_NEWS:
    case LOAD_LEVEL:
        break;
    case LOAD_FEWER:
        log_line(ARB_INFO, relief->who,
                 "what is processed came %lld ms ago, and for %lld ms there was always more to "
                 "read: tries with %u of %u books",
                 (long long)(relief->load.seen.lag_ns / NS_PER_MS),
                 (long long)(relief->load.seen.busy_ns / NS_PER_MS), keep, relief->n);
        break;
    case LOAD_MORE:
        log_line(ARB_INFO, relief->who, "tries whether this machine can carry %u of %u books", keep,
                 relief->n);
        break;
    case LOAD_STABLE:
        log_stable(relief, venue);
        break;
    case LOAD_WHOLE:
        log_line(ARB_INFO, relief->who, "this machine carries all %u books again", relief->n);
        break;
    }
}

void relief_look(struct relief *relief, const struct relief_venue *venue, struct moment now,
                 struct io_load load)
{
    if (now.mono_ns < relief->look_ns) {
        return;
    }
    relief->look_ns = now.mono_ns + LOOK_NS;
    const struct load_sample seen = sample(relief, venue, now.mono_ns, load);
    const enum load_news news = load_look(&relief->load, now.mono_ns, &seen);
    set_measures(relief, venue);
    if (news == LOAD_FEWER || news == LOAD_MORE || news == LOAD_WHOLE ||
        (relief->load.keep != UINT32_MAX && now.mono_ns >= relief->apply_ns)) {
        apply(relief, venue, now);
    }
    log_news(relief, venue, news);
}
