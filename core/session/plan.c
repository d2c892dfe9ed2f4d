#include "session/plan.h"

#include <stdbool.h>

enum {
    DEFAULT_QUIET_MS = 3000,
    DEFAULT_IDLE_MS = 30000,
    DEFAULT_HEARTBEAT_WAIT_MS = 10000,
    DEFAULT_ANSWER_MS = 5000,
    DEFAULT_HTTP_AT_ONCE = 4,
    DEFAULT_CATALOG_AGE_MS = 86400000,
};

/* What is shorter is no venue's, and keeps a host busy; mostly seconds were written down. */
enum {
    LEAST_PAUSE_MS = 100,
    LEAST_ANSWER_MS = 10,
    LEAST_CATALOG_AGE_MS = 1000,
    HTTP_AT_ONCE_MAX = 64,
};

void plan_set_defaults(struct arb_plan *plan)
{
    *plan = (struct arb_plan){
        .size = (uint32_t)sizeof(*plan),
        .quiet_ms = DEFAULT_QUIET_MS,
        .channels = 1,
        .idle_ms = DEFAULT_IDLE_MS,
        .heartbeat_wait_ms = DEFAULT_HEARTBEAT_WAIT_MS,
        .books_per_request = 1,
        .answer_ms = DEFAULT_ANSWER_MS,
        .http_at_once = DEFAULT_HTTP_AT_ONCE,
        .catalog_age_ms = DEFAULT_CATALOG_AGE_MS,
    };
}

static bool is_within(uint32_t value, uint32_t first, uint32_t last)
{
    return value >= first && value <= last;
}

/* Members that are one of an enum's values. */
static const char *choice_rule(const struct arb_plan *plan)
{
    if (!is_within(plan->loss_detection, ARB_LOSS_CHECKSUM, ARB_LOSS_CONNECTION)) {
        return "plan.loss_detection is an enum arb_loss_detection";
    }
    if (!is_within(plan->snapshot_source, ARB_SNAPSHOT_STREAM, ARB_SNAPSHOT_EACH)) {
        return "plan.snapshot_source is an enum arb_snapshot_source";
    }
    if (plan->unknown_delete > ARB_UNKNOWN_DELETE_DESYNC) {
        return "plan.unknown_delete is an enum arb_unknown_delete";
    }
    if (plan->liveness > ARB_LIVENESS_CLIENT_HEARTBEAT) {
        return "plan.liveness is an enum arb_liveness";
    }
    if (plan->time_order > ARB_TIME_NOT_BACK) {
        return "plan.time_order is an enum arb_time_order";
    }
    if (plan->resubscribe > ARB_RESUBSCRIBE_AT_ONCE) {
        return "plan.resubscribe is an enum arb_resubscribe";
    }
    if (plan->catalog > ARB_CATALOG_STREAM) {
        return "plan.catalog is an enum arb_catalog_source";
    }
    return plan->packing > ARB_PACKING_DEFLATE ? "plan.packing is an enum arb_packing" : NULL;
}

/* Events that are whole books do not follow each other: what is to show a loss has to suit that. */
static const char *whole_rule(const struct arb_plan *plan)
{
    const bool is_each = plan->snapshot_source == ARB_SNAPSHOT_EACH;

    if (is_each &&
        (plan->loss_detection == ARB_LOSS_SEQUENCE || plan->loss_detection == ARB_LOSS_CHAIN)) {
        return "with ARB_SNAPSHOT_EACH no event follows the one before it: plan.loss_detection is "
               "ARB_LOSS_STATELESS, or ARB_LOSS_CHECKSUM or ARB_LOSS_NONE";
    }
    if (!is_each && plan->loss_detection == ARB_LOSS_STATELESS) {
        return "with ARB_LOSS_STATELESS every event is a whole book: plan.snapshot_source is "
               "ARB_SNAPSHOT_EACH";
    }
    return NULL;
}

static const char *book_rule(const struct arb_plan *plan, const struct arb_exchange_ops *ops)
{
    if (plan->snapshot_source == ARB_SNAPSHOT_HTTP &&
        !is_within(plan->seam, ARB_SEAM_SEQUENCE, ARB_SEAM_TIME)) {
        return "plan.seam is set when snapshots come by HTTP";
    }
    if (plan->seam > ARB_SEAM_TIME) {
        return "plan.seam is an enum arb_seam";
    }
    if (plan->depth > ARB_EVENT_LEVELS_MAX) {
        return "plan.depth is at most ARB_EVENT_LEVELS_MAX";
    }
    if (plan->seed_levels > ARB_EVENT_LEVELS_MAX) {
        return "plan.seed_levels is at most ARB_EVENT_LEVELS_MAX";
    }
    if (plan->seed_levels > 0 && plan->snapshot_source != ARB_SNAPSHOT_HTTP) {
        return "plan.seed_levels is of snapshots that come by HTTP";
    }
    if (plan->checksum_levels > (plan->depth == 0 ? ARB_EVENT_LEVELS_MAX : plan->depth)) {
        return "plan.checksum_levels is at most the depth";
    }
    if (plan->loss_detection == ARB_LOSS_CHECKSUM && plan->checksum_levels == 0) {
        return "plan.checksum_levels says what a checksum covers";
    }
    if (plan->loss_detection == ARB_LOSS_CONNECTION &&
        plan->snapshot_source != ARB_SNAPSHOT_STREAM) {
        return "a connection's numbers prove books whose snapshots are in the stream";
    }
    if (plan->checksum_levels > 0 && ops->checksum == NULL) {
        return "a plan with checksum_levels has the callback checksum()";
    }
    return whole_rule(plan);
}

static bool is_too_short(uint32_t ms)
{
    return ms > 0 && ms < LEAST_PAUSE_MS;
}

static const char *pause_rule(const struct arb_plan *plan)
{
    if (plan->idle_ms < LEAST_PAUSE_MS) {
        return "plan.idle_ms is at least 100: it is in milliseconds";
    }
    if (is_too_short(plan->heartbeat_ms)) {
        return "plan.heartbeat_ms is 0 or at least 100: it is in milliseconds";
    }
    if (is_too_short(plan->beat_ms)) {
        return "plan.beat_ms is 0 or at least 100: it is in milliseconds";
    }
    if (plan->heartbeat_ms > 0 && plan->heartbeat_wait_ms < LEAST_ANSWER_MS) {
        return "plan.heartbeat_wait_ms is at least 10 where there are heartbeats: it is in "
               "milliseconds";
    }
    return NULL;
}

/* Who waits for what comes less often than it gives up waits in vain. */
static const char *patience_rule(const struct arb_plan *plan)
{
    if (plan->beat_ms >= plan->idle_ms) {
        return "plan.beat_ms is below plan.idle_ms: else a connection is given up before what it "
               "brings is overdue";
    }
    if (plan->liveness == ARB_LIVENESS_CLIENT_HEARTBEAT && plan->heartbeat_ms >= plan->idle_ms) {
        return "plan.heartbeat_ms is below plan.idle_ms where the answers to heartbeats prove "
               "life: else a connection is given up before one is asked for";
    }
    return NULL;
}

static const char *conn_rule(const struct arb_plan *plan)
{
    if (!is_within(plan->channels, 1, ARB_CHANNELS_MAX)) {
        return "plan.channels is 1 to ARB_CHANNELS_MAX";
    }
    if (plan->liveness == ARB_LIVENESS_CLIENT_HEARTBEAT && plan->heartbeat_ms == 0) {
        return "plan.heartbeat_ms is set when the liveness is that of a client's heartbeat";
    }
    const char *const rule = pause_rule(plan);
    return rule == NULL ? patience_rule(plan) : rule;
}

static bool needs_answers(const struct arb_plan *plan)
{
    return plan->snapshot_source == ARB_SNAPSHOT_HTTP || plan->catalog == ARB_CATALOG_HTTP ||
           plan->needs_token;
}

static const char *request_rule(const struct arb_plan *plan, const struct arb_exchange_ops *ops)
{
    if (!is_within(plan->books_per_request, 1, ARB_INSTRUMENTS_MAX)) {
        return "plan.books_per_request is 1 to ARB_INSTRUMENTS_MAX";
    }
    if (plan->answer_ms < LEAST_ANSWER_MS) {
        return "plan.answer_ms is at least 10: it is in milliseconds";
    }
    if (plan->catalog != ARB_CATALOG_NONE && plan->catalog_age_ms < LEAST_CATALOG_AGE_MS) {
        return "plan.catalog_age_ms is at least 1000 where there is a catalog: it is in "
               "milliseconds";
    }
    if (plan->is_listed_only && plan->catalog == ARB_CATALOG_NONE) {
        return "a plan with is_listed_only has a catalog";
    }
    if (needs_answers(plan) && plan->http_at_once == 0) {
        return "plan.http_at_once is above 0 where something comes by HTTP";
    }
    if (plan->http_at_once > HTTP_AT_ONCE_MAX) {
        return "plan.http_at_once is at most 64";
    }
    if (needs_answers(plan) && ops->on_answer == NULL) {
        return "a plan with a catalog, snapshots or a token by HTTP has the callback on_answer()";
    }
    return NULL;
}

const char *plan_rule(const struct arb_plan *plan, const struct arb_exchange_ops *ops)
{
    const char *rule = choice_rule(plan);

    if (rule == NULL) {
        rule = book_rule(plan, ops);
    }
    if (rule == NULL) {
        rule = conn_rule(plan);
    }
    return rule == NULL ? request_rule(plan, ops) : rule;
}
