/*
 * rivals.h - who else publishes the venues of this host?
 *
 * Consumers follow one host for each venue. Two that publish the same one would take it from each
 * other, so the younger of them gives way: it stops, or with `standby = yes` waits until the other
 * is no longer alive. It is noticed by the alive messages. A host writes those of a venue into the
 * venue's own partition too, whatever its books are, so that there is one place to look.
 *
 * At the start a venue is mute (bus/feedback.h) until it is known to be free: at once when its last
 * host said that it ended, else after two seconds without a word of it. Without brokers
 * nobody else can publish, and it speaks.
 *
 * A thread of its own reads; the rest is read and written by any.
 */
#ifndef ARB_RIVALS_H
#define ARB_RIVALS_H

#include "bus/feedback.h"
#include "config/config.h"
#include "util/err.h"

/* Borrowed. */
struct rivals_venue {
    const char *name;
    struct feedback *feedback; /* made mute, and not */
};

/* Everything is borrowed and must outlive the rivals; `venues` is copied. */
struct rivals_config {
    const struct kafka_config *kafka;
    const struct rivals_venue *venues;
    unsigned n_venues;
    uint64_t run;   /* of this host */
    bool stands_by; /* instead of giving up */
    /* This host has to stop: another one publishes one of its venues. From the thread. */
    void (*give_up)(void *context);
    void *context;
};

struct rivals;

/* Makes all venues mute. */
int rivals_create(struct rivals **rivals, const struct rivals_config *config, struct err *err);
int rivals_start(struct rivals *rivals, struct err *err);

/* Asks the thread to end, if there is one; *_stop() waits for it. NULL is accepted here and below.
 */
void rivals_ask_to_stop(struct rivals *rivals);
void rivals_stop(struct rivals *rivals);
void rivals_destroy(struct rivals *rivals);

#endif /* ARB_RIVALS_H */
