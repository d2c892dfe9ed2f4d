#include "cmd/top_feeder.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "util/latest.h"
#include "util/shortage.h"

enum { TURN_MS = 10 };

struct top_feeder {
    pthread_t thread;
    bool is_started;
    atomic_bool is_asked;       /* to end; no data depends on it */
    _Atomic int64_t heard_ns;   /* likewise */
    struct view_feed *feed;     /* the thread's, as what follows */
    uint64_t version;           /* that was given last */
    struct latest snapshots_at; /* from the thread to who draws */
    struct snapshot snapshots[LATEST_SLOTS];
    struct latest wishes_at; /* and back */
    struct snapshot_wish wishes[LATEST_SLOTS];
};

static void give(struct top_feeder *feeder, struct moment now)
{
    struct view *const view = view_feed_view(feeder->feed);
    const bool is_wished = latest_take(&feeder->wishes_at);

    atomic_store_explicit(&feeder->heard_ns, view_heard_ns(view), memory_order_relaxed);
    if (view_version(view) == feeder->version && !is_wished) {
        return;
    }
    feeder->version = view_version(view);
    snapshot_take(&feeder->snapshots[feeder->snapshots_at.written], view,
                  &feeder->wishes[feeder->wishes_at.read], now);
    latest_give(&feeder->snapshots_at);
}

static void *feed(void *context)
{
    static const struct timespec turn = { .tv_nsec = TURN_MS * NS_PER_MS };
    struct top_feeder *const feeder = context;

    while (!atomic_load_explicit(&feeder->is_asked, memory_order_relaxed)) {
        const struct moment now = clock_moment();
        const bool has_more = view_feed_step(feeder->feed, now);
        give(feeder, now);
        if (!has_more) {
            (void)nanosleep(&turn, NULL); /* cut short it is asked sooner */
        }
    }
    return NULL;
}

int top_feeder_start(struct top_feeder **out, const struct kafka_config *kafka,
                     const struct config *config, struct err *err)
{
    struct top_feeder *const feeder = calloc(1, sizeof(*feeder));

    if (feeder == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory");
    }
    latest_init(&feeder->snapshots_at);
    latest_init(&feeder->wishes_at);
    int rc = view_feed_create(&feeder->feed, kafka, config, err);
    if (rc == ARB_OK) {
        rc = shortage_start_thread(&feeder->thread, feed, feeder, "to read with", err);
        feeder->is_started = rc == ARB_OK;
    }
    if (rc != ARB_OK) {
        top_feeder_stop(feeder);
        return rc;
    }
    *out = feeder;
    return ARB_OK;
}

void top_feeder_stop(struct top_feeder *feeder)
{
    if (feeder == NULL) {
        return;
    }
    atomic_store_explicit(&feeder->is_asked, true, memory_order_relaxed);
    if (feeder->is_started) {
        (void)pthread_join(feeder->thread, NULL); /* a thread of ours, joined once: cannot fail */
    }
    view_feed_destroy(feeder->feed);
    for (unsigned i = 0; i < LATEST_SLOTS; i++) {
        snapshot_fini(&feeder->snapshots[i]);
    }
    free(feeder);
}

void top_feeder_wish(struct top_feeder *feeder, const struct snapshot_wish *wish)
{
    feeder->wishes[feeder->wishes_at.written] = *wish;
    latest_give(&feeder->wishes_at);
}

const struct snapshot *top_feeder_look(struct top_feeder *feeder)
{
    (void)latest_take(&feeder->snapshots_at); /* else it is the one from before */
    return &feeder->snapshots[feeder->snapshots_at.read];
}

int64_t top_feeder_heard_ns(const struct top_feeder *feeder)
{
    return atomic_load_explicit(&feeder->heard_ns, memory_order_relaxed);
}
