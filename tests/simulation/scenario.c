#include "scenario.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common_venue.h"
#include "scenario_internal.h"
#include "words.h"

enum {
    STREAM = 21,
    RING_BOOKS = 3, /* whole books that the slow consumer's ring has room for */
    VIOLATIONS_SHOWN = 4,
};

/* What a frame's tag says: which book it brings to which version. */
struct tag {
    uint32_t venue, slot, instrument, version;
    bool is_book, is_whole;
    bool is_check; /* only compared with the book */
};

/* -- telling -------------------------------------------------------------------------- */

static double seconds(const struct scenario *s)
{
    return (double)(s->now_ns - SIMULATION_START_NS) / 1e9; /* for people */
}

void scenario_tell(const struct scenario *s, const char *fmt, ...)
{
    va_list args;

    if (!s->options.is_verbose) {
        return;
    }
    (void)printf("%9.4f ", seconds(s));
    va_start(args, fmt);
    (void)vprintf(fmt, args);
    va_end(args);
    (void)putchar('\n');
}

void scenario_violate(struct scenario *s, const char *fmt, ...)
{
    va_list args;

    s->totals->violations += s->violations++ == 0;
    if (s->violations > VIOLATIONS_SHOWN) {
        return;
    }
    (void)printf("VIOLATION seed=%" PRIu64 " at %.4f s: ", s->options.seed, seconds(s));
    va_start(args, fmt);
    (void)vprintf(fmt, args);
    va_end(args);
    (void)putchar('\n');
}

/* -- from the world to the sessions --------------------------------------------------- */

static uint64_t pack(struct tag tag)
{
    return (uint64_t)tag.version << 32 | tag.instrument << 16 | tag.venue << 8 | tag.slot << 4 |
           (tag.is_check ? 4U : 0U) | (tag.is_whole ? 2U : 0U) | (tag.is_book ? 1U : 0U);
}

static struct tag unpack(uint64_t packed)
{
    return (struct tag){ .version = (uint32_t)(packed >> 32),
                         .instrument = packed >> 16 & 0xffff,
                         .venue = packed >> 8 & 0xff,
                         .slot = packed >> 4 & 0xf,
                         .is_check = (packed & 4) != 0,
                         .is_whole = (packed & 2) != 0,
                         .is_book = (packed & 1) != 0 };
}

static void note_version(struct scenario *s, uint32_t venue, uint32_t instrument,
                         const struct sim_book *book, int64_t now_ns)
{
    struct side *const side = &s->sides[venue];
    const struct extent extent = { side->depth, side->proof.levels };

    if (versions_add(&side->versions[instrument], book,
                     &world_instruments(s->world, venue)->items[instrument], extent,
                     now_ns) != ARB_OK) {
        abort();
    }
}

/* A change is sent before the model says that its book is a new one; a snapshot is of the last. */
static struct tag tag_of(const struct side *side, uint32_t client,
                         const struct frame_subject *subject)
{
    const bool is_book = subject->role == FRAME_BOOK || subject->role == FRAME_SNAPSHOT;
    const uint32_t next = side->versions[subject->instrument].n;

    return (struct tag){
        .venue = side->venue,
        .slot = link_slot_of_client(client),
        .instrument = subject->instrument,
        .version = subject->role == FRAME_SNAPSHOT ? next - 1 : next,
        .is_book = is_book && subject->feed == side->stream,
        .is_whole = subject->role == FRAME_SNAPSHOT || side->stream == FAULT_AT_ORDER_BOOK,
        .is_check = is_book && subject->feed != side->stream,
    };
}

static void on_world_send(void *context, uint32_t venue, uint32_t client, struct arb_bytes frame)
{
    struct scenario *const s = context;
    const struct frame_subject subject = frame_subject_of(s->instruments, frame);
    const uint32_t i = subject.instrument;
    const struct tag tag = i == ARB_NO_INSTRUMENT ? (struct tag){ .venue = venue }
                                                  : tag_of(&s->sides[venue], client, &subject);

    if (tag.is_book && subject.feed == FAULT_AT_ORDERS) {
        const struct sim_venue *const model = world_venue(s->world, venue);
        note_version(s, venue, i, model->ops->told(model, i), s->now_ns);
    }
    fault_send(s->faults, venue, client, frame, pack(tag));
}

static void on_world_close(void *context, uint32_t venue, uint32_t client, uint16_t code,
                           const char *why)
{
    struct scenario *const s = context;
    (void)code;
    link_close(s->sides[venue].link, client, why);
}

static void note_published(struct scenario *s, uint32_t venue, uint32_t instrument, int64_t now_ns)
{
    const struct sim_venue *const model = world_venue(s->world, venue);
    note_version(s, venue, instrument, model->ops->published(model, instrument), now_ns);
}

static void on_world_published(void *context, uint32_t venue, uint32_t instrument, int64_t now_ns)
{
    struct scenario *const s = context;
    if (s->world != NULL) { /* the first books are noted when it is there */
        note_published(s, venue, instrument, now_ns);
    }
}

static void on_fault_send(void *context, uint32_t venue, uint32_t client, struct arb_bytes frame,
                          struct fault_mark mark)
{
    struct scenario *const s = context;
    link_send(s->sides[venue].link, client, frame, mark);
}

static void on_lost(void *context, uint64_t packed)
{
    struct scenario *const s = context;
    const struct tag tag = unpack(packed);

    struct oracle *const oracle = &s->sides[tag.venue].sessions[tag.slot].oracles[tag.instrument];

    if (tag.is_book) {
        oracle_lose(oracle, tag.version);
    } else if (tag.is_check) {
        oracle_lose_check(oracle);
    }
}

static void end_reaction(struct side *side, uint32_t instrument)
{
    const struct scenario *const s = side->scenario;
    struct reaction *const reaction = &side->reactions[instrument];

    if (reaction->kind != 0 && s->options.reaction != NULL) {
        s->options.reaction(s->options.context, reaction);
    }
    reaction->kind = 0;
}

/* A fault that comes on top of another one takes over. */
static void begin_reaction(struct side *side, uint32_t instrument, const struct fault *fault)
{
    end_reaction(side, instrument);
    side->reactions[instrument] = (struct reaction){
        .kind = fault->kind, .feeds = side->feeds, .stale_ns = -1, .healed_ns = -1
    };
    side->fault_ns[instrument] = side->scenario->now_ns;
    side->was_down[instrument] = scenario_state(side, instrument) != ARB_BOOK_LIVE;
}

static void follow_reaction(struct side *side, uint32_t i, const struct event *event)
{
    struct reaction *const reaction = &side->reactions[i];
    const int64_t since_ns = side->scenario->now_ns - side->fault_ns[i];
    const bool is_good = event->state == ARB_BOOK_LIVE && event->trading == ARB_TRADING_OPEN;

    if (reaction->kind == 0) {
        return;
    }
    if (!is_good && reaction->stale_ns < 0 && !side->was_down[i]) {
        reaction->stale_ns = since_ns;
    } else if (is_good && (reaction->stale_ns >= 0 || side->was_down[i])) {
        reaction->healed_ns = since_ns;
        end_reaction(side, i);
    }
}

/* How long the scenario has to go on so that this fault can show. */
static int64_t duration_of(const struct side *side, const struct fault *fault)
{
    switch ((enum fault_kind)fault->kind) {
    case FAULT_HANG:
        return side->silence_ns;
    case FAULT_SILENT:
        return 7 * NS_PER_S / 2;
    case FAULT_REST_429:
    case FAULT_REST_RETRY_AFTER:
    case FAULT_REST_RATE_ERROR:
    case FAULT_REST_DOWN:
    case FAULT_UNSUBSCRIBED:
        return 11 * NS_PER_S / 2;
    case FAULT_STALL:
    case FAULT_MAINTENANCE:
    case FAULT_CANCEL_ONLY:
        return 5 * NS_PER_S / 2;
    default:
        return NS_PER_S / 2;
    }
}

/* Of a REST book that is not what it says. */
static bool is_of_books(const struct fault *fault)
{
    return fault->kind == FAULT_REST_STALE || fault->kind == FAULT_PHANTOM;
}

/* That the venue ended a subscription, nothing tells any more. */
static void forget_end(struct side *side, uint32_t instrument)
{
    for (uint32_t slot = 0; slot < LINK_SLOTS_MAX; slot++) {
        side->sessions[slot].ended_ns[instrument] = 0;
    }
}

static void on_applied(void *context, const struct fault *fault)
{
    struct scenario *const s = context;
    struct side *const side = &s->sides[fault->venue];

    s->totals->faults++;
    s->n_faults++;
    s->last_fault_ns = s->now_ns;
    const int64_t until_ns = s->now_ns + duration_of(side, fault);
    s->end_ns = s->end_ns < until_ns ? until_ns : s->end_ns;
    scenario_tell(s, "fault %s:%s %s", s->venues[fault->venue].name, fault_infos[fault->kind].name,
                  fault->instrument == ARB_NO_INSTRUMENT ? ""
                                                         : scenario_symbol(s, fault->instrument));
    for (uint32_t i = 0; i < s->instruments->n; i++) {
        if (fault->instrument == ARB_NO_INSTRUMENT || fault->instrument == i) {
            begin_reaction(side, i, fault);
        }
    }
    if (fault->kind == FAULT_STALL || fault->kind == FAULT_HANG) {
        side->has_order = side->has_order && exchange_dialect_of(side->number)->has_dates;
    }
    if (fault->kind == FAULT_REFUSE) {
        side->is_refused[fault->instrument] = true;
    }
    if (fault->kind == FAULT_NO_ACK) {
        forget_end(side, fault->instrument);
    }
    for (uint32_t l = 0; l < LINK_SLOTS_MAX && is_of_books(fault); l++) {
        struct oracle *const oracle = &side->sessions[l].oracles[fault->instrument];
        const uint32_t next = side->versions[fault->instrument].n;
        if (fault->kind == FAULT_PHANTOM) {
            oracle_haunt(oracle, next);
        } else { /* whatever was published since it was current is lost to whoever asked */
            oracle_lose(oracle, next);
        }
    }
}

/* The venue ends a subscription: the session is told by a frame, and by nothing else. */
static void on_end(void *context, uint32_t venue, uint32_t client, uint32_t instrument)
{
    struct scenario *const s = context;
    struct sim_venue *const model = world_venue(s->world, venue);
    struct side_session *const session = &s->sides[venue].sessions[link_slot_of_client(client)];

    if (session->states[instrument] == ARB_BOOK_LIVE) {
        session->ended_ns[instrument] = s->now_ns;
    }
    model->ops->end_subscription(model, client, instrument, s->now_ns);
}

static void on_frame(void *context, uint32_t venue, struct fault_mark mark)
{
    struct scenario *const s = context;
    const struct tag tag = unpack(mark.tag);
    struct side_session *const session = &s->sides[venue].sessions[tag.slot];
    struct oracle *const oracle = &session->oracles[tag.instrument];

    session->n_clean += (tag.is_book || tag.is_check) && mark.verdict == FAULT_CLEAN;
    if (tag.is_book && mark.verdict != FAULT_MADE_UP) {
        oracle_arrive(oracle, tag.version, (enum fault_verdict)mark.verdict, tag.is_whole);
    } else if (tag.is_check && mark.verdict == FAULT_CLEAN) {
        oracle_check(oracle, tag.version, s->now_ns);
    }
}

/* The pair whose book it is; empty: of none. */
static struct arb_bytes pair_asked_for(const char *path)
{
    static const char head[] = "/api/v2/order_book/";
    const char *const name = path + sizeof(head) - 1;

    return words_begin(path, head) ? (struct arb_bytes){ name, strcspn(name, "/?") }
                                   : words_query(path, "&symbol=");
}

/* A book by HTTP is the one published when it was made. Bitstamp's edge repeats older ones, and
 * dates them. */
static void on_answer(void *context, uint32_t venue, uint32_t slot,
                      const struct link_answer *answer)
{
    static const char stamp[] = "\"microtimestamp\": \"";
    struct scenario *const s = context;
    const struct arb_bytes body = answer->body, pair = pair_asked_for(answer->path);
    const char *const at = memmem(body.data, body.len, stamp, sizeof(stamp) - 1);
    const bool is_dated = s->sides[venue].stream != FAULT_AT_DIALECT;
    const uint32_t i = common_find(s->instruments, pair);

    if (i != ARB_NO_INSTRUMENT && (!is_dated || at != NULL)) {
        const int64_t at_us =
            is_dated ? strtoll(at + sizeof(stamp) - 1, NULL, 10) : answer->made_ns / 1000;
        oracle_answer(&s->sides[venue].sessions[slot].oracles[i],
                      versions_at(&s->sides[venue].versions[i], at_us));
    }
}

static void on_too_early(void *context, uint32_t venue, const char *path)
{
    struct scenario *const s = context;
    scenario_violate(s, "%s asks for %s before the time that the venue asked for",
                     s->venues[venue].name, path);
}

/* -- from the sessions to the bus ----------------------------------------------------- */

static void note_event(struct side *side, const struct event *event)
{
    struct scenario *const s = side->scenario;
    const uint32_t i = scenario_instrument(s, event->info->symbol);
    const struct arb_book book = board_view(scenario_board(side), event->instrument);

    side->is_on_board[i] = true;
    side->book_of[i] = event->instrument;

    ledger_note(&side->ledgers[i],
                (struct ledger_entry){ .seq = event->seq,
                                       .hash = oracle_hash_of(&book, 0).whole,
                                       .state = event->state,
                                       .trading = event->trading,
                                       .verified = event->verified,
                                       .verified_levels = event->verified_levels });
    follow_reaction(side, i, event);
    if (event->state != ARB_BOOK_LIVE) {
        side->published_ns[i] = 0; /* it may be LIVE again before the step is over */
        side->shown[i] = 0;
    }
    if (event->kind == EVENT_STATUS) {
        scenario_tell(s, "%s %s is %s: %s", event->venue->name, event->info->symbol,
                      book_state_name(event->state), event->reason);
    }
}

static void on_event(void *context, const struct event *event)
{
    struct side *const side = context;
    struct scenario *const s = side->scenario;

    topic_publish(&s->topic, event, s->now_ns, scenario_moment(s).utc_ns);
    if (event->kind != EVENT_ALIVE) {
        note_event(side, event);
    }
}

/* -- time ----------------------------------------------------------------------------- */

static int64_t next_ns(const struct scenario *s)
{
    int64_t next = world_next_ns(s->world);
    const int64_t fault_ns = fault_next_ns(s->faults);

    next = s->utc_step_at_ns < next ? s->utc_step_at_ns : next;
    next = fault_ns < next ? fault_ns : next;
    for (uint32_t venue = 0; venue < s->n_venues; venue++) {
        const int64_t link_ns = link_next_ns(s->sides[venue].link);
        next = link_ns < next ? link_ns : next;
        next = s->sides[venue].due_ns < next ? s->sides[venue].due_ns : next;
    }
    return next > s->now_ns ? next : s->now_ns;
}

static void advance(struct scenario *s)
{
    s->now_ns = next_ns(s);
    if (s->now_ns >= s->utc_step_at_ns) {
        scenario_step_utc(s);
    }
    for (uint32_t venue = 0; venue < s->n_venues; venue++) {
        link_set_time(s->sides[venue].link, s->now_ns, scenario_moment(s));
    }
    fault_advance(s->faults, s->now_ns);
    world_advance(s->world, s->now_ns);
    for (uint32_t venue = 0; venue < s->n_venues; venue++) {
        struct side *const side = &s->sides[venue];
        while (link_step(side->link)) {
            scenario_after_step(s, side);
        }
        if (side->due_ns <= s->now_ns) {
            scenario_after_step(s, side);
        }
    }
    readers_read(s);
}

/* Who is behind reads until nothing is left: then it must know every book. */
static void catch_up(struct scenario *s)
{
    for (uint32_t round = 0; round < 64; round++) {
        readers_drain(s);
        for (uint32_t venue = 0; venue < s->n_venues; venue++) {
            scenario_after_step(s, &s->sides[venue]);
        }
    }
    readers_end(s);
}

static int play(struct scenario *s, struct err *err)
{
    int rc = ARB_OK;

    while (s->now_ns < s->end_ns && rc == ARB_OK && s->violations == 0) {
        advance(s);
        rc = readers_restart(s, err);
    }
    fault_disarm(s->faults);
    while (!scenario_is_healed(s) && s->now_ns < s->last_fault_ns + HEALED_WITHIN_NS &&
           rc == ARB_OK && s->violations == 0) {
        advance(s);
        rc = readers_restart(s, err);
    }
    if (s->violations == 0) {
        scenario_report_unhealed(s);
        scenario_check_undamaged(s);
        catch_up(s);
    }
    return rc;
}

/* -- life ----------------------------------------------------------------------------- */

static int open_instruments(struct scenario *s, struct err *err)
{
    char count[8];

    s->instruments = calloc(1, sizeof(*s->instruments));
    s->levels = malloc(READERS_LEVELS_MAX * sizeof(*s->levels));
    if (s->instruments == NULL || s->levels == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory");
    }
    (void)snprintf(count, sizeof(count), "%d",
                   (int)prng_between(&s->prng, 1, SIMULATION_INSTRUMENTS_MAX));
    const int rc = instrument_list_parse(s->instruments, count, err);
    for (uint32_t i = 0; rc == ARB_OK && i < s->instruments->n; i++) {
        s->symbols[i] = s->instruments->items[i].symbol;
    }
    return rc;
}

static int open_world(struct scenario *s, struct err *err)
{
    uint32_t deepest = 0;
    /* In a calm market a wrong level is not overwritten by the next change. */
    const bool is_calm = prng_once_in(&s->prng, 3);
    struct world_config config = {
        .instruments = s->instruments,
        .n_venues = s->n_venues,
        .seed = s->options.seed,
        .start_ns = SIMULATION_START_NS,
        .rate_per_s = is_calm ? prng_between(&s->prng, 1, 3) : prng_between(&s->prng, 2, 12),
        .divergence_every_ms = is_calm ? 20000 : 1500,
        .outlet = { on_world_send, on_world_close, s, on_world_published },
    };

    for (uint32_t venue = 0; venue < s->n_venues; venue++) {
        const struct side *const side = &s->sides[venue];
        config.venues[venue] = side->exchange.name;
        config.fees_ppm[venue] = side->exchange.taker_fee_ppm;
        deepest = side->reach > deepest ? side->reach : deepest;
    }
    config.depth = deepest + deepest / 4 + (uint32_t)prng_between(&s->prng, 10, 20);
    const int rc = world_create(&s->world, &config, err);
    for (uint32_t venue = 0; rc == ARB_OK && venue < s->n_venues; venue++) {
        for (uint32_t i = 0; i < s->instruments->n; i++) {
            note_published(s, venue, i, SIMULATION_START_NS);
        }
    }
    return rc;
}

static int open_faults(struct scenario *s, struct err *err)
{
    const struct fault_sink sink = { .send = on_fault_send,
                                     .close = on_world_close,
                                     .lost = on_lost,
                                     .applied = on_applied,
                                     .context = s,
                                     .end = on_end };
    struct fault_plan plan;

    scenario_draw_plan(s, &plan);
    const int rc =
        fault_layer_create(&s->faults, &s->fault_config, &plan, &sink, SIMULATION_START_NS);
    return rc == ARB_OK ? ARB_OK : err_set(err, rc, "no memory for faults");
}

static int open_link(struct scenario *s, struct side *side)
{
    const struct link_config config = {
        .world = s->world,
        .layer = s->faults,
        .venue = side->venue,
        .seed = s->options.seed,
        .latency_ns = prng_between(&s->prng, 0, 30) * NS_PER_MS,
        .suspects = s->options.only_fault == 0,
        .watch = { on_frame, on_answer, on_too_early, s },
    };
    int rc = link_create(&side->link, &config);

    if (rc == ARB_OK) {
        rc = outlet_init_fn(&side->to_topic, on_event, side);
    }
    if (rc == ARB_OK) {
        const size_t book_len =
            512 + 2 * (size_t)(side->depth == 0 ? 1300 : side->depth) * sizeof(struct arb_level);
        rc = ring_init(&side->ring, RING_BOOKS * book_len, NULL);
    }
    return rc == ARB_OK ? outlet_init_ring(&side->to_ring, &side->ring, NULL, false) : rc;
}

static int open_side(struct scenario *s, struct side *side, struct err *err)
{
    int rc = open_link(s, side);

    if (rc != ARB_OK) {
        return err_set(err, rc, "no memory for a link");
    }
    const struct venue_config config = {
        .plugin = &s->options.plugins->exchanges[side->number],
        .exchange = &side->exchange,
        .config = &s->config,
        .run = 1,
        .snapshot_interval_ms = SIMULATION_SNAPSHOT_MS,
        .port = link_port(side->link),
    };
    link_set_time(side->link, SIMULATION_START_NS, scenario_moment(s));
    rc = venue_create(&side->at_host, &config, err);
    if (rc != ARB_OK) {
        return rc;
    }
    (void)venue_add_outlet(side->at_host, &side->to_topic); /* two fit */
    (void)venue_add_outlet(side->at_host, &side->to_ring);
    side->due_ns = SIMULATION_START_NS;
    return venue_start(side->at_host, scenario_moment(s), err);
}

static int open_scenario(struct scenario *s, struct err *err)
{
    int rc = open_instruments(s, err);
    if (rc != ARB_OK) {
        return rc;
    }
    scenario_draw_sides(s);
    s->end_ns = SIMULATION_START_NS + prng_between(&s->prng, 2500, 6000) * NS_PER_MS;
    scenario_draw_clock(s);
    rc = open_world(s, err);
    if (rc == ARB_OK) {
        rc = open_faults(s, err);
    }
    for (uint32_t venue = 0; venue < s->n_venues && rc == ARB_OK; venue++) {
        rc = open_side(s, &s->sides[venue], err);
    }
    return rc == ARB_OK ? readers_open(s, err) : rc;
}

static void close_side(struct side *side)
{
    if (side->at_host != NULL) {
        side->scenario->totals->takeovers += board_stats(scenario_board(side))->takeovers;
    }
    venue_destroy(side->at_host);
    link_destroy(side->link);
    outlet_fini(&side->to_topic);
    outlet_fini(&side->to_ring);
    ring_fini(&side->ring);
    for (uint32_t i = 0; i < SIMULATION_INSTRUMENTS_MAX; i++) {
        versions_fini(&side->versions[i]);
        ledger_fini(&side->ledgers[i]);
    }
}

static void close_scenario(struct scenario *s)
{
    readers_close(s);
    for (uint32_t venue = 0; venue < s->n_venues; venue++) {
        close_side(&s->sides[venue]);
    }
    fault_layer_destroy(s->faults);
    world_destroy(s->world);
    topic_fini(&s->topic);
    if (s->instruments != NULL) {
        instrument_list_fini(s->instruments);
    }
    free(s->instruments);
    free(s->levels);
}

/* Faults that nothing came of count as well. */
static void end_reactions(struct scenario *s)
{
    for (uint32_t venue = 0; venue < s->n_venues; venue++) {
        for (uint32_t i = 0; i < s->instruments->n; i++) {
            end_reaction(&s->sides[venue], i);
        }
    }
}

static void count_exchanges(const struct scenario *s)
{
    for (uint32_t venue = 0; venue < s->n_venues; venue++) {
        s->totals->of_exchange[s->sides[venue].number]++;
    }
}

int scenario_run(const struct scenario_options *options, struct totals *totals, struct err *err)
{
    struct scenario *const s = calloc(1, sizeof(*s));
    if (s == NULL) {
        return err_set(err, ARB_ENOMEM, "no memory for a scenario");
    }
    s->options = *options;
    s->totals = totals;
    s->prng = prng_seeded(options->seed, STREAM);
    s->now_ns = s->last_fault_ns = s->restart_ns = SIMULATION_START_NS;
    s->utc_step_at_ns = NEVER_NS;
    s->config = (struct config){ .path = "simulation",
                                 .host = { .px_scale = SIMULATION_PX_SCALE,
                                           .qty_scale = SIMULATION_QTY_SCALE } };
    int rc = open_scenario(s, err);
    if (rc == ARB_OK) {
        rc = play(s, err);
        end_reactions(s);
        count_exchanges(s);
        totals->scenarios++;
    }
    close_scenario(s);
    free(s);
    return rc;
}
