#include "steps.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

#include "alloc_count.h"
#include "session/commit.h"
#include "wire/wire.h"
#include "util/clock.h"

enum { ROUNDS_MIN = 5, MESSAGE_MAX = 1 << 20 };

const char *const step_names[N_STEPS] = {
    [STEP_CJSON] = "cJSON parse",      [STEP_PARSE] = "parse",
    [STEP_APPLY] = "+ apply",          [STEP_VERIFY] = "+ verify",
    [STEP_MESSAGE] = "+ JSON message",
};

/* Where messages are written to. */
struct sink {
    char *text; /* [MESSAGE_MAX] */
    uint64_t n_bytes;
};

struct bench {
    const struct proof *proof;
    struct stage silent;  /* without outlet */
    struct stage talking; /* with one that encodes */
    struct outlet outlet;
    struct sink sink;
    struct watch_mark mark; /* as a venue's thread has one */
};

static void encode(void *context, const struct event *event)
{
    struct sink *const sink = context;

    if (event->kind != EVENT_ALIVE && wire_event_bound(event) <= MESSAGE_MAX) {
        sink->n_bytes += wire_write_event(event, event->recv_ns, sink->text);
    }
}

static bool parse_with_cjson(const struct script *script)
{
    bool is_json = true;

    for (size_t i = 0; i < script->n; i++) {
        cJSON *const root = cJSON_ParseWithLength(script->frames[i].data, script->frames[i].len);
        is_json &= root != NULL;
        cJSON_Delete(root);
    }
    return is_json;
}

/* The plugin's part of what a session does with a message. */
static int call_plugin(struct stage *stage, const struct arb_message *frame)
{
    struct session *const session = stage->session;

    effects_begin(&session->effects, stage->replay->now_ns, stage->replay->now_ns);
    watch_enter(&session->subject, "on_message()", arb_message_bytes(*frame));
    const int rc =
        session->plugin->exchange.on_message(session->self, &session->effects.host, 0, *frame);
    watch_leave();
    return rc;
}

static bool parse(struct stage *stage, const struct script *script)
{
    int rc = ARB_OK;

    for (size_t i = 0; i < script->n; i++) {
        rc |= call_plugin(stage, &script->frames[i]);
    }
    return rc == ARB_OK;
}

/* The record is the session's own memory; here it is bent so that nothing is verified. */
static void forget_checksums(struct effects *effects)
{
    for (const struct effect *e = effects_first(effects); e != NULL; e = effects_next(effects, e)) {
        ((struct effect *)(uintptr_t)e)->book.has_checksum = false;
    }
}

static bool apply(struct stage *stage, const struct script *script)
{
    struct session *const session = stage->session;
    int rc = ARB_OK;

    session->current_conn = 0;
    for (size_t i = 0; i < script->n; i++) {
        rc |= call_plugin(stage, &script->frames[i]);
        forget_checksums(&session->effects);
        session_commit(session, moment_at(stage->replay->now_ns));
    }
    session->current_conn = ARB_NO_CONN;
    return rc == ARB_OK;
}

static bool run_session(struct stage *stage, const struct script *script)
{
    for (size_t i = 0; i < script->n; i++) {
        stage_say(stage, &script->frames[i]);
    }
    return true;
}

static bool pass(struct bench *bench, enum step step)
{
    const struct script *const script = &bench->proof->script;

    switch (step) {
    case STEP_CJSON:
        return parse_with_cjson(script);
    case STEP_PARSE:
        return parse(&bench->silent, script);
    case STEP_APPLY:
        return apply(&bench->silent, script);
    case STEP_VERIFY:
        return run_session(&bench->silent, script);
    case STEP_MESSAGE:
        return run_session(&bench->talking, script);
    case N_STEPS:
        break;
    }
    return false;
}

static struct stage *stage_of(struct bench *bench, enum step step)
{
    return step == STEP_MESSAGE ? &bench->talking : &bench->silent;
}

/* Rewinds, runs one pass with the clock on it, and proves the books it left. */
static bool measure(struct bench *bench, enum step step, struct step_figure *best)
{
    struct stage *const stage = stage_of(bench, step);
    const double n = (double)bench->proof->script.n;

    stage_rewind(stage, bench->proof->script.begin);
    bench->sink.n_bytes = 0;
    const uint64_t allocs_before = alloc_count();
    const int64_t start_ns = clock_mono_ns();
    const bool is_right = pass(bench, step);
    const int64_t ns = clock_mono_ns() - start_ns;
    best->allocs = (double)(alloc_count() - allocs_before) / n;
    if (best->ns <= 0 || (double)ns / n < best->ns) {
        best->ns = (double)ns / n;
    }
    return is_right && (step <= STEP_PARSE || proof_holds(bench->proof, stage));
}

static int run_rounds(struct bench *bench, struct steps_result *result, int64_t budget_ms,
                      struct err *err)
{
    const int64_t end_ns = clock_mono_ns() + budget_ms * NS_PER_MS;

    while (result->n_rounds < ROUNDS_MIN || clock_mono_ns() < end_ns) {
        for (int step = 0; step < N_STEPS; step++) {
            if (!measure(bench, (enum step)step, &result->steps[step])) {
                return err_set(err, ARB_EPROTO, "%s: '%s' left other books than were proven",
                               bench->silent.dataset->spec->name, step_names[step]);
            }
        }
        result->n_rounds++;
    }
    result->message_len = (double)bench->sink.n_bytes / (double)bench->proof->script.n;
    return ARB_OK;
}

static int bench_init(struct bench *bench, struct dataset *dataset, struct err *err)
{
    bench->sink.text = malloc(MESSAGE_MAX);
    if (bench->sink.text == NULL ||
        outlet_init_fn(&bench->outlet, encode, &bench->sink) != ARB_OK) {
        return err_set(err, ARB_ENOMEM, "no memory for messages");
    }
    const int rc = stage_init(&bench->silent, dataset, NULL, err);
    return rc != ARB_OK ? rc : stage_init(&bench->talking, dataset, &bench->outlet, err);
}

static void bench_fini(struct bench *bench)
{
    stage_fini(&bench->talking);
    stage_fini(&bench->silent);
    outlet_fini(&bench->outlet);
    free(bench->sink.text);
}

int steps_measure(struct steps_result *result, struct dataset *dataset, const struct proof *proof,
                  int64_t budget_ms, struct err *err)
{
    struct bench bench = { .proof = proof };
    int rc = bench_init(&bench, dataset, err);

    watch_here = &bench.mark;
    *result = (struct steps_result){ 0 };
    if (rc == ARB_OK) {
        rc = run_rounds(&bench, result, budget_ms, err);
    }
    bench_fini(&bench);
    watch_here = NULL;
    return rc;
}
