#include "util/quiet.h"

#include "util/clock.h"

enum quiet_news quiet_look(struct quiet *quiet, bool is_missing, int64_t now_ns, int64_t limit_ns)
{
    if (!is_missing) {
        const bool was_said = quiet->is_said;
        quiet->is_missing = quiet->is_said = false;
        return was_said ? QUIET_ENDS : QUIET_NONE;
    }
    if (!quiet->is_missing) {
        quiet->is_missing = true;
        quiet->since_ns = now_ns;
    }
    if (quiet->is_said || limit_ns == 0 || now_ns - quiet->since_ns < limit_ns) {
        return QUIET_NONE;
    }
    quiet->is_said = true;
    return QUIET_BEGINS;
}

long long quiet_seconds(const struct quiet *quiet, int64_t now_ns)
{
    const int64_t seconds = (now_ns - quiet->since_ns) / NS_PER_S;
    return seconds > 0 ? seconds : 1;
}
