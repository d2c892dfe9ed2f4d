#include "config/venue_list.h"

#include <stdio.h>
#include <string.h>

enum { SHOWN_MAX = 60 };

static const char blanks[] = ", \t";

/* Or n_exchanges. */
static unsigned find_exchange(const struct config *config, const char *name, size_t len)
{
    unsigned i = 0;

    while (i < config->n_exchanges && (strlen(config->exchanges[i].name) != len ||
                                       memcmp(config->exchanges[i].name, name, len) != 0)) {
        i++;
    }
    return i;
}

static int refuse(const struct config *config, const char *name, size_t len, struct err *err)
{
    const char *names[CONFIG_EXCHANGES_MAX + 1] = { NULL };
    char word[SHOWN_MAX + 1];

    (void)snprintf(word, sizeof(word), "%.*s", (int)len, name); /* cut to what can be shown */
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
        const unsigned exchange = find_exchange(config, name, len);
        if (exchange == config->n_exchanges) {
            return refuse(config, name, len, err);
        }
        *venues |= 1U << exchange;
        name += len + strspn(name + len, blanks);
    }
    return *venues != 0 ? ARB_OK
                        : err_set(err, ARB_EINVAL, "empty: name exchanges, or leave the key out");
}
