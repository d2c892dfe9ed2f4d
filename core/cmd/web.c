/* arbspot web: the dashboard, of hosts that run elsewhere. */
#include "cmd/cmd.h"

#include <stdio.h>

#include "cmd/arguments.h"
#include "cmd/ending.h"
#include "cmd/view_feed.h"
#include "dashboard/dashboard.h"
#include "util/harmless.h"
#include "util/log.h"

enum { TURN_MS = 10 };

static const char who[] = "web";

static const char usage[] =
    "Usage: arbspot web [-c FILE] [--brokers HOST:PORT,...] [OPTION]...\n"
    "\n"
    "Shows in a browser what hosts publish: venues and their books, how old they are, what each\n"
    "two venues would pay after fees, opportunities and what was left of them, and what is wrong\n"
    "(docs/web.md). Needs a configuration, brokers, or both: then the brokers given here replace\n"
    "those of the file. A configuration knows the venues' fees, and may have a section [web];\n"
    "without one the fees are those of the matrices that strategies publish.\n"
    "\n"
    "  -c, --config FILE      take brokers, topics, venues, fees and [web] from this INI file\n"
    "  -b, --brokers LIST     the Kafka brokers\n"
    "  -t, --topic NAME       instead of arbitrage-opportunities\n"
    "  -l, --listen ADDRESS   where browsers find it, otherwise 127.0.0.1:9464 or as [web] says\n"
    "  -h, --help             this text\n"
    "\n"
    "Exit status: 0 interrupted, 78 bad configuration or an address that cannot be listened at,\n"
    "64 wrong usage.\n";

struct arguments {
    struct attach_request from;
    const char *listen;
};

/* What the command line says, else the file. */
static struct web_section section_of(const struct arguments *a, const struct config *config)
{
    struct web_section web =
        config != NULL ? config->web : (struct web_section){ .clients_max = WEB_CLIENTS };

    if (a->listen != NULL) {
        web.listen = a->listen;
    } else if (web.listen == NULL) {
        web.listen = "127.0.0.1:9464";
    }
    return web;
}

static void serve(struct view_feed *feed, struct dashboard *dashboard, const struct ending *ending)
{
    log_line(ARB_INFO, who, "the dashboard is at %s", dashboard_url(dashboard));
    while (!ending_is_asked(ending)) {
        const bool has_more = view_feed_step(feed, clock_moment());
        dashboard_step(dashboard, has_more ? 0 : TURN_MS);
    }
}

static int web(void *context, const struct kafka_config *kafka, const struct config *config)
{
    const struct arguments *const a = context;
    const struct web_section section = section_of(a, config);
    struct ending *ending = NULL;
    struct view_feed *feed = NULL;
    struct dashboard *dashboard = NULL;
    struct err err = { .rc = ARB_OK };
    int status = CONFIG_EXIT;

    if (ending_open(&ending, ATTACH_LIMIT_MS, &err) == ARB_OK &&
        view_feed_create(&feed, kafka, config, &err) == ARB_OK &&
        dashboard_create(&dashboard, &section, view_feed_view(feed), &err) == ARB_OK) {
        serve(feed, dashboard, ending);
        status = CMD_OK;
    } else {
        harmless_line(stderr, "arbspot web: %s", err.text);
    }
    dashboard_destroy(dashboard);
    view_feed_destroy(feed);
    ending_close(ending);
    return status;
}

static bool take(void *arguments, int option, char *value)
{
    struct arguments *const a = arguments;

    if (option == 'l') {
        a->listen = value;
        return true;
    }
    return attach_take(&a->from, option, value);
}

int cmd_web(int argc, char **argv)
{
    static const struct option options[] = {
        { "config", required_argument, NULL, 'c' }, { "brokers", required_argument, NULL, 'b' },
        { "topic", required_argument, NULL, 't' },  { "listen", required_argument, NULL, 'l' },
        { "help", no_argument, NULL, 'h' },         { NULL, 0, NULL, 0 }
    };
    static const struct arguments_spec spec = { .command = "web",
                                                .usage = usage,
                                                .options = options,
                                                .take = take,
                                                .wanted = "an address such as 127.0.0.1:9464",
                                                .lacks = attach_lacks };
    struct arguments arguments = { .from.command = "web" };
    const int status = arguments_read(&spec, &arguments, argc, argv);

    return status != ARGUMENTS_READ ? status : view_feed_call(&arguments.from, web, &arguments);
}
