#include "session/feed_internal.h"

#include <stdio.h>

#include "util/clock.h"

static void commit_timer(struct feed *feed, const struct effect *effect)
{
    feed->timers[effect->id] =
        effect->value == 0 ? NEVER_NS : feed->effects.host.now_ns + effect->value * NS_PER_MS;
}

static void commit_bind(struct feed *feed, const struct effect *effect)
{
    struct feed_book *const book = &feed->books[effect->id];

    book->bound = true;
    book->conn = (uint8_t)effect->value;
    if (feed->conn_up[book->conn] && book->state == ARB_BOOK_EMPTY) {
        sync_await_snapshot(feed, effect->id, "subscribing");
    }
}

static void refuse_digits(struct feed *feed, uint32_t i, const struct arb_listing *listing)
{
    const struct arb_instrument *const info = &feed->instruments.list[i];
    char why[EVENT_REASON_MAX];

    (void)snprintf(why, sizeof(why), "set px_scale >= %d, qty_scale >= %d in [instrument:%s]",
                   listing->px_digits, listing->qty_digits, info->symbol);
    sync_refused(feed, i, why);
}

static bool needs_more(uint8_t digits, uint8_t scale)
{
    return digits != ARB_DIGITS_UNKNOWN && digits > scale;
}

static void commit_listing(struct feed *feed, const struct arb_listing *listing)
{
    const uint32_t i = instruments_list(&feed->instruments, listing);
    if (i == ARB_NO_INSTRUMENT) {
        return;
    }
    feed_enter_board(feed);
    const struct arb_instrument *const info = &feed->instruments.list[i];
    if (needs_more(listing->px_digits, info->px_scale) ||
        needs_more(listing->qty_digits, info->qty_scale)) {
        refuse_digits(feed, i, listing);
    }
    sync_trading(feed, i, (uint8_t)listing->trading, "listed so by the venue");
}

static void commit_catalog_end(struct feed *feed)
{
    struct instruments *const set = &feed->instruments;

    instruments_end_catalog(set);
    feed->has_catalog = true;
    for (uint32_t i = 0; i < set->n_handed; i++) {
        if (!set->listed[i]) {
            sync_refused(feed, i, "the venue does not list this symbol");
        }
    }
    if (set->n == 0) {
        log_line(ARB_ERROR, feed->who, "no symbol of the venue's catalog matches `symbols`");
    }
    feed->catalog_pending = set->n > set->n_handed;
}

static void commit_io(struct feed *feed, const struct effect *effect)
{
    const char *const what = effect->text.data;
    int rc = ARB_OK;

    if (effect->kind == EFFECT_WS_OPEN) {
        struct arb_ws_spec spec = effect->ws;
        spec.pong_is_life = feed->caps.liveness == ARB_LIVENESS_TRANSPORT;
        rc = feed->io->ws_open(feed->io_context, effect->id, &spec);
    } else if (effect->kind == EFFECT_WS_SEND) {
        rc = feed->io->ws_send(feed->io_context, effect->id, effect->text);
    } else if (effect->kind == EFFECT_HTTP_GET) {
        rc = feed->io->http_get(feed->io_context, effect->id, what);
    } else if (effect->kind == EFFECT_WS_RENEW && feed->io->ws_renew != NULL) {
        feed->io->ws_renew(feed->io_context, effect->id, what);
    } else {
        feed->io->ws_close(feed->io_context, effect->id, what);
    }
    if (rc != ARB_OK) {
        log_line(ARB_ERROR, feed->who, "request not carried out (%d): %.200s", rc, what);
    }
}

static void commit_one(struct feed *feed, const struct effect *effect)
{
    switch ((enum effect_kind)effect->kind) {
    case EFFECT_BOOK:
        sync_book_event(feed, &effect->book);
        break;
    case EFFECT_TIMER:
        commit_timer(feed, effect);
        break;
    case EFFECT_DECLARE:
        feed->caps = effect->caps;
        break;
    case EFFECT_WS_OPEN:
    case EFFECT_WS_SEND:
    case EFFECT_WS_CLOSE:
    case EFFECT_WS_RENEW:
    case EFFECT_HTTP_GET:
        commit_io(feed, effect);
        break;
    case EFFECT_LISTING:
        commit_listing(feed, &effect->listing);
        break;
    case EFFECT_CATALOG_END:
        commit_catalog_end(feed);
        break;
    case EFFECT_BIND:
        commit_bind(feed, effect);
        break;
    case EFFECT_RESYNC:
        sync_damaged(feed, effect->id, effect->text.data);
        break;
    case EFFECT_REFUSED:
        sync_refused(feed, effect->id, effect->text.data);
        break;
    case EFFECT_TRADING:
        sync_trading(feed, effect->id, (uint8_t)effect->value, effect->text.data);
        break;
    }
}

void feed_commit(struct feed *feed)
{
    const struct effect *effect = effects_first(&feed->effects);

    effects_accept(&feed->effects);
    for (; effect != NULL; effect = effects_next(&feed->effects, effect)) {
        if (feed->trace != NULL) {
            feed->trace(feed->trace_context, effect);
        }
        commit_one(feed, effect);
    }
}
