/* dialects.h - the venues that are spoken by common_venue.h. */
#ifndef ARB_SIM_DIALECTS_H
#define ARB_SIM_DIALECTS_H

#include "common_venue.h"

extern const struct dialect binance_dialect, bitfinex_dialect, bybit_dialect, coinbase_dialect,
    gemini_dialect, okx_dialect;

/* By number, in the order of the alphabet, or NULL behind the last one. */
const struct dialect *dialect_at(uint32_t i);
/* By name, or NULL. */
const struct dialect *dialect_find(const char *name);

/* The enum frame_role of a frame of any of them, and whose book it is. */
uint32_t dialects_role_of(const struct instrument_list *list, struct arb_bytes frame,
                          uint32_t *instrument);

#endif /* ARB_SIM_DIALECTS_H */
