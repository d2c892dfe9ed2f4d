/* route.h - an opportunity's venues and flags as text. */
#ifndef ARB_TOP_ROUTE_H
#define ARB_TOP_ROUTE_H

#include <stddef.h>

#include "wire/opportunity.h"

enum { ROUTE_MAX = 256 };

/* "kraken>okx": the venue of each leg, in their order; those that follow one another once. */
void route_write(const struct opportunity *opportunity, char *out, size_t cap);

/* "absurd transfer unproven", or "". */
void route_write_flags(const struct opportunity *opportunity, char *out, size_t cap);

#endif /* ARB_TOP_ROUTE_H */
