/* venue_list.h - "kraken, bitstamp": some of the exchanges of a configuration. */
#ifndef ARB_VENUE_LIST_H
#define ARB_VENUE_LIST_H

#include "config/config.h"
#include "util/err.h"

/* Is told of each thing that is wrong, as a sentence. */
struct venue_list_reader {
    void (*refuse)(void *context, const char *text);
    void *context;
};

/*
 * Sets bit i of `venues` for each exchange i that is named. ARB_EINVAL, with no bit set: names are
 * of none or are there twice, all of which were told, or the list is empty.
 */
int venue_list_read(const char *text, const struct config *config, uint32_t *venues,
                    const struct venue_list_reader *reader);

/* That no exchange has this name, and whose is near: sets ARB_EINVAL, and returns it. */
int venue_list_unknown(const struct config *config, const char *name, struct err *err);

#endif /* ARB_VENUE_LIST_H */
