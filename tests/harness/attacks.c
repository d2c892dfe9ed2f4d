#include "attacks.h"

#include <inttypes.h>
#include <string.h>

#include "siege.h"
#include "watch.h"

enum {
    CUTS_MAX = 1024,   /* truncations of one message; longer ones are cut at every n-th byte */
    REPLACED_MAX = 48, /* of the values found, evenly spread, those replaced */
    NESTING = 10000,
    SHUFFLED_STEPS = 1000,
};

/* What is done to the messages of a script; false when it went wrong. */
typedef bool attack_fn(struct siege *siege);

/* -- attacks -------------------------------------------------------------------------- */

static bool cut_message(struct siege *siege, size_t i)
{
    const struct arb_bytes text = siege->script->steps[i].data;
    const size_t stride = (1 + text.len / CUTS_MAX) * siege->plan->thin;

    for (size_t len = 0; len < text.len; len += stride) {
        if (!siege_survives(siege, i, (struct arb_bytes){ text.data, len })) {
            return false;
        }
    }
    return true;
}

static bool mutate_message(struct siege *siege, size_t i)
{
    for (unsigned k = 0; k < siege->plan->mutations; k++) {
        if (mutate_bytes(&siege->mutant, siege->script->steps[i].data, &siege->prng) != ARB_OK) {
            return siege_fail(siege, siege->script->steps[i].data, "no memory");
        }
        if (!siege_survives(siege, i,
                            (struct arb_bytes){ siege->mutant.data, siege->mutant.len })) {
            return false;
        }
    }
    return true;
}

static const char *const misfits[] = {
    "null",
    "{}",
    "[]",
    "\"x\"",
    "\"\"",
    "true",
    "-1",
    "\"-1\"",
    "-0.5",
    "1e999",
    "\"1e999\"",
    "1e-999",
    "1e-08",
    "1E+18",
    "0",
    "\"0\"",
    "99999999999999999999",
    "\"99999999999999999999\"",
    "9223372036854775807",
    "\"9223372036.99999999\"",
    "0.000000000000000000001",
    "\"NaN\"",
    "[[]]",
    "[[1]]",
    "[{\"price\":1}]",
    "[[\"-1\",\"-1\"]]",
    "[null]",
};

static bool replace_value(struct siege *siege, size_t i, struct arb_bytes value)
{
    const struct arb_bytes text = siege->script->steps[i].data;

    for (size_t k = 0; k < sizeof(misfits) / sizeof(*misfits); k++) {
        const struct arb_bytes by = { misfits[k], strlen(misfits[k]) };
        if (mutate_replace(&siege->mutant, text, value, by) != ARB_OK) {
            return siege_fail(siege, text, "no memory");
        }
        if (!siege_survives(siege, i,
                            (struct arb_bytes){ siege->mutant.data, siege->mutant.len })) {
            return false;
        }
    }
    return true;
}

static bool replace_values(struct siege *siege, size_t i)
{
    const size_t n = json_values(siege->script->steps[i].data, siege->values, SIEGE_VALUES_MAX);
    const size_t stride = (1 + n / REPLACED_MAX) * siege->plan->thin;

    for (size_t k = 0; k < n; k += stride) {
        if (!replace_value(siege, i, siege->values[k])) {
            return false;
        }
    }
    return true;
}

/* NESTING times `open`, in place of the message or of its last value. */
static bool nest(struct siege *siege, size_t i, const char *open)
{
    const struct arb_bytes text = siege->script->steps[i].data;
    const size_t n = json_values(text, siege->values, SIEGE_VALUES_MAX);
    const size_t len = strlen(open);

    for (size_t k = 0; k < NESTING; k++) {
        memcpy(siege->garbage + k * len, open, len);
    }
    const struct arb_bytes brackets = { siege->garbage, NESTING * len };
    if (!siege_survives(siege, i, brackets)) {
        return false;
    }
    if (n == 0) {
        return true;
    }
    if (mutate_replace(&siege->mutant, text, siege->values[n - 1], brackets) != ARB_OK) {
        return siege_fail(siege, text, "no memory");
    }
    return siege_survives(siege, i, (struct arb_bytes){ siege->mutant.data, siege->mutant.len });
}

static bool nest_message(struct siege *siege, size_t i)
{
    return nest(siege, i, "[") && nest(siege, i, "{\"data\":") && nest(siege, i, "[{\"a\":");
}

static bool each_message(struct siege *siege, bool (*attack)(struct siege *, size_t))
{
    for (size_t i = 0; i < siege->script->n_steps; i++) {
        if (siege_has_data(&siege->script->steps[i]) && !attack(siege, i)) {
            return false;
        }
    }
    return true;
}

static bool attack_cuts(struct siege *siege)
{
    return each_message(siege, cut_message);
}

static bool attack_mutations(struct siege *siege)
{
    return each_message(siege, mutate_message);
}

static bool attack_values(struct siege *siege)
{
    return each_message(siege, replace_values);
}

static bool attack_nesting(struct siege *siege)
{
    return each_message(siege, nest_message);
}

static bool survives_message(struct siege *siege, struct arb_bytes input)
{
    for (uint32_t conn = 0; conn < ARB_CONNS_MAX; conn++) {
        if (siege->rig->conns[conn].is_up) {
            rig_message(siege->rig, conn, input);
        }
    }
    return siege_recovers(siege, input);
}

static bool survives_filled(struct siege *siege, char with, size_t head_len)
{
    memset(siege->garbage + head_len, with, SIEGE_GARBAGE_BYTES - head_len);
    return survives_message(siege, (struct arb_bytes){ siege->garbage, SIEGE_GARBAGE_BYTES });
}

/* Nothing, each single byte, and 10 MB of noise, brackets, digits, blanks, and one string. */
static bool attack_garbage(struct siege *siege)
{
    static const char head[] = "{\"channel\":\"";
    bool is_well = survives_message(siege, (struct arb_bytes){ "", 0 });

    for (unsigned byte = 0; byte < 256 && is_well; byte++) {
        const char c = (char)byte;
        is_well = survives_message(siege, (struct arb_bytes){ &c, 1 });
    }
    for (size_t i = 0; i < SIEGE_GARBAGE_BYTES; i++) {
        siege->garbage[i] = (char)prng_next(&siege->prng);
    }
    is_well = is_well &&
              survives_message(siege, (struct arb_bytes){ siege->garbage, SIEGE_GARBAGE_BYTES });
    memcpy(siege->garbage, head, strlen(head));
    return is_well && survives_filled(siege, 'x', strlen(head)) && survives_filled(siege, '[', 0) &&
           survives_filled(siege, '1', 0) && survives_filled(siege, ' ', 0) &&
           survives_filled(siege, '"', 0);
}

/* The venue's own messages, whole, but in any order and any number. */
static bool attack_order(struct siege *siege)
{
    const struct script *const script = siege->script;
    struct arb_bytes last = { "", 0 };

    for (unsigned k = 0; k < SHUFFLED_STEPS; k++) {
        const struct step *const step = &script->steps[prng_next(&siege->prng) % script->n_steps];
        if (siege_has_data(step)) {
            (void)rig_step(siege->rig, step, true, NULL);
            last = step->data;
        }
        if (k % 10 == 0 && !siege_recovers(siege, last)) {
            return false;
        }
    }
    return siege_recovers(siege, last);
}

/* -- checks --------------------------------------------------------------------------- */

static bool lay_siege(struct siege *siege, attack_fn *attack)
{
    const bool is_well = siege_begin(siege) && attack(siege);
    siege_end(siege);
    return is_well;
}

static const struct {
    const char *name;
    attack_fn *attack;
} attacks[] = {
    { "hostile: messages cut at every byte", attack_cuts },
    { "hostile: mutated bytes", attack_mutations },
    { "hostile: values of the wrong type or size", attack_values },
    { "hostile: 10,000 brackets", attack_nesting },
    { "hostile: garbage up to 10 MB", attack_garbage },
    { "hostile: messages in any order", attack_order },
};

/* True when no script fell to the attack. */
static bool withstand(struct report *report, const char *name, attack_fn *attack,
                      const struct siege *each, size_t n_scripts)
{
    for (size_t i = 0; i < n_scripts; i++) {
        struct siege siege = *each;
        siege.script = &each->script[i];
        if (siege.script->n_clean > 0 && !lay_siege(&siege, attack)) {
            report_fail(report, name, "%s (--seed %" PRIu64 ")", siege.problem, each->plan->seed);
            return false;
        }
    }
    return true;
}

void attack_checks(struct report *report, const struct plugin *plugin, const struct script *scripts,
                   size_t n_scripts, const struct siege_plan *plan)
{
    const struct siege siege = { .plugin = plugin, .script = scripts, .plan = plan };

    if (!siege_is_possible(scripts, n_scripts)) {
        report_skip(report, "hostile input", "no script has a line `live`");
        return;
    }
    for (size_t k = 0; k < sizeof(attacks) / sizeof(*attacks); k++) {
        watch_check(attacks[k].name);
        if (withstand(report, attacks[k].name, attacks[k].attack, &siege, n_scripts)) {
            report_pass(report, attacks[k].name);
        }
    }
}
