#include "advice.h"

#include <string.h>

/* The beginning of a reason, and where its author looks first. */
static const struct {
    const char *reason, *advice;
} advices[] = {
    { "crossed", "are the bids given as asks?" },
    { "the venue's sequence went back",
      "is last_seq the venue's own number, and is each event published once, in its order?" },
    { "an event was lost",
      "are first_seq and last_seq the venue's own numbers of the changes in the event?" },
    { "an event overlaps the one before",
      "is first_seq the number of the first change in the event? Where the venue gives the last "
      "number before it, add one" },
    { "an event does not follow",
      "is prev_seq the last_seq of the event before, as the venue gives it?" },
    { "a price is not positive",
      "is it the price that is read there? Levels that the venue lists so are left out" },
    { "the venue's checksum does not match",
      "does checksum() spell the levels as the venue does, and is max_depth what the feed shows?" },
    { "a level was deleted", "is max_depth what the feed shows, and are sides and prices right?" },
    { "the venue did not answer", "does on_message() publish an ARB_BOOK_SNAPSHOT for the book?" },
};

/* A book that waits for its snapshot gives no reason. */
static const char *advice_for_waiting(const struct arb_plan *plan)
{
    return plan->snapshot_source == ARB_SNAPSHOT_HTTP
               ? "no snapshot came by HTTP: does ask() spell ARB_ASK_SNAPSHOT, and does "
                 "on_answer() "
                 "publish an ARB_BOOK_SNAPSHOT?"
               : "no snapshot came in the stream: does on_message() publish an ARB_BOOK_SNAPSHOT?";
}

const char *advice_for(const char *reason, uint32_t state, const struct arb_plan *plan)
{
    for (size_t i = 0; i < sizeof(advices) / sizeof(*advices); i++) {
        if (strncmp(reason, advices[i].reason, strlen(advices[i].reason)) == 0) {
            return advices[i].advice;
        }
    }
    return state == ARB_BOOK_SYNCING ? advice_for_waiting(plan) : NULL;
}
