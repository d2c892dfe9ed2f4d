/*
 * view_feed.h - a view (view/view.h) that is fed from Kafka: what is shown of hosts that run
 * elsewhere. One thread at a time.
 */
#ifndef ARB_VIEW_FEED_H
#define ARB_VIEW_FEED_H

#include "cmd/attach.h"
#include "view/view.h"

struct view_feed;

/* Both borrowed as long as the feed lives. `config` may be NULL: see view_config. */
int view_feed_create(struct view_feed **feed, const struct kafka_config *kafka,
                     const struct config *config, struct err *err);

/* NULL is accepted. */
void view_feed_destroy(struct view_feed *feed);

/*
 * Takes in what has come, and steps the view, without waiting; while a topic is being looked for it
 * may take a second or two. True: there is more, so call again soon.
 */
bool view_feed_step(struct view_feed *feed, struct moment now);

/* It is the feed's. */
struct view *view_feed_view(const struct view_feed *feed);

/* `config` is NULL when there is no file. Borrowed for the call. */
typedef int view_feed_fn(void *context, const struct kafka_config *kafka,
                         const struct config *config);

/*
 * As attach_call(): the file is read whole, with its plugins, since fees may be what these tell.
 */
int view_feed_call(const struct attach_request *request, view_feed_fn *fn, void *context);

#endif /* ARB_VIEW_FEED_H */
