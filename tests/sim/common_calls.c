#include "common_state.h"

#include <ctype.h>

#include "util/clock.h"

enum {
    WHOLE_DELAY_MIN_MS = 20,
    WHOLE_DELAY_MAX_MS = 40,
    FIRST_CHANNELS = 50, /* so that they have six digits */
};

const struct sim_venue_config *common_config(const struct common_venue *venue)
{
    return &venue->desk.config;
}

uint32_t common_find(const struct instrument_list *list, struct arb_bytes name)
{
    char market[ARB_SYMBOL_MAX];
    size_t len = 0;

    for (size_t i = 0; i < name.len && len < sizeof(market); i++) {
        if (isalnum((unsigned char)name.data[i])) {
            market[len++] = (char)tolower((unsigned char)name.data[i]);
        }
    }
    return arb_symbol_find(&list->by_market, (struct arb_bytes){ market, len });
}

bool common_follow(struct common_venue *venue, uint32_t client, uint32_t instrument, int64_t now_ns)
{
    struct subscription *const book = &venue->clients[client].books[instrument];

    if (book->interest != NONE) {
        return false;
    }
    common_listen(venue, client, now_ns);
    book->channel = (FIRST_CHANNELS + venue->n_channels++) * ARB_INSTRUMENTS_MAX + instrument;
    book->interest = FOLLOWS;
    return true;
}

static void await_whole(struct common_venue *venue, uint32_t client, uint32_t instrument,
                        int64_t now_ns)
{
    struct subscription *const book = &venue->clients[client].books[instrument];

    book->interest = WAITS;
    book->whole_ns = now_ns + prng_between(&venue->desk.prng, WHOLE_DELAY_MIN_MS * NS_PER_MS,
                                           WHOLE_DELAY_MAX_MS * NS_PER_MS);
    venue_desk_plan(&venue->desk, client,
                    (struct agenda_entry){
                        .at_ns = book->whole_ns, .what = WHOLE, .a = client, .b = instrument });
}

bool common_subscribe(struct common_venue *venue, uint32_t client, uint32_t instrument,
                      int64_t now_ns)
{
    const bool is_new = common_follow(venue, client, instrument, now_ns);

    if (is_new && venue->dialect->stream_has_whole && venue->desk.config.tape == NULL) {
        await_whole(venue, client, instrument, now_ns);
    }
    return is_new;
}

bool common_unsubscribe(struct common_venue *venue, uint32_t client, uint32_t instrument)
{
    struct subscription *const book = &venue->clients[client].books[instrument];
    const bool had = book->interest != NONE;

    book->interest = NONE;
    book->kinds = 0;
    common_leave(venue, client);
    return had;
}

static void answer(struct common_venue *venue, uint32_t id, struct book_words *words)
{
    struct arb_text text = venue_desk_frame(&venue->desk);

    if (venue->dialect->put_answer != NULL) {
        common_address(venue, id, words);
        venue->dialect->put_answer(words, &text);
        venue_desk_send(&venue->desk, id, &text);
    }
}

void common_tell_whole(struct common_venue *venue, uint32_t id, uint32_t instrument)
{
    struct client *const client = &venue->clients[id];

    if (client->books != NULL && client->books[instrument].interest == WAITS) {
        struct book_words words = common_whole(venue, instrument);
        client->books[instrument].interest = FOLLOWS;
        answer(venue, id, &words);
        common_tell(venue, id, &words, venue->dialect->put_book);
    }
}

uint32_t common_subscriptions(const struct common_venue *venue, uint32_t client)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < venue->desk.config.instruments->n; i++) {
        n += venue->clients[client].books[i].interest != NONE;
    }
    return n;
}

uint64_t common_channel_of(const struct common_venue *venue, uint32_t client, uint32_t instrument)
{
    const struct subscription *const book = &venue->clients[client].books[instrument];
    return book->interest == NONE ? 0 : book->channel;
}

uint32_t common_channel_book(const struct instrument_list *list, uint64_t channel)
{
    const uint32_t i = (uint32_t)(channel % ARB_INSTRUMENTS_MAX);
    return i < list->n ? i : ARB_NO_INSTRUMENT;
}

bool common_has(const struct common_venue *venue, uint32_t client, uint32_t instrument)
{
    return venue->clients[client].books[instrument].interest != NONE;
}

uint64_t *common_flags(struct common_venue *venue, uint32_t client)
{
    return &venue->clients[client].flags;
}

uint8_t *common_kinds(struct common_venue *venue, uint32_t client, uint32_t instrument)
{
    return &venue->clients[client].books[instrument].kinds;
}

void common_begin_beats(struct common_venue *venue, uint32_t client, int64_t now_ns)
{
    if (venue->clients[client].beat_ns == 0) {
        common_plan_beat(venue, client, now_ns);
    }
}

void common_answer_late(struct common_venue *venue, uint32_t client, int64_t at_ns)
{
    venue_desk_plan(&venue->desk, client,
                    (struct agenda_entry){ .at_ns = at_ns, .what = LATE_ANSWER, .a = client });
}

struct arb_text common_text(struct common_venue *venue)
{
    return venue_desk_frame(&venue->desk);
}

uint64_t common_count(struct common_venue *venue, uint32_t client)
{
    return venue->clients[client].n_sent++;
}

void common_send(struct common_venue *venue, uint32_t client, const struct arb_text *text)
{
    venue_desk_send(&venue->desk, client, text);
}

void common_close(struct common_venue *venue, uint32_t client, uint16_t code, const char *why)
{
    venue_desk_close(&venue->desk, client, code, why);
}

int64_t common_time_ns(const struct common_venue *venue, int64_t now_ns)
{
    return venue_desk_own_time_ns(&venue->desk, now_ns);
}
