#include "replays.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arbspot/text.h"
#include "mutate.h"
#include "notes.h"
#include "replay/replay.h"
#include "teller.h"
#include "util/clock.h"
#include "watch.h"
#include "wire/wire.h"

enum { HOSTILE_PASSES = 4, DAMAGE_ONE_IN = 32, COUNTERS_TEXT_MAX = 1024 };
#define BETWEEN_REPLAYS_NS (61 * NS_PER_S)

/* -- one replay ----------------------------------------------------------------------- */

/* A session with a replay behind it and a consumer in front. */
struct show {
    struct replay replay;
    struct teller teller;
    struct session_trace trace;
    FILE *out;    /* or NULL */
    char *memory; /* for one message */
    size_t cap;
};

/* Each message, as it would be published: at the time it was received. */
static void on_event(void *context, const struct event *event)
{
    struct show *const show = context;
    const size_t need = wire_event_bound(event);

    if (show->out == NULL) {
        return;
    }
    if (need > show->cap) {
        char *const memory = realloc(show->memory, 2 * need);
        if (memory == NULL) {
            return; /* shows as a difference */
        }
        show->memory = memory;
        show->cap = 2 * need;
    }
    const size_t len = wire_write_event(event, event->recv_ns, show->memory);
    (void)fwrite(show->memory, 1, len, show->out);
    (void)fputc('\n', show->out);
}

static void on_effect(void *context, const struct effect *effect)
{
    (void)context;
    (void)effect;
}

static void on_request(void *context, const struct arb_ask *ask, const struct arb_request *request)
{
    teller_look_at(&((struct show *)context)->teller, ask, request);
}

static void on_refusal(void *context, const char *callback, int rc, const char *broken)
{
    (void)context;
    (void)callback;
    (void)rc;
    (void)broken;
}

static void show_destroy(struct show *show)
{
    if (show == NULL) {
        return;
    }
    session_destroy(show->replay.session);
    replay_fini(&show->replay);
    teller_fini(&show->teller);
    free(show->memory);
    free(show);
}

static int start_session(struct show *show, const struct plugin *plugin,
                         const struct replay_plan *plan, struct err *err)
{
    show->trace = (struct session_trace){
        .effect = on_effect, .request = on_request, .refusal = on_refusal, .context = show
    };
    const struct session_config config = { .plugin = plugin,
                                           .exchange = plan->exchange,
                                           .config = plan->config,
                                           .number = 1,
                                           .port = replay_port(&show->replay),
                                           .sink = &teller_sink,
                                           .sink_context = &show->teller,
                                           .trace = &show->trace,
                                           .is_unpaced = true };
    const struct moment now = moment_at(replay_start_ns(&show->replay));
    int rc = session_create(&show->replay.session, &config, err);

    if (rc == ARB_OK) {
        rc = session_start(show->replay.session, now, err);
    }
    if (rc == ARB_OK) {
        teller_set_depth(&show->teller, session_plan(show->replay.session)->depth);
    }
    return rc;
}

static struct show *show_create(const struct plugin *plugin, const struct replay_plan *plan,
                                const struct recording *recording, FILE *out, struct err *err)
{
    struct show *const show = calloc(1, sizeof(*show));

    if (show == NULL || replay_init(&show->replay, recording) != ARB_OK ||
        teller_init(&show->teller, plan->exchange->name) != ARB_OK) {
        (void)err_set(err, ARB_ENOMEM, "no memory");
        show_destroy(show);
        return NULL;
    }
    show->out = out;
    show->teller.fn = on_event;
    show->teller.context = show;
    if (start_session(show, plugin, plan, err) != ARB_OK) {
        show_destroy(show);
        return NULL;
    }
    return show;
}

static void play(struct show *show)
{
    while (replay_step(&show->replay)) {
        /* record after record */
    }
}

/* -- counters ------------------------------------------------------------------------- */

struct counters {
    struct session_stats stats;
    uint64_t books, live;
};

#define COUNTER(name_, member_)                                                                    \
    {                                                                                              \
        name_, offsetof(struct counters, member_)                                                  \
    }

static const struct counter {
    const char *name;
    size_t offset;
} counters_list[] = {
    COUNTER("frames", stats.frames),
    COUNTER("rejected", stats.rejected),
    COUNTER("updates", stats.books.updates),
    COUNTER("snapshots", stats.books.snapshots),
    COUNTER("verified", stats.books.verified),
    COUNTER("mismatched", stats.books.mismatched),
    COUNTER("crossed", stats.books.crossed),
    COUNTER("unknown_deletes", stats.books.unknown_deletes),
    COUNTER("repeated", stats.books.repeated),
    COUNTER("healed", stats.books.healed),
    COUNTER("held_dropped", stats.books.held_dropped),
    COUNTER("resyncs", stats.resyncs),
    COUNTER("refused", stats.refused),
    COUNTER("requests", stats.requests),
    COUNTER("seeds", stats.seeds),
    COUNTER("seeds_failed", stats.seeds_failed),
    COUNTER("books", books),
    COUNTER("live", live),
};

enum { N_COUNTERS = sizeof(counters_list) / sizeof(*counters_list) };

static const struct counter *find_counter(const char *name)
{
    for (size_t i = 0; i < N_COUNTERS; i++) {
        if (strcmp(counters_list[i].name, name) == 0) {
            return &counters_list[i];
        }
    }
    return NULL;
}

bool replay_has_counter(const char *name)
{
    return find_counter(name) != NULL;
}

static uint64_t value_of(const struct counters *counters, const struct counter *counter)
{
    uint64_t value = 0;
    memcpy(&value, (const char *)counters + counter->offset, sizeof(value));
    return value;
}

static struct counters count(const struct show *show)
{
    const struct session *const session = show->replay.session;
    return (struct counters){ .stats = session_stats(session),
                              .books = session_n_instruments(session),
                              .live = session_count_in_state(session, ARB_BOOK_LIVE) };
}

static void tell_counters(struct report *report, const struct counters *counters)
{
    char memory[COUNTERS_TEXT_MAX];
    struct arb_text text = arb_text_over(memory, sizeof(memory));

    for (size_t i = 0; i < N_COUNTERS; i++) {
        arb_text_add(&text, "%s%s=%" PRIu64, i == 0 ? "" : " ", counters_list[i].name,
                     value_of(counters, &counters_list[i]));
    }
    report_note(report, "%s", memory);
}

/* -- checks --------------------------------------------------------------------------- */

static bool meets(struct report *report, const char *name, const struct counters *counters,
                  const struct replay_plan *plan)
{
    bool expects_live = false;

    for (size_t i = 0; i < plan->n_expectations; i++) {
        const struct expectation *const want = &plan->expectations[i];
        const uint64_t got = value_of(counters, find_counter(want->name));
        expects_live = expects_live || strcmp(want->name, "live") == 0;
        if (got != want->value) {
            report_fail(report, name, "%s=%" PRIu64 ", expected %" PRIu64, want->name, got,
                        want->value);
            return false;
        }
    }
    if (!expects_live && (counters->live < counters->books || counters->books == 0)) {
        report_fail(report, name, "only %" PRIu64 " of %" PRIu64 " books are LIVE at the end",
                    counters->live, counters->books);
        return false;
    }
    return true;
}

/* Replays once; what the consumer saw goes into `text`, which the caller frees. */
static struct show *tell(const struct plugin *plugin, const struct replay_plan *plan, char **text,
                         size_t *len, struct err *err)
{
    FILE *const out = open_memstream(text, len);
    struct show *const show =
        out == NULL ? NULL : show_create(plugin, plan, plan->recording, out, err);

    if (show != NULL) {
        play(show);
        note_summary(out, show->replay.session);
        show->out = NULL;
    }
    if (out != NULL) {
        (void)fclose(out); /* a lack of memory shows as a difference */
    }
    return show;
}

static void check_same(struct report *report, const struct plugin *plugin,
                       const struct replay_plan *plan, struct arb_bytes first)
{
    static const char name[] = "recording: two replays publish the same bytes";

    watch_check(name);
    struct err err = { .rc = ARB_OK };
    char *text = NULL;
    size_t len = 0;
    struct show *const show = tell(plugin, plan, &text, &len, &err);

    if (show != NULL && len == first.len && memcmp(text, first.data, len) == 0) {
        report_pass(report, name);
    } else {
        report_fail(report, name, "%s", show == NULL ? err.text : "the second differs");
    }
    show_destroy(show);
    free(text);
}

static bool check_right(struct report *report, const struct plugin *plugin,
                        const struct replay_plan *plan)
{
    static const char name[] = "recording: the books are right";

    watch_check(name);
    struct err err = { .rc = ARB_OK };
    char *text = NULL;
    size_t len = 0;
    watch_times(plan->times);
    struct show *const show = tell(plugin, plan, &text, &len, &err);
    watch_times(NULL);

    if (show == NULL) {
        report_fail(report, name, "%s", err.text);
        free(text);
        return false;
    }
    const struct counters counters = count(show);
    tell_counters(report, &counters);
    note_promise(report, "recording", show->replay.session);
    if (show->teller.consumer.flaw[0] != '\0') {
        report_fail(report, name, "%s", show->teller.consumer.flaw);
    } else if (meets(report, name, &counters, plan)) {
        report_pass(report, name);
    }
    check_same(report, plugin, plan, (struct arb_bytes){ text, len });
    const bool are_all_live = counters.live == counters.books;
    show_destroy(show);
    free(text);
    return are_all_live;
}

/* -- damage --------------------------------------------------------------------------- */

static int copy_records(struct recording *copy, const struct recording *original)
{
    *copy = (struct recording){ .n = original->n, .cap = original->n };
    copy->records = malloc((original->n + 1) * sizeof(*copy->records));
    copy->files = calloc(original->n + 1, sizeof(*copy->files));
    if (copy->records == NULL || copy->files == NULL) {
        recording_fini(copy);
        return ARB_ENOMEM;
    }
    memcpy(copy->records, original->records, original->n * sizeof(*copy->records));
    return ARB_OK;
}

/* Damages some records; the copy owns their new bytes. */
static int damage(struct recording *copy, struct prng *prng)
{
    for (size_t i = 0; i < copy->n; i++) {
        struct record *const record = &copy->records[i];
        struct mutant mutant = { 0 };
        if ((record->kind != RECORD_MESSAGE && record->kind != RECORD_HTTP) ||
            prng_next(prng) % DAMAGE_ONE_IN != 0) {
            continue;
        }
        if (mutate_bytes(&mutant, record->data, prng) != ARB_OK) {
            return ARB_ENOMEM;
        }
        copy->files[copy->n_files++] = mutant.data;
        record->data = (struct arb_bytes){ mutant.data, mutant.len };
    }
    return ARB_OK;
}

/* Nothing comes until then. */
static void wait_for(struct replay *replay, int64_t ns)
{
    int64_t next_ns = session_on_turn(replay->session, moment_at(replay->now_ns));

    while (next_ns < ns) {
        replay->now_ns = next_ns > replay->now_ns ? next_ns : replay->now_ns + 1;
        next_ns = session_on_turn(replay->session, moment_at(replay->now_ns));
    }
    replay->now_ns = ns;
}

/* Every connection that was wanted comes back, with another recording behind it. */
static int change_recording(struct replay *replay, const struct recording *recording)
{
    struct session *const session = replay->session;
    const struct moment now = moment_at(replay->now_ns);
    bool was_wanted[ARB_CONNS_MAX];
    struct replay next;

    if (replay_init(&next, recording) != ARB_OK) {
        return ARB_ENOMEM;
    }
    for (uint32_t conn = 0; conn < ARB_CONNS_MAX; conn++) {
        const struct replay_conn *const c = &replay->conns[conn];
        was_wanted[conn] = c->is_open || c->wants_dial || c->wants_open || c->wants_close;
        session_events.on_close(session, conn, now, "attacked");
    }
    replay_fini(replay);
    *replay = next;
    replay->session = session;
    replay->now_ns = now.mono_ns;
    wait_for(replay, replay_start_ns(replay));
    for (uint32_t conn = 0; conn < ARB_CONNS_MAX; conn++) {
        replay->conns[conn].wants_dial = was_wanted[conn];
    }
    return ARB_OK;
}

/* The venue comes back after the attack and says everything again, undamaged. */
static int play_again(struct show *show, const struct recording *original)
{
    struct recording later;
    int rc = copy_records(&later, original);

    if (rc != ARB_OK) {
        return rc;
    }
    for (size_t i = 0; i < later.n; i++) {
        later.records[i].ns += show->replay.now_ns + BETWEEN_REPLAYS_NS - original->records[0].ns;
    }
    rc = change_recording(&show->replay, &later);
    if (rc == ARB_OK) {
        play(show);
        show->replay.recording = original; /* it outlives the copy */
    }
    recording_fini(&later);
    return rc;
}

/* What went wrong, or NULL. */
static const char *attack(struct show *show, const struct replay_plan *plan)
{
    play(show);
    if (show->teller.consumer.flaw[0] != '\0') {
        return show->teller.consumer.flaw;
    }
    if (session_is_disabled(show->replay.session)) {
        return "the exchange was disabled";
    }
    if (play_again(show, plan->recording) != ARB_OK) {
        return "no memory";
    }
    if (show->teller.consumer.flaw[0] != '\0') {
        return show->teller.consumer.flaw;
    }
    const struct counters counters = count(show);
    return counters.live == counters.books ? NULL : "a book did not become LIVE again";
}

static bool attack_once(struct report *report, const char *name, const struct plugin *plugin,
                        const struct replay_plan *plan, uint64_t seed)
{
    struct recording damaged;
    struct prng prng = { .state = seed };
    struct err err = { .rc = ARB_OK };
    struct show *show = NULL;
    const char *problem = "no memory";

    if (copy_records(&damaged, plan->recording) == ARB_OK) {
        if (damage(&damaged, &prng) == ARB_OK) {
            show = show_create(plugin, plan, &damaged, NULL, &err);
            problem = show == NULL ? err.text : attack(show, plan);
        }
        if (problem != NULL) {
            report_fail(report, name, "%s (--seed %" PRIu64 ")", problem, seed);
        }
        show_destroy(show);
        recording_fini(&damaged);
    }
    return problem == NULL;
}

static void check_hostile(struct report *report, const struct plugin *plugin,
                          const struct replay_plan *plan)
{
    static const char name[] = "hostile: the recording with damaged messages";

    watch_check(name);
    for (unsigned pass = 0; pass < HOSTILE_PASSES; pass++) {
        if (!attack_once(report, name, plugin, plan, plan->seed + pass)) {
            return;
        }
    }
    report_pass(report, name);
}

void replay_checks(struct report *report, const struct plugin *plugin,
                   const struct replay_plan *plan)
{
    if (check_right(report, plugin, plan) && plan->is_hostile) {
        check_hostile(report, plugin, plan);
    }
}
