/*
 * outage.h - decides which of many failed attempts deserve a line in the log.
 *
 * Per host, not per connection: a machine without internet gives one line per venue, then
 * one whenever the reason changes, and one every few minutes with the number of attempts.
 */
#ifndef ARB_OUTAGE_H
#define ARB_OUTAGE_H

#include <stdbool.h>
#include <stdint.h>

#include "arbspot/types.h"
#include "io/url.h"

enum {
    OUTAGE_WHY_MAX = 640,
    OUTAGE_REPEAT_S = 300, /* between two lines with the same reason */
    OUTAGES_MAX = ARB_CONNS_MAX,
};

struct outage {
    char endpoint[URL_ENDPOINT_MAX]; /* empty: this place is free */
    char why[OUTAGE_WHY_MAX];
    uint64_t attempts; /* failed since the host was last reached */
    int64_t next_line_ns;
};

struct outages {
    struct outage list[OUTAGES_MAX];
};

/* Counts a failed attempt. True when it is news; `*attempts` gets the count so far. */
bool outages_failed(struct outages *outages, const struct url *url, const char *why, int64_t now_ns,
                    uint64_t *attempts);

/* Ends an outage: returns how many attempts had failed, 0 when there was none. */
uint64_t outages_over(struct outages *outages, const struct url *url);

#endif /* ARB_OUTAGE_H */
