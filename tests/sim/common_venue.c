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

void common_plan_beat(struct common_venue *venue, uint32_t id, int64_t now_ns)
{
    const int64_t at_ns = now_ns + venue->dialect->beat_ns;

    venue->clients[id].beat_ns = at_ns;
    venue_desk_plan(&venue->desk, id,
                    (struct agenda_entry){ .at_ns = at_ns, .what = BEAT, .a = id });
}

/* What a connection begins with. */
static void welcome(struct common_venue *venue, uint32_t id, int64_t now_ns)
{
    if (venue->dialect->beat_ns > 0 && !venue->dialect->beats_when_asked) {
        common_plan_beat(venue, id, now_ns);
    }
    if (venue->dialect->greet != NULL) {
        venue->dialect->greet(venue, id, now_ns);
    }
}

static void on_connect(struct sim_venue *sim_venue, uint32_t id, int64_t now_ns)
{
    struct common_venue *const venue = common_of(sim_venue);
    struct client *const client = &venue->clients[id];

    *client = (struct client){ 0 };
    client->books = calloc(venue->desk.config.instruments->n, sizeof(*client->books));
    if (client->books == NULL) {
        venue_desk_close(&venue->desk, id, 1011, "out of memory");
    } else if (common_is_one_too_many(venue, now_ns)) {
        venue_desk_close(&venue->desk, id, POLICY_VIOLATION, "too many connections");
    } else {
        welcome(venue, id, now_ns);
    }
}

static void on_disconnect(struct sim_venue *sim_venue, uint32_t id)
{
    struct client *const client = &common_of(sim_venue)->clients[id];

    player_stop(&common_of(sim_venue)->desk.player, id);
    free(client->books);
    *client = (struct client){ 0 };
}

static void on_text(struct sim_venue *sim_venue, uint32_t id, int64_t now_ns, struct arb_bytes text)
{
    struct common_venue *const venue = common_of(sim_venue);

    if (venue->clients[id].books == NULL) {
        return; /* being closed for want of memory */
    }
    if (common_asks_too_often(venue, id, now_ns)) {
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
    const struct arb_bytes *const recorded = common_recorded(venue, path);
    struct arb_text text = venue_desk_frame(&venue->desk);

    if (recorded != NULL) {
        *body = *recorded;
        return 200;
    }
    const int status = venue->dialect->get(venue, path, now_ns, &text);
    *body = frame_bytes(&text);
    return status;
}

/* -- time ---------------------------------------------------------------------------------- */

static int64_t next_ns(const struct sim_venue *venue)
{
    const struct venue_desk *const desk = &((const struct common_venue *)venue)->desk;
    const int64_t agenda_ns = agenda_next_ns(&desk->agenda);
    const int64_t player_ns = player_next_ns(&desk->player);

    return agenda_ns < player_ns ? agenda_ns : player_ns;
}

static void beat_books(struct common_venue *venue, uint32_t id)
{
    for (uint32_t i = 0; i < venue->desk.config.instruments->n; i++) {
        if (venue->clients[id].books[i].interest == FOLLOWS) {
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

static void beat(struct common_venue *venue, uint32_t id, int64_t due_ns)
{
    if (venue->clients[id].beat_ns != due_ns) {
        return; /* of an earlier client with this number */
    }
    if (venue->dialect->put_beat != NULL) {
        say(venue, id, due_ns, venue->dialect->put_beat);
    }
    if (venue->dialect->put_book_beat != NULL) {
        beat_books(venue, id);
    }
    common_plan_beat(venue, id, due_ns);
}

/* A client that came in the meantime gets the answer that one before it was owed. */
static void late_answer(struct common_venue *venue, uint32_t id, int64_t now_ns)
{
    if (venue->clients[id].books != NULL) {
        say(venue, id, now_ns, venue->dialect->put_late_answer);
    }
}

static void whole_due(struct common_venue *venue, uint32_t id, uint32_t instrument, int64_t due_ns)
{
    const struct subscription *const books = venue->clients[id].books;

    if (books != NULL && books[instrument].whole_ns == due_ns) { /* else of an earlier one */
        common_tell_whole(venue, id, instrument);
    }
}

static void carry_out(struct common_venue *venue, struct agenda_entry due)
{
    if (due.what >= OWN) {
        venue->dialect->own_books->on_due(venue, due.what - OWN, due.a, due.at_ns);
    } else if (due.what == SHOW) {
        common_show(venue, due.a, due.at_ns);
    } else if (due.what == WHOLE) {
        whole_due(venue, due.a, due.b, due.at_ns);
    } else if (due.what == LATE_ANSWER) {
        late_answer(venue, due.a, due.at_ns);
    } else {
        beat(venue, due.a, due.at_ns);
    }
}

static void on_time(struct sim_venue *sim_venue, int64_t now_ns)
{
    struct common_venue *const venue = common_of(sim_venue);

    if (agenda_next_ns(&venue->desk.agenda) > now_ns) {
        common_play(venue, now_ns);
    } else {
        carry_out(venue, agenda_take(&venue->desk.agenda));
    }
}

static void end_subscription(struct sim_venue *sim_venue, uint32_t id, uint32_t instrument,
                             int64_t now_ns)
{
    struct common_venue *const venue = common_of(sim_venue);

    if (venue->dialect->end_subscription != NULL && venue->clients[id].books != NULL &&
        common_has(venue, id, instrument)) {
        venue->dialect->end_subscription(venue, id, instrument, now_ns);
    }
}

/* -- what is true, life -------------------------------------------------------------------- */

static const struct sim_book *published(const struct sim_venue *sim_venue, uint32_t instrument)
{
    const struct common_venue *const venue = (const struct common_venue *)sim_venue;
    return venue->desk.config.market == NULL ? NULL : &venue->products[instrument].published;
}

static const struct sim_book *shown(const struct sim_venue *sim_venue, uint32_t instrument,
                                    uint32_t feed)
{
    const struct common_venue *const venue = (const struct common_venue *)sim_venue;
    return venue->own == NULL || venue->dialect->own_books->shown == NULL
               ? published(sim_venue, instrument)
               : venue->dialect->own_books->shown(venue, instrument, feed);
}

static const struct sim_book *told(const struct sim_venue *sim_venue, uint32_t instrument)
{
    const struct common_venue *const venue = (const struct common_venue *)sim_venue;
    return venue->own == NULL || venue->dialect->own_books->told == NULL
               ? NULL
               : venue->dialect->own_books->told(venue, instrument);
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
    common_fini_books(venue);
    venue_desk_fini(&venue->desk);
    free(venue);
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
        .told = told,
        .end_subscription = end_subscription,
        .destroy = destroy,
    };
    if (config->market == NULL && dialect->hears == NULL) {
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
        rc = common_init_books(venue);
    }
    if (rc != ARB_OK) {
        destroy(&venue->desk.venue);
        return err_set(err, rc, "%s: no memory for %u instruments", dialect->name,
                       config->instruments->n);
    }
    *out = &venue->desk.venue;
    return ARB_OK;
}
