#include "kafka/publisher.h"

#include <assert.h>
#include <stdlib.h>

#include "kafka/messages.h"
#include "kafka/origin.h"
#include "kafka/publisher_state.h"
#include "kafka/returns.h"
#include "util/shortage.h"

enum {
    PARK_MS = 50,      /* delivery reports wait this long at most */
    DISPLAYED_MAX = 8, /* matrices of a strategy before all else has its turn again */
    BLOCKED_MS = 10,   /* pause before the next try; a delivery report ends it */
    ABSENT_MS = 500,   /* at the end, for brokers that never answered */
};

static enum publisher_turn drain_venue(struct publisher *p, unsigned venue, struct moment now)
{
    struct ring *const ring = p->venues[venue].ring;

    if (!messages_say_refused(p, venue, now) || !messages_say_moved(p, venue, now)) {
        return PUBLISHER_BLOCKED;
    }
    for (unsigned i = 0; i < PUBLISHER_BATCH; i++) {
        size_t len;
        void *const record = ring_peek(ring, &len);
        if (record == NULL) {
            return messages_say_last_words(p, venue, now) ? PUBLISHER_IDLE : PUBLISHER_BLOCKED;
        }
        if (!messages_pass_on(p, venue, event_record_read(record), now)) {
            return PUBLISHER_BLOCKED;
        }
        ring_release(ring);
    }
    return PUBLISHER_BUSY;
}

static enum publisher_turn drain_opportunities(struct publisher *p, struct ring *ring,
                                               struct moment now)
{
    for (unsigned i = 0; i < PUBLISHER_BATCH; i++) {
        size_t len;
        const struct opportunity *const opportunity = ring_peek(ring, &len);
        if (opportunity == NULL) {
            return PUBLISHER_IDLE;
        }
        if (!messages_pass_on_opportunity(p, opportunity, now)) {
            return PUBLISHER_BLOCKED;
        }
        ring_release(ring);
    }
    return PUBLISHER_BUSY;
}

static enum publisher_turn drain_all_opportunities(struct publisher *p, struct moment now)
{
    enum publisher_turn turn = PUBLISHER_IDLE;

    for (unsigned i = 0; i < p->n_opportunities && turn != PUBLISHER_BLOCKED; i++) {
        const enum publisher_turn one = drain_opportunities(p, p->opportunities[i], now);
        turn = one > turn ? one : turn;
    }
    return turn;
}

static enum publisher_turn drain_all_venues(struct publisher *p, struct moment now)
{
    enum publisher_turn turn = PUBLISHER_IDLE;

    for (unsigned i = 0; i < p->n_venues && turn != PUBLISHER_BLOCKED; i++) {
        const enum publisher_turn one = drain_venue(p, (p->first_venue + i) % p->n_venues, now);
        turn = one > turn ? one : turn;
    }
    p->first_venue = p->n_venues == 0 ? 0 : (p->first_venue + 1) % p->n_venues;
    return turn;
}

static enum publisher_turn drain_display(struct publisher *p, struct ring *ring, struct moment now)
{
    for (unsigned i = 0; i < DISPLAYED_MAX; i++) {
        size_t len;
        const struct matrix *const matrix = ring_peek(ring, &len);
        if (matrix == NULL) {
            return PUBLISHER_IDLE;
        }
        messages_pass_on_matrix(p, matrix, now);
        ring_release(ring);
    }
    return PUBLISHER_BUSY;
}

static enum publisher_turn drain_all_displays(struct publisher *p, struct moment now)
{
    enum publisher_turn turn = PUBLISHER_IDLE;

    for (unsigned i = 0; i < p->n_displays; i++) {
        const enum publisher_turn one = drain_display(p, p->displays[i], now);
        turn = one > turn ? one : turn;
    }
    return turn;
}

/*
 * Opportunities first: they are few and cannot be made anew. One topic that takes nothing does not
 * hold up the other. Displays are for when nothing else waits: meanwhile their rings fill, and what
 * does not fit is left out.
 */
static enum publisher_turn drain(struct publisher *p, struct moment now)
{
    const enum publisher_turn opportunities = drain_all_opportunities(p, now);
    const enum publisher_turn venues = drain_all_venues(p, now);
    const enum publisher_turn turn = opportunities > venues ? opportunities : venues;

    return turn == PUBLISHER_IDLE ? drain_all_displays(p, now) : turn;
}

static enum publisher_reach find_reach(const struct outbox *outbox)
{
    if (outbox->client.is_down || outbox->client.is_fatal) {
        return PUBLISHER_CUT_OFF;
    }
    return outbox_has_answer(outbox) ? PUBLISHER_REACHES : PUBLISHER_LOOKS;
}

enum publisher_turn publisher_step(struct publisher *p, struct moment now)
{
    const bool may_send = outbox_step(&p->outbox, now.mono_ns);

    atomic_store_explicit(&p->reach, (int)find_reach(&p->outbox), memory_order_relaxed);
    if (!may_send) {
        return PUBLISHER_BLOCKED;
    }
    returns_note_partitions(p, now.mono_ns);
    places_step(p->places, now.mono_ns);
    return outbox_has_answer(&p->outbox) ? drain(p, now) : PUBLISHER_BLOCKED;
}

/* What step() says until it says idle, or the time is over. */
static enum publisher_turn drain_until(struct publisher *p, int64_t deadline_ns)
{
    enum publisher_turn turn = publisher_step(p, clock_moment());

    while (turn != PUBLISHER_IDLE && clock_mono_ns() < deadline_ns) {
        if (turn == PUBLISHER_BLOCKED) {
            outbox_wait(&p->outbox, BLOCKED_MS);
        }
        turn = publisher_step(p, clock_moment());
    }
    return turn;
}

int publisher_flush(struct publisher *p, int timeout_ms)
{
    const int64_t deadline_ns = clock_mono_ns() + timeout_ms * NS_PER_MS;
    const enum publisher_turn turn = drain_until(p, deadline_ns);
    const int64_t left_ms = (deadline_ns - clock_mono_ns()) / NS_PER_MS;
    const int rc = outbox_flush(&p->outbox, left_ms > 0 ? (int)left_ms : 0);

    return turn == PUBLISHER_IDLE ? rc : ARB_ELIMIT;
}

static bool is_idle(void *context)
{
    struct publisher *const p = context;
    size_t len;

    for (unsigned i = 0; i < p->n_opportunities; i++) {
        if (ring_peek(p->opportunities[i], &len) != NULL) {
            return false;
        }
    }
    for (unsigned i = 0; i < p->n_displays; i++) {
        if (ring_peek(p->displays[i], &len) != NULL) {
            return false;
        }
    }
    for (unsigned i = 0; i < p->n_venues; i++) {
        if (ring_peek(p->venues[i].ring, &len) != NULL || last_words_are_due(p->venues[i].words)) {
            return false;
        }
    }
    return !atomic_load_explicit(&p->stopping, memory_order_acquire);
}

/* Where no broker answers, or a topic is refused, there is nothing to wait for. */
static int last_flush(struct publisher *p)
{
    const int limit_ms = p->stop_timeout_ms;
    const int first_ms = limit_ms < ABSENT_MS ? limit_ms : ABSENT_MS;
    const int rc = publisher_flush(p, first_ms);

    return rc == ARB_OK || !outbox_is_worth_waiting(&p->outbox)
               ? rc
               : publisher_flush(p, limit_ms - first_ms);
}

static void *run(void *context)
{
    struct publisher *const p = context;

    /* Pairs with the release in publisher_stop(): the timeout is then set. */
    while (!atomic_load_explicit(&p->stopping, memory_order_acquire)) {
        const enum publisher_turn turn = publisher_step(p, clock_moment());
        if (turn == PUBLISHER_IDLE) {
            waker_park(p->waker, PARK_MS, is_idle, p);
        } else if (turn == PUBLISHER_BLOCKED) {
            outbox_wait(&p->outbox, BLOCKED_MS);
        }
    }
    p->stop_rc = last_flush(p);
    return NULL;
}

int publisher_start(struct publisher *p, struct err *err)
{
    assert(!p->is_started);
    atomic_store_explicit(&p->stopping, false, memory_order_relaxed);
    const int rc = shortage_start_thread(&p->thread, run, p, "for the publisher", err);
    p->is_started = rc == ARB_OK;
    return rc;
}

int publisher_stop(struct publisher *p, int timeout_ms)
{
    assert(p->is_started);
    p->stop_timeout_ms = timeout_ms;
    atomic_store_explicit(&p->stopping, true, memory_order_release);
    waker_wake(p->waker);
    (void)pthread_join(p->thread, NULL); /* a thread of ours, joined once: cannot fail */
    p->is_started = false;
    return p->stop_rc;
}

/* The longest message that can come out of a record of a ring. */
static size_t message_bound(const struct ring *ring)
{
    const size_t levels = ring_record_max(ring) / sizeof(struct arb_level);
    const struct event largest = {
        .n_bids = levels < ARB_EVENT_LEVELS_MAX ? (uint32_t)levels : ARB_EVENT_LEVELS_MAX,
        .n_asks = levels < ARB_EVENT_LEVELS_MAX ? 0 : ARB_EVENT_LEVELS_MAX,
        .reason_len = EVENT_REASON_MAX,
    };
    return wire_event_bound(&largest);
}

static size_t text_cap(const struct publisher_config *config)
{
    size_t cap = WIRE_MATRIX_MAX;

    _Static_assert((int)WIRE_MATRIX_MAX >= (int)WIRE_OPPORTUNITY_MAX, "has room for either");

    for (unsigned i = 0; i < config->n_venues; i++) {
        const size_t bound = message_bound(config->venues[i].ring);
        cap = bound > cap ? bound : cap;
    }
    return cap;
}

static struct places *create_places(const struct publisher_config *config)
{
    struct feedback *feedbacks[PUBLISHER_VENUES_MAX];

    for (unsigned i = 0; i < config->n_venues; i++) {
        feedbacks[i] = config->venues[i].feedback;
    }
    return places_create(feedbacks, config->n_venues);
}

static int copy_config(struct publisher *p, const struct publisher_config *config)
{
    p->config = config->kafka;
    p->waker = config->waker;
    p->n_venues = config->n_venues;
    p->n_opportunities = config->n_opportunities;
    p->n_displays = config->n_displays;
    p->venues = calloc((size_t)config->n_venues + 1, sizeof(*p->venues));
    p->opportunities = calloc((size_t)config->n_opportunities + 1, sizeof(*p->opportunities));
    p->displays = calloc((size_t)config->n_displays + 1, sizeof(*p->displays));
    p->text = malloc(text_cap(config));
    p->voices = calloc((size_t)config->n_venues + 1, sizeof(*p->voices));
    if (p->voices == NULL || p->venues == NULL || p->opportunities == NULL || p->displays == NULL ||
        p->text == NULL) {
        return ARB_ENOMEM;
    }
    for (unsigned i = 0; i < config->n_venues; i++) {
        p->venues[i] = config->venues[i];
    }
    p->places = create_places(config);
    if (p->places == NULL) {
        return ARB_ENOMEM;
    }
    for (unsigned i = 0; i < config->n_opportunities; i++) {
        p->opportunities[i] = config->opportunities[i];
    }
    for (unsigned i = 0; i < config->n_displays; i++) {
        p->displays[i] = config->displays[i];
    }
    return ARB_OK;
}

int publisher_create(struct publisher **out, const struct publisher_config *config, struct err *err)
{
    assert(config->n_venues <= PUBLISHER_VENUES_MAX);
    struct publisher *const p = calloc(1, sizeof(*p));
    if (p == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory for the publisher");
    }
    int rc = copy_config(p, config);
    if (rc != ARB_OK) {
        publisher_destroy(p);
        return err_set(err, rc, "no memory for the publisher");
    }
    origin_host(p->host);
    const struct outbox_config outbox = {
        .kafka = p->config, .who = "kafka=publisher", .owner = &returns_owner, .self = p
    };
    rc = outbox_init(&p->outbox, &outbox, err);
    if (rc != ARB_OK) {
        publisher_destroy(p);
        return rc;
    }
    *out = p;
    return ARB_OK;
}

void publisher_destroy(struct publisher *p)
{
    if (p == NULL) {
        return;
    }
    assert(!p->is_started);
    const bool is_closed = outbox_fini(&p->outbox);
    places_destroy(p->places);
    offsets_fini(&p->offsets);
    free(p->text);
    free(p->opportunities);
    free(p->displays);
    for (unsigned i = 0; p->voices != NULL && i < p->n_venues; i++) {
        starts_fini(&p->voices[i].starts);
    }
    free(p->voices);
    free(p->venues);
    if (is_closed) { /* else the producer that was left behind refers to it */
        free(p);
    }
}

struct publisher_stats publisher_stats(const struct publisher *p)
{
    const struct outbox_counts *const counts = &p->outbox.counts;

    return (struct publisher_stats){
        .produced = atomic_load_explicit(&counts->produced, memory_order_relaxed),
        .delivered = atomic_load_explicit(&counts->delivered, memory_order_relaxed),
        .failed = atomic_load_explicit(&counts->failed, memory_order_relaxed),
        .refused = atomic_load_explicit(&counts->refused, memory_order_relaxed),
        .queue_full = atomic_load_explicit(&counts->queue_full, memory_order_relaxed),
        .bytes = atomic_load_explicit(&counts->bytes, memory_order_relaxed),
        .conflated = atomic_load_explicit(&p->conflated, memory_order_relaxed),
        .late = atomic_load_explicit(&p->late, memory_order_relaxed),
        .left_out = atomic_load_explicit(&p->left_out, memory_order_relaxed),
    };
}

unsigned publisher_partitions(const struct publisher *p)
{
    return atomic_load_explicit(&p->n_partitions, memory_order_relaxed);
}

enum publisher_reach publisher_reach(const struct publisher *p)
{
    return (enum publisher_reach)atomic_load_explicit(&p->reach, memory_order_relaxed);
}
