/*
 * statics.h - whether a plugin keeps state outside its instance.
 *
 * Two instances run side by side when a connection is replaced, on threads of their own: what they
 * share is wrong for one of them. A variable that never changes is none.
 */
#ifndef ARB_HARNESS_STATICS_H
#define ARB_HARNESS_STATICS_H

#include "plugin/loader.h"
#include "plugin/object.h"
#include "report.h"

/* The plugin's variables as they were. */
struct statics {
    struct object object;
    unsigned char *copy; /* of the writable segments, one behind the other */
};

/* Remembers them; without memory for that nothing is found. */
void statics_begin(struct statics *statics, const struct plugin *plugin);
/* Says whether one of them changed since, and frees the copy. */
void statics_end(struct statics *statics, const struct plugin *plugin, struct report *report);

#endif /* ARB_HARNESS_STATICS_H */
