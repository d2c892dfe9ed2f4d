#include "send_line.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum {
    FRAMES_PER_TURN = 64, /* written to one client before others get theirs */
    HEAD_MAX = 10,
    FIN = 0x80,
    RSV1 = 0x40,
    OP_TEXT = 0x1,
    LEN_16 = 126, /* two bytes of length follow */
    LEN_64 = 127, /* eight */
};

/* One call of lws_write(). */
struct outgoing {
    struct outgoing *next;
    enum lws_write_protocol how;
    bool is_slow; /* byte by byte */
    bool is_last; /* then the connection ends */
    size_t len, at;
    unsigned char bytes[]; /* LWS_PRE bytes of room, then what is written */
};

static struct outgoing *new_outgoing(enum lws_write_protocol how, size_t len)
{
    struct outgoing *const outgoing = malloc(sizeof(*outgoing) + LWS_PRE + len);

    if (outgoing != NULL) {
        *outgoing = (struct outgoing){ .how = how, .len = len };
    }
    return outgoing;
}

static int append(struct send_line *line, struct outgoing *outgoing)
{
    if (outgoing == NULL) {
        return ARB_ENOMEM;
    }
    if (line->last == NULL) {
        line->first = outgoing;
    } else {
        line->last->next = outgoing;
    }
    line->last = outgoing;
    line->len += outgoing->len;
    return ARB_OK;
}

static int add_part(struct send_line *line, unsigned how, struct arb_bytes part)
{
    struct outgoing *const outgoing = new_outgoing((enum lws_write_protocol)how, part.len);

    if (outgoing != NULL) {
        memcpy(outgoing->bytes + LWS_PRE, part.data, part.len);
    }
    return append(line, outgoing);
}

static int add_fragments(struct send_line *line, struct arb_bytes frame)
{
    const size_t third = frame.len / 3;
    int rc =
        add_part(line, LWS_WRITE_TEXT | LWS_WRITE_NO_FIN, (struct arb_bytes){ frame.data, third });

    if (rc == ARB_OK) {
        rc = add_part(line, LWS_WRITE_PING, (struct arb_bytes){ "between", 7 });
    }
    if (rc == ARB_OK) {
        rc = add_part(line, LWS_WRITE_CONTINUATION | LWS_WRITE_NO_FIN,
                      (struct arb_bytes){ frame.data + third, third });
    }
    return rc != ARB_OK
               ? rc
               : add_part(line, LWS_WRITE_CONTINUATION,
                          (struct arb_bytes){ frame.data + 2 * third, frame.len - 2 * third });
}

static size_t put_head(unsigned char *out, unsigned first, size_t len)
{
    const unsigned n = len < LEN_16 ? 0 : len < 1 << 16 ? 2 : 8; /* bytes of length that follow */

    out[0] = (unsigned char)first;
    out[1] = (unsigned char)(n == 0 ? len : n == 2 ? LEN_16 : LEN_64);
    for (unsigned i = 0; i < n; i++) {
        out[2 + i] = (unsigned char)(len >> (8 * (n - 1 - i)));
    }
    return 2 + n;
}

/* A frame of our own making, past what libwebsockets would allow. */
static int add_raw(struct send_line *line, struct arb_bytes frame, enum send_manner manner)
{
    struct outgoing *const outgoing = new_outgoing(LWS_WRITE_RAW, HEAD_MAX + frame.len);

    if (outgoing == NULL) {
        return ARB_ENOMEM;
    }
    const unsigned first = FIN | OP_TEXT | (manner == SEND_AS_COMPRESSED ? RSV1 : 0);
    const size_t head_len = put_head(outgoing->bytes + LWS_PRE, first, frame.len);
    memcpy(outgoing->bytes + LWS_PRE + head_len, frame.data, frame.len);
    outgoing->is_slow = manner == SEND_BY_BYTE;
    outgoing->is_last = manner == SEND_TORN;
    outgoing->len = head_len + (manner == SEND_TORN ? frame.len / 2 : frame.len);
    return append(line, outgoing);
}

int send_line_add(struct send_line *line, struct arb_bytes frame, enum send_manner manner)
{
    if (line->len + frame.len > SEND_LINE_MAX) {
        return ARB_ELIMIT;
    }
    switch (manner) {
    case SEND_USUALLY:
        return add_part(line, LWS_WRITE_TEXT, frame);
    case SEND_IN_FRAGMENTS:
        return add_fragments(line, frame);
    default:
        return add_raw(line, frame, manner);
    }
}

static void drop_first(struct send_line *line)
{
    struct outgoing *const outgoing = line->first;

    line->first = outgoing->next;
    if (line->first == NULL) {
        line->last = NULL;
    }
    free(outgoing);
}

/* Writes the next piece. False: the connection is gone, or is to go. */
static bool write_piece(struct send_line *line, struct lws *wsi)
{
    struct outgoing *const outgoing = line->first;
    const size_t len = outgoing->is_slow ? 1 : outgoing->len - outgoing->at;
    const int n = lws_write(wsi, outgoing->bytes + LWS_PRE + outgoing->at, len, outgoing->how);

    if (n < 0 || (size_t)n < len) {
        return false;
    }
    outgoing->at += len;
    line->len -= len;
    if (outgoing->at < outgoing->len) {
        return true;
    }
    const bool goes_on = !outgoing->is_last;
    drop_first(line);
    return goes_on;
}

enum send_progress send_line_write(struct send_line *line, struct lws *wsi)
{
    for (int i = 0; i < FRAMES_PER_TURN && line->first != NULL; i++) {
        const bool is_slow = line->first->is_slow;
        if (!write_piece(line, wsi)) {
            return SEND_ENDED;
        }
        if (is_slow) {
            return SEND_LATER;
        }
        if (lws_send_pipe_choked(wsi)) {
            break;
        }
    }
    return line->first == NULL ? SEND_DONE : SEND_MORE;
}

void send_line_hurry(struct send_line *line)
{
    for (struct outgoing *outgoing = line->first; outgoing != NULL; outgoing = outgoing->next) {
        outgoing->is_slow = false;
    }
}

void send_line_clear(struct send_line *line)
{
    while (line->first != NULL) {
        drop_first(line);
    }
    line->len = 0;
}
