/*
 * detection.h - what it costs to look for opportunities, for each update of a book.
 *
 * An event is taken into the market, the instrument is handed out, and cross_venue looks at it, as
 * the runner does: with more and more venues and instruments, whose prices are apart, cross but
 * for the fees, or cross.
 */
#ifndef ARB_BENCH_DETECTION_H
#define ARB_BENCH_DETECTION_H

#include "detection_feed.h"

enum { DETECTION_VENUES = 4, DETECTION_INSTRUMENTS = 4 };

extern const uint32_t detection_venues[DETECTION_VENUES];
extern const uint32_t detection_instruments[DETECTION_INSTRUMENTS];

/* ns per update, of the fastest of several passes each. */
struct detection_figure {
    double market;   /* event applied, its checksum compared, instrument handed out */
    double strategy; /* on_market() on top of that, by difference */
    double again;    /* the same call once more, when all it reads is in the nearest cache */
};

struct detection {
    struct detection_figure figures[DETECTION_VENUES][DETECTION_INSTRUMENTS][N_SCENES];
};

/* ARB_EPROTO unless each update was taken in, and exactly that was found which is there. */
int detection_measure(struct detection *detection, const char *plugin_dir, struct err *err);

#endif /* ARB_BENCH_DETECTION_H */
