/*
 * latency.h - samples of how long something took, and their quantiles.
 */
#ifndef ARB_BENCH_LATENCY_H
#define ARB_BENCH_LATENCY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Filled by one thread; read by another only after the first was joined. */
struct latency {
    int64_t *samples_ns; /* [max] */
    size_t n, max;
};

struct quantiles {
    double p50_us, p90_us, p99_us;
    size_t n;
};

bool latency_init(struct latency *latency, size_t max);
void latency_fini(struct latency *latency);

/* Further samples than there is room for are left out. */
void latency_add(struct latency *latency, int64_t ns);

/* Sorts the samples. */
struct quantiles latency_quantiles(struct latency *latency);

#endif /* ARB_BENCH_LATENCY_H */
