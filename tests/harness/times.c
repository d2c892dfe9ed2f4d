#include "times.h"

#include <stdbool.h>
#include <stdlib.h>

enum { KEPT_MIN = 1024, KEPT_MAX = 1 << 20 /* of one callback; the median is of so many */ };

const char *times_name(enum times_callback callback)
{
    static const char *const names[TIMES_CALLBACKS] = { "init",  "ask",       "on_message",
                                                        "spell", "on_answer", "checksum",
                                                        "reset", "on_timer",  "fini" };

    return names[callback];
}

static bool has_room(struct times_of *of)
{
    if (of->n_kept < of->cap) {
        return true;
    }
    const size_t cap = of->cap == 0 ? KEPT_MIN : 2 * of->cap;
    uint32_t *const list = cap > KEPT_MAX ? NULL : realloc(of->list_ns, cap * sizeof(*of->list_ns));
    if (list != NULL) {
        of->list_ns = list;
        of->cap = cap;
    }
    return list != NULL;
}

void times_add(struct times *times, enum times_callback callback, int64_t ns)
{
    struct times_of *const of = &times->of[callback];
    const uint64_t took_ns = ns < 0 ? 0 : (uint64_t)ns;

    of->n_calls++;
    of->max_ns = took_ns > of->max_ns ? took_ns : of->max_ns;
    if (has_room(of)) {
        of->list_ns[of->n_kept++] = took_ns > UINT32_MAX ? UINT32_MAX : (uint32_t)took_ns;
    }
}

static int by_size(const void *a, const void *b)
{
    const uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

/* The lower of two in the middle. */
static uint64_t median_ns(struct times_of *of)
{
    if (of->n_kept == 0) {
        return 0;
    }
    qsort(of->list_ns, of->n_kept, sizeof(*of->list_ns), by_size);
    return of->list_ns[(of->n_kept - 1) / 2];
}

void times_tell(struct times *times, struct report *report)
{
    for (unsigned i = 0; i < TIMES_CALLBACKS; i++) {
        struct times_of *const of = &times->of[i];
        const struct call_times told = { .n_calls = of->n_calls,
                                         .median_ns = median_ns(of),
                                         .max_ns = of->max_ns };
        if (of->n_calls > 0) {
            report_times(report, times_name((enum times_callback)i), &told);
        }
    }
}

void times_fini(struct times *times)
{
    for (unsigned i = 0; i < TIMES_CALLBACKS; i++) {
        free(times->of[i].list_ns);
    }
    *times = (struct times){ 0 };
}
