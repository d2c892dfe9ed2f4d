/*
 * script.h - what a venue says and when, as a text file that people read and write.
 *
 *   # a comment
 *   option depth = 10                an option of the plugin, as in the INI
 *   symbols BTC/USD, ETH/USD         names and patterns, as in the INI
 *   scale BTC/USD 2 8                digits of price and quantity; else as the catalog says
 *   venue-symbol BTC/USD XBT/USD     the venue's own name of a symbol
 *   at 1.5                           the clock: seconds since the start
 *   clock -3600                      UTC is set back by an hour; nothing else is
 *   open 0                           connection 0 is up
 *   message 0 {"channel":"status"}   a frame arrives on it
 *   message 0 @FILE:7                the 7th record of a recording, by a path from the script
 *   http /markets/ 200 [...]         answers the request whose URL has this text; also @FILE:7
 *   http /markets/ 429 retry-after 30 TEXT   the venue says when to ask again, in seconds
 *   http /markets/ 0                 the request got no answer
 *   close 0 reset by peer            the connection is down
 *   live                             every book has to be LIVE here
 *
 * The lines before the first `live` are what the venue says to bring all books up: hostile
 * tests repeat them after a reconnect and expect the same result.
 */
#ifndef ARB_HARNESS_SCRIPT_H
#define ARB_HARNESS_SCRIPT_H

#include "config/config.h"
#include "config/instrument_list.h"
#include "replay/recording.h"

enum {
    SCRIPT_SYMBOLS_MAX = 64,
    SCRIPT_OPTIONS_MAX = 16,
    SCRIPT_RECORDINGS_MAX = 8,
    SCRIPT_BYTES_MAX = 4 << 20,
};

enum step_kind {
    STEP_AT = 1,
    STEP_OPEN,
    STEP_MESSAGE,
    STEP_HTTP,
    STEP_CLOSE,
    STEP_LIVE,
    STEP_CLOCK,
};

struct step {
    enum step_kind kind;
    unsigned line;
    uint32_t conn;
    int status;             /* STEP_HTTP */
    int64_t retry_after_ms; /* STEP_HTTP; 0: the venue does not say */
    int64_t ns;             /* STEP_AT: since the start; STEP_CLOCK: of a step */
    const char *name;       /* STEP_HTTP: text in the URL; STEP_CLOSE: the reason */
    struct arb_bytes data;  /* STEP_MESSAGE, STEP_HTTP */
};

struct script {
    const char *path; /* borrowed */
    char *text;       /* the file, cut into lines */
    struct step *steps;
    size_t n_steps, cap_steps;
    size_t n_clean; /* steps before the first `live`; 0 without one */
    struct config config;
    struct exchange_config exchange;
    char *symbols[SCRIPT_SYMBOLS_MAX];
    struct config_entry options[SCRIPT_OPTIONS_MAX];
    unsigned n_options;
    struct instrument_list instruments;
    struct script_recording {
        char *path;
        struct recording recording;
    } recordings[SCRIPT_RECORDINGS_MAX];
    unsigned n_recordings;
};

/*
 * Reads a script for a plugin of that name; `path` outlives it. A failed one needs no fini. The
 * script does not move once it is loaded.
 */
int script_load(struct script *script, const char *path, const char *name, struct err *err);
/* After `instruments` was changed. */
void script_set_config(struct script *script);
void script_fini(struct script *script);

#endif /* ARB_HARNESS_SCRIPT_H */
