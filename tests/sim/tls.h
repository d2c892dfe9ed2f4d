/*
 * tls.h - the simulator's private certificate authority and its server certificate.
 *
 * A host trusts the simulator by trusting this authority's certificate, with verification on.
 * Server certificates are made anew at each start; the authority is kept when a directory
 * for it is given, so that a host need not be told again.
 */
#ifndef ARB_SIM_TLS_H
#define ARB_SIM_TLS_H

#include <stddef.h>

#include "util/err.h"

/* PEM texts, terminated; owned by the struct. */
struct tls_identity {
    char *ca_cert;
    char *server_cert;
    char *server_key; /* never leaves memory */
};

/*
 * Makes an identity for localhost, 127.0.0.1 and ::1. With `state_dir` the authority is read
 * from ca.pem and ca.key there, or made and written there, the key with mode 0600. NULL: for
 * this run only.
 */
int tls_identity_init(struct tls_identity *identity, const char *state_dir, struct err *err);
void tls_identity_fini(struct tls_identity *identity);

#endif /* ARB_SIM_TLS_H */
