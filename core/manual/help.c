#include "manual/help.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "arbspot/abi.h"
#include "manual/lines.h"
#include "manual/roff.h"

enum {
    COMMAND_LINE_MAX = 4096 + 64,
    NAME_LEN_MAX = 32,
    ITEM_INDENT_MAX = 4, /* a line further to the right goes on with the item above it */
};

static const char USAGE[] = "Usage: ", COMMANDS[] = "Commands:";

/* `command` is "" for the program itself. */
static int ask(struct lines *lines, const char *program, const char *command)
{
    char line[COMMAND_LINE_MAX];

    *lines = (struct lines){ 0 };
    const int len = snprintf(line, sizeof(line), "'%s' %s --help", program, command);
    FILE *const in = len < (int)sizeof(line) ? popen(line, "r") : NULL; /* the build's own path */
    if (in == NULL) {
        (void)fprintf(stderr, "%s: cannot be asked for help\n", program);
        return ARB_EINVAL;
    }
    lines_read(lines, in);
    if (pclose(in) != 0 || lines->n == 0) {
        (void)fprintf(stderr, "%s %s --help: failed\n", program, command);
        return ARB_EINVAL;
    }
    return ARB_OK;
}

/* -- the text of one command ----------------------------------------------------------- */

/* Returns the line behind them. */
static size_t put_usage(FILE *out, const struct lines *help, size_t i, int n_names)
{
    for (; i < help->n && help->line[i][0] != '\0'; i++) {
        const char *const line = help->line[i];
        if (strlen(line) > strlen(USAGE)) {
            roff_synopsis(out, line + strlen(USAGE), n_names);
        }
    }
    return i;
}

static void put_item(FILE *out, const char *line)
{
    const char *const gap = strstr(line, "  ");
    const size_t len = gap == NULL ? strlen(line) : (size_t)(gap - line);
    char *const tag = lines_memory(strndup(line, len));

    (void)fputs(".TP\n", out);
    roff_option(out, tag);
    free(tag);
    if (gap != NULL) {
        roff_text(out, gap + lines_indent(gap), ROFF_CODE);
    }
}

/* Text, and lists whose items begin a little to the right. */
static void put_body(FILE *out, const struct lines *help, size_t i)
{
    bool is_new = true;

    for (; i < help->n; i++) {
        const char *const line = help->line[i];
        const size_t indent = lines_indent(line);
        if (line[0] == '\0') {
            is_new = true;
            continue;
        }
        if (indent > 0 && indent <= ITEM_INDENT_MAX) {
            put_item(out, line + indent);
        } else {
            (void)fputs(is_new ? ".PP\n" : "", out);
            roff_text(out, line + indent, ROFF_CODE);
        }
        is_new = false;
    }
}

static int put_command(FILE *out, const char *program, const char *name)
{
    char heading[NAME_LEN_MAX + 16];
    struct lines help;
    const int rc = ask(&help, program, name);

    if (rc == ARB_OK) {
        (void)snprintf(heading, sizeof(heading), "arbspot %s", name); /* cut would show */
        roff_heading(out, "SS", heading);
        put_body(out, &help, put_usage(out, &help, 0, 2));
    }
    lines_fini(&help);
    return rc;
}

/* -- all of them ----------------------------------------------------------------------- */

/* Where the list of commands begins. */
static size_t find_commands(const struct lines *help)
{
    size_t i = 0;

    while (i < help->n && strcmp(help->line[i], COMMANDS) != 0) {
        i++;
    }
    return i < help->n ? i + 1 : i;
}

int help_synopsis(FILE *out, const char *program)
{
    struct lines help;
    const int rc = ask(&help, program, "");

    for (size_t i = 0; i < help.n; i++) {
        if (strncmp(help.line[i], USAGE, strlen(USAGE)) == 0) {
            (void)put_usage(out, &help, i, 1);
            break;
        }
    }
    lines_fini(&help);
    return rc;
}

int help_summary(FILE *out, const char *program)
{
    struct lines help;
    const int rc = ask(&help, program, "");

    for (size_t i = find_commands(&help); i < help.n && lines_indent(help.line[i]) > 0; i++) {
        put_item(out, help.line[i] + lines_indent(help.line[i]));
    }
    lines_fini(&help);
    return rc;
}

int help_commands(FILE *out, const char *program)
{
    struct lines help;
    int rc = ask(&help, program, "");

    for (size_t i = find_commands(&help);
         rc == ARB_OK && i < help.n && lines_indent(help.line[i]) > 0; i++) {
        char name[NAME_LEN_MAX] = "";
        (void)sscanf(help.line[i], " %31s", name); /* of the program's own table */
        rc = put_command(out, program, name);
    }
    lines_fini(&help);
    return rc;
}
