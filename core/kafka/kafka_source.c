#include "kafka/kafka_source.h"

#include <stdlib.h>
#include <string.h>

#include "arbspot/symbols.h"
#include "arbspot/text.h"
#include "kafka/reader.h"
#include "wire/wire.h"
#include "util/clock.h"
#include "util/log.h"

enum {
    LEVELS_MAX = 2 * ARB_EVENT_LEVELS_MAX,
    GROUP_LOOK_MS = 50, /* between looks at what the group says */
};

static const char who[] = "kafka=source", group_who[] = "kafka=group";

/* One run of a strategy. */
struct run {
    char strategy[ARB_SYMBOL_MAX];
    uint64_t session;
    int64_t heard_ns; /* mono; 0: this place is free */
};

struct kafka_source {
    struct source source; /* first: a struct source * of ours points here */
    struct kafka_reader *reader;
    struct kafka_reader *group; /* of one that reads everything; else NULL */
    int64_t group_look_ns;      /* mono: when to look at it again */
    struct event share;         /* what it said */
    struct wire_event decoded;
    struct arb_symbol_map venue_map, instrument_map;
    struct event_venue venues[KAFKA_SOURCE_VENUES_MAX];
    struct arb_instrument instruments[ARB_INSTRUMENTS_MAX];
    struct run runs[KAFKA_SOURCE_RUNS_MAX];
    struct kafka_source_stats stats;
    struct log_limit skipped_limit;
};

static struct kafka_source *kafka_source_of(struct source *source)
{
    return (struct kafka_source *)source;
}

static struct arb_bytes bytes_of(const char *name)
{
    return (struct arb_bytes){ name, strlen(name) };
}

/* The place of a name, which is entered when there is room; else ARB_NO_INSTRUMENT. */
static uint32_t intern(struct arb_symbol_map *map, struct arb_bytes name, uint32_t max)
{
    const uint32_t known = arb_symbol_find(map, name);

    if (known != ARB_NO_INSTRUMENT) {
        return known;
    }
    if (map->n == max || arb_symbol_put(map, name, map->n) != ARB_OK) {
        return ARB_NO_INSTRUMENT;
    }
    return map->n - 1;
}

static const struct event_venue *intern_venue(struct kafka_source *s,
                                              const struct event_venue *venue)
{
    const uint32_t i = intern(&s->venue_map, bytes_of(venue->name), KAFKA_SOURCE_VENUES_MAX);

    if (i == ARB_NO_INSTRUMENT) {
        return NULL;
    }
    if (s->venues[i].name[0] == '\0') {
        s->venues[i] = *venue;
    }
    return &s->venues[i];
}

/* Prices of one instrument compare with `<`: a message with other scales cannot be used. */
static const struct arb_instrument *intern_instrument(struct kafka_source *s,
                                                      const struct arb_instrument *info)
{
    const uint32_t i = intern(&s->instrument_map, bytes_of(info->symbol), ARB_INSTRUMENTS_MAX);

    if (i == ARB_NO_INSTRUMENT) {
        return NULL;
    }
    struct arb_instrument *const known = &s->instruments[i];
    if (known->symbol[0] == '\0') {
        *known = *info;
    }
    const bool same = known->px_scale == info->px_scale && known->qty_scale == info->qty_scale;
    return same ? known : NULL;
}

/* Its place, or KAFKA_SOURCE_RUNS_MAX. */
static unsigned find_run(const struct kafka_source *s, const char *strategy, uint64_t session)
{
    unsigned i = 0;

    while (i < KAFKA_SOURCE_RUNS_MAX &&
           !(s->runs[i].session == session && strcmp(s->runs[i].strategy, strategy) == 0)) {
        i++;
    }
    return i;
}

static struct run *longest_unheard(struct kafka_source *s)
{
    struct run *found = &s->runs[0];

    for (unsigned i = 1; i < KAFKA_SOURCE_RUNS_MAX; i++) {
        found = s->runs[i].heard_ns < found->heard_ns ? &s->runs[i] : found;
    }
    return found;
}

static void hear_run(struct kafka_source *s, const struct event *word)
{
    const unsigned known = find_run(s, word->venue->name, word->session);
    struct run *const run = known < KAFKA_SOURCE_RUNS_MAX ? &s->runs[known] : longest_unheard(s);

    memcpy(run->strategy, word->venue->name, sizeof(run->strategy));
    run->session = word->session;
    run->heard_ns = clock_mono_ns();
}

/* Why a message was skipped, or NULL when it was taken. */
static const char *decode(struct kafka_source *s, struct arb_bytes value)
{
    struct event *const event = &s->decoded.event;

    switch (wire_read_event(value, &s->decoded)) {
    case ARB_OK:
        break;
    case ARB_ENOTSUP:
        return "it has another schema version";
    case ARB_ELIMIT:
        return "it has more levels or longer names than we take";
    case ARB_ERANGE:
        return "it has a number that does not fit";
    default:
        return "it is not a market-data message";
    }
    event->venue = intern_venue(s, &s->decoded.venue);
    if (event->venue == NULL) {
        return "it is of one venue too many";
    }
    if (event->kind == EVENT_ALIVE) {
        return NULL;
    }
    event->info = intern_instrument(s, &s->decoded.info);
    if (event->info == NULL) {
        return "its instrument has other scales than before, or is one too many";
    }
    event->instrument = (uint32_t)(event->info - s->instruments);
    return NULL;
}

static void note_skipped(struct kafka_source *s, const struct kafka_record *record, const char *why)
{
    s->stats.skipped++;
    log_limited(&s->skipped_limit, clock_mono_ns(), ARB_WARN, who,
                "skipped %s [%d] offset %lld: %s", record->topic, (int)record->partition,
                (long long)record->offset, why);
}

/* The event of a record, or NULL when there is none in it. */
static const struct event *take(struct kafka_source *s, const struct kafka_record *record)
{
    struct event *const event = &s->decoded.event;

    if (record->is_lost) {
        *event = (struct event){ .kind = EVENT_LOST, .reason = "" };
    } else {
        const char *const why = decode(s, record->value);
        if (why != NULL) {
            note_skipped(s, record, why);
            return NULL;
        }
        if (event->kind == EVENT_ALIVE && s->decoded.alive.is_of_strategy) {
            if (!record->is_history) {
                hear_run(s, event);
            }
            return NULL;
        }
        if (event->kind == EVENT_ALIVE) {
            kafka_reader_begin_at(s->reader, record->partition, s->decoded.alive.from);
            event->recv_ns = s->decoded.pub_ns;
            event->reason = s->decoded.alive.host;
        }
        s->stats.events++;
    }
    event->partition = (uint32_t)record->partition;
    event->is_history = record->is_history;
    return event;
}

/* What the group gives or takes; NULL: nothing. */
static const struct event *look_at_group(struct kafka_source *s)
{
    const int64_t now_ns = s->group == NULL ? 0 : clock_mono_ns();
    struct kafka_record record;

    if (s->group == NULL || now_ns < s->group_look_ns) {
        return NULL;
    }
    if (!kafka_reader_next(s->group, 0, &record)) {
        s->group_look_ns = now_ns + GROUP_LOOK_MS * NS_PER_MS;
        return NULL;
    }
    s->share = (struct event){ .kind = record.is_gained ? EVENT_OURS : EVENT_NOT_OURS,
                               .partition = (uint32_t)record.partition,
                               .reason = "" };
    return &s->share;
}

static const struct event *next(struct source *source, int timeout_ms)
{
    struct kafka_source *const s = kafka_source_of(source);
    const struct event *const share = look_at_group(s);
    struct kafka_record record;

    if (share != NULL) {
        return share;
    }
    if (s->group != NULL && timeout_ms > GROUP_LOOK_MS) {
        timeout_ms = GROUP_LOOK_MS;
    }
    while (kafka_reader_next(s->reader, timeout_ms, &record)) {
        const struct event *const event = take(s, &record);
        if (event != NULL) {
            return event;
        }
        timeout_ms = 0; /* skipping is no reason to wait longer than asked */
    }
    return NULL;
}

static bool explain(struct source *source, char *why, size_t cap)
{
    const struct kafka_source *const s = kafka_source_of(source);
    struct arb_text out = arb_text_over(why, cap);

    const bool is_deaf = kafka_reader_explain(s->reader, &out);
    if (s->stats.skipped > 0 && s->stats.events == 0) {
        arb_text_add(&out, "; what was in it are no messages of books");
    }
    return is_deaf;
}

static void wake(struct source *source)
{
    kafka_reader_wake(kafka_source_of(source)->reader);
}

static void destroy(struct source *source)
{
    struct kafka_source *const s = kafka_source_of(source);

    kafka_reader_destroy(s->group);
    kafka_reader_destroy(s->reader);
    free(s->decoded.levels);
    free(s);
}

static int open_readers(struct kafka_source *s, const struct kafka_config *config,
                        struct kafka_source_group group, struct err *err)
{
    struct kafka_reader_config reader = { .kafka = config,
                                          .topic = config->market_topic,
                                          .group = group.reads_all ? NULL : group.group,
                                          .start = KAFKA_FROM_TAIL,
                                          .who = who };
    const int rc = kafka_reader_create(&s->reader, &reader, err);

    if (rc != ARB_OK || group.group == NULL || !group.reads_all) {
        return rc;
    }
    reader.group = group.group;
    reader.is_idle = true;
    reader.who = group_who;
    return kafka_reader_create(&s->group, &reader, err);
}

int kafka_source_create(struct source **out, const struct kafka_config *config,
                        struct kafka_source_group group, struct err *err)
{
    static const struct source_ops ops = {
        .next = next, .wake = wake, .explain = explain, .destroy = destroy
    };
    struct kafka_source *const s = calloc(1, sizeof(*s));

    if (s == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory for a source");
    }
    s->source.ops = &ops;
    s->decoded.levels_max = LEVELS_MAX;
    s->decoded.levels = malloc(LEVELS_MAX * sizeof(*s->decoded.levels));
    if (s->decoded.levels == NULL) {
        destroy(&s->source);
        return err_set(err, ARB_ENOMEM, "no memory for a source");
    }
    const int rc = open_readers(s, config, group, err);
    if (rc != ARB_OK) {
        destroy(&s->source);
        return rc;
    }
    *out = &s->source;
    return ARB_OK;
}

int64_t kafka_source_run_ns(const struct source *source, const char *strategy, uint64_t session)
{
    const struct kafka_source *const s = (const struct kafka_source *)source;
    const unsigned i = find_run(s, strategy, session);

    return i < KAFKA_SOURCE_RUNS_MAX ? s->runs[i].heard_ns : 0;
}

struct leaders_missing kafka_source_missing(const struct source *source)
{
    return kafka_reader_missing(((const struct kafka_source *)source)->reader);
}

struct kafka_source_stats kafka_source_stats(const struct source *source)
{
    return ((const struct kafka_source *)source)->stats;
}
