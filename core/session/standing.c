#include "session/standing.h"

#include "session/state.h"

static void add_book(struct session_standing *sum, const struct session_book *book)
{
    const uint32_t sub = book->subs[0].state;

    sum->n_books++;
    sum->n_asked += sub == SUB_ASKED;
    sum->n_accepted += sub == SUB_ACKED || sub == SUB_ON;
}

void session_standing_add(struct session_standing *sum, const struct session *session)
{
    sum->n_sessions++;
    sum->n_disabled += session->is_disabled;
    for (uint32_t i = 0; i < session->n_conns; i++) {
        sum->n_up += session->conns[i].is_up;
    }
    for (uint32_t i = 0; i < session->instruments.n; i++) {
        add_book(sum, &session->books[i]);
    }
}
