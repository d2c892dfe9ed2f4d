#include "link.h"

#include <stdlib.h>
#include <string.h>

#include "agenda.h"
#include "prng.h"
#include "util/clock.h"

enum {
    REQUESTS_MAX = 64,
    PATH_MAX_LEN = 256,
    STREAM = 11, /* and up, by venue */
};

#define CONNECT_MIN_NS (20 * NS_PER_MS)
#define CONNECT_MAX_NS (80 * NS_PER_MS)
#define RECONNECT_MIN_NS (200 * NS_PER_MS)
#define RECONNECT_MAX_NS (600 * NS_PER_MS)
#define ANSWER_MAX_NS (300 * NS_PER_MS)

/* In the order in which things due at the same time are done. */
enum what { FRAME = 1, ASK, ANSWER, CLOSE, CONNECT };

struct conn {
    bool is_wanted, is_up, is_closing, is_suspect;
    uint32_t life;   /* counts connections, so that frames of an earlier one are known */
    int64_t idle_ns; /* given up after this long without a frame */
    int64_t heard_ns;
    const char *why;
};

struct packet {
    char *data;
    size_t len;
    uint32_t conn, life;
    struct fault_mark mark;
};

struct request {
    bool is_used;
    uint32_t id;
    char path[PATH_MAX_LEN];
    int status;
    char *body;
    size_t body_len;
};

struct link {
    struct link_config config;
    struct lines *lines;
    struct prng prng;
    struct agenda agenda;
    int64_t now_ns;
    struct conn conns[LINK_CLIENTS_MAX]; /* by client of the model */
    struct packet *packets;              /* by number, for the whole scenario */
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

static bool is_possible(uint32_t conn)
{
    return conn < LINES_CONNS_MAX && conn % ARB_CONNS_MAX < LINK_CONNS_MAX;
}

static uint32_t client_of(uint32_t conn)
{
    return conn / ARB_CONNS_MAX * LINK_CONNS_MAX + conn % ARB_CONNS_MAX;
}

static uint32_t conn_of(uint32_t client)
{
    return link_line_of(client) * ARB_CONNS_MAX + client % LINK_CONNS_MAX;
}

/* -- what the lines ask for ----------------------------------------------------------- */

static int ws_open(void *context, uint32_t conn, const struct arb_ws_spec *spec)
{
    struct link *const link = context;
    const uint32_t client = client_of(conn);

    if (!is_possible(conn)) {
        return ARB_ELIMIT;
    }
    link->conns[client].is_wanted = true;
    link->conns[client].idle_ns = (int64_t)spec->idle_ms * NS_PER_MS;
    plan(link, link->now_ns + prng_between(&link->prng, CONNECT_MIN_NS, CONNECT_MAX_NS), CONNECT,
         (struct span){ client, 0 });
    return ARB_OK;
}

static int ws_send(void *context, uint32_t conn, struct arb_bytes text)
{
    struct link *const link = context;
    struct sim_venue *const model = model_of(link);
    const uint32_t client = client_of(conn);

    if (link->conns[client].is_up && !link->conns[client].is_closing) {
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
        plan(link, link->now_ns, CLOSE, (struct span){ client, c->life });
    }
}

static void ws_close(void *context, uint32_t conn, const char *why)
{
    (void)why; /* the caller's words need not live as long as the connection */
    drop(context, client_of(conn), "closed by us");
}

static void ws_give_up(void *context, uint32_t conn, const char *why)
{
    struct link *const link = context;
    link->conns[client_of(conn)].is_wanted = false;
    ws_close(context, conn, why);
}

static const char *path_in(const char *url)
{
    const char *const host = strstr(url, "://");
    const char *const path = host == NULL ? NULL : strchr(host + 3, '/');
    return path == NULL ? "/" : path;
}

static int http_get(void *context, uint32_t id, const char *url)
{
    struct link *const link = context;
    uint32_t i = 0;

    while (i < REQUESTS_MAX && link->requests[i].is_used) {
        i++;
    }
    if (i == REQUESTS_MAX) {
        return ARB_ELIMIT;
    }
    const char *const path = path_in(url);
    struct request *const request = &link->requests[i];
    request->is_used = true;
    request->id = id;
    (void)snprintf(request->path, sizeof(request->path), "%s", path); /* ours are short */
    plan(link, link->now_ns + link->config.latency_ns, ASK, (struct span){ i, 0 });
    return ARB_OK;
}

const struct feed_io_ops link_io = {
    .ws_open = ws_open,
    .ws_send = ws_send,
    .ws_close = ws_close,
    .ws_give_up = ws_give_up,
    .http_get = http_get,
};

/* -- what the venue does -------------------------------------------------------------- */

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
    memcpy(copy, bytes.data, bytes.len);
    return copy;
}

void link_send(struct link *link, uint32_t client, struct arb_bytes frame, struct fault_mark mark)
{
    const struct packet packet = { .data = copy_of(frame),
                                   .len = frame.len,
                                   .conn = client,
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

static void take_frame(struct link *link, uint32_t number)
{
    struct packet *const packet = &link->packets[number];
    struct conn *const conn = &link->conns[packet->conn];
    char *const data = packet->data;

    packet->data = NULL;
    if (conn->is_up && !conn->is_closing && conn->life == packet->life) {
        conn->heard_ns = link->now_ns;
        conn->is_suspect = false;
        link->config.watch.frame(link->config.watch.context, link->config.venue, packet->mark);
        lines_on_message(link->lines, conn_of(packet->conn), link->now_ns,
                         (struct arb_bytes){ data, packet->len });
    }
    free(data);
}

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
    lines_on_open(link->lines, conn_of(client), link->now_ns);
}

static void disconnect(struct link *link, uint32_t client, uint32_t life)
{
    struct sim_venue *const model = model_of(link);
    struct conn *const c = &link->conns[client];

    if (!c->is_up || c->life != life) {
        return;
    }
    c->is_up = c->is_closing = false;
    model->ops->on_disconnect(model, client);
    fault_on_disconnect(link->config.layer, link->config.venue, client);
    plan(link, link->now_ns + prng_between(&link->prng, RECONNECT_MIN_NS, RECONNECT_MAX_NS),
         CONNECT, (struct span){ client, 0 });
    lines_on_close(link->lines, conn_of(client), link->now_ns, c->why);
}

static void ask(struct link *link, uint32_t i)
{
    struct sim_venue *const model = model_of(link);
    struct request *const request = &link->requests[i];
    struct fault_answer answer = { 0 };

    answer.status = model->ops->on_get(model, request->path, link->now_ns, &answer.body);
    fault_answer(link->config.layer, link->config.venue, request->path, &answer);
    request->status = answer.status;
    request->body = copy_of(answer.body);
    request->body_len = answer.body.len;
    const int64_t way_ns = link->config.latency_ns + prng_between(&link->prng, 0, ANSWER_MAX_NS);
    plan(link, link->now_ns + way_ns + answer.delay_ns, ANSWER, (struct span){ i, 0 });
}

static void take_answer(struct link *link, uint32_t i)
{
    struct request *const request = &link->requests[i];
    const struct arb_bytes body = { request->body, request->body_len };

    link->config.watch.answer(link->config.watch.context, link->config.venue,
                              lines_line_of_request(request->id), request->path, body);
    request->is_used = false;
    request->body = NULL;
    lines_on_http(link->lines, request->id, link->now_ns, request->status, body);
    free((char *)(uintptr_t)body.data);
}

/* -- time ----------------------------------------------------------------------------- */

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

bool link_is_up(const struct link *link, uint32_t conn)
{
    return link->conns[client_of(conn)].is_up;
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
            lines_on_suspect(link->lines, conn_of(i), link->now_ns);
        }
        if (idle_at_ns(&link->conns[i]) <= link->now_ns) {
            drop(link, i, "nothing came for too long");
        }
    }
}

void link_set_time(struct link *link, int64_t now_ns)
{
    link->now_ns = now_ns;
}

bool link_step(struct link *link, int64_t now_ns)
{
    link->now_ns = now_ns;
    give_up_idle(link);
    if (agenda_next_ns(&link->agenda) > now_ns) {
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
    case CLOSE:
        disconnect(link, due.a, due.b);
        break;
    case CONNECT:
        connect(link, due.a);
        break;
    }
    return true;
}

/* -- life ----------------------------------------------------------------------------- */

void link_attach(struct link *link, struct lines *lines)
{
    link->lines = lines;
}

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
