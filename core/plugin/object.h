/*
 * object.h - where a loaded shared object lies in memory.
 *
 * A plugin hands the host pointers. Before one is followed it is compared with the segments of the
 * object it came from, so a damaged descriptor is refused instead of bringing the host down.
 */
#ifndef ARB_OBJECT_H
#define ARB_OBJECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OBJECT_SEGMENTS_MAX = 16 };

struct object_segment {
    uintptr_t begin, end;
    uint32_t flags; /* PF_R, PF_X of <elf.h> */
};

struct object {
    struct object_segment segments[OBJECT_SEGMENTS_MAX];
    unsigned n;
};

/* Fills in the segments of what dlopen() returned; false when the linker does not tell. */
bool object_init(struct object *object, void *handle);

/* True when the `len` bytes at `at` are in one readable segment. */
bool object_has(const struct object *object, const void *at, size_t len);

/* True when a string of less than `cap` bytes starts there and ends inside. */
bool object_has_text(const struct object *object, const char *text, size_t cap);

/* True when `address` is in an executable segment. */
bool object_has_code(const struct object *object, uintptr_t address);

#endif /* ARB_OBJECT_H */
