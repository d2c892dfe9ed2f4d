#include "kafka/leaders.h"

#include <librdkafka/rdkafka.h>

#include "arbspot/text.h"

static const char rest[] = " and others";

/* As long as the rest, which may have to be said, fits too. */
static void add(struct arb_text *list, int32_t partition)
{
    const struct arb_text before = *list;

    arb_text_add(list, "%s%d", list->len == 0 ? "" : ", ", (int)partition);
    if (list->len + sizeof(rest) > LEADERS_LIST_MAX) {
        *list = before;
    }
}

struct leaders_missing leaders_missing(const struct rd_kafka_metadata_topic *topic)
{
    struct leaders_missing missing = { .of = (unsigned)topic->partition_cnt };
    struct arb_text list = arb_text_over(missing.list, sizeof(missing.list));
    unsigned n_listed = 0;

    for (int i = 0; i < topic->partition_cnt; i++) {
        if (topic->partitions[i].leader < 0) {
            const size_t len = list.len;
            add(&list, topic->partitions[i].id);
            n_listed += list.len > len;
            missing.n++;
        }
    }
    missing.list[list.len] = '\0';
    if (n_listed < missing.n) {
        arb_text_add(&list, "%s", rest);
    }
    return missing;
}
