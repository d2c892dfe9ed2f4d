/*
 * unpack.h - binary messages out of gzip or raw deflate, bounded.
 */
#ifndef ARB_SESSION_UNPACK_H
#define ARB_SESSION_UNPACK_H

#include "arbspot/exchange.h"

enum { UNPACK_BYTES_MAX = 16 << 20 /* of one message, unpacked */ };

/*
 * Unpacks `packed` into `*buffer`, which is allocated with the first message and freed by the
 * caller. ARB_EPROTO: it is damaged; ARB_ELIMIT: it is larger than UNPACK_BYTES_MAX; ARB_ENOMEM.
 */
int unpack(enum arb_packing packing, struct arb_bytes packed, char **buffer,
           struct arb_bytes *unpacked);

#endif /* ARB_SESSION_UNPACK_H */
