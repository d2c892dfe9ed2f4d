/*
 * access.h - who may have what is served: names of this host, origins, the token.
 *
 * Pure: no socket and no clock. Against web pages of others, which a browser lets talk to this
 * machine: a name that somebody points here (DNS rebinding) is no name of ours, and a WebSocket is
 * opened only by our own page. Against people: a token, which a browser shows once and trades for a
 * cookie. The cookie is made of the token and does not tell it, since browsers show cookies to
 * every server of a machine, whatever its port.
 */
#ifndef ARB_WEB_ACCESS_H
#define ARB_WEB_ACCESS_H

#include "arbspot/types.h"
#include "util/listen_address.h"

enum {
    ACCESS_PROOF_LEN = 32,
    ACCESS_COOKIE_MAX = 96, /* terminated */
};

struct access {
    bool has_token;
    bool is_loopback; /* the names of this machine are known, and no others are ours */
    unsigned char proof[ACCESS_PROOF_LEN]; /* of the token */
    unsigned char cookie_proof[ACCESS_PROOF_LEN];
    char cookie[ACCESS_COOKIE_MAX]; /* "arbspot_9464=VALUE" */
};

/* What of a request decides. What it does not have is empty. */
struct access_request {
    struct arb_bytes host, origin, authorization, cookie;
    struct arb_bytes query; /* parts separated by '&', decoded */
    bool is_page;           /* asks for `/`, where a token may stand in the query */
    bool is_upgrade;        /* wants a WebSocket */
};

enum access_verdict {
    ACCESS_GRANTED = 1,
    ACCESS_LOGIN = 2, /* the token stood in the query: it is to be traded for the cookie */
    ACCESS_BAD_HOST = 3,
    ACCESS_BAD_ORIGIN = 4,
    ACCESS_BAD_TOKEN = 5,
};

/*
 * `token` may be NULL at a loopback address; ARB_EINVAL where one is
 * needed or this cannot be one. The token is not kept.
 */
int access_init(struct access *access, const struct listen_address *address, const char *token,
                struct err *err);

/* Cookies are told apart by their names only, so each port has one of its own. */
void access_set_port(struct access *access, uint16_t port);

enum access_verdict access_check(const struct access *access, const struct access_request *request);

#endif /* ARB_WEB_ACCESS_H */
