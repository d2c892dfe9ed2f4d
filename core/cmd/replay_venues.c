#include "cmd/replay_venues.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/replay_print.h"
#include "cmd/setup.h"
#include "session/scales.h"
#include "strategy/runner.h"
#include "strategy/terms.h"
#include "util/harmless.h"
#include "venue/lone_session.h"
#include "wire/wire.h"

enum { RUN = 1, HEAD_MAX = 64 }; /* of each host and strategy, for the same bytes each time */

/* What a strategy reads: the one event that was just made. */
struct hand {
    struct source source;
    const struct event *event; /* or NULL */
};

struct strategy_part {
    struct hand hand;
    const struct strategy_config *config;
    struct runner *runner;
};

/* An exchange with recordings. */
struct venue_part {
    struct parts *parts;
    const struct exchange_config *config;
    struct recording recording;
    struct replay replay;
    struct board *board;
    struct outlet outlet;
    struct replay_printer printer;
    bool is_started;
    int64_t turn_ns; /* when the session or the board wants to be called, once it is */
};

struct parts {
    struct setup setup;
    struct scales *scales;
    struct arb_venue names[CONFIG_EXCHANGES_MAX];
    struct venue_part *venues[CONFIG_EXCHANGES_MAX]; /* parallel to the exchanges, or NULL */
    struct strategy_part strategies[CONFIG_STRATEGIES_MAX];
    unsigned n_strategies;
    int64_t now_ns;
    bool failed; /* to print what a strategy says */
};

/* -- strategies ------------------------------------------------------------------------ */

static const struct event *hand_next(struct source *source, int timeout_ms)
{
    struct hand *const hand = (struct hand *)source;
    const struct event *const event = hand->event;

    (void)timeout_ms; /* nothing comes by waiting */
    hand->event = NULL;
    return event;
}

static const struct source_ops hand_ops = { .next = hand_next }; /* a thread would need more */

static void print_said(struct parts *parts, char *text, size_t len)
{
    text[len] = '\n';
    parts->failed |= fwrite(text, 1, len + 1, stdout) != len + 1;
}

static void print_opportunity(void *context, const struct opportunity *opportunity)
{
    char text[WIRE_OPPORTUNITY_MAX + 1];

    print_said(context, text, wire_write_opportunity(opportunity, opportunity->detect_ns, text));
}

static void print_rest(void *context, const struct opportunity *opportunity)
{
    char text[WIRE_OPPORTUNITY_MAX + 1];

    print_said(context, text, wire_write_survival(opportunity, opportunity->detect_ns, text));
}

static int create_strategy(struct parts *parts, unsigned i, struct err *err)
{
    struct strategy_part *const part = &parts->strategies[parts->n_strategies++];
    const struct config *const config = &parts->setup.config;
    struct problems problems = { .out = stderr, .path = config->path };
    const struct runner_config runner = { .strategy = &config->strategies[i],
                                          .plugin = &parts->setup.plugins.strategies[i],
                                          .venues = parts->names,
                                          .n_venues = config->n_exchanges,
                                          .config = config,
                                          .source = &part->hand.source,
                                          .fn = print_opportunity,
                                          .rest_fn = print_rest,
                                          .context = parts,
                                          .session = RUN,
                                          .now = moment_at(parts->now_ns) };

    part->hand.source.ops = &hand_ops;
    part->config = runner.strategy;
    return runner_create(&part->runner, &runner, &problems, err);
}

static void show_event(void *context, const struct event *event)
{
    struct venue_part *const venue = context;
    struct parts *const parts = venue->parts;

    /* A book that had to wait for its seed is published later than it was received. */
    venue->printer.pub_ns = parts->now_ns;
    replay_print_event(&venue->printer, event);
    for (unsigned i = 0; i < parts->n_strategies; i++) {
        parts->strategies[i].hand.event = event;
        runner_step(parts->strategies[i].runner, moment_at(parts->now_ns));
    }
}

static void fire_timers_before(struct parts *parts, int64_t ns)
{
    for (unsigned i = 0; i < parts->n_strategies; i++) {
        struct runner *const runner = parts->strategies[i].runner;
        for (int64_t due_ns; (due_ns = runner_next_timer_ns(runner)) < ns;) {
            runner_step(runner, moment_at(due_ns));
        }
    }
}

/* -- exchanges ------------------------------------------------------------------------- */

/* Gives the venue a session and a board, as one alone has them. */
static int seat_venue(struct venue_part *venue, const struct plugin *plugin, struct err *err)
{
    const struct config *const config = &venue->parts->setup.config;
    const struct board_config board = { .name = venue->config->name,
                                        .run = RUN,
                                        .publish_depth =
                                            config_publish_depth(config, venue->config) };
    struct session_config session = { .plugin = plugin,
                                      .exchange = venue->config,
                                      .config = config,
                                      .port = replay_port(&venue->replay),
                                      .sink = &lone_session_sink,
                                      .scales = venue->parts->scales,
                                      .is_unpaced = true };

    if (replay_init(&venue->replay, &venue->recording) != ARB_OK ||
        board_create(&venue->board, &board) != ARB_OK ||
        outlet_init_fn(&venue->outlet, show_event, venue) != ARB_OK ||
        board_add_outlet(venue->board, &venue->outlet) != ARB_OK) {
        return err_set(err, ARB_ENOMEM, "%s: no memory", venue->config->name);
    }
    session.sink_context = venue->board;
    const int rc = session_create(&venue->replay.session, &session, err);
    return rc == ARB_OK ? lone_session_sit(venue->replay.session, venue->board) : rc;
}

/* When anything of it happens next. Before its first record nobody was connected. */
static int64_t next_ns(const struct venue_part *venue)
{
    const int64_t record_ns = replay_record_ns(&venue->replay);
    return venue->is_started && venue->turn_ns < record_ns ? venue->turn_ns : record_ns;
}

/* Carries out what is due at `ns`. */
static int go_on(struct venue_part *venue, int64_t ns, struct err *err)
{
    int rc = ARB_OK;

    if (!venue->is_started) {
        venue->is_started = true;
        rc = session_start(venue->replay.session, moment_at(ns), err);
    } else if (replay_record_ns(&venue->replay) <= ns) {
        (void)replay_step(&venue->replay); /* there is one */
    }
    const int64_t session_ns = replay_turn(&venue->replay, ns);
    const int64_t board_ns = board_on_turn(venue->board, moment_at(ns));
    venue->turn_ns = board_ns < session_ns ? board_ns : session_ns;
    venue->turn_ns = venue->turn_ns > ns ? venue->turn_ns : ns + 1;
    return rc;
}

/* The venue whose next thing is due first, and whether any record is left. */
static struct venue_part *find_next(const struct parts *parts, bool *is_over)
{
    struct venue_part *first = NULL;

    *is_over = true;
    for (unsigned i = 0; i < parts->setup.config.n_exchanges; i++) {
        struct venue_part *const venue = parts->venues[i];
        if (venue == NULL) {
            continue;
        }
        *is_over = *is_over && replay_record_ns(&venue->replay) == NEVER_NS;
        if (first == NULL || next_ns(venue) < next_ns(first)) {
            first = venue;
        }
    }
    return first;
}

static int play(struct parts *parts, struct err *err)
{
    bool is_over;
    int rc = ARB_OK;

    for (struct venue_part *venue; rc == ARB_OK && !parts->failed;) {
        venue = find_next(parts, &is_over);
        if (is_over) {
            break;
        }
        const int64_t ns = next_ns(venue);
        fire_timers_before(parts, ns);
        parts->now_ns = ns;
        rc = go_on(venue, ns, err);
    }
    for (unsigned i = 0; i < parts->n_strategies; i++) {
        runner_finish(parts->strategies[i].runner, moment_at(parts->now_ns));
    }
    return rc;
}

/* -- the whole ------------------------------------------------------------------------- */

/* The exchange that an operand names, and behind the '=' its file; NULL with a sentence. */
static struct exchange_config *find_exchange(const struct parts *parts, const char *operand,
                                             const char **file, struct err *err)
{
    const struct config *const config = &parts->setup.config;
    const char *const equals = strchr(operand, '=');

    for (unsigned i = 0; i < config->n_exchanges && equals != NULL; i++) {
        struct exchange_config *const exchange = &config->exchanges[i];
        const size_t len = strlen(exchange->name);
        if (exchange->enabled && len == (size_t)(equals - operand) &&
            memcmp(exchange->name, operand, len) == 0) {
            *file = equals + 1;
            return exchange;
        }
    }
    (void)err_set(
        err, ARB_EINVAL,
        "%s: with --config each recording is named EXCHANGE=FILE, and the exchange has an "
        "enabled section in %s",
        operand, config->path);
    return NULL;
}

static int add_recording(struct parts *parts, const char *operand, struct err *err)
{
    const char *file = NULL;
    const struct exchange_config *const exchange = find_exchange(parts, operand, &file, err);

    if (exchange == NULL) {
        return err->rc;
    }
    struct venue_part **const venue = &parts->venues[exchange - parts->setup.config.exchanges];
    if (*venue == NULL) {
        *venue = calloc(1, sizeof(**venue));
        if (*venue == NULL) {
            return err_set(err, ARB_ENOMEM, "%s: no memory", exchange->name);
        }
        (*venue)->parts = parts;
        (*venue)->config = exchange;
    }
    return recording_add(&(*venue)->recording, file, err);
}

/* Which frame came first nobody knows where one recording of several has no times. */
static int check_times(const struct parts *parts, struct err *err)
{
    const struct venue_part *bare = NULL;
    unsigned n = 0;

    for (unsigned i = 0; i < parts->setup.config.n_exchanges; i++) {
        const struct venue_part *const venue = parts->venues[i];
        n += venue != NULL;
        bare = venue != NULL && venue->recording.is_bare ? venue : bare;
    }
    return bare == NULL || n < 2
               ? ARB_OK
               : err_set(
                     err, ARB_EINVAL,
                     "the recording of %s has no times, so that nobody knows which frame came "
                     "before those of the others; write TIME: in front of each, or give it alone",
                     bare->config->name);
}

/* Sorts the recordings; an exchange without any brings no catalog, so that nobody waits for it. */
static void prepare(struct parts *parts)
{
    struct config *const config = &parts->setup.config;

    parts->now_ns = NEVER_NS;
    config->host.scales_file = NULL; /* what a replay decides is not to be remembered */
    for (unsigned i = 0; i < config->n_exchanges; i++) {
        struct exchange_config *const exchange = &config->exchanges[i];
        struct recording *const recording =
            parts->venues[i] == NULL ? NULL : &parts->venues[i]->recording;
        parts->names[i] = venue_as_configured(exchange);
        exchange->enabled = recording != NULL;
        if (recording != NULL) {
            recording_sort(recording);
        }
        if (recording != NULL && recording->n > 0 && recording->records[0].ns < parts->now_ns) {
            parts->now_ns = recording->records[0].ns;
        }
    }
}

static int create(struct parts *parts, struct err *err)
{
    const struct config *const config = &parts->setup.config;
    int rc = scales_create(&parts->scales, config, err);

    for (unsigned i = 0; i < config->n_strategies && rc == ARB_OK; i++) {
        rc = config->strategies[i].enabled ? create_strategy(parts, i, err) : ARB_OK;
    }
    for (unsigned i = 0; i < config->n_exchanges && rc == ARB_OK; i++) {
        rc = parts->venues[i] == NULL
                 ? ARB_OK
                 : seat_venue(parts->venues[i], &parts->setup.plugins.exchanges[i], err);
    }
    return rc;
}

static bool print_end(const struct parts *parts)
{
    bool is_right = !parts->failed;
    char head[HEAD_MAX];

    for (unsigned i = 0; i < parts->setup.config.n_exchanges; i++) {
        const struct venue_part *const venue = parts->venues[i];
        if (venue != NULL) {
            (void)snprintf(head, sizeof(head), "exchange=%s ", venue->config->name);
            is_right &= replay_print_summary(venue->replay.session, head) && !venue->printer.failed;
            replay_print_absent(&venue->replay, &venue->printer);
        }
    }
    for (unsigned i = 0; i < parts->n_strategies; i++) {
        struct runner_stats stats;
        runner_stats_read(parts->strategies[i].runner, &stats);
        (void)fprintf(stderr, "strategy=%s markets=%llu opportunities=%llu disabled=%llu\n",
                      parts->strategies[i].config->name, (unsigned long long)stats.markets,
                      (unsigned long long)stats.opportunities, (unsigned long long)stats.disabled);
        is_right &= stats.disabled == 0;
    }
    return is_right && fflush(stdout) == 0;
}

static int replay_all(struct parts *parts, char **operands, struct err *err)
{
    int rc = ARB_OK;

    for (; rc == ARB_OK && *operands != NULL; operands++) {
        rc = add_recording(parts, *operands, err);
    }
    if (rc == ARB_OK) {
        rc = check_times(parts, err);
    }
    if (rc == ARB_OK) {
        prepare(parts);
        rc = create(parts, err);
    }
    if (rc == ARB_OK) {
        rc = play(parts, err);
    }
    return rc == ARB_OK && !print_end(parts) ? ARB_EPROTO : rc;
}

static void venue_part_destroy(struct venue_part *venue)
{
    if (venue != NULL) {
        session_destroy(venue->replay.session);
        board_destroy(venue->board);
        outlet_fini(&venue->outlet);
        replay_printer_fini(&venue->printer);
        replay_fini(&venue->replay);
        recording_fini(&venue->recording);
        free(venue);
    }
}

static void destroy(struct parts *parts)
{
    for (unsigned i = 0; i < parts->n_strategies; i++) {
        runner_destroy(parts->strategies[i].runner);
    }
    for (unsigned i = 0; i < CONFIG_EXCHANGES_MAX; i++) {
        venue_part_destroy(parts->venues[i]);
    }
    scales_destroy(parts->scales);
    setup_fini(&parts->setup);
}

int replay_venues(const char *path, char **operands)
{
    static struct parts parts; /* large, and needed once */
    struct err err = { 0 };
    int status = CONFIG_EXIT;

    if (setup_load(&parts.setup, path, NULL) == 0) {
        const int rc = replay_all(&parts, operands, &err);
        if (rc != ARB_OK && err.text[0] != '\0') {
            harmless_line(stderr, "arbspot replay: %s", err.text);
        }
        status = rc == ARB_OK ? CMD_OK : CMD_FAILED;
    }
    destroy(&parts);
    return status;
}
