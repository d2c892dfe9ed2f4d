#include "tls.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "file_text.h"

enum {
    VALID_DAYS = 3650,
    EXPIRED_DAYS = -1,
    BACKDATED_DAYS = -2, /* clocks of clients may be a little behind */
    PATH_LEN_MAX = 4096,
    SERIAL_BITS = 63,
};

/* A certificate and its key. */
struct certificate {
    X509 *cert;
    EVP_PKEY *key;
};

static void certificate_fini(struct certificate *certificate)
{
    X509_free(certificate->cert);
    EVP_PKEY_free(certificate->key);
    *certificate = (struct certificate){ NULL, NULL };
}

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
    X509_EXTENSION *const extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    const bool added = extension != NULL && X509_add_ext(cert, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

static bool set_serial(X509 *cert)
{
    BIGNUM *const serial = BN_new();
    const bool set = serial != NULL && BN_rand(serial, SERIAL_BITS, BN_RAND_TOP_ONE, 0) == 1 &&
                     BN_to_ASN1_INTEGER(serial, X509_get_serialNumber(cert)) != NULL;
    BN_free(serial);
    return set;
}

/* Whom a certificate is for, and how long. */
struct subject {
    const char *name;
    const char *alternatives; /* of a server */
    int valid_days;
};

static const struct subject authority = { .name = "arbspot-sim private CA",
                                          .valid_days = VALID_DAYS };

#define HERE "DNS:localhost,IP:127.0.0.1,IP:::1"
static const struct subject servers[TLS_REFUSAL] = {
    [TLS_HONEST] = { "localhost", HERE, VALID_DAYS },
    [TLS_EXPIRED] = { "localhost", HERE, EXPIRED_DAYS },
    [TLS_STRANGER] = { "elsewhere.invalid", "DNS:elsewhere.invalid", VALID_DAYS },
};

static bool set_fields(X509 *cert, const struct subject *whom, EVP_PKEY *key)
{
    X509_NAME *const subject = X509_get_subject_name(cert);
    return X509_set_version(cert, X509_VERSION_3) == 1 && set_serial(cert) &&
           X509_time_adj_ex(X509_getm_notBefore(cert), BACKDATED_DAYS, 0, NULL) != NULL &&
           X509_time_adj_ex(X509_getm_notAfter(cert), whom->valid_days, 0, NULL) != NULL &&
           X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC,
                                      (const unsigned char *)"arbspot-sim", -1, -1, 0) == 1 &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                      (const unsigned char *)whom->name, -1, -1, 0) == 1 &&
           X509_set_pubkey(cert, key) == 1;
}

static bool make_ca(struct certificate *out)
{
    out->key = EVP_EC_gen("P-256");
    out->cert = X509_new();
    return out->key != NULL && out->cert != NULL && set_fields(out->cert, &authority, out->key) &&
           X509_set_issuer_name(out->cert, X509_get_subject_name(out->cert)) == 1 &&
           add_extension(out->cert, out->cert, NID_basic_constraints, "critical,CA:TRUE") &&
           add_extension(out->cert, out->cert, NID_key_usage, "critical,keyCertSign,cRLSign") &&
           add_extension(out->cert, out->cert, NID_subject_key_identifier, "hash") &&
           X509_sign(out->cert, out->key, EVP_sha256()) > 0;
}

/* NULL when OpenSSL has no memory. */
static X509 *make_server(const struct subject *whom, EVP_PKEY *key, const struct certificate *ca)
{
    X509 *const cert = X509_new();

    if (cert != NULL && set_fields(cert, whom, key) &&
        X509_set_issuer_name(cert, X509_get_subject_name(ca->cert)) == 1 &&
        add_extension(cert, ca->cert, NID_basic_constraints, "critical,CA:FALSE") &&
        add_extension(cert, ca->cert, NID_key_usage, "critical,digitalSignature") &&
        add_extension(cert, ca->cert, NID_ext_key_usage, "serverAuth") &&
        add_extension(cert, ca->cert, NID_authority_key_identifier, "keyid") &&
        add_extension(cert, ca->cert, NID_subject_alt_name, whom->alternatives) &&
        X509_sign(cert, ca->key, EVP_sha256()) > 0) {
        return cert;
    }
    X509_free(cert);
    return NULL;
}

/* What was written to the memory BIO, as a string of our own; frees the BIO. */
static char *take_text(BIO *bio, bool written)
{
    char *data = NULL, *text = NULL;
    const long len = bio == NULL ? 0 : BIO_get_mem_data(bio, &data);

    if (written && len > 0) {
        text = strndup(data, (size_t)len);
    }
    BIO_free(bio);
    return text;
}

static char *cert_text(X509 *cert)
{
    BIO *const bio = cert == NULL ? NULL : BIO_new(BIO_s_mem());
    return take_text(bio, bio != NULL && PEM_write_bio_X509(bio, cert) == 1);
}

static char *key_text(EVP_PKEY *key)
{
    BIO *const bio = key == NULL ? NULL : BIO_new(BIO_s_mem());
    return take_text(bio, bio != NULL &&
                              PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1);
}

static bool path_in(char *out, const char *dir, const char *name)
{
    const int n = snprintf(out, PATH_LEN_MAX, "%s/%s", dir, name);
    return n > 0 && n < PATH_LEN_MAX;
}

/* Reads an authority kept earlier; false when there is none. */
static bool read_ca(struct certificate *out, const char *dir)
{
    char cert_path[PATH_LEN_MAX], key_path[PATH_LEN_MAX];

    if (!path_in(cert_path, dir, "ca.pem") || !path_in(key_path, dir, "ca.key")) {
        return false;
    }
    BIO *const cert = BIO_new_file(cert_path, "r");
    BIO *const key = BIO_new_file(key_path, "r");
    out->cert = cert == NULL ? NULL : PEM_read_bio_X509(cert, NULL, NULL, NULL);
    out->key = key == NULL ? NULL : PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
    BIO_free(cert);
    BIO_free(key);
    return out->cert != NULL && out->key != NULL &&
           X509_check_private_key(out->cert, out->key) == 1;
}

static int write_text(const char *dir, const char *name, char *text, mode_t mode, struct err *err)
{
    char path[PATH_LEN_MAX];

    if (text == NULL || !path_in(path, dir, name)) {
        return err_set(err, ARB_EINVAL, "%s: %s cannot be written there", dir, name);
    }
    return file_text_write(path, (struct arb_bytes){ text, strlen(text) }, mode, err);
}

static int keep_ca(const struct certificate *ca, const char *dir, struct err *err)
{
    char *const cert = cert_text(ca->cert), *const key = key_text(ca->key);
    int rc = write_text(dir, "ca.key", key, 0600, err);

    if (rc == ARB_OK) {
        rc = write_text(dir, "ca.pem", cert, 0644, err);
    }
    free(cert);
    free(key);
    return rc;
}

/* It holds a private key. */
static int make_folder(const char *dir, struct err *err)
{
    return mkdir(dir, 0700) == 0 || errno == EEXIST
               ? ARB_OK
               : err_set(err, ARB_EINVAL, "the folder %s cannot be made: %s", dir, strerror(errno));
}

static int open_ca(struct certificate *ca, const char *dir, struct err *err)
{
    if (dir != NULL && read_ca(ca, dir)) {
        return ARB_OK;
    }
    certificate_fini(ca);
    if (!make_ca(ca)) {
        return err_set(err, ARB_ENOMEM, "OpenSSL could not make a certificate authority");
    }
    const int rc = dir == NULL ? ARB_OK : make_folder(dir, err);
    return dir == NULL || rc != ARB_OK ? rc : keep_ca(ca, dir, err);
}

/* One key and its certificates. */
static bool make_servers(struct tls_identity *identity, const struct certificate *ca)
{
    EVP_PKEY *const key = EVP_EC_gen("P-256");

    identity->server_key = key_text(key);
    bool is_made = identity->server_key != NULL;
    for (uint32_t face = 0; is_made && face < TLS_REFUSAL; face++) {
        X509 *const cert = make_server(&servers[face], key, ca);
        identity->server_certs[face] = cert_text(cert);
        is_made = identity->server_certs[face] != NULL;
        X509_free(cert);
    }
    EVP_PKEY_free(key);
    return is_made;
}

int tls_identity_init(struct tls_identity *identity, const char *state_dir, struct err *err)
{
    struct certificate ca = { NULL, NULL };
    int rc = open_ca(&ca, state_dir, err);

    *identity = (struct tls_identity){ 0 };
    if (rc == ARB_OK) {
        identity->ca_cert = cert_text(ca.cert);
        if (identity->ca_cert == NULL || !make_servers(identity, &ca)) {
            tls_identity_fini(identity);
            rc = err_set(err, ARB_ENOMEM, "OpenSSL could not make a server certificate");
        }
    }
    certificate_fini(&ca);
    return rc;
}

void tls_identity_fini(struct tls_identity *identity)
{
    free(identity->ca_cert);
    for (uint32_t face = 0; face < TLS_REFUSAL; face++) {
        free(identity->server_certs[face]);
    }
    free(identity->server_key);
    *identity = (struct tls_identity){ 0 };
}

/* -- faces ---------------------------------------------------------------------------- */

static int refuse(SSL *ssl, int *alert, void *context)
{
    (void)ssl;
    (void)context;
    *alert = SSL_AD_HANDSHAKE_FAILURE;
    return SSL_CLIENT_HELLO_ERROR;
}

int tls_show(SSL_CTX *ctx, const struct tls_identity *identity, enum tls_face face)
{
    SSL_CTX_set_client_hello_cb(ctx, face == TLS_REFUSAL ? refuse : NULL, NULL);
    if (face == TLS_REFUSAL) {
        return ARB_OK;
    }
    BIO *const bio = BIO_new_mem_buf(identity->server_certs[face], -1);
    X509 *const cert = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);
    const bool is_shown = cert != NULL && SSL_CTX_use_certificate(ctx, cert) == 1;
    X509_free(cert);
    BIO_free(bio);
    return is_shown ? ARB_OK : ARB_ENOMEM;
}
