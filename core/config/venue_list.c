#include "config/venue_list.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN_MAX = 60 };

static const char blanks[] = ", \t";

static int refuse(const struct config *config, const char *word, struct err *err)
{
    const char *names[CONFIG_EXCHANGES_MAX + 1] = { NULL };

    for (unsigned i = 0; i < config->n_exchanges; i++) {
        names[i] = config->exchanges[i].name;
    }
    const char *const meant = nearest_word(word, names);
    return meant == NULL ? err_set(err, ARB_EINVAL, "there is no [exchange:%s]", word)
                         : err_set(err, ARB_EINVAL, "there is no [exchange:%s]; did you mean %s?",
                                   word, meant);
}

int venue_list_read(const char *text, const struct config *config, uint32_t *venues,
                    struct err *err)
{
    *venues = 0;
    for (const char *name = text + strspn(text, blanks); *name != '\0';) {
        const size_t len = strcspn(name, blanks);
        char word[SHOWN_MAX + 1];
        (void)snprintf(word, sizeof(word), "%.*s", (int)len, name); /* names are shorter */
        const struct exchange_config *const exchange = config_exchange(config, word);
        if (exchange == NULL) {
            return refuse(config, word, err);
        }
        *venues |= 1U << (exchange - config->exchanges);
        name += len + strspn(name + len, blanks);
    }
    return *venues != 0 ? ARB_OK
                        : err_set(err, ARB_EINVAL, "empty: name exchanges, or leave the key out");
}
