#include "plugin/elf_file.h"

#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arbspot/abi.h"

enum {
    PROGRAM_HEADERS_MAX = 64,
    OWN_CLASS = sizeof(void *) == 8 ? ELFCLASS64 : ELFCLASS32,
    OWN_ORDER = __BYTE_ORDER == __LITTLE_ENDIAN ? ELFDATA2LSB : ELFDATA2MSB,
};

/* The header of this very program, put there by the static linker. */
extern const ElfW(Ehdr) __ehdr_start __attribute__((visibility("hidden")));

struct elf_file {
    int fd;
    uint64_t len;
    ElfW(Ehdr) head;
    ElfW(Phdr) programs[PROGRAM_HEADERS_MAX];
};

static int read_at(const struct elf_file *file, void *out, size_t len, uint64_t offset,
                   struct err *err)
{
    const ssize_t n = pread(file->fd, out, len, (off_t)offset);

    if (n < 0) {
        return err_set(err, ARB_EINVAL, "%s", strerror(errno));
    }
    if ((size_t)n != len) {
        return err_set(err, ARB_EINVAL, "changes while it is read");
    }
    return ARB_OK;
}

/* Refuses what ends behind the file. */
static int check_room(const struct elf_file *file, uint64_t offset, uint64_t len, struct err *err)
{
    uint64_t end = 0;

    if (__builtin_add_overflow(offset, len, &end)) {
        return err_set(err, ARB_EINVAL, "is damaged: its headers name no possible place");
    }
    if (end > file->len) {
        return err_set(err, ARB_EINVAL, "is cut short: %llu of at least %llu bytes: copy it again",
                       (unsigned long long)file->len, (unsigned long long)end);
    }
    return ARB_OK;
}

static int read_head(struct elf_file *file, struct err *err)
{
    unsigned char magic[SELFMAG];

    int rc = check_room(file, 0, sizeof(magic), err);
    if (rc == ARB_OK) {
        rc = read_at(file, magic, sizeof(magic), 0, err);
    }
    if (rc == ARB_OK && memcmp(magic, ELFMAG, SELFMAG) != 0) {
        rc = err_set(err, ARB_EINVAL, "is no shared object: it does not start as an ELF file");
    }
    if (rc == ARB_OK) {
        rc = check_room(file, 0, sizeof(file->head), err);
    }
    return rc == ARB_OK ? read_at(file, &file->head, sizeof(file->head), 0, err) : rc;
}

static int check_head(const ElfW(Ehdr) * head, struct err *err)
{
    if (head->e_ident[EI_CLASS] != OWN_CLASS || head->e_ident[EI_DATA] != OWN_ORDER ||
        head->e_machine != __ehdr_start.e_machine) {
        return err_set(err, ARB_EINVAL, "is made for another kind of machine: rebuild it here");
    }
    if (head->e_type != ET_DYN) {
        return err_set(err, ARB_EINVAL, "is no shared object: link it with -shared");
    }
    if (head->e_phentsize != sizeof(ElfW(Phdr)) || head->e_phnum == 0 ||
        head->e_phnum > PROGRAM_HEADERS_MAX) {
        return err_set(err, ARB_EINVAL, "is damaged: it has %u program headers of %u bytes",
                       head->e_phnum, head->e_phentsize);
    }
    return ARB_OK;
}

static bool is_within(const ElfW(Phdr) * inner, const ElfW(Phdr) * outer)
{
    return inner->p_vaddr >= outer->p_vaddr && inner->p_filesz <= outer->p_filesz &&
           inner->p_vaddr - outer->p_vaddr <= outer->p_filesz - inner->p_filesz;
}

/* The linker reads the dynamic section where it is mapped, so something has to map it. */
static int check_dynamic(const struct elf_file *file, struct err *err)
{
    const ElfW(Phdr) *dynamic = NULL;

    for (unsigned i = 0; i < file->head.e_phnum; i++) {
        if (file->programs[i].p_type == PT_DYNAMIC) {
            dynamic = &file->programs[i];
        }
    }
    for (unsigned i = 0; dynamic != NULL && i < file->head.e_phnum; i++) {
        if (file->programs[i].p_type == PT_LOAD && is_within(dynamic, &file->programs[i])) {
            return ARB_OK;
        }
    }
    return err_set(err, ARB_EINVAL, "is damaged: no segment has its dynamic section");
}

static int check_programs(struct elf_file *file, struct err *err)
{
    const size_t len = file->head.e_phnum * sizeof(file->programs[0]);

    int rc = check_room(file, file->head.e_phoff, len, err);
    if (rc == ARB_OK) {
        rc = read_at(file, file->programs, len, file->head.e_phoff, err);
    }
    for (unsigned i = 0; rc == ARB_OK && i < file->head.e_phnum; i++) {
        const ElfW(Phdr) *const program = &file->programs[i];
        rc = check_room(file, program->p_offset, program->p_filesz, err);
        if (rc == ARB_OK && program->p_type == PT_LOAD && program->p_memsz < program->p_filesz) {
            rc = err_set(err, ARB_EINVAL, "is damaged: a segment is larger than its memory");
        }
    }
    return rc == ARB_OK ? check_dynamic(file, err) : rc;
}

/* The table of sections stands last as a rule: it tells best whether the end is there. */
static int check_sections(const struct elf_file *file, struct err *err)
{
    const ElfW(Ehdr) *const head = &file->head;

    return head->e_shoff == 0
               ? ARB_OK
               : check_room(file, head->e_shoff, (uint64_t)head->e_shnum * head->e_shentsize, err);
}

static int check_file(struct elf_file *file, struct err *err)
{
    int rc = read_head(file, err);

    if (rc == ARB_OK) {
        rc = check_head(&file->head, err);
    }
    if (rc == ARB_OK) {
        rc = check_sections(file, err);
    }
    return rc == ARB_OK ? check_programs(file, err) : rc;
}

int elf_file_check(const char *path, struct err *err)
{
    struct elf_file file = { .fd = open(path, O_RDONLY | O_CLOEXEC) };
    struct stat status;

    if (file.fd < 0) {
        return err_set(err, ARB_EINVAL, "%s", strerror(errno));
    }
    int rc =
        fstat(file.fd, &status) == 0 ? ARB_OK : err_set(err, ARB_EINVAL, "%s", strerror(errno));
    if (rc == ARB_OK) {
        file.len = (uint64_t)status.st_size;
        rc = check_file(&file, err);
    }
    (void)close(file.fd); /* nothing was written */
    return rc;
}
