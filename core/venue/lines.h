/*
 * lines.h - one venue over one or more lines, and how a line is replaced.
 *
 * A line is a whole instance of the plugin with connections and books of its own: what happens to
 * one cannot harm another, and a plugin knows nothing of it. `connections = 2` keeps two for good;
 * the board lets the first copy of everything through.
 *
 * A line is replaced before it breaks: when the plugin asks (arb_ws_renew), when it has reached
 * `connection_age`, when a connection of it is suspected of being dead. A fresh line is brought up
 * beside it, and the old one is dropped when the fresh one has its books: no book leaves LIVE.
 *
 * The caller brings bytes and time and provides feed_io, as for a feed. Connections and requests
 * are numbered through over all lines: connections below LINES_CONNS_MAX. All calls are for one
 * thread.
 */
#ifndef ARB_LINES_H
#define ARB_LINES_H

#include "session/feed.h"

enum { LINES_CONNS_MAX = BOARD_LINES_MAX * ARB_CONNS_MAX };

struct lines;

/* `config` as for a feed without a board; how many lines and their age, its exchange says. */
int lines_create(struct lines **lines, const struct feed_config *config, struct err *err);
/* Before lines_start(). The outlet is borrowed. */
int lines_add_outlet(struct lines *lines, struct outlet *outlet);
int lines_start(struct lines *lines, int64_t now_ns, struct err *err);
void lines_destroy(struct lines *lines);

/* What happened on the network. */
void lines_on_open(struct lines *lines, uint32_t conn, int64_t now_ns);
void lines_on_message(struct lines *lines, uint32_t conn, int64_t now_ns, struct arb_bytes message);
void lines_on_close(struct lines *lines, uint32_t conn, int64_t now_ns, const char *why);
void lines_on_http(struct lines *lines, uint32_t request, int64_t now_ns, int status,
                   struct arb_bytes body);
void lines_on_round_trip(struct lines *lines, uint32_t conn, int64_t now_ns, int64_t rtt_ns);
/* The connection may be dead: silent for longer than usual. */
void lines_on_suspect(struct lines *lines, uint32_t conn, int64_t now_ns);

/* Everything that time brings about. Returns when it wants to be called next. */
int64_t lines_on_turn(struct lines *lines, int64_t now_ns);

/* Publishes STALE for every live book: the last thing before the host stops. */
void lines_stop(struct lines *lines, int64_t now_ns, const char *why);

/* Of all lines, those replaced included. */
struct feed_stats lines_stats(const struct lines *lines);
const struct board *lines_board(const struct lines *lines);
/* How many lines were replaced. */
uint64_t lines_replaced(const struct lines *lines);
/*
 * The feed of one line below BOARD_LINES_MAX, or NULL, and which of all lines it is, from 1: for
 * tests and reports. The line has the connections from line * ARB_CONNS_MAX on.
 */
const struct feed *lines_feed(const struct lines *lines, uint32_t line);
uint32_t lines_number(const struct lines *lines, uint32_t line);
/* The line that a request which it numbered through came from. */
uint32_t lines_line_of_request(uint32_t request);

#endif /* ARB_LINES_H */
