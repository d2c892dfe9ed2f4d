/*
 * deflate.h - permessage-deflate (RFC 7692) of one WebSocket connection, as libwebsockets does it.
 *
 * Wraps its extension, because of two things that it leaves out: version 4.1 delivers the first
 * message that comes uncompressed again and again for ever, or the first pong, and no one is told
 * why a connection ends whose messages cannot be inflated.
 */
#ifndef ARB_DEFLATE_H
#define ARB_DEFLATE_H

#include <libwebsockets.h>

enum { DEFLATE_RSV1 = 0x40 }; /* in the first byte of a message: it is compressed */

/* For lws_context_creation_info.extensions; ends with an empty one. */
extern const struct lws_extension deflate_extensions[];

#endif /* ARB_DEFLATE_H */
