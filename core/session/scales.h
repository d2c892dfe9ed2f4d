/*
 * scales.h - the scale of each instrument, the same on all venues of a host.
 *
 * What decides, in this order: [instrument:SYMBOL] in the configuration; what was decided before
 * and remembered; the catalogs of the venues that trade it: the finest of their digits. A scale once
 * decided holds until the host ends. Venues without a catalog are content with any scale.
 *
 * Shared by the threads of all venues, under a lock: catalogs are rare.
 */
#ifndef ARB_SCALES_H
#define ARB_SCALES_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "util/err.h"

struct scales;

#define SCALES_PATIENCE_NS (INT64_C(10) * 1000000000) /* for the catalogs of other venues */

struct scale_pair {
    uint8_t px, qty;
};

/* `config` is borrowed: its exchanges that are enabled are waited for. */
int scales_create(struct scales **scales, const struct config *config, struct err *err);
void scales_destroy(struct scales *scales);

/* A row of a venue's catalog; ARB_DIGITS_UNKNOWN where it has none. */
void scales_report(struct scales *scales, const char *exchange, const char *symbol,
                   uint8_t px_digits, uint8_t qty_digits);
/* The venue's catalog is complete, or there is none to be had. */
void scales_reported_all(struct scales *scales, const char *exchange);

/*
 * The scale of a symbol. False: not every venue has reported yet, and less than SCALES_PATIENCE_NS
 * have passed since it was first asked for (`mono_ns`).
 */
bool scales_decide(struct scales *scales, const char *symbol, int64_t mono_ns,
                   struct scale_pair *scale);

/* Without other venues: from the configuration, else from these digits. */
struct scale_pair scales_of(const struct config *config, const char *symbol, uint8_t px_digits,
                            uint8_t qty_digits);

#endif /* ARB_SCALES_H */
