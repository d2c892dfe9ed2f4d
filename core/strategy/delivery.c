#include "strategy/delivery.h"

#include <string.h>

#define ALIVE_NS NS_PER_S

/* Other people's times may be anything. */
static int64_t saturating_sub(int64_t a, int64_t b)
{
    int64_t difference;

    if (__builtin_sub_overflow(a, b, &difference)) {
        return a < b ? INT64_MIN : INT64_MAX;
    }
    return difference;
}

static void fill_leg(const struct market *market, const struct opportunity *opportunity,
                     uint32_t venue, struct opportunity_leg *leg)
{
    const struct market_leg shown = market_leg(market, opportunity->terms.instrument, venue);

    memcpy(leg->venue, market_venue(market, venue)->name, sizeof(leg->venue));
    leg->session = shown.session;
    leg->seq = shown.book->seq;
    leg->venue_ns = shown.book->venue_ns;
    leg->recv_ns = shown.book->recv_ns;
    leg->age_ns = saturating_sub(opportunity->detect_ns, leg->recv_ns);
    leg->clock = leg->venue_ns > 0 ? shown.book->clock : (struct arb_clock){ 0 };
    leg->venue_age_ns = opportunity_venue_age(leg, opportunity->detect_ns);
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

static void fill_proof(const struct market *market, const struct arb_opportunity *terms,
                       bool is_buy, struct opportunity_leg *leg)
{
    const uint32_t venue = is_buy ? terms->buy_venue : terms->sell_venue;
    const struct arb_book *const book = market_leg(market, terms->instrument, venue).book;

    if (terms->event == ARB_OPPORTUNITY_CLOSE) {
        return; /* its terms are of books that are gone */
    }
    leg->verified = book->verified;
    leg->verified_levels = book->verified == ARB_VERIFIED ? book->verified_levels : 0;
    leg->n_levels = count_levels(book, is_buy ? terms->buy_px : terms->sell_px, is_buy);
}

static int64_t newer_leg_ns(const struct opportunity *opportunity)
{
    const int64_t buy_ns = opportunity->buy.recv_ns, sell_ns = opportunity->sell.recv_ns;
    return buy_ns > sell_ns ? buy_ns : sell_ns;
}

static void push(struct delivery *delivery, const struct opportunity *opportunity, int64_t mono_ns)
{
    void *const record = ring_reserve(delivery->ring, sizeof(*opportunity));
    uint64_t suppressed;

    if (record != NULL) {
        memcpy(record, opportunity, sizeof(*opportunity));
        ring_commit(delivery->ring);
        return;
    }
    delivery->dropped++;
    if (log_limit_pass(&delivery->drop_limit, mono_ns, &suppressed)) {
        log_line(ARB_WARN, delivery->who,
                 "an opportunity is dropped because the publisher is behind, as were %llu since "
                 "the last such line; a larger [host] ring_bytes would hold more",
                 (unsigned long long)suppressed);
    }
}

/* What cannot be said now is said in the next turn. */
static void say_alive(struct delivery *delivery, int64_t mono_ns, bool ends)
{
    struct opportunity *const record = ring_reserve(delivery->ring, sizeof(*record));

    if (record == NULL) {
        return;
    }
    *record = (struct opportunity){
        .session = delivery->session, .seq = ++delivery->n_alive, .alive_ns = mono_ns, .ends = ends
    };
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

void delivery_alive(struct delivery *delivery, struct moment now, bool ends)
{
    if (delivery->ring == NULL) {
        return;
    }
    look_at_tenure(delivery, now.mono_ns);
    if (ends || delivery->said_ns == 0 || now.mono_ns - delivery->said_ns >= ALIVE_NS) {
        say_alive(delivery, now.mono_ns, ends);
    }
}

static void deliver(struct delivery *delivery, const struct opportunity *opportunity,
                    int64_t mono_ns)
{
    if (delivery->ring != NULL) {
        push(delivery, opportunity, mono_ns);
    }
    if (delivery->fn != NULL) {
        delivery->fn(delivery->context, opportunity);
    }
}

void delivery_send(struct delivery *delivery, const struct market *market,
                   const struct arb_opportunity *terms, enum delivery_cause cause,
                   struct moment detect)
{
    look_at_tenure(delivery, detect.mono_ns);
    const uint32_t event =
        openings_say(&delivery->openings, terms->id, terms->event, delivery->n_over + 1);
    if (event == 0) {
        return; /* others close it */
    }
    struct opportunity opportunity = {
        .terms = *terms,
        .info = *market_instrument(market, terms->instrument),
        .session = delivery->session,
        .seq = ++delivery->seq,
        .detect_ns = detect.utc_ns,
    };
    delivery->n++;
    opportunity.terms.event = event;
    memcpy(opportunity.strategy, delivery->strategy, sizeof(opportunity.strategy));
    fill_leg(market, &opportunity, terms->buy_venue, &opportunity.buy);
    fill_leg(market, &opportunity, terms->sell_venue, &opportunity.sell);
    fill_proof(market, terms, true, &opportunity.buy);
    fill_proof(market, terms, false, &opportunity.sell);
    if (cause == BY_MARKET) {
        opportunity.latency_ns = saturating_sub(detect.utc_ns, newer_leg_ns(&opportunity));
    }
    deliver(delivery, &opportunity, detect.mono_ns);
}
