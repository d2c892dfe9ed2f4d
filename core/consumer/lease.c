#include "consumer/lease.h"

#include <stdlib.h>
#include <string.h>

/* Numbers of a message may be anything. */
static int64_t saturating_add(int64_t a, int64_t b)
{
    int64_t sum;

    if (__builtin_add_overflow(a, b, &sum)) {
        return b < 0 ? INT64_MIN : INT64_MAX;
    }
    return sum;
}

static void begin_session(struct lease *lease, uint64_t session)
{
    lease->session = session;
    lease->until_ns = lease->word_ns = 0;
    lease->has_clock = lease->is_unpaced = false;
    lease->is_past = true;
}

/* How much later than the fastest the message came; that may be this one. */
static int64_t delay_ns(struct lease *lease, int64_t said_ns, int64_t now_ns)
{
    const int64_t difference_ns = saturating_add(now_ns, said_ns == INT64_MIN ? 0 : -said_ns);

    if (lease->least_at_ns != 0) {
        const int64_t drift_ns = (now_ns - lease->least_at_ns) / 1000000 * LEASE_DRIFT_PPM;
        lease->least_ns = saturating_add(lease->least_ns, drift_ns);
    }
    if (lease->least_at_ns == 0 || difference_ns < lease->least_ns) {
        lease->least_ns = difference_ns;
    }
    lease->least_at_ns = now_ns;
    return saturating_add(difference_ns, lease->least_ns == INT64_MIN ? 0 : -lease->least_ns);
}

/* The first word of a session: is its clock the one that is known? */
static void meet_clock(struct lease *lease, const struct event *event)
{
    const bool is_known = lease->least_at_ns != 0;

    if (!is_known || event->boot == 0 || event->boot != lease->boot) {
        lease->least_at_ns = 0;
        lease->is_unpaced = is_known;
        lease->heard_ns = INT64_MAX; /* nothing was heard of it */
    }
    lease->boot = event->boot;
    lease->has_clock = true;
}

/* Came this word much sooner behind the one before than it was said behind it? */
static void look_at_pace(struct lease *lease, int64_t said_ns, int64_t now_ns)
{
    if (lease->heard_ns != INT64_MAX) {
        const int64_t said_after_ns = saturating_add(said_ns, -lease->said_ns);
        lease->is_unpaced = now_ns - lease->heard_ns < said_after_ns / 2;
    }
    lease->said_ns = said_ns == INT64_MIN ? -INT64_MAX : said_ns;
    lease->heard_ns = now_ns;
}

/* An alive message of the session that counts, of the present. */
static void renew(struct lease *lease, const struct event *event, int64_t now_ns)
{
    lease->is_past = false;
    if (!lease->has_clock) {
        meet_clock(lease, event);
    }
    if (lease->is_unpaced) {
        look_at_pace(lease, event->mono_ns, now_ns);
    }
    const int64_t left_ns = LEASE_NS - delay_ns(lease, event->mono_ns, now_ns);
    lease->word_ns = left_ns > 0 && !lease->is_unpaced && !event->ends ? now_ns + left_ns : 0;
    lease->until_ns = lease->word_ns;
}

/* May an older session take over? Only one that goes on, from one that is not alive. */
static bool can_return(const struct lease *lease, const struct event *event, int64_t now_ns)
{
    return !event->ends && !event->is_history && now_ns >= lease->until_ns;
}

bool lease_take(struct lease *lease, const struct event *event, int64_t now_ns)
{
    if (event->session > lease->session ||
        (event->session < lease->session && can_return(lease, event, now_ns))) {
        begin_session(lease, event->session);
    }
    if (event->session != lease->session) {
        return false;
    }
    if (event->is_history) {
        lease->until_ns = 0;
        lease->is_past = true;
    } else if (event->kind == EVENT_ALIVE) {
        renew(lease, event, now_ns);
    } else if (lease->is_past) {
        lease->until_ns = lease->least_at_ns == 0 ? now_ns + LEASE_FIRST_NS : lease->word_ns;
        lease->is_past = false;
    }
    return true;
}

struct lease *leases_at(struct leases *leases, uint32_t partition)
{
    if (partition < leases->n) {
        return &leases->leases[partition];
    }
    if (partition >= LEASE_PARTITIONS_MAX) {
        return NULL;
    }
    const uint32_t n = partition + 1;
    struct lease *const grown = realloc(leases->leases, n * sizeof(*grown));
    if (grown == NULL) {
        return NULL;
    }
    memset(grown + leases->n, 0, (n - leases->n) * sizeof(*grown));
    leases->leases = grown;
    leases->n = n;
    return &grown[partition];
}

void leases_fini(struct leases *leases)
{
    free(leases->leases);
    *leases = (struct leases){ 0 };
}
