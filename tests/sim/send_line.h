/*
 * send_line.h - what waits to be sent to one client, and in which way it goes out.
 *
 * Most frames are left to libwebsockets. Those that a fault of the transport meets are put
 * together here, so that they can be wrong: as several fragments, a byte at a time, marked as
 * compressed, or only half of one.
 */
#ifndef ARB_SIM_SEND_LINE_H
#define ARB_SIM_SEND_LINE_H

#include <libwebsockets.h>

#include "arbspot/abi.h"
#include "arbspot/types.h"

enum { SEND_LINE_MAX = 32 << 20 }; /* bytes that wait; one more frame is refused */

enum send_manner {
    SEND_USUALLY = 0,
    SEND_IN_FRAGMENTS = 1,  /* three, with a ping behind the first */
    SEND_AS_COMPRESSED = 2, /* says that it is, and is not */
    SEND_TORN = 3,          /* half of it, then the connection ends */
    SEND_BY_BYTE = 4,       /* slowly, until send_line_hurry() */
};

struct outgoing;

struct send_line {
    struct outgoing *first, *last;
    size_t len; /* bytes that wait */
};

enum send_progress {
    SEND_DONE = 1,  /* nothing waits */
    SEND_MORE = 2,  /* when the connection takes more */
    SEND_LATER = 3, /* SEND_TICK_US from now: a byte at a time */
    SEND_ENDED = 4, /* the connection is to be dropped */
};

enum { SEND_TICK_US = 2000 };

/* ARB_ELIMIT or ARB_ENOMEM when the frame finds no room. */
int send_line_add(struct send_line *line, struct arb_bytes frame, enum send_manner manner);

/* Writes what the connection takes now; for a callback that says it is writable. */
enum send_progress send_line_write(struct send_line *line, struct lws *wsi);

/* Frames that wait to go out byte by byte go out at once from now on. */
void send_line_hurry(struct send_line *line);

void send_line_clear(struct send_line *line);

#endif /* ARB_SIM_SEND_LINE_H */
