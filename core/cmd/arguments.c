#include "cmd/arguments.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "cmd/cmd.h"
#include "config/nearest.h"
#include "util/harmless.h"

enum { SHORT_MAX = 64, LINE_MAX_LEN = 512, WORDS_MAX = 32, WORD_LEN_MAX = 64 };

/* -- what is wrong --------------------------------------------------------------------- */

static int refuse(const struct arguments_spec *spec, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* The mistake comes first: in the whole usage text nobody would find it. */
static int refuse(const struct arguments_spec *spec, const char *fmt, ...)
{
    char line[LINE_MAX_LEN];
    va_list args;

    va_start(args, fmt);
    (void)vsnprintf(line, sizeof(line), fmt, args); /* cut is still readable */
    va_end(args);
    harmless_line(stderr, "arbspot %s: %s", spec->command, line);
    harmless_line(stderr, "`arbspot %s --help` says the rest", spec->command);
    return CMD_USAGE;
}

static const struct option *find_option(const struct arguments_spec *spec, int val)
{
    const struct option *option = spec->options;

    while (option->name != NULL && option->val != val) {
        option++;
    }
    return option->name == NULL ? NULL : option;
}

/* The long option that "--confg=a" is meant for, or NULL. */
static const char *nearest_option(const struct arguments_spec *spec, const char *word)
{
    const char *names[WORDS_MAX + 1] = { NULL };
    char name[WORD_LEN_MAX];

    for (size_t i = 0; i < WORDS_MAX && spec->options[i].name != NULL; i++) {
        names[i] = spec->options[i].name;
    }
    (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(word + 2, "="), word + 2);
    return nearest_word(name, names);
}

/* getopt_long() leaves the letter of a short option in `optopt`, and of a long one that exists. */
static int refuse_option(const struct arguments_spec *spec, const char *word)
{
    const struct option *const option = optopt == 0 ? NULL : find_option(spec, optopt);

    if (option != NULL) {
        return refuse(spec, "--%s takes no value", option->name);
    }
    if (optopt != 0) {
        return refuse(spec, "there is no option '-%c'", optopt);
    }
    const char *const near = nearest_option(spec, word);
    return near == NULL ? refuse(spec, "there is no option '%s'", word)
                        : refuse(spec, "there is no option '%s'; did you mean '--%s'?", word, near);
}

static int refuse_bare_option(const struct arguments_spec *spec)
{
    const struct option *const option = find_option(spec, optopt);
    return refuse(spec, "the value of --%s is missing", option->name);
}

static int refuse_value(const struct arguments_spec *spec, int option, const char *value)
{
    return spec->wanted == NULL ? CMD_USAGE
                                : refuse(spec, "--%s %s: give %s", find_option(spec, option)->name,
                                         value, spec->wanted);
}

/* A file that is named without -c is what most often goes wrong. */
static int refuse_lack(const struct arguments_spec *spec, const char *lack, const char *operand)
{
    if (find_option(spec, 'c') == NULL) {
        return refuse(spec, "%s", lack);
    }
    if (operand == NULL) {
        return refuse(spec, "%s: write `arbspot %s -c FILE`", lack, spec->command);
    }
    return refuse(spec, "%s: did you mean `arbspot %s -c %s`?", lack, spec->command, operand);
}

/* `operands` ends with NULL. */
static int check_rest(const struct arguments_spec *spec, const void *arguments,
                      char *const *operands, int n_operands)
{
    const char *const lack = spec->lacks == NULL ? NULL : spec->lacks(arguments);

    if (lack != NULL) {
        return refuse_lack(spec, lack, spec->operands_max == 0 ? operands[0] : NULL);
    }
    if (n_operands < spec->operands_min) {
        return refuse(spec, "no %s given", spec->operand);
    }
    if (n_operands > spec->operands_max) {
        return refuse(spec, "'%s' is one word too many", operands[spec->operands_max]);
    }
    return ARGUMENTS_READ;
}

/* -- reading --------------------------------------------------------------------------- */

/* What getopt() calls the options, made of what getopt_long() calls them. The colon in front makes
 * it tell a value that is missing from an option that is unknown. */
static void name_short(const struct option *options, char *names)
{
    size_t n = 0;

    names[n++] = ':';
    for (; options->name != NULL; options++) {
        assert(n + 3 <= SHORT_MAX);
        if (options->val >= ARGUMENTS_LONG) {
            continue;
        }
        names[n++] = (char)options->val;
        if (options->has_arg == required_argument) {
            names[n++] = ':';
        }
    }
    names[n] = '\0';
}

/* Man pages and completion know of an option by its line in the help text. */
static bool says_all(const struct arguments_spec *spec)
{
    for (const struct option *option = spec->options; option->name != NULL; option++) {
        char text[WORD_LEN_MAX];
        (void)snprintf(text, sizeof(text), "--%s ", option->name); /* fits: the names are ours */
        if (strstr(spec->usage, text) == NULL) {
            return false;
        }
    }
    return true;
}

/* One option; ARGUMENTS_READ: go on. */
static int take_option(const struct arguments_spec *spec, void *arguments, int option, char **argv)
{
    switch (option) {
    case 'h':
        assert(says_all(spec));
        (void)fputs(spec->usage, stdout);
        return CMD_OK;
    case '?':
        return refuse_option(spec, argv[optind - 1]);
    case ':':
        return refuse_bare_option(spec);
    default:
        return spec->take(arguments, option, optarg) ? ARGUMENTS_READ
                                                     : refuse_value(spec, option, optarg);
    }
}

int arguments_read(const struct arguments_spec *spec, void *arguments, int argc, char **argv)
{
    char names[SHORT_MAX];
    int option;

    name_short(spec->options, names);
    opterr = 0; /* what is wrong is said here */
    while ((option = getopt_long(argc, argv, names, spec->options, NULL)) != -1) {
        const int status = take_option(spec, arguments, option, argv);
        if (status != ARGUMENTS_READ) {
            return status;
        }
    }
    return check_rest(spec, arguments, argv + optind, argc - optind);
}
