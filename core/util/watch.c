#include "util/watch.h"

#include <stdio.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

_Thread_local struct watch_mark *watch_here;

void watch_subject_init(struct watch_subject *subject, const char *who, const char *plugin)
{
    (void)snprintf(subject->who, sizeof(subject->who), "%.*s", WATCH_WHO_MAX - 1, who);
    (void)snprintf(subject->plugin, sizeof(subject->plugin), "%.*s", WATCH_PLUGIN_MAX - 1, plugin);
}

/* Copies memory that may be gone: the kernel says so where we would crash. Returns how much. */
static size_t copy_if_there(void *to, const void *from, size_t len)
{
    const struct iovec local = { .iov_base = to, .iov_len = len };
    const struct iovec remote = { .iov_base = (void *)(uintptr_t)from, .iov_len = len };
    const ssize_t n = len == 0 ? 0 : process_vm_readv(getpid(), &local, 1, &remote, 1, 0);

    return n < 0 ? 0 : (size_t)n;
}

static void look_at_subject(const struct watch_mark *mark, struct watch_subject *subject)
{
    const struct watch_subject *const there =
        atomic_load_explicit(&mark->subject, memory_order_relaxed);

    *subject = (struct watch_subject){ .who = "?", .plugin = "?" };
    if (there != NULL && copy_if_there(subject, there, sizeof(*subject)) != sizeof(*subject)) {
        *subject = (struct watch_subject){ .who = "?", .plugin = "?" };
    }
    subject->who[WATCH_WHO_MAX - 1] = '\0';
    subject->plugin[WATCH_PLUGIN_MAX - 1] = '\0';
}

static void look_at_input(const struct watch_mark *mark, char input[WATCH_INPUT_MAX + 1])
{
    const char *const there = atomic_load_explicit(&mark->input, memory_order_relaxed);
    const size_t len = atomic_load_explicit(&mark->input_len, memory_order_relaxed);
    const size_t n =
        there == NULL ? 0
                      : copy_if_there(input, there, len < WATCH_INPUT_MAX ? len : WATCH_INPUT_MAX);

    for (size_t i = 0; i < n; i++) {
        input[i] = input[i] < 0x20 || input[i] > 0x7e ? '?' : input[i];
    }
    input[n] = '\0';
}

bool watch_look(const struct watch_mark *mark, struct watch_view *view)
{
    const uint32_t count = watch_count(mark);

    view->callback = atomic_load_explicit(&mark->callback, memory_order_relaxed);
    look_at_subject(mark, &view->subject);
    look_at_input(mark, view->input);
    return watch_is_inside(count) && watch_count(mark) == count;
}
