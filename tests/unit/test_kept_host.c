/*
 * A plugin that keeps the host and calls it where it may not: from the callbacks that do not get
 * it, and from a thread. Nothing of that is taken, and the plugin is named and disabled.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "stderr_capture.h"
#include "session_world.h"

/* Where the plugin under test calls, what it kept, and what the call returned. */
static struct {
    const char *where;
    struct arb_host *host;
    int rc;
    unsigned n;
} kept;

static const struct arb_level one_bid = { .px = 50, .qty = 7 };

/* Publishes a book that no venue sent. */
static void meddle(const char *where)
{
    const struct arb_book_event event = { .size = (uint32_t)sizeof(event),
                                          .kind = ARB_BOOK_SNAPSHOT,
                                          .last_seq = 99,
                                          .bids = &one_bid,
                                          .n_bids = 1 };

    if (strcmp(kept.where, where) == 0 && kept.host != NULL) {
        kept.n++;
        kept.rc = arb_book_publish(kept.host, &event);
    }
}

static void *run_thread(void *context)
{
    meddle(context);
    return NULL;
}

static void meddle_in_a_thread(const char *where)
{
    pthread_t thread;

    assert_int_equal(0, pthread_create(&thread, NULL, run_thread, (void *)(uintptr_t)where));
    assert_int_equal(0, pthread_join(thread, NULL));
}

static int keeping_message(void *self, struct arb_host *host, uint32_t conn,
                           struct arb_message message)
{
    kept.host = host;
    meddle_in_a_thread("thread in on_message()");
    return fake_on_message(self, host, conn, message);
}

static int keeping_init(void *self, struct arb_host *host, const struct arb_exchange_env *env,
                        struct arb_plan *plan)
{
    kept.host = host;
    return fake_init(self, host, env, plan);
}

static int meddling_ask(void *self, const struct arb_ask *ask, struct arb_request *request)
{
    meddle("ask()");
    return fake_ask(self, ask, request);
}

static int meddling_spell(void *self, const struct arb_instrument *info, char *name)
{
    (void)self;
    meddle("spell()");
    (void)snprintf(name, ARB_SYMBOL_MAX, "%s", info->symbol);
    return ARB_OK;
}

static int meddling_checksum(void *self, const struct arb_book_event *event,
                             const struct arb_book *book, uint32_t *checksum)
{
    meddle("checksum()");
    return fake_checksum(self, event, book, checksum);
}

static void meddling_reset(void *self, uint32_t instrument)
{
    (void)self;
    (void)instrument;
    meddle("reset()");
}

static uint32_t meddling_book_of(void *self, struct arb_message message)
{
    meddle("book_of()");
    return fake_book_of(self, message);
}

static void meddling_fini(void *self)
{
    (void)self;
    meddle("fini()");
}

static const struct arb_exchange_ops meddling_ops = {
    .size = (uint32_t)sizeof(meddling_ops),
    .init = keeping_init,
    .ask = meddling_ask,
    .on_message = keeping_message,
    .on_answer = fake_on_answer,
    .on_timer = fake_on_timer,
    .spell = meddling_spell,
    .checksum = meddling_checksum,
    .reset = meddling_reset,
    .book_of = meddling_book_of,
    .fini = meddling_fini,
};

static struct arb_plugin meddler(void)
{
    struct arb_plugin desc = fake_plugin;

    desc.ops = &meddling_ops;
    kept.where = "";
    kept.host = NULL;
    kept.rc = ARB_OK;
    kept.n = 0;
    return desc;
}

/* It called once, was refused, and the log names the callback. */
static void expect_named(const char *said, const char *where)
{
    char want[200];

    assert_int_equal(1, kept.n);
    assert_int_equal(ARB_EINVAL, kept.rc);
    (void)snprintf(want, sizeof(want),
                   "the plugin broke a rule in %s: it called the host, which only callbacks that "
                   "get it may do",
                   where);
    assert_int_equal(1, count_of(said, want));
}

static void expect_disabled(struct world *world, const char *said, const char *where)
{
    expect_named(said, where);
    assert_true(session_is_disabled(world->session));
    assert_int_equal(ARB_BOOK_UNUSABLE, world_state(world, 0));
    assert_null(strstr(world->buffer, "b50x7")); /* nobody was told of its book */
}

/* A book LIVE at 100x1 to 101x1, of a plugin that meddles from then on. */
static struct world *live_meddler(const struct arb_plugin *desc, const char *loss)
{
    const struct world_spec spec = {
        .desc = desc,
        .options = { { "loss", loss },
                     { "source", strcmp(loss, "stateless") == 0 ? "each" : "stream" },
                     { "checksum_levels", "10" } }
    };
    return world_live(&spec);
}

static void checksum_publishes_nothing(void **state)
{
    const struct arb_plugin desc = meddler();
    struct world *const world = live_meddler(&desc, "checksum");
    struct stderr_capture capture;

    (void)state;
    kept.where = "checksum()";
    stderr_capture_begin(&capture);
    world_say(world, "delta 0 11 sum=201 b99x1;delta 0 12 sum=301 b98x1");
    expect_disabled(world, stderr_capture_end(&capture), "checksum()");
    world_expect(world, "status 0 STALE the plugin's checksum() failed, nothing was compared: an "
                        "argument is not acceptable\n"
                        "status 0 UNUSABLE the exchange was disabled\n"
                        "status 1 UNUSABLE the exchange was disabled\n"
                        "> give up 0 the exchange was disabled\n");
    world_destroy(world);
}

static void reset_publishes_nothing(void **state)
{
    const struct arb_plugin desc = meddler();
    struct world *const world = live_meddler(&desc, "sequence");
    struct stderr_capture capture;

    (void)state;
    world_say(world, "resync 0 odd");
    kept.where = "reset()";
    stderr_capture_begin(&capture);
    for (unsigned i = 0; i < 20 && kept.n == 0; i++) { /* it is left first, and subscribed then */
        world_say(world, i % 2 == 0 ? "answered 0 0 left x" : "");
        world_wait(world, 1000);
    }
    expect_disabled(world, stderr_capture_end(&capture), "reset()");
    world_destroy(world);
}

static void ask_sends_nothing(void **state)
{
    const struct arb_plugin desc = meddler();
    struct world *const world = live_meddler(&desc, "sequence");
    struct stderr_capture capture;

    (void)state;
    kept.where = "ask()";
    stderr_capture_begin(&capture);
    world_say(world, "resync 0 odd");
    world_run(world, 1000);
    expect_disabled(world, stderr_capture_end(&capture), "ask()");
    world_expect(world, "status 0 STALE odd\n"
                        "status 0 SYNCING resync\n"
                        "> close 0 resync\n"
                        "status 0 UNUSABLE the exchange was disabled\n"
                        "status 1 UNUSABLE the exchange was disabled\n"
                        "> give up 0 the exchange was disabled\n");
    world_destroy(world);
}

static void spell_is_before_any_book(void **state)
{
    const struct arb_plugin desc = meddler();
    const struct world_spec spec = { .desc = &desc, .symbols = { "BTC/USD" } };
    struct world *const world = world_create(&spec);
    struct stderr_capture capture;

    (void)state;
    kept.where = "spell()";
    stderr_capture_begin(&capture);
    assert_int_equal(ARB_OK, session_start(world->session, world->now, &world->err));
    expect_named(stderr_capture_end(&capture), "spell()");
    assert_true(session_is_disabled(world->session));
    world_destroy(world);
}

static void book_of_publishes_nothing(void **state)
{
    const struct arb_plugin desc = meddler();
    struct world *const world = live_meddler(&desc, "stateless");
    struct stderr_capture capture;

    (void)state;
    session_set_load(world->session, (struct session_load){ .skips = true });
    kept.where = "book_of()";
    stderr_capture_begin(&capture);
    world_say(world, "snap 0 11 b100x1 a101x1");
    expect_disabled(world, stderr_capture_end(&capture), "book_of()");
    world_destroy(world);
}

static void fini_is_named_though_it_is_the_end(void **state)
{
    const struct arb_plugin desc = meddler();
    struct world *const world = live_meddler(&desc, "sequence");
    struct stderr_capture capture;

    (void)state;
    kept.where = "fini()";
    stderr_capture_begin(&capture);
    world_destroy(world);
    expect_named(stderr_capture_end(&capture), "fini()");
}

static void thread_publishes_nothing(void **state)
{
    const struct arb_plugin desc = meddler();
    struct world *const world = live_meddler(&desc, "sequence");
    struct stderr_capture capture;

    (void)state;
    kept.where = "thread";
    meddle_in_a_thread("thread");
    world_expect(world, "");
    stderr_capture_begin(&capture);
    world_say(world, "delta 0 11 b99x1");
    expect_disabled(world, stderr_capture_end(&capture),
                    "no callback: in a thread or a handler of its own");
    world_destroy(world);
}

/* The callback in hand gets the host, and is on another thread. */
static void thread_of_a_callback_publishes_nothing(void **state)
{
    const struct arb_plugin desc = meddler();
    struct world *const world = live_meddler(&desc, "sequence");
    struct stderr_capture capture;

    (void)state;
    kept.where = "thread in on_message()";
    stderr_capture_begin(&capture);
    world_say(world, "delta 0 11 b99x1");
    expect_disabled(world, stderr_capture_end(&capture),
                    "no callback: in a thread or a handler of its own");
    world_destroy(world);
}

/* A plugin that does none of it is taken at its word, with the same callbacks. */
static void who_keeps_still_is_served(void **state)
{
    const struct arb_plugin desc = meddler();
    struct world *const world = live_meddler(&desc, "checksum");

    (void)state;
    world_say(world, "delta 0 11 sum=201 b99x1");
    world_expect(world, "delta 0 LIVE top=10 b99x1\n");
    assert_false(session_is_disabled(world->session));
    world_destroy(world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksum_publishes_nothing),
        cmocka_unit_test(reset_publishes_nothing),
        cmocka_unit_test(ask_sends_nothing),
        cmocka_unit_test(spell_is_before_any_book),
        cmocka_unit_test(book_of_publishes_nothing),
        cmocka_unit_test(fini_is_named_though_it_is_the_end),
        cmocka_unit_test(thread_publishes_nothing),
        cmocka_unit_test(thread_of_a_callback_publishes_nothing),
        cmocka_unit_test(who_keeps_still_is_served),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
