#include "common_venue.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "util/clock.h"
#include "venue_desk.h"

enum {
    WHOLE_DELAY_MIN_MS = 20,
    WHOLE_DELAY_MAX_MS = 40,
    NUMBER_STEP_MAX = 5,
    TEXT_BASE_LEN = 4096, /* everything but levels and rows */
    OPENS_KEPT = 300,
    POLICY_VIOLATION = 1008, /* RFC 6455, 7.4.1 */
};

enum what { SHOW = 1, WHOLE = 2, BEAT = 3 };

/* One client's interest in one book. */
enum interest {
    NONE = 0,
    WAITS = 1, /* for the whole book */
    FOLLOWS = 2,
};

struct client {
    uint8_t *books; /* [instruments] enum interest; NULL: not connected */
    uint64_t n_sent;
    int64_t connected_ns, second_ns; /* the second of `n_requests` began then */
    uint32_t n_requests;
};

/* A book as every client knows it. */
struct product {
    struct sim_book published;
    uint64_t number, previous;
    int64_t shown_ns; /* when it was published */
    bool is_planned;  /* the market has moved on, and it will be shown */
};

struct common_venue {
    struct venue_desk desk; /* first, so that the venue leads back to its model */
    const struct dialect *dialect;
    struct product *products;
    int64_t opens_ns[OPENS_KEPT]; /* the last connections, a ring */
    uint32_t n_opens;
    int64_t minute; /* the one in which `weight` was asked of REST */
    uint32_t weight;
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
    if (client->books == NULL) {
        venue_desk_close(&venue->desk, id, 1011, "out of memory");
    } else if (is_one_too_many(venue, now_ns)) {
        venue_desk_close(&venue->desk, id, POLICY_VIOLATION, "too many connections");
    } else {
        plan_beat(venue, id, now_ns);
    }
}

static void on_disconnect(struct sim_venue *sim_venue, uint32_t id)
{
    struct client *const client = &common_of(sim_venue)->clients[id];

    free(client->books);
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
    if (asks_too_often(venue, client, now_ns)) {
        venue_desk_close(&venue->desk, id, POLICY_VIOLATION, "too many requests");
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

/* As much of a side as the channel shows. */
static struct ladder shown_of(const struct common_venue *venue, const struct ladder *side)
{
    struct ladder shown = *side;

    if (venue->dialect->depth > 0 && shown.n > venue->dialect->depth) {
        shown.n = venue->dialect->depth;
    }
    return shown;
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
    words.n_bids = shown_of(venue, &product->published.bids).n;
    words.n_asks = shown_of(venue, &product->published.asks).n;
    return words;
}

static void tell(struct common_venue *venue, uint32_t id, struct book_words *words)
{
    struct arb_text text = venue_desk_frame(&venue->desk);

    words->nth = common_count(venue, id);
    venue->dialect->put_book(words, &text);
    venue_desk_send(&venue->desk, id, &text);
}

static void tell_followers(struct common_venue *venue, struct book_words *words)
{
    for (uint32_t id = 0; id < SIM_CLIENTS_MAX; id++) {
        const uint8_t *const books = venue->clients[id].books;
        if (books != NULL && books[words->index] == FOLLOWS) {
            tell(venue, id, words);
        }
    }
}

/* Every client of the book gets from what was published to what the market has. */
static void show(struct common_venue *venue, uint32_t instrument, int64_t now_ns)
{
    struct product *const product = &venue->products[instrument];
    const struct sim_market *const market = venue->desk.config.market;
    const struct sim_book *const is =
        sim_market_book(market, venue->desk.config.market_venue, instrument);
    const struct ladder sides[2][2] = {
        { shown_of(venue, &product->published.bids), shown_of(venue, &is->bids) },
        { shown_of(venue, &product->published.asks), shown_of(venue, &is->asks) },
    };
    struct arb_level *const *const changes = venue->desk.changes;
    const uint32_t n_bids = ladder_diff(&sides[0][0], &sides[0][1], UINT32_MAX, changes[0]);
    const uint32_t n_asks = ladder_diff(&sides[1][0], &sides[1][1], UINT32_MAX, changes[1]);

    product->is_planned = false;
    sim_book_copy(&product->published, is);
    product->shown_ns = now_ns;
    if (n_bids + n_asks > 0) {
        product->previous = product->number;
        product->number += venue->dialect->numbers_jump
                               ? (uint64_t)prng_between(&venue->desk.prng, 1, NUMBER_STEP_MAX)
                               : 1;
        struct book_words words = words_of(venue, instrument);
        words.bids = changes[0];
        words.asks = changes[1];
        words.n_bids = n_bids;
        words.n_asks = n_asks;
        tell_followers(venue, &words);
    }
    venue->desk.config.outlet.published(venue->desk.config.outlet.context, instrument, now_ns);
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

/* A client that left and came back before this was due gets its book somewhat early. */
void common_tell_whole(struct common_venue *venue, uint32_t id, uint32_t instrument)
{
    struct client *const client = &venue->clients[id];

    if (client->books != NULL && client->books[instrument] == WAITS) {
        struct book_words words = common_whole(venue, instrument);
        client->books[instrument] = FOLLOWS;
        tell(venue, id, &words);
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

static void beat(struct common_venue *venue, uint32_t id, int64_t now_ns)
{
    const struct client *const client = &venue->clients[id];
    struct arb_text text = venue_desk_frame(&venue->desk);

    if (client->books == NULL || (now_ns - client->connected_ns) % venue->dialect->beat_ns != 0) {
        return; /* of an earlier client with this number */
    }
    venue->dialect->put_beat(venue, id, common_count(venue, id), common_time_ns(venue, now_ns),
                             &text);
    venue_desk_send(&venue->desk, id, &text);
    plan_beat(venue, id, now_ns);
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
    }
    for (uint32_t i = 0; venue->products != NULL && i < venue->desk.config.instruments->n; i++) {
        sim_book_fini(&venue->products[i].published);
    }
    free(venue->products);
    venue_desk_fini(&venue->desk);
    free(venue);
}

static int init_products(struct common_venue *venue)
{
    const struct sim_venue_config *const config = &venue->desk.config;
    int rc = ARB_OK;

    venue->products = calloc(config->instruments->n, sizeof(*venue->products));
    if (venue->products == NULL) {
        return ARB_ENOMEM;
    }
    for (uint32_t i = 0; i < config->instruments->n && rc == ARB_OK; i++) {
        struct product *const product = &venue->products[i];
        rc = sim_book_init(&product->published, config->depth);
        if (rc == ARB_OK) {
            sim_book_copy(&product->published,
                          sim_market_book(config->market, config->market_venue, i));
        }
        product->number = (uint64_t)prng_between(&venue->desk.prng, 1000, 1000000);
        product->previous = product->number - 1;
        product->shown_ns = config->start_ns / NS_PER_MS * NS_PER_MS;
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
