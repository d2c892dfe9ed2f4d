/*
 * wish.h - what a client asks for over its WebSocket: the ladder of one book, or of none.
 */
#ifndef ARB_WEB_WISH_H
#define ARB_WEB_WISH_H

#include "arbspot/types.h"

struct web_wish {
    char venue[ARB_SYMBOL_MAX]; /* both "": no ladder */
    char symbol[ARB_SYMBOL_MAX];
    uint64_t since; /* the version of the last frame that was written for it; 0: none was */
};

/*
 * Reads {"ladder":{"venue":"kraken","symbol":"BTC/USD"}} or {"ladder":null}. ARB_EPROTO: it is
 * something else; ARB_ELIMIT: a name is too long to be one.
 */
int wish_read(struct arb_bytes text, struct web_wish *out);

#endif /* ARB_WEB_WISH_H */
