/*
 * elf_symbols.h - the dynamic symbols of a shared object, read from the file itself.
 */
#ifndef ARB_HARNESS_ELF_SYMBOLS_H
#define ARB_HARNESS_ELF_SYMBOLS_H

#include <stdbool.h>
#include <stdint.h>

#include "util/err.h"

/* Sees one symbol: one that the object imports, or one that it exports. */
typedef void elf_symbol_fn(void *context, const char *name, bool is_import);

/* Calls `fn` for each. Local and weak undefined symbols, which nobody has to provide, are left out.
 */
int elf_symbols(const char *path, elf_symbol_fn *fn, void *context, struct err *err);

enum { ELF_NAME_MAX = 128 };

/* Writes the name of the variable at this place of the object; leaves it where none is known. */
void elf_variable_at(const char *path, uint64_t place, char name[ELF_NAME_MAX]);

#endif /* ARB_HARNESS_ELF_SYMBOLS_H */
