/* The feed of Coinbase Exchange: level2_batch. Nothing numbers its changes. */
#include "coinbase.h"

/* `json` has been entered. What is left out of it costs the book a resync. */
static int on_exchange_book(struct coinbase_reading *in, uint32_t i, struct arb_json *json)
{
    enum { TYPE = 1, SIDES = 4 | 8 };
    struct arb_draft *const draft = &in->self->draft;
    struct arb_bytes type = { "", 0 }, name;
    struct arb_json changes = arb_json_over(arb_bytes_of(""));
    const struct arb_json_field fields[] = {
        { "type", ARB_JSON_TEXT, &type },          { "product_id", ARB_JSON_TEXT, &name },
        { "asks", ARB_JSON_LEVELS, &draft->asks }, { "bids", ARB_JSON_LEVELS, &draft->bids },
        { "changes", ARB_JSON_ANY, &changes },     { "time", ARB_JSON_TIME, &in->venue_ns },
    };

    arb_draft_begin(draft, in->self->env, i, ARB_BOOK_SNAPSHOT);
    const uint32_t seen = arb_json_members(json, fields, 6);
    if (!arb_json_end(json) || (seen & TYPE) == 0) {
        return arb_json_ok(json) ? ARB_EPROTO : json->rc;
    }
    if (arb_bytes_are(type, "l2update")) {
        arb_draft_begin(draft, in->self->env, i, ARB_BOOK_DELTA);
        return coinbase_changes(in, changes, arb_draft_change);
    }
    if (!arb_bytes_are(type, "snapshot")) {
        return ARB_OK; /* a heartbeat */
    }
    if ((seen & SIDES) != SIDES) {
        return arb_book_reject(in->host, i, ARB_EPROTO);
    }
    draft->event.venue_ns = in->venue_ns;
    return arb_draft_publish(in->host, draft);
}

/* Lists of subscriptions do not name channels as they were asked for: snapshots answer. */
int coinbase_exchange_message(struct coinbase_reading *in, struct arb_json *json)
{
    struct arb_bytes name = { "", 0 }, type, message = { "", 0 }, reason = { "", 0 };
    const struct arb_json_field fields[] = { { "type", ARB_JSON_TEXT, &type },
                                             { "message", ARB_JSON_TEXT, &message },
                                             { "reason", ARB_JSON_TEXT, &reason } };

    (void)arb_json_lead(json, "product_id", &name); /* else it is no book's */
    const uint32_t i = arb_instrument_find(in->self->env, name);
    if (i != ARB_NO_INSTRUMENT) {
        return on_exchange_book(in, i, json);
    }
    const uint32_t seen = arb_json_members(json, fields, 3);
    if (!arb_json_end(json) || (seen & 1) == 0) {
        return arb_json_ok(json) ? ARB_EPROTO : json->rc;
    }
    return arb_bytes_are(type, "error") ? coinbase_error(in, message, reason) : ARB_OK;
}
