/*
 * clock_behind.c - preloaded into a program: its wall clock is an hour behind.
 *
 * Only the monotonic clocks stay as they are, as when somebody sets the clock of a machine.
 */
#include <stddef.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { BEHIND_S = 3600 };

int clock_gettime(clockid_t clock, struct timespec *now)
{
    const long rc = syscall(SYS_clock_gettime, clock, now);

    if (rc == 0 && clock == CLOCK_REALTIME) {
        now->tv_sec -= BEHIND_S;
    }
    return (int)rc;
}

time_t time(time_t *out)
{
    struct timespec now = { 0 };

    (void)clock_gettime(CLOCK_REALTIME, &now); /* cannot fail with a valid clock */
    if (out != NULL) {
        *out = now.tv_sec;
    }
    return now.tv_sec;
}
