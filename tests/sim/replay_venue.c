#include "replay_venue.h"

#include <stdlib.h>
#include <string.h>

#include "agenda.h"
#include "reel.h"

/* Where a client is on its recorded connection. */
struct cursor {
    const struct reel_connection *connection; /* NULL: nobody, or nothing more comes */
    int64_t started_ns;
    size_t next; /* of the connection's messages */
};

struct replay_venue {
    struct sim_venue venue; /* first, so that the venue leads back to its model */
    const struct reel *reel;
    int64_t speed_percent; /* 0: everything at once */
    struct sim_outlet outlet;
    size_t next_connection;
    struct cursor cursors[SIM_CLIENTS_MAX];
    size_t *n_asked; /* by answer: how often it was the first that goes with a question */
};

static struct replay_venue *replay_of(struct sim_venue *venue)
{
    return (struct replay_venue *)venue; /* its first member */
}

static void on_connect(struct sim_venue *venue, uint32_t client, int64_t now_ns)
{
    struct replay_venue *const replay = replay_of(venue);
    const struct reel *const reel = replay->reel;

    if (reel->n_connections == 0) {
        return; /* answers only */
    }
    replay->cursors[client] =
        (struct cursor){ .connection =
                             &reel->connections[replay->next_connection % reel->n_connections],
                         .started_ns = now_ns };
    replay->next_connection++;
}

static void on_disconnect(struct sim_venue *venue, uint32_t client)
{
    replay_of(venue)->cursors[client] = (struct cursor){ 0 };
}

static void on_text(struct sim_venue *venue, uint32_t client, int64_t now_ns, struct arb_bytes text)
{
    (void)venue, (void)client, (void)now_ns, (void)text; /* what comes is settled */
}

/* Every question for an address gets the answer behind the last one. */
static int on_get(struct sim_venue *venue, const char *path, int64_t now_ns, struct arb_bytes *body)
{
    static const char none[] = "{\"error\":\"not in the recording\"}";
    struct replay_venue *const replay = replay_of(venue);
    const struct reel_answer *const first = reel_answer_to(replay->reel, path, 0);
    (void)now_ns;

    if (first == NULL) {
        *body = (struct arb_bytes){ none, sizeof(none) - 1 };
        return 404;
    }
    const size_t nth = replay->n_asked[first - replay->reel->answers]++;
    *body = reel_answer_to(replay->reel, path, nth)->body;
    return 200;
}

static void on_change(struct sim_venue *venue, uint32_t instrument, int64_t now_ns)
{
    (void)venue, (void)instrument, (void)now_ns; /* there is no market */
}

static int64_t due_ns(const struct replay_venue *replay, const struct cursor *cursor)
{
    const struct reel_connection *const connection = cursor->connection;

    if (connection == NULL) {
        return AGENDA_NEVER;
    }
    const int64_t after_ns = cursor->next < connection->n
                                 ? replay->reel->messages[connection->first + cursor->next].after_ns
                                 : connection->ends_ns;
    if (after_ns < 0) {
        return AGENDA_NEVER;
    }
    return cursor->started_ns +
           (replay->speed_percent == 0 ? 0 : after_ns / replay->speed_percent * 100);
}

static uint32_t first_client(const struct replay_venue *replay, int64_t *at_ns)
{
    uint32_t first = 0;

    *at_ns = AGENDA_NEVER;
    for (uint32_t client = 0; client < SIM_CLIENTS_MAX; client++) {
        const int64_t client_ns = due_ns(replay, &replay->cursors[client]);
        if (client_ns < *at_ns) {
            *at_ns = client_ns;
            first = client;
        }
    }
    return first;
}

static int64_t next_ns(const struct sim_venue *venue)
{
    int64_t at_ns;
    (void)first_client((const struct replay_venue *)venue, &at_ns);
    return at_ns;
}

static void on_time(struct sim_venue *venue, int64_t now_ns)
{
    struct replay_venue *const replay = replay_of(venue);
    int64_t at_ns;
    const uint32_t client = first_client(replay, &at_ns);
    struct cursor *const cursor = &replay->cursors[client];

    if (at_ns > now_ns) {
        return;
    }
    if (cursor->next == cursor->connection->n) {
        cursor->connection = NULL;
        replay->outlet.close(replay->outlet.context, client, 0, "so it was recorded");
        return;
    }
    const size_t at = cursor->connection->first + cursor->next++;
    replay->outlet.send(replay->outlet.context, client, replay->reel->messages[at].text);
}

static const struct sim_book *published(const struct sim_venue *venue, uint32_t instrument)
{
    (void)venue, (void)instrument;
    return NULL;
}

static const struct sim_book *shown(const struct sim_venue *venue, uint32_t instrument,
                                    uint32_t feed)
{
    (void)feed;
    return published(venue, instrument);
}

static void destroy(struct sim_venue *venue)
{
    if (venue != NULL) {
        free(replay_of(venue)->n_asked);
        free(venue);
    }
}

static const struct sim_venue_ops replay_ops = {
    .name = "replay",
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

int replay_venue_create(struct sim_venue **venue, const struct sim_venue_config *config,
                        struct err *err)
{
    struct replay_venue *const replay = calloc(1, sizeof(*replay));

    if (replay == NULL) {
        return err_set(err, ARB_ENOMEM, "replay: no memory");
    }
    replay->venue.ops = &replay_ops;
    replay->reel = config->reel;
    replay->speed_percent = config->speed_percent;
    replay->outlet = config->outlet;
    replay->n_asked = calloc(config->reel->n_answers + 1, sizeof(*replay->n_asked));
    if (replay->n_asked == NULL) {
        destroy(&replay->venue);
        return err_set(err, ARB_ENOMEM, "replay: no memory");
    }
    *venue = &replay->venue;
    return ARB_OK;
}
