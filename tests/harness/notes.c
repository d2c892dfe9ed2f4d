#include "notes.h"

#include <inttypes.h>

#include "arbspot/decimal.h"
#include "session/capabilities.h"

/* -- parts ---------------------------------------------------------------------------- */

void note_text(FILE *out, struct arb_bytes text, size_t max)
{
    const size_t len = text.len < max ? text.len : max;

    for (size_t i = 0; i < len; i++) {
        const unsigned char c = (unsigned char)text.data[i];
        (void)fputc(c < 0x20 || c > 0x7e ? '?' : c, out);
    }
    if (text.len > max) {
        (void)fprintf(out, "... (%zu bytes)", text.len);
    }
}

static void note_decimal(FILE *out, int64_t value, uint8_t scale, uint8_t digits)
{
    char text[ARB_DECIMAL_TEXT_MAX];
    const unsigned len = arb_decimal_write(value, scale, digits, text);
    (void)fwrite(text, 1, len, out);
}

/* How to write levels of one instrument. */
struct spelling {
    uint8_t px_scale, qty_scale, px_digits, qty_digits;
};

static void note_level(FILE *out, const struct arb_level *level, const struct spelling *spelling)
{
    (void)fputc(' ', out);
    note_decimal(out, level->px, spelling->px_scale, spelling->px_digits);
    (void)fputc('x', out);
    note_decimal(out, level->qty, spelling->qty_scale, spelling->qty_digits);
}

struct levels {
    const char *side;
    const struct arb_level *levels;
    uint32_t n;
    bool worst_first; /* write them the other way round */
};

static void note_levels(FILE *out, const struct levels *levels, const struct spelling *spelling)
{
    if (levels->n == 0) {
        return;
    }
    (void)fprintf(out, " %s", levels->side);
    for (uint32_t i = 0; i < levels->n; i++) {
        note_level(out, &levels->levels[levels->worst_first ? levels->n - 1 - i : i], spelling);
    }
}

/* -- effects -------------------------------------------------------------------------- */

static const char *symbol_of(const struct feed *feed, uint32_t instrument)
{
    return instrument == ARB_ALL_INSTRUMENTS ? "*" : feed_instrument(feed, instrument)->symbol;
}

static void note_capabilities(FILE *out, const struct arb_capabilities *caps)
{
    (void)fprintf(out,
                  "declare loss=%s snapshot=%s unknown_delete=%s liveness=%s checksum_levels=%u "
                  "depth=%u",
                  loss_detection_name(caps->loss_detection),
                  snapshot_source_name(caps->snapshot_source),
                  unknown_delete_name(caps->unknown_delete), liveness_name(caps->liveness),
                  caps->checksum_levels, caps->depth);
}

static void note_listing(FILE *out, const struct arb_listing *listing)
{
    (void)fprintf(out, "listing %s as %s %s", listing->symbol, listing->venue_symbol,
                  trading_name(listing->trading));
    if (listing->px_digits != ARB_DIGITS_UNKNOWN || listing->qty_digits != ARB_DIGITS_UNKNOWN) {
        (void)fprintf(out, " digits=%u/%u", listing->px_digits, listing->qty_digits);
    }
}

static void note_book(FILE *out, const struct feed *feed, const struct arb_book_event *book)
{
    const struct arb_instrument *const info = feed_instrument(feed, book->instrument);
    const struct spelling spelling = { info->px_scale, info->qty_scale, book->px_digits,
                                       book->qty_digits };
    const struct levels bids = { "bids", book->bids, book->n_bids, false };
    const struct levels asks = { "asks", book->asks, book->n_asks, false };

    (void)fprintf(out, "book %s %s seq=%" PRIu64 " max_depth=%u", info->symbol,
                  book->kind == ARB_BOOK_SNAPSHOT ? "snapshot" : "delta", book->seq,
                  book->max_depth);
    if (book->is_unproven) {
        (void)fputs(" unproven", out);
    }
    if (book->has_checksum) {
        (void)fprintf(out, " checksum=%u", book->checksum);
    }
    if (book->venue_ns != 0) {
        (void)fprintf(out, " venue_ns=%" PRId64, book->venue_ns);
    }
    note_levels(out, &bids, &spelling);
    note_levels(out, &asks, &spelling);
}

void note_effect(FILE *out, const struct feed *feed, const struct effect *effect)
{
    const char *const text = effect->text.data;

    (void)fputs("> ", out);
    switch ((enum effect_kind)effect->kind) {
    case EFFECT_TIMER:
        (void)fprintf(out, "timer %u in %ums", effect->id, effect->value);
        break;
    case EFFECT_DECLARE:
        note_capabilities(out, &effect->caps);
        break;
    case EFFECT_WS_OPEN:
        (void)fprintf(out, "ws_open %u %s idle=%ums rate=%u/s", effect->id, text,
                      effect->ws.idle_ms, effect->ws.send_rate);
        break;
    case EFFECT_WS_SEND:
        (void)fprintf(out, "ws_send %u %s", effect->id, text);
        break;
    case EFFECT_WS_CLOSE:
        (void)fprintf(out, "ws_close %u \"%s\"", effect->id, text);
        break;
    case EFFECT_WS_RENEW:
        (void)fprintf(out, "ws_renew %u \"%s\"", effect->id, text);
        break;
    case EFFECT_HTTP_GET:
        (void)fprintf(out, "http_get %u %s", effect->id, text);
        break;
    case EFFECT_LISTING:
        note_listing(out, &effect->listing);
        break;
    case EFFECT_CATALOG_END:
        (void)fputs("catalog_end", out);
        break;
    case EFFECT_BIND:
        (void)fprintf(out, "bind %s to %u", symbol_of(feed, effect->id), effect->value);
        break;
    case EFFECT_BOOK:
        note_book(out, feed, &effect->book);
        break;
    case EFFECT_RESYNC:
        (void)fprintf(out, "resync %s \"%s\"", symbol_of(feed, effect->id), text);
        break;
    case EFFECT_REFUSED:
        (void)fprintf(out, "refused %s \"%s\"", symbol_of(feed, effect->id), text);
        break;
    case EFFECT_TRADING:
        (void)fprintf(out, "trading %s %s \"%s\"", symbol_of(feed, effect->id),
                      trading_name(effect->value), text);
        break;
    }
    (void)fputc('\n', out);
}

/* -- events --------------------------------------------------------------------------- */

void note_event(FILE *out, const struct event *event)
{
    const bool is_snapshot = event->kind == EVENT_SNAPSHOT;
    const struct spelling spelling = { event->info->px_scale, event->info->qty_scale,
                                       event->px_digits, event->qty_digits };
    const struct levels bids = { "bids", event->bids, event->n_bids, is_snapshot };
    const struct levels asks = { "asks", event->asks, event->n_asks, is_snapshot };

    (void)fprintf(out, "< %s %s %s %s seq=%" PRIu64, event->info->symbol,
                  event_kind_name(event->kind), book_state_name(event->state),
                  trading_name(event->trading), event->seq);
    if (event->kind == EVENT_STATUS) {
        (void)fprintf(out, " \"%s\"\n", event->reason);
        return;
    }
    (void)fprintf(out, " %s crc=%08" PRIx32, verified_name(event->verified), event->crc);
    note_levels(out, &bids, &spelling);
    note_levels(out, &asks, &spelling);
    (void)fputc('\n', out);
}

void note_summary(FILE *out, const struct feed *feed)
{
    const struct feed_stats *const s = feed_stats(feed);

    for (uint32_t i = 0; i < feed_n_instruments(feed); i++) {
        const struct arb_book book = feed_book(feed, i);
        (void)fprintf(out, ". %s %s %s bids=%u asks=%u\n", feed_instrument(feed, i)->symbol,
                      book_state_name(book.state), trading_name(book.trading), book.n_bids,
                      book.n_asks);
    }
    (void)fprintf(out,
                  ". frames=%" PRIu64 " rejected=%" PRIu64 " updates=%" PRIu64 " snapshots=%" PRIu64
                  " verified=%" PRIu64 " mismatched=%" PRIu64 " crossed=%" PRIu64
                  " unknown_deletes=%" PRIu64 " resyncs=%" PRIu64 " held_dropped=%" PRIu64
                  " refused=%" PRIu64 "%s\n",
                  s->frames, s->rejected, s->updates, s->snapshots, s->verified, s->mismatched,
                  s->crossed, s->unknown_deletes, s->resyncs, s->held_dropped, s->refused,
                  feed_is_disabled(feed) ? " DISABLED" : "");
}
