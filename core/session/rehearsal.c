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

static int spell_connection(const struct rehearsal *r, struct err *err)
{
    struct arb_ask ask = request_ask(r->session, ARB_ASK_CONNECT);

    ask.conn = 0;
    const int rc = spell(r, ask, "wss");
    if (rc == ARB_OK || r->session->plan.needs_token) {
        return ARB_OK; /* without a token it cannot know */
    }
    return err_set(err, rc, "%s: ask() of %s does not say where to connect to: %s", r->session->who,
                   r->session->plugin->desc.name, arb_rc_text(rc));
}

/* A request that the plugin cannot spell yet is none of a configuration's faults. */
static void spell_requests(const struct rehearsal *r)
{
    static const uint32_t first[] = { 0 };
    const struct arb_plan *const plan = &r->session->plan;

    if (plan->catalog == ARB_CATALOG_HTTP) {
        (void)spell(r, request_ask(r->session, ARB_ASK_CATALOG), "https");
    }
    if (plan->needs_token) {
        struct arb_ask ask = request_ask(r->session, ARB_ASK_TOKEN);
        ask.conn = 0;
        (void)spell(r, ask, "https");
    }
    if (plan->snapshot_source != ARB_SNAPSHOT_STREAM && r->session->instruments.n > 0) {
        struct arb_ask ask = request_ask(r->session, ARB_ASK_SNAPSHOT);
        ask.instruments = first;
        ask.n_instruments = 1;
        (void)spell(r, ask, "https");
    }
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
        rc = spell_connection(&r, err);
    }
    if (rc == ARB_OK) {
        spell_requests(&r);
    }
    session_destroy(r.session);
    return rc;
}
