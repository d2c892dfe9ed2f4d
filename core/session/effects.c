#include "session/effects.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "plugin/abi_sizes.h"

static struct effects *effects_of(struct arb_host *host)
{
    return (struct effects *)(void *)host; /* `host` is the first member */
}

const char effects_intrusion[] = "it called the host, which only callbacks that get it may do";

static const char init_only[] = "in init() a plugin may only log and set timers";
static const char nowhere[] = "no callback: in a thread or a handler of its own";

/* Whose address tells the threads apart. */
static _Thread_local char this_thread;

/* Whether the callback in hand gets the host, and this is its thread; else it is noted. */
static bool is_taken(struct effects *effects)
{
    const char *const shut = effects->shut;
    const bool is_elsewhere = effects->thread != &this_thread;

    if (shut == NULL && !is_elsewhere) {
        return true;
    }
    atomic_store_explicit(&effects->intruder, is_elsewhere ? nowhere : shut, memory_order_relaxed);
    return false;
}

static int broken(struct effects *effects, int rc, const char *rule)
{
    if (effects->broken == NULL) {
        effects->broken = rule;
    }
    return rc;
}

/* Of a call other than log and timers: those alone are for init(), too. */
static bool is_refused(struct effects *effects)
{
    if (!is_taken(effects)) {
        return true;
    }
    if (effects->is_limited) {
        (void)broken(effects, ARB_EINVAL, init_only);
    }
    return effects->is_limited;
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

static struct effect *record_bytes(struct effects *effects, enum effect_kind kind, uint32_t id,
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

static struct effect *record_text(struct effects *effects, enum effect_kind kind, uint32_t id,
                                  const char *text)
{
    return record_bytes(effects, kind, id, text == NULL ? "" : text,
                        text == NULL ? 0 : strlen(text));
}

static int on_text(struct effects *effects, enum effect_kind kind, uint32_t id, uint32_t value,
                   const char *text)
{
    struct effect *const effect = record_text(effects, kind, id, text);

    if (effect == NULL) {
        return ARB_ELIMIT;
    }
    effect->value = value;
    effect->channel = 0;
    return ARB_OK;
}

static void host_log(struct arb_host *host, enum arb_log_level level, const char *fmt, ...)
{
    va_list args;

    if (!is_taken(effects_of(host))) {
        return;
    }
    va_start(args, fmt);
    repeats_log(&effects_of(host)->repeats, host->mono_ns, level, effects_of(host)->who, fmt, args);
    va_end(args);
}

static int host_timer_set(struct arb_host *host, uint32_t timer, uint32_t delay_ms)
{
    struct effects *const effects = effects_of(host);

    if (!is_taken(effects)) {
        return ARB_EINVAL;
    }
    if (timer >= ARB_TIMERS_MAX) {
        return broken(effects, ARB_EINVAL, "timer_set: the timer must be below ARB_TIMERS_MAX");
    }
    if (!effects->can_time) {
        return broken(effects, ARB_EINVAL, "timer_set: the plugin has no on_timer()");
    }
    return on_text(effects, EFFECT_TIMER, timer, delay_ms, NULL);
}

static int check_instrument(struct effects *effects, uint32_t instrument)
{
    if (instrument >= effects->n_instruments) {
        return broken(effects, ARB_EINVAL,
                      "an instrument that is none of env->instruments: "
                      "arb_instrument_find() tells its index");
    }
    return ARB_OK;
}

static int check_conn(struct effects *effects, uint32_t conn)
{
    if (conn >= effects->n_conns) {
        return broken(effects, ARB_EINVAL, "a connection that there is not");
    }
    return ARB_OK;
}

static bool is_outcome(uint32_t outcome)
{
    return outcome >= ARB_SUBSCRIBED && outcome <= ARB_REFUSED;
}

static int host_answered(struct arb_host *host, uint32_t instrument, uint32_t channel,
                         uint32_t outcome, const char *why)
{
    struct effects *const effects = effects_of(host);

    if (is_refused(effects)) {
        return ARB_EINVAL;
    }
    const int rc = instrument == ARB_NO_INSTRUMENT ? ARB_OK : check_instrument(effects, instrument);

    if (rc != ARB_OK) {
        return rc;
    }
    if (channel >= effects->n_channels || !is_outcome(outcome)) {
        return broken(effects, ARB_EINVAL,
                      "answered: a channel that is not below plan.channels, or no "
                      "outcome");
    }
    struct effect *const effect = record_text(effects, EFFECT_ANSWERED, instrument, why);
    if (effect == NULL) {
        return ARB_ELIMIT;
    }
    effect->value = outcome;
    effect->channel = channel;
    return ARB_OK;
}

static int host_answered_ask(struct arb_host *host, uint32_t number, uint32_t outcome,
                             const char *why)
{
    struct effects *const effects = effects_of(host);

    if (is_refused(effects)) {
        return ARB_EINVAL;
    }
    if (!is_outcome(outcome)) {
        return broken(effects, ARB_EINVAL, "answered: not one of enum arb_outcome");
    }
    return on_text(effects, EFFECT_ANSWERED_ASK, number, outcome, why);
}

static bool is_name(const char *name)
{
    return name != NULL && name[0] != '\0' && strlen(name) < ARB_SYMBOL_MAX;
}

static bool is_trading(uint32_t trading)
{
    return trading >= ARB_TRADING_OPEN && trading <= ARB_TRADING_HALTED;
}

static bool are_terms(const struct arb_order_terms *terms)
{
    const struct arb_decimal all[] = { terms->tick, terms->lot, terms->min_qty,
                                       terms->min_notional };

    for (size_t i = 0; i < sizeof(all) / sizeof(*all); i++) {
        if (all[i].units < 0 || all[i].scale > ARB_SCALE_MAX) {
            return false;
        }
    }
    return true;
}

static int host_listing(struct arb_host *host, const struct arb_listing *listing)
{
    struct effects *const effects = effects_of(host);

    if (is_refused(effects)) {
        return ARB_EINVAL;
    }
    struct arb_listing row = { .px_digits = ARB_DIGITS_UNKNOWN, .qty_digits = ARB_DIGITS_UNKNOWN };
    char *behind;

    if (listing == NULL || listing->size < ABI_LEAST_LISTING) {
        return broken(effects, ARB_EINVAL, "listing: size is not set");
    }
    abi_copy(&row, sizeof(row), listing, listing->size);
    if (!is_name(row.symbol) || !is_name(row.venue_symbol) || !is_trading(row.trading)) {
        return broken(effects, ARB_EINVAL, "listing: a symbol or trading is not acceptable");
    }
    if (!are_terms(&row.terms)) {
        return broken(effects, ARB_EINVAL, "listing: terms are decimals from 0 on");
    }
    const size_t symbol_len = strlen(row.symbol) + 1;
    const size_t venue_len = strlen(row.venue_symbol) + 1;
    struct effect *const effect =
        record(effects, EFFECT_LISTING, 0, symbol_len + venue_len, &behind);
    if (effect == NULL) {
        return ARB_ELIMIT;
    }
    effect->listing = row;
    effect->listing.symbol = memcpy(behind, row.symbol, symbol_len);
    effect->listing.venue_symbol = memcpy(behind + symbol_len, row.venue_symbol, venue_len);
    return ARB_OK;
}

static int host_catalog_end(struct arb_host *host)
{
    struct effects *const effects = effects_of(host);

    if (is_refused(effects)) {
        return ARB_EINVAL;
    }
    return on_text(effects, EFFECT_CATALOG_END, 0, 0, NULL);
}

static int host_trading(struct arb_host *host, uint32_t instrument, uint32_t trading,
                        const char *text)
{
    struct effects *const effects = effects_of(host);

    if (is_refused(effects)) {
        return ARB_EINVAL;
    }
    if (!is_trading(trading)) {
        return broken(effects, ARB_EINVAL, "trading: not one of enum arb_trading");
    }
    const int rc =
        instrument == ARB_ALL_INSTRUMENTS ? ARB_OK : check_instrument(effects, instrument);
    return rc != ARB_OK ? rc : on_text(effects, EFFECT_TRADING, instrument, trading, text);
}

static bool are_legal(const struct arb_level *levels, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        if (levels[i].px <= 0 || levels[i].qty < 0) {
            return false;
        }
    }
    return true;
}

static const char *book_rule(const struct arb_book_event *event)
{
    if (event->kind < ARB_BOOK_SNAPSHOT || event->kind > ARB_BOOK_TOP) {
        return "book: kind is not set";
    }
    if (event->n_bids > ARB_EVENT_LEVELS_MAX || event->n_asks > ARB_EVENT_LEVELS_MAX) {
        return "book: more than ARB_EVENT_LEVELS_MAX levels a side";
    }
    if ((event->n_bids > 0 && event->bids == NULL) || (event->n_asks > 0 && event->asks == NULL)) {
        return "book: levels are missing";
    }
    return NULL;
}

static void copy_levels(struct arb_level *to, const struct arb_level *from, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) { /* mostly one or two: cheaper than a call */
        to[i] = from[i];
    }
}

static int record_book(struct effects *effects, const struct arb_book_event *event)
{
    const size_t n = (size_t)event->n_bids + event->n_asks;
    char *behind;
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

static int take_book(struct effects *effects, const struct arb_book_event *event)
{
    const char *const rule = book_rule(event);

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
    if (!are_legal(event->bids, event->n_bids) || !are_legal(event->asks, event->n_asks)) {
        return on_text(effects, EFFECT_REJECT, event->instrument, 0,
                       "a price is not positive, or a quantity negative");
    }
    return record_book(effects, event);
}

static int host_book(struct arb_host *host, const struct arb_book_event *event)
{
    struct effects *const effects = effects_of(host);

    if (is_refused(effects)) {
        return ARB_EINVAL;
    }
    if (event == NULL || event->size < ABI_LEAST_BOOK_EVENT) {
        return broken(effects, ARB_EINVAL, "book: size is not set");
    }
    if (event->size >= sizeof(*event)) {
        return take_book(effects, event);
    }
    struct arb_book_event own = { .px_digits = ARB_DIGITS_UNKNOWN,
                                  .qty_digits = ARB_DIGITS_UNKNOWN };
    abi_copy(&own, sizeof(own), event, event->size);
    return take_book(effects, &own);
}

static int host_reject(struct arb_host *host, uint32_t instrument, int reason)
{
    struct effects *const effects = effects_of(host);

    if (is_refused(effects)) {
        return ARB_EINVAL;
    }
    const int rc = check_instrument(effects, instrument);
    const bool is_range = reason == ARB_ERANGE;
    const char *const why =
        is_range ? "a number does not fit" : "the venue's message of this book is damaged";

    return rc != ARB_OK ? rc : on_text(effects, EFFECT_REJECT, instrument, is_range, why);
}

/* What people read must say something. */
static const char *reason_or_none(const char *why)
{
    return why == NULL || why[0] == '\0' ? "the plugin asked for it, and gave no reason" : why;
}

static int host_resync(struct arb_host *host, uint32_t instrument, const char *why)
{
    struct effects *const effects = effects_of(host);

    if (is_refused(effects)) {
        return ARB_EINVAL;
    }
    const int rc = check_instrument(effects, instrument);
    return rc != ARB_OK ? rc : on_text(effects, EFFECT_RESYNC, instrument, 0, reason_or_none(why));
}

static int host_conn_seq(struct arb_host *host, uint32_t conn, uint64_t seq)
{
    struct effects *const effects = effects_of(host);

    if (is_refused(effects)) {
        return ARB_EINVAL;
    }
    const int rc = check_conn(effects, conn);

    if (rc != ARB_OK) {
        return rc;
    }
    struct effect *const effect = record_text(effects, EFFECT_CONN_SEQ, conn, NULL);
    if (effect == NULL) {
        return ARB_ELIMIT;
    }
    effect->seq = seq;
    return ARB_OK;
}

/* The only call that answers: nothing is recorded. */
static int host_view(struct arb_host *host, uint32_t instrument, struct arb_book *view)
{
    struct effects *const effects = effects_of(host);

    if (is_refused(effects)) {
        return ARB_EINVAL;
    }
    const int rc = check_instrument(effects, instrument);

    if (rc != ARB_OK) {
        return rc;
    }
    if (view == NULL) {
        return broken(effects, ARB_EINVAL, "view: there is no place for the book");
    }
    if (effects->view == NULL) {
        return ARB_ENOTSUP;
    }
    *view = effects->view(effects->view_context, instrument);
    return ARB_OK;
}

static int host_send(struct arb_host *host, uint32_t conn, const char *data, size_t len,
                     bool is_binary)
{
    struct effects *const effects = effects_of(host);

    if (is_refused(effects)) {
        return ARB_EINVAL;
    }
    const int rc = check_conn(effects, conn);

    if (rc != ARB_OK) {
        return rc;
    }
    if (data == NULL || len >= EFFECTS_BYTES_MAX) {
        return broken(effects, ARB_EINVAL, "send: no data, or too much");
    }
    struct effect *const effect = record_bytes(effects, EFFECT_SEND, conn, data, len);
    if (effect == NULL) {
        return ARB_ELIMIT;
    }
    effect->value = is_binary;
    return ARB_OK;
}

static int host_close(struct arb_host *host, uint32_t conn, const char *why)
{
    struct effects *const effects = effects_of(host);

    if (is_refused(effects)) {
        return ARB_EINVAL;
    }
    const int rc = check_conn(effects, conn);
    return rc != ARB_OK ? rc : on_text(effects, EFFECT_CLOSE, conn, 0, reason_or_none(why));
}

static int host_renew(struct arb_host *host, uint32_t conn, const char *why)
{
    struct effects *const effects = effects_of(host);

    if (is_refused(effects)) {
        return ARB_EINVAL;
    }
    const int rc = check_conn(effects, conn);
    return rc != ARB_OK ? rc : on_text(effects, EFFECT_RENEW, conn, 0, reason_or_none(why));
}

static int host_heartbeat_times(struct arb_host *host, uint32_t conn, uint32_t number,
                                int64_t received_ns, int64_t answered_ns)
{
    struct effects *const effects = effects_of(host);

    if (is_refused(effects)) {
        return ARB_EINVAL;
    }
    const int rc = check_conn(effects, conn);

    if (rc != ARB_OK || received_ns <= 0 || answered_ns < received_ns) {
        return rc;
    }
    struct effect *const effect = record_text(effects, EFFECT_HEARTBEAT, conn, NULL);
    if (effect == NULL) {
        return ARB_ELIMIT;
    }
    effect->value = number;
    effect->heartbeat.received_ns = received_ns;
    effect->heartbeat.answered_ns = answered_ns;
    return ARB_OK;
}

void effects_begin(struct effects *effects, int64_t mono_ns, int64_t utc_ns)
{
    effects->host.now_ns = utc_ns;
    effects->len = 0;
    effects->broken = NULL;
    effects->host.mono_ns = mono_ns;
    effects->thread = &this_thread;
    effects->shut = NULL;
}

void effects_enter(struct effects *effects, const char *callback)
{
    effects->thread = &this_thread;
    effects->shut = callback;
}

void effects_end(struct effects *effects)
{
    effects->shut = nowhere;
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

static const struct arb_exchange_calls calls = {
    .base = { .size = (uint32_t)sizeof(struct arb_exchange_calls),
              .log = host_log,
              .timer_set = host_timer_set },
    .answered = host_answered,
    .answered_ask = host_answered_ask,
    .listing = host_listing,
    .catalog_end = host_catalog_end,
    .trading = host_trading,
    .book = host_book,
    .reject = host_reject,
    .resync = host_resync,
    .conn_seq = host_conn_seq,
    .view = host_view,
    .send = host_send,
    .close = host_close,
    .renew = host_renew,
    .heartbeat_times = host_heartbeat_times,
};

int effects_init(struct effects *effects, const char *who)
{
    *effects = (struct effects){
        .host = { .calls = &calls.base }, .who = who, .n_channels = 1, .shut = nowhere
    };
    effects->arena = malloc(EFFECTS_BYTES_MAX); /* pages are touched as they are needed */
    return effects->arena == NULL ? ARB_ENOMEM : ARB_OK;
}

void effects_fini(struct effects *effects)
{
    free(effects->arena);
    effects->arena = NULL;
}
