/*
 * top_terminal.h - a page on the terminal of stdin and stdout, and the keys that are pressed there.
 *
 * While it is open, lines of the log go to a pipe instead of stderr, if that is a terminal: nobody
 * else may write on it. One at a time, by main.
 */
#ifndef ARB_TOP_TERMINAL_H
#define ARB_TOP_TERMINAL_H

#include <stdbool.h>

#include "top/log_lines.h"
#include "top/page.h"
#include "util/err.h"

struct top_terminal;

/* Lines of the log are kept from the terminal from here on. */
int top_terminal_open(struct top_terminal **terminal, struct err *err);

/* Draws from here on; `undo` is top_kind_check()'s. ARB_ENOTSUP */
int top_terminal_begin(struct top_terminal *terminal, const char *undo, struct err *err);

/* Gives the terminal back as it was; what is logged from here on goes there again. */
void top_terminal_end(struct top_terminal *terminal);

/* When no other thread logs any more. NULL is accepted. */
void top_terminal_close(struct top_terminal *terminal);

/* Waits for a key, a line of the log, or a readable `fd`. False: the terminal has gone. */
bool top_terminal_wait(struct top_terminal *terminal, int fd, int timeout_ms);

/* True: there were lines. */
bool top_terminal_read_log(struct top_terminal *terminal, struct log_lines *lines);

enum { TOP_NO_KEY = -1, TOP_REDRAW = 0x200 /* its size has changed, or somebody wrote on it */ };

/* A character, an enum screen_key, or one of the above. Without waiting. */
int top_terminal_key(struct top_terminal *terminal);

/* Of the page that fits it. */
struct page_area top_terminal_size(const struct top_terminal *terminal);

void top_terminal_draw(struct top_terminal *terminal, const struct page *page);

#endif /* ARB_TOP_TERMINAL_H */
