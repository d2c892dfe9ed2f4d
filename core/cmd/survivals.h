/*
 * survivals.h - how much of opportunities is left after which time, over all that were heard of:
 * one row for each strategy, chain of venues and delay.
 */
#ifndef ARB_SURVIVALS_H
#define ARB_SURVIVALS_H

#include <stdio.h>

#include "wire/opportunity.h"

enum {
    SURVIVALS_ROWS_MAX = 1024,
    SURVIVALS_PATH_MAX = ARB_LEGS_MAX * (ARB_SYMBOL_MAX + 3),
};

struct survivals_row {
    char strategy[ARB_SYMBOL_MAX];
    char path[SURVIVALS_PATH_MAX]; /* "kraken > bitstamp" */
    int64_t delay_ns;              /* 0: the venues' own latency */
    uint64_t n, n_known, n_paying; /* looked at; of these, with live books; of these, net above 0 */
    opportunity_wide delays_ns;    /* of latencies, their sum */
    uint64_t shares_ppm;           /* of what is known, net as a share of what it was, 0 to all */
};

/* Zeroed memory is ready. */
struct survivals {
    uint32_t n;
    uint64_t n_left_out;                           /* for want of a row */
    struct survivals_row rows[SURVIVALS_ROWS_MAX]; /* sorted */
};

/* Takes in one message, see wire_read_survival(). */
void survivals_add(struct survivals *survivals, const struct opportunity *opportunity);

/* A table for people, or nothing when there are no rows. */
void survivals_print(const struct survivals *survivals, FILE *out);
void survivals_print_json(const struct survivals *survivals, FILE *out);

#endif /* ARB_SURVIVALS_H */
