#include "rig.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "notes.h"
#include "util/clock.h"

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
    return rig->out;
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
        note_effect(notes(rig), rig->feed, effect);
    }
}

static void on_refusal(void *context, const char *callback, int rc, const char *broken)
{
    struct rig *const rig = context;
    FILE *const out = notes(rig);
    if (out != NULL) {
        (void)fprintf(out, "! %s failed (%d)%s%s\n", callback, rc, broken == NULL ? "" : ": ",
                      broken == NULL ? "" : broken);
    }
}

static void on_event(void *context, const struct event *event)
{
    struct rig *const rig = context;
    if (rig->out != NULL) {
        note_event(notes(rig), event);
    }
    consumer_take(&rig->consumer, event);
}

/* -- the feed's I/O ------------------------------------------------------------------- */

static int rig_ws_open(void *context, uint32_t conn, const struct arb_ws_spec *spec)
{
    (void)context;
    (void)conn;
    (void)spec; /* the script says when it is up */
    return ARB_OK;
}

static int rig_ws_send(void *context, uint32_t conn, struct arb_bytes text)
{
    (void)context;
    (void)conn;
    (void)text; /* on_effect() wrote it down */
    return ARB_OK;
}

static void rig_ws_close(void *context, uint32_t conn, const char *why)
{
    struct rig *const rig = context;
    FILE *const out = notes(rig);
    if (out != NULL) {
        (void)fprintf(out, "! connection %u is dropped: %s\n", conn, why);
    }
}

static struct rig_request *request_slot(struct rig *rig, uint32_t request)
{
    for (uint32_t i = 0; i < rig->n_requests; i++) {
        if (rig->requests[i].request == request) {
            return &rig->requests[i];
        }
    }
    return rig->n_requests == RIG_REQUESTS_MAX ? NULL : &rig->requests[rig->n_requests++];
}

static int rig_http_get(void *context, uint32_t request, const char *url)
{
    struct rig *const rig = context;
    struct rig_request *const slot = request_slot(rig, request);

    if (slot == NULL || strlen(url) >= sizeof(slot->url)) {
        return ARB_ELIMIT;
    }
    slot->request = request;
    slot->pending = true;
    (void)snprintf(slot->url, sizeof(slot->url), "%s", url);
    return ARB_OK;
}

static const struct feed_io_ops rig_io = {
    .ws_open = rig_ws_open,
    .ws_send = rig_ws_send,
    .ws_close = rig_ws_close,
    .http_get = rig_http_get,
};

/* -- life ----------------------------------------------------------------------------- */

static int start_feed(struct rig *rig, const struct plugin *plugin, const struct script *script,
                      struct err *err)
{
    const struct feed_config config = {
        .plugin = plugin,
        .exchange = &rig->exchange,
        .config = &script->config,
        .session = 1,
        .io = &rig_io,
        .io_context = rig,
        .trace = on_effect,
        .refusal = on_refusal,
        .trace_context = rig,
    };
    rig->exchange = script->exchange;
    (void)snprintf(rig->exchange.name, sizeof(rig->exchange.name), "%s", plugin->desc.name);
    int rc = feed_create(&rig->feed, &config, err);
    if (rc != ARB_OK) {
        return rc;
    }
    rc = feed_add_outlet(rig->feed, &rig->outlet);
    rig->heading = "start";
    return rc == ARB_OK ? feed_start(rig->feed, rig->now_ns, err) : rc;
}

int rig_create(struct rig **out, const struct plugin *plugin, const struct script *script,
               FILE *notes_out, struct err *err)
{
    struct rig *const rig = calloc(1, sizeof(*rig));

    if (rig == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory");
    }
    rig->out = notes_out;
    rig->start_ns = rig->now_ns = RIG_EPOCH_NS;
    rig->requests = calloc(RIG_REQUESTS_MAX, sizeof(*rig->requests));
    if (rig->requests == NULL || consumer_init(&rig->consumer) != ARB_OK ||
        outlet_init_fn(&rig->outlet, on_event, rig) != ARB_OK) {
        rig_destroy(rig);
        return err_set(err, ARB_ENOMEM, "no memory");
    }
    const int rc = start_feed(rig, plugin, script, err);
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
    feed_destroy(rig->feed);
    outlet_fini(&rig->outlet);
    consumer_fini(&rig->consumer);
    free(rig->requests);
    free(rig);
}

/* -- inputs --------------------------------------------------------------------------- */

void rig_advance(struct rig *rig, int64_t ns)
{
    int64_t next_ns = rig->now_ns;

    while (next_ns <= ns) {
        rig->now_ns = next_ns > rig->now_ns ? next_ns : rig->now_ns;
        rig->heading = "turn";
        next_ns = feed_on_turn(rig->feed, rig->now_ns);
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
    if (step->data.len > 0) {
        (void)fputc(' ', rig->out);
        note_text(rig->out, step->data, SHOWN_MAX);
    }
    (void)fputc('\n', rig->out);
}

void rig_message(struct rig *rig, uint32_t conn, struct arb_bytes data)
{
    feed_on_message(rig->feed, conn, rig->now_ns, data);
}

static void open_conn(struct rig *rig, uint32_t conn)
{
    rig->is_up[conn] = true;
    feed_on_open(rig->feed, conn, rig->now_ns);
}

static void close_conn(struct rig *rig, uint32_t conn, const char *why)
{
    rig->is_up[conn] = false;
    feed_on_close(rig->feed, conn, rig->now_ns, why);
}

void rig_close_all(struct rig *rig, const char *why)
{
    for (uint32_t conn = 0; conn < ARB_CONNS_MAX; conn++) {
        if (rig->is_up[conn]) {
            close_conn(rig, conn, why);
        }
    }
}

static int answer(struct rig *rig, const struct step *step, bool is_lenient, struct err *err)
{
    for (uint32_t i = 0; i < rig->n_requests; i++) {
        struct rig_request *const slot = &rig->requests[i];
        if ((slot->pending || is_lenient) && strstr(slot->url, step->name) != NULL) {
            slot->pending = false;
            feed_on_http(rig->feed, slot->request, rig->now_ns, step->status, step->data);
            return ARB_OK;
        }
    }
    return err_set(err, ARB_EINVAL, "line %u: the plugin did not ask for a URL with '%s'",
                   step->line, step->name);
}

static int expect_live(const struct rig *rig, const struct step *step, struct err *err)
{
    for (uint32_t i = 0; i < feed_n_instruments(rig->feed); i++) {
        const uint32_t state = feed_book(rig->feed, i).state;
        if (state != ARB_BOOK_LIVE) {
            return err_set(err, ARB_EINVAL, "line %u: %s is %s, not LIVE", step->line,
                           feed_instrument(rig->feed, i)->symbol, book_state_name(state));
        }
    }
    return ARB_OK;
}

int rig_step(struct rig *rig, const struct step *step, bool is_lenient, struct err *err)
{
    switch (step->kind) {
    case STEP_AT:
        rig_advance(rig, rig->start_ns + step->ns);
        break;
    case STEP_OPEN:
        note_input(rig, step, "open");
        open_conn(rig, step->conn);
        break;
    case STEP_MESSAGE:
        note_input(rig, step, "message");
        rig_message(rig, step->conn, step->data);
        break;
    case STEP_HTTP:
        note_input(rig, step, "http");
        return answer(rig, step, is_lenient, err);
    case STEP_CLOSE:
        note_input(rig, step, "close");
        close_conn(rig, step->conn, step->name);
        break;
    case STEP_LIVE:
        return expect_live(rig, step, err);
    }
    return ARB_OK;
}

const char *rig_flaw(const struct rig *rig)
{
    if (rig->consumer.flaw[0] != '\0') {
        return rig->consumer.flaw;
    }
    return feed_is_disabled(rig->feed) ? "the exchange was disabled" : NULL;
}
