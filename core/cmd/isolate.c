#include "cmd/isolate.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/printing.h"
#include "host/children.h"
#include "host/heart.h"
#include "kafka/embedded.h"
#include "util/log.h"

enum { SECTION_MAX = CONFIG_NAME_MAX + sizeof("exchange:") };

static void add_all(struct children *children, const struct config *config)
{
    char section[SECTION_MAX];

    for (unsigned i = 0; i < config->n_exchanges; i++) {
        if (config->exchanges[i].enabled) {
            (void)snprintf(section, sizeof(section), "exchange:%s", config->exchanges[i].name);
            children_add(children, section);
        }
    }
    for (unsigned i = 0; i < config->n_strategies; i++) {
        if (config->strategies[i].enabled) {
            (void)snprintf(section, sizeof(section), "strategy:%s", config->strategies[i].name);
            children_add(children, section);
        }
    }
}

/* Where the children agree on scales; also when the configuration remembers none. */
static int make_family_dir(char *dir, struct err *err)
{
    if (mkdtemp(dir) == NULL || setenv(HEART_VARIABLE, dir, 1) != 0) {
        return err_set(err, ARB_EINVAL, "no folder for the processes to share: %s: %s", dir,
                       strerror(errno));
    }
    return ARB_OK;
}

/* It is flat, and nobody is left who writes into it. */
static void remove_family_dir(const char *path)
{
    DIR *const dir = opendir(path);

    if (dir == NULL) {
        return;
    }
    for (const struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        (void)unlinkat(dirfd(dir), entry->d_name, 0); /* refused for "." and "..", as it should */
    }
    (void)closedir(dir);
    (void)rmdir(path);
}

/* Ends with the children ended, whatever becomes of them. */
static int watch_children(const struct config *config, const struct ending *ending)
{
    const char *const arguments[] = { "arbspot",    "run",       "--config",
                                      config->path, "--brokers", config->kafka.brokers,
                                      NULL };
    struct children *children = NULL;

    if (children_create(&children, arguments) != ARB_OK) {
        log_line(ARB_ERROR, NULL, "cannot start: no memory");
        return CMD_FAILED;
    }
    add_all(children, config);
    log_line(ARB_INFO, NULL, "running %s, each exchange and strategy in a process of its own",
             config->path);
    while (!ending_is_asked(ending)) {
        children_turn(children, ending_fd(ending));
    }
    log_line(ARB_INFO, NULL, "stopping");
    const int rc = children_stop(children);
    children_destroy(children);
    return rc == ARB_OK ? CMD_OK : CMD_FAILED;
}

static int start_broker(struct embedded **embedded, struct config *config, struct err *err)
{
    const char *brokers = NULL;
    int rc = embedded_start(embedded, &brokers, err);

    if (rc == ARB_OK) {
        rc = embedded_attach(*embedded, &config->kafka, err);
    }
    if (rc == ARB_OK) {
        log_line(ARB_INFO, "kafka=embedded",
                 "broker in this process at %s; try: kcat -C -b %s -t %s", brokers, brokers,
                 config->kafka.market_topic);
    }
    return rc;
}

int isolate_run(struct config *config, enum printing_what prints, const struct ending *ending)
{
    struct embedded *embedded = NULL;
    struct printing printing = { 0 };
    struct err err = { 0 };
    char dir[] = "/tmp/arbspot-XXXXXX";
    int status = CMD_FAILED;

    int rc = make_family_dir(dir, &err);
    if (rc == ARB_OK && strcmp(config->kafka.brokers, "embedded") == 0) {
        rc = start_broker(&embedded, config, &err);
    }
    if (rc == ARB_OK) {
        rc = printing_start(&printing, &config->kafka, prints, &err);
    }
    if (rc == ARB_OK) {
        status = watch_children(config, ending);
    } else {
        log_line(ARB_ERROR, NULL, "cannot start: %s", err.text);
    }
    if (!printing_stop(&printing)) {
        status = CMD_FAILED;
    }
    embedded_stop(embedded);
    remove_family_dir(dir);
    return status;
}
