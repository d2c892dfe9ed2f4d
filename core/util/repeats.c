#include "util/repeats.h"

#include <stdio.h>

#include "util/clock.h"
#include "util/fnv.h"
#include "util/log.h"

enum { TEXT_MAX = 1024 }; /* as much as a line of the log shows */

/* Never 0, which is no key. */
static uint64_t key_of(const char *text)
{
    return fnv_of(text) | 1;
}

/* The one with this key, or the one that ends first for a new start. */
static struct repeat *find(struct repeat *list, unsigned n, uint64_t key)
{
    struct repeat *oldest = &list[0];

    for (unsigned i = 0; i < n; i++) {
        if (list[i].key == key) {
            return &list[i];
        }
        if (list[i].key == 0 || (oldest->key != 0 && list[i].end_ns < oldest->end_ns)) {
            oldest = &list[i];
        }
    }
    *oldest = (struct repeat){ .key = key };
    return oldest;
}

/* Counts what is not shown because the interval has had its share. */
static bool is_full(struct repeat *repeat, int64_t mono_ns, uint32_t limit)
{
    if (repeat->n_shown == 0 || mono_ns >= repeat->end_ns) {
        repeat->end_ns = mono_ns + REPEATS_INTERVAL_S * NS_PER_S;
        repeat->n_shown = 0;
    }
    repeat->n_hidden += repeat->n_shown == limit;
    return repeat->n_shown == limit;
}

static uint64_t take_hidden(struct repeat *repeat)
{
    const uint64_t n = repeat->n_hidden;

    repeat->n_hidden = 0;
    return n;
}

void repeats_log(struct repeats *repeats, int64_t mono_ns, enum arb_log_level level,
                 const char *who, const char *fmt, va_list args)
{
    char text[TEXT_MAX];

    if (!log_is_on(level)) {
        return;
    }
    (void)vsnprintf(text, sizeof(text), fmt, args); /* a cut sentence still helps */
    struct repeat *const all = &repeats->all;
    struct repeat *const place = find(repeats->places, REPEATS_PLACES, key_of(fmt));
    if (is_full(all, mono_ns, REPEATS_OF_ALL) || is_full(place, mono_ns, REPEATS_OF_PLACE)) {
        return;
    }
    struct repeat *const same = find(repeats->texts, REPEATS_TEXTS, key_of(text));
    if (is_full(same, mono_ns, 1)) {
        return;
    }
    const uint64_t n_hidden = take_hidden(all) + take_hidden(place) + take_hidden(same);
    all->n_shown++;
    place->n_shown++;
    same->n_shown++;
    log_counted(level, who, text, n_hidden);
}
