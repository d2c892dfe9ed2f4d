#include "dataset.h"

#include <stdio.h>
#include <string.h>

#include "generated.h"

enum { PX_SCALE = 10, QTY_SCALE = 8 };

static int copy_text(char *to, const char *from, struct err *err)
{
    if (strlen(from) >= DATASET_TEXT_MAX) {
        return err_set(err, ARB_ELIMIT, "more than %d bytes: %s", DATASET_TEXT_MAX, from);
    }
    memcpy(to, from, strlen(from) + 1);
    return ARB_OK;
}

static int set_symbols(struct dataset *dataset, struct err *err)
{
    char *rest = dataset->text[0];
    int rc = copy_text(rest, dataset->spec->symbols, err);

    dataset->exchange.symbols = dataset->symbols;
    for (char *one; rc == ARB_OK && (one = strsep(&rest, ",")) != NULL;) {
        if (dataset->exchange.n_symbols == DATASET_SYMBOLS_MAX) {
            rc = err_set(err, ARB_ELIMIT, "more than %d symbols", DATASET_SYMBOLS_MAX);
        } else {
            dataset->symbols[dataset->exchange.n_symbols++] = one;
        }
    }
    return rc;
}

static int set_options(struct dataset *dataset, struct err *err)
{
    char *rest = dataset->text[1];
    struct config_entry **last = &dataset->exchange.options;
    unsigned n = 0;
    int rc = copy_text(rest, dataset->spec->options, err);

    for (char *one; rc == ARB_OK && (one = strsep(&rest, ",")) != NULL;) {
        char *const equals = strchr(one, '=');
        if (equals == NULL || n == DATASET_OPTIONS_MAX) {
            return err_set(err, ARB_EINVAL, "options are key=value,..., at most %d, not '%s'",
                           DATASET_OPTIONS_MAX, one);
        }
        *equals = '\0';
        struct config_entry *const entry = &dataset->options[n++];
        *entry = (struct config_entry){ .key = one, .value = equals + 1 };
        *last = entry;
        last = &entry->next;
    }
    return rc;
}

int dataset_init(struct dataset *dataset, const struct dataset_spec *spec, const char *plugin_dir,
                 struct err *err)
{
    const char *const dirs[] = { plugin_dir, NULL };
    char path[PLUGIN_PATH_MAX];

    dataset->spec = spec;
    dataset->config = (struct config){ .path = "bench",
                                       .host = { .px_scale = PX_SCALE, .qty_scale = QTY_SCALE } };
    (void)snprintf(dataset->exchange.name, sizeof(dataset->exchange.name), "%s", spec->plugin);
    int rc = plugin_find(spec->plugin, dirs, path, sizeof(path), err);
    if (rc == ARB_OK) {
        rc = plugin_load(&dataset->plugin, path, ARB_KIND_EXCHANGE, err);
    }
    if (rc == ARB_OK) {
        rc = set_symbols(dataset, err);
    }
    if (rc == ARB_OK) {
        rc = set_options(dataset, err);
    }
    if (rc == ARB_OK) {
        rc = spec->file != NULL ? recording_add(&dataset->recording, spec->file, err)
                                : generate_stream(&dataset->recording, spec->depth, err);
    }
    recording_sort(&dataset->recording);
    return rc;
}

void dataset_fini(struct dataset *dataset)
{
    recording_fini(&dataset->recording);
}
