/*
 * config.h - what stands in the INI file, typed.
 *
 * config_load.h fills it in. Options of plugins are checked against their tables later, by
 * plugin/options.h, which is why those keys are kept as text with their line.
 */
#ifndef ARB_CONFIG_H
#define ARB_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "arbspot/types.h"
#include "config/assets.h"
#include "config/fee_schedule.h"
#include "config/nearest.h"
#include "config/problems.h"

enum {
    CONFIG_EXIT = 78, /* EX_CONFIG: the exit status for a configuration that cannot be used */
    CONFIG_NAME_MAX = ARB_SYMBOL_MAX,
    CONFIG_EXCHANGES_MAX = ARB_VENUES_MAX,
    CONFIG_STRATEGIES_MAX = 16,
    CONFIG_INSTRUMENTS_MAX = ARB_INSTRUMENTS_MAX,
    CONFIG_KEYS_MAX = 16, /* the host's own keys of one section */
};

/* One `key = value` that is not the host's own: a plugin option or an rdkafka setting. */
struct config_entry {
    const char *key;
    const char *value; /* NULL: reported, and there is none; in no configuration that is good */
    unsigned line;
    struct config_entry *next;
    const char *origin; /* "what ${NAME} gives": no message may repeat the value; NULL: written */
};

/* What is no mistake, and may not be meant. */
struct config_note {
    const char *section, *key;
    const char *text;
    unsigned line;
    struct config_note *next;
};

/* [host] */
struct host_config {
    const char *plugin_dir; /* where `plugin = kraken` is looked up as kraken.so */
    const char *ca_file;    /* PEM to trust instead of the system's store; NULL: the system's */
    int64_t snapshot_interval_ms; /* each live book is repeated this often */
    int64_t publish_depth;        /* levels a side of a book that are published; 0: all */
    int64_t ring_bytes;           /* of each ring between threads */
    uint8_t px_scale, qty_scale;  /* of all instruments; ARB_DIGITS_UNKNOWN: not given */
    const char *scales_file;      /* where decided scales are remembered; NULL: nowhere */
    const char *log_level;        /* error|warn|info|debug */
    int64_t silence_ms;           /* after so long it is said what is missing; 0: never */
    bool standby; /* waits as long as another host publishes its venues; else it does not start */
    bool isolate; /* each exchange and strategy in a process of its own */
    const char *family_dir; /* set in such a process: a folder that all of them share */
    unsigned plugin_dir_line, ca_file_line, scales_file_line; /* 0: not given */
};

/* [kafka] */
struct kafka_config {
    const char *brokers;           /* "embedded" or host:port,... */
    bool is_embedded;              /* set when an embedded broker's address replaced that word */
    const char *market_topic;      /* market-data */
    const char *opportunity_topic; /* arbitrage-opportunities */
    int64_t partitions;            /* of topics that have to be created */
    int64_t replication;
    int64_t retention_ms;         /* of topics that have to be created; 0: the broker's default */
    int64_t silence_ms;           /* of [host], set for those who read topics */
    struct config_entry *rdkafka; /* `rdkafka.KEY = value`, keys without the prefix */
};

/* [web] */
struct web_section {
    const char *listen;               /* see util/listen_address.h; NULL: nothing listens */
    const char *token;                /* see util/token.h; NULL: none. Never to be shown */
    int64_t clients_max;              /* WebSockets at once */
    unsigned listen_line, token_line; /* 0: not given */
};

/* What a venue takes for an order, and demands of it. */
enum config_term {
    TERM_TAKER_FEE = 0,
    TERM_TICK = 1,
    TERM_LOT = 2,
    TERM_MIN_QTY = 3,
    TERM_MIN_NOTIONAL = 4,
    N_TERMS = 5,
};

/* By enum config_term: "tick" of `tick.kraken`. */
extern const char *const config_term_keys[N_TERMS];

/* `tick.kraken = 0.01`: counts, whatever the exchange's section or its catalog says. */
struct venue_term {
    const char *exchange;
    int64_t taker_fee_ppm;      /* of TERM_TAKER_FEE */
    struct arb_decimal decimal; /* of all others; 0: nothing is demanded */
    unsigned line;
    struct venue_term *next;
};

/* [instrument:BTC/USD] */
struct instrument_config {
    char symbol[ARB_SYMBOL_MAX];
    uint8_t px_scale, qty_scale;        /* else those of [host]; ARB_DIGITS_UNKNOWN: nobody says */
    struct config_entry *venue_symbols; /* `venue_symbol.kraken = XBT/USD`, keys without prefix */
    struct venue_term *terms[N_TERMS];  /* by enum config_term, in the order of the file */
    unsigned line;
};

/* [exchange:NAME] */
struct exchange_config {
    char name[CONFIG_NAME_MAX];
    bool enabled;       /* no: only its fees are used, by strategies that read Kafka */
    bool is_elsewhere;  /* set when another process of this host runs it */
    const char *plugin; /* a name, looked up in plugin_dir, or a path with a slash */
    char **symbols;     /* canonical symbols and patterns ("*" and "?"), as written */
    unsigned n_symbols;
    struct fee_schedule fees;
    struct arb_decimal volume_30d; /* in the unit of the schedule's volumes */
    int64_t taker_fee_ppm;         /* of the fees, at that volume */
    /* For strategies: what is not in the first is unlimited, what is not in the second unknown. */
    struct asset_term *inventory, *withdrawals;
    const char *ca_file;   /* overrides [host] ca_file */
    const char *proxy;     /* "none" or http://HOST:PORT, see util/proxy_url.h; NULL: not given */
    int64_t max_age_ms;    /* resync a busy book that is silent for longer; 0: never */
    int64_t max_lag_ms;    /* what arrives older is not LIVE; 0: whatever its age */
    bool shed;             /* books are given up where the machine is too slow for all */
    int64_t publish_depth; /* overrides [host] publish_depth where publish_depth_line is not 0 */
    int64_t connections;   /* lines kept up side by side; the first copy of everything wins */
    int64_t connection_age_ms; /* a line is replaced after that long; 0: never */
    struct config_entry *options;
    unsigned line, plugin_line, symbols_line; /* plugin_line 0: the section's name is the plugin */
    unsigned max_lag_line, publish_depth_line, proxy_line, ca_file_line, taker_fee_line;
};

/* Less than that is what networks do when nothing is wrong. */
enum { CONFIG_MAX_LAG_MIN_MS = 100 };

enum strategy_source { SOURCE_KAFKA = 1, SOURCE_DIRECT = 2 };

/* What opportunities of a strategy have legs of, as its plugin says. */
enum strategy_reach {
    REACH_UNKNOWN = 0, /* the plugin is not loaded */
    REACH_ONE = 1,     /* one instrument, on two venues */
    REACH_ACROSS = 2,  /* several instruments, on any venues: ARB_STRATEGY_ACROSS */
};

enum { CONFIG_DELAYS_MAX = 8 };

/* How long after an opportunity opened it is looked at what is left of it. */
struct survival_delays {
    int64_t delays_ms[CONFIG_DELAYS_MAX]; /* [n], above 0 */
    uint32_t n;
    bool at_latency; /* and after the venues' own latency */
};

/* [strategy:NAME] */
struct strategy_config {
    char name[CONFIG_NAME_MAX];
    bool enabled;
    const char *plugin;
    uint32_t source;   /* enum strategy_source */
    uint32_t reach;    /* enum strategy_reach; set when its plugin is loaded */
    const char *group; /* Kafka consumer group; NULL: every instance reads everything */
    /* What it is shown; of neither: everything. */
    char **symbols; /* canonical symbols and patterns */
    unsigned n_symbols;
    const char *venues_text, *venues_origin; /* names of exchanges; see config_entry.origin */
    uint32_t venues;                         /* as that says: bit i stands for exchange i; 0: all */
    const char *survival_text, *survival_origin;
    struct survival_delays survival; /* as that says */
    int64_t matrix_ms;               /* between two spread matrices of an instrument; 0: none */
    int64_t misses_ms;               /* between two misses of a reason that are told; 0: none */
    struct config_entry *options;
    /* 0: not given */
    unsigned line, plugin_line, source_line, group_line, symbols_line, venues_line, survival_line;
};

struct pool;

struct config {
    const char *path;
    struct host_config host;
    struct kafka_config kafka;
    struct web_section web;
    struct instrument_config *instruments;
    struct exchange_config *exchanges;
    struct strategy_config *strategies;
    unsigned n_instruments, n_exchanges, n_strategies;
    struct config_note *notes; /* in the order of the file */
    struct pool *memory;       /* everything above lives here */
};

/* Frees what config_load() has filled in, or left unfinished. */
void config_fini(struct config *config);

/* How many levels a side of the exchange's books are published; 0: all. */
uint32_t config_publish_depth(const struct config *config, const struct exchange_config *exchange);

/* Adds a copy of the note in the order of the file, behind others of its line. ARB_ENOMEM. */
int config_add_note(struct config *config, const struct config_note *note);

/* What its section says of the instrument on an exchange, or NULL. */
const struct venue_term *config_venue_term(const struct instrument_config *instrument,
                                           enum config_term term, const char *exchange);

/* The exchange's section, or NULL. */
const struct exchange_config *config_exchange(const struct config *config, const char *name);

/* The instrument's section, or NULL. */
const struct instrument_config *config_instrument(const struct config *config, const char *symbol);

#endif /* ARB_CONFIG_H */
