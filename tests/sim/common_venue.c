#include "common_state.h"

#include <stdlib.h>

#include "util/clock.h"

enum {
    REQUEST_MAX = 16384,                /* bytes: answers repeat parts of it */
    TEXT_BASE_LEN = REQUEST_MAX + 4096, /* everything but levels and rows */
    POLICY_VIOLATION = 1008,            /* RFC 6455, 7.4.1 */
    MESSAGE_TOO_BIG = 1009,
};

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

/* -- time ---------------------------------------------------------------------------------- */

static int64_t next_ns(const struct sim_venue *venue)
{
    return agenda_next_ns(&((const struct common_venue *)venue)->desk.agenda);
}

static void beat_books(struct common_venue *venue, uint32_t id)
{
    for (uint32_t i = 0; i < venue->desk.config.instruments->n; i++) {
        if (venue->clients[id].books[i] == FOLLOWS) {
            struct book_words words = common_words(venue, i);
            common_tell(venue, id, &words, venue->dialect->put_book_beat);
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
        common_show(venue, due.a, due.at_ns);
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
            sim_book_copy(&product->published, common_window(venue, i));
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
        .on_change = common_on_change,
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
