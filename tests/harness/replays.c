#include "replays.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "consumer.h"
#include "mutate.h"
#include "notes.h"
#include "replay/replay.h"
#include "util/clock.h"

enum { HOSTILE_PASSES = 4, DAMAGE_ONE_IN = 32 };
#define BETWEEN_REPLAYS_NS (61 * NS_PER_S)

/* -- one replay ----------------------------------------------------------------------- */

/* A feed with a replay behind it and a consumer in front. */
struct session {
    struct replay replay;
    bool has_opened[ARB_CONNS_MAX];
    struct consumer consumer;
    struct outlet outlet;
    FILE *out; /* or NULL */
};

static int session_ws_open(void *context, uint32_t conn, const struct arb_ws_spec *spec)
{
    struct session *const session = context;
    session->has_opened[conn] = true;
    return replay_io.ws_open(&session->replay, conn, spec);
}

static int session_ws_send(void *context, uint32_t conn, struct arb_bytes text)
{
    struct session *const session = context;
    return replay_io.ws_send(&session->replay, conn, text);
}

static void session_ws_close(void *context, uint32_t conn, const char *why)
{
    struct session *const session = context;
    replay_io.ws_close(&session->replay, conn, why);
}

static int session_http_get(void *context, uint32_t request, const char *url)
{
    struct session *const session = context;
    return replay_io.http_get(&session->replay, request, url);
}

static const struct feed_io_ops session_io = {
    .ws_open = session_ws_open,
    .ws_send = session_ws_send,
    .ws_close = session_ws_close,
    .http_get = session_http_get,
};

static void on_event(void *context, const struct event *event)
{
    struct session *const session = context;
    if (session->out != NULL) {
        note_event(session->out, event);
    }
    consumer_take(&session->consumer, event);
}

static void session_destroy(struct session *session)
{
    if (session == NULL) {
        return;
    }
    feed_destroy(session->replay.feed);
    replay_fini(&session->replay);
    outlet_fini(&session->outlet);
    consumer_fini(&session->consumer);
    free(session);
}

static int start_feed(struct session *session, const struct plugin *plugin,
                      const struct replay_plan *plan, struct err *err)
{
    const struct feed_config config = { .plugin = plugin,
                                        .exchange = plan->exchange,
                                        .config = plan->config,
                                        .session = 1,
                                        .io = &session_io,
                                        .io_context = session };
    int rc = feed_create(&session->replay.feed, &config, err);

    if (rc == ARB_OK) {
        rc = feed_add_outlet(session->replay.feed, &session->outlet);
    }
    return rc == ARB_OK ? feed_start(session->replay.feed, replay_start_ns(&session->replay), err)
                        : rc;
}

static struct session *session_create(const struct plugin *plugin, const struct replay_plan *plan,
                                      const struct recording *recording, FILE *out, struct err *err)
{
    struct session *const session = calloc(1, sizeof(*session));

    if (session == NULL || replay_init(&session->replay, recording) != ARB_OK ||
        consumer_init(&session->consumer) != ARB_OK ||
        outlet_init_fn(&session->outlet, on_event, session) != ARB_OK) {
        (void)err_set(err, ARB_ENOMEM, "no memory");
        session_destroy(session);
        return NULL;
    }
    session->out = out;
    if (start_feed(session, plugin, plan, err) != ARB_OK) {
        session_destroy(session);
        return NULL;
    }
    return session;
}

static void play(struct session *session)
{
    while (replay_step(&session->replay)) {
        /* record after record */
    }
}

/* -- counters ------------------------------------------------------------------------- */

struct counters {
    struct feed_stats stats;
    uint64_t books, live;
};

#define COUNTER(name_)                                                                             \
    {                                                                                              \
#name_, offsetof(struct counters, stats.name_)                                             \
    }

static const struct counter {
    const char *name;
    size_t offset;
} counters_list[] = {
    COUNTER(frames),
    COUNTER(rejected),
    COUNTER(updates),
    COUNTER(snapshots),
    COUNTER(verified),
    COUNTER(mismatched),
    COUNTER(crossed),
    COUNTER(unknown_deletes),
    COUNTER(resyncs),
    COUNTER(held_dropped),
    COUNTER(refused),
    { "books", offsetof(struct counters, books) },
    { "live", offsetof(struct counters, live) },
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

static struct counters count(const struct session *session)
{
    const struct feed *const feed = session->replay.feed;
    return (struct counters){ .stats = *feed_stats(feed),
                              .books = feed_n_instruments(feed),
                              .live = feed_count_in_state(feed, ARB_BOOK_LIVE) };
}

static void print_counters(const struct counters *counters)
{
    for (size_t i = 0; i < N_COUNTERS; i++) {
        (void)printf("%s%s=%" PRIu64, i == 0 ? "" : " ", counters_list[i].name,
                     value_of(counters, &counters_list[i]));
    }
    (void)putchar('\n');
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
static struct session *tell(const struct plugin *plugin, const struct replay_plan *plan,
                            char **text, size_t *len, struct err *err)
{
    FILE *const out = open_memstream(text, len);
    struct session *const session =
        out == NULL ? NULL : session_create(plugin, plan, plan->recording, out, err);

    if (session != NULL) {
        play(session);
        note_summary(out, session->replay.feed);
        session->out = NULL;
    }
    if (out != NULL) {
        (void)fclose(out); /* a lack of memory shows as a difference */
    }
    return session;
}

static void check_same(struct report *report, const struct plugin *plugin,
                       const struct replay_plan *plan, struct arb_bytes first)
{
    static const char name[] = "recording: two replays give the same events";
    struct err err = { .rc = ARB_OK };
    char *text = NULL;
    size_t len = 0;
    struct session *const session = tell(plugin, plan, &text, &len, &err);

    if (session != NULL && len == first.len && memcmp(text, first.data, len) == 0) {
        report_pass(report, name);
    } else {
        report_fail(report, name, "%s", session == NULL ? err.text : "the second differs");
    }
    session_destroy(session);
    free(text);
}

static bool check_right(struct report *report, const struct plugin *plugin,
                        const struct replay_plan *plan)
{
    static const char name[] = "recording: the books are right";
    struct err err = { .rc = ARB_OK };
    char *text = NULL;
    size_t len = 0;
    struct session *const session = tell(plugin, plan, &text, &len, &err);

    if (session == NULL) {
        report_fail(report, name, "%s", err.text);
        free(text);
        return false;
    }
    const struct counters counters = count(session);
    print_counters(&counters);
    if (session->consumer.flaw[0] != '\0') {
        report_fail(report, name, "%s", session->consumer.flaw);
    } else if (meets(report, name, &counters, plan)) {
        report_pass(report, name);
    }
    check_same(report, plugin, plan, (struct arb_bytes){ text, len });
    const bool are_all_live = counters.live == counters.books;
    session_destroy(session);
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

/* The venue comes back after the attack and says everything again, undamaged. */
static int play_again(struct session *session, const struct recording *original)
{
    struct recording later;
    const int64_t now_ns = session->replay.now_ns;
    struct feed *const feed = session->replay.feed;

    if (copy_records(&later, original) != ARB_OK) {
        return ARB_ENOMEM;
    }
    for (size_t i = 0; i < later.n; i++) {
        later.records[i].ns += now_ns + BETWEEN_REPLAYS_NS - original->records[0].ns;
    }
    for (uint32_t conn = 0; conn < ARB_CONNS_MAX; conn++) {
        feed_on_close(feed, conn, now_ns, "attacked");
    }
    replay_fini(&session->replay);
    if (replay_init(&session->replay, &later) == ARB_OK) {
        session->replay.feed = feed;
        memcpy(session->replay.wants_open, session->has_opened, sizeof(session->has_opened));
        play(session);
    }
    recording_fini(&later);
    return ARB_OK;
}

/* What went wrong, or NULL. */
static const char *attack(struct session *session, const struct replay_plan *plan)
{
    play(session);
    if (session->consumer.flaw[0] != '\0') {
        return session->consumer.flaw;
    }
    if (feed_is_disabled(session->replay.feed)) {
        return "the exchange was disabled";
    }
    if (play_again(session, plan->recording) != ARB_OK) {
        return "no memory";
    }
    if (session->consumer.flaw[0] != '\0') {
        return session->consumer.flaw;
    }
    const struct counters counters = count(session);
    return counters.live == counters.books ? NULL : "a book did not become LIVE again";
}

static bool attack_once(struct report *report, const char *name, const struct plugin *plugin,
                        const struct replay_plan *plan, uint64_t seed)
{
    struct recording damaged;
    struct prng prng = { .state = seed };
    struct err err = { .rc = ARB_OK };
    struct session *session = NULL;
    const char *problem = "no memory";

    if (copy_records(&damaged, plan->recording) == ARB_OK) {
        if (damage(&damaged, &prng) == ARB_OK) {
            session = session_create(plugin, plan, &damaged, NULL, &err);
            problem = session == NULL ? err.text : attack(session, plan);
        }
        if (problem != NULL) {
            report_fail(report, name, "%s (--seed %" PRIu64 ")", problem, seed);
        }
        session_destroy(session);
        recording_fini(&damaged);
    }
    return problem == NULL;
}

static void check_hostile(struct report *report, const struct plugin *plugin,
                          const struct replay_plan *plan)
{
    static const char name[] = "hostile: the recording with damaged messages";

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
