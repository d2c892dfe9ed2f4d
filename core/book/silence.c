#include "book/silence.h"

void silence_event(struct silence *silence, int64_t now_ns, int64_t max_age_ns)
{
    const int64_t since_ns = now_ns - silence->window_ns;

    if (since_ns >= max_age_ns) {
        silence->n_before = since_ns < 2 * max_age_ns ? silence->n_now : 0;
        silence->n_now = 0;
        silence->window_ns = now_ns;
    }
    silence->n_now++;
    silence->last_ns = now_ns;
}

void silence_alive(struct silence *silence, int64_t now_ns)
{
    silence->last_ns = now_ns;
}

bool silence_is_suspicious(const struct silence *silence, int64_t now_ns, int64_t max_age_ns)
{
    const bool was_busy =
        silence->n_now >= SILENCE_BUSY_MIN || silence->n_before >= SILENCE_BUSY_MIN;
    return was_busy && now_ns - silence->last_ns > max_age_ns;
}
