/*
 * clock.h - the only place that reads the system's time.
 *
 * Threads read it once per turn and pass the moment on; nothing that decides reads it itself.
 */
#ifndef ARB_CLOCK_H
#define ARB_CLOCK_H

#include <stdint.h>
#include <time.h>

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)

/* UTC nanoseconds since 1970. */
static inline int64_t clock_now_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail with a valid clock */
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* Nanoseconds that only go forward, for intervals; they count while the machine sleeps, too. */
static inline int64_t clock_mono_ns(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

/* How long the machine has slept since it started: the monotonic clock stands still meanwhile. */
static inline int64_t clock_asleep_ns(void)
{
    struct timespec now;
    if (clock_gettime(CLOCK_BOOTTIME, &now) != 0) {
        return 0; /* a kernel without it does not tell */
    }
    return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec - clock_mono_ns();
}

/* `ms` from now by CLOCK_MONOTONIC, for functions of the C library that wait until a time. */
static inline struct timespec clock_timeout(int ms)
{
    struct timespec end;
    (void)clock_gettime(CLOCK_MONOTONIC, &end);
    end.tv_sec += ms / 1000;
    end.tv_nsec += ms % 1000 * 1000000L;
    end.tv_sec += end.tv_nsec / NS_PER_S;
    end.tv_nsec %= NS_PER_S;
    return end;
}

/*
 * One point in time on both clocks. Deadlines and ages are monotonic; UTC is written into messages
 * and compared with what others wrote.
 */
struct moment {
    int64_t mono_ns, utc_ns;
};

static inline struct moment clock_moment(void)
{
    return (struct moment){ .mono_ns = clock_mono_ns(), .utc_ns = clock_now_ns() };
}

/* The moment when the clocks of a replay, or of a test, are as one. */
static inline struct moment moment_at(int64_t ns)
{
    return (struct moment){ .mono_ns = ns, .utc_ns = ns };
}

/* Later than any deadline. */
#define NEVER_NS INT64_MAX

#endif /* ARB_CLOCK_H */
