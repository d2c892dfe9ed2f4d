/*
 * claims.h - who has which opportunity open, and which runs of a strategy are there.
 *
 * Filled from both topics, with the time at each call, and reads nothing by itself. Each run of a
 * strategy says once a second that it is there; one that was not heard of for long enough is
 * dead. Of those that are alive the one with the smallest session closes what the dead left open.
 */
#ifndef ARB_CLAIMS_H
#define ARB_CLAIMS_H

#include "bus/tenure.h"
#include "wire/opportunity.h"
#include "wire/wire.h"

/* One strategy of this process. */
struct claims_strategy {
    const char *name;
    struct tenure *tenure; /* of its run here: told what comes back */
    bool has_group;        /* others may run it beside this one */
};

struct claims;

/* The strategies are copied, names and tenures borrowed; `host` is how we name ourselves in words.
 * NULL: no memory. */
struct claims *claims_create(const struct claims_strategy *strategies, unsigned n_strategies,
                             const char *host);
void claims_destroy(struct claims *claims);

/* Takes in that a run of a strategy says that it is there. Of other strategies: nothing happens. */
void claims_hear(struct claims *claims, const struct wire_event *word, int64_t now_ns);

/* Takes in an opportunity of the topic. What is beyond the room for them is counted and logged. */
void claims_take(struct claims *claims, const struct opportunity *opportunity, int64_t now_ns);
uint64_t claims_left_out(const struct claims *claims);

/*
 * What is to be closed next, because its run is dead and it is for us to do it; NULL: nothing,
 * until the next round. Borrowed until the next call of any other function. Who has said that it is
 * closed calls claims_closed(): it is not given again, unless Kafka lost what was said, but stays
 * open for others to wait for until the message has come back from the topic.
 */
const struct opportunity *claims_next_dead(struct claims *claims, int64_t now_ns);
void claims_closed(struct claims *claims, const struct opportunity *dead, int64_t now_ns);

/*
 * Whether another run has open what `opportunity` is about to open: same strategy, and the same
 * legs. Not if that run is alive and shares nothing with us, nor longer than the dead are waited
 * for. In a group also when nobody can tell, because what we say does not come back, or not for
 * long.
 */
bool claims_is_taken(struct claims *claims, const struct opportunity *opportunity, int64_t now_ns);

#endif /* ARB_CLAIMS_H */
