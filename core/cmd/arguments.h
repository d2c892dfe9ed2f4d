/*
 * arguments.h - reads the options of one command, and says in one line what is wrong with them.
 */
#ifndef ARB_ARGUMENTS_H
#define ARB_ARGUMENTS_H

#include <getopt.h>
#include <stdbool.h>

enum {
    ARGUMENTS_READ = -1,    /* no exit status: the command goes on */
    ARGUMENTS_LONG = 0x100, /* an option's `val` from here on has no short form */
};

/*
 * Man pages and completion are made of `usage`, which names every option: "Usage: arbspot ..." with
 * what else the command takes in capitals, then text, and for each option a line "  -c, --config
 * FILE  what it is", with two blanks in front of it and behind what it takes. FILE, DIR, PLUGIN,
 * SECTION, SYMBOL, RECORDING and TIME are completed, and so is a `word` in marks.
 *
 * `options` ends with zeros; each one's `val` is its short form, and 'h' is --help. NULL functions
 * are never asked.
 */
struct arguments_spec {
    const char *command; /* "check" */
    const char *usage;   /* what --help prints; see above */
    const struct option *options;
    bool (*take)(void *arguments, int option, char *value); /* false: makes no sense */
    const char *wanted; /* where take() returns false: what would do; NULL: it said so itself */
    const char *(*lacks)(const void *arguments); /* what is missing, as a sentence; NULL: nothing */
    const char *operand; /* "PLUGIN": what is no option; NULL: there is none */
    int operands_min, operands_max;
};

/* Returns ARGUMENTS_READ, the operands being argv[optind] and up, or the exit status. */
int arguments_read(const struct arguments_spec *spec, void *arguments, int argc, char **argv);

#endif /* ARB_ARGUMENTS_H */
