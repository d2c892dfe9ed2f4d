#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdio.h>
#include <cmocka.h>
#include <cjson/cJSON.h>

#include "arbspot/json.h"
#include "arbspot/text.h"
#include "wire_samples.h"

enum {
    RANDOM_EVENTS = 3000,
    RANDOM_LEVELS = 40,
    MUTATIONS = 100000,
    LEVELS_MAX = 2 * ARB_EVENT_LEVELS_MAX,
};

static const int64_t pub_ns = 1700000000000000003;

/* What the tests read into; allocated once, as a consumer does. */
static struct wire_event *new_target(uint32_t levels_max)
{
    struct wire_event *const out = calloc(1, sizeof(*out));
    assert_non_null(out);
    out->levels = malloc(((size_t)levels_max + 1) * sizeof(*out->levels));
    assert_non_null(out->levels);
    out->levels_max = levels_max;
    return out;
}

static void free_target(struct wire_event *out)
{
    free(out->levels);
    free(out);
}

/* Writes into memory of exactly the promised size, so that a sanitizer sees one byte more. */
static struct arb_bytes write_event(const struct event *event)
{
    char *const text = malloc(wire_event_bound(event));
    assert_non_null(text);
    return (struct arb_bytes){ text, wire_write_event(event, pub_ns, text) };
}

static void free_text(struct arb_bytes text)
{
    free((void *)(uintptr_t)text.data);
}

static void assert_writes(const struct event *event, const char *want)
{
    const struct arb_bytes text = write_event(event);
    char got[2048];

    assert_true(text.len < sizeof(got));
    memcpy(got, text.data, text.len);
    got[text.len] = '\0';
    free_text(text);
    assert_string_equal(got, want);
}

static void delta_is_written_in_its_order(void **state)
{
    const struct event event = sample_delta();

    (void)state;
    assert_writes(&event,
                  "{\"v\":1,\"type\":\"delta\",\"venue\":\"kraken\",\"symbol\":\"BTC/USD\","
                  "\"session\":\"0123456789abcdef\",\"seq\":42,\"prev\":41,\"state\":\"LIVE\","
                  "\"trading\":\"open\",\"verified\":\"verified\","
                  "\"venue_ns\":1700000000000000001,\"recv_ns\":1700000000000000002,"
                  "\"pub_ns\":1700000000000000003,\"scale\":[10,8],"
                  "\"bids\":[[\"63005.0\",\"2.07265551\"],[\"63004.9\",\"0.00000000\"]],"
                  "\"asks\":[[\"63006.0\",\"0.00100000\"]],\"crc\":3735928559}");
}

static void snapshot_is_written_best_level_first(void **state)
{
    const struct event event = sample_snapshot();

    (void)state;
    assert_writes(&event,
                  "{\"v\":1,\"type\":\"snapshot\",\"venue\":\"kraken\",\"symbol\":\"BTC/USD\","
                  "\"session\":\"0123456789abcdef\",\"seq\":42,\"prev\":41,\"state\":\"LIVE\","
                  "\"trading\":\"open\",\"verified\":\"verified\","
                  "\"venue_ns\":1700000000000000001,\"recv_ns\":1700000000000000002,"
                  "\"pub_ns\":1700000000000000003,\"scale\":[10,8],"
                  "\"bids\":[[\"1.5\",\"2.5\"],[\"1.0\",\"1\"]],"
                  "\"asks\":[[\"2.0\",\"0.5\"],[\"3.0\",\"1\"]],\"crc\":3735928559}");
}

static void status_is_written_with_its_reason_escaped(void **state)
{
    const struct event event = sample_status("closed: \"1006\"\n");

    (void)state;
    assert_writes(&event,
                  "{\"v\":1,\"type\":\"status\",\"venue\":\"kraken\",\"symbol\":\"BTC/USD\","
                  "\"session\":\"0123456789abcdef\",\"seq\":42,\"prev\":41,\"state\":\"STALE\","
                  "\"trading\":\"halted\",\"verified\":\"suspect\","
                  "\"venue_ns\":1700000000000000001,\"recv_ns\":1700000000000000002,"
                  "\"pub_ns\":1700000000000000003,\"scale\":[10,8],"
                  "\"reason\":\"closed: \\\"1006\\\"\\u000a\"}");
}

static const struct event alive_event = { .kind = EVENT_ALIVE,
                                          .venue = &sample_venue,
                                          .session = UINT64_C(0x0123456789abcdef),
                                          .seq = 42,
                                          .mono_ns = 17,
                                          .boot = UINT64_C(0xfedcba9876543210),
                                          .ends = true };

static void alive_is_written_and_read(void **state)
{
    static const struct wire_alive alive = { .from = 4711, .host = "a \"name\"/1" };
    struct wire_event *const out = new_target(2);
    char text[WIRE_ALIVE_MAX];

    (void)state;
    const struct arb_bytes message = { text, wire_write_alive(&alive_event, &alive, 5, text) };
    text[message.len] = '\0';
    assert_string_equal("{\"v\":1,\"type\":\"alive\",\"venue\":\"kraken\",\"session\":"
                        "\"0123456789abcdef\",\"seq\":42,\"mono_ns\":17,\"pub_ns\":5,"
                        "\"from\":4711,\"host\":\"a \\\"name\\\"/1\","
                        "\"boot\":\"fedcba9876543210\",\"ends\":true}",
                        text);
    assert_true(wire_is_alive(message));
    assert_false(wire_is_alive((struct arb_bytes){ text, 20 }));
    assert_int_equal(ARB_OK, wire_read_event(message, out));
    assert_int_equal(EVENT_ALIVE, out->event.kind);
    assert_string_equal("kraken", out->event.venue->name);
    assert_null(out->event.info);
    assert_int_equal(alive_event.session, out->event.session);
    assert_int_equal(42, out->event.seq);
    assert_int_equal(17, out->event.mono_ns);
    assert_int_equal(alive_event.boot, out->event.boot);
    assert_int_equal(5, out->pub_ns);
    assert_int_equal(4711, out->alive.from);
    assert_string_equal("a \"name\"/1", out->alive.host);
    assert_true(out->event.ends);
    free_target(out);
}

static void alive_without_one_of_its_members_is_refused(void **state)
{
    static const char *const members[] = { "\"v\"",       "\"venue\"",  "\"session\"", "\"seq\"",
                                           "\"mono_ns\"", "\"pub_ns\"", "\"host\"",    "\"ends\"" };
    static const struct wire_alive alive = { .from = -1, .host = "here/1" };
    struct wire_event *const out = new_target(2);
    char text[WIRE_ALIVE_MAX];

    (void)state;
    const size_t len = wire_write_alive(&alive_event, &alive, 5, text);
    text[len] = '\0';
    assert_null(strstr(text, "from"));
    assert_int_equal(ARB_OK, wire_read_event((struct arb_bytes){ text, len }, out));
    assert_int_equal(-1, out->alive.from);
    for (size_t i = 0; i < sizeof(members) / sizeof(*members); i++) {
        char *const at = strstr(text, members[i]) + 1;
        const char kept = *at;
        *at = '?'; /* a name that nobody knows */
        assert_int_equal(ARB_EPROTO, wire_read_event((struct arb_bytes){ text, len }, out));
        *at = kept;
    }
    free_target(out);
}

static void conflated_is_written_when_there_is_any(void **state)
{
    struct event event = sample_status("");

    (void)state;
    event.conflated = 17;
    assert_writes(&event,
                  "{\"v\":1,\"type\":\"status\",\"venue\":\"kraken\",\"symbol\":\"BTC/USD\","
                  "\"session\":\"0123456789abcdef\",\"seq\":42,\"prev\":41,\"state\":\"STALE\","
                  "\"trading\":\"halted\",\"verified\":\"suspect\","
                  "\"venue_ns\":1700000000000000001,\"recv_ns\":1700000000000000002,"
                  "\"pub_ns\":1700000000000000003,\"scale\":[10,8],"
                  "\"reason\":\"\",\"conflated\":17}");
}

static void clock_is_written_when_it_is_known(void **state)
{
    struct event event = sample_status("");

    (void)state;
    event.clock = (struct arb_clock){ -250000123, 431 };
    assert_writes(&event,
                  "{\"v\":1,\"type\":\"status\",\"venue\":\"kraken\",\"symbol\":\"BTC/USD\","
                  "\"session\":\"0123456789abcdef\",\"seq\":42,\"prev\":41,\"state\":\"STALE\","
                  "\"trading\":\"halted\",\"verified\":\"suspect\","
                  "\"venue_ns\":1700000000000000001,\"recv_ns\":1700000000000000002,"
                  "\"pub_ns\":1700000000000000003,\"scale\":[10,8],"
                  "\"reason\":\"\",\"clock_offset_ns\":-250000123,\"clock_error_ns\":431}");
}

static void levels_proven_are_written_when_they_are_not_all(void **state)
{
    struct event event = sample_snapshot();

    (void)state;
    event.verified_levels = 10;
    event.n_bids = event.n_asks = 0;
    assert_writes(&event,
                  "{\"v\":1,\"type\":\"snapshot\",\"venue\":\"kraken\",\"symbol\":\"BTC/USD\","
                  "\"session\":\"0123456789abcdef\",\"seq\":42,\"prev\":41,\"state\":\"LIVE\","
                  "\"trading\":\"open\",\"verified\":\"verified\",\"verified_levels\":10,"
                  "\"venue_ns\":1700000000000000001,\"recv_ns\":1700000000000000002,"
                  "\"pub_ns\":1700000000000000003,\"scale\":[10,8],"
                  "\"bids\":[],\"asks\":[],\"crc\":3735928559}");
}

static void assert_same_levels(const struct arb_level *a, const struct arb_level *b, uint32_t n)
{
    if (n > 0) {
        assert_memory_equal(a, b, n * sizeof(*a));
    }
}

static void assert_same_head(const struct event *a, const struct event *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->state, b->state);
    assert_int_equal(a->trading, b->trading);
    assert_int_equal(a->verified, b->verified);
    assert_int_equal(a->verified_levels, b->verified_levels);
    assert_int_equal(a->crc, b->crc);
    assert_int_equal(a->session, b->session);
    assert_int_equal(a->seq, b->seq);
    assert_int_equal(a->prev_seq, b->prev_seq);
    assert_int_equal(a->conflated, b->conflated);
    assert_int_equal(a->venue_ns, b->venue_ns);
    assert_int_equal(a->recv_ns, b->recv_ns);
    assert_memory_equal(&a->clock, &b->clock, sizeof(a->clock));
    assert_string_equal(a->venue->name, b->venue->name);
    assert_memory_equal(a->info, b->info, sizeof(*a->info));
    assert_string_equal(a->reason, b->reason);
    assert_int_equal(a->reason_len, b->reason_len);
    assert_int_equal(a->terms != NULL, b->terms != NULL);
    if (a->terms != NULL) {
        assert_memory_equal(a->terms, b->terms, sizeof(*a->terms));
    }
}

/* All but px_digits and qty_digits: of those the text only tells what was needed. */
static void assert_same_event(const struct event *a, const struct event *b)
{
    assert_same_head(a, b);
    assert_int_equal(a->n_bids, b->n_bids);
    assert_int_equal(a->n_asks, b->n_asks);
    assert_same_levels(a->bids, b->bids, a->n_bids);
    assert_same_levels(a->asks, b->asks, a->n_asks);
}

static void assert_round_trip(const struct event *event, struct wire_event *target)
{
    const struct arb_bytes text = write_event(event);

    assert_int_equal(wire_read_event(text, target), ARB_OK);
    assert_int_equal(target->pub_ns, pub_ns);
    assert_same_event(&target->event, event);
    free_text(text);
}

static void every_trading_status_survives_the_round_trip(void **state)
{
    for (uint32_t trading = ARB_TRADING_OPEN; trading <= ARB_TRADING_HALTED; trading++) {
        struct event event = sample_status("");
        event.trading = (uint8_t)trading;
        assert_round_trip(&event, *state);
    }
}

static void samples_survive_the_round_trip(void **state)
{
    const struct event events[] = { sample_delta(), sample_snapshot(),
                                    sample_status("idle for 10 s, \xc3\xa9 \"\\\x01") };

    for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
        assert_round_trip(&events[i], *state);
    }
}

static const struct arb_order_terms some_terms = {
    .tick = { .units = 1, .scale = 1 },
    .lot = { .units = 1, .scale = 8 },
    .min_qty = { .units = 1, .scale = 4 },
    .min_notional = { .units = 5, .scale = 0 },
};

static void terms_of_a_snapshot_are_written_as_far_as_they_are_known(void **state)
{
    struct event event = sample_snapshot();
    struct arb_order_terms few = { .lot = some_terms.lot };
    char text[4096];

    event.terms = &some_terms;
    assert_round_trip(&event, *state);
    text[wire_write_event(&event, pub_ns, text)] = '\0';
    assert_non_null(strstr(text, "\"crc\":3735928559,\"terms\":{\"tick\":\"0.1\",\"lot\":"
                                 "\"0.00000001\",\"min_qty\":\"0.0001\",\"min_notional\":\"5\"}}"));
    event.terms = &few;
    assert_round_trip(&event, *state);
    text[wire_write_event(&event, pub_ns, text)] = '\0';
    assert_non_null(strstr(text, ",\"terms\":{\"lot\":\"0.00000001\"}}"));
}

static void only_a_snapshot_has_terms(void **state)
{
    static const char terms[] = ",\"terms\":{\"lot\":\"1\"}";
    const struct event events[] = { sample_snapshot(), sample_delta(), sample_status("why") };
    struct wire_event *const target = *state;
    char text[4096];

    for (unsigned i = 0; i < 3; i++) {
        const size_t len = wire_write_event(&events[i], pub_ns, text) - 1;
        memcpy(text + len, terms, sizeof(terms) - 1);
        text[len + sizeof(terms) - 1] = '}';
        assert_int_equal(wire_read_event((struct arb_bytes){ text, len + sizeof(terms) }, target),
                         i == 0 ? ARB_OK : ARB_EPROTO);
    }
}

static void terms_that_are_no_decimals_are_refused(void **state)
{
    static const char *const terms[] = { "{\"lot\":\"0\"}", "{\"lot\":\"-1\"}", "{\"lot\":1}",
                                         "{\"lot\":\"x\"}", "[]" };
    const struct event event = sample_snapshot();
    char text[4096];

    for (unsigned i = 0; i < sizeof(terms) / sizeof(*terms); i++) {
        const size_t len = wire_write_event(&event, pub_ns, text) - 1;
        const int n = snprintf(text + len, sizeof(text) - len, ",\"terms\":%s}", terms[i]);
        assert_int_equal(wire_read_event((struct arb_bytes){ text, len + (size_t)n }, *state),
                         ARB_EPROTO);
    }
}

static void digits_are_recovered_from_the_text(void **state)
{
    const struct event event = sample_delta();
    const struct arb_bytes text = write_event(&event);
    struct wire_event *const target = *state;

    assert_int_equal(wire_read_event(text, target), ARB_OK);
    assert_int_equal(target->event.px_digits, event.px_digits);
    assert_int_equal(target->event.qty_digits, event.qty_digits);
    free_text(text);
}

/* A random event whose parts the caller owns. */
struct random_event {
    struct event event;
    struct event_venue venue;
    struct arb_instrument info;
    struct arb_level levels[2 * RANDOM_LEVELS];
    char reason[EVENT_REASON_MAX];
};

static void randomise_reason(struct random_event *r, uint64_t *seed)
{
    r->event.reason_len = (uint32_t)sample_below(seed, EVENT_REASON_MAX);
    for (uint32_t i = 0; i < r->event.reason_len; i++) {
        r->reason[i] = (char)(1 + sample_below(seed, 127));
    }
    r->reason[r->event.reason_len] = '\0';
}

static void randomise_book(struct random_event *r, uint64_t *seed)
{
    r->event.n_bids = (uint32_t)sample_below(seed, RANDOM_LEVELS + 1);
    r->event.n_asks = (uint32_t)sample_below(seed, RANDOM_LEVELS + 1);
    r->event.crc = (uint32_t)sample_random(seed);
    r->event.asks = r->levels + r->event.n_bids;
    for (uint32_t i = 0; i < r->event.n_bids + r->event.n_asks; i++) {
        r->levels[i] = (struct arb_level){ sample_i64(seed), sample_i64(seed) };
    }
}

static void randomise(struct random_event *r, uint64_t *seed)
{
    memset(r, 0, sizeof(*r));
    r->venue = sample_venue;
    r->info = sample_instrument;
    r->info.px_scale = (uint8_t)sample_below(seed, ARB_SCALE_MAX + 1);
    r->info.qty_scale = (uint8_t)sample_below(seed, ARB_SCALE_MAX + 1);
    r->event = (struct event){ .kind = (uint32_t)(EVENT_SNAPSHOT + sample_below(seed, 3)),
                               .state = (uint32_t)sample_below(seed, ARB_BOOK_UNUSABLE + 1),
                               .trading = (uint8_t)(1 + sample_below(seed, 3)),
                               .verified = (uint8_t)(1 + sample_below(seed, 3)),
                               .verified_levels = (uint32_t)sample_below(seed, 3),
                               .px_digits = (uint8_t)sample_below(seed, 20),
                               .qty_digits = ARB_DIGITS_UNKNOWN,
                               .venue = &r->venue,
                               .info = &r->info,
                               .session = sample_random(seed),
                               .seq = sample_random(seed),
                               .prev_seq = sample_random(seed),
                               .conflated = sample_below(seed, 2) * sample_random(seed),
                               .venue_ns = sample_i64(seed),
                               .recv_ns = sample_i64(seed),
                               .bids = r->levels,
                               .asks = r->levels,
                               .reason = r->reason };
    if (sample_below(seed, 2) == 0) {
        r->event.clock =
            (struct arb_clock){ -sample_i64(seed), 1 + (int64_t)sample_below(seed, 1000000) };
    }
    if (r->event.kind == EVENT_STATUS) {
        randomise_reason(r, seed);
    } else {
        randomise_book(r, seed);
    }
}

static void random_events_survive_the_round_trip(void **state)
{
    struct random_event *const r = malloc(sizeof(*r));
    uint64_t seed = 3;

    assert_non_null(r);
    for (int i = 0; i < RANDOM_EVENTS; i++) {
        randomise(r, &seed);
        assert_round_trip(&r->event, *state);
    }
    free(r);
}

static void fill(struct arb_level *levels, uint32_t n, int64_t value)
{
    for (uint32_t i = 0; i < n; i++) {
        levels[i] = (struct arb_level){ value, value };
    }
}

static void a_full_event_survives_the_round_trip_at_every_extreme_scale(void **state)
{
    static const uint8_t scales[] = { 0, ARB_SCALE_MAX };
    struct arb_level *const levels = malloc(LEVELS_MAX * sizeof(*levels));
    struct wire_event *const target = new_target(LEVELS_MAX);
    struct arb_instrument info = sample_instrument;
    struct event event = sample_snapshot();

    (void)state;
    assert_non_null(levels);
    fill(levels, LEVELS_MAX, ARB_PX_BEYOND - 1);
    event.info = &info;
    event.bids = levels;
    event.asks = levels + ARB_EVENT_LEVELS_MAX;
    event.n_bids = event.n_asks = ARB_EVENT_LEVELS_MAX;
    for (size_t i = 0; i < sizeof(scales); i++) {
        info.px_scale = info.qty_scale = event.px_digits = event.qty_digits = scales[i];
        assert_round_trip(&event, target);
    }
    free_target(target);
    free(levels);
}

static void an_event_with_names_of_escapes_keeps_its_bound(void **state)
{
    struct event_venue venue;
    struct arb_instrument info = sample_instrument;
    char reason[EVENT_REASON_MAX];
    struct event event;

    memset(venue.name, 1, sizeof(venue.name));
    venue.name[sizeof(venue.name) - 1] = '\0';
    memset(info.symbol, 1, sizeof(info.symbol));
    info.symbol[15] = '/';
    info.symbol[sizeof(info.symbol) - 1] = '\0';
    memset(info.base, 0, sizeof(info.base));
    memset(info.base, 1, 15);
    memset(info.quote, 0, sizeof(info.quote));
    memset(info.quote, 1, 15);
    memset(reason, 1, sizeof(reason));
    reason[sizeof(reason) - 1] = '\0';
    event = sample_status(reason);
    event.venue = &venue;
    event.info = &info;
    event.seq = event.prev_seq = event.session = UINT64_MAX;
    event.venue_ns = event.recv_ns = INT64_MAX;
    event.conflated = UINT64_MAX;
    event.clock = (struct arb_clock){ -INT64_MAX, INT64_MAX };
    assert_round_trip(&event, *state);
}

static void more_levels_than_room_is_a_limit(void **state)
{
    const struct event event = sample_delta();
    const struct arb_bytes text = write_event(&event);
    struct wire_event *const target = new_target(2);

    (void)state;
    assert_int_equal(wire_read_event(text, target), ARB_ELIMIT);
    free_target(target);
    free_text(text);
}

/* `text` with the first `from` replaced, in `out`. */
static struct arb_bytes replaced(struct arb_bytes text, const char *from, const char *to,
                                 char out[WIRE_OPPORTUNITY_MAX])
{
    const char *const at = memmem(text.data, text.len, from, strlen(from));

    assert_non_null(at);
    const char *const rest = at + strlen(from);
    const int n = snprintf(out, WIRE_OPPORTUNITY_MAX, "%.*s%s%.*s", (int)(at - text.data),
                           text.data, to, (int)(text.data + text.len - rest), rest);
    assert_in_range(n, 1, WIRE_OPPORTUNITY_MAX - 1);
    return (struct arb_bytes){ out, (size_t)n };
}

/* Reads the sample delta with `from` replaced. */
static int read_changed(struct wire_event *target, const char *from, const char *to)
{
    const struct event event = sample_delta();
    const struct arb_bytes text = write_event(&event);
    char changed[WIRE_OPPORTUNITY_MAX];

    const int rc = wire_read_event(replaced(text, from, to, changed), target);
    free_text(text);
    return rc;
}

static void another_version_is_not_supported(void **state)
{
    assert_int_equal(read_changed(*state, "\"v\":1", "\"v\":2"), ARB_ENOTSUP);
}

static void unknown_members_are_ignored(void **state)
{
    assert_int_equal(read_changed(*state, "\"seq\":", "\"new\":{\"a\":[1,\"]\"]},\"seq\":"),
                     ARB_OK);
}

static void members_may_come_in_another_order(void **state)
{
    assert_int_equal(read_changed(*state, "\"seq\":42,\"prev\":41", "\"prev\":41,\"seq\":42"),
                     ARB_OK);
}

static void damaged_members_are_refused(void **state)
{
    static const char *const changes[][2] = {
        { "\"seq\":42,", "" },
        { "\"seq\":42", "\"seq\":42,\"seq\":42" },
        { "\"seq\":42", "\"seq\":-42" },
        { "\"seq\":42", "\"seq\":true" },
        { "\"type\":\"delta\"", "\"type\":\"trade\"" },
        { "\"state\":\"LIVE\"", "\"state\":\"live\"" },
        { "\"venue\":\"kraken\"", "\"venue\":\"\"" },
        { "\"symbol\":\"BTC/USD\"", "\"symbol\":\"BTCUSD\"" },
        { "\"symbol\":\"BTC/USD\"", "\"symbol\":\"/USD\"" },
        { "\"symbol\":\"BTC/USD\"", "\"symbol\":\"BTC/\"" },
        { "\"0123456789abcdef\"", "\"0123456789abcdeg\"" },
        { "\"0123456789abcdef\"", "\"00123456789abcdef\"" },
        { "\"scale\":[10,8],", "" },
        { "\"scale\":[10,8]", "\"scale\":[10]" },
        { "\"scale\":[10,8]", "\"scale\":[10,8,1]" },
        { "[\"63005.0\",\"2.07265551\"]", "[\"63005.0\"]" },
        { "[\"63005.0\",\"2.07265551\"]", "[\"63005.0\",\"-1\"]" },
        { "\"crc\":3735928559", "\"reason\":\"x\"" },
        { "\"crc\":3735928559}", "\"crc\":3735928559} x" },
        { "3735928559}", "3735928559,\"clock_offset_ns\":1}" },
        { "3735928559}", "3735928559,\"clock_error_ns\":1}" },
    };

    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        assert_int_equal(read_changed(*state, changes[i][0], changes[i][1]), ARB_EPROTO);
    }
}

static void numbers_that_do_not_fit_are_out_of_range(void **state)
{
    static const char *const changes[][2] = {
        { "\"seq\":42", "\"seq\":18446744073709551616" },
        { "1700000000000000001", "9223372036854775808" },
        { "\"scale\":[10,8]", "\"scale\":[19,8]" },
        { "63005.0", "6300500000.0" },
        { "63005.0", "63005.00000000001" },
        { "3735928559", "4294967296" },
        { "3735928559}", "3735928559,\"clock_offset_ns\":1,\"clock_error_ns\":0}" },
        { "3735928559}", "3735928559,\"clock_offset_ns\":1,\"clock_error_ns\":-1}" },
    };

    for (size_t i = 0; i < sizeof(changes) / sizeof(*changes); i++) {
        assert_int_equal(read_changed(*state, changes[i][0], changes[i][1]), ARB_ERANGE);
    }
}

static void a_name_that_is_too_long_is_a_limit(void **state)
{
    assert_int_equal(read_changed(*state, "kraken", "krakenkrakenkrakenkrakenkrakenkr"),
                     ARB_ELIMIT);
}

static void foreign_messages_are_refused(void **state)
{
    static const char *const texts[] = {
        "", "{}", "[]", "null", "hello", "{\"v\":\"x\"}", "{\"type\":\"delta\"}"
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(*texts); i++) {
        const struct arb_bytes text = { texts[i], strlen(texts[i]) };
        assert_int_equal(wire_read_event(text, *state), ARB_EPROTO);
    }
}

/* In memory of exactly its length, so that a sanitizer sees a look behind the end. */
static int read_copy(struct arb_bytes text, size_t len, struct wire_event *target)
{
    char *const copy = malloc(len > 0 ? len : 1);
    assert_non_null(copy);
    memcpy(copy, text.data, len);
    const int rc = wire_read_event((struct arb_bytes){ copy, len }, target);
    free(copy);
    return rc;
}

static void every_truncation_is_refused(void **state)
{
    const struct event events[] = { sample_delta(), sample_snapshot(), sample_status("x\ny") };

    for (size_t i = 0; i < sizeof(events) / sizeof(*events); i++) {
        const struct arb_bytes text = write_event(&events[i]);
        for (size_t len = 0; len < text.len; len++) {
            assert_int_equal(read_copy(text, len, *state), ARB_EPROTO);
        }
        free_text(text);
    }
}

/* One to four bytes changed, biased to what means something in JSON. */
static void mutate(char *text, size_t len, uint64_t *seed)
{
    static const char marks[] = "{}[]\",:\\.-+eE0123456789/ntfu";
    const uint64_t n = 1 + sample_below(seed, 4);

    for (uint64_t i = 0; i < n; i++) {
        const bool is_mark = sample_below(seed, 2) == 0;
        text[sample_below(seed, len)] =
            is_mark ? marks[sample_below(seed, sizeof(marks) - 1)] : (char)sample_random(seed);
    }
}

/* Whatever is accepted must be an event that can be written again within its bound. */
static void mutated_events_are_refused_or_written_again(void **state)
{
    struct event events[] = { sample_delta(), sample_snapshot(), sample_status("x\ny") };
    struct wire_event *const target = *state;
    uint64_t seed = 4;

    for (int i = 0; i < MUTATIONS; i++) {
        const struct arb_bytes text = write_event(&events[i % 3]);
        mutate((char *)(uintptr_t)text.data, text.len, &seed);
        if (read_copy(text, text.len, target) == ARB_OK) {
            free_text(write_event(&target->event));
        }
        free_text(text);
    }
}

static void assert_cjson_levels(const cJSON *array, const struct event *event,
                                const struct arb_level *levels, uint32_t n)
{
    assert_int_equal(cJSON_GetArraySize(array), n);
    for (uint32_t i = 0; i < n; i++) {
        const struct arb_level *const level =
            &levels[event->kind == EVENT_SNAPSHOT ? n - 1 - i : i];
        const cJSON *const pair = cJSON_GetArrayItem(array, (int)i);
        const char *const px = cJSON_GetStringValue(cJSON_GetArrayItem(pair, 0));
        int64_t value = 0;
        assert_int_equal(arb_decimal_parse((struct arb_bytes){ px, strlen(px) },
                                           event->info->px_scale, &value, NULL),
                         ARB_OK);
        assert_int_equal(value, level->px);
    }
}

static void assert_cjson_agrees(const struct event *event)
{
    const struct arb_bytes text = write_event(event);
    cJSON *const json = cJSON_ParseWithLength(text.data, text.len);

    assert_non_null(json);
    assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(json, "venue")),
                        event->venue->name);
    if (event->kind == EVENT_STATUS) {
        assert_string_equal(cJSON_GetStringValue(cJSON_GetObjectItem(json, "reason")),
                            event->reason);
    } else {
        assert_cjson_levels(cJSON_GetObjectItem(json, "bids"), event, event->bids, event->n_bids);
        assert_cjson_levels(cJSON_GetObjectItem(json, "asks"), event, event->asks, event->n_asks);
    }
    cJSON_Delete(json);
    free_text(text);
}

static void cjson_reads_what_we_write(void **state)
{
    struct random_event *const r = malloc(sizeof(*r));
    uint64_t seed = 5;

    (void)state;
    assert_non_null(r);
    for (int i = 0; i < RANDOM_EVENTS / 3; i++) {
        randomise(r, &seed);
        assert_cjson_agrees(&r->event);
    }
    free(r);
}

static void assert_opportunity_written(const struct opportunity *o, const char *want)
{
    char got[WIRE_OPPORTUNITY_MAX + 1];

    got[wire_write_opportunity(o, pub_ns, got)] = '\0';
    assert_string_equal(got, want);
}

static void opportunity_is_written(void **state)
{
    const struct opportunity o = sample_opportunity();

    (void)state;
    assert_opportunity_written(
        &o, "{\"v\":2,\"type\":\"opportunity\",\"event\":\"open\",\"id\":\"000000000000002a\","
            "\"seq\":7,\"session\":\"fedcba9876543210\",\"strategy\":\"spot\","
            "\"symbol\":\"BTC/USD\",\"currency\":\"USD\",\"legs\":["
            "{\"venue\":\"kraken\",\"symbol\":\"BTC/USD\",\"side\":\"buy\",\"scale\":[10,8],"
            "\"qty\":\"0.5\",\"limit\":\"63005\",\"notional\":\"31502.5\",\"fee\":\"6.3005\","
            "\"seq\":42,\"session\":\"0000000000000001\",\"venue_ns\":1700000000000000000,"
            "\"recv_ns\":1700000000000500000,\"age_ms\":\"0.623\"},"
            "{\"venue\":\"bitstamp\",\"symbol\":\"BTC/USD\",\"side\":\"sell\",\"scale\":[10,8],"
            "\"qty\":\"0.5\",\"limit\":\"63100\",\"notional\":\"31550\",\"fee\":\"6.31\","
            "\"seq\":43,\"session\":\"0000000000000002\",\"venue_ns\":1700000000000000000,"
            "\"recv_ns\":1700000000001000000,\"age_ms\":\"0.123\"}],"
            "\"gross\":\"47.5\",\"net\":\"34.8895\",\"gross_bps\":\"15.07\","
            "\"net_bps\":\"11.07\",\"cost\":\"31502.5\",\"proceeds\":\"31550\","
            "\"fees\":\"12.6105\",\"detect_ns\":1700000000001123456,\"latency_us\":\"12.3\","
            "\"pub_ns\":1700000000000000003}");
}

static int read_text(const char *text, struct opportunity *out)
{
    int64_t got_pub_ns = 0;
    const int rc = wire_read_opportunity(arb_bytes_of(text), out, &got_pub_ns);

    assert_true(rc != ARB_OK || got_pub_ns == pub_ns);
    return rc;
}

static const char version_1[] =
    "{\"v\":1,\"type\":\"opportunity\",\"event\":\"open\",\"id\":\"000000000000002a\","
    "\"seq\":7,\"session\":\"fedcba9876543210\",\"strategy\":\"spot\","
    "\"symbol\":\"BTC/USD\",\"base\":\"BTC\",\"quote\":\"USD\",\"scale\":[10,8],"
    "\"qty\":\"0.5\",\"gross\":\"47.5\",\"net\":\"34.8895\",\"gross_bps\":\"15.07\","
    "\"net_bps\":\"11.07\",\"cost\":\"31502.5\",\"proceeds\":\"31550\","
    "\"fees\":\"12.6105\",\"buy\":{\"venue\":\"kraken\",\"limit\":\"63005\",\"seq\":42,"
    "\"session\":\"0000000000000001\",\"venue_ns\":1700000000000000000,"
    "\"recv_ns\":1700000000000500000,\"age_ms\":\"0.623\"},"
    "\"sell\":{\"venue\":\"bitstamp\",\"limit\":\"63100\",\"seq\":43,"
    "\"session\":\"0000000000000002\",\"venue_ns\":1700000000000000000,"
    "\"recv_ns\":1700000000001000000,\"age_ms\":\"0.123\"},"
    "\"detect_ns\":1700000000001123456,\"latency_us\":\"12.3\","
    "\"pub_ns\":1700000000000000003}";

/* But for the fees, which it does not tell apart. */
static void version_1_is_read_as_two_legs(void **state)
{
    struct opportunity want = sample_opportunity(), got;

    (void)state;
    want.terms.legs[0].fee = want.terms.legs[1].fee = 0;
    assert_int_equal(read_text(version_1, &got), ARB_OK);
    assert_memory_equal(&got, &want, sizeof(got));
}

static void version_1_without_one_of_its_members_is_refused(void **state)
{
    static const char *const gone[] = { "\"qty\":\"0.5\",",
                                        "\"scale\":[10,8],",
                                        "\"symbol\":\"BTC/USD\",",
                                        "\"fees\":\"12.6105\",",
                                        "\"limit\":\"63005\",",
                                        "\"seq\":43,",
                                        "\"v\":1," };
    struct opportunity got;
    char changed[WIRE_OPPORTUNITY_MAX];

    (void)state;
    for (size_t i = 0; i < sizeof(gone) / sizeof(*gone); i++) {
        const struct arb_bytes text = replaced(arb_bytes_of(version_1), gone[i], "", changed);
        int64_t got_pub_ns;
        assert_int_equal(wire_read_opportunity(text, &got, &got_pub_ns), ARB_EPROTO);
    }
}

static void opportunity_of_another_version_is_not_supported(void **state)
{
    struct opportunity got;

    (void)state;
    assert_int_equal(read_text("{\"v\":3,\"type\":\"opportunity\"}", &got), ARB_ENOTSUP);
    assert_int_equal(read_text("{\"v\":0,\"type\":\"opportunity\"}", &got), ARB_ENOTSUP);
}

static void assert_opportunity_round_trip(const struct opportunity *o)
{
    char text[WIRE_OPPORTUNITY_MAX];
    struct opportunity got;
    int64_t got_pub_ns = 0;

    const size_t len = wire_write_opportunity(o, pub_ns, text);
    assert_int_equal(wire_read_opportunity((struct arb_bytes){ text, len }, &got, &got_pub_ns),
                     ARB_OK);
    assert_int_equal(got_pub_ns, pub_ns);
    assert_memory_equal(&got, o, sizeof(got));
}

static void opportunity_survives_the_round_trip(void **state)
{
    const struct opportunity o = sample_opportunity();

    (void)state;
    assert_opportunity_round_trip(&o);
}

/* Each leg in its own scales, money in those of the first. */
static void cycle_survives_the_round_trip(void **state)
{
    struct opportunity o = sample_cycle();
    char text[WIRE_OPPORTUNITY_MAX + 1];

    (void)state;
    assert_opportunity_round_trip(&o);
    text[wire_write_opportunity(&o, pub_ns, text)] = '\0';
    assert_non_null(strstr(text, "\"symbol\":\"ETH/BTC\",\"side\":\"buy\",\"scale\":[8,6],"
                                 "\"qty\":\"10\",\"limit\":\"0.049\",\"notional\":\"0.49\","
                                 "\"fee\":\"0.00098\","));
    assert_non_null(strstr(text, "\"notional\":\"31600\",\"fee\":\"-63.2\","));
    o.terms.legs[0].side = ARB_SELL; /* it pays with bitcoin, and so money is */
    assert_opportunity_round_trip(&o);
    text[wire_write_opportunity(&o, pub_ns, text)] = '\0';
    assert_non_null(strstr(text, "\"currency\":\"BTC\","));
    assert_non_null(strstr(text, "\"net\":\"3488.95\","));
}

/* `text` with as many legs as that, each a copy of the last. */
static void put_legs(const char *text, unsigned n, char *out, size_t cap)
{
    const char *const first = strstr(text, "{\"venue\""), *const end = strstr(first, "}],");
    const char *const second = strstr(first + 1, "{\"venue\"");
    struct arb_text made = arb_text_over(out, cap);

    arb_text_add(&made, "%.*s", (int)(first - text), text);
    for (unsigned i = 0; i < n; i++) {
        arb_text_add(&made, "%s%.*s}", i == 0 ? "" : ",", (int)(end - second), second);
    }
    arb_text_add(&made, "%s", end + 1);
    assert_true(arb_text_fits(&made));
}

static void opportunity_has_two_to_six_legs(void **state)
{
    const struct opportunity o = sample_opportunity();
    char text[WIRE_OPPORTUNITY_MAX + 1], changed[WIRE_OPPORTUNITY_MAX];
    struct opportunity got;

    (void)state;
    text[wire_write_opportunity(&o, pub_ns, text)] = '\0';
    for (unsigned n = 0; n <= ARB_LEGS_MAX + 1; n++) {
        put_legs(text, n, changed, sizeof(changed));
        assert_int_equal(read_text(changed, &got), n < 2              ? ARB_EPROTO
                                                   : n > ARB_LEGS_MAX ? ARB_ELIMIT
                                                                      : ARB_OK);
    }
}

static void opportunity_with_names_of_escapes_keeps_its_bound(void **state)
{
    struct opportunity o = sample_cycle();
    char text[WIRE_OPPORTUNITY_MAX];

    (void)state;
    o.terms.n_legs = ARB_LEGS_MAX;
    memset(o.strategy, 1, sizeof(o.strategy) - 1);
    for (unsigned i = 0; i < ARB_LEGS_MAX; i++) {
        struct opportunity_leg *const leg = &o.legs[i];
        memset(leg->venue, 1, sizeof(leg->venue) - 1);
        memset(leg->info.symbol, 1, sizeof(leg->info.symbol) - 1);
        memset(leg->info.quote, 1, sizeof(leg->info.quote) - 1);
        leg->info.px_scale = leg->info.qty_scale = ARB_SCALE_MAX;
        leg->verified = ARB_UNVERIFIABLE;
        leg->n_levels = leg->verified_levels = UINT32_MAX;
        leg->session = leg->seq = UINT64_MAX;
        leg->venue_ns = leg->recv_ns = leg->age_ns = INT64_MIN;
        leg->clock = (struct arb_clock){ INT64_MIN, INT64_MAX };
        leg->venue_age_ns = INT64_MAX;
        o.terms.legs[i] = (struct arb_leg){ .side = ARB_SELL,
                                            .qty = INT64_MAX,
                                            .limit_px = INT64_MAX,
                                            .notional = -INT64_MAX,
                                            .fee = -INT64_MAX };
    }
    o.terms.gross = o.terms.net = o.terms.cost = o.terms.proceeds = o.terms.fees = -INT64_MAX;
    o.terms.gross_ppm = o.terms.net_ppm = -INT64_MAX;
    assert_in_range(wire_write_opportunity(&o, INT64_MIN, text), 1, sizeof(text));
}

/* Nothing else of it is read. */
static struct opportunity sample_rest(void)
{
    struct opportunity o = sample_cycle();

    for (unsigned i = 0; i < o.terms.n_legs; i++) {
        const uint32_t side = o.terms.legs[i].side;
        o.terms.legs[i] = (struct arb_leg){ .side = side };
        const struct arb_instrument info = o.legs[i].info;
        char venue[ARB_SYMBOL_MAX];
        memcpy(venue, o.legs[i].venue, sizeof(venue));
        memset(&o.legs[i], 0, sizeof(o.legs[i]));
        memcpy(o.legs[i].venue, venue, sizeof(venue));
        o.legs[i].info = info;
    }
    const struct arb_opportunity terms = o.terms;
    memset(&o.terms, 0, sizeof(o.terms));
    o.terms.size = sizeof(o.terms);
    o.terms.id = terms.id;
    o.terms.n_legs = terms.n_legs;
    memcpy(o.terms.legs, terms.legs, sizeof(terms.legs));
    o.terms.legs[0].qty = 50000000;
    o.terms.net = terms.net;
    o.seq = 0;
    o.latency_ns = 0;
    o.rest = (struct opportunity_rest){ 100000000, 100123000, true, true, 25000000, -10000000000 };
    return o;
}

static int read_rest(const char *text, struct opportunity *out)
{
    int64_t got_pub_ns = 0;
    const int rc = wire_read_survival(arb_bytes_of(text), out, &got_pub_ns);

    assert_true(rc != ARB_OK || got_pub_ns == pub_ns);
    return rc;
}

static void what_is_left_survives_the_round_trip(void **state)
{
    const struct opportunity o = sample_rest();
    char text[WIRE_OPPORTUNITY_MAX + 1], changed[WIRE_OPPORTUNITY_MAX];
    struct opportunity got;

    (void)state;
    text[wire_write_survival(&o, pub_ns, text)] = '\0';
    assert_true(wire_is_survival(arb_bytes_of(text)));
    assert_int_equal(read_rest(text, &got), ARB_OK);
    assert_memory_equal(&got, &o, sizeof(got));
    assert_non_null(strstr(text, ",\"delay_ms\":\"100.000\",\"waited_ms\":\"100.123\",\"latency\":"
                                 "true,\"known\":true,\"qty\":\"0.25\",\"net\":\"-1\",\"of_qty\":"
                                 "\"0.5\",\"of_net\":\"34.8895\",\"detect_ns\":"));
    const char *const damage[][2] = { { ",\"known\":true", "" },
                                      { "\"delay_ms\":\"100.000\"", "\"delay_ms\":\"0.000\"" },
                                      { "\"side\":\"buy\",", "" },
                                      { "\"survival\"", "\"opportunity\"" } };
    for (unsigned i = 0; i < sizeof(damage) / sizeof(*damage); i++) {
        int64_t got_pub_ns;
        const struct arb_bytes part =
            replaced(arb_bytes_of(text), damage[i][0], damage[i][1], changed);
        assert_int_equal(wire_read_survival(part, &got, &got_pub_ns), ARB_EPROTO);
    }
    int64_t got_pub_ns;
    assert_int_equal(wire_read_opportunity(arb_bytes_of(text), &got, &got_pub_ns), ARB_EPROTO);
}

/* Nothing else of it is read. */
static struct opportunity sample_miss(void)
{
    struct opportunity o = sample_rest();

    o.rest = (struct opportunity_rest){ .delay_ns = 0 };
    o.terms.id = 0;
    o.terms.gross_ppm = 10100;
    o.terms.net_ppm = -5;
    o.terms.net = 10000000000;
    o.miss = (struct opportunity_miss){ ARB_MISS_MINIMUM, 1204 };
    for (unsigned i = 0; i < o.terms.n_legs; i++) {
        o.terms.legs[i].limit_px = 1250000000 + i;
        o.legs[i].seq = 7 + i;
        o.legs[i].session = 0xabc;
        o.legs[i].age_ns = 1376000;
    }
    return o;
}

static void miss_survives_the_round_trip(void **state)
{
    struct opportunity o = sample_miss();
    char text[WIRE_OPPORTUNITY_MAX + 1], changed[WIRE_OPPORTUNITY_MAX];
    struct opportunity got;
    int64_t got_pub_ns;

    (void)state;
    text[wire_write_miss(&o, pub_ns, text)] = '\0';
    assert_true(wire_is_miss(arb_bytes_of(text)));
    assert_int_equal(wire_read_miss(arb_bytes_of(text), &got, &got_pub_ns), ARB_OK);
    assert_memory_equal(&got, &o, sizeof(got));
    assert_true(got_pub_ns == pub_ns);
    assert_non_null(strstr(text, ",\"reason\":\"minimum\",\"count\":1204,\"legs\":[{"));
    assert_non_null(strstr(text, "],\"gross_bps\":\"101.00\",\"net_bps\":\"-0.05\",\"qty\":\"0.5\","
                                 "\"net\":\"1\",\"detect_ns\":"));
    const char *const damage[][2] = { { "\"minimum\"", "\"shutdown\"" },
                                      { ",\"count\":1204", "" },
                                      { ",\"qty\":\"0.5\"", "" },
                                      { "\"seq\":7,", "" },
                                      { "\"miss\"", "\"survival\"" } };
    for (unsigned i = 0; i < sizeof(damage) / sizeof(*damage); i++) {
        const struct arb_bytes part =
            replaced(arb_bytes_of(text), damage[i][0], damage[i][1], changed);
        assert_int_equal(wire_read_miss(part, &got, &got_pub_ns), ARB_EPROTO);
    }
    assert_int_equal(wire_read_opportunity(arb_bytes_of(text), &got, &got_pub_ns), ARB_EPROTO);
    o.terms.legs[0].qty = o.terms.net = 0; /* nothing was weighed */
    text[wire_write_miss(&o, pub_ns, text)] = '\0';
    assert_null(strstr(text, "\"qty\""));
    assert_int_equal(wire_read_miss(arb_bytes_of(text), &got, &got_pub_ns), ARB_OK);
    assert_memory_equal(&got, &o, sizeof(got));
}

static void life_of_a_close_survives_the_round_trip(void **state)
{
    struct opportunity o = sample_opportunity();
    char text[WIRE_OPPORTUNITY_MAX + 1], changed[WIRE_OPPORTUNITY_MAX];
    struct opportunity got;
    int64_t got_pub_ns;

    (void)state;
    o.terms.event = ARB_OPPORTUNITY_CLOSE;
    o.terms.reason = ARB_CLOSE_BELOW;
    assert_opportunity_round_trip(&o); /* who closes it has not seen all of it */
    o.life = (struct opportunity_life){ true, 1234567000, -20000000000, 50000000 };
    assert_opportunity_round_trip(&o);
    text[wire_write_opportunity(&o, pub_ns, text)] = '\0';
    assert_non_null(strstr(text, ",\"duration_ms\":\"1234.567\",\"peak_net\":\"-2\","
                                 "\"mean_qty\":\"0.5\",\"detect_ns\""));
    const char *const damage[][2] = { { ",\"peak_net\":\"-2\"", "" },
                                      { "\"event\":\"close\",\"reason\":\"below\"",
                                        "\"event\":\"open\"" } };
    for (unsigned i = 0; i < sizeof(damage) / sizeof(*damage); i++) {
        const struct arb_bytes part =
            replaced(arb_bytes_of(text), damage[i][0], damage[i][1], changed);
        assert_int_equal(wire_read_opportunity(part, &got, &got_pub_ns), ARB_EPROTO);
    }
}

static void every_reason_survives_the_round_trip(void **state)
{
    static const char *const names[] = { NULL,        "gone",  "not_live", "too_old",    "shutdown",
                                         "abandoned", "below", "resized",  "handed_over" };
    char text[WIRE_OPPORTUNITY_MAX + 1], want[64];
    struct opportunity o = sample_opportunity();

    (void)state;
    _Static_assert(sizeof(names) / sizeof(*names) == ARB_CLOSE_MAX + 1, "one name each");
    o.terms.event = ARB_OPPORTUNITY_CLOSE;
    for (uint32_t reason = ARB_CLOSE_GONE; reason <= ARB_CLOSE_MAX; reason++) {
        o.terms.reason = reason;
        assert_opportunity_round_trip(&o);
        text[wire_write_opportunity(&o, pub_ns, text)] = '\0';
        (void)snprintf(want, sizeof(want), "\"reason\":\"%s\"", names[reason]);
        assert_non_null(strstr(text, want));
    }
}

static void curve_and_proof_survive_the_round_trip(void **state)
{
    struct opportunity o = sample_opportunity();
    char text[WIRE_OPPORTUNITY_MAX + 1], changed[WIRE_OPPORTUNITY_MAX];
    struct opportunity got;
    int64_t got_pub_ns;

    (void)state;
    for (unsigned i = 0; i < ARB_CURVE_POINTS; i++) {
        o.terms.curve[i] = -INT64_C(10000000000) + i * INT64_C(20000000000);
    }
    o.terms.proven_qty = 25000000;
    o.terms.proven_net = -1;
    o.terms.flags = ARB_OPPORTUNITY_ABSURD;
    assert_opportunity_round_trip(&o);
    text[wire_write_opportunity(&o, pub_ns, text)] = '\0';
    assert_non_null(strstr(text, ",\"fees\":\"12.6105\",\"curve\":[\"-1\",\"1\",\"3\",\"5\"],"
                                 "\"proven_qty\":\"0.25\",\"proven_net\":\"-0.0000000001\","
                                 "\"absurd\":true,\"detect_ns\""));
    const char *const damage[][2] = { { ",\"5\"]", "]" },
                                      { ",\"5\"]", ",\"5\",\"7\"]" },
                                      { "\"proven_qty\":\"0.25\",", "" },
                                      { "\"absurd\":true", "\"absurd\":1" } };
    for (unsigned i = 0; i < sizeof(damage) / sizeof(*damage); i++) {
        const struct arb_bytes part =
            replaced(arb_bytes_of(text), damage[i][0], damage[i][1], changed);
        assert_int_equal(wire_read_opportunity(part, &got, &got_pub_ns), ARB_EPROTO);
    }
}

static void transfer_survives_the_round_trip(void **state)
{
    struct opportunity o = sample_opportunity();
    char text[WIRE_OPPORTUNITY_MAX + 1], changed[WIRE_OPPORTUNITY_MAX];
    struct opportunity got;
    int64_t got_pub_ns;

    (void)state;
    o.terms.flags = ARB_OPPORTUNITY_TRANSFER;
    assert_opportunity_round_trip(&o); /* for nothing, and at once */
    o.terms.flags |= ARB_OPPORTUNITY_ABSURD;
    o.terms.transfer_fee = 50000;
    o.terms.transfer_ms = 1800000;
    assert_opportunity_round_trip(&o);
    text[wire_write_opportunity(&o, pub_ns, text)] = '\0';
    assert_non_null(strstr(text, ",\"fees\":\"12.6105\",\"transfer_fee\":\"0.0005\","
                                 "\"transfer_ms\":1800000,\"absurd\":true,\"detect_ns\""));
    const char *const damage[][2] = { { "\"transfer_fee\":\"0.0005\",", "" },
                                      { "\"transfer_ms\":1800000,", "" } };
    for (unsigned i = 0; i < sizeof(damage) / sizeof(*damage); i++) {
        const struct arb_bytes part =
            replaced(arb_bytes_of(text), damage[i][0], damage[i][1], changed);
        assert_int_equal(wire_read_opportunity(part, &got, &got_pub_ns), ARB_EPROTO);
    }
}

/* The clock of one venue, 250 ms behind, is known, that of the other is not. */
static struct opportunity dated_opportunity(void)
{
    struct opportunity o = sample_opportunity();

    o.legs[0].clock = (struct arb_clock){ .offset_ns = -250000123, .error_ns = 431 };
    o.legs[0].venue_ns -= 260000000;
    o.legs[0].venue_age_ns = o.detect_ns - o.legs[0].venue_ns - 250000123;
    return o;
}

static void leg_with_a_known_clock_has_the_age_since_the_venue_made_it(void **state)
{
    const struct opportunity o = dated_opportunity();
    char text[WIRE_OPPORTUNITY_MAX + 1];

    (void)state;
    text[wire_write_opportunity(&o, pub_ns, text)] = '\0';
    assert_non_null(strstr(text, "\"age_ms\":\"0.623\",\"clock_offset_ns\":-250000123,"
                                 "\"clock_error_ns\":431,\"venue_age_ms\":\"11.123\"}"));
    assert_non_null(strstr(text, "\"age_ms\":\"0.123\"}],\"gross\""));
}

static void dated_opportunity_survives_the_round_trip(void **state)
{
    const struct opportunity o = dated_opportunity();

    (void)state;
    assert_opportunity_round_trip(&o);
}

static void half_a_clock_of_a_leg_is_refused(void **state)
{
    const struct opportunity o = dated_opportunity();
    char text[WIRE_OPPORTUNITY_MAX], changed[WIRE_OPPORTUNITY_MAX];
    struct opportunity got;
    int64_t got_pub_ns;

    (void)state;
    const struct arb_bytes whole = { text, wire_write_opportunity(&o, pub_ns, text) };
    const struct arb_bytes half = replaced(whole, "\"clock_error_ns\":431,", "", changed);
    assert_int_equal(wire_read_opportunity(half, &got, &got_pub_ns), ARB_EPROTO);
}

/* Received before it was made: the clocks are wrong, not the order of things. */
static void venue_age_is_never_less_than_the_age_since_receipt(void **state)
{
    struct opportunity_leg leg = dated_opportunity().legs[0];

    (void)state;
    leg.venue_ns = leg.recv_ns;
    assert_int_equal(opportunity_venue_age(&leg, leg.recv_ns + leg.age_ns), leg.age_ns);
    leg.age_ns = -1;
    assert_int_equal(opportunity_venue_age(&leg, leg.recv_ns - 1), 0);
}

static void venue_age_beyond_reason_is_saturated(void **state)
{
    struct opportunity_leg leg = { .venue_ns = INT64_MIN, .clock = { INT64_MAX, INT64_MAX } };

    (void)state;
    assert_int_equal(opportunity_venue_age(&leg, INT64_MAX), INT64_MAX);
}

static void proof_of_an_opportunity_survives_the_round_trip(void **state)
{
    struct opportunity o = sample_opportunity();

    (void)state;
    o.terms.verified = ARB_UNVERIFIABLE;
    assert_opportunity_round_trip(&o);
}

static void proof_of_a_leg_survives_the_round_trip(void **state)
{
    struct opportunity o = sample_opportunity();
    char text[WIRE_OPPORTUNITY_MAX + 1];

    (void)state;
    o.legs[0].verified = ARB_VERIFIED;
    o.legs[0].n_levels = 14;
    o.legs[0].verified_levels = 10;
    o.legs[1].verified = ARB_SUSPECT;
    assert_opportunity_round_trip(&o);
    text[wire_write_opportunity(&o, pub_ns, text)] = '\0';
    assert_non_null(
        strstr(text, ",\"verified\":\"verified\",\"levels\":14,\"verified_levels\":10}"));
    assert_non_null(strstr(text, ",\"verified\":\"suspect\",\"levels\":0}],\"gross\""));
}

static void half_a_proof_of_a_leg_is_refused(void **state)
{
    struct opportunity o = sample_opportunity();
    char text[WIRE_OPPORTUNITY_MAX], changed[WIRE_OPPORTUNITY_MAX];
    struct opportunity got;
    int64_t got_pub_ns;

    (void)state;
    o.legs[0].verified = ARB_VERIFIED;
    o.legs[0].verified_levels = 10;
    const struct arb_bytes whole = { text, wire_write_opportunity(&o, pub_ns, text) };
    const struct arb_bytes half = replaced(whole, ",\"levels\":0", "", changed);
    assert_int_equal(wire_read_opportunity(half, &got, &got_pub_ns), ARB_EPROTO);
    const struct arb_bytes rest =
        replaced(whole, "\"verified\":\"verified\",\"levels\":0,", "", changed);
    assert_int_equal(wire_read_opportunity(rest, &got, &got_pub_ns), ARB_EPROTO);
}

static void close_at_a_loss_survives_the_round_trip(void **state)
{
    struct opportunity o = sample_opportunity();

    (void)state;
    o.terms.event = ARB_OPPORTUNITY_CLOSE;
    o.terms.reason = ARB_CLOSE_TOO_OLD;
    o.terms.gross = -INT64_MAX;
    o.terms.net = -1;
    o.terms.gross_ppm = -INT64_MAX;
    o.terms.net_ppm = -1;
    o.latency_ns = -100;
    assert_opportunity_round_trip(&o);
}

static void only_a_close_has_a_reason(void **state)
{
    const struct opportunity open = sample_opportunity();
    char text[WIRE_OPPORTUNITY_MAX], changed[WIRE_OPPORTUNITY_MAX];
    struct opportunity got;
    int64_t got_pub_ns;

    (void)state;
    const struct arb_bytes whole = { text, wire_write_opportunity(&open, pub_ns, text) };
    const struct arb_bytes with_reason =
        replaced(whole, "\"open\"", "\"open\",\"reason\":\"gone\"", changed);
    assert_int_equal(wire_read_opportunity(with_reason, &got, &got_pub_ns), ARB_EPROTO);
    const struct arb_bytes without = replaced(whole, "\"open\"", "\"close\"", changed);
    assert_int_equal(wire_read_opportunity(without, &got, &got_pub_ns), ARB_EPROTO);
}

static void mutated_opportunities_are_refused_or_written_again(void **state)
{
    const struct opportunity sample = sample_opportunity();
    char text[WIRE_OPPORTUNITY_MAX], again[WIRE_OPPORTUNITY_MAX];
    uint64_t seed = 6;

    (void)state;
    for (int i = 0; i < MUTATIONS; i++) {
        struct opportunity got;
        int64_t got_pub_ns;
        const size_t len = wire_write_opportunity(&sample, pub_ns, text);
        mutate(text, len, &seed);
        if (wire_read_opportunity((struct arb_bytes){ text, len }, &got, &got_pub_ns) == ARB_OK) {
            (void)wire_write_opportunity(&got, got_pub_ns, again);
        }
    }
}

static void every_truncated_opportunity_is_refused(void **state)
{
    const struct opportunity sample = sample_opportunity();
    char text[WIRE_OPPORTUNITY_MAX];
    struct opportunity got;
    int64_t got_pub_ns;

    (void)state;
    const size_t whole = wire_write_opportunity(&sample, pub_ns, text);
    for (size_t len = 0; len < whole; len++) {
        assert_int_equal(wire_read_opportunity((struct arb_bytes){ text, len }, &got, &got_pub_ns),
                         ARB_EPROTO);
    }
}

static int set_up_target(void **state)
{
    *state = new_target(2 * RANDOM_LEVELS);
    return 0;
}

static int tear_down_target(void **state)
{
    free_target(*state);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(delta_is_written_in_its_order),
        cmocka_unit_test(alive_is_written_and_read),
        cmocka_unit_test(alive_without_one_of_its_members_is_refused),
        cmocka_unit_test(snapshot_is_written_best_level_first),
        cmocka_unit_test(status_is_written_with_its_reason_escaped),
        cmocka_unit_test(conflated_is_written_when_there_is_any),
        cmocka_unit_test(clock_is_written_when_it_is_known),
        cmocka_unit_test(levels_proven_are_written_when_they_are_not_all),
        cmocka_unit_test(samples_survive_the_round_trip),
        cmocka_unit_test(terms_of_a_snapshot_are_written_as_far_as_they_are_known),
        cmocka_unit_test(only_a_snapshot_has_terms),
        cmocka_unit_test(terms_that_are_no_decimals_are_refused),
        cmocka_unit_test(every_trading_status_survives_the_round_trip),
        cmocka_unit_test(digits_are_recovered_from_the_text),
        cmocka_unit_test(random_events_survive_the_round_trip),
        cmocka_unit_test(a_full_event_survives_the_round_trip_at_every_extreme_scale),
        cmocka_unit_test(an_event_with_names_of_escapes_keeps_its_bound),
        cmocka_unit_test(more_levels_than_room_is_a_limit),
        cmocka_unit_test(another_version_is_not_supported),
        cmocka_unit_test(unknown_members_are_ignored),
        cmocka_unit_test(members_may_come_in_another_order),
        cmocka_unit_test(damaged_members_are_refused),
        cmocka_unit_test(numbers_that_do_not_fit_are_out_of_range),
        cmocka_unit_test(a_name_that_is_too_long_is_a_limit),
        cmocka_unit_test(foreign_messages_are_refused),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(mutated_events_are_refused_or_written_again),
        cmocka_unit_test(cjson_reads_what_we_write),
        cmocka_unit_test(opportunity_is_written),
        cmocka_unit_test(version_1_is_read_as_two_legs),
        cmocka_unit_test(version_1_without_one_of_its_members_is_refused),
        cmocka_unit_test(opportunity_of_another_version_is_not_supported),
        cmocka_unit_test(opportunity_survives_the_round_trip),
        cmocka_unit_test(cycle_survives_the_round_trip),
        cmocka_unit_test(what_is_left_survives_the_round_trip),
        cmocka_unit_test(miss_survives_the_round_trip),
        cmocka_unit_test(life_of_a_close_survives_the_round_trip),
        cmocka_unit_test(every_reason_survives_the_round_trip),
        cmocka_unit_test(curve_and_proof_survive_the_round_trip),
        cmocka_unit_test(transfer_survives_the_round_trip),
        cmocka_unit_test(opportunity_has_two_to_six_legs),
        cmocka_unit_test(opportunity_with_names_of_escapes_keeps_its_bound),
        cmocka_unit_test(leg_with_a_known_clock_has_the_age_since_the_venue_made_it),
        cmocka_unit_test(dated_opportunity_survives_the_round_trip),
        cmocka_unit_test(half_a_clock_of_a_leg_is_refused),
        cmocka_unit_test(venue_age_is_never_less_than_the_age_since_receipt),
        cmocka_unit_test(venue_age_beyond_reason_is_saturated),
        cmocka_unit_test(proof_of_an_opportunity_survives_the_round_trip),
        cmocka_unit_test(close_at_a_loss_survives_the_round_trip),
        cmocka_unit_test(proof_of_a_leg_survives_the_round_trip),
        cmocka_unit_test(half_a_proof_of_a_leg_is_refused),
        cmocka_unit_test(only_a_close_has_a_reason),
        cmocka_unit_test(mutated_opportunities_are_refused_or_written_again),
        cmocka_unit_test(every_truncated_opportunity_is_refused),
    };
    return cmocka_run_group_tests(tests, set_up_target, tear_down_target);
}
