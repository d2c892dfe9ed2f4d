/*
 * conns.h - the connections of a session: how many, where to, and whether anybody is there.
 */
#ifndef ARB_SESSION_CONNS_H
#define ARB_SESSION_CONNS_H

#include "session/state.h"

/* Has the port keep up connections below `n`. ARB_ELIMIT: more than there can be. */
int conns_need(struct session *session, uint32_t n);

/* The port asks where to. */
void conns_dial(struct session *session, uint32_t conn, struct moment now);
/* It is up: says hello, starts the heartbeat, subscribes. */
void conns_opened(struct session *session, uint32_t conn, struct moment now);
/* It is down: its books are STALE. */
void conns_closed(struct session *session, uint32_t conn, struct moment now, const char *why);
/* Something came on a connection, or by HTTP (ARB_NO_CONN). */
void conns_came(struct session *session, uint32_t conn, struct moment now);

/* Drops it, and ignores what still comes from it. */
void conns_distrust(struct session *session, uint32_t conn, struct moment now,
                    const char *stale_why, const char *close_why);
/* The number of the message in hand, see arb_conn_seq(). */
void conns_seq(struct session *session, uint32_t conn, uint64_t seq, struct moment now);
/* The venue's answer to a heartbeat is dated, see arb_heartbeat_times(). */
void conns_dated(struct session *session, const struct effect *effect, struct moment now);
/* STALE for all books of one connection. */
void conns_stale(struct session *session, uint32_t conn, struct moment now, const char *why);
void conns_give_up(struct session *session, const char *why);

/* The token of a connection came, or did not. */
void conns_token(struct session *session, uint32_t conn, bool is_good, struct moment now);

void conns_on_turn(struct session *session, struct moment now);

#endif /* ARB_SESSION_CONNS_H */
