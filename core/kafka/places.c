#include "kafka/places.h"

#include <assert.h>
#include <stdlib.h>

#include "arbspot/json.h"
#include "kafka/partition.h"
#include "util/clock.h"

struct place {
    uint32_t hash; /* decides the partition */
    uint32_t owed; /* messages lost and not asked for yet */
    uint32_t left; /* the partition that it leaves, or left last */
    bool is_known, is_leaving;
};

struct venue_places {
    struct feedback *feedback;
    const char *name;
    unsigned n_leaving;
    struct place books[ARB_INSTRUMENTS_MAX];
};

struct places {
    unsigned n_venues;
    bool is_owing;
    int64_t due_ns; /* 0: to be set by the next step */
    struct venue_places venues[];
};

struct places *places_create(struct feedback *const *feedbacks, unsigned n_venues)
{
    struct places *const places =
        calloc(1, sizeof(*places) + n_venues * sizeof(struct venue_places));

    if (places == NULL) {
        return NULL;
    }
    places->n_venues = n_venues;
    for (unsigned i = 0; i < n_venues; i++) {
        places->venues[i].feedback = feedbacks[i];
        places->venues[i].name = "";
    }
    return places;
}

void places_destroy(struct places *places)
{
    free(places);
}

uint32_t places_note(struct places *places, unsigned venue, const struct event *event)
{
    struct venue_places *const v = &places->venues[venue];
    struct place *const place = &v->books[event->instrument];

    if (!place->is_known) {
        v->name = event->venue->name;
        *place = (struct place){ .hash = partition_hash(arb_bytes_of(event->info->symbol)),
                                 .is_known = true };
    }
    return place->hash;
}

const char *places_venue(const struct places *places, unsigned venue)
{
    return places->venues[venue].name;
}

void places_owe(struct places *places, unsigned venue, uint32_t instrument, uint32_t n)
{
    struct place *const place = &places->venues[venue].books[instrument];

    assert(n > 0);
    place->owed = n < UINT32_MAX - place->owed ? place->owed + n : UINT32_MAX;
    places->is_owing = true;
}

static void ask(struct venue_places *venue, uint32_t instrument)
{
    struct place *const place = &venue->books[instrument];

    feedback_raise(venue->feedback, instrument, place->owed > 0 ? place->owed : 1);
    place->owed = 0;
}

static void raise_owed(struct places *places)
{
    for (unsigned v = 0; v < places->n_venues; v++) {
        for (uint32_t i = 0; i < ARB_INSTRUMENTS_MAX; i++) {
            if (places->venues[v].books[i].owed > 0) {
                ask(&places->venues[v], i);
            }
        }
    }
}

void places_step(struct places *places, int64_t mono_ns)
{
    if (!places->is_owing) {
        return;
    }
    if (places->due_ns == 0) {
        places->due_ns = mono_ns + PLACES_DELAY_MS * NS_PER_MS;
    } else if (mono_ns >= places->due_ns) {
        raise_owed(places);
        places->is_owing = false;
        places->due_ns = 0;
    }
}

unsigned places_raise_all(struct places *places)
{
    unsigned n = 0;

    for (unsigned v = 0; v < places->n_venues; v++) {
        for (uint32_t i = 0; i < ARB_INSTRUMENTS_MAX; i++) {
            if (places->venues[v].books[i].is_known) {
                ask(&places->venues[v], i);
                n++;
            }
        }
    }
    return n;
}

static void leave(struct venue_places *venue, struct place *place)
{
    venue->n_leaving += !place->is_leaving;
    place->is_leaving = true;
}

static unsigned move_all(struct venue_places *venue, unsigned n_before, unsigned n_after)
{
    unsigned n = 0;

    for (uint32_t i = 0; i < ARB_INSTRUMENTS_MAX; i++) {
        struct place *const place = &venue->books[i];
        const uint32_t before = partition_at(place->hash, n_before);
        if (place->is_known && before != partition_at(place->hash, n_after)) {
            place->left = place->is_leaving ? place->left : before;
            leave(venue, place);
            n++;
        }
    }
    return n;
}

unsigned places_move(struct places *places, unsigned n_before, unsigned n_after)
{
    unsigned n = 0;

    for (unsigned v = 0; v < places->n_venues; v++) {
        n += move_all(&places->venues[v], n_before, n_after);
    }
    return n;
}

bool places_next_leaving(const struct places *places, unsigned venue, struct leaving *leaving)
{
    const struct venue_places *const v = &places->venues[venue];

    for (uint32_t i = 0; v->n_leaving > 0 && i < ARB_INSTRUMENTS_MAX; i++) {
        const struct place *const place = &v->books[i];
        if (place->is_leaving) {
            *leaving = (struct leaving){ i, place->hash, place->left };
            return true;
        }
    }
    return false;
}

bool places_stays(const struct places *places, unsigned venue, uint32_t instrument, uint32_t *hash)
{
    const struct place *const place = &places->venues[venue].books[instrument];

    *hash = place->hash;
    return place->is_known && !place->is_leaving;
}

void places_left(struct places *places, unsigned venue, uint32_t instrument)
{
    struct venue_places *const v = &places->venues[venue];

    v->n_leaving -= v->books[instrument].is_leaving;
    v->books[instrument].is_leaving = false;
}

void places_leave_again(struct places *places, unsigned venue, uint32_t instrument)
{
    struct venue_places *const v = &places->venues[venue];

    leave(v, &v->books[instrument]);
}
