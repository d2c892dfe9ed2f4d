/*
 * detection.h - what it costs to look for opportunities, for each update of a book.
 *
 * An event is taken into the market, the instrument is handed out, and a strategy looks at it, as
 * the runner does: with more and more venues and instruments, whose prices are apart, cross but
 * for the fees, or cross. cross_venue looks at pairs of venues, triangular at triangles.
 */
#ifndef ARB_BENCH_DETECTION_H
#define ARB_BENCH_DETECTION_H

#include "detection_feed.h"

enum { DETECTION_VENUES = 4, DETECTION_INSTRUMENTS = 4 };

extern const uint32_t detection_venues[DETECTION_VENUES];
extern const uint32_t detection_instruments[N_SHAPES][DETECTION_INSTRUMENTS];
extern const char *const detection_strategies[N_SHAPES];

/* ns per update, of the fastest of several passes each. */
struct detection_figure {
    double market;   /* event applied, its checksum compared, instrument handed out */
    double strategy; /* on_market() on top of that, by difference */
    double again;    /* the same call once more, when all it reads is in the nearest cache */
};

struct detection {
    struct detection_figure figures[N_SHAPES][DETECTION_VENUES][DETECTION_INSTRUMENTS][N_SCENES];
};

/* ARB_EPROTO unless each update was taken in, and exactly that was found which is there. */
int detection_measure(struct detection *detection, const char *plugin_dir, struct err *err);

#endif /* ARB_BENCH_DETECTION_H */
