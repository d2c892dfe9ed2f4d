#include "top/route.h"

#include <string.h>

#include "arbspot/text.h"

void route_write(const struct opportunity *opportunity, char *out, size_t cap)
{
    struct arb_text text = arb_text_over(out, cap);

    for (uint32_t i = 0; i < opportunity->terms.n_legs && i < ARB_LEGS_MAX; i++) {
        const char *const venue = opportunity->legs[i].venue;
        if (i == 0 || strcmp(venue, opportunity->legs[i - 1].venue) != 0) {
            arb_text_add(&text, "%s%s", i == 0 ? "" : ">", venue);
        }
    }
}

static void add(struct arb_text *text, bool holds, const char *word)
{
    if (holds) {
        arb_text_add(text, "%s%s", text->len > 0 ? " " : "", word);
    }
}

void route_write_flags(const struct opportunity *opportunity, char *out, size_t cap)
{
    struct arb_text text = arb_text_over(out, cap);
    const struct arb_opportunity *const terms = &opportunity->terms;

    add(&text, (terms->flags & ARB_OPPORTUNITY_ABSURD) != 0, "absurd");
    add(&text, (terms->flags & ARB_OPPORTUNITY_TRANSFER) != 0, "transfer");
    add(&text, terms->verified == ARB_UNVERIFIABLE, "unproven");
    add(&text, terms->verified == ARB_SUSPECT, "suspect");
}
