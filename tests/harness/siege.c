#include "siege.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mutate.h"
#include "notes.h"
#include "rig.h"
#include "util/clock.h"
#include "watch.h"

enum {
    CUTS_MAX = 1024,   /* truncations of one message; longer ones are cut at every n-th byte */
    VALUES_MAX = 4096, /* values looked for in one message */
    REPLACED_MAX = 48, /* of them, evenly spread, those replaced */
    NESTING = 10000,
    GARBAGE_BYTES = 10 << 20,
    SHUFFLED_STEPS = 1000,
    PROBLEM_MAX = 768,
    SHOWN_MAX = 240,
};

#define ROUND_NS (10 * NS_PER_S)

/* One script under attack. */
struct siege {
    const struct plugin *plugin;
    const struct script *script;
    const struct siege_plan *plan;
    struct rig *rig; /* all of its books are LIVE, unless a step is just being attacked */
    uint32_t n_books;
    bool was_live[SCRIPT_SYMBOLS_MAX];
    struct prng prng;
    struct mutant mutant;
    struct arb_bytes *values;  /* [VALUES_MAX] */
    char *garbage;             /* [GARBAGE_BYTES] */
    char problem[PROBLEM_MAX]; /* the first thing that went wrong */
};

/* What is done to the messages of a script; false when it went wrong. */
typedef bool attack_fn(struct siege *siege);

/* -- recovery ------------------------------------------------------------------------- */

static bool fail(struct siege *siege, struct arb_bytes input, const char *what)
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
static bool begin(struct siege *siege)
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

static void end(struct siege *siege)
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
static bool recovers(struct siege *siege, struct arb_bytes input)
{
    const char *flaw = rig_flaw(siege->rig);
    if (flaw != NULL) {
        return fail(siege, input, flaw);
    }
    if (!heals(siege)) {
        return fail(siege, input, "a book did not become LIVE again");
    }
    flaw = rig_flaw(siege->rig);
    if (flaw != NULL) {
        return fail(siege, input, flaw);
    }
    if (session_n_instruments(siege->rig->session) != siege->n_books) {
        end(siege); /* a damaged catalog added some: do not let them pile up */
        return begin(siege);
    }
    return true;
}

/* Delivers `input` instead of step `i` of the script. */
static bool survives(struct siege *siege, size_t i, struct arb_bytes input)
{
    const struct script *const script = siege->script;
    struct step step = script->steps[i];

    if (i < script->n_clean) {
        start_over(siege, ROUND_NS);
        play(siege, i);
    }
    step.data = input;
    (void)rig_step(siege->rig, &step, true, NULL);
    return recovers(siege, input);
}

/* -- attacks -------------------------------------------------------------------------- */

static bool has_data(const struct step *step)
{
    return (step->kind == STEP_MESSAGE || step->kind == STEP_HTTP) && step->data.len > 0;
}

static bool cut_message(struct siege *siege, size_t i)
{
    const struct arb_bytes text = siege->script->steps[i].data;
    const size_t stride = 1 + text.len / CUTS_MAX;

    for (size_t len = 0; len < text.len; len += stride) {
        if (!survives(siege, i, (struct arb_bytes){ text.data, len })) {
            return false;
        }
    }
    return true;
}

static bool mutate_message(struct siege *siege, size_t i)
{
    for (unsigned k = 0; k < siege->plan->mutations; k++) {
        if (mutate_bytes(&siege->mutant, siege->script->steps[i].data, &siege->prng) != ARB_OK) {
            return fail(siege, siege->script->steps[i].data, "no memory");
        }
        if (!survives(siege, i, (struct arb_bytes){ siege->mutant.data, siege->mutant.len })) {
            return false;
        }
    }
    return true;
}

static const char *const misfits[] = {
    "null",
    "{}",
    "[]",
    "\"x\"",
    "\"\"",
    "true",
    "-1",
    "\"-1\"",
    "-0.5",
    "1e999",
    "\"1e999\"",
    "1e-999",
    "1e-08",
    "1E+18",
    "0",
    "\"0\"",
    "99999999999999999999",
    "\"99999999999999999999\"",
    "9223372036854775807",
    "\"9223372036.99999999\"",
    "0.000000000000000000001",
    "\"NaN\"",
    "[[]]",
    "[[1]]",
    "[{\"price\":1}]",
    "[[\"-1\",\"-1\"]]",
    "[null]",
};

static bool replace_value(struct siege *siege, size_t i, struct arb_bytes value)
{
    const struct arb_bytes text = siege->script->steps[i].data;

    for (size_t k = 0; k < sizeof(misfits) / sizeof(*misfits); k++) {
        const struct arb_bytes by = { misfits[k], strlen(misfits[k]) };
        if (mutate_replace(&siege->mutant, text, value, by) != ARB_OK) {
            return fail(siege, text, "no memory");
        }
        if (!survives(siege, i, (struct arb_bytes){ siege->mutant.data, siege->mutant.len })) {
            return false;
        }
    }
    return true;
}

static bool replace_values(struct siege *siege, size_t i)
{
    const size_t n = json_values(siege->script->steps[i].data, siege->values, VALUES_MAX);
    const size_t stride = 1 + n / REPLACED_MAX;

    for (size_t k = 0; k < n; k += stride) {
        if (!replace_value(siege, i, siege->values[k])) {
            return false;
        }
    }
    return true;
}

/* NESTING times `open`, in place of the message or of its last value. */
static bool nest(struct siege *siege, size_t i, const char *open)
{
    const struct arb_bytes text = siege->script->steps[i].data;
    const size_t n = json_values(text, siege->values, VALUES_MAX);
    const size_t len = strlen(open);

    for (size_t k = 0; k < NESTING; k++) {
        memcpy(siege->garbage + k * len, open, len);
    }
    const struct arb_bytes brackets = { siege->garbage, NESTING * len };
    if (!survives(siege, i, brackets)) {
        return false;
    }
    if (n == 0) {
        return true;
    }
    if (mutate_replace(&siege->mutant, text, siege->values[n - 1], brackets) != ARB_OK) {
        return fail(siege, text, "no memory");
    }
    return survives(siege, i, (struct arb_bytes){ siege->mutant.data, siege->mutant.len });
}

static bool nest_message(struct siege *siege, size_t i)
{
    return nest(siege, i, "[") && nest(siege, i, "{\"data\":") && nest(siege, i, "[{\"a\":");
}

static bool each_message(struct siege *siege, bool (*attack)(struct siege *, size_t))
{
    for (size_t i = 0; i < siege->script->n_steps; i++) {
        if (has_data(&siege->script->steps[i]) && !attack(siege, i)) {
            return false;
        }
    }
    return true;
}

static bool attack_cuts(struct siege *siege)
{
    return each_message(siege, cut_message);
}

static bool attack_mutations(struct siege *siege)
{
    return each_message(siege, mutate_message);
}

static bool attack_values(struct siege *siege)
{
    return each_message(siege, replace_values);
}

static bool attack_nesting(struct siege *siege)
{
    return each_message(siege, nest_message);
}

static bool survives_message(struct siege *siege, struct arb_bytes input)
{
    for (uint32_t conn = 0; conn < ARB_CONNS_MAX; conn++) {
        if (siege->rig->conns[conn].is_up) {
            rig_message(siege->rig, conn, input);
        }
    }
    return recovers(siege, input);
}

static bool survives_filled(struct siege *siege, char with, size_t head_len)
{
    memset(siege->garbage + head_len, with, GARBAGE_BYTES - head_len);
    return survives_message(siege, (struct arb_bytes){ siege->garbage, GARBAGE_BYTES });
}

/* Nothing, each single byte, and 10 MB of noise, brackets, digits, blanks, and one string. */
static bool attack_garbage(struct siege *siege)
{
    static const char head[] = "{\"channel\":\"";
    bool is_well = survives_message(siege, (struct arb_bytes){ "", 0 });

    for (unsigned byte = 0; byte < 256 && is_well; byte++) {
        const char c = (char)byte;
        is_well = survives_message(siege, (struct arb_bytes){ &c, 1 });
    }
    for (size_t i = 0; i < GARBAGE_BYTES; i++) {
        siege->garbage[i] = (char)prng_next(&siege->prng);
    }
    is_well =
        is_well && survives_message(siege, (struct arb_bytes){ siege->garbage, GARBAGE_BYTES });
    memcpy(siege->garbage, head, strlen(head));
    return is_well && survives_filled(siege, 'x', strlen(head)) && survives_filled(siege, '[', 0) &&
           survives_filled(siege, '1', 0) && survives_filled(siege, ' ', 0) &&
           survives_filled(siege, '"', 0);
}

/* The venue's own messages, whole, but in any order and any number. */
static bool attack_order(struct siege *siege)
{
    const struct script *const script = siege->script;
    struct arb_bytes last = { "", 0 };

    for (unsigned k = 0; k < SHUFFLED_STEPS; k++) {
        const struct step *const step = &script->steps[prng_next(&siege->prng) % script->n_steps];
        if (has_data(step)) {
            (void)rig_step(siege->rig, step, true, NULL);
            last = step->data;
        }
        if (k % 10 == 0 && !recovers(siege, last)) {
            return false;
        }
    }
    return recovers(siege, last);
}

/* -- checks --------------------------------------------------------------------------- */

static int siege_init(struct siege *siege)
{
    siege->values = malloc(VALUES_MAX * sizeof(*siege->values));
    siege->garbage = malloc(GARBAGE_BYTES);
    return siege->values == NULL || siege->garbage == NULL ? ARB_ENOMEM : ARB_OK;
}

static void siege_fini(struct siege *siege)
{
    end(siege);
    mutant_fini(&siege->mutant);
    free(siege->values);
    free(siege->garbage);
}

static bool lay_siege(struct siege *siege, attack_fn *attack)
{
    siege->prng = (struct prng){ .state = siege->plan->seed };
    const bool is_well = siege_init(siege) == ARB_OK && begin(siege) && attack(siege);
    siege_fini(siege);
    return is_well;
}

static const struct {
    const char *name;
    attack_fn *attack;
} attacks[] = {
    { "hostile: messages cut at every byte", attack_cuts },
    { "hostile: mutated bytes", attack_mutations },
    { "hostile: values of the wrong type or size", attack_values },
    { "hostile: 10,000 brackets", attack_nesting },
    { "hostile: garbage up to 10 MB", attack_garbage },
    { "hostile: messages in any order", attack_order },
};

/* True when no script fell to the attack. */
static bool withstand(struct report *report, const char *name, attack_fn *attack,
                      const struct siege *each, size_t n_scripts)
{
    for (size_t i = 0; i < n_scripts; i++) {
        struct siege siege = *each;
        siege.script = &each->script[i];
        if (siege.script->n_clean > 0 && !lay_siege(&siege, attack)) {
            report_fail(report, name, "%s (--seed %" PRIu64 ")", siege.problem, each->plan->seed);
            return false;
        }
    }
    return true;
}

static bool can_recover(const struct script *scripts, size_t n_scripts)
{
    for (size_t i = 0; i < n_scripts; i++) {
        if (scripts[i].n_clean > 0) {
            return true;
        }
    }
    return false;
}

void siege_checks(struct report *report, const struct plugin *plugin, const struct script *scripts,
                  size_t n_scripts, const struct siege_plan *plan)
{
    const struct siege siege = { .plugin = plugin, .script = scripts, .plan = plan };

    if (!can_recover(scripts, n_scripts)) {
        (void)printf("SKIP hostile input: no script has a line `live`\n");
        return;
    }
    for (size_t k = 0; k < sizeof(attacks) / sizeof(*attacks); k++) {
        watch_check(attacks[k].name);
        if (withstand(report, attacks[k].name, attacks[k].attack, &siege, n_scripts)) {
            report_pass(report, attacks[k].name);
        }
    }
}
