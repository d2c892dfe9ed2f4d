#include "notes.h"

#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "arbspot/decimal.h"
#include "report.h"
#include "session/capabilities.h"
#include "teller.h"

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

/* -- requests ------------------------------------------------------------------------- */

static void note_payload(FILE *out, const struct arb_text *text, bool is_binary)
{
    const struct arb_bytes bytes = { text->data, text->len };

    if (is_binary) {
        (void)fprintf(out, "%zu binary bytes", text->len);
    } else {
        note_text(out, bytes, text->len);
    }
}

void note_request(FILE *out, const struct arb_ask *ask, const struct arb_request *request)
{
    if (ask->what == ARB_ASK_CONNECT) {
        (void)fprintf(out, "> dial %u ", ask->conn);
    } else if (teller_is_http(ask)) {
        (void)fputs(request->method == ARB_POST ? "> post " : "> get ", out);
    } else {
        (void)fprintf(out, "> send %u ", ask->conn);
    }
    note_payload(out, &request->text, request->is_binary);
    if (request->body.len > 0) {
        (void)fputc(' ', out);
        note_payload(out, &request->body, false);
    }
    (void)fputc('\n', out);
}

/* -- effects -------------------------------------------------------------------------- */

static const char *symbol_of(const struct session *session, uint32_t instrument)
{
    return instrument >= session_n_instruments(session)
               ? "*"
               : session_instrument(session, instrument)->symbol;
}

/* What the host keeps to; 0 is no limit. */
static const struct limit {
    const char *name;
    size_t offset;
} limits[] = {
#define LIMIT(name_)                                                                               \
    {                                                                                              \
#name_, offsetof(struct arb_plan, name_)                                                   \
    }
    LIMIT(idle_ms),           LIMIT(heartbeat_ms),
    LIMIT(beat_ms),           LIMIT(settle_ms),
    LIMIT(answer_ms),         LIMIT(books_per_conn),
    LIMIT(books_per_request), LIMIT(opens_per_10s),
    LIMIT(opens_per_10min),   LIMIT(requests_per_second),
    LIMIT(requests_per_hour), LIMIT(http_at_once),
    LIMIT(http_per_min),      LIMIT(http_per_10min),
#undef LIMIT
};

static void note_limits(FILE *out, const struct arb_plan *plan)
{
    (void)fputs("> limits", out);
    for (size_t i = 0; i < sizeof(limits) / sizeof(*limits); i++) {
        uint32_t value = 0;
        memcpy(&value, (const char *)plan + limits[i].offset, sizeof(value));
        if (value != 0) {
            (void)fprintf(out, " %s=%u", limits[i].name, value);
        }
    }
    (void)fputc('\n', out);
}

void note_plan(FILE *out, const struct arb_plan *plan)
{
    (void)fprintf(out,
                  "> plan loss=%s snapshot=%s unknown_delete=%s liveness=%s checksum_levels=%u "
                  "depth=%u\n",
                  loss_detection_name(plan->loss_detection),
                  snapshot_source_name(plan->snapshot_source),
                  unknown_delete_name(plan->unknown_delete), liveness_name(plan->liveness),
                  plan->checksum_levels, plan->depth);
    note_limits(out, plan);
}

static const char *outcome_name(uint32_t outcome)
{
    static const char *const names[] = { "?", "subscribed", "left", "later", "refused" };
    return names[outcome < sizeof(names) / sizeof(*names) ? outcome : 0];
}

static void note_term(FILE *out, const char *name, struct arb_decimal value)
{
    char text[ARB_DECIMAL_TEXT_MAX];

    if (value.units > 0) {
        const unsigned len = arb_decimal_write(value.units, value.scale, value.scale, text);
        (void)fprintf(out, " %s=%.*s", name, (int)len, text);
    }
}

static void note_listing(FILE *out, const struct arb_listing *listing)
{
    (void)fprintf(out, "listing %s as %s %s", listing->symbol, listing->venue_symbol,
                  trading_name(listing->trading));
    if (listing->px_digits != ARB_DIGITS_UNKNOWN || listing->qty_digits != ARB_DIGITS_UNKNOWN) {
        (void)fprintf(out, " digits=%u/%u", listing->px_digits, listing->qty_digits);
    }
    note_term(out, "tick", listing->terms.tick);
    note_term(out, "lot", listing->terms.lot);
    note_term(out, "min_qty", listing->terms.min_qty);
    note_term(out, "min_notional", listing->terms.min_notional);
}

static const char *book_kind_name(uint32_t kind)
{
    switch (kind) {
    case ARB_BOOK_SNAPSHOT:
        return "snapshot";
    case ARB_BOOK_DELTA:
        return "delta";
    default:
        return "top";
    }
}

/* The numbers that the venue gives. */
static void note_numbers(FILE *out, const struct arb_book_event *book)
{
    if (book->first_seq != 0) {
        (void)fprintf(out, " first=%" PRIu64, book->first_seq);
    }
    (void)fprintf(out, " seq=%" PRIu64, book->last_seq);
    if (book->prev_seq != 0) {
        (void)fprintf(out, " prev=%" PRIu64, book->prev_seq);
    }
    (void)fprintf(out, " max_depth=%u", book->max_depth);
    if (book->n_beyond > 0) {
        (void)fprintf(out, " beyond=%u", book->n_beyond);
    }
    if (book->has_checksum) {
        (void)fprintf(out, " checksum=%u", book->checksum);
    }
    if (book->venue_ns != 0) {
        (void)fprintf(out, " venue_ns=%" PRId64, book->venue_ns);
    }
}

static void note_book(FILE *out, const struct session *session, const struct arb_book_event *book)
{
    const struct arb_instrument *const info = session_instrument(session, book->instrument);
    const struct spelling spelling = { info->px_scale, info->qty_scale, book->px_digits,
                                       book->qty_digits };
    const struct levels bids = { "bids", book->bids, book->n_bids, false };
    const struct levels asks = { "asks", book->asks, book->n_asks, false };

    (void)fprintf(out, "book %s %s", info->symbol, book_kind_name(book->kind));
    note_numbers(out, book);
    note_levels(out, &bids, &spelling);
    note_levels(out, &asks, &spelling);
}

static void note_answered(FILE *out, const struct session *session, const struct effect *effect)
{
    if (effect->kind == EFFECT_ANSWERED_ASK) {
        (void)fprintf(out, "answered request %u %s", effect->id, outcome_name(effect->value));
    } else {
        (void)fprintf(out, "answered %s %s", symbol_of(session, effect->id),
                      outcome_name(effect->value));
    }
    if (effect->channel != 0) {
        (void)fprintf(out, " channel=%u", effect->channel);
    }
    if (effect->text.len > 0) {
        (void)fprintf(out, " \"%s\"", effect->text.data);
    }
}

/* What concerns connections. */
static void note_conn_effect(FILE *out, const struct effect *effect)
{
    const char *const text = effect->text.data;

    switch ((enum effect_kind)effect->kind) {
    case EFFECT_CONN_SEQ:
        (void)fprintf(out, "conn_seq %u %" PRIu64, effect->id, effect->seq);
        break;
    case EFFECT_SEND:
        (void)fprintf(out, "send %u ", effect->id);
        note_text(out, effect->text, effect->text.len);
        break;
    case EFFECT_HEARTBEAT:
        (void)fprintf(out, "heartbeat_times %u #%u %" PRId64 " %" PRId64, effect->id, effect->value,
                      effect->heartbeat.received_ns, effect->heartbeat.answered_ns);
        break;
    case EFFECT_CLOSE:
        (void)fprintf(out, "ws_close %u \"%s\"", effect->id, text);
        break;
    default:
        (void)fprintf(out, "ws_renew %u \"%s\"", effect->id, text);
        break;
    }
}

void note_effect(FILE *out, const struct session *session, const struct effect *effect)
{
    const char *const text = effect->text.data;

    (void)fputs("> ", out);
    switch ((enum effect_kind)effect->kind) {
    case EFFECT_TIMER:
        (void)fprintf(out, "timer %u in %ums", effect->id, effect->value);
        break;
    case EFFECT_ANSWERED:
    case EFFECT_ANSWERED_ASK:
        note_answered(out, session, effect);
        break;
    case EFFECT_LISTING:
        note_listing(out, &effect->listing);
        break;
    case EFFECT_CATALOG_END:
        (void)fputs("catalog_end", out);
        break;
    case EFFECT_TRADING:
        (void)fprintf(out, "trading %s %s \"%s\"", symbol_of(session, effect->id),
                      trading_name(effect->value), text);
        break;
    case EFFECT_BOOK:
        note_book(out, session, &effect->book);
        break;
    case EFFECT_REJECT:
        (void)fprintf(out, "reject %s \"%s\"", symbol_of(session, effect->id),
                      arb_rc_text(effect->value != 0 ? ARB_ERANGE : ARB_EPROTO));
        break;
    case EFFECT_RESYNC:
        (void)fprintf(out, "resync %s \"%s\"", symbol_of(session, effect->id), text);
        break;
    case EFFECT_CONN_SEQ:
    case EFFECT_SEND:
    case EFFECT_CLOSE:
    case EFFECT_RENEW:
    case EFFECT_HEARTBEAT:
        note_conn_effect(out, effect);
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

/* How often a limit of the plan said "not yet"; mostly never. */
static void note_count(FILE *out, const char *name, uint64_t n)
{
    if (n > 0) {
        (void)fprintf(out, " %s=%" PRIu64, name, n);
    }
}

void note_summary(FILE *out, const struct session *session)
{
    const struct session_stats s = session_stats(session);

    for (uint32_t i = 0; i < session_n_instruments(session); i++) {
        const struct arb_book book = session_book(session, i);
        (void)fprintf(out, ". %s %s %s bids=%u asks=%u\n", session_instrument(session, i)->symbol,
                      book_state_name(book.state), trading_name(book.trading), book.n_bids,
                      book.n_asks);
    }
    (void)fprintf(out,
                  ". frames=%" PRIu64 " rejected=%" PRIu64 " updates=%" PRIu64 " snapshots=%" PRIu64
                  " verified=%" PRIu64 " mismatched=%" PRIu64 " crossed=%" PRIu64
                  " unknown_deletes=%" PRIu64,
                  s.frames, s.rejected, s.books.updates, s.books.snapshots, s.books.verified,
                  s.books.mismatched, s.books.crossed, s.books.unknown_deletes);
    (void)fprintf(out,
                  " repeated=%" PRIu64 " healed=%" PRIu64 " held_dropped=%" PRIu64
                  " resyncs=%" PRIu64 " refused=%" PRIu64 " requests=%" PRIu64 " seeds=%" PRIu64
                  " seeds_failed=%" PRIu64,
                  s.books.repeated, s.books.healed, s.books.held_dropped, s.resyncs, s.refused,
                  s.requests, s.seeds, s.seeds_failed);
    note_count(out, "opens_refused", session_budget(session)->n_opens_refused);
    note_count(out, "http_refused", session_budget(session)->n_http_refused);
    note_count(out, "sends_refused", s.sends_refused);
    (void)fputs(session_is_disabled(session) ? " DISABLED\n" : "\n", out);
}

void note_promise(struct report *report, const char *where, const struct session *session)
{
    const struct session_promise promise = session_promise(session);

    if (promise.name != NULL && promise.n_changes > 0 && promise.n_kept == 0) {
        report_note(report, "%s: %" PRIu64 " changes came; the plan promises %s", where,
                    promise.n_changes, promise.name);
    }
}
