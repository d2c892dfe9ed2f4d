#include "cmd/view_feed.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "cmd/setup.h"
#include "kafka/kafka_source.h"
#include "kafka/reader.h"
#include "util/log.h"
#include "wire/wire.h"

enum {
    RECORDS_MAX = 1024, /* of opportunities, in one step */
    TAIL = 2000,        /* records of each partition that are read back at the beginning */
};

/* A run of a strategy says once a second that it is there; one that has not for so long is over. */
#define RUN_LASTS_NS (10 * NS_PER_S)

static const char who[] = "kafka=view";

struct view_feed {
    struct source *source;
    struct kafka_reader *reader; /* of opportunities */
    struct view *view;
    uint64_t n_skipped; /* messages of the reader's */
    struct log_limit skipped_limit;
    int64_t look_ns;      /* mono: when to look at the links again, */
    int64_t looked_ns;    /* when that was done last, */
    int64_t listening_ns; /* and since when nothing that was said can have been missed */
};

/* -- opportunities ------------------------------------------------------------------------------
 */

static int take_matrix(struct view *view, struct arb_bytes value)
{
    struct matrix matrix;
    int64_t pub_ns;
    const int rc = wire_read_matrix(value, &matrix, &pub_ns);

    if (rc == ARB_OK) {
        view_on_matrix(view, &matrix);
    }
    return rc;
}

static int take_survival(struct view *view, struct arb_bytes value)
{
    struct opportunity opportunity;
    int64_t pub_ns;
    const int rc = wire_read_survival(value, &opportunity, &pub_ns);

    if (rc == ARB_OK) {
        view_on_survival(view, &opportunity);
    }
    return rc;
}

static int take_opportunity(struct view *view, struct arb_bytes value)
{
    struct opportunity opportunity;
    int64_t pub_ns;
    const int rc = wire_read_opportunity(value, &opportunity, &pub_ns);

    if (rc == ARB_OK) {
        view_on_opportunity(view, &opportunity);
    }
    return rc;
}

static int take(struct view *view, struct arb_bytes value)
{
    if (wire_is_miss(value)) {
        return ARB_OK; /* what there is none of is not shown: `arbspot log --misses` tells */
    }
    if (wire_is_matrix(value)) {
        return take_matrix(view, value);
    }
    return wire_is_survival(value) ? take_survival(view, value) : take_opportunity(view, value);
}

static void note_skipped(struct view_feed *feed, const struct kafka_record *record, int rc,
                         struct moment now)
{
    feed->n_skipped++;
    log_limited(&feed->skipped_limit, now.mono_ns, ARB_WARN, who, "skipped %s [%d] offset %lld: %s",
                record->topic, (int)record->partition, (long long)record->offset,
                rc == ARB_ENOTSUP ? "it has another schema version" : "not an opportunity");
}

/* True: there is more. */
static bool read_opportunities(struct view_feed *feed, struct moment now)
{
    struct kafka_record record;

    for (unsigned n = 0; n < RECORDS_MAX; n++) {
        if (!kafka_reader_next(feed->reader, 0, &record)) {
            return false;
        }
        const int rc = take(feed->view, record.value);
        if (rc != ARB_OK) {
            note_skipped(feed, &record, rc, now);
        }
    }
    return true;
}

/* -- how they come ------------------------------------------------------------------------------
 */

static uint32_t broker_of(const struct kafka_reader *reader)
{
    switch (kafka_reader_reach(reader)) {
    case KAFKA_REACHED:
        return VIEW_BROKER_UP;
    case KAFKA_UNREACHABLE:
        return VIEW_BROKER_DOWN;
    case KAFKA_REACH_UNKNOWN:
        break;
    }
    return VIEW_BROKER_UNKNOWN;
}

/* Some of it is read, and who reads it does not see what is missing. */
static void name_missing(char *why, const struct leaders_missing *missing)
{
    if (missing->n > 0) {
        (void)snprintf(why, VIEW_TEXT_MAX,
                       "of %u partitions %u have no leader, so nobody can read them: %s",
                       missing->of, missing->n, missing->list);
    }
}

static void explain_books(const struct view_feed *feed, char *why)
{
    const struct leaders_missing missing = kafka_source_missing(feed->source);

    if (!feed->source->ops->explain(feed->source, why, VIEW_TEXT_MAX)) {
        why[0] = '\0';
        name_missing(why, &missing);
    }
}

static void explain_opportunities(const struct view_feed *feed, char *why)
{
    const struct leaders_missing missing = kafka_reader_missing(feed->reader);
    struct arb_text text = arb_text_over(why, VIEW_TEXT_MAX);

    if (!kafka_reader_explain(feed->reader, &text)) {
        why[0] = '\0';
        name_missing(why, &missing);
    }
}

static bool is_left(void *context, const struct opportunity *opportunity)
{
    const struct view_feed *const feed = context;
    const int64_t heard_ns =
        kafka_source_run_ns(feed->source, opportunity->strategy, opportunity->session);

    return feed->looked_ns - heard_ns >= RUN_LASTS_NS;
}

/* What a run has left open that ended without a word. Who was deaf himself cannot tell. */
static void look_at_runs(struct view_feed *feed, const struct view_links *links, struct moment now)
{
    const bool is_deaf = links->broker != VIEW_BROKER_UP || links->books[0] != '\0';

    if (is_deaf || now.mono_ns - feed->looked_ns >= RUN_LASTS_NS) {
        feed->listening_ns = now.mono_ns;
    }
    feed->looked_ns = now.mono_ns;
    if (now.mono_ns - feed->listening_ns >= RUN_LASTS_NS) {
        view_abandon(feed->view, is_left, feed, now);
    }
}

static void look_at_links(struct view_feed *feed, struct moment now)
{
    struct view_links links = { .broker = broker_of(feed->reader) };

    if (now.mono_ns < feed->look_ns) {
        return;
    }
    feed->look_ns = now.mono_ns + NS_PER_S;
    explain_books(feed, links.books);
    explain_opportunities(feed, links.opportunities);
    if (links.broker == VIEW_BROKER_DOWN) {
        (void)snprintf(links.broker_text, sizeof(links.broker_text), "%s", links.opportunities);
    }
    links.n_books_skipped = kafka_source_stats(feed->source).skipped;
    links.n_opportunities_skipped = feed->n_skipped;
    view_on_links(feed->view, &links);
    look_at_runs(feed, &links, now);
}

bool view_feed_step(struct view_feed *feed, struct moment now)
{
    const bool has_more = read_opportunities(feed, now);

    look_at_links(feed, now);
    return view_step(feed->view, now) || has_more;
}

struct view *view_feed_view(const struct view_feed *feed)
{
    return feed->view;
}

/* -- from the beginning to the end --------------------------------------------------------------
 */

static int make_reader(struct view_feed *feed, const struct kafka_config *kafka, struct err *err)
{
    const struct kafka_reader_config config = { .kafka = kafka,
                                                .topic = kafka->opportunity_topic,
                                                .start = KAFKA_FROM_TAIL,
                                                .n_tail = TAIL,
                                                .who = who };
    return kafka_reader_create(&feed->reader, &config, err);
}

static int make_view(struct view_feed *feed, const struct config *config, struct err *err)
{
    char machine[VIEW_NAME_MAX] = "";
    const struct view_config view = { .config = config,
                                      .source = feed->source,
                                      .name = machine,
                                      .version = ARBSPOT_VERSION,
                                      .now = clock_moment() };

    (void)gethostname(machine, sizeof(machine) - 1); /* then it has no name, or is cut */
    return view_create(&feed->view, &view, err);
}

int view_feed_create(struct view_feed **out, const struct kafka_config *kafka,
                     const struct config *config, struct err *err)
{
    struct view_feed *const feed = calloc(1, sizeof(*feed));

    if (feed == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory");
    }
    int rc = kafka_source_create(&feed->source, kafka, (struct kafka_source_group){ 0 }, err);
    if (rc == ARB_OK) {
        rc = make_reader(feed, kafka, err);
    }
    if (rc == ARB_OK) {
        rc = make_view(feed, config, err);
    }
    if (rc != ARB_OK) {
        view_feed_destroy(feed);
        return rc;
    }
    *out = feed;
    return ARB_OK;
}

void view_feed_destroy(struct view_feed *feed)
{
    if (feed == NULL) {
        return;
    }
    view_destroy(feed->view);
    kafka_reader_destroy(feed->reader);
    if (feed->source != NULL) {
        feed->source->ops->destroy(feed->source);
    }
    free(feed);
}

static int call_configured(const struct attach_request *request, view_feed_fn *fn, void *context)
{
    struct setup *const setup = calloc(1, sizeof(*setup));
    int status = CONFIG_EXIT;

    if (setup == NULL) {
        (void)fprintf(stderr, "arbspot %s: no memory\n", request->command);
        return CMD_FAILED;
    }
    if (setup_load(setup, request->config, NULL) == 0) {
        struct kafka_config *const kafka = &setup->config.kafka;
        kafka->brokers = request->brokers != NULL ? request->brokers : kafka->brokers;
        kafka->opportunity_topic =
            request->topic != NULL ? request->topic : kafka->opportunity_topic;
        status =
            attach_is_reachable(request, kafka) ? fn(context, kafka, &setup->config) : CMD_USAGE;
    }
    setup_fini(setup);
    free(setup);
    return status;
}

int view_feed_call(const struct attach_request *request, view_feed_fn *fn, void *context)
{
    if (request->config != NULL) {
        return call_configured(request, fn, context);
    }
    const struct kafka_config kafka = attach_by_brokers(request);
    return attach_is_reachable(request, &kafka) ? fn(context, &kafka, NULL) : CMD_USAGE;
}
