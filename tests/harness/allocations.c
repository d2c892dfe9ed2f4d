#include "allocations.h"

#include <dlfcn.h>
#include <errno.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* Functions in a table of the loader have no context. */
static struct {
    uint64_t n, fails;
} calls;

/* -- in the plugin's place ------------------------------------------------------------ */

static bool is_refused(void)
{
    if (++calls.n == calls.fails) {
        errno = ENOMEM;
        return true;
    }
    return false;
}

static void *some_malloc(size_t len)
{
    return is_refused() ? NULL : malloc(len);
}

static void *some_calloc(size_t n, size_t len)
{
    return is_refused() ? NULL : calloc(n, len);
}

static void *some_realloc(void *old, size_t len)
{
    return is_refused() ? NULL : realloc(old, len);
}

static void *some_reallocarray(void *old, size_t n, size_t len)
{
    return is_refused() ? NULL : reallocarray(old, n, len);
}

static void *some_aligned_alloc(size_t alignment, size_t len)
{
    return is_refused() ? NULL : aligned_alloc(alignment, len);
}

static char *some_strdup(const char *text)
{
    return is_refused() ? NULL : strdup(text);
}

static char *some_strndup(const char *text, size_t max)
{
    return is_refused() ? NULL : strndup(text, max);
}

static const struct stand_in {
    const char *name;
    uintptr_t function; /* as the tables have it */
} stand_ins[] = {
    { "malloc", (uintptr_t)some_malloc },
    { "calloc", (uintptr_t)some_calloc },
    { "realloc", (uintptr_t)some_realloc },
    { "reallocarray", (uintptr_t)some_reallocarray },
    { "aligned_alloc", (uintptr_t)some_aligned_alloc },
    { "strdup", (uintptr_t)some_strdup },
    { "strndup", (uintptr_t)some_strndup },
};

static const struct stand_in *stand_in_for(const char *name)
{
    for (size_t i = 0; i < sizeof(stand_ins) / sizeof(*stand_ins); i++) {
        if (strcmp(stand_ins[i].name, name) == 0) {
            return &stand_ins[i];
        }
    }
    return NULL;
}

/* -- an object's tables --------------------------------------------------------------- */

/* What the loader keeps of one shared object. */
struct object {
    ElfW(Addr) base;
    const ElfW(Sym) * symbols;
    const char *names;
};

/* Some loaders leave addresses of tables as they are in the file. */
static const void *table_at(const struct link_map *map, ElfW(Sxword) tag)
{
    for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == tag) {
            const ElfW(Addr) address = entry->d_un.d_ptr;
            return (const void *)(address < map->l_addr ? map->l_addr + address : address);
        }
    }
    return NULL;
}

static size_t size_of(const struct link_map *map, ElfW(Sxword) tag)
{
    for (const ElfW(Dyn) *entry = map->l_ld; entry->d_tag != DT_NULL; entry++) {
        if (entry->d_tag == tag) {
            return entry->d_un.d_val;
        }
    }
    return 0;
}

/* The loader may have made the page read-only. */
static bool write_slot(uintptr_t *slot, uintptr_t value)
{
    const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    const uintptr_t from = (uintptr_t)slot & ~(page - 1);
    const uintptr_t to = ((uintptr_t)(slot + 1) + page - 1) & ~(page - 1);

    if (mprotect((void *)from, to - from, PROT_READ | PROT_WRITE) != 0) {
        return false;
    }
    *slot = value;
    return true;
}

/* A slot that holds the function of that name is one to fill, whatever the machine calls it. */
static bool replace(const struct object *object, const ElfW(Rela) * entry)
{
    const size_t symbol = ELF64_R_SYM(entry->r_info);
    const struct stand_in *const stand_in =
        symbol == 0 ? NULL : stand_in_for(object->names + object->symbols[symbol].st_name);
    uintptr_t *const slot = (uintptr_t *)(object->base + entry->r_offset);

    if (stand_in == NULL || *slot != (uintptr_t)dlsym(RTLD_DEFAULT, stand_in->name)) {
        return true;
    }
    return write_slot(slot, stand_in->function);
}

static bool replace_all(const struct link_map *map, ElfW(Sxword) table, ElfW(Sxword) table_size)
{
    const struct object object = { map->l_addr, table_at(map, DT_SYMTAB),
                                   table_at(map, DT_STRTAB) };
    const ElfW(Rela) *const entries = table_at(map, table);
    const size_t n = entries == NULL ? 0 : size_of(map, table_size) / sizeof(*entries);
    bool is_done = object.symbols != NULL && object.names != NULL;

    for (size_t i = 0; is_done && i < n; i++) {
        is_done = replace(&object, &entries[i]);
    }
    return is_done;
}

static bool watch_object(const struct link_map *map)
{
    return size_of(map, DT_PLTREL) != DT_REL && replace_all(map, DT_JMPREL, DT_PLTRELSZ) &&
           replace_all(map, DT_RELA, DT_RELASZ);
}

/* -- all of it ------------------------------------------------------------------------ */

static bool is_cxx_library(const struct link_map *map)
{
    return strstr(map->l_name, "/libstdc++.") != NULL || strstr(map->l_name, "/libc++") != NULL;
}

bool allocations_watch(const struct plugin *plugin)
{
    struct link_map *map = NULL;

    if (sizeof(ElfW(Addr)) != sizeof(Elf64_Addr) ||
        dlinfo(plugin->handle, RTLD_DI_LINKMAP, &map) != 0 || !watch_object(map)) {
        return false;
    }
    for (; map->l_prev != NULL; map = map->l_prev) {
        /* to the first */
    }
    for (; map != NULL; map = map->l_next) {
        if (is_cxx_library(map) && !watch_object(map)) {
            return false;
        }
    }
    return true;
}

void allocations_begin(uint64_t fails)
{
    calls.n = 0;
    calls.fails = fails;
}

uint64_t allocations_end(void)
{
    calls.fails = 0;
    return calls.n;
}
