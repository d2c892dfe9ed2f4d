#include "replay/recording.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "arbspot/decimal.h"
#include "arbspot/json.h"
#include "util/shortage.h"

enum { RECORDS_MIN = 1024, NS_SCALE = 9 };
#define BARE_FIRST_NS INT64_C(1000000000) /* frames without times, from 1970-01-01T00:00:01Z */
#define BARE_STEP_NS INT64_C(1000000)
#define TIME_MAX_NS (INT64_C(4102444800) * 1000000000) /* the year 2100 */

static struct record *more_room(struct recording *recording)
{
    if (recording->n == recording->cap) {
        const size_t cap = recording->cap == 0 ? RECORDS_MIN : 2 * recording->cap;
        struct record *const records = realloc(recording->records, cap * sizeof(*records));
        if (records == NULL) {
            return NULL;
        }
        recording->records = records;
        recording->cap = cap;
    }
    return &recording->records[recording->n];
}

static int add(struct recording *recording, const struct record *record)
{
    struct record *const room = more_room(recording);
    if (room == NULL) {
        return ARB_ENOMEM;
    }
    *room = *record;
    recording->n++;
    return ARB_OK;
}

static int add_head(struct recording *recording, struct arb_bytes line)
{
    struct arb_bytes *const heads =
        realloc(recording->heads, (recording->n_heads + 1) * sizeof(*heads));
    if (heads == NULL) {
        return ARB_ENOMEM;
    }
    recording->heads = heads;
    heads[recording->n_heads++] = line;
    return ARB_OK;
}

/* -- text cursor ---------------------------------------------------------------------- */

/* The bytes up to `end_mark`, which is consumed; false when it does not come. */
static bool take_until(struct arb_bytes *text, const char *end_mark, struct arb_bytes *out)
{
    const size_t mark_len = strlen(end_mark);
    const char *const found = memmem(text->data, text->len, end_mark, mark_len);

    if (found == NULL) {
        return false;
    }
    *out = (struct arb_bytes){ text->data, (size_t)(found - text->data) };
    text->data = found + mark_len;
    text->len -= out->len + mark_len;
    return true;
}

static bool starts_with(struct arb_bytes text, const char *prefix)
{
    const size_t len = strlen(prefix);
    return text.len >= len && memcmp(text.data, prefix, len) == 0;
}

static bool skip(struct arb_bytes *text, const char *mark)
{
    const size_t len = strlen(mark);

    if (!starts_with(*text, mark)) {
        return false;
    }
    text->data += len;
    text->len -= len;
    return true;
}

/* Deadlines are counted from it, so it must not come near the end of what fits. */
static bool is_time(int64_t ns)
{
    return ns >= 0 && ns <= TIME_MAX_NS;
}

/* Seconds with a fraction, as text, to nanoseconds. */
static bool seconds_to_ns(struct arb_bytes text, int64_t *ns)
{
    return arb_decimal_parse(text, NS_SCALE, ns, NULL) == ARB_OK && is_time(*ns);
}

static bool whole_number(struct arb_bytes text, int64_t *value)
{
    return arb_decimal_parse(text, 0, value, NULL) == ARB_OK;
}

/* Whoever edits on Windows ends lines with CR LF: the CR is no part of the line. */
static struct arb_bytes without_cr(struct arb_bytes line)
{
    const bool has_cr = line.len > 0 && line.data[line.len - 1] == '\r';
    return (struct arb_bytes){ line.data, line.len - has_cr };
}

/* Takes the line without its end; the last one may lack it. */
static struct arb_bytes take_line(struct arb_bytes *text)
{
    struct arb_bytes line = *text;

    if (!take_until(text, "\n", &line)) {
        text->data += text->len;
        text->len = 0;
    }
    return without_cr(line);
}

/* -- cryptofeed ----------------------------------------------------------------------- */

/* Some bodies are followed by the answer's headers. */
static struct arb_bytes without_headers(struct arb_bytes body)
{
    static const char mark[] = " header: ";
    const char *const found = memmem(body.data, body.len, mark, strlen(mark));
    return found == NULL ? body : (struct arb_bytes){ body.data, (size_t)(found - body.data) };
}

static bool read_url_line(struct arb_bytes line, struct record *record)
{
    struct arb_bytes time;

    if (!take_until(&line, " ", &record->url)) {
        return false;
    }
    if (starts_with(line, "<-> ")) {
        record->kind = RECORD_OPEN;
        return seconds_to_ns((struct arb_bytes){ line.data + 4, line.len - 4 }, &record->ns);
    }
    record->kind = starts_with(line, "<- ") ? RECORD_SENT : RECORD_HTTP;
    if (record->kind == RECORD_HTTP && !starts_with(line, "-> ")) {
        return false;
    }
    line.data += 3;
    line.len -= 3;
    if (!take_until(&line, ": ", &time) || !seconds_to_ns(time, &record->ns)) {
        return false;
    }
    record->data = record->kind == RECORD_HTTP ? without_headers(line) : line;
    return true;
}

static bool read_cryptofeed_line(struct arb_bytes line, struct record *record)
{
    struct arb_bytes time;

    *record = (struct record){ .kind = RECORD_MESSAGE };
    if (starts_with(line, "wss://") || starts_with(line, "https://")) {
        return read_url_line(line, record);
    }
    if (!take_until(&line, ": ", &time) || !seconds_to_ns(time, &record->ns)) {
        return false;
    }
    record->data = line;
    return true;
}

static int read_cryptofeed(struct recording *recording, struct arb_bytes text, const char *path,
                           struct err *err)
{
    struct arb_bytes line;
    struct record record;
    size_t line_no = 0;

    while (text.len > 0) {
        line_no++;
        line = take_line(&text);
        if (line.len == 0) {
            continue;
        }
        if (starts_with(line, "configuration: ")) {
            if (add_head(recording, line) != ARB_OK) {
                return err_set(err, ARB_ENOMEM, "%s: no memory", path);
            }
            continue;
        }
        if (!read_cryptofeed_line(line, &record)) {
            return err_set(err, ARB_EINVAL,
                           "%s:%zu: neither `TIME: frame` nor `URL <-> TIME`: not a recording that "
                           "this program reads (cryptofeed text, crossbook .cbcap, one JSON frame "
                           "a line)",
                           path, line_no);
        }
        if (add(recording, &record) != ARB_OK) {
            return err_set(err, ARB_ENOMEM, "%s: no memory", path);
        }
    }
    return ARB_OK;
}

/* -- crossbook ------------------------------------------------------------------------ */

static bool read_cbcap_head(struct arb_bytes *text, struct arb_bytes *head, int64_t *start_ns)
{
    struct arb_bytes line, ignored;

    if (!take_until(text, "\n", head)) {
        return false;
    }
    *head = without_cr(*head);
    line = *head;
    return take_until(&line, " ", &ignored) && take_until(&line, " ", &ignored) &&
           take_until(&line, " ", &ignored) && whole_number(line, start_ns);
}

static bool read_cbcap_record(struct arb_bytes *text, int64_t *ns, struct arb_bytes *frame)
{
    struct arb_bytes time, len_text;
    int64_t len = 0;

    if (!take_until(text, " ", &time) || !whole_number(time, ns) ||
        !take_until(text, "\n", &len_text) || !whole_number(without_cr(len_text), &len) ||
        (uint64_t)len > text->len) {
        return false;
    }
    *frame = (struct arb_bytes){ text->data, (size_t)len };
    text->data += len;
    text->len -= (size_t)len;
    if (text->len == 0) {
        return true; /* the last frame may lack its line end */
    }
    return skip(text, "\n") || skip(text, "\r\n");
}

static int read_cbcap(struct recording *recording, struct arb_bytes text, const char *path,
                      struct err *err)
{
    const char *const begin = text.data;
    int64_t start_ns = 0, ns = 0, first_ns = -1;
    struct record record = { .kind = RECORD_MESSAGE };
    struct arb_bytes head;

    if (!read_cbcap_head(&text, &head, &start_ns)) {
        return err_set(err, ARB_EINVAL, "%s:1: a cbcap file starts `CBCAP1 venue symbol unix_ns`",
                       path);
    }
    if (add_head(recording, head) != ARB_OK) {
        return err_set(err, ARB_ENOMEM, "%s: no memory", path);
    }
    while (text.len > 0) {
        const size_t at = (size_t)(text.data - begin);
        const bool is_record = read_cbcap_record(&text, &ns, &record.data);
        first_ns = first_ns < 0 ? ns : first_ns; /* the recorder's clock starts anywhere */
        if (!is_record || __builtin_add_overflow(start_ns, ns - first_ns, &record.ns) ||
            !is_time(record.ns)) {
            return err_set(err, ARB_EINVAL, "%s: byte %zu: not a `<ns> <length>` record", path, at);
        }
        if (add(recording, &record) != ARB_OK) {
            return err_set(err, ARB_ENOMEM, "%s: no memory", path);
        }
    }
    return ARB_OK;
}

/* -- bare frames ---------------------------------------------------------------------- */

static bool is_bare(struct arb_bytes text)
{
    const char *p = text.data;
    const char *const end = text.data + text.len;

    while (p < end && (*p == '\n' || *p == '\r' || *p == ' ' || *p == '\t')) {
        p++;
    }
    return p < end && (*p == '{' || *p == '[');
}

static bool is_json(struct arb_bytes line)
{
    struct arb_json json = arb_json_over(line);

    return arb_json_skip(&json) && arb_json_end(&json);
}

/* Where nobody wrote the times down, frames come in a steady row: time has to go on. */
static int read_bare(struct recording *recording, struct arb_bytes text, const char *path,
                     struct err *err)
{
    struct record record = { .kind = RECORD_MESSAGE, .ns = BARE_FIRST_NS };

    for (size_t line_no = 1; text.len > 0; line_no++) {
        record.data = take_line(&text);
        if (record.data.len == 0) {
            continue;
        }
        if (!is_json(record.data)) {
            return err_set(err, ARB_EINVAL,
                           "%s:%zu: not one whole JSON value; where no times are given, each line "
                           "has to be one frame",
                           path, line_no);
        }
        if (add(recording, &record) != ARB_OK) {
            return err_set(err, ARB_ENOMEM, "%s: no memory", path);
        }
        record.ns += BARE_STEP_NS;
    }
    recording->is_bare = true;
    return ARB_OK;
}

/* -- files ---------------------------------------------------------------------------- */

static int read_text(struct recording *recording, struct arb_bytes text, const char *path,
                     struct err *err)
{
    if (starts_with(text, "CBCAP1 ")) {
        return read_cbcap(recording, text, path, err);
    }
    return is_bare(text) ? read_bare(recording, text, path, err)
                         : read_cryptofeed(recording, text, path, err);
}

/* What is known not to be readable, in words of its own; NULL: it may be. */
static const char *why_not(const struct recording *recording, struct arb_bytes text)
{
    if (starts_with(text, "\x1f\x8b")) {
        return "packed by gzip; unpack it first (gunzip)";
    }
    if (recording->n > 0 && (recording->is_bare || is_bare(text))) {
        return "of two recordings one has no times, so that nobody knows which frame comes first; "
               "give the one alone";
    }
    return NULL;
}

static int slurp_stream(FILE *file, const char *path, struct arb_bytes *out, struct err *err)
{
    struct stat status = { 0 };

    if (fstat(fileno(file), &status) != 0 || !S_ISREG(status.st_mode) ||
        fseek(file, 0, SEEK_END) != 0) {
        return err_set(err, ARB_EINVAL, "%s: %s", path,
                       S_ISDIR(status.st_mode) ? "a folder, not a recording: name its files"
                                               : "not a regular file");
    }
    const long len = ftell(file);
    if (len < 0 || len > RECORDING_BYTES_MAX) {
        return err_set(err, ARB_ELIMIT, "%s: larger than %d bytes", path, RECORDING_BYTES_MAX);
    }
    rewind(file);
    char *const data = malloc((size_t)len + 1);
    if (data == NULL) {
        return err_set(err, ARB_ENOMEM, "%s: no memory", path);
    }
    if (fread(data, 1, (size_t)len, file) != (size_t)len) {
        free(data);
        return err_set(err, ARB_EINVAL, "%s: cannot be read: %s", path,
                       ferror(file) ? strerror(errno) : "it became shorter");
    }
    *out = (struct arb_bytes){ data, (size_t)len };
    return ARB_OK;
}

static int slurp(const char *path, struct arb_bytes *out, struct err *err)
{
    FILE *const file = fopen(path, "rb");
    if (file == NULL) {
        return err_set(err, ARB_EINVAL, "%s: %s", path, shortage_words(errno));
    }
    const int rc = slurp_stream(file, path, out, err);
    (void)fclose(file);
    return rc;
}

static int keep_file(struct recording *recording, struct arb_bytes text)
{
    char **const files =
        realloc(recording->files, (recording->n_files + 1) * sizeof(*recording->files));
    if (files == NULL) {
        return ARB_ENOMEM;
    }
    recording->files = files;
    /* Only freed through this pointer, never written. */
    recording->files[recording->n_files++] = (char *)(uintptr_t)text.data;
    return ARB_OK;
}

int recording_add(struct recording *recording, const char *path, struct err *err)
{
    const size_t n_before = recording->n, n_heads_before = recording->n_heads;
    struct arb_bytes text = { "", 0 };
    int rc = slurp(path, &text, err);

    if (rc != ARB_OK) {
        return rc;
    }
    const char *const why = why_not(recording, text);
    rc = why == NULL ? read_text(recording, text, path, err)
                     : err_set(err, ARB_EINVAL, "%s: %s", path, why);
    if (rc == ARB_OK) {
        rc = keep_file(recording, text);
    }
    if (rc != ARB_OK) {
        recording->n = n_before;
        recording->n_heads = n_heads_before;
        free((char *)(uintptr_t)text.data);
    }
    return rc;
}

/* qsort() is not stable, so the order of arrival is part of the key. */
static int by_time(const void *a, const void *b)
{
    const struct record *const left = a, *const right = b;
    if (left->ns != right->ns) {
        return left->ns < right->ns ? -1 : 1;
    }
    return left->order < right->order ? -1 : left->order > right->order;
}

void recording_sort(struct recording *recording)
{
    for (size_t i = 0; i < recording->n; i++) {
        recording->records[i].order = i;
    }
    if (recording->n > 0) {
        qsort(recording->records, recording->n, sizeof(*recording->records), by_time);
    }
}

void recording_fini(struct recording *recording)
{
    for (size_t i = 0; i < recording->n_files; i++) {
        free(recording->files[i]);
    }
    free(recording->files);
    free(recording->heads);
    free(recording->records);
    *recording = (struct recording){ 0 };
}
