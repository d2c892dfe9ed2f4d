/* test_config.c - whole files in, a typed configuration or all problems at once out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "arbspot/abi.h"
#include "arbspot/text.h"
#include "config/config_load.h"
#include "config/ini_reader.h"
#include "config/symbol_list.h"

/* A file in a folder of its own, and what came of reading it. */
struct loaded {
    char folder[64];
    char path[96];
    struct config config;
    char *problems; /* with the path written as "FILE", the folder as "FOLDER" */
    int rc;
};

static void write_file(const char *path, const char *text)
{
    FILE *const file = fopen(path, "w");

    assert_non_null(file);
    assert_int_not_equal(fputs(text, file), EOF);
    assert_int_equal(fclose(file), 0);
}

/* A problem names a file by its whole path: the folder's random name becomes FOLDER. */
static void name_folder(struct loaded *l)
{
    static const char name[] = "FOLDER";
    char *const at = strstr(l->problems, l->folder);

    if (at != NULL) {
        memcpy(at, name, sizeof(name) - 1);
        memmove(at + sizeof(name) - 1, at + strlen(l->folder), strlen(at + strlen(l->folder)) + 1);
    }
}

static struct loaded load(const char *text)
{
    struct loaded l = { .folder = "/tmp/arbspot-config-XXXXXX" };
    size_t len = 0;
    FILE *const out = open_memstream(&l.problems, &len);
    struct problems problems = { .out = out, .path = "FILE" };

    assert_non_null(out);
    assert_non_null(mkdtemp(l.folder));
    assert_true(snprintf(l.path, sizeof(l.path), "%s/arbspot.ini", l.folder) > 0);
    write_file(l.path, text);
    l.rc = config_load(&l.config, l.path, &problems);
    assert_int_equal(fclose(out), 0);
    name_folder(&l);
    assert_int_equal(unlink(l.path), 0);
    assert_int_equal(rmdir(l.folder), 0);
    return l;
}

static void unload(struct loaded *l)
{
    config_fini(&l->config);
    free(l->problems);
}

static void check_problems(const char *text, const char *wanted)
{
    struct loaded l = load(text);

    assert_string_equal(l.problems, wanted);
    assert_int_equal(l.rc, wanted[0] == '\0' ? ARB_OK : ARB_EINVAL);
    unload(&l);
}

static const char small[] = "[kafka]\n"
                            "brokers = embedded\n"
                            "[exchange:kraken]\n"
                            "symbols = BTC/USD\n"
                            "taker_fee = 0.80%\n";

static void small_file_gets_the_defaults(void **state)
{
    struct loaded l = load(small);
    const struct config *const c = &l.config;

    (void)state;
    assert_string_equal(l.problems, "");
    assert_int_equal(l.rc, ARB_OK);
    assert_string_equal(c->path, l.path);
    assert_null(c->host.plugin_dir);
    assert_null(c->host.ca_file);
    assert_int_equal(c->host.snapshot_interval_ms, 10000);
    assert_int_equal(config_publish_depth(c, &c->exchanges[0]), 500);
    assert_int_equal(c->host.ring_bytes, 8 * 1024 * 1024);
    assert_int_equal(c->host.px_scale, ARB_DIGITS_UNKNOWN);
    assert_int_equal(c->host.qty_scale, ARB_DIGITS_UNKNOWN);
    assert_null(c->host.scales_file);
    assert_string_equal(c->host.log_level, "info");
    assert_string_equal(c->kafka.brokers, "embedded");
    assert_string_equal(c->kafka.market_topic, "market-data");
    assert_string_equal(c->kafka.opportunity_topic, "arbitrage-opportunities");
    assert_int_equal(c->kafka.partitions, 8);
    assert_int_equal(c->kafka.replication, 1);
    assert_int_equal(c->kafka.retention_ms, 0);
    assert_null(c->kafka.rdkafka);
    assert_int_equal(c->n_exchanges, 1);
    assert_string_equal(c->exchanges[0].name, "kraken");
    assert_string_equal(c->exchanges[0].plugin, "kraken");
    assert_int_equal(c->exchanges[0].plugin_line, 0);
    assert_true(c->exchanges[0].enabled);
    assert_int_equal(c->exchanges[0].max_age_ms, 30000);
    assert_int_equal(c->exchanges[0].max_lag_ms, 2000);
    assert_int_equal(c->exchanges[0].connections, 1);
    assert_int_equal(c->exchanges[0].connection_age_ms, 23 * 3600 * 1000);
    assert_int_equal(c->exchanges[0].taker_fee_ppm, 8000);
    assert_int_equal(c->exchanges[0].n_symbols, 1);
    assert_int_equal(c->exchanges[0].line, 3);
    assert_int_equal(c->exchanges[0].symbols_line, 4);
    assert_null(c->exchanges[0].options);
    assert_int_equal(c->n_strategies, 0);
    assert_int_equal(c->n_instruments, 0);
    assert_null(config_instrument(c, "BTC/USD"));
    unload(&l);
}

static void keys_of_host_and_kafka_reach_their_members(void **state)
{
    struct loaded l = load("[host]\n"
                           "plugin_dir = /opt/plugins\n"
                           "ca_file = ca.pem\n"
                           "scales_file = scales.txt\n"
                           "snapshot_interval = 500ms\n"
                           "ring = 16MiB\n"
                           "log_level = debug\n"
                           "[kafka]\n"
                           "brokers = a.example:9092,\n"
                           "    [::1]:9093\n"
                           "market_topic = m\n"
                           "opportunity_topic = o\n"
                           "partitions = 1000\n"
                           "replication = 3\n"
                           "retention = 7d\n"
                           "rdkafka.linger.ms = 0\n"
                           "rdkafka.sasl.password = a;b#c=d\n"
                           "[strategy:s]\n");
    const struct host_config *const host = &l.config.host;
    const struct kafka_config *const kafka = &l.config.kafka;
    char path[160];

    (void)state;
    assert_string_equal(l.problems, "");
    assert_string_equal(host->plugin_dir, "/opt/plugins");
    assert_true(snprintf(path, sizeof(path), "%s/ca.pem", l.folder) > 0);
    assert_string_equal(host->ca_file, path);
    assert_true(snprintf(path, sizeof(path), "%s/scales.txt", l.folder) > 0);
    assert_string_equal(host->scales_file, path);
    assert_int_equal(host->snapshot_interval_ms, 500);
    assert_int_equal(host->ring_bytes, 16 * 1024 * 1024);
    assert_string_equal(host->log_level, "debug");
    assert_string_equal(kafka->brokers, "a.example:9092,[::1]:9093");
    assert_string_equal(kafka->market_topic, "m");
    assert_string_equal(kafka->opportunity_topic, "o");
    assert_int_equal(kafka->partitions, 1000);
    assert_int_equal(kafka->replication, 3);
    assert_int_equal(kafka->retention_ms, 604800000);
    assert_string_equal(kafka->rdkafka->key, "linger.ms");
    assert_string_equal(kafka->rdkafka->next->value, "a;b#c=d");
    assert_int_equal(kafka->rdkafka->next->line, 17);
    assert_null(kafka->rdkafka->next->next);
    unload(&l);
}

static void scales_of_instruments_default_to_the_hosts(void **state)
{
    struct loaded l = load("[instrument:BTC/USD]\n"
                           "px_scale = 2\n"
                           "[instrument:ETH/USD]\n"
                           "qty_scale = 6\n"
                           "[strategy:s]\n"
                           "[kafka]\n"
                           "brokers = embedded\n"
                           "[host]\n"
                           "px_scale = 0\n"
                           "qty_scale = 18\n");

    (void)state;
    assert_string_equal(l.problems, "");
    assert_ptr_equal(config_instrument(&l.config, "ETH/USD"), &l.config.instruments[1]);
    assert_int_equal(l.config.instruments[0].px_scale, 2);
    assert_int_equal(l.config.instruments[0].qty_scale, 18);
    assert_int_equal(l.config.instruments[1].px_scale, 0);
    assert_int_equal(l.config.instruments[1].qty_scale, 6);
    unload(&l);
}

static void keys_of_exchanges_and_strategies_reach_their_members(void **state)
{
    struct loaded l = load("[kafka]\n"
                           "brokers = embedded\n"
                           "[instrument:BTC/USD]\n"
                           "venue_symbol.kraken = XBT/USD\n"
                           "[exchange:kraken]\n"
                           "enabled = no\n"
                           "plugin = ./my/kraken.so\n"
                           "symbols = BTC/USD, */EUR,\n"
                           "    ETH/USD\n"
                           "taker_fee = -1bp\n"
                           "ca_file = /abs/ca.pem\n"
                           "proxy = http://u:p@x:1\n"
                           "connections = 2\n"
                           "depth = 25\n"
                           "url = wss://x/?a=b\n"
                           "[strategy:one]\n"
                           "plugin = cross_venue\n"
                           "source = kafka\n"
                           "group = g\n"
                           "min_net = 5bp\n");
    const struct exchange_config *const e = &l.config.exchanges[0];
    const struct strategy_config *const s = &l.config.strategies[0];
    char path[160];

    (void)state;
    assert_string_equal(l.problems, "");
    assert_string_equal(l.config.instruments[0].venue_symbols->key, "kraken");
    assert_string_equal(l.config.instruments[0].venue_symbols->value, "XBT/USD");
    assert_false(e->enabled);
    assert_true(snprintf(path, sizeof(path), "%s/./my/kraken.so", l.folder) > 0);
    assert_string_equal(e->plugin, path);
    assert_int_equal(e->plugin_line, 7);
    assert_int_equal(e->n_symbols, 3);
    assert_string_equal(e->symbols[1], "*/EUR");
    assert_string_equal(e->symbols[2], "ETH/USD");
    assert_int_equal(e->taker_fee_ppm, -100);
    assert_string_equal(e->ca_file, "/abs/ca.pem");
    assert_string_equal(e->proxy, "http://u:p@x:1");
    assert_int_equal(e->connections, 2);
    assert_string_equal(e->options->key, "depth");
    assert_string_equal(e->options->next->value, "wss://x/?a=b");
    assert_true(s->enabled);
    assert_string_equal(s->plugin, "cross_venue");
    assert_int_equal(s->source, SOURCE_KAFKA);
    assert_int_equal(s->source_line, 18);
    assert_string_equal(s->group, "g");
    assert_string_equal(s->options->key, "min_net");
    unload(&l);
}

/* What an exchange has of fees; the texts are whole lines. */
static void check_fee(const char *lines, int64_t fee_ppm, bool is_default)
{
    char text[512];

    (void)snprintf(text, sizeof(text),
                   "[kafka]\nbrokers = embedded\n[exchange:e]\nsymbols = A/B\n%s", lines);
    struct loaded l = load(text);
    assert_string_equal(l.problems, "");
    assert_int_equal(l.config.exchanges[0].taker_fee_ppm, fee_ppm);
    assert_int_equal(l.config.exchanges[0].fees.is_default, is_default);
    assert_null(l.config.notes);
    unload(&l);
}

static void the_volume_chooses_the_fee(void **state)
{
#define SCHEDULE "taker_fee = 0.40%, 10000: 0.35%,\n    50000: 0.24%,\n    100000: -0.01%\n"

    (void)state;
    check_fee(SCHEDULE, 4000, false);
    check_fee(SCHEDULE "volume_30d = 0\n", 4000, false);
    check_fee(SCHEDULE "volume_30d = 9999.99\n", 4000, false);
    check_fee(SCHEDULE "volume_30d = 10000\n", 3500, false);
    check_fee("volume_30d = 49999\n" SCHEDULE, 3500, false);
    check_fee("volume_30d = 50000\n" SCHEDULE, 2400, false);
    check_fee(SCHEDULE "volume_30d = 100000.00\n", -100, false);
    check_fee("taker_fee = 0.40%\nvolume_30d = 1000000\n", 4000, false);
    check_fee("taker_fee = default\nvolume_30d = 1000000\n", 0, true);
    check_fee("taker_fee = \"default\"\n", 0, true);
#undef SCHEDULE
}

static void bad_fees_are_told_with_their_lines(void **state)
{
    (void)state;
    assert_int_equal(setenv("CONFIG_SECRET", "geheim", 1), 0);
    check_problems("[kafka]\n"
                   "brokers = embedded\n"
                   "[exchange:a]\n"
                   "symbols = A/B\n"
                   "taker_fee = 0.40%, 50000: 0.35%,\n"
                   "    10000: 0.30%\n"
                   "volume_30d = -1\n"
                   "[exchange:b]\n"
                   "symbols = A/B\n"
                   "taker_fee = 0.40%, 50000: 0.35\n"
                   "volume_30d = 1\n"
                   "    2\n"
                   "[exchange:c]\n"
                   "symbols = A/B\n"
                   "taker_fee = ${CONFIG_SECRET}\n"
                   "volume_30d = ${CONFIG_SECRET}\n"
                   "[exchange:d]\n"
                   "symbols = A/B\n"
                   "taker_fee = 1%, ${CONFIG_SECRET}\n",
                   "FILE:5: [exchange:a] taker_fee: the volume of '10000: 0.30%' is not above the "
                   "one before it: give them in ascending order, each once; the first fee counts "
                   "from 0 on\n"
                   "FILE:7: [exchange:a] volume_30d: '-1' is not a decimal from 0 on with at most "
                   "18 digits, such as 0.0001 or 25000\n"
                   "FILE:10: [exchange:b] taker_fee: '0.35' is not a share from -10% to 10%, such "
                   "as 0.26%, 26bp or 2600ppm\n"
                   "FILE:11: [exchange:b] volume_30d: this value has one line, but the indented "
                   "line below continues it: remove the indentation or write key = value\n"
                   "FILE:15: [exchange:c] taker_fee: what ${CONFIG_SECRET} gives is not a share "
                   "from -10% to 10%, such as 0.26%, 26bp or 2600ppm\n"
                   "FILE:16: [exchange:c] volume_30d: what ${CONFIG_SECRET} gives is not a decimal "
                   "from 0 on with at most 18 digits, such as 0.0001 or 25000\n"
                   "FILE:19: [exchange:d] taker_fee: what ${CONFIG_SECRET} gives is not a share "
                   "from -10% to 10%, such as 0.26%, 26bp or 2600ppm\n");
}

/* "kraken 1000ppm 1e-2 line 4" of each, in the order of the file. */
static void check_terms(const struct instrument_config *instrument, enum config_term term,
                        const char *wanted)
{
    char told[256];
    struct arb_text text = arb_text_over(told, sizeof(told));

    for (const struct venue_term *t = instrument->terms[term]; t != NULL; t = t->next) {
        arb_text_add(&text, "%s %lldppm %llde-%u line %u\n", t->exchange,
                     (long long)t->taker_fee_ppm, (long long)t->decimal.units,
                     (unsigned)t->decimal.scale, t->line);
    }
    assert_string_equal(told, wanted);
}

static void terms_of_an_instrument_are_kept_by_exchange(void **state)
{
    struct loaded l = load("[kafka]\n"
                           "brokers = embedded\n"
                           "[instrument:BTC/USD]\n"
                           "taker_fee.kraken = 0.10%\n"
                           "tick.kraken = 0.01\n"
                           "tick.bitstamp = 1\n"
                           "lot.kraken = 0.00000001\n"
                           "min_qty.bitstamp = 0\n"
                           "min_notional.kraken = 5.50\n"
                           "taker_fee.bitstamp = -1bp\n"
                           "[exchange:kraken]\n"
                           "symbols = BTC/USD, ETH/USD\n"
                           "taker_fee = 1%\n"
                           "[exchange:bitstamp]\n"
                           "enabled = no\n"
                           "symbols = BTC/USD\n"
                           "taker_fee = 1%\n"
                           "[instrument:ETH/USD]\n");
    const struct instrument_config *const btc = &l.config.instruments[0];

    (void)state;
    assert_string_equal(l.problems, "");
    check_terms(btc, TERM_TAKER_FEE, "kraken 1000ppm 0e-0 line 4\nbitstamp -100ppm 0e-0 line 10\n");
    check_terms(btc, TERM_TICK, "kraken 0ppm 1e-2 line 5\nbitstamp 0ppm 1e-0 line 6\n");
    check_terms(btc, TERM_LOT, "kraken 0ppm 1e-8 line 7\n");
    check_terms(btc, TERM_MIN_QTY, "bitstamp 0ppm 0e-0 line 8\n");
    check_terms(btc, TERM_MIN_NOTIONAL, "kraken 0ppm 55e-1 line 9\n");
    assert_ptr_equal(config_venue_term(btc, TERM_TICK, "bitstamp"), btc->terms[TERM_TICK]->next);
    assert_null(config_venue_term(btc, TERM_LOT, "bitstamp"));
    for (unsigned term = 0; term < N_TERMS; term++) {
        assert_null(l.config.instruments[1].terms[term]);
    }
    assert_int_equal(l.config.exchanges[0].taker_fee_ppm, 10000);
    unload(&l);
}

static void bad_terms_are_told_with_their_lines(void **state)
{
    (void)state;
    check_problems("[kafka]\n"
                   "brokers = embedded\n"
                   "[instrument:BTC/USD]\n"
                   "taker_fee.kraken = 0.10\n"
                   "taker_fee.krakn = 0.10%\n"
                   "tick.krakn = 1\n"
                   "lot.krakn = 1\n"
                   "min_qty.krakn = 1\n"
                   "min_notional.krakn = 1\n"
                   "tick.kraken = -1\n"
                   "tick.kraken = 1\n"
                   "lot.kraken = 1e-19\n"
                   "min_qty.kraken = \"\"\n"
                   "min_notional.kraken = 5 USD\n"
                   "min_notional. = 5\n"
                   "taker_fee.kraken2 = default\n"
                   "taker_fee = 1%\n"
                   "tik.kraken = 1\n"
                   "whatever.kraken = 1\n"
                   "[exchange:kraken]\n"
                   "symbols = BTC/USD\n"
                   "taker_fee = 1%\n",
                   "FILE:4: [instrument:BTC/USD] taker_fee.kraken: '0.10' is not a share from -10% "
                   "to 10%, such as 0.26%, 26bp or 2600ppm\n"
                   "FILE:5: [instrument:BTC/USD] taker_fee.krakn: there is no [exchange:krakn]; "
                   "did you mean kraken?\n"
                   "FILE:6: [instrument:BTC/USD] tick.krakn: there is no [exchange:krakn]; did you "
                   "mean kraken?\n"
                   "FILE:7: [instrument:BTC/USD] lot.krakn: there is no [exchange:krakn]; did you "
                   "mean kraken?\n"
                   "FILE:8: [instrument:BTC/USD] min_qty.krakn: there is no [exchange:krakn]; did "
                   "you mean kraken?\n"
                   "FILE:9: [instrument:BTC/USD] min_notional.krakn: there is no [exchange:krakn]; "
                   "did you mean kraken?\n"
                   "FILE:10: [instrument:BTC/USD] tick.kraken: '-1' is not a decimal from 0 on "
                   "with at most 18 digits, such as 0.0001 or 25000\n"
                   "FILE:11: [instrument:BTC/USD] tick.kraken: already given in line 10: keep one "
                   "of them\n"
                   "FILE:12: [instrument:BTC/USD] lot.kraken: '1e-19' is not a decimal from 0 on "
                   "with at most 18 digits, such as 0.0001 or 25000\n"
                   "FILE:13: [instrument:BTC/USD] min_qty.kraken: the value is missing\n"
                   "FILE:14: [instrument:BTC/USD] min_notional.kraken: '5 USD' is not a decimal "
                   "from 0 on with at most 18 digits, such as 0.0001 or 25000\n"
                   "FILE:15: [instrument:BTC/USD] min_notional.: unknown key; did you mean "
                   "'min_notional.EXCHANGE'?\n"
                   "FILE:16: [instrument:BTC/USD] taker_fee.kraken2: 'default' is not a share from "
                   "-10% to 10%, such as 0.26%, 26bp or 2600ppm\n"
                   "FILE:17: [instrument:BTC/USD] taker_fee: unknown key; did you mean "
                   "'taker_fee.EXCHANGE'?\n"
                   "FILE:18: [instrument:BTC/USD] tik.kraken: unknown key; did you mean "
                   "'tick.kraken'?\n"
                   "FILE:19: [instrument:BTC/USD] whatever.kraken: unknown key; remove it\n");
}

/* "BTC 25e-1 0ms line 4", a line each. */
static void check_assets(const struct asset_term *terms, const char *wanted)
{
    char told[256];
    struct arb_text text = arb_text_over(told, sizeof(told));

    for (const struct asset_term *t = terms; t != NULL; t = t->next) {
        arb_text_add(&text, "%s %llde-%u %lldms line %u\n", t->asset, (long long)t->amount.units,
                     t->amount.scale, (long long)t->takes_ms, t->line);
    }
    assert_string_equal(told, wanted);
}

static void assets_of_an_exchange_are_kept_and_strange_ones_noted(void **state)
{
    static const char *const keys[] = { "inventory.XBT", "withdrawal.USD" };
    struct loaded l = load("[kafka]\n"
                           "brokers = embedded\n"
                           "[exchange:a]\n"
                           "inventory.BTC = 2.50\n"
                           "inventory.USD = 0\n"
                           "inventory.XBT = 1\n"
                           "withdrawal.BTC = 0.0005, 30m\n"
                           "withdrawal.USD = 0 , 0\n"
                           "symbols = BTC/USD\n"
                           "taker_fee = 1%\n"
                           "[exchange:b]\n"
                           "enabled = no\n"
                           "inventory.ANY = 1\n"
                           "taker_fee = 1%\n"
                           "[exchange:c]\n"
                           "inventory.ANY = 1\n"
                           "withdrawal.ANY = 1, 30d\n"
                           "symbols = */USD\n"
                           "taker_fee = 1%\n");
    const struct config_note *note = l.config.notes;

    (void)state;
    assert_string_equal(l.problems, "");
    check_assets(l.config.exchanges[0].inventory,
                 "BTC 25e-1 0ms line 4\nUSD 0e-0 0ms line 5\nXBT 1e-0 0ms line 6\n");
    check_assets(l.config.exchanges[0].withdrawals,
                 "BTC 5e-4 1800000ms line 7\nUSD 0e-0 0ms line 8\n");
    assert_null(l.config.exchanges[0].options);
    for (size_t i = 0; i < 2; i++, note = note->next) {
        assert_non_null(note);
        assert_string_equal(note->section, "exchange:a");
        assert_string_equal(note->key, keys[i]);
        assert_int_equal(note->line, i == 0 ? 6 : 8);
    }
    assert_null(note);
    assert_string_equal(l.config.notes->text, "no symbol of this section has XBT, so nothing looks "
                                              "at it: assets are named as in symbols");
    assert_string_equal(l.config.notes->next->text, "no symbol of this section begins with USD, so "
                                                    "nothing looks at it: assets are named as in "
                                                    "symbols");
    unload(&l);
}

static void bad_assets_are_told_with_their_lines(void **state)
{
#define WANTED                                                                                     \
    " is not what is taken for it in the asset and how long it is on the way, at most 30d, such "  \
    "as 0.0005, 30m\n"
    (void)state;
    check_problems("[kafka]\n"
                   "brokers = embedded\n"
                   "[exchange:a]\n"
                   "symbols = BTC/USD\n"
                   "taker_fee = 1%\n"
                   "inventory.BTC = -1\n"
                   "inventory.btc = 1\n"
                   "withdrawal.BTC = 0.0005\n"
                   "withdrawal.ETH = 30m\n"
                   "withdrawal.LTC = 1, 31d\n"
                   "withdrawal.XRP = 1, 30\n"
                   "withdrawal.SOL = , 30m\n"
                   "withdrawal.ADA = -1, 30m\n"
                   "withdrawal.ada = 1, 30m\n"
                   "inventory.USD = 1\n"
                   "inventory.USD = 2\n",
                   "FILE:6: [exchange:a] inventory.BTC: '-1' is not a decimal from 0 on with at "
                   "most 18 digits, such as 0.0001 or 25000\n"
                   "FILE:7: [exchange:a] inventory.btc: 'btc' is no asset: write the asset in "
                   "capitals, as in symbols: inventory.BTC, withdrawal.BTC\n"
                   "FILE:8: [exchange:a] withdrawal.BTC: '0.0005'" WANTED
                   "FILE:9: [exchange:a] withdrawal.ETH: '30m'" WANTED
                   "FILE:10: [exchange:a] withdrawal.LTC: '1, 31d'" WANTED
                   "FILE:11: [exchange:a] withdrawal.XRP: '1, 30'" WANTED
                   "FILE:12: [exchange:a] withdrawal.SOL: ', 30m'" WANTED
                   "FILE:13: [exchange:a] withdrawal.ADA: '-1, 30m'" WANTED
                   "FILE:14: [exchange:a] withdrawal.ada: 'ada' is no asset: write the asset in "
                   "capitals, as in symbols: inventory.BTC, withdrawal.BTC\n"
                   "FILE:16: [exchange:a] inventory.USD: already given in line 15: keep one of "
                   "them\n");
#undef WANTED
}

/* Who comes later with one puts it where it belongs. */
static void notes_are_in_the_order_of_the_file(void **state)
{
    static const unsigned lines[] = { 5, 9, 2, 5, 7 };
    static const char *const order[] = { "c", "a", "d", "e", "b" };
    struct loaded l = load(small);

    (void)state;
    for (unsigned i = 0; i < 5; i++) {
        const char text[] = { (char)('a' + i), '\0' };
        const struct config_note note = {
            .section = "s", .key = "k", .text = text, .line = lines[i]
        };
        assert_int_equal(config_add_note(&l.config, &note), ARB_OK);
    }
    const struct config_note *note = l.config.notes;
    for (unsigned i = 0; i < 5; i++, note = note->next) {
        assert_string_equal(note->text, order[i]);
    }
    assert_null(note);
    unload(&l);
}

static void bad_headings_say_what_is_wrong(void **state)
{
    (void)state;
    check_problems("[kafak]\n"
                   "[kafka]\n"
                   "brokers = embedded\n"
                   "[exchange:Kraken]\n"
                   "[exchange]\n"
                   "[host:x]\n"
                   "[instrument:BTCUSD]\n"
                   "[strategy:s]\n"
                   "[strategy:s]\n"
                   "[whatever]\n",
                   "FILE:1: [kafak]: unknown section; did you mean 'kafka'?\n"
                   "FILE:4: [exchange:Kraken]: a name has 1 to 31 small letters, digits, '_' and "
                   "'-', like [exchange:kraken]\n"
                   "FILE:5: [exchange]: this section needs a name, like [exchange:kraken]\n"
                   "FILE:6: [host:x]: this section takes no name: write [host]\n"
                   "FILE:7: [instrument:BTCUSD]: 'BTCUSD' is not a symbol: write BASE/QUOTE, like "
                   "BTC/USD\n"
                   "FILE:9: [strategy:s]: this section is already in line 8: merge the two\n"
                   "FILE:10: [whatever]: unknown section; there are [host], [kafka], [web], "
                   "[instrument:SYMBOL], [exchange:NAME] and [strategy:NAME]\n");
}

static void symbol_listed_twice_is_refused(void **state)
{
    (void)state;
    check_problems("[kafka]\n"
                   "brokers = embedded\n"
                   "[exchange:e]\n"
                   "taker_fee = 0\n"
                   "symbols = A/B, C/D, A/B\n",
                   "FILE:5: [exchange:e] symbols: A/B is listed twice: remove one\n");
}

static void all_bad_symbols_of_a_list_are_named(void **state)
{
    (void)state;
    check_problems("[kafka]\n"
                   "brokers = embedded\n"
                   "[exchange:e]\n"
                   "taker_fee = 0\n"
                   "symbols = BTCUSD, A/B, eth/usd,\n"
                   "    A/B, C/D/E\n",
                   "FILE:5: [exchange:e] symbols: 'BTCUSD' is not a symbol: write BASE/QUOTE, like "
                   "BTC/USD, or a pattern like */USD\n"
                   "FILE:5: [exchange:e] symbols: 'eth/usd' has small letters: write symbols in "
                   "capitals, BTC/USD\n"
                   "FILE:5: [exchange:e] symbols: A/B is listed twice: remove one\n"
                   "FILE:5: [exchange:e] symbols: 'C/D/E' is not a symbol: write BASE/QUOTE, like "
                   "BTC/USD, or a pattern like */USD\n");
}

static void a_venues_own_names_are_noted(void **state)
{
    struct loaded l = load("[kafka]\n"
                           "brokers = embedded\n"
                           "[exchange:e]\n"
                           "taker_fee = 0\n"
                           "symbols = XBT/USD, BTC/EUR, ETH/XBT, XXBT/ZUSD, XBTC/USD, XDG/*\n");
    static const char *const texts[] = { "write BTC/USD for XBT/USD: a venue's own names are "
                                         "translated",
                                         "write ETH/BTC for ETH/XBT: a venue's own names are "
                                         "translated",
                                         "write BTC/USD for XXBT/ZUSD: a venue's own names are "
                                         "translated",
                                         "write DOGE/* for XDG/*: a venue's own names are "
                                         "translated" };
    const struct config_note *note = l.config.notes;

    (void)state;
    assert_string_equal(l.problems, "");
    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        assert_non_null(note);
        assert_string_equal(note->section, "exchange:e");
        assert_string_equal(note->key, "symbols");
        assert_string_equal(note->text, texts[i]);
        assert_int_equal(note->line, 5);
        note = note->next;
    }
    assert_null(note);
    unload(&l);
}

static void bad_list_does_not_make_its_instruments_unlisted(void **state)
{
    (void)state;
    check_problems("[kafka]\n"
                   "brokers = embedded\n"
                   "[instrument:BTC/USD]\n"
                   "[exchange:e]\n"
                   "taker_fee = 0\n"
                   "symbols = BTC/USD, oops\n",
                   "FILE:6: [exchange:e] symbols: 'oops' has small letters: write symbols in "
                   "capitals, BTC/USD\n");
}

static void all_problems_come_at_once_in_the_order_of_lines(void **state)
{
    (void)state;
    check_problems(
        "[host]\n"
        "snapshot_intervall = 10s\n"
        "ring = 1KiB\n"
        "px_scale = 19\n"
        "log_level = verbose\n"
        "ca_file =\n"
        "oops\n"
        "snapshot_interval = 10\n"
        "    20\n"
        "[kafka]\n"
        "brokers = localhost\n"
        "market_topic = a b\n"
        "partitions = 0\n"
        "partitions = 9\n"
        "completely = else\n"
        "[exchange:kraken]\n"
        "taker_fee = 0.40\n"
        "[exchange:bitstamp]\n"
        "symbols = BTC/USD, eth/usd\n"
        "[exchange:third]\n"
        "symbols = BTC-USD\n"
        "taker_fee = 40%\n"
        "enabled = maybe\n"
        "[strategy:s]\n"
        "source = kafkaa\n",
        "FILE:2: [host] snapshot_intervall: unknown key; did you mean 'snapshot_interval'?\n"
        "FILE:3: [host] ring: '1KiB' is not a size from 8MiB to 1GiB, such as 512KiB or 16MiB\n"
        "FILE:4: [host] px_scale: '19' is not a whole number from 0 to 18\n"
        "FILE:5: [host] log_level: 'verbose' is not one of error, warn, info, debug\n"
        "FILE:6: [host] ca_file: the value is missing; one that begins with '#' or ';' is put in "
        "quotes\n"
        "FILE:7: [host]: neither [section] nor key = value\n"
        "FILE:8: [host] snapshot_interval: this value has one line, but the indented line below "
        "continues it: remove the indentation or write key = value\n"
        "FILE:11: [kafka] brokers: 'localhost' is not 'embedded' or a list like host1:9092, "
        "host2:9092\n"
        "FILE:12: [kafka] market_topic: 'a b' is not a topic: 1 to 249 letters, digits, '.', '_' "
        "and '-', without '__' in front\n"
        "FILE:13: [kafka] partitions: '0' is not a whole number from 1 to 1000\n"
        "FILE:14: [kafka] partitions: already given in line 13: keep one of them\n"
        "FILE:15: [kafka] completely: unknown key; remove it\n"
        "FILE:16: [exchange:kraken] symbols: missing; give symbols such as BTC/USD, ETH/USD or a "
        "pattern like */USD\n"
        "FILE:17: [exchange:kraken] taker_fee: '0.40' is not a share from -10% to 10%, such as "
        "0.26%, 26bp or 2600ppm\n"
        "FILE:18: [exchange:bitstamp] taker_fee: missing; give a share from -10% to 10%, such as "
        "0.26%, 26bp or 2600ppm\n"
        "FILE:19: [exchange:bitstamp] symbols: 'eth/usd' has small letters: write symbols in "
        "capitals, BTC/USD\n"
        "FILE:21: [exchange:third] symbols: 'BTC-USD' is not a symbol: write BASE/QUOTE, like "
        "BTC/USD, or a pattern like */USD\n"
        "FILE:22: [exchange:third] taker_fee: '40%' is not a share from -10% to 10%, such as "
        "0.26%, 26bp or 2600ppm\n"
        "FILE:23: [exchange:third] enabled: 'maybe' is not yes or no\n"
        "FILE:25: [strategy:s] source: 'kafkaa' is not one of kafka, direct\n");
}

#define TOPIC(name_)                                                                               \
    "[exchange:kraken]\nsymbols = BTC/USD\ntaker_fee = 0\n[kafka]\nbrokers = embedded\n"           \
    "market_topic = " name_ "\n"
#define NO_TOPIC(name_)                                                                            \
    check_problems(TOPIC(name_),                                                                   \
                   "FILE:6: [kafka] market_topic: '" name_ "' is not a topic: 1 to 249 letters, "  \
                   "digits, '.', '_' and '-', without '__' in front\n")

static void topics_are_named_as_kafka_wants_them(void **state)
{
    (void)state;
    NO_TOPIC(".");
    NO_TOPIC("..");
    NO_TOPIC("a/b");
    NO_TOPIC("__consumer_offsets");
    check_problems(TOPIC("_a.__") "opportunity_topic = __a\n",
                   "FILE:7: [kafka] opportunity_topic: '__a' is not a topic: 1 to 249 letters, "
                   "digits, '.', '_' and '-', without '__' in front\n");
    check_problems(TOPIC("a.b_c") "opportunity_topic = a_b.c\n",
                   "FILE: [kafka] opportunity_topic: 'a_b.c' and the market_topic 'a.b_c' are one "
                   "name for Kafka, which takes '.' for '_': give them names that differ in "
                   "more\n");
    check_problems(TOPIC("a.b") "opportunity_topic = a.bc\npartitions = 0\n",
                   "FILE:8: [kafka] partitions: '0' is not a whole number from 1 to 1000\n");
}

static void parts_have_to_fit(void **state)
{
    (void)state;
    check_problems(
        "[kafka]\n"
        "brokers = embedded\n"
        "market_topic = x\n"
        "opportunity_topic = x\n"
        "[instrument:BTC/EUR]\n"
        "venue_symbol.kraken = XBT/EUR\n"
        "venue_symbol.krakn = XBT/EUR\n"
        "[exchange:kraken]\n"
        "enabled = no\n"
        "symbols = */USD\n"
        "taker_fee = 0\n"
        "[strategy:s]\n"
        "source = direct\n"
        "group = g\n",
        "FILE: [kafka] opportunity_topic: 'x' is the market_topic too: give them "
        "different names\n"
        "FILE:5: [instrument:BTC/EUR]: no exchange lists this symbol: correct or remove "
        "the section\n"
        "FILE:7: [instrument:BTC/EUR] venue_symbol.krakn: there is no [exchange:krakn]; did you "
        "mean kraken?\n"
        "FILE:14: [strategy:s] group: only source = kafka has consumer groups: remove "
        "one of the two\n");
}

static void an_instrument_is_what_an_exchange_has(void **state)
{
    struct loaded l = load("[kafka]\nbrokers = embedded\n"
                           "[exchange:a]\nsymbols = BTC/USD, */EUR\ntaker_fee = 0\n"
                           "[exchange:b]\nsymbols = BTC/USD, ETH/USD\ntaker_fee = 0\n"
                           "[exchange:c]\nenabled = no\ntaker_fee = 0\n"
                           "[instrument:ETH/USD]\ntick.a = 1\ntick.b = 1\ntick.c = 1\n"
                           "venue_symbol.a = X\nvenue_symbol.b = X\n"
                           "[instrument:LTC/EUR]\nlot.a = 1\ntaker_fee.b = 0\n");
    char said[512] = "";
    struct arb_text text = arb_text_over(said, sizeof(said));

    (void)state;
    assert_string_equal(l.problems, "");
    for (const struct config_note *n = l.config.notes; n != NULL; n = n->next) {
        arb_text_add(&text, "%u [%s] %s: %s\n", n->line, n->section, n->key, n->text);
    }
    assert_string_equal(
        said,
        "13 [instrument:ETH/USD] tick.a: [exchange:a] does not list ETH/USD, so nothing looks at "
        "it\n"
        "16 [instrument:ETH/USD] venue_symbol.a: [exchange:a] does not list ETH/USD, so nothing "
        "looks at it\n"
        "20 [instrument:LTC/EUR] taker_fee.b: [exchange:b] does not list LTC/EUR, so nothing looks "
        "at it\n");
    unload(&l);
    check_problems("[kafka]\nbrokers = embedded\n"
                   "[exchange:a]\nsymbols = */USD\ntaker_fee = 0\n"
                   "[exchange:b]\nsymbols = */USD\ntaker_fee = 0\n"
                   "[instrument:ETH/USD]\nvenue_symbol.a = X\nvenue_symbol.b = Y\n"
                   "[instrument:BTC/USD]\nvenue_symbol.a = Y\nvenue_symbol.b = Y\n",
                   "FILE:14: [instrument:BTC/USD] venue_symbol.b: in line 11 this is what b calls "
                   "ETH/USD: correct one of the two\n");
}

static void a_group_is_of_one_strategy(void **state)
{
    (void)state;
    check_problems("[kafka]\nbrokers = embedded\n"
                   "[strategy:a]\ngroup = g\n"
                   "[strategy:b]\ngroup = h\n"
                   "[strategy:c]\ngroup = g\nenabled = no\n"
                   "[strategy:d]\ngroup = g\n"
                   "[strategy:e]\n[strategy:f]\n",
                   "FILE:11: [strategy:d] group: [strategy:a] has the same one in line 4, and each "
                   "of the two would see only a part of the instruments: give each a group of its "
                   "own, or leave the key out; only processes that run the same section share a "
                   "group\n");
}

static void a_proxy_takes_connect_or_is_none(void **state)
{
    (void)state;
    check_problems("[kafka]\n"
                   "brokers = embedded\n"
                   "[exchange:a]\nsymbols = BTC/USD\ntaker_fee = 0\nproxy = none\n"
                   "[exchange:b]\nsymbols = BTC/USD\ntaker_fee = 0\nproxy = http://u:p@x:1\n"
                   "[exchange:c]\nsymbols = BTC/USD\ntaker_fee = 0\nproxy = socks5://x:1\n"
                   "[exchange:d]\nsymbols = BTC/USD\ntaker_fee = 0\nproxy = http://u:secret@x\n",
                   "FILE:14: [exchange:c] proxy: SOCKS proxies are not supported: give an HTTP "
                   "proxy that takes CONNECT, as http://HOST:PORT\n"
                   "FILE:18: [exchange:d] proxy: the port is missing: give http://HOST:PORT, "
                   "http://USER:PASSWORD@HOST:PORT or none\n");
}

static void max_lag_is_none_or_more_than_networks_do(void **state)
{
    (void)state;
    check_problems("[kafka]\n"
                   "brokers = embedded\n"
                   "[exchange:a]\nsymbols = BTC/USD\ntaker_fee = 0\nmax_lag = 0\n"
                   "[exchange:b]\nsymbols = BTC/USD\ntaker_fee = 0\nmax_lag = 100ms\n"
                   "[exchange:c]\nsymbols = BTC/USD\ntaker_fee = 0\nmax_lag = 99ms\n"
                   "[exchange:d]\nsymbols = BTC/USD\ntaker_fee = 0\nmax_lag = 60s\n",
                   "FILE:14: [exchange:c] max_lag: at least 100ms, or 0 for books that are shown "
                   "whatever their age\n");
}

static void publish_depth_is_the_exchange_s_or_the_host_s(void **state)
{
    struct loaded l = load("[host]\npublish_depth = 65536\n"
                           "[kafka]\nbrokers = embedded\n"
                           "[exchange:a]\nsymbols = BTC/USD\ntaker_fee = 0\n"
                           "[exchange:b]\nsymbols = BTC/USD\ntaker_fee = 0\npublish_depth = 0\n"
                           "[exchange:c]\nsymbols = BTC/USD\ntaker_fee = 0\npublish_depth = 1\n");

    (void)state;
    assert_string_equal(l.problems, "");
    assert_int_equal(config_publish_depth(&l.config, &l.config.exchanges[0]), 65536);
    assert_int_equal(config_publish_depth(&l.config, &l.config.exchanges[1]), 0);
    assert_int_equal(config_publish_depth(&l.config, &l.config.exchanges[2]), 1);
    unload(&l);
    check_problems(
        "[host]\npublish_depth = 65537\n"
        "[kafka]\nbrokers = embedded\n"
        "[exchange:a]\nsymbols = BTC/USD\ntaker_fee = 0\npublish_depth = -1\n",
        "FILE:2: [host] publish_depth: '65537' is not a whole number from 0 to 65536\n"
        "FILE:8: [exchange:a] publish_depth: '-1' is not a whole number from 0 to 65536\n");
}

static void empty_file_says_what_is_needed(void **state)
{
    (void)state;
    check_problems("", "FILE: [kafka] brokers: missing; give 'embedded' or a list like "
                       "host1:9092, host2:9092\n"
                       "FILE: nothing to do: enable at least one [exchange:NAME] or "
                       "[strategy:NAME]\n");
}

static void missing_file_is_one_problem(void **state)
{
    struct config config;
    char *text = NULL;
    size_t len = 0;
    FILE *const out = open_memstream(&text, &len);
    struct problems problems = { .out = out, .path = "/nonexistent/arbspot.ini" };

    (void)state;
    assert_int_equal(config_load(&config, problems.path, &problems), ARB_EINVAL);
    config_fini(&config);
    assert_int_equal(config_load(&config, "/", &problems), ARB_EINVAL);
    config_fini(&config);
    assert_int_equal(fclose(out), 0);
    assert_string_equal(text,
                        "/nonexistent/arbspot.ini: cannot be opened: No such file or directory\n"
                        "/nonexistent/arbspot.ini: cannot be read: Is a directory\n");
    free(text);
}

static void check_file_of_zeros(off_t len, const char *wanted)
{
    char path[] = "/tmp/arbspot-config-XXXXXX";
    const int fd = mkstemp(path);
    char *text = NULL;
    size_t text_len = 0;
    FILE *const out = open_memstream(&text, &text_len);
    struct problems problems = { .out = out, .path = "FILE" };
    struct config config;

    assert_true(fd >= 0);
    assert_int_equal(ftruncate(fd, len), 0);
    assert_int_equal(close(fd), 0);
    assert_int_equal(config_load(&config, path, &problems), ARB_EINVAL);
    config_fini(&config);
    assert_int_equal(fclose(out), 0);
    assert_memory_equal(text, wanted, strlen(wanted));
    free(text);
    assert_int_equal(unlink(path), 0);
}

static void size_of_the_file_is_limited(void **state)
{
    (void)state;
    check_file_of_zeros(INI_READER_FILE_MAX, "FILE: [kafka] brokers: missing");
    check_file_of_zeros(INI_READER_FILE_MAX + 1,
                        "FILE: larger than 4194304 bytes: is this the right file?\n");
}

static void brokers_are_hosts_with_ports(void **state)
{
    static const struct {
        const char *brokers;
        int rc;
    } cases[] = {
        { "embedded", ARB_OK },         { "h:1", ARB_OK },
        { "h:65535", ARB_OK },          { "[::1]:9092", ARB_OK },
        { "a:1,b:2", ARB_OK },          { "a:1, b:2", ARB_OK },
        { "h:0", ARB_EINVAL },          { "h:65536", ARB_EINVAL },
        { "h:123456", ARB_EINVAL },     { "h:", ARB_EINVAL },
        { ":1", ARB_EINVAL },           { "h", ARB_EINVAL },
        { "a:1,", ARB_EINVAL },         { ",a:1", ARB_EINVAL },
        { "a:1,embedded", ARB_EINVAL }, { "[]:1", ARB_EINVAL },
        { "http://h:1", ARB_EINVAL },   { "h:1x", ARB_EINVAL },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[200];
        assert_true(snprintf(text, sizeof(text), "[kafka]\nbrokers=%s\n[strategy:s]\n",
                             cases[i].brokers) > 0);
        struct loaded l = load(text);
        if (l.rc != cases[i].rc) {
            fail_msg("%s: %s", cases[i].brokers, l.problems);
        }
        unload(&l);
    }
}

/* Writes `n` sections or symbols by a format with one number. The caller frees it. */
static char *numbered(const char *head, const char *fmt_before, const char *fmt_after, unsigned n)
{
    char *text = NULL;
    size_t len = 0;
    FILE *const out = open_memstream(&text, &len);

    assert_non_null(out);
    (void)fputs(head, out);
    for (unsigned i = 0; i < n; i++) {
        (void)fprintf(out, "%s%u%s", fmt_before, i, fmt_after);
    }
    assert_int_equal(fclose(out), 0);
    return text;
}

static void check_numbered(const char *head, const char *before, const char *after, unsigned n,
                           const char *wanted)
{
    char *const text = numbered(head, before, after, n);
    check_problems(text, wanted);
    free(text);
}

static void number_of_exchanges_is_limited(void **state)
{
    static const char head[] = "[kafka]\nbrokers = embedded\n";
    static const char after[] = "]\nsymbols = A/B\ntaker_fee = 0\n";

    (void)state;
    check_numbered(head, "[exchange:e", after, CONFIG_EXCHANGES_MAX, "");
    check_numbered(head, "[exchange:e", after, CONFIG_EXCHANGES_MAX + 1,
                   "FILE:51: [exchange:e16]: more than 16 [exchange:...] sections: spread them "
                   "over several processes\n");
}

static void number_of_strategies_is_limited(void **state)
{
    static const char head[] = "[kafka]\nbrokers = embedded\n";

    (void)state;
    check_numbered(head, "[strategy:s", "]\n", CONFIG_STRATEGIES_MAX, "");
    check_numbered(head, "[strategy:s", "]\n", CONFIG_STRATEGIES_MAX + 1,
                   "FILE:19: [strategy:s16]: more than 16 [strategy:...] sections: spread them "
                   "over several processes\n");
}

static void number_of_instruments_is_limited(void **state)
{
    static const char head[] = "[kafka]\nbrokers = embedded\n[strategy:s]\n";

    (void)state;
    check_numbered(head, "[instrument:I", "/USD]\n", CONFIG_INSTRUMENTS_MAX, "");
    check_numbered(head, "[instrument:I", "/USD]\n", CONFIG_INSTRUMENTS_MAX + 1,
                   "FILE:4100: [instrument:I4096/USD]: more than 4096 [instrument:...] sections: "
                   "spread them over several processes\n");
}

static void thousand_symbols_fit_on_one_line_or_many(void **state)
{
    static const char head[] = "[kafka]\nbrokers = embedded\n[exchange:e]\ntaker_fee = 0\n"
                               "symbols = ";

    (void)state;
    check_numbered(head, "I", "/USD, ", 1000, "");
    check_numbered(head, "  I", "/USD,\n", 1000, "");
    check_numbered(head, "I", "/USD, ", ARB_INSTRUMENTS_MAX, "");
    check_numbered(head, "I", "/USD,", ARB_INSTRUMENTS_MAX + 1,
                   "FILE:5: [exchange:e] symbols: 4097 symbols are more than 4096: spread them "
                   "over several processes\n");
}

static void more_problems_than_anyone_reads_are_counted(void **state)
{
    struct loaded l;
    char *const text = numbered("", "oops ", "\n", PROBLEMS_HELD_MAX + 10);
    static const char tail[] = "FILE: 12 more problems are not shown\n";

    (void)state;
    l = load(text);
    assert_true(strlen(l.problems) > sizeof(tail));
    assert_string_equal(l.problems + strlen(l.problems) - strlen(tail), tail);
    unload(&l);
    free(text);
}

static void symbols_are_base_and_quote(void **state)
{
    static const struct {
        const char *symbol;
        bool is_symbol, is_pattern;
    } cases[] = {
        { "BTC/USD", true, true },
        { "1INCH/USD", true, true },
        { "BTC/USD-PERP", true, true },
        { "A.B_C-D/E", true, true },
        { "ABCDEFGHIJKLMNO/ABCDEFGHIJKLMNX", true, true },
        { "ABCDEFGHIJKLMNO/ABCDEFGHIJKLMNOP", false, false },
        { "*/USD", false, true },
        { "B?C/*", false, true },
        { "*", false, false },
        { "", false, false },
        { "/", false, false },
        { "BTC/", false, false },
        { "/USD", false, false },
        { "A/B/C", false, false },
        { "btc/usd", false, false },
        { "BTC:USD", false, false },
        { "BTC/BTC", false, false },
        { "BTC/BTCB", true, true },
        { "*/*", false, true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if ((symbol_check(cases[i].symbol, false, NULL) == ARB_OK) != cases[i].is_symbol ||
            (symbol_check(cases[i].symbol, true, NULL) == ARB_OK) != cases[i].is_pattern) {
            fail_msg("%s", cases[i].symbol);
        }
    }
}

static void what_two_patterns_have_in_common_is_known(void **state)
{
    static const struct {
        const char *one, *other;
        bool overlap;
    } cases[] = {
        { "BTC/USD", "BTC/USD", true },    { "BTC/USD", "BTC/USDT", false },
        { "BTC/USD", "*/USD", true },      { "BTC/USD", "B?C/*", true },
        { "BTC/USD", "?/USD", false },     { "*/USD", "BTC/*", true },
        { "*/USD", "*/EUR", false },       { "BTC/*", "ETH/*", false },
        { "*A/B", "A*/B", true },          { "A*C/B", "*B?/B", true },
        { "A*C/B", "*B/B", false },        { "?/USD", "?A/USD", false },
        { "?*/US?", "*?/?SD", true },      { "***/***", "A*B*C/?", true },
        { "*/*", "BTC/USD-PERP", true },   { "A/*", "*/A", true },
        { "*-PERP/USD", "BT*/USD", true }, { "AB*BA/X", "ABA/X", false },
        { "*/?", "*/??", false },          { "AB/C", "A?*/C", true },
    };

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        if (symbols_overlap(cases[i].one, cases[i].other) != cases[i].overlap ||
            symbols_overlap(cases[i].other, cases[i].one) != cases[i].overlap) {
            fail_msg("%s and %s", cases[i].one, cases[i].other);
        }
    }
    assert_true(
        symbols_overlap("ABCDEFGHIJKLMNO/ABCDEFGHIJKLMNX", "****************/**************"));
}

static void patterns_do_not_cross_the_slash(void **state)
{
    (void)state;
    assert_true(symbol_matches("*/USD", "BTC/USD"));
    assert_true(symbol_matches("B*/US?", "BTC/USD"));
    assert_true(symbol_matches("*/*", "BTC/USD"));
    assert_true(symbol_matches("BTC/USD", "BTC/USD"));
    assert_false(symbol_matches("*/USD", "BTC/USDT"));
    assert_false(symbol_matches("BTC*", "BTC/USD"));
    assert_false(symbol_matches("BTC/US?", "BTC/US"));
}

static void check_shipped_file(const char *path)
{
    struct problems problems = { .out = stderr, .path = path };
    struct config config;

    assert_int_equal(config_load(&config, path, &problems), ARB_OK);
    assert_int_equal(config.n_exchanges, 2);
    assert_int_equal(config.n_strategies, 1);
    config_fini(&config);
}

static void shipped_files_are_good(void **state)
{
    (void)state;
    check_shipped_file(ARBSPOT_ETC "/arbspot.ini");
    check_shipped_file(ARBSPOT_ETC "/minimal.ini");
}

static void values_say_where_they_come_from(void **state)
{
    (void)state;
    assert_int_equal(setenv("CONFIG_PASSWORD", " p;#w ", 1), 0);
    assert_int_equal(setenv("CONFIG_SYMBOLS", "BTC/USD, ETH/USD", 1), 0);
    struct loaded l = load("[host]\n"
                           "ca_file = \"a b.pem\"\n"
                           "[kafka]\n"
                           "brokers = embedded\n"
                           "rdkafka.sasl.password = ${CONFIG_PASSWORD}\n"
                           "rdkafka.sasl.username = \"\"\n"
                           "rdkafka.ssl.ca.location = \"ca.pem\"\n"
                           "rdkafka.ssl.key.location = /key.pem\n"
                           "rdkafka.ssl.cipher.location.x = c\n"
                           "[exchange:kraken]\n"
                           "symbols = ${CONFIG_SYMBOLS}\n"
                           "taker_fee = '1bp'\n"
                           "url = \"wss://a/#\"\n");
    const struct config_entry *const e = l.config.kafka.rdkafka;
    char path[128];

    assert_string_equal(l.problems, "");
    (void)snprintf(path, sizeof(path), "%s/a b.pem", l.folder);
    assert_string_equal(l.config.host.ca_file, path);
    assert_int_equal(l.config.host.ca_file_line, 2);
    assert_string_equal(e->value, " p;#w ");
    assert_string_equal(e->origin, "what ${CONFIG_PASSWORD} gives");
    assert_string_equal(e->next->value, "");
    assert_null(e->next->origin);
    (void)snprintf(path, sizeof(path), "%s/ca.pem", l.folder);
    assert_string_equal(e->next->next->value, path);
    assert_string_equal(e->next->next->next->value, "/key.pem");
    assert_string_equal(e->next->next->next->next->value, "c");
    assert_int_equal(l.config.exchanges[0].n_symbols, 2);
    assert_int_equal(l.config.exchanges[0].taker_fee_ppm, 100);
    assert_string_equal(l.config.exchanges[0].options->value, "wss://a/#");
    unload(&l);
}

static void no_problem_repeats_what_was_put_in(void **state)
{
    (void)state;
    assert_int_equal(setenv("CONFIG_SECRET", "geheim", 1), 0);
    assert_int_equal(unsetenv("CONFIG_NONE"), 0);
    check_problems("[host]\n"
                   "ring = ${CONFIG_SECRET}\n"
                   "log_level = a${CONFIG_SECRET}\n"
                   "ca_file = \"\"\n"
                   "scales_file = ${CONFIG_NONE}\n"
                   "[kafka]\n"
                   "brokers = ${CONFIG_SECRET}\n"
                   "[exchange:kraken]\n"
                   "symbols = ${CONFIG_SECRET}\n"
                   "taker_fee = @none\n",
                   "FILE:2: [host] ring: what ${CONFIG_SECRET} gives is not a size from 8MiB to "
                   "1GiB, such as 512KiB or 16MiB\n"
                   "FILE:3: [host] log_level: what ${CONFIG_SECRET} gives is not one of error, "
                   "warn, info, debug\n"
                   "FILE:4: [host] ca_file: the value is missing\n"
                   "FILE:5: [host] scales_file: ${CONFIG_NONE} is not set: the environment of "
                   "arbspot has no such variable\n"
                   "FILE:7: [kafka] brokers: what ${CONFIG_SECRET} gives is not 'embedded' or a "
                   "list like host1:9092, host2:9092\n"
                   "FILE:9: [exchange:kraken] symbols: what ${CONFIG_SECRET} gives is not a list "
                   "of symbols such as BTC/USD, ETH/USD, each once\n"
                   "FILE:10: [exchange:kraken] taker_fee: the file FOLDER/none cannot be read: No "
                   "such file or directory; a value that begins with '@' and means no file is put "
                   "in quotes\n");
}

static void what_a_strategy_is_shown_may_come_from_outside(void **state)
{
    (void)state;
    assert_int_equal(setenv("CONFIG_SECRET", "geheim", 1), 0);
    assert_int_equal(setenv("CONFIG_VENUES", "kraken", 1), 0);
    check_problems("[kafka]\nbrokers = embedded\n"
                   "[exchange:kraken]\nsymbols = BTC/USD\ntaker_fee = 0\n"
                   "[strategy:s]\nvenues = ${CONFIG_SECRET}\nsurvival = ${CONFIG_SECRET}\n"
                   "[strategy:t]\nvenues = ${CONFIG_VENUES}\n",
                   "FILE:7: [strategy:s] venues: what ${CONFIG_SECRET} gives is not a list of "
                   "exchanges that have a section, each once\n"
                   "FILE:8: [strategy:s] survival: what ${CONFIG_SECRET} gives is not a list of "
                   "durations from 1ms to 60s, such as 10ms, 100ms, 1s, latency; or none\n");
}

static void what_a_strategy_is_shown_is_named_rightly(void **state)
{
    static const char head[] = "[kafka]\n"
                               "brokers = embedded\n"
                               "[exchange:kraken]\n"
                               "symbols = BTC/USD\n"
                               "taker_fee = 0.80%\n"
                               "[exchange:bitstamp]\n"
                               "taker_fee = 0.80%\n";
    char text[512];

    (void)state;
    (void)snprintf(text, sizeof(text), "%ssymbols = */USD\n[strategy:s]\nsurvival = 10\n", head);
    check_problems(text, "FILE:10: [strategy:s] survival: '10' is not a list of durations from 1ms "
                         "to 60s, such as 10ms, 100ms, 1s, latency; or none\n");
    (void)snprintf(text, sizeof(text), "%ssymbols = */USD\n[strategy:s]\nmatrix = 10s\n", head);
    check_problems(text, "");
    (void)snprintf(text, sizeof(text), "%ssymbols = */USD\n[strategy:s]\nmatrix = 10001ms\n", head);
    check_problems(text,
                   "FILE:10: [strategy:s] matrix: '10001ms' is not a duration from 0 to 10s, such "
                   "as 250ms, 5s or 2m\n");
    (void)snprintf(text, sizeof(text), "%ssymbols = */USD\n[strategy:s]\n", head);
    check_problems(text, "");
    (void)snprintf(text, sizeof(text),
                   "%ssymbols = */USD\n[strategy:s]\nvenues = kraken bitstanp, x,\n  kraken, */a\n",
                   head);
    check_problems(text,
                   "FILE:10: [strategy:s] venues: there is no [exchange:bitstanp]; did you mean "
                   "bitstamp?\n"
                   "FILE:10: [strategy:s] venues: there is no [exchange:x]\n"
                   "FILE:10: [strategy:s] venues: kraken is listed twice: remove one\n"
                   "FILE:10: [strategy:s] venues: '*/a' is not the name of an exchange: separate "
                   "names by commas, or leave the key out for all of them\n");
    (void)snprintf(text, sizeof(text),
                   "%ssymbols = */USD\n[strategy:s]\nvenues = ,\nsymbols = BTC\n", head);
    check_problems(text, "FILE:10: [strategy:s] venues: empty: name exchanges, or leave the key "
                         "out\n"
                         "FILE:11: [strategy:s] symbols: 'BTC' is not a symbol: write BASE/QUOTE, "
                         "like BTC/USD, or a pattern like */USD\n");
    (void)snprintf(text, sizeof(text), "%s[strategy:s]\n", small); /* others may be elsewhere */
    check_problems(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_file_gets_the_defaults),
        cmocka_unit_test(keys_of_host_and_kafka_reach_their_members),
        cmocka_unit_test(scales_of_instruments_default_to_the_hosts),
        cmocka_unit_test(keys_of_exchanges_and_strategies_reach_their_members),
        cmocka_unit_test(the_volume_chooses_the_fee),
        cmocka_unit_test(bad_fees_are_told_with_their_lines),
        cmocka_unit_test(terms_of_an_instrument_are_kept_by_exchange),
        cmocka_unit_test(bad_terms_are_told_with_their_lines),
        cmocka_unit_test(assets_of_an_exchange_are_kept_and_strange_ones_noted),
        cmocka_unit_test(bad_assets_are_told_with_their_lines),
        cmocka_unit_test(notes_are_in_the_order_of_the_file),
        cmocka_unit_test(bad_headings_say_what_is_wrong),
        cmocka_unit_test(symbol_listed_twice_is_refused),
        cmocka_unit_test(all_bad_symbols_of_a_list_are_named),
        cmocka_unit_test(a_venues_own_names_are_noted),
        cmocka_unit_test(bad_list_does_not_make_its_instruments_unlisted),
        cmocka_unit_test(all_problems_come_at_once_in_the_order_of_lines),
        cmocka_unit_test(topics_are_named_as_kafka_wants_them),
        cmocka_unit_test(parts_have_to_fit),
        cmocka_unit_test(publish_depth_is_the_exchange_s_or_the_host_s),
        cmocka_unit_test(a_proxy_takes_connect_or_is_none),
        cmocka_unit_test(max_lag_is_none_or_more_than_networks_do),
        cmocka_unit_test(empty_file_says_what_is_needed),
        cmocka_unit_test(missing_file_is_one_problem),
        cmocka_unit_test(size_of_the_file_is_limited),
        cmocka_unit_test(brokers_are_hosts_with_ports),
        cmocka_unit_test(number_of_exchanges_is_limited),
        cmocka_unit_test(number_of_strategies_is_limited),
        cmocka_unit_test(number_of_instruments_is_limited),
        cmocka_unit_test(thousand_symbols_fit_on_one_line_or_many),
        cmocka_unit_test(more_problems_than_anyone_reads_are_counted),
        cmocka_unit_test(symbols_are_base_and_quote),
        cmocka_unit_test(patterns_do_not_cross_the_slash),
        cmocka_unit_test(what_two_patterns_have_in_common_is_known),
        cmocka_unit_test(shipped_files_are_good),
        cmocka_unit_test(values_say_where_they_come_from),
        cmocka_unit_test(no_problem_repeats_what_was_put_in),
        cmocka_unit_test(what_a_strategy_is_shown_is_named_rightly),
        cmocka_unit_test(what_a_strategy_is_shown_may_come_from_outside),
        cmocka_unit_test(a_group_is_of_one_strategy),
        cmocka_unit_test(an_instrument_is_what_an_exchange_has),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
