#include "cmd/modes.h"

#include <stdio.h>

#include "config/values.h"
#include "session/capabilities.h"

void modes_each(const struct plugin *plugin, const struct arb_option *option, modes_visit *visit,
                void *context)
{
    const char *choices = option == NULL ? NULL : option->choices;
    struct arb_bytes word = { "", 0 };

    if (option != NULL && !value_next_choice(&choices, &word)) {
        return; /* refused by the loader */
    }
    do {
        struct mode mode = { .rc = ARB_OK };
        const struct config_entry setting = { .key = option == NULL ? "" : option->name,
                                              .value = mode.value };
        (void)snprintf(mode.value, sizeof(mode.value), "%.*s", (int)word.len, word.data);
        mode.rc =
            capabilities_probe(plugin, option == NULL ? NULL : &setting, &mode.plan, &mode.rule);
        visit(context, &mode);
    } while (option != NULL && value_next_choice(&choices, &word));
}

/* A plan, and whether others prove something else. */
struct comparison {
    struct mode first;
    bool has_first, differs;
};

static void compare(void *context, const struct mode *mode)
{
    struct comparison *const c = context;

    if (!c->has_first) {
        c->first = *mode;
        c->has_first = true;
    }
    c->differs = c->differs || (mode->rc == ARB_OK &&
                                (mode->plan.loss_detection != c->first.plan.loss_detection ||
                                 mode->plan.snapshot_source != c->first.plan.snapshot_source));
}

/* Where the defaults have no plan, nothing is compared. */
static bool selects_feed(const struct plugin *plugin, const struct arb_option *option,
                         struct comparison *defaults)
{
    if (defaults->first.rc == ARB_OK) {
        modes_each(plugin, option, compare, defaults);
    }
    return defaults->differs;
}

const struct arb_option *modes_find(const struct plugin *plugin)
{
    const struct arb_plugin *const desc = &plugin->desc;
    const struct arb_option *word = NULL;
    struct comparison comparison = { .has_first = false };

    modes_each(plugin, NULL, compare, &comparison);
    for (uint32_t i = 0; i < desc->n_options; i++) {
        const struct arb_option *const option = &desc->options[i];
        if (option->choices != NULL && selects_feed(plugin, option, &comparison)) {
            return option;
        }
        word = word == NULL && option->type == ARB_OPT_ENUM ? option : word;
    }
    return word;
}

const char *mode_trouble(const struct mode *mode)
{
    switch (mode->rc) {
    case ARB_ENOTSUP:
        return "unknown: an option has no default";
    case ARB_EPROTO:
        return "breaks the rule that ";
    default:
        return "init() fails without a configuration";
    }
}
