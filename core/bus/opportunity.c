#include "bus/opportunity.h"

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
    default:
        return "?";
    }
}
