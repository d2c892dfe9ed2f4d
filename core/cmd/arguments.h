/*
 * arguments.h - reads the options of one command, and says how it is used.
 */
#ifndef ARB_ARGUMENTS_H
#define ARB_ARGUMENTS_H

#include <getopt.h>
#include <stdbool.h>

enum { ARGUMENTS_READ = -1 /* no exit status: the command goes on */ };

/* `options` ends with zeros; each one's `val` is its short form, and 'h' is --help. NULL functions
 * are never asked. */
struct arguments_spec {
    const char *usage;
    const struct option *options;
    bool (*take)(void *arguments, int option, const char *value); /* false: makes no sense */
    bool (*are_complete)(const void *arguments);
    int operands_min, operands_max; /* what is no option */
};

/* Returns ARGUMENTS_READ, the operands being argv[optind] and up, or the exit status. */
int arguments_read(const struct arguments_spec *spec, void *arguments, int argc, char **argv);

#endif /* ARB_ARGUMENTS_H */
