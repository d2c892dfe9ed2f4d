#include "venue/lines.h"

#include <stdio.h>
#include <stdlib.h>

#include "util/clock.h"
#include "util/log.h"

enum {
    NO_LINE = BOARD_LINES_MAX,
    WHO_MAX = ARB_SYMBOL_MAX + 8,
    WHY_MAX = 96,
    /* The number of a request begins with the life and the slot of its line. */
    SLOTS_MAX = 4,
    LIVES_MAX = 64,
};

#define REPLACE_DEADLINE_NS (120 * NS_PER_S) /* for a fresh line to have the old one's books */
#define REPLACE_PAUSE_NS (30 * NS_PER_S)     /* between two: venues count connections */
#define REPLACE_RETRY_NS (600 * NS_PER_S)    /* after one that failed */
#define REPLACE_LOOK_NS (10 * NS_PER_MS)     /* how often a fresh line is looked at */
#define NEVER_NS INT64_MAX

_Static_assert(UINT64_C(1) * LIVES_MAX * SLOTS_MAX * ARB_REQUESTS_MAX - 1 == UINT32_MAX,
               "the life and the slot of a line and a request of it fill 32 bits");
_Static_assert((int)BOARD_LINES_MAX <= (int)SLOTS_MAX, "each line has a slot");

struct line {
    struct lines *lines;
    struct feed *feed; /* or NULL: free */
    uint32_t number;   /* counts all lines there ever were */
    int64_t since_ns;
    char why[WHY_MAX]; /* it shall be replaced; "": it need not */
};

struct lines {
    struct feed_config config; /* of every line, but for board, number and io */
    struct board *board;
    struct line line[BOARD_LINES_MAX];
    uint32_t n_lines;    /* there ever were */
    int64_t age_ns;      /* of a line that is replaced for it; NEVER_NS: none */
    uint32_t old, fresh; /* of the replacement under way; NO_LINE: none */
    int64_t deadline_ns;
    int64_t next_ns; /* no replacement before, no look at the one under way */
    uint64_t n_replaced;
    struct feed_stats gone; /* of lines that are no more */
    char who[WHO_MAX];
};

/* -- a line's requests, numbered through ----------------------------------------------- */

static uint32_t slot_of(const struct line *line)
{
    return (uint32_t)(line - line->lines->line);
}

static uint32_t conn_number(const struct line *line, uint32_t conn)
{
    return slot_of(line) * ARB_CONNS_MAX + conn;
}

/* Tells a line from those that had its slot before. */
static uint32_t life_of(const struct line *line)
{
    return line->number % LIVES_MAX * SLOTS_MAX + slot_of(line);
}

static int line_ws_open(void *context, uint32_t conn, const struct arb_ws_spec *spec)
{
    const struct line *const line = context;
    const struct feed_config *const config = &line->lines->config;
    return config->io->ws_open(config->io_context, conn_number(line, conn), spec);
}

static int line_ws_send(void *context, uint32_t conn, struct arb_bytes text)
{
    const struct line *const line = context;
    const struct feed_config *const config = &line->lines->config;
    return config->io->ws_send(config->io_context, conn_number(line, conn), text);
}

static void line_ws_close(void *context, uint32_t conn, const char *why)
{
    const struct line *const line = context;
    const struct feed_config *const config = &line->lines->config;
    config->io->ws_close(config->io_context, conn_number(line, conn), why);
}

static void line_ws_give_up(void *context, uint32_t conn, const char *why)
{
    const struct line *const line = context;
    const struct feed_config *const config = &line->lines->config;

    if (config->io->ws_give_up != NULL) {
        config->io->ws_give_up(config->io_context, conn_number(line, conn), why);
    } else {
        line_ws_close(context, conn, why);
    }
}

static void want_replacement(struct line *line, const char *why)
{
    if (line->why[0] == '\0') {
        (void)snprintf(line->why, sizeof(line->why), "%s", why); /* a cut reason still tells */
    }
}

static void line_ws_renew(void *context, uint32_t conn, const char *why)
{
    (void)conn; /* a line is replaced as a whole */
    want_replacement(context, why);
}

static int line_http_get(void *context, uint32_t request, const char *url)
{
    const struct line *const line = context;
    const struct feed_config *const config = &line->lines->config;
    const uint32_t number = life_of(line) * ARB_REQUESTS_MAX + request;
    return config->io->http_get(config->io_context, number, url);
}

static const struct feed_io_ops line_io = {
    .ws_open = line_ws_open,
    .ws_send = line_ws_send,
    .ws_close = line_ws_close,
    .ws_give_up = line_ws_give_up,
    .ws_renew = line_ws_renew,
    .http_get = line_http_get,
};

/* -- lines come and go ----------------------------------------------------------------- */

static int line_create(struct lines *lines, uint32_t slot, int64_t now_ns, struct err *err)
{
    struct line *const line = &lines->line[slot];
    struct feed_config config = lines->config;

    *line = (struct line){ .lines = lines, .number = ++lines->n_lines, .since_ns = now_ns };
    config.board = lines->board;
    config.number = line->number;
    config.io = &line_io;
    config.io_context = line;
    return feed_create(&line->feed, &config, err);
}

static void line_drop(struct lines *lines, uint32_t slot, int64_t now_ns, const char *why)
{
    struct line *const line = &lines->line[slot];

    if (line->feed != NULL) {
        feed_close(line->feed, why);
        board_drop_line(lines->board, line->feed, now_ns, why);
        feed_stats_add(&lines->gone, feed_stats(line->feed));
        feed_destroy(line->feed);
        line->feed = NULL;
    }
}

static uint32_t free_slot(const struct lines *lines)
{
    uint32_t slot = 0;

    while (slot < BOARD_LINES_MAX && lines->line[slot].feed != NULL) {
        slot++;
    }
    return slot;
}

static void pause_until(struct lines *lines, int64_t ns)
{
    lines->old = lines->fresh = NO_LINE;
    lines->next_ns = ns;
}

static void begin_replacement(struct lines *lines, uint32_t old, int64_t now_ns)
{
    const uint32_t fresh = free_slot(lines);
    struct err err = { 0 };

    log_line(ARB_INFO, lines->who, "line %u gets a replacement: %s", lines->line[old].number,
             lines->line[old].why);
    int rc = line_create(lines, fresh, now_ns, &err);
    if (rc == ARB_OK) {
        rc = feed_start(lines->line[fresh].feed, now_ns, &err);
    }
    if (rc != ARB_OK) {
        log_line(ARB_ERROR, lines->who, "no replacement: %s", err.text);
        line_drop(lines, fresh, now_ns, "it did not start");
        pause_until(lines, now_ns + REPLACE_RETRY_NS);
        return;
    }
    lines->old = old;
    lines->fresh = fresh;
    lines->deadline_ns = now_ns + REPLACE_DEADLINE_NS;
    lines->next_ns = now_ns + REPLACE_LOOK_NS;
}

static void end_replacement(struct lines *lines, int64_t now_ns)
{
    const struct line *const old = &lines->line[lines->old];
    const struct line *const fresh = &lines->line[lines->fresh];

    if (board_can_replace(lines->board, fresh->feed, old->feed)) {
        log_line(ARB_INFO, lines->who, "line %u replaces line %u", fresh->number, old->number);
        lines->n_replaced++;
        line_drop(lines, lines->old, now_ns, "replaced by another connection");
        pause_until(lines, now_ns + REPLACE_PAUSE_NS);
    } else if (now_ns >= lines->deadline_ns || feed_is_disabled(fresh->feed)) {
        log_line(ARB_WARN, lines->who, "line %u is no replacement: it could not get the books",
                 fresh->number);
        line_drop(lines, lines->fresh, now_ns, "could not get the books");
        pause_until(lines, now_ns + REPLACE_RETRY_NS);
    } else {
        lines->next_ns = now_ns + REPLACE_LOOK_NS;
    }
}

/* The line that wants to be replaced, or NO_LINE. */
static uint32_t find_wanting(struct lines *lines, int64_t now_ns)
{
    for (uint32_t slot = 0; slot < BOARD_LINES_MAX; slot++) {
        struct line *const line = &lines->line[slot];
        if (line->feed == NULL || feed_is_disabled(line->feed)) {
            continue;
        }
        if (lines->age_ns != NEVER_NS && now_ns - line->since_ns >= lines->age_ns) {
            want_replacement(line, "it has reached connection_age");
        }
        if (line->why[0] != '\0') {
            return slot;
        }
    }
    return NO_LINE;
}

static int64_t next_age_ns(const struct lines *lines)
{
    int64_t next_ns = NEVER_NS;

    for (uint32_t slot = 0; slot < BOARD_LINES_MAX && lines->age_ns != NEVER_NS; slot++) {
        const struct line *const line = &lines->line[slot];
        if (line->feed != NULL && !feed_is_disabled(line->feed) &&
            line->since_ns + lines->age_ns < next_ns) {
            next_ns = line->since_ns + lines->age_ns;
        }
    }
    return next_ns;
}

static int64_t run_replacements(struct lines *lines, int64_t now_ns)
{
    if (now_ns < lines->next_ns) {
        return lines->next_ns;
    }
    if (lines->fresh != NO_LINE) {
        end_replacement(lines, now_ns);
        return lines->next_ns;
    }
    const uint32_t old = find_wanting(lines, now_ns);
    if (old != NO_LINE) {
        begin_replacement(lines, old, now_ns);
        return lines->next_ns;
    }
    return next_age_ns(lines);
}

/* -- what happened --------------------------------------------------------------------- */

static struct line *line_of(struct lines *lines, uint32_t conn)
{
    struct line *const line = conn < LINES_CONNS_MAX ? &lines->line[conn / ARB_CONNS_MAX] : NULL;
    return line == NULL || line->feed == NULL ? NULL : line;
}

void lines_on_open(struct lines *lines, uint32_t conn, int64_t now_ns)
{
    struct line *const line = line_of(lines, conn);

    if (line != NULL) {
        feed_on_open(line->feed, conn % ARB_CONNS_MAX, now_ns);
    }
}

void lines_on_message(struct lines *lines, uint32_t conn, int64_t now_ns, struct arb_bytes message)
{
    struct line *const line = line_of(lines, conn);

    if (line != NULL) {
        feed_on_message(line->feed, conn % ARB_CONNS_MAX, now_ns, message);
    }
}

void lines_on_close(struct lines *lines, uint32_t conn, int64_t now_ns, const char *why)
{
    struct line *const line = line_of(lines, conn);

    if (line != NULL) {
        line->why[0] = '\0'; /* it comes back anew by itself */
        feed_on_close(line->feed, conn % ARB_CONNS_MAX, now_ns, why);
    }
}

void lines_on_http(struct lines *lines, uint32_t request, int64_t now_ns, int status,
                   struct arb_bytes body)
{
    const uint32_t life = request / ARB_REQUESTS_MAX;
    struct line *const line = line_of(lines, lines_line_of_request(request) * ARB_CONNS_MAX);

    if (line != NULL && life_of(line) == life) { /* else the line that asked is no more */
        feed_on_http(line->feed, request % ARB_REQUESTS_MAX, now_ns, status, body);
    }
}

void lines_on_round_trip(struct lines *lines, uint32_t conn, int64_t now_ns, int64_t rtt_ns)
{
    struct line *const line = line_of(lines, conn);

    if (line != NULL) {
        feed_on_round_trip(line->feed, conn % ARB_CONNS_MAX, now_ns, rtt_ns);
    }
}

void lines_on_suspect(struct lines *lines, uint32_t conn, int64_t now_ns)
{
    struct line *const line = line_of(lines, conn);

    (void)now_ns;
    if (line != NULL) {
        want_replacement(line, "silent, and a ping was not answered");
    }
}

int64_t lines_on_turn(struct lines *lines, int64_t now_ns)
{
    int64_t next_ns = NEVER_NS;

    for (uint32_t slot = 0; slot < BOARD_LINES_MAX; slot++) {
        if (lines->line[slot].feed != NULL) {
            const int64_t line_ns = feed_on_turn(lines->line[slot].feed, now_ns);
            next_ns = line_ns < next_ns ? line_ns : next_ns;
        }
    }
    const int64_t replacements_ns = run_replacements(lines, now_ns);
    const int64_t board_ns = board_on_turn(lines->board, now_ns);
    next_ns = replacements_ns < next_ns ? replacements_ns : next_ns;
    return board_ns < next_ns ? board_ns : next_ns;
}

/* -- life ------------------------------------------------------------------------------ */

static int create_lines(struct lines *lines, struct err *err)
{
    const struct feed_config *const config = &lines->config;
    int rc = board_create(&lines->board, config->exchange->name, config->session,
                          config->snapshot_interval_ms * NS_PER_MS);

    if (rc != ARB_OK) {
        return err_set(err, rc, "%s: no memory for the books", lines->who);
    }
    for (uint32_t slot = 0; slot < config->exchange->connections && rc == ARB_OK; slot++) {
        rc = line_create(lines, slot, 0, err);
    }
    return rc;
}

int lines_create(struct lines **out, const struct feed_config *config, struct err *err)
{
    struct lines *const lines = calloc(1, sizeof(*lines));

    if (lines == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory for the lines of an exchange");
    }
    lines->config = *config;
    lines->old = lines->fresh = NO_LINE;
    const int64_t age_ms = config->exchange->connection_age_ms;
    lines->age_ns = age_ms == 0 ? NEVER_NS : age_ms * NS_PER_MS;
    (void)snprintf(lines->who, sizeof(lines->who), "feed=%s", config->exchange->name);
    const int rc = create_lines(lines, err);
    if (rc != ARB_OK) {
        lines_destroy(lines);
        return rc;
    }
    *out = lines;
    return ARB_OK;
}

int lines_add_outlet(struct lines *lines, struct outlet *outlet)
{
    return board_add_outlet(lines->board, outlet);
}

int lines_start(struct lines *lines, int64_t now_ns, struct err *err)
{
    int rc = ARB_OK;

    for (uint32_t slot = 0; slot < BOARD_LINES_MAX && rc == ARB_OK; slot++) {
        if (lines->line[slot].feed != NULL) {
            lines->line[slot].since_ns = now_ns;
            rc = feed_start(lines->line[slot].feed, now_ns, err);
        }
    }
    return rc;
}

void lines_stop(struct lines *lines, int64_t now_ns, const char *why)
{
    board_close(lines->board);
    for (uint32_t slot = 0; slot < BOARD_LINES_MAX; slot++) {
        if (lines->line[slot].feed != NULL) {
            feed_stop(lines->line[slot].feed, now_ns, why);
        }
    }
    (void)board_on_turn(lines->board, now_ns);
}

void lines_destroy(struct lines *lines)
{
    if (lines == NULL) {
        return;
    }
    for (uint32_t slot = 0; slot < BOARD_LINES_MAX; slot++) {
        feed_destroy(lines->line[slot].feed);
    }
    board_destroy(lines->board);
    free(lines);
}

/* -- look ------------------------------------------------------------------------------ */

struct feed_stats lines_stats(const struct lines *lines)
{
    struct feed_stats sum = lines->gone;

    for (uint32_t slot = 0; slot < BOARD_LINES_MAX; slot++) {
        if (lines->line[slot].feed != NULL) {
            feed_stats_add(&sum, feed_stats(lines->line[slot].feed));
        }
    }
    return sum;
}

const struct board *lines_board(const struct lines *lines)
{
    return lines->board;
}

uint64_t lines_replaced(const struct lines *lines)
{
    return lines->n_replaced;
}

const struct feed *lines_feed(const struct lines *lines, uint32_t line)
{
    return line < BOARD_LINES_MAX ? lines->line[line].feed : NULL;
}

uint32_t lines_number(const struct lines *lines, uint32_t line)
{
    return lines_feed(lines, line) == NULL ? 0 : lines->line[line].number;
}

uint32_t lines_line_of_request(uint32_t request)
{
    return request / ARB_REQUESTS_MAX % SLOTS_MAX;
}
