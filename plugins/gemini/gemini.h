/* gemini.h - what gemini.c shares with gemini_v2.c: the archived feed, kept for old recordings. */
#ifndef GEMINI_H
#define GEMINI_H

#include "arbspot/answers.h"
#include "arbspot/levels.h"

struct gemini {
    const char *protocol, *ws_url, *rest_url; /* options */
    struct arb_limits limits;
    const struct arb_exchange_env *env;
    bool is_v2;             /* it names pairs in upper case, the current feed in lower */
    struct arb_draft draft; /* of the book in hand */
};

void gemini_v2_plan(struct arb_plan *plan);
void gemini_v2_subscription(const struct gemini *self, const struct arb_ask *ask,
                            struct arb_text *text);
int gemini_v2_message(struct gemini *self, struct arb_host *host, struct arb_json json);

#endif /* GEMINI_H */
