/*
 * host.h - what the host offers every plugin during a callback.
 *
 * Most calls record an intention and return; nothing happens on the network, to a book or on a
 * bus until the callback has returned ARB_OK. If it returns an error, everything it recorded is
 * dropped: all or nothing. A plugin may use its host only inside a callback that gets it, and only
 * on the thread that made it; whoever keeps it and calls from another, from fini() or a checksum(),
 * is refused with ARB_EINVAL and disabled. The calls fail with ARB_EINVAL on an argument outside
 * its documented range and with ARB_ELIMIT when one callback asks for more than the host can hold;
 * the host then treats the callback as failed, whatever it returns, and the log says which rule was
 * broken.
 *
 * Two clocks, fixed for the callback: `now_ns` is UTC, to be written down and compared with what
 * others wrote; `mono_ns` never jumps, to measure with. A replay sets both from the recording, so
 * plugins never ask the system for the time.
 */
#ifndef ARB_HOST_H
#define ARB_HOST_H

#include "arbspot/abi.h"
#include "arbspot/types.h"

#ifdef __cplusplus
extern "C" {
#endif

enum arb_log_level { ARB_ERROR = 1, ARB_WARN = 2, ARB_INFO = 3, ARB_DEBUG = 4 };

struct arb_host;

/*
 * The calls of every kind of plugin. They head the table of each kind (exchange.h, strategy.h),
 * and `size` is that of the whole table. Never changes within a MAJOR.
 */
struct arb_host_calls {
    uint32_t size;
    void (*log)(struct arb_host *host, enum arb_log_level level, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));
    int (*timer_set)(struct arb_host *host, uint32_t timer, uint32_t delay_ms);
};

struct arb_host {
    const struct arb_host_calls *calls;
    int64_t now_ns;
    int64_t mono_ns;
};

/* Logs one line at once (the only call that is not recorded); the host adds the venue's name. */
#define arb_log(host, level, ...) ((host)->calls->log((host), (level), __VA_ARGS__))

/*
 * Calls on_timer(timer) once, `delay_ms` from now. Replaces a pending one; 0 cancels it. A timer
 * whose callback failed is called again with the same delay.
 */
static inline int arb_timer_set(struct arb_host *host, uint32_t timer, uint32_t delay_ms)
{
    return host->calls->timer_set(host, timer, delay_ms);
}

#ifdef __cplusplus
}
#endif

#endif /* ARB_HOST_H */
