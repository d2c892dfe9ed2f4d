#include "view/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arbspot/symbols.h"
#include "strategy/terms.h"
#include "util/json_text.h"
#include "view/diagnosis.h"
#include "view/row_json.h"
#include "wire/opportunity_fields.h"

static const char who[] = "view";

enum { HEAD_MAX = 128 }; /* bytes of a frame in front of its items */

struct view {
    struct source *source;
    struct arb_venue configured[CONFIG_EXCHANGES_MAX];
    struct market *market;
    struct items items;
    struct view_books books;
    struct view_venues venues;
    struct finds finds;
    struct curves curves;
    struct troubles troubles;
    struct attention attention; /* only how far clocks are apart */
    struct view_links links;
    struct diagnosis diagnosis;
    struct view_host_row host;
    struct item *host_item;
    int64_t next_ns;  /* mono: when what is shown changes next */
    int64_t heard_ns; /* mono: when something came that is no history; 0: nothing has */
};

/* -- what comes in ------------------------------------------------------------------------------
 */

static void hear(struct view *view, const struct event *event, struct moment now)
{
    market_apply(view->market, event, now.mono_ns);
    view_books_hear(&view->books, event);
    if (event->is_history) {
        return;
    }
    view->heard_ns = now.mono_ns;
    view_venues_hear(&view->venues, event);
    if (event->kind == EVENT_ALIVE) {
        attention_alive(&view->attention, event, now);
    }
}

/* True: there is more. */
static bool drain(struct view *view, struct moment now)
{
    unsigned n = 0;

    while (n < VIEW_STEP_MAX) {
        const struct event *const event = view->source->ops->next(view->source, 0);
        if (event == NULL) {
            return false;
        }
        hear(view, event, now);
        n++;
    }
    return true;
}

void view_on_opportunity(struct view *view, const struct opportunity *opportunity)
{
    finds_take(&view->finds, opportunity);
}

void view_abandon(struct view *view, find_is_left_fn *fn, void *context, struct moment now)
{
    finds_abandon(&view->finds, fn, context, now);
}

void view_on_survival(struct view *view, const struct opportunity *opportunity)
{
    finds_take_left(&view->finds, opportunity);
    curves_take(&view->curves, opportunity);
}

void view_on_matrix(struct view *view, const struct matrix *matrix)
{
    view_books_learn(&view->books, matrix);
}

void view_on_links(struct view *view, const struct view_links *links)
{
    view->links = *links;
}

/* -- what is shown ------------------------------------------------------------------------------
 */

static void update_broker(struct view_host_row *host, const struct view_links *links,
                          struct moment now)
{
    if (host->broker == links->broker) {
        return;
    }
    host->broker = links->broker;
    host->broker_since_ms = now.utc_ns / NS_PER_MS;
    memset(host->broker_text, 0, sizeof(host->broker_text));
    (void)snprintf(host->broker_text, sizeof(host->broker_text), "%s",
                   links->broker == VIEW_BROKER_DOWN ? links->broker_text : "");
}

static void update_host(struct view *view, struct moment now)
{
    const struct view_host_row before = view->host;
    struct view_host_row *const host = &view->host;

    update_broker(host, &view->links, now);
    host->n_books = host->n_live = 0;
    for (uint32_t i = 0; i < market_n_venues(view->market); i++) {
        host->n_books += view->books.counts[i].n_books;
        host->n_live += view->books.counts[i].n_live;
    }
    host->events_per_s = view->venues.events_per_s;
    host->skipped = view->links.n_books_skipped + view->links.n_opportunities_skipped;
    if (view->items.version == 0 || memcmp(&before, host, sizeof(before)) != 0) {
        item_touch(&view->items, view->host_item);
    }
}

/* Troubles come before venues, whose rows name the last one. */
static void show(struct view *view, struct moment now)
{
    view_books_step(&view->books);
    view_venues_step(&view->venues, view->books.counts, now);
    diagnosis_step(&view->diagnosis, now);
    update_host(view, now);
    items_commit(&view->items);
}

bool view_step(struct view *view, struct moment now)
{
    const bool has_more = drain(view, now);

    (void)market_on_time(view->market, now.mono_ns);
    if (now.mono_ns >= view->next_ns) {
        show(view, now);
        view->next_ns = now.mono_ns + VIEW_EVERY_MS * NS_PER_MS;
    }
    return has_more;
}

/* -- frames -------------------------------------------------------------------------------------
 */

/* The book a display asks for; false: there is none. */
static bool find_wish(const struct view *view, const struct view_wish *wish, uint32_t *instrument,
                      uint32_t *venue)
{
    *instrument = market_find_instrument(view->market, wish->symbol);
    *venue = market_find_venue(view->market, wish->venue);
    return *instrument != ARB_NO_INSTRUMENT && *venue < market_n_venues(view->market) &&
           view_books_at(&view->books, *instrument, *venue) != NULL;
}

bool view_ladder(struct view *view, const struct view_wish *wish, struct view_ladder *out)
{
    uint32_t instrument, venue;

    if (!find_wish(view, wish, &instrument, &venue)) {
        return false;
    }
    view_books_ladder(&view->books, instrument, venue, out);
    return true;
}

/* Whether the display lacks the ladder that it asks for, or has an older one. */
static bool is_wish_due(const struct view *view, const struct view_wish *wish)
{
    uint32_t instrument, venue;

    if (wish == NULL || wish->symbol[0] == '\0') {
        return false;
    }
    return wish->since == 0 || (find_wish(view, wish, &instrument, &venue) &&
                                view_books_version(&view->books, instrument, venue) > wish->since);
}

static void write_wish(struct view *view, const struct view_wish *wish, struct text_buffer *out)
{
    struct view_ladder ladder;
    char *at = text_buffer_room(out, ITEM_TEXT_MAX);

    if (at == NULL) {
        return;
    }
    char *const begin = at;
    at = put_text(at, "\"ladder:");
    at = json_text_write(at, (struct arb_bytes){ wish->venue, strlen(wish->venue) });
    at = put_text(at, ":");
    at = json_text_write(at, (struct arb_bytes){ wish->symbol, strlen(wish->symbol) });
    at = put_text(at, "\":");
    at = view_ladder(view, wish, &ladder) ? write_ladder(at, &ladder) : put_text(at, "null");
    out->len += (size_t)(at - begin);
}

uint64_t view_version(const struct view *view)
{
    return view->items.version;
}

int64_t view_heard_ns(const struct view *view)
{
    return view->heard_ns;
}

bool view_has_news(const struct view *view, uint64_t since, const struct view_wish *wish)
{
    return view->items.version > since || is_wish_due(view, wish);
}

static void write_head(struct view *view, bool is_whole, struct moment now, struct text_buffer *out)
{
    char head[HEAD_MAX];
    char *at = put_u64(head, "{\"v\":1,\"version\":", view->items.version);

    at = put_i64(at, ",\"at_ms\":", now.utc_ns / NS_PER_MS);
    at = put_text(at, is_whole ? ",\"whole\":true,\"items\":{" : ",\"items\":{");
    text_buffer_add(out, head, (size_t)(at - head));
}

uint64_t view_write_frame(struct view *view, uint64_t since, const struct view_wish *wish,
                          struct moment now, struct text_buffer *out)
{
    write_head(view, items_is_whole(&view->items, since), now, out);
    const uint32_t n = items_write(&view->items, since, out);
    if (is_wish_due(view, wish)) {
        text_buffer_add(out, ",", n > 0);
        write_wish(view, wish, out);
    }
    text_buffer_add(out, "}}", 2);
    return view->items.version;
}

/* -- rows ---------------------------------------------------------------------------------------
 */

const struct view_host_row *view_host(const struct view *view)
{
    return &view->host;
}

uint32_t view_n_troubles(const struct view *view)
{
    return troubles_n(&view->troubles);
}

const struct view_trouble_row *view_trouble(const struct view *view, uint32_t i)
{
    return troubles_at(&view->troubles, i);
}

uint32_t view_n_venues(const struct view *view)
{
    return market_n_venues(view->market);
}

const struct view_venue_row *view_venue(const struct view *view, uint32_t venue)
{
    return view_venues_at(&view->venues, venue);
}

uint32_t view_n_instruments(const struct view *view)
{
    return view->books.n;
}

const struct view_book_row *view_book(const struct view *view, uint32_t instrument, uint32_t venue)
{
    return view_books_at(&view->books, instrument, venue);
}

const struct view_matrix_row *view_matrix(const struct view *view, uint32_t instrument)
{
    return view_books_matrix(&view->books, instrument);
}

void view_each_opportunity(const struct view *view, find_fn *fn, void *context)
{
    finds_each(&view->finds, fn, context);
}

uint32_t view_n_survivals(const struct view *view)
{
    return view->curves.n;
}

const struct view_survival_row *view_survival(const struct view *view, uint32_t i)
{
    return curves_at(&view->curves, i);
}

/* -- from the beginning to the end --------------------------------------------------------------
 */

static int make_market(struct view *view, const struct config *config)
{
    struct market_config market = {
        .venues = view->configured, .learns_venues = true, .who = who, .config = config
    };

    for (unsigned i = 0; config != NULL && i < config->n_exchanges; i++) {
        view->configured[market.n_venues++] = venue_as_configured(&config->exchanges[i]);
    }
    return market.n_venues > ARB_VENUES_MAX ? ARB_ELIMIT : market_create(&view->market, &market);
}

static void connect_parts(struct view *view, const struct config *config)
{
    struct items *const items = &view->items;

    view->books = (struct view_books){ .market = view->market,
                                       .items = items,
                                       .n_configured = market_n_venues(view->market) };
    view->venues = (struct view_venues){ .market = view->market, .items = items, .config = config };
    view->finds.items = view->curves.items = view->troubles.items = items;
    view->attention.who = who;
    view->links.broker = VIEW_BROKER_UNKNOWN;
    view->diagnosis = (struct diagnosis){ .is_host = view->host.is_host,
                                          .market = view->market,
                                          .books = &view->books,
                                          .attention = &view->attention,
                                          .links = &view->links,
                                          .finds = &view->finds,
                                          .curves = &view->curves,
                                          .venues = &view->venues,
                                          .troubles = &view->troubles };
}

static int make_host(struct view *view, const struct view_config *config)
{
    struct view_host_row *const host = &view->host;

    (void)snprintf(host->name, sizeof(host->name), "%s", config->name);
    (void)snprintf(host->version, sizeof(host->version), "%s", config->version);
    host->is_host = config->is_host;
    host->started_ms = config->now.utc_ns / NS_PER_MS;
    view->host_item = item_create(&view->items, (struct item_source){ write_host, host }, "host");
    return view->host_item == NULL ? ARB_ENOMEM : ARB_OK;
}

int view_create(struct view **out, const struct view_config *config, struct err *err)
{
    struct view *const view = calloc(1, sizeof(*view));

    if (view == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory for what is shown");
    }
    view->source = config->source;
    int rc = items_init(&view->items);
    if (rc == ARB_OK) {
        rc = make_market(view, config->config);
    }
    if (rc == ARB_OK) {
        rc = make_host(view, config);
        connect_parts(view, config->config);
    }
    if (rc != ARB_OK) {
        view_destroy(view);
        return err_set(err, rc,
                       rc == ARB_ELIMIT ? "what is shown has room for %u venues: there are more "
                                          "[exchange:...] sections"
                                        : "no memory for what is shown of %u venues",
                       (unsigned)ARB_VENUES_MAX);
    }
    *out = view;
    return ARB_OK;
}

void view_destroy(struct view *view)
{
    if (view == NULL) {
        return;
    }
    troubles_fini(&view->troubles);
    curves_fini(&view->curves);
    finds_fini(&view->finds);
    view_books_fini(&view->books);
    items_fini(&view->items);
    market_destroy(view->market);
    free(view);
}
