#include "kafka/messages.h"

#include <stdio.h>
#include <string.h>

#include "arbspot/json.h"
#include "kafka/origin.h"
#include "kafka/partition.h"
#include "kafka/publisher_state.h"

enum {
    HUSH_MS = 1000, /* between two words on what was refused: they may be refused too */
    ROUND_MS = 1000,
    ROUND_EARLY_MS = 200, /* a round may come: venues are not that exact */
};

/* A snapshot may well be of a book that has not changed for long. */
static bool is_late(const struct event *event, int64_t now_ns)
{
    return event->kind == EVENT_DELTA && now_ns - event->recv_ns > PUBLISHER_LATE_MS * NS_PER_MS;
}

/* What the ring brings, and how it is written. */
struct opportunity_kind {
    const char *type;
    size_t (*write)(const struct opportunity *o, int64_t pub_ns, char *out);
};

static struct opportunity_kind kind_of(const struct opportunity *o)
{
    if (o->rest.delay_ns != 0) {
        return (struct opportunity_kind){ "survival", wire_write_survival };
    }
    return o->miss.reason != 0 ? (struct opportunity_kind){ "miss", wire_write_miss }
                               : (struct opportunity_kind){ "opportunity", wire_write_opportunity };
}

static bool produce_opportunity(struct publisher *p, const struct opportunity *o, int64_t now_ns)
{
    const struct opportunity_kind kind = kind_of(o);
    const struct outbox_message message = {
        .topic = KAFKA_OPPORTUNITIES,
        .hash = partition_hash(arb_bytes_of(opportunity_symbol(o))),
        .type = kind.type,
        .key = opportunity_symbol(o),
        .venue = "",
        .text = p->text,
        .len = kind.write(o, now_ns, p->text),
        .recv_ns = opportunity_recv_ns(o),
        .pub_ns = now_ns,
    };
    return outbox_send(&p->outbox, &message);
}

/* The partition of the market topic to which the keys with that hash belong. */
static uint32_t market_partition(const struct publisher *p, uint32_t hash)
{
    return partition_at(hash, outbox_partitions(&p->outbox, KAFKA_MARKET));
}

/* Says in one partition that the venue is alive. */
static bool say_alive(struct publisher *p, unsigned venue, uint32_t partition, int64_t now_ns)
{
    const struct voice *const voice = &p->voices[venue];
    struct wire_alive alive = { .from = starts_from(&voice->starts, partition) };

    memcpy(alive.host, p->host, sizeof(alive.host));
    const struct outbox_message message = {
        .topic = KAFKA_MARKET,
        .hash = partition, /* a number below theirs is its own partition */
        .type = event_kind_name(EVENT_ALIVE),
        .key = voice->name.name,
        .venue = voice->name.name,
        .text = p->text,
        .len = wire_write_alive(&voice->alive, &alive, now_ns, p->text),
        .recv_ns = now_ns,
        .pub_ns = now_ns,
        .origin = origin_of_alive(venue),
    };
    return outbox_send(&p->outbox, &message);
}

/* The first message of a venue in a partition is that it is alive. */
static bool enter_partition(struct publisher *p, unsigned venue, uint32_t partition, int64_t now_ns)
{
    struct voice *const voice = &p->voices[venue];

    if (voice->alive.session == 0 || starts_is_used(&voice->starts, partition)) {
        return true;
    }
    if (!say_alive(p, venue, partition, now_ns)) {
        return false;
    }
    starts_use(&voice->starts, partition); /* without memory it is said again */
    return true;
}

/* Where a message of a book goes, and what comes back with what became of it. */
struct route {
    uint32_t hash;
    void *origin;
};

static bool produce_on(struct publisher *p, const struct event *event, struct route route,
                       int64_t now_ns)
{
    const struct outbox_message message = {
        .topic = KAFKA_MARKET,
        .hash = route.hash,
        .type = event_kind_name(event->kind),
        .key = event->info->symbol,
        .venue = event->venue->name,
        .text = p->text,
        .len = wire_write_event(event, now_ns, p->text),
        .recv_ns = event->recv_ns,
        .pub_ns = now_ns,
        .origin = route.origin,
    };
    return outbox_send(&p->outbox, &message);
}

static bool produce_event(struct publisher *p, unsigned venue, const struct event *event,
                          int64_t now_ns)
{
    const struct route route = { places_note(p->places, venue, event),
                                 origin_of_event(venue, event) };

    if (!enter_partition(p, venue, market_partition(p, route.hash), now_ns) ||
        !produce_on(p, event, route, now_ns)) {
        return false;
    }
    (void)atomic_fetch_add_explicit(&p->late, is_late(event, now_ns), memory_order_relaxed);
    return true;
}

/*
 * Rounds that follow each other too fast, as the words of some seconds do that Kafka did not take,
 * would take the place of the books: those come once a second on the average.
 */
static bool begin_round(struct alive_round *round, const struct event *event, int64_t mono_ns)
{
    if (round->is_begun) {
        return true;
    }
    if (!event->ends && mono_ns < round->due_ns - ROUND_EARLY_MS * NS_PER_MS) {
        return false;
    }
    round->due_ns = (mono_ns > round->due_ns ? mono_ns : round->due_ns) + ROUND_MS * NS_PER_MS;
    round->is_begun = true;
    round->next = 0;
    return true;
}

/* Goes on where Kafka took no more. */
static bool go_round(struct publisher *p, unsigned venue, uint32_t own, int64_t now_ns)
{
    const struct starts *const starts = &p->voices[venue].starts;
    struct alive_round *const round = &p->voices[venue].round;

    for (; round->next < starts->n_partitions; round->next++) {
        const uint32_t i = round->next;
        if (i != own && starts_is_used(starts, i) && !say_alive(p, venue, i, now_ns)) {
            return false;
        }
    }
    return say_alive(p, venue, own, now_ns);
}

/* Says that the venue is alive in each of its partitions, and in its own: there others listen. */
static bool produce_alive(struct publisher *p, unsigned venue, const struct event *event,
                          struct moment now)
{
    struct voice *const voice = &p->voices[venue];

    voice->name = *event->venue;
    voice->alive = *event;
    voice->alive.venue = &voice->name;
    const uint32_t own = market_partition(p, partition_hash(arb_bytes_of(voice->name.name)));
    if (!begin_round(&voice->round, event, now.mono_ns)) {
        return true;
    }
    if (!go_round(p, venue, own, now.utc_ns)) {
        return false;
    }
    voice->round.is_begun = false;
    if (event->ends) {
        voice->round.due_ns = 0; /* whoever comes back is heard at once */
    }
    starts_use(&voice->starts, own);
    return true;
}

static bool produce_any(struct publisher *p, unsigned venue, const struct event *event,
                        struct moment now)
{
    return event->kind == EVENT_ALIVE ? produce_alive(p, venue, event, now)
                                      : produce_event(p, venue, event, now.utc_ns);
}

/* A venue is not said to be alive while something was lost that it has not sent anew. */
static bool is_hollow(const struct publisher *p, unsigned venue, const struct event *event)
{
    return event->kind == EVENT_ALIVE && !event->ends &&
           feedback_is_raised(p->venues[venue].feedback);
}

static bool send_now(struct publisher *p, unsigned venue, const struct event *event,
                     struct moment now)
{
    return outbox_may_send(&p->outbox, KAFKA_MARKET, now.mono_ns) &&
           produce_any(p, venue, event, now);
}

bool messages_say_last_words(struct publisher *p, unsigned venue, struct moment now)
{
    struct last_words *const words = p->venues[venue].words;

    for (const struct event *event; (event = last_words_next(words, now.utc_ns)) != NULL;) {
        if (!send_now(p, venue, event, now)) {
            return false;
        }
        last_words_note(words, event);
    }
    return true;
}

bool messages_say_refused(struct publisher *p, unsigned venue, struct moment now)
{
    struct last_words *const words = p->venues[venue].words;
    struct voice *const voice = &p->voices[venue];

    if (now.mono_ns < voice->hush_ns) {
        return true;
    }
    for (const struct event *event; (event = last_words_next_refused(words, now.utc_ns)) != NULL;) {
        if (!send_now(p, venue, event, now)) {
            return false;
        }
        last_words_note(words, event);
        voice->hush_ns = now.mono_ns + HUSH_MS * NS_PER_MS;
    }
    return true;
}

/* Who does not know the partition it moves to hears of the book for the last time. */
static bool say_moved(struct publisher *p, unsigned venue, const struct leaving *book,
                      struct moment now)
{
    const unsigned n_partitions = outbox_partitions(&p->outbox, KAFKA_MARKET);
    struct last_words *const words = p->venues[venue].words;
    char why[EVENT_REASON_MAX];

    if (n_partitions == 0) {
        return false;
    }
    (void)snprintf(why, sizeof(why), "moved to partition %u",
                   partition_at(book->hash, n_partitions)); /* fits */
    const struct event *const event =
        book->partition < n_partitions ? last_words_close(words, book->instrument, why, now.utc_ns)
                                       : NULL; /* the topic is another one, with fewer */
    if (event == NULL) {
        feedback_raise(p->venues[venue].feedback, book->instrument, 1);
        return true;
    }
    /* A number below theirs is its own partition. */
    const struct route route = { book->partition, origin_of_leaving(venue, book->instrument) };
    if (!outbox_may_send(&p->outbox, KAFKA_MARKET, now.mono_ns) ||
        !produce_on(p, event, route, now.utc_ns)) {
        return false;
    }
    last_words_note(words, event); /* which asks for the whole book */
    return true;
}

bool messages_say_moved(struct publisher *p, unsigned venue, struct moment now)
{
    for (struct leaving book; places_next_leaving(p->places, venue, &book);) {
        if (!say_moved(p, venue, &book, now)) {
            return false;
        }
        places_left(p->places, venue, book.instrument);
    }
    return true;
}

bool messages_pass_on(struct publisher *p, unsigned venue, const struct event *event,
                      struct moment now)
{
    struct last_words *const words = p->venues[venue].words;
    const struct event *const passed = last_words_pass(words, event);

    if (passed == NULL || is_hollow(p, venue, passed)) {
        return true;
    }
    if (!send_now(p, venue, passed, now)) {
        return false;
    }
    last_words_note(words, passed);
    return true;
}

/* In one partition of the market topic that is the strategy's: there others listen. */
static bool produce_strategy_alive(struct publisher *p, const struct opportunity *o, int64_t now_ns)
{
    struct event_venue name;
    struct wire_alive alive = { .is_of_strategy = true, .from = -1 };
    const struct event event = { .kind = EVENT_ALIVE,
                                 .venue = &name,
                                 .session = o->session,
                                 .seq = o->seq,
                                 .mono_ns = o->alive_ns,
                                 .ends = o->ends };

    memcpy(name.name, o->strategy, sizeof(name.name));
    memcpy(alive.host, p->host, sizeof(alive.host));
    const struct outbox_message message = {
        .topic = KAFKA_MARKET,
        .hash = partition_hash(arb_bytes_of(name.name)),
        .type = event_kind_name(EVENT_ALIVE),
        .key = name.name,
        .venue = "",
        .text = p->text,
        .len = wire_write_alive(&event, &alive, now_ns, p->text),
        .recv_ns = now_ns,
        .pub_ns = now_ns,
        .origin = origin_of_strategy(),
    };
    return outbox_send(&p->outbox, &message);
}

bool messages_pass_on_opportunity(struct publisher *p, const struct opportunity *o,
                                  struct moment now)
{
    if (o->alive_ns != 0) {
        return !outbox_may_send(&p->outbox, KAFKA_MARKET, now.mono_ns) ||
               produce_strategy_alive(p, o, now.utc_ns);
    }
    return outbox_may_send(&p->outbox, KAFKA_OPPORTUNITIES, now.mono_ns) &&
           produce_opportunity(p, o, now.utc_ns);
}

static bool produce_matrix(struct publisher *p, const struct matrix *matrix, int64_t now_ns)
{
    const struct outbox_message message = {
        .topic = KAFKA_OPPORTUNITIES,
        .hash = partition_hash(arb_bytes_of(WIRE_MATRIX_KEY)),
        .type = "matrix",
        .key = WIRE_MATRIX_KEY,
        .venue = "",
        .text = p->text,
        .len = wire_write_matrix(matrix, now_ns, p->text),
        .recv_ns = matrix->made_ns,
        .pub_ns = now_ns,
    };
    return outbox_send(&p->outbox, &message);
}

void messages_pass_on_matrix(struct publisher *p, const struct matrix *matrix, struct moment now)
{
    if (!outbox_may_send(&p->outbox, KAFKA_OPPORTUNITIES, now.mono_ns) ||
        !produce_matrix(p, matrix, now.utc_ns)) {
        (void)atomic_fetch_add_explicit(&p->left_out, 1, memory_order_relaxed);
    }
}
