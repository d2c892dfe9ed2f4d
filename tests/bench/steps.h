/*
 * steps.h - how long each step on a frame's way takes, each including those before it.
 *
 * All steps are timed in turn, over and over, and the fastest pass of each counts: what
 * disturbs a pass only ever makes it slower.
 */
#ifndef ARB_BENCH_STEPS_H
#define ARB_BENCH_STEPS_H

#include "proof.h"

enum step {
    STEP_CJSON = 0, /* cJSON_ParseWithLength() and cJSON_Delete(): the yardstick */
    STEP_PARSE,     /* the plugin's callback; what it recorded is dropped */
    STEP_APPLY,     /* carried out, without checksum */
    STEP_VERIFY,    /* with checksum: all that a session does with a frame */
    STEP_MESSAGE,   /* and the JSON message of the market-data topic */
    N_STEPS,
};

extern const char *const step_names[N_STEPS];

struct step_figure {
    double ns;     /* per frame, of the fastest pass */
    double allocs; /* per frame */
};

struct steps_result {
    struct step_figure steps[N_STEPS];
    unsigned n_rounds;
    double message_len; /* bytes of JSON per frame */
};

/*
 * Measures for about `budget_ms`. The proof is repeated after each pass that makes books;
 * ARB_EPROTO when one fails.
 */
int steps_measure(struct steps_result *result, struct dataset *dataset, const struct proof *proof,
                  int64_t budget_ms, struct err *err);

#endif /* ARB_BENCH_STEPS_H */
