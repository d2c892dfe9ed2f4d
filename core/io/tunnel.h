/*
 * tunnel.h - the way through an HTTP proxy: CONNECT, before the first byte of TLS.
 *
 * Sits between OpenSSL and the socket, as one of OpenSSL's filters. The first write asks the proxy
 * for the way and waits for its answer; from then on bytes pass as they are, so TLS goes from end
 * to end and the proxy sees none of it. libwebsockets 4.1.6 knows CONNECT too, but spins while it
 * waits, takes an answer in two pieces for a whole one, and does not tell what a refusal said.
 */
#ifndef ARB_TUNNEL_H
#define ARB_TUNNEL_H

#include <stdbool.h>

#include <openssl/ssl.h>

/* The kind of filter; NULL: no memory. BIO_meth_free() it after the last connection is gone. */
BIO_METHOD *tunnel_method(void);

/* Where to, and what the proxy is told about who asks. */
struct tunnel_spec {
    const char *target; /* "host:port" */
    const char *user;   /* "user:password"; "": nothing */
};

/* Puts the filter into a connection that has its socket and has sent nothing. False: no memory. */
bool tunnel_install(SSL *ssl, const BIO_METHOD *method, const struct tunnel_spec *spec);

/* True as long as the proxy has not answered. NULL is accepted. */
bool tunnel_is_waiting(const SSL *ssl);

/* Why the proxy does not let this connection through, or NULL. NULL is accepted. */
const char *tunnel_why(const SSL *ssl);

#endif /* ARB_TUNNEL_H */
