#include "io/ws_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/backlog.h"
#include "io/backoff.h"
#include "io/close_code.h"
#include "io/inbox.h"
#include "io/send_queue.h"
#include "util/clock.h"
#include "util/log.h"

enum {
    HEALTHY_MS = 60000,  /* a connection that lived this long has its backoff reset */
    CLOSE_TEXT_MAX = 64, /* of the venue's own words, for the log */
    RSV1 = 0x40,         /* in the first byte of a frame: its message is compressed */
};

/* Before a connection that seemed dead, but has bytes to be read, is looked at again. */
#define UNREAD_LOOK_NS (100 * NS_PER_MS)

enum ws_state {
    WS_WAITING = 1,    /* for the next attempt, at `due_ns` */
    WS_ASKING = 2,     /* for the owner to say where to, however long that takes */
    WS_LOOKUP = 3,     /* the name is being resolved */
    WS_CONNECTING = 4, /* to one address, until `due_ns`: TCP, TLS, HTTP */
    WS_OPEN = 5,
};

struct ws_conn {
    struct dial dial; /* first, so that the dial leads back to its connection */
    struct ws_name name;
    enum ws_state state;
    int64_t due_ns;
    int64_t idle_ns;
    int64_t opened_ns;
    int64_t heard_ns; /* anything at all */
    int64_t life_ns;  /* what proves that the venue serves us */
    bool pong_is_life;
    int64_t asked_ns;  /* when the last ping was due; 0: none yet */
    int64_t pinged_ns; /* when the last ping was written, which is its payload; 0: none yet */
    int64_t ponged_ns; /* when the last of them that was answered had been written */
    bool wants_ping;
    bool is_given_up;  /* no further attempts */
    bool is_forgotten; /* and nothing is reported; freed as soon as its socket is gone */
    bool is_suspect;   /* said so, and nothing came since */
    struct backoff backoff;
    struct backlog backlog;
    struct send_queue queue;
    struct inbox inbox; /* the pieces of a message so far */
};

_Static_assert(offsetof(struct ws_conn, dial) == 0, "a dial leads back to its connection");

static struct ws_conn **place_of(struct ws_client *ws, struct ws_name name)
{
    for (size_t i = 0; i < IO_CONNS_MAX; i++) {
        const struct ws_conn *conn = ws->conns[i];
        if (conn != NULL && !conn->is_forgotten && conn->name.owner == name.owner &&
            conn->name.conn == name.conn) {
            return &ws->conns[i];
        }
    }
    return NULL;
}

static struct ws_conn *find(struct ws_client *ws, struct ws_name name)
{
    struct ws_conn **place = place_of(ws, name);
    return place == NULL ? NULL : *place;
}

/* Attempts */

static void log_failure(struct ws_client *ws, const struct ws_conn *conn, int64_t delay_ms)
{
    const int64_t now_ns = clock_mono_ns();
    const long long delay_s = (long long)((delay_ms + 999) / 1000);
    char endpoint[URL_ENDPOINT_MAX], why[DIAL_SUMMARY_MAX], count[40] = "";
    uint64_t attempts;

    dial_summary(&conn->dial, ws->net, why);
    url_endpoint(&conn->dial.url, endpoint);
    (void)snprintf(ws->net->last_failure, sizeof(ws->net->last_failure), "cannot reach %s: %s",
                   endpoint, why);
    if (!outages_failed(&ws->net->outages, &conn->dial.url, why, now_ns, &attempts)) {
        return;
    }
    if (attempts > 1) {
        (void)snprintf(count, sizeof(count), " (%llu attempts)", (unsigned long long)attempts);
    }
    log_line(ARB_WARN, ws->net->config.who,
             "cannot reach %s: %s%s; retrying, next attempt in %lld s", endpoint, why, count,
             delay_s);
}

static int64_t wait_for_next(struct ws_client *ws, struct ws_conn *conn)
{
    const int64_t delay_ms = backoff_next_ms(&conn->backoff);

    conn->state = WS_WAITING;
    conn->due_ns = clock_mono_ns() + delay_ms * NS_PER_MS;
    net_due_by(ws->net, conn->due_ns);
    return delay_ms;
}

static void attempt_failed(struct ws_client *ws, struct ws_conn *conn)
{
    /* A host that does not answer at one address gets a chance at its next one at once. */
    const bool is_elsewhere = dial_pass_over(&conn->dial, ws->net) && !conn->is_given_up;

    dial_detach(&conn->dial);
    if (is_elsewhere) {
        conn->state = WS_LOOKUP;
        net_due_by(ws->net, 0);
        return;
    }
    ws->net->stats.connect_failures++;
    const int64_t delay_ms = wait_for_next(ws, conn);
    if (!conn->is_given_up) {
        log_failure(ws, conn, delay_ms);
    }
}

static void connect_next(struct ws_client *ws, struct ws_conn *conn)
{
    if (dial_connect(&conn->dial, ws->net, ws->net->config.connect_timeout_ms) != ARB_OK) {
        attempt_failed(ws, conn);
        return;
    }
    conn->state = WS_CONNECTING;
    conn->due_ns = conn->dial.due_ns;
    net_due_by(ws->net, conn->due_ns);
}

static void due_lookup(struct ws_client *ws, struct ws_conn *conn, int64_t now_ns)
{
    switch (dial_poll(&conn->dial, ws->net)) {
    case DIAL_PENDING:
        net_due_by(ws->net, now_ns + NET_LOOKUP_POLL_MS * NS_PER_MS);
        break;
    case DIAL_FAILED:
        attempt_failed(ws, conn);
        break;
    case DIAL_READY:
        connect_next(ws, conn);
        break;
    }
}

static void due_waiting(struct ws_client *ws, struct ws_conn *conn, int64_t now_ns)
{
    if (conn->is_given_up) {
        return;
    }
    if (now_ns < conn->due_ns) {
        net_due_by(ws->net, conn->due_ns);
        return;
    }
    conn->state = WS_ASKING;
    /* Last, because the owner may give the connection up and declare it again. */
    ws->net->events->on_dial(conn->name.owner, conn->name.conn, clock_moment());
}

/* It is this host that is slow, and nobody's silence. */
static bool has_unread(const struct ws_conn *conn)
{
    return backlog_has_unread(dial_fd(&conn->dial));
}

static void due_connecting(struct ws_client *ws, struct ws_conn *conn, int64_t now_ns)
{
    if (now_ns >= conn->due_ns && has_unread(conn)) {
        conn->due_ns = now_ns + UNREAD_LOOK_NS; /* the venue's part is done */
    } else if (now_ns >= conn->due_ns) {
        dial_kill_silent(&conn->dial, ws->net->config.connect_timeout_ms);
        conn->due_ns = now_ns + NET_KILL_AGAIN_MS * NS_PER_MS;
    }
    net_due_by(ws->net, conn->due_ns);
}

/* While open */

static void suspect(struct ws_client *ws, struct ws_conn *conn)
{
    if (!conn->is_suspect && ws->net->events->on_suspect != NULL) {
        conn->is_suspect = true;
        ws->net->events->on_suspect(conn->name.owner, conn->name.conn, clock_moment());
    }
}

/*
 * The next ping: in silence early enough for an answer before half the idle limit is over, and
 * whatever comes to measure the round trip.
 */
static int64_t ping_at_ns(const struct ws_client *ws, const struct ws_conn *conn)
{
    const int64_t usual_ns = ws->net->config.ping_ms * NS_PER_MS;
    const int64_t quiet_ns = usual_ns < conn->idle_ns / 4 ? usual_ns : conn->idle_ns / 4;
    const int64_t last_ns = conn->asked_ns > conn->heard_ns ? conn->asked_ns : conn->heard_ns;
    const int64_t measure_at = conn->asked_ns + ws->net->config.round_trip_ms * NS_PER_MS;

    return last_ns + quiet_ns < measure_at ? last_ns + quiet_ns : measure_at;
}

/* It counts from here: a way out that is blocked is as good a sign as an answer that stays out. */
static void ask_for_ping(struct ws_client *ws, struct ws_conn *conn, int64_t now_ns)
{
    conn->wants_ping = true;
    conn->asked_ns = now_ns;
    (void)lws_callback_on_writable(conn->dial.wsi); /* fails only on a dead socket */
    if (ws->net->events->on_ping != NULL) {
        ws->net->events->on_ping(conn->name.owner, conn->name.conn, clock_moment());
    }
}

static void due_watchdog(struct ws_client *ws, struct ws_conn *conn, int64_t now_ns)
{
    const int64_t idle_at = conn->life_ns + conn->idle_ns;

    const bool is_quiet = now_ns >= idle_at || now_ns >= conn->heard_ns + conn->idle_ns / 2;

    if (is_quiet && has_unread(conn)) {
        net_due_by(ws->net, now_ns + UNREAD_LOOK_NS); /* the proof of life may be among it */
        return;
    }
    if (now_ns >= idle_at) {
        dial_kill_late(&conn->dial, "idle for", conn->idle_ns / NS_PER_MS);
        net_due_by(ws->net, now_ns + NET_KILL_AGAIN_MS * NS_PER_MS);
        return;
    }
    const bool awaits_pong = conn->asked_ns > conn->heard_ns;
    const int64_t suspect_at = conn->heard_ns + conn->idle_ns / 2;
    if (!awaits_pong) {
        conn->is_suspect = false;
    } else if (now_ns >= suspect_at) {
        suspect(ws, conn);
    }
    if (now_ns >= ping_at_ns(ws, conn)) {
        ask_for_ping(ws, conn, now_ns);
    }
    net_due_by(ws->net, awaits_pong && now_ns < suspect_at ? suspect_at : idle_at);
    net_due_by(ws->net, ping_at_ns(ws, conn));
}

static void due_open(struct ws_client *ws, struct ws_conn *conn, int64_t now_ns)
{
    if (conn->dial.is_closing) {
        dial_kill(&conn->dial, "");
        net_due_by(ws->net, now_ns + NET_KILL_AGAIN_MS * NS_PER_MS);
        return;
    }
    due_watchdog(ws, conn, now_ns);
}

static void conn_due(struct ws_client *ws, struct ws_conn *conn, int64_t now_ns)
{
    switch (conn->state) {
    case WS_WAITING:
        due_waiting(ws, conn, now_ns);
        break;
    case WS_ASKING:
        break;
    case WS_LOOKUP:
        due_lookup(ws, conn, now_ns);
        break;
    case WS_CONNECTING:
        due_connecting(ws, conn, now_ns);
        break;
    case WS_OPEN:
        due_open(ws, conn, now_ns);
        break;
    }
}

/* What libwebsockets reports */

static int on_established(struct ws_client *ws, struct ws_conn *conn)
{
    char endpoint[URL_ENDPOINT_MAX];
    const uint64_t attempts = outages_over(&ws->net->outages, &conn->dial.url);

    if (conn->dial.is_closing) {
        return -1;
    }
    if (attempts > 0) {
        url_endpoint(&conn->dial.url, endpoint);
        log_line(ARB_INFO, ws->net->config.who, "reached %s after %llu failed attempts", endpoint,
                 (unsigned long long)attempts);
    }
    dial_has_worked(&conn->dial, ws->net);
    conn->state = WS_OPEN;
    conn->opened_ns = conn->heard_ns = conn->life_ns = clock_mono_ns();
    conn->asked_ns = conn->pinged_ns = conn->ponged_ns =
        0; /* the first round trip is measured at once */
    conn->wants_ping = false;
    backlog_init(&conn->backlog, conn->opened_ns);
    ws->net->stats.connects++;
    net_due_by(ws->net, 0);
    ws->net->events->on_open(conn->name.owner, conn->name.conn, clock_moment());
    return 0;
}

static void deliver(struct ws_client *ws, const struct ws_conn *conn, struct moment now,
                    struct arb_bytes bytes)
{
    const struct arb_message message = { .data = bytes.data,
                                         .len = bytes.len,
                                         .is_binary = lws_frame_is_binary(conn->dial.wsi) != 0 };

    ws->net->stats.messages++;
    ws->net->stats.bytes += message.len;
    ws->net->events->on_message(conn->name.owner, conn->name.conn, now, message);
}

/* Takes one piece of a message. A message in one piece is passed on without copying. */
static void on_piece(struct ws_client *ws, struct ws_conn *conn, struct arb_bytes piece)
{
    struct lws *wsi = conn->dial.wsi;
    const struct moment now = clock_moment();
    const bool is_last = lws_is_final_fragment(wsi);
    const size_t to_come = lws_remaining_packet_payload(wsi);

    conn->heard_ns = conn->life_ns = now.mono_ns;
    ws->net->busy_ns = ws->net->busy_ns == 0 ? now.mono_ns : ws->net->busy_ns;
    if (is_last && conn->inbox.len == 0) {
        deliver(ws, conn, now, piece);
        return;
    }
    /* The frame says how much is still to come, so an oversized one is refused at its head. */
    const size_t room = IO_MESSAGE_MAX - conn->inbox.len;
    int rc = to_come > room || piece.len > room - to_come ? ARB_ELIMIT : ARB_OK;
    if (rc == ARB_OK) {
        rc = inbox_append(&conn->inbox, piece.data, piece.len);
    }
    if (rc != ARB_OK) {
        dial_kill_full(&conn->dial, rc, "a message");
    } else if (is_last) {
        const struct arb_bytes message = { conn->inbox.data, conn->inbox.len };
        conn->inbox.len = 0;
        deliver(ws, conn, now, message);
    }
}

/* Its payload is the time at which it is written, so that its pong is known when it comes. */
static int write_ping(struct ws_conn *conn)
{
    unsigned char frame[LWS_PRE + sizeof(conn->pinged_ns)];

    conn->wants_ping = false;
    conn->pinged_ns = clock_mono_ns();
    memcpy(frame + LWS_PRE, &conn->pinged_ns, sizeof(conn->pinged_ns));
    return lws_write(conn->dial.wsi, frame + LWS_PRE, sizeof(conn->pinged_ns), LWS_WRITE_PING) < 0
               ? -1
               : 0;
}

/* When the ping was written that this answers, or 0: it is of none that waits for an answer. */
static int64_t pinged_at(const struct ws_conn *conn, struct arb_bytes pong)
{
    int64_t written_ns;

    if (pong.len != sizeof(written_ns)) {
        return 0;
    }
    memcpy(&written_ns, pong.data, sizeof(written_ns));
    return written_ns > conn->ponged_ns && written_ns <= conn->pinged_ns ? written_ns : 0;
}

static void on_pong(struct ws_client *ws, struct ws_conn *conn, struct arb_bytes pong)
{
    const struct moment now = clock_moment();

    conn->heard_ns = now.mono_ns;
    if (conn->pong_is_life) {
        conn->life_ns = conn->heard_ns;
    }
    const int64_t pinged_ns = pinged_at(conn, pong);
    if (conn->dial.is_closing || pinged_ns == 0) {
        return; /* unasked for: it measures nothing */
    }
    conn->ponged_ns = pinged_ns;
    if (ws->net->events->on_round_trip != NULL) {
        ws->net->events->on_round_trip(conn->name.owner, conn->name.conn, now,
                                       now.mono_ns - pinged_ns);
    }
}

static int write_next(struct ws_client *ws, struct ws_conn *conn)
{
    struct send_item *item = send_queue_take(&conn->queue);

    if (item == NULL) {
        return 0;
    }
    const enum lws_write_protocol kind = item->is_binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT;
    const int n = lws_write(conn->dial.wsi, item->bytes + LWS_PRE, item->len, kind);
    const bool is_written = n >= 0 && (size_t)n >= item->len;
    free(item);
    if (!is_written) {
        ws->net->stats.send_dropped++;
        dial_kill(&conn->dial, "cannot write to the connection");
        return -1;
    }
    ws->net->stats.sent++;
    return 0;
}

/* One frame at a time: libwebsockets wants to be asked again after each. */
static int on_writable(struct ws_client *ws, struct ws_conn *conn)
{
    if (conn->dial.is_closing) {
        return -1;
    }
    const int rc = conn->wants_ping ? write_ping(conn) : write_next(ws, conn);
    if (rc == 0 && !send_queue_is_empty(&conn->queue)) {
        (void)lws_callback_on_writable(conn->dial.wsi);
    }
    return rc;
}

static void on_peer_close(const struct ws_client *ws, struct ws_conn *conn, const unsigned char *in,
                          size_t len)
{
    const SSL *const ssl = lws_get_ssl(conn->dial.wsi);
    char why[DIAL_WHY_MAX], text[CLOSE_TEXT_MAX] = "";

    /* RFC 6455: 1005 when none was given. */
    const unsigned code = len >= 2 ? close_code(&ws->net->tls, ssl, in, len) : 1005;
    if (len > 2) {
        (void)snprintf(text, sizeof(text), " %.*s", (int)(len - 2), (const char *)in + 2);
    }
    (void)snprintf(why, sizeof(why), "closed by the venue (%u%s)", code, text);
    if (conn->dial.why[0] == '\0') {
        (void)snprintf(conn->dial.why, sizeof(conn->dial.why), "%s", why);
    }
}

/*
 * libwebsockets hangs up without a word at a frame that breaks the rules. How far it had got with
 * that frame tells which one it was.
 */
static void explain_end(struct ws_conn *conn)
{
    struct lws *const wsi = conn->dial.wsi;

    if (conn->dial.why[0] != '\0') {
        return;
    }
    if ((lws_get_reserved_bits(wsi) & RSV1) != 0) {
        (void)snprintf(conn->dial.why, sizeof(conn->dial.why),
                       "a compressed message, although compression was not agreed upon");
    } else if (lws_remaining_packet_payload(wsi) > 0 || conn->inbox.len > 0) {
        (void)snprintf(conn->dial.why, sizeof(conn->dial.why),
                       "the connection ended within a message");
    }
}

/* Venues drop all their connections at once: one line says it. */
static void log_lost(struct ws_client *ws, const struct ws_conn *conn, const char *why,
                     int64_t delay_ms)
{
    char endpoint[URL_ENDPOINT_MAX], count[40] = "";
    uint64_t others;

    url_endpoint(&conn->dial.url, endpoint);
    (void)snprintf(ws->net->last_failure, sizeof(ws->net->last_failure), "lost %s: %s", endpoint,
                   why);
    if (conn->is_given_up || !log_limit_pass(&ws->lost_log, clock_mono_ns(), &others)) {
        return;
    }
    if (others > 0) {
        (void)snprintf(count, sizeof(count), " (%llu more before)", (unsigned long long)others);
    }
    log_line(ARB_WARN, ws->net->config.who, "lost %s: %s%s; next attempt in %lld s", endpoint, why,
             count, (long long)((delay_ms + 999) / 1000));
}

static void on_closed(struct ws_client *ws, struct ws_conn *conn)
{
    char why[DIAL_WHY_MAX];

    (void)snprintf(why, sizeof(why), "%s",
                   conn->dial.why[0] == '\0' ? "closed by the venue (1006)" : conn->dial.why);
    if (clock_mono_ns() - conn->opened_ns >= HEALTHY_MS * NS_PER_MS) {
        backoff_reset(&conn->backoff);
    }
    dial_detach(&conn->dial);
    ws->net->stats.disconnects++;
    ws->net->stats.send_dropped += send_queue_clear(&conn->queue);
    conn->inbox.len = 0;
    log_lost(ws, conn, why, wait_for_next(ws, conn));
    if (!conn->is_forgotten) {
        ws->net->events->on_close(conn->name.owner, conn->name.conn, clock_moment(), why);
    }
}

/* The socket is gone, in whatever way libwebsockets puts it. */
static void on_gone(struct ws_client *ws, struct ws_conn *conn, const char *text, size_t len)
{
    if (conn->state == WS_OPEN) {
        on_closed(ws, conn);
    } else {
        dial_explain(&conn->dial, &ws->net->tls, text, len);
        attempt_failed(ws, conn);
    }
}

int ws_client_event(struct ws_client *ws, struct dial *dial, enum lws_callback_reasons reason,
                    struct arb_bytes in)
{
    struct ws_conn *conn = (struct ws_conn *)dial; /* its first member */

    switch (reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        return on_established(ws, conn);
    case LWS_CALLBACK_CLIENT_RECEIVE:
        if (!conn->dial.is_closing) {
            on_piece(ws, conn, in);
        }
        return conn->dial.is_closing ? -1 : 0; /* nothing more of it is wanted */
    case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
        on_pong(ws, conn, in);
        return 0;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return on_writable(ws, conn);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        on_peer_close(ws, conn, (const unsigned char *)in.data, in.len);
        return 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
        explain_end(conn);
        on_gone(ws, conn, in.data, in.len);
        return 0;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
    case LWS_CALLBACK_WSI_DESTROY: /* of a socket that was not reported otherwise */
        on_gone(ws, conn, in.data, in.len);
        return 0;
    default:
        return 0;
    }
}

/* What owners ask for */

static struct ws_conn *conn_create(const struct ws_client *ws, struct ws_name name,
                                   const struct ws_spec *spec, uint64_t seed)
{
    struct ws_conn *conn = calloc(1, sizeof(*conn));
    const struct io_config *config = &ws->net->config;
    const int64_t idle_ms = spec->idle_ms != 0 ? spec->idle_ms : config->idle_ms;

    if (conn == NULL) {
        return NULL;
    }
    conn->dial.kind = DIAL_WS;
    conn->name = name;
    conn->state = WS_WAITING;
    conn->idle_ns = idle_ms * NS_PER_MS;
    conn->pong_is_life = spec->pong_is_life;
    backoff_init(&conn->backoff, config->backoff_min_ms, config->backoff_max_ms, seed);
    return conn;
}

static void conn_destroy(struct ws_conn *conn)
{
    if (conn != NULL) {
        dial_fini(&conn->dial);
        (void)send_queue_clear(&conn->queue);
        inbox_fini(&conn->inbox);
        free(conn);
    }
}

/* Frees the place of a connection that was given up and has no socket. */
static bool make_room(struct ws_conn **place)
{
    if (!(*place)->is_given_up || (*place)->state != WS_WAITING) {
        return false;
    }
    conn_destroy(*place);
    *place = NULL;
    return true;
}

static struct ws_conn **free_place(struct ws_client *ws)
{
    for (size_t i = 0; i < IO_CONNS_MAX; i++) {
        if (ws->conns[i] == NULL) {
            return &ws->conns[i];
        }
    }
    return NULL;
}

int ws_client_open(struct ws_client *ws, struct ws_name name, const struct ws_spec *spec)
{
    struct ws_conn **place = place_of(ws, name);

    if (place != NULL && !make_room(place)) {
        return ARB_EINVAL;
    }
    place = place != NULL ? place : free_place(ws);
    if (place == NULL) {
        return ARB_ELIMIT;
    }
    /* Neighbouring seeds are fine: the generator mixes them apart. */
    const uint64_t seed = ws->net->config.seed + (uint64_t)(place - ws->conns);
    *place = conn_create(ws, name, spec, seed);
    net_due_by(ws->net, 0);
    return *place == NULL ? ARB_ENOMEM : ARB_OK;
}

/* Each such answer gets its line: the owner may give another URL every time. */
static void refuse_url(struct ws_client *ws, struct ws_conn *conn, const struct err *err)
{
    const int64_t delay_ms = wait_for_next(ws, conn);

    ws->net->stats.connect_failures++;
    log_line(ARB_ERROR, ws->net->config.who, "connection %u: %s; asking again in %lld s",
             conn->name.conn, err->text, (long long)((delay_ms + 999) / 1000));
}

void ws_client_dial(struct ws_client *ws, struct ws_name name, const char *url)
{
    struct ws_conn *conn = find(ws, name);
    struct err err;

    if (conn == NULL || conn->state != WS_ASKING) {
        return;
    }
    if (url_parse(&conn->dial.url, "wss", url, &err) != ARB_OK) {
        refuse_url(ws, conn, &err);
        return;
    }
    dial_begin(&conn->dial, ws->net);
    conn->state = WS_LOOKUP;
    net_due_by(ws->net, 0);
}

int ws_client_send(struct ws_client *ws, struct ws_name name, struct arb_message message)
{
    struct ws_conn *conn = find(ws, name);

    if (conn == NULL) {
        return ARB_EINVAL;
    }
    if (conn->state != WS_OPEN || conn->dial.is_closing) {
        ws->net->stats.send_dropped++;
        return ARB_OK; /* as promised to plugins: dropped and counted */
    }
    const int rc = send_queue_push(&conn->queue, message);
    if (rc == ARB_OK) {
        (void)lws_callback_on_writable(conn->dial.wsi);
    }
    return rc;
}

bool ws_client_is_behind(struct ws_client *ws, struct ws_name name)
{
    const struct ws_conn *const conn = find(ws, name);
    return conn != NULL && conn->state == WS_OPEN && has_unread(conn);
}

static void add_load(struct io_load *load, struct ws_conn *conn, int64_t now_ns)
{
    struct backlog_look look;

    if (!backlog_ask(dial_fd(&conn->dial), &look)) {
        return;
    }
    backlog_note(&conn->backlog, now_ns, &look);
    const int64_t busy_ns = now_ns - conn->backlog.empty_ns;
    load->unread += look.unread;
    load->lag_ns = conn->backlog.age_ns > load->lag_ns ? conn->backlog.age_ns : load->lag_ns;
    load->busy_ns = busy_ns > load->busy_ns ? busy_ns : load->busy_ns;
}

/* Pings went out late, and what would have answered them was read late. */
void ws_client_excuse(struct ws_client *ws, int64_t lost_ns)
{
    for (size_t i = 0; i < IO_CONNS_MAX; i++) {
        struct ws_conn *const conn = ws->conns[i];
        if (conn != NULL && conn->state == WS_OPEN) {
            const int64_t room_ns = clock_mono_ns() - conn->heard_ns;
            const int64_t added_ns = lost_ns < room_ns ? lost_ns : room_ns;
            conn->heard_ns += added_ns;
            conn->life_ns += added_ns;
        }
    }
}

struct io_load ws_client_load(struct ws_client *ws, int64_t now_ns)
{
    struct io_load load = { 0 };

    for (size_t i = 0; i < IO_CONNS_MAX; i++) {
        if (ws->conns[i] != NULL && ws->conns[i]->state == WS_OPEN) {
            add_load(&load, ws->conns[i], now_ns);
        }
    }
    return load;
}

static void drop(struct ws_client *ws, struct ws_conn *conn, const char *why)
{
    if (conn->dial.wsi != NULL) {
        dial_kill(&conn->dial, why);
        if (conn->state == WS_CONNECTING) {
            conn->due_ns = 0;
        }
    }
    net_due_by(ws->net, 0);
}

static void drop_for_good(struct ws_client *ws, struct ws_conn *conn, const char *why)
{
    conn->is_given_up = true;
    if (conn->state == WS_ASKING || conn->state == WS_LOOKUP) { /* no socket that could be closed */
        dial_fini(&conn->dial);
        conn->state = WS_WAITING;
    }
    drop(ws, conn, why);
}

void ws_client_close(struct ws_client *ws, struct ws_name name, const char *why)
{
    struct ws_conn *conn = find(ws, name);

    if (conn != NULL) {
        drop(ws, conn, why);
    }
}

void ws_client_give_up(struct ws_client *ws, struct ws_name name, const char *why)
{
    struct ws_conn *conn = find(ws, name);

    if (conn != NULL) {
        drop_for_good(ws, conn, why);
    }
}

/* Only marks them: this may come from within an event of one of them. */
void ws_client_forget(struct ws_client *ws, const void *owner)
{
    for (size_t i = 0; i < IO_CONNS_MAX; i++) {
        struct ws_conn *conn = ws->conns[i];
        if (conn != NULL && conn->name.owner == owner) {
            conn->is_forgotten = true;
            drop_for_good(ws, conn, "its owner is gone");
        }
    }
}

void ws_client_due(struct ws_client *ws, int64_t now_ns)
{
    for (size_t i = 0; i < IO_CONNS_MAX; i++) {
        struct ws_conn **place = &ws->conns[i];
        if (*place != NULL && !((*place)->is_forgotten && make_room(place))) {
            conn_due(ws, *place, now_ns);
        }
    }
}

void ws_client_fini(struct ws_client *ws)
{
    for (size_t i = 0; i < IO_CONNS_MAX; i++) {
        conn_destroy(ws->conns[i]);
        ws->conns[i] = NULL;
    }
}
