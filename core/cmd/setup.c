#include "cmd/setup.h"

#include "kafka/settings.h"
#include "config/config_load.h"

unsigned setup_load(struct setup *setup, const char *path)
{
    struct problems problems = { .out = stderr, .path = path };

    /* Plugins are tried even when the file has problems: all of them are shown at once. */
    problems_hold(&problems);
    (void)config_load(&setup->config, path, &problems);
    (void)plugins_load(&setup->config, &setup->plugins, &problems);
    kafka_conf_check(&setup->config.kafka, &problems);
    problems_release(&problems);
    return problems.n;
}

void setup_fini(struct setup *setup)
{
    plugins_fini(&setup->plugins);
    config_fini(&setup->config);
}
