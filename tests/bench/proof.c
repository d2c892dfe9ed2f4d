#include "proof.h"

#include <inttypes.h>
#include <stdlib.h>

/* The longest run of records in which all books are LIVE and none is replaced. */
struct stretch {
    size_t begin, end;
};

struct tracker {
    struct stretch current, longest;
    bool *is_update; /* [records] */
};

static void track(struct tracker *tracker, const struct stage *stage, size_t at,
                  const struct live_counts *before)
{
    const struct live_counts now = session_stats(stage->session).books;

    tracker->is_update[at] = now.updates > before->updates;
    if (!stage_is_live(stage) || now.snapshots != before->snapshots) {
        tracker->current = (struct stretch){ at + 1, at + 1 };
        return;
    }
    tracker->current.end = at + 1;
    if (tracker->current.end - tracker->current.begin >
        tracker->longest.end - tracker->longest.begin) {
        tracker->longest = tracker->current;
    }
}

static void play_all(struct stage *stage, struct tracker *tracker)
{
    bool more = true;

    while (more) {
        const struct live_counts before = session_stats(stage->session).books;
        const size_t at = stage->replay->at;
        more = replay_step(stage->replay);
        if (more) {
            track(tracker, stage, at, &before);
        }
    }
}

static int take_frames(struct script *script, const struct recording *recording,
                       const struct tracker *tracker)
{
    script->begin = tracker->longest.begin;
    script->frames = calloc(recording->n + 1, sizeof(*script->frames));
    if (script->frames == NULL) {
        return ARB_ENOMEM;
    }
    for (size_t i = tracker->longest.begin; i < tracker->longest.end; i++) {
        if (tracker->is_update[i]) {
            const struct arb_bytes data = recording->records[i].data;
            script->frames[script->n++] =
                (struct arb_message){ .data = data.data, .len = data.len };
            script->n_bytes += recording->records[i].data.len;
        }
    }
    return ARB_OK;
}

/* What is wrong with these counts, or NULL. A snapshot may come without a checksum. */
static const char *find_flaw(const struct stage *stage)
{
    const struct session_stats stats = session_stats(stage->session);
    const struct live_counts *const books = &stats.books;

    if (books->mismatched > 0) {
        return "a checksum did not match";
    }
    if (stats.rejected > 0 || books->crossed > 0 || stats.refused > 0) {
        return "a message was rejected, a book crossed or refused";
    }
    if (session_plan(stage->session)->loss_detection == ARB_LOSS_CHECKSUM &&
        books->verified < books->updates) {
        return "an update was not verified";
    }
    if (books->unknown_deletes > 0) {
        return "a level was deleted that was not there";
    }
    return stage_is_live(stage) ? NULL : "a book is not LIVE at the end";
}

static uint64_t count_levels(const struct effects *effects)
{
    uint64_t n = 0;

    for (const struct effect *e = effects_first(effects); e != NULL; e = effects_next(effects, e)) {
        n += e->kind == EFFECT_BOOK ? e->book.n_bids + e->book.n_asks : 0;
    }
    return n;
}

/* True when no book needed a new snapshot meanwhile; a recorder may have subscribed anew before. */
static bool play_script(struct proof *proof, struct stage *stage)
{
    stage_rewind(stage, proof->script.begin);
    const uint64_t resyncs = session_stats(stage->session).resyncs;
    for (size_t i = 0; i < proof->script.n; i++) {
        stage_say(stage, &proof->script.frames[i]);
        proof->script.n_levels += count_levels(&stage->session->effects);
    }
    proof->fingerprint = stage_fingerprint(stage);
    return session_stats(stage->session).resyncs == resyncs;
}

static int check(const struct stage *stage, struct err *err)
{
    const char *const flaw = find_flaw(stage);
    return flaw == NULL ? ARB_OK
                        : err_set(err, ARB_EPROTO, "%s: %s", stage->dataset->spec->name, flaw);
}

static int run(struct proof *proof, struct stage *stage, struct tracker *tracker, struct err *err)
{
    play_all(stage, tracker);
    proof->stats = session_stats(stage->session);
    proof->n_books = session_n_instruments(stage->session);
    int rc = check(stage, err);
    if (rc != ARB_OK) {
        return rc;
    }
    if (take_frames(&proof->script, &stage->dataset->recording, tracker) != ARB_OK) {
        return err_set(err, ARB_ENOMEM, "no memory for frames");
    }
    if (proof->script.n == 0) {
        return err_set(err, ARB_EPROTO, "%s: no update while all books are LIVE",
                       stage->dataset->spec->name);
    }
    if (!play_script(proof, stage)) {
        return err_set(err, ARB_EPROTO, "%s: a book was resynced", stage->dataset->spec->name);
    }
    rc = check(stage, err);
    if (rc == ARB_OK && session_stats(stage->session).books.updates <
                            proof->stats.books.updates + proof->script.n) {
        rc = err_set(err, ARB_EPROTO, "%s: an update was not applied", stage->dataset->spec->name);
    }
    return rc;
}

int proof_run(struct proof *proof, struct stage *stage, struct err *err)
{
    struct tracker tracker = { .is_update = calloc(stage->dataset->recording.n + 1, sizeof(bool)) };
    int rc = ARB_ENOMEM;

    if (tracker.is_update != NULL) {
        rc = run(proof, stage, &tracker, err);
    }
    free(tracker.is_update);
    return rc == ARB_ENOMEM ? err_set(err, rc, "no memory for a proof") : rc;
}

void proof_fini(struct proof *proof)
{
    free(proof->script.frames);
    *proof = (struct proof){ 0 };
}

bool proof_holds(const struct proof *proof, const struct stage *stage)
{
    return stage_is_live(stage) && session_stats(stage->session).books.mismatched == 0 &&
           stage_fingerprint(stage) == proof->fingerprint;
}
