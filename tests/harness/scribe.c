#include "scribe.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "arbspot/decimal.h"
#include "replay/replay.h"
#include "util/clock.h"

enum { NS_SCALE = 9 };

static const char no_answer[] = "not in the recording", lost[] = "the recorder connected again";

/* -- lines ---------------------------------------------------------------------------- */

/* Does the step on the rig whose line was just written. */
static void follow(struct scribe *scribe, const struct step *step)
{
    (void)rig_step(scribe->rig, step, false, NULL); /* `live` is never written where it fails */
}

/* A line of a script is trimmed, and some beginnings mean something else. */
static bool is_spellable(struct arb_bytes data)
{
    static const char words[] = "retry-after ";

    if (data.len == 0) {
        return true;
    }
    for (size_t i = 0; i < data.len; i++) {
        if ((unsigned char)data.data[i] < 0x20) {
            return false;
        }
    }
    const bool is_word = data.len >= strlen(words) && memcmp(data.data, words, strlen(words)) == 0;
    return !is_word && data.data[0] != '@' && data.data[0] != ' ' && data.data[data.len - 1] != ' ';
}

/* The bytes of a record, or where they are. */
static void put_data(const struct scribe *scribe, const struct record *record)
{
    const struct scribe_file *file = scribe->files;
    size_t n_before = 0;

    if (is_spellable(record->data)) {
        (void)fwrite(record->data.data, 1, record->data.len, scribe->out);
        (void)fputc('\n', scribe->out);
        return;
    }
    for (; record->order >= file->n_end; file++) {
        n_before = file->n_end;
    }
    (void)fprintf(scribe->out, "@%s:%zu\n", file->path, record->order - n_before + 1);
}

/* To a time since the start, if it is still to come. It is written once something happens then. */
static void advance(struct scribe *scribe, int64_t ns)
{
    const struct step step = { .kind = STEP_AT, .ns = ns };

    if (scribe->rig->start_ns + ns > scribe->rig->now_ns) {
        scribe->unsaid_ns = ns;
        follow(scribe, &step);
    }
}

static void put_time(struct scribe *scribe)
{
    char text[ARB_DECIMAL_TEXT_MAX];

    if (scribe->unsaid_ns > 0) {
        const unsigned len = arb_decimal_write(scribe->unsaid_ns, NS_SCALE, 0, text);
        (void)fprintf(scribe->out, "at %.*s\n", (int)len, text);
        scribe->unsaid_ns = 0;
    }
}

static void open_conn(struct scribe *scribe, uint32_t conn)
{
    const struct step step = { .kind = STEP_OPEN, .conn = conn };

    put_time(scribe);
    (void)fprintf(scribe->out, "open %" PRIu32 "\n", conn);
    follow(scribe, &step);
}

static void close_conn(struct scribe *scribe, uint32_t conn)
{
    const struct step step = { .kind = STEP_CLOSE, .conn = conn, .name = lost };

    put_time(scribe);
    (void)fprintf(scribe->out, "close %" PRIu32 " %s\n", conn, lost);
    follow(scribe, &step);
}

static void bring_message(struct scribe *scribe, const struct record *record)
{
    const struct step step = { .kind = STEP_MESSAGE, .data = record->data };

    put_time(scribe);
    (void)fputs("message 0 ", scribe->out);
    put_data(scribe, record);
    follow(scribe, &step);
    scribe->n_messages++;
}

/* NULL record: no answer comes. */
static void answer(struct scribe *scribe, const char *part, const struct record *record)
{
    struct step step = { .kind = STEP_HTTP, .name = part };

    put_time(scribe);
    if (record == NULL) {
        step.data = (struct arb_bytes){ no_answer, strlen(no_answer) };
        (void)fprintf(scribe->out, "http %s 0 %s\n", part, no_answer);
    } else {
        step.status = 200;
        step.data = record->data;
        (void)fprintf(scribe->out, "http %s 200 ", part);
        put_data(scribe, record);
    }
    follow(scribe, &step);
}

/* -- requests ------------------------------------------------------------------------- */

/* The first body for that URL not handed out yet, or recording->n. */
static size_t find_answer(const struct scribe *scribe, const char *url)
{
    for (size_t i = 0; i < scribe->recording->n; i++) {
        if (!scribe->is_served[i] && replay_answers(&scribe->recording->records[i], url)) {
            return i;
        }
    }
    return scribe->recording->n;
}

/* The end of the parameter at `p`, with the mark behind it if there is one. */
static const char *next_parameter(const char *p)
{
    p += strcspn(p, "&");
    return *p == '&' ? p + 1 : p;
}

static bool has_parameter(struct arb_bytes url, const char *parameter, size_t len)
{
    const char *const found = memmem(url.data, url.len, parameter, len);

    return found != NULL && found > url.data && (found[-1] == '?' || found[-1] == '&');
}

/*
 * What a script calls the request by: from the path to the last parameter that the recorder asked
 * for too. What is behind that may be another one each time. NULL record: all of it.
 */
static void spell_part(const char *url, const struct record *record, char *part)
{
    const char *const scheme = strstr(url, "://");
    const char *const slash = strchr(scheme == NULL ? url : scheme + 3, '/');
    const char *const path = slash == NULL ? url : slash;
    const char *end = path + strcspn(path, "?");

    end += *end == '?';
    for (const char *p = end; *p != '\0' && record != NULL;) {
        const char *const next = next_parameter(p);
        if (has_parameter(record->url, p, strcspn(p, "&"))) {
            end = next;
        }
        p = next;
    }
    const size_t len = record == NULL ? strlen(path) : (size_t)(end - path);
    (void)snprintf(part, RIG_URL_MAX, "%.*s", (int)len, path);
}

/* The oldest request that waits and fits is the one that a script means. */
static bool is_meant(const struct rig *rig, const struct rig_request *request, const char *part)
{
    for (const struct rig_request *other = rig->requests; other < request; other++) {
        if (other->pending && strstr(other->url, part) != NULL) {
            return false;
        }
    }
    return true;
}

/* Answers the request if it can be answered by now. */
static bool answer_now(struct scribe *scribe, const struct rig_request *request)
{
    const size_t found = find_answer(scribe, request->url);
    const bool is_none = found == scribe->recording->n;
    const struct record *const record = is_none ? NULL : &scribe->recording->records[found];
    char part[RIG_URL_MAX];

    if (!is_none && found >= scribe->at) {
        return false; /* it is still to come */
    }
    spell_part(request->url, record, part);
    if (!is_meant(scribe->rig, request, part)) {
        return false; /* an older one goes first */
    }
    if (!is_none) {
        scribe->is_served[found] = true;
    }
    answer(scribe, part, record);
    return true;
}

/* Answers one request; false: there is none that can be. */
static bool answer_one(struct scribe *scribe)
{
    const struct rig *const rig = scribe->rig;

    for (uint32_t i = 0; i < rig->n_requests; i++) {
        if (rig->requests[i].pending && answer_now(scribe, &rig->requests[i])) {
            return true;
        }
    }
    return false;
}

/* -- steps ---------------------------------------------------------------------------- */

bool scribe_sees_all_live(const struct scribe *scribe)
{
    const struct session *const session = scribe->rig->session;
    const uint32_t n = session_n_instruments(session);

    return n > 0 && session_count_in_state(session, ARB_BOOK_LIVE) == n;
}

static void open_all(struct scribe *scribe)
{
    for (uint32_t conn = 0; scribe->is_recorder_up && conn < ARB_CONNS_MAX; conn++) {
        const struct rig_conn *const c = &scribe->rig->conns[conn];
        if (c->is_wanted && !c->is_up && !c->shall_open) {
            open_conn(scribe, conn);
        }
    }
}

/* What the session asked for since the last look, and what came of it. */
static void look(struct scribe *scribe)
{
    open_all(scribe);
    while (answer_one(scribe)) {
        open_all(scribe); /* each answer may lead to another request */
    }
    if (!scribe->was_live && scribe_sees_all_live(scribe)) {
        scribe->was_live = true;
        put_time(scribe);
        (void)fputs("live\n", scribe->out);
    }
}

static void on_recorder_open(struct scribe *scribe, const struct record *record)
{
    const bool is_again = scribe->has_messages && record->url.len == scribe->url.len &&
                          memcmp(record->url.data, scribe->url.data, record->url.len) == 0;

    for (uint32_t conn = 0; is_again && conn < ARB_CONNS_MAX; conn++) {
        if (scribe->rig->conns[conn].is_up) {
            close_conn(scribe, conn);
        }
    }
    scribe->is_recorder_up = true;
    scribe->has_messages = false;
    scribe->url = record->url;
}

static void take(struct scribe *scribe, const struct record *record)
{
    look(scribe);
    advance(scribe, record->ns - scribe->recording->records[0].ns);
    scribe->at++;
    if (replay_is_socket(record)) {
        on_recorder_open(scribe, record);
    }
    if (record->kind == RECORD_MESSAGE) {
        scribe->has_messages = true;
        open_all(scribe);
        if (scribe->rig->conns[0].is_up) {
            bring_message(scribe, record);
        }
    }
    look(scribe);
}

int scribe_write(struct scribe *scribe)
{
    const struct recording *const recording = scribe->recording;

    scribe->is_served = calloc(recording->n + 1, sizeof(*scribe->is_served));
    if (scribe->is_served == NULL) {
        return ARB_ENOMEM;
    }
    scribe->is_recorder_up = !replay_says_when_opened(recording);
    while (scribe->at < recording->n &&
           (scribe->first == 0 || scribe->n_messages < scribe->first)) {
        take(scribe, &recording->records[scribe->at]);
    }
    if (scribe_sees_all_live(scribe)) {
        put_time(scribe);
        (void)fputs("live\n", scribe->out);
    }
    free(scribe->is_served);
    scribe->is_served = NULL;
    return ARB_OK;
}
