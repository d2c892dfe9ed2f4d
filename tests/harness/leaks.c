#include "leaks.h"

#include <malloc.h>

#include "rig.h"
#include "watch.h"

enum { BATCHES = 4, ROUNDS = 8, BYTES_A_ROUND_MIN = 16 /* the smallest block there is */ };

static void run_script(const struct plugin *plugin, const struct script *script)
{
    struct rig *rig = NULL;

    if (rig_create(&rig, plugin, script, NULL, false, NULL) != ARB_OK) {
        return; /* init() failed: fini() has to clean up all the same */
    }
    for (size_t i = 0; i < script->n_steps; i++) {
        (void)rig_step(rig, &script->steps[i], true, NULL);
    }
    rig_destroy(rig);
}

static size_t heap_in_use(void)
{
    const struct mallinfo2 info = mallinfo2();
    return info.uordblks + info.hblkhd;
}

/* What the heap grew by in ROUNDS runs. */
static size_t growth(const struct plugin *plugin, const struct script *script)
{
    const size_t before = heap_in_use();
    for (unsigned i = 0; i < ROUNDS; i++) {
        run_script(plugin, script);
    }
    const size_t after = heap_in_use();
    return after > before ? after - before : 0;
}

/* The allocator keeps blocks of its own now and then; only a leak grows every time. */
static size_t least_growth(const struct plugin *plugin, const struct script *script)
{
    size_t least = growth(plugin, script);

    for (unsigned i = 1; i < BATCHES; i++) {
        const size_t bytes = growth(plugin, script);
        least = bytes < least ? bytes : least;
    }
    return least;
}

void leaks_check(struct report *report, const struct plugin *plugin, const struct script *scripts,
                 size_t n_scripts)
{
    static const char name[] = "no leak from init() to fini()";

    watch_check(name);
    for (size_t i = 0; i < n_scripts; i++) {
        const size_t bytes = least_growth(plugin, &scripts[i]);
        if (bytes >= (size_t)ROUNDS * BYTES_A_ROUND_MIN) {
            report_fail(report, name,
                        "%s: the heap grew by %zu bytes in %d runs: fini() frees what init() and "
                        "later callbacks allocate",
                        scripts[i].path, bytes, (int)ROUNDS);
            return;
        }
    }
    report_pass(report, name);
}
