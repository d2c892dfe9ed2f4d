/*
 * io.h - the real network of one thread: WebSocket connections that are kept up, HTTPS requests.
 *
 * An io owns one libwebsockets context and is the port of every session of its thread. A connection
 * is declared once and then kept up for ever: ask its owner where to, resolve, connect, TLS with
 * verification and SNI, ping, idle watchdog, and again after exponential backoff with jitter.
 * Everything that happens is reported on the thread that calls io_step().
 *
 * libwebsockets touches process-wide OpenSSL state in io_create(): create every io, one after
 * another, on the main thread, before any of them is stepped.
 */
#ifndef ARB_IO_H
#define ARB_IO_H

#include "io/port.h"
#include "io/settings.h"
#include "util/err.h"

/* What 0 in a field of io_config means. */
extern const struct io_config io_config_defaults;

struct io;

/*
 * Called once per turn, after the network. Returns the monotonic time at which it wants the next
 * turn, NEVER_NS for none.
 */
typedef int64_t io_turn(void *context, struct moment now);

/*
 * `events` must outlive the io. Of its members on_suspect, on_ping and on_round_trip may be NULL.
 * `context` is that of on_turn(); the events name their owners.
 */
int io_create(struct io **io, const struct io_config *config, const struct port_events *events,
              io_turn *on_turn, void *context, struct err *err);

/* Closes everything and reports nothing more. NULL is accepted. */
void io_destroy(struct io *io);

/* One turn: waits for the network or the next deadline, at most `wait_ms`, and handles it. */
int io_step(struct io *io, int wait_ms);

/* Ends a waiting io_step(). The only call allowed from another thread. */
void io_wake(struct io *io);

/*
 * The port, for the thread that steps the io; it lives as long as the io. What is asked for fails
 * with ARB_ELIMIT at a limit of settings.h, and with ARB_EINVAL on a connection that is not there
 * or is there already, and, after one line in the log, on a request that cannot be made: a URL
 * that is not https://, or headers that are not whole lines.
 */
struct port io_port(struct io *io);

/* As of the last turn; for the thread that steps the io. */
struct io_load io_load(const struct io *io);

/* Which host could not be reached last, or was lost, and why; "" when there was none. */
const char *io_last_failure(const struct io *io);
const struct io_stats *io_stats(const struct io *io);

#endif /* ARB_IO_H */
