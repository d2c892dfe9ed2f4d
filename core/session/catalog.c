#include "session/catalog.h"

#include <stdio.h>
#include <string.h>

#include "session/instruments.h"
#include "session/requests.h"

enum { CATALOG_WHY_MAX = 128 };

#define RETRY_NS (60 * NS_PER_S)       /* by HTTP: catalogs are large */
#define STREAM_RETRY_NS (5 * NS_PER_S) /* in the stream, and twice that each time */

static void due_at(struct session *session, int64_t mono_ns)
{
    session->catalog.due_ns = mono_ns;
    due_by(session, DUE_CATALOG, mono_ns);
}

/* Whoever waits for it goes on: with it, or with what the configuration says. */
static void set_known(struct session *session)
{
    session->catalog.is_known = true;
    if (session->scales != NULL) {
        scales_reported_all(session->scales, session->exchange->name);
    }
    due_by(session, DUE_INSTRUMENTS, 0);
}

void catalog_start(struct session *session, struct moment now)
{
    session->catalog.due_ns = NEVER_NS;
    if (session->plan.catalog == ARB_CATALOG_NONE) {
        set_known(session);
    } else if (session->plan.catalog == ARB_CATALOG_HTTP) {
        due_at(session, now.mono_ns);
    }
}

void catalog_opened(struct session *session, struct moment now)
{
    if (session->plan.catalog == ARB_CATALOG_STREAM) {
        session->catalog.is_asked = false;
        session->catalog.attempt = 0;
        due_at(session, now.mono_ns);
    }
}

static int64_t retry_ns(const struct session *session)
{
    const struct catalog *const catalog = &session->catalog;
    const unsigned shift = catalog->attempt < 5 ? catalog->attempt : 5;

    if (session->plan.catalog == ARB_CATALOG_HTTP) {
        return RETRY_NS;
    }
    const int64_t delay_ns = STREAM_RETRY_NS << shift;
    return delay_ns < RETRY_NS ? delay_ns : RETRY_NS;
}

/* Where nothing answers at all, the connections tell: one line for one outage. */
static enum arb_log_level level_of(const struct session *session)
{
    for (uint32_t conn = 0; conn < session->n_conns; conn++) {
        if (session->conns[conn].is_up) {
            return ARB_WARN;
        }
    }
    return ARB_DEBUG;
}

void catalog_failed(struct session *session, struct moment now, const char *why)
{
    const int64_t delay_ns = retry_ns(session);

    session->catalog.is_asked = false;
    session->catalog.attempt++;
    session->catalog.n_rows = 0;
    log_line(level_of(session), session->who,
             "the catalog could not be had: %s; next try in %lld s", why,
             (long long)(delay_ns / NS_PER_S));
    due_at(session, now.mono_ns + delay_ns);
    set_known(session);
}

void catalog_endless(struct session *session, struct moment now)
{
    char why[CATALOG_WHY_MAX];

    (void)snprintf(why, sizeof(why),
                   "the plugin read an answer with %u rows, and did not call arb_catalog_end()",
                   session->catalog.n_rows);
    catalog_failed(session, now, why);
}

/* It is written into files, messages and keys as it is. */
static bool is_plain(const char *symbol)
{
    for (const char *p = symbol; *p != '\0'; p++) {
        if (*p <= ' ' || *p > '~' || strchr(";#=[]\"\\", *p) != NULL) {
            return false;
        }
    }
    return true;
}

void catalog_row(struct session *session, const struct arb_listing *listing, struct moment now)
{
    if (session->catalog.n_rows++ == 0) {
        instruments_begin_catalog(session);
    }
    if (!is_plain(listing->symbol)) {
        session_warn(session, now,
                     "a pair of the catalog is left out: its name has a blank, a quote, a bracket "
                     "or one of ;#= in it");
        return;
    }
    instruments_list(session, listing, now);
}

static bool is_plausible(struct catalog *catalog)
{
    const bool is_small = catalog->n_rows < catalog->n_before / 2;

    if (catalog->n_rows == 0 || (is_small && !catalog->is_suspect)) {
        catalog->is_suspect = is_small && catalog->n_rows > 0;
        return false;
    }
    catalog->is_suspect = false;
    return true;
}

void catalog_end(struct session *session, struct moment now)
{
    struct catalog *const catalog = &session->catalog;

    if (!is_plausible(catalog)) {
        catalog_failed(session, now,
                       catalog->is_suspect ? "it has far fewer rows than before" : "it is empty");
        return;
    }
    catalog->n_before = catalog->n_rows;
    catalog->n_rows = catalog->attempt = 0;
    catalog->is_asked = false;
    catalog->is_complete = true;
    instruments_end_catalog(session, now);
    set_known(session);
    due_at(session, session->plan.catalog == ARB_CATALOG_HTTP
                        ? now.mono_ns + session->plan.catalog_age_ms * NS_PER_MS
                        : NEVER_NS);
}

static void ask_stream(struct session *session, struct moment now)
{
    struct arb_ask ask = request_ask(session, ARB_ASK_CATALOG);

    if (session->n_conns == 0 || !session->conns[0].is_up) {
        session->catalog.due_ns = NEVER_NS; /* the connection wakes */
        return;
    }
    if (session->catalog.is_asked) {
        if (session->catalog.n_rows > 0) {
            catalog_endless(session, now);
        } else {
            catalog_failed(session, now, "the venue did not answer");
        }
        return;
    }
    ask.conn = 0;
    ask.attempt = session->catalog.attempt;
    session->catalog.is_asked = true;
    session->catalog.n_rows = 0;
    (void)request_send(session, &ask); /* a failure shows as no answer */
    due_at(session, now.mono_ns + session->plan.answer_ms * NS_PER_MS);
}

static void ask_http(struct session *session, struct moment now)
{
    struct arb_ask ask = request_ask(session, ARB_ASK_CATALOG);

    if (session->catalog.is_asked) {
        return; /* the answer, or the lack of one, goes on */
    }
    if (!session->is_unpaced && !budget_take_http(session->budget, now.mono_ns)) {
        due_at(session, budget_look_ns(session->budget, now.mono_ns));
        return;
    }
    ask.attempt = session->catalog.attempt;
    session->catalog.n_rows = 0;
    session->catalog.due_ns = NEVER_NS;
    session->catalog.is_asked = request_fetch(session, &ask, now) == ARB_OK;
    if (!session->catalog.is_asked) {
        budget_http_done(session->budget, true);
        catalog_failed(session, now, "it could not be asked for");
    }
}

void catalog_on_turn(struct session *session, struct moment now)
{
    if (now.mono_ns < session->catalog.due_ns) {
        due_by(session, DUE_CATALOG, session->catalog.due_ns);
    } else if (session->plan.catalog == ARB_CATALOG_STREAM) {
        ask_stream(session, now);
    } else if (session->plan.catalog == ARB_CATALOG_HTTP) {
        ask_http(session, now);
    }
}
