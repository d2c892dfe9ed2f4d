/*
 * main.c - picks the subcommand.
 *
 * The locale stays "C": numbers are read and written the same everywhere.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "arbspot/abi.h"
#include "cmd/cmd.h"
#include "config/nearest.h"
#include "util/crash.h"
#include "util/harmless.h"
#include "util/log.h"
#include "util/output.h"

struct command {
    const char *name;
    const char *summary;
    int (*run)(int argc, char **argv);
};

static const struct command commands[] = {
    { "run", "run the host: books, Kafka, strategies", cmd_run },
    { "check", "check a configuration and its plugins", cmd_check },
    { "inspect", "print a plugin's description and options", cmd_inspect },
    { "venues", "list the exchange plugins and what they can prove", cmd_venues },
    { "new", "begin an exchange plugin of your own", cmd_new },
    { "log", "print opportunities as they come", cmd_log },
    { "why", "tell why a pair of venues is no opportunity", cmd_why },
    { "matrix", "print what each two venues would pay", cmd_matrix },
    { "top", "show all that displays show, on a terminal", cmd_top },
    { "view", "print all that displays show, as JSON", cmd_view },
    { "web", "show it in a browser", cmd_web },
    { "survival", "tell how long opportunities lasted", cmd_survival },
    { "verify", "prove the books of a running system right", cmd_verify },
    { "replay", "send recordings through a plugin", cmd_replay },
};

enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void print_help(FILE *out)
{
    (void)fputs("arbspot watches crypto exchanges and reports arbitrage opportunities.\n"
                "\n"
                "Usage: arbspot COMMAND [ARGUMENTS]\n"
                "       arbspot COMMAND --help\n"
                "       arbspot --help | --version\n"
                "\n"
                "Commands:\n",
                out);
    for (size_t i = 0; i < N_COMMANDS; i++) {
        (void)fprintf(out, "  %-8s  %s\n", commands[i].name, commands[i].summary);
    }
}

static void print_version(void)
{
    (void)printf("arbspot %s (plugin ABI %d.%d)\n", ARBSPOT_VERSION, ARB_ABI_MAJOR, ARB_ABI_MINOR);
}

static const struct command *find_command(const char *name)
{
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static int refuse(const char *name)
{
    const char *names[N_COMMANDS + 1] = { NULL };

    for (size_t i = 0; i < N_COMMANDS; i++) {
        names[i] = commands[i].name;
    }
    const char *const near = nearest_word(name, names);
    if (near != NULL) {
        harmless_line(stderr, "arbspot: there is no command '%s'; did you mean '%s'?", name, near);
    } else {
        harmless_line(stderr, "arbspot: there is no command '%s'; see arbspot --help", name);
    }
    return CMD_USAGE;
}

static bool is_option(const char *word, const char *brief, const char *full)
{
    return strcmp(word, brief) == 0 || strcmp(word, full) == 0;
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        (void)fputs("arbspot: no command given\n\n", stderr);
        print_help(stderr);
        return CMD_USAGE;
    }
    if (is_option(argv[1], "-h", "--help")) {
        print_help(stdout);
        return CMD_OK;
    }
    if (is_option(argv[1], "-V", "--version")) {
        print_version();
        return CMD_OK;
    }
    const struct command *const command = find_command(argv[1]);
    return command == NULL ? refuse(argv[1]) : command->run(argc - 1, argv + 1);
}

/* "arbspot verify", for the last word. */
static const char *speaker(int argc, char **argv)
{
    static char text[32];
    const struct command *const command = argc < 2 ? NULL : find_command(argv[1]);

    (void)snprintf(text, sizeof(text), "arbspot%s%s", command == NULL ? "" : " ",
                   command == NULL ? "" : command->name); /* fits: the names are ours */
    return text;
}

/* What could not be printed is no success. */
int main(int argc, char **argv)
{
    output_prepare();
    log_open();
    crash_open();
    const int status = run(argc, argv);
    const bool is_printed = output_settle(speaker(argc, argv));

    return status == CMD_OK && !is_printed ? CMD_FAILED : status;
}
