#include "session/instance.h"

#include <stdlib.h>
#include <string.h>

#include "plugin/loader.h"
#include "session/state.h"

static const char margin[] = "an instance ends in front of it";

_Static_assert(PLUGIN_INSTANCE_MAX <= SIZE_MAX - sizeof(margin), "an instance has room for it");

const char instance_rule[] =
    "nothing is written behind the instance: set .instance_size = sizeof() of its struct";

void *instance_create(size_t size)
{
    char *const instance = calloc(1, size + sizeof(margin));

    if (instance != NULL) {
        memcpy(instance + size, margin, sizeof(margin));
    }
    return instance;
}

bool instance_is_whole(const void *instance, size_t size)
{
    return memcmp((const char *)instance + size, margin, sizeof(margin)) == 0;
}

bool session_is_in_bounds(const struct session *session)
{
    return instance_is_whole(session->self, session->plugin->desc.instance_size);
}
