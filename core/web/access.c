#include "web/access.h"

#include <arpa/inet.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>
#include <strings.h>

#include "arbspot/json.h"
#include "arbspot/text.h"
#include "util/token.h"

enum { HOST_MAX = 256, PORT_DIGITS_MAX = 5 };

/* -- texts ---------------------------------------------------------------------------- */

static bool is_same_text(struct arb_bytes a, struct arb_bytes b)
{
    return a.len == b.len && (a.len == 0 || strncasecmp(a.data, b.data, a.len) == 0);
}

static bool cut_prefix(struct arb_bytes *text, const char *prefix)
{
    const size_t len = strlen(prefix);

    if (text->len < len || strncasecmp(text->data, prefix, len) != 0) {
        return false;
    }
    text->data += len;
    text->len -= len;
    return true;
}

/* Takes what stands before the next mark off the text, without the blanks in front of it. */
static struct arb_bytes next_part(struct arb_bytes *text, char mark)
{
    while (text->len > 0 && *text->data == ' ') {
        text->data++;
        text->len--;
    }
    const char *const end = text->len == 0 ? NULL : memchr(text->data, mark, text->len);
    const struct arb_bytes part = { text->data,
                                    end == NULL ? text->len : (size_t)(end - text->data) };
    const size_t taken = end == NULL ? text->len : part.len + 1;

    text->data += taken;
    text->len -= taken;
    return part;
}

/* -- the token ------------------------------------------------------------------------ */

/* Proofs have one length, whatever they are of: comparing them tells nothing. */
static bool prove(struct arb_bytes key, struct arb_bytes text, unsigned char out[ACCESS_PROOF_LEN])
{
    unsigned len = ACCESS_PROOF_LEN;

    return HMAC(EVP_sha256(), key.data, (int)key.len, (const unsigned char *)text.data, text.len,
                out, &len) != NULL;
}

static const char purpose[] = "arbspot web token";

static bool is_token(const struct access *access, struct arb_bytes text)
{
    unsigned char proof[ACCESS_PROOF_LEN];

    return text.len > 0 && prove(arb_bytes_of(purpose), text, proof) &&
           CRYPTO_memcmp(proof, access->proof, sizeof(proof)) == 0;
}

static bool has_bearer(const struct access *access, struct arb_bytes authorization)
{
    return cut_prefix(&authorization, "Bearer ") &&
           is_token(access, next_part(&authorization, ' ')) && authorization.len == 0;
}

static bool has_cookie(const struct access *access, struct arb_bytes cookies)
{
    const size_t len = strlen(access->cookie);
    bool has = false;

    while (cookies.len > 0) {
        const struct arb_bytes cookie = next_part(&cookies, ';');
        has |= cookie.len == len && CRYPTO_memcmp(cookie.data, access->cookie, len) == 0;
    }
    return has;
}

static bool has_token_in_query(const struct access *access, struct arb_bytes query)
{
    bool has = false;

    while (query.len > 0) {
        struct arb_bytes part = next_part(&query, '&');
        has |= arb_bytes_cut(&part, "token=") && is_token(access, part);
    }
    return has;
}

static int init_token(struct access *access, const char *token, struct err *err)
{
    if (token_check(token, err) != ARB_OK) {
        return err_prefix(err, "the token ");
    }
    if (!prove(arb_bytes_of(purpose), arb_bytes_of(token), access->proof) ||
        !prove(arb_bytes_of(token), arb_bytes_of("arbspot web cookie"), access->cookie_proof)) {
        return err_set(err, ARB_ENOMEM, "OpenSSL computes no HMAC with SHA-256");
    }
    access->has_token = true;
    return ARB_OK;
}

void access_set_port(struct access *access, uint16_t port)
{
    struct arb_text cookie = arb_text_over(access->cookie, sizeof(access->cookie));

    arb_text_add(&cookie, "arbspot_%u=", (unsigned)port);
    for (size_t i = 0; i < sizeof(access->cookie_proof); i++) {
        arb_text_add(&cookie, "%02x", (unsigned)access->cookie_proof[i]);
    }
}

int access_init(struct access *access, const struct listen_address *address, const char *token,
                struct err *err)
{
    *access = (struct access){ .is_loopback = address->is_loopback };
    access_set_port(access, address->port);
    if (token != NULL) {
        return init_token(access, token, err);
    }
    return address->is_loopback
               ? ARB_OK
               : err_set(err, ARB_EINVAL,
                         "others than this machine reach that address, so a token is needed: give "
                         "one, or listen at 127.0.0.1");
}

/* -- names ---------------------------------------------------------------------------- */

/* Takes the port off "localhost:9464" and the brackets off "[::1]"; false when it is neither. */
static bool cut_port(struct arb_bytes host, struct arb_bytes *name)
{
    const char *const colon = memrchr(host.data, ':', host.len);
    const bool is_v6 = host.data[0] == '[';
    size_t len = host.len;

    if (colon != NULL && host.data[host.len - 1] != ']') {
        len = (size_t)(colon - host.data);
        const size_t n_digits = host.len - len - 1;
        for (size_t i = len + 1; i < host.len; i++) {
            if (host.data[i] < '0' || host.data[i] > '9') {
                return false;
            }
        }
        if (n_digits == 0 || n_digits > PORT_DIGITS_MAX) {
            return false;
        }
    }
    if (is_v6 && (len < 3 || host.data[len - 1] != ']')) {
        return false;
    }
    *name = (struct arb_bytes){ host.data + is_v6, len - 2 * (size_t)is_v6 };
    return true;
}

/* A number is no name that somebody could point elsewhere. */
static bool is_name_of_loopback(struct arb_bytes name)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr v6;
    struct in_addr v4;

    if (is_same_text(name, arb_bytes_of("localhost"))) {
        return true;
    }
    if (name.len >= sizeof(text) || memchr(name.data, '\0', name.len) != NULL) {
        return false;
    }
    memcpy(text, name.data, name.len);
    text[name.len] = '\0';
    return (inet_pton(AF_INET, text, &v4) == 1 && ntohl(v4.s_addr) >> 24 == 127) ||
           (inet_pton(AF_INET6, text, &v6) == 1 && IN6_IS_ADDR_LOOPBACK(&v6));
}

static bool is_host_ours(const struct access *access, struct arb_bytes host)
{
    struct arb_bytes name;

    return !access->is_loopback || (host.len > 0 && host.len < HOST_MAX && cut_port(host, &name) &&
                                    is_name_of_loopback(name));
}

/* Browsers leave the usual port out of both, so the two are the same text or not of one page. */
static bool is_origin_ours(struct arb_bytes origin, struct arb_bytes host)
{
    return host.len > 0 && (cut_prefix(&origin, "http://") || cut_prefix(&origin, "https://")) &&
           is_same_text(origin, host);
}

enum access_verdict access_check(const struct access *access, const struct access_request *request)
{
    if (!is_host_ours(access, request->host)) {
        return ACCESS_BAD_HOST;
    }
    if (request->is_upgrade && !is_origin_ours(request->origin, request->host)) {
        return ACCESS_BAD_ORIGIN;
    }
    if (access->has_token && request->is_page && has_token_in_query(access, request->query)) {
        return ACCESS_LOGIN;
    }
    return !access->has_token || has_bearer(access, request->authorization) ||
                   has_cookie(access, request->cookie)
               ? ACCESS_GRANTED
               : ACCESS_BAD_TOKEN;
}
