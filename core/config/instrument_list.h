/*
 * instrument_list.h - scales and venue symbols as a command line or a script gives them: what the
 * [instrument:SYMBOL] sections are in the INI.
 */
#ifndef ARB_INSTRUMENT_LIST_H
#define ARB_INSTRUMENT_LIST_H

#include "config/config.h"
#include "util/err.h"

enum { INSTRUMENT_LIST_MAX = 64 };

/* Does not move once it has been filled in: its parts point at each other. */
struct instrument_list {
    struct instrument_config configs[INSTRUMENT_LIST_MAX];
    struct config_entry names[INSTRUMENT_LIST_MAX];
    char texts[INSTRUMENT_LIST_MAX][ARB_SYMBOL_MAX]; /* the names themselves */
    unsigned n;
};

int instrument_list_scale(struct instrument_list *list, const char *symbol, int64_t px,
                          int64_t qty);
/* `exchange` is borrowed: the name of the exchange that calls it so. */
int instrument_list_name(struct instrument_list *list, const char *exchange, const char *symbol,
                         const char *venue_symbol);

/* As a command line has them: "BTC/USD=2,8" and "BTC/USD=XBT/USD". */
struct instrument_texts {
    const char *scales[INSTRUMENT_LIST_MAX], *names[INSTRUMENT_LIST_MAX];
    unsigned n_scales, n_names;
};

/* Adds all of them. ARB_EINVAL when one is not that. */
int instrument_list_add(struct instrument_list *list, const char *exchange,
                        const struct instrument_texts *texts, struct err *err);

/* A configuration without anything but these. */
void instrument_list_config(struct instrument_list *list, const char *path, struct config *config);

#endif /* ARB_INSTRUMENT_LIST_H */
