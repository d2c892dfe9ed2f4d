#include "golden.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"
#include "notes.h"
#include "rig.h"
#include "watch.h"

enum { NAME_MAX_LEN = 512, DIFF_LINES = 3, SHOWN_MAX = 400 };

/* -- the run -------------------------------------------------------------------------- */

static int run_steps(struct rig *rig, const struct script *script, struct err *err)
{
    for (size_t i = 0; i < script->n_steps; i++) {
        const int rc = rig_step(rig, &script->steps[i], false, err);
        if (rc != ARB_OK) {
            return rc;
        }
    }
    const char *const flaw = rig->teller.consumer.flaw;
    return flaw[0] == '\0' ? ARB_OK : err_set(err, ARB_EPROTO, "%s", flaw);
}

/* What is played, and who hears what else there is to say. */
struct telling {
    struct report *report;
    const char *name;
    const struct plugin *plugin;
    const struct script *script;
};

/* A plugin that refuses to start is a result too. */
static int run(const struct telling *telling, FILE *out, struct err *err)
{
    struct rig *rig = NULL;

    if (rig_create(&rig, telling->plugin, telling->script, out, false, err) != ARB_OK) {
        (void)fprintf(out, "! %s\n", err->text);
        *err = (struct err){ .rc = ARB_OK };
        return ARB_OK;
    }
    const int rc = run_steps(rig, telling->script, err);
    struct err end_err = { .rc = ARB_OK };
    (void)fputc('\n', out);
    note_summary(out, rig->session);
    note_promise(telling->report, telling->name, rig->session);
    const int end_rc = rig_end(rig, rc == ARB_OK ? err : &end_err);
    return rc == ARB_OK ? end_rc : rc;
}

/* The whole story as text, which the caller frees. */
static int tell(const struct telling *telling, char **text, size_t *len, struct err *err)
{
    FILE *const out = open_memstream(text, len);

    if (out == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory");
    }
    const int rc = run(telling, out, err);
    if (fclose(out) != 0) {
        return err_set(err, ARB_ENOMEM, "no memory");
    }
    return rc;
}

/* -- the comparison ------------------------------------------------------------------- */

/* The end of the line at `p`, without its line feed. */
static const char *line_end(const char *p)
{
    return p + strcspn(p, "\n");
}

static const char *next_line(const char *p)
{
    const char *const end = line_end(p);
    return *end == '\0' ? end : end + 1;
}

static void print_line(struct report *report, char mark, const char *line)
{
    const int len = (int)(line_end(line) - line);
    report_detail(report, "%c %.*s%s", mark, len < SHOWN_MAX ? len : SHOWN_MAX, line,
                  len < SHOWN_MAX ? "" : "...");
}

static void print_some(struct report *report, char mark, const char *text)
{
    for (unsigned i = 0; i < DIFF_LINES && *text != '\0'; i++) {
        print_line(report, mark, text);
        text = next_line(text);
    }
}

static bool is_same_line(const char *a, const char *b)
{
    const size_t len = (size_t)(line_end(a) - a);
    return len == (size_t)(line_end(b) - b) && memcmp(a, b, len) == 0;
}

/* Prints the lines around the first difference; returns its number. */
static unsigned print_difference(struct report *report, const char *want, const char *got)
{
    const char *before = NULL;
    unsigned no = 1;

    while (*want != '\0' && *got != '\0' && is_same_line(want, got)) {
        before = want;
        want = next_line(want);
        got = next_line(got);
        no++;
    }
    if (before != NULL) {
        print_line(report, ' ', before);
    }
    print_some(report, '-', want);
    print_some(report, '+', got);
    return no;
}

/* NAME.script -> NAME.golden */
static void golden_path(const char *script, char *path, size_t cap)
{
    const char *const dot = strrchr(script, '.');
    const size_t stem = dot == NULL ? strlen(script) : (size_t)(dot - script);
    (void)snprintf(path, cap, "%.*s.golden", (int)stem, script);
}

static void compare(struct report *report, const char *name, const char *path, const char *got)
{
    struct err err = { .rc = ARB_OK };
    char *want = NULL;
    size_t len = 0;

    if (file_read(path, SCRIPT_BYTES_MAX, &want, &len, &err) != ARB_OK) {
        report_fail(report, name, "%s (--update writes it)", err.text);
        return;
    }
    if (strcmp(want, got) == 0) {
        report_pass(report, name);
    } else {
        const unsigned no = print_difference(report, want, got);
        report_fail(report, name, "differs from %s at line %u (- wanted, + got)", path, no);
    }
    free(want);
}

static void update(struct report *report, const char *name, const char *path, const char *got)
{
    struct err err = { .rc = ARB_OK };

    if (file_write(path, (struct arb_bytes){ got, strlen(got) }, &err) != ARB_OK) {
        report_fail(report, name, "%s", err.text);
    } else {
        report_pass(report, name);
    }
}

void golden_check(struct report *report, const struct plugin *plugin, const struct script *script,
                  bool is_update)
{
    char name[NAME_MAX_LEN], path[NAME_MAX_LEN];
    struct err err = { .rc = ARB_OK };
    const char *const slash = strrchr(script->path, '/');
    char *got = NULL;
    size_t len = 0;

    (void)snprintf(name, sizeof(name), "golden %s%s", slash == NULL ? script->path : slash + 1,
                   is_update ? ", written" : "");
    golden_path(script->path, path, sizeof(path));
    watch_check(name);
    const struct telling telling = { report, name, plugin, script };
    if (tell(&telling, &got, &len, &err) != ARB_OK) {
        report_fail(report, name, "%s", err.text);
    } else if (is_update) {
        update(report, name, path, got);
    } else {
        compare(report, name, path, got);
    }
    free(got);
}
