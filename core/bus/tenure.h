/*
 * tenure.h - how long a run of a strategy may speak for what it opened.
 *
 * Others who run the same strategy take a run that they do not hear for dead, and close what it
 * has open (kafka/abandoned.h). One that was only stopped, or cut off, and goes on must not close
 * that once more. So a run counts itself as over before anybody else does: when it has not said for
 * TENURE_NS that it is there, or nothing that it said since has come back. It goes on as a new run.
 */
#ifndef ARB_TENURE_H
#define ARB_TENURE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "util/clock.h"

#define TENURE_NS (3 * NS_PER_S) /* less than others wait */

/* Neither guards other data. */
struct tenure {
    _Atomic uint64_t session; /* of the run; set by the strategy's thread */
    _Atomic int64_t echo_ns;  /* mono: when its newest word that came back was said; 0: none yet */
};

static inline uint64_t tenure_session(const struct tenure *tenure)
{
    return atomic_load_explicit(&tenure->session, memory_order_relaxed);
}

static inline void tenure_begin(struct tenure *tenure, uint64_t session)
{
    atomic_store_explicit(&tenure->session, session, memory_order_relaxed);
    atomic_store_explicit(&tenure->echo_ns, 0, memory_order_relaxed);
}

/* A word that was said at `said_ns` came back. */
static inline void tenure_echo(struct tenure *tenure, int64_t said_ns)
{
    atomic_store_explicit(&tenure->echo_ns, said_ns, memory_order_relaxed);
}

/* `said_ns`: when it last said that it is there, mono; 0: not yet. */
static inline bool tenure_is_over(const struct tenure *tenure, int64_t said_ns, int64_t now_ns)
{
    const int64_t echo_ns = atomic_load_explicit(&tenure->echo_ns, memory_order_relaxed);

    return (said_ns != 0 && now_ns - said_ns >= TENURE_NS) ||
           (echo_ns != 0 && now_ns - echo_ns >= TENURE_NS);
}

/* A session that no run had before. */
static inline uint64_t tenure_next_session(uint64_t session)
{
    return session * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
}

#endif /* ARB_TENURE_H */
