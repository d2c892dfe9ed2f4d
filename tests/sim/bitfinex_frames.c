#include "bitfinex_frames.h"

#include <inttypes.h>
#include <libdeflate.h>
#include <string.h>

#include "arbspot/decimal.h"
#include "frame_role.h"
#include "words.h"

enum {
    CHECKSUM_LEVELS = 25,
    CHECKSUM_TEXT_MAX = 2 * CHECKSUM_LEVELS * 64,
};

/* What the venue calls a currency, and what its table says that it is. */
static const struct alias {
    const char *name, *own, *means;
} aliases[] = {
    { "ALGO", "ALG", "ALGO" }, { "AMPL", "AMP", "AMPL" }, { "IOTA", "IOT", "IOTA" },
    { "USDC", "UDC", "USDC" }, { "USDT", "UST", "USDt" },
};
enum { N_ALIASES = sizeof(aliases) / sizeof(aliases[0]) };

static const char *own_name(const char *name)
{
    for (size_t i = 0; i < N_ALIASES; i++) {
        if (strcmp(aliases[i].name, name) == 0) {
            return aliases[i].own;
        }
    }
    return name;
}

/* "BTCUSD"; "DOGE:USD" where not both have three letters. */
static void put_pair(struct arb_text *text, const struct sim_instrument *instrument)
{
    const char *const base = own_name(instrument->base);
    const char *const quote = own_name(instrument->quote);
    const bool is_short = strlen(base) == 3 && strlen(quote) == 3;

    arb_text_add(text, "%s%s%s", base, is_short ? "" : ":", quote);
}

uint32_t bitfinex_find(const struct instrument_list *list, const char *symbol)
{
    for (uint32_t i = 0; i < list->n; i++) {
        char pair[2 * ARB_SYMBOL_MAX];
        struct arb_text text = arb_text_over(pair, sizeof(pair));
        put_pair(&text, &list->items[i]);
        if (symbol[0] == 't' && strcmp(symbol + 1, pair) == 0) {
            return i;
        }
    }
    return ARB_NO_INSTRUMENT;
}

/* -- books --------------------------------------------------------------------------------- */

/* As JavaScript prints it: no zeros behind, and below 1e-6 an exponent. */
static void put_number(struct arb_text *text, int64_t value, unsigned digits)
{
    char number[ARB_DECIMAL_TEXT_MAX];

    for (; digits > 0 && value % 10 == 0; digits--) {
        value /= 10;
    }
    const int len = snprintf(number, sizeof(number), "%" PRId64, value);
    if (len + 6 > (int)digits) {
        frame_decimal(text, value, digits);
        return;
    }
    arb_text_add(text, "%c%s%se-%d", number[0], len > 1 ? "." : "", number + 1,
                 (int)digits - len + 1);
}

/* [price, count, amount]. How many orders a level has, no simulated market knows. */
static void put_level(struct arb_text *text, const struct sim_instrument *instrument,
                      const struct arb_level *level, bool is_bid)
{
    frame_puts(text, "[");
    put_number(text, level->px, instrument->px_digits);
    frame_puts(text, level->qty == 0 ? ",0," : ",1,");
    frame_puts(text, is_bid ? "" : "-");
    if (level->qty == 0) {
        frame_puts(text, "1");
    } else {
        put_number(text, level->qty, instrument->qty_digits);
    }
    frame_puts(text, "]");
}

static void put_end(struct arb_text *text, const struct book_words *words)
{
    if ((words->flags & BITFINEX_NUMBERS) != 0) {
        arb_text_add(text, ",%" PRIu64, words->nth + 1);
    }
    frame_puts(text, "]");
}

void bitfinex_put_book(const struct book_words *words, struct arb_text *text)
{
    arb_text_add(text, words->is_whole ? "[%" PRIu64 ",[" : "[%" PRIu64 ",", words->channel);
    for (uint32_t i = 0; i < words->n_bids + words->n_asks; i++) {
        const bool is_bid = i < words->n_bids;
        frame_puts(text, i == 0 ? "" : ",");
        put_level(text, words->instrument,
                  is_bid ? &words->bids[i] : &words->asks[i - words->n_bids], is_bid);
    }
    frame_puts(text, words->is_whole ? "]" : "");
    put_end(text, words);
}

void bitfinex_put_beat(const struct book_words *words, struct arb_text *text)
{
    arb_text_add(text, "[%" PRIu64 ",\"hb\"", words->channel);
    put_end(text, words);
}

static void sum_level(struct arb_text *text, const struct sim_instrument *instrument,
                      const struct ladder *side, uint32_t rank)
{
    if (rank < side->n) {
        frame_puts(text, text->len == 0 ? "" : ":");
        put_number(text, side->levels[rank].px, instrument->px_digits);
        frame_puts(text, side->highest_first ? ":" : ":-");
        put_number(text, side->levels[rank].qty, instrument->qty_digits);
    }
}

void bitfinex_put_checksum(const struct book_words *words, struct arb_text *text)
{
    char levels[CHECKSUM_TEXT_MAX];
    struct arb_text sum = arb_text_over(levels, sizeof(levels));

    if ((words->flags & BITFINEX_CHECKSUMS) == 0) {
        return;
    }
    for (uint32_t rank = 0; rank < CHECKSUM_LEVELS; rank++) {
        sum_level(&sum, words->instrument, &words->book->bids, rank);
        sum_level(&sum, words->instrument, &words->book->asks, rank);
    }
    const struct arb_bytes bytes = frame_bytes(&sum);
    arb_text_add(text, "[%" PRIu64 ",\"cs\",%" PRId32, words->channel,
                 (int32_t)libdeflate_crc32(0, bytes.data, bytes.len));
    put_end(text, words);
}

void bitfinex_put_answer(const struct book_words *words, struct arb_text *text)
{
    arb_text_add(text, "{\"event\":\"subscribed\",\"channel\":\"book\",\"chanId\":%" PRIu64,
                 words->channel);
    frame_puts(text, ",\"symbol\":\"t");
    put_pair(text, words->instrument);
    frame_puts(text, "\",\"prec\":\"P0\",\"freq\":\"F0\",\"len\":\"100\",\"pair\":\"");
    put_pair(text, words->instrument);
    frame_puts(text, "\"}");
}

void bitfinex_put_catalog(const struct instrument_list *list, struct arb_text *text)
{
    frame_puts(text, "[[");
    for (uint32_t i = 0; i < list->n; i++) {
        frame_puts(text, i == 0 ? "\"" : ",\"");
        put_pair(text, &list->items[i]);
        frame_puts(text, "\"");
    }
    frame_puts(text, "],[");
    for (size_t i = 0; i < N_ALIASES; i++) {
        arb_text_add(text, "%s[\"%s\",\"%s\"]", i == 0 ? "" : ",", aliases[i].own,
                     aliases[i].means);
    }
    frame_puts(text, "]]");
}

/* [channel, ... of a book only, no words. The channel tells whose it is. */
uint32_t bitfinex_role_of(const struct instrument_list *list, struct arb_bytes frame,
                          uint32_t *instrument)
{
    uint64_t channel = 0;
    size_t at = 1;

    for (; at < frame.len && frame.data[at] >= '0' && frame.data[at] <= '9' && at < 16; at++) {
        channel = 10 * channel + (uint64_t)(frame.data[at] - '0');
    }
    if (!words_start(frame, "[") || at == 1 || at + 2 >= frame.len || frame.data[at] != ',' ||
        frame.data[at + 1] != '[') {
        return FRAME_OTHER;
    }
    *instrument = common_channel_book(list, channel);
    const bool is_whole = frame.data[at + 2] == '[' || frame.data[at + 2] == ']';
    return *instrument == ARB_NO_INSTRUMENT ? FRAME_OTHER : is_whole ? FRAME_SNAPSHOT : FRAME_BOOK;
}
