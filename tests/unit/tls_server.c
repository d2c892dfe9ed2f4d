#include "tls_server.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

enum {
    CONNS_MAX = 64,
    REQUEST_MAX = 8192,
    FRAME_MAX = 64 << 10, /* of what the client sends */
    CHUNK = 16 << 10,
    OP_CONTINUATION = 0x0,
    OP_TEXT = 0x1,
    OP_BINARY = 0x2,
    OP_CLOSE = 0x8,
    OP_PING = 0x9,
    OP_PONG = 0xa,
    FIN = 0x80,
    RSV1 = 0x40, /* the message is compressed: RFC 7692 */
};

struct conn {
    struct tls_server *server;
    pthread_t thread;
    int fd;
    SSL *ssl;
    char request[REQUEST_MAX];
    unsigned char frame[FRAME_MAX];
};

struct tls_server {
    SSL_CTX *ctx;
    int fd;
    uint16_t port;
    pthread_t thread;
    _Atomic unsigned pings, agents;
    _Atomic bool is_stopping;
    struct conn *conns[CONNS_MAX]; /* the accepting thread's, until it is joined */
    size_t n_conns;
};

/* A server that cannot do its part proves nothing about the client. */
static void must(bool ok)
{
    if (!ok) {
        ERR_print_errors_fp(stderr);
        abort();
    }
}

/* Certificates */

static void add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    must(extension != NULL);
    must(X509_add_ext(certificate, extension, -1) == 1);
    X509_EXTENSION_free(extension);
}

static X509 *make_certificate(const char *name, EVP_PKEY *key, X509 *issuer, long serial)
{
    X509 *certificate = X509_new();
    must(certificate != NULL);
    X509_NAME *subject = X509_get_subject_name(certificate);

    must(X509_set_version(certificate, X509_VERSION_3) == 1);
    must(ASN1_INTEGER_set(X509_get_serialNumber(certificate), serial) == 1);
    must(X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) != NULL);
    must(X509_gmtime_adj(X509_getm_notAfter(certificate), 86400) != NULL);
    must(X509_set_pubkey(certificate, key) == 1);
    must(X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1,
                                    -1, 0) == 1);
    must(X509_set_issuer_name(certificate,
                              issuer == NULL ? subject : X509_get_subject_name(issuer)) == 1);
    return certificate;
}

void tls_authority_init(struct tls_authority *authority)
{
    (void)snprintf(authority->ca_file, sizeof(authority->ca_file), "/tmp/arbspot-test-ca-XXXXXX");
    const int fd = mkstemp(authority->ca_file);
    FILE *file = fdopen(fd, "w");

    authority->key = EVP_EC_gen("P-256");
    must(file != NULL && authority->key != NULL);
    authority->certificate = make_certificate("test authority", authority->key, NULL, 1);
    add_extension(authority->certificate, NID_basic_constraints, "critical,CA:TRUE");
    must(X509_sign(authority->certificate, authority->key, EVP_sha256()) > 0);
    must(PEM_write_X509(file, authority->certificate) == 1);
    must(fclose(file) == 0);
}

void tls_authority_fini(struct tls_authority *authority)
{
    (void)unlink(authority->ca_file);
    X509_free(authority->certificate);
    EVP_PKEY_free(authority->key);
}

static SSL_CTX *make_context(const struct tls_authority *authority, const char *names)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    EVP_PKEY *key = EVP_EC_gen("P-256");
    must(ctx != NULL && key != NULL);
    X509 *certificate = make_certificate("test venue", key, authority->certificate, 2);

    add_extension(certificate, NID_subject_alt_name, names);
    must(X509_sign(certificate, authority->key, EVP_sha256()) > 0);
    must(SSL_CTX_use_certificate(ctx, certificate) == 1);
    must(SSL_CTX_use_PrivateKey(ctx, key) == 1);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return ctx;
}

/* WebSocket frames */

static bool write_all(struct conn *conn, const void *bytes, size_t len)
{
    const char *at = bytes;

    while (len > 0) {
        const int n = SSL_write(conn->ssl, at, len < CHUNK ? (int)len : CHUNK);
        if (n <= 0) {
            return false;
        }
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static bool read_all(struct conn *conn, void *bytes, size_t len)
{
    char *at = bytes;

    while (len > 0) {
        const int n = SSL_read(conn->ssl, at, (int)len);
        if (n <= 0) {
            return false;
        }
        at += n;
        len -= (size_t)n;
    }
    return true;
}

static size_t put_head(unsigned char *out, unsigned first, size_t len)
{
    out[0] = (unsigned char)first;
    if (len < 126) {
        out[1] = (unsigned char)len;
        return 2;
    }
    out[1] = 127;
    for (unsigned i = 0; i < 8; i++) {
        out[2 + i] = (unsigned char)(len >> (8 * (7 - i)));
    }
    return 10;
}

/* Head and a short payload leave in one TLS record. */
static bool write_frame(struct conn *conn, unsigned first, const void *payload, size_t len)
{
    unsigned char head[16 + 256];
    const size_t n = put_head(head, first, len);

    if (len <= 256) {
        memcpy(head + n, payload, len);
        return write_all(conn, head, n + len);
    }
    return write_all(conn, head, n) && write_all(conn, payload, len);
}

/* Reads a masked frame into conn->frame; returns its opcode, or -1 at the end. */
static int read_frame(struct conn *conn, size_t *len)
{
    unsigned char head[2], extended[8], mask[4];

    if (!read_all(conn, head, 2)) {
        return -1;
    }
    const size_t n_extended = (head[1] & 0x7f) == 126 ? 2 : (head[1] & 0x7f) == 127 ? 8 : 0;
    size_t n = n_extended == 0 ? head[1] & 0x7f : 0;
    if (!read_all(conn, extended, n_extended)) {
        return -1;
    }
    for (size_t i = 0; i < n_extended; i++) {
        n = n << 8 | extended[i];
    }
    if (n > FRAME_MAX || !read_all(conn, mask, 4) || !read_all(conn, conn->frame, n)) {
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        conn->frame[i] = (unsigned char)(conn->frame[i] ^ mask[i & 3]);
    }
    *len = n;
    return head[0] & 0x0f;
}

/* Reads until the client goes; echoes messages and answers pings where asked to. */
static void serve_frames(struct conn *conn, bool echoes, bool answers_pings)
{
    size_t len = 0;

    for (int op = read_frame(conn, &len); op >= 0 && op != OP_CLOSE; op = read_frame(conn, &len)) {
        bool ok = true;
        if (op == OP_PING) {
            atomic_fetch_add_explicit(&conn->server->pings, 1, memory_order_relaxed);
            ok = !answers_pings || write_frame(conn, FIN | OP_PONG, conn->frame, len);
        } else if ((op == OP_TEXT || op == OP_BINARY) && echoes) {
            ok = write_frame(conn, FIN | (unsigned)op, conn->frame, len);
        }
        if (!ok) {
            return;
        }
    }
}

/*
 * Answers a ping at once with a pong of something else, TLS_SERVER_PONG_MS later twice with its
 * own, and then with a word.
 */
static void answer_too_often(struct conn *conn)
{
    size_t len = 0;

    while (read_frame(conn, &len) == OP_PING && write_frame(conn, FIN | OP_PONG, "12345678", 8) &&
           usleep(TLS_SERVER_PONG_MS * 1000) == 0 &&
           write_frame(conn, FIN | OP_PONG, conn->frame, len) &&
           write_frame(conn, FIN | OP_PONG, conn->frame, len) &&
           write_frame(conn, FIN | OP_TEXT, "done", 4)) {
        /* ping after ping */
    }
}

/* A message in three fragments, with a ping between the first two. */
static bool write_fragments(struct conn *conn, unsigned first, const unsigned char *payload,
                            size_t len)
{
    const size_t third = len / 3;

    return write_frame(conn, first, payload, third) &&
           write_frame(conn, FIN | OP_PING, "hello", 5) &&
           write_frame(conn, OP_CONTINUATION, payload + third, third) &&
           write_frame(conn, FIN | OP_CONTINUATION, payload + 2 * third, len - 2 * third);
}

static unsigned char *make_pattern(size_t len)
{
    unsigned char *payload = malloc(len);
    must(payload != NULL);

    for (size_t i = 0; i < len; i++) {
        payload[i] = (unsigned char)('a' + i % 23);
    }
    return payload;
}

static void send_fragments(struct conn *conn, unsigned first, size_t len)
{
    unsigned char *payload = make_pattern(len);

    (void)write_fragments(conn, first, payload, len);
    free(payload);
    serve_frames(conn, false, true);
}

/* Compressed, it says, and is not. */
static void send_false_deflate(struct conn *conn)
{
    (void)write_frame(conn, FIN | RSV1 | OP_TEXT, "{\"no\":\"deflate\"}", 16);
    serve_frames(conn, false, true);
}

/* Ends after two bytes of ten. */
static void send_torn(struct conn *conn)
{
    (void)write_all(conn, "\x81\x0a{}", 4);
}

/* Five messages in one TLS record. */
static void send_burst(struct conn *conn)
{
    static const unsigned char burst[] = "\x81\x02m0\x81\x02m1\x81\x02m2\x81\x02m3\x81\x02m4";
    (void)write_all(conn, burst, sizeof(burst) - 1);
    serve_frames(conn, false, true);
}

static void send_goodbye(struct conn *conn)
{
    static const unsigned char payload[] = "\x03\xe9maintenance"; /* 1001 */
    (void)write_frame(conn, FIN | OP_CLOSE, payload, sizeof(payload) - 1);
    serve_frames(conn, false, true);
}

static void send_close(struct conn *conn, size_t code)
{
    unsigned char payload[] = "??try again later";
    payload[0] = (unsigned char)(code >> 8);
    payload[1] = (unsigned char)(code & 255);
    (void)write_frame(conn, FIN | OP_CLOSE, payload, sizeof(payload) - 1);
    serve_frames(conn, false, true);
}

/* HTTP */

static bool read_request(struct conn *conn)
{
    size_t n = 0;

    conn->request[0] = '\0';
    while (n < REQUEST_MAX - 1 && strstr(conn->request, "\r\n\r\n") == NULL) {
        if (!read_all(conn, conn->request + n, 1)) {
            return false;
        }
        conn->request[++n] = '\0';
    }
    return true;
}

static bool path_is(const struct conn *conn, const char *path)
{
    const char *at = strchr(conn->request, ' ') + 1;
    return strncmp(at, path, strlen(path)) == 0 && strchr(" ?", at[strlen(path)]) != NULL;
}

static size_t query_number(const struct conn *conn)
{
    const char *query = strstr(conn->request, "?n=");
    return query == NULL ? 0 : (size_t)strtoull(query + 3, NULL, 10);
}

static void answer(struct conn *conn, const char *head, const char *body)
{
    char text[1024];
    (void)snprintf(text, sizeof(text), "HTTP/1.1 %s\r\n\r\n%s", head, body);
    (void)write_all(conn, text, strlen(text));
}

static void send_huge(struct conn *conn)
{
    static const char zeros[CHUNK];
    size_t left = query_number(conn);
    char head[128];

    (void)snprintf(head, sizeof(head), "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n", left);
    bool ok = write_all(conn, head, strlen(head));
    while (ok && left > 0) {
        const size_t n = left < CHUNK ? left : CHUNK;
        ok = write_all(conn, zeros, n);
        left -= n;
    }
}

/* The value of a header of the request, "-" without it. */
static void copy_header(const struct conn *conn, const char *name, char text[64])
{
    char line[64];
    (void)snprintf(line, sizeof(line), "\r\n%s: ", name);
    const char *at = strcasestr(conn->request, line);

    (void)snprintf(text, 64, "%.*s", at == NULL ? 1 : (int)strcspn(at + strlen(line), "\r"),
                   at == NULL ? "-" : at + strlen(line));
}

/* Reads the body of a request, of which the first bytes are kept, and returns its length. */
static size_t read_body(struct conn *conn, char kept[128])
{
    char text[64], byte;
    copy_header(conn, "Content-Length", text);
    const size_t len = (size_t)strtoull(text, NULL, 10);
    size_t n = 0;

    kept[0] = '\0';
    for (; n < len && read_all(conn, &byte, 1); n++) {
        if (n < 127) {
            kept[n] = byte;
            kept[n + 1] = '\0';
        }
    }
    return n;
}

static void answer_text(struct conn *conn, const char *text)
{
    char head[64];
    (void)snprintf(head, sizeof(head), "200 OK\r\nContent-Length: %zu", strlen(text));
    answer(conn, head, text);
}

/* Tells what was asked: the method, two headers, the body. */
static void answer_what_was_asked(struct conn *conn)
{
    char key[64], type[64], body[128], text[512];

    copy_header(conn, "X-Key", key);
    copy_header(conn, "Content-Type", type);
    (void)read_body(conn, body);
    (void)snprintf(text, sizeof(text), "%.*s %s %s %s", (int)strcspn(conn->request, " "),
                   conn->request, key, type, body);
    answer_text(conn, text);
}

static void answer_the_length(struct conn *conn)
{
    char ignored[128], text[32];

    (void)snprintf(text, sizeof(text), "%zu", read_body(conn, ignored));
    answer_text(conn, text);
}

/* "/retry?30" asks to be left alone for 30 seconds. */
static void answer_retry_after(struct conn *conn)
{
    const char *wish = strchr(conn->request, '?') + 1;
    char head[128];

    (void)snprintf(head, sizeof(head),
                   "429 Too Many Requests\r\nRetry-After: %.*s\r\nContent-Length: 9",
                   (int)strcspn(wish, " "), wish);
    answer(conn, head, "slow down");
}

static void wait_for_end(struct conn *conn)
{
    char ignored;
    (void)read_all(conn, &ignored, 1);
}

static void serve_http(struct conn *conn)
{
    if (path_is(conn, "/ok")) {
        answer(conn, "200 OK\r\nContent-Length: 5", "hello");
    } else if (path_is(conn, "/empty")) {
        answer(conn, "200 OK\r\nContent-Length: 0", "");
    } else if (path_is(conn, "/chunked")) {
        answer(conn, "200 OK\r\nTransfer-Encoding: chunked", "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
    } else if (path_is(conn, "/moved")) {
        answer(conn, "302 Found\r\nLocation: https://127.0.0.1:1/\r\nContent-Length: 5", "moved");
    } else if (path_is(conn, "/half")) {
        answer(conn, "200 OK\r\nContent-Length: 100", "only this");
    } else if (path_is(conn, "/huge")) {
        send_huge(conn);
    } else if (path_is(conn, "/post")) {
        answer_what_was_asked(conn);
    } else if (path_is(conn, "/count")) {
        answer_the_length(conn);
    } else if (path_is(conn, "/retry")) {
        answer_retry_after(conn);
    } else if (path_is(conn, "/hang")) {
        wait_for_end(conn);
    } else if (!path_is(conn, "/nothing")) {
        answer(conn, "404 Not Found\r\nContent-Length: 9", "not found");
    }
}

static bool accept_upgrade(struct conn *conn)
{
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    const char *key = strstr(conn->request, "Sec-WebSocket-Key: ");
    char joined[128], accept[64], text[256];
    unsigned char digest[EVP_MAX_MD_SIZE];

    if (key == NULL) {
        return false;
    }
    key += strlen("Sec-WebSocket-Key: ");
    const int n = snprintf(joined, sizeof(joined), "%.*s%s", (int)strcspn(key, "\r"), key, guid);
    must(EVP_Digest(joined, (size_t)n, digest, NULL, EVP_sha1(), NULL) == 1);
    (void)EVP_EncodeBlock((unsigned char *)accept, digest, 20);
    (void)snprintf(text, sizeof(text),
                   "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                   "Connection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
                   accept);
    return write_all(conn, text, strlen(text));
}

static void serve_websocket(struct conn *conn)
{
    if (path_is(conn, "/forbidden")) {
        answer(conn, "403 Forbidden\r\nContent-Length: 0", "");
    } else if (path_is(conn, "/stall")) {
        wait_for_end(conn);
    } else if (!accept_upgrade(conn)) {
        return;
    } else if (path_is(conn, "/echo")) {
        serve_frames(conn, true, true);
    } else if (path_is(conn, "/mute")) {
        serve_frames(conn, false, false);
    } else if (path_is(conn, "/pong")) {
        serve_frames(conn, false, true);
    } else if (path_is(conn, "/pongs")) {
        answer_too_often(conn);
    } else if (path_is(conn, "/fragments")) {
        send_fragments(conn, OP_TEXT, query_number(conn));
    } else if (path_is(conn, "/binary_fragments")) {
        send_fragments(conn, OP_BINARY, query_number(conn));
    } else if (path_is(conn, "/burst")) {
        send_burst(conn);
    } else if (path_is(conn, "/goodbye")) {
        send_goodbye(conn);
    } else if (path_is(conn, "/close")) {
        send_close(conn, query_number(conn));
    } else if (path_is(conn, "/false_deflate")) {
        send_false_deflate(conn);
    } else if (path_is(conn, "/torn")) {
        send_torn(conn);
    }
}

static void *serve(void *arg)
{
    struct conn *conn = arg;

    if (SSL_accept(conn->ssl) == 1 && read_request(conn)) {
        if (strstr(conn->request, "arbspot\r\n") != NULL) {
            atomic_fetch_add_explicit(&conn->server->agents, 1, memory_order_relaxed);
        }
        if (strstr(conn->request, "Upgrade: websocket") != NULL) {
            serve_websocket(conn);
        } else {
            serve_http(conn);
        }
        (void)SSL_shutdown(conn->ssl);
    }
    (void)shutdown(conn->fd, SHUT_RDWR); /* closed when joined, so the number stays ours */
    ERR_clear_error();
    return NULL;
}

/* Connections */

static void add_conn(struct tls_server *server, int fd)
{
    struct conn *conn = calloc(1, sizeof(*conn));
    must(conn != NULL && server->n_conns < CONNS_MAX);

    conn->server = server;
    conn->fd = fd;
    conn->ssl = SSL_new(server->ctx);
    must(conn->ssl != NULL && SSL_set_fd(conn->ssl, fd) == 1);
    server->conns[server->n_conns++] = conn;
    must(pthread_create(&conn->thread, NULL, serve, conn) == 0);
}

static void *accept_all(void *arg)
{
    struct tls_server *server = arg;

    for (;;) {
        const int fd = accept(server->fd, NULL, NULL);
        if (atomic_load_explicit(&server->is_stopping, memory_order_acquire)) {
            if (fd >= 0) {
                (void)close(fd);
            }
            return NULL;
        }
        if (fd >= 0) {
            add_conn(server, fd);
        }
    }
}

static int listen_on(const char *address, uint16_t port, uint16_t *got)
{
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
    const bool is_v6 = strchr(address, ':') != NULL;
    struct sockaddr *any = is_v6 ? (struct sockaddr *)&v6 : (struct sockaddr *)&v4;
    socklen_t len = is_v6 ? sizeof(v6) : sizeof(v4);
    const int one = 1, fd = socket(any->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    must(inet_pton(any->sa_family, address, is_v6 ? (void *)&v6.sin6_addr : (void *)&v4.sin_addr) ==
         1);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
        bind(fd, any, len) != 0 || listen(fd, CONNS_MAX) != 0 || getsockname(fd, any, &len) != 0) {
        (void)close(fd);
        return -1;
    }
    *got = ntohs(is_v6 ? v6.sin6_port : v4.sin_port);
    return fd;
}

struct tls_server *tls_server_start(const struct tls_authority *authority, const char *names,
                                    const char *address, uint16_t port)
{
    struct tls_server *server = calloc(1, sizeof(*server));
    must(server != NULL);

    server->fd = listen_on(address, port, &server->port);
    if (server->fd < 0) {
        free(server);
        return NULL;
    }
    server->ctx = make_context(authority, names);
    must(pthread_create(&server->thread, NULL, accept_all, server) == 0);
    return server;
}

uint16_t tls_server_port(const struct tls_server *server)
{
    return server->port;
}

unsigned tls_server_pings(const struct tls_server *server)
{
    return atomic_load_explicit(&server->pings, memory_order_relaxed);
}

unsigned tls_server_agents(const struct tls_server *server)
{
    return atomic_load_explicit(&server->agents, memory_order_relaxed);
}

void tls_server_stop(struct tls_server *server)
{
    atomic_store_explicit(&server->is_stopping, true, memory_order_release);
    (void)shutdown(server->fd, SHUT_RDWR); /* ends accept() */
    must(pthread_join(server->thread, NULL) == 0);
    for (size_t i = 0; i < server->n_conns; i++) {
        struct conn *conn = server->conns[i];
        (void)shutdown(conn->fd, SHUT_RDWR);
        must(pthread_join(conn->thread, NULL) == 0);
        SSL_free(conn->ssl);
        (void)close(conn->fd);
        free(conn);
    }
    (void)close(server->fd);
    SSL_CTX_free(server->ctx);
    free(server);
}
