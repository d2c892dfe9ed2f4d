#include "topic.h"

#include <stdlib.h>

static void *grown(void *memory, size_t *cap, size_t need, size_t size)
{
    if (need <= *cap) {
        return memory;
    }
    *cap = 2 * need + 1024;
    void *const larger = realloc(memory, *cap * size);
    if (larger == NULL) {
        abort(); /* a test without memory proves nothing */
    }
    return larger;
}

void topic_publish(struct topic *topic, const struct event *event, int64_t now_ns, int64_t utc_ns)
{
    static const struct wire_alive alive = { .from = -1, .host = "simulation/1" };
    const bool is_alive = event->kind == EVENT_ALIVE;
    const size_t bound = is_alive ? WIRE_ALIVE_MAX : wire_event_bound(event);

    topic->text = grown(topic->text, &topic->cap, topic->len + bound, 1);
    topic->messages =
        grown(topic->messages, &topic->cap_messages, topic->n + 1, sizeof(*topic->messages));
    char *const at = topic->text + topic->len;
    const size_t len = is_alive ? wire_write_alive(event, &alive, utc_ns, at)
                                : wire_write_event(event, utc_ns, at);
    topic->messages[topic->n++] = (struct topic_message){ topic->len, len, now_ns };
    topic->len += len;
}

void topic_fini(struct topic *topic)
{
    free(topic->text);
    free(topic->messages);
    *topic = (struct topic){ 0 };
}

size_t topic_find(const struct topic *topic, int64_t since_ns)
{
    size_t i = topic->n;
    while (i > 0 && topic->messages[i - 1].at_ns >= since_ns) {
        i--;
    }
    return i;
}

static const struct event *next(struct source *source, int timeout_ms)
{
    struct topic_reader *const reader = (struct topic_reader *)source; /* its first member */

    (void)timeout_ms;
    while (!topic_reader_is_done(reader)) {
        const struct topic_message *const message = &reader->topic->messages[reader->next++];
        const struct arb_bytes json = { reader->topic->text + message->at, message->len };
        if (wire_read_event(json, &reader->decoded) == ARB_OK) {
            reader->decoded.event.is_history = message->at_ns < reader->joined_ns;
            return &reader->decoded.event;
        }
        reader->failed++;
    }
    return NULL;
}

static void wake(struct source *source)
{
    (void)source; /* nobody waits here */
}

static void destroy(struct source *source)
{
    (void)source; /* the owner's memory */
}

static const struct source_ops ops = { .next = next, .wake = wake, .destroy = destroy };

void topic_reader_init(struct topic_reader *reader, const struct topic *topic,
                       struct arb_level *levels, uint32_t levels_max)
{
    *reader = (struct topic_reader){
        .source = { &ops },
        .topic = topic,
        .decoded = { .levels = levels, .levels_max = levels_max },
    };
}
