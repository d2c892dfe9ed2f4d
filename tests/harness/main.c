/*
 * arbspot-harness: tries one plugin without any I/O. See usage.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arguments.h"
#include "file.h"
#include "trial.h"
#include "util/harmless.h"
#include "util/log.h"
#include "util/output.h"
#include "util/shortage.h"
#include "watch.h"
#include "worker.h"

enum { MUTATIONS = 100, NAME_MAX_LEN = 256 };

/* Where the report goes. */
struct outlets {
    struct arguments *arguments;
};

/* In the process that runs the plugin. */
static void work(struct report *report, void *context)
{
    static struct watch watch; /* signal handlers look at it */
    struct arguments *const arguments = ((struct outlets *)context)->arguments;
    struct times times = { 0 };
    struct err err = { .rc = ARB_OK };

    watch_start(&watch, (unsigned)arguments->limit_s, fileno(report->out));
    if (trial(report, arguments, &times, &err) != ARB_OK) {
        report_fail(report, "harness", "%s", err.text);
    }
    times_tell(&times, report);
    times_fini(&times);
}

static const struct format *format_on_stdout(const struct outlets *outlets)
{
    return outlets->arguments->output == NULL ? outlets->arguments->format : &format_table;
}

static void hear(const struct result *result, void *context)
{
    const struct format *const format = format_on_stdout(context);

    if (format->heard != NULL) {
        format->heard(stdout, result);
    }
}

static bool write_report(const struct outlets *outlets, const struct results *results)
{
    const struct format *const format = outlets->arguments->format;
    char *text = NULL;
    size_t len = 0;
    struct err err = { .rc = ARB_OK };
    FILE *const file = open_memstream(&text, &len);

    if (file == NULL) {
        harmless_line(stderr, "arbspot-harness: no memory for the report");
        return false;
    }
    for (size_t i = 0; format->heard != NULL && i < results->n; i++) {
        format->heard(file, &results->list[i]);
    }
    format->end(file, results);
    const bool is_whole = ferror(file) == 0 && fclose(file) == 0;
    const bool is_written = is_whole && file_write(outlets->arguments->output,
                                                   (struct arb_bytes){ text, len }, &err) == ARB_OK;
    if (!is_written) {
        harmless_line(stderr, "arbspot-harness: %s: the report cannot be written",
                      outlets->arguments->output);
    }
    free(text);
    return is_written;
}

static bool finish(const struct outlets *outlets, const struct results *results)
{
    format_on_stdout(outlets)->end(stdout, results);
    const bool is_written = outlets->arguments->output == NULL || write_report(outlets, results);
    return output_settle("arbspot-harness") && is_written && results->n_failed == 0;
}

/* "kraken" of "./kraken.so". */
static const char *plugin_name(const char *path, char *memory, size_t cap)
{
    const char *const slash = strrchr(path, '/');

    (void)snprintf(memory, cap, "%s", slash == NULL ? path : slash + 1);
    char *const dot = strrchr(memory, '.');
    if (dot != NULL && strcmp(dot, ".so") == 0) {
        *dot = '\0';
    }
    return memory;
}

/* Runs all of it; true when it passed, and that could be told. */
static bool run(struct outlets *outlets)
{
    const struct worker worker = { .limit_s = (unsigned)outlets->arguments->limit_s,
                                   .work = work,
                                   .work_context = outlets,
                                   .heard = hear,
                                   .heard_context = outlets };
    char name[NAME_MAX_LEN];
    struct err err = { .rc = ARB_OK };
    struct results results = { .plugin =
                                   plugin_name(outlets->arguments->plugin, name, sizeof(name)) };
    const int rc = worker_run(&worker, &results, &err);

    if (rc != ARB_OK) {
        harmless_line(stderr, "arbspot-harness: %s", err.text);
    }
    const bool has_passed = finish(outlets, &results) && rc == ARB_OK;
    results_fini(&results);
    return has_passed;
}

int main(int argc, char **argv)
{
    static struct arguments arguments = { .is_hostile = true,
                                          .limit_s = WATCH_LIMIT_S,
                                          .format = &format_table,
                                          .plan = {
                                              .seed = 1, .mutations = MUTATIONS, .thin = 1 } };
    struct outlets outlets = { .arguments = &arguments };

    (void)setvbuf(stdout, NULL, _IOLBF, 0); /* what was checked is seen at once */
    log_set_level((enum arb_log_level)0);   /* hostile input would fill pages: nothing at all */
    if (arguments_read(&arguments, argc, argv) != ARB_OK) {
        return EXIT_USAGE;
    }
    if (arguments.output != NULL) {
        FILE *const file = fopen(arguments.output, "a"); /* before all the work, not behind it */
        if (file == NULL || fclose(file) != 0) {
            harmless_line(stderr, "arbspot-harness: %s: %s", arguments.output,
                          shortage_words(errno));
            return EXIT_FAILURE;
        }
    }
    return run(&outlets) ? EXIT_SUCCESS : EXIT_FAILURE;
}
