/* frame_role.h - what a venue's frame is about, as far as faults are concerned. */
#ifndef ARB_SIM_FRAME_ROLE_H
#define ARB_SIM_FRAME_ROLE_H

enum frame_role {
    FRAME_OTHER = 1,
    FRAME_BOOK = 2,     /* a change of one book, or a whole one that every frame repeats */
    FRAME_SNAPSHOT = 3, /* a whole book that comes once for each subscription */
    FRAME_SUBSCRIBED = 4,
    FRAME_UNSUBSCRIBED = 5,
    FRAME_CATALOG_ASKED = 6, /* the answer to a request of Kraken's catalog */
    FRAME_CATALOG = 7,       /* Kraken's whole catalog */
};

#endif /* ARB_SIM_FRAME_ROLE_H */
