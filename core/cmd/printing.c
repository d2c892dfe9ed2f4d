#include "cmd/printing.h"

#include <stdio.h>
#include <unistd.h>

#include "util/log.h"
#include "util/output.h"
#include "util/shortage.h"

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
    int rc = what == PRINT_NOTHING ? ARB_OK : follow_create(&printing->follow, &follow, err);

    if (printing->follow == NULL) {
        return rc;
    }
    rc = shortage_start_thread(&printing->thread, print_opportunities, printing, "to print with",
                               err);
    if (rc != ARB_OK) {
        follow_destroy(printing->follow);
        printing->follow = NULL;
    }
    return rc;
}

bool printing_stop(struct printing *printing)
{
    bool is_printed = true;

    if (printing->follow != NULL) {
        atomic_store_explicit(&printing->stops, true, memory_order_relaxed);
        (void)pthread_join(printing->thread, NULL); /* a thread of ours, joined once: cannot fail */
        is_printed = !follow_failed(printing->follow) || output_is_gone(STDOUT_FILENO);
        follow_destroy(printing->follow);
        printing->follow = NULL;
        clearerr(stdout); /* the log has said it */
    }
    return is_printed;
}
