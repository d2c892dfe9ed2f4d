#include "common_venue.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "arbspot/decimal.h"
#include "util/clock.h"
#include "venue_desk.h"

enum {
    WHOLE_DELAY_MIN_MS = 20,
    WHOLE_DELAY_MAX_MS = 40,
    NUMBER_STEP_MAX = 5,
    REQUEST_MAX = 16384,                /* bytes: answers repeat parts of it */
    TEXT_BASE_LEN = REQUEST_MAX + 4096, /* everything but levels and rows */
    OPENS_KEPT = 512,
    FIRST_CHANNELS = 50,     /* so that they have six digits */
    POLICY_VIOLATION = 1008, /* RFC 6455, 7.4.1 */
    MESSAGE_TOO_BIG = 1009,
};

enum what { SHOW = 1, WHOLE = 2, BEAT = 3, LATE_ANSWER = 4 };

/* One client's interest in one book. */
enum interest {
    NONE = 0,
    WAITS = 1, /* for the whole book */
    FOLLOWS = 2,
};

struct client {
    uint8_t *books;     /* [instruments] enum interest; NULL: not connected */
    uint64_t *channels; /* [instruments], of those that it has an interest in */
    uint64_t n_sent, flags;
    int64_t connected_ns, second_ns; /* the second of `n_requests` began then */
    uint32_t n_requests;
};

/* A book as every client knows it. */
struct product {
    struct sim_book published;
    uint64_t number, previous;
    int64_t shown_ns;   /* when it was published */
    int64_t checked_ns; /* when its last checksum was sent */
    bool is_planned;    /* the market has moved on, and it will be shown */
};

struct common_venue {
    struct venue_desk desk; /* first, so that the venue leads back to its model */
    const struct dialect *dialect;
    struct product *products;
    int64_t opens_ns[OPENS_KEPT]; /* the last connections, a ring */
    uint32_t n_opens;
    int64_t minute; /* the one in which `weight` was asked of REST */
    uint32_t weight;
    uint64_t n_channels;    /* ever given out */
    struct sim_book window; /* what the channel shows of the book in hand */
    struct client address;  /* where requests of all clients are counted */
    struct client clients[SIM_CLIENTS_MAX];
};

static struct common_venue *common_of(struct sim_venue *venue)
{
    return (struct common_venue *)venue; /* its first member */
}

/* -- clients ------------------------------------------------------------------------------- */

/* Were the last `limit` connections all opened since then? 0: no limit. */
static bool were_opened_since(const struct common_venue *venue, uint32_t limit, int64_t since_ns)
{
    const uint32_t n = venue->n_opens;

    return limit > 0 && n >= limit && venue->opens_ns[(n - limit) % OPENS_KEPT] > since_ns;
}

/* Has anybody opened more connections than an address may? */
static bool is_one_too_many(struct common_venue *venue, int64_t now_ns)
{
    const struct dialect *const dialect = venue->dialect;
    const bool is_too_many =
        were_opened_since(venue, dialect->opens_per_10s, now_ns - 10 * NS_PER_S) ||
        were_opened_since(venue, dialect->opens_per_minute, now_ns - 60 * NS_PER_S) ||
        were_opened_since(venue, dialect->opens_per_5min, now_ns - 300 * NS_PER_S);

    venue->opens_ns[venue->n_opens++ % OPENS_KEPT] = now_ns;
    return is_too_many;
}

static void plan_beat(struct common_venue *venue, uint32_t id, int64_t now_ns)
{
    if (venue->dialect->beat_ns > 0) {
        venue_desk_plan(&venue->desk, id,
                        (struct agenda_entry){
                            .at_ns = now_ns + venue->dialect->beat_ns, .what = BEAT, .a = id });
    }
}

static void on_connect(struct sim_venue *sim_venue, uint32_t id, int64_t now_ns)
{
    struct common_venue *const venue = common_of(sim_venue);
    struct client *const client = &venue->clients[id];

    *client = (struct client){ .connected_ns = now_ns };
    client->books = calloc(venue->desk.config.instruments->n, sizeof(*client->books));
    client->channels = calloc(venue->desk.config.instruments->n, sizeof(*client->channels));
    if (client->books == NULL || client->channels == NULL) {
        free(client->books);
        client->books = NULL;
        venue_desk_close(&venue->desk, id, 1011, "out of memory");
    } else if (is_one_too_many(venue, now_ns)) {
        venue_desk_close(&venue->desk, id, POLICY_VIOLATION, "too many connections");
    } else {
        plan_beat(venue, id, now_ns);
        if (venue->dialect->greet != NULL) {
            venue->dialect->greet(venue, id, now_ns);
        }
    }
}

static void on_disconnect(struct sim_venue *sim_venue, uint32_t id)
{
    struct client *const client = &common_of(sim_venue)->clients[id];

    free(client->books);
    free(client->channels);
    *client = (struct client){ 0 };
}

static bool asks_too_often(const struct common_venue *venue, struct client *client, int64_t now_ns)
{
    if (now_ns - client->second_ns >= NS_PER_S) {
        client->second_ns = now_ns;
        client->n_requests = 0;
    }
    client->n_requests++;
    return venue->dialect->requests_per_second > 0 &&
           client->n_requests > venue->dialect->requests_per_second;
}

static void on_text(struct sim_venue *sim_venue, uint32_t id, int64_t now_ns, struct arb_bytes text)
{
    struct common_venue *const venue = common_of(sim_venue);
    struct client *const client = &venue->clients[id];

    if (client->books == NULL) {
        return; /* being closed for want of memory */
    }
    if (asks_too_often(venue, venue->dialect->requests_of_address ? &venue->address : client,
                       now_ns)) {
        venue_desk_close(&venue->desk, id, POLICY_VIOLATION, "too many requests");
        return;
    }
    if (text.len > REQUEST_MAX) {
        venue_desk_close(&venue->desk, id, MESSAGE_TOO_BIG, "message too big");
        return;
    }
    venue->dialect->read(venue, id, text, now_ns);
}

static int on_get(struct sim_venue *sim_venue, const char *path, int64_t now_ns,
                  struct arb_bytes *body)
{
    struct common_venue *const venue = common_of(sim_venue);
    struct arb_text text = venue_desk_frame(&venue->desk);

    const int status = venue->dialect->get(venue, path, now_ns, &text);
    *body = frame_bytes(&text);
    return status;
}

/* -- books --------------------------------------------------------------------------------- */

/* A price of so many figures: a bid at most what it was, an ask at least. */
static int64_t rounded(int64_t px, unsigned figures, bool is_bid)
{
    int64_t unit = 1;

    for (int64_t left = px; figures > 0 && left >= arb_pow10(figures); left /= 10) {
        unit *= 10;
    }
    return (is_bid ? px : px + unit - 1) / unit * unit;
}

/* As much of a side as the channel shows. */
static void show_side(const struct dialect *dialect, const struct ladder *from, struct ladder *to)
{
    const uint32_t n_max =
        dialect->depth > 0 && dialect->depth < to->cap ? dialect->depth : to->cap;

    to->n = 0;
    for (uint32_t i = 0; i < from->n; i++) {
        const int64_t px = rounded(from->levels[i].px, dialect->price_figures, from->highest_first);
        if (to->n > 0 && to->levels[to->n - 1].px == px) {
            to->levels[to->n - 1].qty += from->levels[i].qty;
        } else if (to->n < n_max) {
            to->levels[to->n++] = (struct arb_level){ px, from->levels[i].qty };
        } else {
            return;
        }
    }
}

/* The market's book as the channel shows it; valid until the next call. */
static const struct sim_book *window_of(struct common_venue *venue, uint32_t instrument)
{
    const struct sim_venue_config *const config = &venue->desk.config;
    const struct sim_book *const market =
        sim_market_book(config->market, config->market_venue, instrument);

    show_side(venue->dialect, &market->bids, &venue->window.bids);
    show_side(venue->dialect, &market->asks, &venue->window.asks);
    return &venue->window;
}

static struct book_words words_of(const struct common_venue *venue, uint32_t instrument)
{
    const struct product *const product = &venue->products[instrument];

    return (struct book_words){
        .venue = venue,
        .instrument = &venue->desk.config.instruments->items[instrument],
        .index = instrument,
        .number = product->number,
        .previous = product->previous,
        .at_ns = common_time_ns(venue, product->shown_ns),
        .book = &product->published,
    };
}

struct book_words common_whole(const struct common_venue *venue, uint32_t instrument)
{
    const struct product *const product = &venue->products[instrument];
    struct book_words words = words_of(venue, instrument);

    words.is_whole = true;
    words.bids = product->published.bids.levels;
    words.asks = product->published.asks.levels;
    words.n_bids = product->published.bids.n;
    words.n_asks = product->published.asks.n;
    return words;
}

typedef void put_words(const struct book_words *words, struct arb_text *text);

/* What is the client's own of the words. */
static void address(const struct common_venue *venue, uint32_t id, struct book_words *words)
{
    const struct client *const client = &venue->clients[id];

    words->nth = client->n_sent;
    words->channel = client->channels[words->index];
    words->flags = client->flags;
}

static void tell(struct common_venue *venue, uint32_t id, struct book_words *words, put_words *put)
{
    struct arb_text text = venue_desk_frame(&venue->desk);

    address(venue, id, words);
    put(words, &text);
    if (text.len > 0) {
        (void)common_count(venue, id);
        venue_desk_send(&venue->desk, id, &text);
    }
}

static void tell_followers(struct common_venue *venue, struct book_words *words, put_words *put)
{
    for (uint32_t id = 0; id < SIM_CLIENTS_MAX; id++) {
        const uint8_t *const books = venue->clients[id].books;
        if (books != NULL && books[words->index] == FOLLOWS) {
            tell(venue, id, words, put);
        }
    }
}

static void say_published(const struct common_venue *venue, uint32_t instrument)
{
    venue->desk.config.outlet.published(venue->desk.config.outlet.context, instrument,
                                        venue->products[instrument].shown_ns);
}

/* Entries of both sides, in one message. */
struct changes {
    const struct arb_level *bids, *asks;
    uint32_t n_bids, n_asks;
};

static void tell_changes(struct common_venue *venue, uint32_t instrument,
                         const struct changes *changes)
{
    struct product *const product = &venue->products[instrument];

    product->previous = product->number;
    product->number += venue->dialect->numbers_jump
                           ? (uint64_t)prng_between(&venue->desk.prng, 1, NUMBER_STEP_MAX)
                           : 1;
    struct book_words words = words_of(venue, instrument);
    words.bids = changes->bids;
    words.asks = changes->asks;
    words.n_bids = changes->n_bids;
    words.n_asks = changes->n_asks;
    tell_followers(venue, &words, venue->dialect->put_book);
}

/* Those that remove levels, or the others. Each makes a book of its own. */
static void tell_each(struct common_venue *venue, uint32_t instrument,
                      const struct changes *changes, bool removes)
{
    struct sim_book *const book = &venue->products[instrument].published;

    for (uint32_t k = 0; k < changes->n_bids + changes->n_asks; k++) {
        const bool is_bid = k < changes->n_bids;
        const struct arb_level *const level =
            is_bid ? &changes->bids[k] : &changes->asks[k - changes->n_bids];
        if ((level->qty == 0) == removes) {
            ladder_set(is_bid ? &book->bids : &book->asks, *level);
            tell_changes(venue, instrument,
                         &(struct changes){ level, level, is_bid ? 1 : 0, is_bid ? 0 : 1 });
            say_published(venue, instrument);
        }
    }
}

static void tell_checksum(struct common_venue *venue, uint32_t instrument)
{
    struct product *const product = &venue->products[instrument];

    if (venue->dialect->put_checksum != NULL &&
        product->shown_ns - product->checked_ns >= venue->dialect->checksum_ns) {
        struct book_words words = words_of(venue, instrument);
        product->checked_ns = product->shown_ns;
        tell_followers(venue, &words, venue->dialect->put_checksum);
    }
}

static void tell_nothing_perhaps(struct common_venue *venue, uint32_t instrument)
{
    const uint32_t n = venue->dialect->empty_once_in;

    if (n > 0 && prng_once_in(&venue->desk.prng, n)) {
        struct book_words words = words_of(venue, instrument);
        tell_followers(venue, &words, venue->dialect->put_book);
    }
}

/* Every client of the book gets from what was published to what the market has. */
static void show(struct common_venue *venue, uint32_t instrument, int64_t now_ns)
{
    struct product *const product = &venue->products[instrument];
    const struct sim_book *const is = window_of(venue, instrument);
    struct arb_level *const *const room = venue->desk.changes;
    const struct changes changes = {
        .bids = room[0],
        .asks = room[1],
        .n_bids = ladder_diff(&product->published.bids, &is->bids, UINT32_MAX, room[0]),
        .n_asks = ladder_diff(&product->published.asks, &is->asks, UINT32_MAX, room[1]),
    };

    product->is_planned = false;
    product->shown_ns = now_ns;
    if (venue->dialect->level_by_level) {
        tell_each(venue, instrument, &changes, true); /* so no book is ever deeper, or crossed */
        tell_each(venue, instrument, &changes, false);
    } else {
        sim_book_copy(&product->published, is);
        if (changes.n_bids + changes.n_asks > 0) {
            tell_changes(venue, instrument, &changes);
            tell_nothing_perhaps(venue, instrument);
        }
        say_published(venue, instrument);
    }
    if (changes.n_bids + changes.n_asks > 0) {
        tell_checksum(venue, instrument);
    }
}

/* Messages are dated by the millisecond, so books are shown at whole ones only. */
static int64_t next_moment_ns(const struct common_venue *venue, const struct product *product,
                              int64_t now_ns)
{
    const int64_t due_ns = product->shown_ns + venue->dialect->period_ns;
    const int64_t at_ns = due_ns > now_ns ? due_ns : now_ns + 1;

    return (at_ns + NS_PER_MS - 1) / NS_PER_MS * NS_PER_MS;
}

static void on_change(struct sim_venue *sim_venue, uint32_t instrument, int64_t now_ns)
{
    struct common_venue *const venue = common_of(sim_venue);
    struct product *const product = &venue->products[instrument];

    if (!product->is_planned) {
        product->is_planned = true;
        /* No client's: without memory the first one is dropped, rather than misled. */
        venue_desk_plan(&venue->desk, 0,
                        (struct agenda_entry){ .at_ns = next_moment_ns(venue, product, now_ns),
                                               .what = SHOW,
                                               .a = instrument });
    }
}

/* -- what dialects call -------------------------------------------------------------------- */

const struct sim_venue_config *common_config(const struct common_venue *venue)
{
    return &venue->desk.config;
}

uint32_t common_find(const struct instrument_list *list, struct arb_bytes name)
{
    char market[ARB_SYMBOL_MAX];
    size_t len = 0;

    for (size_t i = 0; i < name.len && len < sizeof(market); i++) {
        if (isalnum((unsigned char)name.data[i])) {
            market[len++] = (char)tolower((unsigned char)name.data[i]);
        }
    }
    return arb_symbol_find(&list->by_market, (struct arb_bytes){ market, len });
}

bool common_subscribe(struct common_venue *venue, uint32_t client, uint32_t instrument,
                      int64_t now_ns)
{
    uint8_t *const interest = &venue->clients[client].books[instrument];

    if (*interest != NONE) {
        return false;
    }
    venue->clients[client].channels[instrument] =
        (FIRST_CHANNELS + venue->n_channels++) * ARB_INSTRUMENTS_MAX + instrument;
    *interest = venue->dialect->stream_has_whole ? WAITS : FOLLOWS;
    if (*interest == WAITS) {
        const int64_t delay_ns = prng_between(&venue->desk.prng, WHOLE_DELAY_MIN_MS * NS_PER_MS,
                                              WHOLE_DELAY_MAX_MS * NS_PER_MS);
        venue_desk_plan(
            &venue->desk, client,
            (struct agenda_entry){
                .at_ns = now_ns + delay_ns, .what = WHOLE, .a = client, .b = instrument });
    }
    return true;
}

bool common_unsubscribe(struct common_venue *venue, uint32_t client, uint32_t instrument)
{
    uint8_t *const interest = &venue->clients[client].books[instrument];
    const bool had = *interest != NONE;

    *interest = NONE;
    return had;
}

static void answer(struct common_venue *venue, uint32_t id, struct book_words *words)
{
    struct arb_text text = venue_desk_frame(&venue->desk);

    if (venue->dialect->put_answer != NULL) {
        address(venue, id, words);
        venue->dialect->put_answer(words, &text);
        venue_desk_send(&venue->desk, id, &text);
    }
}

/* A client that left and came back before this was due gets its book somewhat early. */
void common_tell_whole(struct common_venue *venue, uint32_t id, uint32_t instrument)
{
    struct client *const client = &venue->clients[id];

    if (client->books != NULL && client->books[instrument] == WAITS) {
        struct book_words words = common_whole(venue, instrument);
        client->books[instrument] = FOLLOWS;
        answer(venue, id, &words);
        tell(venue, id, &words, venue->dialect->put_book);
    }
}

bool common_may_get(struct common_venue *venue, uint32_t weight, int64_t now_ns)
{
    const int64_t minute = now_ns / (60 * NS_PER_S);

    venue->weight = minute == venue->minute ? venue->weight : 0;
    venue->minute = minute;
    venue->weight += weight;
    return venue->weight <= venue->dialect->weight_per_minute;
}

uint32_t common_subscriptions(const struct common_venue *venue, uint32_t client)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < venue->desk.config.instruments->n; i++) {
        n += venue->clients[client].books[i] != NONE;
    }
    return n;
}

uint64_t common_channel_of(const struct common_venue *venue, uint32_t client, uint32_t instrument)
{
    const struct client *const of = &venue->clients[client];
    return of->books[instrument] == NONE ? 0 : of->channels[instrument];
}

uint32_t common_channel_book(const struct instrument_list *list, uint64_t channel)
{
    const uint32_t i = (uint32_t)(channel % ARB_INSTRUMENTS_MAX);
    return i < list->n ? i : ARB_NO_INSTRUMENT;
}

bool common_has(const struct common_venue *venue, uint32_t client, uint32_t instrument)
{
    return venue->clients[client].books[instrument] != NONE;
}

uint64_t *common_flags(struct common_venue *venue, uint32_t client)
{
    return &venue->clients[client].flags;
}

void common_answer_late(struct common_venue *venue, uint32_t client, int64_t at_ns)
{
    venue_desk_plan(&venue->desk, client,
                    (struct agenda_entry){ .at_ns = at_ns, .what = LATE_ANSWER, .a = client });
}

struct arb_text common_text(struct common_venue *venue)
{
    return venue_desk_frame(&venue->desk);
}

uint64_t common_count(struct common_venue *venue, uint32_t client)
{
    return venue->clients[client].n_sent++;
}

void common_send(struct common_venue *venue, uint32_t client, const struct arb_text *text)
{
    venue_desk_send(&venue->desk, client, text);
}

int64_t common_time_ns(const struct common_venue *venue, int64_t now_ns)
{
    return venue_desk_own_time_ns(&venue->desk, now_ns);
}

/* -- time ---------------------------------------------------------------------------------- */

static int64_t next_ns(const struct sim_venue *venue)
{
    return agenda_next_ns(&((const struct common_venue *)venue)->desk.agenda);
}

static void beat_books(struct common_venue *venue, uint32_t id)
{
    for (uint32_t i = 0; i < venue->desk.config.instruments->n; i++) {
        if (venue->clients[id].books[i] == FOLLOWS) {
            struct book_words words = words_of(venue, i);
            tell(venue, id, &words, venue->dialect->put_book_beat);
        }
    }
}

/* What the dialect spells goes out as the connection's next message. */
static void say(struct common_venue *venue, uint32_t id, int64_t now_ns, dialect_put put)
{
    struct client *const client = &venue->clients[id];
    struct arb_text text = venue_desk_frame(&venue->desk);

    put(venue, id, client->n_sent, common_time_ns(venue, now_ns), &text);
    if (text.len > 0) {
        client->n_sent++;
        venue_desk_send(&venue->desk, id, &text);
    }
}

static void beat(struct common_venue *venue, uint32_t id, int64_t now_ns)
{
    const struct client *const client = &venue->clients[id];

    if (client->books == NULL || (now_ns - client->connected_ns) % venue->dialect->beat_ns != 0) {
        return; /* of an earlier client with this number */
    }
    if (venue->dialect->put_beat != NULL) {
        say(venue, id, now_ns, venue->dialect->put_beat);
    }
    if (venue->dialect->put_book_beat != NULL) {
        beat_books(venue, id);
    }
    plan_beat(venue, id, now_ns);
}

/* A client that came in the meantime gets the answer that one before it was owed. */
static void late_answer(struct common_venue *venue, uint32_t id, int64_t now_ns)
{
    if (venue->clients[id].books != NULL) {
        say(venue, id, now_ns, venue->dialect->put_late_answer);
    }
}

static void on_time(struct sim_venue *sim_venue, int64_t now_ns)
{
    struct common_venue *const venue = common_of(sim_venue);
    const struct agenda_entry due = agenda_take(&venue->desk.agenda);

    (void)now_ns;
    if (due.what == SHOW) {
        show(venue, due.a, due.at_ns);
    } else if (due.what == WHOLE) {
        common_tell_whole(venue, due.a, due.b);
    } else if (due.what == LATE_ANSWER) {
        late_answer(venue, due.a, due.at_ns);
    } else {
        beat(venue, due.a, due.at_ns);
    }
}

/* -- what is true, life -------------------------------------------------------------------- */

static const struct sim_book *published(const struct sim_venue *venue, uint32_t instrument)
{
    return &((const struct common_venue *)venue)->products[instrument].published;
}

static const struct sim_book *shown(const struct sim_venue *venue, uint32_t instrument,
                                    uint32_t feed)
{
    (void)feed; /* there is one */
    return published(venue, instrument);
}

static void destroy(struct sim_venue *sim_venue)
{
    struct common_venue *const venue = common_of(sim_venue);

    if (venue == NULL) {
        return;
    }
    for (uint32_t id = 0; id < SIM_CLIENTS_MAX; id++) {
        free(venue->clients[id].books);
        free(venue->clients[id].channels);
    }
    for (uint32_t i = 0; venue->products != NULL && i < venue->desk.config.instruments->n; i++) {
        sim_book_fini(&venue->products[i].published);
    }
    free(venue->products);
    sim_book_fini(&venue->window);
    venue_desk_fini(&venue->desk);
    free(venue);
}

static int init_products(struct common_venue *venue)
{
    const struct sim_venue_config *const config = &venue->desk.config;
    int rc = sim_book_init(&venue->window, config->depth);

    venue->products = calloc(config->instruments->n, sizeof(*venue->products));
    if (venue->products == NULL) {
        return ARB_ENOMEM;
    }
    for (uint32_t i = 0; i < config->instruments->n && rc == ARB_OK; i++) {
        struct product *const product = &venue->products[i];
        rc = sim_book_init(&product->published, config->depth);
        if (rc == ARB_OK) {
            sim_book_copy(&product->published, window_of(venue, i));
        }
        product->number = (uint64_t)prng_between(&venue->desk.prng, 1000, 1000000);
        product->previous = product->number - 1;
        product->shown_ns = product->checked_ns = config->start_ns / NS_PER_MS * NS_PER_MS;
    }
    return rc;
}

static size_t text_cap(const struct dialect *dialect, const struct sim_venue_config *config)
{
    return TEXT_BASE_LEN + config->instruments->n * dialect->row_len +
           2 * venue_desk_changes(config) * dialect->level_len;
}

int common_venue_create(struct sim_venue **out, const struct dialect *dialect,
                        const struct sim_venue_config *config, struct err *err)
{
    static const struct sim_venue_ops ops = {
        .name = "common",
        .on_connect = on_connect,
        .on_disconnect = on_disconnect,
        .on_text = on_text,
        .on_get = on_get,
        .on_change = on_change,
        .next_ns = next_ns,
        .on_time = on_time,
        .published = published,
        .shown = shown,
        .destroy = destroy,
    };
    if (config->market == NULL) {
        return err_set(err, ARB_EINVAL, "%s: recordings of it cannot be played", dialect->name);
    }
    struct common_venue *const venue = calloc(1, sizeof(*venue));
    if (venue == NULL) {
        return err_set(err, ARB_ENOMEM, "%s: no memory", dialect->name);
    }
    venue->dialect = dialect;
    int rc =
        venue_desk_init(&venue->desk, &ops, config, dialect->stream, text_cap(dialect, config));
    if (rc == ARB_OK) {
        rc = init_products(venue);
    }
    if (rc != ARB_OK) {
        destroy(&venue->desk.venue);
        return err_set(err, rc, "%s: no memory for %u instruments", dialect->name,
                       config->instruments->n);
    }
    *out = &venue->desk.venue;
    return ARB_OK;
}
