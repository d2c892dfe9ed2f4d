#include "io/dial.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "arbspot/abi.h"
#include "io/settings.h"

enum { HTTP_STATUS_SWITCHING = 101 }; /* the answer to a WebSocket handshake that went well */

static void set_why(struct dial *dial, const char *why)
{
    if (dial->why[0] == '\0') {
        (void)snprintf(dial->why, sizeof(dial->why), "%s", why); /* a cut reason still helps */
    }
}

void dial_begin(struct dial *dial)
{
    dial_fini(dial);
    dial->is_closing = false;
    dial->why[0] = '\0';
    if (!url_host_is_address(&dial->url)) {
        dial->lookup = lookup_start(dial->url.host);
        return;
    }
    (void)snprintf(dial->found.address[0], sizeof(dial->found.address[0]), "%.*s",
                   INET6_ADDRSTRLEN - 1, dial->url.host);
    dial->found.n = 1;
}

enum dial_progress dial_poll(struct dial *dial)
{
    if (dial->found.n > 0) {
        return DIAL_READY;
    }
    if (dial->lookup == NULL) {
        set_why(dial, "no thread for the name resolution");
        return DIAL_FAILED;
    }
    if (!lookup_take(dial->lookup, &dial->found)) {
        return DIAL_PENDING;
    }
    dial->lookup = NULL;
    if (dial->found.n == 0) {
        (void)snprintf(dial->why, sizeof(dial->why), "name resolution failed (%s)",
                       dial->found.failure);
        return DIAL_FAILED;
    }
    return DIAL_READY;
}

bool dial_has_address(const struct dial *dial)
{
    return dial->next_address < dial->found.n;
}

/*
 * The Host header, from which libwebsockets also takes the name it asks for (SNI) and
 * verifies, up to the first colon. A bracketed IPv6 address would make that name "[", so it
 * goes bare: no SNI, as the standard wants, and tls_verdict() does the verifying.
 */
static void host_header(const struct url *url, char text[URL_ENDPOINT_MAX])
{
    if (url_host_is_ipv6(url) || url->port == URL_PORT_DEFAULT) {
        (void)snprintf(text, URL_ENDPOINT_MAX, "%s", url->host);
    } else {
        url_endpoint(url, text);
    }
}

int dial_connect(struct dial *dial, struct lws_context *context)
{
    /* Zero thresholds turn off libwebsockets' own pings and hang-ups, which count in minutes. */
    static const lws_retry_bo_t no_validity = { 0 };
    char host[URL_ENDPOINT_MAX];
    struct lws_client_connect_info info = {
        .context = context,
        .address = dial->found.address[dial->next_address++],
        .port = dial->url.port,
        .ssl_connection = LCCSCF_USE_SSL | LCCSCF_HTTP_NO_FOLLOW_REDIRECT,
        .path = dial->url.path,
        .host = host,
        .ietf_version_or_minus_one = -1,
        .method = dial->method,
        .alpn = "http/1.1",
        .local_protocol_name = dial->kind == DIAL_HTTP ? DIAL_HTTP_NAME : DIAL_WS_NAME,
        .retry_and_idle_policy = &no_validity,
        .opaque_user_data = dial,
        .pwsi = &dial->wsi,
    };

    host_header(&dial->url, host);
    dial->has_tcp = false;
    dial->why[0] = '\0';
    errno = 0;
    if (lws_client_connect_via_info(&info) == NULL) {
        dial->wsi = NULL;
        set_why(dial, errno == 0 ? "cannot connect" : strerror(errno));
        return ARB_EPROTO;
    }
    return ARB_OK;
}

void dial_kill(struct dial *dial, const char *why)
{
    set_why(dial, why);
    dial->is_closing = true;
    if (dial->wsi != NULL) {
        lws_set_timeout(dial->wsi, PENDING_TIMEOUT_USER_REASON_BASE, LWS_TO_KILL_ASYNC);
    }
}

void dial_kill_late(struct dial *dial, const char *what, int64_t limit_ms)
{
    const bool is_whole = limit_ms % 1000 == 0;
    char why[DIAL_WHY_MAX];

    (void)snprintf(why, sizeof(why), "%s %lld %s", what,
                   (long long)(is_whole ? limit_ms / 1000 : limit_ms), is_whole ? "s" : "ms");
    dial_kill(dial, why);
}

void dial_kill_full(struct dial *dial, int rc, const char *what)
{
    char why[DIAL_WHY_MAX];

    if (rc == ARB_ELIMIT) {
        (void)snprintf(why, sizeof(why), "%s is longer than %d MiB", what, IO_MESSAGE_MAX >> 20);
    } else {
        (void)snprintf(why, sizeof(why), "no memory for %s", what);
    }
    dial_kill(dial, why);
}

int dial_fd(const struct dial *dial)
{
    return dial->wsi == NULL ? -1 : (int)lws_get_socket_fd(dial->wsi);
}

void dial_detach(struct dial *dial)
{
    if (dial->wsi != NULL) {
        lws_set_opaque_user_data(dial->wsi, NULL);
        dial->wsi = NULL;
    }
    dial->is_closing = false;
}

void dial_fini(struct dial *dial)
{
    lookup_abandon(dial->lookup);
    dial->lookup = NULL;
    dial->found.n = 0;
    dial->next_address = 0;
}

void dial_explain(struct dial *dial, const struct tls *tls, const char *text, size_t len)
{
    const char *tls_failure = dial->wsi == NULL ? NULL : tls_why(tls, lws_get_ssl(dial->wsi));
    const unsigned status = dial->wsi == NULL ? 0 : lws_http_client_http_response(dial->wsi);
    char why[DIAL_WHY_MAX];

    if (!dial->has_tcp) {
        /* libwebsockets does not say which of the two; a timeout is ours and was set before. */
        (void)snprintf(why, sizeof(why), "connection refused or host unreachable");
    } else if (tls_failure != NULL) {
        (void)snprintf(why, sizeof(why), "%s", tls_failure);
    } else if (status != 0 && status != HTTP_STATUS_SWITCHING) {
        (void)snprintf(why, sizeof(why), "answered HTTP %u to the WebSocket handshake", status);
    } else {
        (void)snprintf(why, sizeof(why), "connection lost during the handshake%s%.*s",
                       len == 0 ? "" : ": ", (int)(len < 80 ? len : 80), text);
    }
    set_why(dial, why);
}
