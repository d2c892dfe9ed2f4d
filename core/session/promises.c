#include "session/promises.h"

#include "session/state.h"

/* What a change has where the promise is kept; NULL: nothing is promised. */
static const char *name_of(uint32_t loss)
{
    switch ((enum arb_loss_detection)loss) {
    case ARB_LOSS_CHECKSUM:
        return "ARB_LOSS_CHECKSUM, and none had a checksum: set has_checksum";
    case ARB_LOSS_SEQUENCE:
        return "ARB_LOSS_SEQUENCE, and none had a number: set last_seq";
    case ARB_LOSS_CHAIN:
        return "ARB_LOSS_CHAIN, and none named the one before it: set prev_seq";
    case ARB_LOSS_STATELESS:
        return "ARB_LOSS_STATELESS, and none was a whole book: publish ARB_BOOK_SNAPSHOT";
    case ARB_LOSS_CONNECTION:
        return "ARB_LOSS_CONNECTION, and none came with a number: call arb_conn_seq() before it";
    default:
        return NULL;
    }
}

static bool is_numbered(const struct session *session)
{
    return session->current_conn != ARB_NO_CONN && session->conns[session->current_conn].has_seq;
}

static bool is_kept(const struct session *session, const struct arb_book_event *event)
{
    switch ((enum arb_loss_detection)session->plan.loss_detection) {
    case ARB_LOSS_CHECKSUM:
        return event->has_checksum;
    case ARB_LOSS_SEQUENCE:
        return event->last_seq != 0;
    case ARB_LOSS_CHAIN:
        return event->prev_seq != 0;
    case ARB_LOSS_CONNECTION:
        return is_numbered(session);
    default:
        return false; /* a change is no whole book */
    }
}

void promises_note(struct session *session, const struct arb_book_event *event, struct moment now)
{
    struct session_book *const book = &session->books[event->instrument];
    const char *const name = name_of(session->plan.loss_detection);

    if (event->kind != ARB_BOOK_DELTA || name == NULL) {
        return; /* snapshots may come another way, and have nothing in front of them */
    }
    session->promise.n_changes++;
    if (is_kept(session, event)) {
        session->promise.n_kept++;
        book->n_unkept = PROMISE_PATIENCE; /* once is enough: it reads what is there */
    } else if (book->n_unkept < PROMISE_PATIENCE && ++book->n_unkept == PROMISE_PATIENCE &&
               !session->promise.is_said) {
        session->promise.is_said = true;
        session_warn(session, now, "%d changes of %s came; the plan of the plugin promises %s",
                     PROMISE_PATIENCE, session->instruments.list[event->instrument].symbol, name);
    }
}

struct session_promise session_promise(const struct session *session)
{
    return (struct session_promise){ .name = name_of(session->plan.loss_detection),
                                     .n_changes = session->promise.n_changes,
                                     .n_kept = session->promise.n_kept };
}
