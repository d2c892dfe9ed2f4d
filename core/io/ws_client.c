#include "io/ws_client.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "io/backoff.h"
#include "io/inbox.h"
#include "io/io_internal.h"
#include "io/send_queue.h"
#include "util/clock.h"
#include "util/log.h"

enum {
    HEALTHY_MS = 60000,  /* a connection that lived this long has its backoff reset */
    CLOSE_TEXT_MAX = 64, /* of the venue's own words, for the log */
    RSV1 = 0x40,         /* in the first byte of a frame: its message is compressed */
};

enum ws_state {
    WS_WAITING = 1,    /* for the next attempt, at `due_ns` */
    WS_LOOKUP = 2,     /* the name is being resolved */
    WS_CONNECTING = 3, /* until `due_ns`: TCP, TLS, HTTP */
    WS_OPEN = 4,
};

struct ws_conn {
    struct dial dial; /* first, so that the dial leads back to its connection */
    uint32_t id;
    enum ws_state state;
    int64_t due_ns;
    int64_t idle_ns;
    int64_t opened_ns;
    int64_t heard_ns; /* anything at all */
    int64_t life_ns;  /* what proves that the venue serves us */
    bool pong_is_life;
    int64_t asked_ns;  /* when the last ping was due; 0: none yet */
    int64_t pinged_ns; /* when it was written, which is its payload; 0: it is answered */
    bool wants_ping;
    bool is_given_up; /* no further attempts */
    bool is_suspect;  /* said so, and nothing came since */
    struct backoff backoff;
    struct send_queue queue;
    struct inbox inbox; /* the pieces of a message so far */
};

_Static_assert(offsetof(struct ws_conn, dial) == 0, "a dial leads back to its connection");

static struct ws_conn *find(const struct io *io, uint32_t conn)
{
    return conn < IO_CONNS_MAX ? io->ws.conns[conn] : NULL;
}

/* Attempts */

static void log_failure(struct io *io, const struct ws_conn *conn, int64_t delay_ms)
{
    const int64_t now_ns = clock_mono_ns();
    const long long delay_s = (long long)((delay_ms + 999) / 1000);
    char endpoint[URL_ENDPOINT_MAX], count[40] = "";
    uint64_t attempts;

    if (!outages_failed(&io->outages, &conn->dial.url, conn->dial.why, now_ns, &attempts)) {
        return;
    }
    if (attempts > 1) {
        (void)snprintf(count, sizeof(count), " (%llu attempts)", (unsigned long long)attempts);
    }
    url_endpoint(&conn->dial.url, endpoint);
    log_line(ARB_WARN, io->config.who, "cannot reach %s: %s%s; retrying, next attempt in %lld s",
             endpoint, conn->dial.why, count, delay_s);
}

static int64_t wait_for_next(struct io *io, struct ws_conn *conn)
{
    const int64_t delay_ms = backoff_next_ms(&conn->backoff);

    conn->state = WS_WAITING;
    conn->due_ns = clock_mono_ns() + delay_ms * NS_PER_MS;
    io_due_by(io, conn->due_ns);
    return delay_ms;
}

static void attempt_failed(struct io *io, struct ws_conn *conn)
{
    /* A host that does not answer at one address gets a chance at its next one at once. */
    const bool is_elsewhere =
        !conn->dial.has_tcp && dial_has_address(&conn->dial) && !conn->is_given_up;

    dial_detach(&conn->dial);
    if (is_elsewhere) {
        conn->state = WS_LOOKUP;
        io_due_by(io, 0);
        return;
    }
    io->stats.connect_failures++;
    const int64_t delay_ms = wait_for_next(io, conn);
    if (!conn->is_given_up) {
        log_failure(io, conn, delay_ms);
    }
}

static void connect_next(struct io *io, struct ws_conn *conn, int64_t now_ns)
{
    if (dial_connect(&conn->dial, io->lws) != ARB_OK) {
        attempt_failed(io, conn);
        return;
    }
    conn->state = WS_CONNECTING;
    conn->due_ns = now_ns + io->config.connect_timeout_ms * NS_PER_MS;
    io_due_by(io, conn->due_ns);
}

static void due_lookup(struct io *io, struct ws_conn *conn, int64_t now_ns)
{
    switch (dial_poll(&conn->dial)) {
    case DIAL_PENDING:
        io_due_by(io, now_ns + IO_LOOKUP_POLL_MS * NS_PER_MS);
        break;
    case DIAL_FAILED:
        attempt_failed(io, conn);
        break;
    case DIAL_READY:
        connect_next(io, conn, now_ns);
        break;
    }
}

static void due_waiting(struct io *io, struct ws_conn *conn, int64_t now_ns)
{
    if (conn->is_given_up) {
        return;
    }
    if (now_ns < conn->due_ns) {
        io_due_by(io, conn->due_ns);
        return;
    }
    dial_begin(&conn->dial);
    conn->state = WS_LOOKUP;
    due_lookup(io, conn, now_ns);
}

static void due_connecting(struct io *io, struct ws_conn *conn, int64_t now_ns)
{
    if (now_ns >= conn->due_ns) {
        dial_kill_late(&conn->dial, "no answer within", io->config.connect_timeout_ms);
        conn->due_ns = now_ns + IO_KILL_AGAIN_MS * NS_PER_MS;
    }
    io_due_by(io, conn->due_ns);
}

/* While open */

static void suspect(struct io *io, struct ws_conn *conn)
{
    if (!conn->is_suspect && io->handler->on_suspect != NULL) {
        conn->is_suspect = true;
        io->handler->on_suspect(io->context, conn->id, clock_now_ns());
    }
}

/*
 * The next ping: in silence early enough for an answer before half the idle limit is over, and
 * whatever comes to measure the round trip.
 */
static int64_t ping_at_ns(const struct io *io, const struct ws_conn *conn)
{
    const int64_t usual_ns = io->config.ping_ms * NS_PER_MS;
    const int64_t quiet_ns = usual_ns < conn->idle_ns / 4 ? usual_ns : conn->idle_ns / 4;
    const int64_t last_ns = conn->asked_ns > conn->heard_ns ? conn->asked_ns : conn->heard_ns;
    const int64_t measure_at = conn->asked_ns + io->config.round_trip_ms * NS_PER_MS;

    return last_ns + quiet_ns < measure_at ? last_ns + quiet_ns : measure_at;
}

static void ask_for_ping(struct ws_conn *conn, int64_t now_ns)
{
    conn->wants_ping = true;
    conn->asked_ns = now_ns;
    (void)lws_callback_on_writable(conn->dial.wsi); /* fails only on a dead socket */
}

static void due_watchdog(struct io *io, struct ws_conn *conn, int64_t now_ns)
{
    const int64_t idle_at = conn->life_ns + conn->idle_ns;

    if (now_ns >= idle_at) {
        dial_kill_late(&conn->dial, "idle for", conn->idle_ns / NS_PER_MS);
        io_due_by(io, now_ns + IO_KILL_AGAIN_MS * NS_PER_MS);
        return;
    }
    const bool awaits_pong = conn->asked_ns > conn->heard_ns;
    const int64_t suspect_at = conn->heard_ns + conn->idle_ns / 2;
    if (!awaits_pong) {
        conn->is_suspect = false;
    } else if (now_ns >= suspect_at) {
        suspect(io, conn);
    }
    if (now_ns >= ping_at_ns(io, conn)) {
        ask_for_ping(conn, now_ns);
    }
    io_due_by(io, awaits_pong && now_ns < suspect_at ? suspect_at : idle_at);
    io_due_by(io, ping_at_ns(io, conn));
}

static void due_sending(struct io *io, struct ws_conn *conn, int64_t now_ns)
{
    const int64_t send_at = send_queue_due(&conn->queue);

    if (now_ns >= send_at) {
        (void)lws_callback_on_writable(conn->dial.wsi);
    } else {
        io_due_by(io, send_at);
    }
}

static void due_open(struct io *io, struct ws_conn *conn, int64_t now_ns)
{
    if (conn->dial.is_closing) {
        dial_kill(&conn->dial, "");
        io_due_by(io, now_ns + IO_KILL_AGAIN_MS * NS_PER_MS);
        return;
    }
    due_watchdog(io, conn, now_ns);
    due_sending(io, conn, now_ns);
}

static void conn_due(struct io *io, struct ws_conn *conn, int64_t now_ns)
{
    switch (conn->state) {
    case WS_WAITING:
        due_waiting(io, conn, now_ns);
        break;
    case WS_LOOKUP:
        due_lookup(io, conn, now_ns);
        break;
    case WS_CONNECTING:
        due_connecting(io, conn, now_ns);
        break;
    case WS_OPEN:
        due_open(io, conn, now_ns);
        break;
    }
}

/* What libwebsockets reports */

static int on_established(struct io *io, struct ws_conn *conn)
{
    char endpoint[URL_ENDPOINT_MAX];
    const uint64_t attempts = outages_over(&io->outages, &conn->dial.url);

    if (conn->dial.is_closing) {
        return -1;
    }
    if (attempts > 0) {
        url_endpoint(&conn->dial.url, endpoint);
        log_line(ARB_INFO, io->config.who, "reached %s after %llu failed attempts", endpoint,
                 (unsigned long long)attempts);
    }
    conn->state = WS_OPEN;
    conn->opened_ns = conn->heard_ns = conn->life_ns = clock_mono_ns();
    conn->asked_ns = conn->pinged_ns = 0; /* the first round trip is measured at once */
    conn->wants_ping = false;
    io->stats.connects++;
    io_due_by(io, 0);
    io->handler->on_open(io->context, conn->id, clock_now_ns());
    return 0;
}

static void deliver(struct io *io, const struct ws_conn *conn, int64_t now_ns,
                    struct arb_bytes message)
{
    io->stats.messages++;
    io->stats.bytes += message.len;
    io->handler->on_message(io->context, conn->id, now_ns, message);
}

/* Takes one piece of a message. A message in one piece is passed on without copying. */
static void on_piece(struct io *io, struct ws_conn *conn, struct arb_bytes piece)
{
    struct lws *wsi = conn->dial.wsi;
    const int64_t now_ns = clock_now_ns();
    const bool is_last = lws_is_final_fragment(wsi);
    const size_t to_come = lws_remaining_packet_payload(wsi);

    conn->heard_ns = conn->life_ns = clock_mono_ns();
    if (is_last && conn->inbox.len == 0) {
        deliver(io, conn, now_ns, piece);
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
        deliver(io, conn, now_ns, message);
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

static bool is_answer(const struct ws_conn *conn, struct arb_bytes pong)
{
    return conn->pinged_ns != 0 && pong.len == sizeof(conn->pinged_ns) &&
           memcmp(pong.data, &conn->pinged_ns, sizeof(conn->pinged_ns)) == 0;
}

static void on_pong(struct io *io, struct ws_conn *conn, struct arb_bytes pong)
{
    conn->heard_ns = clock_mono_ns();
    if (conn->pong_is_life) {
        conn->life_ns = conn->heard_ns;
    }
    if (!is_answer(conn, pong)) {
        return; /* of an earlier ping, or unasked for: it measures nothing */
    }
    const int64_t rtt_ns = conn->heard_ns - conn->pinged_ns;
    conn->pinged_ns = 0;
    if (io->handler->on_round_trip != NULL) {
        io->handler->on_round_trip(io->context, conn->id, clock_now_ns(), rtt_ns);
    }
}

static int write_next(struct io *io, struct ws_conn *conn)
{
    struct send_item *item = send_queue_take(&conn->queue, clock_mono_ns());

    if (item == NULL) {
        return 0;
    }
    const int n = lws_write(conn->dial.wsi, item->bytes + LWS_PRE, item->len, LWS_WRITE_TEXT);
    const bool is_written = n >= 0 && (size_t)n >= item->len;
    free(item);
    if (!is_written) {
        io->stats.send_dropped++;
        dial_kill(&conn->dial, "cannot write to the connection");
        return -1;
    }
    io->stats.sent++;
    return 0;
}

/* One frame at a time: libwebsockets wants to be asked again after each. */
static int on_writable(struct io *io, struct ws_conn *conn)
{
    if (conn->dial.is_closing) {
        return -1;
    }
    const int rc = conn->wants_ping ? write_ping(conn) : write_next(io, conn);
    if (rc == 0) {
        due_sending(io, conn, clock_mono_ns());
    }
    return rc;
}

/* Codes that libwebsockets does not know, 1012 and 1013 among them, arrive here as 1002. */
static void on_peer_close(struct ws_conn *conn, const unsigned char *in, size_t len)
{
    char why[DIAL_WHY_MAX], text[CLOSE_TEXT_MAX] = "";

    const unsigned code = len >= 2 ? (unsigned)in[0] << 8 | in[1] : 1005; /* RFC 6455: none given */
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

/* Venues drop all their connections at once; one line a second says it. */
static void log_lost(struct io *io, const struct ws_conn *conn, const char *why, int64_t delay_ms)
{
    char endpoint[URL_ENDPOINT_MAX], count[40] = "";
    uint64_t others;

    if (conn->is_given_up || !log_limit_pass(&io->ws.lost_log, clock_mono_ns(), &others)) {
        return;
    }
    if (others > 0) {
        (void)snprintf(count, sizeof(count), " (%llu more before)", (unsigned long long)others);
    }
    url_endpoint(&conn->dial.url, endpoint);
    log_line(ARB_WARN, io->config.who, "lost %s: %s%s; next attempt in %lld s", endpoint, why,
             count, (long long)((delay_ms + 999) / 1000));
}

static void on_closed(struct io *io, struct ws_conn *conn)
{
    char why[DIAL_WHY_MAX];

    (void)snprintf(why, sizeof(why), "%s",
                   conn->dial.why[0] == '\0' ? "closed by the venue (1006)" : conn->dial.why);
    if (clock_mono_ns() - conn->opened_ns >= HEALTHY_MS * NS_PER_MS) {
        backoff_reset(&conn->backoff);
    }
    dial_detach(&conn->dial);
    io->stats.disconnects++;
    io->stats.send_dropped += send_queue_clear(&conn->queue);
    conn->inbox.len = 0;
    log_lost(io, conn, why, wait_for_next(io, conn));
    io->handler->on_close(io->context, conn->id, clock_now_ns(), why);
}

/* The socket is gone, in whatever way libwebsockets puts it. */
static void on_gone(struct io *io, struct ws_conn *conn, const char *text, size_t len)
{
    if (conn->state == WS_OPEN) {
        on_closed(io, conn);
    } else {
        dial_explain(&conn->dial, &io->tls, text, len);
        attempt_failed(io, conn);
    }
}

int ws_client_event(struct io *io, struct dial *dial, enum lws_callback_reasons reason,
                    struct arb_bytes in)
{
    struct ws_conn *conn = (struct ws_conn *)dial; /* its first member */

    switch (reason) {
    case LWS_CALLBACK_CLIENT_ESTABLISHED:
        return on_established(io, conn);
    case LWS_CALLBACK_CLIENT_RECEIVE:
        if (!conn->dial.is_closing) {
            on_piece(io, conn, in);
        }
        return conn->dial.is_closing ? -1 : 0; /* nothing more of it is wanted */
    case LWS_CALLBACK_CLIENT_RECEIVE_PONG:
        on_pong(io, conn, in);
        return 0;
    case LWS_CALLBACK_CLIENT_WRITEABLE:
        return on_writable(io, conn);
    case LWS_CALLBACK_WS_PEER_INITIATED_CLOSE:
        on_peer_close(conn, (const unsigned char *)in.data, in.len);
        return 0;
    case LWS_CALLBACK_CLIENT_CLOSED:
        explain_end(conn);
        on_gone(io, conn, in.data, in.len);
        return 0;
    case LWS_CALLBACK_CLIENT_CONNECTION_ERROR:
    case LWS_CALLBACK_WSI_DESTROY: /* of a socket that was not reported otherwise */
        on_gone(io, conn, in.data, in.len);
        return 0;
    default:
        return 0;
    }
}

/* What the handler asks for */

static struct ws_conn *conn_create(struct io *io, uint32_t id, const struct arb_ws_spec *spec,
                                   const struct url *url)
{
    struct ws_conn *conn = calloc(1, sizeof(*conn));
    const int64_t idle_ms = spec->idle_ms != 0 ? spec->idle_ms : io->config.idle_ms;

    if (conn == NULL) {
        return NULL;
    }
    conn->dial.kind = DIAL_WS;
    conn->dial.url = *url;
    conn->id = id;
    conn->state = WS_WAITING;
    conn->idle_ns = idle_ms * NS_PER_MS;
    conn->pong_is_life = spec->pong_is_life != 0;
    /* Neighbouring seeds are fine: the generator mixes them apart. */
    backoff_init(&conn->backoff, io->config.backoff_min_ms, io->config.backoff_max_ms,
                 io->config.seed + id);
    send_queue_init(&conn->queue, spec->send_rate);
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

/* False when the number is taken. */
static bool make_room(struct ws_conn **conn)
{
    if (*conn != NULL && (*conn)->is_given_up && (*conn)->state == WS_WAITING) {
        conn_destroy(*conn);
        *conn = NULL;
    }
    return *conn == NULL;
}

int ws_client_open(struct io *io, uint32_t conn, const struct arb_ws_spec *spec)
{
    struct url url;
    struct err err;

    if (conn >= IO_CONNS_MAX) {
        return ARB_ELIMIT;
    }
    if (!make_room(&io->ws.conns[conn])) {
        return ARB_EINVAL;
    }
    const int rc = url_parse(&url, "wss", spec->url, &err);
    if (rc != ARB_OK) {
        log_line(ARB_ERROR, io->config.who, "%s", err.text); /* the caller has no sentence */
        return rc;
    }
    io->ws.conns[conn] = conn_create(io, conn, spec, &url);
    io_due_by(io, 0);
    return io->ws.conns[conn] == NULL ? ARB_ENOMEM : ARB_OK;
}

int ws_client_send(struct io *io, uint32_t id, struct arb_bytes text)
{
    struct ws_conn *conn = find(io, id);

    if (conn == NULL) {
        return ARB_EINVAL;
    }
    if (conn->state != WS_OPEN || conn->dial.is_closing) {
        io->stats.send_dropped++;
        return ARB_OK; /* as promised to plugins: dropped and counted */
    }
    const int rc = send_queue_push(&conn->queue, text);
    if (rc == ARB_OK) {
        (void)lws_callback_on_writable(conn->dial.wsi);
    }
    return rc;
}

void ws_client_close(struct io *io, uint32_t id, const char *why)
{
    struct ws_conn *conn = find(io, id);

    if (conn != NULL && conn->dial.wsi != NULL) {
        dial_kill(&conn->dial, why);
        if (conn->state == WS_CONNECTING) {
            conn->due_ns = 0;
        }
        io_due_by(io, 0);
    }
}

void ws_client_give_up(struct io *io, uint32_t id, const char *why)
{
    struct ws_conn *conn = find(io, id);

    if (conn != NULL) {
        conn->is_given_up = true;
        if (conn->state == WS_LOOKUP) { /* no socket yet that could be closed */
            dial_fini(&conn->dial);
            conn->state = WS_WAITING;
        }
        ws_client_close(io, id, why);
    }
}

void ws_client_due(struct io *io, int64_t now_ns)
{
    for (uint32_t i = 0; i < IO_CONNS_MAX; i++) {
        if (io->ws.conns[i] != NULL) {
            conn_due(io, io->ws.conns[i], now_ns);
        }
    }
}

void ws_client_fini(struct io *io)
{
    for (uint32_t i = 0; i < IO_CONNS_MAX; i++) {
        conn_destroy(io->ws.conns[i]);
        io->ws.conns[i] = NULL;
    }
}
