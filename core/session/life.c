#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "plugin/options.h"
#include "session/books.h"
#include "session/catalog.h"
#include "session/commit.h"
#include "session/conns.h"
#include "session/instance.h"
#include "session/instruments.h"
#include "session/plan.h"
#include "session/requests.h"
#include "session/state.h"

enum { WARNING_MAX = 1024 };

static const struct arb_bytes no_input = { "", 0 };

void session_warn(struct session *session, struct moment now, const char *fmt, ...)
{
    char text[WARNING_MAX];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(text, sizeof(text), fmt, args); /* a cut warning still tells */
    va_end(args);
    log_limited(&session->book_log, now.mono_ns, ARB_WARN, session->who, "%s", text);
}

static int init_instance(struct session *session, struct err *err)
{
    struct problems problems = { .out = stderr, .path = session->config->path };
    char section[WHO_MAX + 16];

    session->self = instance_create(session->plugin->desc.instance_size);
    if (session->self == NULL) {
        return err_set(err, ARB_ENOMEM, "%s: no memory for the plugin's instance", session->who);
    }
    (void)snprintf(section, sizeof(section), "exchange:%s", session->exchange->name);
    if (options_apply(&session->plugin->desc, session->exchange->options, section,
                      session->exchange->line, session->self, &problems) != ARB_OK) {
        return err_set(err, ARB_EINVAL, "%s: the options above are not acceptable", session->who);
    }
    return ARB_OK;
}

static struct arb_book view_of(const void *context, uint32_t instrument)
{
    return session_book(context, instrument);
}

static int init_parts(struct session *session, struct err *err)
{
    int rc = effects_init(&session->effects, session->who);

    session->effects.can_check = session->plugin->exchange.checksum != NULL;
    session->effects.can_time = session->plugin->exchange.on_timer != NULL;
    session->effects.view = view_of;
    session->effects.view_context = session;
    if (rc == ARB_OK) {
        rc = request_memory_init(session);
    }
    if (rc == ARB_OK) {
        rc = instruments_init(session);
    }
    if (rc == ARB_OK) {
        rc = books_init(session);
    }
    return rc == ARB_OK ? ARB_OK : err_set(err, rc, "%s: no memory for the books", session->who);
}

/* The only session of a venue needs no number. */
static void set_who(struct session *session, uint32_t number)
{
    char text[24] = "";

    if (number > 1) {
        (void)snprintf(text, sizeof(text), " session=%u", number);
    }
    (void)snprintf(session->who, sizeof(session->who), "venue=%s%s", session->exchange->name, text);
}

static void set_config(struct session *session, const struct session_config *config)
{
    session->plugin = config->plugin;
    session->exchange = config->exchange;
    session->config = config->config;
    session->port = config->port;
    session->sink = config->sink;
    session->sink_context = config->sink_context;
    session->trace = config->trace;
    session->scales = config->scales;
    session->is_unpaced = config->is_unpaced;
    session->budget = config->budget == NULL ? &session->own_budget : config->budget;
    session->current_conn = ARB_NO_CONN;
    session->venue_trading = ARB_TRADING_OPEN;
    set_who(session, config->number);
    watch_subject_init(&session->subject, session->who, session->plugin->desc.name);
    for (uint32_t i = 0; i < ARB_TIMERS_MAX; i++) {
        session->timers[i] = NEVER_NS;
    }
    for (unsigned what = 0; what < N_DUES; what++) {
        session->due_ns[what] = NEVER_NS;
    }
}

int session_create(struct session **out, const struct session_config *config, struct err *err)
{
    struct session *const session = calloc(1, sizeof(*session));

    if (session == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory for a session");
    }
    set_config(session, config);
    int rc = init_parts(session, err);
    if (rc == ARB_OK) {
        rc = init_instance(session, err);
    }
    if (rc != ARB_OK) {
        session_destroy(session);
        return rc;
    }
    session->env = (struct arb_exchange_env){
        .size = (uint32_t)sizeof(session->env),
        .abi_major = ARB_ABI_MAJOR,
        .abi_minor = ARB_ABI_MINOR,
        .wants_catalog = instruments_have_patterns(session),
        .instruments = session->instruments.list,
        .by_venue_symbol = session->instruments.by_venue_symbol,
    };
    *out = session;
    return ARB_OK;
}

/* As live_rules wants it: of a plugin that may not call the host meanwhile. */
static int checksum_of(void *context, const struct arb_book_event *event,
                       const struct arb_book *book, uint32_t *checksum)
{
    struct session *const session = context;

    effects_enter(&session->effects, "checksum()");
    const int rc = session->plugin->exchange.checksum(session->self, event, book, checksum);
    effects_end(&session->effects);
    return effects_intruder(&session->effects) == NULL ? rc : ARB_EINVAL;
}

static void take_plan(struct session *session)
{
    const struct arb_plan *const plan = &session->plan;

    session->rules = (struct live_rules){
        .loss = plan->loss_detection,
        .source = plan->snapshot_source,
        .seam = plan->seam,
        .time_order = plan->time_order,
        .unknown_delete = plan->unknown_delete,
        .checksum_levels = plan->checksum_levels,
        .depth = plan->depth,
        .has_empty_books = plan->has_empty_books,
        .seed_levels = plan->seed_levels,
        .quiet_ns = plan->quiet_ms * NS_PER_MS,
        .max_age_ns = session->exchange->max_age_ms * NS_PER_MS,
        .checksum = session->plugin->exchange.checksum == NULL ? NULL : checksum_of,
        .self = session,
    };
    session->books_per_conn =
        plan->books_per_conn == 0 ? ARB_INSTRUMENTS_MAX : plan->books_per_conn;
    session->effects.n_channels = plan->channels;
    budget_init(session->budget, plan);
}

/* The rule that init() broke, or NULL. */
static const char *init_rule(const struct session *session)
{
    if (!session_is_in_bounds(session)) {
        return instance_rule;
    }
    return session->effects.broken != NULL ? session->effects.broken
                                           : plan_rule(&session->plan, &session->plugin->exchange);
}

/* Runs the plugin's init() and looks at what it says. */
static int init_plugin(struct session *session, struct moment now, struct err *err)
{
    const char *const name = session->plugin->desc.name;

    plan_set_defaults(&session->plan);
    effects_begin(&session->effects, now.mono_ns, now.utc_ns);
    session->effects.is_limited = true;
    session->is_initialized = true;
    watch_enter(&session->subject, "init()", no_input);
    const int rc = session->plugin->exchange.init(session->self, &session->effects.host,
                                                  &session->env, &session->plan);
    watch_leave();
    effects_end(&session->effects);
    session->effects.is_limited = false;
    if (rc != ARB_OK && session->effects.broken == NULL) {
        return err_set(err, rc, "%s: init() of %s failed: %s", session->who, name, arb_rc_text(rc));
    }
    const char *const rule = init_rule(session);
    if (rule != NULL) {
        return err_set(err, ARB_EINVAL, "%s: init() of %s broke a rule: %s", session->who, name,
                       rule);
    }
    return ARB_OK;
}

int session_start(struct session *session, struct moment now, struct err *err)
{
    int rc = init_plugin(session, now, err);

    if (rc != ARB_OK) {
        session->is_disabled = true;
        return rc;
    }
    take_plan(session);
    due_by(session, DUE_BOOKS, now.mono_ns); /* from then on it looks for silent ones */
    session_commit(session, now);
    catalog_start(session, now);
    if (instruments_add_named(session) != ARB_OK) {
        return err_set(err, ARB_ELIMIT, "%s: more than %d symbols", session->who,
                       ARB_INSTRUMENTS_MAX);
    }
    rc = conns_need(session, 1);
    if (rc != ARB_OK) {
        return err_set(err, rc, "%s: no connection to be had", session->who);
    }
    (void)session_on_turn(session, now);
    return ARB_OK;
}

void session_stop(struct session *session, struct moment now, const char *why)
{
    session->is_stopping = true;
    effects_set_time(&session->effects, now);
    for (uint32_t i = 0; i < session->instruments.n; i++) {
        if (session->books[i].live.state != ARB_BOOK_UNUSABLE &&
            session->books[i].live.state != ARB_BOOK_EMPTY) {
            books_leave(session, i, ARB_BOOK_STALE, now, why);
        }
    }
}

/* What the venue's other sessions may ask of it must not wait for answers that nobody takes. */
static void free_budget(struct session *session)
{
    struct http_call call;

    while (request_take_overdue(session, NEVER_NS, &call)) {
        budget_http_done(session->budget, true);
    }
}

static void run_fini(struct session *session)
{
    const char *const before = effects_intruder(&session->effects);

    watch_enter(&session->subject, "fini()", no_input);
    effects_enter(&session->effects, "fini()");
    session->plugin->exchange.fini(session->self);
    effects_end(&session->effects);
    watch_leave();
    const char *const intruder = effects_intruder(&session->effects);
    if (intruder == NULL || intruder == before) {
        return; /* a plugin that was disabled for it was told */
    }
    log_line(ARB_ERROR, session->who, "the plugin broke a rule in %s: %s", intruder,
             effects_intrusion);
    if (session->trace != NULL) {
        session->trace->refusal(session->trace->context, intruder, ARB_EINVAL, effects_intrusion);
    }
}

void session_destroy(struct session *session)
{
    if (session == NULL) {
        return;
    }
    session->port.ops->forget(session->port.context, session);
    free_budget(session);
    if (session->is_initialized && session->plugin->exchange.fini != NULL) {
        run_fini(session);
    }
    books_fini(session);
    instruments_fini(session);
    request_memory_fini(session);
    effects_fini(&session->effects);
    newest_fini(&session->newest);
    free(session->unpacked);
    free(session->self);
    free(session);
}

/* -- look ----------------------------------------------------------------------------- */

struct session_stats session_stats(const struct session *session)
{
    struct session_stats stats = session->stats;

    stats.books = session->room.counts;
    stats.skipped = session->newest.n_skipped;
    return stats;
}

static void add_counts(struct live_counts *sum, const struct live_counts *more)
{
    sum->updates += more->updates;
    sum->snapshots += more->snapshots;
    sum->verified += more->verified;
    sum->mismatched += more->mismatched;
    sum->crossed += more->crossed;
    sum->unknown_deletes += more->unknown_deletes;
    sum->repeated += more->repeated;
    sum->healed += more->healed;
    sum->held_dropped += more->held_dropped;
}

void session_stats_add(struct session_stats *sum, const struct session_stats *more)
{
    add_counts(&sum->books, &more->books);
    sum->frames += more->frames;
    sum->rejected += more->rejected;
    sum->resyncs += more->resyncs;
    sum->refused += more->refused;
    sum->requests += more->requests;
    sum->seeds += more->seeds;
    sum->seeds_failed += more->seeds_failed;
    sum->skipped += more->skipped;
    sum->sends_refused += more->sends_refused;
}

bool session_is_disabled(const struct session *session)
{
    return session->is_disabled;
}

const struct arb_plan *session_plan(const struct session *session)
{
    return &session->plan;
}

const struct budget *session_budget(const struct session *session)
{
    return session->budget;
}

const struct live_rules *session_rules(const struct session *session)
{
    return &session->rules;
}

uint32_t session_n_instruments(const struct session *session)
{
    return session->instruments.n;
}

const struct arb_instrument *session_instrument(const struct session *session, uint32_t instrument)
{
    return &session->instruments.list[instrument];
}

struct arb_book session_book(const struct session *session, uint32_t instrument)
{
    return live_book_view(&session->books[instrument].live, &session->rules);
}

uint32_t session_conn_of(const struct session *session, uint32_t instrument)
{
    return session->books[instrument].conn;
}

uint32_t session_count_in_state(const struct session *session, enum arb_book_state state)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < session->instruments.n; i++) {
        n += session->books[i].live.state == (uint32_t)state;
    }
    return n;
}
