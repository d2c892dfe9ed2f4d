#include "config/problems.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "arbspot/text.h"
#include "util/harmless.h"

struct problem {
    struct problem *next;
    unsigned line;
    char text[];
};

static void put_place(struct arb_text *text, unsigned line, const char *section, const char *key)
{
    if (line != 0) {
        arb_text_add(text, ":%u", line);
    }
    arb_text_add(text, ":");
    if (section != NULL) {
        arb_text_add(text, " [%s]", section);
    }
    if (key != NULL) {
        arb_text_add(text, " %s", key);
    }
    if (section != NULL || key != NULL) {
        arb_text_add(text, ":");
    }
}

static struct problem *problem_create(unsigned line, const char *text)
{
    const size_t len = strlen(text) + 1;
    struct problem *const problem = malloc(sizeof(*problem) + len);

    if (problem != NULL) {
        problem->next = NULL;
        problem->line = line;
        memcpy(problem->text, text, len);
    }
    return problem;
}

/* Keeps the list sorted by line; those of one line stay in the order they were found. */
static void insert(struct problems *problems, struct problem *problem)
{
    struct problem **at = &problems->held;

    while (*at != NULL && (*at)->line <= problem->line) {
        at = &(*at)->next;
    }
    problem->next = *at;
    *at = problem;
    problems->n_held++;
}

static void hold_or_print(struct problems *problems, unsigned line, const char *text)
{
    problems->n++;
    if (problems->holds > 0 && problems->n_held == PROBLEMS_HELD_MAX) {
        return;
    }
    struct problem *const problem = problems->holds > 0 ? problem_create(line, text) : NULL;
    if (problem == NULL) {
        /* Without memory to hold it, said out of order is better than not said. */
        harmless_line(problems->out, "%s", text);
        return;
    }
    insert(problems, problem);
}

void problem_vadd(struct problems *problems, unsigned line, const char *section, const char *key,
                  const char *fmt, va_list args)
{
    char what[PROBLEM_TEXT_MAX / 2], whole[PROBLEM_TEXT_MAX];

    (void)vsnprintf(what, sizeof(what), fmt, args); /* a cut sentence still helps */
    struct arb_text text = arb_text_over(whole, sizeof(whole));
    arb_text_add(&text, "%.255s", problems->path);
    put_place(&text, line, section, key);
    arb_text_add(&text, " %s", what);
    hold_or_print(problems, line, whole);
}

void problem_add(struct problems *problems, unsigned line, const char *section, const char *key,
                 const char *fmt, ...)
{
    va_list args;

    va_start(args, fmt);
    problem_vadd(problems, line, section, key, fmt, args);
    va_end(args);
}

void problem_extend(struct problems *problems, unsigned line, const char *section, const char *key,
                    const char *fmt, ...)
{
    char place[PROBLEM_TEXT_MAX], more[PROBLEM_TEXT_MAX / 2], whole[PROBLEM_TEXT_MAX];
    struct arb_text start = arb_text_over(place, sizeof(place));
    struct problem **at = &problems->held;
    va_list args;

    arb_text_add(&start, "%.255s", problems->path);
    put_place(&start, line, section, key);
    while (*at != NULL && strncmp((*at)->text, place, start.len) != 0) {
        at = &(*at)->next;
    }
    if (*at == NULL) {
        return;
    }
    va_start(args, fmt);
    (void)vsnprintf(more, sizeof(more), fmt, args); /* a cut sentence still helps */
    va_end(args);
    struct arb_text text = arb_text_over(whole, sizeof(whole));
    arb_text_add(&text, "%s%s", (*at)->text, more);
    struct problem *const longer = problem_create((*at)->line, whole);
    if (longer != NULL) { /* else it stays as it is */
        longer->next = (*at)->next;
        free(*at);
        *at = longer;
    }
}

void problems_hold(struct problems *problems)
{
    problems->holds++;
}

void problems_release(struct problems *problems)
{
    assert(problems->holds > 0);
    if (--problems->holds > 0) {
        return;
    }
    while (problems->held != NULL) {
        struct problem *const problem = problems->held;
        problems->held = problem->next;
        harmless_line(problems->out, "%s", problem->text);
        free(problem);
    }
    if (problems->n_held == PROBLEMS_HELD_MAX && problems->n > problems->n_held) {
        harmless_line(problems->out, "%s: %u more problems are not shown", problems->path,
                      problems->n - problems->n_held);
    }
    problems->n_held = 0;
}
