#include "kafka/gate.h"

#include "kafka/refusal.h"
#include "util/clock.h"

bool gate_lets(struct gate *gate, int64_t mono_ns)
{
    if (!gate->is_shut) {
        return true;
    }
    if (mono_ns < gate->next_ns) {
        return false;
    }
    gate->is_tried = true;
    gate->next_ns = mono_ns + GATE_TRIAL_MS * NS_PER_MS;
    return true;
}

void gate_refused(struct gate *gate, rd_kafka_resp_err_t code, int64_t mono_ns)
{
    const struct refusal refusal = { .act = REFUSED_WRITE, .code = code, .topic = gate->topic };
    char text[REFUSAL_MAX];

    gate->is_shut = true;
    gate->is_tried = false;
    gate->next_ns = mono_ns + GATE_RETRY_MS * NS_PER_MS;
    log_limited(&gate->limit, mono_ns, ARB_ERROR, gate->who,
                "topic %s takes no messages: %s; trying again every %d s", gate->topic,
                refusal_text(text, &refusal), GATE_RETRY_MS / 1000);
}

void gate_try(struct gate *gate, int64_t mono_ns)
{
    gate->is_shut = true;
    gate->is_tried = false;
    gate->next_ns = mono_ns;
}

bool gate_delivered(struct gate *gate)
{
    if (!gate->is_shut || !gate->is_tried) {
        return false;
    }
    gate->is_shut = false;
    gate->is_tried = false;
    return true;
}
