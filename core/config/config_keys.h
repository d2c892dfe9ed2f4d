/*
 * config_keys.h - which sections and keys there are, and how their values are stored.
 *
 * One table per kind of section; config_load.c walks the file and stores by them. What a key is for
 * stands in etc/arbspot.ini, of which and of these tables the man page is made: it refuses a key
 * without a comment.
 */
#ifndef ARB_CONFIG_KEYS_H
#define ARB_CONFIG_KEYS_H

#include "config/config.h"
#include "config/values.h"

/* What is made of a value, and the type of the member that gets it. */
enum config_store {
    STORE_TEXT = 1,    /* const char * */
    STORE_PATH = 2,    /* const char *; a relative one counts from the file's folder */
    STORE_PLUGIN = 3,  /* const char *; a path when it has a slash */
    STORE_BROKERS = 4, /* const char *, without blanks */
    STORE_NUMBER = 5,  /* int64_t */
    STORE_SMALL = 6,   /* uint8_t */
    STORE_FLAG = 7,    /* bool */
    STORE_CHOICE = 8,  /* uint32_t: the position of the word, from 1 */
    STORE_SYMBOLS = 9, /* char **, and at n_offset unsigned: how many */
    /* struct config_entry *: every key that starts with `name`; its fallback is not used */
    STORE_ENTRIES = 10,
    STORE_DECIMAL = 11, /* struct arb_decimal */
    STORE_FEES = 12,    /* struct fee_schedule */
    /* struct venue_term *: every key that is `name` and an exchange; read by the rule */
    STORE_TERMS = 13,
    STORE_INVENTORY = 14,   /* struct asset_term *: every key that is `name` and an asset */
    STORE_WITHDRAWALS = 15, /* likewise */
    STORE_TOKEN = 16,       /* const char *: out of a file of its owner alone, or a variable */
};

struct config_key {
    const char *name;
    const char *fallback; /* read like a configured value; NULL: zero stays */
    bool is_required;
    enum config_store store;
    uint32_t offset;        /* of the member */
    uint32_t line_offset;   /* of the member that gets the line; 0: none */
    bool is_list;           /* with STORE_TEXT: may go on in indented lines */
    uint32_t n_offset;      /* with STORE_SYMBOLS */
    uint32_t origin_offset; /* of the member that gets the origin, see config_entry; 0: none */
    bool keeps_unread;      /* with STORE_ENTRIES: those without a value too */
    struct value_rule rule;
    bool (*is_valid)(const char *text); /* further limits of a text, or NULL */
    const char *wanted; /* what would do, to follow "is not"; NULL: what the rule says */
};

struct config_section {
    const char *word;    /* "exchange" of [exchange:NAME] */
    const char *example; /* a heading, to show */
    bool is_named;
    unsigned n_max;
    const struct config_key *keys; /* ends with a NULL name */
};

enum config_section_kind {
    SECTION_HOST = 0,
    SECTION_KAFKA = 1,
    SECTION_INSTRUMENT = 2,
    SECTION_EXCHANGE = 3,
    SECTION_STRATEGY = 4,
    SECTION_WEB = 5,
    N_SECTION_KINDS = 6,
};

/* By enum config_section_kind. */
extern const struct config_section config_sections[N_SECTION_KINDS];

/* True when `name` is only how keys begin. */
bool config_key_is_prefix(const struct config_key *key);

/* The kind of section that a heading "exchange:kraken" asks for, or NULL. */
const struct config_section *config_section_of(const char *heading);

/* Names of exchanges and strategies: [a-z0-9_-], 1 to 31 bytes. */
bool config_is_name(const char *text);

/*
 * Writes the keys the host itself takes in a section such as "exchange:kraken", at most `cap`,
 * and returns how many; CONFIG_KEYS_MAX are enough.
 */
unsigned config_host_keys(const char *section, const char **names, unsigned cap);

#endif /* ARB_CONFIG_KEYS_H */
