#include "replay/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- HTTP ----------------------------------------------------------------------------- */

/* Path and query of a URL: what a recording is matched by, for hosts change. */
static struct arb_bytes target_of(struct arb_bytes url)
{
    const char *const end = url.data + url.len;
    const char *const scheme = memmem(url.data, url.len, "://", 3);
    const char *p = scheme == NULL ? url.data : scheme + 3;
    while (p < end && *p != '/') {
        p++;
    }
    return (struct arb_bytes){ p, (size_t)(end - p) };
}

/* Takes what stands before `mark`, or all of it. */
static struct arb_bytes take_part(struct arb_bytes *text, char mark)
{
    const char *const at = memchr(text->data, mark, text->len);
    const struct arb_bytes part = { text->data,
                                    at == NULL ? text->len : (size_t)(at - text->data) };
    const size_t taken = part.len + (at == NULL ? 0 : 1);

    text->data += taken;
    text->len -= taken;
    return part;
}

static bool are_same(struct arb_bytes a, struct arb_bytes b)
{
    return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* Does the query say otherwise of what a parameter, "symbol=BTCUSDT", names? */
static bool contradicts(struct arb_bytes query, struct arb_bytes parameter)
{
    const struct arb_bytes name = take_part(&parameter, '=');

    while (query.len > 0) {
        struct arb_bytes other = take_part(&query, '&');
        if (are_same(take_part(&other, '='), name) && !are_same(other, parameter)) {
            return true;
        }
    }
    return false;
}

/*
 * The same path, but for closing slashes, and no parameter in both queries with another value: a
 * recorder may have asked for more or less, but not for another book.
 */
static bool are_alike(struct arb_bytes a, struct arb_bytes b)
{
    struct arb_bytes a_path = take_part(&a, '?'), b_path = take_part(&b, '?');

    while (a_path.len > 0 && a_path.data[a_path.len - 1] == '/') {
        a_path.len--;
    }
    while (b_path.len > 0 && b_path.data[b_path.len - 1] == '/') {
        b_path.len--;
    }
    bool is_alike = are_same(a_path, b_path);
    while (is_alike && a.len > 0) {
        is_alike = !contradicts(b, take_part(&a, '&'));
    }
    return is_alike;
}

bool replay_answers(const struct record *record, const char *url)
{
    return record->kind == RECORD_HTTP &&
           are_alike(target_of(record->url), target_of((struct arb_bytes){ url, strlen(url) }));
}

/* The first body of that target not handed out yet, or recording->n. */
static size_t find_answer(const struct replay *replay, const char *target)
{
    for (size_t i = 0; i < replay->recording->n; i++) {
        if (!replay->served[i] && replay_answers(&replay->recording->records[i], target)) {
            return i;
        }
    }
    return replay->recording->n;
}

static void forget_request(struct replay *replay, uint32_t i)
{
    replay->n_requests--;
    memmove(&replay->requests[i], &replay->requests[i + 1],
            (replay->n_requests - i) * sizeof(replay->requests[0]));
}

static void answer(struct replay *replay, uint32_t request, int status, struct arb_bytes body)
{
    const struct http_answer answer = { .status = status, .body = body };
    session_events.on_answer(replay->session, request, moment_at(replay->now_ns), &answer);
}

/* Answers one request that can be answered now; false when there is none. */
static bool answer_one(struct replay *replay)
{
    static const struct arb_bytes nothing = { "not in the recording", 20 };

    for (uint32_t i = 0; i < replay->n_requests; i++) {
        const struct replay_request request = replay->requests[i];
        const size_t found = find_answer(replay, request.target);
        if (found == replay->recording->n) {
            forget_request(replay, i);
            answer(replay, request.request, 0, nothing);
            return true;
        }
        if (found < replay->at) { /* it has arrived */
            replay->served[found] = true;
            forget_request(replay, i);
            answer(replay, request.request, 200, replay->recording->records[found].data);
            return true;
        }
    }
    return false;
}

/* -- the network ---------------------------------------------------------------------- */

static int replay_ws_open(void *context, void *owner, uint32_t conn, const struct ws_spec *spec)
{
    (void)owner;
    (void)spec;
    ((struct replay *)context)->conns[conn].wants_dial = true;
    return ARB_OK;
}

/* The recorded connection is up, whatever the URL. */
static void replay_ws_dial(void *context, void *owner, uint32_t conn, const char *url)
{
    (void)owner;
    (void)url;
    ((struct replay *)context)->conns[conn].wants_open = true;
}

static int replay_ws_send(void *context, void *owner, uint32_t conn, struct arb_message message)
{
    (void)context;
    (void)owner;
    (void)conn;
    (void)message; /* the venue of a recording does not listen */
    return ARB_OK;
}

static void replay_ws_close(void *context, void *owner, uint32_t conn, const char *why)
{
    (void)owner;
    (void)why;
    ((struct replay *)context)->conns[conn].wants_close = true;
}

static void replay_ws_give_up(void *context, void *owner, uint32_t conn, const char *why)
{
    (void)owner;
    (void)why;
    ((struct replay *)context)->conns[conn] = (struct replay_conn){ 0 };
}

static int replay_http(void *context, void *owner, uint32_t request, const struct http_spec *spec)
{
    struct replay *const replay = context;
    const struct arb_bytes target = target_of((struct arb_bytes){ spec->url, strlen(spec->url) });
    struct replay_request *const slot = &replay->requests[replay->n_requests];

    (void)owner;
    if (replay->n_requests == REPLAY_REQUESTS_MAX || target.len >= sizeof(slot->target)) {
        return ARB_ELIMIT;
    }
    slot->request = request;
    memcpy(slot->target, target.data, target.len);
    slot->target[target.len] = '\0';
    replay->n_requests++;
    return ARB_OK;
}

static void replay_forget(void *context, void *owner)
{
    struct replay *const replay = context;

    (void)owner;
    memset(replay->conns, 0, sizeof(replay->conns));
    replay->n_requests = 0;
}

static const struct port_ops replay_ops = {
    .ws_open = replay_ws_open,
    .ws_dial = replay_ws_dial,
    .ws_send = replay_ws_send,
    .ws_close = replay_ws_close,
    .ws_give_up = replay_ws_give_up,
    .http = replay_http,
    .forget = replay_forget,
};

struct port replay_port(struct replay *replay)
{
    return (struct port){ .ops = &replay_ops, .context = replay };
}

/* A connection that is dropped is back as soon as the recorder's is. */
static void serve_close(struct replay *replay, uint32_t conn, const char *why)
{
    struct replay_conn *const c = &replay->conns[conn];
    const bool was_open = c->is_open;

    *c = (struct replay_conn){ .wants_dial = true };
    if (was_open) {
        session_events.on_close(replay->session, conn, moment_at(replay->now_ns), why);
    }
}

static void serve_conn(struct replay *replay, uint32_t conn)
{
    struct replay_conn *const c = &replay->conns[conn];

    if (c->wants_close) {
        serve_close(replay, conn, "dropped in the replay");
    }
    if (c->wants_dial) {
        c->wants_dial = false;
        session_events.on_dial(replay->session, conn, moment_at(replay->now_ns));
    }
    if (c->wants_open && replay->is_recorder_up) {
        c->wants_open = false;
        c->is_open = true;
        session_events.on_open(replay->session, conn, moment_at(replay->now_ns));
    }
}

/* What the session asked for since the last look. */
static void serve_requests(struct replay *replay)
{
    for (uint32_t conn = 0; conn < ARB_CONNS_MAX; conn++) {
        serve_conn(replay, conn);
    }
    while (answer_one(replay)) {
        /* each answer may lead to another request */
    }
}

/* -- steps ---------------------------------------------------------------------------- */

bool replay_is_socket(const struct record *record)
{
    return record->kind == RECORD_OPEN && record->url.len > 3 &&
           memcmp(record->url.data, "ws", 2) == 0;
}

/* Where a recording does not say when connections were opened, they are from the start. */
bool replay_says_when_opened(const struct recording *recording)
{
    for (size_t i = 0; i < recording->n; i++) {
        if (replay_is_socket(&recording->records[i])) {
            return true;
        }
    }
    return false;
}

/*
 * The recorder opened a connection. To where it had one that brought messages, it had lost that
 * one: which a recording does not say in other words.
 */
static void on_recorder_open(struct replay *replay, const struct record *record)
{
    const bool is_again = replay->has_messages && record->url.len == replay->url.len &&
                          memcmp(record->url.data, replay->url.data, record->url.len) == 0;

    for (uint32_t conn = 0; is_again && conn < ARB_CONNS_MAX; conn++) {
        if (replay->conns[conn].is_open) {
            serve_close(replay, conn, "the recorder connected again");
        }
    }
    replay->is_recorder_up = true;
    replay->has_messages = false;
    replay->url = record->url;
}

int replay_init(struct replay *replay, const struct recording *recording)
{
    *replay = (struct replay){ .recording = recording };
    replay->served = calloc(recording->n + 1, sizeof(*replay->served));
    replay->now_ns = replay_start_ns(replay);
    replay->is_recorder_up = !replay_says_when_opened(recording);
    return replay->served == NULL ? ARB_ENOMEM : ARB_OK;
}

void replay_fini(struct replay *replay)
{
    free(replay->served);
    replay->served = NULL;
}

int64_t replay_start_ns(const struct replay *replay)
{
    return replay->recording->n == 0 ? 0 : replay->recording->records[0].ns;
}

static void run_turns_until(struct replay *replay, int64_t ns)
{
    int64_t next_ns = session_on_turn(replay->session, moment_at(replay->now_ns));

    while (next_ns < ns) {
        replay->now_ns = next_ns > replay->now_ns ? next_ns : replay->now_ns + 1;
        next_ns = session_on_turn(replay->session, moment_at(replay->now_ns));
        serve_requests(replay);
    }
    replay->now_ns = ns > replay->now_ns ? ns : replay->now_ns;
}

int64_t replay_record_ns(const struct replay *replay)
{
    const struct recording *const recording = replay->recording;
    return replay->at == recording->n ? NEVER_NS : recording->records[replay->at].ns;
}

int64_t replay_turn(struct replay *replay, int64_t ns)
{
    replay->now_ns = ns > replay->now_ns ? ns : replay->now_ns;
    const int64_t next_ns = session_on_turn(replay->session, moment_at(replay->now_ns));
    serve_requests(replay);
    return next_ns > replay->now_ns ? next_ns : replay->now_ns + 1;
}

bool replay_step(struct replay *replay)
{
    if (replay->at == replay->recording->n) {
        return false;
    }
    const struct record *const record = &replay->recording->records[replay->at];

    serve_requests(replay);
    run_turns_until(replay, record->ns);
    replay->at++;
    if (replay_is_socket(record)) {
        on_recorder_open(replay, record);
    }
    replay->has_messages = replay->has_messages || record->kind == RECORD_MESSAGE;
    if (record->kind == RECORD_MESSAGE && replay->conns[0].is_open) {
        const struct arb_message message = { .data = record->data.data, .len = record->data.len };
        session_events.on_message(replay->session, 0, moment_at(replay->now_ns), message);
    }
    serve_requests(replay);
    return true;
}
