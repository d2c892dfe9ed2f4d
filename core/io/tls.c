#include "io/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/x509v3.h>

#include "io/tunnel.h"

static const char *openssl_reason(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    return reason == NULL ? "unknown reason" : reason;
}

/* Before the first byte; without the memory for it TLS speaks to the proxy, and fails. */
static void begin_tunnel(struct tls *tls, SSL *ssl)
{
    const struct tunnel_spec spec = { .target = tls->tunnel_target, .user = tls->tunnel_user };

    if (tls->tunnel_fd >= 0 && SSL_get_fd(ssl) == tls->tunnel_fd) {
        tls->tunnel_fd = -1;
        (void)tunnel_install(ssl, tls->tunnel, &spec);
    }
}

/* libwebsockets empties OpenSSL's error queue before it reports, so it is read here. */
static void on_info(const SSL *ssl, int where, int ret)
{
    struct tls *tls = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    const long verdict = SSL_get_verify_result(ssl);

    if (where == SSL_CB_HANDSHAKE_START) {
        /* OpenSSL declares constant what is the connection that the handshake is called on. */
        begin_tunnel(tls, (SSL *)(uintptr_t)ssl);
        return;
    }
    if ((where & SSL_CB_EXIT) == 0 || ret > 0 || ERR_peek_last_error() == 0) {
        return;
    }
    tls->failed = ssl;
    if (verdict != X509_V_OK) {
        (void)snprintf(tls->why, sizeof(tls->why), "TLS certificate verification failed: %s",
                       X509_verify_cert_error_string(verdict));
    } else {
        (void)snprintf(tls->why, sizeof(tls->why), "TLS handshake failed: %s", openssl_reason());
    }
}

struct tls *tls_of(const SSL *ssl)
{
    SSL_CTX *const ctx = SSL_get_SSL_CTX(ssl);
    return SSL_CTX_get_info_callback(ctx) == on_info ? SSL_CTX_get_app_data(ctx) : NULL;
}

/* OpenSSL's own word for a file that cannot be read is "system lib". */
static int check_readable(const char *ca_file, struct err *err)
{
    char byte;
    const int fd = open(ca_file, O_RDONLY | O_CLOEXEC);
    const bool is_readable = fd >= 0 && read(fd, &byte, 1) >= 0;
    const int why = errno;

    if (fd >= 0) {
        (void)close(fd);
    }
    return is_readable
               ? ARB_OK
               : err_set(err, ARB_EINVAL, "CA file %s cannot be read: %s", ca_file, strerror(why));
}

static int load_trust(SSL_CTX *ctx, const char *ca_file, struct err *err)
{
    if (ca_file == NULL) {
        return SSL_CTX_set_default_verify_paths(ctx) == 1
                   ? ARB_OK
                   : err_set(err, ARB_EINVAL, "system certificate store: %s", openssl_reason());
    }
    const int rc = check_readable(ca_file, err);
    if (rc != ARB_OK) {
        return rc;
    }
    if (SSL_CTX_load_verify_file(ctx, ca_file) != 1) {
        return err_set(err, ARB_EINVAL,
                       "CA file %s: %s; it must hold at least one certificate in PEM", ca_file,
                       openssl_reason());
    }
    return ARB_OK;
}

int tls_init(struct tls *tls, const char *ca_file, struct err *err)
{
    *tls = (struct tls){ .ctx = SSL_CTX_new(TLS_client_method()),
                         .tunnel = tunnel_method(),
                         .tunnel_fd = -1 };
    if (tls->ctx == NULL || tls->tunnel == NULL) {
        return err_set(err, ARB_ENOMEM, "no TLS context: %s", openssl_reason());
    }
    (void)SSL_CTX_set_min_proto_version(tls->ctx, TLS1_2_VERSION); /* a known version */
    SSL_CTX_set_verify(tls->ctx, SSL_VERIFY_PEER, NULL);
    SSL_CTX_set_app_data(tls->ctx, tls);
    SSL_CTX_set_info_callback(tls->ctx, on_info);
    const int rc = load_trust(tls->ctx, ca_file, err);
    if (rc != ARB_OK) {
        tls_fini(tls);
    }
    return rc;
}

void tls_fini(struct tls *tls)
{
    SSL_CTX_free(tls->ctx);
    tls->ctx = NULL;
    BIO_meth_free(tls->tunnel);
    tls->tunnel = NULL;
}

void tls_expect_tunnel(struct tls *tls, int fd, const char *target, const char *user)
{
    tls->tunnel_fd = fd;
    tls->tunnel_user = user;
    (void)snprintf(tls->tunnel_target, sizeof(tls->tunnel_target), "%s", target);
}

const char *tls_why(const struct tls *tls, const SSL *ssl)
{
    return ssl != NULL && ssl == tls->failed ? tls->why : NULL;
}

static bool is_for_host(X509 *certificate, const char *host)
{
    struct in_addr v4;

    if (strchr(host, ':') != NULL || inet_pton(AF_INET, host, &v4) == 1) {
        return X509_check_ip_asc(certificate, host, 0) == 1;
    }
    return X509_check_host(certificate, host, 0, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS, NULL) == 1;
}

int tls_verdict(X509_STORE_CTX *store, int preverified, const char *host)
{
    if (!preverified) {
        return 1;
    }
    if (X509_STORE_CTX_get_error_depth(store) > 0 ||
        is_for_host(X509_STORE_CTX_get_current_cert(store), host)) {
        return 0;
    }
    X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
    return 1;
}
