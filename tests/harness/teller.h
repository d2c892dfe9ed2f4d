/*
 * teller.h - what a session tells, on its way to a consumer: events are numbered per book, and
 * flaws of requests are noticed.
 */
#ifndef ARB_HARNESS_TELLER_H
#define ARB_HARNESS_TELLER_H

#include "consumer.h"
#include "session/session.h"

struct teller {
    struct consumer consumer;
    struct event_venue venue;
    const struct live_book **books; /* [ARB_INSTRUMENTS_MAX] of the session */
    const struct arb_instrument **infos;
    /* Sees each event once it is complete; NULL: nobody does. */
    void (*fn)(void *context, const struct event *event);
    void *context;
};

int teller_init(struct teller *teller, const char *venue);
void teller_fini(struct teller *teller);

/* For session_config; its context is the teller. */
extern const struct session_sink teller_sink;

/* A request as the plugin spelled it: URLs have to be those of an encrypted connection. */
void teller_look_at(struct teller *teller, const struct arb_ask *ask,
                    const struct arb_request *request);

/* True when the request goes out by HTTP. */
bool teller_is_http(const struct arb_ask *ask);

/* Of what the plugin's plan says, once the session has started. */
void teller_set_depth(struct teller *teller, uint32_t depth);

#endif /* ARB_HARNESS_TELLER_H */
