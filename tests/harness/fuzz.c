#include "fuzz.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "file.h"
#include "util/clock.h"
#include "watch.h"

enum {
    INPUTS_A_TURN = 64, /* of one script, then it is the next one's turn */
    ROUNDS_MAX = 3,     /* of changes to one message */
    PATH_CAP = PLUGIN_NAME_MAX + 8,
};

static const char name[] = "fuzz";

struct fuzz {
    struct report *report;
    const struct plugin *plugin;
    const struct siege_plan *plan;
    struct prng prng; /* of all scripts */
    uint64_t n;       /* inputs, with the one at hand */
    int64_t until_ns;
    char path[PATH_CAP]; /* of the input that is not survived */
};

/* The next step that brings bytes, at or behind a random one. */
static size_t choose_step(const struct script *script, struct prng *prng)
{
    size_t i = (size_t)(prng_next(prng) % script->n_steps);

    while (!siege_has_data(&script->steps[i])) {
        i = (i + 1) % script->n_steps;
    }
    return i;
}

static bool has_any_data(const struct script *script)
{
    for (size_t i = 0; i < script->n_steps; i++) {
        if (siege_has_data(&script->steps[i])) {
            return script->n_clean > 0;
        }
    }
    return false;
}

/* One message after one to three rounds of changes. */
static int make_input(struct siege *siege, size_t step, struct prng *prng)
{
    const uint64_t rounds = 1 + prng_next(prng) % ROUNDS_MAX;
    int rc = mutate_bytes(&siege->mutant, siege->script->steps[step].data, prng);

    for (uint64_t i = 1; i < rounds && rc == ARB_OK; i++) {
        rc = mutate_again(&siege->mutant, prng);
    }
    return rc;
}

static void tell_failure(struct fuzz *fuzz, const struct siege *siege, size_t step,
                         struct arb_bytes input)
{
    struct err err = { .rc = ARB_OK };
    const bool is_kept = file_write(fuzz->path, input, &err) == ARB_OK;

    report_fail(fuzz->report, name,
                "%s (input %" PRIu64 " of --seed %" PRIu64 ", in place of line %u; %s%s)",
                siege->problem, fuzz->n, fuzz->plan->seed, siege->script->steps[step].line,
                is_kept ? "it is in " : "", is_kept ? fuzz->path : err.text);
}

static bool try_one(struct fuzz *fuzz, struct siege *siege)
{
    const size_t step = choose_step(siege->script, &fuzz->prng);

    fuzz->n++;
    if (make_input(siege, step, &fuzz->prng) != ARB_OK) {
        report_fail(fuzz->report, name, "no memory");
        return false;
    }
    const struct arb_bytes input = { siege->mutant.data, siege->mutant.len };
    watch_where("input %" PRIu64 " of --seed %" PRIu64 ", in place of line %u of %s", fuzz->n,
                fuzz->plan->seed, siege->script->steps[step].line, siege->script->path);
    watch_keep((struct watch_kept){ fuzz->path, input });
    const bool is_well = siege_survives(siege, step, input);
    watch_keep((struct watch_kept){ .path = NULL });
    if (!is_well) {
        tell_failure(fuzz, siege, step, input);
    }
    return is_well;
}

/* A script's turn; false when an input was not survived. */
static bool try_script(struct fuzz *fuzz, const struct script *script)
{
    struct siege siege = { .plugin = fuzz->plugin, .script = script, .plan = fuzz->plan };
    bool is_well = siege_begin(&siege);

    if (!is_well) {
        report_fail(fuzz->report, name, "%s", siege.problem);
    }
    for (unsigned i = 0; is_well && i < INPUTS_A_TURN && clock_mono_ns() < fuzz->until_ns; i++) {
        is_well = try_one(fuzz, &siege);
    }
    siege_end(&siege);
    return is_well;
}

/* Turn after turn; false when an input was not survived. */
static bool run(struct fuzz *fuzz, const struct script *scripts, size_t n_scripts)
{
    bool is_well = true;

    for (size_t i = 0; is_well && clock_mono_ns() < fuzz->until_ns; i = (i + 1) % n_scripts) {
        is_well = !has_any_data(&scripts[i]) || try_script(fuzz, &scripts[i]);
    }
    return is_well;
}

static bool is_possible(const struct script *scripts, size_t n_scripts)
{
    for (size_t i = 0; i < n_scripts; i++) {
        if (has_any_data(&scripts[i])) {
            return true;
        }
    }
    return false;
}

void fuzz_check(struct report *report, const struct plugin *plugin, const struct script *scripts,
                size_t n_scripts, const struct siege_plan *plan, uint64_t seconds)
{
    struct fuzz fuzz = { .report = report,
                         .plugin = plugin,
                         .plan = plan,
                         .prng = { .state = plan->seed },
                         .until_ns = clock_mono_ns() + (int64_t)seconds * NS_PER_S };

    if (!is_possible(scripts, n_scripts)) {
        report_skip(report, name, "no script has a message and a line `live`");
        return;
    }
    watch_check(name);
    (void)snprintf(fuzz.path, sizeof(fuzz.path), "%s.crash", plugin->desc.name);
    if (run(&fuzz, scripts, n_scripts)) {
        report_pass(report, name);
    }
    report_note(report, "fuzz: %" PRIu64 " inputs from --seed %" PRIu64, fuzz.n, plan->seed);
}
