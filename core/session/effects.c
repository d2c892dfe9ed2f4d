#include "session/effects.h"

#include <stdlib.h>
#include <string.h>

#include "util/log.h"

static struct effects *effects_of(struct arb_host *host)
{
    return (struct effects *)(void *)host; /* `host` is the first member */
}

static int broken(struct effects *effects, int rc, const char *rule)
{
    if (effects->broken == NULL) {
        effects->broken = rule;
    }
    return rc;
}

static size_t aligned(size_t len)
{
    return (len + 7) & ~(size_t)7;
}

/* Room for a record with `extra` bytes behind it, which `*behind` gets; NULL when it is full. */
static struct effect *record(struct effects *effects, enum effect_kind kind, uint32_t id,
                             size_t extra, char **behind)
{
    const size_t len = sizeof(struct effect) + aligned(extra);

    if (len > EFFECTS_BYTES_MAX - effects->len) {
        (void)broken(effects, ARB_ELIMIT, "one callback asked for more than the arena holds");
        return NULL;
    }
    struct effect *const effect = (struct effect *)(void *)(effects->arena + effects->len);
    effect->kind = (uint32_t)kind;
    effect->len = (uint32_t)len;
    effect->id = id;
    effect->value = 0;
    effect->text = (struct arb_bytes){ "", 0 };
    effects->len += len;
    *behind = (char *)(effect + 1);
    return effect;
}

static struct effect *record_text(struct effects *effects, enum effect_kind kind, uint32_t id,
                                  const char *text, size_t len)
{
    char *behind;
    struct effect *const effect = record(effects, kind, id, len + 1, &behind);

    if (effect != NULL) {
        memcpy(behind, text, len);
        behind[len] = '\0';
        effect->text = (struct arb_bytes){ behind, len };
    }
    return effect;
}

static int on_text(struct effects *effects, enum effect_kind kind, uint32_t id, uint32_t value,
                   const char *text)
{
    struct effect *const effect =
        record_text(effects, kind, id, text == NULL ? "" : text, text == NULL ? 0 : strlen(text));
    if (effect == NULL) {
        return ARB_ELIMIT;
    }
    effect->value = value;
    return ARB_OK;
}

static void host_log(struct arb_host *host, enum arb_log_level level, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    log_vline(level, effects_of(host)->who, fmt, args);
    va_end(args);
}

static int host_timer_set(struct arb_host *host, uint32_t timer, uint32_t delay_ms)
{
    struct effects *const effects = effects_of(host);
    if (timer >= ARB_TIMERS_MAX) {
        return broken(effects, ARB_EINVAL, "timer_set: the timer must be below ARB_TIMERS_MAX");
    }
    return on_text(effects, EFFECT_TIMER, timer, delay_ms, NULL);
}

static int host_declare(struct arb_host *host, const struct arb_capabilities *caps)
{
    struct effects *const effects = effects_of(host);
    char *behind;

    if (caps == NULL || caps->size < sizeof(*caps) || caps->loss_detection < ARB_LOSS_CHECKSUM ||
        caps->loss_detection > ARB_LOSS_STATELESS || caps->snapshot_source < ARB_SNAPSHOT_STREAM ||
        caps->snapshot_source > ARB_SNAPSHOT_EACH ||
        caps->unknown_delete < ARB_UNKNOWN_DELETE_IGNORE ||
        caps->unknown_delete > ARB_UNKNOWN_DELETE_DESYNC ||
        caps->liveness < ARB_LIVENESS_SERVER_HEARTBEAT || caps->liveness > ARB_LIVENESS_TRANSPORT) {
        return broken(effects, ARB_EINVAL, "declare: size or a choice is not set");
    }
    struct effect *const effect = record(effects, EFFECT_DECLARE, 0, 0, &behind);
    if (effect == NULL) {
        return ARB_ELIMIT;
    }
    effect->caps = *caps;
    return ARB_OK;
}

static int host_ws_open(struct arb_host *host, uint32_t conn, const struct arb_ws_spec *spec)
{
    struct effects *const effects = effects_of(host);

    if (conn >= ARB_CONNS_MAX) {
        return broken(effects, ARB_EINVAL, "ws_open: the connection must be below ARB_CONNS_MAX");
    }
    if (spec == NULL || spec->size < sizeof(*spec) || spec->url == NULL) {
        return broken(effects, ARB_EINVAL, "ws_open: size or url is not set");
    }
    struct effect *const effect =
        record_text(effects, EFFECT_WS_OPEN, conn, spec->url, strlen(spec->url));
    if (effect == NULL) {
        return ARB_ELIMIT;
    }
    effect->ws = *spec;
    effect->ws.url = effect->text.data;
    effects->opened |= UINT64_C(1) << conn;
    return ARB_OK;
}

static int check_conn(struct effects *effects, uint32_t conn)
{
    const uint64_t known = effects->declared | effects->opened;
    if (conn >= ARB_CONNS_MAX || (known >> conn & 1) == 0) {
        return broken(effects, ARB_EINVAL, "a connection that ws_open() did not declare");
    }
    return ARB_OK;
}

static int host_ws_send(struct arb_host *host, uint32_t conn, const char *text, size_t len)
{
    struct effects *const effects = effects_of(host);
    const int rc = check_conn(effects, conn);
    if (rc != ARB_OK) {
        return rc;
    }
    if (text == NULL || len >= EFFECTS_BYTES_MAX) {
        return broken(effects, ARB_EINVAL, "ws_send: no text, or too much");
    }
    return record_text(effects, EFFECT_WS_SEND, conn, text, len) == NULL ? ARB_ELIMIT : ARB_OK;
}

static int host_ws_close(struct arb_host *host, uint32_t conn, const char *why)
{
    struct effects *const effects = effects_of(host);
    const int rc = check_conn(effects, conn);
    return rc != ARB_OK ? rc : on_text(effects, EFFECT_WS_CLOSE, conn, 0, why);
}

static int host_ws_renew(struct arb_host *host, uint32_t conn, const char *why)
{
    struct effects *const effects = effects_of(host);
    const int rc = check_conn(effects, conn);
    return rc != ARB_OK ? rc : on_text(effects, EFFECT_WS_RENEW, conn, 0, why);
}

static int host_http_get(struct arb_host *host, uint32_t request, const char *url)
{
    struct effects *const effects = effects_of(host);
    if (url == NULL) {
        return broken(effects, ARB_EINVAL, "http_get: no url");
    }
    if (request >= ARB_REQUESTS_MAX) {
        return broken(effects, ARB_EINVAL, "http_get: the request must be below ARB_REQUESTS_MAX");
    }
    return on_text(effects, EFFECT_HTTP_GET, request, 0, url);
}

static bool is_name(const char *name)
{
    return name != NULL && name[0] != '\0' && strlen(name) < ARB_SYMBOL_MAX;
}

static int host_listing(struct arb_host *host, const struct arb_listing *listing)
{
    struct effects *const effects = effects_of(host);
    char *behind;

    if (listing == NULL || listing->size < sizeof(*listing) || !is_name(listing->symbol) ||
        !is_name(listing->venue_symbol) || listing->trading < ARB_TRADING_OPEN ||
        listing->trading > ARB_TRADING_HALTED) {
        return broken(effects, ARB_EINVAL, "listing: size, symbol or trading is not acceptable");
    }
    const size_t symbol_len = strlen(listing->symbol) + 1;
    const size_t venue_len = strlen(listing->venue_symbol) + 1;
    struct effect *const effect =
        record(effects, EFFECT_LISTING, 0, symbol_len + venue_len, &behind);
    if (effect == NULL) {
        return ARB_ELIMIT;
    }
    effect->listing = *listing;
    effect->listing.symbol = memcpy(behind, listing->symbol, symbol_len);
    effect->listing.venue_symbol = memcpy(behind + symbol_len, listing->venue_symbol, venue_len);
    return ARB_OK;
}

static int host_catalog_end(struct arb_host *host)
{
    return on_text(effects_of(host), EFFECT_CATALOG_END, 0, 0, NULL);
}

static int check_instrument(struct effects *effects, uint32_t instrument)
{
    if (instrument >= effects->n_instruments) {
        return broken(effects, ARB_EINVAL, "an instrument that add_instruments() did not name");
    }
    return ARB_OK;
}

static int host_bind(struct arb_host *host, uint32_t instrument, uint32_t conn)
{
    struct effects *const effects = effects_of(host);
    int rc = check_instrument(effects, instrument);
    if (rc == ARB_OK) {
        rc = check_conn(effects, conn);
    }
    return rc != ARB_OK ? rc : on_text(effects, EFFECT_BIND, instrument, conn, NULL);
}

static const char *side_rule(const struct arb_level *levels, uint32_t n, uint32_t kind)
{
    if (n > ARB_EVENT_LEVELS_MAX) {
        return "book: more than ARB_EVENT_LEVELS_MAX levels";
    }
    if (n > 0 && levels == NULL) {
        return "book: levels are missing";
    }
    for (uint32_t i = 0; i < n; i++) {
        if (levels[i].px <= 0 || levels[i].qty < 0) {
            return "book: a price must be positive and a quantity not negative";
        }
    }
    return kind == ARB_BOOK_SNAPSHOT || kind == ARB_BOOK_DELTA ? NULL : "book: kind is not set";
}

static const char *book_rule(const struct arb_book_event *event)
{
    if (event == NULL || event->size < sizeof(*event)) {
        return "book: size is not set";
    }
    const char *const rule = side_rule(event->bids, event->n_bids, event->kind);
    return rule != NULL ? rule : side_rule(event->asks, event->n_asks, event->kind);
}

static void copy_levels(struct arb_level *to, const struct arb_level *from, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) { /* mostly one or two: cheaper than a call */
        to[i] = from[i];
    }
}

static int host_book(struct arb_host *host, const struct arb_book_event *event)
{
    struct effects *const effects = effects_of(host);
    const char *const rule = book_rule(event);
    char *behind;

    if (rule != NULL) {
        return broken(effects, ARB_EINVAL, rule);
    }
    if (event->has_checksum && !effects->can_check) {
        return broken(effects, ARB_EINVAL, "book: has_checksum, but the plugin has no checksum()");
    }
    const int rc = check_instrument(effects, event->instrument);
    if (rc != ARB_OK) {
        return rc;
    }
    const size_t n = (size_t)event->n_bids + event->n_asks;
    struct effect *const effect =
        record(effects, EFFECT_BOOK, event->instrument, n * sizeof(struct arb_level), &behind);
    if (effect == NULL) {
        return ARB_ELIMIT;
    }
    struct arb_level *const levels = (struct arb_level *)(void *)behind;
    copy_levels(levels, event->bids, event->n_bids);
    copy_levels(levels + event->n_bids, event->asks, event->n_asks);
    effect->book = *event;
    effect->book.bids = levels;
    effect->book.asks = levels + event->n_bids;
    return ARB_OK;
}

static int host_resync(struct arb_host *host, uint32_t instrument, const char *why)
{
    struct effects *const effects = effects_of(host);
    const int rc = check_instrument(effects, instrument);
    return rc != ARB_OK ? rc : on_text(effects, EFFECT_RESYNC, instrument, 0, why);
}

static int host_refused(struct arb_host *host, uint32_t instrument, const char *why)
{
    struct effects *const effects = effects_of(host);
    const int rc = check_instrument(effects, instrument);
    return rc != ARB_OK ? rc : on_text(effects, EFFECT_REFUSED, instrument, 0, why);
}

static int host_trading(struct arb_host *host, uint32_t instrument, uint32_t trading,
                        const char *text)
{
    struct effects *const effects = effects_of(host);

    if (trading < ARB_TRADING_OPEN || trading > ARB_TRADING_HALTED) {
        return broken(effects, ARB_EINVAL, "trading: not one of enum arb_trading");
    }
    const int rc =
        instrument == ARB_ALL_INSTRUMENTS ? ARB_OK : check_instrument(effects, instrument);
    return rc != ARB_OK ? rc : on_text(effects, EFFECT_TRADING, instrument, trading, text);
}

static int host_opportunity(struct arb_host *host, const struct arb_opportunity *opportunity)
{
    (void)opportunity;
    return broken(effects_of(host), ARB_ENOTSUP, "an exchange plugin publishes no opportunities");
}

/* The only call that answers: nothing is recorded. */
static int host_book_view(struct arb_host *host, uint32_t instrument, struct arb_book *view)
{
    struct effects *const effects = effects_of(host);
    const int rc = check_instrument(effects, instrument);

    if (rc != ARB_OK) {
        return rc;
    }
    if (effects->view == NULL) {
        return ARB_ENOTSUP;
    }
    *view = effects->view(effects->view_context, instrument);
    return ARB_OK;
}

void effects_begin(struct effects *effects, int64_t now_ns)
{
    effects->len = 0;
    effects->broken = NULL;
    effects->opened = 0;
    effects->host.now_ns = now_ns;
}

void effects_accept(struct effects *effects)
{
    effects->declared |= effects->opened;
}

const struct effect *effects_first(const struct effects *effects)
{
    return effects->len == 0 ? NULL : (const struct effect *)(const void *)effects->arena;
}

const struct effect *effects_next(const struct effects *effects, const struct effect *effect)
{
    const char *const next = (const char *)effect + effect->len;
    return next == effects->arena + effects->len ? NULL : (const struct effect *)(const void *)next;
}

static const struct arb_host_ops host_ops = {
    .size = (uint32_t)sizeof(struct arb_host_ops),
    .log = host_log,
    .timer_set = host_timer_set,
    .declare = host_declare,
    .ws_open = host_ws_open,
    .ws_send = host_ws_send,
    .ws_close = host_ws_close,
    .ws_renew = host_ws_renew,
    .http_get = host_http_get,
    .listing = host_listing,
    .catalog_end = host_catalog_end,
    .bind = host_bind,
    .book = host_book,
    .resync = host_resync,
    .refused = host_refused,
    .trading = host_trading,
    .opportunity = host_opportunity,
    .book_view = host_book_view,
};

int effects_init(struct effects *effects, const char *who)
{
    *effects = (struct effects){ .host = { .ops = &host_ops }, .who = who };
    effects->arena = malloc(EFFECTS_BYTES_MAX); /* pages are touched as they are needed */
    return effects->arena == NULL ? ARB_ENOMEM : ARB_OK;
}

void effects_fini(struct effects *effects)
{
    free(effects->arena);
    effects->arena = NULL;
}
