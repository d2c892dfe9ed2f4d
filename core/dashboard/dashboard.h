/*
 * dashboard.h - the web listener (web/web.h) over what displays show (view/view.h): the page's
 * frames, and whether all is well, for load balancers and the like.
 *
 *   /live     frames of the view
 *   /healthz  200 as long as this thread goes round
 *   /readyz   200 when the brokers can be reached and the books are LIVE, else 503 and why
 *
 * One thread, that of the view. Nothing here waits for a client.
 */
#ifndef ARB_DASHBOARD_H
#define ARB_DASHBOARD_H

#include "config/config.h"
#include "util/err.h"
#include "view/view.h"
#include "web/web.h"

struct dashboard;

/*
 * Listens as `web` says, whose `listen` is given; borrowed for the call. The view is borrowed as
 * long as the dashboard lives, and stepped by the caller. On the main thread, see web.h.
 */
int dashboard_create(struct dashboard **dashboard, const struct web_section *web, struct view *view,
                     struct err *err);

/* NULL is accepted. */
void dashboard_destroy(struct dashboard *dashboard);

/* Looks after clients; waits for them at most `timeout_ms`. */
void dashboard_step(struct dashboard *dashboard, int timeout_ms);

/* Makes a dashboard_step() that waits return. From any thread. */
void dashboard_wake(struct dashboard *dashboard);

/* Where it is: "http://127.0.0.1:9464/". Lives as long as it. */
const char *dashboard_url(const struct dashboard *dashboard);

struct web_stats dashboard_stats(const struct dashboard *dashboard);

#endif /* ARB_DASHBOARD_H */
