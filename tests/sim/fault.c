#include "fault.h"

#include <stdlib.h>
#include <string.h>

#include "bitstamp_frames.h"
#include "frame.h"
#include "kraken_frames.h"
#include "util/clock.h"

enum { STREAM = 9, NOTICE_MAX = 512 };

#define STALL_NS (2 * NS_PER_S)
#define HANG_NS (3600 * NS_PER_S) /* until the client gives up */
#define SILENT_NS (3 * NS_PER_S)  /* a market without events for so long is taken for quiet */
#define STATUS_NS (2 * NS_PER_S)
#define REST_DELAY_NS (3 * NS_PER_S)
#define TLS_NS (2 * NS_PER_S)

const struct fault_info fault_infos[N_FAULT_KINDS] = {
    [FAULT_DROP] = { "drop", FAULT_ANYWHERE, "a book frame is lost" },
    [FAULT_DUPLICATE] = { "duplicate", FAULT_ANYWHERE, "a book frame comes twice" },
    [FAULT_REORDER] = { "reorder", FAULT_ANYWHERE, "a book frame comes behind the next one" },
    [FAULT_DIGIT] = { "corrupt", FAULT_AT_KRAKEN | FAULT_AT_DIFF, "a digit of a level changes" },
    [FAULT_CHECKSUM] = { "checksum", FAULT_AT_KRAKEN, "a checksum is wrong" },
    [FAULT_CUT] = { "cut", FAULT_ANYWHERE, "a book frame ends early" },
    [FAULT_RANGE] = { "range", FAULT_ANYWHERE, "a price does not fit any integer" },
    [FAULT_FUTURE] = { "future", FAULT_AT_BITSTAMP, "a book frame is dated far ahead" },
    [FAULT_CROSSED] = { "crossed", FAULT_AT_ORDER_BOOK | FAULT_AT_DIFF,
                        "the best bid is at the best ask" },
    [FAULT_STALL] = { "stall", FAULT_ANYWHERE, "a connection is silent for 2 s, then catches up" },
    [FAULT_HANG] = { "hang", FAULT_ANYWHERE, "a connection is silent until it is given up" },
    [FAULT_SILENT] = { "silent", FAULT_ANYWHERE, "one book's frames are lost for 3 s" },
    [FAULT_REFUSE] = { "refuse", FAULT_ANYWHERE, "a subscription is refused" },
    [FAULT_NO_ACK] = { "no_ack", FAULT_ANYWHERE, "an acknowledgement is lost" },
    [FAULT_REST_LATE] = { "rest_late", FAULT_AT_BITSTAMP, "an HTTP answer takes 3 s longer" },
    [FAULT_REST_STALE] = { "rest_stale", FAULT_AT_BITSTAMP, "an HTTP answer is the one before" },
    [FAULT_REST_FAIL] = { "rest_fail", FAULT_AT_BITSTAMP, "an HTTP answer is 503" },
    [FAULT_RECONNECT] = { "request_reconnect", FAULT_AT_BITSTAMP,
                          "clients are asked to reconnect" },
    [FAULT_MAINTENANCE] = { "maintenance", FAULT_AT_KRAKEN, "the venue is closed for 2 s" },
    [FAULT_CANCEL_ONLY] = { "cancel_only", FAULT_AT_KRAKEN, "no orders for 2 s" },
    [FAULT_CLOSE] = { "close", FAULT_ANYWHERE, "all connections of a venue are closed" },
    [FAULT_TLS_REFUSED] = { "tls_refused", FAULT_ANYWHERE,
                            "all connections are closed; for 2 s handshakes are refused" },
    [FAULT_TLS_EXPIRED] = { "tls_expired", FAULT_ANYWHERE,
                            "all connections are closed; for 2 s the certificate is expired" },
    [FAULT_TLS_STRANGER] = { "tls_stranger", FAULT_ANYWHERE,
                             "all connections are closed; for 2 s the certificate is another "
                             "host's" },
    [FAULT_SLOW_READER] = { "slow_reader", FAULT_ANYWHERE,
                            "the venue reads nothing from a connection for 3 s" },
    [FAULT_TRICKLE] = { "trickle", FAULT_ANYWHERE,
                        "a connection's frames come byte by byte for 2 s" },
    [FAULT_FRAGMENTS] = { "fragments", FAULT_ANYWHERE,
                          "a book frame comes in three fragments, a ping between them" },
    [FAULT_COMPRESSED] = { "compressed", FAULT_ANYWHERE,
                           "a book frame says that it is compressed, and is not" },
    [FAULT_TORN] = { "torn", FAULT_ANYWHERE, "a connection ends within a book frame" },
};

struct held_frame {
    struct held_frame *next;
    uint32_t venue, client;
    struct fault_mark mark;
    size_t len;
    char bytes[];
};

/* One client's connection. */
struct line {
    bool is_known;            /* something was sent to it */
    int64_t stalled_until_ns; /* 0: it flows */
};

/* One book in one feed. */
struct stream {
    int64_t silent_until_ns;
    bool is_refused;         /* until it is subscribed again */
    struct held_frame *late; /* goes out behind the next frame */
};

/* One book at one venue. */
struct subject {
    struct stream streams[N_FAULT_FEEDS]; /* by the number of the feed's bit */
    char *body;                           /* of the last HTTP answer */
    size_t body_len;
};

struct fault_layer {
    struct fault_config config;
    struct fault_plan plan;
    struct fault_sink sink;
    struct prng prng;
    int64_t start_ns, now_ns, every_at_ns;
    bool is_disarmed;
    bool is_triggered[FAULTS_MAX];
    struct fault armed[FAULTS_MAX];
    uint32_t n_armed;
    struct line *lines;              /* by venue, then client */
    struct subject *subjects;        /* by venue, then instrument */
    struct held_frame *first, *last; /* of stalled lines, in order */
    uint32_t n_held;
    int64_t online_at_ns[ARB_VENUES_MAX]; /* 0: it is online */
    int64_t tls_until_ns[ARB_VENUES_MAX]; /* a fault of TLS; 0: none */
    char *scratch;
    size_t scratch_cap;
};

static struct line *line_of(struct fault_layer *layer, uint32_t venue, uint32_t client)
{
    return &layer->lines[(size_t)venue * SIM_CLIENTS_MAX + client];
}

static struct subject *subject_of(struct fault_layer *layer, uint32_t venue, uint32_t instrument)
{
    return &layer->subjects[(size_t)venue * layer->config.instruments->n + instrument];
}

/* Of a frame or a fault that is about a book. */
static struct stream *stream_of(struct fault_layer *layer, uint32_t venue, uint32_t instrument,
                                uint32_t feed)
{
    return &subject_of(layer, venue, instrument)->streams[__builtin_ctz(feed)];
}

static bool is_kraken(const struct fault_layer *layer, uint32_t venue)
{
    return strcmp(layer->config.venues[venue], "kraken") == 0;
}

/* -- out ------------------------------------------------------------------------------ */

static void say_applied(struct fault_layer *layer, const struct fault *fault)
{
    if (layer->sink.applied != NULL) {
        layer->sink.applied(layer->sink.context, fault);
    }
}

static void say_lost(struct fault_layer *layer, uint64_t tag)
{
    if (layer->sink.lost != NULL) {
        layer->sink.lost(layer->sink.context, tag);
    }
}

static struct held_frame *copy_frame(uint32_t venue, uint32_t client, struct arb_bytes frame,
                                     struct fault_mark mark)
{
    struct held_frame *const held = malloc(sizeof(*held) + frame.len);

    if (held != NULL) {
        *held = (struct held_frame){ .venue = venue, .client = client, .mark = mark };
        held->len = frame.len;
        memcpy(held->bytes, frame.data, frame.len);
    }
    return held;
}

static void deliver(struct fault_layer *layer, const struct held_frame *held)
{
    layer->sink.send(layer->sink.context, held->venue, held->client,
                     (struct arb_bytes){ held->bytes, held->len }, held->mark);
}

/* Lets go of the frames of lines that flow again, in the order they came. */
static void release(struct fault_layer *layer)
{
    struct held_frame **at = &layer->first;

    layer->last = NULL;
    while (*at != NULL) {
        struct held_frame *const held = *at;
        if (line_of(layer, held->venue, held->client)->stalled_until_ns != 0) {
            layer->last = held;
            at = &held->next;
            continue;
        }
        *at = held->next;
        layer->n_held--;
        deliver(layer, held);
        free(held);
    }
}

/* To the client, or behind what already waits for it. */
static void pass(struct fault_layer *layer, uint32_t venue, uint32_t client, struct arb_bytes frame,
                 struct fault_mark mark)
{
    struct line *const line = line_of(layer, venue, client);

    if (line->stalled_until_ns == 0) {
        layer->sink.send(layer->sink.context, venue, client, frame, mark);
        return;
    }
    struct held_frame *const held = copy_frame(venue, client, frame, mark);
    if (held == NULL || layer->n_held == FAULT_HELD_MAX) {
        free(held);
        layer->sink.close(layer->sink.context, venue, client, 0, "too much was held back");
        return;
    }
    if (layer->last == NULL) {
        layer->first = held;
    } else {
        layer->last->next = held;
    }
    layer->last = held;
    layer->n_held++;
}

/* -- faults of one frame -------------------------------------------------------------- */

static struct arb_text new_text(struct fault_layer *layer, size_t len)
{
    if (len + FRAME_GROWTH > layer->scratch_cap) {
        char *const larger = realloc(layer->scratch, 2 * len + FRAME_GROWTH);
        if (larger == NULL) {
            abort(); /* a simulator without memory has nothing to say */
        }
        layer->scratch = larger;
        layer->scratch_cap = 2 * len + FRAME_GROWTH;
    }
    return arb_text_over(layer->scratch, layer->scratch_cap);
}

static bool damage(struct fault_layer *layer, uint32_t kind, struct arb_bytes frame,
                   struct arb_text *out)
{
    switch ((enum fault_kind)kind) {
    case FAULT_DIGIT:
        return frame_corrupt_digit(&layer->prng, frame, out);
    case FAULT_CHECKSUM:
        return frame_wrong_checksum(frame, out);
    case FAULT_CUT:
        return frame_cut_short(&layer->prng, frame, out);
    case FAULT_RANGE:
        return frame_out_of_range(frame, out);
    case FAULT_FUTURE:
        return frame_far_future(frame, out);
    case FAULT_CROSSED:
        return frame_crossed(frame, out);
    default:
        return false;
    }
}

static uint32_t verdict_on(uint32_t kind)
{
    return kind == FAULT_CUT || kind == FAULT_RANGE || kind == FAULT_FUTURE ? FAULT_BROKEN
                                                                            : FAULT_DAMAGED;
}

static bool is_of_book(const struct frame_subject *subject)
{
    return subject->role == FRAME_BOOK || subject->role == FRAME_SNAPSHOT;
}

/* Could this fault happen to this frame? */
static bool suits(const struct fault *fault, const struct frame_subject *subject)
{
    switch ((enum fault_kind)fault->kind) {
    case FAULT_STALL:
    case FAULT_HANG:
    case FAULT_SLOW_READER:
    case FAULT_TRICKLE:
        return true;
    case FAULT_REFUSE:
        return subject->role == FRAME_SUBSCRIBED;
    case FAULT_NO_ACK:
        return subject->role == FRAME_SUBSCRIBED || subject->role == FRAME_UNSUBSCRIBED;
    case FAULT_REORDER:
        return subject->role == FRAME_BOOK;
    case FAULT_REST_LATE:
    case FAULT_REST_STALE:
    case FAULT_REST_FAIL:
        return false;
    default:
        return is_of_book(subject);
    }
}

static bool is_about(const struct fault *fault, uint32_t venue, uint32_t instrument)
{
    return fault->venue == venue &&
           (fault->instrument == ARB_NO_INSTRUMENT || fault->instrument == instrument);
}

/* A connection has one feed or several; what happens to all of it happens with any frame. */
static bool is_in_feed(const struct fault *fault, uint32_t feed)
{
    return fault->feed == 0 || fault->feed == feed || fault->kind == FAULT_STALL ||
           fault->kind == FAULT_HANG;
}

static struct fault take_armed(struct fault_layer *layer, uint32_t at)
{
    const struct fault fault = layer->armed[at];
    layer->n_armed--;
    memmove(&layer->armed[at], &layer->armed[at + 1],
            (layer->n_armed - at) * sizeof(layer->armed[0]));
    return fault;
}

static void put_refusal(const struct fault_layer *layer, uint32_t venue, uint32_t instrument,
                        struct arb_text *text)
{
    const struct sim_instrument *const item = &layer->config.instruments->items[instrument];

    if (!is_kraken(layer, venue)) {
        bitstamp_put_error(text, "Bad subscription string.");
        return;
    }
    arb_text_add(text,
                 "{\"error\":\"Currency pair not supported %s\",\"method\":\"subscribe\","
                 "\"success\":false,\"symbol\":\"%s\"}",
                 item->symbol, item->symbol);
}

/* Applies `fault` to a frame that suits it. False when the frame has nothing to damage. */
static bool apply(struct fault_layer *layer, const struct fault *fault, uint32_t client,
                  struct arb_bytes frame, uint64_t tag)
{
    const uint32_t venue = fault->venue;
    struct stream *const stream = fault->instrument == ARB_NO_INSTRUMENT
                                      ? NULL
                                      : stream_of(layer, venue, fault->instrument, fault->feed);
    const struct fault_mark clean = { tag, FAULT_CLEAN, 0 };
    struct arb_text text = new_text(layer, frame.len < NOTICE_MAX ? NOTICE_MAX : frame.len);

    switch ((enum fault_kind)fault->kind) {
    case FAULT_DROP:
    case FAULT_NO_ACK:
        say_lost(layer, tag);
        return true;
    case FAULT_DUPLICATE:
        pass(layer, venue, client, frame, clean);
        pass(layer, venue, client, frame, clean);
        return true;
    case FAULT_REORDER:
        if (stream->late != NULL) {
            return false;
        }
        stream->late = copy_frame(venue, client, frame, clean);
        say_lost(layer, tag);
        return true;
    case FAULT_STALL:
    case FAULT_HANG:
        line_of(layer, venue, client)->stalled_until_ns =
            layer->now_ns + (fault->kind == FAULT_STALL ? STALL_NS : HANG_NS);
        pass(layer, venue, client, frame, clean);
        return true;
    case FAULT_SILENT:
        stream->silent_until_ns = layer->now_ns + SILENT_NS;
        say_lost(layer, tag);
        return true;
    case FAULT_REFUSE:
        stream->is_refused = true;
        put_refusal(layer, venue, fault->instrument, &text);
        pass(layer, venue, client, frame_bytes(&text),
             (struct fault_mark){ tag, FAULT_MADE_UP, 0 });
        return true;
    case FAULT_SLOW_READER:
    case FAULT_TRICKLE:
    case FAULT_FRAGMENTS:
    case FAULT_COMPRESSED:
    case FAULT_TORN:
        pass(layer, venue, client, frame, (struct fault_mark){ tag, FAULT_CLEAN, fault->kind });
        return true;
    default:
        if (!damage(layer, fault->kind, frame, &text)) {
            return false;
        }
        pass(layer, venue, client, frame_bytes(&text),
             (struct fault_mark){ tag, verdict_on(fault->kind), 0 });
        return true;
    }
}

/* True when an armed fault took the frame. */
static bool strike(struct fault_layer *layer, uint32_t venue, uint32_t client,
                   const struct frame_subject *subject, struct arb_bytes frame, uint64_t tag)
{
    for (uint32_t i = 0; i < layer->n_armed; i++) {
        struct fault fault = layer->armed[i];
        if (!is_about(&fault, venue, subject->instrument) || !is_in_feed(&fault, subject->feed) ||
            !suits(&fault, subject)) {
            continue;
        }
        fault.instrument = subject->instrument;
        fault.feed = subject->feed;
        if (apply(layer, &fault, client, frame, tag)) {
            (void)take_armed(layer, i);
            say_applied(layer, &fault);
            return true;
        }
    }
    return false;
}

static bool is_swallowed(struct fault_layer *layer, struct stream *state,
                         const struct frame_subject *subject)
{
    if (subject->role == FRAME_SUBSCRIBED) {
        state->is_refused = false;
    }
    return is_of_book(subject) && (state->is_refused || state->silent_until_ns > layer->now_ns);
}

static void send_late(struct fault_layer *layer, struct stream *state, uint32_t client)
{
    struct held_frame *const late = state->late;

    if (late == NULL || late->client != client) {
        return;
    }
    state->late = NULL;
    pass(layer, late->venue, client, (struct arb_bytes){ late->bytes, late->len }, late->mark);
    free(late);
}

void fault_send(struct fault_layer *layer, uint32_t venue, uint32_t client, struct arb_bytes frame,
                uint64_t tag)
{
    const struct frame_subject subject = frame_subject_of(layer->config.instruments, frame);
    struct stream *const state = subject.instrument == ARB_NO_INSTRUMENT
                                     ? NULL
                                     : stream_of(layer, venue, subject.instrument, subject.feed);

    line_of(layer, venue, client)->is_known = true;
    if (state != NULL && is_swallowed(layer, state, &subject)) {
        say_lost(layer, tag);
        return;
    }
    struct held_frame *const late_before = state == NULL ? NULL : state->late;
    if (!strike(layer, venue, client, &subject, frame, tag)) {
        pass(layer, venue, client, frame, (struct fault_mark){ tag, FAULT_CLEAN, 0 });
    }
    if (late_before != NULL && is_of_book(&subject)) {
        send_late(layer, state, client);
    }
}

void fault_on_disconnect(struct fault_layer *layer, uint32_t venue, uint32_t client)
{
    struct held_frame **at = &layer->first;

    *line_of(layer, venue, client) = (struct line){ 0 };
    layer->last = NULL;
    while (*at != NULL) {
        struct held_frame *const held = *at;
        if (held->venue == venue && held->client == client) {
            *at = held->next;
            layer->n_held--;
            free(held);
        } else {
            layer->last = held;
            at = &held->next;
        }
    }
    for (uint32_t i = 0; i < layer->config.instruments->n * N_FAULT_FEEDS; i++) {
        struct stream *const state =
            stream_of(layer, venue, i / N_FAULT_FEEDS, 1U << i % N_FAULT_FEEDS);
        if (state->late != NULL && state->late->client == client) {
            free(state->late);
            state->late = NULL;
        }
    }
}

/* -- faults of a venue ---------------------------------------------------------------- */

static void notify_all(struct fault_layer *layer, uint32_t venue, const struct arb_text *text)
{
    for (uint32_t client = 0; client < SIM_CLIENTS_MAX; client++) {
        if (line_of(layer, venue, client)->is_known) {
            pass(layer, venue, client, frame_bytes(text),
                 (struct fault_mark){ 0, FAULT_MADE_UP, 0 });
        }
    }
}

static void announce_status(struct fault_layer *layer, uint32_t venue, const char *system)
{
    struct arb_text text = new_text(layer, NOTICE_MAX);
    kraken_put_status(&text, system, 1);
    notify_all(layer, venue, &text);
}

static void close_all(struct fault_layer *layer, uint32_t venue)
{
    for (uint32_t client = 0; client < SIM_CLIENTS_MAX; client++) {
        if (line_of(layer, venue, client)->is_known) {
            layer->sink.close(layer->sink.context, venue, client, 1001, "going away");
        }
    }
}

static void break_tls(struct fault_layer *layer, const struct fault *fault)
{
    layer->tls_until_ns[fault->venue] = layer->now_ns + TLS_NS;
    layer->sink.tls(layer->sink.context, fault->venue, fault->kind);
    close_all(layer, fault->venue);
}

/* True when the fault is done with at once. */
static bool happens_at_once(struct fault_layer *layer, const struct fault *fault)
{
    struct arb_text text = new_text(layer, NOTICE_MAX);

    switch ((enum fault_kind)fault->kind) {
    case FAULT_RECONNECT:
        bitstamp_put_event(&text, "bts:request_reconnect", "");
        notify_all(layer, fault->venue, &text);
        return true;
    case FAULT_MAINTENANCE:
    case FAULT_CANCEL_ONLY:
        announce_status(layer, fault->venue,
                        fault->kind == FAULT_MAINTENANCE ? "maintenance" : "cancel_only");
        layer->online_at_ns[fault->venue] = layer->now_ns + STATUS_NS;
        return true;
    case FAULT_CLOSE:
        close_all(layer, fault->venue);
        return true;
    case FAULT_TLS_REFUSED:
    case FAULT_TLS_EXPIRED:
    case FAULT_TLS_STRANGER:
        break_tls(layer, fault);
        return true;
    default:
        return false;
    }
}

static void trigger(struct fault_layer *layer, const struct fault *fault)
{
    if (happens_at_once(layer, fault)) {
        say_applied(layer, fault);
    } else if (layer->n_armed < FAULTS_MAX) {
        layer->armed[layer->n_armed++] = *fault;
    }
}

/* -- HTTP ----------------------------------------------------------------------------- */

static uint32_t market_in(const struct fault_layer *layer, const char *path)
{
    static const char key[] = "/order_book/";
    const char *const at = strstr(path, key);

    if (at == NULL) {
        return ARB_NO_INSTRUMENT;
    }
    const char *const name = at + sizeof(key) - 1;
    return arb_symbol_find(&layer->config.instruments->by_market,
                           (struct arb_bytes){ name, strcspn(name, "/?") });
}

static bool remember_body(struct subject *state, struct arb_bytes body)
{
    char *const copy = realloc(state->body, body.len);

    if (copy == NULL) {
        return false;
    }
    memcpy(copy, body.data, body.len);
    state->body = copy;
    state->body_len = body.len;
    return true;
}

static void spoil(const struct fault *fault, struct subject *state, struct fault_answer *answer)
{
    static const char sorry[] = "{\"status\": \"error\", \"reason\": \"unavailable\"}";

    if (fault->kind == FAULT_REST_LATE) {
        answer->delay_ns = REST_DELAY_NS;
    } else if (fault->kind == FAULT_REST_FAIL) {
        answer->status = 503;
        answer->body = (struct arb_bytes){ sorry, sizeof(sorry) - 1 };
    } else {
        answer->body = (struct arb_bytes){ state->body, state->body_len };
    }
}

void fault_answer(struct fault_layer *layer, uint32_t venue, const char *path,
                  struct fault_answer *answer)
{
    const uint32_t instrument = market_in(layer, path);

    if (instrument == ARB_NO_INSTRUMENT) {
        return;
    }
    struct subject *const state = subject_of(layer, venue, instrument);
    for (uint32_t i = 0; i < layer->n_armed; i++) {
        struct fault fault = layer->armed[i];
        const bool is_possible = fault.kind == FAULT_REST_LATE || fault.kind == FAULT_REST_FAIL ||
                                 (fault.kind == FAULT_REST_STALE && state->body_len > 0);
        if (is_possible && is_about(&fault, venue, instrument)) {
            fault.instrument = instrument;
            (void)take_armed(layer, i);
            spoil(&fault, state, answer);
            say_applied(layer, &fault);
            return;
        }
    }
    (void)remember_body(state, answer->body); /* without memory there is no older answer */
}

/* -- time ----------------------------------------------------------------------------- */

static void earlier(int64_t *next_ns, int64_t at_ns)
{
    if (at_ns < *next_ns) {
        *next_ns = at_ns;
    }
}

int64_t fault_next_ns(const struct fault_layer *layer)
{
    int64_t next_ns = INT64_MAX;

    for (uint32_t i = 0; i < layer->plan.n && !layer->is_disarmed; i++) {
        if (!layer->is_triggered[i]) {
            earlier(&next_ns, layer->start_ns + layer->plan.faults[i].at_ns);
        }
    }
    if (layer->plan.every_ns > 0 && !layer->is_disarmed) {
        earlier(&next_ns, layer->every_at_ns);
    }
    for (uint32_t venue = 0; venue < layer->config.n_venues; venue++) {
        if (layer->online_at_ns[venue] != 0) {
            earlier(&next_ns, layer->online_at_ns[venue]);
        }
        if (layer->tls_until_ns[venue] != 0) {
            earlier(&next_ns, layer->tls_until_ns[venue]);
        }
    }
    for (const struct held_frame *held = layer->first; held != NULL; held = held->next) {
        const size_t at = (size_t)held->venue * SIM_CLIENTS_MAX + held->client;
        earlier(&next_ns, layer->lines[at].stalled_until_ns);
    }
    return next_ns;
}

static void draw_further(struct fault_layer *layer)
{
    if (layer->plan.every_ns > 0 && layer->every_at_ns <= layer->now_ns) {
        const struct fault fault = fault_draw(&layer->prng, &layer->config);
        layer->every_at_ns = layer->now_ns + layer->plan.every_ns;
        trigger(layer, &fault);
    }
}

static void end_stalls(struct fault_layer *layer)
{
    for (uint32_t venue = 0; venue < layer->config.n_venues; venue++) {
        for (uint32_t client = 0; client < SIM_CLIENTS_MAX; client++) {
            struct line *const line = line_of(layer, venue, client);
            if (line->stalled_until_ns != 0 && line->stalled_until_ns <= layer->now_ns) {
                line->stalled_until_ns = 0;
            }
        }
    }
    release(layer);
}

static void go_online(struct fault_layer *layer)
{
    for (uint32_t venue = 0; venue < layer->config.n_venues; venue++) {
        if (layer->online_at_ns[venue] != 0 && layer->online_at_ns[venue] <= layer->now_ns) {
            layer->online_at_ns[venue] = 0;
            announce_status(layer, venue, "online");
        }
    }
}

static void mend_tls(struct fault_layer *layer)
{
    for (uint32_t venue = 0; venue < layer->config.n_venues; venue++) {
        if (layer->tls_until_ns[venue] != 0 && layer->tls_until_ns[venue] <= layer->now_ns) {
            layer->tls_until_ns[venue] = 0;
            layer->sink.tls(layer->sink.context, venue, 0);
        }
    }
}

void fault_advance(struct fault_layer *layer, int64_t now_ns)
{
    layer->now_ns = now_ns;
    if (layer->first != NULL) {
        end_stalls(layer);
    }
    go_online(layer);
    mend_tls(layer);
    if (layer->is_disarmed) {
        return;
    }
    for (uint32_t i = 0; i < layer->plan.n; i++) {
        if (!layer->is_triggered[i] && layer->start_ns + layer->plan.faults[i].at_ns <= now_ns) {
            layer->is_triggered[i] = true;
            trigger(layer, &layer->plan.faults[i]);
        }
    }
    draw_further(layer);
}

void fault_disarm(struct fault_layer *layer)
{
    layer->is_disarmed = true;
    layer->n_armed = 0;
}

/* -- life ----------------------------------------------------------------------------- */

int fault_layer_create(struct fault_layer **out, const struct fault_config *config,
                       const struct fault_plan *plan, const struct fault_sink *sink,
                       int64_t start_ns)
{
    struct fault_layer *const layer = calloc(1, sizeof(*layer));
    if (layer == NULL) {
        return ARB_ENOMEM;
    }
    layer->config = *config;
    layer->plan = *plan;
    layer->sink = *sink;
    layer->prng = prng_seeded(plan->seed, STREAM);
    layer->start_ns = layer->now_ns = start_ns;
    layer->every_at_ns = start_ns + plan->every_ns;
    layer->lines = calloc((size_t)config->n_venues * SIM_CLIENTS_MAX, sizeof(*layer->lines));
    layer->subjects =
        calloc((size_t)config->n_venues * config->instruments->n, sizeof(*layer->subjects));
    if (layer->lines == NULL || layer->subjects == NULL) {
        fault_layer_destroy(layer);
        return ARB_ENOMEM;
    }
    *out = layer;
    return ARB_OK;
}

void fault_layer_destroy(struct fault_layer *layer)
{
    if (layer == NULL) {
        return;
    }
    while (layer->first != NULL) {
        struct held_frame *const held = layer->first;
        layer->first = held->next;
        free(held);
    }
    const size_t n = (size_t)layer->config.n_venues * layer->config.instruments->n;
    for (size_t i = 0; layer->subjects != NULL && i < n; i++) {
        for (uint32_t k = 0; k < N_FAULT_FEEDS; k++) {
            free(layer->subjects[i].streams[k].late);
        }
        free(layer->subjects[i].body);
    }
    free(layer->lines);
    free(layer->subjects);
    free(layer->scratch);
    free(layer);
}
