/*
 * requests.h - has the plugin spell a request, and sends it.
 */
#ifndef ARB_SESSION_REQUESTS_H
#define ARB_SESSION_REQUESTS_H

#include "session/state.h"

enum {
    REQUEST_TEXT_MAX = 64 << 10, /* bytes of a frame, a URL, a body; terminator included */
    REQUEST_HEADERS_MAX = 8 << 10,
};

int request_memory_init(struct session *session);
void request_memory_fini(struct session *session);

/* An ask of this kind with a number of its own, and neither connection nor instruments. */
struct arb_ask request_ask(struct session *session, enum arb_ask_what what);

/*
 * Has the plugin spell it; the result is valid until the next one. ARB_ENOTSUP: the plugin has
 * none; ARB_ELIMIT: it does not fit, so ask for less. Any other failure is logged. A plugin that
 * broke a rule is disabled on this turn, see session->ask_rule.
 */
int request_spell(struct session *session, const struct arb_ask *ask, struct arb_request *request);

/* Drops a connection, once: what still comes from it is ignored. */
void request_close(struct session *session, uint32_t conn, const char *why);

/* Spells a frame and sends it on ask->conn. */
int request_send(struct session *session, const struct arb_ask *ask);

/* Spells a request by HTTP, sends it and remembers it; the budget was asked. */
int request_fetch(struct session *session, const struct arb_ask *ask, struct moment now);

/* Takes the call with this number out; false: it was given up, or is none of ours. */
bool request_take(struct session *session, uint32_t number, struct http_call *call);
/* A call whose answer is overdue, taken out. */
bool request_take_overdue(struct session *session, int64_t mono_ns, struct http_call *call);
/* When the next one is overdue, or NEVER_NS. */
int64_t request_overdue_ns(const struct session *session);

#endif /* ARB_SESSION_REQUESTS_H */
