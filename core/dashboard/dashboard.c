#include "dashboard/dashboard.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"

enum {
    LINE_MAX = 512,
    LIVE_PERCENT = 90, /* of the books, so that a venue's maintenance is not all that counts */
    OK = 200,
    UNAVAILABLE = 503,
};

struct dashboard {
    struct view *view;
    struct web *web;
};

/* -- frames -------------------------------------------------------------------------------------
 */

_Static_assert((int)VIEW_WISH_MAX == (int)ARB_SYMBOL_MAX, "a wish is copied");

static uint64_t write_frame(void *context, uint64_t since, const struct web_wish *wish,
                            struct text_buffer *out)
{
    const struct dashboard *const dashboard = context;
    struct view_wish wanted = { .since = wish->since };

    memcpy(wanted.venue, wish->venue, sizeof(wanted.venue));
    memcpy(wanted.symbol, wish->symbol, sizeof(wanted.symbol));
    return view_has_news(dashboard->view, since, &wanted)
               ? view_write_frame(dashboard->view, since, &wanted, clock_moment(), out)
               : since;
}

/* -- is all well? -------------------------------------------------------------------------------
 */

static void answer_health(void *context, const struct web_ask *ask, struct web_answer *answer)
{
    (void)context;
    (void)ask;
    text_buffer_add(answer->text, "ok\n", 3);
}

__attribute__((format(printf, 2, 3))) static void refuse(struct web_answer *answer, const char *fmt,
                                                         ...)
{
    char line[LINE_MAX];
    va_list args;

    va_start(args, fmt);
    const int len = vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    answer->status = UNAVAILABLE;
    text_buffer_add(answer->text, line, len < LINE_MAX ? (size_t)len : LINE_MAX - 1);
    text_buffer_add(answer->text, "\n", 1);
}

static void look_at_books(const struct view_host_row *host, struct web_answer *answer)
{
    if (host->n_books == 0) {
        refuse(answer, "no book is known yet");
    } else if ((uint64_t)host->n_live * 100 < (uint64_t)host->n_books * LIVE_PERCENT) {
        refuse(answer, "%u of %u books are LIVE, less than %d %%", (unsigned)host->n_live,
               (unsigned)host->n_books, (int)LIVE_PERCENT);
    }
}

/* Everything that stands against it, one a line. */
static void answer_ready(void *context, const struct web_ask *ask, struct web_answer *answer)
{
    const struct dashboard *const dashboard = context;
    const struct view_host_row *const host = view_host(dashboard->view);

    (void)ask;
    answer->status = OK;
    if (host->broker == VIEW_BROKER_DOWN) {
        refuse(answer, "%s", host->broker_text);
    }
    look_at_books(host, answer);
    if (answer->status == OK) {
        text_buffer_add(answer->text, "ready\n", 6);
    }
}

/* -- from the beginning to the end --------------------------------------------------------------
 */

int dashboard_create(struct dashboard **out, const struct web_section *web, struct view *view,
                     struct err *err)
{
    static const struct web_route routes[] = {
        { "/healthz", "text/plain; charset=utf-8", answer_health },
        { "/readyz", "text/plain; charset=utf-8", answer_ready },
    };
    struct dashboard *const dashboard = calloc(1, sizeof(*dashboard));

    if (dashboard == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory for the dashboard");
    }
    dashboard->view = view;
    const struct web_config config = { .listen = web->listen,
                                       .token = web->token,
                                       .clients_max = (uint32_t)web->clients_max,
                                       .context = dashboard,
                                       .routes = routes,
                                       .n_routes = sizeof(routes) / sizeof(*routes),
                                       .write = write_frame };
    const int rc = web_create(&dashboard->web, &config, err);
    if (rc != ARB_OK) {
        free(dashboard);
        return rc;
    }
    *out = dashboard;
    return ARB_OK;
}

void dashboard_destroy(struct dashboard *dashboard)
{
    if (dashboard != NULL) {
        web_destroy(dashboard->web);
        free(dashboard);
    }
}

void dashboard_step(struct dashboard *dashboard, int timeout_ms)
{
    web_step(dashboard->web, timeout_ms);
}

void dashboard_wake(struct dashboard *dashboard)
{
    web_wake(dashboard->web);
}

const char *dashboard_url(const struct dashboard *dashboard)
{
    return web_url(dashboard->web);
}

struct web_stats dashboard_stats(const struct dashboard *dashboard)
{
    return web_stats(dashboard->web);
}
