#include "cmd/setup.h"

#include <string.h>

#include "cmd/rehearse.h"
#include "cmd/setup_fees.h"
#include "cmd/setup_files.h"
#include "config/config_load.h"
#include "config/config_only.h"
#include "config/strategy_check.h"
#include "kafka/settings.h"

static bool is_security(const char *key)
{
    return strncmp(key, "sasl.", 5) == 0 || strncmp(key, "ssl.", 4) == 0 ||
           strncmp(key, "security.", 9) == 0;
}

/*
 * Takes out the settings without a value, which were reported. TLS and SASL are judged as a whole
 * or not at all: without one of their settings each complaint would be of what is not there.
 */
static void forget_unread(struct kafka_config *kafka)
{
    bool is_partial = false;

    for (const struct config_entry *e = kafka->rdkafka; e != NULL; e = e->next) {
        is_partial |= e->value == NULL && is_security(e->key);
    }
    for (struct config_entry **at = &kafka->rdkafka; *at != NULL;) {
        if ((*at)->value == NULL || (is_partial && is_security((*at)->key))) {
            *at = (*at)->next;
        } else {
            at = &(*at)->next;
        }
    }
    if (is_partial) {
        kafka->brokers = NULL; /* then nobody asks what they need */
    }
}

/* What is loaded is known, even when its options are not good. */
static void learn_reach(struct config *config, const struct plugins *plugins)
{
    for (unsigned i = 0; i < config->n_strategies && plugins->strategies != NULL; i++) {
        const struct arb_strategy_ops *const ops = &plugins->strategies[i].strategy;
        if (ops->on_market != NULL) {
            config->strategies[i].reach =
                (ops->flags & ARB_STRATEGY_ACROSS) != 0 ? REACH_ACROSS : REACH_ONE;
        }
    }
}

unsigned setup_load(struct setup *setup, const char *path, const char *only)
{
    struct problems problems = { .out = stderr, .path = path };

    /* Plugins are tried even when the file has problems: all of them are shown at once. */
    problems_hold(&problems);
    bool is_good = config_load(&setup->config, path, &problems) == ARB_OK;
    if (is_good && only != NULL) {
        is_good = config_only(&setup->config, only, &problems);
    }
    setup_check_files(&setup->config, &problems);
    (void)plugins_load(&setup->config, &setup->plugins, &problems);
    learn_reach(&setup->config, &setup->plugins);
    if (is_good || only == NULL) { /* else nobody knows what is to run */
        strategy_check(&setup->config, &problems);
    }
    setup_fees(&setup->config, &setup->plugins, &problems);
    rehearse(&setup->config, &setup->plugins, &problems);
    forget_unread(&setup->config.kafka);
    kafka_conf_check(&setup->config.kafka, &problems);
    problems_release(&problems);
    return problems.n;
}

void setup_fini(struct setup *setup)
{
    plugins_fini(&setup->plugins);
    config_fini(&setup->config);
}
