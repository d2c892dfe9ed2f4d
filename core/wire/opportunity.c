#include "wire/opportunity.h"

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
    default:
        return "?";
    }
}
