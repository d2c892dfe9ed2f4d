/*
 * shortage.h - what this machine has no more of, in words: libraries hide that descriptors or
 * threads have run out, or end the process by an assertion.
 *
 * Sentences live for ever. What is found free may be taken by somebody else the next moment.
 */
#ifndef ARB_SHORTAGE_H
#define ARB_SHORTAGE_H

#include <pthread.h>

#include "util/err.h"

enum { SHORTAGE_PROBE_MAX = 32 };

/* A sentence when `n` descriptors (at most SHORTAGE_PROBE_MAX) cannot be had at once, else NULL. */
const char *shortage_of_files(unsigned n);

/* The same of threads, and after that of descriptors: what a client library takes at its start. */
const char *shortage_of_threads(unsigned n);

/*
 * Why a call that makes something failed: errno in the system's words, or in plainer ones for what
 * has run out.
 */
const char *shortage_words(int error);

/* pthread_create() with the usual attributes; `what` goes on from "no thread ":
 * "to print with". */
int shortage_start_thread(pthread_t *thread, void *(*run)(void *context), void *context,
                          const char *what, struct err *err);

/* What shortage_start_thread() says, for those who make their thread in another way. */
int shortage_no_thread(const char *what, struct err *err);

#endif /* ARB_SHORTAGE_H */
