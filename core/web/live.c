#include "web/live.h"

#include <linux/tcp.h>
#include <string.h>
#include <sys/socket.h>

enum {
    /*
     * Bytes from a client within a second, whatever they are: more than the messages that are
     * allowed, and pongs, can be.
     */
    RECEIVED_MAX = 16 << 10,
};

#define FAREWELL_NS NS_PER_S

struct taken {
    uint64_t acked, received;
};

/* What the socket has carried: bytes that the other side has, and that came from it. */
static struct taken look(const struct conn *conn)
{
    struct tcp_info info = { .tcpi_state = 0 };
    socklen_t len = sizeof(info);

    /* Where that is not known it stays 0, and a client is judged by its pongs alone. */
    (void)getsockopt((int)lws_get_socket_fd(conn->wsi), IPPROTO_TCP, TCP_INFO, &info, &len);
    return (struct taken){ .acked = info.tcpi_bytes_acked, .received = info.tcpi_bytes_received };
}

void live_open(struct conn *conn)
{
    const struct taken taken = look(conn);
    const int64_t now_ns = clock_mono_ns();

    conn->stage = CONN_LIVE;
    conn->deadline_ns = NEVER_NS;
    conn->live = (struct live){ .progress_ns = now_ns,
                                .acked = taken.acked,
                                .second_ns = now_ns,
                                .messages_ns = now_ns,
                                .received = taken.received,
                                .is_due = true };
    conn->web->stats.clients++;
    conn->web->stats.n_clients++;
    lws_callback_on_writable(conn->wsi);
}

void live_close(struct conn *conn)
{
    conn->web->stats.n_clients--;
}

/* -- from the client ------------------------------------------------------------------ */

static int refuse(struct conn *conn, enum lws_close_status code)
{
    web_refuse(conn->web, WEB_BAD_MESSAGE);
    conn->stage = CONN_ENDS;
    conn->deadline_ns = clock_mono_ns() + FAREWELL_NS; /* for the other side to answer */
    lws_close_reason(conn->wsi, code, NULL, 0);
    return -1;
}

static int take_message(struct conn *conn, struct arb_bytes text)
{
    struct live *const live = &conn->live;
    const int64_t now_ns = clock_mono_ns();
    struct web_wish wish;

    if (now_ns - live->messages_ns >= NS_PER_S) {
        live->messages_ns = now_ns;
        live->n_messages = 0;
    }
    if (++live->n_messages > WEB_MESSAGES_MAX || wish_read(text, &wish) != ARB_OK) {
        return refuse(conn, LWS_CLOSE_STATUS_POLICY_VIOLATION);
    }
    live->wish = wish;
    return 0;
}

int live_receive(struct conn *conn, struct arb_bytes part)
{
    struct live *const live = &conn->live;

    if (lws_frame_is_binary(conn->wsi)) {
        return refuse(conn, LWS_CLOSE_STATUS_UNACCEPTABLE_OPCODE);
    }
    if (part.len + lws_remaining_packet_payload(conn->wsi) >
        sizeof(live->message) - live->message_len) {
        return refuse(conn, LWS_CLOSE_STATUS_MESSAGE_TOO_LARGE);
    }
    if (part.len > 0) {
        memcpy(live->message + live->message_len, part.data, part.len);
        live->message_len += part.len;
    }
    if (lws_remaining_packet_payload(conn->wsi) > 0 || !lws_is_final_fragment(conn->wsi)) {
        return 0;
    }
    const struct arb_bytes text = { live->message, live->message_len };
    live->message_len = 0;
    return take_message(conn, text);
}

/* Only the pong of the last frame's ping means that the frame was read. */
void live_pong(struct conn *conn, struct arb_bytes payload)
{
    struct live *const live = &conn->live;

    if (payload.len == sizeof(live->n_pings) && !live->owes_ping &&
        memcmp(payload.data, &live->n_pings, payload.len) == 0) {
        live->is_in_flight = false;
    }
}

/* -- to the client -------------------------------------------------------------------- */

static int write_ping(struct conn *conn)
{
    unsigned char bytes[LWS_PRE + sizeof(uint64_t)];

    conn->live.owes_ping = false;
    conn->live.n_pings++;
    memcpy(bytes + LWS_PRE, &conn->live.n_pings, sizeof(uint64_t));
    return lws_write(conn->wsi, bytes + LWS_PRE, sizeof(uint64_t), LWS_WRITE_PING) < 0 ? -1 : 0;
}

static uint64_t make(struct web *web, struct conn *conn, struct text_buffer *out)
{
    static const char room[LWS_PRE] = "";

    text_buffer_clear(out);
    text_buffer_add(out, room, sizeof(room));
    return web->write(web->context, conn->live.since, &conn->live.wish, out);
}

/*
 * Clients that have taken the same frames and wish for no ladder get the same one. A frame is of
 * the turn it was made in, and no older.
 */
static struct text_buffer *frame_for(struct web *web, struct conn *conn, uint64_t *version)
{
    if (conn->live.wish.venue[0] != '\0') {
        *version = make(web, conn, &web->own);
        return &web->own;
    }
    if (web->shared_tick != web->tick || web->shared_since != conn->live.since) {
        web->shared_tick = web->tick;
        web->shared_since = conn->live.since;
        web->shared_version = make(web, conn, &web->shared);
    }
    *version = web->shared_version;
    return &web->shared;
}

static int write_frame(struct conn *conn)
{
    struct web *const web = conn->web;
    struct live *const live = &conn->live;
    uint64_t version = 0;
    const struct text_buffer *const frame = frame_for(web, conn, &version);

    live->is_due = false;
    if (frame->has_failed) {
        web_refuse(web, WEB_NO_ROOM);
        return 0; /* the next turn tries again */
    }
    live->since = version;
    live->wish.since = version;
    if (frame->len == LWS_PRE) {
        return 0;
    }
    if (lws_write(conn->wsi, (unsigned char *)frame->data + LWS_PRE, frame->len - LWS_PRE,
                  LWS_WRITE_TEXT) < 0) {
        return -1;
    }
    web->stats.frames++;
    web->stats.bytes += frame->len - LWS_PRE;
    /* The first one comes between two turns: the next turn would be too early for another. */
    live->tick = web->tick + (live->n_pings == 0);
    live->is_in_flight = live->owes_ping = true;
    lws_callback_on_writable(conn->wsi);
    return 0;
}

int live_write(struct conn *conn)
{
    const struct live *const live = &conn->live;

    if (conn->stage != CONN_LIVE) {
        return 0;
    }
    if (live->owes_ping) {
        return write_ping(conn);
    }
    return live->is_due && !live->is_in_flight ? write_frame(conn) : 0;
}

/* -- turns ---------------------------------------------------------------------------- */

static bool sends_too_much(struct live *live, uint64_t received, int64_t now_ns)
{
    const bool is_too_much = received - live->received > RECEIVED_MAX;

    if (now_ns - live->second_ns >= NS_PER_S) {
        live->second_ns = now_ns;
        live->received = received;
    }
    return is_too_much;
}

/* Whoever takes bytes, however slowly, is not stalled. */
static bool is_stalled(const struct web *web, struct live *live, uint64_t acked, int64_t now_ns)
{
    if (!live->is_in_flight || acked != live->acked) {
        live->acked = acked;
        live->progress_ns = now_ns;
    }
    return now_ns - live->progress_ns > web->stalled_ns;
}

static void drop(struct conn *conn, enum web_refusal refusal)
{
    web_refuse(conn->web, refusal);
    conn_drop(conn);
}

void live_tick(struct conn *conn, int64_t now_ns)
{
    struct live *const live = &conn->live;
    const struct taken taken = look(conn);

    if (sends_too_much(live, taken.received, now_ns)) {
        drop(conn, WEB_BAD_MESSAGE);
    } else if (is_stalled(conn->web, live, taken.acked, now_ns)) {
        drop(conn, WEB_STALLED);
    } else if (live->is_in_flight) {
        conn->web->stats.conflated++;
    } else if (conn->web->tick > live->tick) {
        live->is_due = true;
        lws_callback_on_writable(conn->wsi);
    }
}
