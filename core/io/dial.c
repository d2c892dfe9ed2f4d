#include "io/dial.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "arbspot/abi.h"
#include "arbspot/text.h"
#include "io/settings.h"
#include "io/tunnel.h"
#include "util/clock.h"
#include "util/log.h"
#include "util/shortage.h"

enum { HTTP_STATUS_SWITCHING = 101 }; /* the answer to a WebSocket handshake that went well */

static void set_why(struct dial *dial, const char *why)
{
    if (dial->why[0] == '\0') {
        (void)snprintf(dial->why, sizeof(dial->why), "%s", why); /* a cut reason still helps */
    }
}

/* What is connected to: the host itself, or the proxy. */
static const char *host_of(const struct dial *dial, const struct net *net)
{
    return proxy_is_used(&net->proxy) ? net->proxy.url.host : dial->url.host;
}

static uint16_t port_of(const struct dial *dial, const struct net *net)
{
    return proxy_is_used(&net->proxy) ? net->proxy.url.port : dial->url.port;
}

/* The name under which addresses are remembered. One may serve REST and no WebSockets. */
static void place_of(const struct dial *dial, const struct net *net, char text[KNOWN_WHERE_MAX])
{
    char endpoint[URL_ENDPOINT_MAX];

    if (proxy_is_used(&net->proxy)) {
        proxy_endpoint(&net->proxy, endpoint);
    } else {
        url_endpoint(&dial->url, endpoint);
    }
    (void)snprintf(text, KNOWN_WHERE_MAX, "%s://%s", dial->kind == DIAL_WS ? "wss" : "https",
                   endpoint);
}

static void tell_unheeded(const struct dial *dial, struct net *net)
{
    const char *const name = proxy_unheeded(&net->proxy, &dial->url);

    if (name != NULL) {
        log_line(
            ARB_WARN, net->config.who,
            "connecting to %s without the proxy that %s in the environment names: only the key "
            "`proxy` of the exchange is heeded; set proxy = http://HOST:PORT there, or proxy = "
            "none",
            dial->url.host, name);
    }
}

void dial_begin(struct dial *dial, struct net *net)
{
    const char *const host = host_of(dial, net);

    tell_unheeded(dial, net);
    dial_fini(dial);
    dial->is_closing = false;
    dial->is_late = dial->was_late = false;
    dial->why[0] = '\0';
    if (url_is_address(host)) {
        addresses_add(&dial->found, host);
    } else {
        dial->lookup = lookup_start(host);
    }
}

static void take_addresses(struct dial *dial, struct net *net, const struct address_list *found)
{
    char place[KNOWN_WHERE_MAX];

    place_of(dial, net, place);
    dial->found = *found;
    known_addresses_sort(&net->known, place, &dial->found);
}

enum dial_progress dial_poll(struct dial *dial, struct net *net)
{
    struct lookup_answer answer;

    if (dial->found.n > 0) {
        return DIAL_READY;
    }
    if (dial->lookup == NULL) {
        (void)snprintf(dial->why, sizeof(dial->why), "no thread for the name resolution: %s",
                       shortage_words(EAGAIN)); /* or no memory for it, which is in the words */
        return DIAL_FAILED;
    }
    if (!lookup_take(dial->lookup, &answer)) {
        return DIAL_PENDING;
    }
    dial->lookup = NULL;
    if (answer.found.n == 0) {
        (void)snprintf(dial->why, sizeof(dial->why),
                       answer.is_shortage ? "%s" : "name resolution failed (%s)", answer.failure);
        return DIAL_FAILED;
    }
    take_addresses(dial, net, &answer.found);
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

static struct lws *connect_to(struct dial *dial, struct net *net, const char *address)
{
    /* Zero thresholds turn off libwebsockets' own pings and hang-ups, which count in minutes. */
    static const lws_retry_bo_t no_validity = { 0 };
    char host[URL_ENDPOINT_MAX];
    struct lws_client_connect_info info = {
        .context = net->lws,
        .address = address,
        .port = port_of(dial, net),
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
    errno = 0;
    return lws_client_connect_via_info(&info);
}

int64_t dial_share_ms(const struct dial *dial, int64_t whole_ms)
{
    const unsigned shares = dial->found.n < DIAL_SHARES_MAX ? dial->found.n : DIAL_SHARES_MAX;
    const int64_t share = (whole_ms / shares) << (dial->patience < 3 ? dial->patience : 3);

    return share < whole_ms ? share : whole_ms;
}

int dial_connect(struct dial *dial, struct net *net, int64_t whole_ms)
{
    dial->stage = DIAL_TCP;
    dial->is_late = false;
    dial->why[0] = '\0';
    dial->due_ns = clock_mono_ns() + dial_share_ms(dial, whole_ms) * NS_PER_MS;
    if (connect_to(dial, net, dial->found.text[dial->next_address++]) == NULL) {
        const int failure = errno;
        const char *const lacking = shortage_of_files(1);
        dial->wsi = NULL;
        set_why(dial, lacking != NULL ? lacking
                      : failure == 0  ? "cannot connect"
                                      : strerror(failure));
        return ARB_EPROTO;
    }
    return ARB_OK;
}

void dial_has_tcp(struct dial *dial, struct net *net, int fd)
{
    char target[URL_ENDPOINT_MAX];

    dial->stage = DIAL_TLS;
    if (proxy_is_used(&net->proxy)) {
        url_endpoint(&dial->url, target);
        tls_expect_tunnel(&net->tls, fd, target, net->proxy.url.user);
    }
}

/* What became of the address that was tried last. */
static void remember(const struct dial *dial, struct net *net, bool has_worked)
{
    char place[KNOWN_WHERE_MAX];

    place_of(dial, net, place);
    known_addresses_note(&net->known, place, dial->found.text[dial->next_address - 1], has_worked,
                         clock_mono_ns());
}

void dial_has_worked(struct dial *dial, struct net *net)
{
    dial->stage = DIAL_ANSWERED;
    dial->patience = 0;
    remember(dial, net, true);
}

static bool is_repeatable(const struct dial *dial)
{
    return dial->stage < DIAL_ASKED || dial->method == NULL || strcmp(dial->method, "POST") != 0;
}

static void tell_passed_over(const struct dial *dial, const struct net *net)
{
    char endpoint[URL_ENDPOINT_MAX];

    url_endpoint(&dial->url, endpoint);
    log_line(ARB_DEBUG, net->config.who, "%s at %s: %s; next address: %s", endpoint,
             dial->found.text[dial->next_address - 1], dial->why,
             dial_has_address(dial) ? dial->found.text[dial->next_address] : "none");
}

/* Notes the end at this address, and after the last one whether to be more patient. */
static void note_failure(struct dial *dial, struct net *net)
{
    remember(dial, net, false);
    dial->was_late = dial->was_late || dial->is_late;
    if (dial->found.n > 1) {
        tell_passed_over(dial, net);
    }
    if (!dial_has_address(dial) && dial->was_late) {
        dial->patience++;
    }
}

bool dial_pass_over(struct dial *dial, struct net *net)
{
    if (dial->next_address == 0) {
        return false; /* there was none */
    }
    (void)snprintf(dial->reasons[dial->next_address - 1], DIAL_WHY_MAX, "%s", dial->why);
    if (dial->is_closing && !dial->is_late) {
        return false;
    }
    note_failure(dial, net);
    return dial_has_address(dial) && dial->stage != DIAL_ANSWERED && is_repeatable(dial);
}

/* The tried addresses, sorted by their text. Returns how many. */
static unsigned sort_tried(const struct dial *dial, unsigned order[ADDRESSES_MAX])
{
    for (unsigned i = 0; i < dial->next_address; i++) {
        unsigned to = i;
        for (; to > 0 && strcmp(dial->found.text[i], dial->found.text[order[to - 1]]) < 0; to--) {
            order[to] = order[to - 1];
        }
        order[to] = i;
    }
    return dial->next_address;
}

/* "192.0.2.1, 192.0.2.2: reason" for all that share the reason of the `first`. */
static void add_group(const struct dial *dial, const unsigned *order, unsigned first,
                      struct arb_text *out)
{
    const char *const reason = dial->reasons[order[first]];
    const char *separator = out->len == 0 ? "" : "; ";

    for (unsigned i = first; i < dial->next_address; i++) {
        if (strcmp(dial->reasons[order[i]], reason) == 0) {
            arb_text_add(out, "%s%s", separator, dial->found.text[order[i]]);
            separator = ", ";
        }
    }
    arb_text_add(out, ": %s", reason);
}

static bool is_first_with_reason(const struct dial *dial, const unsigned *order, unsigned at)
{
    for (unsigned i = 0; i < at; i++) {
        if (strcmp(dial->reasons[order[i]], dial->reasons[order[at]]) == 0) {
            return false;
        }
    }
    return true;
}

static void add_addresses(const struct dial *dial, struct arb_text *out)
{
    unsigned order[ADDRESSES_MAX];
    const unsigned n = sort_tried(dial, order);

    for (unsigned i = 0; i < n; i++) {
        if (is_first_with_reason(dial, order, i)) {
            add_group(dial, order, i, out);
        }
    }
}

/* What the host answered is the same whichever address it was. */
void dial_summary(const struct dial *dial, const struct net *net, char text[DIAL_SUMMARY_MAX])
{
    struct arb_text out = arb_text_over(text, DIAL_SUMMARY_MAX);
    char endpoint[URL_ENDPOINT_MAX];

    if (proxy_is_used(&net->proxy)) {
        proxy_endpoint(&net->proxy, endpoint);
        arb_text_add(&out, "through proxy %s: ", endpoint);
    }
    if (dial->next_address > 0 && dial->found.n > 1 && dial->stage != DIAL_ANSWERED) {
        struct arb_text rest = arb_text_over(text + out.len, DIAL_SUMMARY_MAX - out.len);
        add_addresses(dial, &rest);
    } else {
        arb_text_add(&out, "%s", dial->why);
    }
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

/* What the address being tried owes us. */
static const char *awaited(const struct dial *dial)
{
    if (dial->stage == DIAL_TCP) {
        return "connection";
    }
    if (dial->stage == DIAL_TLS) {
        return tunnel_is_waiting(dial->wsi == NULL ? NULL : lws_get_ssl(dial->wsi))
                   ? "answer of the proxy"
                   : "answer to the TLS handshake";
    }
    return dial->kind == DIAL_WS ? "answer to the WebSocket handshake" : "answer to the request";
}

/* With several addresses shares differ from attempt to attempt, and the reason is the same. */
void dial_kill_silent(struct dial *dial, int64_t limit_ms)
{
    char what[64]; /* the longest of awaited() fits */

    if (!dial->is_closing) {
        dial->is_late = true;
    }
    if (dial->found.n > 1) {
        (void)snprintf(what, sizeof(what), "no %s in time", awaited(dial));
        dial_kill(dial, what);
    } else {
        (void)snprintf(what, sizeof(what), "no %s within", awaited(dial));
        dial_kill_late(dial, what, limit_ms);
    }
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
    dial->stage = DIAL_TCP;
}

void dial_explain(struct dial *dial, const struct tls *tls, const char *text, size_t len)
{
    const SSL *const ssl = dial->wsi == NULL ? NULL : lws_get_ssl(dial->wsi);
    const unsigned status = dial->wsi == NULL ? 0 : lws_http_client_http_response(dial->wsi);
    const char *const tunnel_failure = tunnel_why(ssl), *const tls_failure = tls_why(tls, ssl);
    char why[DIAL_WHY_MAX];

    if (dial->stage == DIAL_TCP) {
        /* libwebsockets does not say which of the two; a timeout is ours and was set before. */
        (void)snprintf(why, sizeof(why), "connection refused or host unreachable");
    } else if (tunnel_failure != NULL) {
        (void)snprintf(why, sizeof(why), "%s", tunnel_failure);
    } else if (tls_failure != NULL) {
        (void)snprintf(why, sizeof(why), "%s", tls_failure);
    } else if (status != 0 && status != HTTP_STATUS_SWITCHING) {
        dial->stage = DIAL_ANSWERED;
        (void)snprintf(why, sizeof(why), "answered HTTP %u to the WebSocket handshake", status);
    } else {
        (void)snprintf(why, sizeof(why), "connection lost during the handshake%s%.*s",
                       len == 0 ? "" : ": ", (int)(len < 80 ? len : 80), text);
    }
    set_why(dial, why);
}
