#include "host/watchdog.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "host/heart.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/shortage.h"

#define STEP_MAX_NS (2 * WATCHDOG_STEP_MS * NS_PER_MS) /* more is time in which we did not run */

/* What is known of one thread. */
struct watched {
    const struct watch_mark *mark;
    uint32_t count;    /* as last seen */
    int64_t inside_ns; /* seen in the same callback for so long */
    bool is_slow;
    _Atomic bool is_hanging;
    struct watch_view view; /* taken when it became slow */
    struct log_limit limit;
};

struct watchdog {
    struct watchdog_config config;
    struct watched watched[WATCHDOG_MARKS_MAX];
    int64_t last_ns; /* of the look before; 0: none */
    int64_t beat_ns; /* when the next beat is due */
    pthread_t thread;
    bool is_started;
    int stop_fd;
};

/* " of its input: {...", or nothing. */
static const char *label_of(const struct watch_view *view)
{
    return view->input[0] == '\0' ? "" : "; its input begins: ";
}

static void log_slow(struct watched *watched, int64_t now_ns)
{
    const struct watch_view *const view = &watched->view;
    const int64_t tenths = (watched->inside_ns / NS_PER_MS + 50) / 100;

    log_limited(&watched->limit, now_ns, ARB_WARN, view->subject.who,
                "%s of plugin %s took %lld.%lld s%s%s", view->callback, view->subject.plugin,
                (long long)(tenths / 10), (long long)(tenths % 10), label_of(view), view->input);
}

static void note_hanging(struct watchdog *watchdog, unsigned i)
{
    struct watched *const watched = &watchdog->watched[i];
    const struct watch_view *const view = &watched->view;

    log_line(ARB_ERROR, view->subject.who,
             "%s of plugin %s hangs: it has not returned for %d s%s%s", view->callback,
             view->subject.plugin, WATCHDOG_HANG_MS / 1000, label_of(view), view->input);
    atomic_store_explicit(&watched->is_hanging, true, memory_order_relaxed);
    if (watchdog->config.hangs != NULL) {
        watchdog->config.hangs(watchdog->config.context, i, view->callback);
    }
}

static void note_return(struct watchdog *watchdog, unsigned i)
{
    struct watched *const watched = &watchdog->watched[i];
    const struct watch_view *const view = &watched->view;

    log_line(ARB_WARN, view->subject.who, "%s of plugin %s has returned after %lld s",
             view->callback, view->subject.plugin, (long long)(watched->inside_ns / NS_PER_S));
    atomic_store_explicit(&watched->is_hanging, false, memory_order_relaxed);
    if (watchdog->config.is_back != NULL) {
        watchdog->config.is_back(watchdog->config.context, i);
    }
}

/* It is somewhere else than at the look before. */
static void on_move(struct watchdog *watchdog, unsigned i, int64_t now_ns)
{
    struct watched *const watched = &watchdog->watched[i];

    if (atomic_load_explicit(&watched->is_hanging, memory_order_relaxed)) {
        note_return(watchdog, i);
    } else if (watched->is_slow) {
        log_slow(watched, now_ns);
    }
    watched->inside_ns = 0;
    watched->is_slow = false;
}

static void look(struct watchdog *watchdog, unsigned i, int64_t now_ns, int64_t step_ns)
{
    struct watched *const watched = &watchdog->watched[i];
    const uint32_t count = watch_count(watched->mark);

    if (count != watched->count) {
        on_move(watchdog, i, now_ns);
        watched->count = count;
        return;
    }
    if (!watch_is_inside(count)) {
        return;
    }
    watched->inside_ns += step_ns;
    if (!watched->is_slow && watched->inside_ns > WATCHDOG_SLOW_MS * NS_PER_MS) {
        watched->is_slow = watch_look(watched->mark, &watched->view);
    }
    if (watched->is_slow && watched->inside_ns >= WATCHDOG_HANG_MS * NS_PER_MS &&
        !atomic_load_explicit(&watched->is_hanging, memory_order_relaxed)) {
        note_hanging(watchdog, i);
    }
}

void watchdog_step(struct watchdog *watchdog, int64_t mono_ns)
{
    const int64_t since_ns = watchdog->last_ns == 0 ? 0 : mono_ns - watchdog->last_ns;
    const int64_t step_ns = since_ns < STEP_MAX_NS ? since_ns : STEP_MAX_NS;

    watchdog->last_ns = mono_ns;
    if (watchdog->config.beat != NULL && mono_ns >= watchdog->beat_ns) {
        watchdog->beat_ns = mono_ns + HEART_BEAT_MS * NS_PER_MS;
        watchdog->config.beat(watchdog->config.context);
    }
    for (unsigned i = 0; i < watchdog->config.n; i++) {
        look(watchdog, i, mono_ns, step_ns);
    }
}

bool watchdog_says_hanging(const struct watchdog *watchdog, unsigned i)
{
    return atomic_load_explicit(&watchdog->watched[i].is_hanging, memory_order_relaxed);
}

static void *run(void *context)
{
    struct watchdog *const watchdog = context;
    struct pollfd stop = { .fd = watchdog->stop_fd, .events = POLLIN };

    (void)pthread_setname_np(pthread_self(), "watchdog"); /* for people who look at threads */
    while (poll(&stop, 1, WATCHDOG_STEP_MS) <= 0) {
        watchdog_step(watchdog, clock_mono_ns());
    }
    return NULL;
}

int watchdog_create(struct watchdog **out, const struct watchdog_config *config)
{
    assert(config->n <= WATCHDOG_MARKS_MAX);
    struct watchdog *const watchdog = calloc(1, sizeof(*watchdog));

    if (watchdog == NULL) {
        return ARB_ENOMEM;
    }
    watchdog->config = *config;
    watchdog->config.marks = NULL; /* the caller's */
    for (unsigned i = 0; i < config->n; i++) {
        watchdog->watched[i].mark = config->marks[i];
    }
    watchdog->stop_fd = -1;
    *out = watchdog;
    return ARB_OK;
}

int watchdog_start(struct watchdog *watchdog, struct err *err)
{
    assert(!watchdog->is_started);
    watchdog->stop_fd = eventfd(0, EFD_CLOEXEC);
    if (watchdog->stop_fd < 0) {
        return err_set(err, ARB_ENOMEM, "no watchdog: %s", shortage_words(errno));
    }
    const int rc = shortage_start_thread(&watchdog->thread, run, watchdog, "for the watchdog", err);
    watchdog->is_started = rc == ARB_OK;
    return rc;
}

void watchdog_destroy(struct watchdog *watchdog)
{
    const uint64_t one = 1;

    if (watchdog == NULL) {
        return;
    }
    if (watchdog->is_started) {
        (void)!write(watchdog->stop_fd, &one, sizeof(one)); /* a counter that is 0: there is room */
        (void)pthread_join(watchdog->thread, NULL); /* a thread of ours, joined once: cannot fail */
    }
    if (watchdog->stop_fd >= 0) {
        (void)close(watchdog->stop_fd);
    }
    free(watchdog);
}
