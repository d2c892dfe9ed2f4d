#include "config/config.h"

#include <string.h>

#include "config/pool.h"

void config_fini(struct config *config)
{
    pool_destroy(config->memory);
    memset(config, 0, sizeof(*config));
}

uint32_t config_publish_depth(const struct config *config, const struct exchange_config *exchange)
{
    return (uint32_t)(exchange->publish_depth_line != 0 ? exchange->publish_depth
                                                        : config->host.publish_depth);
}

const struct instrument_config *config_instrument(const struct config *config, const char *symbol)
{
    for (unsigned i = 0; i < config->n_instruments; i++) {
        if (strcmp(config->instruments[i].symbol, symbol) == 0) {
            return &config->instruments[i];
        }
    }
    return NULL;
}
