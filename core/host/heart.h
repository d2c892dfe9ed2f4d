/*
 * heart.h - how a process that runs one section tells the one that started it that it is well.
 *
 * A byte a second over a pipe, from the watchdog's thread. The pipe's end tells each of the other's
 * death: the parent reads the end of the file, and the child's beat fails.
 */
#ifndef ARB_HEART_H
#define ARB_HEART_H

#include <stdbool.h>

enum {
    HEART_FD = 3, /* where a child finds its end of the pipe */
    HEART_BEAT_MS = 1000,
    HEART_SILENT_MS = 10000, /* then the child is taken for dead */
    HEART_START_MS = 40000,  /* until the first beat: plugins are tried before */
};

/* In the environment of a child: the folder that all children share. */
#define HEART_VARIABLE "ARBSPOT_FAMILY"

/* That folder in a process that was started as a child, else NULL. Valid until the process ends. */
const char *heart_family(void);

/* One beat. False: nobody hears it any more. */
bool heart_beat(void);

#endif /* ARB_HEART_H */
