#include "io/close_code.h"

#include <dlfcn.h>
#include <stdatomic.h>
#include <string.h>

enum {
    FRAME_HEAD_LEN = 2,
    CODE_LEN = 2,
    FIN_AND_CLOSE = 0x88, /* the first byte of a close frame, which is always whole */
};

typedef int read_fn(SSL *ssl, void *buffer, int len);

static read_fn *find_real(void)
{
    static _Atomic(read_fn *) known; /* process-wide, as the function is */
    read_fn *real = atomic_load_explicit(&known, memory_order_relaxed);

    if (real == NULL) {
        void *const symbol = dlsym(RTLD_NEXT, "SSL_read");
        memcpy(&real, &symbol, sizeof(real)); /* the way POSIX has for data that is a function */
        atomic_store_explicit(&known, real, memory_order_relaxed);
    }
    return real;
}

static void note(struct tls_tail *tail, const SSL *ssl, const unsigned char *bytes, size_t len)
{
    const size_t kept = len < sizeof(tail->bytes) ? len : sizeof(tail->bytes);
    const size_t room = sizeof(tail->bytes) - kept;
    const size_t old = tail->ssl != ssl ? 0 : tail->len < room ? tail->len : room;

    memmove(tail->bytes, tail->bytes + tail->len - old, old);
    memcpy(tail->bytes + old, bytes + len - kept, kept);
    tail->ssl = ssl;
    tail->len = old + kept;
}

int SSL_read(SSL *ssl, void *buffer, int len)
{
    const int n = find_real()(ssl, buffer, len);
    struct tls *const tls = n > 0 ? tls_of(ssl) : NULL;

    if (tls != NULL) {
        note(&tls->tail, ssl, buffer, (size_t)n);
    }
    return n;
}

/* A close frame that shows this payload, but for the code. */
static bool is_frame(const unsigned char *at, const unsigned char *payload, size_t len)
{
    return at[0] == FIN_AND_CLOSE && at[1] == len &&
           memcmp(at + FRAME_HEAD_LEN + CODE_LEN, payload + CODE_LEN, len - CODE_LEN) == 0;
}

static unsigned code_at(const unsigned char *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

unsigned close_code(const struct tls *tls, const SSL *ssl, const unsigned char *payload, size_t len)
{
    const struct tls_tail *const tail = &tls->tail;
    const size_t frame_len = FRAME_HEAD_LEN + len;

    if (tail->ssl == ssl && len >= CODE_LEN) {
        for (size_t end = tail->len; end >= frame_len; end--) {
            const unsigned char *const at = tail->bytes + end - frame_len;
            if (is_frame(at, payload, len)) {
                return code_at(at + FRAME_HEAD_LEN);
            }
        }
    }
    return code_at(payload);
}
