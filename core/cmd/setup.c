#include "cmd/setup.h"

#include <string.h>

#include "cmd/rehearse.h"
#include "cmd/setup_fees.h"
#include "cmd/setup_files.h"
#include "config/config_load.h"
#include "config/config_only.h"
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

unsigned setup_load(struct setup *setup, const char *path, const char *only)
{
    struct problems problems = { .out = stderr, .path = path };

    /* Plugins are tried even when the file has problems: all of them are shown at once. */
    problems_hold(&problems);
    const int rc = config_load(&setup->config, path, &problems);
    if (rc == ARB_OK && only != NULL) {
        (void)config_only(&setup->config, only, &problems); /* its problems are counted */
    }
    setup_check_files(&setup->config, &problems);
    (void)plugins_load(&setup->config, &setup->plugins, &problems);
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
