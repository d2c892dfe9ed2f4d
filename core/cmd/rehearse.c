#include "cmd/rehearse.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "io/url.h"
#include "plugin/options.h"
#include "plugin/trial.h"
#include "session/rehearsal.h"
#include "strategy/runner.h"
#include "strategy/terms.h"
#include "util/clock.h"
#include "util/harmless.h"
#include "util/log.h"

enum {
    HEADING_MAX = 64,
    LOG_MAX = 16 * 1024, /* bytes that a plugin may log */
    REASON_MAX = 512,
    TOLD_MAX = 2 * REASON_MAX + 8, /* bytes of a sentence about a plugin */
    PLACE_MAX = 128,
    PART_MIN = 3, /* bytes of a value that are not there by chance */
};

/* As the watchdog has it, but for the machine's other business. */
static const struct trial_limit init_limit = { .cpu_s = 5, .wall_s = 30 };

/* One section on trial. What is found is told as lines "LINE<tab>KEY<tab>SENTENCE". */
struct rehearsed {
    const struct config *config;
    const struct plugin *plugin;
    const struct exchange_config *exchange; /* or NULL */
    const struct strategy_config *strategy; /* or NULL */
    const struct config_entry *options;
    unsigned line;
    FILE *out;  /* in the child */
    int log_fd; /* in the child: what is logged there */
};

/* What the plugin has made up may hold a line end: it is not to begin a line of its own. */
static void tell(const struct rehearsed *r, const struct config_entry *entry, const char *text)
{
    char said[TOLD_MAX];
    const int len = snprintf(said, sizeof(said), "%s", text); /* cut it still tells */
    const size_t room = sizeof(said) - 1;

    said[harmless_make(said, (size_t)len < room ? (size_t)len : room)] = '\0';
    (void)fprintf(r->out, "%u\t%s\t%s\n", entry == NULL ? r->line : entry->line,
                  entry == NULL ? "" : entry->key, said);
}

/* -- where a URL comes from ------------------------------------------------------------ */

/* The option whose value is most of the URL, or NULL: it is the plugin's own. */
static const struct config_entry *source_of(const struct rehearsed *r, const char *url)
{
    const struct config_entry *found = NULL;

    for (const struct config_entry *e = r->options; e != NULL; e = e->next) {
        const size_t len = strlen(e->value);
        const bool is_part = len >= PART_MIN && strstr(url, e->value) != NULL;
        if ((is_part || strcmp(url, e->value) == 0) &&
            (found == NULL || len > strlen(found->value))) {
            found = e;
        }
    }
    return found;
}

/* Then no message may show it. */
static bool has_user(const char *url)
{
    const char *const slashes = strstr(url, "//");
    const char *const rest = slashes == NULL ? url : slashes + 2;

    return rest[strcspn(rest, "@/?#")] == '@';
}

static void on_url(void *context, const char *scheme, const char *text)
{
    const struct rehearsed *const r = context;
    const struct config_entry *const source = source_of(r, text);
    char said[REASON_MAX];
    struct url url;
    struct err err = { .rc = ARB_OK };

    if (url_parse(&url, scheme, text, &err) == ARB_OK) {
        return;
    }
    if (source != NULL && source->origin != NULL) {
        (void)snprintf(said, sizeof(said),
                       "%s makes no URL such as %s://HOST or %s://HOST:PORT/PATH", source->origin,
                       scheme, scheme);
    } else if (has_user(text)) {
        (void)snprintf(said, sizeof(said),
                       "a user and password in a URL are not supported: remove what stands in "
                       "front of the '@'");
    } else {
        (void)snprintf(said, sizeof(said), "%s", err.text);
    }
    tell(r, source, said);
}

/* -- why a plugin refuses -------------------------------------------------------------- */

/* From here on what is logged is kept in memory. */
static void keep_log(struct rehearsed *r)
{
    r->log_fd = memfd_create("log", MFD_CLOEXEC);
    if (r->log_fd >= 0) {
        (void)dup2(r->log_fd, STDERR_FILENO); /* then the caller's is written to */
        log_open();
        log_set_level(ARB_INFO);
    }
}

/* Takes the escapes of a log line off, up to its closing quote. */
static void unquote(const char *text, char *out, size_t cap)
{
    size_t n = 0;

    for (; *text != '\0' && *text != '\n' && *text != '"' && n + 1 < cap; text++) {
        text += *text == '\\' && text[1] != '\0' ? 1 : 0;
        out[n++] = *text;
    }
    out[n] = '\0';
}

static bool holds_secret(const struct rehearsed *r, const char *text)
{
    for (const struct config_entry *e = r->options; e != NULL; e = e->next) {
        if (e->origin != NULL && e->value[0] != '\0' && strstr(text, e->value) != NULL) {
            return true;
        }
    }
    return false;
}

/* The last warning or error that was logged: what the plugin has against it, or "". */
static void find_reason(const struct rehearsed *r, char reason[REASON_MAX])
{
    static const char mark[] = "msg=\"";
    char log[LOG_MAX];
    const ssize_t len = r->log_fd < 0 ? -1 : pread(r->log_fd, log, sizeof(log) - 1, 0);

    reason[0] = '\0';
    log[len < 0 ? 0 : len] = '\0';
    for (const char *at = log; at != NULL && *at != '\0'; at = strchr(at, '\n')) {
        at += *at == '\n' ? 1 : 0;
        const size_t line_len = strcspn(at, "\n");
        const char *const text = strstr(at, mark);
        if (text != NULL && text < at + line_len &&
            (memmem(at, line_len, "level=error", 11) != NULL ||
             memmem(at, line_len, "level=warn", 10) != NULL)) {
            unquote(text + sizeof(mark) - 1, reason, REASON_MAX);
        }
    }
    if (holds_secret(r, reason)) {
        (void)snprintf(reason, REASON_MAX, "its words hold a value that is not to be shown");
    }
}

/* "venue=kraken: " is what the section says already. */
static const char *without_who(const char *text)
{
    const char *const colon = strstr(text, ": ");
    const bool has_who = strncmp(text, "venue=", 6) == 0 || strncmp(text, "strategy=", 9) == 0;

    return has_who && colon != NULL ? colon + 2 : text;
}

/* The option that a reason such as "max_notional = 25,000 is no amount" begins with, or NULL. */
static const struct config_entry *option_of(const struct rehearsed *r, const char *reason)
{
    const struct config_entry *entry = r->options;

    while (entry != NULL && (strncmp(reason, entry->key, strlen(entry->key)) != 0 ||
                             strncmp(reason + strlen(entry->key), " = ", 3) != 0)) {
        entry = entry->next;
    }
    return entry;
}

static void tell_refusal(const struct rehearsed *r, const struct err *err)
{
    char reason[REASON_MAX], text[TOLD_MAX];

    find_reason(r, reason);
    const struct config_entry *const option = option_of(r, reason);
    if (option != NULL) {
        tell(r, option, reason);
        return;
    }
    (void)snprintf(text, sizeof(text), "%s%s%s", without_who(err->text),
                   reason[0] == '\0' ? "" : ": ", reason); /* cut it still helps */
    tell(r, NULL, text);
}

/* -- in the child ---------------------------------------------------------------------- */

static int start_strategy(const struct rehearsed *r, struct err *err)
{
    struct arb_venue names[CONFIG_EXCHANGES_MAX] = { 0 };
    struct problems problems = { .out = stderr, .path = r->config->path };
    struct runner_config config = { .strategy = r->strategy,
                                    .plugin = r->plugin,
                                    .venues = names,
                                    .n_venues = r->config->n_exchanges,
                                    .config = r->config,
                                    .now = clock_moment() };
    struct runner *runner = NULL;

    for (unsigned i = 0; i < r->config->n_exchanges; i++) {
        names[i] = venue_as_configured(&r->config->exchanges[i]);
    }
    const int rc = runner_create(&runner, &config, &problems, err);
    if (rc == ARB_OK) {
        runner_destroy(runner);
    }
    return rc;
}

static void act(void *context, int fd)
{
    struct rehearsed *const r = context;
    struct err err = { .rc = ARB_OK };

    r->out = fdopen(fd, "w");
    if (r->out == NULL) {
        return;
    }
    (void)setvbuf(r->out, NULL, _IOLBF, 0); /* what was told is told, whatever comes then */
    keep_log(r);
    const int rc = r->exchange != NULL
                       ? session_rehearse(r->plugin, r->config, r->exchange, on_url, r, &err)
                       : start_strategy(r, &err);
    if (rc != ARB_OK) {
        tell_refusal(r, &err);
    }
    (void)fflush(r->out); /* the reader is there: cannot fail */
}

/* -- in the caller --------------------------------------------------------------------- */

static void take_line(const char *line, const char *heading, struct problems *problems)
{
    char *rest = NULL;
    const unsigned long number = strtoul(line, &rest, 10);
    const char *const key = *rest == '\t' ? rest + 1 : rest;
    const size_t key_len = strcspn(key, "\t");
    char name[PLACE_MAX];

    (void)snprintf(name, sizeof(name), "%.*s", (int)key_len, key);
    problem_add(problems, (unsigned)number, heading, name[0] == '\0' ? NULL : name, "%s",
                key[key_len] == '\0' ? key : key + key_len + 1);
}

static void take_lines(char *text, const char *heading, struct problems *problems)
{
    for (char *line = text, *end; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        *end = '\0';
        take_line(line, heading, problems);
    }
}

static void rehearse_one(struct rehearsed *r, const char *heading, struct problems *problems)
{
    const char *const name = r->plugin->desc.name;
    struct trial *const trial = malloc(sizeof(*trial));

    if (trial == NULL || trial_call(trial, act, r, init_limit) != ARB_OK) {
        problem_add(problems, r->line, heading, NULL,
                    "its plugin %s cannot be tried in a process of its own", name);
        free(trial);
        return;
    }
    take_lines(trial->said, heading, problems);
    if (trial->is_late) {
        problem_add(problems, r->line, heading, NULL,
                    "init() of %s does not return within %u s of processor time, or %u s "
                    "altogether: it hangs with these options",
                    name, init_limit.cpu_s, init_limit.wall_s);
    } else if (trial->ended != NULL) {
        problem_add(problems, r->line, heading, NULL,
                    "init() of %s ends the process (%s): it crashes with these options", name,
                    trial->ended);
    }
    free(trial);
}

static void rehearse_exchange(const struct config *config, const struct plugins *plugins,
                              unsigned i, struct problems *problems)
{
    const struct exchange_config *const exchange = &config->exchanges[i];
    struct rehearsed r = { .config = config,
                           .plugin = &plugins->exchanges[i],
                           .exchange = exchange,
                           .options = exchange->options,
                           .line = exchange->line };
    char heading[HEADING_MAX];

    (void)snprintf(heading, sizeof(heading), "exchange:%s", exchange->name); /* fits */
    if (plugins->has_exchange[i] && exchange->n_symbols > 0) {
        rehearse_one(&r, heading, problems);
    }
}

static void rehearse_strategy(const struct config *config, const struct plugins *plugins,
                              unsigned i, struct problems *problems)
{
    const struct strategy_config *const strategy = &config->strategies[i];
    struct rehearsed r = { .config = config,
                           .plugin = &plugins->strategies[i],
                           .strategy = strategy,
                           .options = strategy->options,
                           .line = strategy->line };
    char heading[HEADING_MAX];

    (void)snprintf(heading, sizeof(heading), "strategy:%s", strategy->name); /* fits */
    if (plugins->has_strategy[i]) {
        rehearse_one(&r, heading, problems);
    }
}

void rehearse(const struct config *config, const struct plugins *plugins, struct problems *problems)
{
    for (unsigned i = 0; i < config->n_exchanges; i++) {
        rehearse_exchange(config, plugins, i, problems);
    }
    for (unsigned i = 0; i < config->n_strategies; i++) {
        rehearse_strategy(config, plugins, i, problems);
    }
}
