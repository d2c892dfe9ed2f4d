#include "record.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"
#include "golden.h"
#include "scribe.h"
#include "watch.h"

enum { PATH_CAP = 512 };

static const char name[] = "record";

/* One script being made. */
struct making {
    const struct plugin *plugin;
    const struct arguments *arguments;
    struct recording recording;
    struct scribe_file *files;
    char script[PATH_CAP], golden[PATH_CAP];
};

/* -- names ---------------------------------------------------------------------------- */

/* NAME: as it was given, or that of the first file. */
static void name_files(struct making *making)
{
    const struct arguments *const arguments = making->arguments;
    const char *const slash = strrchr(arguments->files[0], '/');
    const char *const base = slash == NULL ? arguments->files[0] : slash + 1;
    const char *const from = arguments->into == NULL ? base : arguments->into;
    const char *const dot = arguments->into == NULL ? strrchr(base, '.') : NULL;
    const int len = (int)(dot == NULL || dot == base ? strlen(from) : (size_t)(dot - base));

    (void)snprintf(making->script, PATH_CAP, "%.*s.script", len, from);
    (void)snprintf(making->golden, PATH_CAP, "%.*s.golden", len, from);
}

/* What somebody has read and kept is not written over unasked. */
static int look_for_old(const struct making *making, struct err *err)
{
    const char *const paths[] = { making->script, making->golden };

    for (size_t i = 0; i < 2 && !making->arguments->is_update; i++) {
        if (access(paths[i], F_OK) == 0) {
            return err_set(err, ARB_EINVAL,
                           "%s is there already; --into takes another name, --update writes over "
                           "it",
                           paths[i]);
        }
    }
    return ARB_OK;
}

/* The recording as the script will name it: by a path from its own folder. */
static char *path_from(const char *script, const char *path)
{
    return strchr(script, '/') == NULL ? strdup(path) : realpath(path, NULL);
}

/* -- reading -------------------------------------------------------------------------- */

static int read_file(struct making *making, size_t i, struct err *err)
{
    struct scribe_file *const file = &making->files[i];
    const int rc = recording_add(&making->recording, making->arguments->files[i], err);

    if (rc != ARB_OK) {
        return rc;
    }
    file->n_end = making->recording.n;
    file->path = path_from(making->script, making->arguments->files[i]);
    return file->path == NULL ? err_set(err, ARB_ENOMEM, "no memory") : ARB_OK;
}

static int read_files(struct making *making, struct err *err)
{
    int rc = ARB_OK;

    making->files = calloc(making->arguments->n_files, sizeof(*making->files));
    if (making->files == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory");
    }
    for (size_t i = 0; rc == ARB_OK && i < making->arguments->n_files; i++) {
        rc = read_file(making, i, err);
    }
    recording_sort(&making->recording);
    if (rc == ARB_OK && making->recording.n == 0) {
        rc = err_set(err, ARB_EINVAL, "the recordings are empty");
    }
    return rc;
}

static void making_fini(struct making *making)
{
    for (size_t i = 0; making->files != NULL && i < making->arguments->n_files; i++) {
        free(making->files[i].path);
    }
    free(making->files);
    recording_fini(&making->recording);
}

/* -- writing -------------------------------------------------------------------------- */

/* "BTC/USD=2,8" as the words of a line. */
static void put_words(FILE *out, const char *command, const char *text, const char *separators)
{
    (void)fprintf(out, "%s ", command);
    for (; *text != '\0'; text++) {
        (void)fputc(strchr(separators, *text) == NULL ? *text : ' ', out);
    }
    (void)fputc('\n', out);
}

/* What the command line says, as the lines of a script. */
static void put_settings(FILE *out, const struct arguments *arguments)
{
    (void)fputs("# What a recording holds, as it came. Say here what this script is to show.\n",
                out);
    for (unsigned i = 0; i < arguments->n_sets; i++) {
        (void)fprintf(out, "option %s = %s\n", arguments->sets[i].key, arguments->sets[i].value);
    }
    (void)fputs("symbols ", out);
    for (unsigned i = 0; i < arguments->n_symbols; i++) {
        (void)fprintf(out, "%s%s", i == 0 ? "" : ", ", arguments->symbols[i]);
    }
    (void)fputc('\n', out);
    for (unsigned i = 0; i < arguments->overrides.n_scales; i++) {
        put_words(out, "scale", arguments->overrides.scales[i], "=,");
    }
    for (unsigned i = 0; i < arguments->overrides.n_names; i++) {
        put_words(out, "venue-symbol", arguments->overrides.names[i], "=");
    }
}

/* Writes the script up to where the venue begins, and reads it as any script. */
static int begin_script(const struct making *making, FILE **out, struct script *script,
                        struct err *err)
{
    FILE *const file = fopen(making->script, "w");

    if (file == NULL) {
        return err_set(err, ARB_EINVAL, "%s: %s", making->script, strerror(errno));
    }
    put_settings(file, making->arguments);
    int rc = fflush(file) == 0 ? ARB_OK
                               : err_set(err, ARB_EINVAL, "%s: cannot be written", making->script);
    if (rc == ARB_OK) {
        rc = script_load(script, making->script, making->plugin->desc.name, err);
    }
    if (rc != ARB_OK) {
        (void)fclose(file);
        return rc;
    }
    *out = file;
    return ARB_OK;
}

static int play(const struct making *making, FILE *out, const struct script *script, bool *is_live,
                struct err *err)
{
    struct scribe scribe = { .out = out,
                             .recording = &making->recording,
                             .files = making->files,
                             .first = making->arguments->first };
    int rc = rig_create(&scribe.rig, making->plugin, script, NULL, false, err);

    if (rc != ARB_OK) {
        return rc;
    }
    rc = scribe_write(&scribe);
    *is_live = scribe.was_live;
    rig_destroy(scribe.rig);
    return rc == ARB_OK ? rc : err_set(err, rc, "no memory");
}

static int write_script(const struct making *making, bool *is_live, struct err *err)
{
    static struct script script; /* large, and needed once */
    FILE *out = NULL;
    int rc = begin_script(making, &out, &script, err);

    if (rc != ARB_OK) {
        return rc;
    }
    rc = play(making, out, &script, is_live, err);
    script_fini(&script);
    const bool is_long = ftell(out) > SCRIPT_BYTES_MAX;
    if (fclose(out) != 0 && rc == ARB_OK) {
        rc = err_set(err, ARB_EINVAL, "%s: cannot be written", making->script);
    } else if (rc == ARB_OK && is_long) {
        rc = err_set(err, ARB_ELIMIT, "more than the %d bytes of a script; --first N takes less",
                     (int)SCRIPT_BYTES_MAX);
    }
    return rc;
}

/* -- all of it ------------------------------------------------------------------------ */

static void tell(struct report *report, const struct making *making, bool is_live)
{
    report_note(report,
                "%s and %s are written; read the golden text before you keep it, for it says what "
                "the plugin did, not what is right",
                making->script, making->golden);
    if (!is_live) {
        report_note(report,
                    "the books were never all LIVE, so that hostile input is not tried with it");
    }
}

static int make(struct report *report, const struct making *making, struct err *err)
{
    static struct script script; /* large, and needed once */
    bool is_live = false;
    int rc = write_script(making, &is_live, err);

    if (rc == ARB_OK) {
        rc = script_load(&script, making->script, making->plugin->desc.name, err);
    }
    if (rc != ARB_OK) {
        (void)unlink(making->script);
        return rc;
    }
    golden_check(report, making->plugin, &script, true);
    tell(report, making, is_live);
    script_fini(&script);
    return ARB_OK;
}

int record(struct report *report, const struct plugin *plugin, const struct arguments *arguments,
           struct err *err)
{
    struct making making = { .plugin = plugin, .arguments = arguments };

    watch_check(name);
    name_files(&making);
    int rc = look_for_old(&making, err);
    if (rc == ARB_OK) {
        rc = read_files(&making, err);
    }
    if (rc == ARB_OK) {
        rc = make(report, &making, err);
    }
    making_fini(&making);
    return rc;
}
