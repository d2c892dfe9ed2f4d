/*
 * scales.h - the scale of each instrument, the same on all venues of a host.
 *
 * What decides, for prices and quantities each by itself and in this order: px_scale and qty_scale
 * of [instrument:SYMBOL] or [host]; what was decided before and remembered in [host] scales_file;
 * the catalogs of the enabled exchanges that want the symbol. A scale once decided holds until the
 * host ends, also when a catalog brings finer digits later. Venues without a catalog are content
 * with any scale.
 *
 * From catalogs: with d the finest digits, max(d, min(d + 2, c)), c being 10 for prices and 5 for
 * quantities; 10 and 8 where nobody knows digits. No venue's digits are beyond it (unless over
 * 18, which no scale can hold), and two more make room for finer ticks later, but only where
 * values have room too: an int64_t holds 9.2 * 10^(18 - scale). Prices are few digits long where
 * their ticks are fine: c = 10 leaves 9.2e8. Quantities are not: a bid of 10^13 PEPE comes with
 * five digits, and c = 5 leaves 9.2e13.
 *
 *     BTC/USD   prices 1, sizes 8    3, 8    up to 9.2e15 and 9.2e10
 *     BCH/USD   prices 2, sizes 8    4, 8    up to 9.2e14: an ask of 886,110,000,000.00 fits
 *     BTC/IDR   prices 0, sizes 8    2, 8    up to 9.2e16: prices of 1.6e9, as of 2.6e9 in VND
 *     SHIB/USD  prices 8, sizes 5   10, 5    up to 9.2e13: a bid of 100,000,000,000 SHIB fits
 *     PEPE/USD  prices 10, sizes 5  10, 5    up to 9.2e8 and 9.2e13
 *
 * Equal catalogs and equal configurations have equal results, in whatever order they arrive. Where
 * a catalog is too late, hosts may differ; a scales_file they share is what makes them agree.
 *
 * Shared by the threads of all venues, under a lock: catalogs are rare. Deciding may wait for the
 * scales_file, which is written once for all symbols that can be decided by then.
 */
#ifndef ARB_SCALES_H
#define ARB_SCALES_H

#include <stdbool.h>
#include <stdint.h>

#include "config/config.h"
#include "session/scale_pair.h"
#include "util/err.h"

struct scales;

#define SCALES_PATIENCE_NS (INT64_C(10) * 1000000000) /* for the catalogs of other venues */

/*
 * `config` is borrowed: its exchanges that are enabled are waited for. ARB_EINVAL with
 * `file:line: ...` when the scales_file has a broken line.
 */
int scales_create(struct scales **scales, const struct config *config, struct err *err);
void scales_destroy(struct scales *scales);

/*
 * A row of a venue's catalog; ARB_DIGITS_UNKNOWN where it has none. Without effect when the
 * exchange does not want the symbol, or its scale is decided.
 */
void scales_report(struct scales *scales, const char *exchange, const char *symbol,
                   uint8_t px_digits, uint8_t qty_digits);
/* The venue's catalog is complete, or there is none to be had. */
void scales_reported_all(struct scales *scales, const char *exchange);

/*
 * The scale of a symbol. False: ask again; not every venue has reported yet, and less than
 * SCALES_PATIENCE_NS have passed since it was first asked for (`mono_ns`). Where catalogs have no
 * say, nothing waits.
 */
bool scales_decide(struct scales *scales, const char *symbol, int64_t mono_ns,
                   struct scale_pair *scale);

/* Without other venues: from the configuration, else from these digits. */
struct scale_pair scales_of(const struct config *config, const char *symbol, uint8_t px_digits,
                            uint8_t qty_digits);

#endif /* ARB_SCALES_H */
