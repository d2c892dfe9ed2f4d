#include "cmd/top_kind.h"

/* In this order: term.h has macros that are named like what others call theirs. */
#include <curses.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>
#include <unistd.h>

/* A capability of the terminal, or NULL. */
static const char *capability(const char *name)
{
    char copy[16];

    (void)snprintf(copy, sizeof(copy), "%s", name); /* fits; curses asks for no constant */
    const char *const text = tigetstr(copy);
    return text == (const char *)-1 ? NULL : text;
}

/* Without the waits that ancient terminals want, "$<5>". */
static void add_plain(char *out, size_t cap, const char *text)
{
    size_t len = strlen(out);

    while (text != NULL && *text != '\0' && len + 1 < cap) {
        const char *const end = strncmp(text, "$<", 2) == 0 ? strchr(text, '>') : NULL;
        if (end != NULL) {
            text = end + 1;
        } else {
            out[len++] = *text++;
        }
    }
    out[len] = '\0';
}

static void write_undo(char *out, size_t cap)
{
    static const char *const names[] = { "sgr0", "op", "cnorm", "rmkx", "rmcup" };

    out[0] = '\0';
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        add_plain(out, cap, capability(names[i]));
    }
}

static int check_drawing(const char *kind, struct err *err)
{
    if (capability("cup") == NULL || capability("clear") == NULL) {
        return err_set(err, ARB_ENOTSUP,
                       "a terminal of kind TERM=%.40s cannot be drawn on; for "
                       "scripts there is `arbspot view`",
                       kind);
    }
    return ARB_OK;
}

int top_kind_check(char *undo, size_t cap, struct err *err)
{
    const char *const kind = getenv("TERM");
    int status = 0;

    if (!isatty(STDOUT_FILENO) || !isatty(STDIN_FILENO)) {
        return err_set(err, ARB_ENOTSUP, "%s is no terminal; for scripts there is `arbspot view`",
                       isatty(STDOUT_FILENO) ? "stdin" : "stdout");
    }
    if (kind == NULL || kind[0] == '\0') {
        return err_set(err, ARB_ENOTSUP,
                       "TERM does not say which kind of terminal this is; for "
                       "scripts there is `arbspot view`");
    }
    if (setupterm(NULL, STDOUT_FILENO, &status) != OK) {
        return err_set(err, ARB_ENOTSUP,
                       "nothing is known here of terminals of kind TERM=%.40s; "
                       "TERM=xterm may do, and for scripts there is "
                       "`arbspot view`",
                       kind);
    }
    write_undo(undo, cap);
    const int rc = check_drawing(kind, err);
    (void)del_curterm(cur_term); /* the one that setupterm() made */
    return rc;
}
