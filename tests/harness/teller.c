#include "teller.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int teller_init(struct teller *teller, const char *venue)
{
    *teller = (struct teller){ .fn = NULL };
    (void)snprintf(teller->venue.name, sizeof(teller->venue.name), "%s", venue);
    teller->books = calloc(ARB_INSTRUMENTS_MAX, sizeof(*teller->books));
    teller->infos = calloc(ARB_INSTRUMENTS_MAX, sizeof(*teller->infos));
    return teller->books == NULL || teller->infos == NULL ? ARB_ENOMEM
                                                          : consumer_init(&teller->consumer);
}

void teller_fini(struct teller *teller)
{
    consumer_fini(&teller->consumer);
    free(teller->books);
    free(teller->infos);
    *teller = (struct teller){ .fn = NULL };
}

static int on_instrument(void *context, uint32_t instrument, const struct arb_instrument *info,
                         const struct live_book *book)
{
    struct teller *const teller = context;

    teller->books[instrument] = book;
    teller->infos[instrument] = info;
    return ARB_OK;
}

/* As the board does it for a venue with one session. */
static void on_event(void *context, uint32_t instrument, struct event *event)
{
    struct teller *const teller = context;
    const struct book *const book = &teller->books[instrument]->book;

    event->instrument = instrument;
    event->venue = &teller->venue;
    event->info = teller->infos[instrument];
    event->session = 1;
    event->prev_seq = teller->consumer.seqs[instrument];
    event->seq = event->prev_seq + 1;
    if (event->kind != EVENT_STATUS) {
        event->crc = event_book_crc(book_side_begin(&book->bids), book->bids.n,
                                    book_side_begin(&book->asks), book->asks.n);
    }
    if (teller->fn != NULL) {
        teller->fn(teller->context, event);
    }
    consumer_take(&teller->consumer, event);
}

static void on_date(void *context, uint32_t conn, struct moment now, int64_t venue_ns)
{
    (void)context;
    (void)conn;
    (void)now;
    (void)venue_ns; /* clocks of venues are the board's */
}

static void on_heartbeat(void *context, struct moment now, struct heartbeat heartbeat)
{
    (void)context;
    (void)now;
    (void)heartbeat; /* likewise */
}

const struct session_sink teller_sink = {
    .instrument = on_instrument,
    .event = on_event,
    .date = on_date,
    .round_trip = on_date,
    .heartbeat = on_heartbeat,
};

bool teller_is_http(const struct arb_ask *ask)
{
    return ask->what == ARB_ASK_SNAPSHOT || ask->what == ARB_ASK_TOKEN ||
           (ask->what == ARB_ASK_CATALOG && ask->conn == ARB_NO_CONN);
}

void teller_look_at(struct teller *teller, const struct arb_ask *ask,
                    const struct arb_request *request)
{
    const char *const scheme = ask->what == ARB_ASK_CONNECT ? "wss://" : "https://";

    if ((ask->what != ARB_ASK_CONNECT && !teller_is_http(ask)) ||
        strncmp(request->text.data, scheme, strlen(scheme)) == 0 ||
        teller->consumer.flaw[0] != '\0') {
        return;
    }
    (void)snprintf(teller->consumer.flaw, sizeof(teller->consumer.flaw),
                   "the plugin asks for %.100s, which is not %s", request->text.data, scheme);
}

void teller_set_depth(struct teller *teller, uint32_t depth)
{
    teller->consumer.depth = depth;
}
