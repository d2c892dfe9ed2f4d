/*
 * printing.h - `run --print`: opportunities on stdout, read from Kafka like by any other consumer.
 *
 * stdout's reader may be slow or gone: only the printing waits, or ends with a line in the log.
 */
#ifndef ARB_PRINTING_H
#define ARB_PRINTING_H

#include <pthread.h>
#include <stdatomic.h>

#include "cmd/follow.h"

enum printing_what { PRINT_NOTHING, PRINT_ALL, PRINT_OPENS };

struct printing {
    struct follow *follow;
    pthread_t thread;
    _Atomic bool stops; /* no data depends on it */
};

/*
 * Starts a thread, unless there is nothing to be printed. `kafka` is borrowed until the stop; its
 * brokers are an address.
 */
int printing_start(struct printing *printing, const struct kafka_config *kafka,
                   enum printing_what what, struct err *err);

/* Zeroed memory is accepted. False: stdout could not be written to, although its reader is there.
 */
bool printing_stop(struct printing *printing);

#endif /* ARB_PRINTING_H */
