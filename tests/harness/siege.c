#include "siege.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "notes.h"
#include "util/clock.h"

enum { SHOWN_MAX = 240 };

#define ROUND_NS (10 * NS_PER_S)

/* -- recovery ------------------------------------------------------------------------- */

bool siege_fail(struct siege *siege, struct arb_bytes input, const char *what)
{
    FILE *const out = fmemopen(siege->problem, sizeof(siege->problem), "w");

    if (out != NULL) {
        (void)fprintf(out, "%s: %s, after: ", siege->script->path, what);
        note_text(out, input, SHOWN_MAX);
        (void)fclose(out);
    }
    return false;
}

/* Plays steps of the script on a clock that starts now. */
static void play(struct siege *siege, size_t n_steps)
{
    struct rig *const rig = siege->rig;

    rig->start_ns = rig->now_ns;
    for (size_t i = 0; i < n_steps; i++) {
        if (siege->script->steps[i].kind != STEP_LIVE) {
            (void)rig_step(rig, &siege->script->steps[i], true, NULL); /* the result is looked at */
        }
    }
}

/* On a round time, so that periodic timers stand to the script's times as in the first run. */
static void start_over(struct siege *siege, int64_t pause_ns)
{
    const int64_t past_ns = siege->rig->now_ns - RIG_EPOCH_NS;

    rig_close_all(siege->rig, "attacked");
    rig_advance(siege->rig, RIG_EPOCH_NS + (past_ns / ROUND_NS) * ROUND_NS + pause_ns);
}

/* A damaged catalog may lack what only a pattern names. */
static bool is_named(const struct script *script, const struct arb_instrument *info)
{
    for (unsigned i = 0; i < script->exchange.n_symbols; i++) {
        if (strcmp(script->exchange.symbols[i], info->symbol) == 0) {
            return true;
        }
    }
    return false;
}

/* A rig whose books have been brought up once; remembers which of those named one by one. */
static bool open_rig(struct siege *siege)
{
    struct err err = { .rc = ARB_OK };

    if (rig_create(&siege->rig, siege->plugin, siege->script, NULL, true, &err) != ARB_OK) {
        (void)snprintf(siege->problem, sizeof(siege->problem), "%s", err.text);
        return false;
    }
    play(siege, siege->script->n_clean);
    siege->n_books = session_n_instruments(siege->rig->session);
    for (uint32_t i = 0; i < siege->n_books && i < SCRIPT_SYMBOLS_MAX; i++) {
        siege->was_live[i] = session_book(siege->rig->session, i).state == ARB_BOOK_LIVE &&
                             is_named(siege->script, session_instrument(siege->rig->session, i));
    }
    return true;
}

static void close_rig(struct siege *siege)
{
    rig_destroy(siege->rig);
    siege->rig = NULL;
}

static bool is_recovered(const struct siege *siege)
{
    for (uint32_t i = 0; i < siege->n_books && i < SCRIPT_SYMBOLS_MAX; i++) {
        if (siege->was_live[i] && session_book(siege->rig->session, i).state != ARB_BOOK_LIVE) {
            return false;
        }
    }
    return true;
}

/* How long the venue is left alone before it says everything again: the longest pause there is. */
static int64_t last_pause_ns(const struct siege *siege)
{
    const struct arb_plan *const plan = session_plan(siege->rig->session);
    return plan->catalog == ARB_CATALOG_HTTP ? (plan->catalog_age_ms / 1000 + 60) * NS_PER_S
                                             : 900 * NS_PER_S;
}

/*
 * The venue says its usual words again, sooner or later: after a refusal or a damaged catalog the
 * host leaves it alone for a while. False: a book is not LIVE after all that.
 */
static bool heals(struct siege *siege)
{
    const int64_t pauses_ns[] = { ROUND_NS, 60 * NS_PER_S, 600 * NS_PER_S, last_pause_ns(siege) };

    for (size_t i = 0; i < sizeof(pauses_ns) / sizeof(*pauses_ns); i++) {
        start_over(siege, pauses_ns[i]);
        play(siege, siege->script->n_clean);
        if (rig_flaw(siege->rig) != NULL || is_recovered(siege)) {
            return true; /* the caller looks for flaws */
        }
    }
    return false;
}

/* After a hostile input: nothing is broken, and the venue's usual words heal everything. */
bool siege_recovers(struct siege *siege, struct arb_bytes input)
{
    const char *flaw = rig_flaw(siege->rig);
    if (flaw != NULL) {
        return siege_fail(siege, input, flaw);
    }
    if (!heals(siege)) {
        return siege_fail(siege, input, "a book did not become LIVE again");
    }
    flaw = rig_flaw(siege->rig);
    if (flaw != NULL) {
        return siege_fail(siege, input, flaw);
    }
    if (session_n_instruments(siege->rig->session) != siege->n_books) {
        close_rig(siege); /* a damaged catalog added some: do not let them pile up */
        return open_rig(siege);
    }
    return true;
}

/* Delivers `input` instead of step `i` of the script. */
bool siege_survives(struct siege *siege, size_t i, struct arb_bytes input)
{
    const struct script *const script = siege->script;
    struct step step = script->steps[i];

    if (i < script->n_clean) {
        start_over(siege, ROUND_NS);
        play(siege, i);
    }
    step.data = input;
    (void)rig_step(siege->rig, &step, true, NULL);
    return siege_recovers(siege, input);
}

bool siege_has_data(const struct step *step)
{
    return (step->kind == STEP_MESSAGE || step->kind == STEP_HTTP) && step->data.len > 0;
}

bool siege_is_possible(const struct script *scripts, size_t n_scripts)
{
    for (size_t i = 0; i < n_scripts; i++) {
        if (scripts[i].n_clean > 0) {
            return true;
        }
    }
    return false;
}

/* -- life ----------------------------------------------------------------------------- */

static int take_memory(struct siege *siege)
{
    siege->values = malloc(SIEGE_VALUES_MAX * sizeof(*siege->values));
    siege->garbage = malloc(SIEGE_GARBAGE_BYTES);
    return siege->values == NULL || siege->garbage == NULL ? ARB_ENOMEM : ARB_OK;
}

bool siege_begin(struct siege *siege)
{
    siege->prng = (struct prng){ .state = siege->plan->seed };
    if (take_memory(siege) != ARB_OK) {
        (void)snprintf(siege->problem, sizeof(siege->problem), "no memory");
        return false;
    }
    return open_rig(siege);
}

void siege_end(struct siege *siege)
{
    close_rig(siege);
    mutant_fini(&siege->mutant);
    free(siege->values);
    free(siege->garbage);
}
