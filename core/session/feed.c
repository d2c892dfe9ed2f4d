#include "session/feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "session/feed_internal.h"
#include "plugin/options.h"
#include "util/clock.h"

enum { QUOTED_FRAME_MAX = 120 /* bytes of a bad frame that the log shows */ };

/* -- callbacks ------------------------------------------------------------------------ */

void feed_close(struct feed *feed, const char *why)
{
    for (uint32_t conn = 0; conn < ARB_CONNS_MAX; conn++) {
        if ((feed->effects.declared >> conn & 1) == 0) {
            continue;
        }
        if (feed->io->ws_give_up != NULL) {
            feed->io->ws_give_up(feed->io_context, conn, why);
        } else if (feed->conn_up[conn]) {
            feed->io->ws_close(feed->io_context, conn, why);
        }
    }
}

void feed_disable(struct feed *feed, const char *why)
{
    log_line(ARB_ERROR, feed->who, "disabled: %s", why);
    feed->disabled = true;
    for (uint32_t i = 0; i < feed->instruments.n_handed; i++) {
        sync_set_state(feed, i, ARB_BOOK_UNUSABLE, "the exchange was disabled");
        feed->books[i].due_ns = NEVER_NS;
    }
    feed->books_due_ns = NEVER_NS;
    for (uint32_t timer = 0; timer < ARB_TIMERS_MAX; timer++) {
        feed->timers[timer] = NEVER_NS; /* what nobody answers must not stay due */
    }
    feed_close(feed, "the exchange was disabled");
}

static void mark_conn_stale(struct feed *feed, uint32_t conn, const char *why)
{
    for (uint32_t i = 0; i < feed->instruments.n_handed; i++) {
        struct feed_book *const book = &feed->books[i];
        if (book->bound && book->conn == conn && book->state != ARB_BOOK_EMPTY &&
            book->state != ARB_BOOK_UNUSABLE) {
            book->crossed = false;
            book->held.len = 0;
            book->due_ns = NEVER_NS; /* the next on_open() subscribes anew */
            sync_set_state(feed, i, ARB_BOOK_STALE, why);
        }
    }
}

static void log_rejected(struct feed *feed, const char *callback, int rc, struct arb_bytes input)
{
    uint64_t suppressed = 0;

    if (log_limit_pass(&feed->frame_log, feed->effects.host.now_ns, &suppressed)) {
        const size_t len = input.len < QUOTED_FRAME_MAX ? input.len : QUOTED_FRAME_MAX;
        log_line(ARB_WARN, feed->who, "%s refused %zu bytes (%d): %.*s (%llu more like this)",
                 callback, input.len, rc, (int)len, input.len == 0 ? "" : input.data,
                 (unsigned long long)suppressed);
    }
}

static void distrust(struct feed *feed, uint32_t conn)
{
    if (conn < ARB_CONNS_MAX && feed->conn_up[conn]) {
        feed->conn_doomed[conn] = true;
        mark_conn_stale(feed, conn, "the venue sent what its protocol does not allow");
        feed->io->ws_close(feed->io_context, conn, "protocol error");
    }
}

/* Acts on a callback's result: carries out what it recorded, or does what its error asks for. */
static void finish(struct feed *feed, const char *callback, int rc, uint32_t conn,
                   struct arb_bytes input)
{
    char why[256];

    if (feed->refusal != NULL && (rc != ARB_OK || feed->effects.broken != NULL)) {
        feed->refusal(feed->trace_context, callback, rc, feed->effects.broken);
    }
    if (feed->effects.broken != NULL) {
        (void)snprintf(why, sizeof(why), "the plugin broke a rule in %s: %s", callback,
                       feed->effects.broken);
        feed_disable(feed, why);
    } else if (rc == ARB_OK) {
        feed_commit(feed);
    } else if (rc == ARB_EPROTO || rc == ARB_ERANGE || rc == ARB_ELIMIT) {
        feed->stats.rejected++;
        log_rejected(feed, callback, rc, input);
        distrust(feed, conn);
    } else {
        (void)snprintf(why, sizeof(why), "%s failed for good (%d)", callback, rc);
        feed_disable(feed, why);
    }
}

void feed_enter_board(struct feed *feed)
{
    struct instruments *const set = &feed->instruments;

    for (; feed->n_entered < set->n; feed->n_entered++) {
        const struct arb_instrument *const info = &set->list[feed->n_entered];
        if (board_enter(feed->board, feed->line, feed->n_entered, info) != ARB_OK) {
            log_line(ARB_ERROR, feed->who, "no room for %s: restart the host", info->symbol);
        }
    }
}

static const struct arb_bytes no_bytes = { "", 0 };

static void hand_over_instruments(struct feed *feed, int64_t now_ns)
{
    struct instruments *const set = &feed->instruments;
    const uint32_t first = set->n_handed;

    feed->catalog_pending = false;
    if (set->n == first || feed->disabled) {
        return;
    }
    set->n_handed = set->n;
    feed->effects.n_instruments = set->n;
    effects_begin(&feed->effects, now_ns);
    const int rc = feed->plugin->exchange.add_instruments(feed->self, &feed->effects.host, first,
                                                          set->n - first);
    finish(feed, "add_instruments()", rc, ARB_CONNS_MAX, no_bytes);
}

static void resync(struct feed *feed, uint32_t i, int64_t now_ns)
{
    feed->stats.resyncs++;
    effects_begin(&feed->effects, now_ns);
    sync_await_snapshot(feed, i, "resync");
    if (feed->plugin->exchange.resync == NULL) {
        feed->io->ws_close(feed->io_context, feed->books[i].conn, "resync");
        return;
    }
    const int rc = feed->plugin->exchange.resync(feed->self, &feed->effects.host, i);
    finish(feed, "resync()", rc, feed->books[i].conn, no_bytes);
}

static void run_due_book(struct feed *feed, uint32_t i, int64_t now_ns)
{
    struct feed_book *const book = &feed->books[i];

    book->due_ns = NEVER_NS;
    if (!book->bound || !feed->conn_up[book->conn]) {
        return; /* on_open() subscribes it */
    }
    if (book->state == ARB_BOOK_SYNCING) {
        effects_begin(&feed->effects, now_ns);
        sync_damaged(feed, i, "no snapshot came");
    } else if (book->crossed) {
        effects_begin(&feed->effects, now_ns);
        sync_still_crossed(feed, i);
    } else {
        resync(feed, i, now_ns);
    }
}

static void run_due_books(struct feed *feed, int64_t now_ns)
{
    if (now_ns < feed->books_due_ns) {
        return;
    }
    feed->books_due_ns = NEVER_NS;
    for (uint32_t i = 0; i < feed->instruments.n_handed && !feed->disabled; i++) {
        if (feed->books[i].due_ns <= now_ns) {
            run_due_book(feed, i, now_ns);
        }
        if (feed->books[i].due_ns < feed->books_due_ns) {
            feed->books_due_ns = feed->books[i].due_ns;
        }
    }
}

/* What a callback led to, each in a callback of its own. */
static void follow_up(struct feed *feed, int64_t now_ns)
{
    if (feed->catalog_pending) {
        hand_over_instruments(feed, now_ns);
    }
    run_due_books(feed, now_ns);
}

/* Not in the venue's catalog: a new connection changes nothing about that. */
static bool is_unlisted(const struct feed *feed, uint32_t i)
{
    return feed->has_catalog && !feed->instruments.listed[i] &&
           feed->books[i].state == ARB_BOOK_UNUSABLE;
}

void feed_on_open(struct feed *feed, uint32_t conn, int64_t now_ns)
{
    if (feed->disabled || conn >= ARB_CONNS_MAX) {
        return;
    }
    feed->conn_up[conn] = true;
    feed->conn_doomed[conn] = false;
    effects_begin(&feed->effects, now_ns);
    for (uint32_t i = 0; i < feed->instruments.n_handed; i++) {
        if (feed->books[i].bound && feed->books[i].conn == conn && !is_unlisted(feed, i)) {
            sync_await_snapshot(feed, i, "subscribing");
        }
    }
    const int rc = feed->plugin->exchange.on_open(feed->self, &feed->effects.host, conn);
    finish(feed, "on_open()", rc, conn, no_bytes);
    follow_up(feed, now_ns);
}

void feed_on_message(struct feed *feed, uint32_t conn, int64_t now_ns, struct arb_bytes message)
{
    if (feed->disabled || conn >= ARB_CONNS_MAX || feed->conn_doomed[conn]) {
        return;
    }
    feed->stats.frames++;
    effects_begin(&feed->effects, now_ns);
    const int rc =
        feed->plugin->exchange.on_message(feed->self, &feed->effects.host, conn, message);
    finish(feed, "on_message()", rc, conn, message);
    follow_up(feed, now_ns);
}

void feed_on_close(struct feed *feed, uint32_t conn, int64_t now_ns, const char *why)
{
    if (conn >= ARB_CONNS_MAX || !feed->conn_up[conn]) {
        return;
    }
    feed->conn_up[conn] = false;
    effects_begin(&feed->effects, now_ns);
    mark_conn_stale(feed, conn, why);
    if (feed->disabled || feed->plugin->exchange.on_close == NULL) {
        return;
    }
    const int rc = feed->plugin->exchange.on_close(feed->self, &feed->effects.host, conn);
    finish(feed, "on_close()", rc, conn, no_bytes);
    follow_up(feed, now_ns);
}

void feed_on_http(struct feed *feed, uint32_t request, int64_t now_ns, int status,
                  struct arb_bytes body)
{
    if (feed->disabled || feed->plugin->exchange.on_http == NULL) {
        return;
    }
    feed->stats.frames++;
    effects_begin(&feed->effects, now_ns);
    const int rc =
        feed->plugin->exchange.on_http(feed->self, &feed->effects.host, request, status, body);
    finish(feed, "on_http()", rc, ARB_CONNS_MAX, body);
    follow_up(feed, now_ns);
}

void feed_on_round_trip(struct feed *feed, uint32_t conn, int64_t now_ns, int64_t rtt_ns)
{
    if (conn < ARB_CONNS_MAX && feed->conn_up[conn]) {
        board_on_round_trip(feed->board, now_ns, rtt_ns);
    }
}

/* -- turns ---------------------------------------------------------------------------- */

static void run_timers(struct feed *feed, int64_t now_ns)
{
    for (uint32_t timer = 0; timer < ARB_TIMERS_MAX && !feed->disabled; timer++) {
        if (feed->timers[timer] <= now_ns) {
            feed->timers[timer] = NEVER_NS;
            effects_begin(&feed->effects, now_ns);
            const int rc =
                feed->plugin->exchange.on_timer == NULL
                    ? ARB_ENOTSUP
                    : feed->plugin->exchange.on_timer(feed->self, &feed->effects.host, timer);
            finish(feed, "on_timer()", rc, ARB_CONNS_MAX, no_bytes);
            follow_up(feed, now_ns);
        }
    }
}

static int64_t next_timer_ns(const struct feed *feed)
{
    int64_t next_ns = NEVER_NS;

    for (uint32_t timer = 0; timer < ARB_TIMERS_MAX; timer++) {
        next_ns = feed->timers[timer] < next_ns ? feed->timers[timer] : next_ns;
    }
    return next_ns;
}

/* A frozen book behind a living connection: a fresh snapshot tells. */
static int64_t run_silences(struct feed *feed, int64_t now_ns)
{
    if (feed->max_age_ns == 0 || feed->disabled) {
        return NEVER_NS;
    }
    if (now_ns < feed->silence_next_ns) {
        return feed->silence_next_ns;
    }
    feed->silence_next_ns = now_ns + SILENCE_LOOK_NS;
    effects_begin(&feed->effects, now_ns);
    for (uint32_t i = 0; i < feed->instruments.n_handed; i++) {
        struct feed_book *const book = &feed->books[i];
        if (book->state == ARB_BOOK_LIVE &&
            silence_is_suspicious(&book->silence, now_ns, feed->max_age_ns)) {
            book->silence = (struct silence){ 0 }; /* may be quiet from now on */
            sync_damaged(feed, i, "silent for longer than max_age, after it was busy");
        }
    }
    return feed->silence_next_ns;
}

int64_t feed_on_turn(struct feed *feed, int64_t now_ns)
{
    feed->effects.host.now_ns = now_ns;
    run_timers(feed, now_ns);
    const int64_t silences_ns = run_silences(feed, now_ns);
    run_due_books(feed, now_ns);
    const int64_t board_ns = feed->owns_board ? board_on_turn(feed->board, now_ns) : NEVER_NS;
    int64_t next_ns = next_timer_ns(feed); /* last: any callback may have set one */

    next_ns = feed->books_due_ns < next_ns ? feed->books_due_ns : next_ns;
    next_ns = silences_ns < next_ns ? silences_ns : next_ns;
    return board_ns < next_ns ? board_ns : next_ns;
}

/* -- life ----------------------------------------------------------------------------- */

static int init_books(struct feed *feed)
{
    feed->books = calloc(ARB_INSTRUMENTS_MAX, sizeof(*feed->books));
    feed->changes = malloc(2 * (size_t)CHANGES_MAX * sizeof(*feed->changes));
    if (feed->books == NULL || feed->changes == NULL) {
        return ARB_ENOMEM;
    }
    int rc = book_init(&feed->scratch, 0);
    for (uint32_t i = 0; i < ARB_INSTRUMENTS_MAX && rc == ARB_OK; i++) {
        struct feed_book *const book = &feed->books[i];
        rc = book_init(&book->book, 0);
        book->trading = ARB_TRADING_OPEN;
        book->px_digits = book->qty_digits = ARB_DIGITS_UNKNOWN;
        book->due_ns = NEVER_NS;
    }
    return rc;
}

static int init_instance(struct feed *feed, const struct feed_config *config, struct err *err)
{
    struct problems problems = { .out = stderr, .path = config->config->path };

    feed->self = calloc(1, feed->plugin->desc.instance_size);
    if (feed->self == NULL) {
        return err_set(err, ARB_ENOMEM, "%s: no memory for the plugin's instance", feed->who);
    }
    char section[WHO_MAX + 16];
    (void)snprintf(section, sizeof(section), "exchange:%s", config->exchange->name);
    if (options_apply(&feed->plugin->desc, config->exchange->options, section,
                      config->exchange->line, feed->self, &problems) != ARB_OK) {
        return err_set(err, ARB_EINVAL, "%s: the options above are not acceptable", feed->who);
    }
    return ARB_OK;
}

static struct arb_book view_of(const void *context, uint32_t instrument)
{
    return sync_view(context, instrument);
}

static int init_parts(struct feed *feed, const struct feed_config *config, struct err *err)
{
    int rc = effects_init(&feed->effects, feed->who);

    feed->effects.can_check = feed->plugin->exchange.checksum != NULL;
    feed->effects.view = view_of;
    feed->effects.view_context = feed;
    if (rc == ARB_OK) {
        rc = instruments_init(&feed->instruments, config->config, config->exchange);
    }
    if (rc == ARB_OK) {
        rc = init_books(feed);
    }
    return rc == ARB_OK ? ARB_OK : err_set(err, rc, "%s: no memory for the books", feed->who);
}

/* The only line of a venue needs no number. */
static void set_who(struct feed *feed, const struct feed_config *config)
{
    char number[24] = "";

    if (config->number > 1) {
        (void)snprintf(number, sizeof(number), " line=%u", config->number);
    }
    (void)snprintf(feed->who, sizeof(feed->who), "feed=%s%s", config->exchange->name, number);
}

static void set_config(struct feed *feed, const struct feed_config *config)
{
    feed->plugin = config->plugin;
    feed->exchange = config->exchange;
    feed->io = config->io;
    feed->io_context = config->io_context;
    feed->trace = config->trace;
    feed->refusal = config->refusal;
    feed->trace_context = config->trace_context;
    feed->max_age_ns = config->exchange->max_age_ms * NS_PER_MS;
    feed->venue_trading = ARB_TRADING_OPEN;
    feed->books_due_ns = NEVER_NS;
    set_who(feed, config);
    for (uint32_t i = 0; i < ARB_TIMERS_MAX; i++) {
        feed->timers[i] = NEVER_NS;
    }
}

/* Last of all: who joined has to be dropped, and a feed that failed is not. */
static int join_board(struct feed *feed, const struct feed_config *config, struct err *err)
{
    int rc = ARB_OK;

    feed->board = config->board;
    if (config->board == NULL) {
        feed->owns_board = true;
        rc = board_create(&feed->board, config->exchange->name, config->session,
                          config->snapshot_interval_ms * NS_PER_MS);
    }
    if (rc == ARB_OK) {
        rc = board_add_line(feed->board, feed, &feed->line);
    }
    return rc == ARB_OK ? ARB_OK : err_set(err, rc, "%s: no room on the board", feed->who);
}

int feed_create(struct feed **out, const struct feed_config *config, struct err *err)
{
    struct feed *const feed = calloc(1, sizeof(*feed));
    if (feed == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory for a feed");
    }
    set_config(feed, config);
    int rc = init_parts(feed, config, err);
    if (rc == ARB_OK) {
        rc = init_instance(feed, config, err);
    }
    if (rc == ARB_OK) {
        rc = join_board(feed, config, err);
    }
    if (rc != ARB_OK) {
        feed_destroy(feed);
        return rc;
    }
    feed->env = (struct arb_exchange_env){
        .size = (uint32_t)sizeof(feed->env),
        .abi_major = ARB_ABI_MAJOR,
        .abi_minor = ARB_ABI_MINOR,
        .wants_catalog = instruments_have_patterns(&feed->instruments),
        .instruments = feed->instruments.list,
    };
    *out = feed;
    return ARB_OK;
}

int feed_add_outlet(struct feed *feed, struct outlet *outlet)
{
    return board_add_outlet(feed->board, outlet);
}

int feed_start(struct feed *feed, int64_t now_ns, struct err *err)
{
    effects_begin(&feed->effects, now_ns);
    feed->initialized = true;
    const int rc = feed->plugin->exchange.init(feed->self, &feed->effects.host, &feed->env);
    if (rc != ARB_OK || feed->effects.broken != NULL) {
        feed->disabled = true;
        return err_set(err, rc == ARB_OK ? ARB_EINVAL : rc, "%s: init() of %s failed (%d)%s%s",
                       feed->who, feed->plugin->desc.name, rc,
                       feed->effects.broken == NULL ? "" : ": ",
                       feed->effects.broken == NULL ? "" : feed->effects.broken);
    }
    feed_commit(feed);
    if (feed->caps.size == 0) {
        feed->disabled = true;
        return err_set(err, ARB_EINVAL, "%s: init() of %s declared no capabilities", feed->who,
                       feed->plugin->desc.name);
    }
    if (instruments_add_named(&feed->instruments) != ARB_OK) {
        return err_set(err, ARB_ELIMIT, "%s: more than %d symbols", feed->who, ARB_INSTRUMENTS_MAX);
    }
    feed_enter_board(feed);
    hand_over_instruments(feed, now_ns);
    return ARB_OK;
}

void feed_stop(struct feed *feed, int64_t now_ns, const char *why)
{
    effects_begin(&feed->effects, now_ns);
    for (uint32_t conn = 0; conn < ARB_CONNS_MAX; conn++) {
        mark_conn_stale(feed, conn, why);
    }
    if (feed->owns_board) {
        (void)board_on_turn(feed->board, now_ns);
    }
}

void feed_destroy(struct feed *feed)
{
    if (feed == NULL) {
        return;
    }
    if (feed->initialized && feed->plugin->exchange.fini != NULL) {
        feed->plugin->exchange.fini(feed->self);
    }
    for (uint32_t i = 0; feed->books != NULL && i < ARB_INSTRUMENTS_MAX; i++) {
        book_fini(&feed->books[i].book);
        free(feed->books[i].held.data);
    }
    if (feed->owns_board) {
        board_destroy(feed->board);
    }
    book_fini(&feed->scratch);
    instruments_fini(&feed->instruments);
    effects_fini(&feed->effects);
    free(feed->changes);
    free(feed->books);
    free(feed->self);
    free(feed);
}

/* -- look ----------------------------------------------------------------------------- */

const struct feed_stats *feed_stats(const struct feed *feed)
{
    return &feed->stats;
}

void feed_stats_add(struct feed_stats *sum, const struct feed_stats *more)
{
    sum->frames += more->frames;
    sum->rejected += more->rejected;
    sum->updates += more->updates;
    sum->snapshots += more->snapshots;
    sum->verified += more->verified;
    sum->mismatched += more->mismatched;
    sum->crossed += more->crossed;
    sum->unknown_deletes += more->unknown_deletes;
    sum->resyncs += more->resyncs;
    sum->held_dropped += more->held_dropped;
    sum->refused += more->refused;
}

const struct event_venue *feed_venue(const struct feed *feed)
{
    return board_venue(feed->board);
}

bool feed_is_disabled(const struct feed *feed)
{
    return feed->disabled;
}

uint32_t feed_n_instruments(const struct feed *feed)
{
    return feed->instruments.n_handed;
}

const struct arb_instrument *feed_instrument(const struct feed *feed, uint32_t instrument)
{
    return &feed->instruments.list[instrument];
}

struct arb_book feed_book(const struct feed *feed, uint32_t instrument)
{
    return sync_view(feed, instrument);
}

uint32_t feed_count_in_state(const struct feed *feed, enum arb_book_state state)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < feed->instruments.n_handed; i++) {
        n += feed->books[i].state == (uint32_t)state;
    }
    return n;
}
