/* delays.h - "10ms, 50ms, 1s, latency": how long after something it is looked at again. */
#ifndef ARB_DELAYS_H
#define ARB_DELAYS_H

#include "config/config.h"

/* Reads a list, or "none". NULL, or what is wrong with it. */
const char *delays_read(const char *text, struct survival_delays *delays);

#endif /* ARB_DELAYS_H */
