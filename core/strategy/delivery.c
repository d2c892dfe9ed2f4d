#include "strategy/delivery.h"

#include <stddef.h>
#include <string.h>

#define ALIVE_NS NS_PER_S
#define RETRY_NS (50 * NS_PER_MS) /* until one that waits is looked at again */
#define NEXT_NS (5 * NS_PER_MS)   /* until the next ones are */

enum { LOOKS_MAX = 256 }; /* at those that wait, at a time: prices do not stand still meanwhile */

/* Other people's times may be anything. */
static int64_t saturating_sub(int64_t a, int64_t b)
{
    int64_t difference;

    if (__builtin_sub_overflow(a, b, &difference)) {
        return a < b ? INT64_MIN : INT64_MAX;
    }
    return difference;
}

/* How far the limit reaches into the side it takes from. */
static uint32_t count_levels(const struct arb_book *book, int64_t limit, bool is_buy)
{
    uint32_t n = 0;

    while (is_buy ? n < book->n_asks && arb_ask_at(book, n)->px <= limit
                  : n < book->n_bids && arb_bid_at(book, n)->px >= limit) {
        n++;
    }
    return n;
}

static void fill_proof(const struct arb_book *book, const struct arb_leg *terms,
                       struct opportunity_leg *leg)
{
    leg->verified = book->verified;
    leg->verified_levels = book->verified == ARB_VERIFIED ? book->verified_levels : 0;
    leg->n_levels = count_levels(book, terms->limit_px, terms->side == ARB_BUY);
}

static void fill_leg(const struct market *market, struct opportunity *opportunity, uint32_t i)
{
    const struct arb_leg *const terms = &opportunity->terms.legs[i];
    const struct market_leg shown = market_leg(market, terms->instrument, terms->venue);
    struct opportunity_leg *const leg = &opportunity->legs[i];

    memcpy(leg->venue, market_venue(market, terms->venue)->name, sizeof(leg->venue));
    leg->info = *market_instrument(market, terms->instrument);
    leg->session = shown.session;
    leg->seq = shown.book->seq;
    leg->venue_ns = shown.book->venue_ns;
    leg->recv_ns = shown.book->recv_ns;
    leg->age_ns = saturating_sub(opportunity->detect_ns, leg->recv_ns);
    leg->clock = leg->venue_ns > 0 ? shown.book->clock : (struct arb_clock){ 0 };
    leg->venue_age_ns = opportunity_venue_age(leg, opportunity->detect_ns);
    if (opportunity->terms.event != ARB_OPPORTUNITY_CLOSE) { /* its terms are of books of before */
        fill_proof(shown.book, terms, leg);
    }
}

bool delivery_put(struct ring *ring, const struct opportunity *opportunity)
{
    const size_t len = opportunity_len(opportunity);
    void *const record = ring_reserve(ring, len);

    if (record != NULL) {
        memcpy(record, opportunity, len);
        ring_commit(ring);
    }
    return record != NULL;
}

static void push(struct delivery *delivery, const struct opportunity *opportunity, int64_t mono_ns)
{
    uint64_t suppressed;

    if (delivery_put(delivery->ring, opportunity)) {
        return;
    }
    delivery->dropped++;
    if (log_limit_pass(&delivery->drop_limit, mono_ns, &suppressed)) {
        log_line(ARB_WARN, delivery->who,
                 "an opportunity is dropped because the publisher is behind, as were %llu since "
                 "the last such line",
                 (unsigned long long)suppressed);
    }
}

/* What cannot be said now is said in the next turn. */
static void say_alive(struct delivery *delivery, int64_t mono_ns, bool ends)
{
    const size_t len = offsetof(struct opportunity, legs); /* it has none */
    struct opportunity *const record = ring_reserve(delivery->ring, len);

    if (record == NULL) {
        return;
    }
    memset(record, 0, len);
    record->session = delivery->session;
    record->seq = ++delivery->n_alive;
    record->alive_ns = mono_ns;
    record->ends = ends;
    memcpy(record->strategy, delivery->strategy, sizeof(record->strategy));
    ring_commit(delivery->ring);
    delivery->said_ns = mono_ns;
}

static void begin_new_run(struct delivery *delivery, int64_t mono_ns)
{
    log_line(ARB_WARN, delivery->who,
             "nothing that it said for %.1f s can have been heard, so it counts as gone: what it "
             "had open is closed as abandoned, and it goes on as a new run",
             (double)TENURE_NS / (double)NS_PER_S);
    say_alive(delivery, mono_ns, true);
    delivery->session = tenure_next_session(delivery->session);
    delivery->seq = delivery->n_alive = 0;
    delivery->said_ns = 0;
    delivery->n_over++;
    tenure_begin(delivery->tenure, delivery->session);
}

static void look_at_tenure(struct delivery *delivery, int64_t mono_ns)
{
    if (delivery->tenure != NULL && delivery->ring != NULL &&
        tenure_is_over(delivery->tenure, delivery->said_ns, mono_ns)) {
        begin_new_run(delivery, mono_ns);
    }
}

static void say(struct delivery *delivery, struct opportunity *opportunity, int64_t mono_ns)
{
    opportunity->session = delivery->session;
    opportunity->seq = ++delivery->seq;
    delivery->n++;
    if (delivery->ring != NULL) {
        push(delivery, opportunity, mono_ns);
    }
    if (delivery->fn != NULL) {
        delivery->fn(delivery->context, opportunity);
    }
    if (delivery->survival != NULL && opportunity->terms.event == ARB_OPPORTUNITY_OPEN) {
        survival_open(delivery->survival, opportunity, mono_ns);
    }
}

void delivery_send_rest(struct delivery *delivery, const struct opportunity *opportunity,
                        struct moment now)
{
    if (delivery->ring != NULL) {
        push(delivery, opportunity, now.mono_ns);
    }
    if (delivery->rest_fn != NULL) {
        delivery->rest_fn(delivery->context, opportunity);
    }
}

bool delivery_show(struct delivery *delivery, struct matrix *matrix)
{
    const size_t len = matrix_len(matrix);
    void *const record = ring_reserve(delivery->displays, len);

    if (record == NULL) {
        delivery->n_left_out++;
        return false;
    }
    matrix->session = delivery->session;
    memcpy(matrix->strategy, delivery->strategy, sizeof(matrix->strategy));
    memcpy(record, matrix, len);
    ring_commit(delivery->displays);
    delivery->n_matrices++;
    return true;
}

/* Takes in what the strategy says; returns what is to be said of it, or 0. */
static uint32_t note(struct delivery *delivery, struct opportunity *opportunity, int64_t mono_ns)
{
    return openings_say(&delivery->openings, &opportunity->terms, delivery->n_over + 1, mono_ns,
                        &opportunity->life);
}

static bool is_taken(const struct delivery *delivery, const struct opportunity *opportunity)
{
    return delivery->is_taken != NULL && delivery->is_taken(delivery->host, opportunity);
}

/* Whether the ring takes it. What is to be closed comes before what is to be opened. */
static bool has_room(const struct delivery *delivery, const struct opportunity *opportunity)
{
    return delivery->ring == NULL ||
           ((opportunity->terms.event == ARB_OPPORTUNITY_CLOSE ||
             delivery->waiting->n_closes == 0) &&
            ring_reserve(delivery->ring, opportunity_len(opportunity)) != NULL);
}

/* A newer state of one that is open comes by itself. */
static bool has_to_wait(const struct delivery *delivery, const struct opportunity *opportunity)
{
    switch (opportunity->terms.event) {
    case ARB_OPPORTUNITY_OPEN:
        return !has_room(delivery, opportunity) || is_taken(delivery, opportunity);
    case ARB_OPPORTUNITY_CLOSE:
        return !has_room(delivery, opportunity);
    default:
        return false;
    }
}

/* False: as many wait already as can. */
static bool wait_with(struct delivery *delivery, struct opportunity *opportunity, int64_t mono_ns)
{
    opportunity->session = delivery->session; /* a CLOSE is for this run alone to tell */
    if (waiting_put(delivery->waiting, opportunity)) {
        return true;
    }
    delivery->n_unheld++;
    log_limited(&delivery->unheld_limit, mono_ns, ARB_WARN, delivery->who,
                "%d opportunities wait until another run has closed the same, or until the "
                "publisher has room; a further one is told at once, and may be open twice or be "
                "dropped",
                WAITING_MAX);
    return false;
}

static void fill_legs(const struct market *market, struct opportunity *opportunity,
                      int64_t detect_ns)
{
    opportunity->detect_ns = detect_ns;
    for (uint32_t i = 0; i < opportunity->terms.n_legs; i++) {
        fill_leg(market, opportunity, i);
    }
}

/* The strategy has seen the books of now, and did not say that it is over or otherwise. */
static void say_later(struct delivery *delivery, const struct market *market,
                      const struct opportunity *waited, struct moment now)
{
    struct opportunity opportunity = *waited;

    (void)waiting_drop(delivery->waiting, opportunity.terms.id); /* it is there */
    if (opportunity.terms.event == ARB_OPPORTUNITY_OPEN) {
        (void)note(delivery, &opportunity, now.mono_ns); /* by this run */
        fill_legs(market, &opportunity, now.utc_ns);
    }
    say(delivery, &opportunity, now.mono_ns);
}

/* Those that the ring had no room for, and has. What a run that is over left open others close. */
static void say_closes(struct delivery *delivery, const struct market *market, struct moment now)
{
    struct waiting *const waiting = delivery->waiting;

    for (unsigned i = 0; i < waiting->n && waiting->n_closes > 0;) {
        const struct opportunity *const waited = &waiting->entries[i];
        if (waited->terms.event != ARB_OPPORTUNITY_CLOSE) {
            i++;
        } else if (waited->session != delivery->session) {
            (void)waiting_drop(waiting, waited->terms.id); /* it is there */
        } else if (has_room(delivery, waited)) {
            say_later(delivery, market, waited, now);
        } else {
            return;
        }
    }
}

/* Opens those that waited, and do not have to any more; goes on where the last call ended. */
static void open_waiting(struct delivery *delivery, const struct market *market, struct moment now)
{
    struct waiting *const waiting = delivery->waiting;
    unsigned i = delivery->next_waiting;

    for (unsigned n = 0; n < LOOKS_MAX && i < waiting->n; n++) {
        if (has_to_wait(delivery, &waiting->entries[i])) {
            i++;
        } else {
            say_later(delivery, market, &waiting->entries[i], now);
        }
    }
    delivery->next_waiting = i < waiting->n ? i : 0;
    delivery->retry_ns = now.mono_ns + (i < waiting->n ? NEXT_NS : RETRY_NS);
}

static void look_at_waiting(struct delivery *delivery, const struct market *market,
                            struct moment now)
{
    if (delivery->waiting->n > 0 && now.mono_ns >= delivery->retry_ns) {
        say_closes(delivery, market, now);
        open_waiting(delivery, market, now);
    }
}

bool delivery_owes(struct delivery *delivery, const struct market *market, struct moment now)
{
    say_closes(delivery, market, now);
    return delivery->waiting->n_closes > 0;
}

void delivery_look(struct delivery *delivery, const struct market *market, struct moment now)
{
    look_at_tenure(delivery, now.mono_ns);
    look_at_waiting(delivery, market, now);
    if (delivery->ring != NULL &&
        (delivery->said_ns == 0 || now.mono_ns - delivery->said_ns >= ALIVE_NS)) {
        say_alive(delivery, now.mono_ns, false);
    }
}

void delivery_end(struct delivery *delivery, struct moment now)
{
    if (delivery->ring != NULL) {
        say_alive(delivery, now.mono_ns, true);
    }
}

static struct opportunity complete(const struct delivery *delivery, const struct market *market,
                                   const struct arb_opportunity *terms, enum delivery_cause cause,
                                   int64_t detect_ns)
{
    struct opportunity opportunity = { .terms = *terms };

    memcpy(opportunity.strategy, delivery->strategy, sizeof(opportunity.strategy));
    fill_legs(market, &opportunity, detect_ns);
    if (cause == BY_MARKET) {
        opportunity.latency_ns = saturating_sub(detect_ns, opportunity_recv_ns(&opportunity));
    }
    return opportunity;
}

static struct arb_opportunity terms_of(const struct arb_miss *miss)
{
    struct arb_opportunity terms = { .size = sizeof(terms),
                                     .n_legs = miss->n_legs,
                                     .gross_ppm = miss->gross_ppm,
                                     .net_ppm = miss->net_ppm,
                                     .net = miss->net };

    for (uint32_t i = 0; i < miss->n_legs; i++) {
        const struct arb_miss_leg *const leg = &miss->legs[i];
        terms.legs[i] = (struct arb_leg){ .instrument = leg->instrument,
                                          .venue = leg->venue,
                                          .side = leg->side,
                                          .limit_px = leg->px };
    }
    terms.legs[0].qty = miss->qty;
    return terms;
}

bool delivery_send_miss(struct delivery *delivery, const struct market *market,
                        const struct arb_miss *miss, uint64_t n, struct moment now)
{
    const struct arb_opportunity terms = terms_of(miss);
    struct opportunity opportunity = complete(delivery, market, &terms, BY_MARKET, now.utc_ns);

    opportunity.session = delivery->session;
    opportunity.miss = (struct opportunity_miss){ .reason = miss->reason, .n = n };
    return delivery_put(delivery->ring, &opportunity);
}

/* What is to be said instead of `event` of one that waits, or 0. Its place is free afterwards. */
static uint32_t replace_waiting(struct delivery *delivery, const struct opportunity *waited,
                                uint32_t event)
{
    const bool was_closed = waited->terms.event == ARB_OPPORTUNITY_CLOSE;
    const bool is_ours = waited->session == delivery->session;

    (void)waiting_drop(delivery->waiting, waited->terms.id); /* it is there */
    if (was_closed && is_ours) {                             /* nobody has heard of that */
        return event == ARB_OPPORTUNITY_CLOSE ? event : ARB_OPPORTUNITY_UPDATE;
    }
    return event == ARB_OPPORTUNITY_CLOSE ? 0 : ARB_OPPORTUNITY_OPEN; /* nothing was said of it */
}

void delivery_send(struct delivery *delivery, const struct market *market,
                   const struct arb_opportunity *terms, enum delivery_cause cause,
                   struct moment detect)
{
    struct opportunity opportunity = complete(delivery, market, terms, cause, detect.utc_ns);

    look_at_tenure(delivery, detect.mono_ns);
    uint32_t event = note(delivery, &opportunity, detect.mono_ns);
    const struct opportunity *const waited = waiting_find(delivery->waiting, terms->id);
    if (waited != NULL) {
        event = replace_waiting(delivery, waited, terms->event);
    }
    opportunity.terms.event = event;
    if (event != 0 && !(has_to_wait(delivery, &opportunity) &&
                        wait_with(delivery, &opportunity, detect.mono_ns))) {
        say(delivery, &opportunity, detect.mono_ns);
    }
}
