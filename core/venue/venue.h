/*
 * venue.h - one exchange at run time: its sessions, and the board with what they say.
 *
 * A session is a whole instance of the plugin with connections and books of its own: what happens
 * to one cannot harm another, and a plugin knows nothing of it. `connections = 2` keeps two for
 * good; the board lets the first copy of everything through.
 *
 * A session is replaced before it breaks: when the plugin asks (arb_ws_renew), when it has reached
 * `connection_age`, when a connection of it is suspected of being dead, when what arrives is late.
 * A fresh session is brought up beside it, and the old one is dropped when the fresh one has its
 * books: no book leaves LIVE.
 *
 * The caller provides a port, which tells the sessions what happens (session_events). All calls
 * are for one thread.
 */
#ifndef ARB_VENUE_H
#define ARB_VENUE_H

#include "session/session.h"
#include "session/standing.h"
#include "venue/board.h"
#include "venue/relief.h"

struct venue;

struct venue_config {
    const struct plugin *plugin;
    const struct exchange_config *exchange; /* how many sessions and their age too */
    const struct config *config;
    uint64_t run;                 /* of the host: `session` in the messages */
    int64_t snapshot_interval_ms; /* 0: no periodic snapshots */
    int64_t (*asleep_ns)(void); /* clock_asleep_ns(), where the clocks are the system's; or NULL */
    struct port port;
    struct scales *scales;             /* shared with other venues; NULL: there are none */
    const struct session_trace *trace; /* or NULL */
};

int venue_create(struct venue **venue, const struct venue_config *config, struct err *err);
/* Before venue_start(). The outlet is borrowed. */
int venue_add_outlet(struct venue *venue, struct outlet *outlet);
int venue_start(struct venue *venue, struct moment now, struct err *err);
void venue_destroy(struct venue *venue);

/* Everything that time brings about. Returns when it wants to be called next (mono). */
int64_t venue_on_turn(struct venue *venue, struct moment now);

/* How far the thread that reads for the venue is behind; at every turn, before the turn itself. */
void venue_on_load(struct venue *venue, struct moment now, struct io_load load);

/* Publishes STALE for every live book: the last thing before the host stops. */
void venue_stop(struct venue *venue, struct moment now, const char *why);

/* Of all sessions, those replaced included. */
struct session_stats venue_stats(const struct venue *venue);
/* What is done about a host that is too slow. */
const struct relief *venue_relief(const struct venue *venue);

const struct board *venue_board(const struct venue *venue);
/* How many sessions were replaced. */
uint64_t venue_replaced(const struct venue *venue);
/* How far all sessions have come. */
struct session_standing venue_standing(const struct venue *venue);
/*
 * The session in one seat below BOARD_SEATS_MAX, or NULL, and which of all sessions it is, from 1:
 * for tests and reports.
 */
struct session *venue_session(const struct venue *venue, uint32_t seat);
uint32_t venue_number(const struct venue *venue, uint32_t seat);

#endif /* ARB_VENUE_H */
