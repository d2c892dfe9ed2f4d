/*
 * mutate.h - damaged variants of a message: cut, scrambled by a seeded generator, and with each
 * JSON value replaced by something that does not belong there.
 */
#ifndef ARB_HARNESS_MUTATE_H
#define ARB_HARNESS_MUTATE_H

#include "arbspot/types.h"

struct prng {
    uint64_t state; /* the seed */
};

uint64_t prng_next(struct prng *prng);

/* Memory for variants; zeroed memory is ready. */
struct mutant {
    char *data;
    size_t len, cap;
};

void mutant_fini(struct mutant *mutant);

/* Makes `mutant` the text with one to four random changes. ARB_ENOMEM only. */
int mutate_bytes(struct mutant *mutant, struct arb_bytes text, struct prng *prng);

/* Changes it once more in the same way. */
int mutate_again(struct mutant *mutant, struct prng *prng);

/* Makes `mutant` the text with text[at .. at+len) replaced by `by`. */
int mutate_replace(struct mutant *mutant, struct arb_bytes text, struct arb_bytes part,
                   struct arb_bytes by);

/*
 * Finds the JSON values in a text, nested ones too; keys are not values. Returns how many of
 * them were written to `values`, at most `max`.
 */
size_t json_values(struct arb_bytes text, struct arb_bytes *values, size_t max);

#endif /* ARB_HARNESS_MUTATE_H */
