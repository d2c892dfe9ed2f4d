/*
 * What decides about requests to the web: lines of an input are host, origin, authorization,
 * cookie, query and a client's message. Nothing gets in that does not have the secret in it.
 */
#include "fuzz.h"

#include "arbspot/json.h"
#include "web/access.h"
#include "web/wish.h"

enum { N_LINES = 6 };

static const char token[] = "0123456789abcdef";

static bool contains(struct arb_bytes text, const char *what)
{
    return text.len > 0 && memmem(text.data, text.len, what, strlen(what)) != NULL;
}

static bool has_secret(const struct access *access, const struct access_request *request)
{
    return contains(request->authorization, token) || contains(request->query, token) ||
           contains(request->cookie, access->cookie);
}

static void check(const struct access *access, const struct access_request *request)
{
    const enum access_verdict verdict = access_check(access, request);
    const bool gets_in = verdict == ACCESS_GRANTED || verdict == ACCESS_LOGIN;

    if (gets_in && access->has_token && !has_secret(access, request)) {
        fuzz_fail("let in without the secret", "");
    }
    if (gets_in && access->is_loopback && request->host.len == 0) {
        fuzz_fail("let in without a host", "");
    }
    if (gets_in && request->is_upgrade &&
        (request->origin.len <= request->host.len || request->host.len == 0)) {
        fuzz_fail("a foreign page opens a WebSocket", "");
    }
}

static void check_all(const struct arb_bytes lines[N_LINES])
{
    struct access_request request = { .host = lines[0],
                                      .origin = lines[1],
                                      .authorization = lines[2],
                                      .cookie = lines[3],
                                      .query = lines[4] };
    static const char *const addresses[] = { "127.0.0.1:9464", "0.0.0.0:9464" };
    struct listen_address address;
    struct access access;
    struct err err;

    for (unsigned i = 0; i < 8; i++) {
        const bool is_open = (i & 1) == 0;
        request.is_page = (i & 2) != 0;
        request.is_upgrade = (i & 4) != 0;
        if (listen_address_parse(&address, addresses[i & 1], &err) != ARB_OK ||
            access_init(&access, &address, is_open ? NULL : token, &err) != ARB_OK) {
            fuzz_fail("not set up", err.text);
        }
        check(&access, &request);
    }
}

static void check_message(struct arb_bytes text)
{
    struct web_wish wish;

    if (wish_read(text, &wish) == ARB_OK && (wish.venue[0] == '\0') != (wish.symbol[0] == '\0')) {
        fuzz_fail("half a wish", wish.venue);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    const char *at = (const char *)data, *const end = at + len;
    struct arb_bytes lines[N_LINES];

    for (unsigned i = 0; i < N_LINES; i++) {
        const char *const mark =
            i == N_LINES - 1 || at == end ? NULL : memchr(at, '\n', (size_t)(end - at));
        const char *const stop = mark == NULL ? end : mark;
        lines[i] = fuzz_copy(at, (size_t)(stop - at));
        at = mark == NULL ? end : mark + 1;
    }
    check_all(lines);
    check_message(lines[N_LINES - 1]);
    for (unsigned i = 0; i < N_LINES; i++) {
        fuzz_free(lines[i]);
    }
    return 0;
}
