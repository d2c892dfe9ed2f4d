/*
 * notes.h - effects and events as text, one a line: what golden files consist of.
 *
 *   > what the plugin asked for, or spelled for the host
 *   < what the host told the consumers of its books
 */
#ifndef ARB_HARNESS_NOTES_H
#define ARB_HARNESS_NOTES_H

#include <stdio.h>

#include "book/event.h"
#include "session/effects.h"
#include "session/session.h"

/* What the plugin says of its venue. */
void note_plan(FILE *out, const struct arb_plan *plan);

/* One request that the plugin spelled for the host. */
void note_request(FILE *out, const struct arb_ask *ask, const struct arb_request *request);

/* One request of the plugin; the session knows its instruments. */
void note_effect(FILE *out, const struct session *session, const struct effect *effect);

/* One event as a consumer got it. Snapshots are written best level first. */
void note_event(FILE *out, const struct event *event);

/* Each book and the counters, for the end. */
void note_summary(FILE *out, const struct session *session);

/* Text on one line: control characters become '?', what is beyond `max` bytes is only counted. */
void note_text(FILE *out, struct arb_bytes text, size_t max);

/* In a report: what the plan promises, when no event had it. */
struct report;
void note_promise(struct report *report, const char *where, const struct session *session);

#endif /* ARB_HARNESS_NOTES_H */
