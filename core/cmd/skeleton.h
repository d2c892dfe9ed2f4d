/*
 * skeleton.h - the files that `arbspot new` writes, as they stand in core/cmd/skeleton.
 *
 * There they are a whole plugin, my_venue, that the tests build and run; the build puts them into
 * the program.
 */
#ifndef ARB_SKELETON_H
#define ARB_SKELETON_H

#include <stddef.h>

/* What stands for the plugin's name, in texts and in names of files. */
#define SKELETON_NAME "my_venue"

struct skeleton_file {
    const char *path;          /* in the folder of the plugin; NULL ends the table */
    const unsigned char *text; /* not terminated */
    size_t len;
};

extern const struct skeleton_file skeleton_files[];

#endif /* ARB_SKELETON_H */
