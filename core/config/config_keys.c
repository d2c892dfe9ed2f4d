#include "config/config_keys.h"

#include <stddef.h>
#include <string.h>

#define NUMBER(type_, min_, max_) .rule = { .type = (type_), .min = (min_), .max = (max_) }
#define WORDS(choices_)                                                                            \
    .rule = { .type = VALUE_ENUM, .min = INT64_MIN, .max = INT64_MAX, .choices = (choices_) }
#define TEXT .rule = { .type = VALUE_STRING }

enum {
    TOPIC_LEN_MAX = 249, /* Kafka's own limit */
    PORT_DIGITS_MAX = 5,
    PORT_MAX = 65535,
};

static bool consists_of(const char *text, size_t len, const char *allowed)
{
    return len > 0 && strspn(text, allowed) >= len;
}

bool config_is_name(const char *text)
{
    const size_t len = strlen(text);
    return len < CONFIG_NAME_MAX &&
           consists_of(text, len, "abcdefghijklmnopqrstuvwxyz0123456789_-");
}

static bool is_topic(const char *text)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    const size_t len = strlen(text);

    /* Those with two underscores in front are Kafka's own, __consumer_offsets for one. */
    return len <= TOPIC_LEN_MAX && consists_of(text, len, allowed) && strcmp(text, ".") != 0 &&
           strcmp(text, "..") != 0 && strncmp(text, "__", 2) != 0;
}

static bool is_port(const char *text, size_t len)
{
    unsigned port = 0;

    if (len > PORT_DIGITS_MAX || !consists_of(text, len, "0123456789")) {
        return false;
    }
    for (size_t i = 0; i < len; i++) {
        port = port * 10 + (unsigned)(text[i] - '0');
    }
    return port >= 1 && port <= PORT_MAX;
}

/* "host:9092" or "[::1]:9092". */
static bool is_broker(const char *text, size_t len)
{
    static const char allowed[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.-_";
    const char *const colon = memrchr(text, ':', len);

    if (colon == NULL) {
        return false;
    }
    const size_t host_len = (size_t)(colon - text);
    if (!is_port(colon + 1, len - host_len - 1)) {
        return false;
    }
    if (host_len > 2 && text[0] == '[' && text[host_len - 1] == ']') {
        return consists_of(text + 1, host_len - 2, "0123456789abcdefABCDEF:.");
    }
    return consists_of(text, host_len, allowed);
}

/* The text has no blanks any more, see STORE_BROKERS. */
static bool is_brokers(const char *text)
{
    if (strcmp(text, "embedded") == 0) {
        return true;
    }
    for (;;) {
        const size_t len = strcspn(text, ",");
        if (!is_broker(text, len)) {
            return false;
        }
        if (text[len] == '\0') {
            return true;
        }
        text += len + 1;
    }
}

static const struct config_key host_keys[] = {
    { .name = "plugin_dir",
      .store = STORE_PATH,
      .offset = offsetof(struct host_config, plugin_dir),
      .line_offset = offsetof(struct host_config, plugin_dir_line),
      TEXT },
    { .name = "ca_file",
      .store = STORE_PATH,
      .offset = offsetof(struct host_config, ca_file),
      .line_offset = offsetof(struct host_config, ca_file_line),
      TEXT },
    { .name = "snapshot_interval",
      .fallback = "10s",
      .store = STORE_NUMBER,
      .offset = offsetof(struct host_config, snapshot_interval_ms),
      NUMBER(VALUE_MS, 100, 3600000) },
    { .name = "publish_depth",
      .fallback = "500",
      .store = STORE_NUMBER,
      .offset = offsetof(struct host_config, publish_depth),
      NUMBER(VALUE_INT, 0, ARB_EVENT_LEVELS_MAX) },
    { .name = "ring",
      .fallback = "8MiB",
      .store = STORE_NUMBER,
      .offset = offsetof(struct host_config, ring_bytes),
      /* At least what the largest book needs to go through as one record. */
      NUMBER(VALUE_BYTES, INT64_C(8) << 20, INT64_C(1) << 30) },
    { .name = "px_scale",
      .store = STORE_SMALL,
      .offset = offsetof(struct host_config, px_scale),
      NUMBER(VALUE_INT, 0, ARB_SCALE_MAX) },
    { .name = "qty_scale",
      .store = STORE_SMALL,
      .offset = offsetof(struct host_config, qty_scale),
      NUMBER(VALUE_INT, 0, ARB_SCALE_MAX) },
    { .name = "scales_file",
      .store = STORE_PATH,
      .offset = offsetof(struct host_config, scales_file),
      .line_offset = offsetof(struct host_config, scales_file_line),
      TEXT },
    { .name = "log_level",
      .fallback = "info",
      .store = STORE_TEXT,
      .offset = offsetof(struct host_config, log_level),
      WORDS("error|warn|info|debug") },
    { .name = "silence",
      .fallback = "60s",
      .store = STORE_NUMBER,
      .offset = offsetof(struct host_config, silence_ms),
      NUMBER(VALUE_MS, 0, 86400000) },
    { .name = "standby",
      .fallback = "no",
      .store = STORE_FLAG,
      .offset = offsetof(struct host_config, standby),
      NUMBER(VALUE_BOOL, 0, 0) },
    { .name = "isolate",
      .fallback = "no",
      .store = STORE_FLAG,
      .offset = offsetof(struct host_config, isolate),
      NUMBER(VALUE_BOOL, 0, 0) },
    { .name = NULL },
};

static const struct config_key kafka_keys[] = {
    { .name = "brokers",
      .is_required = true,
      .store = STORE_BROKERS,
      .offset = offsetof(struct kafka_config, brokers),
      TEXT,
      .is_valid = is_brokers,
      .wanted = "'embedded' or a list like host1:9092, host2:9092" },
    { .name = "market_topic",
      .fallback = "market-data",
      .store = STORE_TEXT,
      .offset = offsetof(struct kafka_config, market_topic),
      TEXT,
      .is_valid = is_topic,
      .wanted = "a topic: 1 to 249 letters, digits, '.', '_' and '-', without '__' in front" },
    { .name = "opportunity_topic",
      .fallback = "arbitrage-opportunities",
      .store = STORE_TEXT,
      .offset = offsetof(struct kafka_config, opportunity_topic),
      TEXT,
      .is_valid = is_topic,
      .wanted = "a topic: 1 to 249 letters, digits, '.', '_' and '-', without '__' in front" },
    { .name = "partitions",
      .fallback = "8",
      .store = STORE_NUMBER,
      .offset = offsetof(struct kafka_config, partitions),
      NUMBER(VALUE_INT, 1, 1000) },
    { .name = "replication",
      .fallback = "1",
      .store = STORE_NUMBER,
      .offset = offsetof(struct kafka_config, replication),
      NUMBER(VALUE_INT, 1, 16) },
    { .name = "retention",
      .fallback = "0",
      .store = STORE_NUMBER,
      .offset = offsetof(struct kafka_config, retention_ms),
      NUMBER(VALUE_MS, 0, INT64_C(315360000000)) }, /* ten years */
    { .name = "rdkafka.",
      .store = STORE_ENTRIES,
      .offset = offsetof(struct kafka_config, rdkafka),
      .keeps_unread = true,
      TEXT },
    { .name = NULL },
};

static const struct config_key web_keys[] = {
    { .name = "listen",
      .store = STORE_TEXT,
      .offset = offsetof(struct web_section, listen),
      .line_offset = offsetof(struct web_section, listen_line),
      TEXT },
    { .name = "token",
      .store = STORE_TOKEN,
      .offset = offsetof(struct web_section, token),
      .line_offset = offsetof(struct web_section, token_line),
      TEXT },
    { .name = "max_clients",
      .fallback = "64",
      .store = STORE_NUMBER,
      .offset = offsetof(struct web_section, clients_max),
      NUMBER(VALUE_INT, 1, 128) },
    { .name = NULL },
};

static const struct config_key instrument_keys[] = {
    { .name = "px_scale",
      .store = STORE_SMALL,
      .offset = offsetof(struct instrument_config, px_scale),
      NUMBER(VALUE_INT, 0, ARB_SCALE_MAX) },
    { .name = "qty_scale",
      .store = STORE_SMALL,
      .offset = offsetof(struct instrument_config, qty_scale),
      NUMBER(VALUE_INT, 0, ARB_SCALE_MAX) },
    { .name = "venue_symbol.",
      .store = STORE_ENTRIES,
      .offset = offsetof(struct instrument_config, venue_symbols),
      TEXT },
    { .name = "taker_fee.",
      .store = STORE_TERMS,
      .offset = offsetof(struct instrument_config, terms[TERM_TAKER_FEE]),
      NUMBER(VALUE_PPM, -FEE_MAX_PPM, FEE_MAX_PPM) },
    { .name = "tick.",
      .store = STORE_TERMS,
      .offset = offsetof(struct instrument_config, terms[TERM_TICK]),
      NUMBER(VALUE_DECIMAL, 0, INT64_MAX) },
    { .name = "lot.",
      .store = STORE_TERMS,
      .offset = offsetof(struct instrument_config, terms[TERM_LOT]),
      NUMBER(VALUE_DECIMAL, 0, INT64_MAX) },
    { .name = "min_qty.",
      .store = STORE_TERMS,
      .offset = offsetof(struct instrument_config, terms[TERM_MIN_QTY]),
      NUMBER(VALUE_DECIMAL, 0, INT64_MAX) },
    { .name = "min_notional.",
      .store = STORE_TERMS,
      .offset = offsetof(struct instrument_config, terms[TERM_MIN_NOTIONAL]),
      NUMBER(VALUE_DECIMAL, 0, INT64_MAX) },
    { .name = NULL },
};

static const struct config_key exchange_keys[] = {
    { .name = "enabled",
      .fallback = "yes",
      .store = STORE_FLAG,
      .offset = offsetof(struct exchange_config, enabled),
      NUMBER(VALUE_BOOL, 0, 0) },
    { .name = "plugin",
      .store = STORE_PLUGIN,
      .offset = offsetof(struct exchange_config, plugin),
      .line_offset = offsetof(struct exchange_config, plugin_line),
      TEXT },
    { .name = "symbols",
      .store = STORE_SYMBOLS,
      .offset = offsetof(struct exchange_config, symbols),
      .n_offset = offsetof(struct exchange_config, n_symbols),
      .line_offset = offsetof(struct exchange_config, symbols_line),
      TEXT },
    { .name = "taker_fee",
      .is_required = true,
      .store = STORE_FEES,
      .offset = offsetof(struct exchange_config, fees),
      .line_offset = offsetof(struct exchange_config, taker_fee_line),
      TEXT,
      .wanted = FEE_WANTED },
    { .name = "volume_30d",
      .store = STORE_DECIMAL,
      .offset = offsetof(struct exchange_config, volume_30d),
      NUMBER(VALUE_DECIMAL, 0, INT64_MAX) },
    { .name = "inventory.",
      .store = STORE_INVENTORY,
      .offset = offsetof(struct exchange_config, inventory),
      NUMBER(VALUE_DECIMAL, 0, INT64_MAX) },
    { .name = "withdrawal.",
      .store = STORE_WITHDRAWALS,
      .offset = offsetof(struct exchange_config, withdrawals),
      TEXT,
      .wanted = WITHDRAWAL_WANTED },
    { .name = "ca_file",
      .store = STORE_PATH,
      .offset = offsetof(struct exchange_config, ca_file),
      .line_offset = offsetof(struct exchange_config, ca_file_line),
      TEXT },
    /* Checked later: a complaint about the value would show it, and a password with it. */
    { .name = "proxy",
      .store = STORE_TEXT,
      .offset = offsetof(struct exchange_config, proxy),
      .line_offset = offsetof(struct exchange_config, proxy_line),
      TEXT },
    { .name = "max_age",
      .fallback = "30s",
      .store = STORE_NUMBER,
      .offset = offsetof(struct exchange_config, max_age_ms),
      NUMBER(VALUE_MS, 0, 3600000) },
    { .name = "max_lag",
      .fallback = "2s",
      .store = STORE_NUMBER,
      .offset = offsetof(struct exchange_config, max_lag_ms),
      .line_offset = offsetof(struct exchange_config, max_lag_line),
      NUMBER(VALUE_MS, 0, 60000) },
    { .name = "publish_depth",
      .store = STORE_NUMBER,
      .offset = offsetof(struct exchange_config, publish_depth),
      .line_offset = offsetof(struct exchange_config, publish_depth_line),
      NUMBER(VALUE_INT, 0, ARB_EVENT_LEVELS_MAX) },
    { .name = "shed",
      .fallback = "yes",
      .store = STORE_FLAG,
      .offset = offsetof(struct exchange_config, shed),
      NUMBER(VALUE_BOOL, 0, 0) },
    { .name = "connections",
      .fallback = "1",
      .store = STORE_NUMBER,
      .offset = offsetof(struct exchange_config, connections),
      NUMBER(VALUE_INT, 1, 2) },
    { .name = "connection_age",
      .fallback = "23h",
      .store = STORE_NUMBER,
      .offset = offsetof(struct exchange_config, connection_age_ms),
      NUMBER(VALUE_MS, 0, 604800000) },
    { .name = "",
      .store = STORE_ENTRIES,
      .offset = offsetof(struct exchange_config, options),
      .keeps_unread = true,
      TEXT },
    { .name = NULL },
};

static const struct config_key strategy_keys[] = {
    { .name = "enabled",
      .fallback = "yes",
      .store = STORE_FLAG,
      .offset = offsetof(struct strategy_config, enabled),
      NUMBER(VALUE_BOOL, 0, 0) },
    { .name = "plugin",
      .store = STORE_PLUGIN,
      .offset = offsetof(struct strategy_config, plugin),
      .line_offset = offsetof(struct strategy_config, plugin_line),
      TEXT },
    { .name = "source",
      .fallback = "kafka",
      .store = STORE_CHOICE,
      .offset = offsetof(struct strategy_config, source),
      .line_offset = offsetof(struct strategy_config, source_line),
      WORDS("kafka|direct") },
    { .name = "group",
      .store = STORE_TEXT,
      .offset = offsetof(struct strategy_config, group),
      .line_offset = offsetof(struct strategy_config, group_line),
      TEXT },
    { .name = "symbols",
      .store = STORE_SYMBOLS,
      .offset = offsetof(struct strategy_config, symbols),
      .n_offset = offsetof(struct strategy_config, n_symbols),
      .line_offset = offsetof(struct strategy_config, symbols_line),
      TEXT },
    { .name = "venues",
      .store = STORE_TEXT,
      .offset = offsetof(struct strategy_config, venues_text),
      .line_offset = offsetof(struct strategy_config, venues_line),
      .origin_offset = offsetof(struct strategy_config, venues_origin),
      .is_list = true,
      TEXT },
    { .name = "survival",
      .fallback = "10ms, 50ms, 100ms, 250ms, 500ms, 1s, latency",
      .store = STORE_TEXT,
      .offset = offsetof(struct strategy_config, survival_text),
      .line_offset = offsetof(struct strategy_config, survival_line),
      .origin_offset = offsetof(struct strategy_config, survival_origin),
      .is_list = true,
      TEXT },
    { .name = "matrix",
      .fallback = "0",
      .store = STORE_NUMBER,
      .offset = offsetof(struct strategy_config, matrix_ms),
      NUMBER(VALUE_MS, 0, 10000) },
    { .name = "misses",
      .fallback = "10s",
      .store = STORE_NUMBER,
      .offset = offsetof(struct strategy_config, misses_ms),
      NUMBER(VALUE_MS, 0, 3600000) },
    { .name = "",
      .store = STORE_ENTRIES,
      .offset = offsetof(struct strategy_config, options),
      .keeps_unread = true,
      TEXT },
    { .name = NULL },
};

const struct config_section config_sections[N_SECTION_KINDS] = {
    [SECTION_HOST] = { "host", "host", false, 1, host_keys },
    [SECTION_KAFKA] = { "kafka", "kafka", false, 1, kafka_keys },
    [SECTION_INSTRUMENT] = { "instrument", "instrument:BTC/USD", true, CONFIG_INSTRUMENTS_MAX,
                             instrument_keys },
    [SECTION_EXCHANGE] = { "exchange", "exchange:kraken", true, CONFIG_EXCHANGES_MAX,
                           exchange_keys },
    [SECTION_STRATEGY] = { "strategy", "strategy:cross_venue", true, CONFIG_STRATEGIES_MAX,
                           strategy_keys },
    [SECTION_WEB] = { "web", "web", false, 1, web_keys },
};

bool config_key_is_prefix(const struct config_key *key)
{
    return key->store == STORE_ENTRIES || key->store == STORE_TERMS ||
           key->store == STORE_INVENTORY || key->store == STORE_WITHDRAWALS;
}

const struct config_section *config_section_of(const char *heading)
{
    const size_t len = strcspn(heading, ":");

    for (size_t i = 0; i < N_SECTION_KINDS; i++) {
        const char *const word = config_sections[i].word;
        if (strlen(word) == len && memcmp(word, heading, len) == 0) {
            return &config_sections[i];
        }
    }
    return NULL;
}

unsigned config_host_keys(const char *section, const char **names, unsigned cap)
{
    const struct config_section *const kind = config_section_of(section);
    unsigned n = 0;

    if (kind == NULL) {
        return 0;
    }
    for (const struct config_key *key = kind->keys; key->name != NULL && n < cap; key++) {
        if (!config_key_is_prefix(key)) {
            names[n++] = key->name;
        }
    }
    return n;
}
