#include "config/config_check.h"

#include <string.h>

#include "arbspot/text.h"
#include "config/coverage.h"
#include "config/delays.h"
#include "config/symbol_list.h"
#include "config/venue_list.h"
#include "util/proxy_url.h"

enum { HEADING_MAX = 64 };

/* "exchange:kraken", as it stands between the brackets. */
struct heading {
    char text[HEADING_MAX];
};

static struct heading heading_of(const char *word, const char *name)
{
    struct heading heading;
    struct arb_text text = arb_text_over(heading.text, sizeof(heading.text));

    arb_text_add(&text, "%s:%s", word, name);
    return heading;
}

static unsigned count_enabled_exchanges(const struct config *config)
{
    unsigned n = 0;

    for (unsigned i = 0; i < config->n_exchanges; i++) {
        n += config->exchanges[i].enabled ? 1 : 0;
    }
    return n;
}

static const struct strategy_config *first_strategy(const struct config *config)
{
    for (unsigned i = 0; i < config->n_strategies; i++) {
        if (config->strategies[i].enabled) {
            return &config->strategies[i];
        }
    }
    return NULL;
}

static void check_purpose(const struct config *config, struct problems *problems)
{
    if (count_enabled_exchanges(config) == 0 && first_strategy(config) == NULL) {
        problem_add(problems, 0, NULL, NULL,
                    "nothing to do: enable at least one [exchange:NAME] or [strategy:NAME]");
    }
}

/* What is bought on one exchange is sold on another: a strategy needs one instrument on both. */
static void check_coverage(const struct config *config, struct problems *problems)
{
    const struct strategy_config *const strategy = first_strategy(config);
    struct coverage coverage;

    if (strategy == NULL || config->n_exchanges < 2) {
        return;
    }
    coverage_find(config, &coverage);
    if (!coverage.may_meet) {
        const struct heading heading = heading_of("strategy", strategy->name);
        problem_add(
            problems, strategy->line, heading.text, NULL,
            "there is nothing to compare, no two exchanges have a symbol in common: %s%s%s; "
            "list the same symbol on two of them",
            coverage.lone,
            coverage.quotes[0] == '\0' ? "" : "; quotes that never meet: ", coverage.quotes);
    }
}

/* Kafka takes '.' for '_' where it counts, and refuses the second of two such topics. */
static bool is_same_topic(const char *a, const char *b)
{
    while (*a != '\0' && (*a == '.' ? '_' : *a) == (*b == '.' ? '_' : *b)) {
        a++;
        b++;
    }
    return *a == *b;
}

static void check_topics(const struct config *config, struct problems *problems)
{
    const struct kafka_config *const kafka = &config->kafka;

    if (kafka->market_topic == NULL || kafka->opportunity_topic == NULL) {
        return;
    }
    if (strcmp(kafka->market_topic, kafka->opportunity_topic) == 0) {
        problem_add(problems, 0, "kafka", "opportunity_topic",
                    "'%.60s' is the market_topic too: give them different names",
                    kafka->opportunity_topic);
    } else if (is_same_topic(kafka->market_topic, kafka->opportunity_topic)) {
        problem_add(problems, 0, "kafka", "opportunity_topic",
                    "'%.60s' and the market_topic '%.60s' are one name for Kafka, which takes '.' "
                    "for '_': give them names that differ in more",
                    kafka->opportunity_topic, kafka->market_topic);
    }
}

static void check_proxy(const struct exchange_config *exchange, struct problems *problems)
{
    const struct heading heading = heading_of("exchange", exchange->name);
    struct proxy_url ignored;
    struct err err;

    if (exchange->proxy != NULL && proxy_url_parse(&ignored, exchange->proxy, &err) != ARB_OK) {
        problem_add(problems, exchange->proxy_line, heading.text, "proxy", "%s", err.text);
    }
}

static void check_exchange(const struct exchange_config *exchange, struct problems *problems)
{
    check_proxy(exchange, problems);
    if (exchange->max_lag_ms > 0 && exchange->max_lag_ms < CONFIG_MAX_LAG_MIN_MS) {
        const struct heading heading = heading_of("exchange", exchange->name);
        problem_add(problems, exchange->max_lag_line, heading.text, "max_lag",
                    "at least %dms, or 0 for books that are shown whatever their age",
                    (int)CONFIG_MAX_LAG_MIN_MS);
    }
    if (exchange->enabled && exchange->symbols_line == 0) {
        const struct heading heading = heading_of("exchange", exchange->name);
        problem_add(problems, exchange->line, heading.text, "symbols",
                    "missing; give symbols such as BTC/USD, ETH/USD or a pattern like */USD");
    }
}

static void check_survival(struct strategy_config *strategy, struct problems *problems)
{
    const char *const wrong = delays_read(strategy->survival_text, &strategy->survival);

    if (wrong != NULL) {
        const struct heading heading = heading_of("strategy", strategy->name);
        problem_add(problems, strategy->survival_line, heading.text, "survival", "'%s' is not %s",
                    strategy->survival_text, wrong);
    }
}

static void check_venues(const struct config *config, struct strategy_config *strategy,
                         struct problems *problems)
{
    struct err err;

    if (strategy->venues_text != NULL &&
        venue_list_read(strategy->venues_text, config, &strategy->venues, &err) != ARB_OK) {
        const struct heading heading = heading_of("strategy", strategy->name);
        problem_add(problems, strategy->venues_line, heading.text, "venues", "%s", err.text);
    }
}

static void check_strategy(const struct config *config, const struct strategy_config *strategy,
                           struct problems *problems)
{
    const struct heading heading = heading_of("strategy", strategy->name);

    if (!strategy->enabled || strategy->source != SOURCE_DIRECT) {
        return;
    }
    if (count_enabled_exchanges(config) < 2) {
        problem_add(problems, strategy->source_line, heading.text, "source",
                    "'direct' reads the exchanges of this process, and %s: enable two, or use "
                    "source = kafka, which also reads those of other processes",
                    count_enabled_exchanges(config) == 0
                        ? "none is enabled"
                        : "only one is enabled, with nothing to compare it with");
    }
    if (config->host.isolate) {
        problem_add(
            problems, strategy->source_line, heading.text, "source",
            "'direct' reads the exchanges of its own process, and with [host] isolate = yes "
            "each has one of its own: use source = kafka");
    }
    if (strategy->group != NULL) {
        problem_add(problems, strategy->line, heading.text, "group",
                    "only source = kafka has consumer groups: remove one of the two");
    }
}

static void check_venue_symbols(const struct config *config,
                                const struct instrument_config *instrument,
                                struct problems *problems)
{
    const struct heading heading = heading_of("instrument", instrument->symbol);

    for (const struct config_entry *e = instrument->venue_symbols; e != NULL; e = e->next) {
        if (config_exchange(config, e->key) == NULL) {
            problem_add(problems, e->line, heading.text, "venue_symbol",
                        "there is no [exchange:%.60s]", e->key);
        } else if (e->value[0] == '\0' || strlen(e->value) >= ARB_SYMBOL_MAX) {
            problem_add(problems, e->line, heading.text, "venue_symbol",
                        "the venue's name for it has 1 to %d bytes", (int)ARB_SYMBOL_MAX - 1);
        }
    }
}

static void check_terms(const struct config *config, const struct instrument_config *instrument,
                        enum config_term term, struct problems *problems)
{
    static const char *const keys[N_TERMS] = { "taker_fee", "tick", "lot", "min_qty",
                                               "min_notional" };
    const struct heading heading = heading_of("instrument", instrument->symbol);

    for (const struct venue_term *t = instrument->terms[term]; t != NULL; t = t->next) {
        if (config_exchange(config, t->exchange) == NULL) {
            problem_add(problems, t->line, heading.text, keys[term], "there is no [exchange:%.60s]",
                        t->exchange);
        }
    }
}

/* Certain only when the lists of all exchanges are known: a bad list is reported by itself. */
static bool is_surely_unlisted(const struct config *config, const char *symbol)
{
    for (unsigned i = 0; i < config->n_exchanges; i++) {
        const struct exchange_config *const exchange = &config->exchanges[i];
        if (exchange->n_symbols == 0 ||
            symbol_matches_any(exchange->symbols, exchange->n_symbols, symbol)) {
            return false;
        }
    }
    return config->n_exchanges > 0;
}

static void check_instrument(const struct config *config,
                             const struct instrument_config *instrument, struct problems *problems)
{
    const struct heading heading = heading_of("instrument", instrument->symbol);

    if (is_surely_unlisted(config, instrument->symbol)) {
        problem_add(problems, instrument->line, heading.text, NULL,
                    "no exchange lists this symbol: correct or remove the section");
    }
    check_venue_symbols(config, instrument, problems);
    for (unsigned term = 0; term < N_TERMS; term++) {
        check_terms(config, instrument, (enum config_term)term, problems);
    }
}

void config_check(const struct config *config, struct problems *problems)
{
    check_purpose(config, problems);
    check_topics(config, problems);
    check_coverage(config, problems);
    for (unsigned i = 0; i < config->n_exchanges; i++) {
        check_exchange(&config->exchanges[i], problems);
    }
    for (unsigned i = 0; i < config->n_strategies; i++) {
        check_survival(&config->strategies[i], problems);
        check_venues(config, &config->strategies[i], problems);
        check_strategy(config, &config->strategies[i], problems);
    }
    for (unsigned i = 0; i < config->n_instruments; i++) {
        check_instrument(config, &config->instruments[i], problems);
    }
}
