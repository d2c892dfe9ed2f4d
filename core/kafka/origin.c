#include "kafka/origin.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "kafka/publisher_venue.h"

#define MESSAGES_MAX ((UINT32_C(1) << 30) - 1)
#define NO_BOOK UINT16_MAX

_Static_assert(sizeof(struct origin) == sizeof(void *), "an origin travels as the opaque");
_Static_assert(PUBLISHER_VENUES_MAX < UINT16_MAX, "an origin holds any venue");
_Static_assert(ARB_INSTRUMENTS_MAX <= NO_BOOK, "an origin holds any instrument");

static void *pack(struct origin origin)
{
    void *opaque;
    memcpy(&opaque, &origin, sizeof(opaque));
    return opaque;
}

struct origin origin_unpack(const void *opaque)
{
    struct origin origin;
    memcpy(&origin, &opaque, sizeof(origin));
    return origin;
}

static enum origin_kind kind_of(const struct event *event)
{
    if (event->kind == EVENT_SNAPSHOT) {
        return ORIGIN_IS_WHOLE;
    }
    return event->state == ARB_BOOK_LIVE ? ORIGIN_CHANGES : ORIGIN_IS_DOWN;
}

void *origin_of_event(unsigned venue, const struct event *event)
{
    const uint64_t n = event->conflated + 1;
    const uint32_t n_messages = n < MESSAGES_MAX ? (uint32_t)n : MESSAGES_MAX;

    return pack((struct origin){ .venue = (uint16_t)(venue + 1),
                                 .instrument = (uint16_t)event->instrument,
                                 .kind = kind_of(event),
                                 .n_messages = n_messages & MESSAGES_MAX });
}

void *origin_of_leaving(unsigned venue, uint32_t instrument)
{
    return pack((struct origin){ .venue = (uint16_t)(venue + 1),
                                 .instrument = (uint16_t)instrument,
                                 .kind = ORIGIN_LEAVES,
                                 .n_messages = 1 });
}

void *origin_of_alive(unsigned venue)
{
    return pack(
        (struct origin){ .venue = (uint16_t)(venue + 1), .instrument = NO_BOOK, .n_messages = 1 });
}

void *origin_of_strategy(void)
{
    return pack((struct origin){ .instrument = NO_BOOK });
}

bool origin_is_of_book(struct origin origin)
{
    return origin.venue != 0 && origin.instrument != NO_BOOK;
}

enum kafka_topic origin_topic(const void *opaque)
{
    const struct origin origin = origin_unpack(opaque);

    return origin.venue == 0 && origin.instrument != NO_BOOK ? KAFKA_OPPORTUNITIES : KAFKA_MARKET;
}

void origin_host(char out[WIRE_HOST_MAX])
{
    char machine[WIRE_HOST_MAX / 2] = "unknown";

    (void)gethostname(machine, sizeof(machine) - 1); /* then it stays so, or is cut */
    (void)snprintf(out, WIRE_HOST_MAX, "%s/%ld", machine, (long)getpid());
}
