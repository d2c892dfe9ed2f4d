#include "dialects.h"

#include <string.h>

#include "frame_role.h"

static const struct dialect *const dialects[] = {
    &binance_dialect,  &bitfinex_dialect, &bybit_dialect,
    &coinbase_dialect, &gemini_dialect,   &okx_dialect,
};
enum { N_DIALECTS = sizeof(dialects) / sizeof(dialects[0]) };

const struct dialect *dialect_at(uint32_t i)
{
    return i < N_DIALECTS ? dialects[i] : NULL;
}

const struct dialect *dialect_find(const char *name)
{
    for (size_t i = 0; i < N_DIALECTS; i++) {
        if (strcmp(dialects[i]->name, name) == 0) {
            return dialects[i];
        }
    }
    return NULL;
}

uint32_t dialects_role_of(const struct instrument_list *list, struct arb_bytes frame,
                          uint32_t *instrument)
{
    uint32_t role = FRAME_OTHER;

    for (size_t i = 0; i < N_DIALECTS && role == FRAME_OTHER; i++) {
        role = dialects[i]->role_of(list, frame, instrument);
    }
    return role;
}
