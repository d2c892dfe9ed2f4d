#include "cmd/setup.h"

#include "cmd/rehearse.h"
#include "cmd/setup_files.h"
#include "config/config_load.h"
#include "config/config_only.h"
#include "kafka/settings.h"

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
    rehearse(&setup->config, &setup->plugins, &problems);
    kafka_conf_check(&setup->config.kafka, &problems);
    problems_release(&problems);
    return problems.n;
}

void setup_fini(struct setup *setup)
{
    plugins_fini(&setup->plugins);
    config_fini(&setup->config);
}
