/*
 * live_world.h - one book by itself, told in text what comes for it and telling in text what
 * becomes of it.
 *
 *   snap|delta|top #11 t=250 b100x1 a101x2 ...   an event; "#11-13" also has its first number,
 *                                               "#11<10" the one before; t in milliseconds
 *       max=2 beyond=1 sum=201
 *   wait 250      time goes by, in milliseconds; live_book_on_time()
 *   await, leave, ask (a snapshot by HTTP), trading PAIR VENUE
 *
 * Commands are separated by ';'. What was damaged is left as its caller would.
 */
#ifndef ARB_LIVE_WORLD_H
#define ARB_LIVE_WORLD_H

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "arbspot/text.h"
#include "book/live_book.h"

enum { LIVE_WORLD_LEVELS_MAX = 64, LIVE_WORLD_LOG_MAX = 65536 };

struct live_world {
    struct live_rules rules;
    struct live_room room;
    struct live_book book;
    struct moment now;
    struct arb_text log;
    char buffer[LIVE_WORLD_LOG_MAX];
    struct arb_level bids[LIVE_WORLD_LEVELS_MAX], asks[LIVE_WORLD_LEVELS_MAX];
};

/* The best bid and the best ask. */
static inline int live_world_checksum(void *self, const struct arb_book_event *event,
                                      const struct arb_book *book, uint32_t *checksum)
{
    (void)self;
    (void)event;
    *checksum = (uint32_t)((book->n_bids > 0 ? arb_bid_at(book, 0)->px : 0) +
                           (book->n_asks > 0 ? arb_ask_at(book, 0)->px : 0));
    return ARB_OK;
}

/* -- telling -------------------------------------------------------------------------- */

static inline void live_world_levels(struct arb_text *log, char side,
                                     const struct arb_level *levels, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        arb_text_add(log, " %c%" PRId64 "x%" PRId64, side, levels[i].px, levels[i].qty);
    }
}

/* What is usual (open) is left out. */
static inline void live_world_tell(struct live_world *world, const struct event *event)
{
    struct arb_text *const log = &world->log;

    arb_text_add(log, "%s %s", event_kind_name(event->kind), book_state_name(event->state));
    if (event->trading != ARB_TRADING_OPEN) {
        arb_text_add(log, " trading=%u", event->trading);
    }
    if (event->kind != EVENT_STATUS) {
        arb_text_add(log, " %s", verified_name(event->verified));
    }
    if (event->verified_levels > 0) {
        arb_text_add(log, " top=%u", event->verified_levels);
    }
    live_world_levels(log, 'b', event->bids, event->n_bids);
    live_world_levels(log, 'a', event->asks, event->n_asks);
    arb_text_add(log, "%s%s\n", event->reason_len > 0 ? " " : "", event->reason);
}

static inline void live_world_result(struct live_world *world, const struct live_result *result)
{
    struct event event;

    if (result->outcome == LIVE_TOLD) {
        live_world_tell(world, &result->event);
    } else if (result->outcome == LIVE_SEED_REFUSED) {
        arb_text_add(&world->log, "refused %s\n", result->why);
    } else if (result->outcome == LIVE_DAMAGED &&
               live_book_leave(&world->book, &world->rules, ARB_BOOK_STALE, world->now, result->why,
                               &event)) {
        arb_text_add(&world->log, "damaged ");
        live_world_tell(world, &event);
    }
}

/* -- being told ----------------------------------------------------------------------- */

static inline void live_world_level(const char *word, struct arb_level *levels, uint32_t *n)
{
    char *end = NULL;
    const int64_t px = strtoll(word, &end, 10);

    if (*n < LIVE_WORLD_LEVELS_MAX) {
        levels[(*n)++] = (struct arb_level){ .px = px, .qty = strtoll(end + 1, NULL, 10) };
    }
}

static inline void live_world_numbers(const char *word, struct arb_book_event *event)
{
    char *end = NULL;

    event->last_seq = strtoull(word, &end, 10);
    if (*end == '-') {
        event->first_seq = event->last_seq;
        event->last_seq = strtoull(end + 1, &end, 10);
    }
    if (*end == '<') {
        event->prev_seq = strtoull(end + 1, NULL, 10);
    }
}

static inline void live_world_word(struct live_world *world, const char *word,
                                   struct arb_book_event *event)
{
    if (word[0] == '#') {
        live_world_numbers(word + 1, event);
    } else if (strncmp(word, "t=", 2) == 0) {
        event->venue_ns = strtoll(word + 2, NULL, 10) * NS_PER_MS;
    } else if (strncmp(word, "max=", 4) == 0) {
        event->max_depth = (uint32_t)strtoul(word + 4, NULL, 10);
    } else if (strncmp(word, "beyond=", 7) == 0) {
        event->n_beyond = (uint32_t)strtoul(word + 7, NULL, 10);
    } else if (strncmp(word, "sum=", 4) == 0) {
        event->has_checksum = true;
        event->checksum = (uint32_t)strtoul(word + 4, NULL, 10);
    } else if (word[0] == 'b') {
        live_world_level(word + 1, world->bids, &event->n_bids);
    } else {
        live_world_level(word + 1, world->asks, &event->n_asks);
    }
}

static inline void live_world_event(struct live_world *world, uint32_t kind, char *words)
{
    struct arb_book_event event = { .size = sizeof(event),
                                    .kind = kind,
                                    .bids = world->bids,
                                    .asks = world->asks,
                                    .px_digits = ARB_DIGITS_UNKNOWN,
                                    .qty_digits = ARB_DIGITS_UNKNOWN };
    struct live_result result;
    char *save = NULL;

    for (char *word = strtok_r(words, " ", &save); word != NULL;
         word = strtok_r(NULL, " ", &save)) {
        live_world_word(world, word, &event);
    }
    live_book_apply(&world->book, &world->rules, &world->room, &event, world->now, &result);
    live_world_result(world, &result);
}

static inline void live_world_wait(struct live_world *world, const char *ms)
{
    struct live_result result;
    const int64_t ns = strtoll(ms, NULL, 10) * NS_PER_MS;

    world->now.mono_ns += ns;
    world->now.utc_ns += ns;
    live_book_on_time(&world->book, &world->rules, &world->room, world->now, &result);
    live_world_result(world, &result);
}

static inline void live_world_trading(struct live_world *world, char *words)
{
    char *venue = NULL;
    const uint8_t pair = (uint8_t)strtoul(words, &venue, 10);
    struct event event;

    if (live_book_set_trading(&world->book, &world->rules, pair, (uint8_t)strtoul(venue, NULL, 10),
                              world->now, "trading", &event)) {
        live_world_tell(world, &event);
    }
}

static inline void live_world_command(struct live_world *world, char *command)
{
    struct event event;
    char *words = NULL;
    const char *const name = strtok_r(command, " ", &words);

    if (strcmp(name, "snap") == 0) {
        live_world_event(world, ARB_BOOK_SNAPSHOT, words);
    } else if (strcmp(name, "delta") == 0) {
        live_world_event(world, ARB_BOOK_DELTA, words);
    } else if (strcmp(name, "top") == 0) {
        live_world_event(world, ARB_BOOK_TOP, words);
    } else if (strcmp(name, "wait") == 0) {
        live_world_wait(world, words);
    } else if (strcmp(name, "trading") == 0) {
        live_world_trading(world, words);
    } else if (strcmp(name, "ask") == 0) {
        world->book.asked_ns = world->now.mono_ns;
    } else if (strcmp(name, "await") == 0) {
        if (live_book_await(&world->book, &world->rules, world->now, "waiting", &event)) {
            live_world_tell(world, &event);
        }
    } else {
        assert_string_equal(name, "leave");
        if (live_book_leave(&world->book, &world->rules, ARB_BOOK_STALE, world->now, "left",
                            &event)) {
            live_world_tell(world, &event);
        }
    }
}

static inline void live_world_say(struct live_world *world, const char *script)
{
    char *const copy = strdup(script);
    char *save = NULL;

    assert_non_null(copy);
    for (char *command = strtok_r(copy, ";", &save); command != NULL;
         command = strtok_r(NULL, ";", &save)) {
        live_world_command(world, command);
    }
    free(copy);
}

/* Compares what was told since the last time. */
static inline void live_world_expect(struct live_world *world, const char *want)
{
    assert_true(arb_text_fits(&world->log));
    assert_string_equal(world->buffer, want);
    world->log = arb_text_over(world->buffer, sizeof(world->buffer));
}

static inline void live_world_forget(struct live_world *world)
{
    world->log = arb_text_over(world->buffer, sizeof(world->buffer));
}

/* -- life ----------------------------------------------------------------------------- */

/* A book that waits for its snapshot. */
static inline struct live_world *live_world_create(const struct live_rules *rules)
{
    struct live_world *const world = calloc(1, sizeof(*world));

    assert_non_null(world);
    world->rules = *rules;
    world->rules.checksum = live_world_checksum;
    world->now = (struct moment){ .mono_ns = 1000 * NS_PER_S, .utc_ns = 5000 * NS_PER_S };
    assert_int_equal(live_room_init(&world->room), ARB_OK);
    assert_int_equal(live_book_init(&world->book), ARB_OK);
    live_world_forget(world);
    live_world_say(world, "await");
    live_world_expect(world, "status SYNCING waiting\n");
    return world;
}

static inline void live_world_destroy(struct live_world *world)
{
    live_book_fini(&world->book);
    live_room_fini(&world->room);
    free(world);
}

/* A whole test: what is said to a book that waits, and all that it tells. */
static inline void live_world_run(const struct live_rules *rules, const char *script,
                                  const char *want)
{
    struct live_world *const world = live_world_create(rules);

    live_world_say(world, script);
    live_world_expect(world, want);
    live_world_destroy(world);
}

#endif /* ARB_LIVE_WORLD_H */
