#include "config/venue_list.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN_MAX = 60 };

static const char blanks[] = ", \t";

int venue_list_unknown(const struct config *config, const char *name, struct err *err)
{
    const char *names[CONFIG_EXCHANGES_MAX + 1] = { NULL };

    for (unsigned i = 0; i < config->n_exchanges; i++) {
        names[i] = config->exchanges[i].name;
    }
    const char *const meant = nearest_word(name, names);
    return meant == NULL
               ? err_set(err, ARB_EINVAL, "there is no [exchange:%.*s]", (int)SHOWN_MAX, name)
               : err_set(err, ARB_EINVAL, "there is no [exchange:%.*s]; did you mean %s?",
                         (int)SHOWN_MAX, name, meant);
}

/* Patterns, and lists with other separators. */
static bool is_word(const char *name)
{
    return name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-")] ==
           '\0';
}

static int add(const char *name, const struct config *config, uint32_t *venues, struct err *err)
{
    const struct exchange_config *const exchange = config_exchange(config, name);

    if (!is_word(name)) {
        return err_set(
            err, ARB_EINVAL,
            "'%s' is not the name of an exchange: separate names by commas, or leave the "
            "key out for all of them",
            name);
    }
    if (exchange == NULL) {
        return venue_list_unknown(config, name, err);
    }
    const uint32_t bit = 1U << (exchange - config->exchanges);
    if ((*venues & bit) != 0) {
        return err_set(err, ARB_EINVAL, "%s is listed twice: remove one", exchange->name);
    }
    *venues |= bit;
    return ARB_OK;
}

int venue_list_read(const char *text, const struct config *config, uint32_t *venues,
                    const struct venue_list_reader *reader)
{
    uint32_t found = 0;
    int rc = ARB_OK;

    for (const char *name = text + strspn(text, blanks); *name != '\0';) {
        const size_t len = strcspn(name, blanks);
        char word[SHOWN_MAX + 1];
        struct err err = { .rc = ARB_OK };
        (void)snprintf(word, sizeof(word), "%.*s", (int)len, name); /* names are shorter */
        if (add(word, config, &found, &err) != ARB_OK) {
            reader->refuse(reader->context, err.text);
            rc = err.rc;
        }
        name += len + strspn(name + len, blanks);
    }
    if (rc == ARB_OK && found == 0) {
        reader->refuse(reader->context, "empty: name exchanges, or leave the key out");
        rc = ARB_EINVAL;
    }
    *venues = rc == ARB_OK ? found : 0;
    return rc;
}
