/*
 * top_feeder.h - reads a view from Kafka in a thread of its own, so that whoever draws it answers
 * keys and sees time pass while a broker is looked for.
 */
#ifndef ARB_TOP_FEEDER_H
#define ARB_TOP_FEEDER_H

#include "cmd/view_feed.h"
#include "top/snapshot.h"

struct top_feeder;

/* Both borrowed as long as it lives. `config` may be NULL. */
int top_feeder_start(struct top_feeder **feeder, const struct kafka_config *kafka,
                     const struct config *config, struct err *err);

/* Waits for its thread, which may take a second or two. NULL is accepted. */
void top_feeder_stop(struct top_feeder *feeder);

/* The rest by one thread, the one that draws. */

/* Whose matrix and ladders are wanted from here on. */
void top_feeder_wish(struct top_feeder *feeder, const struct snapshot_wish *wish);

/* The newest there is, which stays as it is until the next call. */
const struct snapshot *top_feeder_look(struct top_feeder *feeder);

/* view_heard_ns() of the newest. */
int64_t top_feeder_heard_ns(const struct top_feeder *feeder);

#endif /* ARB_TOP_FEEDER_H */
