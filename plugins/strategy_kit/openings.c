#include "openings.h"

#include <string.h>

enum { THE_TIMER = 0 };

void openings_init(struct openings *openings)
{
    openings->armed_ns = INT64_MAX;
}

uint32_t openings_judge_books(const struct openings *openings, const struct arb_host *host,
                              const struct arb_book *const *books, unsigned n, int64_t *expiry_ns)
{
    bool is_suspect = false;

    for (unsigned i = 0; i < n; i++) {
        if (books[i]->state != ARB_BOOK_LIVE || books[i]->trading != ARB_TRADING_OPEN) {
            return ARB_MISS_STATUS;
        }
        is_suspect |= !book_is_tradable(books[i]);
    }
    if (is_suspect) {
        return ARB_MISS_SUSPECT;
    }
    const struct ages ages = ages_of(host, books, n);
    if (ages_are_too_old(&openings->limits, ages)) {
        return ARB_MISS_AGE;
    }
    *expiry_ns = ages_expiry_ns(&openings->limits, host, ages);
    return 0;
}

static int publish(struct arb_host *host, struct arb_opportunity *terms,
                   enum arb_opportunity_event event)
{
    terms->event = event;
    return arb_opportunity_publish(host, terms);
}

static int close_open(struct openings *openings, struct arb_host *host, struct opening *open,
                      uint32_t reason)
{
    open->terms.reason = reason;
    const int rc = publish(host, &open->terms, ARB_OPPORTUNITY_CLOSE);
    open_table_remove(&openings->table, open);
    return rc;
}

/* When the timer has to look at this entry, INT64_MAX for never. */
static int64_t deadline_of(const struct opening *open)
{
    return open->is_pending && open->next_update_ns < open->expiry_ns ? open->next_update_ns
                                                                      : open->expiry_ns;
}

/* Makes sure that the timer comes by `deadline_ns`; it may come earlier, for another entry. */
static int arm(struct openings *openings, struct arb_host *host, int64_t deadline_ns)
{
    if (openings->armed_ns <= deadline_ns) {
        return ARB_OK;
    }
    const int64_t delay_ms = (deadline_ns - host->mono_ns + NS_PER_MS - 1) / NS_PER_MS;
    openings->armed_ns = deadline_ns;
    return arb_timer_set(host, THE_TIMER, delay_ms > 0 ? (uint32_t)delay_ms : 1);
}

static int64_t next_update_ns(const struct openings *openings, const struct arb_host *host)
{
    return host->mono_ns + openings->update_interval_ms * NS_PER_MS;
}

/* Publishes the latest terms if they are news and their time has come. */
static int publish_pending(struct openings *openings, struct arb_host *host, struct opening *open)
{
    if (!open->is_pending || host->mono_ns < open->next_update_ns) {
        return ARB_OK;
    }
    open->is_pending = false;
    open->next_update_ns = next_update_ns(openings, host);
    return publish(host, &open->terms, ARB_OPPORTUNITY_UPDATE);
}

static int open_new(struct openings *openings, struct arb_host *host, struct arb_opportunity *terms,
                    int64_t expiry_ns)
{
    terms->id = openings->last_id + 1;
    struct opening *const open = open_table_add(&openings->table, terms);
    if (open == NULL) {
        if (openings->n_untracked++ == 0) {
            arb_log(host, ARB_WARN,
                    "%d opportunities are open, further ones are left out; a "
                    "higher min_net would help",
                    OPEN_MAX);
        }
        return ARB_OK;
    }
    openings->last_id++;
    open->expiry_ns = expiry_ns;
    open->next_update_ns = next_update_ns(openings, host);
    const int rc = publish(host, &open->terms, ARB_OPPORTUNITY_OPEN);
    return rc != ARB_OK ? rc : arm(openings, host, deadline_of(open));
}

static bool is_same_leg(const struct arb_leg *a, const struct arb_leg *b)
{
    return a->qty == b->qty && a->limit_px == b->limit_px && a->notional == b->notional &&
           a->fee == b->fee;
}

/* What parts of it earn may change while the whole costs the same. */
static bool are_same_parts(const struct arb_opportunity *a, const struct arb_opportunity *b)
{
    return memcmp(a->curve, b->curve, sizeof(a->curve)) == 0 && a->proven_qty == b->proven_qty &&
           a->proven_net == b->proven_net;
}

/* These determine the rest. */
static bool is_same(const struct arb_opportunity *a, const struct arb_opportunity *b)
{
    uint32_t i = 0;

    while (i < a->n_legs && is_same_leg(&a->legs[i], &b->legs[i])) {
        i++;
    }
    return i == a->n_legs && a->verified == b->verified && are_same_parts(a, b);
}

static int refresh(struct openings *openings, struct arb_host *host, struct opening *open,
                   struct arb_opportunity *terms)
{
    terms->id = open->terms.id;
    open->is_pending = open->is_pending || !is_same(&open->terms, terms);
    open->terms = *terms;
    const int rc = publish_pending(openings, host, open);
    return rc != ARB_OK ? rc : arm(openings, host, deadline_of(open));
}

/* Why something is closed that would not be opened any more. */
static uint32_t close_reason_of(uint32_t miss)
{
    switch ((enum arb_miss_reason)miss) {
    case ARB_MISS_BELOW:
    case ARB_MISS_HYSTERESIS:
        return ARB_CLOSE_BELOW;
    case ARB_MISS_MINIMUM:
    case ARB_MISS_CAP:
    case ARB_MISS_PROOF:
        return ARB_CLOSE_RESIZED;
    case ARB_MISS_AGE:
        return ARB_CLOSE_TOO_OLD;
    case ARB_MISS_STATUS:
    case ARB_MISS_SUSPECT:
        return ARB_CLOSE_NOT_LIVE;
    case ARB_MISS_FEES:
    case ARB_MISS_LIMIT:
    case ARB_MISS_TRANSFER: /* nothing was opened */
        break;
    }
    return ARB_CLOSE_GONE;
}

int openings_tell(struct openings *openings, struct arb_host *host, struct opening *open,
                  uint32_t reason, struct arb_opportunity *terms, int64_t expiry_ns)
{
    if (reason != 0) {
        return open == NULL ? ARB_OK : close_open(openings, host, open, close_reason_of(reason));
    }
    if (open == NULL) {
        return open_new(openings, host, terms, expiry_ns);
    }
    open->expiry_ns = expiry_ns;
    return refresh(openings, host, open, terms);
}

/* From the end, because what is removed is replaced by the last one. */
int openings_hand_over(struct openings *openings, struct arb_host *host, uint32_t instrument)
{
    struct open_table *const table = &openings->table;
    int rc = ARB_OK;

    for (uint32_t i = table->n; i-- > 0 && rc == ARB_OK && table->n_of[instrument] > 0;) {
        if (table->list[i].terms.legs[0].instrument == instrument) {
            rc = close_open(openings, host, &table->list[i], ARB_CLOSE_HANDED_OVER);
        }
    }
    return rc;
}

/* Nothing was heard of it for max_age, or only that its books have not changed. */
static int expire(struct openings *openings, struct arb_host *host, struct opening *open)
{
    const struct arb_book *books[ARB_LEGS_MAX];
    const struct arb_opportunity *const terms = &open->terms;
    struct arb_market market;

    for (uint32_t i = 0; i < terms->n_legs; i++) {
        const int rc = arb_market_view(host, terms->legs[i].instrument, &market);
        if (rc != ARB_OK) {
            return rc;
        }
        books[i] = &market.books[terms->legs[i].venue];
    }
    const struct ages ages = ages_of(host, books, terms->n_legs);
    if (ages_are_too_old(&openings->limits, ages)) {
        return close_open(openings, host, open, ARB_CLOSE_TOO_OLD);
    }
    open->expiry_ns = ages_expiry_ns(&openings->limits, host, ages);
    return ARB_OK;
}

/* From the end, because what is removed is replaced by the last one. */
int openings_on_timer(struct openings *openings, struct arb_host *host)
{
    struct open_table *const table = &openings->table;
    int64_t deadline_ns = INT64_MAX;
    int rc = ARB_OK;

    openings->armed_ns = INT64_MAX;
    for (uint32_t i = table->n; i-- > 0 && rc == ARB_OK;) {
        struct opening *const open = &table->list[i];
        const uint32_t n = table->n;
        if (host->mono_ns >= open->expiry_ns) {
            rc = expire(openings, host, open);
        }
        if (table->n < n || rc != ARB_OK) {
            continue;
        }
        rc = publish_pending(openings, host, open);
        const int64_t its_ns = deadline_of(open);
        deadline_ns = its_ns < deadline_ns ? its_ns : deadline_ns;
    }
    return rc != ARB_OK ? rc : arm(openings, host, deadline_ns);
}

int openings_stop(struct openings *openings, struct arb_host *host)
{
    struct open_table *const table = &openings->table;
    int rc = ARB_OK;

    while (table->n > 0 && rc == ARB_OK) {
        rc = close_open(openings, host, &table->list[table->n - 1], ARB_CLOSE_SHUTDOWN);
    }
    return rc;
}
