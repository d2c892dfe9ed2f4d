#include "book/event.h"

#include <libdeflate.h>
#include <string.h>

_Static_assert(sizeof(struct arb_level) == 16, "event_book_crc() hashes levels as they lie");
_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "event_book_crc() is little endian");
_Static_assert(sizeof(struct event) % 8 == 0, "levels behind an event in a record are aligned");

static uint32_t crc_best(uint32_t crc, const struct arb_level *levels, uint32_t n)
{
    const uint32_t top = n < EVENT_CRC_LEVELS ? n : EVENT_CRC_LEVELS;
    return libdeflate_crc32(crc, levels + (n - top), top * sizeof(*levels));
}

uint32_t event_book_crc(const struct arb_level *bids, uint32_t n_bids, const struct arb_level *asks,
                        uint32_t n_asks)
{
    const uint32_t crc = n_bids == 0 ? 0 : crc_best(0, bids, n_bids);
    return n_asks == 0 ? crc : crc_best(crc, asks, n_asks);
}

static size_t terms_len(const struct event *event)
{
    return event->kind == EVENT_SNAPSHOT && event->terms != NULL ? sizeof(*event->terms) : 0;
}

size_t event_record_len(const struct event *event)
{
    const size_t levels = (size_t)event->n_bids + event->n_asks;
    return sizeof(*event) + levels * sizeof(struct arb_level) + terms_len(event) +
           event->reason_len + 1;
}

static char *append(char *at, const void *data, size_t len)
{
    if (len > 0) {
        memcpy(at, data, len);
    }
    return at + len;
}

void event_record_write(const struct event *event, void *record)
{
    struct event *const copy = record;
    char *at = (char *)(copy + 1);

    *copy = *event;
    at = append(at, event->bids, event->n_bids * sizeof(struct arb_level));
    at = append(at, event->asks, event->n_asks * sizeof(struct arb_level));
    if (terms_len(event) == 0) {
        copy->terms = NULL;
    }
    at = append(at, event->terms, terms_len(event));
    *append(at, event->reason, event->reason_len) = '\0';
}

const struct event *event_record_read(void *record)
{
    struct event *const event = record;
    struct arb_level *const levels = (struct arb_level *)(void *)(event + 1);
    char *const end = (char *)(levels + event->n_bids + event->n_asks);

    event->bids = levels;
    event->asks = levels + event->n_bids;
    event->reason = end + terms_len(event);
    if (event->terms != NULL) {
        event->terms = (const struct arb_order_terms *)(void *)end;
    }
    return event;
}

static const char *name_of(const char *const *names, size_t n, uint32_t value)
{
    return value < n ? names[value] : "?";
}

const char *event_kind_name(uint32_t kind)
{
    static const char *const names[] = { "?", "snapshot", "delta", "status", "alive" };
    return name_of(names, sizeof(names) / sizeof(*names), kind);
}

const char *book_state_name(uint32_t state)
{
    static const char *const names[] = { "EMPTY", "SYNCING", "LIVE", "STALE", "UNUSABLE" };
    return name_of(names, sizeof(names) / sizeof(*names), state);
}

const char *trading_name(uint32_t trading)
{
    static const char *const names[] = { "?", "open", "unknown", "limited", "halted" };
    return name_of(names, sizeof(names) / sizeof(*names), trading);
}

const char *verified_name(uint32_t verified)
{
    static const char *const names[] = { "?", "verified", "unverifiable", "suspect" };
    return name_of(names, sizeof(names) / sizeof(*names), verified);
}
