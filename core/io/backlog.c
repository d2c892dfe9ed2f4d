#include "io/backlog.h"

#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "util/clock.h"

#define STEP_NS (20 * NS_PER_MS)

bool backlog_has_unread(int fd)
{
    int unread = 0;
    return fd >= 0 && ioctl(fd, FIONREAD, &unread) == 0 && unread > 0;
}

/* A kernel that does not count leaves the count out of its answer: then all of it is one byte. */
bool backlog_ask(int fd, struct backlog_look *look)
{
    struct tcp_info info = { 0 };
    socklen_t len = sizeof(info);
    int unread = 0;

    *look = (struct backlog_look){ 0 };
    if (fd < 0 || ioctl(fd, FIONREAD, &unread) != 0 || unread < 0) {
        return false;
    }
    look->unread = (uint64_t)unread;
    if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len) == 0 &&
        len >= offsetof(struct tcp_info, tcpi_bytes_received) + sizeof(info.tcpi_bytes_received)) {
        look->received = info.tcpi_bytes_received;
    }
    return true;
}

void backlog_init(struct backlog *backlog, int64_t now_ns)
{
    *backlog = (struct backlog){ .empty_ns = now_ns };
}

/* Counts that lie within what was read say nothing any more. */
static void forget_read(struct backlog *backlog, uint64_t n_read)
{
    uint32_t first = 0;

    while (first < backlog->n && backlog->counts[first].received <= n_read) {
        first++;
    }
    backlog->n -= first;
    memmove(backlog->counts, backlog->counts + first, backlog->n * sizeof(*backlog->counts));
}

/* Every second one goes when there are too many, and fewer come: the longer, the coarser. */
static void thin_out(struct backlog *backlog)
{
    for (uint32_t i = 1; i < backlog->n / 2; i++) {
        backlog->counts[i] = backlog->counts[2 * i];
    }
    backlog->n /= 2;
    backlog->step_ns = backlog->step_ns == 0 ? STEP_NS : 2 * backlog->step_ns;
}

static void remember(struct backlog *backlog, int64_t now_ns, uint64_t received)
{
    const struct backlog_count *const last =
        backlog->n == 0 ? NULL : &backlog->counts[backlog->n - 1];

    if (last != NULL && (last->received >= received || now_ns - last->at_ns < backlog->step_ns)) {
        return;
    }
    if (backlog->n == BACKLOG_COUNTS_MAX) {
        thin_out(backlog);
    }
    backlog->counts[backlog->n++] = (struct backlog_count){ now_ns, received };
}

void backlog_note(struct backlog *backlog, int64_t now_ns, const struct backlog_look *look)
{
    if (look->unread == 0) {
        backlog->n = 0;
        backlog->step_ns = 0;
        backlog->age_ns = 0;
        backlog->empty_ns = now_ns;
        return;
    }
    if (look->received < look->unread) { /* not counted */
        backlog->age_ns = now_ns - backlog->empty_ns;
        return;
    }
    forget_read(backlog, look->received - look->unread);
    remember(backlog, now_ns, look->received);
    backlog->age_ns = backlog->n == 0 ? 0 : now_ns - backlog->counts[0].at_ns;
}
