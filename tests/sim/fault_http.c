/* What becomes of HTTP answers: late, old, spoiled, or none of what was asked for. */
#include <stdlib.h>
#include <string.h>

#include "fault_internal.h"
#include "frame.h"
#include "util/clock.h"

#define REST_DELAY_NS (3 * NS_PER_S)

static uint32_t market_in(const struct fault_layer *layer, const char *path)
{
    static const char key[] = "/order_book/";
    const char *const at = strstr(path, key);

    if (at == NULL) {
        return ARB_NO_INSTRUMENT;
    }
    const char *const name = at + sizeof(key) - 1;
    return arb_symbol_find(&layer->config.instruments->by_market,
                           (struct arb_bytes){ name, strcspn(name, "/?") });
}

static bool remember_body(struct subject *state, struct arb_bytes body)
{
    char *const copy = realloc(state->body, body.len);

    if (copy == NULL) {
        return false;
    }
    memcpy(copy, body.data, body.len);
    state->body = copy;
    state->body_len = body.len;
    return true;
}

static void answer_with(struct fault_answer *answer, int status, const char *body)
{
    answer->status = status;
    answer->body = (struct arb_bytes){ body, strlen(body) };
}

static const char sorry[] = "{\"status\": \"error\", \"reason\": \"unavailable\"}";

/*
 * The documented codes of an exceeded rate are 400.002 and 400.067. What HTTP status they come with
 * is not published, nor what the edge in front of the venue answers by itself: so there is a 429
 * with and one without a body that a program reads, and the venue's error under another status.
 */
static void answer_outage(const struct fault_layer *layer, uint32_t venue,
                          struct fault_answer *answer)
{
    static const char rate[] =
        "{\"response_code\":\"400.002\","
        "\"response_explanation\":\"Request rejected due to exceeded rate limit.\"}";
    const int64_t left_ns = layer->rest_until_ns[venue] - layer->now_ns;

    switch ((enum fault_kind)layer->rest_kind[venue]) {
    case FAULT_REST_429:
        answer_with(answer, 429, "<html>Too many requests</html>");
        return;
    case FAULT_REST_RETRY_AFTER:
        answer_with(answer, 429, rate);
        answer->retry_after_s = (uint32_t)((left_ns + NS_PER_S - 1) / NS_PER_S);
        return;
    case FAULT_REST_RATE_ERROR:
        answer_with(answer, 400, rate);
        return;
    default:
        answer_with(answer, 502, sorry);
        return;
    }
}

static bool is_catalog(const char *path)
{
    return strstr(path, "/markets") != NULL || strstr(path, "/trading-pairs-info") != NULL;
}

/* False when the fault does not go with this answer. `state` is NULL for the catalog. */
static bool spoil(struct fault_layer *layer, struct fault *fault, struct subject *state,
                  struct fault_answer *answer)
{
    struct arb_text text = fault_new_text(layer, answer->body.len);

    switch ((enum fault_kind)fault->kind) {
    case FAULT_CATALOG_EMPTY:
        answer->body = (struct arb_bytes){ "[]", 2 };
        return true;
    case FAULT_CATALOG_LACKS:
        if (!frame_without_market(fault_lacking(layer, fault), answer->body, &text)) {
            return false;
        }
        answer->body = frame_bytes(&text);
        return true;
    case FAULT_PHANTOM:
        if (!frame_with_phantom(answer->body,
                                prng_once_in(&layer->prng, 2) ? "\"bids\":" : "\"asks\":", &text)) {
            return false;
        }
        answer->body = frame_bytes(&text);
        return true;
    case FAULT_REST_LATE:
        answer->delay_ns = REST_DELAY_NS;
        return true;
    case FAULT_REST_FAIL:
        answer_with(answer, 503, sorry);
        return true;
    default: /* FAULT_REST_STALE */
        answer->body = (struct arb_bytes){ state->body, state->body_len };
        return state->body_len > 0;
    }
}

/* Whether this fault happens to answers of this sort. */
static bool is_of_answers(const struct fault *fault, bool is_of_catalogs)
{
    switch ((enum fault_kind)fault->kind) {
    case FAULT_CATALOG_EMPTY:
    case FAULT_CATALOG_LACKS:
        return is_of_catalogs;
    case FAULT_REST_LATE:
    case FAULT_REST_STALE:
    case FAULT_REST_FAIL:
    case FAULT_PHANTOM:
        return !is_of_catalogs;
    default:
        return false;
    }
}

/* True when an armed fault took the answer. */
static bool strike_answer(struct fault_layer *layer, uint32_t venue, uint32_t instrument,
                          struct fault_answer *answer)
{
    const bool is_of_catalogs = instrument == ARB_NO_INSTRUMENT;

    for (uint32_t i = 0; i < layer->n_armed; i++) {
        struct fault fault = layer->armed[i];
        struct fault_answer spoiled = *answer;
        if (!is_of_answers(&fault, is_of_catalogs) || !fault_is_about(&fault, venue, instrument)) {
            continue;
        }
        if (!is_of_catalogs) {
            fault.instrument = instrument;
        }
        struct subject *const state = is_of_catalogs ? NULL : subject_of(layer, venue, instrument);
        if (spoil(layer, &fault, state, &spoiled)) {
            *answer = spoiled;
            (void)fault_take_armed(layer, i);
            fault_say_applied(layer, &fault);
            return true;
        }
    }
    return false;
}

void fault_answer(struct fault_layer *layer, uint32_t venue, const char *path,
                  struct fault_answer *answer)
{
    const uint32_t instrument = market_in(layer, path);

    if (layer->rest_until_ns[venue] > layer->now_ns) {
        answer_outage(layer, venue, answer);
        return;
    }
    if (instrument == ARB_NO_INSTRUMENT && !is_catalog(path)) {
        return;
    }
    if (!strike_answer(layer, venue, instrument, answer) && instrument != ARB_NO_INSTRUMENT) {
        /* Without memory there is no older answer. */
        (void)remember_body(subject_of(layer, venue, instrument), answer->body);
    }
}
