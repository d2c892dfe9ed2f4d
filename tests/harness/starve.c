#include "starve.h"

#include <inttypes.h>
#include <stdio.h>

#include "allocations.h"
#include "rig.h"
#include "watch.h"

enum { FAILURES_MAX = 256, PROBLEM_MAX = 512 }; /* of one script, evenly spread */

static const char name[] = "no memory: every allocation of the plugin fails once";

/* Runs the script; what was wrong goes into `problem`. Returns how often the plugin allocated. */
static uint64_t run_script(const struct plugin *plugin, const struct script *script, uint64_t fails,
                           char *problem)
{
    struct rig *rig = NULL;

    problem[0] = '\0';
    allocations_begin(fails);
    if (rig_create(&rig, plugin, script, NULL, false, NULL) != ARB_OK) {
        return allocations_end(); /* init() failed, which is an answer */
    }
    for (size_t i = 0; i < script->n_steps; i++) {
        (void)rig_step(rig, &script->steps[i], true, NULL);
    }
    if (rig->broken != NULL) {
        (void)snprintf(problem, PROBLEM_MAX, "it broke a rule: %s", rig->broken);
    } else if (rig->teller.consumer.flaw[0] != '\0') {
        (void)snprintf(problem, PROBLEM_MAX, "%s", rig->teller.consumer.flaw);
    }
    rig_destroy(rig);
    return allocations_end();
}

/* How often the plugin allocated; `*is_well` is false when a failure was told. */
static uint64_t starve(struct report *report, const struct plugin *plugin,
                       const struct script *script, bool *is_well)
{
    char problem[PROBLEM_MAX];
    const uint64_t n = run_script(plugin, script, 0, problem);
    const uint64_t stride = 1 + n / FAILURES_MAX;

    for (uint64_t i = 1; i <= n; i += stride) {
        watch_where("allocation %" PRIu64 " of %" PRIu64 " in %s failed", i, n, script->path);
        (void)run_script(plugin, script, i, problem);
        if (problem[0] != '\0') {
            report_fail(report, name, "%s: after allocation %" PRIu64 " of %" PRIu64 " failed: %s",
                        script->path, i, n, problem);
            *is_well = false;
            break;
        }
    }
    return n;
}

void starve_check(struct report *report, const struct plugin *plugin, const struct script *scripts,
                  size_t n_scripts)
{
    uint64_t n = 0;
    bool is_well = true;

    watch_check(name);
    if (!allocations_watch(plugin)) {
        report_skip(report, name, "where the plugin calls malloc() cannot be found");
        return;
    }
    for (size_t i = 0; i < n_scripts && is_well; i++) {
        n += starve(report, plugin, &scripts[i], &is_well);
    }
    if (is_well && n == 0) {
        report_skip(report, name, "it allocates none");
    } else if (is_well) {
        report_pass(report, name);
    }
}
