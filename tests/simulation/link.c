#include "link.h"

#include <stdlib.h>
#include <string.h>

#include "agenda.h"
#include "prng.h"
#include "session/session.h"
#include "util/clock.h"

enum {
    REQUESTS_MAX = 64,
    STREAM = 11, /* and up, by venue */
};

#define CONNECT_MIN_NS (20 * NS_PER_MS)
#define CONNECT_MAX_NS (80 * NS_PER_MS)
#define RECONNECT_MIN_NS (200 * NS_PER_MS)
#define RECONNECT_MAX_NS (600 * NS_PER_MS)
#define ANSWER_MAX_NS (300 * NS_PER_MS)
#define ANSWER_PATIENCE_NS (10 * NS_PER_S) /* then there is no answer */
#define IDLE_DEFAULT_NS (30 * NS_PER_S)

/* In the order in which things due at the same time are done. */
enum what { FRAME = 1, ASK, ANSWER, CLOSE, DIAL, CONNECT };

struct conn {
    bool is_wanted, is_up, is_closing, is_suspect;
    bool pong_is_life; /* pings are answered at once, unless everything hangs */
    uint32_t life;     /* counts changes, so that what was meant for an earlier one is known */
    int64_t idle_ns;   /* given up after this long without a frame; 0: never */
    int64_t heard_ns;
    const char *why;
};

struct packet {
    char *data;
    size_t len;
    uint32_t client, life;
    struct fault_mark mark;
};

struct request {
    bool is_used;
    void *owner; /* NULL: it is gone */
    uint32_t id;
    char path[SIM_PATH_MAX];
    int64_t made_ns;
    struct fault_answer answer;
    char *body;
};

struct link {
    struct link_config config;
    void *owners[LINK_SLOTS_MAX]; /* sessions; NULL: free */
    struct prng prng;
    struct agenda agenda;
    int64_t now_ns;
    struct moment now;
    int64_t quiet_until_ns; /* the venue asked for no request before */
    struct conn conns[LINK_CLIENTS_MAX];
    struct packet *packets; /* by number, for the whole scenario */
    uint32_t n_packets, cap_packets;
    struct request requests[REQUESTS_MAX];
};

static struct sim_venue *model_of(const struct link *link)
{
    return world_venue(link->config.world, link->config.venue);
}

static void plan(struct link *link, int64_t at_ns, enum what what, struct span ab)
{
    const struct agenda_entry entry = { at_ns, (uint32_t)what, ab.from, ab.to };
    if (agenda_add(&link->agenda, entry) != ARB_OK) {
        abort(); /* a test without memory proves nothing */
    }
}

static void plan_conn(struct link *link, int64_t after_ns, enum what what, uint32_t client)
{
    plan(link, link->now_ns + after_ns, what, (struct span){ client, link->conns[client].life });
}

/* -- who asks --------------------------------------------------------------------------- */

uint32_t link_slot_of(const struct link *link, const void *owner)
{
    uint32_t slot = 0;

    while (slot < LINK_SLOTS_MAX && link->owners[slot] != owner) {
        slot++;
    }
    return slot;
}

/* The slot of an owner, who gets one if need be. A venue has no more sessions than there are. */
static uint32_t seat(struct link *link, void *owner)
{
    uint32_t slot = link_slot_of(link, owner);

    if (slot == LINK_SLOTS_MAX) {
        slot = link_slot_of(link, NULL);
        if (slot == LINK_SLOTS_MAX) {
            abort();
        }
        link->owners[slot] = owner;
    }
    return slot;
}

static uint32_t client_of(struct link *link, void *owner, uint32_t conn)
{
    return link_client_of(seat(link, owner), conn);
}

static void *owner_of(const struct link *link, uint32_t client)
{
    return link->owners[link_slot_of_client(client)];
}

static uint32_t conn_of(uint32_t client)
{
    return client % LINK_CONNS_MAX;
}

/* -- what they ask for ------------------------------------------------------------------ */

static int ws_open(void *context, void *owner, uint32_t conn, const struct ws_spec *spec)
{
    struct link *const link = context;

    if (conn >= LINK_CONNS_MAX) {
        return ARB_ELIMIT;
    }
    const uint32_t client = client_of(link, owner, conn);
    struct conn *const c = &link->conns[client];
    c->is_wanted = true;
    c->pong_is_life = spec->pong_is_life;
    c->idle_ns = spec->idle_ms == 0 ? IDLE_DEFAULT_NS : spec->idle_ms * NS_PER_MS;
    plan_conn(link, 0, DIAL, client);
    return ARB_OK;
}

static void ws_dial(void *context, void *owner, uint32_t conn, const char *url)
{
    struct link *const link = context;
    const uint32_t client = client_of(link, owner, conn);

    if (strncmp(url, "wss://", 6) == 0) {
        plan_conn(link, prng_between(&link->prng, CONNECT_MIN_NS, CONNECT_MAX_NS), CONNECT, client);
    } else {
        plan_conn(link, RECONNECT_MAX_NS, DIAL, client);
    }
}

static int ws_send(void *context, void *owner, uint32_t conn, struct arb_message message)
{
    struct link *const link = context;
    struct sim_venue *const model = model_of(link);
    const uint32_t client = client_of(link, owner, conn);
    const struct arb_bytes text = arb_message_bytes(message);

    if (link->conns[client].is_up && !link->conns[client].is_closing &&
        fault_request(link->config.layer, link->config.venue, client, text)) {
        model->ops->on_text(model, client, link->now_ns, text);
    }
    return ARB_OK;
}

static void drop(struct link *link, uint32_t client, const char *why)
{
    struct conn *const c = &link->conns[client];

    if (c->is_up && !c->is_closing) {
        c->is_closing = true;
        c->why = why;
        plan_conn(link, 0, CLOSE, client);
    }
}

static void ws_close(void *context, void *owner, uint32_t conn, const char *why)
{
    (void)why; /* the caller's words need not live as long as the connection */
    drop(context, client_of(context, owner, conn), "closed by us");
}

static void ws_give_up(void *context, void *owner, uint32_t conn, const char *why)
{
    struct link *const link = context;
    link->conns[client_of(link, owner, conn)].is_wanted = false;
    ws_close(context, owner, conn, why);
}

static const char *path_in(const char *url)
{
    const char *const host = strstr(url, "://");
    const char *const path = host == NULL ? NULL : strchr(host + 3, '/');
    return path == NULL ? "/" : path;
}

static int http(void *context, void *owner, uint32_t id, const struct http_spec *spec)
{
    struct link *const link = context;
    uint32_t i = 0;

    while (i < REQUESTS_MAX && link->requests[i].is_used) {
        i++;
    }
    if (i == REQUESTS_MAX) {
        return ARB_ELIMIT;
    }
    (void)seat(link, owner);
    struct request *const request = &link->requests[i];
    *request = (struct request){ .is_used = true, .owner = owner, .id = id };
    (void)snprintf(request->path, sizeof(request->path), "%s", path_in(spec->url)); /* short */
    if (link->now_ns < link->quiet_until_ns) {
        link->config.watch.too_early(link->config.watch.context, link->config.venue, request->path);
    }
    plan(link, link->now_ns + link->config.latency_ns, ASK, (struct span){ i, 0 });
    return ARB_OK;
}

static void forget_client(struct link *link, uint32_t client)
{
    struct sim_venue *const model = model_of(link);
    struct conn *const c = &link->conns[client];

    if (c->is_up) {
        model->ops->on_disconnect(model, client);
        fault_on_disconnect(link->config.layer, link->config.venue, client);
    }
    *c = (struct conn){ .life = c->life + 1 };
}

static void forget(void *context, void *owner)
{
    struct link *const link = context;
    const uint32_t slot = link_slot_of(link, owner);

    for (uint32_t i = 0; i < REQUESTS_MAX; i++) {
        if (link->requests[i].owner == owner) {
            link->requests[i].owner = NULL;
        }
    }
    if (slot < LINK_SLOTS_MAX) {
        for (uint32_t conn = 0; conn < LINK_CONNS_MAX; conn++) {
            forget_client(link, slot * LINK_CONNS_MAX + conn);
        }
        link->owners[slot] = NULL;
    }
}

static const struct port_ops port_ops = {
    .ws_open = ws_open,
    .ws_dial = ws_dial,
    .ws_send = ws_send,
    .ws_close = ws_close,
    .ws_give_up = ws_give_up,
    .http = http,
    .forget = forget,
};

struct port link_port(struct link *link)
{
    return (struct port){ .ops = &port_ops, .context = link };
}

/* -- what the venue does ---------------------------------------------------------------- */

static struct packet *new_packet(struct link *link)
{
    if (link->n_packets == link->cap_packets) {
        const uint32_t cap = 2 * link->cap_packets + 256;
        struct packet *const packets = realloc(link->packets, cap * sizeof(*link->packets));
        if (packets == NULL) {
            abort();
        }
        link->packets = packets;
        link->cap_packets = cap;
    }
    return &link->packets[link->n_packets++];
}

static char *copy_of(struct arb_bytes bytes)
{
    char *const copy = malloc(bytes.len + 1);
    if (copy == NULL) {
        abort();
    }
    if (bytes.len > 0) {
        memcpy(copy, bytes.data, bytes.len);
    }
    return copy;
}

void link_send(struct link *link, uint32_t client, struct arb_bytes frame, struct fault_mark mark)
{
    const struct packet packet = { .data = copy_of(frame),
                                   .len = frame.len,
                                   .client = client,
                                   .life = link->conns[client].life,
                                   .mark = mark };
    *new_packet(link) = packet;
    plan(link, link->now_ns + link->config.latency_ns, FRAME,
         (struct span){ 0, link->n_packets - 1 });
}

void link_close(struct link *link, uint32_t client, const char *why)
{
    drop(link, client, why);
}

/* Is it the same connection, and does the session still want it? */
static bool is_current(const struct link *link, uint32_t client, uint32_t life)
{
    return owner_of(link, client) != NULL && link->conns[client].life == life;
}

static void take_frame(struct link *link, uint32_t number)
{
    struct packet *const packet = &link->packets[number];
    struct conn *const conn = &link->conns[packet->client];
    const uint32_t client = packet->client;
    char *const data = packet->data;

    packet->data = NULL;
    if (is_current(link, client, packet->life) && conn->is_up && !conn->is_closing) {
        const struct arb_message message = { data, packet->len, false };
        conn->heard_ns = link->now_ns;
        conn->is_suspect = false;
        link->config.watch.frame(link->config.watch.context, link->config.venue, packet->mark);
        session_events.on_message(owner_of(link, client), conn_of(client), link->now, message);
    }
    free(data);
}

static void dial(struct link *link, uint32_t client)
{
    if (link->conns[client].is_wanted && !link->conns[client].is_up) {
        session_events.on_dial(owner_of(link, client), conn_of(client), link->now);
    }
}

/* A ping and its pong follow at once. */
static void connect(struct link *link, uint32_t client)
{
    struct sim_venue *const model = model_of(link);
    struct conn *const c = &link->conns[client];

    if (!c->is_wanted || c->is_up) {
        return;
    }
    c->is_up = true;
    c->is_closing = c->is_suspect = false;
    c->life++;
    c->heard_ns = link->now_ns;
    model->ops->on_connect(model, client, link->now_ns);
    session_events.on_open(owner_of(link, client), conn_of(client), link->now);
    session_events.on_round_trip(owner_of(link, client), conn_of(client), link->now,
                                 2 * link->config.latency_ns + NS_PER_MS);
}

static void disconnect(struct link *link, uint32_t client)
{
    struct sim_venue *const model = model_of(link);
    struct conn *const c = &link->conns[client];

    if (!c->is_up) {
        return;
    }
    c->is_up = c->is_closing = false;
    c->life++;
    model->ops->on_disconnect(model, client);
    fault_on_disconnect(link->config.layer, link->config.venue, client);
    plan_conn(link, prng_between(&link->prng, RECONNECT_MIN_NS, RECONNECT_MAX_NS), DIAL, client);
    session_events.on_close(owner_of(link, client), conn_of(client), link->now, c->why);
}

static void step_conn(struct link *link, enum what what, uint32_t client, uint32_t life)
{
    if (!is_current(link, client, life)) {
        return;
    }
    if (what == CLOSE) {
        disconnect(link, client);
    } else if (what == DIAL) {
        dial(link, client);
    } else {
        connect(link, client);
    }
}

static void ask(struct link *link, uint32_t i)
{
    struct sim_venue *const model = model_of(link);
    struct request *const request = &link->requests[i];
    struct fault_answer *const answer = &request->answer;
    const int64_t way_ns = link->config.latency_ns + prng_between(&link->prng, 0, ANSWER_MAX_NS);

    answer->status = model->ops->on_get(model, request->path, link->now_ns, &answer->body);
    fault_answer(link->config.layer, link->config.venue, request->path, answer);
    request->made_ns = link->now_ns;
    request->body = copy_of(answer->body);
    plan(link,
         link->now_ns + way_ns + (answer->status == 0 ? ANSWER_PATIENCE_NS : answer->delay_ns),
         ANSWER, (struct span){ i, 0 });
}

/* The venue's wish counts from when it is known. */
static void note_retry_after(struct link *link, const struct fault_answer *answer)
{
    const int64_t until_ns = link->now_ns + answer->retry_after_s * NS_PER_S;

    if (answer->retry_after_s > 0 && until_ns > link->quiet_until_ns) {
        link->quiet_until_ns = until_ns;
    }
}

static void take_answer(struct link *link, uint32_t i)
{
    struct request *const request = &link->requests[i];
    const struct fault_answer *const answer = &request->answer;
    char *const body = request->body;
    const struct http_answer told = { .status = answer->status,
                                      .retry_after_ms = (int64_t)answer->retry_after_s * 1000,
                                      .body = { body, answer->body.len } };

    note_retry_after(link, answer);
    request->is_used = false;
    request->body = NULL;
    if (request->owner != NULL) {
        const struct link_answer came = { request->path, told.body, request->made_ns };
        link->config.watch.answer(link->config.watch.context, link->config.venue,
                                  link_slot_of(link, request->owner), &came);
        session_events.on_answer(request->owner, request->id, link->now, &told);
    }
    free(body);
}

/* -- time ------------------------------------------------------------------------------- */

static bool is_watched(const struct conn *conn)
{
    return conn->is_up && !conn->is_closing && conn->idle_ns > 0;
}

static int64_t idle_at_ns(const struct conn *conn)
{
    return is_watched(conn) ? conn->heard_ns + conn->idle_ns : INT64_MAX;
}

static int64_t suspect_at_ns(const struct link *link, const struct conn *conn)
{
    return link->config.suspects && is_watched(conn) && !conn->is_suspect
               ? conn->heard_ns + conn->idle_ns / 2
               : INT64_MAX;
}

bool link_is_up(const struct link *link, uint32_t slot, uint32_t conn)
{
    return link->conns[slot * LINK_CONNS_MAX + conn].is_up;
}

int64_t link_next_ns(const struct link *link)
{
    int64_t next_ns = agenda_next_ns(&link->agenda);

    for (uint32_t i = 0; i < LINK_CLIENTS_MAX; i++) {
        const int64_t idle_ns = idle_at_ns(&link->conns[i]);
        const int64_t suspect_ns = suspect_at_ns(link, &link->conns[i]);
        next_ns = idle_ns < next_ns ? idle_ns : next_ns;
        next_ns = suspect_ns < next_ns ? suspect_ns : next_ns;
    }
    return next_ns;
}

static void give_up_idle(struct link *link)
{
    for (uint32_t i = 0; i < LINK_CLIENTS_MAX; i++) {
        if (suspect_at_ns(link, &link->conns[i]) <= link->now_ns) {
            link->conns[i].is_suspect = true;
            session_events.on_suspect(owner_of(link, i), conn_of(i), link->now);
        }
        if (idle_at_ns(&link->conns[i]) <= link->now_ns) {
            drop(link, i, "nothing came for too long");
        }
    }
}

/* Where pongs prove life, silence does only begin with a line that hangs. */
static void hear_pongs(struct link *link)
{
    for (uint32_t i = 0; i < LINK_CLIENTS_MAX; i++) {
        if (link->conns[i].pong_is_life &&
            !fault_holds(link->config.layer, link->config.venue, i)) {
            link->conns[i].heard_ns = link->now_ns;
        }
    }
}

void link_set_time(struct link *link, int64_t now_ns, struct moment now)
{
    link->now_ns = now_ns;
    link->now = now;
    hear_pongs(link);
}

bool link_step(struct link *link)
{
    give_up_idle(link);
    if (agenda_next_ns(&link->agenda) > link->now_ns) {
        return false;
    }
    const struct agenda_entry due = agenda_take(&link->agenda);
    switch ((enum what)due.what) {
    case FRAME:
        take_frame(link, due.b);
        break;
    case ASK:
        ask(link, due.a);
        break;
    case ANSWER:
        take_answer(link, due.a);
        break;
    default:
        step_conn(link, (enum what)due.what, due.a, due.b);
        break;
    }
    return true;
}

/* -- life ------------------------------------------------------------------------------- */

int link_create(struct link **out, const struct link_config *config)
{
    struct link *const link = calloc(1, sizeof(*link));
    if (link == NULL) {
        return ARB_ENOMEM;
    }
    link->config = *config;
    link->prng = prng_seeded(config->seed, STREAM + config->venue);
    *out = link;
    return ARB_OK;
}

void link_destroy(struct link *link)
{
    if (link == NULL) {
        return;
    }
    for (uint32_t i = 0; i < link->n_packets; i++) {
        free(link->packets[i].data);
    }
    for (uint32_t i = 0; i < REQUESTS_MAX; i++) {
        free(link->requests[i].body);
    }
    free(link->packets);
    agenda_fini(&link->agenda);
    free(link);
}
