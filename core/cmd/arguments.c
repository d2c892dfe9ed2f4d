#include "cmd/arguments.h"

#include <assert.h>
#include <stdio.h>

#include "cmd/cmd.h"

enum { SHORT_MAX = 64 };

/* What getopt() calls the options, made of what getopt_long() calls them. */
static void name_short(const struct option *options, char *names)
{
    size_t n = 0;

    for (; options->name != NULL; options++) {
        assert(n + 3 <= SHORT_MAX);
        names[n++] = (char)options->val;
        if (options->has_arg == required_argument) {
            names[n++] = ':';
        }
    }
    names[n] = '\0';
}

int arguments_read(const struct arguments_spec *spec, void *arguments, int argc, char **argv)
{
    char names[SHORT_MAX];

    name_short(spec->options, names);
    for (int option; (option = getopt_long(argc, argv, names, spec->options, NULL)) != -1;) {
        if (option == 'h') {
            (void)fputs(spec->usage, stdout);
            return CMD_OK;
        }
        if (option == '?') {
            return CMD_USAGE; /* getopt_long() said why */
        }
        if (!spec->take(arguments, option, optarg)) {
            (void)fputs(spec->usage, stderr);
            return CMD_USAGE;
        }
    }
    const int n_operands = argc - optind;
    if (n_operands < spec->operands_min || n_operands > spec->operands_max ||
        (spec->are_complete != NULL && !spec->are_complete(arguments))) {
        (void)fputs(spec->usage, stderr);
        return CMD_USAGE;
    }
    return ARGUMENTS_READ;
}
