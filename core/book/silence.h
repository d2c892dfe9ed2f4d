/*
 * silence.h - is a book that says nothing quiet, or frozen?
 *
 * A venue's heartbeat proves its connection, not each book on it. A book is suspicious when
 * it had SILENCE_BUSY_MIN events within one `max_age` not long before, and then none for a
 * whole `max_age`. A pair that is quiet anyway never gets there, so nothing is asked of it.
 */
#ifndef ARB_SILENCE_H
#define ARB_SILENCE_H

#include <stdbool.h>
#include <stdint.h>

enum { SILENCE_BUSY_MIN = 10 };

/* Counts events in windows of `max_age`. Zeroed memory is ready. */
struct silence {
    int64_t window_ns; /* when the present window began */
    int64_t last_ns;   /* the last event */
    uint32_t n_before; /* events of the window before */
    uint32_t n_now;
};

void silence_event(struct silence *silence, int64_t now_ns, int64_t max_age_ns);
/* The venue said that nothing has changed. */
void silence_alive(struct silence *silence, int64_t now_ns);
bool silence_is_suspicious(const struct silence *silence, int64_t now_ns, int64_t max_age_ns);

#endif /* ARB_SILENCE_H */
