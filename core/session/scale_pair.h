/*
 * scale_pair.h - the scales of one instrument: prices and quantities are in units of 10^-scale.
 */
#ifndef ARB_SCALE_PAIR_H
#define ARB_SCALE_PAIR_H

#include <stdint.h>

struct scale_pair {
    uint8_t px, qty;
};

#endif /* ARB_SCALE_PAIR_H */
