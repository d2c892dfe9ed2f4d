#include "statics.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <stdlib.h>

#include "elf_symbols.h"

static const char check_name[] = "no state outside the instance";

static bool is_variable(const struct object_segment *segment)
{
    return (segment->flags & PF_W) != 0;
}

static size_t size_of(const struct object *object)
{
    size_t len = 0;

    for (unsigned i = 0; i < object->n; i++) {
        const struct object_segment *const segment = &object->segments[i];
        len += is_variable(segment) ? segment->end - segment->begin : 0;
    }
    return len;
}

/* Byte by byte, and without a sanitizer, which forbids to look at what is between variables. */
__attribute__((no_sanitize("address"))) static void copy_segment(unsigned char *to,
                                                                 const struct object_segment *from)
{
    const volatile unsigned char *const bytes = (const volatile unsigned char *)from->begin;

    for (size_t i = 0; i < from->end - from->begin; i++) {
        to[i] = bytes[i];
    }
}

/* The first address whose byte is another one, or 0. */
__attribute__((no_sanitize("address"))) static uintptr_t
find_change(const unsigned char *copy, const struct object_segment *segment)
{
    const volatile unsigned char *const bytes = (const volatile unsigned char *)segment->begin;

    for (size_t i = 0; i < segment->end - segment->begin; i++) {
        if (bytes[i] != copy[i]) {
            return segment->begin + i;
        }
    }
    return 0;
}

void statics_begin(struct statics *statics, const struct plugin *plugin)
{
    statics->copy = NULL;
    if (!object_init(&statics->object, plugin->handle)) {
        return;
    }
    unsigned char *at = malloc(size_of(&statics->object) + 1);
    statics->copy = at;
    for (unsigned i = 0; at != NULL && i < statics->object.n; i++) {
        const struct object_segment *const segment = &statics->object.segments[i];
        if (is_variable(segment)) {
            copy_segment(at, segment);
            at += segment->end - segment->begin;
        }
    }
}

static uintptr_t first_change(const struct statics *statics)
{
    const unsigned char *at = statics->copy;
    uintptr_t found = 0;

    for (unsigned i = 0; found == 0 && i < statics->object.n; i++) {
        const struct object_segment *const segment = &statics->object.segments[i];
        if (is_variable(segment)) {
            found = find_change(at, segment);
            at += segment->end - segment->begin;
        }
    }
    return found;
}

static uintptr_t base_of(const struct plugin *plugin)
{
    struct link_map *map = NULL;
    return dlinfo(plugin->handle, RTLD_DI_LINKMAP, &map) == 0 ? map->l_addr : 0;
}

void statics_end(struct statics *statics, const struct plugin *plugin, struct report *report)
{
    const uintptr_t found = statics->copy == NULL ? 0 : first_change(statics);
    char name[ELF_NAME_MAX] = "a variable";

    free(statics->copy);
    if (found == 0) {
        report_pass(report, check_name);
        return;
    }
    elf_variable_at(plugin->path, found - base_of(plugin), name);
    report_fail(report, check_name,
                "%s was written to: instances run side by side, so move it into the instance",
                name);
}
