/*
 * elf_file.h - looks at a shared object as a file, before the dynamic linker maps it.
 *
 * The linker maps what the headers name without comparing it with the length of the file, and a
 * process that touches a page behind the end is killed. So a file that was copied in part has to
 * be found out first.
 */
#ifndef ARB_ELF_FILE_H
#define ARB_ELF_FILE_H

#include "util/err.h"

/* ARB_EINVAL when the file is no whole shared object for this machine; `err` says why. */
int elf_file_check(const char *path, struct err *err);

#endif /* ARB_ELF_FILE_H */
