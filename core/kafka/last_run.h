/*
 * last_run.h - finds out from the topic which run of a host was the last, and numbers the next.
 *
 * Every message carries the run of the host that made it, and of two runs consumers take the
 * greater one for the newer. A clock alone cannot give that number: set back, it would make every
 * consumer ignore the host until the clock has caught up.
 */
#ifndef ARB_LAST_RUN_H
#define ARB_LAST_RUN_H

#include <stdbool.h>

#include "config/config.h"
#include "util/err.h"

/* Of a run. A greater number in a message is no host's: nothing could be newer. */
#define LAST_RUN_MAX (UINT64_MAX - (UINT64_C(1) << 40))

/* Asked between the waits: whether somebody wants the process to end. */
struct last_run_wish {
    bool (*is_end_asked)(const void *context); /* NULL: nobody can */
    const void *context;
};

/*
 * Writes the greatest run among the last messages of each partition of the market-data topic, 0
 * when there is none or no topic. Returns after `timeout_ms` at the latest, plus the moment it
 * takes to close the connections; soon when `wish` comes true, with ARB_ELIMIT too. After a failure
 * `greatest` holds what was seen until then: ARB_ELIMIT: the brokers did not answer in time;
 * ARB_EINVAL: they, or librdkafka, refuse.
 */
int last_run_read(const struct kafka_config *config, int timeout_ms, struct last_run_wish wish,
                  uint64_t *greatest, struct err *err);

struct next_run {
    uint64_t greatest; /* of last_run_read() */
    int64_t clock_ns;  /* UTC: keeps the order when the log has been emptied */
    uint64_t random;   /* any number */
};

/*
 * The number of a run that begins: above `greatest`, and not below the clock. Up to a second's
 * worth of `random` is added, because hosts that start together read the same log.
 */
uint64_t last_run_next(const struct next_run *next);

#endif /* ARB_LAST_RUN_H */
