#include "replay/replay.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* -- HTTP ----------------------------------------------------------------------------- */

/* The path of a URL without host, query and closing slashes: what a recording is matched by. */
static struct arb_bytes path_of(struct arb_bytes url)
{
    const char *const end = url.data + url.len;
    const char *const scheme = memmem(url.data, url.len, "://", 3);
    const char *p = scheme == NULL ? url.data : scheme + 3;
    while (p < end && *p != '/') {
        p++;
    }
    const char *query = p;
    while (query < end && *query != '?') {
        query++;
    }
    while (query > p && query[-1] == '/') {
        query--;
    }
    return (struct arb_bytes){ p, (size_t)(query - p) };
}

static bool answers(const struct record *record, const char *path)
{
    if (record->kind != RECORD_HTTP) {
        return false; /* no URL */
    }
    const struct arb_bytes recorded = path_of(record->url);
    return recorded.len == strlen(path) && memcmp(recorded.data, path, recorded.len) == 0;
}

/* The first body of that path not handed out yet, or recording->n. */
static size_t find_answer(const struct replay *replay, const char *path)
{
    for (size_t i = 0; i < replay->recording->n; i++) {
        if (!replay->served[i] && answers(&replay->recording->records[i], path)) {
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

/* Answers one request that can be answered now; false when there is none. */
static bool answer_one(struct replay *replay)
{
    static const struct arb_bytes nothing = { "not in the recording", 20 };

    for (uint32_t i = 0; i < replay->n_requests; i++) {
        const struct replay_request request = replay->requests[i];
        const size_t found = find_answer(replay, request.path);
        if (found == replay->recording->n) {
            forget_request(replay, i);
            feed_on_http(replay->feed, request.request, replay->now_ns, 0, nothing);
            return true;
        }
        if (found < replay->at) { /* it has arrived */
            replay->served[found] = true;
            forget_request(replay, i);
            feed_on_http(replay->feed, request.request, replay->now_ns, 200,
                         replay->recording->records[found].data);
            return true;
        }
    }
    return false;
}

/* -- the feed's I/O ------------------------------------------------------------------- */

static int replay_ws_open(void *context, uint32_t conn, const struct arb_ws_spec *spec)
{
    struct replay *const replay = context;
    (void)spec;
    replay->wants_open[conn] = true;
    return ARB_OK;
}

static int replay_ws_send(void *context, uint32_t conn, struct arb_bytes text)
{
    (void)context;
    (void)conn;
    (void)text; /* the venue of a recording does not listen */
    return ARB_OK;
}

static void replay_ws_close(void *context, uint32_t conn, const char *why)
{
    struct replay *const replay = context;
    (void)why;
    replay->wants_close[conn] = true;
}

static int replay_http_get(void *context, uint32_t request, const char *url)
{
    struct replay *const replay = context;
    const struct arb_bytes path = path_of((struct arb_bytes){ url, strlen(url) });
    struct replay_request *const slot = &replay->requests[replay->n_requests];

    if (replay->n_requests == REPLAY_REQUESTS_MAX || path.len >= sizeof(slot->path)) {
        return ARB_ELIMIT;
    }
    slot->request = request;
    memcpy(slot->path, path.data, path.len);
    slot->path[path.len] = '\0';
    replay->n_requests++;
    return ARB_OK;
}

const struct feed_io_ops replay_io = {
    .ws_open = replay_ws_open,
    .ws_send = replay_ws_send,
    .ws_close = replay_ws_close,
    .http_get = replay_http_get,
};

/* What the plugin asked for since the last look: a dropped connection is back at once. */
static void serve_requests(struct replay *replay)
{
    for (uint32_t conn = 0; conn < ARB_CONNS_MAX; conn++) {
        if (replay->wants_close[conn]) {
            replay->wants_close[conn] = false;
            replay->wants_open[conn] = true;
            feed_on_close(replay->feed, conn, replay->now_ns, "dropped in the replay");
        }
        if (replay->wants_open[conn]) {
            replay->wants_open[conn] = false;
            feed_on_open(replay->feed, conn, replay->now_ns);
        }
    }
    while (answer_one(replay)) {
        /* each answer may lead to another request */
    }
}

/* -- steps ---------------------------------------------------------------------------- */

int replay_init(struct replay *replay, const struct recording *recording)
{
    *replay = (struct replay){ .recording = recording };
    replay->served = calloc(recording->n + 1, sizeof(*replay->served));
    replay->now_ns = replay_start_ns(replay);
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
    int64_t next_ns = feed_on_turn(replay->feed, replay->now_ns);

    while (next_ns < ns) {
        replay->now_ns = next_ns > replay->now_ns ? next_ns : replay->now_ns + 1;
        next_ns = feed_on_turn(replay->feed, replay->now_ns);
        serve_requests(replay);
    }
    replay->now_ns = ns > replay->now_ns ? ns : replay->now_ns;
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
    if (record->kind == RECORD_MESSAGE) {
        feed_on_message(replay->feed, 0, replay->now_ns, record->data);
    }
    serve_requests(replay);
    return true;
}
