#include "session/rehearsal.h"

#include "session/requests.h"
#include "session/state.h"

/* -- nobody to talk to ----------------------------------------------------------------- */

static int open_nothing(void *context, void *owner, uint32_t conn, const struct ws_spec *spec)
{
    (void)context, (void)owner, (void)conn, (void)spec;
    return ARB_OK;
}

/* ws_dial(), ws_close() and ws_give_up() name a connection and a text. */
static void do_nothing(void *context, void *owner, uint32_t conn, const char *text)
{
    (void)context, (void)owner, (void)conn, (void)text;
}

static int send_nothing(void *context, void *owner, uint32_t conn, struct arb_message message)
{
    (void)context, (void)owner, (void)conn, (void)message;
    return ARB_OK;
}

static int ask_nothing(void *context, void *owner, uint32_t request, const struct http_spec *spec)
{
    (void)context, (void)owner, (void)request, (void)spec;
    return ARB_OK;
}

static void forget_nothing(void *context, void *owner)
{
    (void)context, (void)owner;
}

static const struct port_ops no_port = {
    .ws_open = open_nothing,
    .ws_dial = do_nothing,
    .ws_send = send_nothing,
    .ws_close = do_nothing,
    .ws_give_up = do_nothing,
    .http = ask_nothing,
    .forget = forget_nothing,
};

static int take_instrument(void *context, uint32_t instrument, const struct arb_instrument *info,
                           const struct live_book *book)
{
    (void)context, (void)instrument, (void)info, (void)book;
    return ARB_OK;
}

static void take_event(void *context, uint32_t instrument, struct event *event)
{
    (void)context, (void)instrument, (void)event;
}

/* Dates and round trips. */
static void take_time(void *context, uint32_t conn, struct moment now, int64_t ns)
{
    (void)context, (void)conn, (void)now, (void)ns;
}

static const struct session_sink no_sink = {
    .instrument = take_instrument, .event = take_event, .date = take_time, .round_trip = take_time
};

/* -- what is spelled ------------------------------------------------------------------- */

struct rehearsal {
    struct session *session;
    rehearsal_url *url;
    void *context;
};

static int spell(const struct rehearsal *r, struct arb_ask ask, const char *scheme)
{
    struct arb_request request;
    const int rc = request_spell(r->session, &ask, &request);

    if (rc == ARB_OK) {
        r->url(r->context, scheme, request.text.data);
    }
    return rc;
}

/* A rule that it broke on the way; fini() tells of itself. */
static int find_broken_rule(const struct rehearsal *r, struct err *err)
{
    const char *const intruder = effects_intruder(&r->session->effects);
    const char *const rule = intruder == NULL ? r->session->ask_rule : effects_intrusion;

    return rule == NULL ? ARB_OK
                        : err_set(err, ARB_EINVAL, "%s: %s of %s broke a rule: %s", r->session->who,
                                  intruder == NULL ? "ask()" : intruder,
                                  r->session->plugin->desc.name, rule);
}

static int spell_connection(const struct rehearsal *r, struct err *err)
{
    struct arb_ask ask = request_ask(r->session, ARB_ASK_CONNECT);

    ask.conn = 0;
    const int rc = spell(r, ask, "wss");
    if (find_broken_rule(r, err) != ARB_OK) {
        return ARB_EINVAL;
    }
    if (rc == ARB_OK || r->session->plan.needs_token) {
        return ARB_OK; /* without a token it cannot know */
    }
    return err_set(err, rc, "%s: ask() of %s does not say where to connect to: %s", r->session->who,
                   r->session->plugin->desc.name, arb_rc_text(rc));
}

static int refuse_request(const struct rehearsal *r, const char *what, const char *needs,
                          struct err *err)
{
    return err_set(err, ARB_EINVAL, "%s: ask() of %s does not spell %s, which its plan needs: %s",
                   r->session->who, r->session->plugin->desc.name, what, needs);
}

static int spell_catalog(const struct rehearsal *r, struct err *err)
{
    const int rc = r->session->plan.catalog != ARB_CATALOG_HTTP
                       ? ARB_OK
                       : spell(r, request_ask(r->session, ARB_ASK_CATALOG), "https");

    return rc == ARB_ENOTSUP ? refuse_request(r, "ARB_ASK_CATALOG", "ARB_CATALOG_HTTP", err)
                             : ARB_OK;
}

static int spell_token(const struct rehearsal *r, struct err *err)
{
    struct arb_ask ask = request_ask(r->session, ARB_ASK_TOKEN);

    ask.conn = 0;
    const int rc = r->session->plan.needs_token ? spell(r, ask, "https") : ARB_OK;
    return rc == ARB_ENOTSUP ? refuse_request(r, "ARB_ASK_TOKEN", "needs_token", err) : ARB_OK;
}

/* Where each event is a whole book, there need not be any. */
static int spell_snapshot(const struct rehearsal *r, struct err *err)
{
    static const uint32_t first[] = { 0 };
    const uint32_t source = r->session->plan.snapshot_source;
    struct arb_ask ask = request_ask(r->session, ARB_ASK_SNAPSHOT);

    if (source == ARB_SNAPSHOT_STREAM || r->session->instruments.n == 0) {
        return ARB_OK;
    }
    ask.instruments = first;
    ask.n_instruments = 1;
    const int rc = spell(r, ask, "https");
    return rc == ARB_ENOTSUP && source == ARB_SNAPSHOT_HTTP
               ? refuse_request(r, "ARB_ASK_SNAPSHOT", "ARB_SNAPSHOT_HTTP", err)
               : ARB_OK;
}

static int spell_heartbeat(const struct rehearsal *r, struct err *err)
{
    struct arb_ask ask = request_ask(r->session, ARB_ASK_HEARTBEAT);
    struct arb_request request;

    ask.conn = 0;
    const int rc =
        r->session->plan.heartbeat_ms == 0 ? ARB_OK : request_spell(r->session, &ask, &request);
    return rc == ARB_ENOTSUP ? refuse_request(r, "ARB_ASK_HEARTBEAT", "heartbeat_ms", err) : ARB_OK;
}

static int spell_subscriptions(const struct rehearsal *r, struct err *err)
{
    static const uint32_t first[] = { 0 };
    const uint32_t n = r->session->instruments.n == 0 ? 0 : r->session->plan.channels;
    struct arb_request request;

    for (uint32_t channel = 0; channel < n; channel++) {
        struct arb_ask ask = request_ask(r->session, ARB_ASK_SUBSCRIBE);
        ask.conn = 0;
        ask.channel = channel;
        ask.instruments = first;
        ask.n_instruments = 1;
        if (request_spell(r->session, &ask, &request) == ARB_ENOTSUP) {
            return err_set(err, ARB_EINVAL,
                           "%s: ask() of %s does not spell ARB_ASK_SUBSCRIBE of channel %u, "
                           "without which no book is served",
                           r->session->who, r->session->plugin->desc.name, channel);
        }
    }
    return ARB_OK;
}

/*
 * A request that the plugin cannot spell yet is none of a configuration's faults; one that it says
 * there is not, although its plan needs it, is the plugin's.
 */
static int spell_requests(const struct rehearsal *r, struct err *err)
{
    int rc = spell_catalog(r, err);

    if (rc == ARB_OK) {
        rc = spell_token(r, err);
    }
    if (rc == ARB_OK) {
        rc = spell_snapshot(r, err);
    }
    if (rc == ARB_OK) {
        rc = spell_heartbeat(r, err);
    }
    return rc == ARB_OK ? spell_subscriptions(r, err) : rc;
}

int session_rehearse(const struct plugin *plugin, const struct config *config,
                     const struct exchange_config *exchange, rehearsal_url *url, void *context,
                     struct err *err)
{
    const struct session_config session = { .plugin = plugin,
                                            .exchange = exchange,
                                            .config = config,
                                            .port = { .ops = &no_port },
                                            .sink = &no_sink };
    struct rehearsal r = { .url = url, .context = context };

    int rc = session_create(&r.session, &session, err);
    if (rc != ARB_OK) {
        return rc;
    }
    rc = session_start(r.session, clock_moment(), err);
    if (rc == ARB_OK) {
        rc = find_broken_rule(&r, err);
    }
    if (rc == ARB_OK) {
        rc = spell_connection(&r, err);
    }
    if (rc == ARB_OK) {
        rc = spell_requests(&r, err);
    }
    if (rc == ARB_OK) {
        rc = find_broken_rule(&r, err);
    }
    session_destroy(r.session);
    return rc;
}
