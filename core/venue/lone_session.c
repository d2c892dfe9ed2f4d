#include "venue/lone_session.h"

enum { SEAT = 0 };

static int on_instrument(void *context, uint32_t instrument, const struct arb_instrument *info,
                         const struct live_book *book)
{
    return board_enter(context, SEAT, instrument, info, book);
}

static void on_event(void *context, uint32_t instrument, struct event *event)
{
    board_event(context, SEAT, instrument, event);
}

static void on_date(void *context, uint32_t conn, struct moment now, int64_t venue_ns)
{
    board_on_date(context, (struct board_line){ SEAT, conn }, now, venue_ns);
}

static void on_round_trip(void *context, uint32_t conn, struct moment now, int64_t rtt_ns)
{
    board_on_round_trip(context, (struct board_line){ SEAT, conn }, now, rtt_ns);
}

static void on_heartbeat(void *context, struct moment now, struct heartbeat heartbeat)
{
    board_on_heartbeat(context, now, heartbeat);
}

const struct session_sink lone_session_sink = {
    .instrument = on_instrument,
    .event = on_event,
    .date = on_date,
    .round_trip = on_round_trip,
    .heartbeat = on_heartbeat,
};

int lone_session_sit(const struct session *session, struct board *board)
{
    uint32_t seat = SEAT;
    return board_sit(board, session_rules(session), &seat);
}
