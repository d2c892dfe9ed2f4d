#include "wire/opportunity.h"

#include <stddef.h>
#include <string.h>

/* Other people's times may be anything. */
__extension__ typedef __int128 int128;

/* What was received before cannot have been made since, however wrong the clocks are. */
int64_t opportunity_venue_age(const struct opportunity_leg *leg, int64_t detect_ns)
{
    const int64_t since_receipt_ns = leg->age_ns > 0 ? leg->age_ns : 0;
    const int128 age_ns = (int128)detect_ns - leg->venue_ns + leg->clock.offset_ns;

    if (!arb_clock_is_known(leg->clock)) {
        return 0;
    }
    if (age_ns < since_receipt_ns) {
        return since_receipt_ns;
    }
    return age_ns > INT64_MAX ? INT64_MAX : (int64_t)age_ns;
}

size_t opportunity_len(const struct opportunity *o)
{
    return offsetof(struct opportunity, legs) + o->terms.n_legs * sizeof(*o->legs);
}

const char *opportunity_currency(const struct opportunity *o)
{
    const struct arb_instrument *const info = &o->legs[0].info;
    return o->terms.legs[0].side == ARB_BUY ? info->quote : info->base;
}

unsigned opportunity_scale(const struct opportunity *o)
{
    const struct arb_instrument *const info = &o->legs[0].info;
    return o->terms.legs[0].side == ARB_BUY ? info->px_scale : info->qty_scale;
}

const char *opportunity_symbol(const struct opportunity *o)
{
    return o->legs[0].info.symbol;
}

int64_t opportunity_recv_ns(const struct opportunity *o)
{
    int64_t recv_ns = INT64_MIN;

    for (uint32_t i = 0; i < o->terms.n_legs; i++) {
        recv_ns = o->legs[i].recv_ns > recv_ns ? o->legs[i].recv_ns : recv_ns;
    }
    return recv_ns;
}

bool opportunity_is_same_place(const struct opportunity *a, const struct opportunity *b)
{
    for (uint32_t i = 0; i < a->terms.n_legs && i < b->terms.n_legs; i++) {
        if (a->terms.legs[i].side != b->terms.legs[i].side ||
            strcmp(a->legs[i].info.symbol, b->legs[i].info.symbol) != 0 ||
            strcmp(a->legs[i].venue, b->legs[i].venue) != 0) {
            return false;
        }
    }
    return a->terms.n_legs == b->terms.n_legs;
}

const char *side_name(uint32_t side)
{
    return side == ARB_BUY ? "buy" : side == ARB_SELL ? "sell" : "?";
}

const char *opportunity_event_name(uint32_t event)
{
    switch (event) {
    case ARB_OPPORTUNITY_OPEN:
        return "open";
    case ARB_OPPORTUNITY_UPDATE:
        return "update";
    case ARB_OPPORTUNITY_CLOSE:
        return "close";
    default:
        return "?";
    }
}

const char *close_reason_name(uint32_t reason)
{
    switch (reason) {
    case ARB_CLOSE_GONE:
        return "gone";
    case ARB_CLOSE_NOT_LIVE:
        return "not_live";
    case ARB_CLOSE_TOO_OLD:
        return "too_old";
    case ARB_CLOSE_SHUTDOWN:
        return "shutdown";
    case ARB_CLOSE_ABANDONED:
        return "abandoned";
    case ARB_CLOSE_BELOW:
        return "below";
    case ARB_CLOSE_RESIZED:
        return "resized";
    case ARB_CLOSE_HANDED_OVER:
        return "handed_over";
    default:
        return "?";
    }
}

const char *miss_reason_name(uint32_t reason)
{
    static const char *const names[] = { "?",       "fees",    "below", "hysteresis",
                                         "minimum", "cap",     "proof", "age",
                                         "status",  "suspect", "limit", "transfer" };

    _Static_assert(sizeof(names) / sizeof(*names) == ARB_MISS_MAX + 1, "one name each");
    return names[reason <= ARB_MISS_MAX ? reason : 0];
}
