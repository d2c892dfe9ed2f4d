#include "host/host_web.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "dashboard/dashboard.h"
#include "host/direct_source.h"
#include "util/joinable.h"
#include "util/log.h"

enum {
    TAP_BYTES = 256 * 1024,
    TURN_MS = 10,
};

static const char who[] = "web";

struct host_web {
    struct host_web_config config;
    struct waker
        waker; /* of the rings; the thread looks at them each turn, and never sleeps on it */
    bool has_waker;
    struct source *source;
    struct view *view;
    struct dashboard *dashboard;
    struct joinable thread;
    _Atomic bool stops; /* no data depends on it */
    int64_t look_ns;    /* mono: when brokers and runs are looked at again */
};

/* -- what strategies say ------------------------------------------------------------------------
 */

int host_web_tap_init(struct host_web_tap *tap, const char *strategy, const struct tenure *tenure)
{
    const int rc = ring_init(&tap->ring, TAP_BYTES, NULL);

    tap->has_ring = rc == ARB_OK;
    tap->strategy = strategy;
    tap->tenure = tenure;
    return rc;
}

void host_web_tap_fini(struct host_web_tap *tap)
{
    if (tap->has_ring) {
        ring_fini(&tap->ring);
    }
}

void host_web_tell(void *context, const struct opportunity *opportunity)
{
    struct host_web_tap *const tap = context;

    if (!delivery_put(&tap->ring, opportunity)) {
        (void)atomic_fetch_add_explicit(&tap->n_left_out, 1, memory_order_relaxed);
    }
}

/* A record ends with its last leg, and the view takes whole ones. */
static void take(struct view *view, struct ring *ring)
{
    const void *record;
    size_t len;

    while ((record = ring_peek(ring, &len)) != NULL) {
        struct opportunity opportunity = { .alive_ns = 0 };
        memcpy(&opportunity, record, len);
        ring_release(ring);
        if (opportunity.rest.delay_ns != 0) {
            view_on_survival(view, &opportunity);
        } else {
            view_on_opportunity(view, &opportunity);
        }
    }
}

/* -- what is wrong ------------------------------------------------------------------------------
 */

static void look_at_links(struct host_web *web)
{
    struct view_links links = { .broker = VIEW_BROKER_UNKNOWN };

    switch (publisher_reach(web->config.publisher)) {
    case PUBLISHER_REACHES:
        links.broker = VIEW_BROKER_UP;
        break;
    case PUBLISHER_CUT_OFF:
        links.broker = VIEW_BROKER_DOWN;
        (void)snprintf(links.broker_text, sizeof(links.broker_text),
                       "no Kafka broker can be reached at %s", web->config.config->kafka.brokers);
        break;
    case PUBLISHER_LOOKS:
        break;
    }
    for (unsigned i = 0; i < web->config.n_taps; i++) {
        links.n_opportunities_skipped +=
            atomic_load_explicit(&web->config.taps[i].n_left_out, memory_order_relaxed);
    }
    view_on_links(web->view, &links);
}

/* Its strategy goes on as a new run, and others close what this one had open. */
static bool is_of_a_run_before(void *context, const struct opportunity *opportunity)
{
    const struct host_web *const web = context;

    for (unsigned i = 0; i < web->config.n_taps; i++) {
        const struct host_web_tap *const tap = &web->config.taps[i];
        if (strcmp(tap->strategy, opportunity->strategy) == 0) {
            return tenure_session(tap->tenure) != opportunity->session;
        }
    }
    return true;
}

static void look(struct host_web *web, struct moment now)
{
    if (now.mono_ns >= web->look_ns) {
        web->look_ns = now.mono_ns + NS_PER_S;
        look_at_links(web);
        view_abandon(web->view, is_of_a_run_before, web, now);
    }
}

/* -- the thread ---------------------------------------------------------------------------------
 */

static void run(void *context)
{
    struct host_web *const web = context;

    (void)pthread_setname_np(pthread_self(), who); /* a thread without a name works as well */
    while (!atomic_load_explicit(&web->stops, memory_order_relaxed)) {
        const struct moment now = clock_moment();
        for (unsigned i = 0; i < web->config.n_taps; i++) {
            take(web->view, &web->config.taps[i].ring);
        }
        look(web, now);
        dashboard_step(web->dashboard, view_step(web->view, now) ? 0 : TURN_MS);
    }
}

int host_web_start(struct host_web *web, struct err *err)
{
    if (joinable_start(&web->thread, run, web) != ARB_OK) {
        return err_set(err, ARB_ENOMEM, "[web]: no thread");
    }
    log_line(ARB_INFO, who, "the dashboard is at %s", dashboard_url(web->dashboard));
    return ARB_OK;
}

bool host_web_stop(struct host_web *web, int64_t deadline_ns)
{
    if (web == NULL) {
        return true;
    }
    atomic_store_explicit(&web->stops, true, memory_order_relaxed);
    dashboard_wake(web->dashboard);
    return joinable_join(&web->thread, deadline_ns);
}

/* -- from the beginning to the end --------------------------------------------------------------
 */

static int make_source(struct host_web *web)
{
    const int rc = waker_init(&web->waker);

    web->has_waker = rc == ARB_OK;
    return rc == ARB_OK ? direct_source_create(&web->source, &web->waker, web->config.venues,
                                               web->config.n_venues,
                                               (size_t)web->config.config->host.ring_bytes)
                        : rc;
}

static int make_view(struct host_web *web, struct err *err)
{
    char machine[VIEW_NAME_MAX] = "";
    const struct view_config view = { .config = web->config.config,
                                      .source = web->source,
                                      .is_host = true,
                                      .name = machine,
                                      .version = ARBSPOT_VERSION,
                                      .now = clock_moment() };

    (void)gethostname(machine, sizeof(machine) - 1); /* then it has no name, or is cut */
    return view_create(&web->view, &view, err);
}

int host_web_create(struct host_web **out, const struct host_web_config *config, struct err *err)
{
    struct host_web *const web = calloc(1, sizeof(*web));

    if (web == NULL) {
        return err_set(err, ARB_ENOMEM, "[web]: no memory");
    }
    web->config = *config;
    int rc = make_source(web);
    rc = rc == ARB_OK ? make_view(web, err) : err_set(err, rc, "[web]: no memory for its rings");
    if (rc == ARB_OK) {
        rc = dashboard_create(&web->dashboard, &config->config->web, web->view, err);
    }
    if (rc != ARB_OK) {
        host_web_destroy(web);
        return rc;
    }
    *out = web;
    return ARB_OK;
}

void host_web_destroy(struct host_web *web)
{
    if (web == NULL) {
        return;
    }
    dashboard_destroy(web->dashboard);
    view_destroy(web->view);
    if (web->source != NULL) {
        web->source->ops->destroy(web->source);
    }
    if (web->has_waker) {
        waker_fini(&web->waker);
    }
    free(web);
}
