#include "venue/lag.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/log.h"
#include "venue/venue_clock.h"

enum { FIGURE_MAX = 32 };

#define PPM INT64_C(1000000)

static const struct lag_window no_window = { .least_ns = INT64_MAX, .before_ns = INT64_MAX };

/* -- figures ---------------------------------------------------------------------------- */

static int64_t greater(int64_t a_ns, int64_t b_ns)
{
    return a_ns > b_ns ? a_ns : b_ns;
}

/* Lags are as far apart as dates may be: beyond all limits is far enough. */
static int64_t less(int64_t a_ns, int64_t b_ns)
{
    int64_t difference_ns;

    if (__builtin_sub_overflow(a_ns, b_ns, &difference_ns)) {
        return a_ns > b_ns ? INT64_MAX : INT64_MIN;
    }
    return difference_ns;
}

static int64_t window_ns(const struct lag *lag)
{
    return lag->max_ns / 8;
}

/* "2.4 s" */
static const char *put_age(char *text, int64_t ns)
{
    (void)snprintf(text, FIGURE_MAX, "%" PRId64 ".%" PRId64 " s", ns / NS_PER_S,
                   ns % NS_PER_S / (NS_PER_S / 10));
    return text;
}

/* "2s", "1500ms": as it is written in the configuration. */
static const char *put_limit(char *text, int64_t ns)
{
    const bool is_whole = ns % NS_PER_S == 0;

    (void)snprintf(text, FIGURE_MAX, "%" PRId64 "%s", ns / (is_whole ? NS_PER_S : NS_PER_MS),
                   is_whole ? "s" : "ms");
    return text;
}

/* -- dates ------------------------------------------------------------------------------ */

/* The smallest lag, and what the clocks may have drifted apart since. */
static int64_t least_now_ns(const struct lag *lag, int64_t mono_ns)
{
    return lag->least_ns + (mono_ns - lag->least_at_ns) / PPM * VENUE_CLOCK_DRIFT_PPM;
}

static void set_least(struct lag *lag, int64_t mono_ns, int64_t lag_ns)
{
    lag->has_least = true;
    lag->least_ns = lag_ns;
    lag->least_at_ns = mono_ns;
}

/* Is the date credible as far as it makes the smallest lag smaller? */
static bool is_credible(struct lag *lag, struct lag_conn *conn, int64_t mono_ns, int64_t lag_ns)
{
    const bool is_second = lag->has_least && !lag->has_second;

    lag->has_second = lag->has_least;
    if (!lag->has_least) {
        set_least(lag, mono_ns, lag_ns);
        return true;
    }
    const int64_t over_ns = less(lag_ns, least_now_ns(lag, mono_ns));
    if (over_ns < -lag->max_ns / 4 && ++conn->n_ahead < LAG_AHEAD_MIN) {
        return false;
    }
    conn->n_ahead = 0;
    /* Of the first two that do not agree the first is taken for the damaged one. */
    if (over_ns < 0 || (is_second && over_ns > lag->max_ns / 4)) {
        set_least(lag, mono_ns, lag_ns);
    }
    return true;
}

/* The smallest lag of what came lately, or INT64_MAX. */
static int64_t recent_ns(const struct lag *lag, const struct lag_conn *conn)
{
    const struct lag_window *const window = &conn->window;
    const bool is_close = window->begins_ns - window->before_begins_ns < 3 * window_ns(lag);

    return is_close && window->before_ns < window->least_ns ? window->before_ns : window->least_ns;
}

/* How old what came lately is by its dates; 0: nothing came, or they do not tell. */
static int64_t age_by_date_ns(const struct lag *lag, const struct lag_conn *conn, int64_t mono_ns)
{
    const int64_t lag_ns = recent_ns(lag, conn);

    if (lag_ns == INT64_MAX || !lag->has_least) {
        return 0;
    }
    const int64_t over_ns = greater(less(lag_ns, least_now_ns(lag, mono_ns)), 0);
    return over_ns > INT64_MAX - lag->least_rtt_ns ? over_ns : over_ns + lag->least_rtt_ns;
}

/* A window is full: did the lag grow by more than the time that passed since the one before? */
static void look_for_step(const struct lag *lag, struct lag_conn *conn, int64_t mono_ns)
{
    const struct lag_window *const window = &conn->window;
    const int64_t passed_ns = window->ends_ns - window->before_begins_ns;

    if (window->before_ns != INT64_MAX &&
        less(window->least_ns, window->before_ns) > passed_ns + lag->max_ns / 4) {
        conn->step_ns = less(window->least_ns, window->before_ns);
        conn->n_step_windows = 0;
    } else if (conn->step_ns > 0) {
        conn->n_step_windows =
            (uint8_t)(conn->n_step_windows + (conn->n_step_windows < LAG_STEP_WINDOWS));
    }
    if (less(window->least_ns, least_now_ns(lag, mono_ns)) <= lag->max_ns / 2) {
        conn->step_ns = 0; /* it did not last */
    }
}

static void next_window(const struct lag *lag, struct lag_conn *conn, int64_t mono_ns)
{
    struct lag_window *const window = &conn->window;

    if (window->ends_ns != 0) {
        look_for_step(lag, conn, mono_ns);
    }
    window->before_ns = window->least_ns;
    window->before_begins_ns = window->begins_ns;
    window->begins_ns = mono_ns;
    window->ends_ns = mono_ns + window_ns(lag);
    window->least_ns = INT64_MAX;
}

bool lag_learn(struct lag *lag, struct lag_conn *conn, int64_t mono_ns, int64_t lag_ns)
{
    if (!is_credible(lag, conn, mono_ns, lag_ns)) {
        return false;
    }
    if (mono_ns >= conn->window.ends_ns) {
        next_window(lag, conn, mono_ns);
    }
    if (lag_ns < conn->window.least_ns) {
        conn->window.least_ns = lag_ns;
    }
    const int64_t limit_ns = conn->verdict == LAG_FRESH
                                 ? lag->max_ns / 2
                                 : (conn->verdict == LAG_DOUBTFUL ? lag->max_ns : INT64_MAX);
    return age_by_date_ns(lag, conn, mono_ns) > limit_ns;
}

/* Pings are answered at once, and dates went back for good: the venue's clock was set. */
static void follow_step(struct lag *lag, struct lag_conn *conn)
{
    if (conn->step_ns > 0 && conn->n_step_windows == LAG_STEP_WINDOWS) {
        lag->least_ns += conn->step_ns;
        conn->step_ns = 0;
    }
}

/* -- pings ------------------------------------------------------------------------------ */

void lag_ping(struct lag *lag, uint32_t seat, uint32_t c, int64_t mono_ns)
{
    if (lag->max_ns == 0) {
        return;
    }
    struct lag_conn *const conn = &lag->seats[seat].conns[c];
    if (lag->first_ping_ns == 0) {
        lag->first_ping_ns = mono_ns;
    }
    if (conn->n_pings == LAG_PINGS_MAX) {
        conn->n_pings--; /* it is the oldest that tells */
    }
    conn->pings_ns[conn->n_pings++] = mono_ns;
}

/* A ping is answered with all that were due before it was written. */
static void forget_pings(struct lag_conn *conn, int64_t written_ns)
{
    uint8_t n = 0;

    while (n < conn->n_pings && conn->pings_ns[n] <= written_ns) {
        n++;
    }
    conn->n_pings = (uint8_t)(conn->n_pings - n);
    memmove(conn->pings_ns, conn->pings_ns + n, conn->n_pings * sizeof(*conn->pings_ns));
}

void lag_pong(struct lag *lag, uint32_t seat, uint32_t c, int64_t mono_ns, int64_t rtt_ns)
{
    if (lag->max_ns == 0) {
        return;
    }
    struct lag_conn *const conn = &lag->seats[seat].conns[c];
    const int64_t written_ns = mono_ns - rtt_ns;

    lag->answers_pings = true;
    if (lag->least_rtt_ns == 0 || rtt_ns < lag->least_rtt_ns) {
        lag->least_rtt_ns = rtt_ns;
    }
    forget_pings(conn, written_ns);
    conn->rtt_ns = rtt_ns;
    conn->needs_proof = conn->needs_proof && written_ns < conn->gap_ns;
    if (rtt_ns > lag->max_ns / 2) {
        conn->was_slow = true;
    } else {
        if (conn->was_slow) { /* what came late had waited on the way, and the way is free */
            conn->window = no_window;
        }
        conn->was_slow = false;
        follow_step(lag, conn);
    }
}

static bool counts_pings(const struct lag *lag, int64_t mono_ns)
{
    return lag->answers_pings ||
           (lag->first_ping_ns != 0 && mono_ns - lag->first_ping_ns < LAG_NO_PONG_NS);
}

/* How old what is shown may be as far as pings tell. */
static int64_t age_by_ping_ns(const struct lag *lag, const struct lag_conn *conn, int64_t mono_ns)
{
    if (!counts_pings(lag, mono_ns)) {
        return 0;
    }
    return greater(conn->n_pings > 0 ? mono_ns - conn->pings_ns[0] : 0, conn->rtt_ns);
}

/* -- silence ---------------------------------------------------------------------------- */

void lag_asked(struct lag *lag, uint32_t seat, uint32_t c, int64_t mono_ns)
{
    if (lag->max_ns == 0) {
        return;
    }
    struct lag_conn *const conn = &lag->seats[seat].conns[c];
    conn->due_ns = conn->due_ns < mono_ns ? conn->due_ns : mono_ns;
}

/* How old what is shown may be, for something is overdue. */
static int64_t age_by_silence_ns(const struct lag_conn *conn, int64_t mono_ns)
{
    return conn->due_ns < mono_ns ? mono_ns - conn->due_ns : 0;
}

/* -- gaps ------------------------------------------------------------------------------- */

void lag_gap(struct lag *lag, int64_t mono_ns, int64_t len_ns)
{
    for (uint32_t s = 0; s < LAG_SEATS_MAX; s++) {
        struct lag_seat *const seat = &lag->seats[s];
        for (uint32_t c = 0; seat->conns != NULL && c < seat->n_conns; c++) {
            struct lag_conn *const conn = &seat->conns[c];
            conn->needs_proof = conn->was_slow = conn->is_up;
            conn->gap_ns = mono_ns;
            conn->gap_len_ns = len_ns;
            conn->window = no_window;
            conn->step_ns = 0;
        }
    }
}

/* Of a venue that answers no pings, a fresh date is all the proof there is. */
static bool proves_by_date(const struct lag *lag, const struct lag_conn *conn, int64_t age_ns)
{
    return !lag->answers_pings && conn->window.least_ns != INT64_MAX && age_ns <= lag->max_ns / 2;
}

/* -- verdicts --------------------------------------------------------------------------- */

/* What is known of a connection's age, and in which words. */
struct finding {
    int64_t age_ns;
    const char *form; /* of the figures of age and limit; of a gap of its length alone */
    bool is_late;     /* whatever the age */
    bool is_weak;     /* no proof that it is late */
};

static struct finding find(const struct lag *lag, const struct lag_conn *conn, int64_t mono_ns)
{
    static const char by_date[] = "what arrives is %s old (max_lag %s)";
    static const char by_ping[] = "what arrives may be %s old (max_lag %s): pings are answered "
                                  "late or not at all";
    static const char by_gap[] = "this host did not run for %s: it is not known yet that what "
                                 "arrives is on time";
    static const char by_silence[] = "the venue is silent: what it owes is %s overdue (max_lag %s)";
    const int64_t date_ns = age_by_date_ns(lag, conn, mono_ns);
    const int64_t ping_ns = age_by_ping_ns(lag, conn, mono_ns);
    const int64_t silence_ns = age_by_silence_ns(conn, mono_ns);

    if (conn->needs_proof) {
        return (struct finding){ conn->gap_len_ns, by_gap, true, false };
    }
    if (silence_ns > greater(date_ns, ping_ns)) {
        return (struct finding){ silence_ns, by_silence, false, false };
    }
    return date_ns >= ping_ns ? (struct finding){ date_ns, by_date, false, false }
                              : (struct finding){ ping_ns, by_ping, false, !lag->answers_pings };
}

static uint8_t verdict_on(const struct lag *lag, struct lag_conn *conn,
                          const struct finding *finding, int64_t mono_ns)
{
    if (!finding->is_late && finding->age_ns <= lag->max_ns / 2) {
        conn->calm_ns = conn->calm_ns == NEVER_NS ? mono_ns : conn->calm_ns;
        return conn->verdict == LAG_FRESH || mono_ns - conn->calm_ns >= LAG_CALM_NS
                   ? (uint8_t)LAG_FRESH
                   : conn->verdict;
    }
    conn->calm_ns = NEVER_NS;
    if (finding->is_late || (finding->age_ns > lag->max_ns && !finding->is_weak)) {
        return LAG_LATE;
    }
    return conn->verdict == LAG_LATE ? (uint8_t)LAG_LATE : (uint8_t)LAG_DOUBTFUL;
}

static void explain(const struct lag *lag, struct lag_conn *conn, const struct finding *finding)
{
    char age[FIGURE_MAX], limit[FIGURE_MAX];

    if (conn->verdict == LAG_FRESH) {
        (void)snprintf(conn->why, sizeof(conn->why), "what arrives is fresh again");
        return;
    }
    (void)snprintf(conn->why, sizeof(conn->why), finding->form, put_age(age, finding->age_ns),
                   put_limit(limit, lag->max_ns));
}

/* True: its verdict changed. */
static bool judge(struct lag *lag, struct lag_seat *seat, struct lag_conn *conn, int64_t mono_ns)
{
    const uint8_t before = conn->verdict;

    if (conn->needs_proof && proves_by_date(lag, conn, age_by_date_ns(lag, conn, mono_ns))) {
        conn->needs_proof = false;
    }
    const struct finding finding = find(lag, conn, mono_ns);
    conn->was_slow = conn->was_slow || age_by_ping_ns(lag, conn, mono_ns) > lag->max_ns / 2;
    conn->verdict = verdict_on(lag, conn, &finding, mono_ns);
    lag->worst_ns = greater(lag->worst_ns, finding.age_ns);
    seat->worst_ns = greater(seat->worst_ns, conn->needs_proof ? 0 : finding.age_ns);
    if (conn->verdict == before) {
        return false;
    }
    explain(lag, conn, &finding);
    return true;
}

/* It is one and the same for all sessions. */
static void log_gap(struct lag *lag, const struct lag_conn *conn)
{
    char len[FIGURE_MAX];

    if (lag->told_gap_ns != conn->gap_ns) {
        lag->told_gap_ns = conn->gap_ns;
        log_line(ARB_WARN, lag->who,
                 "this host did not run for %s: its books are STALE until it is known that what "
                 "arrives is on time",
                 put_age(len, conn->gap_len_ns));
    }
}

static void log_begin(struct lag *lag, const struct lag_seat *seat, const struct lag_conn *conn)
{
    if (conn->needs_proof) {
        log_gap(lag, conn);
        return;
    }
    log_line(ARB_WARN, lag->who,
             "%s: the books of session %u are STALE meanwhile; a slow link, a busy machine or the "
             "venue itself may be behind",
             conn->why, seat->number);
}

static void log_end(const struct lag *lag, const struct lag_seat *seat, int64_t mono_ns)
{
    char lasted[FIGURE_MAX], worst[FIGURE_MAX];

    if (seat->worst_ns <= lag->max_ns / 2) { /* there was only a gap */
        log_line(ARB_INFO, lag->who,
                 "what arrives over session %u is on time, as is known after %s", seat->number,
                 put_age(lasted, mono_ns - seat->late_since_ns));
        return;
    }
    log_line(ARB_INFO, lag->who,
             "what arrives over session %u is late no more, after %s; it was up to %s old",
             seat->number, put_age(lasted, mono_ns - seat->late_since_ns),
             put_age(worst, seat->worst_ns));
}

/* The first connection that is late begins it for the session, the last one ends it. */
static void note_episode(struct lag *lag, struct lag_seat *seat, const struct lag_conn *late,
                         int64_t mono_ns)
{
    if (late != NULL && seat->late_since_ns == NEVER_NS) {
        seat->late_since_ns = mono_ns;
        log_begin(lag, seat, late);
    } else if (late == NULL && seat->late_since_ns != NEVER_NS) {
        log_end(lag, seat, mono_ns);
        seat->late_since_ns = NEVER_NS;
    }
    if (late == NULL) {
        seat->worst_ns = 0;
    }
}

static bool judge_seat(struct lag *lag, struct lag_seat *seat, int64_t mono_ns)
{
    const struct lag_conn *late = NULL;
    bool is_changed = false;

    for (uint32_t c = 0; c < seat->n_conns; c++) {
        struct lag_conn *const conn = &seat->conns[c];
        if (!conn->is_up) {
            continue;
        }
        is_changed = judge(lag, seat, conn, mono_ns) || is_changed;
        lag->n_unfresh += conn->verdict != LAG_FRESH;
        late = conn->verdict == LAG_LATE ? conn : late;
    }
    note_episode(lag, seat, late, mono_ns);
    return is_changed;
}

bool lag_judge(struct lag *lag, int64_t mono_ns, bool is_urgent)
{
    bool is_changed = false;

    if (lag->max_ns == 0 || (!is_urgent && mono_ns < lag->look_ns)) {
        return false;
    }
    lag->look_ns = mono_ns + LAG_LOOK_NS;
    lag->n_unfresh = 0;
    for (uint32_t s = 0; s < LAG_SEATS_MAX; s++) {
        if (lag->seats[s].conns != NULL) {
            is_changed = judge_seat(lag, &lag->seats[s], mono_ns) || is_changed;
        }
    }
    return is_changed;
}

int64_t lag_late_since_ns(const struct lag *lag, uint32_t seat)
{
    return lag->seats[seat].conns == NULL ? NEVER_NS : lag->seats[seat].late_since_ns;
}

/* -- life ------------------------------------------------------------------------------- */

void lag_init(struct lag *lag, const char *who, int64_t max_ns)
{
    *lag = (struct lag){ .max_ns = max_ns, .who = who };
}

void lag_fini(struct lag *lag)
{
    for (uint32_t s = 0; s < LAG_SEATS_MAX; s++) {
        free(lag->seats[s].conns);
    }
    *lag = (struct lag){ 0 };
}

int lag_sit(struct lag *lag, uint32_t seat)
{
    if (lag->max_ns == 0) {
        return ARB_OK;
    }
    struct lag_conn *const conns = calloc(ARB_CONNS_MAX, sizeof(*conns));
    if (conns == NULL) {
        return ARB_ENOMEM;
    }
    for (uint32_t c = 0; c < ARB_CONNS_MAX; c++) {
        conns[c].window = no_window;
    }
    lag->seats[seat] =
        (struct lag_seat){ .conns = conns, .number = ++lag->n_sits, .late_since_ns = NEVER_NS };
    return ARB_OK;
}

void lag_leave(struct lag *lag, uint32_t s, int64_t mono_ns)
{
    struct lag_seat *const seat = &lag->seats[s];

    if (seat->conns != NULL) {
        note_episode(lag, seat, NULL, mono_ns);
    }
    free(seat->conns);
    *seat = (struct lag_seat){ 0 };
}

void lag_connection(struct lag *lag, uint32_t s, uint32_t c, bool is_up)
{
    struct lag_seat *const seat = &lag->seats[s];

    if (lag->max_ns == 0) {
        return;
    }
    seat->conns[c] = (struct lag_conn){
        .window = no_window, .is_up = is_up, .calm_ns = NEVER_NS, .due_ns = NEVER_NS
    };
    seat->conns[c].verdict = is_up ? (uint8_t)LAG_FRESH : 0;
    seat->n_conns = c < seat->n_conns ? seat->n_conns : c + 1;
}
