/* venue_list.h - "kraken, bitstamp": some of the exchanges of a configuration. */
#ifndef ARB_VENUE_LIST_H
#define ARB_VENUE_LIST_H

#include "config/config.h"
#include "util/err.h"

/*
 * Sets bit i of `venues` for each exchange i that is named. ARB_EINVAL with a sentence: a name is
 * of none, or the list is empty.
 */
int venue_list_read(const char *text, const struct config *config, uint32_t *venues,
                    struct err *err);

#endif /* ARB_VENUE_LIST_H */
