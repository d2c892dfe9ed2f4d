#include "latency.h"

#include <stdlib.h>

bool latency_init(struct latency *latency, size_t max)
{
    *latency = (struct latency){ .samples_ns = malloc(max * sizeof(int64_t)), .max = max };
    return latency->samples_ns != NULL;
}

void latency_fini(struct latency *latency)
{
    free(latency->samples_ns);
    *latency = (struct latency){ 0 };
}

void latency_add(struct latency *latency, int64_t ns)
{
    if (latency->n < latency->max) {
        latency->samples_ns[latency->n++] = ns;
    }
}

static int by_size(const void *a, const void *b)
{
    const int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;
    return left < right ? -1 : left > right;
}

static double quantile_us(const struct latency *latency, size_t percent)
{
    return latency->n == 0 ? 0
                           : (double)latency->samples_ns[(latency->n - 1) * percent / 100] / 1000;
}

struct quantiles latency_quantiles(struct latency *latency)
{
    qsort(latency->samples_ns, latency->n, sizeof(int64_t), by_size);
    return (struct quantiles){ .p50_us = quantile_us(latency, 50),
                               .p90_us = quantile_us(latency, 90),
                               .p99_us = quantile_us(latency, 99),
                               .n = latency->n };
}
