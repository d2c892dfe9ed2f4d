#include "rig.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "advice.h"
#include "notes.h"
#include "session/instance.h"
#include "util/clock.h"

#define PATIENCE_NS (20 * NS_PER_S) /* longer than the host's longest pause between requests */

enum { SHOWN_MAX = 160 /* bytes of an input that the notes repeat */ };

/* -- notes ---------------------------------------------------------------------------- */

static void note_time(const struct rig *rig)
{
    const int64_t ms = (rig->now_ns - rig->start_ns) / NS_PER_MS;
    (void)fprintf(rig->out, "\n= %" PRId64 ".%03" PRId64 " ", ms / 1000, ms % 1000);
}

/* Writes what happens now; a turn is only worth a line once it has an effect. */
static FILE *notes(struct rig *rig)
{
    if (rig->out != NULL && rig->heading != NULL) {
        note_time(rig);
        (void)fprintf(rig->out, "%s\n", rig->heading);
        rig->heading = NULL;
    }
    if (rig->out != NULL && !rig->has_plan && rig->session != NULL) {
        rig->has_plan = true;
        note_plan(rig->out, session_plan(rig->session));
    }
    return rig->out;
}

static struct moment moment_of(const struct rig *rig)
{
    return (struct moment){ .mono_ns = rig->now_ns, .utc_ns = rig->now_ns + rig->utc_offset_ns };
}

static bool is_repeated_timer(struct rig *rig, const struct effect *effect)
{
    if (effect->kind != EFFECT_TIMER) {
        return false;
    }
    const bool is_repeated = rig->timer_ms[effect->id] == effect->value;
    rig->timer_ms[effect->id] = effect->value;
    return is_repeated;
}

static void on_effect(void *context, const struct effect *effect)
{
    struct rig *const rig = context;
    if (rig->out != NULL && !is_repeated_timer(rig, effect)) {
        note_effect(notes(rig), rig->session, effect);
    }
}

static void on_request(void *context, const struct arb_ask *ask, const struct arb_request *request)
{
    struct rig *const rig = context;
    FILE *const out = notes(rig);

    if (out != NULL) {
        note_request(out, ask, request);
    }
    teller_look_at(&rig->teller, ask, request);
}

/* Kept for whoever finds the exchange disabled; of what costs a connection nobody asks. */
static void keep_refusal(struct rig *rig, const char *callback, int rc, const char *broken)
{
    if (broken != NULL) {
        (void)snprintf(rig->flaw, sizeof(rig->flaw), "%s%s broke a rule: %s",
                       rig->is_ending ? "" : "the exchange was disabled: ", callback, broken);
    } else {
        (void)snprintf(rig->flaw, sizeof(rig->flaw),
                       "the exchange was disabled: %s returned %d, %s; where it cannot read what "
                       "came, a plugin returns ARB_EPROTO",
                       callback, rc, arb_rc_text(rc));
    }
}

static void on_refusal(void *context, const char *callback, int rc, const char *broken)
{
    struct rig *const rig = context;
    FILE *const out = notes(rig);

    keep_refusal(rig, callback, rc, broken);
    rig->broken = rig->broken == NULL ? broken : rig->broken;
    if (out != NULL) {
        (void)fprintf(out, "! %s failed (%d)%s%s\n", callback, rc, broken == NULL ? "" : ": ",
                      broken == NULL ? "" : broken);
    }
}

/* What a book suffers from is soon forgotten over what is done about it. */
static void keep_damage(struct rig *rig, const struct event *event)
{
    const bool is_first = rig->damage[0] == '\0' || rig->damaged != event->instrument;

    if (event->state == ARB_BOOK_STALE && is_first) {
        rig->damaged = event->instrument;
        (void)snprintf(rig->damage, sizeof(rig->damage), "%s", event->reason);
    } else if (event->state == ARB_BOOK_LIVE && !is_first) {
        rig->damage[0] = '\0';
    }
}

static void on_event(void *context, const struct event *event)
{
    struct rig *const rig = context;

    keep_damage(rig, event);
    if (rig->out != NULL) {
        note_event(notes(rig), event);
    }
}

/* -- the session's network ------------------------------------------------------------ */

static int rig_ws_open(void *context, void *owner, uint32_t conn, const struct ws_spec *spec)
{
    struct rig *const rig = context;
    (void)owner;
    (void)spec; /* the script says when it is up */
    rig->conns[conn] = (struct rig_conn){ .is_wanted = true, .wants_dial = true };
    return ARB_OK;
}

static void rig_ws_dial(void *context, void *owner, uint32_t conn, const char *url)
{
    struct rig *const rig = context;
    (void)owner;
    rig->conns[conn].is_dialled = url[0] != '\0'; /* on_request() wrote it down */
    rig->conns[conn].wants_dial = url[0] == '\0';
}

static int rig_ws_send(void *context, void *owner, uint32_t conn, struct arb_message message)
{
    (void)context;
    (void)owner;
    (void)conn;
    (void)message; /* on_request() or on_effect() wrote it down */
    return ARB_OK;
}

static void drop(struct rig *rig, uint32_t conn, const char *why)
{
    struct rig_conn *const c = &rig->conns[conn];
    FILE *const out = notes(rig);

    if (out != NULL) {
        (void)fprintf(out, "! connection %u is dropped: %s\n", conn, why);
    }
    c->shall_open = false;
    c->wants_close = true;
    (void)snprintf(c->why, sizeof(c->why), "closed by us: %s", why);
}

static void rig_ws_close(void *context, void *owner, uint32_t conn, const char *why)
{
    (void)owner;
    drop(context, conn, why);
}

static void rig_ws_give_up(void *context, void *owner, uint32_t conn, const char *why)
{
    struct rig *const rig = context;
    (void)owner;
    drop(rig, conn, why);
    rig->conns[conn].is_wanted = false;
}

static struct rig_request *request_slot(struct rig *rig)
{
    if (rig->n_requests < RIG_REQUESTS_MAX) {
        return &rig->requests[rig->n_requests++];
    }
    for (uint32_t i = 0; i < rig->n_requests; i++) {
        if (!rig->requests[i].pending) {
            return &rig->requests[i];
        }
    }
    return NULL;
}

/* Who asks for the same again has given up what was asked before. */
static void give_up_equal(struct rig *rig, const char *url)
{
    for (uint32_t i = 0; i < rig->n_requests; i++) {
        rig->requests[i].pending =
            rig->requests[i].pending && strcmp(rig->requests[i].url, url) != 0;
    }
}

static int rig_http(void *context, void *owner, uint32_t request, const struct http_spec *spec)
{
    struct rig *const rig = context;
    struct rig_request *const slot =
        strlen(spec->url) < sizeof(slot->url) ? request_slot(rig) : NULL;

    (void)owner;
    if (slot == NULL) {
        return ARB_ELIMIT;
    }
    give_up_equal(rig, spec->url);
    slot->request = request;
    slot->pending = true;
    (void)snprintf(slot->url, sizeof(slot->url), "%s", spec->url);
    return ARB_OK;
}

static void rig_forget(void *context, void *owner)
{
    struct rig *const rig = context;
    (void)owner;
    memset(rig->conns, 0, sizeof(rig->conns));
    rig->n_requests = 0;
}

static const struct port_ops rig_ops = {
    .ws_open = rig_ws_open,
    .ws_dial = rig_ws_dial,
    .ws_send = rig_ws_send,
    .ws_close = rig_ws_close,
    .ws_give_up = rig_ws_give_up,
    .http = rig_http,
    .forget = rig_forget,
};

/* -- connections ---------------------------------------------------------------------- */

static void go_down(struct rig *rig, uint32_t conn, const char *why)
{
    struct rig_conn *const c = &rig->conns[conn];
    const bool was_up = c->is_up;

    c->is_up = c->wants_close = c->shall_open = c->is_dialled = false;
    c->wants_dial = c->is_wanted;
    if (was_up) {
        session_events.on_close(rig->session, conn, moment_of(rig), why);
    }
}

/* Carries out what the session and the script want of one connection, once nobody is called. */
static void serve_conn(struct rig *rig, uint32_t conn)
{
    struct rig_conn *const c = &rig->conns[conn];

    if (c->wants_close) {
        char why[RIG_WHY_MAX];
        (void)snprintf(why, sizeof(why), "%s", c->why);
        go_down(rig, conn, why);
    }
    if (c->is_wanted && c->shall_open && c->wants_dial) {
        c->wants_dial = false;
        session_events.on_dial(rig->session, conn, moment_of(rig));
    }
    if (c->is_wanted && c->shall_open && c->is_dialled) {
        c->shall_open = c->is_dialled = false;
        c->is_up = true;
        session_events.on_open(rig->session, conn, moment_of(rig));
    }
}

static void serve(struct rig *rig)
{
    for (uint32_t conn = 0; conn < ARB_CONNS_MAX; conn++) {
        serve_conn(rig, conn);
    }
}

/* -- life ----------------------------------------------------------------------------- */

static int start_session(struct rig *rig, const struct plugin *plugin, const struct script *script,
                         bool is_unpaced, struct err *err)
{
    const struct session_trace trace = {
        .effect = on_effect, .request = on_request, .refusal = on_refusal, .context = rig
    };
    rig->trace = trace;
    const struct session_config config = {
        .plugin = plugin,
        .exchange = &rig->exchange,
        .config = &script->config,
        .number = 1,
        .port = { .ops = &rig_ops, .context = rig },
        .sink = &teller_sink,
        .sink_context = &rig->teller,
        .trace = &rig->trace,
        .is_unpaced = is_unpaced,
    };
    int rc = session_create(&rig->session, &config, err);
    rig->heading = "start";
    if (rc == ARB_OK) {
        rc = session_start(rig->session, moment_of(rig), err);
    }
    if (rc != ARB_OK) {
        return rc;
    }
    teller_set_depth(&rig->teller, session_plan(rig->session)->depth);
    (void)notes(rig); /* the plan, if nothing else happened */
    (void)session_on_turn(rig->session, moment_of(rig));
    serve(rig);
    return ARB_OK;
}

int rig_create(struct rig **out, const struct plugin *plugin, const struct script *script,
               FILE *notes_out, bool is_unpaced, struct err *err)
{
    struct rig *const rig = calloc(1, sizeof(*rig));

    if (rig == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory");
    }
    rig->out = notes_out;
    rig->start_ns = rig->now_ns = RIG_EPOCH_NS;
    rig->exchange = script->exchange;
    rig->requests = calloc(RIG_REQUESTS_MAX, sizeof(*rig->requests));
    if (rig->requests == NULL || teller_init(&rig->teller, rig->exchange.name) != ARB_OK) {
        rig_destroy(rig);
        return err_set(err, ARB_ENOMEM, "no memory");
    }
    rig->teller.fn = on_event;
    rig->teller.context = rig;
    const int rc = start_session(rig, plugin, script, is_unpaced, err);
    if (rc != ARB_OK) {
        rig_destroy(rig);
        return rc;
    }
    *out = rig;
    return ARB_OK;
}

void rig_destroy(struct rig *rig)
{
    if (rig == NULL) {
        return;
    }
    if (rig->session != NULL) {
        session_destroy(rig->session);
    }
    teller_fini(&rig->teller);
    free(rig->requests);
    free(rig);
}

int rig_end(struct rig *rig, struct err *err)
{
    rig->is_ending = true;
    rig->flaw[0] = '\0';
    session_destroy(rig->session);
    rig->session = NULL;
    const int rc = rig->flaw[0] == '\0' ? ARB_OK : err_set(err, ARB_EINVAL, "%s", rig->flaw);
    rig_destroy(rig);
    return rc;
}

/* -- inputs --------------------------------------------------------------------------- */

void rig_advance(struct rig *rig, int64_t ns)
{
    int64_t next_ns = rig->now_ns;

    while (next_ns <= ns) {
        rig->now_ns = next_ns > rig->now_ns ? next_ns : rig->now_ns;
        rig->heading = "turn";
        next_ns = session_on_turn(rig->session, moment_of(rig));
        serve(rig);
        next_ns = next_ns > rig->now_ns ? next_ns : rig->now_ns + 1;
    }
    rig->now_ns = ns > rig->now_ns ? ns : rig->now_ns;
    rig->heading = NULL;
}

/* Writes the input down and makes sure that what follows stands under it. */
static void note_input(struct rig *rig, const struct step *step, const char *word)
{
    rig->heading = NULL;
    if (rig->out == NULL) {
        return;
    }
    note_time(rig);
    (void)fprintf(rig->out, "%s", word);
    if (step->kind == STEP_HTTP) {
        (void)fprintf(rig->out, " %s %d", step->name, step->status);
    } else {
        (void)fprintf(rig->out, " %u", step->conn);
    }
    if (step->kind == STEP_CLOSE) {
        (void)fprintf(rig->out, " %s", step->name);
    }
    if (step->retry_after_ms > 0) {
        (void)fprintf(rig->out, " retry-after %" PRId64, step->retry_after_ms / 1000);
    }
    if (step->data.len > 0) {
        (void)fputc(' ', rig->out);
        note_text(rig->out, step->data, SHOWN_MAX);
    }
    (void)fputc('\n', rig->out);
}

void rig_message(struct rig *rig, uint32_t conn, struct arb_bytes data)
{
    const struct arb_message message = { .data = data.data, .len = data.len };
    FILE *const out = rig->out;

    if (rig->conns[conn].is_up) {
        session_events.on_message(rig->session, conn, moment_of(rig), message);
        serve(rig);
    } else if (out != NULL) {
        (void)fprintf(out, "! connection %u is down\n", conn);
    }
}

static int open_conn(struct rig *rig, const struct step *step, struct err *err)
{
    struct rig_conn *const c = &rig->conns[step->conn];

    if (c->is_up) {
        return err_set(err, ARB_EINVAL, "line %u: connection %u is up already", step->line,
                       step->conn);
    }
    c->shall_open = true;
    serve(rig);
    if (!c->is_up && rig->out != NULL) {
        (void)fprintf(rig->out, "! connection %u is %s\n", step->conn,
                      c->is_wanted ? "not dialled yet" : "not asked for yet");
    }
    return ARB_OK;
}

static void close_conn(struct rig *rig, uint32_t conn, const char *why)
{
    go_down(rig, conn, why);
    serve(rig);
}

static void answer_request(struct rig *rig, struct rig_request *slot,
                           const struct http_answer *answer)
{
    slot->pending = false;
    session_events.on_answer(rig->session, slot->request, moment_of(rig), answer);
    serve(rig);
}

void rig_close_all(struct rig *rig, const char *why)
{
    const struct http_answer none = { .body = { why, strlen(why) } };

    for (uint32_t conn = 0; conn < ARB_CONNS_MAX; conn++) {
        rig->conns[conn].shall_open = false;
        if (rig->conns[conn].is_up) {
            close_conn(rig, conn, why);
        }
    }
    for (uint32_t i = 0; i < rig->n_requests; i++) {
        if (rig->requests[i].pending) {
            answer_request(rig, &rig->requests[i], &none);
        }
    }
}

/* The oldest request that waits and fits. */
static struct rig_request *find_request(struct rig *rig, const char *part)
{
    for (uint32_t i = 0; i < rig->n_requests; i++) {
        if (rig->requests[i].pending && strstr(rig->requests[i].url, part) != NULL) {
            return &rig->requests[i];
        }
    }
    return NULL;
}

/* The same; lets time go by until it is asked: after what went wrong, the host asks later. */
static struct rig_request *await_request(struct rig *rig, const char *part)
{
    const int64_t until_ns = rig->now_ns + PATIENCE_NS;
    struct rig_request *found = find_request(rig, part);

    while (found == NULL && rig->now_ns < until_ns) {
        rig_advance(rig, rig->now_ns + NS_PER_S);
        found = find_request(rig, part);
    }
    return found;
}

static void answer(struct rig *rig, const struct step *step, bool is_lenient)
{
    struct rig_request *const slot =
        is_lenient ? await_request(rig, step->name) : find_request(rig, step->name);
    const struct http_answer http = { .status = step->status,
                                      .retry_after_ms = step->retry_after_ms,
                                      .body = step->data };

    if (slot != NULL) {
        answer_request(rig, slot, &http);
    } else if (rig->out != NULL) {
        (void)fprintf(rig->out, "! no request with '%s' waits for an answer\n", step->name);
    }
}

/* A book that is not LIVE, why, and what helps. */
static int refuse_book(const struct rig *rig, uint32_t i, unsigned line, struct err *err)
{
    const struct live_book *const book = rig->teller.books[i];
    const bool is_damaged = rig->damage[0] != '\0' && rig->damaged == i;
    const char *const reason = is_damaged ? rig->damage : book->reason;
    const char *const advice = advice_for(reason, book->state, session_plan(rig->session));

    return err_set(err, ARB_EINVAL, "line %u: %s is %s, not LIVE: %s%s%s%s", line,
                   session_instrument(rig->session, i)->symbol, book_state_name(book->state),
                   reason, advice == NULL ? "" : " (", advice == NULL ? "" : advice,
                   advice == NULL ? "" : ")");
}

static int expect_live(struct rig *rig, const struct step *step, struct err *err)
{
    const char *const flaw = rig_flaw(rig);

    if (flaw != NULL) {
        return err_set(err, ARB_EINVAL, "line %u: %s", step->line, flaw);
    }
    for (uint32_t i = 0; i < session_n_instruments(rig->session); i++) {
        if (session_book(rig->session, i).state != ARB_BOOK_LIVE) {
            return refuse_book(rig, i, step->line, err);
        }
    }
    return ARB_OK;
}

static int take_input(struct rig *rig, const struct step *step, bool is_lenient, struct err *err)
{
    switch (step->kind) {
    case STEP_OPEN:
        note_input(rig, step, "open");
        return open_conn(rig, step, err);
    case STEP_MESSAGE:
        note_input(rig, step, "message");
        rig_message(rig, step->conn, step->data);
        return ARB_OK;
    case STEP_HTTP:
        note_input(rig, step, "http");
        answer(rig, step, is_lenient);
        return ARB_OK;
    default:
        note_input(rig, step, "close");
        close_conn(rig, step->conn, step->name);
        return ARB_OK;
    }
}

int rig_step(struct rig *rig, const struct step *step, bool is_lenient, struct err *err)
{
    switch (step->kind) {
    case STEP_AT:
        rig_advance(rig, rig->start_ns + step->ns);
        return ARB_OK;
    case STEP_CLOCK:
        rig->utc_offset_ns += step->ns;
        return ARB_OK;
    case STEP_LIVE:
        return expect_live(rig, step, err);
    default:
        return take_input(rig, step, is_lenient, err);
    }
}

const char *rig_flaw(struct rig *rig)
{
    if (!session_is_in_bounds(rig->session)) {
        (void)snprintf(rig->flaw, sizeof(rig->flaw), "the plugin broke a rule: %s", instance_rule);
        return rig->flaw;
    }
    if (rig->teller.consumer.flaw[0] != '\0') {
        return rig->teller.consumer.flaw;
    }
    return session_is_disabled(rig->session) ? rig->flaw : NULL;
}
