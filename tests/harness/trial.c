#include "trial.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "attacks.h"
#include "fuzz.h"
#include "golden.h"
#include "leaks.h"
#include "plugin/plugins.h"
#include "record.h"
#include "replays.h"
#include "starve.h"
#include "static_checks.h"
#include "statics.h"
#include "watch.h"

/* What every part of it needs. */
struct trial {
    struct report *report;
    const struct plugin *plugin;
    struct arguments *arguments;
    struct times *times;
    struct statics *statics;
};

/* -- scripts -------------------------------------------------------------------------- */

static void try_scripts(const struct trial *trial, const struct script *scripts)
{
    const struct arguments *const arguments = trial->arguments;
    struct report *const report = trial->report;
    const struct plugin *const plugin = trial->plugin;

    watch_times(trial->times);
    for (size_t i = 0; i < arguments->n_files; i++) {
        golden_check(report, plugin, &scripts[i], arguments->is_update);
    }
    watch_times(NULL);
    statics_end(trial->statics, plugin, report); /* failing allocations are put in its tables */
    if (arguments->is_update) {
        return;
    }
    leaks_check(report, plugin, scripts, arguments->n_files);
    if (arguments->is_hostile) {
        starve_check(report, plugin, scripts, arguments->n_files);
        attack_checks(report, plugin, scripts, arguments->n_files, &arguments->plan);
    }
    if (arguments->fuzz_s > 0) {
        fuzz_check(report, plugin, scripts, arguments->n_files, &arguments->plan,
                   arguments->fuzz_s);
    }
}

static int run_scripts(const struct trial *trial, struct err *err)
{
    const struct arguments *const arguments = trial->arguments;
    const char *const exchange = trial->plugin->desc.name;
    struct script *const scripts = calloc(arguments->n_files, sizeof(*scripts));
    int rc = scripts == NULL ? err_set(err, ARB_ENOMEM, "no memory") : ARB_OK;

    for (size_t i = 0; i < arguments->n_files && rc == ARB_OK; i++) {
        rc = script_load(&scripts[i], arguments->files[i], exchange, err);
        if (rc == ARB_OK) {
            rc = instrument_list_add(&scripts[i].instruments, exchange, &arguments->overrides, err);
            script_set_config(&scripts[i]);
        }
    }
    if (rc == ARB_OK) {
        try_scripts(trial, scripts);
    }
    for (size_t i = 0; scripts != NULL && i < arguments->n_files; i++) {
        script_fini(&scripts[i]);
    }
    free(scripts);
    return rc;
}

/* -- recordings ----------------------------------------------------------------------- */

static int drop_message(struct recording *recording, uint64_t n, struct err *err)
{
    for (size_t i = 0; i < recording->n; i++) {
        if (recording->records[i].kind == RECORD_MESSAGE && --n == 0) {
            memmove(&recording->records[i], &recording->records[i + 1],
                    (recording->n - i - 1) * sizeof(recording->records[0]));
            recording->n--;
            return ARB_OK;
        }
    }
    return err_set(err, ARB_EINVAL, "--drop: there are not that many messages");
}

static int replay(const struct trial *trial, struct recording *recording, struct err *err)
{
    struct arguments *const arguments = trial->arguments;
    const char *const name = trial->plugin->desc.name;
    static struct instrument_list instruments; /* large, and needed once */
    struct config config;
    struct exchange_config exchange = { .symbols = arguments->symbols,
                                        .n_symbols = arguments->n_symbols };
    const struct replay_plan plan = { .config = &config,
                                      .exchange = &exchange,
                                      .recording = recording,
                                      .expectations = arguments->expectations,
                                      .n_expectations = arguments->n_expectations,
                                      .is_hostile = arguments->is_hostile,
                                      .seed = arguments->plan.seed,
                                      .times = trial->times };
    const int rc = instrument_list_add(&instruments, name, &arguments->overrides, err);

    if (rc == ARB_OK) {
        instrument_list_config(&instruments, "command line", &config);
        (void)snprintf(exchange.name, sizeof(exchange.name), "%s", name);
        exchange.options = arguments->n_sets > 0 ? arguments->sets : NULL;
        replay_checks(trial->report, trial->plugin, &plan);
    }
    return rc;
}

static int run_recordings(const struct trial *trial, struct err *err)
{
    const struct arguments *const arguments = trial->arguments;
    struct recording recording = { 0 };
    int rc = ARB_OK;

    for (size_t i = 0; i < arguments->n_files && rc == ARB_OK; i++) {
        rc = recording_add(&recording, arguments->files[i], err);
    }
    recording_sort(&recording);
    if (rc == ARB_OK && arguments->drop > 0) {
        rc = drop_message(&recording, arguments->drop, err);
    }
    if (rc == ARB_OK && recording.n == 0) {
        rc = err_set(err, ARB_EINVAL, "the recordings are empty");
    }
    if (rc == ARB_OK) {
        rc = replay(trial, &recording, err);
    }
    recording_fini(&recording);
    return rc;
}

static int run_mode(const struct trial *trial, struct err *err)
{
    if (trial->arguments->mode != MODE_STATIC && trial->plugin->desc.kind != ARB_KIND_EXCHANGE) {
        return err_set(err, ARB_EINVAL, "scripts and recordings are for exchange plugins");
    }
    switch (trial->arguments->mode) {
    case MODE_GOLDEN:
        return run_scripts(trial, err);
    case MODE_RECORDING:
        return run_recordings(trial, err);
    case MODE_RECORD:
        return record(trial->report, trial->plugin, trial->arguments, err);
    default:
        return ARB_OK;
    }
}

/* -- all of it ------------------------------------------------------------------------ */

int trial(struct report *report, struct arguments *arguments, struct times *times, struct err *err)
{
    static struct plugin plugin; /* large, and needed until the end */
    static struct statics statics;
    int rc = plugin_load_named(&plugin, arguments->plugin, 0, err);

    if (rc != ARB_OK) {
        return rc;
    }
    report_pass(report, "the plugin loads");
    statics_begin(&statics, &plugin);
    watch_plugin(&plugin);
    static_checks(report, &plugin);
    const struct trial trial = { report, &plugin, arguments, times, &statics };
    rc = run_mode(&trial, err);
    if (arguments->mode != MODE_GOLDEN) {
        statics_end(&statics, &plugin, report);
    }
    return rc;
}
