#include "cmd/replay_print.h"

#include <stdio.h>
#include <stdlib.h>

#include "util/harmless.h"
#include "wire/wire.h"

enum { HEAD_SHOWN_MAX = 100 };

void replay_print_event(void *context, const struct event *event)
{
    struct replay_printer *const printer = context;
    const size_t need = wire_event_bound(event) + 1;

    if (event->kind == EVENT_ALIVE) {
        return; /* nobody is: it is a recording */
    }
    if (event->kind != EVENT_STATUS && event->instrument < ARB_INSTRUMENTS_MAX) {
        printer->has_book[event->instrument] = true;
    }
    if (need > printer->cap) {
        char *const text = realloc(printer->text, 2 * need);
        if (text == NULL) {
            printer->failed = true;
            return;
        }
        printer->text = text;
        printer->cap = 2 * need;
    }
    const int64_t pub_ns = printer->pub_ns == 0 ? event->recv_ns : printer->pub_ns;
    const size_t len = wire_write_event(event, pub_ns, printer->text);
    printer->text[len] = '\n';
    printer->failed |= fwrite(printer->text, 1, len + 1, stdout) != len + 1;
}

bool replay_print_summary(const struct session *session, const char *head)
{
    const struct session_stats s = session_stats(session);
    const uint32_t n_live = session_count_in_state(session, ARB_BOOK_LIVE);
    const uint32_t n = session_n_instruments(session);

    (void)fprintf(stderr,
                  "%sframes=%llu updates=%llu snapshots=%llu verified=%llu mismatched=%llu "
                  "crossed=%llu unknown_deletes=%llu resyncs=%llu rejected=%llu live=%u books=%u\n",
                  head, (unsigned long long)s.frames, (unsigned long long)s.books.updates,
                  (unsigned long long)s.books.snapshots, (unsigned long long)s.books.verified,
                  (unsigned long long)s.books.mismatched, (unsigned long long)s.books.crossed,
                  (unsigned long long)s.books.unknown_deletes, (unsigned long long)s.resyncs,
                  (unsigned long long)s.rejected, n_live, n);
    return n_live == n && !session_is_disabled(session);
}

/* cbcap files say in their first lines what they are of. */
void replay_print_absent(const struct replay *replay, const struct replay_printer *printer)
{
    const struct recording *const recording = replay->recording;
    const struct arb_bytes head =
        recording->n_heads == 0 ? (struct arb_bytes){ .len = 0 } : recording->heads[0];
    const int head_len = (int)(head.len < HEAD_SHOWN_MAX ? head.len : HEAD_SHOWN_MAX);

    for (uint32_t i = 0; i < session_n_instruments(replay->session); i++) {
        if (!printer->has_book[i]) {
            harmless_line(stderr, "arbspot replay: the recording has no book of %s%s%.*s",
                          session_instrument(replay->session, i)->symbol,
                          head_len == 0 ? "" : "; it says of itself: ", head_len,
                          head_len == 0 ? "" : head.data);
        }
    }
}

void replay_printer_fini(struct replay_printer *printer)
{
    free(printer->text);
    *printer = (struct replay_printer){ 0 };
}
