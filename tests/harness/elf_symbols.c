#include "elf_symbols.h"

#include <elf.h>
#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "file.h"

enum { OBJECT_BYTES_MAX = 256 << 20 };

/* The file; every offset in it is checked before use. */
struct object {
    const char *data;
    size_t len;
};

static const void *at(const struct object *object, size_t offset, size_t len)
{
    return offset <= object->len && len <= object->len - offset ? object->data + offset : NULL;
}

static const ElfW(Shdr) * section(const struct object *object, const ElfW(Ehdr) * head, size_t i)
{
    return i >= head->e_shnum || head->e_shentsize != sizeof(ElfW(Shdr))
               ? NULL
               : at(object, head->e_shoff + i * sizeof(ElfW(Shdr)), sizeof(ElfW(Shdr)));
}

static const ElfW(Shdr) * dynamic_symbols(const struct object *object, const ElfW(Ehdr) * head)
{
    for (size_t i = 0; i < head->e_shnum; i++) {
        const ElfW(Shdr) *const found = section(object, head, i);
        if (found != NULL && found->sh_type == SHT_DYNSYM) {
            return found;
        }
    }
    return NULL;
}

static void report_symbol(const ElfW(Sym) * symbol, const char *name, elf_symbol_fn *fn,
                          void *context)
{
    const unsigned binding = ELF64_ST_BIND(symbol->st_info); /* the same in both classes */

    if (binding == STB_LOCAL || name[0] == '\0') {
        return;
    }
    if (symbol->st_shndx != SHN_UNDEF) {
        fn(context, name, false);
    } else if (binding != STB_WEAK) {
        fn(context, name, true);
    }
}

static int walk(const struct object *object, elf_symbol_fn *fn, void *context)
{
    const ElfW(Ehdr) *const head = at(object, 0, sizeof(*head));
    if (head == NULL || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0) {
        return ARB_EINVAL;
    }
    const ElfW(Shdr) *const symbols = dynamic_symbols(object, head);
    const ElfW(Shdr) *const names =
        symbols == NULL ? NULL : section(object, head, symbols->sh_link);
    if (names == NULL || at(object, symbols->sh_offset, symbols->sh_size) == NULL ||
        at(object, names->sh_offset, names->sh_size) == NULL || names->sh_size == 0 ||
        object->data[names->sh_offset + names->sh_size - 1] != '\0') {
        return ARB_EINVAL;
    }
    const ElfW(Sym) *const table = at(object, symbols->sh_offset, symbols->sh_size);
    for (size_t i = 0; i < symbols->sh_size / sizeof(*table); i++) {
        if (table[i].st_name >= names->sh_size) {
            return ARB_EINVAL;
        }
        report_symbol(&table[i], object->data + names->sh_offset + table[i].st_name, fn, context);
    }
    return ARB_OK;
}

int elf_symbols(const char *path, elf_symbol_fn *fn, void *context, struct err *err)
{
    char *data = NULL;
    size_t len = 0;
    int rc = file_read(path, OBJECT_BYTES_MAX, &data, &len, err);

    if (rc != ARB_OK) {
        return rc;
    }
    const struct object object = { data, len };
    rc = walk(&object, fn, context);
    free(data);
    return rc == ARB_OK ? ARB_OK
                        : err_set(err, rc, "%s: its dynamic symbol table cannot be read", path);
}
