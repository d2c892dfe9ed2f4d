/*
 * WebSocket API v1. Book messages are arrays, [channel, {...}, "book-1000", "XBT/USD"], where a
 * change of both sides comes as two objects. The pair stands last, so it is read from the end
 * first: levels cannot be read without knowing their scale.
 */
#include "kraken.h"

void kraken_v1_subscription(const struct kraken *self, const struct arb_ask *ask,
                            struct arb_text *text)
{
    arb_text_add(text,
                 "{\"event\":\"%s\",\"subscription\":{\"name\":\"book\",\"depth\":%lld},\"pair\":[",
                 arb_ask_word(ask), (long long)self->depth);
    arb_ask_names(ask, self->env, text);
    arb_text_add(text, "]}");
}

/* v1 kept the venue's old codes for two assets. */
static const char *asset(const struct kraken *self, const char *name)
{
    if (self->is_v1 && strcmp(name, "BTC") == 0) {
        return "XBT";
    }
    return self->is_v1 && strcmp(name, "DOGE") == 0 ? "XDG" : name;
}

int kraken_spell(void *instance, const struct arb_instrument *info, char *name)
{
    const int len = snprintf(name, ARB_SYMBOL_MAX, "%s/%s", asset(instance, info->base),
                             asset(instance, info->quote));
    return len < ARB_SYMBOL_MAX ? ARB_OK : ARB_ELIMIT;
}

/* The string in front of the closing bracket, or nothing. */
static struct arb_bytes last_string(struct arb_bytes msg)
{
    const char *end = msg.data + msg.len;
    const struct arb_bytes none = { "", 0 };

    while (end > msg.data && (end[-1] == ' ' || end[-1] == '\n' || end[-1] == ']')) {
        end--;
    }
    if (end == msg.data || end[-1] != '"') {
        return none;
    }
    const char *const close = end - 1;
    const char *const open = memrchr(msg.data, '"', (size_t)(close - msg.data));
    return open == NULL ? none : (struct arb_bytes){ open + 1, (size_t)(close - open - 1) };
}

/* What a message of a book has in it: sides, whole or changed, a checksum, and a channel. */
enum { WHOLE = 1 | 2, CHANGED = 4 | 8, CHECKSUM = 16, CHANNEL = 32 };

struct v1_book {
    const struct kraken *self;
    struct arb_draft *draft;
    uint32_t seen;
};

/* "book-10" is that of the depth which was subscribed. */
static bool is_own_channel(const struct kraken *self, struct arb_bytes name)
{
    char own[32];

    (void)snprintf(own, sizeof(own), "book-%lld", (long long)self->depth);
    return arb_bytes_are(name, own);
}

/* The channel and the pair, and an id that is no string. */
static int read_name(struct v1_book *book, struct arb_json *json)
{
    struct arb_bytes name = { "", 0 };

    if (arb_json_peek(json) != '"' || !arb_json_string(json, &name)) {
        return arb_json_skip(json) ? ARB_OK : json->rc;
    }
    book->seen |= is_own_channel(book->self, name) ? CHANNEL : 0;
    return ARB_OK;
}

/* Whole sides are "as" and "bs", changes "a" and "b". Leaves what is wrong with the draft. */
static int read_sides(void *context, struct arb_json *json)
{
    struct v1_book *const book = context;
    struct arb_draft *const draft = book->draft;
    uint64_t checksum = 0;
    const struct arb_json_field fields[] = {
        { "as", ARB_JSON_LEVELS, &draft->asks }, { "bs", ARB_JSON_LEVELS, &draft->bids },
        { "a", ARB_JSON_LEVELS, &draft->asks },  { "b", ARB_JSON_LEVELS, &draft->bids },
        { "c", ARB_JSON_U64, &checksum }, /* as text */
    };

    if (arb_json_peek(json) != '{' || arb_draft_rc(draft) != ARB_OK) {
        return read_name(book, json);
    }
    const uint32_t seen = arb_json_fields(json, fields, 5);
    book->seen |= seen;
    if ((seen & CHECKSUM) != 0) {
        draft->event.checksum = (uint32_t)checksum;
        draft->event.has_checksum = true;
    }
    if (checksum > UINT32_MAX) {
        draft->asks.rc = ARB_EPROTO;
    }
    return json->rc;
}

/* Whatever is wrong with it, unless it is not even JSON, costs this book only. */
static int read_book(struct kraken *self, struct arb_host *host, struct arb_json *json,
                     uint32_t instrument)
{
    struct arb_draft *const draft = &self->draft;
    struct v1_book book = { .self = self, .draft = draft };

    arb_draft_begin(draft, self->env, instrument, ARB_BOOK_DELTA);
    if (arb_json_each(json, read_sides, &book) != ARB_OK || !arb_json_end(json)) {
        return json->rc;
    }
    const bool is_whole = (book.seen & (WHOLE | CHANGED)) == WHOLE, /* without a checksum */
        is_change =
            (book.seen & WHOLE) == 0 && (book.seen & CHANGED) != 0 && (book.seen & CHECKSUM) != 0;
    if ((book.seen & CHANNEL) == 0 || !(is_whole || is_change)) {
        draft->bids.rc = ARB_EPROTO;
    }
    draft->event.kind = is_whole ? ARB_BOOK_SNAPSHOT : ARB_BOOK_DELTA;
    return kraken_publish(self, host);
}

static int read_notice(struct kraken *self, struct arb_host *host, struct arb_json *json)
{
    struct arb_bytes event = { "", 0 }, status = event, pair = event, error = event, name = event;
    const struct arb_json_field fields[] = {
        { "event", ARB_JSON_TEXT, &event },      { "status", ARB_JSON_TEXT, &status },
        { "pair", ARB_JSON_TEXT, &pair },        { "errorMessage", ARB_JSON_TEXT, &error },
        { "channelName", ARB_JSON_TEXT, &name },
    };

    (void)arb_json_fields(json, fields, 5);
    if (!arb_json_end(json)) {
        return json->rc;
    }
    if (arb_bytes_are(event, "systemStatus")) {
        return arb_trading_say(host, ARB_ALL_INSTRUMENTS, status, kraken_words);
    }
    if (arb_bytes_are(status, "error") || arb_bytes_are(event, "error")) {
        return kraken_refused(self, host, pair, error);
    }
    const uint32_t i = arb_instrument_find(self->env, pair);
    const bool is_own = name.len == 0 || is_own_channel(self, name);
    if (i != ARB_NO_INSTRUMENT && is_own && arb_bytes_are(event, "subscriptionStatus")) {
        if (arb_bytes_are(status, "subscribed")) {
            return arb_answered(host, i, 0, ARB_SUBSCRIBED, "");
        }
        if (arb_bytes_are(status, "unsubscribed")) { /* asked for or not */
            return arb_answered(host, i, 0, ARB_LEFT, "the venue ended the subscription");
        }
    }
    return ARB_OK; /* heartbeat, pong */
}

int kraken_v1_message(struct kraken *self, struct arb_host *host, struct arb_bytes msg)
{
    struct arb_json json = arb_json_over(msg);

    if (arb_json_peek(&json) == '{') {
        return read_notice(self, host, &json);
    }
    const uint32_t i = arb_instrument_find(self->env, last_string(msg));
    if (i != ARB_NO_INSTRUMENT) {
        return read_book(self, host, &json, i);
    }
    /* Not one of ours; still it has to be JSON, or the stream is damaged. */
    return arb_json_skip(&json) && arb_json_end(&json) ? ARB_OK : ARB_EPROTO;
}
