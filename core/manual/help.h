/*
 * help.h - what the commands say of themselves, as parts of a man page.
 */
#ifndef ARB_MANUAL_HELP_H
#define ARB_MANUAL_HELP_H

#include <stdio.h>

/* How the program is called. `program` is its path; these ask it with --help. ARB_OK, or an error
 * that was told. */
int help_synopsis(FILE *out, const char *program);

/* Each command with its summary. */
int help_summary(FILE *out, const char *program);

/* Each command: how it is called, what it does, its options. */
int help_commands(FILE *out, const char *program);

#endif /* ARB_MANUAL_HELP_H */
