/*
 * tls.h - the simulator's private certificate authority and its server certificate.
 *
 * A host trusts the simulator by trusting this authority's certificate, with verification on.
 * Server certificates are made anew at each start; the authority is kept when a directory
 * for it is given, so that a host need not be told again.
 */
#ifndef ARB_SIM_TLS_H
#define ARB_SIM_TLS_H

#include <openssl/ssl.h>

#include "util/err.h"

/* What a client that connects gets to see. */
enum tls_face {
    TLS_HONEST = 0,
    TLS_EXPIRED = 1,  /* a certificate that ended yesterday */
    TLS_STRANGER = 2, /* a certificate for another host */
    TLS_REFUSAL = 3,  /* an alert instead of a handshake */
    N_TLS_FACES,
};

/* PEM texts, terminated; owned by the struct. */
struct tls_identity {
    char *ca_cert;
    char *server_certs[TLS_REFUSAL]; /* by enum tls_face; of one key */
    char *server_key;                /* never leaves memory */
};

/*
 * Makes an identity for localhost, 127.0.0.1 and ::1. With `state_dir` the authority is read
 * from ca.pem and ca.key there, or made and written there, the key with mode 0600; the folder is
 * made too. NULL: for this run only.
 */
int tls_identity_init(struct tls_identity *identity, const char *state_dir, struct err *err);
void tls_identity_fini(struct tls_identity *identity);

/* Shows this face to all who connect to a server with the identity's key from now on. */
int tls_show(SSL_CTX *ctx, const struct tls_identity *identity, enum tls_face face);

#endif /* ARB_SIM_TLS_H */
