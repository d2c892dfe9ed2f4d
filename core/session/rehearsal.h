/*
 * rehearsal.h - a session that begins and goes nowhere: what its plugin does first, and where it
 * would connect to.
 */
#ifndef ARB_REHEARSAL_H
#define ARB_REHEARSAL_H

#include "session/session.h"

/* A URL that the plugin spelled, with the scheme it has to have: "wss" or "https". */
typedef void rehearsal_url(void *context, const char *scheme, const char *url);

/*
 * Runs init() with the exchange's options and symbols, and has the plugin spell the URL of a
 * connection, and those of its catalog, its token and a snapshot where the plan has them. Fails as
 * session_start() would.
 */
int session_rehearse(const struct plugin *plugin, const struct config *config,
                     const struct exchange_config *exchange, rehearsal_url *url, void *context,
                     struct err *err);

#endif /* ARB_REHEARSAL_H */
