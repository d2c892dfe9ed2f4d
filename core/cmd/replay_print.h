/*
 * replay_print.h - what a replay says: market-data messages as JSON lines on stdout, and of each
 * session a closing line on stderr.
 */
#ifndef ARB_REPLAY_PRINT_H
#define ARB_REPLAY_PRINT_H

#include "book/event.h"
#include "replay/replay.h"

/* Where the messages of one session go. Zeroed memory is ready. */
struct replay_printer {
    char *text;
    size_t cap;
    bool failed;
    int64_t pub_ns; /* what messages say of when they were published; 0: when received */
    bool has_book[ARB_INSTRUMENTS_MAX]; /* by the session's index: there were levels of it */
};

/* Of an outlet_fn; the context is the printer. */
void replay_print_event(void *context, const struct event *event);

/* One logfmt line that begins with `head`; true when every book is right at the end. */
bool replay_print_summary(const struct session *session, const char *head);

/* What was asked for and never came. */
void replay_print_absent(const struct replay *replay, const struct replay_printer *printer);

void replay_printer_fini(struct replay_printer *printer);

#endif /* ARB_REPLAY_PRINT_H */
