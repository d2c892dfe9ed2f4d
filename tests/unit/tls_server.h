/*
 * tls_server.h - a venue for the I/O tests: TLS, HTTP and WebSocket on loopback.
 *
 * Written with OpenSSL and blocking sockets, a thread a connection, and on purpose not with
 * the library under test. What it does depends on the path, see tls_server.c.
 */
#ifndef ARB_TLS_SERVER_H
#define ARB_TLS_SERVER_H

#include <stdint.h>

#include <openssl/evp.h>
#include <openssl/x509.h>

/* A certificate authority of our own, made at run time. */
struct tls_authority {
    char ca_file[64]; /* PEM of its certificate */
    EVP_PKEY *key;
    X509 *certificate;
};

/* Aborts when something fails: there is no test without. */
void tls_authority_init(struct tls_authority *authority);
void tls_authority_fini(struct tls_authority *authority);

enum { TLS_SERVER_PONG_MS = 20 }; /* that /pongs takes to answer a ping */

struct tls_server;

/*
 * Listens on `address` ("127.0.0.1", "::1"); `port` 0 takes a free one. `names` go into the
 * certificate: "IP:127.0.0.1,DNS:localhost". NULL when the address or port is not to be had.
 */
struct tls_server *tls_server_start(const struct tls_authority *authority, const char *names,
                                    const char *address, uint16_t port);
uint16_t tls_server_port(const struct tls_server *server);
unsigned tls_server_pings(const struct tls_server *server);  /* seen so far */
unsigned tls_server_agents(const struct tls_server *server); /* requests with our User-Agent */
void tls_server_stop(struct tls_server *server);

#endif /* ARB_TLS_SERVER_H */
