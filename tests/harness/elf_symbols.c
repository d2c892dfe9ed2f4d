#include "elf_symbols.h"

#include <elf.h>
#include <link.h>
#include <stdio.h>
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

static const ElfW(Shdr) *
    symbols_of(const struct object *object, const ElfW(Ehdr) * head, uint32_t type)
{
    for (size_t i = 0; i < head->e_shnum; i++) {
        const ElfW(Shdr) *const found = section(object, head, i);
        if (found != NULL && found->sh_type == type) {
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

/* A table of symbols, with their names; every name ends. */
struct symbols {
    const ElfW(Sym) * table;
    size_t n;
    const char *names;
    size_t names_len;
};

static int find_symbols(const struct object *object, uint32_t type, struct symbols *out)
{
    const ElfW(Ehdr) *const head = at(object, 0, sizeof(*head));
    if (head == NULL || memcmp(head->e_ident, ELFMAG, SELFMAG) != 0) {
        return ARB_EINVAL;
    }
    const ElfW(Shdr) *const symbols = symbols_of(object, head, type);
    const ElfW(Shdr) *const names =
        symbols == NULL ? NULL : section(object, head, symbols->sh_link);
    if (names == NULL || at(object, symbols->sh_offset, symbols->sh_size) == NULL ||
        at(object, names->sh_offset, names->sh_size) == NULL || names->sh_size == 0 ||
        object->data[names->sh_offset + names->sh_size - 1] != '\0') {
        return ARB_EINVAL;
    }
    *out = (struct symbols){ .table = at(object, symbols->sh_offset, symbols->sh_size),
                             .n = symbols->sh_size / sizeof(ElfW(Sym)),
                             .names = object->data + names->sh_offset,
                             .names_len = names->sh_size };
    return ARB_OK;
}

static int walk(const struct object *object, elf_symbol_fn *fn, void *context)
{
    struct symbols symbols;
    const int rc = find_symbols(object, SHT_DYNSYM, &symbols);

    for (size_t i = 0; rc == ARB_OK && i < symbols.n; i++) {
        if (symbols.table[i].st_name >= symbols.names_len) {
            return ARB_EINVAL;
        }
        report_symbol(&symbols.table[i], symbols.names + symbols.table[i].st_name, fn, context);
    }
    return rc;
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

static bool is_there(const ElfW(Sym) * symbol, uint64_t place)
{
    return ELF64_ST_TYPE(symbol->st_info) == STT_OBJECT && place >= symbol->st_value &&
           place - symbol->st_value < symbol->st_size;
}

static void find_variable(const struct object *object, uint64_t place, char name[ELF_NAME_MAX])
{
    struct symbols symbols;

    if (find_symbols(object, SHT_SYMTAB, &symbols) != ARB_OK) {
        return; /* it was stripped */
    }
    for (size_t i = 0; i < symbols.n; i++) {
        const ElfW(Sym) *const symbol = &symbols.table[i];
        if (is_there(symbol, place) && symbol->st_name < symbols.names_len) {
            (void)snprintf(name, ELF_NAME_MAX, "%s", symbols.names + symbol->st_name);
        }
    }
}

void elf_variable_at(const char *path, uint64_t place, char name[ELF_NAME_MAX])
{
    struct err err = { .rc = ARB_OK };
    char *data = NULL;
    size_t len = 0;

    if (file_read(path, OBJECT_BYTES_MAX, &data, &len, &err) == ARB_OK) {
        find_variable(&(struct object){ data, len }, place, name);
        free(data);
    }
}
