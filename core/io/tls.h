/*
 * tls.h - what we demand of the other side's certificate, and why a handshake failed.
 *
 * We bring our own SSL_CTX: the one libwebsockets makes would also trust a directory
 * relative to the working directory, and would only log that a CA file cannot be read.
 */
#ifndef ARB_TLS_H
#define ARB_TLS_H

#include <openssl/ssl.h>

#include "io/url.h"
#include "util/err.h"

enum {
    TLS_WHY_MAX = 160,
    TLS_TAIL_MAX = 256, /* more than a WebSocket close frame */
};

/* What was read last over a connection, deciphered. */
struct tls_tail {
    const SSL *ssl;
    unsigned char bytes[TLS_TAIL_MAX];
    size_t len;
};

struct tls {
    SSL_CTX *ctx;
    const SSL *failed;     /* whose handshake failed last; only compared */
    char why[TLS_WHY_MAX]; /* and why */
    BIO_METHOD *tunnel;    /* see tunnel.h */
    int tunnel_fd;         /* the socket whose handshake begins with a tunnel, or -1 */
    char tunnel_target[URL_ENDPOINT_MAX];
    const char *tunnel_user;
    struct tls_tail tail;
};

/* Trusts the PEM file, or the system's store when that is NULL. The address must not change. */
int tls_init(struct tls *tls, const char *ca_file, struct err *err);
void tls_fini(struct tls *tls);

/*
 * Leads the handshake that begins next on this socket through the HTTP proxy at its other end.
 * `user` is "user:password" or "", and kept.
 */
void tls_expect_tunnel(struct tls *tls, int fd, const char *target, const char *user);

/* Why this connection's handshake failed, or NULL if it is not the last that did. */
const char *tls_why(const struct tls *tls, const SSL *ssl);

/* The one that this connection was made with; NULL: it is of somebody else in this process. */
struct tls *tls_of(const SSL *ssl);

/*
 * The verdict on one certificate of a chain; 0 accepts it. Asks for `host` itself instead of
 * leaving that to libwebsockets, which sees no name in an IPv6 address and then checks none.
 */
int tls_verdict(X509_STORE_CTX *store, int preverified, const char *host);

#endif /* ARB_TLS_H */
