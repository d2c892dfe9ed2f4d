/*
 * socket_path.h - from a venue's socket to an opportunity, in one process.
 *
 * Ours: the server gives an update to libwebsockets -> TLS, loopback -> the host's io -> the
 * Kraken session, its checksum verified -> ring -> runner with cross_venue -> the opportunity
 * reaches its callback. Bare: the same update from the same server to a libwebsockets client
 * that does nothing, up to its receive callback. Both by turns in the same second.
 */
#ifndef ARB_BENCH_SOCKET_PATH_H
#define ARB_BENCH_SOCKET_PATH_H

#include "report.h"

/* ARB_EPROTO unless each update of ours led to exactly one opportunity (opened or closed). */
int socket_path_measure(struct path_figures *figures, const char *plugin_dir, struct err *err);

#endif /* ARB_BENCH_SOCKET_PATH_H */
