#include "fault_internal.h"

#include <stdlib.h>
#include <string.h>

#include "bitstamp_frames.h"
#include "frame.h"
#include "kraken_frames.h"
#include "util/clock.h"

enum { STREAM = 9 };

#define STALL_NS (2 * NS_PER_S)
#define HANG_NS (3600 * NS_PER_S) /* until the client gives up */
#define SILENT_NS (3 * NS_PER_S)  /* a market without events for so long is taken for quiet */
#define STATUS_NS (2 * NS_PER_S)
#define TLS_NS (2 * NS_PER_S)
#define REST_AWAY_NS (5 * NS_PER_S)

/* Of a frame or a fault that is about a book. */
static struct stream *stream_of(const struct fault_layer *layer, uint32_t venue,
                                uint32_t instrument, uint32_t feed)
{
    return &subject_of(layer, venue, instrument)->streams[__builtin_ctz(feed)];
}

bool fault_is_kraken(const struct fault_layer *layer, uint32_t venue)
{
    return strcmp(layer->config.venues[venue], "kraken") == 0;
}

/* -- out ------------------------------------------------------------------------------ */

void fault_say_applied(struct fault_layer *layer, const struct fault *fault)
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
void fault_pass(struct fault_layer *layer, uint32_t venue, uint32_t client, struct arb_bytes frame,
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

struct arb_text fault_new_text(struct fault_layer *layer, size_t len)
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
        return frame_far_future(&layer->prng, frame, out);
    case FAULT_CROSSED:
        return frame_crossed(frame, out);
    case FAULT_ORPHAN:
        return frame_with_orphan(frame, out);
    default:
        return false;
    }
}

static uint32_t verdict_on(uint32_t kind)
{
    if (kind == FAULT_ORPHAN) {
        return FAULT_CLEAN; /* what the frame brings about is the same */
    }
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
    case FAULT_REFUSE_LEAVING:
        return subject->role == FRAME_UNSUBSCRIBED;
    case FAULT_UNSUBSCRIBED:
        return subject->role == FRAME_BOOK;
    case FAULT_CATALOG_LOST:
        return subject->role == FRAME_CATALOG_ASKED;
    case FAULT_CATALOG_EMPTY:
    case FAULT_CATALOG_LACKS:
        return subject->role == FRAME_CATALOG;
    case FAULT_REST_LATE:
    case FAULT_REST_STALE:
    case FAULT_REST_FAIL:
    case FAULT_PHANTOM:
    case FAULT_RATE_PAIR:
    case FAULT_RATE_REQUEST:
        return false;
    default:
        return is_of_book(subject);
    }
}

static bool is_of_catalog(const struct fault *fault)
{
    return fault->kind == FAULT_CATALOG_EMPTY || fault->kind == FAULT_CATALOG_LACKS ||
           fault->kind == FAULT_CATALOG_LOST;
}

/* A catalog is about every market. */
bool fault_is_about(const struct fault *fault, uint32_t venue, uint32_t instrument)
{
    return fault->venue == venue &&
           (is_of_catalog(fault) || fault->instrument == ARB_NO_INSTRUMENT ||
            fault->instrument == instrument);
}

/* A connection has one feed or several; what happens to all of it happens with any frame. */
static bool is_in_feed(const struct fault *fault, uint32_t feed)
{
    return fault->feed == 0 || fault->feed == feed || fault->kind == FAULT_STALL ||
           fault->kind == FAULT_HANG;
}

struct fault fault_take_armed(struct fault_layer *layer, uint32_t at)
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

    if (!fault_is_kraken(layer, venue)) {
        bitstamp_put_error(text, "Bad subscription string.");
        return;
    }
    arb_text_add(text,
                 "{\"error\":\"Currency pair not supported %s\",\"method\":\"subscribe\","
                 "\"success\":false,\"symbol\":\"%s\"}",
                 item->symbol, item->symbol);
}

/* Source: python-kraken-sdk tests/spot/test_spot_websocket.py, against the live venue. */
static void put_refused_leaving(const struct fault_layer *layer, uint32_t instrument,
                                struct arb_text *text)
{
    arb_text_add(text,
                 "{\"error\":\"Subscription Not Found\",\"method\":\"subscribe\","
                 "\"success\":false,\"symbol\":\"%s\"}",
                 layer->config.instruments->items[instrument].symbol);
}

/* The market that a catalog shall lack. */
const struct sim_instrument *fault_lacking(struct fault_layer *layer, struct fault *fault)
{
    const struct instrument_list *const list = layer->config.instruments;

    if (fault->instrument == ARB_NO_INSTRUMENT) {
        fault->instrument = (uint32_t)prng_below(&layer->prng, list->n);
    }
    return &list->items[fault->instrument];
}

/* Faults of Kraken's answers other than books. */
static bool apply_to_answer(struct fault_layer *layer, struct fault *fault, uint32_t client,
                            struct arb_bytes frame, uint64_t tag)
{
    static const char empty[] = "{\"channel\":\"instrument\",\"type\":\"snapshot\","
                                "\"data\":{\"assets\":[],\"pairs\":[]}}";
    struct arb_text text =
        fault_new_text(layer, frame.len < FAULT_NOTICE_MAX ? FAULT_NOTICE_MAX : frame.len);

    switch ((enum fault_kind)fault->kind) {
    case FAULT_REFUSE_LEAVING:
        put_refused_leaving(layer, fault->instrument, &text);
        break;
    case FAULT_CATALOG_EMPTY:
        frame_puts(&text, empty);
        break;
    case FAULT_CATALOG_LACKS:
        if (!frame_without_market(fault_lacking(layer, fault), frame, &text)) {
            return false;
        }
        break;
    default: /* FAULT_CATALOG_LOST */
        line_of(layer, fault->venue, client)->is_catalog_lost = true;
        say_lost(layer, tag);
        return true;
    }
    fault_pass(layer, fault->venue, client, frame_bytes(&text),
               (struct fault_mark){ tag, FAULT_MADE_UP, 0 });
    return true;
}

/* Not at once: the model is sending. */
static bool end_soon(struct fault_layer *layer, const struct fault *fault, uint32_t client)
{
    if (layer->n_endings == FAULTS_MAX) {
        return false;
    }
    layer->endings[layer->n_endings++] = (struct ending){ fault->venue, client, fault->instrument };
    return true;
}

/* Who is in already stays in: it is one request more that is refused. */
static void refuse(struct stream *stream, uint32_t client)
{
    if (stream->subscriptions[client] == SUBSCRIBED) {
        stream->subscriptions[client] = REFUSED;
    }
}

bool fault_is_refused(const struct fault_layer *layer, const struct fault_channel *channel)
{
    return stream_of(layer, channel->venue, channel->instrument, channel->feed)
               ->subscriptions[channel->client] == REFUSED;
}

bool fault_holds(const struct fault_layer *layer, uint32_t venue, uint32_t client)
{
    return layer->lines[(size_t)venue * SIM_CLIENTS_MAX + client].stalled_until_ns != 0;
}

/* Applies `fault` to a frame that suits it. False when the frame has nothing to damage. */
static bool apply(struct fault_layer *layer, struct fault *fault, uint32_t client,
                  struct arb_bytes frame, uint64_t tag)
{
    const uint32_t venue = fault->venue;
    struct stream *const stream = fault->instrument == ARB_NO_INSTRUMENT
                                      ? NULL
                                      : stream_of(layer, venue, fault->instrument, fault->feed);
    const struct fault_mark clean = { tag, FAULT_CLEAN, 0 };
    struct arb_text text =
        fault_new_text(layer, frame.len < FAULT_NOTICE_MAX ? FAULT_NOTICE_MAX : frame.len);

    switch ((enum fault_kind)fault->kind) {
    case FAULT_DROP:
    case FAULT_NO_ACK:
        say_lost(layer, tag);
        return true;
    case FAULT_DUPLICATE:
        fault_pass(layer, venue, client, frame, clean);
        fault_pass(layer, venue, client, frame, clean);
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
        fault_pass(layer, venue, client, frame, clean);
        return true;
    case FAULT_SILENT:
        stream->silent_until_ns = layer->now_ns + SILENT_NS;
        say_lost(layer, tag);
        return true;
    case FAULT_REFUSE:
        refuse(stream, client);
        put_refusal(layer, venue, fault->instrument, &text);
        fault_pass(layer, venue, client, frame_bytes(&text),
                   (struct fault_mark){ tag, FAULT_MADE_UP, 0 });
        return true;
    case FAULT_REFUSE_LEAVING:
    case FAULT_CATALOG_EMPTY:
    case FAULT_CATALOG_LACKS:
    case FAULT_CATALOG_LOST:
        return apply_to_answer(layer, fault, client, frame, tag);
    case FAULT_UNSUBSCRIBED:
        fault_pass(layer, venue, client, frame, clean);
        return end_soon(layer, fault, client);
    case FAULT_SLOW_READER:
    case FAULT_TRICKLE:
    case FAULT_FRAGMENTS:
    case FAULT_COMPRESSED:
    case FAULT_TORN:
        fault_pass(layer, venue, client, frame,
                   (struct fault_mark){ tag, FAULT_CLEAN, fault->kind });
        return true;
    default:
        if (!damage(layer, fault->kind, frame, &text)) {
            return false;
        }
        fault_pass(layer, venue, client, frame_bytes(&text),
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
        if (!fault_is_about(&fault, venue, subject->instrument) ||
            !is_in_feed(&fault, subject->feed) || !suits(&fault, subject)) {
            continue;
        }
        if (!is_of_catalog(&fault)) {
            fault.instrument = subject->instrument;
        }
        fault.feed = subject->feed;
        if (apply(layer, &fault, client, frame, tag)) {
            (void)fault_take_armed(layer, i);
            fault_say_applied(layer, &fault);
            return true;
        }
    }
    return false;
}

static bool is_swallowed(const struct fault_layer *layer, const struct stream *state,
                         uint32_t client, const struct frame_subject *subject)
{
    return is_of_book(subject) &&
           (state->subscriptions[client] == REFUSED || state->silent_until_ns > layer->now_ns);
}

/* What the model's answer means, whether the client hears of it or not. */
static void note_answer(struct stream *state, uint32_t client, uint32_t role)
{
    const uint32_t before = state->subscriptions[client];

    if (role == FRAME_SUBSCRIBED) {
        state->subscriptions[client] =
            before == NOT_SUBSCRIBED || before == REFUSED ? SUBSCRIBED : SUBSCRIBED_AGAIN;
    } else if (role == FRAME_UNSUBSCRIBED) {
        state->subscriptions[client] = NOT_SUBSCRIBED;
    }
}

static void send_late(struct fault_layer *layer, struct stream *state, uint32_t client)
{
    struct held_frame *const late = state->late;

    if (late == NULL || late->client != client) {
        return;
    }
    state->late = NULL;
    fault_pass(layer, late->venue, client, (struct arb_bytes){ late->bytes, late->len },
               late->mark);
    free(late);
}

void fault_send(struct fault_layer *layer, uint32_t venue, uint32_t client, struct arb_bytes frame,
                uint64_t tag)
{
    const struct frame_subject subject = frame_subject_of(layer->config.instruments, frame);
    struct stream *const state = subject.instrument == ARB_NO_INSTRUMENT
                                     ? NULL
                                     : stream_of(layer, venue, subject.instrument, subject.feed);

    struct line *const line = line_of(layer, venue, client);

    line->is_known = true;
    if (subject.role == FRAME_CATALOG && line->is_catalog_lost) {
        line->is_catalog_lost = false;
        say_lost(layer, tag);
        return;
    }
    if (state != NULL && is_swallowed(layer, state, client, &subject)) {
        say_lost(layer, tag);
        return;
    }
    if (state != NULL) {
        note_answer(state, client, subject.role);
    }
    struct held_frame *const late_before = state == NULL ? NULL : state->late;
    if (!strike(layer, venue, client, &subject, frame, tag)) {
        fault_pass(layer, venue, client, frame, (struct fault_mark){ tag, FAULT_CLEAN, 0 });
    }
    if (late_before != NULL && is_of_book(&subject)) {
        send_late(layer, state, client);
    }
}

/* Tells the models of the subscriptions that end; they say so to the clients. */
static void end_subscriptions(struct fault_layer *layer)
{
    while (layer->n_endings > 0) {
        const struct ending ending = layer->endings[--layer->n_endings];
        layer->sink.end(layer->sink.context, ending.venue, ending.client, ending.instrument);
    }
}

static void forget_endings(struct fault_layer *layer, uint32_t venue, uint32_t client)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < layer->n_endings; i++) {
        const struct ending ending = layer->endings[i];
        if (ending.venue != venue || ending.client != client) {
            layer->endings[n++] = ending;
        }
    }
    layer->n_endings = n;
}

void fault_on_disconnect(struct fault_layer *layer, uint32_t venue, uint32_t client)
{
    struct held_frame **at = &layer->first;

    *line_of(layer, venue, client) = (struct line){ 0 };
    forget_endings(layer, venue, client);
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
        state->subscriptions[client] = NOT_SUBSCRIBED;
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
            fault_pass(layer, venue, client, frame_bytes(text),
                       (struct fault_mark){ 0, FAULT_MADE_UP, 0 });
        }
    }
}

static void announce_status(struct fault_layer *layer, uint32_t venue, const char *system)
{
    struct arb_text text = fault_new_text(layer, FAULT_NOTICE_MAX);
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

/* Beside the empty list, what a frame of 2026-10-01 holds, and of the next day's notice what is
 * known of its members: ahead of time, while `system` stays online. */
static void send_odd_status(struct fault_layer *layer, const struct fault *fault)
{
    static const char empty[] = "{\"channel\":\"status\",\"type\":\"update\",\"data\":[]}";
    static const char notice[] =
        "{\"channel\":\"status\",\"type\":\"update\",\"data\":[{\"version\":\"2.0.10\","
        "\"system\":\"online\",\"api_version\":\"v2\",\"connection_id\":11278137170445206000,"
        "\"upcoming_maintenance\":[{\"expected_start_utc\":\"2026-10-06T12:00:00Z\","
        "\"phase\":\"announced\",\"affected\":[[\"spot\"],[]]}],\"emergency\":[]}]}";
    struct arb_text text = fault_new_text(layer, FAULT_NOTICE_MAX);

    frame_puts(&text, fault->kind == FAULT_STATUS_EMPTY ? empty : notice);
    notify_all(layer, fault->venue, &text);
}

static void begin_rest_outage(struct fault_layer *layer, const struct fault *fault)
{
    layer->rest_kind[fault->venue] = fault->kind;
    layer->rest_until_ns[fault->venue] = layer->now_ns + REST_AWAY_NS;
}

/* True when the fault is done with at once. */
static bool happens_at_once(struct fault_layer *layer, const struct fault *fault)
{
    struct arb_text text = fault_new_text(layer, FAULT_NOTICE_MAX);

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
    case FAULT_STATUS_EMPTY:
    case FAULT_STATUS_NOTICE:
        send_odd_status(layer, fault);
        return true;
    case FAULT_REST_429:
    case FAULT_REST_RETRY_AFTER:
    case FAULT_REST_RATE_ERROR:
    case FAULT_REST_DOWN:
        begin_rest_outage(layer, fault);
        return true;
    default:
        return false;
    }
}

static void trigger(struct fault_layer *layer, const struct fault *fault)
{
    if (happens_at_once(layer, fault)) {
        fault_say_applied(layer, fault);
    } else if (layer->n_armed < FAULTS_MAX) {
        layer->armed[layer->n_armed++] = *fault;
    }
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
    int64_t next_ns = layer->n_endings > 0 ? layer->now_ns : INT64_MAX;

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
    if (layer->plan.until_ns > 0 && layer->now_ns - layer->start_ns >= layer->plan.until_ns) {
        fault_disarm(layer);
        return;
    }
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
    end_subscriptions(layer);
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
