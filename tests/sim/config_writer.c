#include "config_writer.h"

#include <stdlib.h>
#include <string.h>

#include "arbspot/decimal.h"
#include "arbspot/text.h"
#include "dialects.h"
#include "file_text.h"
#include "venue_terms.h"

enum {
    SYMBOL_LINE_MAX = 100,  /* for readers' sake */
    FEES_A_LINE = 5,        /* likewise */
    CONFIG_BASE_LEN = 8192, /* everything but the symbols */
    ENDPOINTS_LEN = 64 * ARB_VENUES_MAX,
};

/* All symbols, on as many lines as it takes: the list goes on in indented ones. */
static void put_symbols(struct arb_text *text, const struct instrument_list *list)
{
    const char *separator = "symbols = ";
    size_t line_len = 0;

    for (uint32_t i = 0; i < list->n; i++) {
        arb_text_add(text, "%s%s", separator, list->items[i].symbol);
        line_len += strlen(separator) + strlen(list->items[i].symbol);
        separator = ", ";
        if (line_len > SYMBOL_LINE_MAX) {
            separator = ",\n    ";
            line_len = 0;
        }
    }
    arb_text_add(text, "\n");
}

static void put_percent(struct arb_text *text, int64_t ppm)
{
    char percent[ARB_DECIMAL_TEXT_MAX];
    arb_text_add(text, "%.*s%%", (int)arb_decimal_write(ppm, 4, 2, percent), percent);
}

/* One fee, or the venue's schedule, on as many lines as it takes. */
static void put_fees(struct arb_text *text, const struct sim_options *options, uint32_t venue)
{
    uint32_t n;
    const struct fee_step *const fees = venue_fees(options->venues[venue], &n);

    arb_text_add(text, "taker_fee = ");
    put_percent(text, options->has_schedule[venue] ? fees[0].fee_ppm : options->fees_ppm[venue]);
    for (uint32_t i = 1; options->has_schedule[venue] && i < n; i++) {
        arb_text_add(text, "%s%lld: ", i % FEES_A_LINE == 0 ? ",\n    " : ", ",
                     (long long)fees[i].volume);
        put_percent(text, fees[i].fee_ppm);
    }
    arb_text_add(text, "\n");
    if (options->has_schedule[venue] && options->volume > 0) {
        arb_text_add(text, "volume_30d = %lld\n", (long long)options->volume);
    }
}

static void put_exchange(struct arb_text *text, const struct sim_options *options, uint32_t venue,
                         const struct instrument_list *list, int port)
{
    const char *const name = options->venues[venue];

    arb_text_add(text, "\n[exchange:%s]\nplugin = %s\n", name, name);
    put_symbols(text, list);
    put_fees(text, options, venue);
    const struct dialect *const dialect = dialect_find(name);
    if (dialect != NULL) {
        arb_text_add(text, "ws_url = wss://localhost:%d%s\nrest_url = https://localhost:%d%s\n%s",
                     port, dialect->ws_path, port, dialect->rest_path, dialect->options);
    } else if (strcmp(name, "kraken") == 0) {
        arb_text_add(text, "url = wss://localhost:%d/v2\ndepth = 25\n", port);
    } else {
        arb_text_add(text,
                     "ws_url = wss://localhost:%d\nrest_url = https://localhost:%d/api/v2\n"
                     "mode = %s\n",
                     port, port, options->bitstamp_mode);
    }
}

static void put_config(struct arb_text *text, const struct sim_options *options,
                       const struct instrument_list *list, const int *ports, const char *ca_path)
{
    char min_net[ARB_DECIMAL_TEXT_MAX];

    arb_text_add(
        text,
        "# Written by arbspot-sim. The market is simulated: nothing here is a real price.\n"
        "[host]\nca_file = %s\n\n[kafka]\nbrokers = %s\n",
        ca_path, options->brokers);
    for (uint32_t venue = 0; venue < options->n_venues; venue++) {
        put_exchange(text, options, venue, list, ports[venue]);
    }
    arb_text_add(text,
                 "\n[strategy:cross_venue]\nplugin = cross_venue\nsource = %s\nmin_net = %.*sbp\n"
                 "max_age = 10s\n",
                 options->source, (int)arb_decimal_write(options->min_net_ppm, 2, 0, min_net),
                 min_net);
}

int config_write(const struct sim_options *options, const struct instrument_list *instruments,
                 const int *ports, const char *ca_path, struct err *err)
{
    const size_t cap = CONFIG_BASE_LEN + strlen(ca_path) + strlen(options->brokers) +
                       (size_t)instruments->n * options->n_venues * (ARB_SYMBOL_MAX + 16);
    char *const data = malloc(cap);

    if (data == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory for the configuration");
    }
    struct arb_text text = arb_text_over(data, cap);
    put_config(&text, options, instruments, ports, ca_path);
    const int rc = arb_text_fits(&text)
                       ? file_text_write(options->config_file,
                                         (struct arb_bytes){ text.data, text.len }, 0644, err)
                       : err_set(err, ARB_ELIMIT, "the configuration is longer than expected");
    free(data);
    return rc;
}

int endpoints_write(const struct sim_options *options, const int *ports, struct err *err)
{
    char data[ENDPOINTS_LEN];
    struct arb_text text = arb_text_over(data, sizeof(data));

    for (uint32_t venue = 0; venue < options->n_venues; venue++) {
        arb_text_add(&text, "%s=%d\n", options->venues[venue], ports[venue]);
    }
    return file_text_write(options->endpoints_file, (struct arb_bytes){ text.data, text.len }, 0644,
                           err);
}
