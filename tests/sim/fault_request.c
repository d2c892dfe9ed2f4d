/* What becomes of clients' requests: refused for their rate, at Kraken. */
#include <string.h>

#include "fault_internal.h"
#include "frame.h"
#include "kraken_frames.h"

static const char *symbol_at(const struct kraken_request *request, int i)
{
    return cJSON_GetStringValue(cJSON_GetArrayItem(request->symbols, i));
}

static uint32_t requested(const struct fault_layer *layer, const struct kraken_request *request,
                          int i)
{
    const char *const symbol = symbol_at(request, i);
    return symbol == NULL ? ARB_NO_INSTRUMENT
                          : arb_symbol_find(&layer->config.instruments->by_symbol,
                                            (struct arb_bytes){ symbol, strlen(symbol) });
}

/* Whether the request is one that this fault refuses. */
static bool is_refused(const struct fault_layer *layer, const struct fault *fault,
                       const struct kraken_request *request)
{
    if (fault->kind == FAULT_RATE_REQUEST) {
        return request->method == KRAKEN_SUBSCRIBE || request->method == KRAKEN_UNSUBSCRIBE;
    }
    if (fault->kind != FAULT_RATE_PAIR || request->method != KRAKEN_SUBSCRIBE) {
        return false;
    }
    for (int i = 0; i < cJSON_GetArraySize(request->symbols); i++) {
        const uint32_t instrument = requested(layer, request, i);
        if (instrument != ARB_NO_INSTRUMENT && fault_is_about(fault, fault->venue, instrument)) {
            return true;
        }
    }
    return false;
}

static void say_made_up(struct fault_layer *layer, const struct fault *fault, uint32_t client,
                        const struct arb_text *text)
{
    fault_pass(layer, fault->venue, client, frame_bytes(text),
               (struct fault_mark){ 0, FAULT_MADE_UP, 0 });
}

/* Over its rate the venue says so of each pair, or of the message as a whole: the text of the
 * latter is in nautilus' consts.rs, citing docs.kraken.com/api/docs/guides/spot-ratelimits. */
static void refuse_for_rate(struct fault_layer *layer, struct fault *fault, uint32_t client,
                            const struct kraken_request *request)
{
    struct arb_text text = fault_new_text(layer, FAULT_NOTICE_MAX);

    if (fault->kind == FAULT_RATE_REQUEST) {
        frame_puts(&text, "{\"Error\":\"Exceeded msg rate\"}");
        say_made_up(layer, fault, client, &text);
        return;
    }
    const int n = cJSON_GetArraySize(request->symbols);
    for (int i = 0; i < n; i++) {
        if (requested(layer, request, i) == ARB_NO_INSTRUMENT) {
            continue; /* what nobody trades is of no interest here */
        }
        text = fault_new_text(layer, FAULT_NOTICE_MAX);
        kraken_put_error(&text, request, symbol_at(request, i), "Exceeded msg rate", layer->now_ns);
        say_made_up(layer, fault, client, &text);
    }
    fault->instrument = n == 1 ? requested(layer, request, 0) : ARB_NO_INSTRUMENT;
}

bool fault_request(struct fault_layer *layer, uint32_t venue, uint32_t client,
                   struct arb_bytes text)
{
    struct kraken_request request;
    bool is_carried_out = true;

    if (!fault_is_kraken(layer, venue) || layer->n_armed == 0 ||
        kraken_request_parse(&request, text) != ARB_OK) {
        return true;
    }
    for (uint32_t i = 0; i < layer->n_armed && is_carried_out; i++) {
        if (layer->armed[i].venue == venue && is_refused(layer, &layer->armed[i], &request)) {
            struct fault fault = fault_take_armed(layer, i);
            is_carried_out = false;
            refuse_for_rate(layer, &fault, client, &request);
            fault_say_applied(layer, &fault);
        }
    }
    kraken_request_fini(&request);
    return is_carried_out;
}
