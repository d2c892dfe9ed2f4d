/*
 * acme.c - a whole exchange plugin in a page, for an exchange that does not exist.
 * Its protocol: subscribe with {"subscribe":"BTC/USD"}; each frame is one whole book,
 * {"book":"BTC/USD","n":7,"bids":[["100.5","2"]],"asks":[["100.6","1"]]}.
 */
#include <arbspot/levels.h>

struct acme {
    const char *url; /* an option */
    const struct arb_exchange_env *env;
    struct arb_draft draft; /* of the book being read */
};

/* Say what the feed can prove: every event is a whole book, so a lost one heals by itself. */
static int acme_init(void *instance, struct arb_host *host, const struct arb_exchange_env *env,
                     struct arb_plan *plan)
{
    struct acme *const self = instance;
    (void)host;
    self->env = env;
    plan->loss_detection = ARB_LOSS_STATELESS;
    plan->snapshot_source = ARB_SNAPSHOT_EACH;
    return ARB_OK;
}

/* Spell what the host wants to ask; the plan says one book a request. */
static int acme_ask(void *instance, const struct arb_ask *ask, struct arb_request *request)
{
    const struct acme *const self = instance;
    if (ask->what == ARB_ASK_CONNECT) {
        arb_text_add(&request->text, "%s", self->url);
    } else if (ask->what == ARB_ASK_SUBSCRIBE) {
        arb_text_add(&request->text, "{\"subscribe\":\"%s\"}",
                     self->env->instruments[ask->instruments[0]].venue_symbol);
    }
    return request->text.len > 0 ? ARB_OK : ARB_ENOTSUP;
}

/* One frame, one book. A frame that is not as expected is an error: the host reconnects. */
static int acme_on_message(void *instance, struct arb_host *host, uint32_t conn,
                           struct arb_message message)
{
    struct acme *const self = instance;
    struct arb_draft *const draft = &self->draft;
    struct arb_json json = arb_json_over(arb_message_bytes(message));
    struct arb_bytes name;
    const struct arb_json_field fields[] = { { "n", ARB_JSON_U64, &draft->event.last_seq },
                                             { "bids", ARB_JSON_LEVELS, &draft->bids },
                                             { "asks", ARB_JSON_LEVELS, &draft->asks } };
    (void)conn;
    const bool has_name = arb_json_lead(&json, "book", &name);
    const uint32_t i = has_name ? arb_instrument_find(self->env, name) : ARB_NO_INSTRUMENT;
    if (i == ARB_NO_INSTRUMENT) {
        return ARB_EPROTO;
    }
    arb_draft_begin(draft, self->env, i, ARB_BOOK_SNAPSHOT);
    const bool is_whole = arb_json_members(&json, fields, 3) == 7 && arb_json_end(&json);
    return is_whole ? arb_draft_publish(host, draft) : ARB_EPROTO;
}

static const struct arb_option options[] = {
    ARB_OPTION_STRING("url", struct acme, url, "wss://feed.acme.invalid", "WebSocket address."),
};
static const struct arb_exchange_ops ops = {
    .size = (uint32_t)sizeof(ops), .init = acme_init, .ask = acme_ask, .on_message = acme_on_message
};

ARB_PLUGIN_EXPORT = { ARB_PLUGIN_HEADER(ARB_KIND_EXCHANGE),
                      .name = "acme",
                      .version = "1.0.0",
                      .description = "The example of the plugin author's guide",
                      ARB_PLUGIN_OPTIONS(options),
                      .instance_size = sizeof(struct acme),
                      .ops = &ops };
