#include "script.h"

#include <ctype.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arbspot/decimal.h"
#include "file.h"

enum { RETRY_AFTER_MAX_S = 86400, STEPS_MIN = 64, NS_DIGITS = 9, MS_DIGITS = 3 };

/* One line being read. */
struct line {
    struct script *script;
    unsigned no;
    char *rest; /* what is left of it */
    struct err *err;
};

static int complain(const struct line *line, const char *what)
{
    return err_set(line->err, ARB_EINVAL, "%s:%u: %s", line->script->path, line->no, what);
}

/* -- words ---------------------------------------------------------------------------- */

static char *skip_blanks(char *p)
{
    while (*p == ' ' || *p == '\t') {
        p++;
    }
    return p;
}

/* The next word, cut out of the line; "" at its end. */
static char *take_word(struct line *line)
{
    char *const word = skip_blanks(line->rest);
    char *end = word + strcspn(word, " \t");

    if (*end != '\0') {
        *end++ = '\0';
    }
    line->rest = skip_blanks(end);
    return word;
}

static int take_number(struct line *line, int64_t max, unsigned scale, int64_t *value)
{
    const char *const word = take_word(line);
    const struct arb_bytes text = { word, strlen(word) };

    if (arb_decimal_parse(text, scale, value, NULL) != ARB_OK || *value > max) {
        return complain(line, "a number is missing here, or is too large");
    }
    return ARB_OK;
}

static void trim_end(char *text)
{
    size_t len = strlen(text);
    while (len > 0 && isspace((unsigned char)text[len - 1])) {
        text[--len] = '\0';
    }
}

/* -- recordings ----------------------------------------------------------------------- */

/* A path from the script's folder, as one from here; the caller frees it. */
static char *path_beside(const char *script, const char *path)
{
    char folder[PATH_MAX];
    char *joined = NULL;

    if (path[0] == '/') {
        return strdup(path);
    }
    (void)snprintf(folder, sizeof(folder), "%s", script);
    return asprintf(&joined, "%s/%s", dirname(folder), path) < 0 ? NULL : joined;
}

static int open_recording(const struct line *line, const char *name, const struct recording **out)
{
    struct script *const script = line->script;
    char *const path = path_beside(script->path, name);

    if (path == NULL) {
        return err_set(line->err, ARB_ENOMEM, "no memory");
    }
    for (unsigned i = 0; i < script->n_recordings; i++) {
        if (strcmp(script->recordings[i].path, path) == 0) {
            free(path);
            *out = &script->recordings[i].recording;
            return ARB_OK;
        }
    }
    if (script->n_recordings == SCRIPT_RECORDINGS_MAX) {
        free(path);
        return complain(line, "too many recordings in one script");
    }
    struct script_recording *const slot = &script->recordings[script->n_recordings++];
    *slot = (struct script_recording){ .path = path };
    *out = &slot->recording;
    return recording_add(&slot->recording, path, line->err);
}

/* "FILE:7" */
static int take_record(const struct line *line, char *reference, struct arb_bytes *data)
{
    char *const colon = strrchr(reference, ':');
    const struct recording *recording = NULL;
    int64_t n = 0;

    if (colon == NULL ||
        arb_decimal_parse((struct arb_bytes){ colon + 1, strlen(colon + 1) }, 0, &n, NULL) != 0) {
        return complain(line, "a record is named @FILE:NUMBER");
    }
    *colon = '\0';
    const int rc = open_recording(line, reference, &recording);
    if (rc != ARB_OK) {
        return rc;
    }
    if (n < 1 || (size_t)n > recording->n) {
        return complain(line, "the recording has no such record");
    }
    *data = recording->records[n - 1].data;
    return ARB_OK;
}

/* The rest of the line: the bytes themselves, or a record. */
static int take_data(struct line *line, struct arb_bytes *data)
{
    if (line->rest[0] == '@') {
        return take_record(line, line->rest + 1, data);
    }
    *data = (struct arb_bytes){ line->rest, strlen(line->rest) };
    return ARB_OK;
}

/* -- steps ---------------------------------------------------------------------------- */

static int add_step(const struct line *line, const struct step *step)
{
    struct script *const script = line->script;

    if (script->n_steps == script->cap_steps) {
        const size_t cap = script->cap_steps == 0 ? STEPS_MIN : 2 * script->cap_steps;
        struct step *const steps = realloc(script->steps, cap * sizeof(*steps));
        if (steps == NULL) {
            return err_set(line->err, ARB_ENOMEM, "no memory");
        }
        script->steps = steps;
        script->cap_steps = cap;
    }
    script->steps[script->n_steps] = *step;
    script->steps[script->n_steps++].line = line->no;
    return ARB_OK;
}

static int take_conn(struct line *line, struct step *step)
{
    int64_t conn = 0;
    const int rc = take_number(line, ARB_CONNS_MAX - 1, 0, &conn);
    step->conn = (uint32_t)conn;
    return rc;
}

static int read_at(struct line *line)
{
    struct step step = { .kind = STEP_AT };
    const int rc = take_number(line, INT64_MAX / 2, NS_DIGITS, &step.ns);
    return rc != ARB_OK ? rc : add_step(line, &step);
}

/* "-3600": a sign, and seconds */
static int read_clock(struct line *line)
{
    struct step step = { .kind = STEP_CLOCK };
    const bool is_back = line->rest[0] == '-';

    line->rest += is_back || line->rest[0] == '+';
    const int rc = take_number(line, INT64_MAX / 4, NS_DIGITS, &step.ns);
    step.ns = is_back ? -step.ns : step.ns;
    return rc != ARB_OK ? rc : add_step(line, &step);
}

static int read_open(struct line *line)
{
    struct step step = { .kind = STEP_OPEN };
    const int rc = take_conn(line, &step);
    return rc != ARB_OK ? rc : add_step(line, &step);
}

static int read_message(struct line *line)
{
    struct step step = { .kind = STEP_MESSAGE };
    int rc = take_conn(line, &step);
    if (rc == ARB_OK) {
        rc = take_data(line, &step.data);
    }
    return rc != ARB_OK ? rc : add_step(line, &step);
}

static int take_retry_after(struct line *line, int64_t *ms)
{
    static const char word[] = "retry-after ";

    if (strncmp(line->rest, word, strlen(word)) != 0) {
        return ARB_OK;
    }
    (void)take_word(line);
    return take_number(line, (int64_t)RETRY_AFTER_MAX_S * 1000, MS_DIGITS, ms);
}

static int read_http(struct line *line)
{
    struct step step = { .kind = STEP_HTTP, .name = take_word(line) };
    int64_t status = 0;
    int rc = take_number(line, 999, 0, &status);

    step.status = (int)status;
    if (rc == ARB_OK) {
        rc = take_retry_after(line, &step.retry_after_ms);
    }
    if (rc == ARB_OK) {
        rc = take_data(line, &step.data);
    }
    return rc != ARB_OK ? rc : add_step(line, &step);
}

static int read_close(struct line *line)
{
    struct step step = { .kind = STEP_CLOSE };
    const int rc = take_conn(line, &step);
    step.name = line->rest;
    return rc != ARB_OK ? rc : add_step(line, &step);
}

static int read_live(struct line *line)
{
    const struct step step = { .kind = STEP_LIVE };
    struct script *const script = line->script;

    if (script->n_clean == 0) {
        script->n_clean = script->n_steps;
    }
    return add_step(line, &step);
}

/* -- settings ------------------------------------------------------------------------- */

static int read_option(struct line *line)
{
    struct script *const script = line->script;
    struct config_entry *const entry = &script->options[script->n_options];
    const char *const key = take_word(line);

    if (script->n_options == SCRIPT_OPTIONS_MAX || strcmp(take_word(line), "=") != 0) {
        return complain(line, "an option reads `option NAME = VALUE`; there is a limit of 16");
    }
    *entry = (struct config_entry){ .key = key, .value = line->rest, .line = line->no };
    if (script->n_options++ > 0) {
        entry[-1].next = entry;
    }
    script->exchange.options = script->options;
    return ARB_OK;
}

static int read_symbols(struct line *line)
{
    struct exchange_config *const exchange = &line->script->exchange;
    char *rest = line->rest;

    for (char *word; (word = strsep(&rest, ", ")) != NULL;) {
        if (*word == '\0') {
            continue;
        }
        if (exchange->n_symbols == SCRIPT_SYMBOLS_MAX || strlen(word) >= ARB_SYMBOL_MAX) {
            return complain(line, "too many symbols, or one that is too long");
        }
        exchange->symbols[exchange->n_symbols++] = word;
    }
    return ARB_OK;
}

static int read_scale(struct line *line)
{
    const char *const symbol = take_word(line);
    int64_t px = 0, qty = 0;
    int rc = take_number(line, ARB_SCALE_MAX, 0, &px);

    if (rc == ARB_OK) {
        rc = take_number(line, ARB_SCALE_MAX, 0, &qty);
    }
    if (rc == ARB_OK &&
        instrument_list_scale(&line->script->instruments, symbol, px, qty) != ARB_OK) {
        rc = complain(line, "too many scales, or a symbol that is too long");
    }
    return rc;
}

static int read_venue_symbol(struct line *line)
{
    struct script *const script = line->script;
    const char *const symbol = take_word(line);

    return instrument_list_name(&script->instruments, script->exchange.name, symbol,
                                take_word(line)) == ARB_OK
               ? ARB_OK
               : complain(line, "it reads `venue-symbol SYMBOL NAME`; there is a limit of 64");
}

/* -- lines ---------------------------------------------------------------------------- */

static const struct command {
    const char *word;
    int (*read)(struct line *line);
} commands[] = {
    { "option", read_option },
    { "symbols", read_symbols },
    { "scale", read_scale },
    { "at", read_at },
    { "open", read_open },
    { "message", read_message },
    { "http", read_http },
    { "close", read_close },
    { "live", read_live },
    { "clock", read_clock },
    { "venue-symbol", read_venue_symbol },
};

static int read_line(struct line *line)
{
    trim_end(line->rest);
    line->rest = skip_blanks(line->rest);
    if (line->rest[0] == '\0' || line->rest[0] == '#') {
        return ARB_OK;
    }
    const char *const word = take_word(line);
    for (size_t i = 0; i < sizeof(commands) / sizeof(*commands); i++) {
        if (strcmp(word, commands[i].word) == 0) {
            return commands[i].read(line);
        }
    }
    return err_set(line->err, ARB_EINVAL, "%s:%u: '%s' is no command; see --help",
                   line->script->path, line->no, word);
}

static int read_lines(struct script *script, struct err *err)
{
    char *rest = script->text;
    struct line line = { .script = script, .err = err };
    int rc = ARB_OK;

    while (rc == ARB_OK && (line.rest = strsep(&rest, "\n")) != NULL) {
        line.no++;
        rc = read_line(&line);
    }
    if (rc == ARB_OK && script->exchange.n_symbols == 0) {
        rc = err_set(err, ARB_EINVAL, "%s: there is no line `symbols ...`", script->path);
    }
    return rc;
}

void script_set_config(struct script *script)
{
    instrument_list_config(&script->instruments, script->path, &script->config);
}

int script_load(struct script *script, const char *path, const char *name, struct err *err)
{
    size_t len = 0;

    *script = (struct script){ .path = path };
    (void)snprintf(script->exchange.name, sizeof(script->exchange.name), "%s", name);
    script->exchange.symbols = script->symbols;
    int rc = file_read(path, SCRIPT_BYTES_MAX, &script->text, &len, err);
    if (rc == ARB_OK) {
        rc = read_lines(script, err);
    }
    if (rc != ARB_OK) {
        script_fini(script);
        return rc;
    }
    script_set_config(script);
    return ARB_OK;
}

void script_fini(struct script *script)
{
    for (unsigned i = 0; i < script->n_recordings; i++) {
        recording_fini(&script->recordings[i].recording);
        free(script->recordings[i].path);
    }
    free(script->steps);
    free(script->text);
    *script = (struct script){ 0 };
}
