/*
 * The archived feed, Market Data v2: the whole book comes with trades in its message, changes come
 * without, and nothing numbers them.
 */
#include "gemini.h"

enum { HEARTBEATS_MS = 5000 };

void gemini_v2_plan(struct arb_plan *plan)
{
    plan->loss_detection = ARB_LOSS_NONE;
    plan->liveness = ARB_LIVENESS_SERVER_HEARTBEAT;
    plan->beat_ms = HEARTBEATS_MS;
    plan->idle_ms = HEARTBEATS_MS + plan->heartbeat_wait_ms;
    plan->heartbeat_ms = 0;
    plan->resubscribe = ARB_RESUBSCRIBE_AT_ONCE; /* leaving is not acknowledged either */
    plan->is_listed_only = true;
}

void gemini_v2_subscription(const struct gemini *self, const struct arb_ask *ask,
                            struct arb_text *text)
{
    arb_text_add(text, "{\"type\":\"subscribe\",\"subscriptions\":"
                       "[{\"name\":\"l2\",\"symbols\":[");
    arb_ask_names(ask, self->env, text);
    arb_text_add(text, "]}]}");
}

int gemini_v2_message(struct gemini *self, struct arb_host *host, struct arb_json json)
{
    enum { TYPE = 1, CHANGES = 4, TRADES = 8, RESULT = 16 };
    struct arb_draft *const draft = &self->draft;
    struct arb_bytes type = { "", 0 }, symbol = { "", 0 }, result, reason = { "", 0 };
    struct arb_json changes, trades;
    const struct arb_json_field fields[] = {
        { "type", ARB_JSON_TEXT, &type },      { "symbol", ARB_JSON_TEXT, &symbol },
        { "changes", ARB_JSON_ANY, &changes }, { "trades", ARB_JSON_ANY, &trades },
        { "result", ARB_JSON_TEXT, &result },  { "reason", ARB_JSON_TEXT, &reason },
    };
    const uint32_t seen = arb_json_fields(&json, fields, 6),
                   i = arb_instrument_find(self->env, symbol);

    if (!arb_json_end(&json) || (seen & (TYPE | RESULT)) == 0) {
        return arb_json_ok(&json) ? ARB_EPROTO : json.rc;
    }
    if ((seen & TYPE) == 0) { /* {"reason":"NoValidTradingPairs","result":"error"} */
        return arb_refused(host, ARB_NO_INSTRUMENT, arb_refusal_outcome(reason), reason);
    }
    if (!arb_bytes_are(type, "l2_updates") || i == ARB_NO_INSTRUMENT) {
        return ARB_OK;
    }
    arb_draft_begin(draft, self->env, i, (seen & TRADES) != 0 ? ARB_BOOK_SNAPSHOT : ARB_BOOK_DELTA);
    draft->bids.rc =
        (seen & CHANGES) != 0 ? arb_json_each(&changes, arb_draft_change, draft) : ARB_EPROTO;
    return arb_draft_publish(host, draft);
}
