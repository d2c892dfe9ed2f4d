/*
 * siege.h - a script under hostile input: one message is delivered in its place, but damaged, and
 * then the venue says its usual words again.
 *
 * Whatever the input does, nothing may crash, no wrong book may be called LIVE, the exchange must
 * not be disabled; and once the connections have been reopened and the venue says what the script
 * says before its first `live`, the same books must be LIVE as without the attack.
 */
#ifndef ARB_HARNESS_SIEGE_H
#define ARB_HARNESS_SIEGE_H

#include "mutate.h"
#include "plugin/loader.h"
#include "rig.h"
#include "script.h"

enum {
    SIEGE_PROBLEM_MAX = 768,
    SIEGE_VALUES_MAX = 4096, /* values looked for in one message */
    SIEGE_GARBAGE_BYTES = 10 << 20,
};

struct siege_plan {
    uint64_t seed;
    unsigned mutations; /* random variants of each message */
    unsigned thin; /* of the places where a message is cut or replaced, each so many-th; from 1 */
};

/* One script under attack. */
struct siege {
    const struct plugin *plugin;
    const struct script *script;
    const struct siege_plan *plan;
    struct rig *rig; /* all of its books are LIVE, unless a step is just being attacked */
    uint32_t n_books;
    bool was_live[SCRIPT_SYMBOLS_MAX];
    struct prng prng;
    struct mutant mutant;
    struct arb_bytes *values;        /* [SIEGE_VALUES_MAX] */
    char *garbage;                   /* [SIEGE_GARBAGE_BYTES] */
    char problem[SIEGE_PROBLEM_MAX]; /* the first thing that went wrong */
};

/* `siege` has plugin, script and plan, and else is zeroed. False: see siege->problem. */
bool siege_begin(struct siege *siege);
void siege_end(struct siege *siege);

/* Delivers `input` instead of step `i` of the script; false when it was not survived. */
bool siege_survives(struct siege *siege, size_t i, struct arb_bytes input);
/* After an input: nothing is broken, and the venue's usual words heal everything. */
bool siege_recovers(struct siege *siege, struct arb_bytes input);
/* Says what went wrong; always false. */
bool siege_fail(struct siege *siege, struct arb_bytes input, const char *what);

/* True for a step that brings bytes to damage. */
bool siege_has_data(const struct step *step);
/* True when a script says how its books become LIVE. */
bool siege_is_possible(const struct script *scripts, size_t n_scripts);

#endif /* ARB_HARNESS_SIEGE_H */
