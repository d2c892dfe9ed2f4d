#include "exchanges.h"

#include <string.h>

#include "util/clock.h"

/* Where numbers or a chain show each loss, a LIVE book is proven, and nothing is excused. */
static const struct exchange_dialect dialects[] = {
    { .name = "okx",
      .depth = 400,
      .deep_once_in = 50,
      .silence_ns = 4 * NS_PER_S,
      .has_dates = true,
      .proof = { .verified = ARB_VERIFIED },
      .options = { { "heartbeat", "1s" },
                   { "heartbeat_timeout", "2s" },
                   { "ack_timeout", "5s" },
                   { "catalog_age", "10s" } } },
    { .name = "bybit",
      .depth = 50,
      .deep_once_in = 3,
      .silence_ns = 4 * NS_PER_S,
      .has_dates = true,
      .proof = { .verified = ARB_VERIFIED },
      .options = { { "heartbeat", "1s" },
                   { "heartbeat_timeout", "2s" },
                   { "ack_timeout", "5s" },
                   { "catalog_age", "10s" } } },
    { .name = "coinbase",
      .silence_ns = 4 * NS_PER_S,
      .has_dates = true,
      .proof = { .verified = ARB_VERIFIED },
      .options = { { "idle_timeout", "3s" }, { "ack_timeout", "5s" }, { "catalog_age", "10s" } } },
    { .name = "gemini",
      .silence_ns = 4 * NS_PER_S,
      .has_dates = true,
      .proof = { .verified = ARB_VERIFIED },
      .options = { { "heartbeat", "1s" },
                   { "heartbeat_timeout", "2s" },
                   { "ack_timeout", "5s" },
                   { "catalog_age", "1m" } } },
    { .name = "binance",
      .silence_ns = 31 * NS_PER_S,
      .has_seeds = true,
      .has_dates = true,
      .proof = { .verified = ARB_VERIFIED, .is_linked = true },
      .options = { { "ack_timeout", "5s" }, { "catalog_age", "1m" } } },
    { .name = "bitfinex",
      .depth = 100,
      .deep_once_in = 10,
      .silence_ns = 17 * NS_PER_S,
      .proof = { .verified = ARB_VERIFIED },
      .options = { { "idle_timeout", "16s" }, { "ack_timeout", "5s" }, { "catalog_age", "10s" } } },
};
enum { N_DIALECTS = sizeof(dialects) / sizeof(dialects[0]) };

_Static_assert(EXCHANGES_FIRST_DIALECT + N_DIALECTS <= EXCHANGES_MAX, "they have places");

uint32_t exchanges_count(void)
{
    return EXCHANGES_FIRST_DIALECT + N_DIALECTS;
}

const struct exchange_dialect *exchange_dialect_of(uint32_t exchange)
{
    return exchange < EXCHANGES_FIRST_DIALECT || exchange >= exchanges_count()
               ? NULL
               : &dialects[exchange - EXCHANGES_FIRST_DIALECT];
}

const char *exchange_name(uint32_t exchange)
{
    static const char *const own[EXCHANGES_FIRST_DIALECT] = { "kraken", "bitstamp" };
    const struct exchange_dialect *const dialect = exchange_dialect_of(exchange);

    if (exchange < EXCHANGES_FIRST_DIALECT) {
        return own[exchange];
    }
    return dialect == NULL ? NULL : dialect->name;
}

uint32_t exchange_find(const char *name)
{
    uint32_t i = 0;

    while (i < exchanges_count() && strcmp(exchange_name(i), name) != 0) {
        i++;
    }
    return i;
}
