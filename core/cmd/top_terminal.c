#include "cmd/top_terminal.h"

#include <curses.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "top/screen.h"
#include "util/log.h"
#include "util/shortage.h"
#include "util/terminal.h"

enum { ESCAPE_MS = 50, CTRL_L = 12, READ_MAX = 4096 };

struct top_terminal {
    int pipe[2]; /* the log's; -1: it goes to stderr */
    SCREEN *screen;
    bool has_colours;
};

/* -- from the beginning to the end --------------------------------------------------------------
 */

static void close_fd(int fd)
{
    if (fd >= 0) {
        (void)close(fd);
    }
}

static int divert_log(struct top_terminal *terminal, struct err *err)
{
    if (pipe2(terminal->pipe, O_CLOEXEC | O_NONBLOCK) != 0) {
        return err_set(err, ARB_ENOMEM, "no pipe for the log: %s", shortage_words(errno));
    }
    log_divert(terminal->pipe[1]);
    return ARB_OK;
}

int top_terminal_open(struct top_terminal **out, struct err *err)
{
    struct top_terminal *const terminal = calloc(1, sizeof(*terminal));

    if (terminal == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory");
    }
    terminal->pipe[0] = terminal->pipe[1] = -1;
    if (isatty(STDERR_FILENO)) {
        const int rc = divert_log(terminal, err);
        if (rc != ARB_OK) {
            free(terminal);
            return rc;
        }
    }
    *out = terminal;
    return ARB_OK;
}

void top_terminal_close(struct top_terminal *terminal)
{
    if (terminal == NULL) {
        return;
    }
    top_terminal_end(terminal);
    close_fd(terminal->pipe[0]);
    close_fd(terminal->pipe[1]);
    free(terminal);
}

static void choose_colours(struct top_terminal *terminal)
{
    const char *const none = getenv("NO_COLOR");

    terminal->has_colours =
        (none == NULL || none[0] == '\0') && has_colors() && start_color() == OK;
    if (!terminal->has_colours) {
        return;
    }
    const short background = use_default_colors() == OK ? -1 : COLOR_BLACK;
    (void)init_pair(PAGE_GOOD, COLOR_GREEN, background);
    (void)init_pair(PAGE_WARN, COLOR_YELLOW, background);
    (void)init_pair(PAGE_BAD, COLOR_RED, background);
    (void)init_pair(PAGE_LOUD, COLOR_WHITE, COLOR_RED);
}

int top_terminal_begin(struct top_terminal *terminal, const char *undo, struct err *err)
{
    if (!terminal_keep(STDOUT_FILENO, undo)) {
        return err_set(err, ARB_ENOTSUP, "the terminal does not tell how it is set");
    }
    terminal->screen = newterm(NULL, stdout, stdin);
    if (terminal->screen == NULL) {
        terminal_forget();
        return err_set(err, ARB_ENOTSUP, "the terminal cannot be drawn on");
    }
    /* What fails of these is a terminal that does not have it. */
    (void)cbreak();
    (void)noecho();
    (void)keypad(stdscr, true);
    (void)nodelay(stdscr, true);
    (void)curs_set(0);
    (void)set_escdelay(ESCAPE_MS);
    choose_colours(terminal);
    return ARB_OK;
}

void top_terminal_end(struct top_terminal *terminal)
{
    if (terminal->screen != NULL) {
        (void)endwin(); /* a terminal that has gone needs nothing */
        terminal_forget();
        delscreen(terminal->screen);
        terminal->screen = NULL;
    }
    log_divert(0);
}

/* -- what comes in ------------------------------------------------------------------------------
 */

bool top_terminal_wait(struct top_terminal *terminal, int fd, int timeout_ms)
{
    struct pollfd fds[] = { { .fd = STDIN_FILENO, .events = POLLIN },
                            { .fd = fd, .events = POLLIN },
                            { .fd = terminal->pipe[0], .events = POLLIN } };

    return poll(fds, sizeof(fds) / sizeof(*fds), timeout_ms) <= 0 ||
           (fds[0].revents & (POLLHUP | POLLERR | POLLNVAL)) == 0;
}

bool top_terminal_read_log(struct top_terminal *terminal, struct log_lines *lines)
{
    char data[READ_MAX];
    const ssize_t n = terminal->pipe[0] < 0 ? 0 : read(terminal->pipe[0], data, sizeof(data));

    if (n > 0) { /* else there are none: both ends are ours */
        log_lines_take(lines, data, (size_t)n);
    }
    return n > 0;
}

int top_terminal_key(struct top_terminal *terminal)
{
    static const struct {
        int curses, key;
    } keys[] = {
        { ERR, TOP_NO_KEY },           { KEY_RESIZE, TOP_REDRAW },      { KEY_UP, SCREEN_UP },
        { KEY_DOWN, SCREEN_DOWN },     { KEY_LEFT, SCREEN_LEFT },       { KEY_RIGHT, SCREEN_RIGHT },
        { KEY_PPAGE, SCREEN_PAGE_UP }, { KEY_NPAGE, SCREEN_PAGE_DOWN }, { KEY_HOME, SCREEN_HOME },
        { KEY_END, SCREEN_END },       { KEY_BTAB, SCREEN_BACK_TAB },   { KEY_ENTER, SCREEN_ENTER },
        { '\r', SCREEN_ENTER },        { KEY_BACKSPACE, SCREEN_ERASE }, { '\b', SCREEN_ERASE },
    };

    (void)terminal;
    const int got = getch();
    if (got == CTRL_L) {
        (void)clearok(curscr, true);
        return TOP_REDRAW;
    }
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        if (keys[i].curses == got) {
            return keys[i].key;
        }
    }
    return got > 0x7f ? 0 : got; /* 0: a key that nothing is known of */
}

/* -- what goes out ------------------------------------------------------------------------------
 */

struct page_area top_terminal_size(const struct top_terminal *terminal)
{
    int height, width;

    (void)terminal;
    getmaxyx(stdscr, height, width);
    return (struct page_area){ .height = (unsigned)height, .width = (unsigned)width };
}

static attr_t look_of(enum page_style style)
{
    switch (style) {
    case PAGE_DIM:
        return A_DIM;
    case PAGE_STRONG:
        return A_BOLD;
    case PAGE_HEAD:
        return A_UNDERLINE;
    case PAGE_FOCUS:
    case PAGE_CHOSEN:
        return A_REVERSE;
    case PAGE_BAD:
        return A_BOLD;
    case PAGE_LOUD:
        return A_REVERSE | A_BOLD;
    case PAGE_PLAIN:
    case PAGE_GOOD:
    case PAGE_WARN:
        break;
    }
    return A_NORMAL;
}

static void set_look(const struct top_terminal *terminal, enum page_style style)
{
    const bool is_coloured = terminal->has_colours && (style == PAGE_GOOD || style == PAGE_WARN ||
                                                       style == PAGE_BAD || style == PAGE_LOUD);
    const attr_t look = is_coloured && style == PAGE_LOUD ? A_BOLD : look_of(style);

    (void)attr_set(look, (short)(is_coloured ? (int)style : 0), NULL); /* valid: cannot fail */
}

static void draw_line(const struct top_terminal *terminal, const struct page *page, unsigned row)
{
    for (unsigned begin = 0, end; begin < page->width; begin = end) {
        const uint8_t style = page->styles[row][begin];
        for (end = begin + 1; end < page->width && page->styles[row][end] == style; end++) {
        }
        set_look(terminal, (enum page_style)style);
        /* Fails where the last line ends: the cursor has nowhere to go, and the text is there. */
        (void)mvaddnstr((int)row, (int)begin, &page->text[row][begin], (int)(end - begin));
    }
}

void top_terminal_draw(struct top_terminal *terminal, const struct page *page)
{
    (void)erase();
    for (unsigned row = 0; row < page->height; row++) {
        draw_line(terminal, page, row);
    }
    (void)refresh(); /* who has gone is seen by top_terminal_wait() */
}
