/*
 * crash.h - what a process that crashes says before it ends: in which callback of which plugin, on
 * which input, by which signal.
 *
 * Only what is safe in a signal handler is used: the mark of the thread (watch.h), and a write. A
 * terminal that is drawn on (terminal.h) is given back first.
 * Then the signal takes its course, with a core file where the system makes one.
 */
#ifndef ARB_CRASH_H
#define ARB_CRASH_H

#include <signal.h>
#include <stddef.h>
#include <stdint.h>

/* For SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGABRT, of all threads. By main, at the start. */
void crash_open(void);

/*
 * The code of a plugin is in [begin, end), for good. A crash there in no callback is one of a
 * thread that the plugin has made. By the thread that loads plugins, before any other runs.
 */
enum { CRASH_CODES_MAX = 128 };
void crash_know_code(const char *plugin, uintptr_t begin, uintptr_t end);

/*
 * From here on exit() in a callback is a crash as well: it says so, and the exit status is 1. Exit
 * handlers run last in, first out: so this is called when libraries have theirs. _exit() cannot be
 * caught.
 */
void crash_expect_exit(void);

/* For exit handlers that come later: does the same, and returns where this is no callback. */
void crash_judge_exit(int status);

/*
 * A thread that calls plugins needs a second stack, or it cannot say that the first has overflowed.
 * `stack` is the caller's until crash_give_stack_back(), and may lie at the base of the first.
 */
enum { CRASH_STACK_LEN = 32 * 1024 };
void crash_use_stack(void *stack, stack_t *before);
void crash_give_stack_back(const stack_t *before);

#endif /* ARB_CRASH_H */
