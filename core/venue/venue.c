#include "venue/venue.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "util/log.h"

enum {
    NO_SEAT = BOARD_SEATS_MAX,
    WHO_MAX = ARB_SYMBOL_MAX + 8,
    WHY_MAX = 96,
};

#define REPLACE_DEADLINE_NS (120 * NS_PER_S) /* for a fresh session to have the old one's books */
#define REPLACE_PAUSE_NS (30 * NS_PER_S)     /* between two: venues count connections */
#define REPLACE_RETRY_NS (600 * NS_PER_S)    /* after one that failed */
#define LATE_REPLACE_NS (10 * NS_PER_S)      /* a way that was late for so long may stay it */
#define REPLACE_LOOK_NS (10 * NS_PER_MS)     /* how often a fresh session is looked at */

/* Seats are numbered as the board numbers them. */
struct seat {
    struct venue *venue;
    struct session *session; /* or NULL: free */
    uint32_t number;         /* counts all sessions there ever were */
    int64_t since_ns;        /* mono */
    char why[WHY_MAX];       /* it shall be replaced; "": it need not */
};

/* All times are monotonic. */
struct venue {
    struct venue_config config;
    struct budget budget; /* of all sessions together */
    struct board *board;
    struct relief relief;
    struct seat seats[BOARD_SEATS_MAX];
    uint32_t n_sessions; /* there ever were */
    int64_t age_ns;      /* of a session that is replaced for it; NEVER_NS: none */
    uint32_t old, fresh; /* of the replacement under way; NO_SEAT: none */
    int64_t deadline_ns;
    int64_t next_ns; /* no replacement before, no look at the one under way */
    uint64_t n_replaced;
    struct session_stats gone; /* of sessions that are no more */
    char who[WHO_MAX];
};

static int64_t earlier(int64_t a_ns, int64_t b_ns)
{
    return a_ns < b_ns ? a_ns : b_ns;
}

/* -- what sessions tell goes to the board ---------------------------------------------- */

static uint32_t index_of(const struct seat *seat)
{
    return (uint32_t)(seat - seat->venue->seats);
}

static int on_instrument(void *context, uint32_t instrument, const struct arb_instrument *info,
                         const struct live_book *book)
{
    const struct seat *const seat = context;
    return board_enter(seat->venue->board, index_of(seat), instrument, info, book);
}

static void on_event(void *context, uint32_t instrument, struct event *event)
{
    const struct seat *const seat = context;
    board_event(seat->venue->board, index_of(seat), instrument, event);
}

static void on_came(void *context, uint32_t conn, struct moment now, int64_t due_ns)
{
    const struct seat *const seat = context;

    board_on_arrival(seat->venue->board, now);
    if (conn != ARB_NO_CONN) {
        board_on_message(seat->venue->board, (struct board_line){ index_of(seat), conn }, due_ns);
    }
}

static void on_asked(void *context, uint32_t conn, struct moment now)
{
    const struct seat *const seat = context;
    board_on_question(seat->venue->board, (struct board_line){ index_of(seat), conn }, now);
}

static void on_date(void *context, uint32_t conn, struct moment now, int64_t venue_ns)
{
    const struct seat *const seat = context;
    board_on_date(seat->venue->board, (struct board_line){ index_of(seat), conn }, now, venue_ns);
}

static void on_connection(void *context, uint32_t conn, struct moment now, bool is_up)
{
    const struct seat *const seat = context;

    (void)now;
    board_on_connection(seat->venue->board, (struct board_line){ index_of(seat), conn }, is_up);
}

static void on_ping(void *context, uint32_t conn, struct moment now)
{
    const struct seat *const seat = context;
    board_on_ping(seat->venue->board, (struct board_line){ index_of(seat), conn }, now);
}

static void on_round_trip(void *context, uint32_t conn, struct moment now, int64_t rtt_ns)
{
    const struct seat *const seat = context;
    board_on_round_trip(seat->venue->board, (struct board_line){ index_of(seat), conn }, now,
                        rtt_ns);
}

static void on_heartbeat(void *context, struct moment now, struct heartbeat heartbeat)
{
    board_on_heartbeat(((const struct seat *)context)->venue->board, now, heartbeat);
}

static void want_replacement(void *context, const char *why)
{
    struct seat *const seat = context;

    if (seat->why[0] == '\0') {
        (void)snprintf(seat->why, sizeof(seat->why), "%s", why); /* a cut reason still tells */
    }
}

static void was_renewed(void *context)
{
    ((struct seat *)context)->why[0] = '\0';
}

static const struct session_sink sink = {
    .instrument = on_instrument,
    .event = on_event,
    .date = on_date,
    .round_trip = on_round_trip,
    .heartbeat = on_heartbeat,
    .came = on_came,
    .asked = on_asked,
    .connection = on_connection,
    .ping = on_ping,
    .wants_replacement = want_replacement,
    .was_renewed = was_renewed,
};

/* The board's distrust goes to the session. */
static void distrust(void *context, uint32_t seat, uint32_t instrument, struct moment now,
                     const char *why)
{
    session_distrust(((struct venue *)context)->seats[seat].session, instrument, now, why);
}

static uint32_t conn_of(const void *context, uint32_t seat, uint32_t instrument)
{
    return session_conn_of(((const struct venue *)context)->seats[seat].session, instrument);
}

/* -- sessions come and go -------------------------------------------------------------- */

static int seat_session(struct venue *venue, uint32_t slot, struct err *err)
{
    struct seat *const seat = &venue->seats[slot];
    uint32_t number = NO_SEAT;
    const int rc = board_sit(venue->board, session_rules(seat->session), &number);

    if (rc != ARB_OK) {
        session_destroy(seat->session);
        seat->session = NULL;
        return err_set(err, rc, "%s: no memory for a session's books", venue->who);
    }
    assert(number == slot); /* both take the first that is free */
    return ARB_OK;
}

static int create_session(struct venue *venue, uint32_t slot, struct err *err)
{
    const struct venue_config *const config = &venue->config;
    struct seat *const seat = &venue->seats[slot];

    *seat = (struct seat){ .venue = venue, .number = ++venue->n_sessions };
    const struct session_config session = { .plugin = config->plugin,
                                            .exchange = config->exchange,
                                            .config = config->config,
                                            .number = seat->number,
                                            .port = config->port,
                                            .sink = &sink,
                                            .sink_context = seat,
                                            .budget = &venue->budget,
                                            .scales = config->scales,
                                            .trace = config->trace };
    const int rc = session_create(&seat->session, &session, err);
    if (rc != ARB_OK) {
        seat->session = NULL;
        return rc;
    }
    return seat_session(venue, slot, err);
}

static int start_session(struct venue *venue, uint32_t slot, struct moment now, struct err *err)
{
    venue->seats[slot].since_ns = now.mono_ns;
    return session_start(venue->seats[slot].session, now, err);
}

static void drop_session(struct venue *venue, uint32_t slot, struct moment now, const char *why)
{
    struct seat *const seat = &venue->seats[slot];

    if (seat->session != NULL) {
        board_leave(venue->board, slot, now, why);
        const struct session_stats stats = session_stats(seat->session);
        session_stats_add(&venue->gone, &stats);
        session_destroy(seat->session); /* which has the port forget it */
        seat->session = NULL;
    }
}

static uint32_t free_slot(const struct venue *venue)
{
    uint32_t slot = 0;

    while (slot < BOARD_SEATS_MAX && venue->seats[slot].session != NULL) {
        slot++;
    }
    return slot;
}

static void pause_until(struct venue *venue, int64_t ns)
{
    venue->old = venue->fresh = NO_SEAT;
    venue->next_ns = ns;
}

static void begin_replacement(struct venue *venue, uint32_t old, struct moment now)
{
    const uint32_t fresh = free_slot(venue);
    struct err err = { 0 };

    log_line(ARB_INFO, venue->who, "session %u gets a replacement: %s", venue->seats[old].number,
             venue->seats[old].why);
    int rc = create_session(venue, fresh, &err);
    if (rc == ARB_OK) {
        rc = start_session(venue, fresh, now, &err);
    }
    if (rc != ARB_OK) {
        log_line(ARB_ERROR, venue->who, "no replacement: %s", err.text);
        drop_session(venue, fresh, now, "it did not start");
        pause_until(venue, now.mono_ns + REPLACE_RETRY_NS);
        return;
    }
    venue->old = old;
    venue->fresh = fresh;
    venue->deadline_ns = now.mono_ns + REPLACE_DEADLINE_NS;
    venue->next_ns = now.mono_ns + REPLACE_LOOK_NS;
}

static void end_replacement(struct venue *venue, struct moment now)
{
    const struct seat *const old = &venue->seats[venue->old];
    const struct seat *const fresh = &venue->seats[venue->fresh];

    if (board_can_replace(venue->board, venue->fresh, venue->old)) {
        log_line(ARB_INFO, venue->who, "session %u replaces session %u", fresh->number,
                 old->number);
        venue->n_replaced++;
        drop_session(venue, venue->old, now, "replaced by another connection");
        pause_until(venue, now.mono_ns + REPLACE_PAUSE_NS);
    } else if (now.mono_ns >= venue->deadline_ns || session_is_disabled(fresh->session)) {
        log_line(ARB_WARN, venue->who, "session %u is no replacement: it could not get the books",
                 fresh->number);
        drop_session(venue, venue->fresh, now, "could not get the books");
        pause_until(venue, now.mono_ns + REPLACE_RETRY_NS);
    } else {
        venue->next_ns = now.mono_ns + REPLACE_LOOK_NS;
    }
}

/* The session that wants to be replaced, or NO_SEAT. */
static uint32_t find_wanting(struct venue *venue, int64_t now_ns)
{
    for (uint32_t slot = 0; slot < BOARD_SEATS_MAX; slot++) {
        struct seat *const seat = &venue->seats[slot];
        if (seat->session == NULL || session_is_disabled(seat->session)) {
            continue;
        }
        if (venue->age_ns != NEVER_NS && now_ns - seat->since_ns >= venue->age_ns) {
            want_replacement(seat, "it has reached connection_age");
        }
        const int64_t late_since_ns = board_late_since_ns(venue->board, slot);
        if (late_since_ns != NEVER_NS && !relief_is_behind(&venue->relief) &&
            now_ns - late_since_ns >= LATE_REPLACE_NS) {
            want_replacement(seat, "what arrives over it is older than max_lag");
        }
        if (seat->why[0] != '\0') {
            return slot;
        }
    }
    return NO_SEAT;
}

static int64_t next_age_ns(const struct venue *venue)
{
    int64_t next_ns = NEVER_NS;

    for (uint32_t slot = 0; slot < BOARD_SEATS_MAX && venue->age_ns != NEVER_NS; slot++) {
        const struct seat *const seat = &venue->seats[slot];
        if (seat->session != NULL && !session_is_disabled(seat->session)) {
            next_ns = earlier(next_ns, seat->since_ns + venue->age_ns);
        }
    }
    return next_ns;
}

static int64_t run_replacements(struct venue *venue, struct moment now)
{
    if (now.mono_ns < venue->next_ns) {
        return venue->next_ns;
    }
    if (venue->fresh != NO_SEAT) {
        end_replacement(venue, now);
        return venue->next_ns;
    }
    const uint32_t old = find_wanting(venue, now.mono_ns);
    if (old != NO_SEAT) {
        begin_replacement(venue, old, now);
        return venue->next_ns;
    }
    return next_age_ns(venue);
}

/* -- turns ----------------------------------------------------------------------------- */

int64_t venue_on_turn(struct venue *venue, struct moment now)
{
    int64_t next_ns = NEVER_NS;

    board_on_arrival(venue->board, now); /* what sessions tell it is of now */
    for (uint32_t slot = 0; slot < BOARD_SEATS_MAX; slot++) {
        if (venue->seats[slot].session != NULL) {
            next_ns = earlier(next_ns, session_on_turn(venue->seats[slot].session, now));
        }
    }
    next_ns = earlier(next_ns, run_replacements(venue, now));
    return earlier(next_ns, board_on_turn(venue->board, now));
}

void venue_on_load(struct venue *venue, struct moment now, struct io_load load)
{
    struct relief_venue all = { .board = venue->board };

    for (uint32_t slot = 0; slot < BOARD_SEATS_MAX; slot++) {
        all.sessions[slot] = venue->seats[slot].session;
    }
    relief_look(&venue->relief, &all, now, load);
}

/* -- life ------------------------------------------------------------------------------ */

static int create_sessions(struct venue *venue, struct err *err)
{
    const struct venue_config *const config = &venue->config;
    const struct board_config board = { .name = config->exchange->name,
                                        .run = config->run,
                                        .snapshot_interval_ns =
                                            config->snapshot_interval_ms * NS_PER_MS,
                                        .max_lag_ns = config->exchange->max_lag_ms * NS_PER_MS,
                                        .publish_depth =
                                            config_publish_depth(config->config, config->exchange),
                                        .conn_of = conn_of,
                                        .asleep_ns = config->asleep_ns,
                                        .distrust = distrust,
                                        .context = venue };
    int rc = board_create(&venue->board, &board);

    if (rc != ARB_OK) {
        return err_set(err, rc, "%s: no memory for the books", venue->who);
    }
    for (uint32_t slot = 0; slot < config->exchange->connections && rc == ARB_OK; slot++) {
        rc = create_session(venue, slot, err);
    }
    return rc;
}

int venue_create(struct venue **out, const struct venue_config *config, struct err *err)
{
    struct venue *const venue = calloc(1, sizeof(*venue));

    if (venue == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory for an exchange");
    }
    venue->config = *config;
    venue->old = venue->fresh = NO_SEAT;
    const int64_t age_ms = config->exchange->connection_age_ms;
    venue->age_ns = age_ms == 0 ? NEVER_NS : age_ms * NS_PER_MS;
    (void)snprintf(venue->who, sizeof(venue->who), "venue=%s", config->exchange->name);
    int rc = relief_init(&venue->relief, config->config, config->exchange, venue->who);
    rc = rc == ARB_OK ? create_sessions(venue, err)
                      : err_set(err, rc, "%s: no memory for its list of books", venue->who);
    if (rc != ARB_OK) {
        venue_destroy(venue);
        return rc;
    }
    *out = venue;
    return ARB_OK;
}

int venue_add_outlet(struct venue *venue, struct outlet *outlet)
{
    return board_add_outlet(venue->board, outlet);
}

int venue_start(struct venue *venue, struct moment now, struct err *err)
{
    int rc = ARB_OK;

    board_on_arrival(venue->board, now); /* as in venue_on_turn() */
    for (uint32_t slot = 0; slot < BOARD_SEATS_MAX && rc == ARB_OK; slot++) {
        if (venue->seats[slot].session != NULL) {
            rc = start_session(venue, slot, now, err);
        }
    }
    return rc;
}

void venue_stop(struct venue *venue, struct moment now, const char *why)
{
    board_close(venue->board);
    for (uint32_t slot = 0; slot < BOARD_SEATS_MAX; slot++) {
        if (venue->seats[slot].session != NULL) {
            session_stop(venue->seats[slot].session, now, why);
        }
    }
    (void)board_on_turn(venue->board, now);
    board_end(venue->board, now);
}

void venue_destroy(struct venue *venue)
{
    if (venue == NULL) {
        return;
    }
    for (uint32_t slot = 0; slot < BOARD_SEATS_MAX; slot++) {
        if (venue->seats[slot].session != NULL) {
            session_destroy(venue->seats[slot].session);
        }
    }
    board_destroy(venue->board);
    relief_fini(&venue->relief);
    free(venue);
}

/* -- look ------------------------------------------------------------------------------ */

struct session_stats venue_stats(const struct venue *venue)
{
    struct session_stats sum = venue->gone;

    for (uint32_t slot = 0; slot < BOARD_SEATS_MAX; slot++) {
        if (venue->seats[slot].session != NULL) {
            const struct session_stats stats = session_stats(venue->seats[slot].session);
            session_stats_add(&sum, &stats);
        }
    }
    return sum;
}

struct session_standing venue_standing(const struct venue *venue)
{
    struct session_standing sum = { 0 };

    for (uint32_t slot = 0; slot < BOARD_SEATS_MAX; slot++) {
        if (venue->seats[slot].session != NULL) {
            session_standing_add(&sum, venue->seats[slot].session);
        }
    }
    return sum;
}

const struct relief *venue_relief(const struct venue *venue)
{
    return &venue->relief;
}

const struct board *venue_board(const struct venue *venue)
{
    return venue->board;
}

uint64_t venue_replaced(const struct venue *venue)
{
    return venue->n_replaced;
}

struct session *venue_session(const struct venue *venue, uint32_t seat)
{
    return seat < BOARD_SEATS_MAX ? venue->seats[seat].session : NULL;
}

uint32_t venue_number(const struct venue *venue, uint32_t seat)
{
    return venue_session(venue, seat) == NULL ? 0 : venue->seats[seat].number;
}
