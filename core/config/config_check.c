#include "config/config_check.h"

#include <string.h>

#include "arbspot/text.h"
#include "config/delays.h"
#include "config/heading.h"
#include "config/symbol_list.h"
#include "config/venue_list.h"
#include "util/listen_address.h"
#include "util/proxy_url.h"

enum { KEY_MAX = 64 };

static bool has_enabled(const struct config *config)
{
    for (unsigned i = 0; i < config->n_exchanges; i++) {
        if (config->exchanges[i].enabled) {
            return true;
        }
    }
    for (unsigned i = 0; i < config->n_strategies; i++) {
        if (config->strategies[i].enabled) {
            return true;
        }
    }
    return false;
}

static void check_purpose(const struct config *config, struct problems *problems)
{
    if (!has_enabled(config)) {
        problem_add(problems, 0, NULL, NULL,
                    "nothing to do: enable at least one [exchange:NAME] or [strategy:NAME]");
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

static void check_web(const struct config *config, struct problems *problems)
{
    const struct web_section *const web = &config->web;
    struct listen_address address;
    struct err err;

    if (web->listen == NULL) {
        return;
    }
    if (listen_address_parse(&address, web->listen, &err) != ARB_OK) {
        problem_add(problems, web->listen_line, "web", "listen", "%s", err.text);
    } else if (!address.is_loopback && web->token_line == 0) {
        problem_add(problems, web->listen_line, "web", "listen",
                    "others than this machine reach '%.60s', so a token is needed: give "
                    "token = @FILE, or listen at 127.0.0.1",
                    web->listen);
    } else if (config->host.isolate) {
        problem_add(problems, web->listen_line, "web", "listen",
                    "with isolate = yes none of the processes has all books: leave it out, and run "
                    "arbspot web -c FILE beside them");
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
    const struct heading heading = heading_of("strategy", strategy->name);

    if (wrong != NULL && strategy->survival_origin != NULL) {
        problem_add(problems, strategy->survival_line, heading.text, "survival", "%s is not %s",
                    strategy->survival_origin, wrong);
    } else if (wrong != NULL) {
        problem_add(problems, strategy->survival_line, heading.text, "survival", "'%s' is not %s",
                    strategy->survival_text, wrong);
    }
}

/* A `venues` key that is being read. */
struct venues_reading {
    const struct strategy_config *strategy;
    struct problems *problems;
};

/* Of a value that no message may repeat, it is said as a whole. */
static void refuse_venue(void *context, const char *text)
{
    const struct venues_reading *const r = context;
    const struct heading heading = heading_of("strategy", r->strategy->name);

    if (r->strategy->venues_origin == NULL) {
        problem_add(r->problems, r->strategy->venues_line, heading.text, "venues", "%s", text);
    }
}

static void check_venues(const struct config *config, struct strategy_config *strategy,
                         struct problems *problems)
{
    struct venues_reading reading = { strategy, problems };
    const struct venue_list_reader reader = { .refuse = refuse_venue, .context = &reading };
    const struct heading heading = heading_of("strategy", strategy->name);

    if (strategy->venues_text != NULL &&
        venue_list_read(strategy->venues_text, config, &strategy->venues, &reader) != ARB_OK &&
        strategy->venues_origin != NULL) {
        problem_add(problems, strategy->venues_line, heading.text, "venues",
                    "%s is not a list of exchanges that have a section, each once",
                    strategy->venues_origin);
    }
}

/* Two in one group would each be given a part of what they look at. */
static void check_group(const struct config *config, const struct strategy_config *strategy,
                        struct problems *problems)
{
    const struct heading heading = heading_of("strategy", strategy->name);

    for (const struct strategy_config *other = config->strategies; other < strategy; other++) {
        if (other->enabled && other->group != NULL && strcmp(other->group, strategy->group) == 0) {
            problem_add(problems, strategy->group_line, heading.text, "group",
                        "[strategy:%s] has the same one in line %u, and each of the two would see "
                        "only a part of the instruments: give each a group of its own, or leave "
                        "the key out; only processes that run the same section share a group",
                        other->name, other->group_line);
            return;
        }
    }
}

static void check_strategy(const struct config *config, const struct strategy_config *strategy,
                           struct problems *problems)
{
    const bool is_direct = strategy->source == SOURCE_DIRECT;
    const struct heading heading = heading_of("strategy", strategy->name);

    if (!strategy->enabled) {
        return;
    }
    if (is_direct && config->host.isolate) {
        problem_add(
            problems, strategy->source_line, heading.text, "source",
            "'direct' reads the exchanges of its own process, and with [host] isolate = yes "
            "each has one of its own: use source = kafka");
    }
    if (is_direct && strategy->group != NULL) {
        problem_add(problems, strategy->group_line, heading.text, "group",
                    "only source = kafka has consumer groups: remove one of the two");
    } else if (strategy->group != NULL) {
        check_group(config, strategy, problems);
    }
}

/* "venue_symbol.kraken", as the key was written. */
struct whole_key {
    char text[KEY_MAX];
};

static struct whole_key key_of(const char *word, const char *exchange)
{
    struct whole_key key;
    struct arb_text text = arb_text_over(key.text, sizeof(key.text));

    arb_text_add(&text, "%s.%.*s", word, CONFIG_NAME_MAX, exchange);
    return key;
}

static void complain_unknown(const struct config *config,
                             const struct instrument_config *instrument, const char *word,
                             const char *exchange, unsigned line, struct problems *problems)
{
    const struct heading heading = heading_of("instrument", instrument->symbol);
    const struct whole_key key = key_of(word, exchange);
    struct err err = { .rc = ARB_OK };

    (void)venue_list_unknown(config, exchange, &err); /* its words are what counts */
    problem_add(problems, line, heading.text, key.text, "%s", err.text);
}

/* Two of them would be one book, and which of the two it is nobody knows. */
static void check_same_symbol(const struct config *config,
                              const struct instrument_config *instrument,
                              const struct config_entry *entry, struct problems *problems)
{
    const struct heading heading = heading_of("instrument", instrument->symbol);
    const struct whole_key key = key_of("venue_symbol", entry->key);

    for (const struct instrument_config *other = config->instruments; other < instrument; other++) {
        for (const struct config_entry *e = other->venue_symbols; e != NULL; e = e->next) {
            if (strcmp(e->key, entry->key) == 0 && strcmp(e->value, entry->value) == 0) {
                problem_add(problems, entry->line, heading.text, key.text,
                            "in line %u this is what %s calls %s: correct one of the two", e->line,
                            e->key, other->symbol);
                return;
            }
        }
    }
}

static void check_venue_symbols(const struct config *config,
                                const struct instrument_config *instrument,
                                struct problems *problems)
{
    const struct heading heading = heading_of("instrument", instrument->symbol);

    for (const struct config_entry *e = instrument->venue_symbols; e != NULL; e = e->next) {
        const struct whole_key key = key_of("venue_symbol", e->key);
        if (config_exchange(config, e->key) == NULL) {
            complain_unknown(config, instrument, "venue_symbol", e->key, e->line, problems);
        } else if (e->value[0] == '\0' || strlen(e->value) >= ARB_SYMBOL_MAX) {
            problem_add(problems, e->line, heading.text, key.text,
                        "the venue's name for it has 1 to %d bytes", (int)ARB_SYMBOL_MAX - 1);
        } else {
            check_same_symbol(config, instrument, e, problems);
        }
    }
}

static void check_terms(const struct config *config, const struct instrument_config *instrument,
                        enum config_term term, struct problems *problems)
{
    for (const struct venue_term *t = instrument->terms[term]; t != NULL; t = t->next) {
        if (config_exchange(config, t->exchange) == NULL) {
            complain_unknown(config, instrument, config_term_keys[term], t->exchange, t->line,
                             problems);
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
    check_web(config, problems);
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
