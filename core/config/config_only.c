#include "config/config_only.h"

#include <string.h>

#include "config/nearest.h"

/* The name behind "KIND:", or NULL. */
static const char *name_behind(const char *section, const char *kind)
{
    const size_t len = strlen(kind);
    return strncmp(section, kind, len) == 0 ? section + len : NULL;
}

static bool refuse_unknown(const char *section, const char *name, const char *const *names,
                           struct problems *problems)
{
    const char *const near = nearest_word(name, names);

    if (near != NULL) {
        problem_add(problems, 0, NULL, NULL, "--only %.80s: no such section; did you mean '%s'?",
                    section, near);
    } else {
        problem_add(problems, 0, NULL, NULL, "--only %.80s: no such section", section);
    }
    return false;
}

static bool refuse_disabled(const char *section, unsigned line, struct problems *problems)
{
    problem_add(problems, line, section, "enabled", "this is all that is to run, and it is 'no'");
    return false;
}

static bool only_exchange(struct config *config, const char *section, const char *name,
                          struct problems *problems)
{
    const char *names[CONFIG_EXCHANGES_MAX + 1] = { NULL };
    const struct exchange_config *found = NULL;

    for (unsigned i = 0; i < config->n_exchanges; i++) {
        struct exchange_config *const exchange = &config->exchanges[i];
        names[i] = exchange->name;
        if (strcmp(exchange->name, name) == 0) {
            found = exchange;
        } else {
            exchange->is_elsewhere = exchange->enabled;
            exchange->enabled = false;
        }
    }
    for (unsigned i = 0; i < config->n_strategies; i++) {
        config->strategies[i].enabled = false;
    }
    if (found == NULL) {
        return refuse_unknown(section, name, names, problems);
    }
    return found->enabled || refuse_disabled(section, found->line, problems);
}

static bool can_run_alone(const struct strategy_config *strategy, const char *section,
                          struct problems *problems)
{
    if (!strategy->enabled) {
        return refuse_disabled(section, strategy->line, problems);
    }
    if (strategy->source == SOURCE_DIRECT) {
        problem_add(problems, strategy->source_line, section, "source",
                    "'direct' reads the exchanges of its own process, and --only leaves it none: "
                    "use source = kafka");
        return false;
    }
    return true;
}

static bool only_strategy(struct config *config, const char *section, const char *name,
                          struct problems *problems)
{
    const char *names[CONFIG_STRATEGIES_MAX + 1] = { NULL };
    const struct strategy_config *found = NULL;

    for (unsigned i = 0; i < config->n_exchanges; i++) {
        config->exchanges[i].enabled = false;
    }
    for (unsigned i = 0; i < config->n_strategies; i++) {
        struct strategy_config *const strategy = &config->strategies[i];
        names[i] = strategy->name;
        if (strcmp(strategy->name, name) == 0) {
            found = strategy;
        } else {
            strategy->enabled = false;
        }
    }
    if (found == NULL) {
        return refuse_unknown(section, name, names, problems);
    }
    return can_run_alone(found, section, problems);
}

bool config_only(struct config *config, const char *section, struct problems *problems)
{
    const char *const exchange = name_behind(section, "exchange:");
    const char *const strategy = name_behind(section, "strategy:");

    if (exchange != NULL) {
        return only_exchange(config, section, exchange, problems);
    }
    if (strategy != NULL) {
        return only_strategy(config, section, strategy, problems);
    }
    problem_add(problems, 0, NULL, NULL,
                "--only %.80s: takes exchange:NAME or strategy:NAME, as the sections are called",
                section);
    return false;
}
