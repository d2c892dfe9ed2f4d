#include "io/outage.h"

#include <stdio.h>
#include <string.h>

#include "util/clock.h"

static struct outage *find(struct outages *outages, const char *endpoint)
{
    for (size_t i = 0; i < OUTAGES_MAX; i++) {
        if (strcmp(outages->list[i].endpoint, endpoint) == 0) {
            return &outages->list[i];
        }
    }
    return NULL;
}

/* The outage of `endpoint`, begun if there is none; NULL when too many hosts are down. */
static struct outage *find_or_begin(struct outages *outages, const char *endpoint)
{
    struct outage *outage = find(outages, endpoint);

    if (outage == NULL && (outage = find(outages, "")) != NULL) {
        (void)snprintf(outage->endpoint, sizeof(outage->endpoint), "%s", endpoint);
    }
    return outage;
}

bool outages_failed(struct outages *outages, const struct url *url, const char *why, int64_t now_ns,
                    uint64_t *attempts)
{
    char endpoint[URL_ENDPOINT_MAX];
    url_endpoint(url, endpoint);
    struct outage *outage = find_or_begin(outages, endpoint);

    if (outage == NULL) {
        *attempts = 1;
        return true;
    }
    *attempts = ++outage->attempts;
    if (strcmp(outage->why, why) == 0 && now_ns < outage->next_line_ns) {
        return false;
    }
    (void)snprintf(outage->why, sizeof(outage->why), "%s", why);
    outage->next_line_ns = now_ns + OUTAGE_REPEAT_S * NS_PER_S;
    return true;
}

uint64_t outages_over(struct outages *outages, const struct url *url)
{
    char endpoint[URL_ENDPOINT_MAX];
    url_endpoint(url, endpoint);
    struct outage *outage = find(outages, endpoint);

    if (outage == NULL) {
        return 0;
    }
    const uint64_t attempts = outage->attempts;
    *outage = (struct outage){ 0 };
    return attempts;
}
