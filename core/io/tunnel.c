#include "io/tunnel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "arbspot/text.h"
#include "io/url.h"
#include "util/proxy_url.h"

enum {
    TUNNEL_TYPE = BIO_TYPE_FILTER | 0x6f, /* beyond those that OpenSSL numbers itself */
    REQUEST_MAX = 1024,                   /* two endpoints and an authorization fit */
    AUTHORIZATION_MAX = (PROXY_USER_MAX + 2) / 3 * 4 + 1,
    HEAD_MAX = 8 << 10, /* of the proxy's answer */
    PHRASE_MAX = 60,    /* of it, for the log */
    WHY_MAX = 192,
};

enum tunnel_state {
    TUNNEL_ASKING = 1,
    TUNNEL_WAITING = 2,
    TUNNEL_OPEN = 3,
    TUNNEL_FAILED = 4,
};

struct tunnel {
    enum tunnel_state state;
    bool has_user;
    char request[REQUEST_MAX];
    size_t request_len, n_sent;
    char head[HEAD_MAX];
    size_t head_len;
    char why[WHY_MAX];
};

static void fail(struct tunnel *tunnel, const char *why)
{
    tunnel->state = TUNNEL_FAILED;
    (void)snprintf(tunnel->why, sizeof(tunnel->why), "%s", why);
}

/* What follows the status, as far as a log may show it. */
static void copy_phrase(const char *at, char phrase[PHRASE_MAX])
{
    size_t n = 0;

    while (n < PHRASE_MAX - 1 && *at >= ' ' && *at <= '~') {
        phrase[n++] = *at++;
    }
    phrase[n] = '\0';
}

static void refuse(struct tunnel *tunnel, int status)
{
    char phrase[PHRASE_MAX], why[WHY_MAX];

    if (status == 407) {
        fail(tunnel, tunnel->has_user
                         ? "the proxy does not accept this user and password (407)"
                         : "the proxy asks for a user and a password (407): give them as "
                           "http://USER:PASSWORD@HOST:PORT");
        return;
    }
    copy_phrase(tunnel->head + strlen("HTTP/1.1 200"), phrase);
    (void)snprintf(why, sizeof(why), "the proxy refused with HTTP %d%s", status, phrase);
    fail(tunnel, why);
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The three digits of "HTTP/1.1 200 ", or 0. */
static int status_of(const char *head)
{
    const char *const at = head + strlen("HTTP/1.1 ");

    if (strncmp(head, "HTTP/1.", strlen("HTTP/1.")) != 0 || !is_digit(head[7]) || head[8] != ' ' ||
        !is_digit(at[0]) || !is_digit(at[1]) || !is_digit(at[2]) || is_digit(at[3])) {
        return 0;
    }
    return (at[0] - '0') * 100 + (at[1] - '0') * 10 + (at[2] - '0');
}

static void read_head(struct tunnel *tunnel)
{
    const int status = status_of(tunnel->head);

    if (status == 0) {
        fail(tunnel, "what answers there is no HTTP proxy");
    } else if (status / 100 == 2) {
        tunnel->state = TUNNEL_OPEN;
    } else {
        refuse(tunnel, status);
    }
}

/* The request goes out. False: not all of it yet. */
static bool ask(BIO *bio, struct tunnel *tunnel)
{
    while (tunnel->n_sent < tunnel->request_len) {
        const int n = BIO_write(BIO_next(bio), tunnel->request + tunnel->n_sent,
                                (int)(tunnel->request_len - tunnel->n_sent));
        if (n <= 0) {
            BIO_copy_next_retry(bio);
            if (!BIO_should_retry(bio)) {
                fail(tunnel, "the proxy hung up before it was asked");
            }
            return false;
        }
        tunnel->n_sent += (size_t)n;
    }
    tunnel->state = TUNNEL_WAITING;
    return true;
}

static bool is_whole(const struct tunnel *tunnel)
{
    return tunnel->head_len >= 4 && memcmp(tunnel->head + tunnel->head_len - 4, "\r\n\r\n", 4) == 0;
}

/* Byte by byte: what follows the head belongs to TLS. */
static void await(BIO *bio, struct tunnel *tunnel)
{
    while (!is_whole(tunnel)) {
        if (tunnel->head_len == HEAD_MAX - 1) {
            fail(tunnel, "the answer of the proxy has no end");
            return;
        }
        const int n = BIO_read(BIO_next(bio), tunnel->head + tunnel->head_len, 1);
        if (n <= 0) {
            BIO_copy_next_retry(bio);
            if (!BIO_should_retry(bio)) {
                fail(tunnel, "the proxy hung up without an answer");
            }
            return;
        }
        tunnel->head[++tunnel->head_len] = '\0';
    }
    read_head(tunnel);
}

/* Does what can be done; true when the way is open. */
static bool is_open(BIO *bio)
{
    struct tunnel *const tunnel = BIO_get_data(bio);

    BIO_clear_retry_flags(bio);
    if (tunnel->state == TUNNEL_ASKING && !ask(bio, tunnel)) {
        return false;
    }
    if (tunnel->state == TUNNEL_WAITING) {
        await(bio, tunnel);
    }
    return tunnel->state == TUNNEL_OPEN;
}

static int on_write(BIO *bio, const char *data, int len)
{
    if (!is_open(bio)) {
        return -1;
    }
    const int n = BIO_write(BIO_next(bio), data, len);
    BIO_copy_next_retry(bio);
    return n;
}

static int on_read(BIO *bio, char *data, int len)
{
    if (!is_open(bio)) {
        return -1;
    }
    const int n = BIO_read(BIO_next(bio), data, len);
    BIO_copy_next_retry(bio);
    return n;
}

static long on_control(BIO *bio, int command, long number, void *pointer)
{
    return BIO_next(bio) == NULL ? 0 : BIO_ctrl(BIO_next(bio), command, number, pointer);
}

static int on_destroy(BIO *bio)
{
    free(BIO_get_data(bio));
    BIO_set_data(bio, NULL);
    return 1;
}

BIO_METHOD *tunnel_method(void)
{
    BIO_METHOD *const method = BIO_meth_new(TUNNEL_TYPE, "arbspot tunnel");

    if (method != NULL) {
        (void)BIO_meth_set_write(method, on_write); /* none of these can fail */
        (void)BIO_meth_set_read(method, on_read);
        (void)BIO_meth_set_ctrl(method, on_control);
        (void)BIO_meth_set_destroy(method, on_destroy);
    }
    return method;
}

static void put_request(struct tunnel *tunnel, const struct tunnel_spec *spec)
{
    struct arb_text text = arb_text_over(tunnel->request, sizeof(tunnel->request));
    unsigned char authorization[AUTHORIZATION_MAX];

    arb_text_add(&text, "CONNECT %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: arbspot\r\n", spec->target,
                 spec->target);
    if (tunnel->has_user) {
        (void)EVP_EncodeBlock(authorization, (const unsigned char *)spec->user,
                              (int)strnlen(spec->user, PROXY_USER_MAX - 1));
        arb_text_add(&text, "Proxy-Authorization: Basic %s\r\n", (const char *)authorization);
    }
    arb_text_add(&text, "\r\n");
    tunnel->request_len = text.len;
}

static BIO *create(const BIO_METHOD *method, const struct tunnel_spec *spec)
{
    struct tunnel *const tunnel = calloc(1, sizeof(*tunnel));
    BIO *const bio = tunnel == NULL ? NULL : BIO_new(method);

    if (bio == NULL) {
        free(tunnel);
        return NULL;
    }
    tunnel->state = TUNNEL_ASKING;
    tunnel->has_user = spec->user[0] != '\0';
    put_request(tunnel, spec);
    BIO_set_data(bio, tunnel);
    BIO_set_init(bio, 1);
    return bio;
}

bool tunnel_install(SSL *ssl, const BIO_METHOD *method, const struct tunnel_spec *spec)
{
    BIO *const socket = SSL_get_rbio(ssl);
    BIO *const bio = create(method, spec);

    if (bio == NULL || BIO_up_ref(socket) != 1) { /* the filter holds it now; `ssl` lets go of it */
        BIO_free(bio);
        return false;
    }
    (void)BIO_push(bio, socket);
    SSL_set_bio(ssl, bio, bio);
    return true;
}

static const struct tunnel *tunnel_of(const SSL *ssl)
{
    BIO *const bio = ssl == NULL ? NULL : BIO_find_type(SSL_get_rbio(ssl), TUNNEL_TYPE);
    return bio == NULL ? NULL : BIO_get_data(bio);
}

bool tunnel_is_waiting(const SSL *ssl)
{
    const struct tunnel *const tunnel = tunnel_of(ssl);
    return tunnel != NULL && (tunnel->state == TUNNEL_ASKING || tunnel->state == TUNNEL_WAITING);
}

const char *tunnel_why(const SSL *ssl)
{
    const struct tunnel *const tunnel = tunnel_of(ssl);
    return tunnel != NULL && tunnel->state == TUNNEL_FAILED ? tunnel->why : NULL;
}
