#include "host/direct_source.h"

#include "strategy/ring_source.h"

int direct_source_create(struct source **source, struct waker *waker, struct venue_thread *venues,
                         unsigned n, size_t ring_bytes)
{
    struct ring_source_venue rings[CONFIG_EXCHANGES_MAX];
    int rc = ARB_OK;

    for (unsigned i = 0; i < n && rc == ARB_OK; i++) {
        unsigned outlet;
        rc = venue_thread_add_ring(&venues[i], waker, ring_bytes, &outlet);
        if (rc == ARB_OK) {
            rings[i] =
                (struct ring_source_venue){ &venues[i].rings[outlet], venues[i].words[outlet] };
        }
    }
    return rc == ARB_OK ? ring_source_create(source, rings, n, waker) : rc;
}
