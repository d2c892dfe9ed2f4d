#include "common_state.h"

#include "util/clock.h"

/* Were the last `limit` connections all opened since then? 0: no limit. */
static bool were_opened_since(const struct common_venue *venue, uint32_t limit, int64_t since_ns)
{
    const uint32_t n = venue->n_opens;

    return limit > 0 && n >= limit && venue->opens_ns[(n - limit) % OPENS_KEPT] > since_ns;
}

bool common_is_one_too_many(struct common_venue *venue, int64_t now_ns)
{
    const struct dialect *const dialect = venue->dialect;
    const bool is_too_many =
        were_opened_since(venue, dialect->opens_per_10s, now_ns - 10 * NS_PER_S) ||
        were_opened_since(venue, dialect->opens_per_minute, now_ns - 60 * NS_PER_S) ||
        were_opened_since(venue, dialect->opens_per_5min, now_ns - 300 * NS_PER_S);

    venue->opens_ns[venue->n_opens++ % OPENS_KEPT] = now_ns;
    return is_too_many;
}

bool common_asks_too_often(struct common_venue *venue, uint32_t id, int64_t now_ns)
{
    struct client *const client =
        venue->dialect->requests_of_address ? &venue->address : &venue->clients[id];

    if (now_ns - client->second_ns >= NS_PER_S) {
        client->second_ns = now_ns;
        client->n_requests = 0;
    }
    client->n_requests++;
    return venue->dialect->requests_per_second > 0 &&
           client->n_requests > venue->dialect->requests_per_second;
}

bool common_may_get(struct common_venue *venue, uint32_t weight, int64_t now_ns)
{
    const int64_t minute = now_ns / (60 * NS_PER_S);

    venue->weight = minute == venue->minute ? venue->weight : 0;
    venue->minute = minute;
    venue->weight += weight;
    return venue->weight <= venue->dialect->weight_per_minute;
}
