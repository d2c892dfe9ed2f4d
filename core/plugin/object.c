#include "plugin/object.h"

#include <dlfcn.h>
#include <link.h>
#include <string.h>

/* What the walk over all objects looks for. */
struct search {
    struct object *object;
    uintptr_t base;
    const ElfW(Dyn) * dynamic; /* tells objects apart that have the same base */
    bool is_found;
};

static bool is_wanted(const struct search *search, const struct dl_phdr_info *info)
{
    for (unsigned i = 0; info->dlpi_addr == search->base && i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *const program = &info->dlpi_phdr[i];
        if (program->p_type == PT_DYNAMIC) {
            return info->dlpi_addr + program->p_vaddr == (uintptr_t)search->dynamic;
        }
    }
    return false;
}

static int take_segments(struct dl_phdr_info *info, size_t size, void *context)
{
    struct search *const search = context;
    struct object *const object = search->object;

    (void)size;
    if (!is_wanted(search, info)) {
        return 0;
    }
    search->is_found = true;
    for (unsigned i = 0; i < info->dlpi_phnum && object->n < OBJECT_SEGMENTS_MAX; i++) {
        const ElfW(Phdr) *const program = &info->dlpi_phdr[i];
        if (program->p_type == PT_LOAD) {
            const uintptr_t begin = info->dlpi_addr + program->p_vaddr;
            object->segments[object->n++] =
                (struct object_segment){ begin, begin + program->p_memsz, program->p_flags };
        }
    }
    return 1;
}

bool object_init(struct object *object, void *handle)
{
    struct link_map *map = NULL;

    *object = (struct object){ .n = 0 };
    if (dlinfo(handle, RTLD_DI_LINKMAP, &map) != 0) {
        return false;
    }
    struct search search = { .object = object, .base = map->l_addr, .dynamic = map->l_ld };
    (void)dl_iterate_phdr(take_segments, &search); /* what it found is in `search` */
    return search.is_found;
}

/* How many bytes there are from `address` to the end of its segment with `flag`, 0 outside. */
static size_t room_at(const struct object *object, uintptr_t address, uint32_t flag)
{
    for (unsigned i = 0; i < object->n; i++) {
        const struct object_segment *const segment = &object->segments[i];
        if (address >= segment->begin && address < segment->end && (segment->flags & flag) != 0) {
            return segment->end - address;
        }
    }
    return 0;
}

bool object_has(const struct object *object, const void *at, size_t len)
{
    const size_t room = room_at(object, (uintptr_t)at, PF_R);
    return room > 0 && room >= len;
}

bool object_has_text(const struct object *object, const char *text, size_t cap)
{
    const size_t room = room_at(object, (uintptr_t)text, PF_R);
    const size_t most = room < cap ? room : cap;

    return most > 0 && memchr(text, '\0', most) != NULL;
}

bool object_has_code(const struct object *object, uintptr_t address)
{
    return room_at(object, address, PF_X) > 0;
}
