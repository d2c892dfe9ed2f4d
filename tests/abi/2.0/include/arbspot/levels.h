/*
 * levels.h - from the levels of a message to a published book event.
 *
 *     struct arb_levels bids = arb_levels_over(self->bids, MAX, info);
 *     struct arb_levels asks = arb_levels_over(self->asks, MAX, info);
 *     ... arb_levels_read(&json, &bids) ...
 *     if (!arb_json_end(&json)) return arb_levels_trouble(host, instrument, json.rc);
 *     return arb_levels_publish(host, &event, &bids, &asks);
 *
 * struct arb_levels and its readers are in json.h and fields.h; struct arb_draft below does all of
 * this for a book with both sides. A price of 0 is read and published: the host refuses the event,
 * which costs its book a resync.
 */
#ifndef ARB_LEVELS_H
#define ARB_LEVELS_H

#include "arbspot/exchange.h"
#include "arbspot/fields.h"

#ifdef __cplusplus
extern "C" {
#endif

/* No levels yet, with room for `max` at `levels`, which is borrowed; read at the scale of `info`.
 */
static inline struct arb_levels arb_levels_over(struct arb_level *levels, uint32_t max,
                                                const struct arb_instrument *info)
{
    struct arb_levels out;
    out.levels = levels;
    out.n = 0;
    out.max = max;
    out.n_beyond = 0;
    out.px_scale = info->px_scale;
    out.qty_scale = info->qty_scale;
    out.px_digits = 0;
    out.qty_digits = 0;
    out.rc = ARB_OK;
    return out;
}

/* Leaves out the levels with a price of 0, for venues that list such. */
static inline void arb_levels_drop_zero(struct arb_levels *out)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < out->n; i++) {
        if (out->levels[i].px != 0) {
            out->levels[n++] = out->levels[i];
        }
    }
    out->n = n;
}

static inline uint8_t arb_levels_digits(uint8_t set, bool has_levels, uint8_t of_bids,
                                        uint8_t of_asks)
{
    if (set != 0 && set != ARB_DIGITS_UNKNOWN) {
        return set;
    }
    if (!has_levels) {
        return ARB_DIGITS_UNKNOWN;
    }
    return of_bids > of_asks ? of_bids : of_asks;
}

/*
 * Completes `event` (its size, levels, what was left out, and the digits unless they are set: 0 and
 * ARB_DIGITS_UNKNOWN are not) and publishes it. A bid beyond the scale, unlike an ask, is not to be
 * left out: the book is rejected with ARB_ERANGE.
 */
static inline int arb_levels_publish(struct arb_host *host, struct arb_book_event *event,
                                     const struct arb_levels *bids, const struct arb_levels *asks)
{
    const bool has_levels = bids->n + asks->n > 0;

    if (bids->n_beyond > 0) {
        return arb_book_reject(host, event->instrument, ARB_ERANGE);
    }
    event->size = (uint32_t)sizeof(*event);
    event->bids = bids->levels;
    event->asks = asks->levels;
    event->n_bids = bids->n;
    event->n_asks = asks->n;
    event->n_beyond = asks->n_beyond;
    event->px_digits =
        arb_levels_digits(event->px_digits, has_levels, bids->px_digits, asks->px_digits);
    event->qty_digits =
        arb_levels_digits(event->qty_digits, has_levels, bids->qty_digits, asks->qty_digits);
    return arb_book_publish(host, event);
}

/*
 * What to return when a message of one book could not be read: a number that does not fit
 * (ARB_ERANGE) costs that book a resync and the callback nothing. Any other `rc` is returned, and
 * so is ARB_ERANGE with ARB_NO_INSTRUMENT.
 */
static inline int arb_levels_trouble(struct arb_host *host, uint32_t instrument, int rc)
{
    if (rc != ARB_ERANGE || instrument == ARB_NO_INSTRUMENT) {
        return rc;
    }
    return arb_book_reject(host, instrument, ARB_ERANGE);
}

/*
 * A book event being written, with the room for its levels: one in an instance is enough. The
 * sides are read by a table of members:
 *
 *     arb_draft_begin(&self->draft, self->env, instrument, ARB_BOOK_DELTA);
 *     ... { "bids", ARB_JSON_LEVELS, &self->draft.bids }, { "asks", ... } ...
 *     return arb_draft_publish(host, &self->draft);
 */
struct arb_draft {
    struct arb_book_event event;
    struct arb_levels bids, asks;
    struct arb_level bid_levels[ARB_EVENT_LEVELS_MAX], ask_levels[ARB_EVENT_LEVELS_MAX];
};

static inline void arb_draft_begin(struct arb_draft *draft, const struct arb_exchange_env *env,
                                   uint32_t instrument, enum arb_book_kind kind)
{
    const struct arb_instrument *const info = &env->instruments[instrument];
    struct arb_book_event *const event = &draft->event;

    event->size = (uint32_t)sizeof(*event); /* one by one: cheaper than a call that clears it */
    event->instrument = instrument;
    event->kind = (uint32_t)kind;
    event->max_depth = event->checksum = event->n_beyond = 0;
    event->first_seq = event->last_seq = event->prev_seq = 0;
    event->venue_ns = 0;
    event->has_checksum = false;
    event->px_digits = event->qty_digits = 0;
    draft->bids = arb_levels_over(draft->bid_levels, ARB_EVENT_LEVELS_MAX, info);
    draft->asks = arb_levels_over(draft->ask_levels, ARB_EVENT_LEVELS_MAX, info);
}

/* What was wrong with its levels, or ARB_OK. */
static inline int arb_draft_rc(const struct arb_draft *draft)
{
    return draft->bids.rc != ARB_OK ? draft->bids.rc : draft->asks.rc;
}

/* Publishes it, or rejects it when its levels could not be read: that costs this book a resync. */
static inline int arb_draft_publish(struct arb_host *host, struct arb_draft *draft)
{
    const int rc = arb_draft_rc(draft);

    if (rc != ARB_OK) {
        return arb_book_reject(host, draft->event.instrument,
                               rc == ARB_ERANGE ? ARB_ERANGE : ARB_EPROTO);
    }
    return arb_levels_publish(host, &draft->event, &draft->bids, &draft->asks);
}

/*
 * Reads a change as Binance spells it, and others after it, for a draft that was begun: the members
 * {"e":"depthUpdate","E":1,"s":"BTCUSDT","U":2,"u":3,"pu":1,"b":[],"a":[]} of an object that was
 * entered. E is a `time`, an enum arb_json_type; without "pu" prev_seq stays 0. False: the event
 * has another name, or the reader knows what is wrong. One that lacks something is not publishable.
 */
ARB_USUAL bool arb_draft_diff(struct arb_draft *draft, struct arb_json *json, uint32_t time)
{
    enum { NEEDED = 2 | 8 | 16 | 64 | 128 };
    struct arb_book_event *const event = &draft->event;
    struct arb_bytes name = { "", 0 }, symbol;
    const struct arb_json_field fields[] = {
        { "e", ARB_JSON_TEXT, &name },           { "E", time, &event->venue_ns },
        { "s", ARB_JSON_TEXT, &symbol },         { "U", ARB_JSON_U64, &event->first_seq },
        { "u", ARB_JSON_U64, &event->last_seq }, { "pu", ARB_JSON_U64, &event->prev_seq },
        { "b", ARB_JSON_LEVELS, &draft->bids },  { "a", ARB_JSON_LEVELS, &draft->asks },
    };
    const uint32_t seen = arb_json_members(json, fields, 8);

    if (!arb_json_ok(json) || !arb_bytes_are(name, "depthUpdate")) {
        return false;
    }
    if ((seen & NEEDED) != NEEDED || event->venue_ns == 0 || event->first_seq == 0 ||
        event->first_seq > event->last_seq) {
        draft->bids.rc = ARB_EPROTO;
    }
    return true;
}

/* The side that a venue's word means: "buy", "bid", "sell", "offer"; NULL for another. */
static inline struct arb_levels *arb_draft_side(struct arb_draft *draft, struct arb_bytes word)
{
    if (arb_bytes_are(word, "buy") || arb_bytes_are(word, "bid")) {
        return &draft->bids;
    }
    return arb_bytes_are(word, "sell") || arb_bytes_are(word, "offer") ? &draft->asks : NULL;
}

/*
 * Reads ["sell","0.00001306","660.5"], appending to the side it names: for arb_json_each() with the
 * draft as its context. ARB_EPROTO for another side, else as arb_json_level_rest() has it.
 */
static inline int arb_draft_change(void *draft, struct arb_json *json)
{
    struct arb_bytes word = { "", 0 };

    arb_json_array(json);
    (void)(arb_json_next(json) && arb_json_string(json, &word));
    struct arb_levels *const side = arb_draft_side((struct arb_draft *)draft, word);
    if (side == NULL) {
        return arb_json_ok(json) ? ARB_EPROTO : json->rc;
    }
    (void)arb_json_level_rest(json, side); /* the reader knows */
    return json->rc;
}

#ifdef __cplusplus
}
#endif

#endif /* ARB_LEVELS_H */
