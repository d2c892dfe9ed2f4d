#include "cmd/printing.h"

#include <stdio.h>

#include "util/log.h"

enum { WAIT_MS = 200 };

static void *print_opportunities(void *context)
{
    struct printing *const printing = context;

    while (!atomic_load_explicit(&printing->stops, memory_order_relaxed) &&
           follow_step(printing->follow, WAIT_MS)) {
        /* message after message */
    }
    if (follow_failed(printing->follow)) {
        log_line(ARB_WARN, NULL,
                 "stdout cannot be written to: opportunities are no longer printed, all else goes "
                 "on");
    }
    return NULL;
}

int printing_start(struct printing *printing, const struct kafka_config *kafka,
                   enum printing_what what, struct err *err)
{
    /* An embedded broker has no past, so nothing can be missed while the reader attaches. */
    const struct follow_config follow = { .kafka = kafka,
                                          .from_beginning = kafka->is_embedded,
                                          .brief = what == PRINT_OPENS };
    const int rc = what == PRINT_NOTHING ? ARB_OK : follow_create(&printing->follow, &follow, err);

    if (printing->follow == NULL) {
        return rc;
    }
    if (pthread_create(&printing->thread, NULL, print_opportunities, printing) != 0) {
        follow_destroy(printing->follow);
        printing->follow = NULL;
        return err_set(err, ARB_ENOMEM, "no thread to print with");
    }
    return ARB_OK;
}

void printing_stop(struct printing *printing)
{
    if (printing->follow != NULL) {
        atomic_store_explicit(&printing->stops, true, memory_order_relaxed);
        (void)pthread_join(printing->thread, NULL); /* a thread of ours, joined once: cannot fail */
        follow_destroy(printing->follow);
        printing->follow = NULL;
        clearerr(stdout); /* the log has said it: no reason for another exit status */
    }
}
