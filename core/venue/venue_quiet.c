#include "venue/venue_quiet.h"

static void add_reason(const struct venue_quiet *quiet, struct arb_text *out)
{
    if (quiet->reason[0] != '\0') {
        arb_text_add(out, "; last reason: %s", quiet->reason);
    }
}

static void explain_connected(const struct venue_quiet *quiet, struct arb_text *out)
{
    const struct session_standing *const s = &quiet->standing;

    if (s->n_books == 0) {
        arb_text_add(out,
                     "connected, but no instrument is known: the venue's catalog has not come, "
                     "or has none of `symbols`");
    } else if (s->n_accepted == 0 && s->n_asked > 0) {
        arb_text_add(out, "connected, but the venue answers no subscription");
    } else if (s->n_accepted == 0) {
        arb_text_add(out, "connected, but no subscription is accepted");
    } else if (quiet->n_stale == 0 && quiet->n_unusable == 0) {
        arb_text_add(out, "subscribed, but no snapshot has come");
    } else {
        arb_text_add(out, "subscribed, but %u books are STALE and %u UNUSABLE", quiet->n_stale,
                     quiet->n_unusable);
    }
    add_reason(quiet, out);
}

void venue_quiet_explain(const struct venue_quiet *quiet, struct arb_text *out)
{
    const struct session_standing *const s = &quiet->standing;

    if (s->n_disabled == s->n_sessions) {
        arb_text_add(out, "its plugin was disabled, as was said then");
    } else if (s->n_up > 0) {
        explain_connected(quiet, out);
    } else if (quiet->connection[0] != '\0') {
        arb_text_add(out, "not connected: %s", quiet->connection);
    } else {
        arb_text_add(out, "not connected: no attempt has ended yet");
        add_reason(quiet, out);
    }
}
